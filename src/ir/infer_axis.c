/* infer_axis.c: operators along axes. */
#include "ir/infer_walk.h"

/* Softmax and its like: the shape stays. */
bool xb_rule_axis_map(xb_walk *w, xb_type *out)
{
    int axis;
    *out = w->type[0];
    return xb_walk_want_float(w, 0) && xb_walk_rank(w, 0, 1, XB_MAX_RANK) && xb_walk_axis_attr(w, -1, out->rank, &axis);
}

static void drop_axes(xb_type *t, const bool on[XB_MAX_RANK], bool keep)
{
    int n = 0;
    for (int i = 0; i < t->rank; i++) {
        if (!on[i])
            t->dim[n++] = t->dim[i];
        else if (keep)
            t->dim[n++] = 1;
    }
    t->rank = n;
}

/* Axes from input 1, or from the attribute. */
static bool read_axes(xb_walk *w, int64_t list[XB_MAX_RANK], size_t *n)
{
    if (xb_walk_has(w, 1)) return xb_walk_numbers(w, 1, XB_MAX_RANK, list, n);
    const int64_t *axes;
    if (!xb_walk_ints(w, "axes", &axes, n)) return false;
    if (*n > XB_MAX_RANK) return xb_walk_error(w, "attribute", -1, "attribute 'axes' has %zu numbers", *n);
    for (size_t i = 0; i < *n; i++) list[i] = axes[i];
    return true;
}

bool xb_rule_reduce(xb_walk *w, xb_type *out)
{
    int64_t list[XB_MAX_RANK];
    size_t n;
    bool on[XB_MAX_RANK], keep, noop;
    *out = w->type[0];
    if (out->dtype == XB_BOOLEAN) return xb_walk_error(w, "dtype", 0, "bool is not a number");
    if (!read_axes(w, list, &n) || !xb_walk_axes(w, list, n, out->rank, on) ||
        !xb_walk_flag(w, "keepdims", true, &keep) || !xb_walk_flag(w, "noop_with_empty_axes", false, &noop))
        return false;
    if (n == 0 && noop) return true;
    for (int i = 0; n == 0 && i < out->rank; i++) on[i] = true;
    drop_axes(out, on, keep);
    return true;
}

bool xb_rule_arg(xb_walk *w, xb_type *out)
{
    bool on[XB_MAX_RANK] = {0}, keep, last;
    int axis;
    *out = w->type[0];
    if (!xb_walk_rank(w, 0, 1, XB_MAX_RANK) || !xb_walk_axis_attr(w, 0, out->rank, &axis) ||
        !xb_walk_flag(w, "keepdims", true, &keep) || !xb_walk_flag(w, "select_last_index", false, &last))
        return false;
    if (out->dim[axis] == 0)
        return xb_walk_error(w, "shape", 0, "%s has no elements along axis %d", xb_walk_show(w, out), axis);
    on[axis] = true;
    drop_axes(out, on, keep);
    out->dtype = XB_I64;
    return true;
}

bool xb_rule_cumsum(xb_walk *w, xb_type *out)
{
    bool flag;
    *out = w->type[0];
    if (!xb_walk_rank(w, 0, 1, XB_MAX_RANK) || !xb_walk_flag(w, "exclusive", false, &flag) ||
        !xb_walk_flag(w, "reverse", false, &flag))
        return false;
    const xb_type *t = &w->type[1];
    if (t->dtype != XB_I64 && t->dtype != XB_I32)
        return xb_walk_error(w, "dtype", 1, "%s is not an integer type", xb_dtype_name(t->dtype));
    if (xb_type_count(t) != 1) return xb_walk_error(w, "shape", 1, "%s is not a scalar", xb_walk_show(w, t));
    const xb_known *k = xb_walk_known(w, 1);
    int axis;
    return !k || k->e[0].sym || xb_walk_axis(w, k->e[0].v, out->rank, &axis);
}
