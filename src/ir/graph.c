/* graph.c: storage of a graph, and everything that only reads it. */
#include "ir/store.h"
#include <stdlib.h>
#include <string.h>

static const xb_type no_type = {XB_NONE, -1, {0}};

xb_graph *xb_graph_new(const char *name, const char *file)
{
    xb_graph *g = xb_calloc(1, sizeof *g);
    g->arena = xb_arena_new();
    g->name = xb_arena_strdup(g->arena, name ? name : "");
    g->file = file ? xb_arena_strdup(g->arena, file) : NULL;
    xb_names_init(&g->value_names);
    xb_names_init(&g->op_names);
    g->symbol_ids = xb_map_new();
    g->value_limit = g->op_limit = 1;
    xb_push(&g->uses, (xb_use){0});
    return g;
}

static void value_free(xb_value_slot *s)
{
    xb_blob_drop(s->blob);
    for (size_t i = 0; i < s->n_notes; i++) xb_blob_drop(s->note_blobs[i]);
    s->blob = NULL;
    s->n_notes = 0;
}

void xb_graph_free(xb_graph *g)
{
    if (!g) return;
    for (uint32_t id = 1; id < g->value_limit; id++) value_free(xb_value_at(g, id));
    for (size_t i = 0; i < g->value_chunks.n; i++) free(g->value_chunks.data[i]);
    for (size_t i = 0; i < g->op_chunks.n; i++) free(g->op_chunks.data[i]);
    for (size_t i = 0; i < g->mappings.n; i++) xb_mapping_drop(g->mappings.data[i]);
    xb_vec_free(&g->value_chunks);
    xb_vec_free(&g->op_chunks);
    xb_vec_free(&g->mappings);
    xb_vec_free(&g->symbols);
    xb_vec_free(&g->anonymous);
    xb_vec_free(&g->uses);
    xb_vec_free(&g->inputs);
    xb_vec_free(&g->outputs);
    xb_vec_free(&g->output_uses);
    xb_names_free(&g->value_names);
    xb_names_free(&g->op_names);
    xb_map_free(g->symbol_ids);
    xb_arena_free(g->arena);
    free(g);
}

/* ---- slots ---- */

uint32_t xb_value_slot_new(xb_graph *g, const char *name, const char *otherwise, const xb_type *type,
                           xb_value_kind kind)
{
    uint32_t id = g->value_limit;
    if (id == UINT32_MAX) xb_out_of_memory();
    if (id / XB_CHUNK >= g->value_chunks.n) xb_push(&g->value_chunks, xb_calloc(XB_CHUNK, sizeof(xb_value_slot)));
    g->value_limit++;
    xb_value_slot *s = xb_value_at(g, id);
    s->name = xb_names_take(&g->value_names, g->arena, name && *name ? name : otherwise, id);
    s->type = type ? *type : no_type;
    s->kind = kind;
    xb_touch(g);
    return id;
}

void xb_value_kill(xb_graph *g, uint32_t id)
{
    xb_value_slot *s = xb_value_at(g, id);
    xb_names_drop(&g->value_names, s->name);
    value_free(s);
    s->kind = XB_VALUE_DEAD;
    s->producer = 0;
}

uint32_t xb_op_slot_new(xb_graph *g)
{
    uint32_t id = g->op_limit;
    if (id == UINT32_MAX) xb_out_of_memory();
    if (id / XB_CHUNK >= g->op_chunks.n) xb_push(&g->op_chunks, xb_calloc(XB_CHUNK, sizeof(xb_op_slot)));
    g->op_limit++;
    g->op_count++;
    xb_op_at(g, id)->alive = true;
    xb_touch(g);
    return id;
}

void xb_graph_adopt(xb_graph *g, xb_view view)
{
    xb_push(&g->mappings, xb_mapping_new(view));
}

/* ---- the graph ---- */

const char *xb_graph_name(const xb_graph *g)
{
    return g->name;
}

const char *xb_graph_file(const xb_graph *g)
{
    return g->file;
}

size_t xb_graph_inputs(const xb_graph *g, const xb_value **list)
{
    if (list) *list = g->inputs.data;
    return g->inputs.n;
}

size_t xb_graph_outputs(const xb_graph *g, const xb_value **list)
{
    if (list) *list = g->outputs.data;
    return g->outputs.n;
}

uint64_t xb_graph_version(const xb_graph *g)
{
    return g->version;
}

uint64_t xb_graph_shape_version(const xb_graph *g)
{
    return g->shape_version;
}

