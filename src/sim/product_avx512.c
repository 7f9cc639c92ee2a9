/* product_avx512.c: the float kernel with AVX-512. */
#ifdef __x86_64__

#include "sim/product_private.h"

#define LANE_FEATURES "avx512f"
#include "sim/lanes_avx512.h"
#include "sim/product_tile.h"

TILES_OF(14)
WIDE_TILES_OF(8)
WIDE_TILES_OF(4)
WIDE_TILES_OF(2)
WIDE_TILES_OF(1)
NOISY_TILES_OF(8)
NOISY_TILES_OF(4)
NOISY_TILES_OF(1)

static void strip(const xb_strip *s)
{
    static const tiles heights[] = {TILES_ENTRY(14), WIDE_TILES_ENTRY(8), WIDE_TILES_ENTRY(4), WIDE_TILES_ENTRY(2),
                                    WIDE_TILES_ENTRY(1)},
                       noisy[] = {NOISY_TILES_ENTRY(8), NOISY_TILES_ENTRY(4), NOISY_TILES_ENTRY(1)};
    if (s->variance)
        in_noisy_tiles(s, noisy, 2);
    else
        in_tiles(s, heights, 0, s->n);
}

const xb_kernel xb_kernel_avx512 = {"avx512", LANES, strip};

#endif
