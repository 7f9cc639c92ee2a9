/* Option tables: every error at its line and column, defaults, printing that reads back, help, bad tables. */
#include "base/num.h"
#include "base/opts.h"
#include "base/rng.h"
#include <check.h>
#include <math.h>
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

static void parse_as(parsed *p, const char *file, const char *text)
{
    *p = (parsed){.d = xb_diags_new(NULL, XB_DIAG_TEXT, false), .a = xb_arena_new()};
    xb_yaml *y = xb_yaml_parse(p->d, p->a, file, text, strlen(text), NULL, NULL);
    p->ok = y && xb_opts_read(p->d, p->a, "pass", all_options, y, &p->v, sizeof p->v);
}

static void parse(parsed *p, const char *text)
{
    parse_as(p, "f", text);
}

static void done(parsed *p)
{
    xb_arena_free(p->a);
    xb_diags_free(p->d);
}

/* Each text is one error: place, code, words. */
static const struct {
    const char *text, *at, *code, *says;
} refused[] = {
    {"flag: true\nepsilom: 1\n", "f:2:1:", "option-unknown", "unknown option 'epsilom'; did you mean 'epsilon'?"},
    {"{zzzzz: 1}\n", "f:1:2:", "option-unknown", "there are: flag, count"},
    {"flag: yes\n", "f:1:7:", "option-type", "'flag' = yes is not true or false"},
    {"flag: True\n", "f:1:7:", "option-type", "not true or false"},
    {"flag: \"true\"\n", "f:1:7:", "option-type", "is text in quotes"},
    {"flag:\n", "f:1:6:", "option-type", "not true or false"},
    {"count: 1.5\n", "f:1:8:", "option-type", "is not an integer"},
    {"count: 0x10\n", "f:1:8:", "option-type", "is not an integer"},
    {"count: '3'\n", "f:1:8:", "option-type", "is text in quotes"},
    {"count: 0\n", "f:1:8:", "option-range", "'count' = 0 is outside 1..1000"},
    {"count: 99999999999999999999\n", "f:1:8:", "option-type", "is not an integer"},
    {"count: [1]\n", "f:1:8:", "option-type", "'count' needs a single value, not a list"},
    {"count: {a: 1}\n", "f:1:8:", "option-type", "'count' needs a single value, not a map"},
    {"count: ~\n", "f:1:8:", "option-type", "is not an integer"},
    {"a: 1\n", "f:1:1:", "option-unknown", "'a'"},
    {"epsilon: 7\n", "f:1:10:", "option-range", "pass: 'epsilon' = 7 is outside 0..1"},
    {"epsilon: nan\n", "f:1:10:", "option-type", "is not a real"},
    {"epsilon: high\n", "f:1:10:", "option-type", "is not a real"},
    {"epsilon: 0.5V\n", "f:1:10:", "option-type", "is not a plain number"},
    {"time: 100\n", "f:1:7:", "option-unit", "needs a unit: ps, ns, us, ms, s"},
    {"time: 100nS\n", "f:1:7:", "option-unit", "units are ps, ns, us, ms, s"},
    {"time: 100V\n", "f:1:7:", "option-unit", "units are ps, ns"},
    {"time: -1ns\n", "f:1:7:", "option-range", "must be at least 0"},
    {"time: soon\n", "f:1:7:", "option-type", "is not a real (ps, ns"},
    {"label: null\n", "f:1:8:", "option-type", "is not a text"},
    {"method: pc\n", "f:1:9:", "option-range", "'method' = pc is not one of pca, svd"},
    {"method: pcaa\n", "f:1:9:", "option-range", "did you mean 'pca'?"},
    {"ints: 3\n", "f:1:7:", "option-type", "'ints' needs a list"},
    {"ints:\n", "f:1:6:", "option-type", "'ints' needs a list, like [a, b], not nothing"},
    {"ints: [1, 2, x]\n", "f:1:14:", "option-type", "'ints[2]' = x is not an integer"},
    {"ints: [1, 100]\n", "f:1:11:", "option-range", "'ints[1]' = 100 is outside -9..99"},
    {"ints: [1, [2]]\n", "f:1:11:", "option-type", "'ints[1]' needs a single value"},
    {"names: [a, ~]\n", "f:1:12:", "option-type", "'names[1]'"},
    {"points: [{x: 1}]\n", "f:1:10:", "option-missing", "'points[0].y' is missing"},
    {"points: [{y: 1}, {y: 1, z: 2}]\n", "f:1:25:", "option-unknown", "'points[1].z'"},
    {"points: [3]\n", "f:1:10:", "option-type", "'points[0]' needs a map"},
    {"points: [~]\n", "f:1:10:", "option-missing", "'points[0].y'"},
    {"layers: {fc1: {y: 1},\n  'c*': {y: a}}\n", "f:2:13:", "option-type", "'layers.c*.y' = a"},
    {"layers: [a]\n", "f:1:9:", "option-type", "'layers' needs a map"},
    {"origin: {x: 2}\n", "f:1:9:", "option-missing", "'origin.y' is missing"},
    {"origin: 2\n", "f:1:9:", "option-type", "'origin' needs a map"},
    {"origin: {y: 2, X: 1}\n", "f:1:16:", "option-unknown", "'origin.X'"},
    {"times: [1ns, 2]\n", "f:1:14:", "option-unit", "'times[1]' = 2 needs a unit"},
    {"methods: [pca, zip]\n", "f:1:16:", "option-range", "'methods[1]'"},
    {"[1]\n", "f:1:1:", "option-type", "pass needs a map"},
    {"word\n", "f:1:1:", "option-type", "pass needs a map"},
};

