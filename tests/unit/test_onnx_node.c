/* Reading single nodes: Constant, attributes, arity, and what is outside the set of operators. */
#include "onnx_model.h"

static void relu(model *m, const char *name, const char *in, const char *out)
{
    add_node(m, "Relu", name, in, out, NULL);
}

static model chain(void)
{
    model m = {.opset = 13};
    add_input(&m, "x", 1, "batch,3");
    return m;
}

/* ---- Constant nodes ---- */

static void constant(xb_buf *attrs, xb_dtype type, int rank, const double *want, size_t n)
{
    model m = chain();
    add_node(&m, "Constant", "c", "", "k", attrs);
    add_node(&m, "Mul", "mul", "x,k", "y", NULL);
    add_output(&m, "y", 1, NULL);
    xb_graph *g = must_read(&m);
    ck_assert_str_eq(kinds_of(g), "Mul");
    expect_numbers(g, xb_graph_first(g), 1, type, rank, want, n);
    xb_graph_free(g);
}

START_TEST(constants)
{
    xb_buf a = {0}, f = {0}, t = tensor_raw(NULL, 1, "2", (float[]){3, 4}, 8);
    attr_tensor(&a, "value", &t);
    constant(&a, XB_F32, 1, (double[]){3, 4}, 2);
    a = (xb_buf){0};
    attr_float(&a, "value_float", 0.5f);
    constant(&a, XB_F32, 0, (double[]){0.5}, 1);
    a = (xb_buf){0};
    attr_int(&a, "value_int", -7);
    constant(&a, XB_I64, 0, (double[]){-7}, 1);
    a = (xb_buf){0};
    ATTR_INTS(&a, "value_ints", 5, 6, 7);
    constant(&a, XB_I64, 1, (double[]){5, 6, 7}, 3);
    a = (xb_buf){0};
    attr_begin(&f, "value_floats", 6);
    put_bytes(&f, 7, (float[]){1.5f, 2.5f}, 8); /* packed */
    put_message(&a, 5, &f);
    constant(&a, XB_F32, 1, (double[]){1.5, 2.5}, 2);
}
END_TEST

static void refuse_constant(xb_buf *attrs, const char *code, const char *word)
{
    model m = chain();
    add_node(&m, "Constant", "c", "", "k", attrs);
    add_output(&m, "k", 1, NULL);
    must_refuse(&m, code, word);
}

START_TEST(refused_constants)
{
    xb_buf a = {0}, s = {0}, v = {0};
    attr_text(&a, "value_string", "hello");
    refuse_constant(&a, "onnx-type", "node 'c' (Constant)");
    a = (xb_buf){0};
    refuse_constant(&a, "onnx-type", "dense tensor");
    a = (xb_buf){0};
    attr_begin(&s, "sparse_value", 11);
    put_message(&s, 22, &v);
    put_message(&a, 5, &s);
    refuse_constant(&a, "op-unsupported", "sparse_value");
    a = (xb_buf){0};
    attr_int(&a, "value_int", 1);
    attr_int(&a, "value_int", 2);
    refuse_constant(&a, "onnx-format", "given twice");
}
END_TEST

/* ---- what is outside the set ---- */

START_TEST(unsupported)
{
    model m = chain();
    xb_buf n = {0}, f = {0};
    add_node(&m, "NonZero", "nz", "x", "a", NULL);
    add_node(&m, "Einsum", "sum", "a", "y", NULL);
    add_output(&m, "y", 1, NULL);
    must_refuse(&m, "op-unsupported", "node 'nz' (NonZero)");
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "node 'sum' (Einsum)")); /* both are named */

    m = chain();
    put_text(&n, 1, "x");
    put_text(&n, 2, "y");
    put_text(&n, 3, "mine");
    put_text(&n, 4, "Relu");
    put_text(&n, 7, "com.example");
    put_message(&m.graph, 1, &n);
    must_refuse(&m, "op-unsupported", "com.example");

    m = chain();
    relu(&m, "r", "x", "y");
    add_output(&m, "y", 1, NULL);
    put_message(&m.extra, 25, &f);
    must_refuse(&m, "op-unsupported", "functions");

    m = chain();
    m.opset = 0;
    relu(&m, "r", "x", "y");
    add_output(&m, "y", 1, NULL);
    xb_buf other = {0};
    put_text(&other, 1, "ai.onnx.ml");
    put_int(&other, 2, 1);
    put_message(&m.extra, 8, &other);
    must_refuse(&m, "onnx-opset", "no version");
}
END_TEST

