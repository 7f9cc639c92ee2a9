/* rank-clip.c: the pass: options, what they ask for, and its two ways, direct or in training. */
#include "rank-clip/rank-clip.h"

static int refuse(xb_cx *cx, const char *why)
{
    cx->host->diagnose(cx, XB_ERROR, "pass-check", NULL, "%s", why);
    return -1;
}

static int check(xb_cx *cx, const void *options)
{
    const rank_options *o = options;
    const xb_train_api *train = cx->host->service(cx, "xb.train", 1);
    int64_t holdout = 0;
    bool data = train->has_data(cx, &holdout);
    if (!o->direct && !data)
        return refuse(cx, "it trains, but the pipeline has no 'data: {train: ...}'; 'direct: true' needs none");
    if (!o->direct && !o->train.epochs && !o->train.steps)
        return refuse(cx, "it clips between steps of training: epochs > 0; 'direct: true' splits without any");
    if (train->check_gate(cx, &o->gate) < 0) return -1;
    if (o->budget > 0 && o->sensitivity == RANK_PROBE && !holdout)
        return refuse(cx, "'sensitivity: probe' measures on a hold-out, but the pipeline has no "
                          "'data: {train: ..., holdout: N}'");
    return 0;
}

static bool probes(const rank_work *w)
{
    if (!(w->o->budget > 0) || w->o->sensitivity == RANK_ONE) return false;
    return w->o->sensitivity == RANK_PROBE || w->holdout > 0;
}

static int clip(rank_work *w, xb_graph *g)
{
    if (!w->n) return 0;
    xb_rank_scratch(w);
    if (probes(w) && xb_rank_probe(w, g) < 0) return -1;
    return w->o->direct ? xb_rank_direct(w, g) : xb_rank_train(w, g);
}

static int run(xb_cx *cx, xb_module *module, const void *options)
{
    rank_work w = {.cx = cx,
                   .graph = cx->host->service(cx, "xb.graph", 1),
                   .train = cx->host->service(cx, "xb.train", 1),
                   .edit = cx->host->service(cx, "xb.edit", 1),
                   .math = cx->host->service(cx, "xb.linalg", 1),
                   .journal = cx->host->service(cx, "xb.journal", 1),
                   .o = options};
    xb_graph *g = w.graph->of(module);
    xb_measure m = {0};
    w.train->has_data(cx, &w.holdout);
    if (xb_rank_layers(&w, g) < 0 || clip(&w, g) < 0) return -1;
    if (w.holdout && w.train->measure(cx, g, &m) < 0) return -1;
    xb_rank_facts(&w, module, &m);
    return 0;
}

#define AT(member) .offset = offsetof(rank_options, member)

static const xb_option gate_options[] = {
    XB_GATE_OPTIONS,
    {.name = "slack",
     .help = "points that may be lost beyond max-drop before the run's end, while the rate is high; what is lost "
             "before the first clip counts for no clip",
     .type = XB_OPT_REAL,
     .offset = offsetof(xb_gate_rule, slack),
     .def = "0",
     .min = 0,
     .max = 100},
    {.name = NULL},
};

static const xb_option recipe[] = {XB_RECIPE_OPTIONS("10", "0.01"), {.name = NULL}};

