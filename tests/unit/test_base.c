/* Memory, text, maps, JSON, digests, random numbers, diagnostics, files. */
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/vec.h"
#include "suite.h"
#include <Random123/philox.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- memory and text ------------------------------------------------------------------------- */

START_TEST(arena_memory_is_zeroed_aligned_and_stays)
{
    xb_arena *a = xb_arena_new();
    unsigned char *p[300];
    for (size_t i = 0; i < 300; i++) {
        size_t n = i * 37 % 5000;
        p[i] = xb_arena_alloc(a, n, 1);
        ck_assert_uint_eq((uintptr_t)p[i] % 16, 0);
        for (size_t k = 0; k < n; k++) ck_assert_uint_eq(p[i][k], 0);
        memset(p[i], (int)(i & 255), n);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t k = 0; k < i * 37 % 5000; k++) ck_assert_uint_eq(p[i][k], i & 255);
    ck_assert_str_eq(xb_arena_printf(a, "%d-%s", 7, "x"), "7-x");
    ck_assert_str_eq(xb_arena_strndup(a, "abc", 2), "ab");
    xb_arena_free(a);
    xb_arena_free(NULL);
}
END_TEST

START_TEST(text_grows)
{
    xb_buf b = {0};
    ck_assert_str_eq(xb_buf_cstr(&b), "");
    for (int i = 0; i < 1000; i++) xb_buf_printf(&b, "%d,", i);
    ck_assert_uint_eq(b.len, strlen(b.data));
    ck_assert_int_eq(strncmp(b.data, "0,1,2,", 6), 0);
    xb_buf_free(&b);
    static const char raw[] = "a\"\\\n\t\x01\x7f\xff\xc3\xa9";
    xb_buf_quoted(&b, raw, sizeof raw - 1);
    ck_assert_str_eq(b.data, "\"a\\\"\\\\\\n\\t\\x01\\x7f\\xff\xc3\xa9\"");
    xb_buf_free(&b);
}
END_TEST

START_TEST(nearest_word)
{
    static const char *const words[] = {"epsilon", "interval", "layers", "method"};
    ck_assert_str_eq(xb_nearest("epsilom", words, 4), "epsilon");
    ck_assert_str_eq(xb_nearest("lyaers", words, 4), "layers");
    ck_assert_ptr_null(xb_nearest("colour", words, 4));
    static const char *const shorts[] = {"ab", "cd"};
    ck_assert_str_eq(xb_nearest("abc", shorts, 2), "ab");
    ck_assert_ptr_null(xb_nearest("x", NULL, 0));
}
END_TEST

START_TEST(globs)
{
    ck_assert(xb_glob("conv*", "conv1"));
    ck_assert(xb_glob("*", ""));
    ck_assert(xb_glob("a*b*c", "a-b-b-c"));
    ck_assert(xb_glob("fc?", "fc2"));
    ck_assert(!xb_glob("fc?", "fc"));
    ck_assert(!xb_glob("a*b", "acbd"));
    ck_assert(!xb_glob("", "a"));
    ck_assert(xb_glob("[x]", "[x]"));
}
END_TEST

