/* group-delete.c: the pass that deletes wires between arrays: rows and columns of arrays are driven to zero as a whole
 * by group lasso, frozen, and the rest is trained on (Group Scissor, DAC 2017, sec. 3.2). */
#include "group-delete/group-delete.h"
#include <string.h>

/* ---- the run ---- */

static gd_work work_of(xb_cx *cx, xb_module *module, const gd_options *o)
{
    return (gd_work){.cx = cx,
                     .module = module,
                     .graph = cx->host->service(cx, "xb.graph", 1),
                     .hw = cx->host->service(cx, "xb.hw", 1),
                     .layout = cx->host->service(cx, "xb.layout", 1),
                     .train = cx->host->service(cx, "xb.train", 1),
                     .edit = cx->host->service(cx, "xb.edit", 1),
                     .journal = cx->host->service(cx, "xb.journal", 1),
                     .o = o};
}

static bool reads(const gd_work *w, const xb_graph *g, xb_op op, const char *layer)
{
    const xb_value *in;
    xb_op from = {0};
    if (w->graph->op_inputs(g, op, &in) && in[0].id) from = w->graph->producer(g, in[0]);
    return from.id && !strcmp(w->graph->op_name(g, from), layer);
}

/* A scale behind the layer undoes what the penalty does. */
static void warn_of_norms(const gd_work *w, const xb_graph *g)
{
    for (xb_op op = w->graph->first(g); op.id; op = w->graph->next(g, op))
        for (size_t i = 0; i < w->n_layers; i++)
            if (!strcmp(w->graph->op_type(g, op), "BatchNormalization") && reads(w, g, op, w->layer[i].name))
                w->cx->host->diagnose(w->cx, XB_WARNING, "group-delete-norm", NULL,
                                      "the scale of '%s' undoes what the penalty does to '%s': fold-bn first",
                                      w->graph->op_name(g, op), w->layer[i].name);
}

static bool trains(const xb_recipe *r)
{
    return r->epochs > 0 || r->steps > 0;
}

/* One phase, its points and its steps. */
static int phase(gd_work *w, xb_graph *g, const xb_recipe *r, double *steps)
{
    xb_train_result result;
    if (!trains(r)) return 0;
    if (xb_gd_train(w, g, r, &result) < 0) return -1;
    xb_gd_tell_curves(w, result.state, *steps);
    *steps += (double)result.steps;
    return 0;
}

/* Phases 1 to 3. */
static int delete_groups(gd_work *w, xb_graph *g)
{
    const gd_options *o = w->o;
    xb_recipe tune = o->tune;
    double steps = 0;
    if (!(tune.rate > 0)) tune.rate = o->train.rate / 10;
    w->penalised = o->lambda > 0;
    if (phase(w, g, &o->train, &steps) < 0 || xb_gd_freeze(w, g) < 0) return -1;
    w->penalised = false;
    if (phase(w, g, &tune, &steps) < 0) return -1;
    w->journal->tell(w->cx, w->module, "steps", NULL, &(xb_fact){.value = steps});
    return 0;
}

/* All that the gate is behind. *gone: units that were taken out. */
static int change(gd_work *w, xb_graph *g, int64_t *gone)
{
    int moved = w->o->permute ? xb_gd_permute(w, g) : 0;
    if (moved < 0 || (moved && xb_gd_find(w, g) < 0) || delete_groups(w, g) < 0) return -1;
    return w->o->compact ? xb_gd_compact(w, g, gone) : 0;
}

static void undo(gd_work *w, xb_graph *g, const xb_aim *aim, const xb_measure *now)
{
    w->train->undo(w->cx, g);
    w->journal->warn(w->cx, w->module, "gate",
                     "the gate was not met: the hold-out's top-1 is %.2f %%, below %.2f %%; the network is as it came",
                     100 * now->top1, 100 * aim->least);
}

static int run_gated(gd_work *w, xb_graph *g)
{
    xb_aim aim;
    xb_measure now = {0};
    int64_t gone = 0;
    if (w->train->aim(w->cx, g, &w->o->gate, &aim) < 0 || change(w, g, &gone) < 0) return -1;
    if (aim.before.total && w->train->measure(w->cx, g, &now) < 0) return -1;
    bool met = now.top1 >= aim.least;
    if (!met) {
        undo(w, g, &aim, &now);
        now = aim.before;
        gone = 0;
    }
    w->journal->tell(w->cx, w->module, "removed-units", NULL, &(xb_fact){.value = (double)gone});
    w->train->tell_gate(w->cx, w->module, &w->o->gate, &aim, &now, met);
    return xb_gd_tell_result(w, g);
}

static int run(xb_cx *cx, xb_module *module, const void *options)
{
    gd_work w = work_of(cx, module, options);
    xb_graph *g = w.graph->of(module);
    if (xb_gd_find(&w, g) < 0 || !xb_gd_check_names(&w, g) || !xb_gd_check_budget(&w)) return -1;
    if (!w.n_layers) {
        w.journal->warn(cx, module, "group-delete-layers", "nothing to do: no layer has wires between arrays");
        return 0;
    }
    warn_of_norms(&w, g);
    return run_gated(&w, g);
}

static int check(xb_cx *cx, const void *options)
{
    const gd_options *o = options;
    const xb_train_api *train = cx->host->service(cx, "xb.train", 1);
    return train->check_gate(cx, &o->gate);
}

/* ---- options ---- */

#define AT(member) .offset = offsetof(gd_options, member)

static const xb_option train_options[] = {XB_RECIPE_OPTIONS("8", "0.01"), {.name = NULL}};
static const xb_option tune_options[] = {XB_RECIPE_OPTIONS("4", "0"), {.name = NULL}};
static const xb_option gate_options[] = {XB_GATE_OPTIONS, {.name = NULL}};

