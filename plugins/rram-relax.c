/* rram-relax.c: a device model: what is left of RRAM conductances some time after write-verify. */
#include <math.h>
#include <xbarc/xbarc.h>

static const char *const relax_times[] = {"1s", "1day", "2days", NULL};

/* Standard deviation in uS, by time, as a polynomial of g: lowest power first. */
static const double relax_fit[][5] = {{0.348, 16.030, -43.853, 45.393, -16.815},
                                      {0.701, 22.086, -50.773, 47.095, -16.458},
                                      {0.782, 20.274, -43.507, 37.062, -11.934}};

typedef struct relax_options {
    int after;
    double scale, reference;
} relax_options;

/* Of the reference device, in S; g: conductance / g_max. */
static double relax_deviation(const double p[5], double g)
{
    return 1e-6 * (p[0] + g * (p[1] + g * (p[2] + g * (p[3] + g * p[4]))));
}

static void write_relaxed(const xb_cells *c, const void *options, float *v)
{
    const relax_options *o = options;
    float z[XB_CELLS_MOST];
    double scale = o->scale * c->g_max / o->reference;
    if (!(o->scale > 0)) return;
    c->normal(c, 0, z);
    for (size_t i = 0; i < c->n; i++)
        v[i] = fmaxf(0, (float)(v[i] + scale * relax_deviation(relax_fit[o->after], fmin(v[i] / c->g_max, 1)) * z[i]));
}

static const xb_option relax_table[] = {
    {.name = "after",
     .help = "time since programming at which devices were measured (d2d); the chip's own time does not matter",
     .type = XB_OPT_CHOICE,
     .offset = offsetof(relax_options, after),
     .def = "1day",
     .choices = relax_times},
    {.name = "scale",
     .help = "times the measured standard deviation, no unit (d2d); 0: off",
     .type = XB_OPT_REAL,
     .offset = offsetof(relax_options, scale),
     .def = "1",
     .max = 100},
    {.name = "reference",
     .help = "g_max of the devices that were measured, S: the deviation is scaled with g_max / reference (d2d)",
     .type = XB_OPT_REAL,
     .offset = offsetof(relax_options, reference),
     .def = "40uS",
     .min = 1e-9,
     .max = 1,
     .dim = XB_SIEMENS},
    {.name = NULL},
};

static const xb_device rram_relax = {
    .struct_size = sizeof(xb_device),
    .domain = XB_DOMAIN_CONDUCTANCE,
    .name = "rram-relax",
    .summary = "write-verify and relaxation of RRAM, Gaussian (device to device)",
    .doc =
        "G -> max(0, G + sigma(G) n), n ~ N(0, 1), drawn once a chip: programming with verification, then relaxation "
        "for the time `after`; it takes drift's place for RRAM. With g = G / g_max (at most 1), sigma in microsiemens, "
        "for devices of 40 uS and in proportion to g_max for others, is\n\n"
        "1s: 0.348 + 16.030 g - 43.853 g^2 + 45.393 g^3 - 16.815 g^4\n\n"
        "1day: 0.701 + 22.086 g - 50.773 g^2 + 47.095 g^3 - 16.458 g^4\n\n"
        "2days: 0.782 + 20.274 g - 43.507 g^2 + 37.062 g^3 - 11.934 g^4\n\n"
        "No conductance is below 0, so the noise is clipped on one side: near G = 0 the mean is too large, by "
        "sigma / sqrt(2 pi) at G = 0. In a differential pair this cancels where both devices are off, and makes "
        "weights near zero smaller, in the mean, than they should be.\n\n"
        "Source: Wan et al., Nature 2022 (NeuRRAM), as fitted in aihwkit (ReRamWan2022NoiseModel).",
    .example = "- rram-relax: {after: 1day}",
    .options = relax_table,
    .options_size = sizeof(relax_options),
    .program = write_relaxed,
};

XBARC_PLUGIN(rram_relax) = {
    XBARC_PLUGIN_HEADER,
    .name = "rram-relax",
    .version = "1",
    .devices = (const xb_device *const[]){&rram_relax, NULL},
};
