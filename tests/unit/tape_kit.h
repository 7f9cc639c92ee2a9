/* tape_kit.h: a tape with everything it needs to run, a loss, and its gradients. For tests/unit/test_nn_tape*.c. */
#ifndef TAPE_KIT_H
#define TAPE_KIT_H

#include "nn/tape.h"
#include "nn_kit.h"

enum { RIG_PARAMS = 64, RIG_SHARDS = 4 };

typedef struct rig {
    net *n;
    xb_value trained[RIG_PARAMS];
    float *value[RIG_PARAMS], *grad[RIG_PARAMS];
    size_t size[RIG_PARAMS], count;
    size_t rows, shards, item, outputs; /* rows: of all shards */
    xb_tape *t;
    xb_packed *p;
    xb_run *r;
    xb_grads *g[RIG_SHARDS];
    float *x, *y, *pull; /* input, output, and what the loss multiplies the output with: all rows */
    xb_draw draw;
    bool drops;
} rig;

/* The tests' engine: one for the program. */
static inline xb_dnnl *rig_lib(bool plain)
{
    xb_dnnl *lib = plain ? NULL : xb_dnnl_new();
    ck_assert(plain || lib != NULL);
    return lib;
}

/* Every f32 constant of rank 1 and more is trained, but a BatchNormalization's mean and variance. */
static inline void rig_collect(rig *r)
{
    const xb_graph *g = r->n->g;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        const xb_value *in;
        size_t n = xb_graph_op_inputs(g, op, &in);
        if (xb_graph_kind(g, op) == XB_OP_BatchNormalization) n = 3;
        for (size_t i = 0; i < n; i++) {
            if (!in[i].id || !xb_graph_is_const(g, in[i])) continue;
            const xb_type *t = xb_graph_type(g, in[i]);
            bool known = t->dtype != XB_F32 || t->rank < 1;
            for (size_t k = 0; k < r->count; k++) known = known || r->trained[k].id == in[i].id;
            if (known) continue;
            ck_assert_uint_lt(r->count, RIG_PARAMS);
            r->size[r->count] = (size_t)xb_type_count(t);
            r->trained[r->count++] = in[i];
        }
    }
}

static inline float *rig_random(uint32_t stream, size_t n)
{
    xb_rng rng = xb_rng_at(11, XB_RNG_NOISE, stream);
    float *v = xb_calloc(n + 1, sizeof *v);
    for (size_t i = 0; i < n; i++) v[i] = (float)xb_rng_between(&rng, -1, 1);
    return v;
}

static inline rig rig_new(net *n, size_t rows, size_t shards, xb_dnnl *lib, xb_tape_options o)
{
    rig r = {.n = n, .rows = rows, .shards = shards};
    rig_collect(&r);
    r.t = xb_tape_new(n->d, n->g, (int64_t)(rows / shards), r.trained, r.count, lib, &o);
    ck_assert_msg(r.t != NULL, "%s", xb_diags_text(n->d));
    r.p = xb_packed_new(n->d, r.t);
    r.r = r.p ? xb_run_new(n->d, r.t, r.p) : NULL;
    ck_assert_msg(r.r != NULL, "%s", xb_diags_text(n->d));
    for (size_t s = 0; s < shards; s++) r.g[s] = xb_grads_new(r.t);
    r.item = xb_tape_item(r.t);
    r.outputs = xb_tape_outputs(r.t);
    r.x = rig_random(1, rows * r.item);
    r.pull = rig_random(2, rows * r.outputs);
    r.y = xb_calloc(rows * r.outputs, sizeof *r.y);
    for (size_t i = 0; i < r.count; i++) {
        r.value[i] = xb_calloc(r.size[i], sizeof(float));
        r.grad[i] = xb_calloc(r.size[i], sizeof(float));
        memcpy(r.value[i], xb_graph_data(n->g, r.trained[i]), r.size[i] * sizeof(float));
        ck_assert(xb_packed_set(r.p, i, r.value[i]));
    }
    return r;
}

static inline void rig_free(rig *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->value[i]);
        free(r->grad[i]);
    }
    for (size_t s = 0; s < r->shards; s++) xb_grads_free(r->g[s]);
    xb_run_free(r->r);
    xb_packed_free(r->p);
    xb_tape_free(r->t);
    free(r->x);
    free(r->y);
    free(r->pull);
}

static inline void rig_shard(rig *r, size_t s, bool back)
{
    size_t rows = r->rows / r->shards, in = rows * r->item, out = rows * r->outputs;
    xb_draw draw = r->draw;
    draw.row += s * rows;
    memcpy(xb_run_input(r->r), r->x + s * in, in * sizeof(float));
    bool ok = xb_run_forward(r->r, r->drops ? &draw : NULL, r->g[s]);
    ck_assert_msg(ok, "%s", xb_diags_text(r->n->d));
    memcpy(r->y + s * out, xb_run_output(r->r), out * sizeof(float));
    float *error = xb_run_error(r->r);
    for (size_t i = 0; back && i < out; i++) error[i] = r->pull[s * out + i] + r->y[s * out + i];
    if (back) ck_assert_msg(xb_run_back(r->r, r->g[s]), "%s", xb_diags_text(r->n->d));
}

