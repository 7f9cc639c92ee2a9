/* Elementwise operators and types. */
#include "ref_net.h"
#include "suite.h"

/* ---- one value in, one out ---- */

typedef struct unary_case {
    xb_kind kind;
    double x, y;
} unary_case;

START_TEST(unary_values)
{
    const double e = exp(1);
    const unary_case list[] = {
        {XB_OP_Relu, -2, 0},
        {XB_OP_Relu, 3, 3},
        {XB_OP_LeakyRelu, -2, -0.02},
        {XB_OP_Elu, -1, 1 / e - 1},
        {XB_OP_Elu, 2, 2},
        {XB_OP_Selu, 1, 1.0507009873554805},
        {XB_OP_Selu, -1, 1.0507009873554805 * 1.6732632423543772 * (1 / e - 1)},
        {XB_OP_Celu, -1, 1 / e - 1},
        {XB_OP_Sigmoid, 0, 0.5},
        {XB_OP_Sigmoid, -800, 0},
        {XB_OP_HardSigmoid, 1, 0.7},
        {XB_OP_HardSigmoid, 9, 1},
        {XB_OP_HardSwish, 1, 2.0 / 3},
        {XB_OP_HardSwish, -4, 0},
        {XB_OP_Tanh, 1, 0.7615941559557649},
        {XB_OP_Softplus, 0, 0.6931471805599453},
        {XB_OP_Softplus, 1000, 1000},
        {XB_OP_Softsign, -3, -0.75},
        {XB_OP_ThresholdedRelu, 1, 0},
        {XB_OP_ThresholdedRelu, 1.5, 1.5},
        {XB_OP_Shrink, 0.25, 0},
        {XB_OP_Shrink, -2, -2},
        {XB_OP_Clip, 7, 7},
        {XB_OP_Erf, 0.5, 0.5204998778130465},
        {XB_OP_Exp, 1, e},
        {XB_OP_Log, 1, 0},
        {XB_OP_Log, 0, -INFINITY},
        {XB_OP_Sqrt, 2, 1.4142135623730951},
        {XB_OP_Sqrt, -1, NAN},
        {XB_OP_Abs, -2, 2},
        {XB_OP_Neg, -2, 2},
        {XB_OP_Reciprocal, 4, 0.25},
        {XB_OP_Floor, -1.5, -2},
        {XB_OP_Ceil, -1.5, -1},
        {XB_OP_Round, 2.5, 2},
        {XB_OP_Round, -1.5, -2},
        {XB_OP_Sign, -3, -1},
        {XB_OP_Sin, 1, 0.8414709848078965},
        {XB_OP_Cos, 1, 0.5403023058681398},
        {XB_OP_Tan, 1, 1.5574077246549023},
        {XB_OP_Asin, 1, 1.5707963267948966},
        {XB_OP_Acos, 0, 1.5707963267948966},
        {XB_OP_Atan, 1, 0.7853981633974483},
        {XB_OP_Sinh, 1, 1.1752011936438014},
        {XB_OP_Cosh, 1, 1.5430806348152437},
        {XB_OP_Asinh, 1, 0.881373587019543},
        {XB_OP_Acosh, 2, 1.3169578969248166},
        {XB_OP_Atanh, 0.5, 0.5493061443340548},
        {XB_OP_Relu, NAN, NAN},
        {XB_OP_Clip, NAN, NAN},
        {XB_OP_HardSigmoid, NAN, NAN},
    };
    static const xb_dtype types[] = {XB_F32, XB_F64};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        for (int t = 0; t < 2; t++) {
            net n = net_of(list[i].kind);
            xb_tensor_set(net_input(&n, types[t], DIMS(1)), 0, list[i].x);
            net_run(&n);
            near(xb_tensor_get(&n.out[0], 0), list[i].y);
            net_free(&n);
        }
}
END_TEST

START_TEST(unary_of_integers)
{
    const struct {
        xb_kind kind;
        xb_dtype type;
        double x, y;
    } list[] = {{XB_OP_Abs, XB_I8, -5, 5},      {XB_OP_Neg, XB_I32, 7, -7},    {XB_OP_Sign, XB_I64, -9, -1},
                {XB_OP_Sign, XB_U8, 200, 1},    {XB_OP_Relu, XB_I16, -3, 0},   {XB_OP_Abs, XB_U64, 5, 5},
                {XB_OP_Shrink, XB_I32, -4, -4}, {XB_OP_Abs, XB_I8, -128, -128}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        net n = net_of(list[i].kind);
        xb_tensor_set(net_input(&n, list[i].type, DIMS(1)), 0, list[i].x);
        net_run(&n);
        ck_assert_double_eq(xb_tensor_get(&n.out[0], 0), list[i].y);
        net_free(&n);
    }
}
END_TEST

