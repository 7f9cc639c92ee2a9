/* hooks.c: how a hook is called, and what it may ask of the run. */
#include "nn/train/hooks.h"
#include "nn/train/edit.h"
#include "nn/train/optim.h"
#include <stdlib.h>

/* Gradients are there to be seen in the hooks of a step alone. */
static void show_gradients(xb_trainer *t, bool shown)
{
    for (size_t i = 0; i < t->params.n; i++) t->params.at[i].pub.gradient = shown ? t->params.at[i].grad : NULL;
}

bool xb_trainer_call(xb_trainer *t, xb_hook *hook, bool gradients, bool structural)
{
    if (!hook) return true;
    if (!gradients) xb_params_reach(&t->params);
    show_gradients(t, gradients);
    t->structural = structural;
    int result = hook(t->what->cx, t, t->what->hooks->context);
    t->structural = false;
    show_gradients(t, false);
    if (result < 0) return false;
    if (!gradients) { /* within a step it is done at its end */
        xb_params_reach(&t->params);
        xb_params_impose(&t->params);
    }
    return true;
}

/* ---- where the run is ---- */

xb_graph *xb_trainer_graph(xb_trainer *t)
{
    return t->graph;
}

int64_t xb_trainer_step_done(const xb_trainer *t)
{
    return t->step;
}

int64_t xb_trainer_steps(const xb_trainer *t)
{
    return t->steps;
}

int64_t xb_trainer_epoch(const xb_trainer *t)
{
    return t->step / t->per_epoch;
}

double xb_trainer_rate(const xb_trainer *t)
{
    return xb_rate_at(t->r, t->step, t->steps, t->per_epoch);
}

double xb_trainer_loss(const xb_trainer *t)
{
    return t->loss;
}

const xb_measure *xb_trainer_holdout(const xb_trainer *t)
{
    return &t->holdout;
}

void *xb_trainer_state(xb_trainer *t)
{
    return t->state;
}

/* xb_param is the first member of every xb_slot_state, but an array of those is none of these: a list is made. */
size_t xb_trainer_params(xb_trainer *t, xb_param ***list)
{
    free(t->listed);
    t->listed = xb_calloc(t->params.n + 1, sizeof *t->listed);
    for (size_t i = 0; i < t->params.n; i++) t->listed[i] = &t->params.at[i].pub;
    *list = t->listed;
    return t->params.n;
}

xb_param *xb_trainer_param(xb_trainer *t, xb_value v)
{
    xb_slot_state *s = xb_params_find(&t->params, v);
    return s ? &s->pub : NULL;
}

/* ---- constraints ---- */

static xb_slot_state *find(xb_trainer *t, xb_value v)
{
    xb_slot_state *s = xb_params_find(&t->params, v);
    if (!s)
        xb_error(t->d, "train", (.file = xb_graph_file(t->graph)), "'%s' is not trained here",
                 xb_graph_value_name(t->graph, v));
    return s;
}

void xb_trainer_set_mask(xb_trainer *t, xb_value v, const uint8_t *mask)
{
    xb_slot_state *s = find(t, v);
    if (!s) return;
    xb_params_set_mask(&t->params, s, mask);
    xb_params_reach(&t->params);
    xb_params_impose(&t->params);
}

void xb_trainer_freeze(xb_trainer *t, xb_value v, bool frozen)
{
    xb_slot_state *s = find(t, v);
    if (!s) return;
    s->pub.frozen = frozen;
    free(s->held); /* it is held as it is from now on */
    s->held = NULL;
}

void xb_trainer_set_factors(xb_trainer *t, xb_value v, double rate, double decay)
{
    xb_slot_state *s = find(t, v);
    if (!s) return;
    s->pub.rate = rate;
    s->pub.decay = decay;
}

int xb_trainer_tie(xb_trainer *t, xb_value v, size_t at, xb_value from, size_t from_at, size_t n, float gain)
{
    if (!xb_params_tie(t->d, &t->params, &(xb_tied){v, from, at, from_at, n, gain})) return -1;
    xb_params_reach(&t->params);
    xb_params_impose(&t->params);
    return 0;
}

void xb_trainer_untie(xb_trainer *t, xb_value v)
{
    xb_params_untie(&t->params, v);
}

/* ---- structure ---- */

static bool may_edit(xb_trainer *t)
{
    xb_params_release(&t->params);
    if (t->structural) return true;
    return xb_error(t->d, "train", (.file = xb_graph_file(t->graph)),
                    "the structure may change in on_start, on_interval and on_epoch only");
}

static int edited(xb_trainer *t, bool done)
{
    if (!done) return -1;
    t->stale = true;
    xb_params_refresh(&t->params, t->r);
    xb_params_reach(&t->params);
    return 0;
}

int xb_trainer_select(xb_trainer *t, xb_value v, int axis, const int64_t *keep, size_t n)
{
    return edited(t, may_edit(t) && xb_edit_select(t->d, &t->params, v, axis, keep, n));
}

int xb_trainer_append(xb_trainer *t, xb_value v, int axis, int64_t count, const float *data)
{
    return edited(t, may_edit(t) && xb_edit_append(t->d, &t->params, v, axis, count, data));
}

int xb_trainer_rotate(xb_trainer *t, xb_op op, const float *q, int64_t k)
{
    return edited(t, may_edit(t) && xb_edit_rotate(t->d, &t->params, op, q, k));
}

int xb_trainer_factor(xb_trainer *t, xb_op op, const float *u, const float *v, int64_t k, xb_op *first, xb_op *second)
{
    return edited(t, may_edit(t) && xb_edit_factor(t->d, &t->params, op, u, v, k, first, second));
}

int xb_trainer_merge(xb_trainer *t, xb_op first, xb_op second, xb_op *op)
{
    return edited(t, may_edit(t) && xb_edit_merge(t->d, &t->params, first, second, op));
}

int xb_trainer_split_op(xb_trainer *t, xb_op op, int64_t at, xb_op *first, xb_op *second)
{
    return edited(t, may_edit(t) && xb_edit_split(t->d, &t->params, op, at, first, second));
}

int xb_trainer_remove_units(xb_trainer *t, xb_op op, const int64_t *units, size_t n, bool fold)
{
    return edited(t, may_edit(t) && xb_edit_remove_units(t->d, &t->params, op, units, n, fold));
}

/* ---- snapshots ---- */

int xb_trainer_snapshot(xb_trainer *t)
{
    xb_moment m = {.id = t->next_snapshot++};
    xb_moment_take(t, &m);
    xb_push(&t->snapshots, m);
    return m.id;
}

static size_t place_of(const xb_trainer *t, int snapshot)
{
    size_t i = 0;
    while (i < t->snapshots.n && t->snapshots.data[i].id != snapshot) i++;
    return i;
}

int xb_trainer_rollback(xb_trainer *t, int snapshot)
{
    size_t i = place_of(t, snapshot);
    if (!may_edit(t)) return -1;
    if (i == t->snapshots.n) {
        xb_error(t->d, "train", (.file = xb_graph_file(t->graph)), "there is no snapshot %d", snapshot);
        return -1;
    }
    xb_moment_give(t, &t->snapshots.data[i]);
    return 0;
}

void xb_trainer_forget(xb_trainer *t, int snapshot)
{
    size_t i = place_of(t, snapshot);
    if (i == t->snapshots.n) return;
    xb_moment_free(&t->snapshots.data[i]);
    for (; i + 1 < t->snapshots.n; i++) t->snapshots.data[i] = t->snapshots.data[i + 1];
    t->snapshots.n--;
}
