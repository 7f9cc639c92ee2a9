/* Chips with ideal converters: arrays collapse to one matrix a layer. */
/* sim_kit.h goes first: it has the plugins built in. */
#include "sim_kit.h"
#include "suite.h"

#include "sim_chip_kit.h"

static const float sigma = 0.3f;

/* Arrays of 64 x 64: layer 2 has five row blocks. */
static void exact(const char *hw, int offset)
{
    chip_net k = kit_new();
    k.o.offset = offset;
    kit_convnet(&k, true);
    kit_layout(&k, hw);
    kit_sim(&k);
    static const size_t rows[] = {25, 27, 288, 20}, cols[] = {6, 4, 20, 10};
    for (size_t i = 0; i < 4; i++) {
        float x[288], y[20], want[20];
        kit_vector(x, rows[i], -1, 1);
        ck_assert(xb_sim_layer(k.sim, 0, kit_name(&k, i), x, y));
        kit_exact(&k, i, x, want);
        double off = kit_off(y, want, cols[i]);
        ck_assert_msg(off <= 1e-5, "layer %zu is off by %g", i, off);
    }
    xb_trial t;
    kit_run(&k, 0, 1, &t);
    ck_assert_uint_eq(t.total, 40);
    ck_assert_uint_eq(t.agree, 40);
    ck_assert(t.agreement == 1 && t.conversions == 0);
    double once = xb_sim_set_up(k.sim);
    ck_assert(once > 0);
    kit_run(&k, 1, 1, &t);
    ck_assert(xb_sim_set_up(k.sim) > once);
    kit_free(&k);
}

START_TEST(pairs_without_noise_are_the_network)
{
    exact(KIT_IDEAL "crossbar: {rows: 64, cols: 64}\n", XB_OFFSET_COLUMN);
}
END_TEST

START_TEST(offsets_without_noise_are_the_network)
{
    exact(KIT_IDEAL "crossbar: {rows: 64, cols: 64, sign: offset}\n", XB_OFFSET_COLUMN);
    exact(KIT_IDEAL "crossbar: {rows: 64, cols: 64, sign: offset}\n", XB_OFFSET_DIGITAL);
}
END_TEST

/* -- levels: of the hardware, or of a device of the chain -- */

enum { IN_2 = 288, OUT_2 = 20 };

typedef struct ladder {
    int count, weight_bits, cell_bits;
} ladder;

static chip_net ladder_net(const ladder *l, bool device, int offset)
{
    char text[160], options[32];
    snprintf(text, sizeof text, KIT_IDEAL "crossbar: {rows: 64, cols: 64, sign: offset}\ndevice: {levels: %d}\n",
             device ? 0 : l->count);
    snprintf(options, sizeof options, "{count: %d}", l->count);
    chip_net k = kit_new();
    k.o.offset = offset, k.o.weight_bits = l->weight_bits, k.o.cell_bits = l->cell_bits;
    kit_convnet(&k, true);
    kit_layout(&k, text);
    if (device) kit_device(&k, &levels, read_options(k.n.d, k.a, &levels, options));
    return k;
}

static const ladder ladders[] = {{31, 0, 0}, {32, 0, 0}, {33, 0, 0}, {64, 6, 0}, {3, 0, 0},
                                 {4, 0, 0},  {4, 8, 2},  {5, 16, 2}, {32, 8, 2}, {2, 6, 1}};
#define LADDERS (int)(sizeof ladders / sizeof *ladders)

/* One row at a time: an input of 1 gives its weights. Returns the largest |w|. */
static double weights_of(chip_net *k, int row, float *y, float *w)
{
    float x[IN_2] = {0};
    const xb_matrix *m;
    xb_layout_matrices(k->l, &m);
    const float *all = xb_graph_data(k->n.g, m[2].weight);
    double top = 0;
    for (int i = 0; i < IN_2 * OUT_2; i++) top = fmax(top, fabs((double)all[i]));
    x[row] = 1;
    ck_assert(xb_sim_layer(k->sim, 0, kit_name(k, 2), x, y));
    kit_exact(k, 2, x, w);
    return top;
}

