/* optim.c: one loop an optimiser, over plain arrays; scalars are made in double once and rounded once, the rest is
 * float in PyTorch's order of operations. */
#include "nn/train/optim.h"
#include "nn/train/vector.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct factors { /* of one update, rounded to float */
    float scale, decay, rate, momentum;
    float keep;                 /* adamw: what decay leaves of a weight */
    float b1, rest1, b2, rest2; /* rest: 1 - b */
    float root2, epsilon;       /* root of 1 - b2^t */
    float step;                 /* rate / (1 - b1^t) */
} factors;

XB_VECTOR static void plain(float *restrict w, const float *restrict g, size_t n, const factors *f)
{
    const float scale = f->scale, decay = f->decay, rate = f->rate;
    for (size_t i = 0; i < n; i++) w[i] -= rate * (g[i] * scale + decay * w[i]);
}

XB_VECTOR static void momentum(float *restrict w, float *restrict m, const float *restrict g, size_t n,
                               const factors *f)
{
    const float scale = f->scale, decay = f->decay, rate = f->rate, mu = f->momentum;
    for (size_t i = 0; i < n; i++) {
        m[i] = mu * m[i] + (g[i] * scale + decay * w[i]);
        w[i] -= rate * m[i];
    }
}

XB_VECTOR static void nesterov(float *restrict w, float *restrict m, const float *restrict g, size_t n,
                               const factors *f)
{
    const float scale = f->scale, decay = f->decay, rate = f->rate, mu = f->momentum;
    for (size_t i = 0; i < n; i++) {
        float d = g[i] * scale + decay * w[i];
        m[i] = mu * m[i] + d;
        w[i] -= rate * (d + mu * m[i]);
    }
}

/* Adam is cut at the square root, a loop of its own: without -fno-math-errno that one is done a number at a time. */
XB_VECTOR static void moments(float *restrict m, float *restrict v, const float *restrict w, const float *restrict g,
                              size_t n, const factors *f)
{
    const factors k = *f;
    for (size_t i = 0; i < n; i++) {
        float d = g[i] * k.scale + k.decay * w[i];
        m[i] = k.b1 * m[i] + k.rest1 * d;
        v[i] = k.b2 * v[i] + k.rest2 * d * d;
    }
}

XB_VECTOR static void roots(float *restrict root, const float *restrict v, size_t n)
{
    for (size_t i = 0; i < n; i++) root[i] = sqrtf(v[i]);
}

XB_VECTOR static void along(float *restrict w, const float *restrict m, const float *restrict root, size_t n,
                            const factors *f)
{
    const factors k = *f;
    for (size_t i = 0; i < n; i++) w[i] = w[i] * k.keep - k.step * m[i] / (root[i] / k.root2 + k.epsilon);
}

static void adam(const xb_update *u, const factors *f)
{
    enum { PART = 256 };
    float root[PART];
    for (size_t at = 0; at < u->n; at += PART) {
        size_t n = u->n - at < PART ? u->n - at : PART;
        moments(u->m + at, u->v + at, u->w + at, u->g + at, n, f);
        roots(root, u->v + at, n);
        along(u->w + at, u->m + at, root, n, f);
    }
}

static factors factors_of(const xb_recipe *r, const xb_update *u)
{
    bool apart = r->optimizer == XB_ADAMW; /* decay does not pass through the moments */
    factors f = {.scale = (float)u->scale,
                 .decay = apart ? 0 : (float)u->decay,
                 .rate = (float)u->rate,
                 .momentum = (float)r->momentum,
                 .keep = apart ? (float)(1 - u->rate * u->decay) : 1};
    if (r->optimizer == XB_SGD) return f;
    f.b1 = (float)r->beta1, f.rest1 = (float)(1 - r->beta1);
    f.b2 = (float)r->beta2, f.rest2 = (float)(1 - r->beta2);
    f.root2 = (float)sqrt(1 - pow(r->beta2, (double)u->step));
    f.step = (float)(u->rate / (1 - pow(r->beta1, (double)u->step)));
    f.epsilon = (float)r->epsilon;
    return f;
}

void xb_optim_update(const xb_recipe *r, const xb_update *u)
{
    factors f = factors_of(r, u);
    assert(!u->m == !xb_optim_first_moment(r) && !u->v == !xb_optim_second_moment(r));
    if (xb_optim_second_moment(r))
        adam(u, &f);
    else if (!xb_optim_first_moment(r))
        plain(u->w, u->g, u->n, &f);
    else if (r->nesterov)
        nesterov(u->w, u->m, u->g, u->n, &f);
    else
        momentum(u->w, u->m, u->g, u->n, &f);
}

bool xb_optim_first_moment(const xb_recipe *r)
{
    return r->optimizer != XB_SGD || r->momentum > 0;
}

bool xb_optim_second_moment(const xb_recipe *r)
{
    return r->optimizer != XB_SGD;
}

enum { BLOCK = 4096, LANES = 8 };

XB_VECTOR static double block_squares(const float *v, size_t n)
{
    double s[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++) s[k] += (double)v[i + k] * (double)v[i + k];
    for (size_t k = 0; i < n; i++, k++) s[k] += (double)v[i] * (double)v[i];
    for (size_t k = 0; k < LANES; k++) sum += s[k];
    return sum;
}

double xb_sum_squares(const float *v, size_t n)
{
    double sum = 0;
    for (size_t at = 0; at < n; at += BLOCK) sum += block_squares(v + at, n - at < BLOCK ? n - at : BLOCK);
    return sum;
}

/* All bits of the exponent set: infinite or NaN. */
XB_VECTOR static bool block_finite(const float *v, size_t n)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, v + i, sizeof bits);
        bad |= (bits & 0x7f800000) == 0x7f800000;
    }
    return !bad;
}

bool xb_all_finite(const float *v, size_t n)
{
    for (size_t at = 0; at < n; at += BLOCK)
        if (!block_finite(v + at, n - at < BLOCK ? n - at : BLOCK)) return false;
    return true;
}
