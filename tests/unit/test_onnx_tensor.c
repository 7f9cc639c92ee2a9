/* Every layout of TensorProto, as an initialiser and as a .pb file; external files and where they may lie. */
#include "base/file.h"
#include "onnx_model.h"

/* ---- .pb files ---- */

static void save(const char *name, xb_buf *tensor)
{
    write_bytes(name, tensor->data ? tensor->data : "", tensor->len);
    xb_buf_free(tensor);
}

static void expect_tensor(xb_buf *pb, xb_dtype type, const double *want, size_t n)
{
    xb_tensor t;
    save("t.pb", pb);
    ck_assert_msg(xb_tensor_read_pb(diags, in_dir("t.pb"), &t), "%s", xb_diags_text(diags));
    ck_assert_int_eq(t.type.dtype, type);
    ck_assert_int_eq(xb_type_count(&t.type), (int64_t)n);
    for (size_t i = 0; i < n; i++) ck_assert_double_eq(xb_tensor_get(&t, i), want[i]);
    xb_tensor_free(&t);
}
#define EXPECT(pb, type, ...)                                                                                          \
    expect_tensor(pb, type, (double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))

static void refuse_tensor(xb_buf *pb, const char *code, const char *word)
{
    xb_tensor t;
    char in_brackets[40];
    snprintf(in_brackets, sizeof in_brackets, "[%s]", code);
    xb_diags_free(diags);
    diags = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    save("t.pb", pb);
    ck_assert_msg(!xb_tensor_read_pb(diags, in_dir("t.pb"), &t), "was accepted, but should be %s", word);
    ck_assert_ptr_null(t.data);
    ck_assert_msg(strstr(xb_diags_text(diags), in_brackets) && strstr(xb_diags_text(diags), word),
                  "expected '%s' and [%s] in: %s", word, code, xb_diags_text(diags));
}

START_TEST(raw)
{
    xb_buf t = tensor_raw("t", 1, "2", (float[]){1.5f, -2}, 8);
    EXPECT(&t, XB_F32, 1.5, -2);
    t = tensor_raw("t", 11, "2", (double[]){1.25, -2}, 16);
    EXPECT(&t, XB_F64, 1.25, -2);
    t = tensor_raw("t", 2, "3", "\x01\x80\xff", 3);
    EXPECT(&t, XB_U8, 1, 128, 255);
    t = tensor_raw("t", 3, "3", "\x01\x80\xff", 3);
    EXPECT(&t, XB_I8, 1, -128, -1);
    t = tensor_raw("t", 9, "3", "\x01\x00\xff", 3);
    EXPECT(&t, XB_BOOLEAN, 1, 0, 1);
    t = tensor_raw("t", 4, "1", "\x01\x80", 2);
    EXPECT(&t, XB_U16, 32769);
    t = tensor_raw("t", 5, "1", "\x01\x80", 2);
    EXPECT(&t, XB_I16, -32767);
    t = tensor_raw("t", 10, "2", "\x00\x3c\x00\xc0", 4);
    EXPECT(&t, XB_F16, 1, -2);
    t = tensor_raw("t", 16, "2", "\x80\x3f\x00\xc0", 4);
    EXPECT(&t, XB_BF16, 1, -2);
    t = tensor_raw("t", 6, "2", (int32_t[]){7, -8}, 8);
    EXPECT(&t, XB_I32, 7, -8);
    t = tensor_raw("t", 7, "", (int64_t[]){-9}, 8);
    EXPECT(&t, XB_I64, -9);
    t = tensor_raw("t", 12, "1", (uint32_t[]){4000000000u}, 4);
    EXPECT(&t, XB_U32, 4e9);
    t = tensor_raw("t", 13, "1", (uint64_t[]){1ull << 63}, 8);
    EXPECT(&t, XB_U64, 9223372036854775808.0);
}
END_TEST

/* Typed fields one element each (old writers) and packed, and both in one tensor. */
static const struct {
    int data_type;
    xb_dtype type;
    uint32_t field;
} integers[] = {{2, XB_U8, 5},      {3, XB_I8, 5},  {4, XB_U16, 5},   {5, XB_I16, 5},  {6, XB_I32, 5},
                {9, XB_BOOLEAN, 5}, {7, XB_I64, 7}, {12, XB_U32, 11}, {13, XB_U64, 11}};

