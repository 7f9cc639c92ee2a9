/* lanes_avx2.h: the vectors of product_tile.h with AVX2 and FMA: 8 numbers, 16 registers. */
#ifndef XB_SIM_LANES_AVX2_H
#define XB_SIM_LANES_AVX2_H

#include <immintrin.h>
#include <stdint.h>

enum { LANES = 8, TILE = 6, WIDE = 3 }; /* 12 sums, 2 or 3 of w, 1 of x */
#define LANE_TARGET __attribute__((target("avx2,fma")))
#define LANE static inline __attribute__((always_inline)) LANE_TARGET

typedef __m256 vf;
typedef __m256i vi;

/* clang-format off */
LANE vf v_load(const float *p) { return _mm256_loadu_ps(p); }
LANE void v_store(float *p, vf a) { _mm256_storeu_ps(p, a); }
LANE vf v_set(float a) { return _mm256_set1_ps(a); }
LANE vf v_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
LANE vf v_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
LANE vf v_add(vf a, vf b) { return _mm256_add_ps(a, b); }
LANE vf v_min(vf a, vf b) { return _mm256_min_ps(a, b); }
LANE vf v_max(vf a, vf b) { return _mm256_max_ps(a, b); }
LANE vf v_round(vf a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
LANE vf v_sqrt(vf a) { return _mm256_sqrt_ps(a); }
LANE vf v_abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
LANE vi v_count_unequal(vi n, vf a, vf b)
{
    return _mm256_sub_epi32(n, _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_NEQ_OQ)));
}

LANE vi i_load(const void *p) { return _mm256_loadu_si256(p); }
LANE void i_store(void *p, vi a) { _mm256_storeu_si256(p, a); }
LANE vi i_set(uint32_t a) { return _mm256_set1_epi32((int)a); }
LANE vi i_ramp(uint32_t a) { return _mm256_add_epi32(i_set(a), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)); }
LANE vi i_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
LANE vi i_sub(vi a, vi b) { return _mm256_sub_epi32(a, b); }
LANE vi i_and(vi a, vi b) { return _mm256_and_si256(a, b); }
LANE vi i_xor(vi a, vi b) { return _mm256_xor_si256(a, b); }
LANE vi i_left(vi a, int n) { return _mm256_slli_epi32(a, n); }
LANE vi i_right(vi a, int n) { return _mm256_srli_epi32(a, n); }
LANE vi i_right_signed(vi a, int n) { return _mm256_srai_epi32(a, n); }
LANE vf v_of_int(vi a) { return _mm256_cvtepi32_ps(a); }
LANE vf v_bits(vi a) { return _mm256_castsi256_ps(a); }
LANE vi i_bits(vf a) { return _mm256_castps_si256(a); }
LANE vf v_select(vi sign, vf a, vf b) { return _mm256_blendv_ps(a, b, v_bits(sign)); }

/* Philox 4x32, 10 rounds: the keys of all rounds, and a block. */
LANE void i_philox_keys(uint64_t seed, vi key[20])
{
    uint32_t low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
    for (uint32_t i = 0; i < 10; i++)
        key[2 * i] = i_set(low + i * 0x9e3779b9), key[2 * i + 1] = i_set(high + i * 0xbb67ae85);
}

/* One round of four counters in the low halves of 64 bits, as the multiplication wants them; high halves hold anything. */
LANE void i_philox_round(vi c[4], const vi key[2])
{
    vi a = _mm256_mul_epu32(c[0], i_set(0xd2511f53)), b = _mm256_mul_epu32(c[2], i_set(0xcd9e8d57));
    c[0] = i_xor(i_xor(c[1], key[0]), _mm256_srli_epi64(b, 32)), c[1] = b;
    c[2] = i_xor(i_xor(c[3], key[1]), _mm256_srli_epi64(a, 32)), c[3] = a;
}

LANE void i_philox(vi c[4], const vi key[20])
{
    vi even[4], odd[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) even[i] = c[i], odd[i] = _mm256_srli_epi64(c[i], 32);
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++) i_philox_round(even, key + 2 * i), i_philox_round(odd, key + 2 * i);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) c[i] = _mm256_blend_epi32(even[i], _mm256_slli_epi64(odd[i], 32), 0xaa);
}

#endif
