/* tape_nets.h: small networks that between them go through every kind of step a tape has. */
#ifndef TAPE_NETS_H
#define TAPE_NETS_H

#include "nn_kit.h"

static inline xb_value tn_image(net *n, int64_t c, int64_t h, int64_t w)
{
    return net_input(n, "x", DIMS(n->batch, c, h, w));
}

static inline xb_value tn_relu(net *n, xb_value x)
{
    return net_op(n, "Relu", IN(x));
}

static inline xb_value tn_pool(net *n, const char *type, xb_value x, int64_t k, int64_t stride)
{
    xb_value y = net_op(n, type, IN(x));
    net_attr(n, "kernel_shape", INTS(k, k));
    net_attr(n, "strides", INTS(stride, stride));
    return y;
}

/* Without a bias, which a normalisation behind it would undo: its gradient is 0. */
static inline xb_value tn_bare(net *n, xb_value x, int64_t c, int64_t m, int64_t k, int64_t stride)
{
    double span = 1 / sqrt((double)(c * k * k));
    xb_value y = net_op(n, "Conv", IN(x, net_const(n, -span, span, DIMS(m, c, k, k))));
    net_attr(n, "strides", INTS(stride, stride));
    net_attr(n, "pads", INTS(k / 2, k / 2, k / 2, k / 2));
    return y;
}

static inline xb_value tn_norm(net *n, xb_value x, int64_t c)
{
    xb_value scale = net_const(n, 0.5, 1.5, DIMS(c)), shift = net_const(n, -0.2, 0.2, DIMS(c));
    xb_value mean = net_const(n, -0.2, 0.2, DIMS(c)), variance = net_const(n, 0.3, 1, DIMS(c));
    return net_op(n, "BatchNormalization", IN(x, scale, shift, mean, variance));
}

static inline void tn_finish(net *n, xb_value y)
{
    xb_graph_add_output(n->g, y);
    net_infer(n);
}

/* Flattened, dense, softmax. */
static inline void tn_head(net *n, xb_value x, int64_t features)
{
    xb_value y = net_dense(n, net_op(n, "Flatten", IN(x)), features, 5);
    tn_finish(n, net_op(n, "Softmax", IN(y)));
}

static inline void tn_lenet(net *n)
{
    xb_value x = tn_image(n, 1, 14, 14);
    x = tn_pool(n, "MaxPool", net_conv(n, x, 1, 4, 3, 1, 0, 1), 2, 2);
    x = tn_pool(n, "MaxPool", tn_relu(n, net_conv(n, x, 4, 6, 3, 1, 0, 1)), 2, 2);
    x = tn_relu(n, net_dense(n, net_op(n, "Flatten", IN(x)), 24, 10));
    tn_finish(n, net_op(n, "LogSoftmax", IN(net_dense(n, x, 10, 5))));
}

/* LeNet's widths. */
static inline void tn_lenet_wide(net *n)
{
    xb_value x = tn_image(n, 1, 16, 16);
    x = tn_pool(n, "MaxPool", net_conv(n, x, 1, 20, 5, 1, 0, 1), 2, 2);
    x = tn_pool(n, "MaxPool", net_conv(n, x, 20, 50, 5, 1, 0, 1), 2, 2);
    x = tn_relu(n, net_dense(n, net_op(n, "Flatten", IN(x)), 50, 60));
    tn_finish(n, net_op(n, "Softmax", IN(net_dense(n, x, 60, 10))));
}

static inline void tn_residual_of(net *n, int64_t c, int64_t size)
{
    xb_value x = tn_image(n, 3, size, size);
    x = tn_relu(n, tn_norm(n, tn_bare(n, x, 3, c, 3, 1), c));
    xb_value y = tn_relu(n, tn_norm(n, tn_bare(n, x, c, c, 3, 1), c));
    y = tn_norm(n, tn_bare(n, y, c, c, 3, 1), c);
    x = tn_relu(n, net_op(n, "Add", IN(x, y)));
    x = tn_norm(n, tn_bare(n, x, c, c, 1, 2), c);
    tn_head(n, net_op(n, "GlobalAveragePool", IN(x)), c);
}

static inline void tn_residual(net *n)
{
    tn_residual_of(n, 3, 4);
}

static inline void tn_residual_16(net *n)
{
    tn_residual_of(n, 16, 6);
}

static inline void tn_residual_32(net *n)
{
    tn_residual_of(n, 32, 8);
}

