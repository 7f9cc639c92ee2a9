/* edit_units_fold_synapses.c: where what removed units still give begins and ends: a unit that goes gives its bias, and
 * a synaptic op that would have read it gets its products with the weights, summed, as an addend. */
#include "ir/tensor.h"
#include "nn/train/edit_units.h"
#include <math.h>
#include <stdlib.h>

typedef struct synapses {
    xb_matrix m;
    const unsigned char *data;
    xb_dtype dtype;
    uint32_t x, y;
    int x_axis, y_axis;
    int64_t in, out, taps;    /* channels of a group; kernel positions */
    bool transposed, uniform; /* uniform: every output position sees all taps */
} synapses;

static double weight_at(const synapses *s, int64_t group, int64_t in, int64_t out, int64_t tap)
{
    int64_t row = s->transposed ? in : in * s->taps + tap, col = s->transposed ? out * s->taps + tap : out;
    int64_t at = group * s->m.group_stride + row * s->m.row_stride + col * s->m.col_stride;
    return s->m.scale * xb_scalar_get(s->dtype, s->data, (size_t)at);
}

static bool read_synapses(const xb_units *u, synapses *s)
{
    if (!xb_graph_matrix(u->g, u->op, &s->m)) return false;
    bool right = u->part.data[u->in[1]].constant;
    xb_kind kind = xb_graph_kind(u->g, u->op);
    const xb_type *w = xb_graph_type(u->g, s->m.weight);
    s->data = xb_graph_data(u->g, s->m.weight);
    s->dtype = w->dtype;
    s->x = u->in[!right];
    s->y = u->out[0];
    s->y_axis = xb_edit_out_axis(u->g, u->op);
    s->transposed = kind == XB_OP_ConvTranspose;
    s->uniform = true;
    s->taps = 1;
    int rank = xb_units_type(u, s->x)->rank;
    if (kind == XB_OP_Gemm)
        s->x_axis =
            right ? !xb_graph_attr_int(u->g, u->op, "transA", 0) : xb_graph_attr_int(u->g, u->op, "transB", 0) != 0;
    else if (kind == XB_OP_MatMul)
        s->x_axis = right ? rank - 1 : rank > 1 ? rank - 2 : 0;
    else
        s->x_axis = 1;
    for (int i = 2; i < w->rank && (kind == XB_OP_Conv || s->transposed); i++) s->taps *= w->dim[i];
    s->in = s->m.rows / (s->transposed ? 1 : s->taps);
    s->out = s->m.cols / (s->transposed ? s->taps : 1);
    if (kind == XB_OP_Conv) s->uniform = !xb_units_is_padded(u);
    if (s->transposed)
        s->uniform = s->taps == 1 && !xb_units_is_padded(u) && xb_units_type(u, s->x)->rank > 2 &&
                     s->m.mvms > 0; /* and no stride: below */
    for (int i = 2; s->transposed && i < rank; i++)
        s->uniform &= xb_units_type(u, s->x)->dim[i] == xb_units_type(u, s->y)->dim[i];
    return true;
}

static double bias_of(const xb_units *u, const synapses *s, int64_t at)
{
    xb_kind kind = xb_graph_kind(u->g, u->op);
    if (kind == XB_OP_MatMul || u->n_in < 3 || !u->in[2]) return 0;
    if (kind != XB_OP_Gemm) return xb_units_parameter(u, 2, at);
    double beta = (double)xb_graph_attr_float(u->g, u->op, "beta", 1);
    return beta == 0 ? 0 : beta * xb_units_number(u, u->in[2], s->y, s->y_axis, at);
}

/* What input channel `in` of a group gives to output `out`; 0 without weights, NaN when it differs from place to place
 * or is not known. */
