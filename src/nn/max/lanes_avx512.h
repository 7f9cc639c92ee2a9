/* lanes_avx512.h: the vectors of tile.h with AVX-512: 16 numbers. */
#ifndef XB_NN_LANES_AVX512_H
#define XB_NN_LANES_AVX512_H

#include <immintrin.h>
#include <stdint.h>

enum { LANES = 16 };
#define LANE_TARGET __attribute__((target("avx512f")))
#define LANE static inline __attribute__((always_inline)) LANE_TARGET

typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

/* clang-format off */
LANE vf v_load(const float *p) { return _mm512_loadu_ps(p); }
LANE void v_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
LANE vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
LANE vf v_pick(vm m, vf a, vf b) { return _mm512_mask_mov_ps(b, m, a); }
LANE vf v_from(int skip, vf a) { return _mm512_maskz_mov_ps((vm)(0xffffu << skip), a); }
LANE vi i_set(int a) { return _mm512_set1_epi32(a); }
LANE vi i_pick(vm m, vi a, vi b) { return _mm512_mask_mov_epi32(b, m, a); }
LANE vi i_load(const uint8_t *p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p)); }
LANE void i_store(uint8_t *p, vi a) { _mm_storeu_si128((void *)p, _mm512_cvtepi32_epi8(a)); }
LANE vf v_where(vi a, vi b, vf v) { return _mm512_maskz_mov_ps(_mm512_cmpeq_epi32_mask(a, b), v); }
/* clang-format on */

/* b is a number, and a is not below it or equal. */
LANE vm v_beats(vf a, vf b)
{
    return _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(b, b, _CMP_ORD_Q), a, b, _CMP_NLE_UQ);
}

#endif
