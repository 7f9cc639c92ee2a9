/* order.c: which rows (columns) share an array.
 *
 * Rows are dealt out so that the sum of the norms of all groups is small: the energy of an array then sits in few of
 * its columns, and the penalty, which is that sum, has less to delete. From the best of three starts (as they are; by
 * energy; by largest column, then energy) two rows of different arrays are exchanged while that lowers the sum. */
#include "group-delete.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double MOST_WORK = 4e8; /* square roots: a few seconds */

typedef struct deal {
    xb_cx *cx;
    const gd_lines *l;
    int64_t *at;
    double *sum; /* [arrays][units] */
    double work;
} deal;

static int64_t array_of(const deal *d, int64_t place)
{
    return place / d->l->side;
}

static int64_t sums(const deal *d)
{
    return (d->l->n + d->l->side - 1) / d->l->side * d->l->units;
}

/* Weights are read where they stand: squares of a large matrix would take as much again as training does. */
static double energy(const gd_lines *l, int64_t line, int64_t unit)
{
    double x = (double)l->v[line * l->line + unit * l->unit];
    return l->support ? x != 0 : x * x;
}

static void add_up(const deal *d)
{
    const gd_lines *l = d->l;
    memset(d->sum, 0, (size_t)sums(d) * sizeof *d->sum);
    for (int64_t i = 0; i < l->n; i++)
        for (int64_t u = 0; u < l->units; u++) d->sum[array_of(d, i) * l->units + u] += energy(l, d->at[i], u);
}

static double root(double x)
{
    return x > 0 ? sqrt(x) : 0;
}

static double total(const deal *d)
{
    double all = 0;
    add_up(d);
    for (int64_t i = 0; i < sums(d); i++) all += root(d->sum[i]);
    return all;
}

/* What the sum gains when places i and j are exchanged. */
static double gain(const deal *d, int64_t i, int64_t j)
{
    const gd_lines *l = d->l;
    const double *a = d->sum + array_of(d, i) * l->units, *b = d->sum + array_of(d, j) * l->units;
    double change = 0;
    for (int64_t u = 0; u < l->units; u++) {
        double moved = energy(l, d->at[j], u) - energy(l, d->at[i], u);
        change += root(a[u] + moved) + root(b[u] - moved) - root(a[u]) - root(b[u]);
    }
    return change;
}

static void exchange(const deal *d, int64_t i, int64_t j)
{
    const gd_lines *l = d->l;
    double *a = d->sum + array_of(d, i) * l->units, *b = d->sum + array_of(d, j) * l->units;
    for (int64_t u = 0; u < l->units; u++) {
        double moved = energy(l, d->at[j], u) - energy(l, d->at[i], u);
        a[u] += moved, b[u] -= moved;
    }
    int64_t line = d->at[i];
    d->at[i] = d->at[j];
    d->at[j] = line;
}

/* The best partner of every place in turn. How many exchanges were made. */
static int64_t sweep(deal *d, double least)
{
    int64_t made = 0;
    for (int64_t i = 0; i < d->l->n && d->work < MOST_WORK && !d->cx->host->cancelled(d->cx); i++) {
        int64_t with = -1;
        double best = -least;
        for (int64_t j = (array_of(d, i) + 1) * d->l->side; j < d->l->n; j++) {
            double change = gain(d, i, j);
            if (change < best) best = change, with = j;
        }
        d->work += 4 * (double)d->l->units * (double)(d->l->n - i);
        if (with < 0) continue;
        exchange(d, i, with);
        made++;
    }
    add_up(d); /* rounding does not pile up */
    return made;
}

typedef struct ranked {
    double energy;
    int64_t unit, line;
} ranked;

