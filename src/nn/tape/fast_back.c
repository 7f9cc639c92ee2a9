/* fast_back.c: the way back through what fast.c took. */
#include "nn/tape/build.h"

#include <stdlib.h>

/* The gradient of v, all of a step's own, has been written to `place` in format f. */
static void give(xb_taping *b, xb_op op, xb_value v, xb_format f, int place)
{
    if (b->param[v.id] < 0) {
        xb_taping_arrive(b, v, f, place);
        return;
    }
    int to = xb_taping_param(b, v, NULL);
    xb_tape_step *s = xb_taping_step(b, XB_TAPE_JOIN, op, (int[]){place, to}, 2);
    s->outer = 1;
    s->piece = xb_calloc(1, sizeof *s->piece);
    s->piece[0] = b->t->param[b->param[v.id]].n * sizeof(float);
    xb_taping_param_done(b, v, NULL, to);
}

static void add(xb_taping *b, const xb_node *n, int dy)
{
    for (size_t i = 0; i < 2; i++) {
        xb_value v = xb_planner_arg(&b->look, n->op, i);
        if (!xb_taping_wants(b, v)) continue;
        if (b->param[v.id] < 0 || n->out == XB_FMT_PLAIN) {
            give(b, n->op, v, n->out, dy);
        } else {
            xb_taping_arrive(b, v, n->out, dy);
            int plain = xb_taping_gather(b, v, XB_FMT_PLAIN);
            give(b, n->op, v, XB_FMT_PLAIN, plain);
            xb_taping_release(b, plain);
        }
    }
}

static void join(xb_taping *b, const xb_node *n, int dy)
{
    const xb_value *in;
    size_t count = xb_graph_op_inputs(b->g, n->op, &in);
    int *at = xb_calloc(count + 1, sizeof *at);
    at[0] = dy;
    for (size_t i = 0; i < count; i++)
        at[i + 1] = xb_taping_wants(b, in[i]) ? xb_taping_temp(b, n->piece[i] * n->outer) : -1;
    xb_tape_step *s = xb_taping_step(b, XB_TAPE_CUT, n->op, at, count + 1);
    s->outer = n->outer;
    s->piece = xb_calloc(count, sizeof *s->piece);
    for (size_t i = 0; i < count; i++) s->piece[i] = n->piece[i];
    for (size_t i = 0; i < count; i++)
        if (at[i + 1] >= 0) give(b, n->op, in[i], n->in, at[i + 1]);
    free(at);
}

static void norm(xb_taping *b, const xb_node *n, int dy)
{
    size_t bytes = b->t->place.data[n->both].bytes;
    int dx = xb_taping_temp(b, b->t->place.data[dy].bytes), dboth = xb_taping_temp(b, bytes), at[8], count = 0;
    const int head[5] = {n->at_x, n->mean, n->variance, n->both, dy};
    for (int i = 0; i < 5; i++) at[count++] = head[i];
    if (n->kept >= 0) at[count++] = n->kept;
    at[count++] = dx;
    at[count++] = dboth;
    xb_taping_dnnl(b, n->op, n->data, at, (size_t)count);
    if (xb_taping_wants(b, n->x)) give(b, n->op, n->x, n->in, dx);
    xb_value v[2] = {xb_planner_arg(&b->look, n->op, 1), xb_planner_arg(&b->look, n->op, 2)};
    int cut[3] = {dboth, -1, -1};
    for (int i = 0; i < 2; i++)
        if (xb_taping_wants(b, v[i])) cut[i + 1] = xb_taping_param(b, v[i], NULL);
    if (cut[1] < 0 && cut[2] < 0) return;
    xb_tape_step *s = xb_taping_step(b, XB_TAPE_CUT, n->op, cut, 3);
    s->outer = 1;
    s->piece = xb_calloc(2, sizeof *s->piece);
    s->piece[0] = s->piece[1] = bytes / 2;
    for (int i = 0; i < 2; i++)
        if (cut[i + 1] >= 0) xb_taping_param_done(b, v[i], NULL, cut[i + 1]);
}

/* The operands of a step with one gradient in and one out; returns how many. */
static int operands(xb_taping *b, const xb_node *n, int dy, int at[4])
{
    int count = 0;
    if (n->kind == XB_NODE_LRN) at[count++] = n->at_x;
    if (n->kind == XB_NODE_UNARY) at[count++] = n->kept;
    if (n->kind == XB_NODE_SOFTMAX) at[count++] = n->at_y;
    at[count++] = dy;
    if ((n->kind == XB_NODE_LRN || n->kind == XB_NODE_POOL) && n->kept >= 0) at[count++] = n->kept;
    size_t bytes = 0;
    if (!xb_type_bytes(xb_graph_type(b->g, n->x), &bytes)) xb_out_of_memory();
    at[count++] = n->kind == XB_NODE_UNARY ? xb_taping_reuse(b, dy) : xb_taping_temp(b, bytes);
    return count;
}

void xb_taping_fast_back(xb_taping *b, const xb_node *n)
{
    int dy = xb_taping_gather(b, n->y, n->out);
    if (dy < 0) return;
    if (n->kind == XB_NODE_ADD) {
        add(b, n, dy);
    } else if (n->kind == XB_NODE_JOIN) {
        join(b, n, dy);
    } else if (n->kind == XB_NODE_FAST_NORM) {
        norm(b, n, dy);
    } else if (n->kind == XB_NODE_MAX) {
        int dx = xb_taping_temp(b, b->t->place.data[n->at_x].bytes);
        xb_tape_step *s = xb_taping_step(b, XB_TAPE_MAX_BACK, n->op, (int[]){dy, n->kept, dx}, 3);
        s->window = n->window;
        s->max = n->max;
        give(b, n->op, n->x, n->in, dx);
    } else {
        int at[4], count = operands(b, n, dy, at);
        xb_taping_dnnl(b, n->op, n->data, at, (size_t)count)->result_last = n->kind == XB_NODE_TRANSPOSE;
        give(b, n->op, n->x, n->in, at[count - 1]);
    }
    xb_taping_release(b, dy);
}
