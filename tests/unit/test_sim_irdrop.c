/* IR drop: closed forms, limits, symmetries, the transfer matrix, refusals. */
#include "base/par.h"
#include "irdrop_kit.h"

static array uniform(size_t rows, size_t cols, double r_row, double r_col, double g)
{
    array a = random_array(rows, cols, r_row, r_col, g, g, false, false);
    for (size_t i = 0; i < rows; i++) a.v[i] = 1;
    return a;
}

START_TEST(one_cell_is_three_resistors)
{
    array a = {1, 1, 2, 3, (double[]){0.125}, (double[]){-1.5}};
    double current, word, bit, power;
    ck_assert_int_le(solve_all(&a, &current, &word, &bit, &power), 1);
    ck_assert_double_eq_tol(current, -1.5 / 13, 1e-16);
    ck_assert_double_eq_tol(word, -1.5 * 11 / 13, 1e-15);
    ck_assert_double_eq_tol(bit, -1.5 * 3 / 13, 1e-15);
    ck_assert_double_eq_tol(power, 1.5 * 1.5 / 13, 1e-15);
}
END_TEST

/* With 2 cosh t = 2 + r g (4 sinh^2 (t / 2) = r g), a bit line of P cells at 1 V above ideal word lines carries (1 - cosh((P - 1/2) t) /
 * cosh((P + 1/2) t)) / r; along a word line above grounded bit lines the voltage is cosh((Q - j - 1/2) t) / cosh((Q +
 * 1/2) t). */
START_TEST(one_ideal_side_is_a_ladder)
{
    enum { P = 40, Q = 24 };
    const double g = 80e-6, r = 5, t = 2 * asinh(sqrt(r * g) / 2);
    double current[Q], bit[P * Q];
    array a = uniform(P, Q, 0, r, g);
    ck_assert_int_eq(solve_all(&a, current, NULL, bit, NULL), 0);
    for (int j = 0; j < Q; j++) {
        ck_assert_double_eq_tol(current[j] * r, 1 - cosh((P - 0.5) * t) / cosh((P + 0.5) * t), 1e-14);
        ck_assert_double_eq_tol(bit[j], 1 - cosh(0.5 * t) / cosh((P + 0.5) * t), 1e-14);
    }
    free_array(&a);
    a = uniform(P, Q, r, 0, g);
    ck_assert_int_eq(solve_all(&a, current, NULL, bit, NULL), 0);
    for (int j = 0; j < Q; j++)
        ck_assert_double_eq_tol(current[j] / (P * g), cosh((Q - j - 0.5) * t) / cosh((Q + 0.5) * t), 1e-14);
    ck_assert_double_eq(largest(bit, P * Q), 0);
    free_array(&a);
}
END_TEST

static double total_loss(array *a, double r_row, double r_col)
{
    double *current = xb_calloc(2 * a->cols, sizeof *current), *ideal = current + a->cols, loss = 0, all = 0;
    a->r_row = r_row, a->r_col = r_col;
    solve_all(a, current, NULL, NULL, NULL);
    xb_irdrop *s = new_solver(a);
    xb_irdrop_ideal(s, a->v, ideal);
    xb_irdrop_free(s);
    for (size_t j = 0; j < a->cols; j++) loss += ideal[j] - current[j], all += ideal[j];
    free(current);
    return loss / all;
}

START_TEST(thin_wires_are_ideal)
{
    array a = random_array(64, 50, 0, 0, 1e-6, 100e-6, false, true);
    ck_assert_double_le(fabs(total_loss(&a, 0, 0)), 1e-15);
    ck_assert_double_le(fabs(total_loss(&a, 1e-12, 1e-12)), 1e-12);
    ck_assert_double_le(fabs(total_loss(&a, 1e-300, 1e-300)), 1e-15);
    double small = total_loss(&a, 1e-9, 1e-9); /* first order: nothing is lost to rounding */
    ck_assert_double_gt(small, 1e-11);
    ck_assert_double_eq_tol(total_loss(&a, 2e-9, 2e-9) / small, 2, 1e-4);
    ck_assert_double_eq_tol((total_loss(&a, 1e-9, 0) + total_loss(&a, 0, 1e-9)) / small, 1, 1e-4);
    free_array(&a);
}
END_TEST

/* All drivers at one voltage: the total current is the conductance of a network of resistors, which never grows with
 * any of them (Rayleigh). */
START_TEST(loss_grows_with_the_wires)
{
    static const double ohm[] = {0, 1e-6, 1e-3, 0.1, 1, 2.5, 10, 100, 1e4, 1e9};
    array a = random_array(32, 40, 0, 0, 1e-6, 100e-6, false, true);
    for (size_t i = 0; i < a.rows; i++) a.v[i] = 0.2;
    for (size_t i = 1; i < sizeof ohm / sizeof *ohm; i++) {
        ck_assert_double_gt(total_loss(&a, ohm[i], 1), total_loss(&a, ohm[i - 1], 1));
        ck_assert_double_gt(total_loss(&a, 1, ohm[i]), total_loss(&a, 1, ohm[i - 1]));
    }
    ck_assert_double_lt(total_loss(&a, 1e9, 1e9), 1);
    free_array(&a);
}
END_TEST

