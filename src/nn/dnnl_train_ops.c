/* dnnl_train_ops.c: pools, elementwise functions and normalisations, forward and back, and the product of two matrices.
 */
#include "nn/dnnl_train.h"

#include "nn/dnnl_op.h"

static void workspace(xb_dnnl_op *op, dnnl_primitive_desc_t pd)
{
    const dnnl_memory_desc_t *desc = xb_dnnl_choice(pd, dnnl_query_workspace_md, 0);
    op->workspace = dnnl_memory_desc_get_size(desc);
    if (op->workspace) xb_dnnl_operand(op, DNNL_ARG_WORKSPACE, desc);
}

size_t xb_dnnl_workspace(const xb_dnnl_op *op)
{
    return op->workspace;
}

/* ---- pools ---- */

xb_dnnl_op *xb_dnnl_train_pool(xb_dnnl *lib, const xb_geometry *w, xb_pool kind, xb_format format, xb_direction d)
{
    static const dnnl_alg_kind_t alg[] = {dnnl_pooling_max, dnnl_pooling_avg_exclude_padding,
                                          dnnl_pooling_avg_include_padding};
    dnnl_memory_desc_t x = xb_desc_format((int64_t[]){w->batch, w->in_channels, w->in[0], w->in[1]}, format);
    dnnl_memory_desc_t y = xb_desc_format((int64_t[]){w->batch, w->in_channels, w->out[0], w->out[1]}, format);
    xb_dims step = xb_dims_of(2, w->stride), begin = xb_dims_of(2, w->begin), end = xb_dims_of(2, w->end);
    xb_dims kernel = xb_dims_of(2, w->kernel), dilate = {{w->dilation[0] - 1, w->dilation[1] - 1}};
    dnnl_pooling_v2_desc_t forward, back;
    if (dnnl_pooling_v2_forward_desc_init(&forward, dnnl_forward_training, alg[kind], &x, &y, step.v, kernel.v,
                                          dilate.v, begin.v, end.v) != dnnl_success ||
        dnnl_pooling_v2_backward_desc_init(&back, alg[kind], &x, &y, step.v, kernel.v, dilate.v, begin.v, end.v) !=
            dnnl_success)
        return NULL;
    dnnl_primitive_desc_t pd;
    bool ahead = d == XB_FORWARD;
    xb_dnnl_op *op = ahead ? xb_dnnl_begin(lib, &forward, NULL, &pd) : xb_dnnl_begin_back(lib, &back, &forward, &pd);
    if (!op) return NULL;
    xb_dnnl_operand(op, ahead ? DNNL_ARG_SRC : DNNL_ARG_DIFF_DST, ahead ? &x : &y);
    if (ahead) xb_dnnl_operand(op, DNNL_ARG_DST, &y);
    workspace(op, pd);
    if (!ahead) xb_dnnl_operand(op, DNNL_ARG_DIFF_SRC, &x);
    return xb_dnnl_finish(op, pd, true);
}

/* ---- elementwise ---- */

/* Those whose gradient the library also has as a function of the result. */
static dnnl_alg_kind_t alg_from_result(xb_unary kind)
{
    switch (kind) {
    case XB_UNARY_RELU:
        return dnnl_eltwise_relu_use_dst_for_bwd;
    case XB_UNARY_ELU:
        return dnnl_eltwise_elu_use_dst_for_bwd;
    case XB_UNARY_TANH:
        return dnnl_eltwise_tanh_use_dst_for_bwd;
    case XB_UNARY_SIGMOID:
        return dnnl_eltwise_logistic_use_dst_for_bwd;
    case XB_UNARY_CLIP:
        return dnnl_eltwise_clip_v2_use_dst_for_bwd;
    case XB_UNARY_SQRT:
        return dnnl_eltwise_sqrt_use_dst_for_bwd;
    case XB_UNARY_EXP:
        return dnnl_eltwise_exp_use_dst_for_bwd;
    default:
        return dnnl_alg_kind_undef;
    }
}

bool xb_dnnl_unary_from_result(xb_unary kind)
{
    return alg_from_result(kind) != dnnl_alg_kind_undef;
}

xb_dnnl_op *xb_dnnl_train_unary(xb_dnnl *lib, int64_t count, xb_unary kind, float alpha, float beta, xb_direction d)
{
    bool from_result = xb_dnnl_unary_from_result(kind);
    dnnl_alg_kind_t alg = from_result ? alg_from_result(kind) : xb_unary_alg(kind);
    dnnl_memory_desc_t v = xb_desc(1, &count, NULL);
    dnnl_eltwise_desc_t forward, back;
    if (dnnl_eltwise_forward_desc_init(&forward, dnnl_forward_training, alg, &v, alpha, beta) != dnnl_success ||
        dnnl_eltwise_backward_desc_init(&back, alg, &v, &v, alpha, beta) != dnnl_success)
        return NULL;
    dnnl_primitive_desc_t pd;
    bool ahead = d == XB_FORWARD;
    xb_dnnl_op *op = ahead ? xb_dnnl_begin(lib, &forward, NULL, &pd) : xb_dnnl_begin_back(lib, &back, &forward, &pd);
    if (!op) return NULL;
    xb_dnnl_operand(op, !ahead && from_result ? DNNL_ARG_DST : DNNL_ARG_SRC, &v);
    xb_dnnl_operand(op, ahead ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, &v);
    if (!ahead) xb_dnnl_operand(op, DNNL_ARG_DIFF_SRC, &v);
    return xb_dnnl_finish(op, pd, true);
}

/* ---- normalisations ---- */

