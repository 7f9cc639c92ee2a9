/* Settings of a chip: layers that are exact, how large it is, what is refused, and what is said of settings that do
 * nothing. */
/* sim_kit.h goes first: it has the plugins built in. */
#include "sim_kit.h"
#include "suite.h"

#include "sim_chip_kit.h"

static const float sigma = 0.3f;

static chip_net convnet(const char *hw)
{
    chip_net k = kit_new();
    kit_convnet(&k, true);
    kit_layout(&k, hw);
    return k;
}

static void set_exact(chip_net *k, const char *const *pattern, size_t n)
{
    const char **list = xb_arena_alloc(k->a, n, sizeof *list);
    for (size_t i = 0; i < n; i++) list[i] = pattern[i];
    k->o.exact = (xb_list){list, n};
}

#define CONVERTED "interface: {input_bits: 6, dac_bits: 2, adc_bits: 6}\ncrossbar: {rows: 64, cols: 64}\n"

/* -- exact -- */

START_TEST(an_exact_layer_is_the_networks)
{
    static const char *const hw[] = {KIT_IDEAL, CONVERTED};
    for (int i = 0; i < 2; i++) {
        chip_net k = convnet(hw[i]);
        kit_device(&k, &kit_lognormal_device, &sigma);
        const char *name = kit_name(&k, 2);
        float x[288], y[20], want[20], other[288], noisy[20];
        set_exact(&k, &name, 1);
        kit_sim(&k);
        kit_vector(x, 288, 0, 0.2);
        kit_exact(&k, 2, x, want);
        ck_assert(xb_sim_layer(k.sim, 0, name, x, y));
        ck_assert(!memcmp(y, want, sizeof y));
        kit_vector(other, 20, 0, 0.2);
        ck_assert(xb_sim_layer(k.sim, 0, kit_name(&k, 3), other, noisy));
        kit_exact(&k, 3, other, want);
        ck_assert(kit_off(noisy, want, 10) > 1e-3);
        kit_free(&k);
    }
}
END_TEST

/* All layers exact: the float network, without a conversion. One: as many conversions less. */
START_TEST(exact_layers_convert_nothing)
{
    chip_net k = convnet(CONVERTED);
    kit_device(&k, &kit_lognormal_device, &sigma);
    xb_trial all, but_one, none;
    kit_sim(&k);
    kit_run(&k, 0, 1, &all);
    ck_assert(xb_sim_size(k.sim).conversions * 40 == (double)all.conversions);
    const char *fc = kit_name(&k, 2);
    set_exact(&k, &fc, 1);
    kit_sim(&k);
    kit_run(&k, 0, 1, &but_one);
    ck_assert(xb_sim_size(k.sim).conversions * 40 == (double)but_one.conversions);
    set_exact(&k, (const char *const[]){"*"}, 1);
    kit_sim(&k);
    kit_run(&k, 0, 1, &none);
    ck_assert_uint_eq(none.conversions, 0);
    ck_assert_uint_eq(none.agree, 40);
    ck_assert_uint_eq(all.conversions - but_one.conversions, 40 * 20 * 5 * 3);
    ck_assert(all.loss != but_one.loss);
    xb_buf text = {0};
    xb_sim_describe(k.sim, &text);
    ck_assert_msg(strstr(text.data, "exact, digital") && !strstr(text.data, "ADC"), "%s", text.data);
    xb_buf_free(&text);
    kit_free(&k);
}
END_TEST

