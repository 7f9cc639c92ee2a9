/* wire.h: the protobuf wire format of a mapped file, walked before protobuf-c may see it.
 *
 * The walk follows protoc-c's descriptors. It refuses what protobuf-c would not survive or would misread, and writes a
 * skeleton: the same messages without tensor data, documentation and unknown fields. Data stays in the mapping; every
 * TensorProto of the skeleton has segment.begin = its index in `tensors` (a file that uses `segment` itself is
 * refused).
 */
#ifndef XB_ONNX_WIRE_H
#define XB_ONNX_WIRE_H

#include "base/diag.h"
#include "base/vec.h"
#include "onnx/onnx.pb-c.h"

enum {
    XB_WIRE_DEPTH = 64,
    XB_WIRE_NODES = 1 << 20,
    XB_WIRE_TENSORS = 1 << 20,
    XB_WIRE_SKELETON = 256 << 20, /* bytes of skeleton */
    XB_WIRE_BASE = 64 << 20,      /* protobuf-c may need XB_WIRE_BASE + XB_WIRE_FACTOR x skeleton bytes */
    XB_WIRE_FACTOR = 32
};

/* Field numbers of TensorProto whose contents stay in the file. */
enum {
    XB_TENSOR_FLOAT = 4,
    XB_TENSOR_INT32 = 5,
    XB_TENSOR_STRING = 6,
    XB_TENSOR_INT64 = 7,
    XB_TENSOR_RAW = 9,
    XB_TENSOR_DOUBLE = 10,
    XB_TENSOR_UINT64 = 11
};

/* A cursor over bytes; take functions move it and return false at malformed input. */
typedef struct xb_wire {
    const unsigned char *at, *end;
} xb_wire;

typedef struct xb_wire_field {
    uint32_t number;
    unsigned type;             /* 0 varint, 1 fixed64, 2 length-delimited, 5 fixed32 */
    const unsigned char *body; /* of types 1, 2, 5 */
    size_t size;               /* bytes of body */
    uint64_t value;            /* of type 0 */
} xb_wire_field;

bool xb_wire_varint(xb_wire *w, uint64_t *out); /* at most 10 bytes, no bits beyond 64 */
bool xb_wire_take(xb_wire *w, xb_wire_field *out);

typedef struct xb_wire_tensor {
    xb_wire message; /* the whole TensorProto */
    const unsigned char *raw;
    size_t raw_size;
    uint32_t present; /* bit n: data field n occurs */
} xb_wire_tensor;

typedef struct xb_skeleton {
    xb_buf bytes;
    xb_vec(xb_wire_tensor) tensors;
} xb_skeleton;

/* false after a diagnostic "onnx-format" or "onnx-limit". Free `out` in either case. */
bool xb_wire_scan(xb_diags *d, const char *file, const ProtobufCMessageDescriptor *root, const unsigned char *data,
                  size_t n, xb_skeleton *out);
void xb_skeleton_free(xb_skeleton *s);

#endif
