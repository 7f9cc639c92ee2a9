/* Shape arithmetic as exporters write it, and what inference does to the graph. */
#include "infer_kit.h"

/* Shape -> Gather(i) -> Unsqueeze. */
static xb_value size_of(kit *k, xb_value x, int64_t i)
{
    xb_value s = OP(k, "Shape", x), d = OP(k, "Gather", s, scalar(k, i));
    return OP(k, "Unsqueeze", d, VECTOR(k, 0));
}

static xb_value concat(kit *k, xb_value a, xb_value b)
{
    xb_value y = OP(k, "Concat", a, b);
    xb_graph_set_int(k->g, k->op, "axis", 0);
    return y;
}

static void expect_const(kit *k, xb_value v, const int64_t *want, size_t n)
{
    ck_assert(xb_graph_is_const(k->g, v));
    ck_assert_int_eq(xb_type_count(xb_graph_type(k->g, v)), (int64_t)n);
    ck_assert_mem_eq(xb_graph_data(k->g, v), want, n * sizeof *want);
}

static void expect_target(kit *k, xb_op op, const int64_t *want, size_t n)
{
    const xb_value *in;
    ck_assert_uint_eq(xb_graph_op_inputs(k->g, op, &in), 2);
    expect_const(k, in[1], want, n);
}

/* x.view(x.size(0), -1) */
START_TEST(torch_flatten)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "batch,16,5,5");
    xb_value y = OP(&k, "Reshape", x, concat(&k, size_of(&k, x, 0), VECTOR(&k, -1)));
    xb_op reshape = k.op;
    infer_to(&k, y);
    EXPECT_TYPE(&k, y, "f32[batch,400]");
    expect_target(&k, reshape, INTS(0, -1));
    ck_assert_uint_eq(xb_graph_op_count(k.g), 1); /* the arithmetic is gone */
    ck_assert_int_eq(xb_graph_batch_symbol(k.g), xb_graph_symbol_id(k.g, "batch"));
    uint64_t version = xb_graph_version(k.g);
    ck_assert(infer(&k));
    ck_assert_uint_eq(xb_graph_version(k.g), version); /* nothing left to do */
    kit_free(&k);
}
END_TEST

/* x.view(x.size(0) * 2, c // 2, h, w) and back: the batch moves and returns. */
START_TEST(batch_times_two)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "batch,16,5"), n = size_of(&k, x, 0);
    xb_value twice = OP(&k, "Mul", n, scalar(&k, 2)), to = concat(&k, concat(&k, twice, VECTOR(&k, 8)), VECTOR(&k, 5));
    xb_value y = OP(&k, "Reshape", x, to);
    xb_op there = k.op;
    xb_value half = OP(&k, "Div", size_of(&k, y, 0), VECTOR(&k, 2));
    xb_value z = OP(&k, "Reshape", y, concat(&k, half, VECTOR(&k, 80)));
    xb_op back = k.op;
    infer_to(&k, z);
    EXPECT_TYPE(&k, y, "f32[2*batch,8,5]");
    EXPECT_TYPE(&k, z, "f32[batch,80]");
    expect_target(&k, there, INTS(-1, 8, 5));
    expect_target(&k, back, INTS(-1, 80));
    ck_assert_uint_eq(xb_graph_op_count(k.g), 2);
    ck_assert_int_eq(xb_graph_batch_symbol(k.g), 0);
    ck_assert(xb_graph_bind(k.d, k.g, xb_graph_symbol_id(k.g, "batch"), 3));
    EXPECT_TYPE(&k, y, "f32[6,8,5]");
    EXPECT_TYPE(&k, z, "f32[3,80]");
    kit_free(&k);
}
END_TEST

