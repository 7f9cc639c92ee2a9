/* train.c: a training run from start to end. */
#include "nn/train/train.h"
#include "ir/infer.h"
#include "nn/eval.h"
#include "nn/ref.h"
#include "nn/train/optim.h"
#include "nn/train/trainer.h"
#include "nn/train/unshare.h"
#include <stdlib.h>
#include <string.h>

static void one_thread(void *context, int worker)
{
    (void)context;
    (void)worker;
    xb_dnnl_one_thread();
}

/* ---- set-up ---- */

static bool refuse(const xb_trainer *t, const char *why)
{
    return xb_error(t->d, "train", (.file = xb_graph_file(t->graph)), "%s", why);
}

static bool open_data(xb_trainer *t)
{
    const xb_training *w = t->what;
    size_t count = xb_dataset_count(w->data);
    if (w->holdout >= count)
        return xb_error(t->d, "train-data", (.file = xb_dataset_name(w->data)),
                        "a hold-out of %zu leaves nothing of %zu items to train on", w->holdout, count);
    if (!xb_dataset_classes(w->data) && !(t->r->distil.weight == 1))
        return xb_error(t->d, "train-data", (.file = xb_dataset_name(w->data)),
                        "there are no labels to learn; without them distil.weight must be 1");
    if (w->map && !xb_input_map_check(t->d, w->data, w->map)) return false;
    t->batches = xb_batches_new(t->d, w->data, w->map, count - w->holdout, t->r, w->seed);
    if (!t->batches) return false;
    t->per_epoch = xb_batches_per_epoch(t->batches);
    t->steps = t->r->steps ? t->r->steps : t->r->epochs * t->per_epoch;
    return true;
}

static bool open_team(xb_trainer *t)
{
    t->shards = xb_recipe_shards(t->d, t->r);
    if (!t->shards) return false;
    t->rows = t->r->batch / t->shards;
    int threads = xb_par_threads(t->what->engine.threads);
    t->team = xb_team_new(threads, one_thread, NULL);
    size_t workers = (size_t)xb_team_size(t->team);
    t->shard = xb_calloc((size_t)t->shards, sizeof *t->shard);
    t->spent = xb_calloc(workers, sizeof *t->spent);
    t->label = xb_calloc(workers, sizeof *t->label);
    for (size_t w = 0; w < workers; w++) t->label[w] = xb_calloc((size_t)t->rows, sizeof **t->label);
    if (t->what->engine.plain) return true;
    t->lib = xb_dnnl_new();
    return t->lib || refuse(t, "oneDNN cannot be started");
}

/* The teacher is what came into the run, whatever a checkpoint brings. */
static bool open_teacher(xb_trainer *t)
{
    if (!(t->r->distil.weight > 0)) return true;
    return xb_trainer_compile_teacher(t, t->what->teacher ? t->what->teacher : t->graph);
}

/* Shapes anew, and the network compiled for them. */
static bool rebuild(xb_trainer *t)
{
    if (!t->stale) return true;
    if (!xb_graph_infer(t->d, t->graph, xb_ref_fold)) return false;
    xb_params_refresh(&t->params, t->r);
    xb_params_reach(&t->params);
    xb_params_impose(&t->params);
    return xb_trainer_compile(t);
}

/* Hooks may thaw tensors later. */
static bool something_moves(const xb_trainer *t)
{
    for (size_t i = 0; i < t->params.n; i++)
        if (!t->params.at[i].pub.frozen) return true;
    return t->what->hooks || refuse(t, "every tensor is frozen: there is nothing to train");
}

