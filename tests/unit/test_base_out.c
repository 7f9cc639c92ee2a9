/* Files: they appear whole at commit, or the old one stays. */
#include "base_out_kit.h"
#include "suite.h"

START_TEST(a_file_appears_at_commit)
{
    xb_out *o = xb_out_open(diags, "f");
    xb_out_printf(o, "a%d", 1);
    xb_out_write(o, "bc", 2);
    ck_assert_uint_eq(xb_out_size(o), 4);
    ck_assert(!xb_exists("f"));
    char hex[XB_DIGEST_HEX], want[XB_DIGEST_HEX];
    xb_out_digest(o, hex);
    xb_digest_of("a1bc", 4, want);
    ck_assert_str_eq(hex, want);
    ck_assert(xb_out_commit(o));
    expect_text("f", "a1bc");
    ck_assert_uint_eq(count_names("."), 1);
}
END_TEST

START_TEST(large_writes_arrive_whole)
{
    enum { N = 1 << 20 };
    char *bytes = xb_malloc(N);
    for (size_t i = 0; i < N; i++) bytes[i] = (char)(i * 7 + i / 251);
    xb_out *o = xb_out_open(diags, "f");
    size_t sizes[] = {1, 1000, 262143, 262144, 262145, 3};
    size_t at = 0;
    for (size_t i = 0; i < 6; at += sizes[i++]) xb_out_write(o, bytes + at, sizes[i]);
    ck_assert(xb_out_commit(o));
    size_t n;
    char *back = xb_read_file(diags, "f", 2 * N, &n);
    ck_assert_uint_eq(n, at);
    ck_assert_int_eq(memcmp(back, bytes, n), 0);
    free(back);
    free(bytes);
}
END_TEST

START_TEST(abandoned_files_leave_the_old_one)
{
    put_file("f", "old");
    ck_assert_int_eq(chmod("f", 0640), 0);
    xb_out *o = xb_out_open(diags, "f");
    xb_out_write(o, "new", 3);
    xb_out_abandon(o);
    xb_out_abandon(NULL);
    expect_text("f", "old");
    ck_assert_int_eq(symlink("f", "link"), 0);
    put_file("link", "through the link");
    expect_text("f", "through the link");
    struct stat st;
    ck_assert_int_eq(lstat("link", &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    ck_assert_int_eq(stat("f", &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0640);
    ck_assert_uint_eq(count_names("."), 2);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file)
{
    put_file("f", "old");
    char *bytes = xb_calloc(1 << 20, 1);
    limit_file_size(600000);
    xb_out *o = xb_out_open(diags, "f");
    for (int i = 0; i < 5; i++) xb_out_write(o, bytes, 1 << 20);
    ck_assert(xb_out_failed(o));
    ck_assert(!xb_out_commit(o));
    ck_assert_uint_eq(xb_diags_errors(diags), 1);
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "f: error: cannot write: File too large [output]"));
    expect_text("f", "old");
    ck_assert_uint_eq(count_names("."), 1);
    limit_file_size(100);
    o = xb_out_open(diags, "g"); /* fails only when the buffer is sent, at commit */
    xb_out_write(o, bytes, 200);
    ck_assert(!xb_out_failed(o));
    ck_assert(!xb_out_commit(o));
    ck_assert_uint_eq(xb_diags_errors(diags), 2);
    limit_file_size(RLIM_INFINITY);
    ck_assert_uint_eq(count_names("."), 1);
    free(bytes);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("out");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_file_appears_at_commit);
    tcase_add_test(t, large_writes_arrive_whole);
    tcase_add_test(t, abandoned_files_leave_the_old_one);
    tcase_add_test(t, a_full_disk_leaves_the_old_file);
    return run_case("base_out", t);
}
