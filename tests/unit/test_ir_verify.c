#include "ir/infer.h"
#include "ir/store.h"
#include "ir/verify.h"
#include "suite.h"
#include <stdlib.h>
#include <string.h>

/* x -> conv1 (w, b) -> relu1 -> y */
static xb_graph *g;
static xb_diags *d;
static xb_value x, w, b, c, y;
static xb_op conv, relu;

static void setup(void)
{
    g = xb_graph_new("lenet", "lenet.onnx");
    d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_type xt = {XB_F32, 4, {xb_graph_symbol_id(g, "batch"), 1, 5, 5}}, wt = {XB_F32, 4, {2, 1, 3, 3}},
            bt = {XB_F32, 1, {2}};
    x = xb_graph_add_input(g, "x", &xt);
    w = xb_graph_add_const(g, "w", &wt, NULL);
    b = xb_graph_add_const(g, "b", &bt, NULL);
    xb_value in[3] = {x, w, b};
    conv = xb_graph_add_op(g, (xb_op){0}, "Conv", "conv1", in, 3, &c, 1);
    relu = xb_graph_add_op(g, (xb_op){0}, "Relu", "relu1", &c, 1, &y, 1);
    xb_graph_add_output(g, y);
    ck_assert_msg(xb_graph_infer(d, g, NULL), "%s", xb_diags_text(d));
}

static void teardown(void)
{
    xb_graph_free(g);
    xb_diags_free(d);
}

/* The first line that is said. */
static void check_says(const char *want)
{
    ck_assert(!xb_graph_verify(d, g));
    const char *got = xb_diags_text(d);
    size_t n = strcspn(got, "\n");
    ck_assert_msg(n == strlen(want) && !strncmp(got, want, n), "wanted: %s\ngot: %s", want, got);
}

#define CONV "lenet.onnx: node 'conv1' (Conv): error: "
#define RELU "lenet.onnx: node 'relu1' (Relu): error: "
#define FILE_ "lenet.onnx: error: "

START_TEST(a_whole_graph_passes_and_is_not_changed)
{
    uint64_t version = xb_graph_version(g);
    const int64_t mask[18] = {1};
    ck_assert(xb_graph_verify(d, g));
    ck_assert_uint_eq(xb_graph_version(g), version);
    xb_graph_set_note(g, w, "mask", mask, 18);
    xb_graph *clone = xb_graph_clone(g);
    ck_assert(xb_graph_verify(d, clone));
    xb_graph_free(clone);
    ck_assert_str_eq(xb_diags_text(d), "");
}
END_TEST

/* ---- list and order ---- */

START_TEST(broken_list)
{
    xb_op_at(g, relu.id)->prev = 0;
    check_says(FILE_ "the list of ops is broken at op 2 [verify]");
    xb_op_at(g, relu.id)->prev = conv.id;
}
END_TEST

START_TEST(lost_op)
{
    g->op_count++;
    check_says(FILE_ "2 ops are listed, 3 are there [verify]");
}
END_TEST

START_TEST(order_not_kept)
{
    xb_op_at(g, relu.id)->order = 1;
    check_says(RELU "its place in the order is not kept [verify]");
}
END_TEST

START_TEST(reads_a_later_result)
{
    xb_graph_set_input(g, conv, 0, y); /* a cycle: no order can hold it */
    check_says(CONV "reads 'relu1_out', the result of 'relu1', which does not come before it [verify]");
}
END_TEST

START_TEST(reads_what_is_not_there)
{
    xb_op_at(g, relu.id)->in[0].id = 99;
    check_says(RELU "input 1 is no value of this graph [verify]");
}
END_TEST

/* ---- use lists ---- */

START_TEST(reading_not_listed)
{
    xb_op_at(g, relu.id)->in[0] = x;
    check_says(RELU "its reading of 'x' is not in that value's list of uses [verify]");
}
END_TEST

START_TEST(output_not_listed)
{
    g->outputs.data[0] = c;
    check_says(FILE_ "graph output 'conv1_out' is not in that value's list of uses [verify]");
}
END_TEST

START_TEST(output_not_there)
{
    g->outputs.data[0].id = 99;
    check_says(FILE_ "graph output 1 is no value of this graph [verify]");
}
END_TEST

