/* windows.c: vectors of convolutions and dense layers among their inputs.
 *
 * No window is copied: codes of an image lie with zeros around them, and a number of a window is where the window
 * begins plus where its row lies in any window. */
#include "sim/sim_private.h"

#include <string.h>

static void window_pads(xb_shape *s)
{
    s->padded = 1;
    for (int i = 0; i < XB_WINDOW_MAX; i++) {
        const xb_window1 *a = &s->at[i];
        int64_t begin = s->transposed ? 0 : a->pad_begin, last = a->in - 1;
        if (!s->transposed) last = (a->out - 1) * a->stride + (a->kernel - 1) * a->dilation - begin;
        s->before[i] = begin;
        s->size[i] = begin + (last >= a->in ? last + 1 : a->in);
        s->padded *= s->size[i];
    }
}

static bool window_shape(const xb_graph *g, xb_op op, const xb_tensor *x, const xb_tensor *y, xb_shape *s)
{
    xb_window w;
    if (!xb_graph_window(g, op, &w)) return false;
    s->window = true;
    s->transposed = xb_graph_kind(g, op) == XB_OP_ConvTranspose;
    s->in_size = s->out_size = 1;
    for (int i = 0; i < XB_WINDOW_MAX; i++) {
        int from = i - (XB_WINDOW_MAX - w.n);
        s->at[i] = (xb_window1){.in = 1, .kernel = 1, .stride = 1, .dilation = 1, .out = 1};
        if (from >= 0) s->at[i] = w.at[from];
        s->in_size *= s->at[i].in, s->out_size *= s->at[i].out;
    }
    s->channels = x->type.dim[1], s->out_channels = y->type.dim[1];
    s->places = s->transposed ? s->in_size : s->out_size;
    s->n = x->type.dim[0] * s->places;
    window_pads(s);
    return true;
}

static void dense_shape(const xb_graph *g, xb_op op, const xb_tensor *x, bool right, xb_shape *s)
{
    int64_t k = s->m->rows, m = s->m->cols, all = xb_type_count(&x->type) / k;
    bool gemm = xb_graph_kind(g, op) == XB_OP_Gemm;
    bool across = gemm && xb_graph_attr_int(g, op, right ? "transA" : "transB", 0) != 0; /* the factor is transposed */
    s->n = all;
    s->inner_n = 1;
    if (right) {
        s->x_outer = across ? 1 : k, s->x_step = across ? all : 1;
        s->y_outer = m, s->y_step = 1;
        return;
    }
    s->inner_n = x->type.rank < 2 ? 1 : across ? all : x->type.dim[x->type.rank - 1];
    s->x_outer = k * s->inner_n, s->y_outer = m * s->inner_n;
    s->x_inner = across ? k : 1, s->x_step = across ? 1 : s->inner_n;
    s->y_inner = 1, s->y_step = s->inner_n;
}

bool xb_shape_of(const xb_matrix *m, const xb_graph *g, xb_op op, const xb_engine_call *call, const xb_tensor *x,
                 const xb_tensor *y, xb_shape *s)
{
    xb_kind kind = xb_graph_kind(g, op);
    *s = (xb_shape){.m = m, .in_last = call->in_last, .out_last = call->out_last};
    if (kind == XB_OP_Conv || kind == XB_OP_ConvTranspose) return window_shape(g, op, x, y, s);
    dense_shape(g, op, x, xb_sim_weight_input(g, op) == 1, s);
    return true;
}

/* ---- codes ---- */

/* Codes of an image, with zeros around them. */
static void image_codes(const xb_shape *s, const xb_converters *c, const float *x, float *codes)
{
    int64_t planes = s->in_last ? 1 : s->channels, each = s->in_last ? s->channels : 1;
    size_t line = (size_t)(s->at[2].in * each);
    memset(codes, 0, (size_t)(s->padded * s->channels) * sizeof *codes);
    for (int64_t p = 0; p < planes; p++, codes += s->padded)
        for (int64_t i = 0; i < s->at[0].in; i++)
            for (int64_t j = 0; j < s->at[1].in; j++, x += line) {
                int64_t to = ((i + s->before[0]) * s->size[1] + j + s->before[1]) * s->size[2] + s->before[2];
                xb_converters_codes(c, x, line, codes + to * each);
            }
}

static const float *codes_of(const xb_shape *s, const xb_work *w, const float *x, size_t images, size_t numbers)
{
    if (!w->converters->input_bits && s->padded == s->in_size) return x;
    float *codes = xb_scratch_room(w->scratch, XB_SCRATCH_CODES, numbers * sizeof *codes + 1);
    if (s->padded == s->in_size) {
        xb_converters_codes(w->converters, x, numbers, codes);
        return codes;
    }
    for (size_t i = 0; i < images; i++)
        image_codes(s, w->converters, x + i * (size_t)(s->in_size * s->channels),
                    codes + i * (size_t)(s->padded * s->channels));
    return codes;
}

