/* import.c: GraphProto -> graph: names, constants, inputs, nodes, outputs. */
#include "onnx/import.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_INPUTS = 1024, MAX_OUTPUTS = 1024, MAX_ERRORS = 20, COPY_BELOW = 1024 };

static bool complain(xb_import *m, const char *code, const char *what, const char *name, const char *why)
{
    return xb_error(m->d, code, (.file = m->source.file), "%s '%s' %s", what, name ? name : "", why);
}

static bool is_known(const xb_import *m, const char *name)
{
    size_t n = strlen(name);
    return xb_map_get(m->values, name, n, 0) || xb_map_get(m->makers, name, n, UINT32_MAX) != UINT32_MAX;
}

static void bind(xb_import *m, const char *name, xb_value v, xb_guess guess)
{
    xb_map_put(m->values, name, strlen(name), v.id);
    xb_guess_set(m, v, guess);
}

/* ---- constants ---- */

/* Small ones are copied, so that they are aligned; large ones stay in the file. */
static void add_constant(xb_import *m, const char *name, const xb_payload *p)
{
    bool view = !p->owned && p->size >= COPY_BELOW;
    xb_value v =
        view ? xb_graph_add_view(m->g, name, &p->type, p->bytes) : xb_graph_add_const(m->g, name, &p->type, p->bytes);
    bind(m, name, v, (xb_guess){p->type.dtype, p->type.rank});
}

static bool load_constant(xb_import *m, const xb_where *where, const char *name, const Onnx__TensorProto *t)
{
    xb_payload p;
    if (!xb_onnx_load_tensor(&m->source, where, t, &p)) return false;
    add_constant(m, name, &p);
    free(p.owned);
    return true;
}

static bool add_initialisers(xb_import *m)
{
    xb_where where = {.file = m->source.file};
    if (m->proto->n_sparse_initializer)
        return xb_error(m->d, "onnx-type", (.file = m->source.file), "sparse initialisers are not supported");
    for (size_t i = 0; i < m->proto->n_initializer; i++) {
        const Onnx__TensorProto *t = m->proto->initializer[i];
        if (!t->name || !*t->name) return complain(m, "onnx-graph", "initialiser", "", "has no name");
        if (is_known(m, t->name)) return complain(m, "onnx-graph", "the name", t->name, "is defined twice");
        xb_import_take(m, t->name, false);
        if (!load_constant(m, &where, t->name, t)) return false;
    }
    return true;
}

/* ---- inputs ---- */

static bool take_dims(xb_import *m, const char *name, const Onnx__TensorShapeProto *shape, xb_type *type)
{
    if (shape->n_dim > XB_MAX_RANK) return complain(m, "onnx-limit", "graph input", name, "has more than 8 dimensions");
    type->rank = (int)shape->n_dim;
    for (size_t i = 0; i < shape->n_dim; i++) {
        const Onnx__TensorShapeProto__Dimension *d = shape->dim[i];
        bool sized = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && d->dim_value >= 0;
        bool named = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        type->dim[i] = sized ? d->dim_value : xb_graph_symbol_id(m->g, named ? d->dim_param : NULL);
    }
    return true;
}

static bool take_type(xb_import *m, const Onnx__ValueInfoProto *v, xb_type *type)
{
    const Onnx__TypeProto *t = v->type;
    if (!t || t->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || !t->tensor_type)
        return complain(m, "onnx-type", "graph input", v->name, "is not a tensor");
    *type = (xb_type){.dtype = xb_onnx_dtype(t->tensor_type->elem_type), .rank = -1};
    if (type->dtype == XB_NONE)
        return xb_error(m->d, "onnx-type", (.file = m->source.file),
                        "graph input '%s' has elements of a type that is not supported (%s)", v->name,
                        xb_onnx_type_word(t->tensor_type->elem_type));
    return !t->tensor_type->shape || take_dims(m, v->name, t->tensor_type->shape, type);
}

/* An input that is also an initialiser is a constant: its default is its value. */
static bool add_inputs(xb_import *m)
{
    xb_map *seen = xb_map_new();
    bool ok = true;
    for (size_t i = 0; ok && i < m->proto->n_input; i++) {
        const Onnx__ValueInfoProto *v = m->proto->input[i];
        const char *name = v->name ? v->name : "";
        xb_type type;
        const xb_value *list;
        if (!*name)
            ok = complain(m, "onnx-graph", "graph input", "", "has no name");
        else if (xb_map_get(seen, name, strlen(name), 0))
            ok = complain(m, "onnx-graph", "the name", name, "is defined twice");
        else if (!xb_map_get(m->values, name, strlen(name), 0)) {
            ok = take_type(m, v, &type);
            if (ok) bind(m, name, xb_graph_add_input(m->g, name, &type), (xb_guess){type.dtype, type.rank});
            if (ok && xb_graph_inputs(m->g, &list) > MAX_INPUTS)
                ok = complain(m, "onnx-limit", "graph input", name, "is one too many: at most 1024 are supported");
        }
        xb_map_put(seen, name, strlen(name), 1);
        xb_import_take(m, name, false);
    }
    xb_map_free(seen);
    return ok;
}

