/* May a batch be cut? One small graph for every way in which it may, and every way in which it may not. */
#include "infer_kit.h"

typedef xb_value build(kit *k, xb_value x);

static bool separable(build *f, const char *dims)
{
    kit k = kit_new();
    xb_value y = f(&k, input(&k, "x", XB_F32, dims));
    ck_assert_msg(infer_to(&k, y), "%s", xb_diags_text(k.d));
    int64_t n = xb_graph_batch_symbol(k.g);
    ck_assert(n == 0 || n == xb_graph_symbol_id(k.g, "N"));
    kit_free(&k);
    return n != 0;
}

static xb_value one(kit *k, const char *op, xb_value x, const char *attr, int64_t v)
{
    xb_value y = OP(k, op, x);
    if (attr) xb_graph_set_int(k->g, k->op, attr, v);
    return y;
}

static xb_value list(kit *k, const char *op, xb_value x, const char *attr, const int64_t *v, size_t n)
{
    xb_value y = OP(k, op, x);
    xb_graph_set_ints(k->g, k->op, attr, v, n);
    return y;
}

/* One function a case: GRAPH(name) { return value; } */
#define GRAPH(name, expression)                                                                                        \
    static xb_value name(kit *k, xb_value x)                                                                           \
    {                                                                                                                  \
        return expression;                                                                                             \
    }

GRAPH(relu, OP(k, "Relu", x))
GRAPH(add_bias, OP(k, "Add", x, zeros(k, XB_F32, "4")))
GRAPH(add_row, OP(k, "Add", x, zeros(k, XB_F32, "1,4")))
GRAPH(add_self, OP(k, "Add", x, OP(k, "Relu", x)))
GRAPH(add_scalar_first, OP(k, "Sub", zeros(k, XB_F32, ""), x))
GRAPH(dense, OP(k, "Gemm", x, zeros(k, XB_F32, "4,6"), zeros(k, XB_F32, "6")))
GRAPH(matmul_row, OP(k, "MatMul", x, zeros(k, XB_F32, "4,6")))
GRAPH(softmax_last, one(k, "Softmax", x, "axis", 1))
GRAPH(mean_last, list(k, "ReduceMean", x, "axes", INTS(-1)))
GRAPH(sum_last, OP(k, "ReduceSum", x, VECTOR(k, 1)))
GRAPH(argmax_last, one(k, "ArgMax", x, "axis", -1))
GRAPH(cumsum_last, OP(k, "CumSum", x, scalar(k, 1)))
GRAPH(concat_last, one(k, "Concat", x, "axis", -1))
GRAPH(flatten, OP(k, "Flatten", x))
GRAPH(reshape, OP(k, "Reshape", x, VECTOR(k, -1, 2, 2)))
GRAPH(transpose_inner, list(k, "Transpose", OP(k, "Unsqueeze", x, VECTOR(k, 1)), "perm", INTS(0, 2, 1)))
GRAPH(pad_inner, OP(k, "Pad", x, VECTOR(k, 0, 1, 0, 1)))
GRAPH(slice_inner, OP(k, "Slice", x, VECTOR(k, 0), VECTOR(k, 2), VECTOR(k, 1)))
GRAPH(tile_inner, OP(k, "Tile", x, VECTOR(k, 1, 3)))
GRAPH(embed, OP(k, "Gather", zeros(k, XB_F32, "10,3"), one(k, "Cast", x, "to", 7)))
GRAPH(expand_to_batch, OP(k, "Add", x, OP(k, "Expand", zeros(k, XB_F32, "1,4"), OP(k, "Shape", x))))
GRAPH(fill_like, OP(k, "Add", x, OP(k, "ConstantOfShape", OP(k, "Shape", x))))
GRAPH(attention, OP(k, "MatMul", OP(k, "Unsqueeze", x, VECTOR(k, 1)), OP(k, "Unsqueeze", x, VECTOR(k, 2))))
GRAPH(layer_norm, OP(k, "LayerNormalization", x, zeros(k, XB_F32, "4")))
GRAPH(where_const, OP(k, "Where", OP(k, "Greater", x, zeros(k, XB_F32, "")), x, zeros(k, XB_F32, "4")))

static xb_value gather_columns(kit *k, xb_value x)
{
    xb_value y = OP(k, "Gather", x, VECTOR(k, 2, 0));
    xb_graph_set_int(k->g, k->op, "axis", 1);
    return y;
}

