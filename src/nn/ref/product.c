/* product.c: a blocked matrix product over cells. */
#include "nn/ref/kernel.h"
#include <string.h>

enum { ROWS = 128, COLS = 128, DEPTH = 256, WIDE = 4 };

typedef double xb_f64x4 __attribute__((vector_size(32)));
typedef uint64_t xb_u64x4 __attribute__((vector_size(32)));

/* c (4 or 1 rows, 4 columns) += a * b over `depth`; a has DEPTH cells a row, b and c have COLS. */
#define KERNELS(T, V, member)                                                                                          \
    static void four_rows_##member(int depth, const xb_cell *a, const xb_cell *b, xb_cell *c)                          \
    {                                                                                                                  \
        V s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, v;                                                                   \
        for (int p = 0; p < depth; p++) {                                                                              \
            memcpy(&v, b + p * COLS, sizeof v);                                                                        \
            s0 += a[p].member * v;                                                                                     \
            s1 += a[p + DEPTH].member * v;                                                                             \
            s2 += a[p + 2 * DEPTH].member * v;                                                                         \
            s3 += a[p + 3 * DEPTH].member * v;                                                                         \
        }                                                                                                              \
        for (int j = 0; j < WIDE; j++) {                                                                               \
            c[j].member += s0[j];                                                                                      \
            c[j + COLS].member += s1[j];                                                                               \
            c[j + 2 * COLS].member += s2[j];                                                                           \
            c[j + 3 * COLS].member += s3[j];                                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    static void one_row_##member(int depth, const xb_cell *a, const xb_cell *b, xb_cell *c)                            \
    {                                                                                                                  \
        V s = {0}, v;                                                                                                  \
        for (int p = 0; p < depth; p++) {                                                                              \
            memcpy(&v, b + p * COLS, sizeof v);                                                                        \
            s += a[p].member * v;                                                                                      \
        }                                                                                                              \
        for (int j = 0; j < WIDE; j++) c[j].member += s[j];                                                            \
    }                                                                                                                  \
    static void tile_##member(int rows, int cols, int depth, const xb_cell *a, const xb_cell *b, xb_cell *c)           \
    {                                                                                                                  \
        for (int j = 0; j < cols; j += WIDE) {                                                                         \
            int i = 0;                                                                                                 \
            for (; i + 4 <= rows; i += 4) four_rows_##member(depth, a + i * DEPTH, b + j, c + i * COLS + j);           \
            for (; i < rows; i++) one_row_##member(depth, a + i * DEPTH, b + j, c + i * COLS + j);                     \
        }                                                                                                              \
    }

KERNELS(double, xb_f64x4, f)
KERNELS(uint64_t, xb_u64x4, u)

void xb_grid_load(const void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *to, int ld)
{
    const xb_grid *g = cx;
    int64_t first = g->first + row * g->row_stride + col * g->col_stride;
    if (g->col_stride == 1 || g->row_stride != 1) {
        for (int r = 0; r < rows; r++)
            xb_cells_load(to + r * ld, g->dtype, g->data, first + r * g->row_stride, g->col_stride, cols);
        return;
    }
    xb_cell column[DEPTH];
    for (int c = 0; c < cols; c++) {
        xb_cells_load(column, g->dtype, g->data, first + c * g->col_stride, 1, rows);
        for (int r = 0; r < rows; r++) to[r * ld + c] = column[r];
    }
}

static int part(int64_t left, int most)
{
    return left < most ? (int)left : most;
}

void xb_product(xb_class class, int64_t m, int64_t n, int64_t k, xb_operand a, xb_operand b, xb_tile_take *take,
                void *cx)
{
    xb_cell *ta = xb_calloc(ROWS * DEPTH, sizeof *ta), *tb = xb_calloc(DEPTH * COLS, sizeof *tb),
            *tc = xb_calloc(ROWS * COLS, sizeof *tc);
    for (int64_t i = 0; i < m; i += ROWS) {
        int rows = part(m - i, ROWS);
        for (int64_t j = 0; j < n; j += COLS) {
            int cols = part(n - j, COLS);
            memset(tc, 0, ROWS * COLS * sizeof *tc);
            for (int64_t p = 0; p < k; p += DEPTH) {
                int depth = part(k - p, DEPTH);
                a.load(a.cx, i, p, rows, depth, ta, DEPTH);
                b.load(b.cx, p, j, depth, cols, tb, COLS);
                (class == XB_CLASS_FLOAT ? tile_f : tile_u)(rows, cols, depth, ta, tb, tc);
            }
            take(cx, i, j, rows, cols, tc, COLS);
        }
    }
    free(ta);
    free(tb);
    free(tc);
}
