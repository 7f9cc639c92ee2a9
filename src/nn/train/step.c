/* step.c: one step of training.
 *
 * Every phase hands out items whose number does not depend on the threads: tensors, shards, tensors, pieces of tensors.
 */
#include "nn/train/loss.h"
#include "nn/train/optim.h"
#include "nn/train/trainer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double xb_train_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- weights to the kernels ---- */

static bool pack(void *context, int worker, size_t i)
{
    xb_trainer *t = context;
    double start = xb_train_now();
    size_t at = t->trained[i];
    const float *w = t->params.at[at].pub.data;
    bool ok = true;
    if (t->seen[i]) {
        ok = xb_trainer_see(t, at, w, t->seen[i]);
        w = t->seen[i];
    }
    ok = ok && xb_packed_set(t->net.packed, i, w);
    t->spent[worker].pack += xb_train_now() - start;
    return ok;
}

/* ---- a shard ---- */

static bool fill(xb_trainer *t, int worker, size_t s, xb_shard *out)
{
    size_t item = xb_tape_item(t->net.tape), first = s * (size_t)t->rows;
    size_t step = (size_t)(t->step % t->per_epoch);
    float *in = xb_run_input(t->net.run[worker]);
    for (size_t r = 0; r < (size_t)t->rows; r++) {
        size_t at = step * (size_t)t->r->batch + first + r;
        bool finite;
        t->label[worker][r] = xb_batches_get(t->batches, at, in + r * item, &finite);
        if (finite) continue;
        out->has_bad_item = true;
        out->bad_item = xb_batches_item(t->batches, at);
        return false;
    }
    return true;
}

/* The teacher's outputs for the shard at hand; NULL: there is none. */
static const float *teach(xb_trainer *t, int worker, bool *ok)
{
    if (!t->teacher.tape) return NULL;
    xb_run *teacher = t->teacher.run[worker];
    size_t n = (size_t)t->rows * xb_tape_item(t->net.tape);
    memcpy(xb_run_input(teacher), xb_run_input(t->net.run[worker]), n * sizeof(float));
    *ok = xb_run_forward(teacher, NULL, NULL);
    return xb_run_output(teacher);
}

static bool learn(xb_trainer *t, int worker, size_t s, xb_shard *out)
{
    xb_run *run = t->net.run[worker];
    xb_draw draw = {t->what->seed, (uint64_t)t->step, s * (uint64_t)t->rows};
    bool ok = xb_run_forward(run, &draw, t->grads[s]);
    const float *teacher = ok ? teach(t, worker, &ok) : NULL;
    if (!ok) return false;
    out->loss = xb_loss(t->r, xb_run_output(run), (size_t)t->rows, xb_tape_outputs(t->net.tape), t->label[worker],
                        teacher, 1.0 / (double)t->r->batch, xb_run_error(run), &out->correct);
    if (!isfinite(out->loss)) {
        out->bad_op = xb_run_first_bad(run, &out->bad_what);
        return true;
    }
    return xb_run_back(run, t->grads[s]);
}

/* What goes wrong is told after all shards have run: the first one's, whoever was faster. */
static bool shard(void *context, int worker, size_t s)
{
    xb_trainer *t = context;
    double start = xb_train_now();
    xb_shard *out = &t->shard[s];
    *out = (xb_shard){0};
    bool filled = fill(t, worker, s, out);
    double ready = xb_train_now();
    t->spent[worker].data += ready - start;
    if (filled) out->failed = !learn(t, worker, s, out);
    t->spent[worker].shards += xb_train_now() - ready;
    return true;
}

