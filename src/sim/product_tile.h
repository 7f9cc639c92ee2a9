/* product_tile.h: the float kernel, in the vectors of the includer's lanes_*.h.
 *
 * A tile is `high` vectors of x by one or two vectors of columns; its sums stay in registers over the rows of a block,
 * are converted there and added to the totals. Which tile a sum belongs to changes nothing: it is one chain of fused
 * multiply-adds in the order of rows.
 */
#ifndef XB_SIM_PRODUCT_TILE_H
#define XB_SIM_PRODUCT_TILE_H

#include "sim/product_noise.h"
#include <math.h>

/* Loops over a tile are unrolled, so that sums are registers. */
#define EACH _Pragma("GCC unroll 16") for

/* sum[i][v] = sum over k of x[at[i] + row[k]] * w[k][v]. */
LANE void sums_of(int high, int wide, const float *x, const size_t *at, const size_t *row, const float *w, size_t rows,
                  vf sum[TILE][2])
{
    const float *from[TILE];
    EACH(int i = 0; i < high; i++) from[i] = x + at[i];
    EACH(int i = 0; i < high; i++) EACH(int v = 0; v < wide; v++) sum[i][v] = v_set(0);
    for (size_t k = 0; k < rows; k++) {
        vf column[2];
        EACH(int v = 0; v < wide; v++) column[v] = v_load(w + (k * (size_t)wide + (size_t)v) * LANES);
        EACH(int i = 0; i < high; i++)
        {
            vf input = v_set(from[i][row[k]]);
            EACH(int v = 0; v < wide; v++) sum[i][v] = v_fma(input, column[v], sum[i][v]);
        }
    }
}

LANE void raise_largest(float *largest, int high, int wide, vf sum[TILE][2])
{
    EACH(int v = 0; v < wide; v++)
    {
        vf most = v_load(largest + v * LANES);
        EACH(int i = 0; i < high; i++) most = v_max(v_abs(sum[i][v]), most);
        v_store(largest + v * LANES, most);
    }
}

/* Sums to codes, added to total; codes that were cut off are counted. */
LANE void convert(const xb_strip *s, int high, int wide, vf sum[TILE][2], float *total)
{
    if (s->largest) raise_largest(s->largest, high, wide, sum);
    if (s->inverse != 0) {
        const vf inverse = v_set(s->inverse), most = v_set(s->high), least = v_set(s->low);
        EACH(int v = 0; v < wide; v++)
        {
            vi clip = i_load(s->clipped + v * LANES);
            EACH(int i = 0; i < high; i++)
            {
                vf code = v_round(v_mul(sum[i][v], inverse));
                sum[i][v] = v_min(most, v_max(least, code));
                clip = v_count_unequal(clip, code, sum[i][v]);
            }
            i_store(s->clipped + v * LANES, clip);
        }
    }
    const size_t row = s->ldtotal;
    EACH(int i = 0; i < high; i++) EACH(int v = 0; v < wide; v++)
    {
        float *to = total + (size_t)i * row + v * LANES;
        v_store(to, v_add(v_load(to), sum[i][v]));
    }
}

LANE void tile(const xb_strip *s, int high, int wide, size_t at)
{
    const size_t *row = s->row;
    const float *w = s->w;
    float *total = s->total + at * s->ldtotal;
    for (size_t b = s->block; b < s->past; b++) {
        size_t rows = (size_t)(s->end[b] - xb_cut_begin(s->end, b));
        vf sum[TILE][2];
        sums_of(high, wide, s->x, s->at + at, row, w, rows, sum);
        convert(s, high, wide, sum, total);
        row += rows, w += rows * (size_t)(wide * LANES);
    }
}

/* Random numbers of a block (a multiple of 4) and the three after it; those from s->past on are not needed. */
LANE void draw(const xb_strip *s, int high, int wide, size_t at, size_t block, pair drawn[TILE][2][2])
{
    vi word[TILE][2][4], key[20];
    i_philox_keys(s->noise->seed, key);
    for (int i = 0; i < high; i++)
        for (int v = 0; v < wide; v++)
            words_of(s->noise, key, s->first + at + (size_t)i, block, s->column + (uint32_t)(v * LANES), word[i][v]);
    int pairs = block + 2 < s->past ? 2 : 1;
    for (int i = 0; i < high; i++)
        for (int v = 0; v < wide; v++)
            for (int j = 0; j < pairs; j++) pair_of(word[i][v] + 2 * j, &drawn[i][v][j]);
}

