/* plan_ops.c: rules for pools, normalisations and what moves data. */
#include "nn/plan_build.h"

#include <stdlib.h>

/* A step with one input, in one format. */
static bool simple(xb_planner *p, xb_op op, xb_dnnl_op *dnnl, xb_format f)
{
    if (!dnnl) return false;
    int in = xb_planner_in(p, xb_planner_arg(p, op, 0), f), out = xb_planner_out(p, xb_planner_result(p, op), f);
    xb_planner_step(p, XB_STEP_DNNL, op, &in, 1, &out, 1)->dnnl = dnnl;
    return true;
}

static size_t results(const xb_planner *p, xb_op op)
{
    const xb_value *out;
    size_t n = xb_graph_op_outputs(p->g, op, &out), used = 0;
    for (size_t i = 0; i < n; i++) used += out[i].id != 0;
    return used;
}

static bool own_max(xb_planner *p, xb_op op, const xb_geometry *w, xb_format f)
{
    if (!xb_max_suits(w)) return false;
    int in = xb_planner_in(p, xb_planner_arg(p, op, 0), f), out = xb_planner_out(p, xb_planner_result(p, op), f);
    xb_step *s = xb_planner_step(p, XB_STEP_MAX, op, &in, 1, &out, 1);
    s->window = xb_max_images(w, f);
    s->max = xb_max_best(s->window.in_channels);
    return true;
}

bool xb_plan_rule_pool(xb_planner *p, xb_op op)
{
    xb_geometry w;
    xb_pool how;
    if (results(p, op) != 1 || !xb_planner_pool(p, op, &w, &how)) return false;
    xb_format f = xb_planner_found(p, xb_planner_arg(p, op, 0));
    if (p->plan->custom && f == XB_FMT_PLAIN) f = XB_FMT_NHWC; /* oneDNN's pools of plain data are slow */
    if (how == XB_POOL_MAX && own_max(p, op, &w, f)) return true;
    if (simple(p, op, xb_dnnl_pool(p->lib, &w, how, f), f)) return true;
    return simple(p, op, xb_dnnl_pool(p->lib, &w, how, XB_FMT_NHWC), XB_FMT_NHWC);
}

bool xb_plan_rule_softmax(xb_planner *p, xb_op op)
{
    const xb_type *t = xb_graph_type(p->g, xb_planner_arg(p, op, 0));
    int64_t axis = xb_graph_attr_int(p->g, op, "axis", -1), dim[3] = {1, 1, 1};
    if (axis < 0) axis += t->rank;
    if (!xb_planner_f32(p, xb_planner_arg(p, op, 0)) || axis < 0 || axis >= t->rank) return false;
    for (int i = 0; i < t->rank; i++) dim[i < axis ? 0 : i == axis ? 1 : 2] *= t->dim[i];
    return simple(p, op, xb_dnnl_softmax(p->lib, dim), XB_FMT_PLAIN);
}

/* Channels side by side suit what works along channels. */
static xb_format channel_format(const xb_planner *p, xb_value v)
{
    xb_format f = xb_planner_found(p, v);
    return f == XB_FMT_PLAIN ? XB_FMT_NHWC : f;
}

bool xb_plan_rule_norm(xb_planner *p, xb_op op)
{
    xb_value x = xb_planner_arg(p, op, 0);
    int64_t dim[4];
    if (results(p, op) != 1 || !xb_planner_image(p, x, dim)) return false;
    const float *data[4];
    float *copy[4] = {0};
    bool ok = true;
    for (size_t i = 0; i < 4; i++) {
        xb_value v = xb_planner_arg(p, op, i + 1);
        ok =
            ok && xb_graph_is_const(p->g, v) && xb_planner_f32(p, v) && xb_type_count(xb_graph_type(p->g, v)) == dim[1];
        if (ok) data[i] = xb_planner_floats(p, v, &copy[i]);
    }
    if (ok) {
        xb_format f = channel_format(p, x);
        float epsilon = xb_graph_attr_float(p->g, op, "epsilon", 1e-5f);
        xb_dnnl_op *dnnl = xb_dnnl_norm(p->lib, dim, f, data[0], data[1], data[2], data[3], epsilon);
        ok = simple(p, op, dnnl, f);
    }
    for (size_t i = 0; i < 4; i++) free(copy[i]);
    return ok;
}

