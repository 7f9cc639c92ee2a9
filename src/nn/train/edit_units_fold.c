/* edit_units_fold.c: what removed units still give when all their weights are 0: followed from their biases through the
 * ops behind, as one number a place where it is the same everywhere, to the synaptic ops that would have read it. */
#include "ir/tensor.h"
#include "ir/window.h"
#include "nn/ref.h"
#include "nn/train/edit_units.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- elementwise -- */

/* What the op at hand makes of numbers: NaN where it refuses. Inputs beyond n are absent. */
static double applied(const xb_units *u, const double *x, size_t n)
{
    xb_tensor in[16] = {{0}}, out = {0};
    xb_type type = {.dtype = xb_units_type(u, u->out[0])->dtype};
    double v = (double)NAN;
    for (size_t i = 0; i < n; i++) {
        if (!u->in[i]) continue;
        const xb_type t = {.dtype = xb_units_type(u, u->in[i])->dtype};
        if (xb_tensor_alloc(&in[i], &t)) xb_tensor_set(&in[i], 0, x[i]);
    }
    if (xb_tensor_alloc(&out, &type) && xb_ref_op(NULL, u->g, u->op, in, n, &out, 1)) v = xb_tensor_get(&out, 0);
    for (size_t i = 0; i < n; i++) xb_tensor_free(&in[i]);
    xb_tensor_free(&out);
    return v;
}

/* Of input i where the result is at `at` along axis. */
static double seen(const xb_units *u, size_t i, int axis, int64_t at)
{
    uint32_t x = u->in[i], y = u->out[0];
    if (u->part.data[x].constant) return xb_units_number(u, x, y, axis, at);
    const xb_type *t = xb_units_type(u, x);
    int own = axis - (xb_units_type(u, y)->rank - t->rank);
    bool along = own >= 0 && t->dim[own] == xb_units_type(u, y)->dim[axis];
    return along ? xb_units_left(u, x, own, at) : (double)NAN;
}

static double elementwise(const xb_units *u, int axis, int64_t at)
{
    double x[16] = {0};
    bool known = true;
    if (u->n_in > 16) return (double)NAN;
    for (size_t i = 0; i < u->n_in; i++) {
        if (!u->in[i]) continue;
        x[i] = seen(u, i, axis, at);
        if (x[i] == 0 && xb_graph_kind(u->g, u->op) == XB_OP_Mul) return 0;
        known &= !isnan(x[i]);
    }
    return known ? applied(u, x, u->n_in) : (double)NAN;
}

/* -- normalisation, pools, reductions: what becomes of a channel that is the same everywhere -- */

static double parameter(const xb_units *u, size_t i, int64_t at)
{
    const xb_part *p = &u->part.data[u->in[i]];
    if (!p->constant) return (double)NAN;
    return xb_scalar_get(xb_units_type(u, u->in[i])->dtype, xb_graph_data(u->g, p->v), (size_t)at);
}

/* With the stored statistics; without them such a channel is its own mean, and its shift is what comes out (NaN is no
 * such channel). */
static double normalised(const xb_units *u, double x, int64_t at)
{
    bool own =
        xb_graph_kind(u->g, u->op) == XB_OP_InstanceNormalization || xb_graph_attr_int(u->g, u->op, "training_mode", 0);
    if (own) return isnan(x) ? x : parameter(u, 2, at);
    double epsilon = (double)xb_graph_attr_float(u->g, u->op, "epsilon", 1e-5f);
    return (x - parameter(u, 3, at)) / sqrt(parameter(u, 4, at) + epsilon) * parameter(u, 1, at) + parameter(u, 2, at);
}

/* Could a window of the op at hand reach outside of its input? */
static bool is_padded(const xb_units *u)
{
    xb_window w;
    if (xb_graph_window(u->g, u->op, &w)) {
        for (int i = 0; i < w.n; i++)
            if (w.at[i].pad_begin || w.at[i].pad_end) return true;
        return false;
    }
    const xb_attr *pads = xb_graph_attr(u->g, u->op, "pads"), *mode = xb_graph_attr(u->g, u->op, "auto_pad");
    for (size_t i = 0; pads && i < pads->n; i++)
        if (pads->ints[i]) return true;
    return mode && strcmp(mode->s, "NOTSET") != 0 && strcmp(mode->s, "VALID") != 0;
}

