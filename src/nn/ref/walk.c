/* walk.c: several tensors side by side, row by row; strided copies. */
#include "nn/ref/kernel.h"
#include <string.h>

/* Joins dims that are one behind another for every operand; returns the new rank, at least 1. */
static int join(int rank, int64_t *dim, size_t operands, xb_strides_row *stride)
{
    int n = 0;
    for (int d = 0; d < rank; d++) {
        if (dim[d] == 1) continue;
        bool fits = n > 0;
        for (size_t k = 0; fits && k < operands; k++) fits = stride[k].of[n - 1] == stride[k].of[d] * dim[d];
        if (!fits) n++;
        dim[n - 1] = fits ? dim[n - 1] * dim[d] : dim[d];
        for (size_t k = 0; k < operands; k++) stride[k].of[n - 1] = stride[k].of[d];
    }
    if (n) return n;
    dim[0] = 1;
    for (size_t k = 0; k < operands; k++) stride[k].of[0] = 1;
    return 1;
}

void xb_walk_rows(int rank, const int64_t *dim, size_t operands, const xb_strides_row *stride, xb_row_fn *fn, void *cx)
{
    int64_t size[XB_WALK_DIMS], index[XB_WALK_DIMS] = {0};
    for (int d = 0; d < rank; d++) {
        size[d] = dim[d];
        if (dim[d] == 0) return;
    }
    xb_strides_row *step = xb_calloc(operands, sizeof *step);
    int64_t *offset = xb_calloc(operands, sizeof *offset), *last = xb_calloc(operands, sizeof *last);
    memcpy(step, stride, operands * sizeof *step);
    int n = join(rank, size, operands, step);
    for (size_t k = 0; k < operands; k++) last[k] = step[k].of[n - 1];
    for (;;) {
        fn(cx, offset, last, size[n - 1]);
        int d = n - 2;
        for (; d >= 0; d--) {
            for (size_t k = 0; k < operands; k++) offset[k] += step[k].of[d];
            if (++index[d] < size[d]) break;
            for (size_t k = 0; k < operands; k++) offset[k] -= step[k].of[d] * size[d];
            index[d] = 0;
        }
        if (d < 0) break;
    }
    free(step);
    free(offset);
    free(last);
}

bool xb_broadcast(const xb_type *t, const xb_type *to, xb_strides_row *out)
{
    int64_t stride[XB_MAX_RANK];
    int shift = to->rank - t->rank;
    if (shift < 0) return false;
    xb_strides(t, stride);
    for (int d = 0; d < to->rank; d++) {
        int64_t size = d < shift ? 1 : t->dim[d - shift];
        if (size != 1 && size != to->dim[d]) return false;
        out->of[d] = size == 1 ? 0 : stride[d - shift];
    }
    return true;
}

typedef struct xb_copying {
    char *dst;
    const char *src;
    size_t size;
} xb_copying;

#define MOVE(T)                                                                                                        \
    for (int64_t k = 0; k < n; k++) ((T *)to)[k * stride[0]] = ((const T *)from)[k * stride[1]];                       \
    break

static void copy_row(void *cx, const int64_t *offset, const int64_t *stride, int64_t n)
{
    const xb_copying *c = cx;
    char *to = c->dst + offset[0] * (int64_t)c->size;
    const char *from = c->src + offset[1] * (int64_t)c->size;
    if (stride[0] == 1 && stride[1] == 1) {
        memcpy(to, from, (size_t)n * c->size);
        return;
    }
    switch (c->size) {
    case 1:
        MOVE(uint8_t);
    case 2:
        MOVE(uint16_t);
    case 4:
        MOVE(uint32_t);
    default:
        MOVE(uint64_t);
    }
}

void xb_copy(int rank, const int64_t *dim, size_t size, void *dst, const int64_t *dst_stride, const void *src,
             const int64_t *src_stride)
{
    xb_strides_row stride[2] = {{{0}}, {{0}}};
    for (int d = 0; d < rank; d++) {
        stride[0].of[d] = dst_stride[d];
        stride[1].of[d] = src_stride[d];
    }
    xb_copying c = {dst, src, size};
    xb_walk_rows(rank, dim, 2, stride, copy_row, &c);
}