static int by_unit_and_energy(const void *x, const void *y)
{
    const ranked *a = x, *b = y;
    if (a->unit != b->unit) return a->unit < b->unit ? -1 : 1;
    if (a->energy != b->energy) return a->energy > b->energy ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

/* Lines by energy, or first by the unit that has most of it. */
static void sorted(const deal *d, bool units)
{
    const gd_lines *l = d->l;
    ranked *r = d->cx->host->alloc(d->cx, (size_t)l->n, sizeof *r);
    for (int64_t i = 0; i < l->n; i++) {
        double most = l->units ? energy(l, i, 0) : 0;
        r[i].line = i;
        for (int64_t u = 0; u < l->units; u++) {
            double e = energy(l, i, u);
            r[i].energy += e;
            if (units && e > most) most = e, r[i].unit = u;
        }
    }
    qsort(r, (size_t)l->n, sizeof *r, by_unit_and_energy);
    for (int64_t i = 0; i < l->n; i++) d->at[i] = r[i].line;
}

/* The best start into at[], whose own order is one. */
static void begin(deal *d, int64_t *at)
{
    size_t n = (size_t)d->l->n;
    d->at = at;
    double best = total(d);
    d->at = d->cx->host->alloc(d->cx, n, sizeof *d->at);
    for (int units = 0; units < 2; units++) {
        sorted(d, units);
        double sum = total(d);
        if (sum >= best) continue;
        best = sum;
        memcpy(at, d->at, n * sizeof *at);
    }
    d->at = at;
}

/* Arrays hold sets: within each the lines stand as they came, so that an order that changes nothing is none. */
static int by_number(const void *x, const void *y)
{
    const int64_t *a = x, *b = y;
    return *a < *b ? -1 : *a > *b;
}

bool xb_gd_order(xb_cx *cx, const gd_lines *lines, int64_t *at)
{
    int64_t n = lines->n, side = lines->side;
    deal d = {.cx = cx, .l = lines};
    d.sum = cx->host->alloc(cx, (size_t)sums(&d) + 1, sizeof *d.sum);
    begin(&d, at);
    double least = 1e-9 * total(&d);
    while (d.work < MOST_WORK && sweep(&d, least) > 0) continue;
    for (int64_t i = 0; i < n; i += side) qsort(at + i, (size_t)(n - i < side ? n - i : side), sizeof *at, by_number);
    return !cx->host->cancelled(cx);
}

/* ---- a matrix ---- */

static gd_lines lines_of(const gd_work *w, const xb_graph *g, const xb_matrix *m, int64_t side, bool columns)
{
    const float *v = w->graph->data(g, m->weight);
    return columns ? (gd_lines){v, m->cols, m->rows, side, m->col_stride, m->row_stride, false}
                   : (gd_lines){v, m->rows, m->cols, side, m->row_stride, m->col_stride, false};
}

/* 1: another order than before; 0: the same. */
static int order_one(const gd_work *w, xb_graph *g, const xb_matrix *m, int64_t side, bool columns, bool anew)
{
    const char *key = columns ? "perm-cols" : "perm-rows";
    const xb_attr *note = w->graph->note(g, m->weight, key);
    gd_lines lines = lines_of(w, g, m, side, columns);
    size_t n = (size_t)lines.n, bytes = n * sizeof(int64_t);
    bool known = note && note->n == n;
    if (note && note->n && !anew) return 0;
    lines.support = anew;
    int64_t *was = w->cx->host->alloc(w->cx, n + 1, sizeof *was), *at = w->cx->host->alloc(w->cx, n + 1, sizeof *at);
    for (size_t i = 0; i < n; i++) was[i] = known ? note->ints[i] : (int64_t)i;
    memcpy(at, was, bytes);
    if (!xb_gd_order(w->cx, &lines, at)) return -1;
    if (!memcmp(at, was, bytes)) return 0;
    w->graph->set_note(g, m->weight, key, at, n);
    return 1;
}

static int order_both(const gd_work *w, xb_graph *g, const xb_matrix *m, const xb_tiling *t, bool anew)
{
    int rows = 0, cols = 0;
    if (m->groups != 1 || w->graph->type(g, m->weight)->dtype != XB_F32) return 0;
    if (t->grid_rows > 1) rows = order_one(w, g, m, t->rows, false, anew);
    if (rows >= 0 && t->grid_cols > 1) cols = order_one(w, g, m, t->cols, true, anew);
    return rows < 0 || cols < 0 ? -1 : rows || cols;
}

int xb_gd_permute(const gd_work *w, xb_graph *g)
{
    const xb_matrix *m;
    const xb_layer_cost *c;
    size_t n = w->layout->matrices(w->plan, &m);
    int any = 0;
    w->layout->layer_costs(w->plan, &c);
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < w->n_layers && strcmp(w->layer[k].name, c[i].name)) k++;
        if (k == w->n_layers) continue;
        int one = order_both(w, g, &m[i], &c[i].tiling, false);
        if (one < 0) return -1;
        any |= one;
    }
    return any;
}

int xb_gd_deal_anew(const gd_work *w, xb_graph *g, const xb_layout *plan, const char *const *names, size_t n)
{
    const xb_matrix *m;
    const xb_layer_cost *c;
    size_t matrices = w->layout->matrices(plan, &m);
    w->layout->layer_costs(plan, &c);
    for (size_t i = 0; i < matrices; i++)
        for (size_t k = 0; k < n; k++)
            if (!strcmp(c[i].name, names[k]) && order_both(w, g, &m[i], &c[i].tiling, true) < 0) return -1;
    return 0;
}
