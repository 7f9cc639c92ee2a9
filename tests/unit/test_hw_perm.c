/* Notes perm-rows and perm-cols: a matrix cut in another order; and the least size of a compacted array. */
#include "hw_host.h"

#include "../../backends/layout.c"
#include "base/file.h"
#include "base/rng.h"
#include <unistd.h>

static void shuffled(int64_t *v, int64_t n, uint64_t seed)
{
    xb_rng r = xb_rng_at(seed, XB_RNG_INIT, 0);
    for (int64_t i = 0; i < n; i++) v[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t k = (int64_t)xb_rng_below(&r, (uint32_t)(i + 1)), t = v[i];
        v[i] = v[k], v[k] = t;
    }
}

/* Every array holds the cells of the permuted matrix that its place in the grid says. */
static void check_values(const fx *f, const int64_t *row, const int64_t *col)
{
    const xb_layer_cost *c = fx_cost(f, "m");
    const xb_matrix *m;
    const xb_block *b;
    float v[64 * 64];
    xb_layout_matrices(f->l, &m);
    xb_layout_blocks(f->l, &b);
    const float *w = xb_graph_data(f->g, m->weight);
    for (uint32_t k = 0; k < c->arrays; k++) {
        xb_layout_array_values(f->l, f->g, k, v);
        for (int64_t r = 0; r < b[k].rows; r++)
            for (int64_t q = 0; q < b[k].cols; q++) {
                int64_t mr = row ? row[b[k].row + r] : b[k].row + r, mc = col ? col[b[k].col + q] : b[k].col + q;
                ck_assert(v[r * c->tiling.cols + q] == w[mr * m->row_stride + mc * m->col_stride]);
            }
    }
}

static void check_wires(const fx *f)
{
    const xb_layer_cost *c = fx_cost(f, "m");
    const xb_net *net;
    float v[64 * 64];
    int64_t rows = 0, cols = 0, wires = 0;
    for (uint32_t k = 0; k < c->arrays; k++) {
        uint64_t row_bits = 0, col_bits = 0;
        xb_layout_array_values(f->l, f->g, k, v);
        for (int64_t i = 0; i < c->tiling.rows * c->tiling.cols; i++)
            if (v[i] != 0) row_bits |= (uint64_t)1 << i / c->tiling.cols, col_bits |= (uint64_t)1 << i % c->tiling.cols;
        rows += __builtin_popcountll(row_bits), cols += __builtin_popcountll(col_bits);
    }
    ck_assert_int_eq(c->row_wires, c->tiling.grid_cols > 1 ? rows : 0);
    ck_assert_int_eq(c->col_wires, c->tiling.grid_rows > 1 ? cols : 0);
    for (size_t n = xb_layout_nets(f->l, &net), i = 0; i < n; i++) wires += net[i].wires;
    ck_assert_int_eq(wires, c->row_wires + c->col_wires);
}

/* Random matrices, sparse, stored either way, float32 or float64, with one list or both. */
START_TEST(arrays_and_wires_follow_the_order)
{
    xb_rng r = xb_rng_at(11, XB_RNG_INIT, 0);
    for (int i = 0; i < 60; i++) {
        fx f = fx_new(i % 3 ? FX_FIXED(16) : FX_EXACT);
        int64_t rows = 1 + xb_rng_below(&r, 200), cols = 1 + xb_rng_below(&r, 60), row[200], col[60];
        xb_value w = fx_matrix(&f, "m", rows, cols, i % 2);
        float *p = xb_graph_write(f.g, w);
        for (int64_t k = 0; k < rows * cols; k++)
            if (xb_rng_below(&r, 30)) p[k] = 0;
        shuffled(row, rows, (uint64_t)i);
        shuffled(col, cols, (uint64_t)i + 1000);
        if (i % 4 != 1) xb_graph_set_note(f.g, w, "perm-rows", row, (size_t)rows);
        if (i % 4 != 2) xb_graph_set_note(f.g, w, "perm-cols", col, (size_t)cols);
        fx_plan(&f);
        check_values(&f, i % 4 != 1 ? row : NULL, i % 4 != 2 ? col : NULL);
        check_wires(&f);
        xb_layout *copy = xb_layout_clone(f.l);
        xb_layout_free(f.l);
        f.l = copy;
        check_values(&f, i % 4 != 1 ? row : NULL, i % 4 != 2 ? col : NULL);
        fx_free(&f);
    }
}
END_TEST

/* Rows 0, 2, 4, ... use column 0, the others column 1: cut as they are, both arrays send both; sorted, one each. */
START_TEST(like_rows_share_an_array)
{
    fx f = fx_new(FX_FIXED(16));
    int64_t row[32];
    xb_value w = fx_matrix(&f, "m", 32, 2, false);
    float *p = xb_graph_write(f.g, w);
    for (int i = 0; i < 32; i++) p[2 * i + !(i % 2)] = 0;
    fx_plan(&f);
    ck_assert_int_eq(fx_cost(&f, "m")->col_wires, 4);
    for (int i = 0; i < 32; i++) row[i] = i < 16 ? 2 * i : 2 * (i - 16) + 1;
    xb_graph_set_note(f.g, w, "perm-rows", row, 32);
    fx_plan(&f);
    ck_assert_int_eq(fx_cost(&f, "m")->col_wires, 2);
    ck_assert_double_eq(fx_cost(&f, "m")->routing_area_ratio, .25);
    fx_free(&f);
}
END_TEST

