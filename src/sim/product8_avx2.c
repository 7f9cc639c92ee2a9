/* product8_avx2.c: the kernel of integer codes with AVX2, for any weights: rows in pairs of 16 bits. */
#ifdef __x86_64__

#include "sim/product_private.h"

#include "sim/lanes_avx2.h"

/* No product or sum of two leaves 32 bits. */
LANE vi i_dot(vi sum, vi x, vi w)
{
    return i_add(sum, _mm256_madd_epi16(x, w));
}
#include "sim/product8_tile.h"

TILES8_OF(6)
WIDE_TILES8_OF(4)
WIDE_TILES8_OF(2)
WIDE_TILES8_OF(1)

    static void strip(const xb_strip8 *s)
{
    static const tiles8 heights[] = {TILES8_ENTRY(6), WIDE_TILES8_ENTRY(4), WIDE_TILES8_ENTRY(2), WIDE_TILES8_ENTRY(1)};
    in_tiles8(s, heights);
}

/* Pairs of 16 bits. */
LANE_TARGET static void words(const uint8_t *x, bool sign, size_t rows, uint32_t *to)
{
    for (size_t i = 0; i < rows; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(x + i));
        i_store(to + i / 2, sign ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes));
    }
}

const xb_kernel8 xb_kernel8_avx2 = {"avx2", LANES, 2, false, strip, words};

#endif
