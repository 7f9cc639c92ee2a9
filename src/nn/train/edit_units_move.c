/* edit_units_move.c: places that go at ops that cut dimensions up or put them together. */
#include "nn/train/edit_units.h"

/* -- Reshape, Flatten, Squeeze, Unsqueeze -- */

/* Dimensions [x, x+nx) of one side hold the same elements as [y, y+ny) of the other. */
typedef struct run {
    int x, nx, y, ny;
} run;

/* The next run from the places of r->x, r->y on; false: what follows cannot be laid side by side. */
static bool next_run(const xb_type *x, const xb_type *y, run *r)
{
    int64_t a = 1, b = 1;
    r->nx = r->ny = 0;
    if (r->x < x->rank) a = x->dim[r->x + r->nx++];
    if (r->y < y->rank) b = y->dim[r->y + r->ny++];
    if (a < 0 || b < 0) return a == b;
    while (a != b) {
        bool left = a < b;
        const xb_type *t = left ? x : y;
        int at = left ? r->x + r->nx++ : r->y + r->ny++;
        if (at >= t->rank || t->dim[at] < 0 || !xb_mul_i64(left ? a : b, t->dim[at], left ? &a : &b)) return false;
    }
    return true;
}

/* One dimension of a part whose places are the products of others: `at` of the whole has coordinate at/behind%size. */
typedef struct digit {
    uint32_t part, whole;
    int axis, whole_axis;
    int64_t size, behind, all;
} digit;

/* The j-th place of the whole that has this coordinate, of places_of. */
static int64_t place_at(const digit *c, int64_t place, int64_t j)
{
    return (j / c->behind * c->size + place) * c->behind + j % c->behind;
}

static int64_t places_of(const digit *c)
{
    return c->all / c->size;
}

/* Do all places of the whole with this coordinate go? */
static bool covered(const xb_units *u, const digit *c, int64_t place)
{
    for (int64_t j = 0; j < places_of(c); j++)
        if (!xb_units_gone(u, c->whole, c->whole_axis, place_at(c, place, j))) return false;
    return true;
}

static bool tie_place(xb_units *u, const digit *c, int64_t place)
{
    bool gone = xb_units_gone(u, c->part, c->axis, place);
    if (!gone && !u->part.data[c->whole].gone[c->whole_axis]) return true;
    if (!gone) return !covered(u, c, place) || xb_units_mark(u, c->part, c->axis, place);
    for (int64_t j = 0; j < places_of(c); j++)
        if (!xb_units_mark(u, c->whole, c->whole_axis, place_at(c, place, j))) return false;
    return true;
}

/* To the places of the whole from the digit's. */
static void carry_out(xb_units *u, const digit *c, int64_t place)
{
    double v = xb_units_left(u, c->part, c->axis, place);
    for (int64_t j = 0; j < places_of(c); j++) xb_units_set_left(u, c->whole, c->whole_axis, place_at(c, place, j), v);
}

/* To the digit's place from those of the whole, when all agree. */
static void carry_back(xb_units *u, const digit *c, int64_t place)
{
    double one = xb_units_left(u, c->whole, c->whole_axis, place_at(c, place, 0));
    for (int64_t j = 1; j < places_of(c); j++)
        if (xb_units_left(u, c->whole, c->whole_axis, place_at(c, place, j)) != one) return;
    xb_units_set_left(u, c->part, c->axis, place, one);
}

static bool tie_digit(xb_units *u, const digit *c, bool forward)
{
    for (int64_t k = 0; k < c->size; k++) {
        if (!tie_place(u, c, k)) return false;
        if (u->stage != XB_UNITS_CARRY || !xb_units_gone(u, c->part, c->axis, k)) continue;
        (forward ? carry_out : carry_back)(u, c, k);
    }
    return true;
}

/* Places of the whole that go without any of its coordinates going. */
static bool check_whole(xb_units *u, const digit *c, size_t n)
{
    for (int64_t i = 0; n && i < c->all; i++) {
        bool by = !xb_units_gone(u, c->whole, c->whole_axis, i);
        for (size_t k = 0; !by && k < n; k++) by = xb_units_gone(u, c[k].part, c[k].axis, i / c[k].behind % c[k].size);
        if (!by) return xb_units_refuse(u, "a part of a channel would go where only whole ones can");
    }
    return true;
}

