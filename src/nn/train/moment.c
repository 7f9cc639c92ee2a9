/* moment.c: the network with everything that training attaches to it, kept and brought back. */
#include "nn/train/trainer.h"
#include <stdlib.h>
#include <string.h>

static void *copy(const void *from, size_t n, size_t size)
{
    if (!from) return NULL;
    void *to = xb_calloc(n + 1, size);
    memcpy(to, from, n * size);
    return to;
}

static void copy_params(xb_params *to, const xb_params *from, xb_graph *g)
{
    *to = *from;
    to->graph = g;
    to->at = copy(from->at, from->n, sizeof *from->at);
    to->tied = copy(from->tied, from->n_tied, sizeof *from->tied);
    for (size_t i = 0; i < from->n; i++) {
        xb_slot_state *s = &to->at[i];
        s->mask = copy(s->mask, s->pub.n, sizeof *s->mask);
        s->m = copy(s->m, s->pub.n, sizeof *s->m);
        s->v = copy(s->v, s->pub.n, sizeof *s->v);
        s->grad = copy(s->grad, s->pub.n, sizeof *s->grad);
        s->held = NULL;
        s->pub.mask = s->mask;
        s->pub.gradient = NULL;
        s->pub.data = NULL;
        s->pub.name = xb_graph_value_name(g, s->pub.value);
    }
}

void xb_moment_take(const xb_trainer *t, xb_moment *m)
{
    size_t n = t->what->hooks ? t->what->hooks->state_size : 0;
    m->graph = xb_graph_clone(t->graph);
    m->state = copy(t->state, n, 1);
    m->holdout = t->holdout;
    copy_params(&m->params, &t->params, m->graph);
}

void xb_moment_give(xb_trainer *t, const xb_moment *m)
{
    size_t n = t->what->hooks ? t->what->hooks->state_size : 0;
    if (n) memcpy(t->state, m->state, n);
    t->holdout = m->holdout;
    xb_graph_become(t->graph, xb_graph_clone(m->graph));
    xb_params_free(&t->params);
    copy_params(&t->params, &m->params, t->graph);
    t->params.step = t->step; /* which goes on: what comes now is born now */
    xb_params_reach(&t->params);
    t->stale = true;
}

void xb_moment_free(xb_moment *m)
{
    xb_params_free(&m->params);
    xb_graph_free(m->graph);
    free(m->state);
    *m = (xb_moment){0};
}