/* "step 12 (epoch 1, rate 0.1): ", and what the weights say, which come first: a ReLU lets no NaN through. */
static bool diverged(xb_trainer *t, const char *what, xb_op op, const char *how)
{
    xb_where where = {.file = xb_graph_file(t->graph)};
    xb_buf b = {0};
    for (size_t i = 0; i < t->params.n && !b.len; i++) {
        const xb_param *p = &t->params.at[i].pub;
        if (xb_all_finite(p->data, p->n)) continue;
        where = xb_graph_where(t->graph, p->op);
        xb_buf_printf(&b, "the weight '%s' is not finite", p->name);
    }
    if (!b.len && op.id) {
        where = xb_graph_where(t->graph, op);
        xb_buf_printf(&b, "this is the first op with a result that is %s", how);
    }
    xb_diag(t->d, XB_ERROR, "train-diverged", &where, "step %lld (epoch %lld, rate %g): %s is not finite%s%s",
            (long long)t->step + 1, (long long)(t->step / t->per_epoch) + 1,
            xb_rate_at(t->r, t->step, t->steps, t->per_epoch), what, b.len ? "; " : "", xb_buf_cstr(&b));
    xb_buf_free(&b);
    return false;
}

static bool judge(xb_trainer *t)
{
    double loss = 0;
    uint64_t correct = 0;
    for (int64_t i = 0; i < t->shards; i++) {
        const xb_shard *s = &t->shard[i];
        if (s->has_bad_item)
            return xb_error(t->d, "train-data", (.file = xb_dataset_name(t->what->data)),
                            "step %lld: item %zu has a number that is not finite", (long long)t->step + 1, s->bad_item);
        if (s->failed) return false;
        if (!isfinite(s->loss)) return diverged(t, "the loss", s->bad_op, s->bad_what);
        loss += s->loss;
        correct += s->correct;
    }
    t->loss = loss / (double)t->r->batch;
    t->epoch_loss += loss;
    t->epoch_correct += correct;
    t->epoch_seen += (uint64_t)t->r->batch;
    return true;
}

/* ---- gradients ---- */

static bool sum(void *context, int worker, size_t i)
{
    xb_trainer *t = context;
    double start = xb_train_now();
    xb_slot_state *s = &t->params.at[t->trained[i]];
    bool ok = xb_grads_sum(t->net.packed, i, t->grads, (size_t)t->shards, s->grad);
    t->spent[worker].sum += xb_train_now() - start;
    return ok;
}

/* Factor on all gradients that brings their norm down to the recipe's; 0: not finite. */
static double clip_factor(const xb_trainer *t)
{
    double squares = 0;
    for (size_t i = 0; i < t->n_trained; i++) {
        const xb_slot_state *s = &t->params.at[t->trained[i]];
        squares += xb_sum_squares(s->grad, s->pub.n);
    }
    if (!isfinite(squares)) return 0;
    double norm = sqrt(squares);
    return t->r->clip > 0 && norm > t->r->clip ? t->r->clip / norm : 1;
}

bool xb_trainer_healthy(xb_trainer *t)
{
    const char *bad = NULL;
    xb_op op = {0};
    for (size_t i = 0; i < t->params.n && !bad; i++) {
        const xb_param *p = &t->params.at[i].pub;
        if (!xb_all_finite(xb_graph_data(t->graph, p->value), p->n)) bad = p->name, op = p->op;
    }
    for (size_t i = 0; i < xb_tape_norms(t->net.tape) && !bad; i++) {
        size_t channels, count;
        const xb_value *in;
        xb_op norm = xb_tape_norm(t->net.tape, i, &channels, &count);
        xb_graph_op_inputs(t->graph, norm, &in);
        for (int k = 3; k < 5 && !bad; k++)
            if (!xb_all_finite(xb_graph_data(t->graph, in[k]), channels))
                bad = xb_graph_value_name(t->graph, in[k]), op = norm;
    }
    if (!bad) return true;
    xb_where where = xb_graph_where(t->graph, op);
    return xb_diag_false(t->d, "train-diverged", &where, "step %lld (epoch %lld): '%s' is not finite after it",
                         (long long)t->step, (long long)((t->step - 1) / t->per_epoch) + 1, bad);
}

/* The first op that goes wrong, over the shards in order, computed once more. */
static xb_op find_bad(xb_trainer *t, const char **what)
{
    xb_op op = {0};
    for (size_t s = 0; s < (size_t)t->shards && !op.id; s++) {
        xb_shard unused = {0};
        xb_draw draw = {t->what->seed, (uint64_t)t->step, s * (uint64_t)t->rows};
        if (fill(t, 0, s, &unused) && xb_run_forward(t->net.run[0], &draw, NULL))
            op = xb_run_first_bad(t->net.run[0], what);
    }
    return op;
}

