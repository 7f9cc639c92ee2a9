/* ref.c: which kernel runs an op; constants folded with the same kernels. */
#include "nn/ref.h"
#include "nn/ref/kernel.h"
#include <string.h>

#define XB_FOLD_LIMIT ((size_t)64 << 20)

static xb_kernel_fn *kernel_of(xb_kind kind)
{
    switch (kind) {
    case XB_OP_Conv:
        return xb_ref_conv;
    case XB_OP_ConvTranspose:
        return xb_ref_conv_transpose;
    case XB_OP_Gemm:
        return xb_ref_gemm;
    case XB_OP_MatMul:
        return xb_ref_matmul;
    case XB_OP_BatchNormalization:
        return xb_ref_batch_norm;
    case XB_OP_InstanceNormalization:
        return xb_ref_instance_norm;
    case XB_OP_LayerNormalization:
        return xb_ref_layer_norm;
    case XB_OP_LRN:
        return xb_ref_lrn;
    case XB_OP_MaxPool:
        return xb_ref_max_pool;
    case XB_OP_AveragePool:
        return xb_ref_average_pool;
    case XB_OP_GlobalAveragePool:
    case XB_OP_GlobalMaxPool:
        return xb_ref_global_pool;
    case XB_OP_PRelu:
        return xb_ref_binary;
    case XB_OP_Identity:
    case XB_OP_Flatten:
    case XB_OP_Reshape:
    case XB_OP_Squeeze:
    case XB_OP_Unsqueeze:
        return xb_ref_reshape;
    case XB_OP_Dropout:
        return xb_ref_dropout;
    case XB_OP_Cast:
    case XB_OP_CastLike:
        return xb_ref_cast;
    case XB_OP_Pow:
        return xb_ref_pow;
    case XB_OP_Where:
        return xb_ref_where;
    case XB_OP_Softmax:
    case XB_OP_LogSoftmax:
    case XB_OP_Hardmax:
        return xb_ref_softmax;
    case XB_OP_ArgMax:
    case XB_OP_ArgMin:
        return xb_ref_arg;
    case XB_OP_CumSum:
        return xb_ref_cumsum;
    case XB_OP_Concat:
        return xb_ref_concat;
    case XB_OP_Split:
        return xb_ref_split;
    case XB_OP_Transpose:
        return xb_ref_transpose;
    case XB_OP_Pad:
        return xb_ref_pad;
    case XB_OP_Slice:
        return xb_ref_slice;
    case XB_OP_Gather:
        return xb_ref_gather;
    case XB_OP_GatherElements:
        return xb_ref_gather_elements;
    case XB_OP_Expand:
        return xb_ref_expand;
    case XB_OP_Tile:
        return xb_ref_tile;
    case XB_OP_DepthToSpace:
    case XB_OP_SpaceToDepth:
        return xb_ref_depth_space;
    case XB_OP_Trilu:
        return xb_ref_trilu;
    case XB_OP_Shape:
        return xb_ref_shape;
    case XB_OP_Size:
        return xb_ref_size;
    case XB_OP_ConstantOfShape:
        return xb_ref_constant_of_shape;
    case XB_OP_EyeLike:
        return xb_ref_eye_like;
    case XB_OP_Range:
        return xb_ref_range;
    default:
        break;
    }
    if (kind >= XB_OP_ReduceMean && kind <= XB_OP_ReduceSumSquare) return xb_ref_reduce;
    if (kind >= XB_OP_Add && kind <= XB_OP_Sum) return xb_ref_binary;
    if (kind >= XB_OP_Relu && kind <= XB_OP_IsInf) return xb_ref_unary;
    return NULL;
}

/* What kernels may take for granted: as many tensors as the operator needs, sized and in memory. */
static bool whole(const xb_call *c)
{
    const xb_opdef *def = xb_opdef_of(c->kind);
    bool ok = c->n_in >= (size_t)def->min_in && c->n_out >= 1 && (def->max_in < 0 || c->n_in <= (size_t)def->max_in);
    for (size_t i = 0; ok && i < c->n_in; i++) {
        const xb_type *t = &c->in[i].type;
        bool absent = !xb_call_has(c, i);
        ok = absent ? i >= (size_t)def->min_in && def->max_in >= 0 : xb_type_count(t) >= 0;
    }
    for (size_t i = 0; ok && i < c->n_out; i++) {
        const xb_type *t = &c->out[i].type;
        ok = t->dtype == XB_NONE ? i > 0 : xb_type_count(t) == 0 || (xb_type_count(t) > 0 && (c->out[i].data || i > 0));
    }
    return ok;
}