START_TEST(uses_counted_wrongly)
{
    xb_value_at(g, c.id)->n_uses = 3;
    check_says(FILE_ "value 'conv1_out': 3 uses are counted, 1 listed [verify]");
}
END_TEST

START_TEST(uses_list_a_stranger)
{
    xb_value_at(g, w.id)->uses = xb_value_at(g, c.id)->uses;
    xb_op_at(g, relu.id)->n_in = 0;
    check_says(RELU "has 0 inputs, needs at least 1 [verify]");
    ck_assert_ptr_nonnull(
        strstr(xb_diags_text(d), FILE_ "value 'w': its list of uses names a reader that is none [verify]\n"));
}
END_TEST

START_TEST(uses_out_of_range)
{
    xb_value_at(g, w.id)->uses = 1000;
    check_says(FILE_ "value 'w': its list of uses is broken [verify]");
}
END_TEST

START_TEST(result_of_another)
{
    xb_value_at(g, c.id)->producer = relu.id;
    check_says(CONV "result 1 is not its own [verify]");
}
END_TEST

START_TEST(result_of_nobody)
{
    xb_op_at(g, relu.id)->out[0].id = 0;
    xb_value_at(g, y.id)->producer = 77;
    check_says(FILE_ "value 'relu1_out' is the result of an op that is not there [verify]");
}
END_TEST

/* ---- arity ---- */

START_TEST(too_few_inputs)
{
    xb_use_drop(g, xb_op_at(g, conv.id)->use[2]);
    xb_use_drop(g, xb_op_at(g, conv.id)->use[1]);
    xb_op_at(g, conv.id)->n_in = 1;
    check_says(CONV "has 1 inputs, needs at least 2 [verify]");
}
END_TEST

START_TEST(too_many_inputs)
{
    xb_graph_set_input(g, relu, 1, x);
    check_says(RELU "has 2 inputs, takes at most 1 [verify]");
}
END_TEST

START_TEST(required_input_absent)
{
    xb_graph_set_input(g, conv, 1, (xb_value){0});
    check_says(CONV "input 2 is absent but required [verify]");
}
END_TEST

START_TEST(too_many_results)
{
    xb_value out[2];
    xb_graph_add_op(g, (xb_op){0}, "Relu", "two", &x, 1, out, 2);
    check_says("lenet.onnx: node 'two' (Relu): error: has 2 results, gives at most 1 [verify]");
}
END_TEST

START_TEST(kind_and_text_differ)
{
    xb_op_at(g, relu.id)->kind = XB_OP_Tanh;
    check_says(RELU "is kept as operator 'Tanh' [verify]");
}
END_TEST

/* ---- names ---- */

START_TEST(value_without_name)
{
    xb_value_at(g, y.id)->name = "";
    check_says(FILE_ "value 5 has no name [verify]");
}
END_TEST

START_TEST(two_values_of_one_name)
{
    xb_value_at(g, y.id)->name = "x";
    check_says(FILE_ "two of the values are named 'x' [verify]");
}
END_TEST

START_TEST(two_ops_of_one_name)
{
    xb_op_at(g, relu.id)->name = "conv1";
    check_says(FILE_ "two of the ops are named 'conv1' [verify]");
}
END_TEST

START_TEST(name_not_in_the_index)
{
    xb_value_at(g, y.id)->name = "elsewhere";
    check_says(FILE_ "value 'elsewhere' is not found by its name [verify]");
}
END_TEST

/* ---- types ---- */

START_TEST(no_element_type)
{
    xb_value_at(g, c.id)->type.dtype = XB_NONE;
    check_says(CONV "value 'conv1_out' has no element type [verify]");
}
END_TEST

START_TEST(no_shape)
{
    xb_value_at(g, y.id)->type.rank = -1;
    check_says(RELU "the shape of value 'relu1_out' is not known [verify]");
}
END_TEST

START_TEST(too_many_dimensions)
{
    xb_value_at(g, x.id)->type.rank = 9;
    check_says(FILE_ "value 'x' has 9 dimensions, more than 8 [verify]");
}
END_TEST

START_TEST(symbol_not_there)
{
    xb_value_at(g, x.id)->type.dim[3] = -40;
    check_says(FILE_ "dimension 3 of value 'x' is a symbol that is not there [verify]");
}
END_TEST

