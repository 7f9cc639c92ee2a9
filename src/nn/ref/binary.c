/* binary.c: elementwise operators of several inputs, broadcast as numpy does. */
#include "nn/ref/kernel.h"
#include <math.h>
#include <string.h>

/* a = a op b; p is the operator's flag (Mod: fmod; BitShift: left). */
typedef void xb_binary_fn(xb_cell *a, const xb_cell *b, int64_t n, bool p);

#define BINARY(name, from, to, expression)                                                                             \
    static void name(xb_cell *a, const xb_cell *b, int64_t n, bool p)                                                  \
    {                                                                                                                  \
        (void)p;                                                                                                       \
        for (int64_t k = 0; k < n; k++) {                                                                              \
            __auto_type x = a[k].from;                                                                                 \
            __auto_type y = b[k].from;                                                                                 \
            a[k].to = (expression);                                                                                    \
        }                                                                                                              \
    }

/* Quotient and remainder that are defined for every pair: by zero 0; the smallest number by -1 wraps. */
static int64_t quotient(int64_t x, int64_t y)
{
    return y == 0 ? 0 : y == -1 ? (int64_t) - (uint64_t)x : x / y;
}

static int64_t remainder_of(int64_t x, int64_t y, bool c_like)
{
    int64_t r = y == 0 || y == -1 ? 0 : x % y;
    return !c_like && r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

static double remainder_real(double x, double y, bool c_like)
{
    double r = fmod(x, y);
    return !c_like && r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

static int64_t power(int64_t base, int64_t exponent)
{
    uint64_t v = 1, b = (uint64_t)base;
    if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
    for (; exponent; exponent >>= 1, b *= b)
        if (exponent & 1) v *= b;
    return (int64_t)v;
}

BINARY(add, f, f, x + y)
BINARY(add_u, u, u, x + y)
BINARY(sub, f, f, x - y)
BINARY(sub_u, u, u, x - y)
BINARY(mul, f, f, x *y)
BINARY(mul_u, u, u, x *y)
BINARY(div_f, f, f, x / y)
BINARY(div_i, i, i, quotient(x, y))
BINARY(div_u, u, u, y ? x / y : 0)
BINARY(mod_f, f, f, remainder_real(x, y, p))
BINARY(mod_i, i, i, remainder_of(x, y, p))
BINARY(mod_u, u, u, y ? x % y : 0)
BINARY(pow_f, f, f, pow(x, y))
BINARY(pow_i, i, i, power(x, y))
BINARY(shift, u, u, y > 63 ? 0 : p ? x << y : x >> y)
BINARY(prelu, f, f, x < 0 ? x * y : x)
BINARY(prelu_i, i, u, x < 0 ? (uint64_t)x * (uint64_t)y : (uint64_t)x)
BINARY(prelu_u, u, u, ((void)y, x))
BINARY(and_, i, i, x &&y)
BINARY(or_, i, i, x || y)
BINARY(xor_, i, i, !x != !y)
BINARY(equal, f, i, x == y)
BINARY(equal_u, u, i, x == y)
BINARY(less, f, i, x < y)
BINARY(less_i, i, i, x < y)
BINARY(less_u, u, i, x < y)
BINARY(less_equal, f, i, x <= y)
BINARY(less_equal_i, i, i, x <= y)
BINARY(less_equal_u, u, i, x <= y)
BINARY(greater, f, i, x > y)
BINARY(greater_i, i, i, x > y)
BINARY(greater_u, u, i, x > y)
BINARY(greater_equal, f, i, x >= y)
BINARY(greater_equal_i, i, i, x >= y)
BINARY(greater_equal_u, u, i, x >= y)
BINARY(max_f, f, f, x > y || isnan(x) ? x : y)
BINARY(max_i, i, i, x > y ? x : y)
BINARY(max_u, u, u, x > y ? x : y)
BINARY(min_f, f, f, x < y || isnan(x) ? x : y)
BINARY(min_i, i, i, x < y ? x : y)
BINARY(min_u, u, u, x < y ? x : y)

typedef struct xb_binary_row {
    xb_binary_fn *of[4]; /* by class; NULL: refused */
} xb_binary_row;

static const xb_binary_row binary_table[XB_KINDS] = {
    [XB_OP_Add] = {{add, add_u, add_u}},
    [XB_OP_Sub] = {{sub, sub_u, sub_u}},
    [XB_OP_Mul] = {{mul, mul_u, mul_u}},
    [XB_OP_Div] = {{div_f, div_i, div_u}},
    [XB_OP_Mod] = {{mod_f, mod_i, mod_u}},
    [XB_OP_BitShift] = {{NULL, NULL, shift}},
    [XB_OP_PRelu] = {{prelu, prelu_i, prelu_u}},
    [XB_OP_And] = {{NULL, NULL, NULL, and_}},
    [XB_OP_Or] = {{NULL, NULL, NULL, or_}},
    [XB_OP_Xor] = {{NULL, NULL, NULL, xor_}},
    [XB_OP_Equal] = {{equal, equal_u, equal_u, equal_u}},
    [XB_OP_Less] = {{less, less_i, less_u}},
    [XB_OP_LessOrEqual] = {{less_equal, less_equal_i, less_equal_u}},
    [XB_OP_Greater] = {{greater, greater_i, greater_u}},
    [XB_OP_GreaterOrEqual] = {{greater_equal, greater_equal_i, greater_equal_u}},
    [XB_OP_Max] = {{max_f, max_i, max_u}},
    [XB_OP_Min] = {{min_f, min_i, min_u}},
    [XB_OP_Sum] = {{add, add_u, add_u}},
    [XB_OP_Mean] = {{add}},
};

typedef struct xb_elementwise {
    const xb_call *c;
    xb_binary_fn *fn;
    bool flag;
    double divide; /* the end result, where not 1 */
    bool mixed;    /* inputs of two classes: computed in double */
} xb_elementwise;

/* Folds the inputs from left to right; the last operand of the walk is the output. */
static void elementwise_row(void *cx, const int64_t *offset, const int64_t *stride, int64_t count)
{
    const xb_elementwise *e = cx;
    const xb_call *c = e->c;
    const xb_tensor *y = &c->out[0];
    size_t last = c->n_in;
    for (int64_t k = 0; k < count; k += XB_BLOCK) {
        xb_cell a[XB_BLOCK], b[XB_BLOCK];
        int64_t n = count - k < XB_BLOCK ? count - k : XB_BLOCK;
        for (size_t i = 0; i < last; i++) {
            xb_cell *to = i ? b : a;
            xb_dtype t = c->in[i].type.dtype;
            xb_cells_load(to, t, c->in[i].data, offset[i] + k * stride[i], stride[i], n);
            if (e->mixed) xb_cells_convert(to, xb_class_of(t), XB_CLASS_FLOAT, n);
            if (i) e->fn(a, b, n, e->flag);
        }
        for (int64_t j = 0; e->divide != 1 && j < n; j++) a[j].f /= e->divide;
        if (e->mixed) xb_cells_convert(a, XB_CLASS_FLOAT, xb_class_of(y->type.dtype), n);
        xb_cells_store(a, y->type.dtype, y->data, offset[last] + k * stride[last], stride[last], n);
    }
}

static bool walk_inputs(xb_elementwise *e, xb_row_fn *row)
{
    const xb_call *c = e->c;
    const xb_type *y = &c->out[0].type;
    xb_strides_row *stride = xb_calloc(c->n_in + 1, sizeof *stride);
    bool ok = true;
    for (size_t i = 0; ok && i < c->n_in; i++)
        if (!xb_broadcast(&c->in[i].type, y, &stride[i]))
            ok = xb_call_bad(c, "input %zu does not fit the others", i + 1);
    xb_strides(y, stride[c->n_in].of);
    if (ok) xb_walk_rows(y->rank, y->dim, c->n_in + 1, stride, row, e);
    free(stride);
    return ok;
}

bool xb_ref_binary(const xb_call *c)
{
    xb_dtype t = c->in[0].type.dtype;
    xb_binary_fn *fn = binary_table[c->kind].of[xb_class_of(t)];
    if (!fn) return xb_call_refuse(c, t);
    for (size_t i = 1; i < c->n_in; i++)
        if (c->in[i].type.dtype != t) return xb_call_refuse(c, c->in[i].type.dtype);
    bool flag = c->kind == XB_OP_Mod ? xb_call_int(c, "fmod", 0) != 0 : xb_call_text(c, "direction", "LEFT");
    xb_elementwise e = {c, fn, flag, c->kind == XB_OP_Mean ? (double)c->n_in : 1, false};
    return walk_inputs(&e, elementwise_row);
}

/* The base gives the type; whole numbers stay exact. */
bool xb_ref_pow(const xb_call *c)
{
    xb_class base = xb_class_of(c->in[0].type.dtype), exponent = xb_class_of(c->in[1].type.dtype);
    if (base == XB_CLASS_BOOL || exponent == XB_CLASS_BOOL) return xb_call_refuse(c, XB_BOOLEAN);
    bool whole = base != XB_CLASS_FLOAT && exponent != XB_CLASS_FLOAT;
    xb_elementwise e = {c, whole ? pow_i : pow_f, false, 1, !whole};
    return walk_inputs(&e, elementwise_row);
}

static void where_row(void *cx, const int64_t *offset, const int64_t *stride, int64_t n)
{
    const xb_call *c = ((const xb_elementwise *)cx)->c;
    const uint8_t *condition = c->in[0].data;
    size_t size = xb_dtype_size(c->out[0].type.dtype);
    for (int64_t k = 0; k < n; k++) {
        int from = condition[offset[0] + k * stride[0]] ? 1 : 2;
        const char *src = (const char *)c->in[from].data + (offset[from] + k * stride[from]) * (int64_t)size;
        memcpy((char *)c->out[0].data + (offset[3] + k * stride[3]) * (int64_t)size, src, size);
    }
}

bool xb_ref_where(const xb_call *c)
{
    if (c->in[0].type.dtype != XB_BOOLEAN) return xb_call_refuse(c, c->in[0].type.dtype);
    xb_elementwise e = {.c = c};
    return walk_inputs(&e, where_row);
}
