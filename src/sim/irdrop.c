/* irdrop.c: an array with resistive wires: set up, asked for currents, nodes and its transfer matrix. */
#include "sim/irdrop_private.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- set-up --------------------------------------------------------------------------------------------- */

static bool size_is_good(size_t rows, size_t cols)
{
    size_t n;
    return rows && cols && xb_mul(rows + LANES, cols + LANES, &n) && xb_mul(n, sizeof(double), &n);
}

static bool arguments_are_good(xb_diags *d, const double *g, size_t rows, size_t cols, double r_row, double r_col)
{
    const double r[] = {r_row, r_col};
    if (!size_is_good(rows, cols)) return xb_error(d, "irdrop", (0), "an array of %zu x %zu cells", rows, cols);
    for (int i = 0; i < 2; i++)
        if (!(r[i] >= 0 && r[i] <= XB_IRDROP_MAX_OHM))
            return xb_error(d, "irdrop", (0), "%s wires of %g ohm a segment: not in 0..%g", i ? "column" : "row", r[i],
                            XB_IRDROP_MAX_OHM);
    for (size_t i = 0; i < rows * cols; i++)
        if (!(g[i] >= 0 && g[i] <= XB_IRDROP_MAX_SIEMENS))
            return xb_error(d, "irdrop", (0), "row %zu, column %zu: conductance %g S is not in 0..%g", i / cols + 1,
                            i % cols + 1, g[i], XB_IRDROP_MAX_SIEMENS);
    return true;
}

/* A ladder of unit resistors with g to ground at each node, held at its last node through one more resistor: y, the
 * conductance seen from node k away from the held end, is g_k + y_(k-1) / (1 + y_(k-1)); the pivot is 1 + y_k. */
static double next_pivot(double g, double inverse, double *y)
{
    *y = g + *y * inverse;
    return 1 / (1 + *y);
}

static void eliminate_columns(xb_irdrop *s)
{
    for (size_t j = 0; j < s->cols; j++) {
        double y = 0, inverse = 0;
        for (size_t i = 0; i < s->rows; i++)
            s->down[i * s->stride + j] = inverse = next_pivot(s->r_col * s->g[i * s->cols + j], inverse, &y);
    }
}

static void eliminate_rows(xb_irdrop *s)
{
    double root = sqrt(s->r_row * s->r_col);
    for (size_t i = 0; i < s->rows; i++) {
        const double *g = s->g + i * s->cols;
        size_t at = i / LANES * s->cols * LANES + i % LANES;
        double y = 0, inverse = 0, v = 1;
        for (size_t j = s->cols; j--;) {
            s->along[at + j * LANES] = inverse = next_pivot(s->r_row * g[j], inverse, &y);
            s->root[at + j * LANES] = root * g[j];
        }
        for (size_t j = 0; j < s->cols; j++) {
            v *= s->along[at + j * LANES];
            s->drive[i * s->stride + j] = g[j] * v;
        }
    }
}

xb_irdrop *xb_irdrop_new(xb_diags *d, const double *g, size_t rows, size_t cols, double r_row, double r_col)
{
    if (!arguments_are_good(d, g, rows, cols, r_row, r_col)) return NULL;
    xb_irdrop *s = xb_calloc(1, sizeof *s);
    size_t stride = (cols + LANES - 1) / LANES * LANES, groups = (rows + LANES - 1) / LANES;
    *s = (xb_irdrop){.rows = rows, .cols = cols, .stride = stride, .groups = groups, .r_row = r_row, .r_col = r_col};
    s->g = xb_malloc(rows * cols * sizeof *g);
    memcpy(s->g, g, rows * cols * sizeof *g);
    s->down = xb_calloc(rows * stride, sizeof *g);
    s->drive = xb_calloc(rows * stride, sizeof *g);
    s->along = xb_calloc(groups * cols * LANES, sizeof *g);
    s->root = xb_calloc(groups * cols * LANES, sizeof *g);
    eliminate_columns(s);
    eliminate_rows(s);
    return s;
}

void xb_irdrop_free(xb_irdrop *s)
{
    if (!s) return;
    double *const all[] = {s->g, s->down, s->drive, s->along, s->root};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    free(s);
}

xb_irdrop_work *xb_irdrop_work_new(const xb_irdrop *s)
{
    xb_irdrop_work *w = xb_calloc(1, sizeof *w);
    double **const all[] = {&w->u, &w->r, &w->z, &w->p, &w->mp, &w->h};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) *all[i] = xb_calloc(s->rows * s->stride, sizeof(double));
    w->lines = xb_calloc(s->cols * LANES, sizeof(double));
    return w;
}

