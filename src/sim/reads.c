/* reads.c: conversions whose every cell is read by itself, for devices that do not say what their reads are on average.
 *
 * A read is a stage of the chain like any other, drawn by the cell and the conversion (device.h): vector * input slices
 * + input slice, the same for all sides, slices of weights and row blocks, which cells tell apart already. Wires take
 * off a read what they take off its mean, to first order: G' = wired + wired / plain (read - plain). */
#include "sim/sim_private.h"

#include <stdlib.h>
#include <string.h>

typedef struct reads {
    const xb_reading *r;
    const xb_sim_stage *layer;
    const xb_devices *is; /* the devices */
    xb_devices now;       /* and what this conversion sees of the section's */
    uint64_t conversion;
    xb_diags *d;
    float *weight; /* of a row */
} reads;

static const xb_section *section_of(const reads *k)
{
    return &k->r->chip->build.cut->list.data[k->r->section];
}

static bool run(const reads *k, xb_domain domain, int64_t row, int64_t col, size_t n, unsigned polarity, float *v)
{
    const xb_build *b = &k->r->chip->build;
    xb_segment s = xb_devices_segment(b, domain, k->r->slice, k->r->group, row, col, n, polarity);
    s.key.conversion = k->conversion;
    return xb_chain_run(k->d, b->chain, domain, XB_STAGE_READ, &s, v);
}

/* Weights that are read change PLUS: as a signed weight does, whichever device holds it. */
static bool add_weights(const reads *k, int64_t row, int64_t col, size_t n, size_t at, float *v)
{
    const xb_mapping *map = &k->layer->map;
    double slope = (map->g_max - map->g_min) / map->unit[k->r->slice];
    memcpy(k->weight, k->is->weight + at, n * sizeof *v);
    if (!run(k, XB_DOMAIN_WEIGHT, row, col, n, 0, k->weight)) return false;
    for (size_t i = 0; i < n; i++) v[i] += (float)(slope * ((double)k->weight[i] - (double)k->is->weight[at + i]));
    return true;
}

static void follow(float *v, const float *plain, const float *wired, size_t n)
{
    for (size_t i = 0; i < n; i++) v[i] = wired[i] + (plain[i] > 0 ? wired[i] / plain[i] * (v[i] - plain[i]) : 0);
}

static bool read_run(const reads *k, int side, int64_t row, int64_t col, size_t n)
{
    const xb_matrix *m = k->layer->m;
    size_t at = (size_t)((k->r->group * m->rows + row) * m->cols + col);
    const float *wired = k->is->g[side] + at, *plain = k->is->plain[side] ? k->is->plain[side] + at : wired;
    float *v = k->now.g[side] + at;
    memcpy(v, plain, n * sizeof *v);
    if (!run(k, XB_DOMAIN_CONDUCTANCE, row, col, n, (unsigned)side, v)) return false;
    if (side == XB_SIDE_PLUS && k->is->weight && !add_weights(k, row, col, n, at, v)) return false;
    if (plain != wired) follow(v, plain, wired, n);
    return true;
}

static bool read_references(const reads *k, int64_t r)
{
    const xb_section *p = section_of(k);
    for (int64_t j = 0; j < p->refs; j++) {
        size_t at = k->is->reference_at[k->r->section] + (size_t)(r * p->refs + j);
        const float *wired = k->is->reference + at,
                    *plain = k->is->plain_reference ? k->is->plain_reference + at : wired;
        float *v = k->now.reference + at;
        *v = *plain;
        if (!run(k, XB_DOMAIN_CONDUCTANCE, p->row[r], p->ref_col[j], 1, 1, v)) return false;
        if (plain != wired) follow(v, plain, wired, 1);
    }
    return true;
}

/* Row r of the section: what its side is made of. */
static bool read_row(const reads *k, int64_t r)
{
    const xb_section *p = section_of(k);
    bool all = !k->layer->split;
    for (int side = 0; side < XB_SIDES && k->is->g[side]; side++) {
        if (!all && side != k->r->side) continue;
        for (int64_t c = 0, n; c < p->cols; c += n) { /* columns that lie side by side */
            for (n = 1; c + n < p->cols && p->col[c + n] == p->col[c] + n;) n++;
            if (!read_run(k, side, p->row[r], p->col[c], (size_t)n)) return false;
        }
    }
    return !k->is->reference || (!all && k->r->side == XB_SIDE_PLUS) || read_references(k, r);
}

static reads open_reads(const xb_reading *r, xb_diags *d)
{
    const xb_sim_stage *l = r->chip->build.layer;
    reads k = {.r = r, .layer = l, .is = &r->chip->drawn[r->slice], .conversion = r->conversion, .d = d};
    size_t n = (size_t)(l->m->groups * l->m->rows * l->m->cols);
    for (int side = 0; side < XB_SIDES && k.is->g[side]; side++) k.now.g[side] = xb_calloc(n, sizeof(float));
    if (k.is->reference) {
        size_t refs = k.is->reference_at[r->chip->sections];
        k.now.reference = xb_calloc(refs + 1, sizeof(float));
        k.now.reference_at = k.is->reference_at;
    }
    k.weight = xb_calloc((size_t)l->m->cols, sizeof *k.weight);
    return k;
}

static void close_reads(reads *k)
{
    k->now.reference_at = NULL; /* the chip's */
    xb_devices_free(&k->now);
    free(k->weight);
}

static bool read_vector(const reads *k, const xb_vectors *v, size_t i)
{
    const xb_section *p = section_of(k);
    for (int64_t r = 0; r < p->rows; r++)
        if ((!v || v->x[v->at[i] + v->row[r]] != 0) && !read_row(k, r)) return false;
    return true;
}

void xb_reading_product(const xb_reading *r, uint64_t each, const xb_vectors *v, float scale, const xb_adc *adc,
                        float *y, size_t ldy, xb_convert_count *count, xb_reading_failure *failure)
{
    reads k = open_reads(r, NULL);
    for (size_t i = 0; i < v->n && !failure->set; i++, k.conversion += each) {
        if (!read_vector(&k, v, i)) {
            failure->set = true;
            failure->at = *r;
            failure->at.conversion = k.conversion;
            break;
        }
        xb_side now = {0};
        xb_chip_layer_side(&r->chip->build, &k.now, r->slice, r->group, r->section, r->side, &now);
        xb_vectors one = {.n = 1, .x = v->x, .at = v->at + i, .row = v->row};
        xb_array_product_of(now.real, &one, scale, adc, NULL, y + i * ldy, ldy, count, NULL);
        xb_panels_free(now.real);
    }
    close_reads(&k);
}

void xb_reading_report(xb_diags *d, const xb_reading *r)
{
    reads k = open_reads(r, d);
    read_vector(&k, NULL, 0);
    close_reads(&k);
}
