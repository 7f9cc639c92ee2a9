/* penalty.c: group lasso: what a step takes from the groups. */
#include "group-delete.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double strength(const gd_work *w, const gd_layer *l, const gd_band *b, size_t group, const double *weight)
{
    if (w->spared[group]) return 0;
    double lambda = w->o->lambda * l->factor;
    if (w->o->scale) lambda *= sqrt((double)b->across);
    return weight ? lambda * weight[group] : lambda;
}

static void shrink_line(const gd_band *b, float *v, int64_t line, double step)
{
    double norm = xb_gd_norm(b, v, line), keep = norm > step ? 1 - step / norm : 0;
    for (int64_t j = 0; j < b->across; j++) {
        float *x = &v[b->line_at[line] + b->across_at[j]];
        *x = keep > 0 ? (float)((double)*x * keep) : 0.0f;
    }
}

void xb_gd_shrink(const gd_work *w, const gd_layer *l, float *v, double eta, const double *weight)
{
    for (int turn = 0; turn < 2; turn++)
        for (size_t k = l->band; k < l->band + l->bands; k++) {
            const gd_band *b = &w->band[k];
            if (b->rows != (turn == 0)) continue;
            for (int64_t i = 0; i < b->lines; i++) {
                double step = eta * strength(w, l, b, b->first + (size_t)i, weight);
                if (step > 0) shrink_line(b, v, i, step);
            }
        }
}

void xb_gd_pull(const gd_work *w, const gd_layer *l, const float *v, float *gradient, const double *weight)
{
    for (size_t k = l->band; k < l->band + l->bands; k++) {
        const gd_band *b = &w->band[k];
        for (int64_t i = 0; i < b->lines; i++) {
            double lambda = strength(w, l, b, b->first + (size_t)i, weight), norm = xb_gd_norm(b, v, i);
            for (int64_t j = 0; lambda > 0 && norm > 0 && j < b->across; j++) {
                int64_t at = b->line_at[i] + b->across_at[j];
                gradient[at] += (float)(lambda * (double)v[at] / norm);
            }
        }
    }
}

void xb_gd_threshold(const gd_work *w, const gd_layer *l, float *v)
{
    for (size_t k = l->band; k < l->band + l->bands; k++) {
        const gd_band *b = &w->band[k];
        for (int64_t i = 0; i < b->lines; i++)
            for (int64_t j = 0; !w->spared[b->first + (size_t)i] && j < b->across; j++) {
                float *x = &v[b->line_at[i] + b->across_at[j]];
                if ((double)fabsf(*x) < w->o->threshold) *x = 0;
            }
    }
}

/* ---- the exact mode ---- */

/* The largest first; of equals the first. */
static int by_score(const void *x, const void *y)
{
    const gd_rank *a = x, *b = y;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return a->group < b->group ? -1 : a->group > b->group;
}

static double energy(const float *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)v[i] * (double)v[i];
    return sum;
}

/* Norms as parts of their layer's, so that layers can be compared. */
static void score(const gd_work *w, const gd_layer *l, const float *v)
{
    double all = sqrt(energy(v, l->n));
    for (size_t k = l->band; k < l->band + l->bands; k++) {
        const gd_band *b = &w->band[k];
        for (int64_t i = 0; i < b->lines; i++) w->norm[b->first + (size_t)i] = all > 0 ? xb_gd_norm(b, v, i) / all : 0;
    }
}

static void spare_best(const gd_work *w, size_t n, int64_t keep)
{
    qsort(w->ranked, n, sizeof *w->ranked, by_score);
    for (size_t i = 0; i < n && (int64_t)i < keep; i++) w->spared[w->ranked[i].group] = true;
}

/* Adds the layer's groups that are not spared yet to the n that are listed; how many then are. */
static size_t list(const gd_work *w, const gd_layer *l, size_t n)
{
    for (size_t g = l->group; g < l->group + l->groups; g++)
        if (!w->spared[g]) w->ranked[n++] = (gd_rank){w->norm[g], g};
    return n;
}

/* Every layer keeps its best group; the rest of the total goes to the best of all. */
static void spare_total(const gd_work *w)
{
    int64_t left = w->o->total;
    size_t n = 0;
    for (size_t i = 0; i < w->n_layers; i++) {
        const gd_layer *l = &w->layer[i];
        int64_t own = l->keep < 0 ? 1 : l->keep < (int64_t)l->groups ? l->keep : (int64_t)l->groups;
        if (l->keep < 0) spare_best(w, list(w, l, 0), 1);
        left -= own;
    }
    for (size_t i = 0; i < w->n_layers; i++)
        if (w->layer[i].keep < 0) n = list(w, &w->layer[i], n);
    spare_best(w, n, left);
}

void xb_gd_spare(const gd_work *w, const float *const *v)
{
    memset(w->spared, 0, w->n_groups * sizeof *w->spared);
    for (size_t i = 0; i < w->n_layers; i++) {
        const gd_layer *l = &w->layer[i];
        score(w, l, v[i]);
        if (l->keep >= 0) spare_best(w, list(w, l, 0), l->keep);
    }
    if (w->o->total) spare_total(w);
}
