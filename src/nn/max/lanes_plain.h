/* lanes_plain.h: the vectors of tile.h in plain C: one number. */
#ifndef XB_NN_LANES_PLAIN_H
#define XB_NN_LANES_PLAIN_H

#include <stdint.h>

enum { LANES = 1 };
#define LANE_TARGET
#define LANE static inline __attribute__((always_inline))

typedef float vf;
typedef int32_t vi;
typedef int vm;

/* clang-format off */
LANE vf v_load(const float *p) { return *p; }
LANE void v_store(float *p, vf a) { *p = a; }
LANE vf v_add(vf a, vf b) { return a + b; }
LANE vm v_beats(vf a, vf b) { return a > b || (a != a && b == b); }
LANE vf v_pick(vm m, vf a, vf b) { return m ? a : b; }
LANE vf v_from(int skip, vf a) { (void)skip; return a; }
LANE vi i_set(int a) { return a; }
LANE vi i_pick(vm m, vi a, vi b) { return m ? a : b; }
LANE vi i_load(const uint8_t *p) { return *p; }
LANE void i_store(uint8_t *p, vi a) { *p = (uint8_t)a; }
LANE vf v_where(vi a, vi b, vf v) { return a == b ? v : 0; }
/* clang-format on */

#endif
