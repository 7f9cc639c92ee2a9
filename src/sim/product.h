/* product.h: what crossbar arrays compute: vectors times a matrix that is cut in blocks of rows, every block's column
 * sums converted by an ADC, the codes added digitally.
 *
 *     y[v][m] += scale * sum over blocks b of ADC( sum over k in b of x[v][k] w[k][m]  [+ read noise] )
 *
 * One kernel a CPU (plain C, AVX2, AVX-512; chosen at run time), all with the same result bits: the products of a block are summed
 * in the order of k by fused multiply-adds in float, codes are rounded to the nearest even one and added up over the blocks (exact up
 * to 2^24; with ideal converters sums are added in the order of b), and y gets scale * step times their sum with one rounding.
 * How vectors are split over calls changes nothing. Thread-safe: panels are read only.
 */
#ifndef XB_SIM_PRODUCT_H
#define XB_SIM_PRODUCT_H

#include "base/rng.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A converter: value -> step * clamp(round(value * (1 / step)), low, high), 1 / step rounded to float. step 0: ideal, the value
 * itself, nothing is clipped. NaN stays NaN. */
typedef struct xb_adc {
    float step;
    float low, high; /* codes */
} xb_adc;

typedef struct xb_panels xb_panels; /* a matrix packed for the kernel */
/* w: [rows][cols]; blocks: ends of the row blocks, ascending, the last one rows. variance: [rows][cols] or NULL: of each
 * weight, in one read (cycle to cycle), >= 0. rows, cols, blocks >= 1, no block is empty. Copied. */
xb_panels *xb_panels_new(const float *w, const float *variance, int64_t rows, int64_t cols, const int64_t *block_end,
                         size_t blocks);
void xb_panels_free(xb_panels *p);

/* Read noise: conversion (vector v, block b, column m) gets sqrt(sum_k x^2 variance) * N(0,1), drawn from Philox with key
 * `seed` and counter {low half of i / 4, b + 2^20 * high half, m, stream}, i = first + v: the same whoever computes. The four
 * words are two Box-Muller pairs, for i % 4 = 0, 1 and 2, 3 (product_noise.h). */
typedef struct xb_read_noise {
    uint64_t seed;
    uint32_t stream; /* trial and layer */
    uint64_t first;  /* number of the first vector */
} xb_read_noise;

typedef struct xb_convert_count {
    uint64_t conversions, clipped; /* clipped: codes that low or high cut off */
} xb_convert_count;

/* n vectors that may overlap, as windows of an image do: number k of vector v is x[at[v] + row[k]]. */
typedef struct xb_vectors {
    size_t n;
    const float *x, *square; /* square: x * x, number by number; needed for noise only */
    const size_t *at, *row;
} xb_vectors;

/* y: [n][cols], row stride ldy, added to. noise NULL: none. count is added to; may be NULL. largest: if not NULL, raised to the
 * largest |column sum| that any ADC sees, noise included (for calibration). noise needs a matrix with variance, else there is
 * none. */
void xb_array_product_of(const xb_panels *p, const xb_vectors *v, float scale, const xb_adc *adc, const xb_read_noise *noise,
                         float *y, size_t ldy, xb_convert_count *count, float *largest);
/* Of vectors side by side: x: [n][rows], row stride ldx. */
void xb_array_product(const xb_panels *p, const float *x, size_t ldx, size_t n, float scale, const xb_adc *adc,
                const xb_read_noise *noise, float *y, size_t ldy, xb_convert_count *count, float *largest);

/* The same on integer codes, exact: x unsigned 8 bit codes (or signed, `signed_x`), w signed 8 bit codes; sums in int32. What the
 * ADC sees is unit * sum: code = clamp(round(sum * (unit / step))), the sum and unit / step rounded to float, which is exact where
 * step is a power of two times unit and |sum| <= 2^24. largest is in what the ADC sees, too. VNNI where the CPU has it, AVX2, plain
 * C: same bits. AVX2 is a third faster where no two neighbouring weights add up to more than 128. NULL for more than 65536 rows:
 * sums could leave int32. */
typedef struct xb_panels8 xb_panels8;
xb_panels8 *xb_panels8_new(const int8_t *w, int64_t rows, int64_t cols, const int64_t *block_end, size_t blocks);
void xb_panels8_free(xb_panels8 *p);
typedef struct xb_vectors8 { /* as xb_vectors; bytes up to 7 behind a number that is read can be read */
    size_t n;
    const uint8_t *x;
    const size_t *at, *row;
} xb_vectors8;
void xb_array_product8_of(const xb_panels8 *p, const xb_vectors8 *v, bool signed_x, float unit, float scale,
                          const xb_adc *adc, float *y, size_t ldy, xb_convert_count *count, float *largest);
void xb_array_product8(const xb_panels8 *p, const uint8_t *x, bool signed_x, size_t ldx, size_t n, float unit, float scale,
                 const xb_adc *adc, float *y, size_t ldy, xb_convert_count *count, float *largest);

const char *xb_product_kernel(void); /* "avx512", "avx2", "plain"; XBARC_SIM_KERNEL=plain|avx2 asks for a lesser one */

#endif
