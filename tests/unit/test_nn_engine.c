/* test_nn_engine.c: operator by operator the fast engine computes what the plain one does, whatever formats and fusions
 * its plan has. */
#include "nn_kit.h"
#include "suite.h"

#include "nn/plan.h"

static xb_value image(net *n, int64_t c, int64_t h, int64_t w)
{
    return net_input(n, "x", DIMS(n->batch, c, h, w));
}

static void finish(net *n, xb_value y)
{
    xb_graph_add_output(n->g, y);
    net_infer(n);
    net_agrees(n, 6);
}

START_TEST(convolutions)
{
    static const struct {
        int64_t c, m, k, stride, pad, group;
    } t[] = {{1, 20, 5, 1, 0, 1},   {3, 16, 3, 1, 1, 1},  {3, 7, 3, 2, 1, 1},   {16, 32, 3, 1, 1, 1},
             {16, 32, 1, 1, 0, 1},  {20, 50, 5, 1, 2, 1}, {5, 5, 3, 1, 1, 5},   {32, 32, 3, 1, 1, 32},
             {32, 32, 3, 2, 1, 32}, {6, 9, 3, 1, 1, 3},   {32, 64, 3, 1, 1, 2}, {24, 48, 1, 2, 0, 1},
             {16, 5, 1, 1, 0, 1},   {2, 16, 7, 2, 3, 1},  {16, 16, 3, 3, 0, 1}, {13, 13, 3, 1, 2, 13}};
    net n = net_new(1);
    xb_value x = image(&n, t[_i].c, 11, 9);
    finish(&n, net_conv(&n, x, t[_i].c, t[_i].m, t[_i].k, t[_i].stride, t[_i].pad, t[_i].group));
    net_free(&n);
}
END_TEST

START_TEST(uneven_borders)
{
    static const int64_t pads[][4] = {{0, 1, 2, 0}, {2, 0, 0, 1}, {1, 2, 3, 0}};
    net n = net_new(2);
    xb_value x = image(&n, _i == 2 ? 16 : 6, 10, 13);
    xb_value y = net_conv(&n, x, _i == 2 ? 16 : 6, 16, 3, 1, 0, 1);
    net_attr(&n, "pads", 4, pads[_i]);
    net_attr(&n, "dilations", INTS(2, 1));
    net_attr(&n, "strides", INTS(1, 2));
    finish(&n, y);
    net_free(&n);
}
END_TEST

START_TEST(automatic_borders)
{
    net n = net_new(3);
    xb_value x = image(&n, 6, 10, 13);
    xb_value y = net_op(&n, "Conv", IN(x, net_const(&n, -1, 1, DIMS(8, 6, 4, 3))));
    xb_graph_set_string(n.g, n.op, "auto_pad", _i ? "SAME_UPPER" : "SAME_LOWER");
    net_attr(&n, "strides", INTS(2, 1));
    y = net_op(&n, "AveragePool", IN(y));
    net_attr(&n, "kernel_shape", INTS(2, 2));
    xb_graph_set_string(n.g, n.op, "auto_pad", _i ? "SAME_LOWER" : "SAME_UPPER");
    xb_graph_set_int(n.g, n.op, "count_include_pad", 1);
    finish(&n, y);
    net_free(&n);
}
END_TEST

START_TEST(one_dimension)
{
    net n = net_new(4);
    xb_value x = net_input(&n, "x", DIMS(n.batch, 6, 30));
    xb_value w = net_const(&n, -1, 1, DIMS(16, 3, 5)), b = net_const(&n, -1, 1, DIMS(16));
    xb_value y = net_op(&n, "Conv", IN(x, w, b));
    net_attr(&n, "pads", INTS(2, 1));
    net_attr(&n, "strides", INTS(2));
    xb_graph_set_int(n.g, n.op, "group", 2);
    y = net_op(&n, "Relu", IN(y));
    y = net_op(&n, _i ? "MaxPool" : "AveragePool", IN(y));
    net_attr(&n, "kernel_shape", INTS(3));
    net_attr(&n, "strides", INTS(2));
    net_attr(&n, "pads", INTS(1, 1));
    if (!_i) xb_graph_set_int(n.g, n.op, "count_include_pad", 1);
    finish(&n, y);
    net_planned(&n, "+Relu");
    net_free(&n);
}
END_TEST