START_TEST(clip_bounds)
{
    for (int form = 0; form < 4; form++) { /* bit 0: lower bound, bit 1: upper */
        net n = net_of(XB_OP_Clip);
        xb_tensor *x = net_input(&n, XB_U8, DIMS(3));
        for (size_t k = 0; k < 3; k++) xb_tensor_set(x, k, (double)k * 100);
        if (form & 1)
            xb_tensor_set(net_input(&n, XB_U8, 0, NULL), 0, 50);
        else if (form)
            net_absent(&n);
        if (form & 2) xb_tensor_set(net_input(&n, XB_U8, 0, NULL), 0, 150);
        net_run(&n);
        ck_assert_double_eq(xb_tensor_get(&n.out[0], 0), form & 1 ? 50 : 0);
        ck_assert_double_eq(xb_tensor_get(&n.out[0], 1), 100);
        ck_assert_double_eq(xb_tensor_get(&n.out[0], 2), form & 2 ? 150 : 200);
        net_free(&n);
    }
}
END_TEST

START_TEST(long_rows_cross_blocks)
{
    net n = net_of(XB_OP_Neg);
    xb_tensor *x = net_input(&n, XB_F32, DIMS(1000));
    for (size_t k = 0; k < 1000; k++) xb_tensor_set(x, k, (double)k);
    net_run(&n);
    for (size_t k = 0; k < 1000; k++) ck_assert_double_eq(xb_tensor_get(&n.out[0], k), -(double)k);
    net_free(&n);
}
END_TEST

/* ---- types ---- */

START_TEST(halves_survive_a_round_trip)
{
    static const xb_dtype half[] = {XB_F16, XB_BF16};
    static const int64_t onnx[] = {10, 16};
    for (int t = 0; t < 2; t++) {
        net up = net_of(XB_OP_Cast), down = net_of(XB_OP_Cast);
        uint16_t *bits = net_input(&up, half[t], DIMS(65536))->data;
        for (size_t k = 0; k < 65536; k++) bits[k] = (uint16_t)k;
        net_int(&up, "to", 1);
        net_run(&up);
        memcpy(net_input(&down, XB_F32, DIMS(65536))->data, up.out[0].data, 65536 * 4);
        net_int(&down, "to", onnx[t]);
        net_run(&down);
        for (size_t k = 0; k < 65536; k++) {
            if (isnan(xb_tensor_get(&up.out[0], k)))
                ck_assert(isnan(xb_tensor_get(&down.out[0], k)));
            else
                ck_assert_uint_eq(((uint16_t *)down.out[0].data)[k], k);
        }
        net_free(&up);
        net_free(&down);
    }
}
END_TEST

START_TEST(casts)
{
    const struct {
        xb_dtype from;
        double x;
        int64_t to; /* TensorProto.DataType */
        double y;
    } list[] = {{XB_F32, -2.9, 6, -2},
                {XB_F32, 2.9, 7, 2},
                {XB_F64, NAN, 7, 0},
                {XB_F64, 1e30, 7, 9223372036854775807.0},
                {XB_F32, 0.25, 9, 1},
                {XB_I32, 0, 9, 0},
                {XB_I32, 300, 2, 44}, /* keeps the low byte */
                {XB_I32, -1, 12, 4294967295.0},
                {XB_BOOLEAN, 1, 1, 1},
                {XB_U64, 18446744073709549568.0, 11, 18446744073709549568.0},
                {XB_F64, 65519, 10, 65504},
                {XB_F64, 65520, 10, INFINITY},
                {XB_F64, 1 + 0x1p-11, 10, 1},                     /* a tie goes to even */
                {XB_F64, 1 + 0x1p-11 + 0x1p-40, 10, 1 + 0x1p-10}, /* through float it would be one */
                {XB_F64, 0x1p-25, 10, 0},
                {XB_F64, 0x1.8p-25, 10, 0x1p-24},
                {XB_F32, 1.00390625, 16, 1},
                {XB_F32, 1.01171875, 16, 1.015625}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        net n = net_of(XB_OP_Cast);
        xb_tensor_set(net_input(&n, list[i].from, DIMS(1)), 0, list[i].x);
        net_int(&n, "to", list[i].to);
        net_run(&n);
        double got = xb_tensor_get(&n.out[0], 0);
        ck_assert_msg(got == list[i].y, "cast %zu is %.17g", i, got);
        net_free(&n);
    }
}
END_TEST

