/* plan.c: a graph's matrices -> arrays, blocks and nets.
 *
 * Arrays of one group are numbered column by column of the grid (all row blocks of the first column block first), so
 * that the arrays whose partial sums are added follow one another. A group's nets: those of its columns, then those of
 * its rows. */
#include "hw/layout_private.h"

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void add_array(xb_layout *l, int64_t rows, int64_t cols)
{
    xb_array a = {.id = (uint32_t)l->arrays.n, .rows = (int32_t)rows, .cols = (int32_t)cols};
    a.core = a.site_x = a.site_y = -1;
    a.first_block = (uint32_t)l->blocks.n;
    xb_push(&l->arrays, a);
}

/* A block of the array that was added last. */
static void add_block(xb_layout *l, const xb_block *block)
{
    xb_array *a = &l->arrays.data[l->arrays.n - 1];
    xb_block b = *block;
    b.array = a->id;
    a->blocks++;
    xb_push(&l->blocks, b);
}

static void plan_packed(xb_layout *l, uint32_t i, const xb_hw *hw, int64_t k)
{
    const xb_matrix *m = &l->matrices.data[i];
    bool fixed = hw->rule == XB_TILING_FIXED;
    for (int64_t g = 0; g < m->groups; g += k) {
        int64_t n = at_most(k, m->groups - g);
        add_array(l, fixed ? hw->max_rows : n * m->rows, fixed ? hw->max_cols : n * m->cols);
        for (int64_t j = 0; j < n; j++)
            add_block(l, &(xb_block){.matrix = i,
                                     .group = g + j,
                                     .rows = m->rows,
                                     .cols = m->cols,
                                     .at_row = (int32_t)(j * m->rows),
                                     .at_col = (int32_t)(j * m->cols)});
    }
}

static void plan_group(xb_layout *l, uint32_t i, int64_t group, const xb_tiling *t)
{
    const xb_matrix *m = &l->matrices.data[i];
    const xb_order *o = &l->orders.data[i];
    for (int64_t c = 0; c < t->grid_cols; c++)
        for (int64_t r = 0; r < t->grid_rows; r++) {
            int64_t row = r * t->rows, col = c * t->cols;
            add_array(l, t->rows, t->cols);
            add_block(l, &(xb_block){.matrix = i,
                                     .group = group,
                                     .row = row,
                                     .rows = at_most(t->rows, m->rows - row),
                                     .col = col,
                                     .cols = at_most(t->cols, m->cols - col),
                                     .row_list = o->rows ? o->rows + row : NULL,
                                     .col_list = o->cols ? o->cols + col : NULL});
        }
}

static void plan_nets(xb_layout *l, uint32_t i, int64_t group, const xb_tiling *t)
{
    const xb_matrix *m = &l->matrices.data[i];
    uint32_t gr = (uint32_t)t->grid_rows, gc = (uint32_t)t->grid_cols;
    uint32_t first = l->first_array.data[i] + (uint32_t)group * gr * gc;
    xb_net net = {.matrix = i, .group = group};
    for (uint32_t c = 0; gr > 1 && c < gc; c++) {
        net.index = c * t->cols, net.count = at_most(t->cols, m->cols - net.index);
        net.first_array = first + c * gr, net.arrays = gr, net.stride = 1;
        xb_push(&l->nets, net);
    }
    net.row = true;
    for (uint32_t r = 0; gc > 1 && r < gr; r++) {
        net.index = r * t->rows, net.count = at_most(t->rows, m->rows - net.index);
        net.first_array = first + r, net.arrays = gc, net.stride = gr;
        xb_push(&l->nets, net);
    }
}

/* Everything of the cost that follows from sizes alone. */
static void cost_of_sizes(xb_layout *l, uint32_t i, const xb_hw *hw, const xb_tiling *t, bool packed)
{
    const xb_matrix *m = &l->matrices.data[i];
    xb_layer_cost *c = &l->costs.data[i];
    c->groups = m->groups, c->rows = m->rows, c->cols = m->cols;
    c->tiling = *t;
    c->packed = packed;
    c->arrays = (int64_t)l->arrays.n - l->first_array.data[i];
    c->arrays_dense = xb_pack_dense(hw, m->groups, m->rows, m->cols);
    c->cells = m->groups * m->rows * m->cols;
    for (size_t k = l->first_array.data[i]; k < l->arrays.n; k++)
        c->array_cells += (int64_t)l->arrays.data[k].rows * l->arrays.data[k].cols;
    c->padding_cells = c->array_cells - c->cells;
    c->mvms = m->mvms > 0 ? m->mvms : 0;
    if (packed) return;
    if (t->grid_rows > 1) c->col_wires_full = m->groups * m->cols * t->grid_rows;
    if (t->grid_cols > 1) c->row_wires_full = m->groups * m->rows * t->grid_cols;
}

static bool too_many(xb_diags *d, const xb_graph *g, const xb_layout *l, const xb_matrix *m, int64_t arrays)
{
    if (arrays <= XB_MAX_ARRAYS - (int64_t)l->arrays.n) return false;
    xb_where where = xb_graph_where(g, m->op);
    xb_diag(d, XB_ERROR, "layout-size", &where,
            "%lldx%lld in %lld groups needs too many arrays; at most %d in a layout", (long long)m->rows,
            (long long)m->cols, (long long)m->groups, XB_MAX_ARRAYS);
    return true;
}

