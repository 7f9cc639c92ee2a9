/* edit_private.h: what the structure verbs share: refusals, and constants whose elements move with all that goes along.
 */
#ifndef XB_NN_TRAIN_EDIT_PRIVATE_H
#define XB_NN_TRAIN_EDIT_PRIVATE_H

#include "nn/train/edit.h"

/* An error "edit" at op (id 0: the file alone); returns false. */
bool xb_edit_refuse(xb_diags *d, const xb_graph *g, xb_op op, const char *format, ...) XB_PRINTF(4, 5);
bool xb_edit_is_tied(const xb_params *p, xb_value v); /* follows another tensor, or others follow it */
xb_op xb_edit_reader(const xb_graph *g, xb_value v);  /* the first op that reads v; id 0: none */
xb_value xb_edit_result(const xb_graph *g, xb_op op);
size_t xb_edit_count(const xb_type *t); /* elements of a type whose sizes are known */

/* The constant becomes one of `type` whose element i is the old from[i] or, where that is -1, the next number of fresh
 * (NULL: 0). Momentum, moments (0 where fresh), mask (1) and the note "mask" go along, "frozen" stays, other notes go.
 */
void xb_edit_take(xb_params *p, xb_value v, const xb_type *type, const int64_t *from, const float *fresh);
/* The same as a constant of its own, called name, with v left alone: trained like v when v is. */
xb_value xb_edit_part(xb_params *p, xb_value v, const char *name, const xb_type *type, const int64_t *from);
/* `from` of the slices keep[0..n) of an axis; owned by the caller; *type: of the result. */
int64_t *xb_edit_slices(const xb_type *old, int axis, const int64_t *keep, size_t n, xb_type *type);
/* v, a new constant, is trained like `old`: rate, decay and whether it is frozen (the note, too); its state is 0. */
void xb_edit_like(xb_params *p, xb_value v, xb_value old);
/* Forgets v's state and removes v when nobody reads it any more. */
void xb_edit_drop(xb_params *p, xb_value v);
/* The optimiser's state of v (a bias that has got another op) begins anew. */
void xb_edit_restart(xb_params *p, xb_value v);

/* A synaptic op with float32 weight and one group: its matrix, and the weight's dimension that the columns are.
 * false after a refusal. */
bool xb_edit_matrix(xb_diags *d, const xb_graph *g, xb_op op, xb_matrix *m, int *column_axis);
/* The dimension of the op's result that its columns (output channels) are; -1: unknown. */
int xb_edit_out_axis(const xb_graph *g, xb_op op);
/* The Add that brings a MatMul's bias: reads the result alone, its other input a float32 constant with one number a
 * column. id 0: none. *index: the constant's place. */
xb_op xb_edit_bias_add(const xb_graph *g, xb_op op, size_t *index);
bool xb_edit_is_masked(const xb_params *p, xb_value v); /* some of its elements are 0 for good */
void xb_edit_copy_attrs(xb_graph *g, xb_op to, xb_op from);
char *xb_edit_name(const char *stem, const char *suffix); /* owned by the caller */

#endif
