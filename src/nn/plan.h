/* plan.h: a graph of known sizes as a list of steps over buffers in one block of memory.
 *
 * Rules (version XB_PLAN_RULES, part of the numeric profile): which kernel and format an op gets depends on shapes
 * alone.
 *  - Convolutions: blocked channels where the counts fill blocks (input also plain with at most three channels), else
 * nhwc.
 *  - Pools, elementwise ops, concatenations work in the format they find; what needs rows works on plain data. Maxima
 * over windows are ours (max/).
 *  - A bias, a dying residual and one elementwise op that follow a convolution or dense layer are done in its kernel.
 *  - What oneDNN has no kernel for runs in plain C.
 *  - What somebody else computes (xb_custom_ops) works on plain data, or images with channels side by side,
 * with nothing in its kernel.
 * A buffer is free after its last reader; reshapes share their input's buffer.
 */
#ifndef XB_NN_PLAN_H
#define XB_NN_PLAN_H

#include "ir/graph.h"
#include "nn/dnnl.h"
#include "nn/engine.h"
#include "nn/max/max.h"

#define XB_PLAN_RULES "rules1"

/* A value in one format: in a buffer, or a constant. */
typedef struct xb_slot {
    xb_value value;
    xb_format format;
    int buffer; /* -1: constant */
    const void *constant;
} xb_slot;

typedef struct xb_buffer {
    size_t bytes, offset;
    int first, last; /* steps that write and read it; first -1: filled before the run */
} xb_buffer;

typedef enum xb_step_kind {
    XB_STEP_DNNL,
    XB_STEP_PLAIN,
    XB_STEP_JOIN,
    XB_STEP_VIEW,
    XB_STEP_CUSTOM,
    XB_STEP_MAX
} xb_step_kind;

#define XB_TAIL_OPS 3

typedef struct xb_step {
    xb_step_kind kind;
    xb_op op;                /* id 0: a change of format */
    xb_op tail[XB_TAIL_OPS]; /* ops done by the same kernel */
    int n_tail;
    xb_dnnl_op *dnnl; /* owned */
    int *in, *out;    /* slots, -1: absent */
    size_t n_in, n_out;
    size_t outer; /* JOIN: pieces are taken in turn from every input, `outer` times; pieces[i] bytes */
    size_t *piece;
    const xb_max_kernel *max; /* MAX */
    xb_geometry window;       /* MAX: as xb_max_images has it */
} xb_step;

typedef struct xb_plan {
    xb_graph *graph; /* owned; sizes known */
    xb_dnnl *lib;    /* NULL: plain C only */
    const xb_custom_ops *custom; /* NULL: none */
    xb_slot *slot;
    size_t n_slots;
    xb_buffer *buffer;
    size_t n_buffers;
    xb_step *step;
    size_t n_steps;
    int *input, *output; /* slots of the graph's inputs and outputs */
    size_t n_inputs, n_outputs;
    void **owned; /* aligned copies of constants */
    size_t n_owned;
    size_t bytes;   /* of all buffers together */
    size_t scratch; /* the most a step needs */
    size_t packed;  /* bytes of packed weights */
} xb_plan;

/* Takes g over. NULL after diagnostics. To be called with one OpenMP thread. Ops that `custom` takes are steps of their
 * own. */
xb_plan *xb_plan_new(xb_diags *d, xb_graph *g, xb_dnnl *lib, const xb_custom_ops *custom);
void xb_plan_free(xb_plan *p);
size_t xb_plan_ops(const xb_plan *p, size_t *on_dnnl);
void xb_plan_describe(const xb_plan *p, xb_buf *b);
/* Offsets for buffers with lifetimes: first fit, largest first. Returns the total. */
size_t xb_plan_place(xb_buffer *buffer, size_t n);

#endif
