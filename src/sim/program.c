/* program.c: how many writes a device takes, and how long all of them.
 *
 * Write-verify draws ln(G / target) ~ N(0, sigma^2) anew until it is within d: success p = erf(d / (sigma sqrt 2)), and
 * with at most n writes (1 - (1-p)^n) / p of them. Pulses start from one such draw and then shrink what is left:
 * e <- (1 - rate) e + pulse_sigma N(0,1). One shot is never read. Stuck devices are written n times, but for one shot. */
#include "sim/sim.h"

#include "base/mem.h"
#include <math.h>
#include <stdlib.h>

static double density(double x, double sigma)
{
    return exp(-x * x / (2 * sigma * sigma)) / (sigma * sqrt(2 * M_PI));
}

static double success_of(double d, double sigma)
{
    return sigma > 0 ? erf(d / (sigma * M_SQRT2)) : 1;
}

/* Variance of N(0, sigma^2) within [-d, d]. */
static double inner_variance(double d, double sigma, double p)
{
    if (sigma <= 0 || p <= 0) return 0;
    return sigma * sigma - 2 * d * sigma * sigma * density(d, sigma) / p;
}

static void verify(const xb_program_options *o, xb_program_cost *c)
{
    double p = c->success, n = (double)o->most, never = pow(1 - p, n), square = o->sigma * o->sigma;
    c->writes = p > 0 ? (1 - never) / p : n;
    double inner = inner_variance(o->tolerance, o->sigma, p), outer = p < 1 ? (square - p * inner) / (1 - p) : 0;
    c->residual = sqrt((1 - never) * inner + never * outer);
}

/* ---- pulses ---- */

/* What is left of e, of devices that are not accepted yet: a density, even within each of `n` bins. Bins are even in
 * asinh(e / d), so that they are fine where acceptance is decided, and d is an edge. */
typedef struct left {
    int n;
    double *edge, *mass, *next, *kernel; /* [n + 1], [n], [n], [from][to] */
} left;

/* Integral of the distribution function of N(0, s^2) up to z. */
static double above(double z, double s)
{
    if (s <= 0) return z > 0 ? z : 0;
    return z * 0.5 * erfc(-z / (s * M_SQRT2)) + s * s * density(z, s);
}

/* Share of an even density over [lo, hi] that N(0, s^2) more brings below x. */
static double below(double x, double lo, double hi, double s)
{
    return (above(x - lo, s) - above(x - hi, s)) / (hi - lo);
}

static void grid(left *l, const xb_program_options *o)
{
    enum { INNER = 32 }; /* bins from 0 to d */
    double widest = fmax(o->sigma, o->pulse_sigma / sqrt(1 - (1 - o->rate) * (1 - o->rate)));
    double step = asinh(1) / INNER, reach = asinh(6 * widest / o->tolerance) / step;
    int half = reach > INNER ? (int)ceil(reach) : INNER;
    l->n = 2 * half;
    size_t n = (size_t)l->n;
    l->edge = xb_calloc(n + 1, sizeof *l->edge);
    l->mass = xb_calloc(n, sizeof *l->mass);
    l->next = xb_calloc(n, sizeof *l->next);
    l->kernel = xb_calloc(n * n, sizeof *l->kernel);
    for (int i = 0; i <= l->n; i++) l->edge[i] = o->tolerance * sinh((i - half) * step);
    for (int i = 0; i < l->n; i++)
        l->mass[i] = 0.5 * (erf(l->edge[i + 1] / (o->sigma * M_SQRT2)) - erf(l->edge[i] / (o->sigma * M_SQRT2)));
    for (int i = 0; i < l->n; i++) {
        double lo = (1 - o->rate) * l->edge[i], hi = (1 - o->rate) * l->edge[i + 1];
        if (o->rate >= 1) lo = -1e-9 * o->tolerance, hi = -lo; /* all of it goes */
        for (int j = 0; j < l->n; j++)
            l->kernel[i * l->n + j] =
                below(l->edge[j + 1], lo, hi, o->pulse_sigma) - below(l->edge[j], lo, hi, o->pulse_sigma);
    }
}

/* Mean of e^2 over a bin. */
static double square_of(const left *l, int i)
{
    double lo = l->edge[i], hi = l->edge[i + 1];
    return (lo * lo + lo * hi + hi * hi) / 3;
}

/* Takes out what is accepted, adds its squares; returns what remains. */
static double accept(left *l, double d, double *square)
{
    double rest = 0;
    for (int i = 0; i < l->n; i++) {
        if (fmax(-l->edge[i], l->edge[i + 1]) <= d * (1 + 1e-9)) {
            *square += l->mass[i] * square_of(l, i);
            l->mass[i] = 0;
        }
        rest += l->mass[i];
    }
    return rest;
}

static void pulse(left *l)
{
    for (int j = 0; j < l->n; j++) l->next[j] = 0;
    for (int i = 0; i < l->n; i++)
        for (int j = 0; l->mass[i] > 0 && j < l->n; j++) l->next[j] += l->mass[i] * l->kernel[i * l->n + j];
    for (int j = 0; j < l->n; j++) l->mass[j] = l->next[j];
}

static void pulses(const xb_program_options *o, xb_program_cost *c)
{
    left l;
    double square = 0, rest = 1, ratio = 0;
    if (o->sigma <= 0) return; /* the first write is exact */
    grid(&l, o);
    c->writes = 0;
    for (int64_t k = 0; k < o->most && rest > 1e-12; k++) {
        if (k) pulse(&l);
        double before = square, was = rest, last = ratio;
        c->writes += was;
        rest = accept(&l, o->tolerance, &square);
        ratio = rest / was;
        if (!k || fabs(ratio - last) > 1e-9 * last) continue;
        double m = (double)(o->most - k - 1), left_over = pow(ratio, m); /* from here on a geometric series */
        double times = ratio < 1 ? (1 - left_over) / (1 - ratio) : m;
        c->writes += rest * times;
        square += (square - before) * ratio * times;
        for (int i = 0; i < l.n; i++) l.mass[i] *= left_over;
        break;
    }
    for (int i = 0; i < l.n; i++) square += l.mass[i] * square_of(&l, i);
    c->residual = sqrt(square);
    free(l.edge);
    free(l.mass);
    free(l.next);
    free(l.kernel);
}

xb_program_cost xb_program_cost_of(const xb_program_options *o, double devices, double stuck)
{
    xb_program_cost c = {.success = success_of(o->tolerance, o->sigma), .writes = 1, .residual = o->sigma};
    if (o->method == XB_PROGRAM_VERIFY) verify(o, &c);
    if (o->method == XB_PROGRAM_PULSES) pulses(o, &c);
    if (o->method != XB_PROGRAM_ONE_SHOT) c.writes = (1 - stuck) * c.writes + stuck * (double)o->most;
    double each = o->write_time + (o->method == XB_PROGRAM_ONE_SHOT ? 0 : o->read_time);
    c.seconds = ceil(devices / (double)o->parallel) * c.writes * each;
    return c;
}
