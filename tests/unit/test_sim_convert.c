/* Chips with converters: codes, slices, ranges, sides; and read noise. */
#include "sim/sim_private.h"
#include "sim_chip_kit.h"
#include "suite.h"

static const float sigma = 0.3f;

/* Layer 2 (288 x 20): inputs of 4 bits (digit 1 bit at a time), weights of 5 bits, one magnitude bit a cell. */
typedef struct quantised {
    const char *hw;
    int64_t weight_bits, cell_bits, calibrate;
    int offset, place, range;
} quantised;

static void open_quantised(chip_net *k, const quantised *q)
{
    k->o.weight_bits = q->weight_bits;
    k->o.cell_bits = q->cell_bits;
    k->o.offset = q->offset;
    k->o.adc_place = q->place;
    k->o.adc_range = q->range;
    kit_convnet(k, true);
    kit_layout(k, q->hw);
    kit_sim(k);
}

/* What layer `i` makes of whole and half steps between 0 and its largest input. */
static void layer_of(const quantised *q, const xb_device *device, const float *option, size_t i, size_t rows, float *x,
                     float *y)
{
    chip_net k = kit_new();
    if (device) kit_device(&k, device, option);
    open_quantised(&k, q);
    kit_vector(x, rows, 0, 0.2);
    ck_assert(xb_sim_layer(k.sim, 3, kit_name(&k, i), x, y));
    kit_free(&k);
}

/* 64 rows a block, 1-bit digits, 1-bit cells: at most 64: 7 bits unsigned, 8 with a sign. */
#define LOSSLESS(bits, sign)                                                                                           \
    "device: {g_min: 0.0000001nS, g_max: 100uS}\ninterface: {input_bits: 6, dac_bits: 1, adc_bits: " #bits             \
    "}\ncrossbar: {rows: 64, cols: 64, sign: " #sign "}\n"
#define IDEAL_ADC "interface: {input_bits: 6, dac_bits: 1, adc_bits: 0}\ncrossbar: {rows: 64, cols: 64}\n"

START_TEST(a_lossless_adc_loses_nothing)
{
    float x[288], want[20], y[20];
    const quantised ideal = {.hw = IDEAL_ADC, .weight_bits = 5, .cell_bits = 1};
    layer_of(&ideal, NULL, NULL, 2, 288, x, want);
    const quantised cases[] = {
        {LOSSLESS(8, differential), 5, 1, 0, XB_OFFSET_COLUMN, XB_ADC_PAIR, XB_ADC_WORST},
        {LOSSLESS(7, differential), 5, 1, 0, XB_OFFSET_COLUMN, XB_ADC_DEVICE, XB_ADC_WORST},
        {LOSSLESS(8, offset), 5, 1, 0, XB_OFFSET_COLUMN, XB_ADC_PAIR, XB_ADC_WORST},
        {LOSSLESS(7, offset), 5, 1, 0, XB_OFFSET_COLUMN, XB_ADC_DEVICE, XB_ADC_WORST},
        {LOSSLESS(7, offset), 5, 1, 0, XB_OFFSET_DIGITAL, XB_ADC_PAIR, XB_ADC_WORST},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        layer_of(&cases[i], NULL, NULL, 2, 288, x, y);
        double off = kit_off(y, want, 20);
        ck_assert_msg(off <= 1e-5, "case %zu is off by %g", i, off);
    }
}
END_TEST

START_TEST(slices_are_the_whole)
{
    float x[288], want[20], y[20];
    quantised q = {.hw = IDEAL_ADC, .weight_bits = 7};
    layer_of(&q, NULL, NULL, 2, 288, x, want);
    for (q.cell_bits = 1; q.cell_bits <= 6; q.cell_bits++) {
        layer_of(&q, NULL, NULL, 2, 288, x, y);
        ck_assert_msg(kit_off(y, want, 20) <= 1e-5, "%lld bits a cell: off by %g", (long long)q.cell_bits,
                      kit_off(y, want, 20));
    }
}
END_TEST

/* Above 24 bits the highest code is no float: a float below it must do, which no slice loses. */
START_TEST(the_largest_input_keeps_its_bits)
{
    static const int64_t cases[][2] = {{24, 1}, {25, 1}, {25, 5}, {26, 13}, {31, 1}, {32, 1}, {32, 8}, {32, 31}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xb_hw hw = {.input_bits = cases[i][0], .dac_bits = cases[i][1]};
        xb_converters c;
        float x = 3, code, digit;
        double whole = 0;
        xb_converters_inputs(&c, &hw, 3, false);
        xb_converters_codes(&c, &x, 1, &code);
        for (int t = c.slices - 1; t >= 0; t--) {
            xb_converters_slice(&c, &code, 1, t, &digit);
            whole = whole * exp2(c.slice_bits) + (double)digit;
        }
        ck_assert_msg(fabs(whole * (double)c.step - 3) < 1e-6, "%lld bits, %lld at a time: %g", (long long)cases[i][0],
                      (long long)cases[i][1], whole * (double)c.step);
    }
}
END_TEST

