/* plan.c: which bundles go: by the number of units that a layer keeps, or greedily by the cells of the whole network.
 */
#include "prune-units.h"
#include <math.h>
#include <string.h>

/* An error only of a layer that is called by its name. */
static int set_goal(const prune_work *w, const prune_layer *l, prune_goal *goal)
{
    int at = l->chosen ? w->edit->which(&w->o->units, true, l->name) : -1;
    const xb_map_item *said = at < 0 ? NULL : (const xb_map_item *)w->o->units.data + at;
    char *name = w->cx->host->alloc(w->cx, strlen(l->name) + 1, 1); /* the graph's ends with a snapshot brought back */
    *goal = (prune_goal){strcpy(name, l->name), l->units, -1, l->cells};
    if (w->o->keep > 0 && l->chosen) goal->keep = (int64_t)fmax(1, round(w->o->keep * (double)l->units));
    if (said) goal->keep = *(const int64_t *)said->value;
    bool wanted = goal->keep >= 0 ? goal->keep < goal->before : w->o->budget > 0 && l->chosen;
    if (!l->why || !wanted) return 0;
    bool named = said && strcmp(said->key, l->name) == 0;
    w->cx->host->diagnose(w->cx, named ? XB_ERROR : XB_NOTE, "prune-units", NULL, "'%s' keeps all its units: %s",
                          l->name, l->why);
    goal->keep = -1;
    return named ? -1 : 0;
}

int xb_prune_goals(prune_work *w, const prune_net *plan)
{
    const xb_list *layers = &w->o->layers, *units = &w->o->units;
    int status = w->edit->check_names(w->cx, plan->g, "layers", layers, false, NULL);
    if (status == 0) status = w->edit->check_names(w->cx, plan->g, "units", units, true, layers);
    w->n_goals = plan->n_layers;
    w->goal = w->cx->host->alloc(w->cx, plan->n_layers + 1, sizeof *w->goal);
    w->cells = w->graph->cells(plan->g);
    for (size_t i = 0; i < plan->n_layers; i++)
        if (set_goal(w, &plan->layer[i], &w->goal[i]) < 0) status = -1;
    return status;
}

/* ---- by layer ---- */

static int64_t loses(const prune_bundle *b, size_t layer)
{
    for (size_t i = 0; i < b->n_losses; i++)
        if (b->of[i] == layer) return (int64_t)b->loss[i].n_out;
    return 0;
}

/* The least of a layer's bundles that leaves it `keep` units; NULL: none. */
static prune_bundle *least(prune_net *plan, size_t layer, int64_t keep)
{
    prune_bundle *best = NULL;
    int64_t left = plan->layer[layer].units;
    for (size_t i = 0; i < plan->n_bundles; i++) {
        prune_bundle *b = &plan->bundle[i];
        int64_t n = b->gone || !b->may_go ? 0 : loses(b, layer);
        if (n && left - n >= keep && (!best || b->score < best->score) && xb_prune_leaves_some(plan, b)) best = b;
    }
    return best;
}

static void plan_layers(const prune_work *w, prune_net *plan, int64_t round, int64_t rounds)
{
    for (size_t i = 0; i < plan->n_layers; i++) {
        const prune_goal *goal = &w->goal[i];
        if (goal->keep < 0 || goal->keep >= goal->before) continue;
        int64_t keep = goal->before - (goal->before - goal->keep) * (round + 1) / rounds;
        for (prune_bundle *b; plan->layer[i].units > keep && (b = least(plan, i, keep));) xb_prune_take(plan, b, 1);
    }
}

/* ---- by cells ---- */

typedef struct share { /* of the bundles of a layer */
    double all, left;
} share;

/* What a bundle costs: how much the part of its layer's score that is gone grows against the part that is left. So the
 * last units of a layer become dear. */
static double cost(const share *s, const prune_bundle *b)
{
    double all = s[b->layer].all, left = s[b->layer].left;
    if (!(b->score > 0)) return 0;
    return left > b->score ? all / (left - b->score) - all / left : INFINITY;
}

