/* opset_math.c: arithmetic and activations of older opsets. */
#include "onnx/import.h"
#include <float.h>
#include <string.h>

static xb_dtype float_type_of(const xb_import *m, xb_value v)
{
    xb_dtype t = xb_guess_of(m, v).dtype;
    return t == XB_NONE ? XB_F32 : t;
}

/* Before 11: attributes min and max, absent = the ends of float's range. */
bool xb_old_clip(xb_import *m, xb_draft *n)
{
    static const char *const name[] = {"min", "max"};
    xb_dtype type = float_type_of(m, xb_draft_in(n, 0));
    for (size_t i = 0; i < 2; i++) {
        float end = i ? FLT_MAX : -FLT_MAX, v = xb_draft_float(n, name[i], end);
        if (v != end) xb_draft_set_in(n, i + 1, xb_draft_scalar(m, n, name[i], type, v));
        xb_draft_drop(n, name[i]);
    }
    return true;
}

/* Appends `count` dimensions of size 1 to a value of rank `rank`. */
static xb_value append_ones(xb_import *m, const xb_draft *n, xb_value v, int rank, int count)
{
    int64_t axes[XB_MAX_RANK];
    for (int i = 0; i < count; i++) axes[i] = rank + i;
    xb_value in[2] = {v, xb_draft_ints(m, n, "axes", axes, (size_t)count)};
    return xb_draft_emit(m, n, XB_OP_Unsqueeze, xb_draft_fresh(m, n, "unsqueeze"), in, 2, NULL);
}

/* Before 7: one slope for each channel, or a single one. */
bool xb_old_prelu(xb_import *m, xb_draft *n)
{
    xb_value x = xb_draft_in(n, 0), slope = xb_draft_in(n, 1);
    int rank = xb_guess_of(m, x).rank, own = xb_guess_of(m, slope).rank;
    if (own == 0) return true;
    if (slope.id && xb_graph_is_const(m->g, slope) && xb_type_count(xb_graph_type(m->g, slope)) == 1) return true;
    if (rank < 0 || own != 1 || rank > XB_MAX_RANK)
        return xb_draft_refuse(m, n, "onnx-opset", "opset %d: cannot tell how the slope is broadcast", (int)m->opset);
    if (rank > 2) xb_draft_set_in(n, 1, append_ones(m, n, slope, 1, rank - 2));
    return true;
}

/* Before 7: attributes broadcast and axis: the second operand's dimensions lie at `axis` of the first's, at its end by
 * default. */
bool xb_old_binary(xb_import *m, xb_draft *n)
{
    bool broadcast = xb_draft_int(n, "broadcast", 0) != 0;
    const xb_attr *given = xb_draft_attr(n, "axis");
    xb_value a = xb_draft_in(n, 0), b = xb_draft_in(n, 1);
    int rank = xb_guess_of(m, a).rank, own = xb_guess_of(m, b).rank;
    int64_t axis = given ? xb_draft_int(n, "axis", 0) : -1;
    bool at_end = !broadcast || !given || own == 0;
    xb_draft_drop(n, "broadcast");
    xb_draft_drop(n, "axis");
    if (at_end) return true;
    if (rank < 0 || own < 0 || rank > XB_MAX_RANK)
        return xb_draft_refuse(m, n, "onnx-opset", "opset %d: broadcasting at an axis of a value of unknown rank",
                               (int)m->opset);
    if (axis < 0) axis += rank;
    if (axis < 0 || axis + own > rank)
        return xb_draft_refuse(m, n, "onnx-graph", "axis %lld does not fit ranks %d and %d", (long long)axis, rank,
                               own);
    if (axis + own < rank) xb_draft_set_in(n, 1, append_ones(m, n, b, own, (int)(rank - axis) - own));
    return true;
}

/* Before 7: C was broadcast only when asked for. */
bool xb_old_gemm(xb_import *m, xb_draft *n)
{
    (void)m;
    xb_draft_drop(n, "broadcast");
    return true;
}

/* Before 6: the defaults had fewer digits. */
bool xb_old_selu(xb_import *m, xb_draft *n)
{
    (void)m;
    if (!xb_draft_attr(n, "alpha")) xb_draft_set(n, (xb_attr){.name = "alpha", .type = XB_ATTR_FLOAT, .f = 1.6732f});
    if (!xb_draft_attr(n, "gamma")) xb_draft_set(n, (xb_attr){.name = "gamma", .type = XB_ATTR_FLOAT, .f = 1.0507f});
    return true;
}

/* Before 6: `to` was the name of a TensorProto.DataType. In any opset: to what we have no type for. */
bool xb_old_cast(xb_import *m, xb_draft *n)
{
    static const char *const names[] = {"UNDEFINED", "FLOAT",  "UINT8",     "INT8",      "UINT16",  "INT16",
                                        "INT32",     "INT64",  "STRING",    "BOOL",      "FLOAT16", "DOUBLE",
                                        "UINT32",    "UINT64", "COMPLEX64", "COMPLEX128"};
    const xb_attr *to = xb_draft_attr(n, "to");
    if (m->opset < 6 && to && to->type == XB_ATTR_STRING) {
        size_t i = 1, end = sizeof names / sizeof *names;
        while (i < end && strcmp(names[i], to->s)) i++;
        xb_draft_set(n, (xb_attr){.name = "to", .i = i < end ? (int64_t)i : 0});
    }
    int64_t type = xb_draft_int(n, "to", 0);
    if (xb_onnx_dtype(type) != XB_NONE) return true;
    return xb_draft_refuse(m, n, "onnx-type", "a cast to elements of type %lld (%s) is not supported", (long long)type,
                           xb_onnx_type_word(type));
}
