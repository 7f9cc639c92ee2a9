/* The pass manager: what passes may do, what is undone, what is printed. */
#include "base/progress.h"
#include "pipe_run_kit.h"
#include "suite.h"

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

#define COUNT(list) ((int)(sizeof list / sizeof *list))

int main(void)
{
    TCase *c = tcase_create("run");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, passes_run_in_order);
    tcase_add_test(c, properties_are_dropped);
    tcase_add_loop_test(c, failed_pass_leaves_the_module, 0, COUNT(failures));
    tcase_add_test(c, verifier);
    tcase_add_test(c, edits_behind_the_layout);
    tcase_add_test(c, prints_and_dumps);
    tcase_add_test(c, times);
    return run_case("pipe/run", c);
}
