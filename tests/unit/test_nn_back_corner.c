/* Gradients at corners, where PyTorch's are the measure; and where no gradient flows. */
#include "back_kit.h"
#include "suite.h"

/* ---- corners ---- */

static xb_tensor *listed(trial *x, int rank, const int64_t *dim, const double *v)
{
    xb_tensor *t = net_input(&x->n, x->t, rank, dim);
    for (int64_t k = 0; k < xb_type_count(&t->type); k++) xb_tensor_set(t, (size_t)k, v[k]);
    return t;
}

static trial trial_of(xb_kind kind)
{
    return (trial){.n = net_of(kind), .t = XB_F64};
}

/* Runs forward; ones arrive everywhere, all gradients are asked for. */
static void forward(trial *x)
{
    net_run(&x->n);
    for (size_t i = 0; i < x->n.n_out; i++) {
        ck_assert(xb_tensor_alloc(&x->dout[i], &x->n.out[i].type));
        for (int64_t k = 0; k < xb_type_count(&x->dout[i].type); k++) xb_tensor_set(&x->dout[i], (size_t)k, 1);
    }
    for (size_t i = 0; i < x->n.n_in; i++)
        if (x->n.in[i].type.dtype != XB_NONE) ck_assert(xb_tensor_alloc(&x->din[i], &x->n.in[i].type));
}

/* The gradient of input i is this. */
static void gives(const trial *x, size_t i, const double *want)
{
    for (int64_t k = 0; k < xb_type_count(&x->din[i].type); k++) {
        double got = xb_tensor_get(&x->din[i], (size_t)k);
        ck_assert_msg(isinf(want[k]) ? got == want[k] : fabs(got - want[k]) <= 1e-12,
                      "%s, d input %zu [%lld]: %g, not %g", xb_opdef_of(x->n.kind)->name, i, (long long)k, got,
                      want[k]);
    }
}

typedef struct corner {
    xb_kind kind;
    double x[4], slope[4];
    const char *attr[2];
    float value[2];
} corner;

static const corner corners[] = {
    {XB_OP_Relu, {0, -0.0, 1, -1}, {0, 0, 1, 0}, {0}, {0}},
    {XB_OP_LeakyRelu, {0, -0.0, 1, -1}, {0.25, 0.25, 1, 0.25}, {"alpha"}, {0.25f}},
    {XB_OP_Elu, {0, -0.0, 1, -1000}, {0.5, 0.5, 1, 0}, {"alpha"}, {0.5f}},
    {XB_OP_Selu, {0, -0.0, 1, -1000}, {3, 3, 2, 0}, {"alpha", "gamma"}, {1.5f, 2}},
    {XB_OP_Celu, {0, -0.0, 1, -1000}, {1, 1, 1, 0}, {"alpha"}, {0.5f}},
    {XB_OP_HardSigmoid, {2, -2, 0, 3}, {0, 0, 0.25, 0}, {"alpha", "beta"}, {0.25f, 0.5f}},
    {XB_OP_HardSwish, {3, -3, 4, -4}, {1.5, -0.5, 1, 0}, {0}, {0}},
    {XB_OP_ThresholdedRelu, {1, 1.5, 0, -1}, {0, 1, 0, 0}, {"alpha"}, {1}},
    {XB_OP_Shrink, {0.5, -0.5, 0.75, -0.75}, {0, 0, 1, 1}, {"lambd", "bias"}, {0.5f, 0.25f}},
    {XB_OP_Abs, {0, -0.0, 2, -2}, {0, 0, 1, -1}, {0}, {0}},
    {XB_OP_Softsign, {0, -0.0, 1, -1}, {1, 1, 0.25, 0.25}, {0}, {0}},
    {XB_OP_Sigmoid, {0, 1000, -1000, 0}, {0.25, 0, 0, 0.25}, {0}, {0}},
    {XB_OP_Tanh, {0, 1000, -1000, 0}, {1, 0, 0, 1}, {0}, {0}},
    {XB_OP_Softplus, {0, 1000, -1000, 0}, {0.5, 1, 0, 0.5}, {0}, {0}},
    {XB_OP_Sqrt, {0, 4, 1, 0.25}, {INFINITY, 0.25, 0.5, 1}, {0}, {0}},
};

