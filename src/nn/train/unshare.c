/* unshare.c: first every place where a parameter is read is listed with the op it shares with; then, in order, each
 * gets the constant of those it shares with, or the constant itself if nobody has it yet, or a copy. */
#include "nn/train/unshare.h"

#include "base/vec.h"
#include <stdlib.h>

typedef struct place {
    xb_op op, with; /* with: the first op of those that share */
    size_t input;
    xb_value value, own; /* as it was; what the place reads in the end */
} place;

typedef struct places {
    xb_graph *g;
    xb_vec(place) list;
    uint32_t *count; /* by value id: places that read it */
} places;

static bool is_param(const xb_graph *g, xb_value v)
{
    return v.id && xb_graph_is_const(g, v) && xb_graph_type(g, v)->dtype == XB_F32;
}

static bool is_norm(xb_kind kind)
{
    return kind == XB_OP_BatchNormalization || kind == XB_OP_InstanceNormalization || kind == XB_OP_LayerNormalization;
}

/* ---- who shares ---- */

/* Are both made by the same kinds of ops, one after another back to different synaptic ops with one weight? */
static bool siamese(const xb_graph *g, xb_value a, xb_value b)
{
    while (a.id != b.id) {
        xb_op p = xb_graph_producer(g, a), q = xb_graph_producer(g, b);
        const xb_value *in;
        xb_matrix m, n;
        if (!p.id || !q.id || p.id == q.id || xb_graph_kind(g, p) != xb_graph_kind(g, q)) return false;
        if (xb_graph_matrix(g, p, &m)) return xb_graph_matrix(g, q, &n) && m.weight.id == n.weight.id;
        if (!xb_graph_op_inputs(g, p, &in)) return false;
        a = in[0];
        if (!xb_graph_op_inputs(g, q, &in)) return false;
        b = in[0];
    }
    return false;
}

static bool same_from(const xb_value *a, size_t n_a, const xb_value *b, size_t n_b, size_t first)
{
    for (size_t i = first; i < n_a; i++)
        if (n_a != n_b || a[i].id != b[i].id) return false;
    return n_a == n_b;
}

/* May the constant at input i of both be one? */
static bool shares(const xb_graph *g, xb_op p, xb_op q, size_t i)
{
    const xb_value *a, *b;
    size_t n_a = xb_graph_op_inputs(g, p, &a), n_b = xb_graph_op_inputs(g, q, &b);
    xb_matrix m, n;
    if (xb_graph_kind(g, p) != xb_graph_kind(g, q) || i >= n_b || a[i].id != b[i].id) return false;
    if (xb_graph_matrix(g, p, &m)) return xb_graph_matrix(g, q, &n) && m.weight.id == n.weight.id;
    if (is_norm(xb_graph_kind(g, p)) && !same_from(a, n_a, b, n_b, 1)) return false;
    size_t x = i == 0; /* an Add may bring its constant first */
    return n_a > x && n_b > x && siamese(g, a[x], b[x]);
}

/* ---- the list ---- */

static void take(places *p, xb_op op, size_t input)
{
    const xb_value *in;
    size_t n = xb_graph_op_inputs(p->g, op, &in);
    if (input >= n || !is_param(p->g, in[input])) return;
    place at = {.op = op, .with = op, .input = input, .value = in[input]};
    for (size_t i = 0; i < p->list.n && p->count[at.value.id]; i++) {
        const place *first = &p->list.data[i];
        if (first->value.id != at.value.id || first->input != input || first->with.id != first->op.id) continue;
        if (!shares(p->g, op, first->op, input)) continue;
        at.with = first->op;
        break;
    }
    p->count[at.value.id]++;
    xb_push(&p->list, at);
}

static bool is_synaptic(const xb_graph *g, xb_value v)
{
    xb_matrix m;
    xb_op op = xb_graph_producer(g, v);
    return op.id && xb_graph_matrix(g, op, &m);
}

static void take_of(places *p, xb_op op)
{
    const xb_value *in;
    size_t n = xb_graph_op_inputs(p->g, op, &in);
    xb_kind kind = xb_graph_kind(p->g, op);
    xb_matrix m;
    if (is_norm(kind)) {
        for (size_t i = 1; i < n; i++) take(p, op, i);
    } else if (kind == XB_OP_PRelu) {
        take(p, op, 1);
    } else if (kind == XB_OP_Add) {
        for (size_t i = 0; i < 2; i++)
            if (is_synaptic(p->g, in[!i])) take(p, op, i);
    } else if (xb_graph_matrix(p->g, op, &m) && m.bias.id) {
        take(p, op, 2);
    }
}

/* ---- copies ---- */

static const char *role_of(xb_kind kind, size_t input)
{
    static const char *const norm[] = {"scale", "bias", "mean", "variance"};
    if (is_norm(kind) && input < 5) return norm[input - 1];
    return kind == XB_OP_PRelu ? "slope" : "bias";
}

static xb_value copy_for(xb_graph *g, const place *at)
{
    xb_buf name = {0};
    const xb_type type = *xb_graph_type(g, at->value);
    const xb_attr *notes;
    xb_buf_printf(&name, "%s.%s", xb_graph_op_name(g, at->op), role_of(xb_graph_kind(g, at->op), at->input));
    xb_value v = xb_graph_add_const(g, xb_buf_cstr(&name), &type, xb_graph_data(g, at->value));
    for (size_t i = 0; i < xb_graph_notes(g, at->value, &notes); i++)
        xb_graph_set_note(g, v, notes[i].name, notes[i].ints, notes[i].n);
    xb_buf_free(&name);
    return v;
}

/* Has anybody the constant already, or does an op read it that is none of the places? */
static bool *taken_ones(const places *p)
{
    bool *taken = xb_calloc(xb_graph_value_limit(p->g), sizeof *taken);
    for (size_t i = 0; i < p->list.n; i++) {
        xb_value v = p->list.data[i].value;
        taken[v.id] = xb_graph_users(p->g, v) > p->count[v.id];
    }
    return taken;
}

static xb_value of_first(const places *p, const place *at)
{
    const place *first = p->list.data;
    while (first->op.id != at->with.id || first->input != at->input) first++;
    return first->own;
}

static void say(xb_diags *d, const xb_graph *g, const place *example, size_t n)
{
    const xb_where where = xb_graph_where(g, example->op);
    xb_diag(d, XB_NOTE, "train-shared", &where,
            "parameters that were one constant are trained apart: %zu cop%s made, '%s' of '%s' the first", n,
            n == 1 ? "y" : "ies", xb_graph_value_name(g, example->own), xb_graph_value_name(g, example->value));
}

size_t xb_unshare(xb_diags *d, xb_graph *g)
{
    places p = {.g = g};
    size_t made = 0, example = 0;
    p.count = xb_calloc(xb_graph_value_limit(g), sizeof *p.count);
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) take_of(&p, op);
    bool *taken = taken_ones(&p);
    for (size_t i = 0; i < p.list.n; i++) {
        place *at = &p.list.data[i];
        bool follows = at->with.id != at->op.id, copied = !follows && taken[at->value.id];
        if (copied && !made++) example = i;
        at->own = follows ? of_first(&p, at) : copied ? copy_for(g, at) : at->value;
        taken[at->value.id] = true;
        if (at->own.id != at->value.id) xb_graph_set_input(g, at->op, at->input, at->own);
    }
    if (made) say(d, g, &p.list.data[example], made);
    xb_vec_free(&p.list);
    free(p.count);
    free(taken);
    return made;
}
