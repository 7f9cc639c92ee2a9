/* draft.c: a node between file and graph. */
#include "ir/tensor.h"
#include "onnx/import.h"
#include <stdlib.h>
#include <string.h>

xb_where xb_node_where(const xb_import *m, const Onnx__NodeProto *node)
{
    const char *name = node->name && *node->name ? node->name : node->n_output ? node->output[0] : "";
    return (xb_where){.file = m->source.file, .node = name, .op = node->op_type ? node->op_type : ""};
}

bool xb_draft_refuse(xb_import *m, const xb_draft *n, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    xb_vdiag(m->d, XB_ERROR, code, &n->where, format, args);
    va_end(args);
    return false;
}

/* ---- attributes ---- */

enum { MAX_ATTRS = 256 };

static int kind_of_attr(const Onnx__AttributeProto *a)
{
    if (a->has_type && a->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED) return (int)a->type;
    /* IR version 1 had no type: the field that is there tells. */
    if (a->has_f) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
    if (a->has_i) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    if (a->has_s) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
    if (a->t) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
    if (a->g || a->n_graphs) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
    if (a->n_floats) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
    if (a->n_strings) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS;
    return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
}

static bool take_attr(xb_import *m, xb_draft *n, const Onnx__AttributeProto *a)
{
    xb_attr out = {.name = a->name};
    switch (kind_of_attr(a)) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
        out.type = XB_ATTR_FLOAT;
        out.f = a->f;
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
        out.type = XB_ATTR_INT;
        out.i = a->i;
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
        if (a->s.len && memchr(a->s.data, 0, a->s.len))
            return xb_draft_refuse(m, n, "onnx-format", "attribute '%s' is text with a NUL inside", a->name);
        out.type = XB_ATTR_STRING;
        out.s = xb_arena_strndup(m->arena, a->s.len ? (const char *)a->s.data : "", a->s.len);
        out.n = a->s.len;
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
        out.type = XB_ATTR_FLOATS;
        out.floats = a->floats;
        out.n = a->n_floats;
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
        out.type = XB_ATTR_INTS;
        out.ints = a->ints;
        out.n = a->n_ints;
        break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
        if (strcmp(a->name, "value") || !a->t)
            return xb_draft_refuse(m, n, "op-unsupported", "attribute '%s' is a tensor", a->name);
        n->tensor = a->t;
        return true;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH:
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPHS:
        return xb_draft_refuse(m, n, "op-unsupported", "attribute '%s' is a sub-graph", a->name);
    default:
        return xb_draft_refuse(m, n, "op-unsupported", "attribute '%s' has a type that is not supported", a->name);
    }
    xb_push(&n->attrs, out);
    return true;
}

static bool take_attrs(xb_import *m, xb_draft *n)
{
    if (n->node->n_attribute > MAX_ATTRS) return xb_draft_refuse(m, n, "onnx-limit", "more than 256 attributes");
    for (size_t i = 0; i < n->node->n_attribute; i++) {
        const Onnx__AttributeProto *a = n->node->attribute[i];
        if (!a->name || !*a->name) return xb_draft_refuse(m, n, "onnx-format", "an attribute without a name");
        if (a->ref_attr_name && *a->ref_attr_name)
            return xb_draft_refuse(m, n, "onnx-format", "attribute '%s' refers to a function's attribute", a->name);
        if (xb_draft_attr(n, a->name) || (n->tensor && !strcmp(a->name, "value")))
            return xb_draft_refuse(m, n, "onnx-format", "attribute '%s' is given twice", a->name);
        if (!take_attr(m, n, a)) return false;
    }
    return true;
}

const xb_attr *xb_draft_attr(const xb_draft *n, const char *name)
{
    for (size_t i = 0; i < n->attrs.n; i++)
        if (!strcmp(n->attrs.data[i].name, name)) return &n->attrs.data[i];
    return NULL;
}

