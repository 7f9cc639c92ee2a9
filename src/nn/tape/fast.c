/* fast.c: pools, normalisations, elementwise ops and what moves data, by oneDNN: an op is taken only if both ways have
 * a kernel. */
#include "nn/tape/build.h"

#include <stdlib.h>

/* Takes over both kernels, the one for the way back only if something goes back. false: one is missing. */
static bool both_ways(xb_taping *b, xb_node *n, xb_dnnl_op *forward, xb_dnnl_op *back)
{
    bool goes_back = xb_taping_goes_back(b, n->op), ok = forward && (back || !goes_back);
    if (!ok) xb_dnnl_op_free(forward);
    if (!ok || !goes_back) xb_dnnl_op_free(back);
    if (!ok) return false;
    n->forward = xb_taping_own(b, forward);
    n->data = goes_back ? xb_taping_own(b, back) : NULL;
    return true;
}

static xb_format channel_format(const xb_taping *b, xb_value v)
{
    xb_format f = xb_taping_found(b, v);
    return f == XB_FMT_PLAIN ? XB_FMT_NHWC : f;
}

/* x and y in one format, and the workspace behind them. */
static void simple(xb_taping *b, xb_node *n)
{
    n->at_x = xb_taping_in(b, n->x, n->in);
    n->at_y = xb_taping_result(b, n->y, n->out);
    size_t workspace = xb_dnnl_workspace(n->forward);
    if (workspace) n->kept = xb_taping_place(b, XB_IN_RUN, workspace);
    int at[3] = {n->at_x, n->at_y, n->kept};
    xb_taping_dnnl(b, n->op, n->forward, at, workspace ? 3 : 2)->made = n->at_y;
}

static bool only_result(const xb_taping *b, xb_op op)
{
    const xb_value *out;
    size_t n = xb_graph_op_outputs(b->g, op, &out), used = 0;
    for (size_t i = 0; i < n; i++) used += out[i].id != 0;
    return used == 1 && n > 0 && out[0].id;
}

static bool suits_max(const xb_taping *b, const xb_node *n, const xb_geometry *w)
{
    int64_t d[4];
    return xb_dnnl_block() == 8 && w->in_channels % 8 && w->kernel[0] * w->kernel[1] <= XB_TAPE_TAPS &&
           xb_planner_image(&b->look, n->x, d) && xb_taping_found(b, n->x) == XB_FMT_NHWC;
}

static void max_pool(xb_taping *b, xb_node *n, const xb_geometry *w)
{
    n->kind = XB_NODE_MAX;
    n->in = n->out = XB_FMT_NHWC;
    n->window = b->t->window.n;
    xb_push(&b->t->window, *w);
    n->at_x = xb_taping_in(b, n->x, n->in);
    n->at_y = xb_taping_result(b, n->y, n->out);
    n->kept = xb_taping_place(b, XB_IN_RUN, b->t->place.data[n->at_y].bytes / sizeof(float) * sizeof(int32_t));
    xb_tape_step *s = xb_taping_step(b, XB_TAPE_MAX, n->op, (int[]){n->at_x, n->at_y, n->kept}, 3);
    s->made = n->at_y;
    s->window = n->window;
}

static bool pool(xb_taping *b, xb_node *n)
{
    xb_geometry w;
    xb_pool how;
    if (!xb_planner_pool(&b->look, n->op, &w, &how)) return false;
    if (how == XB_POOL_MAX && suits_max(b, n, &w)) {
        max_pool(b, n, &w);
        return true;
    }
    n->kind = XB_NODE_POOL;
    xb_format f[2] = {xb_taping_found(b, n->x), XB_FMT_NHWC};
    for (int i = 0; i < 2; i++) {
        n->in = n->out = f[i];
        xb_dnnl_op *forward = xb_dnnl_train_pool(b->lib, &w, how, f[i], XB_FORWARD);
        xb_dnnl_op *back = forward ? xb_dnnl_train_pool(b->lib, &w, how, f[i], XB_BACK_DATA) : NULL;
        if (!both_ways(b, n, forward, back)) continue;
        simple(b, n);
        return true;
    }
    return false;
}

