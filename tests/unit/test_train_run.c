/* test_train_run.c: whole training runs: they learn, they are the same at any thread count, and after any stop. */
#include "suite.h"
#include "train_kit.h"

#define DATA "digits:512@1"

static void trained(kit *k)
{
    ck_assert_msg(kit_train(k), "%s", xb_diags_text(k->d));
}

START_TEST(learns)
{
    kit k;
    kit_begin(&k, small_net, "digits:1100@1",
              "{epochs: 12, batch: 32, rate: 0.003, optimizer: adam, schedule: cosine}");
    trained(&k);
    ck_assert_int_eq(k.result.steps, 12 * ((1100 - 64) / 32));
    ck_assert_uint_eq(k.result.holdout.total, 64);
    ck_assert_double_gt(k.result.holdout.top1, 0.8);
    ck_assert_double_lt(k.result.loss, 0.7);
    kit_end(&k);
}
END_TEST

/* Bytes of the network after a run by that recipe on so many threads. */
static void bytes_of(const char *recipe, int threads, char hex[XB_DIGEST_HEX])
{
    kit k;
    kit_begin(&k, small_net, DATA, recipe);
    k.run.engine.threads = threads;
    trained(&k);
    kit_digest(k.g, hex);
    kit_end(&k);
}

START_TEST(threads_do_not_matter)
{
    static const char *const recipes[] = {
        "{steps: 12, batch: 64, shards: 4, rate: 0.05, decay: 1e-3}",
        "{steps: 12, batch: 64, shards: 4, rate: 0.001, optimizer: adam, clip: 0.5, augment: {shift: 2}}",
        "{steps: 9, batch: 32, shards: 2, rate: 0.05, inject: {kind: multiplicative, noise: 0.1, levels: 16}, "
        "distil: {weight: 0.5}}",
    };
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        char one[XB_DIGEST_HEX], other[XB_DIGEST_HEX];
        bytes_of(recipes[i], 1, one);
        for (int threads = 2; threads <= 4; threads += 2) {
            bytes_of(recipes[i], threads, other);
            ck_assert_str_eq(one, other);
        }
    }
}
END_TEST

