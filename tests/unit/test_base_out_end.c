/* Early ends of the process, each in a child of its own: nothing half-written stays. */
#include "base/progress.h"
#include "base_out_kit.h"
#include "suite.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

static char self[4096];

static int in_child(void (*fn)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        fn();
        _exit(99);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

/* Open when the process ends: held here, so that a leak checker does not mind. */
static xb_out *volatile half_file, *volatile half_inside;
static xb_outdir *volatile half_folder;

static void write_half(void)
{
    half_file = xb_out_open(diags, "file");
    xb_out_write(half_file, "half", 4);
    half_folder = xb_outdir_open(diags, "out", ours);
    put_in(half_folder, "sub/whole", "1");
    put_in(half_folder, "b.txt", "1");
    half_inside = xb_outdir_file(half_folder, "half");
    xb_out_write(half_inside, "half", 4);
}

static void end_by_exit(void)
{
    write_half();
    exit(5);
}

static void end_by_memory(void)
{
    freopen("/dev/null", "w", stderr);
    write_half();
    xb_out_of_memory();
}

static void end_by_term(void)
{
    xb_interrupt_install();
    write_half();
    raise(SIGTERM);
}

static void live_on_after_broken_pipe(void)
{
    xb_interrupt_install();
    write_half();
    int ends[2];
    if (pipe(ends) != 0 || close(ends[0]) != 0) _exit(98);
    raise(SIGPIPE);
    if (write(ends[1], "x", 1) != -1 || errno != EPIPE) _exit(97);
    xb_out_abandon(half_inside);
    if (!xb_outdir_commit(half_folder)) _exit(96);
    exit(6);
}

static void end_by_cut_file(void)
{
    xb_interrupt_install();
    int log = creat("stderr.txt", 0666);
    dup2(log, STDERR_FILENO);
    write_half();
    xb_view v;
    if (!xb_view_open(diags, "mapped", &v) || truncate("mapped", 100) != 0) _exit(98);
    volatile unsigned char sum = 0;
    for (size_t i = 0; i < v.size; i += 1024) sum = (unsigned char)(sum + v.data[i]);
    xb_view_close(&v);
}

static void end_by_second_interrupt(void)
{
    xb_interrupt_install();
    write_half();
    if (xb_interrupted()) _exit(98);
    raise(SIGINT);
    if (!xb_interrupted()) _exit(97);
    raise(SIGINT);
}

static void end_by_kill(void)
{
    write_half();
    raise(SIGKILL);
}

START_TEST(an_early_end_leaves_nothing)
{
    make_folder("out", "old");
    int status = in_child(end_by_exit);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    ck_assert_uint_eq(count_names("."), 1);
    status = in_child(end_by_memory);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    ck_assert_uint_eq(count_names("."), 1);
    status = in_child(end_by_term);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    ck_assert_uint_eq(count_names("."), 1);
    status = in_child(end_by_second_interrupt);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 130);
    ck_assert_uint_eq(count_names("."), 1);
    expect_text("out/b.txt", "old");
}
END_TEST

START_TEST(a_broken_pipe_is_a_failed_write)
{
    int status = in_child(live_on_after_broken_pipe);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 6, "status %d", status);
    expect_text("out/b.txt", "1");
    ck_assert_uint_eq(count_names("."), 1);
}
END_TEST

START_TEST(a_file_cut_short_while_it_is_read)
{
    make_folder("out", "old");
    char *bytes = xb_calloc(1 << 16, 1);
    xb_out *o = xb_out_open(diags, "mapped");
    xb_out_write(o, bytes, 1 << 16);
    ck_assert(xb_out_commit(o));
    free(bytes);
    int status = in_child(end_by_cut_file);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %d", status);
    expect_text("stderr.txt", "xbarc: error: a file was cut short while it was read [io]\n");
    expect_text("out/b.txt", "old");
    ck_assert_uint_eq(count_names("."), 3);
}
END_TEST

START_TEST(a_file_cut_short_while_it_is_copied)
{
    enum { N = 1 << 20 };
    char hex[XB_DIGEST_HEX], *bytes = xb_calloc(N, 1);
    xb_out *o = xb_out_open(diags, "mapped");
    xb_out_write(o, bytes, N);
    ck_assert(xb_out_commit(o));
    free(bytes);
    xb_view v;
    ck_assert(xb_view_open(diags, "mapped", &v));
    o = xb_out_open(diags, "copy");
    xb_out_digest(o, hex); /* from now on only the kernel reads what is written */
    ck_assert_int_eq(truncate("mapped", 0), 0);
    xb_out_write(o, v.data, v.size);
    ck_assert(!xb_out_commit(o));
    xb_view_close(&v);
    ck_assert_ptr_nonnull(
        strstr(xb_diags_text(diags), "copy: error: cannot write: a file was cut short while it was read [io]"));
    ck_assert_uint_eq(count_names("."), 1);
}
END_TEST