static const xb_option options[] = {
    {.name = "lambda",
     .help = "strength of the penalty: sum of the groups' norms; 0: none",
     .type = XB_OPT_REAL,
     AT(lambda),
     .def = "0.05",
     .min = 0,
     .max = 1e6},
    {.name = "scale",
     .help = "lambda times the square root of a group's size",
     .type = XB_OPT_BOOL,
     AT(scale),
     .def = "false"},
    {.name = "method",
     .help =
         "proximal: w_g *= max(0, 1 - rate lambda / |w_g|) after each update; subgradient: as published, lambda w / "
         "|w_g| added to gradients, then the threshold",
     .type = XB_OPT_CHOICE,
     AT(method),
     .def = "proximal",
     .choices = (const char *const[]){"proximal", "subgradient", NULL}},
    {.name = "threshold",
     .help = "subgradient: weights smaller than this become 0 after each update",
     .type = XB_OPT_REAL,
     AT(threshold),
     .def = "1e-4",
     .min = 0,
     .max = 1e6},
    {.name = "reweight",
     .help = "lambda of each group divided by (its norm + 0.001), anew each epoch",
     .type = XB_OPT_BOOL,
     AT(reweight),
     .def = "false"},
    {.name = "factors",
     .help = "factors on lambda, by pattern of layer names; the first match holds",
     .type = XB_OPT_MAP,
     AT(factors),
     .elem = XB_OPT_REAL,
     .max = 1e6},
    {.name = "keep",
     .help =
         "exact mode: wires to keep, by pattern of layer names: those of the largest norms, which are not penalised",
     .type = XB_OPT_MAP,
     AT(keep),
     .elem = XB_OPT_INT,
     .min = 1,
     .max = 1e12},
    {.name = "keep-total",
     .help =
         "exact mode: wires to keep in all layers together: one in each, two where rows and columns count, or more; 0: "
         "not asked",
     .type = XB_OPT_INT,
     AT(total),
     .def = "0",
     .min = 0,
     .max = 1e12},
    {.name = "permute",
     .help = "first deal rows (of tall matrices) and columns (of wide ones) out so that like ones share an array",
     .type = XB_OPT_BOOL,
     AT(permute),
     .def = "true"},
    {.name = "layers",
     .help = "patterns of the layers that are penalised; none: all with counted wires",
     .type = XB_OPT_LIST,
     AT(layers),
     .elem = XB_OPT_STRING,
     .def = "[]"},
    {.name = "interval",
     .help = "steps between looks for a layer of which nothing is left",
     .type = XB_OPT_INT,
     AT(interval),
     .def = "100",
     .min = 1,
     .max = 1e9},
    {.name = "compact",
     .help = "afterwards remove units that give nothing or are not read, where no wires or arrays are added",
     .type = XB_OPT_BOOL,
     AT(compact),
     .def = "true"},
    {.name = "gate",
     .help = "when it is not met, the network stays as it came",
     .type = XB_OPT_STRUCT,
     AT(gate),
     .sub = gate_options,
     .sub_size = sizeof(xb_gate_rule)},
    {.name = "train",
     .help = "recipe of the phase with the penalty",
     .type = XB_OPT_STRUCT,
     AT(train),
     .sub = train_options,
     .sub_size = sizeof(xb_recipe)},
    {.name = "tune",
     .help = "recipe of the phase behind it, deleted groups staying zero; rate 0: a tenth of train's",
     .type = XB_OPT_STRUCT,
     AT(tune),
     .sub = tune_options,
     .sub_size = sizeof(xb_recipe)},
    {.name = NULL},
};

static const xb_pass pass = {
    .struct_size = sizeof pass,
    .level = XB_LEVEL_GRAPH,
    .name = "group-delete",
    .summary = "delete wires between arrays by group lasso",
    .doc =
        "A matrix that needs several arrays sends a partial sum of every column out of each of them, or an input of "
        "every row into each of them. A column (row) of an array whose weights are all zero needs no wire. The pass "
        "trains with a penalty on the norms of these groups, freezes those that became zero by masks, and trains the "
        "rest on.\n\n"
        "Groups are those of the arrays that map will use: run it behind everything that changes matrices. Wires may "
        "come and go while the penalty acts; from the freeze on they only become fewer.\n\n"
        "With keep or keep-total that many wires stay: groups with the largest norms are never penalised, and what "
        "else is left at the freeze is deleted. Where rows and columns count, a weight needs both of its groups: the "
        "smallest group goes, those it crosses become smaller, and so on; what it takes along may leave a few "
        "fewer.\n\n"
        "A penalty that leaves nothing of a layer is noticed every interval steps: the network of the last look is "
        "brought back, and that layer trains on without the penalty. A gate that is not met leaves the network as it "
        "came. Both are told as warnings, in the report too.",
    .example = "- group-delete: {lambda: 0.05, train: {epochs: 8, rate: 0.02, schedule: cosine}, tune: {epochs: 4}}",
    .services =
        (const char *const[]){"xb.graph/1", "xb.hw/1", "xb.layout/1", "xb.train/1", "xb.edit/1", "xb.journal/1", NULL},
    .reads = XB_READS_HARDWARE | XB_READS_DATA | XB_READS_TEACHER,
    .options = options,
    .options_size = sizeof(gd_options),
    .check = check,
    .run = run,
};

XBARC_PLUGIN(group_delete) = {
    XBARC_PLUGIN_HEADER,
    .name = "group-delete",
    .version = "1",
    .passes = (const xb_pass *const[]){&pass, NULL},
};
