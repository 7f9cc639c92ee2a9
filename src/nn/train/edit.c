/* edit.c: slices of constants: kept, put in order, appended, with the state of their training. */
#include "base/vec.h"
#include "nn/train/edit_private.h"
#include <stdlib.h>
#include <string.h>

/* -- what the verbs share -- */

bool xb_edit_refuse(xb_diags *d, const xb_graph *g, xb_op op, const char *format, ...)
{
    xb_where where = xb_graph_where(g, op);
    va_list args;
    va_start(args, format);
    xb_vdiag(d, XB_ERROR, "edit", &where, format, args);
    va_end(args);
    return false;
}

bool xb_edit_is_tied(const xb_params *p, xb_value v)
{
    for (size_t i = 0; i < p->n_tied; i++)
        if (p->tied[i].to.id == v.id || p->tied[i].from.id == v.id) return true;
    return false;
}

bool xb_edit_is_masked(const xb_params *p, xb_value v)
{
    const xb_slot_state *s = xb_params_find(p, v);
    const xb_attr *note = xb_graph_note(p->graph, v, "mask");
    for (size_t i = 0; s && s->mask && i < s->pub.n; i++)
        if (!s->mask[i]) return true;
    for (size_t i = 0; note && i < note->n; i++)
        if (!note->ints[i]) return true;
    return false;
}

xb_op xb_edit_reader(const xb_graph *g, xb_value v)
{
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        const xb_value *in;
        size_t n = xb_graph_op_inputs(g, op, &in);
        for (size_t i = 0; i < n; i++)
            if (in[i].id == v.id) return op;
    }
    return (xb_op){0};
}

xb_value xb_edit_result(const xb_graph *g, xb_op op)
{
    const xb_value *out;
    return xb_graph_op_outputs(g, op, &out) ? out[0] : (xb_value){0};
}

size_t xb_edit_count(const xb_type *t)
{
    int64_t n = xb_type_count(t);
    return n < 0 ? 0 : (size_t)n;
}

char *xb_edit_name(const char *stem, const char *suffix)
{
    xb_buf b = {0};
    xb_buf_printf(&b, "%s%s", stem, suffix);
    return b.data;
}

/* -- elements that move -- */

static void *picked(const void *old, size_t size, const int64_t *from, size_t n)
{
    unsigned char *to = xb_calloc(n ? n : 1, size);
    for (size_t i = 0; i < n; i++)
        if (from[i] >= 0) memcpy(to + i * size, (const unsigned char *)old + (size_t)from[i] * size, size);
    return to;
}

static uint8_t *picked_mask(const uint8_t *old, const int64_t *from, size_t n)
{
    uint8_t *to = xb_malloc(n ? n : 1);
    for (size_t i = 0; i < n; i++) to[i] = from[i] < 0 ? 1 : old[from[i]];
    return to;
}

/* A slot as s, of n elements, with what it owns drawn from s's. */
static xb_slot_state slot_of(const xb_slot_state *s, xb_value v, const xb_type *type, const int64_t *from, size_t n)
{
    xb_slot_state out = {.pub = s->pub};
    out.pub.value = v;
    out.pub.type = *type;
    out.pub.n = n;
    out.pub.gradient = NULL;
    if (s->mask) out.mask = picked_mask(s->mask, from, n);
    out.pub.mask = out.mask;
    if (s->m) out.m = picked(s->m, sizeof(float), from, n);
    if (s->v) out.v = picked(s->v, sizeof(float), from, n);
    if (s->grad) out.grad = xb_calloc(n ? n : 1, sizeof(float));
    return out;
}

static void slot_clear(xb_slot_state *s)
{
    free(s->mask);
    free(s->m);
    free(s->v);
    free(s->grad);
}

/* What a resize drops of v's notes, but to's are to have. */
typedef struct kept_notes {
    int64_t *mask, *frozen; /* owned; NULL: none */
    size_t n_mask, n_frozen;
} kept_notes;

static kept_notes notes_of(const xb_graph *g, xb_value v, const int64_t *from, size_t n)
{
    const xb_attr *mask = xb_graph_note(g, v, "mask"), *frozen = xb_graph_note(g, v, "frozen");
    kept_notes k = {0};
    if (mask && mask->n == xb_edit_count(xb_graph_type(g, v))) {
        k.mask = picked(mask->ints, sizeof *k.mask, from, k.n_mask = n);
        for (size_t i = 0; i < n; i++)
            if (from[i] < 0) k.mask[i] = 1;
    }
    if (frozen) {
        k.n_frozen = frozen->n;
        k.frozen = xb_calloc(frozen->n ? frozen->n : 1, sizeof *k.frozen);
        if (frozen->n) memcpy(k.frozen, frozen->ints, frozen->n * sizeof *k.frozen);
    }
    return k;
}

