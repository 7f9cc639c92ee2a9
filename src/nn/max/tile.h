/* tile.h: the windows of max.h, LANES channels at a time; included behind the lanes of a kernel, for channels >= LANES.
 *
 * Channels that fill no vector are done by one that ends with the last channel: the lanes that it shares with the one
 * before get the same maximum again, and on the way back nothing. The taps of windows that lie in the image are
 * unrolled for 2 x 2 and 3 x 3.
 */
#include "nn/max/max.h"

#include <math.h>
#include <string.h>

/* Taps in the image: number, and place from the window's first tap on (in the image or not). */
typedef struct window {
    int n;
    int32_t tap[XB_MAX_TAPS];
    int64_t at[XB_MAX_TAPS];
} window;

/* The taps of a window along one dimension that lie in the image: first..end-1. */
typedef struct span {
    int64_t first, end;
} span;

typedef struct operands { /* x, y or dx, dy; tap may be absent on the way forward */
    const float *from;
    float *to;
    const uint8_t *read;
    uint8_t *write;
} operands;

enum { FORWARD, KEEP, BACK };

static span clip(const xb_geometry *w, int d, int64_t position)
{
    int64_t start = position * w->stride[d] - w->begin[d];
    span s = {0, w->kernel[d]};
    while (s.first < s.end && start + s.first * w->dilation[d] < 0) s.first++;
    while (s.end > s.first && start + (s.end - 1) * w->dilation[d] >= w->in[d]) s.end--;
    return s;
}

static void look(const xb_geometry *w, span rows, span cols, window *to)
{
    to->n = 0;
    for (int64_t i = rows.first; i < rows.end; i++)
        for (int64_t j = cols.first; j < cols.end; j++) {
            to->tap[to->n] = (int32_t)(i * w->kernel[1] + j);
            to->at[to->n++] = (i * w->dilation[0] * w->in[1] + j * w->dilation[1]) * w->in_channels;
        }
}

/* Will be read soon: `ahead` numbers behind p, in the image or not. */
static inline void expect(const float *p, int64_t ahead)
{
    __builtin_prefetch((const void *)((uintptr_t)p + (uintptr_t)ahead * sizeof *p));
}

/* One position, all channels: x from the first tap on, y and tap at their place. The next row of windows is `ahead`:
 * its lines are too short for the CPU to foresee (a quarter to a third of the time). */
LANE void forward(const window *w, int n, int64_t c, int64_t ahead, const float *x, float *y, uint8_t *tap)
{
    for (int64_t k = 0; k < c; k += LANES) {
        int64_t i = k + LANES <= c ? k : c - LANES;
        vf best = v_load(x + w->at[0] + i);
        vi from = i_set(w->tap[0]);
#pragma GCC unroll 8
        for (int t = 1; t < n; t++) {
            expect(x + w->at[t] + i, ahead);
            vf v = v_load(x + w->at[t] + i);
            vm more = v_beats(v, best);
            best = v_pick(more, v, best);
            if (tap) from = i_pick(more, i_set(w->tap[t]), from);
        }
        v_store(y + i, best);
        if (tap) i_store(tap + i, from);
    }
}

LANE void back(const window *w, int n, int64_t c, const float *dy, const uint8_t *tap, float *dx)
{
    for (int64_t k = 0; k < c; k += LANES) {
        int64_t i = k + LANES <= c ? k : c - LANES;
        vf v = v_load(dy + i);
        vi from = i_load(tap + i);
        if (i < k) v = v_from((int)(k - i), v);
#pragma GCC unroll 9
        for (int t = 0; t < n; t++) {
            float *to = dx + w->at[t] + i;
            v_store(to, v_add(v_load(to), v_where(from, i_set(w->tap[t]), v)));
        }
    }
}

/* A window without taps. */
static void nothing(int64_t c, float *y, uint8_t *tap)
{
    for (int64_t i = 0; i < c; i++) y[i] = -INFINITY;
    if (tap) memset(tap, XB_MAX_NONE, (size_t)c);
}

/* `count` positions beside one another. n: how many taps w has, known to the compiler. x, y: where the first window's
 * first tap and its result are. */
