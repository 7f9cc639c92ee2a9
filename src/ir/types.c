/* types.c: element types and shapes. */
#include "ir/store.h"
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[XB_DTYPES] = {
    [XB_NONE] = {"none", 0}, [XB_F32] = {"f32", 4},      [XB_F64] = {"f64", 8}, [XB_F16] = {"f16", 2},
    [XB_BF16] = {"bf16", 2}, [XB_I8] = {"i8", 1},        [XB_I16] = {"i16", 2}, [XB_I32] = {"i32", 4},
    [XB_I64] = {"i64", 8},   [XB_U8] = {"u8", 1},        [XB_U16] = {"u16", 2}, [XB_U32] = {"u32", 4},
    [XB_U64] = {"u64", 8},   [XB_BOOLEAN] = {"bool", 1},
};

size_t xb_dtype_size(xb_dtype t)
{
    return (unsigned)t < XB_DTYPES ? dtypes[t].size : 0;
}

const char *xb_dtype_name(xb_dtype t)
{
    return (unsigned)t < XB_DTYPES ? dtypes[t].name : "none";
}

bool xb_dtype_parse(const char *s, xb_dtype *out)
{
    for (int t = 0; t < XB_DTYPES; t++) {
        if (strcmp(s, dtypes[t].name)) continue;
        *out = (xb_dtype)t;
        return true;
    }
    return false;
}

int64_t xb_type_count(const xb_type *t)
{
    if (t->rank < 0 || t->rank > XB_MAX_RANK) return -1;
    int64_t n = 1;
    bool empty = false;
    for (int i = 0; i < t->rank; i++) {
        if (t->dim[i] < 0) return -1;
        empty |= t->dim[i] == 0;
    }
    if (empty) return 0;
    for (int i = 0; i < t->rank; i++)
        if (!xb_mul_i64(n, t->dim[i], &n)) return -1;
    return n;
}

bool xb_type_bytes(const xb_type *t, size_t *out)
{
    int64_t n = xb_type_count(t);
    return n >= 0 && t->dtype != XB_NONE && xb_mul((size_t)n, xb_dtype_size(t->dtype), out) && *out <= PTRDIFF_MAX;
}

bool xb_type_same(const xb_type *a, const xb_type *b)
{
    if (a->dtype != b->dtype) return false;
    if (a->rank < 0 || b->rank < 0) return a->rank < 0 && b->rank < 0;
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

bool xb_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_.:/+-?@$~", c));
}

void xb_word_print(xb_buf *b, const char *s)
{
    size_t n = strlen(s), i = 0;
    while (i < n && xb_word_char(s[i])) i++;
    if (n && i == n)
        xb_buf_add(b, s, n);
    else
        xb_buf_quoted(b, s, n);
}

/* A symbol is never taken for a size: one that begins like a number is quoted. */
static void print_symbol(xb_buf *b, const char *s)
{
    if (s[0] && strchr("0123456789+-", s[0]))
        xb_buf_quoted(b, s, strlen(s));
    else
        xb_word_print(b, s);
}

void xb_type_print(xb_buf *b, const xb_graph *g, const xb_type *t)
{
    xb_buf_str(b, xb_dtype_name(t->dtype));
    if (t->rank < 0) {
        xb_buf_str(b, "[*]");
        return;
    }
    xb_buf_char(b, '[');
    for (int i = 0; i < t->rank; i++) {
        if (i) xb_buf_char(b, ',');
        const char *symbol = t->dim[i] < 0 && g ? xb_graph_symbol(g, t->dim[i]) : NULL;
        if (symbol)
            print_symbol(b, symbol);
        else if (t->dim[i] < 0)
            xb_buf_char(b, '?');
        else
            xb_buf_printf(b, "%lld", (long long)t->dim[i]);
    }
    xb_buf_char(b, ']');
}
