/* dnnl_train.h: the door to oneDNN for training: forward passes that keep what the way back needs, and the way back.
 *
 * Weights are operands here, in a layout that the library chooses per primitive; xb_dnnl_pack and xb_dnnl_unpack are
 * the changes of layout from and to the ONNX tensor. All operands, results too, are given to xb_dnnl_bind in `in`, in
 * the order stated here (out is NULL); an operand that is stated as absent is skipped, not passed as NULL. An operand
 * may be moved between runs (xb_dnnl_move). Makers return NULL where the library has no kernel of its own, as in
 * dnnl.h.
 */
#ifndef XB_NN_DNNL_TRAIN_H
#define XB_NN_DNNL_TRAIN_H

#include "nn/dnnl.h"

typedef enum xb_direction { XB_FORWARD, XB_BACK_DATA, XB_BACK_WEIGHTS } xb_direction;

/* FORWARD: x, weight, [bias,] y. BACK_DATA: dy, weight, dx. BACK_WEIGHTS: x, dy, dweight [, dbias].
 * tail: RELU (alpha 0) fused into FORWARD, or none; its gradient is xb_dnnl_train_unary's, from y.
 * winograd: asks for the Winograd kernel, NULL where there is none. product: asks for the kernel that makes a matrix of
 * the windows and multiplies; its weight is [kh][kw][C/g][M] in NHWC and the ONNX tensor in PLAIN. */
typedef struct xb_conv_train {
    xb_geometry window;
    bool transposed, bias, winograd, product, relu;
    xb_format in, out;
} xb_conv_train;
xb_dnnl_op *xb_dnnl_train_conv(xb_dnnl *lib, const xb_conv_train *c, xb_direction direction);

/* x [rows][n], y [rows][m]; weight [m][n] in the graph (by_output) or [n][m]. Operands as for xb_dnnl_train_conv.
 * plain: the weight in the layout of the graph. */
typedef struct xb_dense_train {
    int64_t rows, n, m;
    bool by_output, bias, relu, plain;
} xb_dense_train;
xb_dnnl_op *xb_dnnl_train_dense(xb_dnnl *lib, const xb_dense_train *c, xb_direction direction);

/* Layout of the weight (FORWARD, BACK_DATA) or weight gradient (BACK_WEIGHTS) of a conv or dense op above. Where it
 * pads channels, xb_dnnl_pack and BACK_WEIGHTS write zeros. */
size_t xb_dnnl_weight_bytes(const xb_dnnl_op *op);
bool xb_dnnl_weight_plain(const xb_dnnl_op *op);                    /* that of the ONNX tensor */
bool xb_dnnl_weight_same(const xb_dnnl_op *a, const xb_dnnl_op *b); /* one copy does for both */
xb_dnnl_op *xb_dnnl_pack(xb_dnnl *lib, const xb_dnnl_op *op);       /* operands: ONNX tensor, packed */
xb_dnnl_op *xb_dnnl_unpack(xb_dnnl *lib, const xb_dnnl_op *op);     /* operands: packed, ONNX tensor */

/* FORWARD: x, y [, workspace]. BACK_DATA: dy [, workspace], dx. workspace: where xb_dnnl_workspace is not 0 (both
 * directions of one geometry agree). */
xb_dnnl_op *xb_dnnl_train_pool(xb_dnnl *lib, const xb_geometry *w, xb_pool kind, xb_format format, xb_direction d);
size_t xb_dnnl_workspace(const xb_dnnl_op *op); /* bytes */

/* FORWARD: x, y (may be one memory). BACK_DATA: kept, dy, dx (dy and dx may be one memory); kept is y where
 * xb_dnnl_unary_from_result(kind), else x. NULL for RELU and ELU of a negative alpha; at the borders of CLIP the
 * gradient is 0. */
bool xb_dnnl_unary_from_result(xb_unary kind);
xb_dnnl_op *xb_dnnl_train_unary(xb_dnnl *lib, int64_t count, xb_unary kind, float alpha, float beta, xb_direction d);

/* Batch normalisation over n, h, w; both [2][c]: scale then shift. relu: y = max(0, .), fused both ways.
 * FORWARD: x, both, y, mean, variance [, workspace]: mean and (population) variance are results, or, when fixed, given.
 * BACK_DATA: x, mean, variance, both, dy [, workspace], dx, dboth. */
xb_dnnl_op *xb_dnnl_train_norm(xb_dnnl *lib, const int64_t dim[4], xb_format format, float epsilon, bool fixed,
                               bool relu, xb_direction d);

/* FORWARD: x, y [, workspace]. BACK_DATA: x, dy [, workspace], dx. */
xb_dnnl_op *xb_dnnl_train_lrn(xb_dnnl *lib, const int64_t dim[4], xb_format format, int64_t size, float alpha,
                              float beta, float k, xb_direction d);

/* Over the middle one of three dimensions. BACK_DATA: y, dy, dx; log: logarithm of the softmax. FORWARD: x, y. */
xb_dnnl_op *xb_dnnl_train_softmax(xb_dnnl *lib, const int64_t dim[3], bool log, xb_direction d);

/* Operands: a, b, c. c = op(a) * op(b), row-major floats, single matrix: op(a) is m x k, op(b) k x n; ta: a is stored k
 * x m; accumulate: c += . m, n, k > 0. */
bool xb_dnnl_product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float *a, const float *b, bool accumulate,
                     float *c);

/* Operand `index` (position in `in`) of a bound call is elsewhere from now on. */
void xb_dnnl_move(xb_dnnl_call *c, int index, void *to);

#endif
