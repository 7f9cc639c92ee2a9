/* group_delete_run_kit.h: group-delete in a pipeline, on networks that are made here. */
#ifndef GROUP_DELETE_RUN_KIT_H
#define GROUP_DELETE_RUN_KIT_H

#define XBARC_BUILTIN
#include "base/out.h"
#include "base/rng.h"
#include "hw/layout.h"
#include "nn/eval.h"
#include "onnx/onnx.h"
#include "pipe_kit.h"

#include "../../passes/group-delete.c"
#include "../../passes/group-delete/compact.c"
#include "../../passes/group-delete/freeze.c"
#include "../../passes/group-delete/groups.c"
#include "../../passes/group-delete/order.c"
#include "../../passes/group-delete/penalty.c"
#include "../../passes/group-delete/told.c"
#include "../../passes/group-delete/training.c"

/* ---- networks ---- */

/* Gemm, or a Conv of 5 x 5, with weights NAME.w and biases NAME.b. */
static inline xb_value synapses(xb_graph *g, const char *name, xb_kind kind, xb_value x, const xb_type *type,
                                uint64_t seed)
{
    char text[3][32];
    const char *suffix[] = {"w", "b", "y"};
    for (int i = 0; i < 3; i++) snprintf(text[i], sizeof text[i], "%s.%s", name, suffix[i]);
    xb_type b = {.dtype = XB_F32, .rank = 1, .dim = {kind == XB_OP_Conv ? type->dim[0] : type->dim[1]}};
    xb_rng r = xb_rng_at(seed, XB_RNG_INIT, 0);
    xb_value in[3] = {x, xb_graph_add_const(g, text[0], type, NULL), xb_graph_add_const(g, text[1], &b, NULL)}, y;
    float *v = xb_graph_write(g, in[1]), *bias = xb_graph_write(g, in[2]);
    int64_t n = xb_type_count(type);
    double scale = sqrt(6.0 * (double)b.dim[0] / (double)n);
    for (int64_t i = 0; i < n; i++) v[i] = (float)(scale * (xb_rng_below(&r, 2001) / 1000.0 - 1));
    for (int64_t i = 0; i < b.dim[0]; i++) bias[i] = (float)(xb_rng_below(&r, 2001) / 1000.0 - 1) / 4;
    const char *out[] = {text[2]};
    xb_graph_add_op_kind(g, (xb_op){0}, kind, name, in, 3, out, &y, 1);
    return y;
}

static inline xb_value dense(xb_graph *g, const char *name, xb_value x, int64_t rows, int64_t cols, uint64_t seed)
{
    return synapses(g, name, XB_OP_Gemm, x, &(xb_type){.dtype = XB_F32, .rank = 2, .dim = {rows, cols}}, seed);
}

static inline xb_value conv(xb_graph *g, const char *name, xb_value x, int64_t in, int64_t out, int64_t stride,
                            int64_t pad)
{
    xb_value y = synapses(g, name, XB_OP_Conv, x, &(xb_type){.dtype = XB_F32, .rank = 4, .dim = {out, in, 5, 5}}, 7);
    xb_op op = xb_graph_find_op(g, name);
    xb_graph_set_ints(g, op, "strides", (int64_t[]){stride, stride}, 2);
    xb_graph_set_ints(g, op, "pads", (int64_t[]){pad, pad, pad, pad}, 4);
    return y;
}

static inline xb_value simple(xb_graph *g, xb_kind kind, const char *name, xb_value x)
{
    char text[32];
    xb_value y;
    snprintf(text, sizeof text, "%s.y", name);
    const char *out[] = {text};
    xb_graph_add_op_kind(g, (xb_op){0}, kind, name, &x, 1, out, &y, 1);
    return y;
}

static inline float *weight(xb_graph *g, const char *name)
{
    return xb_graph_write(g, xb_graph_find(g, name));
}

static inline xb_graph *begin_net(xb_value *x)
{
    xb_graph *g = xb_graph_new("net", "net");
    xb_type type = {.dtype = XB_F32, .rank = 4, .dim = {xb_graph_symbol_id(g, "batch"), 1, 28, 28}};
    *x = xb_graph_add_input(g, "x", &type);
    return g;
}

static inline void write_net(xb_graph *g)
{
    xb_diags *d = xb_diags_new(stderr, XB_DIAG_TEXT, false);
    ck_assert(xb_graph_infer(d, g, NULL));
    xb_out *out = xb_out_open(d, kit_path("net.onnx"));
    ck_assert(xb_onnx_write(d, g, out) && xb_out_commit(out));
    xb_graph_free(g);
    xb_diags_free(d);
}

