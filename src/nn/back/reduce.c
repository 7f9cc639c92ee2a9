/* reduce.c: gradients of the Reduce family. */
#include "nn/back/kernel.h"
#include <math.h>

typedef struct xb_reduction {
    xb_kind kind;
    const xb_cell *x, *y, *g; /* y, g: one a result */
    xb_cell *dx;
    bool *taken;     /* ReduceMax, ReduceMin: by result: the first of equals is found */
    double *product; /* ReduceProd, by result: of what is not 0 */
    int64_t *zeros;  /* and how many are 0 */
    double gathered; /* elements that make one result */
} xb_reduction;

/* The product of the others: by division, but for zeros. */
static double others(const xb_reduction *r, int64_t to, double x)
{
    if (r->zeros[to] == 0) return r->product[to] / x;
    return r->zeros[to] == 1 && x == 0 ? r->product[to] : 0;
}

/* The first element that is the result takes all. */
static double first_equal(const xb_reduction *r, int64_t to, double x, double y)
{
    if (r->taken[to] || !(x == y || (isnan(x) && isnan(y)))) return 0;
    r->taken[to] = true;
    return 1;
}

/* d result / d element. */
static double slope(const xb_reduction *r, int64_t to, double x)
{
    double y = r->y[to].f;
    switch (r->kind) {
    case XB_OP_ReduceMean:
        return 1 / r->gathered;
    case XB_OP_ReduceProd:
        return others(r, to, x);
    case XB_OP_ReduceMax:
    case XB_OP_ReduceMin:
        return first_equal(r, to, x, y);
    case XB_OP_ReduceL1:
        return (x > 0) - (x < 0);
    case XB_OP_ReduceL2:
        return y == 0 ? 0 : x / y;
    case XB_OP_ReduceLogSum:
        return exp(-y);
    case XB_OP_ReduceLogSumExp:
        return exp(x - y);
    case XB_OP_ReduceSumSquare:
        return 2 * x;
    default:
        return 1;
    }
}

/* Operand 0 is the input, 1 the results (stride 0 along reduced axes). */
static void back_row(void *cx, const int64_t *offset, const int64_t *stride, int64_t n)
{
    const xb_reduction *r = cx;
    for (int64_t k = 0; k < n; k++) {
        int64_t at = offset[0] + k * stride[0], to = offset[1] + k * stride[1];
        r->dx[at].f = r->g[to].f * slope(r, to, r->x[at].f);
    }
}

static void product_row(void *cx, const int64_t *offset, const int64_t *stride, int64_t n)
{
    const xb_reduction *r = cx;
    for (int64_t k = 0; k < n; k++) {
        int64_t to = offset[1] + k * stride[1];
        double x = r->x[offset[0] + k * stride[0]].f;
        if (x == 0)
            r->zeros[to]++;
        else
            r->product[to] *= x;
    }
}

/* Which axes go: as the forward kernel reads them. */
static bool read_axes(const xb_call *c, int rank, bool *gone)
{
    int64_t axes[XB_MAX_RANK];
    size_t n = 0;
    const xb_attr *a = xb_graph_attr(c->g, c->op, "axes");
    if (xb_call_has(c, 1)) {
        if (!xb_call_vector(c, 1, axes, XB_MAX_RANK, &n)) return false;
    } else if (a && a->n) {
        n = a->n;
        if (n > XB_MAX_RANK || !xb_call_ints(c, "axes", 0, axes, n)) return xb_call_bad(c, "too many axes");
    }
    for (int d = 0; d < rank; d++) gone[d] = n == 0 && xb_call_int(c, "noop_with_empty_axes", 0) == 0;
    for (size_t i = 0; i < n; i++) {
        if (axes[i] < -rank || axes[i] >= rank) return xb_call_bad(c, "axis %lld of rank %d", (long long)axes[i], rank);
        gone[axes[i] < 0 ? axes[i] + rank : axes[i]] = true;
    }
    return true;
}

bool xb_back_reduce(const xb_back *b)
{
    const xb_type *x = &b->c.in[0].type;
    bool gone[XB_MAX_RANK];
    xb_strides_row stride[2] = {{{0}}, {{0}}};
    int64_t count = 1, gathered = 1;
    if (!read_axes(&b->c, x->rank, gone)) return false;
    xb_strides(x, stride[0].of);
    for (int d = x->rank - 1; d >= 0; d--) {
        stride[1].of[d] = gone[d] ? 0 : count;
        *(gone[d] ? &gathered : &count) *= x->dim[d];
    }
    if (count != xb_type_count(&b->c.out[0].type)) return xb_call_bad(&b->c, "result has another shape");
    xb_cell *vx = xb_cells_of(&b->c.in[0]), *vy = xb_cells_of(&b->c.out[0]), *g = xb_cells_of(&b->dout[0]);
    xb_reduction r = {b->c.kind, vx, vy, g, xb_back_sums(b, 0), NULL, NULL, NULL, (double)gathered};
    r.taken = xb_calloc((size_t)count, sizeof *r.taken);
    r.product = xb_calloc((size_t)count, sizeof *r.product);
    r.zeros = xb_calloc((size_t)count, sizeof *r.zeros);
    for (int64_t k = 0; k < count; k++) r.product[k] = 1;
    if (b->c.kind == XB_OP_ReduceProd) xb_walk_rows(x->rank, x->dim, 2, stride, product_row, &r);
    xb_walk_rows(x->rank, x->dim, 2, stride, back_row, &r);
    xb_back_give(b, 0, r.dx);
    free(vx);
    free(vy);
    free(g);
    free(r.taken);
    free(r.product);
    free(r.zeros);
    return true;
}
