/* dnnl_weights.c: operations with constant weights (convolutions, dense layers) and the product of two tensors. */
#include "nn/dnnl_op.h"

#include <string.h>

static bool pack_bias(xb_dnnl_op *op, int64_t m, const float *bias)
{
    if (!bias) return true;
    dnnl_memory_desc_t b = xb_desc(1, &m, NULL);
    return xb_dnnl_constant(op, DNNL_ARG_BIAS, &b, bias, &b);
}

int xb_weight_shape(const xb_geometry *w, bool transposed, int64_t dim[5], int64_t stride[5])
{
    int64_t o = w->out_channels / w->groups, i = w->in_channels / w->groups, area = w->kernel[0] * w->kernel[1];
    int64_t d[5] = {w->groups, o, i, w->kernel[0], w->kernel[1]};
    int64_t s[5] = {o * i * area, i * area, area, w->kernel[1], 1};
    if (transposed) {
        s[1] = area;
        s[2] = o * area;
    }
    int skip = w->groups == 1;
    memcpy(dim, d + skip, sizeof *d * (size_t)(5 - skip));
    memcpy(stride, s + skip, sizeof *s * (size_t)(5 - skip));
    return 5 - skip;
}

xb_dnnl_op *xb_dnnl_conv(xb_dnnl *lib, const xb_geometry *w, bool transposed, xb_format in, xb_format out,
                         const float *weight, const float *bias, xb_tail tail)
{
    int64_t dim[5], stride[5];
    xb_dims step = xb_dims_of(2, w->stride), begin = xb_dims_of(2, w->begin), end = xb_dims_of(2, w->end);
    xb_dims dilate = {{w->dilation[0] - 1, w->dilation[1] - 1}};
    int rank = xb_weight_shape(w, transposed, dim, stride);
    dnnl_memory_desc_t src = xb_desc_format((int64_t[]){w->batch, w->in_channels, w->in[0], w->in[1]}, in);
    dnnl_memory_desc_t dst = xb_desc_format((int64_t[]){w->batch, w->out_channels, w->out[0], w->out[1]}, out);
    dnnl_memory_desc_t any = xb_desc_any(rank, dim), plain = xb_desc(rank, dim, stride);
    dnnl_memory_desc_t shift = xb_desc(1, &w->out_channels, NULL);
    union {
        dnnl_convolution_desc_t conv;
        dnnl_deconvolution_desc_t deconv;
    } desc;
    const dnnl_memory_desc_t *b = bias ? &shift : NULL;
    const dnnl_prop_kind_t prop = dnnl_forward_inference;
    dnnl_status_t status =
        transposed ? dnnl_dilated_deconvolution_forward_desc_init(&desc.deconv, prop, dnnl_deconvolution_direct, &src,
                                                                  &any, b, &dst, step.v, dilate.v, begin.v, end.v)
                   : dnnl_dilated_convolution_forward_desc_init(&desc.conv, prop, dnnl_convolution_direct, &src, &any,
                                                                b, &dst, step.v, dilate.v, begin.v, end.v);
    if (status != dnnl_success) return NULL;
    dnnl_primitive_desc_t pd;
    xb_dnnl_op *op = xb_dnnl_begin(lib, &desc, &tail, &pd);
    if (!op) return NULL;
    xb_dnnl_input(op, DNNL_ARG_SRC, 0, &src);
    xb_dnnl_output(op, &dst);
    bool ok = xb_dnnl_constant(op, DNNL_ARG_WEIGHTS, &plain, weight, xb_dnnl_choice(pd, dnnl_query_weights_md, 0)) &&
              pack_bias(op, w->out_channels, bias);
    return xb_dnnl_finish(op, pd, ok);
}

xb_dnnl_op *xb_dnnl_dense(xb_dnnl *lib, int64_t rows, int64_t n, int64_t m, bool by_output, const float *weight,
                          const float *bias, xb_tail tail)
{
    dnnl_memory_desc_t src = xb_desc(2, (int64_t[]){rows, n}, NULL), dst = xb_desc(2, (int64_t[]){rows, m}, NULL);
    int64_t dim[2] = {m, n}, by_input[2] = {1, m};
    dnnl_memory_desc_t any = xb_desc_any(2, dim), plain = xb_desc(2, dim, by_output ? NULL : by_input);
    dnnl_memory_desc_t shift = xb_desc(1, &m, NULL);
    dnnl_inner_product_desc_t desc;
    if (dnnl_inner_product_forward_desc_init(&desc, dnnl_forward_inference, &src, &any, bias ? &shift : NULL, &dst) !=
        dnnl_success)
        return NULL;
    dnnl_primitive_desc_t pd;
    xb_dnnl_op *op = xb_dnnl_begin(lib, &desc, &tail, &pd);
    if (!op) return NULL;
    xb_dnnl_input(op, DNNL_ARG_SRC, 0, &src);
    xb_dnnl_output(op, &dst);
    bool ok = xb_dnnl_constant(op, DNNL_ARG_WEIGHTS, &plain, weight, xb_dnnl_choice(pd, dnnl_query_weights_md, 0)) &&
              pack_bias(op, m, bias);
    return xb_dnnl_finish(op, pd, ok);
}

xb_dnnl_op *xb_dnnl_matmul(xb_dnnl *lib, int rank, const int64_t *a, const int64_t *b, const int64_t *out)
{
    dnnl_memory_desc_t src = xb_desc(rank, a, NULL), weights = xb_desc(rank, b, NULL), dst = xb_desc(rank, out, NULL);
    dnnl_matmul_desc_t desc;
    if (dnnl_matmul_desc_init(&desc, &src, &weights, NULL, &dst) != dnnl_success) return NULL;
    dnnl_primitive_desc_t pd;
    xb_dnnl_op *op = xb_dnnl_begin(lib, &desc, NULL, &pd);
    if (!op) return NULL;
    xb_dnnl_input(op, DNNL_ARG_SRC, 0, &src);
    xb_dnnl_input(op, DNNL_ARG_WEIGHTS, 1, &weights);
    xb_dnnl_output(op, &dst);
    return xb_dnnl_finish(op, pd, true);
}
