/* order.c: the list of ops. Each op's `order` rises along the list, so that two ops are compared in O(1). */
#include "ir/store.h"
#include <stdlib.h>

#define ORDER_GAP (1ull << 32)

/* Makes room behind op a: spreads the followers as far as they lie too close (Dietz & Sleator 1987, sec. 2: labels of j
 * followers spread over more than j^2), amortised O(log n). */
static void spread(xb_graph *g, uint32_t a)
{
    uint64_t base = a ? xb_op_at(g, a)->order : 0, j = 1;
    uint32_t head = a ? xb_op_at(g, a)->next : g->first, end = head;
    while (end && xb_op_at(g, end)->order - base <= j * j) {
        end = xb_op_at(g, end)->next;
        j++;
    }
    uint64_t step = end ? (xb_op_at(g, end)->order - base) / j : ORDER_GAP, order = base;
    for (uint32_t op = head; op != end; op = xb_op_at(g, op)->next) xb_op_at(g, op)->order = order += step;
}

void xb_order_insert(xb_graph *g, uint32_t op, uint32_t after)
{
    xb_op_slot *s = xb_op_at(g, op);
    uint32_t next = after ? xb_op_at(g, after)->next : g->first;
    uint64_t low = after ? xb_op_at(g, after)->order : 0;
    if (next && xb_op_at(g, next)->order - low < 2) {
        spread(g, after);
    }
    s->order = next ? low + (xb_op_at(g, next)->order - low) / 2 : low + ORDER_GAP;
    s->prev = after;
    s->next = next;
    *(after ? &xb_op_at(g, after)->next : &g->first) = op;
    *(next ? &xb_op_at(g, next)->prev : &g->last) = op;
}

void xb_order_unlink(xb_graph *g, uint32_t op)
{
    xb_op_slot *s = xb_op_at(g, op);
    *(s->prev ? &xb_op_at(g, s->prev)->next : &g->first) = s->next;
    *(s->next ? &xb_op_at(g, s->next)->prev : &g->last) = s->prev;
    s->prev = s->next = 0;
}

typedef struct ranked {
    uint64_t order;
    uint32_t op;
} ranked;

static int by_order(const void *a, const void *b)
{
    uint64_t x = ((const ranked *)a)->order, y = ((const ranked *)b)->order;
    return (x > y) - (x < y);
}

typedef xb_vec(ranked) ranked_list;

static void visit(xb_graph *g, ranked_list *list, uint32_t op, uint64_t limit)
{
    xb_op_slot *s = xb_op_at(g, op);
    if (s->mark == g->mark || s->order > limit) return;
    s->mark = g->mark;
    xb_push(list, (ranked){s->order, op});
}

/* The part of the list between op and pivot alone is looked at (Pearce & Kelly 2007, sec. 3: forward search). */
bool xb_order_move_behind(xb_graph *g, uint32_t op, uint32_t pivot)
{
    uint64_t limit = xb_op_at(g, pivot)->order;
    ranked_list list = {0};
    bool cycle = false;
    g->mark++;
    visit(g, &list, op, limit);
    for (size_t i = 0; i < list.n && !cycle; i++) {
        const xb_op_slot *s = xb_op_at(g, list.data[i].op);
        cycle = list.data[i].op == pivot;
        for (size_t o = 0; o < s->n_out; o++)
            for (uint32_t u = s->out[o].id ? xb_value_at(g, s->out[o].id)->uses : 0; u; u = g->uses.data[u].next)
                if (g->uses.data[u].op) visit(g, &list, g->uses.data[u].op, limit);
    }
    if (!cycle) {
        qsort(list.data, list.n, sizeof *list.data, by_order);
        for (size_t i = 0; i < list.n; i++) {
            xb_order_unlink(g, list.data[i].op);
            xb_order_insert(g, list.data[i].op, pivot);
            pivot = list.data[i].op;
        }
    }
    xb_vec_free(&list);
    return !cycle;
}
