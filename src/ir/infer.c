/* infer.c: the walk: one op after the other in topological order, each by the rule of its kind; what becomes known on
 * the way is put into the graph. Private parts: infer_walk.h. */
#include "ir/infer_walk.h"
#include <stdlib.h>
#include <string.h>

/* -- before the walk -- */

static bool check_op(xb_diags *d, xb_graph *g, xb_op op)
{
    xb_where where = xb_graph_where(g, op);
    xb_kind kind = xb_graph_kind(g, op);
    if (kind == XB_OP_UNKNOWN) {
        xb_diag(d, XB_ERROR, "op-unsupported", &where, "operator %s is not supported", xb_graph_op_type(g, op));
        return false;
    }
    const xb_opdef *def = xb_opdef_of(kind);
    const xb_value *in, *out;
    size_t n_in = xb_graph_op_inputs(g, op, &in), n_out = xb_graph_op_outputs(g, op, &out);
    if (n_in < (size_t)def->min_in || (def->max_in >= 0 && n_in > (size_t)def->max_in) ||
        (def->max_out >= 0 && n_out > (size_t)def->max_out) || n_out == 0) {
        xb_diag(d, XB_ERROR, "op-arity", &where, "%zu inputs and %zu results", n_in, n_out);
        return false;
    }
    for (size_t i = 0; i < n_in; i++)
        if (in[i].id == 0 && (i < (size_t)def->min_in || def->max_in < 0)) {
            where.input = (int)i + 1;
            xb_diag(d, XB_ERROR, "op-arity", &where, "the input is missing");
            return false;
        }
    return true;
}

static bool check_ops(xb_diags *d, xb_graph *g)
{
    bool ok = true;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) ok &= check_op(d, g, op);
    return ok;
}

/* Known elements within XB_MAX_COUNT? A size of 0 makes the others harmless only if they multiply without overflow. */
static bool size_is_sane(const xb_type *t)
{
    int64_t n = 1;
    for (int i = 0; i < t->rank; i++)
        if (t->dim[i] > 0 && (!xb_mul_i64(n, t->dim[i], &n) || n > XB_MAX_COUNT)) return false;
    return true;
}

static bool check_inputs(xb_diags *d, const xb_graph *g)
{
    const xb_value *in;
    bool ok = true;
    size_t n = xb_graph_inputs(g, &in);
    for (size_t i = 0; i < n; i++) {
        const xb_type *t = xb_graph_type(g, in[i]);
        const char *name = xb_graph_value_name(g, in[i]);
        if (t->rank < 0 || t->dtype == XB_NONE)
            ok = xb_error(d, "shape-dynamic", (.file = xb_graph_file(g)), "input '%s' has no type and shape", name);
        else if (!size_is_sane(t))
            ok = xb_error(d, "shape", (.file = xb_graph_file(g)), "input '%s' is too large", name);
    }
    return ok;
}

/* -- one op -- */

static void load(xb_walk *w, xb_op op)
{
    const xb_value *in, *out;
    w->op = op;
    w->kind = xb_graph_kind(w->g, op);
    w->n_in = xb_graph_op_inputs(w->g, op, &in);
    w->n_out = xb_graph_op_outputs(w->g, op, &out);
    w->in = xb_arena_alloc(w->arena, w->n_in + 1, sizeof *w->in);
    w->out = xb_arena_alloc(w->arena, w->n_out + 1, sizeof *w->out);
    w->type = xb_arena_alloc(w->arena, w->n_in + 1, sizeof *w->type);
    for (size_t i = 0; i < w->n_in; i++) {
        w->in[i] = in[i];
        w->type[i] = in[i].id ? *xb_graph_type(w->g, in[i]) : (xb_type){.rank = -1};
    }
    for (size_t i = 0; i < w->n_out; i++) w->out[i] = out[i];
    xb_dims_at(w->dims, xb_graph_op_name(w->g, op));
}

static bool inputs_unknown(const xb_walk *w)
{
    for (size_t i = 0; i < w->n_in; i++)
        if (w->in[i].id && (w->type[i].rank < 0 || w->type[i].dtype == XB_NONE)) return true;
    return false;
}

static void put_types(xb_walk *w, const xb_type *t)
{
    for (size_t i = 0; i < w->n_out; i++)
        if (w->out[i].id && !xb_type_same(xb_graph_type(w->g, w->out[i]), &t[i]))
            xb_graph_set_type(w->g, w->out[i], &t[i]);
}

static bool infer_types(xb_walk *w, xb_type *t)
{
    if (!xb_rule_of(w->kind)(w, t)) return false;
    for (size_t i = 0; i < w->n_out; i++)
        if (!size_is_sane(&t[i]))
            return xb_walk_error(w, "shape", -1, "the result %s is too large", xb_walk_show(w, &t[i]));
    return true;
}