static int64_t saved(prune_net *plan, prune_bundle *b)
{
    int64_t before = 0, after = 0;
    for (size_t i = 0; i < b->n_losses; i++)
        if (b->of[i] != SIZE_MAX) before += plan->layer[b->of[i]].cells;
    xb_prune_take(plan, b, 1);
    for (size_t i = 0; i < b->n_losses; i++)
        if (b->of[i] != SIZE_MAX) after += plan->layer[b->of[i]].cells;
    xb_prune_take(plan, b, -1);
    return before - after;
}

static prune_bundle *cheapest(prune_net *plan, const share *s)
{
    prune_bundle *best = NULL;
    double least_cost = 0;
    for (size_t i = 0; i < plan->n_bundles; i++) {
        prune_bundle *b = &plan->bundle[i];
        if (b->gone || !b->may_go || !xb_prune_leaves_some(plan, b)) continue;
        double per_cell = cost(s, b) / (double)saved(plan, b);
        if (best && !(per_cell < least_cost)) continue;
        best = b;
        least_cost = per_cell;
    }
    return best;
}

static bool plan_budget(const prune_work *w, prune_net *plan, int64_t most)
{
    share *s = w->cx->host->alloc(w->cx, plan->n_layers + 1, sizeof *s);
    int64_t cells = xb_prune_all_cells(plan);
    for (size_t i = 0; i < plan->n_bundles; i++) s[plan->bundle[i].layer].all += plan->bundle[i].score;
    for (size_t i = 0; i < plan->n_layers; i++) s[i].left = s[i].all;
    while (cells > most) {
        prune_bundle *b = cheapest(plan, s);
        if (!b) return false;
        cells -= saved(plan, b);
        s[b->layer].left -= b->score;
        xb_prune_take(plan, b, 1);
    }
    return true;
}

bool xb_prune_plan(const prune_work *w, prune_net *plan, int64_t round, int64_t rounds)
{
    if (!(w->o->budget > 0)) {
        plan_layers(w, plan, round, rounds);
        return true;
    }
    double part = 1 - (1 - w->o->budget) * (double)(round + 1) / (double)rounds;
    return plan_budget(w, plan, (int64_t)floor(part * (double)w->cells + 1e-6));
}

/* ---- out of the graph ---- */

/* Place of a unit among those that are not cut yet. */
static int64_t now_at(const prune_layer *l, int64_t unit)
{
    int64_t at = 0;
    for (int64_t u = 0; u < unit; u++) at += !l->cut[u];
    return at;
}

static void mark_cut(prune_net *plan, const prune_bundle *b)
{
    for (size_t i = 0; i < b->n_losses; i++)
        for (size_t k = 0; b->of[i] != SIZE_MAX && k < b->loss[i].n_out; k++)
            plan->layer[b->of[i]].cut[b->loss[i].out[k]] = true;
}

static int cut_layer(prune_work *w, prune_net *plan, size_t layer, xb_graph *g, xb_trainer *t)
{
    prune_layer *l = &plan->layer[layer];
    int64_t *units = w->cx->host->alloc(w->cx, (size_t)(l->groups * l->out), sizeof *units);
    size_t n = 0;
    for (size_t i = 0; i < plan->n_bundles; i++) {
        const prune_bundle *b = &plan->bundle[i];
        for (size_t k = 0; b->gone && b->layer == layer && k < b->n_units; k++) units[n++] = now_at(l, b->units[k]);
    }
    if (!n) return 0;
    for (size_t i = 0; i < plan->n_bundles; i++)
        if (plan->bundle[i].gone && plan->bundle[i].layer == layer) mark_cut(plan, &plan->bundle[i]);
    w->plan = NULL;
    return t ? w->train->remove_units(t, l->op, units, n, w->o->fold)
             : w->edit->remove_units(w->cx, g, l->op, units, n, w->o->fold);
}

int xb_prune_apply(prune_work *w, prune_net *plan, xb_graph *g, xb_trainer *t)
{
    for (size_t i = 0; i < plan->n_layers; i++)
        if (cut_layer(w, plan, i, g, t) < 0) return -1;
    return 0;
}
