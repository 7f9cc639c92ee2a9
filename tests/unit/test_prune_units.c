/* test_prune_units.c: units taken out at once: how many, which, and what the network computes afterwards. */
#include "prune_units_kit.h"
#include "suite.h"

#define NO_TRAINING "train: {epochs: 0}}"

/* conv a; conv b behind it is added to conv c of the input; dense. */
static const char *const residual = "xir 1\ngraph \"residual\"\nsymbol batch\ninput %x f32[batch,2,6,6]\n"
                                    "const %a.weight f32[6,2,3,3] = digest 0\nconst %a.bias f32[6] = digest 0\n"
                                    "const %b.weight f32[8,6,3,3] = digest 0\nconst %b.bias f32[8] = digest 0\n"
                                    "const %c.weight f32[8,2,3,3] = digest 0\nconst %fc.weight f32[5,8] = digest 0\n"
                                    "op a Conv(%x, %a.weight, %a.bias) {pads = [1, 1, 1, 1]} => %a1 f32[batch,6,6,6]\n"
                                    "op ra Relu(%a1) => %a2 f32[batch,6,6,6]\n"
                                    "op b Conv(%a2, %b.weight, %b.bias) => %b1 f32[batch,8,4,4]\n"
                                    "op c Conv(%x, %c.weight) => %c1 f32[batch,8,4,4]\n"
                                    "op sum Add(%b1, %c1) => %s f32[batch,8,4,4]\n"
                                    "op rs Relu(%s) => %s2 f32[batch,8,4,4]\n"
                                    "op gap GlobalAveragePool(%s2) => %p f32[batch,8,1,1]\n"
                                    "op flat Flatten(%p) => %f f32[batch,8]\n"
                                    "op fc Gemm(%f, %fc.weight) {transB = 1} => %y f32[batch,5]\n"
                                    "output %y\nend\n";

/* conv a and conv b side by side; a depthwise and a grouped convolution behind them; dense. */
static const char *const branched =
    "xir 1\ngraph \"branched\"\nsymbol batch\ninput %x f32[batch,2,6,6]\n"
    "const %a.weight f32[4,2,3,3] = digest 0\nconst %b.weight f32[4,2,3,3] = digest 0\n"
    "const %w.weight f32[8,1,3,3] = digest 0\nconst %d.weight f32[12,8,1,1] = digest 0\n"
    "const %e.weight f32[8,3,1,1] = digest 0\nconst %fc.weight f32[5,32] = digest 0\n"
    "const %bn.scale f32[12] = digest 0\nconst %bn.b f32[12] = digest 0\n"
    "const %bn.mean f32[12] = digest 0\nconst %bn.var f32[12] = digest 0\n"
    "op a Conv(%x, %a.weight) => %a1 f32[batch,4,4,4]\n"
    "op b Conv(%x, %b.weight) => %b1 f32[batch,4,4,4]\n"
    "op cat Concat(%a1, %b1) {axis = 1} => %ab f32[batch,8,4,4]\n"
    "op w Conv(%ab, %w.weight) {group = 8} => %w1 f32[batch,8,2,2]\n"
    "op d Conv(%w1, %d.weight) => %d1 f32[batch,12,2,2]\n"
    "op bn BatchNormalization(%d1, %bn.scale, %bn.b, %bn.mean, %bn.var) => %d2 f32[batch,12,2,2]\n"
    "op rd Relu(%d2) => %d3 f32[batch,12,2,2]\n"
    "op e Conv(%d3, %e.weight) {group = 4} => %e1 f32[batch,8,2,2]\n"
    "op flat Flatten(%e1) => %f f32[batch,32]\n"
    "op fc Gemm(%f, %fc.weight) {transB = 1} => %y f32[batch,5]\n"
    "output %y\nend\n";

static xb_graph *small(void)
{
    return bench_net(small_net);
}

static xb_graph *added(void)
{
    return bench_net(residual);
}

static xb_graph *branched_net(void)
{
    xb_graph *g = bench_net(branched);
    float scale[12], var[12];
    for (int i = 0; i < 12; i++) scale[i] = (float)(i + 1) / 8, var[i] = 1;
    bench_set(g, "bn.scale", scale, 12);
    bench_set(g, "bn.var", var, 12);
    return g;
}

