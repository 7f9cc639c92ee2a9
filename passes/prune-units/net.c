/* net.c: the layers of a graph, and which of their units go together. */
#include "prune-units.h"
#include <string.h>

/* ---- layers ---- */

static bool read_layer(const prune_work *w, const xb_graph *g, xb_op op, prune_layer *l)
{
    *l = (prune_layer){.op = op};
    if (!w->graph->matrix(g, op, &l->m)) return false;
    const char *type = w->graph->op_type(g, op);
    const xb_type *t = w->graph->type(g, l->m.weight);
    l->name = l->m.name;
    l->transposed = strcmp(type, "ConvTranspose") == 0;
    l->groups = l->m.groups;
    l->taps = 1;
    for (int i = 2; strncmp(type, "Conv", 4) == 0 && i < t->rank; i++) l->taps *= t->dim[i];
    l->in = l->transposed ? l->m.rows : l->m.rows / l->taps;
    l->out = l->transposed ? l->m.cols / l->taps : l->m.cols;
    if (t->dtype != XB_F32) l->why = "its weights are not float32";
    return true;
}

static void make_room(const prune_work *w, prune_layer *l)
{
    const xb_host *host = w->cx->host;
    size_t groups = (size_t)l->groups, in = groups * (size_t)l->in, out = groups * (size_t)l->out;
    l->left_in = host->alloc(w->cx, groups, sizeof *l->left_in);
    l->left_out = host->alloc(w->cx, groups, sizeof *l->left_out);
    l->cut = host->alloc(w->cx, out, sizeof *l->cut);
    l->owner = host->alloc(w->cx, out, sizeof *l->owner);
    l->sum_in = host->alloc(w->cx, in, sizeof *l->sum_in);
    l->sum_out = host->alloc(w->cx, out, sizeof *l->sum_out);
    for (int64_t i = 0; i < l->groups; i++) l->left_in[i] = l->in, l->left_out[i] = l->out;
    l->inputs = l->groups * l->in;
    l->units = l->groups * l->out;
    l->cells = l->inputs * l->out * l->taps;
    l->chosen = !w->o->layers.n || w->edit->which(&w->o->layers, false, l->name) >= 0;
}

static void list_layers(const prune_work *w, prune_net *plan)
{
    prune_layer l;
    size_t n = 0;
    for (xb_op op = w->graph->first(plan->g); op.id; op = w->graph->next(plan->g, op))
        n += read_layer(w, plan->g, op, &l);
    plan->layer = w->cx->host->alloc(w->cx, n + 1, sizeof *plan->layer);
    for (xb_op op = w->graph->first(plan->g); op.id; op = w->graph->next(plan->g, op)) {
        if (!read_layer(w, plan->g, op, &plan->layer[plan->n_layers])) continue;
        make_room(w, &plan->layer[plan->n_layers]);
        plan->room += (size_t)(plan->layer[plan->n_layers].groups * plan->layer[plan->n_layers].out);
        plan->n_layers++;
    }
}

int64_t xb_prune_all_cells(const prune_net *plan)
{
    int64_t n = 0;
    for (size_t i = 0; i < plan->n_layers; i++) n += plan->layer[i].cells;
    return n;
}

size_t xb_prune_at(const prune_layer *l, int64_t i, int64_t o, int64_t tap)
{
    int64_t group = o / l->out, row = i % l->in, col = o % l->out;
    row = l->transposed ? row : row * l->taps + tap;
    col = l->transposed ? col * l->taps + tap : col;
    return (size_t)(group * l->m.group_stride + row * l->m.row_stride + col * l->m.col_stride);
}

/* ---- bundles ---- */

/* Places of a group's inputs (outputs) go, or come back: each has `other` weights per tap. */
static void take_places(prune_layer *l, const int64_t *place, size_t n, int64_t per, int64_t *own, const int64_t *other,
                        int sign)
{
    for (size_t k = 0; k < n; k++) {
        int64_t group = place[k] / per;
        own[group] -= sign;
        l->cells -= sign * other[group] * l->taps;
    }
}

void xb_prune_take(prune_net *plan, prune_bundle *b, int sign)
{
    b->gone = sign > 0;
    for (size_t i = 0; i < b->n_losses; i++) {
        if (b->of[i] == SIZE_MAX) continue;
        prune_layer *l = &plan->layer[b->of[i]];
        const xb_losing *s = &b->loss[i];
        take_places(l, s->in, s->n_in, l->in, l->left_in, l->left_out, sign);
        take_places(l, s->out, s->n_out, l->out, l->left_out, l->left_in, sign);
        l->inputs -= sign * (int64_t)s->n_in;
        l->units -= sign * (int64_t)s->n_out;
    }
}

