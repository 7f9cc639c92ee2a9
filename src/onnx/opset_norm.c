/* opset_norm.c: operators with a training form. A model that was exported for training is read as for inference:
 * whether it is trained is not for the model to say. Only where that would be seen (results of training are read, the
 * mode is not constant) it is refused. */
#include "ir/tensor.h"
#include "onnx/import.h"
#include <math.h>

/* Results that nobody reads are no results; one that is read is refused. */
static bool only_first(xb_import *m, xb_draft *n, const char *what)
{
    for (size_t i = 1; i < n->out.n; i++)
        if (xb_draft_uses(m, n, i)) return xb_draft_refuse(m, n, "op-unsupported", "%s", what);
    if (n->out.n > 1) n->out.n = 1;
    return true;
}

static void note_training(xb_import *m, const xb_draft *n)
{
    if (!m->training)
        xb_diag(m->d, XB_NOTE, "onnx-training", &n->where,
                "the model was exported for training; it is read as for inference, and trained only when asked to");
    m->training = true;
}

/* That of the running statistics; 0.9 goes without saying. */
static void take_momentum(xb_draft *n)
{
    const xb_attr *a = xb_draft_attr(n, "momentum");
    if (a && (a->type != XB_ATTR_FLOAT || a->f == 0.9f)) xb_draft_drop(n, "momentum");
}

/* Before 9, spatial = 0 meant a mean for each element instead of each channel: the same for matrices. Before 7,
 * is_test. */
bool xb_old_norm(xb_import *m, xb_draft *n)
{
    xb_value x = xb_draft_in(n, 0), scale = xb_draft_in(n, 1);
    if (m->opset < 9 && xb_draft_int(n, "spatial", 1) == 0 &&
        (xb_guess_of(m, x).rank != 2 || xb_guess_of(m, scale).rank != 1))
        return xb_draft_refuse(m, n, "op-unsupported", "statistics of each element (spatial = 0) are not supported");
    if (!only_first(m, n, "results of training are not supported")) return false;
    if (m->opset >= 14 && xb_draft_int(n, "training_mode", 0)) note_training(m, n);
    take_momentum(n);
    xb_draft_drop(n, "training_mode");
    xb_draft_drop(n, "spatial");
    xb_draft_drop(n, "is_test");
    return true;
}

/* A scalar input: its constant, `absent` when there is none, NaN when it is not constant. */
static double scalar_of(const xb_import *m, xb_value v, double absent)
{
    if (!v.id) return absent;
    if (!xb_graph_is_const(m->g, v) || xb_type_count(xb_graph_type(m->g, v)) != 1) return (double)NAN;
    return xb_scalar_get(xb_graph_type(m->g, v)->dtype, xb_graph_data(m->g, v), 0);
}

/* Does it draw? Then the model was exported for training, unless that would be seen. */
static bool check_training(xb_import *m, const xb_draft *n)
{
    double training = scalar_of(m, xb_draft_in(n, 2), 0);
    if (m->opset < 12 || training == 0 || scalar_of(m, xb_draft_in(n, 1), 0.5) == 0) return true;
    if (isnan(training)) return xb_draft_refuse(m, n, "op-unsupported", "a training mode that is not constant");
    if (xb_draft_uses(m, n, 1))
        return xb_draft_refuse(m, n, "op-unsupported", "the mask of training is read, and is not supported");
    note_training(m, n);
    return true;
}

/* In inference the data go through, and the mask (of bools since 10) is all true. The ratio, an attribute before 12, is
 * kept for training. */
bool xb_old_dropout(xb_import *m, xb_draft *n)
{
    if (!check_training(m, n)) return false;
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
