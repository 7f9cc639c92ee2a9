/* test_rank_clip_train.c: clipping in training: ranks only fall, the gate takes back, stops and threads do not matter.
 */
#include "base/file.h"
#include "rank_clip_kit.h"
#include <signal.h>

#define DATA "digits:840@1"
#define HOLDOUT 200 /* 640 to train on: 20 steps of 32 an epoch */
#define POINTS 64

/* small_net after a few epochs. */
static xb_graph *learned;

static void learn(void)
{
    kit k;
    kit_begin(&k, small_net, DATA, "{epochs: 24, batch: 32, rate: 0.005, optimizer: adam, schedule: cosine}");
    k.run.holdout = HOLDOUT;
    ck_assert_msg(kit_train(&k), "%s", xb_diags_text(k.d));
    ck_assert_double_gt(k.result.holdout.top1, 0.7);
    learned = xb_graph_clone(k.g);
    kit_end(&k);
}

static void forget(void)
{
    xb_graph_free(learned);
}

static bench *clipping(const char *text)
{
    return bench_new(xb_graph_clone(learned), text, DATA, HOLDOUT);
}

#define RECIPE "train: {steps: 60, batch: 32, rate: 0.01, decay: 1e-3}"

/* ---- a host whose trainer is watched ---- */

typedef struct watch {
    const xb_host *real;
    xb_host host;
    xb_train_api train;
    const xb_train_api *trainer;
    xb_train_hooks hooks;
    bench *b;
    int64_t stop_at; /* step in which Ctrl-C comes; 0: never */
    double change;   /* of the output, before the first step */
} watch;

static watch seen;

static const void *watched_service(xb_cx *cx, const char *name, uint32_t version)
{
    return strcmp(name, "xb.train") == 0 ? &seen.train : seen.real->service(cx, name, version);
}

static int on_watched_gradient(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx, (void)context;
    int64_t step = xb_trainer_step_done(t) + 1;
    if (step == 1 && seen.b) {
        bench during = *seen.b;
        during.m = xb_module_new(xb_graph_clone(xb_trainer_graph(t)));
        seen.change = bench_change(&during);
        ck_assert_int_eq(bench_rank(&during, "fc1"), 16);
        ck_assert_int_eq(bench_rank(&during, "conv1"), 4);
        xb_module_free(during.m);
    }
    if (step == seen.stop_at) raise(SIGINT);
    return 0;
}

static int watched_run(xb_cx *cx, xb_graph *g, const xb_recipe *recipe, const xb_train_hooks *hooks,
                       xb_train_result *result)
{
    seen.hooks = *hooks;
    seen.hooks.on_gradient = on_watched_gradient;
    return seen.trainer->run(cx, g, recipe, &seen.hooks, result);
}

static void begin_watch(bench *b)
{
    xb_cx *cx = b->cx;
    seen.real = cx->host;
    seen.trainer = cx->host->service(cx, "xb.train", 1);
    seen.host = *cx->host;
    seen.host.service = watched_service;
    seen.train = *seen.trainer;
    seen.train.run = watched_run;
    cx->host = &seen.host;
}

/* ---- the course of a run ---- */

START_TEST(full_rank_start_is_exact)
{
    static const char *const method[] = {"balanced", "pca", "svd"};
    char text[200];
    snprintf(text, sizeof text, "{method: %s, interval: 20, train: {steps: 3, batch: 32}}", method[_i]);
    bench *b = clipping(text);
    seen.b = b;
    seen.change = 1;
    begin_watch(b);
    bench_run(b);
    ck_assert_double_le(seen.change, 1e-5);
    bench_free(b);
}
END_TEST

START_TEST(ranks_only_fall)
{
    static const char *const method[] = {"balanced", "pca", "svd"};
    char text[200];
    snprintf(text, sizeof text, "{method: %s, epsilon: 0.05, interval: 10, until: 75%%, " RECIPE "}", method[_i]);
    bench *b = clipping(text);
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
    bench *b = clipping("{epsilon: 0, interval: 5, " RECIPE "}");
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
    bench *b = clipping("{ranks: {fc1: 3}, interval: 10, " RECIPE "}");
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
    bench *b = clipping("{budget: 40%, interval: 10, " RECIPE "}");
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
    bench *b = clipping("{epsilon: 0.6, interval: 10, until: 75%, gate: {max-drop: 6, slack: 2}, " RECIPE "}");
    bench_run(b);
    ck_assert_double_ge(bench_fact(b, "taken-back"), 1);
    ck_assert(bench_fact(b, "frozen.fc1") == 1 || bench_fact(b, "frozen.conv1") == 1);
    ck_assert(bench_says(b, "below the gate's") && bench_says(b, "stays at rank"));
    if (bench_fact(b, "gate-met") == 1)
        ck_assert_double_ge(bench_fact(b, "top1"), bench_fact(b, "top1-before") - 0.06 - 1e-9);
    bench_free(b);
}
END_TEST

