/* Types and shapes of every family of operators. */
#include "infer_kit.h"

START_TEST(broadcasting)
{
    static const struct {
        const char *a, *b, *want;
    } cases[] = {{"2,3", "2,3", "f32[2,3]"},      {"2,3", "3", "f32[2,3]"},   {"3", "2,1", "f32[2,3]"},
                 {"N,3", "3", "f32[N,3]"},        {"N,3", "1,3", "f32[N,3]"}, {"1,3", "N,1", "f32[N,3]"},
                 {"N,3", "N,3", "f32[N,3]"},      {"N,3", "4,3", "f32[4,3]"}, {"", "N,3", "f32[N,3]"},
                 {"N,3,1", "1,5", "f32[N,3,5]"},  {"0,3", "1,3", "f32[0,3]"}, {"5,0", "1", "f32[5,0]"},
                 {"N,1,H", "M,3,1", "f32[N,3,H]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_value a = input(&k, "a", XB_F32, cases[i].a), b = input(&k, "b", XB_F32, cases[i].b);
        EXPECT_RESULT(&k, OP(&k, "Add", a, b), cases[i].want);
    }
}
END_TEST

START_TEST(element_types)
{
    static const struct {
        const char *op;
        xb_dtype a, b, c;
        const char *want;
    } cases[] = {
        {"Equal", XB_BOOLEAN, XB_BOOLEAN, XB_NONE, "bool[N]"},
        {"Less", XB_I64, XB_I64, XB_NONE, "bool[N]"},
        {"And", XB_BOOLEAN, XB_BOOLEAN, XB_NONE, "bool[N]"},
        {"Not", XB_BOOLEAN, XB_NONE, XB_NONE, "bool[N]"},
        {"Where", XB_BOOLEAN, XB_F16, XB_F16, "f16[N]"},
        {"Pow", XB_F32, XB_I64, XB_NONE, "f32[N]"},
        {"IsNaN", XB_F64, XB_NONE, XB_NONE, "bool[N]"},
        {"CastLike", XB_F32, XB_U8, XB_NONE, "u8[N]"},
        {"BitShift", XB_U8, XB_U8, XB_NONE, "u8[N]"},
        {"Max", XB_I8, XB_I8, XB_I8, "i8[N]"},
        {"Mod", XB_I32, XB_I32, XB_NONE, "i32[N]"},
        {"PRelu", XB_BF16, XB_BF16, XB_NONE, "bf16[N]"},
        {"Abs", XB_I16, XB_NONE, XB_NONE, "i16[N]"},
        {"Mean", XB_F32, XB_NONE, XB_NONE, "f32[N]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_dtype t[3] = {cases[i].a, cases[i].b, cases[i].c};
        xb_value in[3];
        size_t n = 0;
        for (; n < 3 && t[n] != XB_NONE; n++) in[n] = input(&k, "x", t[n], "N");
        EXPECT_RESULT(&k, add_op(&k, cases[i].op, in, n, NULL, 1), cases[i].want);
    }
}
END_TEST

START_TEST(cast_numbers)
{
    static const char *const want[17] = {
        [1] = "f32",  [2] = "u8",   [3] = "i8",   [4] = "u16",  [5] = "i16",  [6] = "i32",  [7] = "i64",
        [9] = "bool", [10] = "f16", [11] = "f64", [12] = "u32", [13] = "u64", [16] = "bf16"};
    for (int i = 0; i < 18; i++) {
        kit k = kit_new();
        xb_value y = OP(&k, "Cast", input(&k, "x", XB_F32, ""));
        xb_graph_set_int(k.g, k.op, "to", i);
        if (i < 17 && want[i]) {
            char type[16];
            snprintf(type, sizeof type, "%s[]", want[i]);
            EXPECT_RESULT(&k, y, type);
        } else {
            EXPECT_ERROR(&k, y, "attribute", "'to'");
        }
    }
}
END_TEST

START_TEST(matrix_products)
{
    static const struct {
        const char *a, *b, *want;
    } cases[] = {{"N,4", "4,5", "f32[N,5]"},
                 {"4", "4,5", "f32[5]"},
                 {"N,4", "4", "f32[N]"},
                 {"4", "4", "f32[]"},
                 {"N,2,3,4", "4,5", "f32[N,2,3,5]"},
                 {"N,2,3,4", "N,2,4,5", "f32[N,2,3,5]"},
                 {"2,1,3,4", "7,4,5", "f32[2,7,3,5]"},
                 {"N,S,4", "M,4,S", "f32[N,S,S]"},
                 {"0,4", "4,2", "f32[0,2]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_value a = input(&k, "a", XB_F32, cases[i].a), b = input(&k, "b", XB_F32, cases[i].b);
        EXPECT_RESULT(&k, OP(&k, "MatMul", a, b), cases[i].want);
    }
    for (int t = 0; t < 4; t++) {
        kit k = kit_new();
        xb_value a = input(&k, "a", XB_F32, t & 1 ? "4,N" : "N,4"), b = zeros(&k, XB_F32, t & 2 ? "5,4" : "4,5");
        xb_value y = OP(&k, "Gemm", a, b, zeros(&k, XB_F32, t ? "5" : "1,5"));
        xb_graph_set_int(k.g, k.op, "transA", t & 1);
        xb_graph_set_int(k.g, k.op, "transB", t >> 1);
        EXPECT_RESULT(&k, y, "f32[N,5]");
    }
}
END_TEST

START_TEST(normalisations)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,C,8"), c = zeros(&k, XB_F32, "3"), y[3];
    add_op(&k, "BatchNormalization", (xb_value[]){x, c, c, c, c}, 5, y, 3);
    xb_graph_set_int(k.g, k.op, "training_mode", 1);
    xb_graph_add_output(k.g, y[2]);
    EXPECT_RESULT(&k, y[0], "f32[N,C,8]");
    k = kit_new();
    x = input(&k, "x", XB_F32, "N,6,8");
    add_op(&k, "LayerNormalization", (xb_value[]){x, zeros(&k, XB_F32, "8"), zeros(&k, XB_F32, "8")}, 3, y, 3);
    xb_graph_add_output(k.g, y[0]);
    EXPECT_RESULT(&k, y[1], "f32[N,6,1]");
    k = kit_new();
    x = input(&k, "x", XB_F16, "N,6,8");
    add_op(&k, "LayerNormalization", (xb_value[]){x, zeros(&k, XB_F16, "6,8")}, 2, y, 2);
    xb_graph_set_int(k.g, k.op, "axis", 1);
    EXPECT_RESULT(&k, y[1], "f32[N,1,1]");
    k = kit_new();
    c = zeros(&k, XB_F32, "6");
    EXPECT_RESULT(&k, OP(&k, "InstanceNormalization", input(&k, "x", XB_F32, "N,6,H"), c, c), "f32[N,6,H]");
    k = kit_new();
    xb_value l = OP(&k, "LRN", input(&k, "x", XB_F32, "N,6,4,4"));
    xb_graph_set_int(k.g, k.op, "size", 5);
    EXPECT_RESULT(&k, l, "f32[N,6,4,4]");
}
END_TEST

START_TEST(reductions)
{
    static const struct {
        const char *op;
        int64_t axes[3];
        size_t n;
        int keep;
        const char *want;
    } cases[] = {{"ReduceMean", {1}, 1, 1, "f32[N,1,4]"},       {"ReduceMean", {-1, 1}, 2, 0, "f32[N]"},
                 {"ReduceMax", {0}, 0, 1, "f32[1,1,1]"},        {"ReduceL2", {0}, 0, 0, "f32[]"},
                 {"ReduceLogSumExp", {0, 1, 2}, 3, 0, "f32[]"}, {"ReduceSumSquare", {-3}, 1, 0, "f32[3,4]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_value y = OP(&k, cases[i].op, input(&k, "x", XB_F32, "N,3,4"));
        if (cases[i].n) xb_graph_set_ints(k.g, k.op, "axes", cases[i].axes, cases[i].n);
        if (!cases[i].keep) xb_graph_set_int(k.g, k.op, "keepdims", 0);
        EXPECT_RESULT(&k, y, cases[i].want);
    }
    kit k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "ReduceSum", input(&k, "x", XB_F32, "N,3,4"), VECTOR(&k, -1)), "f32[N,3,1]");
    k = kit_new();
    xb_value y = OP(&k, "ReduceSum", input(&k, "x", XB_F32, "N,3,4"));
    xb_graph_set_int(k.g, k.op, "noop_with_empty_axes", 1);
    EXPECT_RESULT(&k, y, "f32[N,3,4]");
    k = kit_new();
    y = OP(&k, "ArgMax", input(&k, "x", XB_F32, "N,3,4"));
    xb_graph_set_int(k.g, k.op, "axis", -2);
    EXPECT_RESULT(&k, y, "i64[N,1,4]");
    k = kit_new();
    y = OP(&k, "ArgMin", input(&k, "x", XB_F32, "N,3,4"));
    xb_graph_set_int(k.g, k.op, "keepdims", 0);
    EXPECT_RESULT(&k, y, "i64[3,4]");
    k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "CumSum", input(&k, "x", XB_F32, "N,3"), scalar(&k, -1)), "f32[N,3]");
}
END_TEST