static double given(const xb_units *u, const synapses *s, int64_t group, int64_t in, int64_t out)
{
    double x = xb_units_left(u, s->x, s->x_axis, group * s->in + in), sum = 0;
    bool any = false;
    for (int64_t t = 0; t < s->taps; t++) {
        double w = weight_at(s, group, in, out, t);
        any |= w != 0;
        sum += w;
    }
    if (!any || x == 0) return 0;
    return s->uniform ? x * sum : (double)NAN;
}

/* A unit that goes gives its bias; where it goes because all its inputs do (a channel that passes a depthwise
 * convolution), what they give, too. */
static void produce(xb_units *u, const synapses *s)
{
    int64_t n = xb_units_type(u, s->y)->dim[s->y_axis];
    for (int64_t k = 0; u->part.data[s->y].gone[s->y_axis] && k < n; k++) {
        if (!xb_units_gone(u, s->y, s->y_axis, k)) continue;
        double v = u->unknown ? (double)NAN : bias_of(u, s, k);
        int64_t group = k / s->out;
        bool passes = s->m.groups > 1 && u->op.id != u->seed.id;
        for (int64_t i = 0; passes && i < s->in; i++) passes = xb_units_gone(u, s->x, s->x_axis, group * s->in + i);
        for (int64_t i = 0; passes && i < s->in; i++) v += given(u, s, group, i, k % s->out);
        xb_units_set_left(u, s->y, s->y_axis, k, v);
    }
}

static void say_lost(xb_units *u, const synapses *s, int64_t units)
{
    const xb_where where = xb_graph_where(u->g, u->op);
    u->lost += units;
    if (units)
        xb_diag(u->d, XB_NOTE, "edit", &where,
                "what %lld removed unit%s still gave is not folded into the bias: it is %s", (long long)units,
                units == 1 ? "" : "s", s->uniform ? "not one number" : "different at the borders");
}

/* Sums of what goes over the outputs that stay. */
static void consume(xb_units *u, const synapses *s)
{
    if (!u->part.data[s->x].gone[s->x_axis]) return;
    int64_t outputs = s->m.groups * s->out, lost = 0;
    double *by = xb_calloc((size_t)outputs, sizeof *by);
    bool any = false;
    for (int64_t c = 0; c < s->m.groups * s->in; c++) {
        bool all = xb_units_gone(u, s->x, s->x_axis, c), here = false;
        int64_t group = c / s->in;
        for (int64_t o = 0; all && o < s->out; o++) {
            bool stays = !xb_units_gone(u, s->y, s->y_axis, group * s->out + o);
            here |= stays && isnan(given(u, s, group, c % s->in, o));
        }
        lost += here;
        for (int64_t o = 0; all && !here && o < s->out; o++) by[group * s->out + o] += given(u, s, group, c % s->in, o);
    }
    say_lost(u, s, lost);
    size_t n = 0;
    for (int64_t o = 0; o < outputs; o++) {
        if (xb_units_gone(u, s->y, s->y_axis, o)) continue;
        by[n++] = by[o];
        any |= by[n - 1] != 0;
    }
    if (any)
        xb_push(&u->addend, (xb_addend){u->op, by, n});
    else
        free(by);
}

/* A product whose weight is no matrix: what is not 0 is lost. */
static void consume_plain(xb_units *u)
{
    int64_t lost = 0;
    for (size_t i = 0; i < u->n_in; i++) {
        const xb_part *p = &u->part.data[u->in[i]];
        const xb_type *t = xb_units_type(u, u->in[i]);
        for (int a = 0; a < t->rank && !p->constant; a++)
            for (int64_t k = 0; p->gone[a] && k < t->dim[a]; k++) lost += p->gone[a][k] && !(p->left[a][k] == 0);
    }
    say_lost(u, &(synapses){.uniform = true}, lost);
}

void xb_units_fold_synapses(xb_units *u)
{
    synapses s;
    if (read_synapses(u, &s)) {
        produce(u, &s);
        consume(u, &s);
    } else {
        consume_plain(u);
    }
}