START_TEST(cells_that_are_not_there_carry_nothing)
{
    enum { P = 12, Q = 9 };
    array a = random_array(P, Q, 2, 3, 1e-6, 100e-6, true, false);
    double current[Q], without[Q], zero[P * Q] = {0};
    for (size_t i = 0; i < P; i++) a.g[i * Q + Q - 1] = 0; /* the last column: as if there were Q - 1 */
    solve_all(&a, current, NULL, NULL, NULL);
    ck_assert_double_eq(current[Q - 1], 0);
    array fewer = {P, Q - 1, 2, 3, xb_calloc(P * Q, sizeof(double)), a.v};
    for (size_t i = 0; i < P; i++) memcpy(fewer.g + i * (Q - 1), a.g + i * Q, (Q - 1) * sizeof(double));
    solve_all(&fewer, without, NULL, NULL, NULL);
    expect_close(current, without, Q - 1, 1e-11, 0);
    free(fewer.g);
    array none = {P, Q, 2, 3, zero, a.v};
    ck_assert_int_eq(solve_all(&none, current, NULL, NULL, NULL), 0);
    ck_assert_double_eq(largest(current, Q), 0);
    memset(a.v, 0, P * sizeof *a.v);
    ck_assert_int_eq(solve_all(&a, current, NULL, NULL, NULL), 0);
    ck_assert_double_eq(largest(current, Q), 0);
    free_array(&a);
}
END_TEST

START_TEST(currents_are_linear_in_the_voltages)
{
    enum { P = 30, Q = 21 };
    array a = random_array(P, Q, 2.5, 4, 1e-6, 100e-6, true, false);
    double current[Q], other[Q];
    static const int powers[] = {1, -600, 600, -900, 900};
    solve_all(&a, current, NULL, NULL, NULL);
    for (size_t k = 0; k < sizeof powers / sizeof *powers; k++) { /* to the bit */
        array b = a;
        b.v = xb_calloc(P, sizeof *b.v);
        for (size_t i = 0; i < P; i++) b.v[i] = -ldexp(a.v[i], powers[k]);
        solve_all(&b, other, NULL, NULL, NULL);
        for (size_t j = 0; j < Q; j++) ck_assert_double_eq(other[j], -ldexp(current[j], powers[k]));
        free(b.v);
    }
    free_array(&a);
}
END_TEST

/* T by one kind of solves: column currents of unit voltages by the other. */
static void check_transfer(size_t rows, size_t cols)
{
    array a = random_array(rows, cols, 2.5, 1.5, 1e-6, 100e-6, true, true);
    double *t = transfer_of(&a), *current = xb_calloc(2 * cols, sizeof *current), *product = current + cols;
    solve_all(&a, current, NULL, NULL, NULL);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) product[j] += a.v[i] * t[i * cols + j];
    expect_close(product, current, cols, 1e-10, 0);
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < rows; k++) a.v[k] = k == i;
        solve_all(&a, current, NULL, NULL, NULL);
        expect_close(t + i * cols, current, cols, 1e-10, 0);
    }
    free(t);
    free(current);
    free_array(&a);
}

START_TEST(transfer_is_what_unit_voltages_give)
{
    check_transfer(64, 64);
    check_transfer(20, 45);
    check_transfer(45, 20);
    check_transfer(1, 6);
    check_transfer(6, 1);
}
END_TEST

/* Driver and sense node change places: the array turned about its other diagonal has the same transfer, turned. One of
 * the two is found by adjoint solves, the other by forward ones. */
START_TEST(transfer_is_reciprocal)
{
    enum { P = 37, Q = 52 };
    array a = random_array(P, Q, 2.5, 7, 1e-6, 1e-3, false, true);
    array b = random_array(Q, P, 7, 2.5, 0, 1, false, false);
    for (size_t i = 0; i < P; i++)
        for (size_t j = 0; j < Q; j++) b.g[(Q - 1 - j) * P + P - 1 - i] = a.g[i * Q + j];
    double *t = transfer_of(&a), *u = transfer_of(&b);
    for (size_t i = 0; i < P; i++)
        for (size_t j = 0; j < Q; j++) expect_close(&u[(Q - 1 - j) * P + P - 1 - i], &t[i * Q + j], 1, 1e-10, 0);
    free(t);
    free(u);
    free_array(&a);
    free_array(&b);
}
END_TEST

START_TEST(equal_cells_are_symmetric)
{
    enum { N = 25 };
    array a = uniform(N, N, 4, 4, 50e-6);
    double *t = transfer_of(&a), current[N];
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) expect_close(&t[i * N + j], &t[(N - 1 - j) * N + N - 1 - i], 1, 1e-10, 0);
    for (size_t i = 1; i < N; i++)
        for (size_t j = 1; j < N; j++) { /* the nearer to driver and sense node, the more current */
            ck_assert_double_gt(t[i * N + j], t[(i - 1) * N + j]);
            ck_assert_double_lt(t[i * N + j], t[i * N + j - 1]);
        }
    solve_all(&a, current, NULL, NULL, NULL);
    for (size_t j = 1; j < N; j++) ck_assert_double_lt(current[j], current[j - 1]);
    free(t);
    free_array(&a);
}
END_TEST