LANE void run(const xb_geometry *g, const window *w, int n, int mode, const operands *o, int64_t x, int64_t y,
              int64_t count)
{
    int64_t c = g->in_channels, ahead = g->stride[0] * g->in[1] * c;
    for (; count > 0; count--, x += g->stride[1] * c, y += c) {
        if (mode == BACK)
            back(w, n, c, o->from + y, o->read + y, o->to + x);
        else
            forward(w, n, c, ahead, o->from + x, o->to + y, mode == KEEP ? o->write + y : NULL);
    }
}

LANE void any_run(const xb_geometry *g, const window *w, int mode, const operands *o, int64_t x, int64_t y,
                  int64_t count)
{
    if (w->n == 4)
        run(g, w, 4, mode, o, x, y, count);
    else if (w->n == 9)
        run(g, w, 9, mode, o, x, y, count);
    else if (w->n)
        run(g, w, w->n, mode, o, x, y, count);
    else if (mode != BACK)
        nothing(g->in_channels, o->to + y, mode == KEEP ? o->write + y : NULL);
}

/* Positions in a row whose columns all lie in the image. */
static span whole_columns(const xb_geometry *g)
{
    span s = {0, g->out[1]};
    while (s.first < s.end && s.first * g->stride[1] < g->begin[1]) s.first++;
    while (s.end > s.first && clip(g, 1, s.end - 1).end < g->kernel[1]) s.end--;
    return s;
}

LANE void one_row(const xb_geometry *g, const window *whole, span inside, int64_t row, int mode, const operands *o)
{
    int64_t c = g->in_channels, top = row * g->stride[0] - g->begin[0], count;
    span rows = clip(g, 0, row);
    bool all = rows.end - rows.first == g->kernel[0];
    window part;
    for (int64_t col = 0; col < g->out[1]; col += count) {
        bool in = all && col >= inside.first && col < inside.end;
        int64_t x = (top * g->in[1] + col * g->stride[1] - g->begin[1]) * c, y = (row * g->out[1] + col) * c;
        count = in ? inside.end - col : 1;
        if (!in) look(g, rows, clip(g, 1, col), &part);
        any_run(g, in ? whole : &part, mode, o, x, y, count);
    }
}

/* The next image of the operands. */
static void step(const xb_geometry *g, int mode, operands *o)
{
    int64_t in = g->in[0] * g->in[1] * g->in_channels, out = g->out[0] * g->out[1] * g->in_channels;
    o->from += mode == BACK ? out : in;
    o->to += mode == BACK ? in : out;
    if (mode == BACK) o->read += out;
    if (mode == KEEP) o->write += out;
}

/* Rows of dx become 0 just before the first window that reaches them. */
LANE void images(const xb_geometry *g, int mode, operands o)
{
    int64_t line = g->in[1] * g->in_channels;
    span inside = whole_columns(g);
    window whole;
    look(g, (span){0, g->kernel[0]}, (span){0, g->kernel[1]}, &whole);
    for (int64_t i = 0; i < g->batch; i++, step(g, mode, &o)) {
        int64_t zero = 0;
        for (int64_t row = 0; row < g->out[0]; row++) {
            int64_t end = row * g->stride[0] - g->begin[0] + (g->kernel[0] - 1) * g->dilation[0] + 1;
            if (row == g->out[0] - 1 || end > g->in[0]) end = g->in[0];
            if (mode == BACK && end > zero) {
                memset(o.to + zero * line, 0, (size_t)((end - zero) * line) * sizeof(float));
                zero = end;
            }
            one_row(g, &whole, inside, row, mode, &o);
        }
    }
}

LANE_TARGET static void max_forward(const xb_geometry *g, const float *x, float *y)
{
    images(g, FORWARD, (operands){.from = x, .to = y});
}

LANE_TARGET static void max_keep(const xb_geometry *g, const float *x, float *y, uint8_t *tap)
{
    images(g, KEEP, (operands){.from = x, .to = y, .write = tap});
}

LANE_TARGET static void max_back(const xb_geometry *g, const float *dy, const uint8_t *tap, float *dx)
{
    images(g, BACK, (operands){.from = dy, .to = dx, .read = tap});
}
