/* product8_tile.h: the kernel of integer codes, in the vectors of the includer's lanes_*.h. Sums are exact in any
 * order. */
#ifndef XB_SIM_PRODUCT8_TILE_H
#define XB_SIM_PRODUCT8_TILE_H

#include <math.h>
#include <string.h>

#define EACH8 _Pragma("GCC unroll 16") for

LANE void sums8_of(int high, int wide, const uint32_t *x, size_t ldx, const uint32_t *w, size_t words,
                   vi sum[TILE][WIDE])
{
    for (size_t k = 0; k < words; k++) {
        vi column[WIDE];
        EACH8(int v = 0; v < wide; v++) column[v] = i_load(w + (k * (size_t)wide + (size_t)v) * LANES);
        EACH8(int i = 0; i < high; i++)
        {
            vi input = i_set(x[(size_t)i * ldx + k]);
            EACH8(int v = 0; v < wide; v++) sum[i][v] = i_dot(sum[i][v], input, column[v]);
        }
    }
}

LANE void raise_largest8(float *largest, int high, int wide, vi sum[TILE][WIDE])
{
    EACH8(int v = 0; v < wide; v++)
    {
        vf most = v_load(largest + v * LANES);
        EACH8(int i = 0; i < high; i++) most = v_max(v_abs(v_of_int(sum[i][v])), most);
        v_store(largest + v * LANES, most);
    }
}

/* Sums to codes as floats, as bits; codes that were cut off are counted. */
LANE void codes8(const xb_strip8 *s, int high, int wide, vi sum[TILE][WIDE])
{
    const vf factor = v_set(s->code), most = v_set(s->high), least = v_set(s->low);
    EACH8(int v = 0; v < wide; v++)
    {
        vi clip = i_load(s->clipped + v * LANES);
        EACH8(int i = 0; i < high; i++)
        {
            vf code = v_round(v_mul(v_of_int(sum[i][v]), factor));
            vf held = v_min(most, v_max(least, code));
            clip = v_count_unequal(clip, code, held);
            sum[i][v] = i_bits(held);
        }
        i_store(s->clipped + v * LANES, clip);
    }
}

LANE void add_up8(const xb_strip8 *s, int high, int wide, vi sum[TILE][WIDE], vi total[TILE][WIDE])
{
    EACH8(int i = 0; i < high; i++)
    EACH8(int v = 0; v < wide; v++) total[i][v] =
        s->convert ? i_bits(v_add(v_bits(total[i][v]), v_bits(sum[i][v]))) : i_add(total[i][v], sum[i][v]);
}

/* As finish() of product_tile.h. */
LANE void finish8(const xb_strip8 *s, int high, int wide, size_t at, vi total[TILE][WIDE])
{
    const vf factor = v_set(s->factor);
    EACH8(int i = 0; i < high; i++) EACH8(int v = 0; v < wide; v++)
    {
        uint32_t *sums = (uint32_t *)s->total + (at + (size_t)i) * s->ldtotal + v * LANES;
        float *y = s->y + (at + (size_t)i) * s->ldy + v * LANES;
        int64_t left = s->columns - v * LANES;
        if (!s->end) {
            i_store(sums, total[i][v]);
            continue;
        }
        vf all = s->convert ? v_bits(total[i][v]) : v_of_int(total[i][v]);
        if (left >= LANES) {
            v_store(y, v_fma(factor, all, v_load(y)));
            continue;
        }
        float numbers[LANES];
        v_store(numbers, all);
        for (int64_t m = 0; m < left; m++) y[m] = fmaf(s->factor, numbers[m], y[m]);
    }
}

LANE void tile8(const xb_strip8 *s, int high, int wide, size_t at)
{
    const uint32_t *x = s->x + at * s->ldx, *w = s->w;
    vi total[TILE][WIDE];
    EACH8(int i = 0; i < high; i++) EACH8(int v = 0; v < wide; v++)
    {
        const uint32_t *before = (const uint32_t *)s->total + (at + (size_t)i) * s->ldtotal + v * LANES;
        total[i][v] = s->begin ? i_set(0) : i_load(before);
    }
    for (size_t b = s->block; b < s->past; b++) {
        size_t words = (size_t)(s->past_row[b] - xb_cut_begin(s->past_row, b)), columns = (size_t)(wide * LANES);
        vi sum[TILE][WIDE];
        EACH8(int v = 0; v < wide; v++)
        {
            vi start = s->start ? i_load(s->start + b * columns + (size_t)(v * LANES)) : i_set(0);
            EACH8(int i = 0; i < high; i++) sum[i][v] = start;
        }
        sums8_of(high, wide, x, s->ldx, w, words, sum);
        if (s->largest) raise_largest8(s->largest, high, wide, sum);
        if (s->convert) codes8(s, high, wide, sum);
        add_up8(s, high, wide, sum, total);
        x += words, w += words * columns;
    }
    finish8(s, high, wide, at, total);
}

typedef struct tiles8 {
    size_t high;
    void (*run[WIDE])(const xb_strip8 *s, size_t at); /* [vectors - 1]; NULL: too high */
} tiles8;

#define TILE8_FUNCTION(high, wide)                                                                                     \
    LANE_TARGET static void tile8_##high##_##wide(const xb_strip8 *s, size_t at)                                       \
    {                                                                                                                  \
        tile8(s, high, wide, at);                                                                                      \
    }
#define TILES8_OF(high) TILE8_FUNCTION(high, 1) TILE8_FUNCTION(high, 2)
#define WIDE_TILES8_OF(high) TILES8_OF(high) TILE8_FUNCTION(high, 3)
#define TILES8_ENTRY(high)                                                                                             \
    {                                                                                                                  \
        high,                                                                                                          \
        {                                                                                                              \
            tile8_##high##_1, tile8_##high##_2                                                                         \
        }                                                                                                              \
    }
#define WIDE_TILES8_ENTRY(high)                                                                                        \
    {                                                                                                                  \
        high,                                                                                                          \
        {                                                                                                              \
            tile8_##high##_1, tile8_##high##_2, tile8_##high##_3                                                       \
        }                                                                                                              \
    }

static void in_tiles8(const xb_strip8 *s, const tiles8 *t)
{
    while (!t->run[s->vectors - 1]) t++;
    for (size_t at = 0; at < s->n; t++)
        for (; s->n - at >= t->high; at += t->high) t->run[s->vectors - 1](s, at);
}

#endif
