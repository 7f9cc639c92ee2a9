/* import.h: ModelProto -> graph, one node at a time: node -> draft -> normalised draft -> op. Private to src/onnx. */
#ifndef XB_ONNX_IMPORT_H
#define XB_ONNX_IMPORT_H

#include "base/map.h"
#include "onnx/tensor.h"

/* What is known of a value before shape inference. */
typedef struct xb_guess {
    xb_dtype dtype; /* XB_NONE: unknown */
    int rank;       /* < 0: unknown */
} xb_guess;

typedef struct xb_import {
    xb_diags *d;
    const Onnx__GraphProto *proto;
    xb_graph *g;
    xb_source source;
    xb_arena *arena;
    int64_t opset;            /* 0: none imported */
    xb_map *values;           /* name -> value id, of what is in the graph already */
    xb_map *makers;           /* name -> index of the node that makes it */
    xb_map *infos;            /* name -> index into value_info */
    xb_map *readings;         /* names that a node or the graph's result reads */
    xb_map *taken;            /* all names of the model, values' and nodes', and those we made */
    bool training;            /* exported for training, which was said */
    unsigned serial;          /* of names that had to be made unique; only rises, so that looking for one stays cheap */
    xb_vec(xb_guess) guesses; /* by value id */
} xb_import;

/* A node on its way into the graph. Text and numbers live as long as the import. */
typedef struct xb_draft {
    const Onnx__NodeProto *node;
    xb_where where;
    xb_kind kind;
    const char *name;
    xb_vec(xb_value) in;      /* id 0: absent */
    xb_vec(const char *) out; /* "": not used */
    xb_vec(xb_attr) attrs;
    const Onnx__TensorProto *tensor; /* attribute `value` */
} xb_draft;

/* import.c: fills m->g from m->proto and returns it; NULL after diagnostics, m->g freed. Constants may view the mapped
 * file, which the caller keeps open as long as the graph. */
xb_graph *xb_import_graph(xb_import *m);

/* draft.c: reading and changing a draft. */
bool xb_draft_begin(xb_import *m, const Onnx__NodeProto *node, xb_draft *n); /* false after a diagnostic */
void xb_draft_end(xb_draft *n);
void xb_import_take(xb_import *m, const char *name, bool node); /* notes a name of the model, of a node or a value */
xb_where xb_node_where(const xb_import *m, const Onnx__NodeProto *node);
bool xb_draft_refuse(xb_import *m, const xb_draft *n, const char *code, const char *format, ...) XB_PRINTF(4, 5);
const xb_attr *xb_draft_attr(const xb_draft *n, const char *name);
int64_t xb_draft_int(const xb_draft *n, const char *name, int64_t absent);
float xb_draft_float(const xb_draft *n, const char *name, float absent);
void xb_draft_set(xb_draft *n, xb_attr attr);
void xb_draft_drop(xb_draft *n, const char *name);
xb_value xb_draft_in(const xb_draft *n, size_t i); /* id 0 beyond the end */
void xb_draft_set_in(xb_draft *n, size_t i, xb_value v);
bool xb_draft_uses(const xb_import *m, const xb_draft *n, size_t output); /* does anybody read that result? */
/* A name nobody in the model has: that of the node, and `suffix`. */
const char *xb_draft_fresh(xb_import *m, const xb_draft *n, const char *suffix);
/* Constants beside the node: a list of int64, a scalar. */
xb_value xb_draft_ints(xb_import *m, const xb_draft *n, const char *suffix, const int64_t *v, size_t count);
xb_value xb_draft_scalar(xb_import *m, const xb_draft *n, const char *suffix, xb_dtype type, double v);
/* Attribute (INTS) -> constant input `i`; nothing when absent. false after a diagnostic when it is no list of integers.
 */
bool xb_draft_attr_to_input(xb_import *m, xb_draft *n, const char *attr, size_t i);
/* An op with one result before the node itself. */
xb_value xb_draft_emit(xb_import *m, const xb_draft *n, xb_kind kind, const char *name, const xb_value *in, size_t n_in,
                       const xb_attr *attr);
xb_op xb_draft_add(xb_import *m, xb_draft *n); /* the node itself; id 0 after a diagnostic */

/* guess.c */
xb_guess xb_guess_of(const xb_import *m, xb_value v);
void xb_guess_set(xb_import *m, xb_value v, xb_guess guess);
xb_guess xb_guess_result(const xb_import *m, xb_kind kind, const xb_draft *n, const xb_value *in, size_t n_in);

/* order.c: indices of the nodes so that each comes after what it reads. NULL after diagnostics: a cycle, a missing
 * input. Caller frees. */
uint32_t *xb_node_order(xb_import *m);

/* opset.c: from m->opset to XB_OPSET. false after a diagnostic. */
bool xb_onnx_normalise(xb_import *m, xb_draft *n);
typedef bool xb_normalise_fn(xb_import *m, xb_draft *n);
/* by family */
xb_normalise_fn xb_old_clip, xb_old_prelu, xb_old_binary, xb_old_gemm, xb_old_cast, xb_old_selu; /* opset_math.c */
xb_normalise_fn xb_old_reduce, xb_old_split, xb_old_squeeze, xb_old_softmax, xb_old_concat;      /* opset_axes.c */
xb_normalise_fn xb_old_pad, xb_old_slice, xb_old_reshape, xb_old_tile, xb_old_fill;              /* opset_move.c */
xb_normalise_fn xb_old_norm, xb_old_dropout;                                                     /* opset_norm.c */

/* simplify.c: Identity goes; graph outputs keep their names. */
void xb_onnx_drop_identities(xb_graph *g);

#endif
