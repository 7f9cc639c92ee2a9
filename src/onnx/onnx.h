/* onnx.h: ONNX files <-> graph. The model file is mapped and never written.
 *
 * Reading walks the wire format first (depth, counts, sizes and their totals within limits), takes every large raw_data
 * as a view of the mapping, and gives protobuf-c only the skeleton. Import normalises any opset from 7 to 17 to
 * XB_OPSET (older opsets are accepted where the operator has not changed in meaning).
 */
#ifndef XB_ONNX_ONNX_H
#define XB_ONNX_ONNX_H

#include "base/out.h"
#include "ir/tensor.h"

/* The graph as written, in topological order, constants as views; shapes not inferred yet. NULL after diagnostics:
 * "onnx-format" (bytes), "onnx-limit", "onnx-opset", "onnx-type", "onnx-graph" (names, cycles, SSA), "onnx-external",
 * "op-unsupported". */
xb_graph *xb_onnx_read(xb_diags *d, const char *path);

/* The graph as an ONNX model of opset XB_OPSET that any other engine can run. Large constants are streamed, so the peak
 * memory does not hold the model. Over 2 GiB: a diagnostic "onnx-limit". */
bool xb_onnx_write(xb_diags *d, const xb_graph *g, xb_out *out);

/* TensorProto files (.pb), as in the ONNX test suite. */
bool xb_tensor_read_pb(xb_diags *d, const char *path, xb_tensor *out);
bool xb_tensor_write_pb(xb_diags *d, const xb_tensor *t, xb_out *out);

#endif
