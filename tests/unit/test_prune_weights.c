/* test_prune_weights.c: which weights go, when, and that they stay zero. */
#include "../../passes/prune-weights.c"
#include "../../passes/prune-weights/choose.c"
#include "../../passes/prune-weights/layers.c"

typedef weights_options pass_options;

#include "pass_kit.h"

/* ---- choosing ---- */

typedef struct chosen {
    weights_options o;
    weights_layer layer[2];
    uint8_t mask[8];
    candidate list[8];
    weights_work w;
} chosen;

static const float first[] = {3, -1, 2, -2}, second[] = {0.5f, -4, 1, 1};
static const float *const both[] = {first, second};

static void choose_begin(chosen *c, weights_options o)
{
    *c = (chosen){.o = o, .layer = {{"a", "a.w", 4, 0, -1}, {"b", "b.w", 4, 4, -1}}};
    memset(c->mask, 1, sizeof c->mask);
    c->w = (weights_work){.o = &c->o, .layer = c->layer, .n_layers = 2, .n = 8, .mask = c->mask, .list = c->list};
}

static void mask_is(const chosen *c, const char *want)
{
    for (size_t i = 0; i < 8; i++) ck_assert_msg(c->mask[i] == (want[i] == '1'), "weight %zu", i);
}

START_TEST(the_largest_stay)
{
    chosen c;
    choose_begin(&c, (weights_options){.keep = 0.375, .gradual = 1});
    xb_weights_choose(&c.w, both, 0);
    mask_is(&c, "10100100"); /* of 2 and -2 the first */
    choose_begin(&c, (weights_options){.keep = 0.5, .scope = WEIGHTS_LAYER, .gradual = 1});
    xb_weights_choose(&c.w, both, 0);
    mask_is(&c, "10100110");
    choose_begin(&c, (weights_options){.keep = 0.3, .scope = WEIGHTS_LAYER, .gradual = 1});
    xb_weights_choose(&c.w, both, 0); /* 1.2 weights are 2 */
    mask_is(&c, "10100110");
}
END_TEST

START_TEST(each_layer_its_own)
{
    chosen c;
    choose_begin(&c, (weights_options){.weights = {.n = 1}, .gradual = 1});
    c.layer[0].goal = 3;
    c.layer[1].goal = 9; /* more than it has */
    xb_weights_choose(&c.w, both, 0);
    mask_is(&c, "10111111");
    c.layer[0].goal = 0;
    xb_weights_choose(&c.w, both, 0);
    mask_is(&c, "00001111");
}
END_TEST

START_TEST(what_is_zero_is_no_candidate)
{
    chosen c;
    choose_begin(&c, (weights_options){.keep = 0.25, .gradual = 1});
    c.mask[0] = c.mask[5] = 0;
    xb_weights_choose(&c.w, both, 0);
    mask_is(&c, "00110000");
}
END_TEST

START_TEST(zeros_grow_by_the_cube)
{
    weights_options o = {.gradual = 4};
    weights_work w = {.o = &o};
    static const size_t want[] = {479, 212, 114, 100}; /* 100 + 900 (3/4, 1/2, 1/4, 0)^3 */
    for (int64_t k = 0; k < 4; k++) ck_assert_uint_eq(share(&w, 1000, 100, k), want[k]);
    o.gradual = 1;
    ck_assert_uint_eq(share(&w, 1000, 100, 0), 100);
}
END_TEST

/* ---- the pass ---- */

#define DATA "digits:840@1"

/* On small_net; data NULL: none. */
static bench *bench_small(const char *text, const char *data)
{
    return bench_new(bench_net(small_net), text, data, data ? 200 : 0);
}

/* What the pipeline does: what the options say is looked at, then the pass runs. */
static void check_and_run(bench *b)
{
    ck_assert_msg(check(b->cx, &b->o) == 0, "%s", xb_diags_text(b->d));
    bench_run(b);
}

static const float *weights(const bench *b, const char *name, size_t *n, const xb_attr **mask)
{
    xb_graph *g = xb_module_graph(b->m);
    xb_value v = xb_graph_find(g, name);
    *n = (size_t)xb_type_count(xb_graph_type(g, v));
    *mask = xb_graph_note(g, v, "mask");
    return xb_graph_data(g, v);
}

static size_t nonzero(const bench *b, const char *name)
{
    size_t n, some = 0;
    const xb_attr *mask;
    const float *v = weights(b, name, &n, &mask);
    for (size_t i = 0; i < n; i++) {
        ck_assert(v[i] == 0 || !mask || mask->ints[i]);
        some += v[i] != 0;
    }
    return some;
}

