/* Optimisers against PyTorch, rates against their formulas. */
#include "base/mem.h"
#include "base/rng.h"
#include "nn/train/optim.h"
#include "suite.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5, STEPS = 5, BIG = 1003 };

static const float begin[N] = {0.5f, -1.25f, 0.0078125f, 2, -0.3f};
static const float slope[STEPS][N] = {{0.1f, -0.2f, 0.3f, -0.4f, 0.5f},
                                      {0.05f, 0.25f, -0.15f, 0.35f, -0.45f},
                                      {1, -1, 0.5f, -0.5f, 0.25f},
                                      {-0.3f, 0.6f, -0.9f, 0.2f, -0.1f},
                                      {0.01f, 0.02f, -0.03f, 0.04f, -0.05f}};

static xb_recipe sgd(double momentum, bool nesterov)
{
    return (xb_recipe){.optimizer = XB_SGD, .momentum = momentum, .nesterov = nesterov};
}

static xb_recipe adam(int kind, double b1, double b2, double epsilon)
{
    return (xb_recipe){.optimizer = kind, .beta1 = b1, .beta2 = b2, .epsilon = epsilon};
}

/* Five steps of PyTorch 1.13 (torch.optim.SGD, Adam, AdamW) end in `want`. */
static void follows(xb_recipe r, double rate, double decay, const double *want)
{
    float w[N], m[N] = {0}, v[N] = {0};
    memcpy(w, begin, sizeof w);
    for (int t = 0; t < STEPS; t++) {
        float g[N];
        for (int i = 0; i < N; i++) g[i] = 8 * slope[t][i]; /* as if clipped: scale takes it back, exactly */
        xb_update u = {.w = w, .g = g, .n = N, .rate = rate, .decay = decay, .scale = 0.125, .step = t + 1};
        if (xb_optim_first_moment(&r)) u.m = m;
        if (xb_optim_second_moment(&r)) u.v = v;
        xb_optim_update(&r, &u);
    }
    for (int i = 0; i < N; i++) ck_assert_double_eq_tol(w[i], want[i], 1e-6);
}

START_TEST(sgd_as_pytorch)
{
    follows(sgd(0, false), 0.1, 0, (double[]){0.414000034, -1.21700001, 0.0358124971, 2.0309999, -0.315000057});
    follows(sgd(0, false), 0.1, 0.01, (double[]){0.411729813, -1.21090734, 0.0358583294, 2.02088523, -0.313398212});
    follows(sgd(0.9, false), 0.1, 0.01, (double[]){0.220864058, -1.08311915, -0.0245786458, 2.11017275, -0.389279306});
    follows(sgd(0.9, true), 0.1, 0.01, (double[]){0.161151886, -1.06119955, 0.00709792413, 2.11962891, -0.393336594});
}
END_TEST

START_TEST(adam_as_pytorch)
{
    follows(adam(XB_ADAM, 0.9, 0.999, 1e-8), 0.01, 0,
            (double[]){0.466188729, -1.23385835, -0.00765844202, 2.01796794, -0.313700825});
    follows(adam(XB_ADAM, 0.8, 0.95, 1e-6), 0.01, 0.1,
            (double[]){0.464083523, -1.22434425, -0.0059431931, 1.9963516, -0.308979183});
    follows(adam(XB_ADAMW, 0.8, 0.95, 1e-6), 0.01, 0.1,
            (double[]){0.464056641, -1.22857404, -0.00593590736, 2.0066998, -0.310663491});
}
END_TEST

START_TEST(which_moments)
{
    xb_recipe none = sgd(0, false), one = sgd(0.5, false), two = adam(XB_ADAM, 0.9, 0.999, 1e-8);
    ck_assert(!xb_optim_first_moment(&none) && !xb_optim_second_moment(&none));
    ck_assert(xb_optim_first_moment(&one) && !xb_optim_second_moment(&one));
    ck_assert(xb_optim_first_moment(&two) && xb_optim_second_moment(&two));
}
END_TEST

/* Whole or in pieces cut anywhere: the same bytes. */
START_TEST(parts_are_independent)
{
    static const size_t cut[] = {0, 1, 4, 21, 500, 999, BIG};
    for (int kind = XB_SGD; kind <= XB_ADAMW; kind++) {
        xb_recipe r = adam(kind, 0.9, 0.999, 1e-8);
        r.momentum = 0.9, r.nesterov = true;
        float w[2][BIG], m[2][BIG] = {{0}}, v[2][BIG] = {{0}}, g[BIG];
        xb_rng rng = xb_rng_at(3, XB_RNG_INIT, 0);
        for (int i = 0; i < BIG; i++) w[0][i] = w[1][i] = (float)xb_rng_normal(&rng);
        for (int64_t step = 1; step <= 3; step++) {
            for (int i = 0; i < BIG; i++) g[i] = (float)xb_rng_normal(&rng);
            for (size_t k = 0; k < 7; k++) {
                size_t from = k < 6 ? cut[k] : 0, to = k < 6 ? cut[k + 1] : BIG, of = k == 6;
                xb_update u = {.w = w[of] + from,
                               .m = m[of] + from,
                               .v = kind == XB_SGD ? NULL : v[of] + from,
                               .g = g + from,
                               .n = to - from,
                               .rate = 0.01,
                               .decay = 0.1,
                               .scale = 0.7,
                               .step = step};
                xb_optim_update(&r, &u);
            }
        }
        ck_assert(!memcmp(w[0], w[1], sizeof w[0]) && !memcmp(m[0], m[1], sizeof m[0]) &&
                  !memcmp(v[0], v[1], sizeof v[0]));
    }
}
END_TEST

