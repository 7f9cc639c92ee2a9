#include "ir_graph_some.h"
#include "suite.h"

START_TEST(a_graph_is_read_as_it_was_built)
{
    xb_value x, y, both[2];
    xb_op relu;
    xb_graph *g = new_graph(&x);
    const float w[4] = {1, 2, 3, 4};
    xb_value c = xb_graph_add_const(g, "w", &f32_4, w);
    y = unary(g, at_end, "Relu", "r", x, &relu);
    xb_value in[3] = {y, {0}, c};
    const char *const names[] = {"top", ""};
    xb_op pool = xb_graph_add_op_kind(g, at_end, XB_OP_MaxPool, "p", in, 3, names, both, 2);
    xb_graph_add_output(g, both[0]);
    const xb_value *list;
    ck_assert_str_eq(xb_graph_name(g), "net");
    ck_assert_str_eq(xb_graph_file(g), "net.onnx");
    ck_assert_str_eq(order_of(g), "r p");
    ck_assert_uint_eq(xb_graph_inputs(g, &list), 1);
    ck_assert_uint_eq(list[0].id, x.id);
    ck_assert_uint_eq(xb_graph_outputs(g, &list), 1);
    ck_assert_uint_eq(list[0].id, both[0].id);
    ck_assert_uint_eq(xb_graph_op_inputs(g, pool, &list), 3);
    ck_assert_uint_eq(list[1].id, 0);
    ck_assert_uint_eq(xb_graph_op_outputs(g, pool, &list), 2);
    ck_assert_uint_eq(both[1].id, 0);
    ck_assert_str_eq(xb_graph_value_name(g, both[0]), "top");
    ck_assert_str_eq(xb_graph_op_type(g, pool), "MaxPool");
    ck_assert_int_eq(xb_graph_kind(g, pool), XB_OP_MaxPool);
    ck_assert_uint_eq(xb_graph_producer(g, y).id, relu.id);
    ck_assert_uint_eq(xb_graph_producer(g, c).id, 0);
    ck_assert(xb_graph_is_const(g, c) && !xb_graph_is_const(g, x) && !xb_graph_is_view(g, c));
    ck_assert_mem_eq(xb_graph_data(g, c), w, sizeof w);
    ck_assert_ptr_null(xb_graph_data(g, x));
    ck_assert_int_eq(xb_graph_type(g, y)->rank, -1);
    xb_where where = xb_graph_where(g, pool);
    ck_assert_str_eq(where.node, "p");
    ck_assert_str_eq(where.op, "MaxPool");
    check_whole(g);
    xb_graph_free(g);
}
END_TEST

START_TEST(handles_that_are_none_are_harmless)
{
    xb_value x;
    xb_graph *g = new_graph(&x);
    xb_value none = {0}, wild = {99};
    xb_op no_op = {0}, wild_op = {99};
    const xb_value *list;
    const xb_attr *attrs;
    xb_matrix m;
    ck_assert_str_eq(xb_graph_value_name(g, wild), "");
    ck_assert_str_eq(xb_graph_op_name(g, wild_op), "");
    ck_assert_uint_eq(xb_graph_op_inputs(g, no_op, &list), 0);
    ck_assert_uint_eq(xb_graph_op_attrs(g, wild_op, &attrs), 0);
    ck_assert_ptr_null(xb_graph_attr(g, wild_op, "x"));
    ck_assert_ptr_null(xb_graph_note(g, wild, "x"));
    ck_assert_ptr_null(xb_graph_write(g, x));
    ck_assert(!xb_graph_matrix(g, wild_op, &m));
    ck_assert_int_eq(xb_graph_type(g, none)->dtype, XB_NONE);
    xb_graph_set_int(g, wild_op, "a", 1);
    xb_graph_set_note(g, x, "mask", NULL, 0); /* no constant */
    xb_graph_set_input(g, wild_op, 0, x);
    xb_graph_replace(g, x, wild);
    xb_graph_remove(g, wild_op);
    xb_graph_add_output(g, wild);
    xb_graph_make_const(g, x, &f32_4, NULL);
    xb_type symbolic = {XB_F32, 1, {-1}};
    ck_assert_uint_eq(xb_graph_add_const(g, "c", &symbolic, NULL).id, 0);
    ck_assert_uint_eq(xb_graph_outputs(g, &list), 0);
    ck_assert_uint_eq(xb_graph_notes(g, x, &attrs), 0);
    check_whole(g);
    xb_graph_free(g);
}
END_TEST

