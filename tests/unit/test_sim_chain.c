/* The chain: order, halves and stages, numbers that no cut of a row changes, faults of devices named. */
#include "sim_kit.h"

enum { COLS = 1000 };

/* ---- devices that do one thing ---- */

static void add_one(const xb_cells *c, const void *options, float *v)
{
    (void)options;
    for (size_t i = 0; i < c->n; i++) v[i] += 1;
}

static void twice(const xb_cells *c, const void *options, float *v)
{
    (void)options;
    for (size_t i = 0; i < c->n; i++) v[i] *= 2;
}

static void normals(const xb_cells *c, const void *options, float *v)
{
    c->normal(c, *(const uint32_t *)options, v);
}

static void magnitudes(const xb_cells *c, const void *options, float *v)
{
    normals(c, options, v);
    for (size_t i = 0; i < c->n; i++) v[i] = fabsf(v[i]);
}

/* Puts *options into the cell that holds 77. */
static void spoil(const xb_cells *c, const void *options, float *v)
{
    for (size_t i = 0; i < c->n; i++)
        if (v[i] == 77) v[i] = *(const float *)options;
}

static void count_cells(const xb_cells *c, const void *options, float *v)
{
    (void)options;
    ck_assert_uint_ge(c->n, 1);
    ck_assert_uint_le(c->n, XB_CELLS_MOST);
    for (size_t i = 0; i < c->n; i++) v[i] += 1;
}

/* mean: v + shift; variance: spread */
static void moments_of(const xb_cells *c, const void *options, const float *v, float *mean, float *variance)
{
    const float *o = options;
    for (size_t i = 0; i < c->n; i++) mean[i] = v[i] + o[0], variance[i] = o[1];
}

#define DEVICE(ident, d, ...)                                                                                          \
    static const xb_device ident = {.struct_size = sizeof(xb_device), .domain = d, .name = #ident, __VA_ARGS__}
DEVICE(adder, XB_DOMAIN_CONDUCTANCE, .program = add_one, .age = add_one);
DEVICE(doubler, XB_DOMAIN_CONDUCTANCE, .program = twice, .read = twice);
DEVICE(weighty, XB_DOMAIN_WEIGHT, .program = twice);
DEVICE(noisy, XB_DOMAIN_WEIGHT, .program = normals, .age = normals, .read = normals);
DEVICE(noisy_cell, XB_DOMAIN_CONDUCTANCE, .program = magnitudes);
DEVICE(spoiler, XB_DOMAIN_CONDUCTANCE, .program = spoil, .read = spoil);
DEVICE(weight_spoiler, XB_DOMAIN_WEIGHT, .age = spoil);
DEVICE(counter, XB_DOMAIN_CONDUCTANCE, .program = count_cells);
DEVICE(shifter, XB_DOMAIN_CONDUCTANCE, .read = twice, .read_moments = moments_of);

static xb_diags *d;

static void set_up(void)
{
    d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
}

static void tear_down(void)
{
    xb_diags_free(d);
}

#define CHAIN(...) ((xb_chain){(const xb_link[]){__VA_ARGS__}, sizeof((xb_link[]){__VA_ARGS__}) / sizeof(xb_link)})

static float run_one(xb_chain c, xb_domain domain, xb_stage stage, float v)
{
    xb_segment s = segment_of("fc1");
    ck_assert(xb_chain_run(d, &c, domain, stage, &s, &v));
    return v;
}

START_TEST(devices_run_in_order)
{
    xb_chain ab = CHAIN({&adder, NULL}, {&doubler, NULL}), ba = CHAIN({&doubler, NULL}, {&adder, NULL});
    ck_assert(run_one(ab, XB_DOMAIN_CONDUCTANCE, XB_STAGE_PROGRAM, 3) == 8);
    ck_assert(run_one(ba, XB_DOMAIN_CONDUCTANCE, XB_STAGE_PROGRAM, 3) == 7);
}
END_TEST

START_TEST(stages_and_halves_are_apart)
{
    xb_chain c = CHAIN({&weighty, NULL}, {&adder, NULL}, {&doubler, NULL});
    ck_assert(run_one(c, XB_DOMAIN_WEIGHT, XB_STAGE_PROGRAM, 3) == 6);
    ck_assert(run_one(c, XB_DOMAIN_CONDUCTANCE, XB_STAGE_AGE, 3) == 4);
    ck_assert(run_one(c, XB_DOMAIN_CONDUCTANCE, XB_STAGE_READ, 3) == 6);
    ck_assert(run_one(c, XB_DOMAIN_WEIGHT, XB_STAGE_READ, 3) == 3);
    ck_assert(xb_chain_has(&c, XB_DOMAIN_WEIGHT, XB_STAGE_PROGRAM));
    ck_assert(!xb_chain_has(&c, XB_DOMAIN_WEIGHT, XB_STAGE_AGE));
    ck_assert(xb_chain_has(&c, XB_DOMAIN_CONDUCTANCE, XB_STAGE_READ));
    xb_chain none = {NULL, 0};
    ck_assert(!xb_chain_has(&none, XB_DOMAIN_CONDUCTANCE, XB_STAGE_PROGRAM));
    ck_assert(run_one(none, XB_DOMAIN_CONDUCTANCE, XB_STAGE_PROGRAM, -3) == -3);
}
END_TEST

START_TEST(chains_that_cannot_be)
{
    xb_chain late = CHAIN({&adder, NULL}, {&weighty, NULL}), fine = CHAIN({&weighty, NULL}, {&adder, NULL});
    ck_assert(xb_chain_check(d, &fine));
    ck_assert(!xb_chain_check(d, &late));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(d), "'weighty' changes weights, which is done before 'adder'"));
    xb_link many[65];
    for (int i = 0; i < 65; i++) many[i] = (xb_link){&adder, NULL};
    ck_assert(xb_chain_check(d, &(xb_chain){many, 64}));
    ck_assert(!xb_chain_check(d, &(xb_chain){many, 65}));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(d), "65 devices, at most 64"));
}
END_TEST

