/* ref.h: every operator in plain C, on dense tensors: the oracle, the constant folder, and the engine's fallback. */
#ifndef XB_NN_REF_H
#define XB_NN_REF_H

#include "ir/infer.h"
#include "ir/tensor.h"

/* One op: in[i].data NULL for an absent optional input; out[] have their inferred types (no symbols) and memory.
 * false after a diagnostic (a type this op is not written for: "op-type"). Deterministic, single-threaded. */
bool xb_ref_op(xb_diags *d, const xb_graph *g, xb_op op, const xb_tensor *in, size_t n_in, xb_tensor *out, size_t n_out);

/* An xb_fold_fn: results of at most 64 MiB. */
bool xb_ref_fold(xb_graph *g, xb_op op);

#endif
