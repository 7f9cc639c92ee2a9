/* graph.h: the network inside: what src/ uses directly; passes see the same through include/xbarc/graph.h.
 *
 * All functions of xb_graph_api exist here as xb_graph_NAME with the same contract.
 */
#ifndef XB_IR_GRAPH_H
#define XB_IR_GRAPH_H

#include "base/diag.h"
#include "base/file.h"
#include <xbarc/graph.h>

/* Operators, from ops.def: XB_OP_Conv, ... ; XB_OP_UNKNOWN for what we only carry by name. */
typedef enum xb_kind {
    XB_OP_UNKNOWN,
#define XB_OPDEF(name, min_in, max_in, max_out) XB_OP_##name,
#include "ir/ops.def"
#undef XB_OPDEF
    XB_KINDS
} xb_kind;

typedef struct xb_opdef {
    const char *name;
    int min_in, max_in, max_out; /* max_in -1: any number */
} xb_opdef;
const xb_opdef *xb_opdef_of(xb_kind kind);
xb_kind xb_kind_of(const char *op_type); /* XB_OP_UNKNOWN */

xb_graph *xb_graph_new(const char *name, const char *file);
void xb_graph_free(xb_graph *g);
xb_graph *xb_graph_clone(const xb_graph *g); /* constants shared until written */
void xb_graph_become(xb_graph *g, xb_graph *from); /* g is what `from` was, at g's address; from is freed */
const char *xb_graph_file(const xb_graph *g); /* model file, for diagnostics */

/* Keeps a mapping alive as long as the graph (and its clones): constants may be views of it. */
void xb_graph_adopt(xb_graph *g, xb_view view);

/* -- building; false after a diagnostic where a name is taken, names are made unique where the contract says so -- */
xb_value xb_graph_add_input(xb_graph *g, const char *name, const xb_type *type);
/* A constant that views `bytes` (inside an adopted mapping, aligned or not) instead of copying. */
xb_value xb_graph_add_view(xb_graph *g, const char *name, const xb_type *type, const void *bytes);
xb_op xb_graph_add_op_kind(xb_graph *g, xb_op before, xb_kind kind, const char *name, const xb_value *in, size_t n_in,
                           const char *const *out_names, xb_value *out, size_t n_out); /* out_names[i] NULL/"": unused */
void xb_graph_add_output(xb_graph *g, xb_value v);
void xb_graph_set_outputs(xb_graph *g, const xb_value *v, size_t n);
void xb_graph_set_attr(xb_graph *g, xb_op op, const xb_attr *attr); /* copies */
void xb_graph_remove_attr(xb_graph *g, xb_op op, const char *name);
int64_t xb_graph_symbol_id(xb_graph *g, const char *name); /* the negative dim of that name; NULL or "": a new anonymous one */
xb_kind xb_graph_kind(const xb_graph *g, xb_op op);
xb_value xb_graph_find(const xb_graph *g, const char *name);  /* id 0: none */
xb_op xb_graph_find_op(const xb_graph *g, const char *name);
uint32_t xb_graph_value_limit(const xb_graph *g); /* every value id is below it */
uint32_t xb_graph_op_limit(const xb_graph *g);
size_t xb_graph_op_count(const xb_graph *g);
/* Turns the (only) result of an op into a constant and removes the op, keeping the value's handle and name. */
void xb_graph_make_const(xb_graph *g, xb_value v, const xb_type *type, const void *data);
/* A constant gets another type and other bytes (copied, they may be its own; NULL: zeros), and keeps its handle and name.
 * Its notes are dropped. Readers' types are for inference. Nothing happens to what is no constant, or when the type has
 * no size. */
void xb_graph_resize(xb_graph *g, xb_value v, const xb_type *type, const void *data);
/* Is what xb_graph_data returns in the model file's mapping? (Not where the file aligns it badly: that is a copy.) */
bool xb_graph_is_view(const xb_graph *g, xb_value v);
bool xb_graph_is_mapped(const xb_graph *g, xb_value v); /* is what xb_graph_raw returns in the mapping? */
/* The n bytes of a constant where they lie, aligned or not (xb_graph_data aligns them to an element, by a copy if need be). */
const void *xb_graph_raw(const xb_graph *g, xb_value v, size_t *n);
xb_where xb_graph_where(const xb_graph *g, xb_op op); /* file, node, operator */

