#include "base/digest.h"
#include "ir_text_some.h"
#include "suite.h"
#include <fcntl.h>
#include <sys/stat.h>

static xb_graph *read_back(const printed *p)
{
    save("net.xir", p->text.data, p->text.len);
    save("net.weights", p->weights.len ? p->weights.data : "", p->weights.len);
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = xb_xir_read(d, in_folder("net.xir"));
    ck_assert_msg(g, "%s\n%s", xb_diags_text(d), p->text.data);
    xb_diags_free(d);
    return g;
}

static void check_round(const xb_graph *g)
{
    printed first = print(g);
    xb_graph *again = read_back(&first);
    printed second = print(again);
    check_same(&first, &second);
    xb_graph_free(again);
    printed_free(&first);
    printed_free(&second);
}

/* ---- a text as it is meant to look ---- */

static const char golden[] =
    "xir 1\n"
    "graph \"lenet\"\n"
    "symbol batch\n"
    "symbol \"a b\"\n"
    "input %x f32[batch,1,\"a b\",28]\n"
    "const %w f32[2,1,1,1] = {1.5, -0}\n"
    "note mask [1, 0]\n"
    "const %\"b,\\\"\" f32[2] = {nan, 0x7fc00001}\n"
    "op conv1 Conv(%x, %w, %\"b,\\\"\") {kernel_shape = [1, 1], auto_pad = \"SAME_UPPER\", group = 1} => "
    "%y f32[batch,2,\"a b\",28]\n"
    "op \"drop 1\" Dropout(%y, _) {ratio = 1.0, w = f[0.1, 2], none = [], nof = f[]} => "
    "%z none[*], _\n"
    "op s com.foo::Sink()\n"
    "output %z\n"
    "output %y\n"
    "end\n";

START_TEST(the_text)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = xb_xir_parse(d, "net.xir", golden, sizeof golden - 1);
    ck_assert_msg(g, "%s", xb_diags_text(d));
    printed p = print(g);
    ck_assert_str_eq(p.text.data, golden);
    ck_assert_uint_eq(p.weights.len, 0);
    xb_op conv = xb_graph_find_op(g, "conv1");
    ck_assert_int_eq(xb_graph_kind(g, conv), XB_OP_Conv);
    ck_assert_int_eq(xb_graph_attr(g, conv, "group")->type, XB_ATTR_INT);
    xb_op drop = xb_graph_find_op(g, "drop 1");
    ck_assert_int_eq(xb_graph_attr(g, drop, "ratio")->type, XB_ATTR_FLOAT);
    ck_assert_int_eq(xb_graph_attr(g, drop, "none")->type, XB_ATTR_INTS);
    ck_assert_int_eq(xb_graph_attr(g, drop, "nof")->type, XB_ATTR_FLOATS);
    ck_assert_uint_eq(xb_graph_users(g, xb_graph_find(g, "y")), 2);
    const uint32_t *bits = xb_graph_data(g, xb_graph_find(g, "b,\""));
    ck_assert_uint_eq(bits[0], 0x7fc00000);
    ck_assert_uint_eq(bits[1], 0x7fc00001);
    ck_assert_str_eq(xb_graph_file(g), "net.xir");
    printed_free(&p);
    xb_graph_free(g);
    xb_diags_free(d);
}
END_TEST

START_TEST(comments_blanks_and_carriage_returns_are_skipped)
{
    static const char text[] =
        "# note\nxir 1 # version\r\n\n graph\t\"\"\r\ninput  %a  i64[ 3 , 4 ]\noutput %a\nend\n\n# bye";
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = xb_xir_parse(d, "net.xir", text, sizeof text - 1);
    ck_assert_msg(g, "%s", xb_diags_text(d));
    printed p = print(g);
    ck_assert_str_eq(p.text.data, "xir 1\ngraph \"\"\ninput %a i64[3,4]\noutput %a\nend\n");
    printed_free(&p);
    xb_graph_free(g);
    xb_diags_free(d);
}
END_TEST

/* ---- weights beside the text ---- */

static xb_graph *with_weights(void)
{
    xb_graph *g = xb_graph_new("w", NULL);
    xb_type f = {XB_F32, 1, {100}}, b = {XB_U8, 2, {13, 7}};
    float numbers[100];
    for (int i = 0; i < 100; i++) numbers[i] = (float)i / 7;
    unsigned char bytes[91];
    for (int i = 0; i < 91; i++) bytes[i] = (unsigned char)i;
    xb_value v = xb_graph_add_const(g, "f", &f, numbers);
    int64_t mask[100];
    for (int i = 0; i < 100; i++) mask[i] = i > 9 && i < 80;
    xb_graph_set_note(g, v, "mask", mask, 100);
    xb_graph_set_note(g, v, "empty", NULL, 0);
    xb_graph_add_const(g, "b", &b, bytes);
    xb_graph_add_const(g, "last", &f, numbers);
    return g;
}

