/* infer_batch.c: may a batch be cut anywhere? Every value is put into a class; an operator that could mix two images,
 * or whose operand would have to be cut with the batch, makes the answer no. What is not listed is no. */
#include "ir/infer.h"
#include <stdlib.h>
#include <string.h>

typedef enum class {
    FIXED, /* does not depend on the inputs */
    SHAPE, /* made from shapes alone: recomputed for each cut, fit to be a shape operand only */
    BATCH  /* the batch symbol is dimension 0 and nowhere else */
} class;

typedef struct cut {
    const xb_graph *g;
    int64_t symbol;
    unsigned char *class; /* by value id */
    xb_op op;
    xb_kind kind;
    const xb_value *in, *out;
    size_t n_in, n_out;
} cut;

static const xb_type *type_of(const cut *c, size_t i)
{
    return xb_graph_type(c->g, c->in[i]);
}

static class class_of(const cut *c, size_t i)
{
    return i < c->n_in && c->in[i].id ? (class)c->class[c->in[i].id] : FIXED;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80) ||
           (c && strchr("_.:@$~", c));
}

/* Does `word` stand in the expression s, not as a part of a longer name? */
static bool names(const char *s, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = s; (p = strstr(p, word)); p++)
        if ((p == s || !is_name_char(p[-1])) && !is_name_char(p[n])) return true;
    return false;
}

/* Made from the batch symbol by arithmetic, or from who knows what. */
static bool is_derived(const cut *c, int64_t dim)
{
    const char *batch = xb_graph_symbol(c->g, c->symbol), *s = xb_graph_symbol(c->g, dim);
    return !s || !batch || strstr(s, "??") || names(s, batch);
}

/* Does one of the inputs have this dimension after the first? */
static bool is_inner_input_dim(const cut *c, int64_t dim)
{
    const xb_value *in;
    size_t n = xb_graph_inputs(c->g, &in);
    for (size_t i = 0; i < n; i++) {
        const xb_type *t = xb_graph_type(c->g, in[i]);
        for (int k = 1; k < t->rank; k++)
            if (t->dim[k] == dim) return true;
    }
    return false;
}

static bool is_batch_type(const cut *c, const xb_type *t)
{
    if (t->rank < 1 || t->dim[0] != c->symbol) return false;
    for (int i = 1; i < t->rank; i++)
        if (t->dim[i] < 0 &&
            (t->dim[i] == c->symbol || (!is_inner_input_dim(c, t->dim[i]) && is_derived(c, t->dim[i]))))
            return false;
    return true;
}

/* -- rules -- */

/* Operand i is the same for every image when broadcast to `rank` dimensions, or is cut with the batch. */
static bool broadcasts(const cut *c, size_t i, int rank)
{
    const xb_type *t = type_of(c, i);
    if (class_of(c, i) == BATCH) return t->rank == rank;
    return class_of(c, i) == FIXED && (t->rank < rank || (t->rank == rank && t->dim[0] == 1));
}

static bool elementwise(const cut *c)
{
    int rank = xb_graph_type(c->g, c->out[0])->rank;
    for (size_t i = 0; i < c->n_in; i++)
        if (c->in[i].id && !broadcasts(c, i, rank)) return false;
    return true;
}

/* Input 0 is the batch, the others are parameters. */
static bool parameters(const cut *c)
{
    for (size_t i = 1; i < c->n_in; i++)
        if (class_of(c, i) != FIXED) return false;
    return class_of(c, 0) == BATCH;
}

static bool axis_is_inner(int64_t axis, int rank)
{
    return axis < 0 ? axis + rank > 0 : axis > 0;
}

static bool inner_axis_attr(const cut *c, int64_t absent, int rank)
{
    return axis_is_inner(xb_graph_attr_int(c->g, c->op, "axis", absent), rank);
}

/* Element k of a constant vector of i64 or i32. */
static bool number(const cut *c, size_t i, size_t k, int64_t *out)
{
    if (i >= c->n_in || c->in[i].id == 0 || !xb_graph_is_const(c->g, c->in[i])) return false;
    const xb_type *t = type_of(c, i);
    int64_t n = xb_type_count(t);
    if (n < 0 || k >= (size_t)n || (t->dtype != XB_I64 && t->dtype != XB_I32)) return false;
    const unsigned char *data = (const unsigned char *)xb_graph_data(c->g, c->in[i]) + k * xb_dtype_size(t->dtype);
    int32_t narrow;
    memcpy(&narrow, data, sizeof narrow);
    *out = narrow;
    if (t->dtype == XB_I64) memcpy(out, data, sizeof *out);
    return true;
}

static size_t count(const cut *c, size_t i)
{
    int64_t n = i < c->n_in && c->in[i].id ? xb_type_count(type_of(c, i)) : 0;
    return n > 0 ? (size_t)n : 0;
}

