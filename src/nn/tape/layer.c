/* layer.c: convolutions and dense layers by oneDNN, with the bias and the ReLU that follow. */
#include "nn/tape/build.h"

/* What is asked of the layer, whichever kind it is. */
typedef struct layer {
    bool conv, winograd, product; /* product: back to the data */
    xb_conv_train c;
    xb_dense_train d;
    bool data, weights, dbias; /* gradients wanted */
} layer;

/* An Add of a bias, then a ReLU, where nobody else reads what is between. */
static void take_tail(xb_taping *b, xb_node *n, int channel)
{
    xb_op next = b->reader[n->y.id];
    if (next.id && !n->bias.id && xb_graph_kind(b->g, next) == XB_OP_Add) {
        xb_value u = xb_planner_arg(&b->look, next, 0), v = xb_planner_arg(&b->look, next, 1);
        xb_value other = u.id == n->y.id ? v : u, sum = xb_planner_result(&b->look, next);
        const xb_type *t = xb_graph_type(b->g, n->y);
        int64_t m = t->dim[t->rank - 1 - channel];
        if (xb_type_same(t, xb_graph_type(b->g, sum)) && xb_planner_is_bias(&b->look, other, m, channel)) {
            n->bias = other;
            n->y = sum;
            n->tail[n->n_tail++] = next;
            next = b->reader[sum.id];
        }
    }
    if (!next.id || xb_graph_kind(b->g, next) != XB_OP_Relu) return;
    n->y = xb_planner_result(&b->look, next);
    n->tail[n->n_tail++] = next;
    n->relu = true;
}

static xb_dnnl_op *make(const xb_taping *b, const layer *l, xb_direction direction)
{
    if (!l->conv) {
        xb_dense_train d = l->d;
        d.bias = direction == XB_BACK_WEIGHTS ? l->dbias : d.bias;
        return xb_dnnl_train_dense(b->lib, &d, direction);
    }
    xb_conv_train c = l->c;
    c.bias = direction == XB_BACK_WEIGHTS ? l->dbias : c.bias;
    c.winograd = l->winograd;
    c.product = l->product && direction == XB_BACK_DATA;
    xb_dnnl_op *op = xb_dnnl_train_conv(b->lib, &c, direction);
    if (op || !(c.winograd || c.product)) return op;
    c.winograd = c.product = false;
    return xb_dnnl_train_conv(b->lib, &c, direction);
}

/* All the kernels that are needed, or none. */
static bool kernels(xb_taping *b, xb_node *n, const layer *l)
{
    xb_dnnl_op *forward = make(b, l, XB_FORWARD), *data = NULL, *weights = NULL, *relu = NULL;
    bool ok = forward != NULL, back = l->weights || l->data;
    if (ok && l->data) ok = (data = make(b, l, XB_BACK_DATA)) != NULL;
    if (ok && l->weights) ok = (weights = make(b, l, XB_BACK_WEIGHTS)) != NULL;
    if (ok && n->relu && back) {
        int64_t count = xb_type_count(xb_graph_type(b->g, n->y));
        ok = (relu = xb_dnnl_train_unary(b->lib, count, XB_UNARY_RELU, 0, 0, XB_BACK_DATA)) != NULL;
    }
    if (!ok) {
        xb_dnnl_op_free(forward);
        xb_dnnl_op_free(data);
        xb_dnnl_op_free(weights);
        xb_dnnl_op_free(relu);
        return false;
    }
    n->forward = xb_taping_own(b, forward);
    n->data = xb_taping_own(b, data);
    n->weights = xb_taping_own(b, weights);
    n->relu_back = xb_taping_own(b, relu);
    return true;
}

static void wanted(const xb_taping *b, const xb_node *n, layer *l)
{
    l->data = xb_taping_wants(b, n->x);
    l->dbias = xb_taping_wants(b, n->bias);
    l->weights = l->dbias || xb_taping_wants(b, n->weight);
}

/* 3 x 3 windows that step by one, enough channels and rows to pay for the change of basis. */
static bool suits_winograd(const xb_taping *b, const xb_conv_train *c)
{
    const xb_geometry *w = &c->window;
    bool square = true;
    for (int i = 0; i < 2; i++) square = square && w->kernel[i] == 3 && w->stride[i] == 1 && w->dilation[i] == 1;
    return square && !b->t->options.no_winograd && !c->transposed && w->groups == 1 && w->in_channels >= 32 &&
           w->out_channels >= 32 && w->batch >= 4 && c->in == XB_FMT_BLOCKED;
}

/* Without AVX-512 the direct kernel is slow back to channel counts that do not fill its registers, 16 of them: large
 * windows are faster as a product (20 channels from 50, 5 x 5: 1.4 ms instead of 2.5). */
static bool suits_product(const xb_conv_train *c)
{
    const xb_geometry *w = &c->window;
    return xb_dnnl_block() == 8 && c->in == XB_FMT_NHWC && !c->transposed && w->groups == 1 &&
           w->kernel[0] * w->kernel[1] >= 25 && w->in_channels <= 24 && w->in_channels % 16 && w->out_channels >= 28;
}

