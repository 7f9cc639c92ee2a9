/* What device models do exactly: levels, faults, off, refused options, drift that keeps its exponents. */
#include "sim_kit.h"

enum { COLS = 1000 };

START_TEST(levels_are_ends_and_even_steps)
{
    static const int64_t count[] = {2, 3, 16, 32, 4096};
    for (int k = 0; k < 5; k++) {
        char text[32];
        float v[COLS], again[COLS];
        snprintf(text, sizeof text, "{count: %d}", (int)count[k]);
        model *m = model_new(&levels, text);
        m->segment.n = COLS;
        for (int i = 0; i < COLS; i++) v[i] = (float)(1e-6 + 99e-6 * i / (COLS - 1)); /* both ends are among them */
        memcpy(again, v, sizeof v);
        model_run(m, XB_STAGE_PROGRAM, v);
        ck_assert(v[0] == 1e-6f && v[COLS - 1] == 100e-6f);
        double step = 99e-6 / (double)(count[k] - 1);
        for (int i = 0; i < COLS; i++) {
            double level = ((double)v[i] - 1e-6) / step;
            ck_assert_double_eq_tol(level, rint(level), 1e-3);
            ck_assert_double_le(fabs((double)v[i] - (double)again[i]), step / 2 * (1 + 1e-4));
        }
        memcpy(again, v, sizeof v);
        model_run(m, XB_STAGE_PROGRAM, v);
        ck_assert(memcmp(v, again, sizeof v) == 0);
        model_free(m);
    }
}
END_TEST

START_TEST(two_levels_and_beyond_the_range)
{
    model *m = model_new(&levels, "{count: 2}");
    float v[6] = {0, 1e-6f, 50e-6f, 51e-6f, 100e-6f, 1e-3f}; /* the middle is 50.5 uS */
    const float expected[6] = {1e-6f, 1e-6f, 1e-6f, 100e-6f, 100e-6f, 100e-6f};
    m->segment.n = 6;
    model_run(m, XB_STAGE_PROGRAM, v);
    ck_assert(memcmp(v, expected, sizeof v) == 0);
    model_free(m);
    m = model_new(&levels, "");
    float w[32];
    m->segment.n = 32;
    for (int i = 0; i < 32; i++) w[i] = (float)(1e-6 + 99e-6 * (i + 0.4) / 31);
    model_run(m, XB_STAGE_PROGRAM, w);
    for (int i = 0; i < 32; i++) ck_assert_double_eq_tol((double)w[i], 1e-6 + 99e-6 * (i == 31 ? 31 : i) / 31, 1e-11);
    model_free(m);
}
END_TEST

START_TEST(off_changes_no_bit)
{
    static const struct {
        const xb_device *device;
        const char *off;
    } all[] = {{&levels, "{count: 0}"},
               {&lognormal, "{sigma: 0}"},
               {&lognormal, "{sigma: 0, mean: true}"},
               {&lognormal_weight, "{sigma: 0}"},
               {&proportional, "{alpha: 0}"},
               {&gaussian_pcm, "{scale: 0}"},
               {&rram_relax, "{scale: 0}"},
               {&stuck_at, "{off: 0, on: 0}"},
               {&drift, "{scale: 0}"},
               {&drift, "{model: fixed, nu: 0}"},
               {&read_noise, "{sigma: 0}"},
               {&read_noise, "{sigma: 0, kind: full-scale}"},
               {&read_noise_pcm, "{scale: 0}"}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        float v[COLS], before[COLS];
        model *m = model_new(all[k].device, all[k].off);
        bool weight = all[k].device->domain == XB_DOMAIN_WEIGHT;
        for (int i = 0; i < COLS; i++) v[i] = weight ? (float)(i - 500) / 500 : (float)i * 0.2e-6f;
        memcpy(before, v, sizeof v);
        m->segment.n = COLS;
        m->segment.time = 1e6;
        for (int stage = 0; stage < 3; stage++) model_run(m, (xb_stage)stage, v);
        ck_assert_msg(memcmp(v, before, sizeof v) == 0, "%s %s", all[k].device->name, all[k].off);
        model_free(m);
    }
}
END_TEST

START_TEST(without_a_time_nothing_ages)
{
    static const xb_device *const all[] = {&drift, &read_noise_pcm};
    for (int k = 0; k < 2; k++) {
        float v[COLS], before[COLS];
        model *m = model_new(all[k], "");
        m->segment.n = COLS;
        m->segment.time = k ? 250e-9 : 20;
        for (int i = 0; i < COLS; i++) before[i] = v[i] = (float)i * 0.1e-6f;
        model_run(m, XB_STAGE_AGE, v);
        model_run(m, XB_STAGE_READ, v);
        ck_assert(memcmp(v, before, sizeof v) == 0);
        model_free(m);
    }
}
END_TEST

START_TEST(a_device_keeps_its_exponent)
{
    model *m = model_new(&drift, "");
    float early[COLS], late[COLS];
    m->segment.n = COLS;
    for (int i = 0; i < COLS; i++) early[i] = late[i] = 50e-6f;
    m->segment.time = 2000; /* t0 * 100 */
    model_run(m, XB_STAGE_AGE, early);
    m->segment.time = 200000; /* twice as far in ln t */
    model_run(m, XB_STAGE_AGE, late);
    for (int i = 0; i < COLS; i++) {
        double fall = (double)early[i] / (double)50e-6f;
        ck_assert_double_eq_tol((double)late[i] / (double)50e-6f, fall * fall, 1e-6);
    }
    model_free(m);
    m = model_new(&drift, "{model: fixed, nu: 0.5, t0: 1s}");
    m->segment.time = 100;
    early[0] = 50e-6f;
    model_run(m, XB_STAGE_AGE, early);
    ck_assert_double_eq_tol((double)early[0], 5e-6, 1e-12);
    model_free(m);
}
END_TEST

