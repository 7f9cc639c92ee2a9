/* Option tables: every error at its line and column, defaults, printing that reads back, help, bad tables. */
#include "base_opts_kit.h"
#include "suite.h"
#include <math.h>

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

START_TEST(help_fits_80_columns)
{
    xb_buf b = {0};
    xb_opts_help(&b, all_options, 2);
    ck_assert(strstr(b.data, "  epsilon  real, 0..1, default 0.03. error\n"));
    ck_assert(strstr(b.data, "real (ps, ns, us, ms, s, h, d), at least 0"));
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

/* Values of a map without a table are scalars: read, ranged, printed, told. */
START_TEST(map_of_scalars)
{
    static const xb_option table[] = {{A, .type = XB_OPT_MAP, .elem = XB_OPT_INT, .min = 1, .max = 9}, {.name = NULL}};
    static const xb_option real[] = {{A, .type = XB_OPT_MAP, .elem = XB_OPT_LIST}, {.name = NULL}};
    const char *why = NULL;
    ck_assert_msg(xb_opts_check(table, sizeof(xb_list), &why), "%s", why);
    ck_assert(!xb_opts_check(real, sizeof(xb_list), &why) && strstr(why, "scalars"));
    static const struct {
        const char *text, *says;
    } bad[] = {{"a: {conv1: 10}", "'a.conv1' = 10 is outside 1..9"},
               {"a: {conv1: six}", "'a.conv1' = six is not an integer"},
               {"a: {conv1: {x: 1}}", "'a.conv1' needs a single value"},
               {"a: 6", "'a' needs a map, like {name: value}"}};
    xb_arena *a = xb_arena_new();
    xb_list v;
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        const char *text = i ? bad[i - 1].text : "a: {conv1: 6, 'f*': 2}";
        xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
        xb_yaml *y = xb_yaml_parse(d, a, "f", text, strlen(text), NULL, NULL);
        ck_assert(xb_opts_read(d, a, "pass", table, y, &v, sizeof v) == !i);
        if (i) ck_assert_msg(strstr(xb_diags_text(d), bad[i - 1].says) != NULL, "%s", xb_diags_text(d));
        xb_buf b = {0};
        if (!i) {
            const xb_map_item *item = v.data;
            ck_assert(v.n == 2 && *(const int64_t *)item[0].value == 6 && *(const int64_t *)item[1].value == 2);
            xb_opts_print(&b, table, &v);
            ck_assert_str_eq(xb_buf_cstr(&b), "{a: {conv1: 6, \"f*\": 2}}");
            xb_opts_help(&b, table, 0);
            ck_assert_ptr_nonnull(strstr(xb_buf_cstr(&b), "map of names to integer, 1..9."));
        }
        xb_buf_free(&b);
        xb_diags_free(d);
    }
    xb_arena_free(a);
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
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, refuses, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_test(c, all_errors_are_reported);
    tcase_add_test(c, defaults);
    tcase_add_test(c, values);
    tcase_add_test(c, expanded_values_are_typed);
    tcase_add_test(c, help_fits_80_columns);
    tcase_add_test(c, bad_tables);
    tcase_add_test(c, map_of_scalars);
    tcase_add_test(c, endless_table);
    return run_case("base/opts", c);
}
