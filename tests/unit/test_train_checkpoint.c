/* Checkpoints: what was put comes back; a file that is not exactly what was written is refused; a full disk leaves the
 * older one. */
#include "base/digest.h"
#include "base_out_kit.h"
#include "nn/train/checkpoint.h"
#include "suite.h"

static const float weights[3] = {1.5f, -0.0f, 3e-40f};

static bool save(const char *path, size_t bulk)
{
    xb_saver *s = xb_saver_open(diags, path);
    ck_assert_ptr_nonnull(s);
    xb_saver_put(s, "w", weights, sizeof weights);
    xb_saver_put_u64(s, "step", UINT64_MAX - 7);
    xb_saver_put(s, "nothing", NULL, 0);
    xb_saver_put_f64(s, "rate", -0.1);
    char *zeros = xb_calloc(bulk, 1);
    xb_saver_put(s, "a longer key, with \xc3\xa9", zeros, bulk);
    free(zeros);
    return xb_saver_commit(s);
}

static char *read_all(const char *path, size_t *n)
{
    char *bytes = xb_read_file(diags, path, 1 << 20, n);
    ck_assert_ptr_nonnull(bytes);
    return bytes;
}

/* Bytes as they are, without what base/out.h would add. */
static void write_all(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

static void expect_refused(const void *bytes, size_t n, const char *says)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    write_all("bad", bytes, n);
    ck_assert_ptr_null(xb_saved_open(d, "bad"));
    ck_assert_uint_eq(xb_diags_errors(d), 1);
    ck_assert_msg(strstr(xb_diags_text(d), "[checkpoint]") && strstr(xb_diags_text(d), says), "%s", xb_diags_text(d));
    xb_diags_free(d);
}

static void expect_saved(const char *path, size_t bulk)
{
    xb_saved *s = xb_saved_open(diags, path);
    ck_assert_msg(s != NULL, "%s", xb_diags_text(diags));
    size_t n;
    uint64_t step;
    double rate;
    const void *w = xb_saved_get(s, "w", &n);
    ck_assert_uint_eq(n, sizeof weights);
    ck_assert_mem_eq(w, weights, sizeof weights);
    ck_assert_uint_eq((uintptr_t)w % 8, 0);
    ck_assert_ptr_nonnull(xb_saved_get(s, "nothing", &n));
    ck_assert_uint_eq(n, 0);
    const char *zeros = xb_saved_get(s, "a longer key, with \xc3\xa9", &n);
    ck_assert_uint_eq(n, bulk);
    ck_assert_uint_eq((uintptr_t)zeros % 8, 0);
    for (size_t i = 0; i < n; i++) ck_assert_int_eq(zeros[i], 0);
    ck_assert(xb_saved_u64(s, "step", &step) && step == UINT64_MAX - 7);
    ck_assert(xb_saved_f64(s, "rate", &rate) && rate == -0.1);
    xb_saved_close(s);
}

START_TEST(what_was_put_comes_back)
{
    for (size_t bulk = 0; bulk < 18; bulk++) { /* every place of the next piece modulo 8 */
        ck_assert(save("a", bulk));
        expect_saved("a", bulk);
    }
    ck_assert_uint_eq(count_names("."), 1);
    ck_assert(save("a", 300 << 10)); /* more than base/out.h's buffer */
    expect_saved("a", 300 << 10);
    ck_assert_uint_eq(xb_diags_errors(diags), 0);
}
END_TEST

START_TEST(what_is_missing_or_of_another_size_is_not_there)
{
    ck_assert(save("a", 4));
    xb_saved *s = xb_saved_open(diags, "a");
    uint64_t u = 5;
    double f = 5;
    size_t n = 5;
    ck_assert_ptr_null(xb_saved_get(s, "v", &n));
    ck_assert_ptr_null(xb_saved_get(s, "", &n));
    ck_assert_ptr_null(xb_saved_get(s, "ste", &n));
    ck_assert(!xb_saved_u64(s, "no", &u) && !xb_saved_u64(s, "w", &u) && !xb_saved_f64(s, "nothing", &f));
    ck_assert(u == 5 && f == 5 && n == 5);
    xb_saved_close(s);
    ck_assert_uint_eq(xb_diags_errors(diags), 0);
    ck_assert_ptr_null(xb_saved_open(diags, "absent"));
    ck_assert_uint_eq(xb_diags_errors(diags), 1);
    xb_saved_close(NULL);
    xb_saver_abandon(NULL);
}
END_TEST

START_TEST(the_format_is_as_stated)
{
    xb_saver *s = xb_saver_open(diags, "a");
    xb_saver_put_u64(s, "ab", 0x0102);
    ck_assert(xb_saver_commit(s));
    size_t n;
    char *bytes = read_all("a", &n), hex[XB_DIGEST_HEX], got[XB_DIGEST_HEX];
    static const char want[] = "xbarc checkpoint 1\n\2\0\0\0\10\0\0\0\0\0\0\0ab\2\1\0\0\0\0\0";
    ck_assert_uint_eq(n, sizeof want + 32); /* the last 0 of the number is the literal's own */
    ck_assert_mem_eq(bytes, want, sizeof want);
    xb_digest_of(bytes, n - 32, hex);
    for (int i = 0; i < 32; i++) snprintf(got + 2 * i, 3, "%02x", (unsigned char)bytes[n - 32 + (size_t)i]);
    ck_assert_str_eq(got, hex);
    free(bytes);
}
END_TEST

