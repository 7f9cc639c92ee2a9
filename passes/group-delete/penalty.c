/* penalty.c: group lasso: what a step takes from the groups. */
#include "group-delete.h"
#include <math.h>

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
