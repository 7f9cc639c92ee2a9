/* test_rank_clip_train.c: clipping in training: ranks only fall, the gate takes back, stops and threads do not matter.
 */
#include "rank_clip_kit.h"
#include "suite.h"

#include "pass_train_kit.h" /* after the pass that it trains with */

#define RECIPE "train: {steps: 60, batch: 32, rate: 0.01, decay: 1e-3}"

/* ---- the course of a run ---- */

static bench *watched;
static double change; /* of the output, before the first step */

static void look_at_first(xb_trainer *t)
{
    bench during = *watched;
    during.m = xb_module_new(xb_graph_clone(xb_trainer_graph(t)));
    change = bench_change(&during);
    ck_assert_int_eq(bench_rank(&during, "fc1"), 16);
    ck_assert_int_eq(bench_rank(&during, "conv1"), 4);
    xb_module_free(during.m);
}

START_TEST(full_rank_start_is_exact)
{
    static const char *const method[] = {"balanced", "pca", "svd"};
    char text[200];
    snprintf(text, sizeof text, "{method: %s, interval: 20, train: {steps: 3, batch: 32}}", method[_i]);
    watched = bench_learned(text);
    change = 1;
    seen.first = look_at_first;
    begin_watch(watched->cx);
    bench_run(watched);
    ck_assert_double_le(change, 1e-5);
    ck_assert(bench_says(watched, "warning: rank-clip: no clip is due: 'interval' 20 is not below 'until' 0.6 of the "
                                  "run's 3 steps"));
    ck_assert_uint_eq(bench_counts(watched, "warning: "), 1);
    bench_free(watched);
}
END_TEST

START_TEST(ranks_only_fall)
{
    static const char *const method[] = {"balanced", "pca", "svd"};
    char text[200];
    snprintf(text, sizeof text, "{method: %s, epsilon: 0.05, interval: 10, until: 75%%, " RECIPE "}", method[_i]);
    bench *b = bench_learned(text);
    bench_run(b);
    double at[POINTS], k[POINTS];
    size_t n = bench_curve(b, "rank.fc1", POINTS, at, k);
    ck_assert_uint_eq(n, 7); /* 0, 10 .. 60 */
    ck_assert_double_eq(k[0], 16);
    for (size_t i = 0; i < n; i++) {
        ck_assert_double_eq(at[i], 10 * (double)i);
        if (i) ck_assert_double_le(k[i], k[i - 1]);
    }
    ck_assert_double_eq(k[6], k[5]); /* after 45 steps they stay */
    ck_assert_double_lt(k[6], 16);
    ck_assert_double_eq(bench_fact(b, "rank.fc1"), k[6]);
    ck_assert_int_eq(bench_rank(b, "fc1"), (int64_t)k[6]);
    ck_assert_int_eq(bench_rank(b, "fc2"), 0);
    ck_assert_double_gt(bench_fact(b, "energy-lost.fc1"), 0);
    ck_assert_double_eq(bench_fact(b, "steps"), 60);
    ck_assert_uint_eq(bench_curve(b, "top1", POINTS, at, k), 7);
    ck_assert_double_eq(k[6], bench_fact(b, "top1"));
    ck_assert_uint_eq(bench_curve(b, "area-ratio", POINTS, at, k), 7);
    ck_assert_double_eq_tol(k[6], bench_fact(b, "area-ratio"), 1e-12);
    ck_assert_double_eq(k[0], 1);
    bench_free(b);
}
END_TEST

