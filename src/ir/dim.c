/* dim.c: see dim.h. An expression is a sum of terms coefficient * atom * atom ...; atoms are symbols of the model or
 * opaque symbols. The expression of each symbol made here is kept, so that (batch*12)/12 is batch again. */
#include "ir/dim.h"
#include "base/vec.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_TERMS = 8, MAX_ATOMS = 8, MAX_NAME = 240 };

typedef struct term {
    int64_t coef;
    int n;
    int64_t atom[MAX_ATOMS]; /* in the order of their names */
} term;

typedef struct expr {
    int n; /* 0: zero */
    term t[MAX_TERMS];
} expr;

typedef struct made {
    int64_t dim; /* the symbol */
    bool opaque;
    expr e; /* unless opaque */
} made;

struct xb_dims {
    xb_graph *g;
    xb_arena *arena;
    const char *op;
    unsigned count; /* opaque symbols of this op */
    xb_vec(made *) made;
    xb_vec(int64_t) alias; /* pairs: symbol, what it is now */
};

xb_dims *xb_dims_new(xb_graph *g)
{
    xb_dims *d = xb_calloc(1, sizeof *d);
    d->g = g;
    d->arena = xb_arena_new();
    d->op = "";
    return d;
}

void xb_dims_free(xb_dims *d)
{
    xb_vec_free(&d->made);
    xb_vec_free(&d->alias);
    xb_arena_free(d->arena);
    free(d);
}

void xb_dims_at(xb_dims *d, const char *op)
{
    d->op = op;
    d->count = 0;
}

static made *made_of(const xb_dims *d, int64_t dim)
{
    for (size_t i = 0; i < d->made.n; i++)
        if (d->made.data[i]->dim == dim) return d->made.data[i];
    return NULL;
}

bool xb_dims_is_atom(const xb_dims *d, int64_t dim)
{
    return dim < 0 && !made_of(d, dim);
}

static const char *name_of(const xb_dims *d, int64_t atom)
{
    const char *s = xb_graph_symbol(d->g, atom);
    return s ? s : "";
}

static int atom_order(const xb_dims *d, int64_t a, int64_t b)
{
    if (a == b) return 0;
    int by_name = strcmp(name_of(d, a), name_of(d, b));
    return by_name ? by_name : a < b ? -1 : 1;
}

/* Higher degree first, then by names. 0: the same atoms. */
static int term_order(const xb_dims *d, const term *a, const term *b)
{
    if (a->n != b->n) return a->n > b->n ? -1 : 1;
    for (int i = 0; i < a->n; i++) {
        int o = atom_order(d, a->atom[i], b->atom[i]);
        if (o) return o;
    }
    return 0;
}

static expr expr_of(const xb_dims *d, xb_num a)
{
    if (!a.sym) {
        expr e = {.n = a.v != 0};
        e.t[0].coef = a.v;
        return e;
    }
    const made *m = made_of(d, a.v);
    if (m && !m->opaque) return m->e;
    return (expr){.n = 1, .t = {{.coef = 1, .n = 1, .atom = {a.v}}}};
}

/* Adds t to e, keeping order. false: over a limit. */
static bool expr_add(const xb_dims *d, expr *e, const term *t)
{
    int i = 0, o = 1;
    while (i < e->n && (o = term_order(d, &e->t[i], t)) < 0) i++;
    if (i < e->n && o == 0) {
        if (__builtin_add_overflow(e->t[i].coef, t->coef, &e->t[i].coef)) return false;
        if (e->t[i].coef == 0) {
            memmove(&e->t[i], &e->t[i + 1], (size_t)(e->n - i - 1) * sizeof *e->t);
            e->n--;
        }
        return true;
    }
    if (t->coef == 0) return true;
    if (e->n == MAX_TERMS) return false;
    memmove(&e->t[i + 1], &e->t[i], (size_t)(e->n - i) * sizeof *e->t);
    e->t[i] = *t;
    e->n++;
    return true;
}

