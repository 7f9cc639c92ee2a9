/* What kernels refuse, empty tensors, and folding. */
#include "ref_net.h"
#include "suite.h"

/* Calls the kernel past inference, which knows better. */
static void refuse(xb_kind kind, xb_dtype t, size_t inputs, const char *code, const char *type)
{
    net n = net_of(kind);
    for (size_t i = 0; i < inputs; i++) net_input(&n, t, DIMS(1, 1, 2));
    net_list(&n, "kernel_shape", 1, &(int64_t){1});
    n.result = type_of(t, DIMS(1, 1, 2));
    ck_assert(!net_try(&n));
    const char *text = xb_diags_text(n.d);
    ck_assert_ptr_nonnull(strstr(text, code));
    ck_assert_ptr_nonnull(strstr(text, "the-node"));
    ck_assert_ptr_nonnull(strstr(text, xb_opdef_of(kind)->name));
    ck_assert_ptr_nonnull(strstr(text, type));
    net_free(&n);
}

START_TEST(types_that_no_kernel_has)
{
    refuse(XB_OP_Conv, XB_I32, 2, "op-type", "i32");
    refuse(XB_OP_ConvTranspose, XB_U8, 2, "op-type", "u8");
    refuse(XB_OP_MatMul, XB_I8, 2, "op-type", "i8");
    refuse(XB_OP_Relu, XB_BOOLEAN, 1, "op-type", "bool");
    refuse(XB_OP_Exp, XB_I64, 1, "op-type", "i64");
    refuse(XB_OP_Add, XB_BOOLEAN, 2, "op-type", "bool");
    refuse(XB_OP_And, XB_F32, 2, "op-type", "f32");
    refuse(XB_OP_BitShift, XB_I32, 2, "op-type", "i32");
    refuse(XB_OP_Softmax, XB_I32, 1, "op-type", "i32");
    refuse(XB_OP_AveragePool, XB_I8, 1, "op-type", "i8");
    refuse(XB_OP_MaxPool, XB_BOOLEAN, 1, "op-type", "bool");
    refuse(XB_OP_GlobalAveragePool, XB_I8, 1, "op-type", "i8");
    refuse(XB_OP_LRN, XB_I8, 1, "op-type", "i8");
    refuse(XB_OP_BatchNormalization, XB_I8, 5, "op-type", "i8");
    refuse(XB_OP_ReduceLogSumExp, XB_I32, 1, "op-type", "i32");
    refuse(XB_OP_ReduceSum, XB_BOOLEAN, 1, "op-type", "bool");
    refuse(XB_OP_ArgMax, XB_BOOLEAN, 1, "op-type", "bool");
    refuse(XB_OP_Pow, XB_BOOLEAN, 2, "op-type", "bool");
    refuse(XB_OP_Gather, XB_F32, 2, "op-type", "f32");
}
END_TEST

START_TEST(shapes_that_contradict)
{
    refuse(XB_OP_Gemm, XB_F32, 2, "op-value", "matrices");
    refuse(XB_OP_DepthToSpace, XB_F32, 1, "op-value", "blocksize");
    refuse(XB_OP_GlobalMaxPool, XB_F32, 1, "op-value", "rank");
    refuse(XB_OP_LRN, XB_F32, 1, "op-value", "size");
    refuse(XB_OP_EyeLike, XB_F32, 1, "op-value", "matrix");
    refuse(XB_OP_Concat, XB_F32, 2, "op-value", "part 2");
    refuse(XB_OP_Transpose, XB_F32, 1, "op-value", "perm");
    refuse(XB_OP_ReduceMax, XB_F32, 1, "op-value", "shape");
    refuse(XB_OP_Shape, XB_I64, 1, "op-value", "shape");
    refuse(XB_OP_Conv, XB_F32, 1, "op-value", "missing");
}
END_TEST

START_TEST(pads_that_cancel_out)
{
    net n = net_of(XB_OP_Pad);
    net_input(&n, XB_F32, DIMS(3));
    net_ints(&n, 2, (int64_t[]){INT64_MIN, INT64_MAX});
    n.result = type_of(XB_F32, DIMS(2));
    ck_assert(!net_try(&n));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "op-value"));
    net_free(&n);
}
END_TEST