static inline void tn_concat(net *n)
{
    xb_value x = tn_image(n, 2, 7, 7);
    xb_value a = tn_relu(n, net_conv(n, x, 2, 3, 3, 1, 1, 1)),
             b = net_op(n, "Tanh", IN(net_conv(n, x, 2, 5, 1, 1, 0, 1)));
    xb_value in[] = {a, b, a};
    xb_value y = net_op(n, "Concat", 3, in);
    xb_graph_set_int(n->g, n->op, "axis", 1);
    y = tn_pool(n, "AveragePool", y, 3, 2);
    tn_head(n, net_op(n, "Sigmoid", IN(y)), 99);
}

static inline void tn_concat_16(net *n)
{
    xb_value x = tn_image(n, 16, 6, 6);
    xb_value a = tn_relu(n, net_conv(n, x, 16, 16, 3, 1, 1, 1)), b = net_conv(n, a, 16, 32, 1, 1, 0, 1);
    xb_value y = net_op(n, "Concat", IN(a, b));
    xb_graph_set_int(n->g, n->op, "axis", 1);
    y = tn_pool(n, "MaxPool", tn_relu(n, y), 2, 2);
    tn_head(n, y, 432);
}

static inline void tn_groups(net *n)
{
    xb_value x = tn_image(n, 4, 6, 6);
    x = tn_relu(n, net_conv(n, x, 4, 8, 3, 1, 1, 2));
    x = net_conv(n, x, 8, 8, 3, 1, 1, 8);
    x = net_op(n, "Elu", IN(x));
    x = net_conv(n, x, 8, 6, 3, 2, 2, 1);
    net_attr(n, "dilations", INTS(2, 2));
    tn_head(n, x, 54);
}

static inline void tn_depthwise_16(net *n)
{
    xb_value x = tn_image(n, 16, 8, 8);
    x = tn_relu(n, net_conv(n, x, 16, 32, 1, 1, 0, 1));
    x = tn_relu(n, net_conv(n, x, 32, 32, 3, 2, 1, 32));
    x = net_op(n, "Clip", IN(net_conv(n, x, 32, 16, 1, 1, 0, 1), net_scalar(n, -0.3f), net_scalar(n, 0.4f)));
    tn_head(n, x, 256);
}

static inline void tn_transposed(net *n)
{
    xb_value x = tn_image(n, 3, 4, 4);
    xb_value w = net_const(n, -0.4, 0.4, DIMS(3, 4, 3, 3)), b = net_const(n, -0.1, 0.1, DIMS(4));
    x = net_op(n, "ConvTranspose", IN(x, w, b));
    net_attr(n, "strides", INTS(2, 2));
    net_attr(n, "pads", INTS(1, 1, 1, 1));
    tn_head(n, tn_relu(n, x), 196);
}

/* k x k into few channels, then 1 x 1 into many. */
static inline void tn_low_rank(net *n)
{
    xb_value x = tn_image(n, 2, 8, 8);
    xb_value w = net_const(n, -0.3, 0.3, DIMS(3, 2, 5, 5));
    x = net_op(n, "Conv", IN(x, w));
    x = tn_relu(n, net_conv(n, x, 3, 10, 1, 1, 0, 1));
    tn_head(n, tn_pool(n, "MaxPool", x, 2, 2), 40);
}

/* One convolution's weight and bias used twice, a dense layer's three times. */
static inline void tn_shared(net *n)
{
    xb_value x = tn_image(n, 4, 6, 6);
    xb_value w = net_const(n, -0.2, 0.2, DIMS(4, 4, 3, 3)), b = net_const(n, -0.1, 0.1, DIMS(4));
    for (int i = 0; i < 2; i++) {
        x = net_op(n, "Conv", IN(x, w, b));
        net_attr(n, "pads", INTS(1, 1, 1, 1));
        x = tn_relu(n, x);
    }
    x = net_dense(n, net_op(n, "Flatten", IN(x)), 144, 7);
    xb_value v = net_const(n, -0.4, 0.4, DIMS(7, 7));
    x = tn_relu(n, net_op(n, "MatMul", IN(x, v)));
    x = net_op(n, "Mul", IN(net_op(n, "MatMul", IN(x, v)), net_op(n, "Gemm", IN(x, v))));
    tn_finish(n, x);
}

static inline void tn_shared_32(net *n)
{
    xb_value x = tn_image(n, 32, 6, 6);
    xb_value w = net_const(n, -0.06, 0.06, DIMS(32, 32, 3, 3));
    for (int i = 0; i < 2; i++) {
        x = net_op(n, "Conv", IN(x, w));
        net_attr(n, "pads", INTS(1, 1, 1, 1));
        x = tn_relu(n, x);
    }
    tn_head(n, tn_pool(n, "AveragePool", x, 2, 2), 288);
}

