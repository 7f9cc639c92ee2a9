/* product_private.h: one kernel a CPU, and the matrices packed for it.
 *
 * Columns are cut in strips of two vectors (the last one may be of one or three), a strip is packed row by row: what a
 * tile of accumulators reads is one stream. Rows are cut in groups of whole blocks, so that a strip's group stays in
 * the first cache while all vectors of a chunk pass. product.c and product8.c own these loops; a kernel does one group
 * of one strip.
 */
#ifndef XB_SIM_PRODUCT_PRIVATE_H
#define XB_SIM_PRODUCT_PRIVATE_H

#include "sim/product.h"

enum {
    XB_CHUNK = 84,      /* vectors that pass a group together: a multiple of every kernel's tile */
    XB_GROUP_ROWS = 256 /* rows of a group, if blocks allow */
};

typedef struct xb_strip {
    const float *w, *variance; /* [rows of the group][vectors * lanes]; variance NULL: no noise */
    const float *x, *square;   /* as in xb_vectors; square only for noise */
    const size_t *at, *row;    /* [n], [rows of the group] */
    size_t n;
    const int64_t *past_row;  /* ends of all blocks */
    size_t block, past;       /* blocks of the group */
    int vectors;              /* 1 to 3 */
    float inverse, low, high; /* 1 / step, 0: ideal; codes */
    const xb_read_noise *noise;
    uint64_t first; /* number of vector 0 */
    uint32_t column;
    bool begin, end; /* the first, the last group */
    float *total;    /* [n][ldtotal] sums of codes (ideal: of sums) of the groups so far; not read by the first one */
    size_t ldtotal;
    float *y;        /* [n][ldy], gets factor * total + y, one rounding each, by the last group */
    size_t ldy;
    int64_t columns; /* of y, from here on */
    float factor;
    uint32_t *clipped; /* [vectors * lanes], added to */
    float *largest;    /* [vectors * lanes], raised; NULL: not asked for */
} xb_strip;

/* The same for integer codes. A word is 32 bits: `pack` neighbouring rows of one column (or of one vector) side by
 * side, padded with zeros at the end of each block. */
typedef struct xb_strip8 {
    const uint32_t *w; /* [words of the group][vectors * lanes] */
    const uint32_t *x; /* [n][words of the group] */
    size_t ldx, n;
    const int64_t *past_row; /* ends of all blocks, in words */
    const int32_t *start; /* [blocks][vectors * lanes]: what sums begin with; NULL: zero */
    size_t block, past;
    int vectors;             /* 1 to 3 */
    bool convert;            /* else the sums are added up as int32 */
    float code, low, high;   /* unit / step; codes */
    bool begin, end;         /* as in xb_strip */
    void *total;             /* [n][ldtotal], float or int32 */
    size_t ldtotal;
    float *y;
    size_t ldy;
    int64_t columns;
    float factor;
    uint32_t *clipped;
    float *largest; /* in units */
} xb_strip8;

typedef struct xb_kernel {
    const char *name;
    int lanes; /* of a vector */
    void (*strip)(const xb_strip *s);
} xb_kernel;

typedef struct xb_kernel8 {
    const char *name;
    int lanes, pack; /* pack: 1, 2 or 4 rows in a word */
    bool offset;     /* signed x enters as x + 128, and sums begin with -128 * (column sum) */
    void (*strip)(const xb_strip8 *s);
    /* rows codes to words. Up to 63 bytes and 15 words behind the last ones are read and written: what pads the last word
     * meets weights of 0. */
    void (*words)(const uint8_t *x, bool sign, size_t rows, uint32_t *to);
} xb_kernel8;

extern const xb_kernel xb_kernel_plain;
extern const xb_kernel8 xb_kernel8_plain;
#ifdef __x86_64__
extern const xb_kernel xb_kernel_avx2, xb_kernel_avx512;
extern const xb_kernel8 xb_kernel8_avx2, xb_kernel8_small, xb_kernel8_vnni;
#endif
const xb_kernel *xb_kernel_best(void);
const xb_kernel8 *xb_kernel8_best(bool small); /* small: 255 * two neighbouring weights fit 16 bits */

/* Where columns and groups lie. */
typedef struct xb_cut {
    int64_t rows, cols, padded; /* padded: cols rounded up to whole vectors */
    int64_t *end;
    size_t blocks, lanes;
} xb_cut;
void xb_cut_init(xb_cut *c, int64_t rows, int64_t cols, const int64_t *block_end, size_t blocks, int lanes);
int xb_cut_vectors(const xb_cut *c, int64_t column);                 /* of the strip that begins there */
size_t xb_cut_group(const xb_cut *c, size_t block);   /* past the group that begins there */
/* Adds n vectors and the columns' clipped [padded] to count (may be NULL), clears clipped. */
void xb_cut_count(const xb_cut *c, uint32_t *clipped, size_t n, xb_convert_count *count);
static inline int64_t xb_cut_begin(const int64_t *end, size_t block)
{
    return block ? end[block - 1] : 0;
}
/* count * size bytes, zeroed, on a cache line; freed with xb_lines_free. */
void *xb_lines(size_t count, size_t size);
void xb_lines_free(void *p);

struct xb_panels {
    const xb_kernel *kernel;
    xb_cut cut;
    float *w, *variance; /* strip after strip, [rows][vectors * lanes] */
};

struct xb_panels8 {
    const xb_kernel8 *kernel;
    xb_cut cut;             /* end: in words */
    int64_t *end;           /* in rows */
    uint32_t *w;            /* strip after strip, [words][vectors * lanes] */
    int32_t *start;         /* strip after strip, [blocks][vectors * lanes]: -128 * column sums */
};

#endif
