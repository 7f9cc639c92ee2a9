/* watched_kit.h: a host whose trainer is watched: a look at the first step, Ctrl-C in a step of one of its runs. */
#ifndef WATCHED_KIT_H
#define WATCHED_KIT_H

#include <signal.h>
#include <string.h>
#include <xbarc/xbarc.h>

static struct {
    const xb_host *real;
    xb_host host;
    xb_train_api train;
    const xb_train_api *trainer;
    xb_train_hooks hooks;
    int (*on_gradient)(xb_cx *cx, xb_trainer *t, void *context);
    int run, stop_run; /* of the trainer, from 1; 0: none */
    int64_t stop_step;
    void (*first)(xb_trainer *t); /* called in the first step of the first run; NULL: nothing is */
} seen;

static inline const void *watched_service(xb_cx *cx, const char *name, uint32_t version)
{
    return strcmp(name, "xb.train") == 0 ? &seen.train : seen.real->service(cx, name, version);
}

static inline int on_watched_gradient(xb_cx *cx, xb_trainer *t, void *context)
{
    int64_t step = seen.trainer->step(t) + 1;
    if (seen.run == 1 && step == 1 && seen.first) seen.first(t);
    if (seen.run == seen.stop_run && step == seen.stop_step) raise(SIGINT);
    return seen.on_gradient ? seen.on_gradient(cx, t, context) : 0;
}

static inline int watched_run(xb_cx *cx, xb_graph *g, const xb_recipe *r, const xb_train_hooks *hooks,
                              xb_train_result *result)
{
    seen.run++;
    seen.hooks = *hooks;
    seen.on_gradient = hooks->on_gradient;
    seen.hooks.on_gradient = on_watched_gradient;
    return seen.trainer->run(cx, g, r, &seen.hooks, result);
}

/* From here on; the host that was is seen.real. */
static inline void begin_watch(xb_cx *cx)
{
    seen.real = cx->host;
    seen.trainer = cx->host->service(cx, "xb.train", 1);
    seen.host = *cx->host;
    seen.host.service = watched_service;
    seen.train = *seen.trainer;
    seen.train.run = watched_run;
    seen.run = 0;
    cx->host = &seen.host;
}

#endif
