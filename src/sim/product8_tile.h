/* product8_tile.h: the kernel of integer codes, in the vectors of the includer's lanes_*.h. Sums are exact in any
 * order. */
#ifndef XB_SIM_PRODUCT8_TILE_H
#define XB_SIM_PRODUCT8_TILE_H

#include <math.h>
#include <string.h>

#define EACH8 _Pragma("GCC unroll 16") for

LANE void sums8_of(int high, int wide, const uint32_t *x, size_t ldx, const uint32_t *w, size_t words, vi sum[TILE][2])
{
    for (size_t k = 0; k < words; k++) {
        vi column[2];
        EACH8(int v = 0; v < wide; v++) column[v] = i_load(w + (k * (size_t)wide + (size_t)v) * LANES);
        EACH8(int i = 0; i < high; i++)
        {
            vi input = i_set(x[(size_t)i * ldx + k]);
            EACH8(int v = 0; v < wide; v++) sum[i][v] = i_dot(sum[i][v], input, column[v]);
        }
    }
}

LANE void raise_largest8(float *largest, int high, int wide, vi sum[TILE][2])
{
    EACH8(int v = 0; v < wide; v++)
    {
        vf most = v_load(largest + v * LANES);
        EACH8(int i = 0; i < high; i++) most = v_max(v_abs(v_of_int(sum[i][v])), most);
        v_store(largest + v * LANES, most);
    }
}

/* Sums to codes and to floats, as bits; codes that were cut off are counted. */
LANE void codes8(const xb_strip8 *s, int high, int wide, vi sum[TILE][2], uint32_t *total)
{
    const vf factor = v_set(s->factor), most = v_set(s->high), least = v_set(s->low);
    const size_t row = s->ldtotal;
    EACH8(int v = 0; v < wide; v++)
    {
        vi clip = i_load(s->clipped + v * LANES);
        EACH8(int i = 0; i < high; i++)
        {
            uint32_t *to = total + (size_t)i * row + v * LANES;
            vf code = v_round(v_mul(v_of_int(sum[i][v]), factor));
            vf held = v_min(most, v_max(least, code));
            clip = v_count_unequal(clip, code, held);
            i_store(to, i_bits(v_add(v_bits(i_load(to)), held)));
        }
        i_store(s->clipped + v * LANES, clip);
    }
}

LANE void exact8(const xb_strip8 *s, int high, int wide, vi sum[TILE][2], uint32_t *total)
{
    const size_t row = s->ldtotal;
    EACH8(int i = 0; i < high; i++) EACH8(int v = 0; v < wide; v++)
    {
        uint32_t *to = total + (size_t)i * row + v * LANES;
        i_store(to, i_add(i_load(to), sum[i][v]));
    }
}

LANE void tile8(const xb_strip8 *s, int high, int wide, size_t at)
{
    const uint32_t *x = s->x + at * s->ldx, *w = s->w;
    uint32_t *total = (uint32_t *)s->total + at * s->ldtotal;
    for (size_t b = s->block; b < s->past; b++) {
        size_t words = (size_t)(s->end[b] - xb_cut_begin(s->end, b)), columns = (size_t)(wide * LANES);
        vi sum[TILE][2];
        EACH8(int v = 0; v < wide; v++)
        {
            vi start = s->start ? i_load(s->start + b * columns + (size_t)(v * LANES)) : i_set(0);
            EACH8(int i = 0; i < high; i++) sum[i][v] = start;
        }
        sums8_of(high, wide, x, s->ldx, w, words, sum);
        if (s->largest) raise_largest8(s->largest, high, wide, sum);
        if (s->convert)
            codes8(s, high, wide, sum, total);
        else
            exact8(s, high, wide, sum, total);
        x += words, w += words * columns;
    }
}

typedef struct tiles8 {
    size_t high;
    void (*run[2])(const xb_strip8 *s, size_t at); /* [one or two vectors] */
} tiles8;

#define TILE8_FUNCTION(high, wide)                                                                                     \
    LANE_TARGET static void tile8_##high##_##wide(const xb_strip8 *s, size_t at)                                       \
    {                                                                                                                  \
        tile8(s, high, wide, at);                                                                                      \
    }
#define TILES8_OF(high) TILE8_FUNCTION(high, 1) TILE8_FUNCTION(high, 2)
#define TILES8_ENTRY(high)                                                                                             \
    {                                                                                                                  \
        high,                                                                                                          \
        {                                                                                                              \
            tile8_##high##_1, tile8_##high##_2                                                                         \
        }                                                                                                              \
    }

static void in_tiles8(const xb_strip8 *s, const tiles8 *t)
{
    for (size_t at = 0; at < s->n; t++)
        for (; s->n - at >= t->high; at += t->high) t->run[s->vectors - 1](s, at);
}

LANE_TARGET static void add8(const int32_t *total, float factor, float *y, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) v_store(y + i, v_fma(v_set(factor), v_of_int(i_load(total + i)), v_load(y + i)));
    for (; i < n; i++) y[i] = fmaf(factor, (float)total[i], y[i]);
}

#endif
