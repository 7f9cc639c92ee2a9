/* Each change of an operator between opset 1 and 17: the old form, and what it becomes. */
#include "onnx_model.h"
#include <float.h>

START_TEST(clip)
{
    xb_buf a = {0};
    attr_float(&a, "max", 6);
    xb_graph *g = one_node(6, "Clip", "2,3", &a);
    xb_op op = xb_graph_first(g);
    ck_assert_uint_eq(input_of(g, op, 1).id, 0);
    EXPECT_NUMBERS(g, op, 2, XB_F32, 0, 6);
    ck_assert_ptr_null(xb_graph_attr(g, op, "max"));
    ck_assert_str_eq(xb_graph_value_name(g, input_of(g, op, 2)), "n/max");
    xb_graph_free(g);
    a = (xb_buf){0};
    attr_float(&a, "min", -1);
    attr_float(&a, "max", FLT_MAX);
    g = one_node(10, "Clip", "2,3", &a);
    EXPECT_NUMBERS(g, xb_graph_first(g), 1, XB_F32, 0, -1);
    ck_assert_uint_eq(input_of(g, xb_graph_first(g), 2).id, 0);
    xb_graph_free(g);
}
END_TEST

START_TEST(clip_of_half)
{
    model m = {.opset = 7};
    xb_buf a = {0};
    attr_float(&a, "min", 0.5f);
    add_input(&m, "x", 10, "2");
    add_node(&m, "Neg", "neg", "x", "t", NULL);
    add_node(&m, "Clip", "clip", "t", "y", &a);
    add_output(&m, "y", 10, "2");
    xb_graph *g = must_read(&m);
    EXPECT_NUMBERS(g, op_of_kind(g, XB_OP_Clip), 1, XB_F16, 0, 0.5);
    xb_graph_free(g);
}
END_TEST

START_TEST(pad)
{
    xb_buf a = {0};
    ATTR_INTS(&a, "pads", 0, 1, 0, 2);
    attr_float(&a, "value", 2.5f);
    attr_text(&a, "mode", "constant");
    xb_graph *g = one_node(2, "Pad", "2,3", &a);
    xb_op op = xb_graph_first(g);
    EXPECT_NUMBERS(g, op, 1, XB_I64, 1, 0, 1, 0, 2);
    EXPECT_NUMBERS(g, op, 2, XB_F32, 0, 2.5);
    ck_assert_str_eq(xb_graph_attr(g, op, "mode")->s, "constant");
    xb_graph_free(g);
    a = (xb_buf){0};
    ATTR_INTS(&a, "paddings", 0, 1, 0, 2);
    g = one_node(1, "Pad", "2,3", &a);
    EXPECT_NUMBERS(g, xb_graph_first(g), 1, XB_I64, 1, 0, 1, 0, 2);
    ck_assert_uint_eq(input_of(g, xb_graph_first(g), 2).id, 0);
    xb_graph_free(g);
    model m = {.opset = 6};
    add_input(&m, "x", 1, "2");
    add_node(&m, "Pad", "p", "x", "y", NULL);
    add_output(&m, "y", 1, NULL);
    must_refuse(&m, "onnx-graph", "pads");
}
END_TEST

START_TEST(slice)
{
    xb_buf a = {0};
    ATTR_INTS(&a, "starts", 1, -2);
    ATTR_INTS(&a, "ends", 2, 1000);
    ATTR_INTS(&a, "axes", 0, 1);
    xb_graph *g = one_node(9, "Slice", "4,5", &a);
    EXPECT_NUMBERS(g, xb_graph_first(g), 1, XB_I64, 1, 1, -2);
    EXPECT_NUMBERS(g, xb_graph_first(g), 2, XB_I64, 1, 2, 1000);
    EXPECT_NUMBERS(g, xb_graph_first(g), 3, XB_I64, 1, 0, 1);
    xb_graph_free(g);
    model m = {.opset = 9};
    add_input(&m, "x", 1, "2");
    add_node(&m, "Slice", "s", "x", "y", NULL);
    add_output(&m, "y", 1, NULL);
    must_refuse(&m, "onnx-graph", "starts");
}
END_TEST

