/* The pass manager and compile: what passes may do, what is undone, what is written. The model is y = x W with W = 1 (3
 * x 3), so that arg max y = arg max x. */
#include "base/out.h"
#include "base/progress.h"
#include "data/npy.h"
#include "ir/text.h"
#include "onnx/onnx.h"
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

static const xb_graph_api *graph_of(xb_cx *cx)
{
    return cx->host->service(cx, "xb.graph", 1);
}

static void scale_weights(xb_cx *cx, xb_module *m, float factor)
{
    const xb_graph_api *api = graph_of(cx);
    xb_graph *g = api->of(m);
    const xb_value *in;
    api->op_inputs(g, api->first(g), &in);
    float *w = api->write(g, in[1]);
    for (int i = 0; i < 9; i++) w[i] *= factor;
}

static int run_scale(xb_cx *cx, xb_module *m, const void *options)
{
    scale_weights(cx, m, (float)((const scale_options *)options)->factor);
    return 0;
}

static int run_nothing(xb_cx *cx, xb_module *m, const void *options)
{
    (void)cx, (void)m, (void)options;
    return 0;
}

static void add_fact(xb_cx *cx, xb_module *m, const char *key)
{
    const xb_journal_api *journal = cx->host->service(cx, "xb.journal", 1);
    journal->add(cx, m, &(xb_fact){.key = key, .value = 1, .unit = "1", .split = "", .source = "test"});
}

static int run_fail(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    scale_weights(cx, m, -1);
    add_fact(cx, m, "half-done");
    cx->host->diagnose(cx, XB_ERROR, "test-failed", NULL, "cannot");
    return -1;
}

static int run_mute(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    scale_weights(cx, m, -1);
    return -3;
}

static int run_liar(xb_cx *cx, xb_module *m, const void *options)
{
    run_fail(cx, m, options);
    return 0;
}

static int run_corrupt(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    const xb_graph_api *api = graph_of(cx);
    xb_graph *g = api->of(m);
    const xb_value *out;
    api->outputs(g, &out);
    api->set_type(g, out[0], &(xb_type){.dtype = XB_F32, .rank = 2, .dim = {7, 5}});
    return 0;
}

static int run_interrupt(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    scale_weights(cx, m, -1);
    raise(SIGINT);
    return cx->host->cancelled(cx) ? -1 : 0;
}

static int run_map(xb_cx *cx, xb_module *m, const void *options)
{
    (void)options;
    const xb_hw_api *hw = cx->host->service(cx, "xb.hw", 1);
    const xb_layout_api *layout = cx->host->service(cx, "xb.layout", 1);
    xb_layout *l = hw->plan(cx, graph_of(cx)->of(m), hw->of(cx));
    return l ? layout->set(cx, m, l) : -1;
}

/* An op more behind the layout's back. */
static int run_grow(xb_cx *cx, xb_module *m, const void *options)
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

static int run_touch(xb_cx *cx, xb_module *m, const void *options)
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
KIT_PASS(map, "map", XB_LEVEL_MAP, .run = run_map, .gives = KIT_NAMES("layout"));
KIT_PASS(seat, "seat", XB_LEVEL_LAYOUT, .run = run_nothing, .needs = KIT_NAMES("layout"),
         .gives = KIT_NAMES("placement"));
KIT_PASS(grow, "grow", XB_LEVEL_LAYOUT, .run = run_grow);
KIT_PASS(touch, "touch", XB_LEVEL_LAYOUT, .run = run_touch);
static const xb_pass *const passes[] = {&scale, &nothing, &fail, &mute, &liar, &corrupt, &interrupt,
                                        &mark,  &needy,   &map,  &seat, &grow, &touch,   NULL};

/* ---- backends ---- */

/* What it is told about the run, as a file. */
static int emit_list(xb_cx *cx, xb_module *m, xb_sink *sink, const void *options)
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

static int emit_broken(xb_cx *cx, xb_module *m, xb_sink *sink, const void *options)
{
    (void)m, (void)options;
    sink->open(sink, "half.txt");
    cx->host->diagnose(cx, XB_ERROR, "test-failed", NULL, "cannot");
    return -1;
}

