/* sim_product_kit.h: random matrices and vectors cut in uneven blocks, for the crossbar product. */
#ifndef SIM_PRODUCT_KIT_H
#define SIM_PRODUCT_KIT_H

#include "base/mem.h"
#include "sim/product.h"
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 3, BLOCKS_MAX = 200 }; /* numbers between rows of x and y */

typedef struct sample {
    int64_t rows, cols;
    size_t n, blocks, ldx, ldy;
    int64_t end[BLOCKS_MAX];
    float *w, *variance, *x, *y; /* y: what is added to */
    int8_t *w8;
    uint8_t *x8;
} sample;

static inline void use_kernel(const char *name)
{
    ck_assert_int_eq(setenv("XBARC_SIM_KERNEL", name, 1), 0);
}

/* Blocks of 1 to `most` rows. */
static inline void cut(sample *s, xb_rng *r, uint32_t most)
{
    s->blocks = 0;
    for (int64_t at = 0; at < s->rows; s->blocks++) {
        at += 1 + xb_rng_below(r, most);
        if (at > s->rows) at = s->rows;
        s->end[s->blocks] = at;
    }
}

static inline float *numbers(xb_rng *r, size_t n, double lo, double hi)
{
    float *p = xb_malloc(n * sizeof *p);
    for (size_t i = 0; i < n; i++) p[i] = (float)xb_rng_between(r, lo, hi);
    return p;
}

/* weight: largest |integer weight|. */
static inline sample sample_new(uint64_t seed, int64_t rows, int64_t cols, size_t n, uint32_t most, int weight)
{
    xb_rng r = xb_rng_at(seed, XB_RNG_INIT, 0);
    sample s = {.rows = rows, .cols = cols, .n = n, .ldx = (size_t)rows + GAP, .ldy = (size_t)cols + GAP};
    size_t cells = (size_t)(rows * cols);
    cut(&s, &r, most);
    s.w = numbers(&r, cells, -1, 1), s.variance = numbers(&r, cells, 0, 0.01);
    s.x = numbers(&r, n * s.ldx, -1, 1), s.y = numbers(&r, n * s.ldy, -2, 2);
    s.w8 = xb_malloc(cells), s.x8 = xb_malloc(n * s.ldx);
    for (size_t i = 0; i < cells; i++) s.w8[i] = (int8_t)((int)xb_rng_below(&r, (uint32_t)(2 * weight + 1)) - weight);
    for (size_t i = 0; i < n * s.ldx; i++) s.x8[i] = (uint8_t)xb_rng_below(&r, 256);
    return s;
}

/* Any shape up to 200 rows, 130 columns, 37 vectors. */
static inline sample sample_any(uint64_t seed, int weight)
{
    xb_rng r = xb_rng_at(seed, XB_RNG_SHUFFLE, 1);
    int64_t rows = 1 + xb_rng_below(&r, 200), cols = 1 + xb_rng_below(&r, 130);
    return sample_new(seed, rows, cols, 1 + xb_rng_below(&r, 37), 1 + xb_rng_below(&r, 80), weight);
}

static inline void sample_free(sample *s)
{
    free(s->w), free(s->variance), free(s->x), free(s->y), free(s->w8), free(s->x8);
}

static inline float *y_copy(const sample *s)
{
    return memcpy(xb_malloc(s->n * s->ldy * sizeof *s->y), s->y, s->n * s->ldy * sizeof *s->y);
}

static inline int64_t begin_of(const sample *s, size_t block)
{
    return block ? s->end[block - 1] : 0;
}

/* What lies between the rows of y is as it was. */
static inline void gaps_kept(const sample *s, const float *y)
{
    for (size_t i = 0; i < s->n; i++)
        ck_assert_mem_eq(y + i * s->ldy + s->cols, s->y + i * s->ldy + s->cols, GAP * sizeof *y);
}

#endif