START_TEST(integer_fields)
{
    uint32_t field = integers[_i].field;
    xb_dtype type = integers[_i].type;
    xb_buf t = tensor_of("t", integers[_i].data_type, "3");
    put_int(&t, field, 1);
    put_int(&t, field, 0);
    put_int(&t, field, 1);
    EXPECT(&t, type, 1, 0, 1);
    t = tensor_of("t", integers[_i].data_type, "3");
    put_bytes(&t, field, "\1\0\1", 3);
    EXPECT(&t, type, 1, 0, 1);
    t = tensor_of("t", integers[_i].data_type, "3");
    put_int(&t, field, 1);
    put_bytes(&t, field, "\0\1", 2);
    EXPECT(&t, type, 1, 0, 1);
    t = tensor_of("t", integers[_i].data_type, "3");
    put_bytes(&t, field, "\0\1", 2);
    refuse_tensor(&t, "onnx-format", "fewer elements");
    t = tensor_of("t", integers[_i].data_type, "1");
    put_bytes(&t, field, "\0\1", 2);
    refuse_tensor(&t, "onnx-format", "more elements");
    t = tensor_of("t", integers[_i].data_type, "2");
    put_bytes(&t, field, "\1\x80", 2);
    refuse_tensor(&t, "onnx-format", "malformed");
}
END_TEST

START_TEST(integer_ranges)
{
    xb_buf t = tensor_of("t", 3, "2");
    put_int(&t, 5, -128);
    put_int(&t, 5, 127);
    EXPECT(&t, XB_I8, -128, 127);
    static const struct {
        int data_type;
        int64_t v;
    } outside[] = {{3, 128}, {3, -129}, {2, 256}, {2, -1}, {5, 32768}, {4, 65536}, {6, 1ll << 31}, {12, 1ll << 32}};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        t = tensor_of("t", outside[i].data_type, "1");
        put_int(&t, outside[i].data_type == 12 ? 11 : 5, outside[i].v);
        refuse_tensor(&t, "onnx-format", "range");
    }
    t = tensor_of("t", 10, "2"); /* half floats as their bits */
    put_int(&t, 5, 0x3c00);
    put_int(&t, 5, 0xc000);
    EXPECT(&t, XB_F16, 1, -2);
    t = tensor_of("t", 16, "1");
    put_int(&t, 5, 0x3f80);
    EXPECT(&t, XB_BF16, 1);
    t = tensor_of("t", 7, "1");
    put_int(&t, 7, INT64_MIN);
    EXPECT(&t, XB_I64, -9223372036854775808.0);
}
END_TEST

START_TEST(float_fields)
{
    xb_buf t = tensor_of("t", 1, "1,2");
    put_float(&t, 4, 1.5f);
    put_float(&t, 4, -3);
    EXPECT(&t, XB_F32, 1.5, -3);
    t = tensor_of("t", 1, "1,2");
    put_bytes(&t, 4, (float[]){1.5f, -3}, 8);
    EXPECT(&t, XB_F32, 1.5, -3);
    t = tensor_of("t", 1, "3");
    put_bytes(&t, 4, (float[]){1.5f, -3}, 8);
    put_float(&t, 4, 9);
    EXPECT(&t, XB_F32, 1.5, -3, 9);
    t = tensor_of("t", 11, "2");
    put_bytes(&t, 10, (double[]){0.1, 2}, 16);
    EXPECT(&t, XB_F64, 0.1, 2);
    t = tensor_of("t", 1, "2");
    put_bytes(&t, 4, "\0\0\0\0\0\0", 6);
    refuse_tensor(&t, "onnx-format", "cut off");
    t = tensor_of("t", 1, "2");
    put_int(&t, 4, 1);
    put_int(&t, 4, 1);
    refuse_tensor(&t, "onnx-format", "wire type");
    t = tensor_of("t", 1, "2");
    put_bytes(&t, 4, (float[]){1, 2, 3}, 12);
    refuse_tensor(&t, "onnx-format", "more elements");
    t = tensor_of("t", 1, "1000");
    put_bytes(&t, 4, (float[]){1, 2, 3}, 12);
    refuse_tensor(&t, "onnx-format", "fewer elements");
}
END_TEST

START_TEST(empty_ones)
{
    xb_buf t = tensor_of("t", 1, "2,0");
    expect_tensor(&t, XB_F32, NULL, 0);
    t = tensor_raw("t", 1, "0", "", 0);
    expect_tensor(&t, XB_F32, NULL, 0);
}
END_TEST

