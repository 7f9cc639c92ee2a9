/* init.h: fresh weights. */
#ifndef XB_NN_TRAIN_INIT_H
#define XB_NN_TRAIN_INIT_H

#include "ir/graph.h"

typedef enum xb_init { XB_INIT_XAVIER, XB_INIT_HE } xb_init;

/* Every trained tensor of params.h anew: weights of synaptic ops uniform in +-sqrt(6 / (fan-in + fan-out)) (xavier, Glorot
 * 2010) or normal with variance 2 / fan-in (he, He 2015); fans of the matrix view (Conv: fan-out = M kh kw); biases 0;
 * scales 1, shifts 0, running mean 0, variance 1; PRelu slopes 0.25. Stream XB_RNG_INIT, one per tensor in graph order.
 * Frozen ones keep their values; masked elements are 0. Parameters that are one constant become several (unshare.h). */
void xb_init_weights(xb_graph *g, xb_init how, uint64_t seed);

#endif
