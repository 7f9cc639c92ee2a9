/* stuck-at.c: a device model: some devices are stuck, off or on. */
#include <xbarc/xbarc.h>

typedef struct stuck_options {
    double off, on;
} stuck_options;

/* A fault is the device's own: what was stuck when it was written is so when it has aged. */
static void stick(const xb_cells *c, const void *options, float *v)
{
    const stuck_options *o = options;
    float u[XB_CELLS_MOST];
    if (!(o->off + o->on > 0)) return;
    c->uniform(c, XB_DRAW_CELL, u);
    for (size_t i = 0; i < c->n; i++) {
        if (u[i] < o->off)
            v[i] = (float)c->g_min;
        else if (u[i] < o->off + o->on)
            v[i] = (float)c->g_max;
    }
}

static double share_stuck(const void *options)
{
    const stuck_options *o = options;
    return o->off + o->on;
}

static int check_stuck(xb_cx *cx, const void *options)
{
    const stuck_options *o = options;
    if (o->off + o->on <= 1) return 0;
    cx->host->diagnose(cx, XB_ERROR, "option-range", NULL, "'off' and 'on' together are %g, more than all devices",
                       o->off + o->on);
    return -1;
}

static const xb_option stuck_table[] = {
    {.name = "off",
     .help = "share of devices stuck at g_min, high resistance (d2d); 0: none",
     .type = XB_OPT_REAL,
     .offset = offsetof(stuck_options, off),
     .def = "9.04%",
     .max = 1,
     .dim = XB_RATIO},
    {.name = "on",
     .help = "share of devices stuck at g_max, low resistance (d2d); 0: none",
     .type = XB_OPT_REAL,
     .offset = offsetof(stuck_options, on),
     .def = "1.75%",
     .max = 1,
     .dim = XB_RATIO},
    {.name = NULL},
};

static const xb_device stuck_at = {
    .struct_size = sizeof(xb_device),
    .domain = XB_DOMAIN_CONDUCTANCE,
    .name = "stuck-at",
    .summary = "devices stuck at g_min (off) or g_max (on) (device to device)",
    .doc = "Each device by itself, also the two of a differential pair: with probability `off` G is g_min, with "
           "probability `on` it is g_max, whatever was written. A pair is free of faults with probability (1 - off - "
           "on)^2, 79.6 % with the defaults.\n\n"
           "A stuck device spends all the writes that programming allows, also where it is stuck at its target.\n\n"
           "Put it behind what varies in writing, which it overrides. In front of `drift` stuck devices drift, too; "
           "behind it they do not.\n\n"
           "Papers name faults in both ways (SA0 is high conductance here and low there); this model says off and on. "
           "Defaults: 9.04 % and 1.75 % from Chen et al., IEEE TC 2015.",
    .example = "- stuck-at: {off: 9.04%, on: 1.75%}",
    .options = stuck_table,
    .options_size = sizeof(stuck_options),
    .check = check_stuck,
    .program = stick,
    .age = stick,
    .stuck = share_stuck,
};

XBARC_PLUGIN(stuck_at) = {
    XBARC_PLUGIN_HEADER,
    .name = "stuck-at",
    .version = "1",
    .devices = (const xb_device *const[]){&stuck_at, NULL},
};
