/* avx512.c: maxima with AVX-512. */
#ifdef __x86_64__

#include "nn/max/lanes_avx512.h"

#include "nn/max/tile.h"

const xb_max_kernel xb_max_avx512 = {"avx512", LANES, max_forward, max_keep, max_back};

#endif
