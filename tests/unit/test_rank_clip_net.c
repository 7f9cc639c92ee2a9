/* rank-clip on networks, without training: which layers, at which ranks, what it refuses. */
#include "rank_clip_kit.h"
#include "suite.h"

static const char *const many_net =
    "xir 1\n"
    "graph \"many\"\n"
    "symbol batch\n"
    "input %x f32[batch,3,13,13]\n"
    "const %a.weight f32[12,3,3,3] = digest 0\n"
    "const %a.bias f32[12] = digest 0\n"
    "const %b.weight f32[12,6,3,3] = digest 0\n"
    "const %c.weight f32[20,12,3,3] = digest 0\n"
    "const %c.bias f32[20] = digest 0\n"
    "const %d.weight f32[180,30] = digest 0\n"
    "const %d.bias f32[30] = digest 0\n"
    "const %e.weight f32[24,30] = digest 0\n"
    "const %e.bias f32[24] = digest 0\n"
    "const %f.weight f32[24,1] = digest 0\n"
    "const %g.weight f32[24,9] = digest 0\n"
    "op a Conv(%x, %a.weight, %a.bias) {pads = [1, 0, 2, 1], strides = [2, 1]} => %1 f32[batch,12,7,12]\n"
    "op b Conv(%1, %b.weight) {group = 2, pads = [1, 1, 1, 1]} => %2 f32[batch,12,7,12]\n"
    "op c Conv(%2, %c.weight, %c.bias) {dilations = [2, 3], strides = [1, 2]} => %3 f32[batch,20,3,3]\n"
    "op flat Flatten(%3) => %4 f32[batch,180]\n"
    "op d Gemm(%4, %d.weight, %d.bias) {alpha = 0.5, beta = 2.0} => %5 f32[batch,30]\n"
    "op e Gemm(%5, %e.weight, %e.bias) {transB = 1} => %6 f32[batch,24]\n"
    "op f MatMul(%6, %f.weight) => %7 f32[batch,1]\n"
    "op add Add(%6, %7) => %8 f32[batch,24]\n"
    "op g MatMul(%8, %g.weight) => %y f32[batch,9]\n"
    "output %y\n"
    "end\n";

/* Weights of the layer become those of a matrix of rank r. */
static void make_rank(bench *b, xb_graph *g, const char *name, int64_t r)
{
    xb_matrix m;
    xb_rng rng = xb_rng_at(3, XB_RNG_INIT, (uint32_t)name[0]);
    ck_assert(xb_graph_matrix(g, xb_graph_find_op(g, name), &m));
    double *u = xb_arena_alloc(b->a, (size_t)(m.rows * r), sizeof *u);
    double *v = xb_arena_alloc(b->a, (size_t)(m.cols * r), sizeof *v);
    for (int64_t i = 0; i < m.rows * r; i++) u[i] = xb_rng_between(&rng, -0.3, 0.3);
    for (int64_t i = 0; i < m.cols * r; i++) v[i] = xb_rng_between(&rng, -0.3, 0.3);
    float *w = xb_graph_write(g, m.weight);
    for (int64_t i = 0; i < m.rows; i++)
        for (int64_t j = 0; j < m.cols; j++) {
            double sum = 0;
            for (int64_t k = 0; k < r; k++) sum += u[i * r + k] * v[k * m.cols + j];
            w[i * m.row_stride + j * m.col_stride] = (float)sum;
        }
}

static bench *many(const char *text)
{
    xb_graph *g = bench_net(many_net);
    bench *b = bench_new(g, text, NULL, 0);
    make_rank(b, g, "a", 3);
    make_rank(b, g, "c", 7);
    make_rank(b, g, "d", 5);
    make_rank(b, g, "e", 4);
    make_rank(b, g, "g", 2);
    xb_graph_free(b->came);
    b->came = xb_graph_clone(g);
    xb_context_entering(b->c, b->came, text);
    return b;
}

