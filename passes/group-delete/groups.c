/* groups.c: which groups a network has on the hardware, from the nets of its plan. */
#include "group-delete.h"
#include <math.h>

static const int64_t *steps(const gd_work *w, const int32_t *list, int64_t first, int64_t n, int64_t stride,
                            int64_t from)
{
    int64_t *at = w->cx->host->alloc(w->cx, (size_t)n, sizeof *at);
    for (int64_t i = 0; i < n; i++) at[i] = from + (list ? list[i] : first + i) * stride;
    return at;
}

static gd_band band_of(const gd_work *w, const xb_matrix *m, const xb_block *b, bool rows)
{
    int64_t from = b->group * m->group_stride;
    const int64_t *row = steps(w, b->row_list, b->row, b->rows, m->row_stride, rows ? from : 0);
    const int64_t *col = steps(w, b->col_list, b->col, b->cols, m->col_stride, rows ? 0 : from);
    return rows ? (gd_band){.rows = true, .lines = b->rows, .across = b->cols, .line_at = row, .across_at = col}
                : (gd_band){.lines = b->cols, .across = b->rows, .line_at = col, .across_at = row};
}

static const xb_block *block_of(const xb_array *a, const xb_block *list, const xb_net *n)
{
    for (uint32_t k = 0; k < a->blocks; k++) {
        const xb_block *b = &list[a->first_block + k];
        if (b->matrix == n->matrix && b->group == n->group && (n->row ? b->row : b->col) == n->index) return b;
    }
    return NULL;
}

/* ---- which layers ---- */

static const void *entry(const gd_work *w, const xb_list *map, const char *name)
{
    int at = w->edit->which(map, true, name);
    return at < 0 ? NULL : ((const xb_map_item *)map->data)[at].value;
}

/* A weight that two ops read is deleted once: by the first. */
static bool is_taken(const gd_work *w, xb_value weight)
{
    for (size_t i = 0; i < w->n_layers; i++)
        if (w->layer[i].weight.id == weight.id) return true;
    return false;
}

static bool is_wanted(const gd_work *w, const xb_graph *g, const xb_matrix *m, const xb_layer_cost *c)
{
    const xb_attr *frozen = w->graph->note(g, m->weight, "frozen");
    if (!c->row_wires_full && !c->col_wires_full) return false;
    if (w->graph->type(g, m->weight)->dtype != XB_F32 || is_taken(w, m->weight)) return false;
    if (frozen && (!frozen->n || frozen->ints[0])) return false;
    return !w->o->layers.n || w->edit->which(&w->o->layers, false, c->name) >= 0;
}

/* ---- bands ---- */

static size_t count_bands(const xb_net *net, size_t n)
{
    size_t bands = 0;
    for (size_t i = 0; i < n; i++) bands += net[i].arrays;
    return bands;
}

static void add_bands(gd_work *w, const xb_layout *l, const xb_net *net)
{
    const xb_array *array;
    const xb_block *block;
    const xb_matrix *m;
    w->layout->arrays(l, &array);
    w->layout->blocks(l, &block);
    w->layout->matrices(l, &m);
    for (uint32_t k = 0; k < net->arrays; k++) {
        const xb_block *b = block_of(&array[net->first_array + k * net->stride], block, net);
        if (!b) continue;
        gd_band band = band_of(w, &m[net->matrix], b, net->row);
        band.layer = w->n_layers;
        band.block = (size_t)(b - block);
        band.twin = GD_NONE;
        band.first = w->n_groups;
        w->n_groups += (size_t)band.lines;
        w->band[w->n_bands++] = band;
    }
}

static void find_twins(const gd_work *w, size_t blocks)
{
    size_t *band_of = w->cx->host->alloc(w->cx, blocks + 1, sizeof *band_of); /* the first of each block */
    for (size_t i = 0; i < blocks; i++) band_of[i] = GD_NONE;
    for (size_t k = 0; k < w->n_bands; k++) {
        size_t *known = &band_of[w->band[k].block];
        if (*known == GD_NONE) {
            *known = k;
            continue;
        }
        w->band[k].twin = *known;
        w->band[*known].twin = k;
    }
}

static void add_layer(gd_work *w, const xb_graph *g, const xb_layout *l, uint32_t matrix)
{
    const xb_matrix *m;
    const xb_layer_cost *c;
    const xb_net *net;
    size_t n = w->layout->nets(l, &net);
    w->layout->matrices(l, &m);
    w->layout->layer_costs(l, &c);
    const int64_t *keep = entry(w, &w->o->keep, c[matrix].name);
    const double *factor = entry(w, &w->o->factors, c[matrix].name);
    gd_layer *y = &w->layer[w->n_layers];
    *y = (gd_layer){.name = c[matrix].name, .weight = m[matrix].weight, .band = w->n_bands, .group = w->n_groups};
    const xb_type *type = w->graph->type(g, y->weight);
    y->n = 1;
    for (int i = 0; i < type->rank; i++) y->n *= (size_t)type->dim[i];
    y->keep = keep ? *keep : -1;
    y->factor = factor ? *factor : 1;
    for (size_t i = 0; i < n; i++)
        if (net[i].matrix == matrix) add_bands(w, l, &net[i]);
    y->bands = w->n_bands - y->band;
    y->groups = w->n_groups - y->group;
    y->full = (int64_t)y->groups;
    w->n_layers++;
    y->before = xb_gd_wires(w, y, w->graph->data(g, y->weight));
}

