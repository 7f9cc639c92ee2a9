/* avx2.c: maxima with AVX2. */
#ifdef __x86_64__

#include "nn/max/lanes_avx2.h"

#include "nn/max/tile.h"

const xb_max_kernel xb_max_avx2 = {"avx2", LANES, max_forward, max_keep, max_back};

#endif
