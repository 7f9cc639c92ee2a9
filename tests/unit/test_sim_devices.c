/* A million draws of every random device model against its formula: mean, standard deviation and a share, each within
 * three standard errors. */
#include "sim_kit.h"

enum { ROWS = 1000, COLS = 1000, N = ROWS * COLS };
static float x[N];

/* x: what the stage makes of a million cells of `target`; every row of `read` is another conversion. */
static void draw(model *m, xb_stage stage, double target)
{
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t c = 0; c < COLS; c++) x[r * COLS + c] = (float)target;
        m->segment.n = COLS;
        m->segment.key.row = stage == XB_STAGE_READ ? 0 : r;
        m->segment.key.conversion = stage == XB_STAGE_READ ? r : 0;
        model_run(m, stage, x + r * COLS);
    }
}

static double normal_below(double z)
{
    return 0.5 * erfc(-z / sqrt(2));
}

static void check_mean_sd(double mean, double sd)
{
    double sum = 0, second = 0, fourth = 0;
    for (int i = 0; i < N; i++) sum += (double)x[i];
    double m = sum / N;
    for (int i = 0; i < N; i++) {
        double d = ((double)x[i] - m) * ((double)x[i] - m);
        second += d / N, fourth += d * d / N;
    }
    ck_assert_msg(fabs(m - mean) <= 3 * sd / sqrt(N), "mean %g, expected %g +- %g", m, mean, sd / sqrt(N));
    double error = sqrt((fourth - second * second) / N);
    ck_assert_msg(fabs(second - sd * sd) <= 3 * error, "variance %g, expected %g +- %g", second, sd * sd, error);
}

/* The share of cells that are at most `value`. */
static void check_share(double value, double p)
{
    double n = 0, error = sqrt(p * (1 - p) / N);
    for (int i = 0; i < N; i++) n += x[i] <= (float)value;
    ck_assert_msg(fabs(n / N - p) <= 3 * error, "share up to %g: %g, expected %g +- %g", value, n / N, p, error);
}

START_TEST(lognormal_keeps_the_median_or_the_mean)
{
    static const char *const options[] = {"{}", "{sigma: 0.5}", "{sigma: 50%, mean: true}"};
    static const double sigma[] = {0.1, 0.5, 0.5}, factor[] = {1.0050125208594, 1.1331484530668, 1};
    for (int i = 0; i < 3; i++) {
        model *m = model_new(&lognormal, options[i]);
        double g = 40e-6, s = sigma[i], median = i == 2 ? g * exp(-s * s / 2) : g;
        draw(m, XB_STAGE_PROGRAM, g);
        check_mean_sd(g * factor[i], g * factor[i] * sqrt(expm1(s * s)));
        check_share(median, 0.5);
        check_share(median * exp(-s), normal_below(-1));
        check_share(median * exp(2 * s), normal_below(2));
        model_free(m);
    }
}
END_TEST

START_TEST(lognormal_of_weights)
{
    model *m = model_new(&lognormal_weight, "{sigma: 0.5}");
    m->segment.g_min = -1, m->segment.g_max = 1;
    draw(m, XB_STAGE_PROGRAM, -0.5);
    check_mean_sd(-0.5 * exp(0.125), 0.5 * exp(0.125) * sqrt(expm1(0.25)));
    check_share(-0.5, 0.5);
    check_share(-0.5 * exp(0.5), normal_below(-1));
    draw(m, XB_STAGE_PROGRAM, 0);
    for (int i = 0; i < N; i++) ck_assert(x[i] == 0);
    model_free(m);
}
END_TEST

