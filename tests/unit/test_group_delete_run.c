/* group-delete in a pipeline: what is frozen, what stays zero, what is taken out. */
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

xb_query_fn *const xb_builtin_plugins[] = {xbarc_plugin_query_group_delete, NULL};

/* ---- a network: 784 - 100 - 40 - 10, dense ---- */

static xb_value dense(xb_graph *g, const char *name, xb_value x, int64_t rows, int64_t cols, uint64_t seed)
{
    char text[3][32];
    const char *suffix[] = {"w", "b", "y"};
    for (int i = 0; i < 3; i++) snprintf(text[i], sizeof text[i], "%s.%s", name, suffix[i]);
    xb_type w = {.dtype = XB_F32, .rank = 2, .dim = {rows, cols}}, b = {.dtype = XB_F32, .rank = 1, .dim = {cols}};
    xb_rng r = xb_rng_at(seed, XB_RNG_INIT, 0);
    xb_value in[3] = {x, xb_graph_add_const(g, text[0], &w, NULL), xb_graph_add_const(g, text[1], &b, NULL)}, y;
    float *v = xb_graph_write(g, in[1]), *bias = xb_graph_write(g, in[2]);
    double scale = sqrt(6.0 / (double)rows);
    for (int64_t i = 0; i < rows * cols; i++) v[i] = (float)(scale * (xb_rng_below(&r, 2001) / 1000.0 - 1));
    for (int64_t i = 0; i < cols; i++) bias[i] = (float)(xb_rng_below(&r, 2001) / 1000.0 - 1) / 4;
    const char *out[] = {text[2]};
    xb_graph_add_op_kind(g, (xb_op){0}, XB_OP_Gemm, name, in, 3, out, &y, 1);
    return y;
}

static xb_value simple(xb_graph *g, xb_kind kind, const char *name, xb_value x)
{
    char text[32];
    xb_value y;
    snprintf(text, sizeof text, "%s.y", name);
    const char *out[] = {text};
    xb_graph_add_op_kind(g, (xb_op){0}, kind, name, &x, 1, out, &y, 1);
    return y;
}

static float *weight(xb_graph *g, const char *name)
{
    return xb_graph_write(g, xb_graph_find(g, name));
}

static void write_model(void (*prepare)(xb_graph *g))
{
    xb_diags *d = xb_diags_new(stderr, XB_DIAG_TEXT, false);
    xb_graph *g = xb_graph_new("net", "net");
    xb_type x = {.dtype = XB_F32, .rank = 4, .dim = {xb_graph_symbol_id(g, "batch"), 1, 28, 28}};
    xb_value v = simple(g, XB_OP_Flatten, "flat", xb_graph_add_input(g, "x", &x));
    v = simple(g, XB_OP_Relu, "relu1", dense(g, "fc1", v, 784, 100, 1));
    v = simple(g, XB_OP_Relu, "relu2", dense(g, "fc2", v, 100, 40, 2));
    xb_graph_add_output(g, dense(g, "fc3", v, 40, 10, 3));
    if (prepare) prepare(g);
    ck_assert(xb_graph_infer(d, g, NULL));
    xb_out *out = xb_out_open(d, kit_path("net.onnx"));
    ck_assert(xb_onnx_write(d, g, out) && xb_out_commit(out));
    xb_graph_free(g);
    xb_diags_free(d);
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

static job compiled(const char *pass_options)
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
                                           .map = {.scale = 1.0 / 256},
                                           .engine = engine});
    ck_assert_msg(xb_pipeline_run(j.d, j.p, cx, &j.info, j.m, NULL, &engine) == XB_DONE, "%s", xb_diags_text(j.d));
    xb_context_free(cx);
    j.l = xb_layout_plan(j.d, xb_module_graph(j.m), &j.p->hw);
    return j;
}

static void done(job *j)
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

static double fact(const job *j, const char *key)
{
    const xb_fact *f;
    for (size_t n = xb_module_facts(j->m, &f), i = 0; i < n; i++)
        if (!f[i].along && !strcmp(f[i].key, key)) return f[i].value;
    ck_abort_msg("there is no fact %s", key);
    return 0;
}

