/* edit_split.c: one op's outputs divided between two ops, whose results a Concat joins again. */
#include "nn/train/edit_private.h"
#include <stdlib.h>

typedef struct halves {
    xb_params *p;
    xb_matrix m;
    int weight_axis, out_axis; /* of the columns, in the weight and in the result */
    int64_t at, outputs;
    xb_op add; /* that brings a MatMul's bias; id 0: none */
    size_t bias_at;
    xb_value bias; /* of the op or of add, to be divided; id 0: none, or one that both halves read */
    int bias_axis;
    xb_op half[2];
} halves;

/* The dimension of a constant that broadcasting lays along out_axis; -1: none, or of size 1. */
static int laid_along(const xb_type *t, int rank, int axis)
{
    int at = axis - (rank - t->rank);
    return at >= 0 && at < t->rank && t->dim[at] != 1 ? at : -1;
}

static bool find_bias(xb_diags *d, halves *h, xb_op op)
{
    const xb_graph *g = h->p->graph;
    const xb_value *in;
    size_t n_in = xb_graph_op_inputs(g, op, &in);
    h->bias_axis = -1;
    h->add = xb_edit_bias_add(g, op, &h->bias_at);
    xb_value bias = n_in > 2 ? in[2] : (xb_value){0};
    if (h->add.id) {
        xb_graph_op_inputs(g, h->add, &in);
        bias = in[h->bias_at];
    }
    if (!bias.id) return true;
    const xb_type *t = xb_graph_type(g, bias);
    bool conv = xb_graph_kind(g, op) == XB_OP_Conv || xb_graph_kind(g, op) == XB_OP_ConvTranspose;
    int rank = xb_graph_type(g, xb_edit_result(g, op))->rank;
    h->bias_axis = conv ? 0 : laid_along(t, rank, h->out_axis);
    if (h->bias_axis < 0 && t->rank >= 0) return true;
    if (!xb_graph_is_const(g, bias)) return xb_edit_refuse(d, g, op, "the bias is no constant");
    if (xb_edit_is_tied(h->p, bias)) return xb_edit_refuse(d, g, op, "the bias is tied to others");
    if (t->dim[h->bias_axis] != h->outputs) return xb_edit_refuse(d, g, op, "the bias does not fit the outputs");
    h->bias = bias;
    return true;
}

static bool check_split(xb_diags *d, halves *h, xb_op op)
{
    const xb_graph *g = h->p->graph;
    if (!xb_edit_matrix(d, g, op, &h->m, &h->weight_axis)) return false;
    const xb_type *y = xb_graph_type(g, xb_edit_result(g, op));
    h->outputs = xb_graph_type(g, h->m.weight)->dim[h->weight_axis];
    h->out_axis = xb_edit_out_axis(g, op);
    if (h->out_axis < 0 || y->rank <= h->out_axis)
        return xb_edit_refuse(d, g, op, "the shape of the result is not known");
    if (h->at < 1 || h->at >= h->outputs)
        return xb_edit_refuse(d, g, op, "%lld outputs cannot be cut at %lld", (long long)h->outputs, (long long)h->at);
    if (xb_edit_is_tied(h->p, h->m.weight)) return xb_edit_refuse(d, g, op, "the weight is tied to others");
    return find_bias(d, h, op);
}

/* Half i of a constant along an axis. */
static xb_value half_of(halves *h, xb_value v, int axis, int i)
{
    xb_graph *g = h->p->graph;
    const xb_type old = *xb_graph_type(g, v);
    xb_type type;
    int64_t begin = i ? h->at : 0, n = (i ? h->outputs : h->at) - begin;
    int64_t *keep = xb_calloc((size_t)n, sizeof *keep);
    for (int64_t k = 0; k < n; k++) keep[k] = begin + k;
    int64_t *from = xb_edit_slices(&old, axis, keep, (size_t)n, &type);
    char *name = xb_edit_name(xb_graph_value_name(g, v), i ? "_b" : "_a");
    xb_value part = xb_edit_part(h->p, v, name, &type, from);
    free(name);
    free(from);
    free(keep);
    return part;
}

/* A copy of `op` that reads `in`, its result's dimension out_axis being half i's. */
static xb_value copy_op(halves *h, xb_op op, const xb_value *in, size_t n_in, int i, xb_op *made)
{
    xb_graph *g = h->p->graph;
    xb_value y;
    xb_type type = *xb_graph_type(g, xb_edit_result(g, op));
    char *name = xb_edit_name(xb_graph_op_name(g, op), i ? "_b" : "_a");
    *made = xb_graph_add_op(g, op, xb_graph_op_type(g, op), name, in, n_in, &y, 1);
    free(name);
    xb_edit_copy_attrs(g, *made, op);
    type.dim[h->out_axis] = i ? h->outputs - h->at : h->at;
    xb_graph_set_type(g, y, &type);
    return y;
}

/* Trained parts know the op that reads them. */
static void claim(const halves *h, xb_value v, xb_op op)
{
    xb_slot_state *s = v.id ? xb_params_find(h->p, v) : NULL;
    if (s) s->pub.op = op;
}

static xb_value make_half(halves *h, xb_op op, int i)
{
    xb_graph *g = h->p->graph;
    const xb_value *now;
    size_t n = xb_graph_op_inputs(g, op, &now);
    xb_value in[3] = {{0}}, weight = half_of(h, h->m.weight, h->weight_axis, i), bias = {0}, y;
    if (h->bias.id) bias = half_of(h, h->bias, h->bias_axis, i);
    for (size_t k = 0; k < n && k < 3; k++) in[k] = now[k].id == h->m.weight.id ? weight : now[k];
    if (bias.id && !h->add.id) in[2] = bias;
    y = copy_op(h, op, in, n, i, &h->half[i]);
    claim(h, weight, h->half[i]);
    claim(h, bias, h->half[i]);
    if (!h->add.id) return y;
    xb_op add;
    xb_value sum[2] = {y, y};
    sum[h->bias_at] = bias;
    y = copy_op(h, h->add, sum, 2, i, &add);
    claim(h, bias, add);
    return y;
}

bool xb_edit_split(xb_diags *d, xb_params *p, xb_op op, int64_t at, xb_op *first, xb_op *second)
{
    xb_graph *g = p->graph;
    halves h = {.p = p, .at = at};
    if (!check_split(d, &h, op)) return false;
    xb_op last = h.add.id ? h.add : op;
    xb_value part[2] = {make_half(&h, op, 0), make_half(&h, op, 1)}, all, old = xb_edit_result(g, last);
    char *name = xb_edit_name(xb_graph_op_name(g, op), "_join");
    xb_op join = xb_graph_add_op(g, last, "Concat", name, part, 2, &all, 1);
    free(name);
    const xb_type type = *xb_graph_type(g, old);
    xb_graph_set_int(g, join, "axis", h.out_axis);
    xb_graph_set_type(g, all, &type);
    xb_graph_replace(g, old, all);
    xb_graph_remove(g, last);
    xb_graph_remove(g, op);
    xb_edit_drop(p, h.m.weight);
    xb_edit_drop(p, h.bias);
    if (first) *first = h.half[0];
    if (second) *second = h.half[1];
    return true;
}