/* Rows of sequences: MatMul over leading rows, biases by Add, a gate, a norm. */
static inline void tn_matmul(net *n)
{
    xb_value x = net_input(n, "x", DIMS(n->batch, 3, 6));
    xb_value w = net_const(n, -0.5, 0.5, DIMS(6, 8)), b = net_const(n, -0.2, 0.2, DIMS(8));
    x = tn_relu(n, net_op(n, "Add", IN(net_op(n, "MatMul", IN(x, w)), b)));
    xb_value gate = net_op(n, "Softmax", IN(net_op(n, "MatMul", IN(x, net_const(n, -0.5, 0.5, DIMS(8, 8))))));
    x = net_op(n, "Mul", IN(x, gate));
    x = net_op(n, "LayerNormalization", IN(x, net_const(n, 0.5, 1.5, DIMS(8)), net_const(n, -0.2, 0.2, DIMS(8))));
    x = net_op(n, "Transpose", IN(x));
    net_attr(n, "perm", INTS(0, 2, 1));
    x = net_op(n, "PRelu", IN(x, net_const(n, 0.1, 0.3, DIMS(8, 1))));
    tn_head(n, x, 24);
}

static inline void tn_dropout(net *n)
{
    xb_value x = tn_image(n, 2, 6, 6);
    x = net_op(n, "Dropout", IN(tn_relu(n, net_conv(n, x, 2, 6, 3, 1, 0, 1)), net_scalar(n, 0.25f)));
    x = net_dense(n, net_op(n, "Flatten", IN(x)), 96, 12);
    x = net_op(n, "Dropout", IN(tn_relu(n, x)));
    tn_finish(n, net_dense(n, x, 12, 5));
}

static inline void tn_lrn(net *n)
{
    xb_value x = tn_relu(n, net_conv(n, tn_image(n, 2, 6, 6), 2, 16, 3, 1, 0, 1));
    x = net_op(n, "LRN", IN(x));
    xb_graph_set_int(n->g, n->op, "size", 5);
    xb_graph_set_float(n->g, n->op, "alpha", 0.5f);
    x = tn_pool(n, "MaxPool", x, 3, 1);
    tn_head(n, net_op(n, "LeakyRelu", IN(net_conv(n, x, 16, 8, 1, 1, 0, 1))), 32);
}

/* Windows that overlap, hang over, and leave pixels out. */
static inline void tn_pools(net *n)
{
    xb_value x = net_conv(n, tn_image(n, 2, 9, 8), 2, 5, 3, 1, 1, 1);
    x = tn_pool(n, "MaxPool", x, 3, 2);
    net_attr(n, "pads", INTS(1, 0, 1, 2));
    x = net_conv(n, x, 5, 6, 1, 1, 0, 1);
    xb_value y = tn_pool(n, "MaxPool", x, 2, 3), z = tn_pool(n, "AveragePool", x, 2, 1);
    net_attr(n, "pads", INTS(1, 1, 0, 0));
    xb_graph_set_int(n->g, n->op, "count_include_pad", 1);
    z = net_op(n, "GlobalMaxPool", IN(z));
    tn_finish(n, net_op(n, "Flatten", IN(net_op(n, "Mul", IN(y, z)))));
}

/* Maxima in blocks; their windows share pixels. */
static inline void tn_pools_32(net *n)
{
    xb_value x = tn_pool(n, "MaxPool", net_conv(n, tn_image(n, 3, 9, 9), 3, 32, 3, 1, 1, 1), 3, 2);
    x = tn_pool(n, "MaxPool", net_conv(n, tn_relu(n, x), 32, 16, 3, 1, 1, 1), 3, 1);
    net_attr(n, "pads", INTS(1, 1, 1, 1));
    tn_head(n, x, 16 * 16);
}

static inline void tn_residual_64(net *n)
{
    tn_residual_of(n, 64, 4);
}

typedef struct tape_net {
    const char *name;
    void (*build)(net *n);
    bool wide; /* many channels: too slow for differences in plain C */
} tape_net;

static const tape_net tape_nets[] = {
    {"lenet", tn_lenet, false},
    {"residual", tn_residual, false},
    {"pools", tn_pools, false},
    {"concat", tn_concat, false},
    {"groups", tn_groups, false},
    {"transposed", tn_transposed, false},
    {"low-rank", tn_low_rank, false},
    {"shared", tn_shared, false},
    {"matmul", tn_matmul, false},
    {"dropout", tn_dropout, false},
    {"lrn", tn_lrn, false},
    {"residual-16", tn_residual_16, true},
    {"residual-32", tn_residual_32, true},
    {"residual-64", tn_residual_64, true},
    {"concat-16", tn_concat_16, true},
    {"depthwise-16", tn_depthwise_16, true},
    {"shared-32", tn_shared_32, true},
    {"lenet-wide", tn_lenet_wide, true},
    {"pools-32", tn_pools_32, true},
};
enum { TAPE_NETS = sizeof tape_nets / sizeof *tape_nets };

#endif
