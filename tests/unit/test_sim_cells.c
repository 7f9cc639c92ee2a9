/* What the devices of a chip do to its weights; wires; the integer product against the float one. */
#include "sim/sim_private.h"
#include "sim_chip_kit.h"
#include "suite.h"

enum { IN_2 = 288, OUT_2 = 20 };

static chip_net convnet(const char *hw)
{
    chip_net k = kit_new();
    kit_convnet(&k, true);
    kit_layout(&k, hw);
    return k;
}

static void outputs(chip_net *k, size_t layer, const float *x, float *y)
{
    kit_sim(k);
    bool ok = xb_sim_layer(k->sim, 5, kit_name(k, layer), x, y);
    ck_assert_msg(ok, "%s", xb_diags_text(k->n.d));
}

#define PAIRS KIT_IDEAL "crossbar: {rows: 64, cols: 64}\n"
#define ONES KIT_IDEAL "crossbar: {rows: 64, cols: 64, sign: offset}\n"

/* Half of all devices are stuck off: on a weight's unused side that is what they were, on the other it is not. */
START_TEST(stuck_off_on_the_unused_side_changes_nothing)
{
    static const float share = 0.5f;
    chip_net k = convnet(PAIRS);
    kit_device(&k, &kit_stuck_device, &share);
    kit_sim(&k);
    const xb_sim_stage *l = &k.sim->layer[2];
    xb_build b = {.s = &k.sim->s, .layer = l, .cut = &l->cut, .chain = &(xb_chain){0}, .threads = 1};
    xb_devices meant, stuck;
    ck_assert(xb_devices_program(&b, 0, &meant));
    b.chain = &k.sim->s.chain;
    ck_assert(xb_devices_program(&b, 0, &stuck));
    int changed = 0;
    for (int i = 0; i < IN_2 * OUT_2; i++) {
        int used = l->w[i] > 0 ? XB_SIDE_PLUS : XB_SIDE_MINUS;
        ck_assert(stuck.g[!used][i] == meant.g[!used][i]);
        changed += stuck.g[used][i] != meant.g[used][i];
    }
    ck_assert_msg(abs(changed - IN_2 * OUT_2 / 2) < 4 * 38, "%d of %d", changed, IN_2 * OUT_2); /* sd 38 */
    xb_devices_free(&meant);
    xb_devices_free(&stuck);
    kit_free(&k);
}
END_TEST

START_TEST(a_weight_lies_on_one_side)
{
    float w[4] = {0.5f, -0.25f, 0, 1}, plus[4], minus[4];
    xb_hw hw = {.g_min = 1e-6, .g_max = 101e-6, .devices_per_cell = 2};
    xb_mapping m = xb_mapping_of(&hw, &(xb_chip_options){0}, &(xb_chain){0}, w, 4);
    xb_mapping_targets(&m, 0, w, 4, plus, minus);
    const double want[] = {51e-6, 1e-6, 1e-6, 101e-6}, other[] = {1e-6, 26e-6, 1e-6, 1e-6};
    for (int i = 0; i < 4; i++) {
        ck_assert(fabs((double)plus[i] - want[i]) < 1e-11);
        ck_assert(fabs((double)minus[i] - other[i]) < 1e-11);
    }
}
END_TEST

/* Noise in shares of w_max: one weight ten times as large as the rest doubles nothing but the noise of all. */
START_TEST(twice_the_w_max_is_twice_the_noise)
{
    static const float sigma = 0.05f;
    double noise[2];
    for (int twice = 0; twice < 2; twice++) {
        float x[IN_2], a[OUT_2], b[OUT_2];
        chip_net k = convnet(PAIRS);
        const xb_matrix *m;
        xb_layout_matrices(k.l, &m);
        float *w = xb_graph_write(k.n.g, m[2].weight);
        w[7] = twice ? 2 : 1; /* of input 7, which is not driven */
        kit_vector(x, IN_2, 0, 1);
        x[7] = 0;
        outputs(&k, 2, x, a);
        kit_device(&k, &kit_additive_device, &sigma);
        outputs(&k, 2, x, b);
        noise[twice] = 0;
        for (int c = 0; c < OUT_2; c++) noise[twice] += ((double)b[c] - (double)a[c]) * ((double)b[c] - (double)a[c]);
        kit_free(&k);
    }
    ck_assert_msg(fabs(sqrt(noise[1] / noise[0]) - 2) < 1e-3, "%g", sqrt(noise[1] / noise[0]));
}
END_TEST

