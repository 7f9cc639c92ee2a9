/* store.h: how a graph is kept; private to src/ir (and to the tests that break one on purpose).
 *
 * Values and ops sit in chunks, so that pointers to slots stay put. Ops form a doubly linked list; `order` rises along
 * it. Every read of a value, by an op's input or a graph output, is one xb_use in the value's list.
 */
#ifndef XB_IR_STORE_H
#define XB_IR_STORE_H

#include "base/map.h"
#include "base/vec.h"
#include "ir/graph.h"

/* Bytes shared between clones until written; refs is atomic. */
typedef struct xb_blob {
    unsigned refs;
    bool view;                  /* bytes lie in an adopted mapping */
    const unsigned char *bytes; /* owned ones: 64-byte aligned; never NULL */
    size_t size;
    unsigned char *aligned; /* atomic; copy of a misaligned view, made when data() first asks */
} xb_blob;

typedef struct xb_mapping {
    unsigned refs; /* atomic */
    xb_view view;
} xb_mapping;

typedef struct xb_use {
    uint32_t value;
    uint32_t op;         /* 0: graph output */
    uint32_t index;      /* of the input or the output */
    uint32_t prev, next; /* in the value's list; next also chains the free ones */
} xb_use;

typedef enum xb_value_kind { XB_VALUE_DEAD, XB_VALUE_INPUT, XB_VALUE_CONST, XB_VALUE_RESULT } xb_value_kind;

typedef struct xb_value_slot {
    const char *name;
    xb_type type;
    xb_value_kind kind;
    uint32_t producer; /* op of a RESULT */
    uint32_t uses, n_uses;
    xb_blob *blob; /* of a CONST */
    xb_attr *notes;
    xb_blob **note_blobs; /* numbers of notes[i] */
    size_t n_notes, cap_notes;
} xb_value_slot;

typedef struct xb_op_slot {
    const char *type, *name;
    xb_kind kind;
    bool alive;
    xb_value *in, *out;
    uint32_t *use; /* of in[i]; 0 where absent */
    size_t n_in, cap_in, n_out;
    xb_attr *attrs;
    size_t n_attrs, cap_attrs;
    uint32_t prev, next, mark;
    uint64_t order;
} xb_op_slot;

/* Names in use: text -> id, and the smallest number to try for NAME_1, NAME_2 ... : a name depends on what is there
 * alone. */
typedef struct xb_names {
    xb_map *ids, *hints;
} xb_names;

#define XB_CHUNK 256u

struct xb_graph {
    const char *name, *file;
    xb_arena *arena;
    xb_names value_names, op_names;
    xb_map *symbol_ids; /* number + 1 */
    xb_vec(const char *) symbols;
    xb_vec(bool) anonymous;
    xb_vec(xb_value_slot *) value_chunks;
    xb_vec(xb_op_slot *) op_chunks;
    uint32_t value_limit, op_limit; /* ids given so far + 1 */
    xb_vec(xb_use) uses;            /* [0] is none */
    uint32_t free_use;
    xb_vec(xb_value) inputs;
    xb_vec(xb_value) outputs;
    xb_vec(uint32_t) output_uses;
    xb_vec(xb_mapping *) mappings;
    uint32_t first, last, mark;
    size_t op_count;
    uint64_t version, shape_version;
};

static inline xb_value_slot *xb_value_at(const xb_graph *g, uint32_t id)
{
    return &g->value_chunks.data[id / XB_CHUNK][id % XB_CHUNK];
}

static inline xb_op_slot *xb_op_at(const xb_graph *g, uint32_t id)
{
    return &g->op_chunks.data[id / XB_CHUNK][id % XB_CHUNK];
}

/* NULL for 0, an id never given, a dead one. */
static inline xb_value_slot *xb_value_live(const xb_graph *g, xb_value v)
{
    if (!v.id || v.id >= g->value_limit) return NULL;
    xb_value_slot *s = xb_value_at(g, v.id);
    return s->kind == XB_VALUE_DEAD ? NULL : s;
}

static inline xb_op_slot *xb_op_live(const xb_graph *g, xb_op op)
{
    if (!op.id || op.id >= g->op_limit) return NULL;
    xb_op_slot *s = xb_op_at(g, op.id);
    return s->alive ? s : NULL;
}

static inline void xb_touch(xb_graph *g)
{
    g->version++;
    g->shape_version++;
}

/* graph.c */
uint32_t xb_value_slot_new(xb_graph *g, const char *name, const char *otherwise, const xb_type *type,
                           xb_value_kind kind);
uint32_t xb_op_slot_new(xb_graph *g);
void xb_value_kill(xb_graph *g, uint32_t id);

/* blob.c */
xb_blob *xb_blob_own(const void *bytes, size_t n); /* copies; NULL: zeros */
xb_blob *xb_blob_view(const void *bytes, size_t n);
xb_blob *xb_blob_keep(xb_blob *b);
void xb_blob_drop(xb_blob *b); /* NULL is fine */
const void *xb_blob_data(xb_blob *b, size_t align);
bool xb_blob_aligned(const xb_blob *b, size_t align);
void *xb_blob_write(xb_blob **b);
xb_mapping *xb_mapping_new(xb_view view);
void xb_mapping_drop(xb_mapping *m);

/* names.c */
void xb_names_init(xb_names *n);
void xb_names_free(xb_names *n);
const char *xb_names_take(xb_names *n, xb_arena *a, const char *want, uint32_t id);
void xb_names_drop(xb_names *n, const char *name);

/* use.c */
uint32_t xb_use_add(xb_graph *g, xb_value v, uint32_t op, size_t index); /* 0 when v is none */
void xb_use_drop(xb_graph *g, uint32_t use);

/* order.c */
void xb_order_insert(xb_graph *g, uint32_t op, uint32_t after); /* after 0: first */
void xb_order_unlink(xb_graph *g, uint32_t op);
/* Moves `op` and what depends on it behind `pivot`; false (nothing done) when pivot itself depends on op. */
bool xb_order_move_behind(xb_graph *g, uint32_t op, uint32_t pivot);

/* edit.c: like xb_graph_add_op_kind, for any operator text; out_names NULL: fresh results. */
xb_op xb_op_insert(xb_graph *g, xb_op before, const char *type, const char *name, const xb_value *in, size_t n_in,
                   const char *const *out_names, xb_value *out, size_t n_out);

/* attr.c: makes *to a copy of *from, owned by the arena. */
void xb_attr_copy(xb_arena *a, xb_attr *to, const xb_attr *from);

/* types.c: a word of the text form: as it is when plain, else quoted. */
bool xb_word_char(char c);
void xb_word_print(xb_buf *b, const char *s);

#endif