START_TEST(a_weight_of_zero_is_zero)
{
    for (int i = 0; i < 4 * LADDERS; i++) {
        bool device = i & 1, digital = i & 2;
        chip_net k = ladder_net(&ladders[i / 4], device, digital ? XB_OFFSET_DIGITAL : XB_OFFSET_COLUMN);
        const xb_matrix *m;
        float y[OUT_2], w[OUT_2];
        xb_layout_matrices(k.l, &m);
        float *data = xb_graph_write(k.n.g, m[2].weight);
        memset(data, 0, IN_2 * OUT_2 * sizeof *data);
        data[0] = 1; /* w_max, which has a level of its own */
        kit_sim(&k);
        weights_of(&k, 0, y, w);
        double most = digital ? 2e-6 : 0; /* the device's float is not the offset's */
        for (int c = 0; c < OUT_2; c++)
            ck_assert_msg(fabs((double)y[c] - (double)w[c]) <= (w[c] != 0 ? 2e-6 : most), "case %d: %g, not %g", i,
                          (double)y[c], (double)w[c]);
        kit_free(&k);
    }
}
END_TEST

/* Half a step at most off, and on average not at all: 400 weights, sd of the mean 0.0145 steps. */
START_TEST(levels_favour_no_sign)
{
    for (int i = 0; i < 4 * LADDERS; i++) {
        const ladder *l = &ladders[i / 4];
        chip_net k = ladder_net(l, i & 1, i & 2 ? XB_OFFSET_DIGITAL : XB_OFFSET_COLUMN);
        double sum = 0, most = 0, step = 0;
        kit_sim(&k);
        for (int r = 0; r < IN_2; r += 14) {
            float y[OUT_2], w[OUT_2];
            double top = weights_of(&k, r, y, w);
            step = top / floor((l->count - 1) / 2.0);
            if (l->cell_bits) step = top / (exp2(l->weight_bits - 1) - 1);
            for (int c = 0; c < OUT_2; c++) {
                double off = (double)y[c] - (double)w[c];
                sum += off, most = fmax(most, fabs(off));
            }
        }
        double mean = sum / (21 * OUT_2) / step;
        ck_assert_msg(most <= 0.5 * step + 2e-6 && fabs(mean) < 0.06, "case %d: up to %g, mean %g steps", i,
                      most / step, mean);
        kit_free(&k);
    }
}
END_TEST

START_TEST(levels_that_hold_no_zero_or_digit_are_refused)
{
    static const struct {
        ladder l;
        const char *what;
    } cases[] = {{{2, 0, 0}, "two levels have none for the reference column"},
                 {{3, 8, 2}, "'cell-bits' = 2 needs 4 levels, a device has 3"}};
    for (int i = 0; i < 4; i++) {
        chip_net k = ladder_net(&cases[i / 2].l, i & 1, XB_OFFSET_COLUMN);
        ck_assert(!kit_open(&k));
        ck_assert_msg(strstr(xb_diags_text(k.n.d), cases[i / 2].what), "%s", xb_diags_text(k.n.d));
        kit_free(&k);
    }
    chip_net k = ladder_net(&cases[0].l, true, XB_OFFSET_DIGITAL);
    kit_sim(&k);
    kit_free(&k);
}
END_TEST

static void rows_of(int threads, xb_trial *rows, const size_t *cuts, size_t n)
{
    chip_net k = kit_new();
    kit_device(&k, &kit_lognormal_device, &sigma);
    k.threads = threads;
    kit_convnet(&k, true);
    kit_layout(&k, KIT_IDEAL);
    kit_sim(&k);
    for (size_t i = 0, at = 0; i < n; at += cuts[i++]) kit_run(&k, at, cuts[i], rows + at);
    kit_free(&k);
}

START_TEST(any_split_and_thread_count_gives_the_same_rows)
{
    xb_trial a[6], b[6], c[6];
    memset(a, 0, sizeof a), memset(b, 0, sizeof b), memset(c, 0, sizeof c);
    rows_of(1, a, (size_t[]){6}, 1);
    rows_of(2, b, (size_t[]){1, 2, 3}, 3);
    rows_of(4, c, (size_t[]){5, 1}, 2);
    ck_assert(!memcmp(a, b, sizeof a) && !memcmp(a, c, sizeof a));
    ck_assert(a[0].loss != a[1].loss);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, pairs_without_noise_are_the_network);
    tcase_add_test(t, offsets_without_noise_are_the_network);
    tcase_add_test(t, a_weight_of_zero_is_zero);
    tcase_add_test(t, levels_favour_no_sign);
    tcase_add_test(t, levels_that_hold_no_zero_or_digit_are_refused);
    tcase_add_test(t, any_split_and_thread_count_gives_the_same_rows);
    return run_case("sim_ideal", t);
}
