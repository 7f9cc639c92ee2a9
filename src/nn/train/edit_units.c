/* edit_units.c: parts, the places of them that go, and ties between places. */
#include "nn/train/edit_units.h"
#include "ir/tensor.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- the table -- */

static bool is_weight(const xb_graph *g, xb_op op, size_t input)
{
    xb_kind kind = xb_graph_kind(g, op);
    bool dense = kind == XB_OP_Gemm || kind == XB_OP_MatMul;
    return dense ? input < 2 : (kind == XB_OP_Conv || kind == XB_OP_ConvTranspose) && input == 1;
}

static uint32_t part_new(xb_units *u, xb_value v, xb_op op, size_t input)
{
    xb_part part = {.v = v, .op = op, .input = input, .constant = xb_graph_is_const(u->g, v)};
    xb_push(&u->part, part);
    return (uint32_t)u->part.n - 1;
}

static uint32_t part_of(xb_units *u, xb_value v, xb_op op, size_t input)
{
    if (!v.id) return 0;
    if (xb_graph_is_const(u->g, v) && !is_weight(u->g, op, input)) return part_new(u, v, op, input);
    if (!u->of_value[v.id]) u->of_value[v.id] = part_new(u, v, op, input);
    return u->of_value[v.id];
}

void xb_units_begin(xb_units *u, xb_diags *d, xb_params *p, xb_op seed)
{
    *u = (xb_units){.d = d, .p = p, .g = p->graph, .seed = seed};
    u->of_value = xb_calloc(xb_graph_value_limit(u->g), sizeof *u->of_value);
    xb_push(&u->part, (xb_part){.done = true});
    for (xb_op op = xb_graph_first(u->g); op.id; op = xb_graph_next(u->g, op)) {
        const xb_value *in, *out;
        xb_node n = {.op = op};
        n.n_in = xb_graph_op_inputs(u->g, op, &in);
        n.n_out = xb_graph_op_outputs(u->g, op, &out);
        n.in = u->link.n;
        for (size_t i = 0; i < n.n_in; i++) xb_push(&u->link, part_of(u, in[i], op, i));
        n.out = u->link.n;
        for (size_t i = 0; i < n.n_out; i++) xb_push(&u->link, part_of(u, out[i], op, i));
        xb_push(&u->node, n);
    }
}

void xb_units_free(xb_units *u)
{
    for (size_t i = 0; i < u->part.n; i++) {
        for (int a = 0; a < XB_MAX_RANK; a++) {
            free(u->part.data[i].gone[a]);
            free(u->part.data[i].left[a]);
        }
        free(u->part.data[i].from);
    }
    for (size_t i = 0; i < u->addend.n; i++) free(u->addend.data[i].by);
    free(u->of_value);
    xb_vec_free(&u->part);
    xb_vec_free(&u->link);
    xb_vec_free(&u->node);
    xb_vec_free(&u->addend);
}

void xb_units_enter(xb_units *u, const xb_node *n)
{
    u->op = n->op;
    u->in = u->link.data + n->in;
    u->out = u->link.data + n->out;
    u->n_in = n->n_in;
    u->n_out = n->n_out;
}

bool xb_units_refuse(xb_units *u, const char *why)
{
    return xb_edit_refuse(u->d, u->g, u->op, "units of '%s' cannot be removed: %s", xb_graph_op_name(u->g, u->seed),
                          why);
}

/* -- places -- */

const xb_type *xb_units_type(const xb_units *u, uint32_t part)
{
    return xb_graph_type(u->g, u->part.data[part].v);
}

int xb_units_axis(const xb_units *u, uint32_t part, int64_t absent)
{
    int64_t axis = xb_graph_attr_int(u->g, u->op, "axis", absent);
    return (int)(axis < 0 ? axis + xb_units_type(u, part)->rank : axis);
}

int64_t xb_units_kept(const xb_units *u, uint32_t part, int axis)
{
    int64_t size = xb_units_type(u, part)->dim[axis], kept = size;
    for (int64_t i = 0; i < size; i++) kept -= xb_units_gone(u, part, axis, i);
    return kept;
}

bool xb_units_touched(const xb_units *u, uint32_t part)
{
    for (int a = 0; a < XB_MAX_RANK; a++)
        if (u->part.data[part].gone[a]) return true;
    return u->part.data[part].from != NULL;
}

bool xb_units_gone(const xb_units *u, uint32_t part, int axis, int64_t at)
{
    const bool *gone = u->part.data[part].gone[axis];
    return gone && gone[at];
}