#define ck_rate(want, r, step) ck_assert_double_eq_tol(xb_rate_at(&(r), (step), 100, 10), (want), 1e-15)

START_TEST(constant_and_stepwise)
{
    double milestones[] = {3, 6.5};
    xb_recipe r = {.rate = 0.4, .gamma = 0.1};
    ck_rate(0.4, r, 0);
    ck_rate(0.4, r, 99);
    r.warmup = 0.5; /* 5 steps */
    ck_rate(0.08, r, 0);
    ck_rate(0.32, r, 3);
    ck_rate(0.4, r, 4);
    ck_rate(0.4, r, 5);
    r.schedule = XB_STEPWISE;
    r.milestones = (xb_list){milestones, 2};
    ck_rate(0.16, r, 1);
    ck_rate(0.4, r, 29);
    ck_rate(0.04, r, 30);
    ck_rate(0.04, r, 64);
    ck_rate(0.004, r, 65);
    ck_rate(0.004, r, 99);
}
END_TEST

START_TEST(cosine)
{
    xb_recipe r = {.rate = 0.4, .schedule = XB_COSINE};
    ck_rate(0.4, r, 0);
    ck_rate(0.2 * (1 + sqrt(0.5)), r, 25);
    ck_rate(0.2, r, 50);
    ck_rate(0.2 * (1 + cos(M_PI * 0.99)), r, 99);
    r.floor = 0.25;
    r.warmup = 2;
    ck_rate(0.02, r, 0);
    ck_rate(0.4, r, 19);
    ck_rate(0.4, r, 20);
    ck_rate(0.25, r, 60); /* halfway from 0.4 to 0.1 */
    ck_rate(0.1 + 0.3 * (1 + cos(M_PI * 79 / 80)) / 2, r, 99);
}
END_TEST

START_TEST(one_cycle)
{
    xb_recipe r = {.rate = 0.5, .schedule = XB_ONE_CYCLE};
    ck_rate(0.02, r, 0);
    ck_rate(0.26, r, 15); /* halfway from 0.02 to 0.5 */
    ck_rate(0.5, r, 30);
    ck_rate(0.25, r, 65);
    r.floor = 0.01;
    ck_rate(0.005 + 0.495 * (1 + cos(M_PI * 69 / 70)) / 2, r, 99);
    r.warmup = 5;
    ck_rate(0.26, r, 25);
    ck_rate(0.5, r, 50);
}
END_TEST

START_TEST(no_step_divides_by_zero)
{
    for (int kind = XB_CONSTANT; kind <= XB_ONE_CYCLE; kind++)
        for (int64_t steps = 1; steps < 6; steps++)
            for (int w = 0; w < 4; w++) {
                xb_recipe r = {.rate = 1, .schedule = kind, .warmup = w};
                for (int64_t t = 0; t < steps; t++) {
                    double rate = xb_rate_at(&r, t, steps, 2);
                    ck_assert(rate > 0 && rate <= 1);
                }
            }
}
END_TEST

START_TEST(squares)
{
    enum { MANY = 3 * 4096 + 77 };
    float *v = xb_calloc(MANY, sizeof *v);
    for (int i = 0; i < MANY; i++) v[i] = (float)(i % 97) - 48;
    double want = 0;
    for (int i = 0; i < MANY; i++) want += (double)v[i] * (double)v[i];
    ck_assert_double_eq(xb_sum_squares(v, MANY), want); /* integers: exact in any order */
    ck_assert_double_eq(xb_sum_squares(v, 0), 0);
    ck_assert_double_eq(xb_sum_squares(v, 3), 48 * 48 + 47 * 47 + 46 * 46);
    v[9] = 1e30f; /* the square is no float */
    ck_assert_double_eq_tol(xb_sum_squares(v, MANY) / ((double)v[9] * (double)v[9]), 1, 1e-12);
    free(v);
}
END_TEST

START_TEST(finite_or_not)
{
    enum { MANY = 4096 + 131 };
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    static const size_t at[] = {0, 63, 4095, 4096, MANY - 1};
    float *v = xb_calloc(MANY, sizeof *v);
    v[5] = 3.4028234e38f, v[6] = -3.4028234e38f, v[7] = 1e-45f, v[8] = -0.0f;
    ck_assert(xb_all_finite(v, MANY) && xb_all_finite(v, 0));
    for (size_t b = 0; b < 4; b++)
        for (size_t k = 0; k < 5; k++) {
            v[at[k]] = bad[b];
            ck_assert(!xb_all_finite(v, MANY));
            ck_assert(xb_all_finite(v, at[k]));
            v[at[k]] = 0;
        }
    free(v);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("optim");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, sgd_as_pytorch);
    tcase_add_test(t, adam_as_pytorch);
    tcase_add_test(t, which_moments);
    tcase_add_test(t, parts_are_independent);
    tcase_add_test(t, constant_and_stepwise);
    tcase_add_test(t, cosine);
    tcase_add_test(t, one_cycle);
    tcase_add_test(t, no_step_divides_by_zero);
    tcase_add_test(t, squares);
    tcase_add_test(t, finite_or_not);
    return run_case("train_optim", t);
}
