/* infer_elementwise.c: one element in, one out; several broadcast together. */
#include "ir/infer_walk.h"

bool xb_rule_unary(xb_walk *w, xb_type *out)
{
    *out = w->type[0];
    return out->dtype != XB_BOOLEAN || w->kind == XB_OP_Identity ||
           xb_walk_error(w, "dtype", 0, "bool is not a number");
}

bool xb_rule_unary_float(xb_walk *w, xb_type *out)
{
    *out = w->type[0];
    return xb_walk_want_float(w, 0);
}

static bool want_bool(xb_walk *w, size_t i)
{
    xb_dtype t = w->type[i].dtype;
    return t == XB_BOOLEAN || xb_walk_error(w, "dtype", (int)i, "%s is not bool", xb_dtype_name(t));
}

bool xb_rule_not(xb_walk *w, xb_type *out)
{
    *out = w->type[0];
    return want_bool(w, 0);
}

bool xb_rule_is(xb_walk *w, xb_type *out)
{
    *out = w->type[0];
    out->dtype = XB_BOOLEAN;
    return xb_walk_want_float(w, 0);
}

/* A scalar, also written as a vector of one. */
static bool want_scalar(xb_walk *w, size_t i)
{
    const xb_type *t = &w->type[i];
    return !xb_walk_has(w, i) || xb_type_count(t) == 1 ||
           xb_walk_error(w, "shape", (int)i, "%s is not a scalar", xb_walk_show(w, t));
}

bool xb_rule_clip(xb_walk *w, xb_type *out)
{
    return xb_rule_unary(w, out) && xb_walk_want_same(w, 0, 1) && xb_walk_want_same(w, 0, 2) && want_scalar(w, 1) &&
           want_scalar(w, 2);
}

bool xb_rule_dropout(xb_walk *w, xb_type *out)
{
    out[0] = w->type[0];
    if (w->n_out > 1) {
        out[1] = out[0];
        out[1].dtype = XB_BOOLEAN;
    }
    return xb_walk_want_float(w, 0) && want_scalar(w, 1) && want_scalar(w, 2) &&
           (!xb_walk_has(w, 2) || want_bool(w, 2));
}

bool xb_rule_cast(xb_walk *w, xb_type *out)
{
    int64_t to;
    if (!xb_graph_attr(w->g, w->op, "to")) return xb_walk_error(w, "attribute", -1, "attribute 'to' is missing");
    if (!xb_walk_int(w, "to", 0, 0, INT32_MAX, &to)) return false;
    *out = w->type[0];
    out->dtype = xb_dtype_of_onnx(to);
    return out->dtype != XB_NONE ||
           xb_walk_error(w, "attribute", -1, "attribute 'to' = %lld is not a supported element type", (long long)to);
}

bool xb_rule_cast_like(xb_walk *w, xb_type *out)
{
    *out = w->type[0];
    out->dtype = w->type[1].dtype;
    return true;
}

bool xb_rule_prelu(xb_walk *w, xb_type *out)
{
    return xb_rule_unary(w, out) && xb_walk_want_same(w, 0, 1) && xb_walk_broadcast_to(w, 1, &w->type[1], out);
}

static bool broadcast_all(xb_walk *w, xb_type *out)
{
    *out = w->type[0];
    for (size_t i = 1; i < w->n_in; i++)
        if (!xb_walk_broadcast(w, (int)i, out, &w->type[i])) return false;
    return true;
}

bool xb_rule_variadic(xb_walk *w, xb_type *out)
{
    for (size_t i = 0; i < w->n_in; i++) {
        if (!xb_walk_want_same(w, 0, i)) return false;
        if (w->type[i].dtype == XB_BOOLEAN) return xb_walk_error(w, "dtype", (int)i, "bool is not a number");
    }
    return broadcast_all(w, out);
}

bool xb_rule_pow(xb_walk *w, xb_type *out)
{
    for (size_t i = 0; i < 2; i++)
        if (w->type[i].dtype == XB_BOOLEAN) return xb_walk_error(w, "dtype", (int)i, "bool is not a number");
    return broadcast_all(w, out);
}

bool xb_rule_shift(xb_walk *w, xb_type *out)
{
    xb_dtype t = w->type[0].dtype;
    if (t < XB_U8 || t > XB_U64)
        return xb_walk_error(w, "dtype", 0, "%s is not an unsigned integer type", xb_dtype_name(t));
    return xb_rule_variadic(w, out);
}

bool xb_rule_logic(xb_walk *w, xb_type *out)
{
    return want_bool(w, 0) && want_bool(w, 1) && broadcast_all(w, out);
}

bool xb_rule_compare(xb_walk *w, xb_type *out)
{
    if (!xb_walk_want_same(w, 0, 1) || !broadcast_all(w, out)) return false;
    if (out->dtype == XB_BOOLEAN && w->kind != XB_OP_Equal) return xb_walk_error(w, "dtype", 0, "bool is not a number");
    out->dtype = XB_BOOLEAN;
    return true;
}

bool xb_rule_where(xb_walk *w, xb_type *out)
{
    if (!want_bool(w, 0) || !xb_walk_want_same(w, 1, 2) || !broadcast_all(w, out)) return false;
    out->dtype = w->type[1].dtype;
    return true;
}