static bool gradient_diverged(xb_trainer *t)
{
    xb_buf b = {0};
    for (size_t i = 0; i < t->n_trained && !b.len; i++) {
        const xb_slot_state *s = &t->params.at[t->trained[i]];
        if (!isfinite(xb_sum_squares(s->grad, s->pub.n))) xb_buf_printf(&b, "the gradient of '%s'", s->pub.name);
    }
    const char *what = "";
    xb_op op = find_bad(t, &what);
    diverged(t, b.len ? xb_buf_cstr(&b) : "the norm of the gradient", op, what);
    xb_buf_free(&b);
    return false;
}

/* ---- weights ---- */

static bool update(void *context, int worker, size_t i)
{
    xb_trainer *t = context;
    double start = xb_train_now();
    const xb_piece *piece = &t->pieces.data[i];
    const xb_slot_state *s = &t->params.at[piece->param];
    if (s->pub.frozen) return true;
    double rate = xb_rate_at(t->r, t->step, t->steps, t->per_epoch);
    xb_optim_update(t->r, &(xb_update){.w = s->pub.data + piece->at,
                                       .m = s->m ? s->m + piece->at : NULL,
                                       .v = s->v ? s->v + piece->at : NULL,
                                       .g = s->grad + piece->at,
                                       .n = piece->n,
                                       .rate = rate * s->pub.rate,
                                       .decay = t->r->decay * s->pub.decay,
                                       .scale = t->norm_factor,
                                       .step = t->step + 1 - s->born});
    t->spent[worker].update += xb_train_now() - start;
    return true;
}

static void blend(xb_trainer *t, xb_value v, const float *now, size_t n, float keep)
{
    const xb_attr *frozen = xb_graph_note(t->graph, v, "frozen");
    if (frozen && (!frozen->n || frozen->ints[0])) return;
    float *running = xb_graph_write(t->graph, v);
    for (size_t i = 0; i < n; i++) running[i] = keep * running[i] + (1 - keep) * now[i];
}

/* running = momentum * running + (1 - momentum) * batch; the variance without bias, as PyTorch keeps it. */
static void running_statistics(xb_trainer *t)
{
    for (size_t i = 0; i < xb_tape_norms(t->net.tape); i++) {
        size_t channels, count;
        xb_op op = xb_tape_norm(t->net.tape, i, &channels, &count);
        float *mean = xb_calloc(2 * channels + 1, sizeof *mean), *variance = mean + channels;
        xb_grads_norm(t->net.tape, i, t->grads, (size_t)t->shards, mean, variance);
        double n = (double)count * (double)t->shards;
        for (size_t c = 0; c < channels && n > 1; c++) variance[c] = (float)(variance[c] * n / (n - 1));
        const xb_value *in;
        xb_graph_op_inputs(t->graph, op, &in);
        float keep = xb_graph_attr_float(t->graph, op, "momentum", 0.9f);
        blend(t, in[3], mean, channels, keep);
        blend(t, in[4], variance, channels, keep);
        free(mean);
    }
}

static xb_hook *hook_of(const xb_trainer *t, bool update_hook)
{
    const xb_train_hooks *h = t->what->hooks;
    return !h ? NULL : update_hook ? h->on_update : h->on_gradient;
}

bool xb_trainer_step(xb_trainer *t)
{
    xb_params_reach(&t->params);
    t->params.step = t->step;
    if (!xb_team_run(t->team, t->n_trained, pack, t)) return false;
    if (!xb_team_run(t->team, (size_t)t->shards, shard, t) || !judge(t)) return false;
    if (!xb_team_run(t->team, t->n_trained, sum, t)) return false;
    if (!xb_trainer_call(t, hook_of(t, false), true, false)) return false;
    xb_params_mask_gradients(&t->params);
    t->norm_factor = clip_factor(t);
    if (t->norm_factor == 0) return gradient_diverged(t);
    if (!xb_team_run(t->team, t->pieces.n, update, t)) return false;
    running_statistics(t);
    if (!xb_trainer_call(t, hook_of(t, true), true, false)) return false;
    xb_params_impose(&t->params);
    t->params.step = ++t->step;
    return true;
}
