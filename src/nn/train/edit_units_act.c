/* edit_units_act.c: what goes is taken out: of attributes and lists of numbers, constants, types. Nothing is refused
 * here. */
#include "nn/train/edit_units.h"
#include <stdlib.h>
#include <string.h>

/* -- numbers in attributes and constants -- */

static int64_t kept_before(const xb_units *u, uint32_t part, int axis, int64_t at)
{
    int64_t n = at;
    for (int64_t i = 0; i < at; i++) n -= xb_units_gone(u, part, axis, i);
    return n;
}

/* Input i of the op at hand is this list from now on. */
static void set_numbers(xb_units *u, size_t i, const int64_t *v, size_t n)
{
    const xb_value *in;
    bool have = i < xb_graph_op_inputs(u->g, u->op, &in) && in[i].id;
    const xb_type type = {.dtype = XB_I64, .rank = 1, .dim = {(int64_t)n}};
    if (have && xb_graph_users(u->g, in[i]) == 1)
        xb_graph_resize(u->g, in[i], &type, v);
    else
        xb_graph_set_input(u->g, u->op, i,
                           xb_graph_add_const(u->g, have ? xb_graph_value_name(u->g, in[i]) : "sizes", &type, v));
}

static void set_groups(xb_units *u)
{
    const xb_part *w = &u->part.data[u->in[1]];
    if (!w->from) return;
    bool transposed = xb_graph_kind(u->g, u->op) == XB_OP_ConvTranspose;
    int64_t channels = xb_units_kept(u, transposed ? u->out[0] : u->in[0], 1);
    xb_graph_set_int(u->g, u->op, "group", channels / w->type.dim[1]);
}

static void set_split(xb_units *u)
{
    int axis = xb_units_axis(u, u->in[0], 0);
    int64_t parts[64], at = 0, size = xb_units_type(u, u->in[0])->dim[axis];
    size_t n = u->n_out;
    if (!u->part.data[u->in[0]].gone[axis]) return;
    if (u->n_in < 2 || !u->in[1])
        for (size_t i = 0; i < n; i++) parts[i] = size / (int64_t)n;
    else if (!xb_units_numbers(u, u->in[1], parts, 64, &n))
        return;
    for (size_t i = 0; i < n; i++) {
        int64_t end = at + parts[i];
        parts[i] = kept_before(u, u->in[0], axis, end) - kept_before(u, u->in[0], axis, at);
        at = end;
    }
    set_numbers(u, 1, parts, n);
}

static void set_slice(xb_units *u)
{
    const xb_type *x = xb_units_type(u, u->in[0]), *y = xb_units_type(u, u->out[0]);
    int64_t start[XB_MAX_RANK], end[XB_MAX_RANK], axes[XB_MAX_RANK];
    size_t n, n_end, n_axes;
    bool changed = false;
    if (!xb_units_numbers(u, u->in[1], start, XB_MAX_RANK, &n) ||
        !xb_units_numbers(u, u->in[2], end, XB_MAX_RANK, &n_end))
        return;
    for (size_t i = 0; i < n; i++) axes[i] = (int64_t)i;
    if (u->n_in > 3 && u->in[3]) xb_units_numbers(u, u->in[3], axes, XB_MAX_RANK, &n_axes);
    for (size_t i = 0; i < n; i++) {
        int a = (int)(axes[i] < 0 ? axes[i] + x->rank : axes[i]);
        if (!u->part.data[u->in[0]].gone[a]) continue;
        int64_t begin = start[i] < 0 ? start[i] + x->dim[a] : start[i];
        if (begin < 0 || x->dim[a] == y->dim[a]) begin = 0;
        start[i] = kept_before(u, u->in[0], a, begin);
        end[i] = kept_before(u, u->in[0], a, begin + y->dim[a]);
        changed = true;
    }
    if (!changed) return;
    set_numbers(u, 1, start, n);
    set_numbers(u, 2, end, n);
}

static void set_shape(xb_units *u)
{
    int64_t to[XB_MAX_RANK];
    size_t n;
    if (!xb_units_touched(u, u->out[0]) || !xb_units_numbers(u, u->in[1], to, XB_MAX_RANK, &n)) return;
    for (size_t i = 0; i < n; i++) {
        int64_t kept = xb_units_kept(u, u->out[0], (int)i);
        if (kept >= 0) to[i] = kept;
    }
    set_numbers(u, 1, to, n);
}

static void set_gather(xb_units *u)
{
    int axis = xb_units_axis(u, u->in[0], 0);
    int64_t list[4096], size = xb_units_type(u, u->in[0])->dim[axis];
    size_t n, kept = 0;
    if (!u->part.data[u->in[0]].gone[axis] || !xb_units_numbers(u, u->in[1], list, 4096, &n)) return;
    for (size_t i = 0; i < n; i++) {
        int64_t at = list[i] < 0 ? list[i] + size : list[i];
        if (!xb_units_gone(u, u->in[0], axis, at)) list[kept++] = kept_before(u, u->in[0], axis, at);
    }
    set_numbers(u, 1, list, kept);
}

