/* report.json as the backend writes it: curves apart from facts, the map of deleted groups, layers that add up. */
#define XBARC_BUILTIN
#include "base/out.h"
#include "onnx/onnx.h"
#include "pipe_kit.h"
#include "suite.h"
#include <jansson.h>

#include "../../backends/report.c"
#include "../../backends/report/costs.c"
#include "../../backends/report/curves.c"
#include "../../backends/report/deleted.c"
#include "../../backends/report/measured.c"
#include "../../backends/report/run.c"

/* ---- a net of two matrices, 40 x 24 and 24 x 10, on exact arrays of at most 16 x 16: 4 x 2 of 10 x 12; 2 of 12 x 10
 * ---- */

static xb_registry *registry;
static char hw_dir[300];

static xb_value matmul(xb_graph *g, xb_value x, const char *name, int64_t rows, int64_t cols)
{
    float ones[960];
    char weight[32];
    for (size_t i = 0; i < 960; i++) ones[i] = 1;
    snprintf(weight, sizeof weight, "%s.w", name);
    const xb_type w = {.dtype = XB_F32, .rank = 2, .dim = {rows, cols}}, out = {XB_F32, 2, {1, cols}};
    xb_value in[2] = {x, xb_graph_add_const(g, weight, &w, ones)}, y;
    xb_graph_add_op_kind(g, (xb_op){0}, XB_OP_MatMul, name, in, 2, &name, &y, 1);
    xb_graph_set_type(g, y, &out);
    return y;
}

static void setup(void)
{
    kit_open();
    xb_diags *d = xb_diags_new(stderr, XB_DIAG_TEXT, false);
    xb_graph *g = xb_graph_new("net", "net");
    const xb_type x = {.dtype = XB_F32, .rank = 2, .dim = {1, 40}};
    xb_value first = matmul(g, xb_graph_add_input(g, "x", &x), "a", 40, 24);
    xb_graph_add_output(g, matmul(g, first, "b", 24, 10));
    xb_out *out = xb_out_open(d, kit_path("net.onnx"));
    ck_assert(xb_onnx_write(d, g, out) && xb_out_commit(out));
    xb_graph_free(g);
    xb_diags_free(d);
    kit_write("hw/small.yaml", "xbarc: 1\nname: small\nsource: made up\n"
                               "crossbar: {rule: exact, rows: 16, cols: 16, exact: true, cell_area: 4um2}\n"
                               "components: {adc: {area: 1000um2}, dac: {area: 1um2}, sample_hold: {area: 2um2}}\n");
    snprintf(hw_dir, sizeof hw_dir, "%s/hw", kit_dir);
    registry = xb_registry_new();
    xb_registry_search(registry, NULL);
}

static void teardown(void)
{
    xb_registry_free(registry);
    kit_close();
}

/* ---- passes ---- */

/* Of a: array 0 whole; rows 12, 13 and column 20 in array 5 (rows 10..19, columns 12..23). Of b: row 3. */
static int run_punch(xb_cx *cx, xb_module *m, const void *o)
{
    (void)o;
    const xb_graph_api *api = cx->host->service(cx, "xb.graph", 1);
    xb_graph *g = api->of(m);
    const xb_value *in;
    api->op_inputs(g, api->first(g), &in);
    float *a = api->write(g, in[1]);
    for (int r = 0; r < 20; r++)
        for (int c = 0; c < 24; c++)
            if ((r < 10 && c < 12) || (r >= 10 && c >= 12 && (r == 12 || r == 13 || c == 20))) a[r * 24 + c] = -0.0f;
    api->op_inputs(g, api->next(g, api->first(g)), &in);
    float *b = api->write(g, in[1]);
    for (int c = 0; c < 10; c++) b[3 * 10 + c] = 0;
    return 0;
}

static void point(xb_cx *cx, xb_module *m, const char *key, const char *split, double at, double value)
{
    const xb_journal_api *journal = cx->host->service(cx, "xb.journal", 1);
    journal->add(cx, m, &(xb_fact){key, value, "1", split, 0, "test", NULL, "step", at});
}

