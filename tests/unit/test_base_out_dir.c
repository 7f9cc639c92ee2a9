/* Folders: they appear whole at commit and replace only what we wrote. */
#include "base_out_kit.h"
#include "suite.h"

START_TEST(a_folder_appears_at_commit)
{
    ck_assert_int_eq(mkdir("deep", 0777), 0);
    xb_outdir *o = xb_outdir_open(diags, "deep/out//", ours);
    ck_assert(put_in(o, "b.txt", "B"));
    ck_assert(!xb_exists("deep/out"));
    ck_assert(xb_is_dir(xb_outdir_path(o)));
    ck_assert(xb_outdir_commit(o));
    expect_text("deep/out/b.txt", "B");
    expect_text("deep/out/MANIFEST", "df7e70e5021544f4834bbee64a9e3789febc4be81470df629cad6ddb03320a5c  b.txt\n");
    ck_assert_uint_eq(count_names("deep"), 1);
    make_folder("out", "1");
    ck_assert_int_eq(system("cd out && sha256sum --quiet -c MANIFEST"), 0);
}
END_TEST

START_TEST(our_folder_is_replaced)
{
    make_folder("out", "old");
    xb_outdir *o = xb_outdir_open(diags, "out", ours);
    ck_assert(put_in(o, "new.txt", "new"));
    expect_text("out/b.txt", "old");
    ck_assert(xb_outdir_commit(o));
    expect_text("out/new.txt", "new");
    ck_assert_uint_eq(count_names("out"), 2);
    ck_assert_uint_eq(count_names("."), 1);
    ck_assert_int_eq(mkdir("empty", 0777), 0);
    make_folder("empty", "in an empty folder");
    expect_text("empty/b.txt", "in an empty folder");
    ck_assert_uint_eq(count_names("."), 2);
}
END_TEST

START_TEST(large_files_of_ours_are_replaced)
{
    char *bytes = xb_calloc(2 << 20, 1);
    xb_outdir *o = xb_outdir_open(diags, "out", ours);
    xb_out *f = xb_outdir_file(o, "big");
    xb_out_write(f, bytes, 2 << 20);
    ck_assert(xb_out_commit(f));
    ck_assert(put_in(o, "b.txt", "old"));
    ck_assert(xb_outdir_commit(o));
    make_folder("out", "new");
    ck_assert(!xb_exists("out/big"));
    free(bytes);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_folder)
{
    make_folder("out", "old");
    char *bytes = xb_calloc(1 << 20, 1);
    limit_file_size(500000);
    xb_outdir *o = xb_outdir_open(diags, "out", ours);
    xb_out *f = xb_outdir_file(o, "big");
    xb_out_write(f, bytes, 1 << 20);
    ck_assert(!xb_out_commit(f));
    ck_assert(put_in(o, "small", "fits"));
    ck_assert(!xb_outdir_commit(o));
    limit_file_size(RLIM_INFINITY);
    expect_text("out/b.txt", "old");
    ck_assert_uint_eq(count_names("."), 1);
    ck_assert_uint_eq(xb_diags_errors(diags), 1);
    free(bytes);
}
END_TEST

START_TEST(abandoned_folders_and_files_go)
{
    xb_outdir *o = xb_outdir_open(diags, "out", ours);
    ck_assert(put_in(o, "sub/a", "1"));
    xb_out *f = xb_outdir_file(o, "sub/b");
    xb_out_write(f, "x", 1);
    xb_out_abandon(f);
    ck_assert(put_in(o, "c", "2"));
    xb_outdir_abandon(o);
    xb_outdir_abandon(NULL);
    ck_assert_uint_eq(count_names("."), 0);
    o = xb_outdir_open(diags, "out", ours);
    xb_out_abandon(xb_outdir_file(o, "left"));
    ck_assert(put_in(o, "kept", "1"));
    ck_assert(xb_outdir_commit(o)); /* a file given up is just not there */
    ck_assert_uint_eq(count_names("out"), 2);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("dir");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_folder_appears_at_commit);
    tcase_add_test(t, our_folder_is_replaced);
    tcase_add_test(t, large_files_of_ours_are_replaced);
    tcase_add_test(t, a_full_disk_leaves_the_old_folder);
    tcase_add_test(t, abandoned_folders_and_files_go);
    return run_case("base_out_dir", t);
}
