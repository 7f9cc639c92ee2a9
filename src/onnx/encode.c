/* encode.c: see encode.h. */
#include "onnx/encode.h"
#include <string.h>

void xb_encode_bytes(xb_encoder *e, const void *bytes, size_t n)
{
    if (e->write && n) e->write(e->to, bytes, n);
    e->n += n;
}

static void varint(xb_encoder *e, uint64_t v)
{
    unsigned char text[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) text[n++] = (unsigned char)(0x80 | (v & 0x7f));
    text[n++] = (unsigned char)v;
    xb_encode_bytes(e, text, n);
}

void xb_encode_int(xb_encoder *e, uint32_t field, int64_t v)
{
    varint(e, (uint64_t)field << 3);
    varint(e, (uint64_t)v);
}

void xb_encode_float(xb_encoder *e, uint32_t field, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    unsigned char text[4] = {(unsigned char)bits, (unsigned char)(bits >> 8), (unsigned char)(bits >> 16),
                             (unsigned char)(bits >> 24)};
    varint(e, (uint64_t)field << 3 | 5);
    xb_encode_bytes(e, text, 4);
}

void xb_encode_head(xb_encoder *e, uint32_t field, uint64_t n)
{
    varint(e, (uint64_t)field << 3 | 2);
    varint(e, n);
}

void xb_encode_blob(xb_encoder *e, uint32_t field, const void *bytes, size_t n)
{
    xb_encode_head(e, field, n);
    xb_encode_bytes(e, bytes, n);
}

void xb_encode_text(xb_encoder *e, uint32_t field, const char *s)
{
    xb_encode_blob(e, field, s, strlen(s));
}

uint64_t xb_encode_size(xb_encode_fn *fn, const void *message)
{
    xb_encoder count = {0};
    fn(&count, message);
    return count.n;
}

void xb_encode_message(xb_encoder *e, uint32_t field, xb_encode_fn *fn, const void *message)
{
    uint64_t n = xb_encode_size(fn, message);
    xb_encode_head(e, field, n);
    if (e->write)
        fn(e, message);
    else
        e->n += n;
}
