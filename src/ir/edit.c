/* edit.c: adding, rewiring and removing. Every function keeps use lists, unique names and topological order. */
#include "ir/store.h"
#include <string.h>

/* ---- values ---- */

xb_value xb_graph_add_input(xb_graph *g, const char *name, const xb_type *type)
{
    xb_value v = {xb_value_slot_new(g, name, "input", type, XB_VALUE_INPUT)};
    xb_push(&g->inputs, v);
    return v;
}

static xb_value add_const(xb_graph *g, const char *name, const xb_type *type, xb_blob *blob)
{
    xb_value v = {xb_value_slot_new(g, name, "const", type, XB_VALUE_CONST)};
    xb_value_at(g, v.id)->blob = blob;
    return v;
}

xb_value xb_graph_add_const(xb_graph *g, const char *name, const xb_type *type, const void *data)
{
    size_t n;
    return xb_type_bytes(type, &n) ? add_const(g, name, type, xb_blob_own(data, n)) : (xb_value){0};
}

xb_value xb_graph_add_view(xb_graph *g, const char *name, const xb_type *type, const void *bytes)
{
    size_t n;
    return xb_type_bytes(type, &n) ? add_const(g, name, type, xb_blob_view(bytes, n)) : (xb_value){0};
}

void xb_graph_set_type(xb_graph *g, xb_value v, const xb_type *type)
{
    xb_value_slot *s = xb_value_live(g, v);
    if (!s || xb_type_same(&s->type, type)) return;
    s->type = *type;
    xb_touch(g);
}

void xb_graph_resize(xb_graph *g, xb_value v, const xb_type *type, const void *data)
{
    xb_value_slot *s = xb_value_live(g, v);
    size_t n;
    if (!s || s->kind != XB_VALUE_CONST || !xb_type_bytes(type, &n)) return;
    xb_blob *blob = xb_blob_own(data, n);
    xb_blob_drop(s->blob);
    for (size_t i = 0; i < s->n_notes; i++) xb_blob_drop(s->note_blobs[i]);
    s->blob = blob;
    s->n_notes = 0;
    s->type = *type;
    xb_touch(g);
}

static void swap_names(xb_graph *g, uint32_t a, uint32_t b)
{
    xb_value_slot *x = xb_value_at(g, a), *y = xb_value_at(g, b);
    const char *name = x->name;
    x->name = y->name;
    y->name = name;
    xb_map_put(g->value_names.ids, x->name, strlen(x->name), a);
    xb_map_put(g->value_names.ids, y->name, strlen(y->name), b);
}

/* ---- graph outputs ---- */

void xb_graph_add_output(xb_graph *g, xb_value v)
{
    if (!xb_value_live(g, v)) return;
    xb_push(&g->output_uses, xb_use_add(g, v, 0, g->outputs.n));
    xb_push(&g->outputs, v);
    xb_touch(g);
}

void xb_graph_set_outputs(xb_graph *g, const xb_value *v, size_t n)
{
    for (size_t i = 0; i < g->output_uses.n; i++) xb_use_drop(g, g->output_uses.data[i]);
    g->outputs.n = g->output_uses.n = 0;
    for (size_t i = 0; i < n; i++) xb_graph_add_output(g, v[i]);
    xb_touch(g);
}

/* ---- ops ---- */

/* The op to insert behind: just before `before`, but never before what the inputs come from. */
static uint32_t place_for(const xb_graph *g, xb_op before, const xb_value *in, size_t n_in)
{
    const xb_op_slot *b = xb_op_live(g, before);
    uint32_t at = b ? b->prev : g->last;
    for (size_t i = 0; i < n_in; i++) {
        uint32_t p = xb_graph_producer(g, in[i]).id;
        if (p && (!at || xb_op_at(g, p)->order > xb_op_at(g, at)->order)) at = p;
    }
    return at;
}

