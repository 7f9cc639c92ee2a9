/* compact.c: units that no longer count are taken out of the network.
 *
 * A unit counts for nothing when all that makes it is zero weights and what its bias gives can be folded on exactly, or
 * when all that reads it does so with zero weights. A smaller matrix may be cut worse than the larger one, so each
 * removal is tried in a run of no steps, whose snapshot brings the network back when wires or arrays would become more.
 * Some units then stay to fill the last array; and the lines of the layers that changed are dealt out anew. */
#include "group-delete.h"
#include <string.h>

typedef struct compaction {
    gd_work *w;
    xb_trainer *t;
    int64_t wires, arrays;
    const xb_layout *plan;
} compaction;

typedef struct found {
    int64_t *unit;
    size_t n;
} found;

/* ---- does a unit count? ---- */

static bool is_plain(const gd_work *w, const xb_graph *g, xb_op op, xb_matrix *m)
{
    const char *type = w->graph->op_type(g, op);
    return strcmp(type, "ConvTranspose") != 0 && w->graph->matrix(g, op, m) && m->groups == 1 &&
           w->graph->type(g, m->weight)->dtype == XB_F32;
}

static bool column_is_zero(const gd_work *w, const xb_graph *g, const xb_matrix *m, int64_t col)
{
    const float *v = w->graph->data(g, m->weight);
    for (int64_t r = 0; r < m->rows; r++)
        if (v[r * m->row_stride + col * m->col_stride] != 0) return false;
    return true;
}

/* Rows that read one place of the input. */
static int64_t rows_each(const gd_work *w, const xb_graph *g, const xb_matrix *m)
{
    if (strcmp(w->graph->op_type(g, m->op), "Conv") != 0) return 1;
    return m->rows / w->graph->type(g, m->weight)->dim[1];
}

static bool counts(const gd_work *w, const xb_graph *g, xb_op op, int64_t unit)
{
    const xb_losing *list;
    const char *why;
    int n = w->edit->losses(w->cx, g, op, &unit, 1, &list, &why);
    bool silent = n > 0;
    for (int i = 0; i < n; i++) {
        xb_matrix m;
        if (!strcmp(w->graph->op_type(g, list[i].op), "BatchNormalization")) continue;
        if (!is_plain(w, g, list[i].op, &m)) return true;
        for (size_t k = 0; k < list[i].n_out; k++) silent = silent && column_is_zero(w, g, &m, list[i].out[k]);
    }
    return n < 1 || !w->edit->idle(w->cx, g, op, &unit, 1, silent);
}

static found idle_units(const compaction *c, xb_op op, const xb_matrix *m)
{
    const gd_work *w = c->w;
    const xb_graph *g = w->train->graph(c->t);
    found f = {.unit = w->cx->host->alloc(w->cx, (size_t)m->cols, sizeof *f.unit)};
    for (int64_t u = 0; u < m->cols; u++)
        if (!counts(w, g, op, u)) f.unit[f.n++] = u;
    return f;
}

/* Of the plan's matrices; their number: it is not there. */
static size_t matrix_of(const compaction *c, const char *name)
{
    const xb_matrix *m;
    size_t i = 0, n = c->w->layout->matrices(c->plan, &m);
    while (i < n && strcmp(m[i].name, name)) i++;
    return i;
}

/* All but the last ones, which fill the last array of what is left. */
static found but_fillers(const compaction *c, const char *name, const found *all, int64_t cols)
{
    const xb_layer_cost *cost;
    size_t i = matrix_of(c, name);
    found f = {.unit = all->unit};
    if (i == c->w->layout->layer_costs(c->plan, &cost)) return f;
    int64_t side = cost[i].tiling.cols, left = cols - (int64_t)all->n;
    int64_t gone = cols - (left + side - 1) / side * side;
    f.n = gone > 0 ? (size_t)gone : 0;
    return f;
}

/* Those of whole array columns of the matrix. */
static found whole_arrays(const compaction *c, const char *name, const found *all, int64_t cols)
{
    const gd_work *w = c->w;
    const xb_block *b;
    size_t matrix = matrix_of(c, name), blocks = w->layout->blocks(c->plan, &b);
    found f = {.unit = w->cx->host->alloc(w->cx, all->n + 1, sizeof *f.unit)};
    bool *idle = w->cx->host->alloc(w->cx, (size_t)cols, sizeof *idle);
    for (size_t k = 0; k < all->n; k++) idle[all->unit[k]] = true;
    for (size_t k = 0; k < blocks; k++) {
        if (b[k].matrix != matrix || b[k].row) continue;
        bool whole = true;
        for (int64_t j = 0; j < b[k].cols; j++) whole &= idle[b[k].col_list ? b[k].col_list[j] : b[k].col + j];
        for (int64_t j = 0; !whole && j < b[k].cols; j++) idle[b[k].col_list ? b[k].col_list[j] : b[k].col + j] = false;
    }
    for (int64_t u = 0; u < cols; u++)
        if (idle[u]) f.unit[f.n++] = u;
    return f;
}

/* ---- orders of rows and columns outlive a removal ---- */

typedef struct order {
    const char *op, *key;
    int64_t *at;
    size_t n;
} order;

static const char *copied(const gd_work *w, const char *text)
{
    size_t n = strlen(text) + 1;
    return memcpy(w->cx->host->alloc(w->cx, n, 1), text, n);
}

