#include "base/par.h"
#include "base/mem.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MOST = 1024 };

int xb_par_threads(int asked)
{
    if (asked > 0) return asked < MOST ? asked : MOST;
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n < MOST ? n : MOST;
}

typedef struct job {
    size_t n;
    atomic_size_t next;
    atomic_bool stop;
    void (*init)(void *context, int worker);
    bool (*fn)(void *context, int worker, size_t item);
    void *context;
} job;

typedef struct worker {
    job *job;
    int number;
    pthread_t thread;
} worker;

static void work(job *j, int number)
{
    if (j->init) j->init(j->context, number);
    while (!atomic_load_explicit(&j->stop, memory_order_relaxed)) {
        size_t item = atomic_fetch_add(&j->next, 1);
        if (item >= j->n) break;
        if (!j->fn(j->context, number, item)) atomic_store(&j->stop, true);
    }
}

static void *start(void *arg)
{
    worker *w = arg;
    work(w->job, w->number);
    return NULL;
}

/* Signals that a person sends are the first thread's. */
static void block_signals(sigset_t *old)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, old);
}

bool xb_par_run(int threads, size_t n, void (*init)(void *context, int worker),
                bool (*fn)(void *context, int worker, size_t item), void *context)
{
    if (!n) return true;
    if (threads > MOST) threads = MOST;
    if (threads < 1) threads = 1;
    if ((size_t)threads > n) threads = (int)n;
    job j = {.n = n, .init = init, .fn = fn, .context = context};
    worker *w = xb_calloc((size_t)threads, sizeof *w);
    sigset_t old;
    block_signals(&old);
    int started = 1; /* the caller is worker 0 */
    for (; started < threads; started++) {
        w[started] = (worker){.job = &j, .number = started};
        if (pthread_create(&w[started].thread, NULL, start, &w[started]) != 0) break; /* fewer threads do */
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    work(&j, 0);
    for (int i = 1; i < started; i++) pthread_join(w[i].thread, NULL);
    free(w);
    return !atomic_load(&j.stop);
}
