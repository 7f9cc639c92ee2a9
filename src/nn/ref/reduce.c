/* reduce.c: the Reduce family, over any set of axes. */
#include "nn/ref/kernel.h"
#include <math.h>
#include <string.h>

typedef struct xb_reduction {
    const xb_call *c;
    xb_class class;
    xb_cell *acc;     /* one an output element */
    double *top;      /* ReduceLogSumExp: greatest of each row */
    bool second;      /* its second walk, over exp(x - top) */
    int64_t gathered; /* elements that make one result */
} xb_reduction;

static void add_in(xb_kind kind, xb_class class, xb_cell *acc, xb_cell v)
{
    bool real = class == XB_CLASS_FLOAT;
    switch (kind) {
    case XB_OP_ReduceMax:
    case XB_OP_ReduceLogSumExp:
        if (real ? v.f > acc->f || isnan(v.f) : class == XB_CLASS_SIGNED ? v.i > acc->i : v.u > acc->u) *acc = v;
        break;
    case XB_OP_ReduceMin:
        if (real ? v.f < acc->f || isnan(v.f) : class == XB_CLASS_SIGNED ? v.i < acc->i : v.u < acc->u) *acc = v;
        break;
    case XB_OP_ReduceProd:
        if (real)
            acc->f *= v.f;
        else
            acc->u *= v.u;
        break;
    case XB_OP_ReduceL1:
        if (real)
            acc->f += fabs(v.f);
        else
            acc->u += class == XB_CLASS_SIGNED && v.i < 0 ? -v.u : v.u;
        break;
    case XB_OP_ReduceL2:
    case XB_OP_ReduceSumSquare:
        if (real)
            acc->f += v.f * v.f;
        else
            acc->u += v.u * v.u;
        break;
    default:
        if (real)
            acc->f += v.f;
        else
            acc->u += v.u;
    }
}

/* Operand 0 is the input, 1 the results (stride 0 along reduced axes). */
static void reduce_row(void *cx, const int64_t *offset, const int64_t *stride, int64_t count)
{
    const xb_reduction *r = cx;
    const xb_tensor *x = &r->c->in[0];
    for (int64_t k = 0; k < count; k += XB_BLOCK) {
        xb_cell v[XB_BLOCK];
        int64_t n = count - k < XB_BLOCK ? count - k : XB_BLOCK, to = offset[1] + k * stride[1];
        xb_cells_load(v, x->type.dtype, x->data, offset[0] + k * stride[0], stride[0], n);
        for (int64_t j = 0; j < n; j++, to += stride[1]) {
            if (r->second)
                r->acc[to].f += exp(v[j].f - r->top[to]);
            else
                add_in(r->c->kind, r->class, &r->acc[to], v[j]);
        }
    }
}

static xb_cell least(xb_dtype t)
{
    int bits = (int)xb_dtype_size(t) * 8;
    if (xb_is_float(t)) return (xb_cell){.f = -INFINITY};
    return xb_class_of(t) == XB_CLASS_SIGNED ? (xb_cell){.i = INT64_MIN >> (64 - bits)} : (xb_cell){.u = 0};
}

static xb_cell most(xb_dtype t)
{
    int bits = (int)xb_dtype_size(t) * 8;
    if (xb_is_float(t)) return (xb_cell){.f = INFINITY};
    return xb_class_of(t) == XB_CLASS_SIGNED ? (xb_cell){.i = INT64_MAX >> (64 - bits)}
                                             : (xb_cell){.u = UINT64_MAX >> (64 - bits)};
}

static xb_cell start_of(xb_kind kind, xb_dtype t)
{
    bool real = xb_is_float(t);
    if (kind == XB_OP_ReduceMax || kind == XB_OP_ReduceLogSumExp) return least(t);
    if (kind == XB_OP_ReduceMin) return most(t);
    if (kind == XB_OP_ReduceProd) return real ? (xb_cell){.f = 1} : (xb_cell){.i = 1};
    return real ? (xb_cell){.f = 0} : (xb_cell){.i = 0};
}

