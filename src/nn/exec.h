/* exec.h: one worker's instance of a plan: its own buffers and scratch memory, the plan's weights. */
#ifndef XB_NN_EXEC_H
#define XB_NN_EXEC_H

#include "nn/plan.h"

typedef struct xb_instance xb_instance;
xb_instance *xb_instance_new(xb_diags *d, const xb_plan *p); /* NULL after a diagnostic */
void xb_instance_free(xb_instance *x);
/* Inputs are to be written, and outputs read, around every run: their memory is used for other things in between. */
void *xb_instance_input(const xb_instance *x, size_t i);
const void *xb_instance_output(const xb_instance *x, size_t i);
bool xb_instance_run(xb_instance *x, const xb_engine_call *call); /* false after a diagnostic */

#endif
