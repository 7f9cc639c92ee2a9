/* exec.c: runs the steps of a plan. */
#include "nn/exec.h"

#include "ir/tensor.h"
#include "nn/ref.h"
#include <stdlib.h>
#include <string.h>

/* A step bound to memory. */
typedef struct bound {
    xb_dnnl_call *call;
    xb_tensor *tensor; /* PLAIN, CUSTOM: inputs, then outputs */
} bound;

struct xb_instance {
    xb_diags *d;
    const xb_plan *plan;
    unsigned char *memory;
    xb_dnnl_worker *worker;
    bound *step;
};

static void *place(const xb_instance *x, int slot)
{
    const xb_slot *s = &x->plan->slot[slot];
    if (s->buffer < 0) return (void *)(uintptr_t)s->constant;
    return x->memory + x->plan->buffer[s->buffer].offset;
}

static void *slot_data(const xb_instance *x, int slot)
{
    return slot < 0 ? NULL : place(x, slot);
}

static bool bind_dnnl(xb_instance *x, const xb_step *s, bound *b)
{
    const void *in[2] = {NULL, NULL};
    for (size_t i = 0; i < s->n_in && i < 2; i++) in[i] = place(x, s->in[i]);
    b->call = xb_dnnl_bind(x->worker, s->dnnl, in, place(x, s->out[0]));
    return b->call != NULL;
}

static void bind_plain(xb_instance *x, const xb_step *s, bound *b)
{
    b->tensor = xb_calloc(s->n_in + s->n_out + 1, sizeof *b->tensor);
    for (size_t i = 0; i < s->n_in + s->n_out; i++) {
        int slot = i < s->n_in ? s->in[i] : s->out[i - s->n_in];
        xb_tensor *t = &b->tensor[i];
        t->data = slot_data(x, slot);
        if (slot >= 0) t->type = *xb_graph_type(x->plan->graph, x->plan->slot[slot].value);
    }
}

static bool bind(xb_instance *x)
{
    for (size_t i = 0; i < x->plan->n_steps; i++) {
        const xb_step *s = &x->plan->step[i];
        if (s->kind == XB_STEP_PLAIN || s->kind == XB_STEP_CUSTOM) bind_plain(x, s, &x->step[i]);
        if (s->kind == XB_STEP_DNNL && !bind_dnnl(x, s, &x->step[i])) return false;
    }
    return true;
}

xb_instance *xb_instance_new(xb_diags *d, const xb_plan *p)
{
    xb_instance *x = xb_calloc(1, sizeof *x);
    x->d = d;
    x->plan = p;
    x->step = xb_calloc(p->n_steps + 1, sizeof *x->step);
    x->memory = aligned_alloc(64, p->bytes + 64);
    if (!x->memory) xb_out_of_memory();
    x->worker = p->lib ? xb_dnnl_worker_new(p->lib, p->scratch) : NULL;
    if ((!p->lib || x->worker) && bind(x)) return x;
    xb_error(d, "engine", (.file = xb_graph_file(p->graph)), "oneDNN refuses memory for a worker");
    xb_instance_free(x);
    return NULL;
}

void xb_instance_free(xb_instance *x)
{
    if (!x) return;
    for (size_t i = 0; i < x->plan->n_steps; i++) {
        xb_dnnl_call_free(x->step[i].call);
        free(x->step[i].tensor);
    }
    xb_dnnl_worker_free(x->worker);
    free(x->step);
    free(x->memory);
    free(x);
}

void *xb_instance_input(const xb_instance *x, size_t i)
{
    return place(x, x->plan->input[i]);
}

const void *xb_instance_output(const xb_instance *x, size_t i)
{
    return place(x, x->plan->output[i]);
}

static void join(const xb_instance *x, const xb_step *s)
{
    unsigned char *to = place(x, s->out[0]);
    for (size_t o = 0; o < s->outer; o++)
        for (size_t i = 0; i < s->n_in; i++) {
            const unsigned char *from = place(x, s->in[i]);
            memcpy(to, from + o * s->piece[i], s->piece[i]);
            to += s->piece[i];
        }
}

static bool run_dnnl(const xb_instance *x, const xb_step *s, const bound *b)
{
    if (xb_dnnl_run(b->call)) return true;
    xb_where where = {.file = xb_graph_file(x->plan->graph)};
    if (s->op.id) where = xb_graph_where(x->plan->graph, s->op);
    xb_diag(x->d, XB_ERROR, "engine", &where, "oneDNN failed in kernel %s", xb_dnnl_op_kernel(s->dnnl));
    return false;
}

static bool run_custom(const xb_instance *x, const xb_step *s, const bound *b, const xb_engine_call *call)
{
    const xb_custom_ops *c = x->plan->custom;
    xb_engine_call at = *call;
    at.in_last = s->in[0] >= 0 && x->plan->slot[s->in[0]].format == XB_FMT_NHWC;
    at.out_last = x->plan->slot[s->out[0]].format == XB_FMT_NHWC;
    return c->run(c->context, &at, x->plan->graph, s->op, b->tensor, s->n_in, b->tensor + s->n_in);
}

bool xb_instance_run(xb_instance *x, const xb_engine_call *call)
{
    for (size_t i = 0; i < x->plan->n_steps; i++) {
        const xb_step *s = &x->plan->step[i];
        bound *b = &x->step[i];
        switch (s->kind) {
        case XB_STEP_DNNL:
            if (!run_dnnl(x, s, b)) return false;
            break;
        case XB_STEP_PLAIN:
            if (!xb_ref_op(x->d, x->plan->graph, s->op, b->tensor, s->n_in, b->tensor + s->n_in, s->n_out))
                return false;
            break;
        case XB_STEP_JOIN:
            join(x, s);
            break;
        case XB_STEP_VIEW:
            break;
        case XB_STEP_MAX:
            s->max->forward(&s->window, place(x, s->in[0]), place(x, s->out[0]));
            break;
        case XB_STEP_CUSTOM:
            if (!run_custom(x, s, b, call)) return false;
            break;
        }
    }
    return true;
}