START_TEST(at_corners)
{
    const corner *c = &corners[_i];
    trial x = trial_of(c->kind);
    listed(&x, DIMS(4), c->x);
    for (int i = 0; i < 2 && c->attr[i]; i++) net_real(&x.n, c->attr[i], c->value[i]);
    forward(&x);
    back(&x);
    gives(&x, 0, c->slope);
    unmake(&x);
}
END_TEST

START_TEST(clip_passes_on_its_borders)
{
    trial x = trial_of(XB_OP_Clip);
    listed(&x, DIMS(5), (double[]){-1, 1, 2, -2, 0});
    listed(&x, 0, NULL, (double[]){-1});
    listed(&x, 0, NULL, (double[]){1});
    forward(&x);
    back(&x);
    gives(&x, 0, (double[]){1, 1, 0, 0, 1});
    gives(&x, 1, (double[]){1});
    gives(&x, 2, (double[]){1});
    unmake(&x);
}
END_TEST

START_TEST(prelu_and_pow_at_zero)
{
    trial x = trial_of(XB_OP_PRelu);
    listed(&x, DIMS(2), (double[]){0, -2});
    listed(&x, DIMS(1), (double[]){0.25});
    forward(&x);
    back(&x);
    gives(&x, 0, (double[]){0.25, 0.25});
    gives(&x, 1, (double[]){-2});
    unmake(&x);
    x = trial_of(XB_OP_Pow);
    listed(&x, DIMS(4), (double[]){0, 0, 2, 0});
    listed(&x, DIMS(4), (double[]){0, 2, 0, 0.5});
    forward(&x);
    back(&x);
    gives(&x, 0, (double[]){0, 0, 0, INFINITY});
    gives(&x, 1, (double[]){0, 0, log(2), 0});
    unmake(&x);
}
END_TEST

START_TEST(equals_share_in_halves)
{
    static const xb_kind kind[] = {XB_OP_Max, XB_OP_Min};
    for (int i = 0; i < 2; i++) {
        trial x = trial_of(kind[i]);
        listed(&x, DIMS(3), (double[]){1, 2, 1});
        listed(&x, DIMS(3), (double[]){1, 1, 1});
        listed(&x, DIMS(3), (double[]){i ? 5 : 0, i ? 5 : 0, 1});
        forward(&x);
        back(&x);
        gives(&x, 0, (double[]){0.5, i ? 0 : 1, 0.25});
        gives(&x, 1, (double[]){0.5, i ? 1 : 0, 0.25});
        gives(&x, 2, (double[]){0, 0, 0.5});
        unmake(&x);
    }
}
END_TEST

START_TEST(first_maximum_takes_all)
{
    for (int order = 0; order < 2; order++) { /* the same places, whichever way the forward pass counts them */
        trial x = trial_of(XB_OP_MaxPool);
        listed(&x, DIMS(1, 1, 2, 4), (double[]){1, 3, NAN, 0, 3, 2, 0, NAN});
        net_list(&x.n, "kernel_shape", 2, (int64_t[]){2, 2});
        net_list(&x.n, "strides", 2, (int64_t[]){2, 2});
        net_int(&x.n, "storage_order", order);
        forward(&x);
        back(&x);
        gives(&x, 0, (double[]){0, 1, 1, 0, 0, 0, 0, 0});
        unmake(&x);
    }
    static const xb_kind kind[] = {XB_OP_GlobalMaxPool, XB_OP_ReduceMax, XB_OP_ReduceMin};
    for (int i = 0; i < 3; i++) {
        trial x = trial_of(kind[i]);
        listed(&x, DIMS(1, 1, 4), i == 2 ? (double[]){2, 1, 1, 2} : (double[]){1, 2, 2, 1});
        forward(&x);
        back(&x);
        gives(&x, 0, (double[]){0, 1, 0, 0});
        unmake(&x);
    }
}
END_TEST

/* A window that lies wholly outside gives -inf or 0, and nothing back. */
START_TEST(windows_in_the_padding)
{
    static const xb_kind kind[] = {XB_OP_MaxPool, XB_OP_AveragePool};
    for (int i = 0; i < 2; i++) {
        trial x = trial_of(kind[i]);
        listed(&x, DIMS(1, 1, 2), (double[]){5, 7});
        net_list(&x.n, "kernel_shape", 1, (int64_t[]){2});
        net_list(&x.n, "strides", 1, (int64_t[]){2});
        net_list(&x.n, "pads", 2, (int64_t[]){2, 0});
        x.n.result = type_of(XB_F64, DIMS(1, 1, 2));
        forward(&x);
        back(&x);
        gives(&x, 0, i ? (double[]){0.5, 0.5} : (double[]){0, 1});
        unmake(&x);
    }
}
END_TEST

