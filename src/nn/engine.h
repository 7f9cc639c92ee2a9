/* engine.h: runs a graph on many inputs: oneDNN kernels where it has them, plain C for the rest.
 *
 * The batch is cut into micro-batches of a fixed size (the last one is padded), which our threads take in turn; oneDNN
 * runs single-threaded inside. So the same input gives the same bytes at any thread count. A graph that is not
 * separable along its batch (infer.h) or has a fixed batch runs as it is, one call at a time.
 */
#ifndef XB_NN_ENGINE_H
#define XB_NN_ENGINE_H

#include "ir/infer.h"
#include "ir/tensor.h"

/* Which items of a run or stream a worker is at: first .. first+count-1, in a batch of `items` (the
 * rest is padding; count of them where the batch cannot be cut). For custom ops: in_last, out_last: the first input, the
 * result is an image with its channels side by side, [n][rows][columns][channels], though its type says plain. */
typedef struct xb_engine_call {
    int worker;
    size_t first, count, items;
    bool in_last, out_last;
} xb_engine_call;

/* Ops that somebody else computes: asked op by op when the plan is made, then called by workers, at the same time.
 * Tensors are plain and row-major: the op's inputs in order (data NULL: absent), its first result. Handles of ops are
 * those of the graph that the engine was made for. Not for reshapes, which are no steps. run false, after a diagnostic,
 * ends the run. */
typedef struct xb_custom_ops {
    void *context;
    bool (*takes)(void *context, const xb_graph *g, xb_op op);
    bool (*run)(void *context, const xb_engine_call *call, const xb_graph *g, xb_op op, const xb_tensor *in,
                size_t n_in, xb_tensor *out);
    bool channels_last; /* run takes and gives images of 2-D convolutions with their channels side by side (in_last, out_last) */
} xb_custom_ops;

typedef struct xb_engine_options {
    int threads;                 /* 0 = all */
    int64_t micro_batch;         /* 0 = 32; part of the numeric profile */
    bool plain;                  /* plain C only (the oracle) */
    const xb_custom_ops *custom; /* NULL: none; kept */
} xb_engine_options;

typedef struct xb_engine xb_engine;
/* Keeps no reference to g after the call but to its constants' memory: g must outlive the engine, unwritten.
 * NULL after diagnostics. */
xb_engine *xb_engine_new(xb_diags *d, const xb_graph *g, const xb_engine_options *o);
void xb_engine_free(xb_engine *e);

/* A batch that can be cut is run in whole micro-batches: for single images at speed, ask for micro_batch 1.
 * Inputs in graph order; outputs are allocated here. Shapes are checked against the graph (with the batch bound to
 * in[0].type.dim[0]). false after diagnostics. */
bool xb_engine_run(xb_engine *e, const xb_tensor *in, size_t n_in, xb_tensor *out, size_t n_out);

/* For streams of items, all inputs and outputs float: fill(context, worker, first, count, in) writes items [first,
 * first+count) to the input buffer, take(context, worker, first, count, out) reads the first output (type: of the
 * micro-batch). Both are called by workers, items in any order. One input only. */
typedef bool xb_fill_fn(void *context, int worker, size_t first, size_t count, float *in);
typedef bool xb_take_fn(void *context, int worker, size_t first, size_t count, const float *out, const xb_type *type);
bool xb_engine_stream(xb_engine *e, size_t items, xb_fill_fn *fill, xb_take_fn *take, void *context);

/* What a stream works on: items per call (the last call's rest is zeros), numbers per item, type of the first output of
 * a call. false after diagnostics: not one input, not floats, sizes unknown. */
bool xb_engine_stream_shape(xb_engine *e, size_t *items, size_t *item, xb_type *out);

size_t xb_engine_ops(const xb_engine *e, size_t *on_dnnl); /* ops in the plan; how many run on oneDNN */
void xb_engine_describe(const xb_engine *e, xb_buf *b); /* a line an op: name, operator, kernel, formats; for --stats */
const char *xb_engine_profile(void);                    /* "avx512_core-rules1": results depend on it */
char *xb_engine_library(char out[64]);                  /* "oneDNN 2.6.3"; returns out */

#endif
