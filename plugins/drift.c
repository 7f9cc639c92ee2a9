/* drift.c: a device model: conductances fall with a power of time, each with an exponent of its own. */
#include <math.h>
#include <xbarc/xbarc.h>

enum { PCM, FIXED };
static const char *const drift_models[] = {"pcm", "fixed", NULL};

typedef struct drift_options {
    int model;
    double scale, nu, spread, t0;
} drift_options;

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* |N(mean, spread)| with z ~ N(0, 1); g: conductance / g_max. */
static double exponent(const drift_options *o, double g, double z)
{
    if (o->model == FIXED) return fabs(o->nu + o->spread * z);
    double ln = log(fmax(g, 1e-7));
    return fabs(clamp(0.0244 - 0.0155 * ln, 0.049, 0.1) + clamp(-0.0059 - 0.0125 * ln, 0.008, 0.045) * z);
}

static void drift_cells(const xb_cells *c, const void *options, float *v)
{
    const drift_options *o = options;
    float z[XB_CELLS_MOST];
    if (!(o->scale > 0) || !(c->time > o->t0)) return;
    double ln = o->scale * log(c->time / o->t0);
    c->normal(c, 0, z);
    for (size_t i = 0; i < c->n; i++) v[i] = (float)(v[i] * exp(-exponent(o, v[i] / c->g_max, z[i]) * ln));
}

static const xb_option drift_table[] = {
    {.name = "model",
     .help = "pcm: exponents depend on the conductance, as measured; fixed: of `nu` and `spread` (d2d)",
     .type = XB_OPT_CHOICE,
     .offset = offsetof(drift_options, model),
     .def = "pcm",
     .choices = drift_models},
    {.name = "scale",
     .help = "times the exponent, no unit (d2d); 0: off",
     .type = XB_OPT_REAL,
     .offset = offsetof(drift_options, scale),
     .def = "1",
     .max = 100},
    {.name = "nu",
     .help = "mean exponent of model fixed, no unit (d2d); 0: off, but for the spread",
     .type = XB_OPT_REAL,
     .offset = offsetof(drift_options, nu),
     .def = "0.05",
     .max = 1},
    {.name = "spread",
     .help = "its standard deviation from device to device, no unit (d2d); 0: all alike",
     .type = XB_OPT_REAL,
     .offset = offsetof(drift_options, spread),
     .def = "0",
     .max = 1},
    {.name = "t0",
     .help = "time after programming at which conductances are what was written, s (d2d)",
     .type = XB_OPT_REAL,
     .offset = offsetof(drift_options, t0),
     .def = "20s",
     .min = 1e-9,
     .max = 1e9,
     .dim = XB_SECOND},
    {.name = NULL},
};

static const xb_device drift = {
    .struct_size = sizeof(xb_device),
    .domain = XB_DOMAIN_CONDUCTANCE,
    .name = "drift",
    .summary = "conductances fall as (t / t0)^-nu, as in phase-change memory (device to device)",
    .doc =
        "G(t) = G (t / t0)^-nu, t the chip's time since programming; up to t0 nothing changes, so a chip without a "
        "time does not drift. A device keeps its exponent: nu = |N(mu, s)|, drawn once a chip.\n\n"
        "Model pcm, with g = G / g_max of what was written: mu = -0.0155 ln g + 0.0244 within 0.049 .. 0.1, s = "
        "-0.0125 ln g - 0.0059 within 0.008 .. 0.045. Model fixed: mu = `nu`, s = `spread`.\n\n"
        "RRAM does not drift in this way: take `rram-relax`.\n\n"
        "Source: Nandakumar et al., ICECS 2019, as fitted in aihwkit (PCMLikeNoiseModel, with exponents of the target "
        "conductance).",
    .example = "- drift: {t0: 20s}",
    .options = drift_table,
    .options_size = sizeof(drift_options),
    .age = drift_cells,
};

XBARC_PLUGIN(drift) = {
    XBARC_PLUGIN_HEADER,
    .name = "drift",
    .version = "1",
    .devices = (const xb_device *const[]){&drift, NULL},
};
