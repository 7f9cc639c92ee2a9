/* edit_units_fold.c: what removed units still give when all their weights are 0: followed from their biases through the
 * ops behind, as one number a place where it is the same everywhere, to the synaptic ops that would have read it. */
#include "ir/tensor.h"
#include "ir/window.h"
#include "nn/ref.h"
#include "nn/train/edit_units.h"
#include <math.h>
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

double xb_units_parameter(const xb_units *u, size_t i, int64_t at)
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
    if (own) return isnan(x) ? x : xb_units_parameter(u, 2, at);
    double epsilon = (double)xb_graph_attr_float(u->g, u->op, "epsilon", 1e-5f);
    double scale = xb_units_parameter(u, 1, at), shift = xb_units_parameter(u, 2, at);
    double mean = xb_units_parameter(u, 3, at), variance = xb_units_parameter(u, 4, at);
    return (x - mean) / sqrt(variance + epsilon) * scale + shift;
}

bool xb_units_is_padded(const xb_units *u)
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
        return x == 0 || !(xb_units_is_padded(u) || xb_graph_attr_int(u->g, u->op, "ceil_mode", 0)) ? x : (double)NAN;
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

void xb_units_fold(xb_units *u)
{
    for (size_t i = 0; i < u->node.n; i++) {
        xb_units_enter(u, &u->node.data[i]);
        manner how = manner_of(xb_graph_kind(u->g, u->op));
        if (how == LOST) continue;
        if (how == SYNAPTIC)
            xb_units_fold_synapses(u);
        else
            follow(u, how);
    }
}
