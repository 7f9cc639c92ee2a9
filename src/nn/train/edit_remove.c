/* edit_remove.c: units of an op removed, and all that hangs on them: first all is found out, then all is done. */
#include "nn/train/edit_units.h"
#include <stdlib.h>

static bool mark_units(xb_units *u, uint32_t y, int axis, const int64_t *units, size_t n)
{
    int64_t size = xb_units_type(u, y)->dim[axis];
    for (size_t i = 0; i < n; i++) {
        if (units[i] < 0 || units[i] >= size)
            return xb_edit_refuse(u->d, u->g, u->op, "the op has no unit %lld of %lld", (long long)units[i],
                                  (long long)size);
        if (xb_units_gone(u, y, axis, units[i]))
            return xb_edit_refuse(u->d, u->g, u->op, "unit %lld is named twice", (long long)units[i]);
        if (!xb_units_mark(u, y, axis, units[i])) return false;
    }
    return !n || xb_units_kept(u, y, axis) > 0 || xb_units_refuse(u, "nothing would be left");
}

static bool start(xb_units *u, const int64_t *units, size_t n)
{
    xb_matrix m;
    size_t at = 0;
    u->op = u->seed;
    if (!xb_graph_matrix(u->g, u->seed, &m))
        return xb_edit_refuse(u->d, u->g, u->seed, "the op has no constant weight matrix");
    while (u->node.data[at].op.id != u->seed.id) at++;
    xb_units_enter(u, &u->node.data[at]);
    int axis = xb_edit_out_axis(u->g, u->seed);
    if (axis < 0 || !u->n_out || axis >= xb_units_type(u, u->out[0])->rank)
        return xb_units_refuse(u, "the shape of the result is not known");
    return mark_units(u, u->out[0], axis, units, n);
}

/* Back and forth over the ops until nothing changes. */
static bool spread(xb_units *u)
{
    for (u->changed = true; u->changed;) {
        u->changed = false;
        for (size_t i = 0; i < 2 * u->node.n; i++) {
            xb_units_enter(u, &u->node.data[i < u->node.n ? i : 2 * u->node.n - 1 - i]);
            if (!xb_units_rule(u)) return false;
        }
    }
    u->stage = XB_UNITS_SETTLE;
    for (size_t i = 0; i < u->node.n; i++) {
        xb_units_enter(u, &u->node.data[i]);
        if (!xb_units_rule(u)) return false;
    }
    return true;
}

static bool check_end(xb_units *u, const xb_value *list, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (u->of_value[list[i].id] && xb_units_touched(u, u->of_value[list[i].id]))
            return xb_edit_refuse(u->d, u->g, u->seed, "its units cannot be removed: they reach the graph's %s '%s'",
                                  what, xb_graph_value_name(u->g, list[i]));
    return true;
}

static bool check_part(xb_units *u, uint32_t part)
{
    const xb_part *p = &u->part.data[part];
    u->op = p->op.id ? p->op : u->seed;
    for (int a = 0; a < XB_MAX_RANK; a++)
        if (p->gone[a] && xb_units_kept(u, part, a) < 1) return xb_units_refuse(u, "nothing would be left");
    bool tied = p->constant && xb_units_touched(u, part) && xb_edit_is_tied(u->p, p->v);
    return !tied || xb_units_refuse(u, "its weights are tied to others");
}

static bool check(xb_units *u)
{
    const xb_value *list;
    size_t n = xb_graph_inputs(u->g, &list);
    if (!check_end(u, list, n, "input")) return false;
    n = xb_graph_outputs(u->g, &list);
    if (!check_end(u, list, n, "output")) return false;
    for (uint32_t i = 1; i < u->part.n; i++)
        if (!check_part(u, i)) return false;
    return true;
}

/* All that goes, and whether it may. */
static bool find_out(xb_units *u, const int64_t *units, size_t n)
{
    return start(u, units, n) && spread(u) && check(u);
}

bool xb_edit_remove_units(xb_diags *d, xb_params *p, xb_op op, const int64_t *units, size_t n, bool fold)
{
    xb_units u;
    xb_units_begin(&u, d, p, op);
    bool ok = find_out(&u, units, n);
    if (ok) {
        u.stage = XB_UNITS_CARRY;
        if (fold) xb_units_fold(&u);
        xb_units_shrink(&u);
        for (size_t i = 0; i < u.addend.n; i++) xb_units_add(&u, &u.addend.data[i]);
    }
    xb_units_free(&u);
    return ok;
}

bool xb_edit_idle(xb_diags *d, const xb_graph *g, xb_op op, const int64_t *units, size_t n, bool silent)
{
    xb_params none = {.graph = (xb_graph *)g};
    xb_units u;
    xb_units_begin(&u, d, &none, op);
    u.unknown = !silent;
    bool ok = find_out(&u, units, n);
    if (ok) {
        u.stage = XB_UNITS_CARRY;
        xb_units_fold(&u);
    }
    ok = ok && !u.lost;
    xb_units_free(&u);
    return ok;
}

/* -- what would go -- */

static size_t places(const xb_units *u, xb_arena *a, uint32_t part, int axis, const int64_t **out)
{
    size_t n = 0;
    if (!part || axis < 0 || !u->part.data[part].gone[axis]) return 0;
    int64_t size = xb_units_type(u, part)->dim[axis], *list = xb_arena_alloc(a, (size_t)size, sizeof *list);
    for (int64_t i = 0; i < size; i++)
        if (xb_units_gone(u, part, axis, i)) list[n++] = i;
    *out = list;
    return n;
}

/* The dimension of an op's input (at `input`) that its weights add up over. */
static int in_axis(const xb_units *u, size_t input)
{
    int rank = xb_units_type(u, u->in[input])->rank;
    xb_kind kind = xb_graph_kind(u->g, u->op);
    if (kind == XB_OP_MatMul) return input || rank < 2 ? (rank < 2 ? 0 : rank - 2) : rank - 1;
    if (kind != XB_OP_Gemm) return 1;
    bool turned = xb_graph_attr_int(u->g, u->op, input ? "transB" : "transA", 0) != 0;
    return turned == (input == 0) ? 0 : 1;
}

static bool losing(xb_units *u, xb_arena *a, const xb_node *node, xb_losing *out)
{
    xb_matrix m;
    xb_units_enter(u, node);
    bool synaptic = xb_graph_matrix(u->g, u->op, &m);
    if (!synaptic && xb_graph_kind(u->g, u->op) != XB_OP_BatchNormalization) return false;
    size_t input = synaptic && u->part.data[u->in[0]].v.id == m.weight.id;
    int axis = synaptic ? xb_edit_out_axis(u->g, u->op) : 1;
    *out = (xb_losing){.op = u->op};
    out->n_in = places(u, a, u->in[input], in_axis(u, input), &out->in);
    out->n_out = places(u, a, u->out[0], axis, &out->out);
    return out->n_in || out->n_out;
}

bool xb_edit_losses(xb_diags *d, xb_arena *a, const xb_graph *g, xb_op op, const int64_t *units, size_t n,
                    const xb_losing **list, size_t *n_list)
{
    xb_params none = {.graph = (xb_graph *)g};
    xb_units u;
    xb_units_begin(&u, d, &none, op);
    bool ok = find_out(&u, units, n);
    xb_losing *found = ok ? xb_arena_alloc(a, u.node.n, sizeof *found) : NULL;
    *n_list = 0;
    for (size_t i = 0; ok && i < u.node.n; i++) *n_list += losing(&u, a, &u.node.data[i], &found[*n_list]);
    *list = found;
    xb_units_free(&u);
    return ok;
}