START_TEST(clipped_weights_are_at_w_max)
{
    chip_net k = convnet(PAIRS);
    k.o.clip = 1;
    float x[IN_2], y[OUT_2], w[OUT_2];
    const xb_matrix *m;
    xb_layout_matrices(k.l, &m);
    const float *data = xb_graph_data(k.n.g, m[2].weight);
    double square = 0, sum = 0;
    for (int i = 0; i < IN_2 * OUT_2; i++) sum += (double)data[i], square += (double)data[i] * (double)data[i];
    double mean = sum / (IN_2 * OUT_2), most = sqrt(square / (IN_2 * OUT_2) - mean * mean);
    memset(x, 0, sizeof x);
    x[11] = 1;
    outputs(&k, 2, x, y);
    kit_exact(&k, 2, x, w);
    int clipped = 0;
    for (int c = 0; c < OUT_2; c++) {
        double want = fmin(fmax((double)w[c], -most), most);
        clipped += fabs((double)w[c]) > most;
        ck_assert_msg(fabs((double)y[c] - want) < 1e-6, "column %d: %g, not %g", c, (double)y[c], want);
    }
    ck_assert(clipped > 2);
    kit_free(&k);
}
END_TEST

/* Codes of weights and their digits put together again. */
START_TEST(levels_and_bits_round_weights)
{
    chip_net k = convnet("device: {levels: 5}\n" PAIRS);
    float x[IN_2] = {0}, y[OUT_2], w[OUT_2];
    x[11] = 1;
    outputs(&k, 2, x, y);
    kit_exact(&k, 2, x, w);
    const xb_matrix *m;
    xb_layout_matrices(k.l, &m);
    const float *data = xb_graph_data(k.n.g, m[2].weight);
    double top = 0;
    for (int i = 0; i < IN_2 * OUT_2; i++) top = fmax(top, fabs((double)data[i]));
    for (int c = 0; c < OUT_2; c++) {
        double want = rint((double)w[c] / top * 4) / 4 * top;
        ck_assert_msg(fabs((double)y[c] - want) < 1e-6, "column %d: %g, not %g", c, (double)y[c], want);
    }
    kit_free(&k);
}
END_TEST

/* One slice holds all bits: a device of weights is not cut, whatever it makes of them. */
START_TEST(one_slice_cuts_nothing)
{
    static const float sigma = 0.2f;
    static const char *const hw[] = {PAIRS, ONES};
    for (int i = 0; i < 2; i++)
        for (int64_t cell_bits = 7; cell_bits <= 8; cell_bits++) {
            float x[IN_2] = {0}, y[OUT_2], want[OUT_2];
            if (i && cell_bits == 7) continue; /* the offset has 8 bits: two slices */
            chip_net k = convnet(hw[i]);
            kit_device(&k, &kit_additive_device, &sigma);
            k.o.weight_bits = 8;
            for (int r = 0; r < IN_2; r++) {
                x[r] = 1;
                k.o.cell_bits = 0;
                outputs(&k, 2, x, want);
                k.o.cell_bits = cell_bits;
                outputs(&k, 2, x, y);
                ck_assert_msg(kit_off(y, want, OUT_2) < 1e-3, "row %d: off by %g", r, kit_off(y, want, OUT_2));
                x[r] = 0;
                r += 40;
            }
            kit_free(&k);
        }
}
END_TEST

