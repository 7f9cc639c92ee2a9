/* window.c: kernel shape, strides, dilations and padding of convolutions and pools. */
#include "nn/ref/kernel.h"

/* Sizes that come from a file: products and sums below must stay far from overflow. */
static bool sane(const xb_call *c, const xb_sliding *w)
{
    for (int d = 0; d < w->dims; d++) {
        int64_t reach, end;
        if (w->kernel[d] < 1 || w->stride[d] < 1 || w->dilation[d] < 1 ||
            !xb_mul_i64(w->kernel[d] - 1, w->dilation[d], &reach) || reach > INT32_MAX ||
            !xb_mul_i64(w->out[d], w->stride[d], &end) || end > INT64_MAX / 4 || w->before[d] > INT32_MAX ||
            w->before[d] < INT32_MIN || w->after[d] > INT32_MAX || w->after[d] < INT32_MIN)
            return xb_call_bad(c, "window of dimension %d is out of range", d);
    }
    return true;
}

bool xb_sliding_read(const xb_call *c, const int64_t *kernel, xb_sliding *w)
{
    const xb_type *in = &c->in[0].type, *out = &c->out[0].type;
    *w = (xb_sliding){.dims = in->rank - 2};
    if (w->dims < 0 || out->rank != in->rank || out->dim[0] != in->dim[0])
        return xb_call_bad(c, "input has rank %d", in->rank);
    size_t n = (size_t)w->dims;
    int64_t pads[2 * XB_SPATIAL];
    if (!kernel && !xb_graph_attr(c->g, c->op, "kernel_shape")) return xb_call_bad(c, "no kernel_shape");
    if (!xb_call_ints(c, "strides", 1, w->stride, n) || !xb_call_ints(c, "dilations", 1, w->dilation, n) ||
        !xb_call_ints(c, "pads", 0, pads, 2 * n) || (!kernel && !xb_call_ints(c, "kernel_shape", 1, w->kernel, n)))
        return false;
    bool upper = xb_call_text(c, "auto_pad", "SAME_UPPER"), same = upper || xb_call_text(c, "auto_pad", "SAME_LOWER");
    bool valid = xb_call_text(c, "auto_pad", "VALID");
    for (int d = 0; d < w->dims; d++) {
        if (kernel) w->kernel[d] = kernel[d];
        w->in[d] = in->dim[d + 2];
        w->out[d] = out->dim[d + 2];
        w->before[d] = same || valid ? 0 : pads[d];
        w->after[d] = same || valid ? 0 : pads[d + w->dims];
    }
    if (!sane(c, w)) return false;
    for (int d = 0; same && d < w->dims; d++) {
        int64_t total = (w->out[d] - 1) * w->stride[d] + (w->kernel[d] - 1) * w->dilation[d] + 1 - w->in[d];
        if (total < 0) total = 0;
        w->before[d] = upper ? total / 2 : total - total / 2;
        w->after[d] = total - w->before[d];
    }
    return true;
}
