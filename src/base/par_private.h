/* par_private.h: what threads that come and go (par.c) and threads that stay (team.c) have in common. */
#ifndef XB_BASE_PAR_PRIVATE_H
#define XB_BASE_PAR_PRIVATE_H

#include "base/par.h"
#include <signal.h>
#include <stdatomic.h>

enum { XB_PAR_MOST = 1024 }; /* threads */

typedef struct xb_job {
    size_t n;
    atomic_size_t next;
    atomic_bool stop;
    bool (*fn)(void *context, int worker, size_t item);
    void *context;
} xb_job;

/* Takes items until there are none, or one has failed. */
void xb_job_work(xb_job *j, int worker);
/* Signals that a person sends are the first thread's: blocks them for threads made from now on. */
void xb_par_block_signals(sigset_t *old);

#endif
