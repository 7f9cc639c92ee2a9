/* index.c: what reads elements through indices: Gather, GatherElements, Pad. */
#include "nn/ref/kernel.h"
#include <string.h>

/* Index k of a tensor of indices, counted from the front of n; false after a diagnostic. */
static bool index_at(const xb_call *c, const xb_tensor *t, int64_t k, int64_t n, int64_t *out)
{
    int64_t i = t->type.dtype == XB_I64 ? ((const int64_t *)t->data)[k] : ((const int32_t *)t->data)[k];
    if (i < -n || i >= n) return xb_call_bad(c, "index %lld of %lld", (long long)i, (long long)n);
    *out = i < 0 ? i + n : i;
    return true;
}

static bool is_index(const xb_call *c, const xb_tensor *t)
{
    return t->type.dtype == XB_I64 || t->type.dtype == XB_I32 || xb_call_refuse(c, t->type.dtype);
}

bool xb_ref_gather(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *at = &c->in[1], *y = &c->out[0];
    int axis;
    if (!is_index(c, at) || !xb_call_axis(c, 0, x->type.rank, &axis)) return false;
    int64_t outer = xb_span(&x->type, 0, axis), n = x->type.dim[axis], count = xb_type_count(&at->type);
    size_t bytes = (size_t)xb_span(&x->type, axis + 1, x->type.rank) * xb_dtype_size(x->type.dtype);
    size_t whole;
    if (!xb_type_bytes(&y->type, &whole) || whole != (size_t)(outer * count) * bytes)
        return xb_call_bad(c, "result has another shape");
    for (int64_t o = 0; whole && o < outer; o++)
        for (int64_t k = 0; k < count; k++) {
            int64_t from;
            if (!index_at(c, at, k, n, &from)) return false;
            memcpy((char *)y->data + (size_t)(o * count + k) * bytes,
                   (const char *)x->data + (size_t)(o * n + from) * bytes, bytes);
        }
    return true;
}

bool xb_ref_gather_elements(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *at = &c->in[1], *y = &c->out[0];
    int axis, rank = x->type.rank;
    if (!is_index(c, at) || !xb_call_axis(c, 0, rank, &axis)) return false;
    bool fits = at->type.rank == rank && xb_type_count(&at->type) == xb_type_count(&y->type);
    for (int d = 0; fits && d < rank; d++) fits = d == axis || at->type.dim[d] <= x->type.dim[d];
    if (!fits) return xb_call_bad(c, "indices do not fit the input");
    int64_t stride[XB_MAX_RANK], place[XB_MAX_RANK] = {0}, count = xb_type_count(&at->type);
    size_t size = xb_dtype_size(x->type.dtype);
    xb_strides(&x->type, stride);
    for (int64_t k = 0; k < count; k++) {
        int64_t from, offset = 0;
        if (!index_at(c, at, k, x->type.dim[axis], &from)) return false;
        for (int d = 0; d < rank; d++) offset += (d == axis ? from : place[d]) * stride[d];
        memcpy((char *)y->data + (size_t)k * size, (const char *)x->data + (size_t)offset * size, size);
        xb_next_index(place, at->type.dim, rank);
    }
    return true;
}

typedef enum xb_pad_mode { XB_PAD_CONSTANT, XB_PAD_EDGE, XB_PAD_REFLECT } xb_pad_mode;

/* Source of padded coordinate i of n; -1: the constant. */
static int64_t pad_source(xb_pad_mode mode, int64_t i, int64_t n)
{
    if (i >= 0 && i < n) return i;
    if (mode == XB_PAD_CONSTANT || n == 0) return -1;
    if (mode == XB_PAD_EDGE) return i < 0 ? 0 : n - 1;
    if (n == 1) return 0;
    int64_t period = 2 * (n - 1), r = i % period;
    if (r < 0) r += period;
    return r < n ? r : period - r;
}

static bool read_pad_mode(const xb_call *c, xb_pad_mode *mode)
{
    *mode = xb_call_text(c, "mode", "edge")      ? XB_PAD_EDGE
            : xb_call_text(c, "mode", "reflect") ? XB_PAD_REFLECT
                                                 : XB_PAD_CONSTANT;
    return *mode != XB_PAD_CONSTANT || !xb_graph_attr(c->g, c->op, "mode") || xb_call_text(c, "mode", "constant") ||
           xb_call_bad(c, "unknown mode");
}

/* Sources of all coordinates of all dimensions, one behind the other. */
static int64_t *pad_sources(const xb_call *c, xb_pad_mode mode, const int64_t *before)
{
    const xb_type *x = &c->in[0].type, *y = &c->out[0].type;
    size_t total = 0, at = 0;
    for (int d = 0; d < y->rank; d++) total += (size_t)y->dim[d];
    int64_t *source = xb_calloc(total + 1, sizeof *source);
    for (int d = 0; d < y->rank; d++)
        for (int64_t i = 0; i < y->dim[d]; i++) source[at++] = pad_source(mode, i - before[d], x->dim[d]);
    return source;
}

static void pad_rows(const xb_call *c, const int64_t *source, const char *fill)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    int last = y->type.rank - 1;
    int64_t stride[XB_MAX_RANK], index[XB_MAX_RANK] = {0};
    size_t size = xb_dtype_size(y->type.dtype);
    char *to = y->data;
    xb_strides(&x->type, stride);
    do {
        const int64_t *list = source;
        int64_t base = 0;
        bool inside = true;
        for (int d = 0; d < last; list += y->type.dim[d++]) {
            int64_t from = list[index[d]];
            inside = inside && from >= 0;
            base += from * stride[d];
        }
        for (int64_t i = 0; i < y->type.dim[last]; i++, to += size)
            memcpy(to, inside && list[i] >= 0 ? (const char *)x->data + (size_t)(base + list[i]) * size : fill, size);
    } while (xb_next_index(index, y->type.dim, last));
}

bool xb_ref_pad(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    int64_t pads[2 * XB_MAX_RANK];
    uint64_t zero = 0;
    size_t n, rank = (size_t)x->type.rank;
    xb_pad_mode mode;
    if (!read_pad_mode(c, &mode) || !xb_call_vector(c, 1, pads, 2 * XB_MAX_RANK, &n)) return false;
    if (n != 2 * rank || y->type.rank != x->type.rank) return xb_call_bad(c, "pads do not fit the rank");
    for (size_t d = 0; d < rank; d++) {
        int64_t sum;
        if (pads[d] > INT64_MAX / 4 || pads[d] < -INT64_MAX / 4) return xb_call_bad(c, "pads are out of range");
        if (!xb_add_i64(pads[d], pads[d + rank], &sum) || !xb_add_i64(sum, x->type.dim[d], &sum) ||
            sum != y->type.dim[d])
            return xb_call_bad(c, "pads do not fit the result");
        if (mode != XB_PAD_CONSTANT && x->type.dim[d] == 0 && sum > 0) return xb_call_bad(c, "nothing to repeat");
    }
    bool given = xb_call_has(c, 2) && c->in[2].data;
    if (given && c->in[2].type.dtype != x->type.dtype) return xb_call_refuse(c, c->in[2].type.dtype);
    const char *fill = given ? c->in[2].data : (const char *)&zero;
    if (xb_type_count(&y->type) == 0) return true;
    if (rank == 0) return xb_ref_reshape(c);
    int64_t *source = pad_sources(c, mode, pads);
    pad_rows(c, source, fill);
    free(source);
    return true;
}
