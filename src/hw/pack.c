/* pack.c: grouped and depthwise convolutions: several small groups share one array, block-diagonally.
 *
 * A group's rows and columns belong to no other group, so k groups of N x M fit one array of kN x kM; the cells off the
 * diagonal stay unused (weight zero). Other tools spread all groups into one dense matrix; its count is reported
 * beside. Where the fixed rule leaves much of an array, that matrix without its arrays of zeros alone may need fewer:
 * groups are then cut where arrays end, and their partial sums added. */
#include "hw/layout_private.h"

int64_t xb_pack_groups(const xb_hw *hw, int64_t groups, int64_t rows, int64_t cols)
{
    if (groups < 2 || rows > hw->max_rows || cols > hw->max_cols) return 1;
    int64_t down = hw->max_rows / rows, across = hw->max_cols / cols;
    int64_t k = down < across ? down : across;
    return k < groups ? k : groups;
}

int64_t xb_pack_dense(const xb_hw *hw, int64_t groups, int64_t rows, int64_t cols)
{
    int64_t all_rows, all_cols, n;
    if (!xb_mul_i64(groups, rows, &all_rows) || !xb_mul_i64(groups, cols, &all_cols)) return INT64_MAX;
    xb_tiling t = xb_tile(hw, all_rows, all_cols);
    return xb_mul_i64(t.grid_rows, t.grid_cols, &n) ? n : INT64_MAX;
}

/* ---- the spread ---- */

typedef struct span {
    int64_t first, end;
} span;

static span overlap(span a, span b)
{
    return (span){a.first > b.first ? a.first : b.first, a.end < b.end ? a.end : b.end};
}

/* Groups with a part in array row r and array column c. */
static span groups_in(const xb_hw *hw, const xb_matrix *m, int64_t r, int64_t c)
{
    int64_t row = r * hw->max_rows, col = c * hw->max_cols;
    span rows = {row / m->rows, (row + hw->max_rows - 1) / m->rows + 1};
    span cols = {col / m->cols, (col + hw->max_cols - 1) / m->cols + 1};
    return overlap(overlap(rows, cols), (span){0, m->groups});
}

/* Array rows that array column c has something in: consecutive ones. */
static span rows_of_column(const xb_hw *hw, const xb_matrix *m, int64_t c)
{
    int64_t first = c * hw->max_cols / m->cols, last = ((c + 1) * hw->max_cols - 1) / m->cols;
    if (last >= m->groups) last = m->groups - 1;
    return (span){first * m->rows / hw->max_rows, ((last + 1) * m->rows - 1) / hw->max_rows + 1};
}

int64_t xb_pack_spread(const xb_hw *hw, const xb_matrix *m)
{
    int64_t all_rows, all_cols, n = 0;
    if (hw->rule != XB_TILING_FIXED || m->rows > hw->max_rows || m->cols > hw->max_cols) return INT64_MAX;
    if (!xb_mul_i64(m->groups, m->rows, &all_rows) || !xb_mul_i64(m->groups, m->cols, &all_cols)) return INT64_MAX;
    if (all_cols / hw->max_cols > XB_MAX_ARRAYS || all_rows / hw->max_rows > XB_MAX_ARRAYS) return INT64_MAX;
    for (int64_t c = 0; c * hw->max_cols < all_cols; c++) {
        span rows = rows_of_column(hw, m, c);
        n += rows.end - rows.first;
    }
    return n;
}

static void add_part(xb_layout *l, uint32_t i, int64_t g, span rows, span cols)
{
    const xb_matrix *m = &l->matrices.data[i];
    span r = overlap(rows, (span){g * m->rows, (g + 1) * m->rows});
    span c = overlap(cols, (span){g * m->cols, (g + 1) * m->cols});
    xb_array *a = &l->arrays.data[l->arrays.n - 1];
    xb_block b = {.array = a->id, .matrix = i, .group = g, .row = r.first - g * m->rows, .rows = r.end - r.first};
    b.col = c.first - g * m->cols, b.cols = c.end - c.first;
    b.at_row = (int32_t)(r.first - rows.first), b.at_col = (int32_t)(c.first - cols.first);
    a->blocks++;
    xb_push(&l->blocks, b);
}

