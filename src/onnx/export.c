/* export.c: graph -> ModelProto, streamed; tensors -> TensorProto files. Field numbers are those of onnx.proto. */
#include "onnx/notes.h"
#include "onnx/onnx.h"
#include "onnx/tensor.h"
#include <string.h>

enum { IR_VERSION = 8, PIECE = 4 << 20 };

/* ---- tensors ---- */

typedef struct dense {
    const char *name;
    const xb_type *type;
    const void *data;
    size_t size;
    bool mapped; /* data lie in the model's file: pages are let go as they are written */
} dense;

static void put_data(xb_encoder *e, const dense *t)
{
    const unsigned char *bytes = t->data;
    if (!e->write) {
        e->n += t->size;
        return;
    }
    for (size_t at = 0; at < t->size; at += PIECE) {
        size_t n = t->size - at < PIECE ? t->size - at : PIECE;
        xb_encode_bytes(e, bytes + at, n);
        if (t->mapped) xb_view_done(bytes + at, n);
    }
}

static void put_tensor(xb_encoder *e, const void *message)
{
    const dense *t = message;
    for (int i = 0; i < t->type->rank; i++) xb_encode_int(e, 1, t->type->dim[i]);
    xb_encode_int(e, 2, xb_onnx_data_type(t->type->dtype));
    if (t->name && *t->name) xb_encode_text(e, 8, t->name);
    xb_encode_head(e, 9, t->size);
    put_data(e, t);
}

/* ---- types ---- */

typedef struct typed {
    const xb_graph *g;
    xb_value value;
} typed;

typedef struct dimension {
    const xb_graph *g;
    int64_t dim;
} dimension;

static void put_dim(xb_encoder *e, const void *message)
{
    const dimension *d = message;
    const char *symbol = xb_graph_symbol(d->g, d->dim);
    if (d->dim >= 0)
        xb_encode_int(e, 1, d->dim);
    else if (symbol && *symbol)
        xb_encode_text(e, 2, symbol);
}

static void put_shape(xb_encoder *e, const void *message)
{
    const typed *v = message;
    const xb_type *t = xb_graph_type(v->g, v->value);
    for (int i = 0; i < t->rank; i++) xb_encode_message(e, 1, put_dim, &(dimension){v->g, t->dim[i]});
}

static void put_tensor_type(xb_encoder *e, const void *message)
{
    const typed *v = message;
    const xb_type *t = xb_graph_type(v->g, v->value);
    if (t->dtype != XB_NONE) xb_encode_int(e, 1, xb_onnx_data_type(t->dtype));
    if (t->rank >= 0) xb_encode_message(e, 2, put_shape, v);
}

static void put_type(xb_encoder *e, const void *message)
{
    xb_encode_message(e, 1, put_tensor_type, message);
}

static void put_value_info(xb_encoder *e, const void *message)
{
    const typed *v = message;
    xb_encode_text(e, 1, xb_graph_value_name(v->g, v->value));
    xb_encode_message(e, 2, put_type, v);
}

/* ---- nodes ---- */

static void put_attr(xb_encoder *e, const void *message)
{
    static const int attr_type[] = {
        [XB_ATTR_INT] = 2, [XB_ATTR_FLOAT] = 1, [XB_ATTR_STRING] = 3, [XB_ATTR_INTS] = 7, [XB_ATTR_FLOATS] = 6};
    const xb_attr *a = message;
    xb_encode_text(e, 1, a->name);
    switch (a->type) {
    case XB_ATTR_INT:
        xb_encode_int(e, 3, a->i);
        break;
    case XB_ATTR_FLOAT:
        xb_encode_float(e, 2, a->f);
        break;
    case XB_ATTR_STRING:
        xb_encode_blob(e, 4, a->s, a->n);
        break;
    case XB_ATTR_INTS:
        for (size_t i = 0; i < a->n; i++) xb_encode_int(e, 8, a->ints[i]);
        break;
    case XB_ATTR_FLOATS:
        for (size_t i = 0; i < a->n; i++) xb_encode_float(e, 7, a->floats[i]);
        break;
    }
    xb_encode_int(e, 20, attr_type[a->type]);
}

