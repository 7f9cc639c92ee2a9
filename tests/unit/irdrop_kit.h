/* irdrop_kit.h: arrays to solve, and one call that solves them. */
#ifndef IRDROP_KIT_H
#define IRDROP_KIT_H

#include "base/rng.h"
#include "sim/irdrop.h"
#include "suite.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct array {
    size_t rows, cols;
    double r_row, r_col;
    double *g, *v;
} array;

/* Conductances lo..hi, evenly spread; voltages -1..1 V, or 0..1 V. Every eighth cell is missing when `holes`. */
static inline array random_array(size_t rows, size_t cols, double r_row, double r_col, double lo, double hi,
                                 bool negative, bool holes)
{
    array a = {rows, cols, r_row, r_col, xb_calloc(rows * cols, sizeof *a.g), xb_calloc(rows, sizeof *a.v)};
    xb_rng r = xb_rng_at(7, XB_RNG_CHIP, (uint32_t)(rows * 1000 + cols));
    for (size_t i = 0; i < rows * cols; i++) a.g[i] = xb_rng_between(&r, lo, hi);
    for (size_t i = 0; i < rows * cols && holes; i++)
        if (xb_rng_below(&r, 8) == 0) a.g[i] = 0;
    for (size_t i = 0; i < rows; i++) a.v[i] = xb_rng_between(&r, negative ? -1 : 0, 1);
    return a;
}

static inline void free_array(array *a)
{
    free(a->g);
    free(a->v);
}

static inline xb_irdrop *new_solver(const array *a)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_irdrop *s = xb_irdrop_new(d, a->g, a->rows, a->cols, a->r_row, a->r_col);
    ck_assert_msg(s != NULL, "%s", xb_diags_text(d));
    xb_diags_free(d);
    return s;
}

/* Column currents; word, bit (NULL: not asked), *power (NULL: not asked). Returns the iterations. */
static inline int solve_all(const array *a, double *current, double *word, double *bit, double *power)
{
    xb_irdrop *s = new_solver(a);
    xb_irdrop_work *w = xb_irdrop_work_new(s);
    xb_irdrop_result r = xb_irdrop_solve(s, w, NULL, a->v, current);
    ck_assert(r.converged);
    ck_assert_double_le(r.residual, 1e-14);
    double watt = xb_irdrop_nodes(s, w, a->v, word, bit);
    if (power) *power = watt;
    xb_irdrop_work_free(w);
    xb_irdrop_free(s);
    return r.iterations;
}

static inline double *transfer_of(const array *a)
{
    xb_irdrop *s = new_solver(a);
    xb_irdrop_work *w = xb_irdrop_work_new(s);
    double *t = xb_calloc(a->rows * a->cols, sizeof *t);
    ck_assert(xb_irdrop_transfer(s, w, NULL, t).converged);
    xb_irdrop_work_free(w);
    xb_irdrop_free(s);
    return t;
}

static inline double largest(const double *x, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(x[i]));
    return most;
}

/* |a - b| <= tolerance * (the larger of |b| and floor) everywhere. */
static inline void expect_close(const double *a, const double *b, size_t n, double tolerance, double floor)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs(a[i] - b[i]) <= tolerance * fmax(fabs(b[i]), floor), "number %zu of %zu: %.17g, not %.17g",
                      i, n, a[i], b[i]);
}

static inline int run_suite(const char *name, const TTest *const *tests)
{
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 120);
    for (; *tests; tests++) tcase_add_test(t, *tests);
    return run_case(name, t);
}

#endif