int64_t xb_draft_int(const xb_draft *n, const char *name, int64_t absent)
{
    const xb_attr *a = xb_draft_attr(n, name);
    return a && a->type == XB_ATTR_INT ? a->i : absent;
}

float xb_draft_float(const xb_draft *n, const char *name, float absent)
{
    const xb_attr *a = xb_draft_attr(n, name);
    return a && a->type == XB_ATTR_FLOAT ? a->f : absent;
}

void xb_draft_drop(xb_draft *n, const char *name)
{
    for (size_t i = 0; i < n->attrs.n; i++) {
        if (strcmp(n->attrs.data[i].name, name)) continue;
        memmove(&n->attrs.data[i], &n->attrs.data[i + 1], (n->attrs.n - i - 1) * sizeof *n->attrs.data);
        n->attrs.n--;
        return;
    }
}

void xb_draft_set(xb_draft *n, xb_attr attr)
{
    xb_draft_drop(n, attr.name);
    xb_push(&n->attrs, attr);
}

/* ---- inputs and outputs ---- */

xb_value xb_draft_in(const xb_draft *n, size_t i)
{
    return i < n->in.n ? n->in.data[i] : (xb_value){0};
}

void xb_draft_set_in(xb_draft *n, size_t i, xb_value v)
{
    while (n->in.n <= i) xb_push(&n->in, (xb_value){0});
    n->in.data[i] = v;
}

bool xb_draft_uses(const xb_import *m, const xb_draft *n, size_t output)
{
    if (output >= n->out.n || !*n->out.data[output]) return false;
    return xb_map_get(m->readings, n->out.data[output], strlen(n->out.data[output]), 0);
}

enum { TAKEN_VALUE = 1, TAKEN_NODE = 2 };

void xb_import_take(xb_import *m, const char *name, bool node)
{
    size_t n = strlen(name);
    uint32_t have = xb_map_get(m->taken, name, n, 0);
    xb_map_put(m->taken, name, n, have | (node ? TAKEN_NODE : TAKEN_VALUE));
}

/* A node without a name is called after its first result. */
static const char *name_for(xb_import *m, const xb_draft *n)
{
    const char *name = n->where.node;
    if (!*name || (xb_map_get(m->taken, name, strlen(name), 0) & TAKEN_NODE)) name = xb_draft_fresh(m, n, "op");
    xb_import_take(m, name, true);
    return name;
}

bool xb_draft_begin(xb_import *m, const Onnx__NodeProto *node, xb_draft *n)
{
    *n = (xb_draft){.node = node, .where = xb_node_where(m, node), .kind = xb_kind_of(node->op_type)};
    n->name = node->name && *node->name ? node->name : name_for(m, n);
    size_t n_in = node->n_input, n_out = node->n_output;
    while (n_in && !*node->input[n_in - 1]) n_in--;
    while (n_out && !*node->output[n_out - 1]) n_out--;
    for (size_t i = 0; i < n_in; i++)
        xb_push(&n->in, (xb_value){xb_map_get(m->values, node->input[i], strlen(node->input[i]), 0)});
    for (size_t i = 0; i < n_out; i++) xb_push(&n->out, node->output[i]);
    return take_attrs(m, n);
}

void xb_draft_end(xb_draft *n)
{
    xb_vec_free(&n->in);
    xb_vec_free(&n->out);
    xb_vec_free(&n->attrs);
}

/* ---- what goes into the graph beside or as the node ---- */

const char *xb_draft_fresh(xb_import *m, const xb_draft *n, const char *suffix)
{
    const char *base = n->where.node && *n->where.node ? n->where.node : n->where.op;
    const char *name = xb_arena_printf(m->arena, "%s/%s", base, suffix);
    while (xb_map_get(m->taken, name, strlen(name), 0))
        name = xb_arena_printf(m->arena, "%s/%s_%u", base, suffix, ++m->serial);
    xb_import_take(m, name, false);
    return name;
}