/* ---- names ---- */

/* Who makes what, once each; what is read. */
static bool note_names(xb_import *m)
{
    const Onnx__GraphProto *p = m->proto;
    for (uint32_t i = 0; i < p->n_node; i++) {
        const Onnx__NodeProto *node = p->node[i];
        if (node->name && *node->name) xb_import_take(m, node->name, true);
        for (size_t k = 0; k < node->n_input; k++) xb_map_put(m->readings, node->input[k], strlen(node->input[k]), 1);
        for (size_t k = 0; k < node->n_output; k++) {
            const char *name = node->output[k];
            if (!*name) continue;
            if (is_known(m, name)) {
                xb_where where = xb_node_where(m, node);
                xb_diag(m->d, XB_ERROR, "onnx-graph", &where, "result '%s' is defined twice", name);
                return false;
            }
            xb_map_put(m->makers, name, strlen(name), i);
            xb_import_take(m, name, false);
        }
    }
    for (size_t i = 0; i < p->n_output; i++)
        if (p->output[i]->name) xb_map_put(m->readings, p->output[i]->name, strlen(p->output[i]->name), 1);
    for (uint32_t i = 0; i < p->n_value_info; i++)
        if (p->value_info[i]->name) xb_map_put(m->infos, p->value_info[i]->name, strlen(p->value_info[i]->name), i);
    return true;
}

/* ---- nodes ---- */

static bool is_default_domain(const Onnx__NodeProto *node)
{
    return !node->domain || !*node->domain || !strcmp(node->domain, "ai.onnx");
}

static bool is_constant(const Onnx__NodeProto *node)
{
    return is_default_domain(node) && !strcmp(node->op_type, "Constant");
}

/* Every operator outside the set is named, up to twenty. */
static bool check_operators(xb_import *m)
{
    unsigned errors = 0;
    for (size_t i = 0; i < m->proto->n_node && errors < MAX_ERRORS; i++) {
        Onnx__NodeProto *node = m->proto->node[i];
        xb_where where = xb_node_where(m, node);
        if (!node->op_type || !*node->op_type) {
            xb_diag(m->d, XB_ERROR, "onnx-format", &where, "a node without an operator");
        } else if (!is_default_domain(node)) {
            xb_diag(m->d, XB_ERROR, "op-unsupported", &where, "operator '%s' of domain '%s' is not supported",
                    node->op_type, node->domain);
        } else if (!is_constant(node) && xb_kind_of(node->op_type) == XB_OP_UNKNOWN) {
            xb_diag(m->d, XB_ERROR, "op-unsupported", &where, "operator '%s' is not supported", node->op_type);
        } else {
            continue;
        }
        errors++;
    }
    return errors == 0;
}

/* Without an import of the default operator set there can be no nodes of it. */
static bool check_opset(xb_import *m)
{
    if (m->opset > 0) return true;
    return xb_error(m->d, "onnx-opset", (.file = m->source.file), "imports no version of the default operator set");
}

/* value_float(s), value_int(s) of a Constant node. */
static bool plain_constant(const xb_draft *n, xb_payload *out)
{
    if (n->attrs.n != 1) return false;
    const xb_attr *a = &n->attrs.data[0];
    if (a->type == XB_ATTR_STRING) return false;
    bool real = a->type == XB_ATTR_FLOAT || a->type == XB_ATTR_FLOATS, list = a->type >= XB_ATTR_INTS;
    size_t count = list ? a->n : 1;
    if (strcmp(a->name, real ? (list ? "value_floats" : "value_float") : (list ? "value_ints" : "value_int")))
        return false;
    *out = (xb_payload){.type = {real ? XB_F32 : XB_I64, list ? 1 : 0, {(int64_t)count}}};
    out->size = count * (real ? sizeof(float) : sizeof(int64_t));
    const void *scalar = real ? (const void *)&a->f : &a->i, *many = real ? (const void *)a->floats : a->ints;
    out->bytes = list ? many : scalar;
    out->owned = xb_malloc(out->size ? out->size : 1);
    if (out->size) memcpy(out->owned, out->bytes, out->size);
    out->bytes = out->owned;
    return true;
}

