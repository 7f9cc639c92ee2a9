/* params.c: a walk over the ops gives the list; state hangs on handles, which edits of the graph leave alone. */
#include "nn/train/params.h"

#include "base/vec.h"
#include "nn/train/optim.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- which constants are trained ---- */

typedef struct found {
    xb_value value;
    xb_op op;
} found;

typedef struct finder {
    const xb_graph *g;
    xb_vec(found) list;
} finder;

static bool is_real_const(const xb_graph *g, xb_value v)
{
    return v.id && xb_graph_is_const(g, v) && xb_graph_type(g, v)->dtype == XB_F32;
}

static void take(finder *f, xb_op op, xb_value v)
{
    if (!is_real_const(f->g, v) || xb_type_count(xb_graph_type(f->g, v)) < 1) return;
    for (size_t i = 0; i < f->list.n; i++)
        if (f->list.data[i].value.id == v.id) return;
    xb_push(&f->list, (found){v, op});
}

/* Dimensions after that of the channels in the result of a synaptic op, and how many channels there are. */
static int channels_of(const xb_graph *g, const xb_matrix *m, int64_t *channels)
{
    const xb_type *w = xb_graph_type(g, m->weight);
    const xb_value *in;
    xb_graph_op_inputs(g, m->op, &in);
    xb_kind kind = xb_graph_kind(g, m->op);
    *channels = m->groups * m->cols;
    if (kind == XB_OP_Conv) return w->rank - 2;
    if (kind == XB_OP_ConvTranspose) {
        *channels = m->groups * w->dim[1];
        return w->rank - 2;
    }
    bool left = m->weight.id == in[0].id;
    return left && (kind == XB_OP_Gemm || xb_graph_type(g, in[1])->rank > 1);
}

/* Does the Add bring `v` as one number a channel of what a synaptic op gives it as `x`? */
static bool is_bias(const xb_graph *g, xb_value x, xb_value v)
{
    xb_matrix m;
    int64_t channels;
    xb_op from = xb_graph_producer(g, x);
    if (!from.id || !is_real_const(g, v) || !xb_graph_matrix(g, from, &m)) return false;
    const xb_type *t = xb_graph_type(g, v), *y = xb_graph_type(g, x);
    int at = t->rank - 1 - channels_of(g, &m, &channels);
    return at >= 0 && t->rank <= y->rank && t->dim[at] == channels && xb_type_count(t) == channels;
}

static void find_of(finder *f, xb_op op)
{
    const xb_value *in;
    size_t n = xb_graph_op_inputs(f->g, op, &in);
    xb_matrix m;
    switch (xb_graph_kind(f->g, op)) {
    case XB_OP_BatchNormalization:
    case XB_OP_InstanceNormalization:
    case XB_OP_LayerNormalization:
        for (size_t i = 1; i < n && i < 3; i++) take(f, op, in[i]);
        return;
    case XB_OP_PRelu:
        take(f, op, in[1]);
        return;
    case XB_OP_Add:
        if (is_bias(f->g, in[0], in[1])) take(f, op, in[1]);
        if (is_bias(f->g, in[1], in[0])) take(f, op, in[0]);
        return;
    default:
        if (!xb_graph_matrix(f->g, op, &m)) return;
        take(f, op, m.weight);
        take(f, op, m.bias);
    }
}

/* Marks the op that makes v, and what it needs. */
static void mark(const xb_graph *g, xb_value v, bool *needed)
{
    xb_op op = xb_graph_producer(g, v);
    if (!op.id || needed[op.id]) return;
    needed[op.id] = true;
    const xb_value *in;
    size_t n = xb_graph_op_inputs(g, op, &in);
    for (size_t i = 0; i < n; i++)
        if (in[i].id) mark(g, in[i], needed);
}

/* Only what the first output depends on is trained. */
static finder find_all(const xb_graph *g)
{
    finder f = {.g = g};
    const xb_value *out;
    bool *needed = xb_calloc(xb_graph_op_limit(g) + 1, sizeof *needed);
    if (xb_graph_outputs(g, &out)) mark(g, out[0], needed);
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op))
        if (needed[op.id]) find_of(&f, op);
    free(needed);
    return f;
}

/* ---- one tensor ---- */

static void describe(xb_slot_state *s, const xb_graph *g, found f)
{
    s->pub.value = f.value;
    s->pub.op = f.op;
    s->pub.name = xb_graph_value_name(g, f.value);
    s->pub.type = *xb_graph_type(g, f.value);
    s->pub.n = (size_t)xb_type_count(&s->pub.type);
    s->pub.data = NULL;
}

/* A mask that masks nothing is none, so that notes and masks always tell the same. mask: owned from now on. */
static void own_mask(xb_slot_state *s, uint8_t *mask)
{
    if (mask != s->mask) free(s->mask);
    s->pub.mask = s->mask = mask;
    if (!mask || memchr(mask, 0, s->pub.n)) return;
    free(mask);
    s->pub.mask = s->mask = NULL;
}

static void take_notes(xb_slot_state *s, const xb_graph *g)
{
    const xb_attr *mask = xb_graph_note(g, s->pub.value, "mask"), *frozen = xb_graph_note(g, s->pub.value, "frozen");
    s->pub.frozen = frozen && (!frozen->n || frozen->ints[0]);
    if (!mask || mask->n != s->pub.n) return; /* the verifier refuses other sizes */
    uint8_t *m = xb_malloc(s->pub.n);
    for (size_t i = 0; i < s->pub.n; i++) m[i] = mask->ints[i] != 0;
    own_mask(s, m);
}