START_TEST(names_take_the_smallest_free_number)
{
    xb_value x, v[5];
    xb_op op[5];
    xb_graph *g = new_graph(&x);
    for (int i = 0; i < 5; i++) v[i] = unary(g, at_end, "Relu", i == 4 ? "r_2" : "r", x, &op[i]);
    ck_assert_str_eq(order_of(g), "r r_1 r_2 r_3 r_2_1");
    ck_assert_str_eq(xb_graph_value_name(g, v[3]), "r_3_out");
    xb_graph_remove(g, op[1]);
    ck_assert_uint_eq(xb_graph_find_op(g, "r_1").id, 0);
    unary(g, at_end, "Relu", "r", x, NULL);
    unary(g, at_end, "Relu", "r", x, NULL);
    unary(g, at_end, "Relu", "", x, NULL);
    ck_assert_str_eq(order_of(g), "r r_2 r_3 r_2_1 r_1 r_4 Relu");
    check_whole(g);
    xb_graph_free(g);
}
END_TEST

START_TEST(a_clone_names_as_its_original_does)
{
    xb_value x;
    xb_op op;
    xb_graph *g = new_graph(&x);
    for (int i = 0; i < 9; i++) unary(g, at_end, "Relu", "r", x, i == 3 ? &op : NULL);
    xb_graph_remove(g, op);
    xb_graph *c = xb_graph_clone(g);
    for (int i = 0; i < 3; i++) {
        unary(g, at_end, "Relu", "r", x, NULL);
        unary(c, at_end, "Relu", "r", x, NULL);
    }
    char *mine = xb_strdup(order_of(g));
    ck_assert_str_eq(mine, "r r_1 r_2 r_4 r_5 r_6 r_7 r_8 r_3 r_9 r_10");
    ck_assert_str_eq(order_of(c), mine);
    free(mine);
    xb_graph_free(g);
    xb_graph_free(c);
}
END_TEST

START_TEST(handles_are_never_used_again)
{
    xb_value x;
    xb_op first, second;
    xb_graph *g = new_graph(&x);
    xb_value a = unary(g, at_end, "Relu", "a", x, &first);
    xb_graph_remove(g, first);
    xb_value b = unary(g, at_end, "Relu", "a", x, &second);
    ck_assert_uint_ne(first.id, second.id);
    ck_assert_uint_ne(a.id, b.id);
    ck_assert_str_eq(xb_graph_value_name(g, a), "");
    ck_assert_str_eq(xb_graph_op_type(g, first), "");
    xb_graph_free(g);
}
END_TEST

START_TEST(ops_go_before_but_never_before_their_inputs)
{
    xb_value x, a, b;
    xb_op op_a, op_b;
    xb_graph *g = new_graph(&x);
    a = unary(g, at_end, "Relu", "a", x, &op_a);
    b = unary(g, at_end, "Relu", "b", a, &op_b);
    unary(g, op_b, "Tanh", "c", x, NULL);
    unary(g, op_a, "Tanh", "first", x, NULL);
    unary(g, op_a, "Tanh", "late", b, NULL); /* reads b: behind it */
    ck_assert_str_eq(order_of(g), "first a c b late");
    check_whole(g);
    xb_graph_free(g);
}
END_TEST

START_TEST(replacing_by_an_op_that_reads_the_old_value)
{
    xb_value x, a, b, t;
    xb_op op_b;
    const xb_value *in;
    xb_graph *g = new_graph(&x);
    a = unary(g, at_end, "Relu", "a", x, NULL);
    b = unary(g, at_end, "Relu", "b", a, &op_b);
    xb_graph_add_output(g, b);
    t = unary(g, op_b, "Tanh", "t", a, NULL);
    t = unary(g, op_b, "Tanh", "u", t, NULL);
    xb_graph_replace(g, a, t); /* t is computed from a through two ops; those keep reading it */
    xb_graph_op_inputs(g, op_b, &in);
    ck_assert_uint_eq(in[0].id, t.id);
    xb_graph_op_inputs(g, xb_graph_find_op(g, "t"), &in);
    ck_assert_uint_eq(in[0].id, a.id);
    ck_assert_str_eq(order_of(g), "a t u b");
    check_whole(g);
    xb_graph_free(g);
}
END_TEST

