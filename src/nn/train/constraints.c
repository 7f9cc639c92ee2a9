/* constraints.c: masks and ties, on gradients before the optimiser and on weights after it. A masked element that is
 * tied is 0 and gives its source nothing; a tied element of a frozen tensor still follows. */
#include "nn/train/params.h"
#include "nn/train/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- ties ---- */

static bool overlap(xb_value a, size_t at, size_t n, xb_value b, size_t b_at, size_t b_n)
{
    return a.id == b.id && at < b_at + b_n && b_at < at + n;
}

static bool refuse(xb_diags *d, const xb_params *p, const xb_tied *t, const char *why)
{
    return xb_error(d, "train", (.file = xb_graph_file(p->graph)), "tie of '%s' [%zu, +%zu) to '%s' [%zu, +%zu): %s",
                    xb_graph_value_name(p->graph, t->to), t->at, t->n, xb_graph_value_name(p->graph, t->from),
                    t->from_at, t->n, why);
}

static bool inside(const xb_slot_state *s, size_t at, size_t n)
{
    return n && n <= s->pub.n && at <= s->pub.n - n;
}

static bool check_tie(xb_diags *d, const xb_params *p, const xb_tied *t)
{
    const xb_slot_state *to = xb_params_find(p, t->to), *from = xb_params_find(p, t->from);
    if (!to || !from) return refuse(d, p, t, "both must be trained");
    if (!inside(to, t->at, t->n) || !inside(from, t->from_at, t->n))
        return refuse(d, p, t, "there are no such elements");
    if (!isfinite(t->gain)) return refuse(d, p, t, "the gain is not finite");
    if (overlap(t->to, t->at, t->n, t->from, t->from_at, t->n)) return refuse(d, p, t, "the two overlap");
    for (size_t i = 0; i < p->n_tied; i++) {
        const xb_tied *o = &p->tied[i];
        if (overlap(t->to, t->at, t->n, o->to, o->at, o->n)) return refuse(d, p, t, "elements are tied already");
        if (overlap(t->from, t->from_at, t->n, o->to, o->at, o->n)) return refuse(d, p, t, "the source is tied itself");
        if (overlap(t->to, t->at, t->n, o->from, o->from_at, o->n))
            return refuse(d, p, t, "elements are the source of another tie");
    }
    return true;
}

bool xb_params_tie(xb_diags *d, xb_params *p, const xb_tied *t)
{
    if (!check_tie(d, p, t)) return false;
    p->tied = xb_realloc(p->tied, p->n_tied + 1, sizeof *p->tied);
    p->tied[p->n_tied++] = *t;
    return true;
}

void xb_params_untie(xb_params *p, xb_value v)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n_tied; i++)
        if (p->tied[i].to.id != v.id) p->tied[kept++] = p->tied[i];
    p->n_tied = kept;
}

/* ---- every step ---- */

XB_VECTOR static void zero_masked(float *restrict v, const uint8_t *restrict mask, size_t n)
{
    if (!v || !mask) return;
    for (size_t i = 0; i < n; i++) v[i] = mask[i] ? v[i] : 0;
}

static void mask_gradients(xb_params *p)
{
    for (size_t i = 0; i < p->n; i++) zero_masked(p->at[i].grad, p->at[i].mask, p->at[i].pub.n);
}

static void give_to_sources(xb_params *p)
{
    for (size_t i = 0; i < p->n_tied; i++) {
        const xb_tied *t = &p->tied[i];
        float *to = xb_params_find(p, t->to)->grad + t->at, *from = xb_params_find(p, t->from)->grad + t->from_at;
        for (size_t k = 0; k < t->n; k++) from[k] += t->gain * to[k];
        memset(to, 0, t->n * sizeof *to);
    }
}

void xb_params_mask_gradients(xb_params *p)
{
    mask_gradients(p);
    give_to_sources(p);
    if (p->n_tied) mask_gradients(p); /* the sources' */
    for (size_t i = 0; i < p->n; i++)
        if (p->at[i].pub.frozen) memset(p->at[i].grad, 0, p->at[i].pub.n * sizeof(float));
}

static void impose_masks(xb_params *p)
{
    for (size_t i = 0; i < p->n; i++) {
        xb_slot_state *s = &p->at[i];
        zero_masked(s->pub.data, s->mask, s->pub.n);
        zero_masked(s->m, s->mask, s->pub.n);
        zero_masked(s->v, s->mask, s->pub.n);
    }
}

static void follow_sources(xb_params *p)
{
    for (size_t i = 0; i < p->n_tied; i++) {
        const xb_tied *t = &p->tied[i];
        xb_slot_state *to = xb_params_find(p, t->to);
        const float *from = xb_params_find(p, t->from)->pub.data + t->from_at;
        for (size_t k = 0; k < t->n; k++) to->pub.data[t->at + k] = t->gain * from[k];
        if (to->m) memset(to->m + t->at, 0, t->n * sizeof *to->m);
        if (to->v) memset(to->v + t->at, 0, t->n * sizeof *to->v);
    }
}

static void hold_frozen(xb_params *p)
{
    for (size_t i = 0; i < p->n; i++) {
        xb_slot_state *s = &p->at[i];
        size_t bytes = s->pub.n * sizeof *s->held;
        if (!s->pub.frozen) {
            free(s->held);
            s->held = NULL;
        } else if (s->held) {
            memcpy(s->pub.data, s->held, bytes);
        } else {
            s->held = xb_malloc(bytes);
            memcpy(s->held, s->pub.data, bytes);
        }
    }
}

void xb_params_impose(xb_params *p)
{
    hold_frozen(p);
    impose_masks(p);
    follow_sources(p);
    if (p->n_tied) impose_masks(p); /* of what is tied */
}
