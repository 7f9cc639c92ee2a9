/* sim_kit.h: the device models by name, and cells for them; the plugins' .c files are included by the test. */
#ifndef SIM_KIT_H
#define SIM_KIT_H

#define XBARC_BUILTIN
#include "base/diag.h"
#include "base/opts.h"
#include "sim/chain.h"
#include "suite.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xbarc/xbarc.h>

#include "../../plugins/drift.c"
#include "../../plugins/gaussian-pcm.c"
#include "../../plugins/levels.c"
#include "../../plugins/lognormal.c"
#include "../../plugins/proportional.c"
#include "../../plugins/read-noise.c"
#include "../../plugins/rram-relax.c"
#include "../../plugins/stuck-at.c"

/* A device with options from YAML flow text, "" for the defaults. */
typedef struct model {
    xb_diags *d;
    xb_arena *a;
    xb_link link;
    xb_chain chain;
    xb_segment segment; /* of layer fc1, 1 .. 100 uS */
} model;

static inline void *read_options(xb_diags *d, xb_arena *a, const xb_device *device, const char *text)
{
    void *options = xb_arena_alloc(a, 1, device->options_size);
    xb_yaml *y = *text ? xb_yaml_parse(d, a, "options", text, strlen(text), NULL, NULL) : NULL;
    ck_assert_msg(xb_opts_read(d, a, device->name, device->options, y, options, device->options_size), "%s",
                  xb_diags_text(d));
    return options;
}

static inline xb_segment segment_of(const char *layer)
{
    return (xb_segment){
        .key = {.seed = 7, .layer = xb_draw_layer(layer)}, .layer = layer, .n = 1, .g_min = 1e-6, .g_max = 100e-6};
}

static inline model *model_new(const xb_device *device, const char *options)
{
    model *m = calloc(1, sizeof *m);
    m->d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    m->a = xb_arena_new();
    m->link = (xb_link){device, read_options(m->d, m->a, device, options)};
    m->chain = (xb_chain){&m->link, 1};
    m->segment = segment_of("fc1");
    return m;
}

static inline void model_free(model *m)
{
    xb_arena_free(m->a);
    xb_diags_free(m->d);
    free(m);
}

static inline void model_run(model *m, xb_stage stage, float *v)
{
    ck_assert_msg(xb_chain_run(m->d, &m->chain, m->link.device->domain, stage, &m->segment, v), "%s",
                  xb_diags_text(m->d));
}

static inline int sim_main(const char *name, void (*add)(TCase *))
{
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 0);
    add(t);
    return run_case(name, t);
}

#endif
