/* train.h: training as a service for passes: "xb.train", version 1.
 *
 * A pass that trains has no loop of its own. It reads a recipe from its options, hooks into the host's loop, and the
 * host does the rest: batches, augmentation, gradients, optimiser, checkpoints, progress. One step is
 *
 *     gradients -> on_gradient -> masks on gradients -> clip -> optimiser -> on_update -> mask, tie, frozen again.
 *
 * on_interval and on_epoch run between steps; only there may the structure of the network change, by the edit verbs.
 * What a hook must remember from step to step it keeps in state(), which the host owns, writes into checkpoints and
 * brings back: stopping at any step and resuming gives the bytes of the unbroken run. Handles (xb_value, xb_op) are
 * not kept by a resume: state names layers by text or by position.
 */
#ifndef XBARC_TRAIN_H
#define XBARC_TRAIN_H

#include <xbarc/graph.h>
#include <xbarc/recipe.h>

/* ---- the run ---- */

typedef struct xb_trainer xb_trainer; /* a run in progress; given to hooks, alive until run() returns */

/* What is trained: a float constant of a synaptic or normalising op. Pointers live until the hook returns or an edit
 * verb is called. Writing data or gradient in a hook is allowed where the step order says so. */
typedef struct xb_param {
    xb_value value;
    xb_op op;         /* its first reader */
    const char *name; /* of the constant */
    xb_type type;
    size_t n;            /* elements */
    float *data;         /* n, row-major as in the graph */
    float *gradient;     /* n: of the mean loss of the batch; on_gradient and on_update only, else NULL */
    const uint8_t *mask; /* n: 0 = weight is exactly 0; NULL: none */
    bool frozen;
    double rate, decay; /* factors */
} xb_param;

typedef struct xb_measure {
    uint64_t total, correct;
    double top1; /* correct / total; 0 without labels */
    double loss; /* mean cross-entropy */
} xb_measure;

/* ---- the gate of a pass ---- */

/* Points of top-1 on the hold-out that may be lost against the network as it came in. */
typedef struct xb_gate_rule {
    double max_drop; /* XB_NO_GATE: any */
    double slack;    /* beyond max_drop, before the run's end; for passes that have this option */
} xb_gate_rule;

#define XB_NO_GATE 100.0
#define XB_GATE_OPTIONS                                                                                                \
    {                                                                                                                  \
        .name = "max-drop",                                                                                            \
        .help = "points of top-1 on the hold-out that may be lost against the network as it came in; 100: no gate",    \
        .type = XB_OPT_REAL, .offset = offsetof(xb_gate_rule, max_drop), .def = "100", .min = 0, .max = XB_NO_GATE     \
    }

/* May be a part of a run's state. */
typedef struct xb_aim {
    xb_measure before; /* of the network as it came in; total 0: there is no hold-out */
    double least;      /* top1 that meets the gate */
} xb_aim;

static inline bool xb_is_gated(const xb_gate_rule *r)
{
    return r->max_drop < XB_NO_GATE;
}

/* Every function may be NULL. A negative result, after a diagnostic, ends the run. */
typedef struct xb_train_hooks {
    uint32_t struct_size;
    void *context;     /* given to the hooks; not in checkpoints: must be the same on resume (options, say) */
    size_t state_size; /* bytes of state(), zero at the start */
    int64_t interval;  /* steps between calls of on_interval; 0: never */
    int (*on_start)(xb_cx *cx, xb_trainer *t, void *context); /* once, not on resume; structure may change */
    int (*on_gradient)(xb_cx *cx, xb_trainer *t, void *context);
    int (*on_update)(xb_cx *cx, xb_trainer *t, void *context);
    int (*on_interval)(xb_cx *cx, xb_trainer *t, void *context); /* structure may change */
    int (*on_epoch)(xb_cx *cx, xb_trainer *t, void *context); /* structure may change; after the hold-out is measured */
    /* What the forward pass sees instead of w (straight-through): writes n numbers to seen. Called once a step for each
     * weight of a synaptic op, after the recipe's own injection, which `w` then is; perhaps from several threads. */
    int (*on_weights)(xb_cx *cx, xb_trainer *t, const xb_param *p, const float *w, float *seen, void *context);
} xb_train_hooks;

typedef struct xb_train_result {
    uint32_t struct_size;
    int64_t steps, epochs;
    double loss; /* mean over the last epoch's steps */
    xb_measure holdout;
    bool resumed;      /* from a checkpoint */
    const void *state; /* of the hooks, as it was at the end; until the callback returns */
} xb_train_result;

