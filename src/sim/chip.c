/* chip.c: one layer of one chip: its devices as the matrices that the product wants.
 *
 * In shares of the range: a pair converted as one is (G+ - G-) / range, a device with its reference (G - Gref) / range;
 * where devices are converted one by one each side is G / range. Collapsed, all slices add up to weights. A reference
 * column is read once a conversion, whatever is subtracted: the error of that read is the same for all columns. */
#include "sim/sim_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct making {
    const xb_build *b;
    const xb_devices *v;
    xb_chip_layer *chip;
    size_t slice;
    double range;
} making;

/* Share and its variance of a cell on a side; `at` its place in the matrix, `ref` that of its reference device. */
static double share(const making *k, int side, size_t at, size_t ref, double *variance)
{
    const xb_devices *v = k->v;
    const xb_sim_stage *l = k->b->layer;
    double g = (double)v->g[side][at], spread = v->variance[side] ? (double)v->variance[side][at] : 0;
    if (!l->split && v->g[XB_SIDE_MINUS]) {
        g -= (double)v->g[XB_SIDE_MINUS][at];
        if (v->variance[XB_SIDE_MINUS]) spread += (double)v->variance[XB_SIDE_MINUS][at];
    }
    if (!l->split && v->reference) g -= (double)v->reference[ref];
    *variance = spread / (k->range * k->range);
    return g / k->range;
}

/* What a section's matrix holds, before it is packed. */
typedef struct block {
    float *w, *variance;
    int64_t rows, cols;
    const int64_t *end;
    size_t blocks;
} block;

/* Whole multiples of the grain that fit 8 bits go to the integer product. What they are off is the rounding of
 * conductances to floats. */
static bool pack_whole(const making *k, const block *x, xb_side *to)
{
    const xb_sim_stage *l = k->b->layer;
    const xb_converters *c = &l->converters;
    double grain = l->map.grain;
    if (x->variance || to->common || grain <= 0 || !c->input_bits ||
        xb_converters_digit(c) > (c->is_signed ? 127 : 255))
        return false;
    size_t n = (size_t)(x->rows * x->cols);
    int8_t *codes = xb_malloc(n + 1);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        double code = rint((double)x->w[i] / grain);
        ok = fabs(code) <= 127 && fabs((double)x->w[i] / grain - code) <= 1e-4;
        codes[i] = (int8_t)(ok ? code : 0);
    }
    if (ok) to->whole = xb_panels8_new(codes, x->rows, x->cols, x->end, x->blocks);
    to->unit = (float)grain;
    free(codes);
    return ok && to->whole; /* none: more rows than the integer product sums */
}

static void pack(const making *k, const block *x, xb_side *to)
{
    if (!k->b->whole || !pack_whole(k, x, to))
        to->real = xb_panels_new(x->w, x->variance, x->rows, x->cols, x->end, x->blocks);
}

/* ---- the error of reference columns ---- */

/* Of one of them, in one block. */
static xb_panels *error_of(const making *k, const xb_section *p, size_t section, size_t at, int64_t ref)
{
    int64_t from = at ? p->end[at - 1] : 0, rows = p->end[at] - from;
    const float *spread = k->v->reference_variance + k->v->reference_at[section] + from * p->refs + ref;
    float *nothing = xb_calloc(2 * (size_t)rows, sizeof *nothing), *variance = nothing + rows;
    for (int64_t r = 0; r < rows; r++) variance[r] = (float)((double)spread[r * p->refs] / (k->range * k->range));
    xb_panels *error = xb_panels_new(nothing, variance, rows, 1, &rows, 1);
    free(nothing);
    return error;
}

/* v with p->refs rows behind each block, where column c has `sign` in the row of its reference column ref[c]; NULL: c.
 */
static float *with_rows(const xb_section *p, const block *x, const float *v, const int32_t *ref, float sign)
{
    size_t cols = (size_t)x->cols, refs = (size_t)p->refs;
    float *out = xb_calloc(((size_t)x->rows + x->blocks * refs) * cols, sizeof *out), *to = out;
    for (size_t b = 0, row = 0; b < x->blocks; b++) {
        size_t rows = (size_t)x->end[b] - row;
        memcpy(to, v + row * cols, rows * cols * sizeof *to);
        to += rows * cols, row += rows;
        for (size_t c = 0; c < cols; c++) to[(ref ? (size_t)ref[c] : c) * cols + c] = sign;
        to += refs * cols;
    }
    return out;
}

