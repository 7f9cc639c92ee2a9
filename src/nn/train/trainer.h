/* trainer.h: a run in progress; private to src/nn/train. */
#ifndef XB_NN_TRAIN_TRAINER_H
#define XB_NN_TRAIN_TRAINER_H

#include "base/par.h"
#include "base/progress.h"
#include "base/vec.h"
#include "nn/train/batches.h"
#include "nn/train/checkpoint.h"
#include "nn/train/params.h"
#include "nn/train/train.h"

/* Everything that a step changes, but for the step count: what a rollback brings back and a checkpoint holds. */
typedef struct xb_moment {
    int id;
    xb_graph *graph;
    xb_params params;
    void *state;
    xb_measure holdout;
} xb_moment;

/* What a shard's worker reports. */
typedef struct xb_shard {
    double loss;
    uint64_t correct;
    size_t bad_item; /* with has_bad_item */
    bool has_bad_item, failed;
    xb_op bad_op;
    const char *bad_what;
} xb_shard;

typedef struct xb_piece { /* of a tensor, for the optimiser */
    size_t param, at, n;
} xb_piece;

/* A network compiled for its batch: made anew after every edit. */
typedef struct xb_machine {
    xb_tape *tape;
    xb_packed *packed;
    xb_run **run; /* by worker */
    int workers;
} xb_machine;

struct xb_trainer {
    const xb_training *what;
    xb_diags *d;
    const xb_recipe *r;
    xb_graph *graph;
    xb_dnnl *lib; /* NULL: plain C */
    xb_team *team;
    xb_batches *batches;
    xb_params params;
    int64_t rows, shards, per_epoch, step, steps;
    int64_t ordered; /* epoch whose order is made; -1: none */
    void *state;

    xb_machine net, teacher; /* teacher.tape NULL: none */
    size_t *trained;         /* the tape's tensor i is params.at[trained[i]] */
    size_t n_trained;
    float **seen; /* by tape tensor: what the forward pass sees instead of the weight; NULL: the weight */
    xb_grads **grads;
    xb_shard *shard;
    int **label;           /* by worker: rows of them */
    xb_train_times *spent; /* by worker */
    xb_vec(xb_piece) pieces;
    double norm_factor; /* clipping of the step at hand */
    bool stale;         /* the machine is to be made anew */
    bool structural;    /* verbs are allowed */
    bool between;       /* two steps: what failed now may be gone on with */

    double loss, epoch_loss; /* of the last step; sum over the epoch's samples */
    uint64_t epoch_correct, epoch_seen;
    double epoch_start;
    xb_measure holdout;
    xb_vec(xb_train_row) rows_done;
    xb_vec(xb_moment) snapshots;
    int next_snapshot;
    xb_param **listed; /* what params() gave last */
    xb_graph *good;    /* as at the last checkpoint, or as it came */
    double saved_at;
    xb_progress *progress;
    bool resumed;
};

double xb_train_now(void);

/* machine.c: tape, packed weights and workers for the graph as it stands; false after diagnostics. */
bool xb_trainer_compile(xb_trainer *t);
bool xb_trainer_compile_teacher(xb_trainer *t, const xb_graph *teacher);
void xb_trainer_release(xb_trainer *t);

/* step.c */
bool xb_trainer_step(xb_trainer *t);
/* Are weights and running statistics finite? false after a diagnostic. */
bool xb_trainer_healthy(xb_trainer *t);

/* inject.c: what the forward pass sees instead of tensor i; false after a hook failed. */
bool xb_trainer_injects(const xb_trainer *t);
bool xb_trainer_see(xb_trainer *t, size_t i, const float *w, float *seen);

/* moment.c */
void xb_moment_take(const xb_trainer *t, xb_moment *m);
void xb_moment_give(xb_trainer *t, const xb_moment *m); /* m stays; the machine is stale */
void xb_moment_free(xb_moment *m);

/* resume.c: the run's file. */
bool xb_trainer_save(xb_trainer *t);
/* false after a diagnostic; *found: was there one to go on from? */
bool xb_trainer_load(xb_trainer *t, bool *found);

/* hooks.c: calls a hook with its rights; false when it failed. */
typedef int xb_hook(xb_cx *cx, xb_trainer *t, void *context);
bool xb_trainer_call(xb_trainer *t, xb_hook *hook, bool gradients, bool structural);

#endif