static bench *pruned(xb_graph *g, const char *text)
{
    bench *b = bench_new(g, text, NULL, 0);
    ck_assert_msg(check(b->cx, &b->o) >= 0, "%s", xb_diags_text(b->d));
    bench_run(b);
    return b;
}

/* ---- how many ---- */

START_TEST(counts_are_exact)
{
    bench *b = pruned(bench_net(small_net), "{units: {conv1: 3, 'fc*': 5}, " NO_TRAINING);
    ck_assert_int_eq(bench_units(b, "conv1"), 3);
    ck_assert_int_eq(bench_units(b, "fc1"), 5);
    ck_assert_int_eq(bench_units(b, "fc2"), 10);
    ck_assert(bench_says(b, "'fc2' keeps all its units") && bench_says(b, "conv1 3 of 4, fc1 5 of 16: "));
    ck_assert_double_eq(bench_fact(b, "units-before"), 30);
    ck_assert_double_eq(bench_fact(b, "units"), 18);
    ck_assert_double_eq(bench_fact(b, "units-before.conv1"), 4);
    ck_assert_double_eq(bench_fact(b, "units.conv1"), 3);
    ck_assert_double_eq(bench_fact(b, "cells-before"), 100 + 144 * 16 + 160);
    ck_assert_double_eq(bench_fact(b, "cells"), 75 + 108 * 5 + 50);
    ck_assert_double_eq(bench_fact(b, "cells.fc1"), 108 * 5);
    ck_assert_double_eq(bench_fact(b, "area-ratio"), 665.0 / 2564);
    ck_assert_int_eq(xb_graph_cells(bench_graph(b)), 665);
    ck_assert(isnan(bench_fact(b, "rounds")) && isnan(bench_fact(b, "gate-met")));
    bench_free(b);
}
END_TEST

START_TEST(keep_is_of_every_layer)
{
    bench *b = pruned(bench_net(residual), "{keep: 50%, " NO_TRAINING);
    ck_assert_int_eq(bench_units(b, "a"), 3);
    ck_assert_int_eq(bench_units(b, "b"), 4);
    ck_assert_int_eq(bench_units(b, "c"), 4);
    ck_assert_int_eq(bench_units(b, "fc"), 5);
    ck_assert_int_eq(xb_graph_cells(bench_graph(b)), 3 * 18 + 4 * 27 + 4 * 18 + 20);
    bench_free(b);
    b = pruned(bench_net(small_net), "{keep: 1%, " NO_TRAINING); /* at least one */
    ck_assert_int_eq(bench_units(b, "conv1"), 1);
    ck_assert_int_eq(bench_units(b, "fc1"), 1);
    bench_free(b);
}
END_TEST

/* Grouped convolutions: of d one of each of e's groups goes at a time, of e one of each group; w goes with a and b. */
START_TEST(groups_stay_alike)
{
    bench *b = pruned(branched_net(), "{units: {a: 2, b: 3, d: 8, e: 4}, " NO_TRAINING);
    ck_assert_int_eq(bench_units(b, "a"), 2);
    ck_assert_int_eq(bench_units(b, "b"), 3);
    ck_assert_int_eq(bench_units(b, "w"), 5);
    ck_assert_int_eq(bench_units(b, "d"), 8);
    ck_assert_int_eq(bench_units(b, "e"), 4);
    xb_matrix e = bench_matrix(bench_graph(b), "e");
    ck_assert(e.groups == 4 && e.rows == 2 && e.cols == 1);
    ck_assert_int_eq(xb_graph_cells(bench_graph(b)), 2 * 18 + 3 * 18 + 5 * 9 + 8 * 5 + 4 * 2 + 4 * 4 * 5);
    ck_assert_double_eq(bench_fact(b, "cells"), (double)xb_graph_cells(bench_graph(b)));
    bench_free(b);
    b = pruned(branched_net(), "{units: {d: 7, w: 6}, " NO_TRAINING); /* four at a time */
    ck_assert_int_eq(bench_units(b, "d"), 8);
    ck_assert(bench_says(b, "'d' keeps 8 units, not 7: they go together with others"));
    ck_assert_int_eq(bench_units(b, "a") + bench_units(b, "b"), 6);
    bench_free(b);
}
END_TEST