START_TEST(every_flipped_bit_is_refused)
{
    ck_assert(save("a", 5));
    size_t n;
    char *bytes = read_all("a", &n);
    for (size_t i = 0; i < n; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            expect_refused(bytes, n, i < 17 ? "is not a checkpoint" : i < 19 ? "another version" : "is damaged");
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
    write_all("bad", bytes, n);
    expect_saved("bad", 5);
    free(bytes);
}
END_TEST

START_TEST(every_cut_is_refused)
{
    ck_assert(save("a", 5));
    size_t n;
    char *bytes = read_all("a", &n);
    for (size_t i = 0; i < n; i++) expect_refused(bytes, i, "cut short");
    bytes = xb_realloc(bytes, n + 1, 1);
    bytes[n] = 0;
    expect_refused(bytes, n + 1, "is damaged");
    free(bytes);
}
END_TEST

/* One piece with these lengths, and a right digest over it. */
static void expect_forged(uint32_t key_length, uint64_t length, const char *rest, size_t n_rest, const char *says)
{
    xb_buf b = {0};
    char hex[XB_DIGEST_HEX];
    xb_buf_str(&b, "xbarc checkpoint 1\n");
    for (int i = 0; i < 4; i++) xb_buf_char(&b, (char)(key_length >> 8 * i));
    for (int i = 0; i < 8; i++) xb_buf_char(&b, (char)(length >> 8 * i));
    xb_buf_add(&b, rest, n_rest);
    xb_digest_of(b.data, b.len, hex);
    for (int i = 0; i < 32; i++) {
        unsigned byte;
        ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        xb_buf_char(&b, (char)byte);
    }
    if (says) {
        expect_refused(b.data, b.len, says);
    } else {
        write_all("good", b.data, b.len);
        xb_saved *s = xb_saved_open(diags, "good");
        ck_assert_msg(s != NULL, "%s", xb_diags_text(diags));
        xb_saved_close(s);
    }
    xb_buf_free(&b);
}

START_TEST(lengths_are_not_believed)
{
    expect_forged(1, 2, "kxy", 3, NULL);
    expect_forged(1, 3, "kxy", 3, "has a piece of 3 bytes where 3 are left");
    expect_forged(1, UINT64_MAX, "kxy", 3, "bytes where 3 are left");
    expect_forged(1, UINT64_MAX - 12, "kxy", 3, "bytes where 3 are left");
    expect_forged(1, (uint64_t)1 << 63, "kxy", 3, "bytes where 3 are left");
    expect_forged(UINT32_MAX, 0, "kxy", 3, "bytes where 3 are left");
    expect_forged(4, 0, "kxy", 3, "bytes where 3 are left");
    expect_forged(UINT32_MAX, UINT64_MAX, "", 0, "bytes where 0 are left");
    expect_forged(0, 3, "kxy", 3, "has a bad key");
    expect_forged(2, 1, "k\0y", 3, "has a bad key");
    expect_forged(1, 1, "kxy", 3, "ends within a piece");
    expect_forged(1, 0, "k\1\0\0\0\0\0\0\0\0\0\0", 12, "ends within a piece");
    expect_forged(1, 0, "k\1\0\0\0\0\0\0\0\0\0\0\0l", 14, NULL);
    expect_forged(1, 0, "k\1\0\0\0\0\0\0\0\0\0\0\0k", 14, "has the key 'k' twice");
}
END_TEST

START_TEST(a_key_put_twice_fails)
{
    ck_assert(save("a", 9));
    for (int empty = 0; empty < 2; empty++) {
        xb_saver *s = xb_saver_open(diags, "a");
        xb_saver_put_u64(s, "k", 1);
        xb_saver_put_u64(s, empty ? "" : "k", 1);
        xb_saver_put_u64(s, "l", 1);
        ck_assert(!xb_saver_commit(s));
    }
    ck_assert_uint_eq(xb_diags_errors(diags), 2);
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "a: error: the key 'k' is there twice [checkpoint]"));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "a: error: the key '' is empty [checkpoint]"));
    expect_saved("a", 9);
    ck_assert_uint_eq(count_names("."), 1);
}
END_TEST

START_TEST(an_abandoned_one_leaves_the_older)
{
    ck_assert(save("a", 9));
    xb_saver *s = xb_saver_open(diags, "a");
    xb_saver_put_u64(s, "k", 1);
    xb_saver_abandon(s);
    expect_saved("a", 9);
    ck_assert_uint_eq(count_names("."), 1);
    ck_assert_uint_eq(xb_diags_errors(diags), 0);
}
END_TEST

START_TEST(a_full_disk_leaves_the_older)
{
    ck_assert(save("a", 9));
    limit_file_size(4096);
    ck_assert(!save("a", 5000));
    ck_assert(!save("a", 1 << 20));
    ck_assert_uint_eq(xb_diags_errors(diags), 2);
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "cannot write: File too large [output]"));
    expect_saved("a", 9);
    ck_assert_uint_eq(count_names("."), 1);
    ck_assert(!save("/dev/full", 9));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "/dev/full: error: cannot write: No space left"));
    ck_assert_ptr_null(xb_saver_open(diags, "no/folder"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("checkpoint");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, what_was_put_comes_back);
    tcase_add_test(t, what_is_missing_or_of_another_size_is_not_there);
    tcase_add_test(t, the_format_is_as_stated);
    tcase_add_test(t, every_flipped_bit_is_refused);
    tcase_add_test(t, every_cut_is_refused);
    tcase_add_test(t, lengths_are_not_believed);
    tcase_add_test(t, a_key_put_twice_fails);
    tcase_add_test(t, an_abandoned_one_leaves_the_older);
    tcase_add_test(t, a_full_disk_leaves_the_older);
    return run_case("train_checkpoint", t);
}
