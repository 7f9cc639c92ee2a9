/* Pipeline files: every error at its place, -D, defaults, printing that parses back. */
#include "base/rng.h"
#include "pipe_read_kit.h"

#define HEAD "xbarc: 1\nmodel: m.onnx\nhardware: small\nemit: []\n"

static const struct {
    const char *text, *at, *code, *says;
} refused[] = {
    {"- a\n", "1:1:", "option-type", "a pipeline is a map"},
    {"model: m.onnx\npasses: []\n", "1:1:", "option-missing", "'xbarc' is missing"},
    {"xbarc: 2\nmodel: m.onnx\nfuture: 1\n", "1:8:", "pipeline-format", "reads format 1"},
    {"xbarc: '1'\nmodel: m.onnx\n", "1:8:", "option-type", "in quotes"},
    {"xbarc: 1\npasses: []\n", "1:1:", "option-missing", "'model' is missing"},
    {HEAD "passes: []\nchip: {}\n", "6:7:", "pipeline-needs", "'chip' needs 'layout', which no pass before it gives"},
    {HEAD "passes: [lay]\nsimulate: {trials: 2}\n", "6:11:", "pipeline-data", "'simulate' measures on test data"},
    {HEAD "passes: [lay]\nsimulate: {trials: 0}\n", "6:20:", "option-range", "simulate: 'trials' = 0"},
    {HEAD "passes: [lay]\nchip: {device: []}\n", "6:8:", "option-unknown", "'device'; did you mean 'devices'?"},
    {HEAD "passes: [lay]\nchip: {adc-range: wurst}\n", "6:19:", "option-range", "chip: 'adc-range' = wurst"},
    {HEAD "passes: [lay]\nchip: {devices: lossy}\n", "6:17:", "option-type", "'devices' needs a list"},
    {HEAD "passes: [lay]\nchip: {devices: [lossy]}\n", "6:18:", "device-unknown", "there is no device 'lossy'"},
    {HEAD "passes: [lay]\nchip: {devices: [[a]]}\n", "6:18:", "option-type", "an entry of 'chip.devices'"},
    {HEAD "passes: [lay]\nchip: [a]\n", "6:7:", "option-type", "chip needs a map"},
    {HEAD "passes: []\nsed: 3\n", "6:1:", "option-unknown", "did you mean 'seed'?"},
    {HEAD "passes: []\nseed: -3\n", "6:7:", "option-range", "'seed' = -3"},
    {HEAD "passes: []\ndata: {trian: x}\n", "6:8:", "option-unknown", "'data.trian'; did you mean 'train'?"},
    {HEAD "passes: []\ndata: {holdout: -1}\n", "6:17:", "option-range", "'data.holdout' = -1"},
    {HEAD "passes: []\ndata: {input: {scale: 100ns}}\n", "6:23:", "option-type", "'data.input.scale'"},
    {HEAD "passes: {plain: {}}\n", "5:9:", "option-type", "'passes' needs a list"},
    {HEAD "passes: [plain, [mark]]\n", "5:17:", "option-type", "an entry of 'passes'"},
    {HEAD "passes: [{plain: {}, mark: {}}]\n", "5:10:", "option-type", "an entry of 'passes'"},
    {HEAD "passes: [plai]\n", "5:10:", "pass-unknown", "did you mean 'plain'?"},
    {HEAD "passes: [draw]\n", "5:10:", "pass-unknown", "there is no pass 'draw'"},
    {HEAD "passes: [plain, plain]\n", "5:17:", "pipeline-instance", "name one of them, like plain@2"},
    {HEAD "passes: [plain@a, plain@a]\n", "5:19:", "pipeline-instance", "stands here twice; first on line 5"},
    {HEAD "passes: [plain@]\n", "5:10:", "pipeline-instance", "after @"},
    {HEAD "passes: [plain@a.b]\n", "5:10:", "pipeline-instance", "after @"},
    {HEAD "passes: [plain: {x: 1}]\n", "5:18:", "option-unknown", "plain: unknown option 'x'; it takes none"},
    {HEAD "passes:\n  - tune: {epsilon: 7}\n", "6:21:", "option-range", "tune: 'epsilon' = 7 is outside 0..1"},
    {HEAD "passes:\n  - tune@b: {epsilom: 7}\n", "6:14:", "option-unknown",
     "tune@b: unknown option 'epsilom'; did you mean"},
    {HEAD "passes:\n  - tune: {time: 7}\n", "6:18:", "option-unit", "needs a unit"},
    {HEAD "passes:\n  - tune: 3\n", "6:11:", "option-type", "tune needs a map"},
    {HEAD "passes:\n  - tune: {epsilon: 0, method: pca}\n", "6:5:", "option-range", "tune: pca needs an epsilon"},
    {HEAD "passes:\n  - tune: {epsilon: 1}\n", "6:5:", "pass-check", "'tune' refuses its options"},
    {HEAD "passes: [lay, plain]\n", "5:15:", "pipeline-order",
     "'plain' is a graph pass and must stand before 'lay', a map pass"},
    {HEAD "passes: [want]\n", "5:10:", "pipeline-needs",
     "'want' needs 'marked', which no pass before it gives; it is given by 'mark'"},
    {HEAD "passes: [mark, wipe, want]\n", "5:22:", "pipeline-needs", "'want' needs 'marked'"},
    {HEAD "passes: [seat]\n", "5:10:", "pipeline-needs", "given by 'lay'"},
    {HEAD "passes: [learn]\n", "5:10:", "pipeline-data", "'learn' reads data"},
    {"xbarc: 1\nmodel: m.onnx\npasses: []\nemit: [draw]\n", "4:8:", "pipeline-needs", "'draw' needs 'layout'"},
    {"xbarc: 1\nmodel: m.onnx\npasses: []\nemit: [drew]\n", "4:8:", "backend-unknown", "did you mean 'draw'?"},
    {"xbarc: 1\nmodel: m.onnx\npasses: []\nemit: [list, list]\n", "4:14:", "pipeline-instance", "emitted twice"},
    {"xbarc: 1\nmodel: m.onnx\npasses: []\nemit: list\n", "4:7:", "option-type", "'emit' needs a list"},
    {"xbarc: 1\nmodel: m.onnx\npasses: []\nemit: [[list]]\n", "4:8:", "option-type", "an entry of 'emit'"},
    {"xbarc: 1\nmodel: m.onnx\nhardware: big\npasses: []\n", "3:11:", "hardware", "no installed hardware file 'big'"},
    {"xbarc: 1\nmodel: m.onnx\nhardware: [a]\npasses: []\n", "3:11:", "option-type", "'hardware' needs a file"},
    {"xbarc: 1\nmodel: m.onnx\nhardware: {crossbar: {rosw: 3}}\npasses: []\n", "3:23:", "option-unknown",
     "did you mean 'rows'?"},
    {HEAD "passes: []\ngate: {max-drop: 1}\n", "6:7:", "pipeline-gate", "a gate needs data"},
    {HEAD "passes: []\ngate: {max-drop: 1}\ndata: {train: 'digits:train'}\n", "6:7:", "pipeline-gate", "holdout"},
    {HEAD "passes: []\ngate: {metric: top1}\ndata: {calibrate: 'digits:test'}\n", "6:7:", "option-missing",
     "'max-drop' is missing"},
    {HEAD "passes: []\ngate: {metric: top2, max-drop: 1}\n", "6:16:", "option-range", "gate: 'metric' = top2"},
    {HEAD "passes: []\ngate: 3\n", "6:7:", "option-type", "gate needs a map"},
    {HEAD "passes: []\npasses: []\n", "6:1:", "yaml-duplicate", "first on line 5"},
    {HEAD "passes: ['${UNSET_NAME}']\n", "5:11:", "yaml-variable", "${UNSET_NAME} is not set"},
};

