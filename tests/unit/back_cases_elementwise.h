/* back_cases_elementwise.h: configurations of elementwise operators for tests/unit/test_nn_back.c. */
#ifndef XB_TESTS_BACK_CASES_ELEMENTWISE_H
#define XB_TESTS_BACK_CASES_ELEMENTWISE_H

#include "back_kit.h"

/* More than a block of elements, so that blocks are joined rightly; the range of the operator. */
static void over(trial *x, double lo, double hi)
{
    reals(x, lo, hi, DIMS(3, 101));
}

static void make_activation(trial *x, int v)
{
    over(x, -4, 4.3);
    if (!v) return;
    net_real(&x->n, "alpha", 0.3125f);
    if (x->n.kind == XB_OP_Selu) net_real(&x->n, "gamma", 1.5f);
    if (x->n.kind == XB_OP_HardSigmoid) net_real(&x->n, "beta", 0.25f);
}

static void make_shrink(trial *x, int v)
{
    over(x, -2, 2.3);
    net_real(&x->n, "lambd", v ? 0.75f : 1.25f);
    net_real(&x->n, "bias", 0.25f);
}

static void make_any(trial *x, int v)
{
    (void)v;
    over(x, -2, 2.3);
}

static void make_positive(trial *x, int v)
{
    (void)v;
    over(x, 0.25, 4);
}

static void make_angle(trial *x, int v)
{
    (void)v;
    over(x, -0.9, 0.93);
}

static void make_above_one(trial *x, int v)
{
    (void)v;
    over(x, 1.25, 4);
}

/* both, lower, upper, none, crossed */
static void make_clip(trial *x, int v)
{
    over(x, -2, 2.3);
    if (v == 2)
        net_absent(&x->n);
    else if (v != 3)
        reals(x, v == 4 ? 1.5 : -1, v == 4 ? 1.5 : -1, 0, NULL);
    if (v != 1 && v != 3) reals(x, 0.75, 0.75, 0, NULL);
}

static void make_same(trial *x, int v)
{
    (void)v;
    over(x, -2, 2);
    x->n.result = type_of(x->t, DIMS(3, 101));
}

/* To the same float: differences in f32 would be too coarse. */
static void make_cast(trial *x, int v)
{
    make_same(x, v);
    net_int(&x->n, "to", x->t == XB_F64 ? 11 : 1);
}

static void make_cast_like(trial *x, int v)
{
    (void)v;
    over(x, -2, 2);
    reals(x, -2, 2, DIMS(1));
    x->n.result = type_of(x->t, DIMS(3, 101));
}

/* Shapes of two inputs: alike, a row, a column, a scalar, both spread, a channel, one that is longer; a row longer than
 * a block. */
enum { PAIRS = 8 };
static void pair(trial *x, int v, double lo, double hi, double lo2, double hi2)
{
    static const struct {
        int rank[2];
        int64_t a[4], b[4];
    } shape[PAIRS] = {
        {{2, 2}, {7, 9}, {7, 9}}, {{2, 1}, {7, 9}, {9}},          {{2, 2}, {7, 9}, {7, 1}},
        {{2, 0}, {7, 9}, {0}},    {{3, 3}, {3, 1, 4}, {1, 5, 4}}, {{4, 3}, {2, 3, 2, 2}, {3, 1, 1}},
        {{1, 3}, {4}, {3, 2, 4}}, {{2, 2}, {2, 1}, {2, 300}},
    };
    reals(x, lo, hi, shape[v].rank[0], shape[v].a);
    reals(x, lo2, hi2, shape[v].rank[1], shape[v].b);
}

static void make_pair(trial *x, int v)
{
    pair(x, v, -2, 2.1, -1.5, 1.7);
}

static void make_quotient(trial *x, int v)
{
    pair(x, v, -2, 2.1, 0.5, 3);
}

static void make_power(trial *x, int v)
{
    pair(x, v, 0.25, 3, -2, 2.1);
}

