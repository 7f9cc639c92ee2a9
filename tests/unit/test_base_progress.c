/* Progress: a bar on a terminal, for long work only. */
#include "base/progress.h"
#include "base_out_kit.h"
#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>

START_TEST(short_work_says_nothing)
{
    ck_assert_ptr_nonnull(freopen("stderr.txt", "w", stderr));
    xb_progress *p = xb_progress_begin("evaluating", "images");
    for (uint64_t i = 0; i <= 1000; i++) xb_progress_update(p, i, 1000);
    xb_progress_end(p);
    xb_progress_quiet(true);
    p = xb_progress_begin("evaluating", "images");
    ck_assert_ptr_null(p);
    xb_progress_update(p, 1, 2);
    xb_progress_end(p);
    xb_progress_quiet(false);
    fflush(stderr);
    expect_text("stderr.txt", "");
}
END_TEST

/* Work for a little over half a second, then a diagnostic in the middle of the bar. */
static void show_progress(void)
{
    struct timespec pause = {0, 10000000};
    xb_progress *p = xb_progress_begin("evaluating", "images");
    for (uint64_t i = 0; i < 80; i++) {
        xb_progress_update(p, i, 80);
        nanosleep(&pause, NULL);
    }
    xb_diags *d = xb_diags_new(stderr, XB_DIAG_TEXT, false);
    xb_diag(d, XB_WARNING, "w", NULL, "said");
    xb_diags_free(d);
    xb_progress_end(p);
    _exit(0);
}

START_TEST(a_terminal_gets_a_bar)
{
    int top_end = posix_openpt(O_RDWR | O_NOCTTY);
    if (top_end < 0 || grantpt(top_end) != 0 || unlockpt(top_end) != 0) {
        puts("SKIP: this machine gives no pseudo-terminal");
        return;
    }
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        dup2(open(ptsname(top_end), O_RDWR | O_NOCTTY), STDERR_FILENO);
        show_progress();
    }
    xb_buf said = {0};
    char block[4096];
    for (ssize_t n; (n = read(top_end, block, sizeof block)) > 0;) xb_buf_add(&said, block, (size_t)n);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(top_end);
    ck_assert_ptr_nonnull(strstr(xb_buf_cstr(&said), "\r\033[Kevaluating ["));
    ck_assert_ptr_nonnull(strstr(said.data, "/80 images, "));
    ck_assert_ptr_nonnull(strstr(said.data, " left\r\033[Kxbarc: warning: said [w]"));
    ck_assert(xb_ends_with(said.data, "said [w]\r\n")); /* the bar is gone */
    xb_buf_free(&said);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("progress");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, short_work_says_nothing);
    tcase_add_test(t, a_terminal_gets_a_bar);
    Suite *s = suite_create("base_progress");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