void xb_irdrop_work_free(xb_irdrop_work *w)
{
    if (!w) return;
    double *const all[] = {w->u, w->r, w->z, w->p, w->mp, w->h, w->lines};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    free(w);
}

/* ---- what is asked -------------------------------------------------------------------------------------- */

/* The power of two that brings the largest of v into 1..2, so that squares neither vanish nor overflow. */
static double scale_of(const double *v, size_t n)
{
    double most = 0;
    int exponent;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(v[i]));
    frexp(most, &exponent);
    return most > 0 ? ldexp(1, exponent > DBL_MIN_EXP ? exponent - 1 : DBL_MIN_EXP - 1) : 1;
}

xb_irdrop_result xb_irdrop_solve(const xb_irdrop *s, xb_irdrop_work *w, const xb_irdrop_options *options,
                                 const double *v, double *current)
{
    w->scale = scale_of(v, s->rows);
    for (size_t i = 0; i < s->rows; i++) {
        double volt = v[i] / w->scale;
        for (size_t j = 0; j < s->stride; j++) w->r[i * s->stride + j] = s->drive[i * s->stride + j] * volt;
    }
    xb_irdrop_result result = xb_irdrop_run(s, w, options);
    for (size_t j = 0; j < s->cols; j++) current[j] = w->u[(s->rows - 1) * s->stride + j] * w->scale;
    return result;
}

/* w = (drive's part) + sqrt(r_row r_col) (L' + r_row G)^-1 root u, b = r_col u, of one row. */
static double row_nodes(const xb_irdrop *s, const xb_irdrop_work *w, size_t i, double v, double *word, double *bit)
{
    const double *along = s->along + i / LANES * s->cols * LANES + i % LANES, *u = w->u + i * s->stride;
    double root = sqrt(s->r_row * s->r_col) * w->scale, driven = v, current = 0;
    for (size_t j = 0; j < s->cols; j++) {
        driven *= along[j * LANES];
        double at_word = driven + root * w->lines[j * LANES + i % LANES], at_bit = s->r_col * u[j] * w->scale;
        current += s->g[i * s->cols + j] * (at_word - at_bit);
        if (word) word[i * s->cols + j] = at_word;
        if (bit) bit[i * s->cols + j] = at_bit;
    }
    return current * v;
}

double xb_irdrop_nodes(const xb_irdrop *s, xb_irdrop_work *w, const double *v, double *word, double *bit)
{
    double power = 0;
    for (size_t group = 0; group < s->groups; group++) {
        xb_irdrop_couple(s, group, w->u, w->lines);
        for (size_t i = group * LANES; i < group * LANES + xb_irdrop_group_rows(s, group); i++)
            power += row_nodes(s, w, i, v[i], word, bit);
    }
    return power;
}

void xb_irdrop_ideal(const xb_irdrop *s, const double *v, double *current)
{
    for (size_t j = 0; j < s->cols; j++) current[j] = 0;
    for (size_t i = 0; i < s->rows; i++)
        for (size_t j = 0; j < s->cols; j++) current[j] += v[i] * s->g[i * s->cols + j];
}

/* One row (forward) or column (adjoint: the system is symmetric) of the transfer matrix. */
static xb_irdrop_result transfer_one(const xb_irdrop *s, xb_irdrop_work *w, const xb_irdrop_options *options,
                                     bool adjoint, size_t k, double *t)
{
    size_t n = s->stride, last = (s->rows - 1) * n;
    memset(w->r, 0, s->rows * n * sizeof *w->r);
    if (adjoint)
        w->r[last + k] = 1;
    else
        memcpy(w->r + k * n, s->drive + k * n, n * sizeof *w->r);
    xb_irdrop_result result = xb_irdrop_run(s, w, options);
    if (adjoint)
        for (size_t i = 0; i < s->rows; i++) t[i * s->cols + k] = xb_irdrop_dot(w->u + i * n, s->drive + i * n, n);
    else
        memcpy(t + k * s->cols, w->u + last, s->cols * sizeof *t);
    return result;
}

xb_irdrop_result xb_irdrop_transfer(const xb_irdrop *s, xb_irdrop_work *w, const xb_irdrop_options *options, double *t)
{
    bool adjoint = s->cols <= s->rows;
    xb_irdrop_result all = {.converged = true};
    for (size_t k = 0; k < (adjoint ? s->cols : s->rows); k++) {
        xb_irdrop_result one = transfer_one(s, w, options, adjoint, k, t);
        all.converged = all.converged && one.converged;
        all.iterations += one.iterations;
        all.residual = fmax(all.residual, one.residual);
    }
    return all;
}
