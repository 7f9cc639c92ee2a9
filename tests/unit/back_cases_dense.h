/* back_cases_dense.h: configurations of convolutions, products, pools and normalisations for tests/unit/test_nn_back.c.
 */
#ifndef XB_TESTS_BACK_CASES_DENSE_H
#define XB_TESTS_BACK_CASES_DENSE_H

#include "back_kit.h"

#define LIST(...)                                                                                                      \
    sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[])                                                    \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

static void make_conv(trial *x, int v)
{
    switch (v) {
    case 0: /* plain, bias */
        reals(x, -1, 1, DIMS(2, 3, 5, 5));
        reals(x, -1, 1, DIMS(4, 3, 3, 3));
        reals(x, -1, 1, DIMS(4));
        break;
    case 1: /* groups, stride, uneven padding, dilation; no bias */
        reals(x, -1, 1, DIMS(2, 4, 7, 6));
        reals(x, -1, 1, DIMS(6, 2, 3, 2));
        net_int(&x->n, "group", 2);
        net_list(&x->n, "strides", LIST(2, 1));
        net_list(&x->n, "dilations", LIST(1, 2));
        net_list(&x->n, "pads", LIST(1, 0, 2, 1));
        break;
    case 2: /* depthwise; the last row is in no window */
        reals(x, -1, 1, DIMS(1, 4, 6, 6));
        reals(x, -1, 1, DIMS(4, 1, 3, 3));
        reals(x, -1, 1, DIMS(4));
        net_int(&x->n, "group", 4);
        net_list(&x->n, "strides", LIST(2, 2));
        break;
    case 3:
    case 4: /* SAME with an odd amount of padding */
        reals(x, -1, 1, DIMS(2, 2, 5, 6));
        reals(x, -1, 1, DIMS(3, 2, 2, 4));
        net_list(&x->n, "strides", LIST(1, 2));
        net_text(&x->n, "auto_pad", v == 3 ? "SAME_UPPER" : "SAME_LOWER");
        break;
    case 5: /* 1-D */
        reals(x, -1, 1, DIMS(3, 2, 9));
        reals(x, -1, 1, DIMS(2, 2, 3));
        reals(x, -1, 1, DIMS(2));
        net_list(&x->n, "dilations", LIST(2));
        net_text(&x->n, "auto_pad", "VALID");
        break;
    case 6: /* 3-D */
        reals(x, -1, 1, DIMS(1, 2, 3, 4, 3));
        reals(x, -1, 1, DIMS(2, 2, 2, 2, 2));
        reals(x, -1, 1, DIMS(2));
        net_list(&x->n, "pads", LIST(1, 0, 0, 0, 1, 1));
        break;
    default: /* 1x1, and rows and columns that no window reads */
        reals(x, -1, 1, DIMS(1, 3, 4, 4));
        reals(x, -1, 1, DIMS(2, 3, 1, 1));
        net_list(&x->n, "strides", LIST(2, 3));
    }
}

static void make_conv_transpose(trial *x, int v)
{
    static const int64_t in[2] = {4, 3};
    if (v < 6) {
        reals(x, -1, 1, DIMS(2, 4, in[0], in[1]));
        reals(x, -1, 1, DIMS(4, v == 1 ? 3 : 2, 3, 2));
        if (v != 2) reals(x, -1, 1, DIMS(v == 1 ? 6 : 2));
        net_list(&x->n, "strides", LIST(2, 3));
    }
    switch (v) {
    case 0:
        break;
    case 1: /* groups, padding, output padding, dilation */
        net_int(&x->n, "group", 2);
        net_list(&x->n, "pads", LIST(1, 0, 0, 1));
        net_list(&x->n, "output_padding", LIST(1, 2));
        net_list(&x->n, "dilations", LIST(2, 1));
        break;
    case 2: /* padding follows, of an odd amount with the output padding */
        net_list(&x->n, "output_shape", LIST(7, 7));
        net_list(&x->n, "output_padding", LIST(1, 0));
        break;
    case 3:
    case 4:
        net_text(&x->n, "auto_pad", v == 3 ? "SAME_UPPER" : "SAME_LOWER");
        break;
    case 5: /* larger than what windows reach */
        net_list(&x->n, "output_shape", LIST(11, 10));
        net_list(&x->n, "output_padding", LIST(1, 1));
        break;
    case 6: /* 1-D */
        reals(x, -1, 1, DIMS(2, 3, 5));
        reals(x, -1, 1, DIMS(3, 2, 4));
        net_list(&x->n, "pads", LIST(1, 2));
        break;
    default: /* 3-D */
        reals(x, -1, 1, DIMS(1, 2, 2, 3, 2));
        reals(x, -1, 1, DIMS(2, 1, 2, 2, 3));
        net_list(&x->n, "strides", LIST(1, 2, 1));
    }
}

