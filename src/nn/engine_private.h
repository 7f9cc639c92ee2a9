/* engine_private.h: inside of an xb_engine; for engine.c and stream.c. */
#ifndef XB_NN_ENGINE_PRIVATE_H
#define XB_NN_ENGINE_PRIVATE_H

#include "nn/engine.h"
#include "nn/exec.h"

struct xb_engine {
    xb_diags *d;
    xb_graph *g;  /* own clone, symbols kept */
    xb_dnnl *lib; /* NULL: plain C */
    const xb_custom_ops *custom;
    int threads;
    int64_t batch;          /* symbol along which inputs may be cut; 0: none */
    int64_t micro;          /* size of a cut */
    int64_t *symbol, *size; /* of the inputs; the sizes that the plan was made for */
    size_t n_symbols;
    xb_plan *plan;          /* NULL: none yet */
    xb_instance **instance; /* by worker; made by the worker when it first runs */
};

/* Makes the plan for these sizes of e->symbol unless it is there. false after diagnostics. */
bool xb_engine_prepare(xb_engine *e, const int64_t *size);
/* Instance of a worker (owned by e); NULL after a diagnostic. Only to be called by that worker. */
xb_instance *xb_engine_instance(xb_engine *e, int worker);
/* Init of xb_par_run: the calling thread is oneDNN's only one. */
void xb_engine_enter(void *context, int worker);

#endif
