/* unshare.h: one constant for several parameters: exporters merge equal constants, and those of a fresh network are
 * equal.
 */
#ifndef XB_NN_TRAIN_UNSHARE_H
#define XB_NN_TRAIN_UNSHARE_H

#include "ir/graph.h"

/* Gives every op that is trained float32 constants of its own, copies with their notes, called "OP.scale", "OP.bias",
 * "OP.mean", "OP.variance", "OP.slope": scale, shift and statistics of normalisations, biases of synaptic ops (inputs
 * and Adds behind them), slopes of PRelu. Shared stay:
 *   - weights of synaptic ops: that two of them are equal by chance does not happen;
 *   - the bias of synaptic ops whose weight is one, too;
 *   - what else is read in the same places by ops that follow such synaptic ops in the same way (siamese branches): for
 *     normalisations, when all their constants are the same.
 * Returns how many copies were made, and says so in a note "train-shared" with an example when there are any. */
size_t xb_unshare(xb_diags *d, xb_graph *g);

#endif