START_TEST(refuses)
{
    reading r = read_text(refused[_i].text);
    const char *said = xb_diags_text(r.d);
    char at[300];
    snprintf(at, sizeof at, "%s:%s", kit_path("net.yaml"), refused[_i].at);
    ck_assert_msg(!r.p, "accepted: %s", refused[_i].text);
    ck_assert_msg(xb_diags_errors(r.d) == 1, "%s", said);
    ck_assert_msg(strncmp(said, at, strlen(at)) == 0, "want %s, got %s", at, said);
    ck_assert_msg(strstr(said, refused[_i].code) && strstr(said, refused[_i].says), "want [%s] %s, got %s",
                  refused[_i].code, refused[_i].says, said);
    done(&r);
}
END_TEST

START_TEST(missing_file)
{
    reading r = read_with(kit_path("none.yaml"), NULL, NULL, 0, NULL, 0);
    ck_assert(!r.p && strstr(xb_diags_text(r.d), "none.yaml"));
    done(&r);
    r = read_text("xbarc: 1\nmodel: m.onnx\nhardware: sub/none.yaml\n");
    ck_assert(!r.p && strstr(xb_diags_text(r.d), "sub/none.yaml"));
    done(&r);
}
END_TEST

START_TEST(no_installed_default)
{
    ck_assert_int_eq(unlink(kit_path("share/default.yaml")), 0);
    reading r = read_text("xbarc: 1\nmodel: m.onnx\nhardware: small\nemit: []\n");
    ck_assert(!r.p && strstr(xb_diags_text(r.d), "'passes' is missing, and there is no installed default"));
    done(&r);
    kit_write("share/default.yaml", "a: [\n");
    r = read_text("xbarc: 1\nmodel: m.onnx\nhardware: small\nemit: []\n");
    ck_assert(!r.p && strstr(xb_diags_text(r.d), "share/default.yaml:2:1"));
    done(&r);
}
END_TEST

