/* plan_weights.c: rules for convolutions and dense layers. */
#include "nn/plan_build.h"

#include <stdlib.h>

/* Weights and bias of an op as the packer takes them, for the time of packing. */
typedef struct pair {
    const float *weight, *bias;
    float *copy[2];
} pair;

static void scale(const float **data, float **copy, int64_t n, float by)
{
    if (by == 1) return;
    float *to = xb_calloc((size_t)n, sizeof *to);
    for (int64_t i = 0; i < n; i++) to[i] = (*data)[i] * by;
    free(*copy);
    *data = *copy = to;
}

static void pair_free(pair *w)
{
    free(w->copy[0]);
    free(w->copy[1]);
}

bool xb_plan_rule_conv(xb_planner *p, xb_op op)
{
    xb_value weight = xb_planner_arg(p, op, 1), bias = xb_planner_arg(p, op, 2);
    xb_geometry g;
    if (!xb_graph_is_const(p->g, weight) || !xb_planner_f32(p, weight) || !xb_planner_geometry(p, op, &g)) return false;
    if (bias.id && !xb_graph_is_const(p->g, bias)) return false;
    int spatial = xb_graph_type(p->g, weight)->rank - 2;
    xb_tail_plan tail = xb_planner_tail(p, op, bias.id != 0, spatial);
    if (tail.bias.id) bias = tail.bias;
    pair w = {0};
    w.weight = xb_planner_floats(p, weight, &w.copy[0]);
    if (bias.id) w.bias = xb_planner_floats(p, bias, &w.copy[1]);
    xb_formats f[4];
    int n = xb_planner_conv_formats(&g, f);
    bool transposed = xb_graph_kind(p->g, op) == XB_OP_ConvTranspose;
    xb_dnnl_op *dnnl = NULL;
    for (int i = 0; i < n && !dnnl; i++) {
        dnnl = xb_dnnl_conv(p->lib, &g, transposed, f[i].in, f[i].out, w.weight, w.bias, tail.tail);
        if (dnnl) xb_planner_finish(p, op, dnnl, f[i].in, f[i].out, &tail);
    }
    xb_planner_packed(p, weight);
    pair_free(&w);
    return dnnl != NULL;
}

/* A bias of Gemm as [m]: false when it is something else. */
static bool dense_bias(xb_planner *p, xb_value v, int64_t m, float beta, pair *w)
{
    float one;
    const xb_type *t = xb_graph_type(p->g, v);
    if (xb_planner_scalar(p, v, &one)) {
        w->copy[1] = xb_calloc((size_t)m, sizeof(float));
        for (int64_t i = 0; i < m; i++) w->copy[1][i] = one * beta;
        w->bias = w->copy[1];
        return true;
    }
    if (!xb_graph_is_const(p->g, v) || !xb_planner_f32(p, v) || t->dim[t->rank - 1] != m || xb_type_count(t) != m)
        return false;
    w->bias = xb_planner_floats(p, v, &w->copy[1]);
    scale(&w->bias, &w->copy[1], m, beta);
    return true;
}

/* Gemm or MatMul by a constant matrix: rows x n times n x m. */
static bool dense(xb_planner *p, xb_op op)
{
    xb_graph *g = p->g;
    bool gemm = xb_graph_kind(g, op) == XB_OP_Gemm, by_output = gemm && xb_graph_attr_int(g, op, "transB", 0);
    xb_value weight = xb_planner_arg(p, op, 1), bias = gemm ? xb_planner_arg(p, op, 2) : (xb_value){0};
    const xb_type *x = xb_graph_type(g, xb_planner_arg(p, op, 0)), *t = xb_graph_type(g, weight);
    if (!xb_graph_is_const(g, weight) || t->rank != 2 || x->rank < 2) return false;
    if (gemm && xb_graph_attr_int(g, op, "transA", 0)) return false;
    int64_t m = t->dim[by_output ? 0 : 1], n = t->dim[by_output ? 1 : 0];
    pair w = {0};
    if (bias.id && !dense_bias(p, bias, m, xb_graph_attr_float(g, op, "beta", 1), &w)) return false;
    xb_tail_plan tail = xb_planner_tail(p, op, bias.id != 0, 0);
    if (tail.bias.id) w.bias = xb_planner_floats(p, tail.bias, &w.copy[1]);
    w.weight = xb_planner_floats(p, weight, &w.copy[0]);
    if (gemm) scale(&w.weight, &w.copy[0], m * n, xb_graph_attr_float(g, op, "alpha", 1));
    xb_dnnl_op *dnnl = xb_dnnl_dense(p->lib, xb_type_count(x) / n, n, m, by_output, w.weight, w.bias, tail.tail);
    xb_planner_packed(p, weight);
    pair_free(&w);
    if (dnnl) xb_planner_finish(p, op, dnnl, XB_FMT_PLAIN, XB_FMT_PLAIN, &tail);
    return dnnl != NULL;
}

static void padded(const xb_type *t, int rank, int64_t *dim)
{
    for (int i = 0; i < rank; i++) dim[i] = i < rank - t->rank ? 1 : t->dim[i - (rank - t->rank)];
}

/* MatMul of two computed tensors. */
static bool product(xb_planner *p, xb_op op)
{
    xb_value v[2] = {xb_planner_arg(p, op, 0), xb_planner_arg(p, op, 1)}, y = xb_planner_result(p, op);
    const xb_type *a = xb_graph_type(p->g, v[0]), *b = xb_graph_type(p->g, v[1]), *t = xb_graph_type(p->g, y);
    if (a->rank < 2 || b->rank < 2 || xb_graph_kind(p->g, op) != XB_OP_MatMul) return false;
    int64_t da[XB_MAX_RANK], db[XB_MAX_RANK];
    padded(a, t->rank, da);
    padded(b, t->rank, db);
    xb_dnnl_op *dnnl = xb_dnnl_matmul(p->lib, t->rank, da, db, t->dim);
    if (!dnnl) return false;
    int in[2] = {xb_planner_in(p, v[0], XB_FMT_PLAIN), xb_planner_in(p, v[1], XB_FMT_PLAIN)};
    int out = xb_planner_out(p, y, XB_FMT_PLAIN);
    xb_planner_step(p, XB_STEP_DNNL, op, in, 2, &out, 1)->dnnl = dnnl;
    return true;
}

bool xb_plan_rule_dense(xb_planner *p, xb_op op)
{
    for (size_t i = 0; i < 2; i++)
        if (!xb_planner_f32(p, xb_planner_arg(p, op, i))) return false;
    return xb_planner_f32(p, xb_planner_result(p, op)) && (dense(p, op) || product(p, op));
}
