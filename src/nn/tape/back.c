/* back.c: the way back, node by node: gradients of results in, gradients of inputs out. */
#include "nn/tape/build.h"

#include "nn/back.h"
#include <stdlib.h>

/* Where the gradient of v is to be written; it has a step of its own. */
static int target(xb_taping *b, xb_value v)
{
    if (b->param[v.id] >= 0) return xb_taping_param(b, v, NULL);
    size_t bytes = 0;
    if (!xb_type_bytes(xb_graph_type(b->g, v), &bytes)) xb_out_of_memory();
    return xb_taping_temp(b, bytes);
}

static void written(xb_taping *b, xb_value v, int place)
{
    if (b->param[v.id] >= 0)
        xb_taping_param_done(b, v, NULL, place);
    else
        xb_taping_arrive(b, v, XB_FMT_PLAIN, place);
}

static void plain(xb_taping *b, const xb_node *node)
{
    const xb_value *in, *out;
    size_t n = xb_graph_op_inputs(b->g, node->op, &in), m = xb_graph_op_outputs(b->g, node->op, &out);
    int *at = xb_calloc(2 * (n + m) + 1, sizeof *at), *dout = at + n + m, *din = dout + m;
    bool any = false;
    for (size_t i = 0; i < m; i++) {
        dout[i] = out[i].id ? xb_taping_gather(b, out[i], XB_FMT_PLAIN) : -1;
        any = any || dout[i] >= 0;
    }
    for (size_t i = 0; i < n; i++) at[i] = in[i].id ? xb_taping_in(b, in[i], XB_FMT_PLAIN) : -1;
    for (size_t i = 0; i < m; i++) at[n + i] = out[i].id ? xb_taping_in(b, out[i], XB_FMT_PLAIN) : -1;
    for (size_t i = 0; i < n; i++) {
        bool flows = any && xb_taping_wants(b, in[i]) && xb_back_flows(b->g, node->op, i);
        din[i] = flows ? target(b, in[i]) : -1;
    }
    if (any) {
        xb_tape_step *s = xb_taping_step(b, XB_TAPE_BACK, node->op, at, 2 * (n + m));
        s->n_in = n;
        s->n_out = m;
    }
    for (size_t i = 0; i < m; i++) xb_taping_release(b, dout[i]);
    for (size_t i = 0; i < n; i++)
        if (din[i] >= 0) written(b, in[i], din[i]);
    free(at);
}

static void norm(xb_taping *b, const xb_node *node)
{
    int dy = xb_taping_gather(b, node->y, XB_FMT_PLAIN);
    if (dy < 0) return;
    int at[8] = {node->at_x, -1, node->mean, node->variance, dy, -1, -1, -1};
    xb_value v[3];
    for (size_t i = 0; i < 3; i++) {
        v[i] = xb_planner_arg(&b->look, node->op, i);
        if (xb_taping_wants(b, v[i])) at[5 + i] = target(b, v[i]);
    }
    at[1] = xb_taping_in(b, v[1], XB_FMT_PLAIN);
    xb_taping_step(b, XB_TAPE_NORM_BACK, node->op, at, 8);
    xb_taping_release(b, dy);
    for (size_t i = 0; i < 3; i++)
        if (at[5 + i] >= 0) written(b, v[i], at[5 + i]);
}

static void drop(xb_taping *b, const xb_node *node)
{
    int dy = xb_taping_gather(b, node->y, XB_FMT_PLAIN);
    if (dy < 0) return;
    int dx = b->param[node->x.id] >= 0 ? target(b, node->x) : xb_taping_reuse(b, dy);
    xb_taping_step(b, XB_TAPE_SCALE, node->op, (int[]){dy, node->kept, dx}, 3);
    xb_taping_release(b, dy);
    written(b, node->x, dx);
}

static void view(xb_taping *b, const xb_node *node)
{
    int dy = xb_taping_gather(b, node->y, XB_FMT_PLAIN);
    if (dy < 0) return;
    if (b->param[node->x.id] < 0) {
        xb_taping_arrive(b, node->x, XB_FMT_PLAIN, dy);
    } else {
        int to = target(b, node->x);
        size_t bytes = b->t->place.data[dy].bytes;
        xb_tape_step *s = xb_taping_step(b, XB_TAPE_JOIN, node->op, (int[]){dy, to}, 2);
        s->outer = 1;
        s->piece = xb_calloc(1, sizeof *s->piece);
        s->piece[0] = bytes;
        xb_taping_param_done(b, node->x, NULL, to);
    }
    xb_taping_release(b, dy);
}

void xb_taping_back(xb_taping *b, const xb_node *node)
{
    bool any = xb_taping_goes_back(b, node->op);
    for (int i = 0; i < node->n_tail; i++) any = any || xb_taping_goes_back(b, node->tail[i]);
    if (!any) return;
    switch (node->kind) {
    case XB_NODE_PLAIN:
        plain(b, node);
        break;
    case XB_NODE_NORM:
        norm(b, node);
        break;
    case XB_NODE_DROP:
        drop(b, node);
        break;
    case XB_NODE_VIEW:
        view(b, node);
        break;
    case XB_NODE_LAYER:
        xb_taping_layer_back(b, node);
        break;
    default:
        xb_taping_fast_back(b, node);
        break;
    }
}
