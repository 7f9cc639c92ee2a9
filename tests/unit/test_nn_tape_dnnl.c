/* A tape on oneDNN computes what the one in plain C does, in every format; shards add up to the whole. */
#include "base/par.h"
#include "suite.h"
#include "tape_kit.h"
#include "tape_nets.h"

static const xb_draw some_draw = {.seed = 3, .step = 5, .row = 16};

static rig start(net *n, const tape_net *t, size_t shards, xb_dnnl *lib, xb_tape_options o)
{
    *n = net_new(21);
    t->build(n);
    rig r = rig_new(n, 8, shards, lib, o);
    r.drops = true;
    r.draw = some_draw;
    return r;
}

static void end(net *n, rig *r)
{
    rig_free(r);
    net_free(n);
}

/* Three times: statistics of the batch, fixed ones, and with Winograd's convolutions, which round more. */
START_TEST(agrees_with_plain)
{
    const tape_net *t = &tape_nets[_i / 3];
    net a, b;
    xb_dnnl *lib = rig_lib(false);
    bool fixed = _i % 3 == 1, winograd = _i % 3 == 2;
    rig fast = start(&a, t, 1, lib, (xb_tape_options){.fixed_norm = fixed, .no_winograd = !winograd});
    rig slow = start(&b, t, 1, NULL, (xb_tape_options){.plain = true, .fixed_norm = fixed});
    rig_same(&fast, &slow, winograd ? 1e-4 : 1e-5, winograd ? 1e-3 : 1e-4);
    end(&a, &fast);
    end(&b, &slow);
    xb_dnnl_free(lib);
}
END_TEST

/* ---- shards ---- */

/* Nets 2i are computed in plain C, 2i + 1 by oneDNN; normalisations are fixed: theirs are a shard's statistics. */
START_TEST(shards_add_up)
{
    const tape_net *t = &tape_nets[_i / 2];
    bool plain = _i % 2 == 0;
    if (plain && t->wide) return;
    xb_dnnl *lib = rig_lib(plain);
    net n, m;
    xb_tape_options o = {.plain = plain, .fixed_norm = true, .no_winograd = true};
    rig whole = start(&n, t, 1, lib, o);
    for (size_t shards = 2; shards <= 4; shards *= 2) {
        rig parts = start(&m, t, shards, lib, o);
        rig_same(&parts, &whole, 1e-5, 1e-5);
        end(&m, &parts);
    }
    end(&n, &whole);
    xb_dnnl_free(lib);
}
END_TEST

/* Another run, which has computed other things before, takes the shards in another order. */
START_TEST(bytes_do_not_depend_on_who_computes)
{
    const tape_net *t = &tape_nets[_i];
    xb_dnnl *lib = rig_lib(false);
    net n;
    rig r = start(&n, t, 4, lib, (xb_tape_options){0});
    rig_step(&r);
    float *first[RIG_PARAMS], *y = xb_calloc(r.rows * r.outputs, sizeof *y);
    memcpy(y, r.y, r.rows * r.outputs * sizeof *y);
    for (size_t i = 0; i < r.count; i++) {
        first[i] = r.grad[i];
        r.grad[i] = xb_calloc(r.size[i], sizeof(float));
    }
    xb_run *before = r.r;
    r.r = xb_run_new(n.d, r.t, r.p);
    for (int i = 0; i < 4; i++) {
        rig_shard(&r, (size_t)(3 - i), true);
        xb_run *other = r.r;
        r.r = before;
        before = other;
    }
    for (size_t i = 0; i < r.count; i++) {
        ck_assert(xb_grads_sum(r.p, i, r.g, r.shards, r.grad[i]));
        ck_assert_mem_eq(r.grad[i], first[i], r.size[i] * sizeof(float));
        free(first[i]);
    }
    ck_assert_mem_eq(r.y, y, r.rows * r.outputs * sizeof *y);
    free(y);
    xb_run_free(before);
    end(&n, &r);
    xb_dnnl_free(lib);
}
END_TEST