START_TEST(refuses)
{
    parsed p;
    parse(&p, refused[_i].text);
    const char *said = xb_diags_text(p.d);
    ck_assert_msg(!p.ok, "accepted: %s", refused[_i].text);
    ck_assert_msg(xb_diags_errors(p.d) == 1, "%s", said);
    ck_assert_msg(strncmp(said, refused[_i].at, strlen(refused[_i].at)) == 0, "want %s, got %s", refused[_i].at, said);
    ck_assert_msg(strstr(said, refused[_i].code) && strstr(said, refused[_i].says), "want [%s] %s, got %s",
                  refused[_i].code, refused[_i].says, said);
    done(&p);
}
END_TEST

START_TEST(all_errors_are_reported)
{
    parsed p;
    parse(&p, "flag: 1\ncount: x\nnope: 2\nints: [a, b]\n");
    ck_assert(!p.ok);
    ck_assert_uint_eq(xb_diags_errors(p.d), 5);
    done(&p);
}
END_TEST

static void has_defaults(const all *v)
{
    ck_assert(v->flag && v->count == 5 && v->epsilon == 0.03 && v->time == 100e-9 && v->share == 0.05);
    ck_assert(!v->text && !v->path && strcmp(v->label, "a b") == 0 && v->method == 1);
    ck_assert(v->ints.n == 2 && ((int64_t *)v->ints.data)[1] == 2);
    ck_assert(!v->names.n && !v->names.data && !v->points.n && !v->layers.n);
    ck_assert(v->origin.x == 0 && v->origin.y == 4);
}

START_TEST(defaults)
{
    parsed p;
    parse(&p, "{}");
    ck_assert_msg(p.ok, "%s", xb_diags_text(p.d));
    has_defaults(&p.v);
    memset(&p.v, 0xff, sizeof p.v);
    ck_assert(xb_opts_read(p.d, p.a, "pass", all_options, NULL, &p.v, sizeof p.v));
    has_defaults(&p.v);
    point q;
    ck_assert(!xb_opts_read(p.d, p.a, "pass", point_options, NULL, &q, sizeof q));
    ck_assert(strstr(xb_diags_text(p.d), "'y' is missing"));
    ck_assert(xb_opts_read(p.d, p.a, "pass", NULL, NULL, NULL, 0));
    done(&p);
}
END_TEST