START_TEST(a_pattern_without_a_layer_is_refused)
{
    static const char text[] = "exact: ['*', nosuch]\nweight-bits: 1\ncell-bits: 2\n";
    chip_net k = convnet(KIT_IDEAL);
    const xb_yaml *y = xb_yaml_parse(k.n.d, k.a, "chip.yaml", text, strlen(text), NULL, NULL);
    set_exact(&k, (const char *const[]){"*", "nosuch"}, 2);
    xb_simulation s = {
        .d = k.n.d, .layout = k.l, .graph = k.n.g, .options = &k.o, .chip = y, .data = k.data, .map = &k.map};
    ck_assert(!xb_sim_new(&s));
    const char *said = xb_diags_text(k.n.d);
    ck_assert_msg(strstr(said, "chip.yaml:1:14: error: chip: 'exact': 'nosuch' matches no layer; the first is '"), "%s",
                  said);
    k.o.cell_bits = 2;
    ck_assert(!xb_sim_new(&s));
    ck_assert_msg(
        strstr(said = xb_diags_text(k.n.d), "chip.yaml:3:12: error: chip: 'cell-bits' = 2 needs 'weight-bits'"), "%s",
        said);
    k.o.weight_bits = 1;
    ck_assert(!xb_sim_new(&s));
    ck_assert_msg(strstr(said = xb_diags_text(k.n.d), "chip.yaml:2:14: error: chip: 'weight-bits' = 1 leaves no bit"),
                  "%s", said);
    kit_free(&k);
}
END_TEST

START_TEST(one_level_is_refused)
{
    chip_net k = convnet("device: {levels: 1}\n");
    ck_assert(!kit_open(&k));
    ck_assert_msg(strstr(xb_diags_text(k.n.d), "one level holds nothing: 'levels' is 0, or 2 and more"), "%s",
                  xb_diags_text(k.n.d));
    kit_free(&k);
}
END_TEST

/* -- what the hardware says of weights -- */

/* ISAAC's kind: 2 bits a cell, biased weights. Without a word of the pipeline its chips are the network, and what it
 * leaves to the hardware is what it could have said. */
START_TEST(weights_are_cut_as_the_hardware_says)
{
    static const char *const hw[] = {"device: {levels: 4}\n" KIT_IDEAL "crossbar: {sign: biased, weight_bits: 12}\n",
                                     "device: {levels: 4}\n" KIT_IDEAL "crossbar: {sign: offset}\n"};
    float x[288], y[2][20];
    kit_vector(x, 288, 0, 0.2);
    for (int said = 0; said < 2; said++) {
        chip_net k = convnet(hw[said]);
        if (said) k.o.weight_bits = 12, k.o.cell_bits = 2, k.o.offset = XB_OFFSET_DIGITAL;
        kit_sim(&k);
        xb_trial t;
        kit_run(&k, 0, 1, &t);
        ck_assert_uint_eq(t.agree, 40);
        ck_assert_int_eq(xb_sim_size(k.sim).slices, 6);
        xb_buf text = {0};
        xb_sim_describe(k.sim, &text);
        ck_assert_msg(strstr(text.data, "6 weight slices, digital offset") != NULL, "%s", text.data);
        ck_assert(xb_sim_layer(k.sim, 0, kit_name(&k, 2), x, y[said]));
        xb_buf_free(&text);
        kit_free(&k);
    }
    ck_assert(!memcmp(y[0], y[1], sizeof y[0]));
}
END_TEST

START_TEST(few_levels_for_a_whole_weight_are_warned_of)
{
    static const struct {
        const char *hw, *values;
    } cases[] = {{"device: {levels: 4}\n" KIT_IDEAL "crossbar: {sign: offset}\n", " 3 values"},
                 {"device: {levels: 7}\n" KIT_IDEAL, " 13 values"},
                 {"device: {levels: 8}\n" KIT_IDEAL, NULL},
                 {"device: {levels: 4}\n" KIT_IDEAL "crossbar: {sign: biased, weight_bits: 8}\n", NULL}};
    for (int i = 0; i < 4; i++) {
        chip_net k = convnet(cases[i].hw);
        xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
        kit_sim(&k);
        xb_sim_notes(k.sim, d);
        ck_assert_uint_eq(xb_diags_warnings(d), cases[i].values != NULL);
        ck_assert_msg(!cases[i].values || strstr(xb_diags_text(d), cases[i].values), "%s", xb_diags_text(d));
        xb_diags_free(d);
        kit_free(&k);
    }
    chip_net k = convnet(KIT_IDEAL "crossbar: {weight_bits: 1}\n");
    ck_assert(!kit_open(&k));
    ck_assert(strstr(xb_diags_text(k.n.d), "'weight_bits' = 1 leaves no bit beside the sign"));
    kit_free(&k);
}
END_TEST