static const struct {
    const char *op, *attr;
} lists[] = {{"Squeeze", "axes"}, {"Unsqueeze", "axes"}, {"ReduceSum", "axes"}, {"Split", "split"}};

START_TEST(list_becomes_input)
{
    xb_buf a = {0};
    ATTR_INTS(&a, lists[_i].attr, 0);
    xb_graph *g = one_node(12, lists[_i].op, "1,1", &a);
    xb_op op = xb_graph_first(g);
    EXPECT_NUMBERS(g, op, 1, XB_I64, 1, 0);
    ck_assert_ptr_null(xb_graph_attr(g, op, lists[_i].attr));
    xb_graph_free(g);
    a = (xb_buf){0};
    attr_int(&a, lists[_i].attr, 0);
    model m = {.opset = 12};
    add_input(&m, "x", 1, "1,1");
    add_node(&m, lists[_i].op, "n", "x", "y", &a);
    add_output(&m, "y", 1, NULL);
    must_refuse(&m, "onnx-format", lists[_i].attr);
}
END_TEST

START_TEST(reduce_mean_keeps_its_attribute)
{
    xb_buf a = {0};
    ATTR_INTS(&a, "axes", 1);
    xb_graph *g = one_node(12, "ReduceMean", "2,3", &a);
    ck_assert_int_eq(xb_graph_attr(g, xb_graph_first(g), "axes")->ints[0], 1);
    ck_assert_uint_eq(input_of(g, xb_graph_first(g), 1).id, 0);
    xb_graph_free(g);
}
END_TEST

static const char *const soft[] = {"Softmax", "LogSoftmax", "Hardmax"};

START_TEST(softmax_on_the_last_axis)
{
    xb_graph *g = one_node(9, soft[_i], "batch,10", NULL);
    ck_assert_str_eq(kinds_of(g), soft[_i]);
    ck_assert_int_eq(xb_graph_attr_int(g, xb_graph_first(g), "axis", 99), -1);
    xb_graph_free(g);
    xb_buf a = {0};
    attr_int(&a, "axis", -1);
    g = one_node(11, soft[_i], NULL, &a); /* rank unknown */
    ck_assert_str_eq(kinds_of(g), soft[_i]);
    xb_graph_free(g);
    g = one_node(13, soft[_i], "2,3,4", NULL);
    ck_assert_str_eq(kinds_of(g), soft[_i]);
    ck_assert_ptr_null(xb_graph_attr(g, xb_graph_first(g), "axis"));
    xb_graph_free(g);
}
END_TEST

START_TEST(softmax_of_a_matrix_made_of_more)
{
    char want[60];
    xb_graph *g = one_node(9, soft[_i], "batch,3,4", NULL);
    snprintf(want, sizeof want, "Flatten %s Shape Reshape", soft[_i]);
    ck_assert_str_eq(kinds_of(g), want);
    ck_assert_int_eq(xb_graph_attr_int(g, xb_graph_first(g), "axis", 99), 1);
    xb_op op = op_of_kind(g, xb_kind_of(soft[_i]));
    ck_assert_str_eq(xb_graph_op_name(g, op), "n");
    ck_assert_int_eq(xb_graph_attr_int(g, op, "axis", 99), -1);
    const xb_value *out;
    xb_graph_outputs(g, &out);
    ck_assert_str_eq(xb_graph_value_name(g, out[0]), "y");
    ck_assert_int_eq(xb_graph_kind(g, xb_graph_producer(g, out[0])), XB_OP_Reshape);
    xb_graph_free(g);
    g = one_node(9, soft[_i], NULL, NULL); /* rank unknown: right for any */
    ck_assert_str_eq(kinds_of(g), want);
    xb_graph_free(g);
}
END_TEST