/* The numbers of slot 1, in each stage; device numbers are the same in all. */
START_TEST(numbers_are_those_of_the_counter)
{
    static const uint32_t draws[] = {0, 31, 32, 63};
    for (int k = 0; k < 4; k++)
        for (int stage = 0; stage < 3; stage++) {
            xb_chain c = CHAIN({&adder, NULL}, {&noisy, &draws[k]});
            float v[COLS], expected[COLS];
            xb_segment s = segment_of("conv1");
            s.key.col = 3, s.key.row = 5, s.key.conversion = 9, s.n = COLS;
            ck_assert(xb_chain_run(d, &c, XB_DOMAIN_WEIGHT, (xb_stage)stage, &s, v));
            xb_draw_key key = s.key;
            key.slot = 1;
            key.stage = draws[k] < 32 ? (uint32_t)stage : 3;
            key.conversion = draws[k] < 32 && stage == XB_STAGE_READ ? 9 : 0;
            xb_draw_normal(&key, draws[k], COLS, expected);
            ck_assert(memcmp(v, expected, sizeof v) == 0);
        }
}
END_TEST

START_TEST(any_cut_of_a_row_is_the_same_row)
{
    static const size_t cuts[] = {1, 3, 64, 255, 256, 257, 999};
    uint32_t draw = 0;
    xb_chain c = CHAIN({&counter, NULL}, {&noisy_cell, &draw}, {&counter, NULL});
    float whole[COLS] = {0}, v[COLS] = {0};
    xb_segment s = segment_of("fc1");
    s.n = COLS, s.key.col = 1;
    ck_assert(xb_chain_run(d, &c, XB_DOMAIN_CONDUCTANCE, XB_STAGE_PROGRAM, &s, whole));
    for (size_t k = 0; k < sizeof cuts / sizeof *cuts; k++) {
        memset(v, 0, sizeof v);
        for (size_t at = 0; at < COLS; at += cuts[k]) {
            s.key.col = 1 + at;
            s.n = COLS - at < cuts[k] ? COLS - at : cuts[k];
            ck_assert(xb_chain_run(d, &c, XB_DOMAIN_CONDUCTANCE, XB_STAGE_PROGRAM, &s, v + at));
        }
        ck_assert(memcmp(v, whole, sizeof v) == 0);
    }
}
END_TEST

