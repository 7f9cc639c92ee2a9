/* team.c: threads that sleep on a condition between runs. A run does not wait for a thread that has not woken up before
 * the items were gone: who comes late finds no job. */
#include "base/mem.h"
#include "base/par_private.h"
#include <pthread.h>
#include <stdlib.h>

typedef struct member {
    xb_team *team;
    int number;
    pthread_t thread;
} member;

struct xb_team {
    int size;
    member *member; /* [0] is the caller */
    void (*init)(void *context, int worker);
    void *context; /* of init */
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    /* under lock: */
    xb_job *job; /* NULL: none to join */
    uint64_t runs;
    int busy; /* members at a job, or still in init */
    bool over;
};

/* The job of a run later than `seen`; NULL: the team is dissolved. Lock held. */
static xb_job *next_job(xb_team *t, uint64_t *seen)
{
    while (!t->over && (!t->job || t->runs == *seen)) pthread_cond_wait(&t->wake, &t->lock);
    *seen = t->runs;
    return t->over ? NULL : t->job;
}

static void leave(xb_team *t)
{
    if (--t->busy == 0) pthread_cond_signal(&t->done);
}

static void *live(void *arg)
{
    member *m = arg;
    xb_team *t = m->team;
    uint64_t seen = 0;
    if (t->init) t->init(t->context, m->number);
    pthread_mutex_lock(&t->lock);
    leave(t);
    for (xb_job *j; (j = next_job(t, &seen));) {
        t->busy++;
        pthread_mutex_unlock(&t->lock);
        xb_job_work(j, m->number);
        pthread_mutex_lock(&t->lock);
        leave(t);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static void await_idle(xb_team *t)
{
    while (t->busy) pthread_cond_wait(&t->done, &t->lock);
}

xb_team *xb_team_new(int threads, void (*init)(void *context, int worker), void *context)
{
    int most = threads < 1 ? 1 : threads < XB_PAR_MOST ? threads : XB_PAR_MOST;
    xb_team *t = xb_calloc(1, sizeof *t);
    *t = (xb_team){.size = 1, .init = init, .context = context};
    t->member = xb_calloc((size_t)most, sizeof *t->member);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    pthread_cond_init(&t->done, NULL);
    sigset_t old;
    xb_par_block_signals(&old);
    pthread_mutex_lock(&t->lock);
    for (; t->size < most; t->size++) {
        member *m = &t->member[t->size];
        *m = (member){.team = t, .number = t->size};
        if (pthread_create(&m->thread, NULL, live, m) != 0) break; /* fewer threads do */
        t->busy++;
    }
    pthread_mutex_unlock(&t->lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (init) init(context, 0);
    pthread_mutex_lock(&t->lock);
    await_idle(t);
    pthread_mutex_unlock(&t->lock);
    return t;
}

void xb_team_free(xb_team *t)
{
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    t->over = true;
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->lock);
    for (int i = 1; i < t->size; i++) pthread_join(t->member[i].thread, NULL);
    pthread_cond_destroy(&t->done);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    free(t->member);
    free(t);
}

int xb_team_size(const xb_team *t)
{
    return t->size;
}

bool xb_team_run(xb_team *t, size_t n, bool (*fn)(void *context, int worker, size_t item), void *context)
{
    xb_job j = {.n = n, .fn = fn, .context = context};
    bool together = t->size > 1 && n > 1;
    if (together) {
        pthread_mutex_lock(&t->lock);
        t->job = &j;
        t->runs++;
        for (int i = 1; i < t->size && (size_t)i < n; i++) pthread_cond_signal(&t->wake);
        pthread_mutex_unlock(&t->lock);
    }
    xb_job_work(&j, 0);
    if (together) {
        pthread_mutex_lock(&t->lock);
        t->job = NULL;
        await_idle(t);
        pthread_mutex_unlock(&t->lock);
    }
    return !atomic_load(&j.stop);
}
