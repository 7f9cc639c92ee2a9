#include "base/file.h"
#include "base/rng.h"
#include "ir/graph.h"
#include "ir/tensor.h"
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const xb_op at_end = {0};
static const xb_type f32_4 = {XB_F32, 2, {1, 4}};

static xb_graph *new_graph(xb_value *x)
{
    xb_graph *g = xb_graph_new("net", "net.onnx");
    *x = xb_graph_add_input(g, "x", &f32_4);
    return g;
}

static xb_value unary(xb_graph *g, xb_op before, const char *type, const char *name, xb_value in, xb_op *op)
{
    xb_value out;
    xb_op made = xb_graph_add_op(g, before, type, name, &in, 1, &out, 1);
    if (op) *op = made;
    return out;
}

/* "a b c": the names of the ops in order. */
static const char *order_of(const xb_graph *g)
{
    static char text[4096];
    text[0] = 0;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        if (text[0]) strcat(text, " ");
        strcat(text, xb_graph_op_name(g, op));
    }
    return text;
}

/* Everything the contract promises, seen through the public functions alone. */
static void check_whole(const xb_graph *g)
{
    uint32_t n_values = xb_graph_value_limit(g), n_ops = xb_graph_op_limit(g);
    size_t *uses = xb_calloc(n_values, sizeof *uses), *place = xb_calloc(n_ops, sizeof *place), at = 0;
    const xb_value *list;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) place[op.id] = ++at;
    ck_assert_uint_eq(at, xb_graph_op_count(g));
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        size_t n = xb_graph_op_inputs(g, op, &list);
        for (size_t i = 0; i < n; i++) {
            if (!list[i].id) continue;
            uses[list[i].id]++;
            xb_op p = xb_graph_producer(g, list[i]);
            if (p.id) ck_assert_msg(place[p.id] && place[p.id] < place[op.id], "order of %u and %u", p.id, op.id);
        }
        n = xb_graph_op_outputs(g, op, &list);
        for (size_t i = 0; i < n; i++)
            if (list[i].id) ck_assert_uint_eq(xb_graph_producer(g, list[i]).id, op.id);
        ck_assert_uint_eq(xb_graph_find_op(g, xb_graph_op_name(g, op)).id, op.id);
    }
    size_t n = xb_graph_outputs(g, &list);
    for (size_t i = 0; i < n; i++) uses[list[i].id]++;
    for (xb_value v = {1}; v.id < n_values; v.id++) {
        const char *name = xb_graph_value_name(g, v);
        ck_assert_uint_eq(xb_graph_users(g, v), uses[v.id]);
        if (*name) ck_assert_uint_eq(xb_graph_find(g, name).id, v.id);
    }
    free(uses);
    free(place);
}

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

START_TEST(sizes_of_types)
{
    xb_type t = {XB_F64, 3, {INT64_MAX, 2, 0}};
    size_t n;
    ck_assert_int_eq(xb_type_count(&t), 0);
    ck_assert(xb_type_bytes(&t, &n) && n == 0);
    t.dim[2] = 1;
    ck_assert_int_eq(xb_type_count(&t), -1);
    ck_assert(!xb_type_bytes(&t, &n));
    t = (xb_type){XB_F64, 1, {INT64_MAX / 8}};
    ck_assert(xb_type_bytes(&t, &n));
    t.dim[0]++;
    ck_assert(!xb_type_bytes(&t, &n));
    t = (xb_type){XB_F32, 0, {0}};
    ck_assert_int_eq(xb_type_count(&t), 1);
    t.dtype = XB_NONE;
    ck_assert(!xb_type_bytes(&t, &n));
    for (int d = 0; d < XB_DTYPES; d++) {
        xb_dtype again;
        ck_assert(xb_dtype_parse(xb_dtype_name((xb_dtype)d), &again));
        ck_assert_int_eq(again, d);
    }
    xb_dtype none;
    ck_assert(!xb_dtype_parse("float", &none));
    ck_assert_int_eq(xb_kind_of("ConvTranspose"), XB_OP_ConvTranspose);
    ck_assert_int_eq(xb_kind_of("Nothing"), XB_OP_UNKNOWN);
}
END_TEST