static int emit_mute(xb_cx *cx, xb_module *m, xb_sink *sink, const void *options)
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

/* ---- the model, its data ---- */

#define ITEMS 40

static void write_model(void)
{
    xb_diags *d = xb_diags_new(stderr, XB_DIAG_TEXT, false);
    xb_graph *g = xb_graph_new("net", "net");
    xb_type x = {.dtype = XB_F32, .rank = 2, .dim = {xb_graph_symbol_id(g, "batch"), 3}};
    xb_type w = {.dtype = XB_F32, .rank = 2, .dim = {3, 3}};
    const float one[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    xb_value in[2] = {xb_graph_add_input(g, "x", &x), xb_graph_add_const(g, "w", &w, one)}, y;
    const char *name = "y";
    xb_graph_add_op_kind(g, (xb_op){0}, XB_OP_MatMul, "fc", in, 2, &name, &y, 1);
    xb_graph_set_type(g, y, &x);
    xb_graph_add_output(g, y);
    xb_out *out = xb_out_open(d, kit_path("net.onnx"));
    ck_assert(xb_onnx_write(d, g, out) && xb_out_commit(out));
    xb_graph_free(g);
    ck_assert_uint_eq(xb_diags_errors(d), 0);
    xb_diags_free(d);
}

static void write_npy(const char *name, const xb_type *type, double (*value)(size_t i))
{
    xb_diags *d = xb_diags_new(stderr, XB_DIAG_TEXT, false);
    xb_tensor t = {0};
    ck_assert(xb_tensor_alloc(&t, type));
    for (size_t i = 0; i < (size_t)xb_type_count(type); i++) xb_tensor_set(&t, i, value(i));
    xb_out *out = xb_out_open(d, kit_path(name));
    ck_assert(xb_npy_write(&t, out) && xb_out_commit(out));
    xb_tensor_free(&t);
    xb_diags_free(d);
}

static double label(size_t i)
{
    return (double)(i * 7 % 3);
}

/* Largest at the label; for the last 8 items at the next class, so that the model is right on 32 of 40. */
static double pixel(size_t i)
{
    size_t item = i / 3, c = i % 3, top = ((size_t)label(item) + (item >= 32)) % 3;
    return c == top ? 3 : (double)((item + c) % 2);
}

static xb_registry *registry;
static char hw_dir[300];

static void setup(void)
{
    kit_open();
    write_model();
    write_npy("x.npy", &(xb_type){.dtype = XB_F32, .rank = 2, .dim = {ITEMS, 3}}, pixel);
    write_npy("y.npy", &(xb_type){.dtype = XB_I64, .rank = 1, .dim = {ITEMS}}, label);
    kit_write("hw/small.yaml", "xbarc: 1\nname: small\nsource: made up\ncrossbar: {rows: 16, cols: 16}\n");
    snprintf(hw_dir, sizeof hw_dir, "%s/hw", kit_dir);
    registry = xb_registry_new();
    xb_registry_search(registry, NULL);
}

static void teardown(void)
{
    xb_registry_free(registry);
    kit_close();
}

/* ---- running ---- */

typedef struct job {
    xb_diags *d;
    xb_pipeline *p;
    xb_graph *g;
    xb_module *m;
    xb_run_info info;
    xb_outcome outcome;
} job;

#define LABELLED "\"npy:x.npy,y.npy\""

static xb_pipeline *read_net(xb_diags *d, const char *rest)
{
    const char *dirs[] = {hw_dir, NULL};
    xb_buf b = {0};
    xb_buf_printf(&b, "xbarc: 1\nmodel: net.onnx\nseed: 5\nhardware: small\n%s", rest);
    kit_write("net.yaml", b.data);
    xb_buf_free(&b);
    return xb_pipeline_read(d, registry, kit_path("net.yaml"), NULL, NULL, 0, NULL, 0, dirs);
}

static job run_with(const char *rest, const xb_instruments *i)
{
    job j = {.d = xb_diags_new(NULL, XB_DIAG_TEXT, false)};
    j.p = read_net(j.d, rest);
    ck_assert_msg(j.p, "%s", xb_diags_text(j.d));
    j.g = xb_model_load(j.d, j.p->model);
    ck_assert_msg(j.g, "%s", xb_diags_text(j.d));
    j.m = xb_module_new(j.g);
    xb_context *cx = xb_context_new(j.d, &j.p->hw, j.p->seed, &j.info);
    xb_engine_options engine = {.threads = 2};
    j.outcome = xb_pipeline_run(j.d, j.p, cx, &j.info, j.m, i, &engine);
    xb_context_free(cx);
    return j;
}

static job run(const char *passes_text)
{
    xb_buf b = {0};
    xb_buf_printf(&b, "emit: []\npasses: %s\n", passes_text);
    job j = run_with(b.data, NULL);
    xb_buf_free(&b);
    return j;
}

static void done(job *j)
{
    xb_module_free(j->m);
    xb_pipeline_free(j->p);
    xb_diags_free(j->d);
    xb_vec_free(&j->info.inputs);
    xb_vec_free(&j->info.passes);
}

static float weight(const job *j)
{
    const xb_graph *g = xb_module_graph(j->m);
    return ((const float *)xb_graph_data(g, xb_graph_find(g, "w")))[0];
}

static const xb_fact *find_fact(const xb_module *m, const char *key)
{
    const xb_fact *f;
    for (size_t n = xb_module_facts(m, &f), i = 0; i < n; i++)
        if (strcmp(f[i].key, key) == 0) return &f[i];
    return NULL;
}

START_TEST(passes_run_in_order)
{
    job j = run("[scale: {factor: 3}, nothing, mark@a: {factor: 2}, map, seat]");
    ck_assert_msg(j.outcome == XB_DONE, "%s", xb_diags_text(j.d));
    ck_assert_float_eq(weight(&j), 6);
    ck_assert(xb_module_has(j.m, "marked") && xb_module_has(j.m, "layout") && xb_module_has(j.m, "placement"));
    ck_assert_ptr_nonnull(xb_module_layout(j.m));
    ck_assert(find_fact(j.m, "pass.scale.edited")->value == 1 && find_fact(j.m, "pass.nothing.edited")->value == 0);
    ck_assert(find_fact(j.m, "pass.mark@a.ops")->value == 1 && find_fact(j.m, "pass.map.edited")->seed == 5);
    ck_assert_uint_eq(j.info.passes.n, 10);
    ck_assert_str_eq(j.info.passes.data[0], "scale");
    ck_assert_str_eq(j.info.passes.data[1], "{factor: 3}");
    ck_assert_str_eq(j.info.passes.data[3], "{}");
    done(&j);
}
END_TEST

START_TEST(properties_are_dropped)
{
    job j = run("[mark, needy]");
    ck_assert(j.outcome == XB_DONE && !xb_module_has(j.m, "marked"));
    done(&j);
}
END_TEST

static const struct {
    const char *passes;
    xb_outcome outcome;
    const char *says;
    unsigned errors;
} failures[] = {
    {"[scale: {factor: 3}, fail, scale@b]", XB_BAD_INPUT, "error: fail: cannot [test-failed]", 1},
    {"[scale: {factor: 3}, liar, scale@b]", XB_BAD_INPUT, "error: liar: cannot [test-failed]", 1},
    {"[scale: {factor: 3}, mute, scale@b]", XB_FAULT, "'mute' failed with status -3 and did not say why [pass-failed]",
     1},
    {"[scale: {factor: 3}, interrupt, scale@b]", XB_STOPPED, "", 0},
};

/* The module is as it was before the pass that failed. */
START_TEST(failed_pass_leaves_the_module)
{
    xb_interrupt_install();
    job j = run(failures[_i].passes);
    ck_assert_int_eq(j.outcome, failures[_i].outcome);
    ck_assert_msg(strstr(xb_diags_text(j.d), failures[_i].says), "%s", xb_diags_text(j.d));
    ck_assert_uint_eq(xb_diags_errors(j.d), failures[_i].errors);
    ck_assert_float_eq(weight(&j), 3);
    ck_assert_ptr_null(find_fact(j.m, "half-done"));
    ck_assert_ptr_nonnull(find_fact(j.m, "pass.scale.edited"));
    ck_assert_ptr_null(find_fact(j.m, "pass.scale@b.edited"));
    ck_assert_uint_eq(j.info.passes.n, 2);
    done(&j);
}
END_TEST

START_TEST(verifier)
{
    xb_instruments each = {.verify_each = true};
    job j = run_with("emit: []\npasses: [corrupt, scale]\n", &each);
    ck_assert_int_eq(j.outcome, XB_FAULT);
    ck_assert(strstr(xb_diags_text(j.d), "'corrupt' left a graph that is not whole [pass-verify]"));
    ck_assert(!find_fact(j.m, "pass.corrupt.edited"));
    done(&j);
    j = run_with("emit: []\npasses: [corrupt, scale]\n", NULL);
    ck_assert_int_eq(j.outcome, XB_FAULT);
    ck_assert(strstr(xb_diags_text(j.d), "'corrupt' left a graph that is not whole [pass-verify]"));
    done(&j);
}
END_TEST

START_TEST(edits_behind_the_layout)
{
    job j = run("[map, seat, grow]");
    ck_assert_msg(j.outcome == XB_DONE, "%s", xb_diags_text(j.d));
    ck_assert(!xb_module_has(j.m, "layout") && !xb_module_has(j.m, "placement") && !xb_module_layout(j.m));
    done(&j);
    j = run("[map, touch, seat]"); /* values alone leave the layout */
    ck_assert(j.outcome == XB_DONE && xb_module_has(j.m, "layout") && xb_module_layout(j.m));
    done(&j);
    j = run("[map, grow, seat]");
    ck_assert_int_eq(j.outcome, XB_BAD_INPUT);
    ck_assert(strstr(xb_diags_text(j.d), "'seat' needs 'layout', which no longer holds [pipeline-needs]"));
    done(&j);
}
END_TEST

/* ---- gates ---- */

#define GATE(metric, drop, fail)                                                                                       \
    "emit: []\ndata: {train: " LABELLED ", holdout: 20}\ngate: {metric: " metric ", max-drop: " drop                   \
    ", on-fail: " fail "}\n"

START_TEST(gate_rolls_back)
{
    job j = run_with(GATE("top1", "0.2",
                          "rollback") "passes: [scale: {factor: 3}, mark: {factor: -1}, needy, scale@b: {factor: 2}]\n",
                     NULL);
    ck_assert_msg(j.outcome == XB_DONE, "%s", xb_diags_text(j.d));
    ck_assert_float_eq(weight(&j), 6);
    ck_assert_double_eq(find_fact(j.m, "gate.baseline.top1")->value, 0.6); /* the last 20 items, 8 of them wrong */
    ck_assert_str_eq(find_fact(j.m, "gate.baseline.top1")->split, "holdout");
    ck_assert_double_eq(find_fact(j.m, "pass.scale.top1")->value, 0.6);
    ck_assert(find_fact(j.m, "pass.mark.top1")->value < 0.5 && find_fact(j.m, "pass.mark.rolled-back")->value > 10);
    ck_assert(!find_fact(j.m, "pass.mark.edited") && find_fact(j.m, "pass.needy.left-out"));
    ck_assert(!xb_module_has(j.m, "marked"));
    ck_assert_uint_eq(xb_diags_warnings(j.d), 2);
    ck_assert_msg(strstr(xb_diags_text(j.d), "warning: 'mark' loses") && strstr(xb_diags_text(j.d), "[gate]") &&
                      strstr(xb_diags_text(j.d), "'needy' needs 'marked', which no longer holds; left out"),
                  "%s", xb_diags_text(j.d));
    done(&j);
}
END_TEST

START_TEST(gate_stops)
{
    job j = run_with(GATE("top1", "0.2", "stop") "passes: [scale: {factor: 3}, mark: {factor: -1}, scale@b]\n", NULL);
    ck_assert_int_eq(j.outcome, XB_GATE_FAILED);
    ck_assert_uint_eq(xb_diags_errors(j.d), 1);
    ck_assert_float_eq(weight(&j), 3);
    done(&j);
}
END_TEST

static const struct {
    const char *rest;
    float weight;
    const char *fact;
    double value;
} gates[] = {
    {GATE("agreement", "1", "rollback") "passes: [scale: {factor: 3}]\n", 3, "pass.scale.agreement", 1},
    {GATE("agreement", "1", "rollback") "passes: [scale: {factor: -1}]\n", 1, "pass.scale.agreement", -1},
    {GATE("mse", "1000", "rollback") "passes: [scale: {factor: 2}]\n", 2, "pass.scale.mse", -1},
    {GATE("mse", "0.01", "rollback") "passes: [scale: {factor: 2}]\n", 1, "pass.scale.mse", -1},
    {GATE("psnr", "30", "rollback") "passes: [scale: {factor: 1.001}]\n", 1.001f, "pass.scale.psnr", -1},
    {GATE("psnr", "30", "rollback") "passes: [scale: {factor: 2}]\n", 1, "pass.scale.psnr", -1},
    {"emit: []\ndata: {calibrate: \"npy:x.npy\"}\ngate: {metric: mse, max-drop: 0.5}\npasses: [scale: {factor: "
     "1.01}]\n",
     1.01f, "pass.scale.mse", -1},
    {GATE("top1", "0", "stop") "passes: [nothing]\n", 1, "gate.baseline.top1", 0.6},
};

START_TEST(gate_metrics)
{
    job j = run_with(gates[_i].rest, NULL);
    ck_assert_msg(j.outcome == XB_DONE, "%s", xb_diags_text(j.d));
    ck_assert_float_eq(weight(&j), gates[_i].weight);
    const xb_fact *f = find_fact(j.m, gates[_i].fact);
    ck_assert_ptr_nonnull(f);
    if (gates[_i].value >= 0) ck_assert_double_eq(f->value, gates[_i].value);
    done(&j);
}
END_TEST

static const struct {
    const char *rest, *says;
} bad_gates[] = {
    {"emit: []\npasses: []\ndata: {train: " LABELLED ", holdout: 41}\ngate: {max-drop: 1}\n",
     "the gate wants 41 items, but 'npy:x.npy,y.npy' has 40"},
    {"emit: []\npasses: []\ndata: {calibrate: \"npy:x.npy\"}\ngate: {max-drop: 1}\n", "metric top1 needs labels"},
    {"emit: []\npasses: []\ndata: {calibrate: \"npy:none.npy\"}\ngate: {max-drop: 1}\n", "none.npy"},
    {"emit: []\npasses: []\ndata: {calibrate: " LABELLED ", input: {mean: [1, 2]}}\ngate: {max-drop: 1}\n", "error"},
};

START_TEST(gate_data)
{
    job j = run_with(bad_gates[_i].rest, NULL);
    ck_assert_int_eq(j.outcome, XB_BAD_INPUT);
    ck_assert_msg(strstr(xb_diags_text(j.d), bad_gates[_i].says), "%s", xb_diags_text(j.d));
    done(&j);
}
END_TEST

/* ---- instruments ---- */

static char *slurp(FILE *f)
{
    rewind(f);
    static char text[20000];
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    return text;
}

START_TEST(prints_and_dumps)
{
    const char *const after[] = {"scale", "map"};
    xb_instruments i = {.print_after = after, .n_print_after = 2, .dump_dir = kit_path("dump"), .print_to = tmpfile()};
    job j = run_with("emit: []\npasses: [scale@a, nothing, map]\n", &i);
    ck_assert_msg(j.outcome == XB_DONE, "%s", xb_diags_text(j.d));
    char *text = slurp(i.print_to);
    ck_assert(strstr(text, "--- after scale@a ---\n") && strstr(text, "--- after map ---\n") && strstr(text, "MatMul"));
    ck_assert_ptr_null(strstr(text, "after nothing"));
    char *dumped = kit_read("dump/02-nothing.xir");
    ck_assert(dumped && strstr(dumped, "MatMul") && xb_exists(kit_path("dump/01-scale@a.xir")) &&
              xb_exists(kit_path("dump/03-map.xir")));
    free(dumped);
    done(&j);
    const char *const unknown[] = {"scales"};
    i = (xb_instruments){.print_after = unknown, .n_print_after = 1};
    j = run_with("emit: []\npasses: [scale]\n", &i);
    ck_assert(j.outcome == XB_BAD_INPUT &&
              strstr(xb_diags_text(j.d), "no pass 'scales' in the pipeline to print after"));
    done(&j);
    const char *const all[] = {"all"};
    i = (xb_instruments){.print_after = all, .n_print_after = 1, .print_to = tmpfile()};
    j = run_with("emit: []\npasses: [scale, nothing]\n", &i);
    text = slurp(i.print_to);
    ck_assert(strstr(text, "after scale") && strstr(text, "after nothing"));
    done(&j);
    i = (xb_instruments){.dump_dir = kit_path("net.onnx/no")};
    j = run_with("emit: []\npasses: [scale]\n", &i);
    ck_assert(j.outcome == XB_BAD_INPUT && xb_diags_errors(j.d) == 1);
    done(&j);
}
END_TEST

START_TEST(times)
{
    xb_instruments i = {.time_passes = true, .print_to = tmpfile()};
    job j = run_with(GATE("top1", "1", "stop") "passes: [scale, nothing]\n", &i);
    char *text = slurp(i.print_to);
    ck_assert_msg(strstr(text, "wall s") && strstr(text, "\nscale ") && strstr(text, "\ngate of scale ") &&
                      strstr(text, "\nall "),
                  "%s", text);
    done(&j);
    i = (xb_instruments){.time_passes = true, .time_json = true, .print_to = tmpfile()};
    j = run_with("emit: []\npasses: [scale, nothing]\n", &i);
    text = slurp(i.print_to);
    ck_assert_msg(strstr(text, "{\"name\": \"scale\", \"wall_s\": ") && strstr(text, "\"cpu_s\": "), "%s", text);
    done(&j);
}
END_TEST

/* ---- compile ---- */

static xb_outcome compile(const char *rest, const char *out, int threads, char **said)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_pipeline *p = read_net(d, rest);
    ck_assert_msg(p, "%s", xb_diags_text(d));
    xb_engine_options engine = {.threads = threads};
    xb_outcome outcome = xb_compile(d, p, kit_path(out), NULL, &engine);
    if (said) *said = xb_strdup(xb_diags_text(d));
    if (!said) ck_assert_msg(outcome == XB_DONE, "%s", xb_diags_text(d));
    xb_pipeline_free(p);
    xb_diags_free(d);
    return outcome;
}

