/* infer_conv.c: sizes of convolutions and pools: N x C x D1 [x D2 [x D3]]. */
#include "ir/infer_walk.h"
#include "ir/window.h"
#include <string.h>

/* The attributes that convolutions and pools share. */
typedef struct windows {
    int n; /* spatial dimensions */
    xb_window1 at[XB_WINDOW_MAX];
    xb_auto_pad mode;
    bool ceil;
} windows;

/* A list of `n` integers in min..XB_MAX_ATTR into one member of each window; `offset` names the member. */
static bool read_list(xb_walk *w, const char *name, windows *s, size_t offset, int64_t absent, int64_t min)
{
    const int64_t *list;
    size_t n;
    if (!xb_walk_ints(w, name, &list, &n)) return false;
    if (n && n != (size_t)s->n)
        return xb_walk_error(w, "attribute", -1, "attribute '%s' has %zu numbers for %d dimensions", name, n, s->n);
    for (int i = 0; i < s->n; i++) {
        int64_t v = n ? list[i] : absent;
        if (v < min || v > XB_MAX_ATTR)
            return xb_walk_error(w, "attribute", -1, "attribute '%s' holds %lld, which is outside %lld..%lld", name,
                                 (long long)v, (long long)min, (long long)XB_MAX_ATTR);
        memcpy((char *)&s->at[i] + offset, &v, sizeof v);
    }
    return true;
}

static bool read_pads(xb_walk *w, windows *s)
{
    const int64_t *list;
    size_t n;
    const char *mode = xb_walk_string(w, "auto_pad", "NOTSET");
    if (!mode || !xb_walk_ints(w, "pads", &list, &n)) return false;
    if (!xb_auto_pad_parse(mode, &s->mode))
        return xb_walk_error(w, "attribute", -1, "attribute 'auto_pad' = '%s' is unknown", mode);
    if (n && n != 2 * (size_t)s->n)
        return xb_walk_error(w, "attribute", -1, "attribute 'pads' has %zu numbers for %d dimensions", n, s->n);
    for (size_t i = 0; i < n; i++)
        if (list[i] < 0 || list[i] > XB_MAX_ATTR)
            return xb_walk_error(w, "attribute", -1, "attribute 'pads' holds %lld, which is outside 0..%lld",
                                 (long long)list[i], (long long)XB_MAX_ATTR);
    for (int i = 0; n && i < s->n; i++) {
        s->at[i].pad_begin = list[i];
        s->at[i].pad_end = list[i + s->n];
    }
    return true;
}

/* weight NULL: kernel_shape is required. */
static bool read_windows(xb_walk *w, const xb_type *weight, windows *s)
{
    *s = (windows){.n = w->type[0].rank - 2};
    if (!xb_walk_rank(w, 0, 3, 2 + XB_WINDOW_MAX)) return false;
    if (!weight && !xb_graph_attr(w->g, w->op, "kernel_shape"))
        return xb_walk_error(w, "attribute", -1, "attribute 'kernel_shape' is missing");
    if (!read_list(w, "kernel_shape", s, offsetof(xb_window1, kernel), weight ? 1 : 0, 1) ||
        !read_list(w, "strides", s, offsetof(xb_window1, stride), 1, 1) ||
        !read_list(w, "dilations", s, offsetof(xb_window1, dilation), 1, 1) || !read_pads(w, s) ||
        !xb_walk_flag(w, "ceil_mode", false, &s->ceil))
        return false;
    const int64_t *list;
    size_t n = 0;
    if (weight && !xb_walk_ints(w, "kernel_shape", &list, &n)) return false;
    for (int i = 0; i < s->n; i++) {
        s->at[i].in = w->type[0].dim[i + 2];
        if (!weight) continue;
        int64_t k = weight->dim[i + 2];
        if (k < 1 || k > XB_MAX_ATTR)
            return xb_walk_error(w, "shape", 1, "the kernel %s has no size along dimension %d", xb_walk_show(w, weight),
                                 i + 2);
        if (n && list[i] != k)
            return xb_walk_error(w, "shape", 1, "attribute 'kernel_shape' says %lld where the weight is %s",
                                 (long long)list[i], xb_walk_show(w, weight));
        s->at[i].kernel = k;
    }
    return true;
}

