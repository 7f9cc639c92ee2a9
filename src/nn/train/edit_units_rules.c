/* edit_units_rules.c: how places that go pass through ops that keep dimensions: elementwise, normalisation, pools,
 * reductions, moves of data. What no rule knows is refused. */
#include "nn/train/edit_units.h"

static uint32_t input(const xb_units *u, size_t i)
{
    return i < u->n_in ? u->in[i] : 0;
}

static uint32_t output(const xb_units *u, size_t i)
{
    return i < u->n_out ? u->out[i] : 0;
}

static int rank_of(const xb_units *u, uint32_t part)
{
    return xb_units_type(u, part)->rank;
}

static bool rule_unknown(xb_units *u)
{
    return xb_units_refuse(u, "what the op does to them is not known");
}

/* All values alike, broadcast. */
static bool rule_spread(xb_units *u)
{
    for (size_t i = 0; i < u->n_in; i++)
        if (!xb_units_tie_spread(u, u->in[i], output(u, 0))) return false;
    return true;
}

/* One value in, results of its shape; other inputs are numbers. */
static bool rule_unary(xb_units *u)
{
    return xb_units_tie_spread(u, input(u, 0), output(u, 0)) && xb_units_tie_spread(u, input(u, 0), output(u, 1));
}

/* Channels each on their own, constants one number a channel. */
static bool rule_norm(xb_units *u)
{
    uint32_t x = input(u, 0), y = output(u, 0);
    if (!xb_units_only(u, x, 1) || !xb_units_only(u, y, 1) || !xb_units_tie_axis(u, x, 1, y, 1)) return false;
    for (size_t i = 1; i < u->n_in; i++)
        if (!xb_units_tie_axis(u, u->in[i], 0, y, 1)) return false;
    for (size_t i = 1; i < u->n_out; i++)
        if (!xb_units_tie_axis(u, u->out[i], 0, y, 1)) return false;
    return true;
}

static bool rule_pool(xb_units *u)
{
    uint32_t x = input(u, 0), y = output(u, 0);
    if (output(u, 1) && xb_graph_users(u->g, u->part.data[output(u, 1)].v))
        return xb_units_refuse(u, "the places of the largest elements are read");
    return xb_units_only(u, x, 1) && xb_units_only(u, y, 1) && xb_units_tie_axis(u, x, 1, y, 1) &&
           xb_units_tie_axis(u, x, 1, output(u, 1), 1);
}

/* All dimensions but those from `first` to `last`, over which the op computes. */
static bool tie_but(xb_units *u, int first, int last)
{
    uint32_t x = input(u, 0), y = output(u, 0);
    for (int a = 0; a < rank_of(u, x); a++) {
        if (a < first || a > last) {
            if (!xb_units_tie_axis(u, x, a, y, a)) return false;
        } else if (u->part.data[x].gone[a] || u->part.data[y].gone[a]) {
            return xb_units_refuse(u, "the op computes over the places that would go");
        }
    }
    return true;
}

static bool rule_along(xb_units *u)
{
    int axis = xb_units_axis(u, input(u, 0), -1);
    return tie_but(u, axis, axis);
}

static bool rule_lrn(xb_units *u)
{
    return tie_but(u, 1, 1);
}

static bool rule_layer_norm(xb_units *u)
{
    int rank = rank_of(u, input(u, 0));
    if (output(u, 1) || output(u, 2)) return rule_unknown(u);
    return tie_but(u, xb_units_axis(u, input(u, 0), -1), rank - 1);
}

/* Which dimensions a reduction takes away. false: known at run time only. */
static bool reduced_axes(const xb_units *u, int rank, bool *on)
{
    int64_t list[XB_MAX_RANK];
    const int64_t *axes = list;
    size_t n = 0;
    xb_kind kind = xb_graph_kind(u->g, u->op);
    const xb_attr *a = xb_graph_attr(u->g, u->op, "axes");
    if (kind == XB_OP_ArgMax || kind == XB_OP_ArgMin) {
        list[0] = xb_graph_attr_int(u->g, u->op, "axis", 0), n = 1;
    } else if (a && a->type == XB_ATTR_INTS) {
        axes = a->ints, n = a->n;
    } else if (input(u, 1) && !xb_units_numbers(u, input(u, 1), list, XB_MAX_RANK, &n)) {
        return false;
    }
    for (int i = 0; i < rank; i++) on[i] = n == 0;
    for (size_t i = 0; i < n; i++)
        if (axes[i] >= -rank && axes[i] < rank) on[axes[i] < 0 ? axes[i] + rank : axes[i]] = true;
    return n || !xb_graph_attr_int(u->g, u->op, "noop_with_empty_axes", 0);
}

static bool rule_reduce(xb_units *u)
{
    uint32_t x = input(u, 0), y = output(u, 0);
    bool on[XB_MAX_RANK], keep = xb_graph_attr_int(u->g, u->op, "keepdims", 1) != 0;
    int rank = rank_of(u, x);
    if (!reduced_axes(u, rank, on)) return rule_unknown(u);
    for (int a = 0, to = 0; a < rank; a++) {
        if (on[a] && (u->part.data[x].gone[a] || (keep && u->part.data[y].gone[to])))
            return xb_units_refuse(u, "the op computes over the places that would go");
        if (!on[a] && !xb_units_tie_axis(u, x, a, y, to)) return false;
        to += !on[a] || keep;
    }
    return true;
}

