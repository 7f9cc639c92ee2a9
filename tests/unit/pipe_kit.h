/* pipe_kit.h: for the tests of pipe: a folder of files, hardware, and a built-in plugin of passes made for testing. */
#ifndef PIPE_KIT_H
#define PIPE_KIT_H

#include "base/file.h"
#include "pipe/pipeline.h"
#include "plug/builtin.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- files ---- */

static char kit_dir[200];

static inline void kit_open(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(kit_dir, sizeof kit_dir, "%s/xbarc-pipe-XXXXXX", tmp && *tmp && strlen(tmp) < 150 ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(kit_dir));
}

static inline void kit_close(void)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", kit_dir);
    ck_assert_int_eq(system(command), 0);
}

static inline const char *kit_path(const char *name)
{
    static char path[8][400];
    static int next;
    next = (next + 1) % 8;
    snprintf(path[next], sizeof path[next], "%s/%s", kit_dir, name);
    return path[next];
}

static inline void kit_write(const char *name, const char *text)
{
    char *dir = xb_path_dir(kit_path(name));
    xb_make_dirs(NULL, dir);
    free(dir);
    FILE *f = fopen(kit_path(name), "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static inline char *kit_read(const char *name)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, true);
    char *text = xb_read_file(d, kit_path(name), 64 << 20, NULL);
    xb_diags_free(d);
    return text;
}

/* ---- passes ---- */

typedef struct kit_options {
    double epsilon, time;
    int method;
    const char *path;
    xb_list layers;
} kit_options;

static const char *const kit_methods[] = {"pca", "svd", NULL};
static const xb_option kit_table[] = {
    {.name = "epsilon",
     .help = "",
     .type = XB_OPT_REAL,
     .offset = offsetof(kit_options, epsilon),
     .def = "0.03",
     .max = 1},
    {.name = "time",
     .help = "",
     .type = XB_OPT_REAL,
     .offset = offsetof(kit_options, time),
     .def = "100ns",
     .dim = XB_SECOND},
    {.name = "method",
     .help = "",
     .type = XB_OPT_CHOICE,
     .offset = offsetof(kit_options, method),
     .def = "svd",
     .choices = kit_methods},
    {.name = "path", .help = "", .type = XB_OPT_PATH, .offset = offsetof(kit_options, path)},
    {.name = "layers", .help = "", .type = XB_OPT_LIST, .elem = XB_OPT_STRING, .offset = offsetof(kit_options, layers)},
    {.name = NULL},
};

#define KIT_PASS(ident, pass_name, pass_level, ...)                                                                    \
    static const xb_pass ident = {                                                                                     \
        .struct_size = sizeof(xb_pass), .name = pass_name, .summary = "for tests", .level = pass_level, __VA_ARGS__}
#define KIT_NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The test's plugin is the only built-in one: this array takes the place of the generated table. */
#define KIT_PLUGIN(pass_list, backend_list)                                                                            \
    static const xb_plugin *kit_query(const xb_abi *host)                                                              \
    {                                                                                                                  \
        static const xb_plugin plugin = {XBARC_PLUGIN_HEADER, .name = "kit", .version = "1", .passes = pass_list,      \
                                         .backends = backend_list};                                                    \
        (void)host;                                                                                                    \
        return &plugin;                                                                                                \
    }                                                                                                                  \
    xb_query_fn *const xb_builtin_plugins[] = {kit_query, NULL}

#endif
