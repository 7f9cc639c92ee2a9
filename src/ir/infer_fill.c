/* infer_fill.c: values made from shapes and scalars. */
#include "ir/infer_walk.h"
#include "ir/tensor.h"
#include <math.h>
#include <string.h>

static int64_t clamp_axis(int64_t v, int rank)
{
    if (v < 0) v += rank;
    return v < 0 ? 0 : v > rank ? rank : v;
}

bool xb_rule_shape(xb_walk *w, xb_type *out)
{
    int64_t start, end;
    int rank = w->type[0].rank;
    if (!xb_walk_int(w, "start", 0, INT32_MIN, INT32_MAX, &start) ||
        !xb_walk_int(w, "end", rank, INT32_MIN, INT64_MAX, &end))
        return false;
    start = clamp_axis(start, rank);
    end = clamp_axis(end, rank);
    *out = (xb_type){.dtype = XB_I64, .rank = 1, .dim = {end > start ? end - start : 0}};
    return true;
}

bool xb_rule_size(xb_walk *w, xb_type *out)
{
    xb_num n;
    *out = (xb_type){.dtype = XB_I64};
    return xb_walk_product(w, w->type[0].dim, w->type[0].rank, &n);
}

bool xb_rule_constant_of_shape(xb_walk *w, xb_type *out)
{
    const xb_num *to;
    size_t n;
    int64_t dtype;
    const xb_attr *value = xb_graph_attr(w->g, w->op, "value");
    bool real = !value || value->type == XB_ATTR_FLOAT || value->type == XB_ATTR_FLOATS;
    if (!xb_walk_vector(w, 0, XB_MAX_RANK, &to, &n) || !xb_walk_int(w, "dtype", real ? 1 : 7, 1, 16, &dtype))
        return false;
    out->dtype = xb_dtype_of_onnx(dtype);
    if (out->dtype == XB_NONE)
        return xb_walk_error(w, "attribute", -1, "attribute 'dtype' = %lld is not a supported element type",
                             (long long)dtype);
    for (size_t i = 0; i < n; i++)
        if (!xb_walk_dim_of(w, to[i], &out->dim[out->rank++])) return false;
    return true;
}

bool xb_rule_eye_like(xb_walk *w, xb_type *out)
{
    int64_t dtype, k;
    *out = w->type[0];
    if (!xb_walk_rank(w, 0, 2, 2) || !xb_walk_int(w, "dtype", 0, 0, 16, &dtype) ||
        !xb_walk_int(w, "k", 0, INT64_MIN, INT64_MAX, &k))
        return false;
    if (!xb_graph_attr(w->g, w->op, "dtype")) return true;
    out->dtype = xb_dtype_of_onnx(dtype);
    return out->dtype != XB_NONE ||
           xb_walk_error(w, "attribute", -1, "attribute 'dtype' = %lld is not a supported element type",
                         (long long)dtype);
}

/* ceil((limit - start) / delta) of numbers in the graph, as ONNX counts: in double. */
static bool range_of_reals(xb_walk *w, int64_t *n)
{
    double v[3];
    for (size_t i = 0; i < 3; i++) {
        if (!xb_graph_is_const(w->g, w->in[i]))
            return xb_walk_error(w, "shape-dynamic", (int)i,
                                 "is computed from the data, but the shape of the result depends on it");
        int64_t bits = 0; /* a view of the file need not be aligned */
        memcpy(&bits, xb_graph_data(w->g, w->in[i]), xb_dtype_size(w->type[i].dtype));
        v[i] = xb_scalar_get(w->type[i].dtype, &bits, 0);
    }
    double count = ceil((v[1] - v[0]) / v[2]);
    if (v[2] == 0 || isnan(count) || count > (double)XB_MAX_COUNT)
        return xb_walk_error(w, "shape", 2, "%g is not a step from %g to %g", v[2], v[0], v[1]);
    *n = count > 0 ? (int64_t)count : 0;
    return true;
}

/* The same for integers and sizes. */
static bool range_of_sizes(xb_walk *w, const xb_num v[3], int64_t *n)
{
    xb_num span;
    if (v[2].sym)
        return xb_walk_error(w, "shape-dynamic", 2, "depends on the symbolic size '%s'", xb_walk_dim(w, v[2].v));
    if (v[2].v == 0 || v[2].v < -XB_MAX_ATTR || v[2].v > XB_MAX_ATTR)
        return xb_walk_error(w, "shape", 2, "%lld is not a step", (long long)v[2].v);
    int64_t step = v[2].v < 0 ? -v[2].v : v[2].v;
    bool ok = v[2].v > 0 ? xb_num_sub(w->dims, v[1], v[0], &span) : xb_num_sub(w->dims, v[0], v[1], &span);
    if (!ok || !xb_num_add(w->dims, span, xb_num_int(step - 1), &span) || !xb_num_floor_div(w->dims, span, step, &span))
        return xb_walk_error(w, "shape", -1, "the range is too large");
    if (!span.sym && span.v < 0) span.v = 0;
    *n = span.v;
    return true;
}

bool xb_rule_range(xb_walk *w, xb_type *out)
{
    xb_num v[3];
    bool all = true;
    for (size_t i = 0; i < 3; i++) {
        if (!xb_walk_want_same(w, 0, i)) return false;
        if (xb_type_count(&w->type[i]) != 1)
            return xb_walk_error(w, "shape", (int)i, "%s is not a scalar", xb_walk_show(w, &w->type[i]));
        if (w->type[i].dtype == XB_BOOLEAN) return xb_walk_error(w, "dtype", (int)i, "bool is not a number");
        const xb_known *k = xb_walk_known(w, i);
        if (k)
            v[i] = k->e[0];
        else
            all = false;
    }
    *out = (xb_type){.dtype = w->type[0].dtype, .rank = 1};
    return all ? range_of_sizes(w, v, &out->dim[0]) : range_of_reals(w, &out->dim[0]);
}
