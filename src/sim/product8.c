/* product8.c: the loops around the kernel of integer codes: chunks of vectors, groups of blocks, strips of columns. */
#include "sim/product_private.h"

#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

typedef struct run8 {
    const xb_panels8 *p;
    xb_strip8 strip;   /* what all have in common */
    size_t words;      /* of a vector */
    uint32_t *x;       /* [XB_CHUNK][words] */
    uint32_t *total;   /* [XB_CHUNK][padded] float or int32 */
    uint32_t *clipped; /* [padded] */
    float *largest;    /* [padded], NULL: not asked for */
} run8;

static void group8(const run8 *r, size_t block, size_t past, size_t n, float *y)
{
    const xb_cut *c = &r->p->cut;
    int64_t word = xb_cut_begin(c->end, block);
    xb_strip8 s = r->strip;
    s.x = r->x + word, s.n = n, s.block = block, s.past = past, s.begin = !block, s.end = past == c->blocks;
    for (int64_t m = 0; m < c->padded; m += s.vectors * (int64_t)c->lanes) {
        s.vectors = xb_cut_vectors(c, m);
        s.w = r->p->w + m * c->rows + word * s.vectors * (int64_t)c->lanes;
        s.start = r->strip.start ? r->strip.start + m * (int64_t)c->blocks : NULL;
        s.y = y + m, s.columns = c->cols - m;
        s.total = r->total + m, s.clipped = r->clipped + m, s.largest = r->largest ? r->largest + m : NULL;
        r->p->kernel->strip(&s);
    }
}

enum { SLACK = 64 }; /* bytes and words that may be read and written behind the last ones */

/* Rows of vectors that lie side by side in x, at most eight of them. */
typedef struct piece {
    uint32_t to, n;
    size_t from;
} piece;

static size_t pieces_of(const size_t *row, size_t rows, piece *to)
{
    size_t n = 0;
    for (size_t k = 0; k < rows; k++) {
        if (!k || row[k] != row[k - 1] + 1 || to[n - 1].n == 8) to[n++] = (piece){.to = (uint32_t)k, .from = row[k]};
        to[n - 1].n++;
    }
    return n;
}

/* A vector's rows one behind another. What a short piece writes too much, the next one overwrites. */
static void gather(const uint8_t *x, const piece *p, size_t n, uint8_t *to)
{
    for (size_t i = 0; i < n; i++) memcpy(to + p[i].to, x + p[i].from, 8);
}

static void words_of(const run8 *r, const uint8_t *x, bool sign, uint32_t *to)
{
    const xb_cut *c = &r->p->cut;
    for (size_t b = 0; b < c->blocks; b++) {
        int64_t row = xb_cut_begin(r->p->end, b);
        r->p->kernel->words(x + row, sign, (size_t)(r->p->end[b] - row), to + xb_cut_begin(c->end, b));
    }
}

static run8 run8_of(const xb_panels8 *p, bool signed_x, float unit, const xb_adc *adc, bool largest)
{
    const xb_cut *c = &p->cut;
    size_t padded = (size_t)c->padded, words = (size_t)c->rows;
    run8 r = {.p = p, .words = words};
    r.strip = (xb_strip8){.ldx = words,
                          .past_row = c->end,
                          .start = signed_x && p->kernel->offset ? p->start : NULL,
                          .convert = adc->step > 0,
                          .low = adc->low,
                          .high = adc->high,
                          .ldtotal = padded};
    if (r.strip.convert) r.strip.code = (float)((double)unit / adc->step);
    r.x = xb_lines(words * XB_CHUNK + SLACK, sizeof *r.x);
    r.total = xb_lines(padded, XB_CHUNK * sizeof *r.total);
    r.clipped = xb_lines(padded, sizeof *r.clipped);
    if (largest) r.largest = xb_lines(padded, sizeof *r.largest);
    return r;
}

void xb_array_product8_of(const xb_panels8 *p, const xb_vectors8 *v, bool signed_x, float unit, float scale,
                          const xb_adc *adc, float *y, size_t ldy, xb_convert_count *count, float *largest)
{
    const xb_cut *c = &p->cut;
    run8 r = run8_of(p, signed_x, unit, adc, largest != NULL);
    size_t rows = (size_t)p->end[c->blocks - 1], line = rows + SLACK;
    piece *piece_list = xb_calloc(rows, sizeof *piece_list);
    uint8_t *lines = xb_lines(line, XB_CHUNK);
    size_t pieces = pieces_of(v->row, rows, piece_list);
    r.strip.factor = scale * (r.strip.convert ? adc->step : unit), r.strip.ldy = ldy;
    for (size_t at = 0; at < v->n; at += XB_CHUNK) {
        size_t here = v->n - at < XB_CHUNK ? v->n - at : XB_CHUNK;
        for (size_t i = 0; i < here; i++) gather(v->x + v->at[at + i], piece_list, pieces, lines + i * line);
        for (size_t i = 0; i < here; i++) words_of(&r, lines + i * line, signed_x, r.x + i * r.words);
        for (size_t b = 0, past; b < c->blocks; b = past) {
            past = xb_cut_group(c, b);
            group8(&r, b, past, here, y + at * ldy);
        }
        xb_cut_count(c, r.clipped, here, count);
    }
    for (int64_t m = 0; largest && m < c->cols; m++)
        if (r.largest[m] * unit > *largest) *largest = r.largest[m] * unit;
    free(piece_list), xb_lines_free(lines);
    xb_lines_free(r.x), xb_lines_free(r.total), xb_lines_free(r.clipped), xb_lines_free(r.largest);
}

void xb_array_product8(const xb_panels8 *p, const uint8_t *x, bool signed_x, size_t ldx, size_t n, float unit,
                       float scale, const xb_adc *adc, float *y, size_t ldy, xb_convert_count *count, float *largest)
{
    size_t rows = (size_t)p->end[p->cut.blocks - 1];
    size_t *at = xb_calloc(n + rows, sizeof *at), *row = at + n;
    uint8_t *copy = xb_calloc(n * rows + 8, 1);
    for (size_t v = 0; v < n; v++) {
        at[v] = v * rows;
        memcpy(copy + at[v], x + v * ldx, rows);
    }
    for (size_t k = 0; k < rows; k++) row[k] = k;
    xb_vectors8 of = {.n = n, .x = copy, .at = at, .row = row};
    xb_array_product8_of(p, &of, signed_x, unit, scale, adc, y, ldy, count, largest);
    free(at), free(copy);
}