/* ---- clones ---- */

START_TEST(a_write_in_one_clone_does_not_change_the_other)
{
    xb_value x;
    xb_graph *g = new_graph(&x);
    const float w[4] = {1, 2, 3, 4};
    const int64_t mask[4] = {1, 0, 1, 0}, other[4] = {0};
    xb_value c = xb_graph_add_const(g, "c", &f32_4, w);
    xb_graph_set_note(g, c, "mask", mask, 4);
    xb_graph *h = xb_graph_clone(g), *k = xb_graph_clone(h);
    ck_assert_ptr_eq(xb_graph_data(g, c), xb_graph_data(h, c));
    uint64_t shape = xb_graph_shape_version(h), version = xb_graph_version(h);
    float *p = xb_graph_write(h, c);
    p[0] = 9;
    ck_assert_uint_gt(xb_graph_version(h), version);
    ck_assert_uint_eq(xb_graph_shape_version(h), shape);
    ck_assert_mem_eq(xb_graph_data(g, c), w, sizeof w);
    ck_assert_mem_eq(xb_graph_data(k, c), w, sizeof w);
    ck_assert_float_eq(((const float *)xb_graph_data(h, c))[0], 9);
    ck_assert_ptr_eq(xb_graph_write(h, c), p); /* alone by now: no further copy */
    ((float *)xb_graph_write(g, c))[1] = 8;
    ck_assert_mem_eq(xb_graph_data(k, c), w, sizeof w);
    xb_graph_set_note(g, c, "mask", other, 4);
    ck_assert_int_eq(xb_graph_note(g, c, "mask")->ints[0], 0);
    ck_assert_int_eq(xb_graph_note(h, c, "mask")->ints[0], 1);
    xb_graph_free(g);
    xb_graph_free(h);
    ck_assert_mem_eq(xb_graph_data(k, c), w, sizeof w);
    ck_assert_mem_eq(xb_graph_note(k, c, "mask")->ints, mask, sizeof mask);
    ck_assert_ptr_eq(xb_graph_write(k, c), xb_graph_data(k, c));
    xb_graph_free(k);
}
END_TEST

START_TEST(edits_in_one_clone_do_not_change_the_other)
{
    xb_value x, a, b;
    xb_op op_a, op_b;
    xb_graph *g = new_graph(&x);
    a = unary(g, at_end, "Relu", "a", x, &op_a);
    b = unary(g, at_end, "Relu", "b", a, &op_b);
    xb_graph_add_output(g, b);
    xb_graph_set_int(g, op_a, "k", 1);
    xb_graph *h = xb_graph_clone(g);
    xb_graph_replace(h, a, x);
    xb_graph_remove(h, op_a);
    xb_graph_set_input(h, op_b, 1, x);
    xb_graph_set_int(g, op_a, "k", 2);
    xb_graph *k = xb_graph_clone(h);
    ck_assert_str_eq(order_of(g), "a b");
    ck_assert_str_eq(order_of(h), "b");
    ck_assert_uint_eq(xb_graph_users(h, x), 2);
    ck_assert_uint_eq(xb_graph_users(g, x), 1);
    ck_assert_str_eq(xb_graph_value_name(k, a), "");
    check_whole(g);
    check_whole(h);
    check_whole(k);
    xb_graph_free(g);
    unary(k, at_end, "Tanh", "a", x, NULL);
    ck_assert_str_eq(order_of(k), "b a");
    check_whole(k);
    xb_graph_free(h);
    xb_graph_free(k);
}
END_TEST

