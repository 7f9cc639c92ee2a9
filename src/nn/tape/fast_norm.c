/* fast_norm.c: BatchNormalization by oneDNN, with the ReLU that follows. */
#include "nn/tape/build.h"

#include <stdlib.h>

xb_format xb_taping_channels(const xb_taping *b, xb_value v)
{
    xb_format f = xb_taping_found(b, v);
    return f == XB_FMT_PLAIN ? XB_FMT_NHWC : f;
}

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

bool xb_taping_norm(xb_taping *b, xb_node *n)
{
    int64_t dim[4];
    bool fixed = b->t->options.fixed_norm;
    float epsilon = xb_graph_attr_float(b->g, n->op, "epsilon", 1e-5f);
    n->kind = XB_NODE_FAST_NORM;
    if (!xb_planner_image(&b->look, n->x, dim)) return false;
    n->in = n->out = xb_taping_channels(b, n->x);
    xb_op next = b->reader[n->y.id];
    for (int relu = next.id && xb_graph_kind(b->g, next) == XB_OP_Relu; relu >= 0; relu--) {
        if (!xb_taping_both_ways(b, n, xb_dnnl_train_norm(b->lib, dim, n->in, epsilon, fixed, relu, XB_FORWARD),
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
