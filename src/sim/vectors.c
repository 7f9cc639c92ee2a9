/* vectors.c: from tensors to vectors and back: results of windows, rows and columns of dense layers, and what is added
 * to them. */
#include "sim/sim_private.h"

#include <string.h>

enum { BATCH_NUMBERS = 1 << 16 }; /* input codes of images that go through the arrays at a time */

/* ---- results that do not lie as the arrays give them ---- */

/* Columns of one vector of a transposed convolution are added where their windows overlap. */
static void spread(const xb_shape *s, const float *from, int64_t pos, int64_t channels, float *y)
{
    const xb_window1 *a = &s->at[0], *b = &s->at[1], *c = &s->at[2];
    int64_t i = pos / (b->in * c->in) * a->stride - a->pad_begin, j = pos / c->in % b->in * b->stride - b->pad_begin;
    int64_t k = pos % c->in * c->stride - c->pad_begin;
    for (int64_t channel = 0; channel < channels; channel++, y += s->out_size)
        for (int64_t p = 0; p < a->kernel; p++)
            for (int64_t q = 0; q < b->kernel; q++)
                for (int64_t r = 0; r < c->kernel; r++, from++) {
                    int64_t u = i + p * a->dilation, v = j + q * b->dilation, w = k + r * c->dilation;
                    if (u >= 0 && u < a->out && v >= 0 && v < b->out && w >= 0 && w < c->out)
                        y[(u * b->out + v) * c->out + w] += *from;
                }
}

/* Vectors of one image of a convolution, column by column. */
static void put_image(const xb_shape *s, const float *from, float *y)
{
    for (int64_t c = 0; c < s->out_channels; c++)
        for (int64_t i = 0; i < s->out_size; i++) *y++ = from[i * s->out_channels + c];
}

static void spread_image(const xb_shape *s, const float *from, float *y)
{
    int64_t each = s->out_channels / s->m->groups, cols = s->m->cols;
    for (int64_t pos = 0; pos < s->in_size; pos++)
        for (int64_t g = 0; g < s->m->groups; g++, from += cols) spread(s, from, pos, each, y + g * each * s->out_size);
}

static void put_dense(const xb_shape *s, int64_t v, const float *from, float scale, float *y)
{
    y += v / s->inner_n * s->y_outer + v % s->inner_n * s->y_inner;
    for (int64_t c = 0; c < s->m->cols; c++) y[c * s->y_step] = scale * from[c];
}

/* ---- bias ---- */

/* Every pixel of images whose channels lie side by side begins with the bias. What is there is copied, more each time.
 */
static void begin_with(const xb_shape *s, const xb_tensor *bias, xb_tensor *y)
{
    enum { NEAR = 16384 }; /* bytes, still in the first cache */
    size_t row = (size_t)s->out_channels * sizeof(float), all = (size_t)xb_type_count(&y->type) * sizeof(float);
    unsigned char *to = y->data;
    if (all) memcpy(to, bias->data, row);
    for (size_t have = row, n; have < all; have += n) {
        n = have < NEAR ? have : NEAR / row * row;
        if (!n) n = row;
        if (n > all - have) n = all - have;
        memcpy(to + have, to, n);
    }
}

/* A bias along the channels of a convolution; or beta C of a Gemm, broadcast to rows and columns. */
static void add_bias(const xb_shape *s, const xb_tensor *bias, float beta, xb_tensor *y)
{
    const float *b = bias->data;
    float *to = y->data;
    int64_t all = xb_type_count(&y->type);
    if (s->window && s->out_size > 0) {
        for (int64_t plane = 0; plane < all / s->out_size; plane++, to += s->out_size) {
            float more = b[plane % s->out_channels];
            for (int64_t i = 0; i < s->out_size; i++) to[i] += more;
        }
        return;
    }
    int64_t across = y->type.dim[1], rank = bias->type.rank, wide = rank > 0 ? bias->type.dim[rank - 1] : 1;
    int64_t tall = rank > 1 ? bias->type.dim[rank - 2] : 1, step = wide > 1;
    for (int64_t row = 0; row < all / across; row++, to += across)
        for (int64_t i = 0; i < across; i++) to[i] += beta * b[row % tall * wide + i * step];
}

