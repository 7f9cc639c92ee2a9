/* layers.c: which layers may be split, and what they cost. */
#include "rank-clip.h"
#include <stdio.h>
#include <string.h>

int64_t xb_rank_break_even(int64_t n, int64_t m)
{
    return (n * m - 1) / (n + m);
}

int64_t xb_rank_cells(int64_t n, int64_t m, int64_t k)
{
    return k * (n + m) < n * m ? k * (n + m) : n * m;
}

int64_t xb_rank_all_cells(const rank_work *w)
{
    int64_t cells = w->other;
    for (size_t i = 0; i < w->n; i++) cells += xb_rank_cells(w->layer[i].rows, w->layer[i].cols, w->layer[i].now.k);
    return cells;
}

/* ---- the classifier ---- */

typedef struct reach {
    xb_op *op;
    size_t n;
    bool *leads; /* by value id: a synaptic op is reached from it */
} reach;

static size_t largest_id(const xb_value *list, size_t n, size_t so_far)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].id > so_far) so_far = list[i].id;
    return so_far;
}

static bool any_leads(const reach *r, const xb_value *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].id && r->leads[list[i].id]) return true;
    return false;
}

static reach reach_of(const rank_work *w, const xb_graph *g)
{
    reach r = {0};
    const xb_value *list;
    xb_matrix m;
    size_t top = 0, n = 0;
    for (xb_op op = w->graph->first(g); op.id; op = w->graph->next(g, op), r.n++) {
        n = w->graph->op_inputs(g, op, &list);
        top = largest_id(list, n, top);
        n = w->graph->op_outputs(g, op, &list);
        top = largest_id(list, n, top);
    }
    r.op = w->cx->host->alloc(w->cx, r.n + 1, sizeof *r.op);
    r.leads = w->cx->host->alloc(w->cx, top + 1, sizeof *r.leads);
    n = 0;
    for (xb_op op = w->graph->first(g); op.id; op = w->graph->next(g, op)) r.op[n++] = op;
    for (size_t i = r.n; i-- > 0;) {
        size_t outs = w->graph->op_outputs(g, r.op[i], &list);
        bool leads = w->graph->matrix(g, r.op[i], &m) || any_leads(&r, list, outs);
        size_t ins = w->graph->op_inputs(g, r.op[i], &list);
        for (size_t k = 0; leads && k < ins; k++) r.leads[list[k].id] = true;
    }
    return r;
}

/* No synaptic op behind it. */
static bool is_classifier(const rank_work *w, const xb_graph *g, const reach *r, xb_op op)
{
    const xb_value *list;
    size_t n = w->graph->op_outputs(g, op, &list);
    return !any_leads(r, list, n);
}

/* ---- what the options mean ---- */

/* 0: none is given. */
static int64_t fixed_rank(const rank_work *w, const char *name)
{
    int i = w->edit->which(&w->o->ranks, true, name);
    return i < 0 ? 0 : *(const int64_t *)((const xb_map_item *)w->o->ranks.data)[i].value;
}

/* Without `layers`: those that `ranks` names; without both: all. */
static bool asked_for(const rank_work *w, const char *name)
{
    if (w->o->layers.n) return w->edit->which(&w->o->layers, false, name) >= 0;
    return !w->o->ranks.n || fixed_rank(w, name);
}

/* A pattern is its very name. */
static bool by_name(const rank_work *w, const char *name)
{
    const char *const *pattern = w->o->layers.data;
    const xb_map_item *item = w->o->ranks.data;
    for (size_t i = 0; i < w->o->layers.n; i++)
        if (!strcmp(pattern[i], name)) return true;
    for (size_t i = 0; i < w->o->ranks.n; i++)
        if (!strcmp(item[i].key, name)) return true;
    return false;
}

/* ---- the choice ---- */

static bool has_mask(const rank_work *w, const xb_graph *g, xb_value weight)
{
    const xb_attr *mask = w->graph->note(g, weight, "mask");
    for (size_t i = 0; mask && i < mask->n; i++)
        if (!mask->ints[i]) return true;
    return false;
}

