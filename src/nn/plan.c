/* plan.c: the walk over a graph that makes its plan. */
#include "nn/plan.h"

#include "nn/plan_build.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is known beforehand ---- */

static void use(xb_planner *p, xb_value v, int at)
{
    xb_uses *u = &p->uses[p->root[v.id]];
    u->before = u->last;
    u->last = at;
}

static void note_uses(xb_planner *p)
{
    const xb_value *list;
    int at = 0;
    for (xb_op op = xb_graph_first(p->g); op.id; op = xb_graph_next(p->g, op), at++) {
        p->position[op.id] = at;
        bool view = xb_planner_is_view(p, op);
        size_t n = xb_graph_op_inputs(p->g, op, &list);
        for (size_t i = 0; i < n; i++) {
            if (!list[i].id) continue;
            p->uses[list[i].id].reader = op;
            if (!view || i) use(p, list[i], at);
        }
        if (view) p->root[xb_planner_result(p, op).id] = p->root[list[0].id];
    }
    size_t n = xb_graph_outputs(p->g, &list);
    for (size_t i = 0; i < n; i++) use(p, list[i], INT_MAX);
}

static void init(xb_planner *p)
{
    uint32_t values = xb_graph_value_limit(p->g) + 1, ops = xb_graph_op_limit(p->g) + 1;
    p->slot_of = xb_calloc(values, sizeof *p->slot_of);
    p->uses = xb_calloc(values, sizeof *p->uses);
    p->root = xb_calloc(values, sizeof *p->root);
    p->position = xb_calloc(ops, sizeof *p->position);
    p->done = xb_calloc(ops, sizeof *p->done);
    for (uint32_t i = 0; i < values; i++) {
        for (int f = 0; f < XB_FMTS; f++) p->slot_of[i][f] = -1;
        p->uses[i].last = p->uses[i].before = -1;
        p->root[i] = i;
    }
    note_uses(p);
}

/* ---- ops ---- */

static bool view(xb_planner *p, xb_op op)
{
    int in = xb_planner_in(p, xb_planner_arg(p, op, 0), XB_FMT_PLAIN);
    int out = in < 0 ? -1 : xb_planner_over(p, xb_planner_result(p, op), XB_FMT_PLAIN, in);
    xb_planner_step(p, XB_STEP_VIEW, op, &in, 1, &out, 1);
    return true;
}

static bool rule(xb_planner *p, xb_op op)
{
    if (!xb_planner_f32(p, xb_planner_result(p, op))) return false;
    switch (xb_graph_kind(p->g, op)) {
    case XB_OP_Conv:
    case XB_OP_ConvTranspose:
        return xb_plan_rule_conv(p, op);
    case XB_OP_Gemm:
    case XB_OP_MatMul:
        return xb_plan_rule_dense(p, op);
    case XB_OP_MaxPool:
    case XB_OP_AveragePool:
    case XB_OP_GlobalAveragePool:
    case XB_OP_GlobalMaxPool:
        return xb_plan_rule_pool(p, op);
    case XB_OP_Softmax:
        return xb_plan_rule_softmax(p, op);
    case XB_OP_BatchNormalization:
        return xb_plan_rule_norm(p, op);
    case XB_OP_LRN:
        return xb_plan_rule_lrn(p, op);
    case XB_OP_Transpose:
        return xb_plan_rule_transpose(p, op);
    default:
        return xb_plan_rule_unary(p, op) || xb_plan_rule_binary(p, op);
    }
}

/* Format of the first input and of the result of an op that runs on row-major data. */
static void row_major(const xb_planner *p, xb_op op, xb_step_kind kind, xb_format *in, xb_format *out)
{
    xb_value x = xb_planner_arg(p, op, 0);
    int64_t dim[4];
    *in = *out = XB_FMT_PLAIN;
    if (kind != XB_STEP_CUSTOM || !p->plan->custom->channels_last || !p->lib) return;
    if (xb_graph_kind(p->g, op) != XB_OP_Conv || !xb_planner_image(p, x, dim)) return;
    *out = XB_FMT_NHWC;
    if (xb_planner_found(p, x) != XB_FMT_PLAIN) *in = XB_FMT_NHWC;
}

static void plain(xb_planner *p, xb_op op, xb_step_kind kind)
{
    const xb_value *in, *out;
    size_t n_in = xb_graph_op_inputs(p->g, op, &in), n_out = xb_graph_op_outputs(p->g, op, &out);
    int *slot = xb_calloc(n_in + n_out + 1, sizeof *slot);
    xb_format from, to;
    row_major(p, op, kind, &from, &to);
    for (size_t i = 0; i < n_in; i++) slot[i] = in[i].id ? xb_planner_in(p, in[i], i ? XB_FMT_PLAIN : from) : -1;
    for (size_t i = 0; i < n_out; i++)
        slot[n_in + i] = out[i].id ? xb_planner_out(p, out[i], i ? XB_FMT_PLAIN : to) : -1;
    xb_planner_step(p, kind, op, slot, n_in, slot + n_in, n_out);
    free(slot);
}

static void plan_op(xb_planner *p, xb_op op)
{
    if (p->done[op.id]) return;
    if (xb_planner_is_custom(p, op)) {
        plain(p, op, XB_STEP_CUSTOM);
        return;
    }
    if (xb_planner_is_view(p, op)) {
        view(p, op);
        return;
    }
    if (p->lib && xb_graph_kind(p->g, op) == XB_OP_Concat && xb_plan_rule_join(p, op)) return;
    if (p->lib && rule(p, op)) return;
    plain(p, op, XB_STEP_PLAIN);
}