START_TEST(replacing_moves_readers_behind_the_new_producer)
{
    xb_value x, a, b, c, late;
    xb_graph *g = new_graph(&x);
    a = unary(g, at_end, "Relu", "a", x, NULL);
    b = unary(g, at_end, "Relu", "b", a, NULL);
    unary(g, at_end, "Relu", "other", x, NULL);
    c = unary(g, at_end, "Relu", "c", b, NULL);
    xb_graph_add_output(g, c);
    late = unary(g, at_end, "Tanh", "late", x, NULL);
    xb_graph_replace(g, a, late);
    ck_assert_str_eq(order_of(g), "a other late b c");
    ck_assert_uint_eq(xb_graph_users(g, a), 0);
    check_whole(g);
    xb_op op_c = xb_graph_find_op(g, "c");
    xb_graph_set_input(g, xb_graph_find_op(g, "late"), 0, unary(g, at_end, "Sin", "s", x, NULL));
    ck_assert_str_eq(order_of(g), "a other s late b c");
    xb_graph_set_input(g, op_c, 1, a); /* appends */
    const xb_value *in;
    ck_assert_uint_eq(xb_graph_op_inputs(g, op_c, &in), 2);
    xb_graph_set_input(g, op_c, 3, a); /* leaves a hole: ignored */
    ck_assert_uint_eq(xb_graph_op_inputs(g, op_c, &in), 2);
    xb_graph_set_input(g, op_c, 1, (xb_value){0});
    check_whole(g);
    xb_graph_free(g);
}
END_TEST

START_TEST(a_graph_output_keeps_its_name)
{
    xb_value x, a, b;
    const xb_value *out;
    xb_graph *g = new_graph(&x);
    a = unary(g, at_end, "Relu", "a", x, NULL);
    b = unary(g, at_end, "Tanh", "b", x, NULL);
    xb_graph_add_output(g, a);
    xb_graph_replace(g, a, b);
    xb_graph_outputs(g, &out);
    ck_assert_uint_eq(out[0].id, b.id);
    ck_assert_str_eq(xb_graph_value_name(g, b), "a_out");
    ck_assert_str_eq(xb_graph_value_name(g, a), "b_out");
    check_whole(g);
    xb_graph_replace(g, b, x); /* an input keeps its own name: a copy carries the output's */
    xb_graph_outputs(g, &out);
    ck_assert_str_eq(xb_graph_value_name(g, out[0]), "a_out");
    ck_assert_str_eq(xb_graph_op_type(g, xb_graph_producer(g, out[0])), "Identity");
    ck_assert(xb_type_same(xb_graph_type(g, out[0]), &f32_4));
    check_whole(g);
    xb_graph_free(g);
}
END_TEST

START_TEST(two_outputs_that_become_one_value_keep_both_names)
{
    xb_value x, a, b;
    const xb_value *out;
    xb_graph *g = new_graph(&x);
    a = unary(g, at_end, "Relu", "a", x, NULL);
    b = unary(g, at_end, "Relu", "b", x, NULL);
    xb_graph_set_outputs(g, (xb_value[]){a, b}, 2);
    xb_graph_replace(g, b, a);
    ck_assert_uint_eq(xb_graph_outputs(g, &out), 2);
    ck_assert_str_eq(xb_graph_value_name(g, out[0]), "a_out");
    ck_assert_str_eq(xb_graph_value_name(g, out[1]), "b_out");
    check_whole(g);
    xb_graph_free(g);
}
END_TEST

START_TEST(removing_and_sweeping)
{
    xb_value x, a, b, c;
    xb_op op_a;
    xb_graph *g = new_graph(&x);
    c = xb_graph_add_const(g, "c", &f32_4, NULL);
    a = unary(g, at_end, "Relu", "a", x, &op_a);
    b = unary(g, at_end, "Relu", "b", a, NULL);
    unary(g, at_end, "Relu", "dead", b, NULL);
    xb_value in[2] = {b, c}, sum;
    xb_graph_add_op(g, at_end, "Add", "dead too", in, 2, &sum, 1);
    xb_graph_remove(g, op_a); /* has a reader: stays */
    ck_assert_str_eq(order_of(g), "a b dead dead too");
    xb_graph_add_output(g, a);
    uint64_t before = xb_graph_shape_version(g);
    ck_assert_uint_eq(xb_graph_sweep(g), 4);
    ck_assert_uint_gt(xb_graph_shape_version(g), before);
    ck_assert_str_eq(order_of(g), "a");
    ck_assert_uint_eq(xb_graph_find(g, "c").id, 0);
    before = xb_graph_version(g);
    ck_assert_uint_eq(xb_graph_sweep(g), 0);
    ck_assert_uint_eq(xb_graph_version(g), before);
    check_whole(g);
    xb_graph_free(g);
}
END_TEST