/* Workers with a run each take shards, and then tensors, as they come. */
typedef struct team_step {
    rig *r;
    xb_run *run[4];
} team_step;

static void one_thread(void *context, int worker)
{
    (void)context;
    (void)worker;
    xb_dnnl_one_thread();
}

static bool set_one(void *context, int worker, size_t i)
{
    (void)worker;
    const rig *r = ((team_step *)context)->r;
    return xb_packed_set(r->p, i, r->value[i]);
}

static bool shard_one(void *context, int worker, size_t s)
{
    const team_step *t = context;
    rig own = *t->r;
    own.r = t->run[worker];
    rig_shard(&own, s, true);
    return true;
}

static bool sum_one(void *context, int worker, size_t i)
{
    (void)worker;
    const rig *r = ((team_step *)context)->r;
    return xb_grads_sum(r->p, i, r->g, r->shards, r->grad[i]);
}

START_TEST(bytes_do_not_depend_on_threads)
{
    const tape_net *t = &tape_nets[_i];
    xb_dnnl *lib = rig_lib(false);
    net n, m;
    rig one = start(&n, t, 4, lib, (xb_tape_options){0}), many = start(&m, t, 4, lib, (xb_tape_options){0});
    rig_step(&one);
    for (int threads = 2; threads <= 4; threads *= 2) {
        team_step step = {.r = &many};
        for (int w = 0; w < threads; w++) step.run[w] = xb_run_new(m.d, many.t, many.p);
        ck_assert(xb_par_run(threads, many.count, one_thread, set_one, &step));
        ck_assert(xb_par_run(threads, many.shards, one_thread, shard_one, &step));
        ck_assert(xb_par_run(threads, many.count, one_thread, sum_one, &step));
        for (int w = 0; w < threads; w++) xb_run_free(step.run[w]);
        ck_assert_mem_eq(many.y, one.y, one.rows * one.outputs * sizeof(float));
        for (size_t i = 0; i < one.count; i++) ck_assert_mem_eq(many.grad[i], one.grad[i], one.size[i] * sizeof(float));
    }
    end(&n, &one);
    end(&m, &many);
    xb_dnnl_free(lib);
}
END_TEST

/* The first normalisation sees the same numbers however the batch is cut. */
START_TEST(statistics_are_combined)
{
    const tape_net t = {"residual", tn_residual_16, true};
    xb_dnnl *lib = rig_lib(_i == 0);
    net n, m;
    rig whole = start(&n, &t, 1, lib, (xb_tape_options){.plain = _i == 0});
    rig parts = start(&m, &t, 4, lib, (xb_tape_options){.plain = _i == 0});
    rig_step(&whole);
    rig_step(&parts);
    ck_assert_uint_eq(xb_tape_norms(whole.t), 4);
    size_t channels, count;
    xb_op op = xb_tape_norm(parts.t, 0, &channels, &count);
    ck_assert_str_eq(xb_graph_op_type(m.g, op), "BatchNormalization");
    ck_assert_uint_eq(channels, 16);
    ck_assert_uint_eq(count, 2 * 36);
    float mean[2][16], variance[2][16];
    xb_grads_norm(whole.t, 0, whole.g, 1, mean[0], variance[0]);
    xb_grads_norm(parts.t, 0, parts.g, 4, mean[1], variance[1]);
    rig_near(&parts, "mean", mean[1], mean[0], 16, 1e-5);
    rig_near(&parts, "variance", variance[1], variance[0], 16, 1e-5);
    end(&n, &whole);
    end(&m, &parts);
    xb_dnnl_free(lib);
}
END_TEST

/* ---- what is planned ---- */

static char *plan_of(const rig *r)
{
    xb_buf text = {0};
    xb_tape_describe(r->t, &text);
    return text.data;
}