static void add_results(xb_graph *g, uint32_t op, const char *const *names, xb_value *out, size_t n)
{
    xb_op_slot *s = xb_op_at(g, op);
    s->out = xb_arena_alloc(g->arena, n ? n : 1, sizeof *s->out);
    s->n_out = n;
    if (!n) return;
    xb_buf fresh = {0};
    xb_buf_printf(&fresh, "%s_out", s->name);
    for (size_t i = 0; i < n; i++) {
        if (!names || (names[i] && *names[i])) {
            uint32_t id = xb_value_slot_new(g, names ? names[i] : fresh.data, NULL, NULL, XB_VALUE_RESULT);
            xb_value_at(g, id)->producer = op;
            s->out[i].id = id;
        }
        if (out) out[i] = s->out[i];
    }
    xb_buf_free(&fresh);
}

xb_op xb_op_insert(xb_graph *g, xb_op before, const char *type, const char *name, const xb_value *in, size_t n_in,
                   const char *const *out_names, xb_value *out, size_t n_out)
{
    uint32_t at = place_for(g, before, in, n_in), id = xb_op_slot_new(g);
    xb_op_slot *s = xb_op_at(g, id);
    s->kind = xb_kind_of(type);
    s->type = s->kind == XB_OP_UNKNOWN ? xb_arena_strdup(g->arena, type) : xb_opdef_of(s->kind)->name;
    s->name = xb_names_take(&g->op_names, g->arena, name && *name ? name : *type ? type : "op", id);
    s->cap_in = s->n_in = n_in;
    s->in = xb_arena_alloc(g->arena, n_in ? n_in : 1, sizeof *s->in);
    s->use = xb_arena_alloc(g->arena, n_in ? n_in : 1, sizeof *s->use);
    for (size_t i = 0; i < n_in; i++) {
        s->use[i] = xb_use_add(g, in[i], id, i);
        s->in[i].id = s->use[i] ? in[i].id : 0;
    }
    xb_order_insert(g, id, at);
    add_results(g, id, out_names, out, n_out);
    return (xb_op){id};
}

xb_op xb_graph_add_op(xb_graph *g, xb_op before, const char *op_type, const char *name, const xb_value *in, size_t n_in,
                      xb_value *out, size_t n_out)
{
    return xb_op_insert(g, before, op_type, name, in, n_in, NULL, out, n_out);
}

xb_op xb_graph_add_op_kind(xb_graph *g, xb_op before, xb_kind kind, const char *name, const xb_value *in, size_t n_in,
                           const char *const *out_names, xb_value *out, size_t n_out)
{
    return xb_op_insert(g, before, xb_opdef_of(kind)->name, name, in, n_in, out_names, out, n_out);
}

static void grow_inputs(xb_graph *g, xb_op_slot *s)
{
    if (s->n_in < s->cap_in) return;
    size_t cap = s->cap_in ? s->cap_in * 2 : 4;
    xb_value *in = xb_arena_alloc(g->arena, cap, sizeof *in);
    uint32_t *use = xb_arena_alloc(g->arena, cap, sizeof *use);
    if (s->n_in) memcpy(in, s->in, s->n_in * sizeof *in);
    if (s->n_in) memcpy(use, s->use, s->n_in * sizeof *use);
    s->in = in;
    s->use = use;
    s->cap_in = cap;
}

void xb_graph_set_input(xb_graph *g, xb_op op, size_t index, xb_value v)
{
    xb_op_slot *s = xb_op_live(g, op);
    if (!s || index > s->n_in) return;
    if (index == s->n_in) {
        grow_inputs(g, s);
        s->in[index] = (xb_value){0};
        s->use[index] = 0;
        s->n_in++;
    }
    xb_use_drop(g, s->use[index]);
    s->use[index] = xb_use_add(g, v, op.id, index);
    s->in[index].id = s->use[index] ? v.id : 0;
    uint32_t p = xb_graph_producer(g, v).id;
    if (p && xb_op_at(g, p)->order >= s->order) xb_order_move_behind(g, op.id, p); /* a cycle is left to the verifier */
    xb_touch(g);
}

static bool is_output(const xb_graph *g, const xb_value_slot *s)
{
    for (uint32_t u = s->uses; u; u = g->uses.data[u].next)
        if (!g->uses.data[u].op) return true;
    return false;
}