bool xb_prune_leaves_some(const prune_net *plan, const prune_bundle *b)
{
    for (size_t i = 0; i < b->n_losses; i++) {
        if (b->of[i] == SIZE_MAX) continue;
        const prune_layer *l = &plan->layer[b->of[i]];
        if (l->inputs <= (int64_t)b->loss[i].n_in || l->units <= (int64_t)b->loss[i].n_out) return false;
    }
    return true;
}

/* false: some unit of it is in another bundle already. */
static bool fill(const prune_work *w, prune_net *plan, prune_bundle *b)
{
    size_t *of = w->cx->host->alloc(w->cx, b->n_losses, sizeof *of);
    b->of = of;
    for (size_t i = 0; i < b->n_losses; i++) {
        of[i] = 0;
        while (of[i] < plan->n_layers && plan->layer[of[i]].op.id != b->loss[i].op.id) of[i]++;
        if (of[i] == plan->n_layers) of[i] = SIZE_MAX;
        for (size_t k = 0; of[i] != SIZE_MAX && k < b->loss[i].n_out; k++) {
            const prune_layer *l = &plan->layer[of[i]];
            if (l->owner[b->loss[i].out[k]]) return false;
            b->may_go |= l->chosen;
        }
    }
    return true;
}

/* Units u, u + step, u + 2 step ... of a layer as a bundle; false: they cannot go, *why. */
static bool add_bundle(const prune_work *w, prune_net *plan, size_t layer, int64_t u, int64_t step, const char **why)
{
    prune_layer *l = &plan->layer[layer];
    int64_t all = l->groups * l->out, *units = w->cx->host->alloc(w->cx, (size_t)(all / step), sizeof *units);
    prune_bundle b = {.layer = layer, .units = units};
    for (; u < all; u += step) units[b.n_units++] = u;
    int n = w->edit->losses(w->cx, plan->g, l->op, units, b.n_units, &b.loss, why);
    if (n < 0) return false;
    b.n_losses = (size_t)n;
    *why = "they go with units that go with others already";
    if (!fill(w, plan, &b)) return false;
    plan->bundle[plan->n_bundles++] = b;
    for (size_t i = 0; i < b.n_losses; i++)
        for (size_t k = 0; b.of[i] != SIZE_MAX && k < b.loss[i].n_out; k++)
            plan->layer[b.of[i]].owner[b.loss[i].out[k]] = plan->n_bundles;
    return true;
}

/* Every unit alone, or, where groups must stay alike, one of each group of this or another layer. 0: neither can go. */
static int64_t step_of(const prune_work *w, prune_net *plan, size_t layer, int64_t first)
{
    prune_layer *l = &plan->layer[layer];
    int64_t all = l->groups * l->out;
    const char *why = NULL;
    if (add_bundle(w, plan, layer, first, all, &l->why)) return all;
    for (size_t i = 0; i < plan->n_layers; i++) {
        int64_t g = plan->layer[i].groups;
        if (g < 2 || all % g || first >= all / g) continue;
        if (add_bundle(w, plan, layer, first, all / g, &why)) return all / g;
    }
    return 0;
}

static void bundle_layer(const prune_work *w, prune_net *plan, size_t layer)
{
    prune_layer *l = &plan->layer[layer];
    int64_t all = l->groups * l->out, first = 0;
    const char *why;
    while (first < all && l->owner[first]) first++;
    if (first == all || l->why) return;
    int64_t step = step_of(w, plan, layer, first);
    if (!step) return;
    l->why = NULL;
    for (int64_t u = first + 1; u < step; u++)
        if (!l->owner[u]) add_bundle(w, plan, layer, u, step, &why);
}

prune_net *xb_prune_look(const prune_work *w, const xb_graph *g)
{
    prune_net *plan = w->cx->host->alloc(w->cx, 1, sizeof *plan);
    plan->g = g;
    list_layers(w, plan);
    plan->bundle = w->cx->host->alloc(w->cx, plan->room + 1, sizeof *plan->bundle);
    for (size_t i = 0; i < plan->n_layers; i++) bundle_layer(w, plan, i);
    return plan;
}
