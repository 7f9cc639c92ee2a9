/* Graphs that contradict themselves: each a diagnostic that names node, operator and reason. */
#include "infer_kit.h"

START_TEST(unsupported_operators)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,3"), y;
    xb_graph_add_op(k.g, (xb_op){0}, "LSTM", "lstm_1", &x, 1, &y, 1);
    xb_value z = OP(&k, "Relu", y), u;
    xb_graph_add_op(k.g, (xb_op){0}, "NonZero", "nz", &z, 1, &u, 1);
    infer_to(&k, u);
    ck_assert(!k.ok);
    const char *said = xb_diags_text(k.d);
    ck_assert_msg(
        strstr(said, "net.onnx: node 'lstm_1' (LSTM): error: operator LSTM is not supported [op-unsupported]"), "%s",
        said);
    ck_assert_msg(strstr(said, "net.onnx: node 'nz' (NonZero): error: operator NonZero is not supported"), "%s", said);
    ck_assert_uint_eq(xb_diags_errors(k.d), 2);
    kit_free(&k);
}
END_TEST

/* Two faults that have nothing to do with each other are both told, what follows from them is not. */
START_TEST(independent_faults)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,3"), a = OP(&k, "Add", x, zeros(&k, XB_F32, "4"));
    xb_value b = OP(&k, "MatMul", x, zeros(&k, XB_F32, "2,2")), c = OP(&k, "Concat", OP(&k, "Relu", a), b);
    infer_to(&k, c);
    ck_assert(!k.ok);
    ck_assert_uint_eq(xb_diags_errors(k.d), 2);
    ck_assert_int_lt(xb_graph_type(k.g, c)->rank, 0);
    kit_free(&k);
}
END_TEST