/* ---- several inputs ---- */

static double apply(xb_kind kind, double a, double b)
{
    switch (kind) {
    case XB_OP_Add:
        return a + b;
    case XB_OP_Sub:
        return a - b;
    case XB_OP_Mul:
        return a * b;
    case XB_OP_Div:
        return a / b;
    case XB_OP_Max:
        return a > b ? a : b;
    case XB_OP_Min:
        return a < b ? a : b;
    case XB_OP_PRelu:
        return a < 0 ? a * b : a;
    case XB_OP_Less:
        return a < b;
    case XB_OP_LessOrEqual:
        return a <= b;
    case XB_OP_Greater:
        return a > b;
    case XB_OP_GreaterOrEqual:
        return a >= b;
    default:
        return a == b;
    }
}

START_TEST(broadcast)
{
    static const xb_kind kinds[] = {XB_OP_Add,
                                    XB_OP_Sub,
                                    XB_OP_Mul,
                                    XB_OP_Div,
                                    XB_OP_Max,
                                    XB_OP_Min,
                                    XB_OP_PRelu,
                                    XB_OP_Less,
                                    XB_OP_LessOrEqual,
                                    XB_OP_Greater,
                                    XB_OP_GreaterOrEqual,
                                    XB_OP_Equal};
    xb_rng r = xb_rng_at(1, XB_RNG_NOISE, 0);
    for (size_t i = 0; i < 96; i++) {
        xb_kind kind = kinds[i % 12];
        xb_dtype t = i < 48 ? XB_F32 : kind == XB_OP_Div ? XB_F64 : XB_I32;
        int64_t a[4], b[4];
        int rank_b = kind == XB_OP_PRelu ? 3 : 1 + (int)xb_rng_below(&r, 4);
        net n = net_of(kind);
        for (int d = 0; d < 4; d++) {
            a[d] = b[d] = 1 + xb_rng_below(&r, 4);
            if (xb_rng_below(&r, 3) == 0)
                b[d] = 1;
            else if (kind != XB_OP_PRelu && xb_rng_below(&r, 3) == 0)
                a[d] = 1;
        }
        fill(net_input(&n, t, 4, a), &r, true);
        fill(net_input(&n, t, rank_b, b + 4 - rank_b), &r, true);
        net_run(&n);
        for (int64_t k = 0; k < xb_type_count(&n.out[0].type); k++) {
            int64_t y[4], x[4], z[4];
            index_of(&n.out[0].type, k, y);
            for (int d = 0; d < 4; d++) {
                x[d] = y[d] % a[d];
                z[d] = y[d] % b[d];
            }
            near(xb_tensor_get(&n.out[0], (size_t)k), apply(kind, at(&n.in[0], x), at(&n.in[1], z + 4 - rank_b)));
        }
        net_free(&n);
    }
}
END_TEST

START_TEST(integer_corners)
{
    const struct {
        xb_kind kind;
        xb_dtype type;
        double a, b, y;
        const char *attr;
    } list[] = {{XB_OP_Div, XB_I32, -7, 2, -3, NULL},
                {XB_OP_Div, XB_I32, 7, 0, 0, NULL},
                {XB_OP_Div, XB_I64, -9223372036854775808.0, -1, -9223372036854775808.0, NULL},
                {XB_OP_Mod, XB_I32, -7, 3, 2, NULL},
                {XB_OP_Mod, XB_I32, -7, 3, -1, "fmod"},
                {XB_OP_Mod, XB_I32, 7, -3, -2, NULL},
                {XB_OP_Mod, XB_I64, -9223372036854775808.0, -1, 0, NULL},
                {XB_OP_Mod, XB_U8, 7, 0, 0, NULL},
                {XB_OP_Mod, XB_F32, -7.5, 2, -1.5, "fmod"},
                {XB_OP_Add, XB_U8, 250, 10, 4, NULL},
                {XB_OP_Pow, XB_I32, 3, 4, 81, NULL},
                {XB_OP_Pow, XB_I32, 2, -1, 0, NULL},
                {XB_OP_Pow, XB_I32, -1, -3, -1, NULL},
                {XB_OP_Max, XB_U64, 18446744073709549568.0, 1, 18446744073709549568.0, NULL},
                {XB_OP_Less, XB_I8, -1, 1, 1, NULL}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        net n = net_of(list[i].kind);
        xb_tensor_set(net_input(&n, list[i].type, DIMS(1)), 0, list[i].a);
        xb_tensor_set(net_input(&n, list[i].type, DIMS(1)), 0, list[i].b);
        if (list[i].attr) net_int(&n, list[i].attr, 1);
        net_run(&n);
        double got = xb_tensor_get(&n.out[0], 0);
        ck_assert_msg(got == list[i].y, "corner %zu is %.17g", i, got);
        net_free(&n);
    }
}
END_TEST

