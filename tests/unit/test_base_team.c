/* Threads that stay: what threads that come and go do, many times over. */
#include "base/mem.h"
#include "base/par.h"
#include "suite.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ITEMS = 1000, MOST = 8 };

typedef struct context {
    uint32_t result[ITEMS];
    atomic_int seen[ITEMS];
    atomic_int started[MOST];
    pthread_t thread[MOST];
    size_t fail_at;
    atomic_size_t ran;
} context;

static context *fresh(void)
{
    context *c = xb_calloc(1, sizeof *c);
    c->fail_at = ITEMS;
    return c;
}

static void begin(void *arg, int worker)
{
    context *c = arg;
    ck_assert(worker >= 0 && worker < MOST);
    c->thread[worker] = pthread_self();
    atomic_fetch_add(&c->started[worker], 1);
}

static bool item(void *arg, int worker, size_t i)
{
    context *c = arg;
    if (atomic_load(&c->started[worker]) != 1 || !pthread_equal(c->thread[worker], pthread_self())) return false;
    atomic_fetch_add(&c->seen[i], 1);
    atomic_fetch_add(&c->ran, 1);
    c->result[i] += (uint32_t)i * 2654435761u;
    return i != c->fail_at;
}

START_TEST(every_item_once_on_the_same_threads)
{
    enum { RUNS = 50 };
    context *want = fresh();
    ck_assert(xb_par_run(1, ITEMS, begin, item, want));
    for (int threads = 1; threads <= MOST; threads++) {
        context *c = fresh();
        xb_team *t = xb_team_new(threads, begin, c);
        ck_assert_int_eq(xb_team_size(t), threads);
        for (int w = 0; w < MOST; w++) ck_assert_int_eq(c->started[w], w < threads); /* before anything runs */
        for (int run = 1; run <= RUNS; run++) {
            ck_assert(xb_team_run(t, ITEMS, item, c));
            for (size_t i = 0; i < ITEMS; i++) ck_assert_int_eq(c->seen[i], run);
        }
        for (size_t i = 0; i < ITEMS; i++) ck_assert_uint_eq(c->result[i], RUNS * want->result[i]);
        for (int w = 0; w < MOST; w++) ck_assert_int_eq(c->started[w], w < threads);
        xb_team_free(t);
        free(c);
    }
    free(want);
}
END_TEST

/* Runs so short that threads wake up too late for theirs, and see the next one, with another context. */
START_TEST(many_short_runs)
{
    for (int threads = 1; threads <= MOST; threads++) {
        context *owner = fresh();
        xb_team *t = xb_team_new(threads, begin, owner);
        for (size_t run = 0; run < 2000; run++) {
            size_t n = run % 5;
            context c;
            memset(&c, 0, sizeof c);
            for (int w = 0; w < MOST; w++) c.started[w] = owner->started[w];
            memcpy(c.thread, owner->thread, sizeof c.thread);
            c.fail_at = ITEMS;
            ck_assert(xb_team_run(t, n, item, &c));
            ck_assert_uint_eq(c.ran, n);
            for (size_t i = 0; i < n; i++) ck_assert_int_eq(c.seen[i], 1);
        }
        xb_team_free(t);
        free(owner);
    }
}
END_TEST

typedef struct meeting {
    pthread_barrier_t all;
    atomic_int came;
} meeting;

static bool meet(void *arg, int worker, size_t i)
{
    meeting *m = arg;
    (void)worker, (void)i;
    pthread_barrier_wait(&m->all); /* ends only when every thread holds an item */
    atomic_fetch_add(&m->came, 1);
    return true;
}

START_TEST(all_threads_work_at_once)
{
    for (int threads = 1; threads <= MOST; threads++) {
        meeting m;
        xb_team *t = xb_team_new(threads, NULL, NULL);
        pthread_barrier_init(&m.all, NULL, (unsigned)threads);
        atomic_init(&m.came, 0);
        for (int run = 1; run <= 20; run++) {
            ck_assert(xb_team_run(t, (size_t)threads, meet, &m));
            ck_assert_int_eq(m.came, run * threads);
        }
        xb_team_free(t);
        pthread_barrier_destroy(&m.all);
    }
}
END_TEST

START_TEST(a_failure_stops_the_rest)
{
    for (int threads = 1; threads <= 4; threads++) {
        context *c = fresh();
        xb_team *t = xb_team_new(threads, begin, c);
        c->fail_at = 10;
        ck_assert(!xb_team_run(t, ITEMS, item, c));
        for (size_t i = 0; i <= 10; i++) ck_assert_int_eq(c->seen[i], 1);
        if (threads == 1) ck_assert_uint_eq(c->ran, 11);
        c->fail_at = ITEMS;
        atomic_store(&c->ran, 0);
        ck_assert(xb_team_run(t, ITEMS, item, c)); /* a failure is that run's alone */
        ck_assert_uint_eq(c->ran, ITEMS);
        xb_team_free(t);
        free(c);
    }
}
END_TEST

static bool never(void *of, int worker, size_t i)
{
    (void)of, (void)worker, (void)i;
    ck_abort_msg("called without items");
    return false;
}

START_TEST(edges)
{
    xb_team *t = xb_team_new(3, NULL, NULL);
    ck_assert(xb_team_run(t, 0, never, NULL));
    xb_team_free(t);
    t = xb_team_new(0, NULL, NULL);
    ck_assert_int_eq(xb_team_size(t), 1);
    xb_team_free(t);
    xb_team_free(xb_team_new(MOST, NULL, NULL)); /* never run */
    xb_team_free(NULL);
}
END_TEST

typedef struct masks {
    sigset_t set[MOST];
} masks;

static void note_mask(void *arg, int worker)
{
    pthread_sigmask(SIG_BLOCK, NULL, &((masks *)arg)->set[worker]);
}

/* Signals that a person sends reach the caller alone. */
START_TEST(signals_are_the_callers)
{
    static const int person[] = {SIGINT, SIGTERM, SIGHUP};
    masks m;
    sigset_t now;
    xb_team *t = xb_team_new(4, note_mask, &m);
    pthread_sigmask(SIG_BLOCK, NULL, &now);
    for (size_t s = 0; s < 3; s++) {
        ck_assert_int_eq(sigismember(&now, person[s]), 0);
        for (int w = 0; w < 4; w++) ck_assert_int_eq(sigismember(&m.set[w], person[s]), w > 0);
    }
    xb_team_free(t);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("team");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, every_item_once_on_the_same_threads);
    tcase_add_test(t, many_short_runs);
    tcase_add_test(t, all_threads_work_at_once);
    tcase_add_test(t, a_failure_stops_the_rest);
    tcase_add_test(t, edges);
    tcase_add_test(t, signals_are_the_callers);
    return run_case("base_team", t);
}