/* More rows than an integer product sums go to the float one. */
START_TEST(a_layer_of_many_rows)
{
    chip_net k = kit_new();
    k.o.weight_bits = 8;
    k.o.calibrate = k.count = 1;
    xb_value x = net_input(&k.n, "x", DIMS(k.n.batch, 1, 28, 28));
    x = net_op(&k.n, "Flatten", IN(net_conv(&k.n, x, 1, 84, 1, 1, 0, 1)));
    xb_graph_add_output(k.n.g, net_dense(&k.n, x, 84 * 784, 10));
    kit_layout(&k, "interface: {input_bits: 8, dac_bits: 8, adc_bits: 0}\ncrossbar: {rows: 256, cols: 64}\n");
    kit_sim(&k);
    xb_trial t;
    kit_run(&k, 0, 1, &t);
    ck_assert_uint_eq(t.total, 1);
    kit_free(&k);
}
END_TEST

START_TEST(weights_that_are_no_numbers_are_refused)
{
    chip_net k = kit_new();
    kit_convnet(&k, true);
    kit_layout(&k, IDEAL_ADC);
    const xb_matrix *m;
    xb_layout_matrices(k.l, &m);
    ((float *)xb_graph_write(k.n.g, m[2].weight))[7 * m[2].row_stride + 3 * m[2].col_stride] = NAN;
    ck_assert(kit_open(&k) == NULL);
    ck_assert_ptr_nonnull(strstr(xb_diags_text(k.n.d), "row 8, column 4 is nan"));
    kit_free(&k);
}
END_TEST

/* Whole codes, 24-bit converters: what devices vary by is seen, though it is less than a unit of the sums. */
START_TEST(an_adc_of_many_bits_hides_no_variation)
{
    static const float little = 1e-3f;
    float x[288], ideal[20], want[20], y[20];
    quantised q = {.hw = IDEAL_ADC, .weight_bits = 4};
    layer_of(&q, NULL, NULL, 2, 288, x, ideal);
    layer_of(&q, &kit_lognormal_device, &little, 2, 288, x, want);
    q.hw = "interface: {input_bits: 6, dac_bits: 1, adc_bits: 24}\ncrossbar: {rows: 64, cols: 64}\n";
    layer_of(&q, &kit_lognormal_device, &little, 2, 288, x, y);
    double varied = kit_off(want, ideal, 20), off = kit_off(y, want, 20);
    ck_assert_msg(off < varied / 20, "devices change %g, the converter %g", varied, off);
}
END_TEST

START_TEST(more_bits_are_nearer)
{
    float x[288], want[20], y[20];
    double last = INFINITY, first = 0;
    quantised q = {.hw = IDEAL_ADC, .range = XB_ADC_WORST};
    layer_of(&q, NULL, NULL, 2, 288, x, want);
    for (int bits = 4; bits <= 14; bits += 2) {
        char hw[256];
        snprintf(hw, sizeof hw,
                 "interface: {input_bits: 6, dac_bits: 1, adc_bits: %d}\ncrossbar: {rows: 64, cols: 64}\n", bits);
        q.hw = hw;
        layer_of(&q, NULL, NULL, 2, 288, x, y);
        double off = kit_off(y, want, 20);
        ck_assert_msg(off < last, "%d bits: %g, two fewer: %g", bits, off, last);
        if (bits == 4) first = off;
        last = off;
    }
    ck_assert_msg(last < first / 200, "from %g to %g", first, last);
}
END_TEST

/* One image's conversions: positions x columns x row blocks x input slices x weight slices x sides. */
START_TEST(conversions_are_counted)
{
    chip_net k = kit_new();
    k.o.adc_range = XB_ADC_WORST;
    open_quantised(
        &k, &(quantised){.hw = "interface: {input_bits: 6, dac_bits: 2, adc_bits: 8}\ncrossbar: {rows: 64, cols: 64}\n",
                         .weight_bits = 5,
                         .cell_bits = 2,
                         .range = XB_ADC_WORST});
    xb_trial t;
    kit_run(&k, 0, 1, &t);
    uint64_t conv1 = 13 * 13 * 6, conv2 = 6 * 6 * 8, dense = 20 * 5, last = 10;
    ck_assert_uint_eq(t.conversions, 40 * (conv1 + conv2 + dense + last) * 3 * 2);
    ck_assert_uint_eq(t.clipped, 0);
    kit_free(&k);
}
END_TEST

START_TEST(a_short_range_clips)
{
    chip_net k = kit_new();
    k.o.percentile = 0.5;
    open_quantised(
        &k, &(quantised){.hw = "interface: {input_bits: 6, dac_bits: 0, adc_bits: 8}\ncrossbar: {rows: 64, cols: 64}\n",
                         .range = XB_ADC_CALIBRATED});
    xb_trial t;
    kit_run(&k, 0, 1, &t);
    ck_assert_msg(t.clipped > t.conversions / 5 && t.clipped < t.conversions, "%llu of %llu",
                  (unsigned long long)t.clipped, (unsigned long long)t.conversions);
    kit_free(&k);
}
END_TEST