START_TEST(large_constants_are_views_of_their_file)
{
    xb_graph *g = with_weights();
    printed p = print(g);
    ck_assert_uint_eq(p.weights.len, 576 + 400); /* 400 -> 448, 448 + 91 = 539 -> 576 */
    ck_assert_ptr_nonnull(strstr(p.text.data, "const %f f32[100] = file \"net.weights\" 0 400 "));
    ck_assert_ptr_nonnull(strstr(p.text.data, "note mask [0*10, 1*70, 0*20]\nnote empty []\n"));
    ck_assert_ptr_nonnull(strstr(p.text.data, "const %b u8[13,7] = file \"net.weights\" 448 91 "));
    ck_assert_ptr_nonnull(strstr(p.text.data, "const %last f32[100] = file \"net.weights\" 576 400 "));
    xb_graph *again = read_back(&p);
    xb_value f = xb_graph_find(again, "f");
    ck_assert(xb_graph_is_view(again, f));
    ck_assert_mem_eq(xb_graph_data(again, f), xb_graph_data(g, xb_graph_find(g, "f")), 400);
    ck_assert_uint_eq(xb_graph_note(again, f, "mask")->n, 100);
    ck_assert_int_eq(xb_graph_note(again, f, "mask")->ints[79], 1);
    check_round(again);
    printed_free(&p);
    xb_graph_free(g);
    xb_graph_free(again);
}
END_TEST

/* ---- one number for all ---- */

static xb_value same_numbers(xb_graph *g, const char *name, xb_dtype t, int64_t n, uint64_t bits)
{
    xb_type type = {t, 1, {n}};
    xb_value v = xb_graph_add_const(g, name, &type, NULL);
    unsigned char *data = xb_graph_write(g, v);
    for (int64_t i = 0; i < n; i++) memcpy(data + (size_t)i * xb_dtype_size(t), &bits, xb_dtype_size(t));
    return v;
}

START_TEST(equal_numbers_are_filled)
{
    static const struct {
        xb_dtype t;
        uint64_t bits;
        const char *text;
    } some[] = {
        {XB_F32, 0, "0"},
        {XB_F32, 0x80000000, "-0"},
        {XB_F32, 0x7fc00001, "0x7fc00001"},
        {XB_F32, 0x3dcccccd, "0.1"},
        {XB_I8, 0xff, "-1"},
        {XB_U64, UINT64_MAX, "18446744073709551615"},
        {XB_BOOLEAN, 2, "2"},
        {XB_F16, 0x3c00, "1"},
        {XB_F64, 0x3fb999999999999a, "0.1"},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        xb_graph *g = xb_graph_new("f", NULL);
        char want[99];
        same_numbers(g, "large", some[i].t, 65, some[i].bits);
        same_numbers(g, "small", some[i].t, 64, some[i].bits);
        printed p = print(g);
        snprintf(want, sizeof want, "const %%large %s[65] = fill %s\nconst %%small %s[64] = {%s, ",
                 xb_dtype_name(some[i].t), some[i].text, xb_dtype_name(some[i].t), some[i].text);
        ck_assert_msg(strstr(p.text.data, want) != NULL, "%s", p.text.data);
        ck_assert_uint_eq(p.weights.len, 0);
        xb_graph *again = read_back(&p);
        ck_assert_mem_eq(xb_graph_data(again, xb_graph_find(again, "large")),
                         xb_graph_data(g, xb_graph_find(g, "large")), 65 * xb_dtype_size(some[i].t));
        check_round(again);
        printed_free(&p);
        xb_graph_free(g);
        xb_graph_free(again);
    }
}
END_TEST

/* One bit that differs, or a note: the file of weights. */
START_TEST(other_numbers_are_not_filled)
{
    xb_graph *g = xb_graph_new("f", NULL);
    xb_value first = same_numbers(g, "first", XB_F32, 70, 0), last = same_numbers(g, "last", XB_F32, 70, 0);
    ((uint32_t *)xb_graph_write(g, first))[0] = 0x80000000;
    ((uint32_t *)xb_graph_write(g, last))[69] = 0x80000000;
    int64_t mask[70] = {0};
    xb_graph_set_note(g, same_numbers(g, "noted", XB_F32, 70, 0), "mask", mask, 70);
    printed p = print(g);
    ck_assert_ptr_null(strstr(p.text.data, "fill"));
    ck_assert_uint_eq(p.weights.len, 2 * 320 + 280);
    check_round(g);
    printed_free(&p);
    xb_graph_free(g);
}
END_TEST

