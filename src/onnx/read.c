/* read.c: file -> mapping -> skeleton -> ModelProto -> graph. */
#include "onnx/import.h"
#include "onnx/notes.h"
#include "onnx/onnx.h"
#include <stdlib.h>
#include <string.h>

/* What protobuf-c makes of the skeleton; NULL after a diagnostic. */
static ProtobufCMessage *unpack(xb_diags *d, const xb_view *view, const ProtobufCMessageDescriptor *root,
                                xb_skeleton *s)
{
    ProtobufCMessage *p = NULL;
    if (!xb_wire_scan(d, view->path, root, view->data, view->size, s)) return NULL;
    p = protobuf_c_message_unpack(root, NULL, s->bytes.len, (const uint8_t *)xb_buf_cstr(&s->bytes));
    if (!p) xb_error(d, "onnx-format", (.file = view->path), "is not an ONNX file");
    return p;
}

/* The version of the default operator set; 0: the model imports none; -1 after a diagnostic. */
static int64_t opset_of(xb_diags *d, const char *file, const Onnx__ModelProto *p)
{
    int64_t opset = p->n_opset_import == 0; /* before IR version 3 there was only one, and no import */
    for (size_t i = 0; i < p->n_opset_import; i++) {
        const char *domain = p->opset_import[i]->domain;
        if (domain && *domain && strcmp(domain, "ai.onnx")) continue;
        opset = p->opset_import[i]->version;
        if (opset >= 1 && opset <= XB_OPSET) continue;
        xb_error(d, "onnx-opset", (.file = file), "opset %lld is not supported; 1 to %d are", (long long)opset,
                 XB_OPSET);
        return -1;
    }
    return opset;
}

static xb_graph *import_model(xb_diags *d, const xb_view *view, const xb_skeleton *s, const Onnx__ModelProto *p)
{
    int64_t opset = opset_of(d, view->path, p);
    if (opset < 0) return NULL;
    if (!p->graph) return xb_error(d, "onnx-format", (.file = view->path), "has no graph"), (xb_graph *)NULL;
    if (p->n_functions)
        return xb_error(d, "op-unsupported", (.file = view->path), "functions in the model are not supported"),
               (xb_graph *)NULL;
    xb_import m = {.d = d, .proto = p->graph, .opset = opset};
    m.source = (xb_source){.d = d, .file = view->path, .tensors = s->tensors.data, .n_tensors = s->tensors.n};
    m.g = xb_graph_new(p->graph->name, view->path);
    xb_graph *g = xb_import_graph(&m);
    if (g) xb_onnx_take_notes(d, g, p);
    return g;
}

xb_graph *xb_onnx_read(xb_diags *d, const char *path)
{
    xb_view view;
    xb_skeleton s = {0};
    if (!xb_view_open(d, path, &view)) return NULL;
    ProtobufCMessage *p = unpack(d, &view, &onnx__model_proto__descriptor, &s);
    xb_graph *g = p ? import_model(d, &view, &s, (const Onnx__ModelProto *)p) : NULL;
    if (p) protobuf_c_message_free_unpacked(p, NULL);
    xb_skeleton_free(&s);
    if (g)
        xb_graph_adopt(g, view);
    else
        xb_view_close(&view);
    return g;
}

bool xb_tensor_read_pb(xb_diags *d, const char *path, xb_tensor *out)
{
    xb_view view;
    xb_skeleton s = {0};
    xb_payload load = {0};
    *out = (xb_tensor){0};
    if (!xb_view_open(d, path, &view)) return false;
    Onnx__TensorProto *p = (Onnx__TensorProto *)unpack(d, &view, &onnx__tensor_proto__descriptor, &s);
    xb_source source = {.d = d, .file = path, .tensors = s.tensors.data, .n_tensors = s.tensors.n};
    bool ok =
        p && xb_onnx_load_tensor(&source, &(xb_where){.file = path}, p, &load) && xb_tensor_alloc(out, &load.type);
    if (ok && load.size) memcpy(out->data, load.bytes, load.size);
    if (ok && p->name && *p->name) out->name = xb_strdup(p->name);
    free(load.owned);
    if (p) onnx__tensor_proto__free_unpacked(p, NULL);
    xb_source_close(&source);
    xb_skeleton_free(&s);
    xb_view_close(&view);
    return ok;
}