/* floor((in + pads - reach) / stride) + 1 of a symbolic size. */
static bool count_symbolic(xb_walk *w, const xb_window1 *a, const windows *s, int64_t *out)
{
    xb_num in = xb_num_of_dim(a->in), v;
    int64_t reach = (a->kernel - 1) * a->dilation + 1;
    if (s->mode == XB_PAD_SAME_UPPER || s->mode == XB_PAD_SAME_LOWER) {
        xb_num_add(w->dims, in, xb_num_int(a->stride - 1), &v);
        xb_num_floor_div(w->dims, v, a->stride, &v);
    } else {
        int64_t pads = s->mode == XB_PAD_VALID ? 0 : a->pad_begin + a->pad_end;
        if (s->ceil && a->stride > 1) {
            xb_num args[] = {in, xb_num_int(reach), xb_num_int(a->stride), xb_num_int(s->mode ? 0 : a->pad_begin),
                             xb_num_int(pads)};
            v = xb_num_opaque(w->dims, "windows", args, 5);
        } else {
            xb_num_add(w->dims, in, xb_num_int(pads - reach), &v);
            xb_num_floor_div(w->dims, v, a->stride, &v);
            xb_num_add(w->dims, v, xb_num_int(1), &v);
        }
    }
    return xb_walk_dim_of(w, v, out);
}

static bool count_windows(xb_walk *w, windows *s, bool pool, xb_type *out)
{
    for (int i = 0; i < s->n; i++) {
        xb_window1 *a = &s->at[i];
        /* 2^31 * 2^31 fits in 63 bits */
        int64_t reach = (a->kernel - 1) * a->dilation + 1;
        if (pool && s->mode == XB_PAD_NOTSET && (a->pad_begin >= reach || a->pad_end >= reach))
            return xb_walk_error(w, "attribute", -1, "pads %lld and %lld are not smaller than the window, %lld",
                                 (long long)a->pad_begin, (long long)a->pad_end, (long long)reach);
        if (a->in < 0) {
            if (!count_symbolic(w, a, s, &out->dim[i + 2])) return false;
            continue;
        }
        if (!xb_window_count(a, s->mode, s->ceil))
            return xb_walk_error(w, "shape", 0,
                                 "a window of %lld does not fit into %lld elements with pads %lld and %lld",
                                 (long long)reach, (long long)a->in, (long long)a->pad_begin, (long long)a->pad_end);
        out->dim[i + 2] = a->out;
    }
    return true;
}

/* Channels in and out by the weight's dimensions 0 and 1, the groups, and the bias. */
static bool check_channels(xb_walk *w, int64_t in_channels, int64_t out_channels, int64_t group)
{
    int64_t c;
    const xb_type *weight = &w->type[1];
    if (weight->dim[0] % group)
        return xb_walk_error(w, "shape", 1, "%lld groups do not divide dimension 0 of %s", (long long)group,
                             xb_walk_show(w, weight));
    if (w->type[0].dim[1] >= 0 && w->type[0].dim[1] != in_channels)
        return xb_walk_error(w, "shape", 0, "%s has %lld channels where the weight %s with %lld group%s takes %lld",
                             xb_walk_show(w, &w->type[0]), (long long)w->type[0].dim[1], xb_walk_show(w, weight),
                             (long long)group, group == 1 ? "" : "s", (long long)in_channels);
    if (!xb_walk_agree(w, 0, w->type[0].dim[1], in_channels, &c)) return false;
    if (!xb_walk_has(w, 2)) return true;
    if (!xb_walk_rank(w, 2, 1, 1)) return false;
    if (w->type[2].dim[0] >= 0 && w->type[2].dim[0] != out_channels)
        return xb_walk_error(w, "shape", 2, "the bias %s does not fit %lld output channels",
                             xb_walk_show(w, &w->type[2]), (long long)out_channels);
    return true;
}

static bool begin_conv(xb_walk *w, windows *s, int64_t *group, xb_type *out)
{
    const xb_type *x = &w->type[0], *weight = &w->type[1];
    if (!xb_walk_want_float(w, 0) || !xb_walk_want_same(w, 0, 1) || !xb_walk_want_same(w, 0, 2)) return false;
    if (!xb_walk_rank(w, 0, 3, 2 + XB_WINDOW_MAX) || !xb_walk_rank(w, 1, x->rank, x->rank)) return false;
    for (int i = 0; i < weight->rank; i++)
        if (weight->dim[i] < 0)
            return xb_walk_error(w, "shape", 1, "the size of the weight %s is not known", xb_walk_show(w, weight));
    *out = *x;
    return xb_walk_int(w, "group", 1, 1, XB_MAX_ATTR, group) && read_windows(w, weight, s);
}

