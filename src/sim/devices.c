/* devices.c: every device of one slice of a layer, through the chain: programmed, aged, and what reads make of it on
 * average.
 *
 * A cell's random numbers hang on its place in the matrix alone. A reference device is keyed as polarity 1 of its row
 * and of the least column of its array, so that moving the array changes nothing here either. Where a device reads but
 * does not say its moments, nothing is read here: reads.c draws. Where all say them, one row in ROWS is read once all
 * the same, so that a read that gives what cannot be is found. */
#include "sim/sim_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 16 /* of an item of work */
};

typedef struct job {
    const xb_build *b;
    size_t slice;
    xb_devices *v;
    bool reads, weights; /* some device reads, by its moments; some device changes weights */
    int64_t per_group;   /* items */
} job;

xb_segment xb_devices_segment(const xb_build *b, xb_domain domain, size_t slice, int64_t group, int64_t row,
                              int64_t col, size_t n, unsigned polarity)
{
    const xb_sim_stage *l = b->layer;
    bool weight = domain == XB_DOMAIN_WEIGHT;
    return (xb_segment){.key = {.seed = b->s->seed,
                                .trial = (uint32_t)b->trial,
                                .layer = l->key,
                                .polarity = polarity,
                                .slice = (uint32_t)slice,
                                .group = (uint32_t)group,
                                .row = (uint64_t)row,
                                .col = (uint64_t)col},
                        .layer = l->m->name,
                        .n = n,
                        .time = b->s->options->time,
                        .g_min = weight ? -l->map.w_max : l->map.g_min,
                        .g_max = weight ? l->map.w_max : l->map.g_max};
}

bool xb_devices_drawn(const xb_chain *c)
{
    return xb_chain_momentless(c, XB_DOMAIN_CONDUCTANCE) || xb_chain_momentless(c, XB_DOMAIN_WEIGHT);
}

/* One read, of which only what is impossible is wanted. */
static bool try_read(xb_diags *d, const xb_chain *c, xb_domain domain, const xb_segment *s, const float *v)
{
    float *one = xb_calloc(s->n, sizeof *one);
    memcpy(one, v, s->n * sizeof *one);
    bool ok = xb_chain_run(d, c, domain, XB_STAGE_READ, s, one);
    free(one);
    return ok;
}

/* A row or a part of one on its way. */
typedef struct part {
    const job *j;
    xb_diags *d;
    bool tried; /* to be read once */
} part;

/* variance NULL: it is not read. */
static bool through(const part *p, xb_domain domain, const xb_segment *s, float *v, float *variance)
{
    const xb_chain *c = p->j->b->chain;
    if (!xb_chain_run(p->d, c, domain, XB_STAGE_PROGRAM, s, v) || !xb_chain_run(p->d, c, domain, XB_STAGE_AGE, s, v))
        return false;
    if (!variance) return true;
    memset(variance, 0, s->n * sizeof *variance);
    if (!xb_chain_has(c, domain, XB_STAGE_READ)) return true;
    if (p->tried && !try_read(p->d, c, domain, s, v)) return false;
    return xb_chain_read_moments(p->d, c, domain, s, v, v, variance);
}

/* Weights of a row, as devices that change weights leave them. */
static bool weights(const part *p, int64_t group, int64_t row, float *w, float *variance)
{
    const xb_build *b = p->j->b;
    const xb_matrix *m = b->layer->m;
    size_t at = (size_t)((group * m->rows + row) * m->cols), n = (size_t)m->cols;
    memcpy(w, b->layer->w + at, n * sizeof *w);
    xb_mapping_round(&b->layer->map, w, n);
    if (!p->j->weights) return true;
    xb_segment s = xb_devices_segment(b, XB_DOMAIN_WEIGHT, p->j->slice, group, row, 0, n, 0);
    if (!through(p, XB_DOMAIN_WEIGHT, &s, w, variance)) return false;
    if (p->j->v->weight) memcpy(p->j->v->weight + at, w, n * sizeof *w);
    return true;
}

static bool program_row(const part *p, int64_t group, int64_t row, float *w, float *spread)
{
    const job *j = p->j;
    const xb_mapping *map = &j->b->layer->map;
    const xb_matrix *m = j->b->layer->m;
    size_t at = (size_t)((group * m->rows + row) * m->cols), n = (size_t)m->cols;
    xb_devices *v = j->v;
    float *side[XB_SIDES] = {v->g[XB_SIDE_PLUS] + at, map->differential ? v->g[XB_SIDE_MINUS] + at : NULL};
    if (!weights(p, group, row, w, j->reads ? spread : NULL)) return false;
    xb_mapping_targets(map, j->slice, w, n, side[XB_SIDE_PLUS], side[XB_SIDE_MINUS]);
    for (unsigned i = 0; i < XB_SIDES; i++) {
        if (!side[i]) continue;
        xb_segment s = xb_devices_segment(j->b, XB_DOMAIN_CONDUCTANCE, j->slice, group, row, 0, n, i);
        if (!through(p, XB_DOMAIN_CONDUCTANCE, &s, side[i], j->reads ? v->variance[i] + at : NULL)) return false;
    }
    if (!j->reads || !j->weights) return true;
    double slope = (map->g_max - map->g_min) / map->unit[j->slice];
    for (size_t i = 0; i < n; i++) v->variance[XB_SIDE_PLUS][at + i] += (float)((double)spread[i] * slope * slope);
    return true;
}