/* A group lies in at most two arrays of a row or column: those of a column follow one another. */
static void add_nets(xb_layout *l, uint32_t i, uint32_t first_block)
{
    for (uint32_t k = first_block; k < l->blocks.n; k++) {
        const xb_block *b = &l->blocks.data[k];
        for (uint32_t j = k + 1; j < l->blocks.n; j++) {
            const xb_block *o = &l->blocks.data[j];
            if (o->array > b->array + 3) break; /* the other parts of a group are in the next arrays */
            if (o->group != b->group) continue;
            xb_net net = {.matrix = i, .group = b->group, .first_array = b->array, .arrays = 2};
            net.stride = o->array - b->array;
            if (o->col == b->col) {
                net.index = b->col, net.count = b->cols;
            } else if (o->row == b->row) {
                net.row = true, net.index = b->row, net.count = b->rows;
            } else {
                continue;
            }
            xb_push(&l->nets, net);
        }
    }
}

void xb_plan_spread(xb_layout *l, uint32_t i, const xb_hw *hw)
{
    const xb_matrix *m = &l->matrices.data[i];
    uint32_t first_block = (uint32_t)l->blocks.n;
    for (int64_t c = 0; c * hw->max_cols < m->groups * m->cols; c++) {
        span rows = rows_of_column(hw, m, c);
        for (int64_t r = rows.first; r < rows.end; r++) {
            xb_array a = {.id = (uint32_t)l->arrays.n, .rows = (int32_t)hw->max_rows, .cols = (int32_t)hw->max_cols};
            a.core = a.site_x = a.site_y = -1;
            a.first_block = (uint32_t)l->blocks.n;
            xb_push(&l->arrays, a);
            span g = groups_in(hw, m, r, c);
            for (int64_t k = g.first; k < g.end; k++)
                add_part(l, i, k, (span){r * hw->max_rows, (r + 1) * hw->max_rows},
                         (span){c * hw->max_cols, (c + 1) * hw->max_cols});
        }
    }
    add_nets(l, i, first_block);
}

/* Rows and columns of a block that are not all zero. */
static span kept_of(const xb_layout *l, const xb_graph *g, const xb_block *b)
{
    const xb_matrix *m = &l->matrices.data[b->matrix];
    xb_matrix_data v = xb_matrix_data_of(g, m);
    span kept = {0, 0};
    for (int64_t r = 0; r < b->rows; r++) {
        int64_t c = 0;
        while (c < b->cols && xb_matrix_value(&v, m, b->group, b->row + r, b->col + c) == 0) c++;
        kept.first += c < b->cols;
    }
    for (int64_t c = 0; c < b->cols; c++) {
        int64_t r = 0;
        while (r < b->rows && xb_matrix_value(&v, m, b->group, b->row + r, b->col + c) == 0) r++;
        kept.end += r < b->rows;
    }
    return kept;
}

static void count_net(xb_layout *l, const xb_graph *g, xb_layer_cost *cost, xb_net *net)
{
    for (uint32_t k = 0; k < net->arrays; k++) {
        const xb_array *a = &l->arrays.data[net->first_array + k * net->stride];
        const xb_block *b = &l->blocks.data[a->first_block];
        while (b->group != net->group) b++;
        span kept = kept_of(l, g, b);
        net->wires += net->row ? kept.first : kept.end;
    }
    *(net->row ? &cost->row_wires : &cost->col_wires) += net->wires;
    *(net->row ? &cost->row_wires_full : &cost->col_wires_full) += net->count * net->arrays;
}

void xb_count_spread(xb_layout *l, const xb_graph *g, size_t i)
{
    xb_layer_cost *cost = &l->costs.data[i];
    const xb_matrix *m = &l->matrices.data[i];
    for (uint32_t k = l->first_array.data[i]; k < l->first_array.data[i + 1]; k++) {
        const xb_array *a = &l->arrays.data[k];
        span sum = {0, 0};
        for (uint32_t b = 0; b < a->blocks; b++) {
            span kept = kept_of(l, g, &l->blocks.data[a->first_block + b]);
            sum.first += kept.first, sum.end += kept.end;
        }
        cost->compacted_cells += xb_compacted(sum.first, sum.end, m->groups * m->rows, m->groups * m->cols);
        cost->zero_arrays += sum.first == 0;
    }
    for (uint32_t k = l->first_net.data[i]; k < l->first_net.data[i + 1]; k++) count_net(l, g, cost, &l->nets.data[k]);
    int64_t full = cost->row_wires_full + cost->col_wires_full;
    double ratio = full ? (double)(cost->row_wires + cost->col_wires) / (double)full : 1;
    cost->routing_area_ratio = ratio * ratio;
}
