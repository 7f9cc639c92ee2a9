/* base_out_kit.h: a folder of its own for every test of output, and what the tests put there. */
#ifndef BASE_OUT_KIT_H
#define BASE_OUT_KIT_H

#include "base/file.h"
#include "base/out.h"
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64];
static xb_diags *diags;
static const char *const ours[] = {"b.txt", NULL};

static inline void set_up(void)
{
    strcpy(top, "/tmp/xbarc-out-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
    diags = xb_diags_new(NULL, XB_DIAG_TEXT, false);
}

static inline void tear_down(void)
{
    xb_diags_free(diags);
    ck_assert_int_eq(chdir("/"), 0);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", top);
    ck_assert_int_eq(system(command), 0);
}

static inline size_t count_names(const char *dir)
{
    DIR *d = opendir(dir);
    ck_assert_ptr_nonnull(d);
    size_t n = 0;
    while (readdir(d)) n++;
    closedir(d);
    return n - 2;
}

static inline void expect_text(const char *path, const char *want)
{
    char *text = xb_read_file(diags, path, 1 << 20, NULL);
    ck_assert_msg(text != NULL, "%s is missing", path);
    ck_assert_str_eq(text, want);
    free(text);
}

static inline void put_file(const char *path, const char *text)
{
    xb_out *o = xb_out_open(diags, path);
    ck_assert_ptr_nonnull(o);
    xb_out_write(o, text, strlen(text));
    ck_assert(xb_out_commit(o));
}

static inline void limit_file_size(rlim_t n)
{
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {n, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static inline bool put_in(xb_outdir *o, const char *name, const char *text)
{
    xb_out *f = xb_outdir_file(o, name);
    if (!f) return false;
    xb_out_write(f, text, strlen(text));
    return xb_out_commit(f);
}

static inline void make_folder(const char *path, const char *text)
{
    xb_outdir *o = xb_outdir_open(diags, path, ours);
    ck_assert_ptr_nonnull(o);
    ck_assert(put_in(o, "b.txt", text));
    ck_assert(put_in(o, "sub/a.txt", "inner"));
    ck_assert(put_in(o, "sub/c.txt", "inner too"));
    ck_assert(xb_outdir_commit(o));
}

#endif