/* Do both networks say the same of 100 digits? */
static double off(const job *j)
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

/* ---- tests ---- */

/* Every counted group is zero and masked as a whole, or neither; wires only go once they are frozen. */
START_TEST(what_is_gone_stays_gone)
{
    write_model(NULL);
    job j =
        compiled("{lambda: 0.5, scale: false, train: {epochs: 6, batch: 50, rate: 0.01}, tune: {epochs: 3, batch: 50}, "
                 "compact: false}");
    const xb_graph *g = xb_module_graph(j.m);
    const xb_matrix *m;
    const xb_block *b;
    size_t blocks = xb_layout_blocks(j.l, &b), zero = 0;
    xb_layout_matrices(j.l, &m);
    for (size_t k = 0; k < blocks; k++) {
        const xb_matrix *one = &m[b[k].matrix];
        const xb_attr *mask = xb_graph_note(g, one->weight, "mask");
        const float *v = xb_graph_data(g, one->weight);
        if (b[k].rows == one->rows) continue; /* fc3: one array */
        for (int64_t c = 0; c < b[k].cols; c++) {
            int64_t masked = 0, nonzero = 0, col = b[k].col_list ? b[k].col_list[c] : b[k].col + c;
            for (int64_t r = 0; r < b[k].rows; r++) {
                int64_t row = b[k].row_list ? b[k].row_list[r] : b[k].row + r;
                size_t at = (size_t)(row * one->row_stride + col * one->col_stride);
                masked += mask && !mask->ints[at];
                nonzero += v[at] != 0;
                ck_assert(!mask || mask->ints[at] || v[at] == 0);
            }
            if (!nonzero) ck_assert_int_eq(masked, b[k].rows);
            zero += nonzero == 0;
        }
    }
    ck_assert_uint_gt(zero, 0);
    const xb_fact *f;
    double last = 1e9;
    size_t points = 0;
    for (size_t n = xb_module_facts(j.m, &f), i = 0; i < n; i++) {
        if (!f[i].along || strcmp(f[i].key, "pass.group-delete.wires.fc1") || f[i].at < 6 * 12) continue;
        ck_assert(f[i].value <= last); /* the last of phase 1, those of phase 3 */
        last = f[i].value;
        points++;
    }
    ck_assert_uint_eq(points, 1 + 3);
    ck_assert_double_eq(last, fact(&j, "pass.group-delete.wires-after.fc1"));
    ck_assert_double_eq(fact(&j, "pass.group-delete.wires-after"), (double)xb_layout_chip_cost(j.l)->wires);
    ck_assert(fact(&j, "pass.group-delete.wires-after") < fact(&j, "pass.group-delete.wires-before"));
    done(&j);
}
END_TEST

/* fc1: the second half, a column of arrays, has biases alone. fc2: units 3 and 7 too; unit 5 is not read. */
static void idle(xb_graph *g)
{
    float *fc1 = weight(g, "fc1.w"), *fc2 = weight(g, "fc2.w"), *fc3 = weight(g, "fc3.w");
    for (int r = 0; r < 784; r++) memset(fc1 + r * 100 + 50, 0, 50 * sizeof *fc1);
    for (int r = 0; r < 100; r++) fc2[r * 40 + 3] = fc2[r * 40 + 7] = 0;
    memset(fc3 + 5 * 10, 0, 10 * sizeof *fc3);
}

#define STILL "lambda: 0, permute: false, train: {epochs: 0}, tune: {epochs: 0}"

START_TEST(idle_units_go)
{
    write_model(idle);
    job j = compiled("{" STILL "}");
    const xb_layer_cost *c;
    ck_assert_uint_eq(xb_layout_layer_costs(j.l, &c), 3);
    ck_assert(c[0].rows == 784 && c[0].cols == 50 && c[1].rows == 50 && c[1].cols == 37 && c[2].rows == 37);
    ck_assert_double_eq(fact(&j, "pass.group-delete.removed-units"), 53);
    ck_assert(off(&j) < 1e-9);
    done(&j);
    j = compiled("{" STILL ", compact: false}");
    ck_assert_double_eq(fact(&j, "pass.group-delete.removed-units"), 0);
    ck_assert_double_eq(off(&j), 0);
    done(&j);
}
END_TEST

