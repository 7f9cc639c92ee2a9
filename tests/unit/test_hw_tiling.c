/* Sizes, areas, wires: the published numbers of Group Scissor (DAC 2017) and ISAAC (ISCA 2016), recomputed. */
#include "hw/rollup.h"
#include "hw_fixture.h"
#include <math.h>

#define N_OF(a) (sizeof(a) / sizeof *(a))

static const fx_size a_dense[] = {{"conv1", 25, 20}, {"conv2", 500, 50}, {"fc1", 800, 500}, {"last", 500, 10}};
static const fx_size b_dense[] = {{"conv1", 75, 32}, {"conv2", 800, 32}, {"conv3", 800, 64}, {"last", 1024, 10}};

/* The first three matrices factored at ranks k, the last one whole. */
static fx low_rank(const fx_size *dense, const int64_t *k)
{
    static const char *const names[] = {"1u", "1v", "2u", "2v", "3u", "3v"};
    fx_size s[7];
    for (int i = 0; i < 3; i++) {
        s[2 * i] = (fx_size){names[2 * i], dense[i].rows, k[i]};
        s[2 * i + 1] = (fx_size){names[2 * i + 1], k[i], dense[i].cols};
    }
    s[6] = dense[3];
    return fx_sizes(FX_EXACT, s, 7);
}

static int64_t cells_of(const fx *f)
{
    return xb_layout_chip_cost(f->l)->cells;
}

START_TEST(mbc_sizes)
{
    static const int64_t v[][6] = {{500, 12, 50, 12, 10, 1}, {800, 36, 50, 36, 16, 1},  {36, 500, 36, 50, 1, 10},
                                   {500, 10, 50, 10, 10, 1}, {75, 12, 25, 12, 3, 1},    {800, 19, 50, 19, 16, 1},
                                   {800, 22, 50, 22, 16, 1}, {1024, 10, 64, 10, 16, 1}, {22, 64, 22, 64, 1, 1},
                                   {25, 5, 25, 5, 1, 1},     {5, 20, 5, 20, 1, 1},      {12, 50, 12, 50, 1, 1},
                                   {12, 32, 12, 32, 1, 1},   {19, 32, 19, 32, 1, 1}};
    fx f = fx_new(FX_EXACT);
    for (size_t i = 0; i < N_OF(v); i++) {
        xb_tiling t = xb_tile(&f.hw, v[i][0], v[i][1]);
        ck_assert_int_eq(t.rows, v[i][2]);
        ck_assert_int_eq(t.cols, v[i][3]);
        ck_assert_int_eq(t.grid_rows, v[i][4]);
        ck_assert_int_eq(t.grid_cols, v[i][5]);
        ck_assert(!t.padded);
    }
    fx_free(&f);
}
END_TEST

/* Every size: the exact rule divides and is the largest that does; all rules cover. */
START_TEST(mbc_properties)
{
    fx exact = fx_new(FX_EXACT);
    fx padded = fx_new("xbarc: 1\ncrossbar: {rule: exact, rows: 64, cols: 64}\n");
    fx fixed = fx_new(FX_FIXED(64));
    for (int64_t n = 1; n <= 1100; n++) {
        xb_tiling e = xb_tile(&exact.hw, n, 1101 - n), p = xb_tile(&padded.hw, n, 7), x = xb_tile(&fixed.hw, n, 3);
        ck_assert(e.rows <= 64 && n % e.rows == 0 && e.rows * e.grid_rows == n && !e.padded);
        for (int64_t d = e.rows + 1; d <= 64; d++) ck_assert(n % d != 0);
        ck_assert(e.cols * e.grid_cols == 1101 - n);
        ck_assert(p.rows <= 64 && (n <= 64 ? p.rows == n : p.rows >= 16));
        ck_assert(p.rows * p.grid_rows >= n && p.rows * (p.grid_rows - 1) < n);
        ck_assert_int_eq(p.padded, p.rows * p.grid_rows != n);
        ck_assert(x.rows == 64 && x.grid_rows == (n + 63) / 64 && x.grid_cols == 1 && x.padded);
    }
    xb_tiling t = xb_tile(&padded.hw, 67, 134); /* prime; 2 x 67 */
    ck_assert(t.rows == 34 && t.grid_rows == 2 && t.cols == 45 && t.grid_cols == 3 && t.padded);
    t = xb_tile(&fixed.hw, 128, 64);
    ck_assert(!t.padded && t.grid_rows == 2);
    fx_free(&exact);
    fx_free(&padded);
    fx_free(&fixed);
}
END_TEST

