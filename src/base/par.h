/* par.h: our threads. Work is cut into items whose number never depends on the thread count; results are put
 * together by item, so bytes are the same for any number of threads. */
#ifndef XB_BASE_PAR_H
#define XB_BASE_PAR_H

#include <stdbool.h>
#include <stddef.h>

/* Threads to use: option value n > 0, else OMP-like default = processors the process may run on. */
int xb_par_threads(int asked);
/* Runs fn(context, worker, item) for items 0..n-1 on up to `threads` threads; worker < threads. Items are handed out in
 * order. fn returning false stops handing out; then false. Every thread first calls init(context, worker) (may be NULL). */
bool xb_par_run(int threads, size_t n, void (*init)(void *context, int worker),
                bool (*fn)(void *context, int worker, size_t item), void *context);

/* Threads that stay between runs, asleep: for many short runs in a row. Same contract. Worker 0 is the caller: the thread
 * that made the team alone runs it, and not from within a run. */
typedef struct xb_team xb_team;
xb_team *xb_team_new(int threads, void (*init)(void *context, int worker), void *context); /* init once per thread */
void xb_team_free(xb_team *t);
int xb_team_size(const xb_team *t);
bool xb_team_run(xb_team *t, size_t n, bool (*fn)(void *context, int worker, size_t item), void *context);

#endif
