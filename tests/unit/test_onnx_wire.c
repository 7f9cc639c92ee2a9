/* Hostile bytes: what the walk over the wire format refuses, and that nothing gets past it alive. */
#include "base/file.h"
#include "base/rng.h"
#include "onnx_model.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

static void must_refuse_bytes(xb_buf *b, const char *code, const char *word)
{
    char in_brackets[40];
    snprintf(in_brackets, sizeof in_brackets, "[%s]", code);
    xb_graph *g = read_bytes(b->data ? b->data : "", b->len);
    ck_assert_msg(g == NULL, "was accepted");
    ck_assert_msg(strstr(xb_diags_text(diags), in_brackets) && strstr(xb_diags_text(diags), word),
                  "expected '%s' and [%s] in: %s", word, code, xb_diags_text(diags));
    xb_buf_free(b);
}

/* x -> Conv(w: 3 x 1 x 2 x 2) -> Relu -> Flatten -> Gemm -> y, with attributes, written by our own writer. */
static xb_buf small_model(void)
{
    model m = {.opset = 13};
    float w[12] = {1, 2, 3}, fc[300] = {0.5f};
    xb_buf t = tensor_raw("w", 1, "3,1,2,2", w, sizeof w), u = tensor_raw("fc.w", 1, "100,3", fc, sizeof fc), a = {0};
    add_tensor(&m, &t);
    add_tensor(&m, &u);
    add_input(&m, "x", 1, "batch,1,11,11");
    ATTR_INTS(&a, "kernel_shape", 2, 2);
    attr_text(&a, "auto_pad", "NOTSET");
    add_node(&m, "Conv", "conv", "x,w", "a", &a);
    add_node(&m, "Relu", "relu", "a", "b", NULL);
    add_node(&m, "GlobalAveragePool", "pool", "b", "c", NULL);
    add_node(&m, "Flatten", "flat", "c", "d", NULL);
    a = (xb_buf){0};
    attr_int(&a, "transB", 1);
    attr_float(&a, "alpha", 0.5f);
    add_node(&m, "Gemm", "fc", "d,fc.w", "y", &a);
    add_output(&m, "y", 1, "batch,100");
    xb_graph *g = must_read(&m);
    xb_out *o = xb_out_open(diags, in_dir("small.onnx"));
    ck_assert(xb_onnx_write(diags, g, o) && xb_out_commit(o));
    xb_graph_free(g);
    xb_buf b = {0};
    b.data = xb_read_file(diags, in_dir("small.onnx"), 1 << 20, &b.len);
    ck_assert_ptr_nonnull(b.data);
    b.cap = b.len;
    return b;
}

START_TEST(not_a_model)
{
    xb_buf b = {0};
    must_refuse_bytes(&b, "onnx-format", "empty");
    xb_buf_str(&b, "%PDF-1.4 this is no model");
    must_refuse_bytes(&b, "onnx-format", "ModelProto");
    put_int(&b, 1, 8);
    must_refuse_bytes(&b, "onnx-format", "no graph");
}
END_TEST

/* Graph in attribute in node in graph ... : each level is three messages. */
START_TEST(deep_nesting)
{
    xb_buf inner = {0};
    for (int i = 0; i < 3000; i++) {
        xb_buf attr = {0}, node = {0}, graph = {0};
        put_message(&attr, 6, &inner);
        put_message(&node, 5, &attr);
        put_message(&graph, 1, &node);
        inner = graph;
    }
    xb_buf m = {0};
    put_message(&m, 7, &inner);
    must_refuse_bytes(&m, "onnx-limit", "64 deep");
}
END_TEST

/* The same through TypeProto, whose members are no part of a graph. */
START_TEST(deep_types)
{
    xb_buf inner = {0};
    for (int i = 0; i < 3000; i++) {
        xb_buf sequence = {0}, type = {0};
        put_message(&sequence, 1, &inner);
        put_message(&type, 4, &sequence);
        inner = type;
    }
    xb_buf m = {0}, graph = {0}, info = {0};
    put_message(&info, 2, &inner);
    put_message(&graph, 11, &info);
    put_message(&m, 7, &graph);
    must_refuse_bytes(&m, "onnx-limit", "64 deep");
}
END_TEST

