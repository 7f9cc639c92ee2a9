/* plan_geometry.c: the window of a convolution or pool, from attributes and shapes; the formats it may run in. */
#include "nn/plan_build.h"

#include <string.h>

/* Attribute `name` into to[]; for one spatial dimension to[0] keeps what it has. */
static bool read(const xb_graph *g, xb_op op, const char *name, int spatial, size_t from, int64_t to[2])
{
    const xb_attr *a = xb_graph_attr(g, op, name);
    if (!a) return true;
    if (a->type != XB_ATTR_INTS || a->n < from + (size_t)spatial) return false;
    memcpy(to + 2 - spatial, a->ints + from, (size_t)spatial * sizeof *to);
    return true;
}

static bool is_pool(xb_kind k)
{
    return k == XB_OP_MaxPool || k == XB_OP_AveragePool || k == XB_OP_GlobalAveragePool || k == XB_OP_GlobalMaxPool;
}

/* What the windows cover beyond the image, over both ends; negative when they do not reach its end. */
static int64_t excess(const xb_geometry *w, int i, bool transposed)
{
    int64_t large = transposed ? w->out[i] : w->in[i], small = transposed ? w->in[i] : w->out[i];
    return (small - 1) * w->stride[i] + (w->kernel[i] - 1) * w->dilation[i] + 1 - large;
}

static bool pads(const xb_planner *p, xb_op op, int spatial, bool transposed, xb_geometry *w)
{
    const xb_attr *a = xb_graph_attr(p->g, op, "auto_pad");
    bool automatic = a && a->s && (!strcmp(a->s, "SAME_UPPER") || !strcmp(a->s, "SAME_LOWER"));
    bool lower = automatic && !strcmp(a->s, "SAME_LOWER");
    if (automatic && transposed) return false;
    if (!automatic && !read(p->g, op, "pads", spatial, 0, w->begin)) return false;
    for (int i = 0; i < 2; i++) {
        int64_t total = excess(w, i, transposed);
        if (automatic) w->begin[i] = total > 0 ? (total + lower) / 2 : 0;
        w->end[i] = total > w->begin[i] ? total - w->begin[i] : 0;
        if (w->begin[i] < 0) return false;
    }
    return true;
}

bool xb_planner_geometry(const xb_planner *p, xb_op op, xb_geometry *w)
{
    xb_kind kind = xb_graph_kind(p->g, op);
    xb_value x = xb_planner_arg(p, op, 0), y = xb_planner_result(p, op);
    const xb_type *t = xb_graph_type(p->g, x);
    int64_t in[4], out[4];
    if (t->rank < 3 || !xb_planner_image(p, x, in) || !xb_planner_image(p, y, out)) return false;
    int spatial = t->rank - 2;
    *w = (xb_geometry){.batch = in[0],
                       .groups = xb_graph_attr_int(p->g, op, "group", 1),
                       .in_channels = in[1],
                       .out_channels = out[1],
                       .in = {in[2], in[3]},
                       .out = {out[2], out[3]},
                       .kernel = {1, 1},
                       .stride = {1, 1},
                       .dilation = {1, 1}};
    if (kind == XB_OP_GlobalAveragePool || kind == XB_OP_GlobalMaxPool) {
        w->kernel[0] = in[2];
        w->kernel[1] = in[3];
        return true;
    }
    if (is_pool(kind)) {
        if (!read(p->g, op, "kernel_shape", spatial, 0, w->kernel)) return false;
    } else {
        const xb_type *k = xb_graph_type(p->g, xb_planner_arg(p, op, 1));
        if (k->rank != t->rank) return false;
        memcpy(w->kernel + 2 - spatial, k->dim + 2, (size_t)spatial * sizeof(int64_t));
    }
    return read(p->g, op, "strides", spatial, 0, w->stride) && read(p->g, op, "dilations", spatial, 0, w->dilation) &&
           pads(p, op, spatial, kind == XB_OP_ConvTranspose, w);
}

/* Does a window reach beyond the border that the op names? There, who counts as padding is the plain code's to say. */
static bool overhangs(const xb_planner *p, xb_op op, const xb_geometry *w)
{
    const xb_attr *a = xb_graph_attr(p->g, op, "pads"), *same = xb_graph_attr(p->g, op, "auto_pad");
    if (same && same->s && same->s[0] == 'S') return false;
    for (size_t i = 0; i < 2; i++) {
        size_t half = a ? a->n / 2 : 0, at = half == 1 ? 1 : half + i; /* 1-D: the one number is for columns */
        int64_t named = half == 0 || (half == 1 && i == 0) ? 0 : a->ints[at];
        if (w->end[i] > named) return true;
    }
    return false;
}

bool xb_planner_pool(const xb_planner *p, xb_op op, xb_geometry *w, xb_pool *how)
{
    xb_kind kind = xb_graph_kind(p->g, op);
    bool max = kind == XB_OP_MaxPool || kind == XB_OP_GlobalMaxPool;
    bool padded = kind == XB_OP_AveragePool && xb_graph_attr_int(p->g, op, "count_include_pad", 0);
    if (!xb_planner_geometry(p, op, w) || (padded && overhangs(p, op, w))) return false;
    for (int i = 0; i < 2; i++)
        if (w->begin[i] >= w->kernel[i] || w->end[i] >= w->kernel[i]) return false;
    *how = max ? XB_POOL_MAX : padded ? XB_POOL_AVG_PADDED : XB_POOL_AVG;
    return true;
}

int xb_planner_conv_formats(const xb_geometry *w, xb_formats f[4])
{
    int64_t block = xb_dnnl_block(), ic = w->in_channels / w->groups, oc = w->out_channels / w->groups;
    bool depthwise = ic == 1 && oc == 1 && w->groups % block == 0;
    int n = 0;
    if (depthwise || (ic % block == 0 && oc % block == 0)) f[n++] = (xb_formats){XB_FMT_BLOCKED, XB_FMT_BLOCKED};
    if (w->groups == 1 && ic <= 3 && oc % block == 0) f[n++] = (xb_formats){XB_FMT_PLAIN, XB_FMT_BLOCKED};
    f[n++] = (xb_formats){XB_FMT_NHWC, XB_FMT_NHWC};
    f[n++] = (xb_formats){XB_FMT_PLAIN, XB_FMT_PLAIN};
    return n;
}
