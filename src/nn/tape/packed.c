/* packed.c: the weights in every layout that the kernels of a tape read them in. */
#include "nn/tape/run.h"

#include <stdlib.h>
#include <string.h>

/* What a trained tensor is packed and unpacked with; constants have one behind the trained ones. */
typedef struct packer {
    xb_dnnl_worker *worker;
    xb_dnnl_call *unpack;
} packer;

struct xb_packed {
    xb_diags *d;
    const xb_tape *t;
    void *base[XB_SPACES];
    packer *by;          /* n_params + 1 */
    xb_dnnl_call **pack; /* by copy */
};

static packer *packer_of(const xb_packed *p, const xb_tape_copy *c)
{
    return &p->by[c->param < 0 ? p->t->n_params : (size_t)c->param];
}

static bool refuse(xb_diags *d, const xb_tape *t, const char *what)
{
    return xb_error(d, "engine", (.file = xb_graph_file(t->graph)), "oneDNN %s", what);
}

/* The most that a change of layout needs. */
static size_t scratch(const xb_tape *t)
{
    size_t most = 0;
    for (size_t i = 0; i < t->copy.n + t->n_params; i++) {
        const xb_dnnl_op *op = i < t->copy.n ? t->copy.data[i].pack : t->param[i - t->copy.n].unpack;
        if (op && xb_dnnl_op_scratch(op) > most) most = xb_dnnl_op_scratch(op);
    }
    return most;
}

static bool bind(xb_packed *p)
{
    const xb_tape *t = p->t;
    const void *nowhere[2] = {NULL, NULL};
    size_t bytes = scratch(t);
    for (size_t i = 0; t->lib && i <= t->n_params; i++)
        if (!(p->by[i].worker = xb_dnnl_worker_new(t->lib, bytes))) return false;
    for (size_t i = 0; i < t->copy.n; i++) {
        const xb_tape_copy *c = &t->copy.data[i];
        const void *at[2] = {NULL, xb_tape_at(t, c->place, p->base)};
        if (c->pack && !(p->pack[i] = xb_dnnl_bind(packer_of(p, c)->worker, c->pack, at, NULL))) return false;
    }
    for (size_t i = 0; i < t->n_params; i++) {
        const xb_dnnl_op *op = t->param[i].unpack;
        if (op && !(p->by[i].unpack = xb_dnnl_bind(p->by[i].worker, op, nowhere, NULL))) return false;
    }
    return true;
}

static bool fill(xb_packed *p, size_t copy, const void *values)
{
    const xb_tape_copy *c = &p->t->copy.data[copy];
    if (!c->pack) {
        memcpy(xb_tape_at(p->t, c->place, p->base), values, p->t->place.data[c->place].bytes);
        return true;
    }
    xb_dnnl_move(p->pack[copy], 0, (void *)(uintptr_t)values);
    return xb_dnnl_run(p->pack[copy]) || refuse(p->d, p->t, "failed to pack weights");
}

xb_packed *xb_packed_new(xb_diags *d, const xb_tape *t)
{
    xb_packed *p = xb_calloc(1, sizeof *p);
    p->d = d;
    p->t = t;
    p->base[XB_IN_PACKED] = xb_tape_memory(t->bytes[XB_IN_PACKED]);
    p->by = xb_calloc(t->n_params + 1, sizeof *p->by);
    p->pack = xb_calloc(t->copy.n + 1, sizeof(xb_dnnl_call *));
    int threads = xb_dnnl_one_thread();
    bool ok = bind(p) || refuse(d, t, "refuses memory for packing weights");
    for (size_t i = 0; ok && i < t->copy.n; i++)
        if (t->copy.data[i].param < 0) ok = fill(p, i, xb_graph_data(t->graph, t->copy.data[i].value));
    xb_dnnl_set_threads(threads);
    if (ok) return p;
    xb_packed_free(p);
    return NULL;
}

void xb_packed_free(xb_packed *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->t->copy.n; i++) xb_dnnl_call_free(p->pack[i]);
    for (size_t i = 0; i <= p->t->n_params; i++) {
        xb_dnnl_call_free(p->by[i].unpack);
        xb_dnnl_worker_free(p->by[i].worker);
    }
    free(p->base[XB_IN_PACKED]);
    free(p->pack);
    free(p->by);
    free(p);
}

bool xb_packed_set(xb_packed *p, size_t i, const float *values)
{
    for (size_t k = 0; k < p->t->copy.n; k++)
        if (p->t->copy.data[k].param == (int)i && !fill(p, k, values)) return false;
    return true;
}

void *xb_packed_memory(const xb_packed *p)
{
    return p->base[XB_IN_PACKED];
}

bool xb_packed_unpack(xb_packed *p, size_t i, const float *from, float *to)
{
    const xb_tape_param *v = &p->t->param[i];
    if (!v->unpack) {
        memcpy(to, from, v->n * sizeof *to);
        return true;
    }
    xb_dnnl_move(p->by[i].unpack, 0, (void *)(uintptr_t)from);
    xb_dnnl_move(p->by[i].unpack, 1, to);
    return xb_dnnl_run(p->by[i].unpack) || refuse(p->d, p->t, "failed to unpack gradients");
}