static void many(uint32_t field, size_t count, const char *body, size_t n, const char *word)
{
    xb_buf graph = {0}, m = {0};
    for (size_t i = 0; i < count; i++) put_bytes(&graph, field, body, n);
    put_message(&m, 7, &graph);
    must_refuse_bytes(&m, "onnx-limit", word);
}

START_TEST(ten_megabytes_of_empty_messages)
{
    many(1, 5000000, "", 0, "1048576 nodes");
    many(5, 5000000, "", 0, "1048576 tensors");
    many(1, 1000000, "", 0, "bytes of memory");  /* below the count, above the memory */
    many(11, 5000000, "", 0, "bytes of memory"); /* inputs */
}
END_TEST

START_TEST(ten_megabytes_of_empty_names)
{
    xb_buf node = {0}, graph = {0}, m = {0};
    for (int i = 0; i < 5000000; i++) put_text(&node, 1, "");
    put_message(&graph, 1, &node);
    put_message(&m, 7, &graph);
    must_refuse_bytes(&m, "onnx-limit", "bytes of memory");
}
END_TEST

START_TEST(length_beyond_the_end)
{
    static const char *const tails[] = {"\x0a\x05\x0a",
                                        "\x0a\xff\xff\xff\xff\x0f",
                                        "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                                        "\x0a",
                                        "\x09\x01\x02",
                                        "\x0d\x01",
                                        "\x08",
                                        "\x08\x80"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        xb_buf m = {0}, graph = {0};
        xb_buf_str(&graph, tails[i]);
        put_message(&m, 7, &graph);
        must_refuse_bytes(&m, "onnx-format", "GraphProto");
    }
}
END_TEST

START_TEST(wrong_numbers)
{
    xb_buf m = {0};
    xb_buf_add(&m, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12); /* a varint of eleven bytes */
    must_refuse_bytes(&m, "onnx-format", "malformed");
    xb_buf_add(&m, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11); /* more than 64 bits */
    must_refuse_bytes(&m, "onnx-format", "malformed");
    xb_buf_add(&m, "\x00\x01", 2); /* field 0 */
    must_refuse_bytes(&m, "onnx-format", "malformed");
    xb_buf_add(&m, "\x0b\x0c", 2); /* a group */
    must_refuse_bytes(&m, "onnx-format", "malformed");
    xb_buf_add(&m, "\x0d\1\2\3\4", 5); /* ir_version as fixed32 */
    must_refuse_bytes(&m, "onnx-format", "wire type");
    xb_buf_add(&m, "\x38\1", 2); /* graph as a number */
    must_refuse_bytes(&m, "onnx-format", "wire type");
    xb_buf_add(&m, "\x0a\1\1", 3); /* ir_version, not repeated, packed */
    must_refuse_bytes(&m, "onnx-format", "wire type");
}
END_TEST

static void node_with(uint32_t field, const char *bytes, size_t n, const char *word)
{
    xb_buf m = {0}, graph = {0}, node = {0};
    put_bytes(&node, field, bytes, n);
    put_message(&graph, 1, &node);
    put_message(&m, 7, &graph);
    must_refuse_bytes(&m, "onnx-format", word);
}

START_TEST(names)
{
    node_with(4, "Re\0lu", 5, "NUL");
    node_with(1, "\xff\xfe", 2, "UTF-8");
    node_with(3, "\xed\xa0\x80", 3, "UTF-8"); /* a surrogate */
}
END_TEST

START_TEST(packed_lists)
{
    xb_buf attr = {0};
    put_text(&attr, 1, "ints");
    put_bytes(&attr, 8, "\x80", 1);
    node_with(5, attr.data, attr.len, "packed");
    attr.len = 0;
    put_bytes(&attr, 7, "abc", 3);
    node_with(5, attr.data, attr.len, "packed");
    xb_buf_free(&attr);
}
END_TEST

