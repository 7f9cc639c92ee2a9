/* names.c: unique names in O(1), and symbolic dimensions. */
#include "ir/store.h"
#include <string.h>

void xb_names_init(xb_names *n)
{
    n->ids = xb_map_new();
    n->hints = xb_map_new();
}

void xb_names_free(xb_names *n)
{
    xb_map_free(n->ids);
    xb_map_free(n->hints);
}

/* `want`, or want_K with the smallest free K >= 1. All of want_1 .. want_(hint-1) are taken. */
const char *xb_names_take(xb_names *n, xb_arena *a, const char *want, uint32_t id)
{
    size_t len = strlen(want);
    const char *name = NULL;
    if (!xb_map_get(n->ids, want, len, 0)) {
        name = xb_arena_strndup(a, want, len);
    } else {
        uint32_t k = xb_map_get(n->hints, want, len, 1);
        xb_buf b = {0};
        for (;; k++) {
            b.len = 0;
            xb_buf_printf(&b, "%s_%u", want, k);
            if (!xb_map_get(n->ids, b.data, b.len, 0)) break;
        }
        xb_map_put(n->hints, want, len, k + 1);
        name = xb_arena_strndup(a, b.data, b.len);
        len = b.len;
        xb_buf_free(&b);
    }
    xb_map_put(n->ids, name, len, id);
    return name;
}

void xb_names_drop(xb_names *n, const char *name)
{
    size_t len = strlen(name), base = len;
    xb_map_remove(n->ids, name, len);
    while (base && name[base - 1] >= '0' && name[base - 1] <= '9') base--;
    if (base == len || len - base > 9 || name[base] == '0' || !base || name[base - 1] != '_') return;
    uint32_t k = 0;
    for (size_t i = base; i < len; i++) k = k * 10 + (uint32_t)(name[i] - '0');
    if (k < xb_map_get(n->hints, name, base - 1, 0)) xb_map_put(n->hints, name, base - 1, k);
}

/* ---- symbols: number k is the dimension -1-k ---- */

/* Enters symbol number `index` under a name of ours that nobody has. */
static const char *anonymous_name(xb_graph *g, uint32_t index)
{
    for (size_t k = index + 1u;; k++) {
        const char *name = xb_arena_printf(g->arena, "?%zu", k);
        if (xb_map_get(g->symbol_ids, name, strlen(name), 0)) continue;
        xb_map_put(g->symbol_ids, name, strlen(name), index + 1);
        return name;
    }
}

int64_t xb_graph_symbol_id(xb_graph *g, const char *name)
{
    bool anonymous = !name || !*name;
    uint32_t index = (uint32_t)g->symbols.n, have = anonymous ? 0 : xb_map_get(g->symbol_ids, name, strlen(name), 0);
    if (have && !g->anonymous.data[have - 1]) return -(int64_t)have;
    /* A name that we gave to an anonymous symbol: that one gets another. */
    if (have) g->symbols.data[have - 1] = anonymous_name(g, have - 1);
    if (!anonymous) xb_map_put(g->symbol_ids, name, strlen(name), index + 1);
    const char *kept = anonymous ? anonymous_name(g, index) : xb_arena_strdup(g->arena, name);
    xb_push(&g->symbols, kept);
    xb_push(&g->anonymous, anonymous);
    return -(int64_t)index - 1;
}

const char *xb_graph_symbol(const xb_graph *g, int64_t dim)
{
    return dim < 0 && dim >= -(int64_t)g->symbols.n ? g->symbols.data[-1 - dim] : NULL;
}