START_TEST(reads_everything)
{
    reading r =
        read_text("xbarc: 1\nmodel: sub/m.onnx\nseed: 7\n"
                  "data: {train: \"mnist:d/train\", test: \"digits:test\", holdout: 50, input: {scale: 1/256}}\n"
                  "hardware: small\n"
                  "gate: {metric: agreement, max-drop: 0.2, on-fail: stop}\n"
                  "passes:\n  - mark\n  - tune@a: {epsilon: 0.5, path: p.npy, layers: [x, y]}\n  - tune\n  - lay\n"
                  "emit: [list, draw: {method: pca}]\n");
    ck_assert_msg(r.p, "%s", xb_diags_text(r.d));
    const xb_pipeline *p = r.p;
    ck_assert_str_eq(p->model, kit_path("sub/m.onnx"));
    ck_assert(p->seed == 7 && p->data.holdout == 50 && p->data.input.scale == 1.0 / 256 && !p->data.calibrate);
    ck_assert_str_eq(p->data.train, "mnist:d/train");
    ck_assert_str_eq(p->dir, kit_dir);
    ck_assert(p->hw.max_rows == 64 && p->hw.max_cols == 32);
    ck_assert(p->gate.set && p->gate.metric == XB_METRIC_AGREEMENT && p->gate.on_fail == XB_GATE_STOP &&
              p->gate.max_drop == 0.2);
    ck_assert_uint_eq(p->n_steps, 4);
    ck_assert(p->step[1].pass == &tune && p->step[2].pass == &tune && p->step[3].pass == &lay);
    ck_assert_str_eq(p->step[1].instance, "tune@a");
    const kit_options *o = p->step[1].options;
    ck_assert(o->epsilon == 0.5 && o->layers.n == 2 && o->method == 1);
    ck_assert_str_eq(o->path, kit_path("p.npy"));
    ck_assert(((const kit_options *)p->step[2].options)->epsilon == 0.03);
    ck_assert(p->n_emit == 2 && p->emit[1].backend == &draw && ((const kit_options *)p->emit[1].options)->method == 0);
    done(&r);
}
END_TEST

START_TEST(prints_and_parses_back)
{
    reading r = read_text("xbarc: 1\nmodel: m.onnx\n");
    ck_assert_msg(r.p, "%s", xb_diags_text(r.d));
    char *text = printed(r.p);
    ck_assert(strstr(text, "model: m.onnx\nseed: 0\n") &&
              strstr(text, "hardware: small\npasses:\n  - plain\n  - lay\nemit:\n  - list\n"));
    free(text);
    prints_back(r.p);
    done(&r);
    kit_write("hw/big.yaml", "xbarc: 1\nextends: small\ncrossbar: {rows: 128}\n");
    r = read_text(
        "xbarc: 1\nmodel: ../m.onnx\nseed: 7\nhardware: hw/big.yaml\n"
        "data: {train: \"mnist:d e/train\", holdout: 5, input: {scale: 1/256, mean: [0.1, 0.2], std: [1, 3]}}\n"
        "gate: {max-drop: 0.2}\n"
        "passes:\n  - tune@a-1: {epsilon: 0.5, path: 'q r/p.npy', layers: [x, 'y: z', '$${A}']}\n  - tune\n  - lay\n"
        "emit: [draw]\n");
    ck_assert_msg(r.p, "%s", xb_diags_text(r.d));
    ck_assert(r.p->hw.max_rows == 128 && r.p->hw.max_cols == 32);
    text = printed(r.p);
    ck_assert_msg(strstr(text, "hardware: hw/big.yaml\n") && strstr(text, "path: \"q r/p.npy\"") &&
                      strstr(text, "model: \"../m.onnx\"\n"),
                  "%s", text);
    free(text);
    prints_back(r.p);
    done(&r);
    r = read_text("xbarc: 1\nmodel: m.onnx\nhardware: {extends: small, name: mine, crossbar: {cols: 16}}\n");
    ck_assert_msg(r.p && r.p->hw.max_cols == 16 && r.p->hw.max_rows == 64, "%s", xb_diags_text(r.d));
    prints_back(r.p);
    done(&r);
}
END_TEST

