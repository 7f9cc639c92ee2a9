/* mapping.c: weights -> target conductances: pairs or one device with an offset, rounding, slices over cells.
 *
 * Pair: G+ = g_min + f (g_max - g_min) with f = max(w,0) / w_max, G- likewise with -w. Offset: f = z + w z / w_max, and
 * the reference holds z, what w = 0 does: 1/2, or with L levels the level (L-1)/2, rounded down, so that an even number
 * of them has one for it too (the highest is left to errors then). With slices the code |w| / code (or that of w +
 * w_max) is cut in digits of cell_bits, lowest first, and f = digit / (2^cell_bits - 1), or with levels as many of them
 * apart as all digits have room for; where one slice holds all bits nothing is cut, and f is what a device of the
 * weight domain makes of it: any number. */
#include "sim/sim_private.h"

#include <math.h>

static double w_max_of(const xb_chip_options *o, const float *w, size_t n)
{
    double largest = 0, sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        double v = (double)w[i];
        if (fabs(v) > largest) largest = fabs(v);
        sum += v;
    }
    for (size_t i = 0; i < n; i++) square += ((double)w[i] - sum / (double)n) * ((double)w[i] - sum / (double)n);
    double limit = o->clip * sqrt(square / (double)n);
    if (limit <= 0 || limit > largest) limit = largest;
    return limit > 0 ? limit : 1;
}

/* Digit t of a code. */
static double digit(const xb_mapping *m, size_t t, double code)
{
    return (double)(((uint64_t)code >> (t * (size_t)m->cell_bits)) & ((UINT64_C(1) << m->cell_bits) - 1));
}

/* One device, or a pair, has all of a weight. steps: between levels; 0: any conductance. */
static void whole(const xb_chip_options *o, xb_mapping *m, double steps)
{
    double below = floor(steps / 2); /* levels, for weights below 0 */
    m->slices = 1;
    m->zero[0] = m->differential ? 0 : below > 0 ? below / steps : 0.5;
    m->unit[0] = m->differential ? m->w_max : m->w_max / m->zero[0];
    if (o->weight_bits) {
        m->most = exp2((double)o->weight_bits - 1) - 1;
        m->code = m->w_max / m->most;
        m->grain = 1 / m->most * (m->differential ? 1 : m->zero[0]);
    }
    if (steps <= 0) return;
    double each = m->grain * steps; /* levels that divide codes hold them exactly */
    if (m->grain <= 0 || fabs(each - rint(each)) > 1e-9) m->grain = 1 / steps;
}

/* Codes of the magnitude differential, of w + w_max offset, cut in digits: 0 .. top. */
static void slice(const xb_chip_options *o, xb_mapping *m, double steps)
{
    size_t slices = xb_mapping_slices(o, m->differential);
    if (slices == 1) return;
    m->cell_bits = o->cell_bits;
    m->slices = slices;
    double top = exp2((double)m->cell_bits) - 1;
    m->digit = steps >= top ? floor(steps / top) / steps : 1 / top;
    m->grain = m->digit;
    for (size_t t = 0; t < m->slices; t++) {
        m->unit[t] = m->code / m->digit * exp2((double)((int64_t)t * m->cell_bits));
        m->zero[t] = m->differential ? 0 : digit(m, t, m->most) * m->digit;
    }
}

size_t xb_mapping_slices(const xb_chip_options *o, bool differential)
{
    int64_t bits = differential ? o->weight_bits - 1 : o->weight_bits;
    return o->cell_bits && o->cell_bits < bits ? (size_t)((bits + o->cell_bits - 1) / o->cell_bits) : 1;
}

int64_t xb_mapping_levels(const xb_hw *hw, const xb_chain *c)
{
    int64_t of_device = xb_chain_levels(c);
    return hw->levels < 2 || (of_device > 1 && of_device < hw->levels) ? of_device : hw->levels;
}

xb_mapping xb_mapping_of(const xb_hw *hw, const xb_chip_options *options, const xb_chain *c, const float *w, size_t n)
{
    const xb_chip_options on = xb_chip_options_on(options, hw), *o = &on;
    xb_mapping m = {.differential = hw->devices_per_cell == 2, .g_min = hw->g_min, .g_max = hw->g_max};
    int64_t levels = xb_mapping_levels(hw, c);
    double steps = levels > 1 ? (double)(levels - 1) : 0;
    m.levels = hw->levels;
    m.digital = !m.differential && o->offset == XB_OFFSET_DIGITAL;
    m.w_max = w_max_of(o, w, n);
    whole(o, &m, steps);
    slice(o, &m, steps);
    return m;
}

void xb_mapping_round(const xb_mapping *m, float *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double v = fmin(fmax((double)w[i], -m->w_max), m->w_max);
        w[i] = (float)(m->code > 0 ? m->code * rint(v / m->code) : v);
    }
}

static double conductance(const xb_mapping *m, double share)
{
    double g = m->g_min + share * (m->g_max - m->g_min);
    return g > 0 ? g : 0;
}

static double target(const xb_mapping *m, double share)
{
    double steps = (double)(m->levels - 1);
    return conductance(m, m->levels > 1 ? rint(share * steps) / steps : share);
}

static double share_of(const xb_mapping *m, size_t t, double w)
{
    if (m->slices == 1) return m->zero[0] + w / m->unit[0];
    return digit(m, t, rint((m->differential ? w : w + m->w_max) / m->code)) * m->digit;
}

void xb_mapping_targets(const xb_mapping *m, size_t t, const float *w, size_t n, float *positive, float *negative)
{
    for (size_t i = 0; i < n; i++) {
        double v = (double)w[i];
        if (!m->differential) {
            positive[i] = (float)target(m, share_of(m, t, v));
            continue;
        }
        positive[i] = (float)target(m, v > 0 ? share_of(m, t, v) : 0);
        negative[i] = (float)target(m, v < 0 ? share_of(m, t, -v) : 0);
    }
}

double xb_mapping_offset(const xb_mapping *m, size_t t)
{
    return (double)xb_mapping_reference(m, t) / (m->g_max - m->g_min);
}

float xb_mapping_reference(const xb_mapping *m, size_t t)
{
    return (float)conductance(m, m->zero[t]);
}