START_TEST(shards_and_seed_do)
{
    char a[XB_DIGEST_HEX], b[XB_DIGEST_HEX];
    bytes_of("{steps: 9, batch: 64, shards: 1, rate: 0.05}", 1, a);
    bytes_of("{steps: 9, batch: 64, shards: 4, rate: 0.05}", 1, b);
    ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(oracle_agrees)
{
    kit fast, plain;
    kit_begin(&fast, small_net, DATA, "{steps: 20, batch: 32, rate: 0.05}");
    kit_begin(&plain, small_net, DATA, "{steps: 20, batch: 32, rate: 0.05}");
    plain.run.engine.plain = true;
    trained(&fast);
    trained(&plain);
    ck_assert_double_eq_tol(fast.result.loss, plain.result.loss, 1e-4 * plain.result.loss);
    kit_end(&fast);
    kit_end(&plain);
}
END_TEST

/* ---- stops ---- */

typedef struct stopper {
    int64_t at; /* the run fails in this step */
} stopper;

static int stop(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx;
    stopper *s = context;
    return xb_trainer_step_done(t) + 1 == s->at ? -1 : 0;
}

/* A hook with a memory: the running sum of gradients decides what is pushed down. */
typedef struct memory {
    double sum;
    int64_t calls;
} memory;

static int remember(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx, (void)context;
    memory *m = xb_trainer_state(t);
    xb_param **list;
    xb_trainer_params(t, &list);
    m->sum += list[0]->gradient[0];
    m->calls++;
    list[0]->data[0] -= (float)(1e-3 * m->sum);
    return 0;
}

/* 15 units for 144 inputs, of rank 2. */
static int factor_fc1(xb_trainer *t)
{
    float u[144 * 2], v[2 * 15];
    for (int i = 0; i < 288; i++) u[i] = (float)(i % 5 - 2) / 64;
    for (int i = 0; i < 30; i++) v[i] = (float)(i % 3 - 1);
    return xb_trainer_factor(t, xb_graph_find_op(xb_trainer_graph(t), "fc1"), u, v, 2, NULL, NULL);
}

/* Every third interval a unit goes or comes back, and a snapshot is kept for two intervals; a layer becomes two and one
 * again. */
typedef struct structure {
    int64_t calls, unused;
} structure;

static int restructure(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx, (void)context;
    structure *s = (structure *)xb_trainer_state(t) + 1;
    s->calls++;
    xb_graph *g = xb_trainer_graph(t);
    xb_op fc1 = xb_graph_find_op(g, "fc1");
    if (s->calls == 1) ck_assert_int_eq(xb_trainer_snapshot(t), 0);
    if (s->calls == 2 && xb_trainer_remove_units(t, fc1, (int64_t[]){3, 7}, 2, true) < 0) return -1;
    if (s->calls == 3) {
        if (xb_trainer_rollback(t, 0) < 0) return -1;
        xb_trainer_forget(t, 0);
        s->calls = 3; /* the state went back, too */
    }
    if (s->calls == 4 && xb_trainer_remove_units(t, fc1, (int64_t[]){0}, 1, true) < 0) return -1;
    if (s->calls == 5) {
        uint8_t mask[10 * 15];
        for (size_t i = 0; i < sizeof mask; i++) mask[i] = i % 3 != 0;
        xb_trainer_set_mask(t, xb_graph_find(g, "fc2.weight"), mask);
        xb_trainer_freeze(t, xb_graph_find(g, "fc1.bias"), true);
        xb_value conv = xb_graph_find(g, "conv1.weight");
        if (xb_trainer_tie(t, conv, 25, conv, 0, 25, 0.5f) < 0) return -1;
    }
    if (s->calls == 6 && factor_fc1(t) < 0) return -1;
    if (s->calls == 7) return xb_trainer_merge(t, xb_graph_find_op(g, "fc1_u"), xb_graph_find_op(g, "fc1_v"), NULL);
    return 0;
}

static const xb_train_hooks hooks = {.struct_size = sizeof hooks,
                                     .state_size = 2 * sizeof(structure) + sizeof(memory),
                                     .interval = 3,
                                     .on_update = remember,
                                     .on_interval = restructure};

_Static_assert(sizeof(memory) <= sizeof(structure), "the memory fits before the structure");

static void unbroken_and_resumed(const char *recipe, int64_t first, int64_t second)
{
    char file[] = "/tmp/xbarc-train-XXXXXX";
    close(mkstemp(file));
    unlink(file);
    char whole[XB_DIGEST_HEX], parts[XB_DIGEST_HEX];
    kit k;
    kit_begin(&k, small_net, DATA, recipe);
    k.run.hooks = &hooks;
    trained(&k);
    kit_digest(k.g, whole);
    kit_end(&k);
    kit_begin(&k, small_net, DATA, recipe);
    k.run.checkpoint = file;
    k.run.resume = XB_RESUME;
    stopper s;
    xb_train_hooks stopping = hooks;
    stopping.on_gradient = stop;
    stopping.context = &s;
    k.run.hooks = &stopping;
    int64_t stops[] = {first, second, 0};
    for (size_t i = 0; i < 3; i++) {
        xb_graph *fresh = kit_net(k.d, small_net);
        k.run.graph = fresh;
        s.at = stops[i];
        ck_assert_msg(kit_train(&k) == (stops[i] == 0), "%s", xb_diags_text(k.d));
        if (!stops[i]) kit_digest(fresh, parts);
        xb_graph_free(fresh);
    }
    ck_assert(k.result.resumed);
    ck_assert_str_eq(whole, parts);
    kit_end(&k);
    unlink(file);
}

START_TEST(resumes_exactly)
{
    unbroken_and_resumed("{steps: 25, batch: 32, rate: 0.05, augment: {shift: 1}}", 5, 17);
    unbroken_and_resumed("{steps: 25, batch: 64, shards: 2, rate: 0.002, optimizer: adam, schedule: one-cycle}", 8, 14);
    unbroken_and_resumed("{steps: 25, batch: 64, rate: 0.01, nesterov: true, distil: {weight: 0.7}}", 2, 20);
}
END_TEST

START_TEST(another_run_is_refused)
{
    char file[] = "/tmp/xbarc-train-XXXXXX";
    close(mkstemp(file));
    unlink(file);
    kit k;
    kit_begin(&k, small_net, DATA, "{steps: 4, batch: 32}");
    k.run.checkpoint = file;
    k.run.identity = "network: a\nseed: 1\n";
    trained(&k);
    k.run.identity = "network: a\nseed: 2\n";
    k.run.resume = XB_RESUME;
    ck_assert(!kit_train(&k));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(k.d), "another run: seed: 1 there, 2 here ["));
    k.run.resume = XB_RESUME_IF_SAME;
    trained(&k);
    ck_assert(!k.result.resumed);
    unlink(file);
    kit_end(&k);
}
END_TEST