START_TEST(joining_and_cutting)
{
    kit k = kit_new();
    xb_value y = OP(&k, "Concat", input(&k, "a", XB_F32, "N,2,4"), input(&k, "b", XB_F32, "N,3,4"));
    xb_graph_set_int(k.g, k.op, "axis", 1);
    EXPECT_RESULT(&k, y, "f32[N,5,4]");
    k = kit_new();
    y = OP(&k, "Concat", input(&k, "a", XB_F32, "N,4"), zeros(&k, XB_F32, "1,4"));
    xb_graph_set_int(k.g, k.op, "axis", -2);
    EXPECT_RESULT(&k, y, "f32[N+1,4]");
    xb_value out[3];
    k = kit_new();
    add_op(&k, "Split", (xb_value[]){input(&k, "a", XB_F32, "6,N")}, 1, out, 3);
    EXPECT_RESULT(&k, out[2], "f32[2,N]");
    k = kit_new();
    add_op(&k, "Split", (xb_value[]){input(&k, "a", XB_F32, "N,6"), VECTOR(&k, 1, 0, 5)}, 2, out, 3);
    xb_graph_set_int(k.g, k.op, "axis", -1);
    xb_graph_add_output(k.g, out[1]);
    EXPECT_RESULT(&k, out[2], "f32[N,5]");
    k = kit_new();
    y = OP(&k, "Transpose", input(&k, "a", XB_F32, "N,2,3"));
    EXPECT_RESULT(&k, y, "f32[3,2,N]");
    k = kit_new();
    y = OP(&k, "Transpose", input(&k, "a", XB_F32, "N,2,3"));
    xb_graph_set_ints(k.g, k.op, "perm", INTS(0, 2, 1));
    EXPECT_RESULT(&k, y, "f32[N,3,2]");
    k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "Pad", input(&k, "a", XB_F32, "N,4"), VECTOR(&k, 0, 2, 0, -3)), "f32[N,3]");
    k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "Tile", input(&k, "a", XB_F32, "N,4"), VECTOR(&k, 2, 3)), "f32[2*N,12]");
    k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "Expand", input(&k, "a", XB_F32, "3,1"), VECTOR(&k, 2, 1, 6)), "f32[2,3,6]");
    k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "Expand", input(&k, "a", XB_F32, "N,3,4"), VECTOR(&k, 4)), "f32[N,3,4]");
    k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "Trilu", input(&k, "a", XB_F32, "N,3,4")), "f32[N,3,4]");
}
END_TEST