START_TEST(transposed)
{
    static const struct {
        int64_t c, m, group, stride, pad, more;
    } t[] = {{6, 4, 1, 2, 0, 0}, {16, 32, 1, 2, 1, 1}, {8, 8, 2, 1, 1, 0}, {3, 5, 1, 3, 1, 2}};
    net n = net_new(5);
    xb_value x = image(&n, t[_i].c, 5, 7);
    xb_value w = net_const(&n, -1, 1, DIMS(t[_i].c, t[_i].m / t[_i].group, 3, 3));
    xb_value y = net_op(&n, "ConvTranspose", IN(x, w, net_const(&n, -1, 1, DIMS(t[_i].m))));
    net_attr(&n, "strides", INTS(t[_i].stride, t[_i].stride));
    net_attr(&n, "pads", INTS(t[_i].pad, 0, t[_i].pad, t[_i].pad));
    net_attr(&n, "output_padding", INTS(t[_i].more, 0));
    xb_graph_set_int(n.g, n.op, "group", t[_i].group);
    finish(&n, net_op(&n, "Relu", IN(y)));
    net_free(&n);
}
END_TEST

/* Every combination of kind, ceil mode, border, counting, channels. */
START_TEST(pools)
{
    bool max = _i & 1, ceil = _i & 2, border = _i & 4, counted = _i & 8, blocked = _i & 16;
    net n = net_new(6);
    int64_t c = blocked ? 16 : 7;
    xb_value y = net_conv(&n, image(&n, 3, 13, 12), 3, c, 1, 1, 0, 1);
    y = net_op(&n, max ? "MaxPool" : "AveragePool", IN(y));
    net_attr(&n, "kernel_shape", INTS(3, 2));
    net_attr(&n, "strides", INTS(2, 3));
    if (border) net_attr(&n, "pads", INTS(1, 0, 2, 1));
    xb_graph_set_int(n.g, n.op, "ceil_mode", ceil);
    if (!max) xb_graph_set_int(n.g, n.op, "count_include_pad", counted);
    finish(&n, y);
    net_planned(&n, blocked ? "blocked" : "nhwc");
    net_free(&n);
}
END_TEST

START_TEST(wide_pools)
{
    net n = net_new(7);
    xb_value y = net_conv(&n, image(&n, 3, 12, 12), 3, _i & 1 ? 16 : 10, 3, 1, 1, 1);
    if (_i & 2) {
        y = net_op(&n, "MaxPool", IN(y));
        net_attr(&n, "kernel_shape", INTS(3, 3));
        net_attr(&n, "dilations", INTS(2, 2));
        net_attr(&n, "strides", INTS(2, 2));
    }
    finish(&n, net_op(&n, _i & 4 ? "GlobalMaxPool" : "GlobalAveragePool", IN(y)));
    net_free(&n);
}
END_TEST

