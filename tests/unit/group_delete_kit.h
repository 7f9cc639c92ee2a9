/* group_delete_kit.h: the pass group-delete and all of its parts in one unit, and what its functions need of a host. */
#ifndef GROUP_DELETE_KIT_H
#define GROUP_DELETE_KIT_H

#include "hw_host.h"

#include "../../passes/group-delete.c"
#include "../../passes/group-delete/compact.c"
#include "../../passes/group-delete/freeze.c"
#include "../../passes/group-delete/groups.c"
#include "../../passes/group-delete/order.c"
#include "../../passes/group-delete/penalty.c"
#include "../../passes/group-delete/told.c"
#include "../../passes/group-delete/training.c"

static inline bool kit_matches(const char *pattern, const char *name)
{
    return !strcmp(pattern, name);
}

typedef struct gd_kit {
    fx f;
    test_host *host;
    xb_graph_api graph;
    xb_edit_api edit;
    gd_options o;
    gd_work w;
    xb_layout *plan; /* that of w, which this host's callers own */
} gd_kit;

static inline gd_kit *gd_kit_new(const char *hw)
{
    gd_kit *k = xb_calloc(1, sizeof *k);
    k->f = fx_new(hw);
    k->graph = host_graph_api;
    k->graph.note = xb_graph_note;
    k->graph.set_note = xb_graph_set_note;
    k->edit.matches = kit_matches;
    k->o = (gd_options){.lambda = 1, .threshold = 1e-4};
    return k;
}

static inline void gd_kit_free(gd_kit *k)
{
    xb_layout_free(k->plan);
    fx_free(&k->f);
    free(k);
}

/* The layers and groups of the graph that was made. */
static inline void gd_kit_find(gd_kit *k)
{
    ck_assert(xb_graph_infer(k->f.d, k->f.g, NULL) && xb_graph_verify(k->f.d, k->f.g));
    k->host = host_new(&k->f, "group-delete");
    k->w = (gd_work){.cx = &k->host->cx,
                     .graph = &k->graph,
                     .hw = &host_hw_api,
                     .layout = &host_layout_api,
                     .edit = &k->edit,
                     .o = &k->o};
    ck_assert_msg(xb_gd_find(&k->w, k->f.g) == 0, "%s", xb_diags_text(k->f.d));
    xb_layout_free(k->plan);
    k->plan = (xb_layout *)(uintptr_t)k->w.plan;
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