static bool rule_transpose(xb_units *u)
{
    uint32_t x = input(u, 0), y = output(u, 0);
    const xb_attr *perm = xb_graph_attr(u->g, u->op, "perm");
    int rank = rank_of(u, x);
    for (int a = 0; a < rank; a++) {
        int from = perm && perm->n == (size_t)rank ? (int)perm->ints[a] : rank - 1 - a;
        if (!xb_units_tie_axis(u, x, from, y, a)) return false;
    }
    return true;
}

/* Along the axis one after another, else alike. */
static bool rule_concat(xb_units *u)
{
    uint32_t y = output(u, 0);
    int rank = rank_of(u, y), axis = xb_units_axis(u, y, 0);
    int64_t at = 0;
    for (size_t i = 0; i < u->n_in; i++) {
        int64_t n = xb_units_type(u, u->in[i])->dim[axis];
        for (int a = 0; a < rank; a++)
            if (a != axis && !xb_units_tie_axis(u, u->in[i], a, y, a)) return false;
        bool open = u->part.data[u->in[i]].gone[axis] || u->part.data[y].gone[axis];
        if (open && (n < 0 || at < 0)) return xb_units_refuse(u, "a size on the way is not known");
        if (n >= 0 && at >= 0 && !xb_units_tie(u, u->in[i], axis, 0, y, axis, at, n)) return false;
        at = n < 0 || at < 0 ? -1 : at + n;
    }
    return true;
}

/* Where something is laid around it, a dimension cannot lose places. */
static bool rule_pad(xb_units *u)
{
    uint32_t x = input(u, 0), y = output(u, 0);
    int64_t pads[2 * XB_MAX_RANK];
    size_t n;
    int rank = rank_of(u, x);
    if (!xb_units_numbers(u, input(u, 1), pads, 2 * XB_MAX_RANK, &n) || n != 2 * (size_t)rank) return rule_unknown(u);
    for (int a = 0; a < rank; a++) {
        bool padded = pads[a] || pads[a + rank];
        if (padded && (u->part.data[x].gone[a] || u->part.data[y].gone[a]))
            return xb_units_refuse(u, "the op pads the dimension of the places that would go");
        if (!padded && !xb_units_tie_axis(u, x, a, y, a)) return false;
    }
    return true;
}

typedef bool rule(xb_units *u);

static rule *const rules[XB_KINDS] = {
    [XB_OP_Conv] = xb_units_rule_conv,
    [XB_OP_ConvTranspose] = xb_units_rule_conv,
    [XB_OP_Gemm] = xb_units_rule_gemm,
    [XB_OP_MatMul] = xb_units_rule_matmul,
    [XB_OP_BatchNormalization] = rule_norm,
    [XB_OP_InstanceNormalization] = rule_norm,
    [XB_OP_LayerNormalization] = rule_layer_norm,
    [XB_OP_LRN] = rule_lrn,
    [XB_OP_PRelu] = rule_spread,
    [XB_OP_Softmax] = rule_along,
    [XB_OP_LogSoftmax] = rule_along,
    [XB_OP_Hardmax] = rule_along,
    [XB_OP_Concat] = rule_concat,
    [XB_OP_Split] = xb_units_rule_split,
    [XB_OP_Flatten] = xb_units_rule_reshape,
    [XB_OP_Reshape] = xb_units_rule_reshape,
    [XB_OP_Transpose] = rule_transpose,
    [XB_OP_Squeeze] = xb_units_rule_reshape,
    [XB_OP_Unsqueeze] = xb_units_rule_reshape,
    [XB_OP_Pad] = rule_pad,
    [XB_OP_Slice] = xb_units_rule_slice,
    [XB_OP_Gather] = xb_units_rule_gather,
};

/* Of a kind, else of its group in ops.def. */
static rule *rule_of(xb_kind kind)
{
    if (rules[kind]) return rules[kind];
    if (kind >= XB_OP_MaxPool && kind <= XB_OP_GlobalMaxPool) return rule_pool;
    if (kind >= XB_OP_Relu && kind <= XB_OP_CastLike) return rule_unary;
    if (kind >= XB_OP_Add && kind <= XB_OP_Where) return rule_spread;
    if (kind >= XB_OP_ReduceMean && kind <= XB_OP_ArgMin) return rule_reduce;
    return rule_unknown;
}

bool xb_units_rule(xb_units *u)
{
    bool touched = false;
    for (size_t i = 0; i < u->n_in; i++) touched |= xb_units_touched(u, u->in[i]);
    for (size_t i = 0; i < u->n_out; i++) touched |= xb_units_touched(u, u->out[i]);
    return !touched || rule_of(xb_graph_kind(u->g, u->op))(u);
}
