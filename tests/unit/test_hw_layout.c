/* The plan of small graphs: arrays, blocks, nets, packing; what the arrays hold is the matrix. */
#include "base/file.h"
#include "base/rng.h"
#include "hw_fixture.h"
#include <stdio.h>
#include <unistd.h>

static void check_layer(const fx *f, const char *name, int64_t arrays, int64_t rows, int64_t cols)
{
    const xb_layer_cost *c = fx_cost(f, name);
    const xb_array *a;
    const xb_layer_cost *all;
    xb_layout_arrays(f->l, &a);
    xb_layout_layer_costs(f->l, &all);
    ck_assert_int_eq(c->arrays, arrays);
    int64_t first = 0;
    for (const xb_layer_cost *k = all; k < c; k++) first += k->arrays;
    for (int64_t i = first; i < first + arrays; i++) {
        ck_assert_int_eq(a[i].rows, rows);
        ck_assert_int_eq(a[i].cols, cols);
    }
}

/* Every element of every matrix is in exactly one cell, bit for bit; every other cell is +0. */
static void check_rebuild(const fx *f)
{
    const xb_matrix *m;
    const xb_array *a;
    const xb_block *b;
    size_t n_m = xb_layout_matrices(f->l, &m), n_a = xb_layout_arrays(f->l, &a), n_b = xb_layout_blocks(f->l, &b);
    uint32_t **seen = xb_calloc(n_m, sizeof *seen);
    float **whole = xb_calloc(n_m, sizeof *whole);
    for (size_t i = 0; i < n_m; i++) {
        size_t cells = (size_t)(m[i].groups * m[i].rows * m[i].cols);
        seen[i] = xb_calloc(cells, sizeof **seen);
        whole[i] = xb_calloc(cells, sizeof **whole);
    }
    size_t block = 0, bad = 0; /* counted: ck_assert is slow */
    for (size_t i = 0; i < n_a; i++) {
        size_t cells = (size_t)a[i].rows * (size_t)a[i].cols;
        float *v = xb_malloc(cells * sizeof *v);
        char *used = xb_calloc(cells, 1);
        memset(v, 0xff, cells * sizeof *v);
        xb_layout_array_values(f->l, f->g, a[i].id, v);
        ck_assert_uint_eq(a[i].id, i);
        ck_assert_uint_eq(a[i].first_block, block);
        for (uint32_t k = 0; k < a[i].blocks; k++, block++) {
            const xb_block *p = &b[block];
            ck_assert_uint_eq(p->array, i);
            ck_assert(p->at_row + p->rows <= a[i].rows && p->at_col + p->cols <= a[i].cols);
            for (uint32_t j = 0; j < k; j++) { /* on the diagonal: no row or column is shared */
                const xb_block *q = p - 1 - j;
                bad += q->at_row < p->at_row + p->rows && p->at_row < q->at_row + q->rows;
                bad += q->at_col < p->at_col + p->cols && p->at_col < q->at_col + q->cols;
            }
            for (int64_t r = 0; r < p->rows; r++)
                for (int64_t c = 0; c < p->cols; c++) {
                    size_t cell = (size_t)((p->at_row + r) * a[i].cols + p->at_col + c);
                    size_t at = (size_t)((p->group * m[p->matrix].rows + p->row + r) * m[p->matrix].cols + p->col + c);
                    bad += used[cell] != 0;
                    used[cell] = 1;
                    seen[p->matrix][at]++;
                    whole[p->matrix][at] = v[cell];
                }
        }
        for (size_t k = 0; k < cells; k++) bad += !used[k] && memcmp(&v[k], &(float){0}, 4) != 0;
        free(v);
        free(used);
    }
    ck_assert_uint_eq(block, n_b);
    for (size_t i = 0; i < n_m; i++) {
        const float *w = xb_graph_data(f->g, m[i].weight);
        for (int64_t g = 0, at = 0; g < m[i].groups; g++)
            for (int64_t r = 0; r < m[i].rows; r++)
                for (int64_t c = 0; c < m[i].cols; c++, at++) {
                    const float *want = &w[g * m[i].group_stride + r * m[i].row_stride + c * m[i].col_stride];
                    bad += seen[i][at] != 1;
                    bad += memcmp(want, &whole[i][at], 4) != 0;
                }
        free(seen[i]);
        free(whole[i]);
    }
    ck_assert_uint_eq(bad, 0);
    free(seen);
    free(whole);
}