/* The note without the lines of places[0..n), each of which has `each` lines; numbered anew. */
static order order_left(const gd_work *w, const xb_graph *g, const xb_matrix *m, const char *key, const int64_t *places,
                        size_t n, int64_t each)
{
    const xb_attr *note = w->graph->note(g, m->weight, key);
    order o = {.op = copied(w, m->name), .key = key};
    if (!note || !note->n) return o;
    o.at = w->cx->host->alloc(w->cx, note->n, sizeof *o.at);
    for (size_t i = 0; i < note->n; i++) {
        int64_t place = note->ints[i] / each, below = 0;
        bool gone = false;
        for (size_t k = 0; k < n; k++) gone |= places[k] == place, below += places[k] < place;
        if (!gone) o.at[o.n++] = note->ints[i] - below * each;
    }
    return o;
}

/* Names of layers. */
typedef struct changed {
    const char **name;
    size_t n;
} changed;

static int remove_and_order(const compaction *c, const char *name, const found *f, changed *layers)
{
    gd_work *w = c->w;
    xb_graph *g = w->train->graph(c->t);
    const xb_losing *list;
    const char *why;
    int n = w->edit->losses(w->cx, g, w->graph->find_op(g, name), f->unit, f->n, &list, &why);
    if (n < 0) return 0;
    order *o = w->cx->host->alloc(w->cx, 2 * (size_t)n + 1, sizeof *o);
    size_t orders = 0;
    *layers = (changed){.name = w->cx->host->alloc(w->cx, (size_t)n + 1, sizeof *layers->name)};
    for (int i = 0; i < n; i++) {
        xb_matrix m;
        if (!is_plain(w, g, list[i].op, &m)) continue;
        layers->name[layers->n++] = copied(w, m.name);
        o[orders++] = order_left(w, g, &m, "perm-rows", list[i].in, list[i].n_in, rows_each(w, g, &m));
        o[orders++] = order_left(w, g, &m, "perm-cols", list[i].out, list[i].n_out, 1);
    }
    if (w->train->remove_units(c->t, w->graph->find_op(g, name), f->unit, f->n, true) < 0) return -1;
    for (size_t i = 0; i < orders; i++) {
        xb_matrix m;
        if (o[i].n && w->graph->matrix(g, w->graph->find_op(g, o[i].op), &m))
            w->graph->set_note(g, m.weight, o[i].key, o[i].at, o[i].n);
    }
    return w->graph->infer(w->cx, g) ? 1 : -1;
}

/* ---- tried ---- */

static bool look(compaction *c)
{
    c->plan = c->w->hw->plan(c->w->cx, c->w->train->graph(c->t), c->w->hw->of(c->w->cx));
    if (!c->plan) return false;
    c->wires = c->w->layout->chip_cost(c->plan)->wires;
    c->arrays = c->w->layout->chip_cost(c->plan)->arrays;
    return true;
}

static bool is_worse(const compaction *c, const compaction *than)
{
    return c->wires > than->wires || c->arrays > than->arrays;
}

/* 1: they are gone; 0: they are still there. */
static int attempt(compaction *c, const char *name, const found *f)
{
    compaction before = *c;
    changed layers = {0};
    gd_work *w = c->w;
    if (!f->n) return 0;
    int snapshot = w->train->snapshot(c->t), done = remove_and_order(c, name, f, &layers);
    if (done < 0 || (done && !look(c))) return -1;
    if (is_worse(c, &before) && w->o->permute &&
        (xb_gd_deal_anew(w, w->train->graph(c->t), c->plan, layers.name, layers.n) < 0 || !look(c)))
        return -1;
    bool worse = is_worse(c, &before);
    if (worse && w->train->rollback(c->t, snapshot) < 0) return -1;
    if (worse) *c = before;
    w->train->forget(c->t, snapshot);
    if (!done || worse) return 0;
    *(int64_t *)w->train->state(c->t) += (int64_t)f->n;
    return 1;
}

static int compact_op(compaction *c, const char *name)
{
    gd_work *w = c->w;
    const xb_graph *g = w->train->graph(c->t);
    xb_op op = w->graph->find_op(g, name);
    xb_matrix m;
    if (!op.id || !is_plain(w, g, op, &m)) return 0;
    found all = idle_units(c, op, &m);
    if (!all.n || all.n == (size_t)m.cols) return 0;
    int done = attempt(c, name, &all);
    found most = but_fillers(c, name, &all, m.cols);
    if (!done && most.n < all.n) done = attempt(c, name, &most);
    if (done) return done;
    found whole = whole_arrays(c, name, &all, m.cols);
    return whole.n < all.n ? attempt(c, name, &whole) : 0;
}

static int try_removals(xb_cx *cx, xb_trainer *t, void *context)
{
    compaction c = {.w = context, .t = t};
    const gd_work *w = c.w;
    const xb_graph *g = w->train->graph(t);
    if (!look(&c)) return -1;
    const xb_matrix *m;
    size_t n = w->layout->matrices(c.plan, &m);
    const char **name = cx->host->alloc(cx, n + 1, sizeof *name);
    for (size_t i = 0; i < n; i++) name[i] = copied(w, w->graph->op_name(g, m[i].op));
    for (size_t i = 0; i < n; i++)
        if (compact_op(&c, name[i]) < 0) return -1;
    return 0;
}

int xb_gd_compact(gd_work *w, xb_graph *g, int64_t *gone)
{
    xb_recipe none = w->o->tune;
    xb_train_hooks hooks = {
        .struct_size = sizeof hooks, .context = w, .state_size = sizeof *gone, .on_start = try_removals};
    xb_train_result r;
    none.steps = none.epochs = 0;
    none.distil.weight = 0;
    if (w->train->run(w->cx, g, &none, &hooks, &r) < 0) return -1;
    memcpy(gone, r.state, sizeof *gone);
    return 0;
}