/* sums_of for one height and width, not inlined: two of them in a function are more than its registers. */
typedef void sums_function(const float *x, const size_t *at, const size_t *row, const float *w, size_t rows,
                           vf sum[TILE][2]);

/* With read noise: the variances of the sums are a second product, of the squares. */
LANE void noisy_tile(const xb_strip *s, int high, int wide, size_t at, sums_function *sums)
{
    const size_t *row = s->row;
    const float *w = s->w, *variance = s->variance;
    float *total = s->total + at * s->ldtotal;
    pair drawn[TILE][2][2];
    for (size_t b = s->block; b < s->past; b++) {
        size_t rows = (size_t)(s->end[b] - xb_cut_begin(s->end, b));
        vf sum[TILE][2], spread[TILE][2];
        sums(s->x, s->at + at, row, w, rows, sum);
        sums(s->square, s->at + at, row, variance, rows, spread);
        if (b % 4 == 0) draw(s, high, wide, at, b, drawn);
        EACH(int i = 0; i < high; i++) EACH(int v = 0; v < wide; v++)
        {
            const pair *p = &drawn[i][v][b / 2 % 2];
            sum[i][v] = v_fma(v_sqrt(v_mul(p->length, spread[i][v])), p->turn[b % 2], sum[i][v]);
        }
        convert(s, high, wide, sum, total);
        row += rows, w += rows * (size_t)(wide * LANES), variance += rows * (size_t)(wide * LANES);
    }
}

typedef struct tiles {
    size_t high;
    void (*run[2][2])(const xb_strip *s, size_t at); /* [one or two vectors][noise] */
} tiles;

#define TILE_FUNCTIONS(high, wide)                                                                                     \
    LANE_TARGET static void tile_##high##_##wide(const xb_strip *s, size_t at)                                         \
    {                                                                                                                  \
        tile(s, high, wide, at);                                                                                       \
    }                                                                                                                  \
    __attribute__((noinline)) LANE_TARGET static void sums_##high##_##wide(                                            \
        const float *x, const size_t *at, const size_t *row, const float *w, size_t rows, vf sum[TILE][2])             \
    {                                                                                                                  \
        vf here[TILE][2];                                                                                              \
        sums_of(high, wide, x, at, row, w, rows, here);                                                                \
        EACH(int i = 0; i < high; i++) EACH(int v = 0; v < wide; v++) sum[i][v] = here[i][v];                          \
    }                                                                                                                  \
    LANE_TARGET static void noisy_tile_##high##_##wide(const xb_strip *s, size_t at)                                   \
    {                                                                                                                  \
        noisy_tile(s, high, wide, at, sums_##high##_##wide);                                                           \
    }
#define TILES_OF(high) TILE_FUNCTIONS(high, 1) TILE_FUNCTIONS(high, 2)
#define TILES_ENTRY(high)                                                                                              \
    {                                                                                                                  \
        high,                                                                                                          \
        {                                                                                                              \
            {tile_##high##_1, noisy_tile_##high##_1},                                                                  \
            {                                                                                                          \
                tile_##high##_2, noisy_tile_##high##_2                                                                 \
            }                                                                                                          \
        }                                                                                                              \
    }

/* All vectors of a strip: tiles of the first height, then lower ones for what is left; the last height is 1. */
static void in_tiles(const xb_strip *s, const tiles *t)
{
    for (size_t at = 0; at < s->n; t++)
        for (; s->n - at >= t->high; at += t->high) t->run[s->vectors - 1][s->variance != NULL](s, at);
}

LANE_TARGET static void add(const float *total, float factor, float *y, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) v_store(y + i, v_fma(v_set(factor), v_load(total + i), v_load(y + i)));
    for (; i < n; i++) y[i] = fmaf(factor, total[i], y[i]);
}

#endif