uint32_t xb_graph_value_limit(const xb_graph *g)
{
    return g->value_limit;
}

uint32_t xb_graph_op_limit(const xb_graph *g)
{
    return g->op_limit;
}

size_t xb_graph_op_count(const xb_graph *g)
{
    return g->op_count;
}

xb_value xb_graph_find(const xb_graph *g, const char *name)
{
    return (xb_value){xb_map_get(g->value_names.ids, name, strlen(name), 0)};
}

xb_op xb_graph_find_op(const xb_graph *g, const char *name)
{
    return (xb_op){xb_map_get(g->op_names.ids, name, strlen(name), 0)};
}

/* ---- ops ---- */

xb_op xb_graph_first(const xb_graph *g)
{
    return (xb_op){g->first};
}

xb_op xb_graph_next(const xb_graph *g, xb_op op)
{
    const xb_op_slot *s = xb_op_live(g, op);
    return (xb_op){s ? s->next : 0};
}

const char *xb_graph_op_type(const xb_graph *g, xb_op op)
{
    const xb_op_slot *s = xb_op_live(g, op);
    return s ? s->type : "";
}

const char *xb_graph_op_name(const xb_graph *g, xb_op op)
{
    const xb_op_slot *s = xb_op_live(g, op);
    return s ? s->name : "";
}

xb_kind xb_graph_kind(const xb_graph *g, xb_op op)
{
    const xb_op_slot *s = xb_op_live(g, op);
    return s ? s->kind : XB_OP_UNKNOWN;
}

size_t xb_graph_op_inputs(const xb_graph *g, xb_op op, const xb_value **list)
{
    const xb_op_slot *s = xb_op_live(g, op);
    if (list) *list = s ? s->in : NULL;
    return s ? s->n_in : 0;
}

size_t xb_graph_op_outputs(const xb_graph *g, xb_op op, const xb_value **list)
{
    const xb_op_slot *s = xb_op_live(g, op);
    if (list) *list = s ? s->out : NULL;
    return s ? s->n_out : 0;
}

xb_where xb_graph_where(const xb_graph *g, xb_op op)
{
    const xb_op_slot *s = xb_op_live(g, op);
    return (xb_where){.file = g->file, .node = s ? s->name : NULL, .op = s ? s->type : NULL};
}

/* ---- values ---- */

const char *xb_graph_value_name(const xb_graph *g, xb_value v)
{
    const xb_value_slot *s = xb_value_live(g, v);
    return s ? s->name : "";
}

const xb_type *xb_graph_type(const xb_graph *g, xb_value v)
{
    const xb_value_slot *s = xb_value_live(g, v);
    return s ? &s->type : &no_type;
}

xb_op xb_graph_producer(const xb_graph *g, xb_value v)
{
    const xb_value_slot *s = xb_value_live(g, v);
    return (xb_op){s && s->kind == XB_VALUE_RESULT ? s->producer : 0};
}

size_t xb_graph_users(const xb_graph *g, xb_value v)
{
    const xb_value_slot *s = xb_value_live(g, v);
    return s ? s->n_uses : 0;
}

bool xb_graph_is_const(const xb_graph *g, xb_value v)
{
    const xb_value_slot *s = xb_value_live(g, v);
    return s && s->kind == XB_VALUE_CONST;
}

bool xb_graph_is_mapped(const xb_graph *g, xb_value v)
{
    return xb_graph_is_const(g, v) && xb_value_at(g, v.id)->blob->view;
}

bool xb_graph_is_view(const xb_graph *g, xb_value v)
{
    if (!xb_graph_is_mapped(g, v)) return false;
    const xb_value_slot *s = xb_value_at(g, v.id);
    return xb_blob_aligned(s->blob, xb_dtype_size(s->type.dtype));
}

const void *xb_graph_raw(const xb_graph *g, xb_value v, size_t *n)
{
    const xb_blob *b = xb_graph_is_const(g, v) ? xb_value_at(g, v.id)->blob : NULL;
    if (n) *n = b ? b->size : 0;
    return b ? b->bytes : NULL;
}

const void *xb_graph_data(const xb_graph *g, xb_value v)
{
    if (!xb_graph_is_const(g, v)) return NULL;
    const xb_value_slot *s = xb_value_at(g, v.id);
    return xb_blob_data(s->blob, xb_dtype_size(s->type.dtype));
}

void *xb_graph_write(xb_graph *g, xb_value v)
{
    if (!xb_graph_is_const(g, v)) return NULL;
    g->version++;
    return xb_blob_write(&xb_value_at(g, v.id)->blob);
}
