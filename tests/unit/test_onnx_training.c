/* What a network is trained with comes through import: Dropout, normalisations and their statistics, parameters that an
 * exporter merged. */
#include "nn/train/unshare.h"
#include "onnx_model.h"

/* It is kept for training: the ratio becomes an input, what nobody reads goes. */
START_TEST(dropout_stays)
{
    for (int64_t opset = 1; opset <= 10; opset++) {
        xb_buf a = {0};
        model m = {.opset = opset};
        bool given = opset % 2;
        if (given) attr_float(&a, "ratio", 0.375f);
        if (opset < 7) attr_int(&a, "is_test", 1);
        add_input(&m, "x", 1, "2");
        add_node(&m, "Relu", "relu", "x", "t", NULL);
        add_node(&m, "Dropout", "drop", "t", "u,mask", &a);
        add_node(&m, "Neg", "neg", "u", "y", NULL);
        add_output(&m, "y", 1, "2");
        xb_graph *g = must_read(&m);
        ck_assert_str_eq(kinds_of(g), "Relu Dropout Neg");
        xb_op op = op_of_kind(g, XB_OP_Dropout);
        const xb_value *list;
        const xb_attr *attrs;
        ck_assert_uint_eq(xb_graph_op_attrs(g, op, &attrs), 0);
        ck_assert_uint_eq(xb_graph_op_outputs(g, op, &list), 1);
        ck_assert_uint_eq(xb_graph_op_inputs(g, op, &list), given ? 2 : 1); /* absent: 0.5, then as now */
        if (given) EXPECT_NUMBERS(g, op, 1, XB_F32, 0, 0.375);
        xb_graph_free(g);
    }
}
END_TEST

static model dropout_model(int64_t opset, const char *in, bool training, const char *outputs)
{
    model m = {.opset = opset};
    float ratio = 0.25f;
    xb_buf t = tensor_raw("ratio", 1, "", &ratio, 4), f = tensor_raw("training", 9, "", training ? "\1" : "\0", 1);
    add_tensor(&m, &t);
    add_tensor(&m, &f);
    add_input(&m, "x", 1, "2");
    add_node(&m, "Dropout", "drop", in, outputs, NULL);
    add_output(&m, "y", 1, "2");
    if (strchr(outputs, ',')) add_output(&m, "mask", 9, "2");
    return m;
}

START_TEST(dropout_training)
{
    model m = dropout_model(13, "x,ratio,training", true, "y,mask");
    must_refuse(&m, "op-unsupported", "'drop' (Dropout)");
    m = dropout_model(13, "x,ratio,draws", false, "y");
    add_input(&m, "draws", 9, "");
    must_refuse(&m, "op-unsupported", "not constant");
    m = dropout_model(13, "x,ratio,training", false, "y");
    xb_graph *g = must_read(&m);
    ck_assert_str_eq(xb_diags_text(diags), "");
    ck_assert_str_eq(kinds_of(g), "Dropout");
    EXPECT_NUMBERS(g, xb_graph_first(g), 1, XB_F32, 0, 0.25);
    ck_assert_uint_eq(input_of(g, xb_graph_first(g), 2).id, 0);
    xb_graph_free(g);
    m = dropout_model(13, "x,,training", false, "y");
    g = must_read(&m);
    const xb_value *list;
    ck_assert_uint_eq(xb_graph_op_inputs(g, xb_graph_first(g), &list), 1);
    xb_graph_free(g);
    m = dropout_model(13, "x,ratio", false, "y,mask");
    g = must_read(&m);
    ck_assert_str_eq(kinds_of(g), "Dropout");
    EXPECT_NUMBERS(g, xb_graph_first(g), 1, XB_F32, 0, 0.25);
    ck_assert_uint_eq(xb_graph_op_outputs(g, xb_graph_first(g), &list), 2);
    xb_graph_free(g);
    m = dropout_model(7, "x", false, "y,mask");
    must_refuse(&m, "op-unsupported", "mask");
}
END_TEST

