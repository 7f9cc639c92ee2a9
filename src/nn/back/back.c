/* back.c: which kernel makes the gradient of an op, and where gradients flow. */
#include "nn/back.h"
#include "nn/back/kernel.h"
#include <string.h>

enum { FIRST = 1, SECOND = 2, THIRD = 4, EVERY = 8 };

typedef struct xb_back_row {
    xb_back_fn *fn; /* NULL: no gradient */
    int inputs;     /* where it flows, as far as they are float */
} xb_back_row;

static const xb_back_row table[XB_KINDS] = {
    [XB_OP_Conv] = {xb_back_conv, FIRST | SECOND | THIRD},
    [XB_OP_ConvTranspose] = {xb_back_conv_transpose, FIRST | SECOND | THIRD},
    [XB_OP_Gemm] = {xb_back_gemm, FIRST | SECOND | THIRD},
    [XB_OP_MatMul] = {xb_back_matmul, FIRST | SECOND},
    [XB_OP_BatchNormalization] = {xb_back_batch_norm, FIRST | SECOND | THIRD},
    [XB_OP_InstanceNormalization] = {xb_back_instance_norm, FIRST | SECOND | THIRD},
    [XB_OP_LayerNormalization] = {xb_back_layer_norm, FIRST | SECOND | THIRD},
    [XB_OP_LRN] = {xb_back_lrn, FIRST},
    [XB_OP_MaxPool] = {xb_back_max_pool, FIRST},
    [XB_OP_AveragePool] = {xb_back_average_pool, FIRST},
    [XB_OP_GlobalAveragePool] = {xb_back_global_pool, FIRST},
    [XB_OP_GlobalMaxPool] = {xb_back_global_pool, FIRST},
    [XB_OP_Relu] = {xb_back_unary, FIRST},
    [XB_OP_LeakyRelu] = {xb_back_unary, FIRST},
    [XB_OP_PRelu] = {xb_back_binary, FIRST | SECOND},
    [XB_OP_Elu] = {xb_back_unary, FIRST},
    [XB_OP_Selu] = {xb_back_unary, FIRST},
    [XB_OP_Celu] = {xb_back_unary, FIRST},
    [XB_OP_Sigmoid] = {xb_back_unary, FIRST},
    [XB_OP_HardSigmoid] = {xb_back_unary, FIRST},
    [XB_OP_HardSwish] = {xb_back_unary, FIRST},
    [XB_OP_Tanh] = {xb_back_unary, FIRST},
    [XB_OP_Softplus] = {xb_back_unary, FIRST},
    [XB_OP_Softsign] = {xb_back_unary, FIRST},
    [XB_OP_ThresholdedRelu] = {xb_back_unary, FIRST},
    [XB_OP_Shrink] = {xb_back_unary, FIRST},
    [XB_OP_Clip] = {xb_back_clip, FIRST | SECOND | THIRD},
    [XB_OP_Erf] = {xb_back_unary, FIRST},
    [XB_OP_Exp] = {xb_back_unary, FIRST},
    [XB_OP_Log] = {xb_back_unary, FIRST},
    [XB_OP_Sqrt] = {xb_back_unary, FIRST},
    [XB_OP_Abs] = {xb_back_unary, FIRST},
    [XB_OP_Neg] = {xb_back_unary, FIRST},
    [XB_OP_Reciprocal] = {xb_back_unary, FIRST},
    [XB_OP_Sin] = {xb_back_unary, FIRST},
    [XB_OP_Cos] = {xb_back_unary, FIRST},
    [XB_OP_Tan] = {xb_back_unary, FIRST},
    [XB_OP_Asin] = {xb_back_unary, FIRST},
    [XB_OP_Acos] = {xb_back_unary, FIRST},
    [XB_OP_Atan] = {xb_back_unary, FIRST},
    [XB_OP_Sinh] = {xb_back_unary, FIRST},
    [XB_OP_Cosh] = {xb_back_unary, FIRST},
    [XB_OP_Asinh] = {xb_back_unary, FIRST},
    [XB_OP_Acosh] = {xb_back_unary, FIRST},
    [XB_OP_Atanh] = {xb_back_unary, FIRST},
    [XB_OP_Identity] = {xb_back_same, FIRST},
    [XB_OP_Dropout] = {xb_back_same, FIRST},
    [XB_OP_Cast] = {xb_back_same, FIRST},
    [XB_OP_CastLike] = {xb_back_same, FIRST},
    [XB_OP_Add] = {xb_back_binary, FIRST | SECOND},
    [XB_OP_Sub] = {xb_back_binary, FIRST | SECOND},
    [XB_OP_Mul] = {xb_back_binary, FIRST | SECOND},
    [XB_OP_Div] = {xb_back_binary, FIRST | SECOND},
    [XB_OP_Pow] = {xb_back_binary, FIRST | SECOND},
    [XB_OP_Mod] = {xb_back_binary, FIRST | SECOND},
    [XB_OP_Max] = {xb_back_binary, EVERY},
    [XB_OP_Min] = {xb_back_binary, EVERY},
    [XB_OP_Mean] = {xb_back_binary, EVERY},
    [XB_OP_Sum] = {xb_back_binary, EVERY},
    [XB_OP_Where] = {xb_back_moved, SECOND | THIRD},
    [XB_OP_Softmax] = {xb_back_softmax, FIRST},
    [XB_OP_LogSoftmax] = {xb_back_softmax, FIRST},
    [XB_OP_ReduceMean] = {xb_back_reduce, FIRST},
    [XB_OP_ReduceSum] = {xb_back_reduce, FIRST},
    [XB_OP_ReduceProd] = {xb_back_reduce, FIRST},
    [XB_OP_ReduceMax] = {xb_back_reduce, FIRST},
    [XB_OP_ReduceMin] = {xb_back_reduce, FIRST},
    [XB_OP_ReduceL1] = {xb_back_reduce, FIRST},
    [XB_OP_ReduceL2] = {xb_back_reduce, FIRST},
    [XB_OP_ReduceLogSum] = {xb_back_reduce, FIRST},
    [XB_OP_ReduceLogSumExp] = {xb_back_reduce, FIRST},
    [XB_OP_ReduceSumSquare] = {xb_back_reduce, FIRST},
    [XB_OP_CumSum] = {xb_back_cumsum, FIRST},
    [XB_OP_Concat] = {xb_back_concat, EVERY},
    [XB_OP_Split] = {xb_back_split, FIRST},
    [XB_OP_Flatten] = {xb_back_same, FIRST},
    [XB_OP_Reshape] = {xb_back_same, FIRST},
    [XB_OP_Transpose] = {xb_back_transpose, FIRST},
    [XB_OP_Squeeze] = {xb_back_same, FIRST},
    [XB_OP_Unsqueeze] = {xb_back_same, FIRST},
    [XB_OP_Pad] = {xb_back_pad, FIRST | THIRD},
    [XB_OP_Slice] = {xb_back_moved, FIRST},
    [XB_OP_Gather] = {xb_back_moved, FIRST},
    [XB_OP_GatherElements] = {xb_back_moved, FIRST},
    [XB_OP_Expand] = {xb_back_expand, FIRST},
    [XB_OP_Tile] = {xb_back_moved, FIRST},
    [XB_OP_DepthToSpace] = {xb_back_moved, FIRST},
    [XB_OP_SpaceToDepth] = {xb_back_moved, FIRST},
    [XB_OP_Trilu] = {xb_back_moved, FIRST},
};