START_TEST(what_never_clips_ends_dense)
{
    char before[XB_DIGEST_HEX], after[XB_DIGEST_HEX];
    bench *b = bench_learned("{epsilon: 0, interval: 5, " RECIPE "}");
    kit_digest(bench_graph(b), before);
    bench_run(b);
    kit_digest(bench_graph(b), after);
    ck_assert_str_ne(before, after); /* it was trained */
    ck_assert(bench_rank(b, "conv1") == 0 && bench_rank(b, "fc1") == 0);
    ck_assert_uint_eq(xb_graph_op_count(bench_graph(b)), 7);
    ck_assert(bench_says(b, "warning: rank-clip: no layer was clipped to a rank that pays (epsilon 0)"));
    ck_assert_double_eq(bench_fact(b, "area-ratio"), 1);
    ck_assert_double_gt(bench_fact(b, "top1"), 0.7);
    bench_free(b);
}
END_TEST

START_TEST(given_ranks_are_kept_in_training)
{
    bench *b = bench_learned("{ranks: {fc1: 3}, interval: 10, " RECIPE "}");
    bench_run(b);
    ck_assert(bench_rank(b, "fc1") == 3 && bench_rank(b, "conv1") == 0);
    double at[POINTS], k[POINTS];
    size_t n = bench_curve(b, "rank.fc1", POINTS, at, k);
    ck_assert_uint_eq(n, 7);
    for (size_t i = 0; i < n; i++) ck_assert_double_eq(k[i], 3);
    bench_free(b);
}
END_TEST

START_TEST(budget_is_reached_step_by_step)
{
    bench *b = bench_learned("{budget: 40%, interval: 10, " RECIPE "}");
    bench_run(b);
    double at[POINTS], area[POINTS];
    size_t n = bench_curve(b, "area-ratio", POINTS, at, area);
    ck_assert_uint_eq(n, 7);
    for (size_t i = 1; i < n; i++) ck_assert_double_le(area[i], area[i - 1]);
    ck_assert_double_le(area[2], pow(0.4, 1.0 / 3)); /* of three clips, after 10, 20 and 30 steps, as seen 10 later */
    ck_assert_double_gt(area[2], 0.4);
    ck_assert_double_le(area[4], 0.4);
    ck_assert_double_eq(area[6], area[4]);
    ck_assert_double_le(bench_fact(b, "area-ratio"), 0.4);
    ck_assert_double_gt(bench_fact(b, "sensitivity.fc1"), 0);
    bench_free(b);
}
END_TEST

/* ---- the gate ---- */

START_TEST(gate_takes_back_and_freezes)
{
    bench *b = bench_learned("{epsilon: 0.6, interval: 10, until: 75%, gate: {max-drop: 6, slack: 2}, " RECIPE "}");
    bench_run(b);
    ck_assert_double_ge(bench_fact(b, "taken-back"), 1);
    ck_assert(bench_fact(b, "frozen.fc1") == 1 || bench_fact(b, "frozen.conv1") == 1);
    ck_assert(bench_says(b, "below the gate's") && bench_says(b, "stays at rank"));
    ck_assert_double_ge(bench_fact(b, "top1"), bench_fact(b, "top1-before") - 0.06 - 1e-9); /* met, or brought back */
    bench_free(b);
}
END_TEST

/* A raised rate costs points before anything is clipped: clips are judged by what is left then, and go on. */
START_TEST(gate_counts_what_clips_cost)
{
    bench *b =
        bench_learned("{epsilon: 0.02, interval: 4, until: 90%, gate: {max-drop: 0, slack: 6}, train: {steps: 40, "
                      "batch: 32, rate: 0.05, schedule: cosine}}");
    double at[POINTS], top1[POINTS];
    bench_run(b);
    size_t n = bench_curve(b, "top1", POINTS, at, top1);
    ck_assert_uint_gt(n, 2);
    ck_assert_double_lt(top1[1], top1[0] - 0.06);
    ck_assert_double_ge(bench_fact(b, "clips"), 1);
    bench_free(b);
}
END_TEST

