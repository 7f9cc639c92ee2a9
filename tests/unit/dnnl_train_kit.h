/* dnnl_train_kit.h: one training operation run on random operands, and how far its results are from doubles. */
#ifndef DNNL_TRAIN_KIT_H
#define DNNL_TRAIN_KIT_H

#include "base/mem.h"
#include "base/rng.h"
#include "nn/dnnl_train.h"
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static inline float *numbers(size_t n, double lo, double hi, uint32_t stream)
{
    xb_rng r = xb_rng_at(11, XB_RNG_INIT, stream);
    float *v = xb_calloc(n, sizeof *v);
    for (size_t i = 0; i < n; i++) v[i] = (float)xb_rng_between(&r, lo, hi);
    return v;
}

static inline double *zeros(size_t n)
{
    return xb_calloc(n, sizeof(double));
}

/* Asking the processor takes long where it is a virtual one. */
static inline int64_t block(void)
{
    static int64_t b;
    if (!b) b = xb_dnnl_block();
    return b;
}

/* Position of a number in a tensor [n][c][h][w] of this format. */
static inline size_t place(xb_format f, const int64_t d[4], int64_t n, int64_t c, int64_t h, int64_t w)
{
    switch (f) {
    case XB_FMT_NHWC:
        return (size_t)(((n * d[2] + h) * d[3] + w) * d[1] + c);
    case XB_FMT_BLOCKED:
        return (size_t)((((n * (d[1] / block()) + c / block()) * d[2] + h) * d[3] + w) * block() + c % block());
    default:
        return (size_t)(((n * d[1] + c) * d[2] + h) * d[3] + w);
    }
}

static inline size_t count_of(const int64_t d[4])
{
    return (size_t)(d[0] * d[1] * d[2] * d[3]);
}

/* Largest difference over the root of the mean square of the expected numbers. */
static inline double off(const float *got, const double *want, size_t n)
{
    double top = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        ck_assert(isfinite(got[i]));
        top = fmax(top, fabs(got[i] - want[i]));
        square += want[i] * want[i];
    }
    ck_assert(square > 0);
    return top / sqrt(square / (double)n);
}
#define AGREES_WITHIN(limit, got, want, n)                                                                             \
    do {                                                                                                               \
        double off_ = off(got, want, n);                                                                               \
        ck_assert_msg(off_ < (limit), "off by %g", off_);                                                              \
    } while (0)
#define AGREES(got, want, n) AGREES_WITHIN(1e-5, got, want, n)

typedef struct bench {
    xb_dnnl *lib;
    int threads;
} bench;

static inline bench bench_new(void)
{
    bench b = {.threads = xb_dnnl_one_thread()};
    b.lib = xb_dnnl_new();
    ck_assert(b.lib != NULL);
    return b;
}

static inline void bench_free(bench *b)
{
    xb_dnnl_free(b->lib);
    xb_dnnl_set_threads(b->threads);
}

static inline void run_op(const bench *b, const xb_dnnl_op *op, const void *const *operand)
{
    xb_dnnl_worker *w = xb_dnnl_worker_new(b->lib, xb_dnnl_op_scratch(op));
    xb_dnnl_call *c = xb_dnnl_bind(w, op, operand, NULL);
    ck_assert(c && xb_dnnl_run(c));
    xb_dnnl_call_free(c);
    xb_dnnl_worker_free(w);
}
#define RUN(b, op, ...) run_op(b, op, (const void *[]){__VA_ARGS__})

#endif