/* ---- the whole ---- */

static void inputs(xb_planner *p)
{
    const xb_value *list;
    xb_plan *plan = p->plan;
    plan->n_inputs = xb_graph_inputs(p->g, &list);
    plan->input = xb_calloc(plan->n_inputs + 1, sizeof *plan->input);
    for (size_t i = 0; i < plan->n_inputs; i++) {
        plan->input[i] = xb_planner_out(p, list[i], XB_FMT_PLAIN);
        if (!p->failed) p->buffers.data[p->buffers.n - 1].first = -1;
    }
}

static void outputs(xb_planner *p)
{
    const xb_value *list;
    xb_plan *plan = p->plan;
    plan->n_outputs = xb_graph_outputs(p->g, &list);
    plan->output = xb_calloc(plan->n_outputs + 1, sizeof *plan->output);
    for (size_t i = 0; i < plan->n_outputs && !p->failed; i++) {
        plan->output[i] = xb_planner_in(p, list[i], XB_FMT_PLAIN);
        if (p->failed) break;
        int b = p->slots.data[plan->output[i]].buffer;
        if (b >= 0) p->buffers.data[b].last = INT_MAX;
    }
}

static void hand_over(xb_planner *p)
{
    xb_plan *plan = p->plan;
    plan->slot = p->slots.data;
    plan->n_slots = p->slots.n;
    plan->buffer = p->buffers.data;
    plan->n_buffers = p->buffers.n;
    plan->step = p->steps.data;
    plan->n_steps = p->steps.n;
    plan->owned = p->owned.data;
    plan->n_owned = p->owned.n;
    free(p->slot_of);
    free(p->uses);
    free(p->root);
    free(p->position);
    free(p->done);
}

static void measure(xb_plan *plan)
{
    plan->bytes = xb_plan_place(plan->buffer, plan->n_buffers);
    for (size_t i = 0; i < plan->n_steps; i++) {
        const xb_dnnl_op *op = plan->step[i].dnnl;
        if (!op) continue;
        if (xb_dnnl_op_scratch(op) > plan->scratch) plan->scratch = xb_dnnl_op_scratch(op);
        plan->packed += xb_dnnl_op_packed(op);
    }
}

xb_plan *xb_plan_new(xb_diags *d, xb_graph *g, xb_dnnl *lib, const xb_custom_ops *custom)
{
    xb_plan *plan = xb_calloc(1, sizeof *plan);
    plan->graph = g;
    plan->lib = lib;
    plan->custom = custom;
    xb_planner p = {.d = d, .g = g, .plan = plan, .lib = lib};
    init(&p);
    inputs(&p);
    for (xb_op op = xb_graph_first(g); op.id && !p.failed; op = xb_graph_next(g, op)) plan_op(&p, op);
    if (!p.failed) outputs(&p);
    hand_over(&p);
    if (p.failed) {
        xb_plan_free(plan);
        return NULL;
    }
    measure(plan);
    return plan;
}

void xb_plan_free(xb_plan *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->n_steps; i++) {
        xb_dnnl_op_free(p->step[i].dnnl);
        free(p->step[i].in);
        free(p->step[i].out);
        free(p->step[i].piece);
    }
    for (size_t i = 0; i < p->n_owned; i++) free(p->owned[i]);
    free(p->owned);
    free(p->step);
    free(p->slot);
    free(p->buffer);
    free(p->input);
    free(p->output);
    xb_graph_free(p->graph);
    free(p);
}

size_t xb_plan_ops(const xb_plan *p, size_t *on_dnnl)
{
    size_t all = 0, fast = 0;
    for (size_t i = 0; i < p->n_steps; i++) {
        const xb_step *s = &p->step[i];
        if (!s->op.id) continue;
        all += 1 + (size_t)s->n_tail;
        if (s->kind == XB_STEP_DNNL) fast += 1 + (size_t)s->n_tail;
    }
    if (on_dnnl) *on_dnnl = fast;
    return all;
}

static void describe_step(const xb_plan *p, const xb_step *s, xb_buf *b)
{
    static const char *const kernel[] = {"", "plain C", "copy", "view", "custom", "own "};
    const xb_slot *in = s->n_in && s->in[0] >= 0 ? &p->slot[s->in[0]] : NULL;
    const xb_slot *out = s->n_out && s->out[0] >= 0 ? &p->slot[s->out[0]] : NULL;
    if (s->op.id)
        xb_buf_printf(b, "%s %s", xb_graph_op_name(p->graph, s->op), xb_graph_op_type(p->graph, s->op));
    else
        xb_buf_printf(b, "%s reorder", in ? xb_graph_value_name(p->graph, in->value) : "-");
    for (int i = 0; i < s->n_tail; i++) xb_buf_printf(b, "+%s", xb_graph_op_type(p->graph, s->tail[i]));
    xb_buf_printf(b, " %s%s %s > %s\n", s->dnnl ? xb_dnnl_op_kernel(s->dnnl) : kernel[s->kind],
                  s->max ? s->max->name : "", in ? xb_format_name(in->format) : "-",
                  out ? xb_format_name(out->format) : "-");
}

void xb_plan_describe(const xb_plan *p, xb_buf *b)
{
    for (size_t i = 0; i < p->n_steps; i++) describe_step(p, &p->step[i], b);
}
