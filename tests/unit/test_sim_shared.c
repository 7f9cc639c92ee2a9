/* Two layers in one array with resistive wires: each is read while the other's devices conduct, too. */
#include "hw/layout_private.h"
#include "sim/irdrop.h"
#include "sim_chip_kit.h"
#include "suite.h"

enum { ROWS = 128, COLS = 40, IN_A = 100, OUT_A = 6, OUT_B = 30 };
#define OHM 20

/* 100 -> 6 -> 30 numbers in one array: the second matrix below and right of the first. The second one has more columns
 * than the first, so that its places are none of the first one's. */
static chip_net shared_new(const char *sign)
{
    chip_net k = kit_new();
    char hw[200];
    xb_value x = net_input(&k.n, "x", DIMS(k.n.batch, 1, 28, 28));
    x = net_op(&k.n, "MaxPool", IN(x));
    net_attr(&k.n, "kernel_shape", INTS(1, 1));
    net_attr(&k.n, "strides", INTS(3, 3));
    x = net_dense(&k.n, net_op(&k.n, "Flatten", IN(x)), IN_A, OUT_A);
    xb_graph_add_output(k.n.g, net_dense(&k.n, x, OUT_A, OUT_B));
    snprintf(hw, sizeof hw, KIT_IDEAL "crossbar: {rows: %d, cols: %d%s, wire_r_row: %dohm, wire_r_col: %dohm}\n", ROWS,
             COLS, sign, OHM, OHM);
    kit_layout(&k, hw);
    ck_assert_uint_eq(k.l->blocks.n, 2);
    xb_block *b = &k.l->blocks.data[1];
    b->array = 0, b->at_row = 110, b->at_col = 8;
    k.l->arrays.data[0].blocks = 2;
    k.l->arrays.n = 1;
    k.o.ir_drop = true;
    return k;
}

static double weight(const chip_net *k, size_t layer, int64_t r, int64_t c)
{
    const xb_matrix *m;
    xb_layout_matrices(k->l, &m);
    m += layer;
    return (double)((const float *)xb_graph_data(k->n.g, m->weight))[r * m->row_stride + c * m->col_stride];
}

static double largest(const chip_net *k, size_t layer, int64_t rows, int64_t cols)
{
    double top = 0;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++) top = fmax(top, fabs(weight(k, layer, r, c)));
    return top;
}

/* Devices of one side (offset: 0), and the reference column behind them. */
static void put(const chip_net *k, size_t layer, int side, double *g, size_t cols)
{
    int64_t rows = layer ? OUT_A : IN_A, wide = layer ? OUT_B : OUT_A, row = layer ? 110 : 0, col = layer ? 8 : 0;
    double top = largest(k, layer, rows, wide), range = k->hw.g_max - k->hw.g_min;
    bool pair = cols == COLS;
    for (int64_t r = 0; r < rows; r++) {
        double *to = g + (size_t)(row + r) * cols;
        for (int64_t c = 0; c < wide; c++) {
            double w = weight(k, layer, r, c);
            to[col + c] = k->hw.g_min + range * (pair ? fmax(side ? -w : w, 0) / top : (w + top) / (2 * top));
        }
        if (!pair) to[COLS] = k->hw.g_min + range / 2;
    }
}

static void currents(const chip_net *k, size_t layer, int side, size_t cols, const float *x, double *out)
{
    double *g = xb_calloc(ROWS * cols, sizeof *g), *v = xb_calloc(ROWS, sizeof *v);
    for (size_t i = 0; i < ROWS * cols; i++) g[i] = k->hw.g_min;
    put(k, 0, side, g, cols);
    put(k, 1, side, g, cols);
    for (int r = 0; r < (layer ? OUT_A : IN_A); r++) v[(layer ? 110 : 0) + r] = (double)x[r];
    xb_irdrop *s = xb_irdrop_new(k->n.d, g, ROWS, cols, OHM, OHM);
    xb_irdrop_work *w = xb_irdrop_work_new(s);
    ck_assert(xb_irdrop_solve(s, w, NULL, v, out).converged);
    xb_irdrop_work_free(w);
    xb_irdrop_free(s);
    free(g), free(v);
}

static void is_the_whole_array(const char *sign, size_t layer)
{
    chip_net k = shared_new(sign);
    size_t wide = layer ? OUT_B : OUT_A, at = layer ? 8 : 0, cols = *sign ? COLS + 1 : COLS;
    double plus[COLS + 1], minus[COLS + 1], range = k.hw.g_max - k.hw.g_min;
    double top = largest(&k, layer, layer ? OUT_A : IN_A, layer ? OUT_B : OUT_A);
    float x[IN_A], y[OUT_B], ideal[OUT_B];
    kit_vector(x, IN_A, 0, 1);
    kit_sim(&k);
    ck_assert_msg(xb_sim_layer(k.sim, 0, kit_name(&k, layer), x, y), "%s", xb_diags_text(k.n.d));
    kit_exact(&k, layer, x, ideal);
    currents(&k, layer, 0, cols, x, plus);
    if (!*sign) currents(&k, layer, 1, cols, x, minus);
    double lost = 0, most = 0;
    for (size_t c = 0; c < wide; c++) {
        double want = *sign ? 2 * (plus[at + c] - plus[COLS]) : plus[at + c] - minus[at + c];
        want *= top / range;
        ck_assert_msg(fabs((double)y[c] - want) < 2e-5, "layer %zu%s, column %zu: %.7g, not %.7g", layer, sign, c,
                      (double)y[c], want);
        lost = fmax(lost, fabs((double)ideal[c] - want));
        most = fmax(most, fabs((double)ideal[c]));
    }
    ck_assert_msg(lost > 0.02 * most, "%g of %g", lost, most);
    kit_free(&k);
}

START_TEST(layers_of_one_array_load_each_other)
{
    for (size_t layer = 0; layer < 2; layer++)
        is_the_whole_array("", layer), is_the_whole_array(", sign: offset", layer);
}
END_TEST

/* What an exact layer would hold is off. */
START_TEST(an_exact_neighbour_is_off)
{
    chip_net k = shared_new("");
    float x[OUT_A], both[OUT_B], one[OUT_B], alone[OUT_B];
    kit_vector(x, OUT_A, 0, 1);
    kit_sim(&k);
    ck_assert(xb_sim_layer(k.sim, 0, kit_name(&k, 1), x, both));
    const char *exact = kit_name(&k, 0);
    k.o.exact = (xb_list){&exact, 1};
    kit_sim(&k);
    ck_assert(xb_sim_layer(k.sim, 0, kit_name(&k, 1), x, one));
    xb_block *b = &k.l->blocks.data[0];
    b->rows = b->cols = 0;
    k.o.exact.n = 0;
    kit_sim(&k);
    ck_assert(xb_sim_layer(k.sim, 0, kit_name(&k, 1), x, alone));
    ck_assert(memcmp(both, one, sizeof one) != 0 && !memcmp(one, alone, sizeof one));
    kit_free(&k);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, layers_of_one_array_load_each_other);
    tcase_add_test(t, an_exact_neighbour_is_off);
    return run_case("sim_shared", t);
}
