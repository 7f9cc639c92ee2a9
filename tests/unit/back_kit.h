/* back_kit.h: one op's gradient held against central differences of the plain kernel, in f64, and in f32 against f64.
 * For tests/unit/test_nn_back*.c. */
#ifndef XB_TESTS_BACK_KIT_H
#define XB_TESTS_BACK_KIT_H

#include "nn/back.h"
#include "ref_net.h"

/* An op under test: `n` is filled in by a maker with inputs of type t. */
typedef struct trial {
    net n;
    xb_rng rng;
    xb_dtype t;
    xb_tensor dout[NET_INPUTS], din[NET_INPUTS];
} trial;

/* Writes down inputs and attributes of configuration 0, 1, ... */
typedef void trial_maker(trial *x, int variant);

typedef struct trial_case {
    xb_kind kind;
    trial_maker *make;
    int variants;
} trial_case;

/* n different numbers between lo and hi in random order, evenly spaced: no ties, within an input and between two. Each
 * is a float, so that f32 and f64 see the same. */
static inline void spread(trial *x, xb_tensor *to, double lo, double hi)
{
    int64_t n = xb_type_count(&to->type);
    double shift = 0.5 + 0.03125 * (double)x->n.n_in;
    for (int64_t k = 0; k < n; k++) {
        int64_t other = xb_rng_below(&x->rng, (uint32_t)k + 1);
        double last = (double)(float)(lo + ((double)k + shift) * (hi - lo) / (double)n);
        xb_tensor_set(to, (size_t)k, xb_tensor_get(to, (size_t)other));
        xb_tensor_set(to, (size_t)other, last);
    }
}

static inline xb_tensor *reals(trial *x, double lo, double hi, int rank, const int64_t *dim)
{
    xb_tensor *t = net_input(&x->n, x->t, rank, dim);
    spread(x, t, lo, hi);
    return t;
}

static inline void make(trial *x, const trial_case *c, int variant, xb_dtype t)
{
    *x = (trial){.n = net_of(c->kind), .rng = xb_rng_at(11, XB_RNG_NOISE, (uint32_t)c->kind * 64 + (uint32_t)variant)};
    x->t = t;
    c->make(x, variant);
    net_run(&x->n);
    for (size_t i = 1; t == XB_F64 && i < x->n.n_out; i++) /* inferred as f32, too coarse for differences */
        if (x->n.out[i].type.dtype == XB_F32) {
            xb_type type = x->n.out[i].type;
            type.dtype = XB_F64;
            xb_tensor_free(&x->n.out[i]);
            ck_assert(xb_tensor_alloc(&x->n.out[i], &type));
        }
    for (size_t i = 0; i < x->n.n_out; i++) {
        ck_assert(xb_tensor_alloc(&x->dout[i], &x->n.out[i].type));
        for (int64_t k = 0; k < xb_type_count(&x->dout[i].type); k++)
            xb_tensor_set(&x->dout[i], (size_t)k, (double)(float)xb_rng_between(&x->rng, -1, 1));
    }
    /* not zero before, so that what is left alone shows */
    for (size_t i = 0; i < x->n.n_in; i++)
        if (x->n.in[i].data) {
            ck_assert(xb_tensor_alloc(&x->din[i], &x->n.in[i].type));
            for (int64_t k = 0; k < xb_type_count(&x->din[i].type); k++) xb_tensor_set(&x->din[i], (size_t)k, 77);
        }
}

static inline void unmake(trial *x)
{
    for (size_t i = 0; i < NET_INPUTS; i++) {
        xb_tensor_free(&x->dout[i]);
        xb_tensor_free(&x->din[i]);
    }
    net_free(&x->n);
}

static inline void back(trial *x)
{
    bool ok = xb_back_op(x->n.d, x->n.g, x->n.op, x->n.in, x->n.n_in, x->n.out, x->n.n_out, x->dout, x->din);
    ck_assert_msg(ok, "%s", xb_diags_text(x->n.d));
    ck_assert_uint_eq(xb_diags_errors(x->n.d), 0);
}

