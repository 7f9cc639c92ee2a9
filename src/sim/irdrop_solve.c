/* irdrop_solve.c: conjugate gradients on the bit lines of an array, its word lines eliminated (formulas in irdrop.h).
 */
#include "nn/train/vector.h"
#include "sim/irdrop_private.h"
#include <math.h>
#include <string.h>

enum { MOST = 1000 };
#define TOLERANCE 1e-14

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

XB_VECTOR void xb_irdrop_couple(const xb_irdrop *s, size_t group, const double *p, double *lines)
{
    const double *root = s->root + group * s->cols * LANES;
    size_t rows = xb_irdrop_group_rows(s, group);
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
        xb_irdrop_couple(s, group, p, lines);
        for (size_t k = 0; k < xb_irdrop_group_rows(s, group); k++) {
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

XB_VECTOR double xb_irdrop_dot(const double *a, const double *b, size_t n)
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

/* Begins at M^-1 r, whose residual is H u: no difference of close numbers. M p is followed by
 * recurrence (p is made of z = M^-1 r), so that M itself, whose rows nearly cancel, is never applied. */
xb_irdrop_result xb_irdrop_run(const xb_irdrop *s, xb_irdrop_work *w, const xb_irdrop_options *options)
{
    size_t n = s->rows * s->stride;
    double tolerance = options && options->tolerance > 0 ? options->tolerance : TOLERANCE, before = 0;
    int most = options && options->most > 0 ? options->most : MOST;
    xb_irdrop_result result = {0};
    solve_columns(s, w->r, w->u);
    double norm = xb_irdrop_dot(w->r, w->u, n);
    couple(s, w->lines, w->u, w->r);
    for (;; result.iterations++) {
        solve_columns(s, w->r, w->z);
        double now = xb_irdrop_dot(w->r, w->z, n);
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