/* Nothing that this rate leaves comes near: the network as it came is what is left. */
START_TEST(gate_that_cannot_be_met_keeps_the_last_good_network)
{
    char before[XB_DIGEST_HEX], after[XB_DIGEST_HEX];
    bench *b = clipping("{epsilon: 0.9, interval: 10, gate: {max-drop: 1}, train: {steps: 35, batch: 32, rate: 0.1}}");
    kit_digest(bench_graph(b), before);
    bench_run(b);
    kit_digest(bench_graph(b), after);
    ck_assert_str_eq(before, after);
    ck_assert_double_eq(bench_fact(b, "gate-met"), 0);
    ck_assert_double_eq(bench_fact(b, "top1"), bench_fact(b, "top1-before"));
    ck_assert_double_eq(bench_fact(b, "area-ratio"), 1);
    ck_assert(bench_says(b, "warning: rank-clip: the gate was not met"));
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
    bench *b = clipping("{direct: true, epsilon: 0.7, gate: {max-drop: 0}}");
    bench_run(b);
    ck_assert_double_ge(bench_fact(b, "taken-back"), 1);
    ck_assert_double_ge(bench_fact(b, "top1"), bench_fact(b, "top1-before"));
    bench_free(b);
    b = clipping("{direct: true, epsilon: 0.7, gate: {max-drop: 99}}");
    bench_run(b);
    ck_assert_double_eq(bench_fact(b, "taken-back"), 0);
    ck_assert(bench_rank(b, "fc1") > 0 && bench_rank(b, "conv1") > 0);
    bench_free(b);
}
END_TEST

START_TEST(gate_wants_a_network_that_knows_something)
{
    bench *b = clipping("{gate: {max-drop: 5}}");
    rank_work w = {.cx = b->cx, .o = &b->o};
    rank_end end = {0};
    ck_assert_int_eq(xb_rank_aim(&w, &(xb_measure){.total = 8, .correct = 6, .top1 = 0.75}, &end), 0);
    ck_assert_double_eq(end.baseline, 0.75);
    ck_assert(0.7 >= end.target && 0.699 < end.target);
    ck_assert_int_lt(xb_rank_aim(&w, &(xb_measure){.total = 8}, &end), 0); /* no labels: none is right */
    ck_assert(bench_says(b, "a gate needs labels"));
    b->o.gate.max_drop = 100;
    ck_assert_int_eq(xb_rank_aim(&w, &(xb_measure){.total = 8}, &end), 0);
    bench_free(b);
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
    char one[XB_DIGEST_HEX], other[XB_DIGEST_HEX];
    char *journal[3];
    for (int i = 0; i < 3; i++) {
        bench *b = clipping(courses[_i]);
        b->c->learning.engine.threads = 1 << i;
        bench_run(b);
        kit_digest(bench_graph(b), i ? other : one);
        journal[i] = bench_journal(b);
        bench_free(b);
        if (!i) continue;
        ck_assert_str_eq(one, other);
        ck_assert_str_eq(journal[0], journal[i]);
    }
    for (int i = 0; i < 3; i++) free(journal[i]);
}
END_TEST

/* In a process of its own, which Ctrl-C stops in that step, or in the measurement after it. */
static void stopped_run(const char *text, const char *dir, int64_t stop_at)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        xb_interrupt_install();
        bench *b = clipping(text);
        b->c->learning.checkpoints = dir;
        seen.stop_at = stop_at;
        begin_watch(b);
        int status = run(b->cx, b->m, &b->o);
        _exit(status < 0 && bench_says(b, "was interrupted") ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

START_TEST(stops_do_not_matter)
{
    static const int64_t stops[] = {1, 7, 13, 18, 26, 31, 39};
    char whole[XB_DIGEST_HEX], parts[XB_DIGEST_HEX], dir[] = "/tmp/xbarc-clip-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    bench *b = clipping(courses[_i]);
    bench_run(b);
    kit_digest(bench_graph(b), whole);
    char *journal = bench_journal(b);
    bench_free(b);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) stopped_run(courses[_i], dir, stops[i]);
    for (int again = 0; again < 2; again++) { /* and once more when it has ended */
        b = clipping(courses[_i]);
        b->c->learning.checkpoints = dir;
        bench_run(b);
        kit_digest(bench_graph(b), parts);
        ck_assert_str_eq(whole, parts);
        char *now = bench_journal(b);
        ck_assert_str_eq(journal, now);
        free(now);
        if (again) xb_context_drop_checkpoints(b->c);
        bench_free(b);
    }
    free(journal);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rank-clip in training");
    TCase *c = tcase_create("training");
    tcase_set_timeout(c, 300);
    suite_add_tcase(s, c);
    tcase_add_unchecked_fixture(c, learn, forget); /* once, before the tests fork */
    tcase_add_loop_test(c, full_rank_start_is_exact, 0, 3);
    tcase_add_loop_test(c, ranks_only_fall, 0, 3);
    tcase_add_test(c, what_never_clips_ends_dense);
    tcase_add_test(c, given_ranks_are_kept_in_training);
    tcase_add_test(c, budget_is_reached_step_by_step);
    tcase_add_test(c, gate_takes_back_and_freezes);
    tcase_add_test(c, gate_that_cannot_be_met_keeps_the_last_good_network);
    tcase_add_test(c, gate_without_training);
    tcase_add_test(c, gate_wants_a_network_that_knows_something);
    tcase_add_loop_test(c, threads_do_not_matter, 0, COURSES);
    tcase_add_loop_test(c, stops_do_not_matter, 0, COURSES);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
