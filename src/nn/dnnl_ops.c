/* dnnl_ops.c: pools, elementwise operations, normalisations. */
#include "nn/dnnl_op.h"

#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

dnnl_alg_kind_t xb_unary_alg(xb_unary u)
{
    static const dnnl_alg_kind_t alg[XB_UNARIES] = {
        [XB_UNARY_NONE] = dnnl_alg_kind_undef,      [XB_UNARY_RELU] = dnnl_eltwise_relu,
        [XB_UNARY_ELU] = dnnl_eltwise_elu,          [XB_UNARY_TANH] = dnnl_eltwise_tanh,
        [XB_UNARY_SIGMOID] = dnnl_eltwise_logistic, [XB_UNARY_SOFTPLUS] = dnnl_eltwise_soft_relu,
        [XB_UNARY_CLIP] = dnnl_eltwise_clip_v2,     [XB_UNARY_LINEAR] = dnnl_eltwise_linear,
        [XB_UNARY_ABS] = dnnl_eltwise_abs,          [XB_UNARY_SQRT] = dnnl_eltwise_sqrt,
        [XB_UNARY_EXP] = dnnl_eltwise_exp,          [XB_UNARY_HARDSWISH] = dnnl_eltwise_hardswish};
    return alg[u];
}

static xb_dnnl_op *one_input(xb_dnnl *lib, const void *desc, const dnnl_memory_desc_t *src,
                             const dnnl_memory_desc_t *dst)
{
    dnnl_primitive_desc_t pd;
    xb_dnnl_op *op = xb_dnnl_begin(lib, desc, NULL, &pd);
    if (!op) return NULL;
    xb_dnnl_input(op, DNNL_ARG_SRC, 0, src);
    xb_dnnl_output(op, dst);
    return xb_dnnl_finish(op, pd, true);
}

xb_dnnl_op *xb_dnnl_pool(xb_dnnl *lib, const xb_geometry *w, xb_pool kind, xb_format format)
{
    static const dnnl_alg_kind_t alg[] = {dnnl_pooling_max, dnnl_pooling_avg_exclude_padding,
                                          dnnl_pooling_avg_include_padding};
    dnnl_memory_desc_t src = xb_desc_format((int64_t[]){w->batch, w->in_channels, w->in[0], w->in[1]}, format);
    dnnl_memory_desc_t dst = xb_desc_format((int64_t[]){w->batch, w->in_channels, w->out[0], w->out[1]}, format);
    xb_dims step = xb_dims_of(2, w->stride), begin = xb_dims_of(2, w->begin), end = xb_dims_of(2, w->end);
    xb_dims kernel = xb_dims_of(2, w->kernel), dilate = {{w->dilation[0] - 1, w->dilation[1] - 1}};
    dnnl_pooling_v2_desc_t desc;
    if (dnnl_pooling_v2_forward_desc_init(&desc, dnnl_forward_inference, alg[kind], &src, &dst, step.v, kernel.v,
                                          dilate.v, begin.v, end.v) != dnnl_success)
        return NULL;
    return one_input(lib, &desc, &src, &dst);
}

xb_dnnl_op *xb_dnnl_unary(xb_dnnl *lib, int64_t count, xb_unary kind, float alpha, float beta)
{
    dnnl_memory_desc_t d = xb_desc(1, &count, NULL);
    dnnl_eltwise_desc_t desc;
    if (dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_inference, xb_unary_alg(kind), &d, alpha, beta) !=
        dnnl_success)
        return NULL;
    return one_input(lib, &desc, &d, &d);
}

xb_dnnl_op *xb_dnnl_combine(xb_dnnl *lib, xb_binary kind, int rank, const int64_t *a, const int64_t *b,
                            xb_format format)
{
    static const dnnl_alg_kind_t alg[] = {dnnl_binary_add, dnnl_binary_sub, dnnl_binary_mul,
                                          dnnl_binary_div, dnnl_binary_max, dnnl_binary_min};
    dnnl_memory_desc_t x = format == XB_FMT_PLAIN ? xb_desc(rank, a, NULL) : xb_desc_format(a, format);
    dnnl_memory_desc_t y = format == XB_FMT_PLAIN ? xb_desc(rank, b, NULL) : xb_desc_format(b, format);
    dnnl_binary_desc_t desc;
    if (dnnl_binary_desc_init(&desc, alg[kind], &x, &y, &x) != dnnl_success) return NULL;
    dnnl_primitive_desc_t pd;
    xb_dnnl_op *op = xb_dnnl_begin(lib, &desc, NULL, &pd);
    if (!op) return NULL;
    xb_dnnl_input(op, DNNL_ARG_SRC_0, 0, &x);
    xb_dnnl_input(op, DNNL_ARG_SRC_1, 1, &y);
    xb_dnnl_output(op, &x);
    return xb_dnnl_finish(op, pd, true);
}

xb_dnnl_op *xb_dnnl_softmax(xb_dnnl *lib, const int64_t dim[3])
{
    dnnl_memory_desc_t d = dim[2] == 1 ? xb_desc(2, dim, NULL) : xb_desc(3, dim, NULL);
    dnnl_softmax_v2_desc_t desc;
    if (dnnl_softmax_v2_forward_desc_init(&desc, dnnl_forward_inference, dnnl_softmax_accurate, &d, &d, 1) !=
        dnnl_success)
        return NULL;
    return one_input(lib, &desc, &d, &d);
}

xb_dnnl_op *xb_dnnl_lrn(xb_dnnl *lib, const int64_t dim[4], xb_format format, int64_t size, float alpha, float beta,
                        float k)
{
    dnnl_memory_desc_t d = xb_desc_format(dim, format);
    dnnl_lrn_desc_t desc;
    if (dnnl_lrn_forward_desc_init(&desc, dnnl_forward_inference, dnnl_lrn_across_channels, &d, size, alpha, beta, k) !=
        dnnl_success)
        return NULL;
    return one_input(lib, &desc, &d, &d);
}

xb_dnnl_op *xb_dnnl_norm(xb_dnnl *lib, const int64_t dim[4], xb_format format, const float *scale, const float *shift,
                         const float *mean, const float *variance, float epsilon)
{
    dnnl_memory_desc_t d = xb_desc_format(dim, format), stat = xb_desc(1, &dim[1], NULL);
    dnnl_memory_desc_t both = xb_desc(2, (int64_t[]){2, dim[1]}, NULL);
    unsigned flags = dnnl_use_global_stats | dnnl_use_scaleshift;
    dnnl_batch_normalization_desc_t desc;
    if (dnnl_batch_normalization_forward_desc_init(&desc, dnnl_forward_inference, &d, epsilon, flags) != dnnl_success)
        return NULL;
    dnnl_primitive_desc_t pd;
    xb_dnnl_op *op = xb_dnnl_begin(lib, &desc, NULL, &pd);
    if (!op) return NULL;
    xb_dnnl_input(op, DNNL_ARG_SRC, 0, &d);
    xb_dnnl_output(op, &d);
    size_t n = (size_t)dim[1];
    float *pair = xb_calloc(2 * n, sizeof *pair);
    memcpy(pair, scale, n * sizeof *pair);
    memcpy(pair + n, shift, n * sizeof *pair);
    bool ok = xb_dnnl_constant(op, DNNL_ARG_MEAN, &stat, mean, &stat) &&
              xb_dnnl_constant(op, DNNL_ARG_VARIANCE, &stat, variance, &stat) &&
              xb_dnnl_constant(op, DNNL_ARG_SCALE_SHIFT, &both, pair, &both);
    free(pair);
    return xb_dnnl_finish(op, pd, ok);
}
