/* run.c: one worker's run of a tape: its activations, and the primitives bound to them. */
#include "nn/tape/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A step bound to memory. */
typedef struct bound {
    xb_dnnl_call *call;
    xb_tensor *tensor;
    bool moves; /* has operands among the gradients of weights, which are a shard's */
} bound;

struct xb_run {
    xb_diags *d;
    const xb_tape *t;
    void *base[XB_SPACES];
    xb_dnnl_worker *worker;
    bound *forward, *back;
    double dnnl, all;
};

/* ---- binding ---- */

static bool bind_dnnl(xb_run *r, const xb_tape_step *s, bound *b)
{
    const void *in[16];
    size_t n = s->n - s->result_last;
    for (size_t i = 0; i < n && i < 16; i++) in[i] = xb_tape_at(r->t, s->at[i], r->base);
    for (size_t i = 0; i < n; i++) b->moves = b->moves || r->t->place.data[s->at[i]].space == XB_IN_GRADS;
    void *out = s->result_last ? xb_tape_at(r->t, s->at[n], r->base) : NULL;
    b->call = xb_dnnl_bind(r->worker, s->dnnl, in, out);
    return b->call != NULL;
}

/* in..., out... and, on the way back, the types of out and in once more. */
static void bind_tensors(const xb_run *r, const xb_tape_step *s, bound *b)
{
    const xb_graph *g = r->t->graph;
    const xb_value *in, *out;
    xb_graph_op_inputs(g, s->op, &in);
    xb_graph_op_outputs(g, s->op, &out);
    b->tensor = xb_calloc(s->n + 1, sizeof *b->tensor);
    size_t n = s->n_in, m = s->n_out;
    for (size_t i = 0; i < s->n; i++) {
        xb_value v = i < n ? in[i] : i < n + m ? out[i - n] : i < n + 2 * m ? out[i - n - m] : in[i - n - 2 * m];
        if (v.id) b->tensor[i].type = *xb_graph_type(g, v);
    }
}

static bool bind(xb_run *r, const xb_tape_steps *list, bound *b)
{
    for (size_t i = 0; i < list->n; i++) {
        const xb_tape_step *s = &list->data[i];
        if (s->kind == XB_TAPE_REF || s->kind == XB_TAPE_BACK) bind_tensors(r, s, &b[i]);
        if (s->kind == XB_TAPE_DNNL && !bind_dnnl(r, s, &b[i])) return false;
    }
    return true;
}

xb_run *xb_run_new(xb_diags *d, const xb_tape *t, const xb_packed *p)
{
    xb_run *r = xb_calloc(1, sizeof *r);
    r->d = d;
    r->t = t;
    r->forward = xb_calloc(t->forward.n + 1, sizeof *r->forward);
    r->back = xb_calloc(t->back.n + 1, sizeof *r->back);
    r->base[XB_IN_RUN] = xb_tape_memory(t->bytes[XB_IN_RUN]);
    r->base[XB_IN_TEMP] = xb_tape_memory(t->bytes[XB_IN_TEMP]);
    r->base[XB_IN_PACKED] = xb_packed_memory(p);
    r->worker = t->lib ? xb_dnnl_worker_new(t->lib, t->scratch) : NULL;
    if ((!t->lib || r->worker) && bind(r, &t->forward, r->forward) && bind(r, &t->back, r->back)) return r;
    xb_error(d, "engine", (.file = xb_graph_file(t->graph)), "oneDNN refuses memory for a worker");
    xb_run_free(r);
    return NULL;
}

static void release(bound *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        xb_dnnl_call_free(b[i].call);
        free(b[i].tensor);
    }
    free(b);
}

void xb_run_free(xb_run *r)
{
    if (!r) return;
    release(r->forward, r->t->forward.n);
    release(r->back, r->t->back.n);
    xb_dnnl_worker_free(r->worker);
    free(r->base[XB_IN_RUN]);
    free(r->base[XB_IN_TEMP]);
    free(r);
}