static void write_files(fx *f, const char *dir)
{
    test_host *h = host_new(f, "layout");
    xb_module *m = xb_module_new(xb_graph_clone(f->g));
    xb_module_set_layout(m, xb_layout_clone(f->l), &xb_layout_ownership);
    folder_sink s = sink_into(dir);
    ck_assert_int_eq(backend.emit(&h->cx, m, &s.sink, NULL), 0);
    xb_module_free(m);
    xb_buf text = {0};
    char *path = xb_path_join(dir, "hardware.yaml");
    xb_hw_print(&text, &f->hw);
    FILE *file = fopen(path, "wb");
    ck_assert(file && fwrite(text.data, 1, text.len, file) == text.len && !fclose(file));
    xb_buf_free(&text);
    free(path);
}

START_TEST(files_say_the_order_and_verify)
{
    char dir[] = "/tmp/xbarc-perm-XXXXXX", command[64];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    fx f = fx_new(FX_EXACT);
    int64_t row[150], col[130];
    xb_value w = fx_matrix(&f, "m", 150, 130, true);
    shuffled(row, 150, 1);
    shuffled(col, 130, 2);
    xb_graph_set_note(f.g, w, "perm-rows", row, 150);
    xb_graph_set_note(f.g, w, "perm-cols", col, 130);
    fx_plan(&f);
    write_files(&f, dir);
    ck_assert_msg(xb_layout_verify(f.d, dir, f.g, NULL), "%s", xb_diags_text(f.d));
    xb_layout *back = xb_layout_read(f.d, dir, f.g, &f.hw);
    ck_assert_ptr_nonnull(back);
    xb_layout_free(f.l);
    f.l = back;
    check_values(&f, row, col);
    ((float *)xb_graph_write(f.g, w))[row[3]] += 1;
    ck_assert(!xb_layout_verify(f.d, dir, f.g, NULL));
    fx_free(&f);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

static void refused(const char *key, const int64_t *list, size_t n, const char *why)
{
    fx f = fx_new(FX_EXACT);
    xb_value w = fx_matrix(&f, "m", 3, 4, false);
    ck_assert(xb_graph_infer(f.d, f.g, NULL));
    xb_graph_set_note(f.g, w, key, list, n);
    ck_assert_ptr_null(xb_layout_plan(f.d, f.g, &f.hw));
    ck_assert_msg(strstr(xb_diags_text(f.d), why) && strstr(xb_diags_text(f.d), "[hw-order]"), "%s",
                  xb_diags_text(f.d));
    fx_free(&f);
}

START_TEST(wrong_notes_are_told)
{
    refused("perm-rows", (int64_t[]){0, 1, 1}, 3, "'perm-rows' of 'm.w' is not a permutation of 0 .. n-1");
    refused("perm-rows", (int64_t[]){0, 1, 3}, 3, "is not a permutation");
    refused("perm-rows", (int64_t[]){0, -1, 2}, 3, "is not a permutation");
    refused("perm-rows", (int64_t[]){0, 1, 2, 3}, 4, "'perm-rows' of 'm.w' has not one number for each row (3)");
    refused("perm-cols", (int64_t[]){0, 1, 2}, 3, "'perm-cols' of 'm.w' has not one number for each column (4)");
    fx f = fx_new(FX_EXACT);
    xb_value x = fx_input(&f, "x", FX_TYPE(1, 4, 5, 5));
    xb_graph_add_output(f.g, fx_conv(&f, "g", x, 4, 2, 1, 2));
    ck_assert(xb_graph_infer(f.d, f.g, NULL));
    xb_graph_set_note(f.g, xb_graph_find(f.g, "g.w"), "perm-rows", (int64_t[]){1, 0}, 2);
    ck_assert_ptr_null(xb_layout_plan(f.d, f.g, &f.hw));
    ck_assert(strstr(xb_diags_text(f.d), "is on a matrix of several groups (2)"));
    fx_free(&f);
}
END_TEST

/* 100 x 20 in arrays of 50 x 20: what is left of an array counts at least 16 x 8; nothing left counts nothing. */
START_TEST(compaction_has_a_least_size)
{
    fx f = fx_new(FX_EXACT);
    float *p = xb_graph_write(f.g, fx_matrix(&f, "m", 100, 20, false));
    memset(p, 0, 100 * 20 * sizeof *p);
    p[0] = 1;
    fx_plan(&f);
    ck_assert_int_eq(fx_cost(&f, "m")->compacted_cells, 16 * 8);
    ck_assert_int_eq(fx_cost(&f, "m")->zero_arrays, 1);
    p = xb_graph_write(f.g, xb_graph_find(f.g, "m.w"));
    for (int i = 0; i < 30; i++) p[20 * (50 + i) + i % 9] = 1;
    fx_plan(&f);
    ck_assert_int_eq(fx_cost(&f, "m")->compacted_cells, 16 * 8 + 30 * 9);
    fx_free(&f);
    f = fx_new(FX_FIXED(64));
    p = xb_graph_write(f.g, fx_matrix(&f, "m", 12, 5, false));
    memset(p, 0, 12 * 5 * sizeof *p);
    p[7] = 1;
    fx_plan(&f);
    ck_assert_int_eq(fx_cost(&f, "m")->compacted_cells, 12 * 5); /* the matrix is smaller than that */
    fx_free(&f);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, arrays_and_wires_follow_the_order);
    tcase_add_test(t, like_rows_share_an_array);
    tcase_add_test(t, files_say_the_order_and_verify);
    tcase_add_test(t, wrong_notes_are_told);
    tcase_add_test(t, compaction_has_a_least_size);
}

int main(void)
{
    return fx_main("hw_perm", add);
}