static void reread(xb_graph *g, uint32_t use, xb_value with)
{
    xb_use u = g->uses.data[use];
    xb_use_drop(g, use);
    uint32_t fresh = xb_use_add(g, with, u.op, u.index);
    if (u.op) {
        xb_op_at(g, u.op)->in[u.index] = with;
        xb_op_at(g, u.op)->use[u.index] = fresh;
    } else {
        g->outputs.data[u.index] = with;
        g->output_uses.data[u.index] = fresh;
    }
}

/* What takes over the graph outputs (and their name) of old: `with`, or a copy of it where `with` must keep its own
 * name. */
static xb_value output_for(xb_graph *g, xb_value old, xb_value with)
{
    xb_value_slot *s = xb_value_at(g, with.id);
    if (s->kind == XB_VALUE_INPUT || is_output(g, s)) {
        xb_value copy;
        xb_graph_add_op(g, (xb_op){0}, "Identity", "", &with, 1, &copy, 1);
        xb_value_at(g, copy.id)->type = s->type;
        with = copy;
    }
    swap_names(g, old.id, with.id);
    return with;
}

/* An op that `with` itself is computed from keeps reading old: anything else would be a cycle. */
void xb_graph_replace(xb_graph *g, xb_value old, xb_value with)
{
    xb_value_slot *from = xb_value_live(g, old);
    if (!from || !xb_value_live(g, with) || old.id == with.id) return;
    xb_value output = is_output(g, from) ? output_for(g, old, with) : with;
    uint32_t p = xb_graph_producer(g, with).id;
    for (uint32_t use = from->uses, next; use; use = next) {
        next = g->uses.data[use].next;
        uint32_t op = g->uses.data[use].op;
        if (op && p && xb_op_at(g, op)->order <= xb_op_at(g, p)->order && !xb_order_move_behind(g, op, p)) continue;
        reread(g, use, op ? with : output);
    }
    xb_touch(g);
}

/* ---- removing ---- */

static bool unread(const xb_graph *g, const xb_op_slot *s)
{
    for (size_t i = 0; i < s->n_out; i++)
        if (s->out[i].id && xb_value_at(g, s->out[i].id)->n_uses) return false;
    return true;
}

void xb_graph_remove(xb_graph *g, xb_op op)
{
    xb_op_slot *s = xb_op_live(g, op);
    if (!s || !unread(g, s)) return;
    for (size_t i = 0; i < s->n_in; i++) xb_use_drop(g, s->use[i]);
    for (size_t i = 0; i < s->n_out; i++)
        if (s->out[i].id) xb_value_kill(g, s->out[i].id);
    xb_order_unlink(g, op.id);
    xb_names_drop(&g->op_names, s->name);
    s->n_in = s->n_out = s->n_attrs = 0;
    s->alive = false;
    g->op_count--;
    xb_touch(g);
}

size_t xb_graph_sweep(xb_graph *g)
{
    size_t removed = 0;
    for (uint32_t op = g->last, prev; op; op = prev) {
        prev = xb_op_at(g, op)->prev;
        if (!unread(g, xb_op_at(g, op))) continue;
        xb_graph_remove(g, (xb_op){op});
        removed++;
    }
    for (uint32_t id = 1; id < g->value_limit; id++) {
        const xb_value_slot *s = xb_value_at(g, id);
        if (s->kind != XB_VALUE_CONST || s->n_uses) continue;
        xb_value_kill(g, id);
        removed++;
    }
    if (removed) xb_touch(g);
    return removed;
}

void xb_graph_make_const(xb_graph *g, xb_value v, const xb_type *type, const void *data)
{
    xb_value_slot *s = xb_value_live(g, v);
    size_t n;
    if (!s || s->kind != XB_VALUE_RESULT || !xb_type_bytes(type, &n)) return;
    uint32_t producer = s->producer;
    xb_op_slot *op = xb_op_at(g, producer);
    s->blob = xb_blob_own(data, n);
    s->type = *type;
    s->kind = XB_VALUE_CONST;
    s->producer = 0;
    for (size_t i = 0; i < op->n_out; i++)
        if (op->out[i].id == v.id) op->out[i].id = 0;
    xb_graph_remove(g, (xb_op){producer}); /* stays when other results are read */
    xb_touch(g);
}
