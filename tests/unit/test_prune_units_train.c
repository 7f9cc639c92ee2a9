/* test_prune_units_train.c: units taken out while the network trains: rounds, the gate, stops and threads. */
#include "prune_units_kit.h"
#include "suite.h"

#include "pass_train_kit.h" /* after the pass that it trains with */

/* ---- rounds ---- */

START_TEST(all_go_at_the_start)
{
    bench *b = bench_learned("{units: {conv1: 3, fc1: 9}, train: {steps: 25, batch: 32, rate: 0.01}}");
    bench_run(b);
    double at[POINTS], v[POINTS];
    ck_assert_uint_eq(bench_curve(b, "units.fc1", POINTS, at, v), 4); /* before and after; two epochs, one cut short */
    ck_assert(v[0] == 16 && v[1] == 9 && v[2] == 9 && v[3] == 9);
    ck_assert(at[0] == 0 && at[1] == 0 && at[2] == 20 && at[3] == 25);
    ck_assert_uint_eq(bench_curve(b, "top1", POINTS, at, v), 3);
    ck_assert(v[0] == bench_fact(b, "top1-before") && v[2] == bench_fact(b, "top1"));
    ck_assert_int_eq(bench_units(b, "conv1"), 3);
    ck_assert_int_eq(bench_units(b, "fc1"), 9);
    ck_assert_double_eq(bench_fact(b, "rounds"), 1);
    bench_free(b);
}
END_TEST

/* 40 steps, the rounds over three quarters: at 0, 10, 20; evenly many units each. */
START_TEST(rounds_are_spread)
{
    bench *b = bench_learned("{units: {fc1: 4}, gradual: 3, within: 75%, train: {steps: 40, batch: 32, rate: 0.01}}");
    bench_run(b);
    double at[POINTS], v[POINTS];
    size_t n = bench_curve(b, "units.fc1", POINTS, at, v);
    const double want[][2] = {{0, 16}, {0, 12}, {10, 8}, {20, 4}, {20, 4}, {40, 4}};
    ck_assert_uint_eq(n, 6);
    for (size_t i = 0; i < n; i++) ck_assert(at[i] == want[i][0] && v[i] == want[i][1]);
    bench_free(b);
    b = bench_learned("{budget: 40%, gradual: 3, within: 75%, train: {steps: 40, batch: 32, rate: 0.01}}");
    bench_run(b);
    n = bench_curve(b, "cells", POINTS, at, v);
    ck_assert_uint_eq(n, 6);
    for (int i = 1; i < 4; i++) ck_assert(v[i] <= (1 - 0.2 * i) * 2564 && v[i] > (1 - 0.2 * i) * 2564 - 700);
    ck_assert_double_eq(v[5], bench_fact(b, "cells"));
    bench_free(b);
}
END_TEST

/* Unit 2 has no reader: no slope, of the first batch. A rate of 0 leaves the rest as it was. */
START_TEST(taylor_finds_what_nobody_listens_to)
{
    xb_graph *g = xb_graph_clone(learned);
    bench_set_rows(g, "fc1", 36, 36, 0);
    bench_set_rows(g, "fc2", 5, 1, 0);
    bench *b =
        bench_on(g, "{units: {conv1: 3, fc1: 15}, score: taylor, batches: 2, train: {steps: 4, batch: 32, rate: 0}}");
    bench_run(b);
    double at[POINTS], v[POINTS];
    ck_assert_double_le(bench_change(b), 1e-6);
    ck_assert_uint_eq(bench_curve(b, "units.conv1", POINTS, at, v), 3);
    ck_assert(at[1] == 2 && v[0] == 4 && v[1] == 3);
    bench_free(b);
}
END_TEST

/* Every round looks at a batch of its own, though all are due at once. */
START_TEST(taylor_sees_a_batch_before_each_round)
{
    bench *b = bench_learned("{units: {fc1: 4}, score: taylor, batches: 2, gradual: 3, within: 0, train: {steps: 8, "
                             "batch: 32, rate: 0.01}}");
    bench_run(b);
    double at[POINTS], v[POINTS];
    const double want[][2] = {{0, 16}, {2, 12}, {3, 8}, {4, 4}, {8, 4}};
    ck_assert_uint_eq(bench_curve(b, "units.fc1", POINTS, at, v), 5);
    for (size_t i = 0; i < 5; i++) ck_assert(at[i] == want[i][0] && v[i] == want[i][1]);
    bench_free(b);
}
END_TEST

START_TEST(taylor_needs_steps)
{
    bench *b = bench_learned("{units: {fc1: 4}, score: taylor, batches: 8, train: {steps: 8, batch: 32}}");
    ck_assert_int_lt(run(b->cx, b->m, &b->o), 0);
    ck_assert(bench_says(b, "'batches: 8' and 1 rounds are too many for a run of 8 steps [pass-check]"));
    bench_free(b);
}
END_TEST