/* Errors at w = 0: sqrt(2) sigma g_min / range of a pair, (g_max + g_min) / 2 (device and reference) of an offset. */
START_TEST(an_offset_is_noisier_at_zero)
{
    static const float sigma = 0.1f;
    double found[2];
    for (int offset = 0; offset < 2; offset++) {
        chip_net k = convnet(offset ? ONES : PAIRS);
        const xb_matrix *m;
        xb_layout_matrices(k.l, &m);
        float *w = xb_graph_write(k.n.g, m[2].weight);
        memset(w, 0, IN_2 * OUT_2 * sizeof *w);
        w[0] = 1; /* w_max */
        kit_device(&k, &kit_lognormal_device, &sigma);
        kit_sim(&k);
        double square = 0;
        for (int r = 20; r < 60; r++) {
            float x[IN_2] = {0}, y[OUT_2];
            x[r] = 1;
            ck_assert(xb_sim_layer(k.sim, (uint64_t)r, kit_name(&k, 2), x, y));
            for (int c = 0; c < OUT_2; c++) square += (double)y[c] * (double)y[c];
        }
        found[offset] = sqrt(square / (40 * OUT_2));
        kit_free(&k);
    }
    double pair = sqrt(2) * 0.1 / 149, one = sqrt(2) * 0.1 * 151 / 149; /* 800 draws: 2.5 %; offset: 40 references */
    ck_assert_msg(fabs(found[0] / pair - 1) < 0.1, "%g, not %g", found[0], pair);
    ck_assert_msg(fabs(found[1] / one - 1) < 0.25, "%g, not %g", found[1], one);
}
END_TEST

/* -- wires -- */

static void wired(const char *arrays, const char *ohm, bool drop, const float *x, float *y)
{
    char hw[400];
    snprintf(hw, sizeof hw, KIT_IDEAL "crossbar: {rows: 64, cols: 64%s, wire_r_row: %s, wire_r_col: %s}\n", arrays, ohm,
             ohm);
    chip_net k = convnet(hw);
    static const float sigma = 0.1f;
    kit_device(&k, &kit_lognormal_device, &sigma);
    k.o.ir_drop = drop;
    outputs(&k, 2, x, y);
    kit_free(&k);
}

START_TEST(wires_take_something)
{
    static const char *const sign[] = {"", ", sign: offset"};
    for (int i = 0; i < 2; i++) {
        float x[IN_2], none[OUT_2], zero[OUT_2], tiny[OUT_2], some[OUT_2], more[OUT_2];
        kit_vector(x, IN_2, 0, 1);
        wired(sign[i], "1ohm", false, x, none);
        wired(sign[i], "0ohm", true, x, zero);
        wired(sign[i], "1e-6ohm", true, x, tiny);
        wired(sign[i], "1ohm", true, x, some);
        wired(sign[i], "4ohm", true, x, more);
        double top = 0;
        for (int c = 0; c < OUT_2; c++) top = fmax(top, fabs((double)none[c]));
        ck_assert(!memcmp(none, zero, sizeof none));
        ck_assert(kit_off(none, tiny, OUT_2) < 1e-4 * top);
        double lost = kit_off(none, some, OUT_2), lost4 = kit_off(none, more, OUT_2);
        ck_assert_msg(lost > 1e-2 * top && lost4 > 2 * lost, "%g, %g of %g", lost, lost4, top);
    }
}
END_TEST

/* -- the integer product -- */

