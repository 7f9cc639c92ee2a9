/* opset_axes.c: operators along axes, of older opsets. */
#include "onnx/import.h"

/* ReduceSum before 13: axes was an attribute. */
bool xb_old_reduce(xb_import *m, xb_draft *n)
{
    return xb_draft_attr_to_input(m, n, "axes", 1);
}

bool xb_old_squeeze(xb_import *m, xb_draft *n)
{
    return xb_draft_attr_to_input(m, n, "axes", 1);
}

bool xb_old_split(xb_import *m, xb_draft *n)
{
    return xb_draft_attr_to_input(m, n, "split", 1);
}

/* Before 4 the default axis was 1; since then it has none. */
bool xb_old_concat(xb_import *m, xb_draft *n)
{
    (void)m;
    if (!xb_draft_attr(n, "axis")) xb_draft_set(n, (xb_attr){.name = "axis", .type = XB_ATTR_INT, .i = 1});
    return true;
}

/* Before 13 the dimensions before `axis` (default 1) and those from it on were made one each, and the operator worked
 * on the rows of that matrix. That is the last axis when `axis` is it; else Flatten, the operator, and back to the
 * shape. */
bool xb_old_softmax(xb_import *m, xb_draft *n)
{
    xb_value x = xb_draft_in(n, 0);
    int64_t axis = xb_draft_int(n, "axis", 1);
    int rank = xb_guess_of(m, x).rank;
    bool last = axis == -1 || (rank >= 0 && axis == rank - 1);
    xb_draft_set(n, (xb_attr){.name = "axis", .type = XB_ATTR_INT, .i = -1});
    if (last || !x.id) return true;
    xb_attr at = {.name = "axis", .type = XB_ATTR_INT, .i = axis};
    xb_value flat = xb_draft_emit(m, n, XB_OP_Flatten, xb_draft_fresh(m, n, "flatten"), &x, 1, &at);
    xb_value y = xb_draft_emit(m, n, n->kind, n->name, &flat, 1, xb_draft_attr(n, "axis"));
    xb_value shape = xb_draft_emit(m, n, XB_OP_Shape, xb_draft_fresh(m, n, "shape"), &x, 1, NULL);
    n->kind = XB_OP_Reshape;
    n->name = xb_draft_fresh(m, n, "reshape");
    n->attrs.n = 0;
    n->in.n = 0;
    xb_draft_set_in(n, 0, y);
    xb_draft_set_in(n, 1, shape);
    return true;
}
