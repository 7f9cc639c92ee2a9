/* What a chip computes hangs on the matrices, not on where the layout puts them. */
#include "hw/layout_private.h"
#include "sim_chip_kit.h"
#include "suite.h"

static const float sigma = 0.3f;

enum { ROWS = 100, COLS = 30 };

/* One dense layer of 100 x 30 behind a Flatten of 10 x 10 numbers; arrays of 32 x 16: a grid of 4 x 2. */
static chip_net dense_new(const char *hw)
{
    chip_net k = kit_new();
    k.o.adc_range = XB_ADC_WORST;
    xb_value x = net_input(&k.n, "x", DIMS(k.n.batch, 1, 28, 28));
    xb_value y = net_op(&k.n, "MaxPool", IN(x));
    net_attr(&k.n, "kernel_shape", INTS(1, 1));
    net_attr(&k.n, "strides", INTS(3, 3));
    y = net_op(&k.n, "Flatten", IN(y));
    xb_graph_add_output(k.n.g, net_dense(&k.n, y, ROWS, COLS));
    kit_device(&k, &kit_lognormal_device, &sigma);
    kit_layout(&k, hw);
    return k;
}

#define SMALL "crossbar: {rows: 32, cols: 16}\n"
#define CONVERTED "interface: {input_bits: 6, dac_bits: 2, adc_bits: 9}\n" SMALL
#define OFFSET "crossbar: {rows: 32, cols: 16, sign: offset}\n"

static void outputs(chip_net *k, const float *x, float *y)
{
    kit_sim(k);
    ck_assert(xb_sim_layer(k->sim, 2, kit_name(k, 0), x, y));
}

/* Blocks of whole arrays in the opposite order: other array numbers, other places. */
static void turn_round(xb_layout *l)
{
    xb_block *b = l->blocks.data;
    for (size_t i = 0, j = l->blocks.n - 1; i < j; i++, j--) {
        xb_block t = b[i];
        b[i] = b[j], b[j] = t;
        b[i].array = (uint32_t)i, b[j].array = (uint32_t)j;
    }
    for (uint32_t i = 0; i < l->arrays.n; i++) xb_layout_place(l, i, (int32_t)(7 - i), 3, 1);
}

START_TEST(moving_arrays_changes_nothing)
{
    static const char *const hw[] = {KIT_IDEAL SMALL, CONVERTED, KIT_IDEAL OFFSET,
                                     "interface: {input_bits: 6, adc_bits: 9}\n" OFFSET};
    for (size_t i = 0; i < 4; i++) {
        float x[ROWS], a[COLS], b[COLS];
        chip_net k = dense_new(hw[i]);
        kit_vector(x, ROWS, 0, 1);
        outputs(&k, x, a);
        turn_round(k.l);
        outputs(&k, x, b);
        ck_assert(!memcmp(a, b, sizeof a));
        kit_free(&k);
    }
}
END_TEST

static int32_t *shuffled(chip_net *k, int64_t first, int64_t n)
{
    int32_t *list = xb_arena_alloc(k->l->arena, (size_t)n, sizeof *list);
    for (int64_t i = 0; i < n; i++) list[i] = (int32_t)(first + (i * 5 + 3) % n);
    return list;
}

/* Columns in another order within their array: nothing changes. Rows likewise where sums are ideal. */
START_TEST(lists_of_rows_and_columns_are_respected)
{
    static const char *const hw[] = {CONVERTED, KIT_IDEAL SMALL};
    for (int i = 0; i < 2; i++) {
        float x[ROWS], a[COLS], b[COLS];
        chip_net k = dense_new(hw[i]);
        kit_vector(x, ROWS, 0, 1);
        outputs(&k, x, a);
        for (size_t j = 0; j < k.l->blocks.n; j++) {
            xb_block *block = &k.l->blocks.data[j];
            block->col_list = shuffled(&k, block->col, block->cols);
            if (i) block->row_list = shuffled(&k, block->row, block->rows);
        }
        outputs(&k, x, b);
        ck_assert_msg(!memcmp(a, b, sizeof a), "case %d: off by %g", i, kit_off(a, b, COLS));
        kit_free(&k);
    }
}
END_TEST

/* Rows that swap arrays: other sums, the same total; every second row of the matrix in the first blocks. */
START_TEST(rows_may_go_to_other_arrays)
{
    float x[ROWS], a[COLS], b[COLS];
    chip_net k = dense_new("interface: {input_bits: 6, dac_bits: 2, adc_bits: 16}\n" SMALL);
    kit_vector(x, ROWS, 0, 1);
    outputs(&k, x, a);
    for (size_t j = 0; j < k.l->blocks.n; j++) {
        xb_block *block = &k.l->blocks.data[j];
        int32_t *list = xb_arena_alloc(k.l->arena, (size_t)block->rows, sizeof *list);
        for (int64_t r = 0; r < block->rows; r++) list[r] = (int32_t)((block->row + r) * 37 % ROWS);
        block->row_list = list;
    }
    outputs(&k, x, b);
    ck_assert(memcmp(a, b, sizeof a) != 0);
    ck_assert_msg(kit_off(a, b, COLS) < 1e-2, "off by %g", kit_off(a, b, COLS));
    kit_free(&k);
}
END_TEST

