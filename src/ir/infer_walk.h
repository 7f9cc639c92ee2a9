/* infer_walk.h: what the rules of inference see: the op at hand, its input types, known integers, and how to complain.
 * Private to inference (infer*.c, shape_value.c). */
#ifndef XB_IR_INFER_WALK_H
#define XB_IR_INFER_WALK_H

#include "base/vec.h"
#include "ir/dim.h"
#include "ir/infer.h"

enum { XB_SHORT = 64 };                 /* integer tensors of at most so many elements are followed */
#define XB_MAX_COUNT ((int64_t)1 << 40) /* elements of a tensor */
#define XB_MAX_ATTR ((int64_t)1 << 31)  /* of a kernel size, stride, pad ... */

/* Elements of a short integer (or boolean) tensor, row-major; its type says the shape. */
typedef struct xb_known {
    size_t n;
    xb_num e[];
} xb_known;

typedef struct xb_walk {
    xb_diags *d;
    xb_graph *g;
    xb_fold_fn *fold;
    xb_arena *arena; /* of this walk */
    xb_dims *dims;
    bool failed;
    xb_vec(const xb_known *) known; /* by value id; NULL: not known */
    /* the op at hand */
    xb_op op;
    xb_kind kind;
    size_t n_in, n_out;
    xb_value *in, *out;
    xb_type *type; /* of the inputs; rank -1 when absent */
} xb_walk;

/* Fills out[0..n_out) (zeroed: XB_NONE, rank 0). false after a diagnostic. */
typedef bool xb_rule(xb_walk *w, xb_type *out);

/* -- complaints; input is 0-based, -1: none. All return false. -- */
bool xb_walk_error(xb_walk *w, const char *code, int input, const char *format, ...) XB_PRINTF(4, 5);
const char *xb_walk_show(xb_walk *w, const xb_type *t); /* "f32[batch,3]"; lives as long as the walk */
const char *xb_walk_dim(xb_walk *w, int64_t dim);

/* -- attributes; absent is given back when there is none; a wrong type or a value outside is "attribute" -- */
bool xb_walk_int(xb_walk *w, const char *name, int64_t absent, int64_t min, int64_t max, int64_t *out);
bool xb_walk_flag(xb_walk *w, const char *name, bool absent, bool *out);
/* *n is 0 when absent or empty. */
bool xb_walk_ints(xb_walk *w, const char *name, const int64_t **list, size_t *n);
const char *xb_walk_string(xb_walk *w, const char *name, const char *absent);
/* -rank <= v < rank -> 0 <= axis < rank. */
bool xb_walk_axis(xb_walk *w, int64_t v, int rank, int *axis);
bool xb_walk_axis_attr(xb_walk *w, int64_t absent, int rank, int *axis); /* attribute "axis" */
/* Distinct axes as flags. */
bool xb_walk_axes(xb_walk *w, const int64_t *list, size_t n, int rank, bool on[XB_MAX_RANK]);

/* -- inputs -- */
static inline bool xb_walk_has(const xb_walk *w, size_t i)
{
    return i < w->n_in && w->in[i].id != 0;
}
bool xb_walk_rank(xb_walk *w, size_t i, int min, int max); /* "shape" unless the rank is inside */
bool xb_walk_is_float(xb_dtype t);
bool xb_walk_is_int(xb_dtype t);
bool xb_walk_want_float(xb_walk *w, size_t i);
bool xb_walk_want_same(xb_walk *w, size_t a, size_t b); /* element types of two inputs; absent: fine */
/* What is known of an integer input; NULL: nothing. */
const xb_known *xb_walk_known(xb_walk *w, size_t i);
const xb_known *xb_known_const(xb_walk *w, xb_value v);
/* An integer vector (or scalar) of at most max elements; "shape-dynamic" when it is not all known. `list` lives as long
 * as the walk. */
bool xb_walk_vector(xb_walk *w, size_t i, size_t max, const xb_num **list, size_t *n);
bool xb_walk_numbers(xb_walk *w, size_t i, size_t max, int64_t *list, size_t *n); /* symbols refused too */

/* -- sizes -- */
/* Two sizes that must agree: *out is the known one; two different symbols become one (the first). "shape" when they
 * cannot. */
bool xb_walk_agree(xb_walk *w, int input, int64_t a, int64_t b, int64_t *out);
/* numpy's rule for one dimension, and for whole shapes (into *t, which keeps its dtype). */
bool xb_walk_broadcast(xb_walk *w, int input, xb_type *t, const xb_type *other);
/* May `from` be broadcast to `to` without changing `to`? */
bool xb_walk_broadcast_to(xb_walk *w, int input, const xb_type *from, const xb_type *to);
bool xb_walk_dim_of(xb_walk *w, xb_num n, int64_t *dim);                  /* "shape" when negative */
bool xb_walk_product(xb_walk *w, const int64_t *dim, int n, xb_num *out); /* "shape" on overflow */

/* Known results of the op at hand, whose result type is `out`; NULL: none. shape_value.c */
const xb_known *xb_shape_value(xb_walk *w, const xb_type *out);

/* ONNX TensorProto.DataType number -> XB_NONE when it is none of ours. */
xb_dtype xb_dtype_of_onnx(int64_t n);

/* The rule of a kind; NULL for XB_OP_UNKNOWN. infer_table.c */
xb_rule *xb_rule_of(xb_kind kind);

/* by family */
xb_rule xb_rule_conv, xb_rule_conv_transpose, xb_rule_max_pool, xb_rule_average_pool, xb_rule_global_pool;
xb_rule xb_rule_gemm, xb_rule_matmul;
xb_rule xb_rule_batch_norm, xb_rule_instance_norm, xb_rule_layer_norm, xb_rule_lrn;
xb_rule xb_rule_unary, xb_rule_unary_float, xb_rule_not, xb_rule_is, xb_rule_clip, xb_rule_dropout, xb_rule_cast,
    xb_rule_cast_like, xb_rule_prelu;
xb_rule xb_rule_pow, xb_rule_shift, xb_rule_logic, xb_rule_compare, xb_rule_variadic, xb_rule_where;
xb_rule xb_rule_axis_map, xb_rule_reduce, xb_rule_arg, xb_rule_cumsum;
xb_rule xb_rule_concat, xb_rule_split, xb_rule_flatten, xb_rule_reshape, xb_rule_transpose, xb_rule_squeeze,
    xb_rule_unsqueeze, xb_rule_pad, xb_rule_slice, xb_rule_gather, xb_rule_gather_elements, xb_rule_expand,
    xb_rule_tile, xb_rule_depth_to_space, xb_rule_space_to_depth, xb_rule_trilu;
xb_rule xb_rule_shape, xb_rule_size, xb_rule_constant_of_shape, xb_rule_eye_like, xb_rule_range;

#endif
