/* build.h: inside of a tape, and a tape under construction; for tape/ only.
 *
 * Everything a step reads or writes is a place: bytes in one of five memories. A tape knows sizes and offsets; the
 * memories themselves belong to runs, packed weights and gradients.
 *
 * Rules (version XB_TAPE_RULES): which kernel an op gets depends on shapes, on what is trained, and on the instruction
 * set.
 *  - An op is given to oneDNN only if it has kernels for every direction that is needed; else both ways are plain C.
 *  - Convolutions try the formats that inference tries, in its order; Winograd for 3 x 3 windows that step by one, with
 * 32 channels on either side and four rows, per direction, where it exists.
 *  - A bias that an Add brings and a ReLU are done in the kernel of the convolution, dense layer or norm (ReLU) before.
 *  - A ReLU, and what else needs its result alone on the way back, lies over its input where nobody else reads that.
 *  - Maxima over windows are ours (max/), in the format they find.
 *  - Without AVX-512: products back to few channels, and dense weights in the graph's layout.
 */
#ifndef XB_NN_TAPE_BUILD_H
#define XB_NN_TAPE_BUILD_H

#include "base/vec.h"
#include "nn/dnnl_train.h"
#include "nn/max/max.h"
#include "nn/plan_build.h"
#include "nn/tape.h"

/* ---- the tape ---- */

typedef enum xb_space {
    XB_IN_RUN,    /* activations: all of them live from forward to back */
    XB_IN_TEMP,   /* gradients of activations: memory is used again when they have died */
    XB_IN_PACKED, /* weights */
    XB_IN_GRADS,  /* gradients of weights */
    XB_IN_CONST,  /* where the graph has it */
    XB_SPACES
} xb_space;

typedef struct xb_place {
    xb_space space;
    size_t bytes, offset;
    const void *constant;
    int first, last; /* TEMP: back steps that write and read it; first -1: filled before */
    int pending;     /* TEMP, while building: gradients yet to be read that lie here */
} xb_place;

typedef enum xb_tape_kind {
    XB_TAPE_DNNL,      /* operands as the primitive has them */
    XB_TAPE_REF,       /* in..., out... */
    XB_TAPE_BACK,      /* in..., out..., gradients of out..., of in... */
    XB_TAPE_NORM,      /* x, scale, shift, y, mean, variance */
    XB_TAPE_NORM_BACK, /* x, scale, mean, variance, dy, dx, dscale, dshift */
    XB_TAPE_JOIN,      /* parts..., whole */
    XB_TAPE_CUT,       /* whole, parts... (-1: not wanted) */
    XB_TAPE_DROP,      /* x, factors, y */
    XB_TAPE_SCALE,     /* dy, factors, dx */
    XB_TAPE_ADD,       /* a, b, a + b */
    XB_TAPE_MAX,       /* x, y, taps */
    XB_TAPE_MAX_BACK,  /* dy, taps, dx */
    XB_TAPE_KINDS
} xb_tape_kind;

typedef struct xb_tape_step {
    xb_tape_kind kind;
    xb_op op; /* id 0: a change of format, a sum of gradients */
    int *at;  /* places, -1: absent; owned */
    size_t n, n_in, n_out;
    int made; /* the result that xb_run_first_bad looks at; -1: none */
    const xb_dnnl_op *dnnl;
    bool result_last; /* DNNL: the last operand is the primitive's `out` */
    size_t outer;     /* JOIN, CUT: pieces are taken in turn, `outer` times; piece[i] bytes */
    size_t *piece;    /* owned */
    size_t window;    /* MAX: which of the tape's */
    const xb_max_kernel *max;
    float ratio;     /* DROP: part that is dropped */
    uint32_t stream; /* DROP: which of the graph's Dropouts */
} xb_tape_step;

typedef struct xb_tape_copy { /* of a constant, in xb_packed */
    xb_value value;
    int param; /* -1: not trained */
    int place;
    const xb_dnnl_op *layout, *pack; /* NULL: plain */
} xb_tape_copy;

