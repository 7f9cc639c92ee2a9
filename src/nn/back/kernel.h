/* kernel.h: what the gradient kernels share. Private to this folder.
 *
 * They work as the forward kernels do (nn/ref/kernel.h): elements are cells, sums run in double and are rounded once.
 */
#ifndef XB_NN_BACK_KERNEL_H
#define XB_NN_BACK_KERNEL_H

#include "nn/ref/kernel.h"

typedef struct xb_back {
    xb_call c;       /* the op; in and out as the forward run left them */
    xb_tensor *dout; /* of the results' types; data NULL: nothing arrives there */
    xb_tensor *din;  /* of the inputs' types; data NULL: not wanted, or no gradient flows there */
} xb_back;

/* Finds dout[0] there (Split, LayerNormalization: one of them) with at least one element, and every din zeroed. false
 * after a diagnostic. */
typedef bool xb_back_fn(const xb_back *b);

bool xb_back_wants(const xb_back *b, size_t input);
/* A zeroed cell for every element of an input, to sum in; NULL when its gradient is not wanted. */
xb_cell *xb_back_sums(const xb_back *b, size_t input);
void xb_back_give(const xb_back *b, size_t input, xb_cell *sums); /* rounds into din and frees; NULL is fine */
/* to = factor times `from` summed over what broadcasting repeated; false after a diagnostic. */
bool xb_back_narrow(const xb_back *b, const xb_tensor *from, double factor, xb_tensor *to);

xb_back_fn xb_back_conv, xb_back_conv_transpose, xb_back_gemm, xb_back_matmul;
xb_back_fn xb_back_batch_norm, xb_back_instance_norm, xb_back_layer_norm, xb_back_lrn;
xb_back_fn xb_back_max_pool, xb_back_average_pool, xb_back_global_pool;
xb_back_fn xb_back_unary, xb_back_clip, xb_back_same, xb_back_binary;
xb_back_fn xb_back_softmax, xb_back_reduce, xb_back_cumsum;
xb_back_fn xb_back_concat, xb_back_split, xb_back_transpose, xb_back_pad, xb_back_expand, xb_back_moved;

#endif
