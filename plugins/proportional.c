/* proportional.c: a device model: a Gaussian error in proportion to the weight. */
#include <xbarc/xbarc.h>

typedef struct proportional_options {
    double alpha;
} proportional_options;

static void write_proportional(const xb_cells *c, const void *options, float *v)
{
    const proportional_options *o = options;
    float z[XB_CELLS_MOST];
    if (!(o->alpha > 0)) return;
    c->normal(c, 0, z);
    for (size_t i = 0; i < c->n; i++) v[i] = (float)(v[i] * (1 + o->alpha * z[i]));
}

static const xb_option proportional_table[] = {
    {.name = "alpha",
     .help = "standard deviation of (written - w) / w, no unit (d2d); 0: off",
     .type = XB_OPT_REAL,
     .offset = offsetof(proportional_options, alpha),
     .def = "0.1",
     .max = 10,
     .dim = XB_RATIO},
    {.name = NULL},
};

static const xb_device proportional = {
    .struct_size = sizeof(xb_device),
    .domain = XB_DOMAIN_WEIGHT,
    .name = "proportional",
    .summary = "imprecise weights: w (1 + alpha N(0, 1)) (device to device)",
    .doc = "w -> w (1 + alpha n), n ~ N(0, 1), drawn once a chip: the error model of imprecise feature extractors "
           "with retrained detectors (eq. 1 there). Before the mapping to conductances the mean is w, the variance "
           "alpha^2 w^2; zero weights stay zero; a weight changes its sign with probability Phi(-1 / alpha), 15.9 % "
           "at alpha 1.\n\n"
           "No conductance is below 0. With `sign: offset` that clips on one side: what would be below -w_max (1 + 2 "
           "g_min / (g_max - g_min)) is a device at G = 0, half of all weights at -w_max, so these are too small on "
           "average: by 0.2 w_max at alpha 0.5. A differential pair clips nothing. Nothing is clipped at the other "
           "end: a conductance may lie above g_max, for a weight beyond w_max.\n\n"
           "A programming error of at most 2^-b of the value, \"b bits\", is an alpha of about 2^-b: 2 to 3 bits are "
           "0.25 to 0.125. Published sweeps take alpha 0, 0.05, 0.1, 0.25, 0.5, 0.75, 1; the default is 0.1.",
    .example = "- proportional: {alpha: 0.1}",
    .options = proportional_table,
    .options_size = sizeof(proportional_options),
    .program = write_proportional,
};

XBARC_PLUGIN(proportional) = {
    XBARC_PLUGIN_HEADER,
    .name = "proportional",
    .version = "1",
    .devices = (const xb_device *const[]){&proportional, NULL},
};
