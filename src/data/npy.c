/* npy.c: NumPy's array files (numpy.lib.format): magic, version, header length, a Python dict, numbers. */
#include "data/npy.h"
#include "base/file.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    xb_dtype dtype;
    const char *code;
    size_t size;
} codes[] = {{XB_F32, "<f4", 4}, {XB_F64, "<f8", 8}, {XB_F16, "<f2", 2}, {XB_I8, "|i1", 1},
             {XB_I16, "<i2", 2}, {XB_I32, "<i4", 4}, {XB_I64, "<i8", 8}, {XB_U8, "|u1", 1},
             {XB_U16, "<u2", 2}, {XB_U32, "<u4", 4}, {XB_U64, "<u8", 8}, {XB_BOOLEAN, "|b1", 1}};
enum { CODES = sizeof codes / sizeof *codes, PREFIX = 8 };

typedef struct header {
    xb_type type;
    size_t size; /* of one number */
    bool fortran;
    size_t data_at;
} header;

/* ---- the header's dict ------------------------------------------------------------------------------ */

typedef struct cursor {
    const char *p, *end;
} cursor;

static void skip_space(cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\t')) c->p++;
}

static bool take(cursor *c, char want)
{
    skip_space(c);
    if (c->p == c->end || *c->p != want) return false;
    c->p++;
    return true;
}

static bool take_word(cursor *c, const char *word)
{
    size_t n = strlen(word);
    skip_space(c);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0) return false;
    c->p += n;
    return true;
}

/* A text in quotes of either kind, without escapes. */
static bool take_text(cursor *c, char out[16])
{
    skip_space(c);
    if (c->p == c->end || (*c->p != '\'' && *c->p != '"')) return false;
    char quote = *c->p++;
    size_t n = 0;
    for (; c->p < c->end && *c->p != quote; c->p++) {
        if (n == 15) return false;
        out[n++] = *c->p;
    }
    out[n] = 0;
    return c->p++ < c->end;
}

static bool take_shape(cursor *c, xb_type *t)
{
    if (!take(c, '(')) return false;
    for (t->rank = 0; !take(c, ')');) {
        if (t->rank == XB_MAX_RANK) return false;
        int64_t v = 0;
        const char *from = c->p;
        for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
            if (!xb_mul_i64(v, 10, &v) || !xb_add_i64(v, *c->p - '0', &v)) return false;
        if (c->p == from) return false;
        t->dim[t->rank++] = v;
        if (take(c, ',')) continue;
        return take(c, ')') && t->rank > 1;
    }
    return true;
}

static bool set_dtype(const char *code, header *h)
{
    for (size_t i = 0; i < CODES; i++) {
        bool any_order = codes[i].size == 1 && strchr("<|>=", code[0]) && code[0];
        if (strcmp(code + 1, codes[i].code + 1) != 0 || !(any_order || code[0] == codes[i].code[0])) continue;
        h->type.dtype = codes[i].dtype;
        h->size = codes[i].size;
        return true;
    }
    return false;
}

static bool read_dict(xb_diags *d, const char *path, cursor *c, header *h)
{
    int descr = 0, order = 0, shape = 0;
    char text[16];
    bool ok = take(c, '{');
    while (ok && !take(c, '}')) {
        ok = take_text(c, text) && take(c, ':');
        if (ok && strcmp(text, "descr") == 0) {
            ok = take_text(c, text) && !descr++;
            if (ok && !set_dtype(text, h))
                return xb_error(d, "data", (.file = path), "numbers of type '%s' are not supported", text);
        } else if (ok && strcmp(text, "fortran_order") == 0) {
            h->fortran = take_word(c, "True");
            ok = (h->fortran || take_word(c, "False")) && !order++;
        } else if (ok && strcmp(text, "shape") == 0) {
            ok = take_shape(c, &h->type) && !shape++;
        } else {
            ok = false;
        }
        if (ok && !take(c, ',')) {
            ok = take(c, '}');
            break;
        }
    }
    skip_space(c);
    if (ok && c->p == c->end && descr && order && shape) return true;
    return xb_error(d, "data", (.file = path), "the .npy header cannot be read");
}

static bool read_header(xb_diags *d, const xb_view *v, header *h)
{
    const unsigned char *b = v->data;
    if (v->size < PREFIX || memcmp(b, "\x93NUMPY", 6) != 0)
        return xb_error(d, "data", (.file = v->path), "is not a .npy file");
    if (b[6] < 1 || b[6] > 3) return xb_error(d, "data", (.file = v->path), ".npy version %d is not supported", b[6]);
    size_t width = b[6] == 1 ? 2 : 4, n = 0;
    if (v->size < PREFIX + width) return xb_error(d, "data", (.file = v->path), "the file is cut short");
    for (size_t i = width; i--;) n = n << 8 | b[PREFIX + i];
    h->data_at = PREFIX + width + n;
    if (n > v->size - PREFIX - width) return xb_error(d, "data", (.file = v->path), "the file is cut short");
    cursor c = {(const char *)b + PREFIX + width, (const char *)b + h->data_at};
    return read_dict(d, v->path, &c, h);
}

