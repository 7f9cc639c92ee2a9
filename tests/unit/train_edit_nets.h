/* train_edit_nets.h: networks of every kind with units to remove: who makes them, who listens to them. */
#ifndef TRAIN_EDIT_NETS_H
#define TRAIN_EDIT_NETS_H

#include "train_edit_kit.h"

enum { MOST = 8 };

typedef struct end { /* the weights that a unit is made of, or that listen to it */
    xb_op op;
    int64_t at[4 * MOST]; /* channels of the op's outputs, or inputs */
    size_t n;
} end;

typedef struct part {
    edited e;
    xb_op op;
    int64_t units[4 * MOST];
    size_t n, n_makers, n_readers;
    end maker[MOST], reader[MOST];
} part;

static inline void list(end *e, xb_op op, size_t n, const int64_t *at)
{
    e->op = op;
    e->n = n;
    memcpy(e->at, at, n * sizeof *at);
}

/* The op just added: its outputs go (the first such op is the one they are removed from); its inputs go. */
static inline void goes(part *p, size_t n, const int64_t *at)
{
    if (!p->n_makers) {
        p->op = p->e.n.op;
        p->n = n;
        memcpy(p->units, at, n * sizeof *at);
    }
    list(&p->maker[p->n_makers++], p->e.n.op, n, at);
}

static inline void hears(part *p, size_t n, const int64_t *at)
{
    list(&p->reader[p->n_readers++], p->e.n.op, n, at);
}

static inline void zero(part *p, const end *z, bool outputs)
{
    xb_matrix m;
    ck_assert(xb_graph_matrix(p->e.n.g, z->op, &m));
    const xb_type *t = xb_graph_type(p->e.n.g, m.weight);
    float *w = xb_graph_write(p->e.n.g, m.weight);
    bool transposed = xb_graph_kind(p->e.n.g, z->op) == XB_OP_ConvTranspose;
    int64_t taps = 1, row_taps = transposed ? 1 : 0;
    for (int i = 2; i < t->rank; i++) taps *= t->dim[i];
    row_taps = transposed ? 1 : taps;
    int64_t each = outputs ? taps / row_taps : row_taps, size = outputs ? m.cols : m.rows;
    for (size_t i = 0; i < z->n; i++)
        for (int64_t k = z->at[i] * each; k < (z->at[i] + 1) * each; k++)
            for (int64_t o = 0; o < (outputs ? m.rows : m.cols); o++)
                w[k / size * m.group_stride + (outputs ? o * m.row_stride + k % size * m.col_stride
                                                       : k % size * m.row_stride + o * m.col_stride)] = 0;
}

/* -- the networks: 6 channels of which 1 and 3 go, if nothing else is said -- */

#define GONE INTS(1, 3)

static inline xb_value vector(net *n, int64_t c)
{
    return net_const(n, 0.5, 1.5, DIMS(c));
}

static inline xb_value norm(net *n, xb_value x, int64_t c)
{
    return net_op(n, "BatchNormalization",
                  IN(x, vector(n, c), net_const(n, -1, 1, DIMS(c)), net_const(n, -1, 1, DIMS(c)), vector(n, c)));
}

static inline xb_value image(part *p)
{
    return net_input(&p->e.n, "x", DIMS(p->e.n.batch, 2, 6, 6));
}

static inline xb_value maker(part *p, xb_value x, int64_t k, int64_t pad)
{
    xb_value y = net_conv(&p->e.n, x, 2, 6, k, 1, pad, 1);
    goes(p, GONE);
    return y;
}

static inline xb_value reader(part *p, xb_value x, int64_t channels)
{
    xb_value y = net_conv(&p->e.n, x, channels, 3, 3, 1, 0, 1);
    hears(p, GONE);
    return y;
}

static inline xb_value make_plain(part *p)
{
    return reader(p, net_op(&p->e.n, "Tanh", IN(maker(p, image(p), 3, 1))), 6);
}

static inline xb_value make_without_biases(part *p)
{
    net *n = &p->e.n;
    xb_value x = maker(p, image(p), 3, 1);
    x = norm(n, x, 6);
    x = net_op(n, "Conv", IN(net_op(n, "Sigmoid", IN(x)), net_const(n, -1, 1, DIMS(3, 6, 2, 2))));
    hears(p, GONE);
    return x;
}

static inline xb_value make_constants(part *p)
{
    net *n = &p->e.n;
    xb_value x = norm(n, maker(p, image(p), 3, 1), 6);
    x = net_op(n, "PRelu", IN(x, net_const(n, -1, 1, DIMS(6, 1, 1))));
    x = net_op(n, "Mul", IN(net_const(n, -1, 1, DIMS(1, 6, 1, 1)), x));
    x = net_op(n, "Sub", IN(x, net_const(n, -1, 1, DIMS(6, 1, 1))));
    x = net_op(n, "Add", IN(x, net_const(n, 0.3, 0.3, DIMS(6, 6))));
    x = net_op(n, "Clip", IN(x, net_scalar(n, -2), net_scalar(n, 2)));
    return reader(p, net_op(n, "Dropout", IN(x)), 6);
}