static void finish(const xb_reduction *r, xb_cell *v, double top)
{
    double n = (double)r->gathered;
    xb_cell real = *v;
    switch (r->c->kind) {
    case XB_OP_ReduceMean:
        if (r->class == XB_CLASS_FLOAT)
            v->f /= n;
        else if (r->class == XB_CLASS_SIGNED)
            v->i = r->gathered ? v->i / r->gathered : 0;
        else
            v->u = r->gathered ? v->u / (uint64_t)r->gathered : 0;
        return;
    case XB_OP_ReduceL2:
    case XB_OP_ReduceLogSum:
        xb_cells_convert(&real, r->class, XB_CLASS_FLOAT, 1);
        real.f = r->c->kind == XB_OP_ReduceL2 ? sqrt(real.f) : log(real.f);
        xb_cells_convert(&real, XB_CLASS_FLOAT, r->class, 1);
        *v = real;
        return;
    case XB_OP_ReduceLogSumExp:
        v->f = log(v->f) + top;
        return;
    default:
        return;
    }
}

/* Which axes go, from input 1 or the attribute; none named means all, unless noop_with_empty_axes. */
static bool read_axes(const xb_call *c, int rank, bool *gone)
{
    int64_t axes[XB_MAX_RANK];
    size_t n = 0;
    const xb_attr *a = xb_graph_attr(c->g, c->op, "axes");
    if (xb_call_has(c, 1)) {
        if (!xb_call_vector(c, 1, axes, XB_MAX_RANK, &n)) return false;
    } else if (a) {
        if (a->n > XB_MAX_RANK) return xb_call_bad(c, "too many axes");
        for (n = 0; n < a->n; n++) axes[n] = a->ints[n];
    }
    bool all = n == 0 && xb_call_int(c, "noop_with_empty_axes", 0) == 0;
    for (int d = 0; d < rank; d++) gone[d] = all;
    for (size_t i = 0; i < n; i++) {
        if (axes[i] < -rank || axes[i] >= rank) return xb_call_bad(c, "axis %lld of rank %d", (long long)axes[i], rank);
        gone[axes[i] < 0 ? axes[i] + rank : axes[i]] = true;
    }
    return true;
}

static bool logarithmic(xb_kind k)
{
    return k == XB_OP_ReduceLogSumExp;
}

/* Numbers that have no finite greatest value keep it: -inf of nothing, inf, NaN. */
static void second_walk(xb_reduction *r, const xb_type *x, const xb_strides_row *stride, int64_t count)
{
    r->top = xb_calloc((size_t)count + 1, sizeof *r->top);
    for (int64_t k = 0; k < count; k++) {
        r->top[k] = isfinite(r->acc[k].f) ? r->acc[k].f : 0;
        r->acc[k].f = 0;
    }
    r->second = true;
    xb_walk_rows(x->rank, x->dim, 2, stride, reduce_row, r);
}

bool xb_ref_reduce(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    xb_reduction r = {.c = c, .class = xb_class_of(x->type.dtype), .gathered = 1};
    bool gone[XB_MAX_RANK];
    xb_strides_row stride[2] = {{{0}}, {{0}}};
    if (r.class == XB_CLASS_BOOL || (logarithmic(c->kind) && r.class != XB_CLASS_FLOAT))
        return xb_call_refuse(c, x->type.dtype);
    if (!read_axes(c, x->type.rank, gone)) return false;
    xb_strides(&x->type, stride[0].of);
    int64_t count = 1;
    for (int d = x->type.rank - 1; d >= 0; d--) {
        stride[1].of[d] = gone[d] ? 0 : count;
        if (gone[d])
            r.gathered *= x->type.dim[d];
        else
            count *= x->type.dim[d];
    }
    if (count != xb_type_count(&y->type)) return xb_call_bad(c, "result has another shape");
    r.acc = xb_calloc((size_t)count + 1, sizeof *r.acc);
    for (int64_t k = 0; k < count; k++) r.acc[k] = start_of(c->kind, x->type.dtype);
    xb_walk_rows(x->type.rank, x->type.dim, 2, stride, reduce_row, &r);
    if (logarithmic(c->kind)) second_walk(&r, &x->type, stride, count);
    for (int64_t k = 0; k < count; k++) finish(&r, &r.acc[k], r.top ? r.top[k] : 0);
    xb_cells_store(r.acc, y->type.dtype, y->data, 0, 1, count);
    free(r.acc);
    free(r.top);
    return true;
}