START_TEST(reductions_at_zero)
{
    trial x = trial_of(XB_OP_ReduceL2);
    listed(&x, DIMS(2), (double[]){0, 0});
    forward(&x);
    back(&x);
    gives(&x, 0, (double[]){0, 0});
    unmake(&x);
    x = trial_of(XB_OP_ReduceProd);
    listed(&x, DIMS(3, 3), (double[]){0, 2, 3, 0, 0, 3, 4, 2, 3});
    net_list(&x.n, "axes", 1, &(int64_t){1});
    forward(&x);
    back(&x);
    gives(&x, 0, (double[]){6, 0, 0, 0, 0, 0, 6, 12, 8});
    unmake(&x);
}
END_TEST

/* ---- where gradients flow ---- */

START_TEST(no_gradient_is_said)
{
    trial x = trial_of(XB_OP_Floor);
    listed(&x, DIMS(2), (double[]){0.5, 1.5});
    forward(&x);
    ck_assert(!xb_back_flows(x.n.g, x.n.op, 0));
    ck_assert(!xb_back_op(x.n.d, x.n.g, x.n.op, x.n.in, 1, x.n.out, 1, x.dout, x.din));
    const char *text = xb_diags_text(x.n.d);
    ck_assert_ptr_nonnull(strstr(text, "[train-op]"));
    ck_assert_ptr_nonnull(strstr(text, "the-node"));
    ck_assert_ptr_nonnull(strstr(text, "Floor"));
    unmake(&x);
}
END_TEST

/* Which inputs of an op of floats, with these types, a gradient flows to. */
static void flows(xb_kind kind, size_t n_in, const xb_dtype *in, xb_dtype out, const char *want)
{
    xb_graph *g = xb_graph_new("g", "g.onnx");
    xb_value v[4] = {{0}}, y;
    for (size_t i = 0; i < n_in; i++)
        if (in[i] != XB_NONE) v[i] = xb_graph_add_input(g, "", &(xb_type){.dtype = in[i]});
    xb_op op = xb_graph_add_op_kind(g, (xb_op){0}, kind, "", v, n_in, (const char *[]){"y"}, &y, 1);
    xb_graph_set_type(g, y, &(xb_type){.dtype = out});
    for (size_t i = 0; i < 4; i++)
        ck_assert_msg(xb_back_flows(g, op, i) == (i < n_in && want[i] == '1'), "%s, input %zu", xb_opdef_of(kind)->name,
                      i);
    xb_graph_free(g);
}
#define TYPES(...)                                                                                                     \
    sizeof((xb_dtype[]){__VA_ARGS__}) / sizeof(xb_dtype), (xb_dtype[])                                                 \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

START_TEST(not_to_indices_shapes_ratios)
{
    flows(XB_OP_Conv, TYPES(XB_F32, XB_F32, XB_F32), XB_F32, "111");
    flows(XB_OP_Gather, TYPES(XB_F32, XB_I64), XB_F32, "10");
    flows(XB_OP_Gather, TYPES(XB_I64, XB_I64), XB_I64, "00");
    flows(XB_OP_Dropout, TYPES(XB_F32, XB_F32, XB_BOOLEAN), XB_F32, "100");
    flows(XB_OP_Where, TYPES(XB_BOOLEAN, XB_F32, XB_F32), XB_F32, "011");
    flows(XB_OP_Cast, TYPES(XB_F32), XB_F64, "1");
    flows(XB_OP_Cast, TYPES(XB_F32), XB_I64, "0");
    flows(XB_OP_Cast, TYPES(XB_I64), XB_F32, "0");
    flows(XB_OP_CastLike, TYPES(XB_F32, XB_F32), XB_F32, "10");
    flows(XB_OP_Pow, TYPES(XB_F32, XB_I64), XB_F32, "10");
    flows(XB_OP_Clip, TYPES(XB_F32, XB_NONE, XB_F32), XB_F32, "101");
    flows(XB_OP_Reshape, TYPES(XB_F32, XB_I64), XB_F32, "10");
    flows(XB_OP_Concat, TYPES(XB_F32, XB_F32, XB_F32, XB_F32), XB_F32, "1111");
    flows(XB_OP_ArgMax, TYPES(XB_F32), XB_I64, "0");
    flows(XB_OP_Sign, TYPES(XB_F32), XB_F32, "0");
}
END_TEST