static bool is_output(const xb_graph *g, xb_value v)
{
    const xb_value *out;
    size_t n = xb_graph_outputs(g, &out);
    for (size_t i = 0; i < n; i++)
        if (out[i].id == v.id) return true;
    return false;
}

bool xb_graph_draws(const xb_graph *g, xb_op op)
{
    const xb_value *in;
    if (xb_graph_kind(g, op) != XB_OP_Dropout || xb_graph_op_inputs(g, op, &in) < 3 || in[2].id == 0) return false;
    const xb_type *t = xb_graph_type(g, in[2]);
    if (!xb_graph_is_const(g, in[2]) || t->dtype != XB_BOOLEAN || xb_type_count(t) != 1) return true;
    return *(const unsigned char *)xb_graph_data(g, in[2]) != 0;
}

/* A Dropout that neither draws nor shows its mask. */
static bool is_copy(const xb_graph *g, xb_op op)
{
    const xb_value *out;
    size_t n = xb_graph_op_outputs(g, op, &out);
    return xb_graph_kind(g, op) == XB_OP_Dropout && !xb_graph_draws(g, op) &&
           (n < 2 || out[1].id == 0 || xb_graph_users(g, out[1]) == 0);
}

/* Its readers read its input. A graph output needs a name of its own: then an op must make it. */
static bool bypass(xb_graph *g, xb_op op)
{
    const xb_value *in, *out;
    xb_graph_op_inputs(g, op, &in);
    xb_graph_op_outputs(g, op, &out);
    if (out[0].id == 0) return false;
    if (is_output(g, out[0]) && (xb_graph_producer(g, in[0]).id == 0 || is_output(g, in[0]))) return false;
    xb_graph_replace(g, out[0], in[0]);
    xb_graph_remove(g, op);
    return true;
}

/* A Dropout is kept for training, but what a constant feeds may be a weight, and that has to be a constant. */
static bool goes(const xb_walk *w)
{
    return w->kind == XB_OP_Identity || (xb_graph_is_const(w->g, w->in[0]) && is_copy(w->g, w->op));
}

static void put_int(xb_dtype t, unsigned char *to, int64_t v)
{
    int8_t i8 = (int8_t)v;
    int16_t i16 = (int16_t)v;
    int32_t i32 = (int32_t)v;
    size_t n = xb_dtype_size(t);
    memcpy(to, n == 1 ? (void *)&i8 : n == 2 ? (void *)&i16 : n == 4 ? (void *)&i32 : (void *)&v, n);
}

/* The result as a constant, when all of it is known. */
static bool make_known(xb_walk *w, const xb_known *k, const xb_type *t)
{
    unsigned char data[XB_SHORT * sizeof(int64_t)] = {0};
    for (size_t i = 0; i < k->n; i++) {
        if (k->e[i].sym) return false;
        put_int(t->dtype, data + i * xb_dtype_size(t->dtype), k->e[i].v);
    }
    xb_graph_make_const(w->g, w->out[0], t, data);
    return true;
}

/* A constant for input 1 of Reshape that means the same for every size of the symbols: 0 copies, -1 is the rest. A -1
 * of the model stays unless a symbol needs it. */
static bool reshape_target(xb_walk *w, const xb_known *to, const xb_type *out, int64_t target[XB_MAX_RANK])
{
    const xb_type *x = &w->type[0];
    bool allow_zero = xb_graph_attr_int(w->g, w->op, "allowzero", 0) != 0;
    int symbols = 0, rest = -1;
    for (int i = 0; i < out->rank; i++) {
        bool copies = !allow_zero && i < x->rank && x->dim[i] == out->dim[i];
        target[i] = !to->e[i].sym ? to->e[i].v : out->dim[i] >= 0 ? out->dim[i] : copies ? 0 : -1;
        symbols += to->e[i].sym && target[i] == -1;
        if (!to->e[i].sym && target[i] == -1) rest = i;
    }
    if (symbols && rest >= 0) target[rest] = out->dim[rest];
    return symbols == 0 || (symbols == 1 && (rest < 0 || target[rest] >= 0));
}

/* The same for Expand: 1 keeps a dimension. */
static bool expand_target(xb_walk *w, const xb_known *to, const xb_type *out, int64_t target[XB_MAX_RANK])
{
    const xb_type *x = &w->type[0];
    int first = out->rank - (int)to->n, shift = out->rank - x->rank;
    for (int i = 0; i < (int)to->n; i++) {
        int at = first + i;
        bool keeps = at >= shift && x->dim[at - shift] == out->dim[at];
        if (out->dim[at] < 0 && !keeps) return false;
        target[i] = keeps ? 1 : out->dim[at];
    }
    return true;
}

