/* wires.c: conductances become what the wires of their array leave of them.
 *
 * An array with resistive wires is linear: its exact transfer matrix takes the place of its conductances, one side and
 * one slice at a time; unused cells are in the off state, and a reference column is the array's last. Variances of
 * reads shrink with the square of what their conductance does (first order). Groups that share an array are read one
 * after another, and so are layers: while one is read the cells of the others conduct as they were programmed, but no
 * voltage is on their rows. */
#include "sim/irdrop.h"
#include "sim/sim_private.h"

#include <stdlib.h>

typedef struct job {
    const xb_build *b;
    size_t slice;
    xb_devices *of; /* by matrix: this layer's, those of layers that share an array with it, else nothing */
    const xb_array *array;
    const xb_block *block;
    uint32_t *list; /* arrays that hold the layer */
} job;

static int64_t row_of(const xb_block *b, int64_t r)
{
    return b->row_list ? b->row_list[r] : b->row + r;
}

static int64_t col_of(const xb_block *b, int64_t c)
{
    return b->col_list ? b->col_list[c] : b->col + c;
}

static size_t cell(const xb_matrix *m, const xb_block *b, int64_t r, int64_t c)
{
    return (size_t)((b->group * m->rows + row_of(b, r)) * m->cols + col_of(b, c));
}

/* Conductance and variance follow what the wires leave of the former. */
static void follow(float *g, float *variance, double now)
{
    double ratio = *g > 0 ? now / (double)*g : 0;
    *g = (float)now;
    if (variance) *variance = (float)((double)*variance * ratio * ratio);
}

static bool is_ours(const job *j, const xb_block *b)
{
    return &j->b->stages[b->matrix] == j->b->layer;
}

/* One array of `cols` columns with or without the reference: into `dense`, or what became of it back. */
static void block_cells(const job *j, const xb_block *b, int side, double *dense, size_t cols, bool back)
{
    const xb_matrix *m = j->b->stages[b->matrix].m;
    float *g = j->of[b->matrix].g[side], *variance = j->of[b->matrix].variance[side];
    for (int64_t r = 0; r < b->rows; r++)
        for (int64_t c = 0; c < b->cols; c++) {
            size_t at = cell(m, b, r, c), to = (size_t)(b->at_row + r) * cols + (size_t)(b->at_col + c);
            if (back)
                follow(&g[at], variance ? &variance[at] : NULL, dense[to]);
            else
                dense[to] = (double)g[at];
        }
}

/* The reference devices beside a block, in the last column of its array. */
static void block_reference(const job *j, const xb_block *b, double *dense, size_t cols, bool back)
{
    const xb_sections *cut = &j->b->stages[b->matrix].cut;
    xb_devices *v = &j->of[b->matrix];
    int64_t col = col_of(b, 0);
    for (size_t k = cut->first[b->group]; k < cut->first[b->group + 1]; k++) {
        const xb_section *p = &cut->list.data[k];
        int64_t c = 0, row = 0;
        while (c < p->cols && p->col[c] != col) c++;
        if (c == p->cols) continue;
        while (row < p->rows && p->row[row] != row_of(b, 0)) row++;
        for (int64_t r = 0; r < b->rows; r++) {
            size_t at = v->reference_at[k] + (size_t)((row + r) * p->refs + p->ref[c]);
            size_t to = (size_t)(b->at_row + r) * cols + cols - 1;
            if (back)
                follow(&v->reference[at], v->reference_variance ? &v->reference_variance[at] : NULL, dense[to]);
            else
                dense[to] = (double)v->reference[at];
        }
    }
}

/* Blocks of this layer, or those of the others. */
static void blocks(const job *j, const xb_array *a, bool ours, int side, double *dense, size_t cols, bool back)
{
    for (uint32_t k = 0; k < a->blocks; k++) {
        const xb_block *b = &j->block[a->first_block + k];
        const xb_devices *v = &j->of[b->matrix];
        if (b->rows < 1 || b->cols < 1 || !v->g[side] || is_ours(j, b) != ours) continue;
        block_cells(j, b, side, dense, cols, back);
        if (v->reference) block_reference(j, b, dense, cols, back);
    }
}

