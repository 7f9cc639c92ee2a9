/* lrn.c: gradient of LRN.
 *
 * y_i = x_i s_i^-beta, s_i = bias + alpha/size sum over the window of i of x^2; so with t_i = dy_i x_i s_i^(-beta-1),
 * dx_k = dy_k s_k^-beta - 2 alpha beta / size x_k (sum of t_i over the windows that hold k).
 */
#include "nn/back/kernel.h"
#include <math.h>

typedef struct xb_response {
    double alpha, beta, bias; /* alpha: divided by size */
    int64_t channels, step, before, behind;
    double *t; /* a channel each */
} xb_response;

/* All channels of one pixel, `step` apart: g becomes dx. */
static void back_pixel(const xb_response *r, const xb_cell *x, xb_cell *g)
{
    for (int64_t i = 0; i < r->channels; i++) {
        int64_t lo = i > r->before ? i - r->before : 0;
        int64_t hi = r->behind < r->channels - 1 - i ? i + r->behind : r->channels - 1;
        double sum = 0;
        for (int64_t j = lo; j <= hi; j++) sum += x[j * r->step].f * x[j * r->step].f;
        double s = r->bias + r->alpha * sum, v = g[i * r->step].f * pow(s, -r->beta);
        r->t[i] = v * x[i * r->step].f / s;
        g[i * r->step].f = v;
    }
    for (int64_t k = 0; k < r->channels; k++) {
        int64_t lo = k > r->behind ? k - r->behind : 0;
        int64_t hi = r->before < r->channels - 1 - k ? k + r->before : r->channels - 1;
        double sum = 0;
        for (int64_t i = lo; i <= hi; i++) sum += r->t[i];
        g[k * r->step].f -= 2 * r->alpha * r->beta * x[k * r->step].f * sum;
    }
}

bool xb_back_lrn(const xb_back *b)
{
    const xb_type *type = &b->c.in[0].type;
    int64_t channels = type->dim[1], plane = xb_span(type, 2, type->rank);
    int64_t size = xb_call_int(&b->c, "size", 1);
    xb_response r = {.alpha = xb_call_real(&b->c, "alpha", (double)1e-4f) / (double)size,
                     .beta = xb_call_real(&b->c, "beta", 0.75),
                     .bias = xb_call_real(&b->c, "bias", 1),
                     .channels = channels,
                     .step = plane,
                     .before = (size - 1) / 2,
                     .behind = size - 1 - (size - 1) / 2,
                     .t = xb_calloc((size_t)channels + 1, sizeof *r.t)};
    xb_cell *x = xb_cells_of(&b->c.in[0]), *g = xb_cells_of(&b->dout[0]);
    for (int64_t p = 0; p < type->dim[0] * plane; p++) {
        int64_t first = p / plane * channels * plane + p % plane;
        back_pixel(&r, x + first, g + first);
    }
    xb_back_give(b, 0, g);
    free(x);
    free(r.t);
    return true;
}
