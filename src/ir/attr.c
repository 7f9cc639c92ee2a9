/* attr.c: attributes of ops (they live as long as the graph) and notes on constants. */
#include "ir/store.h"
#include <string.h>

static void *copied(xb_arena *a, const void *from, size_t n, size_t size)
{
    void *to = xb_arena_alloc(a, n ? n : 1, size);
    if (n) memcpy(to, from, n * size);
    return to;
}

void xb_attr_copy(xb_arena *a, xb_attr *to, const xb_attr *from)
{
    xb_attr out = {.name = xb_arena_strdup(a, from->name), .type = from->type};
    switch (from->type) {
    case XB_ATTR_INT:
        out.i = from->i;
        break;
    case XB_ATTR_FLOAT:
        out.f = from->f;
        break;
    case XB_ATTR_STRING:
        out.n = from->n;
        out.s = xb_arena_strndup(a, from->n ? from->s : "", from->n);
        break;
    case XB_ATTR_INTS:
        out.n = from->n;
        out.ints = copied(a, from->ints, from->n, sizeof *from->ints);
        break;
    case XB_ATTR_FLOATS:
        out.n = from->n;
        out.floats = copied(a, from->floats, from->n, sizeof *from->floats);
        break;
    }
    *to = out;
}

static size_t find(const xb_attr *attrs, size_t n, const char *name)
{
    size_t i = 0;
    while (i < n && strcmp(attrs[i].name, name)) i++;
    return i;
}

size_t xb_graph_op_attrs(const xb_graph *g, xb_op op, const xb_attr **list)
{
    const xb_op_slot *s = xb_op_live(g, op);
    if (list) *list = s ? s->attrs : NULL;
    return s ? s->n_attrs : 0;
}

const xb_attr *xb_graph_attr(const xb_graph *g, xb_op op, const char *name)
{
    const xb_op_slot *s = xb_op_live(g, op);
    size_t i = s ? find(s->attrs, s->n_attrs, name) : 0;
    return s && i < s->n_attrs ? &s->attrs[i] : NULL;
}

int64_t xb_graph_attr_int(const xb_graph *g, xb_op op, const char *name, int64_t absent)
{
    const xb_attr *a = xb_graph_attr(g, op, name);
    return a && a->type == XB_ATTR_INT ? a->i : absent;
}

float xb_graph_attr_float(const xb_graph *g, xb_op op, const char *name, float absent)
{
    const xb_attr *a = xb_graph_attr(g, op, name);
    return a && a->type == XB_ATTR_FLOAT ? a->f : absent;
}

void xb_graph_set_attr(xb_graph *g, xb_op op, const xb_attr *attr)
{
    xb_op_slot *s = xb_op_live(g, op);
    if (!s) return;
    size_t i = find(s->attrs, s->n_attrs, attr->name);
    if (i == s->cap_attrs) {
        s->cap_attrs = i ? i * 2 : 4;
        xb_attr *more = xb_arena_alloc(g->arena, s->cap_attrs, sizeof *more);
        if (i) memcpy(more, s->attrs, i * sizeof *more);
        s->attrs = more;
    }
    xb_attr_copy(g->arena, &s->attrs[i], attr);
    if (i == s->n_attrs) s->n_attrs++;
    xb_touch(g);
}

void xb_graph_remove_attr(xb_graph *g, xb_op op, const char *name)
{
    xb_op_slot *s = xb_op_live(g, op);
    size_t i = s ? find(s->attrs, s->n_attrs, name) : 0;
    if (!s || i == s->n_attrs) return;
    memmove(&s->attrs[i], &s->attrs[i + 1], (s->n_attrs - i - 1) * sizeof *s->attrs);
    s->n_attrs--;
    xb_touch(g);
}

void xb_graph_set_int(xb_graph *g, xb_op op, const char *name, int64_t v)
{
    xb_graph_set_attr(g, op, &(xb_attr){.name = name, .type = XB_ATTR_INT, .i = v});
}

void xb_graph_set_float(xb_graph *g, xb_op op, const char *name, float v)
{
    xb_graph_set_attr(g, op, &(xb_attr){.name = name, .type = XB_ATTR_FLOAT, .f = v});
}

void xb_graph_set_ints(xb_graph *g, xb_op op, const char *name, const int64_t *v, size_t n)
{
    xb_graph_set_attr(g, op, &(xb_attr){.name = name, .type = XB_ATTR_INTS, .ints = v, .n = n});
}

void xb_graph_set_string(xb_graph *g, xb_op op, const char *name, const char *v)
{
    xb_graph_set_attr(g, op, &(xb_attr){.name = name, .type = XB_ATTR_STRING, .s = v, .n = strlen(v)});
}

/* ---- notes: numbers shared between clones; a note's numbers live until the note is set anew or its constant is gone
 * ---- */

size_t xb_graph_notes(const xb_graph *g, xb_value v, const xb_attr **list)
{
    const xb_value_slot *s = xb_value_live(g, v);
    if (list) *list = s ? s->notes : NULL;
    return s ? s->n_notes : 0;
}

const xb_attr *xb_graph_note(const xb_graph *g, xb_value v, const char *key)
{
    const xb_value_slot *s = xb_value_live(g, v);
    size_t i = s ? find(s->notes, s->n_notes, key) : 0;
    return s && i < s->n_notes ? &s->notes[i] : NULL;
}

static void grow_notes(xb_graph *g, xb_value_slot *s)
{
    if (s->n_notes < s->cap_notes) return;
    size_t cap = s->cap_notes ? s->cap_notes * 2 : 2;
    xb_attr *notes = xb_arena_alloc(g->arena, cap, sizeof *notes);
    xb_blob **blobs = xb_arena_alloc(g->arena, cap, sizeof(xb_blob *));
    if (s->n_notes) memcpy(notes, s->notes, s->n_notes * sizeof *notes);
    if (s->n_notes) memcpy(blobs, s->note_blobs, s->n_notes * sizeof(xb_blob *));
    s->notes = notes;
    s->note_blobs = blobs;
    s->cap_notes = cap;
}

void xb_graph_set_note(xb_graph *g, xb_value v, const char *key, const int64_t *ints, size_t n)
{
    size_t bytes;
    if (!xb_graph_is_const(g, v) || !xb_mul(n, sizeof *ints, &bytes)) return;
    xb_value_slot *s = xb_value_at(g, v.id);
    size_t i = find(s->notes, s->n_notes, key);
    xb_blob *blob = xb_blob_own(ints, bytes);
    if (i == s->n_notes) {
        grow_notes(g, s);
        s->notes[i] = (xb_attr){.name = xb_arena_strdup(g->arena, key), .type = XB_ATTR_INTS};
        s->n_notes++;
    } else {
        xb_blob_drop(s->note_blobs[i]);
    }
    s->note_blobs[i] = blob;
    s->notes[i].ints = (const int64_t *)(const void *)blob->bytes;
    s->notes[i].n = n;
    xb_touch(g);
}