/* One error, which names the device that did it, not those around it, and the cell. */
START_TEST(bad_cells_are_named)
{
    static const struct {
        float value;
        const char *text;
    } bad[] = {{NAN, "is nan"},        {-NAN, "nan"},          {INFINITY, "is inf"},
               {-INFINITY, "is -inf"}, {-1e-12f, "is -1e-12"}, {3e38f, "at most 1e6 S"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        xb_diags *one = xb_diags_new(NULL, XB_DIAG_TEXT, false);
        xb_chain c = CHAIN({&doubler, NULL}, {&spoiler, &bad[i].value}, {&adder, NULL});
        float v[COLS];
        xb_segment s = segment_of("conv2");
        s.key.row = 12, s.key.col = 100, s.n = COLS;
        for (int k = 0; k < COLS; k++) v[k] = 1;
        v[600] = v[601] = v[900] = 38.5f;
        ck_assert(!xb_chain_run(one, &c, XB_DOMAIN_CONDUCTANCE, XB_STAGE_PROGRAM, &s, v));
        ck_assert_uint_eq(xb_diags_errors(one), 1);
        const char *text = xb_diags_text(one);
        ck_assert_msg(strstr(text, "device 'spoiler': program of layer 'conv2', row 13, column 701 ") != NULL, "%s",
                      text);
        ck_assert_msg(strstr(text, bad[i].text) && strstr(text, "[device]"), "%s", text);
        xb_diags_free(one);
    }
}
END_TEST

START_TEST(zero_is_a_conductance_and_weights_may_be_negative)
{
    float zero = 0, minus = -5, nothing = NAN, v = 77;
    xb_chain c = CHAIN({&weight_spoiler, &minus}, {&spoiler, &zero}), n = CHAIN({&weight_spoiler, &nothing});
    ck_assert(run_one(c, XB_DOMAIN_CONDUCTANCE, XB_STAGE_READ, 77) == 0);
    ck_assert(run_one(c, XB_DOMAIN_WEIGHT, XB_STAGE_AGE, 77) == -5);
    xb_segment s = segment_of("fc1");
    ck_assert(!xb_chain_run(d, &n, XB_DOMAIN_WEIGHT, XB_STAGE_AGE, &s, &v));
    ck_assert_ptr_nonnull(
        strstr(xb_diags_text(d), "device 'weight_spoiler': age of layer 'fc1', row 1, column 1 is nan"));
}
END_TEST

START_TEST(a_draw_that_does_not_exist)
{
    uint32_t draw = 64;
    xb_chain c = CHAIN({&noisy, &draw});
    float v = 1;
    xb_segment s = segment_of("fc1");
    ck_assert(!xb_chain_run(d, &c, XB_DOMAIN_WEIGHT, XB_STAGE_PROGRAM, &s, &v));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(d), "device 'noisy' asked for draw 64 in program, the last one is 63"));
}
END_TEST

START_TEST(moments_add_up)
{
    static const float first[] = {1, 0.25f}, second[] = {-0.5f, 0.5f};
    xb_chain c = CHAIN({&adder, NULL}, {&shifter, first}, {&shifter, second});
    float v[COLS], mean[COLS], variance[COLS];
    xb_segment s = segment_of("fc1");
    s.n = COLS;
    for (int i = 0; i < COLS; i++) v[i] = (float)i;
    ck_assert_ptr_null(xb_chain_momentless(&c, XB_DOMAIN_CONDUCTANCE));
    ck_assert(xb_chain_read_moments(d, &c, XB_DOMAIN_CONDUCTANCE, &s, v, mean, variance));
    for (int i = 0; i < COLS; i++) ck_assert(mean[i] == (float)i + 0.5f && variance[i] == 0.75f);
    ck_assert(xb_chain_read_moments(d, &c, XB_DOMAIN_WEIGHT, &s, v, mean, variance)); /* nobody reads weights */
    for (int i = 0; i < COLS; i++) ck_assert(mean[i] == (float)i && variance[i] == 0);
    xb_chain without = CHAIN({&shifter, first}, {&doubler, NULL}, {&spoiler, first});
    ck_assert_ptr_eq(xb_chain_momentless(&without, XB_DOMAIN_CONDUCTANCE), &doubler);
    ck_assert_ptr_null(xb_chain_momentless(&without, XB_DOMAIN_WEIGHT));
}
END_TEST

START_TEST(impossible_moments_are_named)
{
    static const float negative[] = {0, -1}, below[] = {-2, 0}, endless[] = {0, INFINITY};
    static const struct {
        const float *options;
        const char *text;
    } bad[] = {{negative, "variance of read of layer 'fc1', row 1, column 1 is -1"},
               {below, "mean of read of layer 'fc1', row 1, column 1 is -1"},
               {endless, "variance of read of layer 'fc1', row 1, column 1 is inf"}};
    for (int i = 0; i < 3; i++) {
        xb_chain c = CHAIN({&shifter, bad[i].options});
        float v = 1, mean, variance;
        xb_segment s = segment_of("fc1");
        ck_assert(!xb_chain_read_moments(d, &c, XB_DOMAIN_CONDUCTANCE, &s, &v, &mean, &variance));
        ck_assert_msg(strstr(xb_diags_text(d), bad[i].text) != NULL, "%s", xb_diags_text(d));
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, devices_run_in_order);
    tcase_add_test(t, stages_and_halves_are_apart);
    tcase_add_test(t, chains_that_cannot_be);
    tcase_add_test(t, numbers_are_those_of_the_counter);
    tcase_add_test(t, any_cut_of_a_row_is_the_same_row);
    tcase_add_test(t, bad_cells_are_named);
    tcase_add_test(t, zero_is_a_conductance_and_weights_may_be_negative);
    tcase_add_test(t, a_draw_that_does_not_exist);
    tcase_add_test(t, moments_add_up);
    tcase_add_test(t, impossible_moments_are_named);
}

int main(void)
{
    return sim_main("sim_chain", add);
}