static bool lrn(xb_taping *b, xb_node *n)
{
    const xb_graph *g = b->g;
    int64_t dim[4], size = xb_graph_attr_int(g, n->op, "size", 1);
    float alpha = xb_graph_attr_float(g, n->op, "alpha", 1e-4f), beta = xb_graph_attr_float(g, n->op, "beta", 0.75f);
    float k = xb_graph_attr_float(g, n->op, "bias", 1);
    n->kind = XB_NODE_LRN;
    if (!xb_planner_image(&b->look, n->x, dim) || size % 2 == 0) return false;
    xb_format f[2] = {channel_format(b, n->x), XB_FMT_BLOCKED};
    for (int i = 0; i < 2; i++) {
        n->in = n->out = f[i];
        if (f[i] == XB_FMT_BLOCKED && dim[1] % xb_dnnl_block()) continue;
        if (!both_ways(b, n, xb_dnnl_train_lrn(b->lib, dim, f[i], size, alpha, beta, k, XB_FORWARD),
                       xb_dnnl_train_lrn(b->lib, dim, f[i], size, alpha, beta, k, XB_BACK_DATA)))
            continue;
        simple(b, n);
        return true;
    }
    return false;
}

static bool softmax(xb_taping *b, xb_node *n)
{
    const xb_type *t = xb_graph_type(b->g, n->x);
    int64_t axis = xb_graph_attr_int(b->g, n->op, "axis", -1), dim[3] = {1, 1, 1};
    bool log = xb_graph_kind(b->g, n->op) == XB_OP_LogSoftmax;
    n->kind = XB_NODE_SOFTMAX;
    n->in = n->out = XB_FMT_PLAIN;
    if (axis < 0) axis += t->rank;
    if (axis < 0 || axis >= t->rank) return false;
    for (int i = 0; i < t->rank; i++) dim[i < axis ? 0 : i == axis ? 1 : 2] *= t->dim[i];
    if (!both_ways(b, n, xb_dnnl_train_softmax(b->lib, dim, log, XB_FORWARD),
                   xb_dnnl_train_softmax(b->lib, dim, log, XB_BACK_DATA)))
        return false;
    simple(b, n);
    return true;
}

static bool transpose(xb_taping *b, xb_node *n)
{
    const xb_type *t = xb_graph_type(b->g, n->x);
    const xb_attr *a = xb_graph_attr(b->g, n->op, "perm");
    int64_t perm[XB_MAX_RANK], back[XB_MAX_RANK];
    n->kind = XB_NODE_TRANSPOSE;
    n->in = n->out = XB_FMT_PLAIN;
    if (t->rank < 2 || (a && a->n != (size_t)t->rank)) return false;
    for (int i = 0; i < t->rank; i++) {
        perm[i] = a ? a->ints[i] : t->rank - 1 - i;
        back[perm[i]] = i;
    }
    if (!both_ways(b, n, xb_dnnl_transpose(b->lib, t->rank, t->dim, perm),
                   xb_dnnl_transpose(b->lib, t->rank, xb_graph_type(b->g, n->y)->dim, back)))
        return false;
    simple(b, n);
    b->t->forward.data[b->t->forward.n - 1].result_last = true;
    return true;
}

/* ---- elementwise ---- */

/* May a result lie over x? Nobody else reads x, and what made it does not look at it again on the way back. */
static bool may_cover(const xb_taping *b, xb_value x, xb_op op)
{
    if (b->reader[x.id].id != op.id || xb_graph_is_const(b->g, x)) return false;
    for (size_t i = b->nodes.n; i-- > 0;) {
        const xb_node *n = &b->nodes.data[i];
        if (n->y.id != x.id) continue;
        return !n->relu && (n->kind == XB_NODE_LAYER || n->kind == XB_NODE_POOL || n->kind == XB_NODE_FAST_NORM ||
                            n->kind == XB_NODE_ADD || n->kind == XB_NODE_JOIN);
    }
    return false;
}

