/* irdrop.c: conjugate gradients on the bit lines of an array, its word lines eliminated (formulas in irdrop.h).
 *
 * Vectors over the cells are [rows][stride], stride a multiple of LANES and the padding zero, so that bit lines are
 * solved side by side. Word lines are solved LANES at a time in a buffer that holds them interleaved, [cols][LANES]. */
#include "sim/irdrop.h"
#include "nn/train/vector.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 8, MOST = 1000 };
#define TOLERANCE 1e-14

struct xb_irdrop {
    size_t rows, cols, stride, groups; /* groups of LANES word lines */
    double r_row, r_col;
    double *g;     /* [rows][cols] */
    double *down;  /* [rows][stride]: 1 / pivot of M */
    double *drive; /* [rows][stride]: f for 1 V at every row */
    double *along; /* [groups][cols][LANES]: 1 / pivot of L' + r_row G */
    double *root;  /* [groups][cols][LANES]: sqrt(r_row r_col) G */
};

struct xb_irdrop_work {
    double *u, *r, *z, *p, *mp, *h; /* [rows][stride]; mp = M p */
    double *lines;                  /* [cols][LANES] */
    double scale;                   /* u is of voltages / scale */
};

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

/* ---- the lines ------------------------------------------------------------------------------------------ */

/* x = M^-1 f */
XB_VECTOR static void solve_columns(const xb_irdrop *s, const double *f, double *x)
{
    size_t n = s->stride;
    memcpy(x, f, n * sizeof *x);
    for (size_t i = 1; i < s->rows; i++) {
        const double *restrict above = x + (i - 1) * n, *restrict inverse = s->down + (i - 1) * n;
        const double *restrict from = f + i * n;
        double *restrict to = x + i * n;
        for (size_t j = 0; j < n; j++) to[j] = from[j] + above[j] * inverse[j];
    }
    for (size_t i = s->rows; i--;) {
        const double *restrict inverse = s->down + i * n, *restrict below = x + (i + 1) * n;
        double *restrict to = x + i * n;
        if (i + 1 == s->rows)
            for (size_t j = 0; j < n; j++) to[j] *= inverse[j];
        else
            for (size_t j = 0; j < n; j++) to[j] = (to[j] + below[j]) * inverse[j];
    }
}

/* lines = (L' + r_row G)^-1 lines, of one group of word lines */
XB_VECTOR static void solve_rows(const xb_irdrop *s, size_t group, double *lines)
{
    const double *along = s->along + group * s->cols * LANES;
    double carry[LANES] = {0};
    for (size_t j = s->cols; j--;)
        for (size_t k = 0; k < LANES; k++) {
            double c = lines[j * LANES + k] + carry[k];
            lines[j * LANES + k] = c;
            carry[k] = c * along[j * LANES + k];
        }
    for (size_t k = 0; k < LANES; k++) carry[k] = 0;
    for (size_t j = 0; j < s->cols; j++)
        for (size_t k = 0; k < LANES; k++)
            carry[k] = lines[j * LANES + k] = (lines[j * LANES + k] + carry[k]) * along[j * LANES + k];
}

static size_t group_rows(const xb_irdrop *s, size_t group)
{
    size_t left = s->rows - group * LANES;
    return left < LANES ? left : LANES;
}

/* lines = (L' + r_row G)^-1 root p, of one group */
XB_VECTOR static void couple_group(const xb_irdrop *s, size_t group, const double *p, double *lines)
{
    const double *root = s->root + group * s->cols * LANES;
    size_t rows = group_rows(s, group);
    if (rows < LANES) memset(lines, 0, s->cols * LANES * sizeof *lines);
    for (size_t k = 0; k < rows; k++) {
        const double *from = p + (group * LANES + k) * s->stride;
        for (size_t j = 0; j < s->cols; j++) lines[j * LANES + k] = from[j] * root[j * LANES + k];
    }
    solve_rows(s, group, lines);
}