/* n dimensions of `many` from `first` on are dimension `axis` of `one`. */
static bool tie_run(xb_units *u, uint32_t many, int first, int n, uint32_t one, int axis, bool forward)
{
    digit c[XB_MAX_RANK];
    size_t digits = 0;
    int64_t behind = 1;
    const xb_type *t = xb_units_type(u, many);
    bool touched = u->part.data[one].gone[axis] != NULL;
    for (int i = 0; i < n; i++) touched |= u->part.data[many].gone[first + i] != NULL;
    if (!touched) return true;
    for (int i = n - 1; i >= 0; i--) {
        int64_t size = t->dim[first + i];
        if (size != 1)
            c[digits++] = (digit){many, one, first + i, axis, size, behind, xb_units_type(u, one)->dim[axis]};
        behind *= size;
    }
    for (size_t k = 0; k < digits; k++)
        if (!tie_digit(u, &c[k], forward)) return false;
    return u->stage != XB_UNITS_SETTLE || check_whole(u, c, digits);
}

/* The only dimension of a run that is not 1; -1: several. */
static int only_of(const xb_type *t, int first, int n)
{
    int at = n ? first : -1, found = 0;
    for (int i = first; i < first + n; i++)
        if (t->dim[i] != 1) at = i, found++;
    return found > 1 ? -1 : at;
}

static bool untouched(const xb_units *u, uint32_t part, int first, int n)
{
    for (int i = first; i < first + n; i++)
        if (u->part.data[part].gone[i]) return false;
    return true;
}

bool xb_units_rule_reshape(xb_units *u)
{
    uint32_t x = u->in[0], y = u->out[0];
    const xb_type *tx = xb_units_type(u, x), *ty = xb_units_type(u, y);
    run r = {0};
    if (tx->rank < 0 || ty->rank < 0 ||
        (xb_graph_kind(u->g, u->op) == XB_OP_Reshape && !u->part.data[u->in[1]].constant))
        return xb_units_refuse(u, "a shape on the way is not known");
    for (; r.x < tx->rank || r.y < ty->rank; r.x += r.nx, r.y += r.ny) {
        bool fits = next_run(tx, ty, &r);
        if (!fits) r.nx = tx->rank - r.x, r.ny = ty->rank - r.y;
        if (untouched(u, x, r.x, r.nx) && untouched(u, y, r.y, r.ny)) continue;
        int a = fits ? only_of(tx, r.x, r.nx) : -1, b = fits ? only_of(ty, r.y, r.ny) : -1;
        bool ok = false;
        if (b >= 0 && r.nx)
            ok = tie_run(u, x, r.x, r.nx, y, b, true);
        else if (a >= 0 && r.ny)
            ok = tie_run(u, y, r.y, r.ny, x, a, false);
        else
            return xb_units_refuse(u, "the op mixes the places that would go with those that stay");
        if (!ok) return false;
    }
    return true;
}

/* -- Split, Slice, Gather -- */

static bool tie_others(xb_units *u, uint32_t x, uint32_t y, int axis)
{
    for (int a = 0; y && a < xb_units_type(u, x)->rank; a++)
        if (a != axis && !xb_units_tie_axis(u, x, a, y, a)) return false;
    return true;
}

bool xb_units_rule_split(xb_units *u)
{
    uint32_t x = u->in[0];
    int axis = xb_units_axis(u, u->in[0], 0);
    int64_t at = 0, size = xb_units_type(u, x)->dim[axis], parts[64];
    size_t n;
    bool listed = u->n_in > 1 && u->in[1];
    if (size < 0 || (listed ? !xb_units_numbers(u, u->in[1], parts, 64, &n) || n != u->n_out
                            : u->n_out > 64 || size % (int64_t)u->n_out != 0))
        return xb_units_refuse(u, "where the op cuts is not known");
    for (size_t i = 0; i < u->n_out; i++) {
        int64_t step = listed ? parts[i] : size / (int64_t)u->n_out;
        if (!tie_others(u, x, u->out[i], axis) || !xb_units_tie(u, x, axis, at, u->out[i], axis, 0, step)) return false;
        int64_t gone = 0;
        for (int64_t k = 0; k < step; k++) gone += xb_units_gone(u, x, axis, at + k);
        if (gone == step && step) return xb_units_refuse(u, "nothing would be left of one of its results");
        at += step;
    }
    return true;
}

