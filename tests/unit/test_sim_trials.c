/* What trials amount to, and what programming costs. */
#include "sim/sim.h"
#include "suite.h"

#include "base/rng.h"
#include <math.h>
#include <stdlib.h>

static void near(double have, double want, double relative)
{
    ck_assert_msg(fabs(have - want) <= relative * fabs(want), "%.9g, not %.9g", have, want);
}

START_TEST(intervals_are_students)
{
    /* t of 95 %, degrees of freedom 1, 2, 3, 10 and 30: 12.7062, 4.30265, 3.18245, 2.22814, 2.04227 */
    static const struct {
        size_t n;
        double t;
    } known[] = {{2, 12.7062}, {3, 4.30265}, {4, 3.18245}, {11, 2.22814}, {31, 2.04227}};
    for (size_t k = 0; k < 5; k++) {
        xb_trial rows[31] = {{0}};
        double sum = 0, square = 0, n = (double)known[k].n;
        for (size_t i = 0; i < known[k].n; i++) {
            rows[i] = (xb_trial){.total = 100, .top1 = 0.5 + 0.01 * (double)(i * i % 7), .agreement = 0.1};
            sum += rows[i].top1, square += rows[i].top1 * rows[i].top1;
        }
        double sd = sqrt((square - sum * sum / n) / (n - 1));
        xb_summary s = xb_trials_summary(rows, known[k].n);
        near(s.mean, sum / n, 1e-12);
        near(s.sd, sd, 1e-9);
        near(s.hi95 - s.mean, known[k].t * sd / sqrt(n), 1e-5);
        near(s.mean - s.lo95, known[k].t * sd / sqrt(n), 1e-5);
        ck_assert(s.n == known[k].n && s.min == 0.5 && s.max >= 0.51);
    }
}
END_TEST

/* Three chips near the top: the interval ends where shares end. */
START_TEST(intervals_stay_among_shares)
{
    xb_trial high[] = {{.total = 100, .top1 = 0.97}, {.total = 100, .top1 = 1}, {.total = 100, .top1 = 1}}, low[3];
    for (size_t i = 0; i < 3; i++) low[i] = (xb_trial){.total = 100, .top1 = 1 - high[i].top1};
    ck_assert(xb_trials_summary(high, 3).hi95 == 1 && xb_trials_summary(high, 3).lo95 < 0.96);
    ck_assert(xb_trials_summary(low, 3).lo95 == 0 && xb_trials_summary(low, 3).hi95 > 0.04);
}
END_TEST

START_TEST(one_chip_has_wilsons)
{
    xb_summary s = xb_trials_summary(&(xb_trial){.total = 100, .top1 = 0.9}, 1);
    near(s.lo95, 0.8256, 1e-3); /* Wilson, 90 of 100 */
    near(s.hi95, 0.9448, 1e-3);
    ck_assert(s.mean == 0.9 && s.sd == 0 && s.min == 0.9 && s.max == 0.9);
    ck_assert(xb_trials_summary(NULL, 0).n == 0);
}
END_TEST

START_TEST(without_labels_agreement_counts)
{
    xb_trial rows[2] = {{.total = 10, .top1 = -1, .agreement = 0.75}, {.total = 10, .top1 = -1, .agreement = 0.25}};
    xb_summary s = xb_trials_summary(rows, 2);
    ck_assert(s.mean == 0.5 && s.min == 0.25 && s.max == 0.75);
}
END_TEST

/* -- programming -- */

static xb_program_options options(int method, double sigma, double tolerance)
{
    return (xb_program_options){.method = method,
                                .tolerance = tolerance,
                                .sigma = sigma,
                                .most = 1000,
                                .rate = 0.5,
                                .pulse_sigma = 0.02,
                                .write_time = 6.5e-6,
                                .read_time = 1e-7,
                                .parallel = 1};
}

/* Devices written one by one; mean writes, and the standard deviation of what is left. */
static double simulate(const xb_program_options *o, double *residual)
{
    enum { DEVICES = 100000 };
    xb_rng r = xb_rng_at(5, XB_RNG_NOISE, 0);
    double writes = 0, square = 0;
    for (int i = 0; i < DEVICES; i++) {
        double e = o->sigma * xb_rng_normal(&r);
        int64_t n = 1;
        for (; n < o->most && fabs(e) > o->tolerance; n++)
            e = o->method == XB_PROGRAM_PULSES ? (1 - o->rate) * e + o->pulse_sigma * xb_rng_normal(&r)
                                               : o->sigma * xb_rng_normal(&r);
        writes += (double)n;
        square += e * e;
    }
    *residual = sqrt(square / DEVICES);
    return writes / DEVICES;
}

START_TEST(writes_are_one_over_the_success)
{
    static const struct {
        double sigma, tolerance, writes;
    } known[] = {{0.1, 0.02, 6.31}, {0.1, 0.05, 2.61}, {0.1, 0.1, 1.46},
                 {0.5, 0.02, 31.3}, {0.5, 0.05, 12.6}, {0.5, 0.1, 6.31}};
    for (size_t i = 0; i < 6; i++) {
        xb_program_options o = options(XB_PROGRAM_VERIFY, known[i].sigma, known[i].tolerance);
        xb_program_cost c = xb_program_cost_of(&o, 861000, 0);
        double residual, found = simulate(&o, &residual);
        near(c.writes, 1 / c.success, 1e-9);
        near(c.writes, known[i].writes, 5e-3);
        near(found, c.writes, 0.02);
        near(residual, c.residual, 0.02);
        near(c.seconds, 861000 * c.writes * 6.6e-6, 1e-12);
    }
}
END_TEST

