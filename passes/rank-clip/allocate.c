/* allocate.c: ranks for all layers at once.
 *
 * By a budget: again and again the direction goes that costs least, (part of its layer's energy x sensitivity) / cells
 * saved. The part is of what the layer still has, so that a big layer is not emptied for its many cells: what is left
 * of all layers' energy, multiplied, falls least. A layer that is dense saves nothing before it falls below break-even;
 * its first step is the rank of the least such ratio. */
#include "rank-clip.h"

typedef struct offer {
    double price; /* energy for a cell */
    int64_t k;    /* rank after it; 0: there is none */
} offer;

static double left_of(const rank_layer *l, int64_t k)
{
    double left = 0;
    for (int64_t j = 0; j < k; j++) left += l->energy[j];
    return left > 0 ? left : 1;
}

static offer offer_of(const rank_layer *l, int64_t k)
{
    int64_t most = xb_rank_break_even(l->rows, l->cols), each = l->rows + l->cols;
    double factor = l->sensitivity / left_of(l, k), tail = 0;
    offer best = {0};
    if (k <= most) return k > 1 ? (offer){factor * l->energy[k - 1] / (double)each, k - 1} : best;
    for (int64_t r = k - 1; r >= 1; r--) {
        tail += l->energy[r];
        double price = factor * tail / (double)(l->rows * l->cols - r * each);
        if (r <= most && (!best.k || price < best.price)) best = (offer){price, r};
    }
    return best;
}

static bool is_held(const rank_layer *l)
{
    return l->fixed || l->now.frozen;
}

static void by_budget(const rank_work *w, double most, int64_t *k)
{
    double cells = (double)w->other;
    offer *open = w->cx->host->alloc(w->cx, w->n, sizeof *open);
    for (size_t i = 0; i < w->n; i++) {
        const rank_layer *l = &w->layer[i];
        cells += (double)xb_rank_cells(l->rows, l->cols, k[i]);
        if (!is_held(l)) open[i] = offer_of(l, k[i]);
    }
    while (cells > most) {
        size_t at = w->n;
        for (size_t i = 0; i < w->n; i++)
            if (open[i].k && (at == w->n || open[i].price < open[at].price)) at = i;
        if (at == w->n) return;
        const rank_layer *l = &w->layer[at];
        cells += (double)(xb_rank_cells(l->rows, l->cols, open[at].k) - xb_rank_cells(l->rows, l->cols, k[at]));
        k[at] = open[at].k;
        open[at] = offer_of(l, k[at]);
    }
}

void xb_rank_choose(const rank_work *w, double most, int64_t *k)
{
    for (size_t i = 0; i < w->n; i++) {
        const rank_layer *l = &w->layer[i];
        k[i] = l->now.k;
        if (l->fixed && l->fixed < k[i]) k[i] = l->fixed;
        if (is_held(l) || w->o->budget > 0) continue;
        k[i] = xb_rank_for(w->o->method, l->energy, l->now.k, w->o->epsilon);
    }
    if (w->o->budget > 0) by_budget(w, most, k);
}