START_TEST(indexing)
{
    static const struct {
        const char *x, *index;
        int64_t axis;
        const char *want;
    } cases[] = {{"N,3,4", "", 1, "f32[N,4]"},
                 {"N,3,4", "5", -1, "f32[N,3,5]"},
                 {"9,4", "N,7", 0, "f32[N,7,4]"},
                 {"9", "", 0, "f32[]"},
                 {"N,3", "2,2,2", 1, "f32[N,2,2,2]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_value y = OP(&k, "Gather", input(&k, "x", XB_F32, cases[i].x), input(&k, "i", XB_I64, cases[i].index));
        xb_graph_set_int(k.g, k.op, "axis", cases[i].axis);
        EXPECT_RESULT(&k, y, cases[i].want);
    }
    kit k = kit_new();
    xb_value y = OP(&k, "GatherElements", input(&k, "x", XB_F32, "N,5"), input(&k, "i", XB_I32, "N,2"));
    xb_graph_set_int(k.g, k.op, "axis", 1);
    EXPECT_RESULT(&k, y, "f32[N,2]");
    k = kit_new();
    y = OP(&k, "DepthToSpace", input(&k, "x", XB_F32, "N,12,H,5"));
    xb_graph_set_int(k.g, k.op, "blocksize", 2);
    xb_value z = OP(&k, "SpaceToDepth", y);
    xb_graph_set_int(k.g, k.op, "blocksize", 2);
    infer_to(&k, z);
    EXPECT_TYPE(&k, y, "f32[N,3,2*H,10]");
    EXPECT_TYPE(&k, z, "f32[N,12,H,5]");
    kit_free(&k);
}
END_TEST

/* What a[start:end:step] has, counted. ONNX differs from numpy in one point: a start before the first element is the
 * first element for negative steps too. */
static int64_t slice_by_hand(int64_t size, int64_t start, int64_t end, int64_t step)
{
    int64_t n = 0;
    if (start < 0) start += size;
    if (start < 0) start = 0;
    if (end < 0) end += size;
    if (step > 0) {
        for (int64_t i = start; i < end && i < size; i += step) n++;
    } else {
        for (int64_t i = start >= size ? size - 1 : start; i > end && i >= 0; i += step) n++;
    }
    return n;
}

START_TEST(slices)
{
    for (int64_t size = 0; size < 5; size++)
        for (int64_t start = -6; start < 7; start++)
            for (int64_t end = -6; end < 7; end++)
                for (int64_t step = -2; step < 3; step++) {
                    if (!step) continue;
                    kit k = kit_new();
                    char dims[32];
                    snprintf(dims, sizeof dims, "2,%d", (int)size);
                    xb_value y = OP(&k, "Slice", input(&k, "x", XB_F32, dims), VECTOR(&k, start), VECTOR(&k, end),
                                    VECTOR(&k, -1), VECTOR(&k, step));
                    ck_assert(infer_to(&k, y));
                    ck_assert_int_eq(xb_graph_type(k.g, y)->dim[0], 2);
                    ck_assert_int_eq(xb_graph_type(k.g, y)->dim[1], slice_by_hand(size, start, end, step));
                    kit_free(&k);
                }
}
END_TEST

START_TEST(slices_of_symbols)
{
    static const struct {
        int64_t start, end, step;
        const char *want;
    } cases[] = {{0, INT64_MAX, 1, "f32[H]"},   {2, INT64_MAX, 1, "f32[H-2]"},
                 {0, -1, 1, "f32[H-1]"},        {-1, INT64_MAX, 1, "f32[1]"},
                 {0, 1, 1, "f32[1]"},           {0, INT32_MAX, 2, "f32[floor((H+1)/2)]"},
                 {-1, INT64_MIN, -1, "f32[H]"}, {0, 5, 1, "f32[min(H,5)]"},
                 {1, -1, 1, "f32[H-2]"},        {INT64_MAX, INT64_MIN, -1, "f32[H]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_value y = OP(&k, "Slice", input(&k, "x", XB_F32, "H"), VECTOR(&k, cases[i].start), VECTOR(&k, cases[i].end),
                        NONE, VECTOR(&k, cases[i].step));
        EXPECT_RESULT(&k, y, cases[i].want);
    }
    kit k = kit_new();
    xb_value y = OP(&k, "Slice", input(&k, "x", XB_F32, "3"), VECTOR(&k, INT64_MAX), VECTOR(&k, INT64_MIN), NONE,
                    VECTOR(&k, INT64_MIN));
    EXPECT_RESULT(&k, y, "f32[1]");
}
END_TEST

START_TEST(reshapes)
{
    static const struct {
        const char *x;
        int64_t to[4];
        size_t n;
        int allow_zero;
        const char *want;
    } cases[] = {{"N,3,4", {0, -1}, 2, 0, "f32[N,12]"},
                 {"N,3,4", {-1, 12}, 2, 0, "f32[N,12]"},
                 {"N,3,4", {-1, 2, 6}, 3, 0, "f32[N,2,6]"},
                 {"N,3,4", {-1}, 1, 0, "f32[12*N]"},
                 {"2,3,4", {4, 0, 2}, 3, 0, "f32[4,3,2]"},
                 {"2,0", {0, 5}, 2, 1, "f32[0,5]"},
                 {"1,1", {0}, 0, 0, "f32[]"},
                 {"N,H,4", {0, 2, 2, -1}, 4, 0, "f32[N,2,2,H]"},
                 {"0,4", {0, 2, 2}, 3, 0, "f32[0,2,2]"},
                 {"", {1, 1}, 2, 0, "f32[1,1]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_value y = OP(&k, "Reshape", input(&k, "x", XB_F32, cases[i].x), vector(&k, cases[i].to, cases[i].n));
        xb_graph_set_int(k.g, k.op, "allowzero", cases[i].allow_zero);
        EXPECT_RESULT(&k, y, cases[i].want);
    }
    for (int64_t axis = -3; axis <= 3; axis++) {
        static const char *const want[] = {"f32[1,12*N]", "f32[N,12]", "f32[3*N,4]", "f32[12*N,1]"};
        kit k = kit_new();
        xb_value y = OP(&k, "Flatten", input(&k, "x", XB_F32, "N,3,4"));
        xb_graph_set_int(k.g, k.op, "axis", axis);
        EXPECT_RESULT(&k, y, want[axis < 0 ? axis + 3 : axis]);
    }
    kit k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "Squeeze", input(&k, "x", XB_F32, "N,1,3,1")), "f32[N,3]");
    k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "Squeeze", input(&k, "x", XB_F32, "N,1,3,1"), VECTOR(&k, -1)), "f32[N,1,3]");
    k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "Unsqueeze", input(&k, "x", XB_F32, "N,3"), VECTOR(&k, -1, 0)), "f32[1,N,3,1]");
}
END_TEST

