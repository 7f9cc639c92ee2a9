/* tensor.h: a dense, row-major array in memory: what goes into and comes out of a network. */
#ifndef XB_IR_TENSOR_H
#define XB_IR_TENSOR_H

#include "ir/graph.h"

typedef struct xb_tensor {
    char *name;   /* NULL when it has none; owned */
    xb_type type; /* no symbols */
    void *data;   /* 64-byte aligned, owned; NULL when empty */
} xb_tensor;

/* Zeroed. false when the size is symbolic or overflows (no diagnostic). */
bool xb_tensor_alloc(xb_tensor *t, const xb_type *type);
void xb_tensor_free(xb_tensor *t);
/* Element i as double, whatever the type (f16 and bf16 too). */
double xb_tensor_get(const xb_tensor *t, size_t i);
void xb_tensor_set(xb_tensor *t, size_t i, double v); /* rounds to nearest, saturates integers */
double xb_scalar_get(xb_dtype t, const void *data, size_t i);
void xb_scalar_set(xb_dtype t, void *data, size_t i, double v);

#endif