/* Nothing that this rate leaves comes near: the network as it came is what is left. */
START_TEST(gate_that_cannot_be_met_keeps_the_last_good_network)
{
    char before[XB_DIGEST_HEX], after[XB_DIGEST_HEX];
    bench *b =
        bench_learned("{epsilon: 0.9, interval: 10, gate: {max-drop: 1}, train: {steps: 35, batch: 32, rate: 0.1}}");
    kit_digest(bench_graph(b), before);
    bench_run(b);
    kit_digest(bench_graph(b), after);
    ck_assert_str_eq(before, after);
    ck_assert_double_eq(bench_fact(b, "gate-met"), 0);
    ck_assert_double_eq(bench_fact(b, "top1"), bench_fact(b, "top1-before"));
    ck_assert_double_eq(bench_fact(b, "area-ratio"), 1);
    ck_assert_uint_eq(bench_counts(b, "the gate was not met"), 1);
    ck_assert_uint_eq(bench_counts(b, "warning: "), 1);
    const xb_fact *f;
    bool warned = false;
    for (size_t n = xb_module_facts(b->m, &f), i = 0; i < n; i++)
        warned |= !strcmp(f[i].key, "warning") && strstr(f[i].text, "the gate was not met") != NULL;
    ck_assert(warned);
    bench_free(b);
}
END_TEST

START_TEST(gate_without_training)
{
    bench *b = bench_learned("{direct: true, epsilon: 0.7, gate: {max-drop: 0}}");
    bench_run(b);
    ck_assert_double_ge(bench_fact(b, "taken-back"), 1);
    ck_assert_double_ge(bench_fact(b, "top1"), bench_fact(b, "top1-before"));
    bench_free(b);
    b = bench_learned("{direct: true, epsilon: 0.7, gate: {max-drop: 99}}");
    bench_run(b);
    ck_assert_double_eq(bench_fact(b, "taken-back"), 0);
    ck_assert(bench_rank(b, "fc1") > 0 && bench_rank(b, "conv1") > 0);
    bench_free(b);
}
END_TEST

/* conv1 after a transposed convolution, whose columns are kernel positions. */
static const char *const upward = "xir 1\ngraph \"upward\"\nsymbol batch\ninput %x f32[batch,1,28,28]\n"
                                  "const %down.weight f32[8,1,4,4] = digest 0\n"
                                  "const %up.weight f32[8,6,2,2] = digest 0\nconst %up.bias f32[6] = digest 0\n"
                                  "const %fc.weight f32[10,1176] = digest 0\n"
                                  "op down Conv(%x, %down.weight) {strides = [4, 4]} => %a f32[batch,8,7,7]\n"
                                  "op up ConvTranspose(%a, %up.weight, %up.bias) {strides = [2, 2]} => %b "
                                  "f32[batch,6,14,14]\n"
                                  "op act Relu(%b) => %c f32[batch,6,14,14]\n"
                                  "op flat Flatten(%c) => %d f32[batch,1176]\n"
                                  "op fc Gemm(%d, %fc.weight) {transB = 1} => %y f32[batch,10]\n"
                                  "output %y\nend\n";

START_TEST(transposed_convolutions_are_clipped_too)
{
    bench *b = bench_on(bench_net(upward), "{layers: [up], epsilon: 0.3, interval: 4, until: 90%, train: {steps: 20, "
                                           "batch: 32, rate: 0.01}}");
    double at[POINTS], k[POINTS];
    bench_run(b);
    ck_assert_uint_eq(bench_curve(b, "rank.up", POINTS, at, k), 6);
    ck_assert(k[0] == 8 && k[5] < 6 && k[5] >= 1);
    ck_assert_int_eq(bench_rank(b, "up"), (int64_t)k[5]);
    bench_free(b);
}
END_TEST

/* The rules of a recipe hold for both parts of the layer they name. */
static bool looked;

static void look_at_rules(xb_trainer *t)
{
    static const char *const name[] = {"fc1.weight_u", "fc1.weight_v"};
    for (int i = 0; i < 2; i++) {
        const xb_param *p = xb_trainer_param(t, xb_graph_find(xb_trainer_graph(t), name[i]));
        ck_assert(p && p->rate == 3 && p->decay == 0.25 && !p->frozen);
    }
    ck_assert_int_eq((int)xb_graph_find_op(xb_trainer_graph(t), "conv1_u").id, 0);
    looked = true;
}

