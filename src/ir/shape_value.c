/* shape_value.c: shape arithmetic: what short integer tensors hold, symbols included. Each rule fills k->e for the
 * first result, or returns false when it cannot say. */
#include "ir/infer_walk.h"
#include <string.h>

typedef bool evaluate(xb_walk *w, const xb_type *out, xb_known *k);

static bool eval_shape(xb_walk *w, const xb_type *out, xb_known *k)
{
    (void)out;
    int64_t start = xb_graph_attr_int(w->g, w->op, "start", 0);
    int rank = w->type[0].rank;
    if (start < 0) start += rank;
    if (start < 0) start = 0;
    for (size_t i = 0; i < k->n; i++) k->e[i] = xb_num_of_dim(w->type[0].dim[start + (int64_t)i]);
    return true;
}

static bool eval_size(xb_walk *w, const xb_type *out, xb_known *k)
{
    (void)out;
    return xb_walk_product(w, w->type[0].dim, w->type[0].rank, &k->e[0]);
}

static bool eval_copy(xb_walk *w, const xb_type *out, xb_known *k)
{
    (void)out;
    const xb_known *a = xb_walk_known(w, 0);
    if (!a || a->n != k->n) return false;
    memcpy(k->e, a->e, k->n * sizeof *k->e);
    return true;
}

static bool truth(xb_walk *w, xb_num a, xb_num *out)
{
    int sign;
    if (!xb_num_compare(w->dims, a, xb_num_int(0), &sign)) return false;
    *out = xb_num_int(sign != 0);
    return true;
}

static bool eval_cast(xb_walk *w, const xb_type *out, xb_known *k)
{
    if (!eval_copy(w, out, k)) return false;
    for (size_t i = 0; out->dtype == XB_BOOLEAN && i < k->n; i++)
        if (!truth(w, k->e[i], &k->e[i])) return false;
    return true;
}

static bool eval_gather(xb_walk *w, const xb_type *out, xb_known *k)
{
    (void)out;
    const xb_known *a = xb_walk_known(w, 0), *at = xb_walk_known(w, 1);
    if (!a || !at || w->type[0].rank != 1) return false;
    for (size_t i = 0; i < k->n; i++) {
        int64_t p = at->e[i].v;
        if (at->e[i].sym) return false;
        if (p < 0) p += (int64_t)a->n;
        if (p < 0 || p >= (int64_t)a->n) return false;
        k->e[i] = a->e[p];
    }
    return true;
}

static bool eval_concat(xb_walk *w, const xb_type *out, xb_known *k)
{
    int64_t axis = xb_graph_attr_int(w->g, w->op, "axis", 0);
    if (axis != 0 && axis != -out->rank) return false;
    size_t n = 0;
    for (size_t i = 0; i < w->n_in; i++) {
        const xb_known *a = xb_walk_known(w, i);
        if (!a || n + a->n > k->n) return false;
        memcpy(k->e + n, a->e, a->n * sizeof *a->e);
        n += a->n;
    }
    return n == k->n;
}

static bool eval_slice(xb_walk *w, const xb_type *out, xb_known *k)
{
    (void)out;
    const xb_known *a = xb_walk_known(w, 0), *start = xb_walk_known(w, 1), *steps = xb_walk_known(w, 4);
    if (!a || !start || start->n != 1 || w->type[0].rank != 1 || start->e[0].sym) return false;
    int64_t step = steps ? steps->e[0].v : 1, size = (int64_t)a->n, at = start->e[0].v;
    if (at < 0) at += size;
    if (at < 0) at = 0;
    if (at >= size) at = size - 1; /* matters for negative steps only */
    for (size_t i = 0; i < k->n; i++, at += step) {
        if (at < 0 || at >= size) return false;
        k->e[i] = a->e[at];
    }
    return true;
}

/* Element of input `in` that is broadcast to element i of `out`. */
static size_t source(const xb_type *in, const xb_type *out, size_t i)
{
    size_t at = 0, stride = 1;
    for (int d = 1; d <= out->rank; d++) {
        size_t size = (size_t)out->dim[out->rank - d], p = i % size;
        i /= size;
        if (d > in->rank) break;
        if (in->dim[in->rank - d] != 1) at += p * stride;
        stride *= (size_t)in->dim[in->rank - d];
    }
    return at;
}

static bool python_mod(xb_walk *w, xb_num a, xb_num b, xb_num *out)
{
    if (xb_graph_attr_int(w->g, w->op, "fmod", 0) || (!b.sym && b.v <= 0)) return false;
    if (a.sym || b.sym) {
        *out = xb_num_opaque(w->dims, "mod", (xb_num[]){a, b}, 2);
        return true;
    }
    *out = xb_num_int((a.v % b.v + b.v) % b.v);
    return true;
}

