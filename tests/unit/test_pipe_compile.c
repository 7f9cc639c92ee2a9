/* Compile: what is written, and that nothing is written halfway. */
#include "base/progress.h"
#include "ir/text.h"
#include "pipe_run_kit.h"
#include "suite.h"

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

START_TEST(curves_are_written)
{
    compile("passes: [train, map]\nemit: []\n", "out", 1, NULL);
    char *journal = kit_read("out/journal.json");
    ck_assert_msg(strstr(journal, "{\"key\": \"pass.train.rank.fc\", \"value\": 3, \"along\": \"step\", \"at\": 0, ") &&
                      strstr(journal, "\"value\": 2, \"along\": \"step\", \"at\": 500, "),
                  "%s", journal);
    ck_assert(!strstr(strstr(journal, "pass.train.edited"), "along"));
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
    TCase *c = tcase_create("compile");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, compile_writes_a_folder);
    tcase_add_test(c, compiled_model_and_hardware_read_back);
    tcase_add_test(c, same_bytes_at_any_thread_count);
    tcase_add_test(c, unchanged_graph_is_one_evaluation);
    tcase_add_test(c, test_set_without_labels);
    tcase_add_test(c, curves_are_written);
    tcase_add_loop_test(c, failed_compile_leaves_the_old_folder, 0, COUNT(bad_compiles));
    tcase_add_test(c, foreign_folder_is_refused);
    tcase_add_test(c, bad_models);
    tcase_add_test(c, stats_name_the_kernels);
    return run_case("pipe/compile", c);
}