static void pack_common(const making *k, const xb_section *p, size_t section, const block *x, const int32_t *ref,
                        float sign, xb_side *to)
{
    to->commons = x->blocks * (size_t)p->refs;
    to->common = xb_calloc(to->commons, sizeof *to->common);
    for (size_t i = 0; i < to->commons; i++)
        to->common[i] = error_of(k, p, section, i / (size_t)p->refs, (int64_t)(i % (size_t)p->refs));
    int64_t *end = xb_calloc(x->blocks, sizeof *end);
    for (size_t b = 0; b < x->blocks; b++) end[b] = x->end[b] + (int64_t)(b + 1) * p->refs;
    block more = {.rows = end[x->blocks - 1], .cols = x->cols, .end = end, .blocks = x->blocks};
    more.w = with_rows(p, x, x->w, ref, sign);
    more.variance = x->variance ? with_rows(p, x, x->variance, ref, 0) : NULL;
    pack(k, &more, to);
    free(more.w);
    free(more.variance);
    free(end);
}

/* Side MINUS of a section that is converted device by device and has reference columns: these. */
static void make_reference(const making *k, const xb_section *p, size_t section, xb_side *to)
{
    const xb_devices *v = k->v;
    size_t n = (size_t)(p->rows * p->refs), from = v->reference_at[section];
    block x = {.w = xb_calloc(n, sizeof *x.w), .rows = p->rows, .cols = p->refs, .end = p->end, .blocks = p->blocks};
    for (size_t i = 0; i < n; i++) x.w[i] = (float)((double)v->reference[from + i] / k->range);
    if (v->reference_variance)
        pack_common(k, p, section, &x, NULL, 1, to);
    else
        pack(k, &x, to);
    free(x.w);
}

/* ---- sides ---- */

static void make_side(const making *k, int64_t group, size_t section, int side, xb_side *to_side)
{
    const xb_matrix *m = k->b->layer->m;
    const xb_section *p = &k->b->cut->list.data[section];
    size_t n = (size_t)(p->rows * p->cols);
    block x = {.w = xb_calloc(n, sizeof *x.w), .rows = p->rows, .cols = p->cols, .end = p->end, .blocks = p->blocks};
    if (k->v->variance[side]) x.variance = xb_calloc(n, sizeof *x.variance);
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t c = 0; c < p->cols; c++) {
            size_t at = (size_t)((group * m->rows + p->row[r]) * m->cols + p->col[c]), to = (size_t)(r * p->cols + c);
            size_t ref = k->v->reference ? k->v->reference_at[section] + (size_t)(r * p->refs + p->ref[c]) : 0;
            double variance;
            x.w[to] = (float)share(k, side, at, ref, &variance);
            if (x.variance) x.variance[to] = (float)variance;
        }
    if (k->v->reference_variance && !k->b->layer->split)
        pack_common(k, p, section, &x, p->ref, -1, to_side);
    else
        pack(k, &x, to_side);
    free(x.w);
    free(x.variance);
}

void xb_chip_layer_side(const xb_build *b, const xb_devices *v, size_t slice, int64_t group, size_t section, int side,
                        xb_side *out)
{
    const xb_mapping *map = &b->layer->map;
    making k = {.b = b, .v = v, .slice = slice, .range = map->g_max - map->g_min};
    if (side == XB_SIDE_MINUS && v->reference)
        make_reference(&k, &b->cut->list.data[section], section, out);
    else
        make_side(&k, group, section, side, out);
}

static void make_section(const making *k, int64_t group, size_t section)
{
    xb_side *side = &k->chip->side[(k->slice * k->chip->sections + section) * XB_SIDES];
    bool minus = k->b->layer->split && (k->v->g[XB_SIDE_MINUS] || k->v->reference);
    for (int i = XB_SIDE_PLUS; i <= (minus ? XB_SIDE_MINUS : XB_SIDE_PLUS); i++) {
        xb_chip_layer_side(k->b, k->v, k->slice, group, section, i, &side[i]);
        k->chip->whole |= side[i].whole != NULL;
        k->chip->noisy |= k->v->variance[XB_SIDE_PLUS] != NULL;
    }
}

