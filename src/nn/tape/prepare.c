/* prepare.c: the graph of a tape, and where gradients flow in it. */
#include "nn/tape/build.h"

#include "ir/infer.h"
#include "nn/back.h"
#include <stdlib.h>

/* ---- the graph ---- */

/* The first output, or what a Softmax that makes it is taken from. */
static xb_value logits(const xb_graph *g)
{
    const xb_value *list;
    if (!xb_graph_outputs(g, &list)) return (xb_value){0};
    xb_value y = list[0];
    xb_op op = xb_graph_producer(g, y);
    if (!op.id) return y;
    xb_kind kind = xb_graph_kind(g, op);
    if (kind != XB_OP_Softmax && kind != XB_OP_LogSoftmax) return y;
    xb_graph_op_inputs(g, op, &list);
    return list[0];
}

/* Inference takes out a Dropout that does not say that it trains. */
static void let_drop(xb_graph *g)
{
    const bool yes = true;
    const xb_type type = {.dtype = XB_BOOLEAN};
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        if (xb_graph_kind(g, op) != XB_OP_Dropout) continue;
        const xb_value *in;
        size_t n = xb_graph_op_inputs(g, op, &in);
        if (n < 2) xb_graph_set_input(g, op, 1, (xb_value){0});
        xb_graph_set_input(g, op, 2, xb_graph_add_const(g, "", &type, &yes));
    }
}

/* The batch symbol of the graph without its Dropouts, which mix no samples; 0: the batch cannot be cut. */
static int64_t batch_symbol(const xb_graph *from)
{
    xb_graph *g = xb_graph_clone(from);
    for (xb_op op = xb_graph_first(g), next; op.id; op = next) {
        const xb_value *in, *out;
        next = xb_graph_next(g, op);
        if (xb_graph_kind(g, op) != XB_OP_Dropout) continue;
        xb_graph_op_inputs(g, op, &in);
        size_t n = xb_graph_op_outputs(g, op, &out);
        for (size_t i = 0; i < n; i++)
            if (out[i].id) xb_graph_replace(g, out[i], in[0]);
        xb_graph_remove(g, op);
    }
    int64_t symbol = xb_graph_batch_symbol(g);
    xb_graph_free(g);
    return symbol;
}

static bool shape_error(xb_diags *d, const xb_graph *g, const char *text)
{
    return xb_error(d, "train-shape", (.file = xb_graph_file(g)), "%s", text);
}

static bool bind(xb_diags *d, xb_graph *g, int64_t rows)
{
    const xb_value *in;
    if (xb_graph_inputs(g, &in) != 1)
        return shape_error(d, g, "a network to be trained has one input besides its weights");
    const xb_type *t = xb_graph_type(g, in[0]);
    if (t->dtype != XB_F32 || t->rank < 2) return shape_error(d, g, "the input is not f32[batch, ...]");
    int64_t symbol = batch_symbol(g);
    if (symbol >= 0)
        return shape_error(d, g, "the batch is not dimension 0 of every value: samples cannot be cut apart");
    return xb_graph_bind(d, g, symbol, rows);
}

static bool check(xb_diags *d, const xb_graph *g, int64_t rows)
{
    const xb_value *out;
    xb_graph_outputs(g, &out);
    const xb_type *t = xb_graph_type(g, out[0]);
    if (!xb_graph_producer(g, out[0]).id) return shape_error(d, g, "the output is not computed");
    if (t->dtype != XB_F32 || t->rank < 2 || t->dim[0] != rows || xb_type_count(t) < 1)
        return shape_error(d, g, "the output is not f32[batch, classes]");
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        size_t m = xb_graph_op_outputs(g, op, &out);
        for (size_t i = 0; i < m; i++)
            if (out[i].id && xb_type_count(xb_graph_type(g, out[i])) < 0)
                return xb_error(d, "train-shape", (.file = xb_graph_file(g)), "the size of '%s' is not known",
                                xb_graph_value_name(g, out[i]));
    }
    return true;
}

static bool check_trained(xb_diags *d, const xb_graph *g, const xb_value *trained, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const xb_type *t = xb_graph_type(g, trained[i]);
        if (!xb_graph_is_const(g, trained[i]) || t->dtype != XB_F32 || xb_type_count(t) < 1)
            return xb_error(d, "train-shape", (.file = xb_graph_file(g)), "'%s' is not a constant of type f32",
                            xb_graph_value_name(g, trained[i]));
    }
    return true;
}

xb_graph *xb_tape_prepare(xb_diags *d, const xb_graph *from, int64_t rows, const xb_value *trained, size_t n)
{
    if (rows < 1) {
        shape_error(d, from, "a shard has at least one sample");
        return NULL;
    }
    if (!check_trained(d, from, trained, n)) return NULL;
    xb_graph *g = xb_graph_clone(from);
    xb_value y = logits(g);
    bool ok = y.id || shape_error(d, g, "the network has no output");
    if (ok) {
        xb_graph_set_outputs(g, &y, 1);
        xb_graph_sweep(g);
        let_drop(g);
        ok = bind(d, g, rows) && check(d, g, rows);
    }
    if (ok) return g;
    xb_graph_free(g);
    return NULL;
}

/* ---- the flow ---- */

static bool is_real(const xb_graph *g, xb_value v)
{
    xb_dtype t = xb_graph_type(g, v)->dtype;
    return t == XB_F32 || t == XB_F64 || t == XB_F16 || t == XB_BF16;
}