START_TEST(views_are_copied_when_written_and_aligned_when_asked)
{
    char path[] = "/tmp/xbarc-ir-XXXXXX";
    int fd = mkstemp(path);
    float numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    ck_assert_int_eq(write(fd, "?", 1), 1);
    ck_assert_int_eq(write(fd, numbers, sizeof numbers), sizeof numbers);
    close(fd);
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_view view;
    ck_assert(xb_view_open(d, path, &view));
    unlink(path);
    xb_value x;
    xb_graph *g = new_graph(&x);
    xb_graph_adopt(g, view);
    const unsigned char *bytes = view.data;
    xb_type bytes_type = {XB_U8, 1, {16}};
    xb_value odd = xb_graph_add_view(g, "odd", &f32_4, bytes + 1);
    xb_value u8 = xb_graph_add_view(g, "u8", &bytes_type, bytes + 17);
    size_t n;
    ck_assert_ptr_eq(xb_graph_raw(g, odd, &n), bytes + 1);
    ck_assert_uint_eq(n, 16);
    const float *p = xb_graph_data(g, odd);
    ck_assert_uint_eq((uintptr_t)p % sizeof *p, 0);
    ck_assert_float_eq(p[3], 4);
    ck_assert_ptr_eq(xb_graph_data(g, odd), p);
    ck_assert_ptr_eq(xb_graph_data(g, u8), bytes + 17);
    ck_assert(xb_graph_is_view(g, odd));
    xb_graph *h = xb_graph_clone(g);
    ((float *)xb_graph_write(g, odd))[0] = 5;
    ck_assert(!xb_graph_is_view(g, odd) && xb_graph_is_view(h, odd));
    xb_graph_free(g); /* the clone keeps the mapping */
    ck_assert_float_eq(((const float *)xb_graph_data(h, odd))[0], 1);
    ck_assert_mem_eq(xb_graph_raw(h, u8, NULL), &numbers[4], 16);
    xb_graph_free(h);
    xb_diags_free(d);
}
END_TEST

/* ---- size ---- */

START_TEST(a_long_chain_is_edited_in_the_middle)
{
    enum { OPS = 100000 };
    xb_value x, v;
    xb_graph *g = new_graph(&x);
    v = x;
    for (int i = 0; i < OPS; i++) v = unary(g, at_end, "Relu", "r", v, NULL);
    xb_graph_add_output(g, v);
    for (xb_op op = xb_graph_first(g), next; op.id; op = next) {
        const xb_value *out;
        next = xb_graph_next(g, op);
        xb_graph_op_outputs(g, op, &out);
        xb_value from = out[0];
        xb_graph_replace(g, from, unary(g, next, "Tanh", "t", from, NULL));
    }
    ck_assert_uint_eq(xb_graph_op_count(g), 2 * OPS);
    xb_op middle = xb_graph_find_op(g, "r_50000");
    for (int i = 0; i < OPS; i++) unary(g, middle, "Sin", "s", x, NULL);
    check_whole(g);
    ck_assert_uint_eq(xb_graph_sweep(g), OPS);
    for (xb_op op = xb_graph_first(g), next; op.id; op = next) {
        const xb_value *in, *out;
        next = xb_graph_next(g, op);
        if (xb_graph_kind(g, op) != XB_OP_Tanh) continue;
        xb_graph_op_outputs(g, op, &out);
        xb_graph_op_inputs(g, op, &in);
        xb_graph_replace(g, out[0], in[0]);
        xb_graph_remove(g, op);
    }
    ck_assert_uint_eq(xb_graph_op_count(g), OPS);
    check_whole(g);
    xb_graph_set_outputs(g, NULL, 0);
    ck_assert_uint_eq(xb_graph_sweep(g), OPS);
    xb_graph_free(g);
}
END_TEST

static xb_value some_value(const xb_graph *g, xb_rng *r)
{
    for (;;) {
        xb_value v = {1 + xb_rng_below(r, xb_graph_value_limit(g) - 1)};
        if (*xb_graph_value_name(g, v)) return v;
    }
}

static xb_op some_op(const xb_graph *g, xb_rng *r)
{
    return (xb_op){1 + xb_rng_below(r, xb_graph_op_limit(g))}; /* may be dead or none: an end */
}