/* 3 of 100 units: 97 is prime, so that arrays of 97 rows in pieces of one would take their place: they stay. */
static void few_idle(xb_graph *g)
{
    float *fc1 = weight(g, "fc1.w");
    for (int r = 0; r < 784; r++) fc1[r * 100 + 1] = fc1[r * 100 + 51] = fc1[r * 100 + 60] = 0;
}

START_TEST(no_removal_that_cuts_worse)
{
    write_model(few_idle);
    job j = compiled("{" STILL "}");
    const xb_layer_cost *c;
    xb_layout_layer_costs(j.l, &c);
    ck_assert(c[0].cols == 100 && c[1].rows == 100);
    ck_assert_double_eq(fact(&j, "pass.group-delete.removed-units"), 0);
    ck_assert_double_eq(off(&j), 0);
    done(&j);
}
END_TEST

/* The order of rows outlives a removal: what is left of it is an order of what is left. */
START_TEST(orders_outlive_removals)
{
    write_model(idle);
    job j = compiled("{lambda: 0, train: {epochs: 0}, tune: {epochs: 0}}");
    const xb_graph *g = xb_module_graph(j.m);
    const xb_attr *rows = xb_graph_note(g, xb_graph_find(g, "fc1.w"), "perm-rows");
    const xb_layer_cost *c;
    xb_layout_layer_costs(j.l, &c);
    ck_assert(rows && rows->n == 784);
    ck_assert(c[0].cols == 50);
    ck_assert(off(&j) < 1e-9);
    done(&j);
}
END_TEST

/* What is given up for the gate is brought back, and a mask that came along still holds. */
START_TEST(gate_gives_back)
{
    write_model(NULL);
    job j = compiled("{lambda: 0.5, gate: {max-drop: -100}, permute: false, train: {epochs: 1, batch: 50, rate: 0.01}, "
                     "tune: {epochs: 1, batch: 50}}");
    const char *names[] = {"fc1.w", "fc1.b", "fc2.w", "fc2.b", "fc3.w", "fc3.b"};
    const xb_graph *g = xb_module_graph(j.m);
    for (size_t i = 0; i < 6; i++) {
        size_t n, m;
        const void *now = xb_graph_raw(g, xb_graph_find(g, names[i]), &n);
        const void *was = xb_graph_raw(j.came, xb_graph_find(j.came, names[i]), &m);
        ck_assert_msg(n == m && !memcmp(now, was, n), "%s", names[i]);
    }
    ck_assert(strstr(xb_diags_text(j.d), "the network is as it came [gate]"));
    ck_assert(fact(&j, "pass.group-delete.undone") > -100);
    done(&j);
}
END_TEST

/* Whatever lambda is, no layer is lost. */
START_TEST(no_layer_dies)
{
    write_model(NULL);
    job j = compiled("{lambda: 1e5, train: {epochs: 2, batch: 50, rate: 0.01}, tune: {epochs: 0}}");
    ck_assert(strstr(xb_diags_text(j.d), "leaves nothing of 'fc1' at step"));
    ck_assert(fact(&j, "pass.group-delete.wires-after.fc1") > 0 && fact(&j, "pass.group-delete.wires-after.fc2") > 0);
    done(&j);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("group_delete_run");
    TCase *t = tcase_create("group_delete_run");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, kit_open, kit_close);
    tcase_add_test(t, what_is_gone_stays_gone);
    tcase_add_test(t, idle_units_go);
    tcase_add_test(t, no_removal_that_cuts_worse);
    tcase_add_test(t, orders_outlive_removals);
    tcase_add_test(t, gate_gives_back);
    tcase_add_test(t, no_layer_dies);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