static void set_notes(xb_graph *g, xb_value v, kept_notes *k)
{
    if (k->mask) xb_graph_set_note(g, v, "mask", k->mask, k->n_mask);
    if (k->frozen) xb_graph_set_note(g, v, "frozen", k->frozen, k->n_frozen);
    free(k->mask);
    free(k->frozen);
}

void xb_edit_take(xb_params *p, xb_value v, const xb_type *type, const int64_t *from, const float *fresh)
{
    xb_graph *g = p->graph;
    size_t n = xb_edit_count(type);
    void *data = picked(xb_graph_data(g, v), xb_dtype_size(type->dtype), from, n);
    for (size_t i = 0, k = 0; fresh && i < n; i++)
        if (from[i] < 0) ((float *)data)[i] = fresh[k++];
    kept_notes notes = notes_of(g, v, from, n);
    xb_graph_resize(g, v, type, data);
    set_notes(g, v, &notes);
    free(data);
    xb_slot_state *s = xb_params_find(p, v);
    if (!s) return;
    xb_slot_state next = slot_of(s, v, type, from, n);
    next.pub.data = xb_graph_write(g, v);
    slot_clear(s);
    *s = next;
}

xb_value xb_edit_part(xb_params *p, xb_value v, const char *name, const xb_type *type, const int64_t *from)
{
    xb_graph *g = p->graph;
    size_t n = xb_edit_count(type);
    void *data = picked(xb_graph_data(g, v), xb_dtype_size(type->dtype), from, n);
    kept_notes notes = notes_of(g, v, from, n);
    xb_value part = xb_graph_add_const(g, name, type, data);
    set_notes(g, part, &notes);
    free(data);
    const xb_slot_state *s = xb_params_find(p, v);
    if (!s) return part;
    xb_slot_state next = slot_of(s, part, type, from, n);
    next.pub.name = xb_graph_value_name(g, part);
    next.pub.data = xb_graph_write(g, part);
    p->at = xb_realloc(p->at, p->n + 1, sizeof *p->at);
    p->at[p->n++] = next;
    return part;
}

void xb_edit_like(xb_params *p, xb_value v, xb_value old)
{
    xb_graph *g = p->graph;
    const xb_attr *frozen = xb_graph_note(g, old, "frozen");
    if (frozen) xb_graph_set_note(g, v, "frozen", frozen->ints, frozen->n);
    const xb_slot_state *s = xb_params_find(p, old);
    if (!s) return;
    const xb_type type = *xb_graph_type(g, v);
    size_t n = xb_edit_count(&type);
    xb_slot_state next = {.pub = s->pub, .born = p->step};
    next.pub.value = v;
    next.pub.name = xb_graph_value_name(g, v);
    next.pub.type = type;
    next.pub.n = n;
    next.pub.data = xb_graph_write(g, v);
    next.pub.mask = NULL;
    next.pub.gradient = NULL;
    if (s->m) next.m = xb_calloc(n, sizeof *next.m);
    if (s->v) next.v = xb_calloc(n, sizeof *next.v);
    if (s->grad) next.grad = xb_calloc(n, sizeof *next.grad);
    p->at = xb_realloc(p->at, p->n + 1, sizeof *p->at);
    p->at[p->n++] = next;
}

void xb_edit_drop(xb_params *p, xb_value v)
{
    if (!v.id || xb_graph_users(p->graph, v)) return;
    for (size_t i = 0; i < p->n; i++) {
        if (p->at[i].pub.value.id != v.id) continue;
        slot_clear(&p->at[i]);
        memmove(&p->at[i], &p->at[i + 1], (p->n - i - 1) * sizeof *p->at);
        p->n--;
        break;
    }
    xb_graph_sweep(p->graph);
}

/* -- select, append -- */

/* Products of the dims before and behind an axis. */
static void around(const xb_type *t, int axis, int64_t *before, int64_t *behind)
{
    *before = *behind = 1;
    for (int i = 0; i < t->rank; i++) *(i < axis ? before : behind) *= i == axis ? 1 : t->dim[i];
}