START_TEST(lenet_is_on_dnnl)
{
    net n;
    xb_dnnl *lib = rig_lib(false);
    rig r = start(&n, &tape_nets[0], 1, lib, (xb_tape_options){0});
    size_t fast, all = xb_tape_ops(r.t, &fast);
    ck_assert_uint_eq(all, 9);  /* Softmax is left out */
    ck_assert_uint_eq(fast, 6); /* all but the Flatten; two pools are ours */
    char *plan = plan_of(&r);
    ck_assert_ptr_nonnull(strstr(plan, "Conv_1 Conv+Relu"));
    ck_assert_ptr_nonnull(strstr(plan, "Gemm Gemm+Relu"));
    char *line = strchr(plan, '\n');
    *line = 0;
    ck_assert_ptr_null(strstr(plan, " data ")); /* nobody wants the gradient of the image */
    ck_assert_ptr_nonnull(strstr(plan, " weights "));
    free(plan);
    end(&n, &r);
    xb_dnnl_free(lib);
}
END_TEST

/* Only the last layer is trained: nothing goes back further, and its gradient is what it was. */
START_TEST(what_is_not_trained_costs_nothing)
{
    net n, m = net_new(21);
    xb_dnnl *lib = rig_lib(false);
    rig all = start(&n, &tape_nets[0], 1, lib, (xb_tape_options){0});
    rig_step(&all);
    tn_lenet(&m);
    xb_value last[2] = {all.trained[all.count - 2], all.trained[all.count - 1]};
    const xb_tape_options o = {0};
    xb_tape *t = xb_tape_new(m.d, m.g, 8, last, 2, lib, &o);
    ck_assert_ptr_nonnull(t);
    ck_assert(xb_tape_is_weight(t, 0));
    ck_assert(!xb_tape_is_weight(t, 1));
    xb_buf text = {0};
    xb_tape_describe(t, &text);
    ck_assert_ptr_null(strstr(text.data, " data "));
    xb_packed *p = xb_packed_new(m.d, t);
    xb_run *r = xb_run_new(m.d, t, p);
    xb_grads *g = xb_grads_new(t);
    for (size_t i = 0; i < 2; i++) ck_assert(xb_packed_set(p, i, all.value[all.count - 2 + i]));
    memcpy(xb_run_input(r), all.x, 8 * all.item * sizeof(float));
    ck_assert(xb_run_forward(r, NULL, g));
    ck_assert_mem_eq(xb_run_output(r), all.y, 8 * all.outputs * sizeof(float));
    for (size_t i = 0; i < 8 * all.outputs; i++) xb_run_error(r)[i] = all.pull[i] + all.y[i];
    ck_assert(xb_run_back(r, g));
    float weight[50];
    ck_assert(xb_grads_sum(p, 0, &g, 1, weight));
    ck_assert_mem_eq(weight, all.grad[all.count - 2], sizeof weight);
    double dnnl, whole;
    xb_run_seconds(r, &dnnl, &whole);
    ck_assert(dnnl > 0 && dnnl <= whole);
    xb_buf_free(&text);
    xb_grads_free(g);
    xb_run_free(r);
    xb_packed_free(p);
    xb_tape_free(t);
    net_free(&m);
    end(&n, &all);
    xb_dnnl_free(lib);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("tape");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, agrees_with_plain, 0, 3 * TAPE_NETS);
    tcase_add_loop_test(c, shards_add_up, 0, 2 * TAPE_NETS);
    tcase_add_loop_test(c, bytes_do_not_depend_on_who_computes, 0, TAPE_NETS);
    tcase_add_loop_test(c, bytes_do_not_depend_on_threads, 0, TAPE_NETS);
    tcase_add_loop_test(c, statistics_are_combined, 0, 2);
    tcase_add_test(c, lenet_is_on_dnnl);
    tcase_add_test(c, what_is_not_trained_costs_nothing);
    return run_case("nn-tape-dnnl", c);
}