START_TEST(a_deleted_array_takes_its_own_cells_alone)
{
    float x[ROWS], a[COLS], b[COLS], part[COLS], rest[ROWS];
    chip_net k = dense_new(KIT_IDEAL SMALL);
    kit_vector(x, ROWS, 0, 1);
    outputs(&k, x, a);
    memcpy(rest, x, sizeof x);
    for (int r = 32; r < 64; r++) rest[r] = 0;
    ck_assert(xb_sim_layer(k.sim, 2, kit_name(&k, 0), rest, part));
    xb_block *gone = &k.l->blocks.data[1]; /* rows 32 .. 63 of columns 0 .. 15 */
    ck_assert_int_eq(gone->row, 32);
    ck_assert_int_eq(gone->col, 0);
    gone->rows = 0;
    outputs(&k, x, b);
    for (int c = 0; c < COLS; c++) ck_assert_msg(b[c] == (c < 16 ? part[c] : a[c]), "column %d", c);
    ck_assert(a[0] != b[0]);
    kit_free(&k);
}
END_TEST

/* A network whose rows and columns are exchanged, on the chip of a layer with as many cells: without noise only the
 * order of outputs changes. */
START_TEST(permuted_matrices_permute_outputs)
{
    float x[ROWS], px[ROWS], a[COLS], b[COLS];
    chip_net k = dense_new("interface: {input_bits: 6, dac_bits: 6, adc_bits: 0}\n" SMALL);
    k.links = 0;
    k.o.weight_bits = 6;
    kit_vector(x, ROWS, 0, 1);
    outputs(&k, x, a);
    const xb_matrix *m;
    xb_layout_matrices(k.l, &m);
    float *w = xb_graph_write(k.n.g, m->weight), *old = xb_malloc(ROWS * COLS * sizeof *old);
    memcpy(old, w, ROWS * COLS * sizeof *old);
    for (int c = 0; c < COLS; c++)
        for (int r = 0; r < ROWS; r++) w[(c * 7 + 2) % COLS * ROWS + (r * 37 + 5) % ROWS] = old[c * ROWS + r];
    for (int r = 0; r < ROWS; r++) px[(r * 37 + 5) % ROWS] = x[r];
    outputs(&k, px, b);
    for (int c = 0; c < COLS; c++)
        ck_assert_msg(fabs((double)b[(c * 7 + 2) % COLS] - (double)a[c]) <= 1e-5, "column %d", c);
    free(old);
    kit_free(&k);
}
END_TEST

/* Groups in arrays of their own, packed on the diagonal, spread over the dense matrix: the same devices. */
START_TEST(packing_groups_changes_nothing)
{
    static const char *const hw[] = {"crossbar: {rows: 9, cols: 3}\n", "crossbar: {rows: 64, cols: 16}\n",
                                     "crossbar: {rows: 14, cols: 4}\n",
                                     "crossbar: {rule: exact, rows: 64, cols: 64}\n"};
    xb_trial t[4];
    for (size_t i = 0; i < 4; i++) {
        chip_net k = kit_new();
        xb_value x = net_input(&k.n, "x", DIMS(k.n.batch, 1, 28, 28));
        x = net_conv(&k.n, x, 1, 6, 5, 2, 1, 1);
        x = net_conv(&k.n, x, 6, 12, 3, 2, 1, 6);   /* six groups of 9 x 2 */
        x = net_conv(&k.n, x, 12, 12, 3, 2, 1, 12); /* depthwise */
        x = net_op(&k.n, "Flatten", IN(x));
        xb_graph_add_output(k.n.g, net_dense(&k.n, x, 12 * 16, 10));
        kit_device(&k, &kit_lognormal_device, &sigma);
        xb_buf text = {0};
        xb_buf_printf(&text, KIT_IDEAL "%s", hw[i]);
        kit_layout(&k, text.data);
        const xb_layer_cost *cost;
        xb_layout_layer_costs(k.l, &cost);
        if (i == 1) ck_assert(cost[1].packed && !cost[1].spread);
        kit_sim(&k);
        kit_run(&k, 0, 1, &t[i]);
        xb_buf_free(&text);
        kit_free(&k);
        ck_assert_msg(!memcmp(&t[0], &t[i], sizeof t[0]), "%s: loss %g, not %g", hw[i], t[i].loss, t[0].loss);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, moving_arrays_changes_nothing);
    tcase_add_test(t, lists_of_rows_and_columns_are_respected);
    tcase_add_test(t, rows_may_go_to_other_arrays);
    tcase_add_test(t, a_deleted_array_takes_its_own_cells_alone);
    tcase_add_test(t, permuted_matrices_permute_outputs);
    tcase_add_test(t, packing_groups_changes_nothing);
    return run_case("sim_layout", t);
}
