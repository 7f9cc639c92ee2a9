/* clone.c: a second graph with the same handles; constants, notes' numbers and mappings are shared, the rest is copied.
 */
#include "ir/store.h"
#include <string.h>

#define COPY_VEC(to, from)                                                                                             \
    do {                                                                                                               \
        xb_vec_reserve((to), (from)->n);                                                                               \
        if ((from)->n) memcpy((to)->data, (from)->data, (from)->n * sizeof *(from)->data);                             \
        (to)->n = (from)->n;                                                                                           \
    } while (0)

static void copy_value(xb_graph *g, uint32_t id, const xb_value_slot *from)
{
    if (id / XB_CHUNK >= g->value_chunks.n) xb_push(&g->value_chunks, xb_calloc(XB_CHUNK, sizeof *from));
    if (from->kind == XB_VALUE_DEAD) return;
    xb_value_slot *s = xb_value_at(g, id);
    *s = *from;
    s->name = xb_names_take(&g->value_names, g->arena, from->name, id);
    xb_blob_keep(s->blob);
    s->cap_notes = s->n_notes;
    if (!s->n_notes) return;
    s->notes = xb_arena_alloc(g->arena, s->n_notes, sizeof *s->notes);
    s->note_blobs = xb_arena_alloc(g->arena, s->n_notes, sizeof(xb_blob *));
    for (size_t i = 0; i < s->n_notes; i++) {
        s->notes[i] = from->notes[i];
        s->notes[i].name = xb_arena_strdup(g->arena, from->notes[i].name);
        s->note_blobs[i] = xb_blob_keep(from->note_blobs[i]);
    }
}

static void copy_op(xb_graph *g, uint32_t id, const xb_op_slot *from)
{
    if (id / XB_CHUNK >= g->op_chunks.n) xb_push(&g->op_chunks, xb_calloc(XB_CHUNK, sizeof *from));
    if (!from->alive) return;
    xb_op_slot *s = xb_op_at(g, id);
    *s = *from;
    s->mark = 0;
    s->type = s->kind == XB_OP_UNKNOWN ? xb_arena_strdup(g->arena, from->type) : from->type;
    s->name = xb_names_take(&g->op_names, g->arena, from->name, id);
    s->cap_in = s->n_in;
    s->in = xb_arena_alloc(g->arena, s->n_in ? s->n_in : 1, sizeof *s->in);
    s->use = xb_arena_alloc(g->arena, s->n_in ? s->n_in : 1, sizeof *s->use);
    s->out = xb_arena_alloc(g->arena, s->n_out ? s->n_out : 1, sizeof *s->out);
    if (s->n_in) memcpy(s->in, from->in, s->n_in * sizeof *s->in);
    if (s->n_in) memcpy(s->use, from->use, s->n_in * sizeof *s->use);
    if (s->n_out) memcpy(s->out, from->out, s->n_out * sizeof *s->out);
    s->cap_attrs = s->n_attrs;
    s->attrs = xb_arena_alloc(g->arena, s->n_attrs ? s->n_attrs : 1, sizeof *s->attrs);
    for (size_t i = 0; i < s->n_attrs; i++) xb_attr_copy(g->arena, &s->attrs[i], &from->attrs[i]);
}

void xb_graph_become(xb_graph *g, xb_graph *from)
{
    xb_graph was = *g;
    *g = *from;
    *from = was;
    if (g->version <= from->version) g->version = from->version + 1;
    if (g->shape_version <= from->shape_version) g->shape_version = from->shape_version + 1;
    xb_graph_free(from);
}

xb_graph *xb_graph_clone(const xb_graph *from)
{
    xb_graph *g = xb_graph_new(from->name, from->file);
    for (size_t i = 0; i < from->symbols.n; i++) {
        const char *name = xb_arena_strdup(g->arena, from->symbols.data[i]);
        xb_map_put(g->symbol_ids, name, strlen(name), (uint32_t)i + 1);
        xb_push(&g->symbols, name);
    }
    COPY_VEC(&g->anonymous, &from->anonymous);
    for (uint32_t id = 1; id < from->value_limit; id++) copy_value(g, id, xb_value_at(from, id));
    for (uint32_t id = 1; id < from->op_limit; id++) copy_op(g, id, xb_op_at(from, id));
    COPY_VEC(&g->uses, &from->uses);
    COPY_VEC(&g->inputs, &from->inputs);
    COPY_VEC(&g->outputs, &from->outputs);
    COPY_VEC(&g->output_uses, &from->output_uses);
    COPY_VEC(&g->mappings, &from->mappings);
    for (size_t i = 0; i < g->mappings.n; i++) __atomic_add_fetch(&g->mappings.data[i]->refs, 1, __ATOMIC_RELAXED);
    g->value_limit = from->value_limit;
    g->op_limit = from->op_limit;
    g->free_use = from->free_use;
    g->first = from->first;
    g->last = from->last;
    g->op_count = from->op_count;
    g->version = from->version;
    g->shape_version = from->shape_version;
    return g;
}