GRAPH(clip, OP(k, "Clip", x, zeros(k, XB_F32, ""), NONE))
GRAPH(clip_by_size, OP(k, "Clip", x, one(k, "Cast", OP(k, "Size", x), "to", 1)))
GRAPH(constant_first, OP(k, "MatMul", zeros(k, XB_F32, "6,4"), OP(k, "Unsqueeze", x, VECTOR(k, 2))))
GRAPH(constant_stack_first, OP(k, "MatMul", zeros(k, XB_F32, "5,6,4"), OP(k, "Unsqueeze", x, VECTOR(k, 2))))

static xb_value pick_elements(kit *k, xb_value x)
{
    xb_value y = OP(k, "GatherElements", x, one(k, "Cast", x, "to", 7));
    xb_graph_set_int(k->g, k->op, "axis", 1);
    return y;
}

static xb_value image_net(kit *k, xb_value x)
{
    xb_value c = OP(k, "Conv", OP(k, "Reshape", x, VECTOR(k, -1, 1, 2, 2)), zeros(k, XB_F32, "3,1,1,1"));
    xb_value v = zeros(k, XB_F32, "3");
    c = OP(k, "GlobalAveragePool", OP(k, "BatchNormalization", c, v, v, v, v));
    return OP(k, "Softmax", OP(k, "Squeeze", c, VECTOR(k, 2, 3)));
}

static xb_value split_inner(kit *k, xb_value x)
{
    xb_value out[2];
    add_op(k, "Split", &x, 1, out, 2);
    xb_graph_set_int(k->g, k->op, "axis", 1);
    return OP(k, "Mul", out[0], out[1]);
}

START_TEST(may_be_cut)
{
    build *const graphs[] = {
        relu,           add_bias,        add_row,    add_self,    add_scalar_first, dense,       matmul_row,
        softmax_last,   mean_last,       sum_last,   argmax_last, cumsum_last,      concat_last, flatten,
        reshape,        transpose_inner, pad_inner,  slice_inner, tile_inner,       embed,       expand_to_batch,
        fill_like,      attention,       layer_norm, where_const, gather_columns,   image_net,   clip,
        constant_first, pick_elements,   split_inner};
    for (size_t i = 0; i < sizeof graphs / sizeof *graphs; i++)
        ck_assert_msg(separable(graphs[i], "N,4"), "graph %zu", i);
}
END_TEST

GRAPH(softmax_first, one(k, "Softmax", x, "axis", 0))
GRAPH(softmax_negative, one(k, "LogSoftmax", x, "axis", -2))
GRAPH(mean_first, list(k, "ReduceMean", x, "axes", INTS(0)))
GRAPH(mean_all, OP(k, "ReduceMean", x))
GRAPH(minus_batch_mean, OP(k, "Sub", x, list(k, "ReduceMean", x, "axes", INTS(0))))
GRAPH(argmax_first, OP(k, "ArgMax", x))
GRAPH(cumsum_first, OP(k, "CumSum", x, scalar(k, 0)))
GRAPH(cumsum_negative, OP(k, "CumSum", x, scalar(k, -2)))
GRAPH(transposed, OP(k, "Transpose", x))
GRAPH(there_and_back, OP(k, "Transpose", OP(k, "Relu", OP(k, "Transpose", x))))
GRAPH(reversed, OP(k, "Slice", x, VECTOR(k, -1), VECTOR(k, INT64_MIN), VECTOR(k, 0), VECTOR(k, -1)))
GRAPH(rolled, OP(k, "Pad", x, VECTOR(k, 1, 0, -1, 0)))
GRAPH(doubled, OP(k, "Tile", x, VECTOR(k, 2, 1)))
GRAPH(merged, OP(k, "Reshape", x, VECTOR(k, -1)))
GRAPH(merged_and_back, OP(k, "Reshape", OP(k, "Reshape", x, VECTOR(k, 4, -1)), VECTOR(k, -1, 4)))
GRAPH(gram, OP(k, "MatMul", x, OP(k, "Transpose", x)))
GRAPH(add_column, OP(k, "Add", OP(k, "Unsqueeze", x, VECTOR(k, 1)), zeros(k, XB_F32, "7,1,4")))
GRAPH(pick_one, OP(k, "Gather", x, scalar(k, 0)))
GRAPH(outer, OP(k, "Add", OP(k, "Unsqueeze", x, VECTOR(k, 1)), x))
GRAPH(shape_out, OP(k, "Shape", x))
GRAPH(times_batch, OP(k, "Mul", x, one(k, "Cast", OP(k, "Size", x), "to", 1)))

static xb_value constant_out(kit *k, xb_value x)
{
    (void)x;
    return OP(k, "Relu", zeros(k, XB_F32, "4"));
}

GRAPH(eye, OP(k, "Add", x, OP(k, "EyeLike", x)))
GRAPH(lower_triangle, OP(k, "Trilu", x))

