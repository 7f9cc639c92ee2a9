/* encode.h: writing the protobuf wire format without holding a message in memory.
 *
 * A message is a function that says its fields to an encoder. It is called twice: once to count its bytes, which go
 * in front of it, and once to write them.
 */
#ifndef XB_ONNX_ENCODE_H
#define XB_ONNX_ENCODE_H

#include "base/json.h"

typedef struct xb_encoder {
    xb_write_fn *write; /* NULL: counts only */
    void *to;
    uint64_t n; /* bytes so far */
} xb_encoder;

typedef void xb_encode_fn(xb_encoder *e, const void *message);

void xb_encode_bytes(xb_encoder *e, const void *bytes, size_t n); /* as they are, without a field around them */
void xb_encode_int(xb_encoder *e, uint32_t field, int64_t v);
void xb_encode_float(xb_encoder *e, uint32_t field, float v);
void xb_encode_text(xb_encoder *e, uint32_t field, const char *s);
void xb_encode_blob(xb_encoder *e, uint32_t field, const void *bytes, size_t n);
void xb_encode_head(xb_encoder *e, uint32_t field, uint64_t n); /* of a length-delimited field whose n bytes follow */
void xb_encode_message(xb_encoder *e, uint32_t field, xb_encode_fn *fn, const void *message);
uint64_t xb_encode_size(xb_encode_fn *fn, const void *message);

#endif
