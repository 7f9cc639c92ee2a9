/* back_cases_move.h: configurations of what works along axes and of what moves data for tests/unit/test_nn_back.c. */
#ifndef XB_TESTS_BACK_CASES_MOVE_H
#define XB_TESTS_BACK_CASES_MOVE_H

#include "back_kit.h"

#define LIST(...)                                                                                                      \
    sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[])                                                    \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

static void make_softmax(trial *x, int v)
{
    reals(x, -2, 2, DIMS(3, 4, 5));
    if (v == 1) net_int(&x->n, "axis", 1);
    if (v == 2) net_int(&x->n, "axis", 0);
    if (v == 3) net_int(&x->n, "coerce_2d", 1);
}

/* Of both signs where the operator takes them. */
static void make_reduce(trial *x, int v)
{
    bool positive = x->n.kind == XB_OP_ReduceLogSum;
    reals(x, positive ? 0.5 : -1.5, 1.7, DIMS(3, 4, 2));
    bool as_input = x->n.kind == XB_OP_ReduceSum;
    switch (v) {
    case 0: /* all */
        break;
    case 1:
    case 2:
        if (as_input)
            net_ints(&x->n, LIST(1));
        else
            net_list(&x->n, "axes", LIST(1));
        net_int(&x->n, "keepdims", v == 1);
        break;
    default:
        if (as_input)
            net_ints(&x->n, LIST(-1, 0));
        else
            net_list(&x->n, "axes", LIST(-1, 0));
        net_int(&x->n, "keepdims", 0);
    }
}

static void make_cumsum(trial *x, int v)
{
    reals(x, -2, 2, DIMS(3, 4, 2));
    xb_tensor *axis = net_input(&x->n, XB_I64, 0, NULL);
    x->n.constant[1] = true;
    xb_tensor_set(axis, 0, v & 1 ? -2 : 0);
    net_int(&x->n, "exclusive", v >> 1 & 1);
    net_int(&x->n, "reverse", v >> 2 & 1);
}

static void make_concat(trial *x, int v)
{
    reals(x, -2, 2, DIMS(2, 3, 2));
    if (v == 1) reals(x, -2, 2, DIMS(2, 1, 2));
    if (v == 2) reals(x, -2, 2, DIMS(4, 3, 2));
    if (v == 1) reals(x, -2, 2, DIMS(2, 5, 2));
    net_int(&x->n, "axis", v == 2 ? -3 : v);
}

static void make_split(trial *x, int v)
{
    reals(x, -2, 2, DIMS(3, 6, 2));
    x->n.n_out = v == 0 ? 2 : 3;
    net_int(&x->n, "axis", 1);
    if (v) net_ints(&x->n, LIST(1, 3, 2));
}

static void make_flatten(trial *x, int v)
{
    reals(x, -2, 2, DIMS(2, 3, 4));
    net_int(&x->n, "axis", v);
}

static void make_reshape(trial *x, int v)
{
    reals(x, -2, 2, DIMS(2, 3, 4));
    if (v == 0)
        net_ints(&x->n, LIST(4, 6));
    else
        net_ints(&x->n, LIST(0, -1, 2, 2));
}

static void make_transpose(trial *x, int v)
{
    reals(x, -2, 2, DIMS(2, 3, 4, 5));
    if (v == 1) net_list(&x->n, "perm", LIST(0, 2, 3, 1));
    if (v == 2) net_list(&x->n, "perm", LIST(2, 0, 3, 1));
}

static void make_squeeze(trial *x, int v)
{
    reals(x, -2, 2, DIMS(1, 3, 1, 4));
    if (v) net_ints(&x->n, LIST(2));
}

static void make_unsqueeze(trial *x, int v)
{
    (void)v;
    reals(x, -2, 2, DIMS(3, 4));
    net_ints(&x->n, LIST(0, -1));
}

static void make_pad(trial *x, int v)
{
    static const char *const mode[] = {"constant", "constant", "reflect", "edge", "reflect", "constant"};
    reals(x, -2, 2, DIMS(2, 3, 4));
    if (v == 4) /* to the other end */
        net_ints(&x->n, LIST(1, 2, 3, 0, 2, 3));
    else if (v == 5) /* cuts off, too */
        net_ints(&x->n, LIST(1, -1, 2, -1, 0, -2));
    else
        net_ints(&x->n, LIST(0, 1, 2, 1, 0, 3));
    if (v == 1 || v == 5) reals(x, 0.5, 0.5, 0, NULL); /* the constant gets what arrives at the padding */
    net_text(&x->n, "mode", mode[v]);
}

