#include "base/mem.h"
#include "base/out.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Which allocation is to fail: -2 = environment not read yet, -1 = none. Process-wide, as the allocations are. */
static atomic_long fail_at = -2;
static atomic_long allocations = 0;

static bool must_fail(void)
{
    long at = atomic_load_explicit(&fail_at, memory_order_relaxed);
    if (at == -1) return false;
    if (at == -2) {
        const char *text = getenv("XBARC_FAIL_ALLOC");
        at = text && *text ? strtol(text, NULL, 10) : -1;
        if (at < 1) at = -1;
        atomic_store(&fail_at, at);
        if (at == -1) return false;
    }
    return atomic_fetch_add(&allocations, 1) + 1 == at;
}

void xb_out_of_memory(void)
{
    static const char text[] = "xbarc: error: out of memory [memory]\n";
    xb_out_abandon_all();
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
    (void)n;
    _exit(3);
}

void *xb_malloc(size_t n)
{
    void *p = must_fail() ? NULL : malloc(n ? n : 1);
    if (!p) xb_out_of_memory();
    return p;
}

void *xb_calloc(size_t count, size_t size)
{
    void *p = must_fail() ? NULL : calloc(count ? count : 1, size ? size : 1);
    if (!p) xb_out_of_memory();
    return p;
}

void *xb_realloc(void *p, size_t count, size_t size)
{
    size_t n;
    if (!xb_mul(count, size, &n) || must_fail()) xb_out_of_memory();
    void *q = realloc(p, n ? n : 1);
    if (!q) xb_out_of_memory();
    return q;
}

char *xb_strndup(const char *s, size_t n)
{
    n = strnlen(s, n);
    char *p = xb_malloc(n + 1);
    memcpy(p, s, n);
    p[n] = 0;
    return p;
}

char *xb_strdup(const char *s)
{
    return xb_strndup(s, strlen(s));
}

/* ---- arenas ------------------------------------------------------------------------------- */

enum { FIRST_CHUNK = 4096, LAST_CHUNK = 1 << 18, ALIGN = 16 };

typedef struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(ALIGN) unsigned char bytes[];
} chunk;

struct xb_arena {
    chunk *top; /* the one being filled; full and oversized ones behind it */
    size_t grow;
};

xb_arena *xb_arena_new(void)
{
    xb_arena *a = xb_calloc(1, sizeof *a);
    a->grow = FIRST_CHUNK;
    return a;
}

void xb_arena_free(xb_arena *a)
{
    if (!a) return;
    for (chunk *c = a->top, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(a);
}

static chunk *new_chunk(size_t size)
{
    size_t all;
    if (!xb_add(size, sizeof(chunk), &all)) xb_out_of_memory();
    chunk *c = xb_calloc(1, all);
    c->size = size;
    return c;
}

void *xb_arena_alloc(xb_arena *a, size_t count, size_t size)
{
    size_t n;
    if (!xb_mul(count, size, &n) || !xb_add(n, ALIGN - 1, &n)) xb_out_of_memory();
    n &= ~(size_t)(ALIGN - 1);
    if (!n) n = ALIGN;
    if (a->top && a->top->size - a->top->used >= n) {
        void *p = a->top->bytes + a->top->used;
        a->top->used += n;
        return p;
    }
    bool alone = n > a->grow / 4;
    chunk *c = new_chunk(alone ? n : a->grow);
    c->used = n;
    if (alone && a->top) {
        c->next = a->top->next;
        a->top->next = c;
    } else {
        c->next = a->top;
        a->top = c;
    }
    if (!alone && a->grow < LAST_CHUNK) a->grow *= 2;
    return c->bytes;
}

char *xb_arena_strndup(xb_arena *a, const char *s, size_t n)
{
    n = strnlen(s, n);
    char *p = xb_arena_alloc(a, n + 1, 1);
    memcpy(p, s, n);
    return p;
}

char *xb_arena_strdup(xb_arena *a, const char *s)
{
    return xb_arena_strndup(a, s, strlen(s));
}

char *xb_arena_printf(xb_arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *p = xb_arena_alloc(a, (size_t)(n < 0 ? 0 : n) + 1, 1);
    if (n > 0) vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return p;
}