/* Does v depend on op? By walking everything: the oracle for cycles that set_input is told to avoid here. */
static bool depends(const xb_graph *g, xb_value v, xb_op op)
{
    bool *tainted = xb_calloc(xb_graph_value_limit(g), sizeof *tainted);
    for (xb_op o = xb_graph_first(g); o.id; o = xb_graph_next(g, o)) {
        const xb_value *in, *out;
        bool hit = o.id == op.id;
        size_t n = xb_graph_op_inputs(g, o, &in);
        for (size_t i = 0; i < n; i++) hit |= tainted[in[i].id];
        n = xb_graph_op_outputs(g, o, &out);
        for (size_t i = 0; i < n; i++) tainted[out[i].id] = hit;
    }
    bool answer = tainted[v.id];
    free(tainted);
    return answer;
}

static void random_edit(xb_graph *g, xb_rng *r)
{
    xb_value in[3], out[2];
    xb_op op = some_op(g, r);
    const xb_value *list;
    for (int i = 0; i < 3; i++) in[i] = some_value(g, r);
    switch (xb_rng_below(r, 8)) {
    case 0:
    case 1:
    case 2:
        xb_graph_add_op(g, op, "Sum", "s", in, xb_rng_below(r, 4), out, 1 + xb_rng_below(r, 2));
        break;
    case 3:
        if (!depends(g, in[0], op)) xb_graph_set_input(g, op, xb_rng_below(r, 4), in[0]);
        break;
    case 4:
        xb_graph_replace(g, in[0], in[1]);
        break;
    case 5:
        xb_graph_remove(g, op);
        break;
    case 6:
        if (xb_graph_outputs(g, &list) < 5)
            xb_graph_add_output(g, in[2]);
        else
            xb_graph_set_outputs(g, in, 2);
        break;
    default:
        if (!xb_rng_below(r, 10)) xb_graph_make_const(g, in[0], &f32_4, NULL);
        if (!xb_rng_below(r, 40)) xb_graph_sweep(g);
    }
}

START_TEST(random_edits_keep_every_promise)
{
    for (uint32_t round = 0; round < 20; round++) {
        xb_rng r = xb_rng_at(11, XB_RNG_INIT, round);
        xb_value x;
        xb_graph *g = new_graph(&x);
        xb_graph_add_const(g, "c", &f32_4, NULL);
        for (int i = 0; i < 400; i++) {
            random_edit(g, &r);
            check_whole(g);
            if (i % 100 != 99) continue;
            xb_graph *c = xb_graph_clone(g);
            check_whole(c);
            xb_graph_free(g);
            g = c;
        }
        xb_graph_free(g);
    }
}
END_TEST

/* ---- tensors ---- */

START_TEST(tensors)
{
    xb_tensor t;
    xb_type type = {XB_F16, 2, {2, 3}}, symbolic = {XB_F32, 1, {-1}}, empty = {XB_F32, 1, {0}};
    ck_assert(!xb_tensor_alloc(&t, &symbolic));
    ck_assert(xb_tensor_alloc(&t, &empty) && !t.data);
    xb_tensor_free(&t);
    ck_assert(xb_tensor_alloc(&t, &type));
    ck_assert_uint_eq((uintptr_t)t.data % 64, 0);
    ck_assert_double_eq(xb_tensor_get(&t, 5), 0);
    xb_tensor_set(&t, 5, -1.5);
    ck_assert_double_eq(xb_tensor_get(&t, 5), -1.5);
    t.name = xb_strdup("t");
    xb_tensor_free(&t);
    ck_assert_ptr_null(t.data);
}
END_TEST

static double stored(xb_dtype t, double v)
{
    unsigned char raw[8] = {0};
    xb_scalar_set(t, raw, 0, v);
    return xb_scalar_get(t, raw, 0);
}

