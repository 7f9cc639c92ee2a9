/* draw.c: Philox blocks by place, then whole batches of them into uniforms and normals.
 *
 * Logarithm, sine and cosine are polynomials in double, the same operations in every lane and on every CPU, so that a
 * number does not depend on what is computed beside it; the float they are rounded to is the nearest but for about one
 * in a thousand, which is its neighbour. */
#include "sim/draw.h"
#include "base/rng.h"
#include "sim/clones.h"
#include <Random123/philox.h>
#include <math.h>
#include <string.h>

enum { BLOCKS = 64 }; /* of four cells, at a time */

uint32_t xb_draw_layer(const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 16777619u;
    return h;
}

/* What all blocks of a row have in common. */
typedef struct head {
    uint32_t key[2], trial, plane, layer, row, row_high;
} head;

static head head_of(const xb_draw_key *k, uint32_t draw)
{
    uint32_t plane = (uint32_t)XB_RNG_CHIP << 28 | (k->slot & 63) << 22 | (k->stage & 3) << 20 |
                     (k->polarity & 1) << 19 | (k->slice & 31) << 14 | (k->group & 255) << 6 | (draw & 63);
    uint32_t layer = k->layer ^ (uint32_t)k->conversion * 0x9e3779b9u ^ (uint32_t)(k->conversion >> 32) * 0x27d4eb2fu ^
                     (k->group >> 8) * 0xc2b2ae35u;
    return (head){.key = {(uint32_t)k->seed, (uint32_t)(k->seed >> 32)},
                  .trial = k->trial,
                  .plane = plane,
                  .layer = layer,
                  .row = (uint32_t)k->row << 16,
                  .row_high = (uint32_t)(k->row >> 16) << 16};
}

/* A run of cells as pieces of whole blocks: `skip` cells of a piece's first block are not asked for. */
typedef struct piece {
    uint32_t block;
    size_t blocks, skip, n;
} piece;

static piece piece_at(uint64_t col, size_t left)
{
    piece p = {.block = (uint32_t)(col / 4), .skip = col % 4};
    size_t room = 4 * BLOCKS - p.skip;
    p.n = left < room ? left : room;
    p.blocks = (p.skip + p.n + 3) / 4;
    return p;
}

/* Word k of a piece's block i is word[k][i]. The rounds are philox4x32_R's of Random123, several blocks at a time. */
XB_CLONES static void words_of(const head *h, const piece *p, uint32_t word[restrict 4][BLOCKS])
{
    uint32_t trial = h->trial, plane = h->plane, key0 = h->key[0], key1 = h->key[1];
    for (uint32_t i = 0; i < (uint32_t)p->blocks; i++) {
        uint32_t block = p->block + i, high = (h->row_high | block >> 16) * 0x85ebca6bu;
        uint32_t a = trial, b = plane, c = h->layer ^ high, d = h->row | (block & 0xffffu);
#pragma GCC unroll 10
        for (uint32_t round = 0; round < 10; round++) {
            uint64_t m = (uint64_t)PHILOX_M4x32_0 * a, n = (uint64_t)PHILOX_M4x32_1 * c;
            a = (uint32_t)(n >> 32) ^ b ^ (key0 + round * PHILOX_W32_0);
            c = (uint32_t)(m >> 32) ^ d ^ (key1 + round * PHILOX_W32_1);
            b = (uint32_t)n;
            d = (uint32_t)m;
        }
        word[0][i] = a, word[1][i] = b, word[2][i] = c, word[3][i] = d;
    }
}

/* Numbers of whole blocks, by word, to those of the piece's cells (of 4 bytes each). */
XB_CLONES static void spread(const void *words, const piece *p, void *out)
{
    uint32_t word[4][BLOCKS], all[4 * BLOCKS];
    memcpy(word, words, sizeof word);
    for (size_t i = 0; i < p->blocks; i++)
        all[4 * i] = word[0][i], all[4 * i + 1] = word[1][i], all[4 * i + 2] = word[2][i], all[4 * i + 3] = word[3][i];
    memcpy(out, all + p->skip, p->n * sizeof *all);
}

void xb_draw_words(const xb_draw_key *key, uint32_t draw, size_t n, uint32_t *out)
{
    head h = head_of(key, draw);
    for (size_t done = 0; done < n;) {
        piece p = piece_at(key->col + done, n - done);
        uint32_t word[4][BLOCKS];
        words_of(&h, &p, word);
        spread(word, &p, out + done);
        done += p.n;
    }
}

