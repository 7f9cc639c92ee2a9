/* pool.c: MaxPool with indices, AveragePool, global pools. */
#include "nn/ref/kernel.h"
#include <math.h>

/* The part of one window that lies in the array, per dimension: taps lo..hi-1. */
typedef struct xb_clip {
    int64_t start[XB_SPATIAL]; /* coordinate of tap 0, may be negative */
    int64_t lo[XB_SPATIAL], count[XB_SPATIAL];
    int64_t counted; /* taps in the padded array, for count_include_pad */
} xb_clip;

/* How many taps start + t*dilation lie below the bound. */
static int64_t taps_below(int64_t start, int64_t dilation, int64_t kernel, int64_t bound)
{
    int64_t n = bound <= start ? 0 : (bound - start + dilation - 1) / dilation;
    return n < kernel ? n : kernel;
}

/* false: no tap is inside. */
static bool clip_window(const xb_sliding *w, const int64_t *position, xb_clip *c)
{
    bool any = true;
    c->counted = 1;
    for (int d = 0; d < w->dims; d++) {
        int64_t start = position[d] * w->stride[d] - w->before[d];
        c->start[d] = start;
        c->lo[d] = taps_below(start, w->dilation[d], w->kernel[d], 0);
        c->count[d] = taps_below(start, w->dilation[d], w->kernel[d], w->in[d]) - c->lo[d];
        c->counted *= taps_below(start, w->dilation[d], w->kernel[d], w->in[d] + w->after[d]);
        any = any && c->count[d] > 0;
    }
    return any;
}

/* Row-major offset of tap lo + index. */
static int64_t tap_offset(const xb_sliding *w, const xb_clip *c, const int64_t *index)
{
    int64_t at = 0;
    for (int d = 0; d < w->dims; d++) at = at * w->in[d] + c->start[d] + (c->lo[d] + index[d]) * w->dilation[d];
    return at;
}

static bool above(xb_class class, xb_cell a, xb_cell b)
{
    if (class == XB_CLASS_FLOAT) return a.f > b.f || (isnan(a.f) && !isnan(b.f));
    return class == XB_CLASS_UNSIGNED ? a.u > b.u : a.i > b.i;
}

static xb_cell lowest(xb_dtype t)
{
    switch (t) {
    case XB_I8:
        return (xb_cell){.i = INT8_MIN};
    case XB_I16:
        return (xb_cell){.i = INT16_MIN};
    case XB_I32:
        return (xb_cell){.i = INT32_MIN};
    case XB_I64:
        return (xb_cell){.i = INT64_MIN};
    default:
        return xb_is_float(t) ? (xb_cell){.f = -INFINITY} : (xb_cell){.u = 0};
    }
}

/* Offset of the greatest element of the window, the first of equals; -1 when it is empty. */
static int64_t greatest(const xb_sliding *w, const xb_clip *c, xb_class class, const xb_cell *plane)
{
    int64_t index[XB_SPATIAL] = {0}, best = tap_offset(w, c, index);
    while (xb_next_index(index, c->count, w->dims)) {
        int64_t at = tap_offset(w, c, index);
        if (above(class, plane[at], plane[best])) best = at;
    }
    return best;
}

/* Position in column-major order of the spatial dims. */
static int64_t column_major(const xb_sliding *w, int64_t at)
{
    int64_t to = 0, step = 1, coordinate[XB_SPATIAL];
    for (int d = w->dims - 1; d >= 0; d--) {
        coordinate[d] = at % w->in[d];
        at /= w->in[d];
    }
    for (int d = 0; d < w->dims; d++) {
        to += coordinate[d] * step;
        step *= w->in[d];
    }
    return to;
}

static bool keeps_planes(const xb_call *c)
{
    return c->in[0].type.dim[1] == c->out[0].type.dim[1] || xb_call_bad(c, "result has other channels");
}

