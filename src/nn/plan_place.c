/* plan_place.c: where buffers lie, given when they live. */
#include "nn/plan.h"

#include "base/mem.h"
#include <stdlib.h>

#define ALIGN 64

typedef struct order {
    const xb_buffer *b;
    size_t index;
} order;

static int by_size(const void *x, const void *y)
{
    const order *a = x, *b = y;
    if (a->b->bytes != b->b->bytes) return a->b->bytes < b->b->bytes ? 1 : -1;
    return a->index < b->index ? -1 : 1;
}

static int by_offset(const void *x, const void *y)
{
    const xb_buffer *const *a = x, *const *b = y;
    return (*a)->offset < (*b)->offset ? -1 : (*a)->offset > (*b)->offset;
}

/* The lowest gap between those of `placed` that live when b lives. */
static size_t lowest(const xb_buffer *b, size_t bytes, const order *placed, size_t n, const xb_buffer **busy)
{
    size_t m = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        if (placed[i].b->bytes && placed[i].b->first <= b->last && b->first <= placed[i].b->last)
            busy[m++] = placed[i].b;
    qsort(busy, m, sizeof *busy, by_offset);
    for (size_t i = 0; i < m && busy[i]->offset < at + bytes; i++) {
        size_t end = busy[i]->offset + (busy[i]->bytes + ALIGN - 1) / ALIGN * ALIGN;
        if (end > at) at = end;
    }
    return at;
}

size_t xb_plan_place(xb_buffer *buffer, size_t n)
{
    order *o = xb_calloc(n + 1, sizeof *o);
    const xb_buffer **busy = xb_calloc(n + 1, sizeof *busy);
    for (size_t i = 0; i < n; i++) o[i] = (order){&buffer[i], i};
    if (n) qsort(o, n, sizeof *o, by_size);
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        xb_buffer *b = &buffer[o[i].index];
        size_t bytes = (b->bytes + ALIGN - 1) / ALIGN * ALIGN;
        b->offset = bytes ? lowest(b, bytes, o, i, busy) : 0;
        if (b->offset + bytes > total) total = b->offset + bytes;
    }
    free(busy);
    free(o);
    return total;
}