static bool reduce(const cut *c)
{
    int rank = type_of(c, 0)->rank;
    const xb_attr *a = xb_graph_attr(c->g, c->op, "axes");
    bool by_input = c->n_in > 1 && c->in[1].id;
    size_t n = by_input ? count(c, 1) : a ? a->n : 0;
    if (n == 0) return xb_graph_attr_int(c->g, c->op, "noop_with_empty_axes", 0) && parameters(c);
    for (size_t i = 0; i < n; i++) {
        int64_t axis = by_input ? 0 : a->ints[i];
        if ((by_input && !number(c, 1, i, &axis)) || !axis_is_inner(axis, rank)) return false;
    }
    return parameters(c);
}

static bool matmul(const cut *c)
{
    const xb_type *a = type_of(c, 0), *b = type_of(c, 1);
    class x = class_of(c, 0), y = class_of(c, 1);
    int rank = xb_graph_type(c->g, c->out[0])->rank;
    if (x == BATCH && y == BATCH) return a->rank >= 3 && a->rank == b->rank;
    if (x == BATCH && y == FIXED)
        return a->rank >= 2 && (b->rank <= 2 || (a->rank == rank && broadcasts(c, 1, rank) && a->rank > 2));
    return x == FIXED && y == BATCH && b->rank >= 3 && (a->rank <= 2 || broadcasts(c, 0, rank));
}

static bool gemm(const cut *c)
{
    return class_of(c, 0) == BATCH && class_of(c, 1) == FIXED && !xb_graph_attr_int(c->g, c->op, "transA", 0) &&
           (c->n_in < 3 || c->in[2].id == 0 || broadcasts(c, 2, 2));
}

static bool pad(const cut *c)
{
    int64_t before, after;
    return parameters(c) && number(c, 1, 0, &before) && number(c, 1, count(c, 1) / 2, &after) && before == 0 &&
           after == 0;
}

static bool slice(const cut *c)
{
    int rank = type_of(c, 0)->rank;
    size_t n = count(c, 1);
    for (size_t i = 0; i < n; i++) {
        int64_t axis = (int64_t)i;
        if ((c->n_in > 3 && c->in[3].id && !number(c, 3, i, &axis)) || !axis_is_inner(axis, rank)) return false;
    }
    return parameters(c);
}

static bool gather(const cut *c)
{
    int rank = type_of(c, 0)->rank;
    if (class_of(c, 0) == BATCH) return class_of(c, 1) == FIXED && inner_axis_attr(c, 0, rank);
    return class_of(c, 0) == FIXED && class_of(c, 1) == BATCH && !inner_axis_attr(c, 0, rank); /* a table */
}

static bool all_batch(const cut *c)
{
    for (size_t i = 0; i < c->n_in; i++)
        if (class_of(c, i) != BATCH) return false;
    return true;
}

static bool by_shape(const cut *c)
{
    if (class_of(c, 1) == BATCH) return false;
    if (c->kind == XB_OP_Expand) return broadcasts(c, 0, xb_graph_type(c->g, c->out[0])->rank);
    return class_of(c, 0) == BATCH;
}

static bool tile(const cut *c)
{
    int64_t times;
    return parameters(c) && number(c, 1, 0, &times) && times == 1;
}

static bool transpose(const cut *c)
{
    const xb_attr *perm = xb_graph_attr(c->g, c->op, "perm");
    return perm && perm->n ? perm->ints[0] == 0 : type_of(c, 0)->rank == 1;
}

static bool cumsum(const cut *c)
{
    int64_t axis;
    return parameters(c) && number(c, 1, 0, &axis) && axis_is_inner(axis, type_of(c, 0)->rank);
}