/* sum of dout times the results. */
static inline double loss(trial *x)
{
    double sum = 0;
    bool ok = xb_ref_op(x->n.d, x->n.g, x->n.op, x->n.in, x->n.n_in, x->n.out, x->n.n_out);
    ck_assert_msg(ok, "%s", xb_diags_text(x->n.d));
    for (size_t i = 0; i < x->n.n_out; i++)
        for (int64_t k = 0; x->dout[i].data && k < xb_type_count(&x->dout[i].type); k++)
            sum += xb_tensor_get(&x->dout[i], (size_t)k) * xb_tensor_get(&x->n.out[i], (size_t)k);
    return sum;
}

static inline double greatest_of(const xb_tensor *t)
{
    double top = 0;
    for (int64_t k = 0; k < xb_type_count(&t->type); k++) top = fmax(top, fabs(xb_tensor_get(t, (size_t)k)));
    return top;
}

/* d loss / d in[input][k] */
static inline double difference(trial *x, size_t input, size_t k, double h)
{
    xb_tensor *t = &x->n.in[input];
    double at = xb_tensor_get(t, k);
    xb_tensor_set(t, k, at + h);
    double above = loss(x);
    xb_tensor_set(t, k, at - h);
    double below = loss(x);
    xb_tensor_set(t, k, at);
    return (above - below) / (2 * h);
}

/* Every element of every input that a gradient flows to; of the others it is 0. Returns how many inputs it reached. */
static inline size_t against_differences(trial *x, int variant)
{
    size_t reached = 0;
    for (size_t i = 0; i < x->n.n_in; i++) {
        if (!x->n.in[i].data) continue;
        bool flows = xb_back_flows(x->n.g, x->n.op, i);
        double top = flows ? fmax(1, greatest_of(&x->din[i])) : 0;
        reached += flows && greatest_of(&x->din[i]) > 0;
        for (int64_t k = 0; k < xb_type_count(&x->din[i].type); k++) {
            double got = xb_tensor_get(&x->din[i], (size_t)k);
            double want = flows ? difference(x, i, (size_t)k, 1e-5) : 0;
            ck_assert_msg(fabs(got - want) <= 1e-6 * top, "%s, configuration %d: d input %zu [%lld] is %.9g, not %.9g",
                          xb_opdef_of(x->n.kind)->name, variant, i, (long long)k, got, want);
        }
    }
    return reached;
}

static inline void agree(const trial *narrow, const trial *wide, int variant)
{
    for (size_t i = 0; i < wide->n.n_in; i++) {
        if (!wide->din[i].data || !xb_back_flows(wide->n.g, wide->n.op, i)) continue;
        double top = fmax(1, greatest_of(&wide->din[i]));
        for (int64_t k = 0; k < xb_type_count(&wide->din[i].type); k++) {
            double a = xb_tensor_get(&narrow->din[i], (size_t)k), b = xb_tensor_get(&wide->din[i], (size_t)k);
            ck_assert_msg(fabs(a - b) <= 1e-5 * top,
                          "%s, configuration %d: d input %zu [%lld] is %.9g in f32, %.9g in f64",
                          xb_opdef_of(wide->n.kind)->name, variant, i, (long long)k, a, b);
        }
    }
}

/* Gradients are asked for one input at a time, too: what is not wanted changes nothing. */
static inline void alone(trial *x)
{
    for (size_t i = 0; i < x->n.n_in; i++) {
        if (!x->din[i].data) continue;
        xb_tensor one[NET_INPUTS] = {{0}};
        size_t bytes;
        ck_assert(xb_type_bytes(&x->din[i].type, &bytes));
        ck_assert(xb_tensor_alloc(&one[i], &x->din[i].type));
        ck_assert(xb_back_op(x->n.d, x->n.g, x->n.op, x->n.in, x->n.n_in, x->n.out, x->n.n_out, x->dout, one));
        ck_assert_mem_eq(one[i].data, x->din[i].data, bytes);
        xb_tensor_free(&one[i]);
    }
}

static inline void check_trial(const trial_case *c, int variant)
{
    trial wide, narrow;
    make(&wide, c, variant, XB_F64);
    back(&wide);
    alone(&wide);
    size_t reached = against_differences(&wide, variant);
    ck_assert_msg(reached > 0, "%s, configuration %d: no gradient anywhere", xb_opdef_of(c->kind)->name, variant);
    make(&narrow, c, variant, XB_F32);
    back(&narrow);
    agree(&narrow, &wide, variant);
    unmake(&narrow);
    unmake(&wide);
}

#endif