/* The rank is followed through the ops before. */
START_TEST(softmax_after_others)
{
    model m = {.opset = 9};
    int64_t two[] = {-1, 6};
    xb_buf t = tensor_raw("two", 7, "2", two, sizeof two);
    add_tensor(&m, &t);
    add_input(&m, "x", 1, "batch,1,2,3");
    add_node(&m, "Relu", "", "x", "a", NULL);
    add_node(&m, "Reshape", "", "a,two", "b", NULL);
    add_node(&m, "Softmax", "", "b", "y", NULL);
    add_output(&m, "y", 1, "batch,6");
    xb_graph *g = must_read(&m);
    ck_assert_str_eq(kinds_of(g), "Relu Reshape Softmax");
    ck_assert_str_eq(xb_graph_op_name(g, op_of_kind(g, XB_OP_Softmax)), "y"); /* unnamed: after its result */
    xb_graph_free(g);
}
END_TEST

START_TEST(cast_to_text)
{
    xb_buf a = {0};
    attr_text(&a, "to", "INT64");
    xb_graph *g = one_node(5, "Cast", "2", &a);
    ck_assert_int_eq(xb_graph_attr_int(g, xb_graph_first(g), "to", 0), 7);
    xb_graph_free(g);
    for (int64_t to = 8; to < 1000; to += 991) {
        model m = {.opset = 13};
        a = (xb_buf){0};
        attr_int(&a, "to", to);
        add_input(&m, "x", 1, "2");
        add_node(&m, "Cast", "c", "x", "y", &a);
        add_output(&m, "y", 1, "2");
        must_refuse(&m, "onnx-type", to == 8 ? "string" : "unknown");
    }
}
END_TEST

static model binary_model(const char *op, const char *dims, xb_buf *attrs)
{
    model m = {.opset = 6};
    add_vector(&m, "b", 3);
    add_input(&m, "a", 1, dims);
    add_node(&m, op, "n", "a,b", "y", attrs);
    add_output(&m, "y", 1, NULL);
    return m;
}

START_TEST(old_broadcast)
{
    xb_buf a = {0};
    attr_int(&a, "broadcast", 1);
    attr_int(&a, "axis", 1);
    model m = binary_model("Add", "2,3,4,5", &a);
    xb_graph *g = must_read(&m);
    ck_assert_str_eq(kinds_of(g), "Unsqueeze Add");
    EXPECT_NUMBERS(g, xb_graph_first(g), 1, XB_I64, 1, 1, 2);
    const xb_attr *attrs;
    ck_assert_uint_eq(xb_graph_op_attrs(g, op_of_kind(g, XB_OP_Add), &attrs), 0);
    xb_graph_free(g);
    a = (xb_buf){0};
    attr_int(&a, "broadcast", 1);
    m = binary_model("Mul", "2,3", &a);
    g = must_read(&m);
    ck_assert_str_eq(kinds_of(g), "Mul");
    xb_graph_free(g);
    a = (xb_buf){0};
    attr_int(&a, "broadcast", 1);
    attr_int(&a, "axis", 1);
    m = binary_model("Sub", NULL, &a);
    must_refuse(&m, "onnx-opset", "'n' (Sub)");
    a = (xb_buf){0};
    attr_int(&a, "broadcast", 1);
    attr_int(&a, "axis", 2);
    m = binary_model("Div", "2,3", &a);
    must_refuse(&m, "onnx-graph", "axis 2");
}
END_TEST

START_TEST(old_prelu)
{
    model m = binary_model("PRelu", "2,3,4,5", NULL);
    xb_graph *g = must_read(&m);
    ck_assert_str_eq(kinds_of(g), "Unsqueeze PRelu");
    EXPECT_NUMBERS(g, xb_graph_first(g), 1, XB_I64, 1, 1, 2);
    xb_graph_free(g);
    m = binary_model("PRelu", "2,3", NULL);
    g = must_read(&m);
    ck_assert_str_eq(kinds_of(g), "PRelu");
    xb_graph_free(g);
    m = binary_model("PRelu", NULL, NULL);
    must_refuse(&m, "onnx-opset", "slope");
}
END_TEST