static bool begin(xb_trainer *t)
{
    size_t state = t->what->hooks ? t->what->hooks->state_size : 0;
    xb_unshare(t->d, t->graph);
    t->good = xb_graph_clone(t->graph);
    t->state = xb_calloc(state + 1, 1);
    t->ordered = -1;
    t->stale = true;
    t->saved_at = t->epoch_start = xb_train_now();
    xb_recipe_warn(t->d, t->what->label, t->r);
    if (!open_data(t) || !open_team(t) || !open_teacher(t)) return false;
    if (!xb_params_init(t->d, &t->params, t->graph, t->r) || !xb_trainer_load(t, &t->resumed)) return false;
    if (!t->resumed && t->what->hooks && !xb_trainer_call(t, t->what->hooks->on_start, false, true)) return false;
    return something_moves(t) && rebuild(t);
}

/* ---- epochs ---- */

static bool measure(xb_trainer *t)
{
    const xb_training *w = t->what;
    if (!w->holdout || !xb_dataset_classes(w->data)) return true;
    xb_score s;
    size_t first = xb_dataset_count(w->data) - w->holdout;
    if (!xb_evaluate(t->d, t->graph, NULL, w->data, w->map, first, w->holdout, &w->engine, &s)) return false;
    t->holdout = (xb_measure){.total = s.total, .correct = s.correct, .top1 = s.top1, .loss = s.loss};
    return true;
}

static bool end_epoch(xb_trainer *t)
{
    if (!xb_trainer_healthy(t)) return false;
    t->between = true;
    if (!measure(t)) return false;
    t->between = false;
    double now = xb_train_now(), seen = t->epoch_seen ? (double)t->epoch_seen : 1;
    xb_push(&t->rows_done, (xb_train_row){.epoch = (t->step + t->per_epoch - 1) / t->per_epoch,
                                          .step = t->step,
                                          .rate = xb_rate_at(t->r, t->step - 1, t->steps, t->per_epoch),
                                          .loss = t->epoch_loss / seen,
                                          .train_top1 = (double)t->epoch_correct / seen,
                                          .holdout = t->holdout,
                                          .seconds = now - t->epoch_start});
    t->epoch_start = now;
    t->epoch_loss = 0;
    t->epoch_correct = t->epoch_seen = 0;
    if (t->what->on_row) t->what->on_row(t->what->row_context, t->rows_done.data, t->rows_done.n);
    const xb_train_hooks *h = t->what->hooks;
    return xb_trainer_call(t, h ? h->on_epoch : NULL, false, true) && rebuild(t);
}

static bool at_end(const xb_trainer *t)
{
    return t->step % t->per_epoch == 0 || t->step == t->steps;
}

/* ---- the loop ---- */

static void show(const xb_trainer *t)
{
    double seen = t->epoch_seen ? (double)t->epoch_seen : 1;
    xb_progress_say(t->progress, "loss %.4f, %.1f %%", t->epoch_loss / seen, 100 * (double)t->epoch_correct / seen);
    xb_progress_update(t->progress, (uint64_t)(t->step * t->r->batch), (uint64_t)(t->steps * t->r->batch));
}

static bool interrupted(xb_trainer *t)
{
    if (!xb_interrupted()) return false;
    bool saved = t->what->checkpoint && xb_trainer_save(t);
    xb_error(t->d, "interrupted", (.file = xb_graph_file(t->graph)),
             "training was interrupted after step %lld of %lld%s%s", (long long)t->step, (long long)t->steps,
             saved ? "; it goes on from " : "", saved ? t->what->checkpoint : "");
    return true;
}

static bool one_step(xb_trainer *t)
{
    int64_t epoch = t->step / t->per_epoch;
    if (t->ordered != epoch) {
        xb_batches_epoch(t->batches, epoch);
        t->ordered = epoch;
    }
    if (!xb_trainer_step(t)) return false;
    if (t->what->on_step)
        t->what->on_step(t->what->row_context, t->step, xb_rate_at(t->r, t->step - 1, t->steps, t->per_epoch), t->loss);
    const xb_train_hooks *h = t->what->hooks;
    show(t);
    if (h && h->interval > 0 && t->step % h->interval == 0 &&
        (!xb_trainer_call(t, h->on_interval, false, true) || !rebuild(t)))
        return false;
    return !at_end(t) || end_epoch(t);
}

