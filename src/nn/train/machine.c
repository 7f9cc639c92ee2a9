/* machine.c: compiles the network of a run, and its teacher's. */
#include "nn/train/trainer.h"
#include <stdlib.h>

enum { PIECE = 65536 }; /* elements of a tensor that the optimiser takes at a time */

static void machine_free(xb_machine *m)
{
    for (int w = 0; m->run && w < m->workers; w++) xb_run_free(m->run[w]);
    free(m->run);
    xb_packed_free(m->packed);
    xb_tape_free(m->tape);
    *m = (xb_machine){0};
}

static bool machine_make(xb_trainer *t, xb_machine *m, const xb_graph *g, const xb_value *trained, size_t n,
                         bool fixed_norm)
{
    xb_tape_options o = {.plain = !t->lib, .fixed_norm = fixed_norm, .no_winograd = t->what->no_winograd};
    m->tape = xb_tape_new(t->d, g, t->rows, trained, n, t->lib, &o);
    m->packed = m->tape ? xb_packed_new(t->d, m->tape) : NULL;
    if (!m->packed) return false;
    m->workers = xb_team_size(t->team);
    m->run = xb_calloc((size_t)m->workers, sizeof *m->run);
    for (int w = 0; w < m->workers; w++)
        if (!(m->run[w] = xb_run_new(t->d, m->tape, m->packed))) return false;
    return true;
}

static bool fits(const xb_trainer *t, const xb_machine *m, const char *who)
{
    size_t takes = xb_tape_item(m->tape), has = xb_dataset_item(t->what->data), gives = xb_tape_outputs(m->tape);
    if (takes != has)
        return xb_error(t->d, "train-shape", (.file = xb_graph_file(t->graph)),
                        "%s takes %zu numbers a sample, %s has %zu", who, takes, xb_dataset_name(t->what->data), has);
    if (gives < (size_t)xb_dataset_classes(t->what->data))
        return xb_error(t->d, "train-shape", (.file = xb_graph_file(t->graph)),
                        "%s has %zu outputs for the %d classes of %s", who, gives, xb_dataset_classes(t->what->data),
                        xb_dataset_name(t->what->data));
    return true;
}

static void release_step(xb_trainer *t)
{
    for (int64_t s = 0; t->grads && s < t->shards; s++) xb_grads_free(t->grads[s]);
    for (size_t i = 0; t->seen && i < t->n_trained; i++) free(t->seen[i]);
    free(t->grads);
    free(t->seen);
    free(t->trained);
    t->grads = NULL;
    t->seen = NULL;
    t->trained = NULL;
    t->n_trained = t->pieces.n = 0;
    machine_free(&t->net);
}

void xb_trainer_release(xb_trainer *t)
{
    release_step(t);
    machine_free(&t->teacher);
    xb_vec_free(&t->pieces);
}

/* Frozen tensors have no gradients, unless a hook may thaw them or noise be put on them. */
static void choose_trained(xb_trainer *t, xb_value *values)
{
    bool all = t->what->hooks || xb_trainer_injects(t);
    t->trained = xb_calloc(t->params.n + 1, sizeof *t->trained);
    t->n_trained = 0;
    for (size_t i = 0; i < t->params.n; i++) {
        const xb_param *p = &t->params.at[i].pub;
        if (p->frozen && !all) continue;
        values[t->n_trained] = p->value;
        t->trained[t->n_trained++] = i;
        for (size_t at = 0; at < p->n; at += PIECE)
            xb_push(&t->pieces, (xb_piece){i, at, p->n - at < PIECE ? p->n - at : PIECE});
    }
}

/* Statistics of one number are none. */
static bool norms_fit(const xb_trainer *t)
{
    for (size_t i = 0; i < xb_tape_norms(t->net.tape); i++) {
        size_t channels, count;
        xb_op op = xb_tape_norm(t->net.tape, i, &channels, &count);
        xb_where where = xb_graph_where(t->graph, op);
        if (count < 2)
            return xb_diag_false(t->d, "train-shape", &where,
                                 "one number a channel in a shard of %lld samples has no variance; larger shards, or "
                                 "fixed-norm",
                                 (long long)t->rows);
    }
    return true;
}

bool xb_trainer_compile(xb_trainer *t)
{
    release_step(t);
    xb_value *values = xb_calloc(t->params.n + 1, sizeof *values);
    choose_trained(t, values);
    bool ok =
        machine_make(t, &t->net, t->graph, values, t->n_trained, t->r->fixed_norm) && fits(t, &t->net, "the network");
    free(values);
    if (!ok || !norms_fit(t)) return false;
    t->grads = xb_calloc((size_t)t->shards, sizeof *t->grads);
    for (int64_t s = 0; s < t->shards; s++) t->grads[s] = xb_grads_new(t->net.tape);
    t->seen = xb_calloc(t->n_trained + 1, sizeof *t->seen);
    for (size_t i = 0; i < t->n_trained && xb_trainer_injects(t); i++)
        if (xb_tape_is_weight(t->net.tape, i))
            t->seen[i] = xb_calloc(t->params.at[t->trained[i]].pub.n + 1, sizeof **t->seen);
    if (t->teacher.tape && xb_tape_outputs(t->teacher.tape) != xb_tape_outputs(t->net.tape))
        return xb_error(t->d, "train-shape", (.file = xb_graph_file(t->graph)),
                        "the teacher has %zu outputs, the network %zu", xb_tape_outputs(t->teacher.tape),
                        xb_tape_outputs(t->net.tape));
    t->stale = false;
    return true;
}

bool xb_trainer_compile_teacher(xb_trainer *t, const xb_graph *teacher)
{
    return machine_make(t, &t->teacher, teacher, NULL, 0, true) && fits(t, &t->teacher, "the teacher");
}
