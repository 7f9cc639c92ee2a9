/* direct.c: without training: layers are split at the ranks that were chosen (direct low-rank approximation), and what
 * one layer's loss of energy does to the hold-out is measured. */
#include "rank-clip.h"
#include <string.h>

/* ---- a layer seen through fewer directions ---- */

typedef struct disguise {
    float *kept; /* the weights as they are */
    size_t n;
} disguise;

static float *weight_of(const rank_work *w, xb_graph *g, const rank_layer *l, xb_matrix *m)
{
    xb_op op = w->graph->find_op(g, l->name);
    return op.id && w->graph->matrix(g, op, m) ? w->graph->write(g, m->weight) : NULL;
}

/* The weights of the layer become U V of rank r; what they were is kept. */
static int put_on(rank_work *w, xb_graph *g, const rank_layer *l, int64_t r, disguise *d)
{
    rank_split s;
    xb_matrix m;
    if (xb_rank_split_op(w, g, w->graph->find_op(g, l->name), &s) < 0) return -1;
    float *data = weight_of(w, g, l, &m);
    d->n = (size_t)(l->rows * l->cols);
    if (!d->kept) d->kept = w->cx->host->alloc(w->cx, d->n, sizeof *d->kept);
    memcpy(d->kept, data, d->n * sizeof *data);
    for (int64_t i = 0; i < l->rows; i++)
        for (int64_t j = 0; j < l->cols; j++) {
            double sum = 0;
            for (int64_t k = 0; k < r; k++) sum += s.u[i * s.k + k] * s.v[k * s.m + j];
            data[i * m.row_stride + j * m.col_stride] = (float)sum;
        }
    return 0;
}

static void take_off(const rank_work *w, xb_graph *g, const rank_layer *l, const disguise *d)
{
    xb_matrix m;
    float *data = weight_of(w, g, l, &m);
    memcpy(data, d->kept, d->n * sizeof *data);
}

static int spectra(rank_work *w, const xb_graph *g)
{
    for (size_t i = 0; i < w->n; i++) {
        rank_split s;
        if (w->cx->host->cancelled(w->cx)) return -1;
        if (xb_rank_split_op(w, g, w->graph->find_op(g, w->layer[i].name), &s) < 0) return -1;
        memcpy(w->layer[i].energy, s.energy, (size_t)s.k * sizeof *s.energy);
    }
    return 0;
}

/* ---- sensitivity: loss on the hold-out for the energy that one layer loses ---- */

#define PROBE 0.1 /* part of a layer's energy that a probe takes, about */

static int probe(rank_work *w, xb_graph *g, rank_layer *l, double loss)
{
    int64_t r = xb_rank_for(RANK_PCA, l->energy, l->full, PROBE);
    disguise d = {0};
    xb_measure m;
    if (r == l->full && r > 1) r--;
    double lost = xb_rank_lost(l->energy, l->full, r);
    if (put_on(w, g, l, r, &d) < 0 || w->train->measure(w->cx, g, &m) < 0) return -1;
    take_off(w, g, l, &d);
    l->sensitivity = lost > 0 && m.loss > loss ? (m.loss - loss) / lost : 0;
    return 0;
}

int xb_rank_probe(rank_work *w, xb_graph *g)
{
    xb_measure m;
    double most = 0;
    if (spectra(w, g) < 0 || w->train->measure(w->cx, g, &m) < 0) return -1;
    w->probed = true;
    for (size_t i = 0; i < w->n; i++) {
        if (w->layer[i].fixed) continue;
        if (probe(w, g, &w->layer[i], m.loss) < 0) return -1;
        if (w->layer[i].sensitivity > most) most = w->layer[i].sensitivity;
    }
    for (size_t i = 0; i < w->n; i++) /* nothing is free: a hundredth of the most sensitive, at least */
        if (w->layer[i].sensitivity < most / 100 || !(most > 0)) w->layer[i].sensitivity = most > 0 ? most / 100 : 1;
    return 0;
}

/* ---- the gate ---- */

/* Of the layers that are to be split the one that loses most; n: there is none. */
static size_t worst_of(const rank_work *w, const int64_t *k)
{
    size_t worst = w->n;
    double most = -1;
    for (size_t i = 0; i < w->n; i++) {
        double lost = xb_rank_lost(w->layer[i].energy, w->layer[i].full, k[i]);
        if (k[i] == w->layer[i].full || lost <= most) continue;
        worst = i;
        most = lost;
    }
    return worst;
}

static void spare(rank_work *w, const rank_layer *l, double top1)
{
    w->end.undone++;
    w->cx->host->diagnose(w->cx, XB_NOTE, "rank-clip", NULL,
                          "the hold-out's top-1 is %.2f %%, below the gate's %.2f %%: '%s' stays dense", 100 * top1,
                          100 * w->end.aim.least, l->name);
}

/* Takes layers out of the choice until the rest meets the target; the graph is as it was afterwards. */
static int sift(rank_work *w, xb_graph *g, int64_t *k)
{
    disguise *d = w->cx->host->alloc(w->cx, w->n, sizeof *d);
    xb_measure m;
    for (size_t i = 0; i < w->n; i++)
        if (k[i] < w->layer[i].full && put_on(w, g, &w->layer[i], k[i], &d[i]) < 0) return -1;
    for (size_t worst; (worst = worst_of(w, k)) < w->n;) {
        if (w->train->measure(w->cx, g, &m) < 0) return -1;
        if (m.top1 >= w->end.aim.least) break;
        spare(w, &w->layer[worst], m.top1);
        w->layer[worst].now.frozen = 1;
        k[worst] = w->layer[worst].full;
        take_off(w, g, &w->layer[worst], &d[worst]);
    }
    for (size_t i = 0; i < w->n; i++)
        if (k[i] < w->layer[i].full) take_off(w, g, &w->layer[i], &d[i]);
    w->end.gave_up = w->end.undone && worst_of(w, k) == w->n;
    return 0;
}

/* ---- the splits ---- */

static int divide(rank_work *w, xb_graph *g, rank_layer *l, int64_t r)
{
    rank_split s;
    float *u, *v;
    xb_op op = w->graph->find_op(g, l->name);
    if (xb_rank_split_op(w, g, op, &s) < 0) return -1;
    xb_rank_cut(w, &s, r, &u, &v);
    if (w->edit->factor(w->cx, g, op, u, v, r, NULL, NULL) < 0) return -1;
    l->now.k = r;
    l->now.lost = xb_rank_lost(l->energy, l->full, r);
    l->now.split = 1;
    w->end.clips++;
    return 0;
}

int xb_rank_direct(rank_work *w, xb_graph *g)
{
    int64_t *k = w->cx->host->alloc(w->cx, w->n, sizeof *k);
    if (spectra(w, g) < 0) return -1;
    xb_rank_choose(w, w->o->budget * (double)w->dense, k);
    for (size_t i = 0; i < w->n; i++)
        if (k[i] > xb_rank_break_even(w->layer[i].rows, w->layer[i].cols)) k[i] = w->layer[i].full;
    if (w->train->aim(w->cx, g, &w->o->gate, &w->end.aim) < 0) return -1;
    if (xb_is_gated(&w->o->gate) && sift(w, g, k) < 0) return -1;
    for (size_t i = 0; i < w->n; i++)
        if (k[i] < w->layer[i].full && divide(w, g, &w->layer[i], k[i]) < 0) return -1;
    return w->graph->infer(w->cx, g) ? 0 : -1;
}