/* A run that was interrupted while its epoch was measured measures it first. */
static bool loop(xb_trainer *t)
{
    if (t->epoch_seen && at_end(t) && !end_epoch(t)) return false;
    while (t->step < t->steps) {
        if (interrupted(t)) return false;
        if (!one_step(t)) {
            if (t->between) interrupted(t);
            return false;
        }
        bool due = t->what->checkpoint && xb_train_now() - t->saved_at >= t->what->every;
        if (due && t->step < t->steps && (!xb_trainer_healthy(t) || !xb_trainer_save(t))) return false;
    }
    return !t->what->checkpoint || xb_trainer_save(t);
}

static void finish(xb_trainer *t)
{
    xb_progress_end(t->progress);
    xb_trainer_release(t);
    for (size_t i = 0; i < t->snapshots.n; i++) xb_moment_free(&t->snapshots.data[i]);
    for (int w = 0; t->label && w < xb_team_size(t->team); w++) free(t->label[w]);
    xb_params_free(&t->params);
    xb_batches_free(t->batches);
    xb_team_free(t->team);
    xb_dnnl_free(t->lib);
    xb_graph_free(t->good);
    xb_vec_free(&t->snapshots);
    xb_vec_free(&t->rows_done);
    free(t->label);
    free(t->spent);
    free(t->shard);
    free(t->state);
    free(t->listed);
}

static void add_times(const xb_trainer *t, double wall, uint64_t steps, xb_train_times *out)
{
    *out = (xb_train_times){.wall = wall, .images = steps * (uint64_t)t->r->batch};
    for (int w = 0; t->spent && w < xb_team_size(t->team); w++) {
        const xb_train_times *s = &t->spent[w];
        double dnnl = 0, all;
        if (t->net.run && t->net.run[w]) xb_run_seconds(t->net.run[w], &dnnl, &all);
        out->dnnl += dnnl;
        out->shards += s->shards;
        out->data += s->data;
        out->pack += s->pack;
        out->sum += s->sum;
        out->update += s->update;
    }
}

static void report(const xb_trainer *t, xb_train_result *out)
{
    const xb_train_row *last = t->rows_done.n ? &t->rows_done.data[t->rows_done.n - 1] : NULL;
    *out = (xb_train_result){.struct_size = sizeof *out,
                             .steps = t->step,
                             .epochs = t->step / t->per_epoch,
                             .loss = last ? last->loss : 0,
                             .holdout = t->holdout,
                             .resumed = t->resumed};
    const xb_train_hooks *h = t->what->hooks;
    if (!h || !h->state_size || !t->what->cx) return;
    void *state = t->what->cx->host->alloc(t->what->cx, 1, h->state_size);
    memcpy(state, t->state, h->state_size);
    out->state = state;
}

bool xb_train(const xb_training *what, xb_train_result *out, xb_train_times *times)
{
    xb_trainer t = {.what = what, .d = what->d, .r = what->recipe, .graph = what->graph};
    int threads = xb_dnnl_one_thread();
    bool ok = begin(&t);
    if (ok) {
        uint64_t before = (uint64_t)t.step;
        double start = xb_train_now();
        t.progress = xb_progress_begin(what->label, "images");
        xb_progress_skip(t.progress, before * (uint64_t)t.r->batch);
        if (t.resumed && what->on_row && t.rows_done.n)
            what->on_row(what->row_context, t.rows_done.data, t.rows_done.n);
        ok = loop(&t);
        if (times) add_times(&t, xb_train_now() - start, (uint64_t)t.step - before, times);
    }
    if (ok && out) report(&t, out);
    if (!ok) {
        xb_graph_become(t.graph, t.good);
        t.good = NULL;
    }
    finish(&t);
    xb_dnnl_set_threads(threads);
    return ok;
}
