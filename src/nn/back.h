/* back.h: the gradient of every operator in plain C, on dense float tensors: the oracle, and the trainer's fallback.
 *
 * Sums run in double and are rounded once. Where a function has a corner (ReLU at 0, ties of a maximum) the gradient is
 * that of PyTorch: relu'(0) = 0, the first maximum of a window takes all, clip passes inside and at its borders.
 */
#ifndef XB_NN_BACK_H
#define XB_NN_BACK_H

#include "ir/graph.h"
#include "ir/tensor.h"

/* Can a gradient flow from the results of op to its input i? False too for inputs that are not float, for indices,
 * shapes, ratios, and for ops that have no gradient (Floor, ArgMax ...: where they are used, the gradient is 0). */
bool xb_back_flows(const xb_graph *g, xb_op op, size_t input);
bool xb_back_known(xb_kind kind); /* is there a gradient for it at all? */

/* One op. in, out: as a forward run has left them (BatchNormalization: in[3], in[4] are the mean and variance that the
 * forward pass used). dout[i].data NULL: no gradient arrives there. din[i].data NULL: not wanted; else overwritten, in
 * the type of in[i]. false after a diagnostic ("train-op": no gradient). Deterministic, single-threaded. */
bool xb_back_op(xb_diags *d, const xb_graph *g, xb_op op, const xb_tensor *in, size_t n_in, const xb_tensor *out,
                size_t n_out, const xb_tensor *dout, xb_tensor *din);

/* BatchNormalization as trained: mean and population variance over all but dimension 1 are taken from the data, y =
 * normalised. mean, variance [c]. And back, through the statistics too. din NULL: not wanted. */
void xb_norm_forward(const xb_tensor *x, const float *scale, const float *shift, double epsilon, xb_tensor *y,
                     float *mean, float *variance);
void xb_norm_back(const xb_tensor *x, const float *scale, const float *mean, const float *variance, double epsilon,
                  const xb_tensor *dy, xb_tensor *dx, float *dscale, float *dshift);

#endif