float *xb_run_input(xb_run *r)
{
    return xb_tape_at(r->t, r->t->input, r->base);
}

const float *xb_run_output(const xb_run *r)
{
    return xb_tape_at(r->t, r->t->output, r->base);
}

float *xb_run_error(xb_run *r)
{
    return xb_tape_at(r->t, r->t->error, r->base);
}

/* ---- running ---- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool run_dnnl(xb_run *r, const xb_tape_step *s, const bound *b)
{
    for (size_t i = 0; b->moves && i < s->n; i++)
        if (r->t->place.data[s->at[i]].space == XB_IN_GRADS)
            xb_dnnl_move(b->call, (int)i, xb_tape_at(r->t, s->at[i], r->base));
    double begin = now();
    bool ok = xb_dnnl_run(b->call);
    r->dnnl += now() - begin;
    if (ok) return true;
    xb_where where = {.file = xb_graph_file(r->t->graph)};
    if (s->op.id) where = xb_graph_where(r->t->graph, s->op);
    xb_diag(r->d, XB_ERROR, "engine", &where, "oneDNN failed in kernel %s", xb_dnnl_op_kernel(s->dnnl));
    return false;
}

static bool run(xb_run *r, const xb_tape_steps *list, const bound *b, const xb_draw *draw)
{
    double begin = now();
    bool ok = true;
    for (size_t i = 0; ok && i < list->n; i++) {
        const xb_tape_step *s = &list->data[i];
        xb_tape_run_step c = {r->d, r->t, s, r->base, b[i].tensor, draw};
        ok = s->kind == XB_TAPE_DNNL ? run_dnnl(r, s, &b[i]) : xb_tape_run_plain(&c);
    }
    r->all += now() - begin;
    return ok;
}

static void keep_stats(const xb_run *r, xb_grads *g)
{
    for (size_t i = 0; i < r->t->norm.n; i++) {
        const xb_tape_norm_stat *s = &r->t->norm.data[i];
        size_t bytes = s->channels * sizeof(float);
        memcpy(g->stats + s->offset, xb_tape_at(r->t, s->mean, r->base), bytes);
        memcpy(g->stats + s->offset + s->channels, xb_tape_at(r->t, s->variance, r->base), bytes);
    }
}

bool xb_run_forward(xb_run *r, const xb_draw *draw, xb_grads *g)
{
    if (!run(r, &r->t->forward, r->forward, draw)) return false;
    if (g) keep_stats(r, g);
    return true;
}

bool xb_run_back(xb_run *r, xb_grads *g)
{
    r->base[XB_IN_GRADS] = g->memory;
    bool ok = run(r, &r->t->back, r->back, NULL);
    r->base[XB_IN_GRADS] = NULL;
    return ok;
}

static const char *bad_in(const xb_run *r, int place)
{
    const float *v = xb_tape_at(r->t, place, r->base);
    size_t n = r->t->place.data[place].bytes / sizeof(float);
    for (size_t k = 0; k < n; k++)
        if (!isfinite(v[k])) return isnan(v[k]) ? "NaN" : "infinite";
    return NULL;
}

/* A weight that is not finite counts, too: a ReLU in the same kernel makes 0 of NaN. */
xb_op xb_run_first_bad(const xb_run *r, const char **what)
{
    for (size_t i = 0; i < r->t->forward.n; i++) {
        const xb_tape_step *s = &r->t->forward.data[i];
        const char *bad = s->made < 0 ? NULL : bad_in(r, s->made);
        for (size_t k = 0; !bad && s->op.id && k < s->n; k++)
            if (s->at[k] >= 0 && r->t->place.data[s->at[k]].space == XB_IN_PACKED) bad = bad_in(r, s->at[k]);
        if (!bad) continue;
        *what = bad;
        return s->op;
    }
    return (xb_op){0};
}

void xb_run_seconds(const xb_run *r, double *dnnl, double *all)
{
    *dnnl = r->dnnl;
    *all = r->all;
}