/* -- size -- */

START_TEST(a_chip_has_an_array_for_every_slice)
{
    static const char *const hw[] = {KIT_IDEAL KIT_ARRAYS(64, 64), KIT_IDEAL "crossbar: {sign: offset}\n"};
    for (int i = 0; i < 2; i++) {
        chip_net k = convnet(hw[i]);
        const xb_chip_cost *cost = xb_layout_chip_cost(k.l);
        const xb_layer_cost *layer;
        xb_layout_layer_costs(k.l, &layer);
        kit_sim(&k);
        xb_chip_size one = xb_sim_size(k.sim);
        ck_assert(one.slices == 1 && one.arrays == (double)cost->arrays && one.devices == (double)cost->devices);
        ck_assert(fabs(one.array_area - cost->array_area) <= 1e-9 * cost->array_area && !*one.exact);
        k.o.weight_bits = 8, k.o.cell_bits = 2;
        kit_sim(&k);
        xb_chip_size four = xb_sim_size(k.sim);
        ck_assert(four.slices == 4 && four.arrays == 4 * one.arrays && four.devices == 4 * one.devices);
        ck_assert(fabs(four.array_area - 4 * one.array_area) <= 1e-9 * one.array_area);
        const char *name = kit_name(&k, 1);
        set_exact(&k, &name, 1);
        kit_sim(&k);
        xb_chip_size less = xb_sim_size(k.sim);
        ck_assert_str_eq(less.exact, name);
        ck_assert(less.devices == four.devices - 4 * (double)layer[1].devices);
        ck_assert(less.arrays == four.arrays - 4 * (double)layer[1].arrays);
        kit_free(&k);
    }
}
END_TEST

/* -- notes -- */

static char *notes(chip_net *k)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    kit_sim(k);
    xb_sim_notes(k->sim, d);
    char *text = xb_strdup(xb_diags_text(d));
    ck_assert_uint_eq(xb_diags_errors(d) + xb_diags_warnings(d), 0);
    xb_diags_free(d);
    return text;
}

static void noted(chip_net *k, const char *what)
{
    char *text = notes(k);
    ck_assert_msg(what ? strstr(text, what) != NULL : !*text, "%s: %s", what ? what : "nothing", text);
    free(text);
}

START_TEST(what_does_nothing_is_said)
{
    chip_net k = convnet(KIT_IDEAL);
    noted(&k, NULL);
    k.o.ir_drop = true;
    noted(&k, "'ir-drop' changes nothing: the hardware's crossbar.wire_r_row and wire_r_col are 0");
    k.o.ir_drop = false;
    kit_device(&k, &drift, read_options(k.n.d, k.a, &drift, "{t0: 20s}"));
    noted(&k, "device 'drift' does nothing yet at 'time' = 0s");
    k.o.time = 20;
    noted(&k, "device 'drift' does nothing yet at 'time' = 20s");
    k.o.time = 21;
    noted(&k, NULL);
    k.link[0].options = read_options(k.n.d, k.a, &drift, "{scale: 0}"); /* off, as was asked for */
    k.o.time = 0;
    noted(&k, NULL);
    static const xb_device *const timeless[] = {&levels,     &lognormal,    &stuck_at,
                                                &rram_relax, &gaussian_pcm, &proportional};
    for (size_t i = 0; i < sizeof timeless / sizeof *timeless; i++) {
        k.link[0] = (xb_link){timeless[i], read_options(k.n.d, k.a, timeless[i], "")};
        noted(&k, NULL);
    }
    k.link[0] = (xb_link){&kit_sampled_device, &sigma};
    noted(&k, "device 'sampled' does not say the moments of its reads");
    const char *name = kit_name(&k, 2);
    k.links = 0;
    set_exact(&k, &name, 1);
    noted(&k, "exact, on no array: ");
    kit_free(&k);
    k = convnet(KIT_IDEAL "crossbar: {wire_r_row: 1ohm}\n");
    k.o.ir_drop = true;
    noted(&k, NULL);
    kit_free(&k);
}
END_TEST