static bool term_mul(const xb_dims *d, const term *a, const term *b, term *out)
{
    if (a->n + b->n > MAX_ATOMS || __builtin_mul_overflow(a->coef, b->coef, &out->coef)) return false;
    out->n = 0;
    for (int i = 0, j = 0; i < a->n || j < b->n;) {
        bool left = j == b->n || (i < a->n && atom_order(d, a->atom[i], b->atom[j]) <= 0);
        out->atom[out->n++] = left ? a->atom[i++] : b->atom[j++];
    }
    return true;
}

/* a / b as a term, when b's atoms are among a's and the coefficient divides. */
static bool term_div(const term *a, const term *b, term *out)
{
    if (b->coef == 0 || b->coef == -1 || a->coef % b->coef) return false;
    int j = 0;
    out->coef = a->coef / b->coef;
    out->n = 0;
    for (int i = 0; i < a->n; i++) {
        if (j < b->n && a->atom[i] == b->atom[j])
            j++;
        else
            out->atom[out->n++] = a->atom[i];
    }
    return j == b->n;
}

static void expr_print(const xb_dims *d, xb_buf *b, const expr *e)
{
    for (int i = 0; i < e->n; i++) {
        const term *t = &e->t[i];
        if (i && t->coef > 0) xb_buf_char(b, '+');
        if (t->coef == -1 && t->n)
            xb_buf_char(b, '-');
        else if (t->coef != 1 || !t->n)
            xb_buf_printf(b, "%lld%s", (long long)t->coef, t->n ? "*" : "");
        for (int k = 0; k < t->n; k++) xb_buf_printf(b, "%s%s", k ? "*" : "", name_of(d, t->atom[k]));
    }
}

static xb_num nameless(xb_dims *d)
{
    const char *name = xb_arena_printf(d->arena, "??%s.%u", d->op, d->count++);
    xb_num s = {xb_graph_symbol_id(d->g, name), true};
    if (!made_of(d, s.v)) {
        made *m = xb_arena_alloc(d->arena, 1, sizeof *m);
        *m = (made){.dim = s.v, .opaque = true};
        xb_push(&d->made, m);
    }
    return s;
}

/* The symbol called like b; e NULL: opaque. Frees b. */
static xb_num named(xb_dims *d, xb_buf *b, const expr *e)
{
    if (b->len > MAX_NAME) {
        xb_buf_free(b);
        return nameless(d);
    }
    xb_num s = {xb_graph_symbol_id(d->g, xb_buf_cstr(b)), true};
    xb_buf_free(b);
    if (!made_of(d, s.v)) {
        made *m = xb_arena_alloc(d->arena, 1, sizeof *m);
        m->dim = s.v;
        m->opaque = !e;
        if (e) m->e = *e;
        xb_push(&d->made, m);
    }
    return s;
}

static xb_num num_of(xb_dims *d, const expr *e)
{
    if (e->n == 0) return xb_num_int(0);
    if (e->n == 1 && e->t[0].n == 0) return xb_num_int(e->t[0].coef);
    if (e->n == 1 && e->t[0].n == 1 && e->t[0].coef == 1) return (xb_num){e->t[0].atom[0], true};
    xb_buf b = {0};
    expr_print(d, &b, e);
    return named(d, &b, e);
}

xb_num xb_num_opaque(xb_dims *d, const char *f, const xb_num *args, size_t n)
{
    xb_buf b = {0};
    xb_buf_printf(&b, "%s(", f);
    for (size_t i = 0; i < n; i++) {
        expr e = expr_of(d, args[i]);
        if (i) xb_buf_char(&b, ',');
        if (e.n)
            expr_print(d, &b, &e);
        else
            xb_buf_char(&b, '0');
    }
    xb_buf_char(&b, ')');
    return named(d, &b, NULL);
}

