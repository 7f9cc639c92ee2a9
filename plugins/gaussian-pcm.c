/* gaussian-pcm.c: a device model: programming noise of phase-change memory. */
#include <math.h>
#include <xbarc/xbarc.h>

typedef struct gaussian_options {
    double scale, reference;
} gaussian_options;

/* Of the reference device, in S; g: conductance / g_max. */
static double gaussian_deviation(double g)
{
    return 1e-6 * (0.26348 + g * (1.9650 - 1.1731 * g));
}

static void write_gaussian(const xb_cells *c, const void *options, float *v)
{
    const gaussian_options *o = options;
    float z[XB_CELLS_MOST];
    double scale = o->scale * c->g_max / o->reference;
    if (!(o->scale > 0)) return;
    c->normal(c, 0, z);
    for (size_t i = 0; i < c->n; i++)
        v[i] = fmaxf(0, (float)(v[i] + scale * gaussian_deviation(fmin(v[i] / c->g_max, 1)) * z[i]));
}

static const xb_option gaussian_table[] = {
    {.name = "scale",
     .help = "times the measured standard deviation, no unit (d2d); 0: off",
     .type = XB_OPT_REAL,
     .offset = offsetof(gaussian_options, scale),
     .def = "1",
     .max = 100},
    {.name = "reference",
     .help = "g_max of the devices that were measured, S: the deviation is scaled with g_max / reference (d2d)",
     .type = XB_OPT_REAL,
     .offset = offsetof(gaussian_options, reference),
     .def = "25uS",
     .min = 1e-9,
     .max = 1,
     .dim = XB_SIEMENS},
    {.name = NULL},
};

static const xb_device gaussian_pcm = {
    .struct_size = sizeof(xb_device),
    .domain = XB_DOMAIN_CONDUCTANCE,
    .name = "gaussian-pcm",
    .summary = "programming noise of phase-change memory, Gaussian (device to device)",
    .doc =
        "G -> max(0, G + sigma(G) n), n ~ N(0, 1), drawn once a chip. With g = G / g_max (at most 1), sigma is "
        "0.26348 + 1.9650 g - 1.1731 g^2 microsiemens for devices of 25 uS, and in proportion to g_max for others.\n\n"
        "No conductance is below 0, so the noise is clipped on one side: near G = 0 the mean is too large, by sigma / "
        "sqrt(2 pi) = 0.105 uS at G = 0 and g_max 25 uS. In a differential pair this cancels where both devices are "
        "off, and makes weights near zero smaller, in the mean, than they should be.\n\n"
        "Source: Nandakumar et al., ICECS 2019, as fitted in aihwkit (PCMLikeNoiseModel).",
    .example = "- gaussian-pcm: {scale: 1}",
    .options = gaussian_table,
    .options_size = sizeof(gaussian_options),
    .program = write_gaussian,
};

XBARC_PLUGIN(gaussian_pcm) = {
    XBARC_PLUGIN_HEADER,
    .name = "gaussian-pcm",
    .version = "1",
    .devices = (const xb_device *const[]){&gaussian_pcm, NULL},
};