static inline xb_value make_residual(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "Sigmoid", IN(maker(p, image(p), 3, 1)));
    for (int i = 0; i < 3; i++) {
        xb_value y = net_conv(n, x, 6, 4, 1, 1, 0, 1);
        hears(p, GONE);
        y = net_conv(n, net_op(n, "Relu", IN(y)), 4, 6, 3, 1, 1, 1);
        goes(p, GONE);
        x = net_op(n, i ? "Add" : "Sum", IN(x, norm(n, y, 6)));
    }
    return reader(p, x, 6);
}

static inline xb_value make_concat(part *p)
{
    net *n = &p->e.n;
    xb_value x = image(p), a = net_conv(n, x, 2, 3, 1, 1, 0, 1);
    xb_value b = maker(p, x, 1, 0);
    xb_value all = net_op(n, "Concat", IN(a, b, net_op(n, "Mul", IN(a, net_scalar(n, 2)))));
    xb_graph_set_int(n->g, n->op, "axis", 1);
    all = net_conv(n, net_op(n, "Softplus", IN(norm(n, all, 12))), 12, 3, 3, 2, 0, 1);
    hears(p, INTS(4, 6));
    return all;
}

static inline xb_value make_depthwise(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "Elu", IN(maker(p, image(p), 3, 1)));
    x = net_conv(n, x, 6, 12, 3, 1, 0, 6);
    x = net_op(n, "Relu", IN(norm(n, x, 12)));
    x = net_conv(n, x, 12, 3, 2, 1, 0, 1);
    hears(p, INTS(2, 3, 6, 7));
    return x;
}

static inline xb_value make_flattened(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "MaxPool", IN(maker(p, image(p), 3, 1)));
    net_attr(n, "kernel_shape", INTS(3, 3));
    net_attr(n, "strides", INTS(3, 3));
    x = net_dense(n, net_op(n, "Flatten", IN(net_op(n, "Softsign", IN(x)))), 24, 5);
    hears(p, INTS(4, 5, 6, 7, 12, 13, 14, 15));
    return x;
}

static inline xb_value make_products(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "AveragePool", IN(maker(p, image(p), 3, 1)));
    net_attr(n, "kernel_shape", INTS(3, 3));
    net_attr(n, "strides", INTS(3, 3));
    x = net_op(n, "Reshape", IN(net_op(n, "Tanh", IN(x)), net_ints(n, INTS(0, 24))));
    x = net_op(n, "MatMul", IN(x, net_const(n, -1, 1, DIMS(24, 5))));
    hears(p, INTS(4, 5, 6, 7, 12, 13, 14, 15));
    x = net_op(n, "Relu", IN(net_op(n, "Add", IN(x, net_const(n, -1, 1, DIMS(5))))));
    return net_op(n, "MatMul", IN(x, net_const(n, -1, 1, DIMS(5, 4))));
}

/* A product and its bias, then one without a bias, at rank 3. */
static inline xb_value make_dense(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_input(n, "x", DIMS(n->batch, 4, 5));
    x = net_op(n, "MatMul", IN(x, net_const(n, -1, 1, DIMS(5, 6))));
    goes(p, GONE);
    x = net_op(n, "Sigmoid", IN(net_op(n, "Add", IN(x, net_const(n, -1, 1, DIMS(6))))));
    x = net_op(n, "MatMul", IN(x, net_const(n, -1, 1, DIMS(6, 3))));
    hears(p, GONE);
    return net_op(n, "Relu", IN(x));
}

static inline xb_value make_gemms(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_input(n, "x", DIMS(5, 4)); /* data transposed */
    x = net_op(n, "Gemm", IN(x, net_const(n, -1, 1, DIMS(5, 6)), net_const(n, -1, 1, DIMS(1, 6))));
    xb_graph_set_int(n->g, n->op, "transA", 1);
    xb_graph_set_float(n->g, n->op, "beta", 3);
    goes(p, GONE);
    x = net_op(n, "Gemm", IN(net_op(n, "Tanh", IN(x)), net_const(n, -1, 1, DIMS(3, 6)), net_const(n, -1, 1, DIMS(3))));
    xb_graph_set_int(n->g, n->op, "transB", 1);
    xb_graph_set_float(n->g, n->op, "alpha", 0.5f);
    xb_graph_set_float(n->g, n->op, "beta", 0.25f);
    hears(p, GONE);
    return x;
}

