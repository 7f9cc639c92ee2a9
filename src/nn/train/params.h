/* params.h: the trained tensors of a graph with their optimiser state, masks, ties and rules. */
#ifndef XB_NN_TRAIN_PARAMS_H
#define XB_NN_TRAIN_PARAMS_H

#include "ir/graph.h"
#include <xbarc/train.h>

typedef struct xb_slot_state { /* one trained tensor */
    xb_param pub;              /* what hooks see; mask points to `mask` */
    uint8_t *mask;             /* owned, NULL: none */
    float *m, *v;              /* momentum or first moment; second moment (adam); owned, n each, NULL where not used */
    float *grad;               /* owned, n; pub.gradient points here while hooks may see it */
    float *held;               /* owned; what a frozen tensor stays; NULL: taken when next imposed */
    int64_t born;              /* steps done when it came: Adam's bias correction counts from there */
} xb_slot_state;

typedef struct xb_tied { /* elements of one tensor that follow another's */
    xb_value to, from;
    size_t at, from_at, n;
    float gain;
} xb_tied;

typedef struct xb_params {
    xb_graph *graph;     /* not owned: the weights are the graph's constants */
    xb_slot_state *at;   /* in the order of first use in the graph */
    size_t n;
    xb_tied *tied;
    size_t n_tied;
    int optimizer;
    int64_t step; /* steps done */
} xb_params;

/* Trained are the float32 constants that are weight or bias of Conv, ConvTranspose, Gemm, MatMul; scale and shift of
 * BatchNormalization (not its statistics), InstanceNormalization, LayerNormalization; slope of PRelu; and what an Add
 * brings as the bias of one of the synaptic ops (one number a channel, on the op's own result). Notes "mask" (n numbers,
 * 0 or not) and "frozen" ([0]: not) of the constant and the recipe's rules are taken over; a mask without a 0 is none.
 * Warns of a rule that matches nothing. false after diagnostics: nothing to train ("train"). p is zeroed first. */
bool xb_params_init(xb_diags *d, xb_params *p, xb_graph *g, const xb_recipe *r);
void xb_params_free(xb_params *p);
/* After the graph was edited: drops tensors that are gone, takes up new ones (state 0), keeps the others' state, in graph
 * order. A tensor whose size no longer fits its state is a fault of the verb (assert). */
void xb_params_refresh(xb_params *p, const xb_recipe *r);
xb_slot_state *xb_params_find(const xb_params *p, xb_value v); /* NULL */
void xb_params_reach(xb_params *p); /* fetches pub.data anew (writable constants of the graph) */

void xb_params_set_mask(xb_params *p, xb_slot_state *s, const uint8_t *mask); /* copies; writes the note if it is new */
/* false after a diagnostic: out of range, or a source that is tied itself, or not trained, or overlapping. */
bool xb_params_tie(xb_diags *d, xb_params *p, const xb_tied *t);
void xb_params_untie(xb_params *p, xb_value v);

/* Before the optimiser: gradients of tied elements go to their sources (times gain) and become 0; masked and frozen ones
 * become 0. */
void xb_params_mask_gradients(xb_params *p);
/* After it: masked weights are exactly +0 (and their m, v), tied ones gain * source rounded to float (m, v 0), frozen
 * ones what they were when they were frozen. Reached first. */
void xb_params_impose(xb_params *p);
void xb_params_release(xb_params *p); /* frozen tensors may be changed (by an edit): they are held anew as they are then */

#endif