static bool unary(xb_taping *b, xb_node *n)
{
    xb_tail t;
    const xb_value *in;
    size_t count = xb_graph_op_inputs(b->g, n->op, &in);
    n->kind = XB_NODE_UNARY;
    for (size_t i = 0; i < count; i++)
        if (in[i].id && b->param[in[i].id] >= 0) return false; /* its number changes with every step */
    if (!xb_planner_unary(&b->look, n->op, &n->x, &t) || xb_graph_is_const(b->g, n->x)) return false;
    int64_t size = xb_type_count(xb_graph_type(b->g, n->x));
    if (!both_ways(b, n, xb_dnnl_train_unary(b->lib, size, t.unary, t.alpha, t.beta, XB_FORWARD),
                   xb_dnnl_train_unary(b->lib, size, t.unary, t.alpha, t.beta, XB_BACK_DATA)))
        return false;
    bool from_result = xb_dnnl_unary_from_result(t.unary);
    n->in = n->out = xb_taping_found(b, n->x);
    n->at_x = xb_taping_in(b, n->x, n->in);
    if (from_result && may_cover(b, n->x, n->op)) {
        n->at_y = n->at_x;
        b->at[n->x.id][n->in] = -1;
        xb_taping_over(b, n->y, n->out, n->at_y);
    } else {
        n->at_y = xb_taping_result(b, n->y, n->out);
    }
    n->kept = from_result ? n->at_y : n->at_x;
    xb_taping_dnnl(b, n->op, n->forward, (int[]){n->at_x, n->at_y}, 2)->made = n->at_y;
    return true;
}

/* Two tensors of one shape. */
static bool add(xb_taping *b, xb_node *n)
{
    const xb_value *in;
    if (xb_graph_op_inputs(b->g, n->op, &in) != 2) return false;
    xb_value u = in[0], v = in[1];
    const xb_type *t = xb_graph_type(b->g, u);
    int64_t count = xb_type_count(t);
    n->kind = XB_NODE_ADD;
    if (!xb_type_same(t, xb_graph_type(b->g, v)) || t->rank < 1) return false;
    xb_dnnl_op *forward = xb_dnnl_combine(b->lib, XB_BINARY_ADD, 1, &count, &count, XB_FMT_PLAIN);
    if (!forward) return false;
    n->forward = xb_taping_own(b, forward);
    n->in = xb_taping_found(b, u);
    if (n->in == XB_FMT_PLAIN) n->in = xb_taping_found(b, v);
    n->out = n->in;
    int at[3] = {xb_taping_in(b, u, n->in), xb_taping_in(b, v, n->in)};
    at[2] = n->at_y = xb_taping_result(b, n->y, n->out);
    xb_tape_step *s = xb_taping_dnnl(b, n->op, n->forward, at, 3);
    s->made = n->at_y;
    s->result_last = true;
    return true;
}

/* ---- concatenation ---- */

static xb_format join_format(const xb_taping *b, xb_op op, int64_t axis)
{
    const xb_value *in;
    size_t n = xb_graph_op_inputs(b->g, op, &in);
    xb_format f = xb_taping_found(b, in[0]);
    for (size_t i = 0; i < n; i++) {
        int64_t d[4];
        if (axis != 1 || !xb_planner_image(&b->look, in[i], d) || xb_graph_type(b->g, in[i])->rank < 3)
            return XB_FMT_PLAIN;
        if (f == XB_FMT_BLOCKED && d[1] % xb_dnnl_block()) f = XB_FMT_NHWC;
    }
    return f;
}

static bool join(xb_taping *b, xb_node *n)
{
    const xb_value *in;
    size_t count = xb_graph_op_inputs(b->g, n->op, &in);
    const xb_type *t = xb_graph_type(b->g, n->y);
    int64_t axis = xb_graph_attr_int(b->g, n->op, "axis", 0), outer = 1;
    n->kind = XB_NODE_JOIN;
    if (axis < 0) axis += t->rank;
    if (axis < 0 || axis >= t->rank) return false;
    for (size_t i = 0; i < count; i++)
        if (!xb_planner_f32(&b->look, in[i])) return false;
    n->in = n->out = join_format(b, n->op, axis);
    for (int i = 0; i < axis; i++) outer *= t->dim[i];
    if (n->in == XB_FMT_NHWC) outer *= xb_type_count(t) / (t->dim[0] * t->dim[1]);
    int *at = xb_calloc(count + 1, sizeof *at);
    for (size_t i = 0; i < count; i++) at[i] = xb_taping_in(b, in[i], n->in);
    at[count] = n->at_y = xb_taping_result(b, n->y, n->out);
    xb_tape_step *s = xb_taping_step(b, XB_TAPE_JOIN, n->op, at, count + 1);
    s->made = n->at_y;
    s->outer = (size_t)outer;
    s->piece = xb_calloc(count, sizeof *s->piece);
    for (size_t i = 0; i < count; i++)
        s->piece[i] = (size_t)(xb_type_count(xb_graph_type(b->g, in[i])) / outer) * sizeof(float);
    n->outer = s->outer;
    n->piece = s->piece;
    free(at);
    return true;
}

/* ---- batch normalisation ---- */

