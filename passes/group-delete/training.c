/* training.c: the hooks of both phases: penalty, curves, and the way back when the penalty takes all of a layer. */
#include "group-delete.h"
#include <string.h>

/* ---- the state: all of 8-byte numbers ---- */

size_t xb_gd_state_size(const gd_work *w)
{
    return sizeof(gd_head) + 8 * (2 * w->n_layers + w->n_groups + GD_POINTS * (2 + w->n_layers));
}

gd_state xb_gd_state(const gd_work *w, void *bytes)
{
    gd_state s = {.head = bytes};
    s.off = (int64_t *)(void *)(s.head + 1);
    s.back = s.off + w->n_layers;
    s.weight = (double *)(void *)(s.back + w->n_layers);
    s.curve = s.weight + w->n_groups;
    return s;
}

static gd_state state_of(const gd_work *w, xb_trainer *t)
{
    return xb_gd_state(w, w->train->state(t));
}

/* ---- the layers' weights ---- */

static int bind(gd_work *w, xb_trainer *t)
{
    if (w->bound) return 0;
    w->bound = true;
    return xb_gd_bind(w, w->train->graph(t));
}

static xb_param *param(const gd_work *w, xb_trainer *t, size_t layer)
{
    return w->train->param(t, w->layer[layer].weight);
}

static int64_t wires(const gd_work *w, xb_trainer *t, size_t layer)
{
    const xb_param *p = param(w, t, layer);
    return p ? xb_gd_wires(w, &w->layer[layer], p->data) : 0;
}

/* ---- curves ---- */

/* When there is no room every second point goes, and from then on only every second one comes. */
static void thin(const gd_work *w, gd_state *s)
{
    size_t size = 2 + w->n_layers;
    int64_t left = 0;
    for (int64_t i = 0; i < s->head->points; i += 2)
        memmove(s->curve + size * (size_t)left++, s->curve + size * (size_t)i, size * sizeof(double));
    s->head->points = left;
    s->head->stride *= 2;
}

static void add_point(const gd_work *w, xb_trainer *t)
{
    gd_state s = state_of(w, t);
    const xb_measure *m = w->train->holdout(t);
    if (s.head->skipped++ % s.head->stride) return;
    if (s.head->points == GD_POINTS) thin(w, &s);
    double *point = s.curve + (2 + w->n_layers) * (size_t)s.head->points++;
    point[0] = (double)w->train->step(t);
    point[1] = m && m->total ? m->top1 : -1;
    for (size_t i = 0; i < w->n_layers; i++) point[2 + i] = (double)wires(w, t, i);
}

/* ---- the penalty ---- */

static bool is_exact(const gd_work *w)
{
    bool exact = w->o->total > 0;
    for (size_t i = 0; i < w->n_layers; i++) exact |= w->layer[i].keep >= 0;
    return exact;
}

static bool is_penalised(const gd_work *w, const gd_state *s, const xb_param *p, size_t layer)
{
    return p && !p->frozen && !s->off[layer] && w->layer[layer].factor > 0;
}

/* In the exact mode the largest groups are left alone, so that no more go than asked. */
static void choose(const gd_work *w, xb_trainer *t)
{
    const float **v = w->weights;
    if (!is_exact(w)) return;
    for (size_t i = 0; i < w->n_layers; i++) {
        const xb_param *p = param(w, t, i);
        if (!p) return;
        v[i] = p->data;
    }
    xb_gd_spare(w, v);
}

static int on_gradient(xb_cx *cx, xb_trainer *t, void *context)
{
    gd_work *w = context;
    (void)cx;
    if (bind(w, t) < 0) return -1;
    gd_state s = state_of(w, t);
    choose(w, t);
    for (size_t i = 0; i < w->n_layers; i++) {
        xb_param *p = param(w, t, i);
        if (is_penalised(w, &s, p, i))
            xb_gd_pull(w, &w->layer[i], p->data, p->gradient, w->o->reweight ? s.weight : NULL);
    }
    return 0;
}

static int on_update(xb_cx *cx, xb_trainer *t, void *context)
{
    gd_work *w = context;
    (void)cx;
    if (bind(w, t) < 0) return -1;
    gd_state s = state_of(w, t);
    double rate = w->train->rate(t);
    if (w->o->method == GD_PROXIMAL) choose(w, t);
    for (size_t i = 0; i < w->n_layers; i++) {
        xb_param *p = param(w, t, i);
        if (!is_penalised(w, &s, p, i)) continue;
        if (w->o->method == GD_SUBGRADIENT)
            xb_gd_threshold(w, &w->layer[i], p->data);
        else
            xb_gd_shrink(w, &w->layer[i], p->data, rate * p->rate, w->o->reweight ? s.weight : NULL);
    }
    return 0;
}