#define FULL "data: {test: " LABELLED "}\npasses: [scale: {factor: -1}, map, seat]\nemit: [list, draw]\n"

static bool shell(const char *format, const char *a, const char *b)
{
    char command[1500];
    snprintf(command, sizeof command, format, a, b);
    return system(command) == 0;
}

START_TEST(compile_writes_a_folder)
{
    ck_assert_int_eq(compile(FULL, "out", 1, NULL), XB_DONE);
    ck_assert(shell("cd '%s' && sha256sum --quiet -c MANIFEST%s", kit_path("out"), ""));
    char *manifest = kit_read("out/MANIFEST"), *pipeline = kit_read("out/pipeline.yaml"),
         *journal = kit_read("out/journal.json");
    const char *const names[] = {"pipeline.yaml", "hardware.yaml", "model.xir",
                                 "model.weights", "journal.json",  "sub/list.txt"};
    for (size_t i = 0; i < 6; i++) ck_assert_msg(strstr(manifest, names[i]), "%s", names[i]);
    ck_assert(strstr(pipeline, "model: net.onnx\n") && strstr(pipeline, "hardware: hardware.yaml\n"));
    ck_assert(!strstr(pipeline, kit_dir) && !strstr(journal, kit_dir));
    ck_assert_msg(
        strstr(journal,
               "{\"key\": \"accuracy.reference.top1\", \"value\": 0.8, \"unit\": \"ratio\", \"split\": \"test\", "
               "\"seed\": 5, \"source\": \"eval\"}"),
        "%s", journal);
    ck_assert(strstr(journal, "\"accuracy.compiled.top1\", \"value\": 0.") &&
              !strstr(journal, "\"accuracy.compiled.top1\", \"value\": 0.8"));
    char *list = kit_read("out/sub/list.txt");
    ck_assert_str_eq(
        list, "model net.onnx 64\nhardware small 64\npipeline net.yaml 64\nscale {factor: -1}\nmap {}\nseat {}\n");
    free(list);
    free(manifest);
    free(pipeline);
    free(journal);
}
END_TEST

