#include "base/diag.h"
#include "base/mem.h"
#include "base/par.h"
#include "suite.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 1000, MOST = 8 };

typedef struct context {
    uint32_t result[ITEMS];
    atomic_int seen[ITEMS];
    atomic_int started[MOST];
    size_t fail_at;
    atomic_size_t ran;
} context;

static void begin(void *arg, int worker)
{
    context *c = arg;
    ck_assert(worker >= 0 && worker < MOST);
    atomic_fetch_add(&c->started[worker], 1);
}

static bool item(void *arg, int worker, size_t i)
{
    context *c = arg;
    if (atomic_load(&c->started[worker]) != 1) return false;
    atomic_fetch_add(&c->seen[i], 1);
    atomic_fetch_add(&c->ran, 1);
    c->result[i] = (uint32_t)i * 2654435761u;
    return i != c->fail_at;
}

START_TEST(every_item_once_whatever_the_threads)
{
    static const int threads[] = {1, 2, 4, 8};
    context *first = NULL;
    for (size_t t = 0; t < 4; t++) {
        context *c = xb_calloc(1, sizeof *c);
        c->fail_at = ITEMS;
        ck_assert(xb_par_run(threads[t], ITEMS, begin, item, c));
        for (size_t i = 0; i < ITEMS; i++) ck_assert_int_eq(c->seen[i], 1);
        for (int w = threads[t]; w < MOST; w++) ck_assert_int_eq(c->started[w], 0);
        if (first) ck_assert_int_eq(memcmp(c->result, first->result, sizeof c->result), 0);
        if (first) {
            free(c);
        } else {
            first = c;
        }
    }
    free(first);
}
END_TEST

START_TEST(a_failure_stops_the_rest)
{
    for (int threads = 1; threads <= 4; threads++) {
        context *c = xb_calloc(1, sizeof *c);
        c->fail_at = 10;
        ck_assert(!xb_par_run(threads, ITEMS, begin, item, c));
        ck_assert_int_eq(c->seen[10], 1);
        for (size_t i = 0; i < 10; i++) ck_assert_int_eq(c->seen[i], 1);
        if (threads == 1) ck_assert_uint_eq(c->ran, 11);
        free(c);
    }
}
END_TEST

static bool never(void *arg, int worker, size_t i)
{
    (void)arg, (void)worker, (void)i;
    ck_abort_msg("called without items");
    return false;
}

START_TEST(edges)
{
    ck_assert(xb_par_run(4, 0, NULL, never, NULL));
    context *c = xb_calloc(1, sizeof *c);
    c->fail_at = ITEMS;
    ck_assert(xb_par_run(8, 1, begin, item, c));
    ck_assert_uint_eq(c->ran, 1);
    ck_assert_int_eq(c->started[0], 1);
    ck_assert_int_eq(c->started[1], 0);
    free(c);
    ck_assert_int_eq(xb_par_threads(3), 3);
    ck_assert_int_ge(xb_par_threads(0), 1);
    ck_assert_int_le(xb_par_threads(1 << 30), 1024);
}
END_TEST

static bool say(void *arg, int worker, size_t i)
{
    (void)worker;
    xb_diag(arg, i % 2 ? XB_WARNING : XB_ERROR, "x", NULL, "item %zu", i);
    return true;
}

START_TEST(diagnostics_from_many_threads)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    ck_assert(xb_par_run(4, ITEMS, NULL, say, d));
    ck_assert_uint_eq(xb_diags_errors(d), ITEMS / 2);
    ck_assert_uint_eq(xb_diags_warnings(d), ITEMS / 2);
    size_t lines = 0;
    for (const char *p = xb_diags_text(d); *p; lines++) {
        ck_assert_int_eq(strncmp(p, "xbarc: ", 7), 0);
        p = strchr(p, '\n') + 1;
    }
    ck_assert_uint_eq(lines, ITEMS);
    xb_diags_free(d);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("par");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, every_item_once_whatever_the_threads);
    tcase_add_test(t, a_failure_stops_the_rest);
    tcase_add_test(t, edges);
    tcase_add_test(t, diagnostics_from_many_threads);
    return run_case("base_par", t);
}