bool xb_ref_op(xb_diags *d, const xb_graph *g, xb_op op, const xb_tensor *in, size_t n_in, xb_tensor *out, size_t n_out)
{
    xb_call c = {d, g, op, xb_graph_kind(g, op), in, n_in, out, n_out};
    xb_kernel_fn *kernel = kernel_of(c.kind);
    if (!kernel) {
        xb_where where = xb_graph_where(g, op);
        xb_diag(d, XB_ERROR, "op-unsupported", &where, "operator %s is not supported", xb_graph_op_type(g, op));
        return false;
    }
    if (!whole(&c)) return xb_call_bad(&c, "inputs or results are missing or have no size");
    return kernel(&c);
}

/* ---- folding ---- */

typedef struct xb_folding {
    const xb_value *in_value, *out_value;
    size_t n_in, n_out;
    xb_tensor *in, *out;
} xb_folding;

static bool allocate_results(const xb_graph *g, xb_folding *f)
{
    size_t total = 0;
    for (size_t i = 0; i < f->n_out; i++) {
        if (!f->out_value[i].id) continue;
        const xb_type *t = xb_graph_type(g, f->out_value[i]);
        size_t bytes;
        if (t->dtype == XB_NONE || !xb_type_bytes(t, &bytes) || !xb_add(total, bytes, &total) || total > XB_FOLD_LIMIT)
            return false;
        if (!xb_tensor_alloc(&f->out[i], t)) return false;
    }
    return true;
}

/* Constants may be unaligned views of the model file: they are copied. */
/* Constants are read where they lie: a Gather from half a gigabyte copies its result alone. */
static bool take_inputs(const xb_graph *g, xb_folding *f)
{
    for (size_t i = 0; i < f->n_in; i++) {
        if (!f->in_value[i].id) continue;
        if (!xb_graph_is_const(g, f->in_value[i])) return false;
        f->in[i].type = *xb_graph_type(g, f->in_value[i]);
        f->in[i].data = (void *)(uintptr_t)xb_graph_data(g, f->in_value[i]);
    }
    return true;
}

static bool evaluate(const xb_graph *g, xb_op op, xb_folding *f)
{
    xb_diags *silent = xb_diags_new(NULL, XB_DIAG_TEXT, true);
    bool ok = allocate_results(g, f) && take_inputs(g, f) && xb_ref_op(silent, g, op, f->in, f->n_in, f->out, f->n_out);
    xb_diags_free(silent);
    return ok;
}

/* One result keeps its handle; several become constants beside the op, which goes when nobody reads it. */
static void keep(xb_graph *g, xb_op op, xb_folding *f)
{
    if (f->n_out == 1) {
        xb_graph_make_const(g, f->out_value[0], &f->out[0].type, f->out[0].data);
        return;
    }
    xb_value *value = xb_calloc(f->n_out, sizeof *value);
    memcpy(value, f->out_value, f->n_out * sizeof *value);
    for (size_t i = 0; i < f->n_out; i++) {
        if (!value[i].id) continue;
        xb_value with = xb_graph_add_const(g, xb_graph_value_name(g, value[i]), &f->out[i].type, f->out[i].data);
        xb_graph_replace(g, value[i], with);
    }
    free(value);
    xb_graph_remove(g, op);
}

bool xb_ref_fold(xb_graph *g, xb_op op)
{
    xb_folding f = {0};
    f.n_in = xb_graph_op_inputs(g, op, &f.in_value);
    f.n_out = xb_graph_op_outputs(g, op, &f.out_value);
    f.in = xb_calloc(f.n_in + 1, sizeof *f.in);
    f.out = xb_calloc(f.n_out + 1, sizeof *f.out);
    bool ok = f.n_out > 0 && evaluate(g, op, &f);
    if (ok) keep(g, op, &f);
    for (size_t i = 0; i < f.n_out; i++) xb_tensor_free(&f.out[i]);
    free(f.in);
    free(f.out);
    return ok;
}