START_TEST(cast_narrows_and_widens)
{
    static const xb_dtype from[] = {XB_F64, XB_F32, XB_F32}, to[] = {XB_F32, XB_F64, XB_I64};
    for (int i = 0; i < 3; i++) {
        trial x = trial_of(XB_OP_Cast);
        x.t = from[i];
        listed(&x, DIMS(2), (double[]){1, 2});
        net_int(&x.n, "to", i == 0 ? 1 : i == 1 ? 11 : 7);
        forward(&x);
        ck_assert_int_eq(x.dout[0].type.dtype, to[i]);
        xb_tensor_set(&x.din[0], 0, 9);
        if (i == 2) xb_tensor_set(&x.dout[0], 1, 0x3ff0p48); /* the bits of 1.0, should they be taken for a float */
        back(&x);
        gives(&x, 0, i == 2 ? (double[]){0, 0} : (double[]){1, 1});
        unmake(&x);
    }
}
END_TEST

static void arrives_nothing(xb_tensor *t)
{
    xb_tensor_free(t);
    *t = (xb_tensor){0};
}

START_TEST(nothing_arrives)
{
    trial x = trial_of(XB_OP_Mul);
    listed(&x, DIMS(2), (double[]){1, 2});
    listed(&x, DIMS(1), (double[]){3});
    forward(&x);
    for (size_t i = 0; i < 2; i++) xb_tensor_set(&x.din[i], 0, 9);
    arrives_nothing(&x.dout[0]);
    back(&x);
    gives(&x, 0, (double[]){0, 0});
    gives(&x, 1, (double[]){0});
    unmake(&x);
    x = trial_of(XB_OP_Split); /* at one of its results */
    listed(&x, DIMS(4), (double[]){1, 2, 3, 4});
    x.n.n_out = 2;
    forward(&x);
    arrives_nothing(&x.dout[0]);
    back(&x);
    gives(&x, 0, (double[]){0, 0, 1, 1});
    unmake(&x);
    x = trial_of(XB_OP_LayerNormalization); /* at the mean alone */
    listed(&x, DIMS(4), (double[]){1, 2, 3, 5});
    listed(&x, DIMS(4), (double[]){2, 2, 2, 2});
    x.n.n_out = 2;
    forward(&x);
    arrives_nothing(&x.dout[0]);
    back(&x);
    gives(&x, 0, (double[]){0.25, 0.25, 0.25, 0.25});
    gives(&x, 1, (double[]){0, 0, 0, 0});
    unmake(&x);
}
END_TEST

START_TEST(empty_tensors)
{
    trial x = trial_of(XB_OP_MatMul); /* a sum of nothing, spread back over nothing; then no rows */
    net_input(&x.n, XB_F64, DIMS(2, 0));
    net_input(&x.n, XB_F64, DIMS(0, 3));
    forward(&x);
    back(&x);
    unmake(&x);
    x = trial_of(XB_OP_MatMul);
    net_input(&x.n, XB_F64, DIMS(0, 2));
    listed(&x, DIMS(2, 1), (double[]){1, 2});
    forward(&x);
    xb_tensor_set(&x.din[1], 0, 9);
    back(&x);
    gives(&x, 1, (double[]){0, 0});
    unmake(&x);
    x = trial_of(XB_OP_Concat);
    net_input(&x.n, XB_F64, DIMS(0, 2));
    listed(&x, DIMS(1, 2), (double[]){1, 2});
    net_int(&x.n, "axis", 0);
    forward(&x);
    back(&x);
    gives(&x, 1, (double[]){1, 1});
    unmake(&x);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("corners");
    tcase_add_loop_test(t, at_corners, 0, sizeof corners / sizeof *corners);
    tcase_add_test(t, clip_passes_on_its_borders);
    tcase_add_test(t, prelu_and_pow_at_zero);
    tcase_add_test(t, equals_share_in_halves);
    tcase_add_test(t, first_maximum_takes_all);
    tcase_add_test(t, windows_in_the_padding);
    tcase_add_test(t, reductions_at_zero);
    tcase_add_test(t, no_gradient_is_said);
    tcase_add_test(t, not_to_indices_shapes_ratios);
    tcase_add_test(t, cast_narrows_and_widens);
    tcase_add_test(t, nothing_arrives);
    tcase_add_test(t, empty_tensors);
    return run_case("nn-back-corner", t);
}