START_TEST(areas)
{
    static const struct {
        const fx_size *dense;
        int64_t all, ranks[3], cells;
        double percent;
    } v[] = {{a_dense, 430500, {5, 12, 36}, 58625, 13.618},
             {a_dense, 430500, {4, 6, 6}, 16280, 3.782},
             {b_dense, 89440, {12, 19, 22}, 46340, 51.811},
             {b_dense, 89440, {9, 13, 14}, 34115, 38.143}};
    for (size_t i = 0; i < N_OF(v); i++) {
        fx dense = fx_sizes(FX_EXACT, v[i].dense, 4), low = low_rank(v[i].dense, v[i].ranks);
        ck_assert_int_eq(cells_of(&dense), v[i].all);
        ck_assert_int_eq(cells_of(&low), v[i].cells);
        ck_assert_double_eq_tol(100.0 * (double)cells_of(&low) / (double)cells_of(&dense), v[i].percent, 5e-4);
        ck_assert_int_eq(xb_layout_chip_cost(low.l)->padding_cells, 0);
        fx_free(&dense);
        fx_free(&low);
    }
}
END_TEST

START_TEST(areas_of_layers)
{
    static const int64_t a[] = {225, 6600, 46800, 5000}, b[] = {1284, 15808, 19008, 10240};
    fx fa = low_rank(a_dense, (int64_t[]){5, 12, 36}), fb = low_rank(b_dense, (int64_t[]){12, 19, 22});
    const xb_layer_cost *ca, *cb;
    xb_layout_layer_costs(fa.l, &ca);
    xb_layout_layer_costs(fb.l, &cb);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ca[2 * i].cells + ca[2 * i + 1].cells, a[i]);
        ck_assert_int_eq(cb[2 * i].cells + cb[2 * i + 1].cells, b[i]);
    }
    ck_assert_int_eq(ca[6].cells, a[3]);
    ck_assert_int_eq(cb[6].cells, b[3]);
    fx_free(&fa);
    fx_free(&fb);
}
END_TEST

/* Eq. 2: the largest rank that still saves; one more does not. */
START_TEST(break_even)
{
    static const int64_t k_a[] = {11, 45, 307}, k_b[] = {22, 30, 59};
    for (int net = 0; net < 2; net++)
        for (int i = 0; i < 3; i++) {
            const fx_size *m = (net ? b_dense : a_dense) + i;
            int64_t k = (net ? k_b : k_a)[i];
            for (int more = 0; more < 2; more++, k++) {
                fx f = fx_sizes(FX_EXACT, (fx_size[]){{"u", m->rows, k}, {"v", k, m->cols}}, 2);
                ck_assert_int_eq(cells_of(&f) < m->rows * m->cols, !more);
                fx_free(&f);
            }
        }
}
END_TEST

