#include "base/mem.h"
#include "base/par_private.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { MOST = XB_PAR_MOST };

int xb_par_threads(int asked)
{
    if (asked > 0) return asked < MOST ? asked : MOST;
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n < MOST ? n : MOST;
}

void xb_job_work(xb_job *j, int worker)
{
    while (!atomic_load_explicit(&j->stop, memory_order_relaxed)) {
        size_t item = atomic_fetch_add(&j->next, 1);
        if (item >= j->n) break;
        if (!j->fn(j->context, worker, item)) atomic_store(&j->stop, true);
    }
}

void xb_par_block_signals(sigset_t *old)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, old);
}

typedef struct worker {
    xb_job *job;
    void (*init)(void *context, int worker);
    int number;
    pthread_t thread;
} worker;

static void *start(void *arg)
{
    worker *w = arg;
    if (w->init) w->init(w->job->context, w->number);
    xb_job_work(w->job, w->number);
    return NULL;
}

bool xb_par_run(int threads, size_t n, void (*init)(void *context, int worker),
                bool (*fn)(void *context, int worker, size_t item), void *context)
{
    if (!n) return true;
    if (threads > MOST) threads = MOST;
    if (threads < 1) threads = 1;
    if ((size_t)threads > n) threads = (int)n;
    xb_job j = {.n = n, .fn = fn, .context = context};
    worker *w = xb_calloc((size_t)threads, sizeof *w);
    sigset_t old;
    xb_par_block_signals(&old);
    int started = 1; /* the caller is worker 0 */
    for (; started < threads; started++) {
        w[started] = (worker){.job = &j, .init = init, .number = started};
        if (pthread_create(&w[started].thread, NULL, start, &w[started]) != 0) break; /* fewer threads do */
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    w[0] = (worker){.job = &j, .init = init};
    start(&w[0]);
    for (int i = 1; i < started; i++) pthread_join(w[i].thread, NULL);
    free(w);
    return !atomic_load(&j.stop);
}
