/* clip.c: clipping while training (Group Scissor, algorithm 2): a full-rank start, which is exact; every `interval`
 * steps each layer's directions anew and the weakest off; then training goes on with the ranks it has.
 *
 * A clip is merge + factor, so that the optimiser begins anew in the layers that were clipped, as published. Layers
 * that do not pay in the end become one op again. */
#include "rank-clip.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the state: head, tracks, points ---- */

rank_head *xb_rank_head(const rank_work *w, xb_trainer *t)
{
    return w->train->state(t);
}

void xb_rank_load(rank_work *w, xb_trainer *t)
{
    const rank_track *track = (const rank_track *)(xb_rank_head(w, t) + 1);
    for (size_t i = 0; i < w->n; i++) w->layer[i].now = track[i];
}

void xb_rank_store(const rank_work *w, xb_trainer *t)
{
    rank_track *track = (rank_track *)(xb_rank_head(w, t) + 1);
    for (size_t i = 0; i < w->n; i++) track[i] = w->layer[i].now;
}

/* ---- one layer ---- */

static int keep_names(rank_work *w, xb_trainer *t, rank_layer *l, xb_op first, xb_op second)
{
    const xb_graph *g = w->train->graph(t);
    const char *u = w->graph->op_name(g, first), *v = w->graph->op_name(g, second);
    if (strlen(u) < RANK_NAME && strlen(v) < RANK_NAME) {
        snprintf(l->now.u, RANK_NAME, "%s", u);
        snprintf(l->now.v, RANK_NAME, "%s", v);
        return 0;
    }
    w->cx->host->diagnose(w->cx, XB_ERROR, "rank-clip", NULL, "the parts of '%s' have names that are too long",
                          l->name);
    return -1;
}

/* The op becomes the first r directions of s. */
static int replace(rank_work *w, xb_trainer *t, rank_layer *l, xb_op op, const rank_split *s, int64_t r)
{
    float *u, *v;
    xb_op first, second;
    xb_rank_cut(w, s, r, &u, &v);
    if (w->train->factor(t, op, u, v, r, &first, &second) < 0) return -1;
    l->now.last = xb_rank_lost(s->energy, s->k, r);
    l->now.lost = 1 - (1 - l->now.lost) * (1 - l->now.last);
    l->now.k = r;
    l->now.split = 1;
    return keep_names(w, t, l, first, second);
}

static int find_pair(const rank_work *w, const xb_graph *g, const rank_layer *l, xb_op *first, xb_op *second)
{
    *first = w->graph->find_op(g, l->now.u);
    *second = w->graph->find_op(g, l->now.v);
    if (first->id && second->id) return 0;
    w->cx->host->diagnose(w->cx, XB_ERROR, "rank-clip", NULL, "the parts of '%s' are gone", l->name);
    return -1;
}

static int start_layer(rank_work *w, xb_trainer *t, rank_layer *l)
{
    rank_split s;
    xb_graph *g = w->train->graph(t);
    xb_op op = w->graph->find_op(g, l->name);
    if (xb_rank_split_op(w, g, op, &s) < 0) return -1;
    return replace(w, t, l, op, &s, l->fixed ? l->fixed : l->full);
}

static int clip_layer(rank_work *w, xb_trainer *t, rank_layer *l, int64_t r)
{
    rank_split s;
    xb_op first, second, op;
    xb_graph *g = w->train->graph(t);
    if (find_pair(w, g, l, &first, &second) < 0 || xb_rank_resplit(w, first, second, g, &s) < 0 ||
        w->train->merge(t, first, second, &op) < 0)
        return -1;
    return replace(w, t, l, op, &s, r);
}

/* ---- all of them ---- */

static int spectra_of_pairs(rank_work *w, xb_trainer *t)
{
    xb_graph *g = w->train->graph(t);
    for (size_t i = 0; i < w->n; i++) {
        rank_layer *l = &w->layer[i];
        rank_split s;
        xb_op first, second;
        if (l->fixed || l->now.frozen) continue;
        if (w->cx->host->cancelled(w->cx)) return -1;
        if (find_pair(w, g, l, &first, &second) < 0 || xb_rank_resplit(w, first, second, g, &s) < 0) return -1;
        memcpy(l->energy, s.energy, (size_t)s.k * sizeof *s.energy);
    }
    return 0;
}

/* Multiples of interval before `until`. */
double xb_rank_clips_due(const rank_work *w, int64_t steps)
{
    return ceil(w->o->until * (double)steps / (double)w->o->interval) - 1;
}

/* Cells at this step: from all to the budget in even ratios, one for each clip. */
static double cells_now(const rank_work *w, const xb_trainer *t)
{
    double at = (double)(w->train->step(t) / w->o->interval) / xb_rank_clips_due(w, w->train->steps(t));
    return (double)w->dense * pow(w->o->budget, at < 1 ? at : 1);
}