/* a + sign * b. false: over a limit. */
static bool expr_sum(const xb_dims *d, xb_num a, xb_num b, int64_t sign, expr *out)
{
    *out = expr_of(d, a);
    expr f = expr_of(d, b);
    for (int i = 0; i < f.n; i++) {
        term t = f.t[i];
        if (__builtin_mul_overflow(t.coef, sign, &t.coef) || !expr_add(d, out, &t)) return false;
    }
    return true;
}

static xb_num sum(xb_dims *d, xb_num a, xb_num b, int64_t sign)
{
    expr e;
    return expr_sum(d, a, b, sign, &e) ? num_of(d, &e) : nameless(d);
}

bool xb_num_add(xb_dims *d, xb_num a, xb_num b, xb_num *out)
{
    *out = xb_num_int(0);
    if (!a.sym && !b.sym) return xb_add_i64(a.v, b.v, &out->v);
    *out = sum(d, a, b, 1);
    return true;
}

bool xb_num_sub(xb_dims *d, xb_num a, xb_num b, xb_num *out)
{
    *out = xb_num_int(0);
    if (!a.sym && !b.sym) return !__builtin_sub_overflow(a.v, b.v, &out->v);
    *out = sum(d, a, b, -1);
    return true;
}

bool xb_num_mul(xb_dims *d, xb_num a, xb_num b, xb_num *out)
{
    *out = xb_num_int(0);
    if (!a.sym && !b.sym) return xb_mul_i64(a.v, b.v, &out->v);
    expr e = expr_of(d, a), f = expr_of(d, b), p = {0};
    for (int i = 0; i < e.n; i++)
        for (int j = 0; j < f.n; j++) {
            term t = {0};
            if (!term_mul(d, &e.t[i], &f.t[j], &t) || !expr_add(d, &p, &t)) {
                *out = nameless(d);
                return true;
            }
        }
    *out = num_of(d, &p);
    return true;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b && (a < 0) != (b < 0));
}

/* floor(e / b), b > 0, in lowest terms: e changes, the new b is given back. floor((2*A+1)/4) = floor(A/2). */
static int64_t cancel(expr *e, int64_t b)
{
    int64_t g = b;
    for (int i = 0; i < e->n; i++)
        for (int64_t c = e->t[i].n ? e->t[i].coef : 0; c;) {
            int64_t r = g % c;
            g = c;
            c = r;
        }
    if (g > 1)
        for (int i = 0; i < e->n; i++) e->t[i].coef /= g;
    if (e->n && e->t[e->n - 1].coef == 0) e->n--; /* the constant stands last */
    return b / g;
}

/* e / b for b > 0: multiples of b leave the floor, floor((3*H-2)/2) = H-1+floor(H/2); what stays inside is opaque. */
static xb_num expr_floor_div(xb_dims *d, const expr *e, int64_t b)
{
    expr whole = {0}, rest = {0};
    for (int i = 0; i < e->n; i++) {
        term q = e->t[i], r = e->t[i];
        q.coef = floor_div(q.coef, b);
        r.coef -= q.coef * b;
        if (!expr_add(d, &whole, &q) || !expr_add(d, &rest, &r)) return nameless(d);
    }
    if (rest.n > 0 && (rest.n > 1 || rest.t[0].n)) { /* a constant alone is below b */
        b = cancel(&rest, b);
        xb_buf name = {0};
        xb_buf_str(&name, rest.n > 1 ? "floor((" : "floor(");
        expr_print(d, &name, &rest);
        xb_buf_printf(&name, rest.n > 1 ? ")/%lld)" : "/%lld)", (long long)b);
        xb_num s = named(d, &name, NULL);
        if (!expr_add(d, &whole, &(term){.coef = 1, .n = 1, .atom = {s.v}})) return nameless(d);
    }
    return num_of(d, &whole);
}

bool xb_num_floor_div(xb_dims *d, xb_num a, int64_t b, xb_num *out)
{
    if (b <= 0) return false;
    if (!a.sym) {
        *out = xb_num_int(floor_div(a.v, b));
        return true;
    }
    expr e = expr_of(d, a);
    *out = b == 1 ? a : expr_floor_div(d, &e, b);
    return true;
}

