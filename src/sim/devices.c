/* devices.c: every device of one slice of a layer, through the chain: programmed, aged, and what reads make of it on
 * average.
 *
 * A cell's random numbers hang on its place in the matrix alone. A reference device is keyed as polarity 1 of its row
 * and of the least column of its array, so that moving the array changes nothing here either. */
#include "base/par.h"
#include "sim/sim_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 16, /* of an item of work */
    READS = 64 /* that stand for the moments of a device that does not say them */
};

typedef struct job {
    const xb_build *b;
    size_t slice;
    xb_devices *v;
    bool reads, weights; /* some device reads; some device changes weights */
    int64_t per_group;   /* items */
} job;

static xb_segment segment(const job *j, xb_domain domain, int64_t group, int64_t row, int64_t col, size_t n,
                          unsigned polarity)
{
    const xb_sim_stage *l = j->b->layer;
    bool weight = domain == XB_DOMAIN_WEIGHT;
    return (xb_segment){.key = {.seed = j->b->s->seed,
                                .trial = (uint32_t)j->b->trial,
                                .layer = l->key,
                                .polarity = polarity,
                                .slice = (uint32_t)j->slice,
                                .group = (uint32_t)group,
                                .row = (uint64_t)row,
                                .col = (uint64_t)col},
                        .layer = l->m->name,
                        .n = n,
                        .time = j->b->s->options->time,
                        .g_min = weight ? -l->map.w_max : l->map.g_min,
                        .g_max = weight ? l->map.w_max : l->map.g_max};
}

/* Mean and variance of READS reads, where a device gives no moments. */
static bool sample(const job *j, xb_domain domain, xb_segment *s, float *v, float *variance)
{
    double *sum = xb_calloc(2 * s->n, sizeof *sum), *square = sum + s->n;
    float *one = xb_calloc(s->n, sizeof *one);
    bool ok = true;
    for (uint64_t k = 1; ok && k <= READS; k++) {
        memcpy(one, v, s->n * sizeof *one);
        s->key.conversion = k;
        ok = xb_chain_run(j->b->s->d, j->b->chain, domain, XB_STAGE_READ, s, one);
        for (size_t i = 0; i < s->n; i++) sum[i] += (double)one[i], square[i] += (double)one[i] * (double)one[i];
    }
    for (size_t i = 0; ok && i < s->n; i++) {
        double mean = sum[i] / READS;
        v[i] = (float)mean;
        variance[i] = (float)fmax(0, (square[i] - READS * mean * mean) / (READS - 1));
    }
    free(one);
    free(sum);
    return ok;
}

/* variance NULL: nothing reads. */
static bool through(const job *j, xb_domain domain, xb_segment *s, float *v, float *variance)
{
    const xb_chain *c = j->b->chain;
    xb_diags *d = j->b->s->d;
    if (!xb_chain_run(d, c, domain, XB_STAGE_PROGRAM, s, v) || !xb_chain_run(d, c, domain, XB_STAGE_AGE, s, v))
        return false;
    if (!variance) return true;
    memset(variance, 0, s->n * sizeof *variance);
    if (!xb_chain_has(c, domain, XB_STAGE_READ)) return true;
    if (xb_chain_momentless(c, domain)) return sample(j, domain, s, v, variance);
    return xb_chain_read_moments(d, c, domain, s, v, v, variance);
}

/* Weights of a row, as devices that change weights leave them. */
static bool weights(const job *j, int64_t group, int64_t row, float *w, float *variance)
{
    const xb_matrix *m = j->b->layer->m;
    memcpy(w, j->b->layer->w + (group * m->rows + row) * m->cols, (size_t)m->cols * sizeof *w);
    xb_mapping_round(&j->b->layer->map, w, (size_t)m->cols);
    if (!j->weights) return true;
    xb_segment s = segment(j, XB_DOMAIN_WEIGHT, group, row, 0, (size_t)m->cols, 0);
    return through(j, XB_DOMAIN_WEIGHT, &s, w, variance);
}