/* As they came, or behind a convolution that changes nothing: the bits of the plain engine, in the format found. */
START_TEST(maxima_of_odd_numbers)
{
    net n = net_new(30);
    xb_value y = image(&n, 16, 9, 8);
    if (_i) {
        y = net_op(&n, "Conv", IN(y, net_const(&n, 1, 1, DIMS(16, 1, 1, 1))));
        xb_graph_set_int(n.g, n.op, "group", 16);
    }
    y = net_op(&n, "MaxPool", IN(y));
    net_attr(&n, "kernel_shape", INTS(3, 3));
    net_attr(&n, "strides", INTS(2, 2));
    net_attr(&n, "pads", INTS(1, 0, 1, 1));
    xb_graph_add_output(n.g, y);
    net_infer(&n);
    xb_tensor in = net_feed(&n, 0, 6), out[2] = {{0}};
    for (int64_t k = 0; k < xb_type_count(&in.type); k += 3)
        xb_tensor_set(&in, (size_t)k, k % 2 ? NAN : k % 4 ? -INFINITY : 0);
    for (int plain = 0; plain < 2; plain++) {
        xb_engine *e = net_engine(&n, 2, 4, plain);
        ck_assert(xb_engine_run(e, &in, 1, &out[plain], 1));
        xb_engine_free(e);
    }
    ck_assert_mem_eq(out[0].data, out[1].data, (size_t)xb_type_count(&out[0].type) * sizeof(float));
    char line[80];
    snprintf(line, sizeof line, "MaxPool own %s", xb_max_best(_i ? xb_dnnl_block() : 1)->name);
    net_planned(&n, line);
    net_planned(&n, _i ? "blocked > blocked\n" : "plain > plain\n");
    for (int i = 0; i < 2; i++) xb_tensor_free(&out[i]);
    xb_tensor_free(&in);
    net_free(&n);
}
END_TEST

START_TEST(residual)
{
    int64_t c = _i & 1 ? 16 : 10;
    net n = net_new(8);
    xb_value x = net_op(&n, "Relu", IN(net_conv(&n, image(&n, 3, 9, 9), 3, c, 3, 1, 1, 1)));
    xb_value a = net_op(&n, "Relu", IN(net_conv(&n, x, c, c, 3, 1, 1, 1)));
    a = net_conv(&n, a, c, c, 3, 1, 1, 1);
    x = net_op(&n, "Relu", IN(net_op(&n, "Add", IN(_i & 2 ? x : a, _i & 2 ? a : x))));
    a = net_conv(&n, net_op(&n, "Relu", IN(net_conv(&n, x, c, 2 * c, 3, 2, 1, 1))), 2 * c, 2 * c, 3, 1, 1, 1);
    xb_value s = net_conv(&n, x, c, 2 * c, 1, 2, 0, 1);
    x = net_op(&n, "Relu", IN(net_op(&n, "Add", IN(a, s))));
    finish(&n, x);
    net_planned(&n, "Conv+Add+Relu");
    net_free(&n);
}
END_TEST

/* A residual that is read again later, or is the convolution's own input, must not be written over. */
START_TEST(residual_kept)
{
    net n = net_new(9);
    xb_value x = net_conv(&n, image(&n, 3, 9, 9), 3, 16, 3, 1, 1, 1);
    xb_value y = net_op(&n, "Add", IN(net_conv(&n, x, 16, 16, 3, 1, 1, 1), x));
    if (_i == 1) y = net_op(&n, "Mul", IN(y, x));
    if (_i == 2) {
        int64_t flat[] = {0, 16, 81}, back[] = {0, 16, 9, 9};
        xb_value seen = net_op(&n, "Reshape", IN(x, net_ints(&n, 3, flat)));
        y = net_op(&n, "Add", IN(net_conv(&n, y, 16, 16, 1, 1, 0, 1), x));
        y = net_op(&n, "Mul", IN(y, net_op(&n, "Reshape", IN(seen, net_ints(&n, 4, back)))));
    }
    finish(&n, y);
    net_free(&n);
}
END_TEST

START_TEST(concat)
{
    net n = net_new(10);
    int64_t a = _i & 1 ? 16 : 6, b = _i & 2 ? 32 : 11;
    xb_value x = image(&n, 3, 8, 8);
    xb_value p = net_conv(&n, x, 3, a, 3, 1, 1, 1), q = net_conv(&n, x, 3, b, 1, 1, 0, 1);
    xb_value y = net_op(&n, "Concat", IN(p, q, p));
    xb_graph_set_int(n.g, n.op, "axis", 1);
    y = net_conv(&n, y, 2 * a + b, 16, 1, 1, 0, 1);
    y = net_op(&n, "Concat", IN(y, y));
    xb_graph_set_int(n.g, n.op, "axis", -1);
    finish(&n, y);
    net_free(&n);
}
END_TEST