static int clip_all(rank_work *w, xb_trainer *t)
{
    int64_t *k = (int64_t *)(void *)w->spare; /* n of state_size bytes */
    bool some = false;
    if (spectra_of_pairs(w, t) < 0) return -1;
    xb_rank_choose(w, w->o->budget > 0 ? cells_now(w, t) : 0, k);
    rank_head *h = xb_rank_head(w, t);
    for (size_t i = 0; i < w->n; i++) some |= k[i] < w->layer[i].now.k;
    if (some && xb_is_gated(&w->o->gate) && h->before < 0) h->before = w->train->snapshot(t);
    if (!some && h->before >= 0) {
        w->train->forget(t, (int)h->before);
        h->before = -1;
    }
    for (size_t i = 0; i < w->n; i++) {
        w->layer[i].now.last = 0;
        if (k[i] == w->layer[i].now.k) continue;
        if (clip_layer(w, t, &w->layer[i], k[i]) < 0) return -1;
        h->end.clips++;
    }
    return 0;
}

/* ---- hooks ---- */

static int look(rank_work *w, xb_trainer *t, xb_measure *m)
{
    *m = (xb_measure){0};
    return w->holdout ? w->train->measure(w->cx, w->train->graph(t), m) : 0;
}

static int on_start(xb_cx *cx, xb_trainer *t, void *context)
{
    rank_work *w = context;
    rank_head *h = xb_rank_head(w, t);
    const char *idle = xb_rank_idle(w, w->train->steps(t));
    if (w->train->aim(cx, w->train->graph(t), &w->o->gate, &h->end.aim) < 0) return -1;
    h->end.level = h->end.aim.least;
    if (idle) cx->host->diagnose(cx, XB_WARNING, "rank-clip", NULL, "%s", idle);
    w->told = idle != NULL;
    h->good = h->before = -1;
    xb_rank_store(w, t);
    if (xb_is_gated(&w->o->gate)) h->good = w->train->snapshot(t);
    for (size_t i = 0; i < w->n; i++)
        if (start_layer(w, t, &w->layer[i]) < 0) return -1;
    xb_rank_store(w, t);
    xb_rank_note_point(w, t, &xb_rank_head(w, t)->end.aim.before);
    return 0;
}

static int on_interval(xb_cx *cx, xb_trainer *t, void *context)
{
    rank_work *w = context;
    xb_measure m;
    bool may_clip;
    (void)cx;
    xb_rank_load(w, t);
    if (look(w, t, &m) < 0) return -1;
    xb_rank_note_point(w, t, &m);
    if (xb_rank_judge(w, t, m.top1, &may_clip) < 0) return -1;
    bool early = (double)w->train->step(t) < w->o->until * (double)w->train->steps(t);
    if (early && may_clip && clip_all(w, t) < 0) return -1;
    xb_rank_store(w, t);
    return 0;
}

static int on_epoch(xb_cx *cx, xb_trainer *t, void *context)
{
    rank_work *w = context;
    xb_measure m;
    (void)cx;
    if (w->train->step(t) < w->train->steps(t)) return 0;
    xb_rank_load(w, t);
    if (look(w, t, &m) < 0) return -1;
    if (w->train->step(t) % w->o->interval) xb_rank_note_point(w, t, &m);
    if (xb_rank_judge_end(w, t, m.top1) < 0) return -1;
    xb_rank_store(w, t);
    return 0;
}

/* ---- the run ---- */

/* Pairs that cost no less than the layer they came from are one op again. */
static int join(rank_work *w, xb_graph *g)
{
    for (size_t i = 0; i < w->n; i++) {
        rank_layer *l = &w->layer[i];
        xb_op first, second;
        if (!l->now.split || l->now.k <= xb_rank_break_even(l->rows, l->cols)) continue;
        if (find_pair(w, g, l, &first, &second) < 0 || w->edit->merge(w->cx, g, first, second, NULL) < 0) return -1;
        l->now.split = 0;
    }
    return w->graph->infer(w->cx, g) ? 0 : -1;
}

/* Of a run that has ended, perhaps in an earlier process. */
static void read_state(rank_work *w, const void *state)
{
    const rank_head *h = state;
    const rank_track *track = (const rank_track *)(h + 1);
    for (size_t i = 0; i < w->n; i++) w->layer[i].now = track[i];
    w->end = h->end;
    w->points = (const double *)(const void *)(track + w->n);
}

int xb_rank_train(rank_work *w, xb_graph *g)
{
    w->state_size =
        sizeof(rank_head) + w->n * sizeof(rank_track) + RANK_POINTS * xb_rank_point_size(w) * sizeof(double);
    w->spare = w->cx->host->alloc(w->cx, w->state_size, 1);
    xb_train_hooks hooks = {.struct_size = sizeof hooks,
                            .context = w,
                            .state_size = w->state_size,
                            .interval = w->o->interval,
                            .on_start = on_start,
                            .on_interval = on_interval,
                            .on_epoch = on_epoch};
    if (w->train->run(w->cx, g, &w->o->train, &hooks, &w->result) < 0) return -1;
    read_state(w, w->result.state);
    return join(w, g);
}
