/* plain.c: maxima in plain C. */
#include "nn/max/lanes_plain.h"

#include "nn/max/tile.h"

const xb_max_kernel xb_max_plain = {"plain", LANES, max_forward, max_keep, max_back};
