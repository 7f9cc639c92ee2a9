/* levels.c: a device model: conductances are evenly spaced levels. */
#include <math.h>
#include <xbarc/xbarc.h>

typedef struct levels_options {
    int64_t count;
} levels_options;

/* Level k of 0 .. steps is g_min + k (g_max - g_min) / steps; the outer ones are g_min and g_max exactly. */
static void write_levels(const xb_cells *c, const void *options, float *v)
{
    const levels_options *o = options;
    double range = c->g_max - c->g_min, steps = (double)(o->count - 1);
    if (!o->count) return;
    for (size_t i = 0; i < c->n; i++) {
        double k = rint((v[i] - c->g_min) / range * steps);
        v[i] = (float)(k <= 0 ? c->g_min : k >= steps ? c->g_max : c->g_min + k * (range / steps));
    }
}

static int64_t levels_of(const void *options)
{
    return ((const levels_options *)options)->count;
}

static int check_levels(xb_cx *cx, const void *options)
{
    if (((const levels_options *)options)->count != 1) return 0;
    cx->host->diagnose(cx, XB_ERROR, "option-range", NULL, "one level holds nothing: 'count' is 0, or 2 and more");
    return -1;
}

static const xb_option levels_table[] = {
    {.name = "count",
     .help = "conductances a device can hold, evenly spaced from g_min to g_max (d2d, no randomness); 0: any",
     .type = XB_OPT_INT,
     .offset = offsetof(levels_options, count),
     .def = "32",
     .max = 65536},
    {.name = NULL},
};

static const xb_device levels = {
    .struct_size = sizeof(xb_device),
    .domain = XB_DOMAIN_CONDUCTANCE,
    .name = "levels",
    .summary = "conductances are rounded to evenly spaced levels (device to device, not random)",
    .doc = "G becomes the nearest of g_min + k (g_max - g_min) / (count - 1), k = 0 .. count - 1; what lies outside of "
           "the range becomes its end. Put it before what is random: it rounds targets, not what was written.\n\n"
           "A differential pair of such devices holds 2 count - 1 different weights, zero among them. One device a "
           "weight (hardware `sign: offset`) holds count, or with an even count count - 1: zero is level (count - 1) / "
           "2, rounded down, which the reference has too, the largest |w| as many levels away, and the highest one is "
           "not used.\n\n"
           "Default: 32 levels, 5 bits. Published studies have 16 (Charan et al., JXCDC 2020), 10 (DAC 2020), 4 (2-bit "
           "cells of NeuroSim).",
    .example = "- levels: {count: 32}",
    .options = levels_table,
    .options_size = sizeof(levels_options),
    .check = check_levels,
    .program = write_levels,
    .levels = levels_of,
};

XBARC_PLUGIN(levels) = {
    XBARC_PLUGIN_HEADER,
    .name = "levels",
    .version = "1",
    .devices = (const xb_device *const[]){&levels, NULL},
};