/* Curves in turn, one that begins later, one with a second data set, and figures between them. */
static int run_curves(xb_cx *cx, xb_module *m, const void *o)
{
    (void)o;
    const xb_journal_api *journal = cx->host->service(cx, "xb.journal", 1);
    for (int i = 0; i < 3; i++) {
        point(cx, m, "pass.clip.rank.a", "", 500 * i, 12 - i);
        point(cx, m, "pass.clip.rank.b", "", 500 * i, 10);
        journal->add(cx, m, &(xb_fact){.key = "pass.clip.rank.a", .value = i, .unit = "1", .source = "test"});
        if (i) point(cx, m, "accuracy.reference.top1", "train", 500 * i, 0.1 * i);
        if (i) point(cx, m, "accuracy.reference.top1", "holdout", 500 * i, i == 2 ? NAN : 1.0 / 3);
    }
    return 0;
}

static int run_map(xb_cx *cx, xb_module *m, const void *o)
{
    (void)o;
    const xb_hw_api *hw = cx->host->service(cx, "xb.hw", 1);
    const xb_layout_api *layout = cx->host->service(cx, "xb.layout", 1);
    const xb_graph_api *api = cx->host->service(cx, "xb.graph", 1);
    xb_layout *l = hw->plan(cx, api->of(m), hw->of(cx));
    return l ? layout->set(cx, m, l) : -1;
}

KIT_PASS(punch_pass, "punch", XB_LEVEL_GRAPH, .run = run_punch);
KIT_PASS(curves_pass, "clip", XB_LEVEL_GRAPH, .run = run_curves);
KIT_PASS(map_pass, "map", XB_LEVEL_MAP, .run = run_map, .gives = KIT_NAMES("layout"));
static const xb_pass *const kit_passes[] = {&punch_pass, &curves_pass, &map_pass, NULL};

static const xb_plugin *query_passes(const xb_abi *host)
{
    static const xb_plugin plugin = {XBARC_PLUGIN_HEADER, .name = "kit", .version = "1", .passes = kit_passes};
    (void)host;
    return &plugin;
}

xb_query_fn *const xb_builtin_plugins[] = {query_passes, xbarc_plugin_query_report, NULL};

/* ---- runs ---- */

static json_t *compiled(const char *rest, const char *out)
{
    const char *dirs[] = {hw_dir, NULL};
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_buf b = {0};
    xb_buf_printf(&b, "xbarc: 1\nmodel: net.onnx\nhardware: small\n%s", rest);
    kit_write("net.yaml", xb_buf_cstr(&b));
    xb_buf_free(&b);
    xb_pipeline *p = xb_pipeline_read(d, registry, kit_path("net.yaml"), NULL, NULL, 0, NULL, 0, dirs);
    ck_assert_msg(p, "%s", xb_diags_text(d));
    xb_engine_options engine = {.threads = 1};
    ck_assert_msg(xb_compile(d, p, kit_path(out), NULL, &engine) == XB_DONE, "%s", xb_diags_text(d));
    xb_pipeline_free(p);
    xb_diags_free(d);
    char file[64];
    snprintf(file, sizeof file, "%s/report.json", out);
    char *text = kit_read(file);
    json_t *whole = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(whole);
    free(text);
    return whole;
}

static void is(const json_t *v, const char *expected)
{
    char *text = v ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12)) : strdup("nothing");
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(curves_stand_apart)
{
    json_t *r = compiled("passes: [clip, map]\nemit: [report: {formats: []}]\n", "out");
    is(json_object_get(r, "curves"),
       "[{\"key\":\"pass.clip.rank.a\",\"along\":\"step\",\"unit\":\"1\",\"split\":\"\",\"source\":\"test\","
       "\"points\":[[0,12],[500,11],[1000,10]]},"
       "{\"key\":\"pass.clip.rank.b\",\"along\":\"step\",\"unit\":\"1\",\"split\":\"\",\"source\":\"test\","
       "\"points\":[[0,10],[500,10],[1000,10]]},"
       "{\"key\":\"accuracy.reference.top1\",\"along\":\"step\",\"unit\":\"1\",\"split\":\"train\",\"source\":\"test\","
       "\"points\":[[500,0.1],[1000,0.2]]},"
       "{\"key\":\"accuracy.reference.top1\",\"along\":\"step\",\"unit\":\"1\",\"split\":\"holdout\","
       "\"source\":\"test\",\"points\":[[500,0.333333333333],[1000,null]]}]");
    const json_t *facts = json_object_get(r, "facts");
    size_t rank = 0;
    for (size_t i = 0; i < json_array_size(facts); i++) {
        const char *key = json_string_value(json_object_get(json_array_get(facts, i), "key"));
        rank += !strcmp(key, "pass.clip.rank.a");
        ck_assert_str_ne(key, "accuracy.reference.top1");
    }
    ck_assert_uint_eq(rank, 3); /* the single figures */
    is(json_object_get(r, "accuracy"), "{}");
    json_decref(r);
}
END_TEST

