/* wire.c: the walk described in wire.h. */
#include "onnx/wire.h"
#include <stdlib.h>
#include <string.h>

bool xb_wire_varint(xb_wire *w, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70 && w->at < w->end; shift += 7) {
        unsigned char byte = *w->at++;
        if (shift == 63 && byte > 1) return false;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return *out = v, true;
    }
    return false;
}

bool xb_wire_take(xb_wire *w, xb_wire_field *out)
{
    uint64_t tag, size;
    if (!xb_wire_varint(w, &tag) || tag > UINT32_MAX || tag >> 3 == 0) return false;
    *out = (xb_wire_field){.number = (uint32_t)(tag >> 3), .type = tag & 7};
    switch (out->type) {
    case 0:
        return xb_wire_varint(w, &out->value);
    case 1:
        size = 8;
        break;
    case 2:
        if (!xb_wire_varint(w, &size)) return false;
        break;
    case 5:
        size = 4;
        break;
    default:
        return false; /* groups are no part of ONNX */
    }
    if (size > (uint64_t)(w->end - w->at)) return false;
    out->body = w->at;
    out->size = (size_t)size;
    w->at += size;
    return true;
}

typedef struct scan {
    xb_diags *d;
    const char *file;
    const unsigned char *base;
    xb_skeleton *out;
    size_t nodes;
    uint64_t kept, memory; /* bytes of the file that stay; what protobuf-c would allocate for them */
} scan;

static bool bad(scan *s, const char *code, const unsigned char *at, const char *message, const char *why)
{
    return xb_error(s->d, code, (.file = s->file), "%s at byte %zu: %s", message, (size_t)(at - s->base), why);
}

/* Memory of protobuf-c 1.4 beside contents: a scanned-member record for each field, malloc overhead for each block. */
enum { COST_FIELD = 64, COST_BLOCK = 32 };

static bool is_dropped(const ProtobufCMessageDescriptor *m, const ProtobufCFieldDescriptor *f)
{
    if (m == &onnx__tensor_proto__descriptor)
        return f->id == 12 || (f->id >= XB_TENSOR_FLOAT && f->id <= XB_TENSOR_INT64) ||
               (f->id >= XB_TENSOR_RAW && f->id <= XB_TENSOR_UINT64);
    if (m == &onnx__model_proto__descriptor && !strcmp(f->name, "training_info")) return true;
    if (m == &onnx__graph_proto__descriptor && !strcmp(f->name, "quantization_annotation")) return true;
    return !strcmp(f->name, "doc_string");
}

static unsigned wire_type(ProtobufCType t)
{
    switch (t) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return 5;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 1;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return 2;
    default:
        return 0;
    }
}

/* A packed list: whole elements, each well formed. */
static bool check_packed(scan *s, const xb_wire_field *f, unsigned type)
{
    if (type == 5) return s->memory += f->size + COST_BLOCK, f->size % 4 == 0;
    if (type == 1) return s->memory += f->size + COST_BLOCK, f->size % 8 == 0;
    xb_wire w = {f->body, f->body + f->size};
    uint64_t v;
    s->memory += COST_BLOCK;
    while (w.at < w.end) {
        if (!xb_wire_varint(&w, &v)) return false;
        s->memory += 8;
    }
    return true;
}

static size_t encode_varint(char *to, uint64_t v)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) to[n++] = (char)(0x80 | (v & 0x7f));
    to[n++] = (char)v;
    return n;
}

/* segment { begin: index } */
static void put_tensor_index(xb_buf *b, uint64_t index)
{
    char text[16] = {(3 << 3) | 2, 0, 1 << 3};
    size_t n = encode_varint(text + 3, index);
    text[1] = (char)(n + 1);
    xb_buf_add(b, text, n + 3);
}

static bool note_data(scan *s, xb_wire_tensor *t, const xb_wire_field *f, const unsigned char *start)
{
    if (f->number < XB_TENSOR_FLOAT || f->number > XB_TENSOR_UINT64 || f->number == 8) return true;
    if (f->number == XB_TENSOR_RAW) {
        if (f->type != 2) return bad(s, "onnx-format", start, "TensorProto", "a field of the wrong wire type");
        if (t->raw) return bad(s, "onnx-format", start, "TensorProto", "a second field 'raw_data'");
        t->raw = f->body;
        t->raw_size = f->size;
    }
    t->present |= 1u << f->number;
    return true;
}

static bool check_leaf(scan *s, const ProtobufCMessageDescriptor *m, const ProtobufCFieldDescriptor *fd,
                       const xb_wire_field *f, const unsigned char *start)
{
    unsigned want = wire_type(fd->type);
    s->memory += COST_FIELD;
    if (f->type != want) {
        if (f->type != 2 || fd->label != PROTOBUF_C_LABEL_REPEATED)
            return bad(s, "onnx-format", start, m->short_name, "a field of the wrong wire type");
        return check_packed(s, f, want) || bad(s, "onnx-format", start, m->short_name, "a malformed packed list");
    }
    s->memory += 8;
    if (want == 2) s->memory += f->size + 16 + COST_BLOCK;
    if (fd->type != PROTOBUF_C_TYPE_STRING) return true;
    const char *text = (const char *)f->body;
    if (memchr(text, 0, f->size)) return bad(s, "onnx-format", start, m->short_name, "a name with a NUL inside");
    return xb_utf8_valid(text, f->size) || bad(s, "onnx-format", start, m->short_name, "text that is not UTF-8");
}

