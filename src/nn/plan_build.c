/* plan_build.c: slots, buffers and steps while a plan is made; what is known about values. */
#include "nn/plan_build.h"

#include "base/file.h"
#include "ir/infer.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* nhwc and blocked of what has one channel or one pixel are the plain bytes. */
static xb_format canonical(const xb_planner *p, xb_value v, xb_format f)
{
    int64_t d[4];
    if (f == XB_FMT_PLAIN || !xb_planner_image(p, v, d)) return XB_FMT_PLAIN;
    return d[2] * d[3] == 1 || d[1] == 1 ? XB_FMT_PLAIN : f;
}

static int add_slot(xb_planner *p, xb_value v, xb_format f, int buffer, const void *constant)
{
    f = canonical(p, v, f);
    xb_push(&p->slots, (xb_slot){.value = v, .format = f, .buffer = buffer, .constant = constant});
    int slot = (int)p->slots.n - 1;
    p->slot_of[v.id][f] = slot;
    return slot;
}

int xb_planner_out(xb_planner *p, xb_value v, xb_format f)
{
    size_t bytes;
    if (!xb_type_bytes(xb_graph_type(p->g, v), &bytes)) {
        p->failed = true;
        xb_error(p->d, "engine-shape", (.file = xb_graph_file(p->g)), "the size of '%s' is not known",
                 xb_graph_value_name(p->g, v));
        return -1;
    }
    xb_push(&p->buffers, (xb_buffer){.bytes = bytes, .first = (int)p->steps.n, .last = (int)p->steps.n});
    return add_slot(p, v, f, (int)p->buffers.n - 1, NULL);
}

int xb_planner_over(xb_planner *p, xb_value v, xb_format f, int slot)
{
    const xb_slot *s = &p->slots.data[slot];
    return add_slot(p, v, f, s->buffer, s->constant);
}

static void *aligned_copy(const void *data, size_t n)
{
    void *to = aligned_alloc(64, n / 64 * 64 + 64);
    if (!to) xb_out_of_memory();
    memcpy(to, data, n);
    return to;
}

static int constant_slot(xb_planner *p, xb_value v)
{
    const xb_type *t = xb_graph_type(p->g, v);
    const void *data = xb_graph_data(p->g, v);
    size_t bytes = 0, size = xb_dtype_size(t->dtype);
    if (size && (uintptr_t)data % size && xb_type_bytes(t, &bytes)) {
        xb_push(&p->owned, aligned_copy(data, bytes));
        data = p->owned.data[p->owned.n - 1];
    }
    return add_slot(p, v, XB_FMT_PLAIN, -1, data);
}

bool xb_planner_has(const xb_planner *p, xb_value v)
{
    for (int f = 0; f < XB_FMTS; f++)
        if (p->slot_of[v.id][f] >= 0) return p->slots.data[p->slot_of[v.id][f]].buffer >= 0;
    return false;
}

xb_format xb_planner_found(const xb_planner *p, xb_value v)
{
    if (p->slot_of[v.id][XB_FMT_BLOCKED] >= 0) return XB_FMT_BLOCKED;
    return p->slot_of[v.id][XB_FMT_NHWC] >= 0 ? XB_FMT_NHWC : XB_FMT_PLAIN;
}

static int convert(xb_planner *p, xb_value v, xb_format f)
{
    int64_t dim[4];
    int from = 0;
    while (from < XB_FMTS && p->slot_of[v.id][from] < 0) from++;
    if (from == XB_FMTS || !xb_planner_image(p, v, dim)) {
        p->failed = true;
        xb_error(p->d, "engine", (.file = xb_graph_file(p->g)), "'%s' is read before it is computed",
                 xb_graph_value_name(p->g, v));
        return -1;
    }
    xb_dnnl_op *op = xb_dnnl_convert(p->lib, dim, (xb_format)from, f);
    if (!op) {
        p->failed = true;
        xb_error(p->d, "engine", (.file = xb_graph_file(p->g)), "oneDNN cannot bring '%s' from %s to %s",
                 xb_graph_value_name(p->g, v), xb_format_name((xb_format)from), xb_format_name(f));
        return -1;
    }
    int in = p->slot_of[v.id][from], out = xb_planner_out(p, v, f);
    xb_planner_step(p, XB_STEP_DNNL, (xb_op){0}, &in, 1, &out, 1)->dnnl = op;
    return out;
}