/* One layer, measured on the images that set its range: what covers all of them clips nothing. */
START_TEST(the_whole_range_clips_nothing)
{
    for (int bits = 2; bits <= 12; bits += 2)
        for (int place = XB_ADC_PAIR; place <= XB_ADC_DEVICE; place++) {
            char hw[256];
            xb_trial t;
            chip_net k = kit_new();
            xb_value x = net_op(&k.n, "Flatten", IN(net_input(&k.n, "x", DIMS(k.n.batch, 1, 28, 28))));
            xb_graph_add_output(k.n.g, net_dense(&k.n, x, 784, 10));
            snprintf(hw, sizeof hw, "interface: {input_bits: 6, adc_bits: %d}\ncrossbar: {rows: 64, cols: 64}\n", bits);
            kit_layout(&k, hw);
            k.count = 20;
            k.o.adc_place = place;
            kit_sim(&k);
            kit_run(&k, 0, 1, &t);
            ck_assert_msg(t.conversions > 0 && !t.clipped, "%d bits: %llu clipped", bits,
                          (unsigned long long)t.clipped);
            kit_free(&k);
        }
}
END_TEST

static void rows_of(const char *hw, const xb_device *device, int threads, size_t first, size_t n, xb_trial *rows)
{
    chip_net k = kit_new();
    static const float small = 0.05f;
    kit_device(&k, &kit_lognormal_device, &sigma);
    if (device) kit_device(&k, device, &small);
    k.threads = threads;
    open_quantised(&k, &(quantised){.hw = hw, .weight_bits = 5});
    kit_run(&k, first, n, rows);
    kit_free(&k);
}

static void same_rows(const char *hw, const xb_device *device)
{
    xb_trial a[3], b[3], c[3];
    rows_of(hw, device, 1, 4, 3, a);
    rows_of(hw, device, 2, 4, 3, b);
    for (size_t i = 0; i < 3; i++) rows_of(hw, device, 4, 4 + i, 1, c + i);
    ck_assert(!memcmp(a, b, sizeof a) && !memcmp(a, c, sizeof a));
    ck_assert(a[0].loss != a[1].loss && a[0].conversions > 0 && a[0].trial == 4);
}

START_TEST(any_split_and_thread_count_gives_the_same_rows)
{
    same_rows("interface: {input_bits: 8, dac_bits: 0, adc_bits: 8}\n", NULL);
    same_rows("interface: {input_bits: 8, dac_bits: 0, adc_bits: 8}\n", &kit_read_device);
    same_rows("interface: {input_bits: 8, dac_bits: 0, adc_bits: 8}\n", &kit_sampled_device);
}
END_TEST

/* Read noise alone: sums of 288 reads, each with variance (s g)^2, on both devices of a pair. */
START_TEST(read_noise_has_its_variance)
{
    static const float s = 0.02f;
    chip_net k = kit_new();
    kit_device(&k, &kit_read_device, &s);
    kit_convnet(&k, true);
    kit_layout(&k, KIT_IDEAL "crossbar: {rows: 64, cols: 64}\n");
    kit_sim(&k);
    float x[288], y[20], want[20];
    kit_vector(x, 288, 0, 1);
    kit_exact(&k, 2, x, want);
    const xb_matrix *m;
    xb_layout_matrices(k.l, &m);
    const float *w = xb_graph_data(k.n.g, m[2].weight);
    double top = 0, square = 0, expected = 0, ratio = k.hw.g_min / (k.hw.g_max - k.hw.g_min);
    for (int i = 0; i < 288 * 20; i++) top = fmax(top, fabs((double)w[i]));
    for (int c = 0; c < 20; c++)
        for (int r = 0; r < 288; r++) {
            double f = fabs((double)w[r * m[2].row_stride + c * m[2].col_stride]) / top;
            double on = f + ratio;
            expected += (double)(x[r] * x[r]) * (on * on + ratio * ratio) * top * top * (double)(s * s);
        }
    for (uint64_t t = 0; t < 400; t++) {
        ck_assert(xb_sim_layer(k.sim, t, kit_name(&k, 2), x, y));
        for (int c = 0; c < 20; c++) square += ((double)y[c] - (double)want[c]) * ((double)y[c] - (double)want[c]);
    }
    double found = square / 400 / expected; /* 8000 squares: standard error 1.6 % */
    ck_assert_msg(fabs(found - 1) < 0.05, "%g of the variance", found);
    kit_free(&k);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_lossless_adc_loses_nothing);
    tcase_add_test(t, slices_are_the_whole);
    tcase_add_test(t, an_adc_of_many_bits_hides_no_variation);
    tcase_add_test(t, the_largest_input_keeps_its_bits);
    tcase_add_test(t, a_layer_of_many_rows);
    tcase_add_test(t, weights_that_are_no_numbers_are_refused);
    tcase_add_test(t, more_bits_are_nearer);
    tcase_add_test(t, conversions_are_counted);
    tcase_add_test(t, a_short_range_clips);
    tcase_add_test(t, the_whole_range_clips_nothing);
    tcase_add_test(t, any_split_and_thread_count_gives_the_same_rows);
    tcase_add_test(t, read_noise_has_its_variance);
    return run_case("sim_convert", t);
}
