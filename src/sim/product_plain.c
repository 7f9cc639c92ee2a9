/* product_plain.c: the kernels in plain C: the reference of all others, bit for bit. */
#include "sim/product_private.h"

#include "sim/lanes_plain.h"
#include "sim/product_tile.h"

LANE vi i_dot(vi sum, vi x, vi w)
{
    return sum + x * w;
}
#include "sim/product8_tile.h"

WIDE_TILES_OF(4)
WIDE_TILES_OF(2)
WIDE_TILES_OF(1)
NOISY_TILES_OF(4)
NOISY_TILES_OF(1)

WIDE_TILES8_OF(4)
WIDE_TILES8_OF(2)
WIDE_TILES8_OF(1)

static void strip(const xb_strip *s)
{
    static const tiles heights[] = {WIDE_TILES_ENTRY(4), WIDE_TILES_ENTRY(2), WIDE_TILES_ENTRY(1)},
                       noisy[] = {NOISY_TILES_ENTRY(4), NOISY_TILES_ENTRY(1)};
    if (s->variance)
        in_noisy_tiles(s, noisy, 1);
    else
        in_tiles(s, heights, 0, s->n);
}

static void strip8(const xb_strip8 *s)
{
    static const tiles8 heights[] = {WIDE_TILES8_ENTRY(4), WIDE_TILES8_ENTRY(2), WIDE_TILES8_ENTRY(1)};
    in_tiles8(s, heights);
}

static void words(const uint8_t *x, bool sign, size_t rows, uint32_t *to)
{
    for (size_t i = 0; i < rows; i++) to[i] = sign ? (uint32_t)(int32_t)(int8_t)x[i] : x[i];
}

const xb_kernel xb_kernel_plain = {"plain", LANES, strip};
const xb_kernel8 xb_kernel8_plain = {"plain", LANES, 1, false, strip8, words};
