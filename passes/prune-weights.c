/* prune-weights.c: the pass that makes single weights zero, those of the least magnitude first, and keeps them so by
 * masks (gradual magnitude pruning: Zhu & Gupta 2017). */
#include "prune-weights/prune-weights.h"
#include <stdio.h>

static bool trains(const weights_options *o)
{
    return o->train.epochs > 0 || o->train.steps > 0;
}

/* ---- without training ---- */

static void prune_now(weights_work *w, xb_graph *g)
{
    float **v = w->cx->host->alloc(w->cx, w->n_layers + 1, sizeof *v);
    int64_t *numbers = w->cx->host->alloc(w->cx, w->n + 1, sizeof *numbers);
    xb_weights_begin_mask(w, g);
    for (size_t k = 0; k < w->n_layers; k++) v[k] = w->graph->write(g, xb_weights_of(w, g, &w->layer[k]));
    xb_weights_choose(w, (const float *const *)v, 0);
    for (size_t k = 0; k < w->n_layers; k++) {
        const weights_layer *l = &w->layer[k];
        for (size_t i = 0; i < l->n; i++) {
            numbers[i] = w->mask[l->first + i];
            if (!numbers[i]) v[k][i] = 0;
        }
        w->graph->set_note(g, xb_weights_of(w, g, l), "mask", numbers, l->n);
    }
}

/* ---- in training ---- */

static int64_t *rounds_of(const weights_work *w, xb_trainer *t)
{
    return w->train->state(t);
}

/* The step at which round k is due: evenly over the first part of the run. */
static int64_t due(const weights_work *w, xb_trainer *t, int64_t k)
{
    return (int64_t)(w->o->within * (double)w->train->steps(t) * (double)k / (double)w->o->gradual);
}

static int one_round(weights_work *w, xb_trainer *t)
{
    const xb_graph *g = w->train->graph(t);
    const float **v = w->cx->host->alloc(w->cx, w->n_layers + 1, sizeof *v);
    xb_weights_begin_mask(w, g);
    for (size_t k = 0; k < w->n_layers; k++) {
        const xb_param *p = w->train->param(t, xb_weights_of(w, g, &w->layer[k]));
        if (!p || p->frozen) {
            w->cx->host->diagnose(w->cx, XB_ERROR, "prune-weights", NULL, "the weights of '%s' are not trained",
                                  w->layer[k].name);
            return -1;
        }
        v[k] = p->data;
    }
    xb_weights_choose(w, v, *rounds_of(w, t));
    for (size_t k = 0; k < w->n_layers; k++)
        w->train->set_mask(t, xb_weights_of(w, g, &w->layer[k]), w->mask + w->layer[k].first);
    ++*rounds_of(w, t);
    return 0;
}

static int rounds_due(xb_cx *cx, xb_trainer *t, void *context)
{
    weights_work *w = context;
    (void)cx;
    while (*rounds_of(w, t) < w->o->gradual && w->train->step(t) >= due(w, t, *rounds_of(w, t)))
        if (one_round(w, t) < 0) return -1;
    return 0;
}

static int prune_in_training(weights_work *w, xb_graph *g)
{
    xb_train_hooks hooks = {.struct_size = sizeof hooks,
                            .context = w,
                            .state_size = sizeof(int64_t),
                            .interval = 1,
                            .on_start = rounds_due,
                            .on_interval = rounds_due};
    return w->train->run(w->cx, g, &w->o->train, &hooks, NULL);
}

/* ---- what is told ---- */

static void tell(const weights_work *w, xb_module *module, const char *what, const char *layer, double value,
                 const char *unit, const char *split)
{
    const xb_journal_api *journal = w->cx->host->service(w->cx, "xb.journal", 1);
    char key[768];
    snprintf(key, sizeof key, "pass.%.200s.%s%s%.500s", w->cx->instance, what, layer ? "." : "", layer ? layer : "");
    journal->add(w->cx, module,
                 &(xb_fact){.key = key,
                            .value = value,
                            .unit = unit,
                            .split = split,
                            .seed = w->cx->seed,
                            .source = "pass prune-weights"});
}

