/* pipe_run_plugin.h: passes and backends that do right and wrong on purpose, as the only plugin. */
#ifndef PIPE_RUN_PLUGIN_H
#define PIPE_RUN_PLUGIN_H

#include "pipe_kit.h"
#include <signal.h>

/* ---- passes ---- */

typedef struct scale_options {
    double factor;
} scale_options;
static const xb_option scale_table[] = {
    {.name = "factor", .help = "", .type = XB_OPT_REAL, .offset = offsetof(scale_options, factor), .def = "2"},
    {.name = NULL},
};

static inline const xb_graph_api *graph_of(xb_cx *cx)
{
    return cx->host->service(cx, "xb.graph", 1);
}

static inline void scale_weights(xb_cx *cx, xb_module *m, float factor)
{
    const xb_graph_api *api = graph_of(cx);
    xb_graph *g = api->of(m);
    const xb_value *in;
    api->op_inputs(g, api->first(g), &in);
    float *w = api->write(g, in[1]);
    for (int i = 0; i < 9; i++) w[i] *= factor;
}

static inline int run_scale(xb_cx *cx, xb_module *m, const void *options)
{
    scale_weights(cx, m, (float)((const scale_options *)options)->factor);
    return 0;
}

static inline int run_nothing(xb_cx *cx, xb_module *m, const void *options)
{
    (void)cx, (void)m, (void)options;
    return 0;
}

static inline void add_fact(xb_cx *cx, xb_module *m, const char *key)
{
    const xb_journal_api *journal = cx->host->service(cx, "xb.journal", 1);
    journal->add(cx, m, &(xb_fact){.key = key, .value = 1, .unit = "1", .split = "", .source = "test"});
}

static inline int run_fail(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    scale_weights(cx, m, -1);
    add_fact(cx, m, "half-done");
    cx->host->diagnose(cx, XB_ERROR, "test-failed", NULL, "cannot");
    return -1;
}

static inline int run_mute(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    scale_weights(cx, m, -1);
    return -3;
}

static inline int run_liar(xb_cx *cx, xb_module *m, const void *options)
{
    run_fail(cx, m, options);
    return 0;
}

static inline int run_corrupt(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    const xb_graph_api *api = graph_of(cx);
    xb_graph *g = api->of(m);
    const xb_value *out;
    api->outputs(g, &out);
    api->set_type(g, out[0], &(xb_type){.dtype = XB_F32, .rank = 2, .dim = {7, 5}});
    return 0;
}

static inline int run_interrupt(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    scale_weights(cx, m, -1);
    raise(SIGINT);
    return cx->host->cancelled(cx) ? -1 : 0;
}

/* A curve of two points. */
static inline int run_train(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    const xb_journal_api *journal = cx->host->service(cx, "xb.journal", 1);
    for (int i = 0; i < 2; i++)
        journal->add(cx, m,
                     &(xb_fact){.key = "pass.train.rank.fc",
                                .value = 3 - i,
                                .along = "step",
                                .at = 500 * i,
                                .unit = "1",
                                .split = "",
                                .source = "test"});
    return 0;
}

static inline int run_map(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    const xb_hw_api *hw = cx->host->service(cx, "xb.hw", 1);
    const xb_layout_api *layout = cx->host->service(cx, "xb.layout", 1);
    xb_layout *l = hw->plan(cx, graph_of(cx)->of(m), hw->of(cx));
    return l ? layout->set(cx, m, l) : -1;
}

/* An op more behind the layout's back. */
static inline int run_grow(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    const xb_graph_api *api = graph_of(cx);
    xb_graph *g = api->of(m);
    const xb_value *out;
    api->outputs(g, &out);
    xb_value y = out[0], z;
    xb_op late = api->add_op(g, (xb_op){0}, "Relu", "late", &y, 1, &z, 1);
    api->replace(g, y, z);
    api->set_input(g, late, 0, y);
    return api->infer(cx, g) ? 0 : -1;
}

static inline int run_touch(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    scale_weights(cx, m, 1);
    return 0;
}

KIT_PASS(scale, "scale", XB_LEVEL_GRAPH, .run = run_scale, .options = scale_table,
         .options_size = sizeof(scale_options));
