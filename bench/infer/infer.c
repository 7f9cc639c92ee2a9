/* usage: infer MODEL.onnx [MICRO_BATCH [IMAGES]]: prints the rate of the float engine on one thread, on random images:
 * profile, images per CPU second (best of five runs), peak memory in MB. */
#include "base/rng.h"
#include "nn/engine.h"
#include "nn/ref.h"
#include "onnx/onnx.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { IMAGES = 64, ROUNDS = 5 }; /* different images; rounds */

typedef struct images {
    float *data;
    size_t item;
} images;

static bool fill(void *context, int worker, size_t first, size_t count, float *in)
{
    const images *x = context;
    (void)worker;
    for (size_t i = 0; i < count; i++)
        memcpy(in + i * x->item, x->data + (first + i) % IMAGES * x->item, x->item * sizeof *in);
    return true;
}

static bool take(void *context, int worker, size_t first, size_t count, const float *out, const xb_type *type)
{
    (void)context, (void)worker, (void)first, (void)count, (void)out, (void)type;
    return true;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool measure(xb_engine *e, size_t count)
{
    size_t call;
    images x;
    xb_type out;
    if (!xb_engine_stream_shape(e, &call, &x.item, &out)) return false;
    x.data = xb_calloc(IMAGES * x.item, sizeof *x.data);
    xb_rng r = xb_rng_at(1, XB_RNG_INIT, 0);
    for (size_t i = 0; i < IMAGES * x.item; i++) x.data[i] = (float)xb_rng_unit(&r);
    bool ok = xb_engine_stream(e, call, fill, take, &x);
    double best = 0;
    for (int i = 0; ok && i < ROUNDS; i++) {
        double start = cpu_seconds();
        ok = xb_engine_stream(e, count, fill, take, &x);
        double rate = (double)count / (cpu_seconds() - start);
        if (rate > best) best = rate;
    }
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("%s\t%.1f\t%ld\n", xb_engine_profile(), best, u.ru_maxrss / 1000);
    free(x.data);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc < 2) return fprintf(stderr, "usage: infer MODEL.onnx [MICRO_BATCH [IMAGES]]\n"), 2;
    xb_diags *d = xb_diags_new(stderr, XB_DIAG_TEXT, false);
    xb_engine_options o = {.threads = 1, .micro_batch = argc > 2 ? atoi(argv[2]) : 0};
    xb_graph *g = xb_onnx_read(d, argv[1]);
    xb_engine *e = g && xb_graph_infer(d, g, xb_ref_fold) ? xb_engine_new(d, g, &o) : NULL;
    bool ok = e && measure(e, argc > 3 ? (size_t)atol(argv[3]) : 256);
    xb_engine_free(e);
    xb_graph_free(g);
    xb_diags_free(d);
    return ok ? 0 : 1;
}