/* Elementwise ops alone, behind a convolution (fused), and on plain data. */
START_TEST(elementwise)
{
    static const char *const ops[] = {"Relu", "LeakyRelu", "Elu",       "Tanh",  "Sigmoid", "Softplus",
                                      "Abs",  "Exp",       "HardSwish", "Clip",  "Neg",     "HardSigmoid",
                                      "Erf",  "Selu",      "Softsign",  "PRelu", "Sqrt",    "Log"};
    net n = net_new(11);
    xb_value x = net_conv(&n, image(&n, 3, 7, 5), 3, 16, 3, 1, 1, 1), y = x;
    const char *op = ops[_i];
    if (!strcmp(op, "Sqrt") || !strcmp(op, "Log")) y = net_op(&n, "Exp", IN(y));
    if (!strcmp(op, "Clip"))
        y = net_op(&n, op, IN(y, net_scalar(&n, -0.1f), net_scalar(&n, 0.2f)));
    else if (!strcmp(op, "PRelu"))
        y = net_op(&n, op, IN(y, net_scalar(&n, 0.3f)));
    else
        y = net_op(&n, op, IN(y));
    y = net_op(&n, "Add",
               IN(y, net_op(&n, op, strcmp(op, "Clip") && strcmp(op, "PRelu") ? 1 : 2,
                            (xb_value[]){net_op(&n, "Abs", IN(x)), net_scalar(&n, 0.1f)})));
    finish(&n, y);
    net_free(&n);
}
END_TEST

START_TEST(two_operands)
{
    static const char *const ops[] = {"Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Pow"};
    for (int k = 0; k < 7; k++) {
        net n = net_new(12);
        xb_value x = net_conv(&n, image(&n, 3, 6, 5), 3, k & 1 ? 10 : 16, 3, 1, 1, 1);
        int64_t c = k & 1 ? 10 : 16;
        xb_value a = net_op(&n, "Exp", IN(x)), b;
        switch (k) {
        case 0:
            b = net_op(&n, "Sigmoid", IN(net_conv(&n, a, c, c, 1, 1, 0, 1)));
            break;
        case 1:
            b = net_const(&n, 1, 2, DIMS(c, 1, 1));
            break;
        case 2:
            b = net_const(&n, 1, 2, DIMS(1, c, 1, 1));
            break;
        case 3:
            b = net_const(&n, 1, 2, DIMS(6, 5));
            break;
        case 4:
            b = net_scalar(&n, 1.5f);
            break;
        case 5:
            b = net_op(&n, "GlobalAveragePool", IN(a));
            break;
        default:
            b = net_const(&n, 1, 2, DIMS(1, c, 6, 5));
            break;
        }
        bool turned = _i & 8;
        finish(&n, net_op(&n, ops[_i & 7], IN(turned ? b : a, turned ? a : b)));
        net_free(&n);
    }
}
END_TEST

START_TEST(normalisation)
{
    net n = net_new(13);
    int64_t c = _i & 1 ? 16 : 9;
    xb_value y = _i & 2 ? image(&n, c, 6, 5) : net_conv(&n, image(&n, 3, 6, 5), 3, c, 3, 1, 1, 1);
    if (_i & 4) {
        y = net_op(&n, "LRN", IN(y));
        xb_graph_set_int(n.g, n.op, "size", 5);
        xb_graph_set_float(n.g, n.op, "alpha", 0.5f);
    } else {
        xb_value v[4] = {net_const(&n, 0.5, 2, DIMS(c)), net_const(&n, -1, 1, DIMS(c)), net_const(&n, -1, 1, DIMS(c)),
                         net_const(&n, 0.5, 2, DIMS(c))};
        y = net_op(&n, "BatchNormalization", IN(y, v[0], v[1], v[2], v[3]));
    }
    finish(&n, net_op(&n, "Relu", IN(y)));
    net_free(&n);
}
END_TEST