static bool two(xb_walk *w, xb_num a, xb_num b, xb_num *out)
{
    int sign;
    switch (w->kind) {
    case XB_OP_Add:
        return xb_num_add(w->dims, a, b, out);
    case XB_OP_Sub:
        return xb_num_sub(w->dims, a, b, out);
    case XB_OP_Mul:
        return xb_num_mul(w->dims, a, b, out);
    case XB_OP_Div:
        return xb_num_div(w->dims, a, b, out);
    case XB_OP_Mod:
        return python_mod(w, a, b, out);
    case XB_OP_Min:
        *out = xb_num_min(w->dims, a, b);
        return true;
    case XB_OP_Max:
        *out = xb_num_max(w->dims, a, b);
        return true;
    case XB_OP_And:
        *out = xb_num_int(a.v && b.v);
        return true;
    case XB_OP_Or:
        *out = xb_num_int(a.v || b.v);
        return true;
    default:
        break;
    }
    if (!xb_num_compare(w->dims, a, b, &sign)) return false;
    *out = xb_num_int(w->kind == XB_OP_Equal         ? sign == 0
                      : w->kind == XB_OP_Less        ? sign < 0
                      : w->kind == XB_OP_LessOrEqual ? sign <= 0
                      : w->kind == XB_OP_Greater     ? sign > 0
                                                     : sign >= 0);
    return true;
}

static bool eval_elementwise(xb_walk *w, const xb_type *out, xb_known *k)
{
    for (size_t j = 0; j < w->n_in; j++) {
        const xb_known *a = xb_walk_known(w, j);
        if (!a) return false;
        for (size_t i = 0; i < k->n; i++) {
            xb_num v = a->e[source(&w->type[j], out, i)];
            if (j == 0)
                k->e[i] = v;
            else if (!two(w, k->e[i], v, &k->e[i]))
                return false;
        }
    }
    return true;
}

static bool eval_neg(xb_walk *w, const xb_type *out, xb_known *k)
{
    if (!eval_copy(w, out, k)) return false;
    for (size_t i = 0; i < k->n; i++)
        if (!xb_num_sub(w->dims, xb_num_int(0), k->e[i], &k->e[i])) return false;
    return true;
}

static bool eval_not(xb_walk *w, const xb_type *out, xb_known *k)
{
    if (!eval_copy(w, out, k)) return false;
    for (size_t i = 0; i < k->n; i++) k->e[i].v = !k->e[i].v;
    return true;
}

static bool eval_where(xb_walk *w, const xb_type *out, xb_known *k)
{
    const xb_known *a[3];
    for (size_t j = 0; j < 3; j++)
        if (!(a[j] = xb_walk_known(w, j))) return false;
    for (size_t i = 0; i < k->n; i++) {
        size_t from = a[0]->e[source(&w->type[0], out, i)].v ? 1 : 2;
        k->e[i] = a[from]->e[source(&w->type[from], out, i)];
    }
    return true;
}

/* Of a vector, to one number. */
static bool eval_reduce(xb_walk *w, const xb_type *out, xb_known *k)
{
    (void)out;
    const xb_known *a = xb_walk_known(w, 0);
    if (!a || w->type[0].rank > 1 || k->n != 1) return false;
    if (a->n == 0 && w->kind != XB_OP_ReduceProd && w->kind != XB_OP_ReduceSum) return false;
    xb_num v = a->n ? a->e[0] : xb_num_int(w->kind == XB_OP_ReduceProd);
    for (size_t i = 1; i < a->n; i++) {
        bool ok = true;
        switch (w->kind) {
        case XB_OP_ReduceProd:
            ok = xb_num_mul(w->dims, v, a->e[i], &v);
            break;
        case XB_OP_ReduceSum:
            ok = xb_num_add(w->dims, v, a->e[i], &v);
            break;
        case XB_OP_ReduceMin:
            v = xb_num_min(w->dims, v, a->e[i]);
            break;
        default:
            v = xb_num_max(w->dims, v, a->e[i]);
            break;
        }
        if (!ok) return false;
    }
    k->e[0] = v;
    return true;
}