START_TEST(a_result_becomes_a_constant)
{
    xb_value x, a, out[2];
    xb_graph *g = new_graph(&x);
    a = unary(g, at_end, "Relu", "a", x, NULL);
    unary(g, at_end, "Relu", "b", a, NULL);
    const float w[4] = {4, 3, 2, 1};
    xb_graph_make_const(g, a, &f32_4, w);
    ck_assert_str_eq(order_of(g), "b");
    ck_assert_str_eq(xb_graph_value_name(g, a), "a_out");
    ck_assert_uint_eq(xb_graph_users(g, a), 1);
    ck_assert_mem_eq(xb_graph_data(g, a), w, sizeof w);
    ck_assert_uint_eq(xb_graph_users(g, x), 0);
    xb_graph_add_op(g, at_end, "Split", "s", &x, 1, out, 2);
    xb_graph_add_output(g, out[1]);
    xb_graph_make_const(g, out[0], &f32_4, NULL); /* the other result keeps the op */
    ck_assert_str_eq(order_of(g), "b s");
    check_whole(g);
    xb_graph_free(g);
}
END_TEST

START_TEST(a_constant_gets_another_size)
{
    xb_value x;
    xb_graph *g = new_graph(&x);
    const float w[4] = {1, 2, 3, 4};
    const int64_t mask[4] = {1, 0, 1, 0};
    const xb_type two = {XB_F32, 1, {2}}, three = {XB_I64, 1, {3}}, open = {XB_F32, 1, {-1}};
    xb_value c = xb_graph_add_const(g, "c", &f32_4, w);
    xb_value y = unary(g, at_end, "Relu", "r", c, NULL);
    xb_graph_set_note(g, c, "mask", mask, 4);
    xb_graph *h = xb_graph_clone(g);
    uint64_t version = xb_graph_version(g), shapes = xb_graph_shape_version(g);
    xb_graph_resize(g, c, &two, (const float *)xb_graph_data(g, c) + 2); /* from its own bytes */
    ck_assert(xb_type_same(xb_graph_type(g, c), &two));
    ck_assert_mem_eq(xb_graph_data(g, c), w + 2, sizeof(float[2]));
    ck_assert_uint_eq(xb_graph_notes(g, c, NULL), 0);
    ck_assert_str_eq(xb_graph_value_name(g, c), "c");
    ck_assert_uint_eq(xb_graph_users(g, c), 1);
    ck_assert(xb_graph_version(g) > version && xb_graph_shape_version(g) > shapes);
    xb_graph_set_note(g, c, "mask", mask, 2);
    ck_assert_uint_eq(xb_graph_note(g, c, "mask")->n, 2);
    xb_graph_resize(g, c, &three, NULL);
    ck_assert_mem_eq(xb_graph_data(g, c), ((const int64_t[3]){0}), sizeof(int64_t[3]));
    version = xb_graph_version(g);
    xb_graph_resize(g, c, &open, NULL);
    xb_graph_resize(g, x, &two, w);
    xb_graph_resize(g, y, &two, w);
    ck_assert_uint_eq(xb_graph_version(g), version);
    ck_assert_mem_eq(xb_graph_data(h, c), w, sizeof w);
    ck_assert_mem_eq(xb_graph_note(h, c, "mask")->ints, mask, sizeof mask);
    check_whole(g);
    xb_graph_free(g);
    xb_graph_free(h);
}
END_TEST

