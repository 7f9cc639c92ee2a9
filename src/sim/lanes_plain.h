/* lanes_plain.h: the vectors of product_tile.h in plain C, one number each. Every other lanes_*.h does to each lane
 * what stands here, bit for bit. */
#ifndef XB_SIM_LANES_PLAIN_H
#define XB_SIM_LANES_PLAIN_H

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 1, TILE = 4, WIDE = 3 }; /* TILE: vectors of x whose sums are kept in registers */
#define LANE_TARGET
#define LANE static inline __attribute__((always_inline))

typedef float vf;
typedef uint32_t vi;

/* clang-format off */
LANE vf v_load(const float *p) { return *p; }
LANE void v_store(float *p, vf a) { *p = a; }
LANE vf v_set(float a) { return a; }
LANE vf v_fma(vf a, vf b, vf c) { return fmaf(a, b, c); }
LANE vf v_mul(vf a, vf b) { return a * b; }
LANE vf v_add(vf a, vf b) { return a + b; }
LANE vf v_min(vf a, vf b) { return a < b ? a : b; } /* b where one is NaN */
LANE vf v_max(vf a, vf b) { return a > b ? a : b; }
LANE vf v_round(vf a) { return rintf(a); }
LANE vf v_sqrt(vf a) { return sqrtf(a); }
LANE vf v_abs(vf a) { return fabsf(a); }
LANE vi v_count_unequal(vi n, vf a, vf b) { return n + (a < b || a > b); }

LANE vi i_load(const void *p)
{
    vi a;
    memcpy(&a, p, sizeof a);
    return a;
}
LANE void i_store(void *p, vi a) { memcpy(p, &a, sizeof a); }
LANE vi i_set(uint32_t a) { return a; }
LANE vi i_ramp(uint32_t a) { return a; } /* a, a + 1, ... */
LANE vi i_add(vi a, vi b) { return a + b; }
LANE vi i_sub(vi a, vi b) { return a - b; }
LANE vi i_and(vi a, vi b) { return a & b; }
LANE vi i_xor(vi a, vi b) { return a ^ b; }
LANE vi i_left(vi a, int n) { return a << n; }
LANE vi i_right(vi a, int n) { return a >> n; }
LANE vi i_right_signed(vi a, int n) { return (uint32_t)((int32_t)a >> n); }
LANE vf v_of_int(vi a) { return (float)(int32_t)a; } /* to the nearest even */
LANE vf v_bits(vi a)
{
    vf f;
    memcpy(&f, &a, sizeof f);
    return f;
}
LANE vi i_bits(vf a)
{
    vi i;
    memcpy(&i, &a, sizeof i);
    return i;
}
LANE vf v_select(vi sign, vf a, vf b) { return sign >> 31 ? b : a; } /* b where the sign bit is set */

/* Philox 4x32, 10 rounds: the keys of all rounds, and a block. */
LANE void i_philox_keys(uint64_t seed, vi key[20])
{
    uint32_t low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
    for (uint32_t i = 0; i < 10; i++)
        key[2 * i] = i_set(low + i * 0x9e3779b9), key[2 * i + 1] = i_set(high + i * 0xbb67ae85);
}

LANE void i_philox(vi c[4], const vi key[20])
{
    for (int i = 0; i < 10; i++) {
        uint64_t a = (uint64_t)0xd2511f53 * c[0], b = (uint64_t)0xcd9e8d57 * c[2];
        c[0] = (uint32_t)(b >> 32) ^ c[1] ^ key[2 * i], c[1] = (uint32_t)b;
        c[2] = (uint32_t)(a >> 32) ^ c[3] ^ key[2 * i + 1], c[3] = (uint32_t)a;
    }
}

#endif
