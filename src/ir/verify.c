/* verify.c: one function a rule; each violation is one diagnostic. Later rules rely on earlier ones having held. */
#include "ir/verify.h"
#include "ir/infer.h"
#include "ir/store.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FAIL_OP(d, g, id, ...)                                                                                         \
    do {                                                                                                               \
        xb_where where_ = xb_graph_where(g, (xb_op){id});                                                              \
        xb_diag(d, XB_ERROR, "verify", &where_, __VA_ARGS__);                                                          \
        ok = false;                                                                                                    \
    } while (0)
#define FAIL(d, g, ...) (ok = xb_error(d, "verify", (.file = (g)->file), __VA_ARGS__))

/* ---- the list of ops ---- */

static bool check_list(xb_diags *d, const xb_graph *g)
{
    bool ok = true;
    size_t n = 0;
    uint32_t prev = 0;
    for (uint32_t op = g->first; op; prev = op, op = xb_op_at(g, op)->next) {
        if (op >= g->op_limit || !xb_op_at(g, op)->alive || xb_op_at(g, op)->prev != prev || n++ > g->op_count)
            return FAIL(d, g, "the list of ops is broken at op %" PRIu32, op);
        if (prev && xb_op_at(g, prev)->order >= xb_op_at(g, op)->order)
            FAIL_OP(d, g, op, "its place in the order is not kept");
    }
    if (n != g->op_count || prev != g->last) FAIL(d, g, "%zu ops are listed, %zu are there", n, g->op_count);
    return ok;
}

/* ---- what an op reads and gives ---- */

static bool check_inputs(xb_diags *d, const xb_graph *g, uint32_t op)
{
    const xb_op_slot *s = xb_op_at(g, op);
    bool ok = true;
    for (size_t i = 0; i < s->n_in; i++) {
        if (!s->in[i].id) continue;
        const xb_value_slot *v = xb_value_live(g, s->in[i]);
        if (!v) {
            FAIL_OP(d, g, op, "input %zu is no value of this graph", i + 1);
            continue;
        }
        uint32_t p = v->kind == XB_VALUE_RESULT ? v->producer : 0;
        if (p && xb_op_live(g, (xb_op){p}) && xb_op_at(g, p)->order >= s->order)
            FAIL_OP(d, g, op, "reads '%s', the result of '%s', which does not come before it", v->name,
                    xb_op_at(g, p)->name);
        uint32_t u = s->use[i];
        if (!u || u >= g->uses.n || g->uses.data[u].value != s->in[i].id || g->uses.data[u].op != op ||
            g->uses.data[u].index != i)
            FAIL_OP(d, g, op, "its reading of '%s' is not in that value's list of uses", v->name);
    }
    return ok;
}

static bool check_results(xb_diags *d, const xb_graph *g, uint32_t op)
{
    const xb_op_slot *s = xb_op_at(g, op);
    bool ok = true;
    for (size_t i = 0; i < s->n_out; i++) {
        if (!s->out[i].id) continue;
        const xb_value_slot *v = xb_value_live(g, s->out[i]);
        if (!v || v->kind != XB_VALUE_RESULT || v->producer != op)
            FAIL_OP(d, g, op, "result %zu is not its own", i + 1);
    }
    return ok;
}

static bool check_arity(xb_diags *d, const xb_graph *g, uint32_t op)
{
    const xb_op_slot *s = xb_op_at(g, op);
    const xb_opdef *def = xb_opdef_of(s->kind);
    bool ok = true;
    if (s->kind == XB_OP_UNKNOWN) return true; /* left to inference */
    if (strcmp(s->type, def->name)) FAIL_OP(d, g, op, "is kept as operator '%s'", def->name);
    if ((long)s->n_in < def->min_in)
        FAIL_OP(d, g, op, "has %zu inputs, needs at least %d", s->n_in, def->min_in);
    else if (def->max_in >= 0 && (long)s->n_in > def->max_in)
        FAIL_OP(d, g, op, "has %zu inputs, takes at most %d", s->n_in, def->max_in);
    for (size_t i = 0; i < s->n_in && (long)i < def->min_in; i++)
        if (!s->in[i].id) FAIL_OP(d, g, op, "input %zu is absent but required", i + 1);
    if (def->max_out >= 0 && (long)s->n_out > def->max_out)
        FAIL_OP(d, g, op, "has %zu results, gives at most %d", s->n_out, def->max_out);
    return ok;
}

/* ---- values ---- */

static bool check_outputs(xb_diags *d, const xb_graph *g)
{
    bool ok = true;
    for (size_t i = 0; i < g->outputs.n; i++) {
        const xb_value_slot *v = xb_value_live(g, g->outputs.data[i]);
        uint32_t u = g->output_uses.data[i];
        if (!v)
            FAIL(d, g, "graph output %zu is no value of this graph", i + 1);
        else if (!u || u >= g->uses.n || g->uses.data[u].value != g->outputs.data[i].id || g->uses.data[u].op ||
                 g->uses.data[u].index != i)
            FAIL(d, g, "graph output '%s' is not in that value's list of uses", v->name);
    }
    return ok;
}

