/* program.c: how many writes a device takes, and how long all of them.
 *
 * Write-verify draws ln(G / target) ~ N(0, sigma^2) anew until it is within d: success p = erf(d / (sigma sqrt 2)), and
 * with at most n writes (1 - (1-p)^n) / p of them. Pulses start from one such draw and then shrink what is left:
 * e <- (1 - rate) e + pulse_sigma N(0,1). One shot is never read. */
#include "sim/sim.h"

#include "base/mem.h"
#include <math.h>
#include <stdlib.h>

enum { BINS = 400 }; /* of e, over six of its widest standard deviations to both sides */

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

/* What is left of e after each pulse of devices that are not accepted yet, as a density on a grid. */
typedef struct left {
    double at[BINS], mass[BINS], width;
    double kernel[BINS][BINS]; /* from, to */
} left;

static void grid(left *l, const xb_program_options *o)
{
    double widest = fmax(o->sigma, o->pulse_sigma / sqrt(1 - (1 - o->rate) * (1 - o->rate)));
    l->width = 12 * widest / BINS;
    for (int i = 0; i < BINS; i++) {
        l->at[i] = -6 * widest + (i + 0.5) * l->width;
        l->mass[i] = o->sigma > 0 ? 0.5 * (erf((l->at[i] + l->width / 2) / (o->sigma * M_SQRT2)) -
                                           erf((l->at[i] - l->width / 2) / (o->sigma * M_SQRT2)))
                                  : 0;
    }
    for (int i = 0; i < BINS; i++)
        for (int j = 0; j < BINS; j++) {
            double from = (1 - o->rate) * l->at[i], lo = l->at[j] - l->width / 2 - from, s = o->pulse_sigma;
            double hi = lo + l->width;
            l->kernel[i][j] = s > 0 ? 0.5 * (erf(hi / (s * M_SQRT2)) - erf(lo / (s * M_SQRT2))) : lo <= 0 && 0 < hi;
        }
}

/* Share of a bin that lies within [-d, d]. */
static double accepted(const left *l, int i, double d)
{
    double lo = fmax(l->at[i] - l->width / 2, -d), hi = fmin(l->at[i] + l->width / 2, d);
    return hi > lo ? (hi - lo) / l->width : 0;
}

static void pulses(const xb_program_options *o, xb_program_cost *c)
{
    left *l = xb_calloc(1, sizeof *l);
    double *next = xb_calloc(BINS, sizeof *next), square = 0, rest = 1;
    grid(l, o);
    c->writes = 0;
    for (int64_t k = 0; k < o->most && rest > 1e-12; k++) {
        c->writes += rest;
        rest = 0;
        for (int i = 0; i < BINS; i++) {
            double in = l->mass[i] * accepted(l, i, o->tolerance);
            square += in * l->at[i] * l->at[i];
            l->mass[i] -= in;
            rest += l->mass[i];
        }
        if (o->sigma <= 0 || k + 1 == o->most || rest <= 1e-12) break;
        for (int j = 0; j < BINS; j++) {
            next[j] = 0;
            for (int i = 0; i < BINS; i++) next[j] += l->mass[i] * l->kernel[i][j];
        }
        for (int j = 0; j < BINS; j++) l->mass[j] = next[j];
    }
    for (int i = 0; i < BINS; i++) square += l->mass[i] * l->at[i] * l->at[i];
    c->residual = sqrt(square);
    free(next);
    free(l);
}

xb_program_cost xb_program_cost_of(const xb_program_options *o, double devices)
{
    xb_program_cost c = {.success = success_of(o->tolerance, o->sigma), .writes = 1, .residual = o->sigma};
    if (o->method == XB_PROGRAM_VERIFY) verify(o, &c);
    if (o->method == XB_PROGRAM_PULSES) pulses(o, &c);
    double each = o->write_time + (o->method == XB_PROGRAM_ONE_SHOT ? 0 : o->read_time);
    c.seconds = ceil(devices / (double)o->parallel) * c.writes * each;
    return c;
}
