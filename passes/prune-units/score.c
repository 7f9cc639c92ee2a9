/* score.c: what a bundle is worth to the network. */
#include "prune-units.h"
#include <math.h>
#include <string.h>

bool xb_prune_trains(const prune_options *o)
{
    return o->train.epochs > 0 || o->train.steps > 0;
}

/* ---- of the weights ---- */

/* Sums of squares of each layer's weights by place. */
static void square(const prune_work *w, const prune_net *plan, prune_layer *l)
{
    const float *data = w->graph->data(plan->g, l->m.weight);
    memset(l->sum_in, 0, (size_t)(l->groups * l->in) * sizeof *l->sum_in);
    memset(l->sum_out, 0, (size_t)(l->groups * l->out) * sizeof *l->sum_out);
    if (w->graph->type(plan->g, l->m.weight)->dtype != XB_F32) return;
    for (int64_t o = 0; o < l->groups * l->out; o++)
        for (int64_t i = o / l->out * l->in; i < (o / l->out + 1) * l->in; i++)
            for (int64_t tap = 0; tap < l->taps; tap++) {
                double v = (double)data[xb_prune_at(l, i, o, tap)] * l->m.scale;
                l->sum_in[i] += v * v;
                l->sum_out[o] += v * v;
            }
}

/* Sum of squares of an op's weights that lead from places that go to places that go. */
static double inner(const prune_work *w, const prune_net *plan, const prune_layer *l, const xb_losing *s)
{
    const float *data = w->graph->data(plan->g, l->m.weight);
    double sum = 0;
    for (size_t i = 0; i < s->n_in; i++)
        for (size_t o = 0; o < s->n_out; o++)
            for (int64_t tap = 0; s->in[i] / l->in == s->out[o] / l->out && tap < l->taps; tap++) {
                double v = (double)data[xb_prune_at(l, s->in[i], s->out[o], tap)] * l->m.scale;
                sum += v * v;
            }
    return sum;
}

/* ||weights that make the units|| * ||weights of what stays that read them||: a bound on what the readers lose, and the
 * same however a network without saturation shares its scale out between the two. */
static double magnitude(const prune_work *w, const prune_net *plan, const prune_bundle *b)
{
    double made = 0, read = 0;
    for (size_t i = 0; i < b->n_losses; i++) {
        if (b->of[i] == SIZE_MAX) continue;
        const prune_layer *l = &plan->layer[b->of[i]];
        const xb_losing *s = &b->loss[i];
        for (size_t k = 0; k < s->n_out; k++) made += l->sum_out[s->out[k]];
        for (size_t k = 0; k < s->n_in; k++) read += l->sum_in[s->in[k]];
        read -= s->n_in && s->n_out ? inner(w, plan, l, s) : 0;
    }
    return sqrt(made) * sqrt(fmax(read, 0));
}

static xb_value scale_of(const prune_work *w, const prune_net *plan, xb_op norm)
{
    const xb_value *in;
    if (w->graph->op_inputs(plan->g, norm, &in) < 2) return (xb_value){0};
    bool plain = w->graph->is_const(plan->g, in[1]) && w->graph->type(plan->g, in[1])->dtype == XB_F32;
    return plain ? in[1] : (xb_value){0};
}

/* Sum of |scale| of the normalisations on the way; < 0: there is none. */
static double norm_scale(const prune_work *w, const prune_net *plan, const prune_bundle *b)
{
    double sum = 0;
    bool any = false;
    for (size_t i = 0; i < b->n_losses; i++) {
        if (b->of[i] != SIZE_MAX) continue;
        xb_value v = scale_of(w, plan, b->loss[i].op);
        const float *scale = v.id ? w->graph->data(plan->g, v) : NULL;
        for (size_t k = 0; scale && k < b->loss[i].n_out; k++) sum += fabs((double)scale[b->loss[i].out[k]]);
        any |= scale != NULL;
    }
    return any ? sum : -1;
}

void xb_prune_score(const prune_work *w, prune_net *plan, const double *sums)
{
    bool taylor = w->o->score == PRUNE_TAYLOR && sums;
    for (size_t i = 0; !taylor && i < plan->n_layers; i++) square(w, plan, &plan->layer[i]);
    for (size_t i = 0; i < plan->n_bundles; i++) {
        prune_bundle *b = &plan->bundle[i];
        b->score = taylor ? sums[i] : w->o->score == PRUNE_NORM_SCALE ? norm_scale(w, plan, b) : -1;
        if (b->score < 0) b->score = magnitude(w, plan, b);
    }
}

/* ---- of the gradients ---- */

/* sum of w dL/dw by output. */
static void slopes(const prune_work *w, xb_trainer *t, prune_layer *l)
{
    const xb_param *p = w->train->param(t, l->m.weight);
    memset(l->sum_out, 0, (size_t)(l->groups * l->out) * sizeof *l->sum_out);
    if (!p || !p->gradient) return;
    for (int64_t o = 0; o < l->groups * l->out; o++)
        for (int64_t i = o / l->out * l->in; i < (o / l->out + 1) * l->in; i++)
            for (int64_t tap = 0; tap < l->taps; tap++) {
                size_t at = xb_prune_at(l, i, o, tap);
                l->sum_out[o] += (double)p->data[at] * (double)p->gradient[at];
            }
}

/* Behind a normalisation with its own statistics weights have no slope along themselves: its scale has. */
static double slope(const prune_work *w, const prune_net *plan, xb_trainer *t, const prune_bundle *b)
{
    double sum = 0;
    for (size_t i = 0; i < b->n_losses; i++) {
        const xb_losing *l = &b->loss[i];
        bool norm = b->of[i] == SIZE_MAX;
        xb_value v = norm ? scale_of(w, plan, l->op) : (xb_value){0};
        const xb_param *p = v.id ? w->train->param(t, v) : NULL;
        for (size_t k = 0; k < l->n_out; k++)
            if (!norm)
                sum += plan->layer[b->of[i]].sum_out[l->out[k]];
            else if (p && p->gradient)
                sum += (double)p->data[l->out[k]] * (double)p->gradient[l->out[k]];
    }
    return sum;
}

void xb_prune_add_taylor(const prune_work *w, prune_net *plan, xb_trainer *t, double *sums)
{
    for (size_t i = 0; i < plan->n_layers; i++) slopes(w, t, &plan->layer[i]);
    for (size_t i = 0; i < plan->n_bundles; i++) sums[i] += fabs(slope(w, plan, t, &plan->bundle[i]));
}
