/* product8_small.c: the kernel of integer codes with AVX2 for weights so small that two products fit 16 bits: four rows
 * at once. */
#ifdef __x86_64__

#include "sim/product_private.h"

#include "sim/lanes_avx2.h"

LANE vi i_dot(vi sum, vi x, vi w)
{
    return i_add(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(x, w), _mm256_set1_epi16(1)));
}
#include "sim/product8_bytes.h"
#include "sim/product8_tile.h"

TILES8_OF(6)
WIDE_TILES8_OF(4)
WIDE_TILES8_OF(2) WIDE_TILES8_OF(1)

    static void strip(const xb_strip8 *s)
{
    static const tiles8 heights[] = {TILES8_ENTRY(6), WIDE_TILES8_ENTRY(4), WIDE_TILES8_ENTRY(2), WIDE_TILES8_ENTRY(1)};
    in_tiles8(s, heights);
}

const xb_kernel8 xb_kernel8_small = {"avx2", LANES, 4, true, strip, words};

#endif
