/* move.c: gradients of what only moves elements.
 *
 * An element's gradient is the sum over the places it went to. Where they are is asked of the forward kernel: it is run
 * on numbers instead of values. What has a simple inverse (Concat, Split, Transpose, Expand, most of Pad) is inverted.
 */
#include "nn/back/kernel.h"
#include "nn/ref.h"

/* Input i with its elements numbered from `base` on, instead of its values; 0 is what comes from no input. */
static bool number(const xb_tensor *x, int64_t base, xb_tensor *to)
{
    xb_type type = x->type;
    type.dtype = XB_I64;
    *to = (xb_tensor){0};
    if (!xb_tensor_alloc(to, &type)) return false;
    for (int64_t k = 0; k < xb_type_count(&type); k++) ((int64_t *)to->data)[k] = base + k;
    return true;
}

/* Adds what arrives at every place to the sum of its number. */
static void collect(const xb_tensor *from, const xb_tensor *dy, xb_cell *sums)
{
    const int64_t *number_of = from->data;
    int64_t count = xb_type_count(&dy->type);
    for (int64_t k = 0; k < count; k += XB_BLOCK) {
        xb_cell g[XB_BLOCK];
        int64_t n = count - k < XB_BLOCK ? count - k : XB_BLOCK;
        xb_cells_load(g, dy->type.dtype, dy->data, k, 1, n);
        for (int64_t j = 0; j < n; j++) sums[number_of[k + j]].f += g[j].f;
    }
}

/* Float inputs are data, the others say where to. */
bool xb_back_moved(const xb_back *b)
{
    const xb_call *c = &b->c;
    xb_tensor *in = xb_calloc(c->n_in, sizeof *in), out = {0};
    int64_t *base = xb_calloc(c->n_in, sizeof *base), next = 1;
    bool ok = true;
    for (size_t i = 0; i < c->n_in; i++) {
        in[i] = c->in[i];
        if (!c->in[i].data || !xb_is_float(c->in[i].type.dtype)) continue;
        base[i] = next;
        ok = number(&c->in[i], next, &in[i]) && ok;
        next += xb_type_count(&c->in[i].type);
    }
    ok = (ok && number(&c->out[0], 0, &out)) || xb_call_bad(c, "too large");
    ok = ok && xb_ref_op(c->d, c->g, c->op, in, c->n_in, &out, 1);
    if (ok) {
        xb_cell *sums = xb_calloc((size_t)next, sizeof *sums);
        collect(&out, &b->dout[0], sums);
        for (size_t i = 0; i < c->n_in; i++)
            if (xb_back_wants(b, i))
                xb_cells_store(sums + base[i], b->din[i].type.dtype, b->din[i].data, 0, 1,
                               xb_type_count(&b->din[i].type));
        free(sums);
    }
    for (size_t i = 0; i < c->n_in; i++)
        if (base[i]) xb_tensor_free(&in[i]);
    xb_tensor_free(&out);
    free(in);
    free(base);
    return ok;
}

/* Constant padding whose constant asks for nothing: the part of x that is in the result, which negative pads cut. */
static bool back_border(const xb_back *b, const int64_t *before)
{
    const xb_type *x = &b->c.in[0].type, *y = &b->c.out[0].type;
    int64_t from[XB_MAX_RANK], to[XB_MAX_RANK], size[XB_MAX_RANK], first_from = 0, first_to = 0;
    size_t bytes = xb_dtype_size(x->dtype);
    xb_strides(x, to);
    xb_strides(y, from);
    for (int d = 0; d < x->rank; d++) {
        int64_t lo = before[d] < 0 ? -before[d] : 0, end = y->dim[d] - before[d];
        size[d] = (end < x->dim[d] ? end : x->dim[d]) - lo;
        if (size[d] <= 0) return true;
        first_to += lo * to[d];
        first_from += (lo + before[d]) * from[d];
    }
    xb_copy(x->rank, size, bytes, (char *)b->din[0].data + first_to * (int64_t)bytes, to,
            (const char *)b->dout[0].data + first_from * (int64_t)bytes, from);
    return true;
}

bool xb_back_pad(const xb_back *b)
{
    int64_t pads[2 * XB_MAX_RANK];
    size_t n;
    bool repeats = xb_call_text(&b->c, "mode", "edge") || xb_call_text(&b->c, "mode", "reflect");
    if (repeats || xb_back_wants(b, 2)) return xb_back_moved(b);
    if (!xb_call_vector(&b->c, 1, pads, 2 * XB_MAX_RANK, &n)) return false;
    if (n != 2 * (size_t)b->c.in[0].type.rank) return xb_call_bad(&b->c, "pads do not fit the rank");
    return back_border(b, pads);
}

/* Parts that are not wanted have no data, which Split leaves out. */
bool xb_back_concat(const xb_back *b)
{
    xb_call split = b->c;
    split.in = &b->dout[0];
    split.n_in = 1;
    split.out = b->din;
    split.n_out = b->c.n_in;
    return xb_ref_split(&split);
}

/* Where nothing arrives, the zeros stay. */
bool xb_back_split(const xb_back *b)
{
    xb_call concat = b->c;
    concat.in = b->dout;
    concat.n_in = b->c.n_out;
    concat.out = &b->din[0];
    concat.n_out = 1;
    return xb_ref_concat(&concat);
}

/* Result dimension d is input dimension perm[d]. */
bool xb_back_transpose(const xb_back *b)
{
    const xb_type *x = &b->c.in[0].type, *y = &b->c.out[0].type;
    int64_t listed[XB_MAX_RANK], stride[XB_MAX_RANK], from[XB_MAX_RANK], to[XB_MAX_RANK];
    const xb_attr *given = xb_graph_attr(b->c.g, b->c.op, "perm");
    if (given && given->n == 0) given = NULL;
    if (!xb_call_ints(&b->c, "perm", 0, listed, (size_t)x->rank)) return false;
    xb_strides(x, stride);
    xb_strides(y, from);
    for (int d = 0; d < x->rank; d++) to[d] = stride[given ? listed[d] : x->rank - 1 - d];
    xb_copy(y->rank, y->dim, xb_dtype_size(y->dtype), b->din[0].data, to, b->dout[0].data, from);
    return true;
}

bool xb_back_expand(const xb_back *b)
{
    return xb_back_narrow(b, &b->dout[0], 1, &b->din[0]);
}
