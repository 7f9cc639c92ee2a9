/* IR drop against a direct solve: all 2PQ nodes in one banded LDL^T, nothing eliminated by hand; Kirchhoff's laws. */
#include "irdrop_kit.h"
#include "nn/train/vector.h"

/* Lower band, [n][band + 1]: row k holds A[k][k - band .. k]. */
typedef struct banded {
    size_t n, band;
    double *a, *x; /* x: right-hand side, then solution */
} banded;

static double *at(const banded *m, size_t i, size_t j)
{
    return m->a + i * (m->band + 1) + m->band - (i - j);
}

static void connect(banded *m, size_t i, size_t j, double siemens)
{
    *at(m, i, i) += siemens;
    *at(m, j, j) += siemens;
    *(i > j ? at(m, i, j) : at(m, j, i)) -= siemens;
}

/* Cholesky's rows: L[i][j] from products of rows i and j, both contiguous. */
XB_VECTOR static double dot8(const double *a, const double *b, size_t n)
{
    double part[8] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) part[k] += a[i + k] * b[i + k];
    for (; i < n; i++) sum += a[i] * b[i];
    for (size_t k = 0; k < 8; k++) sum += part[k];
    return sum;
}

static void factor(banded *m)
{
    for (size_t i = 0; i < m->n; i++) {
        size_t first = i > m->band ? i - m->band : 0;
        for (size_t j = first; j < i; j++) {
            size_t from = j > m->band ? j - m->band : 0;
            if (from < first) from = first;
            *at(m, i, j) = (*at(m, i, j) - dot8(at(m, i, from), at(m, j, from), j - from)) / *at(m, j, j);
        }
        double pivot = *at(m, i, i) - dot8(at(m, i, first), at(m, i, first), i - first);
        ck_assert_double_gt(pivot, 0);
        *at(m, i, i) = sqrt(pivot);
    }
}

static void substitute(banded *m)
{
    for (size_t i = 0; i < m->n; i++) {
        size_t first = i > m->band ? i - m->band : 0;
        m->x[i] = (m->x[i] - dot8(at(m, i, first), m->x + first, i - first)) / *at(m, i, i);
    }
    for (size_t i = m->n; i--;) {
        size_t first = i > m->band ? i - m->band : 0;
        m->x[i] /= *at(m, i, i);
        for (size_t j = first; j < i; j++) m->x[j] -= *at(m, i, j) * m->x[i];
    }
}

/* Node 2(iQ + j) is w[i][j], the next one b[i][j]. */
static void direct(const array *a, double *current, double *word, double *bit)
{
    size_t cols = a->cols;
    double row = 1 / a->r_row, col = 1 / a->r_col;
    banded m = {.n = 2 * a->rows * cols, .band = 2 * cols};
    m.a = xb_calloc(m.n * (m.band + 1), sizeof *m.a);
    m.x = xb_calloc(m.n, sizeof *m.x);
    for (size_t i = 0; i < a->rows; i++) {
        for (size_t j = 0; j < cols; j++) {
            size_t w = 2 * (i * cols + j), b = w + 1;
            connect(&m, w, b, a->g[i * cols + j]);
            if (j + 1 < cols) connect(&m, w, w + 2, row);
            if (i + 1 < a->rows) connect(&m, b, b + 2 * cols, col);
        }
        *at(&m, 2 * i * cols, 2 * i * cols) += row;
        m.x[2 * i * cols] = row * a->v[i];
    }
    for (size_t j = 0; j < cols; j++) {
        size_t b = 2 * ((a->rows - 1) * cols + j) + 1;
        *at(&m, b, b) += col;
    }
    factor(&m);
    substitute(&m);
    for (size_t i = 0; i < a->rows * cols; i++) word[i] = m.x[2 * i], bit[i] = m.x[2 * i + 1];
    for (size_t j = 0; j < cols; j++) current[j] = bit[(a->rows - 1) * cols + j] * col;
    free(m.a);
    free(m.x);
}