static double padded_with(const xb_units *u, double x)
{
    const xb_attr *mode = xb_graph_attr(u->g, u->op, "mode");
    if (mode && strcmp(mode->s, "constant") != 0) return x;
    bool given = u->n_in > 2 && u->in[2];
    double with = given ? xb_units_number(u, u->in[2], u->out[0], 0, 0) : 0;
    return x == with ? x : (double)NAN;
}

/* Of the result's place, from what came to it. */
static double constant_channel(const xb_units *u, double x, int64_t at)
{
    switch (xb_graph_kind(u->g, u->op)) {
    case XB_OP_BatchNormalization:
    case XB_OP_InstanceNormalization:
        return normalised(u, x, at);
    case XB_OP_AveragePool:
        if (!xb_graph_attr_int(u->g, u->op, "count_include_pad", 0)) return x;
        return x == 0 || !(is_padded(u) || xb_graph_attr_int(u->g, u->op, "ceil_mode", 0)) ? x : (double)NAN;
    case XB_OP_Pad:
        return padded_with(u, x);
    case XB_OP_ReduceSum:
    case XB_OP_ReduceL1:
    case XB_OP_ReduceL2:
    case XB_OP_ReduceSumSquare:
        return x == 0 ? x : (double)NAN;
    default:
        return x;
    }
}

/* -- one op -- */

typedef enum manner { ELEMENTWISE, MOVED, SYNAPTIC, LOST } manner;

static manner manner_of(xb_kind k)
{
    if (k == XB_OP_Conv || k == XB_OP_ConvTranspose || k == XB_OP_Gemm || k == XB_OP_MatMul) return SYNAPTIC;
    if (k == XB_OP_Identity || k == XB_OP_Dropout || k == XB_OP_Cast || k == XB_OP_CastLike) return MOVED;
    if ((k >= XB_OP_Relu && k <= XB_OP_IsInf) || (k >= XB_OP_Add && k <= XB_OP_Where)) return ELEMENTWISE;
    bool reduced = k >= XB_OP_ReduceMean && k <= XB_OP_ArgMin;
    bool kept = k == XB_OP_ReduceMean || k == XB_OP_ReduceMax || k == XB_OP_ReduceMin || k == XB_OP_ReduceSum ||
                k == XB_OP_ReduceL1 || k == XB_OP_ReduceL2 || k == XB_OP_ReduceSumSquare;
    bool along = k == XB_OP_Softmax || k == XB_OP_LogSoftmax || k == XB_OP_Hardmax || k == XB_OP_LayerNormalization;
    return (reduced && !kept) || along ? LOST : MOVED;
}

/* Constants that go through as they are. */
static void constants_left(xb_units *u)
{
    if (xb_graph_kind(u->g, u->op) != XB_OP_Concat) return;
    for (size_t i = 0; i < u->n_in; i++) {
        if (!u->part.data[u->in[i]].constant) continue;
        const xb_type *t = xb_units_type(u, u->in[i]);
        for (int a = 0; a < t->rank; a++)
            for (int64_t k = 0; u->part.data[u->in[i]].gone[a] && k < t->dim[a]; k++)
                xb_units_set_left(u, u->in[i], a, k, xb_units_number(u, u->in[i], u->in[i], a, k));
    }
}

static void follow(xb_units *u, manner how)
{
    uint32_t y = u->n_out ? u->out[0] : 0;
    if (how == MOVED) {
        constants_left(u);
        xb_units_rule(u);
    }
    for (int a = 0; a < xb_units_type(u, y)->rank; a++)
        for (int64_t k = 0; u->part.data[y].gone[a] && k < xb_units_type(u, y)->dim[a]; k++) {
            if (!u->part.data[y].gone[a][k]) continue;
            double v = how == MOVED ? constant_channel(u, xb_units_left(u, y, a, k), k) : elementwise(u, a, k);
            xb_units_set_left(u, y, a, k, v);
        }
}