START_TEST(values)
{
    parsed p;
    parse_as(
        &p, "dir/net.yaml",
        "{flag: false, count: 1000, epsilon: 1/256, time: 2 us, share: 0.1, text: null, label: true, path: a/b.npy, "
        "method: 'pca', names: [true, '', \"3\"], points: [{y: 1}, {x: 2, y: 3}], layers: {conv1: {y: 5}}}");
    ck_assert_msg(p.ok, "%s", xb_diags_text(p.d));
    ck_assert(!p.v.flag && p.v.count == 1000 && p.v.epsilon == 1.0 / 256 && p.v.share == 0.1);
    ck_assert_double_eq(p.v.time, 2e-6);
    ck_assert(!p.v.text && strcmp(p.v.label, "true") == 0 && p.v.method == 0);
    ck_assert_str_eq(p.v.path, "dir/a/b.npy");
    const char **names = p.v.names.data;
    ck_assert(p.v.names.n == 3 && strcmp(names[0], "true") == 0 && strcmp(names[1], "") == 0 &&
              strcmp(names[2], "3") == 0);
    const point *points = p.v.points.data;
    ck_assert(p.v.points.n == 2 && points[1].x == 2 && points[1].y == 3 && points[0].x == 0);
    const xb_map_item *layers = p.v.layers.data;
    ck_assert(p.v.layers.n == 1 && strcmp(layers->key, "conv1") == 0 && ((const point *)layers->value)->y == 5);
    xb_buf b = {0};
    xb_opts_print_in(&b, all_options, &p.v, "dir");
    ck_assert(strstr(b.data, "path: a/b.npy,"));
    xb_buf_free(&b);
    xb_opts_print_in(&b, all_options, &p.v, "di");
    ck_assert(strstr(b.data, "/dir/a/b.npy,") && strstr(b.data, "path: /"));
    xb_buf_free(&b);
    xb_opts_print_in(&b, all_options, &p.v, ".");
    ck_assert(strstr(b.data, "path: dir/a/b.npy,"));
    xb_buf_free(&b);
    done(&p);
    parse_as(&p, "net.yaml", "{path: a.npy}");
    ck_assert_str_eq(p.v.path, "a.npy");
    done(&p);
    parse_as(&p, "dir/net.yaml", "{path: /a.npy}");
    ck_assert_str_eq(p.v.path, "/a.npy");
    done(&p);
}
END_TEST

/* An expanded value may stand in quotes (it must, inside braces) and still be a number. */
static const char *five(void *context, const char *name)
{
    (void)context, (void)name;
    return "5";
}

START_TEST(expanded_values_are_typed)
{
    parsed p = {.d = xb_diags_new(NULL, XB_DIAG_TEXT, false), .a = xb_arena_new()};
    const char *text = "{count: \"${N}\"}";
    xb_yaml *y = xb_yaml_parse(p.d, p.a, "f", text, strlen(text), five, NULL);
    ck_assert(xb_opts_read(p.d, p.a, "pass", all_options, y, &p.v, sizeof p.v));
    ck_assert_int_eq(p.v.count, 5);
    done(&p);
}
END_TEST

/* ---- random structures: print, read, print ---- */

static const char *random_text(xb_rng *r, xb_arena *a)
{
    static const char *const parts[] = {"fc",   "1",  " ", ":", "#", "null", "\"", "\\", "\n", "${X}",
                                        "true", "0x", "{", "]", ",", "'",    "-",  "*",  "\t", "\xc3\xa9"};
    xb_buf b = {0};
    for (uint32_t n = xb_rng_below(r, 4); n; n--) xb_buf_str(&b, parts[xb_rng_below(r, sizeof parts / sizeof *parts)]);
    const char *s = xb_arena_strdup(a, xb_buf_cstr(&b));
    xb_buf_free(&b);
    return s;
}

static double random_real(xb_rng *r)
{
    if (xb_rng_below(r, 8) == 0) return 0;
    return xb_rng_between(r, 1, 10) * pow(10, (double)xb_rng_below(r, 40) - 20) * (xb_rng_below(r, 2) ? 1 : -1);
}

static xb_list random_list(xb_rng *r, xb_arena *a, size_t size)
{
    size_t n = xb_rng_below(r, 4);
    return (xb_list){n ? xb_arena_alloc(a, n, size) : NULL, n};
}

