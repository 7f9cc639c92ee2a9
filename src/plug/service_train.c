/* service_train.c: "xb.train": runs of the trainer for passes, on the pipeline's training data. */
#include "base/file.h"
#include "nn/eval.h"
#include "nn/train/hooks.h"
#include "plug/context.h"
#include <stdlib.h>

/* ---- data ---- */

static const xb_dataset *data_of(xb_context *c)
{
    if (c->data) return c->data;
    if (!c->learning.data) {
        xb_error(c->diags, "data", (.file = NULL), "%s: there is no training data ('data: {train: ...}')",
                 c->cx.instance);
        return NULL;
    }
    c->data = xb_dataset_open(c->diags, c->learning.data, c->learning.dir);
    if (c->data && xb_input_map_check(c->diags, c->data, &c->learning.map)) return c->data;
    xb_dataset_free(c->data);
    c->data = NULL;
    return NULL;
}

/* ---- runs ---- */

/* FOLDER/INSTANCE-N.checkpoint; NULL: none is kept. false after a diagnostic. */
static bool checkpoint_of(xb_context *c, const char **path)
{
    *path = NULL;
    const char *dir = c->learning.checkpoints;
    if (!dir) return true;
    if (!xb_make_dirs(c->diags, dir)) return false;
    char *name = xb_arena_printf(c->arena, "%s-%u.checkpoint", c->cx.instance, ++c->runs);
    char *full = xb_path_join(dir, name);
    xb_push(&c->checkpoints, full);
    *path = full;
    return true;
}

static bool teacher_of(xb_context *c, const xb_recipe *r, xb_graph **named)
{
    *named = NULL;
    if (!(r->distil.weight > 0) || !r->distil.from) return true;
    *named = c->learning.load ? c->learning.load(c->diags, r->distil.from) : NULL;
    return *named != NULL;
}

static int train(xb_context *c, xb_training *w, const char *options, xb_train_result *result)
{
    xb_buf identity = {0};
    xb_train_identity(&identity, w);
    xb_buf_printf(&identity, "pass: %s %s\n", c->cx.instance, options ? options : "");
    w->identity = xb_buf_cstr(&identity);
    bool ok = xb_train(w, result, NULL);
    xb_buf_free(&identity);
    return ok ? 0 : -1;
}

static int run(xb_cx *cx, xb_graph *g, const xb_recipe *recipe, const xb_train_hooks *hooks, xb_train_result *result)
{
    xb_context *c = xb_context_of(cx);
    if (hooks && hooks->struct_size != sizeof *hooks) {
        cx->host->diagnose(cx, XB_ERROR, "plugin", NULL, "the hooks' struct_size is %u, this host's is %zu",
                           hooks->struct_size, sizeof *hooks);
        return -1;
    }
    const xb_dataset *data = data_of(c);
    const char *checkpoint;
    xb_graph *named;
    if ((size_t)recipe->holdout > c->learning.holdout) {
        cx->host->diagnose(cx, XB_ERROR, "data", NULL,
                           "the recipe's 'holdout: %lld' is another than the pipeline's, by which passes are judged: "
                           "'data: {train: ..., holdout: %lld}' says it",
                           (long long)recipe->holdout, (long long)recipe->holdout);
        return -1;
    }
    if (!data || !checkpoint_of(c, &checkpoint) || !teacher_of(c, recipe, &named)) return -1;
    xb_training w = {.d = c->diags,
                     .cx = cx,
                     .graph = g,
                     .teacher = named                       ? named
                                : recipe->distil.weight > 0 ? c->came
                                                            : NULL,
                     .recipe = recipe,
                     .seed = recipe->seed ? (uint64_t)recipe->seed : cx->seed,
                     .hooks = hooks,
                     .data = data,
                     .map = &c->learning.map,
                     .holdout = c->learning.holdout,
                     .engine = c->learning.engine,
                     .label = cx->instance,
                     .checkpoint = checkpoint,
                     .every = 60,
                     .resume = XB_RESUME_IF_SAME};
    int status = train(c, &w, c->options, result);
    xb_graph_free(named);
    return status;
}

static int measure(xb_cx *cx, const xb_graph *g, xb_measure *out)
{
    xb_context *c = xb_context_of(cx);
    const xb_dataset *data = data_of(c);
    if (!data) return -1;
    if (!c->learning.holdout) {
        xb_error(c->diags, "data", (.file = xb_dataset_name(data)), "%s: there is no hold-out ('data: {holdout: N}')",
                 cx->instance);
        return -1;
    }
    xb_score s;
    size_t n = c->learning.holdout, all = xb_dataset_count(data), first = all > n ? all - n : 0;
    if (!xb_evaluate(c->diags, g, NULL, data, &c->learning.map, first, n, &c->learning.engine, &s)) return -1;
    *out = (xb_measure){.total = s.total, .correct = s.correct, .top1 = s.top1, .loss = s.loss};
    return 0;
}

