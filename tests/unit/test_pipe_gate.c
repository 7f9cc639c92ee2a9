/* Gates: accuracy is measured after each pass; too large a loss is undone or ends the run. */
#include "pipe_run_kit.h"
#include "suite.h"

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

#define COUNT(list) ((int)(sizeof list / sizeof *list))

int main(void)
{
    TCase *c = tcase_create("gate");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, gate_rolls_back);
    tcase_add_test(c, gate_stops);
    tcase_add_loop_test(c, gate_metrics, 0, COUNT(gates));
    tcase_add_loop_test(c, gate_data, 0, COUNT(bad_gates));
    return run_case("pipe/gate", c);
}
