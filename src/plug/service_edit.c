/* service_edit.c: "xb.edit": the trainer's structure verbs on a graph that nobody trains. */
#include "nn/train/edit.h"
#include "plug/context.h"
#include <xbarc/edit.h>

/* No tensor has a state, none is tied. */
static xb_params untrained(xb_graph *g)
{
    return (xb_params){.graph = g};
}

static int rotate(xb_cx *cx, xb_graph *g, xb_op op, const float *q, int64_t k)
{
    xb_params p = untrained(g);
    return xb_edit_rotate(xb_context_of(cx)->diags, &p, op, q, k) ? 0 : -1;
}

static int factor(xb_cx *cx, xb_graph *g, xb_op op, const float *u, const float *v, int64_t k, xb_op *first,
                  xb_op *second)
{
    xb_params p = untrained(g);
    return xb_edit_factor(xb_context_of(cx)->diags, &p, op, u, v, k, first, second) ? 0 : -1;
}

static int merge(xb_cx *cx, xb_graph *g, xb_op first, xb_op second, xb_op *op)
{
    xb_params p = untrained(g);
    return xb_edit_merge(xb_context_of(cx)->diags, &p, first, second, op) ? 0 : -1;
}

static int remove_units(xb_cx *cx, xb_graph *g, xb_op op, const int64_t *units, size_t n, bool fold)
{
    xb_params p = untrained(g);
    return xb_edit_remove_units(xb_context_of(cx)->diags, &p, op, units, n, fold) ? 0 : -1;
}

static int can_remove(xb_cx *cx, xb_graph *g, xb_op op, const int64_t *units, size_t n)
{
    xb_params p = untrained(g);
    return xb_edit_can_remove(xb_context_of(cx)->diags, &p, op, units, n) ? 0 : -1;
}

const xb_edit_api xb_edit_service = {
    .struct_size = sizeof(xb_edit_api),
    .rotate = rotate,
    .factor = factor,
    .merge = merge,
    .remove_units = remove_units,
    .can_remove = can_remove,
    .matches = xb_glob,
};
