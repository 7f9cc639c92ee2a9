/* edit.h: structure edits of a network in training: the verbs of include/xbarc/train.h on a graph and its tensors.
 *
 * The verbs change the graph's constants and ops and carry masks, ties and optimiser state as train.h states for
 * each; the caller refreshes the tensors (xb_params_refresh) and infers shapes when its hook is through. All check
 * first: false, after a diagnostic "edit" that names the op, means that nothing was changed. A verb that resizes a
 * tensor which is tied, or a source of ties, is refused. Notes "mask" follow and "frozen" stay; other notes of a
 * resized constant are dropped. Tensors that nobody reads any more are gone at once, with their state.
 *
 * rotate: one reader of weight and bias; of a ConvTranspose only a 1 x 1 kernel (else its columns are kernel
 *   positions).
 * factor: the bias stays the second op's and keeps its mask; its state is 0, too. Both weights are trained like the one
 *   they come from. A ConvTranspose becomes a 1 x 1 Conv and a ConvTranspose with its window.
 * merge: two Conv, Gemm or MatMul, whose weights have as many dimensions and are on the same side; a 1 x 1 Conv and a
 *   ConvTranspose, too. Alphas are multiplied. The bias is the second's as with factor, and the product is trained
 *   like the second's weight: rate, decay, frozen. A weight that others read, too, keeps its name, and the product gets
 *   another.
 * split: groups 1. The Add that brings a MatMul's bias is divided with it.
 * remove_units: follows the channels through every op that keeps them apart, both ways; types of results are right at
 *   once. Refused, by the op that cannot follow: softmax, normalisation, reduction over the channels; reshapes that
 *   mix them; parts of a channel where it is several places of a dense layer; a Slice with steps; padding along them;
 *   ops without a rule. A grouped convolution loses whole groups, with their inputs and outputs, or as many inputs
 *   and outputs in each group that stays. A weight that several synaptic ops read loses the units in all of them;
 *   another constant with several readers becomes the op's own where the others keep their size.
 * fold: follows the biases of what goes, as if its weights were 0, through stored normalisation, activations, pools
 *   and so on; where that is not one number, or the reader pads and it is not 0, a note "edit" says so.
 */
#ifndef XB_NN_TRAIN_EDIT_H
#define XB_NN_TRAIN_EDIT_H

#include "nn/train/params.h"
#include <xbarc/edit.h>

bool xb_edit_select(xb_diags *d, xb_params *p, xb_value v, int axis, const int64_t *keep, size_t n);
bool xb_edit_append(xb_diags *d, xb_params *p, xb_value v, int axis, int64_t count, const float *data);
bool xb_edit_rotate(xb_diags *d, xb_params *p, xb_op op, const float *q, int64_t k);
bool xb_edit_factor(xb_diags *d, xb_params *p, xb_op op, const float *u, const float *v, int64_t k, xb_op *first,
                    xb_op *second);
bool xb_edit_merge(xb_diags *d, xb_params *p, xb_op first, xb_op second, xb_op *op); /* op: may be NULL */
bool xb_edit_split(xb_diags *d, xb_params *p, xb_op op, int64_t at, xb_op *first, xb_op *second);
bool xb_edit_remove_units(xb_diags *d, xb_params *p, xb_op op, const int64_t *units, size_t n, bool fold);
/* What that would take; false after a diagnostic. The list is a's. */
bool xb_edit_losses(xb_diags *d, xb_arena *a, const xb_graph *g, xb_op op, const int64_t *units, size_t n,
                    const xb_losing **list, size_t *n_list);
/* Would removal with fold change nothing? See xb_edit_api. Diagnostics: why it would. */
bool xb_edit_idle(xb_diags *d, const xb_graph *g, xb_op op, const int64_t *units, size_t n, bool silent);

#endif
