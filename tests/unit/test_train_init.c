/* Fresh weights: moments, what is constant, what stays. */
#include "nn_kit.h"
#include "suite.h"

#include "nn/train/init.h"

typedef struct layers {
    net n;
    xb_value conv, conv_bias, scale, shift, mean, var, slope, dense, add_bias;
} layers;

static xb_value arg(const net *n, size_t i)
{
    const xb_value *in;
    xb_graph_op_inputs(n->g, n->op, &in);
    return in[i];
}

/* Grouped 3 x 3 convolution (16 -> 32, 4 groups: fans 36 and 72), BatchNormalization, PRelu, MatMul 512 x 100 with Add.
 */
static layers layers_new(void)
{
    layers l = {.n = net_new(1)};
    net *n = &l.n;
    xb_value x = net_conv(n, net_input(n, "x", DIMS(n->batch, 16, 4, 4)), 16, 32, 3, 1, 1, 4);
    l.conv = arg(n, 1), l.conv_bias = arg(n, 2);
    l.scale = net_const(n, 2, 3, DIMS(32)), l.shift = net_const(n, 2, 3, DIMS(32));
    l.mean = net_const(n, 2, 3, DIMS(32)), l.var = net_const(n, 2, 3, DIMS(32));
    x = net_op(n, "BatchNormalization", IN(x, l.scale, l.shift, l.mean, l.var));
    l.slope = net_const(n, 2, 3, DIMS(32, 1, 1));
    x = net_op(n, "PRelu", IN(x, l.slope));
    x = net_op(n, "Reshape", IN(x, net_ints(n, INTS(0, 512))));
    l.dense = net_const(n, 2, 3, DIMS(512, 100)), l.add_bias = net_const(n, 2, 3, DIMS(100));
    x = net_op(n, "Add", IN(net_op(n, "MatMul", IN(x, l.dense)), l.add_bias));
    xb_graph_add_output(n->g, x);
    net_infer(n);
    return l;
}

static const float *data(const layers *l, xb_value v, size_t *n)
{
    *n = (size_t)xb_type_count(xb_graph_type(l->n.g, v));
    return xb_graph_data(l->n.g, v);
}

static void all_are(const layers *l, xb_value v, float x)
{
    size_t n;
    const float *d = data(l, v, &n);
    for (size_t i = 0; i < n; i++) ck_assert(d[i] == x);
}

typedef struct moments {
    double mean, variance, kurtosis, largest;
} moments;

static moments moments_of(const layers *l, xb_value v)
{
    size_t n;
    const float *d = data(l, v, &n);
    moments m = {0};
    for (size_t i = 0; i < n; i++) m.mean += (double)d[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double x = (double)d[i] - m.mean;
        m.variance += x * x / (double)n;
        m.kurtosis += x * x * x * x / (double)n;
        if (fabs((double)d[i]) > m.largest) m.largest = fabs((double)d[i]);
    }
    m.kurtosis /= m.variance * m.variance;
    return m;
}

static void constants(const layers *l)
{
    all_are(l, l->conv_bias, 0);
    all_are(l, l->scale, 1);
    all_are(l, l->shift, 0);
    all_are(l, l->mean, 0);
    all_are(l, l->var, 1);
    all_are(l, l->slope, 0.25f);
    all_are(l, l->add_bias, 0);
}

/* Uniform: variance span^2 / 3, kurtosis 1.8, nothing beyond the span and something close to it. */
static void is_uniform(const layers *l, xb_value v, double span)
{
    moments m = moments_of(l, v);
    ck_assert_double_eq_tol(m.mean / span, 0, 0.05);
    ck_assert_double_eq_tol(m.variance * 3 / (span * span), 1, 0.05);
    ck_assert_double_eq_tol(m.kurtosis, 1.8, 0.1);
    ck_assert(m.largest <= span * (1 + 1e-6) && m.largest > 0.99 * span);
}