static gd_choice choice_of(const gd_work *w)
{
    const xb_host *host = w->cx->host;
    size_t groups = w->n_groups + 1, layers = w->n_layers + 1;
    return (gd_choice){.energy = host->alloc(w->cx, groups, sizeof(double)),
                       .live = host->alloc(w->cx, groups, sizeof(int64_t)),
                       .heap = host->alloc(w->cx, groups, sizeof(size_t)),
                       .place = host->alloc(w->cx, groups, sizeof(size_t)),
                       .left = host->alloc(w->cx, layers, sizeof(int64_t)),
                       .all = host->alloc(w->cx, layers, sizeof(double))};
}

int xb_gd_find(gd_work *w, const xb_graph *g)
{
    const xb_matrix *m;
    const xb_layer_cost *c;
    const xb_net *net;
    const xb_block *block;
    xb_layout *l = w->hw->plan(w->cx, g, w->hw->of(w->cx));
    if (!l) return -1;
    w->plan = l;
    size_t n = w->layout->matrices(l, &m), nets = w->layout->nets(l, &net);
    w->layout->layer_costs(l, &c);
    w->n_layers = w->n_bands = w->n_groups = 0;
    w->layer = w->cx->host->alloc(w->cx, n + 1, sizeof *w->layer);
    w->band = w->cx->host->alloc(w->cx, count_bands(net, nets) + 1, sizeof *w->band);
    for (size_t i = 0; i < n; i++)
        if (is_wanted(w, g, &m[i], &c[i])) add_layer(w, g, l, (uint32_t)i);
    find_twins(w, w->layout->blocks(l, &block));
    w->choice = choice_of(w);
    w->spared = w->cx->host->alloc(w->cx, w->n_groups + 1, sizeof *w->spared);
    return 0;
}

int xb_gd_bind(gd_work *w, const xb_graph *g)
{
    for (size_t i = 0; i < w->n_layers; i++) {
        gd_layer *l = &w->layer[i];
        xb_matrix m;
        xb_op op = w->graph->find_op(g, l->name);
        if (!op.id || !w->graph->matrix(g, op, &m)) {
            w->cx->host->diagnose(w->cx, XB_ERROR, "group-delete", NULL, "layer '%s' is gone", l->name);
            return -1;
        }
        l->weight = m.weight;
    }
    return 0;
}

/* ---- what the options mean ---- */

/* Names of none are refused; layers without wires to delete are told. */
static bool check_names(const gd_work *w, const xb_graph *g, const char *option, const xb_list *patterns, bool map)
{
    if (w->edit->check_names(w->cx, g, option, patterns, map, NULL) < 0) return false;
    for (size_t i = 0; i < patterns->n; i++) {
        const char *pattern =
            map ? ((const xb_map_item *)patterns->data)[i].key : ((const char *const *)patterns->data)[i];
        xb_list one = {.data = &pattern, .n = 1};
        size_t k = 0;
        while (k < w->n_layers && w->edit->which(&one, false, w->layer[k].name) < 0) k++;
        if (k < w->n_layers) continue;
        w->journal->warn(w->cx, w->module, "group-delete-layers", "'%s: %s' means no layer that has wires to delete",
                         option, pattern);
    }
    return true;
}

bool xb_gd_check_names(const gd_work *w, const xb_graph *g)
{
    const gd_options *o = w->o;
    bool ok = check_names(w, g, "layers", &o->layers, false);
    ok &= check_names(w, g, "factors", &o->factors, true);
    return check_names(w, g, "keep", &o->keep, true) && ok;
}

/* Wires that the exact mode cannot take: 1, or 2 where every weight is in two groups. */
static int64_t least_of(const gd_work *w, const gd_layer *l)
{
    bool alone = false;
    for (size_t k = l->band; k < l->band + l->bands; k++) alone |= w->band[k].twin == GD_NONE;
    return alone ? 1 : 2;
}

bool xb_gd_check_budget(const gd_work *w)
{
    int64_t sum = 0;
    for (size_t i = 0; i < w->n_layers; i++) {
        const gd_layer *l = &w->layer[i];
        int64_t least = least_of(w, l);
        sum += l->keep < 0 ? least : l->keep < l->full ? l->keep : l->full;
        if (l->keep < 0 || l->keep >= least) continue;
        w->cx->host->diagnose(w->cx, XB_ERROR, "group-delete-keep", NULL,
                              "keep: '%s' cannot have fewer than %lld wires: every weight is behind so many", l->name,
                              (long long)least);
        return false;
    }
    if (!w->o->total || sum <= w->o->total) return true;
    w->cx->host->diagnose(w->cx, XB_ERROR, "group-delete-keep", NULL,
                          "keep-total: %lld wires are too few: %zu layers need %lld", (long long)w->o->total,
                          w->n_layers, (long long)sum);
    return false;
}

/* ---- norms ---- */

double xb_gd_norm(const gd_band *b, const float *v, int64_t line)
{
    double sum = 0;
    for (int64_t j = 0; j < b->across; j++) {
        double x = (double)v[b->line_at[line] + b->across_at[j]];
        sum += x * x;
    }
    return sqrt(sum);
}

/* Not by the norm: the square of a small number may be 0. */
static bool is_zero(const gd_band *b, const float *v, int64_t line)
{
    for (int64_t j = 0; j < b->across; j++)
        if (v[b->line_at[line] + b->across_at[j]] != 0) return false;
    return true;
}

int64_t xb_gd_wires(const gd_work *w, const gd_layer *l, const float *v)
{
    int64_t wires = 0;
    for (size_t k = l->band; k < l->band + l->bands; k++)
        for (int64_t i = 0; i < w->band[k].lines; i++) wires += !is_zero(&w->band[k], v, i);
    return wires;
}