XB_CLONES static void to_uniform(const uint32_t *restrict w, size_t n, float *restrict out)
{
    for (size_t i = 0; i < n; i++) {
        float u = (float)((w[i] + 0.5) * 0x1p-32);
        out[i] = u < 1 ? u : 1 - 0x1p-24f;
    }
}

void xb_draw_uniform(const xb_draw_key *key, uint32_t draw, size_t n, float *out)
{
    head h = head_of(key, draw);
    for (size_t done = 0; done < n;) {
        piece p = piece_at(key->col + done, n - done);
        uint32_t word[4][BLOCKS];
        float u[4][BLOCKS];
        words_of(&h, &p, word);
        for (int k = 0; k < 4; k++) to_uniform(word[k], p.blocks, u[k]);
        spread(u, &p, out + done);
        done += p.n;
    }
}

/* ln u of u = (w + 1/2) / 2^32: u = 2^e m with m in (1/sqrt 2, sqrt 2], ln m = 2 atanh s, s = (m-1)/(m+1), |s| < 0.172:
 * the series to s^13 is within 3e-13 of ln m, relatively. */
XB_IN_CLONES double log_unit(uint32_t w)
{
    double u = (w + 0.5) * 0x1p-32, m, e;
    uint64_t bits, mantissa, exponent;
    memcpy(&bits, &u, 8);
    mantissa = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    exponent = bits >> 52 | 0x4330000000000000u; /* 2^52 + biased exponent */
    memcpy(&m, &mantissa, 8);
    memcpy(&e, &exponent, 8);
    e -= 0x1p52 + 1023;
    e = m > M_SQRT2 ? e + 1 : e;
    m = m > M_SQRT2 ? m * 0.5 : m;
    double s = (m - 1) / (m + 1), z = s * s;
    double p = 1 + z * (1. / 3 + z * (1. / 5 + z * (1. / 7 + z * (1. / 9 + z * (1. / 11 + z * (1. / 13))))));
    return e * M_LN2 + 2 * s * p;
}

/* sin x and cos x for |x| <= pi/4, by their series to x^13 and x^14: within 2e-14. */
XB_IN_CLONES double sine(double x, double z)
{
    return x * (1 + z * (-1. / 6 +
                         z * (1. / 120 +
                              z * (-1. / 5040 + z * (1. / 362880 + z * (-1. / 39916800 + z * (1. / 6227020800)))))));
}

XB_IN_CLONES double cosine(double z)
{
    return 1 + z * (-1. / 2 +
                    z * (1. / 24 +
                         z * (-1. / 720 + z * (1. / 40320 +
                                               z * (-1. / 3628800 + z * (1. / 479001600 + z * (-1. / 87178291200)))))));
}

/* The angle 2 pi v, v = (w + 1/2) / 2^32, is k quarters of a turn and what is left, |.| <= 1/8 turn, cut exactly. */
XB_CLONES static void to_normal(const uint32_t *restrict u, const uint32_t *restrict v, size_t n, float *restrict first,
                                float *restrict second)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t k = (v[i] + 0x20000000u) >> 30;
        double x = ((int32_t)(v[i] - (k << 30)) + 0.5) * (2 * M_PI * 0x1p-32), z = x * x;
        double s = sine(x, z), c = cosine(z), r = sqrt(-2 * log_unit(u[i]));
        double a = k & 1 ? s : c, b = k & 1 ? c : s;
        first[i] = (float)(r * ((k + 1) & 2 ? -a : a));
        second[i] = (float)(r * (k & 2 ? -b : b));
    }
}

void xb_draw_normal(const xb_draw_key *key, uint32_t draw, size_t n, float *out)
{
    head h = head_of(key, draw);
    for (size_t done = 0; done < n;) {
        piece p = piece_at(key->col + done, n - done);
        uint32_t word[4][BLOCKS];
        float z[4][BLOCKS];
        words_of(&h, &p, word);
        to_normal(word[0], word[1], p.blocks, z[0], z[1]);
        to_normal(word[2], word[3], p.blocks, z[2], z[3]);
        spread(z, &p, out + done);
        done += p.n;
    }
}