/* ---- constraints ---- */

static int masks(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx, (void)context;
    xb_graph *g = xb_trainer_graph(t);
    uint8_t mask[16 * 144];
    for (size_t i = 0; i < sizeof mask; i++) mask[i] = i % 5 != 0;
    xb_trainer_set_mask(t, xb_graph_find(g, "fc1.weight"), mask);
    xb_trainer_freeze(t, xb_graph_find(g, "fc2.weight"), true);
    xb_value conv = xb_graph_find(g, "conv1.weight");
    return xb_trainer_tie(t, conv, 50, conv, 0, 25, -2);
}

static int check(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx;
    const float *frozen = context;
    xb_graph *g = xb_trainer_graph(t);
    if (xb_trainer_step_done(t) == 0) return 0;
    const float *w = xb_graph_data(g, xb_graph_find(g, "fc1.weight"));
    for (size_t i = 0; i < 16 * 144; i += 5) ck_assert(w[i] == 0 && !signbit(w[i]));
    const float *c = xb_graph_data(g, xb_graph_find(g, "conv1.weight"));
    for (size_t i = 0; i < 25; i++) ck_assert(c[50 + i] == -2 * c[i]);
    ck_assert_mem_eq(xb_graph_data(g, xb_graph_find(g, "fc2.weight")), frozen, 160 * sizeof(float));
    return 0;
}

START_TEST(masks_ties_frozen_hold_after_every_step)
{
    kit k;
    kit_begin(&k, small_net, DATA,
              "{steps: 15, batch: 32, rate: 0.05, decay: 0.01, inject: {kind: additive, noise: 0.01}}");
    float frozen[160];
    memcpy(frozen, xb_graph_data(k.g, xb_graph_find(k.g, "fc2.weight")), sizeof frozen);
    xb_train_hooks h = {.struct_size = sizeof h, .context = frozen, .on_start = masks, .on_gradient = check};
    k.run.hooks = &h;
    trained(&k);
    const float *w = xb_graph_data(k.g, xb_graph_find(k.g, "fc1.weight"));
    ck_assert(w[0] == 0 && w[1] != 0);
    ck_assert_ptr_nonnull(xb_graph_note(k.g, xb_graph_find(k.g, "fc1.weight"), "mask"));
    kit_end(&k);
}
END_TEST

/* Hooks that write where they may not leave anything. */
static int scribble(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx, (void)context;
    xb_param **list;
    size_t n = xb_trainer_params(t, &list);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < list[i]->n; k++) list[i]->data[k] += 0.01f;
    return 0;
}

START_TEST(hooks_cannot_break_constraints)
{
    for (int where = 0; where < 3; where++) {
        kit k;
        kit_begin(&k, small_net, DATA, "{steps: 12, batch: 32, rate: 0.05, optimizer: adam}");
        float frozen[160];
        memcpy(frozen, xb_graph_data(k.g, xb_graph_find(k.g, "fc2.weight")), sizeof frozen);
        xb_train_hooks h = {
            .struct_size = sizeof h, .context = frozen, .interval = 2, .on_start = masks, .on_gradient = check};
        *(where == 0 ? &h.on_update : where == 1 ? &h.on_interval : &h.on_epoch) = scribble;
        k.run.hooks = &h;
        trained(&k);
        const float *w = xb_graph_data(k.g, xb_graph_find(k.g, "fc1.weight"));
        for (size_t i = 0; i < 16 * 144; i += 5) ck_assert(w[i] == 0);
        const float *c = xb_graph_data(k.g, xb_graph_find(k.g, "conv1.weight"));
        for (size_t i = 0; i < 25; i++) ck_assert(c[50 + i] == -2 * c[i]);
        ck_assert_mem_eq(xb_graph_data(k.g, xb_graph_find(k.g, "fc2.weight")), frozen, sizeof frozen);
        kit_end(&k);
    }
}
END_TEST

/* Turning by the identity, or a new pair that is the old layer, must not throw Adam off. */
static int turn(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx;
    float q[16 * 16] = {0};
    for (size_t i = 0; i < 16; i++) q[i * 17] = 1;
    xb_op fc1 = xb_graph_find_op(xb_trainer_graph(t), "fc1");
    if (xb_trainer_step_done(t) != 20 || !context) return 0;
    return xb_trainer_rotate(t, fc1, q, 16);
}