/* ---- running ---- */

static float *rows_room(const xb_work *w, size_t n, size_t cols)
{
    float *rows = xb_scratch_room(w->scratch, XB_SCRATCH_OUT, n * cols * sizeof *rows + 1);
    memset(rows, 0, n * cols * sizeof *rows);
    return rows;
}

static void run_images(const xb_work *w, const xb_shape *s, size_t images, uint64_t first, const float *x, float *y)
{
    size_t cols = (size_t)(s->m->groups * s->m->cols), places = (size_t)s->places;
    size_t in_image = (size_t)(s->in_size * s->channels), out_image = (size_t)(s->out_size * s->out_channels);
    size_t batch = BATCH_NUMBERS / (size_t)(s->padded * s->channels + 1) + 1;
    for (size_t at = 0, n; at < images; at += n, x += n * in_image, y += n * out_image) {
        n = images - at < batch ? images - at : batch;
        xb_inputs in = xb_shape_images(s, w, x, n);
        in.first = first + at * places;
        float *rows = s->out_last ? y : rows_room(w, n * places, cols);
        xb_work_product(w, &in, rows, cols);
        for (size_t i = 0; i < n && !s->out_last; i++)
            (s->transposed ? spread_image : put_image)(s, rows + i * places * cols, y + i * out_image);
    }
}

static void run_dense(const xb_work *w, const xb_shape *s, size_t n, uint64_t first, const float *x, size_t numbers,
                      float scale, float *y)
{
    xb_inputs in = xb_shape_dense(s, w, x, numbers, n);
    in.first = first;
    size_t cols = (size_t)s->m->cols;
    bool straight = s->y_step == 1 && s->inner_n == 1 && scale == 1;
    float *rows = straight ? y : rows_room(w, n, cols);
    xb_work_product(w, &in, rows, cols);
    for (size_t v = 0; v < n && !straight; v++) put_dense(s, (int64_t)v, rows + v * cols, scale, y);
}

bool xb_vectors_run(xb_diags *d, const xb_work *w, const xb_engine_call *call, const xb_graph *g, xb_op op,
                    const xb_tensor *in, size_t n_in, xb_tensor *out)
{
    bool gemm = xb_graph_kind(g, op) == XB_OP_Gemm;
    const xb_tensor *x = &in[xb_sim_weight_input(g, op) == 0], *bias = n_in > 2 && in[2].data ? &in[2] : NULL;
    xb_where where = xb_graph_where(g, op);
    xb_shape s;
    if (!xb_shape_of(w->layer->m, g, op, call, x, out, &s))
        return xb_diag_false(d, "simulate", &where, "its windows are not known");
    size_t n = (size_t)s.n, each = n, numbers = (size_t)xb_type_count(&x->type);
    if (call->items > 0 && n % call->items == 0) {
        each = n / call->items, n = each * call->count;
        numbers = numbers / call->items * call->count;
    }
    float alpha = gemm ? xb_graph_attr_float(g, op, "alpha", 1) : 1,
          beta = gemm ? xb_graph_attr_float(g, op, "beta", 1) : 1;
    bool begun = bias && s.out_last;
    if (begun)
        begin_with(&s, bias, out);
    else
        memset(out->data, 0, (size_t)xb_type_count(&out->type) * sizeof(float));
    if (s.window)
        run_images(w, &s, s.places ? n / (size_t)s.places : 0, call->first * each, x->data, out->data);
    else
        run_dense(w, &s, n, call->first * each, x->data, numbers, alpha, out->data);
    if (bias && beta != 0 && !begun) add_bias(&s, bias, beta, out);
    return true;
}