/* Divisors that are never padded may be as small as 1: says so when that makes many arrays. */
static void warn_exact(xb_diags *d, const xb_graph *g, const xb_hw *hw, const xb_matrix *m, int64_t arrays)
{
    xb_hw padding = *hw;
    int64_t n;
    padding.exact = false;
    if (hw->rule != XB_TILING_EXACT || !hw->exact) return;
    xb_tiling t = xb_tile(&padding, m->rows, m->cols);
    if (!xb_mul_i64(t.grid_rows, t.grid_cols, &n) || !xb_mul_i64(n, m->groups, &n) || arrays <= 4 * n) return;
    t = xb_tile(hw, m->rows, m->cols);
    xb_where where = xb_graph_where(g, m->op);
    xb_diag(d, XB_WARNING, "hw-exact", &where,
            "%lld x %lld has no larger divisors than %lld x %lld: %lld arrays; `exact: false` would pad and need %lld",
            (long long)m->rows, (long long)m->cols, (long long)t.rows, (long long)t.cols, (long long)arrays,
            (long long)n);
}

static bool plan_matrix(xb_diags *d, const xb_graph *g, xb_layout *l, uint32_t i)
{
    const xb_matrix *m = &l->matrices.data[i];
    xb_hw hw = xb_hw_for(&l->hw, m->name, l->costs.data[i].op_type);
    int64_t k = xb_pack_groups(&hw, m->groups, m->rows, m->cols), n;
    xb_tiling t = xb_tile(&hw, m->rows, m->cols);
    bool spread = false;
    if (k > 1) {
        int64_t dense = xb_pack_spread(&hw, m);
        n = (m->groups + k - 1) / k;
        spread = dense < n;
        bool fixed = hw.rule == XB_TILING_FIXED;
        if (spread) {
            n = dense;
            t = xb_tile(&hw, m->groups * m->rows, m->groups * m->cols);
            t.padded = true;
        } else {
            t = (xb_tiling){fixed ? hw.max_rows : k * m->rows, fixed ? hw.max_cols : k * m->cols, 1, n, fixed};
        }
    } else if (!xb_mul_i64(t.grid_rows, t.grid_cols, &n) || !xb_mul_i64(n, m->groups, &n)) {
        n = INT64_MAX;
    }
    if (too_many(d, g, l, m, n)) return false;
    if (k == 1) warn_exact(d, g, &hw, m, n);
    xb_order *o = &l->orders.data[i];
    if (!xb_order_read(d, g, m, false, l->arena, &o->rows) || !xb_order_read(d, g, m, true, l->arena, &o->cols))
        return false;
    if (spread) xb_plan_spread(l, i, &hw);
    if (k > 1 && !spread) plan_packed(l, i, &hw, k);
    for (int64_t group = 0; k == 1 && group < m->groups; group++) {
        plan_group(l, i, group, &t);
        plan_nets(l, i, group, &t);
    }
    cost_of_sizes(l, i, &hw, &t, k > 1);
    l->costs.data[i].spread = spread;
    return true;
}

static void collect(xb_layout *l, const xb_graph *g)
{
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        xb_matrix m;
        if (!xb_graph_matrix(g, op, &m) || m.groups < 1 || m.rows < 1 || m.cols < 1) continue;
        m.name = xb_arena_strdup(l->arena, m.name);
        xb_push(&l->matrices, m);
        xb_push(&l->orders, (xb_order){0});
        xb_push(&l->costs,
                (xb_layer_cost){.name = m.name, .op_type = xb_arena_strdup(l->arena, xb_graph_op_type(g, op))});
    }
}

static void warn_unknown_sizes(xb_diags *d, const xb_graph *g, const xb_layout *l)
{
    for (size_t i = 0; i < l->matrices.n; i++) {
        if (l->matrices.data[i].mvms > 0) continue;
        xb_where where = xb_graph_where(g, l->matrices.data[i].op);
        xb_diag(d, XB_WARNING, "hw-mvms", &where,
                "how many products an image takes depends on a size that is not fixed: time and energy are not given");
    }
}

/* weights.bin and every comparison with it are float32. */
static void warn_rounded(xb_diags *d, const xb_graph *g, const xb_layout *l)
{
    for (size_t i = 0; i < l->matrices.n; i++) {
        if (xb_graph_type(g, l->matrices.data[i].weight)->dtype != XB_F64) continue;
        xb_where where = xb_graph_where(g, l->matrices.data[i].op);
        xb_diag(d, XB_WARNING, "hw-rounded", &where, "its float64 weights are laid out rounded to float32");
    }
}

xb_layout *xb_layout_plan(xb_diags *d, const xb_graph *g, const xb_hw *hw)
{
    xb_layout *l = xb_calloc(1, sizeof *l);
    l->arena = xb_arena_new();
    l->hw = xb_hw_copy(l->arena, hw);
    collect(l, g);
    bool ok = l->matrices.n > 0;
    if (!ok)
        xb_error(d, "layout-empty", (.file = xb_graph_file(g)),
                 "nothing to map: the graph has no Conv, ConvTranspose, Gemm or MatMul with a constant weight");
    if (ok) warn_unknown_sizes(d, g, l);
    if (ok) warn_rounded(d, g, l);
    if (ok) xb_hw_warn_unmatched(d, &l->hw, l->costs.data, l->costs.n);
    for (size_t i = 0; ok && i < l->matrices.n; i++) {
        xb_push(&l->first_array, (uint32_t)l->arrays.n);
        xb_push(&l->first_net, (uint32_t)l->nets.n);
        ok = plan_matrix(d, g, l, (uint32_t)i);
    }
    if (!ok) {
        xb_layout_free(l);
        return NULL;
    }
    xb_push(&l->first_array, (uint32_t)l->arrays.n);
    xb_push(&l->first_net, (uint32_t)l->nets.n);
    for (size_t i = 0; i < l->matrices.n; i++) {
        xb_layout_count(l, g, i);
        xb_layout_cost(l, i);
    }
    xb_layout_cost_chip(l);
    return l;
}