START_TEST(at_once_without_data)
{
    bench *b = bench_small("{weights: {conv1: 30, 'fc*': 50}, train: {epochs: 0}}", NULL);
    check_and_run(b);
    ck_assert_uint_eq(nonzero(b, "conv1.weight"), 30);
    ck_assert_uint_eq(nonzero(b, "fc1.weight"), 50);
    ck_assert_uint_eq(nonzero(b, "fc2.weight"), 50);
    ck_assert_double_eq(bench_fact(b, "nonzero.conv1"), 30);
    ck_assert_double_eq(bench_fact(b, "nonzero"), 130);
    ck_assert_double_eq(bench_fact(b, "weights"), 100 + 2304 + 160);
    size_t n;
    const xb_attr *mask;
    const float *v = weights(b, "fc1.weight", &n, &mask),
                *was = xb_graph_data(b->came, xb_graph_find(b->came, "fc1.weight"));
    float least = INFINITY;
    for (size_t i = 0; i < n; i++)
        if (v[i] != 0) least = fminf(least, fabsf(v[i]));
    for (size_t i = 0; i < n; i++) ck_assert(v[i] == was[i] || fabsf(was[i]) <= least);
    bench_free(b);
}
END_TEST

START_TEST(in_rounds_and_twice)
{
    bench *b = bench_small(
        "{keep: 25%, layers: [fc1], gradual: 5, train: {steps: 30, batch: 32, rate: 0.02, decay: 1e-3}}", DATA);
    check_and_run(b);
    ck_assert_uint_eq(nonzero(b, "fc1.weight"), 576);
    ck_assert_uint_eq(nonzero(b, "conv1.weight"), 100);
    ck_assert(bench_fact(b, "top1") > 0.1);
    size_t n;
    const xb_attr *mask;
    weights(b, "conv1.weight", &n, &mask);
    ck_assert_ptr_null(mask);
    b->o.keep = 0.1;
    check_and_run(b);
    ck_assert_uint_eq(nonzero(b, "fc1.weight"), 231); /* 10 % of all, of those that were left */
    bench_free(b);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    char one[XB_DIGEST_HEX], other[XB_DIGEST_HEX];
    for (int i = 0; i < 2; i++) {
        bench *b = bench_small("{keep: 20%, gradual: 3, train: {steps: 12, batch: 64, shards: 4, rate: 0.02}}", DATA);
        b->c->learning.engine.threads = 1 + 2 * i;
        check_and_run(b);
        kit_digest(bench_graph(b), i ? other : one);
        bench_free(b);
    }
    ck_assert_str_eq(one, other);
}
END_TEST

static void refuses(const char *text, const char *data, bool before, const char *words)
{
    bench *b = bench_small(text, data);
    int status = check(b->cx, &b->o);
    if (!before) {
        ck_assert_int_eq(status, 0);
        status = run(b->cx, b->m, &b->o);
    }
    ck_assert_int_lt(status, 0);
    ck_assert_msg(bench_says(b, words), "%s", xb_diags_text(b->d));
    bench_free(b);
}

START_TEST(refused)
{
    refuses("{}", DATA, true, "one of 'weights' and 'keep'");
    refuses("{keep: 0.1, weights: {fc1: 1}}", DATA, true, "one of 'weights' and 'keep'");
    refuses("{layers: [fc1], weights: {fc1: 1}}", DATA, true, "'layers' goes with 'keep'");
    refuses("{keep: 0.1}", NULL, true, "it trains, but the pipeline has no 'data: {train: ...}'");
    refuses("{keep: 0.1, gradual: 2, train: {epochs: 0}}", NULL, true, "'gradual' rounds are between steps");
    refuses("{weights: {fc9: 1}, train: {epochs: 0}}", NULL, false,
            "'weights: fc9' is the name or pattern of no layer");
    refuses("{keep: 0.1, layers: ['x*'], train: {epochs: 0}}", NULL, false,
            "'layers: x*' is the name or pattern of no");
    refuses("{weights: {fc1: 9}, train: {epochs: 1, params: {fc1.weight: {frozen: true}}}}", DATA, false,
            "the weights of 'fc1' are not trained");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("prune-weights");
    TCase *t = tcase_create("choosing");
    tcase_add_test(t, the_largest_stay);
    tcase_add_test(t, each_layer_its_own);
    tcase_add_test(t, what_is_zero_is_no_candidate);
    tcase_add_test(t, zeros_grow_by_the_cube);
    suite_add_tcase(s, t);
    t = tcase_create("pass");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, at_once_without_data);
    tcase_add_test(t, in_rounds_and_twice);
    tcase_add_test(t, threads_do_not_matter);
    tcase_add_test(t, refused);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
