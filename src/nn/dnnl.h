/* dnnl.h: the one door to oneDNN (2.6, C API): nothing outside dnnl*.c names the library.
 *
 * An xb_dnnl_op is a compiled primitive with its weights packed: immutable, shared by all workers. A worker binds it to
 * its own buffers once (xb_dnnl_call) and runs the call as often as it likes. All data is dense float; a tensor
 * occupies the same number of bytes in every format, since blocks are used only for channel counts that fill them.
 *
 * The makers return NULL where the library has no kernel of its own ("ref"), which is not an error: another format or
 * plain C is tried. They must be called with one OpenMP thread, as the calls are (xb_dnnl_one_thread).
 */
#ifndef XB_NN_DNNL_H
#define XB_NN_DNNL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum xb_format { XB_FMT_PLAIN, XB_FMT_NHWC, XB_FMT_BLOCKED, XB_FMTS } xb_format;
const char *xb_format_name(xb_format f);

typedef struct xb_dnnl xb_dnnl; /* the library's engine; outlives its ops */
xb_dnnl *xb_dnnl_new(void);     /* NULL: the library refuses */
void xb_dnnl_free(xb_dnnl *lib);
int64_t xb_dnnl_block(void);     /* channels in a block: 16 with AVX-512, else 8 */
const char *xb_dnnl_isa(void);   /* highest instruction set the library uses: "avx512_core" */
int xb_dnnl_one_thread(void);    /* for the calling thread; returns what it was */
void xb_dnnl_set_threads(int n); /* puts that back */

/* Elementwise functions that also exist as a tail of convolutions and matrix products. The logarithm is left to plain
 * C. */
typedef enum xb_unary {
    XB_UNARY_NONE,
    XB_UNARY_RELU, /* x < 0: alpha x */
    XB_UNARY_ELU,  /* x < 0: alpha (e^x - 1) */
    XB_UNARY_TANH,
    XB_UNARY_SIGMOID,
    XB_UNARY_SOFTPLUS,
    XB_UNARY_CLIP,   /* to [alpha, beta] */
    XB_UNARY_LINEAR, /* alpha x + beta */
    XB_UNARY_ABS,
    XB_UNARY_SQRT,
    XB_UNARY_EXP,
    XB_UNARY_HARDSWISH,
    XB_UNARIES
} xb_unary;

typedef struct xb_tail {
    bool sum; /* result += what the output buffer held before */
    xb_unary unary;
    float alpha, beta;
} xb_tail;

typedef enum xb_binary {
    XB_BINARY_ADD,
    XB_BINARY_SUB,
    XB_BINARY_MUL,
    XB_BINARY_DIV,
    XB_BINARY_MAX,
    XB_BINARY_MIN
} xb_binary;
typedef enum xb_pool { XB_POOL_MAX, XB_POOL_AVG, XB_POOL_AVG_PADDED } xb_pool; /* padded: zeros of the border count */

/* A sliding window over rows and columns (one row for 1-D). `end` is what makes `out` come out with floor division. */
typedef struct xb_geometry {
    int64_t batch, groups, in_channels, out_channels;
    int64_t in[2], out[2], kernel[2], stride[2], dilation[2], begin[2], end[2];
} xb_geometry;

typedef struct xb_dnnl_op xb_dnnl_op;
void xb_dnnl_op_free(xb_dnnl_op *op); /* NULL is fine */
const char *xb_dnnl_op_kernel(const xb_dnnl_op *op);
size_t xb_dnnl_op_scratch(const xb_dnnl_op *op); /* bytes a worker must have ready */
size_t xb_dnnl_op_packed(const xb_dnnl_op *op);  /* bytes of packed weights it owns */

/* Inputs of the call: x. weight as in ONNX Conv [M][C/g][kh][kw] or, transposed, ConvTranspose [C][M/g][kh][kw]; bias
 * [M] or NULL; both are copied. */
xb_dnnl_op *xb_dnnl_conv(xb_dnnl *lib, const xb_geometry *w, bool transposed, xb_format in, xb_format out,
                         const float *weight, const float *bias, xb_tail tail);
/* x [rows][n] -> [rows][m]; weight [m][n] (by_output) or [n][m]; bias [m] or NULL; copied. */
xb_dnnl_op *xb_dnnl_dense(xb_dnnl *lib, int64_t rows, int64_t n, int64_t m, bool by_output, const float *weight,
                          const float *bias, xb_tail tail);
/* Inputs: a, b of equal rank 2..8 (b and a may have 1s in leading dimensions), plain. */
xb_dnnl_op *xb_dnnl_matmul(xb_dnnl *lib, int rank, const int64_t *a, const int64_t *b, const int64_t *out);
xb_dnnl_op *xb_dnnl_pool(xb_dnnl *lib, const xb_geometry *w, xb_pool kind, xb_format format);
/* count numbers in any format. */
xb_dnnl_op *xb_dnnl_unary(xb_dnnl *lib, int64_t count, xb_unary kind, float alpha, float beta);
/* Inputs: a, b. a has the shape of the result; b may have 1 where a has more. Rank 1..8; formats other than plain for
 * rank 4. */
xb_dnnl_op *xb_dnnl_combine(xb_dnnl *lib, xb_binary kind, int rank, const int64_t *a, const int64_t *b,
                            xb_format format);
/* Over the middle one of three dimensions. */
xb_dnnl_op *xb_dnnl_softmax(xb_dnnl *lib, const int64_t dim[3]);
/* Across `size` channels, dim = n, c, h, w. */
xb_dnnl_op *xb_dnnl_lrn(xb_dnnl *lib, const int64_t dim[4], xb_format format, int64_t size, float alpha, float beta,
                        float k);
/* All four of [c], copied. */
xb_dnnl_op *xb_dnnl_norm(xb_dnnl *lib, const int64_t dim[4], xb_format format, const float *scale, const float *shift,
                         const float *mean, const float *variance, float epsilon);
/* Same numbers, other format. */
xb_dnnl_op *xb_dnnl_convert(xb_dnnl *lib, const int64_t dim[4], xb_format from, xb_format to);
/* out[i0][i1].. = in[..]: out dimension k is in dimension perm[k]; dim: of in. */
xb_dnnl_op *xb_dnnl_transpose(xb_dnnl *lib, int rank, const int64_t *dim, const int64_t *perm);

/* A worker's side. Not shared between threads. */
typedef struct xb_dnnl_worker xb_dnnl_worker;
xb_dnnl_worker *xb_dnnl_worker_new(xb_dnnl *lib, size_t scratch); /* NULL: the library refuses */
void xb_dnnl_worker_free(xb_dnnl_worker *w);
typedef struct xb_dnnl_call xb_dnnl_call;
xb_dnnl_call *xb_dnnl_bind(xb_dnnl_worker *w, const xb_dnnl_op *op, const void *const *in, void *out); /* or NULL */
void xb_dnnl_call_free(xb_dnnl_call *c);
bool xb_dnnl_run(const xb_dnnl_call *c); /* false: the library failed */

#endif