START_TEST(wires_full)
{
    fx a = low_rank(a_dense, (int64_t[]){5, 12, 36}), b = low_rank(b_dense, (int64_t[]){12, 19, 22});
    ck_assert_int_eq(fx_cost(&a, "2u")->col_wires_full, 120);
    ck_assert_int_eq(fx_cost(&a, "3u")->col_wires_full, 576);
    ck_assert_int_eq(fx_cost(&a, "3v")->row_wires_full, 360);
    ck_assert_int_eq(fx_cost(&a, "last")->col_wires_full, 100);
    ck_assert_int_eq(fx_cost(&a, "3v")->col_wires_full, 0);
    ck_assert_int_eq(fx_cost(&a, "2u")->row_wires_full, 0);
    ck_assert_int_eq(xb_layout_chip_cost(a.l)->wires_full, 1156);
    ck_assert_int_eq(xb_layout_chip_cost(a.l)->wires, 1156); /* no weight is zero */
    ck_assert_int_eq(fx_cost(&b, "1u")->col_wires_full, 36);
    ck_assert_int_eq(fx_cost(&b, "2u")->col_wires_full, 304);
    ck_assert_int_eq(fx_cost(&b, "3u")->col_wires_full, 352);
    ck_assert_int_eq(fx_cost(&b, "last")->col_wires_full, 160);
    ck_assert_int_eq(xb_layout_chip_cost(b.l)->wires_full, 852);
    ck_assert_double_eq(xb_layout_chip_cost(b.l)->routing_area_ratio_mean, 1);
    fx_free(&a);
    fx_free(&b);
}
END_TEST

/* Zeroes the wire groups of a layer from group `keep` on, in the order column blocks, row blocks, wires in them. */
static void delete_groups(fx *f, const char *name, int64_t keep)
{
    const xb_matrix *m;
    const xb_layer_cost *c = fx_cost(f, name);
    size_t n = xb_layout_matrices(f->l, &m), i = 0;
    while (i < n && strcmp(m[i].name, name)) i++;
    bool rows = c->tiling.grid_cols > 1;
    int64_t blocks = rows ? c->tiling.grid_cols : c->tiling.grid_rows, each = rows ? c->rows : c->cols;
    int64_t depth = rows ? c->tiling.cols : c->tiling.rows, seen = 0;
    float *w = xb_graph_write(f->g, m[i].weight);
    for (int64_t b = 0; b < blocks; b++)
        for (int64_t k = 0; k < each; k++)
            for (int64_t d = 0, gone = seen++ >= keep; gone && d < depth; d++) {
                int64_t row = rows ? k : b * depth + d, col = rows ? b * depth + d : k;
                w[row * m[i].row_stride + col * m[i].col_stride] = d % 2 ? 0.0f : -0.0f;
            }
}

static void check_ratios(const fx_size *dense, const int64_t *k, const char *const *layer, const int64_t *keep,
                         double mean, double mean_wires, double pooled, int64_t wires)
{
    fx f = low_rank(dense, k);
    double squares = 0, ratios = 0;
    for (int i = 0; i < 4; i++) delete_groups(&f, layer[i], keep[i]);
    fx_plan(&f);
    for (int i = 0; i < 4; i++) {
        const xb_layer_cost *c = fx_cost(&f, layer[i]);
        ck_assert_int_eq(c->row_wires + c->col_wires, keep[i]);
        double r = (double)keep[i] / (double)(c->row_wires_full + c->col_wires_full);
        ck_assert_double_eq_tol(c->routing_area_ratio, r * r, 1e-15);
        squares += r * r / 4, ratios += r / 4;
    }
    const xb_chip_cost *chip = xb_layout_chip_cost(f.l);
    ck_assert_double_eq_tol(100 * chip->routing_area_ratio_mean, mean, 1e-3);
    ck_assert_double_eq_tol(chip->routing_area_ratio_mean, squares, 1e-15);
    ck_assert_double_eq_tol(100 * ratios, mean_wires, 1e-3);
    if (wires) {
        ck_assert_int_eq(chip->wires, wires);
        ck_assert_double_eq_tol(100 * chip->routing_area_ratio_pooled, pooled, 5e-3);
    }
    fx_free(&f);
}

