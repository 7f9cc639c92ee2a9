/* scan.c: along one axis, element by element: ArgMax, ArgMin, CumSum. */
#include "nn/ref/kernel.h"
#include <math.h>

/* Does a come before b? NaN comes first of all. */
static bool ahead(xb_class class, bool greatest, xb_cell a, xb_cell b)
{
    if (class == XB_CLASS_FLOAT) return (greatest ? a.f > b.f : a.f < b.f) || (isnan(a.f) && !isnan(b.f));
    if (class == XB_CLASS_UNSIGNED) return greatest ? a.u > b.u : a.u < b.u;
    return greatest ? a.i > b.i : a.i < b.i;
}

bool xb_ref_arg(const xb_call *c)
{
    const xb_tensor *x = &c->in[0];
    xb_class class = xb_class_of(x->type.dtype);
    bool greatest = c->kind == XB_OP_ArgMax, last = xb_call_int(c, "select_last_index", 0) != 0;
    int axis;
    if (class == XB_CLASS_BOOL) return xb_call_refuse(c, x->type.dtype);
    if (!xb_call_axis(c, 0, x->type.rank, &axis)) return false;
    int64_t outer = xb_span(&x->type, 0, axis), n = x->type.dim[axis],
            inner = xb_span(&x->type, axis + 1, x->type.rank);
    if (xb_type_count(&c->out[0].type) != outer * inner) return xb_call_bad(c, "result has another size");
    if (n == 0 && outer * inner > 0) return xb_call_bad(c, "axis %d has no elements", axis);
    xb_cell *v = xb_calloc((size_t)n + 1, sizeof *v);
    for (int64_t row = 0; row < outer * inner; row++) {
        int64_t best = 0;
        xb_cells_load(v, x->type.dtype, x->data, row / inner * n * inner + row % inner, inner, n);
        for (int64_t k = 1; k < n; k++)
            if (ahead(class, greatest, v[k], v[best]) || (last && !ahead(class, greatest, v[best], v[k]))) best = k;
        ((int64_t *)c->out[0].data)[row] = best;
    }
    free(v);
    return true;
}

static void accumulate(xb_cell *v, int64_t n, bool real, bool exclusive, bool reverse)
{
    xb_cell sum = real ? (xb_cell){.f = 0} : (xb_cell){.u = 0};
    for (int64_t k = 0; k < n; k++) {
        xb_cell *at = &v[reverse ? n - 1 - k : k], before = sum;
        if (real)
            sum.f += at->f;
        else
            sum.u += at->u;
        *at = exclusive ? before : sum;
    }
}

bool xb_ref_cumsum(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    xb_dtype t = x->type.dtype;
    int64_t axis = 0;
    size_t numbers = 0;
    if (xb_class_of(t) == XB_CLASS_BOOL) return xb_call_refuse(c, t);
    if (!xb_call_keeps_size(c) || !xb_call_vector(c, 1, &axis, 1, &numbers)) return false;
    if (numbers != 1 || axis < -x->type.rank || axis >= x->type.rank)
        return xb_call_bad(c, "axis %lld of rank %d", (long long)axis, x->type.rank);
    int a = (int)(axis < 0 ? axis + x->type.rank : axis);
    bool exclusive = xb_call_int(c, "exclusive", 0) != 0, reverse = xb_call_int(c, "reverse", 0) != 0;
    int64_t outer = xb_span(&x->type, 0, a), n = x->type.dim[a], inner = xb_span(&x->type, a + 1, x->type.rank);
    xb_cell *v = xb_calloc((size_t)n + 1, sizeof *v);
    for (int64_t row = 0; row < outer * inner; row++) {
        int64_t first = row / inner * n * inner + row % inner;
        xb_cells_load(v, t, x->data, first, inner, n);
        accumulate(v, n, xb_is_float(t), exclusive, reverse);
        xb_cells_store(v, y->type.dtype, y->data, first, inner, n);
    }
    free(v);
    return true;
}