START_TEST(type_against_inference)
{
    xb_value_at(g, c.id)->type.dim[1] = 7;
    check_says(CONV "value 'conv1_out' is typed f32[batch,7,3,3], inference says f32[batch,2,3,3] [verify]");
}
END_TEST

START_TEST(shapes_that_cannot_be)
{
    xb_type t = {XB_F32, 4, {-1, 3, 5, 5}};
    xb_graph_set_type(g, x, &t);
    ck_assert(!xb_graph_verify(d, g));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(d), FILE_ "shapes cannot be inferred: "
                                                         "lenet.onnx: node 'conv1' (Conv)"));
}
END_TEST

/* ---- constants ---- */

START_TEST(constant_without_data)
{
    xb_blob *kept = xb_value_at(g, w.id)->blob;
    xb_value_at(g, w.id)->blob = NULL;
    check_says(FILE_ "constant 'w' has no data [verify]");
    xb_value_at(g, w.id)->blob = kept;
}
END_TEST

START_TEST(constant_of_unknown_size)
{
    xb_value_at(g, w.id)->type.dim[0] = -1;
    check_says(FILE_ "constant 'w' has a type of unknown size [verify]");
}
END_TEST

START_TEST(constant_of_another_size)
{
    xb_type t = {XB_F32, 4, {4, 1, 3, 3}};
    xb_graph_set_type(g, w, &t);
    check_says(FILE_ "constant 'w' holds 72 bytes, its type takes 144 [verify]");
}
END_TEST

START_TEST(view_outside_of_its_file)
{
    static const float elsewhere[18];
    xb_type t = {XB_F32, 4, {2, 1, 3, 3}};
    xb_value v = xb_graph_add_view(g, "v", &t, elsewhere);
    xb_graph_set_input(g, conv, 1, v);
    check_says(FILE_ "constant 'v' views bytes outside of the files of this graph [verify]");
}
END_TEST

START_TEST(mask_of_another_size)
{
    const int64_t mask[17] = {1};
    xb_graph_set_note(g, w, "mask", mask, 17);
    check_says(FILE_ "constant 'w': its mask has 17 numbers for 18 elements [verify]");
}
END_TEST

/* ---- matrices ---- */

START_TEST(bias_of_another_size)
{
    xb_type t = {XB_F32, 1, {3}};
    xb_graph_set_input(g, conv, 2, xb_graph_add_const(g, "b3", &t, NULL));
    check_says(CONV "its bias has 3 elements for 2 outputs [verify]");
}
END_TEST

START_TEST(every_violation_is_reported)
{
    xb_graph_set_input(g, relu, 1, x);
    xb_value_at(g, c.id)->type.dtype = XB_NONE;
    ck_assert(!xb_graph_verify(d, g));
    ck_assert_uint_eq(xb_diags_errors(d), 2);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("verify");
    const TTest *const *const tests[] = {&a_whole_graph_passes_and_is_not_changed,
                                         &broken_list,
                                         &lost_op,
                                         &order_not_kept,
                                         &reads_a_later_result,
                                         &reads_what_is_not_there,
                                         &reading_not_listed,
                                         &output_not_listed,
                                         &output_not_there,
                                         &uses_counted_wrongly,
                                         &uses_list_a_stranger,
                                         &uses_out_of_range,
                                         &result_of_another,
                                         &result_of_nobody,
                                         &too_few_inputs,
                                         &too_many_inputs,
                                         &required_input_absent,
                                         &too_many_results,
                                         &kind_and_text_differ,
                                         &value_without_name,
                                         &two_values_of_one_name,
                                         &two_ops_of_one_name,
                                         &name_not_in_the_index,
                                         &no_element_type,
                                         &no_shape,
                                         &too_many_dimensions,
                                         &symbol_not_there,
                                         &type_against_inference,
                                         &shapes_that_cannot_be,
                                         &constant_without_data,
                                         &constant_of_unknown_size,
                                         &constant_of_another_size,
                                         &view_outside_of_its_file,
                                         &mask_of_another_size,
                                         &bias_of_another_size,
                                         &every_violation_is_reported};
    tcase_add_checked_fixture(t, setup, teardown);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(t, *tests[i]);
    return run_case("ir_verify", t);
}