/* lambda_g = lambda / (||w_g|| + 0.001): small groups are pushed harder (Candes, Wakin and Boyd 2008). */
static void renew_weights(const gd_work *w, xb_trainer *t)
{
    gd_state s = state_of(w, t);
    for (size_t k = 0; k < w->n_bands; k++) {
        const gd_band *b = &w->band[k];
        const xb_param *p = param(w, t, b->layer);
        for (int64_t i = 0; p && i < b->lines; i++)
            s.weight[b->first + (size_t)i] = 1 / (xb_gd_norm(b, p->data, i) + 1e-3);
    }
}

/* ---- a layer that dies ---- */

static int keep_snapshot(const gd_work *w, xb_trainer *t)
{
    gd_state s = state_of(w, t);
    int old = (int)s.head->snapshot;
    if (old >= 0) w->train->forget(t, old);
    s.head->snapshot = -1; /* inside of the snapshot itself there is none */
    s.head->snapshot_at = w->train->step(t);
    int now = w->train->snapshot(t);
    if (now < 0) return -1;
    state_of(w, t).head->snapshot = now;
    return 0;
}

static bool is_dead(const gd_work *w, xb_trainer *t, const gd_state *s, size_t layer)
{
    return w->layer[layer].before > 0 && !s->off[layer] && wires(w, t, layer) == 0;
}

/* What is zero stays so; the rest is trained without the penalty. */
static void hold(const gd_work *w, xb_trainer *t, size_t layer)
{
    const gd_layer *l = &w->layer[layer];
    xb_param *p = param(w, t, layer);
    if (!p) return;
    uint8_t *mask = w->cx->host->alloc(w->cx, l->n, 1);
    xb_gd_mask(w, l, p->data, p->mask, mask);
    w->train->set_mask(t, l->weight, mask);
}

/* If a layer died the network before that is back. */
static int bring_back(gd_work *w, xb_trainer *t)
{
    gd_state s = state_of(w, t);
    bool *dead = w->cx->host->alloc(w->cx, w->n_layers + 1, sizeof *dead), any = false;
    int64_t back = s.head->snapshot_at;
    int snapshot = (int)s.head->snapshot;
    for (size_t i = 0; i < w->n_layers; i++) any |= dead[i] = is_dead(w, t, &s, i);
    if (!any) return 0;
    if (w->train->rollback(t, snapshot) < 0) return -1;
    s = state_of(w, t);
    s.head->snapshot = snapshot;
    if (xb_gd_bind(w, w->train->graph(t)) < 0) return -1;
    for (size_t i = 0; i < w->n_layers; i++) {
        if (!dead[i]) continue;
        s.off[i] = w->train->step(t);
        s.back[i] = back;
        hold(w, t, i);
    }
    return 0;
}

/* ---- between steps ---- */

static int on_start(xb_cx *cx, xb_trainer *t, void *context)
{
    gd_work *w = context;
    (void)cx;
    if (bind(w, t) < 0) return -1;
    gd_state s = state_of(w, t);
    s.head->snapshot = -1;
    s.head->stride = 1;
    add_point(w, t);
    if (!w->penalised) return 0;
    renew_weights(w, t);
    return keep_snapshot(w, t);
}

static int on_interval(xb_cx *cx, xb_trainer *t, void *context)
{
    gd_work *w = context;
    (void)cx;
    return bind(w, t) < 0 || bring_back(w, t) < 0 ? -1 : keep_snapshot(w, t);
}

/* The snapshot comes last: point and weights of the epoch are in it. */
static int on_epoch(xb_cx *cx, xb_trainer *t, void *context)
{
    gd_work *w = context;
    (void)cx;
    if (bind(w, t) < 0) return -1;
    if (w->penalised && bring_back(w, t) < 0) return -1;
    add_point(w, t);
    if (!w->penalised) return 0;
    renew_weights(w, t);
    return keep_snapshot(w, t);
}

int xb_gd_train(gd_work *w, xb_graph *g, const xb_recipe *r, xb_train_result *result)
{
    bool pull = w->penalised;
    xb_train_hooks hooks = {.struct_size = sizeof hooks,
                            .context = w,
                            .state_size = xb_gd_state_size(w),
                            .interval = pull ? w->o->interval : 0,
                            .on_start = on_start,
                            .on_gradient = pull && w->o->method == GD_SUBGRADIENT ? on_gradient : NULL,
                            .on_update = pull ? on_update : NULL,
                            .on_interval = pull ? on_interval : NULL,
                            .on_epoch = on_epoch};
    w->bound = false;
    w->weights = w->cx->host->alloc(w->cx, w->n_layers + 1, sizeof *w->weights);
    return w->train->run(w->cx, g, r, &hooks, result);
}