static bool program_row(const job *j, int64_t group, int64_t row, float *w, float *spread)
{
    const xb_mapping *map = &j->b->layer->map;
    const xb_matrix *m = j->b->layer->m;
    size_t at = (size_t)((group * m->rows + row) * m->cols), n = (size_t)m->cols;
    xb_devices *v = j->v;
    float *side[XB_SIDES] = {v->g[XB_SIDE_PLUS] + at, map->differential ? v->g[XB_SIDE_MINUS] + at : NULL};
    if (!weights(j, group, row, w, j->reads ? spread : NULL)) return false;
    xb_mapping_targets(map, j->slice, w, n, side[XB_SIDE_PLUS], side[XB_SIDE_MINUS]);
    for (unsigned p = 0; p < XB_SIDES; p++) {
        if (!side[p]) continue;
        xb_segment s = segment(j, XB_DOMAIN_CONDUCTANCE, group, row, 0, n, p);
        if (!through(j, XB_DOMAIN_CONDUCTANCE, &s, side[p], j->reads ? v->variance[p] + at : NULL)) return false;
    }
    if (!j->reads || !j->weights) return true;
    double slope = (map->g_max - map->g_min) / map->unit[j->slice];
    for (size_t i = 0; i < n; i++) v->variance[XB_SIDE_PLUS][at + i] += (float)((double)spread[i] * slope * slope);
    return true;
}

static bool program_rows(void *context, int worker, size_t item)
{
    (void)worker;
    const job *j = context;
    const xb_matrix *m = j->b->layer->m;
    int64_t group = (int64_t)item / j->per_group, first = (int64_t)item % j->per_group * ROWS;
    float *w = xb_calloc(2 * (size_t)m->cols, sizeof *w);
    bool ok = true;
    for (int64_t row = first; ok && row < first + ROWS && row < m->rows; row++)
        ok = program_row(j, group, row, w, w + m->cols);
    free(w);
    return ok;
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
    v->reference = xb_calloc(total + 1, sizeof *v->reference);
    if (j->reads) v->reference_variance = xb_calloc(total + 1, sizeof *v->reference_variance);
    for (int64_t group = 0; group < j->b->layer->m->groups; group++)
        for (size_t k = cut->first[group]; k < cut->first[group + 1]; k++) {
            const xb_section *p = &cut->list.data[k];
            for (int64_t i = 0; i < p->rows * p->refs; i++) {
                size_t at = v->reference_at[k] + (size_t)i;
                xb_segment s =
                    segment(j, XB_DOMAIN_CONDUCTANCE, group, p->row[i / p->refs], p->ref_col[i % p->refs], 1, 1);
                v->reference[at] = xb_mapping_reference(&j->b->layer->map, j->slice);
                if (!through(j, XB_DOMAIN_CONDUCTANCE, &s, v->reference + at,
                             j->reads ? v->reference_variance + at : NULL))
                    return false;
            }
        }
    return true;
}

bool xb_devices_program(const xb_build *b, size_t slice, xb_devices *out)
{
    const xb_sim_stage *l = b->layer;
    size_t n = (size_t)(l->m->groups * l->m->rows * l->m->cols);
    *out = (xb_devices){0};
    job j = {.b = b, .slice = slice, .v = out, .per_group = (l->m->rows + ROWS - 1) / ROWS};
    for (int domain = XB_DOMAIN_CONDUCTANCE; domain <= XB_DOMAIN_WEIGHT; domain++)
        j.reads |= xb_chain_has(b->chain, (xb_domain)domain, XB_STAGE_READ);
    for (int stage = XB_STAGE_PROGRAM; stage <= XB_STAGE_READ; stage++)
        j.weights |= xb_chain_has(b->chain, XB_DOMAIN_WEIGHT, (xb_stage)stage);
    for (int p = 0; p < (l->map.differential ? 2 : 1); p++) {
        out->g[p] = xb_calloc(n, sizeof *out->g[p]);
        if (j.reads) out->variance[p] = xb_calloc(n, sizeof *out->variance[p]);
    }
    bool ok = xb_par_run(b->threads, (size_t)(j.per_group * l->m->groups), NULL, program_rows, &j);
    if (ok && !l->map.differential && !l->map.digital) ok = program_references(&j);
    if (!ok) xb_devices_free(out);
    return ok;
}

void xb_devices_free(xb_devices *v)
{
    for (int p = 0; p < XB_SIDES; p++) {
        free(v->g[p]);
        free(v->variance[p]);
    }
    free(v->reference);
    free(v->reference_variance);
    free(v->reference_at);
    *v = (xb_devices){0};
}
