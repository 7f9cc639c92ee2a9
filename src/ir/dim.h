/* dim.h: arithmetic on sizes that may be symbols: batch, 2*batch, H-2, floor((H+1)/2) ...
 *
 * A symbol made by arithmetic is named by its expression in a canonical order, so equal expressions are one symbol, in
 * every run. Symbols of the model count as sizes >= 1. Expressions that grow past the limits here become opaque symbols
 * named by the op ("??conv1.0"), which equal nothing else.
 */
#ifndef XB_IR_DIM_H
#define XB_IR_DIM_H

#include "ir/graph.h"

/* An integer: known, or the symbol with the (negative) number v. */
typedef struct xb_num {
    int64_t v;
    bool sym;
} xb_num;

typedef struct xb_dims xb_dims;
xb_dims *xb_dims_new(xb_graph *g);
void xb_dims_free(xb_dims *d);
/* Opaque symbols made from now on are named by `op`. */
void xb_dims_at(xb_dims *d, const char *op);

static inline xb_num xb_num_int(int64_t v)
{
    return (xb_num){v, false};
}
static inline xb_num xb_num_of_dim(int64_t dim)
{
    return (xb_num){dim, dim < 0};
}
static inline bool xb_num_same(xb_num a, xb_num b)
{
    return a.v == b.v && a.sym == b.sym;
}

/* false: overflow of a known result, or division by zero. div rounds towards zero, floor_div down (b known and
 * positive); for a symbolic dividend both take it to be >= 0. */
bool xb_num_add(xb_dims *d, xb_num a, xb_num b, xb_num *out);
bool xb_num_sub(xb_dims *d, xb_num a, xb_num b, xb_num *out);
bool xb_num_mul(xb_dims *d, xb_num a, xb_num b, xb_num *out);
bool xb_num_div(xb_dims *d, xb_num a, xb_num b, xb_num *out);
bool xb_num_floor_div(xb_dims *d, xb_num a, int64_t b, xb_num *out);
xb_num xb_num_min(xb_dims *d, xb_num a, xb_num b);
xb_num xb_num_max(xb_dims *d, xb_num a, xb_num b);
/* The sign of a-b for all sizes of the symbols; false: it depends. */
bool xb_num_compare(xb_dims *d, xb_num a, xb_num b, int *sign);
/* A symbol for f(args) of which nothing is known but that equal arguments give equal results. */
xb_num xb_num_opaque(xb_dims *d, const char *f, const xb_num *args, size_t n);

/* A symbol that stands in the model itself, not made by arithmetic. */
bool xb_dims_is_atom(const xb_dims *d, int64_t dim);
/* From now on symbol b is symbol a (both atoms); takes effect when the caller asks with xb_dims_root. */
void xb_dims_unite(xb_dims *d, int64_t a, int64_t b);
int64_t xb_dims_root(const xb_dims *d, int64_t dim); /* the dim itself when it was never united */
size_t xb_dims_united(const xb_dims *d);

#endif
