/* lognormal.c: device models: what is written is the target times a lognormal factor, of devices or of whole weights.
 */
#include <math.h>
#include <xbarc/xbarc.h>

typedef struct lognormal_options {
    double sigma;
    bool mean;
} lognormal_options;

static void write_lognormal(const xb_cells *c, const void *options, float *v)
{
    const lognormal_options *o = options;
    float z[XB_CELLS_MOST];
    double shift = o->mean ? o->sigma * o->sigma / 2 : 0;
    if (!(o->sigma > 0)) return;
    c->normal(c, 0, z);
    for (size_t i = 0; i < c->n; i++) v[i] = (float)(v[i] * exp(o->sigma * z[i] - shift));
}

static double spread_of(const void *options)
{
    return ((const lognormal_options *)options)->sigma;
}

static const xb_option lognormal_table[] = {
    {.name = "sigma",
     .help = "standard deviation of ln(written / target), no unit (d2d); 0: off",
     .type = XB_OPT_REAL,
     .offset = offsetof(lognormal_options, sigma),
     .def = "0.1",
     .max = 5,
     .dim = XB_RATIO},
    {.name = "mean",
     .help = "true: the mean is the target; false: the median is, and the mean is exp(sigma^2 / 2) of it (d2d)",
     .type = XB_OPT_BOOL,
     .offset = offsetof(lognormal_options, mean),
     .def = "false"},
    {.name = NULL},
};

#define FORMULA                                                                                                        \
    "theta ~ N(0, sigma^2), drawn once a chip. The median of what is written is the target; its mean is larger by "    \
    "exp(sigma^2 / 2), 1.005 at 0.1 and 1.133 at 0.5, unless `mean: true` subtracts sigma^2 / 2 from theta. A "        \
    "lognormal resistance is a lognormal conductance of the same sigma."
#define SOURCES                                                                                                        \
    "Sources: Liu et al., DAC 2015 (Vortex); default sigma 0.1 from Charan et al., JXCDC 2020; \"50 % variation\" is " \
    "0.5."

static const xb_device lognormal = {
    .struct_size = sizeof(xb_device),
    .domain = XB_DOMAIN_CONDUCTANCE,
    .name = "lognormal",
    .summary = "write variation: every device's conductance times exp(N(0, sigma^2)) (device to device)",
    .doc = "G -> G exp(theta), each device of a differential pair by itself, " FORMULA "\n\n"
           "Nothing is clipped: a conductance stays positive, and may lie above g_max.\n\n" SOURCES,
    .example = "- lognormal: {sigma: 0.1}",
    .options = lognormal_table,
    .options_size = sizeof(lognormal_options),
    .program = write_lognormal,
    .spread = spread_of,
};

static const xb_device lognormal_weight = {
    .struct_size = sizeof(xb_device),
    .domain = XB_DOMAIN_WEIGHT,
    .name = "lognormal-weight",
    .summary = "write variation: every weight times exp(N(0, sigma^2)) (device to device)",
    .doc = "w -> w exp(theta), one theta for the whole cell, " FORMULA "\n\n"
           "As papers do that know weights but no devices: zero weights stay zero, no weight changes its sign. "
           "`lognormal` is the same of devices, where both of a pair vary.\n\n"
           "Weights may get larger than w_max: their conductance lies above g_max. With `sign: offset` large negative "
           "weights are clipped on one side: no conductance is below 0, so what would be below -w_max (1 + 2 g_min / "
           "(g_max "
           "- g_min)) is a device at G = 0.\n\n" SOURCES,
    .example = "- lognormal-weight: {sigma: 0.1}",
    .options = lognormal_table,
    .options_size = sizeof(lognormal_options),
    .program = write_lognormal,
};

XBARC_PLUGIN(lognormal) = {
    XBARC_PLUGIN_HEADER,
    .name = "lognormal",
    .version = "1",
    .devices = (const xb_device *const[]){&lognormal, &lognormal_weight, NULL},
};