/* loss = sum of pull y + y^2 / 2 */
static inline double rig_loss(const rig *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->rows * r->outputs; i++) sum += (double)r->y[i] * ((double)r->pull[i] + r->y[i] / 2.0);
    return sum;
}

static inline double rig_forward(rig *r)
{
    for (size_t s = 0; s < r->shards; s++) rig_shard(r, s, false);
    return rig_loss(r);
}

/* Outputs and gradients of all rows. */
static inline void rig_step(rig *r)
{
    for (size_t s = 0; s < r->shards; s++) rig_shard(r, s, true);
    for (size_t i = 0; i < r->count; i++) ck_assert(xb_grads_sum(r->p, i, r->g, r->shards, r->grad[i]));
}

static inline double rig_rms(const float *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)v[i] * v[i];
    return sqrt(sum / (double)n);
}

/* a is b up to `most` of b's rms. */
static inline void rig_near(const rig *r, const char *what, const float *a, const float *b, size_t n, double most)
{
    double off = 0, rms = rig_rms(b, n);
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - b[i]);
        off = d >= off || isnan(d) ? d : off;
    }
    xb_buf text = {0};
    xb_tape_describe(r->t, &text);
    ck_assert_msg(rms > 0 && off <= most * rms, "%s: off by %g of %g\n%s", what, off, rms, text.data);
    xb_buf_free(&text);
}

static inline const char *rig_name(const rig *r, size_t i)
{
    return xb_graph_value_name(r->n->g, r->trained[i]);
}

/* Both have the same outputs and gradients, to these parts of their rms. */
static inline void rig_same(rig *a, rig *b, double outputs, double gradients)
{
    rig_step(a);
    rig_step(b);
    ck_assert_uint_eq(a->count, b->count);
    rig_near(a, "output", a->y, b->y, a->rows * a->outputs, outputs);
    for (size_t i = 0; i < a->count; i++) rig_near(a, rig_name(a, i), a->grad[i], b->grad[i], a->size[i], gradients);
}

/* The loss with element k of tensor i moved; *by: how far, after rounding. */
static inline double rig_moved(rig *r, size_t i, size_t k, double *by)
{
    float was = r->value[i][k];
    volatile float to = was + (float)*by;
    *by = (double)to - was;
    r->value[i][k] = to;
    ck_assert(xb_packed_set(r->p, i, r->value[i]));
    double loss = rig_forward(r);
    r->value[i][k] = was;
    ck_assert(xb_packed_set(r->p, i, r->value[i]));
    return loss;
}

/* How far g is from the slope at 0 of the parabola through 0, a and b; the best of three pairs: a corner of the loss
 * spoils two at most, unless there are more. */
static inline double rig_miss(rig *r, size_t i, size_t k, double g, double here, double by)
{
    double at[4] = {by, -by, by / 2, -by / 2}, d[4], best = INFINITY;
    static const int pair[3][2] = {{0, 1}, {0, 2}, {1, 3}};
    for (int j = 0; j < 4; j++) d[j] = (rig_moved(r, i, k, &at[j]) - here) / at[j];
    for (int j = 0; j < 3; j++) {
        double a = at[pair[j][0]], b = at[pair[j][1]], da = d[pair[j][0]], db = d[pair[j][1]];
        double miss = fabs((da * b - db * a) / (b - a) - g);
        best = miss < best ? miss : best;
    }
    return best;
}

/* Some gradients of every tensor are the loss's slopes to 1e-3: of several steps one is small enough to meet no corner
 * and large enough for float. */
static inline void rig_slopes(rig *r, size_t each)
{
    static const double by[] = {8e-3, 2e-2, 3e-3, 5e-2, 1e-3};
    rig_step(r);
    double here = rig_loss(r);
    for (size_t i = 0; i < r->count; i++) {
        double rms = rig_rms(r->grad[i], r->size[i]);
        ck_assert_msg(rms > 0, "no gradient for '%s'", rig_name(r, i));
        size_t step = r->size[i] / each + 1;
        for (size_t k = 0; k < r->size[i]; k += step) {
            double g = (double)r->grad[i][k], off = INFINITY, allowed = 1e-3 * (rms + fabs(g));
            for (size_t b = 0; b < sizeof by / sizeof *by && !(off <= allowed); b++) {
                double miss = rig_miss(r, i, k, g, here, by[b]);
                off = miss < off ? miss : off;
            }
            ck_assert_msg(off <= allowed, "'%s'[%zu]: gradient %g is off by %g, rms %g", rig_name(r, i), k, g, off,
                          rms);
        }
    }
}

#endif