static int tell_result(const weights_work *w, xb_module *module, const xb_graph *g)
{
    size_t left = 0;
    int64_t holdout = 0;
    for (size_t k = 0; k < w->n_layers; k++) {
        const float *v = w->graph->data(g, xb_weights_of(w, g, &w->layer[k]));
        size_t n = 0;
        for (size_t i = 0; i < w->layer[k].n; i++) n += v[i] != 0;
        tell(w, module, "nonzero", w->layer[k].name, (double)n, "1", "");
        left += n;
    }
    tell(w, module, "nonzero", NULL, (double)left, "1", "");
    tell(w, module, "weights", NULL, (double)w->n, "1", "");
    xb_measure m;
    if (!w->train->has_data(w->cx, &holdout) || !holdout) return 0;
    if (w->train->measure(w->cx, g, &m) < 0) return -1;
    tell(w, module, "top1", NULL, m.top1, "ratio", "holdout");
    return 0;
}

/* ---- the pass ---- */

static int refuse(xb_cx *cx, const char *why)
{
    cx->host->diagnose(cx, XB_ERROR, "pass-check", NULL, "%s", why);
    return -1;
}

static int check(xb_cx *cx, const void *options)
{
    const weights_options *o = options;
    const xb_train_api *train = cx->host->service(cx, "xb.train", 1);
    int64_t holdout = 0;
    if ((o->weights.n > 0) + (o->keep > 0) != 1)
        return refuse(cx, "one of 'weights' and 'keep' says how much is to stay");
    if (o->weights.n && o->layers.n) return refuse(cx, "'weights' names its layers itself: 'layers' goes with 'keep'");
    if (trains(o) && !train->has_data(cx, &holdout))
        return refuse(cx, "it trains, but the pipeline has no 'data: {train: ...}'; 'train: {epochs: 0}' needs none");
    if (!trains(o) && o->gradual > 1) return refuse(cx, "'gradual' rounds are between steps of training: epochs > 0");
    return 0;
}

static int run(xb_cx *cx, xb_module *module, const void *options)
{
    weights_work w = {.cx = cx,
                      .graph = cx->host->service(cx, "xb.graph", 1),
                      .train = cx->host->service(cx, "xb.train", 1),
                      .edit = cx->host->service(cx, "xb.edit", 1),
                      .o = options};
    xb_graph *g = w.graph->of(module);
    if (xb_weights_look(&w, g) < 0) return -1;
    if (!trains(w.o)) {
        prune_now(&w, g);
    } else if (prune_in_training(&w, g) < 0) {
        return -1;
    }
    return tell_result(&w, module, g);
}

#define AT(member) .offset = offsetof(weights_options, member)

static const xb_option recipe[] = {XB_RECIPE_OPTIONS("5", "0.01"), {.name = NULL}};

static const xb_option options[] = {
    {.name = "weights",
     .help = "by name or pattern of a layer, how many weights it keeps, {conv2: 600, fc1: 5000}; other layers stay "
             "as they are",
     .type = XB_OPT_MAP,
     AT(weights),
     .elem = XB_OPT_INT,
     .min = 0,
     .max = 1e12},
    {.name = "keep",
     .help = "part of the weights that stays; 0: not asked for",
     .type = XB_OPT_REAL,
     AT(keep),
     .def = "0",
     .min = 0,
     .max = 1,
     .dim = XB_RATIO},
    {.name = "scope",
     .help = "of keep: network: the largest of all layers stay; layer: that part of each layer",
     .type = XB_OPT_CHOICE,
     AT(scope),
     .def = "network",
     .choices = (const char *const[]){"network", "layer", NULL}},
    {.name = "layers",
     .help = "of keep: names or patterns of layers, [conv*, fc1]; absent: all",
     .type = XB_OPT_LIST,
     AT(layers),
     .def = "[]",
     .elem = XB_OPT_STRING},
    {.name = "gradual",
     .help = "rounds in which weights go while the recipe runs, most of them early; 1: all at once at its start",
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
    .name = "prune-weights",
    .summary = "make single weights zero, the smallest first",
    .doc = "Makes the weights of the least magnitude zero and keeps them so by masks, at the start of the recipe or in "
           "rounds while it runs. Round k of n leaves (1 - k/n)^3 of what is to go (Zhu & Gupta 2017).\n\n"
           "Arrays hold zeros as they hold weights: this saves wires and arrays only where whole rows, columns or "
           "arrays happen to be zero. group-delete and prune-units take those on purpose.",
    .example = "- prune-weights: {keep: 5%, gradual: 10, train: {epochs: 10, rate: 0.02, schedule: cosine}}",
    .services = services,
    .reads = XB_MAY_READ_DATA | XB_READS_TEACHER,
    .options = options,
    .options_size = sizeof(weights_options),
    .check = check,
    .run = run,
};

static const xb_pass *const passes[] = {&pass, NULL};

XBARC_PLUGIN(prune_weights) = {XBARC_PLUGIN_HEADER, .name = "prune-weights", .version = "1", .passes = passes};