static void make_remainder(trial *x, int v)
{
    pair(x, v, -5, 5.1, 0.7, 0.9);
    net_int(&x->n, "fmod", 1);
}

/* The shapes of two inputs, then three and one. */
static void make_several(trial *x, int v)
{
    if (v < PAIRS) {
        make_pair(x, v);
        return;
    }
    reals(x, -2, 2.1, DIMS(3, 4));
    if (v > PAIRS) return;
    reals(x, -2.1, 2, DIMS(4));
    reals(x, -1.9, 2, DIMS(3, 1));
}

static void make_where(trial *x, int v)
{
    static const int64_t dim[2] = {5, 6};
    xb_tensor *condition = net_input(&x->n, XB_BOOLEAN, v == 2 ? 1 : 2, v == 2 ? dim + 1 : dim);
    for (int64_t k = 0; k < xb_type_count(&condition->type); k++)
        xb_tensor_set(condition, (size_t)k, xb_rng_below(&x->rng, 2));
    reals(x, -2, 2, DIMS(5, 6));
    if (v == 0)
        reals(x, -2, 2, DIMS(5, 6));
    else if (v == 1)
        reals(x, -2, 2, 0, NULL);
    else
        reals(x, -2, 2, DIMS(5, 1));
}

static const trial_case elementwise_cases[] = {
    {XB_OP_Relu, make_any, 1},
    {XB_OP_LeakyRelu, make_activation, 2},
    {XB_OP_PRelu, make_pair, 4}, /* the slope is spread over x, never the other way */
    {XB_OP_Elu, make_activation, 2},
    {XB_OP_Selu, make_activation, 2},
    {XB_OP_Celu, make_activation, 2},
    {XB_OP_Sigmoid, make_any, 1},
    {XB_OP_HardSigmoid, make_activation, 2},
    {XB_OP_HardSwish, make_activation, 1},
    {XB_OP_Tanh, make_any, 1},
    {XB_OP_Softplus, make_any, 1},
    {XB_OP_Softsign, make_any, 1},
    {XB_OP_ThresholdedRelu, make_activation, 2},
    {XB_OP_Shrink, make_shrink, 2},
    {XB_OP_Clip, make_clip, 5},
    {XB_OP_Erf, make_any, 1},
    {XB_OP_Exp, make_any, 1},
    {XB_OP_Log, make_positive, 1},
    {XB_OP_Sqrt, make_positive, 1},
    {XB_OP_Abs, make_any, 1},
    {XB_OP_Neg, make_any, 1},
    {XB_OP_Reciprocal, make_positive, 1},
    {XB_OP_Sin, make_any, 1},
    {XB_OP_Cos, make_any, 1},
    {XB_OP_Tan, make_angle, 1},
    {XB_OP_Asin, make_angle, 1},
    {XB_OP_Acos, make_angle, 1},
    {XB_OP_Atan, make_any, 1},
    {XB_OP_Sinh, make_any, 1},
    {XB_OP_Cosh, make_any, 1},
    {XB_OP_Asinh, make_any, 1},
    {XB_OP_Acosh, make_above_one, 1},
    {XB_OP_Atanh, make_angle, 1},
    {XB_OP_Identity, make_same, 1},
    {XB_OP_Dropout, make_same, 1},
    {XB_OP_Cast, make_cast, 1},
    {XB_OP_CastLike, make_cast_like, 1},
    {XB_OP_Add, make_pair, PAIRS},
    {XB_OP_Sub, make_pair, PAIRS},
    {XB_OP_Mul, make_pair, PAIRS},
    {XB_OP_Div, make_quotient, PAIRS},
    {XB_OP_Pow, make_power, PAIRS},
    {XB_OP_Mod, make_remainder, PAIRS},
    {XB_OP_Max, make_several, PAIRS + 2},
    {XB_OP_Min, make_several, PAIRS + 2},
    {XB_OP_Mean, make_several, PAIRS + 2},
    {XB_OP_Sum, make_several, PAIRS + 2},
    {XB_OP_Where, make_where, 3},
};

#endif
