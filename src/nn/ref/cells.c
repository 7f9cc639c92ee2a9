/* cells.c: elements of every type to and from 64-bit cells. */
#include "nn/ref/kernel.h"
#include <math.h>
#include <string.h>

xb_class xb_class_of(xb_dtype t)
{
    switch (t) {
    case XB_F32:
    case XB_F64:
    case XB_F16:
    case XB_BF16:
        return XB_CLASS_FLOAT;
    case XB_U8:
    case XB_U16:
    case XB_U32:
    case XB_U64:
        return XB_CLASS_UNSIGNED;
    case XB_BOOLEAN:
        return XB_CLASS_BOOL;
    default:
        return XB_CLASS_SIGNED;
    }
}

bool xb_is_float(xb_dtype t)
{
    return xb_class_of(t) == XB_CLASS_FLOAT;
}

static double f16_to_double(uint16_t h)
{
    int exponent = (h >> 10) & 31, fraction = h & 1023;
    double v = exponent == 31  ? (fraction ? NAN : INFINITY)
               : exponent == 0 ? ldexp(fraction, -24)
                               : ldexp(fraction | 1024, exponent - 25);
    return h & 0x8000 ? -v : v;
}

/* Nearest, ties to even, straight from double: no double rounding. */
static uint16_t f16_from_double(double v)
{
    uint16_t sign = signbit(v) ? 0x8000 : 0;
    double a = fabs(v);
    if (isnan(v)) return (uint16_t)(sign | 0x7e00);
    if (a >= 65520) return (uint16_t)(sign | 0x7c00);
    if (a < 0x1p-14) return (uint16_t)(sign | (uint16_t)nearbyint(ldexp(a, 24))); /* 1024 is the smallest normal */
    int exponent;
    double m = frexp(a, &exponent);                       /* a = m 2^exponent, m in [1/2, 1) */
    uint32_t rounded = (uint32_t)nearbyint(ldexp(m, 11)); /* 1024 .. 2048 */
    return (uint16_t)(sign | (((uint32_t)(exponent + 14) << 10) + (rounded - 1024)));
}

static double bf16_to_double(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

static uint16_t bf16_from_double(double v)
{
    float f = (float)v;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if (isnan(f)) return (uint16_t)((bits >> 16) | 0x40);
    return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

#define EACH(T, member, from_element)                                                                                  \
    for (int64_t k = 0; k < n; k++) {                                                                                  \
        T e = ((const T *)data)[first + k * stride];                                                                   \
        to[k].member = from_element;                                                                                   \
    }                                                                                                                  \
    break

void xb_cells_load(xb_cell *to, xb_dtype t, const void *data, int64_t first, int64_t stride, int64_t n)
{
    switch (t) {
    case XB_F32:
        EACH(float, f, (double)e);
    case XB_F64:
        EACH(double, f, e);
    case XB_F16:
        EACH(uint16_t, f, f16_to_double(e));
    case XB_BF16:
        EACH(uint16_t, f, bf16_to_double(e));
    case XB_I8:
        EACH(int8_t, i, e);
    case XB_I16:
        EACH(int16_t, i, e);
    case XB_I32:
        EACH(int32_t, i, e);
    case XB_I64:
        EACH(int64_t, i, e);
    case XB_U8:
        EACH(uint8_t, u, e);
    case XB_U16:
        EACH(uint16_t, u, e);
    case XB_U32:
        EACH(uint32_t, u, e);
    case XB_U64:
        EACH(uint64_t, u, e);
    case XB_BOOLEAN:
        EACH(uint8_t, i, e != 0);
    default:
        break;
    }
}

#undef EACH
#define EACH(T, member, to_element)                                                                                    \
    for (int64_t k = 0; k < n; k++) {                                                                                  \
        __auto_type e = from[k].member;                                                                                \
        ((T *)data)[first + k * stride] = (T)(to_element);                                                             \
    }                                                                                                                  \
    break

void xb_cells_store(const xb_cell *from, xb_dtype t, void *data, int64_t first, int64_t stride, int64_t n)
{
    switch (t) {
    case XB_F32:
        EACH(float, f, e);
    case XB_F64:
        EACH(double, f, e);
    case XB_F16:
        EACH(uint16_t, f, f16_from_double(e));
    case XB_BF16:
        EACH(uint16_t, f, bf16_from_double(e));
    case XB_I8:
        EACH(int8_t, i, e);
    case XB_I16:
        EACH(int16_t, i, e);
    case XB_I32:
        EACH(int32_t, i, e);
    case XB_I64:
        EACH(int64_t, i, e);
    case XB_U8:
        EACH(uint8_t, u, e);
    case XB_U16:
        EACH(uint16_t, u, e);
    case XB_U32:
        EACH(uint32_t, u, e);
    case XB_U64:
        EACH(uint64_t, u, e);
    case XB_BOOLEAN:
        EACH(uint8_t, i, e != 0);
    default:
        break;
    }
}

static int64_t to_signed(double v)
{
    return isnan(v) ? 0 : v >= 0x1p63 ? INT64_MAX : v < -0x1p63 ? INT64_MIN : (int64_t)v;
}

static uint64_t to_unsigned(double v)
{
    return v >= 0x1p64 ? UINT64_MAX : v >= 0 ? (uint64_t)v : (uint64_t)to_signed(v);
}

void xb_cells_convert(xb_cell *v, xb_class from, xb_class to, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        if (to == XB_CLASS_BOOL)
            v[k].i = from == XB_CLASS_FLOAT ? v[k].f != 0 : v[k].u != 0;
        else if (to == XB_CLASS_FLOAT && from == XB_CLASS_UNSIGNED)
            v[k].f = (double)v[k].u;
        else if (to == XB_CLASS_FLOAT && from != XB_CLASS_FLOAT)
            v[k].f = (double)v[k].i;
        else if (to == XB_CLASS_SIGNED && from == XB_CLASS_FLOAT)
            v[k].i = to_signed(v[k].f);
        else if (to == XB_CLASS_UNSIGNED && from == XB_CLASS_FLOAT)
            v[k].u = to_unsigned(v[k].f);
    }
}

xb_cell *xb_cells_of(const xb_tensor *t)
{
    int64_t n = xb_type_count(&t->type);
    xb_cell *cells = xb_calloc(n > 0 ? (size_t)n : 1, sizeof *cells);
    if (n > 0) xb_cells_load(cells, t->type.dtype, t->data, 0, 1, n);
    return cells;
}

double xb_cells_scalar(const xb_tensor *t)
{
    xb_cell v = {.i = 0};
    if (!t->data) return 0;
    xb_cells_load(&v, t->type.dtype, t->data, 0, 1, 1);
    xb_cells_convert(&v, xb_class_of(t->type.dtype), XB_CLASS_FLOAT, 1);
    return v.f;
}
