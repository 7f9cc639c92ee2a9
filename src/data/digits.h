/* digits.h: private to data: the built-in synthetic digits.
 *
 * Image i of a seed depends on (seed, i) alone and is made with integers and plain IEEE double arithmetic (no libm but
 * sqrt, which is exact), so that its bytes are the same on every machine.
 */
#ifndef XB_DATA_DIGITS_H
#define XB_DATA_DIGITS_H

#include <stddef.h>
#include <stdint.h>

enum { XB_DIGITS_SIDE = 28, XB_DIGITS_PIXELS = XB_DIGITS_SIDE * XB_DIGITS_SIDE };

/* One image: 28 rows of 28 bytes, 0 = paper, 255 = ink. Returns the class, 0..9. */
int xb_digit_draw(uint64_t seed, uint32_t i, uint8_t *pixels);
/* Images 0..n-1 and their classes, drawn by `threads` threads. */
void xb_digits_draw(uint64_t seed, size_t n, int threads, uint8_t *pixels, int32_t *labels);

#endif
