/* product8_bytes.h: words of four bytes for the kernels that multiply unsigned bytes by signed ones. */
#ifndef XB_SIM_PRODUCT8_BYTES_H
#define XB_SIM_PRODUCT8_BYTES_H

/* Signed codes as x + 128. */
LANE_TARGET static void words(const uint8_t *x, bool sign, size_t rows, uint32_t *to)
{
    const vi half = i_set(sign ? 0x80808080 : 0);
    for (size_t i = 0; i < rows; i += 4 * LANES) i_store(to + i / 4, i_xor(i_load(x + i), half));
}

#endif
