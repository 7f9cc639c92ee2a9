/* base_opts_kit.h: a table of options of every type, and reading it. */
#ifndef BASE_OPTS_KIT_H
#define BASE_OPTS_KIT_H

#include "base/opts.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

typedef struct point {
    double x, y;
} point;

static const xb_option point_options[] = {
    {.name = "x", .help = "column", .type = XB_OPT_REAL, .offset = offsetof(point, x), .def = "0"},
    {.name = "y", .help = "row", .type = XB_OPT_REAL, .offset = offsetof(point, y), .required = true},
    {.name = NULL},
};

typedef struct all {
    bool flag;
    int64_t count;
    double epsilon, time, share;
    const char *text, *label, *path;
    int method;
    xb_list ints, names, flags, points, layers, times, methods;
    point origin;
} all;

static const char *const methods[] = {"pca", "svd", NULL};
static const xb_option all_options[] = {
    {.name = "flag", .help = "a switch", .type = XB_OPT_BOOL, .offset = offsetof(all, flag), .def = "true"},
    {.name = "count",
     .help = "steps",
     .type = XB_OPT_INT,
     .offset = offsetof(all, count),
     .def = "5",
     .min = 1,
     .max = 1000},
    {.name = "epsilon",
     .help = "error",
     .type = XB_OPT_REAL,
     .offset = offsetof(all, epsilon),
     .def = "0.03",
     .max = 1},
    {.name = "time",
     .help = "of a read",
     .type = XB_OPT_REAL,
     .offset = offsetof(all, time),
     .def = "100ns",
     .max = INFINITY,
     .dim = XB_SECOND},
    {.name = "share",
     .help = "of cells",
     .type = XB_OPT_REAL,
     .offset = offsetof(all, share),
     .def = "5%",
     .dim = XB_RATIO},
    {.name = "text", .help = "a text", .type = XB_OPT_STRING, .offset = offsetof(all, text)},
    {.name = "label", .help = "a label", .type = XB_OPT_STRING, .offset = offsetof(all, label), .def = "\"a b\""},
    {.name = "path", .help = "a file", .type = XB_OPT_PATH, .offset = offsetof(all, path)},
    {.name = "method",
     .help = "how",
     .type = XB_OPT_CHOICE,
     .offset = offsetof(all, method),
     .def = "svd",
     .choices = methods},
    {.name = "ints",
     .help = "sizes",
     .type = XB_OPT_LIST,
     .elem = XB_OPT_INT,
     .offset = offsetof(all, ints),
     .def = "[1, 2]",
     .min = -9,
     .max = 99},
    {.name = "names", .help = "layers", .type = XB_OPT_LIST, .elem = XB_OPT_STRING, .offset = offsetof(all, names)},
    {.name = "flags", .help = "bits", .type = XB_OPT_LIST, .elem = XB_OPT_BOOL, .offset = offsetof(all, flags)},
    {.name = "points",
     .help = "corners",
     .type = XB_OPT_LIST,
     .elem = XB_OPT_STRUCT,
     .offset = offsetof(all, points),
     .sub = point_options,
     .sub_size = sizeof(point)},
    {.name = "layers",
     .help = "by name",
     .type = XB_OPT_MAP,
     .offset = offsetof(all, layers),
     .sub = point_options,
     .sub_size = sizeof(point)},
    {.name = "times",
     .help = "delays",
     .type = XB_OPT_LIST,
     .elem = XB_OPT_REAL,
     .offset = offsetof(all, times),
     .dim = XB_SECOND},
    {.name = "methods",
     .help = "ways",
     .type = XB_OPT_LIST,
     .elem = XB_OPT_CHOICE,
     .offset = offsetof(all, methods),
     .choices = methods},
    {.name = "origin",
     .help = "start",
     .type = XB_OPT_STRUCT,
     .offset = offsetof(all, origin),
     .def = "{y: 4}",
     .sub = point_options,
     .sub_size = sizeof(point)},
    {.name = NULL},
};

typedef struct parsed {
    xb_diags *d;
    xb_arena *a;
    all v;
    bool ok;
} parsed;

static inline void parse_as(parsed *p, const char *file, const char *text)
{
    *p = (parsed){.d = xb_diags_new(NULL, XB_DIAG_TEXT, false), .a = xb_arena_new()};
    xb_yaml *y = xb_yaml_parse(p->d, p->a, file, text, strlen(text), NULL, NULL);
    p->ok = y && xb_opts_read(p->d, p->a, "pass", all_options, y, &p->v, sizeof p->v);
}

static inline void parse(parsed *p, const char *text)
{
    parse_as(p, "f", text);
}

static inline void done(parsed *p)
{
    xb_arena_free(p->a);
    xb_diags_free(p->d);
}

/* An expanded value may stand in quotes (it must, inside braces) and still be a number. */
static inline const char *five(void *context, const char *name)
{
    (void)context, (void)name;
    return "5";
}

#endif