/* Beginning of each dimension's slice; false: not constant, or a step other than 1 where places go. */
static bool slice_begins(xb_units *u, int64_t *begin, bool *cut)
{
    const xb_type *x = xb_units_type(u, u->in[0]), *y = xb_units_type(u, u->out[0]);
    int64_t start[XB_MAX_RANK], axes[XB_MAX_RANK], steps[XB_MAX_RANK];
    size_t n, n_axes, n_steps;
    if (!xb_units_numbers(u, u->in[1], start, XB_MAX_RANK, &n)) return false;
    n_axes = n_steps = n;
    for (size_t i = 0; i < n; i++) axes[i] = (int64_t)i, steps[i] = 1;
    if (u->n_in > 3 && u->in[3] && !xb_units_numbers(u, u->in[3], axes, XB_MAX_RANK, &n_axes)) return false;
    if (u->n_in > 4 && u->in[4] && !xb_units_numbers(u, u->in[4], steps, XB_MAX_RANK, &n_steps)) return false;
    if (n_axes != n || n_steps != n) return false;
    for (int a = 0; a < x->rank; a++) begin[a] = 0, cut[a] = false;
    for (size_t i = 0; i < n; i++) {
        int a = (int)(axes[i] < 0 ? axes[i] + x->rank : axes[i]);
        if (x->dim[a] >= 0 && x->dim[a] == y->dim[a] && steps[i] == 1) continue;
        cut[a] = true;
        begin[a] = start[i] < 0 ? start[i] + x->dim[a] : start[i];
        if (begin[a] < 0) begin[a] = 0;
        bool open = u->part.data[u->in[0]].gone[a] || u->part.data[u->out[0]].gone[a];
        if (open && (steps[i] != 1 || x->dim[a] < 0 || y->dim[a] < 0 || begin[a] + y->dim[a] > x->dim[a])) return false;
    }
    return true;
}

bool xb_units_rule_slice(xb_units *u)
{
    uint32_t x = u->in[0], y = u->out[0];
    int64_t begin[XB_MAX_RANK];
    bool cut[XB_MAX_RANK];
    if (!slice_begins(u, begin, cut)) return xb_units_refuse(u, "what the op takes is not known");
    for (int a = 0; a < xb_units_type(u, x)->rank; a++) {
        if (!cut[a] ? !xb_units_tie_axis(u, x, a, y, a)
                    : (u->part.data[x].gone[a] || u->part.data[y].gone[a]) &&
                          !xb_units_tie(u, x, a, begin[a], y, a, 0, xb_units_type(u, y)->dim[a]))
            return false;
    }
    return true;
}

/* By a list of places: those that go leave the list, and the results that are theirs. */
bool xb_units_rule_gather(xb_units *u)
{
    uint32_t x = u->in[0], y = u->out[0];
    int axis = xb_units_axis(u, u->in[0], 0);
    int64_t size = xb_units_type(u, x)->dim[axis], list[4096];
    size_t n;
    bool listed = xb_units_type(u, u->in[1])->rank == 1;
    if (listed && !tie_others(u, x, y, axis)) return false;
    if (listed && !u->part.data[x].gone[axis] && !u->part.data[y].gone[axis]) return true;
    if (size < 0 || !listed || !xb_units_numbers(u, u->in[1], list, 4096, &n))
        return xb_units_refuse(u, "what the op takes is not known");
    for (size_t i = 0; i < n; i++)
        if (!xb_units_tie(u, x, axis, list[i] < 0 ? list[i] + size : list[i], y, axis, (int64_t)i, 1)) return false;
    return true;
}