START_TEST(there_is_a_most)
{
    xb_program_options o = options(XB_PROGRAM_VERIFY, 0.5, 0.05);
    o.most = 4;
    o.parallel = 64;
    xb_program_cost c = xb_program_cost_of(&o, 100, 0);
    double residual, found = simulate(&o, &residual);
    near(found, c.writes, 0.02);
    near(residual, c.residual, 0.02);
    near(c.seconds, 2 * c.writes * 6.6e-6, 1e-12); /* two rounds of 64 */
}
END_TEST

START_TEST(pulses_close_in)
{
    xb_program_options o = options(XB_PROGRAM_PULSES, 0.5, 0.02);
    for (int i = 0; i < 3; i++) {
        xb_program_cost c = xb_program_cost_of(&o, 1, 0);
        double residual, found = simulate(&o, &residual);
        near(found, c.writes, 0.02);
        near(residual, c.residual, 0.05);
        o.pulse_sigma = i ? 0 : 0.1;
        o.rate = 0.3;
    }
}
END_TEST

/* Pulses that are coarser than the tolerance: what is left no longer changes its shape, writes go on to the most. */
START_TEST(coarse_pulses_end_at_the_most)
{
    xb_program_options o = options(XB_PROGRAM_PULSES, 0.5, 0.01);
    o.pulse_sigma = 0.4;
    for (o.most = 10; o.most <= 1000; o.most *= 10) {
        xb_program_cost c = xb_program_cost_of(&o, 1, 0);
        double residual, found = simulate(&o, &residual);
        near(found, c.writes, 0.02);
        near(residual, c.residual, 0.05);
    }
}
END_TEST

START_TEST(one_shot_is_one_write)
{
    xb_program_options o = options(XB_PROGRAM_ONE_SHOT, 0.1, 0.05);
    xb_program_cost c = xb_program_cost_of(&o, 10, 0);
    ck_assert(c.writes == 1 && c.residual == 0.1);
    near(c.success, erf(0.5 / sqrt(2)), 1e-12);
    near(c.seconds, 10 * 6.5e-6, 1e-12);
    o = options(XB_PROGRAM_VERIFY, 0, 0.05);
    c = xb_program_cost_of(&o, 10, 0);
    ck_assert(c.writes == 1 && c.residual == 0 && c.success == 1);
    o.method = XB_PROGRAM_PULSES;
    c = xb_program_cost_of(&o, 10, 0);
    ck_assert(c.writes == 1 && c.residual == 0);
}
END_TEST

/* Devices that take nothing spend all writes; one shot is one for them, too. */
START_TEST(stuck_devices_spend_all_writes)
{
    xb_program_options o = options(XB_PROGRAM_VERIFY, 0.1, 0.05);
    o.most = 100;
    xb_program_cost free = xb_program_cost_of(&o, 861000, 0), c = xb_program_cost_of(&o, 861000, 0.1079);
    near(c.writes, 13.12, 1e-3);
    near(c.writes, 0.8921 * free.writes + 0.1079 * 100, 1e-12);
    near(c.seconds, 861000 * c.writes * 6.6e-6, 1e-12);
    ck_assert(c.residual == free.residual && c.success == free.success);
    o.method = XB_PROGRAM_PULSES;
    near(xb_program_cost_of(&o, 1, 0.5).writes, 0.5 * xb_program_cost_of(&o, 1, 0).writes + 50, 1e-12);
    o.sigma = 0;
    near(xb_program_cost_of(&o, 1, 0.5).writes, 50.5, 1e-12);
    o.method = XB_PROGRAM_ONE_SHOT;
    ck_assert(xb_program_cost_of(&o, 1, 0.5).writes == 1);
}
END_TEST

static double option_of(const void *options)
{
    return *(const double *)options;
}

START_TEST(stuck_shares_are_independent)
{
    static const xb_device stuck = {.domain = XB_DOMAIN_CONDUCTANCE, .stuck = option_of},
                           other = {.domain = XB_DOMAIN_CONDUCTANCE};
    const xb_link link[] = {{&stuck, &(double){0.1}}, {&other, NULL}, {&stuck, &(double){0.5}}};
    near(xb_chain_stuck(&(xb_chain){link, 3}), 0.55, 1e-12);
    ck_assert(xb_chain_stuck(&(xb_chain){link + 1, 1}) == 0);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, intervals_are_students);
    tcase_add_test(t, intervals_stay_among_shares);
    tcase_add_test(t, one_chip_has_wilsons);
    tcase_add_test(t, without_labels_agreement_counts);
    tcase_add_test(t, writes_are_one_over_the_success);
    tcase_add_test(t, there_is_a_most);
    tcase_add_test(t, pulses_close_in);
    tcase_add_test(t, coarse_pulses_end_at_the_most);
    tcase_add_test(t, one_shot_is_one_write);
    tcase_add_test(t, stuck_devices_spend_all_writes);
    tcase_add_test(t, stuck_shares_are_independent);
    return run_case("sim_trials", t);
}