static void take_rule(xb_slot_state *s, const xb_recipe *r)
{
    const xb_map_item *item = r->params.data;
    s->pub.rate = s->pub.decay = 1;
    for (size_t i = 0; i < r->params.n; i++) {
        const xb_param_rule *rule = item[i].value;
        if (!xb_glob(item[i].key, s->pub.name)) continue;
        s->pub.rate = rule->rate;
        s->pub.decay = rule->decay;
        s->pub.frozen |= rule->frozen;
        return;
    }
}

static void slot_new(xb_slot_state *s, const xb_graph *g, found f, const xb_recipe *r, int64_t step)
{
    memset(s, 0, sizeof *s);
    describe(s, g, f);
    s->born = step;
    take_notes(s, g);
    take_rule(s, r);
    if (xb_optim_first_moment(r)) s->m = xb_calloc(s->pub.n, sizeof *s->m);
    if (xb_optim_second_moment(r)) s->v = xb_calloc(s->pub.n, sizeof *s->v);
    s->grad = xb_calloc(s->pub.n, sizeof *s->grad);
}

static void slot_free(xb_slot_state *s)
{
    free(s->mask);
    free(s->m);
    free(s->v);
    free(s->grad);
    free(s->held);
}

/* ---- the list ---- */

static void warn_unmatched(xb_diags *d, const xb_params *p, const xb_recipe *r)
{
    const xb_map_item *item = r->params.data;
    for (size_t i = 0; i < r->params.n; i++) {
        size_t k = 0;
        while (k < p->n && !xb_glob(item[i].key, p->at[k].pub.name)) k++;
        if (k == p->n)
            xb_diag(d, XB_WARNING, "train", &(xb_where){.file = xb_graph_file(p->graph)},
                    "'params.%s' matches no trained constant; the first is '%s'", item[i].key, p->at[0].pub.name);
    }
}

bool xb_params_init(xb_diags *d, xb_params *p, xb_graph *g, const xb_recipe *r)
{
    finder f = find_all(g);
    *p = (xb_params){.graph = g, .n = f.list.n, .optimizer = r->optimizer};
    p->at = xb_calloc(p->n + 1, sizeof *p->at);
    for (size_t i = 0; i < p->n; i++) slot_new(&p->at[i], g, f.list.data[i], r, 0);
    xb_vec_free(&f.list);
    if (!p->n) {
        xb_params_free(p);
        return xb_error(d, "train", (.file = xb_graph_file(g)),
                        "there is nothing to train: no float32 constant is a weight, a bias, a scale or a slope");
    }
    warn_unmatched(d, p, r);
    return true;
}

void xb_params_free(xb_params *p)
{
    for (size_t i = 0; i < p->n; i++) slot_free(&p->at[i]);
    free(p->at);
    free(p->tied);
    *p = (xb_params){0};
}

static void drop_lost_ties(xb_params *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n_tied; i++)
        if (xb_params_find(p, p->tied[i].to) && xb_params_find(p, p->tied[i].from)) p->tied[kept++] = p->tied[i];
    p->n_tied = kept;
}

void xb_params_refresh(xb_params *p, const xb_recipe *r)
{
    finder f = find_all(p->graph);
    xb_slot_state *now = xb_calloc(f.list.n + 1, sizeof *now);
    for (size_t i = 0; i < f.list.n; i++) {
        xb_slot_state *old = xb_params_find(p, f.list.data[i].value);
        if (!old) {
            slot_new(&now[i], p->graph, f.list.data[i], r, p->step);
            continue;
        }
        size_t n = old->pub.n;
        now[i] = *old;
        *old = (xb_slot_state){0};
        describe(&now[i], p->graph, f.list.data[i]);
        assert(now[i].pub.n == n);
        own_mask(&now[i], now[i].mask);
    }
    for (size_t i = 0; i < p->n; i++) slot_free(&p->at[i]);
    free(p->at);
    p->at = now;
    p->n = f.list.n;
    xb_vec_free(&f.list);
    drop_lost_ties(p);
}

xb_slot_state *xb_params_find(const xb_params *p, xb_value v)
{
    for (size_t i = 0; i < p->n && v.id; i++)
        if (p->at[i].pub.value.id == v.id) return &p->at[i];
    return NULL;
}

void xb_params_release(xb_params *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->at[i].held);
        p->at[i].held = NULL;
    }
}

void xb_params_reach(xb_params *p)
{
    for (size_t i = 0; i < p->n; i++) p->at[i].pub.data = xb_graph_write(p->graph, p->at[i].pub.value);
}

void xb_params_set_mask(xb_params *p, xb_slot_state *s, const uint8_t *mask)
{
    size_t n = s->pub.n;
    uint8_t *copy = xb_malloc(n);
    for (size_t i = 0; i < n; i++) copy[i] = !mask || mask[i];
    bool same = s->mask ? !memcmp(copy, s->mask, n) : !memchr(copy, 0, n);
    if (same) {
        free(copy);
        return;
    }
    int64_t *note = xb_calloc(n, sizeof *note);
    for (size_t i = 0; i < n; i++) note[i] = copy[i];
    xb_graph_set_note(p->graph, s->pub.value, "mask", note, n);
    free(note);
    own_mask(s, copy);
}
