/* ops.c: the operator table of ops.def. */
#include "ir/graph.h"
#include <string.h>

static const xb_opdef opdefs[XB_KINDS] = {
    [XB_OP_UNKNOWN] = {"", 0, -1, -1},
#define XB_OPDEF(name, min_in, max_in, max_out) [XB_OP_##name] = {#name, min_in, max_in, max_out},
#include "ir/ops.def"
#undef XB_OPDEF
};

const xb_opdef *xb_opdef_of(xb_kind kind)
{
    return &opdefs[(unsigned)kind < XB_KINDS ? kind : XB_OP_UNKNOWN];
}

xb_kind xb_kind_of(const char *op_type)
{
    for (int k = 1; k < XB_KINDS; k++)
        if (!strcmp(op_type, opdefs[k].name)) return (xb_kind)k;
    return XB_OP_UNKNOWN;
}