/* Nets: of the arrays they name, and their wires are the layers'. */
static void check_nets(const fx *f)
{
    const xb_net *n;
    const xb_block *b;
    const xb_array *a;
    const xb_layer_cost *c;
    size_t count = xb_layout_nets(f->l, &n);
    size_t layers = xb_layout_layer_costs(f->l, &c);
    xb_layout_blocks(f->l, &b);
    xb_layout_arrays(f->l, &a);
    int64_t *wires = xb_calloc(2 * layers, sizeof *wires), *full = xb_calloc(2 * layers, sizeof *full);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_gt(n[i].arrays, 1);
        for (uint32_t k = 0; k < n[i].arrays; k++) {
            const xb_array *at = &a[n[i].first_array + k * n[i].stride];
            const xb_block *p = &b[at->first_block], *end = p + at->blocks;
            while (p + 1 < end && p->group != n[i].group) p++;
            ck_assert(p->matrix == n[i].matrix && p->group == n[i].group);
            ck_assert((n[i].row ? p->row : p->col) == n[i].index && (n[i].row ? p->rows : p->cols) == n[i].count);
        }
        ck_assert(n[i].row || n[i].stride == 1);
        wires[2 * n[i].matrix + n[i].row] += n[i].wires;
        full[2 * n[i].matrix + n[i].row] += n[i].count * n[i].arrays;
    }
    for (size_t i = 0; i < layers; i++) {
        ck_assert(wires[2 * i] == c[i].col_wires && wires[2 * i + 1] == c[i].row_wires);
        ck_assert(full[2 * i] == c[i].col_wires_full && full[2 * i + 1] == c[i].row_wires_full);
    }
    free(wires);
    free(full);
}

START_TEST(lenet)
{
    fx f = fx_new(FX_EXACT);
    fx_lenet(&f);
    fx_plan(&f);
    check_layer(&f, "conv1", 1, 25, 20);
    check_layer(&f, "conv2", 10, 50, 50);
    check_layer(&f, "fc1", 160, 50, 50);
    check_layer(&f, "fc2", 10, 50, 10);
    const xb_chip_cost *c = xb_layout_chip_cost(f.l);
    ck_assert_int_eq(c->cells, 430500);
    ck_assert_int_eq(c->array_cells, 430500);
    ck_assert_int_eq(c->compacted_cells, 430500);
    ck_assert_int_eq(c->arrays, 181);
    ck_assert_int_eq(c->layers, 4);
    ck_assert_int_eq(fx_cost(&f, "conv1")->mvms, 576);
    ck_assert_int_eq(fx_cost(&f, "conv2")->mvms, 64);
    ck_assert_int_eq(fx_cost(&f, "fc1")->mvms, 1);
    ck_assert_int_eq(fx_cost(&f, "fc1")->col_wires_full, 500 * 16);
    ck_assert_int_eq(fx_cost(&f, "fc1")->row_wires_full, 800 * 10);
    ck_assert_str_eq(fx_cost(&f, "fc2")->op_type, "MatMul");
    check_rebuild(&f);
    check_nets(&f);
    fx_free(&f);
}
END_TEST

START_TEST(lenet_in_fixed_arrays)
{
    fx f = fx_new(FX_FIXED(128));
    fx_lenet(&f);
    fx_plan(&f);
    check_layer(&f, "conv1", 1, 128, 128);
    check_layer(&f, "conv2", 4, 128, 128);
    check_layer(&f, "fc1", 28, 128, 128);
    check_layer(&f, "fc2", 4, 128, 128);
    ck_assert_int_eq(xb_layout_chip_cost(f.l)->padding_cells, 37 * 128 * 128 - 430500);
    check_rebuild(&f);
    check_nets(&f);
    fx_free(&f);
}
END_TEST

