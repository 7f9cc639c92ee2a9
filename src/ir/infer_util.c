/* infer_util.c: what the rules share: complaints, attributes, known integers, agreement of sizes. */
#include "ir/infer_walk.h"
#include <stdlib.h>
#include <string.h>

bool xb_walk_error(xb_walk *w, const char *code, int input, const char *format, ...)
{
    xb_where where = xb_graph_where(w->g, w->op);
    where.input = input + 1;
    va_list args;
    va_start(args, format);
    xb_vdiag(w->d, XB_ERROR, code, &where, format, args);
    va_end(args);
    return false;
}

const char *xb_walk_show(xb_walk *w, const xb_type *t)
{
    xb_buf b = {0};
    xb_type_print(&b, w->g, t);
    const char *s = xb_arena_strdup(w->arena, xb_buf_cstr(&b));
    xb_buf_free(&b);
    return s;
}

const char *xb_walk_dim(xb_walk *w, int64_t dim)
{
    const char *s = xb_graph_symbol(w->g, dim);
    return s ? s : xb_arena_printf(w->arena, "%lld", (long long)dim);
}

/* -- attributes -- */

static bool attr_type(xb_walk *w, const xb_attr *a, xb_attr_type type, const char *what)
{
    return a->type == type || xb_walk_error(w, "attribute", -1, "attribute '%s' is not %s", a->name, what);
}

bool xb_walk_int(xb_walk *w, const char *name, int64_t absent, int64_t min, int64_t max, int64_t *out)
{
    *out = absent;
    const xb_attr *a = xb_graph_attr(w->g, w->op, name);
    if (!a) return true;
    if (!attr_type(w, a, XB_ATTR_INT, "an integer")) return false;
    *out = a->i;
    if (a->i >= min && a->i <= max) return true;
    return xb_walk_error(w, "attribute", -1, "attribute '%s' = %lld is outside %lld..%lld", name, (long long)a->i,
                         (long long)min, (long long)max);
}

bool xb_walk_flag(xb_walk *w, const char *name, bool absent, bool *out)
{
    int64_t v;
    if (!xb_walk_int(w, name, absent, 0, 1, &v)) return false;
    *out = v;
    return true;
}

bool xb_walk_ints(xb_walk *w, const char *name, const int64_t **list, size_t *n)
{
    *list = NULL;
    *n = 0;
    const xb_attr *a = xb_graph_attr(w->g, w->op, name);
    if (!a) return true;
    if (!attr_type(w, a, XB_ATTR_INTS, "a list of integers")) return false;
    *list = a->ints;
    *n = a->n;
    return true;
}

const char *xb_walk_string(xb_walk *w, const char *name, const char *absent)
{
    const xb_attr *a = xb_graph_attr(w->g, w->op, name);
    if (!a) return absent;
    return attr_type(w, a, XB_ATTR_STRING, "text") ? a->s : NULL;
}

bool xb_walk_axis(xb_walk *w, int64_t v, int rank, int *axis)
{
    if (v < -rank || v >= rank)
        return xb_walk_error(w, "attribute", -1, "axis %lld is outside the %d dimensions of the input", (long long)v,
                             rank);
    *axis = (int)(v < 0 ? v + rank : v);
    return true;
}

bool xb_walk_axis_attr(xb_walk *w, int64_t absent, int rank, int *axis)
{
    int64_t v;
    return xb_walk_int(w, "axis", absent, -XB_MAX_RANK, XB_MAX_RANK, &v) && xb_walk_axis(w, v, rank, axis);
}

bool xb_walk_axes(xb_walk *w, const int64_t *list, size_t n, int rank, bool on[XB_MAX_RANK])
{
    memset(on, 0, XB_MAX_RANK * sizeof *on);
    for (size_t i = 0; i < n; i++) {
        int axis = 0;
        if (!xb_walk_axis(w, list[i], rank, &axis)) return false;
        if (on[axis]) return xb_walk_error(w, "attribute", -1, "axis %lld is named twice", (long long)list[i]);
        on[axis] = true;
    }
    return true;
}

/* -- inputs -- */