static void retarget(xb_walk *w, const xb_type *out)
{
    if ((w->kind != XB_OP_Reshape && w->kind != XB_OP_Expand) || xb_graph_is_const(w->g, w->in[1])) return;
    const xb_known *to = xb_walk_known(w, 1);
    int64_t target[XB_MAX_RANK];
    bool ok = to && (w->kind == XB_OP_Reshape ? reshape_target(w, to, out, target) : expand_target(w, to, out, target));
    if (!ok) return;
    xb_type type = {.dtype = XB_I64, .rank = 1, .dim = {(int64_t)to->n}};
    const char *name = xb_arena_printf(w->arena, "%s_shape", xb_graph_op_name(w->g, w->op));
    xb_graph_set_input(w->g, w->op, 1, xb_graph_add_const(w->g, name, &type, target));
}

static void offer_fold(xb_walk *w)
{
    if (!w->fold || w->kind == XB_OP_Dropout) return;
    for (size_t i = 0; i < w->n_in; i++)
        if (w->in[i].id && !xb_graph_is_const(w->g, w->in[i])) return;
    for (size_t i = 0; i < w->n_out; i++)
        if (w->out[i].id && xb_type_count(xb_graph_type(w->g, w->out[i])) < 0) return;
    w->fold(w->g, w->op);
}

static void visit(xb_walk *w, xb_op op)
{
    load(w, op);
    xb_type *t = xb_arena_alloc(w->arena, w->n_out + 1, sizeof *t);
    bool unknown = inputs_unknown(w); /* an error before has said why */
    if (unknown || !infer_types(w, t)) {
        w->failed = true;
        for (size_t i = 0; i < w->n_out; i++) t[i] = (xb_type){.rank = -1};
        put_types(w, t);
        return;
    }
    put_types(w, t);
    if (goes(w) && bypass(w->g, op)) return;
    const xb_known *k = xb_shape_value(w, &t[0]);
    if (k && w->out[0].id) {
        if (make_known(w, k, &t[0])) return;
        while (w->known.n <= w->out[0].id) xb_push(&w->known, NULL);
        w->known.data[w->out[0].id] = k;
    }
    retarget(w, &t[0]);
    offer_fold(w);
}

/* -- the walk -- */

/* The inputs' symbols that turned out to be one get one name. */
static bool rename_inputs(xb_walk *w)
{
    const xb_value *in;
    bool any = false;
    size_t n = xb_graph_inputs(w->g, &in);
    for (size_t i = 0; i < n; i++) {
        xb_type t = *xb_graph_type(w->g, in[i]);
        for (int k = 0; k < t.rank; k++) t.dim[k] = xb_dims_root(w->dims, t.dim[k]);
        if (xb_type_same(&t, xb_graph_type(w->g, in[i]))) continue;
        xb_graph_set_type(w->g, in[i], &t);
        any = true;
    }
    return any;
}

/* *again: symbols were united, so that types have to be inferred anew. */
static bool walk(xb_diags *d, xb_graph *g, xb_fold_fn *fold, bool *again)
{
    xb_walk w = {.d = d, .g = g, .fold = fold, .arena = xb_arena_new(), .dims = xb_dims_new(g)};
    for (xb_op op = xb_graph_first(g), next; op.id; op = next) {
        next = xb_graph_next(g, op);
        visit(&w, op);
    }
    *again = !w.failed && xb_dims_united(w.dims) > 0 && rename_inputs(&w);
    xb_vec_free(&w.known);
    xb_dims_free(w.dims);
    xb_arena_free(w.arena);
    return !w.failed;
}

bool xb_graph_infer(xb_diags *d, xb_graph *g, xb_fold_fn *fold)
{
    bool ok = check_ops(d, g);
    ok &= check_inputs(d, g);
    for (bool again = ok; again;) ok = walk(d, g, fold, &again);
    if (ok) xb_graph_sweep(g);
    return ok;
}

void xb_graph_skip_dropouts(xb_graph *g)
{
    bool any = false;
    for (xb_op op = xb_graph_first(g), next; op.id; op = next) {
        next = xb_graph_next(g, op);
        any |= is_copy(g, op) && bypass(g, op);
    }
    if (any) xb_graph_sweep(g);
}

bool xb_graph_bind(xb_diags *d, xb_graph *g, int64_t dim, int64_t size)
{
    const xb_value *in;
    size_t n = xb_graph_inputs(g, &in);
    if (size < 0) return xb_error(d, "shape", (.file = xb_graph_file(g)), "%lld is not a size", (long long)size);
    for (size_t i = 0; dim < 0 && i < n; i++) {
        xb_type t = *xb_graph_type(g, in[i]);
        for (int k = 0; k < t.rank; k++)
            if (t.dim[k] == dim) t.dim[k] = size;
        if (!xb_type_same(&t, xb_graph_type(g, in[i]))) xb_graph_set_type(g, in[i], &t);
    }
    return xb_graph_infer(d, g, NULL);
}
