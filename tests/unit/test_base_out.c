#include "base/file.h"
#include "base/out.h"
#include "base/progress.h"
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char top[64], self[4096];
static xb_diags *diags;
static const char *const ours[] = {"b.txt", NULL};

static void set_up(void)
{
    strcpy(top, "/tmp/xbarc-out-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
    diags = xb_diags_new(NULL, XB_DIAG_TEXT, false);
}

static void tear_down(void)
{
    xb_diags_free(diags);
    ck_assert_int_eq(chdir("/"), 0);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", top);
    ck_assert_int_eq(system(command), 0);
}

static size_t count_names(const char *dir)
{
    DIR *d = opendir(dir);
    ck_assert_ptr_nonnull(d);
    size_t n = 0;
    while (readdir(d)) n++;
    closedir(d);
    return n - 2;
}

static void expect_text(const char *path, const char *want)
{
    char *text = xb_read_file(diags, path, 1 << 20, NULL);
    ck_assert_msg(text != NULL, "%s is missing", path);
    ck_assert_str_eq(text, want);
    free(text);
}

static void put_file(const char *path, const char *text)
{
    xb_out *o = xb_out_open(diags, path);
    ck_assert_ptr_nonnull(o);
    xb_out_write(o, text, strlen(text));
    ck_assert(xb_out_commit(o));
}

/* ---- files ------------------------------------------------------------------------------------ */

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

static void limit_file_size(rlim_t n)
{
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {n, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

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

/* ---- folders ------------------------------------------------------------------------------------- */

static bool put_in(xb_outdir *o, const char *name, const char *text)
{
    xb_out *f = xb_outdir_file(o, name);
    if (!f) return false;
    xb_out_write(f, text, strlen(text));
    return xb_out_commit(f);
}

static void make_folder(const char *path, const char *text)
{
    xb_outdir *o = xb_outdir_open(diags, path, ours);
    ck_assert_ptr_nonnull(o);
    ck_assert(put_in(o, "b.txt", text));
    ck_assert(put_in(o, "sub/a.txt", "inner"));
    ck_assert(put_in(o, "sub/c.txt", "inner too"));
    ck_assert(xb_outdir_commit(o));
}

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

/* ---- early ends: each in a child of its own ------------------------------------------------------- */

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
        execl(self, "test_base_out", "half", (char *)NULL);
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

/* ---- progress --------------------------------------------------------------------------------------- */

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
    ck_assert(top_end >= 0 && grantpt(top_end) == 0 && unlockpt(top_end) == 0);
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

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "half") == 0) end_by_exit();
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0) return 1;
    TCase *t = tcase_create("out");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_file_appears_at_commit);
    tcase_add_test(t, large_writes_arrive_whole);
    tcase_add_test(t, abandoned_files_leave_the_old_one);
    tcase_add_test(t, a_bad_place_is_refused_at_open);
    tcase_add_test(t, what_cannot_be_written_is_said);
    tcase_add_test(t, a_full_disk_leaves_the_old_file);
    tcase_add_test(t, a_folder_appears_at_commit);
    tcase_add_test(t, our_folder_is_replaced);
    tcase_add_test(t, a_foreign_file_is_never_lost);
    tcase_add_test(t, a_manifest_alone_does_not_make_a_folder_ours);
    tcase_add_test(t, an_edit_during_the_work_is_kept);
    tcase_add_test(t, large_files_of_ours_are_replaced);
    tcase_add_test(t, names_stay_in_the_folder);
    tcase_add_test(t, a_full_disk_leaves_the_old_folder);
    tcase_add_test(t, abandoned_folders_and_files_go);
    tcase_add_test(t, an_early_end_leaves_nothing);
    tcase_add_test(t, a_broken_pipe_is_a_failed_write);
    tcase_add_test(t, a_file_cut_short_while_it_is_read);
    tcase_add_test(t, a_file_cut_short_while_it_is_copied);
    tcase_add_test(t, a_kill_leaves_the_old_folder_whole);
    tcase_add_test(t, only_what_ended_runs_left_is_removed);
    tcase_add_test(t, children_do_not_remove_their_parents_files);
    tcase_add_test(t, out_of_memory_anywhere);
    tcase_add_test(t, short_work_says_nothing);
    tcase_add_test(t, a_terminal_gets_a_bar);
    Suite *s = suite_create("base_out");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
