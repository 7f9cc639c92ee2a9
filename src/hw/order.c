/* order.c: the order in which a matrix' rows or columns are cut into arrays: notes "perm-rows" and "perm-cols" of its
 * weight. */
#include "hw/layout_private.h"
#include <stdlib.h>

static bool is_permutation(const int64_t *v, int64_t n)
{
    unsigned char *seen = xb_calloc((size_t)n, 1);
    bool ok = true;
    for (int64_t i = 0; ok && i < n; i++) {
        ok = v[i] >= 0 && v[i] < n && !seen[v[i]];
        if (ok) seen[v[i]] = 1;
    }
    free(seen);
    return ok;
}

static bool refuse(xb_diags *d, const xb_graph *g, const xb_matrix *m, const char *key, const char *why, int64_t n)
{
    xb_where where = xb_graph_where(g, m->op);
    return xb_diag_false(d, "hw-order", &where, "note '%s' of '%s' %s (%lld)", key, xb_graph_value_name(g, m->weight),
                         why, (long long)n);
}

bool xb_order_read(xb_diags *d, const xb_graph *g, const xb_matrix *m, bool columns, xb_arena *a, const int32_t **out)
{
    const char *key = columns ? "perm-cols" : "perm-rows";
    const xb_attr *note = xb_graph_note(g, m->weight, key);
    int64_t n = columns ? m->cols : m->rows;
    *out = NULL;
    if (!note || !note->n) return true;
    if (m->groups != 1) return refuse(d, g, m, key, "is on a matrix of several groups", m->groups);
    if (n > INT32_MAX || note->n != (size_t)n)
        return refuse(d, g, m, key, columns ? "has not one number for each column" : "has not one number for each row",
                      n);
    if (!is_permutation(note->ints, n)) return refuse(d, g, m, key, "is not a permutation of 0 .. n-1", n);
    int32_t *order = xb_arena_alloc(a, (size_t)n, sizeof *order);
    for (int64_t i = 0; i < n; i++) order[i] = (int32_t)note->ints[i];
    *out = order;
    return true;
}