KIT_PASS(nothing, "nothing", XB_LEVEL_GRAPH, .run = run_nothing);
KIT_PASS(fail, "fail", XB_LEVEL_GRAPH, .run = run_fail);
KIT_PASS(mute, "mute", XB_LEVEL_GRAPH, .run = run_mute);
KIT_PASS(liar, "liar", XB_LEVEL_GRAPH, .run = run_liar);
KIT_PASS(corrupt, "corrupt", XB_LEVEL_GRAPH, .run = run_corrupt);
KIT_PASS(interrupt, "interrupt", XB_LEVEL_GRAPH, .run = run_interrupt);
KIT_PASS(mark, "mark", XB_LEVEL_GRAPH, .run = run_scale, .options = scale_table, .options_size = sizeof(scale_options),
         .gives = KIT_NAMES("marked"));
KIT_PASS(needy, "needy", XB_LEVEL_GRAPH, .run = run_nothing, .needs = KIT_NAMES("marked"),
         .drops = KIT_NAMES("marked"));
KIT_PASS(train, "train", XB_LEVEL_GRAPH, .run = run_train);
KIT_PASS(map, "map", XB_LEVEL_MAP, .run = run_map, .gives = KIT_NAMES("layout"));
KIT_PASS(seat, "seat", XB_LEVEL_LAYOUT, .run = run_nothing, .needs = KIT_NAMES("layout"),
         .gives = KIT_NAMES("placement"));
KIT_PASS(grow, "grow", XB_LEVEL_LAYOUT, .run = run_grow);
KIT_PASS(touch, "touch", XB_LEVEL_LAYOUT, .run = run_touch);
static const xb_pass *const passes[] = {&scale, &nothing, &fail, &mute, &liar, &corrupt, &interrupt, &mark,
                                        &needy, &train,   &map,  &seat, &grow, &touch,   NULL};

/* ---- backends ---- */

/* What it is told about the run, as a file. */
static inline int emit_list(xb_cx *cx, xb_module *m, xb_sink *sink, const void *options)
{
    (void)m, (void)options;
    const xb_run_api *run = cx->host->service(cx, "xb.run", 1);
    const char *const(*in)[3], *const(*ran)[2];
    size_t n_in = run->inputs(cx, &in), n_ran = run->passes(cx, &ran);
    char name[100];
    snprintf(name, sizeof name, "sub/%s.txt", cx->instance);
    if (sink->open(sink, name) < 0) return -1;
    for (size_t i = 0; i < n_in; i++) sink->print(sink, "%s %s %zu\n", in[i][0], in[i][1], strlen(in[i][2]));
    for (size_t i = 0; i < n_ran; i++) sink->print(sink, "%s %s\n", ran[i][0], ran[i][1]);
    return sink->close(sink);
}

static inline int emit_broken(xb_cx *cx, xb_module *m, xb_sink *sink, const void *options)
{
    (void)m, (void)options;
    sink->open(sink, "half.txt");
    cx->host->diagnose(cx, XB_ERROR, "test-failed", NULL, "cannot");
    return -1;
}

static inline int emit_mute(xb_cx *cx, xb_module *m, xb_sink *sink, const void *options)
{
    (void)cx, (void)m, (void)sink, (void)options;
    return -9;
}

#define KIT_BACKEND(ident, backend_name, function, ...)                                                                \
    static const xb_backend ident = {.struct_size = sizeof(xb_backend),                                                \
                                     .name = backend_name,                                                             \
                                     .summary = "for tests",                                                           \
                                     .emit = function,                                                                 \
                                     __VA_ARGS__}
KIT_BACKEND(list_it, "list", emit_list, .needs = NULL);
KIT_BACKEND(draw, "draw", emit_list, .needs = KIT_NAMES("layout"));
KIT_BACKEND(broken, "broken", emit_broken, .needs = NULL);
KIT_BACKEND(silent, "silent", emit_mute, .needs = NULL);
static const xb_backend *const backends[] = {&list_it, &draw, &broken, &silent, NULL};
KIT_PLUGIN(passes, backends);

#endif
