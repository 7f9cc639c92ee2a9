/* read-noise.c: device models: every conversion sees another conductance.
 *
 * Both add s N(0, 1) to G, s a function of G, and clip at 0: with a = G / s the mean is G Phi(a) + s phi(a), the mean
 * square (G^2 + s^2) Phi(a) + G s phi(a). */
#include <math.h>
#include <xbarc/xbarc.h>

typedef double deviation_fn(const xb_cells *c, const void *options, double g);

static void add_noise(const xb_cells *c, const void *options, deviation_fn *deviation, float *v)
{
    float z[XB_CELLS_MOST];
    c->normal(c, 0, z);
    for (size_t i = 0; i < c->n; i++) v[i] = fmaxf(0, (float)(v[i] + deviation(c, options, v[i]) * z[i]));
}

/* Beyond 9 deviations from 0 clipping changes nothing that a double shows. */
static void moments(double g, double s, float *mean, float *variance)
{
    *mean = (float)g;
    *variance = (float)(s * s);
    if (s <= 0 || g > 9 * s) return;
    double a = g / s, below = 0.5 * erfc(a / sqrt(2)), density = exp(-a * a / 2) / sqrt(2 * acos(-1));
    double m = g * (1 - below) + s * density;
    *mean = (float)m;
    *variance = (float)fmax(0, (g * g + s * s) * (1 - below) + g * s * density - m * m);
}

/* ---- of a given size ---- */

enum { PROPORTIONAL, FULL_SCALE };
static const char *const kinds[] = {"proportional", "full-scale", NULL};

typedef struct noise_options {
    double sigma;
    int kind;
} noise_options;

static double noise_deviation(const xb_cells *c, const void *options, double g)
{
    const noise_options *o = options;
    return o->sigma * (o->kind == PROPORTIONAL ? g : c->g_max);
}

static void noise_read(const xb_cells *c, const void *options, float *v)
{
    if (((const noise_options *)options)->sigma > 0) add_noise(c, options, noise_deviation, v);
}

static void noise_moments(const xb_cells *c, const void *options, const float *v, float *mean, float *variance)
{
    for (size_t i = 0; i < c->n; i++) moments(v[i], noise_deviation(c, options, v[i]), &mean[i], &variance[i]);
}

static const xb_option noise_table[] = {
    {.name = "sigma",
     .help = "standard deviation of one read as a share of what `kind` says, no unit (c2c); 0: off",
     .type = XB_OPT_REAL,
     .offset = offsetof(noise_options, sigma),
     .def = "0.01",
     .max = 10,
     .dim = XB_RATIO},
    {.name = "kind",
     .help = "proportional: a share of the device's conductance; full-scale: of g_max, alike for all (c2c)",
     .type = XB_OPT_CHOICE,
     .offset = offsetof(noise_options, kind),
     .def = "proportional",
     .choices = kinds},
    {.name = NULL},
};

static const xb_device read_noise = {
    .struct_size = sizeof(xb_device),
    .domain = XB_DOMAIN_CONDUCTANCE,
    .name = "read-noise",
    .summary = "Gaussian noise of every conversion (cycle to cycle)",
    .doc = "G -> max(0, G + s n), n ~ N(0, 1) anew in every conversion; s = sigma G (proportional) or sigma g_max "
           "(full-scale).\n\n"
           "No conductance is below 0, so the noise is clipped on one side: of devices within a few s of 0 the mean "
           "is too large, by s / sqrt(2 pi) at G = 0. Full-scale noise does so to devices that are off; in a "
           "differential pair it cancels where both are. The moments that replace draws of single cells are those "
           "after clipping. The noise of a reference column (hardware `sign: offset`) is the same for all columns of "
           "its array.\n\n"
           "Default: 1 %, the short-term read noise that aihwkit advises for RRAM (Wan et al., Nature 2022).",
    .example = "- read-noise: {sigma: 0.01, kind: full-scale}",
    .options = noise_table,
    .options_size = sizeof(noise_options),
    .read = noise_read,
    .read_moments = noise_moments,
};

/* ---- 1/f noise of phase-change memory ---- */

typedef struct pcm_options {
    double scale, read_time;
} pcm_options;

static double pcm_deviation(const xb_cells *c, const void *options, double g)
{
    const pcm_options *o = options;
    double q = fmin(0.0088 / fmax(pow(g / c->g_max, 0.65), 1e-3), 0.2);
    double ratio = (c->time + o->read_time) / (2 * o->read_time);
    return ratio > 1 ? o->scale * g * q * sqrt(log(ratio)) : 0;
}

static void pcm_read(const xb_cells *c, const void *options, float *v)
{
    const pcm_options *o = options;
    if (o->scale > 0 && c->time > o->read_time) add_noise(c, options, pcm_deviation, v);
}

static void pcm_moments(const xb_cells *c, const void *options, const float *v, float *mean, float *variance)
{
    for (size_t i = 0; i < c->n; i++) moments(v[i], pcm_deviation(c, options, v[i]), &mean[i], &variance[i]);
}

static const xb_option pcm_table[] = {
    {.name = "scale",
     .help = "times the measured standard deviation, no unit (c2c); 0: off",
     .type = XB_OPT_REAL,
     .offset = offsetof(pcm_options, scale),
     .def = "1",
     .max = 100},
    {.name = "read-time",
     .help = "how long one read takes, s: shorter reads see more of the spectrum (c2c)",
     .type = XB_OPT_REAL,
     .offset = offsetof(pcm_options, read_time),
     .def = "250ns",
     .min = 1e-12,
     .max = 1,
     .dim = XB_SECOND},
    {.name = NULL},
};

static const xb_device read_noise_pcm = {
    .struct_size = sizeof(xb_device),
    .domain = XB_DOMAIN_CONDUCTANCE,
    .name = "read-noise-pcm",
    .summary = "1/f noise of phase-change memory, which grows with time (cycle to cycle)",
    .doc =
        "G -> max(0, G + s n), n ~ N(0, 1) anew in every conversion; s = G Q sqrt(ln((t + t_r) / (2 t_r))), Q = "
        "0.0088 / g^0.65, at most 0.2, g = G / g_max, t the chip's time since programming, t_r `read-time`. Up to t = "
        "t_r there is none, so a chip without a time has none.\n\n"
        "The noise of a real device is slow: what two conversions shortly after each other see is correlated. Here "
        "they are independent, so that averages over conversions are better than they would be. Clipping at 0 makes "
        "the mean of the rare devices with s near G too large.\n\n"
        "Source: Nandakumar et al., ICECS 2019, as fitted in aihwkit (PCMLikeNoiseModel), which draws it once for all "
        "conversions.",
    .example = "- read-noise-pcm: {read-time: 250ns}",
    .options = pcm_table,
    .options_size = sizeof(pcm_options),
    .read = pcm_read,
    .read_moments = pcm_moments,
};

XBARC_PLUGIN(read_noise) = {
    XBARC_PLUGIN_HEADER,
    .name = "read-noise",
    .version = "1",
    .devices = (const xb_device *const[]){&read_noise, &read_noise_pcm, NULL},
};
