/* pool.c: gradients of MaxPool, AveragePool and the global pools. */
#include "nn/back/kernel.h"
#include <math.h>

/* The forward kernel counts elements of storage_order 1 column by column: back to row-major, within a plane. */
static int64_t row_major(const xb_sliding *w, int64_t at)
{
    int64_t to = 0, step = xb_product_of(w->in, w->dims);
    for (int d = 0; d < w->dims; d++) {
        step /= w->in[d];
        to += at % w->in[d] * step;
        at /= w->in[d];
    }
    return to;
}

/* Where every maximum comes from: the forward kernel's second result. A window that lies in the padding alone has -inf
 * and no source: -1. false after a diagnostic. */
static bool sources(const xb_back *b, const xb_sliding *w, int64_t *source)
{
    const xb_tensor *x = &b->c.in[0], *y = &b->c.out[0];
    int64_t count = xb_type_count(&y->type), size = xb_product_of(w->in, w->dims);
    bool columns = xb_call_int(&b->c, "storage_order", 0) != 0;
    xb_tensor out[2] = {{.type = y->type}, {.type = y->type, .data = source}};
    xb_call again = b->c;
    if (!xb_tensor_alloc(&out[0], &y->type)) return xb_call_bad(&b->c, "too large");
    out[1].type.dtype = XB_I64;
    again.out = out;
    again.n_out = 2;
    bool ok = xb_ref_max_pool(&again);
    for (int64_t k = 0; ok && k < count; k++) {
        if (columns) source[k] = source[k] / size * size + row_major(w, source[k] % size);
        double top = xb_tensor_get(&out[0], (size_t)k);
        if (isinf(top) && top < 0 && xb_tensor_get(x, (size_t)source[k]) > top) source[k] = -1;
    }
    xb_tensor_free(&out[0]);
    return ok;
}

bool xb_back_max_pool(const xb_back *b)
{
    xb_sliding w;
    if (!xb_sliding_read(&b->c, NULL, &w)) return false;
    int64_t count = xb_type_count(&b->c.out[0].type);
    int64_t *source = xb_calloc((size_t)count, sizeof *source);
    bool ok = sources(b, &w, source);
    xb_cell *dy = xb_cells_of(&b->dout[0]), *sums = xb_back_sums(b, 0);
    for (int64_t k = 0; ok && k < count; k++)
        if (source[k] >= 0) sums[source[k]].f += dy[k].f;
    xb_back_give(b, 0, sums);
    free(dy);
    free(source);
    return ok;
}

/* Taps start, start + dilation, ... of which count lie in the array, per dimension. */
typedef struct xb_covered {
    int64_t start[XB_SPATIAL], count[XB_SPATIAL];
    int64_t elements, padded; /* taps in the array; in the padded array */
} xb_covered;

/* How many taps lie below the bound. */
static int64_t taps_below(int64_t start, int64_t dilation, int64_t kernel, int64_t bound)
{
    int64_t n = bound <= start ? 0 : (bound - start + dilation - 1) / dilation;
    return n < kernel ? n : kernel;
}

static xb_covered covered_by(const xb_sliding *w, const int64_t *position)
{
    xb_covered c = {.elements = 1, .padded = 1};
    for (int d = 0; d < w->dims; d++) {
        int64_t start = position[d] * w->stride[d] - w->before[d];
        int64_t out = taps_below(start, w->dilation[d], w->kernel[d], 0);
        c.start[d] = start + out * w->dilation[d];
        c.count[d] = taps_below(start, w->dilation[d], w->kernel[d], w->in[d]) - out;
        c.elements *= c.count[d] > 0 ? c.count[d] : 0;
        c.padded *= taps_below(start, w->dilation[d], w->kernel[d], w->in[d] + w->after[d]);
    }
    return c;
}

static void share_out(const xb_sliding *w, const xb_covered *c, double share, xb_cell *plane)
{
    int64_t index[XB_SPATIAL] = {0};
    do {
        int64_t at = 0;
        for (int d = 0; d < w->dims; d++) at = at * w->in[d] + c->start[d] + index[d] * w->dilation[d];
        plane[at].f += share;
    } while (xb_next_index(index, c->count, w->dims));
}

bool xb_back_average_pool(const xb_back *b)
{
    xb_sliding w;
    if (!xb_sliding_read(&b->c, NULL, &w)) return false;
    bool padded = xb_call_int(&b->c, "count_include_pad", 0) != 0;
    int64_t size = xb_product_of(w.in, w.dims), planes = xb_span(&b->c.out[0].type, 0, 2);
    xb_cell *sums = xb_back_sums(b, 0), *all = xb_cells_of(&b->dout[0]), *dy = all;
    for (int64_t p = 0; p < planes; p++) {
        int64_t position[XB_SPATIAL] = {0};
        do {
            xb_covered c = covered_by(&w, position);
            if (c.elements > 0) share_out(&w, &c, dy->f / (double)(padded ? c.padded : c.elements), sums + p * size);
            dy++;
        } while (xb_next_index(position, w.out, w.dims));
    }
    xb_back_give(b, 0, sums);
    free(all);
    return true;
}

static bool above(double a, double b)
{
    return a > b || (isnan(a) && !isnan(b));
}

bool xb_back_global_pool(const xb_back *b)
{
    const xb_type *x = &b->c.in[0].type;
    int64_t planes = xb_span(x, 0, 2), size = xb_span(x, 2, x->rank);
    xb_cell *v = xb_cells_of(&b->c.in[0]), *dy = xb_cells_of(&b->dout[0]);
    for (int64_t p = 0; p < planes; p++) {
        xb_cell *plane = v + p * size;
        int64_t best = 0;
        for (int64_t k = 1; k < size; k++)
            if (above(plane[k].f, plane[best].f)) best = k;
        bool mean = b->c.kind == XB_OP_GlobalAveragePool;
        for (int64_t k = 0; k < size; k++) plane[k].f = mean ? dy[p].f / (double)size : k == best ? dy[p].f : 0;
    }
    xb_back_give(b, 0, v);
    free(dy);
    return true;
}