/* proto2 would merge two graphs; unknown fields are nobody's business. */
START_TEST(second_graph)
{
    xb_buf b = small_model(), g = {0};
    put_int(&b, 900, 1);
    put_text(&b, 901, "future");
    xb_graph *ok = read_bytes(b.data, b.len);
    ck_assert_ptr_nonnull(ok);
    xb_graph_free(ok);
    put_message(&b, 7, &g);
    must_refuse_bytes(&b, "onnx-format", "second field 'graph'");
}
END_TEST

START_TEST(truncated_at_every_byte)
{
    xb_buf b = small_model();
    for (size_t n = 0; n < b.len; n++) xb_graph_free(read_bytes(b.data, n));
    xb_graph *g = read_bytes(b.data, b.len);
    ck_assert_str_eq(kinds_of(g), "Conv Relu GlobalAveragePool Flatten Gemm");
    xb_graph_free(g);
    xb_buf_free(&b);
}
END_TEST

/* Whatever flipped bits make of it: a graph or a diagnostic. The file is changed in place, through a shared mapping. */
static void flip_bits(const xb_buf *b, uint32_t count)
{
    xb_rng r = xb_rng_at(11, XB_RNG_INIT, 0);
    unsigned refused = 0;
    write_bytes("m.onnx", b->data, b->len);
    int fd = open(in_dir("m.onnx"), O_RDWR);
    char *bytes = mmap(NULL, b->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert(fd >= 0 && bytes != MAP_FAILED);
    close(fd);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k <= i % 3; k++)
            bytes[xb_rng_below(&r, (uint32_t)b->len)] ^= (char)(1 << xb_rng_below(&r, 8));
        xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
        xb_graph *g = xb_onnx_read(d, in_dir("m.onnx"));
        ck_assert_msg((g == NULL) == (xb_diags_errors(d) > 0), "result and diagnostics disagree: %s", xb_diags_text(d));
        refused += !g;
        xb_graph_free(g);
        xb_diags_free(d);
        memcpy(bytes, b->data, b->len);
    }
    munmap(bytes, b->len);
    ck_assert_uint_gt(refused, count / 100);
    ck_assert_uint_lt(refused, count);
}

START_TEST(flipped_bits)
{
    xb_buf b = small_model();
    flip_bits(&b, 20000);
    xb_buf_free(&b);
}
END_TEST

START_TEST(flipped_bits_of_a_real_model)
{
    const char *data = getenv("XBARC_DATA");
    char path[500];
    snprintf(path, sizeof path, "%s/models/mnist-8/model.onnx", data ? data : "");
    if (!data || !xb_exists(path)) {
        printf("SKIP: flipped_bits_of_a_real_model: no $XBARC_DATA/models/mnist-8/model.onnx\n");
        return;
    }
    xb_buf b = {0};
    b.data = xb_read_file(diags, path, 1 << 20, &b.len);
    ck_assert_ptr_nonnull(b.data);
    flip_bits(&b, 20000);
    free(b.data);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("wire");
    tcase_set_timeout(tc, 0);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, not_a_model);
    tcase_add_test(tc, deep_nesting);
    tcase_add_test(tc, deep_types);
    tcase_add_test(tc, ten_megabytes_of_empty_messages);
    tcase_add_test(tc, ten_megabytes_of_empty_names);
    tcase_add_test(tc, length_beyond_the_end);
    tcase_add_test(tc, wrong_numbers);
    tcase_add_test(tc, names);
    tcase_add_test(tc, packed_lists);
    tcase_add_test(tc, second_graph);
    tcase_add_test(tc, truncated_at_every_byte);
    tcase_add_test(tc, flipped_bits);
    tcase_add_test(tc, flipped_bits_of_a_real_model);
    return run_tests(tc);
}
