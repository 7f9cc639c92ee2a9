/* What is refused: bad places, bad names, folders that hold what is not ours. */
#include "base_out_kit.h"
#include "suite.h"
#include <sys/wait.h>

/* In a child without privileges, since nothing is forbidden to root. */
static bool refused_unprivileged(const char *path, bool folder)
{
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(2);
        bool opened = folder ? xb_outdir_open(diags, path, ours) != NULL : xb_out_open(diags, path) != NULL;
        bool said = strstr(xb_diags_text(diags), "cannot write in the folder 'shut': Permission denied [output]");
        _exit(!opened && said ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

START_TEST(a_bad_place_is_refused_at_open)
{
    put_file("file", "kept");
    ck_assert_int_eq(symlink("nothing", "dangling"), 0);
    static const struct {
        const char *path, *folder_says, *file_says;
    } bad[] = {
        {"", "error: the name of the output is empty [output]", "error: the name of the output is empty [output]"},
        {"dangling", "dangling: error: cannot write: a link that leads nowhere [output]",
         "dangling: error: cannot write: a link that leads nowhere [output]"},
        {"dangling/", "a link that leads nowhere", "the folder 'dangling': No such file"},
        {"no/out", "the folder 'no': No such file or directory [output]", "the folder 'no': No such file"},
        {"file/out", "'file' is not a folder [output]", "'file' is not a folder [output]"},
        {"file", "file: error: is a file, not a folder [output]", NULL},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
        ck_assert_msg(!xb_outdir_open(d, bad[i].path, ours), "%s", bad[i].path);
        ck_assert_msg(strstr(xb_diags_text(d), bad[i].folder_says) != NULL, "%s", xb_diags_text(d));
        xb_diags_free(d);
        if (!bad[i].file_says) continue;
        d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
        ck_assert_msg(!xb_out_possible(d, bad[i].path), "%s", bad[i].path);
        ck_assert_msg(strstr(xb_diags_text(d), bad[i].file_says) != NULL, "%s", xb_diags_text(d));
        xb_diags_free(d);
        d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
        ck_assert_msg(!xb_out_open(d, bad[i].path), "%s", bad[i].path);
        ck_assert_msg(strstr(xb_diags_text(d), bad[i].file_says) != NULL, "%s", xb_diags_text(d));
        xb_diags_free(d);
    }
    ck_assert(xb_out_possible(diags, "new") && xb_out_possible(diags, "file") && xb_out_possible(diags, "/dev/null"));
    ck_assert(!xb_out_possible(diags, "."));
    expect_text("file", "kept");
    ck_assert_uint_eq(count_names("."), 2);
    ck_assert_int_eq(chmod(top, 0755), 0);
    ck_assert_int_eq(mkdir("shut", 0555), 0);
    ck_assert(refused_unprivileged("shut/f", false));
    ck_assert(refused_unprivileged("shut/f", true));
}
END_TEST

START_TEST(what_cannot_be_written_is_said)
{
    ck_assert_ptr_null(xb_out_open(diags, "no/such/folder/f"));
    ck_assert_ptr_null(xb_out_open(diags, "."));
    ck_assert_uint_eq(xb_diags_errors(diags), 2);
    put_file("/dev/null", "gone");
    struct stat st;
    ck_assert_int_eq(stat("/dev/null", &st), 0);
    ck_assert(S_ISCHR(st.st_mode));
}
END_TEST

START_TEST(a_foreign_file_is_never_lost)
{
    make_folder("out", "old");
    put_file("out/sub/mine", "precious");
    ck_assert_ptr_null(xb_outdir_open(diags, "out", ours));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "'sub/mine' is not in its MANIFEST [output]"));
    ck_assert_int_eq(unlink("out/sub/mine"), 0);
    xb_outdir *o = xb_outdir_open(diags, "out", ours);
    ck_assert(put_in(o, "new.txt", "new"));
    put_file("out/mine", "precious"); /* while we were at work */
    ck_assert(!xb_outdir_commit(o));
    expect_text("out/mine", "precious");
    expect_text("out/b.txt", "old");
    ck_assert_uint_eq(count_names("."), 1);
    ck_assert_uint_eq(xb_diags_errors(diags), 2);
    ck_assert_ptr_null(xb_outdir_open(diags, ".", ours));
    ck_assert_ptr_null(xb_outdir_open(diags, "out/b.txt", ours));
    ck_assert_ptr_null(xb_outdir_open(diags, "out/b.txt/x", ours));
    ck_assert_uint_eq(xb_diags_errors(diags), 5);
}
END_TEST

