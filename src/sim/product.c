/* product.c: the loops around the float kernel: chunks of vectors, groups of blocks, strips of columns. */
#include "sim/product_private.h"

#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

typedef struct run {
    const xb_panels *p;
    const xb_vectors *v;
    const xb_adc *adc;
    const xb_read_noise *noise; /* NULL: none, or nothing to multiply it with */
    float factor, *y;
    size_t ldy;
    float *total;      /* [XB_CHUNK][padded] */
    uint32_t *clipped; /* [padded] */
    float *largest;    /* [padded], NULL: not asked for */
} run;

/* One group of blocks for a chunk of vectors. */
static void group(const run *r, size_t block, size_t past, size_t at, size_t n)
{
    const xb_cut *c = &r->p->cut;
    int64_t row = xb_cut_begin(c->end, block);
    xb_strip s = {.x = r->v->x,
                  .square = r->v->square,
                  .at = r->v->at + at,
                  .row = r->v->row + row,
                  .n = n,
                  .past_row = c->end,
                  .block = block,
                  .past = past,
                  .inverse = r->adc->step > 0 ? 1 / r->adc->step : 0,
                  .low = r->adc->low,
                  .high = r->adc->high,
                  .noise = r->noise,
                  .first = r->noise ? r->noise->first + at : 0,
                  .begin = !block,
                  .end = past == c->blocks,
                  .ldtotal = (size_t)c->padded,
                  .ldy = r->ldy,
                  .factor = r->factor};
    for (int64_t m = 0; m < c->padded; m += s.vectors * (int64_t)c->lanes) {
        s.vectors = xb_cut_vectors(c, m);
        int64_t from = m * c->rows + row * s.vectors * (int64_t)c->lanes;
        s.w = r->p->w + from;
        s.variance = r->noise ? r->p->variance + from : NULL;
        s.column = (uint32_t)m, s.columns = c->cols - m, s.y = r->y + at * r->ldy + m;
        s.total = r->total + m, s.clipped = r->clipped + m, s.largest = r->largest ? r->largest + m : NULL;
        r->p->kernel->strip(&s);
    }
}

void xb_array_product_of(const xb_panels *p, const xb_vectors *v, float scale, const xb_adc *adc,
                         const xb_read_noise *noise, float *y, size_t ldy, xb_convert_count *count, float *largest)
{
    const xb_cut *c = &p->cut;
    size_t padded = (size_t)c->padded;
    run r = {.p = p, .v = v, .adc = adc, .noise = p->variance ? noise : NULL, .y = y, .ldy = ldy};
    r.factor = adc->step > 0 ? scale * adc->step : scale;
    r.total = xb_lines(padded, XB_CHUNK * sizeof *r.total);
    r.clipped = xb_lines(padded, sizeof *r.clipped);
    if (largest) r.largest = xb_lines(padded, sizeof *r.largest);
    for (size_t at = 0; at < v->n; at += XB_CHUNK) {
        size_t here = v->n - at < XB_CHUNK ? v->n - at : XB_CHUNK;
        for (size_t b = 0, past; b < c->blocks; b = past) {
            past = xb_cut_group(c, b);
            group(&r, b, past, at, here);
        }
        xb_cut_count(c, r.clipped, here, count);
    }
    for (int64_t m = 0; largest && m < c->cols; m++)
        if (r.largest[m] > *largest) *largest = r.largest[m];
    xb_lines_free(r.total), xb_lines_free(r.clipped), xb_lines_free(r.largest);
}

void xb_array_product(const xb_panels *p, const float *x, size_t ldx, size_t n, float scale, const xb_adc *adc,
                      const xb_read_noise *noise, float *y, size_t ldy, xb_convert_count *count, float *largest)
{
    size_t rows = (size_t)p->cut.rows, squares = noise && p->variance ? n * ldx : 0;
    size_t *at = xb_calloc(n + rows, sizeof *at), *row = at + n;
    float *square = xb_calloc(squares + 1, sizeof *square);
    for (size_t v = 0; v < n; v++) at[v] = v * ldx;
    for (size_t k = 0; k < rows; k++) row[k] = k;
    for (size_t v = 0; v < n && squares; v++)
        for (size_t k = 0; k < rows; k++) square[at[v] + k] = x[at[v] + k] * x[at[v] + k];
    xb_vectors of = {.n = n, .x = x, .square = square, .at = at, .row = row};
    xb_array_product_of(p, &of, scale, adc, noise, y, ldy, count, largest);
    free(at), free(square);
}
