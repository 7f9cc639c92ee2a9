/* guess.c: ranks and element types before shape inference, as far as the normalisation of old opsets needs them. */
#include "onnx/import.h"
#include <string.h>

static const xb_guess unknown = {XB_NONE, -1};

xb_guess xb_guess_of(const xb_import *m, xb_value v)
{
    return v.id && v.id < m->guesses.n ? m->guesses.data[v.id] : unknown;
}

/* What value_info says of a value whose rank is not known otherwise. */
static xb_guess declared(const xb_import *m, xb_value v)
{
    const char *name = xb_graph_value_name(m->g, v);
    uint32_t i = xb_map_get(m->infos, name, strlen(name), UINT32_MAX);
    if (i == UINT32_MAX) return unknown;
    const Onnx__TypeProto *t = m->proto->value_info[i]->type;
    if (!t || t->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || !t->tensor_type) return unknown;
    const Onnx__TypeProto__Tensor *tensor = t->tensor_type;
    return (xb_guess){xb_onnx_dtype(tensor->elem_type), tensor->shape ? (int)tensor->shape->n_dim : -1};
}

void xb_guess_set(xb_import *m, xb_value v, xb_guess guess)
{
    while (m->guesses.n <= v.id) xb_push(&m->guesses, unknown);
    if (guess.rank < 0 || guess.dtype == XB_NONE) {
        xb_guess other = declared(m, v);
        if (guess.rank < 0) guess.rank = other.rank;
        if (guess.dtype == XB_NONE) guess.dtype = other.dtype;
    }
    m->guesses.data[v.id] = guess;
}

static int64_t int_of(const xb_draft *n, const char *name, int64_t absent)
{
    return n ? xb_draft_int(n, name, absent) : absent;
}

/* Elements of a constant list; -1 when it is none. */
static int64_t list_length(const xb_import *m, xb_value v)
{
    if (!v.id || !xb_graph_is_const(m->g, v)) return -1;
    const xb_type *t = xb_graph_type(m->g, v);
    return t->rank == 1 ? t->dim[0] : -1;
}

static int broadcast_rank(const xb_import *m, const xb_value *in, size_t n_in)
{
    int rank = 0;
    for (size_t i = 0; i < n_in; i++) {
        int r = xb_guess_of(m, in[i]).rank;
        if (r < 0) return -1;
        if (r > rank) rank = r;
    }
    return rank;
}

static int rank_of_result(const xb_import *m, xb_kind kind, const xb_draft *n, const xb_value *in, size_t n_in)
{
    int a = n_in > 0 ? xb_guess_of(m, in[0]).rank : -1, b = n_in > 1 ? xb_guess_of(m, in[1]).rank : -1;
    int64_t length = n_in > 1 ? list_length(m, in[1]) : -1;
    switch (kind) {
    case XB_OP_Flatten:
    case XB_OP_Gemm:
        return 2;
    case XB_OP_Reshape:
        return length >= 0 && length <= XB_MAX_RANK ? (int)length : -1;
    case XB_OP_Unsqueeze:
        return a >= 0 && length >= 0 && length <= XB_MAX_RANK ? a + (int)length : -1;
    case XB_OP_Squeeze:
        return a >= length && length >= 0 ? a - (int)length : -1;
    case XB_OP_MatMul:
        return a >= 2 && b >= 2 ? (a > b ? a : b) : -1;
    case XB_OP_Gather:
        return a >= 0 && b >= 0 ? a + b - 1 : -1;
    case XB_OP_Shape:
    case XB_OP_Range:
        return 1;
    case XB_OP_Size:
        return 0;
    case XB_OP_Expand:
    case XB_OP_ConstantOfShape:
        return -1;
    default:
        break;
    }
    if (kind >= XB_OP_Add && kind <= XB_OP_Where) return broadcast_rank(m, in, n_in);
    if (kind >= XB_OP_ReduceMean && kind <= XB_OP_ArgMin) return int_of(n, "keepdims", 1) ? a : -1;
    return a;
}

static xb_dtype dtype_of_result(const xb_import *m, xb_kind kind, const xb_draft *n, const xb_value *in, size_t n_in)
{
    switch (kind) {
    case XB_OP_Shape:
    case XB_OP_Size:
    case XB_OP_ArgMax:
    case XB_OP_ArgMin:
        return XB_I64;
    case XB_OP_Cast:
        return xb_onnx_dtype(int_of(n, "to", 0));
    case XB_OP_EyeLike:
        if (int_of(n, "dtype", 0)) return xb_onnx_dtype(int_of(n, "dtype", 0));
        break;
    case XB_OP_CastLike:
    case XB_OP_Where:
        return n_in > 1 ? xb_guess_of(m, in[1]).dtype : XB_NONE;
    case XB_OP_IsNaN:
    case XB_OP_IsInf:
        return XB_BOOLEAN;
    default:
        break;
    }
    if (kind >= XB_OP_Equal && kind <= XB_OP_GreaterOrEqual) return XB_BOOLEAN;
    return n_in > 0 ? xb_guess_of(m, in[0]).dtype : XB_NONE;
}

xb_guess xb_guess_result(const xb_import *m, xb_kind kind, const xb_draft *n, const xb_value *in, size_t n_in)
{
    return (xb_guess){dtype_of_result(m, kind, n, in, n_in), rank_of_result(m, kind, n, in, n_in)};
}