static xb_value transposed_gemm(kit *k, xb_value x)
{
    xb_value y = OP(k, "Gemm", OP(k, "Transpose", x), zeros(k, XB_F32, "4,6"));
    xb_graph_set_int(k->g, k->op, "transA", 1);
    return y;
}

static xb_value numbered(kit *k, xb_value x)
{
    xb_value n = OP(k, "Gather", OP(k, "Shape", x), scalar(k, 0));
    return OP(k, "Range", scalar(k, 0), n, scalar(k, 1));
}

static xb_value training(kit *k, xb_value x)
{
    xb_value v = zeros(k, XB_F32, "4"), y = OP(k, "BatchNormalization", x, v, v, v, v);
    xb_graph_set_int(k->g, k->op, "training_mode", 1);
    return y;
}

static xb_value appended(kit *k, xb_value x)
{
    xb_value y = OP(k, "Concat", x, x);
    xb_graph_set_int(k->g, k->op, "axis", 0);
    return y;
}

static xb_value split_batch(kit *k, xb_value x)
{
    xb_value out[2];
    add_op(k, "Split", &x, 1, out, 2);
    return OP(k, "Mul", out[0], out[1]);
}

static xb_value concat_constant(kit *k, xb_value x)
{
    xb_value y = OP(k, "Concat", x, zeros(k, XB_F32, "1,4"));
    xb_graph_set_int(k->g, k->op, "axis", 1);
    return y;
}

START_TEST(may_not_be_cut)
{
    build *const graphs[] = {softmax_first,
                             softmax_negative,
                             mean_first,
                             mean_all,
                             minus_batch_mean,
                             argmax_first,
                             cumsum_first,
                             cumsum_negative,
                             transposed,
                             there_and_back,
                             reversed,
                             rolled,
                             doubled,
                             merged,
                             merged_and_back,
                             gram,
                             add_column,
                             pick_one,
                             outer,
                             shape_out,
                             times_batch,
                             constant_out,
                             eye,
                             lower_triangle,
                             transposed_gemm,
                             numbered,
                             training,
                             appended,
                             split_batch,
                             concat_constant,
                             clip_by_size,
                             constant_stack_first};
    for (size_t i = 0; i < sizeof graphs / sizeof *graphs; i++)
        ck_assert_msg(!separable(graphs[i], "N,4"), "graph %zu", i);
}
END_TEST

START_TEST(inputs_must_agree)
{
    ck_assert(!separable(relu, "3,4"));
    ck_assert(!separable(relu, "N,N"));
    ck_assert(!separable(relu, ""));
    ck_assert(separable(relu, "N,H"));
    kit k = kit_new();
    xb_value a = input(&k, "a", XB_F32, "N,4"), b = input(&k, "b", XB_F32, "4,4");
    infer_to(&k, OP(&k, "MatMul", a, b));
    ck_assert_int_eq(xb_graph_batch_symbol(k.g), 0); /* b would have to be cut too */
    kit_free(&k);
    k = kit_new();
    a = input(&k, "a", XB_F32, "N,3,4");
    b = input(&k, "b", XB_F32, "N,4,5");
    infer_to(&k, OP(&k, "MatMul", a, b));
    ck_assert_int_ne(xb_graph_batch_symbol(k.g), 0);
    kit_free(&k);
    k = kit_new(); /* two matrices: the second one's batch is the sum's dimension */
    a = input(&k, "a", XB_F32, "N,N");
    b = input(&k, "b", XB_F32, "N,5");
    infer_to(&k, OP(&k, "MatMul", a, b));
    ck_assert_int_eq(xb_graph_batch_symbol(k.g), 0);
    kit_free(&k);
    k = kit_new();
    infer(&k);
    ck_assert_int_eq(xb_graph_batch_symbol(k.g), 0);
    kit_free(&k);
}
END_TEST

/* A symbolic image size is no obstacle. */
START_TEST(other_symbols)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,3,HN,W"), y = OP(&k, "Conv", x, zeros(&k, XB_F32, "8,3,3,3"));
    xb_graph_set_ints(k.g, k.op, "strides", INTS(2, 2));
    infer_to(&k, OP(&k, "GlobalAveragePool", y));
    EXPECT_TYPE(&k, y, "f32[N,8,floor((HN+1)/2)-1,floor((W+1)/2)-1]");
    ck_assert_int_eq(xb_graph_batch_symbol(k.g), xb_graph_symbol_id(k.g, "N"));
    kit_free(&k);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, may_be_cut);
    tcase_add_test(t, may_not_be_cut);
    tcase_add_test(t, inputs_must_agree);
    tcase_add_test(t, other_symbols);
}

int main(void)
{
    return run_tests("infer_batch", add);
}