START_TEST(wrong_tensors)
{
    xb_buf t = tensor_raw("bad", 1, "3", (float[]){1, 2}, 8);
    refuse_tensor(&t, "onnx-format", "'bad' has 8 bytes of data; its shape needs 12");
    t = tensor_raw("t", 8, "1", "a", 1);
    refuse_tensor(&t, "onnx-type", "string");
    t = tensor_raw("t", 14, "1", "12345678", 8);
    refuse_tensor(&t, "onnx-type", "complex64");
    t = tensor_raw("t", 999999, "1", "1234", 4);
    refuse_tensor(&t, "onnx-type", "unknown");
    t = tensor_raw("t", 1, "-1", "1234", 4);
    refuse_tensor(&t, "onnx-format", "dimension of -1");
    t = tensor_raw("t", 1, "9223372036854775807", "1234", 4);
    refuse_tensor(&t, "onnx-limit", "address space");
    t = tensor_raw("t", 1, "4294967296,4294967296,4294967296", "1234", 4);
    refuse_tensor(&t, "onnx-limit", "address space");
    t = tensor_raw("t", 1, "1,1,1,1,1,1,1,1,1", "1234", 4);
    refuse_tensor(&t, "onnx-limit", "9 dimensions");
    t = tensor_of("t", 1, "1099511627776"); /* 4 TiB of nothing */
    refuse_tensor(&t, "onnx-format", "fewer elements");
    t = tensor_raw("t", 1, "1", "1234", 4);
    put_bytes(&t, 9, "1234", 4);
    refuse_tensor(&t, "onnx-format", "second field 'raw_data'");
    t = tensor_raw("t", 1, "1", "1234", 4);
    put_float(&t, 4, 1);
    refuse_tensor(&t, "onnx-format", "more than one field");
    t = tensor_raw("t", 1, "1", "1234", 4);
    put_bytes(&t, 3, "", 0);
    refuse_tensor(&t, "onnx-type", "segmented");
    t = tensor_of("t", 1, "1");
    put_int(&t, 9, 4);
    refuse_tensor(&t, "onnx-format", "wire type");
}
END_TEST

/* ---- in a model: what is large stays in the file ---- */

static xb_graph *graph_with(xb_buf *tensor, int64_t rows)
{
    char dims[40];
    snprintf(dims, sizeof dims, "%lld", (long long)rows);
    model m = {.opset = 13};
    add_tensor(&m, tensor);
    add_input(&m, "x", 1, dims);
    add_node(&m, "Mul", "mul", "x,w", "y", NULL);
    add_output(&m, "y", 1, dims);
    return read_model(&m);
}

static void expect_ramp(xb_graph *g, bool view, size_t n)
{
    ck_assert_msg(g != NULL, "%s", xb_diags_text(diags));
    xb_value w = input_of(g, xb_graph_first(g), 1);
    ck_assert_int_eq(xb_graph_is_mapped(g, w), view);
    const float *v = xb_graph_data(g, w);
    for (size_t i = 0; i < n; i++) ck_assert_float_eq(v[i], (float)i);
    xb_graph_free(g);
}

START_TEST(views)
{
    float ramp[600];
    for (int i = 0; i < 600; i++) ramp[i] = (float)i;
    xb_buf t = tensor_raw("w", 1, "600", ramp, sizeof ramp);
    expect_ramp(graph_with(&t, 600), true, 600);
    t = tensor_raw("w", 1, "4", ramp, 16);
    expect_ramp(graph_with(&t, 4), false, 4);
    t = tensor_of("w", 1, "600");
    put_bytes(&t, 4, ramp, sizeof ramp);
    expect_ramp(graph_with(&t, 600), true, 600);
    t = tensor_of("w", 1, "600"); /* in two runs: has to be put together */
    put_bytes(&t, 4, ramp, 400);
    put_bytes(&t, 4, ramp + 100, sizeof ramp - 400);
    expect_ramp(graph_with(&t, 600), false, 600);
    t = tensor_of("w", 1, "600");
    for (int i = 0; i < 600; i++) put_float(&t, 4, ramp[i]);
    expect_ramp(graph_with(&t, 600), false, 600);
}
END_TEST

/* ---- external files ---- */

static void put_entry(xb_buf *t, const char *key, const char *value)
{
    xb_buf e = {0};
    put_text(&e, 1, key);
    put_text(&e, 2, value);
    put_message(t, 13, &e);
}

static xb_buf external(const char *location, const char *offset, const char *length)
{
    xb_buf t = tensor_of("w", 1, "600");
    put_int(&t, 14, 1);
    if (location) put_entry(&t, "location", location);
    if (offset) put_entry(&t, "offset", offset);
    if (length) put_entry(&t, "length", length);
    return t;
}

