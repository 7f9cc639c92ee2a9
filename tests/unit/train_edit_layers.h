/* train_edit_layers.h: one layer of every kind that has a matrix, in training. For tests/unit/test_train_edit*.c. */
#ifndef TRAIN_EDIT_LAYERS_H
#define TRAIN_EDIT_LAYERS_H

#include "train_edit_kit.h"

enum { CONV, TRANSPOSED, GEMM, GEMM_B, GEMM_A, GEMM_LEFT, MATMUL, MATMUL_LEFT, KINDS };

typedef struct one {
    edited e;
    xb_op op;
    xb_matrix m;
} one;

static inline xb_value gemm(net *n, xb_value a, xb_value b, xb_value c, bool ta, bool tb)
{
    xb_value y = net_op(n, "Gemm", IN(a, b, c));
    n->op = xb_graph_producer(n->g, y);
    xb_graph_set_int(n->g, n->op, "transA", ta);
    xb_graph_set_int(n->g, n->op, "transB", tb);
    xb_graph_set_float(n->g, n->op, "alpha", 0.5f);
    xb_graph_set_float(n->g, n->op, "beta", 2);
    return y;
}

/* A layer of 6 inputs (rows 6, but 54 of the Conv) and 4 outputs, biased where that is asked; square: 6 outputs. */
static inline one layer(int kind, bool biased, bool square)
{
    one o = {.e.n = net_new((uint64_t)kind + 20)};
    net *n = &o.e.n;
    int64_t m = square ? 6 : 4, k = kind == CONV ? 3 : 1;
    xb_value x = {0}, y = {0}, none = {0}, bias = biased ? net_const(n, -1, 1, DIMS(m)) : none;
    if (kind <= TRANSPOSED) {
        x = net_input(n, "x", DIMS(n->batch, 6, 5, 5));
        xb_value w = kind ? net_const(n, -1, 1, DIMS(6, m, 1, 1)) : net_const(n, -1, 1, DIMS(m, 6, k, k));
        y = net_op(n, kind ? "ConvTranspose" : "Conv", IN(x, w, bias));
        net_attr(n, "strides", INTS(2, 2));
        net_attr(n, "pads", INTS(0, k - 1, k - 1, 0));
    } else if (kind == GEMM_A || kind == GEMM_LEFT) {
        x = net_input(n, "x", DIMS(6, 5));
        if (kind == GEMM_LEFT && biased) bias = net_const(n, -1, 1, DIMS(m, 1));
        y = kind == GEMM_A ? gemm(n, x, net_const(n, -1, 1, DIMS(6, m)), bias, true, false)
                           : gemm(n, net_const(n, -1, 1, DIMS(m, 6)), x, bias, false, false);
    } else if (kind == GEMM || kind == GEMM_B) {
        x = net_input(n, "x", DIMS(n->batch, 6));
        xb_value w = kind == GEMM ? net_const(n, -1, 1, DIMS(6, m)) : net_const(n, -1, 1, DIMS(m, 6));
        y = gemm(n, x, w, bias, false, kind == GEMM_B);
    } else {
        x = kind == MATMUL ? net_input(n, "x", DIMS(n->batch, 3, 6)) : net_input(n, "x", DIMS(n->batch, 6, 3));
        y = kind == MATMUL ? net_op(n, "MatMul", IN(x, net_const(n, -1, 1, DIMS(6, m))))
                           : net_op(n, "MatMul", IN(net_const(n, -1, 1, DIMS(m, 6)), x));
    }
    o.op = n->op;
    if (kind >= MATMUL && biased)
        y = net_op(n, "Add", IN(y, kind == MATMUL ? bias : net_const(n, -1, 1, DIMS(1, m, 1))));
    edited_begin(&o.e, y);
    ck_assert(xb_graph_matrix(n->g, o.op, &o.m));
    return o;
}

static inline double weight_at(const one *o, int64_t r, int64_t c)
{
    const float *w = xb_graph_data(o->e.n.g, o->m.weight);
    return (double)w[r * o->m.row_stride + c * o->m.col_stride];
}

static inline void mask_every_third(edited *e, xb_value v)
{
    xb_slot_state *s = xb_params_find(&e->p, v);
    uint8_t mask[1024];
    ck_assert_uint_le(s->pub.n, sizeof mask);
    for (size_t i = 0; i < s->pub.n; i++) mask[i] = i % 3 != 1;
    xb_params_set_mask(&e->p, s, mask);
}

static inline void is_new(const edited *e, xb_value v)
{
    const xb_slot_state *s = xb_params_find(&e->p, v);
    ck_assert(s && !s->mask);
    for (size_t i = 0; i < s->pub.n; i++) ck_assert(s->m[i] == 0 && s->v[i] == 0);
}

#endif