/* Two places of c floats as one. */
static int pair(xb_taping *b, xb_op op, int first, int second, size_t bytes)
{
    int at[3] = {first, second, xb_taping_place(b, XB_IN_RUN, 2 * bytes)};
    xb_tape_step *s = xb_taping_step(b, XB_TAPE_JOIN, op, at, 3);
    s->outer = 1;
    s->piece = xb_calloc(2, sizeof *s->piece);
    s->piece[0] = s->piece[1] = bytes;
    return at[2];
}

static void norm_steps(xb_taping *b, xb_node *n, bool fixed, int64_t channels)
{
    size_t bytes = (size_t)channels * sizeof(float), workspace = xb_dnnl_workspace(n->forward);
    xb_value v[5];
    for (size_t i = 1; i < 5; i++) v[i] = xb_planner_arg(&b->look, n->op, i);
    n->both = pair(b, n->op, xb_taping_in(b, v[1], XB_FMT_PLAIN), xb_taping_in(b, v[2], XB_FMT_PLAIN), bytes);
    n->mean = fixed ? xb_taping_in(b, v[3], XB_FMT_PLAIN) : xb_taping_place(b, XB_IN_RUN, bytes);
    n->variance = fixed ? xb_taping_in(b, v[4], XB_FMT_PLAIN) : xb_taping_place(b, XB_IN_RUN, bytes);
    if (workspace) n->kept = xb_taping_place(b, XB_IN_RUN, workspace);
    n->at_x = xb_taping_in(b, n->x, n->in);
    n->at_y = xb_taping_result(b, n->y, n->out);
    int at[6] = {n->at_x, n->both, n->at_y, n->mean, n->variance, n->kept};
    xb_taping_dnnl(b, n->op, n->forward, at, workspace ? 6 : 5)->made = n->at_y;
    for (int i = 0; i < n->n_tail; i++) b->done[n->tail[i].id] = true;
}

static bool norm(xb_taping *b, xb_node *n)
{
    int64_t dim[4];
    bool fixed = b->t->options.fixed_norm;
    float epsilon = xb_graph_attr_float(b->g, n->op, "epsilon", 1e-5f);
    n->kind = XB_NODE_FAST_NORM;
    if (!xb_planner_image(&b->look, n->x, dim)) return false;
    n->in = n->out = channel_format(b, n->x);
    xb_op next = b->reader[n->y.id];
    for (int relu = next.id && xb_graph_kind(b->g, next) == XB_OP_Relu; relu >= 0; relu--) {
        if (!both_ways(b, n, xb_dnnl_train_norm(b->lib, dim, n->in, epsilon, fixed, relu, XB_FORWARD),
                       xb_dnnl_train_norm(b->lib, dim, n->in, epsilon, fixed, relu, XB_BACK_DATA)))
            continue;
        if (relu) {
            n->relu = true;
            n->tail[n->n_tail++] = next;
            n->y = xb_planner_result(&b->look, next);
        }
        norm_steps(b, n, fixed, dim[1]);
        return true;
    }
    return false;
}

/* ---- which ---- */

static bool rule(xb_taping *b, xb_node *n)
{
    switch (xb_graph_kind(b->g, n->op)) {
    case XB_OP_MaxPool:
    case XB_OP_AveragePool:
    case XB_OP_GlobalAveragePool:
    case XB_OP_GlobalMaxPool:
        return pool(b, n);
    case XB_OP_BatchNormalization:
        return norm(b, n);
    case XB_OP_LRN:
        return lrn(b, n);
    case XB_OP_Softmax:
    case XB_OP_LogSoftmax:
        return softmax(b, n);
    case XB_OP_Concat:
        return join(b, n);
    case XB_OP_Transpose:
        return transpose(b, n);
    case XB_OP_Add:
    case XB_OP_Sum:
        return add(b, n) || unary(b, n);
    default:
        return unary(b, n);
    }
}

bool xb_taping_fast(xb_taping *b, xb_op op)
{
    xb_node n = {.op = op, .kept = -1, .both = -1, .mean = -1, .variance = -1};
    n.x = xb_planner_arg(&b->look, op, 0);
    n.y = xb_planner_result(&b->look, op);
    if (!n.x.id || !only_result(b, op) || !xb_planner_f32(&b->look, n.x) || !xb_planner_f32(&b->look, n.y))
        return false;
    if (!rule(b, &n)) return false;
    xb_push(&b->nodes, n);
    return true;
}