/* -- synaptic ops -- */

typedef struct synapses {
    xb_matrix m;
    const unsigned char *data;
    xb_dtype dtype;
    uint32_t x, y;
    int x_axis, y_axis;
    int64_t in, out, taps;    /* channels of a group; kernel positions */
    bool transposed, uniform; /* uniform: every output position sees all taps */
} synapses;

static double weight_at(const synapses *s, int64_t group, int64_t in, int64_t out, int64_t tap)
{
    int64_t row = s->transposed ? in : in * s->taps + tap, col = s->transposed ? out * s->taps + tap : out;
    int64_t at = group * s->m.group_stride + row * s->m.row_stride + col * s->m.col_stride;
    return s->m.scale * xb_scalar_get(s->dtype, s->data, (size_t)at);
}

static bool read_synapses(const xb_units *u, synapses *s)
{
    if (!xb_graph_matrix(u->g, u->op, &s->m)) return false;
    bool right = u->part.data[u->in[1]].constant;
    xb_kind kind = xb_graph_kind(u->g, u->op);
    const xb_type *w = xb_graph_type(u->g, s->m.weight);
    s->data = xb_graph_data(u->g, s->m.weight);
    s->dtype = w->dtype;
    s->x = u->in[!right];
    s->y = u->out[0];
    s->y_axis = xb_edit_out_axis(u->g, u->op);
    s->transposed = kind == XB_OP_ConvTranspose;
    s->uniform = true;
    s->taps = 1;
    int rank = xb_units_type(u, s->x)->rank;
    if (kind == XB_OP_Gemm)
        s->x_axis =
            right ? !xb_graph_attr_int(u->g, u->op, "transA", 0) : xb_graph_attr_int(u->g, u->op, "transB", 0) != 0;
    else if (kind == XB_OP_MatMul)
        s->x_axis = right ? rank - 1 : rank > 1 ? rank - 2 : 0;
    else
        s->x_axis = 1;
    for (int i = 2; i < w->rank && (kind == XB_OP_Conv || s->transposed); i++) s->taps *= w->dim[i];
    s->in = s->m.rows / (s->transposed ? 1 : s->taps);
    s->out = s->m.cols / (s->transposed ? s->taps : 1);
    if (kind == XB_OP_Conv) s->uniform = !is_padded(u);
    if (s->transposed)
        s->uniform = s->taps == 1 && !is_padded(u) && xb_units_type(u, s->x)->rank > 2 &&
                     s->m.mvms > 0; /* and no stride: below */
    for (int i = 2; s->transposed && i < rank; i++)
        s->uniform &= xb_units_type(u, s->x)->dim[i] == xb_units_type(u, s->y)->dim[i];
    return true;
}

static double bias_of(const xb_units *u, const synapses *s, int64_t at)
{
    xb_kind kind = xb_graph_kind(u->g, u->op);
    if (kind == XB_OP_MatMul || u->n_in < 3 || !u->in[2]) return 0;
    if (kind != XB_OP_Gemm) return parameter(u, 2, at);
    double beta = (double)xb_graph_attr_float(u->g, u->op, "beta", 1);
    return beta == 0 ? 0 : beta * xb_units_number(u, u->in[2], s->y, s->y_axis, at);
}

/* What input channel `in` of a group gives to output `out`; 0 without weights, NaN when it differs from place to place
 * or is not known. */
static double given(const xb_units *u, const synapses *s, int64_t group, int64_t in, int64_t out)
{
    double x = xb_units_left(u, s->x, s->x_axis, group * s->in + in), sum = 0;
    bool any = false;
    for (int64_t t = 0; t < s->taps; t++) {
        double w = weight_at(s, group, in, out, t);
        any |= w != 0;
        sum += w;
    }
    if (!any || x == 0) return 0;
    return s->uniform ? x * sum : (double)NAN;
}

