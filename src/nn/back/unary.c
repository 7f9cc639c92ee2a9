/* unary.c: gradients of one value in, one out; of Clip to its bounds, too; and of what only copies. */
#include "nn/back/kernel.h"
#include <math.h>

typedef struct xb_terms {
    double alpha, beta;
} xb_terms;

/* g = what arrives at f(x), becomes what arrives at x. */
typedef void xb_slope_fn(const xb_terms *u, const xb_cell *v, xb_cell *to, int64_t n);

#define SLOPE(name, expression)                                                                                        \
    static void name(const xb_terms *u, const xb_cell *v, xb_cell *to, int64_t n)                                      \
    {                                                                                                                  \
        (void)u;                                                                                                       \
        for (int64_t k = 0; k < n; k++) {                                                                              \
            double x = v[k].f, g = to[k].f;                                                                            \
            to[k].f = (expression);                                                                                    \
        }                                                                                                              \
    }

static double square(double x)
{
    return x * x;
}

SLOPE(relu, x <= 0 ? 0 : g)
SLOPE(leaky_relu, x > 0 ? g : g * u->alpha)
SLOPE(elu, x <= 0 ? g * u->alpha * exp(x) : g)
SLOPE(selu, u->beta *(x <= 0 ? g * u->alpha * exp(x) : g))
SLOPE(celu, x <= 0 ? g * exp(x / u->alpha) : g)
SLOPE(sigmoid, g *exp(-fabs(x)) / square(1 + exp(-fabs(x))))
SLOPE(hard_sigmoid, u->alpha *x + u->beta > 0 && u->alpha * x + u->beta < 1 ? g * u->alpha : 0)
SLOPE(hard_swish, x < -3 ? 0 : x <= 3 ? g * (x / 3 + 0.5) : g)
SLOPE(tanh_, g / square(cosh(x)))
SLOPE(softplus, g / (1 + exp(-x)))
SLOPE(softsign, g / square(1 + fabs(x)))
SLOPE(thresholded_relu, x <= u->alpha ? 0 : g)
SLOPE(shrink, x >= -u->alpha && x <= u->alpha ? 0 : g)
SLOPE(erf_, g *M_2_SQRTPI *exp(-x *x))
SLOPE(exp_, g *exp(x))
SLOPE(log_, g / x)
SLOPE(sqrt_, g / (2 * sqrt(x)))
SLOPE(abs_, x > 0 ? g : x < 0 ? -g : 0)
SLOPE(neg, ((void)x, -g))
SLOPE(reciprocal, -g / square(x))
SLOPE(sin_, g *cos(x))
SLOPE(cos_, -g *sin(x))
SLOPE(tan_, g / square(cos(x)))
SLOPE(asin_, g / sqrt((1 - x) * (1 + x)))
SLOPE(acos_, -g / sqrt((1 - x) * (1 + x)))
SLOPE(atan_, g / (1 + x * x))
SLOPE(sinh_, g *cosh(x))
SLOPE(cosh_, g *sinh(x))
SLOPE(asinh_, g / sqrt(x * x + 1))
SLOPE(acosh_, g / sqrt((x - 1) * (x + 1)))
SLOPE(atanh_, g / ((1 - x) * (1 + x)))

typedef struct xb_slope_row {
    xb_slope_fn *fn;
    const char *alpha, *beta; /* attributes */
    float alpha_absent, beta_absent;
} xb_slope_row;

