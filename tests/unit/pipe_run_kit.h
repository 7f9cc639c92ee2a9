/* pipe_run_kit.h: a model, its data, and running pipelines on it. The model is y = x W with W = 1 (3 x 3), so that arg
 * max y = arg max x. */
#ifndef PIPE_RUN_KIT_H
#define PIPE_RUN_KIT_H

#include "base/out.h"
#include "data/npy.h"
#include "onnx/onnx.h"
#include "pipe_run_plugin.h"

/* ---- the model, its data ---- */

#define ITEMS 40

static inline void write_model(void)
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

static inline void write_npy(const char *name, const xb_type *type, double (*value)(size_t i))
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

static inline double label(size_t i)
{
    return (double)(i * 7 % 3);
}

/* Largest at the label; for the last 8 items at the next class, so that the model is right on 32 of 40. */
static inline double pixel(size_t i)
{
    size_t item = i / 3, c = i % 3, top = ((size_t)label(item) + (item >= 32)) % 3;
    return c == top ? 3 : (double)((item + c) % 2);
}

static xb_registry *registry;
static char hw_dir[300];

static inline void setup(void)
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

static inline void teardown(void)
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

static inline xb_pipeline *read_net(xb_diags *d, const char *rest)
{
    const char *dirs[] = {hw_dir, NULL};
    xb_buf b = {0};
    xb_buf_printf(&b, "xbarc: 1\nmodel: net.onnx\nseed: 5\nhardware: small\n%s", rest);
    kit_write("net.yaml", b.data);
    xb_buf_free(&b);
    return xb_pipeline_read(d, registry, kit_path("net.yaml"), NULL, NULL, 0, NULL, 0, dirs);
}

static inline job run_with(const char *rest, const xb_instruments *i)
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

static inline job run(const char *passes_text)
{
    xb_buf b = {0};
    xb_buf_printf(&b, "emit: []\npasses: %s\n", passes_text);
    job j = run_with(b.data, NULL);
    xb_buf_free(&b);
    return j;
}

static inline void done(job *j)
{
    xb_module_free(j->m);
    xb_pipeline_free(j->p);
    xb_diags_free(j->d);
    xb_vec_free(&j->info.inputs);
    xb_vec_free(&j->info.passes);
}

static inline float weight(const job *j)
{
    const xb_graph *g = xb_module_graph(j->m);
    return ((const float *)xb_graph_data(g, xb_graph_find(g, "w")))[0];
}

static inline const xb_fact *find_fact(const xb_module *m, const char *key)
{
    const xb_fact *f;
    for (size_t n = xb_module_facts(m, &f), i = 0; i < n; i++)
        if (strcmp(f[i].key, key) == 0) return &f[i];
    return NULL;
}

#define GATE(metric, drop, fail)                                                                                       \
    "emit: []\ndata: {train: " LABELLED ", holdout: 20}\ngate: {metric: " metric ", max-drop: " drop                   \
    ", on-fail: " fail "}\n"

static inline char *slurp(FILE *f)
{
    rewind(f);
    static char text[20000];
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    return text;
}

#endif
