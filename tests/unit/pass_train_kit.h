/* pass_train_kit.h: a pass in training: a network that has learned, a host that stops it in a step, and what must not
 * matter to the bytes: threads and stops. Behind pass_kit.h. */
#ifndef PASS_TRAIN_KIT_H
#define PASS_TRAIN_KIT_H

#include "pass_kit.h"
#include "watched_kit.h"
#include <sys/stat.h>
#include <sys/wait.h>

#define DATA "digits:840@1"
#define HOLDOUT 200 /* 640 to train on: 20 steps of 32 an epoch */
#define POINTS 64

/* small_net after a few epochs. */
static xb_graph *learned;

static inline void learn(void)
{
    kit k;
    kit_begin(&k, small_net, DATA, "{epochs: 24, batch: 32, rate: 0.005, optimizer: adam, schedule: cosine}");
    k.run.holdout = HOLDOUT;
    ck_assert_msg(kit_train(&k), "%s", xb_diags_text(k.d));
    ck_assert_double_gt(k.result.holdout.top1, 0.7);
    learned = xb_graph_clone(k.g);
    kit_end(&k);
}

static inline void forget(void)
{
    xb_graph_free(learned);
}

static inline bench *bench_on(xb_graph *g, const char *text)
{
    bench *b = bench_new(g, text, DATA, HOLDOUT);
    ck_assert_msg(check(b->cx, &b->o) >= 0, "%s", xb_diags_text(b->d));
    return b;
}

static inline bench *bench_learned(const char *text)
{
    return bench_on(xb_graph_clone(learned), text);
}

/* ---- the same bytes ---- */

static inline void threads_give_the_same(const char *text)
{
    char one[XB_DIGEST_HEX], other[XB_DIGEST_HEX];
    char *journal[3];
    for (int i = 0; i < 3; i++) {
        bench *b = bench_learned(text);
        b->c->learning.engine.threads = 1 << i;
        bench_run(b);
        kit_digest(bench_graph(b), i ? other : one);
        journal[i] = bench_journal(b);
        bench_free(b);
        if (!i) continue;
        ck_assert_str_eq(one, other);
        ck_assert_str_eq(journal[0], journal[i]);
    }
    for (int i = 0; i < 3; i++) free(journal[i]);
}

/* In a process of its own, which Ctrl-C stops in that step, or in the measurement after it. */
static inline void stopped_run(const char *text, const char *dir, int64_t stop_at)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        xb_interrupt_install();
        bench *b = bench_learned(text);
        b->c->learning.checkpoints = dir;
        seen.stop_run = 1;
        seen.stop_step = stop_at;
        begin_watch(b->cx);
        int status = run(b->cx, b->m, &b->o);
        _exit(status < 0 && bench_says(b, "was interrupted") ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* What the pass left: the network, the journal, the warnings on stderr. */
static inline char *bench_left(bench *b)
{
    char hex[XB_DIGEST_HEX], *journal = bench_journal(b), *said = xb_strdup(xb_diags_text(b->d)), *save = NULL;
    xb_buf t = {0};
    kit_digest(bench_graph(b), hex);
    xb_buf_printf(&t, "%s\n%s", hex, journal);
    for (char *line = strtok_r(said, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (strstr(line, "warning: ")) xb_buf_printf(&t, "%s\n", line);
    free(journal);
    free(said);
    return t.data;
}

static inline void stops_give_the_same(const char *text, const int64_t *stops, size_t n)
{
    char dir[] = "/tmp/xbarc-pass-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    bench *b = bench_learned(text);
    bench_run(b);
    char *whole = bench_left(b);
    bench_free(b);
    for (size_t i = 0; i < n; i++) stopped_run(text, dir, stops[i]);
    for (int again = 0; again < 2; again++) { /* and once more when it has ended */
        b = bench_learned(text);
        b->c->learning.checkpoints = dir;
        bench_run(b);
        char *parts = bench_left(b);
        ck_assert_str_eq(whole, parts);
        free(parts);
        if (again) xb_context_drop_checkpoints(b->c);
        bench_free(b);
    }
    free(whole);
}

#endif
