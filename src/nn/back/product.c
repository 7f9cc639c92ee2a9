/* product.c: gradients of Gemm and MatMul: for Y = A B, dA = dY B^T and dB = A^T dY. */
#include "nn/back/kernel.h"

typedef struct xb_scaled {
    const xb_tensor *to;
    int64_t row_stride, col_stride;
    double factor;
} xb_scaled;

static void take_scaled(void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *tile, int ld)
{
    const xb_scaled *s = cx;
    for (int r = 0; r < rows; r++) {
        xb_cell *v = tile + r * ld;
        for (int k = 0; k < cols; k++) v[k].f *= s->factor;
        xb_cells_store(v, s->to->type.dtype, s->to->data, (row + r) * s->row_stride + col * s->col_stride,
                       s->col_stride, cols);
    }
}

static void multiply(int64_t m, int64_t n, int64_t k, xb_grid a, xb_grid b, xb_tile_take *take, void *cx)
{
    xb_product(XB_CLASS_FLOAT, m, n, k, (xb_operand){xb_grid_load, &a}, (xb_operand){xb_grid_load, &b}, take, cx);
}

bool xb_back_gemm(const xb_back *g)
{
    const xb_tensor *a = &g->c.in[0], *b = &g->c.in[1], *dy = &g->dout[0];
    const xb_type *y = &g->c.out[0].type;
    bool ta = xb_call_int(&g->c, "transA", 0) != 0, tb = xb_call_int(&g->c, "transB", 0) != 0;
    int64_t m = y->dim[0], n = y->dim[1], k = a->type.dim[ta ? 0 : 1];
    double alpha = xb_call_real(&g->c, "alpha", 1);
    if (xb_back_wants(g, 0)) {
        xb_scaled da = {&g->din[0], ta ? 1 : k, ta ? m : 1, alpha};
        multiply(m, k, n, (xb_grid){y->dtype, dy->data, 0, n, 1},
                 (xb_grid){b->type.dtype, b->data, 0, tb ? k : 1, tb ? 1 : n}, take_scaled, &da);
    }
    if (xb_back_wants(g, 1)) {
        xb_scaled db = {&g->din[1], tb ? 1 : n, tb ? k : 1, alpha};
        multiply(k, n, m, (xb_grid){a->type.dtype, a->data, 0, ta ? m : 1, ta ? 1 : k},
                 (xb_grid){y->dtype, dy->data, 0, n, 1}, take_scaled, &db);
    }
    xb_tensor from = {.type = *y, .data = dy->data};
    return !xb_back_wants(g, 2) || xb_back_narrow(g, &from, xb_call_real(&g->c, "beta", 1), &g->din[2]);
}

/* ---- MatMul ---- */

/* A vector is a matrix of one row (left) or column (right); what is left are the batch dimensions. */
static xb_type batch_of(const xb_type *t, bool left, int64_t *rows, int64_t *cols)
{
    xb_type batch = *t;
    *rows = t->rank > 1 ? t->dim[t->rank - 2] : left ? 1 : t->dim[0];
    *cols = t->rank > 1 ? t->dim[t->rank - 1] : left ? t->dim[0] : 1;
    batch.rank = t->rank > 1 ? t->rank - 2 : 0;
    return batch;
}

typedef struct xb_batches {
    const xb_tensor *a, *b, *dy;
    xb_cell *da, *db; /* NULL: not wanted */
    int64_t m, n, k;
} xb_batches;

typedef struct xb_sum {
    xb_cell *to;
    int64_t cols;
} xb_sum;

static void take_sum(void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *tile, int ld)
{
    const xb_sum *s = cx;
    for (int r = 0; r < rows; r++)
        for (int k = 0; k < cols; k++) s->to[(row + r) * s->cols + col + k].f += tile[r * ld + k].f;
}

/* One row of the batch dimensions; offsets count matrices of a, b, dy. */
static void batch_row(void *cx, const int64_t *offset, const int64_t *stride, int64_t count)
{
    const xb_batches *v = cx;
    for (int64_t i = 0; i < count; i++) {
        int64_t a = (offset[0] + i * stride[0]) * v->m * v->k, b = (offset[1] + i * stride[1]) * v->k * v->n;
        xb_grid dy = {v->dy->type.dtype, v->dy->data, (offset[2] + i * stride[2]) * v->m * v->n, v->n, 1};
        if (v->da) {
            xb_sum s = {v->da + a, v->k};
            multiply(v->m, v->k, v->n, dy, (xb_grid){v->b->type.dtype, v->b->data, b, 1, v->n}, take_sum, &s);
        }
        if (v->db) {
            xb_sum s = {v->db + b, v->n};
            multiply(v->k, v->n, v->m, (xb_grid){v->a->type.dtype, v->a->data, a, 1, v->k}, dy, take_sum, &s);
        }
    }
}

/* Where b is one matrix for the whole batch, the matrices of a are one taller matrix. */
bool xb_back_matmul(const xb_back *g)
{
    xb_batches v = {.a = &g->c.in[0], .b = &g->c.in[1], .dy = &g->dout[0]};
    int64_t again;
    xb_type a = batch_of(&v.a->type, true, &v.m, &v.k), b = batch_of(&v.b->type, false, &again, &v.n), batch = a;
    if (b.rank == 0) {
        v.m *= xb_type_count(&a);
        a.rank = batch.rank = 0;
    }
    batch.rank = a.rank > b.rank ? a.rank : b.rank;
    for (int d = 0; d < batch.rank; d++) {
        int64_t da = d < batch.rank - a.rank ? 1 : a.dim[d - batch.rank + a.rank];
        int64_t db = d < batch.rank - b.rank ? 1 : b.dim[d - batch.rank + b.rank];
        batch.dim[d] = da == 1 ? db : da;
    }
    xb_strides_row stride[3];
    if (!xb_broadcast(&a, &batch, &stride[0]) || !xb_broadcast(&b, &batch, &stride[1]))
        return xb_call_bad(&g->c, "batches do not fit");
    xb_strides(&batch, stride[2].of);
    v.da = xb_back_sums(g, 0);
    v.db = xb_back_sums(g, 1);
    xb_walk_rows(batch.rank, batch.dim, 3, stride, batch_row, &v);
    xb_back_give(g, 0, v.da);
    xb_back_give(g, 1, v.db);
    return true;
}
