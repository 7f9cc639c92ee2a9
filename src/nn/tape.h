/* tape.h: a graph compiled for training: forward with everything kept, and back to the gradients of its weights.
 *
 * A tape is made for `rows` samples (a shard) and is immutable; packed weights (xb_packed) are one set for all shards of
 * a step; a run (xb_run) is one worker's activations. A shard's gradients (xb_grads) are kept in the layouts in which the
 * kernels write them, summed over shards in shard order there, and unpacked once. So the bytes depend on the shards,
 * never on who computes them.
 */
#ifndef XB_NN_TAPE_H
#define XB_NN_TAPE_H

#include "nn/dnnl.h"
#include "ir/tensor.h"

#define XB_TAPE_RULES "train2"

typedef struct xb_tape_options {
    bool plain;      /* plain C only (the oracle) */
    bool fixed_norm; /* BatchNormalization by its stored mean and variance */
    bool no_winograd;
} xb_tape_options;

typedef struct xb_tape xb_tape;
/* g: one float input whose dimension 0 is the batch (bound here to rows), first output [rows][classes...]; not kept, but
 * its constants' memory must live as long as the tape. trained: float constants whose gradients are wanted. A Softmax
 * or LogSoftmax that makes the output is left out: the tape ends in logits. Dropout (ratio > 0) drops. lib NULL with
 * options.plain. NULL after diagnostics ("train-op" names node and operator; "train-shape"). */
xb_tape *xb_tape_new(xb_diags *d, const xb_graph *g, int64_t rows, const xb_value *trained, size_t n, xb_dnnl *lib,
                     const xb_tape_options *o);
void xb_tape_free(xb_tape *t);
size_t xb_tape_item(const xb_tape *t);    /* numbers of one sample */
size_t xb_tape_outputs(const xb_tape *t); /* numbers of one output row */
size_t xb_tape_ops(const xb_tape *t, size_t *on_dnnl);
void xb_tape_describe(const xb_tape *t, xb_buf *b); /* a line an op: name, operator, kernels, formats */

/* Which trained tensor feeds synaptic ops (weights, not biases): what injection applies to. */
bool xb_tape_is_weight(const xb_tape *t, size_t i);

/* ---- weights in the kernels' layouts ---- */
typedef struct xb_packed xb_packed;
xb_packed *xb_packed_new(xb_diags *d, const xb_tape *t);
void xb_packed_free(xb_packed *p);
/* Trained tensor i has these values from now on (n numbers as in the graph; the pointer is not kept). Different i may
 * be set at the same time. All must be set before the first run. */
bool xb_packed_set(xb_packed *p, size_t i, const float *values);

/* ---- gradients ---- */
typedef struct xb_grads xb_grads; /* of one shard */
xb_grads *xb_grads_new(const xb_tape *t);
void xb_grads_free(xb_grads *g);
/* Sum over shards, in order, of the gradient of trained tensor i, to the graph's layout. shards[0] is used up. p: whose
 * worker memory the change of layout uses; different i may be summed at the same time. */
bool xb_grads_sum(xb_packed *p, size_t i, xb_grads *const *shards, size_t n, float *out);
/* BatchNormalizations in graph order: mean and population variance over the rows of all shards, combined exactly in
 * shard order. 0 of them with fixed_norm. */
size_t xb_tape_norms(const xb_tape *t);
xb_op xb_tape_norm(const xb_tape *t, size_t i, size_t *channels, size_t *count); /* count: numbers per channel and shard */
void xb_grads_norm(const xb_tape *t, size_t i, xb_grads *const *shards, size_t n, float *mean, float *variance);

/* ---- a worker's run ---- */
typedef struct xb_draw { /* what Dropout draws depend on: never on shard or worker */
    uint64_t seed, step;
    uint64_t row; /* position of the shard's first sample in the batch */
} xb_draw;

typedef struct xb_run xb_run;
xb_run *xb_run_new(xb_diags *d, const xb_tape *t, const xb_packed *p); /* to be made and used with one OpenMP thread */
void xb_run_free(xb_run *r);
float *xb_run_input(xb_run *r); /* rows x item, to be filled before forward */
bool xb_run_forward(xb_run *r, const xb_draw *draw, xb_grads *g); /* g takes the norms' statistics; may be NULL */
const float *xb_run_output(const xb_run *r); /* rows x outputs */
float *xb_run_error(xb_run *r);              /* rows x outputs: d loss / d output, to be filled before back */
bool xb_run_back(xb_run *r, xb_grads *g);    /* overwrites g */
/* The first op, in graph order, with a result that is not finite after forward; id 0: none. what: "NaN", "infinite". */
xb_op xb_run_first_bad(const xb_run *r, const char **what);
/* Seconds spent so far: in oneDNN primitives, and in all of forward and back. */
void xb_run_seconds(const xb_run *r, double *dnnl, double *all);

#endif
