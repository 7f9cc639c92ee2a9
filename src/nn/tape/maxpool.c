/* maxpool.c: maxima over windows of images with channels last: oneDNN takes ten times as long where AVX-512 is missing
 * and the channels do not fill its registers. The first of equal numbers wins. */
#include "nn/tape/run.h"

#include <string.h>

#define LANES 4

/* The taps of one window that lie inside the image: tap's number and where it is from the image's begin on. */
typedef struct window {
    int32_t tap[XB_TAPE_TAPS];
    int64_t at[XB_TAPE_TAPS];
    int n;
} window;

static void look(const xb_geometry *g, int64_t row, int64_t col, window *w)
{
    w->n = 0;
    for (int64_t i = 0; i < g->kernel[0]; i++) {
        int64_t y = row * g->stride[0] - g->begin[0] + i * g->dilation[0];
        if (y < 0 || y >= g->in[0]) continue;
        for (int64_t j = 0; j < g->kernel[1]; j++) {
            int64_t x = col * g->stride[1] - g->begin[1] + j * g->dilation[1];
            if (x < 0 || x >= g->in[1]) continue;
            w->tap[w->n] = (int32_t)(i * g->kernel[1] + j);
            w->at[w->n++] = (y * g->in[1] + x) * g->in_channels;
        }
    }
}

/* LANES channels; the compiler makes vectors of them. */
static void lanes(const window *w, const float *image, float *restrict y, int32_t *restrict from)
{
    float best[LANES];
    int32_t tap[LANES];
    memcpy(best, image + w->at[0], sizeof best);
    for (int i = 0; i < LANES; i++) tap[i] = w->tap[0];
    for (int t = 1; t < w->n; t++) {
        const float *x = image + w->at[t];
        for (int i = 0; i < LANES; i++) {
            int32_t more = -(x[i] > best[i]);
            tap[i] = (w->tap[t] & more) | (tap[i] & ~more);
            best[i] = x[i] > best[i] ? x[i] : best[i];
        }
    }
    memcpy(y, best, sizeof best);
    memcpy(from, tap, sizeof tap);
}

static void lane(const window *w, const float *image, float *y, int32_t *from)
{
    int best = 0;
    for (int t = 1; t < w->n; t++)
        if (image[w->at[t]] > image[w->at[best]]) best = t;
    *y = image[w->at[best]];
    *from = w->tap[best];
}

void xb_tape_max(const xb_geometry *g, const float *x, float *y, int32_t *from)
{
    int64_t c = g->in_channels, whole = c / LANES * LANES;
    window w;
    for (int64_t row = 0; row < g->out[0]; row++)
        for (int64_t col = 0; col < g->out[1]; col++) {
            look(g, row, col, &w);
            for (int64_t n = 0; n < g->batch; n++) {
                const float *image = x + n * g->in[0] * g->in[1] * c;
                int64_t to = ((n * g->out[0] + row) * g->out[1] + col) * c;
                for (int64_t i = 0; i < whole; i += LANES) lanes(&w, image + i, y + to + i, from + to + i);
                for (int64_t i = whole; i < c; i++) lane(&w, image + i, y + to + i, from + to + i);
            }
        }
}

void xb_tape_max_back(const xb_geometry *g, const float *dy, const int32_t *from, float *dx)
{
    int64_t c = g->in_channels, offset[XB_TAPE_TAPS];
    for (int64_t i = 0; i < g->kernel[0]; i++)
        for (int64_t j = 0; j < g->kernel[1]; j++)
            offset[i * g->kernel[1] + j] = (i * g->dilation[0] * g->in[1] + j * g->dilation[1]) * c;
    memset(dx, 0, (size_t)(g->batch * g->in[0] * g->in[1] * c) * sizeof *dx);
    for (int64_t n = 0; n < g->batch; n++)
        for (int64_t row = 0; row < g->out[0]; row++)
            for (int64_t col = 0; col < g->out[1]; col++) {
                int64_t y = row * g->stride[0] - g->begin[0], x = col * g->stride[1] - g->begin[1];
                int64_t base = ((n * g->in[0] + y) * g->in[1] + x) * c;
                for (int64_t i = 0; i < c; i++) dx[base + offset[*from++] + i] += *dy++;
            }
}
