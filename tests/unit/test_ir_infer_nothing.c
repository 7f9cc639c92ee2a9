/* Ops that do nothing: Identity goes, Dropout stays until it is asked to be skipped. */
#include "infer_kit.h"

START_TEST(identities_go)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,4"), y = OP(&k, "Relu", OP(&k, "Identity", OP(&k, "Identity", x)));
    xb_value w = OP(&k, "Sigmoid", y);
    infer_to(&k, w);
    EXPECT_TYPE(&k, w, "f32[N,4]");
    ck_assert_uint_eq(xb_graph_op_count(k.g), 2);
    kit_free(&k);
}
END_TEST

static xb_value false_const(kit *k, uint8_t v)
{
    xb_type t = {.dtype = XB_BOOLEAN};
    return xb_graph_add_const(k->g, "", &t, &v);
}

/* Dropout stays through inference of shapes. Where it is skipped: in inference mode only, and only when nobody looks at
 * the mask. */
START_TEST(dropouts)
{
    for (int i = 0; i < 5; i++) { /* plain; training; mask read; mode unknown; no mode */
        kit k = kit_new();
        xb_value y[2], mode = i == 4 ? NONE : i == 3 ? input(&k, "mode", XB_BOOLEAN, "") : false_const(&k, i == 1);
        xb_value ratio = zeros(&k, XB_F32, "");
        add_op(&k, "Dropout", (xb_value[]){input(&k, "x", XB_F32, "N,4"), ratio, mode}, 3, y, 2);
        xb_value z = OP(&k, "Relu", y[0]);
        if (i == 2) xb_graph_add_output(k.g, y[1]);
        infer_to(&k, z);
        EXPECT_TYPE(&k, z, "f32[N,4]");
        ck_assert_uint_eq(xb_graph_op_count(k.g), 2);
        xb_op drop = xb_graph_first(k.g);
        ck_assert_int_eq(xb_graph_kind(k.g, drop), XB_OP_Dropout);
        ck_assert_int_eq(xb_graph_draws(k.g, drop), i == 1 || i == 3);
        ck_assert(!xb_graph_draws(k.g, xb_graph_next(k.g, drop)));
        if (i != 3) ck_assert_int_eq(xb_graph_batch_symbol(k.g) != 0, i != 1);
        xb_graph_skip_dropouts(k.g);
        ck_assert_uint_eq(xb_graph_op_count(k.g), i == 0 || i == 4 ? 1 : 2);
        ck_assert_int_eq(xb_graph_is_const(k.g, ratio), !(i == 0 || i == 4)); /* swept with it */
        kit_free(&k);
    }
}
END_TEST

START_TEST(dropout_of_a_constant_goes)
{
    for (int training = 0; training < 2; training++) {
        kit k = kit_new();
        xb_value w = add_op(&k, "Dropout", (xb_value[]){zeros(&k, XB_F32, "4,5"), NONE, false_const(&k, training != 0)},
                            3, NULL, 1);
        xb_value y = OP(&k, "MatMul", input(&k, "x", XB_F32, "N,4"), w);
        infer_to(&k, y);
        xb_matrix m;
        ck_assert_int_eq(xb_graph_matrix(k.g, xb_graph_producer(k.g, y), &m), !training);
        ck_assert_uint_eq(xb_graph_op_count(k.g), training ? 2 : 1);
        kit_free(&k);
    }
}
END_TEST

/* Between an input and an output, or between two outputs, something has to carry the name. */
START_TEST(a_dropout_that_names_an_output_stays)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,4"), r = OP(&k, "Relu", x), y, z, s;
    xb_graph_add_op_kind(k.g, (xb_op){0}, XB_OP_Dropout, "", &x, 1, (const char *const[]){"y"}, &y, 1);
    xb_graph_add_op_kind(k.g, (xb_op){0}, XB_OP_Dropout, "", &r, 1, (const char *const[]){"z"}, &z, 1);
    xb_graph_add_op_kind(k.g, (xb_op){0}, XB_OP_Dropout, "", &z, 1, (const char *const[]){"s"}, &s, 1);
    xb_graph_add_output(k.g, y);
    xb_graph_add_output(k.g, z);
    infer_to(&k, s);
    ck_assert_uint_eq(xb_graph_op_count(k.g), 4);
    xb_graph_skip_dropouts(k.g);
    const xb_value *out;
    ck_assert_uint_eq(xb_graph_outputs(k.g, &out), 3);
    static const char *const name[] = {"y", "z", "s"}, *const type[] = {"Dropout", "Relu", "Dropout"};
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(xb_graph_value_name(k.g, out[i]), name[i]);
        ck_assert_str_eq(xb_graph_op_type(k.g, xb_graph_producer(k.g, out[i])), type[i]);
    }
    ck_assert_uint_eq(xb_graph_op_count(k.g), 3);
    kit_free(&k);
}
END_TEST

START_TEST(identity_between_input_and_output_stays)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,4"), y;
    xb_graph_add_op_kind(k.g, (xb_op){0}, XB_OP_Identity, "", &x, 1, (const char *const[]){"y"}, &y, 1);
    xb_value r = OP(&k, "Relu", x), s;
    xb_graph_add_op_kind(k.g, (xb_op){0}, XB_OP_Identity, "", &r, 1, (const char *const[]){"s"}, &s, 1);
    xb_graph_add_output(k.g, y);
    infer_to(&k, s);
    ck_assert_msg(k.ok, "%s", xb_diags_text(k.d));
    ck_assert_uint_eq(xb_graph_op_count(k.g), 2);
    const xb_value *out;
    ck_assert_uint_eq(xb_graph_outputs(k.g, &out), 2);
    ck_assert_str_eq(xb_graph_value_name(k.g, out[0]), "y");
    ck_assert_str_eq(xb_graph_value_name(k.g, out[1]), "s"); /* Relu's result now */
    ck_assert_str_eq(xb_graph_op_type(k.g, xb_graph_producer(k.g, out[1])), "Relu");
    kit_free(&k);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, identities_go);
    tcase_add_test(t, dropouts);
    tcase_add_test(t, dropout_of_a_constant_goes);
    tcase_add_test(t, a_dropout_that_names_an_output_stays);
    tcase_add_test(t, identity_between_input_and_output_stays);
}

int main(void)
{
    return run_tests("infer_nothing", add);
}
