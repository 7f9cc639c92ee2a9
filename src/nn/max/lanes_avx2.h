/* lanes_avx2.h: the vectors of tile.h with AVX2: 8 numbers. */
#ifndef XB_NN_LANES_AVX2_H
#define XB_NN_LANES_AVX2_H

#include <immintrin.h>
#include <stdint.h>

enum { LANES = 8 };
#define LANE_TARGET __attribute__((target("avx2")))
#define LANE static inline __attribute__((always_inline)) LANE_TARGET

typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm;

/* clang-format off */
LANE vf v_load(const float *p) { return _mm256_loadu_ps(p); }
LANE void v_store(float *p, vf a) { _mm256_storeu_ps(p, a); }
LANE vf v_add(vf a, vf b) { return _mm256_add_ps(a, b); }
LANE vf v_pick(vm m, vf a, vf b) { return _mm256_blendv_ps(b, a, m); }
LANE vi i_set(int a) { return _mm256_set1_epi32(a); }
LANE vi i_pick(vm m, vi a, vi b) { return _mm256_blendv_epi8(b, a, _mm256_castps_si256(m)); }
LANE vi i_load(const uint8_t *p) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p)); }
/* clang-format on */

/* b is a number, and a is not below it or equal. */
LANE vm v_beats(vf a, vf b)
{
    return _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_NLE_UQ), _mm256_cmp_ps(b, b, _CMP_ORD_Q));
}

/* The lanes from `skip` on, 0 in those before. */
LANE vf v_from(int skip, vf a)
{
    __m256i before = _mm256_cmpgt_epi32(i_set(skip), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    return _mm256_andnot_ps(_mm256_castsi256_ps(before), a);
}

LANE void i_store(uint8_t *p, vi a)
{
    __m128i half = _mm_packus_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    _mm_storel_epi64((void *)p, _mm_packus_epi16(half, half));
}

LANE vf v_where(vi a, vi b, vf v)
{
    return _mm256_and_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b)), v);
}

#endif