START_TEST(utf8)
{
    ck_assert(xb_utf8_valid("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10));
    static const char *const bad[] = {
        "\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x80\x80\x80", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) ck_assert(!xb_utf8_valid(bad[i], strlen(bad[i])));
}
END_TEST

/* ---- maps ---------------------------------------------------------------------------------------- */

static void use_map(void)
{
    enum { N = 5000 };
    xb_map *m = xb_map_new();
    char key[32];
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < N; i++) {
            int n = snprintf(key, sizeof key, "node_%u", i);
            xb_map_put(m, key, (size_t)n, i + round);
        }
    for (uint32_t i = 0; i < N; i += 3) xb_map_remove(m, key, (size_t)snprintf(key, sizeof key, "node_%u", i));
    for (uint32_t i = 0; i < N; i++) {
        int n = snprintf(key, sizeof key, "node_%u", i);
        ck_assert_uint_eq(xb_map_get(m, key, (size_t)n, 99999), i % 3 ? i + 1 : 99999);
    }
    for (uint32_t i = 0; i < 100000; i++) { /* removed places are used again */
        int n = snprintf(key, sizeof key, "t%u", i);
        xb_map_put(m, key, (size_t)n, i);
        xb_map_remove(m, key, (size_t)n);
    }
    xb_map_put(m, "", 0, 5);
    ck_assert_uint_eq(xb_map_get(m, "", 0, 0), 5);
    xb_map_put(m, "a\0b", 3, 6);
    ck_assert_uint_eq(xb_map_get(m, "a\0c", 3, 0), 0);
    ck_assert_uint_eq(xb_map_get(m, "a\0b", 3, 0), 6);
    xb_map_free(m);
}

START_TEST(map_under_two_seeds)
{
    setenv("XBARC_HASH_SEED", "0", 1);
    use_map();
    setenv("XBARC_HASH_SEED", "12345678901", 1);
    use_map();
    unsetenv("XBARC_HASH_SEED");
}
END_TEST

/* ---- JSON, digests, random numbers ------------------------------------------------------------------- */

START_TEST(json_text)
{
    xb_buf b = {0};
    xb_json *j = xb_json_new(xb_json_to_buf, &b);
    xb_json_object(j, NULL, false);
    xb_json_string(j, "name", "a\"\n\x01\xff");
    xb_json_array(j, "shape", true);
    xb_json_int(j, NULL, 1);
    xb_json_object(j, NULL, false);
    xb_json_real(j, "x", 0.5);
    xb_json_close(j);
    xb_json_close(j);
    xb_json_real(j, "bad", (double)NAN);
    xb_json_bool(j, "yes", true);
    xb_json_null(j, "none");
    xb_json_array(j, "empty", false);
    xb_json_close(j);
    xb_json_close(j);
    xb_json_free(j);
    ck_assert_str_eq(b.data, "{\n  \"name\": \"a\\\"\\n\\u0001\\ufffd\",\n  \"shape\": [1, {\"x\": 0.5}],\n"
                             "  \"bad\": null,\n  \"yes\": true,\n  \"none\": null,\n  \"empty\": []\n}\n");
    xb_buf_free(&b);
}
END_TEST

START_TEST(sha256)
{
    char hex[XB_DIGEST_HEX]; /* FIPS 180-2, appendix B */
    xb_digest_of("abc", 3, hex);
    ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    xb_digest *d = xb_digest_new();
    xb_digest_add(d, "a", 1);
    xb_digest_add(d, NULL, 0);
    xb_digest_add(d, "bc", 2);
    xb_digest_end(d, hex);
    ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(philox_known_answers)
{
    /* Random123's kat_vectors: philox4x32 10, all zero and all ones. Ours reaches the first through a zero key. */
    xb_rng r = xb_rng_at(0, XB_RNG_INIT, 0);
    static const uint32_t zero[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    for (int i = 0; i < 4; i++) ck_assert_uint_eq(xb_rng_u32(&r), zero[i]);
    r = (xb_rng){.seed = UINT64_MAX, .purpose = UINT32_MAX, .stream = UINT32_MAX, .index = UINT64_MAX};
    static const uint32_t ones[4] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    for (int i = 0; i < 4; i++) ck_assert_uint_eq(xb_rng_u32(&r), ones[i]);
}
END_TEST

START_TEST(random_numbers_have_their_moments)
{
    enum { N = 200000 };
    xb_rng r = xb_rng_at(3, XB_RNG_NOISE, 1);
    double sum = 0, square = 0;
    size_t count[7] = {0};
    for (int i = 0; i < N; i++) {
        double x = xb_rng_normal(&r);
        sum += x, square += x * x;
        count[xb_rng_below(&r, 7)]++;
        double u = xb_rng_between(&r, -2, 3);
        ck_assert(u >= -2 && u < 3);
    }
    ck_assert_double_lt(fabs(sum / N), 0.01);
    ck_assert_double_lt(fabs(square / N - 1), 0.02);
    for (int i = 0; i < 7; i++) ck_assert_double_lt(fabs((double)count[i] - N / 7.0), 800);
    ck_assert_uint_eq(xb_rng_below(&r, 1), 0);
}
END_TEST

/* ---- diagnostics --------------------------------------------------------------------------------------- */

START_TEST(diagnostics_as_text)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    static const char text[] = "passes:\n\t- rank-clip: {epsilon: 7}\r\n";
    xb_diags_source(d, "net.yaml", text, sizeof text - 1);
    bool no =
        xb_error(d, "option-range", (.file = "net.yaml", .line = 2, .col = 24), "rank-clip: %s = %d", "'epsilon'", 7);
    ck_assert(!no);
    xb_error(d, "onnx-shape", (.file = "a.onnx", .node = "c\x1b[1m", .op = "Conv", .input = 1), "bad\nline");
    xb_diag(d, XB_WARNING, "w", NULL, "plain");
    xb_diag(d, XB_NOTE, NULL, &(xb_where){.node = "n"}, "said");
    ck_assert_str_eq(xb_diags_text(d), "net.yaml:2:24: error: rank-clip: 'epsilon' = 7 [option-range]\n"
                                       "   - rank-clip: {epsilon: 7}\n"
                                       "                         ^\n"
                                       "a.onnx: node 'c\\x1b[1m' (Conv), input 1: error: bad\\nline [onnx-shape]\n"
                                       "xbarc: warning: plain [w]\n"
                                       "node 'n': note: said\n");
    ck_assert_uint_eq(xb_diags_errors(d), 2);
    ck_assert_uint_eq(xb_diags_warnings(d), 1);
    xb_diags_free(d);
    ck_assert(!xb_error(NULL, "x", (0), "to nobody"));
}
END_TEST

START_TEST(caret_stands_under_its_character)
{
    char text[400];
    for (int i = 0; i < 399; i++) text[i] = '-';
    for (int col = 1; col <= 399; col += 7) {
        text[col - 1] = '#';
        xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, true);
        xb_diags_source(d, "f", text, 399);
        xb_error(d, "x", (.file = "f", .line = 1, .col = col), "m");
        text[col - 1] = '-';
        const char *line = strchr(xb_diags_text(d), '\n') + 1, *caret = strchr(line, '\n') + 1;
        ck_assert_int_le(caret - line - 1, 120);
        ck_assert_int_le((long)strlen(caret) - 1, 120);
        ck_assert_int_eq(strchr(line, '#') - line, strchr(caret, '^') - caret);
        xb_diags_free(d);
    }
}
END_TEST

START_TEST(diagnostics_as_json)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_JSON, false);
    xb_error(d, "io", (.file = "a b", .line = 3, .col = 4), "no %s", "\"x\"");
    ck_assert_str_eq(xb_diags_text(d), "{\"severity\": \"error\", \"code\": \"io\", \"file\": \"a b\", \"line\": 3, "
                                       "\"col\": 4, \"message\": \"no \\\"x\\\"\"}\n");
    xb_diags_free(d);
}
END_TEST