static all random_all(xb_rng *r, xb_arena *a)
{
    all v;
    memset(&v, 0, sizeof v);
    v.flag = xb_rng_below(r, 2), v.count = 1 + xb_rng_below(r, 1000), v.epsilon = xb_rng_unit(r);
    v.time = fabs(random_real(r)), v.share = random_real(r), v.method = (int)xb_rng_below(r, 2);
    v.text = xb_rng_below(r, 3) ? random_text(r, a) : NULL;
    v.label = random_text(r, a);
    v.path = xb_rng_below(r, 3) ? xb_arena_printf(a, "/%s", random_text(r, a)) : NULL;
    v.ints = random_list(r, a, sizeof(int64_t));
    for (size_t i = 0; i < v.ints.n; i++) ((int64_t *)v.ints.data)[i] = (int64_t)xb_rng_below(r, 100) - 9;
    v.names = random_list(r, a, sizeof(char *));
    for (size_t i = 0; i < v.names.n; i++) ((const char **)v.names.data)[i] = random_text(r, a);
    v.flags = random_list(r, a, sizeof(bool));
    for (size_t i = 0; i < v.flags.n; i++) ((bool *)v.flags.data)[i] = xb_rng_below(r, 2);
    v.points = random_list(r, a, sizeof(point));
    for (size_t i = 0; i < v.points.n; i++) ((point *)v.points.data)[i] = (point){random_real(r), random_real(r)};
    v.layers = random_list(r, a, sizeof(xb_map_item));
    for (size_t i = 0; i < v.layers.n; i++) {
        point *q = xb_arena_alloc(a, 1, sizeof *q);
        *q = (point){random_real(r), random_real(r)};
        ((xb_map_item *)v.layers.data)[i] = (xb_map_item){xb_arena_printf(a, "%zu%s", i, random_text(r, a)), q};
    }
    v.times = random_list(r, a, sizeof(double));
    for (size_t i = 0; i < v.times.n; i++) ((double *)v.times.data)[i] = random_real(r);
    v.methods = random_list(r, a, sizeof(int));
    for (size_t i = 0; i < v.methods.n; i++) ((int *)v.methods.data)[i] = (int)xb_rng_below(r, 2);
    v.origin = (point){random_real(r), random_real(r)};
    return v;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void same_bytes(xb_list a, xb_list b, size_t size)
{
    ck_assert_uint_eq(a.n, b.n);
    if (a.n) ck_assert_mem_eq(a.data, b.data, a.n * size);
}

static void same(const all *a, const all *b)
{
    ck_assert(a->flag == b->flag && a->count == b->count && a->epsilon == b->epsilon && a->time == b->time &&
              a->share == b->share && a->method == b->method);
    ck_assert(same_text(a->text, b->text) && same_text(a->label, b->label) && same_text(a->path, b->path));
    same_bytes(a->ints, b->ints, sizeof(int64_t));
    same_bytes(a->flags, b->flags, sizeof(bool));
    same_bytes(a->points, b->points, sizeof(point));
    same_bytes(a->times, b->times, sizeof(double));
    same_bytes(a->methods, b->methods, sizeof(int));
    ck_assert(a->origin.x == b->origin.x && a->origin.y == b->origin.y && a->names.n == b->names.n &&
              a->layers.n == b->layers.n);
    for (size_t i = 0; i < a->names.n; i++)
        ck_assert(same_text(((const char **)a->names.data)[i], ((const char **)b->names.data)[i]));
    for (size_t i = 0; i < a->layers.n; i++) {
        const xb_map_item *x = a->layers.data, *y = b->layers.data;
        ck_assert(same_text(x[i].key, y[i].key) && memcmp(x[i].value, y[i].value, sizeof(point)) == 0);
    }
}

START_TEST(random_structures_read_back)
{
    xb_rng r = xb_rng_at(3, XB_RNG_INIT, 0);
    for (int round = 0; round < 1500; round++) {
        xb_arena *a = xb_arena_new();
        all v = random_all(&r, a);
        for (int block = 0; block < 2; block++) {
            xb_buf text = {0}, again = {0};
            if (block) xb_buf_str(&text, "root:\n");
            block ? xb_opts_print_block(&text, all_options, &v, 4) : xb_opts_print(&text, all_options, &v);
            xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
            xb_yaml *y = xb_yaml_parse(d, a, "f", text.data, text.len, five, NULL);
            all back;
            bool ok = y && xb_opts_read(d, a, "pass", all_options, block ? y->item[0] : y, &back, sizeof back);
            ck_assert_msg(ok, "%s\n%s", text.data, xb_diags_text(d));
            same(&v, &back);
            if (block) xb_buf_str(&again, "root:\n");
            block ? xb_opts_print_block(&again, all_options, &back, 4) : xb_opts_print(&again, all_options, &back);
            ck_assert_str_eq(text.data, again.data);
            xb_diags_free(d);
            xb_buf_free(&text);
            xb_buf_free(&again);
        }
        xb_arena_free(a);
    }
}
END_TEST

START_TEST(help_fits_80_columns)
{
    xb_buf b = {0};
    xb_opts_help(&b, all_options, 2);
    ck_assert(strstr(b.data, "  epsilon  real, 0..1, default 0.03. error\n"));
    ck_assert(strstr(b.data, "real (ps, ns, us, ms, s), at least 0"));
    ck_assert(strstr(b.data, "one of pca, svd, default svd. how"));
    ck_assert(strstr(b.data, "    y  real, required. row\n"));
    for (const char *s = b.data; *s; s += strcspn(s, "\n") + 1) ck_assert_uint_le(strcspn(s, "\n"), 80);
    xb_buf_free(&b);
    xb_opts_help(&b, NULL, 2);
    ck_assert_str_eq(xb_buf_cstr(&b), "");
    xb_opts_print(&b, NULL, NULL);
    ck_assert_str_eq(xb_buf_cstr(&b), "{}");
    xb_buf_free(&b);
}
END_TEST

#define A .name = "a", .help = ""
#define REAL .type = XB_OPT_REAL, .def = "0"
START_TEST(bad_tables)
{
    static const char *const none[] = {NULL};
    static const struct {
        xb_option table[3];
        const char *says;
    } bad[] = {
        {{{.name = "A", .help = "", REAL}}, "name"},
        {{{.name = "", .help = "", REAL}}, "name"},
        {{{.name = "a", REAL}}, "help"},
        {{{A, .type = (xb_option_type)99}}, "type"},
        {{{A, REAL, .dim = XB_DIMENSIONS}}, "dimension"},
        {{{A, REAL, .min = 2, .max = 1}}, "range is empty"},
        {{{A, REAL, .min = NAN}}, "range is empty"},
        {{{A, REAL, .offset = 4}}, "aligned"},
        {{{A, REAL, .offset = 16}}, "outside"},
        {{{A, REAL, .offset = SIZE_MAX - 2}}, "outside"},
        {{{A, .type = XB_OPT_REAL, .def = "x"}}, "default"},
        {{{A, .type = XB_OPT_REAL, .def = "2", .max = 1}}, "default"},
        {{{A, .type = XB_OPT_CHOICE}}, "choose"},
        {{{A, .type = XB_OPT_CHOICE, .choices = none}}, "choose"},
        {{{A, .type = XB_OPT_STRUCT}}, "table"},
        {{{A, .type = XB_OPT_MAP, .sub = point_options}}, "size"},
        {{{A, .type = XB_OPT_STRUCT, .sub = point_options, .sub_size = 8}}, "outside"},
        {{{A, .type = XB_OPT_LIST, .elem = XB_OPT_LIST}}, "lists"},
        {{{A, .type = XB_OPT_LIST, .elem = XB_OPT_INT, .def = "[1, b]"}}, "default"},
        {{{A, .type = XB_OPT_BOOL, .def = "true"}, {A, .type = XB_OPT_BOOL}}, "same name"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *why = NULL;
        ck_assert_msg(!xb_opts_check(bad[i].table, 16, &why), "table %zu", i);
        ck_assert_msg(strstr(why, bad[i].says), "table %zu: %s", i, why);
    }
    const char *why = NULL;
    ck_assert_msg(xb_opts_check(all_options, sizeof(all), &why), "%s", why);
    ck_assert(xb_opts_check(NULL, 0, &why));
}
END_TEST

/* A table that contains itself has no end; the check must find one. */
START_TEST(endless_table)
{
    xb_option table[2] = {{.name = "a", .help = "", .type = XB_OPT_STRUCT, .sub_size = 8}, {.name = NULL}};
    table[0].sub = table;
    const char *why = NULL;
    ck_assert(!xb_opts_check(table, 8, &why));
    ck_assert(strstr(why, "nested"));
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("opts");
    tcase_add_loop_test(c, refuses, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_test(c, all_errors_are_reported);
    tcase_add_test(c, defaults);
    tcase_add_test(c, values);
    tcase_add_test(c, expanded_values_are_typed);
    tcase_add_test(c, random_structures_read_back);
    tcase_add_test(c, help_fits_80_columns);
    tcase_add_test(c, bad_tables);
    tcase_add_test(c, endless_table);
    tcase_set_timeout(c, 120);
    Suite *s = suite_create("base/opts");
    suite_add_tcase(s, c);
    SRunner *run = srunner_create(s);
    srunner_run_all(run, CK_NORMAL);
    int failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed != 0;
}
