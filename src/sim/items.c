/* items.c: work that may fail, on several threads: what is said does not depend on which of them was first. */
#include "base/par.h"
#include "sim/sim_private.h"

typedef struct items {
    bool (*fn)(void *context, size_t item, xb_diags *d);
    void *context;
    atomic_size_t failed; /* the first of them; SIZE_MAX: none */
} items;

static bool run(void *context, int worker, size_t item)
{
    items *j = context;
    (void)worker;
    if (j->fn(j->context, item, NULL)) return true;
    size_t least = atomic_load(&j->failed);
    while (item < least && !atomic_compare_exchange_weak(&j->failed, &least, item)) {
    }
    return false;
}

/* Items are handed out in order, so the first one that fails is always reached. */
bool xb_sim_items(int threads, size_t n, xb_diags *d, bool (*fn)(void *context, size_t item, xb_diags *d),
                  void *context)
{
    items j = {.fn = fn, .context = context, .failed = SIZE_MAX};
    if (xb_par_run(threads, n, NULL, run, &j)) return true;
    return fn(context, atomic_load(&j.failed), d);
}