typedef struct xb_tape_param { /* a trained tensor */
    xb_value value;
    size_t n;
    bool weight;
    int place;                /* of its gradient, -1: none arrives */
    const xb_dnnl_op *unpack; /* NULL: plain */
    int uses, given, seen;    /* gradients to be added; begun and done so far */
} xb_tape_param;

typedef struct xb_tape_norm_stat {
    xb_op op;
    size_t channels, count;
    int mean, variance; /* places in a run */
    size_t offset;      /* of mean, then variance, among the statistics of xb_grads */
} xb_tape_norm_stat;

typedef xb_vec(xb_tape_step) xb_tape_steps;

struct xb_tape {
    xb_graph *graph; /* rows in place of the batch symbol, first output only, logits; owned */
    xb_dnnl *lib;    /* NULL: plain C only */
    xb_tape_options options;
    int64_t rows;
    size_t item, outputs;
    int input, output, error; /* places */
    xb_vec(xb_place) place;
    xb_tape_steps forward, back;
    xb_vec(xb_dnnl_op *) ops;   /* owned */
    xb_vec(xb_geometry) window; /* as xb_max_images has it */
    xb_vec(xb_tape_copy) copy;
    xb_vec(xb_tape_norm_stat) norm;
    xb_tape_param *param;
    size_t n_params;
    size_t bytes[XB_SPACES], stats; /* stats: floats */
    size_t scratch;
    size_t n_ops, n_fast;
    xb_buf text;
};

/* Memory of a place; base: of its space. */
void *xb_tape_at(const xb_tape *t, int place, void *const base[XB_SPACES]);
void *xb_tape_memory(size_t bytes); /* aligned, zeroed */

/* ---- under construction ---- */

/* How an op is computed, forward and back. */
typedef enum xb_node_kind {
    XB_NODE_PLAIN,
    XB_NODE_NORM, /* plain C, with the statistics of the batch */
    XB_NODE_DROP,
    XB_NODE_VIEW,
    XB_NODE_LAYER, /* convolution or dense */
    XB_NODE_POOL,
    XB_NODE_MAX, /* our own pool */
    XB_NODE_FAST_NORM,
    XB_NODE_UNARY,
    XB_NODE_LRN,
    XB_NODE_SOFTMAX,
    XB_NODE_ADD,
    XB_NODE_JOIN,
    XB_NODE_TRANSPOSE
} xb_node_kind;

typedef struct xb_node {
    xb_node_kind kind;
    xb_op op;
    xb_op tail[2]; /* ops done by the same kernel: an Add of a bias, a Relu */
    int n_tail;
    bool relu;
    xb_value x, y, weight, bias;
    xb_format in, out;
    int at_x, at_y; /* places of x and y, in these formats */
    int kept;       /* workspace, factors; -1: none */
    int both, mean, variance;
    size_t outer; /* JOIN */
    size_t *piece;
    size_t window; /* MAX */
    const xb_max_kernel *max;
    const xb_dnnl_op *forward, *data, *weights, *relu_back;
} xb_node;

typedef struct xb_arrival { /* a gradient of a value, in one format */
    xb_value value;
    int place; /* -1: taken */
    xb_format format;
} xb_arrival;

typedef struct xb_taping {
    xb_diags *d;
    xb_tape *t;
    const xb_graph *g;
    xb_dnnl *lib;
    xb_planner look;      /* for questions about the graph only */
    xb_tape_steps *steps; /* being filled: forward or back */
    int (*at)[XB_FMTS];   /* by value id: place; -1: not there (yet) */
    bool *needs;          /* by value id: a trained tensor is behind it */
    bool *arrives;        /* by value id: a gradient gets there */
    int *param;           /* by value id; -1: not trained */
    bool *done;           /* by op id: in another op's kernel */
    xb_op *reader;        /* by value id: the op that alone reads it; id 0: none or several */
    xb_vec(xb_node) nodes;
    xb_vec(xb_arrival) arrivals;
    uint32_t drops;
    bool failed;
} xb_taping;

