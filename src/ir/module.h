/* module.h: what a pipeline carries: graph, layout, properties, journal. */
#ifndef XB_IR_MODULE_H
#define XB_IR_MODULE_H

#include "ir/graph.h"
#include <xbarc/backend.h>

/* The layout is src/hw's; the module only owns it. */
typedef struct xb_layout_ops {
    void (*free)(xb_layout *l);
    xb_layout *(*clone)(const xb_layout *l);
} xb_layout_ops;

xb_module *xb_module_new(xb_graph *g); /* takes g over */
void xb_module_free(xb_module *m);
xb_module *xb_module_clone(const xb_module *m); /* for rollback: graph, layout, properties, journal */
xb_graph *xb_module_graph(xb_module *m);
void xb_module_set_graph(xb_module *m, xb_graph *g); /* frees the old one */
xb_layout *xb_module_layout(const xb_module *m);
void xb_module_set_layout(xb_module *m, xb_layout *l, const xb_layout_ops *ops); /* sets property "layout" */
bool xb_module_has(const xb_module *m, const char *property);
void xb_module_give(xb_module *m, const char *property);
void xb_module_drop(xb_module *m, const char *property);
void xb_module_journal(xb_module *m, const xb_fact *fact); /* copies */
size_t xb_module_facts(const xb_module *m, const xb_fact **list);

#endif