/* -- one-sided clipping -- */

/* Offset: w = -1 with an error that takes it below the range is at G = 0, not below: P(1 + alpha z > 1 + 2 / (g_max /
 * g_min - 1)) of such weights, which makes them smaller on average; pairs clip nothing. */
START_TEST(an_offset_clips_weights_at_zero)
{
    static const char *const sign[] = {"crossbar: {sign: offset}\n", ""};
    for (int pair = 0; pair < 2; pair++) {
        xb_buf hw = {0};
        xb_buf_printf(&hw, KIT_IDEAL "device: {g_min: 1uS, g_max: 100uS}\n%s", sign[pair]);
        chip_net k = convnet(hw.data);
        const xb_matrix *m;
        xb_layout_matrices(k.l, &m);
        float *w = xb_graph_write(k.n.g, m[2].weight);
        for (int i = 0; i < 288 * 20; i++) w[i] = -1;
        k.o.offset = XB_OFFSET_DIGITAL; /* no reference, whose own error would show */
        kit_device(&k, &proportional, read_options(k.n.d, k.a, &proportional, "{alpha: 0.5}"));
        kit_sim(&k);
        int least = 0;
        double sum = 0, floor = -1 - 2.0 / 99;
        for (int r = 0; r < 288; r += 4) {
            float x[288] = {0}, y[20];
            x[r] = 1;
            ck_assert(xb_sim_layer(k.sim, 1, kit_name(&k, 2), x, y));
            for (int c = 0; c < 20; c++) {
                least += fabs((double)y[c] - floor) < 1e-4;
                ck_assert(pair || (double)y[c] > floor - 1e-4);
                sum += (double)y[c];
            }
        }
        /* 1440 draws; share Phi(-0.0202 / 0.5) = 0.4839, sd 0.0132; mean -1 + 0.5 (phi(t) - t (1 - Phi(t))), t = 0.0404
         */
        double share = least / 1440.0, mean = sum / 1440;
        double t = 2.0 / 99 / 0.5, above = 0.5 * erfc(t / sqrt(2)), density = exp(-t * t / 2) / sqrt(2 * M_PI);
        ck_assert_msg(fabs(share - (pair ? 0 : above)) < 0.053, "%g at 0", share);
        ck_assert_msg(fabs(mean - (pair ? -1 : -1 + 0.5 * (density - t * above))) < 0.05, "mean %g", mean);
        kit_free(&k);
        xb_buf_free(&hw);
    }
}
END_TEST

START_TEST(the_help_says_what_is_clipped)
{
    const xb_device *const all[] = {&proportional, &lognormal_weight};
    for (int i = 0; i < 2; i++) {
        ck_assert(strstr(all[i]->doc, "G = 0") && strstr(all[i]->doc, "`sign: offset`"));
        ck_assert(strstr(all[i]->doc, "above g_max"));
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, an_exact_layer_is_the_networks);
    tcase_add_test(t, exact_layers_convert_nothing);
    tcase_add_test(t, a_pattern_without_a_layer_is_refused);
    tcase_add_test(t, one_level_is_refused);
    tcase_add_test(t, weights_are_cut_as_the_hardware_says);
    tcase_add_test(t, few_levels_for_a_whole_weight_are_warned_of);
    tcase_add_test(t, a_chip_has_an_array_for_every_slice);
    tcase_add_test(t, what_does_nothing_is_said);
    tcase_add_test(t, an_offset_clips_weights_at_zero);
    tcase_add_test(t, the_help_says_what_is_clipped);
    return run_case("sim_settings", t);
}