START_TEST(rules_follow_the_parts)
{
    bench *b = bench_learned("{interval: 20, train: {steps: 3, batch: 32, params: {fc1.weight: {rate: 3, decay: 0.25}, "
                             "conv1.weight: {frozen: true}}}}");
    looked = false;
    seen.first = look_at_rules;
    begin_watch(b->cx);
    bench_run(b);
    ck_assert(looked);
    ck_assert(bench_says(b, "left as they are: conv1 (it is frozen)"));
    bench_free(b);
}
END_TEST

START_TEST(refused_before_anything_runs)
{
    static const struct {
        const char *text;
        size_t holdout;
        const char *says; /* NULL: nothing is wrong */
    } bad[] = {
        {"{train: {epochs: 0}}", HOLDOUT, "it clips between steps of training: epochs > 0"},
        {"{gate: {max-drop: 1}}", 0, "'gate' measures on a hold-out"},
        {"{budget: 0.5, sensitivity: probe}", 0, "'sensitivity: probe' measures on a hold-out"},
        {"{sensitivity: probe}", 0, NULL},
        {"{direct: true, train: {epochs: 0}}", 0, NULL},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bench *b = bench_new(bench_net(small_net), bad[i].text, DATA, bad[i].holdout);
        ck_assert_int_eq(check(b->cx, &b->o), bad[i].says ? -1 : 0);
        ck_assert_msg(!bad[i].says || bench_says(b, bad[i].says), "%s", xb_diags_text(b->d));
        bench_free(b);
    }
}
END_TEST

/* ---- the same bytes ---- */

static const char *const courses[] = {
    "{epsilon: 0.05, interval: 7, until: 75%, train: {steps: 40, batch: 64, shards: 4, rate: 0.01, decay: 1e-3}}",
    "{epsilon: 0.5, method: pca, interval: 6, until: 75%, gate: {max-drop: 4, slack: 1}, train: {steps: 40, batch: 64, "
    "shards: 2, rate: 0.002, optimizer: adam, distil: {weight: 0.7}}}",
    "{budget: 30%, interval: 9, gate: {max-drop: 8}, train: {steps: 40, batch: 32, rate: 0.01, schedule: cosine}}",
};
#define COURSES (int)(sizeof courses / sizeof *courses)

START_TEST(threads_do_not_matter)
{
    threads_give_the_same(courses[_i]);
}
END_TEST

START_TEST(stops_do_not_matter)
{
    static const int64_t stops[] = {1, 7, 13, 18, 26, 31, 39};
    stops_give_the_same(courses[_i], stops, sizeof stops / sizeof *stops);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("training");
    tcase_set_timeout(c, 300);
    tcase_add_unchecked_fixture(c, learn, forget); /* once, before the tests fork */
    tcase_add_loop_test(c, full_rank_start_is_exact, 0, 3);
    tcase_add_loop_test(c, ranks_only_fall, 0, 3);
    tcase_add_test(c, what_never_clips_ends_dense);
    tcase_add_test(c, given_ranks_are_kept_in_training);
    tcase_add_test(c, budget_is_reached_step_by_step);
    tcase_add_test(c, gate_takes_back_and_freezes);
    tcase_add_test(c, gate_counts_what_clips_cost);
    tcase_add_test(c, gate_that_cannot_be_met_keeps_the_last_good_network);
    tcase_add_test(c, gate_without_training);
    tcase_add_test(c, transposed_convolutions_are_clipped_too);
    tcase_add_test(c, rules_follow_the_parts);
    tcase_add_test(c, refused_before_anything_runs);
    tcase_add_loop_test(c, threads_do_not_matter, 0, COURSES);
    tcase_add_loop_test(c, stops_do_not_matter, 0, COURSES);
    return run_case("rank-clip in training", c);
}
