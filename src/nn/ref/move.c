/* move.c: what moves elements of any type to places known from the shapes alone. */
#include "nn/ref/kernel.h"
#include <string.h>

bool xb_ref_reshape(const xb_call *c)
{
    size_t from, to;
    if (!xb_type_bytes(&c->in[0].type, &from) || !xb_type_bytes(&c->out[0].type, &to) || from != to)
        return xb_call_bad(c, "result has another size");
    if (to) memcpy(c->out[0].data, c->in[0].data, to);
    return true;
}

/* Result dimension d is source dimension perm[d]; `dim` is the source's shape. */
static void permute(const xb_call *c, int rank, const int64_t *dim, const int *perm)
{
    int64_t src[XB_WALK_DIMS], dst[XB_WALK_DIMS], size[XB_WALK_DIMS], from[XB_WALK_DIMS], step = 1;
    for (int d = rank - 1; d >= 0; d--) {
        src[d] = step;
        step *= dim[d];
    }
    step = 1;
    for (int d = rank - 1; d >= 0; d--) {
        size[d] = dim[perm[d]];
        from[d] = src[perm[d]];
        dst[d] = step;
        step *= size[d];
    }
    xb_copy(rank, size, xb_dtype_size(c->out[0].type.dtype), c->out[0].data, dst, c->in[0].data, from);
}

bool xb_ref_transpose(const xb_call *c)
{
    const xb_type *x = &c->in[0].type, *y = &c->out[0].type;
    int64_t listed[XB_MAX_RANK];
    int perm[XB_MAX_RANK];
    const xb_attr *given = xb_graph_attr(c->g, c->op, "perm");
    bool used[XB_MAX_RANK] = {false};
    if (given && given->n == 0) given = NULL;
    if (!xb_call_ints(c, "perm", 0, listed, (size_t)x->rank)) return false;
    for (int d = 0; d < x->rank; d++) {
        int64_t from = given ? listed[d] : x->rank - 1 - d;
        if (from < 0 || from >= x->rank || used[from] || y->rank != x->rank || y->dim[d] != x->dim[from])
            return xb_call_bad(c, "perm does not fit the shapes");
        used[from] = true;
        perm[d] = (int)from;
    }
    permute(c, x->rank, x->dim, perm);
    return true;
}

bool xb_ref_depth_space(const xb_call *c)
{
    static const int dcr[6] = {0, 3, 4, 1, 5, 2}, crd[6] = {0, 1, 4, 2, 5, 3}, depth[6] = {0, 3, 5, 1, 2, 4};
    const xb_type *x = &c->in[0].type;
    int64_t b = xb_call_int(c, "blocksize", 0);
    bool to_space = c->kind == XB_OP_DepthToSpace, by_column = xb_call_text(c, "mode", "CRD");
    if (x->rank != 4 || b < 1 || b > INT32_MAX || (to_space ? x->dim[1] % (b * b) : x->dim[2] % b || x->dim[3] % b))
        return xb_call_bad(c, "blocksize %lld does not fit the input", (long long)b);
    int64_t n = x->dim[0], channels = x->dim[1], h = x->dim[2], w = x->dim[3];
    if (!to_space)
        permute(c, 6, (int64_t[]){n, channels, h / b, b, w / b, b}, depth);
    else if (by_column)
        permute(c, 6, (int64_t[]){n, channels / (b * b), b, b, h, w}, crd);
    else
        permute(c, 6, (int64_t[]){n, b, b, channels / (b * b), h, w}, dcr);
    return true;
}

/* Blocks of `part` between a whole of rows `whole` bytes long, at byte `at` of each. */
static void move_part(const xb_tensor *whole, const xb_tensor *part, int axis, int64_t at, bool into)
{
    size_t size = xb_dtype_size(whole->type.dtype),
           inner = (size_t)xb_span(&whole->type, axis + 1, whole->type.rank) * size;
    size_t long_row = (size_t)whole->type.dim[axis] * inner, row = (size_t)part->type.dim[axis] * inner;
    int64_t rows = xb_span(&whole->type, 0, axis);
    for (int64_t r = 0; row && r < rows; r++) {
        char *w = (char *)whole->data + (size_t)r * long_row + (size_t)at * inner,
             *p = (char *)part->data + (size_t)r * row;
        memcpy(into ? w : p, into ? p : w, row);
    }
}

static bool move_parts(const xb_call *c, const xb_tensor *whole, const xb_tensor *parts, size_t n, int axis, bool into)
{
    int64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const xb_type *t = &parts[i].type;
        if (t->dtype == XB_NONE) continue;
        bool fits = t->rank == whole->type.rank && t->dtype == whole->type.dtype;
        for (int d = 0; fits && d < t->rank; d++) fits = d == axis || t->dim[d] == whole->type.dim[d];
        if (!fits || t->dim[axis] > whole->type.dim[axis] - at) return xb_call_bad(c, "part %zu does not fit", i + 1);
        if (parts[i].data) move_part(whole, &parts[i], axis, at, into);
        at += t->dim[axis];
    }
    return true;
}

bool xb_ref_concat(const xb_call *c)
{
    int axis;
    return xb_call_axis(c, 0, c->out[0].type.rank, &axis) && move_parts(c, &c->out[0], c->in, c->n_in, axis, true);
}

bool xb_ref_split(const xb_call *c)
{
    int axis;
    return xb_call_axis(c, 0, c->in[0].type.rank, &axis) && move_parts(c, &c->in[0], c->out, c->n_out, axis, false);
}

