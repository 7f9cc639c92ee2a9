/* context.h: what stands behind an xb_cx, for the services. */
#ifndef XB_PLUG_CONTEXT_H
#define XB_PLUG_CONTEXT_H

#include "base/json.h"
#include "base/progress.h"
#include "plug/plug.h"
#include <xbarc/edit.h>
#include <xbarc/linalg.h>

struct xb_context {
    xb_diags *diags;
    const xb_hw *hw;
    xb_run_info *info;
    xb_cx cx;
    xb_arena *arena;          /* of the callback */
    xb_vec(xb_layout *) plan; /* made in this callback, not yet given to the module */
    xb_vec(struct xb_json *) json;
    xb_progress *progress;
    const xb_yaml *entry;
    xb_learning learning;
    xb_dataset *data; /* of learning, opened when first needed */
    const xb_graph *came;
    const char *options;
    unsigned runs;             /* training runs of this callback */
    xb_vec(char *) checkpoints; /* files made */
};

static inline xb_context *xb_context_of(const xb_cx *cx)
{
    return cx->impl;
}

/* services.c */
const void *xb_service_find(const char *name, uint32_t version);
/* service_json.c */
void xb_json_service_release(struct xb_json *j);
extern const xb_json_api xb_json_service;
/* service_journal.c */
extern const xb_journal_api xb_journal_service;
/* service_layout.c */
extern const xb_hw_api xb_hw_service;
extern const xb_layout_api xb_layout_service;
/* service_linalg.c */
extern const xb_linalg_api xb_linalg_service;
/* service_edit.c */
extern const xb_edit_api xb_edit_service;
/* service_train.c */
extern const xb_train_api xb_train_service;

#endif