/* -- prepare.c -- */
/* The graph of a tape: cloned, cut to logits, bound to t->rows. NULL after diagnostics. */
xb_graph *xb_tape_prepare(xb_diags *d, const xb_graph *g, int64_t rows, const xb_value *trained, size_t n);
/* b->needs, b->arrives, uses of b->t->param. false after a diagnostic: an op on the way has no gradient. */
bool xb_taping_flow(xb_taping *b);
bool xb_taping_wants(const xb_taping *b, xb_value v); /* is a gradient of it to be computed? */
/* Has op a gradient of one of its results to take back to one of its inputs? */
bool xb_taping_goes_back(const xb_taping *b, xb_op op);

/* -- place.c -- */
int xb_taping_place(xb_taping *b, xb_space space, size_t bytes);
int xb_taping_result(xb_taping *b, xb_value v, xb_format f); /* a new place of v */
void xb_taping_over(xb_taping *b, xb_value v, xb_format f, int place);
/* Place of v in that format, after a change of format if need be; -1 and failed when that is impossible. */
int xb_taping_in(xb_taping *b, xb_value v, xb_format f);
xb_format xb_taping_canonical(const xb_taping *b, xb_value v, xb_format f);
xb_format xb_taping_found(const xb_taping *b, xb_value v); /* a format it is in, plain only if no other */
int xb_taping_weight(xb_taping *b, xb_value v, const xb_dnnl_op *layout); /* a constant in that layout; NULL: plain */
xb_tape_step *xb_taping_step(xb_taping *b, xb_tape_kind kind, xb_op op, const int *at, size_t n);
const xb_dnnl_op *xb_taping_own(xb_taping *b, xb_dnnl_op *op); /* the tape frees it; NULL is NULL */
xb_tape_step *xb_taping_dnnl(xb_taping *b, xb_op op, const xb_dnnl_op *dnnl, const int *at, size_t n);
xb_node *xb_taping_node(xb_taping *b, xb_node_kind kind, xb_op op);

/* -- arrive.c: gradients on their way back -- */
int xb_taping_temp(xb_taping *b, size_t bytes);
/* The sum of all gradients of v, in that format; -1: none. To be released when it has been read. */
int xb_taping_gather(xb_taping *b, xb_value v, xb_format f);
void xb_taping_release(xb_taping *b, int place);
/* Place for a result that may lie over `place`, read for the last time here: the same one if nobody else needs it. */
int xb_taping_reuse(xb_taping *b, int place);
void xb_taping_arrive(xb_taping *b, xb_value v, xb_format f, int place);
/* Where to write a gradient of trained tensor v in that layout (NULL: plain), and that it has been written: in the same
 * order for gradients of one tensor. */
int xb_taping_param(xb_taping *b, xb_value v, const xb_dnnl_op *layout);
void xb_taping_param_done(xb_taping *b, xb_value v, const xb_dnnl_op *layout, int place);

/* -- forward.c, back.c: ops in plain C, and which rule an op gets -- */
void xb_taping_forward(xb_taping *b, xb_op op);
void xb_taping_back(xb_taping *b, const xb_node *n);

/* -- layer.c, fast.c: rules for oneDNN; true when op is planned, false: not for oneDNN -- */
bool xb_taping_layer(xb_taping *b, xb_op op);
bool xb_taping_fast(xb_taping *b, xb_op op);
void xb_taping_layer_back(xb_taping *b, const xb_node *n);
void xb_taping_fast_back(xb_taping *b, const xb_node *n);

/* -- what the rules of fast*.c share; n is filled as far as op, x and y -- */
/* Takes over both kernels, the one for the way back only if something goes back. false: one is missing. */
bool xb_taping_both_ways(xb_taping *b, xb_node *n, xb_dnnl_op *forward, xb_dnnl_op *back);
/* The step from x to y in their formats, with the workspace behind them. */
void xb_taping_simple(xb_taping *b, xb_node *n);
xb_format xb_taping_channels(const xb_taping *b, xb_value v); /* that suits what works along channels */
bool xb_taping_pool(xb_taping *b, xb_node *n);
bool xb_taping_norm(xb_taping *b, xb_node *n);
bool xb_taping_lrn(xb_taping *b, xb_node *n);

#endif