START_TEST(numbers_round_and_saturate)
{
    ck_assert_double_eq(stored(XB_I8, 200), 127);
    ck_assert_double_eq(stored(XB_I8, -200), -128);
    ck_assert_double_eq(stored(XB_I16, 1e9), 32767);
    ck_assert_double_eq(stored(XB_I32, -1e18), INT32_MIN);
    ck_assert_double_eq(stored(XB_I64, 1e30), 0x1p63);
    ck_assert_double_eq(stored(XB_I64, -1e30), -0x1p63);
    ck_assert_double_eq(stored(XB_U8, 255.4), 255);
    ck_assert_double_eq(stored(XB_U16, -3), 0);
    ck_assert_double_eq(stored(XB_U32, 1e20), 4294967295.0);
    ck_assert_double_eq(stored(XB_U64, 1e30), 0x1p64);
    ck_assert_double_eq(stored(XB_I32, 2.5), 2);
    ck_assert_double_eq(stored(XB_I32, 3.5), 4);
    ck_assert_double_eq(stored(XB_I32, (double)NAN), 0);
    ck_assert_double_eq(stored(XB_BOOLEAN, 0.1), 1);
    ck_assert_double_eq(stored(XB_F32, 0.1), (double)0.1f);
    ck_assert_double_eq(stored(XB_F64, 0.1), 0.1);
    ck_assert(isinf(stored(XB_F32, 1e300)));
    ck_assert_double_eq(stored(XB_NONE, 3), 0);
}
END_TEST

/* Half numbers by their definition: every bit pattern decodes to its value and encodes back; halfway goes to even. */
START_TEST(half_numbers)
{
    static const struct {
        xb_dtype t;
        int fraction, bias;
    } kinds[2] = {{XB_F16, 10, 15}, {XB_BF16, 7, 127}};
    for (int k = 0; k < 2; k++) {
        int top = (1 << (15 - kinds[k].fraction)) - 1;
        for (uint32_t bits = 0; bits < 65536; bits++) {
            uint16_t h = (uint16_t)bits, again = 0;
            int e = (h >> kinds[k].fraction) & top, m = h & ((1 << kinds[k].fraction) - 1);
            double v = xb_scalar_get(kinds[k].t, &h, 0);
            if (e == top && m) {
                ck_assert(isnan(v));
                continue;
            }
            double frac = (double)m / (1 << kinds[k].fraction);
            double want = e == top ? (double)INFINITY
                          : e      ? ldexp(1 + frac, e - kinds[k].bias)
                                   : ldexp(frac, 1 - kinds[k].bias);
            ck_assert_double_eq(v, h & 0x8000 ? -want : want);
            xb_scalar_set(kinds[k].t, &again, 0, v);
            ck_assert_uint_eq(again, h);
            uint16_t next = (uint16_t)(h + 1);
            if (e == top || ((next >> kinds[k].fraction) & top) == top) continue;
            double middle = (v + xb_scalar_get(kinds[k].t, &next, 0)) / 2;
            xb_scalar_set(kinds[k].t, &again, 0, middle);
            ck_assert_uint_eq(again, h & 1 ? next : h);
        }
        uint16_t nan_bits, over;
        xb_scalar_set(kinds[k].t, &nan_bits, 0, (double)NAN);
        ck_assert(isnan(xb_scalar_get(kinds[k].t, &nan_bits, 0)));
        xb_scalar_set(kinds[k].t, &over, 0, -1e300);
        ck_assert(isinf(xb_scalar_get(kinds[k].t, &over, 0)));
    }
    ck_assert_double_eq(stored(XB_F16, 65519.999), 65504);
    ck_assert(isinf(stored(XB_F16, 65520)));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ir_graph");
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
    tcase_add_test(c, attributes);
    tcase_add_test(c, symbols);
    tcase_add_test(c, sizes_of_types);
    tcase_add_test(c, a_write_in_one_clone_does_not_change_the_other);
    tcase_add_test(c, edits_in_one_clone_do_not_change_the_other);
    tcase_add_test(c, views_are_copied_when_written_and_aligned_when_asked);
    tcase_add_test(c, a_long_chain_is_edited_in_the_middle);
    tcase_add_test(c, random_edits_keep_every_promise);
    tcase_add_test(c, tensors);
    tcase_add_test(c, numbers_round_and_saturate);
    tcase_add_test(c, half_numbers);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    SRunner *r = srunner_create(suite());
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
