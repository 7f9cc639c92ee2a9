/* infer_move.c: operators that join, cut and permute without arithmetic. */
#include "ir/infer_walk.h"
#include <string.h>

bool xb_rule_concat(xb_walk *w, xb_type *out)
{
    int axis;
    *out = w->type[0];
    if (!xb_graph_attr(w->g, w->op, "axis")) return xb_walk_error(w, "attribute", -1, "attribute 'axis' is missing");
    if (!xb_walk_rank(w, 0, 1, XB_MAX_RANK) || !xb_walk_axis_attr(w, 0, out->rank, &axis)) return false;
    xb_num sum = xb_num_of_dim(out->dim[axis]);
    for (size_t i = 1; i < w->n_in; i++) {
        const xb_type *t = &w->type[i];
        if (!xb_walk_want_same(w, 0, i) || !xb_walk_rank(w, i, out->rank, out->rank)) return false;
        for (int k = 0; k < out->rank; k++)
            if (k != axis && !xb_walk_agree(w, (int)i, out->dim[k], t->dim[k], &out->dim[k])) return false;
        if (!xb_num_add(w->dims, sum, xb_num_of_dim(t->dim[axis]), &sum))
            return xb_walk_error(w, "shape", (int)i, "the sum of sizes is too large");
    }
    return xb_walk_dim_of(w, sum, &out->dim[axis]);
}

static bool split_evenly(xb_walk *w, xb_type *out, int axis)
{
    int64_t size = w->type[0].dim[axis], n = (int64_t)w->n_out;
    xb_num part = xb_num_int(size / n);
    if (size >= 0 && size % n)
        return xb_walk_error(w, "shape", 0, "size %lld does not split into %lld equal parts", (long long)size,
                             (long long)n);
    if (size < 0) xb_num_floor_div(w->dims, xb_num_of_dim(size), n, &part);
    for (size_t i = 0; i < w->n_out; i++) out[i].dim[axis] = part.v;
    return true;
}

bool xb_rule_split(xb_walk *w, xb_type *out)
{
    int axis;
    const xb_num *part;
    size_t n;
    if (!xb_walk_rank(w, 0, 1, XB_MAX_RANK) || !xb_walk_axis_attr(w, 0, w->type[0].rank, &axis)) return false;
    if (w->n_out == 0) return xb_walk_error(w, "shape", -1, "there is no result");
    for (size_t i = 0; i < w->n_out; i++) out[i] = w->type[0];
    if (!xb_walk_has(w, 1)) return split_evenly(w, out, axis);
    if (!xb_walk_vector(w, 1, w->n_out, &part, &n)) return false;
    if (n != w->n_out) return xb_walk_error(w, "shape", 1, "names %zu parts for %zu results", n, w->n_out);
    xb_num sum = xb_num_int(0);
    int64_t total, whole;
    for (size_t i = 0; i < n; i++)
        if (!xb_walk_dim_of(w, part[i], &out[i].dim[axis]) || !xb_num_add(w->dims, sum, part[i], &sum))
            return xb_walk_error(w, "shape", 1, "the parts are not sizes");
    return xb_walk_dim_of(w, sum, &total) && xb_walk_agree(w, 1, w->type[0].dim[axis], total, &whole);
}

bool xb_rule_transpose(xb_walk *w, xb_type *out)
{
    const int64_t *perm;
    size_t n;
    bool on[XB_MAX_RANK];
    const xb_type *x = &w->type[0];
    *out = *x;
    if (!xb_walk_ints(w, "perm", &perm, &n)) return false;
    if (n == 0) {
        for (int i = 0; i < x->rank; i++) out->dim[i] = x->dim[x->rank - 1 - i];
        return true;
    }
    if (n != (size_t)x->rank)
        return xb_walk_error(w, "attribute", -1, "attribute 'perm' has %zu numbers for %s", n, xb_walk_show(w, x));
    for (size_t i = 0; i < n; i++)
        if (perm[i] < 0) return xb_walk_error(w, "attribute", -1, "attribute 'perm' holds %lld", (long long)perm[i]);
    if (!xb_walk_axes(w, perm, n, x->rank, on)) return false;
    for (size_t i = 0; i < n; i++) out->dim[i] = x->dim[perm[i]];
    return true;
}

static bool pad_one(xb_walk *w, const char *mode, xb_type *out, int i, xb_num before, xb_num after)
{
    xb_num v = xb_num_of_dim(out->dim[i]);
    if (!before.sym && !after.sym && out->dim[i] >= 0 && mode[0] != 'c') {
        int64_t most = mode[0] == 'r' ? out->dim[i] - 1 : out->dim[i] > 0 ? INT64_MAX : 0;
        if ((before.v > most || after.v > most) && (before.v > 0 || after.v > 0))
            return xb_walk_error(w, "shape", 1, "mode %s cannot add %lld and %lld to %lld elements", mode,
                                 (long long)before.v, (long long)after.v, (long long)out->dim[i]);
    }
    if (!xb_num_add(w->dims, v, before, &v) || !xb_num_add(w->dims, v, after, &v))
        return xb_walk_error(w, "shape", 1, "the padded size is too large");
    return xb_walk_dim_of(w, v, &out->dim[i]);
}

