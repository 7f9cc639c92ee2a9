/* fine-tune.c: trains the network as it stands, by a recipe. */
#include <xbarc/xbarc.h>

typedef struct tune_options {
    xb_recipe recipe;
    bool recalibrate;
} tune_options;

static int run(xb_cx *cx, xb_module *module, const void *options)
{
    const tune_options *o = options;
    const xb_graph_api *graph = cx->host->service(cx, "xb.graph", 1);
    const xb_train_api *train = cx->host->service(cx, "xb.train", 1);
    const xb_journal_api *journal = cx->host->service(cx, "xb.journal", 1);
    xb_train_result r;
    xb_graph *g = graph->of(module);
    if (train->run(cx, g, &o->recipe, NULL, &r) < 0) return -1;
    if (o->recalibrate && train->recalibrate(cx, g, 0) < 0) return -1;
    journal->tell(cx, module, "steps", NULL, &(xb_fact){.value = (double)r.steps});
    journal->tell(cx, module, "loss", NULL, &(xb_fact){.value = r.loss, .unit = "nat", .split = "train"});
    xb_fact top1 = {.value = r.holdout.top1, .unit = "ratio", .split = "holdout"};
    if (r.holdout.total) journal->tell(cx, module, "top1", NULL, &top1);
    return 0;
}

static const xb_option options[] = {
    XB_RECIPE_OPTIONS("5", "0.01"),
    {.name = "recalibrate",
     .help = "afterwards, measures the mean and variance of every BatchNormalization anew on 4096 training samples",
     .type = XB_OPT_BOOL,
     .offset = offsetof(tune_options, recalibrate),
     .def = "false"},
    {.name = NULL},
};

static const char *const services[] = {"xb.graph/1", "xb.train/1", "xb.journal/1", NULL};

static const xb_pass pass = {
    .struct_size = sizeof pass,
    .level = XB_LEVEL_GRAPH,
    .name = "fine-tune",
    .summary = "train the network by a recipe",
    .doc =
        "Trains every weight, bias and normalisation of the network on the pipeline's training data; masks, frozen "
        "tensors and the hold-out are respected. With distil the network as it came into the pass, or a named model, "
        "is the teacher.\n\n"
        "An interrupted compile goes on from the last checkpoint when it is started again.",
    .example = "- fine-tune: {epochs: 3, rate: 0.01, schedule: cosine, distil: {weight: 0.7}}",
    .services = services,
    .reads = XB_READS_DATA | XB_READS_TEACHER,
    .options = options,
    .options_size = sizeof(tune_options),
    .run = run,
};

static const xb_pass *const passes[] = {&pass, NULL};

XBARC_PLUGIN(fine_tune) = {XBARC_PLUGIN_HEADER, .name = "fine-tune", .version = "1", .passes = passes};