START_TEST(who_asks_for_more_of_what_goes_together_is_told)
{
    bench *b = pruned(bench_net(residual), "{units: {b: 3, c: 6}, " NO_TRAINING);
    ck_assert_int_eq(bench_units(b, "b"), 3);
    ck_assert(bench_says(b, "'c' keeps 3 units, not 6: they go together with others"));
    bench_free(b);
}
END_TEST

START_TEST(layers_limit_what_goes)
{
    bench *b = pruned(bench_net(small_net), "{keep: 25%, layers: [f*], " NO_TRAINING);
    ck_assert_int_eq(bench_units(b, "conv1"), 4);
    ck_assert_int_eq(bench_units(b, "fc1"), 4);
    bench_free(b);
    b = pruned(bench_net(small_net), "{budget: 50%, layers: [conv1], " NO_TRAINING);
    ck_assert_int_eq(bench_units(b, "conv1"), 1);
    ck_assert_int_eq(bench_units(b, "fc1"), 16);
    ck_assert(!bench_says(b, "warning"));
    bench_free(b);
    b = pruned(bench_net(residual), "{keep: 50%, layers: [b], " NO_TRAINING); /* c goes with it, but not unsaid */
    ck_assert(bench_units(b, "b") == 4 && bench_units(b, "c") == 4 && bench_units(b, "a") == 6);
    ck_assert(bench_says(b, "warning: prune-units: 'c', which 'layers' does not mean, loses 4 of its units"));
    ck_assert_uint_eq(bench_counts(b, "warning"), 1);
    bench_free(b);
}
END_TEST

/* The cells that budgets lead to, from loose to tight, are those of one bundle more each time; a budget between two of
 * them leads to the lower one. */
static int64_t cells_for(xb_graph *(*make)(void), double cells, double *units)
{
    xb_graph *g = make();
    char text[100];
    snprintf(text, sizeof text, "{budget: %.17g, " NO_TRAINING, cells / (double)xb_graph_cells(g));
    bench *b = pruned(g, text);
    int64_t left = xb_graph_cells(bench_graph(b));
    *units = bench_fact(b, "units");
    ck_assert_double_eq(bench_fact(b, "cells"), (double)left);
    bench_free(b);
    return left;
}

START_TEST(budget_is_met_within_one_unit)
{
    xb_graph *(*const make[])(void) = {small, added, branched_net};
    const double most[] = {1, 2, 4}; /* units that go together */
    const int64_t least[] = {300, 50, 200};
    xb_graph *g = make[_i]();
    int64_t cells = xb_graph_cells(g);
    double units, before = NAN;
    xb_graph_free(g);
    while (cells > least[_i]) {
        int64_t next = cells_for(make[_i], (double)cells - 1, &units);
        ck_assert_int_lt(next, cells);
        ck_assert(isnan(before) || (units < before && before - units <= most[_i]));
        double same;
        ck_assert_int_eq(cells_for(make[_i], (double)next, &same), next);
        ck_assert_double_eq(same, units);
        cells = next;
        before = units;
    }
}
END_TEST

/* ---- which ---- */

/* x -> relu(W x + b) -> V; unit 0: |w| |v| = 10 * 0.1, unit 1: 1 * 2, unit 2: 3 * 3. */
static const char *const two_layers = "xir 1\ngraph \"two\"\nsymbol batch\ninput %x f32[batch,1]\n"
                                      "const %w f32[1,3] = digest 0\nconst %b f32[3] = digest 0\n"
                                      "const %v f32[3,1] = digest 0\n"
                                      "op one Gemm(%x, %w, %b) => %h f32[batch,3]\n"
                                      "op act Relu(%h) => %r f32[batch,3]\n"
                                      "op two MatMul(%r, %v) => %y f32[batch,1]\n"
                                      "output %y\nend\n";

static xb_graph *two_net(void)
{
    xb_graph *g = bench_net(two_layers);
    bench_set(g, "w", (float[]){10, 1, 3}, 3);
    bench_set(g, "b", (float[]){1, 2, 3}, 3);
    bench_set(g, "v", (float[]){.1f, 2, 3}, 3);
    return g;
}

