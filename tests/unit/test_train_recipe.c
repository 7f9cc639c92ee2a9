/* Recipes: keys that have no effect are said, and only those; nothing to train is a fault. */
#include "suite.h"
#include "train_kit.h"

static void expect_said(const char *recipe, const char *words)
{
    kit k;
    kit_begin(&k, small_net, "digits:100@1", recipe);
    xb_recipe_warn(k.d, "train", &k.recipe);
    ck_assert_msg(strstr(xb_diags_text(k.d), words) != NULL, "%s: '%s' not in: %s", recipe, words, xb_diags_text(k.d));
    ck_assert_uint_eq(xb_diags_warnings(k.d), *words ? 1 : 0);
    kit_end(&k);
}

START_TEST(idle_keys)
{
    expect_said("{inject: {noise: 0.1}}", "train: 'inject.noise' has no effect without 'inject.kind' [train]");
    expect_said("{inject: {kind: additive}}", "'inject.kind' has no effect without 'inject.noise'");
    expect_said("{inject: {levels: 1}}", "'inject.levels' = 1 has no effect");
    expect_said("{milestones: [3]}", "'milestones' have no effect without 'schedule: step'");
    expect_said("{schedule: step}", "'schedule: step' has no effect without 'milestones'");
    expect_said("{loss: mse, smoothing: 0.1}", "'smoothing' has no effect with 'loss: mse'");
    expect_said("{distil: {from: t.onnx}}", "'distil.from' has no effect without 'distil.weight'");
    expect_said("{optimizer: adam, nesterov: true}", "'nesterov' has no effect without 'optimizer: sgd'");
    expect_said("{momentum: 0, nesterov: true}", "'nesterov' has no effect without 'momentum'");
}
END_TEST

START_TEST(keys_at_work)
{
    static const char *const recipes[] = {"{}",
                                          "{inject: {kind: additive, noise: 0.1}}",
                                          "{inject: {kind: additive, levels: 2}}",
                                          "{inject: {levels: 2}}",
                                          "{schedule: step, milestones: [3]}",
                                          "{smoothing: 0.1}",
                                          "{nesterov: true}",
                                          "{distil: {from: t.onnx, weight: 0.5}}"};
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) expect_said(recipes[i], "");
}
END_TEST

START_TEST(a_run_says_them)
{
    kit k;
    kit_begin(&k, small_net, "digits:160@1", "{steps: 1, batch: 32, milestones: [3]}");
    k.run.label = "fine-tune@a";
    ck_assert(kit_train(&k));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(k.d), "warning: fine-tune@a: 'milestones' have no effect"));
    kit_end(&k);
}
END_TEST

static int nothing(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx, (void)t, (void)context;
    return 0;
}

START_TEST(all_frozen_is_refused)
{
    static const xb_train_hooks hooks = {.struct_size = sizeof hooks, .on_start = nothing};
    kit k;
    kit_begin(&k, small_net, "digits:160@1", "{steps: 1, batch: 32, params: {\"*\": {frozen: true}}}");
    ck_assert(!kit_train(&k));
    ck_assert_uint_eq(xb_diags_errors(k.d), 1);
    ck_assert_ptr_nonnull(strstr(xb_diags_text(k.d), "every tensor is frozen: there is nothing to train [train]"));
    k.run.hooks = &hooks;
    ck_assert(kit_train(&k)); /* hooks may thaw */
    kit_end(&k);
    kit_begin(&k, small_net, "digits:160@1",
              "{steps: 1, batch: 32, params: {fc2.bias: {frozen: false}, \"*\": {frozen: true}}}");
    ck_assert(kit_train(&k));
    kit_end(&k);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("recipe");
    tcase_add_test(t, idle_keys);
    tcase_add_test(t, keys_at_work);
    tcase_add_test(t, a_run_says_them);
    tcase_add_test(t, all_frozen_is_refused);
    return run_case("train_recipe", t);
}
