/* module.c: what a pipeline carries. */
#include "ir/module.h"
#include "base/vec.h"
#include <stdlib.h>
#include <string.h>

struct xb_module {
    xb_graph *graph;
    xb_layout *layout;
    const xb_layout_ops *layout_ops;
    xb_arena *arena; /* texts of properties and facts */
    xb_vec(const char *) properties;
    xb_vec(xb_fact) facts;
};

xb_module *xb_module_new(xb_graph *g)
{
    xb_module *m = xb_calloc(1, sizeof *m);
    m->graph = g;
    m->arena = xb_arena_new();
    return m;
}

static void free_layout(xb_module *m)
{
    if (m->layout && m->layout_ops) m->layout_ops->free(m->layout);
    m->layout = NULL;
    m->layout_ops = NULL;
}

void xb_module_free(xb_module *m)
{
    if (!m) return;
    free_layout(m);
    xb_graph_free(m->graph);
    xb_vec_free(&m->properties);
    xb_vec_free(&m->facts);
    xb_arena_free(m->arena);
    free(m);
}

/* A layout that came without functions cannot be copied: the clone has none, nor its property. */
xb_module *xb_module_clone(const xb_module *m)
{
    xb_module *c = xb_module_new(m->graph ? xb_graph_clone(m->graph) : NULL);
    for (size_t i = 0; i < m->properties.n; i++) xb_module_give(c, m->properties.data[i]);
    for (size_t i = 0; i < m->facts.n; i++) xb_module_journal(c, &m->facts.data[i]);
    if (!m->layout) return c;
    if (m->layout_ops) {
        c->layout = m->layout_ops->clone(m->layout);
        c->layout_ops = m->layout_ops;
    } else {
        xb_module_drop(c, "layout");
    }
    return c;
}

xb_graph *xb_module_graph(xb_module *m)
{
    return m->graph;
}

void xb_module_set_graph(xb_module *m, xb_graph *g)
{
    if (m->graph != g) xb_graph_free(m->graph);
    m->graph = g;
}

xb_layout *xb_module_layout(const xb_module *m)
{
    return m->layout;
}

void xb_module_set_layout(xb_module *m, xb_layout *l, const xb_layout_ops *ops)
{
    if (m->layout != l) free_layout(m);
    m->layout = l;
    m->layout_ops = l ? ops : NULL;
    if (l)
        xb_module_give(m, "layout");
    else
        xb_module_drop(m, "layout");
}

static size_t find(const xb_module *m, const char *property)
{
    size_t i = 0;
    while (i < m->properties.n && strcmp(m->properties.data[i], property)) i++;
    return i;
}

bool xb_module_has(const xb_module *m, const char *property)
{
    return find(m, property) < m->properties.n;
}

void xb_module_give(xb_module *m, const char *property)
{
    if (!xb_module_has(m, property)) xb_push(&m->properties, xb_arena_strdup(m->arena, property));
}

void xb_module_drop(xb_module *m, const char *property)
{
    size_t i = find(m, property);
    if (i == m->properties.n) return;
    m->properties.n--;
    memmove(&m->properties.data[i], &m->properties.data[i + 1], (m->properties.n - i) * sizeof *m->properties.data);
}

static const char *kept(xb_module *m, const char *s)
{
    return xb_arena_strdup(m->arena, s ? s : "");
}

void xb_module_journal(xb_module *m, const xb_fact *fact)
{
    xb_fact f = *fact;
    f.key = kept(m, fact->key);
    f.unit = kept(m, fact->unit);
    f.split = kept(m, fact->split);
    f.source = kept(m, fact->source);
    f.text = fact->text ? kept(m, fact->text) : NULL;
    f.along = fact->along ? kept(m, fact->along) : NULL;
    xb_push(&m->facts, f);
}

size_t xb_module_facts(const xb_module *m, const xb_fact **list)
{
    if (list) *list = m->facts.data;
    return m->facts.n;
}