/* transA, transB by the lowest bits; C absent, row, column, scalar, whole. */
static void make_gemm(trial *x, int v)
{
    if (v & 1)
        reals(x, -1, 1, DIMS(5, 3));
    else
        reals(x, -1, 1, DIMS(3, 5));
    if (v & 2)
        reals(x, -1, 1, DIMS(4, 5));
    else
        reals(x, -1, 1, DIMS(5, 4));
    net_int(&x->n, "transA", v & 1);
    net_int(&x->n, "transB", v >> 1 & 1);
    if (v % 5 != 0) {
        net_real(&x->n, "alpha", 0.75f);
        net_real(&x->n, "beta", -1.5f);
    }
    switch (v % 5) {
    case 0:
        break;
    case 1:
        reals(x, -1, 1, DIMS(4));
        break;
    case 2:
        reals(x, -1, 1, DIMS(3, 1));
        break;
    case 3:
        reals(x, -1, 1, 0, NULL);
        break;
    default:
        reals(x, -1, 1, DIMS(3, 4));
    }
}

static void make_matmul(trial *x, int v)
{
    static const struct {
        int rank[2];
        int64_t a[4], b[4];
    } shape[] = {
        {{2, 2}, {3, 4}, {4, 5}},
        {{3, 2}, {2, 3, 4}, {4, 5}},
        {{3, 3}, {2, 3, 4}, {2, 4, 2}},
        {{2, 3}, {3, 4}, {2, 4, 2}},
        {{4, 3}, {2, 1, 3, 4}, {3, 4, 2}},
        {{4, 4}, {2, 1, 2, 3}, {1, 3, 3, 2}},
        {{1, 2}, {4}, {4, 3}},
        {{2, 1}, {3, 4}, {4}},
        {{1, 1}, {5}, {5}},
        {{1, 3}, {4}, {2, 4, 3}},
        {{3, 1}, {2, 3, 4}, {4}},
        {{3, 3}, {1, 3, 4}, {2, 4, 2}},
        {{3, 3}, {3, 2, 130}, {1, 130, 2}},
    };
    reals(x, -1, 1, shape[v].rank[0], shape[v].a);
    reals(x, -1, 1, shape[v].rank[1], shape[v].b);
}

static void make_batch_norm(trial *x, int v)
{
    if (v == 0)
        reals(x, -2, 2, DIMS(3, 4, 2, 3));
    else if (v == 1)
        reals(x, -2, 2, DIMS(5, 4));
    else
        reals(x, -2, 2, DIMS(2, 4, 3));
    reals(x, 0.5, 2, DIMS(4));
    reals(x, -1, 1, DIMS(4));
    reals(x, -0.5, 0.5, DIMS(4));
    reals(x, 0.5, 3, DIMS(4));
    if (v == 2) net_real(&x->n, "epsilon", 0.25f);
}

static void make_instance_norm(trial *x, int v)
{
    if (v == 0)
        reals(x, -2, 2, DIMS(2, 3, 4, 2));
    else
        reals(x, -2, 2, DIMS(3, 3, 5));
    reals(x, 0.5, 2, DIMS(3));
    reals(x, -1, 1, DIMS(3));
    if (v) net_real(&x->n, "epsilon", 0.25f);
}