static int recalibrate(xb_cx *cx, xb_graph *g, int64_t items)
{
    xb_context *c = xb_context_of(cx);
    const xb_dataset *data = data_of(c);
    if (!data) return -1;
    size_t most = xb_dataset_count(data) > c->learning.holdout ? xb_dataset_count(data) - c->learning.holdout : 0;
    size_t n = items > 0 ? (size_t)items : 4096;
    return xb_recalibrate(c->diags, g, data, &c->learning.map, n < most ? n : most, &c->learning.engine) ? 0 : -1;
}

static bool has_data(xb_cx *cx, int64_t *holdout)
{
    const xb_learning *l = &xb_context_of(cx)->learning;
    if (holdout) *holdout = l->data ? (int64_t)l->holdout : 0;
    return l->data != NULL;
}

/* ---- gates ---- */

static int check_gate(xb_cx *cx, const xb_gate_rule *rule)
{
    int64_t holdout = 0;
    if (!xb_is_gated(rule) || (has_data(cx, &holdout) && holdout)) return 0;
    cx->host->diagnose(cx, XB_ERROR, "pass-check", NULL,
                       "'gate' measures on a hold-out, but the pipeline has no 'data: {train: ..., holdout: N}'");
    return -1;
}

static int aim(xb_cx *cx, const xb_graph *g, const xb_gate_rule *rule, xb_aim *out)
{
    int64_t holdout;
    *out = (xb_aim){.least = -1};
    has_data(cx, &holdout);
    if ((xb_is_gated(rule) || holdout) && measure(cx, g, &out->before) < 0) return -1;
    if (!xb_is_gated(rule)) return 0;
    out->least = out->before.top1 - rule->max_drop / 100 - 1e-9;
    if (out->before.correct) return 0;
    cx->host->diagnose(cx, XB_ERROR, "gate", NULL,
                       "the network as it came has no answer right on the hold-out; a gate needs labels, and a network "
                       "that knows them");
    return -1;
}

static void tell_gate(xb_cx *cx, xb_module *module, const xb_gate_rule *rule, const xb_aim *a, const xb_measure *now,
                      bool met)
{
    const xb_journal_api *journal = &xb_journal_service;
    xb_fact f = {.unit = "ratio", .split = "holdout"};
    if (xb_is_gated(rule)) journal->tell(cx, module, "gate-met", NULL, &(xb_fact){.value = met});
    f.value = a->before.top1;
    if (a->before.total) journal->tell(cx, module, "top1-before", NULL, &f);
    f.value = now->top1;
    if (now->total) journal->tell(cx, module, "top1", NULL, &f);
    f = (xb_fact){.value = now->loss, .unit = "nat", .split = "holdout"};
    if (now->total) journal->tell(cx, module, "loss", NULL, &f);
}

static void undo(xb_cx *cx, xb_graph *g)
{
    const xb_graph *came = xb_context_of(cx)->came;
    if (came) xb_graph_become(g, xb_graph_clone(came));
}

const xb_train_api xb_train_service = {
    .struct_size = sizeof(xb_train_api),
    .run = run,
    .measure = measure,
    .recalibrate = recalibrate,
    .graph = xb_trainer_graph,
    .step = xb_trainer_step_done,
    .steps = xb_trainer_steps,
    .epoch = xb_trainer_epoch,
    .rate = xb_trainer_rate,
    .loss = xb_trainer_loss,
    .holdout = xb_trainer_holdout,
    .state = xb_trainer_state,
    .params = xb_trainer_params,
    .param = xb_trainer_param,
    .set_mask = xb_trainer_set_mask,
    .freeze = xb_trainer_freeze,
    .set_factors = xb_trainer_set_factors,
    .tie = xb_trainer_tie,
    .untie = xb_trainer_untie,
    .select = xb_trainer_select,
    .append = xb_trainer_append,
    .rotate = xb_trainer_rotate,
    .factor = xb_trainer_factor,
    .split_op = xb_trainer_split_op,
    .remove_units = xb_trainer_remove_units,
    .snapshot = xb_trainer_snapshot,
    .rollback = xb_trainer_rollback,
    .forget = xb_trainer_forget,
    .merge = xb_trainer_merge,
    .has_data = has_data,
    .check_gate = check_gate,
    .aim = aim,
    .tell_gate = tell_gate,
    .undo = undo,
};
