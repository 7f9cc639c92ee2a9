/* unary.c: one value in, one out: activations, mathematics, tests; Cast and CastLike. */
#include "nn/ref/kernel.h"
#include <math.h>
#include <string.h>

typedef struct xb_unary_terms {
    double alpha, beta;
    xb_cell lo, hi; /* of Clip */
} xb_unary_terms;

typedef void xb_unary_fn(const xb_unary_terms *u, xb_cell *v, int64_t n);

#define UNARY(name, from, to, expression)                                                                              \
    static void name(const xb_unary_terms *u, xb_cell *v, int64_t n)                                                   \
    {                                                                                                                  \
        (void)u;                                                                                                       \
        for (int64_t k = 0; k < n; k++) {                                                                              \
            __auto_type x = v[k].from;                                                                                 \
            v[k].to = (expression);                                                                                    \
        }                                                                                                              \
    }

UNARY(relu, f, f, x < 0 ? 0 : x)
UNARY(relu_i, i, i, x < 0 ? 0 : x)
UNARY(leaky_relu, f, f, x < 0 ? u->alpha * x : x)
UNARY(elu, f, f, x < 0 ? u->alpha * expm1(x) : x)
UNARY(selu, f, f, u->beta *(x <= 0 ? u->alpha * expm1(x) : x))
UNARY(celu, f, f, x < 0 ? u->alpha * expm1(x / u->alpha) : x)
UNARY(sigmoid, f, f, 1 / (1 + exp(-x)))
UNARY(hard_sigmoid, f, f, isnan(x) ? x : fmax(0, fmin(1, u->alpha *x + u->beta)))
UNARY(hard_swish, f, f, isnan(x) ? x : x *fmax(0, fmin(1, x / 6 + 0.5)))
UNARY(tanh_, f, f, tanh(x))
UNARY(softplus, f, f, isnan(x) ? x : log1p(exp(-fabs(x))) + fmax(x, 0))
UNARY(softsign, f, f, x / (1 + fabs(x)))
UNARY(thresholded_relu, f, f, x > u->alpha || isnan(x) ? x : 0)
UNARY(shrink, f, f, x<-u->alpha ? x + u->beta : x> u->alpha ? x - u->beta : isnan(x) ? x : 0)
UNARY(shrink_i, i, i,
      (double)x<-u->alpha ? (int64_t)((double)x + u->beta) : (double)x> u->alpha ? (int64_t)((double)x - u->beta) : 0)
UNARY(shrink_u, u, u, (double)x > u->alpha ? (uint64_t)(int64_t)((double)x - u->beta) : 0)
UNARY(clip, f, f, x > u->hi.f || u->lo.f > u->hi.f ? (isnan(x) ? x : u->hi.f) : x < u->lo.f ? u->lo.f : x)
UNARY(clip_i, i, i, x > u->hi.i || u->lo.i > u->hi.i ? u->hi.i : x < u->lo.i ? u->lo.i : x)
UNARY(clip_u, u, u, x > u->hi.u || u->lo.u > u->hi.u ? u->hi.u : x < u->lo.u ? u->lo.u : x)
UNARY(erf_, f, f, erf(x))
UNARY(exp_, f, f, exp(x))
UNARY(log_, f, f, log(x))
UNARY(sqrt_, f, f, sqrt(x))
UNARY(abs_, f, f, fabs(x))
UNARY(abs_i, i, u, x < 0 ? -(uint64_t)x : (uint64_t)x)
UNARY(same, u, u, x)
UNARY(neg, f, f, -x)
UNARY(neg_i, u, u, -x)
UNARY(reciprocal, f, f, 1 / x)
UNARY(floor_, f, f, floor(x))
UNARY(ceil_, f, f, ceil(x))
UNARY(round_, f, f, nearbyint(x))
UNARY(sign, f, f, x > 0 ? 1 : x < 0 ? -1 : x)
UNARY(sign_i, i, i, (x > 0) - (x < 0))
UNARY(sign_u, u, u, x > 0)
UNARY(sin_, f, f, sin(x))
UNARY(cos_, f, f, cos(x))
UNARY(tan_, f, f, tan(x))
UNARY(asin_, f, f, asin(x))
UNARY(acos_, f, f, acos(x))
UNARY(atan_, f, f, atan(x))
UNARY(sinh_, f, f, sinh(x))
UNARY(cosh_, f, f, cosh(x))
UNARY(asinh_, f, f, asinh(x))
UNARY(acosh_, f, f, acosh(x))
UNARY(atanh_, f, f, atanh(x))
UNARY(not_, i, i, !x)
UNARY(is_nan, f, i, isnan(x) != 0)
UNARY(is_inf, f, i, isinf(x) && (x < 0 ? u->alpha : u->beta) != 0)

