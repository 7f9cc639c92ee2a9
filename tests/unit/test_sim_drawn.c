/* Devices that do not say what their reads are on average: every read of every cell is drawn; and reads that give what
 * cannot be, of those that do say it. */
#include "sim/sim_private.h"
#include "sim_chip_kit.h"
#include "suite.h"

enum { IN_2 = 288, OUT_2 = 20, IN_3 = 20, OUT_3 = 10 };

static const float s = 0.1f, no_error = 0;

static chip_net convnet(const char *hw, const xb_device *device, const void *option)
{
    chip_net k = kit_new();
    kit_convnet(&k, true);
    kit_layout(&k, hw);
    kit_device(&k, device, option);
    return k;
}

#define PAIRS KIT_IDEAL "crossbar: {rows: 64, cols: 64}\n"
#define ONES KIT_IDEAL "crossbar: {rows: 64, cols: 64, sign: offset}\n"

/* -- as the chain draws them -- */

static double read_cell(const xb_build *b, float g, int64_t row, int64_t col, unsigned polarity, uint64_t conversion)
{
    xb_segment at = xb_devices_segment(b, XB_DOMAIN_CONDUCTANCE, 0, 0, row, col, 1, polarity);
    at.key.conversion = conversion;
    ck_assert(xb_chain_run(b->s->d, b->chain, XB_DOMAIN_CONDUCTANCE, XB_STAGE_READ, &at, &g));
    return (double)g;
}

/* What vector number `first` of layer 3 gives, cell by cell: one array, so one section and one reference a row. */
static void by_hand(const xb_build *b, const float *x, uint64_t first, double *y)
{
    xb_devices v;
    const xb_sim_stage *l = b->layer;
    ck_assert(xb_devices_program(b, 0, &v));
    for (int c = 0; c < OUT_3; c++) {
        y[c] = 0;
        for (int r = 0; r < IN_3; r++) {
            double g = read_cell(b, v.g[XB_SIDE_PLUS][r * OUT_3 + c], r, c, 0, first);
            if (v.g[XB_SIDE_MINUS])
                g -= read_cell(b, v.g[XB_SIDE_MINUS][r * OUT_3 + c], r, c, 1, first);
            else
                g -= read_cell(b, v.reference[r], r, 0, 1, first);
            y[c] += (double)x[r] * g;
        }
        y[c] *= l->map.unit[0] / (l->map.g_max - l->map.g_min);
    }
    xb_devices_free(&v);
}

static void vectors(const xb_build *b, const xb_chip_layer *chip, const float *x, uint64_t first, size_t n, float *y)
{
    xb_scratch scratch = {{0}, {0}, {0}, {0}};
    size_t *at = xb_calloc(n, sizeof *at), row[IN_3];
    for (size_t r = 0; r < IN_3; r++) row[r] = r;
    const xb_places places = {at, row, 0};
    const xb_inputs in = {.codes = x, .numbers = IN_3, .as_codes = places, .as_bytes = places, .n = n, .first = first};
    const xb_work w = {.layer = b->layer,
                       .cut = b->cut,
                       .converters = &b->layer->converters,
                       .chip = chip,
                       .trial = b->trial,
                       .scratch = &scratch};
    memset(y, 0, n * OUT_3 * sizeof *y);
    xb_work_product(&w, &in, y, OUT_3);
    xb_scratch_free(&scratch);
    free(at);
}

static xb_build build_of(const chip_net *k, uint64_t trial)
{
    const xb_sim_stage *l = &k->sim->layer[3];
    return (xb_build){
        .s = &k->sim->s, .layer = l, .cut = &l->cut, .chain = &k->sim->s.chain, .trial = trial, .threads = 1};
}

