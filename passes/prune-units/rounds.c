/* rounds.c: removal in rounds while the recipe runs, and the gate: the last network that met it is kept and brought
 * back when the one at the end does not. */
#include "prune-units.h"
#include <string.h>

typedef struct head { /* of the state; the points and the sums of taylor follow */
    prune_end end;
    int64_t good; /* snapshot of the last network that met the gate, + 1; 0: none */
} head;

static head *state_of(const prune_work *w, xb_trainer *t)
{
    return w->train->state(t);
}

static double *points_of(const prune_work *w, xb_trainer *t)
{
    return (double *)(void *)(state_of(w, t) + 1);
}

static double *sums_of(const prune_work *w, xb_trainer *t)
{
    return points_of(w, t) + PRUNE_POINTS * xb_prune_point_size(w);
}

static size_t state_size(const prune_work *w, size_t n_sums)
{
    return sizeof(head) + (PRUNE_POINTS * xb_prune_point_size(w) + n_sums) * sizeof(double);
}

static prune_net *net_of(prune_work *w, xb_trainer *t)
{
    if (!w->plan) w->plan = xb_prune_look(w, w->train->graph(t));
    return w->plan;
}

static void note_point(prune_work *w, xb_trainer *t, double top1)
{
    xb_prune_point(w, &state_of(w, t)->end, points_of(w, t), (double)w->train->step(t), top1, net_of(w, t));
}

/* top1 on the hold-out; < 0 in *top1: there is none. */
static int holdout_top1(const prune_work *w, xb_trainer *t, double *top1)
{
    xb_measure m = {0};
    *top1 = -1;
    if (!w->holdout) return 0;
    if (w->train->measure(w->cx, w->train->graph(t), &m) < 0) return -1;
    *top1 = m.top1;
    return 0;
}

/* ---- the gate ---- */

static void keep_good(const prune_work *w, xb_trainer *t)
{
    head *h = state_of(w, t);
    if (h->good) w->train->forget(t, (int)h->good - 1);
    h->good = 0;
    h->good = w->train->snapshot(t) + 1;
}

/* The curve is kept: it is what was seen. */
static int bring_back(prune_work *w, xb_trainer *t, double top1)
{
    size_t size = state_size(w, 0);
    int good = (int)state_of(w, t)->good - 1;
    head *kept = w->cx->host->alloc(w->cx, 1, size);
    memcpy(kept, state_of(w, t), size);
    if (w->train->rollback(t, good) < 0) return -1;
    kept->end.rounds = state_of(w, t)->end.rounds;
    kept->end.gave_up = 1;
    kept->end.last = top1;
    memcpy(state_of(w, t), kept, size);
    w->plan = NULL;
    return 0;
}

static int judge_end(prune_work *w, xb_trainer *t)
{
    double top1;
    if (!xb_is_gated(&w->o->gate)) return 0;
    if (holdout_top1(w, t, &top1) < 0) return -1;
    if (top1 < state_of(w, t)->end.aim.least && bring_back(w, t, top1) < 0) return -1;
    w->train->forget(t, (int)state_of(w, t)->good - 1);
    state_of(w, t)->good = 0;
    return 0;
}

/* ---- rounds ---- */

/* The step at which round k is due: evenly over the first part of the run, or of what taylor's batches leave of it. */
static int64_t due(const prune_work *w, xb_trainer *t, int64_t k)
{
    int64_t first = w->o->score == PRUNE_TAYLOR ? w->o->batches : 0, rest = w->train->steps(t) - first;
    return first + (int64_t)(w->o->within * (double)rest * (double)k / (double)w->o->gradual);
}

