/* prune-units.c: the pass: options, what they ask for, and its two ways, at once or in training. */
#include "prune-units/prune-units.h"

static int refuse(xb_cx *cx, const char *why)
{
    cx->host->diagnose(cx, XB_ERROR, "pass-check", NULL, "%s", why);
    return -1;
}

static int check(xb_cx *cx, const void *options)
{
    const prune_options *o = options;
    const xb_train_api *train = cx->host->service(cx, "xb.train", 1);
    bool data = train->has_data(cx, NULL), trains = xb_prune_trains(o);
    if ((o->units.n > 0) + (o->keep > 0) + (o->budget > 0) != 1)
        return refuse(cx, "one of 'units', 'keep' and 'budget' says how much is to stay");
    if (trains && !data)
        return refuse(cx, "it trains, but the pipeline has no 'data: {train: ...}'; 'train: {epochs: 0}' needs none");
    if (!trains && o->score == PRUNE_TAYLOR) return refuse(cx, "'score: taylor' looks at training batches: epochs > 0");
    if (!trains && o->gradual > 1) return refuse(cx, "'gradual' rounds are between steps of training: epochs > 0");
    if (!trains && xb_is_gated(&o->gate))
        return refuse(cx, "'gate' judges a training run: epochs > 0; without training the pipeline's gate does");
    return train->check_gate(cx, &o->gate);
}

/* Would anything go? Negative: the budget cannot be met. */
static int foresee(const prune_work *w, prune_net *plan)
{
    size_t n = 0;
    xb_prune_score(w, plan, NULL);
    if (!xb_prune_plan(w, plan, 0, 1)) {
        w->cx->host->diagnose(w->cx, XB_ERROR, "prune-units", NULL,
                              "the budget of %g cannot be met: with one unit a layer %lld of %lld cells are left",
                              w->o->budget, (long long)xb_prune_all_cells(plan), (long long)w->cells);
        return -1;
    }
    for (size_t i = 0; i < plan->n_bundles; i++) n += plan->bundle[i].gone;
    return n > 0;
}

static int prune(prune_work *w, xb_graph *g)
{
    int some = foresee(w, w->plan);
    if (some < 0) return -1;
    if (some && xb_prune_trains(w->o)) return xb_prune_train(w, g);
    if (w->train->aim(w->cx, g, &w->o->gate, &w->end.aim) < 0) return -1;
    if (!some) return 0;
    return xb_prune_apply(w, w->plan, g, NULL) < 0 || !w->graph->infer(w->cx, g) ? -1 : 0;
}

static int run(xb_cx *cx, xb_module *module, const void *options)
{
    prune_work w = {.cx = cx,
                    .graph = cx->host->service(cx, "xb.graph", 1),
                    .train = cx->host->service(cx, "xb.train", 1),
                    .edit = cx->host->service(cx, "xb.edit", 1),
                    .journal = cx->host->service(cx, "xb.journal", 1),
                    .o = options};
    xb_graph *g = w.graph->of(module);
    xb_measure m = {0};
    w.train->has_data(cx, &w.holdout);
    w.plan = xb_prune_look(&w, g);
    if (xb_prune_goals(&w, w.plan) < 0 || prune(&w, g) < 0) return -1;
    if (w.holdout && w.train->measure(cx, g, &m) < 0) return -1;
    xb_prune_facts(&w, module, xb_prune_look(&w, g), &m);
    return 0;
}

#define AT(member) .offset = offsetof(prune_options, member)

static const xb_option gate_options[] = {XB_GATE_OPTIONS, {.name = NULL}};
static const xb_option recipe[] = {XB_RECIPE_OPTIONS("5", "0.01"), {.name = NULL}};

