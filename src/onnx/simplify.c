/* simplify.c: ops that compute nothing. */
#include "onnx/import.h"

static bool is_graph_output(const xb_graph *g, xb_value v)
{
    const xb_value *list;
    size_t n = xb_graph_outputs(g, &list);
    for (size_t i = 0; i < n; i++)
        if (list[i].id == v.id) return true;
    return false;
}

/* A graph output may take over the result of an op, but neither an input, a constant nor another output. */
static bool may_go(const xb_graph *g, xb_value from, xb_value to)
{
    if (!is_graph_output(g, to)) return true;
    return xb_graph_producer(g, from).id && !is_graph_output(g, from);
}

void xb_onnx_drop_identities(xb_graph *g)
{
    for (xb_op op = xb_graph_first(g), next; op.id; op = next) {
        const xb_value *in, *out;
        next = xb_graph_next(g, op);
        if (xb_graph_kind(g, op) != XB_OP_Identity) continue;
        xb_graph_op_inputs(g, op, &in);
        xb_graph_op_outputs(g, op, &out);
        if (!out[0].id || !may_go(g, in[0], out[0])) continue;
        xb_graph_replace(g, out[0], in[0]);
        xb_graph_remove(g, op);
    }
}
