/* group_delete_kit.h: the pass group-delete and all of its parts in one unit, on matrices of given sizes, with the
 * host's own services. */
#ifndef GROUP_DELETE_KIT_H
#define GROUP_DELETE_KIT_H

#define XBARC_BUILTIN
#include "hw_fixture.h"
#include "ir/module.h"
#include "plug/context.h"

#include "../../passes/group-delete.c"
#include "../../passes/group-delete/compact.c"
#include "../../passes/group-delete/freeze.c"
#include "../../passes/group-delete/groups.c"
#include "../../passes/group-delete/order.c"
#include "../../passes/group-delete/penalty.c"
#include "../../passes/group-delete/told.c"
#include "../../passes/group-delete/training.c"

typedef struct gd_kit {
    fx f; /* its graph is the module's */
    xb_run_info info;
    xb_context *c;
    xb_cx *cx;
    xb_module *m;
    gd_options o;
    gd_work w;
} gd_kit;

static inline gd_kit *gd_kit_new(const char *hw)
{
    gd_kit *k = xb_calloc(1, sizeof *k);
    k->f = fx_new(hw);
    k->c = xb_context_new(k->f.d, &k->f.hw, 7, &k->info);
    k->cx = xb_context_begin(k->c, "group-delete", NULL);
    k->m = xb_module_new(k->f.g);
    k->o = (gd_options){.lambda = 1, .threshold = 1e-4};
    return k;
}

static inline void gd_kit_free(gd_kit *k)
{
    xb_context_end(k->c);
    xb_context_free(k->c);
    xb_module_free(k->m);
    k->f.g = NULL;
    fx_free(&k->f);
    free(k);
}

/* The layers and groups of the graph that was made. */
static inline void gd_kit_find(gd_kit *k)
{
    ck_assert(xb_graph_infer(k->f.d, k->f.g, NULL) && xb_graph_verify(k->f.d, k->f.g));
    k->w = work_of(k->cx, k->m, &k->o);
    ck_assert_msg(xb_gd_find(&k->w, k->f.g) == 0, "%s", xb_diags_text(k->f.d));
}

static inline const gd_layer *gd_kit_layer(const gd_kit *k, const char *name)
{
    for (size_t i = 0; i < k->w.n_layers; i++)
        if (!strcmp(k->w.layer[i].name, name)) return &k->w.layer[i];
    return NULL;
}

static inline float *gd_kit_weight(gd_kit *k, const char *name)
{
    return xb_graph_write(k->f.g, gd_kit_layer(k, name)->weight);
}

#endif