/* Dense: 784 - n1 - n2 - 10. */
static inline void write_dense(int64_t n1, int64_t n2, void (*prepare)(xb_graph *g))
{
    xb_value v;
    xb_graph *g = begin_net(&v);
    v = simple(g, XB_OP_Flatten, "flat", v);
    v = simple(g, XB_OP_Relu, "relu1", dense(g, "fc1", v, 784, n1, 1));
    v = simple(g, XB_OP_Relu, "relu2", dense(g, "fc2", v, n1, n2, 2));
    xb_graph_add_output(g, dense(g, "fc3", v, n2, 10, 3));
    if (prepare) prepare(g);
    write_net(g);
}

static inline void write_model(void (*prepare)(xb_graph *g))
{
    write_dense(100, 40, prepare);
}

/* ---- a run ---- */

typedef struct job {
    xb_diags *d;
    xb_registry *registry;
    xb_pipeline *p;
    xb_graph *came;
    xb_module *m;
    xb_run_info info;
    xb_layout *l;
} job;

/* checkpoints: folder; NULL: none. */
static inline xb_outcome compile(const char *pass_options, const char *checkpoints, job *out)
{
    job j = {.d = xb_diags_new(NULL, XB_DIAG_TEXT, false), .registry = xb_registry_new()};
    const char *dirs[] = {kit_path("."), NULL};
    xb_buf b = {0};
    xb_registry_search(j.registry, NULL);
    kit_write("hw.yaml",
              "xbarc: 1\nname: hw\nsource: test\ncrossbar: {rule: exact, rows: 64, cols: 64, exact: true}\n");
    xb_buf_printf(&b,
                  "xbarc: 1\nmodel: net.onnx\nseed: 5\nhardware: ./hw.yaml\nemit: []\n"
                  "data: {train: \"digits:700@1\", holdout: 100, input: {scale: 1/256}}\n"
                  "passes: [group-delete: %s]\n",
                  pass_options);
    kit_write("net.yaml", b.data);
    xb_buf_free(&b);
    j.p = xb_pipeline_read(j.d, j.registry, kit_path("net.yaml"), NULL, NULL, 0, NULL, 0, dirs);
    ck_assert_msg(j.p, "%s", xb_diags_text(j.d));
    xb_graph *g = xb_model_load(j.d, j.p->model);
    ck_assert_msg(g, "%s", xb_diags_text(j.d));
    j.came = xb_graph_clone(g);
    j.m = xb_module_new(g);
    xb_context *cx = xb_context_new(j.d, &j.p->hw, j.p->seed, &j.info);
    xb_engine_options engine = {.threads = 1};
    xb_context_learning(cx, &(xb_learning){.data = j.p->data.train,
                                           .dir = j.p->dir,
                                           .holdout = (size_t)j.p->data.holdout,
                                           .checkpoints = checkpoints,
                                           .map = {.scale = 1.0 / 256},
                                           .engine = engine});
    xb_outcome outcome = xb_pipeline_run(j.d, j.p, cx, &j.info, j.m, NULL, &engine);
    xb_context_free(cx);
    if (outcome == XB_DONE) j.l = xb_layout_plan(j.d, xb_module_graph(j.m), &j.p->hw);
    *out = j;
    return outcome;
}

static inline job compiled(const char *pass_options)
{
    job j;
    xb_outcome outcome = compile(pass_options, NULL, &j);
    ck_assert_msg(outcome == XB_DONE, "%s", xb_diags_text(j.d));
    return j;
}

static inline void done(job *j)
{
    xb_layout_free(j->l);
    xb_module_free(j->m);
    xb_graph_free(j->came);
    xb_pipeline_free(j->p);
    xb_registry_free(j->registry);
    xb_diags_free(j->d);
    xb_vec_free(&j->info.inputs);
    xb_vec_free(&j->info.passes);
}

static inline double fact(const job *j, const char *key)
{
    const xb_fact *f;
    for (size_t n = xb_module_facts(j->m, &f), i = 0; i < n; i++)
        if (!f[i].along && !strcmp(f[i].key, key)) return f[i].value;
    ck_abort_msg("there is no fact %s", key);
    return 0;
}

/* Do both networks say the same of 100 digits? */
static inline double off(const job *j)
{
    xb_score s;
    xb_input_map map = {.scale = 1.0 / 256};
    xb_engine_options engine = {.threads = 1};
    xb_dataset *data = xb_dataset_open(j->d, "digits:100@9", NULL);
    ck_assert_msg(xb_evaluate(j->d, xb_module_graph(j->m), j->came, data, &map, 0, 100, &engine, &s), "%s",
                  xb_diags_text(j->d));
    xb_dataset_free(data);
    return s.mse;
}

#endif