START_TEST(every_read_is_the_cells_own)
{
    static const char *const hw[] = {PAIRS, ONES};
    for (int i = 0; i < 2; i++) {
        chip_net k = convnet(hw[i], &kit_sampled_device, &s);
        kit_sim(&k);
        float x[IN_3], y[3 * OUT_3];
        double want[OUT_3];
        kit_vector(x, IN_3, 0, 1);
        x[4] = 0;
        xb_build b = build_of(&k, 6);
        xb_chip_layer *chip = xb_chip_layer_new(&b);
        vectors(&b, chip, x, 70, 3, y);
        for (uint64_t v = 0; v < 3; v++) {
            by_hand(&b, x, 70 + v, want);
            for (int c = 0; c < OUT_3; c++)
                ck_assert_msg(fabs((double)y[v * OUT_3 + (size_t)c] - want[c]) < 1e-5,
                              "vector %d, column %d: %g, not %g", (int)v, c, (double)y[v * OUT_3 + (size_t)c], want[c]);
        }
        ck_assert(y[0] != y[OUT_3]);
        xb_chip_layer_free(chip);
        kit_free(&k);
    }
}
END_TEST

/* The mean of many reads has no error that stays: its variance over chips is that of one read by their number. */
START_TEST(no_error_is_frozen)
{
    enum { CHIPS = 40, READS = 200 };
    chip_net k = convnet(PAIRS, &kit_sampled_device, &s);
    kit_sim(&k);
    float x[IN_3], y[READS * OUT_3], want[OUT_3];
    kit_vector(x, IN_3, 0, 1);
    kit_exact(&k, 3, x, want);
    double frozen = 0, all = 0;
    for (uint64_t t = 0; t < CHIPS; t++) {
        xb_build b = build_of(&k, t);
        xb_chip_layer *chip = xb_chip_layer_new(&b);
        vectors(&b, chip, x, 0, READS, y);
        for (int c = 0; c < OUT_3; c++) {
            double sum = 0;
            for (int v = 0; v < READS; v++) {
                double off = (double)y[v * OUT_3 + c] - (double)want[c];
                sum += off, all += off * off;
            }
            frozen += sum / READS * (sum / READS);
        }
        xb_chip_layer_free(chip);
    }
    double ratio = frozen / (all / READS) * READS; /* 400 squares: standard error 7 % */
    ck_assert_msg(fabs(ratio - 1) < 0.28, "%g of the variance of a mean of reads", ratio);
    kit_free(&k);
}
END_TEST

/* A device that reads nothing, and does not say so: the chip without it, whatever its mapping, converters and wires. */
static void nothing(const xb_cells *c, const void *options, float *v)
{
    (void)c, (void)options, (void)v;
}

START_TEST(reads_that_change_nothing_change_nothing)
{
    static const xb_device cells = {sizeof(xb_device), XB_DOMAIN_CONDUCTANCE, "cells", .read = nothing},
                           whole = {sizeof(xb_device), XB_DOMAIN_WEIGHT, "whole", .read = nothing};
    static const struct {
        const char *hw;
        int place, offset;
        bool wires;
    } cases[] = {{"interface: {input_bits: 6, dac_bits: 2, adc_bits: 8}\n", XB_ADC_PAIR, 0, false},
                 {"interface: {input_bits: 6, dac_bits: 2, adc_bits: 8}\n", XB_ADC_DEVICE, 0, false},
                 {"interface: {adc_bits: 8}\ncrossbar: {sign: offset, rows: 64, cols: 64}\n", XB_ADC_DEVICE, 0, false},
                 {"interface: {adc_bits: 8}\ncrossbar: {sign: offset, rows: 64, cols: 64}\n", XB_ADC_PAIR,
                  XB_OFFSET_DIGITAL, false},
                 {"interface: {adc_bits: 8}\ncrossbar: {rows: 64, cols: 64, wire_r_row: 3ohm, wire_r_col: 3ohm}\n",
                  XB_ADC_PAIR, 0, true}};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        float x[IN_2], y[2][OUT_2];
        kit_vector(x, IN_2, 0, 0.3);
        for (size_t with = 0; with < 2; with++) {
            chip_net k = kit_new();
            kit_convnet(&k, true);
            kit_layout(&k, cases[i / 2].hw);
            if (with && i % 2) kit_device(&k, &whole, NULL);
            kit_device(&k, &kit_lognormal_device, &s);
            if (with && i % 2 == 0) kit_device(&k, &cells, NULL);
            k.o.adc_place = cases[i / 2].place, k.o.offset = cases[i / 2].offset, k.o.ir_drop = cases[i / 2].wires;
            /* the slot decides the random numbers */
            if (!with && i % 2)
                k.link[1] = k.link[0], k.link[0] = (xb_link){&kit_additive_device, &no_error}, k.links = 2;
            kit_sim(&k);
            ck_assert(xb_sim_layer(k.sim, 3, kit_name(&k, 2), x, y[with]));
            kit_free(&k);
        }
        ck_assert_msg(!memcmp(y[0], y[1], sizeof y[0]), "case %zu is off by %g", i, kit_off(y[0], y[1], OUT_2));
    }
}
END_TEST