/* conv1 normalised by the batch. */
static const char *const normed =
    "xir 1\ngraph \"normed\"\nsymbol batch\ninput %x f32[batch,1,28,28]\n"
    "const %conv1.weight f32[4,1,5,5] = digest 0\nconst %bn.scale f32[4] = digest 0\nconst %bn.b f32[4] = digest 0\n"
    "const %bn.mean f32[4] = digest 0\nconst %bn.var f32[4] = digest 0\nconst %fc1.weight f32[10,576] = digest 0\n"
    "op conv1 Conv(%x, %conv1.weight) {strides = [2, 2]} => %a f32[batch,4,12,12]\n"
    "op bn BatchNormalization(%a, %bn.scale, %bn.b, %bn.mean, %bn.var) => %b f32[batch,4,12,12]\n"
    "op act Tanh(%b) => %c f32[batch,4,12,12]\n"
    "op flat Flatten(%c) => %d f32[batch,576]\n"
    "op fc1 Gemm(%d, %fc1.weight) {transB = 1} => %y f32[batch,10]\n"
    "output %y\nend\n";

static int compared;

/* What is added up for conv1's units is |w dL/dw + scale dL/dscale|, of which the first is nothing but rounding. */
static int compare_slopes(xb_cx *cx, xb_trainer *t, void *context)
{
    prune_work *w = context;
    double sums[4] = {0};
    prune_net *plan = xb_prune_look(w, xb_trainer_graph(t));
    const xb_param *p = xb_trainer_param(t, xb_graph_find(plan->g, "conv1.weight"));
    const xb_param *scale = xb_trainer_param(t, xb_graph_find(plan->g, "bn.scale"));
    (void)cx;
    ck_assert(plan->n_bundles == 4 && p && scale);
    xb_prune_add_taylor(w, plan, t, sums);
    for (int u = 0; u < 4; u++) {
        double along = 0, of_scale = (double)scale->data[u] * (double)scale->gradient[u];
        for (int i = 25 * u; i < 25 * (u + 1); i++) along += (double)p->data[i] * (double)p->gradient[i];
        ck_assert_double_le(fabs(sums[u] - fabs(along + of_scale)), 1e-12);
        ck_assert_double_le(fabs(along), 1e-3 * fabs(of_scale));
        ck_assert_double_gt(sums[u], 0);
        compared++;
    }
    return 0;
}

START_TEST(taylor_looks_at_scales_behind_normalisation)
{
    xb_graph *g = bench_net(normed);
    bench_set(g, "bn.scale", (float[]){1, .5f, 2, 1.5f}, 4);
    bench_set(g, "bn.var", (float[]){1, 1, 1, 1}, 4);
    bench *b = bench_on(g, "{units: {conv1: 2}, score: taylor, train: {steps: 5, batch: 64, rate: 0.01}}");
    prune_work w = {.cx = b->cx,
                    .graph = b->cx->host->service(b->cx, "xb.graph", 1),
                    .train = b->cx->host->service(b->cx, "xb.train", 1),
                    .edit = b->cx->host->service(b->cx, "xb.edit", 1),
                    .o = &b->o};
    xb_train_hooks hooks = {.struct_size = sizeof hooks, .context = &w, .on_gradient = compare_slopes};
    compared = 0;
    ck_assert_msg(w.train->run(b->cx, g, &b->o.train, &hooks, NULL) == 0, "%s", xb_diags_text(b->d));
    ck_assert_int_eq(compared, 20);
    bench_free(b);
}
END_TEST

/* ---- the gate ---- */

START_TEST(gate_that_cannot_be_met_keeps_the_network)
{
    bench *b =
        bench_learned("{units: {conv1: 1, fc1: 1}, gate: {max-drop: 1}, train: {steps: 20, batch: 32, rate: 1e-3}}");
    bench_run(b);
    ck_assert_double_eq(bench_fact(b, "gate-met"), 0);
    ck_assert(bench_says(b, "after 0 of 1 rounds, the last that met it, is kept [gate]"));
    ck_assert_uint_eq(bench_counts(b, "warning: "), 1);
    ck_assert_double_eq(bench_fact(b, "top1"), bench_fact(b, "top1-before"));
    ck_assert_double_eq(bench_fact(b, "area-ratio"), 1);
    ck_assert_double_eq(bench_fact(b, "rounds"), 0);
    char was[XB_DIGEST_HEX], is[XB_DIGEST_HEX], *journal = bench_journal(b);
    kit_digest(b->came, was);
    kit_digest(bench_graph(b), is);
    ck_assert_str_eq(was, is);
    ck_assert_ptr_nonnull(strstr(journal, "prune-units: the gate was not met: at the end"));
    ck_assert(!bench_says(b, "they go together"));
    free(journal);
    bench_free(b);
}
END_TEST

