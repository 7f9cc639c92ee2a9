/* vectors.c: tensors as vectors for a matrix, and back: windows of convolutions, rows and columns of dense layers. */
#include "ir/window.h"
#include "sim/sim_private.h"

#include <string.h>

enum { TILE_NUMBERS = 1 << 15, TILE_MOST = 512 }; /* of vectors that go through an array at a time */

/* How a layer's tensors hold its vectors. Dense: vector v = outer * inner_n + inner; numbers are strided. */
typedef struct shape {
    const xb_matrix *m;
    bool window, transposed;
    int64_t n;                         /* vectors of a group */
    int64_t channels, out_channels;    /* of all groups */
    xb_window1 at[XB_WINDOW_MAX];      /* always three, the first ones of size 1 */
    int64_t in_size, out_size, kernel; /* products of the three */
    int64_t inner_n, x_outer, x_inner, x_step, y_outer, y_inner, y_step;
} shape;

static bool window_shape(const xb_graph *g, xb_op op, const xb_tensor *x, const xb_tensor *y, shape *s)
{
    xb_window w;
    if (!xb_graph_window(g, op, &w)) return false;
    s->window = true;
    s->transposed = xb_graph_kind(g, op) == XB_OP_ConvTranspose;
    s->in_size = s->out_size = s->kernel = 1;
    for (int i = 0; i < XB_WINDOW_MAX; i++) {
        int from = i - (XB_WINDOW_MAX - w.n);
        s->at[i] = (xb_window1){.in = 1, .kernel = 1, .stride = 1, .dilation = 1, .out = 1};
        if (from >= 0) s->at[i] = w.at[from];
        s->in_size *= s->at[i].in, s->out_size *= s->at[i].out, s->kernel *= s->at[i].kernel;
    }
    s->channels = x->type.dim[1], s->out_channels = y->type.dim[1];
    s->n = x->type.dim[0] * (s->transposed ? s->in_size : s->out_size);
    return true;
}

static void dense_shape(const xb_graph *g, xb_op op, const xb_tensor *x, bool right, shape *s)
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

/* ---- convolutions ---- */

/* First index along dimension i of the window of vector position `pos`. */
static int64_t start(const xb_window1 *w, int64_t pos)
{
    return pos * w->stride - w->pad_begin;
}

/* The usual widths of kernels without a loop. */
static void copy(float *to, const float *from, int64_t n)
{
    switch (n) {
    case 1:
        *to = *from;
        break;
    case 3:
        memcpy(to, from, 3 * sizeof *to);
        break;
    case 5:
        memcpy(to, from, 5 * sizeof *to);
        break;
    case 7:
        memcpy(to, from, 7 * sizeof *to);
        break;
    default:
        memcpy(to, from, (size_t)n * sizeof *to);
    }
}

static void line(const xb_window1 *w, const float *x, int64_t from, float *to)
{
    if (w->dilation == 1 && from >= 0 && from + w->kernel <= w->in) {
        copy(to, x + from, w->kernel);
        return;
    }
    for (int64_t k = 0; k < w->kernel; k++, from += w->dilation) to[k] = from >= 0 && from < w->in ? x[from] : 0;
}

/* Rows of one vector: channel, then kernel positions (im2col order). x: the item's first channel of the group. */
static void window_rows(const shape *s, const float *x, int64_t pos, int64_t channels, float *to)
{
    const xb_window1 *a = &s->at[0], *b = &s->at[1], *c = &s->at[2];
    int64_t i = start(a, pos / (b->out * c->out)), j = start(b, pos / c->out % b->out), k = start(c, pos % c->out);
    for (int64_t channel = 0; channel < channels; channel++, x += s->in_size)
        for (int64_t p = 0; p < a->kernel; p++)
            for (int64_t q = 0; q < b->kernel; q++, to += c->kernel) {
                int64_t u = i + p * a->dilation, v = j + q * b->dilation;
                if (u >= 0 && u < a->in && v >= 0 && v < b->in)
                    line(c, x + (u * b->in + v) * c->in, k, to);
                else
                    memset(to, 0, (size_t)c->kernel * sizeof *to);
            }
}

/* Columns of one vector of a transposed convolution are added where their windows overlap. */
static void spread(const shape *s, const float *from, int64_t pos, int64_t channels, float *y)
{
    const xb_window1 *a = &s->at[0], *b = &s->at[1], *c = &s->at[2];
    int64_t i = start(a, pos / (b->in * c->in)), j = start(b, pos / c->in % b->in), k = start(c, pos % c->in);
    for (int64_t channel = 0; channel < channels; channel++, y += s->out_size)
        for (int64_t p = 0; p < a->kernel; p++)
            for (int64_t q = 0; q < b->kernel; q++)
                for (int64_t r = 0; r < c->kernel; r++, from++) {
                    int64_t u = i + p * a->dilation, v = j + q * b->dilation, w = k + r * c->dilation;
                    if (u >= 0 && u < a->out && v >= 0 && v < b->out && w >= 0 && w < c->out)
                        y[(u * b->out + v) * c->out + w] += *from;
                }
}

/* ---- both ---- */