START_TEST(empty_lists_are_absent)
{
    net n = net_of(XB_OP_Transpose);
    fill(net_input(&n, XB_F32, DIMS(2, 3)), &(xb_rng){.seed = 2}, false);
    net_list(&n, "perm", 0, &(int64_t){0});
    net_run(&n);
    for (int64_t k = 0; k < 6; k++)
        ck_assert_double_eq(at(&n.out[0], (int64_t[]){k % 3, k / 3}), xb_tensor_get(&n.in[0], (size_t)k));
    net_free(&n);
    n = net_of(XB_OP_MaxPool);
    fill(net_input(&n, XB_F32, DIMS(1, 1, 4)), &(xb_rng){.seed = 3}, false);
    net_list(&n, "kernel_shape", 1, &(int64_t){4});
    net_list(&n, "strides", 0, &(int64_t){0});
    net_run(&n);
    ck_assert_int_eq(xb_type_count(&n.out[0].type), 1);
    net_free(&n);
}
END_TEST

START_TEST(scalar_has_no_axis)
{
    net n = net_of(XB_OP_Flatten); /* at axis 1, as by default */
    net_input(&n, XB_F32, 0, NULL);
    ck_assert(!net_build(&n));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "[attribute]"));
    net_free(&n);
}
END_TEST

START_TEST(dropout_only_without_drawing)
{
    for (int ratio = 0; ratio < 2; ratio++) {
        net n = net_of(XB_OP_Dropout);
        n.n_out = 2;
        fill(net_input(&n, XB_F32, DIMS(4)), &(xb_rng){.seed = 1}, false);
        xb_tensor_set(net_input(&n, XB_F32, 0, NULL), 0, ratio * 0.5);
        xb_tensor_set(net_input(&n, XB_BOOLEAN, 0, NULL), 0, 1);
        ck_assert(net_build(&n));
        bool ok = xb_ref_op(n.d, n.g, n.op, n.in, n.n_in, n.out, n.n_out);
        ck_assert_int_eq(ok, ratio == 0);
        if (ok) ck_assert_mem_eq(n.out[0].data, n.in[0].data, 16);
        if (ok) ck_assert_mem_eq(n.out[1].data, "\1\1\1\1", 4);
        if (!ok) ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "op-unsupported"));
        net_free(&n);
    }
}
END_TEST

START_TEST(nothing_in_nothing_out)
{
    for (int k = XB_OP_Relu; k <= XB_OP_Softmax; k++) {
        const xb_opdef *def = xb_opdef_of((xb_kind)k);
        bool logical = k == XB_OP_Not || k == XB_OP_And || k == XB_OP_Or || k == XB_OP_Xor;
        if (k == XB_OP_Cast || k == XB_OP_Where) continue;
        net n = net_of((xb_kind)k);
        for (int i = 0; i < def->min_in; i++)
            net_input(&n, logical ? XB_BOOLEAN : k == XB_OP_BitShift ? XB_U8 : XB_F32, DIMS(0, 3));
        if (k == XB_OP_BitShift) net_text(&n, "direction", "LEFT");
        if (k == XB_OP_Mod) net_int(&n, "fmod", 1);
        net_run(&n);
        ck_assert_int_eq(xb_type_count(&n.out[0].type), 0);
        net_free(&n);
    }
    static const xb_kind windows[] = {XB_OP_Conv,        XB_OP_ConvTranspose, XB_OP_MaxPool,
                                      XB_OP_AveragePool, XB_OP_GlobalMaxPool, XB_OP_InstanceNormalization};
    for (size_t i = 0; i < 6; i++) {
        net n = net_of(windows[i]);
        net_input(&n, XB_F32, DIMS(0, 1, 4));
        if (i < 2) net_input(&n, XB_F32, DIMS(1, 1, 2));
        if (i == 2 || i == 3) net_list(&n, "kernel_shape", 1, &(int64_t){2});
        if (i == 5) net_input(&n, XB_F32, DIMS(1));
        if (i == 5) net_input(&n, XB_F32, DIMS(1));
        net_run(&n);
        ck_assert_int_eq(xb_type_count(&n.out[0].type), 0);
        net_free(&n);
    }
    net n = net_of(XB_OP_MatMul); /* a sum of nothing */
    net_input(&n, XB_F32, DIMS(2, 0));
    net_input(&n, XB_F32, DIMS(0, 3));
    net_run(&n);
    for (size_t k = 0; k < 6; k++) ck_assert_double_eq(xb_tensor_get(&n.out[0], k), 0);
    net_free(&n);
}
END_TEST