static const xb_slope_row slope_table[XB_KINDS] = {
    [XB_OP_Relu] = {relu},
    [XB_OP_LeakyRelu] = {leaky_relu, .alpha = "alpha", .alpha_absent = 0.01f},
    [XB_OP_Elu] = {elu, .alpha = "alpha", .alpha_absent = 1},
    [XB_OP_Selu] = {selu, "alpha", "gamma", 1.67326319217681884765625f, 1.05070102214813232421875f},
    [XB_OP_Celu] = {celu, .alpha = "alpha", .alpha_absent = 1},
    [XB_OP_Sigmoid] = {sigmoid},
    [XB_OP_HardSigmoid] = {hard_sigmoid, "alpha", "beta", 0.2f, 0.5f},
    [XB_OP_HardSwish] = {hard_swish},
    [XB_OP_Tanh] = {tanh_},
    [XB_OP_Softplus] = {softplus},
    [XB_OP_Softsign] = {softsign},
    [XB_OP_ThresholdedRelu] = {thresholded_relu, .alpha = "alpha", .alpha_absent = 1},
    [XB_OP_Shrink] = {shrink, .alpha = "lambd", .alpha_absent = 0.5f},
    [XB_OP_Erf] = {erf_},
    [XB_OP_Exp] = {exp_},
    [XB_OP_Log] = {log_},
    [XB_OP_Sqrt] = {sqrt_},
    [XB_OP_Abs] = {abs_},
    [XB_OP_Neg] = {neg},
    [XB_OP_Reciprocal] = {reciprocal},
    [XB_OP_Sin] = {sin_},
    [XB_OP_Cos] = {cos_},
    [XB_OP_Tan] = {tan_},
    [XB_OP_Asin] = {asin_},
    [XB_OP_Acos] = {acos_},
    [XB_OP_Atan] = {atan_},
    [XB_OP_Sinh] = {sinh_},
    [XB_OP_Cosh] = {cosh_},
    [XB_OP_Asinh] = {asinh_},
    [XB_OP_Acosh] = {acosh_},
    [XB_OP_Atanh] = {atanh_},
};

/* fn NULL: the gradient as it is. */
static void run(const xb_back *b, xb_slope_fn *fn, const xb_terms *u)
{
    const xb_tensor *x = &b->c.in[0], *dy = &b->dout[0], *dx = &b->din[0];
    int64_t count = xb_type_count(&x->type);
    for (int64_t k = 0; k < count; k += XB_BLOCK) {
        xb_cell v[XB_BLOCK], g[XB_BLOCK];
        int64_t n = count - k < XB_BLOCK ? count - k : XB_BLOCK;
        xb_cells_load(g, dy->type.dtype, dy->data, k, 1, n);
        if (fn) {
            xb_cells_load(v, x->type.dtype, x->data, k, 1, n);
            fn(u, v, g, n);
        }
        xb_cells_store(g, dx->type.dtype, dx->data, k, 1, n);
    }
}

bool xb_back_unary(const xb_back *b)
{
    const xb_slope_row *row = &slope_table[b->c.kind];
    xb_terms u = {row->alpha ? xb_call_real(&b->c, row->alpha, (double)row->alpha_absent) : 0,
                  row->beta ? xb_call_real(&b->c, row->beta, (double)row->beta_absent) : 0};
    run(b, row->fn, &u);
    return true;
}

/* Identity, Dropout, Cast, and changes of shape. */
bool xb_back_same(const xb_back *b)
{
    if (!xb_call_keeps_size(&b->c)) return false;
    run(b, NULL, NULL);
    return true;
}

/* Between the bounds and on them the gradient passes; outside it goes to the bound that is the result, which is the
 * upper one where they cross. */
bool xb_back_clip(const xb_back *b)
{
    xb_cell *x = xb_cells_of(&b->c.in[0]), *g = xb_cells_of(&b->dout[0]);
    double lo = xb_call_has(&b->c, 1) ? xb_cells_scalar(&b->c.in[1]) : -INFINITY;
    double hi = xb_call_has(&b->c, 2) ? xb_cells_scalar(&b->c.in[2]) : INFINITY;
    xb_cell *sum[3] = {xb_back_sums(b, 0), xb_back_sums(b, 1), xb_back_sums(b, 2)};
    int64_t count = xb_type_count(&b->c.in[0].type);
    for (int64_t k = 0; k < count; k++) {
        int to = x[k].f > hi || lo > hi ? 2 : x[k].f < lo ? 1 : 0;
        if (sum[to]) sum[to][to ? 0 : k].f += g[k].f;
    }
    for (size_t i = 0; i < 3; i++) xb_back_give(b, i, sum[i]);
    free(x);
    free(g);
    return true;
}
