/* forward.c: which rule an op gets on the way forward, and the ops in plain C. */
#include "nn/tape/build.h"

#include <stdlib.h>

static void plain(xb_taping *b, xb_op op)
{
    const xb_value *in, *out;
    size_t n_in = xb_graph_op_inputs(b->g, op, &in), n_out = xb_graph_op_outputs(b->g, op, &out);
    int *at = xb_calloc(n_in + n_out + 1, sizeof *at);
    for (size_t i = 0; i < n_in; i++) at[i] = in[i].id ? xb_taping_in(b, in[i], XB_FMT_PLAIN) : -1;
    for (size_t i = 0; i < n_out; i++) at[n_in + i] = out[i].id ? xb_taping_result(b, out[i], XB_FMT_PLAIN) : -1;
    xb_tape_step *s = xb_taping_step(b, XB_TAPE_REF, op, at, n_in + n_out);
    s->n_in = n_in;
    s->n_out = n_out;
    for (size_t i = n_out; i-- > 0;)
        if (at[n_in + i] >= 0 && xb_planner_f32(&b->look, out[i])) s->made = at[n_in + i];
    xb_taping_node(b, XB_NODE_PLAIN, op);
    free(at);
}

/* BatchNormalization by the statistics of the rows. */
static void norm(xb_taping *b, xb_op op)
{
    xb_node n = *xb_taping_node(b, XB_NODE_NORM, op);
    size_t channels = (size_t)xb_type_count(xb_graph_type(b->g, xb_planner_arg(&b->look, op, 1)));
    n.mean = xb_taping_place(b, XB_IN_RUN, channels * sizeof(float));
    n.variance = xb_taping_place(b, XB_IN_RUN, channels * sizeof(float));
    n.at_x = xb_taping_in(b, n.x, XB_FMT_PLAIN);
    int at[6] = {n.at_x,
                 xb_taping_in(b, xb_planner_arg(&b->look, op, 1), XB_FMT_PLAIN),
                 xb_taping_in(b, xb_planner_arg(&b->look, op, 2), XB_FMT_PLAIN),
                 xb_taping_result(b, n.y, XB_FMT_PLAIN),
                 n.mean,
                 n.variance};
    n.at_y = at[3];
    xb_taping_step(b, XB_TAPE_NORM, op, at, 6)->made = n.at_y;
    b->nodes.data[b->nodes.n - 1] = n;
}

static bool drop(xb_taping *b, xb_op op)
{
    xb_value rate = xb_planner_arg(&b->look, op, 1);
    float ratio = 0.5f;
    if (rate.id) xb_planner_scalar(&b->look, rate, &ratio);
    uint32_t stream = ++b->drops;
    if (ratio == 0) return false;
    xb_node *n = xb_taping_node(b, XB_NODE_DROP, op);
    xb_value y = n->y;
    int in = xb_taping_in(b, n->x, XB_FMT_PLAIN), out = xb_taping_result(b, y, XB_FMT_PLAIN);
    n = &b->nodes.data[b->nodes.n - 1];
    n->kept = xb_taping_place(b, XB_IN_RUN, b->t->place.data[out].bytes);
    xb_tape_step *s = xb_taping_step(b, XB_TAPE_DROP, op, (int[]){in, n->kept, out}, 3);
    s->ratio = ratio;
    s->stream = stream;
    s->made = out;
    return true;
}

static bool is_view(const xb_taping *b, xb_op op)
{
    return b->lib && xb_planner_is_view(&b->look, op);
}

static void view(xb_taping *b, xb_op op)
{
    xb_node *n = xb_taping_node(b, XB_NODE_VIEW, op);
    xb_value x = n->x, y = n->y;
    int place = xb_taping_in(b, x, XB_FMT_PLAIN);
    if (place >= 0) xb_taping_over(b, y, XB_FMT_PLAIN, place);
}

/* Statistics of the batch: those of every BatchNormalization unless they are fixed. */
static void note_norm(xb_taping *b, xb_op op)
{
    const xb_node *n = &b->nodes.data[b->nodes.n - 1];
    const xb_type *t = xb_graph_type(b->g, xb_planner_arg(&b->look, op, 0));
    size_t channels = (size_t)xb_type_count(xb_graph_type(b->g, xb_planner_arg(&b->look, op, 1)));
    xb_push(&b->t->norm, (xb_tape_norm_stat){.op = op,
                                             .channels = channels,
                                             .count = (size_t)xb_type_count(t) / channels,
                                             .mean = n->mean,
                                             .variance = n->variance,
                                             .offset = b->t->stats});
    b->t->stats += 2 * channels;
}

void xb_taping_forward(xb_taping *b, xb_op op)
{
    xb_kind kind = xb_graph_kind(b->g, op);
    bool trains = kind == XB_OP_BatchNormalization && !b->t->options.fixed_norm;
    b->t->n_ops++;
    if (b->done[op.id]) return;
    if (kind == XB_OP_Dropout && drop(b, op)) return;
    if (is_view(b, op)) {
        view(b, op);
    } else if (b->lib && (xb_taping_layer(b, op) || xb_taping_fast(b, op))) {
        const xb_node *n = &b->nodes.data[b->nodes.n - 1];
        b->t->n_fast += n->forward ? 1 + (size_t)n->n_tail : 0;
    } else if (trains) {
        norm(b, op);
    } else {
        plain(b, op);
    }
    if (trains) note_norm(b, op);
}
