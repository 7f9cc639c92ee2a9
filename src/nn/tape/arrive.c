/* arrive.c: gradients on their way back: a value's gradient is the sum of what its readers send, added as it comes in,
 * which is from the graph's end to its begin.
 *
 * A place may carry the gradients of several values (both terms of a sum get the same one): it counts those that are
 * yet to be read, and is written over only by its last reader.
 */
#include "nn/tape/build.h"

#include <stdlib.h>

int xb_taping_temp(xb_taping *b, size_t bytes)
{
    return xb_taping_place(b, XB_IN_TEMP, bytes);
}

void xb_taping_arrive(xb_taping *b, xb_value v, xb_format f, int place)
{
    if (place < 0) return;
    b->t->place.data[place].pending++;
    xb_push(&b->arrivals, (xb_arrival){.value = v, .place = place, .format = xb_taping_canonical(b, v, f)});
}

void xb_taping_release(xb_taping *b, int place)
{
    if (place >= 0) b->t->place.data[place].pending--;
}

int xb_taping_reuse(xb_taping *b, int place)
{
    const xb_place *p = &b->t->place.data[place];
    return p->pending == 1 ? place : xb_taping_temp(b, p->bytes);
}

/* The same gradient in format f, pending in its new place. */
static int convert(xb_taping *b, const xb_arrival *a, xb_format f)
{
    int64_t dim[4];
    const xb_dnnl_op *op = NULL;
    if (b->lib && xb_planner_image(&b->look, a->value, dim))
        op = xb_taping_own(b, xb_dnnl_convert(b->lib, dim, a->format, f));
    if (!op) {
        b->failed = true;
        xb_error(b->d, "engine", (.file = xb_graph_file(b->g)),
                 "oneDNN cannot bring the gradient of '%s' from %s to %s", xb_graph_value_name(b->g, a->value),
                 xb_format_name(a->format), xb_format_name(f));
        return a->place;
    }
    int at[2] = {a->place, xb_taping_temp(b, b->t->place.data[a->place].bytes)};
    xb_taping_dnnl(b, (xb_op){0}, op, at, 2)->result_last = true;
    xb_taping_release(b, at[0]);
    b->t->place.data[at[1]].pending++;
    return at[1];
}

/* Both are pending; so is the result, which lies over the first operand or nowhere. */
static int add(xb_taping *b, int x, int y)
{
    bool over_x = b->t->place.data[x].pending == 1;
    int to = over_x ? x : xb_taping_reuse(b, y), at[3] = {over_x ? x : y, over_x ? y : x, to};
    int64_t count = (int64_t)(b->t->place.data[x].bytes / sizeof(float));
    const xb_dnnl_op *op = NULL;
    if (b->lib) op = xb_taping_own(b, xb_dnnl_combine(b->lib, XB_BINARY_ADD, 1, &count, &count, XB_FMT_PLAIN));
    if (op)
        xb_taping_dnnl(b, (xb_op){0}, op, at, 3)->result_last = true;
    else
        xb_taping_step(b, XB_TAPE_ADD, (xb_op){0}, at, 3);
    b->t->place.data[to].pending++;
    xb_taping_release(b, x);
    xb_taping_release(b, y);
    return to;
}

int xb_taping_gather(xb_taping *b, xb_value v, xb_format f)
{
    int sum = -1;
    f = xb_taping_canonical(b, v, f);
    for (size_t i = 0; i < b->arrivals.n; i++) {
        xb_arrival a = b->arrivals.data[i];
        if (a.value.id != v.id || a.place < 0) continue;
        int place = a.format == f ? a.place : convert(b, &a, f);
        sum = sum < 0 ? place : add(b, sum, place);
        b->arrivals.data[i].place = -1;
    }
    return sum;
}

/* ---- gradients of trained tensors ---- */

static xb_tape_param *param_of(xb_taping *b, xb_value v)
{
    return &b->t->param[b->param[v.id]];
}

static int in_grads(xb_taping *b, xb_tape_param *p, size_t bytes)
{
    if (p->place < 0) p->place = xb_taping_place(b, XB_IN_GRADS, bytes);
    return p->place;
}

int xb_taping_param(xb_taping *b, xb_value v, const xb_dnnl_op *layout)
{
    xb_tape_param *p = param_of(b, v);
    if (layout && xb_dnnl_weight_plain(layout)) layout = NULL;
    size_t bytes = layout ? xb_dnnl_weight_bytes(layout) : p->n * sizeof(float);
    bool direct = p->uses == 1 || (!layout && !p->given);
    p->given++;
    return direct ? in_grads(b, p, bytes) : xb_taping_temp(b, bytes);
}

static int unpacked(xb_taping *b, xb_tape_param *p, const xb_dnnl_op *unpack, int place)
{
    size_t bytes = p->n * sizeof(float);
    int at[2] = {place, p->seen ? xb_taping_temp(b, bytes) : in_grads(b, p, bytes)};
    xb_taping_dnnl(b, (xb_op){0}, unpack, at, 2);
    return at[1];
}

void xb_taping_param_done(xb_taping *b, xb_value v, const xb_dnnl_op *layout, int place)
{
    xb_tape_param *p = param_of(b, v);
    if (layout && !xb_dnnl_weight_plain(layout)) {
        const xb_dnnl_op *unpack = xb_taping_own(b, xb_dnnl_unpack(b->lib, layout));
        if (!unpack) {
            b->failed = true;
            xb_error(b->d, "engine", (.file = xb_graph_file(b->g)), "oneDNN cannot unpack the gradient of '%s'",
                     xb_graph_value_name(b->g, v));
            return;
        }
        if (p->uses == 1)
            p->unpack = unpack;
        else
            place = unpacked(b, p, unpack, place);
    }
    if (p->seen++) xb_taping_step(b, XB_TAPE_ADD, (xb_op){0}, (int[]){p->place, place, p->place}, 3);
}
