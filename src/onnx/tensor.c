/* tensor.c: the layouts of TensorProto: raw_data, typed fields packed or not, external files. */
#include "onnx/tensor.h"
#include <stdlib.h>
#include <string.h>

static const xb_dtype dtype_of[] = {
    [1] = XB_F32,     [2] = XB_U8,   [3] = XB_I8,   [4] = XB_U16,  [5] = XB_I16,  [6] = XB_I32,   [7] = XB_I64,
    [9] = XB_BOOLEAN, [10] = XB_F16, [11] = XB_F64, [12] = XB_U32, [13] = XB_U64, [16] = XB_BF16,
};

xb_dtype xb_onnx_dtype(int64_t data_type)
{
    return data_type >= 0 && data_type < 17 ? dtype_of[data_type] : XB_NONE;
}

int xb_onnx_data_type(xb_dtype t)
{
    for (int i = 1; i < 17; i++)
        if (dtype_of[i] == t && t != XB_NONE) return i;
    return 0;
}

const char *xb_onnx_type_word(int64_t data_type)
{
    if (xb_onnx_dtype(data_type) != XB_NONE) return xb_dtype_name(xb_onnx_dtype(data_type));
    return data_type == 8 ? "string" : data_type == 14 ? "complex64" : data_type == 15 ? "complex128" : "unknown";
}

static const char *name_of(const Onnx__TensorProto *p)
{
    return p->name ? p->name : "";
}

bool xb_onnx_dims(xb_diags *d, const xb_where *where, const char *name, const int64_t *dims, size_t n, xb_type *type)
{
    size_t bytes;
    if (n > XB_MAX_RANK)
        return xb_diag(d, XB_ERROR, "onnx-limit", where, "tensor '%s' has %zu dimensions; at most %d are supported",
                       name, n, XB_MAX_RANK),
               false;
    type->rank = (int)n;
    for (size_t i = 0; i < n; i++) {
        if (dims[i] < 0)
            return xb_diag(d, XB_ERROR, "onnx-format", where, "tensor '%s' has a dimension of %lld", name,
                           (long long)dims[i]),
                   false;
        type->dim[i] = dims[i];
    }
    if (!xb_type_bytes(type, &bytes) || bytes > PTRDIFF_MAX)
        return xb_diag(d, XB_ERROR, "onnx-limit", where, "tensor '%s' is larger than the address space", name), false;
    return true;
}

/* The field of TensorProto that holds elements of a type when they are not raw (onnx.proto). */
static uint32_t field_of(xb_dtype t)
{
    switch (t) {
    case XB_F32:
        return XB_TENSOR_FLOAT;
    case XB_F64:
        return XB_TENSOR_DOUBLE;
    case XB_I64:
        return XB_TENSOR_INT64;
    case XB_U32:
    case XB_U64:
        return XB_TENSOR_UINT64;
    default:
        return XB_TENSOR_INT32;
    }
}

/* Stores an integer element; false when it does not fit. Half floats are stored as their bits. */
static bool put_integer(xb_dtype t, void *to, size_t i, uint64_t value)
{
    int64_t v = (int64_t)value;
    switch (t) {
    case XB_I8:
        return ((int8_t *)to)[i] = (int8_t)v, v >= INT8_MIN && v <= INT8_MAX;
    case XB_U8:
        return ((uint8_t *)to)[i] = (uint8_t)v, v >= 0 && v <= UINT8_MAX;
    case XB_BOOLEAN:
        return ((uint8_t *)to)[i] = v != 0, true;
    case XB_I16:
        return ((int16_t *)to)[i] = (int16_t)v, v >= INT16_MIN && v <= INT16_MAX;
    case XB_U16:
    case XB_F16:
    case XB_BF16:
        return ((uint16_t *)to)[i] = (uint16_t)v, v >= 0 && v <= UINT16_MAX;
    case XB_I32:
        return ((int32_t *)to)[i] = (int32_t)v, v >= INT32_MIN && v <= INT32_MAX;
    case XB_U32:
        return ((uint32_t *)to)[i] = (uint32_t)v, value <= UINT32_MAX;
    default:
        return ((uint64_t *)to)[i] = value, true;
    }
}

typedef struct decode {
    xb_dtype type;
    size_t width; /* bytes of a fixed-width element; 0: varints */
    size_t want, got;
    unsigned char *to;
} decode;

static const char *take_fixed(decode *c, const unsigned char *bytes, size_t size)
{
    if (size % c->width) return "a list that is cut off";
    if (size / c->width > c->want - c->got) return "more elements than its shape has";
    if (size) memcpy(c->to + c->got * c->width, bytes, size);
    c->got += size / c->width;
    return NULL;
}

static const char *take_varint(decode *c, uint64_t v)
{
    if (c->got == c->want) return "more elements than its shape has";
    return put_integer(c->type, c->to, c->got++, v) ? NULL : "an element outside its type's range";
}