static bool flows(xb_kind kind, size_t input, xb_dtype from, xb_dtype to)
{
    int inputs = table[kind].inputs;
    return (inputs == EVERY || (input < 3 && inputs >> input & 1)) && xb_is_float(from) && xb_is_float(to);
}

bool xb_back_known(xb_kind kind)
{
    return table[kind].fn != NULL;
}

bool xb_back_flows(const xb_graph *g, xb_op op, size_t input)
{
    const xb_value *in, *out;
    size_t n_in = xb_graph_op_inputs(g, op, &in), n_out = xb_graph_op_outputs(g, op, &out);
    xb_dtype to = XB_NONE;
    for (size_t i = 0; i < n_out && to == XB_NONE; i++)
        if (out[i].id) to = xb_graph_type(g, out[i])->dtype;
    return input < n_in && in[input].id && to != XB_NONE &&
           flows(xb_graph_kind(g, op), input, xb_graph_type(g, in[input])->dtype, to);
}

/* Split and LayerNormalization take gradients from all results. */
static bool arrives(const xb_back *b)
{
    bool all = b->c.kind == XB_OP_Split || b->c.kind == XB_OP_LayerNormalization;
    for (size_t i = 0; i < (all ? b->c.n_out : 1); i++)
        if (b->dout[i].data && xb_type_count(&b->dout[i].type) > 0) return true;
    return false;
}