static bool eval_fill(xb_walk *w, const xb_type *out, xb_known *k)
{
    (void)out;
    const xb_attr *a = xb_graph_attr(w->g, w->op, "value");
    int64_t v = 0;
    if (a && a->type == XB_ATTR_INT) v = a->i;
    if (a && a->type == XB_ATTR_INTS && a->n == 1) v = a->ints[0];
    if (a && a->type != XB_ATTR_INT && !(a->type == XB_ATTR_INTS && a->n == 1)) return false;
    for (size_t i = 0; i < k->n; i++) k->e[i] = xb_num_int(v);
    return true;
}

static bool eval_expand(xb_walk *w, const xb_type *out, xb_known *k)
{
    const xb_known *a = xb_walk_known(w, 0);
    for (size_t i = 0; a && i < k->n; i++) k->e[i] = a->e[source(&w->type[0], out, i)];
    return a != NULL;
}

static bool eval_range(xb_walk *w, const xb_type *out, xb_known *k)
{
    (void)out;
    const xb_known *start = xb_walk_known(w, 0), *delta = xb_walk_known(w, 2);
    if (!start || !delta) return false;
    xb_num v = start->e[0];
    for (size_t i = 0; i < k->n; i++) {
        k->e[i] = v;
        if (i + 1 < k->n && !xb_num_add(w->dims, v, delta->e[0], &v)) return false;
    }
    return true;
}

/* One result each; the others of an op are not followed. */
static evaluate *evaluator_of(xb_kind kind)
{
    static evaluate *const table[XB_KINDS] = {
        [XB_OP_Shape] = eval_shape,
        [XB_OP_Size] = eval_size,
        [XB_OP_Identity] = eval_copy,
        [XB_OP_Reshape] = eval_copy,
        [XB_OP_Flatten] = eval_copy,
        [XB_OP_Squeeze] = eval_copy,
        [XB_OP_Unsqueeze] = eval_copy,
        [XB_OP_Cast] = eval_cast,
        [XB_OP_CastLike] = eval_cast,
        [XB_OP_Gather] = eval_gather,
        [XB_OP_Concat] = eval_concat,
        [XB_OP_Slice] = eval_slice,
        [XB_OP_Add] = eval_elementwise,
        [XB_OP_Sub] = eval_elementwise,
        [XB_OP_Mul] = eval_elementwise,
        [XB_OP_Div] = eval_elementwise,
        [XB_OP_Mod] = eval_elementwise,
        [XB_OP_Min] = eval_elementwise,
        [XB_OP_Max] = eval_elementwise,
        [XB_OP_And] = eval_elementwise,
        [XB_OP_Or] = eval_elementwise,
        [XB_OP_Equal] = eval_elementwise,
        [XB_OP_Less] = eval_elementwise,
        [XB_OP_LessOrEqual] = eval_elementwise,
        [XB_OP_Greater] = eval_elementwise,
        [XB_OP_GreaterOrEqual] = eval_elementwise,
        [XB_OP_Neg] = eval_neg,
        [XB_OP_Not] = eval_not,
        [XB_OP_Where] = eval_where,
        [XB_OP_ReduceProd] = eval_reduce,
        [XB_OP_ReduceSum] = eval_reduce,
        [XB_OP_ReduceMin] = eval_reduce,
        [XB_OP_ReduceMax] = eval_reduce,
        [XB_OP_ConstantOfShape] = eval_fill,
        [XB_OP_Expand] = eval_expand,
        [XB_OP_Range] = eval_range,
    };
    return table[kind];
}

static bool fits(xb_dtype t, xb_num a)
{
    if (a.sym || t == XB_I64) return true;
    if (t == XB_BOOLEAN) return a.v == 0 || a.v == 1;
    if (t == XB_U64) return a.v >= 0;
    int bits = 8 * (int)xb_dtype_size(t);
    bool is_signed = t == XB_I8 || t == XB_I16 || t == XB_I32;
    int64_t half = (int64_t)1 << (bits - 1);
    return is_signed ? a.v >= -half && a.v < half : a.v >= 0 && a.v < 2 * half;
}

const xb_known *xb_shape_value(xb_walk *w, const xb_type *out)
{
    evaluate *eval = evaluator_of(w->kind);
    int64_t n = xb_type_count(out);
    if (!eval || n < 0 || n > XB_SHORT || (!xb_walk_is_int(out->dtype) && out->dtype != XB_BOOLEAN)) return NULL;
    xb_known *k = xb_arena_alloc(w->arena, 1, sizeof *k + (size_t)n * sizeof *k->e);
    k->n = (size_t)n;
    if (!eval(w, out, k)) return NULL;
    for (size_t i = 0; i < k->n; i++)
        if (!fits(out->dtype, k->e[i])) return NULL;
    return k;
}