START_TEST(magnitude_is_the_product_of_both_sides)
{
    static const struct {
        const char *text;
        int64_t left;
        float b[2];
    } want[] = {{"{units: {one: 2}, fold: false, " NO_TRAINING, 2, {2, 3}},
                {"{units: {one: 1}, fold: false, " NO_TRAINING, 1, {3, 0}}};
    for (size_t i = 0; i < 2; i++) {
        bench *b = pruned(two_net(), want[i].text);
        ck_assert_int_eq(bench_units(b, "one"), want[i].left);
        const float *bias = xb_graph_data(bench_graph(b), xb_graph_find(bench_graph(b), "b"));
        for (int64_t k = 0; k < want[i].left; k++) ck_assert(bias[k] == want[i].b[k]);
        bench_free(b);
    }
}
END_TEST

START_TEST(norm_scale_goes_by_the_scale)
{
    bench *b = pruned(branched_net(), "{units: {d: 8}, score: norm-scale, " NO_TRAINING);
    const float *scale = xb_graph_data(bench_graph(b), xb_graph_find(bench_graph(b), "bn.scale"));
    const int kept[] = {1, 2, 4, 5, 7, 8, 10, 11}; /* of 0, 3, 6, 9 the scales are the least */
    for (int i = 0; i < 8; i++) ck_assert(scale[i] == (float)(kept[i] + 1) / 8);
    bench_free(b);
}
END_TEST

/* ---- what is computed ---- */

typedef struct silent { /* units whose readers do not listen */
    xb_graph *(*net)(void);
    const char *layer, *reader;
    int64_t units[2], rows; /* rows of the reader a unit */
    const char *text;
} silent;

static const silent silents[] = {
    {small, "conv1", "fc1", {1, 3}, 36, "{units: {conv1: 2}, " NO_TRAINING},
    {small, "fc1", "fc2", {0, 7}, 1, "{units: {fc1: 14}, " NO_TRAINING},
    {added, "a", "b", {2, 5}, 9, "{units: {a: 4}, " NO_TRAINING},
    {added, "b", "fc", {0, 7}, 1, "{units: {c: 6}, " NO_TRAINING},
    {branched_net, "w", "d", {3, 6}, 1, "{units: {w: 6}, " NO_TRAINING},
};
enum { SILENTS = sizeof silents / sizeof *silents };

START_TEST(what_nobody_listens_to_goes_without_a_trace)
{
    const silent *s = &silents[_i];
    xb_graph *g = s->net();
    for (int i = 0; i < 2; i++) bench_set_rows(g, s->reader, s->units[i] * s->rows, s->rows, 0);
    bench *b = pruned(g, s->text);
    ck_assert_double_le(bench_change(b), 1e-6);
    bench_free(b);
}
END_TEST

/* Without weights a unit gives its bias, which readers without padding take over. */
START_TEST(what_is_constant_is_folded)
{
    for (int fold = 0; fold < 2; fold++) {
        xb_graph *g = small();
        bench_set_unit(g, "conv1", 1, 0);
        bench_set_unit(g, "fc1", 9, 0);
        bench_set(g, "conv1.bias", (float[]){.1f, .7f, -.2f, 0}, 4);
        ((float *)xb_graph_write(g, xb_graph_find(g, "fc1.bias")))[9] = 2;
        bench *b = pruned(g, fold ? "{units: {conv1: 3, fc1: 15}, " NO_TRAINING
                                  : "{units: {conv1: 3, fc1: 15}, fold: false, " NO_TRAINING);
        if (fold)
            ck_assert_double_le(bench_change(b), 2e-6);
        else
            ck_assert_double_ge(bench_change(b), 1e-2);
        bench_free(b);
    }
}
END_TEST

/* ---- nothing to do, and what is refused ---- */