START_TEST(attributes)
{
    xb_value x;
    xb_op op;
    xb_graph *g = new_graph(&x);
    unary(g, at_end, "Relu", "a", x, &op);
    const int64_t ints[3] = {3, -1, 7};
    const float floats[2] = {0.5f, -2};
    xb_graph_set_int(g, op, "i", 5);
    xb_graph_set_float(g, op, "f", 0.25f);
    xb_graph_set_ints(g, op, "is", ints, 3);
    xb_graph_set_string(g, op, "s", "text");
    xb_graph_set_attr(g, op, &(xb_attr){.name = "fs", .type = XB_ATTR_FLOATS, .floats = floats, .n = 2});
    const xb_attr *kept = xb_graph_attr(g, op, "is"), *list;
    const int64_t *numbers = kept->ints;
    for (int64_t k = 0; k < 9; k++) xb_graph_set_int(g, op, "i", k);
    xb_graph_set_ints(g, op, "is", ints, 1);
    ck_assert_int_eq(numbers[2], 7); /* lives as long as the graph */
    ck_assert_uint_eq(xb_graph_op_attrs(g, op, &list), 5);
    ck_assert_str_eq(list[0].name, "i");
    ck_assert_int_eq(xb_graph_attr_int(g, op, "i", -1), 8);
    ck_assert_int_eq(xb_graph_attr_int(g, op, "f", -1), -1);
    ck_assert_float_eq(xb_graph_attr_float(g, op, "f", 0), 0.25f);
    ck_assert_float_eq(xb_graph_attr_float(g, op, "no", 9), 9);
    ck_assert_uint_eq(xb_graph_attr(g, op, "is")->n, 1);
    ck_assert_str_eq(xb_graph_attr(g, op, "s")->s, "text");
    ck_assert_float_eq(xb_graph_attr(g, op, "fs")->floats[1], -2);
    xb_graph_remove_attr(g, op, "f");
    xb_graph_remove_attr(g, op, "no");
    ck_assert_ptr_null(xb_graph_attr(g, op, "f"));
    ck_assert_uint_eq(xb_graph_op_attrs(g, op, &list), 4);
    xb_graph_free(g);
}
END_TEST

START_TEST(symbols)
{
    xb_graph *g = xb_graph_new("", NULL);
    int64_t batch = xb_graph_symbol_id(g, "batch"), any = xb_graph_symbol_id(g, NULL);
    ck_assert_int_eq(batch, -1);
    ck_assert_int_eq(xb_graph_symbol_id(g, "batch"), batch);
    ck_assert_int_ne(xb_graph_symbol_id(g, ""), any);
    ck_assert_str_eq(xb_graph_symbol(g, any), "?2");
    int64_t named = xb_graph_symbol_id(g, "?2"); /* a file may use our text: it is another size */
    ck_assert_int_ne(named, any);
    ck_assert_str_eq(xb_graph_symbol(g, named), "?2");
    ck_assert_str_ne(xb_graph_symbol(g, any), "?2");
    ck_assert_int_eq(xb_graph_symbol_id(g, "?2"), named);
    ck_assert_ptr_null(xb_graph_symbol(g, 3));
    ck_assert_ptr_null(xb_graph_symbol(g, -9));
    xb_type t = {XB_F32, 3, {batch, 1, -9}};
    xb_buf b = {0};
    xb_type_print(&b, g, &t);
    t.rank = -1;
    xb_type_print(&b, g, &t);
    ck_assert_str_eq(b.data, "f32[batch,1,?]f32[*]");
    xb_buf_free(&b);
    xb_graph_free(g);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("graph");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, a_graph_is_read_as_it_was_built);
    tcase_add_test(c, handles_that_are_none_are_harmless);
    tcase_add_test(c, names_take_the_smallest_free_number);
    tcase_add_test(c, a_clone_names_as_its_original_does);
    tcase_add_test(c, handles_are_never_used_again);
    tcase_add_test(c, ops_go_before_but_never_before_their_inputs);
    tcase_add_test(c, replacing_by_an_op_that_reads_the_old_value);
    tcase_add_test(c, replacing_moves_readers_behind_the_new_producer);
    tcase_add_test(c, a_graph_output_keeps_its_name);
    tcase_add_test(c, two_outputs_that_become_one_value_keep_both_names);
    tcase_add_test(c, removing_and_sweeping);
    tcase_add_test(c, a_result_becomes_a_constant);
    tcase_add_test(c, a_constant_gets_another_size);
    tcase_add_test(c, attributes);
    tcase_add_test(c, symbols);
    return run_case("ir_graph", c);
}