START_TEST(arity)
{
    static const struct {
        const char *op;
        size_t n;
    } cases[] = {{"Add", 1}, {"Add", 3}, {"Conv", 1}, {"Relu", 2}, {"Concat", 0}, {"Gemm", 4}, {"Slice", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_value x = input(&k, "x", XB_F32, "N,3"), in[4] = {x, x, x, x};
        EXPECT_ERROR(&k, add_op(&k, cases[i].op, in, cases[i].n, NULL, 1), "op-arity", "inputs and");
    }
    kit k = kit_new();
    xb_value out[2];
    add_op(&k, "Relu", (xb_value[]){input(&k, "x", XB_F32, "N")}, 1, out, 2);
    EXPECT_ERROR(&k, out[0], "op-arity", "2 results");
    k = kit_new();
    EXPECT_ERROR(&k, OP(&k, "Add", input(&k, "x", XB_F32, "N"), NONE), "op-arity",
                 "input 2: error: the input is missing");
    k = kit_new();
    EXPECT_ERROR(&k, OP(&k, "Max", NONE, input(&k, "x", XB_F32, "N")), "op-arity", "missing");
}
END_TEST

START_TEST(graph_inputs)
{
    kit k = kit_new();
    xb_type none = {.dtype = XB_F32, .rank = -1};
    xb_value x = xb_graph_add_input(k.g, "x", &none);
    EXPECT_ERROR(&k, OP(&k, "Relu", x), "shape-dynamic", "input 'x' has no type and shape");
    k = kit_new();
    EXPECT_ERROR(&k, OP(&k, "Relu", input(&k, "x", XB_F32, "1099511627776,2")), "shape", "too large");
}
END_TEST

/* Shapes of up to three f32 inputs, and at most one attribute, that an operator refuses. */
static const struct bad {
    const char *op, *in[3];
    const char *code, *words;
    const char *attr; /* "name=1,2" or "name=7" */
} bads[] = {
    {"Add", {"2,3", "2"}, "shape", "f32[2,3] and f32[2] cannot be broadcast together", NULL},
    {"Where", {"2", "3", "3"}, "dtype", "not bool", NULL},
    {"PRelu", {"2,3", "2"}, "shape", "f32[2] cannot be broadcast to f32[2,3]", NULL},
    {"PRelu", {"1,3", "4,3"}, "shape", "cannot be broadcast", NULL},
    {"MatMul", {"2,3", "4,5"}, "shape", "sizes 3 and 4 do not agree", NULL},
    {"MatMul", {"", "4,5"}, "shape", "does not have", NULL},
    {"MatMul", {"2,3,4", "3,4,5"}, "shape", "cannot be broadcast", NULL},
    {"Gemm", {"2,3", "3,5", "4"}, "shape", "cannot be broadcast to f32[2,5]", NULL},
    {"Gemm", {"2,3,1", "3,5"}, "shape", "does not have 2 dimensions", NULL},
    {"Gemm", {"2,3", "3,5"}, "attribute", "'transA' = 2", "transA=2"},
    {"Conv", {"1,3,8,8", "4,2,3,3"}, "shape", "3 channels where the weight", NULL},
    {"Conv", {"1,3,8,8", "4,3,3"}, "shape", "does not have 4 dimensions", NULL},
    {"Conv", {"1,3", "4,3"}, "shape", "does not have 3 to 5 dimensions", NULL},
    {"Conv", {"1,3,8,8", "4,3,0,3"}, "shape", "has no size", NULL},
    {"Conv", {"1,3,8,8", "4,3,9,3"}, "shape", "a window of 9 does not fit into 8 elements", NULL},
    {"Conv", {"1,3,8,8", "4,3,3,3", "5"}, "shape", "bias", NULL},
    {"Conv", {"1,3,8,8", "4,3,3,3"}, "attribute", "'strides' holds 0", "strides=0,1"},
    {"Conv", {"1,3,8,8", "4,3,3,3"}, "attribute", "'strides' has 3 numbers", "strides=1,1,1"},
    {"Conv", {"1,3,8,8", "4,3,3,3"}, "attribute", "'strides' is not a list", "strides=1"},
    {"Conv", {"1,3,8,8", "4,3,3,3"}, "attribute", "'dilations' holds -1", "dilations=-1,1"},
    {"Conv", {"1,3,8,8", "4,3,3,3"}, "attribute", "'pads' holds -1", "pads=-1,0,0,0"},
    {"Conv", {"1,3,8,8", "4,3,3,3"}, "attribute", "'pads' holds 9223372036854775807", "pads=9223372036854775807,0,0,0"},
    {"Conv", {"1,3,8,8", "4,3,3,3"}, "attribute", "'pads' has 2 numbers", "pads=1,1"},
    {"Conv",
     {"1,3,8,8", "4,3,3,3"},
     "shape",
     "the result f32[1,4,",
     "pads=2147483648,2147483648,2147483648,2147483648"},
    {"Conv", {"1,3,8,8", "4,3,3,3"}, "attribute", "'auto_pad' = 'WRAP'", "auto_pad=WRAP"},
    {"Conv", {"1,3,8,8", "4,3,3,3"}, "shape", "'kernel_shape' says 5", "kernel_shape=5,3"},
    {"Conv", {"1,4,8,8", "3,2,3,3"}, "shape", "2 groups do not divide", "group=2"},
    {"Conv", {"1,3,8,8", "4,3,3,3"}, "attribute", "'group' = 0", "group=0"},
    {"ConvTranspose", {"1,3,8,8", "4,3,3,3"}, "shape", "3 channels", NULL},
    {"ConvTranspose", {"1,4,8,8", "4,3,3,3"}, "attribute", "'output_padding' holds -1", "output_padding=-1,0"},
    {"ConvTranspose", {"1,4,8,8", "4,3,3,3"}, "attribute", "'output_padding' has 1", "output_padding=[0]"},
    {"ConvTranspose", {"1,4,8,8", "4,3,3,3"}, "attribute", "'output_shape' holds 0", "output_shape=0,9"},
    {"ConvTranspose", {"1,4,8,8", "4,3,3,3"}, "attribute", "'output_shape' has 3", "output_shape=4,9,9"},
    {"ConvTranspose", {"1,4,8,8", "4,3,3,3"}, "shape", "the pads leave nothing", "pads=9,9,9,9"},
    {"MaxPool", {"1,3,8,8"}, "attribute", "'kernel_shape' is missing", NULL},
    {"MaxPool", {"1,3,8,8"}, "attribute", "'kernel_shape' holds 0", "kernel_shape=0,2"},
    {"MaxPool", {"1,3,8,8"}, "attribute", "'kernel_shape' has 1 ", "kernel_shape=[2]"},
    {"AveragePool", {"1,3,8,8"}, "shape", "a window of 9 does not fit", "kernel_shape=9,9"},
    {"GlobalMaxPool", {"1,3"}, "shape", "does not have", NULL},
    {"BatchNormalization", {"1", "1", "1"}, "op-arity", "3 inputs", NULL},
    {"InstanceNormalization", {"1,3,8", "2", "3"}, "shape", "sizes 2 and 3 do not agree", NULL},
    {"LayerNormalization", {"1,3,8", "7"}, "shape", "cannot be broadcast", NULL},
    {"LayerNormalization", {"1,3,8", "8"}, "attribute", "'stash_type' = 7", "stash_type=7"},
    {"LayerNormalization", {"1,3,8", "8"}, "attribute", "axis 3 is outside", "axis=3"},
    {"LRN", {"1,3,8,8"}, "attribute", "'size' is missing", NULL},
    {"LRN", {"1,3,8,8"}, "attribute", "'size' = 0", "size=0"},
    {"Not", {"2"}, "dtype", "f32 is not bool", NULL},
    {"BitShift", {"2", "2"}, "dtype", "f32 is not an unsigned", NULL},
    {"Clip", {"2", "2"}, "shape", "is not a scalar", NULL},
    {"Cast", {"2"}, "attribute", "'to' is missing", NULL},
    {"Cast", {"2"}, "attribute", "'to' is not an integer", "to=1,2"},
    {"Cast", {"2"}, "attribute", "'to' = 8 is not a supported", "to=8"},
    {"Softmax", {"2,3"}, "attribute", "axis -3 is outside the 2 dimensions", "axis=-3"},
    {"Softmax", {"2,3"}, "attribute", "'axis' = 9223372036854775807", "axis=9223372036854775807"},
    {"Softmax", {""}, "shape", "does not have", NULL},
    {"ReduceMax", {"2,3"}, "attribute", "axis 2 is outside", "axes=[2]"},
    {"ReduceMax", {"2,3"}, "attribute", "axis -2 is named twice", "axes=0,-2"},
    {"ReduceMax", {"2,3"}, "attribute", "'axes' has 9 numbers", "axes=0,1,2,3,4,5,6,7,8"},
    {"ReduceMax", {"2,3"}, "attribute", "'keepdims' = 2", "keepdims=2"},
    {"ReduceSum", {"2,3", "1"}, "dtype", "f32 is not an integer type", NULL},
    {"ArgMax", {"2,0"}, "shape", "no elements along axis 1", "axis=1"},
    {"CumSum", {"2,3", "1"}, "dtype", "not an integer type", NULL},
    {"Concat", {"2,3", "2,4"}, "shape", "sizes 3 and 4 do not agree", "axis=0"},
    {"Concat", {"2,3", "2"}, "shape", "does not have 2 dimensions", "axis=0"},
    {"Concat", {"2,3", "2,3"}, "attribute", "'axis' is missing", NULL},
    {"Split", {"3,2"}, "attribute", "axis 5 is outside", "axis=5"},
    {"Transpose", {"2,3"}, "attribute", "'perm' has 3 numbers", "perm=0,1,2"},
    {"Transpose", {"2,3"}, "attribute", "axis 1 is named twice", "perm=1,1"},
    {"Transpose", {"2,3"}, "attribute", "axis 2 is outside", "perm=0,2"},
    {"Transpose", {"2,3"}, "attribute", "'perm' holds -1", "perm=0,-1"},
    {"Flatten", {"2,3"}, "attribute", "'axis' = 3", "axis=3"},
    {"Reshape", {"2,3", "1"}, "dtype", "f32 is not an integer type", NULL},
    {"Gather", {"2,3", "1"}, "dtype", "not a type of indices", NULL},
    {"DepthToSpace", {"1,3,2,2"}, "shape", "size 3 is not a multiple of 4", "blocksize=2"},
    {"DepthToSpace", {"1,4,2"}, "shape", "does not have 4 dimensions", "blocksize=2"},
    {"DepthToSpace", {"1,4,2,2"}, "attribute", "'blocksize' is missing", NULL},
    {"SpaceToDepth", {"1,4,2,3"}, "shape", "size 3 is not a multiple of 2", "blocksize=2"},
    {"SpaceToDepth", {"1,4,2,2"}, "attribute", "'blocksize' = 0", "blocksize=0"},
    {"DepthToSpace", {"1,4,2,2"}, "attribute", "'mode' = 'XYZ'", "mode=XYZ"},
    {"DepthToSpace", {"1,4,2,2"}, "attribute", "'mode' is not text", "mode=1"},
    {"SpaceToDepth", {"1,1099511627776,0,0"}, "shape", "too large", "blocksize=1048576"},
    {"Clip", {"2", "", "2"}, "shape", "input 3: error: f32[2] is not a scalar", NULL},
    {"Pad", {"2", "2", "2"}, "dtype", "not an integer type", NULL},
    {"Trilu", {"3,3", "2"}, "shape", "f32[2] is not a scalar", NULL},
    {"ConvTranspose", {"1,4,8,8", "4,3,3,3"}, "attribute", "'output_padding' is not a list", "output_padding=1"},
    {"MaxPool", {"1,3,8,8"}, "attribute", "'kernel_shape' is not a list", "kernel_shape=2"},
    {"Trilu", {"3"}, "shape", "does not have", NULL},
    {"EyeLike", {"3"}, "shape", "does not have 2 dimensions", NULL},
    {"EyeLike", {"3,3"}, "attribute", "'dtype' = 8", "dtype=8"},
    {"Range", {"", "", ""}, "shape-dynamic", "computed from the data", NULL},
    {"Range", {"", "2", ""}, "shape", "is not a scalar", NULL},
    {"ConstantOfShape", {"2"}, "dtype", "not an integer type", NULL},
};

/* "name=7", "name=[7]", "name=1,2", "name=word" */
static void set_attr(kit *k, const char *text)
{
    char name[64];
    const char *s = strchr(text, '=');
    snprintf(name, sizeof name, "%.*s", (int)(s - text), text);
    bool list = strchr(s, ',') || s[1] == '[';
    if (!list && !strchr("-0123456789", s[1])) {
        xb_graph_set_string(k->g, k->op, name, s + 1);
        return;
    }
    int64_t v[16];
    size_t n = 0;
    for (char *end = (char *)s + (s[1] == '['); n < 16 && (*end == '=' || *end == ',' || *end == '['); n++)
        v[n] = strtoll(end + 1, &end, 10);
    if (list)
        xb_graph_set_ints(k->g, k->op, name, v, n);
    else
        xb_graph_set_int(k->g, k->op, name, v[0]);
}

START_TEST(refused)
{
    const struct bad *b = &bads[_i];
    kit k = kit_new();
    xb_value in[3];
    size_t n = 0;
    for (; n < 3 && b->in[n]; n++) in[n] = input(&k, "x", XB_F32, b->in[n]);
    xb_value y = add_op(&k, b->op, in, n, NULL, 1);
    if (b->attr) set_attr(&k, b->attr);
    infer_to(&k, y);
    const char *said = xb_diags_text(k.d);
    char code[64], op[64];
    snprintf(code, sizeof code, "[%s]", b->code);
    snprintf(op, sizeof op, "net.onnx: node '%s' (%s)", b->op, b->op);
    ck_assert_msg(!k.ok, "%s: %s", b->op, b->words);
    ck_assert_msg(strstr(said, code) && strstr(said, b->words) && strstr(said, op), "%s: %s\nsaid: %s", b->op, b->words,
                  said);
    ck_assert_uint_eq(xb_diags_errors(k.d), 1);
    kit_free(&k);
}
END_TEST

START_TEST(element_types)
{
    static const struct {
        const char *op;
        xb_dtype a, b;
        const char *words;
    } cases[] = {{"Add", XB_F32, XB_F64, "has type f64 where input 1 has f32"},
                 {"Add", XB_BOOLEAN, XB_BOOLEAN, "bool is not a number"},
                 {"Less", XB_BOOLEAN, XB_BOOLEAN, "bool is not a number"},
                 {"Equal", XB_I8, XB_U8, "has type u8"},
                 {"Pow", XB_F32, XB_BOOLEAN, "bool is not a number"},
                 {"And", XB_BOOLEAN, XB_F32, "not bool"},
                 {"Relu", XB_BOOLEAN, XB_NONE, "bool is not a number"},
                 {"Exp", XB_I32, XB_NONE, "i32 is not a floating-point type"},
                 {"IsInf", XB_I32, XB_NONE, "i32 is not a floating"},
                 {"MatMul", XB_F32, XB_F16, "has type f16"},
                 {"ReduceMin", XB_BOOLEAN, XB_NONE, "bool is not a number"},
                 {"Softmax", XB_I64, XB_NONE, "not a floating"},
                 {"Dropout", XB_F32, XB_F32, "f32[3] is not a scalar"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_value in[2] = {input(&k, "x", cases[i].a, "3")};
        if (cases[i].b) in[1] = input(&k, "x", cases[i].b, "3");
        infer_to(&k, add_op(&k, cases[i].op, in, cases[i].b ? 2 : 1, NULL, 1));
        ck_assert_msg(!k.ok && strstr(xb_diags_text(k.d), cases[i].words), "%s: %s", cases[i].op, xb_diags_text(k.d));
        kit_free(&k);
    }
}
END_TEST

/* One operator on f32[dims] with one constant vector. */
static void vector_refused(const char *op, const char *dims, const int64_t *v, size_t n, const char *code,
                           const char *words)
{
    kit k = kit_new();
    xb_value c = vector(&k, v, n);
    bool alone = strcmp(op, "ConstantOfShape") == 0;
    xb_value y = alone ? OP(&k, op, c) : OP(&k, op, input(&k, "x", XB_F32, dims), c);
    infer_to(&k, y);
    const char *said = xb_diags_text(k.d);
    ck_assert_msg(!k.ok && strstr(said, words) && strstr(said, code), "%s %s: %s", op, words, said);
    kit_free(&k);
}

START_TEST(vectors)
{
    vector_refused("Reshape", "2,3", INTS(4, 2), "[shape]", "f32[2,3] cannot be reshaped to f32[4,2]");
    vector_refused("Reshape", "2,3", INTS(4, -1), "[shape]", "does not divide");
    vector_refused("Reshape", "2,3", INTS(-1, -1), "[shape]", "-1 stands at places 0 and 1");
    vector_refused("Reshape", "2,3", INTS(-2, 3), "[shape]", "-2 is not a size");
    vector_refused("Reshape", "2,3", INTS(2, 3, 0), "[shape]", "0 at place 2");
    vector_refused("Reshape", "0,3", INTS(0, -1), "[shape]", "does not divide");
    vector_refused("Reshape", "2,3", INTS(1, 1, 1, 1, 1, 1, 1, 2, 3), "[shape]", "at most 8 numbers");
    vector_refused("Reshape", "2,3", INTS(4294967296, 4294967296, 4294967296), "[shape]", "too large");
    vector_refused("Expand", "2,3", INTS(3, 3), "[shape]", "cannot be broadcast");
    vector_refused("Expand", "2,3", INTS(-1, 3), "[shape]", "would be -1");
    vector_refused("Expand", "1,1", INTS(1099511627776, 1099511627776), "[shape]", "too large");
    vector_refused("Tile", "2,3", INTS(2), "[shape]", "holds 1 numbers");
    vector_refused("Tile", "2,3", INTS(2, -2), "[shape]", "-2 is not a number of copies");
    vector_refused("Tile", "2,3", INTS(2, INT64_MAX), "[shape]", "too large");
    vector_refused("Squeeze", "2,1", INTS(0), "[shape]", "dimension 0 of f32[2,1] is not 1");
    vector_refused("Squeeze", "2,1", INTS(2), "[attribute]", "axis 2 is outside");
    vector_refused("Unsqueeze", "2,1", INTS(3), "[attribute]", "axis 3 is outside");
    vector_refused("Unsqueeze", "2,1", INTS(0, 0), "[attribute]", "axis 0 is named twice");
    vector_refused("Unsqueeze", "1,1,1,1,1,1,1", INTS(0, 1), "[shape]", "9 dimensions, more than 8");
    vector_refused("Pad", "2,3", INTS(1, 1), "[shape]", "holds 2 numbers");
    vector_refused("Pad", "2,3", INTS(0, -2, 0, -2), "[shape]", "would be -1");
    vector_refused("Pad", "2,3", INTS(0, INT64_MAX, 0, 1), "[shape]", "too large");
    vector_refused("ReduceSum", "2,3", INTS(0, 1, 2), "[attribute]", "axis 2 is outside");
    vector_refused("Gather", "2,3", INTS(0, 2), "[shape]", "index 2 is outside 2 elements");
    vector_refused("Gather", "2,3", INTS(-3), "[shape]", "index -3 is outside");
    vector_refused("CumSum", "2,3", INTS(2), "[attribute]", "axis 2 is outside");
    vector_refused("Split", "5", INTS(2, 3), "[shape]", "at most 1 numbers");
    vector_refused("Split", "5", INTS(4), "[shape]", "sizes 5 and 4 do not agree");
    vector_refused("Split", "5", INTS(-5), "[shape]", "would be -5");
    vector_refused("ConstantOfShape", "", INTS(1, -1), "[shape]", "would be -1");
    vector_refused("ConstantOfShape", "", INTS(1099511627776, 2), "[shape]", "too large");
}
END_TEST

START_TEST(slices)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "4,4"), one = VECTOR(&k, 1), two = VECTOR(&k, 1, 2);
    EXPECT_ERROR(&k, OP(&k, "Slice", x, one, two), "shape", "differ in length: 1, 2, 1, 1");
    k = kit_new();
    x = input(&k, "x", XB_F32, "4,4");
    one = VECTOR(&k, 1);
    EXPECT_ERROR(&k, OP(&k, "Slice", x, one, one, one, VECTOR(&k, 0)), "shape", "a step is 0");
    k = kit_new();
    x = input(&k, "x", XB_F32, "4,4");
    one = VECTOR(&k, 1);
    EXPECT_ERROR(&k, OP(&k, "Slice", x, one, one, VECTOR(&k, 2)), "attribute", "axis 2 is outside");
    k = kit_new();
    x = input(&k, "x", XB_F32, "4,N");
    one = VECTOR(&k, 1);
    EXPECT_ERROR(&k, OP(&k, "Slice", x, one, one, one, VECTOR(&k, INT64_MIN)), "shape", "is not a step");
    k = kit_new();
    x = input(&k, "x", XB_F32, "4,N");
    xb_value wide = VECTOR(&k, 0, 0, 0);
    EXPECT_ERROR(&k, OP(&k, "Slice", x, wide, wide), "attribute", "axis 2 is outside");
}
END_TEST