START_TEST(shifts)
{
    for (int left = 0; left < 2; left++) {
        net n = net_of(XB_OP_BitShift);
        xb_tensor *x = net_input(&n, XB_U8, DIMS(3)), *by = net_input(&n, XB_U8, DIMS(3));
        const double a[] = {129, 6, 255}, b[] = {1, 2, 200}, want[2][3] = {{64, 1, 0}, {2, 24, 0}};
        for (size_t k = 0; k < 3; k++) {
            xb_tensor_set(x, k, a[k]);
            xb_tensor_set(by, k, b[k]);
        }
        net_text(&n, "direction", left ? "LEFT" : "RIGHT");
        net_run(&n);
        for (size_t k = 0; k < 3; k++) ck_assert_double_eq(xb_tensor_get(&n.out[0], k), want[left][k]);
        net_free(&n);
    }
}
END_TEST

START_TEST(power_of_mixed_types)
{
    net n = net_of(XB_OP_Pow);
    xb_tensor_set(net_input(&n, XB_I32, DIMS(1)), 0, 9);
    xb_tensor_set(net_input(&n, XB_F32, DIMS(1)), 0, 0.5);
    net_run(&n);
    ck_assert_int_eq(n.out[0].type.dtype, XB_I32);
    ck_assert_double_eq(xb_tensor_get(&n.out[0], 0), 3);
    net_free(&n);
}
END_TEST

START_TEST(many_inputs)
{
    static const xb_kind kinds[] = {XB_OP_Max, XB_OP_Min, XB_OP_Sum, XB_OP_Mean};
    const double want[] = {9, -3, 8, 2};
    for (size_t i = 0; i < 4; i++) {
        const double v[] = {2, 9, -3, 0};
        net n = net_of(kinds[i]);
        for (size_t k = 0; k < 4; k++) xb_tensor_set(net_input(&n, XB_F32, DIMS(1)), 0, v[k]);
        net_run(&n);
        near(xb_tensor_get(&n.out[0], 0), want[i]);
        net_free(&n);
    }
}
END_TEST

START_TEST(where_and_logic)
{
    net n = net_of(XB_OP_Where);
    uint8_t *c = net_input(&n, XB_BOOLEAN, DIMS(2, 1))->data;
    c[1] = 1;
    xb_tensor_set(net_input(&n, XB_I16, 0, NULL), 0, 5);
    xb_tensor *y = net_input(&n, XB_I16, DIMS(3));
    for (size_t k = 0; k < 3; k++) xb_tensor_set(y, k, (double)k);
    net_run(&n);
    ck_assert_mem_eq(n.out[0].data, ((int16_t[]){0, 1, 2, 5, 5, 5}), 12);
    net_free(&n);
    static const xb_kind kinds[] = {XB_OP_And, XB_OP_Or, XB_OP_Xor};
    const uint8_t want[3][4] = {{0, 0, 0, 1}, {0, 1, 1, 1}, {0, 1, 1, 0}};
    for (int i = 0; i < 3; i++) {
        n = net_of(kinds[i]);
        memcpy(net_input(&n, XB_BOOLEAN, DIMS(2, 2))->data, (uint8_t[]){0, 0, 1, 1}, 4);
        memcpy(net_input(&n, XB_BOOLEAN, DIMS(2))->data, (uint8_t[]){0, 1}, 2);
        net_run(&n);
        ck_assert_mem_eq(n.out[0].data, want[i], 4);
        net_free(&n);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("nn_ref_math");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, unary_values);
    tcase_add_test(t, unary_of_integers);
    tcase_add_test(t, clip_bounds);
    tcase_add_test(t, long_rows_cross_blocks);
    tcase_add_test(t, halves_survive_a_round_trip);
    tcase_add_test(t, casts);
    tcase_add_test(t, broadcast);
    tcase_add_test(t, integer_corners);
    tcase_add_test(t, shifts);
    tcase_add_test(t, power_of_mixed_types);
    tcase_add_test(t, many_inputs);
    tcase_add_test(t, where_and_logic);
    return run_case("nn_ref_math", t);
}
