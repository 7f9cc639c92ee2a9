/* max.c: which kernel, and blocked or plain images as images with channels side by side. */
#include "nn/max/max.h"

const xb_max_kernel *xb_max_best(int64_t channels)
{
#ifdef __x86_64__
    __builtin_cpu_init();
    if (channels >= 16 && __builtin_cpu_supports("avx512f")) return &xb_max_avx512;
    if (channels >= 8 && __builtin_cpu_supports("avx2")) return &xb_max_avx2;
#endif
    return channels >= 4 ? &xb_max_four : &xb_max_plain;
}

bool xb_max_suits(const xb_geometry *w)
{
    return w->kernel[0] <= XB_MAX_TAPS && w->kernel[1] <= XB_MAX_TAPS && w->kernel[0] * w->kernel[1] <= XB_MAX_TAPS;
}

xb_geometry xb_max_images(const xb_geometry *w, xb_format f)
{
    int64_t side = f == XB_FMT_NHWC ? w->in_channels : f == XB_FMT_BLOCKED ? xb_dnnl_block() : 1;
    xb_geometry g = *w;
    g.batch *= w->in_channels / side;
    g.in_channels = side;
    return g;
}
