/* edit_units_matrix.c: places that go at synaptic ops: columns with the op's outputs, rows with its inputs. In grouped
 * convolutions a group goes as a whole, with its inputs and outputs, or the groups that stay must stay of one size. */
#include "nn/train/edit_units.h"
#include <stdlib.h>

/* -- groups -- */

typedef struct groups {
    uint32_t x, w, y;
    int64_t n, in, out; /* groups; channels of one */
    bool transposed;
} groups;

static int64_t gone_of(const xb_units *u, uint32_t part, int64_t group, int64_t per)
{
    int64_t n = 0;
    for (int64_t i = 0; i < per; i++) n += xb_units_gone(u, part, 1, group * per + i);
    return n;
}

static bool mark_group(xb_units *u, const groups *c, int64_t group)
{
    for (int64_t i = 0; i < c->in; i++)
        if (!xb_units_mark(u, c->x, 1, group * c->in + i)) return false;
    for (int64_t i = 0; i < c->out; i++)
        if (!xb_units_mark(u, c->y, 1, group * c->out + i)) return false;
    return true;
}

/* The elements of the weight that stay: a weight's row is an output's (transposed: an input's) with the channels of the
 * other side of its group. */
static void pick_weight(xb_units *u, const groups *c, int64_t other)
{
    xb_part *part = &u->part.data[c->w];
    const xb_type *t = xb_units_type(u, c->w);
    uint32_t major = c->transposed ? c->x : c->y, minor = c->transposed ? c->y : c->x;
    int64_t per_major = c->transposed ? c->in : c->out, per_minor = c->transposed ? c->out : c->in, taps = 1;
    for (int i = 2; i < t->rank; i++) taps *= t->dim[i];
    part->type = *t;
    part->type.dim[0] = xb_units_kept(u, major, 1);
    part->type.dim[1] = other;
    size_t at = 0;
    free(part->from);
    part->from = xb_calloc(xb_edit_count(&part->type), sizeof *part->from);
    for (int64_t r = 0; r < c->n * per_major; r++)
        for (int64_t k = 0; !xb_units_gone(u, major, 1, r) && k < per_minor; k++)
            for (int64_t i = 0; !xb_units_gone(u, minor, 1, r / per_major * per_minor + k) && i < taps; i++)
                part->from[at++] = (r * per_minor + k) * taps + i;
}

static bool settle_groups(xb_units *u, const groups *c)
{
    int64_t in = -1, out = -1;
    for (int64_t g = 0; g < c->n; g++) {
        int64_t kept_in = c->in - gone_of(u, c->x, g, c->in), kept_out = c->out - gone_of(u, c->y, g, c->out);
        if (!kept_in) continue;
        if (in >= 0 && (in != kept_in || out != kept_out))
            return xb_units_refuse(u, "the groups that stay would differ in size");
        in = kept_in, out = kept_out;
    }
    if (in < 0) return xb_units_refuse(u, "nothing would be left");
    if (xb_graph_users(u->g, u->part.data[c->w].v) > 1)
        return xb_units_refuse(u, "the weight of a grouped convolution is read by other ops too");
    pick_weight(u, c, c->transposed ? out : in);
    return true;
}

static bool rule_grouped(xb_units *u, const groups *c)
{
    if (!u->part.data[c->w].constant) return xb_units_refuse(u, "the weight of the groups is no constant");
    for (int64_t g = 0; g < c->n; g++) {
        bool whole = gone_of(u, c->x, g, c->in) == c->in || gone_of(u, c->y, g, c->out) == c->out;
        if (whole && !mark_group(u, c, g)) return false;
    }
    return u->stage != XB_UNITS_SETTLE || settle_groups(u, c);
}

bool xb_units_rule_conv(xb_units *u)
{
    groups c = {.x = u->in[0], .w = u->in[1], .y = u->out[0]};
    c.transposed = xb_graph_kind(u->g, u->op) == XB_OP_ConvTranspose;
    const xb_type *w = xb_units_type(u, c.w);
    c.n = xb_graph_attr_int(u->g, u->op, "group", 1);
    if (!xb_units_only(u, c.x, 1) || !xb_units_only(u, c.y, 1)) return false;
    if (u->n_in > 2 && !xb_units_tie_axis(u, u->in[2], 0, c.y, 1)) return false;
    if (c.n == 1)
        return xb_units_tie_axis(u, c.w, c.transposed ? 1 : 0, c.y, 1) &&
               xb_units_tie_axis(u, c.x, 1, c.w, c.transposed ? 0 : 1);
    c.in = c.transposed ? w->dim[0] / c.n : w->dim[1];
    c.out = c.transposed ? w->dim[1] : w->dim[0] / c.n;
    if (xb_units_type(u, c.x)->dim[1] != c.n * c.in || xb_units_type(u, c.y)->dim[1] != c.n * c.out)
        return xb_units_refuse(u, "sizes on the way do not agree; infer shapes first");
    return rule_grouped(u, &c);
}

/* -- products -- */

bool xb_units_rule_gemm(xb_units *u)
{
    int a = xb_graph_attr_int(u->g, u->op, "transA", 0) != 0, b = xb_graph_attr_int(u->g, u->op, "transB", 0) != 0;
    uint32_t y = u->out[0];
    return xb_units_tie_axis(u, u->in[0], a, y, 0) && xb_units_tie_axis(u, u->in[1], !b, y, 1) &&
           xb_units_tie_axis(u, u->in[0], !a, u->in[1], b) && (u->n_in < 3 || xb_units_tie_spread(u, u->in[2], y));
}

/* Dimensions of a factor other than its last two, laid to those of the result. */
static bool tie_batches(xb_units *u, uint32_t x, uint32_t y, int y_batches)
{
    int batches = xb_units_type(u, x)->rank - 2;
    for (int i = 0; i < batches; i++) {
        int k = i + y_batches - batches;
        if (xb_units_type(u, x)->dim[i] == 1 && xb_units_type(u, y)->dim[k] != 1) continue;
        if (!xb_units_tie_axis(u, x, i, y, k)) return false;
    }
    return true;
}

bool xb_units_rule_matmul(xb_units *u)
{
    uint32_t a = u->in[0], b = u->in[1], y = u->out[0];
    int ra = xb_units_type(u, a)->rank, rb = xb_units_type(u, b)->rank, ry = xb_units_type(u, y)->rank;
    if (ra < 1 || rb < 1 || ry < 0) return xb_units_refuse(u, "a shape on the way is not known");
    int columns = rb > 1, batches = ry - columns - (ra > 1);
    if (!xb_units_tie_axis(u, a, ra - 1, b, rb > 1 ? rb - 2 : 0)) return false;
    if (ra > 1 && !xb_units_tie_axis(u, a, ra - 2, y, ry - 1 - columns)) return false;
    if (columns && !xb_units_tie_axis(u, b, rb - 1, y, ry - 1)) return false;
    return tie_batches(u, a, y, batches) && tie_batches(u, b, y, batches);
}