/* -- reference columns -- */

enum { DRAWS = 900, PATHS = 5 };

/* Differences and single devices converted, by steps that are next to nothing or by none, by moments and cell by cell.
 */
static const struct {
    bool moments, device, steps;
} paths[PATHS] = {
    {true, false, false}, {true, false, true}, {true, true, true}, {false, false, false}, {false, true, true}};

static chip_net reference_net(int cols, int path)
{
    char hw[200];
    snprintf(hw, sizeof hw,
             "interface: {input_bits: 0, dac_bits: 0, adc_bits: %d}\n"
             "crossbar: {rows: 16, cols: %d, sign: offset}\n",
             paths[path].steps ? 20 : 0, cols);
    chip_net k = convnet(hw, paths[path].moments ? &kit_read_device : &kit_sampled_device, &s);
    k.o.adc_place = paths[path].device ? XB_ADC_DEVICE : XB_ADC_PAIR;
    k.o.adc_range = XB_ADC_WORST;
    return k;
}

/* Variance of the mean of all columns: those of an array share the errors of its reference column, beside their own.
 * alone: if they did not. */
static double expected(const chip_net *k, const float *x, int cols, double *alone)
{
    xb_build b = build_of(k, 0);
    xb_devices v;
    const xb_mapping *map = &b.layer->map;
    ck_assert(xb_devices_program(&b, 0, &v));
    double all = 0, scale = map->unit[0] / (map->g_max - map->g_min) * (double)s / OUT_3;
    double reference = (double)xb_mapping_reference(map, 0);
    *alone = 0;
    for (int r = 0; r < IN_3; r++)
        for (int c = 0; c < OUT_3; c++) {
            double square = (double)x[r] * (double)x[r] * scale * scale, own = (double)v.g[XB_SIDE_PLUS][r * OUT_3 + c];
            int left = OUT_3 - c / cols * cols, beside = left < cols ? left : cols;
            all += square * (own * own + reference * reference * beside);
            *alone += square * (own * own + reference * reference);
        }
    xb_devices_free(&v);
    return all;
}

static double variance_of_mean(chip_net *k, const float *x, const float *want)
{
    double square = 0;
    for (uint64_t t = 0; t < DRAWS; t++) {
        float y[OUT_3];
        double mean = 0;
        ck_assert(xb_sim_layer(k->sim, t, kit_name(k, 3), x, y));
        for (int c = 0; c < OUT_3; c++) mean += ((double)y[c] - (double)want[c]) / OUT_3;
        square += mean * mean;
    }
    return square / DRAWS;
}

/* 900 squares: standard error 4.7 %. */
START_TEST(columns_share_the_errors_of_their_reference)
{
    static const int cols[] = {64, 4};
    for (int i = 0; i < 2 * PATHS; i++) {
        chip_net k = reference_net(cols[i / PATHS], i % PATHS);
        kit_sim(&k);
        float x[IN_3], want[OUT_3];
        double alone;
        kit_vector(x, IN_3, 0, 0.2);
        kit_exact(&k, 3, x, want);
        double should = expected(&k, x, cols[i / PATHS], &alone), is = variance_of_mean(&k, x, want);
        ck_assert_msg(should > 2 * alone, "%g, %g", should, alone);
        ck_assert_msg(fabs(is / should - 1) < 0.14, "path %d, arrays of %d: %g, not %g (alone %g)", i % PATHS,
                      cols[i / PATHS], is, should, alone);
        kit_free(&k);
    }
}
END_TEST