START_TEST(routing_ratios)
{
    static const char *const a[] = {"2u", "3u", "3v", "last"}, *const b[] = {"1u", "2u", "3u", "last"};
    check_ratios(a_dense, (int64_t[]){5, 12, 36}, a, (int64_t[]){57, 143, 24, 18}, 8.1026, 24.248, 4.38, 242);
    check_ratios(b_dense, (int64_t[]){12, 19, 22}, b, (int64_t[]){30, 123, 262, 131}, 52.063, 70.025, 41.07, 546);
    check_ratios(b_dense, (int64_t[]){12, 19, 22}, b, (int64_t[]){27, 84, 163, 90},
                 (56.25 + 7.635 + 21.443 + 31.641) / 4, (75 + 27.632 + 46.307 + 56.25) / 4, 0, 0);
}
END_TEST

/* Both sides cut: 128x128 in arrays of 64 has column wires of two row blocks and row wires of two column blocks. */
START_TEST(wires_of_both_sides)
{
    fx f = fx_new(FX_FIXED(64));
    xb_value w = fx_matrix(&f, "m", 130, 70, true);
    fx_plan(&f);
    const xb_layer_cost *c = fx_cost(&f, "m");
    ck_assert_int_eq(c->arrays, 6);
    ck_assert_int_eq(c->col_wires_full, 70 * 3);
    ck_assert_int_eq(c->row_wires_full, 130 * 2);
    ck_assert_int_eq(c->compacted_cells, (64 + 64 + 16) * (64 + 8)); /* what is left over counts 16 x 8 */
    ck_assert_int_eq(c->padding_cells, 6 * 64 * 64 - 130 * 70);
    float *p = xb_graph_write(f.g, w); /* [70][130] */
    for (int64_t m = 0; m < 70; m++)
        for (int64_t n = 0; n < 130; n++)
            if (n >= 128 || m == 3 || (n == 5 && m < 64)) p[m * 130 + n] = 0;
    fx_plan(&f);
    c = fx_cost(&f, "m");
    ck_assert_int_eq(c->col_wires, 69 + 69);   /* column 3 nowhere; the third row block is empty */
    ck_assert_int_eq(c->row_wires, 127 + 128); /* row 5 only in the second column block; 128, 129 in neither */
    ck_assert_int_eq(c->zero_arrays, 2);
    ck_assert_int_eq(c->compacted_cells, 63 * 63 + 64 * 63 + 64 * 8 + 64 * 8);
    fx_free(&f);
}
END_TEST

/* Sec. 2: A_tile = R*C*A_cell + ADCs*A_ADC + R*A_DAC + C*A_SH. */
START_TEST(periphery)
{
    fx f = fx_new("xbarc: 1\nsource: test\n"
                  "crossbar: {rule: exact, rows: 64, cols: 64, exact: true, cell_area: 4um2, sign: offset}\n"
                  "interface: {adc_per_xbar: 3}\n"
                  "tile: {xbars: 4, xbars_per_unit: 2, shift_adds_per_unit: 1, shift_adds_per_tile: 0}\n"
                  "components:\n"
                  "  adc: {area: 1000um2}\n  dac: {area: 10um2}\n  sample_hold: {area: 1um2}\n  xbar: {energy: 1pJ}\n"
                  "  shift_add: {area: 7um2}\n  in_register: {}\n  out_register: {}\n  buffer: {area: 100um2}\n"
                  "  wire: {}\n  router: {area: 40um2}\n  activation: {}\n  pool: {}\n  tile_register: {}\n");
    fx_matrix(&f, "m", 100, 20, false); /* two arrays of 50x20: one unit, one tile */
    fx_plan(&f);
    const xb_chip_cost *c = xb_layout_chip_cost(f.l);
    ck_assert_double_eq_tol(c->array_area, 2100 * 4e-12, 1e-18); /* and two reference columns of 50 */
    ck_assert_double_eq_tol(c->cell_area, c->array_area, 1e-18);
    ck_assert_double_eq_tol(c->periphery_area, (2 * (3 * 1000 + 50 * 10 + 20) + 7 + 100 + 40 / 4) * 1e-12, 1e-18);
    ck_assert_double_eq_tol(c->converter_area, 2 * (3 * 1000 + 50 * 10 + 20) * 1e-12, 1e-18);
    ck_assert_double_eq(fx_cost(&f, "m")->array_area, c->array_area);
    ck_assert_double_eq(fx_cost(&f, "m")->converter_area, c->converter_area);
    ck_assert_int_eq(c->units, 1);
    ck_assert_int_eq(c->tiles, 1);
    xb_rollup r = xb_rollup_converters(&f.hw, 50, 2); /* fewer columns than converters */
    ck_assert_double_eq_tol(r.area, (2 * 1000 + 500 + 2) * 1e-12, 1e-18);
    fx_free(&f);
}
END_TEST