int xb_planner_in(xb_planner *p, xb_value v, xb_format f)
{
    f = canonical(p, v, f);
    if (xb_graph_is_const(p->g, v) && p->slot_of[v.id][XB_FMT_PLAIN] < 0) constant_slot(p, v);
    return p->slot_of[v.id][f] >= 0 ? p->slot_of[v.id][f] : convert(p, v, f);
}

static int *copy_list(const int *from, size_t n)
{
    int *to = xb_calloc(n + 1, sizeof *to);
    if (n) memcpy(to, from, n * sizeof *to);
    return to;
}

xb_step *xb_planner_step(xb_planner *p, xb_step_kind kind, xb_op op, const int *in, size_t n_in, const int *out,
                         size_t n_out)
{
    int now = (int)p->steps.n;
    for (size_t i = 0; i < n_in + n_out; i++) {
        int slot = i < n_in ? in[i] : out[i - n_in];
        int b = slot < 0 ? -1 : p->slots.data[slot].buffer;
        if (b >= 0 && p->buffers.data[b].last < now) p->buffers.data[b].last = now;
    }
    xb_push(&p->steps, (xb_step){.kind = kind,
                                 .op = op,
                                 .in = copy_list(in, n_in),
                                 .out = copy_list(out, n_out),
                                 .n_in = n_in,
                                 .n_out = n_out});
    return &p->steps.data[now];
}

bool xb_planner_dies(const xb_planner *p, xb_value v, xb_op last, int from)
{
    const xb_uses *u = &p->uses[p->root[v.id]];
    return xb_planner_has(p, v) && u->last == p->position[last.id] && u->before < from;
}

bool xb_planner_is_custom(const xb_planner *p, xb_op op)
{
    const xb_custom_ops *c = p->plan->custom;
    return c && c->takes(c->context, p->g, op);
}

bool xb_planner_is_view(const xb_planner *p, xb_op op)
{
    if (!p->lib) return false;
    switch (xb_graph_kind(p->g, op)) {
    case XB_OP_Reshape:
    case XB_OP_Flatten:
    case XB_OP_Squeeze:
    case XB_OP_Unsqueeze:
    case XB_OP_Identity:
        return true;
    case XB_OP_Dropout: {
        const xb_value *out;
        return !xb_graph_draws(p->g, op) && (xb_graph_op_outputs(p->g, op, &out) < 2 || !out[1].id);
    }
    default:
        return false;
    }
}

const float *xb_planner_floats(xb_planner *p, xb_value v, float **copy)
{
    const void *data = xb_graph_data(p->g, v);
    size_t bytes;
    *copy = NULL;
    if ((uintptr_t)data % sizeof(float) == 0 || !xb_type_bytes(xb_graph_type(p->g, v), &bytes)) return data;
    *copy = aligned_copy(data, bytes);
    xb_planner_packed(p, v);
    return *copy;
}

void xb_planner_packed(const xb_planner *p, xb_value v)
{
    size_t bytes;
    if (xb_graph_is_view(p->g, v) && xb_type_bytes(xb_graph_type(p->g, v), &bytes))
        xb_view_done(xb_graph_data(p->g, v), bytes);
}

bool xb_planner_f32(const xb_planner *p, xb_value v)
{
    const xb_type *t = xb_graph_type(p->g, v);
    return t->dtype == XB_F32 && xb_type_count(t) > 0;
}

bool xb_planner_scalar(const xb_planner *p, xb_value v, float *out)
{
    if (!xb_graph_is_const(p->g, v) || !xb_planner_f32(p, v) || xb_type_count(xb_graph_type(p->g, v)) != 1)
        return false;
    memcpy(out, xb_graph_data(p->g, v), sizeof *out);
    return true;
}

bool xb_planner_image(const xb_planner *p, xb_value v, int64_t dim[4])
{
    const xb_type *t = xb_graph_type(p->g, v);
    if (t->rank < 2 || t->rank > 4 || !xb_planner_f32(p, v)) return false;
    dim[0] = t->dim[0];
    dim[1] = t->dim[1];
    dim[2] = t->rank == 4 ? t->dim[2] : 1;
    dim[3] = t->rank == 4 ? t->dim[3] : t->rank == 3 ? t->dim[2] : 1;
    return true;
}

xb_value xb_planner_arg(const xb_planner *p, xb_op op, size_t i)
{
    const xb_value *in;
    size_t n = xb_graph_op_inputs(p->g, op, &in);
    return i < n ? in[i] : (xb_value){0};
}

xb_value xb_planner_result(const xb_planner *p, xb_op op)
{
    const xb_value *out;
    xb_graph_op_outputs(p->g, op, &out);
    return out[0];
}