/* Where a converter's steps vanish it does not matter what it converts: the same errors, draw by draw. */
START_TEST(fine_converters_are_none)
{
    float x[IN_2], y[3][OUT_2], want[OUT_2];
    kit_vector(x, IN_2, 0, 0.2);
    for (int i = 0; i < 3; i++) {
        chip_net k = reference_net(6, i);
        kit_sim(&k);
        ck_assert(xb_sim_layer(k.sim, 3, kit_name(&k, 2), x, y[i]));
        kit_exact(&k, 2, x, want);
        kit_free(&k);
    }
    ck_assert(kit_off(y[0], want, OUT_2) > 0.02);
    for (int i = 1; i < 3; i++) ck_assert_msg(kit_off(y[0], y[i], OUT_2) < 1e-3, "%g", kit_off(y[0], y[i], OUT_2));
}
END_TEST

/* -- reads that cannot be -- */

static void below_zero(const xb_cells *c, const void *options, float *v)
{
    (void)options;
    v[c->n - 1] = -1e-9f;
}

/* One read in ten thousand is none. */
static void seldom(const xb_cells *c, const void *options, float *v)
{
    float u[XB_CELLS_MOST];
    (void)options;
    c->uniform(c, 0, u);
    for (size_t i = 0; i < c->n; i++)
        if (u[i] < 1e-4f) v[i] = NAN;
}

/* In every row but a few. */
static void rows_fail(const xb_cells *c, const void *options, float *v)
{
    float u[XB_CELLS_MOST];
    (void)options;
    c->uniform(c, 0, u);
    if (u[0] > 0.2f) v[0] = -1;
}

static const xb_device bad_read = {sizeof(xb_device), XB_DOMAIN_CONDUCTANCE, "bad-read", .read = below_zero,
                                   .read_moments = kit_read_moments};
static const xb_device seldom_read = {sizeof(xb_device), XB_DOMAIN_CONDUCTANCE, "seldom", .read = seldom};
static const xb_device bad_rows = {sizeof(xb_device), XB_DOMAIN_CONDUCTANCE, "bad-rows", .program = rows_fail};

START_TEST(a_bad_read_is_found_beside_good_moments)
{
    chip_net k = convnet(PAIRS, &bad_read, &s);
    xb_trial t;
    kit_sim(&k);
    ck_assert(!xb_sim_run(k.sim, 0, 1, &t));
    ck_assert_msg(strstr(xb_diags_text(k.n.d), "device 'bad-read': read of layer "), "%s", xb_diags_text(k.n.d));
    kit_free(&k);
}
END_TEST

static char *said(const xb_device *device, int threads)
{
    chip_net k = convnet("interface: {input_bits: 4, adc_bits: 6}\n", device, NULL);
    xb_trial t;
    k.threads = threads;
    kit_sim(&k);
    ck_assert(!xb_sim_run(k.sim, 0, 1, &t));
    ck_assert_uint_eq(xb_diags_errors(k.n.d), 1);
    char *text = xb_strdup(xb_diags_text(k.n.d));
    ck_assert_msg(strstr(text, device->name), "%s", text);
    kit_free(&k);
    return text;
}

START_TEST(one_error_whatever_the_threads)
{
    const xb_device *const bad[] = {&bad_rows, &seldom_read};
    for (int i = 0; i < 2; i++) {
        char *one = said(bad[i], 1);
        for (int again = 0; again < 8; again++) {
            char *more = said(bad[i], 2 + again % 3);
            ck_assert_str_eq(one, more);
            free(more);
        }
        free(one);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, every_read_is_the_cells_own);
    tcase_add_test(t, no_error_is_frozen);
    tcase_add_test(t, reads_that_change_nothing_change_nothing);
    tcase_add_test(t, columns_share_the_errors_of_their_reference);
    tcase_add_test(t, fine_converters_are_none);
    tcase_add_test(t, a_bad_read_is_found_beside_good_moments);
    tcase_add_test(t, one_error_whatever_the_threads);
    return run_case("sim_drawn", t);
}
