/* softmax.c: Softmax, LogSoftmax and Hardmax along an axis. */
#include "nn/ref/kernel.h"
#include <math.h>

static void soft(xb_cell *v, int64_t n, bool logarithm)
{
    double top = v[0].f, sum = 0;
    for (int64_t k = 1; k < n; k++) top = v[k].f > top ? v[k].f : top;
    for (int64_t k = 0; k < n; k++) sum += exp(v[k].f - top);
    double shift = logarithm ? top + log(sum) : top;
    for (int64_t k = 0; k < n; k++) v[k].f = logarithm ? v[k].f - shift : exp(v[k].f - shift) / sum;
}

static void hard(xb_cell *v, int64_t n)
{
    int64_t best = 0;
    for (int64_t k = 1; k < n; k++)
        if (v[k].f > v[best].f) best = k;
    for (int64_t k = 0; k < n; k++) v[k].f = k == best;
}

/* coerce_2d: opsets before 13 took all dimensions from the axis on as one row. */
bool xb_ref_softmax(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    int axis = 0, rank = x->type.rank;
    bool coerce = xb_call_int(c, "coerce_2d", 0) != 0;
    if (!xb_is_float(x->type.dtype)) return xb_call_refuse(c, x->type.dtype);
    if (!xb_call_keeps_size(c)) return false;
    if (rank > 0 && !xb_call_axis(c, coerce ? 1 : -1, coerce ? rank + 1 : rank, &axis)) return false;
    int64_t outer = xb_span(&x->type, 0, axis), n = rank ? xb_span(&x->type, axis, coerce ? rank : axis + 1) : 1;
    int64_t inner = coerce || !rank ? 1 : xb_span(&x->type, axis + 1, rank);
    xb_cell *v = xb_calloc((size_t)n + 1, sizeof *v);
    for (int64_t row = 0; n > 0 && row < outer * inner; row++) {
        int64_t first = row / inner * n * inner + row % inner;
        xb_cells_load(v, x->type.dtype, x->data, first, inner, n);
        if (c->kind == XB_OP_Hardmax)
            hard(v, n);
        else
            soft(v, n, c->kind == XB_OP_LogSoftmax);
        xb_cells_store(v, y->type.dtype, y->data, first, inner, n);
    }
    free(v);
    return true;
}
