#include "ir/window.h"
#include <string.h>

bool xb_auto_pad_parse(const char *s, xb_auto_pad *out)
{
    static const char *const names[] = {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"};
    for (int i = 0; i < 4; i++)
        if (strcmp(s, names[i]) == 0) {
            *out = (xb_auto_pad)i;
            return true;
        }
    return false;
}

/* (kernel - 1) * dilation + 1: how far a window reaches. */
static bool reach_of(const xb_window1 *w, int64_t *reach)
{
    return xb_mul_i64(w->kernel - 1, w->dilation, reach) && xb_add_i64(*reach, 1, reach);
}

static void share_pads(xb_window1 *w, int64_t total, bool more_at_begin)
{
    w->pad_begin = more_at_begin ? total - total / 2 : total / 2;
    w->pad_end = total - w->pad_begin;
}

bool xb_window_count(xb_window1 *w, xb_auto_pad mode, bool ceil)
{
    int64_t reach, padded, span;
    w->out = 0;
    if (!reach_of(w, &reach)) return false;
    if (mode == XB_PAD_VALID) w->pad_begin = w->pad_end = 0;
    if (mode == XB_PAD_SAME_UPPER || mode == XB_PAD_SAME_LOWER) {
        w->out = w->in / w->stride + (w->in % w->stride != 0);
        int64_t total; /* (out - 1) * stride < in */
        if (!xb_add_i64((w->out - 1) * w->stride - w->in, reach, &total)) return false;
        share_pads(w, total > 0 && w->out > 0 ? total : 0, mode == XB_PAD_SAME_LOWER);
        return true;
    }
    if (!xb_add_i64(w->in, w->pad_begin, &padded) || !xb_add_i64(padded, w->pad_end, &padded)) return false;
    span = padded - reach;
    if (span < 0) return false;
    w->out = span / w->stride + 1;
    bool partial = ceil && span % w->stride != 0 && w->out <= (w->in + w->pad_begin - 1) / w->stride;
    if (partial) w->out++;
    return true;
}

bool xb_window_spread(xb_window1 *w, xb_auto_pad mode, int64_t output_padding, int64_t want)
{
    int64_t reach, full; /* full: the size without pads */
    if (!reach_of(w, &reach) || !xb_mul_i64(w->in - 1, w->stride, &full) || !xb_add_i64(full, output_padding, &full) ||
        !xb_add_i64(full, reach, &full))
        return false;
    bool same = mode == XB_PAD_SAME_UPPER || mode == XB_PAD_SAME_LOWER;
    if (want < 0 && same && !xb_mul_i64(w->in, w->stride, &want)) return false;
    if (want >= 0) {
        w->out = want;
        share_pads(w, full > want ? full - want : 0, mode != XB_PAD_SAME_UPPER);
        if (full < want) w->pad_end = full - want;
        return true;
    }
    if (mode == XB_PAD_VALID) w->pad_begin = w->pad_end = 0;
    w->out = full - w->pad_begin - w->pad_end;
    return w->out >= 0;
}

/* Element i of an attribute, of `at` per spatial dimension; absent where there is none. */
static int64_t element(const xb_graph *g, xb_op op, const char *name, size_t i, int64_t absent)
{
    const xb_attr *a = xb_graph_attr(g, op, name);
    return a && a->type == XB_ATTR_INTS && i < a->n ? a->ints[i] : absent;
}

static xb_window1 window_at(const xb_graph *g, xb_op op, const xb_type *x, const xb_type *y, const xb_type *weight,
                            int i)
{
    size_t n = (size_t)x->rank - 2, at = (size_t)i;
    return (xb_window1){.in = x->dim[i + 2],
                        .kernel = weight ? weight->dim[i + 2] : element(g, op, "kernel_shape", at, 1),
                        .stride = element(g, op, "strides", at, 1),
                        .dilation = element(g, op, "dilations", at, 1),
                        .pad_begin = element(g, op, "pads", at, 0),
                        .pad_end = element(g, op, "pads", at + n, 0),
                        .out = y->dim[i + 2]};
}

bool xb_graph_window(const xb_graph *g, xb_op op, xb_window *out)
{
    xb_kind kind = xb_graph_kind(g, op);
    bool conv = kind == XB_OP_Conv || kind == XB_OP_ConvTranspose;
    if (!conv && kind != XB_OP_MaxPool && kind != XB_OP_AveragePool) return false;
    const xb_value *in, *result;
    if (xb_graph_op_inputs(g, op, &in) < (conv ? 2u : 1u) || xb_graph_op_outputs(g, op, &result) < 1) return false;
    const xb_type *x = xb_graph_type(g, in[0]), *y = xb_graph_type(g, result[0]);
    const xb_type *weight = conv ? xb_graph_type(g, in[1]) : NULL;
    if (x->rank < 3 || x->rank > 2 + XB_WINDOW_MAX || y->rank != x->rank || (weight && weight->rank != x->rank))
        return false;
    xb_auto_pad mode = XB_PAD_NOTSET;
    const xb_attr *pad = xb_graph_attr(g, op, "auto_pad"), *shape = xb_graph_attr(g, op, "output_shape");
    if (pad && pad->type == XB_ATTR_STRING && !xb_auto_pad_parse(pad->s, &mode)) return false;
    bool ceil = xb_graph_attr_int(g, op, "ceil_mode", 0) != 0;
    out->n = x->rank - 2;
    for (int i = 0; i < out->n; i++) {
        xb_window1 *w = &out->at[i];
        *w = window_at(g, op, x, y, weight, i);
        if (w->in < 0 || w->out < 0 || w->kernel < 1 || w->stride < 1 || w->dilation < 1) return false;
        bool ok = kind == XB_OP_ConvTranspose
                      ? xb_window_spread(w, mode, element(g, op, "output_padding", (size_t)i, 0),
                                         shape && shape->n ? w->out : -1)
                      : xb_window_count(w, mode, ceil);
        if (!ok) return false;
    }
    return true;
}