/* ---- numbers ------------------------------------------------------------------------------------------ */

/* From first index fastest to last index fastest. */
static void turn_round(const xb_type *t, size_t size, size_t n, const unsigned char *from, unsigned char *to)
{
    size_t index[XB_MAX_RANK] = {0}, stride[XB_MAX_RANK], step = 1;
    for (int k = 0; k < t->rank; k++) {
        stride[k] = step;
        step *= (size_t)t->dim[k];
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        for (int k = 0; k < t->rank; k++) at += index[k] * stride[k];
        memcpy(to + i * size, from + at * size, size);
        for (int k = t->rank; k--;) {
            if (++index[k] < (size_t)t->dim[k]) break;
            index[k] = 0;
        }
    }
}

static bool count_numbers(const xb_type *t, size_t size, size_t *n, size_t *bytes)
{
    *n = 1;
    for (int k = 0; k < t->rank; k++)
        if (!xb_mul(*n, (size_t)t->dim[k], n)) return false;
    return xb_mul(*n, size, bytes);
}

static bool read_body(xb_diags *d, const xb_view *v, xb_tensor *out)
{
    header h = {0};
    size_t n, bytes;
    if (!read_header(d, v, &h)) return false;
    if (!count_numbers(&h.type, h.size, &n, &bytes) || bytes > v->size - h.data_at)
        return xb_error(d, "data", (.file = v->path), "the file is cut short: its header promises more than %zu bytes",
                        v->size - h.data_at);
    if (bytes < v->size - h.data_at)
        return xb_error(d, "data", (.file = v->path), "the file is longer than its header says");
    if (!xb_tensor_alloc(out, &h.type)) return xb_error(d, "data", (.file = v->path), "the array is too large");
    const unsigned char *from = v->data + h.data_at;
    if (h.fortran && n && h.type.rank > 1) {
        turn_round(&h.type, h.size, n, from, out->data);
    } else if (n) {
        memcpy(out->data, from, bytes);
    }
    unsigned char *flag = out->data;
    for (size_t i = 0; h.type.dtype == XB_BOOLEAN && i < n; i++) flag[i] = flag[i] != 0;
    return true;
}

bool xb_npy_read(xb_diags *d, const char *path, xb_tensor *out)
{
    xb_view v;
    *out = (xb_tensor){0};
    if (!xb_view_open(d, path, &v)) return false;
    bool ok = read_body(d, &v, out);
    xb_view_close(&v);
    return ok;
}

/* bfloat16, which NumPy lacks, is written as float32. */
static void write_bf16(const xb_tensor *t, size_t n, xb_out *out)
{
    for (size_t i = 0; i < n; i++) {
        float v = (float)xb_tensor_get(t, i);
        xb_out_write(out, &v, sizeof v);
    }
}

bool xb_npy_write(const xb_tensor *t, xb_out *out)
{
    static const unsigned char magic[PREFIX] = "\x93NUMPY\x01";
    xb_dtype dtype = t->type.dtype == XB_BF16 ? XB_F32 : t->type.dtype;
    size_t n, bytes, k = 0;
    while (k < CODES && codes[k].dtype != dtype) k++;
    if (k == CODES || !count_numbers(&t->type, codes[k].size, &n, &bytes)) return false;
    xb_buf head = {0};
    xb_buf_printf(&head, "{'descr': '%s', 'fortran_order': False, 'shape': (", codes[k].code);
    for (int i = 0; i < t->type.rank; i++) xb_buf_printf(&head, i ? ", %lld" : "%lld", (long long)t->type.dim[i]);
    xb_buf_str(&head, t->type.rank == 1 ? ",), }" : "), }");
    while ((PREFIX + 2 + head.len + 1) % 64) xb_buf_char(&head, ' ');
    xb_buf_char(&head, '\n');
    unsigned char length[2] = {(unsigned char)(head.len & 255), (unsigned char)(head.len >> 8)};
    xb_out_write(out, magic, PREFIX);
    xb_out_write(out, length, 2);
    xb_out_write(out, head.data, head.len);
    xb_buf_free(&head);
    if (t->type.dtype == XB_BF16) {
        write_bf16(t, n, out);
    } else {
        xb_out_write(out, t->data, bytes);
    }
    return !xb_out_failed(out);
}
