/* choose.c: which weights a round makes zero. */
#include "prune-weights.h"
#include <math.h>
#include <stdlib.h>

/* The largest first; of equal ones the first. */
static int by_magnitude(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->magnitude != y->magnitude) return x->magnitude < y->magnitude ? 1 : -1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* After this round so many of n are kept, if `goal` is what stays in the end: the zeros grow fast at first,
 * 1 - (1 - (round + 1) / rounds)^3 of them. */
static size_t share(const weights_work *w, size_t n, size_t goal, int64_t round)
{
    double left = 1 - (double)(round + 1) / (double)w->o->gradual;
    return goal + (size_t)floor((double)(n - goal) * left * left * left);
}

/* Keeps the largest of the layers [from, to); zeros stay zero. */
static void choose(weights_work *w, const float *const *v, size_t from, size_t to, size_t keep)
{
    size_t n = 0;
    for (size_t k = from; k < to; k++)
        for (size_t i = 0; i < w->layer[k].n; i++)
            if (w->mask[w->layer[k].first + i]) w->list[n++] = (candidate){fabsf(v[k][i]), w->layer[k].first + i};
    qsort(w->list, n, sizeof *w->list, by_magnitude);
    for (size_t i = keep; i < n; i++) w->mask[w->list[i].at] = 0;
}

static size_t part(const weights_work *w, size_t n)
{
    return (size_t)ceil(w->o->keep * (double)n - 1e-9);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void xb_weights_choose(weights_work *w, const float *const *v, int64_t round)
{
    bool apart = w->o->weights.n || w->o->scope == WEIGHTS_LAYER;
    if (!apart) choose(w, v, 0, w->n_layers, share(w, w->n, part(w, w->n), round));
    for (size_t k = 0; apart && k < w->n_layers; k++) {
        const weights_layer *l = &w->layer[k];
        size_t goal = l->goal < 0 ? part(w, l->n) : smaller((size_t)l->goal, l->n);
        choose(w, v, k, k + 1, share(w, l->n, goal, round));
    }
}
