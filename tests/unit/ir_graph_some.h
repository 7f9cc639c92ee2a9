/* ir_graph_some.h: small graphs, and everything the contract of graph.h promises, checked through its functions. */
#ifndef IR_GRAPH_SOME_H
#define IR_GRAPH_SOME_H

#include "base/file.h"
#include "base/rng.h"
#include "ir/graph.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const xb_op at_end = {0};
static const xb_type f32_4 = {XB_F32, 2, {1, 4}};

static xb_graph *new_graph(xb_value *x)
{
    xb_graph *g = xb_graph_new("net", "net.onnx");
    *x = xb_graph_add_input(g, "x", &f32_4);
    return g;
}

static xb_value unary(xb_graph *g, xb_op before, const char *type, const char *name, xb_value in, xb_op *op)
{
    xb_value out;
    xb_op made = xb_graph_add_op(g, before, type, name, &in, 1, &out, 1);
    if (op) *op = made;
    return out;
}

/* "a b c": the names of the ops in order. */
static const char *order_of(const xb_graph *g)
{
    static char text[4096];
    text[0] = 0;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        if (text[0]) strcat(text, " ");
        strcat(text, xb_graph_op_name(g, op));
    }
    return text;
}

/* Everything the contract promises, seen through the public functions alone. */
static void check_whole(const xb_graph *g)
{
    uint32_t n_values = xb_graph_value_limit(g), n_ops = xb_graph_op_limit(g);
    size_t *uses = xb_calloc(n_values, sizeof *uses), *place = xb_calloc(n_ops, sizeof *place), at = 0;
    const xb_value *list;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) place[op.id] = ++at;
    ck_assert_uint_eq(at, xb_graph_op_count(g));
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        size_t n = xb_graph_op_inputs(g, op, &list);
        for (size_t i = 0; i < n; i++) {
            if (!list[i].id) continue;
            uses[list[i].id]++;
            xb_op p = xb_graph_producer(g, list[i]);
            if (p.id) ck_assert_msg(place[p.id] && place[p.id] < place[op.id], "order of %u and %u", p.id, op.id);
        }
        n = xb_graph_op_outputs(g, op, &list);
        for (size_t i = 0; i < n; i++)
            if (list[i].id) ck_assert_uint_eq(xb_graph_producer(g, list[i]).id, op.id);
        ck_assert_uint_eq(xb_graph_find_op(g, xb_graph_op_name(g, op)).id, op.id);
    }
    size_t n = xb_graph_outputs(g, &list);
    for (size_t i = 0; i < n; i++) uses[list[i].id]++;
    for (xb_value v = {1}; v.id < n_values; v.id++) {
        const char *name = xb_graph_value_name(g, v);
        ck_assert_uint_eq(xb_graph_users(g, v), uses[v.id]);
        if (*name) ck_assert_uint_eq(xb_graph_find(g, name).id, v.id);
    }
    free(uses);
    free(place);
}

#endif
