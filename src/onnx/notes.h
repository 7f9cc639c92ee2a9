/* notes.h: notes of constants in a model's metadata. Private to src/onnx. */
#ifndef XB_ONNX_NOTES_H
#define XB_ONNX_NOTES_H

#include "onnx/encode.h"
#include "onnx/tensor.h"

/* One entry of metadata a note, in the order of constants. */
void xb_onnx_put_notes(xb_encoder *e, uint32_t field, const xb_graph *g);
/* Those of the model go to g's constants. What is none of ours is left alone; a note of no constant, or without a list
 * of integers, is a warning "onnx-note". */
void xb_onnx_take_notes(xb_diags *d, xb_graph *g, const Onnx__ModelProto *p);

#endif