static net constant_net(xb_kind kind, size_t inputs, int64_t size)
{
    net n = net_of(kind);
    for (size_t i = 0; i < inputs; i++) {
        n.constant[i] = true;
        xb_tensor *t = net_input(&n, XB_F32, 1, &size);
        for (int64_t k = 0; k < size; k++) xb_tensor_set(t, (size_t)k, (double)(k + 1));
    }
    return n;
}

START_TEST(folding)
{
    net n = constant_net(XB_OP_Add, 2, 3);
    ck_assert(net_build(&n));
    xb_value y = xb_graph_find(n.g, "y0");
    ck_assert(xb_ref_fold(n.g, n.op));
    ck_assert(xb_graph_is_const(n.g, y));
    ck_assert_mem_eq(xb_graph_data(n.g, y), ((float[]){2, 4, 6}), 12);
    ck_assert_uint_eq(xb_graph_op_count(n.g), 0);
    net_free(&n);
    n = constant_net(XB_OP_Split, 1, 4); /* two results */
    n.n_out = 2;
    ck_assert(net_build(&n));
    ck_assert(xb_ref_fold(n.g, n.op));
    ck_assert_uint_eq(xb_graph_op_count(n.g), 0);
    const xb_value *out;
    ck_assert_uint_eq(xb_graph_outputs(n.g, &out), 2);
    ck_assert_mem_eq(xb_graph_data(n.g, out[1]), ((float[]){3, 4}), 8);
    ck_assert_str_eq(xb_graph_value_name(n.g, out[1]), "y1");
    net_free(&n);
}
END_TEST

START_TEST(folding_leaves_what_it_must)
{
    net n = constant_net(XB_OP_Gather, 2, 2); /* indices of a type that no kernel takes */
    n.result = type_of(XB_F32, DIMS(2));
    ck_assert(net_build(&n));
    ck_assert(!xb_ref_fold(n.g, n.op));
    ck_assert_uint_eq(xb_graph_op_count(n.g), 1);
    ck_assert_uint_eq(xb_diags_errors(n.d), 0);
    net_free(&n);
    for (int64_t over = 0; over < 2; over++) { /* 64 MiB, and one number more */
        n = constant_net(XB_OP_Expand, 1, 1);
        n.in[1].type.dtype = XB_NONE;
        net_ints(&n, 1, &(int64_t){((int64_t)16 << 20) + over});
        ck_assert(net_build(&n));
        ck_assert_int_eq(xb_ref_fold(n.g, n.op), over == 0);
        net_free(&n);
    }
    n = net_of(XB_OP_Relu); /* not constant */
    net_input(&n, XB_F32, DIMS(2));
    ck_assert(net_build(&n));
    ck_assert(!xb_ref_fold(n.g, n.op));
    net_free(&n);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("nn_ref_edge");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, types_that_no_kernel_has);
    tcase_add_test(t, shapes_that_contradict);
    tcase_add_test(t, pads_that_cancel_out);
    tcase_add_test(t, empty_lists_are_absent);
    tcase_add_test(t, scalar_has_no_axis);
    tcase_add_test(t, dropout_only_without_drawing);
    tcase_add_test(t, nothing_in_nothing_out);
    tcase_add_test(t, folding);
    tcase_add_test(t, folding_leaves_what_it_must);
    return run_case("nn_ref_edge", t);
}