/* Copies the caller's tensors with the types they go by, zeroes every gradient asked for, and keeps those that one
 * flows to; false: to none. */
static bool take_arguments(xb_back *b, const xb_tensor *dout, const xb_tensor *din)
{
    xb_dtype to = XB_NONE;
    bool wanted = false;
    for (size_t i = 0; i < b->c.n_out; i++) {
        b->dout[i] = (xb_tensor){.type = b->c.out[i].type, .data = dout[i].data};
        if (to == XB_NONE) to = b->c.out[i].type.dtype;
    }
    for (size_t i = 0; i < b->c.n_in; i++) {
        size_t bytes;
        b->din[i].type = b->c.in[i].type;
        if (!din[i].data || !xb_type_bytes(&b->din[i].type, &bytes)) continue;
        memset(din[i].data, 0, bytes);
        if (!flows(b->c.kind, i, b->din[i].type.dtype, to)) continue;
        b->din[i].data = din[i].data;
        wanted = true;
    }
    return wanted;
}

bool xb_back_op(xb_diags *d, const xb_graph *g, xb_op op, const xb_tensor *in, size_t n_in, const xb_tensor *out,
                size_t n_out, const xb_tensor *dout, xb_tensor *din)
{
    xb_back b = {.c = {d, g, op, xb_graph_kind(g, op), in, n_in, (xb_tensor *)(uintptr_t)out, n_out}};
    xb_back_fn *fn = table[b.c.kind].fn;
    if (!fn) {
        xb_where where = xb_graph_where(g, op);
        xb_diag(d, XB_ERROR, "train-op", &where, "%s has no gradient", xb_graph_op_type(g, op));
        return false;
    }
    b.dout = xb_calloc(n_out + 1, sizeof *b.dout);
    b.din = xb_calloc(n_in + 1, sizeof *b.din);
    bool wanted = take_arguments(&b, dout, din), ok = !wanted || !arrives(&b) || fn(&b);
    free(b.dout);
    free(b.din);
    return ok;
}

/* ---- what kernels share ---- */

bool xb_back_wants(const xb_back *b, size_t input)
{
    return input < b->c.n_in && b->din[input].data;
}

xb_cell *xb_back_sums(const xb_back *b, size_t input)
{
    if (!xb_back_wants(b, input)) return NULL;
    return xb_calloc((size_t)xb_type_count(&b->din[input].type) + 1, sizeof(xb_cell));
}

void xb_back_give(const xb_back *b, size_t input, xb_cell *sums)
{
    if (!sums) return;
    const xb_tensor *t = &b->din[input];
    xb_cells_store(sums, t->type.dtype, t->data, 0, 1, xb_type_count(&t->type));
    free(sums);
}

typedef struct xb_narrowing {
    const xb_tensor *from;
    xb_cell *sums;
} xb_narrowing;

static void narrow_row(void *cx, const int64_t *offset, const int64_t *stride, int64_t count)
{
    const xb_narrowing *v = cx;
    for (int64_t k = 0; k < count; k += XB_BLOCK) {
        xb_cell block[XB_BLOCK];
        int64_t n = count - k < XB_BLOCK ? count - k : XB_BLOCK;
        xb_cells_load(block, v->from->type.dtype, v->from->data, offset[0] + k * stride[0], stride[0], n);
        for (int64_t j = 0; j < n; j++) v->sums[offset[1] + (k + j) * stride[1]].f += block[j].f;
    }
}

bool xb_back_narrow(const xb_back *b, const xb_tensor *from, double factor, xb_tensor *to)
{
    xb_strides_row stride[2] = {{{0}}, {{0}}};
    xb_strides(&from->type, stride[0].of);
    if (!xb_broadcast(&to->type, &from->type, &stride[1]))
        return xb_call_bad(&b->c, "an input does not fit the result");
    int64_t count = xb_type_count(&to->type);
    xb_narrowing v = {from, xb_calloc((size_t)count + 1, sizeof *v.sums)};
    xb_walk_rows(from->type.rank, from->type.dim, 2, stride, narrow_row, &v);
    for (int64_t k = 0; k < count; k++) v.sums[k].f *= factor;
    xb_cells_store(v.sums, to->type.dtype, to->data, 0, 1, count);
    free(v.sums);
    return true;
}