bool xb_walk_rank(xb_walk *w, size_t i, int min, int max)
{
    const xb_type *t = &w->type[i];
    if (t->rank >= min && t->rank <= max) return true;
    if (min == max) return xb_walk_error(w, "shape", (int)i, "%s does not have %d dimensions", xb_walk_show(w, t), min);
    return xb_walk_error(w, "shape", (int)i, "%s does not have %d to %d dimensions", xb_walk_show(w, t), min, max);
}

bool xb_walk_is_float(xb_dtype t)
{
    return t == XB_F32 || t == XB_F64 || t == XB_F16 || t == XB_BF16;
}

bool xb_walk_is_int(xb_dtype t)
{
    return t >= XB_I8 && t <= XB_U64;
}

bool xb_walk_want_float(xb_walk *w, size_t i)
{
    xb_dtype t = w->type[i].dtype;
    return xb_walk_is_float(t) ||
           xb_walk_error(w, "dtype", (int)i, "%s is not a floating-point type", xb_dtype_name(t));
}

bool xb_walk_want_same(xb_walk *w, size_t a, size_t b)
{
    if (!xb_walk_has(w, a) || !xb_walk_has(w, b)) return true;
    xb_dtype x = w->type[a].dtype, y = w->type[b].dtype;
    return x == y || xb_walk_error(w, "dtype", (int)b, "has type %s where input %d has %s", xb_dtype_name(y),
                                   (int)a + 1, xb_dtype_name(x));
}

static int64_t read_int(xb_dtype t, const unsigned char *p)
{
    union {
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        uint16_t u16;
        uint32_t u32;
    } u;
    memcpy(&u, p, xb_dtype_size(t));
    switch (t) {
    case XB_I8:
        return u.i8;
    case XB_I16:
        return u.i16;
    case XB_I32:
        return u.i32;
    case XB_U16:
        return u.u16;
    case XB_U32:
        return u.u32;
    case XB_I64:
    case XB_U64:
        return u.i64;
    default:
        return *p; /* u8, bool */
    }
}

const xb_known *xb_known_const(xb_walk *w, xb_value v)
{
    const xb_type *t = xb_graph_type(w->g, v);
    int64_t n = xb_type_count(t);
    if ((!xb_walk_is_int(t->dtype) && t->dtype != XB_BOOLEAN) || n < 0 || n > XB_SHORT) return NULL;
    const unsigned char *data = xb_graph_data(w->g, v);
    xb_known *k = xb_arena_alloc(w->arena, 1, sizeof *k + (size_t)n * sizeof *k->e);
    k->n = (size_t)n;
    for (size_t i = 0; i < k->n; i++) {
        k->e[i] = xb_num_int(read_int(t->dtype, data + i * xb_dtype_size(t->dtype)));
        if (t->dtype == XB_U64 && k->e[i].v < 0) return NULL;
    }
    return k;
}

const xb_known *xb_walk_known(xb_walk *w, size_t i)
{
    if (!xb_walk_has(w, i)) return NULL;
    uint32_t id = w->in[i].id;
    while (w->known.n <= id) xb_push(&w->known, NULL);
    if (!w->known.data[id] && xb_graph_is_const(w->g, w->in[i])) w->known.data[id] = xb_known_const(w, w->in[i]);
    return w->known.data[id];
}

bool xb_walk_vector(xb_walk *w, size_t i, size_t max, const xb_num **list, size_t *n)
{
    const xb_type *t = &w->type[i];
    if (t->dtype != XB_I64 && t->dtype != XB_I32)
        return xb_walk_error(w, "dtype", (int)i, "%s is not an integer type", xb_dtype_name(t->dtype));
    int64_t count = t->rank == 0 ? 1 : t->rank == 1 ? t->dim[0] : INT64_MAX;
    if (count >= 0 && (uint64_t)count > max)
        return xb_walk_error(w, "shape", (int)i, "%s is not a vector of at most %zu numbers", xb_walk_show(w, t), max);
    const xb_known *k = xb_walk_known(w, i);
    if (!k)
        return xb_walk_error(w, "shape-dynamic", (int)i,
                             "is computed from the data, but the shape of the result depends on it");
    *list = k->e;
    *n = k->n;
    return true;
}