static void expect_refused(const char *dir, const char *why)
{
    ck_assert_ptr_null(xb_outdir_open(diags, dir, ours));
    ck_assert_msg(strstr(xb_diags_text(diags), why) != NULL, "no '%s' in: %s", why, xb_diags_text(diags));
}

START_TEST(a_manifest_alone_does_not_make_a_folder_ours)
{
    ck_assert_int_eq(system("mkdir mine && cd mine && echo years >thesis.txt && sha256sum thesis.txt >MANIFEST"), 0);
    expect_refused("mine", "its MANIFEST is not ours (it does not list 'b.txt') [output]");
    expect_text("mine/thesis.txt", "years\n");
    ck_assert_int_eq(system("mkdir bare && touch bare/MANIFEST"), 0);
    expect_refused("bare", "bare: error: will not replace this folder: its MANIFEST is not ours");
    make_folder("out", "old");
    ck_assert_int_eq(system("echo edited >>out/b.txt"), 0);
    expect_refused("out", "'b.txt' was changed since it was written [output]");
    expect_text("out/b.txt", "oldedited\n");
    make_folder("inner", "old");
    put_file("inner/sub/a.txt", "edited");
    expect_refused("inner", "'sub/a.txt' was changed since it was written [output]");
    make_folder("link", "old");
    ck_assert_int_eq(system("mv link/b.txt kept && ln -s ../kept link/b.txt"), 0);
    expect_refused("link", "'b.txt' is not what its MANIFEST says [output]");
    make_folder("less", "old");
    ck_assert_int_eq(unlink("less/b.txt"), 0); /* nothing is lost */
    make_folder("less", "new");
    expect_text("less/b.txt", "new");
}
END_TEST

START_TEST(an_edit_during_the_work_is_kept)
{
    make_folder("out", "old");
    xb_outdir *o = xb_outdir_open(diags, "out", ours);
    ck_assert(put_in(o, "b.txt", "new"));
    put_file("out/b.txt", "edited");
    ck_assert(!xb_outdir_commit(o));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "'b.txt' was changed since it was written"));
    expect_text("out/b.txt", "edited");
    ck_assert_uint_eq(count_names("."), 1);
}
END_TEST

START_TEST(names_stay_in_the_folder)
{
    static const char *const bad[] = {"../x", "/x", "a/b/c", "MANIFEST", "b.txt", "new\nline", ".", "b.txt/x", "d/."};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        xb_outdir *o = xb_outdir_open(diags, "out", ours);
        ck_assert(put_in(o, "b.txt", "1"));
        ck_assert_msg(xb_outdir_file(o, bad[i]) == NULL, "%s", bad[i]);
        ck_assert_uint_eq(xb_diags_errors(diags), i + 1);
        ck_assert(!xb_outdir_commit(o));
        ck_assert_uint_eq(count_names("."), 0);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("refused");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_bad_place_is_refused_at_open);
    tcase_add_test(t, what_cannot_be_written_is_said);
    tcase_add_test(t, a_foreign_file_is_never_lost);
    tcase_add_test(t, a_manifest_alone_does_not_make_a_folder_ours);
    tcase_add_test(t, an_edit_during_the_work_is_kept);
    tcase_add_test(t, names_stay_in_the_folder);
    return run_case("base_out_refused", t);
}