/* ---- files ---------------------------------------------------------------------------------------------- */

START_TEST(paths)
{
    static const char *const good[] = {"a", "a/b", "a.b/..c", "...", "a/./b"};
    static const char *const bad[] = {"", "/a", "../a", "a/../b", "a//b", "a/", ".."};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) ck_assert_msg(xb_path_confined(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) ck_assert_msg(!xb_path_confined(bad[i]), "%s", bad[i]);
    static const char *const joins[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"a", "/b", "/b"}, {NULL, "b", "b"}};
    for (size_t i = 0; i < 5; i++) {
        char *p = xb_path_join(joins[i][0], joins[i][1]);
        ck_assert_str_eq(p, joins[i][2]);
        free(p);
    }
    char *p = xb_path_dir("x/y/z");
    ck_assert_str_eq(p, "x/y");
    free(p);
    p = xb_path_dir("/z");
    ck_assert_str_eq(p, "/");
    free(p);
    p = xb_path_dir("z");
    ck_assert_str_eq(p, ".");
    free(p);
    ck_assert_str_eq(xb_path_base("x/y"), "y");
    ck_assert_str_eq(xb_path_base("y"), "y");
}
END_TEST

START_TEST(reading_files)
{
    char dir[] = "/tmp/xbarc-base-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(chdir(dir), 0);
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    ck_assert(xb_make_dirs(d, "in/ner/most"));
    ck_assert(xb_make_dirs(d, "in/ner/most/"));
    ck_assert(xb_is_dir("in/ner/most"));
    FILE *f = fopen("in/file", "w");
    fputs("hello", f);
    fclose(f);
    fclose(fopen("empty", "w"));
    ck_assert_int_eq(symlink("../empty", "in/outside"), 0);
    ck_assert_int_eq(symlink("file", "in/inside"), 0);
    ck_assert_int_eq(symlink("/etc/passwd", "in/far"), 0);
    ck_assert_uint_eq(xb_diags_errors(d), 0);

    xb_view v;
    ck_assert(xb_view_open(d, "in/file", &v));
    ck_assert_uint_eq(v.size, 5);
    ck_assert_int_eq(memcmp(v.data, "hello", 5), 0);
    xb_view_done(v.data, v.size);
    xb_view_close(&v);
    ck_assert(xb_view_open(d, "empty", &v));
    ck_assert_ptr_null(v.data);
    xb_view_close(&v);
    size_t n = 0;
    char *text = xb_read_file(d, "in/file", 5, &n);
    ck_assert_str_eq(text, "hello");
    ck_assert_uint_eq(n, 5);
    free(text);
    ck_assert_uint_eq(xb_diags_errors(d), 0);

    ck_assert(!xb_view_open(d, "in", &v));
    ck_assert(!xb_view_open(d, "/dev/null", &v));
    ck_assert(!xb_view_open(d, "absent", &v));
    ck_assert_ptr_null(xb_read_file(d, "in/file", 4, &n));
    ck_assert_ptr_null(xb_read_file(d, "in", 4, &n));
    ck_assert(!xb_make_dirs(d, "in/file/x"));
    ck_assert_uint_eq(xb_diags_errors(d), 6);
    ck_assert_ptr_nonnull(strstr(xb_diags_text(d), "absent: error: cannot open: No such file or directory [io]"));

    int fd = xb_open_beneath("in", "inside");
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(xb_open_beneath("in", "outside"), -1);
    ck_assert_int_eq(xb_open_beneath("in", "far"), -1);
    ck_assert_int_eq(xb_open_beneath("in", "../empty"), -1);
    xb_diags_free(d);
    ck_assert_int_eq(chdir("/"), 0);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("base");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, arena_memory_is_zeroed_aligned_and_stays);
    tcase_add_test(t, text_grows);
    tcase_add_test(t, nearest_word);
    tcase_add_test(t, globs);
    tcase_add_test(t, utf8);
    tcase_add_test(t, map_under_two_seeds);
    tcase_add_test(t, json_text);
    tcase_add_test(t, sha256);
    tcase_add_test(t, philox_known_answers);
    tcase_add_test(t, random_numbers_have_their_moments);
    tcase_add_test(t, diagnostics_as_text);
    tcase_add_test(t, caret_stands_under_its_character);
    tcase_add_test(t, diagnostics_as_json);
    tcase_add_test(t, paths);
    tcase_add_test(t, reading_files);
    return run_case("base", t);
}
