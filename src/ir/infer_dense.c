/* infer_dense.c: matrix products and normalisations. */
#include "ir/infer_walk.h"

bool xb_rule_gemm(xb_walk *w, xb_type *out)
{
    bool ta, tb;
    const xb_type *a = &w->type[0], *b = &w->type[1];
    if (!xb_walk_rank(w, 0, 2, 2) || !xb_walk_rank(w, 1, 2, 2) || !xb_walk_want_same(w, 0, 1) ||
        !xb_walk_want_same(w, 0, 2) || !xb_walk_flag(w, "transA", false, &ta) || !xb_walk_flag(w, "transB", false, &tb))
        return false;
    int64_t k;
    if (!xb_walk_agree(w, 1, a->dim[!ta], b->dim[tb], &k)) return false;
    *out = (xb_type){.dtype = a->dtype, .rank = 2, .dim = {a->dim[ta], b->dim[!tb]}};
    return !xb_walk_has(w, 2) || xb_walk_broadcast_to(w, 2, &w->type[2], out);
}

bool xb_rule_matmul(xb_walk *w, xb_type *out)
{
    xb_type a = w->type[0], b = w->type[1];
    if (!xb_walk_want_same(w, 0, 1) || !xb_walk_rank(w, 0, 1, XB_MAX_RANK) || !xb_walk_rank(w, 1, 1, XB_MAX_RANK))
        return false;
    int64_t k, row = a.rank > 1 ? a.dim[a.rank - 2] : -1, col = b.dim[b.rank - 1];
    bool has_row = a.rank > 1, has_col = b.rank > 1;
    if (!xb_walk_agree(w, 1, a.dim[a.rank - 1], b.dim[has_col ? b.rank - 2 : 0], &k)) return false;
    a.rank = has_row ? a.rank - 2 : 0;
    b.rank = has_col ? b.rank - 2 : 0;
    if (!xb_walk_broadcast(w, 1, &a, &b)) return false;
    *out = a;
    if (has_row) out->dim[out->rank++] = row;
    if (has_col) out->dim[out->rank++] = col;
    return true;
}

/* Inputs first..last are vectors over dimension 1 of input 0. */
static bool per_channel(xb_walk *w, size_t first, size_t last)
{
    int64_t c;
    for (size_t i = first; i <= last; i++)
        if (!xb_walk_rank(w, i, 1, 1) || !xb_walk_agree(w, (int)i, w->type[i].dim[0], w->type[0].dim[1], &c))
            return false;
    return true;
}

bool xb_rule_batch_norm(xb_walk *w, xb_type *out)
{
    bool training;
    if (!xb_walk_want_float(w, 0) || !xb_walk_rank(w, 0, 2, XB_MAX_RANK) || !per_channel(w, 1, 4) ||
        !xb_walk_flag(w, "training_mode", false, &training))
        return false;
    if (w->n_out > 1 && !training)
        for (size_t i = 1; i < w->n_out; i++)
            if (w->out[i].id) return xb_walk_error(w, "attribute", -1, "more than one result without training_mode");
    out[0] = w->type[0];
    for (size_t i = 1; i < w->n_out; i++) out[i] = w->type[2 + i];
    return true;
}

bool xb_rule_instance_norm(xb_walk *w, xb_type *out)
{
    *out = w->type[0];
    return xb_walk_want_float(w, 0) && xb_walk_rank(w, 0, 3, XB_MAX_RANK) && xb_walk_want_same(w, 0, 1) &&
           xb_walk_want_same(w, 0, 2) && per_channel(w, 1, 2);
}

bool xb_rule_layer_norm(xb_walk *w, xb_type *out)
{
    int axis;
    int64_t stash;
    const xb_type *x = &w->type[0];
    if (!xb_walk_want_float(w, 0) || !xb_walk_want_same(w, 0, 1) || !xb_walk_want_same(w, 0, 2) ||
        !xb_walk_rank(w, 0, 1, XB_MAX_RANK) || !xb_walk_axis_attr(w, -1, x->rank, &axis) ||
        !xb_walk_int(w, "stash_type", 1, 1, 16, &stash) || !xb_walk_broadcast_to(w, 1, &w->type[1], x) ||
        (xb_walk_has(w, 2) && !xb_walk_broadcast_to(w, 2, &w->type[2], x)))
        return false;
    if (!xb_walk_is_float(xb_dtype_of_onnx(stash)))
        return xb_walk_error(w, "attribute", -1, "attribute 'stash_type' = %lld is not a floating-point type",
                             (long long)stash);
    out[0] = *x;
    for (size_t i = 1; i < w->n_out; i++) {
        out[i] = *x;
        out[i].dtype = xb_dtype_of_onnx(stash);
        for (int k = axis; k < x->rank; k++) out[i].dim[k] = 1;
    }
    return true;
}

bool xb_rule_lrn(xb_walk *w, xb_type *out)
{
    int64_t size;
    if (!xb_graph_attr(w->g, w->op, "size")) return xb_walk_error(w, "attribute", -1, "attribute 'size' is missing");
    *out = w->type[0];
    return xb_walk_want_float(w, 0) && xb_walk_rank(w, 0, 3, XB_MAX_RANK) &&
           xb_walk_int(w, "size", 1, 1, XB_MAX_ATTR, &size);
}