static bool check_uses(xb_diags *d, const xb_graph *g, const xb_value_slot *v)
{
    bool ok = true;
    uint32_t n = 0, prev = 0;
    for (uint32_t u = v->uses; u && n <= v->n_uses; prev = u, u = g->uses.data[u].next, n++) {
        if (u >= g->uses.n) return FAIL(d, g, "value '%s': its list of uses is broken", v->name);
        const xb_use *use = &g->uses.data[u];
        const xb_op_slot *s = use->op ? xb_op_live(g, (xb_op){use->op}) : NULL;
        bool real = use->op ? s && use->index < s->n_in && s->use[use->index] == u
                            : use->index < g->output_uses.n && g->output_uses.data[use->index] == u;
        if (!real || use->prev != prev)
            return FAIL(d, g, "value '%s': its list of uses names a reader that is none", v->name);
    }
    if (n != v->n_uses)
        FAIL(d, g, "value '%s': %" PRIu32 " uses are counted, %" PRIu32 " listed", v->name, v->n_uses, n);
    return ok;
}

static bool check_type(xb_diags *d, const xb_graph *g, const xb_value_slot *v)
{
    bool ok = true;
    uint32_t op = v->kind == XB_VALUE_RESULT ? v->producer : 0;
    const xb_type *t = &v->type;
    if (t->dtype == XB_NONE || (unsigned)t->dtype >= XB_DTYPES)
        FAIL_OP(d, g, op, "value '%s' has no element type", v->name);
    else if (t->rank < 0)
        FAIL_OP(d, g, op, "the shape of value '%s' is not known", v->name);
    else if (t->rank > XB_MAX_RANK)
        FAIL_OP(d, g, op, "value '%s' has %d dimensions, more than %d", v->name, t->rank, XB_MAX_RANK);
    for (int i = 0; ok && i < t->rank; i++)
        if (t->dim[i] < 0 && !xb_graph_symbol(g, t->dim[i]))
            FAIL_OP(d, g, op, "dimension %d of value '%s' is a symbol that is not there", i, v->name);
    return ok;
}

static bool in_mapping(const xb_graph *g, const xb_blob *b)
{
    for (size_t i = 0; i < g->mappings.n; i++) {
        const xb_view *m = &g->mappings.data[i]->view;
        uintptr_t at = (uintptr_t)b->bytes, from = (uintptr_t)m->data;
        if (m->data && at >= from && at - from <= m->size && b->size <= m->size - (at - from)) return true;
    }
    return false;
}

static bool check_constant(xb_diags *d, const xb_graph *g, const xb_value_slot *v)
{
    bool ok = true;
    size_t need;
    if (!v->blob) return FAIL(d, g, "constant '%s' has no data", v->name);
    if (!xb_type_bytes(&v->type, &need)) return FAIL(d, g, "constant '%s' has a type of unknown size", v->name);
    if (need != v->blob->size)
        FAIL(d, g, "constant '%s' holds %zu bytes, its type takes %zu", v->name, v->blob->size, need);
    if (v->blob->view && !in_mapping(g, v->blob))
        FAIL(d, g, "constant '%s' views bytes outside of the files of this graph", v->name);
    for (size_t i = 0; i < v->n_notes; i++)
        if (!strcmp(v->notes[i].name, "mask") && v->notes[i].n != (size_t)xb_type_count(&v->type))
            FAIL(d, g, "constant '%s': its mask has %zu numbers for %lld elements", v->name, v->notes[i].n,
                 (long long)xb_type_count(&v->type));
    return ok;
}

static bool check_value(xb_diags *d, const xb_graph *g, uint32_t id)
{
    const xb_value_slot *v = xb_value_at(g, id);
    bool ok = check_uses(d, g, v);
    if (v->kind == XB_VALUE_RESULT && !xb_op_live(g, (xb_op){v->producer}))
        FAIL(d, g, "value '%s' is the result of an op that is not there", v->name);
    else if (!check_type(d, g, v))
        ok = false;
    if (ok && v->kind == XB_VALUE_CONST) ok = check_constant(d, g, v);
    return ok;
}

/* ---- names ---- */

static bool check_name(xb_diags *d, const xb_graph *g, xb_map *seen, const xb_map *ids, const char *what,
                       const char *name, uint32_t id)
{
    bool ok = true;
    size_t n = strlen(name);
    if (!n) return FAIL(d, g, "%s %" PRIu32 " has no name", what, id);
    if (xb_map_get(seen, name, n, 0)) return FAIL(d, g, "two of the %ss are named '%s'", what, name);
    if (xb_map_get(ids, name, n, 0) != id) FAIL(d, g, "%s '%s' is not found by its name", what, name);
    xb_map_put(seen, name, n, id);
    return ok;
}