/* How many times does the text say that the model was exported for training? */
static int notes_of_training(void)
{
    int n = 0;
    for (const char *at = xb_diags_text(diags); (at = strstr(at, "[onnx-training]")); at++) n++;
    return n;
}

/* As PyTorch exports a network in training: nobody reads the mask. The ratio stays, the mode goes. */
START_TEST(exported_for_training)
{
    model m = {.opset = 15};
    xb_buf a = {0};
    attr_int(&a, "training_mode", 1);
    attr_float(&a, "momentum", 0.75f);
    float ratio = 0.25f;
    xb_buf t = tensor_raw("ratio", 1, "", &ratio, 4), f = tensor_raw("training", 9, "", "\1", 1);
    add_tensor(&m, &t);
    add_tensor(&m, &f);
    static const char *const names[] = {"s", "b", "mean", "var"};
    for (int i = 0; i < 4; i++) add_vector(&m, names[i], 3);
    add_input(&m, "x", 1, "1,3,2,2");
    add_node(&m, "Dropout", "drop", "x,ratio,training", "p,mask", NULL);
    add_node(&m, "BatchNormalization", "bn", "p,s,b,mean,var", "q,m,v", &a);
    add_node(&m, "Dropout", "drop2", "q,,training", "y", NULL);
    add_output(&m, "y", 1, "1,3,2,2");
    xb_graph *g = must_read(&m);
    ck_assert_int_eq(notes_of_training(), 1);
    ck_assert_str_eq(kinds_of(g), "Dropout BatchNormalization Dropout");
    xb_op op = xb_graph_first(g);
    const xb_value *list;
    const xb_attr *attrs;
    EXPECT_NUMBERS(g, op, 1, XB_F32, 0, 0.25);
    ck_assert_uint_eq(xb_graph_op_inputs(g, op, &list), 2);
    ck_assert_uint_eq(xb_graph_op_outputs(g, op, &list), 1);
    op = xb_graph_next(g, op);
    ck_assert_uint_eq(xb_graph_op_attrs(g, op, &attrs), 1);
    ck_assert_float_eq(xb_graph_attr_float(g, op, "momentum", 0), 0.75f);
    ck_assert_uint_eq(xb_graph_op_outputs(g, op, &list), 1);
    op = xb_graph_next(g, op);
    ck_assert_uint_eq(xb_graph_op_inputs(g, op, &list), 1);
    xb_graph_free(g);
}
END_TEST

static model norm_model(int64_t opset, const char *dims, const char *outputs, xb_buf *attrs)
{
    model m = {.opset = opset};
    static const char *const names[] = {"s", "b", "mean", "var"};
    for (int i = 0; i < 4; i++) add_vector(&m, names[i], 3);
    add_input(&m, "x", 1, dims);
    add_node(&m, "BatchNormalization", "bn", "x,s,b,mean,var", outputs, attrs);
    add_output(&m, "y", 1, NULL);
    return m;
}

START_TEST(batch_normalization)
{
    xb_buf a = {0};
    attr_int(&a, "spatial", 1);
    attr_int(&a, "is_test", 1);
    attr_float(&a, "momentum", 0.9f);
    attr_float(&a, "epsilon", 0.5f);
    model m = norm_model(6, "1,3,2,2", "y,m,v,sm,sv", &a);
    xb_graph *g = must_read(&m);
    xb_op op = xb_graph_first(g);
    const xb_attr *attrs;
    const xb_value *out;
    ck_assert_uint_eq(xb_graph_op_attrs(g, op, &attrs), 1);
    ck_assert_float_eq(xb_graph_attr_float(g, op, "epsilon", 0), 0.5f);
    ck_assert_uint_eq(xb_graph_op_outputs(g, op, &out), 1);
    xb_graph_free(g);

    a = (xb_buf){0};
    attr_int(&a, "spatial", 0);
    m = norm_model(8, "1,3,2,2", "y", &a);
    must_refuse(&m, "op-unsupported", "spatial");
    a = (xb_buf){0};
    attr_int(&a, "spatial", 0);
    m = norm_model(8, "1,3", "y", &a);
    xb_graph_free(must_read(&m));
    a = (xb_buf){0};
    attr_int(&a, "training_mode", 1);
    m = norm_model(15, "1,3,2,2", "y,m,v", &a);
    add_output(&m, "v", 1, "3");
    must_refuse(&m, "op-unsupported", "'bn' (BatchNormalization)");
    m = norm_model(9, "1,3,2,2", "y,m", NULL);
    add_output(&m, "m", 1, "3");
    must_refuse(&m, "op-unsupported", "training");
}
END_TEST

