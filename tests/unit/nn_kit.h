/* nn_kit.h: small networks with random weights, and the fast engine held against the plain one. */
#ifndef NN_KIT_H
#define NN_KIT_H

#include "base/rng.h"
#include "nn/engine.h"
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct net {
    xb_graph *g;
    xb_diags *d;
    xb_rng rng;
    xb_op op; /* the last one added */
    int64_t batch;
} net;

static inline net net_new(uint64_t seed)
{
    net n = {.g = xb_graph_new("net", "net.onnx"), .d = xb_diags_new(NULL, XB_DIAG_TEXT, false)};
    n.rng = xb_rng_at(seed, XB_RNG_INIT, 0);
    n.batch = xb_graph_symbol_id(n.g, "batch");
    return n;
}

static inline void net_free(net *n)
{
    xb_graph_free(n->g);
    xb_diags_free(n->d);
}

static inline xb_type net_type(int rank, const int64_t *dim)
{
    xb_type t = {.dtype = XB_F32, .rank = rank};
    memcpy(t.dim, dim, (size_t)rank * sizeof *dim);
    return t;
}
#define DIMS(...)                                                                                                      \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[])                                             \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

static inline xb_value net_input(net *n, const char *name, int rank, const int64_t *dim)
{
    xb_type t = net_type(rank, dim);
    return xb_graph_add_input(n->g, name, &t);
}

/* Random numbers of [lo, hi). */
static inline xb_value net_const(net *n, double lo, double hi, int rank, const int64_t *dim)
{
    xb_type t = net_type(rank, dim);
    xb_value v = xb_graph_add_const(n->g, "", &t, NULL);
    float *data = xb_graph_write(n->g, v);
    for (int64_t i = 0; i < xb_type_count(&t); i++) data[i] = (float)xb_rng_between(&n->rng, lo, hi);
    return v;
}

static inline xb_value net_scalar(net *n, float x)
{
    xb_type t = {.dtype = XB_F32};
    return xb_graph_add_const(n->g, "", &t, &x);
}

static inline xb_value net_ints(net *n, size_t count, const int64_t *v)
{
    xb_type t = {.dtype = XB_I64, .rank = 1, .dim = {(int64_t)count}};
    return xb_graph_add_const(n->g, "", &t, v);
}

static inline xb_value net_op(net *n, const char *type, size_t n_in, const xb_value *in)
{
    xb_value out = {0};
    n->op = xb_graph_add_op(n->g, (xb_op){0}, type, "", in, n_in, &out, 1);
    return out;
}
#define IN(...)                                                                                                        \
    sizeof((xb_value[]){__VA_ARGS__}) / sizeof(xb_value), (xb_value[])                                                 \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

static inline void net_attr(net *n, const char *name, size_t count, const int64_t *v)
{
    xb_graph_set_ints(n->g, n->op, name, v, count);
}
#define INTS(...)                                                                                                      \
    sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[])                                                    \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

/* 2-D convolution from c to m channels, kernel k, with bias. */
static inline xb_value net_conv(net *n, xb_value x, int64_t c, int64_t m, int64_t k, int64_t stride, int64_t pad,
                                int64_t group)
{
    double span = 1 / sqrt((double)(c / group * k * k));
    xb_value w = net_const(n, -span, span, DIMS(m, c / group, k, k)), b = net_const(n, -0.1, 0.1, DIMS(m));
    xb_value y = net_op(n, "Conv", IN(x, w, b));
    net_attr(n, "strides", INTS(stride, stride));
    net_attr(n, "pads", INTS(pad, pad, pad, pad));
    xb_graph_set_int(n->g, n->op, "group", group);
    return y;
}

static inline xb_value net_dense(net *n, xb_value x, int64_t c, int64_t m)
{
    double span = 1 / sqrt((double)c);
    xb_value y = net_op(n, "Gemm", IN(x, net_const(n, -span, span, DIMS(m, c)), net_const(n, -0.1, 0.1, DIMS(m))));
    xb_graph_set_int(n->g, n->op, "transB", 1);
    return y;
}

static inline void net_infer(net *n)
{
    bool ok = xb_graph_infer(n->d, n->g, NULL);
    ck_assert_msg(ok, "%s", xb_diags_text(n->d));
}

static inline xb_engine *net_engine(net *n, int threads, int64_t micro, bool plain)
{
    xb_engine *e =
        xb_engine_new(n->d, n->g, &(xb_engine_options){.threads = threads, .micro_batch = micro, .plain = plain});
    ck_assert_msg(e != NULL, "%s", xb_diags_text(n->d));
    return e;
}

/* A random tensor for input i, symbols replaced by size. */
static inline xb_tensor net_feed(net *n, size_t i, int64_t size)
{
    const xb_value *in;
    xb_graph_inputs(n->g, &in);
    xb_type t = *xb_graph_type(n->g, in[i]);
    for (int k = 0; k < t.rank; k++)
        if (t.dim[k] < 0) t.dim[k] = size;
    xb_tensor x = {0};
    ck_assert(xb_tensor_alloc(&x, &t));
    xb_rng r = xb_rng_at(7, XB_RNG_INIT, (uint32_t)i);
    for (int64_t k = 0; k < xb_type_count(&t); k++) xb_tensor_set(&x, (size_t)k, xb_rng_between(&r, -1, 1));
    return x;
}

/* Runs the graph (at most 4 inputs, one output) on `size` random items. */
static inline xb_tensor net_run(net *n, int threads, int64_t micro, bool plain, int64_t size)
{
    const xb_value *in;
    size_t count = xb_graph_inputs(n->g, &in);
    xb_tensor feed[4] = {{0}}, out = {0};
    for (size_t i = 0; i < count; i++) feed[i] = net_feed(n, i, size);
    xb_engine *e = net_engine(n, threads, micro, plain);
    bool ok = xb_engine_run(e, feed, count, &out, 1);
    ck_assert_msg(ok, "%s", xb_diags_text(n->d));
    xb_engine_free(e);
    for (size_t i = 0; i < count; i++) xb_tensor_free(&feed[i]);
    return out;
}

static inline char *net_plan(net *n, int64_t micro)
{
    xb_engine *e = net_engine(n, 1, micro, false);
    xb_buf b = {0};
    xb_engine_describe(e, &b);
    xb_engine_free(e);
    return b.data ? b.data : xb_strdup("");
}

/* Fast and plain agree to 1e-4 of the largest result. */
static inline void net_agrees(net *n, int64_t size)
{
    xb_tensor a = net_run(n, 2, 4, false, size), b = net_run(n, 1, 4, true, size);
    ck_assert(xb_type_same(&a.type, &b.type));
    double top = 0, off = 0;
    for (int64_t i = 0; i < xb_type_count(&a.type); i++) {
        double x = xb_tensor_get(&a, (size_t)i), y = xb_tensor_get(&b, (size_t)i);
        ck_assert(isfinite(x) && isfinite(y));
        if (fabs(y) > top) top = fabs(y);
        if (fabs(x - y) > off) off = fabs(x - y);
    }
    char *plan = net_plan(n, 4);
    ck_assert_msg(top > 0 && off <= 1e-4 * top, "off by %g of %g:\n%s", off, top, plan);
    free(plan);
    xb_tensor_free(&a);
    xb_tensor_free(&b);
}

/* The plan holds this text. */
static inline void net_planned(net *n, const char *text)
{
    char *plan = net_plan(n, 4);
    ck_assert_msg(strstr(plan, text) != NULL, "no '%s' in\n%s", text, plan);
    free(plan);
}

#endif
