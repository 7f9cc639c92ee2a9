/* infer_slice.c: Slice. Ends that lie outside are clamped; of a symbolic size we take that it is long enough for the
 * ends that are named. */
#include "ir/infer_walk.h"

static const int64_t FAR = INT32_MAX; /* exporters write "to the end" as one of the extreme integers */

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static int64_t slice_known(int64_t size, int64_t start, int64_t end, int64_t step)
{
    if (size == 0) return 0;
    if (start < 0) start += size;
    if (end < 0) end += size;
    if (step > 0) {
        start = clamp(start, 0, size);
        end = clamp(end, 0, size);
        return start < end ? (end - start - 1) / step + 1 : 0;
    }
    start = clamp(start, 0, size - 1);
    end = clamp(end, -1, size - 1);
    return start > end ? (start - end - 1) / -clamp(step, -INT64_MAX, -1) + 1 : 0;
}

/* Place v (of start or end) counted from 0, `past` standing for one beyond the last (or before the first) element. */
static xb_num place(xb_walk *w, xb_num size, xb_num v, xb_num first, xb_num past)
{
    xb_num r = v;
    if (v.sym) return xb_num_same(v, size) ? v : xb_num_min(w->dims, size, v);
    if (v.v >= FAR) return past;
    if (v.v <= -FAR) return first;
    if (v.v < 0)
        xb_num_add(w->dims, size, v, &r);
    else
        r = xb_num_min(w->dims, past, v);
    return r;
}

static bool slice_symbolic(xb_walk *w, xb_num size, xb_num start, xb_num end, int64_t step, int64_t *out)
{
    xb_num zero = xb_num_int(0), last, a, b, v;
    if (step < -XB_MAX_ATTR || step > XB_MAX_ATTR)
        return xb_walk_error(w, "shape", 4, "%lld is not a step", (long long)step);
    xb_num_sub(w->dims, size, xb_num_int(1), &last);
    if (step > 0) {
        a = !start.sym && start.v >= 0 && start.v < FAR ? start : place(w, size, start, zero, size);
        b = place(w, size, end, zero, size);
    } else {
        a = place(w, size, end, xb_num_int(-1), last); /* exclusive */
        b = place(w, size, start, xb_num_int(-1), last);
        step = -step;
    }
    xb_num_sub(w->dims, b, a, &v);
    xb_num_add(w->dims, v, xb_num_int(step - 1), &v);
    xb_num_floor_div(w->dims, v, step, &v);
    if (!v.sym && v.v < 0) v.v = 0;
    return xb_walk_dim_of(w, v, out);
}

bool xb_rule_slice(xb_walk *w, xb_type *out)
{
    const xb_num *start, *end;
    int64_t axes[XB_MAX_RANK], steps[XB_MAX_RANK];
    size_t n, n_end, n_axes, n_steps;
    bool on[XB_MAX_RANK];
    *out = w->type[0];
    if (!xb_walk_rank(w, 0, 1, XB_MAX_RANK) || !xb_walk_vector(w, 1, XB_MAX_RANK, &start, &n) ||
        !xb_walk_vector(w, 2, XB_MAX_RANK, &end, &n_end))
        return false;
    n_axes = n_steps = n;
    for (size_t i = 0; i < n; i++) axes[i] = (int64_t)i, steps[i] = 1;
    if ((xb_walk_has(w, 3) && !xb_walk_numbers(w, 3, XB_MAX_RANK, axes, &n_axes)) ||
        (xb_walk_has(w, 4) && !xb_walk_numbers(w, 4, XB_MAX_RANK, steps, &n_steps)))
        return false;
    if (n_end != n || n_axes != n || n_steps != n)
        return xb_walk_error(w, "shape", -1, "starts, ends, axes and steps differ in length: %zu, %zu, %zu, %zu", n,
                             n_end, n_axes, n_steps);
    if (!xb_walk_axes(w, axes, n, out->rank, on)) return false;
    for (size_t i = 0; i < n; i++) {
        int64_t *dim = &out->dim[axes[i] < 0 ? axes[i] + out->rank : axes[i]];
        if (steps[i] == 0) return xb_walk_error(w, "shape", 4, "a step is 0");
        if (*dim >= 0 && !start[i].sym && !end[i].sym)
            *dim = slice_known(*dim, start[i].v, end[i].v, steps[i]);
        else if (!slice_symbolic(w, xb_num_of_dim(*dim), start[i], end[i], steps[i], dim))
            return false;
    }
    return true;
}