/* Weights on the left: units are rows of the result. */
static inline xb_value make_left(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_input(n, "x", DIMS(n->batch, 5, 4));
    x = net_op(n, "MatMul", IN(net_const(n, -1, 1, DIMS(6, 5)), x));
    goes(p, GONE);
    x = net_op(n, "Cos", IN(net_op(n, "Add", IN(x, net_const(n, -1, 1, DIMS(6, 1))))));
    x = net_op(n, "MatMul", IN(net_const(n, -1, 1, DIMS(3, 6)), x));
    hears(p, GONE);
    return x;
}

static inline xb_value make_left_gemm(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_input(n, "x", DIMS(5, 4));
    x = net_op(n, "Gemm", IN(net_const(n, -1, 1, DIMS(6, 5)), x, net_const(n, -1, 1, DIMS(6, 1))));
    goes(p, GONE);
    x = net_op(n, "Gemm", IN(net_const(n, -1, 1, DIMS(6, 3)), net_op(n, "Sin", IN(x))));
    xb_graph_set_int(n->g, n->op, "transA", 1);
    hears(p, GONE);
    return x;
}

static inline xb_value make_transposed_data(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "Transpose", IN(maker(p, image(p), 3, 1)));
    net_attr(n, "perm", INTS(0, 2, 3, 1));
    x = net_op(n, "MatMul", IN(net_op(n, "Erf", IN(x)), net_const(n, -1, 1, DIMS(6, 3))));
    hears(p, GONE);
    return net_op(n, "Add", IN(x, net_const(n, -1, 1, DIMS(3))));
}

static inline xb_value make_transposed_convolution(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "ConvTranspose", IN(image(p), net_const(n, -1, 1, DIMS(2, 6, 3, 3)), vector(n, 6)));
    net_attr(n, "strides", INTS(2, 2));
    goes(p, GONE);
    x = net_op(n, "ConvTranspose", IN(net_op(n, "Tanh", IN(x)), net_const(n, -1, 1, DIMS(6, 3, 1, 1))));
    hears(p, GONE);
    return x;
}

/* A gate: each unit of one half goes with one of the other. */
static inline xb_value make_split(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_conv(n, image(p), 2, 12, 3, 1, 1, 1), half[2];
    goes(p, INTS(1, 3));
    list(&p->maker[0], n->op, INTS(1, 3, 7, 9));
    n->op = xb_graph_add_op(n->g, (xb_op){0}, "Split", "", &x, 1, half, 2);
    xb_graph_set_int(n->g, n->op, "axis", 1);
    return reader(p, net_op(n, "Mul", IN(half[0], net_op(n, "Sigmoid", IN(half[1])))), 6);
}

static inline xb_value make_slice(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "HardSwish", IN(maker(p, image(p), 3, 1)));
    xb_value y =
        net_op(n, "Slice", IN(x, net_ints(n, INTS(-4, 1)), net_ints(n, INTS(100, 6)), net_ints(n, INTS(1, 2))));
    y = net_conv(n, y, 4, 3, 3, 1, 0, 1);
    hears(p, INTS(1));
    y = net_op(n, "ReduceMean", IN(y));
    net_attr(n, "axes", INTS(2, 3));
    return net_op(n, "Add", IN(reader(p, x, 6), y));
}

static inline xb_value make_padded(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "LeakyRelu", IN(maker(p, image(p), 3, 1)));
    x = net_op(n, "Pad", IN(x, net_ints(n, INTS(0, 0, 1, 0, 0, 0, 1, 2))));
    xb_graph_set_string(n->g, n->op, "mode", "edge");
    x = net_op(n, "AveragePool", IN(x));
    net_attr(n, "kernel_shape", INTS(3, 3));
    net_attr(n, "pads", INTS(1, 1, 1, 1));
    x = net_op(n, "GlobalAveragePool", IN(x));
    x = net_dense(n, net_op(n, "Squeeze", IN(x, net_ints(n, INTS(2, 3)))), 6, 4);
    hears(p, GONE);
    return x;
}

/* Whole groups, or as many of each. */
static inline xb_value make_grouped(part *p, bool whole)
{
    net *n = &p->e.n;
    xb_value x = net_conv(n, image(p), 2, 6, 3, 1, 1, 1);
    if (whole)
        goes(p, INTS(2, 3));
    else
        goes(p, INTS(1, 2, 5));
    x = net_conv(n, net_op(n, "Relu", IN(x)), 6, 9, 3, 1, 0, 3);
    if (whole) {
        x = net_conv(n, net_op(n, "Tanh", IN(x)), 9, 2, 1, 1, 0, 1);
        hears(p, INTS(3, 4, 5));
    } else {
        hears(p, INTS(1, 2, 5));
    }
    return x;
}