/* Low-rank A and B as convolutions and dense layers would be: here by their matrices. */
START_TEST(low_rank_nets)
{
    static const fx_size a[] = {{"1u", 25, 5},   {"1v", 5, 20},   {"2u", 500, 12},  {"2v", 12, 50},
                                {"3u", 800, 36}, {"3v", 36, 500}, {"last", 500, 10}};
    static const fx_size b[] = {{"1u", 75, 12},  {"1v", 12, 32}, {"2u", 800, 19},   {"2v", 19, 32},
                                {"3u", 800, 22}, {"3v", 22, 64}, {"last", 1024, 10}};
    static const int64_t arrays_a[] = {1, 1, 10, 1, 16, 10, 10}, arrays_b[] = {3, 1, 16, 1, 16, 1, 16};
    for (int net = 0; net < 2; net++) {
        fx f = fx_sizes(FX_EXACT, net ? b : a, 7);
        const xb_layer_cost *c;
        xb_layout_layer_costs(f.l, &c);
        for (int i = 0; i < 7; i++) ck_assert_int_eq(c[i].arrays, (net ? arrays_b : arrays_a)[i]);
        ck_assert_int_eq(xb_layout_chip_cost(f.l)->wires, net ? 852 : 1156);
        check_rebuild(&f);
        check_nets(&f);
        fx_free(&f);
    }
}
END_TEST

/* Depthwise 3x3 over 32 channels: 9 x 1 a group. */
START_TEST(depthwise)
{
    fx f = fx_new(FX_EXACT), g = fx_new(FX_FIXED(128));
    for (int i = 0; i < 2; i++) {
        fx *p = i ? &g : &f;
        xb_value x = fx_input(p, "x", FX_TYPE(1, 32, 10, 10));
        xb_graph_add_output(p->g, fx_conv(p, "dw", x, 32, 1, 3, 32));
        fx_plan(p);
        check_rebuild(p);
        check_nets(p);
        ck_assert(fx_cost(p, "dw")->packed && fx_cost(p, "dw")->tiling.padded == (i == 1));
        ck_assert_int_eq(fx_cost(p, "dw")->cells, 288);
        ck_assert_int_eq(fx_cost(p, "dw")->col_wires_full + fx_cost(p, "dw")->row_wires_full, 0);
        ck_assert_double_eq(fx_cost(p, "dw")->routing_area_ratio, 1);
        ck_assert_int_eq(fx_cost(p, "dw")->mvms, 64);
    }
    const xb_array *a;
    ck_assert_uint_eq(xb_layout_arrays(f.l, &a), 5); /* 64/9 = 7 groups an array: 7+7+7+7+4 */
    ck_assert(a[0].rows == 63 && a[0].cols == 7 && a[4].rows == 36 && a[4].cols == 4 && a[4].blocks == 4);
    ck_assert_int_eq(fx_cost(&f, "dw")->array_cells, 4 * 63 * 7 + 36 * 4);
    ck_assert_int_eq(fx_cost(&f, "dw")->compacted_cells, 4 * 63 * 7 + 36 * 4);
    ck_assert_int_eq(fx_cost(&g, "dw")->arrays, 3);       /* 128/9 = 14 */
    ck_assert_int_eq(fx_cost(&g, "dw")->arrays_dense, 3); /* 288 x 32 */
    ck_assert_int_eq(fx_cost(&g, "dw")->tiling.rows, 128);
    ck_assert_double_eq(fx_cost(&g, "dw")->adc_conversions, 64 * 8 * 32);
    ck_assert_double_eq(fx_cost(&g, "dw")->dac_conversions, 64 * 8 * 288);
    fx_free(&f);
    fx_free(&g);
}
END_TEST

/* Packing against the dense spread, and groups too large to share. */
START_TEST(grouped)
{
    fx f = fx_new(FX_FIXED(128));
    xb_value x = fx_input(&f, "x", FX_TYPE(1, 256, 8, 8));
    xb_value y = fx_conv(&f, "g4", x, 256, 64, 3, 4); /* 576 x 64 each: cut, not packed */
    y = fx_conv(&f, "dw", y, 256, 1, 3, 256);         /* 9 x 1 each: 14 an array */
    y = fx_conv(&f, "g64", y, 128, 4, 1, 64);         /* 4 x 2 each: 32 an array */
    xb_graph_add_output(f.g, y);
    fx_plan(&f);
    const xb_layer_cost *g4 = fx_cost(&f, "g4"), *dw = fx_cost(&f, "dw"), *g64 = fx_cost(&f, "g64");
    ck_assert(!g4->packed && g4->arrays == 4 * 5 && g4->arrays_dense == 18 * 2 && g4->col_wires_full == 256 * 5);
    ck_assert(dw->packed && dw->spread && dw->arrays == 18 && dw->arrays_dense == 18 * 2); /* 19 in whole groups */
    ck_assert(!g64->spread);
    ck_assert(g64->packed && g64->arrays == 2 && g64->arrays_dense == 2 && g64->cells == 512);
    check_rebuild(&f);
    check_nets(&f);
    fx_free(&f);
}
END_TEST