START_TEST(compiled_model_and_hardware_read_back)
{
    compile(FULL, "out", 1, NULL);
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = xb_model_load(d, kit_path("out/model.xir"));
    ck_assert_msg(g, "%s", xb_diags_text(d));
    ck_assert_float_eq(((const float *)xb_graph_data(g, xb_graph_find(g, "w")))[0], -1);
    xb_graph_free(g);
    xb_arena *a = xb_arena_new();
    xb_hw hw;
    ck_assert_msg(xb_hw_read_file(d, a, kit_path("out/hardware.yaml"), NULL, &hw), "%s", xb_diags_text(d));
    ck_assert(hw.max_rows == 16);
    xb_arena_free(a);
    xb_diags_free(d);
}
END_TEST

START_TEST(same_bytes_at_any_thread_count)
{
    compile(FULL, "out1", 1, NULL);
    compile(FULL, "out4", 4, NULL);
    compile(FULL, "out4", 4, NULL); /* over the old one */
    ck_assert(shell("diff -r '%s' '%s'", kit_path("out1"), kit_path("out4")));
}
END_TEST

START_TEST(unchanged_graph_is_one_evaluation)
{
    compile("data: {test: " LABELLED "}\npasses: [nothing, map]\nemit: []\n", "out", 1, NULL);
    char *journal = kit_read("out/journal.json");
    ck_assert(strstr(journal, "\"accuracy.reference.top1\", \"value\": 0.8,") &&
              strstr(journal, "\"accuracy.compiled.top1\", \"value\": 0.8,"));
    free(journal);
}
END_TEST