static bool add_constant_node(xb_import *m, const xb_draft *n)
{
    xb_payload p;
    if (n->out.n != 1 || n->in.n) return xb_draft_refuse(m, n, "onnx-graph", "a constant has one result and no inputs");
    if (n->tensor && !n->attrs.n) return load_constant(m, &n->where, n->out.data[0], n->tensor);
    if (n->tensor || !plain_constant(n, &p))
        return xb_draft_refuse(m, n, "onnx-type", "a constant that is not a dense tensor of numbers");
    add_constant(m, n->out.data[0], &p);
    free(p.owned);
    return true;
}

static bool add_node(xb_import *m, const Onnx__NodeProto *node)
{
    xb_draft n;
    bool ok = xb_draft_begin(m, node, &n);
    if (ok) ok = is_constant(node) ? add_constant_node(m, &n) : xb_onnx_normalise(m, &n) && xb_draft_add(m, &n).id;
    xb_draft_end(&n);
    return ok;
}

static bool add_nodes(xb_import *m)
{
    uint32_t *order = xb_node_order(m);
    bool ok = order;
    for (size_t i = 0; ok && i < m->proto->n_node; i++) ok = add_node(m, m->proto->node[order[i]]);
    free(order);
    return ok;
}

/* ---- outputs ---- */

/* What the model says of an output stands until shape inference: nothing where a dimension has neither size nor name.
 */
static void take_output_type(xb_import *m, const Onnx__ValueInfoProto *info, xb_value v)
{
    const Onnx__TypeProto *t = info->type;
    if (xb_graph_type(m->g, v)->dtype != XB_NONE || !t || t->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ||
        !t->tensor_type)
        return;
    const Onnx__TensorShapeProto *shape = t->tensor_type->shape;
    xb_type type = {.dtype = xb_onnx_dtype(t->tensor_type->elem_type), .rank = -1};
    bool whole = shape && shape->n_dim <= XB_MAX_RANK;
    for (size_t i = 0; whole && i < shape->n_dim; i++)
        whole = shape->dim[i]->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE__NOT_SET;
    if (whole) take_dims(m, info->name, shape, &type);
    if (type.dtype != XB_NONE) xb_graph_set_type(m->g, v, &type);
}

static bool add_outputs(xb_import *m)
{
    xb_map *seen = xb_map_new();
    bool ok = m->proto->n_output > 0 || xb_error(m->d, "onnx-graph", (.file = m->source.file), "has no graph outputs");
    if (m->proto->n_output > MAX_OUTPUTS)
        ok = xb_error(m->d, "onnx-limit", (.file = m->source.file), "has more than 1024 graph outputs");
    for (size_t i = 0; ok && i < m->proto->n_output; i++) {
        const char *name = m->proto->output[i]->name ? m->proto->output[i]->name : "";
        xb_value v = {xb_map_get(m->values, name, strlen(name), 0)};
        if (!v.id)
            ok = complain(m, "onnx-graph", "graph output", name, "is made by no node, constant or graph input");
        else if (xb_map_get(seen, name, strlen(name), 0))
            ok = complain(m, "onnx-graph", "graph output", name, "is listed twice");
        else {
            take_output_type(m, m->proto->output[i], v);
            xb_graph_add_output(m->g, v);
        }
        xb_map_put(seen, name, strlen(name), 1);
    }
    xb_map_free(seen);
    return ok;
}

/* ---- all of it ---- */

static void end(xb_import *m)
{
    xb_source_close(&m->source);
    xb_map_free(m->values);
    xb_map_free(m->makers);
    xb_map_free(m->infos);
    xb_map_free(m->readings);
    xb_map_free(m->taken);
    xb_vec_free(&m->guesses);
    xb_arena_free(m->arena);
}

xb_graph *xb_import_graph(xb_import *m)
{
    m->arena = xb_arena_new();
    m->values = xb_map_new();
    m->makers = xb_map_new();
    m->infos = xb_map_new();
    m->readings = xb_map_new();
    m->taken = xb_map_new();
    bool ok = check_operators(m) && check_opset(m) && add_initialisers(m) && add_inputs(m) && note_names(m) &&
              add_nodes(m) && add_outputs(m);
    if (ok) xb_onnx_drop_identities(m->g);
    for (size_t i = 0; i < m->source.external.n; i++) xb_graph_adopt(m->g, m->source.external.data[i]);
    m->source.external.n = 0;
    end(m);
    if (ok) return m->g;
    xb_graph_free(m->g);
    return NULL;
}