static bool count_message(scan *s, const ProtobufCMessageDescriptor *m, const unsigned char *at)
{
    s->memory += m->sizeof_message + COST_FIELD + COST_BLOCK + 8;
    if (m == &onnx__node_proto__descriptor && ++s->nodes > XB_WIRE_NODES)
        return bad(s, "onnx-limit", at, m->short_name, "more than 1048576 nodes");
    if (m == &onnx__tensor_proto__descriptor && s->out->tensors.n >= XB_WIRE_TENSORS)
        return bad(s, "onnx-limit", at, m->short_name, "more than 1048576 tensors");
    return true;
}

static bool scan_message(scan *s, const ProtobufCMessageDescriptor *m, xb_wire w, int depth);

/* A sub-message goes into the skeleton with a length of five bytes, filled in when it is known. */
static bool scan_nested(scan *s, const ProtobufCFieldDescriptor *fd, const xb_wire_field *f, int depth)
{
    const ProtobufCMessageDescriptor *m = fd->descriptor;
    xb_buf *b = &s->out->bytes;
    char tag[10];
    if (depth >= XB_WIRE_DEPTH)
        return bad(s, "onnx-limit", f->body, m->short_name, "messages nested more than 64 deep");
    xb_buf_add(b, tag, encode_varint(tag, (uint64_t)f->number << 3 | 2));
    size_t at = b->len;
    xb_buf_add(b, "\x80\x80\x80\x80", 5);
    if (!scan_message(s, m, (xb_wire){f->body, f->body + f->size}, depth + 1)) return false;
    size_t length = b->len - at - 5;
    for (size_t i = 0; i < 5; i++, length >>= 7) b->data[at + i] = (char)((length & 0x7f) | (i < 4 ? 0x80 : 0));
    return true;
}

static bool scan_field(scan *s, const ProtobufCMessageDescriptor *m, const ProtobufCFieldDescriptor *fd,
                       const xb_wire_field *f, xb_wire whole, uint64_t *seen, int depth)
{
    if (fd->type != PROTOBUF_C_TYPE_MESSAGE) {
        s->kept += (size_t)(whole.end - whole.at);
        if (!check_leaf(s, m, fd, f, whole.at)) return false;
        xb_buf_add(&s->out->bytes, whole.at, (size_t)(whole.end - whole.at));
        return true;
    }
    uint64_t bit = 1ull << (fd - m->fields);
    s->kept += (size_t)(whole.end - whole.at) - f->size;
    if (f->type != 2) return bad(s, "onnx-format", whole.at, m->short_name, "a field of the wrong wire type");
    if (fd->label != PROTOBUF_C_LABEL_REPEATED && (*seen & bit))
        return xb_error(s->d, "onnx-format", (.file = s->file), "%s at byte %zu: a second field '%s'", m->short_name,
                        (size_t)(whole.at - s->base), fd->name);
    if (m == &onnx__tensor_proto__descriptor && fd->id == 3)
        return bad(s, "onnx-type", whole.at, m->short_name, "segmented tensors are not supported");
    *seen |= bit;
    return scan_nested(s, fd, f, depth);
}

static bool scan_message(scan *s, const ProtobufCMessageDescriptor *m, xb_wire w, int depth)
{
    bool is_tensor = m == &onnx__tensor_proto__descriptor;
    size_t index = s->out->tensors.n;
    uint64_t seen = 0;
    xb_wire_field f;
    if (!count_message(s, m, w.at)) return false;
    if (is_tensor) {
        xb_push(&s->out->tensors, (xb_wire_tensor){.message = w});
        put_tensor_index(&s->out->bytes, index);
    }
    while (w.at < w.end) {
        xb_wire whole = {w.at, w.at};
        if (!xb_wire_take(&w, &f))
            return bad(s, "onnx-format", whole.at, m->short_name, "malformed bytes, or a length beyond the end");
        whole.end = w.at;
        const ProtobufCFieldDescriptor *fd = protobuf_c_message_descriptor_get_field(m, f.number);
        if (is_tensor && !note_data(s, &s->out->tensors.data[index], &f, whole.at)) return false;
        if (fd && !is_dropped(m, fd) && !scan_field(s, m, fd, &f, whole, &seen, depth)) return false;
        if (s->out->bytes.len > XB_WIRE_SKELETON)
            return bad(s, "onnx-limit", whole.at, m->short_name, "more than 256 MiB beside the weights");
    }
    return true;
}

bool xb_wire_scan(xb_diags *d, const char *file, const ProtobufCMessageDescriptor *root, const unsigned char *data,
                  size_t n, xb_skeleton *out)
{
    scan s = {.d = d, .file = file, .base = data, .out = out};
    *out = (xb_skeleton){0};
    if (n > INT32_MAX) return xb_error(d, "onnx-limit", (.file = file), "the file is larger than 2 GiB");
    if (n == 0) return xb_error(d, "onnx-format", (.file = file), "the file is empty");
    if (!scan_message(&s, root, (xb_wire){data, data + n}, 0)) return false;
    if (s.memory > XB_WIRE_BASE + XB_WIRE_FACTOR * s.kept)
        return xb_error(d, "onnx-limit", (.file = file),
                        "%zu bytes of model beside the weights would take %zu bytes of memory", (size_t)s.kept,
                        (size_t)s.memory);
    return true;
}

void xb_skeleton_free(xb_skeleton *s)
{
    xb_buf_free(&s->bytes);
    xb_vec_free(&s->tensors);
}