START_TEST(other_operators)
{
    kit k = kit_new();
    xb_value out[3], c = zeros(&k, XB_F32, "3"), x = input(&k, "x", XB_F32, "N,3");
    add_op(&k, "BatchNormalization", (xb_value[]){x, c, c, c, c}, 5, out, 3);
    xb_graph_add_output(k.g, out[1]);
    EXPECT_ERROR(&k, out[0], "attribute", "without training_mode");
    k = kit_new();
    c = zeros(&k, XB_F32, "3");
    x = input(&k, "x", XB_F32, "N,3");
    EXPECT_ERROR(&k, OP(&k, "BatchNormalization", x, c, c, zeros(&k, XB_F32, "4"), c), "shape",
                 "input 4: error: sizes 4 and 3");
    k = kit_new();
    add_op(&k, "Split", (xb_value[]){input(&k, "x", XB_F32, "4")}, 1, out, 3);
    EXPECT_ERROR(&k, out[0], "shape", "size 4 does not split into 3 equal parts");
    k = kit_new();
    x = input(&k, "x", XB_F32, "4,3");
    xb_value g = OP(&k, "GatherElements", x, input(&k, "i", XB_I64, "5,2"));
    xb_graph_set_int(k.g, k.op, "axis", 1);
    EXPECT_ERROR(&k, g, "shape", "i64[5,2] does not fit into f32[4,3]");
}
END_TEST

