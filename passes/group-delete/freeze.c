/* freeze.c: phase 2: deleted groups become masks; the copy to go back to when the gate is not met. */
#include "group-delete.h"
#include <string.h>

/* ---- masks ---- */

static bool is_gone(const gd_band *b, const float *v, int64_t line)
{
    for (int64_t j = 0; j < b->across; j++)
        if (v[b->line_at[line] + b->across_at[j]] != 0) return false;
    return true;
}

bool xb_gd_mask(const gd_work *w, const gd_layer *l, const float *v, const uint8_t *had, uint8_t *mask)
{
    bool any = had != NULL;
    for (size_t i = 0; i < l->n; i++) mask[i] = !had || had[i];
    for (size_t k = l->band; k < l->band + l->bands; k++) {
        const gd_band *b = &w->band[k];
        for (int64_t i = 0; i < b->lines; i++) {
            if (!is_gone(b, v, i)) continue;
            any = true;
            for (int64_t j = 0; j < b->across; j++) mask[b->line_at[i] + b->across_at[j]] = 0;
        }
    }
    return any;
}

static void mask_layer(const gd_work *w, xb_graph *g, const gd_layer *l)
{
    const xb_attr *note = w->graph->note(g, l->weight, "mask");
    bool known = note && note->n == l->n;
    uint8_t *mask = w->cx->host->alloc(w->cx, l->n, 1), *had = w->cx->host->alloc(w->cx, l->n, 1);
    for (size_t i = 0; known && i < l->n; i++) had[i] = note->ints[i] != 0;
    float *v = w->graph->write(g, l->weight);
    if (!xb_gd_mask(w, l, v, known ? had : NULL, mask)) return;
    int64_t *numbers = w->cx->host->alloc(w->cx, l->n, sizeof *numbers);
    for (size_t i = 0; i < l->n; i++) {
        numbers[i] = mask[i];
        if (!mask[i]) v[i] = 0;
    }
    w->graph->set_note(g, l->weight, "mask", numbers, l->n);
}

/* ---- the exact mode ---- */

/* Groups that are not to stay. */
static void delete_rest(const gd_work *w, const gd_layer *l, float *v)
{
    for (size_t k = l->band; k < l->band + l->bands; k++) {
        const gd_band *b = &w->band[k];
        for (int64_t i = 0; i < b->lines; i++)
            for (int64_t j = 0; !w->spared[b->first + (size_t)i] && j < b->across; j++)
                v[b->line_at[i] + b->across_at[j]] = 0;
    }
}

int xb_gd_freeze(gd_work *w, xb_graph *g)
{
    const float **v = w->cx->host->alloc(w->cx, w->n_layers + 1, sizeof *v);
    if (xb_gd_bind(w, g) < 0) return -1;
    for (size_t i = 0; i < w->n_layers; i++) v[i] = w->graph->write(g, w->layer[i].weight);
    xb_gd_spare(w, v);
    for (size_t i = 0; i < w->n_layers; i++) {
        const gd_layer *l = &w->layer[i];
        if (l->keep >= 0 || w->o->total) delete_rest(w, l, w->graph->write(g, l->weight));
        mask_layer(w, g, l);
    }
    return 0;
}

/* ---- the way back ---- */

typedef struct kept {
    const char *op;
    size_t input, bytes, n; /* n: elements */
    void *data;
    int64_t *mask; /* NULL: none */
} kept;

struct gd_copy {
    kept *at;
    size_t n;
};

static size_t size_of(xb_dtype t)
{
    static const unsigned char bytes[XB_DTYPES] = {0, 4, 8, 2, 2, 1, 2, 4, 8, 1, 2, 4, 8, 1};
    return bytes[t];
}

static size_t count(const gd_work *w, const xb_graph *g, xb_value v)
{
    const xb_type *t = w->graph->type(g, v);
    size_t n = 1;
    for (int i = 0; i < t->rank; i++) n *= (size_t)t->dim[i];
    return n;
}

static kept keep(const gd_work *w, const xb_graph *g, xb_op op, size_t input, xb_value v)
{
    const xb_attr *mask = w->graph->note(g, v, "mask");
    kept k = {.input = input, .n = count(w, g, v)};
    k.bytes = k.n * size_of(w->graph->type(g, v)->dtype);
    const char *name = w->graph->op_name(g, op);
    size_t length = strlen(name) + 1;
    k.op = memcpy(w->cx->host->alloc(w->cx, length, 1), name, length);
    k.data = w->cx->host->alloc(w->cx, k.bytes + 1, 1);
    if (k.bytes) memcpy(k.data, w->graph->data(g, v), k.bytes);
    if (!mask || mask->n != k.n || !k.n) return k;
    k.mask = w->cx->host->alloc(w->cx, k.n, sizeof *k.mask);
    memcpy(k.mask, mask->ints, k.n * sizeof *k.mask);
    return k;
}

gd_copy *xb_gd_copy(const gd_work *w, const xb_graph *g)
{
    gd_copy *c = w->cx->host->alloc(w->cx, 1, sizeof *c);
    const xb_value *in;
    size_t room = 0;
    for (xb_op op = w->graph->first(g); op.id; op = w->graph->next(g, op)) room += w->graph->op_inputs(g, op, &in);
    c->at = w->cx->host->alloc(w->cx, room + 1, sizeof *c->at);
    for (xb_op op = w->graph->first(g); op.id; op = w->graph->next(g, op)) {
        size_t n = w->graph->op_inputs(g, op, &in);
        for (size_t i = 0; i < n; i++)
            if (in[i].id && w->graph->is_const(g, in[i])) c->at[c->n++] = keep(w, g, op, i, in[i]);
    }
    return c;
}

static const kept *find(const gd_copy *c, const char *op, size_t input)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i].input == input && !strcmp(c->at[i].op, op)) return &c->at[i];
    return NULL;
}

static void bring_back(const gd_work *w, xb_graph *g, xb_value v, const kept *k)
{
    const xb_attr *mask = w->graph->note(g, v, "mask");
    if (k->bytes && memcmp(w->graph->data(g, v), k->data, k->bytes)) memcpy(w->graph->write(g, v), k->data, k->bytes);
    if (!k->mask && !mask) return;
    int64_t *numbers = w->cx->host->alloc(w->cx, k->n, sizeof *numbers);
    for (size_t i = 0; i < k->n; i++) numbers[i] = k->mask ? k->mask[i] : 1;
    w->graph->set_note(g, v, "mask", numbers, k->n);
}

void xb_gd_restore(const gd_work *w, xb_graph *g, const gd_copy *c)
{
    const xb_value *in;
    for (xb_op op = w->graph->first(g); op.id; op = w->graph->next(g, op)) {
        size_t n = w->graph->op_inputs(g, op, &in);
        for (size_t i = 0; i < n; i++) {
            const kept *k = in[i].id && w->graph->is_const(g, in[i]) ? find(c, w->graph->op_name(g, op), i) : NULL;
            if (k && k->n == count(w, g, in[i])) bring_back(w, g, in[i], k);
        }
    }
}