static inline xb_value make_whole_groups(part *p)
{
    return make_grouped(p, true);
}

static inline xb_value make_even_groups(part *p)
{
    return make_grouped(p, false);
}

static inline xb_value make_even_group_outputs(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "ConvTranspose", IN(image(p), net_const(n, -1, 1, DIMS(2, 3, 3, 3)), vector(n, 6)));
    xb_graph_set_int(n->g, n->op, "group", 2);
    goes(p, INTS(1, 5));
    x = net_conv(n, net_op(n, "Tanh", IN(x)), 6, 3, 3, 1, 0, 1);
    hears(p, INTS(1, 5));
    return x;
}

static inline xb_value make_shuffled(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "Gather", IN(maker(p, image(p), 3, 1), net_ints(n, INTS(5, 3, 1, 4, -6, 2, 3))));
    xb_graph_set_int(n->g, n->op, "axis", 1);
    x = net_op(n, "ReduceMax", IN(net_op(n, "Selu", IN(x))));
    net_attr(n, "axes", INTS(-1, 2));
    xb_graph_set_int(n->g, n->op, "keepdims", 0);
    x = net_dense(n, x, 7, 3);
    hears(p, INTS(1, 2, 6));
    return x;
}

static inline xb_value make_squeeze_and_excite(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "Relu", IN(maker(p, image(p), 3, 1)));
    xb_value s = net_conv(n, net_op(n, "GlobalAveragePool", IN(x)), 6, 2, 1, 1, 0, 1);
    hears(p, GONE);
    s = net_conv(n, net_op(n, "Relu", IN(s)), 2, 6, 1, 1, 0, 1);
    goes(p, GONE);
    return reader(p, net_op(n, "Mul", IN(x, net_op(n, "HardSigmoid", IN(s)))), 6);
}

static inline xb_value make_instances(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "InstanceNormalization", IN(maker(p, image(p), 3, 1), vector(n, 6), vector(n, 6)));
    return reader(p, net_op(n, "Tanh", IN(x)), 6);
}

/* One weight, two images. */
static inline xb_value make_twins(part *p)
{
    net *n = &p->e.n;
    xb_value a = image(p), b = net_input(n, "b", DIMS(n->batch, 2, 6, 6)), w = net_const(n, -1, 1, DIMS(6, 2, 3, 3));
    xb_value bias = vector(n, 6), s = vector(n, 6);
    xb_value x = net_op(n, "Conv", IN(a, w, bias));
    goes(p, GONE);
    xb_value y = net_op(n, "Conv", IN(b, w, bias));
    xb_value m = net_const(n, -1, 1, DIMS(6));
    x = net_op(n, "BatchNormalization", IN(x, s, m, m, s));
    x = reader(p, x, 6);
    y = net_conv(n, net_op(n, "Tanh", IN(y)), 6, 3, 3, 1, 0, 1);
    hears(p, GONE);
    y = net_conv(n, y, 3, 6, 1, 1, 0, 1);
    y = net_op(n, "BatchNormalization", IN(y, s, m, m, s)); /* the same numbers, for other channels */
    y = net_conv(n, y, 6, 3, 1, 1, 0, 1);
    return net_op(n, "Add", IN(x, y));
}

/* From a vector to an image: a channel is 4 units. */
static inline xb_value make_decoder(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_dense(n, net_input(n, "x", DIMS(n->batch, 5)), 5, 24);
    goes(p, INTS(4, 5, 6, 7, 12, 13, 14, 15));
    float *b = xb_graph_write(n->g, edited_input(&p->e, n->op, 2));
    for (int i = 0; i < 24; i++) b[i] = b[i / 4 * 4]; /* else a channel would not be one number */
    x = net_op(n, "Reshape", IN(net_op(n, "Tanh", IN(x)), net_ints(n, INTS(-1, 6, 2, 2))));
    x = net_op(n, "Conv", IN(x, net_const(n, -1, 1, DIMS(3, 6, 2, 2))));
    hears(p, GONE);
    return x;
}

static xb_value (*const nets[])(part *) = {
    make_plain,       make_without_biases,
    make_constants,   make_residual,
    make_concat,      make_depthwise,
    make_flattened,   make_products,
    make_dense,       make_gemms,
    make_left,        make_left_gemm,
    make_split,       make_transposed_data,
    make_slice,       make_transposed_convolution,
    make_padded,      make_whole_groups,
    make_even_groups, make_even_group_outputs,
    make_shuffled,    make_squeeze_and_excite,
    make_instances,   make_twins,
    make_decoder,
};
enum { NETS = sizeof nets / sizeof *nets };

static inline part make(int i)
{
    part p = {.e.n = net_new((uint64_t)i + 50)};
    edited_begin(&p.e, nets[i](&p));
    return p;
}

#endif