START_TEST(sums_and_types)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "0,9223372036854775807");
    xb_value y = OP(&k, "Concat", x, x);
    xb_graph_set_int(k.g, k.op, "axis", 1);
    infer_to(&k, y);
    ck_assert(!k.ok); /* the input alone is too large */
    kit_free(&k);
    k = kit_new();
    EXPECT_ERROR(&k, OP(&k, "Pad", input(&k, "x", XB_F32, "2"), VECTOR(&k, 1, 1), zeros(&k, XB_F32, "2")), "shape",
                 "input 3: error: f32[2] is not a scalar");
    k = kit_new();
    y = OP(&k, "ConstantOfShape", VECTOR(&k, 1));
    xb_graph_set_int(k.g, k.op, "dtype", 8);
    EXPECT_ERROR(&k, y, "attribute", "'dtype' = 8 is not a supported");
    k = kit_new();
    xb_value flag = zeros(&k, XB_BOOLEAN, "");
    EXPECT_ERROR(&k, OP(&k, "Range", flag, flag, flag), "dtype", "bool is not a number");
    k = kit_new();
    EXPECT_ERROR(&k, OP(&k, "Reshape", input(&k, "x", XB_F32, "1"), scalar(&k, 1)), "shape", "i64[] is not a vector");
}
END_TEST