/* Faults of a million pairs of the default rates, 3 standard errors. */
START_TEST(faults_are_independent_and_stay)
{
    enum { ROWS = 1000 };
    static float v[2][COLS];
    double n = (double)ROWS * COLS, off[2] = {0}, on[2] = {0}, both_off = 0, free_pairs = 0;
    model *m = model_new(&stuck_at, "");
    m->segment.n = COLS;
    for (size_t r = 0; r < ROWS; r++) {
        m->segment.key.row = r;
        for (uint32_t p = 0; p < 2; p++) {
            m->segment.key.polarity = p;
            for (int i = 0; i < COLS; i++) v[p][i] = 50e-6f;
            model_run(m, XB_STAGE_PROGRAM, v[p]);
        }
        for (int i = 0; i < COLS; i++) {
            for (int p = 0; p < 2; p++) off[p] += v[p][i] == 1e-6f, on[p] += v[p][i] == 100e-6f;
            both_off += v[0][i] == 1e-6f && v[1][i] == 1e-6f;
            free_pairs += v[0][i] == 50e-6f && v[1][i] == 50e-6f;
        }
    }
    const double found[] = {off[0], off[1], on[0], on[1], both_off, free_pairs};
    const double expected[] = {0.0904, 0.0904, 0.0175, 0.0175, 0.0904 * 0.0904, 0.79584241};
    for (int i = 0; i < 6; i++) {
        double p = expected[i];
        ck_assert_msg(fabs(found[i] / n - p) <= 3 * sqrt(p * (1 - p) / n), "%d: %g, expected %g", i, found[i] / n, p);
    }
    m->segment.time = 1e6; /* aged, the same ones are stuck */
    for (int i = 0; i < COLS; i++)
        if (v[1][i] != 50e-6f)
            v[0][i] = 50e-6f;
        else
            v[0][i] = 49e-6f;
    model_run(m, XB_STAGE_AGE, v[0]);
    for (int i = 0; i < COLS; i++) ck_assert(v[0][i] == (v[1][i] == 50e-6f ? 49e-6f : v[1][i]));
    model_free(m);
}
END_TEST

/* -- checks of options: a host that only takes diagnostics -- */

static void diagnose(xb_cx *cx, xb_severity s, const char *code, const xb_where *where, const char *format, ...)
    XB_PRINTF(5, 6);
static void diagnose(xb_cx *cx, xb_severity s, const char *code, const xb_where *where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    xb_vdiag(cx->impl, s, code, where, format, args);
    va_end(args);
}

START_TEST(impossible_options_are_refused)
{
    static const struct {
        const xb_device *device;
        const char *options, *says; /* says NULL: they are fine */
    } all[] = {{&levels, "{count: 1}", "one level holds nothing"},
               {&levels, "{count: 0}", NULL},
               {&levels, "{count: 2}", NULL},
               {&stuck_at, "{off: 60%, on: 41%}", "more than all devices"},
               {&stuck_at, "{off: 50%, on: 50%}", NULL}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        model *m = model_new(all[i].device, all[i].options);
        const xb_host host = {.struct_size = sizeof host, .diagnose = diagnose};
        xb_cx cx = {sizeof cx, &host, all[i].device->name, 0, m->d};
        int status = all[i].device->check(&cx, m->link.options);
        ck_assert_int_eq(status, all[i].says ? -1 : 0);
        ck_assert_uint_eq(xb_diags_errors(m->d), all[i].says ? 1 : 0);
        if (all[i].says)
            ck_assert(strstr(xb_diags_text(m->d), all[i].says) && strstr(xb_diags_text(m->d), "option-range"));
        model_free(m);
    }
}
END_TEST

/* Every option says whether it is device to device or cycle to cycle, and every device does. */
START_TEST(help_says_d2d_or_c2c)
{
    static const xb_device *const all[] = {&levels,       &lognormal,     &lognormal_weight, &proportional,
                                           &gaussian_pcm, &rram_relax,    &stuck_at,         &drift,
                                           &read_noise,   &read_noise_pcm};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const char *word = all[i]->read ? "c2c" : "d2d", *why;
        ck_assert(strstr(all[i]->summary, all[i]->read ? "cycle to cycle" : "device to device"));
        ck_assert(xb_opts_check(all[i]->options, all[i]->options_size, &why));
        for (const xb_option *o = all[i]->options; o->name; o++)
            ck_assert_msg(strstr(o->help, word) != NULL, "%s: %s", all[i]->name, o->name);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, levels_are_ends_and_even_steps);
    tcase_add_test(t, two_levels_and_beyond_the_range);
    tcase_add_test(t, off_changes_no_bit);
    tcase_add_test(t, without_a_time_nothing_ages);
    tcase_add_test(t, a_device_keeps_its_exponent);
    tcase_add_test(t, faults_are_independent_and_stay);
    tcase_add_test(t, impossible_options_are_refused);
    tcase_add_test(t, help_says_d2d_or_c2c);
}

int main(void)
{
    return sim_main("sim_devices_exact", add);
}
