/* dnnl_op.h: inside of an xb_dnnl_op; for dnnl*.c only. */
#ifndef XB_NN_DNNL_OP_H
#define XB_NN_DNNL_OP_H

#include "nn/dnnl.h"
#include <oneapi/dnnl/dnnl.h>

#define XB_DNNL_ARGS 10

typedef enum xb_source { XB_FROM_INPUT, XB_FROM_PACKED, XB_FROM_OUTPUT, XB_FROM_SCRATCH } xb_source;

typedef struct xb_dnnl_arg {
    int arg; /* DNNL_ARG_... */
    xb_source source;
    int index; /* of the input */
    dnnl_memory_desc_t desc;
    void *packed; /* owned */
} xb_dnnl_arg;

struct xb_dnnl {
    dnnl_engine_t engine;
    dnnl_stream_t stream; /* for packing */
};

struct xb_dnnl_op {
    xb_dnnl *lib;
    dnnl_primitive_t primitive;
    const char *kernel;
    size_t scratch, packed, workspace;
    int n;
    xb_dnnl_arg arg[XB_DNNL_ARGS];
    dnnl_memory_desc_t weight, plain; /* of an op whose weight is an operand: its layout, and that of the ONNX tensor */
};

/* The library takes its sizes as arrays of DNNL_MAX_NDIMS. */
typedef struct xb_dims {
    dnnl_dims_t v;
} xb_dims;
xb_dims xb_dims_of(int n, const int64_t *v);

dnnl_memory_desc_t xb_desc(int rank, const int64_t *dim,
                           const int64_t *stride);            /* stride in elements; NULL: row-major */
dnnl_memory_desc_t xb_desc_any(int rank, const int64_t *dim); /* the library chooses */
dnnl_memory_desc_t xb_desc_format(const int64_t dim[4], xb_format f);
dnnl_alg_kind_t xb_unary_alg(xb_unary u);
/* Dimensions [g,] output, input, row, column of a convolution's weight, and their strides in the ONNX tensor; the rank.
 */
int xb_weight_shape(const xb_geometry *w, bool transposed, int64_t dim[5], int64_t stride[5]);

/* Compiles the operation; desc: a dnnl_..._desc_t. NULL where the library has only its reference code. Ends with the
 * library's choice of layouts in *pd, to be freed by xb_dnnl_finish. */
xb_dnnl_op *xb_dnnl_begin(xb_dnnl *lib, const void *desc, const xb_tail *tail, dnnl_primitive_desc_t *pd);
/* The same for a backward pass; forward: the description of the pass that it belongs to. */
xb_dnnl_op *xb_dnnl_begin_back(xb_dnnl *lib, const void *desc, const void *forward, dnnl_primitive_desc_t *pd);
/* A change of layout; NULL where the library has none. */
xb_dnnl_op *xb_dnnl_begin_reorder(xb_dnnl *lib, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
                                  dnnl_primitive_desc_t *pd);
void xb_dnnl_input(xb_dnnl_op *op, int arg, int index, const dnnl_memory_desc_t *desc);
void xb_dnnl_output(xb_dnnl_op *op, const dnnl_memory_desc_t *desc);
void xb_dnnl_operand(xb_dnnl_op *op, int arg, const dnnl_memory_desc_t *desc); /* the next input, read or written */
/* A constant: copied from `from` into the layout `to`. false: the library failed. */
bool xb_dnnl_constant(xb_dnnl_op *op, int arg, const dnnl_memory_desc_t *from, const void *data,
                      const dnnl_memory_desc_t *to);
/* NULL, and op freed, when ok is false. */
xb_dnnl_op *xb_dnnl_finish(xb_dnnl_op *op, dnnl_primitive_desc_t pd, bool ok);
const dnnl_memory_desc_t *xb_dnnl_choice(dnnl_primitive_desc_t pd, dnnl_query_t what, int index);

#endif