START_TEST(a_kill_leaves_the_old_folder_whole)
{
    make_folder("out", "old");
    put_file("file", "old");
    int status = in_child(end_by_kill);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    expect_text("file", "old");
    expect_text("out/b.txt", "old");
    ck_assert_int_eq(system("cd out && sha256sum --quiet -c MANIFEST"), 0);
    ck_assert_uint_eq(count_names("."), 4);
    put_file("file", "next"); /* and the next run cleans up */
    ck_assert_uint_eq(count_names("."), 3);
    make_folder("out", "next");
    expect_text("out/b.txt", "next");
    ck_assert_uint_eq(count_names("."), 2);
}
END_TEST

START_TEST(only_what_ended_runs_left_is_removed)
{
    fflush(NULL);
    pid_t ended = fork();
    if (!ended) _exit(0);
    ck_assert_int_eq(waitpid(ended, NULL, 0), ended);
    const char *const names[] = {"f.partial-%ld.txt", "f.partial-0%ld", "xf.partial-%ld", "f.partial-%ld-1",
                                 "f.old-%ld"};
    char name[64];
    for (size_t i = 0; i < 5; i++) {
        snprintf(name, sizeof name, names[i], (long)ended);
        ck_assert_int_eq(close(creat(name, 0666)), 0);
    }
    ck_assert_int_eq(close(creat("f.partial-", 0666)), 0);
    ck_assert_int_eq(close(creat("f.partial-1", 0666)), 0); /* runs */
    snprintf(name, sizeof name, "f.partial-%ld", (long)ended);
    ck_assert_int_eq(symlink("f.partial-", name), 0); /* not what we make */
    put_file("f", "new");
    ck_assert_uint_eq(count_names("."), 9);
    ck_assert_int_eq(unlink(name), 0);
    char command[400]; /* a link inside a folder: what it leads to is safe */
    snprintf(command, sizeof command,
             "mkdir kept && echo x >kept/x && mkdir -p %s/sub && echo y >%s/sub/y && ln -s ../kept %s/link", name, name,
             name);
    ck_assert_int_eq(system(command), 0);
    put_file("f", "new");
    expect_text("kept/x", "x\n");
    ck_assert_uint_eq(count_names(name), 1);
    if (geteuid() != 0) return;
    ck_assert_int_eq(lchown(name, 65534, 65534), 0); /* somebody else's */
    ck_assert_int_eq(unlinkat(AT_FDCWD, strcat(strcpy(command, name), "/link"), 0), 0);
    put_file("f", "new");
    ck_assert(xb_is_dir(name));
}
END_TEST

START_TEST(children_do_not_remove_their_parents_files)
{
    xb_out *o = xb_out_open(diags, "parents");
    xb_out_write(o, "x", 1);
    fflush(NULL);
    pid_t child = fork();
    if (!child) exit(0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert(xb_out_commit(o));
    expect_text("parents", "x");
}
END_TEST

/* Allocation N fails, for every N that this run has: exit code 3, the message, nothing left behind. The program runs
 * itself again, since the environment is read once per process. */
static int run_self(long fail_at)
{
    char number[24];
    snprintf(number, sizeof number, "%ld", fail_at);
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        setenv("XBARC_FAIL_ALLOC", number, 1);
        freopen("stderr.txt", "w", stderr);
        execl(self, "test_base_out_end", "half", (char *)NULL);
        _exit(99);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(out_of_memory_anywhere)
{
    make_folder("out", "old");
    long n = 1;
    for (int code; (code = run_self(n)) != 5; n++) {
        ck_assert_int_eq(code, 3);
        expect_text("stderr.txt", "xbarc: error: out of memory [memory]\n");
        expect_text("out/b.txt", "old");
        ck_assert_int_eq(unlink("stderr.txt"), 0);
        ck_assert_uint_eq(count_names("."), 1);
        ck_assert_int_lt(n, 1000);
    }
    ck_assert_int_gt(n, 20);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "half") == 0) end_by_exit();
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0) return 1;
    TCase *t = tcase_create("end");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, an_early_end_leaves_nothing);
    tcase_add_test(t, a_broken_pipe_is_a_failed_write);
    tcase_add_test(t, a_file_cut_short_while_it_is_read);
    tcase_add_test(t, a_file_cut_short_while_it_is_copied);
    tcase_add_test(t, a_kill_leaves_the_old_folder_whole);
    tcase_add_test(t, only_what_ended_runs_left_is_removed);
    tcase_add_test(t, children_do_not_remove_their_parents_files);
    tcase_add_test(t, out_of_memory_anywhere);
    return run_case("base_out_end", t);
}