typedef struct xb_unary_row {
    xb_unary_fn *of[4];       /* by class; NULL: refused */
    const char *alpha, *beta; /* attributes */
    float alpha_absent, beta_absent;
} xb_unary_row;

static const xb_unary_row unary_table[XB_KINDS] = {
    [XB_OP_Relu] = {.of = {relu, relu_i}},
    [XB_OP_LeakyRelu] = {.of = {leaky_relu}, .alpha = "alpha", .alpha_absent = 0.01f},
    [XB_OP_Elu] = {.of = {elu}, .alpha = "alpha", .alpha_absent = 1},
    [XB_OP_Selu] = {.of = {selu},
                    .alpha = "alpha",
                    .alpha_absent = 1.67326319217681884765625f,
                    .beta = "gamma",
                    .beta_absent = 1.05070102214813232421875f},
    [XB_OP_Celu] = {.of = {celu}, .alpha = "alpha", .alpha_absent = 1},
    [XB_OP_Sigmoid] = {.of = {sigmoid}},
    [XB_OP_HardSigmoid] =
        {.of = {hard_sigmoid}, .alpha = "alpha", .alpha_absent = 0.2f, .beta = "beta", .beta_absent = 0.5f},
    [XB_OP_HardSwish] = {.of = {hard_swish}},
    [XB_OP_Tanh] = {.of = {tanh_}},
    [XB_OP_Softplus] = {.of = {softplus}},
    [XB_OP_Softsign] = {.of = {softsign}},
    [XB_OP_ThresholdedRelu] = {.of = {thresholded_relu}, .alpha = "alpha", .alpha_absent = 1},
    [XB_OP_Shrink] = {.of = {shrink, shrink_i, shrink_u}, .alpha = "lambd", .alpha_absent = 0.5f, .beta = "bias"},
    [XB_OP_Clip] = {.of = {clip, clip_i, clip_u}},
    [XB_OP_Erf] = {.of = {erf_}},
    [XB_OP_Exp] = {.of = {exp_}},
    [XB_OP_Log] = {.of = {log_}},
    [XB_OP_Sqrt] = {.of = {sqrt_}},
    [XB_OP_Abs] = {.of = {abs_, abs_i, same}},
    [XB_OP_Neg] = {.of = {neg, neg_i}},
    [XB_OP_Reciprocal] = {.of = {reciprocal}},
    [XB_OP_Floor] = {.of = {floor_}},
    [XB_OP_Ceil] = {.of = {ceil_}},
    [XB_OP_Round] = {.of = {round_}},
    [XB_OP_Sign] = {.of = {sign, sign_i, sign_u}},
    [XB_OP_Sin] = {.of = {sin_}},
    [XB_OP_Cos] = {.of = {cos_}},
    [XB_OP_Tan] = {.of = {tan_}},
    [XB_OP_Asin] = {.of = {asin_}},
    [XB_OP_Acos] = {.of = {acos_}},
    [XB_OP_Atan] = {.of = {atan_}},
    [XB_OP_Sinh] = {.of = {sinh_}},
    [XB_OP_Cosh] = {.of = {cosh_}},
    [XB_OP_Asinh] = {.of = {asinh_}},
    [XB_OP_Acosh] = {.of = {acosh_}},
    [XB_OP_Atanh] = {.of = {atanh_}},
    [XB_OP_Not] = {.of = {NULL, NULL, NULL, not_}},
    [XB_OP_IsNaN] = {.of = {is_nan}},
    [XB_OP_IsInf] = {.of = {is_inf}},
};

