/* Every kind of synaptic layer through the arrays: what converters of many bits leave is the network. */
#include "sim_chip_kit.h"
#include "suite.h"

#define FINE "interface: {input_bits: 0, dac_bits: 0, adc_bits: 20}\ncrossbar: {rows: 16, cols: 8}\n"

/* The whole network against the float one: outputs of all images within 1e-3 of the largest, by the loss; the same arg
 * max nearly always. `k` has its output. */
static void near_float(chip_net *k)
{
    kit_layout(k, FINE);
    kit_sim(k);
    xb_trial fine, ideal;
    kit_run(k, 0, 1, &fine);
    ck_assert(fine.conversions > 0);
    xb_buf text = {0};
    xb_sim_describe(k->sim, &text);
    ck_assert_msg(!strstr(text.data, "collapsed"), "%s", text.data);
    xb_buf_free(&text);
    xb_layout_free(k->l);
    kit_layout(k, KIT_IDEAL "crossbar: {rows: 16, cols: 8}\n");
    kit_sim(k);
    kit_run(k, 0, 1, &ideal);
    ck_assert(ideal.conversions == 0 && ideal.agreement == 1);
    ck_assert_msg(fabs(fine.loss - ideal.loss) < 1e-4 * ideal.loss, "loss %.9g, not %.9g", fine.loss, ideal.loss);
    ck_assert_msg(fine.agree >= 39, "%llu of 40 agree", (unsigned long long)fine.agree);
    kit_free(k);
}

static xb_value image(chip_net *k)
{
    return net_input(&k->n, "x", DIMS(k->n.batch, 1, 28, 28));
}

static void head(chip_net *k, xb_value x, int64_t numbers)
{
    x = net_op(&k->n, "Flatten", IN(x));
    xb_graph_add_output(k->n.g, net_dense(&k->n, x, numbers, 10));
}

START_TEST(strides_pads_dilations_groups)
{
    chip_net k = kit_new();
    xb_value x = net_conv(&k.n, image(&k), 1, 4, 3, 3, 2, 1); /* 10 x 10 */
    xb_value w = net_const(&k.n, -0.3, 0.3, DIMS(6, 2, 3, 2));
    x = net_op(&k.n, "Conv", IN(x, w));
    net_attr(&k.n, "strides", INTS(1, 2));
    net_attr(&k.n, "pads", INTS(0, 1, 3, 2));
    net_attr(&k.n, "dilations", INTS(2, 3));
    xb_graph_set_int(k.n.g, k.n.op, "group", 2);
    head(&k, x, 6 * 9 * 5);
    near_float(&k);
}
END_TEST

START_TEST(windows_of_one_dimension)
{
    chip_net k = kit_new();
    xb_value x = net_op(&k.n, "Reshape", IN(image(&k), net_ints(&k.n, 3, (int64_t[]){0, 28, 28})));
    xb_value w = net_const(&k.n, -0.1, 0.1, DIMS(5, 28, 4)), b = net_const(&k.n, -0.1, 0.1, DIMS(5));
    x = net_op(&k.n, "Conv", IN(x, w, b));
    head(&k, x, 5 * 25);
    near_float(&k);
}
END_TEST

START_TEST(transposed_convolutions)
{
    chip_net k = kit_new();
    xb_value x = net_conv(&k.n, image(&k), 1, 4, 5, 4, 0, 1); /* 6 x 6 */
    xb_value w = net_const(&k.n, -0.3, 0.3, DIMS(4, 3, 3, 2)), b = net_const(&k.n, -0.1, 0.1, DIMS(6));
    x = net_op(&k.n, "ConvTranspose", IN(x, w, b));
    net_attr(&k.n, "strides", INTS(2, 1));
    net_attr(&k.n, "pads", INTS(1, 0, 0, 1));
    xb_graph_set_int(k.n.g, k.n.op, "group", 2);
    head(&k, x, 6 * 12 * 6);
    near_float(&k);
}
END_TEST

START_TEST(gemm_with_alpha_and_beta)
{
    chip_net k = kit_new();
    xb_value x = net_op(&k.n, "Flatten", IN(image(&k)));
    x = net_op(&k.n, "Gemm", IN(x, net_const(&k.n, -0.05, 0.05, DIMS(784, 24)), net_const(&k.n, -1, 1, DIMS(1, 24))));
    xb_graph_set_float(k.n.g, k.n.op, "alpha", 0.5f);
    xb_graph_set_float(k.n.g, k.n.op, "beta", -2);
    xb_value y = net_op(&k.n, "Gemm", IN(x, net_const(&k.n, -0.3, 0.3, DIMS(24, 10)), net_const(&k.n, 1, 2, DIMS(1))));
    xb_graph_add_output(k.n.g, y);
    near_float(&k);
}
END_TEST

START_TEST(products_from_both_sides)
{
    chip_net k = kit_new();
    xb_value x = net_op(&k.n, "Reshape", IN(image(&k), net_ints(&k.n, 3, (int64_t[]){0, 28, 28})));
    x = net_op(&k.n, "MatMul", IN(x, net_const(&k.n, -0.2, 0.2, DIMS(28, 9))));
    x = net_op(&k.n, "MatMul", IN(net_const(&k.n, -0.2, 0.2, DIMS(7, 28)), x));
    x = net_op(&k.n, "MatMul", IN(x, net_const(&k.n, -0.2, 0.2, DIMS(1, 9, 6))));
    head(&k, x, 7 * 6);
    near_float(&k);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, strides_pads_dilations_groups);
    tcase_add_test(t, windows_of_one_dimension);
    tcase_add_test(t, transposed_convolutions);
    tcase_add_test(t, gemm_with_alpha_and_beta);
    tcase_add_test(t, products_from_both_sides);
    return run_case("sim_ops", t);
}