static const xb_option options[] = {
    {.name = "method",
     .help =
         "what a clip looks at: balanced: the singular values of U V; pca: principal directions of U, V orthonormal at "
         "the start (as published); svd: singular values of U, shared out evenly to U and V (as published)",
     .type = XB_OPT_CHOICE,
     AT(method),
     .def = "balanced",
     .choices = (const char *const[]){"balanced", "pca", "svd", NULL}},
    {.name = "epsilon",
     .help = "part of a layer's energy (sum of squares) that a clip may take; svd: of the norm",
     .type = XB_OPT_REAL,
     AT(epsilon),
     .def = "0.01",
     .min = 0,
     .max = 0.999,
     .dim = XB_RATIO},
    {.name = "interval",
     .help = "steps between clips, and from a clip to its judgement by the gate",
     .type = XB_OPT_INT,
     AT(interval),
     .def = "500",
     .min = 1,
     .max = 1e9},
    {.name = "until",
     .help = "part of the run in which layers are clipped; in the rest the ranks stay",
     .type = XB_OPT_REAL,
     AT(until),
     .def = "0.6",
     .min = 0,
     .max = 1,
     .dim = XB_RATIO},
    {.name = "layers",
     .help = "names or patterns of layers, [conv*, fc1]; absent: those of ranks, or all but the classifier",
     .type = XB_OPT_LIST,
     AT(layers),
     .def = "[]",
     .elem = XB_OPT_STRING},
    {.name = "ranks",
     .help =
         "by name or pattern of a layer the rank it is split at from the start, {conv1: 5, fc2: 36}; must save cells",
     .type = XB_OPT_MAP,
     AT(ranks),
     .elem = XB_OPT_INT,
     .min = 1,
     .max = 1e9},
    {.name = "budget",
     .help =
         "crossbar cells that the whole network may have in the end, as a part of those it came with; takes the place "
         "of epsilon: the directions that cost least for the cells they save go first; 0: none",
     .type = XB_OPT_REAL,
     AT(budget),
     .def = "0",
     .min = 0,
     .max = 1,
     .dim = XB_RATIO},
    {.name = "sensitivity",
     .help =
         "of layers, for budget: one: all alike; probe: loss on the hold-out for a part of each layer's energy; auto: "
         "probe where there is a hold-out",
     .type = XB_OPT_CHOICE,
     AT(sensitivity),
     .def = "auto",
     .choices = (const char *const[]){"auto", "one", "probe", NULL}},
    {.name = "direct",
     .help = "splits once and does not train: needs no data",
     .type = XB_OPT_BOOL,
     AT(direct),
     .def = "false"},
    {.name = "gate",
     .help = "takes back clips that cost too much, layer by layer",
     .type = XB_OPT_STRUCT,
     AT(gate),
     .sub = gate_options,
     .sub_size = sizeof(xb_gate_rule)},
    {.name = "train",
     .help = "the recipe",
     .type = XB_OPT_STRUCT,
     AT(train),
     .sub = recipe,
     .sub_size = sizeof(xb_recipe)},
    {.name = NULL},
};

static const char *const services[] = {"xb.graph/1", "xb.train/1", "xb.edit/1", "xb.linalg/1", "xb.journal/1", NULL};

static const xb_pass pass = {
    .struct_size = sizeof pass,
    .level = XB_LEVEL_GRAPH,
    .name = "rank-clip",
    .summary = "replace weight matrices by products of two skinny ones",
    .doc =
        "A layer's matrix of N x M becomes U V of rank K, two ops with K (N + M) cells, where that is fewer: a Conv "
        "its window with K filters and a Conv of 1 x 1, a dense layer two dense ones (rank clipping: Wang et al., "
        "Group Scissor, DAC 2017). Training starts at full rank, where nothing has changed; every `interval` steps "
        "each layer loses the directions that hold no more than `epsilon` of its energy; after `until` the ranks "
        "stay. Layers that do not pay in the end are one op again. With weight decay, balanced factors pull the ranks "
        "down by themselves: decay of U and V is one of the sum of the singular values.\n\n"
        "Left as they are: the last layer (unless it is named), layers with groups or masks, with frozen or shared "
        "weights, or of another type than float32, vectors.\n\n"
        "With a gate the network is kept before each clip and measured `interval` steps later; below the target the "
        "clip is taken back, the layer that lost most stays at its rank and the others go on. A network that is below "
        "the target in the end gives way to the last that was not. The energy that pca and svd go by is U's, so that "
        "without a gate they have no rank at which they come to rest.\n\n"
        "direct splits once, by ranks, budget or epsilon, and needs no data.",
    .example =
        "- rank-clip: {epsilon: 0.03, interval: 500, gate: {max-drop: 0.2}, train: {epochs: 10, schedule: cosine}}",
    .services = services,
    .reads = XB_MAY_READ_DATA | XB_READS_TEACHER,
    .options = options,
    .options_size = sizeof(rank_options),
    .check = check,
    .run = run,
};

static const xb_pass *const passes[] = {&pass, NULL};

XBARC_PLUGIN(rank_clip) = {XBARC_PLUGIN_HEADER, .name = "rank-clip", .version = "1", .passes = passes};