START_TEST(test_set_without_labels)
{
    compile("data: {test: \"npy:x.npy\"}\npasses: [scale]\nemit: []\n", "out", 1, NULL);
    char *journal = kit_read("out/journal.json");
    ck_assert(strstr(journal, "\"accuracy.compiled.agreement\", \"value\": 1,") &&
              strstr(journal, "accuracy.compiled.mse"));
    ck_assert_ptr_null(strstr(journal, "top1"));
    free(journal);
}
END_TEST

static const struct {
    const char *rest;
    xb_outcome outcome;
    const char *says;
} bad_compiles[] = {
    {"passes: [fail]\nemit: []\n", XB_BAD_INPUT, "fail: cannot"},
    {"passes: [mute]\nemit: []\n", XB_FAULT, "pass-failed"},
    {"passes: [interrupt]\nemit: []\n", XB_STOPPED, ""},
    {GATE("top1", "0.2", "stop") "passes: [scale: {factor: -1}]\n", XB_GATE_FAILED, "[gate]"},
    {"passes: [nothing]\nemit: [list, broken]\n", XB_BAD_INPUT, "broken: cannot"},
    {"passes: [nothing]\nemit: [silent]\n", XB_FAULT,
     "'silent' failed with status -9 and did not say why [emit-failed]"},
    {"passes: [nothing]\nemit: [list]\ndata: {test: \"npy:none.npy\"}\n", XB_BAD_INPUT, "none.npy"},
    {"passes: [map, grow]\nemit: [draw]\n", XB_BAD_INPUT, "'draw' needs 'layout', which no longer holds"},
};