static const xb_option options[] = {
    {.name = "units",
     .help = "by name or pattern of a layer, how many filters or neurons it keeps, {conv1: 6, fc1: 32}",
     .type = XB_OPT_MAP,
     AT(units),
     .elem = XB_OPT_INT,
     .min = 1,
     .max = 1e9},
    {.name = "keep",
     .help = "part of its units that every layer keeps; 0: not asked for",
     .type = XB_OPT_REAL,
     AT(keep),
     .def = "0",
     .min = 0,
     .max = 1,
     .dim = XB_RATIO},
    {.name = "budget",
     .help = "crossbar cells that the whole network may have in the end, as a part of those it came with: the units "
             "whose score is least for the cells they save, their readers' too, go first; 0: not asked for",
     .type = XB_OPT_REAL,
     AT(budget),
     .def = "0",
     .min = 0,
     .max = 1,
     .dim = XB_RATIO},
    {.name = "score",
     .help = "what a unit is worth: magnitude: norm of its weights times norm of the weights that read it; taylor: "
             "|sum of w dL/dw| over its weights and its normalisation's scale, mean over training batches; norm-scale: "
             "|scale| of its BatchNormalization, magnitude where there is none",
     .type = XB_OPT_CHOICE,
     AT(score),
     .def = "magnitude",
     .choices = (const char *const[]){"magnitude", "taylor", "norm-scale", NULL}},
    {.name = "batches",
     .help = "steps that taylor looks at before the first round",
     .type = XB_OPT_INT,
     AT(batches),
     .def = "100",
     .min = 1,
     .max = 1e9},
    {.name = "layers",
     .help = "names or patterns of layers whose units may go, [conv*, fc1]; absent: all",
     .type = XB_OPT_LIST,
     AT(layers),
     .def = "[]",
     .elem = XB_OPT_STRING},
    {.name = "gradual",
     .help = "rounds in which units go while the recipe runs; 1: all at once at its start",
     .type = XB_OPT_INT,
     AT(gradual),
     .def = "1",
     .min = 1,
     .max = 1000},
    {.name = "within",
     .help = "part of the run over which the rounds are spread",
     .type = XB_OPT_REAL,
     AT(within),
     .def = "0.5",
     .min = 0,
     .max = 1,
     .dim = XB_RATIO},
    {.name = "gate",
     .help = "brings back the last round's network that met it when the one at the end does not",
     .type = XB_OPT_STRUCT,
     AT(gate),
     .sub = gate_options,
     .sub_size = sizeof(xb_gate_rule)},
    {.name = "fold",
     .help = "what a removed unit gives when its weights are 0 goes into the biases of its readers",
     .type = XB_OPT_BOOL,
     AT(fold),
     .def = "true"},
    {.name = "train",
     .help = "the recipe; epochs 0: no training, and no data needed",
     .type = XB_OPT_STRUCT,
     AT(train),
     .sub = recipe,
     .sub_size = sizeof(xb_recipe)},
    {.name = NULL},
};

static const char *const services[] = {"xb.graph/1", "xb.train/1", "xb.edit/1", "xb.journal/1", NULL};

static const xb_pass pass = {
    .struct_size = sizeof pass,
    .level = XB_LEVEL_GRAPH,
    .name = "prune-units",
    .summary = "remove whole filters and neurons",
    .doc =
        "Takes output channels of convolutions and outputs of dense layers out of the network, with the weights that "
        "read them; residual additions, concatenations, normalisations and grouped convolutions follow. Units that can "
        "only go together have one score and go together. Units that reach the graph's output stay.\n\n"
        "How much stays is said by units, keep or budget. With a budget, the units of a layer become dearer the less "
        "of the layer's score is left: removing a unit costs the growth of (score gone / score left).\n\n"
        "The units go at the start of the recipe, or in rounds while it runs; with distil the network as it came in "
        "teaches. With a gate every round's network is measured before the next round, and at the end: the last one "
        "that met the gate is brought back when the one at the end does not.",
    .example = "- prune-units: {units: {conv1: 6, conv2: 14, fc1: 32}, train: {epochs: 10, rate: 0.02, schedule: "
               "cosine, distil: {weight: 0.7}}}",
    .services = services,
    .reads = XB_MAY_READ_DATA | XB_READS_TEACHER,
    .options = options,
    .options_size = sizeof(prune_options),
    .check = check,
    .run = run,
};

static const xb_pass *const passes[] = {&pass, NULL};

XBARC_PLUGIN(prune_units) = {XBARC_PLUGIN_HEADER, .name = "prune-units", .version = "1", .passes = passes};