START_TEST(fills)
{
    kit k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "Shape", input(&k, "x", XB_F32, "N,3,4")), "i64[3]");
    k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "Size", input(&k, "x", XB_F32, "N,3,4")), "i64[]");
    k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "ConstantOfShape", VECTOR(&k, 2, 3)), "f32[2,3]");
    k = kit_new();
    xb_value y = OP(&k, "ConstantOfShape", VECTOR(&k, 2, 300));
    xb_graph_set_int(k.g, k.op, "value", 1);
    EXPECT_RESULT(&k, y, "i64[2,300]");
    k = kit_new();
    y = OP(&k, "EyeLike", input(&k, "x", XB_F32, "N,3"));
    xb_graph_set_int(k.g, k.op, "dtype", 7);
    EXPECT_RESULT(&k, y, "i64[N,3]");
    static const int64_t ranges[][4] = {{0, 10, 3, 4}, {10, 0, -3, 4}, {0, 0, 1, 0}, {5, 0, 1, 0}, {-2, 2, 1, 4}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        k = kit_new();
        const int64_t *r = ranges[i];
        y = OP(&k, "Range", scalar(&k, r[0]), scalar(&k, r[1]), scalar(&k, r[2]));
        infer_to(&k, y);
        ck_assert(k.ok && xb_graph_type(k.g, y)->rank == 1 && xb_graph_type(k.g, y)->dim[0] == r[3]);
        ck_assert(xb_graph_is_const(k.g, y));
        const int64_t *data = xb_graph_data(k.g, y);
        for (int64_t j = 0; j < r[3]; j++) ck_assert_int_eq(data[j], r[0] + j * r[2]);
        kit_free(&k);
    }
    k = kit_new();
    xb_type f32 = {.dtype = XB_F32};
    xb_value a = xb_graph_add_const(k.g, "", &f32, &(float){1}), b = xb_graph_add_const(k.g, "", &f32, &(float){2});
    EXPECT_RESULT(&k, OP(&k, "Range", a, b, xb_graph_add_const(k.g, "", &f32, &(float){0.3f})), "f32[4]");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, broadcasting);
    tcase_add_test(t, element_types);
    tcase_add_test(t, cast_numbers);
    tcase_add_test(t, matrix_products);
    tcase_add_test(t, normalisations);
    tcase_add_test(t, reductions);
    tcase_add_test(t, joining_and_cutting);
    tcase_add_test(t, indexing);
    tcase_add_test(t, slices);
    tcase_add_test(t, slices_of_symbols);
    tcase_add_test(t, reshapes);
    tcase_add_test(t, fills);
}

int main(void)
{
    return run_tests("infer", add);
}
