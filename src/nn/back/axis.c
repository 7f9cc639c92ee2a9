/* axis.c: gradients along an axis: Softmax, LogSoftmax, CumSum. */
#include "nn/back/kernel.h"
#include <math.h>

/* Rows of n elements, `inner` apart. */
typedef struct xb_rows {
    int64_t count, n, inner;
} xb_rows;

static xb_rows rows_of(const xb_type *t, int axis, int behind)
{
    xb_rows r = {.n = xb_span(t, axis, behind), .inner = xb_span(t, behind, t->rank)};
    r.count = xb_span(t, 0, axis) * r.inner;
    return r;
}

static int64_t first_of(const xb_rows *r, int64_t row)
{
    return row / r->inner * r->n * r->inner + row % r->inner;
}

/* y = softmax x: dx = y (dy - sum y dy); y = log softmax x: dx = dy - e^y sum dy. */
static void soft(const xb_cell *y, xb_cell *g, int64_t n, bool logarithm)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++) sum += logarithm ? g[k].f : y[k].f * g[k].f;
    for (int64_t k = 0; k < n; k++) g[k].f = logarithm ? g[k].f - exp(y[k].f) * sum : y[k].f * (g[k].f - sum);
}

bool xb_back_softmax(const xb_back *b)
{
    const xb_tensor *y = &b->c.out[0], *dy = &b->dout[0], *dx = &b->din[0];
    int axis = 0, rank = y->type.rank;
    bool coerce = xb_call_int(&b->c, "coerce_2d", 0) != 0;
    if (rank > 0 && !xb_call_axis(&b->c, coerce ? 1 : -1, coerce ? rank + 1 : rank, &axis)) return false;
    xb_rows r = rows_of(&y->type, axis, coerce || !rank ? rank : axis + 1);
    xb_cell *v = xb_calloc((size_t)r.n, sizeof *v), *g = xb_calloc((size_t)r.n, sizeof *g);
    for (int64_t row = 0; row < r.count; row++) {
        int64_t first = first_of(&r, row);
        xb_cells_load(v, y->type.dtype, y->data, first, r.inner, r.n);
        xb_cells_load(g, dy->type.dtype, dy->data, first, r.inner, r.n);
        soft(v, g, r.n, b->c.kind == XB_OP_LogSoftmax);
        xb_cells_store(g, dx->type.dtype, dx->data, first, r.inner, r.n);
    }
    free(v);
    free(g);
    return true;
}

/* Every sum to the other end. */
static void accumulate(xb_cell *g, int64_t n, bool exclusive, bool from_front)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++) {
        xb_cell *at = &g[from_front ? k : n - 1 - k];
        double before = sum;
        sum += at->f;
        at->f = exclusive ? before : sum;
    }
}

bool xb_back_cumsum(const xb_back *b)
{
    const xb_tensor *dy = &b->dout[0], *dx = &b->din[0];
    int64_t axis = 0;
    size_t numbers;
    if (!xb_call_vector(&b->c, 1, &axis, 1, &numbers)) return false;
    int a = (int)(axis < 0 ? axis + dy->type.rank : axis);
    bool exclusive = xb_call_int(&b->c, "exclusive", 0) != 0, reverse = xb_call_int(&b->c, "reverse", 0) != 0;
    xb_rows r = rows_of(&dy->type, a, a + 1);
    xb_cell *g = xb_calloc((size_t)r.n, sizeof *g);
    for (int64_t row = 0; row < r.count; row++) {
        xb_cells_load(g, dy->type.dtype, dy->data, first_of(&r, row), r.inner, r.n);
        accumulate(g, r.n, exclusive, reverse);
        xb_cells_store(g, dx->type.dtype, dx->data, first_of(&r, row), r.inner, r.n);
    }
    free(g);
    return true;
}
