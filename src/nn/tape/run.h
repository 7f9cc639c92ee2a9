/* run.h: what runs, packed weights and gradients know of each other; for tape/ only. */
#ifndef XB_NN_TAPE_RUN_H
#define XB_NN_TAPE_RUN_H

#include "nn/tape/build.h"

struct xb_grads {
    const xb_tape *t;
    unsigned char *memory;
    float *stats; /* of every norm: means, then variances */
};

void *xb_packed_memory(const xb_packed *p);
/* The gradient of trained tensor i from the kernel's layout to the graph's. */
bool xb_packed_unpack(xb_packed *p, size_t i, const float *from, float *to);
void xb_tape_add(float *restrict to, const float *restrict more, size_t n);

/* A step in plain C. base: the memories; grads may be absent on the way forward. */
typedef struct xb_tape_run_step {
    xb_diags *d;
    const xb_tape *t;
    const xb_tape_step *s;
    void *const *base;
    xb_tensor *tensor; /* REF: n, BACK: n, with their types */
    const xb_draw *draw;
} xb_tape_run_step;
bool xb_tape_run_plain(const xb_tape_run_step *c);

#endif
