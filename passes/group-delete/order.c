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
    const double *energy; /* [n][units] */
    int64_t n, units, side;
    int64_t *at;
    double *sum; /* [arrays][units] */
    double work;
} deal;

static int64_t array_of(const deal *d, int64_t place)
{
    return place / d->side;
}

static void add_up(const deal *d)
{
    memset(d->sum, 0, (size_t)((d->n + d->side - 1) / d->side * d->units) * sizeof *d->sum);
    for (int64_t i = 0; i < d->n; i++)
        for (int64_t u = 0; u < d->units; u++)
            d->sum[array_of(d, i) * d->units + u] += d->energy[d->at[i] * d->units + u];
}

static double root(double x)
{
    return x > 0 ? sqrt(x) : 0;
}

static double total(const deal *d)
{
    double all = 0;
    add_up(d);
    for (int64_t i = 0; i < (d->n + d->side - 1) / d->side * d->units; i++) all += root(d->sum[i]);
    return all;
}

/* What the sum gains when places i and j are exchanged. */
static double gain(const deal *d, int64_t i, int64_t j)
{
    const double *a = d->sum + array_of(d, i) * d->units, *b = d->sum + array_of(d, j) * d->units;
    const double *x = d->energy + d->at[i] * d->units, *y = d->energy + d->at[j] * d->units;
    double change = 0;
    for (int64_t u = 0; u < d->units; u++) {
        double moved = y[u] - x[u];
        change += root(a[u] + moved) + root(b[u] - moved) - root(a[u]) - root(b[u]);
    }
    return change;
}

static void exchange(const deal *d, int64_t i, int64_t j)
{
    double *a = d->sum + array_of(d, i) * d->units, *b = d->sum + array_of(d, j) * d->units;
    const double *x = d->energy + d->at[i] * d->units, *y = d->energy + d->at[j] * d->units;
    for (int64_t u = 0; u < d->units; u++) {
        double moved = y[u] - x[u];
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
    for (int64_t i = 0; i < d->n && d->work < MOST_WORK; i++) {
        int64_t with = -1;
        double best = -least;
        for (int64_t j = (array_of(d, i) + 1) * d->side; j < d->n; j++) {
            double change = gain(d, i, j);
            if (change < best) best = change, with = j;
        }
        d->work += 4 * (double)d->units * (double)(d->n - i);
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
static void sorted(xb_cx *cx, const deal *d, bool units)
{
    ranked *r = cx->host->alloc(cx, (size_t)d->n, sizeof *r);
    for (int64_t i = 0; i < d->n; i++) {
        const double *e = d->energy + i * d->units;
        r[i].line = i;
        for (int64_t u = 0; u < d->units; u++) {
            r[i].energy += e[u];
            if (units && e[u] > e[r[i].unit]) r[i].unit = u;
        }
    }
    qsort(r, (size_t)d->n, sizeof *r, by_unit_and_energy);
    for (int64_t i = 0; i < d->n; i++) d->at[i] = r[i].line;
}

/* The best start into at[]. */
static void begin(xb_cx *cx, deal *d, int64_t *at)
{
    for (int64_t i = 0; i < d->n; i++) at[i] = i;
    d->at = at;
    double best = total(d);
    d->at = cx->host->alloc(cx, (size_t)d->n, sizeof *d->at);
    for (int units = 0; units < 2; units++) {
        sorted(cx, d, units);
        double sum = total(d);
        if (sum >= best) continue;
        best = sum;
        memcpy(at, d->at, (size_t)d->n * sizeof *at);
    }
    d->at = at;
}

/* Arrays hold sets: within each the lines stand as they came, so that an order that changes nothing is none. */
static int by_number(const void *x, const void *y)
{
    const int64_t *a = x, *b = y;
    return *a < *b ? -1 : *a > *b;
}

void xb_gd_order(xb_cx *cx, const double *energy, int64_t n, int64_t units, int64_t side, int64_t *at)
{
    deal d = {.energy = energy, .n = n, .units = units, .side = side};
    d.sum = cx->host->alloc(cx, (size_t)((n + side - 1) / side * units) + 1, sizeof *d.sum);
    begin(cx, &d, at);
    double least = 1e-9 * total(&d);
    while (d.work < MOST_WORK && sweep(&d, least) > 0) continue;
    for (int64_t i = 0; i < n; i += side) qsort(at + i, (size_t)(n - i < side ? n - i : side), sizeof *at, by_number);
}

/* ---- a matrix ---- */

/* Squares of the weights, line by line: rows, or columns. */
static double *energies(const gd_work *w, const xb_graph *g, const xb_matrix *m, bool columns)
{
    int64_t n = columns ? m->cols : m->rows, units = columns ? m->rows : m->cols;
    const float *v = w->graph->data(g, m->weight);
    double *e = w->cx->host->alloc(w->cx, (size_t)n * (size_t)units, sizeof *e);
    for (int64_t i = 0; i < n; i++)
        for (int64_t u = 0; u < units; u++) {
            double x = (double)
                v[i * (columns ? m->col_stride : m->row_stride) + u * (columns ? m->row_stride : m->col_stride)];
            e[i * units + u] = x * x;
        }
    return e;
}

static bool order_one(const gd_work *w, xb_graph *g, const xb_matrix *m, int64_t side, bool columns)
{
    const char *key = columns ? "perm-cols" : "perm-rows";
    int64_t n = columns ? m->cols : m->rows, moved = 0;
    const xb_attr *note = w->graph->note(g, m->weight, key);
    if (note && note->n) return false;
    int64_t *at = w->cx->host->alloc(w->cx, (size_t)n, sizeof *at);
    xb_gd_order(w->cx, energies(w, g, m, columns), n, columns ? m->rows : m->cols, side, at);
    for (int64_t i = 0; i < n; i++) moved += at[i] != i;
    if (moved) w->graph->set_note(g, m->weight, key, at, (size_t)n);
    return moved > 0;
}

bool xb_gd_permute(const gd_work *w, xb_graph *g)
{
    const xb_matrix *m;
    const xb_layer_cost *c;
    size_t n = w->layout->matrices(w->plan, &m);
    bool any = false;
    w->layout->layer_costs(w->plan, &c);
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < w->n_layers && strcmp(w->layer[k].name, c[i].name)) k++;
        if (k == w->n_layers || m[i].groups != 1) continue;
        if (c[i].tiling.grid_rows > 1) any |= order_one(w, g, &m[i], c[i].tiling.rows, false);
        if (c[i].tiling.grid_cols > 1) any |= order_one(w, g, &m[i], c[i].tiling.cols, true);
    }
    return any;
}