START_TEST(direct_finds_exact_ranks_and_keeps_the_output)
{
    static const char *const method[] = {"balanced", "pca", "svd"};
    char text[80];
    snprintf(text, sizeof text, "{direct: true, epsilon: 1e-9, method: %s}", method[_i]);
    bench *b = many(text);
    bench_run(b);
    ck_assert_int_eq(bench_rank(b, "a"), 3);
    ck_assert_int_eq(bench_rank(b, "b"), 0); /* groups */
    ck_assert_int_eq(bench_rank(b, "c"), 7);
    ck_assert_int_eq(bench_rank(b, "d"), 5);
    ck_assert_int_eq(bench_rank(b, "e"), 4);
    ck_assert_int_eq(bench_rank(b, "f"), 0); /* a vector */
    ck_assert_int_eq(bench_rank(b, "g"), 0); /* the classifier */
    ck_assert(bench_says(b, "left as they are: b (it has groups), f (a vector), g (the classifier)"));
    ck_assert_double_le(bench_change(b), 1e-5);
    ck_assert_double_eq(bench_fact(b, "rank.c"), 7);
    ck_assert_double_eq(bench_fact(b, "cells.c"), 7 * (108 + 20));
    ck_assert_double_eq(bench_fact(b, "area-ratio.c"), 7 * 128 / 2160.0);
    double dense = 27 * 12 + 2 * 54 * 6 + 108 * 20 + 180 * 30 + 30 * 24 + 24 + 24 * 9;
    double now = 3 * 39 + 2 * 54 * 6 + 7 * 128 + 5 * 210 + 4 * 54 + 24 + 24 * 9;
    ck_assert_double_eq(bench_fact(b, "cells-before"), dense);
    ck_assert_double_eq(bench_fact(b, "cells"), now);
    ck_assert_double_eq(bench_fact(b, "area-ratio"), now / dense);
    ck_assert_double_lt(bench_fact(b, "energy-lost.d"), 1e-9);
    bench_free(b);
}
END_TEST

START_TEST(named_layers_at_given_ranks)
{
    bench *b = many("{direct: true, ranks: {c: 2, g: 1, a: 9}}");
    bench_run(b);
    ck_assert_int_eq(bench_rank(b, "c"), 2);
    ck_assert_int_eq(bench_rank(b, "g"), 1); /* the classifier, by its name */
    ck_assert_int_eq(bench_rank(b, "a"), 0); /* 9 of 27 x 12 cost more than the matrix */
    ck_assert_int_eq(bench_rank(b, "d"), 0); /* not asked for */
    ck_assert(bench_says(b, "a (its rank does not pay)"));
    ck_assert_double_gt(bench_fact(b, "energy-lost.c"), 0.01);
    bench_free(b);
    b = many("{direct: true, layers: [c], epsilon: 1e-9}");
    bench_run(b);
    ck_assert(bench_rank(b, "c") == 7 && !bench_rank(b, "d") && !bench_rank(b, "e"));
    bench_free(b);
}
END_TEST

START_TEST(direct_keeps_to_a_budget)
{
    bench *b = many("{direct: true, budget: 25%}");
    bench_run(b);
    ck_assert_double_le(bench_fact(b, "area-ratio"), 0.25);
    ck_assert_double_gt(bench_fact(b, "area-ratio"), 0.23);
    ck_assert(!bench_says(b, "warning"));
    ck_assert(isnan(bench_fact(b, "sensitivity.c"))); /* nothing was measured */
    bench_free(b);
}
END_TEST

/* The least that ranks of 1 leave, a, c, d, e: 39 + 128 + 210 + 54, of b, f, g: 648 + 24 + 216. */
START_TEST(refused_before_anything_runs)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"{direct: true, ranks: {c: 2, \"x*\": 3}}", "'ranks: x*' is the name or pattern of no layer [pass-check]"},
        {"{direct: true, layers: [c, z]}", "'layers: z' is the name or pattern of no layer [pass-check]"},
        {"{direct: true, layers: [c], ranks: {d: 2}}", "'ranks: d' is the name or pattern of no layer that 'layers'"},
        {"{direct: true, budget: 1%}", "the budget of 0.01 cannot be met: with rank 1 a layer 1319 of 9492 cells are "
                                       "left"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bench *b = many(bad[i].text);
        uint64_t version = xb_graph_version(bench_graph(b));
        ck_assert_int_lt(run(b->cx, b->m, &b->o), 0);
        ck_assert_msg(bench_says(b, bad[i].says), "%s", xb_diags_text(b->d));
        ck_assert(xb_graph_version(bench_graph(b)) == version);
        bench_free(b);
    }
}
END_TEST

