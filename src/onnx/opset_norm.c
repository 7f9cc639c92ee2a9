/* opset_norm.c: operators whose training form we do not run. */
#include "ir/tensor.h"
#include "onnx/import.h"
#include <string.h>

/* Results that nobody reads are no results; one that is read is refused. */
static bool only_first(xb_import *m, xb_draft *n, const char *what)
{
    for (size_t i = 1; i < n->out.n; i++)
        if (xb_draft_uses(m, n, i)) return xb_draft_refuse(m, n, "op-unsupported", "%s", what);
    if (n->out.n > 1) n->out.n = 1;
    return true;
}

/* Before 9, spatial = 0 meant a mean for each element instead of each channel: the same for matrices. Before 7,
 * is_test. */
bool xb_old_norm(xb_import *m, xb_draft *n)
{
    xb_value x = xb_draft_in(n, 0), scale = xb_draft_in(n, 1);
    if (m->opset >= 14 && xb_draft_int(n, "training_mode", 0))
        return xb_draft_refuse(m, n, "op-unsupported", "training mode is not supported");
    if (m->opset < 9 && xb_draft_int(n, "spatial", 1) == 0 &&
        (xb_guess_of(m, x).rank != 2 || xb_guess_of(m, scale).rank != 1))
        return xb_draft_refuse(m, n, "op-unsupported", "statistics of each element (spatial = 0) are not supported");
    xb_draft_drop(n, "training_mode");
    xb_draft_drop(n, "momentum");
    xb_draft_drop(n, "spatial");
    xb_draft_drop(n, "is_test");
    return only_first(m, n, "results of training are not supported");
}

/* Is that input a constant scalar other than zero, or not constant at all? */
static bool maybe_nonzero(const xb_import *m, xb_value v, double absent)
{
    if (!v.id) return absent != 0;
    if (!xb_graph_is_const(m->g, v) || xb_type_count(xb_graph_type(m->g, v)) != 1) return true;
    return xb_scalar_get(xb_graph_type(m->g, v)->dtype, xb_graph_data(m->g, v), 0) != 0;
}

/* In inference the data go through, and the mask (of bools since 10) is all true. The ratio, an attribute before 12, is
 * kept for training. */
bool xb_old_dropout(xb_import *m, xb_draft *n)
{
    if (m->opset >= 12 && maybe_nonzero(m, xb_draft_in(n, 2), 0) && maybe_nonzero(m, xb_draft_in(n, 1), 0.5))
        return xb_draft_refuse(m, n, "op-unsupported", "training mode is not supported");
    size_t most = m->opset < 12 ? 1 : xb_draft_in(n, 1).id ? 2 : 1;
    if (n->in.n > most) n->in.n = most;
    if (m->opset < 12 && xb_draft_attr(n, "ratio"))
        xb_draft_set_in(n, 1, xb_draft_scalar(m, n, "ratio", XB_F32, (double)xb_draft_float(n, "ratio", 0.5f)));
    xb_draft_drop(n, "ratio");
    xb_draft_drop(n, "is_test");
    xb_draft_drop(n, "seed");
    return m->opset >= 10 && xb_draft_uses(m, n, 1) ? true
                                                    : only_first(m, n, "the mask is not supported before opset 10");
}
