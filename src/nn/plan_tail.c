/* plan_tail.c: what runs inside the kernel of the op before it. */
#include "nn/plan_build.h"

#include <math.h>

/* Clip's bounds are optional constants. */
static bool clip(const xb_planner *p, xb_op op, xb_tail *t)
{
    xb_value lo = xb_planner_arg(p, op, 1), hi = xb_planner_arg(p, op, 2);
    *t = (xb_tail){.unary = XB_UNARY_CLIP, .alpha = -INFINITY, .beta = INFINITY};
    if (lo.id && !xb_planner_scalar(p, lo, &t->alpha)) return false;
    if (hi.id && !xb_planner_scalar(p, hi, &t->beta)) return false;
    return t->alpha <= t->beta;
}

/* x op c or c op x with a scalar c that does not widen x. */
static bool linear(const xb_planner *p, xb_op op, xb_kind kind, xb_value *x, xb_tail *t)
{
    xb_value a = xb_planner_arg(p, op, 0), b = xb_planner_arg(p, op, 1);
    float c;
    bool left = !xb_planner_scalar(p, b, &c);
    if (left && !xb_planner_scalar(p, a, &c)) return false;
    *x = left ? b : a;
    *t = (xb_tail){.unary = XB_UNARY_LINEAR, .alpha = 1};
    if (kind == XB_OP_Add) t->beta = c;
    if (kind == XB_OP_Mul) t->alpha = c;
    if (kind == XB_OP_Sub) {
        t->alpha = left ? -1 : 1;
        t->beta = left ? c : -c;
    }
    if (kind == XB_OP_Div) {
        if (left) return false;
        t->alpha = 1 / c;
    }
    return isfinite(t->alpha) && isfinite(t->beta);
}

static bool known(const xb_planner *p, xb_op op, xb_value *x, xb_tail *t)
{
    const xb_graph *g = p->g;
    xb_kind kind = xb_graph_kind(g, op);
    switch (kind) {
    case XB_OP_Relu:
        *t = (xb_tail){.unary = XB_UNARY_RELU};
        return true;
    case XB_OP_LeakyRelu:
        *t = (xb_tail){.unary = XB_UNARY_RELU, .alpha = xb_graph_attr_float(g, op, "alpha", 0.01f)};
        return true;
    case XB_OP_PRelu:
        *t = (xb_tail){.unary = XB_UNARY_RELU};
        return xb_planner_scalar(p, xb_planner_arg(p, op, 1), &t->alpha);
    case XB_OP_Elu:
        *t = (xb_tail){.unary = XB_UNARY_ELU, .alpha = xb_graph_attr_float(g, op, "alpha", 1)};
        return true;
    case XB_OP_Tanh:
        *t = (xb_tail){.unary = XB_UNARY_TANH};
        return true;
    case XB_OP_Sigmoid:
        *t = (xb_tail){.unary = XB_UNARY_SIGMOID};
        return true;
    case XB_OP_Softplus:
        *t = (xb_tail){.unary = XB_UNARY_SOFTPLUS};
        return true;
    case XB_OP_Abs:
        *t = (xb_tail){.unary = XB_UNARY_ABS};
        return true;
    case XB_OP_Sqrt:
        *t = (xb_tail){.unary = XB_UNARY_SQRT};
        return true;
    case XB_OP_Exp:
        *t = (xb_tail){.unary = XB_UNARY_EXP};
        return true;
    case XB_OP_HardSwish:
        *t = (xb_tail){.unary = XB_UNARY_HARDSWISH};
        return true;
    case XB_OP_Clip:
        return clip(p, op, t);
    case XB_OP_Add:
    case XB_OP_Sub:
    case XB_OP_Mul:
    case XB_OP_Div:
        return linear(p, op, kind, x, t);
    default:
        return false;
    }
}

bool xb_planner_unary(const xb_planner *p, xb_op op, xb_value *x, xb_tail *out)
{
    *x = xb_planner_arg(p, op, 0);
    if (!known(p, op, x, out)) return false;
    return xb_planner_f32(p, *x) &&
           xb_type_same(xb_graph_type(p->g, *x), xb_graph_type(p->g, xb_planner_result(p, op)));
}

bool xb_planner_is_bias(const xb_planner *p, xb_value v, int64_t n, int channel)
{
    const xb_type *t = xb_graph_type(p->g, v);
    int at = t->rank - 1 - channel;
    return xb_graph_is_const(p->g, v) && xb_planner_f32(p, v) && at >= 0 && t->dim[at] == n && xb_type_count(t) == n;
}

/* The op that alone reads v; id 0: none. */
static xb_op only_reader(const xb_planner *p, xb_value v)
{
    return xb_graph_users(p->g, v) == 1 ? p->uses[v.id].reader : (xb_op){0};
}

static bool take_add(const xb_planner *p, xb_op first, xb_op add, bool *has_bias, int channel, xb_tail_plan *t)
{
    xb_value a = xb_planner_arg(p, add, 0), b = xb_planner_arg(p, add, 1), y = xb_planner_result(p, add);
    xb_value other = a.id == t->result.id ? b : a;
    const xb_type *type = xb_graph_type(p->g, t->result);
    if (!xb_type_same(type, xb_graph_type(p->g, y))) return false;
    if (!*has_bias && !t->tail.sum && xb_planner_is_bias(p, other, type->dim[type->rank - 1 - channel], channel)) {
        *has_bias = true;
        t->bias = other;
        return true;
    }
    if (t->tail.sum || !xb_type_same(type, xb_graph_type(p->g, other)) ||
        !xb_planner_dies(p, other, add, p->position[first.id]))
        return false;
    t->tail.sum = true;
    t->other = other;
    return true;
}

xb_tail_plan xb_planner_tail(const xb_planner *p, xb_op op, bool has_bias, int channel)
{
    xb_tail_plan t = {.result = xb_planner_result(p, op)};
    while (t.n < XB_TAIL_OPS && !t.tail.unary) {
        xb_op next = only_reader(p, t.result);
        if (!next.id || xb_planner_is_custom(p, next)) break;
        xb_value x;
        xb_tail unary;
        if (xb_graph_kind(p->g, next) == XB_OP_Add && take_add(p, op, next, &has_bias, channel, &t)) {
        } else if (xb_planner_unary(p, next, &x, &unary)) {
            t.tail.unary = unary.unary;
            t.tail.alpha = unary.alpha;
            t.tail.beta = unary.beta;
        } else {
            break;
        }
        t.op[t.n++] = next;
        t.result = xb_planner_result(p, next);
    }
    return t;
}

void xb_planner_finish(xb_planner *p, xb_op op, xb_dnnl_op *dnnl, xb_format in, xb_format out, const xb_tail_plan *t)
{
    int x[2] = {xb_planner_in(p, xb_planner_arg(p, op, 0), in), -1};
    size_t n = 1;
    if (t->tail.sum) x[n++] = xb_planner_in(p, t->other, out);
    int y = p->failed ? -1 : n == 2 ? xb_planner_over(p, t->result, out, x[1]) : xb_planner_out(p, t->result, out);
    xb_step *s = xb_planner_step(p, XB_STEP_DNNL, op, x, n, &y, 1);
    s->dnnl = dnnl;
    for (int i = 0; i < t->n; i++) {
        s->tail[s->n_tail++] = t->op[i];
        p->done[t->op[i].id] = true;
    }
}
