/* mem.h: allocation that never returns NULL, checked sizes, arenas.
 *
 * Out of memory ends the process: one diagnostic, temporary output files removed, exit code 3 (docs/decisions.md).
 * XBARC_FAIL_ALLOC=N makes the N-th allocation fail, for tests.
 */
#ifndef XB_BASE_MEM_H
#define XB_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xbarc/abi.h>

void *xb_malloc(size_t n);
void *xb_calloc(size_t count, size_t size); /* zeroed; overflow of the product = out of memory */
void *xb_realloc(void *p, size_t count, size_t size);
char *xb_strdup(const char *s);
char *xb_strndup(const char *s, size_t n);
_Noreturn void xb_out_of_memory(void);

/* Products and sums of sizes from files: false on overflow. */
static inline bool xb_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool xb_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }
static inline bool xb_mul_i64(int64_t a, int64_t b, int64_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool xb_add_i64(int64_t a, int64_t b, int64_t *out) { return !__builtin_add_overflow(a, b, out); }

/* Everything from an arena lives until the arena is freed. Memory is zeroed, aligned to 16 bytes. */
typedef struct xb_arena xb_arena;
xb_arena *xb_arena_new(void);
void xb_arena_free(xb_arena *a); /* NULL is fine */
void *xb_arena_alloc(xb_arena *a, size_t count, size_t size);
char *xb_arena_strdup(xb_arena *a, const char *s);
char *xb_arena_strndup(xb_arena *a, const char *s, size_t n);
char *xb_arena_printf(xb_arena *a, const char *format, ...) XB_PRINTF(2, 3);

#endif