/* By hand: of any size, and with notes. */
START_TEST(fill_is_read_anywhere)
{
    static const char text[] = "xir 1\ngraph g\nconst %a f32[2,2] = fill 1.5 # all\nnote mask [1*4]\n"
                               "const %b f32[] = fill -0\nconst %c i64[0] = fill 7\nconst %d u8[100] = fill 9\n"
                               "note frozen [1*64]\nend\n";
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = xb_xir_parse(d, "net.xir", text, sizeof text - 1);
    ck_assert_msg(g, "%s", xb_diags_text(d));
    static const float a[4] = {1.5f, 1.5f, 1.5f, 1.5f};
    ck_assert_mem_eq(xb_graph_data(g, xb_graph_find(g, "a")), a, sizeof a);
    ck_assert_mem_eq(xb_graph_data(g, xb_graph_find(g, "b")), "\0\0\0\x80", 4);
    ck_assert_int_eq(((const char *)xb_graph_data(g, xb_graph_find(g, "d")))[99], 9);
    ck_assert_int_eq(xb_type_count(xb_graph_type(g, xb_graph_find(g, "c"))), 0);
    check_round(g);
    xb_graph_free(g);
    xb_diags_free(d);
}
END_TEST

/* What a reader would not make is in the file of weights: 256 MiB together. */
START_TEST(fill_has_a_limit)
{
    xb_graph *g = xb_graph_new("f", NULL);
    xb_type half = {XB_U8, 1, {128 << 20}}, small = {XB_U8, 1, {100}};
    xb_graph_add_const(g, "a", &half, NULL);
    xb_graph_add_const(g, "b", &small, NULL);
    xb_graph_add_const(g, "c", &half, NULL);
    xb_graph_add_const(g, "d", &small, NULL);
    xb_buf text = {0};
    xb_xir_print(g, xb_json_to_buf, &text, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(strstr(text.data, "const %a u8[134217728] = fill 0\nconst %b u8[100] = fill 0\n"
                                            "const %c u8[134217728] = digest "));
    ck_assert_ptr_nonnull(strstr(text.data, "const %d u8[100] = fill 0\n"));
    xb_buf_free(&text);
    xb_graph_free(g);
}
END_TEST

START_TEST(a_print_for_people_has_digests_and_no_weights)
{
    xb_graph *g = with_weights();
    xb_buf text = {0};
    char hex[XB_DIGEST_HEX], want[128];
    xb_xir_print(g, xb_json_to_buf, &text, NULL, NULL, NULL);
    xb_digest_of(xb_graph_data(g, xb_graph_find(g, "b")), 91, hex);
    snprintf(want, sizeof want, "const %%b u8[13,7] = digest %s\n", hex);
    ck_assert_ptr_nonnull(strstr(text.data, want));
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    ck_assert_ptr_null(xb_xir_parse(d, "p.xir", text.data, text.len));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(d), "p.xir:3:21: error: '%f' has no values here: this text was printed "
                                                   "without its weights [xir-syntax]"));
    xb_diags_free(d);
    xb_buf_free(&text);
    xb_graph_free(g);
}
END_TEST

static size_t resident_file_kib(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    size_t kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "RssFile: %zu", &kib) == 1) break;
    if (f) fclose(f);
    return kib;
}