typedef struct xb_train_api {
    uint32_t struct_size;
    /* Trains g by the recipe on the pipeline's training data. hooks, result may be NULL. Negative after a diagnostic:
     * g is then as it was at the last checkpoint of the run, or as it came when there is none. */
    int (*run)(xb_cx *cx, xb_graph *g, const xb_recipe *recipe, const xb_train_hooks *hooks, xb_train_result *result);
    /* Accuracy and loss of g on the hold-out. Negative after a diagnostic (no hold-out: "data"). */
    int (*measure)(xb_cx *cx, const xb_graph *g, xb_measure *out);
    /* New mean and variance of every BatchNormalization: exact over `items` (0: 4096) training samples without
     * augmentation, layer after layer seeing the new ones before it. */
    int (*recalibrate)(xb_cx *cx, xb_graph *g, int64_t items);

    /* -- for hooks: where the run is -- */
    xb_graph *(*graph)(xb_trainer *t);                 /* to read; to change only by the verbs below */
    int64_t (*step)(const xb_trainer *t);              /* steps done */
    int64_t (*steps)(const xb_trainer *t);             /* of the whole run */
    int64_t (*epoch)(const xb_trainer *t);             /* epochs done */
    double (*rate)(const xb_trainer *t);               /* of the step at hand */
    double (*loss)(const xb_trainer *t);               /* of the last step */
    const xb_measure *(*holdout)(const xb_trainer *t); /* last one measured; total 0: none yet */
    void *(*state)(xb_trainer *t);                     /* state_size bytes */
    size_t (*params)(xb_trainer *t, xb_param ***list); /* in graph order; alive until asked again; not in on_weights */
    xb_param *(*param)(xb_trainer *t, xb_value v);     /* NULL: not trained */

    /* -- constraints: hold exactly after every step, whatever the optimiser does -- */
    /* n bytes, 0 = exactly zero; copied; NULL: no mask. Also kept as the constant's note "mask". */
    void (*set_mask)(xb_trainer *t, xb_value v, const uint8_t *mask);
    void (*freeze)(xb_trainer *t, xb_value v, bool frozen);
    void (*set_factors)(xb_trainer *t, xb_value v, double rate, double decay);
    /* Elements [at, at+n) of v are gain * elements [from_at, from_at+n) of from, which must not be tied themselves.
     * Their gradients are added (times gain) to those of the source. Negative after a diagnostic. */
    int (*tie)(xb_trainer *t, xb_value v, size_t at, xb_value from, size_t from_at, size_t n, float gain);
    void (*untie)(xb_trainer *t, xb_value v); /* all of v's */

    /* -- structure; in on_start, on_interval, on_epoch. Negative after a diagnostic, nothing changed. -- */
    /* Keeps slices keep[0..n) of axis, in that order; a permutation when all are kept. Weights, mask and optimiser
     * state go with the slices. Other tensors of the op must be brought to the same size before the hook returns. */
    int (*select)(xb_trainer *t, xb_value v, int axis, const int64_t *keep, size_t n);
    /* Adds `count` slices at the end of axis, filled from data (row-major, the shape of the slices; NULL: zeros).
     * Momentum of the new slices is 0, their second moment (adam) the mean of the tensor's, their mask 1. */
    int (*append)(xb_trainer *t, xb_value v, int axis, int64_t count, const float *data);
    /* The matrix of op's weight (rows N, columns M; see xb_matrix) becomes W * q, q[M][k] row-major: its last dimension
     * changes from M to k. First moments and momentum turn likewise (m <- m q), second moments by the squares of q
     * (reset, they would make the next steps of Adam thousands of times too large). With a mask: refused. Groups must
     * be 1. The bias must not exist unless k == M; it turns likewise. */
    int (*rotate)(xb_trainer *t, xb_op op, const float *q, int64_t k);
    /* Replaces op (groups 1) by two: the first with the window of op, weights u[N][k] and no bias, the second 1 x 1 (or
     * dense) with weights v[k][M] and op's bias. Optimiser state of both is 0, as on the first step; masks none; rate,
     * decay (their factors) and frozen are those of op's weight. first, second: may be NULL. */
    int (*factor)(xb_trainer *t, xb_op op, const float *u, const float *v, int64_t k, xb_op *first, xb_op *second);
    /* Cuts op's outputs in [0, at) and [at, M): two ops joined by a Concat. Weights, masks, state are divided. */
    int (*split_op)(xb_trainer *t, xb_op op, int64_t at, xb_op *first, xb_op *second);
    /* Removes outputs units[0..n) of op and what depends on them, in every consumer and in every op that must keep the
     * same channels (residual adds, concatenations, normalisations, depthwise convolutions). Weights, masks and state
     * of the rest are kept. What a removed unit still gives when all its weights are 0 (its bias through its
     * activation) is folded into the biases of its consumers when `fold`. Refused when channels reach a graph output or
     * nothing would be left. */
    int (*remove_units)(xb_trainer *t, xb_op op, const int64_t *units, size_t n, bool fold);
    /* Everything (network, optimiser, masks, ties, hook state; not the step count) as it is now, under a number; and
     * back. A snapshot lives in checkpoints too. forget frees it. */
    int (*snapshot)(xb_trainer *t);
    int (*rollback)(xb_trainer *t, int snapshot);
    void (*forget)(xb_trainer *t, int snapshot);

    /* Undoes factor: two ops become one; see xb_edit_api.merge. Its optimiser state is 0, masks are dropped; rate,
     * decay and frozen are those of the second's weight. In on_start, on_interval, on_epoch. Negative after a
     * diagnostic, nothing changed. */
    int (*merge)(xb_trainer *t, xb_op first, xb_op second, xb_op *op);
    /* Is there training data, and how many items at its end are the hold-out (0: none; holdout may be NULL)? In
     * check(), too. */
    bool (*has_data)(xb_cx *cx, int64_t *holdout);

    /* -- the gate of a pass: check, aim, compare, tell -- */
    /* In check(): a gate without a hold-out is refused. Negative after a diagnostic. */
    int (*check_gate)(xb_cx *cx, const xb_gate_rule *rule);
    /* Measures g as it came in, where there is a hold-out. Negative after a diagnostic: a gate on a network that has no
     * answer right, which has not learned, or whose hold-out has no labels. */
    int (*aim)(xb_cx *cx, const xb_graph *g, const xb_gate_rule *rule, xb_aim *aim);
    /* Facts: "top1-before" and, of the network that is left, "top1" and "loss", on the hold-out where there is one;
     * "gate-met" where there is a gate. */
    void (*tell_gate)(xb_cx *cx, xb_module *module, const xb_gate_rule *rule, const xb_aim *aim, const xb_measure *now,
                      bool met);
    /* g, the module's, is again what it was when the pass was called: structure, weights, notes. Handles of then hold.
     */
    void (*undo)(xb_cx *cx, xb_graph *g);
} xb_train_api;

#endif