static int one_round(prune_work *w, xb_trainer *t)
{
    head *h = state_of(w, t);
    prune_net *plan = net_of(w, t);
    double top1 = -1;
    if (xb_is_gated(&w->o->gate) && h->end.rounds) {
        if (holdout_top1(w, t, &top1) < 0) return -1;
        note_point(w, t, top1);
        if (top1 >= h->end.aim.least) keep_good(w, t);
    }
    xb_prune_score(w, plan, sums_of(w, t));
    if (!xb_prune_plan(w, plan, h->end.rounds, w->o->gradual)) {
        w->cx->host->diagnose(w->cx, XB_ERROR, "prune-units", NULL, "the budget of %g cannot be met", w->o->budget);
        return -1;
    }
    memset(sums_of(w, t), 0, plan->n_bundles * sizeof(double));
    h->end.rounds++;
    if (xb_prune_apply(w, plan, w->train->graph(t), t) < 0) return -1;
    note_point(w, t, -1);
    return 0;
}

/* After a round taylor has to see a batch of the network that it left. */
static int rounds_due(prune_work *w, xb_trainer *t)
{
    int64_t most = w->o->score == PRUNE_TAYLOR ? 1 : w->o->gradual;
    while (most-- && state_of(w, t)->end.rounds < w->o->gradual &&
           w->train->step(t) >= due(w, t, state_of(w, t)->end.rounds))
        if (one_round(w, t) < 0) return -1;
    return 0;
}

/* ---- hooks ---- */

/* A round behind the last step would leave a network that was not trained again, and one that saw no batch is not
 * taylor's. */
static int check_batches(const prune_work *w, xb_trainer *t)
{
    if (w->o->score != PRUNE_TAYLOR || w->o->batches + w->o->gradual <= w->train->steps(t)) return 0;
    w->cx->host->diagnose(w->cx, XB_ERROR, "pass-check", NULL,
                          "'batches: %lld' and %lld rounds are too many for a run of %lld steps",
                          (long long)w->o->batches, (long long)w->o->gradual, (long long)w->train->steps(t));
    return -1;
}

static int on_start(xb_cx *cx, xb_trainer *t, void *context)
{
    prune_work *w = context;
    xb_aim *aim = &state_of(w, t)->end.aim;
    w->plan = NULL;
    if (check_batches(w, t) < 0 || w->train->aim(cx, w->train->graph(t), &w->o->gate, aim) < 0) return -1;
    note_point(w, t, aim->before.total ? aim->before.top1 : -1);
    if (xb_is_gated(&w->o->gate)) keep_good(w, t);
    return rounds_due(w, t);
}

static int on_gradient(xb_cx *cx, xb_trainer *t, void *context)
{
    prune_work *w = context;
    (void)cx;
    if (state_of(w, t)->end.rounds < w->o->gradual) xb_prune_add_taylor(w, net_of(w, t), t, sums_of(w, t));
    return 0;
}

static int on_interval(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx;
    return rounds_due(context, t);
}

static int on_epoch(xb_cx *cx, xb_trainer *t, void *context)
{
    prune_work *w = context;
    const xb_measure *m = w->train->holdout(t);
    (void)cx;
    note_point(w, t, m && m->total ? m->top1 : -1);
    return w->train->step(t) == w->train->steps(t) ? judge_end(w, t) : 0;
}

/* Sums for as many bundles as there are units: later there may be more bundles, but not more than that. */
int xb_prune_train(prune_work *w, xb_graph *g)
{
    xb_train_result result;
    bool taylor = w->o->score == PRUNE_TAYLOR;
    xb_train_hooks hooks = {.struct_size = sizeof hooks,
                            .context = w,
                            .state_size = state_size(w, w->plan->room),
                            .interval = 1,
                            .on_start = on_start,
                            .on_gradient = taylor ? on_gradient : NULL,
                            .on_interval = on_interval,
                            .on_epoch = on_epoch};
    w->plan = NULL;
    if (w->train->run(w->cx, g, &w->o->train, &hooks, &result) < 0) return -1;
    const head *h = result.state;
    w->end = h->end;
    w->points = (const double *)(const void *)(h + 1);
    w->plan = NULL;
    return 0;
}