/* 800 x 500 (160 arrays of 50 x 50) as 800 x 36 and 36 x 500: fewer cells and arrays, but a second step, and every
 * array brings its converters along. */
START_TEST(low_rank_is_charged_for_its_hop)
{
    static const char hw[] = "xbarc: 1\nsource: test\ncrossbar: {rule: exact, rows: 64, cols: 64, exact: true}\n"
                             "interface: {input_bits: 8, dac_bits: 1}\n"
                             "components: {adc: {area: 1000um2}, dac: {area: 1um2}, sample_hold: {area: 2um2}}\n";
    fx dense = fx_new(hw), low = fx_new(hw);
    fx_matrix(&dense, "w", 800, 500, false);
    fx_matrix(&low, "u", 800, 36, false);
    fx_matrix(&low, "v", 36, 500, false);
    fx_plan(&dense), fx_plan(&low);
    const xb_chip_cost *d = xb_layout_chip_cost(dense.l), *c = xb_layout_chip_cost(low.l);
    ck_assert_int_eq(d->arrays, 16 * 10);
    ck_assert_double_eq(d->steps, 8);
    ck_assert_double_eq(d->adc_conversions, 8 * 500 * 16);
    ck_assert_double_eq(d->dac_conversions, 8 * 800 * 10);
    ck_assert_int_eq(c->arrays, 16 + 10);
    ck_assert_double_eq(c->steps, 8 + 8);
    ck_assert_double_eq(c->adc_conversions, 8 * (36 * 16 + 500));
    ck_assert_double_eq(c->dac_conversions, 8 * (800 + 36 * 10));
    ck_assert_double_eq(c->array_area, fx_cost(&low, "u")->array_area + fx_cost(&low, "v")->array_area);
    ck_assert_double_eq(c->converter_area, fx_cost(&low, "u")->converter_area + fx_cost(&low, "v")->converter_area);
    ck_assert_double_eq_tol(fx_cost(&low, "u")->converter_area,
                            16 * ((double)low.hw.adc_per_xbar * 1000 + 50 * 1 + 36 * 2) * 1e-12, 1e-18);
    fx_free(&dense);
    fx_free(&low);
}
END_TEST

/* The defaults are ISAAC's Table I: its published totals must come out. */
START_TEST(isaac_totals)
{
    fx f = fx_new("xbarc: 1\n");
    xb_rollup unit = xb_rollup_unit(&f.hw), tile = xb_rollup_tile(&f.hw);
    ck_assert_double_eq_tol(unit.power * 1e3, 24.08, 0.0005);
    ck_assert_double_eq_tol(unit.area * 1e6, 0.01312, 0.0000005);
    ck_assert_double_eq_tol(tile.power * 1e3, 329.8, 0.05);
    ck_assert_double_eq_tol(tile.area * 1e6, 0.3723, 0.00005);
    ck_assert_double_eq_tol(168 * tile.power, 55.4, 0.05);
    ck_assert_double_eq_tol(168 * tile.area * 1e6, 62.5, 0.05);
    ck_assert_double_eq_tol(96 * f.hw.adc.power / tile.power, 0.58, 0.005);
    ck_assert_double_eq_tol(96 * f.hw.adc.area / tile.area, 0.31, 0.005);
    fx_free(&f);
}
END_TEST