static void is_normal(const layers *l, xb_value v, double variance)
{
    moments m = moments_of(l, v);
    ck_assert_double_eq_tol(m.mean / sqrt(variance), 0, 0.08);
    ck_assert_double_eq_tol(m.variance / variance, 1, 0.08);
    ck_assert_double_eq_tol(m.kurtosis, 3, 0.4);
    ck_assert_double_gt(m.largest, 3 * sqrt(variance));
}

START_TEST(xavier)
{
    layers l = layers_new();
    xb_init_weights(l.n.g, XB_INIT_XAVIER, 5);
    constants(&l);
    is_uniform(&l, l.conv, sqrt(6.0 / (36 + 72)));
    is_uniform(&l, l.dense, sqrt(6.0 / 612));
    net_free(&l.n);
}
END_TEST

START_TEST(he)
{
    layers l = layers_new();
    xb_init_weights(l.n.g, XB_INIT_HE, 5);
    constants(&l);
    is_normal(&l, l.conv, 2.0 / 36);
    is_normal(&l, l.dense, 2.0 / 512);
    net_free(&l.n);
}
END_TEST

static bool same(const layers *a, const layers *b, xb_value v)
{
    size_t n, m;
    const float *x = data(a, v, &n), *y = data(b, v, &m);
    return n == m && !memcmp(x, y, n * sizeof *x);
}

START_TEST(seeds)
{
    layers a = layers_new(), b = layers_new();
    xb_init_weights(a.n.g, XB_INIT_HE, 5);
    xb_init_weights(b.n.g, XB_INIT_HE, 5);
    ck_assert(same(&a, &b, a.conv) && same(&a, &b, a.dense));
    xb_init_weights(b.n.g, XB_INIT_HE, 6);
    ck_assert(!same(&a, &b, a.conv) && !same(&a, &b, a.dense));
    net_free(&a.n), net_free(&b.n);
}
END_TEST

/* Frozen ones stay and masked elements are 0; the others do not notice. */
START_TEST(frozen_and_masked)
{
    layers a = layers_new(), b = layers_new(), before = layers_new();
    int64_t mask[32 * 36];
    for (int i = 0; i < 32 * 36; i++) mask[i] = i % 3 == 1;
    xb_graph_set_note(a.n.g, a.conv, "mask", mask, 32 * 36);
    xb_value frozen[] = {a.scale, a.mean, a.add_bias};
    for (int i = 0; i < 3; i++) xb_graph_set_note(a.n.g, frozen[i], "frozen", (int64_t[]){1}, 1);
    xb_init_weights(a.n.g, XB_INIT_XAVIER, 5);
    xb_init_weights(b.n.g, XB_INIT_XAVIER, 5);
    for (int i = 0; i < 3; i++) ck_assert(same(&a, &before, frozen[i]));
    ck_assert(same(&a, &b, a.dense) && same(&a, &b, a.shift) && same(&a, &b, a.var));
    size_t n;
    const float *masked = data(&a, a.conv, &n), *plain = data(&b, b.conv, &n);
    for (size_t i = 0; i < n; i++) {
        float want = mask[i] ? plain[i] : 0;
        ck_assert(!memcmp(&masked[i], &want, sizeof want));
    }
    net_free(&a.n), net_free(&b.n), net_free(&before.n);
}
END_TEST

/* A graph without weights is left as it is. */
START_TEST(nothing_to_do)
{
    net n = net_new(1);
    xb_graph_add_output(n.g, net_op(&n, "Relu", IN(net_input(&n, "x", DIMS(n.batch, 3)))));
    net_infer(&n);
    uint64_t version = xb_graph_version(n.g);
    xb_init_weights(n.g, XB_INIT_HE, 1);
    ck_assert_uint_eq(xb_graph_version(n.g), version);
    net_free(&n);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("init");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, xavier);
    tcase_add_test(t, he);
    tcase_add_test(t, seeds);
    tcase_add_test(t, frozen_and_masked);
    tcase_add_test(t, nothing_to_do);
    return run_case("train_init", t);
}
