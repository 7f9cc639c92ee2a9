/* tensor.h: TensorProto -> dense little-endian bytes, as a view of a mapped file wherever the layout allows it. */
#ifndef XB_ONNX_TENSOR_H
#define XB_ONNX_TENSOR_H

#include "ir/graph.h"
#include "onnx/wire.h"

/* XB_NONE for strings, complex numbers and numbers that ONNX does not define. */
xb_dtype xb_onnx_dtype(int64_t data_type);
int xb_onnx_data_type(xb_dtype t);                /* 0 for XB_NONE */
const char *xb_onnx_type_word(int64_t data_type); /* for messages: "string", "complex64", "unknown" ... */

/* A file being read, and the external files its tensors lie in. */
typedef struct xb_source {
    xb_diags *d;
    const char *file;
    const xb_wire_tensor *tensors; /* of the skeleton */
    size_t n_tensors;
    xb_vec(xb_view) external;
    xb_vec(char *) locations; /* names of `external`, as written in the model */
} xb_source;
void xb_source_close(xb_source *s); /* unmaps what is still in `external` */

typedef struct xb_payload {
    xb_type type;
    size_t size;
    const void *bytes; /* NULL when size is 0 */
    void *owned;       /* NULL when bytes lie in a mapping; else to be freed */
} xb_payload;

/* where: file and, for an attribute's tensor, node; the tensor's own name is added to messages. false after a
 * diagnostic "onnx-type", "onnx-format", "onnx-limit" or "onnx-external". */
bool xb_onnx_load_tensor(xb_source *s, const xb_where *where, const Onnx__TensorProto *p, xb_payload *out);

/* The `need` bytes of a tensor whose data_location is EXTERNAL (external.c). */
bool xb_onnx_load_external(xb_source *s, const xb_where *where, const Onnx__TensorProto *p, size_t need,
                           const unsigned char **bytes);

/* A type from ONNX dims (>= 0). */
bool xb_onnx_dims(xb_diags *d, const xb_where *where, const char *name, const int64_t *dims, size_t n, xb_type *type);

#endif
