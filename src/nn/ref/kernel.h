/* kernel.h: what the plain-C kernels share: the call, cells, walks and tiled products. Private to this folder.
 *
 * A kernel reads elements as cells: double for every float type, 64-bit integers for the rest. Sums run in that width
 * and are rounded once, at the end.
 */
#ifndef XB_NN_REF_KERNEL_H
#define XB_NN_REF_KERNEL_H

#include "base/mem.h"
#include "ir/graph.h"
#include "ir/tensor.h"
#include <stdlib.h>

/* ---- the call ---- */

typedef struct xb_call {
    xb_diags *d;
    const xb_graph *g;
    xb_op op;
    xb_kind kind;
    const xb_tensor *in;
    size_t n_in;
    xb_tensor *out;
    size_t n_out;
} xb_call;

typedef bool xb_kernel_fn(const xb_call *c); /* false after a diagnostic */

bool xb_call_refuse(const xb_call *c, xb_dtype t);                           /* "op-type"; returns false */
bool xb_call_bad(const xb_call *c, const char *format, ...) XB_PRINTF(2, 3); /* "op-value"; returns false */
bool xb_call_has(const xb_call *c, size_t i);                                /* is input i there? An empty tensor is. */
bool xb_call_wants(const xb_call *c, size_t i);                              /* is output i used? */
bool xb_call_keeps_size(const xb_call *c); /* has output 0 as many elements as input 0? */
int64_t xb_call_int(const xb_call *c, const char *attr, int64_t absent);
double xb_call_real(const xb_call *c, const char *attr, double absent);
bool xb_call_text(const xb_call *c, const char *attr, const char *value); /* is the attribute this text? */
/* Attribute "axis" counted from the front, within 0..limit-1. */
bool xb_call_axis(const xb_call *c, int64_t absent, int64_t limit, int *axis);
/* n numbers of an attribute; all `absent` when it is not there or empty. */
bool xb_call_ints(const xb_call *c, const char *attr, int64_t absent, int64_t *to, size_t n);
/* Numbers of an integer input, at most `most`. */
bool xb_call_vector(const xb_call *c, size_t input, int64_t *to, size_t most, size_t *n);

int64_t xb_span(const xb_type *t, int from, int to); /* product of dims from..to-1 */
void xb_strides(const xb_type *t, int64_t *stride);  /* in elements, row-major */

/* ---- cells ---- */

typedef union xb_cell {
    double f;   /* f64 f32 f16 bf16 */
    int64_t i;  /* i8 ... i64, bool */
    uint64_t u; /* u8 ... u64 */
} xb_cell;

typedef enum xb_class { XB_CLASS_FLOAT, XB_CLASS_SIGNED, XB_CLASS_UNSIGNED, XB_CLASS_BOOL } xb_class;

#define XB_BLOCK 256 /* cells that a kernel works on at a time */

xb_class xb_class_of(xb_dtype t);
bool xb_is_float(xb_dtype t);
/* Elements first, first+stride, ... of `data`. */
void xb_cells_load(xb_cell *to, xb_dtype t, const void *data, int64_t first, int64_t stride, int64_t n);
void xb_cells_store(const xb_cell *from, xb_dtype t, void *data, int64_t first, int64_t stride, int64_t n);
/* Float to integer truncates towards zero (NaN: 0, out of range: the nearest 64-bit number); to bool: is not zero. */
void xb_cells_convert(xb_cell *v, xb_class from, xb_class to, int64_t n);
xb_cell *xb_cells_of(const xb_tensor *t);   /* the whole tensor; caller frees */
double xb_cells_scalar(const xb_tensor *t); /* element 0 as double */

/* ---- walks over several tensors of one shape ---- */

#define XB_WALK_DIMS 16

typedef struct xb_strides_row {
    int64_t of[XB_WALK_DIMS];
} xb_strides_row;

/* n elements of every operand: the first at offset[k], `stride[k]` apart. */
typedef void xb_row_fn(void *cx, const int64_t *offset, const int64_t *stride, int64_t n);
/* Rows of the index space dim[0..rank-1] in row-major order; dims that lie behind one another are joined first.
 * No dim may be negative. */
void xb_walk_rows(int rank, const int64_t *dim, size_t operands, const xb_strides_row *stride, xb_row_fn *fn, void *cx);
/* Strides of t spread over the shape of `to`; false when it does not fit. */
bool xb_broadcast(const xb_type *t, const xb_type *to, xb_strides_row *out);
/* Copies the index space from src to dst; strides in elements of `size` bytes. */
void xb_copy(int rank, const int64_t *dim, size_t size, void *dst, const int64_t *dst_stride, const void *src,
             const int64_t *src_stride);

/* ---- products ---- */

/* Fills rows x cols cells at to[r * ld + c] from (row, col) on. */
typedef void xb_tile_load(const void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *to, int ld);
/* Takes a finished tile. */
typedef void xb_tile_take(void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *tile, int ld);

typedef struct xb_operand {
    xb_tile_load *load;
    const void *cx;
} xb_operand;

/* A matrix in a tensor. */
typedef struct xb_grid {
    xb_dtype dtype;
    const void *data;
    int64_t first, row_stride, col_stride;
} xb_grid;
xb_tile_load xb_grid_load; /* cx: xb_grid */

/* a (m x k) times b (k x n), as doubles or as integers modulo 2^64. */
void xb_product(xb_class class, int64_t m, int64_t n, int64_t k, xb_operand a, xb_operand b, xb_tile_take *take,
                void *cx);

/* ---- windows of convolutions and pools ---- */

#define XB_SPATIAL (XB_MAX_RANK - 2)

typedef struct xb_sliding {
    int dims;
    int64_t kernel[XB_SPATIAL], stride[XB_SPATIAL], dilation[XB_SPATIAL];
    int64_t before[XB_SPATIAL], after[XB_SPATIAL]; /* padding */
    int64_t in[XB_SPATIAL], out[XB_SPATIAL];
} xb_sliding;

/* From the attributes (kernel: the shape where the attribute is absent, NULL: required); auto_pad resolved by the
 * shapes of input 0 and output 0. */
bool xb_sliding_read(const xb_call *c, const int64_t *kernel, xb_sliding *w);
int64_t xb_product_of(const int64_t *v, int n);
/* Steps a row-major index; false after the last one. */
bool xb_next_index(int64_t *index, const int64_t *dim, int n);

/* ---- the kernels ---- */

xb_kernel_fn xb_ref_conv, xb_ref_conv_transpose, xb_ref_gemm, xb_ref_matmul;
xb_kernel_fn xb_ref_batch_norm, xb_ref_instance_norm, xb_ref_layer_norm, xb_ref_lrn;
xb_kernel_fn xb_ref_max_pool, xb_ref_average_pool, xb_ref_global_pool;
xb_kernel_fn xb_ref_unary, xb_ref_dropout, xb_ref_cast;
xb_kernel_fn xb_ref_binary, xb_ref_pow, xb_ref_where;
xb_kernel_fn xb_ref_softmax, xb_ref_reduce, xb_ref_arg, xb_ref_cumsum;
xb_kernel_fn xb_ref_concat, xb_ref_split, xb_ref_reshape, xb_ref_transpose, xb_ref_pad, xb_ref_slice, xb_ref_gather;
xb_kernel_fn xb_ref_gather_elements, xb_ref_expand, xb_ref_tile, xb_ref_depth_space, xb_ref_trilu;
xb_kernel_fn xb_ref_shape, xb_ref_size, xb_ref_constant_of_shape, xb_ref_eye_like, xb_ref_range;

#endif
