/* product8_vnni.c: the kernel of integer codes with AVX-512 VNNI: four products of unsigned and signed bytes a lane. */
#ifdef __x86_64__

#include "sim/product_private.h"

#define LANE_FEATURES "avx512f,avx512vnni"
#include "sim/lanes_avx512.h"

/* In assembly: gcc 12 spills the intrinsic's operands. */
LANE vi i_dot(vi sum, vi x, vi w)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
}
#include "sim/product8_bytes.h"
#include "sim/product8_tile.h"

TILES8_OF(14)
WIDE_TILES8_OF(8)
WIDE_TILES8_OF(4) WIDE_TILES8_OF(2) WIDE_TILES8_OF(1)

    static void strip(const xb_strip8 *s)
{
    static const tiles8 heights[] = {TILES8_ENTRY(14), WIDE_TILES8_ENTRY(8), WIDE_TILES8_ENTRY(4), WIDE_TILES8_ENTRY(2),
                                     WIDE_TILES8_ENTRY(1)};
    in_tiles8(s, heights);
}

const xb_kernel8 xb_kernel8_vnni = {"vnni", LANES, 4, true, strip, words};

#endif