/* x.view(b, g, c // g, h, w).transpose(1, 2).view(b, c, h, w), sizes taken at run time. */
START_TEST(channel_shuffle)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "batch,8,H,W");
    xb_value c = OP(&k, "Div", size_of(&k, x, 1), scalar(&k, 2));
    xb_value to = concat(&k, size_of(&k, x, 0), concat(&k, VECTOR(&k, 2), c));
    to = concat(&k, to, concat(&k, size_of(&k, x, 2), size_of(&k, x, 3)));
    xb_value y = OP(&k, "Reshape", x, to), t = OP(&k, "Transpose", y);
    xb_graph_set_ints(k.g, k.op, "perm", INTS(0, 2, 1, 3, 4));
    to = concat(&k, size_of(&k, x, 0), concat(&k, VECTOR(&k, -1), size_of(&k, x, 2)));
    xb_value z = OP(&k, "Reshape", t, concat(&k, to, size_of(&k, x, 3)));
    infer_to(&k, z);
    EXPECT_TYPE(&k, t, "f32[batch,4,2,H,W]");
    EXPECT_TYPE(&k, z, "f32[batch,8,H,W]");
    kit_free(&k);
}
END_TEST

/* tensor.expand(b, -1, -1) as exported: ones of the rank, times -1, Equal, Where, Expand. */
START_TEST(torch_expand)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "batch,7,4"), token = zeros(&k, XB_F32, "1,1,4");
    xb_value to = concat(&k, size_of(&k, x, 0), VECTOR(&k, -1, -1));
    xb_value ones = OP(&k, "ConstantOfShape", OP(&k, "Shape", to));
    xb_graph_set_int(k.g, k.op, "value", 1);
    xb_value minus = OP(&k, "Mul", ones, scalar(&k, -1)), same = OP(&k, "Equal", to, minus);
    xb_value y = OP(&k, "Expand", token, OP(&k, "Where", same, ones, to));
    xb_value z = OP(&k, "Concat", y, x);
    xb_graph_set_int(k.g, k.op, "axis", 1);
    infer_to(&k, z);
    EXPECT_TYPE(&k, y, "f32[batch,1,4]");
    EXPECT_TYPE(&k, z, "f32[batch,8,4]");
    ck_assert_int_eq(xb_graph_batch_symbol(k.g), xb_graph_symbol_id(k.g, "batch"));
    xb_graph *c = xb_graph_clone(k.g);
    ck_assert(xb_graph_bind(k.d, c, xb_graph_symbol_id(c, "batch"), 5));
    ck_assert_uint_eq(xb_graph_op_count(c), 2); /* the target is a constant now */
    ck_assert_int_eq(xb_graph_type(c, z)->dim[0], 5);
    xb_graph_free(c);
    kit_free(&k);
}
END_TEST

START_TEST(arithmetic_of_constants)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "6,4,9"), s = OP(&k, "Shape", x);
    xb_value last = OP(&k, "Slice", s, VECTOR(&k, -1), VECTOR(&k, INT64_MIN), VECTOR(&k, 0), VECTOR(&k, -1));
    xb_value prod = OP(&k, "ReduceProd", s), sum = OP(&k, "Sub", OP(&k, "Add", s, scalar(&k, 10)), scalar(&k, 1));
    xb_value low = OP(&k, "Min", s, scalar(&k, 5)), high = OP(&k, "Max", s, scalar(&k, 5)),
             mod = OP(&k, "Mod", s, scalar(&k, 5));
    xb_value narrow = OP(&k, "Cast", OP(&k, "Neg", s));
    xb_graph_set_int(k.g, k.op, "to", 6);
    xb_value flat = OP(&k, "Squeeze", OP(&k, "Reshape", s, VECTOR(&k, 1, 3)), VECTOR(&k, 0));
    xb_value middle = OP(&k, "Shape", x);
    xb_graph_set_int(k.g, k.op, "start", -2);
    xb_graph_set_int(k.g, k.op, "end", -1);
    xb_value all[] = {last, prod, sum, low, high, mod, narrow, flat, middle, OP(&k, "Size", x)};
    xb_graph_set_outputs(k.g, all, sizeof all / sizeof *all);
    ck_assert_msg(infer(&k), "%s", xb_diags_text(k.d));
    expect_const(&k, all[0], INTS(9, 4, 6));
    expect_const(&k, all[1], INTS(216));
    expect_const(&k, all[2], INTS(15, 13, 18));
    expect_const(&k, all[3], INTS(5, 4, 5));
    expect_const(&k, all[4], INTS(6, 5, 9));
    expect_const(&k, all[5], INTS(1, 4, 4));
    EXPECT_TYPE(&k, all[6], "i32[3]");
    ck_assert_mem_eq(xb_graph_data(k.g, all[6]), ((const int32_t[]){-6, -4, -9}), 12);
    expect_const(&k, all[7], INTS(6, 4, 9));
    expect_const(&k, all[8], INTS(4));
    expect_const(&k, all[9], INTS(216));
    ck_assert_uint_eq(xb_graph_op_count(k.g), 0);
    kit_free(&k);
}
END_TEST