START_TEST(a_rotation_does_not_throw_adam_off)
{
    double loss[2];
    for (int turned = 0; turned < 2; turned++) {
        kit k;
        kit_begin(&k, small_net, DATA, "{steps: 28, batch: 32, rate: 0.003, optimizer: adam}");
        xb_train_hooks h = {
            .struct_size = sizeof h, .context = turned ? &k : NULL, .interval = 20, .on_interval = turn};
        k.run.hooks = &h;
        trained(&k);
        loss[turned] = k.result.loss;
        kit_end(&k);
    }
    ck_assert_double_eq_tol(loss[0], loss[1], 1e-5 * loss[0]);
}
END_TEST

/* ---- what goes wrong ---- */

static void poison(xb_graph *g, const char *name, float with)
{
    float *w = xb_graph_write(g, xb_graph_find(g, name));
    w[1] = with;
}

START_TEST(not_a_number_names_step_and_op)
{
    kit k;
    kit_begin(&k, small_net, DATA, "{steps: 3, batch: 32}");
    poison(k.g, "fc1.weight", NAN);
    ck_assert(!kit_train(&k));
    const char *said = xb_diags_text(k.d);
    ck_assert_ptr_nonnull(strstr(said, "train-diverged"));
    ck_assert_ptr_nonnull(strstr(said, "step 1 "));
    ck_assert_ptr_nonnull(strstr(said, "'fc1'"));
    kit_end(&k);
}
END_TEST

START_TEST(divergence_leaves_the_last_good_network)
{
    kit k;
    char before[XB_DIGEST_HEX], after[XB_DIGEST_HEX];
    kit_begin(&k, small_net, DATA, "{steps: 200, batch: 32, rate: 1000, decay: 1000}");
    kit_digest(k.g, before);
    ck_assert(!kit_train(&k));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(k.d), "train-diverged"));
    kit_digest(k.g, after);
    ck_assert_str_eq(before, after);
    kit_end(&k);
}
END_TEST

static int edit_in_a_step(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx, (void)context;
    return xb_trainer_remove_units(t, xb_graph_find_op(xb_trainer_graph(t), "fc1"), (int64_t[]){1}, 1, true);
}

/* The last update is looked at, too. */
START_TEST(last_step_is_checked)
{
    kit k;
    kit_begin(&k, small_net, DATA, "{steps: 1, batch: 32, rate: 1000, decay: 1000}");
    poison(k.g, "fc2.weight", 1e38f);
    ck_assert(!kit_train(&k));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(k.d), "train-diverged"));
    kit_end(&k);
}
END_TEST

START_TEST(structure_changes_between_steps_only)
{
    kit k;
    kit_begin(&k, small_net, DATA, "{steps: 3, batch: 32}");
    xb_train_hooks h = {.struct_size = sizeof h, .on_update = edit_in_a_step};
    k.run.hooks = &h;
    ck_assert(!kit_train(&k));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(k.d), "on_start, on_interval and on_epoch only"));
    kit_end(&k);
}
END_TEST

START_TEST(bad_runs_are_refused)
{
    static const struct {
        const char *recipe;
        size_t holdout;
        const char *says;
    } bad[] = {
        {"{steps: 3, batch: 30, shards: 4}", 64, "cannot be cut"},
        {"{steps: 3, batch: 512}", 64, "batch"},
        {"{steps: 3, batch: 32}", 512, "hold-out"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        kit k;
        kit_begin(&k, small_net, DATA, bad[i].recipe);
        k.run.holdout = bad[i].holdout;
        ck_assert(!kit_train(&k));
        ck_assert_msg(strstr(xb_diags_text(k.d), bad[i].says) != NULL, "%s", xb_diags_text(k.d));
        kit_end(&k);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("run");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, learns);
    tcase_add_test(c, threads_do_not_matter);
    tcase_add_test(c, shards_and_seed_do);
    tcase_add_test(c, oracle_agrees);
    tcase_add_test(c, resumes_exactly);
    tcase_add_test(c, another_run_is_refused);
    tcase_add_test(c, masks_ties_frozen_hold_after_every_step);
    tcase_add_test(c, hooks_cannot_break_constraints);
    tcase_add_test(c, a_rotation_does_not_throw_adam_off);
    tcase_add_test(c, last_step_is_checked);
    tcase_add_test(c, not_a_number_names_step_and_op);
    tcase_add_test(c, divergence_leaves_the_last_good_network);
    tcase_add_test(c, structure_changes_between_steps_only);
    tcase_add_test(c, bad_runs_are_refused);
    return run_case("train run", c);
}