static const char *take_field(decode *c, const xb_wire_field *f)
{
    const char *why = NULL;
    if (c->width) return f->type == 0 ? "a field of the wrong wire type" : take_fixed(c, f->body, f->size);
    if (f->type == 0) return take_varint(c, f->value);
    if (f->type != 2) return "a field of the wrong wire type";
    for (xb_wire w = {f->body, f->body + f->size}; !why && w.at < w.end;) {
        uint64_t v;
        why = xb_wire_varint(&w, &v) ? take_varint(c, v) : "a malformed packed list";
    }
    return why;
}

/* Elements of the typed field, whether packed, not packed or both. NULL: done; else what is wrong. */
static const char *decode_typed(const xb_wire_tensor *t, xb_dtype type, size_t count, void *to)
{
    uint32_t number = field_of(type);
    size_t width = number == XB_TENSOR_FLOAT ? 4 : number == XB_TENSOR_DOUBLE ? 8 : 0;
    decode c = {type, width, count, 0, to};
    xb_wire w = t->message;
    xb_wire_field f;
    const char *why = NULL;
    while (!why && w.at < w.end && xb_wire_take(&w, &f))
        if (f.number == number) why = take_field(&c, &f);
    if (!why && c.got < count) why = "fewer elements than its shape has";
    return why;
}

/* One packed run of 4- or 8-byte floats is, on a little-endian machine, the array itself. */
static const void *packed_run(const xb_wire_tensor *t, xb_dtype type, size_t size)
{
    const void *found = NULL;
    xb_wire w = t->message;
    xb_wire_field f;
    if (type != XB_F32 && type != XB_F64) return NULL;
    while (w.at < w.end && xb_wire_take(&w, &f)) {
        if (f.number != field_of(type)) continue;
        if (found || f.type != 2 || f.size != size) return NULL;
        found = f.body;
    }
    return found;
}

static bool complain(xb_source *s, const xb_where *where, const char *code, const Onnx__TensorProto *p, const char *why)
{
    return xb_diag(s->d, XB_ERROR, code, where, "tensor '%s' (%s): %s", name_of(p), xb_onnx_type_word(p->data_type),
                   why),
           false;
}

static bool take_raw(xb_source *s, const xb_where *where, const Onnx__TensorProto *p, const void *bytes, size_t size,
                     xb_payload *out)
{
    if (size != out->size)
        return xb_diag(s->d, XB_ERROR, "onnx-format", where, "tensor '%s' has %zu bytes of data; its shape needs %zu",
                       name_of(p), size, out->size),
               false;
    out->bytes = size ? bytes : NULL;
    if (out->type.dtype != XB_BOOLEAN || !size) return true;
    uint8_t *copy = out->owned = xb_malloc(size);
    for (size_t i = 0; i < size; i++) copy[i] = ((const uint8_t *)bytes)[i] != 0;
    out->bytes = copy;
    return true;
}

bool xb_onnx_load_tensor(xb_source *s, const xb_where *where, const Onnx__TensorProto *p, xb_payload *out)
{
    *out = (xb_payload){.type = {.dtype = xb_onnx_dtype(p->data_type)}};
    if (!p->segment || p->segment->begin < 0 || (uint64_t)p->segment->begin >= s->n_tensors)
        return complain(s, where, "onnx-format", p, "no data");
    const xb_wire_tensor *t = &s->tensors[p->segment->begin];
    if (out->type.dtype == XB_NONE)
        return complain(s, where, "onnx-type", p, "elements of this type are not supported");
    if (!xb_onnx_dims(s->d, where, name_of(p), p->dims, p->n_dims, &out->type)) return false;
    xb_type_bytes(&out->type, &out->size);
    if (p->has_data_location && p->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
        const unsigned char *bytes;
        if (t->present) return complain(s, where, "onnx-format", p, "both external and inline data");
        return xb_onnx_load_external(s, where, p, out->size, &bytes) && take_raw(s, where, p, bytes, out->size, out);
    }
    if (t->present & (t->present - 1)) return complain(s, where, "onnx-format", p, "data in more than one field");
    if (t->raw) return take_raw(s, where, p, t->raw, t->raw_size, out);
    if (out->size == 0) return true;
    if ((out->bytes = packed_run(t, out->type.dtype, out->size))) return true;
    /* A typed element takes at least a byte, so a shape beyond the message is refused before memory is asked for. */
    size_t count = out->size / xb_dtype_size(out->type.dtype);
    const char *why = "fewer elements than its shape has";
    if (count > (size_t)(t->message.end - t->message.at)) return complain(s, where, "onnx-format", p, why);
    out->bytes = out->owned = xb_malloc(out->size);
    why = decode_typed(t, out->type.dtype, count, out->owned);
    if (!why) return true;
    free(out->owned);
    out->owned = NULL;
    out->bytes = NULL;
    return complain(s, where, "onnx-format", p, why);
}
