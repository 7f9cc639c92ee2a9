/* Reading: names, order, inputs and outputs, right and wrong. Single nodes: test_onnx_node.c. */
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

START_TEST(plain_graph)
{
    model m = chain();
    xb_buf a = {0};
    attr_float(&a, "alpha", 0.25f);
    relu(&m, "first", "x", "a");
    add_node(&m, "LeakyRelu", "second", "a", "y", &a);
    add_output(&m, "y", 1, "batch,3");
    xb_graph *g = must_read(&m);
    const xb_value *in, *out;
    ck_assert_str_eq(xb_graph_name(g), "test");
    ck_assert_uint_eq(xb_graph_inputs(g, &in), 1);
    ck_assert_uint_eq(xb_graph_outputs(g, &out), 1);
    ck_assert_str_eq(xb_graph_value_name(g, in[0]), "x");
    ck_assert_str_eq(xb_graph_value_name(g, out[0]), "y");
    const xb_type *t = xb_graph_type(g, in[0]);
    ck_assert(t->dtype == XB_F32 && t->rank == 2 && t->dim[0] < 0 && t->dim[1] == 3);
    ck_assert_str_eq(xb_graph_symbol(g, t->dim[0]), "batch");
    ck_assert_int_eq(xb_graph_type(g, out[0])->dim[0], t->dim[0]);
    xb_op op = xb_graph_first(g);
    ck_assert_str_eq(xb_graph_op_name(g, op), "first");
    op = xb_graph_next(g, op);
    ck_assert_str_eq(xb_graph_op_name(g, op), "second");
    ck_assert_float_eq(xb_graph_attr_float(g, op, "alpha", 0), 0.25f);
    ck_assert_uint_eq(xb_diags_warnings(diags), 0);
    xb_graph_free(g);
}
END_TEST

START_TEST(dimensions)
{
    model m = {.opset = 13};
    add_input(&m, "x", 1, "n,?,n,-1,0");
    add_input(&m, "s", 11, "");
    add_input(&m, "u", 1, NULL);
    relu(&m, "", "x", "y");
    add_output(&m, "y", 1, NULL);
    xb_graph *g = must_read(&m);
    const xb_value *in;
    xb_graph_inputs(g, &in);
    const xb_type *t = xb_graph_type(g, in[0]);
    ck_assert_int_eq(t->rank, 5);
    ck_assert_int_eq(t->dim[0], t->dim[2]);
    ck_assert(t->dim[1] < 0 && t->dim[3] < 0 && t->dim[1] != t->dim[0] && t->dim[1] != t->dim[3]);
    ck_assert_int_eq(t->dim[4], 0);
    ck_assert_int_eq(xb_graph_type(g, in[1])->rank, 0);
    ck_assert_int_eq(xb_graph_type(g, in[1])->dtype, XB_F64);
    ck_assert_int_lt(xb_graph_type(g, in[2])->rank, 0);
    xb_graph_free(g);
    m = (model){.opset = 13};
    add_input(&m, "x", 1, "1,1,1,1,1,1,1,1,1");
    must_refuse(&m, "onnx-limit", "8 dimensions");
    m = (model){.opset = 13};
    add_input(&m, "x", 8, "1");
    must_refuse(&m, "onnx-type", "string");
    m = (model){.opset = 13};
    add_input(&m, "x", 999999, "1");
    must_refuse(&m, "onnx-type", "'x'");
}
END_TEST

START_TEST(sequence_input)
{
    model m = {.opset = 13};
    xb_buf info = {0}, type = {0}, sequence = {0};
    put_text(&info, 1, "s");
    put_message(&type, 4, &sequence);
    put_message(&info, 2, &type);
    put_message(&m.graph, 11, &info);
    must_refuse(&m, "onnx-type", "not a tensor");
}
END_TEST

START_TEST(unsorted)
{
    model m = chain();
    relu(&m, "third", "b", "y");
    relu(&m, "second", "a", "b");
    relu(&m, "first", "x", "a");
    add_output(&m, "y", 1, NULL);
    xb_graph *g = must_read(&m);
    ck_assert_uint_eq(xb_diags_warnings(diags), 1);
    ck_assert_str_eq(xb_graph_op_name(g, xb_graph_first(g)), "first");
    xb_graph_free(g);
}
END_TEST

START_TEST(cycles)
{
    model m = chain();
    add_node(&m, "Add", "one", "x,c", "a", NULL);
    relu(&m, "two", "a", "b");
    relu(&m, "three", "b", "c");
    add_output(&m, "c", 1, NULL);
    must_refuse(&m, "onnx-graph", "cycle");
    m = chain();
    add_node(&m, "Add", "self", "x,a", "a", NULL);
    add_output(&m, "a", 1, NULL);
    must_refuse(&m, "onnx-graph", "node 'self' (Add)");
}
END_TEST