static void norm_operands(xb_dnnl_op *op, dnnl_primitive_desc_t pd, const dnnl_memory_desc_t *x,
                          const dnnl_memory_desc_t *stat, const dnnl_memory_desc_t *both, xb_direction d)
{
    xb_dnnl_operand(op, DNNL_ARG_SRC, x);
    if (d == XB_FORWARD) {
        xb_dnnl_operand(op, DNNL_ARG_SCALE_SHIFT, both);
        xb_dnnl_operand(op, DNNL_ARG_DST, x);
    }
    xb_dnnl_operand(op, DNNL_ARG_MEAN, stat);
    xb_dnnl_operand(op, DNNL_ARG_VARIANCE, stat);
    if (d == XB_FORWARD) {
        workspace(op, pd);
        return;
    }
    xb_dnnl_operand(op, DNNL_ARG_SCALE_SHIFT, both);
    xb_dnnl_operand(op, DNNL_ARG_DIFF_DST, x);
    workspace(op, pd);
    xb_dnnl_operand(op, DNNL_ARG_DIFF_SRC, x);
    xb_dnnl_operand(op, DNNL_ARG_DIFF_SCALE_SHIFT, both);
}

xb_dnnl_op *xb_dnnl_train_norm(xb_dnnl *lib, const int64_t dim[4], xb_format format, float epsilon, bool fixed,
                               bool relu, xb_direction d)
{
    dnnl_memory_desc_t x = xb_desc_format(dim, format), stat = xb_desc(1, &dim[1], NULL);
    dnnl_memory_desc_t both = xb_desc(2, (int64_t[]){2, dim[1]}, NULL);
    unsigned flags = dnnl_use_scaleshift;
    if (fixed) flags |= dnnl_use_global_stats;
    if (relu) flags |= dnnl_fuse_norm_relu;
    dnnl_batch_normalization_desc_t forward, back;
    if (dnnl_batch_normalization_forward_desc_init(&forward, dnnl_forward_training, &x, epsilon, flags) !=
            dnnl_success ||
        dnnl_batch_normalization_backward_desc_init(&back, dnnl_backward, &x, &x, epsilon, flags) != dnnl_success)
        return NULL;
    dnnl_primitive_desc_t pd;
    xb_dnnl_op *op =
        d == XB_FORWARD ? xb_dnnl_begin(lib, &forward, NULL, &pd) : xb_dnnl_begin_back(lib, &back, &forward, &pd);
    if (!op) return NULL;
    norm_operands(op, pd, &x, &stat, &both, d);
    return xb_dnnl_finish(op, pd, true);
}

xb_dnnl_op *xb_dnnl_train_lrn(xb_dnnl *lib, const int64_t dim[4], xb_format format, int64_t size, float alpha,
                              float beta, float k, xb_direction d)
{
    dnnl_memory_desc_t x = xb_desc_format(dim, format);
    dnnl_lrn_desc_t forward, back;
    if (dnnl_lrn_forward_desc_init(&forward, dnnl_forward_training, dnnl_lrn_across_channels, &x, size, alpha, beta,
                                   k) != dnnl_success ||
        dnnl_lrn_backward_desc_init(&back, dnnl_lrn_across_channels, &x, &x, size, alpha, beta, k) != dnnl_success)
        return NULL;
    dnnl_primitive_desc_t pd;
    bool ahead = d == XB_FORWARD;
    xb_dnnl_op *op = ahead ? xb_dnnl_begin(lib, &forward, NULL, &pd) : xb_dnnl_begin_back(lib, &back, &forward, &pd);
    if (!op) return NULL;
    xb_dnnl_operand(op, DNNL_ARG_SRC, &x);
    xb_dnnl_operand(op, ahead ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, &x);
    workspace(op, pd);
    if (!ahead) xb_dnnl_operand(op, DNNL_ARG_DIFF_SRC, &x);
    return xb_dnnl_finish(op, pd, true);
}

xb_dnnl_op *xb_dnnl_train_softmax(xb_dnnl *lib, const int64_t dim[3], bool log, xb_direction d)
{
    dnnl_alg_kind_t alg = log ? dnnl_softmax_log : dnnl_softmax_accurate;
    dnnl_memory_desc_t v = dim[2] == 1 ? xb_desc(2, dim, NULL) : xb_desc(3, dim, NULL);
    dnnl_softmax_v2_desc_t forward, back;
    if (dnnl_softmax_v2_forward_desc_init(&forward, dnnl_forward_training, alg, &v, &v, 1) != dnnl_success ||
        dnnl_softmax_v2_backward_desc_init(&back, alg, &v, &v, &v, 1) != dnnl_success)
        return NULL;
    dnnl_primitive_desc_t pd;
    bool ahead = d == XB_FORWARD;
    xb_dnnl_op *op = ahead ? xb_dnnl_begin(lib, &forward, NULL, &pd) : xb_dnnl_begin_back(lib, &back, &forward, &pd);
    if (!op) return NULL;
    xb_dnnl_operand(op, ahead ? DNNL_ARG_SRC : DNNL_ARG_DST, &v);
    xb_dnnl_operand(op, ahead ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, &v);
    if (!ahead) xb_dnnl_operand(op, DNNL_ARG_DIFF_SRC, &v);
    return xb_dnnl_finish(op, pd, true);
}

/* ---- products ---- */

bool xb_dnnl_product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float *a, const float *b, bool accumulate,
                     float *c)
{
    return dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1, a, ta ? m : k, b, tb ? k : n, accumulate, c, n) ==
           dnnl_success;
}