bool xb_units_mark(xb_units *u, uint32_t part, int axis, int64_t at)
{
    xb_part *p = &u->part.data[part];
    const xb_type *t = xb_units_type(u, part);
    if (!p->gone[axis]) {
        if (axis >= t->rank || t->dim[axis] < 0) return xb_units_refuse(u, "a size on the way is not known");
        p->gone[axis] = xb_calloc((size_t)t->dim[axis] + 1, sizeof(bool));
        p->left[axis] = xb_calloc((size_t)t->dim[axis] + 1, sizeof(double));
        for (int64_t i = 0; i <= t->dim[axis]; i++) p->left[axis][i] = (double)NAN;
    }
    u->changed |= !p->gone[axis][at];
    p->gone[axis][at] = true;
    return true;
}

double xb_units_left(const xb_units *u, uint32_t part, int axis, int64_t at)
{
    const double *left = u->part.data[part].left[axis];
    return left ? left[at] : (double)NAN;
}

void xb_units_set_left(xb_units *u, uint32_t part, int axis, int64_t at, double v)
{
    double *left = u->part.data[part].left[axis];
    if (left) left[at] = isfinite(v) ? v : (double)NAN;
}

double xb_units_number(const xb_units *u, uint32_t c, uint32_t y, int axis, int64_t at)
{
    const xb_part *p = &u->part.data[c];
    const xb_type *t = xb_units_type(u, c);
    int own = axis - (xb_units_type(u, y)->rank - t->rank);
    int64_t count = xb_type_count(t), behind = 1, size = 1;
    if (!p->constant || count < 1) return (double)NAN;
    if (own >= 0 && own < t->rank) size = t->dim[own];
    for (int i = own < 0 ? 0 : own + 1; own >= 0 && i < t->rank; i++) behind *= t->dim[i];
    const void *data = xb_graph_data(u->g, p->v);
    double v = (double)NAN;
    for (int64_t i = 0; i < count; i++) {
        if (size > 1 && i / behind % size != at) continue;
        double w = xb_scalar_get(t->dtype, data, (size_t)i);
        if (!isnan(v) && v != w) return (double)NAN;
        v = w;
    }
    return v;
}

bool xb_units_numbers(const xb_units *u, uint32_t part, int64_t *out, size_t max, size_t *n)
{
    const xb_type *t = xb_units_type(u, part);
    int64_t count = xb_type_count(t);
    if (!u->part.data[part].constant || count < 0 || (size_t)count > max || (t->dtype != XB_I64 && t->dtype != XB_I32))
        return false;
    const void *data = xb_graph_data(u->g, u->part.data[part].v);
    *n = (size_t)count;
    for (size_t i = 0; i < *n; i++)
        out[i] = t->dtype == XB_I64 ? ((const int64_t *)data)[i] : (int64_t)((const int32_t *)data)[i];
    return true;
}

/* -- ties -- */

bool xb_units_tie(xb_units *u, uint32_t a, int a_axis, int64_t a_at, uint32_t b, int b_axis, int64_t b_at, int64_t n)
{
    if (!a || !b) return true;
    for (int64_t i = 0; i < n; i++) {
        bool x = xb_units_gone(u, a, a_axis, a_at + i), y = xb_units_gone(u, b, b_axis, b_at + i);
        double left = xb_units_left(u, a, a_axis, a_at + i);
        if (x && y && u->stage == XB_UNITS_CARRY && !isnan(left)) xb_units_set_left(u, b, b_axis, b_at + i, left);
        if (x && !y && !xb_units_mark(u, b, b_axis, b_at + i)) return false;
        if (y && !x && !xb_units_mark(u, a, a_axis, a_at + i)) return false;
    }
    return true;
}

bool xb_units_tie_axis(xb_units *u, uint32_t a, int a_axis, uint32_t b, int b_axis)
{
    if (!a || !b || (!u->part.data[a].gone[a_axis] && !u->part.data[b].gone[b_axis])) return true;
    int64_t n = xb_units_type(u, a)->dim[a_axis];
    if (n < 0 || n != xb_units_type(u, b)->dim[b_axis])
        return xb_units_refuse(u, "sizes on the way do not agree; infer shapes first");
    return xb_units_tie(u, a, a_axis, 0, b, b_axis, 0, n);
}

bool xb_units_tie_spread(xb_units *u, uint32_t a, uint32_t y)
{
    if (!a || !y || (!xb_units_touched(u, a) && !xb_units_touched(u, y))) return true;
    const xb_type *ta = xb_units_type(u, a), *ty = xb_units_type(u, y);
    if (ta->rank < 0 || ty->rank < ta->rank) return xb_units_refuse(u, "a shape on the way is not known");
    for (int i = 0; i < ta->rank; i++) {
        int k = i + ty->rank - ta->rank;
        if (ta->dim[i] == 1 && ty->dim[k] != 1) continue;
        if (!xb_units_tie_axis(u, a, i, y, k)) return false;
    }
    return true;
}

bool xb_units_only(xb_units *u, uint32_t part, int axis)
{
    for (int a = 0; a < XB_MAX_RANK; a++)
        if (a != axis && u->part.data[part].gone[a])
            return xb_units_refuse(u, "the op mixes the places that would go with those that stay");
    return true;
}