START_TEST(few_iterations)
{
    double current[256];
    array a = random_array(64, 64, 2.5, 2.5, 1e-6, 100e-6, false, false);
    ck_assert_int_le(solve_all(&a, current, NULL, NULL, NULL), 12);
    xb_irdrop *s = new_solver(&a);
    xb_irdrop_work *w = xb_irdrop_work_new(s);
    xb_irdrop_result r = xb_irdrop_solve(s, w, &(xb_irdrop_options){.tolerance = 1e-6}, a.v, current);
    ck_assert(r.converged && r.iterations <= 6);
    r = xb_irdrop_solve(s, w, &(xb_irdrop_options){.most = 1}, a.v, current);
    ck_assert(!r.converged && r.iterations == 1 && r.residual > 1e-12 && r.residual < 0.1);
    xb_irdrop_work_free(w);
    xb_irdrop_free(s);
    free_array(&a);
    a = random_array(128, 128, 2.5, 2.5, 1e-6, 100e-6, true, false);
    ck_assert_int_le(solve_all(&a, current, NULL, NULL, NULL), 12);
    free_array(&a);
    a = random_array(64, 64, 20, 20, 1e-6, 1e-3, false, false);
    ck_assert_int_le(solve_all(&a, current, NULL, NULL, NULL), 24);
    free_array(&a);
}
END_TEST

enum { SOLVES = 24, SIDE = 40 };

typedef struct shared {
    const xb_irdrop *s;
    double v[SOLVES][SIDE], current[SOLVES][SIDE];
} shared;

static bool solve_item(void *context, int worker, size_t item)
{
    (void)worker;
    shared *c = context;
    xb_irdrop_work *w = xb_irdrop_work_new(c->s);
    bool good = xb_irdrop_solve(c->s, w, NULL, c->v[item], c->current[item]).converged;
    xb_irdrop_work_free(w);
    return good;
}

START_TEST(threads_share_a_solver)
{
    array a = random_array(SIDE, SIDE, 2.5, 2.5, 1e-6, 100e-6, false, false);
    xb_irdrop *s = new_solver(&a);
    xb_irdrop_work *w = xb_irdrop_work_new(s);
    shared c = {.s = s};
    double current[SIDE];
    for (size_t k = 0; k < SOLVES; k++)
        for (size_t i = 0; i < SIDE; i++) c.v[k][i] = cos((double)(k * SIDE + i));
    ck_assert(xb_par_run(4, SOLVES, NULL, solve_item, &c));
    for (size_t k = SOLVES; k--;) { /* one used work space, in another order: the same bits */
        xb_irdrop_solve(s, w, NULL, c.v[k], current);
        ck_assert_mem_eq(current, c.current[k], sizeof current);
    }
    xb_irdrop_work_free(w);
    xb_irdrop_free(s);
    free_array(&a);
}
END_TEST

static void refused(const double g[4], size_t rows, double r_row, double r_col, const char *words)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    ck_assert_ptr_null(xb_irdrop_new(d, g, rows, 2, r_row, r_col));
    ck_assert_uint_eq(xb_diags_errors(d), 1);
    ck_assert_msg(strstr(xb_diags_text(d), words) && strstr(xb_diags_text(d), "[irdrop]"), "%s", xb_diags_text(d));
    xb_diags_free(d);
}

START_TEST(refusals)
{
    const double nan = (double)NAN, inf = (double)INFINITY;
    refused((double[]){1, 1, 1, -1e-9}, 2, 1, 1, "row 2, column 2: conductance -1e-09 S is not in 0..1e+06");
    refused((double[]){1, nan, 1, 1}, 2, 1, 1, "row 1, column 2: conductance nan");
    refused((double[]){1, 1, inf, 1}, 2, 1, 1, "row 2, column 1: conductance inf");
    refused((double[]){1, 1, 1, 1}, 2, -1, 1, "row wires of -1 ohm a segment");
    refused((double[]){1, 1, 1, 1}, 2, 1, nan, "column wires of nan ohm a segment");
    refused((double[]){1, 1, 1, 1}, 0, 1, 1, "an array of 0 x 2 cells");
    refused((double[]){1, 1, 1, 1}, (size_t)1 << 62, 1, 1, "an array of 4611686018427387904 x 2 cells");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {one_cell_is_three_resistors,
                                  one_ideal_side_is_a_ladder,
                                  thin_wires_are_ideal,
                                  loss_grows_with_the_wires,
                                  cells_that_are_not_there_carry_nothing,
                                  currents_are_linear_in_the_voltages,
                                  transfer_is_what_unit_voltages_give,
                                  transfer_is_reciprocal,
                                  equal_cells_are_symmetric,
                                  few_iterations,
                                  threads_share_a_solver,
                                  refusals,
                                  NULL};
    return run_suite("sim_irdrop", tests);
}