/* A value that does not fit the type wraps at run time: it is not taken for a known size. */
START_TEST(narrow_types_are_left)
{
    kit k = kit_new();
    xb_value y = OP(&k, "Cast", VECTOR(&k, 300));
    xb_graph_set_int(k.g, k.op, "to", 3);
    infer_to(&k, y);
    EXPECT_TYPE(&k, y, "i8[1]");
    ck_assert(!xb_graph_is_const(k.g, y));
    kit_free(&k);
}
END_TEST

START_TEST(expressions)
{
    static const struct {
        const char *op[2];
        int64_t by[2];
        const char *want; /* of a Range up to it */
    } cases[] = {{{"Mul", "Div"}, {6, 6}, "N"},
                 {{"Mul", "Div"}, {6, 4}, "N+floor(N/2)"},
                 {{"Add", "Sub"}, {5, 5}, "N"},
                 {{"Sub", "Div"}, {1, 2}, "floor((N+1)/2)-1"},
                 {{"Mul", "Div"}, {12, 8}, "N+floor(N/2)"},
                 {{"Div", "Mul"}, {2, 2}, "2*floor(N/2)"},
                 {{"Mul", "Add"}, {3, 7}, "3*N+7"},
                 {{"Min", "Max"}, {1, 1}, "1"},
                 {{"Max", "Min"}, {1, 4}, "min(N,4)"},
                 {{"Mod", "Add"}, {4, 0}, "mod(N,4)"},
                 {{"Mul", "Sub"}, {-1, 0}, "-N"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_value n = OP(&k, "Gather", OP(&k, "Shape", input(&k, "x", XB_F32, "N,2")), scalar(&k, 0));
        for (int j = 0; j < 2; j++) n = OP(&k, cases[i].op[j], n, scalar(&k, cases[i].by[j]));
        char want[64];
        snprintf(want, sizeof want, "i64[%s]", cases[i].want);
        EXPECT_RESULT(&k, OP(&k, "Range", scalar(&k, 0), n, scalar(&k, 1)), want);
    }
}
END_TEST

/* Names that would double with every op are cut off. */
START_TEST(expressions_stay_short)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,M"), s = OP(&k, "Shape", x);
    xb_value a = OP(&k, "Gather", s, scalar(&k, 0)), b = OP(&k, "Gather", s, scalar(&k, 1));
    for (int i = 0; i < 60; i++) {
        xb_value c = OP(&k, i % 3 ? "Mul" : i % 2 ? "Max" : "Div", a, b);
        b = OP(&k, "Add", a, b);
        a = c;
    }
    xb_value y = OP(&k, "Range", scalar(&k, 0), a, scalar(&k, 1));
    ck_assert_msg(infer_to(&k, y), "%s", xb_diags_text(k.d));
    int64_t dim = xb_graph_type(k.g, y)->dim[0];
    ck_assert_int_lt(dim, 0);
    ck_assert_uint_lt(strlen(xb_graph_symbol(k.g, dim)), 300);
    ck_assert(infer(&k));
    ck_assert_int_eq(xb_graph_type(k.g, y)->dim[0], dim); /* the same symbol again */
    kit_free(&k);
}
END_TEST

START_TEST(symbols_are_united)
{
    kit k = kit_new();
    xb_value a = input(&k, "a", XB_F32, "N,4"), b = input(&k, "b", XB_F32, "M,4");
    xb_value early = OP(&k, "Relu", b), y = OP(&k, "Mul", OP(&k, "Add", a, b), early);
    infer_to(&k, y);
    EXPECT_TYPE(&k, y, "f32[N,4]");
    EXPECT_TYPE(&k, early, "f32[N,4]");
    EXPECT_TYPE(&k, b, "f32[N,4]");
    ck_assert_int_eq(xb_graph_batch_symbol(k.g), xb_graph_symbol_id(k.g, "N"));
    kit_free(&k);
}
END_TEST