START_TEST(small_changes)
{
    xb_buf a = {0};
    ATTR_INTS(&a, "shape", 2, 3);
    ATTR_INTS(&a, "consumed_inputs", 0);
    xb_graph *g = one_node(1, "Reshape", "6", &a);
    EXPECT_NUMBERS(g, xb_graph_first(g), 1, XB_I64, 1, 2, 3);
    ck_assert_ptr_null(xb_graph_attr(g, xb_graph_first(g), "consumed_inputs"));
    xb_graph_free(g);
    g = one_node(1, "Concat", "2,3", NULL);
    ck_assert_int_eq(xb_graph_attr_int(g, xb_graph_first(g), "axis", 0), 1);
    xb_graph_free(g);
    g = one_node(1, "Selu", "2,3", NULL);
    ck_assert_float_eq(xb_graph_attr_float(g, xb_graph_first(g), "alpha", 0), 1.6732f);
    ck_assert_float_eq(xb_graph_attr_float(g, xb_graph_first(g), "gamma", 0), 1.0507f);
    xb_graph_free(g);
    a = (xb_buf){0};
    attr_int(&a, "broadcast", 1);
    model m = {.opset = 6};
    add_vector(&m, "c", 3);
    add_input(&m, "a", 1, "2,4");
    add_input(&m, "b", 1, "4,3");
    add_node(&m, "Gemm", "fc", "a,b,c", "y", &a);
    add_output(&m, "y", 1, "2,3");
    g = must_read(&m);
    ck_assert_ptr_null(xb_graph_attr(g, xb_graph_first(g), "broadcast"));
    xb_graph_free(g);
    m = binary_model("Tile", "2", NULL);
    m.opset = 5;
    must_refuse(&m, "onnx-opset", "'n' (Tile)");
}
END_TEST

START_TEST(constant_of_shape)
{
    int64_t shape[] = {2, 0};
    int32_t seven = 7;
    for (int given = 0; given < 2; given++) {
        model m = {.opset = 9};
        xb_buf a = {0}, t = tensor_raw("shape", 7, "2", shape, sizeof shape), v = tensor_raw(NULL, 6, "1", &seven, 4);
        add_tensor(&m, &t);
        if (given)
            attr_tensor(&a, "value", &v);
        else
            xb_buf_free(&v);
        add_node(&m, "ConstantOfShape", "fill", "shape", "y", &a);
        add_output(&m, "y", given ? 6 : 1, "2,0");
        xb_graph *g = must_read(&m);
        ck_assert_str_eq(kinds_of(g), "Expand");
        EXPECT_NUMBERS(g, xb_graph_first(g), 0, given ? XB_I32 : XB_F32, 0, given ? 7 : 0);
        EXPECT_NUMBERS(g, xb_graph_first(g), 1, XB_I64, 1, 2, 0);
        xb_graph_free(g);
    }
    model m = {.opset = 9};
    xb_buf a = {0}, v = tensor_raw(NULL, 7, "2", shape, sizeof shape);
    attr_tensor(&a, "value", &v);
    add_input(&m, "shape", 7, "2");
    add_node(&m, "ConstantOfShape", "fill", "shape", "y", &a);
    add_output(&m, "y", 7, NULL);
    must_refuse(&m, "onnx-graph", "one element");
}
END_TEST

START_TEST(versions)
{
    static const int64_t wrong[] = {18, -1, 1000000};
    model m = {.opset = wrong[_i]};
    add_input(&m, "x", 1, "2");
    add_node(&m, "Relu", "r", "x", "y", NULL);
    add_output(&m, "y", 1, "2");
    must_refuse(&m, "onnx-opset", "1 to 17");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("opset");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, clip);
    tcase_add_test(tc, clip_of_half);
    tcase_add_test(tc, pad);
    tcase_add_test(tc, slice);
    tcase_add_loop_test(tc, list_becomes_input, 0, 4);
    tcase_add_test(tc, reduce_mean_keeps_its_attribute);
    tcase_add_loop_test(tc, softmax_on_the_last_axis, 0, 3);
    tcase_add_loop_test(tc, softmax_of_a_matrix_made_of_more, 0, 3);
    tcase_add_test(tc, softmax_after_others);
    tcase_add_test(tc, cast_to_text);
    tcase_add_test(tc, old_broadcast);
    tcase_add_test(tc, old_prelu);
    tcase_add_test(tc, small_changes);
    tcase_add_test(tc, constant_of_shape);
    tcase_add_loop_test(tc, versions, 0, 3);
    return run_tests(tc);
}