bool xb_rule_pad(xb_walk *w, xb_type *out)
{
    const xb_num *pads;
    size_t n;
    const char *mode = xb_walk_string(w, "mode", "constant");
    *out = w->type[0];
    if (!mode || !xb_walk_want_same(w, 0, 2) || !xb_walk_vector(w, 1, 2 * XB_MAX_RANK, &pads, &n)) return false;
    static const char *const modes[] = {"constant", "reflect", "edge"};
    bool known = false;
    for (int i = 0; i < 3; i++) known |= strcmp(mode, modes[i]) == 0;
    if (!known) return xb_walk_error(w, "attribute", -1, "attribute 'mode' = '%s' is unknown", mode);
    if (n != 2 * (size_t)out->rank)
        return xb_walk_error(w, "shape", 1, "holds %zu numbers for %s", n, xb_walk_show(w, out));
    if (xb_walk_has(w, 2) && xb_type_count(&w->type[2]) != 1)
        return xb_walk_error(w, "shape", 2, "%s is not a scalar", xb_walk_show(w, &w->type[2]));
    for (int i = 0; i < out->rank; i++)
        if (!pad_one(w, mode, out, i, pads[i], pads[i + out->rank])) return false;
    return true;
}

/* Known indices must lie inside. */
static bool check_indices(xb_walk *w, int64_t size)
{
    const xb_known *k = xb_walk_known(w, 1);
    for (size_t i = 0; k && size >= 0 && i < k->n; i++)
        if (!k->e[i].sym && (k->e[i].v < -size || k->e[i].v >= size))
            return xb_walk_error(w, "shape", 1, "index %lld is outside %lld elements", (long long)k->e[i].v,
                                 (long long)size);
    return true;
}

static bool want_index(xb_walk *w, size_t i)
{
    xb_dtype t = w->type[i].dtype;
    return t == XB_I64 || t == XB_I32 ||
           xb_walk_error(w, "dtype", (int)i, "%s is not a type of indices", xb_dtype_name(t));
}

bool xb_rule_gather(xb_walk *w, xb_type *out)
{
    int axis;
    const xb_type *x = &w->type[0], *index = &w->type[1];
    if (!xb_walk_rank(w, 0, 1, XB_MAX_RANK) || !want_index(w, 1) || !xb_walk_axis_attr(w, 0, x->rank, &axis) ||
        !check_indices(w, x->dim[axis]))
        return false;
    if (x->rank - 1 + index->rank > XB_MAX_RANK)
        return xb_walk_error(w, "shape", 1, "the result would have %d dimensions, more than %d",
                             x->rank - 1 + index->rank, XB_MAX_RANK);
    out->dtype = x->dtype;
    for (int i = 0; i < axis; i++) out->dim[out->rank++] = x->dim[i];
    for (int i = 0; i < index->rank; i++) out->dim[out->rank++] = index->dim[i];
    for (int i = axis + 1; i < x->rank; i++) out->dim[out->rank++] = x->dim[i];
    return true;
}

bool xb_rule_gather_elements(xb_walk *w, xb_type *out)
{
    int axis;
    const xb_type *x = &w->type[0], *index = &w->type[1];
    if (!xb_walk_rank(w, 0, 1, XB_MAX_RANK) || !want_index(w, 1) || !xb_walk_rank(w, 1, x->rank, x->rank) ||
        !xb_walk_axis_attr(w, 0, x->rank, &axis) || !check_indices(w, x->dim[axis]))
        return false;
    for (int i = 0; i < x->rank; i++)
        if (i != axis && x->dim[i] >= 0 && index->dim[i] > x->dim[i])
            return xb_walk_error(w, "shape", 1, "%s does not fit into %s", xb_walk_show(w, index), xb_walk_show(w, x));
    *out = *index;
    out->dtype = x->dtype;
    return true;
}

static bool block_size(xb_walk *w, int64_t *b)
{
    if (!xb_graph_attr(w->g, w->op, "blocksize"))
        return xb_walk_error(w, "attribute", -1, "attribute 'blocksize' is missing");
    return xb_walk_rank(w, 0, 4, 4) && xb_walk_int(w, "blocksize", 1, 1, 1 << 20, b);
}

static bool divide(xb_walk *w, int64_t *dim, int64_t by)
{
    xb_num v;
    if (*dim >= 0 && *dim % by)
        return xb_walk_error(w, "shape", 0, "size %lld is not a multiple of %lld", (long long)*dim, (long long)by);
    xb_num_floor_div(w->dims, xb_num_of_dim(*dim), by, &v);
    *dim = v.v;
    return true;
}

static bool multiply(xb_walk *w, int64_t *dim, int64_t by)
{
    xb_num v;
    if (!xb_num_mul(w->dims, xb_num_of_dim(*dim), xb_num_int(by), &v))
        return xb_walk_error(w, "shape", 0, "the result is too large");
    *dim = v.v;
    return true;
}

bool xb_rule_depth_to_space(xb_walk *w, xb_type *out)
{
    int64_t b;
    const char *mode = xb_walk_string(w, "mode", "DCR");
    if (!mode) return false;
    if (strcmp(mode, "DCR") != 0 && strcmp(mode, "CRD") != 0)
        return xb_walk_error(w, "attribute", -1, "attribute 'mode' = '%s' is unknown", mode);
    if (!block_size(w, &b)) return false;
    *out = w->type[0];
    return divide(w, &out->dim[1], b * b) && multiply(w, &out->dim[2], b) && multiply(w, &out->dim[3], b);
}

bool xb_rule_space_to_depth(xb_walk *w, xb_type *out)
{
    int64_t b;
    if (!block_size(w, &b)) return false;
    *out = w->type[0];
    return multiply(w, &out->dim[1], b * b) && divide(w, &out->dim[2], b) && divide(w, &out->dim[3], b);
}

bool xb_rule_trilu(xb_walk *w, xb_type *out)
{
    bool upper;
    *out = w->type[0];
    if (!xb_walk_rank(w, 0, 2, XB_MAX_RANK) || !xb_walk_flag(w, "upper", true, &upper)) return false;
    return !xb_walk_has(w, 1) || xb_type_count(&w->type[1]) == 1 ||
           xb_walk_error(w, "shape", 1, "%s is not a scalar", xb_walk_show(w, &w->type[1]));
}