START_TEST(proportional_is_gaussian_and_turns_signs)
{
    static const double alpha[] = {0.1, 0.25, 0.5, 1};
    static const char *const options[] = {"", "{alpha: 0.25}", "{alpha: 50%}", "{alpha: 1}"};
    for (int i = 0; i < 4; i++) {
        model *m = model_new(&proportional, options[i]);
        m->segment.g_min = -1, m->segment.g_max = 1;
        draw(m, XB_STAGE_PROGRAM, 0.3);
        check_mean_sd(0.3, 0.3 * alpha[i]);
        check_share(0.3 * (1 + 1.5 * alpha[i]), normal_below(1.5));
        if (i) check_share(0, normal_below(-1 / alpha[i])); /* 3.2e-5, 2.28 %, 15.87 % */
        draw(m, XB_STAGE_PROGRAM, 0);
        for (int k = 0; k < N; k++) ck_assert(x[k] == 0);
        model_free(m);
    }
}
END_TEST

/* Gaussian far from 0; at 0 half of it: mean s / sqrt(2 pi), variance s^2 (1/2 - 1/(2 pi)), half of the cells at 0. */
static void check_clipped(model *m, double g, double s)
{
    draw(m, XB_STAGE_PROGRAM, g);
    if (g > 0) {
        ck_assert_double_gt(g, 7 * s);
        check_mean_sd(g, s);
        check_share(g, 0.5);
        check_share(g + s, normal_below(1));
        return;
    }
    check_mean_sd(s / sqrt(2 * M_PI), s * sqrt(0.5 - 0.5 / M_PI));
    check_share(0, 0.5);
    check_share(s, normal_below(1));
}

START_TEST(pcm_programming)
{
    model *m = model_new(&gaussian_pcm, "");
    m->segment.g_min = 0, m->segment.g_max = 25e-6;
    check_clipped(m, 0, 0.26348e-6); /* the mean of a zero is 0.1051 uS */
    check_clipped(m, 12.5e-6, 0.952705e-6);
    check_clipped(m, 25e-6, 1.05538e-6);
    m->segment.g_max = 100e-6;
    check_clipped(m, 50e-6, 4 * 0.952705e-6);
    model_free(m);
    m = model_new(&gaussian_pcm, "{scale: 0.5, reference: 50uS}");
    m->segment.g_min = 0, m->segment.g_max = 25e-6;
    check_clipped(m, 12.5e-6, 0.952705e-6 / 4);
    model_free(m);
}
END_TEST

START_TEST(rram_relaxation)
{
    static const char *const options[] = {"{after: 1s}", "", "{after: 2days}"};
    static const double at_zero[] = {0.348, 0.701, 0.782};
    static const double at_half[] = {2.0229375, 3.909, 3.929125};
    for (int i = 0; i < 3; i++) {
        model *m = model_new(&rram_relax, options[i]);
        m->segment.g_min = 0, m->segment.g_max = 40e-6;
        check_clipped(m, 0, at_zero[i] * 1e-6);
        draw(m, XB_STAGE_PROGRAM, 20e-6);
        check_mean_sd(20e-6, at_half[i] * 1e-6);
        check_share(20e-6 - at_half[i] * 1e-6, normal_below(-1));
        m->segment.g_max = 160e-6;
        draw(m, XB_STAGE_PROGRAM, 80e-6);
        check_mean_sd(80e-6, 4 * at_half[i] * 1e-6);
        model_free(m);
    }
}
END_TEST

/* x becomes the exponents; |N(mu, s)| has mean s sqrt(2/pi) exp(-mu^2 / 2 s^2) + mu (1 - 2 Phi(-mu/s)), mean square
 * mu^2 + s^2. */
static void check_exponents(model *m, double g, double mu, double s)
{
    m->segment.time = 1e6;
    draw(m, XB_STAGE_AGE, g);
    for (int i = 0; i < N; i++) x[i] = (float)(-log((double)x[i] / (double)(float)g) / log(1e6 / 20));
    double mean = s * sqrt(2 / M_PI) * exp(-mu * mu / (2 * s * s)) + mu * (1 - 2 * normal_below(-mu / s));
    check_mean_sd(mean, sqrt(mu * mu + s * s - mean * mean));
    check_share(mu, 0.5 - normal_below(-2 * mu / s));
}