START_TEST(defines)
{
    kit_write("net.yaml", "xbarc: 1\nmodel: ${NAME}.onnx\nseed: ${SEED}\n");
    const xb_define d[] = {{"NAME", "a"}, {"SEED", "1"}, {"SEED", "2"}};
    reading r = read_with(kit_path("net.yaml"), NULL, d, 3, NULL, 0);
    ck_assert_msg(r.p, "%s", xb_diags_text(r.d));
    ck_assert(r.p->seed == 2);
    ck_assert_str_eq(r.p->model, kit_path("a.onnx"));
    done(&r);
    ck_assert_int_eq(setenv("NAME", "b", 1), 0);
    r = read_with(kit_path("net.yaml"), NULL, d + 1, 1, NULL, 0);
    ck_assert_str_eq(r.p->model, kit_path("b.onnx"));
    done(&r);
}
END_TEST

/* A bare model: the default pipeline is read from elsewhere, paths are the working folder's. */
START_TEST(bare_model)
{
    reading r = read_with(kit_path("share/default.yaml"), "some/m.onnx", NULL, 0, NULL, 0);
    ck_assert_msg(r.p, "%s", xb_diags_text(r.d));
    ck_assert_str_eq(r.p->model, "some/m.onnx");
    char *text = printed(r.p);
    ck_assert_msg(strstr(text, "model: some/m.onnx\n"), "%s", text);
    free(text);
    done(&r);
}
END_TEST

/* Whatever comes in: a pipeline without an error, or errors and no pipeline. */
static void mutate(xb_rng *r, char *s, size_t *n, size_t cap)
{
    static const char spice[] = "{}[]:,-?&*!|>'\"%@`#\t\n $\\~.=0a1/";
    for (uint32_t edits = 1 + xb_rng_below(r, 2); edits && *n; edits--) {
        size_t i = xb_rng_below(r, (uint32_t)*n);
        char c = spice[xb_rng_below(r, sizeof spice - 1)];
        uint32_t how = xb_rng_below(r, 3);
        if (how == 0) {
            s[i] = c;
        } else if (how == 1) {
            memmove(s + i, s + i + 1, --*n - i);
        } else if (*n + 1 < cap) {
            memmove(s + i + 1, s + i, (*n)++ - i);
            s[i] = c;
        }
    }
    s[*n] = 0;
}

START_TEST(mutated_pipelines)
{
    xb_rng r = xb_rng_at(11, XB_RNG_SHUFFLE, 0);
    int accepted = 0;
    for (int round = 0; round < 3000; round++) {
        char text[600] = NET, set[100] = "passes.tune@a.epsilon=0.25";
        size_t n = strlen(text), m = strlen(set);
        mutate(&r, round % 2 ? set : text, round % 2 ? &m : &n, round % 2 ? sizeof set - 1 : sizeof text - 1);
        const char *sets[] = {set};
        reading x = read_sets(text, sets, 1);
        ck_assert_msg((x.p == NULL) == (xb_diags_errors(x.d) > 0), "%s\n%s\n%s", text, set, xb_diags_text(x.d));
        accepted += x.p != NULL;
        if (x.p && round % 20 == 0) prints_back(x.p);
        done(&x);
    }
    ck_assert_int_gt(accepted, 50);
    ck_assert_int_lt(accepted, 2900);
}
END_TEST

START_TEST(of_passes)
{
    const char *dirs[] = {hw_dir, NULL};
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_pipeline *p = xb_pipeline_of_passes(d, registry, "[mark, tune: {epsilon: 0.5}]", "small", dirs, 4);
    ck_assert_msg(p && p->n_steps == 2 && p->n_emit == 0 && p->seed == 4 && !p->model, "%s", xb_diags_text(d));
    xb_pipeline_free(p);
    ck_assert(!xb_pipeline_of_passes(d, registry, "[mark, tume]", "small", dirs, 4));
    ck_assert_msg(strncmp(xb_diags_text(d), "--passes:1:8: error: there is no pass 'tume'", 43) == 0, "%s",
                  xb_diags_text(d));
    ck_assert(!xb_pipeline_of_passes(d, registry, "[mark", "small", dirs, 4));
    ck_assert(!xb_pipeline_of_passes(d, registry, "[mark]", "smell", dirs, 4));
    ck_assert(strstr(xb_diags_text(d), "--hardware:1:1: error: no installed hardware file 'smell'"));
    xb_diags_free(d);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("read");
    tcase_add_loop_test(c, refuses, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_test(c, missing_file);
    tcase_add_test(c, no_installed_default);
    tcase_add_test(c, reads_everything);
    tcase_add_test(c, prints_and_parses_back);
    tcase_add_test(c, defines);
    tcase_add_test(c, bare_model);
    tcase_add_test(c, mutated_pipelines);
    tcase_add_test(c, of_passes);
    return run_reading("pipe/read", c);
}