static bool op_error(xb_taping *b, xb_op op, const char *why)
{
    xb_where where = xb_graph_where(b->g, op);
    xb_diag(b->d, XB_ERROR, "train-op", &where, "operator %s cannot be trained: %s", xb_graph_op_type(b->g, op), why);
    return false;
}

/* Is there a way back through op, if one is needed? */
static bool passable(xb_taping *b, xb_op op)
{
    const xb_value *in, *out;
    size_t n = xb_graph_op_inputs(b->g, op, &in), m = xb_graph_op_outputs(b->g, op, &out);
    bool needs = false, arrives = false, narrow = true;
    for (size_t i = 0; i < n; i++) needs = needs || (in[i].id && b->needs[in[i].id]);
    for (size_t i = 0; i < m; i++) {
        if (!xb_taping_wants(b, out[i])) continue;
        arrives = true;
        narrow = narrow && xb_graph_type(b->g, out[i])->dtype == XB_F32;
    }
    if (!needs || !arrives) return true;
    if (!xb_back_known(xb_graph_kind(b->g, op))) return op_error(b, op, "it has no gradient");
    if (!narrow) return op_error(b, op, "its result is not f32");
    return true;
}

/* What the tape computes itself: Dropout by its own draws, BatchNormalization by its own statistics. */
static bool computable(xb_taping *b, xb_op op)
{
    const xb_value *in, *out;
    size_t n = xb_graph_op_inputs(b->g, op, &in), m = xb_graph_op_outputs(b->g, op, &out);
    xb_kind kind = xb_graph_kind(b->g, op);
    if (kind != XB_OP_Dropout && kind != XB_OP_BatchNormalization) return true;
    for (size_t i = 1; i < m; i++)
        if (out[i].id && xb_graph_users(b->g, out[i])) return op_error(b, op, "its further results are read");
    if (!out[0].id || xb_graph_type(b->g, out[0])->dtype != XB_F32) return op_error(b, op, "its result is not f32");
    if (kind == XB_OP_BatchNormalization) {
        for (size_t i = 1; i < n; i++)
            if (!xb_graph_is_const(b->g, in[i]) || xb_graph_type(b->g, in[i])->dtype != XB_F32)
                return op_error(b, op, "its scale, shift, mean or variance is no f32 constant");
        return true;
    }
    float ratio = 0.5f;
    if (n > 1 && in[1].id && !xb_planner_scalar(&b->look, in[1], &ratio))
        return op_error(b, op, "its ratio is no f32 constant");
    return (ratio >= 0 && ratio < 1) || op_error(b, op, "its ratio is outside 0..1");
}

bool xb_taping_wants(const xb_taping *b, xb_value v)
{
    return v.id && b->needs[v.id] && b->arrives[v.id];
}

bool xb_taping_goes_back(const xb_taping *b, xb_op op)
{
    const xb_value *in, *out;
    size_t n = xb_graph_op_inputs(b->g, op, &in), m = xb_graph_op_outputs(b->g, op, &out);
    bool arrives = false, flows = false;
    for (size_t i = 0; i < m; i++) arrives = arrives || xb_taping_wants(b, out[i]);
    for (size_t i = 0; i < n; i++) flows = flows || (in[i].id && b->needs[in[i].id] && xb_back_flows(b->g, op, i));
    return arrives && flows;
}

static void note_needs(xb_taping *b, xb_op op)
{
    const xb_value *in, *out;
    size_t n = xb_graph_op_inputs(b->g, op, &in), m = xb_graph_op_outputs(b->g, op, &out);
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any = any || (in[i].id && b->needs[in[i].id] &&
                      (xb_back_flows(b->g, op, i) || !xb_back_known(xb_graph_kind(b->g, op))));
    for (size_t i = 0; i < m; i++)
        if (out[i].id) b->needs[out[i].id] = any && is_real(b->g, out[i]);
}

static void note_arrives(xb_taping *b, xb_op op)
{
    const xb_value *in, *out;
    size_t n = xb_graph_op_inputs(b->g, op, &in), m = xb_graph_op_outputs(b->g, op, &out);
    bool any = false;
    for (size_t i = 0; i < m; i++) any = any || (out[i].id && b->arrives[out[i].id]);
    for (size_t i = 0; any && i < n; i++) {
        if (!in[i].id || !xb_back_flows(b->g, op, i)) continue;
        b->arrives[in[i].id] = true;
        if (b->param[in[i].id] >= 0) b->t->param[b->param[in[i].id]].uses++;
    }
}

bool xb_taping_flow(xb_taping *b)
{
    const xb_value *out;
    xb_vec(xb_op) ops = {0};
    for (size_t i = 0; i < b->t->n_params; i++) b->needs[b->t->param[i].value.id] = true;
    for (xb_op op = xb_graph_first(b->g); op.id; op = xb_graph_next(b->g, op)) {
        note_needs(b, op);
        xb_push(&ops, op);
    }
    xb_graph_outputs(b->g, &out);
    b->arrives[out[0].id] = true;
    for (size_t i = ops.n; i-- > 0;) note_arrives(b, ops.data[i]);
    bool ok = true;
    for (size_t i = 0; i < ops.n; i++) ok = passable(b, ops.data[i]) && computable(b, ops.data[i]) && ok;
    xb_vec_free(&ops);
    return ok;
}
