/* four.c: maxima by vectors of the compiler's own. */
#include "nn/max/lanes_four.h"

#include "nn/max/tile.h"

const xb_max_kernel xb_max_four = {"four", LANES, max_forward, max_keep, max_back};
