/* usage: train NET.xir DATA BATCH STEPS ROUNDS THREADS: trains in rounds of so many steps, each after a line on
 * standard input, so that another program can take turns. Prints after each round: CPU seconds, wall seconds; at the
 * end: profile, part of the workers' time outside oneDNN. */
#include "nn/train/train.h"
#include "base/opts.h"
#include "base/progress.h"
#include "ir/infer.h"
#include "ir/text.h"
#include "nn/ref.h"
#include "nn/train/init.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WARM = 3 }; /* steps before the first round */

typedef struct rounds {
    int64_t steps;
    double cpu, wall; /* at the start of the round */
} rounds;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Waits for our turn. */
static void begin(rounds *r)
{
    int c;
    while ((c = getchar()) != '\n' && c != EOF) {
    }
    r->cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    r->wall = seconds(CLOCK_MONOTONIC);
}

static void on_step(void *context, int64_t step, double rate, double loss)
{
    rounds *r = context;
    (void)rate, (void)loss;
    if (step < WARM || (step - WARM) % r->steps) return;
    if (step > WARM)
        printf("%.6f\t%.6f\n", seconds(CLOCK_PROCESS_CPUTIME_ID) - r->cpu, seconds(CLOCK_MONOTONIC) - r->wall);
    fflush(stdout);
    begin(r);
}

static bool recipe_of(xb_diags *d, xb_arena *a, int64_t batch, int64_t steps, xb_recipe *r)
{
    if (!xb_opts_read(d, a, "train", xb_recipe_options, NULL, r, sizeof *r)) return false;
    r->batch = batch;
    r->steps = steps;
    r->rate = 1e-3;
    return true;
}

static bool measure(xb_diags *d, xb_graph *g, const xb_dataset *data, const xb_recipe *recipe, rounds *r, int threads)
{
    xb_input_map map = {0};
    xb_training w = {.d = d,
                     .graph = g,
                     .recipe = recipe,
                     .seed = 1,
                     .data = data,
                     .map = &map,
                     .engine = {.threads = threads},
                     .label = "train",
                     .identity = "",
                     .on_step = on_step,
                     .row_context = r};
    xb_train_times t;
    if (!xb_train(&w, NULL, &t)) return false;
    double all = t.shards + t.data + t.pack + t.sum + t.update;
    printf("%s\t%.4f\t", xb_engine_profile(), 1 - t.dnnl / all);
    printf("samples %.3f, packing %.3f, rest of forward and back %.3f, sums %.3f, optimiser %.3f\n", t.data / all,
           t.pack / all, (t.shards - t.dnnl) / all, t.sum / all, t.update / all);
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 7) return fprintf(stderr, "usage: train NET.xir DATA BATCH STEPS ROUNDS THREADS\n"), 2;
    xb_progress_quiet(true);
    xb_diags *d = xb_diags_new(stderr, XB_DIAG_TEXT, false);
    xb_arena *a = xb_arena_new();
    rounds r = {.steps = atol(argv[4])};
    xb_recipe recipe;
    xb_graph *g = xb_xir_read(d, argv[1]);
    xb_dataset *data = xb_dataset_open(d, argv[2], NULL);
    bool ok = g && data && xb_graph_infer(d, g, xb_ref_fold) &&
              recipe_of(d, a, atol(argv[3]), WARM + r.steps * atol(argv[5]), &recipe);
    if (ok) xb_init_weights(g, XB_INIT_HE, 1);
    ok = ok && measure(d, g, data, &recipe, &r, atoi(argv[6]));
    xb_dataset_free(data);
    xb_graph_free(g);
    xb_arena_free(a);
    xb_diags_free(d);
    return ok ? 0 : 1;
}
