/* curves.c: what passes measured on their way. Facts of one key, axis and data set are one curve, in the order in which
 * they were added; curves stand in the order of their first points. */
#include "writer.h"

/* Points are chained: `next` of a fact is the next point of its curve; 0 ends it, since fact 0 follows nothing. */
typedef struct chains {
    const xb_fact *fact;
    size_t *next, *first, *last; /* first and last have n members */
    size_t n;
} chains;

static bool same_curve(const xb_fact *a, const xb_fact *b)
{
    return !strcmp(a->key, b->key) && !strcmp(a->along, b->along) && !strcmp(a->split, b->split);
}

/* The curve of point i; n when it begins one. A pass adds to its curves in turn: the one after the last is tried first.
 */
static size_t curve_of(const chains *c, size_t i, size_t guess)
{
    for (size_t k = 0; k < c->n; k++) {
        size_t at = (guess + k) % c->n;
        if (same_curve(&c->fact[c->first[at]], &c->fact[i])) return at;
    }
    return c->n;
}

static chains chain(const xb_report_writer *w)
{
    chains c = {.n = 0};
    size_t n = w->journal->facts(w->module, &c.fact), guess = 0;
    c.next = w->cx->host->alloc(w->cx, n + 1, sizeof *c.next);
    c.first = w->cx->host->alloc(w->cx, n + 1, sizeof *c.first);
    c.last = w->cx->host->alloc(w->cx, n + 1, sizeof *c.last);
    for (size_t i = 0; i < n; i++) {
        if (!c.fact[i].along) continue;
        size_t k = curve_of(&c, i, guess);
        if (k == c.n)
            c.first[c.n++] = i;
        else
            c.next[c.last[k]] = i;
        c.last[k] = i;
        guess = k + 1;
    }
    return c;
}

static void write_point(xb_report_writer *w, const xb_fact *point)
{
    w->json->array(w->j, NULL, true);
    xb_report_real(w, NULL, point->at);
    xb_report_real(w, NULL, point->value);
    w->json->close(w->j);
}

void xb_report_write_curves(xb_report_writer *w)
{
    chains c = chain(w);
    if (!c.n) return;
    w->json->array(w->j, "curves", false);
    for (size_t k = 0; k < c.n; k++) {
        const xb_fact *f = &c.fact[c.first[k]];
        w->json->object(w->j, NULL);
        w->json->string(w->j, "key", f->key);
        w->json->string(w->j, "along", f->along);
        w->json->string(w->j, "unit", f->unit);
        w->json->string(w->j, "split", f->split);
        w->json->string(w->j, "source", f->source);
        w->json->array(w->j, "points", true);
        write_point(w, f);
        for (size_t i = c.next[c.first[k]]; i; i = c.next[i]) write_point(w, &c.fact[i]);
        w->json->close(w->j);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}
