/* fast.c: pools, normalisations, elementwise ops and what moves data, by oneDNN: an op is taken only if both ways have
 * a kernel. */
#include "nn/tape/build.h"

#include <stdlib.h>

bool xb_taping_both_ways(xb_taping *b, xb_node *n, xb_dnnl_op *forward, xb_dnnl_op *back)
{
    bool goes_back = xb_taping_goes_back(b, n->op), ok = forward && (back || !goes_back);
    if (!ok) xb_dnnl_op_free(forward);
    if (!ok || !goes_back) xb_dnnl_op_free(back);
    if (!ok) return false;
    n->forward = xb_taping_own(b, forward);
    n->data = goes_back ? xb_taping_own(b, back) : NULL;
    return true;
}

void xb_taping_simple(xb_taping *b, xb_node *n)
{
    n->at_x = xb_taping_in(b, n->x, n->in);
    n->at_y = xb_taping_result(b, n->y, n->out);
    size_t workspace = xb_dnnl_workspace(n->forward);
    if (workspace) n->kept = xb_taping_place(b, XB_IN_RUN, workspace);
    int at[3] = {n->at_x, n->at_y, n->kept};
    xb_taping_dnnl(b, n->op, n->forward, at, workspace ? 3 : 2)->made = n->at_y;
}

static bool only_result(const xb_taping *b, xb_op op)
{
    const xb_value *out;
    size_t n = xb_graph_op_outputs(b->g, op, &out), used = 0;
    for (size_t i = 0; i < n; i++) used += out[i].id != 0;
    return used == 1 && n > 0 && out[0].id;
}

static bool softmax(xb_taping *b, xb_node *n)
{
    const xb_type *t = xb_graph_type(b->g, n->x);
    int64_t axis = xb_graph_attr_int(b->g, n->op, "axis", -1), dim[3] = {1, 1, 1};
    bool log = xb_graph_kind(b->g, n->op) == XB_OP_LogSoftmax;
    n->kind = XB_NODE_SOFTMAX;
    n->in = n->out = XB_FMT_PLAIN;
    if (axis < 0) axis += t->rank;
    if (axis < 0 || axis >= t->rank) return false;
    for (int i = 0; i < t->rank; i++) dim[i < axis ? 0 : i == axis ? 1 : 2] *= t->dim[i];
    if (!xb_taping_both_ways(b, n, xb_dnnl_train_softmax(b->lib, dim, log, XB_FORWARD),
                             xb_dnnl_train_softmax(b->lib, dim, log, XB_BACK_DATA)))
        return false;
    xb_taping_simple(b, n);
    return true;
}

static bool transpose(xb_taping *b, xb_node *n)
{
    const xb_type *t = xb_graph_type(b->g, n->x);
    const xb_attr *a = xb_graph_attr(b->g, n->op, "perm");
    int64_t perm[XB_MAX_RANK], back[XB_MAX_RANK];
    n->kind = XB_NODE_TRANSPOSE;
    n->in = n->out = XB_FMT_PLAIN;
    if (t->rank < 2 || (a && a->n != (size_t)t->rank)) return false;
    for (int i = 0; i < t->rank; i++) {
        perm[i] = a ? a->ints[i] : t->rank - 1 - i;
        back[perm[i]] = i;
    }
    if (!xb_taping_both_ways(b, n, xb_dnnl_transpose(b->lib, t->rank, t->dim, perm),
                             xb_dnnl_transpose(b->lib, t->rank, xb_graph_type(b->g, n->y)->dim, back)))
        return false;
    xb_taping_simple(b, n);
    b->t->forward.data[b->t->forward.n - 1].result_last = true;
    return true;
}

/* ---- elementwise ---- */

/* May a result lie over x? Nobody else reads x, and what made it does not look at it again on the way back. */
static bool may_cover(const xb_taping *b, xb_value x, xb_op op)
{
    if (b->reader[x.id].id != op.id || xb_graph_is_const(b->g, x)) return false;
    for (size_t i = b->nodes.n; i-- > 0;) {
        const xb_node *n = &b->nodes.data[i];
        if (n->y.id != x.id) continue;
        return !n->relu && (n->kind == XB_NODE_LAYER || n->kind == XB_NODE_POOL || n->kind == XB_NODE_MAX ||
                            n->kind == XB_NODE_FAST_NORM || n->kind == XB_NODE_ADD || n->kind == XB_NODE_JOIN);
    }
    return false;
}

static bool unary(xb_taping *b, xb_node *n)
{
    xb_tail t;
    const xb_value *in;
    size_t count = xb_graph_op_inputs(b->g, n->op, &in);
    n->kind = XB_NODE_UNARY;
    for (size_t i = 0; i < count; i++)
        if (in[i].id && b->param[in[i].id] >= 0) return false; /* its number changes with every step */
    if (!xb_planner_unary(&b->look, n->op, &n->x, &t) || xb_graph_is_const(b->g, n->x)) return false;
    int64_t size = xb_type_count(xb_graph_type(b->g, n->x));
    if (!xb_taping_both_ways(b, n, xb_dnnl_train_unary(b->lib, size, t.unary, t.alpha, t.beta, XB_FORWARD),
                             xb_dnnl_train_unary(b->lib, size, t.unary, t.alpha, t.beta, XB_BACK_DATA)))
        return false;
    bool from_result = xb_dnnl_unary_from_result(t.unary);
    n->in = n->out = xb_taping_found(b, n->x);
    n->at_x = xb_taping_in(b, n->x, n->in);
    if (from_result && may_cover(b, n->x, n->op)) {
        n->at_y = n->at_x;
        b->at[n->x.id][n->in] = -1;
        xb_taping_over(b, n->y, n->out, n->at_y);
    } else {
        n->at_y = xb_taping_result(b, n->y, n->out);
    }
    n->kept = from_result ? n->at_y : n->at_x;
    xb_taping_dnnl(b, n->op, n->forward, (int[]){n->at_x, n->at_y}, 2)->made = n->at_y;
    return true;
}