static bool group_product(xb_walk *w, int64_t per_group, int64_t group, int64_t *out)
{
    return xb_mul_i64(per_group, group, out) || xb_walk_error(w, "shape", 1, "the number of channels is too large");
}

bool xb_rule_conv(xb_walk *w, xb_type *out)
{
    windows s;
    int64_t group, channels;
    if (!begin_conv(w, &s, &group, out)) return false;
    const xb_type *weight = &w->type[1];
    if (!group_product(w, weight->dim[1], group, &channels) || !check_channels(w, channels, weight->dim[0], group))
        return false;
    out->dim[1] = weight->dim[0];
    return count_windows(w, &s, false, out);
}

/* stride * (in - 1) + output_padding + reach - pads, or what output_shape or SAME_* say. */
static bool spread(xb_walk *w, xb_window1 *a, xb_auto_pad mode, int64_t output_padding, int64_t want, int64_t *out)
{
    if (a->in >= 0 || want >= 0) {
        xb_window1 known = *a;
        if (a->in < 0) known.in = 1;
        if (!xb_window_spread(&known, mode, output_padding, want))
            return xb_walk_error(w, "shape", 0, "the pads leave nothing of %lld elements", (long long)a->in);
        *out = known.out;
        return true;
    }
    bool same = mode == XB_PAD_SAME_UPPER || mode == XB_PAD_SAME_LOWER;
    xb_num v;
    xb_num_mul(w->dims, xb_num_of_dim(a->in), xb_num_int(a->stride), &v);
    int64_t rest = output_padding + (a->kernel - 1) * a->dilation + 1 - a->stride;
    if (mode == XB_PAD_NOTSET) rest -= a->pad_begin + a->pad_end;
    if (!same) xb_num_add(w->dims, v, xb_num_int(rest), &v);
    return xb_walk_dim_of(w, v, out);
}

bool xb_rule_conv_transpose(xb_walk *w, xb_type *out)
{
    windows s;
    int64_t group, channels;
    const int64_t *extra, *shape;
    size_t n_extra, n_shape;
    if (!begin_conv(w, &s, &group, out) || !xb_walk_ints(w, "output_padding", &extra, &n_extra) ||
        !xb_walk_ints(w, "output_shape", &shape, &n_shape))
        return false;
    const xb_type *weight = &w->type[1];
    if (!group_product(w, weight->dim[1], group, &channels) || !check_channels(w, weight->dim[0], channels, group))
        return false;
    out->dim[1] = channels;
    size_t n = (size_t)s.n;
    if (n_extra && n_extra != n)
        return xb_walk_error(w, "attribute", -1, "attribute 'output_padding' has %zu numbers for %d dimensions",
                             n_extra, s.n);
    if (n_shape && n_shape != n && n_shape != n + 2)
        return xb_walk_error(w, "attribute", -1, "attribute 'output_shape' has %zu numbers for %d dimensions", n_shape,
                             s.n);
    if (n_shape) shape += n_shape - n; /* some models write batch and channels too */
    for (size_t i = 0; i < n; i++) {
        int64_t pad = n_extra ? extra[i] : 0, want = n_shape ? shape[i] : -1;
        if (pad < 0 || pad > XB_MAX_ATTR || (n_shape && (want < 1 || want > XB_MAX_ATTR)))
            return xb_walk_error(w, "attribute", -1, "attribute '%s' holds %lld",
                                 pad < 0 || pad > XB_MAX_ATTR ? "output_padding" : "output_shape",
                                 (long long)(pad < 0 || pad > XB_MAX_ATTR ? pad : want));
        if (!spread(w, &s.at[i], s.mode, pad, want, &out->dim[i + 2])) return false;
    }
    return true;
}

static bool pool(xb_walk *w, xb_type *out)
{
    windows s;
    if (!read_windows(w, NULL, &s)) return false;
    *out = w->type[0];
    return count_windows(w, &s, true, out);
}

bool xb_rule_max_pool(xb_walk *w, xb_type *out)
{
    if (!pool(w, out)) return false;
    if (w->n_out > 1) {
        out[1] = out[0];
        out[1].dtype = XB_I64;
    }
    return true;
}

bool xb_rule_average_pool(xb_walk *w, xb_type *out)
{
    return xb_walk_want_float(w, 0) && pool(w, out);
}

bool xb_rule_global_pool(xb_walk *w, xb_type *out)
{
    if (!xb_walk_want_float(w, 0) || !xb_walk_rank(w, 0, 3, XB_MAX_RANK)) return false;
    *out = w->type[0];
    for (int i = 2; i < out->rank; i++) out->dim[i] = 1;
    return true;
}
