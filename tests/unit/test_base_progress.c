/* Progress: a bar on a terminal, for long work only. */
#include "base/progress.h"
#include "base_out_kit.h"
#include "suite.h"
#include <fcntl.h>
#include <sys/ioctl.h>
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

/* What `work` writes on a terminal of so many columns; false: this machine gives none. */
static bool on_terminal(unsigned short width, void (*work)(void), xb_buf *said)
{
    int top_end = posix_openpt(O_RDWR | O_NOCTTY);
    if (top_end < 0 || grantpt(top_end) != 0 || unlockpt(top_end) != 0) {
        puts("SKIP: this machine gives no pseudo-terminal");
        return false;
    }
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        int tty = open(ptsname(top_end), O_RDWR | O_NOCTTY);
        struct winsize size = {.ws_row = 24, .ws_col = width};
        ioctl(tty, TIOCSWINSZ, &size);
        dup2(tty, STDERR_FILENO);
        work();
    }
    char block[4096];
    for (ssize_t n; (n = read(top_end, block, sizeof block)) > 0;) xb_buf_add(said, block, (size_t)n);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(top_end);
    return true;
}

START_TEST(a_terminal_gets_a_bar)
{
    xb_buf said = {0};
    if (!on_terminal(80, show_progress, &said)) return;
    ck_assert_ptr_nonnull(strstr(xb_buf_cstr(&said), "\r\033[Kevaluating ["));
    ck_assert_ptr_nonnull(strstr(said.data, "/80 images, "));
    ck_assert_ptr_nonnull(strstr(said.data, " left\r\033[Kxbarc: warning: said [w]"));
    ck_assert(xb_ends_with(said.data, "said [w]\r\n")); /* the bar is gone */
    xb_buf_free(&said);
}
END_TEST

/* Training that goes on for hours: the figures are 75 characters long. */
static void show_training(void)
{
    struct timespec pause = {0, 600000000};
    xb_progress *p = xb_progress_begin("train", "images");
    xb_progress_skip(p, 1199000);
    xb_progress_say(p, "loss %.4f, %.1f %%", 0.0123, 99.5);
    nanosleep(&pause, NULL);
    xb_progress_update(p, 1200000, 60000000);
    _exit(0);
}

/* The bar is shown as wide as there is room: 24, fewer, none; then what was said goes; rate and time left stay. */
START_TEST(narrow_terminals)
{
    static const struct {
        unsigned short width;
        bool bar, said, left;
    } want[] = {{132, true, true, true},
                {90, true, true, true},
                {80, false, true, true},
                {60, false, false, true},
                {50, false, false, false}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        xb_buf b = {0};
        if (!on_terminal(want[i].width, show_training, &b)) return;
        const char *text = xb_buf_cstr(&b);
        ck_assert(xb_starts_with(text, "\r\033[Ktrain "));
        ck_assert_uint_lt(strlen(text) - strlen("\r\033[K"), want[i].width);
        ck_assert_msg((strstr(text, "train [") != NULL) == want[i].bar, "%d columns: %s", want[i].width, text);
        ck_assert_msg((strstr(text, "loss 0.0123, 99.5 %, ") != NULL) == want[i].said, "%s", text);
        ck_assert_msg(strstr(text, "/s, ") && xb_ends_with(text, " min left") == want[i].left, "%s", text);
        if (want[i].width == 132) ck_assert_int_eq(strchr(text, ']') - strchr(text + 4, '['), 25);
        if (want[i].width == 90) ck_assert_uint_eq(strlen(text) - 4, 89); /* all the room there was */
        xb_buf_free(&b);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("progress");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, short_work_says_nothing);
    tcase_add_test(t, a_terminal_gets_a_bar);
    tcase_add_test(t, narrow_terminals);
    return run_case("base_progress", t);
}