bool xb_plan_rule_lrn(xb_planner *p, xb_op op)
{
    xb_value x = xb_planner_arg(p, op, 0);
    int64_t dim[4], size = xb_graph_attr_int(p->g, op, "size", 1);
    if (!xb_planner_image(p, x, dim) || size % 2 == 0) return false;
    float alpha = xb_graph_attr_float(p->g, op, "alpha", 1e-4f), beta = xb_graph_attr_float(p->g, op, "beta", 0.75f);
    float bias = xb_graph_attr_float(p->g, op, "bias", 1);
    xb_format f = channel_format(p, x);
    if (simple(p, op, xb_dnnl_lrn(p->lib, dim, f, size, alpha, beta, bias), f)) return true;
    return simple(p, op, xb_dnnl_lrn(p->lib, dim, XB_FMT_PLAIN, size, alpha, beta, bias), XB_FMT_PLAIN);
}

bool xb_plan_rule_transpose(xb_planner *p, xb_op op)
{
    xb_value x = xb_planner_arg(p, op, 0);
    const xb_type *t = xb_graph_type(p->g, x);
    const xb_attr *a = xb_graph_attr(p->g, op, "perm");
    if (!xb_planner_f32(p, x) || t->rank < 2 || (a && a->n != (size_t)t->rank)) return false;
    int64_t perm[XB_MAX_RANK];
    for (int i = 0; i < t->rank; i++) perm[i] = a ? a->ints[i] : t->rank - 1 - i;
    return simple(p, op, xb_dnnl_transpose(p->lib, t->rank, t->dim, perm), XB_FMT_PLAIN);
}

/* The format in which all inputs can be put one behind the other: the first one's, if axis and sizes allow. */
static xb_format join_format(const xb_planner *p, xb_op op, int64_t axis)
{
    const xb_value *in;
    size_t n = xb_graph_op_inputs(p->g, op, &in);
    xb_format f = xb_planner_found(p, in[0]);
    for (size_t i = 0; i < n; i++) {
        int64_t d[4];
        if (axis != 1 || !xb_planner_image(p, in[i], d) || xb_graph_type(p->g, in[i])->rank < 3) return XB_FMT_PLAIN;
        if (f == XB_FMT_BLOCKED && d[1] % xb_dnnl_block()) f = XB_FMT_NHWC;
    }
    return f;
}

/* Concat, by our own copies. */
bool xb_plan_rule_join(xb_planner *p, xb_op op)
{
    const xb_value *in;
    size_t n = xb_graph_op_inputs(p->g, op, &in);
    xb_value y = xb_planner_result(p, op);
    const xb_type *t = xb_graph_type(p->g, y);
    int64_t axis = xb_graph_attr_int(p->g, op, "axis", 0);
    if (axis < 0) axis += t->rank;
    if (axis < 0 || axis >= t->rank || xb_type_count(t) <= 0) return false;
    xb_format f = join_format(p, op, axis);
    int64_t outer = 1;
    for (int i = 0; i < axis; i++) outer *= t->dim[i];
    if (f == XB_FMT_NHWC) outer *= xb_type_count(t) / (t->dim[0] * t->dim[1]);
    int *slot = xb_calloc(n, sizeof *slot), out;
    size_t *piece = xb_calloc(n, sizeof *piece);
    for (size_t i = 0; i < n; i++) {
        slot[i] = xb_planner_in(p, in[i], f);
        piece[i] = (size_t)(xb_type_count(xb_graph_type(p->g, in[i])) / outer) * xb_dtype_size(t->dtype);
    }
    out = xb_planner_out(p, y, f);
    xb_step *s = xb_planner_step(p, XB_STEP_JOIN, op, slot, n, &out, 1);
    s->outer = (size_t)outer;
    s->piece = piece;
    free(slot);
    return true;
}