START_TEST(sub_graph)
{
    model m = chain();
    xb_buf attrs = {0}, a = {0}, inner = {0};
    attr_begin(&a, "body", 5);
    put_message(&a, 6, &inner);
    put_message(&attrs, 5, &a);
    add_node(&m, "Relu", "r", "x", "y", &attrs);
    add_output(&m, "y", 1, NULL);
    must_refuse(&m, "op-unsupported", "sub-graph");
}
END_TEST

START_TEST(wrong_attributes)
{
    model m = chain();
    xb_buf attrs = {0}, a = {0};
    put_text(&a, 1, "alpha");
    put_text(&a, 21, "of_function");
    put_message(&attrs, 5, &a);
    add_node(&m, "Elu", "e", "x", "y", &attrs);
    must_refuse(&m, "onnx-format", "function's attribute");
    m = chain();
    put_int(&a, 3, 1);
    put_message(&attrs, 5, &a);
    add_node(&m, "Elu", "e", "x", "y", &attrs);
    must_refuse(&m, "onnx-format", "without a name");
    m = chain();
    attr_begin(&a, "mode", 3);
    put_bytes(&a, 4, "a\0b", 3);
    put_message(&attrs, 5, &a);
    add_node(&m, "Elu", "e", "x", "y", &attrs);
    must_refuse(&m, "onnx-format", "NUL");
    m = chain();
    attr_begin(&a, "alpha", 77);
    put_message(&attrs, 5, &a);
    add_node(&m, "Elu", "e", "x", "y", &attrs);
    must_refuse(&m, "op-unsupported", "'alpha'");
}
END_TEST

/* IR version 1 attributes had no type field. */
START_TEST(attribute_without_a_type)
{
    model m = chain();
    xb_buf attrs = {0}, a = {0};
    put_text(&a, 1, "alpha");
    put_float(&a, 2, 0.75f);
    put_message(&attrs, 5, &a);
    add_node(&m, "Elu", "e", "x", "y", &attrs);
    add_output(&m, "y", 1, NULL);
    xb_graph *g = must_read(&m);
    ck_assert_float_eq(xb_graph_attr_float(g, xb_graph_first(g), "alpha", 0), 0.75f);
    xb_graph_free(g);
}
END_TEST

START_TEST(wrong_arity)
{
    model m = chain();
    add_node(&m, "Relu", "r", "x,x", "y", NULL);
    must_refuse(&m, "onnx-graph", "has 2 inputs");
    m = chain();
    add_node(&m, "Add", "a", ",x", "y", NULL);
    must_refuse(&m, "onnx-graph", "input 1 is required");
    m = chain();
    add_node(&m, "Relu", "r", "x", "y,z", NULL);
    must_refuse(&m, "onnx-graph", "has 2 outputs");
    m = chain();
    add_node(&m, "Relu", "r", "x", "", NULL);
    must_refuse(&m, "onnx-graph", "has 0 outputs");
    m = chain();
    add_node(&m, "Concat", "c", "x,,x", "y", NULL);
    must_refuse(&m, "onnx-graph", "input 2 is required");
    m = chain();
    add_node(&m, "", "c", "x", "y", NULL);
    must_refuse(&m, "onnx-format", "without an operator");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("node");
    tcase_set_timeout(tc, 0);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, constants);
    tcase_add_test(tc, refused_constants);
    tcase_add_test(tc, unsupported);
    tcase_add_test(tc, sub_graph);
    tcase_add_test(tc, wrong_attributes);
    tcase_add_test(tc, attribute_without_a_type);
    tcase_add_test(tc, wrong_arity);
    return run_tests(tc);
}