/* Nothing half-written, and an older folder stays. */
START_TEST(failed_compile_leaves_the_old_folder)
{
    xb_interrupt_install();
    compile("passes: [scale]\nemit: []\n", "out", 1, NULL);
    ck_assert(shell("cp -r '%s' '%s'", kit_path("out"), kit_path("copy")));
    char *said;
    ck_assert_int_eq(compile(bad_compiles[_i].rest, "out", 1, &said), bad_compiles[_i].outcome);
    ck_assert_msg(strstr(said, bad_compiles[_i].says), "%s", said);
    free(said);
    ck_assert(shell("diff -r '%s' '%s'", kit_path("out"), kit_path("copy")));
    ck_assert(shell("test \"$(ls -a '%s' | grep -c partial)\" = 0%s", kit_dir, ""));
}
END_TEST

START_TEST(foreign_folder_is_refused)
{
    kit_write("out/mine.txt", "x");
    char *said;
    ck_assert_int_eq(compile(FULL, "out", 1, &said), XB_BAD_INPUT);
    ck_assert_msg(strstr(said, "mine.txt"), "%s", said);
    free(said);
    ck_assert(xb_exists(kit_path("out/mine.txt")) && !xb_exists(kit_path("out/model.xir")));
}
END_TEST

START_TEST(bad_models)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    ck_assert(!xb_model_load(d, kit_path("x.npy")));
    ck_assert(strstr(xb_diags_text(d), "x.npy: error: a model file ends in .onnx or .xir [model]"));
    ck_assert(!xb_model_load(d, kit_path("none.onnx")));
    ck_assert_uint_eq(xb_diags_errors(d), 2);
    kit_write("bad.onnx", "this is not protobuf at all");
    ck_assert(!xb_model_load(d, kit_path("bad.onnx")));
    kit_write("bad.xir", "nor this");
    ck_assert(!xb_model_load(d, kit_path("bad.xir")));
    ck_assert_uint_ge(xb_diags_errors(d), 4);
    xb_diags_free(d);
    kit_write("net.onnx", "");
    char *said;
    ck_assert_int_eq(compile(FULL, "out", 1, &said), XB_BAD_INPUT);
    ck_assert(*said && !xb_exists(kit_path("out")));
    free(said);
}
END_TEST

