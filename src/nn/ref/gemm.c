/* gemm.c: Gemm, and MatMul with numpy's batching. */
#include "nn/ref/kernel.h"

typedef struct xb_product_out {
    const xb_tensor *y;
    int64_t first, row_stride;
    double alpha, beta;
    const xb_cell *addend; /* NULL: none */
    int64_t addend_row, addend_col;
} xb_product_out;

static void take_rows(void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *tile, int ld)
{
    const xb_product_out *o = cx;
    bool real = xb_is_float(o->y->type.dtype);
    for (int r = 0; r < rows; r++) {
        xb_cell *v = tile + r * ld;
        for (int k = 0; k < cols; k++) {
            const xb_cell *add = o->addend ? o->addend + (row + r) * o->addend_row + (col + k) * o->addend_col : NULL;
            if (real)
                v[k].f = o->alpha * v[k].f + (add ? o->beta * add->f : 0);
            else
                v[k].u = (uint64_t)(int64_t)o->alpha * v[k].u + (add ? (uint64_t)(int64_t)o->beta * add->u : 0);
        }
        xb_cells_store(v, o->y->type.dtype, o->y->data, o->first + (row + r) * o->row_stride + col, 1, cols);
    }
}

static bool multiplies(xb_dtype t)
{
    return xb_is_float(t) || t == XB_I32 || t == XB_I64 || t == XB_U32 || t == XB_U64;
}

bool xb_ref_gemm(const xb_call *c)
{
    const xb_tensor *a = &c->in[0], *b = &c->in[1], *y = &c->out[0];
    xb_dtype t = a->type.dtype;
    bool ta = xb_call_int(c, "transA", 0) != 0, tb = xb_call_int(c, "transB", 0) != 0;
    if (!multiplies(t)) return xb_call_refuse(c, t);
    if (a->type.rank != 2 || b->type.rank != 2 || y->type.rank != 2) return xb_call_bad(c, "inputs are not matrices");
    int64_t m = y->type.dim[0], n = y->type.dim[1], k = a->type.dim[ta ? 0 : 1];
    if (a->type.dim[ta ? 1 : 0] != m || b->type.dim[tb ? 1 : 0] != k || b->type.dim[tb ? 0 : 1] != n)
        return xb_call_bad(c, "matrices do not fit");
    xb_product_out o = {y, 0, n, xb_call_real(c, "alpha", 1), xb_call_real(c, "beta", 1), NULL, 0, 0};
    if (!xb_is_float(t) && (o.alpha != (double)(int64_t)o.alpha || o.beta != (double)(int64_t)o.beta))
        return xb_call_refuse(c, t);
    xb_strides_row spread = {{0}};
    xb_cell *addend = NULL;
    if (xb_call_has(c, 2)) {
        if (!xb_broadcast(&c->in[2].type, &y->type, &spread)) return xb_call_bad(c, "C does not fit the product");
        o.addend = addend = xb_cells_of(&c->in[2]);
        o.addend_row = spread.of[0];
        o.addend_col = spread.of[1];
    }
    xb_grid ga = {t, a->data, 0, ta ? 1 : k, ta ? m : 1}, gb = {t, b->data, 0, tb ? 1 : n, tb ? k : 1};
    xb_product(xb_class_of(t), m, n, k, (xb_operand){xb_grid_load, &ga}, (xb_operand){xb_grid_load, &gb}, take_rows,
               &o);
    free(addend);
    return true;
}

/* A vector is a matrix of one row (left) or column (right), as numpy.matmul. */
static xb_type as_matrix(const xb_type *t, bool left)
{
    xb_type m = *t;
    if (t->rank != 1) return m;
    m.rank = 2;
    m.dim[0] = left ? 1 : t->dim[0];
    m.dim[1] = left ? t->dim[0] : 1;
    return m;
}

typedef struct xb_batch {
    xb_dtype dtype;
    const xb_tensor *a, *b, *y;
    int64_t m, n, k;
} xb_batch;

/* One row of the batch dimensions; offsets count matrices. */
static void multiply_row(void *cx, const int64_t *offset, const int64_t *stride, int64_t count)
{
    const xb_batch *v = cx;
    for (int64_t i = 0; i < count; i++) {
        xb_grid a = {v->dtype, v->a->data, (offset[0] + i * stride[0]) * v->m * v->k, v->k, 1};
        xb_grid b = {v->dtype, v->b->data, (offset[1] + i * stride[1]) * v->k * v->n, v->n, 1};
        xb_product_out o = {v->y, (offset[2] + i * stride[2]) * v->m * v->n, v->n, 1, 0, NULL, 0, 0};
        xb_product(xb_class_of(v->dtype), v->m, v->n, v->k, (xb_operand){xb_grid_load, &a},
                   (xb_operand){xb_grid_load, &b}, take_rows, &o);
    }
}

bool xb_ref_matmul(const xb_call *c)
{
    const xb_tensor *y = &c->out[0];
    xb_dtype t = c->in[0].type.dtype;
    if (!multiplies(t)) return xb_call_refuse(c, t);
    if (c->in[0].type.rank < 1 || c->in[1].type.rank < 1) return xb_call_bad(c, "input is a scalar");
    xb_type a = as_matrix(&c->in[0].type, true), b = as_matrix(&c->in[1].type, false), batch = {.rank = 0};
    xb_batch v = {t, &c->in[0], &c->in[1], y, a.dim[a.rank - 2], b.dim[b.rank - 1], a.dim[a.rank - 1]};
    if (b.dim[b.rank - 2] != v.k) return xb_call_bad(c, "matrices do not fit");
    a.rank -= 2;
    b.rank -= 2;
    batch.rank = a.rank > b.rank ? a.rank : b.rank;
    for (int d = 0; d < batch.rank; d++) {
        int64_t da = d < batch.rank - a.rank ? 1 : a.dim[d - batch.rank + a.rank];
        int64_t db = d < batch.rank - b.rank ? 1 : b.dim[d - batch.rank + b.rank];
        batch.dim[d] = da == 1 ? db : da;
    }
    xb_strides_row stride[3];
    if (!xb_broadcast(&a, &batch, &stride[0]) || !xb_broadcast(&b, &batch, &stride[1]))
        return xb_call_bad(c, "batches do not fit");
    xb_strides(&batch, stride[2].of);
    if (xb_type_count(&y->type) != xb_type_count(&batch) * v.m * v.n) return xb_call_bad(c, "result has another shape");
    xb_walk_rows(batch.rank, batch.dim, 3, stride, multiply_row, &v);
    return true;
}