/* ---- places ---- */

/* Rows of a window: channel, then kernel positions. step: between numbers along the three dimensions. */
static void window_rows(const xb_shape *s, const size_t step[3], size_t channel, size_t *row)
{
    int64_t channels = s->transposed ? s->m->rows : s->channels / s->m->groups, k[3] = {1, 1, 1};
    for (int i = 0; i < XB_WINDOW_MAX && !s->transposed; i++) k[i] = s->at[i].kernel;
    for (int64_t c = 0; c < channels; c++)
        for (int64_t p = 0; p < k[0]; p++)
            for (int64_t q = 0; q < k[1]; q++)
                for (int64_t r = 0; r < k[2]; r++)
                    *row++ = (size_t)c * channel + (size_t)(p * s->at[0].dilation) * step[0] +
                             (size_t)(q * s->at[1].dilation) * step[1] + (size_t)(r * s->at[2].dilation) * step[2];
}

static void window_starts(const xb_shape *s, const size_t step[3], size_t images, size_t *at)
{
    int64_t n[3], stride[3];
    for (int i = 0; i < XB_WINDOW_MAX; i++) {
        n[i] = s->transposed ? s->at[i].in : s->at[i].out;
        stride[i] = s->transposed ? 1 : s->at[i].stride;
    }
    for (size_t image = 0; image < images; image++)
        for (int64_t i = 0; i < n[0]; i++)
            for (int64_t j = 0; j < n[1]; j++)
                for (int64_t k = 0; k < n[2]; k++)
                    *at++ = image * (size_t)(s->padded * s->channels) + (size_t)(i * stride[0]) * step[0] +
                            (size_t)(j * stride[1]) * step[1] + (size_t)(k * stride[2]) * step[2];
}

/* last: channels side by side. */
static xb_places window_places(const xb_shape *s, const xb_work *w, size_t images, bool last, int at_room, int row_room)
{
    size_t *at = xb_scratch_room(w->scratch, at_room, images * (size_t)s->places * sizeof *at + 1);
    size_t *row = xb_scratch_room(w->scratch, row_room, (size_t)s->m->rows * sizeof *row + 1);
    size_t each = last ? (size_t)s->channels : 1, channel = last ? 1 : (size_t)s->padded;
    const size_t step[3] = {(size_t)(s->size[1] * s->size[2]) * each, (size_t)s->size[2] * each, each};
    window_starts(s, step, images, at);
    window_rows(s, step, channel, row);
    return (xb_places){.at = at, .row = row, .group = (size_t)(s->channels / s->m->groups) * channel};
}

xb_inputs xb_shape_images(const xb_shape *s, const xb_work *w, const float *x, size_t images)
{
    xb_inputs in = {.numbers = images * (size_t)(s->padded * s->channels), .n = images * (size_t)s->places};
    in.codes = codes_of(s, w, x, images, in.numbers);
    in.as_codes = in.as_bytes = window_places(s, w, images, s->in_last, XB_SCRATCH_AT, XB_SCRATCH_ROW);
    /* Bytes of a kernel's row side by side are copied at once. */
    if (!w->chip->whole || !s->in_last || s->at[2].kernel == 1) return in;
    in.pixels = (size_t)s->padded, in.channels = (size_t)s->channels;
    in.as_bytes = window_places(s, w, images, false, XB_SCRATCH_AT8, XB_SCRATCH_ROW8);
    return in;
}

xb_inputs xb_shape_dense(const xb_shape *s, const xb_work *w, const float *x, size_t numbers, size_t n)
{
    xb_inputs in = {.numbers = numbers, .n = n};
    size_t *at = xb_scratch_room(w->scratch, XB_SCRATCH_AT, n * sizeof *at + 1);
    size_t *row = xb_scratch_room(w->scratch, XB_SCRATCH_ROW, (size_t)s->m->rows * sizeof *row + 1);
    for (size_t v = 0; v < n; v++) {
        int64_t i = (int64_t)v;
        at[v] = (size_t)(i / s->inner_n * s->x_outer + i % s->inner_n * s->x_inner);
    }
    for (int64_t k = 0; k < s->m->rows; k++) row[k] = (size_t)(k * s->x_step);
    in.codes = codes_of(s, w, x, 0, numbers);
    in.as_codes = in.as_bytes = (xb_places){.at = at, .row = row};
    return in;
}
