/* test_nn_engine_nets.c: networks of many layers in the fast engine: random ones, dropouts, the places of their
 * buffers. */
#include "nn_kit.h"
#include "suite.h"

#include "nn/plan.h"

static xb_value random_layer(net *n, xb_value x, int64_t *c)
{
    static const int64_t widths[] = {1, 3, 7, 16, 20, 32, 48, 50};
    int64_t m = widths[xb_rng_below(&n->rng, 8)], k = 1 + 2 * (int64_t)xb_rng_below(&n->rng, 3), pad = k / 2;
    switch (xb_rng_below(&n->rng, 9)) {
    case 0:
        return net_op(n, "Relu", IN(x));
    case 1:
        return net_op(n, "Tanh", IN(x));
    case 2:
        x = net_op(n, xb_rng_below(&n->rng, 2) ? "MaxPool" : "AveragePool", IN(x));
        net_attr(n, "kernel_shape", INTS(2, 3));
        net_attr(n, "pads", INTS(1, 0, 0, 2));
        return x;
    case 3:
        return net_op(n, "Add", IN(net_conv(n, x, *c, *c, k, 1, pad, 1), x));
    case 4:
        return net_conv(n, x, *c, *c, k, 1, pad, *c);
    case 5: {
        xb_value a = net_conv(n, x, *c, m, k, 1, pad, 1);
        x = net_op(n, "Concat", IN(a, x));
        xb_graph_set_int(n->g, n->op, "axis", 1);
        *c += m;
        return x;
    }
    case 6:
        return net_op(n, "Mul", IN(x, net_const(n, 0.5, 1.5, DIMS(*c, 1, 1))));
    default:
        x = net_conv(n, x, *c, m, k, 1, pad, 1);
        *c = m;
        return x;
    }
}

/* conv, Dropout, Relu, pool, Dropout, dense: with the Dropouts or without, the same kernels and the same bytes. */
static net net_with_dropouts(bool with)
{
    net n = net_new(11);
    xb_value x = net_input(&n, "x", DIMS(n.batch, 3, 9, 9)), ratio = net_scalar(&n, 0.5f);
    x = net_conv(&n, x, 3, 16, 3, 1, 1, 1);
    if (with) x = net_op(&n, "Dropout", IN(x, ratio));
    x = net_op(&n, "Relu", IN(x));
    x = net_op(&n, "MaxPool", IN(x));
    net_attr(&n, "kernel_shape", INTS(3, 3));
    net_attr(&n, "strides", INTS(2, 2));
    if (with) x = net_op(&n, "Dropout", IN(x));
    x = net_dense(&n, net_op(&n, "Flatten", IN(x)), 256, 10);
    if (with) x = net_op(&n, "Dropout", IN(x, ratio));
    xb_graph_add_output(n.g, x);
    net_infer(&n);
    return n;
}

START_TEST(dropouts_cost_nothing)
{
    net a = net_with_dropouts(true), b = net_with_dropouts(false);
    ck_assert_uint_eq(xb_graph_op_count(a.g), xb_graph_op_count(b.g) + 3);
    xb_tensor x = net_run(&a, 2, 4, false, 7), y = net_run(&b, 2, 4, false, 7);
    ck_assert_mem_eq(x.data, y.data, 7 * 10 * sizeof(float));
    size_t fast[2], all[2];
    for (int i = 0; i < 2; i++) {
        xb_engine *e = net_engine(i ? &b : &a, 1, 4, false);
        all[i] = xb_engine_ops(e, &fast[i]);
        xb_engine_free(e);
    }
    ck_assert(all[0] == all[1] && fast[0] == fast[1]);
    net_agrees(&a, 5);
    xb_tensor_free(&x);
    xb_tensor_free(&y);
    net_free(&a);
    net_free(&b);
}
END_TEST

/* Dropout in training mode is nobody's copy: refused where it would run. */
START_TEST(training_is_not_run)
{
    for (int plain = 0; plain < 2; plain++) {
        net n = net_new(12);
        xb_type flag = {.dtype = XB_BOOLEAN};
        xb_value x = net_input(&n, "x", DIMS(n.batch, 3)), yes = xb_graph_add_const(n.g, "", &flag, &(uint8_t){1});
        x = net_op(&n, "Dropout", IN(net_op(&n, "Relu", IN(x)), net_scalar(&n, 0.5f), yes));
        xb_graph_add_output(n.g, net_op(&n, "Tanh", IN(x)));
        net_infer(&n);
        xb_engine *e = net_engine(&n, 1, 4, plain);
        xb_tensor feed = net_feed(&n, 0, 4), out = {0};
        ck_assert(!xb_engine_run(e, &feed, 1, &out, 1));
        ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "training mode draws random numbers [op-unsupported]"));
        xb_tensor_free(&feed);
        xb_tensor_free(&out);
        xb_engine_free(e);
        net_free(&n);
    }
}
END_TEST

START_TEST(random_nets)
{
    net n = net_new(100 + (uint64_t)_i);
    int64_t c = 1 + (int64_t)xb_rng_below(&n.rng, 4);
    xb_value x = net_input(&n, "x", DIMS(n.batch, c, 9, 10));
    for (int i = 0; i < 9; i++) x = random_layer(&n, x, &c);
    x = net_op(&n, "Flatten", IN(net_op(&n, "GlobalAveragePool", IN(x))));
    xb_graph_add_output(n.g, net_dense(&n, x, c, 10));
    net_infer(&n);
    net_agrees(&n, 6);
    net_free(&n);
}
END_TEST

/* Buffers that live at the same time do not overlap; those that do not may. */
START_TEST(places)
{
    xb_rng r = xb_rng_at((uint64_t)_i, XB_RNG_INIT, 0);
    enum { N = 60 };
    xb_buffer b[N];
    size_t sum = 0;
    for (int i = 0; i < N; i++) {
        int first = (int)xb_rng_below(&r, 50) - 1;
        b[i] = (xb_buffer){.bytes = xb_rng_below(&r, 1000), .first = first, .last = first + (int)xb_rng_below(&r, 8)};
        sum += b[i].bytes;
    }
    size_t total = xb_plan_place(b, N);
    for (int i = 0; i < N; i++) {
        ck_assert_uint_eq(b[i].offset % 64, 0);
        ck_assert_uint_le(b[i].offset + b[i].bytes, total);
        for (int j = 0; j < i; j++) {
            bool together = b[i].first <= b[j].last && b[j].first <= b[i].last;
            bool apart = b[i].offset + b[i].bytes <= b[j].offset || b[j].offset + b[j].bytes <= b[i].offset;
            ck_assert(!together || apart);
        }
    }
    ck_assert_uint_lt(total, sum / 2);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("nets");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, random_nets, 0, 40);
    tcase_add_test(t, dropouts_cost_nothing);
    tcase_add_test(t, training_is_not_run);
    tcase_add_loop_test(t, places, 0, 5);
    return run_case("nn_engine_nets", t);
}