START_TEST(a_second_time_changes_nothing)
{
    static const char *const again[] = {"{units: {conv1: 2, fc1: 5}, " NO_TRAINING, "{keep: 100%, " NO_TRAINING,
                                        "{budget: 100%, " NO_TRAINING, "{units: {conv1: 2}, train: {epochs: 3}}"};
    bench *b = pruned(small(), again[0]);
    xb_graph *once = xb_graph_clone(bench_graph(b));
    bench_free(b);
    for (size_t i = 0; i < sizeof again / sizeof *again; i++) {
        b = bench_new(xb_graph_clone(once), again[i], "digits:200@1", 0);
        uint64_t version = xb_graph_version(bench_graph(b));
        bench_run(b);
        ck_assert(xb_graph_version(bench_graph(b)) == version);
        ck_assert(bench_says(b, "nothing to remove: 100.000 % of the crossbar cells"));
        ck_assert_double_eq(bench_fact(b, "area-ratio"), 1);
        bench_free(b);
    }
    xb_graph_free(once);
}
END_TEST

START_TEST(refused_before_anything_runs)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"{units: {conv9: 3}, " NO_TRAINING, "'units: conv9' is the name or pattern of no layer"},
        {"{keep: 0.5, layers: [conv1, 'g*'], " NO_TRAINING, "'layers: g*' is the name or pattern of no layer"},
        {"{units: {fc1: 3}, layers: [conv*], " NO_TRAINING,
         "'units: fc1' is the name or pattern of no layer that 'layers' "
         "means"},
        {"{units: {fc2: 3}, " NO_TRAINING, "'fc2' keeps all its units: node 'fc2' (Gemm): "},
        {"{budget: 1%, " NO_TRAINING, "cannot be met: with one unit a layer 71 of 2564 cells are left"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bench *b = bench_new(small(), bad[i].text, NULL, 0);
        uint64_t version = xb_graph_version(bench_graph(b));
        ck_assert_int_eq(check(b->cx, &b->o), 0);
        ck_assert_int_lt(run(b->cx, b->m, &b->o), 0);
        ck_assert_msg(bench_says(b, bad[i].says), "%s", xb_diags_text(b->d));
        ck_assert(xb_graph_version(bench_graph(b)) == version);
        bench_free(b);
    }
}
END_TEST

START_TEST(options_that_do_not_go_together)
{
    static const struct {
        const char *text, *data;
        size_t holdout;
        const char *says;
    } bad[] = {
        {"{" NO_TRAINING, NULL, 0, "one of 'units', 'keep' and 'budget'"},
        {"{keep: 0.5, budget: 0.5, " NO_TRAINING, NULL, 0, "one of 'units', 'keep' and 'budget'"},
        {"{keep: 0.5}", NULL, 0, "no 'data: {train: ...}'"},
        {"{keep: 0.5, score: taylor, " NO_TRAINING, "digits:40@1", 0, "'score: taylor' looks at training batches"},
        {"{keep: 0.5, gradual: 2, " NO_TRAINING, "digits:40@1", 0, "'gradual' rounds are between steps"},
        {"{keep: 0.5, gate: {max-drop: 1}, " NO_TRAINING, "digits:40@1", 10, "'gate' judges a training run"},
        {"{keep: 0.5, gate: {max-drop: 1}}", "digits:40@1", 0, "'gate' measures on a hold-out"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bench *b = bench_new(small(), bad[i].text, bad[i].data, bad[i].holdout);
        ck_assert_int_lt(check(b->cx, &b->o), 0);
        ck_assert_msg(bench_says(b, bad[i].says), "%s", xb_diags_text(b->d));
        bench_free(b);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("at once");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, counts_are_exact);
    tcase_add_test(c, keep_is_of_every_layer);
    tcase_add_test(c, groups_stay_alike);
    tcase_add_test(c, who_asks_for_more_of_what_goes_together_is_told);
    tcase_add_test(c, layers_limit_what_goes);
    tcase_add_loop_test(c, budget_is_met_within_one_unit, 0, 3);
    tcase_add_test(c, magnitude_is_the_product_of_both_sides);
    tcase_add_test(c, norm_scale_goes_by_the_scale);
    tcase_add_loop_test(c, what_nobody_listens_to_goes_without_a_trace, 0, SILENTS);
    tcase_add_test(c, what_is_constant_is_folded);
    tcase_add_test(c, a_second_time_changes_nothing);
    tcase_add_test(c, refused_before_anything_runs);
    tcase_add_test(c, options_that_do_not_go_together);
    return run_case("prune-units", c);
}
