/* freeze.c: phase 2: which groups the exact mode leaves; deleted groups become masks. */
#include "group-delete.h"
#include <string.h>

/* ---- masks ---- */

static bool is_gone(const gd_band *b, const float *v, int64_t line)
{
    for (int64_t j = 0; j < b->across; j++)
        if (v[b->line_at[line] + b->across_at[j]] != 0) return false;
    return true;
}

bool xb_gd_mask(const gd_work *w, const gd_layer *l, const float *v, const uint8_t *had, uint8_t *mask)
{
    bool any = had != NULL;
    for (size_t i = 0; i < l->n; i++) mask[i] = !had || had[i];
    for (size_t k = l->band; k < l->band + l->bands; k++) {
        const gd_band *b = &w->band[k];
        for (int64_t i = 0; i < b->lines; i++) {
            if (!is_gone(b, v, i)) continue;
            any = true;
            for (int64_t j = 0; j < b->across; j++) mask[b->line_at[i] + b->across_at[j]] = 0;
        }
    }
    return any;
}

static void mask_layer(const gd_work *w, xb_graph *g, const gd_layer *l)
{
    const xb_attr *note = w->graph->note(g, l->weight, "mask");
    bool known = note && note->n == l->n;
    uint8_t *mask = w->cx->host->alloc(w->cx, l->n, 1), *had = w->cx->host->alloc(w->cx, l->n, 1);
    for (size_t i = 0; known && i < l->n; i++) had[i] = note->ints[i] != 0;
    float *v = w->graph->write(g, l->weight);
    if (!xb_gd_mask(w, l, v, known ? had : NULL, mask)) return;
    int64_t *numbers = w->cx->host->alloc(w->cx, l->n, sizeof *numbers);
    for (size_t i = 0; i < l->n; i++) {
        numbers[i] = mask[i];
        if (!mask[i]) v[i] = 0;
    }
    w->graph->set_note(g, l->weight, "mask", numbers, l->n);
}

/* ---- the exact mode ---- */

/* Groups of one or several layers, between which is chosen. */
typedef struct pool {
    const gd_work *w;
    const gd_choice *c;
    const float *const *v; /* by layer */
    size_t n;              /* in the heap */
    int64_t wires;         /* groups with live weights */
} pool;

/* Of equals the last goes first. */
static bool goes_before(const pool *p, size_t a, size_t b)
{
    if (p->c->energy[a] != p->c->energy[b]) return p->c->energy[a] < p->c->energy[b];
    return a > b;
}

static void put(pool *p, size_t at, size_t group)
{
    p->c->heap[at] = group;
    p->c->place[group] = at;
}

static void rise(pool *p, size_t at)
{
    size_t group = p->c->heap[at];
    for (; at > 0 && goes_before(p, group, p->c->heap[(at - 1) / 2]); at = (at - 1) / 2)
        put(p, at, p->c->heap[(at - 1) / 2]);
    put(p, at, group);
}

static void sink(pool *p, size_t at)
{
    size_t group = p->c->heap[at];
    for (size_t below; (below = 2 * at + 1) < p->n; at = below) {
        if (below + 1 < p->n && goes_before(p, p->c->heap[below + 1], p->c->heap[below])) below++;
        if (!goes_before(p, p->c->heap[below], group)) break;
        put(p, at, p->c->heap[below]);
    }
    put(p, at, group);
}

static size_t take_least(pool *p)
{
    size_t least = p->c->heap[0];
    p->c->place[least] = GD_NONE;
    if (--p->n) {
        p->c->heap[0] = p->c->heap[p->n];
        sink(p, 0);
    }
    return least;
}

static void join_band(pool *p, const gd_band *b)
{
    const float *v = p->v[b->layer];
    for (int64_t i = 0; i < b->lines; i++) {
        size_t g = b->first + (size_t)i;
        p->c->energy[g] = 0;
        p->c->live[g] = 0;
        for (int64_t j = 0; j < b->across; j++) {
            double x = (double)v[b->line_at[i] + b->across_at[j]];
            p->c->energy[g] += p->c->all[b->layer] > 0 ? x * x / p->c->all[b->layer] : 0;
            p->c->live[g] += x != 0;
        }
        if (!b->rows || b->twin == GD_NONE) p->c->left[b->layer] += p->c->live[g];
        p->wires += p->c->live[g] > 0;
        p->w->spared[g] = true;
        p->c->heap[p->n] = g;
        rise(p, p->n++);
    }
}

