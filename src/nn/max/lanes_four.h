/* lanes_four.h: the vectors of tile.h as the compiler makes them on any machine: 4 numbers. */
#ifndef XB_NN_LANES_FOUR_H
#define XB_NN_LANES_FOUR_H

#include <stdint.h>
#include <string.h>

enum { LANES = 4 };
#define LANE_TARGET
#define LANE static inline __attribute__((always_inline))

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));
typedef vi vm;

/* clang-format off */
LANE vf v_load(const float *p) { vf a; memcpy(&a, p, sizeof a); return a; }
LANE void v_store(float *p, vf a) { memcpy(p, &a, sizeof a); }
LANE vf v_add(vf a, vf b) { return a + b; }
LANE vm v_beats(vf a, vf b) { return (a > b) | ((a != a) & (b == b)); }
LANE vi i_set(int a) { return (vi){a, a, a, a}; }
LANE vi i_pick(vm m, vi a, vi b) { return (m & a) | (~m & b); }
LANE vf v_pick(vm m, vf a, vf b) { return (vf)i_pick(m, (vi)a, (vi)b); }
LANE vf v_from(int skip, vf a) { return (vf)((i_set(skip) <= (vi){0, 1, 2, 3}) & (vi)a); }
LANE vi i_load(const uint8_t *p) { return (vi){p[0], p[1], p[2], p[3]}; }
LANE void i_store(uint8_t *p, vi a) { for (int i = 0; i < LANES; i++) p[i] = (uint8_t)a[i]; }
LANE vf v_where(vi a, vi b, vf v) { return (vf)((a == b) & (vi)v); }
/* clang-format on */

#endif
