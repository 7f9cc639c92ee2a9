/* use.c: the list of a value's readers. */
#include "ir/store.h"

uint32_t xb_use_add(xb_graph *g, xb_value v, uint32_t op, size_t index)
{
    xb_value_slot *s = xb_value_live(g, v);
    if (!s) return 0;
    uint32_t u = g->free_use;
    if (u) {
        g->free_use = g->uses.data[u].next;
    } else {
        u = (uint32_t)g->uses.n;
        xb_push(&g->uses, (xb_use){0});
    }
    g->uses.data[u] = (xb_use){v.id, op, (uint32_t)index, 0, s->uses};
    if (s->uses) g->uses.data[s->uses].prev = u;
    s->uses = u;
    s->n_uses++;
    return u;
}

void xb_use_drop(xb_graph *g, uint32_t use)
{
    if (!use) return;
    xb_use *u = &g->uses.data[use];
    xb_value_slot *s = xb_value_at(g, u->value);
    if (u->prev)
        g->uses.data[u->prev].next = u->next;
    else
        s->uses = u->next;
    if (u->next) g->uses.data[u->next].prev = u->prev;
    s->n_uses--;
    *u = (xb_use){.next = g->free_use};
    g->free_use = use;
}
