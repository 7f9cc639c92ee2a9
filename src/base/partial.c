#include "base/partial.h"
#include "base/out.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct xb_partial {
    xb_partial *next;
    atomic_bool active;
    pid_t owner;
    int is_dir;
    size_t room;
    char *path;
};

/* Process-wide, as signals are. */
static _Atomic(xb_partial *) first;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

xb_partial *xb_partial_add(const char *path, int is_dir)
{
    size_t room = strlen(path) + 1;
    pthread_mutex_lock(&lock);
    if (!atomic_load(&first)) atexit(xb_out_abandon_all);
    xb_partial *p = atomic_load(&first);
    while (p && (atomic_load(&p->active) || p->room < room)) p = p->next;
    if (!p) {
        p = xb_calloc(1, sizeof *p);
        p->room = room < 256 ? 256 : room;
        p->path = xb_malloc(p->room);
        p->next = atomic_load(&first);
        atomic_store(&first, p);
    }
    memcpy(p->path, path, room);
    p->is_dir = is_dir;
    p->owner = getpid();
    atomic_store(&p->active, true);
    pthread_mutex_unlock(&lock);
    return p;
}

void xb_partial_done(xb_partial *p)
{
    if (p) atomic_store(&p->active, false);
}

void xb_out_abandon_all(void)
{
    pid_t me = getpid();
    for (xb_partial *p = atomic_load(&first); p; p = p->next)
        if (atomic_load(&p->active) && p->owner == me && !p->is_dir) unlink(p->path);
    for (bool again = true; again;) { /* a folder goes when those inside are gone */
        again = false;
        for (xb_partial *p = atomic_load(&first); p; p = p->next) {
            if (!atomic_load(&p->active) || p->owner != me || !p->is_dir || rmdir(p->path) != 0) continue;
            atomic_store(&p->active, false);
            again = true;
        }
    }
}
