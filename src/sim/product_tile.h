/* product_tile.h: the float kernel, in the vectors of the includer's lanes_*.h.
 *
 * A tile is `high` vectors of x by one to three vectors of columns; its sums stay in registers over the rows of a
 * block, are converted there and added to the totals. Which tile a sum belongs to changes nothing: it is one chain of
 * fused multiply-adds in the order of rows.
 */
#ifndef XB_SIM_PRODUCT_TILE_H
#define XB_SIM_PRODUCT_TILE_H

#include "sim/product_noise.h"
#include <math.h>

/* Loops over a tile are unrolled, so that sums are registers. */
#define EACH _Pragma("GCC unroll 16") for

/* sum[i][v] = sum over k of x[at[i] + row[k]] * w[k][v]. */
LANE void sums_of(int high, int wide, const float *x, const size_t *at, const size_t *row, const float *w, size_t rows,
                  vf sum[TILE][WIDE])
{
    const float *from[TILE];
    EACH(int i = 0; i < high; i++) from[i] = x + at[i];
    EACH(int i = 0; i < high; i++) EACH(int v = 0; v < wide; v++) sum[i][v] = v_set(0);
    for (size_t k = 0; k < rows; k++) {
        vf column[WIDE];
        EACH(int v = 0; v < wide; v++) column[v] = v_load(w + (k * (size_t)wide + (size_t)v) * LANES);
        EACH(int i = 0; i < high; i++)
        {
            vf input = v_set(from[i][row[k]]);
            EACH(int v = 0; v < wide; v++) sum[i][v] = v_fma(input, column[v], sum[i][v]);
        }
    }
}

LANE void raise_largest(float *largest, int high, int wide, vf sum[TILE][WIDE])
{
    EACH(int v = 0; v < wide; v++)
    {
        vf most = v_load(largest + v * LANES);
        EACH(int i = 0; i < high; i++) most = v_max(v_abs(sum[i][v]), most);
        v_store(largest + v * LANES, most);
    }
}