static bool check_names(xb_diags *d, const xb_graph *g)
{
    bool ok = true;
    xb_map *values = xb_map_new(), *ops = xb_map_new();
    for (uint32_t id = 1; id < g->value_limit; id++)
        if (xb_value_at(g, id)->kind != XB_VALUE_DEAD)
            ok &= check_name(d, g, values, g->value_names.ids, "value", xb_value_at(g, id)->name, id);
    for (uint32_t op = g->first; op; op = xb_op_at(g, op)->next)
        ok &= check_name(d, g, ops, g->op_names.ids, "op", xb_op_at(g, op)->name, op);
    xb_map_free(values);
    xb_map_free(ops);
    return ok;
}

/* ---- matrices ---- */

static bool check_matrix(xb_diags *d, const xb_graph *g, uint32_t op)
{
    xb_matrix m;
    bool ok = true;
    if (!xb_graph_matrix(g, (xb_op){op}, &m)) return true;
    int64_t count = xb_type_count(xb_graph_type(g, m.weight));
    int64_t last = (m.groups - 1) * m.group_stride + (m.rows - 1) * m.row_stride + (m.cols - 1) * m.col_stride;
    if (m.groups * m.rows * m.cols != count || last + 1 != count)
        FAIL_OP(d, g, op, "its matrix does not cover weight '%s' exactly", xb_graph_value_name(g, m.weight));
    const xb_type *bias = xb_graph_type(g, m.bias);
    bool conv = xb_graph_kind(g, (xb_op){op}) == XB_OP_Conv;
    if (ok && m.bias.id && conv && xb_type_count(bias) >= 0 && xb_type_count(bias) != m.groups * m.cols)
        FAIL_OP(d, g, op, "its bias has %lld elements for %lld outputs", (long long)xb_type_count(bias),
                (long long)(m.groups * m.cols));
    return ok;
}

/* ---- inference ---- */

static bool is_anonymous(const xb_graph *g, int64_t dim)
{
    return g->anonymous.data[-1 - dim];
}

/* Types agree unless both sides know and say different things. c is a clone of g: its first symbols are g's. */
static bool agree(const xb_graph *g, const xb_type *have, const xb_graph *c, const xb_type *inferred)
{
    if (inferred->dtype == XB_NONE || inferred->rank < 0) return true;
    if (have->dtype != inferred->dtype || have->rank != inferred->rank) return false;
    for (int i = 0; i < have->rank; i++) {
        int64_t a = have->dim[i], b = inferred->dim[i];
        if (a == b || (b < 0 && (a >= 0 || is_anonymous(c, b) || is_anonymous(g, a)))) continue;
        return false;
    }
    return true;
}

static bool check_inference(xb_diags *d, const xb_graph *g)
{
    bool ok = true;
    xb_graph *c = xb_graph_clone(g);
    xb_diags *quiet = xb_diags_new(NULL, XB_DIAG_TEXT, true);
    if (!xb_graph_infer(quiet, c, NULL)) {
        const char *why = xb_diags_text(quiet);
        FAIL(d, g, "shapes cannot be inferred: %.*s", (int)strcspn(why, "\n"), why);
    }
    for (uint32_t id = 1; ok && id < g->value_limit; id++) {
        const xb_value_slot *a = xb_value_at(g, id), *b = xb_value_live(c, (xb_value){id});
        if (a->kind == XB_VALUE_DEAD || !b || agree(g, &a->type, c, &b->type)) continue;
        xb_buf have = {0}, inferred = {0};
        xb_type_print(&have, g, &a->type);
        xb_type_print(&inferred, c, &b->type);
        FAIL_OP(d, g, a->kind == XB_VALUE_RESULT ? a->producer : 0, "value '%s' is typed %s, inference says %s",
                a->name, have.data, inferred.data);
        xb_buf_free(&have);
        xb_buf_free(&inferred);
    }
    xb_diags_free(quiet);
    xb_graph_free(c);
    return ok;
}

bool xb_graph_verify(xb_diags *d, const xb_graph *g)
{
    if (!check_list(d, g)) return false;
    bool ok = check_names(d, g);
    for (uint32_t op = g->first; op; op = xb_op_at(g, op)->next) {
        bool sound = check_inputs(d, g, op) && check_results(d, g, op);
        ok = sound && check_arity(d, g, op) && ok;
    }
    ok &= check_outputs(d, g);
    for (uint32_t id = 1; id < g->value_limit; id++)
        if (xb_value_at(g, id)->kind != XB_VALUE_DEAD) ok &= check_value(d, g, id);
    for (uint32_t op = g->first; ok && op; op = xb_op_at(g, op)->next) ok = check_matrix(d, g, op);
    return ok && check_inference(d, g);
}