/* The contract of include/xbarc/graph.h, member by member. */
const char *xb_graph_name(const xb_graph *g);
size_t xb_graph_inputs(const xb_graph *g, const xb_value **list);
size_t xb_graph_outputs(const xb_graph *g, const xb_value **list);
xb_op xb_graph_first(const xb_graph *g);
xb_op xb_graph_next(const xb_graph *g, xb_op op);
const char *xb_graph_op_type(const xb_graph *g, xb_op op);
const char *xb_graph_op_name(const xb_graph *g, xb_op op);
size_t xb_graph_op_inputs(const xb_graph *g, xb_op op, const xb_value **list);
size_t xb_graph_op_outputs(const xb_graph *g, xb_op op, const xb_value **list);
size_t xb_graph_op_attrs(const xb_graph *g, xb_op op, const xb_attr **list);
const xb_attr *xb_graph_attr(const xb_graph *g, xb_op op, const char *name);
int64_t xb_graph_attr_int(const xb_graph *g, xb_op op, const char *name, int64_t absent);
float xb_graph_attr_float(const xb_graph *g, xb_op op, const char *name, float absent);
const char *xb_graph_value_name(const xb_graph *g, xb_value v);
const xb_type *xb_graph_type(const xb_graph *g, xb_value v);
const char *xb_graph_symbol(const xb_graph *g, int64_t dim);
xb_op xb_graph_producer(const xb_graph *g, xb_value v);
size_t xb_graph_users(const xb_graph *g, xb_value v);
bool xb_graph_is_const(const xb_graph *g, xb_value v);
const void *xb_graph_data(const xb_graph *g, xb_value v);
bool xb_graph_matrix(const xb_graph *g, xb_op op, xb_matrix *out);
int64_t xb_graph_cells(const xb_graph *g);
const xb_attr *xb_graph_note(const xb_graph *g, xb_value v, const char *key);
size_t xb_graph_notes(const xb_graph *g, xb_value v, const xb_attr **list);
void *xb_graph_write(xb_graph *g, xb_value v);
xb_value xb_graph_add_const(xb_graph *g, const char *name, const xb_type *type, const void *data);
xb_op xb_graph_add_op(xb_graph *g, xb_op before, const char *op_type, const char *name, const xb_value *in, size_t n_in,
                      xb_value *out, size_t n_out);
void xb_graph_set_int(xb_graph *g, xb_op op, const char *name, int64_t v);
void xb_graph_set_float(xb_graph *g, xb_op op, const char *name, float v);
void xb_graph_set_ints(xb_graph *g, xb_op op, const char *name, const int64_t *v, size_t n);
void xb_graph_set_string(xb_graph *g, xb_op op, const char *name, const char *v);
void xb_graph_set_type(xb_graph *g, xb_value v, const xb_type *type);
void xb_graph_set_input(xb_graph *g, xb_op op, size_t index, xb_value v);
void xb_graph_set_note(xb_graph *g, xb_value v, const char *key, const int64_t *ints, size_t n);
void xb_graph_replace(xb_graph *g, xb_value old, xb_value with);
void xb_graph_remove(xb_graph *g, xb_op op);
size_t xb_graph_sweep(xb_graph *g);
uint64_t xb_graph_version(const xb_graph *g);       /* rises with every write or edit */
uint64_t xb_graph_shape_version(const xb_graph *g); /* rises with edits other than writes of constants' values */

/* Types. */
size_t xb_dtype_size(xb_dtype t);       /* bytes of an element; 0 for XB_NONE */
const char *xb_dtype_name(xb_dtype t);  /* "f32", "i64", "bool" ... */
bool xb_dtype_parse(const char *s, xb_dtype *out);
int64_t xb_type_count(const xb_type *t); /* elements; -1 when a dimension is symbolic, rank < 0 or the product overflows */
bool xb_type_bytes(const xb_type *t, size_t *out); /* false as above */
bool xb_type_same(const xb_type *a, const xb_type *b);
void xb_type_print(xb_buf *b, const xb_graph *g, const xb_type *t); /* f32[batch,1,28,28] */

#endif