/* Kept for training, 0.9 as nothing; written again. */
START_TEST(momentum_of_statistics)
{
    for (int64_t opset = 7; opset <= 17; opset++) {
        xb_buf a = {0};
        const xb_attr *attrs;
        attr_float(&a, "momentum", opset == 12 ? 0.9f : 0.625f);
        model m = norm_model(opset, "1,3,2,2", "y", &a);
        xb_graph *g = must_read(&m);
        xb_op op = xb_graph_first(g);
        ck_assert_uint_eq(xb_graph_op_attrs(g, op, &attrs), opset != 12);
        ck_assert_float_eq(xb_graph_attr_float(g, op, "momentum", 0.9f), opset == 12 ? 0.9f : 0.625f);
        xb_out *out = xb_out_open(diags, in_dir("written.onnx"));
        ck_assert(out && xb_onnx_write(diags, g, out) && xb_out_commit(out));
        xb_graph *again = xb_onnx_read(diags, in_dir("written.onnx"));
        ck_assert_msg(again != NULL, "%s", xb_diags_text(diags));
        ck_assert_float_eq(xb_graph_attr_float(again, xb_graph_first(again), "momentum", 0.9f),
                           opset == 12 ? 0.9f : 0.625f);
        xb_graph_free(again);
        xb_graph_free(g);
    }
}
END_TEST

/* PyTorch writes equal tensors once and Identities for the others: several parameters of one constant, which are
 * trained apart. */
START_TEST(identities_of_parameters)
{
    model m = {.opset = 13};
    static const char *const names[] = {"s", "b", "mean"};
    for (int i = 0; i < 3; i++) add_vector(&m, names[i], 3);
    add_input(&m, "x", 1, "1,3,2,2");
    add_node(&m, "Identity", "i0", "s", "var", NULL);
    add_node(&m, "Identity", "i1", "s", "s2", NULL);
    add_node(&m, "BatchNormalization", "bn1", "x,s,b,mean,var", "t", NULL);
    add_node(&m, "BatchNormalization", "bn2", "t,s2,b,mean,var", "y", NULL);
    add_output(&m, "y", 1, "1,3,2,2");
    xb_graph *g = must_read(&m);
    ck_assert_str_eq(kinds_of(g), "BatchNormalization BatchNormalization");
    ck_assert_uint_eq(xb_graph_users(g, input_of(g, xb_graph_first(g), 1)), 4);
    ck_assert_uint_eq(xb_unshare(diags, g), 5);
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op))
        for (size_t i = 1; i < 5; i++) {
            ck_assert_uint_eq(xb_graph_users(g, input_of(g, op, i)), 1);
            EXPECT_NUMBERS(g, op, i, XB_F32, 1, 1, 2, 3);
        }
    xb_graph_free(g);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("training");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, dropout_stays);
    tcase_add_test(tc, dropout_training);
    tcase_add_test(tc, exported_for_training);
    tcase_add_test(tc, batch_normalization);
    tcase_add_test(tc, momentum_of_statistics);
    tcase_add_test(tc, identities_of_parameters);
    return run_tests(tc);
}