static bool plan_conv(xb_taping *b, xb_node *n)
{
    layer l = {.conv = true};
    n->weight = xb_planner_arg(&b->look, n->op, 1);
    n->bias = xb_planner_arg(&b->look, n->op, 2);
    if (!xb_planner_geometry(&b->look, n->op, &l.c.window)) return false;
    take_tail(b, n, xb_graph_type(b->g, n->weight)->rank - 2);
    wanted(b, n, &l);
    l.c.transposed = xb_graph_kind(b->g, n->op) == XB_OP_ConvTranspose;
    l.c.bias = n->bias.id != 0;
    l.c.relu = n->relu;
    xb_formats f[4];
    int count = xb_planner_conv_formats(&l.c.window, f);
    for (int i = 0; i < count; i++) {
        l.c.in = n->in = f[i].in;
        l.c.out = n->out = f[i].out;
        l.winograd = suits_winograd(b, &l.c);
        l.product = suits_product(&l.c);
        if (kernels(b, n, &l)) return true;
    }
    return false;
}

/* Gemm, or MatMul by a matrix, over all leading rows. Without AVX-512 the graph's layout is as fast as any, and saves
 * the changes of layout (800 to 500, 32 rows: 0.3 ms each beside 0.3 ms for the product). */
static bool plan_dense(xb_taping *b, xb_node *n)
{
    const xb_graph *g = b->g;
    bool gemm = xb_graph_kind(g, n->op) == XB_OP_Gemm;
    n->weight = xb_planner_arg(&b->look, n->op, 1);
    n->bias = gemm ? xb_planner_arg(&b->look, n->op, 2) : (xb_value){0};
    const xb_type *x = xb_graph_type(g, n->x), *t = xb_graph_type(g, n->weight);
    if (t->rank != 2 || x->rank < 2) return false;
    if (gemm && (xb_graph_attr_int(g, n->op, "transA", 0) || xb_graph_attr_float(g, n->op, "alpha", 1) != 1 ||
                 xb_graph_attr_float(g, n->op, "beta", 1) != 1))
        return false;
    layer l = {.d.by_output = gemm && xb_graph_attr_int(g, n->op, "transB", 0)};
    l.d.m = t->dim[!l.d.by_output];
    l.d.n = t->dim[l.d.by_output];
    l.d.rows = xb_type_count(x) / l.d.n;
    if (n->bias.id && !xb_planner_is_bias(&b->look, n->bias, l.d.m, 0)) return false;
    take_tail(b, n, 0);
    wanted(b, n, &l);
    l.d.bias = n->bias.id != 0;
    l.d.relu = n->relu;
    n->in = n->out = XB_FMT_PLAIN;
    l.d.plain = xb_dnnl_block() == 8;
    if (kernels(b, n, &l)) return true;
    l.d.plain = false;
    return kernels(b, n, &l);
}

bool xb_taping_layer(xb_taping *b, xb_op op)
{
    xb_kind kind = xb_graph_kind(b->g, op);
    bool conv = kind == XB_OP_Conv || kind == XB_OP_ConvTranspose;
    if (!conv && kind != XB_OP_Gemm && kind != XB_OP_MatMul) return false;
    for (size_t i = 0; i < 3; i++) {
        xb_value v = xb_planner_arg(&b->look, op, i);
        if (v.id && (!xb_planner_f32(&b->look, v) || xb_graph_is_const(b->g, v) != (i > 0))) return false;
    }
    xb_node n = {.kind = XB_NODE_LAYER, .op = op, .kept = -1};
    n.x = xb_planner_arg(&b->look, op, 0);
    n.y = xb_planner_result(&b->look, op);
    if (!xb_planner_f32(&b->look, n.y) || !(conv ? plan_conv(b, &n) : plan_dense(b, &n))) return false;
    n.at_x = xb_taping_in(b, n.x, n.in);
    int at[4] = {n.at_x, xb_taping_weight(b, n.weight, n.forward)}, count = 2;
    if (n.bias.id) at[count++] = xb_taping_in(b, n.bias, XB_FMT_PLAIN);
    at[count++] = n.at_y = xb_taping_result(b, n.y, n.out);
    xb_taping_dnnl(b, op, n.forward, at, (size_t)count)->made = n.at_y;
    for (int i = 0; i < n.n_tail; i++) b->done[n.tail[i].id] = true;
    xb_push(&b->nodes, n);
    return true;
}

static int relu_back(xb_taping *b, const xb_node *n, int dy)
{
    int dx = xb_taping_reuse(b, dy);
    xb_taping_dnnl(b, n->tail[n->n_tail - 1], n->relu_back, (int[]){n->at_y, dy, dx}, 3);
    if (dx == dy) return dy;
    xb_taping_release(b, dy);
    b->t->place.data[dx].pending++;
    return dx;
}

void xb_taping_layer_back(xb_taping *b, const xb_node *n)
{
    int dy = xb_taping_gather(b, n->y, n->out);
    if (dy < 0) return;
    if (n->relu) dy = relu_back(b, n, dy);
    if (n->weights) {
        bool dweight = xb_taping_wants(b, n->weight), dbias = xb_taping_wants(b, n->bias);
        int at[4] = {n->at_x, dy, -1, -1};
        at[2] =
            dweight ? xb_taping_param(b, n->weight, n->weights) : xb_taping_temp(b, xb_dnnl_weight_bytes(n->weights));
        if (dbias) at[3] = xb_taping_param(b, n->bias, NULL);
        xb_taping_dnnl(b, n->op, n->weights, at, dbias ? 4 : 3);
        if (dweight) xb_taping_param_done(b, n->weight, n->weights, at[2]);
        if (dbias) xb_taping_param_done(b, n->bias, NULL, at[3]);
    }
    if (n->data) {
        int at[3] = {dy, xb_taping_weight(b, n->weight, n->data)};
        at[2] = xb_taping_temp(b, b->t->place.data[n->at_x].bytes);
        xb_taping_dnnl(b, n->op, n->data, at, 3);
        xb_taping_arrive(b, n->x, n->in, at[2]);
    }
    xb_taping_release(b, dy);
}
