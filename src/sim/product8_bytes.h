/* product8_bytes.h: words of four bytes for the kernels that multiply unsigned bytes by signed ones. */
#ifndef XB_SIM_PRODUCT8_BYTES_H
#define XB_SIM_PRODUCT8_BYTES_H

#include <string.h>

/* Signed codes as x + 128. What pads the last word meets weights of 0. */
LANE_TARGET static void words(const uint8_t *x, bool sign, size_t rows, uint32_t *to)
{
    const uint32_t half = sign ? 0x80808080 : 0;
    size_t i = 0;
    for (; i + 4 * LANES <= rows; i += 4 * LANES) i_store(to + i / 4, i_xor(i_load(x + i), i_set(half)));
    uint32_t four = 0;
    for (; i + 4 <= rows; i += 4) {
        memcpy(&four, x + i, sizeof four);
        to[i / 4] = four ^ half;
    }
    if (i == rows) return;
    four = 0;
    memcpy(&four, x + i, rows - i);
    to[i / 4] = four ^ half;
}

#endif