bool xb_walk_numbers(xb_walk *w, size_t i, size_t max, int64_t *list, size_t *n)
{
    const xb_num *e;
    if (!xb_walk_vector(w, i, max, &e, n)) return false;
    for (size_t k = 0; k < *n; k++) {
        if (e[k].sym)
            return xb_walk_error(w, "shape-dynamic", (int)i, "depends on the symbolic size '%s'",
                                 xb_walk_dim(w, e[k].v));
        list[k] = e[k].v;
    }
    return true;
}

/* -- sizes -- */

/* Are a and b different whatever the symbols are? (A symbol is at least 1, but an empty batch may be bound later.) */
static bool differ(xb_walk *w, int64_t a, int64_t b)
{
    int sign;
    if (a == b || ((a == 0 || b == 0) && (a < 0 || b < 0))) return false;
    return xb_num_compare(w->dims, xb_num_of_dim(a), xb_num_of_dim(b), &sign) && sign != 0;
}

static int64_t agreed(xb_walk *w, int64_t a, int64_t b)
{
    if (a < 0 && b < 0) xb_dims_unite(w->dims, a, b);
    return a >= 0 ? a : b >= 0 ? b : a;
}

bool xb_walk_agree(xb_walk *w, int input, int64_t a, int64_t b, int64_t *out)
{
    if (differ(w, a, b))
        return xb_walk_error(w, "shape", input, "sizes %s and %s do not agree", xb_walk_dim(w, a), xb_walk_dim(w, b));
    *out = agreed(w, a, b);
    return true;
}

bool xb_walk_broadcast(xb_walk *w, int input, xb_type *t, const xb_type *other)
{
    xb_type r = *t;
    r.rank = t->rank > other->rank ? t->rank : other->rank;
    for (int i = 1; i <= r.rank; i++) {
        int64_t a = i <= t->rank ? t->dim[t->rank - i] : 1, b = i <= other->rank ? other->dim[other->rank - i] : 1;
        if (a != 1 && b != 1 && differ(w, a, b))
            return xb_walk_error(w, "shape", input, "%s and %s cannot be broadcast together", xb_walk_show(w, t),
                                 xb_walk_show(w, other));
        r.dim[r.rank - i] = a == 1 ? b : b == 1 ? a : agreed(w, a, b);
    }
    *t = r;
    return true;
}

bool xb_walk_broadcast_to(xb_walk *w, int input, const xb_type *from, const xb_type *to)
{
    bool fits = from->rank <= to->rank;
    for (int i = 1; fits && i <= from->rank; i++) {
        int64_t a = from->dim[from->rank - i], b = to->dim[to->rank - i];
        fits = a == 1 || (!differ(w, a, b) && !(a > 1 && b == 1));
    }
    return fits ||
           xb_walk_error(w, "shape", input, "%s cannot be broadcast to %s", xb_walk_show(w, from), xb_walk_show(w, to));
}

bool xb_walk_dim_of(xb_walk *w, xb_num n, int64_t *dim)
{
    *dim = n.v;
    return n.sym || n.v >= 0 ||
           xb_walk_error(w, "shape", -1, "a dimension of the result would be %lld", (long long)n.v);
}

bool xb_walk_product(xb_walk *w, const int64_t *dim, int n, xb_num *out)
{
    *out = xb_num_int(1);
    for (int i = 0; i < n; i++)
        if (!xb_num_mul(w->dims, *out, xb_num_of_dim(dim[i]), out))
            return xb_walk_error(w, "shape", -1, "a product of dimensions is too large");
    return true;
}

xb_dtype xb_dtype_of_onnx(int64_t n)
{
    static const xb_dtype table[] = {
        [1] = XB_F32,     [2] = XB_U8,   [3] = XB_I8,   [4] = XB_U16,  [5] = XB_I16,  [6] = XB_I32,  [7] = XB_I64,
        [9] = XB_BOOLEAN, [10] = XB_F16, [11] = XB_F64, [12] = XB_U32, [13] = XB_U64, [16] = XB_BF16};
    return n >= 0 && n < (int64_t)(sizeof table / sizeof *table) ? table[n] : XB_NONE;
}