static void set_attrs(xb_units *u)
{
    for (size_t i = 0; i < u->node.n; i++) {
        xb_units_enter(u, &u->node.data[i]);
        switch (xb_graph_kind(u->g, u->op)) {
        case XB_OP_Conv:
        case XB_OP_ConvTranspose:
            set_groups(u);
            break;
        case XB_OP_Split:
            set_split(u);
            break;
        case XB_OP_Slice:
            set_slice(u);
            break;
        case XB_OP_Reshape:
            set_shape(u);
            break;
        case XB_OP_Gather:
            set_gather(u);
            break;
        default:
            break;
        }
    }
}

/* -- constants -- */

/* The elements with no coordinate that goes, in order. */
static int64_t *staying(const xb_units *u, uint32_t part, xb_type *type)
{
    const xb_type old = *xb_units_type(u, part);
    *type = old;
    for (int a = 0; a < old.rank; a++) type->dim[a] = xb_units_kept(u, part, a);
    size_t n = xb_edit_count(&old), at = 0;
    int64_t *from = xb_calloc(xb_edit_count(type) + 1, sizeof *from);
    for (size_t i = 0; i < n; i++) {
        bool gone = false;
        int64_t rest = (int64_t)i;
        for (int a = old.rank - 1; a >= 0; rest /= old.dim[a--]) gone |= xb_units_gone(u, part, a, rest % old.dim[a]);
        if (!gone) from[at++] = (int64_t)i;
    }
    return from;
}

static bool same_places(const xb_units *u, const xb_part *a, const xb_part *b)
{
    const xb_type *t = xb_graph_type(u->g, a->v);
    for (int i = 0; i < t->rank; i++) {
        if (!a->gone[i] != !b->gone[i]) return false;
        if (a->gone[i] && memcmp(a->gone[i], b->gone[i], (size_t)t->dim[i] * sizeof(bool))) return false;
    }
    return !a->from && !b->from;
}

/* Does every use of the part's constant lose the same? */
static bool uses_agree(const xb_units *u, uint32_t part)
{
    const xb_part *p = &u->part.data[part];
    size_t uses = 0;
    for (size_t i = 0; i < u->node.n; i++)
        for (size_t k = 0; k < u->node.data[i].n_in; k++) {
            uint32_t other = u->link.data[u->node.data[i].in + k];
            if (u->part.data[other].v.id != p->v.id) continue;
            if (other != part && !same_places(u, p, &u->part.data[other])) return false;
            uses++;
        }
    return uses == xb_graph_users(u->g, p->v);
}

/* The readers of this part read v. */
static void reread(xb_units *u, uint32_t part, xb_value v)
{
    for (size_t i = 0; i < u->node.n; i++)
        for (size_t k = 0; k < u->node.data[i].n_in; k++)
            if (u->link.data[u->node.data[i].in + k] == part) xb_graph_set_input(u->g, u->node.data[i].op, k, v);
    xb_slot_state *s = xb_params_find(u->p, v);
    if (s) s->pub.op = u->part.data[part].op;
}

static void shrink_constant(xb_units *u, uint32_t part)
{
    xb_part *p = &u->part.data[part];
    xb_type type = p->type;
    int64_t *from = p->from ? p->from : staying(u, part, &type);
    p->from = NULL;
    if (uses_agree(u, part)) {
        for (size_t i = 0; i < u->part.n; i++)
            if (u->part.data[i].v.id == p->v.id) u->part.data[i].done = true;
        xb_edit_take(u->p, p->v, &type, from, NULL);
    } else {
        reread(u, part, xb_edit_part(u->p, p->v, xb_graph_value_name(u->g, p->v), &type, from));
    }
    p->done = true;
    free(from);
}

void xb_units_shrink(xb_units *u)
{
    set_attrs(u);
    for (uint32_t i = 1; i < u->part.n; i++)
        if (u->part.data[i].constant && !u->part.data[i].done && xb_units_touched(u, i)) shrink_constant(u, i);
    for (uint32_t i = 1; i < u->part.n; i++) {
        if (u->part.data[i].constant || !xb_units_touched(u, i)) continue;
        xb_type type = *xb_units_type(u, i);
        for (int a = 0; a < type.rank; a++) type.dim[a] = xb_units_kept(u, i, a);
        xb_graph_set_type(u->g, u->part.data[i].v, &type);
    }
    for (uint32_t i = 1; i < u->part.n; i++)
        if (xb_graph_is_const(u->g, u->part.data[i].v)) xb_edit_drop(u->p, u->part.data[i].v);
}
