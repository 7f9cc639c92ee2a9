/* lanes_avx512.h: the vectors of product_tile.h with AVX-512: 16 numbers, 32 registers. LANE_FEATURES is the
 * includer's. */
#ifndef XB_SIM_LANES_AVX512_H
#define XB_SIM_LANES_AVX512_H

#include <immintrin.h>
#include <stdint.h>

enum { LANES = 16, TILE = 14, WIDE = 3 }; /* 28 sums, 2 or 3 of w; x comes from memory */
#define LANE_TARGET __attribute__((target(LANE_FEATURES)))
#define LANE static inline __attribute__((always_inline)) LANE_TARGET

typedef __m512 vf;
typedef __m512i vi;

/* clang-format off */
LANE vf v_load(const float *p) { return _mm512_loadu_ps(p); }
LANE void v_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
LANE vf v_set(float a) { return _mm512_set1_ps(a); }
LANE vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
LANE vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
LANE vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
LANE vf v_min(vf a, vf b) { return _mm512_min_ps(a, b); }
LANE vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }
LANE vf v_round(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
LANE vf v_sqrt(vf a) { return _mm512_sqrt_ps(a); }
LANE vf v_abs(vf a) { return _mm512_abs_ps(a); }
LANE vi v_count_unequal(vi n, vf a, vf b)
{
    return _mm512_mask_add_epi32(n, _mm512_cmp_ps_mask(a, b, _CMP_NEQ_OQ), n, _mm512_set1_epi32(1));
}

LANE vi i_load(const void *p) { return _mm512_loadu_si512(p); }
LANE void i_store(void *p, vi a) { _mm512_storeu_si512(p, a); }
LANE vi i_set(uint32_t a) { return _mm512_set1_epi32((int)a); }
LANE vi i_ramp(uint32_t a)
{
    return _mm512_add_epi32(i_set(a), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}
LANE vi i_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
LANE vi i_sub(vi a, vi b) { return _mm512_sub_epi32(a, b); }
LANE vi i_and(vi a, vi b) { return _mm512_and_si512(a, b); }
LANE vi i_xor(vi a, vi b) { return _mm512_xor_si512(a, b); }
LANE vi i_left(vi a, unsigned n) { return _mm512_slli_epi32(a, n); }
LANE vi i_right(vi a, unsigned n) { return _mm512_srli_epi32(a, n); }
LANE vi i_right_signed(vi a, unsigned n) { return _mm512_srai_epi32(a, n); }
LANE vf v_of_int(vi a) { return _mm512_cvtepi32_ps(a); }
LANE vf v_bits(vi a) { return _mm512_castsi512_ps(a); }
LANE vi i_bits(vf a) { return _mm512_castps_si512(a); }
LANE vf v_select(vi sign, vf a, vf b)
{
    return _mm512_mask_blend_ps(_mm512_cmplt_epi32_mask(sign, _mm512_setzero_si512()), a, b);
}

/* Philox 4x32, 10 rounds: the keys of all rounds, and a block. */
LANE void i_philox_keys(uint64_t seed, vi key[20])
{
    uint32_t low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
    for (uint32_t i = 0; i < 10; i++)
        key[2 * i] = i_set(low + i * 0x9e3779b9), key[2 * i + 1] = i_set(high + i * 0xbb67ae85);
}

/* One round of eight counters in the low halves of 64 bits, as the multiplication wants them; high halves hold anything. */
LANE void i_philox_round(vi c[4], const vi key[2])
{
    vi a = _mm512_mul_epu32(c[0], i_set(0xd2511f53)), b = _mm512_mul_epu32(c[2], i_set(0xcd9e8d57));
    c[0] = _mm512_ternarylogic_epi32(c[1], key[0], _mm512_srli_epi64(b, 32), 0x96), c[1] = b; /* xor */
    c[2] = _mm512_ternarylogic_epi32(c[3], key[1], _mm512_srli_epi64(a, 32), 0x96), c[3] = a;
}

LANE void i_philox(vi c[4], const vi key[20])
{
    vi even[4], odd[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) even[i] = c[i], odd[i] = _mm512_srli_epi64(c[i], 32);
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++) i_philox_round(even, key + 2 * i), i_philox_round(odd, key + 2 * i);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) c[i] = _mm512_mask_blend_epi32(0xaaaa, even[i], _mm512_slli_epi64(odd[i], 32));
}

#endif