static bool solve(const job *j, xb_diags *d, double *dense, double *transfer, size_t rows, size_t cols)
{
    const xb_hw *hw = &j->b->layer->hw;
    xb_irdrop *s = xb_irdrop_new(d, dense, rows, cols, hw->wire_r_row, hw->wire_r_col);
    if (!s) return false;
    xb_irdrop_work *w = xb_irdrop_work_new(s);
    xb_irdrop_result result = xb_irdrop_transfer(s, w, NULL, transfer);
    xb_irdrop_work_free(w);
    xb_irdrop_free(s);
    if (result.converged) return true;
    return xb_error(d, "irdrop", (.node = j->b->layer->m->name),
                    "an array's currents do not settle: residual %g after %d iterations", result.residual,
                    result.iterations);
}

static bool has_reference(const job *j, const xb_array *a)
{
    for (uint32_t k = 0; k < a->blocks; k++)
        if (j->of[j->block[a->first_block + k].matrix].reference) return true;
    return false;
}

static bool wire_array(void *context, size_t item, xb_diags *d)
{
    const job *j = context;
    const xb_array *a = &j->array[j->list[item]];
    size_t rows = (size_t)a->rows, cols = (size_t)a->cols + has_reference(j, a), n = rows * cols;
    const xb_devices *v = &j->of[j->b->layer - j->b->stages];
    double *dense = xb_calloc(2 * n, sizeof *dense), *transfer = dense + n;
    bool ok = true;
    for (int side = 0; ok && side < XB_SIDES && v->g[side]; side++) {
        for (size_t i = 0; i < n; i++) dense[i] = j->b->layer->map.g_min;
        blocks(j, a, false, side, dense, cols, false);
        blocks(j, a, true, side, dense, cols, false);
        ok = solve(j, d, dense, transfer, rows, cols);
        if (ok) blocks(j, a, true, side, transfer, cols, true);
    }
    free(dense);
    return ok;
}

static bool holds_ours(const job *j, const xb_array *a)
{
    for (uint32_t k = 0; k < a->blocks; k++)
        if (is_ours(j, &j->block[a->first_block + k])) return true;
    return false;
}

/* The other layers of an array are programmed as they are for themselves. */
static bool program_others(job *j, const xb_array *a)
{
    for (uint32_t k = 0; k < a->blocks; k++) {
        const xb_block *b = &j->block[a->first_block + k];
        xb_build other = *j->b;
        other.layer = &j->b->stages[b->matrix];
        other.cut = &other.layer->cut;
        if (j->of[b->matrix].g[XB_SIDE_PLUS] || other.layer->exact || j->slice >= other.layer->map.slices) continue;
        if (!xb_devices_program(&other, j->slice, &j->of[b->matrix])) return false;
    }
    return true;
}

bool xb_devices_wire(const xb_build *b, size_t slice, xb_devices *v)
{
    const xb_hw *hw = &b->layer->hw;
    if (hw->wire_r_row <= 0 && hw->wire_r_col <= 0) return true;
    job j = {.b = b, .slice = slice};
    const xb_matrix *m;
    size_t all = xb_layout_arrays(b->s->layout, &j.array), n = 0, own = (size_t)(b->layer - b->stages);
    size_t matrices = xb_layout_matrices(b->s->layout, &m);
    bool ok = true;
    xb_layout_blocks(b->s->layout, &j.block);
    j.list = xb_calloc(all + 1, sizeof *j.list);
    j.of = xb_calloc(matrices, sizeof *j.of);
    j.of[own] = *v;
    for (uint32_t i = 0; ok && i < all; i++) {
        if (!holds_ours(&j, &j.array[i])) continue;
        j.list[n++] = i;
        ok = program_others(&j, &j.array[i]);
    }
    ok = ok && xb_sim_items(b->threads, n, b->s->d, wire_array, &j);
    for (size_t i = 0; i < matrices; i++)
        if (i != own) xb_devices_free(&j.of[i]);
    free(j.of);
    free(j.list);
    return ok;
}