START_TEST(what_never_clips_says_so)
{
    char before[XB_DIGEST_HEX], after[XB_DIGEST_HEX];
    bench *b = bench_new(bench_net(small_net), "{direct: true, epsilon: 0}", NULL, 0);
    kit_digest(bench_graph(b), before);
    bench_run(b);
    kit_digest(bench_graph(b), after);
    ck_assert_str_eq(before, after);
    ck_assert(bench_says(b, "warning: rank-clip: no layer was clipped to a rank that pays (epsilon 0)"));
    ck_assert_double_eq(bench_fact(b, "area-ratio"), 1);
    bench_free(b);
}
END_TEST

START_TEST(masked_layers_stay)
{
    bench *b = many("{direct: true, epsilon: 1e-9}");
    int64_t mask[24 * 30];
    for (size_t i = 0; i < 24 * 30; i++) mask[i] = i % 7 != 0;
    xb_graph_set_note(bench_graph(b), xb_graph_find(bench_graph(b), "e.weight"), "mask", mask, 24 * 30);
    bench_run(b);
    ck_assert_int_eq(bench_rank(b, "e"), 0);
    ck_assert(bench_says(b, "e (it has a mask)"));
    bench_free(b);
}
END_TEST

START_TEST(frozen_layers_stay)
{
    bench *b = many("{direct: true, epsilon: 1e-9, train: {params: {\"d.*\": {frozen: true}}}}");
    xb_graph_set_note(bench_graph(b), xb_graph_find(bench_graph(b), "e.weight"), "frozen", (int64_t[]){1}, 1);
    xb_graph_set_note(bench_graph(b), xb_graph_find(bench_graph(b), "c.weight"), "frozen", (int64_t[]){0}, 1);
    bench_run(b);
    ck_assert(bench_rank(b, "c") == 7 && !bench_rank(b, "d") && !bench_rank(b, "e"));
    ck_assert(bench_says(b, "d (it is frozen), e (it is frozen)"));
    bench_free(b);
}
END_TEST

/* One weight for two layers: what a probe or a gate sees of the one it would see of the other, too. */
static const char *const twins = "xir 1\ngraph \"twins\"\nsymbol batch\ninput %x f32[batch,1,28,28]\n"
                                 "const %w f32[784,20] = digest 0\nconst %v f32[784,20] = digest 0\n"
                                 "const %fc.weight f32[20,10] = digest 0\n"
                                 "op flat Flatten(%x) => %a f32[batch,784]\n"
                                 "op neg Neg(%a) => %b f32[batch,784]\n"
                                 "op one MatMul(%a, %w) => %c f32[batch,20]\n"
                                 "op two MatMul(%b, %w) => %d f32[batch,20]\n"
                                 "op three MatMul(%b, %v) => %e f32[batch,20]\n"
                                 "op sum Add(%c, %d) => %f f32[batch,20]\n"
                                 "op all Add(%f, %e) => %g f32[batch,20]\n"
                                 "op fc MatMul(%g, %fc.weight) => %y f32[batch,10]\n"
                                 "output %y\nend\n";

START_TEST(shared_weights_stay)
{
    bench *b = bench_new(bench_net(twins), "{direct: true, epsilon: 0.5, gate: {max-drop: 99}}", "digits:100@1", 60);
    xb_graph *g = bench_graph(b);
    bench_run(b);
    ck_assert(bench_says(b, "one (others share its weights), two (others share its weights), fc (the classifier)"));
    ck_assert_int_gt(bench_rank(b, "three"), 0);
    xb_value w = xb_graph_find(g, "w");
    ck_assert_int_eq(memcmp(xb_graph_data(g, w), xb_graph_data(b->came, xb_graph_find(b->came, "w")), 784 * 20 * 4), 0);
    bench_free(b);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("rank-clip");
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, direct_finds_exact_ranks_and_keeps_the_output, 0, 3);
    tcase_add_test(c, named_layers_at_given_ranks);
    tcase_add_test(c, direct_keeps_to_a_budget);
    tcase_add_test(c, what_never_clips_says_so);
    tcase_add_test(c, refused_before_anything_runs);
    tcase_add_test(c, masked_layers_stay);
    tcase_add_test(c, frozen_layers_stay);
    tcase_add_test(c, shared_weights_stay);
    return run_case("rank-clip-net", c);
}