static void agree(array a)
{
    size_t n = a.rows * a.cols;
    double *x = xb_calloc(4 * n + 2 * a.cols, sizeof *x), *current = x + 4 * n, *want = current + a.cols;
    direct(&a, want, x, x + n);
    solve_all(&a, current, x + 2 * n, x + 3 * n, NULL);
    expect_close(current, want, a.cols, 1e-9, 0);
    expect_close(x + 2 * n, x, n, 1e-9, 1e-3);
    expect_close(x + 3 * n, x + n, n, 1e-9, 1e-3);
    free(x);
    free_array(&a);
}

START_TEST(direct_solve_of_64)
{
    agree(random_array(64, 64, 2.5, 2.5, 1e-6, 100e-6, false, false));
    agree(random_array(64, 64, 20, 20, 1e-6, 1e-3, false, false));
    agree(random_array(64, 64, 2.5, 1, 1e-6, 100e-6, true, true));
}
END_TEST

START_TEST(direct_solve_of_128)
{
    agree(random_array(128, 128, 2.5, 2.5, 1e-6, 100e-6, false, false));
}
END_TEST

START_TEST(direct_solve_of_odd_sizes)
{
    static const size_t sizes[][2] = {{1, 1}, {1, 7}, {9, 1}, {2, 3}, {8, 8}, {7, 17}, {33, 5}, {130, 20}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        agree(random_array(sizes[i][0], sizes[i][1], 3, 1.5, 1e-6, 100e-6, true, false));
        agree(random_array(sizes[i][0], sizes[i][1], 0.1, 40, 0, 1e-3, true, false));
    }
}
END_TEST

/* Kirchhoff: what flows out of a node, relative to what flows in it. w and b: nodes; returns the largest. */
static double leak(const array *a, const double *w, const double *b)
{
    double most = 0;
    size_t cols = a->cols;
    for (size_t i = 0; i < a->rows; i++)
        for (size_t j = 0; j < cols; j++) {
            size_t k = i * cols + j;
            double cell = a->g[k] * (w[k] - b[k]);
            double left = ((j ? w[k - 1] : a->v[i]) - w[k]) / a->r_row;
            double right = j + 1 < cols ? (w[k] - w[k + 1]) / a->r_row : 0;
            double above = i ? (b[k - cols] - b[k]) / a->r_col : 0;
            double below = (b[k] - (i + 1 < a->rows ? b[k + cols] : 0)) / a->r_col;
            most = fmax(most, fabs(left - right - cell) / fabs(w[k] / a->r_row));
            most = fmax(most, fabs(above + cell - below) / fabs(b[k] / a->r_col));
        }
    return most;
}

/* What the drivers deliver, resistors turn to heat. */
static double heat(const array *a, const double *w, const double *b)
{
    double sum = 0;
    size_t cols = a->cols;
    for (size_t i = 0; i < a->rows; i++)
        for (size_t j = 0; j < cols; j++) {
            size_t k = i * cols + j;
            double along = (j ? w[k - 1] : a->v[i]) - w[k], down = b[k] - (i + 1 < a->rows ? b[k + cols] : 0);
            sum += a->g[k] * (w[k] - b[k]) * (w[k] - b[k]) + along * along / a->r_row + down * down / a->r_col;
        }
    return sum;
}

START_TEST(kirchhoff_and_power_at_256)
{
    array a = random_array(256, 256, 2.5, 2.5, 1e-6, 100e-6, false, false);
    size_t n = a.rows * a.cols;
    double *x = xb_calloc(2 * n + a.cols, sizeof *x), power, heated;
    int iterations = solve_all(&a, x + 2 * n, x, x + n, &power);
    ck_assert_int_le(iterations, 12);
    ck_assert_double_le(leak(&a, x, x + n), 1e-13);
    heated = heat(&a, x, x + n);
    expect_close(&power, &heated, 1, 1e-12, 0);
    free(x);
    free_array(&a);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {direct_solve_of_64, direct_solve_of_128, direct_solve_of_odd_sizes,
                                  kirchhoff_and_power_at_256, NULL};
    return run_suite("sim_irdrop_direct", tests);
}