static void make_layer_norm(trial *x, int v)
{
    reals(x, -2, 2, DIMS(2, 3, 4));
    switch (v) {
    case 0:
        reals(x, 0.5, 2, DIMS(4));
        reals(x, -1, 1, DIMS(4));
        break;
    case 1: /* no bias */
        reals(x, 0.5, 2, DIMS(3, 4));
        net_int(&x->n, "axis", 1);
        break;
    case 2: /* all results */
        reals(x, 0.5, 2, DIMS(4));
        reals(x, -1, 1, DIMS(4));
        x->n.n_out = 3;
        net_real(&x->n, "epsilon", 0.125f);
        break;
    default: /* scale is spread */
        reals(x, 0.5, 2, DIMS(3, 1));
        reals(x, -1, 1, DIMS(1));
        net_int(&x->n, "axis", -2);
    }
}

static void make_lrn(trial *x, int v)
{
    if (v == 0)
        reals(x, -2, 2, DIMS(2, 7, 2, 2));
    else
        reals(x, -2, 2, DIMS(2, 3, 4));
    net_int(&x->n, "size", v == 0 ? 5 : v == 1 ? 4 : 9);
    net_real(&x->n, "alpha", 0.5f);
    net_real(&x->n, "beta", v == 1 ? 1.25f : 0.75f);
    net_real(&x->n, "bias", 1.5f);
}

/* For both kinds of windows. */
static void make_pool(trial *x, int v)
{
    switch (v) {
    case 0:
        reals(x, -2, 2, DIMS(2, 3, 6, 6));
        net_list(&x->n, "kernel_shape", LIST(2, 2));
        net_list(&x->n, "strides", LIST(2, 2));
        break;
    case 1: /* overlapping, padded, ceil */
        reals(x, -2, 2, DIMS(1, 2, 7, 6));
        net_list(&x->n, "kernel_shape", LIST(3, 3));
        net_list(&x->n, "strides", LIST(2, 2));
        net_list(&x->n, "pads", LIST(1, 0, 1, 1));
        net_int(&x->n, "ceil_mode", 1);
        break;
    case 2:
        reals(x, -2, 2, DIMS(2, 2, 9));
        net_list(&x->n, "kernel_shape", LIST(3));
        net_list(&x->n, "pads", LIST(1, 1));
        break;
    case 3:
        reals(x, -2, 2, DIMS(1, 2, 4, 3, 4));
        net_list(&x->n, "kernel_shape", LIST(2, 2, 3));
        net_list(&x->n, "strides", LIST(1, 2, 1));
        break;
    default:
        reals(x, -2, 2, DIMS(1, 2, 5, 5));
        net_list(&x->n, "kernel_shape", LIST(2, 3));
        net_list(&x->n, "strides", LIST(1, 2));
        net_text(&x->n, "auto_pad", v == 4 ? "SAME_UPPER" : "SAME_LOWER");
    }
}

static void make_max_pool(trial *x, int v)
{
    if (v < 6) {
        make_pool(x, v);
        return;
    }
    reals(x, -2, 2, DIMS(2, 2, 7, 6));
    net_list(&x->n, "kernel_shape", LIST(2, 3));
    net_list(&x->n, "dilations", LIST(2, 2));
    net_list(&x->n, "pads", LIST(1, 0, 1, 1));
    if (v == 7) net_int(&x->n, "storage_order", 1);
}

static void make_average_pool(trial *x, int v)
{
    make_pool(x, v % 6);
    if (v >= 6) net_int(&x->n, "count_include_pad", 1);
}

static void make_global_pool(trial *x, int v)
{
    if (v == 0)
        reals(x, -2, 2, DIMS(2, 3, 4, 5));
    else
        reals(x, -2, 2, DIMS(2, 3, 4));
}

static const trial_case dense_cases[] = {
    {XB_OP_Conv, make_conv, 8},
    {XB_OP_ConvTranspose, make_conv_transpose, 8},
    {XB_OP_Gemm, make_gemm, 20},
    {XB_OP_MatMul, make_matmul, 13},
    {XB_OP_BatchNormalization, make_batch_norm, 3},
    {XB_OP_InstanceNormalization, make_instance_norm, 2},
    {XB_OP_LayerNormalization, make_layer_norm, 4},
    {XB_OP_LRN, make_lrn, 3},
    {XB_OP_MaxPool, make_max_pool, 8},
    {XB_OP_AveragePool, make_average_pool, 12},
    {XB_OP_GlobalAveragePool, make_global_pool, 2},
    {XB_OP_GlobalMaxPool, make_global_pool, 2},
};

#endif