START_TEST(stats_name_the_kernels)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_pipeline *p = read_net(d, "passes: []\nemit: []\n");
    xb_instruments i = {.stats = true, .print_to = tmpfile()};
    xb_engine_options engine = {.threads = 1};
    ck_assert_int_eq(xb_compile(d, p, kit_path("out"), &i, &engine), XB_DONE);
    ck_assert(strstr(slurp(i.print_to), "fc"));
    xb_pipeline_free(p);
    xb_diags_free(d);
}
END_TEST

#define COUNT(list) ((int)(sizeof list / sizeof *list))

int main(void)
{
    TCase *c = tcase_create("run");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, passes_run_in_order);
    tcase_add_test(c, properties_are_dropped);
    tcase_add_loop_test(c, failed_pass_leaves_the_module, 0, COUNT(failures));
    tcase_add_test(c, verifier);
    tcase_add_test(c, edits_behind_the_layout);
    tcase_add_test(c, gate_rolls_back);
    tcase_add_test(c, gate_stops);
    tcase_add_loop_test(c, gate_metrics, 0, COUNT(gates));
    tcase_add_loop_test(c, gate_data, 0, COUNT(bad_gates));
    tcase_add_test(c, prints_and_dumps);
    tcase_add_test(c, times);
    tcase_add_test(c, compile_writes_a_folder);
    tcase_add_test(c, compiled_model_and_hardware_read_back);
    tcase_add_test(c, same_bytes_at_any_thread_count);
    tcase_add_test(c, unchanged_graph_is_one_evaluation);
    tcase_add_test(c, test_set_without_labels);
    tcase_add_loop_test(c, failed_compile_leaves_the_old_folder, 0, COUNT(bad_compiles));
    tcase_add_test(c, foreign_folder_is_refused);
    tcase_add_test(c, bad_models);
    tcase_add_test(c, stats_name_the_kernels);
    tcase_set_timeout(c, 120);
    Suite *s = suite_create("pipe/run");
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