START_TEST(drift_exponents)
{
    model *m = model_new(&drift, "");
    m->segment.g_max = 25e-6;
    check_exponents(m, 25e-6, 0.049, 0.008);
    check_exponents(m, 2.5e-6, 0.0244 + 0.0155 * M_LN10, 0.0125 * M_LN10 - 0.0059);
    check_exponents(m, 2.5e-9, 0.1, 0.045);
    model_free(m);
    m = model_new(&drift, "{model: fixed, nu: 0.03, spread: 0.02}");
    check_exponents(m, 50e-6, 0.03, 0.02);
    model_free(m);
}
END_TEST

/* What reads make of g, and that its moments say so. */
static void check_read(model *m, double g, double mean, double sd)
{
    float at = (float)g, expected, variance;
    draw(m, XB_STAGE_READ, g);
    check_mean_sd(mean, sd);
    m->segment.n = 1;
    ck_assert(xb_chain_read_moments(m->d, &m->chain, XB_DOMAIN_CONDUCTANCE, &m->segment, &at, &expected, &variance));
    ck_assert_double_eq_tol((double)expected, mean, 1e-6 * mean);
    ck_assert_double_eq_tol((double)variance, sd * sd, 1e-5 * sd * sd);
}

START_TEST(read_noise_and_its_moments)
{
    model *m = model_new(&read_noise, "");
    check_read(m, 50e-6, 50e-6, 0.5e-6);
    check_share(50e-6 * 1.01, normal_below(1));
    model_free(m);
    m = model_new(&read_noise, "{kind: full-scale, sigma: 2%}");
    check_read(m, 50e-6, 50e-6, 2e-6);
    check_share(48e-6, normal_below(-1));
    check_read(m, 0, 2e-6 / sqrt(2 * M_PI), 2e-6 * sqrt(0.5 - 0.5 / M_PI));
    check_share(0, 0.5);
    /* one deviation above 0: mean s (Phi(1) + phi(1)), mean square s^2 (2 Phi(1) + phi(1)) */
    double phi = exp(-0.5) / sqrt(2 * M_PI), above = normal_below(1), mean = 2e-6 * (above + phi);
    check_read(m, 2e-6, mean, sqrt(4e-12 * (2 * above + phi) - mean * mean));
    check_share(0, normal_below(-1));
    model_free(m);
}
END_TEST

START_TEST(read_noise_of_pcm_grows_with_time)
{
    model *m = model_new(&read_noise_pcm, "");
    m->segment.g_min = 0, m->segment.g_max = 25e-6;
    m->segment.time = 20;
    check_read(m, 25e-6, 25e-6, 25e-6 * 0.0088 * sqrt(log((20 + 250e-9) / 500e-9)));
    m->segment.time = 86400;
    check_read(m, 12.5e-6, 12.5e-6, 12.5e-6 * 0.0088 / pow(0.5, 0.65) * sqrt(log(86400 / 500e-9)));
    check_share(12.5e-6, 0.5);
    draw(m, XB_STAGE_READ, 25e-9); /* Q at its most, 0.2: the deviation is as large as the conductance */
    double s = 0.2 * sqrt(log(86400 / 500e-9));
    check_share(0, normal_below(-1 / s));
    model_free(m);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, lognormal_keeps_the_median_or_the_mean);
    tcase_add_test(t, lognormal_of_weights);
    tcase_add_test(t, proportional_is_gaussian_and_turns_signs);
    tcase_add_test(t, pcm_programming);
    tcase_add_test(t, rram_relaxation);
    tcase_add_test(t, drift_exponents);
    tcase_add_test(t, read_noise_and_its_moments);
    tcase_add_test(t, read_noise_of_pcm_grows_with_time);
}

int main(void)
{
    return sim_main("sim_devices", add);
}
