/* infer_reshape.c: Reshape and its relatives, whose result shape is named by an input. */
#include "ir/infer_walk.h"

static bool resolve_zero(xb_walk *w, const xb_type *x, int i, xb_type *out)
{
    if (i >= x->rank)
        return xb_walk_error(w, "shape", 1, "0 at place %d copies a dimension that %s does not have", i,
                             xb_walk_show(w, x));
    out->dim[i] = x->dim[i];
    return true;
}

/* The size in place of -1: what is left of the elements. */
static bool resolve_rest(xb_walk *w, const xb_type *x, int at, xb_type *out)
{
    xb_num all, rest, q;
    out->dim[at] = 1;
    if (!xb_walk_product(w, x->dim, x->rank, &all) || !xb_walk_product(w, out->dim, out->rank, &rest)) return false;
    bool whole = rest.sym || all.sym || (rest.v != 0 && all.v % rest.v == 0);
    if (!whole || !xb_num_div(w->dims, all, rest, &q))
        return xb_walk_error(w, "shape", 1, "%s does not divide by the %s elements that the target names",
                             xb_walk_show(w, x), xb_walk_dim(w, rest.v));
    return xb_walk_dim_of(w, q, &out->dim[at]);
}

static bool check_count(xb_walk *w, const xb_type *x, const xb_type *out)
{
    xb_num a, b;
    int sign;
    if (!xb_walk_product(w, x->dim, x->rank, &a) || !xb_walk_product(w, out->dim, out->rank, &b)) return false;
    bool differ = xb_num_compare(w->dims, a, b, &sign) && sign != 0 && ((!a.sym && !b.sym) || (a.v != 0 && b.v != 0));
    return !differ ||
           xb_walk_error(w, "shape", 1, "%s cannot be reshaped to %s", xb_walk_show(w, x), xb_walk_show(w, out));
}

bool xb_rule_reshape(xb_walk *w, xb_type *out)
{
    const xb_type *x = &w->type[0];
    const xb_num *to;
    size_t n;
    bool allow_zero;
    int rest = -1;
    if (!xb_walk_vector(w, 1, XB_MAX_RANK, &to, &n) || !xb_walk_flag(w, "allowzero", false, &allow_zero)) return false;
    if (w->type[1].rank != 1) return xb_walk_error(w, "shape", 1, "%s is not a vector", xb_walk_show(w, &w->type[1]));
    *out = (xb_type){.dtype = x->dtype, .rank = (int)n};
    for (int i = 0; i < out->rank; i++) {
        out->dim[i] = to[i].v;
        if (to[i].sym) continue;
        if (to[i].v == 0 && !allow_zero && !resolve_zero(w, x, i, out)) return false;
        if (to[i].v == -1 && rest >= 0) return xb_walk_error(w, "shape", 1, "-1 stands at places %d and %d", rest, i);
        if (to[i].v == -1) rest = i;
        if (to[i].v < -1) return xb_walk_error(w, "shape", 1, "%lld is not a size", (long long)to[i].v);
    }
    return rest >= 0 ? resolve_rest(w, x, rest, out) : check_count(w, x, out);
}

bool xb_rule_flatten(xb_walk *w, xb_type *out)
{
    const xb_type *x = &w->type[0];
    int64_t axis;
    xb_num a, b;
    if (!xb_walk_int(w, "axis", 1, -x->rank, x->rank, &axis)) return false;
    if (axis > x->rank) return xb_walk_error(w, "attribute", 0, "a scalar has no axis 1");
    if (axis < 0) axis += x->rank;
    if (!xb_walk_product(w, x->dim, (int)axis, &a) || !xb_walk_product(w, x->dim + axis, x->rank - (int)axis, &b))
        return false;
    *out = (xb_type){.dtype = x->dtype, .rank = 2, .dim = {a.v, b.v}};
    return true;
}

bool xb_rule_squeeze(xb_walk *w, xb_type *out)
{
    const xb_type *x = &w->type[0];
    bool on[XB_MAX_RANK] = {0};
    int64_t list[XB_MAX_RANK];
    size_t n;
    *out = *x;
    if (xb_walk_has(w, 1)) {
        if (!xb_walk_numbers(w, 1, XB_MAX_RANK, list, &n) || !xb_walk_axes(w, list, n, x->rank, on)) return false;
    } else {
        for (int i = 0; i < x->rank; i++) on[i] = x->dim[i] == 1;
    }
    out->rank = 0;
    for (int i = 0; i < x->rank; i++) {
        if (on[i] && x->dim[i] >= 0 && x->dim[i] != 1)
            return xb_walk_error(w, "shape", 0, "dimension %d of %s is not 1", i, xb_walk_show(w, x));
        if (!on[i]) out->dim[out->rank++] = x->dim[i];
    }
    return true;
}

bool xb_rule_unsqueeze(xb_walk *w, xb_type *out)
{
    const xb_type *x = &w->type[0];
    bool on[XB_MAX_RANK];
    int64_t list[XB_MAX_RANK];
    size_t n;
    if (!xb_walk_numbers(w, 1, XB_MAX_RANK, list, &n)) return false;
    if (x->rank + (int)n > XB_MAX_RANK)
        return xb_walk_error(w, "shape", 1, "the result would have %d dimensions, more than %d", x->rank + (int)n,
                             XB_MAX_RANK);
    if (!xb_walk_axes(w, list, n, x->rank + (int)n, on)) return false;
    *out = (xb_type){.dtype = x->dtype, .rank = x->rank + (int)n};
    for (int i = 0, k = 0; i < out->rank; i++) out->dim[i] = on[i] ? 1 : x->dim[k++];
    return true;
}

bool xb_rule_expand(xb_walk *w, xb_type *out)
{
    const xb_num *to;
    size_t n;
    xb_type t = {.dtype = w->type[0].dtype};
    if (!xb_walk_vector(w, 1, XB_MAX_RANK, &to, &n)) return false;
    for (size_t i = 0; i < n; i++)
        if (!xb_walk_dim_of(w, to[i], &t.dim[t.rank++])) return false;
    *out = w->type[0];
    return xb_walk_broadcast(w, 1, out, &t);
}

bool xb_rule_tile(xb_walk *w, xb_type *out)
{
    const xb_num *times;
    size_t n;
    *out = w->type[0];
    if (!xb_walk_vector(w, 1, XB_MAX_RANK, &times, &n)) return false;
    if (n != (size_t)out->rank)
        return xb_walk_error(w, "shape", 1, "holds %zu numbers for %s", n, xb_walk_show(w, out));
    for (size_t i = 0; i < n; i++) {
        xb_num v;
        if (!times[i].sym && times[i].v < 0)
            return xb_walk_error(w, "shape", 1, "%lld is not a number of copies", (long long)times[i].v);
        if (!xb_num_mul(w->dims, xb_num_of_dim(out->dim[i]), times[i], &v))
            return xb_walk_error(w, "shape", 1, "the result is too large");
        out->dim[i] = v.v;
    }
    return true;
}