static void take(const shape *s, int64_t group, int64_t v, const float *x, float *to)
{
    int64_t rows = s->m->rows;
    if (!s->window) {
        x += v / s->inner_n * s->x_outer + v % s->inner_n * s->x_inner;
        if (s->x_step == 1)
            memcpy(to, x, (size_t)rows * sizeof *to);
        else
            for (int64_t r = 0; r < rows; r++) to[r] = x[r * s->x_step];
        return;
    }
    int64_t each = s->channels / s->m->groups, places = s->transposed ? s->in_size : s->out_size;
    x += (v / places * s->channels + group * each) * s->in_size;
    if (s->transposed)
        for (int64_t r = 0; r < rows; r++) to[r] = x[r * s->in_size + v % places];
    else
        window_rows(s, x, v % places, each, to);
}

static void put(const shape *s, int64_t group, int64_t v, const float *from, float scale, float *y)
{
    int64_t cols = s->m->cols;
    if (!s->window) {
        y += v / s->inner_n * s->y_outer + v % s->inner_n * s->y_inner;
        for (int64_t c = 0; c < cols; c++) y[c * s->y_step] = scale * from[c];
        return;
    }
    int64_t each = s->out_channels / s->m->groups, places = s->in_size;
    y += (v / places * s->out_channels + group * each) * s->out_size;
    spread(s, from, v % places, each, y);
}

/* Vectors v .. v+n-1 of a convolution, column by column. */
static void put_windows(const shape *s, int64_t group, int64_t v, int64_t n, const float *from, float *y)
{
    int64_t cols = s->m->cols, each = s->out_channels / s->m->groups;
    while (n > 0) {
        int64_t pos = v % s->out_size, here = s->out_size - pos < n ? s->out_size - pos : n;
        float *to = y + (v / s->out_size * s->out_channels + group * each) * s->out_size + pos;
        for (int64_t c = 0; c < cols; c++, to += s->out_size)
            for (int64_t i = 0; i < here; i++) to[i] = from[i * cols + c];
        v += here, n -= here, from += here * cols;
    }
}

/* A bias along the channels of a convolution; or beta C of a Gemm, broadcast to rows and columns. */
static void add_bias(const shape *s, const xb_tensor *bias, float beta, xb_tensor *y)
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
    int64_t tall = rank > 1 ? bias->type.dim[rank - 2] : 1;
    for (int64_t i = 0; i < all; i++) to[i] += beta * b[i / across % tall * wide + i % across % wide];
}

static void tiles(const xb_work *w, const shape *s, int64_t group, int64_t n, uint64_t first, const float *x,
                  float scale, float *y)
{
    int64_t rows = s->m->rows, cols = s->m->cols;
    int64_t tile = TILE_NUMBERS / (rows > cols ? rows : cols) / 16 * 16;
    tile = tile < 16 ? 16 : tile > TILE_MOST ? TILE_MOST : tile;
    float *in = xb_scratch_room(w->scratch, XB_SCRATCH_IN, (size_t)(tile * rows) * sizeof *in);
    float *out = xb_scratch_room(w->scratch, XB_SCRATCH_OUT, (size_t)(tile * cols) * sizeof *out);
    for (int64_t at = 0; at < n; at += tile) {
        int64_t here = n - at < tile ? n - at : tile;
        for (int64_t i = 0; i < here; i++) take(s, group, at + i, x, in + i * rows);
        xb_work_product(w, group, in, (size_t)here, first + (uint64_t)at, out);
        if (s->window && !s->transposed)
            put_windows(s, group, at, here, out, y);
        else
            for (int64_t i = 0; i < here; i++) put(s, group, at + i, out + i * cols, scale, y);
    }
}

bool xb_vectors_run(xb_diags *d, const xb_work *w, const xb_engine_call *call, const xb_graph *g, xb_op op,
                    const xb_tensor *in, size_t n_in, xb_tensor *out)
{
    shape s = {.m = w->layer->m};
    bool right = xb_sim_weight_input(g, op) == 1, gemm = xb_graph_kind(g, op) == XB_OP_Gemm;
    const xb_tensor *x = &in[!right];
    xb_kind kind = xb_graph_kind(g, op);
    xb_where where = xb_graph_where(g, op);
    if (kind == XB_OP_Conv || kind == XB_OP_ConvTranspose) {
        if (!window_shape(g, op, x, out, &s)) return xb_diag_false(d, "simulate", &where, "its windows are not known");
    } else {
        dense_shape(g, op, x, right, &s);
    }
    int64_t items = (int64_t)call->items, n = s.n, each = n;
    if (items > 0 && n % items == 0) each = n / items, n = each * (int64_t)call->count;
    memset(out->data, 0, (size_t)xb_type_count(&out->type) * sizeof(float));
    size_t numbers = (size_t)xb_type_count(&x->type);
    if (n < s.n) numbers = numbers / call->items * call->count;
    float *codes = xb_scratch_room(w->scratch, XB_SCRATCH_CODES, numbers * sizeof *codes + 1);
    xb_converters_codes(w->converters, x->data, numbers, codes);
    float alpha = gemm ? xb_graph_attr_float(g, op, "alpha", 1) : 1;
    for (int64_t group = 0; group < s.m->groups; group++)
        tiles(w, &s, group, n, (uint64_t)call->first * (uint64_t)each, codes, alpha, out->data);
    float beta = gemm ? xb_graph_attr_float(g, op, "beta", 1) : 1;
    if (n_in > 2 && in[2].data && beta != 0) add_bias(&s, &in[2], beta, out);
    return true;
}
