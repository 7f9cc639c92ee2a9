/* assumed.c: what the figures of simulated chips rest on, as facts "assumed.KEY": the chain of devices, the chip's and
 * programming's options. The report lists them among its assumptions; the hardware file's are there already. */
#include "pipe/parts.h"
#include <string.h>

/* Units of options that have no dimension, what 0 stands for, and where a default comes from. */
static const struct known {
    const char *name, *unit, *zero, *source;
} known[] = {{"clip", "sd of the weights", "none", NULL},
             {"weight-bits", "bit", "ideal", NULL},
             {"cell-bits", "bit", "ideal", NULL},
             {"calibrate", "images", NULL, NULL},
             {"tolerance", "of ln G", NULL, NULL},
             {"sigma", "of ln G", NULL, "Charan, JXCDC 2020"},
             {"most", "writes", NULL, NULL},
             {"pulse-sigma", "of ln G", NULL, NULL},
             {"write-time", NULL, NULL, "Charan, JXCDC 2020: 6.5 us to 4.5 ms"},
             {"read-time", NULL, NULL, "ISAAC, ISCA 2016: one read of an array"},
             {"parallel", "devices", NULL, NULL}};

static const struct known *find(const char *name)
{
    static const struct known none = {"", NULL, NULL, NULL};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0) return &known[i];
    return &none;
}

typedef struct section {
    const xb_pipeline *p;
    xb_module *m;
    const char *name, *help; /* "chip"; what `xbarc help` explains it under */
    const xb_yaml *given;    /* what the pipeline says of it; NULL: nothing */
    bool spread;             /* sigma is what the devices have */
    const void *left; /* options before the hardware filled in what they leave to it; NULL: it fills in nothing */
} section;

static void add(const section *s, const char *key, double value, const char *text, const char *unit, const char *source)
{
    const xb_fact f = {.key = xb_arena_printf(s->p->arena, "assumed.%s.%s", s->name, key),
                       .value = value,
                       .text = text,
                       .unit = unit,
                       .split = "",
                       .seed = s->p->seed,
                       .source = source};
    xb_module_journal(s->m, &f);
}

static bool filled_in(const section *s, const xb_option *o, const void *at)
{
    size_t size = o->type == XB_OPT_INT ? sizeof(int64_t) : o->type == XB_OPT_CHOICE ? sizeof(int) : 0;
    return s->left && memcmp((const char *)s->left + o->offset, at, size) != 0;
}

static const char *source_of(const section *s, const xb_option *o, const void *at)
{
    const char *from = find(o->name)->source;
    if (filled_in(s, o, at)) return "hardware";
    if (s->spread && strcmp(o->name, "sigma") == 0) return "spread of chip.devices";
    if (s->given && xb_yaml_get(s->given, o->name)) return "pipeline";
    if (from) return xb_arena_printf(s->p->arena, "%s (default)", from);
    return xb_arena_printf(s->p->arena, "default; xbarc help %s", s->help);
}

static const char *unit_of(const xb_option *o)
{
    const char *unit = find(o->name)->unit;
    if (o->dim == XB_SECOND) return "s";
    return unit ? unit : o->dim == XB_RATIO ? "ratio" : "1";
}

static void add_number(const section *s, const xb_option *o, const void *at, double value)
{
    const char *words = value == 0 ? find(o->name)->zero : NULL;
    add(s, o->name, value, words, words ? "" : unit_of(o), source_of(s, o, at));
}

/* Which layers are exact is a fact of its own. */
static void add_option(const section *s, const xb_option *o, const void *options)
{
    const void *at = (const char *)options + o->offset;
    if (o->type == XB_OPT_INT) add_number(s, o, at, (double)*(const int64_t *)at);
    if (o->type == XB_OPT_REAL) add_number(s, o, at, *(const double *)at);
    if (o->type == XB_OPT_BOOL) add(s, o->name, 0, *(const bool *)at ? "yes" : "no", "", source_of(s, o, at));
    if (o->type == XB_OPT_CHOICE) add(s, o->name, 0, o->choices[*(const int *)at], "", source_of(s, o, at));
}

static void add_options(const section *s, const xb_option *table, const void *options)
{
    for (; table->name; table++) add_option(s, table, options);
}

static void add_devices(const section *s)
{
    const xb_pipeline *p = s->p;
    if (!p->chip.n) add(s, "devices", 0, "none: all hold what they should", "", "pipeline");
    for (size_t i = 0; i < p->chip.n; i++) {
        const xb_part *part = &p->chip.part[i];
        xb_buf b = {0};
        xb_opts_print(&b, part->device->options, part->options);
        add(s, xb_arena_printf(p->arena, "devices.%s", part->instance), 0, xb_arena_strdup(p->arena, xb_buf_cstr(&b)),
            "", xb_arena_printf(p->arena, "pipeline; model and defaults: xbarc help %s", part->device->name));
        xb_buf_free(&b);
    }
}

/* The report has the hardware file's figures, of which one that is 0 is none. */
static void add_ideal_converters(const section *s)
{
    const xb_hw *hw = &s->p->hw;
    if (!hw->input_bits) add(s, "input_bits", 0, "ideal", "", "hardware");
    if (!hw->dac_bits) add(s, "dac_bits", 0, "ideal", "", "hardware");
    if (!hw->adc_bits) add(s, "adc_bits", 0, "ideal", "", "hardware");
}

void xb_assume_chips(const xb_pipeline *p, xb_module *m)
{
    const xb_yaml *programming = p->simulate.where ? xb_yaml_get(p->simulate.where, "programming") : NULL;
    const xb_chip_options on = xb_chip_options_on(&p->chip.options, &p->hw);
    const section chip = {p, m, "chip", "chip", p->chip.where, false, &p->chip.options};
    const xb_chain chain = xb_pipeline_chain(p);
    bool spread = xb_chain_spread(&chain) >= 0 && !(programming && xb_yaml_get(programming, "sigma"));
    const section writing = {p, m, "programming", "programming", programming, spread, NULL};
    const section interface = {p, m, "interface", "hardware", NULL, false, NULL};
    add_ideal_converters(&interface);
    add_devices(&chip);
    add_options(&chip, xb_chip_option_table, &on);
    add_options(&writing, xb_program_option_table, &p->simulate.programming);
}