static void make_slice(trial *x, int v)
{
    reals(x, -2, 2, DIMS(4, 5, 6));
    switch (v) {
    case 0:
        net_ints(&x->n, LIST(1, 0));
        net_ints(&x->n, LIST(3, 4));
        break;
    case 1:
        net_ints(&x->n, LIST(1, -1));
        net_ints(&x->n, LIST(100, -100));
        net_ints(&x->n, LIST(2, 0));
        net_ints(&x->n, LIST(2, -1));
        break;
    default:
        net_ints(&x->n, LIST(4));
        net_ints(&x->n, LIST(0));
        net_ints(&x->n, LIST(-2));
        net_ints(&x->n, LIST(-2));
    }
}

static void make_gather(trial *x, int v)
{
    reals(x, -2, 2, DIMS(3, 4, 2));
    xb_tensor *at = net_input(&x->n, v == 1 ? XB_I32 : XB_I64, v == 2 ? 0 : 2, (int64_t[]){2, 3});
    for (int64_t k = 0; k < xb_type_count(&at->type); k++) /* some twice, some never */
        xb_tensor_set(at, (size_t)k, (double)xb_rng_below(&x->rng, 6) - 3);
    net_int(&x->n, "axis", v == 0 ? 0 : v == 1 ? 1 : -3);
}

static void make_gather_elements(trial *x, int v)
{
    reals(x, -2, 2, DIMS(3, 4));
    xb_tensor *at = net_input(&x->n, XB_I64, DIMS(3, v ? 6 : 2));
    for (int64_t k = 0; k < xb_type_count(&at->type); k++)
        xb_tensor_set(at, (size_t)k, (double)xb_rng_below(&x->rng, 6) - 3);
    net_int(&x->n, "axis", v);
}

static void make_expand(trial *x, int v)
{
    reals(x, -2, 2, DIMS(3, 1));
    if (v == 0)
        net_ints(&x->n, LIST(3, 5));
    else
        net_ints(&x->n, LIST(2, 1, 300));
}

static void make_tile(trial *x, int v)
{
    reals(x, -2, 2, DIMS(2, 3));
    if (v == 0)
        net_ints(&x->n, LIST(2, 1));
    else
        net_ints(&x->n, LIST(3, 2));
}

static void make_depth_to_space(trial *x, int v)
{
    reals(x, -2, 2, DIMS(2, 8, 2, 3));
    net_int(&x->n, "blocksize", 2);
    net_text(&x->n, "mode", v ? "CRD" : "DCR");
}

static void make_space_to_depth(trial *x, int v)
{
    (void)v;
    reals(x, -2, 2, DIMS(2, 2, 4, 6));
    net_int(&x->n, "blocksize", 2);
}

static void make_trilu(trial *x, int v)
{
    reals(x, -2, 2, DIMS(2, 4, 5));
    net_int(&x->n, "upper", v != 1);
    if (v == 2) {
        xb_tensor *k = net_input(&x->n, XB_I64, 0, NULL);
        x->n.constant[1] = true;
        xb_tensor_set(k, 0, 2);
    }
}

static const trial_case move_cases[] = {
    {XB_OP_Softmax, make_softmax, 4},
    {XB_OP_LogSoftmax, make_softmax, 4},
    {XB_OP_ReduceMean, make_reduce, 4},
    {XB_OP_ReduceSum, make_reduce, 4},
    {XB_OP_ReduceProd, make_reduce, 4},
    {XB_OP_ReduceMax, make_reduce, 4},
    {XB_OP_ReduceMin, make_reduce, 4},
    {XB_OP_ReduceL1, make_reduce, 4},
    {XB_OP_ReduceL2, make_reduce, 4},
    {XB_OP_ReduceLogSum, make_reduce, 4},
    {XB_OP_ReduceLogSumExp, make_reduce, 4},
    {XB_OP_ReduceSumSquare, make_reduce, 4},
    {XB_OP_CumSum, make_cumsum, 8},
    {XB_OP_Concat, make_concat, 3},
    {XB_OP_Split, make_split, 2},
    {XB_OP_Flatten, make_flatten, 3},
    {XB_OP_Reshape, make_reshape, 2},
    {XB_OP_Transpose, make_transpose, 3},
    {XB_OP_Squeeze, make_squeeze, 2},
    {XB_OP_Unsqueeze, make_unsqueeze, 1},
    {XB_OP_Pad, make_pad, 6},
    {XB_OP_Slice, make_slice, 3},
    {XB_OP_Gather, make_gather, 3},
    {XB_OP_GatherElements, make_gather_elements, 2},
    {XB_OP_Expand, make_expand, 2},
    {XB_OP_Tile, make_tile, 2},
    {XB_OP_DepthToSpace, make_depth_to_space, 2},
    {XB_OP_SpaceToDepth, make_space_to_depth, 1},
    {XB_OP_Trilu, make_trilu, 3},
};

#endif
