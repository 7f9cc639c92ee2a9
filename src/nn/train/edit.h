/* edit.h: structure edits of a network in training: the verbs of include/xbarc/train.h on a graph and its trained tensors.
 *
 * The verbs change the graph's constants and ops and carry masks, ties and optimiser state as train.h states for each;
 * the caller refreshes the tensors (xb_params_refresh) and infers shapes when its hook is through. All check first:
 * false, after a diagnostic "edit" that names the op, means that nothing was changed. A verb that resizes a tensor which
 * is tied, or a source of ties, is refused. Notes "mask" follow; other notes of a resized constant are dropped.
 */
#ifndef XB_NN_TRAIN_EDIT_H
#define XB_NN_TRAIN_EDIT_H

#include "nn/train/params.h"

bool xb_edit_select(xb_diags *d, xb_params *p, xb_value v, int axis, const int64_t *keep, size_t n);
bool xb_edit_append(xb_diags *d, xb_params *p, xb_value v, int axis, int64_t count, const float *data);
bool xb_edit_rotate(xb_diags *d, xb_params *p, xb_op op, const float *q, int64_t k);
bool xb_edit_factor(xb_diags *d, xb_params *p, xb_op op, const float *u, const float *v, int64_t k, xb_op *first,
                    xb_op *second);
bool xb_edit_split(xb_diags *d, xb_params *p, xb_op op, int64_t at, xb_op *first, xb_op *second);
bool xb_edit_remove_units(xb_diags *d, xb_params *p, xb_op op, const int64_t *units, size_t n, bool fold);

#endif