START_TEST(gate_brings_back_the_last_round_that_met_it)
{
    bench *b = bench_learned("{units: {fc1: 1}, gradual: 5, within: 90%, gate: {max-drop: 6}, "
                             "train: {steps: 60, batch: 32, rate: 0.003, optimizer: adam}}");
    bench_run(b);
    double rounds = bench_fact(b, "rounds");
    ck_assert_double_eq(bench_fact(b, "gate-met"), 0);
    ck_assert(rounds >= 1 && rounds <= 4);
    ck_assert_int_eq(bench_units(b, "fc1"), 16 - 3 * (int64_t)rounds);
    ck_assert_double_ge(bench_fact(b, "top1"), bench_fact(b, "top1-before") - 0.06 - 1e-9);
    double at[POINTS], v[POINTS];
    size_t n = bench_curve(b, "units.fc1", POINTS, at, v);
    ck_assert(v[n - 1] == 1); /* what was seen */
    bench_free(b);
}
END_TEST

START_TEST(gate_that_is_met_changes_nothing)
{
    char with[XB_DIGEST_HEX], without[XB_DIGEST_HEX];
    for (int gate = 0; gate < 2; gate++) {
        bench *b =
            bench_learned(gate ? "{units: {fc1: 8}, gradual: 2, gate: {max-drop: 90}, train: {steps: 30, batch: 32}}"
                               : "{units: {fc1: 8}, gradual: 2, train: {steps: 30, batch: 32}}");
        bench_run(b);
        kit_digest(bench_graph(b), gate ? with : without);
        if (gate) ck_assert_double_eq(bench_fact(b, "gate-met"), 1);
        ck_assert_int_eq(bench_units(b, "fc1"), 8);
        bench_free(b);
    }
    ck_assert_str_eq(with, without);
}
END_TEST

/* A network that always gives the same answer, which is right on one of ten hold-outs of one item. */
START_TEST(gate_wants_a_network_that_knows_something)
{
    int refused = 0;
    for (size_t i = 0; i < 10; i++) {
        xb_graph *g = xb_graph_clone(learned);
        ((float *)xb_graph_write(g, xb_graph_find(g, "fc2.bias")))[i] += 1000;
        bench *b =
            bench_new(g, "{units: {fc1: 8}, gate: {max-drop: 50}, train: {steps: 1, batch: 32, rate: 0}}", DATA, 1);
        if (run(b->cx, b->m, &b->o) >= 0) {
            ck_assert_double_eq(bench_fact(b, "top1-before"), 1);
        } else {
            refused++;
            ck_assert(bench_says(b, "a gate needs labels, and a network that knows them [gate]"));
        }
        bench_free(b);
    }
    ck_assert_int_eq(refused, 9);
}
END_TEST

/* Gates judge by the pipeline's hold-out, so that curves must not be of another. */
START_TEST(the_pipeline_says_the_holdout)
{
    bench *b = bench_learned("{units: {fc1: 8}, train: {steps: 1, batch: 32, holdout: 300}}");
    ck_assert_int_lt(run(b->cx, b->m, &b->o), 0);
    ck_assert(bench_says(b, "the recipe's 'holdout: 300' is another than the pipeline's"));
    bench_free(b);
    b = bench_learned("{units: {fc1: 8}, train: {steps: 1, batch: 32, holdout: 200}}");
    bench_run(b);
    bench_free(b);
}
END_TEST

/* ---- the same bytes ---- */

static const char *const courses[] = {
    "{units: {conv1: 2, fc1: 6}, gradual: 3, gate: {max-drop: 3}, train: {steps: 40, batch: 64, shards: 4, rate: "
    "0.01}}",
    "{budget: 30%, gradual: 4, within: 80%, score: taylor, batches: 5, train: {steps: 40, batch: 64, shards: 2, rate: "
    "0.002, optimizer: adam, distil: {weight: 0.7}}}",
    "{keep: 10%, gradual: 5, gate: {max-drop: 8}, train: {steps: 40, batch: 32, rate: 0.01, schedule: cosine}}",
};
#define COURSES (int)(sizeof courses / sizeof *courses)

START_TEST(threads_do_not_matter)
{
    threads_give_the_same(courses[_i]);
}
END_TEST

START_TEST(stops_do_not_matter)
{
    static const int64_t stops[] = {1, 4, 7, 12, 20, 26, 31, 39};
    stops_give_the_same(courses[_i], stops, sizeof stops / sizeof *stops);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("training");
    tcase_set_timeout(c, 300);
    tcase_add_unchecked_fixture(c, learn, forget); /* once, before the tests fork */
    tcase_add_test(c, all_go_at_the_start);
    tcase_add_test(c, rounds_are_spread);
    tcase_add_test(c, taylor_finds_what_nobody_listens_to);
    tcase_add_test(c, taylor_sees_a_batch_before_each_round);
    tcase_add_test(c, taylor_needs_steps);
    tcase_add_test(c, taylor_looks_at_scales_behind_normalisation);
    tcase_add_test(c, gate_that_cannot_be_met_keeps_the_network);
    tcase_add_test(c, gate_brings_back_the_last_round_that_met_it);
    tcase_add_test(c, gate_that_is_met_changes_nothing);
    tcase_add_test(c, gate_wants_a_network_that_knows_something);
    tcase_add_test(c, the_pipeline_says_the_holdout);
    tcase_add_loop_test(c, threads_do_not_matter, 0, COURSES);
    tcase_add_loop_test(c, stops_do_not_matter, 0, COURSES);
    return run_case("prune-units in training", c);
}