/* Two tensors of one shape. */
static bool add(xb_taping *b, xb_node *n)
{
    const xb_value *in;
    if (xb_graph_op_inputs(b->g, n->op, &in) != 2) return false;
    xb_value u = in[0], v = in[1];
    const xb_type *t = xb_graph_type(b->g, u);
    int64_t count = xb_type_count(t);
    n->kind = XB_NODE_ADD;
    if (!xb_type_same(t, xb_graph_type(b->g, v)) || t->rank < 1) return false;
    xb_dnnl_op *forward = xb_dnnl_combine(b->lib, XB_BINARY_ADD, 1, &count, &count, XB_FMT_PLAIN);
    if (!forward) return false;
    n->forward = xb_taping_own(b, forward);
    n->in = xb_taping_found(b, u);
    if (n->in == XB_FMT_PLAIN) n->in = xb_taping_found(b, v);
    n->out = n->in;
    int at[3] = {xb_taping_in(b, u, n->in), xb_taping_in(b, v, n->in)};
    at[2] = n->at_y = xb_taping_result(b, n->y, n->out);
    xb_tape_step *s = xb_taping_dnnl(b, n->op, n->forward, at, 3);
    s->made = n->at_y;
    s->result_last = true;
    return true;
}

/* ---- concatenation ---- */

static xb_format join_format(const xb_taping *b, xb_op op, int64_t axis)
{
    const xb_value *in;
    size_t n = xb_graph_op_inputs(b->g, op, &in);
    xb_format f = xb_taping_found(b, in[0]);
    for (size_t i = 0; i < n; i++) {
        int64_t d[4];
        if (axis != 1 || !xb_planner_image(&b->look, in[i], d) || xb_graph_type(b->g, in[i])->rank < 3)
            return XB_FMT_PLAIN;
        if (f == XB_FMT_BLOCKED && d[1] % xb_dnnl_block()) f = XB_FMT_NHWC;
    }
    return f;
}

static bool join(xb_taping *b, xb_node *n)
{
    const xb_value *in;
    size_t count = xb_graph_op_inputs(b->g, n->op, &in);
    const xb_type *t = xb_graph_type(b->g, n->y);
    int64_t axis = xb_graph_attr_int(b->g, n->op, "axis", 0), outer = 1;
    n->kind = XB_NODE_JOIN;
    if (axis < 0) axis += t->rank;
    if (axis < 0 || axis >= t->rank) return false;
    for (size_t i = 0; i < count; i++)
        if (!xb_planner_f32(&b->look, in[i])) return false;
    n->in = n->out = join_format(b, n->op, axis);
    for (int i = 0; i < axis; i++) outer *= t->dim[i];
    if (n->in == XB_FMT_NHWC) outer *= xb_type_count(t) / (t->dim[0] * t->dim[1]);
    int *at = xb_calloc(count + 1, sizeof *at);
    for (size_t i = 0; i < count; i++) at[i] = xb_taping_in(b, in[i], n->in);
    at[count] = n->at_y = xb_taping_result(b, n->y, n->out);
    xb_tape_step *s = xb_taping_step(b, XB_TAPE_JOIN, n->op, at, count + 1);
    s->made = n->at_y;
    s->outer = (size_t)outer;
    s->piece = xb_calloc(count, sizeof *s->piece);
    for (size_t i = 0; i < count; i++)
        s->piece[i] = (size_t)(xb_type_count(xb_graph_type(b->g, in[i])) / outer) * sizeof(float);
    n->outer = s->outer;
    n->piece = s->piece;
    free(at);
    return true;
}

/* ---- which ---- */

static bool rule(xb_taping *b, xb_node *n)
{
    switch (xb_graph_kind(b->g, n->op)) {
    case XB_OP_MaxPool:
    case XB_OP_AveragePool:
    case XB_OP_GlobalAveragePool:
    case XB_OP_GlobalMaxPool:
        return xb_taping_pool(b, n);
    case XB_OP_BatchNormalization:
        return xb_taping_norm(b, n);
    case XB_OP_LRN:
        return xb_taping_lrn(b, n);
    case XB_OP_Softmax:
    case XB_OP_LogSoftmax:
        return softmax(b, n);
    case XB_OP_Concat:
        return join(b, n);
    case XB_OP_Transpose:
        return transpose(b, n);
    case XB_OP_Add:
    case XB_OP_Sum:
        return add(b, n) || unary(b, n);
    default:
        return unary(b, n);
    }
}

bool xb_taping_fast(xb_taping *b, xb_op op)
{
    xb_node n = {.op = op, .kept = -1, .both = -1, .mean = -1, .variance = -1};
    n.x = xb_planner_arg(&b->look, op, 0);
    n.y = xb_planner_result(&b->look, op);
    if (!n.x.id || !only_result(b, op) || !xb_planner_f32(&b->look, n.x) || !xb_planner_f32(&b->look, n.y))
        return false;
    if (!rule(b, &n)) return false;
    xb_push(&b->nodes, n);
    return true;
}
