/* pipe_read_kit.h: pipelines read from texts, with a few passes and backends that do nothing. */
#ifndef PIPE_READ_KIT_H
#define PIPE_READ_KIT_H

#include "pipe_kit.h"
#include "suite.h"

static inline int run_nothing(xb_cx *cx, xb_module *m, const void *options)
{
    (void)cx, (void)m, (void)options;
    return 0;
}

static inline int emit_nothing(xb_cx *cx, xb_module *m, xb_sink *sink, const void *options)
{
    (void)cx, (void)m, (void)sink, (void)options;
    return 0;
}

/* check(): method pca with epsilon 0 is refused with words, epsilon 1 without. */
static inline int check_picky(xb_cx *cx, const void *options)
{
    const kit_options *o = options;
    if (o->epsilon == 1) return -1;
    if (o->epsilon != 0 || o->method != 0) return 0;
    cx->host->diagnose(cx, XB_ERROR, "option-range", NULL, "pca needs an epsilon");
    return -1;
}

KIT_PASS(plain, "plain", XB_LEVEL_GRAPH, .run = run_nothing);
KIT_PASS(tune, "tune", XB_LEVEL_GRAPH, .run = run_nothing, .options = kit_table, .options_size = sizeof(kit_options),
         .check = check_picky);
KIT_PASS(mark, "mark", XB_LEVEL_GRAPH, .run = run_nothing, .gives = KIT_NAMES("marked"));
KIT_PASS(wipe, "wipe", XB_LEVEL_GRAPH, .run = run_nothing, .drops = KIT_NAMES("marked"));
KIT_PASS(want_mark, "want", XB_LEVEL_GRAPH, .run = run_nothing, .needs = KIT_NAMES("marked"));
KIT_PASS(learn, "learn", XB_LEVEL_GRAPH, .run = run_nothing, .reads = XB_READS_DATA);
KIT_PASS(lay, "lay", XB_LEVEL_MAP, .run = run_nothing, .gives = KIT_NAMES("layout"));
KIT_PASS(seat, "seat", XB_LEVEL_LAYOUT, .run = run_nothing, .needs = KIT_NAMES("layout"),
         .gives = KIT_NAMES("placement"));

static const xb_backend draw = {.struct_size = sizeof(xb_backend),
                                .name = "draw",
                                .summary = "for tests",
                                .needs = KIT_NAMES("layout"),
                                .options = kit_table,
                                .options_size = sizeof(kit_options),
                                .emit = emit_nothing};
static const xb_backend list_it = {
    .struct_size = sizeof(xb_backend), .name = "list", .summary = "for tests", .emit = emit_nothing};

static const xb_pass *const passes[] = {&plain, &tune, &mark, &wipe, &want_mark, &learn, &lay, &seat, NULL};
static const xb_backend *const backends[] = {&draw, &list_it, NULL};
KIT_PLUGIN(passes, backends);

static xb_registry *registry;
static char hw_dir[300];

static inline void setup(void)
{
    kit_open();
    kit_write("share/hardware/small.yaml", "xbarc: 1\nname: small\ncrossbar: {rows: 64, cols: 32}\n");
    kit_write("share/default.yaml", "xbarc: 1\nhardware: small\npasses: [plain, lay]\nemit: [list]\n");
    snprintf(hw_dir, sizeof hw_dir, "%s/share/hardware", kit_dir);
    registry = xb_registry_new();
    xb_registry_search(registry, NULL);
}

static inline void teardown(void)
{
    xb_registry_free(registry);
    kit_close();
}

typedef struct reading {
    xb_diags *d;
    xb_pipeline *p;
} reading;

static inline reading read_with(const char *name, const char *model, const xb_define *defines, size_t n_defines,
                                const char *const *sets, size_t n_sets)
{
    const char *dirs[] = {hw_dir, NULL};
    reading r = {xb_diags_new(NULL, XB_DIAG_TEXT, false), NULL};
    r.p = xb_pipeline_read(r.d, registry, name, model, defines, n_defines, sets, n_sets, dirs);
    return r;
}

static inline reading read_text(const char *text)
{
    kit_write("net.yaml", text);
    return read_with(kit_path("net.yaml"), NULL, NULL, 0, NULL, 0);
}

static inline reading read_sets(const char *text, const char *const *sets, size_t n)
{
    kit_write("net.yaml", text);
    return read_with(kit_path("net.yaml"), NULL, NULL, 0, sets, n);
}

static inline void done(reading *r)
{
    xb_pipeline_free(r->p);
    xb_diags_free(r->d);
}

static inline char *printed(const xb_pipeline *p)
{
    xb_buf b = {0};
    xb_pipeline_print(p, &b);
    return b.data;
}

#define NET                                                                                                            \
    "xbarc: 1\nmodel: m.onnx\nseed: 3\nhardware: small\npasses:\n  - tune@a: {epsilon: 0.5}\n  - tune@b\n  - mark\n  " \
    "- lay\n"                                                                                                          \
    "emit:\n  - draw\n  - list\n"

/* print -> read -> print gives the same text, from the same folder. */
static inline void prints_back(const xb_pipeline *p)
{
    char *text = printed(p);
    reading again = read_text(text);
    ck_assert_msg(again.p, "%s\n%s", text, xb_diags_text(again.d));
    char *second = printed(again.p);
    ck_assert_str_eq(text, second);
    free(text);
    free(second);
    done(&again);
}

/* Runs the tests of c in a folder of their own. */
static inline int run_reading(const char *name, TCase *c)
{
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    return run_case(name, c);
}

#endif
