/* product_avx2.c: the float kernel with AVX2 and FMA. */
#ifdef __x86_64__

#include "sim/product_private.h"

#include "sim/lanes_avx2.h"
#include "sim/product_tile.h"

TILES_OF(6)
WIDE_TILES_OF(4)
WIDE_TILES_OF(2)
WIDE_TILES_OF(1)
NOISY_TILES_OF(4)
NOISY_TILES_OF(1)

static void strip(const xb_strip *s)
{
    static const tiles heights[] = {TILES_ENTRY(6), WIDE_TILES_ENTRY(4), WIDE_TILES_ENTRY(2), WIDE_TILES_ENTRY(1)},
                       noisy[] = {NOISY_TILES_ENTRY(4), NOISY_TILES_ENTRY(1)};
    if (s->variance)
        in_noisy_tiles(s, noisy, 1);
    else
        in_tiles(s, heights, 0, s->n);
}

const xb_kernel xb_kernel_avx2 = {"avx2", LANES, strip};

#endif