/* A unit that goes gives its bias; where it goes because all its inputs do (a channel that passes a depthwise
 * convolution), what they give, too. */
static void produce(xb_units *u, const synapses *s)
{
    int64_t n = xb_units_type(u, s->y)->dim[s->y_axis];
    for (int64_t k = 0; u->part.data[s->y].gone[s->y_axis] && k < n; k++) {
        if (!xb_units_gone(u, s->y, s->y_axis, k)) continue;
        double v = u->unknown ? (double)NAN : bias_of(u, s, k);
        int64_t group = k / s->out;
        bool passes = s->m.groups > 1 && u->op.id != u->seed.id;
        for (int64_t i = 0; passes && i < s->in; i++) passes = xb_units_gone(u, s->x, s->x_axis, group * s->in + i);
        for (int64_t i = 0; passes && i < s->in; i++) v += given(u, s, group, i, k % s->out);
        xb_units_set_left(u, s->y, s->y_axis, k, v);
    }
}

static void say_lost(xb_units *u, const synapses *s, int64_t units)
{
    const xb_where where = xb_graph_where(u->g, u->op);
    u->lost += units;
    if (units)
        xb_diag(u->d, XB_NOTE, "edit", &where,
                "what %lld removed unit%s still gave is not folded into the bias: it is %s", (long long)units,
                units == 1 ? "" : "s", s->uniform ? "not one number" : "different at the borders");
}

/* Sums of what goes over the outputs that stay. */
static void consume(xb_units *u, const synapses *s)
{
    if (!u->part.data[s->x].gone[s->x_axis]) return;
    int64_t outputs = s->m.groups * s->out, lost = 0;
    double *by = xb_calloc((size_t)outputs, sizeof *by);
    bool any = false;
    for (int64_t c = 0; c < s->m.groups * s->in; c++) {
        bool all = xb_units_gone(u, s->x, s->x_axis, c), here = false;
        int64_t group = c / s->in;
        for (int64_t o = 0; all && o < s->out; o++) {
            bool stays = !xb_units_gone(u, s->y, s->y_axis, group * s->out + o);
            here |= stays && isnan(given(u, s, group, c % s->in, o));
        }
        lost += here;
        for (int64_t o = 0; all && !here && o < s->out; o++) by[group * s->out + o] += given(u, s, group, c % s->in, o);
    }
    say_lost(u, s, lost);
    size_t n = 0;
    for (int64_t o = 0; o < outputs; o++) {
        if (xb_units_gone(u, s->y, s->y_axis, o)) continue;
        by[n++] = by[o];
        any |= by[n - 1] != 0;
    }
    if (any)
        xb_push(&u->addend, (xb_addend){u->op, by, n});
    else
        free(by);
}

/* A product whose weight is no matrix: what is not 0 is lost. */
static void consume_plain(xb_units *u)
{
    int64_t lost = 0;
    for (size_t i = 0; i < u->n_in; i++) {
        const xb_part *p = &u->part.data[u->in[i]];
        const xb_type *t = xb_units_type(u, u->in[i]);
        for (int a = 0; a < t->rank && !p->constant; a++)
            for (int64_t k = 0; p->gone[a] && k < t->dim[a]; k++) lost += p->gone[a][k] && !(p->left[a][k] == 0);
    }
    say_lost(u, &(synapses){.uniform = true}, lost);
}

void xb_units_fold(xb_units *u)
{
    for (size_t i = 0; i < u->node.n; i++) {
        synapses s;
        xb_units_enter(u, &u->node.data[i]);
        manner how = manner_of(xb_graph_kind(u->g, u->op));
        if (how == LOST) continue;
        if (how != SYNAPTIC) {
            follow(u, how);
        } else if (read_synapses(u, &s)) {
            produce(u, &s);
            consume(u, &s);
        } else {
            consume_plain(u);
        }
    }
}