/* For good, or by the recipe. */
static bool is_frozen(const rank_work *w, const xb_graph *g, xb_value weight)
{
    const xb_attr *note = w->graph->note(g, weight, "frozen");
    const xb_list *rules = &w->o->train.params;
    int i = w->edit->which(rules, true, w->graph->value_name(g, weight));
    return (note && (!note->n || note->ints[0])) ||
           (i >= 0 && ((const xb_param_rule *)((const xb_map_item *)rules->data)[i].value)->frozen);
}

/* Why the layer stays as it is; NULL: it need not. */
static const char *unfit(const rank_work *w, const xb_graph *g, const reach *r, const xb_matrix *m)
{
    int64_t most = xb_rank_break_even(m->rows, m->cols), fixed = fixed_rank(w, m->name);
    if (w->graph->type(g, m->weight)->dtype != XB_F32) return "not float32";
    if (m->groups != 1) return "it has groups";
    if (m->rows == 1 || m->cols == 1) return "a vector";
    if (most < 1) return "no rank pays";
    if (fixed > most) return "its rank does not pay";
    if (m->rows > XB_LINALG_SIDE && m->cols > XB_LINALG_SIDE) return "it is too large";
    if (has_mask(w, g, m->weight)) return "it has a mask";
    if (is_frozen(w, g, m->weight)) return "it is frozen";
    if (w->graph->users(g, m->weight) > 1) return "others share its weights";
    if (strlen(m->name) > RANK_NAME - 32) return "its name is too long";
    return is_classifier(w, g, r, m->op) && !by_name(w, m->name) ? "the classifier" : NULL;
}

static rank_layer layer_of(const rank_work *w, const xb_matrix *m)
{
    int64_t full = m->rows < m->cols ? m->rows : m->cols;
    char *name = w->cx->host->alloc(w->cx, RANK_NAME, 1); /* the op goes when it is split */
    snprintf(name, RANK_NAME, "%s", m->name);
    return (rank_layer){.name = name,
                        .rows = m->rows,
                        .cols = m->cols,
                        .full = full,
                        .fixed = fixed_rank(w, m->name),
                        .sensitivity = 1,
                        .energy = w->cx->host->alloc(w->cx, (size_t)full, sizeof(double)),
                        .now = {.k = full}};
}

static void append(char *text, size_t size, const char *name, const char *why)
{
    size_t n = strlen(text);
    if (n + strlen(name) + strlen(why) + 8 < size)
        snprintf(text + n, size - n, "%s%s (%s)", n ? ", " : "", name, why);
    else if (n + 5 < size && strcmp(text + n - 3, "..."))
        strcat(text, ", ...");
}

static void list_layers(rank_work *w, const xb_graph *g, const reach *r)
{
    char left[1024] = "";
    w->layer = w->cx->host->alloc(w->cx, r->n + 1, sizeof *w->layer);
    for (size_t i = 0; i < r->n; i++) {
        xb_matrix m;
        if (!w->graph->matrix(g, r->op[i], &m)) continue;
        const char *why = asked_for(w, m.name) ? unfit(w, g, r, &m) : "";
        if (!why) {
            w->layer[w->n++] = layer_of(w, &m);
            continue;
        }
        w->other += m.groups * m.rows * m.cols;
        if (*why) append(left, sizeof left, m.name, why);
    }
    if (*left) w->cx->host->diagnose(w->cx, XB_NOTE, "rank-clip", NULL, "left as they are: %s", left);
}

int xb_rank_layers(rank_work *w, const xb_graph *g)
{
    const xb_list *layers = &w->o->layers, *ranks = &w->o->ranks;
    if (w->edit->check_names(w->cx, g, "layers", layers, false, NULL) < 0) return -1;
    if (w->edit->check_names(w->cx, g, "ranks", ranks, true, layers) < 0) return -1;
    reach r = reach_of(w, g);
    list_layers(w, g, &r);
    w->dense = w->graph->cells(g);
    int64_t least = w->other;
    for (size_t i = 0; i < w->n; i++)
        least += xb_rank_cells(w->layer[i].rows, w->layer[i].cols, w->layer[i].fixed ? w->layer[i].fixed : 1);
    if (!(w->o->budget > 0) || (double)least <= w->o->budget * (double)w->dense) return 0;
    w->cx->host->diagnose(w->cx, XB_ERROR, "rank-clip", NULL,
                          "the budget of %g cannot be met: with rank 1 a layer %lld of %lld cells are left",
                          w->o->budget, (long long)least, (long long)w->dense);
    return -1;
}