/* h = H p */
static void couple(const xb_irdrop *s, double *lines, const double *p, double *h)
{
    for (size_t group = 0; group < s->groups; group++) {
        const double *root = s->root + group * s->cols * LANES;
        couple_group(s, group, p, lines);
        for (size_t k = 0; k < group_rows(s, group); k++) {
            double *to = h + (group * LANES + k) * s->stride;
            for (size_t j = 0; j < s->cols; j++) to[j] = lines[j * LANES + k] * root[j * LANES + k];
        }
    }
}

/* ---- conjugate gradients -------------------------------------------------------------------------------- */

static double sum_lanes(const double part[LANES])
{
    return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

XB_VECTOR static double dot(const double *a, const double *b, size_t n)
{
    double part[LANES] = {0};
    for (size_t i = 0; i < n; i += LANES)
        for (size_t k = 0; k < LANES; k++) part[k] += a[i + k] * b[i + k];
    return sum_lanes(part);
}

/* y = x + a y */
XB_VECTOR static void follow(double *restrict y, const double *restrict x, double a, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = x[i] + a * y[i];
}

/* h = mp - h = (M - H) p; returns its product with p. */
XB_VECTOR static double finish_product(double *restrict h, const double *restrict mp, const double *restrict p,
                                       size_t n)
{
    double part[LANES] = {0};
    for (size_t i = 0; i < n; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            h[i + k] = mp[i + k] - h[i + k];
            part[k] += p[i + k] * h[i + k];
        }
    return sum_lanes(part);
}

XB_VECTOR static void move(xb_irdrop_work *w, double a, size_t n)
{
    double *restrict u = w->u, *restrict r = w->r;
    const double *restrict p = w->p, *restrict q = w->h;
    for (size_t i = 0; i < n; i++) {
        u[i] += a * p[i];
        r[i] -= a * q[i];
    }
}

/* u = (M - H)^-1 r. Begins at M^-1 r, whose residual is H u: no difference of close numbers. M p is followed by
 * recurrence (p is made of z = M^-1 r), so that M itself, whose rows nearly cancel, is never applied. */
static xb_irdrop_result solve(const xb_irdrop *s, xb_irdrop_work *w, const xb_irdrop_options *options)
{
    size_t n = s->rows * s->stride;
    double tolerance = options && options->tolerance > 0 ? options->tolerance : TOLERANCE, before = 0;
    int most = options && options->most > 0 ? options->most : MOST;
    xb_irdrop_result result = {0};
    solve_columns(s, w->r, w->u);
    double norm = dot(w->r, w->u, n);
    couple(s, w->lines, w->u, w->r);
    for (;; result.iterations++) {
        solve_columns(s, w->r, w->z);
        double now = dot(w->r, w->z, n);
        result.residual = norm > 0 ? sqrt(now / norm) : 0;
        result.converged = result.residual <= tolerance;
        if (result.converged || result.iterations == most) return result;
        if (result.iterations == 0) {
            memcpy(w->p, w->z, n * sizeof *w->p);
            memcpy(w->mp, w->r, n * sizeof *w->mp);
        } else {
            follow(w->p, w->z, now / before, n);
            follow(w->mp, w->r, now / before, n);
        }
        couple(s, w->lines, w->p, w->h);
        double curvature = finish_product(w->h, w->mp, w->p, n);
        if (!(curvature > 0)) return result;
        move(w, now / curvature, n);
        before = now;
    }
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
    xb_irdrop_result result = solve(s, w, options);
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
        couple_group(s, group, w->u, w->lines);
        for (size_t i = group * LANES; i < group * LANES + group_rows(s, group); i++)
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
    xb_irdrop_result result = solve(s, w, options);
    if (adjoint)
        for (size_t i = 0; i < s->rows; i++) t[i * s->cols + k] = dot(w->u + i * n, s->drive + i * n, n);
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
