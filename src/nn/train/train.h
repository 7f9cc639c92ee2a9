/* train.h: the training run: the loop behind the service "xb.train" and `xbarc train`.
 *
 * One step: weights packed (injection on the way) -> shards forward, loss, back, side by side -> gradients summed in shard
 * order -> on_gradient -> masks -> clip -> optimiser -> on_update -> mask, tie, frozen. See include/xbarc/train.h.
 */
#ifndef XB_NN_TRAIN_TRAIN_H
#define XB_NN_TRAIN_TRAIN_H

#include "data/data.h"
#include "nn/engine.h"
#include "nn/tape.h"
#include <xbarc/train.h>

typedef enum xb_resume {
    XB_RESUME_NEVER,   /* a checkpoint that is there is overwritten */
    XB_RESUME_IF_SAME, /* go on from one of the same identity; from another one: a note, and from the start */
    XB_RESUME          /* go on if there is one; of another identity: an error that says what differs */
} xb_resume;

/* After every epoch, and once after the last step when it ends within one. */
typedef struct xb_train_row {
    int64_t epoch, step;
    double rate, loss, train_top1; /* loss and accuracy over the epoch's batches, augmented, as they were seen */
    xb_measure holdout;            /* total 0: none */
    double seconds;                /* of this epoch, the hold-out's too */
} xb_train_row;

typedef struct xb_training {
    xb_diags *d;
    xb_cx *cx;       /* for hooks; NULL when there are none */
    xb_graph *graph; /* trained in place */
    const xb_graph *teacher; /* NULL: none, though distil.weight > 0 uses a clone of graph */
    const xb_recipe *recipe;
    uint64_t seed; /* the recipe's, or the pipeline's */
    const xb_train_hooks *hooks;
    const xb_dataset *data;
    const xb_input_map *map;
    size_t holdout; /* items at the end of data */
    xb_engine_options engine; /* threads, plain */
    bool no_winograd;
    const char *label;      /* for progress and diagnostics: "train", "rank-clip@a" */
    const char *checkpoint; /* file; NULL: none */
    double every;           /* seconds between checkpoints */
    const char *identity;   /* lines "key: value" that say what the run is made from */
    xb_resume resume;
    void (*on_row)(void *context, const xb_train_row *rows, size_t n); /* all rows so far, on resume too */
    void (*on_step)(void *context, int64_t step, double rate, double loss); /* after each; step counts from 1 */
    void *row_context; /* of both */
} xb_training;

typedef struct xb_train_times { /* for benchmarks: seconds over all workers */
    double dnnl;                /* in oneDNN primitives */
    double shards, data;        /* forward, loss and back, dnnl included; samples made */
    double pack, sum, update;
    double wall;
    uint64_t images;
} xb_train_times;

/* false after a diagnostic: "train" (bad recipe), "train-diverged" (names step, first op with a non-finite value),
 * "train-data" (names the item), "checkpoint", or interrupted (xb_interrupted; a checkpoint is left). graph is then as at
 * the last checkpoint, or as it came. */
bool xb_train(const xb_training *what, xb_train_result *out, xb_train_times *times); /* out, times: may be NULL */

/* Adds the lines that say what a run is made from: network with its weights, teacher (NULL: none named), recipe, data
 * (what is in it, not only its name), seed, numeric profile. */
void xb_train_identity(xb_buf *b, const xb_training *what);
/* Adds the keys of two such texts that are not the same: "recipe.epochs: 40 there, 41 here; seed: ...". */
void xb_train_identity_differs(xb_buf *out, const char *there, const char *here);

/* Behind xb_train_api's recalibrate. items at most `count`. */
bool xb_recalibrate(xb_diags *d, xb_graph *g, const xb_dataset *data, const xb_input_map *map, size_t items,
                    const xb_engine_options *e);

/* The recipe's shards for its batch; 0 after a diagnostic (does not divide). */
int64_t xb_recipe_shards(xb_diags *d, const xb_recipe *r);
void xb_recipe_warn(xb_diags *d, const char *who, const xb_recipe *r); /* of keys without effect */
extern const xb_option xb_recipe_options[]; /* of `xbarc train`: 10 epochs, rate 0.01 */

#endif