/* Sums to codes; those that were cut off are counted. */
LANE void convert(const xb_strip *s, int high, int wide, vf sum[TILE][WIDE])
{
    if (s->largest) raise_largest(s->largest, high, wide, sum);
    if (s->inverse == 0) return;
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

/* Totals of the groups so far. */
LANE void begin(const xb_strip *s, int high, int wide, size_t at, vf total[TILE][WIDE])
{
    EACH(int i = 0; i < high; i++)
    EACH(int v = 0; v < wide; v++) total[i][v] =
        s->begin ? v_set(0) : v_load(s->total + (at + (size_t)i) * s->ldtotal + v * LANES);
}

LANE void add_up(int high, int wide, vf sum[TILE][WIDE], vf total[TILE][WIDE])
{
    EACH(int i = 0; i < high; i++) EACH(int v = 0; v < wide; v++) total[i][v] = v_add(total[i][v], sum[i][v]);
}

/* A group's total goes to y, or waits for the next group. The last vector of columns may reach beyond y. */
LANE void finish(const xb_strip *s, int high, int wide, size_t at, vf total[TILE][WIDE])
{
    const vf factor = v_set(s->factor);
    EACH(int i = 0; i < high; i++) EACH(int v = 0; v < wide; v++)
    {
        float *sums = s->total + (at + (size_t)i) * s->ldtotal + v * LANES,
              *y = s->y + (at + (size_t)i) * s->ldy + v * LANES;
        int64_t left = s->columns - v * LANES;
        if (s->end && left >= LANES) {
            v_store(y, v_fma(factor, total[i][v], v_load(y)));
            continue;
        }
        v_store(sums, total[i][v]);
        if (s->end)
            for (int64_t m = 0; m < left; m++) y[m] = fmaf(s->factor, sums[m], y[m]);
    }
}

LANE void tile(const xb_strip *s, int high, int wide, size_t at)
{
    const size_t *row = s->row;
    const float *w = s->w;
    vf total[TILE][WIDE];
    begin(s, high, wide, at, total);
    for (size_t b = s->block; b < s->past; b++) {
        size_t rows = (size_t)(s->past_row[b] - xb_cut_begin(s->past_row, b));
        vf sum[TILE][WIDE];
        sums_of(high, wide, s->x, s->at + at, row, w, rows, sum);
        convert(s, high, wide, sum);
        add_up(high, wide, sum, total);
        row += rows, w += rows * (size_t)(wide * LANES);
    }
    finish(s, high, wide, at, total);
}

/* sums_of for one height and width, not inlined: two of them in a function are more than its registers. */
typedef void sums_function(const float *x, const size_t *at, const size_t *row, const float *w, size_t rows,
                           vf sum[TILE][WIDE]);

/* Noise of variance spread[i][v] is added to the sums of block b. Four vectors share a block of random numbers, two of
 * them a pair; here from the first of such four on, or one vector alone. */
LANE void disturb(const xb_strip *s, const vi key[20], int high, int wide, size_t at, size_t b, vf spread[TILE][WIDE],
                  vf sum[TILE][WIDE])
{
    const uint64_t first = s->first + at;
    for (int v = 0; v < wide; v++)
        for (int four = 0; four < high; four += 4) {
            vi word[4];
            words_of(s->noise, key, first / 4 + (uint64_t)four / 4, (uint32_t)b, s->column + (uint32_t)(v * LANES),
                     word);
            if (high == 1) {
                const vi *pair = word + first / 2 % 2 * 2;
                vf length = length_of(pair[0]), turn[2];
                turn_of(pair[1], &turn[0], &turn[1]);
                sum[0][v] = v_fma(v_sqrt(v_mul(length, spread[0][v])), turn[first % 2], sum[0][v]);
                continue;
            }
            vf length[2], turn[4];
            EACH(int j = 0; j < 2; j++) length[j] = length_of(word[2 * j]);
            EACH(int j = 0; j < 2; j++) turn_of(word[2 * j + 1], &turn[2 * j], &turn[2 * j + 1]);
            EACH(int i = 0; i < 4; i++)
            {
                vf *to = &sum[four + i][v];
                *to = v_fma(v_sqrt(v_mul(length[i / 2], spread[four + i][v])), turn[i], *to);
            }
        }
}

/* With read noise: the variances of the sums are a second product, of the squares. */
LANE void noisy_tile(const xb_strip *s, int high, int wide, size_t at, sums_function *sums)
{
    const size_t *row = s->row;
    const float *w = s->w, *variance = s->variance;
    vf total[TILE][WIDE];
    vi key[20];
    i_philox_keys(s->noise->seed, key);
    begin(s, high, wide, at, total);
    for (size_t b = s->block; b < s->past; b++) {
        size_t rows = (size_t)(s->past_row[b] - xb_cut_begin(s->past_row, b));
        vf sum[TILE][WIDE], spread[TILE][WIDE];
        sums(s->x, s->at + at, row, w, rows, sum);
        sums(s->square, s->at + at, row, variance, rows, spread);
        disturb(s, key, high, wide, at, b, spread, sum);
        convert(s, high, wide, sum);
        add_up(high, wide, sum, total);
        row += rows, w += rows * (size_t)(wide * LANES), variance += rows * (size_t)(wide * LANES);
    }
    finish(s, high, wide, at, total);
}

typedef struct tiles {
    size_t high;
    void (*run[WIDE])(const xb_strip *s, size_t at); /* [vectors - 1]; NULL: too high */
} tiles;

#define TILE_FUNCTION(high, wide)                                                                                      \
    LANE_TARGET static void tile_##high##_##wide(const xb_strip *s, size_t at)                                         \
    {                                                                                                                  \
        tile(s, high, wide, at);                                                                                       \
    }
#define NOISY_FUNCTION(high, wide)                                                                                     \
    __attribute__((noinline)) LANE_TARGET static void sums_##high##_##wide(                                            \
        const float *x, const size_t *at, const size_t *row, const float *w, size_t rows, vf sum[TILE][WIDE])          \
    {                                                                                                                  \
        vf here[TILE][WIDE];                                                                                           \
        sums_of(high, wide, x, at, row, w, rows, here);                                                                \
        EACH(int i = 0; i < high; i++) EACH(int v = 0; v < wide; v++) sum[i][v] = here[i][v];                          \
    }                                                                                                                  \
    LANE_TARGET static void noisy_tile_##high##_##wide(const xb_strip *s, size_t at)                                   \
    {                                                                                                                  \
        noisy_tile(s, high, wide, at, sums_##high##_##wide);                                                           \
    }
#define TILES_OF(high) TILE_FUNCTION(high, 1) TILE_FUNCTION(high, 2)
#define WIDE_TILES_OF(high) TILES_OF(high) TILE_FUNCTION(high, 3)
#define NOISY_TILES_OF(high) NOISY_FUNCTION(high, 1) NOISY_FUNCTION(high, 2) NOISY_FUNCTION(high, 3)
#define TILES_ENTRY(high)                                                                                              \
    {                                                                                                                  \
        high,                                                                                                          \
        {                                                                                                              \
            tile_##high##_1, tile_##high##_2                                                                           \
        }                                                                                                              \
    }
#define WIDE_TILES_ENTRY(high)                                                                                         \
    {                                                                                                                  \
        high,                                                                                                          \
        {                                                                                                              \
            tile_##high##_1, tile_##high##_2, tile_##high##_3                                                          \
        }                                                                                                              \
    }
#define NOISY_TILES_ENTRY(high)                                                                                        \
    {                                                                                                                  \
        high,                                                                                                          \
        {                                                                                                              \
            noisy_tile_##high##_1, noisy_tile_##high##_2, noisy_tile_##high##_3                                        \
        }                                                                                                              \
    }

/* Vectors [at, past) of a strip: tiles of the first height, then lower ones for what is left; the last height is 1. */
static void in_tiles(const xb_strip *s, const tiles *t, size_t at, size_t past)
{
    while (!t->run[s->vectors - 1]) t++;
    for (; at < past; t++)
        for (; past - at >= t->high; at += t->high) t->run[s->vectors - 1](s, at);
}

/* With noise, high tiles begin where four vectors do that share their random numbers. t[last]: the height of 1. */
static void in_noisy_tiles(const xb_strip *s, const tiles *t, size_t last)
{
    size_t alone = (size_t)(-s->first % 4);
    if (alone > s->n) alone = s->n;
    in_tiles(s, t + last, 0, alone);
    in_tiles(s, t, alone, s->n);
}

#endif
