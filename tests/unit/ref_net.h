/* ref_net.h: one op alone: builds a graph around it, infers its result, runs the plain kernel. For
 * tests/unit/test_nn_ref*.c. */
#ifndef XB_TESTS_REF_NET_H
#define XB_TESTS_REF_NET_H

#include "base/rng.h"
#include "ir/infer.h"
#include "nn/ref.h"
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NET_INPUTS = 8 };

typedef struct net {
    xb_diags *d;
    xb_graph *g;
    xb_op op;
    xb_tensor in[NET_INPUTS], out[NET_INPUTS];
    bool constant[NET_INPUTS]; /* input i is a constant of the graph */
    size_t n_in, n_out;
    xb_kind kind;
    xb_type result; /* given: of output 0, instead of inference, which would compute the op away */
    xb_attr attr[16];
    size_t n_attrs;
    int64_t numbers[16][16];
} net;

static inline net net_of(xb_kind kind)
{
    return (net){.d = xb_diags_new(NULL, XB_DIAG_TEXT, false), .kind = kind, .n_out = 1};
}

static inline xb_type type_of(xb_dtype t, int rank, const int64_t *dim)
{
    xb_type type = {.dtype = t, .rank = rank};
    for (int i = 0; i < rank; i++) type.dim[i] = dim[i];
    return type;
}

#define DIMS(...)                                                                                                      \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[])                                             \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

static inline xb_tensor *net_input(net *n, xb_dtype t, int rank, const int64_t *dim)
{
    xb_type type = type_of(t, rank, dim);
    ck_assert_uint_lt(n->n_in, NET_INPUTS);
    ck_assert(xb_tensor_alloc(&n->in[n->n_in], &type));
    return &n->in[n->n_in++];
}

static inline void net_absent(net *n)
{
    n->n_in++;
}

/* A constant vector of int64. */
static inline void net_ints(net *n, size_t count, const int64_t *v)
{
    n->constant[n->n_in] = true;
    xb_tensor *t = net_input(n, XB_I64, 1, &(int64_t){(int64_t)count});
    if (count) memcpy(t->data, v, count * sizeof *v);
}

static inline xb_attr *net_attr(net *n, const char *name, xb_attr_type type)
{
    xb_attr *a = &n->attr[n->n_attrs++];
    *a = (xb_attr){.name = name, .type = type};
    return a;
}

static inline void net_int(net *n, const char *name, int64_t v)
{
    net_attr(n, name, XB_ATTR_INT)->i = v;
}

static inline void net_real(net *n, const char *name, float v)
{
    net_attr(n, name, XB_ATTR_FLOAT)->f = v;
}

static inline void net_text(net *n, const char *name, const char *v)
{
    xb_attr *a = net_attr(n, name, XB_ATTR_STRING);
    a->s = v;
    a->n = strlen(v);
}

static inline void net_list(net *n, const char *name, size_t count, const int64_t *v)
{
    memcpy(n->numbers[n->n_attrs], v, count * sizeof *v);
    xb_attr *a = net_attr(n, name, XB_ATTR_INTS);
    a->ints = n->numbers[n->n_attrs - 1];
    a->n = count;
}

/* Small numbers that floats of every width hold exactly; `whole`: integers. */
static inline void fill(xb_tensor *t, xb_rng *r, bool whole)
{
    for (int64_t i = 0; i < xb_type_count(&t->type); i++) {
        double v = (double)xb_rng_below(r, 17) - 8;
        xb_tensor_set(t, (size_t)i, whole ? v : v / 4);
    }
}

/* The graph; false when inference says no. */
static inline bool net_build(net *n)
{
    xb_value in[NET_INPUTS] = {{0}}, out[NET_INPUTS];
    const char *names[NET_INPUTS] = {"y0", "y1", "y2", "y3", "y4", "y5", "y6", "y7"};
    n->g = xb_graph_new("test", "test.onnx");
    for (size_t i = 0; i < n->n_in; i++) {
        char name[8] = {'x', (char)('0' + i), 0};
        if (n->in[i].type.dtype == XB_NONE) continue;
        in[i] = n->constant[i] ? xb_graph_add_const(n->g, name, &n->in[i].type, n->in[i].data)
                               : xb_graph_add_input(n->g, name, &n->in[i].type);
    }
    n->op = xb_graph_add_op_kind(n->g, (xb_op){0}, n->kind, "the-node", in, n->n_in, names, out, n->n_out);
    for (size_t i = 0; i < n->n_attrs; i++) xb_graph_set_attr(n->g, n->op, &n->attr[i]);
    for (size_t i = 0; i < n->n_out; i++) xb_graph_add_output(n->g, out[i]);
    if (n->result.dtype != XB_NONE)
        xb_graph_set_type(n->g, out[0], &n->result);
    else if (!xb_graph_infer(n->d, n->g, NULL))
        return false;
    for (size_t i = 0; i < n->n_out; i++) ck_assert(xb_tensor_alloc(&n->out[i], xb_graph_type(n->g, out[i])));
    return true;
}

static inline bool net_try(net *n)
{
    return net_build(n) && xb_ref_op(n->d, n->g, n->op, n->in, n->n_in, n->out, n->n_out);
}

static inline void net_run(net *n)
{
    bool ok = net_try(n);
    ck_assert_msg(ok, "%s", xb_diags_text(n->d));
    ck_assert_uint_eq(xb_diags_errors(n->d), 0);
}

static inline void net_free(net *n)
{
    for (size_t i = 0; i < NET_INPUTS; i++) {
        xb_tensor_free(&n->in[i]);
        xb_tensor_free(&n->out[i]);
    }
    if (n->g) xb_graph_free(n->g);
    xb_diags_free(n->d);
}

/* Element of a tensor at a multi-index. */
static inline double at(const xb_tensor *t, const int64_t *index)
{
    int64_t k = 0;
    for (int d = 0; d < t->type.rank; d++) k = k * t->type.dim[d] + index[d];
    return xb_tensor_get(t, (size_t)k);
}

/* The multi-index of element k. */
static inline void index_of(const xb_type *t, int64_t k, int64_t *index)
{
    for (int d = t->rank - 1; d >= 0; d--) {
        index[d] = k % t->dim[d];
        k /= t->dim[d];
    }
}

static inline void near(double got, double want)
{
    if (isnan(want))
        ck_assert(isnan(got));
    else if (isinf(want))
        ck_assert(isinf(got) && (got < 0) == (want < 0));
    else
        ck_assert_double_le(fabs(got - want), 1e-5 * (1 + fabs(want)));
}

#endif
