/* product_pack.c: matrices to panels: strips of columns, row by row, padded with zeros. */
#include "sim/product_private.h"

#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

void *xb_lines(size_t count, size_t size)
{
    size_t bytes;
    if (!xb_mul(count, size, &bytes) || !xb_add(bytes, 127, &bytes)) xb_out_of_memory();
    void *p = aligned_alloc(64, bytes / 64 * 64);
    if (!p) xb_out_of_memory();
    return memset(p, 0, bytes / 64 * 64);
}

void xb_lines_free(void *p)
{
    free(p);
}

void xb_cut_init(xb_cut *c, int64_t rows, int64_t cols, const int64_t *block_end, size_t blocks, int lanes)
{
    *c = (xb_cut){.rows = rows,
                  .cols = cols,
                  .padded = (cols + lanes - 1) / lanes * lanes,
                  .blocks = blocks,
                  .lanes = (size_t)lanes};
    c->end = xb_calloc(blocks + 1, sizeof *c->end);
    memcpy(c->end, block_end, blocks * sizeof *block_end);
}

int xb_cut_vectors(const xb_cut *c, int64_t column)
{
    int64_t left = (c->padded - column) / (int64_t)c->lanes;
    return left <= 3 ? (int)left : left == 4 ? 2 : 3;
}

size_t xb_cut_group(const xb_cut *c, size_t block)
{
    int64_t begin = xb_cut_begin(c->end, block);
    size_t past = block;
    while (past < c->blocks && (past == block || c->end[past] - begin <= XB_GROUP_ROWS)) past++;
    return past;
}

void xb_cut_count(const xb_cut *c, uint32_t *clipped, size_t n, xb_convert_count *count)
{
    for (int64_t m = 0; count && m < c->cols; m++) count->clipped += clipped[m];
    if (count) count->conversions += n * (uint64_t)c->cols * c->blocks;
    memset(clipped, 0, (size_t)c->padded * sizeof *clipped);
}

static float *packed(const xb_cut *c, const float *w)
{
    float *to = xb_lines((size_t)c->rows, (size_t)c->padded * sizeof *to), *p = to;
    for (int64_t m = 0; m < c->padded;) {
        int64_t width = xb_cut_vectors(c, m) * (int64_t)c->lanes, there = c->cols - m < width ? c->cols - m : width;
        for (int64_t k = 0; k < c->rows; k++, p += width) memcpy(p, w + k * c->cols + m, (size_t)there * sizeof *p);
        m += width;
    }
    return to;
}

xb_panels *xb_panels_new(const float *w, const float *variance, int64_t rows, int64_t cols, const int64_t *block_end,
                         size_t blocks)
{
    xb_panels *p = xb_calloc(1, sizeof *p);
    p->kernel = xb_kernel_best();
    xb_cut_init(&p->cut, rows, cols, block_end, blocks, p->kernel->lanes);
    p->w = packed(&p->cut, w);
    if (variance) p->variance = packed(&p->cut, variance);
    return p;
}

void xb_panels_free(xb_panels *p)
{
    if (!p) return;
    free(p->cut.end);
    xb_lines_free(p->w), xb_lines_free(p->variance);
    free(p);
}
