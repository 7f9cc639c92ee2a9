/* product8_pack.c: matrices of integer codes to panels: several rows in a word, strips of columns. */
#include "sim/product_private.h"

#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

/* Sums of this many rows fit 32 bits: 65536 * 255 * 128 < 2^31. */
enum { ROWS_MAX = 65536 };

typedef struct source {
    const int8_t *w;
    int64_t cols;
} source;

/* Rows [row, past) of column m, side by side from the low end of a word. */
static uint32_t word_of(const source *s, int pack, int64_t row, int64_t past, int64_t m)
{
    uint32_t word = 0, mask = pack == 1 ? UINT32_MAX : (UINT32_C(1) << 32 / pack) - 1;
    for (int i = 0; i < pack && row + i < past; i++)
        word |= ((uint32_t)(int32_t)s->w[(row + i) * s->cols + m] & mask) << (i * (32 / pack));
    return word;
}

/* Two neighbouring rows of a block times the largest code, 255, fit 16 bits in every column: weights of one sign add up
 * to at most 128. */
static bool is_small(const source *s, const int64_t *end, size_t blocks)
{
    for (size_t b = 0; b < blocks; b++)
        for (int64_t k = xb_cut_begin(end, b); k < end[b]; k += 2)
            for (int64_t m = 0; m < s->cols; m++) {
                int one = s->w[k * s->cols + m], other = k + 1 < end[b] ? s->w[(k + 1) * s->cols + m] : 0;
                int up = (one > 0 ? one : 0) + (other > 0 ? other : 0), down = one + other - up;
                if (up > 128 || down < -128) return false;
            }
    return true;
}

static void pack_block(xb_panels8 *p, const source *s, size_t block, int64_t column, int64_t width)
{
    const xb_cut *c = &p->cut;
    int64_t row = xb_cut_begin(p->end, block), past = p->end[block], there = c->cols - column;
    uint32_t *to = p->w + column * c->rows + xb_cut_begin(c->end, block) * width;
    int32_t *start = p->start + column * (int64_t)c->blocks + (int64_t)block * width;
    for (int64_t m = 0; m < width && m < there; m++) {
        for (int64_t k = row; k < past; k++) start[m] -= 128 * s->w[k * s->cols + column + m];
        for (int64_t k = row, word = 0; k < past; k += p->kernel->pack, word++)
            to[word * width + m] = word_of(s, p->kernel->pack, k, past, column + m);
    }
}

xb_panels8 *xb_panels8_new(const int8_t *w, int64_t rows, int64_t cols, const int64_t *block_end, size_t blocks)
{
    if (rows > ROWS_MAX) return NULL;
    xb_panels8 *p = xb_calloc(1, sizeof *p);
    const source s = {w, cols};
    p->kernel = xb_kernel8_best(is_small(&s, block_end, blocks));
    p->end = xb_calloc(blocks + 1, sizeof *p->end);
    memcpy(p->end, block_end, blocks * sizeof *block_end);
    int64_t *words = xb_calloc(blocks + 1, sizeof *words);
    for (size_t b = 0; b < blocks; b++)
        words[b] =
            xb_cut_begin(words, b) + (p->end[b] - xb_cut_begin(p->end, b) + p->kernel->pack - 1) / p->kernel->pack;
    xb_cut_init(&p->cut, blocks ? words[blocks - 1] : 0, cols, words, blocks, p->kernel->lanes);
    free(words);
    p->w = xb_lines((size_t)p->cut.rows, (size_t)p->cut.padded * sizeof *p->w);
    p->start = xb_lines(blocks, (size_t)p->cut.padded * sizeof *p->start);
    for (int64_t m = 0, width; m < p->cut.padded; m += width) {
        width = xb_cut_vectors(&p->cut, m) * (int64_t)p->cut.lanes;
        for (size_t b = 0; b < blocks; b++) pack_block(p, &s, b, m, width);
    }
    return p;
}

void xb_panels8_free(xb_panels8 *p)
{
    if (!p) return;
    free(p->cut.end), free(p->end);
    xb_lines_free(p->w), xb_lines_free(p->start);
    free(p);
}