START_TEST(softmaxes)
{
    net n = net_new(14);
    xb_value y = net_conv(&n, image(&n, 3, 6, 5), 3, 16, 3, 1, 1, 1);
    y = net_op(&n, _i & 1 ? "LogSoftmax" : "Softmax", IN(y));
    xb_graph_set_int(n.g, n.op, "axis", _i & 2 ? 1 : -1);
    finish(&n, y);
    net_free(&n);
}
END_TEST

START_TEST(dense_layers)
{
    net n = net_new(15);
    xb_value x = net_input(&n, "x", DIMS(n.batch, 37));
    xb_value y = net_op(&n, "Tanh", IN(net_dense(&n, x, 37, 50)));
    y = net_op(&n, "Gemm", IN(y, net_const(&n, -1, 1, DIMS(50, 16)), net_const(&n, -1, 1, DIMS(1, 16))));
    xb_graph_set_float(n.g, n.op, "alpha", 0.5f);
    xb_graph_set_float(n.g, n.op, "beta", 2);
    xb_value z = net_op(&n, "Gemm", IN(y, net_const(&n, -1, 1, DIMS(16, 16)), net_scalar(&n, 0.25f)));
    y = net_op(&n, "Add", IN(z, y));
    y = net_op(&n, "MatMul", IN(y, net_const(&n, -1, 1, DIMS(16, 10))));
    y = net_op(&n, "Add", IN(y, net_const(&n, -1, 1, DIMS(1, 10))));
    finish(&n, net_op(&n, "Relu", IN(y)));
    net_planned(&n, "Gemm+Tanh");
    net_planned(&n, "MatMul+Add+Relu");
    net_free(&n);
}
END_TEST

/* Products of computed tensors, of a matrix per item, transposition. */
START_TEST(attention)
{
    net n = net_new(16);
    xb_value x = net_input(&n, "x", DIMS(n.batch, 9, 12));
    xb_value q = net_op(&n, "MatMul", IN(x, net_const(&n, -1, 1, DIMS(12, 8))));
    xb_value k = net_op(&n, "MatMul", IN(x, net_const(&n, -1, 1, DIMS(12, 8))));
    xb_value t = net_op(&n, "Transpose", IN(k));
    net_attr(&n, "perm", INTS(0, 2, 1));
    xb_value s =
        net_op(&n, "Softmax", IN(net_op(&n, "Div", IN(net_op(&n, "MatMul", IN(q, t)), net_scalar(&n, 2.83f)))));
    finish(&n, net_op(&n, "MatMul", IN(s, x)));
    net_free(&n);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("kernels");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, convolutions, 0, 16);
    tcase_add_loop_test(t, uneven_borders, 0, 3);
    tcase_add_loop_test(t, automatic_borders, 0, 2);
    tcase_add_loop_test(t, one_dimension, 0, 2);
    tcase_add_loop_test(t, transposed, 0, 4);
    tcase_add_loop_test(t, pools, 0, 32);
    tcase_add_loop_test(t, wide_pools, 0, 8);
    tcase_add_loop_test(t, maxima_of_odd_numbers, 0, 2);
    tcase_add_loop_test(t, residual, 0, 4);
    tcase_add_loop_test(t, residual_kept, 0, 3);
    tcase_add_loop_test(t, concat, 0, 4);
    tcase_add_loop_test(t, elementwise, 0, 18);
    tcase_add_loop_test(t, two_operands, 0, 16);
    tcase_add_loop_test(t, normalisation, 0, 8);
    tcase_add_loop_test(t, softmaxes, 0, 4);
    tcase_add_test(t, dense_layers);
    tcase_add_test(t, attention);
    return run_case("nn_engine", t);
}
