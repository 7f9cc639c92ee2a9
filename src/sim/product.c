/* product.c: the loops around the float kernel: chunks of vectors, groups of blocks, strips of columns. */
#include "sim/product_private.h"

#include "base/mem.h"
#include <string.h>

typedef struct run {
    const xb_panels *p;
    const xb_adc *adc;
    const xb_read_noise *noise; /* NULL: none, or nothing to multiply it with */
    float *total, *square;      /* [XB_CHUNK][padded], [XB_CHUNK][rows of the largest group] */
    uint32_t *clipped;          /* [padded] */
    float *largest;             /* [padded], NULL: not asked for */
} run;

static size_t group_multiple(const run *r)
{
    return r->noise ? 4 : 1; /* four blocks share their random numbers */
}

static int64_t largest_group(const run *r)
{
    const xb_cut *c = &r->p->cut;
    int64_t rows = 0;
    for (size_t b = 0; b < c->blocks;) {
        size_t past = xb_cut_group(c, b, group_multiple(r));
        int64_t here = c->end[past - 1] - xb_cut_begin(c->end, b);
        if (here > rows) rows = here;
        b = past;
    }
    return rows;
}

/* One group of blocks for a chunk of vectors, whose first is number `first`. */
static void group(const run *r, size_t block, size_t past, const float *x, size_t ldx, size_t n, uint64_t first)
{
    const xb_cut *c = &r->p->cut;
    int64_t row = xb_cut_begin(c->end, block), rows = c->end[past - 1] - row;
    if (r->noise)
        for (size_t i = 0; i < n; i++)
            r->p->kernel->square(x + i * ldx + row, r->square + i * (size_t)rows, (size_t)rows);
    xb_strip s = {.x = x + row,
                  .ldx = ldx,
                  .square = r->square,
                  .ldsquare = (size_t)rows,
                  .n = n,
                  .end = c->end,
                  .block = block,
                  .past = past,
                  .inverse = r->adc->step > 0 ? 1 / r->adc->step : 0,
                  .low = r->adc->low,
                  .high = r->adc->high,
                  .noise = r->noise,
                  .first = first,
                  .ldtotal = (size_t)c->padded};
    for (int64_t m = 0; m < c->padded; m += s.vectors * (int64_t)c->lanes) {
        s.vectors = xb_cut_vectors(c, m);
        int64_t at = m * c->rows + row * s.vectors * (int64_t)c->lanes;
        s.w = r->p->w + at;
        s.variance = r->noise ? r->p->variance + at : NULL;
        s.column = (uint32_t)m;
        s.total = r->total + m, s.clipped = r->clipped + m, s.largest = r->largest ? r->largest + m : NULL;
        r->p->kernel->strip(&s);
    }
}

static void chunk(const run *r, const float *x, size_t ldx, size_t n, uint64_t first, float factor, float *y,
                  size_t ldy)
{
    const xb_cut *c = &r->p->cut;
    memset(r->total, 0, n * (size_t)c->padded * sizeof *r->total);
    for (size_t b = 0; b < c->blocks;) {
        size_t past = xb_cut_group(c, b, group_multiple(r));
        group(r, b, past, x, ldx, n, first);
        b = past;
    }
    for (size_t i = 0; i < n; i++)
        r->p->kernel->add(r->total + i * (size_t)c->padded, factor, y + i * ldy, (size_t)c->cols);
}

void xb_array_product(const xb_panels *p, const float *x, size_t ldx, size_t n, float scale, const xb_adc *adc,
                      const xb_read_noise *noise, float *y, size_t ldy, xb_convert_count *count, float *largest)
{
    const xb_cut *c = &p->cut;
    size_t padded = (size_t)c->padded;
    run r = {.p = p, .adc = adc, .noise = p->variance ? noise : NULL};
    r.total = xb_lines(padded, XB_CHUNK * sizeof *r.total);
    r.clipped = xb_lines(padded, sizeof *r.clipped);
    if (r.noise) r.square = xb_lines((size_t)largest_group(&r), XB_CHUNK * sizeof *r.square);
    if (largest) r.largest = xb_lines(padded, sizeof *r.largest);
    float factor = adc->step > 0 ? scale * adc->step : scale;
    for (size_t at = 0; at < n; at += XB_CHUNK) {
        size_t here = n - at < XB_CHUNK ? n - at : XB_CHUNK;
        chunk(&r, x + at * ldx, ldx, here, noise ? noise->first + at : 0, factor, y + at * ldy, ldy);
        xb_cut_count(c, r.clipped, here, count);
    }
    for (int64_t m = 0; largest && m < c->cols; m++)
        if (r.largest[m] > *largest) *largest = r.largest[m];
    xb_lines_free(r.total), xb_lines_free(r.clipped), xb_lines_free(r.square), xb_lines_free(r.largest);
}