START_TEST(whole_codes_give_what_floats_give)
{
    const char *hw = "interface: {input_bits: 7, dac_bits: 3, adc_bits: 7}\ncrossbar: {rows: 64, cols: 64}\n";
    for (int i = 0; i < 2; i++) {
        chip_net k = kit_new();
        kit_convnet(&k, i == 0); /* unsigned, then signed inputs */
        k.o.weight_bits = 6;
        k.o.cell_bits = i ? 2 : 0;
        kit_layout(&k, hw);
        kit_sim(&k);
        xb_sim_stage *l = &k.sim->layer[2];
        ck_assert_int_eq(l->converters.is_signed, i);
        float x[8 * IN_2], y[2][8 * OUT_2];
        kit_vector(x, 8 * IN_2, i ? -0.3 : 0, 0.3);
        xb_converters_codes(&l->converters, x, 8 * IN_2, x);
        xb_scratch scratch[2] = {0};
        size_t at[8], row[IN_2];
        for (size_t v = 0; v < 8; v++) at[v] = v * IN_2;
        for (size_t r = 0; r < IN_2; r++) row[r] = r;
        const xb_places places = {at, row, 0};
        const xb_inputs in = {.codes = x, .numbers = 8 * IN_2, .as_codes = places, .as_bytes = places, .n = 8};
        memset(y, 0, sizeof y);
        for (int whole = 0; whole < 2; whole++) {
            xb_build b = {
                .s = &k.sim->s, .layer = l, .cut = &l->cut, .chain = &k.sim->s.chain, .threads = 1, .whole = whole};
            xb_chip_layer *chip = xb_chip_layer_new(&b);
            ck_assert(chip && (chip->side[0].whole != NULL) == whole && (chip->side[0].real != NULL) == !whole);
            xb_work w = {
                .layer = l, .cut = &l->cut, .converters = &l->converters, .chip = chip, .scratch = &scratch[whole]};
            xb_work_product(&w, &in, y[whole], OUT_2);
            xb_chip_layer_free(chip);
        }
        ck_assert_uint_eq(scratch[0].count.conversions, scratch[1].count.conversions);
        int apart = 0; /* a code where a sum lies between two, which float rounding decides */
        for (int j = 0; j < 8 * OUT_2; j++) apart += fabs((double)y[0][j] - (double)y[1][j]) > 1e-5;
        ck_assert_msg(apart <= 2, "%d of 160 apart, up to %g", apart, kit_off(y[0], y[1], 8 * OUT_2));
        xb_scratch_free(&scratch[0]), xb_scratch_free(&scratch[1]);
        kit_free(&k);
    }
}
END_TEST

/* -- what is refused -- */

START_TEST(what_makes_no_sense_is_refused)
{
    static const float sigma = 0.1f;
    chip_net k = convnet(PAIRS);
    k.o.cell_bits = 2;
    ck_assert(!kit_open(&k));
    ck_assert_msg(strstr(xb_diags_text(k.n.d), "chip: 'cell-bits' = 2 needs 'weight-bits'"), "%s",
                  xb_diags_text(k.n.d));
    k.o.weight_bits = 8;
    kit_device(&k, &kit_additive_device, &sigma);
    ck_assert(!kit_open(&k));
    ck_assert_msg(
        strstr(xb_diags_text(k.n.d), "device 'additive' changes weights, which 'cell-bits' = 2 cuts in 4 slices"), "%s",
        xb_diags_text(k.n.d));
    k.links = 0;
    k.count = 61;
    ck_assert(!kit_open(&k));
    ck_assert(strstr(xb_diags_text(k.n.d), "items 0 to 61 are asked for, there are 60"));
    k.count = 40;
    kit_sim(&k);
    float x[IN_2] = {0}, y[OUT_2];
    ck_assert(!xb_sim_layer(k.sim, 0, "nothing", x, y));
    ck_assert(strstr(xb_diags_text(k.n.d), "no layer 'nothing'"));
    kit_free(&k);
}
END_TEST

static void not_a_number(const xb_cells *c, const void *options, float *v)
{
    (void)options;
    v[c->n - 1] = NAN;
}

START_TEST(a_bad_device_is_named)
{
    static const xb_device bad = {sizeof(xb_device), XB_DOMAIN_CONDUCTANCE, "bad", .age = not_a_number};
    chip_net k = convnet(PAIRS);
    kit_device(&k, &bad, NULL);
    kit_sim(&k);
    xb_trial t;
    ck_assert(!xb_sim_run(k.sim, 0, 1, &t));
    ck_assert_msg(strstr(xb_diags_text(k.n.d), "device 'bad'"), "%s", xb_diags_text(k.n.d));
    kit_free(&k);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, stuck_off_on_the_unused_side_changes_nothing);
    tcase_add_test(t, a_weight_lies_on_one_side);
    tcase_add_test(t, twice_the_w_max_is_twice_the_noise);
    tcase_add_test(t, clipped_weights_are_at_w_max);
    tcase_add_test(t, levels_and_bits_round_weights);
    tcase_add_test(t, one_slice_cuts_nothing);
    tcase_add_test(t, an_offset_is_noisier_at_zero);
    tcase_add_test(t, wires_take_something);
    tcase_add_test(t, whole_codes_give_what_floats_give);
    tcase_add_test(t, what_makes_no_sense_is_refused);
    tcase_add_test(t, a_bad_device_is_named);
    return run_case("sim_cells", t);
}