/* Does the op treat every image alike and alone? Its results' types are checked beside. */
static bool keeps_images_apart(const cut *c)
{
    int rank = c->n_in && c->in[0].id ? type_of(c, 0)->rank : 0;
    switch (c->kind) {
    case XB_OP_Conv:
    case XB_OP_ConvTranspose:
    case XB_OP_InstanceNormalization:
    case XB_OP_LRN:
    case XB_OP_MaxPool:
    case XB_OP_AveragePool:
    case XB_OP_GlobalAveragePool:
    case XB_OP_GlobalMaxPool:
    case XB_OP_DepthToSpace:
    case XB_OP_SpaceToDepth:
    case XB_OP_Squeeze:
    case XB_OP_Unsqueeze:
        return parameters(c);
    case XB_OP_BatchNormalization:
        return parameters(c) && !xb_graph_attr_int(c->g, c->op, "training_mode", 0);
    case XB_OP_Dropout:
        return parameters(c) && !xb_graph_draws(c->g, c->op);
    case XB_OP_Clip:
        return parameters(c);
    case XB_OP_LayerNormalization:
        return parameters(c) && inner_axis_attr(c, -1, rank) && broadcasts(c, 1, rank) &&
               (c->n_in < 3 || c->in[2].id == 0 || broadcasts(c, 2, rank));
    case XB_OP_Gemm:
        return gemm(c);
    case XB_OP_MatMul:
        return matmul(c);
    case XB_OP_Softmax:
    case XB_OP_LogSoftmax:
    case XB_OP_Hardmax:
        return inner_axis_attr(c, -1, rank);
    case XB_OP_ArgMax:
    case XB_OP_ArgMin:
        return inner_axis_attr(c, 0, rank);
    case XB_OP_CumSum:
        return cumsum(c);
    case XB_OP_Concat:
        return inner_axis_attr(c, 0, rank) && all_batch(c);
    case XB_OP_Split:
        return inner_axis_attr(c, 0, rank) && parameters(c);
    case XB_OP_GatherElements:
        return inner_axis_attr(c, 0, rank) && all_batch(c);
    case XB_OP_Gather:
        return gather(c);
    case XB_OP_Flatten:
        return parameters(c) && xb_graph_attr_int(c->g, c->op, "axis", 1) != 0;
    case XB_OP_Reshape:
    case XB_OP_Expand:
        return by_shape(c);
    case XB_OP_ConstantOfShape:
        return true; /* all elements are alike */
    case XB_OP_Transpose:
        return transpose(c);
    case XB_OP_Pad:
        return pad(c);
    case XB_OP_Slice:
        return slice(c);
    case XB_OP_Tile:
        return tile(c);
    case XB_OP_Trilu:
        return rank >= 3 && parameters(c);
    case XB_OP_EyeLike:
    case XB_OP_Range:
    case XB_OP_Shape:
    case XB_OP_Size:
    case XB_OP_UNKNOWN:
        return false;
    default:
        if (c->kind >= XB_OP_ReduceMean && c->kind <= XB_OP_ReduceSumSquare) return reduce(c);
        /* the other groups of ops.def up to Where: one value in, or several broadcast */
        return c->kind >= XB_OP_Relu && c->kind <= XB_OP_Where && elementwise(c);
    }
}

static void put_class(cut *c, class k)
{
    for (size_t i = 0; i < c->n_out; i++)
        if (c->out[i].id) c->class[c->out[i].id] = (unsigned char)k;
}

static bool classify(cut *c, xb_op op)
{
    c->op = op;
    c->kind = xb_graph_kind(c->g, op);
    c->n_in = xb_graph_op_inputs(c->g, op, &c->in);
    c->n_out = xb_graph_op_outputs(c->g, op, &c->out);
    class most = FIXED;
    for (size_t i = 0; i < c->n_in; i++)
        if (class_of(c, i) > most) most = class_of(c, i);
    if (c->kind == XB_OP_Shape || c->kind == XB_OP_Size) most = most == BATCH ? SHAPE : most;
    bool grows = most == SHAPE && (c->kind == XB_OP_ConstantOfShape || c->kind == XB_OP_Expand) && c->out[0].id &&
                 is_batch_type(c, xb_graph_type(c->g, c->out[0]));
    if (most != BATCH && !grows) {
        put_class(c, most);
        return true;
    }
    for (size_t i = 0; i < c->n_out; i++)
        if (c->out[i].id && !is_batch_type(c, xb_graph_type(c->g, c->out[i]))) return false;
    put_class(c, BATCH);
    return c->out[0].id && keeps_images_apart(c);
}

int64_t xb_graph_batch_symbol(const xb_graph *g)
{
    const xb_value *in, *out;
    size_t n_in = xb_graph_inputs(g, &in), n_out = xb_graph_outputs(g, &out);
    if (n_in == 0 || n_out == 0 || xb_graph_type(g, in[0])->rank < 1 || xb_graph_type(g, in[0])->dim[0] >= 0) return 0;
    cut c = {.g = g, .symbol = xb_graph_type(g, in[0])->dim[0]};
    c.class = xb_calloc(xb_graph_value_limit(g) + 1, 1);
    bool ok = true;
    for (size_t i = 0; i < n_in; i++) {
        ok = ok && is_batch_type(&c, xb_graph_type(g, in[i]));
        c.class[in[i].id] = BATCH;
    }
    for (xb_op op = xb_graph_first(g); ok && op.id; op = xb_graph_next(g, op)) ok = classify(&c, op);
    for (size_t i = 0; ok && i < n_out; i++) ok = c.class[out[i].id] == BATCH;
    free(c.class);
    return ok ? c.symbol : 0;
}