/* A chain backwards, longer than any stack frame count would bear. */
START_TEST(long_chain_backwards)
{
    model m = chain();
    char in[20], out[20];
    int n = 50000;
    for (int i = n; i > 0; i--) {
        snprintf(in, sizeof in, i == 1 ? "x" : "v%d", i - 1);
        snprintf(out, sizeof out, "v%d", i);
        relu(&m, NULL, in, out);
    }
    add_output(&m, out, 1, NULL);
    xb_graph *g = must_read(&m);
    ck_assert_uint_eq(xb_graph_op_count(g), 50000);
    xb_graph_free(g);
}
END_TEST

START_TEST(wrong_names)
{
    model m = chain();
    relu(&m, "r", "nothing", "y");
    add_output(&m, "y", 1, NULL);
    must_refuse(&m, "onnx-graph", "node 'r' (Relu), input 1");
    m = chain();
    relu(&m, "r", "x", "y");
    relu(&m, "q", "x", "y");
    add_output(&m, "y", 1, NULL);
    must_refuse(&m, "onnx-graph", "'y' is defined twice");
    m = chain();
    relu(&m, "r", "x", "x");
    add_output(&m, "x", 1, NULL);
    must_refuse(&m, "onnx-graph", "'x' is defined twice");
    m = chain();
    add_input(&m, "x", 1, "1");
    must_refuse(&m, "onnx-graph", "'x' is defined twice");
    m = chain();
    relu(&m, "r", "x", "y");
    add_output(&m, "z", 1, NULL);
    must_refuse(&m, "onnx-graph", "graph output 'z'");
    m = chain();
    relu(&m, "r", "x", "y");
    add_output(&m, "y", 1, NULL);
    add_output(&m, "y", 1, NULL);
    must_refuse(&m, "onnx-graph", "listed twice");
    m = chain();
    relu(&m, "r", "x", "y");
    must_refuse(&m, "onnx-graph", "no graph outputs");
    m = chain();
    add_input(&m, "", 1, "1");
    must_refuse(&m, "onnx-graph", "no name");
}
END_TEST

START_TEST(wrong_constants)
{
    float v = 1;
    model m = chain();
    for (int i = 0; i < 2; i++) {
        xb_buf t = tensor_raw("w", 1, "1", &v, 4);
        add_tensor(&m, &t);
    }
    must_refuse(&m, "onnx-graph", "'w' is defined twice");
    m = chain();
    xb_buf t = tensor_raw(NULL, 1, "1", &v, 4);
    add_tensor(&m, &t);
    must_refuse(&m, "onnx-graph", "no name");
    m = chain();
    xb_buf sparse = {0};
    put_message(&m.graph, 15, &sparse);
    must_refuse(&m, "onnx-type", "sparse");
}
END_TEST

START_TEST(node_names_are_made_unique)
{
    model m = chain();
    relu(&m, "r", "x", "a");
    relu(&m, "r", "a", "b");
    relu(&m, NULL, "b", "r");
    add_output(&m, "r", 1, NULL);
    xb_graph *g = must_read(&m);
    xb_op one = xb_graph_first(g), two = xb_graph_next(g, one), three = xb_graph_next(g, two);
    ck_assert_str_eq(xb_graph_op_name(g, one), "r");
    ck_assert_str_ne(xb_graph_op_name(g, two), "r");
    ck_assert_str_eq(xb_graph_op_name(g, three), "r/op");
    xb_graph_free(g);
}
END_TEST

START_TEST(input_with_a_default_is_a_constant)
{
    float v[3] = {1, 2, 3};
    model m = chain();
    xb_buf t = tensor_raw("w", 1, "3", v, sizeof v);
    add_tensor(&m, &t);
    add_input(&m, "w", 1, "3");
    add_node(&m, "Mul", "mul", "x,w", "y", NULL);
    add_output(&m, "y", 1, NULL);
    xb_graph *g = must_read(&m);
    const xb_value *in;
    ck_assert_uint_eq(xb_graph_inputs(g, &in), 1);
    EXPECT_NUMBERS(g, xb_graph_first(g), 1, XB_F32, 1, 1, 2, 3);
    xb_graph_free(g);
}
END_TEST