typedef struct node {
    const xb_graph *g;
    xb_op op;
} node;

static void put_names(xb_encoder *e, uint32_t field, const xb_graph *g, const xb_value *list, size_t n)
{
    for (size_t i = 0; i < n; i++) xb_encode_text(e, field, list[i].id ? xb_graph_value_name(g, list[i]) : "");
}

static void put_node(xb_encoder *e, const void *message)
{
    const node *n = message;
    const xb_value *list;
    const xb_attr *attrs;
    size_t count = xb_graph_op_inputs(n->g, n->op, &list);
    put_names(e, 1, n->g, list, count);
    count = xb_graph_op_outputs(n->g, n->op, &list);
    put_names(e, 2, n->g, list, count);
    xb_encode_text(e, 3, xb_graph_op_name(n->g, n->op));
    xb_encode_text(e, 4, xb_graph_op_type(n->g, n->op));
    count = xb_graph_op_attrs(n->g, n->op, &attrs);
    for (size_t i = 0; i < count; i++) xb_encode_message(e, 5, put_attr, &attrs[i]);
}

/* ---- graph and model ---- */

static void put_constants(xb_encoder *e, const xb_graph *g)
{
    for (uint32_t id = 1; id < xb_graph_value_limit(g); id++) {
        xb_value v = {id};
        dense t = {.type = NULL};
        if (!xb_graph_is_const(g, v)) continue;
        t.name = xb_graph_value_name(g, v);
        t.type = xb_graph_type(g, v);
        t.mapped = xb_graph_is_mapped(g, v);
        t.data = xb_graph_raw(g, v, &t.size);
        xb_encode_message(e, 5, put_tensor, &t);
    }
}

static void put_graph(xb_encoder *e, const void *message)
{
    const xb_graph *g = message;
    const char *name = xb_graph_name(g);
    const xb_value *list;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op))
        xb_encode_message(e, 1, put_node, &(node){g, op});
    xb_encode_text(e, 2, name && *name ? name : "graph");
    put_constants(e, g);
    size_t n = xb_graph_inputs(g, &list);
    for (size_t i = 0; i < n; i++) xb_encode_message(e, 11, put_value_info, &(typed){g, list[i]});
    n = xb_graph_outputs(g, &list);
    for (size_t i = 0; i < n; i++) xb_encode_message(e, 12, put_value_info, &(typed){g, list[i]});
}

static void put_opset(xb_encoder *e, const void *message)
{
    (void)message;
    xb_encode_text(e, 1, "");
    xb_encode_int(e, 2, XB_OPSET);
}

static void put_model(xb_encoder *e, const void *message)
{
    xb_encode_int(e, 1, IR_VERSION);
    xb_encode_text(e, 2, "xbarc");
    xb_encode_text(e, 3, XBARC_VERSION);
    xb_encode_message(e, 8, put_opset, NULL);
    xb_encode_message(e, 7, put_graph, message);
    xb_onnx_put_notes(e, 14, message);
}

static bool write_all(xb_diags *d, const char *file, xb_encode_fn *fn, const void *message, xb_out *out)
{
    uint64_t size = xb_encode_size(fn, message);
    if (size > INT32_MAX)
        return xb_error(d, "onnx-limit", (.file = file), "%llu bytes are more than an ONNX file can hold (2 GiB)",
                        (unsigned long long)size);
    fn(&(xb_encoder){.write = xb_out_write, .to = out}, message);
    return !xb_out_failed(out);
}

bool xb_onnx_write(xb_diags *d, const xb_graph *g, xb_out *out)
{
    return write_all(d, xb_graph_file(g), put_model, g, out);
}

bool xb_tensor_write_pb(xb_diags *d, const xb_tensor *t, xb_out *out)
{
    dense message = {.name = t->name, .type = &t->type, .data = t->data};
    if (!xb_type_bytes(&t->type, &message.size))
        return xb_error(d, "onnx-limit", (.file = NULL), "a tensor without a size cannot be written");
    return write_all(d, NULL, put_tensor, &message, out);
}
