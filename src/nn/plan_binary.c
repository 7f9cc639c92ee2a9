/* plan_binary.c: rules for elementwise ops of one and two inputs. */
#include "nn/plan_build.h"

#include <string.h>

bool xb_plan_rule_unary(xb_planner *p, xb_op op)
{
    xb_value x, y = xb_planner_result(p, op);
    xb_tail t;
    if (!xb_planner_unary(p, op, &x, &t)) return false;
    xb_format f = xb_planner_found(p, x);
    xb_dnnl_op *dnnl = xb_dnnl_unary(p->lib, xb_type_count(xb_graph_type(p->g, x)), t.unary, t.alpha, t.beta);
    if (!dnnl) return false;
    bool dies = xb_planner_dies(p, x, op, p->position[op.id]);
    int in = xb_planner_in(p, x, f), out = dies ? xb_planner_over(p, y, f, in) : xb_planner_out(p, y, f);
    xb_planner_step(p, XB_STEP_DNNL, op, &in, 1, &out, 1)->dnnl = dnnl;
    return true;
}

static bool binary_of(xb_kind kind, xb_binary *b, bool *commutes)
{
    *commutes = kind != XB_OP_Sub && kind != XB_OP_Div;
    switch (kind) {
    case XB_OP_Add:
    case XB_OP_Sum:
        *b = XB_BINARY_ADD;
        return true;
    case XB_OP_Sub:
        *b = XB_BINARY_SUB;
        return true;
    case XB_OP_Mul:
        *b = XB_BINARY_MUL;
        return true;
    case XB_OP_Div:
        *b = XB_BINARY_DIV;
        return true;
    case XB_OP_Max:
        *b = XB_BINARY_MAX;
        return true;
    case XB_OP_Min:
        *b = XB_BINARY_MIN;
        return true;
    default:
        return false;
    }
}

static void step(xb_planner *p, xb_op op, xb_dnnl_op *dnnl, xb_value a, xb_value b, xb_format f)
{
    bool dies = xb_planner_dies(p, a, op, p->position[op.id]);
    int in[2] = {xb_planner_in(p, a, f), xb_planner_in(p, b, f)};
    xb_value y = xb_planner_result(p, op);
    int out = p->failed ? -1 : dies ? xb_planner_over(p, y, f, in[0]) : xb_planner_out(p, y, f);
    xb_planner_step(p, XB_STEP_DNNL, op, in, 2, &out, 1)->dnnl = dnnl;
}

static bool same_shape(xb_planner *p, xb_op op, xb_binary kind, xb_value a, xb_value b)
{
    int64_t count = xb_type_count(xb_graph_type(p->g, a));
    xb_format f = xb_planner_found(p, a);
    if (f == XB_FMT_PLAIN) f = xb_planner_found(p, b);
    xb_dnnl_op *dnnl = xb_dnnl_combine(p->lib, kind, 1, &count, &count, XB_FMT_PLAIN);
    if (dnnl) step(p, op, dnnl, a, b, f);
    return dnnl != NULL;
}

/* b stretched over a, which has the shape of the result. */
static bool stretched(xb_planner *p, xb_op op, xb_binary kind, xb_value a, xb_value b)
{
    const xb_type *ta = xb_graph_type(p->g, a), *tb = xb_graph_type(p->g, b);
    int64_t d[XB_MAX_RANK];
    for (int i = 0; i < ta->rank; i++) {
        int from = i - (ta->rank - tb->rank);
        d[i] = from < 0 ? 1 : tb->dim[from];
    }
    xb_format f = xb_planner_found(p, a);
    bool per_channel = ta->rank == 4 && d[1] == ta->dim[1] && d[2] * d[3] == 1;
    if (f != XB_FMT_PLAIN && !per_channel) f = XB_FMT_PLAIN;
    xb_dnnl_op *dnnl = xb_dnnl_combine(p->lib, kind, ta->rank, ta->dim, d, f);
    if (!dnnl) return false;
    bool dies = xb_planner_dies(p, a, op, p->position[op.id]);
    int in[2] = {xb_planner_in(p, a, f), xb_planner_in(p, b, XB_FMT_PLAIN)};
    xb_value y = xb_planner_result(p, op);
    int out = p->failed ? -1 : dies ? xb_planner_over(p, y, f, in[0]) : xb_planner_out(p, y, f);
    xb_planner_step(p, XB_STEP_DNNL, op, in, 2, &out, 1)->dnnl = dnnl;
    return true;
}

bool xb_plan_rule_binary(xb_planner *p, xb_op op)
{
    const xb_value *in;
    xb_binary kind;
    bool commutes;
    if (xb_graph_op_inputs(p->g, op, &in) != 2 || !binary_of(xb_graph_kind(p->g, op), &kind, &commutes)) return false;
    xb_value a = in[0], b = in[1];
    if (!xb_planner_f32(p, a) || !xb_planner_f32(p, b)) return false;
    const xb_type *t = xb_graph_type(p->g, xb_planner_result(p, op));
    if (xb_graph_is_const(p->g, a) && commutes) {
        a = in[1];
        b = in[0];
    }
    const xb_type *ta = xb_graph_type(p->g, a), *tb = xb_graph_type(p->g, b);
    if (xb_type_same(ta, tb)) return t->rank > 0 && same_shape(p, op, kind, a, b);
    if (xb_type_same(ta, t)) return stretched(p, op, kind, a, b);
    return commutes && xb_type_same(tb, t) && stretched(p, op, kind, b, a);
}