static void join_layer(pool *p, size_t layer)
{
    const gd_layer *l = &p->w->layer[layer];
    p->c->all[layer] = 0;
    p->c->left[layer] = 0;
    for (size_t i = 0; i < l->n; i++) p->c->all[layer] += (double)p->v[layer][i] * (double)p->v[layer][i];
    for (size_t k = l->band; k < l->band + l->bands; k++) join_band(p, &p->w->band[k]);
}

static const gd_band *band_with(const gd_work *w, size_t group)
{
    size_t low = 0, high = w->n_bands;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (w->band[middle].first <= group)
            low = middle;
        else
            high = middle;
    }
    return &w->band[low];
}

/* The other group of a weight loses it. */
static void lose(pool *p, size_t group, double energy)
{
    p->c->energy[group] = --p->c->live[group] && p->c->energy[group] > energy ? p->c->energy[group] - energy : 0;
    p->wires -= !p->c->live[group];
    if (p->c->place[group] != GD_NONE) rise(p, p->c->place[group]);
}

static void delete_group(pool *p, const gd_band *b, size_t group)
{
    const gd_work *w = p->w;
    const gd_band *twin = b->twin == GD_NONE ? NULL : &w->band[b->twin];
    for (int64_t j = 0; j < b->across; j++) {
        double x = (double)p->v[b->layer][b->line_at[group - b->first] + b->across_at[j]];
        size_t other = twin ? twin->first + (size_t)j : GD_NONE;
        if (x == 0 || (twin && !w->spared[other])) continue;
        if (twin) lose(p, other, x * x / p->c->all[b->layer]);
        p->c->left[b->layer]--;
    }
    w->spared[group] = false;
    p->wires--;
}

/* What is deleted takes along groups of which nothing else was left: fewer than `keep` may stay. A group that has all
 * that is left of its layer does. */
static void delete_to(pool *p, int64_t keep)
{
    while (p->wires > keep && p->n) {
        size_t g = take_least(p);
        const gd_band *b = band_with(p->w, g);
        if (!p->c->live[g])
            p->w->spared[g] = false;
        else if (p->c->live[g] < p->c->left[b->layer])
            delete_group(p, b, g);
    }
}

void xb_gd_spare(const gd_work *w, const float *const *v)
{
    pool p = {.w = w, .c = &w->choice, .v = v};
    int64_t own = 0;
    memset(w->spared, 0, w->n_groups * sizeof *w->spared);
    for (size_t i = 0; i < w->n_layers; i++) {
        if (w->layer[i].keep < 0) continue;
        p.n = 0, p.wires = 0;
        join_layer(&p, i);
        delete_to(&p, w->layer[i].keep);
        own += p.wires;
    }
    if (!w->o->total) return;
    p.n = 0, p.wires = 0;
    for (size_t i = 0; i < w->n_layers; i++)
        if (w->layer[i].keep < 0) join_layer(&p, i);
    delete_to(&p, w->o->total - own);
}

/* Groups that are not to stay. */
static void delete_rest(const gd_work *w, const gd_layer *l, float *v)
{
    for (size_t k = l->band; k < l->band + l->bands; k++) {
        const gd_band *b = &w->band[k];
        for (int64_t i = 0; i < b->lines; i++)
            for (int64_t j = 0; !w->spared[b->first + (size_t)i] && j < b->across; j++)
                v[b->line_at[i] + b->across_at[j]] = 0;
    }
}

int xb_gd_freeze(gd_work *w, xb_graph *g)
{
    const float **v = w->cx->host->alloc(w->cx, w->n_layers + 1, sizeof *v);
    if (xb_gd_bind(w, g) < 0) return -1;
    for (size_t i = 0; i < w->n_layers; i++) v[i] = w->graph->write(g, w->layer[i].weight);
    xb_gd_spare(w, v);
    for (size_t i = 0; i < w->n_layers; i++) {
        const gd_layer *l = &w->layer[i];
        if (l->keep >= 0 || w->o->total) delete_rest(w, l, w->graph->write(g, l->weight));
        mask_layer(w, g, l);
        if (!l->before || xb_gd_wires(w, l, w->graph->data(g, l->weight))) continue;
        w->cx->host->diagnose(w->cx, XB_ERROR, "group-delete-dead", NULL, "nothing is left of '%s'", l->name);
        return -1;
    }
    return 0;
}