static void write_ramp(const char *name)
{
    float ramp[700];
    for (int i = 0; i < 700; i++) ramp[i] = (float)i - 100;
    write_bytes(name, ramp, sizeof ramp);
}

START_TEST(external_file)
{
    write_ramp("w.bin");
    xb_buf t = external("w.bin", "400", "2400");
    expect_ramp(graph_with(&t, 600), true, 600);
    t = external("w.bin", "400", NULL);
    expect_ramp(graph_with(&t, 600), true, 600);
    ck_assert_int_eq(mkdir(in_dir("weights"), 0700), 0);
    write_ramp("weights/w.bin");
    t = external("weights/w.bin", "400", "2400");
    expect_ramp(graph_with(&t, 600), true, 600);
    ck_assert_int_eq(symlink("weights/w.bin", in_dir("inside")), 0);
    t = external("inside", "400", "2400");
    expect_ramp(graph_with(&t, 600), true, 600);
}
END_TEST

static void refuse_external(xb_buf t, const char *code, const char *word)
{
    xb_graph *g = graph_with(&t, 600);
    ck_assert_msg(g == NULL, "was accepted, but should be %s", word);
    ck_assert_msg(strstr(xb_diags_text(diags), word) && strstr(xb_diags_text(diags), code), "expected '%s' in: %s",
                  word, xb_diags_text(diags));
}

START_TEST(external_refused)
{
    char outside[] = "/tmp/xbarc-outside-XXXXXX", up[100], link[100];
    int fd = mkstemp(outside);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, 4096), 0);
    close(fd);
    write_ramp("w.bin");
    snprintf(up, sizeof up, "../%s", outside + 5);
    refuse_external(external(up, NULL, NULL), "onnx-external", "outside of the model's folder");
    refuse_external(external(outside, NULL, NULL), "onnx-external", "outside of the model's folder");
    refuse_external(external("a/../../x", NULL, NULL), "onnx-external", "outside of the model's folder");
    snprintf(link, sizeof link, "%s", in_dir("link"));
    ck_assert_int_eq(symlink(outside, link), 0);
    refuse_external(external("link", NULL, NULL), "onnx-external", "cannot be opened");
    ck_assert_int_eq(symlink("/tmp", in_dir("folder")), 0);
    snprintf(up, sizeof up, "folder/%s", outside + 5);
    refuse_external(external(up, NULL, NULL), "onnx-external", "cannot be opened");
    refuse_external(external("absent", NULL, NULL), "onnx-external", "cannot be opened");
    ck_assert_int_eq(mkdir(in_dir("sub"), 0700), 0);
    refuse_external(external("sub", NULL, NULL), "onnx-external", "plain file");
    unlink(outside);
}
END_TEST

START_TEST(external_numbers)
{
    write_ramp("w.bin");
    write_bytes("empty", "", 0);
    refuse_external(external("w.bin", "404", NULL), "onnx-external", "too short");
    refuse_external(external("w.bin", "9223372036854775807", NULL), "onnx-external", "too short");
    refuse_external(external("empty", NULL, NULL), "onnx-external", "too short");
    refuse_external(external("w.bin", "0", "2396"), "onnx-external", "length");
    refuse_external(external("w.bin", "-4", NULL), "onnx-external", "wrong offset");
    refuse_external(external("w.bin", "4x", NULL), "onnx-external", "wrong offset");
    refuse_external(external("w.bin", NULL, "-1"), "onnx-external", "length");
    refuse_external(external(NULL, NULL, NULL), "onnx-external", "no location");
    refuse_external(external("", NULL, NULL), "onnx-external", "no location");
    xb_buf both = external("w.bin", NULL, NULL);
    put_bytes(&both, 9, "1234", 4);
    refuse_external(both, "onnx-format", "both");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("tensor");
    tcase_set_timeout(tc, 0);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, raw);
    tcase_add_loop_test(tc, integer_fields, 0, sizeof integers / sizeof *integers);
    tcase_add_test(tc, integer_ranges);
    tcase_add_test(tc, float_fields);
    tcase_add_test(tc, empty_ones);
    tcase_add_test(tc, wrong_tensors);
    tcase_add_test(tc, views);
    tcase_add_test(tc, external_file);
    tcase_add_test(tc, external_refused);
    tcase_add_test(tc, external_numbers);
    return run_tests(tc);
}
