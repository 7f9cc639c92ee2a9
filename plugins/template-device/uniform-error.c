/* uniform-error.c: a device model to copy: G -> max(g_min, G + width (g_max - g_min) (u - 1/2)), u uniform in (0, 1). */
#include <xbarc/xbarc.h>

typedef struct error_options { double width; } error_options;

static void program(const xb_cells *c, const void *options, float *v)
{
    const error_options *o = options;
    float u[XB_CELLS_MOST];
    c->uniform(c, 0, u); /* one number a cell; draw 1 would be another */
    for (size_t i = 0; i < c->n; i++) {
        double g = v[i] + o->width * (c->g_max - c->g_min) * (u[i] - 0.5);
        v[i] = (float)(g < c->g_min ? c->g_min : g);
    }
}

static const xb_option options[] = {
    {.name = "width", .help = "width of the error as a share of g_max - g_min, no unit (d2d); 0: off", .type = XB_OPT_REAL,
     .offset = offsetof(error_options, width), .def = "5%", .max = 1, .dim = XB_RATIO},
    {.name = NULL}};

static const xb_device uniform_error = {
    .struct_size = sizeof(xb_device), .domain = XB_DOMAIN_CONDUCTANCE, .name = "uniform-error",
    .summary = "what is written is off by a uniform error (device to device)",
    .doc = "G -> max(g_min, G + width (g_max - g_min) (u - 1/2)), u uniform in (0, 1), drawn once a chip.",
    .example = "- uniform-error: {width: 5%}",
    .options = options, .options_size = sizeof(error_options), .program = program};

XBARC_PLUGIN(uniform_error) = {XBARC_PLUGIN_HEADER, .name = "uniform-error", .version = "0.1",
                               .devices = (const xb_device *const[]){&uniform_error, NULL}};