/* One bit plane of a full array: 30 pJ in the cells, 200 pJ of conversions, 50 pJ of drivers. */
START_TEST(isaac_energy)
{
    fx f = fx_new("xbarc: 1\ninterface: {input_bits: 1}\n");
    fx_matrix(&f, "m", 128, 128, false);
    fx_plan(&f);
    const xb_layer_cost *c = fx_cost(&f, "m");
    ck_assert_double_eq(c->steps, 1);
    ck_assert_double_eq(c->adc_conversions, 128);
    ck_assert_double_eq(c->dac_conversions, 128);
    ck_assert_double_eq_tol(c->time, 100e-9, 1e-15);
    ck_assert_double_eq_tol(c->energy_xbar, 30e-12, 1e-18);
    ck_assert_double_eq_tol(c->energy_adc, 200e-12 + 128 * 9.765625e-9 * 100e-9, 1e-18);
    ck_assert_double_eq_tol(c->energy_dac, 50e-12, 1e-18);
    ck_assert_double_eq_tol(c->energy_digital, 128 * .021e-12 + 256 * .054e-12 + 20.45e-12, 1e-18);
    ck_assert_double_eq_tol(c->energy, c->energy_adc + c->energy_dac + c->energy_xbar + c->energy_digital, 1e-20);
    fx_free(&f);
}
END_TEST

START_TEST(steps_and_times)
{
    fx f = fx_new("xbarc: 1\ninterface: {input_bits: 16, dac_bits: 3, adc_rate: 1MS/s, adc_per_xbar: 2}\n"
                  "layers: {fc2: {dac_bits: 0}}\ntypes: {Conv: {adc_bits: 0}}\n");
    fx_lenet(&f);
    fx_plan(&f);
    ck_assert_double_eq(fx_cost(&f, "conv1")->steps, 24 * 24 * 6);
    ck_assert_double_eq_tol(fx_cost(&f, "conv1")->time, 24 * 24 * 6 * 100e-9, 1e-12); /* ideal ADC */
    ck_assert_double_eq(fx_cost(&f, "conv2")->steps, 8 * 8 * 6);
    ck_assert_double_eq(fx_cost(&f, "conv2")->adc_conversions, 8 * 8 * 6 * 50 * 4);
    ck_assert_double_eq(fx_cost(&f, "conv2")->dac_conversions, 8 * 8 * 6 * 500);
    ck_assert_double_eq(fx_cost(&f, "fc1")->steps, 6);
    ck_assert_double_eq_tol(fx_cost(&f, "fc1")->time, 6 * 64e-6, 1e-12); /* 128 columns, two converters */
    ck_assert_double_eq(fx_cost(&f, "fc2")->steps, 1);
    ck_assert_double_eq_tol(fx_cost(&f, "fc2")->time, 5e-6, 1e-12);
    const xb_chip_cost *c = xb_layout_chip_cost(f.l);
    ck_assert_str_eq(c->critical_layer, "fc1");
    ck_assert_double_eq_tol(c->interval, fx_cost(&f, "fc1")->time, 1e-15);
    ck_assert_double_eq_tol(c->latency, fx_cost(&f, "conv1")->time + fx_cost(&f, "conv2")->time + 6 * 64e-6 + 5e-6,
                            1e-12);
    fx_free(&f);
}
END_TEST