START_TEST(deleted_groups_are_mapped)
{
    json_t *r = compiled("passes: [punch, map]\nemit: [report]\n", "out");
    is(json_object_get(r, "deleted_groups"),
       "[{\"layer\":0,\"arrays\":[[0,10,12,[[0,10]],[[0,12]]],[5,10,12,[[2,2]],[[8,1]]]]},"
       "{\"layer\":1,\"arrays\":[[0,12,10,[[3,1]],[]]]}]");
    is(json_object_get(r, "curves"), "nothing");
    char *html = kit_read("out/report.html");
    ck_assert_ptr_nonnull(strstr(html, "Deleted groups"));
    free(html);
    json_decref(r);
    r = compiled("passes: [map]\nemit: [report]\n", "whole");
    is(json_object_get(r, "deleted_groups"), "nothing");
    json_decref(r);
    r = compiled("passes: [punch, map]\nemit: [report: {deleted-groups: false}]\n", "off");
    is(json_object_get(r, "deleted_groups"), "nothing");
    json_decref(r);
}
END_TEST

/* 8 arrays of 10 x 12 and 2 of 12 x 10, each with ADCs of 1000, rows of 1 and columns of 2 um2; cells of 2 x 4. */
START_TEST(layers_add_up_to_the_summary)
{
    static const char *const keys[] = {"array_steps",    "adc_conversions",    "dac_conversions",
                                       "array_area_um2", "converter_area_um2", "area_with_converters_um2"};
    json_t *r = compiled("passes: [map]\nemit: [report]\n", "out");
    const json_t *layers = json_object_get(r, "layers"), *summary = json_object_get(r, "summary");
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        double sum = 0;
        for (size_t i = 0; i < 2; i++) sum += json_number_value(json_object_get(json_array_get(layers, i), keys[k]));
        ck_assert_double_gt(sum, 0);
        ck_assert_double_eq_tol(json_number_value(json_object_get(summary, keys[k])), sum, 1e-9 * sum);
    }
    const json_t *a = json_array_get(layers, 0);
    double adcs = json_number_value(json_object_get(a, "converter_area_um2")) - 8 * (10 * 1 + 12 * 2);
    ck_assert_double_eq_tol(adcs, 8 * 1000, 1e-6);
    ck_assert_double_eq_tol(json_number_value(json_object_get(a, "array_area_um2")), 960 * 2 * 4, 1e-6);
    json_decref(r);
}
END_TEST

START_TEST(the_same_run_is_the_same_report)
{
    static const char rest[] = "passes: [punch, clip, map]\nemit: [report: {formats: [text, html, md, csv]}]\n";
    static const char *const files[] = {"report.json", "report.txt", "report.html", "report.md", "report.csv"};
    json_decref(compiled(rest, "one"));
    json_decref(compiled(rest, "two"));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char a[64], b[64];
        snprintf(a, sizeof a, "one/%s", files[i]), snprintf(b, sizeof b, "two/%s", files[i]);
        char *x = kit_read(a), *y = kit_read(b);
        ck_assert_str_eq(x, y);
        free(x), free(y);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("backend");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, curves_stand_apart);
    tcase_add_test(t, deleted_groups_are_mapped);
    tcase_add_test(t, layers_add_up_to_the_summary);
    tcase_add_test(t, the_same_run_is_the_same_report);
    return run_case("report/json", t);
}
