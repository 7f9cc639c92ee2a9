/* init.c: what a tensor starts as depends on the op that reads it first and on its place there. */
#include "nn/train/init.h"

#include "base/rng.h"
#include "nn/train/params.h"
#include "nn/train/unshare.h"
#include <math.h>

static void fill(float *v, size_t n, float x)
{
    for (size_t i = 0; i < n; i++) v[i] = x;
}

/* Outputs that an input reaches, of the op's own group: the kernel's places count on both sides. */
static double fan_out(const xb_graph *g, const xb_matrix *m)
{
    const xb_type *w = xb_graph_type(g, m->weight);
    double n = (double)m->cols;
    if (xb_graph_kind(g, m->op) == XB_OP_Conv)
        for (int i = 2; i < w->rank; i++) n *= (double)w->dim[i];
    return n;
}

static void draw(const xb_graph *g, const xb_matrix *m, xb_init how, xb_rng rng, float *v, size_t n)
{
    double in = (double)m->rows, span = sqrt(6 / (in + fan_out(g, m))), deviation = sqrt(2 / in);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)(how == XB_INIT_HE ? deviation * xb_rng_normal(&rng) : xb_rng_between(&rng, -span, span));
}

static void start(const xb_graph *g, const xb_param *p, xb_init how, xb_rng rng)
{
    const xb_value *in;
    xb_matrix m;
    xb_graph_op_inputs(g, p->op, &in);
    switch (xb_graph_kind(g, p->op)) {
    case XB_OP_BatchNormalization:
    case XB_OP_InstanceNormalization:
    case XB_OP_LayerNormalization:
        fill(p->data, p->n, in[1].id == p->value.id ? 1 : 0);
        return;
    case XB_OP_PRelu:
        fill(p->data, p->n, 0.25f);
        return;
    default:
        if (xb_graph_matrix(g, p->op, &m) && m.weight.id == p->value.id)
            draw(g, &m, how, rng, p->data, p->n);
        else
            fill(p->data, p->n, 0);
    }
}

static void start_statistic(xb_graph *g, xb_value v, float x)
{
    const xb_attr *frozen = xb_graph_note(g, v, "frozen");
    const xb_type *t = xb_graph_type(g, v);
    if (!xb_graph_is_const(g, v) || t->dtype != XB_F32 || (frozen && (!frozen->n || frozen->ints[0]))) return;
    fill(xb_graph_write(g, v), (size_t)xb_type_count(t), x);
}

void xb_init_weights(xb_graph *g, xb_init how, uint64_t seed)
{
    xb_params p;
    xb_unshare(NULL, g);
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        const xb_value *in;
        if (xb_graph_kind(g, op) != XB_OP_BatchNormalization) continue;
        xb_graph_op_inputs(g, op, &in);
        start_statistic(g, in[3], 0);
        start_statistic(g, in[4], 1);
    }
    if (!xb_params_init(NULL, &p, g, &(xb_recipe){0})) return;
    xb_params_reach(&p);
    for (size_t i = 0; i < p.n; i++)
        if (!p.at[i].pub.frozen) start(g, &p.at[i].pub, how, xb_rng_at(seed, XB_RNG_INIT, (uint32_t)i));
    xb_params_impose(&p);
    xb_params_free(&p);
}