static bool fold_once(xb_graph *g, xb_op op)
{
    const xb_value *out;
    if (xb_graph_op_outputs(g, op, &out) != 1) return false;
    xb_type t = *xb_graph_type(g, out[0]);
    xb_graph_make_const(g, out[0], &t, NULL);
    return true;
}

START_TEST(constants_are_offered)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,4"), w = OP(&k, "Transpose", zeros(&k, XB_F32, "5,4"));
    xb_value y = OP(&k, "MatMul", x, OP(&k, "Relu", w));
    xb_graph_add_output(k.g, y);
    k.ok = xb_graph_infer(k.d, k.g, fold_once);
    EXPECT_TYPE(&k, y, "f32[N,5]");
    ck_assert_uint_eq(xb_graph_op_count(k.g), 1);
    kit_free(&k);
}
END_TEST

START_TEST(binding_reaches_every_input)
{
    kit k = kit_new();
    xb_value a = input(&k, "a", XB_F32, "N,4"), b = input(&k, "b", XB_F32, "4,N"), y = OP(&k, "MatMul", a, b);
    infer_to(&k, y);
    EXPECT_TYPE(&k, y, "f32[N,N]");
    ck_assert(xb_graph_bind(k.d, k.g, xb_graph_symbol_id(k.g, "N"), 0));
    EXPECT_TYPE(&k, y, "f32[0,0]");
    ck_assert(!xb_graph_bind(k.d, k.g, -1, -1));
    kit_free(&k);
    /* a model that works at one size only says so */
    k = kit_new();
    y = OP(&k, "Reshape", input(&k, "x", XB_F32, "N,16"), VECTOR(&k, 1, 16));
    infer_to(&k, y);
    EXPECT_TYPE(&k, y, "f32[1,16]");
    xb_graph *c = xb_graph_clone(k.g);
    ck_assert(xb_graph_bind(k.d, c, xb_graph_symbol_id(c, "N"), 1));
    ck_assert(!xb_graph_bind(k.d, k.g, xb_graph_symbol_id(k.g, "N"), 2));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(k.d), "f32[2,16] cannot be reshaped to f32[1,16]"));
    xb_graph_free(c);
    kit_free(&k);
}
END_TEST

