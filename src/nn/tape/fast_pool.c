/* fast_pool.c: means and LRN by oneDNN, maxima by our own kernels. */
#include "nn/tape/build.h"

static void own_max(xb_taping *b, xb_node *n, const xb_geometry *w)
{
    n->kind = XB_NODE_MAX;
    n->in = n->out = xb_taping_found(b, n->x);
    n->window = b->t->window.n;
    xb_geometry images = xb_max_images(w, n->in);
    xb_push(&b->t->window, images);
    n->max = xb_max_best(images.in_channels);
    n->at_x = xb_taping_in(b, n->x, n->in);
    n->at_y = xb_taping_result(b, n->y, n->out);
    n->kept = xb_taping_place(b, XB_IN_RUN, b->t->place.data[n->at_y].bytes / sizeof(float));
    xb_tape_step *s = xb_taping_step(b, XB_TAPE_MAX, n->op, (int[]){n->at_x, n->at_y, n->kept}, 3);
    s->made = n->at_y;
    s->window = n->window;
    s->max = n->max;
}

bool xb_taping_pool(xb_taping *b, xb_node *n)
{
    xb_geometry w;
    xb_pool how;
    if (!xb_planner_pool(&b->look, n->op, &w, &how)) return false;
    if (how == XB_POOL_MAX && xb_max_suits(&w)) {
        own_max(b, n, &w);
        return true;
    }
    n->kind = XB_NODE_POOL;
    xb_format f[2] = {xb_taping_found(b, n->x), XB_FMT_NHWC};
    for (int i = 0; i < 2; i++) {
        n->in = n->out = f[i];
        xb_dnnl_op *forward = xb_dnnl_train_pool(b->lib, &w, how, f[i], XB_FORWARD);
        xb_dnnl_op *back = forward ? xb_dnnl_train_pool(b->lib, &w, how, f[i], XB_BACK_DATA) : NULL;
        if (!xb_taping_both_ways(b, n, forward, back)) continue;
        xb_taping_simple(b, n);
        return true;
    }
    return false;
}

bool xb_taping_lrn(xb_taping *b, xb_node *n)
{
    const xb_graph *g = b->g;
    int64_t dim[4], size = xb_graph_attr_int(g, n->op, "size", 1);
    float alpha = xb_graph_attr_float(g, n->op, "alpha", 1e-4f), beta = xb_graph_attr_float(g, n->op, "beta", 0.75f);
    float k = xb_graph_attr_float(g, n->op, "bias", 1);
    n->kind = XB_NODE_LRN;
    if (!xb_planner_image(&b->look, n->x, dim) || size % 2 == 0) return false;
    xb_format f[2] = {xb_taping_channels(b, n->x), XB_FMT_BLOCKED};
    for (int i = 0; i < 2; i++) {
        n->in = n->out = f[i];
        if (f[i] == XB_FMT_BLOCKED && dim[1] % xb_dnnl_block()) continue;
        if (!xb_taping_both_ways(b, n, xb_dnnl_train_lrn(b->lib, dim, f[i], size, alpha, beta, k, XB_FORWARD),
                                 xb_dnnl_train_lrn(b->lib, dim, f[i], size, alpha, beta, k, XB_BACK_DATA)))
            continue;
        xb_taping_simple(b, n);
        return true;
    }
    return false;
}