int64_t *xb_edit_slices(const xb_type *old, int axis, const int64_t *keep, size_t n, xb_type *type)
{
    int64_t before, behind;
    around(old, axis, &before, &behind);
    *type = *old;
    type->dim[axis] = (int64_t)n;
    size_t count = xb_edit_count(type), at = 0;
    int64_t *from = xb_calloc(count ? count : 1, sizeof *from);
    for (int64_t b = 0; b < before; b++)
        for (size_t k = 0; k < n; k++)
            for (int64_t i = 0; i < behind; i++)
                from[at++] = keep[k] < 0 ? -1 : (b * old->dim[axis] + keep[k]) * behind + i;
    return from;
}

static bool check_axis(xb_diags *d, const xb_params *p, xb_value v, int axis)
{
    const xb_graph *g = p->graph;
    xb_op op = xb_edit_reader(g, v);
    const char *name = xb_graph_value_name(g, v);
    if (!xb_graph_is_const(g, v)) return xb_edit_refuse(d, g, op, "'%s' is no constant", name);
    if (axis < 0 || axis >= xb_graph_type(g, v)->rank)
        return xb_edit_refuse(d, g, op, "'%s' has %d dimensions, none is number %d", name, xb_graph_type(g, v)->rank,
                              axis);
    return !xb_edit_is_tied(p, v) || xb_edit_refuse(d, g, op, "'%s' is tied to other weights", name);
}

/* Every number in 0..size-1, none twice. */
static bool check_keep(xb_diags *d, const xb_graph *g, xb_value v, int64_t size, const int64_t *keep, size_t n)
{
    bool *seen = xb_calloc(size ? (size_t)size : 1, 1), ok = n > 0;
    xb_op op = xb_edit_reader(g, v);
    const char *name = xb_graph_value_name(g, v);
    if (!n) xb_edit_refuse(d, g, op, "nothing would be left of '%s'", name);
    for (size_t i = 0; ok && i < n; i++) {
        if (keep[i] < 0 || keep[i] >= size)
            ok = xb_edit_refuse(d, g, op, "'%s' has no slice %lld of %lld", name, (long long)keep[i], (long long)size);
        else if (seen[keep[i]])
            ok = xb_edit_refuse(d, g, op, "slice %lld of '%s' is kept twice", (long long)keep[i], name);
        else
            seen[keep[i]] = true;
    }
    free(seen);
    return ok;
}

bool xb_edit_select(xb_diags *d, xb_params *p, xb_value v, int axis, const int64_t *keep, size_t n)
{
    if (!check_axis(d, p, v, axis)) return false;
    const xb_type old = *xb_graph_type(p->graph, v);
    xb_type type;
    if (!check_keep(d, p->graph, v, old.dim[axis], keep, n)) return false;
    bool same = n == (size_t)old.dim[axis];
    for (size_t i = 0; same && i < n; i++) same = keep[i] == (int64_t)i;
    if (same) return true;
    int64_t *from = xb_edit_slices(&old, axis, keep, n, &type);
    xb_edit_take(p, v, &type, from, NULL);
    free(from);
    return true;
}

/* Of the second moments; 0: there are none. */
static double mean_of(const xb_slot_state *s)
{
    double sum = 0;
    if (!s || !s->v || !s->pub.n) return 0;
    for (size_t i = 0; i < s->pub.n; i++) sum += s->v[i];
    return sum / (double)s->pub.n;
}

bool xb_edit_append(xb_diags *d, xb_params *p, xb_value v, int axis, int64_t count, const float *data)
{
    if (!check_axis(d, p, v, axis)) return false;
    xb_graph *g = p->graph;
    const xb_type old = *xb_graph_type(g, v);
    xb_type type = old;
    size_t bytes;
    const char *name = xb_graph_value_name(g, v);
    xb_op op = xb_edit_reader(g, v);
    if (old.dtype != XB_F32) return xb_edit_refuse(d, g, op, "'%s' is not float32", name);
    if (count < 1 || !xb_add_i64(old.dim[axis], count, &type.dim[axis]) || !xb_type_bytes(&type, &bytes))
        return xb_edit_refuse(d, g, op, "%lld slices cannot be appended to '%s'", (long long)count, name);
    size_t n = (size_t)type.dim[axis];
    int64_t *keep = xb_calloc(n, sizeof *keep);
    for (size_t i = 0; i < n; i++) keep[i] = i < (size_t)old.dim[axis] ? (int64_t)i : -1;
    int64_t *from = xb_edit_slices(&old, axis, keep, n, &type);
    double mean = mean_of(xb_params_find(p, v));
    xb_edit_take(p, v, &type, from, data);
    xb_slot_state *s = xb_params_find(p, v);
    for (size_t i = 0; s && s->v && i < s->pub.n; i++)
        if (from[i] < 0) s->v[i] = (float)mean;
    free(keep);
    free(from);
    return true;
}
