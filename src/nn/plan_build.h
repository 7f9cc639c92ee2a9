/* plan_build.h: a plan under construction; for plan*.c only. */
#ifndef XB_NN_PLAN_BUILD_H
#define XB_NN_PLAN_BUILD_H

#include "base/vec.h"
#include "nn/plan.h"

/* Readers of a value and of its views, by position in the graph. */
typedef struct xb_uses {
    int last, before; /* of the last two; -1: none, INT_MAX: a graph output */
    xb_op reader;     /* last direct reader */
} xb_uses;

typedef struct xb_planner {
    xb_diags *d;
    xb_graph *g;
    xb_plan *plan;
    xb_dnnl *lib;
    xb_vec(xb_slot) slots;
    xb_vec(xb_buffer) buffers;
    xb_vec(xb_step) steps;
    xb_vec(void *) owned;
    int (*slot_of)[XB_FMTS]; /* by value id; -1: not there (yet) */
    xb_uses *uses;           /* by value id; of a root for its views */
    uint32_t *root;          /* by value id: the value whose memory it shares */
    int *position;           /* by op id */
    bool *done;              /* by op id: in another op's kernel */
    bool failed;
} xb_planner;

/* -- plan_build.c -- */
/* Slot of v in that format, after a change of format if need be; -1 and failed when that is impossible. */
int xb_planner_in(xb_planner *p, xb_value v, xb_format f);
int xb_planner_out(xb_planner *p, xb_value v, xb_format f);            /* in a new buffer */
int xb_planner_over(xb_planner *p, xb_value v, xb_format f, int slot); /* in the buffer of that slot */
xb_step *xb_planner_step(xb_planner *p, xb_step_kind kind, xb_op op, const int *in, size_t n_in, const int *out,
                         size_t n_out);
xb_format xb_planner_found(const xb_planner *p, xb_value v); /* a format it exists in, plain only if no other */
bool xb_planner_has(const xb_planner *p, xb_value v);        /* computed already, not a constant */
/* Nobody reads v (or a view of it) after `last`, and nobody but `last` from position `from` on. */
bool xb_planner_dies(const xb_planner *p, xb_value v, xb_op last, int from);
bool xb_planner_is_view(const xb_planner *p, xb_op op);
bool xb_planner_is_custom(const xb_planner *p, xb_op op); /* somebody else computes it */
/* Floats of a constant, aligned; *copy (or NULL) to be freed. */
const float *xb_planner_floats(xb_planner *p, xb_value v, float **copy);
void xb_planner_packed(const xb_planner *p, xb_value v); /* the constant is copied: lets the model file's pages go */
bool xb_planner_scalar(const xb_planner *p, xb_value v, float *out); /* a constant float with one element */
bool xb_planner_f32(const xb_planner *p, xb_value v);                /* floats, at least one */
/* The value as n, c, h, w (one row for rank 3, one pixel for rank 2). */
bool xb_planner_image(const xb_planner *p, xb_value v, int64_t dim[4]);
xb_value xb_planner_arg(const xb_planner *p, xb_op op, size_t i); /* id 0: absent */
xb_value xb_planner_result(const xb_planner *p, xb_op op);

/* -- plan_geometry.c -- false: not a 1-D or 2-D window */
bool xb_planner_geometry(const xb_planner *p, xb_op op, xb_geometry *w);
/* Window and kind of a pool that oneDNN may know. */
bool xb_planner_pool(const xb_planner *p, xb_op op, xb_geometry *w, xb_pool *how);
typedef struct xb_formats {
    xb_format in, out;
} xb_formats;
/* The committed order of formats to try for a convolution; returns how many. */
int xb_planner_conv_formats(const xb_geometry *w, xb_formats f[4]);

/* -- plan_tail.c -- */
typedef struct xb_tail_plan {
    xb_tail tail;
    xb_value result, other, bias; /* other: what tail.sum adds; bias: a constant that an Add brings */
    xb_op op[XB_TAIL_OPS];
    int n;
} xb_tail_plan;
/* What may follow op in its kernel. channel: the dimension a bias runs along, as distance from the last. */
xb_tail_plan xb_planner_tail(const xb_planner *p, xb_op op, bool has_bias, int channel);
bool xb_planner_unary(const xb_planner *p, xb_op op, xb_value *x, xb_tail *out);
/* Is v a constant that adds one number to each of n channels, `channel` dimensions from the last? */
bool xb_planner_is_bias(const xb_planner *p, xb_value v, int64_t n, int channel);
/* Adds the step for a kernel with that tail. */
void xb_planner_finish(xb_planner *p, xb_op op, xb_dnnl_op *dnnl, xb_format in, xb_format out, const xb_tail_plan *t);

/* -- rules: true when op is planned, false: not for oneDNN -- */
bool xb_plan_rule_conv(xb_planner *p, xb_op op);
bool xb_plan_rule_dense(xb_planner *p, xb_op op);
bool xb_plan_rule_pool(xb_planner *p, xb_op op);
bool xb_plan_rule_unary(xb_planner *p, xb_op op);
bool xb_plan_rule_binary(xb_planner *p, xb_op op);
bool xb_plan_rule_softmax(xb_planner *p, xb_op op);
bool xb_plan_rule_norm(xb_planner *p, xb_op op);
bool xb_plan_rule_lrn(xb_planner *p, xb_op op);
bool xb_plan_rule_transpose(xb_planner *p, xb_op op);
bool xb_plan_rule_join(xb_planner *p, xb_op op);

#endif
