/* keys.c: what stands in data: and gate:. */
#include "pipe/parts.h"

#define IN(part, member) (offsetof(xb_pipeline, part.member) - offsetof(xb_pipeline, part))
#define SPEC "; mnist:, cifar10:, cifar100:, npy:, images: or digits:"

const xb_option xb_data_options[] = {
    {.name = "train", .help = "data to learn from" SPEC, .type = XB_OPT_STRING, .offset = IN(data, train)},
    {.name = "test", .help = "data for the final figures" SPEC, .type = XB_OPT_STRING, .offset = IN(data, test)},
    {.name = "calibrate",
     .help = "data for gates when there is no train" SPEC,
     .type = XB_OPT_STRING,
     .offset = IN(data, calibrate)},
    {.name = "holdout",
     .help = "items at the end of train that gates measure on; 0: none",
     .type = XB_OPT_INT,
     .offset = IN(data, holdout),
     .def = "0",
     .min = 0,
     .max = 9e18},
    {.name = "input",
     .help = "from stored values to the network's input",
     .type = XB_OPT_STRUCT,
     .offset = IN(data, input),
     .sub = xb_input_map_options,
     .sub_size = sizeof(xb_input_map_opts)},
    {.name = NULL},
};

static const char *const metrics[] = {"top1", "agreement", "mse", "psnr", NULL};
static const char *const on_fails[] = {"rollback", "stop", NULL};

const xb_option xb_gate_options[] = {
    {.name = "metric",
     .help = "top1 needs labels; the others compare with the imported model",
     .type = XB_OPT_CHOICE,
     .offset = IN(gate, metric),
     .def = "top1",
     .choices = metrics},
    {.name = "max-drop",
     .help = "top1, agreement: points lost at most; mse: highest error; psnr: lowest dB",
     .type = XB_OPT_REAL,
     .offset = IN(gate, max_drop),
     .min = 0,
     .max = 1e300,
     .required = true},
    {.name = "on-fail",
     .help = "rollback: undo the pass and go on; stop: end with exit code 4",
     .type = XB_OPT_CHOICE,
     .offset = IN(gate, on_fail),
     .def = "rollback",
     .choices = on_fails},
    {.name = NULL},
};

const xb_option xb_simulate_options[] = {
    {.name = "trials",
     .help = "chips; each has its own random numbers",
     .type = XB_OPT_INT,
     .offset = IN(simulate, trials),
     .def = "20",
     .min = 1,
     .max = 4294967295.0},
    {.name = "programming",
     .help = "what writing a chip costs; it changes no weight",
     .type = XB_OPT_STRUCT,
     .offset = IN(simulate, programming),
     .sub = xb_program_option_table,
     .sub_size = sizeof(xb_program_options)},
    {.name = NULL},
};

xb_input_map xb_pipe_input_map(const xb_pipeline *p)
{
    const xb_input_map_opts *o = &p->data.input;
    return (xb_input_map){
        .scale = o->scale, .n_mean = o->mean.n, .n_std = o->std.n, .mean = o->mean.data, .std = o->std.data};
}