xb_value xb_draft_ints(xb_import *m, const xb_draft *n, const char *suffix, const int64_t *v, size_t count)
{
    xb_type type = {.dtype = XB_I64, .rank = 1, .dim = {(int64_t)count}};
    xb_value c = xb_graph_add_const(m->g, xb_draft_fresh(m, n, suffix), &type, v);
    xb_guess_set(m, c, (xb_guess){XB_I64, 1});
    return c;
}

xb_value xb_draft_scalar(xb_import *m, const xb_draft *n, const char *suffix, xb_dtype dtype, double v)
{
    xb_type type = {.dtype = dtype, .rank = 0};
    unsigned char bytes[8] = {0};
    xb_scalar_set(dtype, bytes, 0, v);
    xb_value c = xb_graph_add_const(m->g, xb_draft_fresh(m, n, suffix), &type, bytes);
    xb_guess_set(m, c, (xb_guess){dtype, 0});
    return c;
}

bool xb_draft_attr_to_input(xb_import *m, xb_draft *n, const char *attr, size_t i)
{
    const xb_attr *a = xb_draft_attr(n, attr);
    if (!a) return true;
    if (a->type != XB_ATTR_INTS)
        return xb_draft_refuse(m, n, "onnx-format", "attribute '%s' is no list of integers", attr);
    xb_draft_set_in(n, i, xb_draft_ints(m, n, attr, a->ints, a->n));
    xb_draft_drop(n, attr);
    return true;
}

xb_value xb_draft_emit(xb_import *m, const xb_draft *n, xb_kind kind, const char *name, const xb_value *in, size_t n_in,
                       const xb_attr *attr)
{
    xb_value out = {0};
    const char *result = xb_draft_fresh(m, n, "value");
    xb_op op = xb_graph_add_op_kind(m->g, (xb_op){0}, kind, name, in, n_in, &result, &out, 1);
    if (attr) xb_graph_set_attr(m->g, op, attr);
    xb_guess_set(m, out, xb_guess_result(m, kind, NULL, in, n_in));
    return out;
}

static bool check_arity(xb_import *m, const xb_draft *n)
{
    const xb_opdef *def = xb_opdef_of(n->kind);
    if (n->in.n < (size_t)def->min_in || (def->max_in >= 0 && n->in.n > (size_t)def->max_in))
        return xb_draft_refuse(m, n, "onnx-graph", "has %zu inputs; the operator takes %d to %d", n->in.n, def->min_in,
                               def->max_in);
    if (n->out.n == 0 || (def->max_out >= 0 && n->out.n > (size_t)def->max_out))
        return xb_draft_refuse(m, n, "onnx-graph", "has %zu outputs; the operator gives 1 to %d", n->out.n,
                               def->max_out);
    for (size_t i = 0; i < n->in.n; i++)
        if (!n->in.data[i].id && (i < (size_t)def->min_in || def->max_in < 0))
            return xb_draft_refuse(m, n, "onnx-graph", "input %zu is required", i + 1);
    return true;
}

xb_op xb_draft_add(xb_import *m, xb_draft *n)
{
    if (!check_arity(m, n)) return (xb_op){0};
    xb_value *out = xb_calloc(n->out.n, sizeof *out);
    xb_op op =
        xb_graph_add_op_kind(m->g, (xb_op){0}, n->kind, n->name, n->in.data, n->in.n, n->out.data, out, n->out.n);
    for (size_t i = 0; i < n->attrs.n; i++) xb_graph_set_attr(m->g, op, &n->attrs.data[i]);
    xb_guess guess = xb_guess_result(m, n->kind, n, n->in.data, n->in.n);
    for (size_t i = 0; i < n->out.n; i++) {
        if (!out[i].id) continue;
        xb_map_put(m->values, n->out.data[i], strlen(n->out.data[i]), out[i].id);
        xb_guess_set(m, out[i], guess);
    }
    free(out);
    return op;
}