bool xb_ref_max_pool(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    xb_dtype t = x->type.dtype;
    xb_sliding w;
    if (t == XB_BOOLEAN) return xb_call_refuse(c, t);
    if (!xb_sliding_read(c, NULL, &w) || !keeps_planes(c)) return false;
    bool wants_index = xb_call_wants(c, 1), columns = xb_call_int(c, "storage_order", 0) != 0;
    int64_t size = xb_product_of(w.in, w.dims), positions = xb_product_of(w.out, w.dims);
    int64_t planes = positions ? xb_span(&y->type, 0, 2) : 0;
    xb_cell *plane = xb_calloc((size_t)size + 1, sizeof *plane);
    for (int64_t p = 0; p < planes; p++) {
        int64_t position[XB_SPATIAL] = {0}, k = p * positions;
        xb_cells_load(plane, t, x->data, p * size, 1, size);
        do {
            xb_clip clip;
            int64_t best = clip_window(&w, position, &clip) ? greatest(&w, &clip, xb_class_of(t), plane) : -1;
            xb_cell v = best < 0 ? lowest(t) : plane[best];
            xb_cells_store(&v, t, y->data, k, 1, 1);
            if (wants_index)
                ((int64_t *)c->out[1].data)[k] = p * size + (best < 0 ? 0 : columns ? column_major(&w, best) : best);
            k++;
        } while (xb_next_index(position, w.out, w.dims));
    }
    free(plane);
    return true;
}

static double window_sum(const xb_sliding *w, const xb_clip *c, const xb_cell *plane, int64_t *n)
{
    int64_t index[XB_SPATIAL] = {0};
    double sum = 0;
    *n = 0;
    do {
        sum += plane[tap_offset(w, c, index)].f;
        ++*n;
    } while (xb_next_index(index, c->count, w->dims));
    return sum;
}

/* With count_include_pad the padding counts, but not what ceil_mode lets hang over it (as PyTorch). */
bool xb_ref_average_pool(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    xb_dtype t = x->type.dtype;
    xb_sliding w;
    if (!xb_is_float(t)) return xb_call_refuse(c, t);
    if (!xb_sliding_read(c, NULL, &w) || !keeps_planes(c)) return false;
    bool padded = xb_call_int(c, "count_include_pad", 0) != 0;
    int64_t size = xb_product_of(w.in, w.dims), positions = xb_product_of(w.out, w.dims);
    int64_t planes = positions ? xb_span(&y->type, 0, 2) : 0;
    xb_cell *plane = xb_calloc((size_t)size + 1, sizeof *plane);
    for (int64_t p = 0; p < planes; p++) {
        int64_t position[XB_SPATIAL] = {0}, k = p * positions;
        xb_cells_load(plane, t, x->data, p * size, 1, size);
        do {
            xb_clip clip;
            int64_t n;
            xb_cell v = {.f = 0};
            if (clip_window(&w, position, &clip)) {
                v.f = window_sum(&w, &clip, plane, &n);
                v.f /= (double)(padded ? clip.counted : n);
            }
            xb_cells_store(&v, t, y->data, k++, 1, 1);
        } while (xb_next_index(position, w.out, w.dims));
    }
    free(plane);
    return true;
}

bool xb_ref_global_pool(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    xb_dtype t = x->type.dtype;
    if (!xb_is_float(t)) return xb_call_refuse(c, t);
    if (x->type.rank < 2 || xb_type_count(&y->type) != xb_span(&x->type, 0, 2))
        return xb_call_bad(c, "input has rank %d", x->type.rank);
    int64_t size = xb_span(&x->type, 2, x->type.rank), planes = xb_span(&x->type, 0, 2);
    xb_cell *plane = xb_calloc((size_t)size + 1, sizeof *plane);
    for (int64_t p = 0; p < planes; p++) {
        xb_cell v = {.f = c->kind == XB_OP_GlobalMaxPool ? -INFINITY : 0};
        xb_cells_load(plane, t, x->data, p * size, 1, size);
        for (int64_t k = 0; k < size; k++) {
            if (c->kind == XB_OP_GlobalAveragePool)
                v.f += plane[k].f;
            else if (above(XB_CLASS_FLOAT, plane[k], v))
                v = plane[k];
        }
        if (c->kind == XB_OP_GlobalAveragePool) v.f /= (double)size;
        xb_cells_store(&v, t, y->data, p, 1, 1);
    }
    free(plane);
    return true;
}