START_TEST(pad_modes)
{
    static const struct {
        const char *mode;
        int64_t before;
        const char *dims, *words;
    } cases[] = {{"reflect", 3, "3", "mode reflect cannot add 3 and 0 to 3 elements"},
                 {"edge", 1, "0", "mode edge cannot add"},
                 {"mirror", 1, "3", "'mode' = 'mirror' is unknown"},
                 {"reflect", 2, "3", NULL},
                 {"edge", 9, "3", NULL},
                 {"reflect", -1, "3", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_value y = OP(&k, "Pad", input(&k, "x", XB_F32, cases[i].dims), VECTOR(&k, cases[i].before, 0));
        xb_graph_set_string(k.g, k.op, "mode", cases[i].mode);
        infer_to(&k, y);
        ck_assert_msg(k.ok == !cases[i].words, "%s", xb_diags_text(k.d));
        if (cases[i].words) ck_assert_msg(strstr(xb_diags_text(k.d), cases[i].words), "%s", xb_diags_text(k.d));
        kit_free(&k);
    }
}
END_TEST

START_TEST(shapes_from_data)
{
    static const char *const ops[] = {"Reshape", "Expand", "Tile", "Unsqueeze", "Squeeze", "ReduceSum", "Pad"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        kit k = kit_new();
        xb_value x = input(&k, "x", XB_F32, "2,3"), to = input(&k, "to", XB_I64, "2");
        EXPECT_ERROR(&k, OP(&k, ops[i], x, to), "shape-dynamic", "input 2: error: is computed from the data");
    }
    kit k = kit_new();
    EXPECT_ERROR(&k, OP(&k, "ConstantOfShape", input(&k, "to", XB_I64, "2")), "shape-dynamic", "input 1");
    /* a symbol where a number must stand */
    k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,3"), n = OP(&k, "Slice", OP(&k, "Shape", x), VECTOR(&k, 0), VECTOR(&k, 1));
    EXPECT_ERROR(&k, OP(&k, "ReduceSum", x, n), "shape-dynamic", "the symbolic size 'N'");
    k = kit_new();
    x = input(&k, "x", XB_F32, "N,3");
    n = OP(&k, "Size", x);
    EXPECT_ERROR(&k, OP(&k, "Range", scalar(&k, 0), n, n), "shape-dynamic", "the symbolic size '3*N'");
}
END_TEST

START_TEST(ranges)
{
    static const struct {
        int64_t v[3];
        const char *words;
    } cases[] = {{{0, 5, 0}, "0 is not a step"},
                 {{INT64_MIN, INT64_MAX, 1}, "the range is too large"},
                 {{0, INT64_MAX / 2, 1}, "too large"},
                 {{0, 1, INT64_MIN}, "is not a step"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        const int64_t *v = cases[i].v;
        EXPECT_ERROR(&k, OP(&k, "Range", scalar(&k, v[0]), scalar(&k, v[1]), scalar(&k, v[2])), "shape",
                     cases[i].words);
    }
    kit k = kit_new();
    xb_value zero = zeros(&k, XB_F32, "");
    EXPECT_ERROR(&k, OP(&k, "Range", zero, zero, zero), "shape", "0 is not a step");
    k = kit_new();
    EXPECT_ERROR(&k, OP(&k, "Range", scalar(&k, 0), zeros(&k, XB_F32, ""), scalar(&k, 1)), "dtype", "has type f32");
}
END_TEST

START_TEST(ranks)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "1,1,1,1,1"), i = input(&k, "i", XB_I64, "1,1,1,1,1");
    EXPECT_ERROR(&k, OP(&k, "Gather", x, i), "shape", "would have 9 dimensions, more than 8");
    k = kit_new();
    x = input(&k, "x", XB_F32, "65536,65536");
    xb_value y = OP(&k, "Add", OP(&k, "Unsqueeze", x, VECTOR(&k, 0)), OP(&k, "Unsqueeze", x, VECTOR(&k, 1)));
    EXPECT_ERROR(&k, y, "shape", "too large");
    k = kit_new(); /* H and H-2 differ whatever H is */
    x = input(&k, "x", XB_F32, "N,2,H");
    y = OP(&k, "MaxPool", x);
    xb_graph_set_ints(k.g, k.op, "kernel_shape", INTS(3));
    EXPECT_ERROR(&k, OP(&k, "Add", x, y), "shape", "cannot be broadcast");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, unsupported_operators);
    tcase_add_test(t, independent_faults);
    tcase_add_test(t, arity);
    tcase_add_test(t, graph_inputs);
    tcase_add_loop_test(t, refused, 0, sizeof bads / sizeof *bads);
    tcase_add_test(t, element_types);
    tcase_add_test(t, vectors);
    tcase_add_test(t, slices);
    tcase_add_test(t, other_operators);
    tcase_add_test(t, sums_and_types);
    tcase_add_test(t, pad_modes);
    tcase_add_test(t, shapes_from_data);
    tcase_add_test(t, ranges);
    tcase_add_test(t, ranks);
}

int main(void)
{
    return run_tests("infer_bad", add);
}