bool xb_num_div(xb_dims *d, xb_num a, xb_num b, xb_num *out)
{
    if (!b.sym && b.v > 0 && a.sym) return xb_num_floor_div(d, a, b.v, out);
    if (!b.sym && (b.v == 0 || (b.v == -1 && a.v == INT64_MIN && !a.sym))) return false;
    if (!a.sym && !b.sym) {
        *out = xb_num_int(a.v / b.v);
        return true;
    }
    expr e = expr_of(d, a), f = expr_of(d, b), q = {0};
    bool exact = f.n == 1;
    for (int i = 0; exact && i < e.n; i++) {
        term t = {0};
        exact = term_div(&e.t[i], &f.t[0], &t) && expr_add(d, &q, &t);
    }
    *out = exact ? num_of(d, &q) : xb_num_opaque(d, "div", (xb_num[]){a, b}, 2);
    return true;
}

bool xb_num_compare(xb_dims *d, xb_num a, xb_num b, int *sign)
{
    if (!a.sym && !b.sym) {
        *sign = (a.v > b.v) - (a.v < b.v);
        return true;
    }
    expr e;
    if (!expr_sum(d, a, b, -1, &e)) return false;
    int64_t bound = 0; /* the difference when every symbol is 1: its least value if all coefficients are positive */
    bool up = true, down = true;
    for (int i = 0; i < e.n; i++) {
        for (int k = 0; k < e.t[i].n; k++)
            if (made_of(d, e.t[i].atom[k])) return false;
        if (e.t[i].n && e.t[i].coef < 0) up = false;
        if (e.t[i].n && e.t[i].coef > 0) down = false;
        if (__builtin_add_overflow(bound, e.t[i].coef, &bound)) return false;
    }
    *sign = e.n == 0 ? 0 : up && bound > 0 ? 1 : -1;
    return e.n == 0 || (up && bound > 0) || (down && bound < 0);
}

static xb_num min_or_max(xb_dims *d, const char *f, xb_num a, xb_num b, int keep_a)
{
    int sign;
    if (xb_num_compare(d, a, b, &sign)) return sign == keep_a || sign == 0 ? a : b;
    /* sizes are at least 1 */
    if (a.sym && !b.sym && b.v <= 1 && xb_dims_is_atom(d, a.v)) return keep_a < 0 ? b : a;
    if (b.sym && !a.sym && a.v <= 1 && xb_dims_is_atom(d, b.v)) return keep_a < 0 ? a : b;
    expr x = expr_of(d, a), y = expr_of(d, b);
    bool swap = x.n == 0 || (y.n && term_order(d, &x.t[0], &y.t[0]) > 0);
    xb_num args[2] = {swap ? b : a, swap ? a : b};
    return xb_num_opaque(d, f, args, 2);
}

xb_num xb_num_min(xb_dims *d, xb_num a, xb_num b)
{
    return min_or_max(d, "min", a, b, -1);
}

xb_num xb_num_max(xb_dims *d, xb_num a, xb_num b)
{
    return min_or_max(d, "max", a, b, 1);
}

int64_t xb_dims_root(const xb_dims *d, int64_t dim)
{
    if (dim >= 0) return dim;
    for (size_t i = 0; i < d->alias.n; i += 2)
        if (d->alias.data[i] == dim) return xb_dims_root(d, d->alias.data[i + 1]);
    return dim;
}

void xb_dims_unite(xb_dims *d, int64_t a, int64_t b)
{
    a = xb_dims_root(d, a);
    b = xb_dims_root(d, b);
    if (a == b || !xb_dims_is_atom(d, a) || !xb_dims_is_atom(d, b)) return;
    xb_push(&d->alias, b);
    xb_push(&d->alias, a);
}

size_t xb_dims_united(const xb_dims *d)
{
    return d->alias.n / 2;
}
