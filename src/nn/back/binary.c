/* binary.c: gradients of elementwise operators of several inputs, summed over what broadcasting repeated. */
#include "nn/back/kernel.h"
#include <math.h>

/* v holds a block of every input, XB_BLOCK cells apart; each becomes its gradient. g: what arrives at the result;
 * p: the operator's flag (Mod: fmod). */
typedef void xb_slopes_fn(xb_cell *v, size_t n_in, const xb_cell *g, int64_t n, bool p);

#define SLOPES(name, first, second)                                                                                    \
    static void name(xb_cell *v, size_t n_in, const xb_cell *d, int64_t n, bool p)                                     \
    {                                                                                                                  \
        (void)n_in, (void)p;                                                                                           \
        for (int64_t k = 0; k < n; k++) {                                                                              \
            double x = v[k].f, y = v[XB_BLOCK + k].f, g = d[k].f;                                                      \
            (void)x, (void)y;                                                                                          \
            v[k].f = (first);                                                                                          \
            v[XB_BLOCK + k].f = (second);                                                                              \
        }                                                                                                              \
    }

/* How often y went into x for the remainder. */
static double quotient(double x, double y, bool c_like)
{
    return c_like ? trunc(x / y) : floor(x / y);
}

SLOPES(sub, g, -g)
SLOPES(mul, g *y, g *x)
SLOPES(divide, g / y, -g *(x / y) / y)
SLOPES(power, y == 0 ? 0 : g * y * pow(x, y - 1), x == 0 && y >= 0 ? 0 : g * pow(x, y) * log(x))
SLOPES(modulo, g, -g *quotient(x, y, p))
SLOPES(prelu, x > 0 ? g : g * y, x > 0 ? 0 : g * x)

static void each(xb_cell *v, size_t n_in, const xb_cell *g, int64_t n, double factor)
{
    for (size_t i = 0; i < n_in; i++)
        for (int64_t k = 0; k < n; k++) v[i * XB_BLOCK + (size_t)k].f = factor * g[k].f;
}

static void add(xb_cell *v, size_t n_in, const xb_cell *g, int64_t n, bool p)
{
    (void)p;
    each(v, n_in, g, n, 1);
}

static void mean(xb_cell *v, size_t n_in, const xb_cell *g, int64_t n, bool p)
{
    (void)p;
    each(v, n_in, g, n, 1 / (double)n_in);
}

/* Folded from left to right as the forward kernel does; equals share a step's gradient in halves, as PyTorch. */
static void extreme(xb_cell *v, size_t n_in, const xb_cell *g, int64_t n, double sign)
{
    for (int64_t k = 0; k < n; k++) {
        double best = sign * v[k].f;
        v[k].f = g[k].f;
        for (size_t i = 1; i < n_in; i++) {
            xb_cell *to = &v[i * XB_BLOCK + (size_t)k];
            double x = sign * to->f, keep = best > x || isnan(best) ? 1 : best == x ? 0.5 : 0;
            if (keep < 1)
                for (size_t j = 0; j < i; j++) v[j * XB_BLOCK + (size_t)k].f *= keep;
            if (keep < 1) best = x;
            to->f = (1 - keep) * g[k].f;
        }
    }
}

static void greatest(xb_cell *v, size_t n_in, const xb_cell *g, int64_t n, bool p)
{
    (void)p;
    extreme(v, n_in, g, n, 1);
}

static void least(xb_cell *v, size_t n_in, const xb_cell *g, int64_t n, bool p)
{
    (void)p;
    extreme(v, n_in, g, n, -1);
}

static xb_slopes_fn *slopes_of(xb_kind kind)
{
    switch (kind) {
    case XB_OP_Sub:
        return sub;
    case XB_OP_Mul:
        return mul;
    case XB_OP_Div:
        return divide;
    case XB_OP_Pow:
        return power;
    case XB_OP_Mod:
        return modulo;
    case XB_OP_PRelu:
        return prelu;
    case XB_OP_Max:
        return greatest;
    case XB_OP_Min:
        return least;
    case XB_OP_Mean:
        return mean;
    default:
        return add;
    }
}

typedef struct xb_spread {
    const xb_back *b;
    xb_slopes_fn *fn;
    bool flag;
    bool reads;      /* do the slopes depend on the inputs? */
    xb_cell *values; /* a block of every input */
    xb_cell **sums;  /* NULL: not wanted, or of the result's shape and stored at once */
} xb_spread;

/* Operands are the inputs and, last, the result. */
static void spread_row(void *cx, const int64_t *offset, const int64_t *stride, int64_t count)
{
    const xb_spread *s = cx;
    const xb_call *c = &s->b->c;
    size_t last = c->n_in;
    for (int64_t k = 0; k < count; k += XB_BLOCK) {
        xb_cell g[XB_BLOCK];
        int64_t n = count - k < XB_BLOCK ? count - k : XB_BLOCK;
        xb_cells_load(g, s->b->dout[0].type.dtype, s->b->dout[0].data, offset[last] + k * stride[last], stride[last],
                      n);
        for (size_t i = 0; s->reads && i < last; i++) {
            xb_dtype t = c->in[i].type.dtype;
            xb_cell *to = s->values + i * XB_BLOCK;
            xb_cells_load(to, t, c->in[i].data, offset[i] + k * stride[i], stride[i], n);
            xb_cells_convert(to, xb_class_of(t), XB_CLASS_FLOAT, n);
        }
        s->fn(s->values, last, g, n, s->flag);
        for (size_t i = 0; i < last; i++) {
            const xb_cell *from = s->values + i * XB_BLOCK;
            const xb_tensor *to = &s->b->din[i];
            if (s->sums[i])
                for (int64_t j = 0; j < n; j++) s->sums[i][offset[i] + (k + j) * stride[i]].f += from[j].f;
            else if (to->data)
                xb_cells_store(from, to->type.dtype, to->data, offset[i] + k * stride[i], stride[i], n);
        }
    }
}

bool xb_back_binary(const xb_back *b)
{
    const xb_call *c = &b->c;
    const xb_type *y = &c->out[0].type;
    xb_strides_row *stride = xb_calloc(c->n_in + 1, sizeof *stride);
    xb_slopes_fn *fn = slopes_of(c->kind);
    xb_spread s = {b,
                   fn,
                   c->kind == XB_OP_Mod && xb_call_int(c, "fmod", 0) != 0,
                   fn != add && fn != mean && fn != sub,
                   xb_calloc(c->n_in * XB_BLOCK, sizeof *s.values),
                   xb_calloc(c->n_in, sizeof *s.sums)};
    bool ok = true;
    for (size_t i = 0; ok && i < c->n_in; i++) {
        if (!xb_broadcast(&c->in[i].type, y, &stride[i]))
            ok = xb_call_bad(c, "input %zu does not fit the others", i + 1);
        else if (xb_type_count(&c->in[i].type) != xb_type_count(y))
            s.sums[i] = xb_back_sums(b, i);
    }
    xb_strides(y, stride[c->n_in].of);
    if (ok) xb_walk_rows(y->rank, y->dim, c->n_in + 1, stride, spread_row, &s);
    for (size_t i = 0; i < c->n_in; i++) xb_back_give(b, i, s.sums[i]);
    free(s.values);
    free(s.sums);
    free(stride);
    return ok;
}