START_TEST(identities_go)
{
    model m = chain();
    float v[3] = {1, 2, 3};
    xb_buf t = tensor_raw("w", 1, "3", v, sizeof v);
    add_tensor(&m, &t);
    add_node(&m, "Identity", "share", "w", "w2", NULL);
    add_node(&m, "Mul", "mul", "x,w2", "a", NULL);
    add_node(&m, "Identity", "last", "a", "y", NULL);
    add_node(&m, "Identity", "through", "x", "z", NULL);
    add_output(&m, "y", 1, NULL);
    add_node(&m, "Identity", "show", "w", "w3", NULL);
    add_output(&m, "z", 1, NULL);
    add_output(&m, "w3", 1, NULL);
    xb_graph *g = must_read(&m);
    ck_assert_str_eq(kinds_of(g), "Mul Identity Identity");
    ck_assert_str_eq(xb_graph_value_name(g, input_of(g, xb_graph_first(g), 1)), "w");
    const xb_value *out;
    xb_graph_outputs(g, &out);
    ck_assert_str_eq(xb_graph_value_name(g, out[0]), "y");
    ck_assert_str_eq(xb_graph_op_name(g, xb_graph_producer(g, out[0])), "mul");
    ck_assert_str_eq(xb_graph_value_name(g, out[1]), "z");
    ck_assert_str_eq(xb_graph_op_name(g, xb_graph_producer(g, out[1])), "through");
    ck_assert_str_eq(xb_graph_value_name(g, out[2]), "w3");
    xb_graph_free(g);
}
END_TEST

/* More of a kind than a network has: each is refused before it can cost time that grows with its square. */
START_TEST(too_many)
{
    char name[20];
    model m = chain();
    xb_buf attrs = {0};
    for (int i = 0; i < 257; i++) {
        snprintf(name, sizeof name, "a%d", i);
        attr_int(&attrs, name, i);
    }
    add_node(&m, "Elu", "e", "x", "y", &attrs);
    must_refuse(&m, "onnx-limit", "256 attributes");
    m = chain();
    for (int i = 0; i < 1024; i++) {
        snprintf(name, sizeof name, "in%d", i);
        add_input(&m, name, 1, "?");
    }
    must_refuse(&m, "onnx-limit", "1024");
    m = chain();
    for (int i = 0; i < 1025; i++) {
        snprintf(name, sizeof name, "out%d", i);
        relu(&m, NULL, "x", name);
        add_output(&m, name, 1, "?");
    }
    must_refuse(&m, "onnx-limit", "1024 graph outputs");
}
END_TEST

/* Names that we make give way to those of the model. */
START_TEST(names_that_we_make)
{
    model m = {.opset = 9};
    float v = 1;
    xb_buf a = {0}, t = tensor_raw("clip/min", 1, "", &v, 4);
    add_tensor(&m, &t);
    attr_float(&a, "min", -2);
    add_input(&m, "x", 1, "2");
    add_node(&m, "Clip", "clip", "x", "a", &a);
    add_node(&m, "Mul", "mul", "a,clip/min", "clip/min_1", NULL);
    add_output(&m, "clip/min_1", 1, "2");
    xb_graph *g = must_read(&m);
    const xb_value *out;
    xb_graph_outputs(g, &out);
    ck_assert_str_eq(xb_graph_value_name(g, out[0]), "clip/min_1");
    ck_assert_str_eq(xb_graph_value_name(g, input_of(g, xb_graph_first(g), 1)), "clip/min_2");
    EXPECT_NUMBERS(g, xb_graph_first(g), 1, XB_F32, 0, -2);
    xb_graph_free(g);
}
END_TEST

START_TEST(no_file)
{
    ck_assert_ptr_null(xb_onnx_read(diags, in_dir("absent.onnx")));
    ck_assert_ptr_null(xb_onnx_read(diags, model_dir));
    ck_assert_uint_eq(xb_diags_errors(diags), 2);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("read");
    tcase_set_timeout(tc, 0);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, plain_graph);
    tcase_add_test(tc, dimensions);
    tcase_add_test(tc, sequence_input);
    tcase_add_test(tc, unsorted);
    tcase_add_test(tc, cycles);
    tcase_add_test(tc, long_chain_backwards);
    tcase_add_test(tc, wrong_names);
    tcase_add_test(tc, wrong_constants);
    tcase_add_test(tc, node_names_are_made_unique);
    tcase_add_test(tc, input_with_a_default_is_a_constant);
    tcase_add_test(tc, identities_go);
    tcase_add_test(tc, too_many);
    tcase_add_test(tc, names_that_we_make);
    tcase_add_test(tc, no_file);
    return run_tests(tc);
}