bool xb_ref_expand(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    xb_strides_row from = {{0}};
    int64_t to[XB_MAX_RANK];
    if (!xb_broadcast(&x->type, &y->type, &from)) return xb_call_bad(c, "input does not fit the shape");
    xb_strides(&y->type, to);
    xb_copy(y->type.rank, y->type.dim, xb_dtype_size(y->type.dtype), y->data, to, x->data, from.of);
    return true;
}

bool xb_ref_tile(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    int64_t repeats[XB_MAX_RANK], dim[XB_WALK_DIMS], from[XB_WALK_DIMS], to[XB_WALK_DIMS], sx[XB_MAX_RANK],
        sy[XB_MAX_RANK];
    size_t n;
    if (!xb_call_vector(c, 1, repeats, XB_MAX_RANK, &n)) return false;
    if (n != (size_t)x->type.rank || y->type.rank != x->type.rank) return xb_call_bad(c, "repeats do not fit the rank");
    xb_strides(&x->type, sx);
    xb_strides(&y->type, sy);
    for (int d = 0; d < x->type.rank; d++) {
        int64_t whole;
        if (repeats[d] < 0 || !xb_mul_i64(repeats[d], x->type.dim[d], &whole) || whole != y->type.dim[d])
            return xb_call_bad(c, "repeats do not fit the result");
        dim[2 * d] = repeats[d];
        dim[2 * d + 1] = x->type.dim[d];
        from[2 * d] = 0;
        from[2 * d + 1] = sx[d];
        to[2 * d] = sy[d] * x->type.dim[d];
        to[2 * d + 1] = sy[d];
    }
    xb_copy(2 * x->type.rank, dim, xb_dtype_size(y->type.dtype), y->data, to, x->data, from);
    return true;
}

/* First index and count of start:end:step over n elements (ONNX Slice: bounds are clamped). */
static int64_t slice_axis(int64_t n, int64_t *start, int64_t end, int64_t step)
{
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
    if (*start < 0) *start += n;
    if (end < 0) end += n;
    *start = *start < 0 ? 0 : *start > high ? high : *start;
    end = end < low ? low : end > high ? high : end;
    if (step > 0) return end > *start ? 1 + (end - *start - 1) / step : 0;
    return *start > end ? 1 + (*start - end - 1) / -step : 0;
}

bool xb_ref_slice(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    enum { START, END, AXIS, STEP, LISTS };
    int64_t list[LISTS][XB_MAX_RANK], from[XB_MAX_RANK], to[XB_MAX_RANK], count[XB_MAX_RANK], first = 0;
    size_t n[LISTS];
    for (size_t i = 0; i < LISTS; i++) {
        bool given = xb_call_has(c, i + 1);
        n[i] = n[START];
        if (given ? !xb_call_vector(c, i + 1, list[i], XB_MAX_RANK, &n[i]) : i < AXIS) return false;
        if (n[i] != n[START]) return xb_call_bad(c, "starts, ends, axes and steps differ in number");
        for (size_t k = 0; !given && k < n[i]; k++) list[i][k] = i == AXIS ? (int64_t)k : 1;
    }
    xb_strides(&x->type, from);
    xb_strides(&y->type, to);
    for (int d = 0; d < x->type.rank; d++) count[d] = x->type.dim[d];
    for (size_t k = 0; k < n[START]; k++) {
        int64_t axis = list[AXIS][k] < 0 ? list[AXIS][k] + x->type.rank : list[AXIS][k], step = list[STEP][k];
        if (axis < 0 || axis >= x->type.rank || step == 0) return xb_call_bad(c, "wrong axis, or step 0");
        if (step < -INT64_MAX) step = -INT64_MAX;
        count[axis] = slice_axis(x->type.dim[axis], &list[START][k], list[END][k], step);
        if (count[axis] > 0) first += list[START][k] * from[axis];
        from[axis] = count[axis] > 1 ? from[axis] * step : 0;
    }
    for (int d = 0; d < x->type.rank; d++)
        if (y->type.rank != x->type.rank || count[d] != y->type.dim[d])
            return xb_call_bad(c, "result has another shape");
    size_t size = xb_dtype_size(y->type.dtype);
    if (xb_type_count(&y->type) > 0)
        xb_copy(y->type.rank, count, size, y->data, to, (const char *)x->data + first * (int64_t)size, from);
    return true;
}

bool xb_ref_trilu(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    int64_t k = 0;
    size_t n, size = xb_dtype_size(x->type.dtype);
    bool upper = xb_call_int(c, "upper", 1) != 0;
    if (x->type.rank < 2) return xb_call_bad(c, "input has rank %d", x->type.rank);
    if (xb_call_has(c, 1) && !xb_call_vector(c, 1, &k, 1, &n)) return false;
    if (!xb_ref_reshape(c)) return false;
    int64_t rows = x->type.dim[x->type.rank - 2], cols = x->type.dim[x->type.rank - 1];
    k = k > cols ? cols : k < -rows ? -rows : k;
    for (int64_t r = 0; cols && r < xb_span(&x->type, 0, x->type.rank - 1); r++) {
        int64_t edge = r % rows + k + (upper ? 0 : 1); /* upper keeps from the edge on, lower what is before */
        edge = edge < 0 ? 0 : edge > cols ? cols : edge;
        char *row = (char *)y->data + (size_t)(r * cols) * size;
        if (upper)
            memset(row, 0, (size_t)edge * size);
        else
            memset(row + (size_t)edge * size, 0, (size_t)(cols - edge) * size);
    }
    return true;
}