START_TEST(checking_a_digest_keeps_no_pages)
{
    const size_t size = (size_t)96 << 20;
    int fd = open(in_folder("net.weights"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
    ck_assert_int_eq(pwrite(fd, "\1", 1, (off_t)size - 1), 1); /* not one number throughout */
    close(fd);
    xb_digest *all = xb_digest_new();
    unsigned char *piece = xb_calloc(1 << 20, 1);
    for (size_t i = 0; i < size; i += 1 << 20) {
        piece[(1 << 20) - 1] = i + (1 << 20) == size;
        xb_digest_add(all, piece, 1 << 20);
    }
    free(piece);
    char hex[XB_DIGEST_HEX], text[512];
    xb_digest_end(all, hex);
    int n = snprintf(text, sizeof text, "xir 1\ngraph g\nconst %%w u8[%zu] = file \"net.weights\" 0 %zu %s\nend\n",
                     size, size, hex);
    save("net.xir", text, (size_t)n);
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    size_t before = resident_file_kib();
    xb_graph *g = xb_xir_read(d, in_folder("net.xir"));
    ck_assert_msg(g, "%s", xb_diags_text(d));
    ck_assert_uint_lt(resident_file_kib(), before + 16 * 1024);
    xb_buf again = {0};
    xb_xir_print(g, xb_json_to_buf, &again, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(strstr(again.data, hex));
    ck_assert_uint_lt(resident_file_kib(), before + 16 * 1024);
    xb_buf_free(&again);
    xb_graph_free(g);
    xb_diags_free(d);
}
END_TEST

/* ---- every bit of every number ---- */

START_TEST(special_numbers_survive)
{
    static const uint64_t patterns[] = {0,
                                        1,
                                        0x80000000,
                                        0x7f800000,
                                        0xff800000,
                                        0x7fc00000,
                                        0xffc00000,
                                        0x7f800001,
                                        0x7fc00001,
                                        0x00000001,
                                        0x007fffff,
                                        0x7f7fffff,
                                        0x3dcccccd,
                                        0x4b800001,
                                        0x0001,
                                        0x8000,
                                        0x7c00,
                                        0x7e00,
                                        0x7e01,
                                        0xfe00,
                                        0x7f80,
                                        0x7fc0,
                                        0xffff,
                                        0x8000000000000000u,
                                        0x7ff0000000000000u,
                                        0x7ff8000000000000u,
                                        0x7ff8000000000001u,
                                        0xfff8000000000000u,
                                        0x000fffffffffffffu,
                                        0x3fb999999999999au,
                                        0x7fefffffffffffffu,
                                        0xffffffffffffffffu,
                                        0x7fffffffffffffffu,
                                        0xff,
                                        0x7f,
                                        0x80};
    enum { PATTERNS = sizeof patterns / sizeof *patterns };
    xb_graph *g = xb_graph_new("numbers", NULL);
    xb_rng r = xb_rng_at(5, XB_RNG_INIT, 0);
    for (int t = XB_F32; t < XB_DTYPES; t++) {
        xb_type type = {(xb_dtype)t, 1, {XB_XIR_INLINE}};
        unsigned char bytes[XB_XIR_INLINE * 8];
        size_t size = xb_dtype_size((xb_dtype)t);
        for (uint32_t i = 0; i < XB_XIR_INLINE; i++) {
            uint64_t bits = i < PATTERNS ? patterns[i] : (uint64_t)xb_rng_u32(&r) << 32 | xb_rng_u32(&r);
            memcpy(bytes + i * size, &bits, size);
        }
        xb_graph_add_const(g, xb_dtype_name((xb_dtype)t), &type, bytes);
    }
    printed p = print(g);
    ck_assert_uint_eq(p.weights.len, 0);
    xb_graph *again = read_back(&p);
    for (int t = XB_F32; t < XB_DTYPES; t++) {
        xb_value a = xb_graph_find(g, xb_dtype_name((xb_dtype)t)), b = xb_graph_find(again, xb_dtype_name((xb_dtype)t));
        ck_assert_mem_eq(xb_graph_data(g, a), xb_graph_data(again, b), XB_XIR_INLINE * xb_dtype_size((xb_dtype)t));
    }
    ck_assert_ptr_nonnull(strstr(p.text.data, "18446744073709551615"));
    printed_free(&p);
    xb_graph_free(g);
    xb_graph_free(again);
}
END_TEST

/* ---- random graphs ---- */

START_TEST(random_graphs_come_back_to_the_byte)
{
    for (uint32_t round = 0; round < 500; round++) {
        xb_graph *g = some_graph(round);
        check_round(g);
        xb_graph_free(g);
    }
}
END_TEST

START_TEST(the_hash_seed_changes_nothing)
{
    for (uint32_t round = 0; round < 100; round++) {
        unsetenv("XBARC_HASH_SEED");
        xb_graph *g = some_graph(round);
        printed a = print(g);
        xb_graph_free(g);
        setenv("XBARC_HASH_SEED", "7", 1);
        g = some_graph(round);
        printed b = print(g);
        check_same(&a, &b);
        check_round(g);
        xb_graph_free(g);
        printed_free(&a);
        printed_free(&b);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("text");
    tcase_set_timeout(c, 300);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, the_text);
    tcase_add_test(c, comments_blanks_and_carriage_returns_are_skipped);
    tcase_add_test(c, large_constants_are_views_of_their_file);
    tcase_add_test(c, equal_numbers_are_filled);
    tcase_add_test(c, other_numbers_are_not_filled);
    tcase_add_test(c, fill_is_read_anywhere);
    tcase_add_test(c, fill_has_a_limit);
    tcase_add_test(c, a_print_for_people_has_digests_and_no_weights);
    tcase_add_test(c, checking_a_digest_keeps_no_pages);
    tcase_add_test(c, special_numbers_survive);
    tcase_add_test(c, random_graphs_come_back_to_the_byte);
    tcase_add_test(c, the_hash_seed_changes_nothing);
    return run_case("ir_text", c);
}