/* Ideal converters: what a slice adds to each weight. A digital offset is exact, so it goes off here. */
static void collapse_section(const making *k, int64_t group, size_t section)
{
    const xb_sim_stage *l = k->b->layer;
    const xb_section *p = &k->b->cut->list.data[section];
    double unit = l->map.unit[k->slice], offset = l->map.digital ? xb_mapping_offset(&l->map, k->slice) : 0, unused;
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t c = 0; c < p->cols; c++) {
            size_t at = (size_t)((group * l->m->rows + p->row[r]) * l->m->cols + p->col[c]);
            size_t ref = k->v->reference ? k->v->reference_at[section] + (size_t)(r * p->refs + p->ref[c]) : 0;
            k->chip->weight[at] += (float)(unit * (share(k, XB_SIDE_PLUS, at, ref, &unused) - offset));
        }
}

static void make_slice(const making *k)
{
    const xb_sections *cut = k->b->cut;
    for (int64_t g = 0; g < k->b->layer->m->groups; g++)
        for (size_t i = cut->first[g]; i < cut->first[g + 1]; i++) {
            if (k->chip->weight)
                collapse_section(k, g, i);
            else
                make_section(k, g, i);
        }
}

static float *copy(const float *v, size_t n)
{
    float *to = xb_malloc((n + 1) * sizeof *to);
    memcpy(to, v, n * sizeof *to);
    return to;
}

/* Wires take something off; where reads are drawn, what was there before is kept. */
static bool wire(const xb_build *b, size_t slice, xb_devices *v)
{
    const xb_matrix *m = b->layer->m;
    if (!b->wires) return true;
    if (b->layer->drawn) {
        size_t n = (size_t)(m->groups * m->rows * m->cols);
        for (int p = 0; p < XB_SIDES && v->g[p]; p++) v->plain[p] = copy(v->g[p], n);
        if (v->reference) v->plain_reference = copy(v->reference, v->reference_at[b->cut->list.n]);
    }
    return xb_devices_wire(b, slice, v);
}

static bool add_slice(const xb_build *b, size_t slice, xb_chip_layer *chip)
{
    const xb_mapping *map = &b->layer->map;
    xb_devices v;
    if (!xb_devices_program(b, slice, &v)) return false;
    bool ok = wire(b, slice, &v);
    if (ok && chip->drawn) {
        chip->drawn[slice] = v;
        return true;
    }
    if (ok) make_slice(&(making){.b = b, .v = &v, .chip = chip, .slice = slice, .range = map->g_max - map->g_min});
    xb_devices_free(&v);
    return ok;
}

xb_chip_layer *xb_chip_layer_new(const xb_build *b)
{
    const xb_sim_stage *l = b->layer;
    xb_chip_layer *chip = xb_calloc(1, sizeof *chip);
    chip->slices = l->map.slices;
    chip->sections = b->cut->list.n;
    chip->build = *b;
    chip->build.whole = false; /* what is drawn is not */
    if (l->collapsed)
        chip->weight = xb_calloc((size_t)(l->m->groups * l->m->rows * l->m->cols), sizeof *chip->weight);
    else
        chip->side = xb_calloc(chip->slices * chip->sections * XB_SIDES + 1, sizeof *chip->side);
    if (xb_devices_drawn(b->chain)) chip->drawn = xb_calloc(chip->slices, sizeof *chip->drawn);
    for (size_t t = 0; t < chip->slices; t++) {
        if (add_slice(b, t, chip)) continue;
        xb_chip_layer_free(chip);
        return NULL;
    }
    return chip;
}

void xb_chip_layer_free(xb_chip_layer *c)
{
    if (!c) return;
    for (size_t i = 0; c->side && i < c->slices * c->sections * XB_SIDES; i++) {
        xb_panels_free(c->side[i].real);
        xb_panels8_free(c->side[i].whole);
        for (size_t j = 0; j < c->side[i].commons; j++) xb_panels_free(c->side[i].common[j]);
        free(c->side[i].common);
    }
    for (size_t t = 0; c->drawn && t < c->slices; t++) xb_devices_free(&c->drawn[t]);
    free(c->drawn);
    free(c->side);
    free(c->weight);
    free(c);
}
