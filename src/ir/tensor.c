/* tensor.c: tensors in memory; one element of any type as a double. */
#include "ir/tensor.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool xb_tensor_alloc(xb_tensor *t, const xb_type *type)
{
    size_t n, room;
    if (!xb_type_bytes(type, &n) || !xb_add(n, 64, &room)) return false;
    *t = (xb_tensor){.type = *type};
    if (!n) return true;
    t->data = aligned_alloc(64, room / 64 * 64);
    if (!t->data) xb_out_of_memory();
    memset(t->data, 0, n);
    return true;
}

void xb_tensor_free(xb_tensor *t)
{
    free(t->name);
    free(t->data);
    *t = (xb_tensor){0};
}

double xb_tensor_get(const xb_tensor *t, size_t i)
{
    return xb_scalar_get(t->type.dtype, t->data, i);
}

void xb_tensor_set(xb_tensor *t, size_t i, double v)
{
    xb_scalar_set(t->type.dtype, t->data, i, v);
}

/* IEEE 754 binary16 has 10 fraction bits and bias 15; bfloat16 has 7 and 127. */
static double small_decode(uint16_t h, int fraction, int bias)
{
    unsigned top = (1u << (15 - fraction)) - 1, e = (h >> fraction) & top, m = h & ((1u << fraction) - 1);
    double v;
    if (e == top)
        v = m ? (double)NAN : (double)INFINITY;
    else
        v = ldexp(e ? (1u << fraction) + m : m, (e ? (int)e : 1) - bias - fraction);
    return h & 0x8000u ? -v : v;
}

/* To nearest, ties to even, in one rounding. */
static uint16_t small_encode(double v, int fraction, int bias)
{
    unsigned sign = signbit(v) ? 0x8000u : 0, top = (1u << (15 - fraction)) - 1;
    if (isnan(v)) return (uint16_t)(sign | top << fraction | 1u << (fraction - 1));
    if (isinf(v)) return (uint16_t)(sign | top << fraction);
    double a = fabs(v);
    int e = a < ldexp(1, 1 - bias) ? 1 - bias : ilogb(a);
    if (e > bias) return (uint16_t)(sign | top << fraction);
    /* q carries the hidden bit into the exponent field; rounding up to the next power of two, or to infinity, is right
     * as it is. */
    unsigned q = (unsigned)rint(ldexp(a, fraction - e));
    return (uint16_t)(sign | (q + ((unsigned)(e + bias - 1) << fraction)));
}

#define LOAD(T)                                                                                                        \
    do {                                                                                                               \
        T x;                                                                                                           \
        memcpy(&x, (const char *)data + i * sizeof x, sizeof x);                                                       \
        return (double)x;                                                                                              \
    } while (0)

double xb_scalar_get(xb_dtype t, const void *data, size_t i)
{
    uint16_t h = 0;
    if (t == XB_F16 || t == XB_BF16) memcpy(&h, (const char *)data + i * 2, 2);
    switch (t) {
    case XB_F32:
        LOAD(float);
    case XB_F64:
        LOAD(double);
    case XB_F16:
        return small_decode(h, 10, 15);
    case XB_BF16:
        return small_decode(h, 7, 127);
    case XB_I8:
        LOAD(int8_t);
    case XB_I16:
        LOAD(int16_t);
    case XB_I32:
        LOAD(int32_t);
    case XB_I64:
        LOAD(int64_t);
    case XB_U8:
        LOAD(uint8_t);
    case XB_U16:
        LOAD(uint16_t);
    case XB_U32:
        LOAD(uint32_t);
    case XB_U64:
        LOAD(uint64_t);
    case XB_BOOLEAN:
        return ((const unsigned char *)data)[i] != 0;
    default:
        return 0;
    }
}

/* NaN becomes 0. limit: 2^bits, exact as a double, the first value that no longer fits. */
static int64_t to_signed(double v, int bits)
{
    double limit = ldexp(1, bits - 1), r = rint(v);
    if (isnan(v)) return 0;
    if (r >= limit) return (int64_t)(UINT64_MAX >> (65 - bits));
    return r < -limit ? -(int64_t)(UINT64_MAX >> (65 - bits)) - 1 : (int64_t)r;
}

static uint64_t to_unsigned(double v, int bits)
{
    double r = rint(v);
    if (isnan(v) || r <= 0) return 0;
    return r >= ldexp(1, bits) ? UINT64_MAX >> (64 - bits) : (uint64_t)r;
}

#define STORE(T, value)                                                                                                \
    do {                                                                                                               \
        T x = (T)(value);                                                                                              \
        memcpy((char *)data + i * sizeof x, &x, sizeof x);                                                             \
        return;                                                                                                        \
    } while (0)

void xb_scalar_set(xb_dtype t, void *data, size_t i, double v)
{
    switch (t) {
    case XB_F32:
        STORE(float, fabs(v) < 3.5e38 || !isfinite(v) ? v : copysign((double)INFINITY, v));
    case XB_F64:
        STORE(double, v);
    case XB_F16:
        STORE(uint16_t, small_encode(v, 10, 15));
    case XB_BF16:
        STORE(uint16_t, small_encode(v, 7, 127));
    case XB_I8:
        STORE(int8_t, to_signed(v, 8));
    case XB_I16:
        STORE(int16_t, to_signed(v, 16));
    case XB_I32:
        STORE(int32_t, to_signed(v, 32));
    case XB_I64:
        STORE(int64_t, to_signed(v, 64));
    case XB_U8:
        STORE(uint8_t, to_unsigned(v, 8));
    case XB_U16:
        STORE(uint16_t, to_unsigned(v, 16));
    case XB_U32:
        STORE(uint32_t, to_unsigned(v, 32));
    case XB_U64:
        STORE(uint64_t, to_unsigned(v, 64));
    case XB_BOOLEAN:
        STORE(uint8_t, v != 0);
    default:
        return;
    }
}