static bool program_rows(void *context, size_t item, xb_diags *d)
{
    const job *j = context;
    const xb_matrix *m = j->b->layer->m;
    int64_t group = (int64_t)item / j->per_group, first = (int64_t)item % j->per_group * ROWS;
    float *w = xb_calloc(2 * (size_t)m->cols, sizeof *w);
    bool ok = true;
    for (int64_t row = first; ok && row < first + ROWS && row < m->rows; row++)
        ok = program_row(&(part){.j = j, .d = d, .tried = row == first}, group, row, w, w + m->cols);
    free(w);
    return ok;
}

static bool program_reference(const part *p, int64_t group, size_t section, int64_t i)
{
    const job *j = p->j;
    const xb_section *q = &j->b->cut->list.data[section];
    xb_devices *v = j->v;
    size_t at = v->reference_at[section] + (size_t)i;
    xb_segment s = xb_devices_segment(j->b, XB_DOMAIN_CONDUCTANCE, j->slice, group, q->row[i / q->refs],
                                      q->ref_col[i % q->refs], 1, 1);
    v->reference[at] = xb_mapping_reference(&j->b->layer->map, j->slice);
    return through(p, XB_DOMAIN_CONDUCTANCE, &s, v->reference + at, j->reads ? v->reference_variance + at : NULL);
}

static bool program_references(const job *j)
{
    const xb_sections *cut = j->b->cut;
    xb_devices *v = j->v;
    size_t total = 0;
    v->reference_at = xb_calloc(cut->list.n + 1, sizeof *v->reference_at);
    for (size_t k = 0; k < cut->list.n; k++) {
        v->reference_at[k] = total;
        total += (size_t)(cut->list.data[k].rows * cut->list.data[k].refs);
    }
    v->reference_at[cut->list.n] = total;
    v->reference = xb_calloc(total + 1, sizeof *v->reference);
    if (j->reads) v->reference_variance = xb_calloc(total + 1, sizeof *v->reference_variance);
    part p = {.j = j, .d = j->b->s->d};
    for (int64_t group = 0; group < j->b->layer->m->groups; group++)
        for (size_t k = cut->first[group]; k < cut->first[group + 1]; k++)
            for (int64_t i = 0; i < cut->list.data[k].rows * cut->list.data[k].refs; i++) {
                p.tried = i % ROWS == 0;
                if (!program_reference(&p, group, k, i)) return false;
            }
    return true;
}

bool xb_devices_program(const xb_build *b, size_t slice, xb_devices *out)
{
    const xb_sim_stage *l = b->layer;
    size_t n = (size_t)(l->m->groups * l->m->rows * l->m->cols);
    bool drawn = xb_devices_drawn(b->chain);
    *out = (xb_devices){0};
    job j = {.b = b, .slice = slice, .v = out, .per_group = (l->m->rows + ROWS - 1) / ROWS};
    for (int domain = XB_DOMAIN_CONDUCTANCE; domain <= XB_DOMAIN_WEIGHT; domain++)
        j.reads |= xb_chain_has(b->chain, (xb_domain)domain, XB_STAGE_READ) && !drawn;
    for (int stage = XB_STAGE_PROGRAM; stage <= XB_STAGE_READ; stage++)
        j.weights |= xb_chain_has(b->chain, XB_DOMAIN_WEIGHT, (xb_stage)stage);
    for (int p = 0; p < (l->map.differential ? 2 : 1); p++) {
        out->g[p] = xb_calloc(n, sizeof *out->g[p]);
        if (j.reads) out->variance[p] = xb_calloc(n, sizeof *out->variance[p]);
    }
    if (drawn && xb_chain_has(b->chain, XB_DOMAIN_WEIGHT, XB_STAGE_READ)) out->weight = xb_calloc(n, sizeof(float));
    bool ok = xb_sim_items(b->threads, (size_t)(j.per_group * l->m->groups), b->s->d, program_rows, &j);
    if (ok && !l->map.differential && !l->map.digital) ok = program_references(&j);
    if (!ok) xb_devices_free(out);
    return ok;
}

void xb_devices_free(xb_devices *v)
{
    for (int p = 0; p < XB_SIDES; p++) {
        free(v->g[p]);
        free(v->variance[p]);
        free(v->plain[p]);
    }
    free(v->weight);
    free(v->plain_reference);
    free(v->reference);
    free(v->reference_variance);
    free(v->reference_at);
    *v = (xb_devices){0};
}