/* Comparisons that hold for every size are decided; a choice hangs on them. */
START_TEST(decisions)
{
    static const struct {
        const char *op;
        int64_t than;
        int want; /* -1: it depends on N */
    } cases[] = {{"Greater", 0, 1}, {"GreaterOrEqual", 0, 1},  {"Less", 0, 0},   {"LessOrEqual", -1, 0},
                 {"Equal", -1, 0},  {"GreaterOrEqual", 2, -1}, {"Equal", 5, -1}, {"Less", 100, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_value x = input(&k, "x", XB_F32, "N,2"), n = OP(&k, "Gather", OP(&k, "Shape", x), scalar(&k, 0));
        xb_value is = OP(&k, cases[i].op, n, scalar(&k, cases[i].than));
        xb_value y = OP(&k, "Where", OP(&k, "Not", is), scalar(&k, 7), scalar(&k, 9));
        infer_to(&k, y);
        ck_assert_msg(k.ok, "%s", xb_diags_text(k.d));
        ck_assert_int_eq(xb_graph_is_const(k.g, y), cases[i].want >= 0);
        if (cases[i].want >= 0) expect_const(&k, y, INTS(cases[i].want ? 9 : 7));
        kit_free(&k);
    }
}
END_TEST

START_TEST(logic_and_reductions)
{
    kit k = kit_new();
    xb_value s = OP(&k, "Shape", input(&k, "x", XB_F32, "6,4,9")), six = OP(&k, "Equal", s, scalar(&k, 6));
    xb_value nine = OP(&k, "Equal", s, scalar(&k, 9)), both = OP(&k, "And", six, nine), any = OP(&k, "Or", six, nine);
    xb_value as_bool = OP(&k, "Cast", OP(&k, "Sub", s, scalar(&k, 4)));
    xb_graph_set_int(k.g, k.op, "to", 9);
    xb_value all[] = {both,
                      any,
                      as_bool,
                      OP(&k, "ReduceSum", s),
                      OP(&k, "ReduceMin", s),
                      OP(&k, "ReduceMax", s),
                      OP(&k, "Expand", OP(&k, "Size", s), VECTOR(&k, 2))};
    xb_graph_set_outputs(k.g, all, sizeof all / sizeof *all);
    ck_assert_msg(infer(&k), "%s", xb_diags_text(k.d));
    for (size_t i = 0; i < 3; i++) ck_assert(xb_graph_is_const(k.g, all[i]));
    ck_assert_mem_eq(xb_graph_data(k.g, all[0]), "\0\0\0", 3);
    ck_assert_mem_eq(xb_graph_data(k.g, all[1]), "\1\0\1", 3);
    ck_assert_mem_eq(xb_graph_data(k.g, all[2]), "\1\0\1", 3);
    expect_const(&k, all[3], INTS(19));
    expect_const(&k, all[4], INTS(4));
    expect_const(&k, all[5], INTS(9));
    expect_const(&k, all[6], INTS(3, 3));
    kit_free(&k);
}
END_TEST

/* Whether a symbol of the graph is true depends on it when it may be 0. */
START_TEST(truth_of_symbols)
{
    for (int i = 0; i < 2; i++) {
        kit k = kit_new();
        xb_value n = OP(&k, "Size", input(&k, "x", XB_F32, "N"));
        if (i) n = OP(&k, "Sub", n, scalar(&k, 1));
        xb_value y = OP(&k, "Cast", n);
        xb_graph_set_int(k.g, k.op, "to", 9);
        infer_to(&k, y);
        EXPECT_TYPE(&k, y, "bool[]");
        ck_assert_int_eq(xb_graph_is_const(k.g, y), !i);
        kit_free(&k);
    }
}
END_TEST

/* Constants of every integer type are read as written. */
START_TEST(integer_types)
{
    static const struct {
        xb_dtype t;
        int64_t lowest;
    } types[] = {{XB_I8, -128}, {XB_I16, -32768}, {XB_I32, INT32_MIN},  {XB_I64, INT64_MIN + 1},
                 {XB_U8, 255},  {XB_U16, 65535},  {XB_U32, UINT32_MAX}, {XB_U64, INT64_MAX}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        kit k = kit_new();
        xb_type t = {.dtype = types[i].t};
        int64_t v = types[i].lowest; /* little-endian: the low bytes come first */
        xb_value y = OP(&k, "Cast", xb_graph_add_const(k.g, "", &t, &v));
        xb_graph_set_int(k.g, k.op, "to", 7);
        infer_to(&k, y);
        expect_const(&k, y, &v, 1);
        kit_free(&k);
    }
}
END_TEST

START_TEST(expand_takes_a_runtime_size)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,3"), y = OP(&k, "Expand", x, OP(&k, "Shape", OP(&k, "Relu", x)));
    xb_op expand = k.op;
    infer_to(&k, y);
    EXPECT_TYPE(&k, y, "f32[N,3]");
    expect_target(&k, expand, INTS(1, 1));
    ck_assert_uint_eq(xb_graph_op_count(k.g), 1);
    kit_free(&k);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, torch_flatten);
    tcase_add_test(t, batch_times_two);
    tcase_add_test(t, channel_shuffle);
    tcase_add_test(t, torch_expand);
    tcase_add_test(t, arithmetic_of_constants);
    tcase_add_test(t, narrow_types_are_left);
    tcase_add_test(t, expressions);
    tcase_add_test(t, expressions_stay_short);
    tcase_add_test(t, symbols_are_united);
    tcase_add_test(t, constants_are_offered);
    tcase_add_test(t, decisions);
    tcase_add_test(t, logic_and_reductions);
    tcase_add_test(t, truth_of_symbols);
    tcase_add_test(t, integer_types);
    tcase_add_test(t, expand_takes_a_runtime_size);
    tcase_add_test(t, binding_reaches_every_input);
}

int main(void)
{
    return run_tests("infer_shape", add);
}
