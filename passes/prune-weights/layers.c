/* layers.c: whose weights may go, and the masks they have. */
#include "prune-weights.h"
#include <string.h>

static size_t count(const weights_work *w, const xb_graph *g, xb_value v)
{
    const xb_type *t = w->graph->type(g, v);
    size_t n = 1;
    for (int i = 0; i < t->rank; i++) n *= (size_t)t->dim[i];
    return n;
}

/* Of the first pattern that means it; < 0: none does. */
static int64_t goal_of(const weights_work *w, const char *name)
{
    const xb_map_item *item = w->o->weights.data;
    int i = w->edit->which(&w->o->weights, true, name);
    return i < 0 ? -1 : *(const int64_t *)item[i].value;
}

static const char *copy_of(const weights_work *w, const char *text)
{
    size_t n = strlen(text) + 1;
    return memcpy(w->cx->host->alloc(w->cx, n, 1), text, n);
}

/* Weights that several ops read are one layer, by the name of the first. */
static bool is_known(const weights_work *w, const char *constant)
{
    size_t i = 0;
    while (i < w->n_layers && strcmp(w->layer[i].constant, constant)) i++;
    return i < w->n_layers;
}

static int check_patterns(const weights_work *w, const xb_graph *g)
{
    int weights = w->edit->check_names(w->cx, g, "weights", &w->o->weights, true, NULL);
    return w->edit->check_names(w->cx, g, "layers", &w->o->layers, false, NULL) < 0 ? -1 : weights;
}

int xb_weights_look(weights_work *w, const xb_graph *g)
{
    size_t ops = 0;
    xb_matrix m;
    for (xb_op op = w->graph->first(g); op.id; op = w->graph->next(g, op)) ops++;
    w->layer = w->cx->host->alloc(w->cx, ops + 1, sizeof *w->layer);
    for (xb_op op = w->graph->first(g); op.id; op = w->graph->next(g, op)) {
        if (!w->graph->matrix(g, op, &m) || w->graph->type(g, m.weight)->dtype != XB_F32) continue;
        int64_t goal = goal_of(w, m.name);
        bool wanted =
            w->o->weights.n ? goal >= 0 : !w->o->layers.n || w->edit->which(&w->o->layers, false, m.name) >= 0;
        const char *constant = w->graph->value_name(g, m.weight);
        if (!wanted || is_known(w, constant)) continue;
        size_t n = count(w, g, m.weight);
        w->layer[w->n_layers++] = (weights_layer){copy_of(w, m.name), copy_of(w, constant), n, w->n, goal};
        w->n += n;
    }
    w->mask = w->cx->host->alloc(w->cx, w->n + 1, sizeof *w->mask);
    w->list = w->cx->host->alloc(w->cx, w->n + 1, sizeof *w->list);
    return check_patterns(w, g);
}

xb_value xb_weights_of(const weights_work *w, const xb_graph *g, const weights_layer *l)
{
    xb_matrix m;
    for (xb_op op = w->graph->first(g); op.id; op = w->graph->next(g, op))
        if (w->graph->matrix(g, op, &m) && !strcmp(w->graph->value_name(g, m.weight), l->constant)) return m.weight;
    return (xb_value){0};
}

void xb_weights_begin_mask(weights_work *w, const xb_graph *g)
{
    for (size_t k = 0; k < w->n_layers; k++) {
        const weights_layer *l = &w->layer[k];
        const xb_attr *note = w->graph->note(g, xb_weights_of(w, g, l), "mask");
        bool known = note && note->n == l->n;
        for (size_t i = 0; i < l->n; i++) w->mask[l->first + i] = !known || note->ints[i] != 0;
    }
}