/* Cells that what is left of an array counts: at least 16 x 8, unless its matrix is smaller. */
static int64_t left(int64_t kept_rows, int64_t kept_cols, int64_t rows, int64_t cols)
{
    int64_t r = rows < 16 ? rows : 16, c = cols < 8 ? cols : 8;
    return !kept_rows ? 0 : (kept_rows < r ? r : kept_rows) * (kept_cols < c ? c : kept_cols);
}

/* A group of a packed array that is all zero leaves rows and columns; an array of such groups is a zero array. */
START_TEST(packed_zeros)
{
    fx f = fx_new(FX_EXACT);
    xb_value x = fx_input(&f, "x", FX_TYPE(1, 10, 5, 5));
    xb_graph_add_output(f.g, fx_conv(&f, "dw", x, 10, 1, 3, 10));
    float *w = xb_graph_write(f.g, xb_graph_find(f.g, "dw.w"));
    memset(w + 9 * 7, 0, 9 * 3 * sizeof *w); /* groups 7..9: the second array */
    memset(w, 0, 9 * sizeof *w);
    w[9] = 0; /* one row of group 1 */
    fx_plan(&f);
    const xb_layer_cost *c = fx_cost(&f, "dw");
    ck_assert_int_eq(c->arrays, 2);
    ck_assert_int_eq(c->zero_arrays, 1);
    ck_assert_int_eq(c->compacted_cells, (6 * 9 - 1) * 7); /* six columns are left of seven: fewer than 8 */
    fx_free(&f);
}
END_TEST

/* 128 groups of 9 x 1 in nine arrays, not in ten of 14 groups: cut where arrays end, their partial sums added. */
START_TEST(spread)
{
    fx f = fx_new(FX_FIXED(128));
    xb_value x = fx_input(&f, "x", FX_TYPE(1, 128, 5, 5));
    xb_graph_add_output(f.g, fx_conv(&f, "dw", x, 128, 1, 3, 128));
    float *w = xb_graph_write(f.g, xb_graph_find(f.g, "dw.w")), v[128 * 128];
    for (int i = 0; i < 30 * 9; i++)
        if (i % 11) w[i] = 0; /* the first arrays */
    fx_plan(&f);
    const xb_layer_cost *c = fx_cost(&f, "dw");
    ck_assert(c->packed && c->spread && c->arrays == 9 && c->arrays_dense == 9 && c->cells == 128 * 9);
    ck_assert_int_eq(c->col_wires_full, 8 * 2); /* a group straddles each of the eight borders */
    ck_assert_int_eq(c->row_wires_full, 0);
    ck_assert_double_eq(c->adc_conversions, 9 * 8 * (128 + 8));
    ck_assert_double_eq(c->dac_conversions, 9 * 8 * 128 * 9);
    int64_t compacted = 0;
    for (uint32_t k = 0; k < 9; k++) {
        int64_t rows = 0, cols = 0;
        xb_layout_array_values(f.l, f.g, k, v);
        for (int i = 0; i < 128; i++) {
            bool row = false, col = false;
            for (int j = 0; j < 128; j++) row |= v[128 * i + j] != 0, col |= v[128 * j + i] != 0;
            rows += row, cols += col;
        }
        compacted += left(rows, cols, 128 * 9, 128);
    }
    ck_assert_int_eq(c->compacted_cells, compacted);
    ck_assert_int_lt(c->col_wires, 16);
    check_rebuild(&f);
    check_nets(&f);
    fx_free(&f);
}
END_TEST