/* Figures are of the component's size and resolution: ISAAC's 30 pJ, 2 mW, 0.0012 mm2 are of 128 x 128 and 8 bits. */
START_TEST(figures_are_scaled)
{
    fx f = fx_new("xbarc: 1\nsource: s\ncrossbar: {rows: 64, cols: 256}\ninterface: {input_bits: 1, adc_bits: 6}\n"
                  "layers: {b: {adc_bits: 10, rows: 256}, c: {adc_bits: 12}}\n");
    fx_matrix(&f, "a", 64, 256, false);
    fx_matrix(&f, "b", 256, 256, false);
    fx_matrix(&f, "c", 64, 256, false);
    fx_plan(&f);
    double hold = 256 * 9.765625e-9 * 100e-9, one = 2e-3 / 1.28e9;
    ck_assert_double_eq_tol(fx_cost(&f, "a")->energy_xbar, 30e-12, 1e-18);
    ck_assert_double_eq_tol(fx_cost(&f, "b")->energy_xbar, 120e-12, 1e-18);
    ck_assert_double_eq_tol(fx_cost(&f, "a")->energy_adc, 256 * one * 1.20 / 1.67 + hold, 1e-18);
    ck_assert_double_eq_tol(fx_cost(&f, "b")->energy_adc, 256 * one * 2.38 / 1.67 + hold, 1e-18);
    ck_assert_double_eq_tol(fx_cost(&f, "c")->energy_adc, 256 * one + hold, 1e-18); /* beyond the table */
    xb_hw b = xb_hw_for(&f.hw, "b", "MatMul");
    ck_assert_double_eq_tol(xb_hw_adc_of(&b).area, 0.0012e-6 * 3002 / 1200, 1e-18);
    ck_assert_double_eq_tol(xb_hw_adc_of(&b).power, 2e-3 * 2.38 / 1.67, 1e-15);
    ck_assert_double_eq_tol(xb_rollup_cells(&b, 256, 256).area, 4 * 25e-12, 1e-20);
    ck_assert_double_eq_tol(xb_rollup_cells(&b, 256, 256).power, 4 * .3e-3, 1e-15);
    fx_free(&f);
}
END_TEST

/* One rule: cell_area where it is given, the component's area else. */
START_TEST(area_of_arrays)
{
    fx f = fx_new("xbarc: 1\nsource: s\ncrossbar: {cell_area: 4096nm2}\n"), g = fx_new("xbarc: 1\n");
    fx_matrix(&f, "m", 100, 20, false);
    fx_matrix(&g, "m", 100, 20, false);
    fx_plan(&f);
    fx_plan(&g);
    ck_assert_double_eq_tol(xb_layout_chip_cost(f.l)->array_area, 128 * 128 * 2 * 4096e-18, 1e-22);
    ck_assert_double_eq_tol(xb_layout_chip_cost(f.l)->cell_area, 100 * 20 * 2 * 4096e-18, 1e-22);
    ck_assert_double_eq_tol(xb_layout_chip_cost(g.l)->array_area, 25e-12, 1e-22);
    ck_assert_double_eq(xb_layout_chip_cost(g.l)->cell_area, 0);
    fx_free(&f);
    fx_free(&g);
}
END_TEST

/* Two devices a weight, or one and a reference for every row in use of every array. */
START_TEST(devices)
{
    fx f = fx_new("xbarc: 1\ncrossbar: {rows: 64, cols: 64}\nlayers: {b: {sign: offset}}\n");
    fx_matrix(&f, "a", 100, 70, false);
    fx_matrix(&f, "b", 100, 70, true); /* 2 x 2 arrays */
    xb_value x = fx_input(&f, "x", FX_TYPE(1, 8, 5, 5));
    f.hw.devices_per_cell = 1;
    xb_graph_add_output(f.g, fx_conv(&f, "dw", x, 8, 1, 3, 8)); /* 7 + 1 groups of 9 x 1 */
    fx_plan(&f);
    ck_assert_int_eq(fx_cost(&f, "b")->devices, 7000 + 2 * 100);
    ck_assert_int_eq(fx_cost(&f, "dw")->devices, 72 + 72);
    f.hw.devices_per_cell = 2;
    fx_plan(&f);
    ck_assert_int_eq(fx_cost(&f, "a")->devices, 2 * 7000);
    ck_assert_int_eq(fx_cost(&f, "b")->devices, 7000 + 2 * 100);
    ck_assert_int_eq(xb_layout_chip_cost(f.l)->devices, 14000 + 7200 + 144);
    fx_free(&f);
}
END_TEST

