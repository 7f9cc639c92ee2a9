/* draw.h: the random numbers of a chip's cells: a cell's place decides them, nothing else does (device.h has the
 * counter).
 */
#ifndef XB_SIM_DRAW_H
#define XB_SIM_DRAW_H

#include <stddef.h>
#include <stdint.h>

enum { XB_DRAW_SLOTS = 64, XB_DRAW_SLICES = 32 };

/* Where a cell is: of which chip, link of the chain, matrix and array plane. `row`, `col` below 2^32. */
typedef struct xb_draw_key {
    uint64_t seed;
    uint32_t trial;
    uint32_t layer;                  /* xb_draw_layer(name) */
    uint32_t slot, stage;            /* < XB_DRAW_SLOTS, < 4 */
    uint32_t polarity, slice, group; /* < 2, < XB_DRAW_SLICES, any */
    uint64_t row, col;
    uint64_t conversion;
} xb_draw_key;

uint32_t xb_draw_layer(const char *name); /* FNV-1a */

/* Numbers of the cells key.col .. key.col + n - 1 of key.row; draw < 64. Any cut of a row into calls gives the same. */
void xb_draw_words(const xb_draw_key *key, uint32_t draw, size_t n, uint32_t *out);
void xb_draw_uniform(const xb_draw_key *key, uint32_t draw, size_t n, float *out); /* (0,1) */
void xb_draw_normal(const xb_draw_key *key, uint32_t draw, size_t n, float *out);  /* N(0,1) */

#endif