static void random_graph(fx *f, xb_rng *r)
{
    unsigned n = 1 + xb_rng_below(r, 4);
    for (unsigned i = 0; i < n; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%u", i);
        if (xb_rng_below(r, 2)) {
            fx_matrix(f, name, 1 + xb_rng_below(r, 150), 1 + xb_rng_below(r, 150), xb_rng_below(r, 2));
            continue;
        }
        char input[24];
        snprintf(input, sizeof input, "%s.x", name);
        int64_t groups = 1 + xb_rng_below(r, 9), in = 1 + xb_rng_below(r, 8), out = 1 + xb_rng_below(r, 8);
        int64_t k = 1 + xb_rng_below(r, 3);
        xb_value x = fx_input(f, input, FX_TYPE(1, groups * in, 6, 6));
        if (xb_rng_below(r, 3)) {
            xb_graph_add_output(f->g, fx_conv(f, name, x, groups * out, in, k, groups));
        } else {
            xb_op op;
            char w[24];
            snprintf(w, sizeof w, "%s.w", name);
            xb_value weight = fx_weight(f, w, FX_TYPE(groups * in, out, k, k));
            xb_graph_add_output(f->g, fx_op(f, XB_OP_ConvTranspose, name, x, weight, &op));
            xb_graph_set_int(f->g, op, "group", groups);
        }
    }
}

START_TEST(random_graphs)
{
    xb_rng r = xb_rng_at(7, XB_RNG_INIT, 0);
    for (int i = 0; i < 300; i++) {
        char hw[160];
        snprintf(hw, sizeof hw, "xbarc: 1\ncrossbar: {rule: %s, exact: %s, rows: %u, cols: %u}\n",
                 xb_rng_below(&r, 2) ? "exact" : "fixed", xb_rng_below(&r, 2) ? "true" : "false",
                 1 + xb_rng_below(&r, 70), 1 + xb_rng_below(&r, 70));
        fx f = fx_new(hw);
        random_graph(&f, &r);
        fx_plan(&f);
        check_rebuild(&f);
        check_nets(&f);
        const xb_layer_cost *c;
        size_t n = xb_layout_layer_costs(f.l, &c);
        for (size_t k = 0; k < n; k++) { /* no weight is zero */
            ck_assert(c[k].padding_cells >= 0 && c[k].zero_arrays == 0);
            ck_assert(c[k].row_wires == c[k].row_wires_full && c[k].col_wires == c[k].col_wires_full);
        }
        fx_free(&f);
    }
}
END_TEST

/* Zeros at random: wires and compaction against a count of array_values. */
START_TEST(random_zeros)
{
    xb_rng r = xb_rng_at(8, XB_RNG_INIT, 0);
    for (int i = 0; i < 100; i++) {
        fx f = fx_new(FX_FIXED(16));
        xb_value w = fx_matrix(&f, "m", 1 + xb_rng_below(&r, 60), 1 + xb_rng_below(&r, 60), i % 2);
        int64_t n = xb_type_count(xb_graph_type(f.g, w));
        float *p = xb_graph_write(f.g, w), v[256];
        for (int64_t k = 0; k < n; k++)
            if (xb_rng_below(&r, 40)) p[k] = k % 2 ? 0.0f : -0.0f;
        fx_plan(&f);
        const xb_layer_cost *c = fx_cost(&f, "m");
        int64_t rows = 0, cols = 0, compacted = 0, zero = 0;
        for (uint32_t k = 0; k < c->arrays; k++) {
            uint32_t row_bits = 0, col_bits = 0;
            xb_layout_array_values(f.l, f.g, k, v);
            for (int q = 0; q < 256; q++)
                if (v[q] != 0) row_bits |= 1u << q / 16, col_bits |= 1u << q % 16;
            int nr = __builtin_popcount(row_bits), nc = __builtin_popcount(col_bits);
            rows += nr, cols += nc, compacted += left(nr, nc, c->rows, c->cols), zero += !nr;
        }
        ck_assert_int_eq(c->compacted_cells, compacted);
        ck_assert_int_eq(c->zero_arrays, zero);
        ck_assert_int_eq(c->row_wires, c->tiling.grid_cols > 1 ? rows : 0);
        ck_assert_int_eq(c->col_wires, c->tiling.grid_rows > 1 ? cols : 0);
        check_nets(&f);
        fx_free(&f);
    }
}
END_TEST

START_TEST(other_types)
{
    fx f = fx_new(FX_FIXED(8));
    xb_type t = FX_TYPE(9, 3);
    t.dtype = XB_F64;
    double v[27];
    for (int i = 0; i < 27; i++) v[i] = i == 4 ? 0 : 1.0 / (i + 1);
    xb_type tx = FX_TYPE(1, 9);
    tx.dtype = XB_F64;
    xb_value x = fx_input(&f, "x", tx), w = xb_graph_add_const(f.g, "w", &t, v);
    xb_graph_add_output(f.g, fx_op(&f, XB_OP_MatMul, "m", x, w, NULL));
    fx_plan(&f);
    float out[64];
    xb_layout_array_values(f.l, f.g, 0, out);
    ck_assert_float_eq(out[8], (float)(1.0 / 4));
    ck_assert_int_eq(fx_cost(&f, "m")->compacted_cells, 2 * 9 * 3);
    fx_free(&f);
}
END_TEST