START_TEST(warnings_of_the_plan)
{
    fx f = fx_new("xbarc: 1\ncrossbar: {rule: exact, rows: 64, cols: 64, exact: true}\n"
                  "layers: {m: {dac_bits: 1}, fx*: {dac_bits: 2}}\n");
    fx_matrix(&f, "m", 997, 211, false);
    fx_matrix(&f, "n", 500, 50, false);
    fx_plan(&f);
    const char *said = xb_diags_text(f.d);
    ck_assert_int_eq(xb_diags_warnings(f.d), 2);
    ck_assert_msg(strstr(said, "node 'm'") && strstr(said, "[hw-exact]") && strstr(said, "210367 arrays"), "%s", said);
    ck_assert_msg(strstr(said, "'layers.fx*'") && strstr(said, "[hw-layers]"), "%s", said);
    f.hw.exact = false;
    fx_plan(&f);
    ck_assert_int_eq(xb_diags_warnings(f.d), 3); /* the pattern again */
    fx_free(&f);
}
END_TEST

/* A part without a figure makes no energy, rather than a wrong one. */
START_TEST(energy_needs_figures)
{
    fx f = fx_new("xbarc: 1\nsource: none\ncomponents: {adc: {area: 1um2}}\n");
    fx_matrix(&f, "m", 10, 10, false);
    fx_plan(&f);
    ck_assert_double_eq(fx_cost(&f, "m")->energy, 0);
    ck_assert_double_eq(xb_layout_chip_cost(f.l)->energy, 0);
    fx_free(&f);
}
END_TEST

START_TEST(nothing_to_map)
{
    fx f = fx_new(FX_EXACT);
    xb_value x = fx_input(&f, "x", FX_TYPE(1, 4));
    xb_graph_add_output(f.g, fx_op(&f, XB_OP_Relu, "r", x, (xb_value){0}, NULL));
    ck_assert(xb_graph_infer(f.d, f.g, NULL));
    ck_assert_ptr_null(xb_layout_plan(f.d, f.g, &f.hw));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(f.d), "[layout-empty]"));
    fx_free(&f);
}
END_TEST

START_TEST(too_many_arrays)
{
    fx f = fx_new(FX_FIXED(1));
    fx_matrix(&f, "big", 2100, 2000, false);
    ck_assert(xb_graph_infer(f.d, f.g, NULL));
    ck_assert_ptr_null(xb_layout_plan(f.d, f.g, &f.hw));
    const char *said = xb_diags_text(f.d);
    ck_assert_msg(strstr(said, "[layout-size]") && strstr(said, "node 'big' (MatMul)"), "%s", said);
    fx_free(&f);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, mbc_sizes);
    tcase_add_test(t, mbc_properties);
    tcase_add_test(t, areas);
    tcase_add_test(t, areas_of_layers);
    tcase_add_test(t, break_even);
    tcase_add_test(t, wires_full);
    tcase_add_test(t, routing_ratios);
    tcase_add_test(t, wires_of_both_sides);
    tcase_add_test(t, periphery);
    tcase_add_test(t, low_rank_is_charged_for_its_hop);
    tcase_add_test(t, isaac_totals);
    tcase_add_test(t, isaac_energy);
    tcase_add_test(t, steps_and_times);
    tcase_add_test(t, figures_are_scaled);
    tcase_add_test(t, area_of_arrays);
    tcase_add_test(t, devices);
    tcase_add_test(t, warnings_of_the_plan);
    tcase_add_test(t, energy_needs_figures);
    tcase_add_test(t, nothing_to_map);
    tcase_add_test(t, too_many_arrays);
}

int main(void)
{
    return fx_main("hw_tiling", add);
}