/* Bounds of Clip: inputs 1 and 2, else the whole range of the type's class. */
static void read_bounds(const xb_call *c, xb_class class, xb_unary_terms *u)
{
    u->lo =
        class == XB_CLASS_FLOAT ? (xb_cell){.f = -INFINITY} : (xb_cell){.i = class == XB_CLASS_SIGNED ? INT64_MIN : 0};
    u->hi = class == XB_CLASS_FLOAT    ? (xb_cell){.f = INFINITY}
            : class == XB_CLASS_SIGNED ? (xb_cell){.i = INT64_MAX}
                                       : (xb_cell){.u = UINT64_MAX};
    if (xb_call_has(c, 1) && c->in[1].data) xb_cells_load(&u->lo, c->in[1].type.dtype, c->in[1].data, 0, 1, 1);
    if (xb_call_has(c, 2) && c->in[2].data) xb_cells_load(&u->hi, c->in[2].type.dtype, c->in[2].data, 0, 1, 1);
}

bool xb_ref_unary(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    const xb_unary_row *row = &unary_table[c->kind];
    xb_class class = xb_class_of(x->type.dtype);
    xb_unary_fn *fn = row->of[class];
    if (!fn) return xb_call_refuse(c, x->type.dtype);
    if (!xb_call_keeps_size(c)) return false;
    xb_unary_terms u = {row->alpha ? xb_call_real(c, row->alpha, (double)row->alpha_absent) : 0,
                        row->beta ? xb_call_real(c, row->beta, (double)row->beta_absent) : 0,
                        {.i = 0},
                        {.i = 0}};
    if (c->kind == XB_OP_Clip) read_bounds(c, class, &u);
    if (c->kind == XB_OP_IsInf) {
        u.alpha = (double)xb_call_int(c, "detect_negative", 1);
        u.beta = (double)xb_call_int(c, "detect_positive", 1);
    }
    int64_t count = xb_type_count(&x->type);
    for (int64_t k = 0; k < count; k += XB_BLOCK) {
        xb_cell v[XB_BLOCK];
        int64_t n = count - k < XB_BLOCK ? count - k : XB_BLOCK;
        xb_cells_load(v, x->type.dtype, x->data, k, 1, n);
        fn(&u, v, n);
        xb_cells_store(v, y->type.dtype, y->data, k, 1, n);
    }
    return true;
}

bool xb_ref_cast(const xb_call *c)
{
    const xb_tensor *x = &c->in[0], *y = &c->out[0];
    xb_class from = xb_class_of(x->type.dtype), to = xb_class_of(y->type.dtype);
    int64_t count = xb_type_count(&x->type);
    if (!xb_call_keeps_size(c)) return false;
    for (int64_t k = 0; k < count; k += XB_BLOCK) {
        xb_cell v[XB_BLOCK];
        int64_t n = count - k < XB_BLOCK ? count - k : XB_BLOCK;
        xb_cells_load(v, x->type.dtype, x->data, k, 1, n);
        xb_cells_convert(v, from, to, n);
        xb_cells_store(v, y->type.dtype, y->data, k, 1, n);
    }
    return true;
}

/* In inference a copy and a mask of ones; so in training with ratio 0. Drawing is refused: there is no seed to agree
 * on. */
bool xb_ref_dropout(const xb_call *c)
{
    double ratio = xb_call_has(c, 1) ? xb_cells_scalar(&c->in[1]) : 0.5;
    bool training = xb_call_has(c, 2) && xb_cells_scalar(&c->in[2]) != 0;
    if (training && ratio != 0) {
        xb_where where = xb_graph_where(c->g, c->op);
        xb_diag(c->d, XB_ERROR, "op-unsupported", &where, "Dropout in training mode draws random numbers");
        return false;
    }
    size_t bytes;
    if (!xb_call_keeps_size(c)) return false;
    if (c->out[0].data && xb_type_bytes(&c->in[0].type, &bytes) && bytes) memcpy(c->out[0].data, c->in[0].data, bytes);
    if (xb_call_wants(c, 1)) memset(c->out[1].data, 1, (size_t)xb_type_count(&c->out[1].type));
    return true;
}