/* Weights that are views of a file, at an odd address: read in place, and whole after their pages were let go. */
START_TEST(views_of_a_file)
{
    enum { ROWS = 300, COLS = 70 };
    fx f = fx_new(FX_EXACT);
    const char *tmp = getenv("TMPDIR");
    xb_buf path = {0};
    xb_buf_printf(&path, "%s/xbarc-view-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    int fd = mkstemp(path.data);
    FILE *file = fdopen(fd, "wb");
    ck_assert(fd >= 0 && file != NULL && fputc('x', file) == 'x');
    for (int i = 0; i < 2 * ROWS * COLS; i++) {
        float v = (float)(i + 1);
        ck_assert_uint_eq(fwrite(&v, 4, 1, file), 1);
    }
    ck_assert_int_eq(fclose(file), 0);
    xb_view view;
    ck_assert(xb_view_open(f.d, path.data, &view));
    unlink(path.data);
    xb_buf_free(&path);
    const unsigned char *bytes = view.data + 1;
    xb_graph_adopt(f.g, view);
    xb_value x = fx_input(&f, "x", FX_TYPE(1, ROWS));
    for (int i = 0; i < 2; i++) {
        xb_type t = i ? FX_TYPE(COLS, ROWS) : FX_TYPE(ROWS, COLS);
        xb_value w = xb_graph_add_view(f.g, i ? "w1" : "w0", &t, bytes + i * 4 * ROWS * COLS);
        xb_op op;
        xb_graph_add_output(f.g, fx_op(&f, XB_OP_Gemm, i ? "m1" : "m0", x, w, &op));
        if (i) xb_graph_set_int(f.g, op, "transB", 1);
    }
    fx_plan(&f);
    ck_assert(!xb_graph_is_view(f.g, xb_graph_find(f.g, "w0")) && xb_graph_is_mapped(f.g, xb_graph_find(f.g, "w0")));
    ck_assert_int_eq(xb_layout_chip_cost(f.l)->compacted_cells, 2 * ROWS * COLS);
    check_rebuild(&f);
    check_nets(&f);
    fx_free(&f);
}
END_TEST

START_TEST(clone_stands_alone)
{
    fx f = fx_new(FX_EXACT);
    fx_lenet(&f);
    fx_plan(&f);
    xb_layout_place(f.l, 3, 5, 6, 2);
    xb_layout_place(f.l, 100000, 5, 6, 2); /* no such array: nothing */
    xb_layout_set_mesh(f.l, 7, 9);
    xb_layout *copy = xb_layout_clone(f.l);
    xb_layout_free(f.l);
    f.l = copy;
    const xb_array *a;
    int32_t rows, cols;
    ck_assert_uint_eq(xb_layout_arrays(f.l, &a), 181);
    ck_assert(a[3].site_x == 5 && a[3].site_y == 6 && a[3].core == 2 && a[4].core == -1);
    xb_layout_mesh(f.l, &rows, &cols);
    ck_assert(rows == 7 && cols == 9);
    ck_assert_str_eq(xb_layout_chip_cost(f.l)->critical_layer, "conv1");
    ck_assert_int_eq(xb_layout_hw(f.l)->max_rows, 64);
    check_rebuild(&f);
    check_nets(&f);
    fx_free(&f);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, lenet);
    tcase_add_test(t, lenet_in_fixed_arrays);
    tcase_add_test(t, low_rank_nets);
    tcase_add_test(t, depthwise);
    tcase_add_test(t, grouped);
    tcase_add_test(t, packed_zeros);
    tcase_add_test(t, spread);
    tcase_add_test(t, random_graphs);
    tcase_add_test(t, random_zeros);
    tcase_add_test(t, other_types);
    tcase_add_test(t, views_of_a_file);
    tcase_add_test(t, clone_stands_alone);
}

int main(void)
{
    return fx_main("hw_layout", add);
}
