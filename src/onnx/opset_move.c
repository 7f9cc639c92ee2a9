/* opset_move.c: operators that move or make data, of older opsets. */
#include "onnx/import.h"
#include <stdlib.h>
#include <string.h>

/* Before 11: attributes pads (before 2: paddings) and value. */
bool xb_old_pad(xb_import *m, xb_draft *n)
{
    float value = xb_draft_float(n, "value", 0);
    xb_dtype type = xb_guess_of(m, xb_draft_in(n, 0)).dtype;
    if (!xb_draft_attr(n, "pads") && !xb_draft_attr(n, "paddings"))
        return xb_draft_refuse(m, n, "onnx-graph", "attribute 'pads' is required");
    if (!xb_draft_attr_to_input(m, n, "pads", 1) || !xb_draft_attr_to_input(m, n, "paddings", 1)) return false;
    if (value != 0) xb_draft_set_in(n, 2, xb_draft_scalar(m, n, "value", type == XB_NONE ? XB_F32 : type, value));
    xb_draft_drop(n, "value");
    return true;
}

/* Before 10: attributes starts, ends and axes. */
bool xb_old_slice(xb_import *m, xb_draft *n)
{
    if (!xb_draft_attr(n, "starts") || !xb_draft_attr(n, "ends"))
        return xb_draft_refuse(m, n, "onnx-graph", "attributes 'starts' and 'ends' are required");
    return xb_draft_attr_to_input(m, n, "starts", 1) && xb_draft_attr_to_input(m, n, "ends", 2) &&
           xb_draft_attr_to_input(m, n, "axes", 3);
}

/* Before 5: attribute shape. */
bool xb_old_reshape(xb_import *m, xb_draft *n)
{
    return xb_draft_attr_to_input(m, n, "shape", 1);
}

/* Before 6: inputs tiles and axis. */
bool xb_old_tile(xb_import *m, xb_draft *n)
{
    return xb_draft_refuse(m, n, "onnx-opset", "the form of opset %d is not supported", (int)m->opset);
}

/* In every opset: ConstantOfShape(shape, value) is the scalar `value` expanded to the shape; the value's tensor
 * attribute becomes a constant. */
bool xb_old_fill(xb_import *m, xb_draft *n)
{
    xb_payload p = {0};
    xb_value scalar = {0};
    if (n->tensor) {
        if (!xb_onnx_load_tensor(&m->source, &n->where, n->tensor, &p)) return false;
        bool one = xb_type_count(&p.type) == 1;
        xb_type type = {.dtype = p.type.dtype};
        if (one) scalar = xb_graph_add_const(m->g, xb_draft_fresh(m, n, "value"), &type, p.bytes);
        free(p.owned);
        if (!one) return xb_draft_refuse(m, n, "onnx-graph", "attribute 'value' has not one element");
        xb_guess_set(m, scalar, (xb_guess){type.dtype, 0});
    } else {
        scalar = xb_draft_scalar(m, n, "value", XB_F32, 0);
    }
    xb_value shape = xb_draft_in(n, 0);
    n->kind = XB_OP_Expand;
    xb_draft_set_in(n, 0, scalar);
    xb_draft_set_in(n, 1, shape);
    return true;
}
