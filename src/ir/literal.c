#include "ir/literal.h"
#include "base/num.h"
#include "ir/tensor.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_float(xb_dtype t)
{
    return t == XB_F32 || t == XB_F64 || t == XB_F16 || t == XB_BF16;
}

/* Bits as they lie in memory on a little-endian host. */
static uint64_t bits_of(xb_dtype t, const void *bytes)
{
    uint64_t bits = 0;
    memcpy(&bits, bytes, xb_dtype_size(t));
    return bits;
}

static bool parse_bits(const char *digits, xb_dtype t, void *out)
{
    size_t size = xb_dtype_size(t);
    if (strlen(digits) != size * 2 || digits[strspn(digits, "0123456789abcdef")]) return false;
    uint64_t bits = strtoull(digits, NULL, 16);
    memcpy(out, &bits, size);
    return true;
}

static bool parse_float(const char *word, xb_dtype t, void *out)
{
    double v;
    if (!strncmp(word, "0x", 2)) return parse_bits(word + 2, t, out);
    if (!strcmp(word, "nan")) {
        xb_scalar_set(t, out, 0, (double)NAN);
        return true;
    }
    if (strchr(word, '/') || !xb_parse_f64(word, &v)) return false;
    xb_scalar_set(t, out, 0, v);
    return !isfinite(v) || isfinite(xb_scalar_get(t, out, 0));
}

static void print_float(xb_buf *b, xb_dtype t, const void *bytes)
{
    char text[XB_NUM_MAX];
    double v = xb_scalar_get(t, bytes, 0), again = 0;
    if (t == XB_F64)
        xb_num_f64(text, v);
    else
        xb_num_f32(text, (float)v);
    if (parse_float(text, t, &again) && bits_of(t, &again) == bits_of(t, bytes))
        xb_buf_str(b, text);
    else
        xb_buf_printf(b, "0x%0*llx", (int)xb_dtype_size(t) * 2, (unsigned long long)bits_of(t, bytes));
}

static bool parse_unsigned(const char *word, xb_dtype t, void *out)
{
    if (!*word || word[strspn(word, "0123456789")]) return false;
    errno = 0;
    unsigned long long v = strtoull(word, NULL, 10);
    size_t bits = xb_dtype_size(t) * 8;
    if (errno || (bits < 64 && v >> bits)) return false;
    uint64_t u = v;
    memcpy(out, &u, bits / 8);
    return true;
}

static bool parse_signed(const char *word, xb_dtype t, void *out)
{
    int64_t v, top = (int64_t)(UINT64_MAX >> (65 - xb_dtype_size(t) * 8));
    if (!xb_parse_i64(word, &v) || v > top || v < -top - 1) return false;
    memcpy(out, &v, xb_dtype_size(t));
    return true;
}

static bool is_signed(xb_dtype t)
{
    return t == XB_I8 || t == XB_I16 || t == XB_I32 || t == XB_I64;
}

void xb_literal_print(xb_buf *b, xb_dtype t, const void *bytes)
{
    if (is_float(t)) {
        print_float(b, t, bytes);
    } else if (is_signed(t)) {
        int shift = 64 - (int)xb_dtype_size(t) * 8;
        xb_buf_printf(b, "%lld", (long long)((int64_t)(bits_of(t, bytes) << shift) >> shift));
    } else {
        xb_buf_printf(b, "%llu", (unsigned long long)bits_of(t, bytes));
    }
}

bool xb_literal_parse(const char *word, xb_dtype t, void *out)
{
    if (is_float(t)) return parse_float(word, t, out);
    if (is_signed(t)) return parse_signed(word, t, out);
    return t != XB_NONE && parse_unsigned(word, t, out);
}
