/* usage: irdrop N R: times an N x N array, 1 to 100 uS, wires of R ohm, one thread.
 * Prints: iterations, set-up ms, first solve with set-up (cold) ms, later solve (warm) ms, warm to 1e-6 ms, transfer
 * matrix ms. Processor time, the best of some rounds. */
#include "sim/irdrop.h"
#include "base/rng.h"
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 20 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void keep(double *best, double ms)
{
    if (*best == 0 || ms < *best) *best = ms;
}

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    size_t n = (size_t)atoi(argv[1]);
    double r = atof(argv[2]), setup = 0, cold = 0, warm = 0, loose = 0, transfer = 0, start;
    double *g = xb_calloc(2 * n * n, sizeof *g), *t = g + n * n, *v = xb_calloc(2 * n, sizeof *v), *current = v + n;
    xb_rng rng = xb_rng_at(1, XB_RNG_CHIP, 0);
    for (size_t i = 0; i < n * n; i++) g[i] = xb_rng_between(&rng, 1e-6, 100e-6);
    for (size_t i = 0; i < n; i++) v[i] = xb_rng_unit(&rng);
    xb_irdrop_result result = {0};
    for (int k = 0; k < ROUNDS; k++) {
        start = now();
        xb_irdrop *s = xb_irdrop_new(NULL, g, n, n, r, r);
        xb_irdrop_work *w = xb_irdrop_work_new(s);
        keep(&setup, now() - start);
        result = xb_irdrop_solve(s, w, NULL, v, current);
        keep(&cold, now() - start);
        start = now();
        xb_irdrop_solve(s, w, NULL, v, current);
        keep(&warm, now() - start);
        start = now();
        xb_irdrop_solve(s, w, &(xb_irdrop_options){.tolerance = 1e-6}, v, current);
        keep(&loose, now() - start);
        start = now();
        if (k < 2) xb_irdrop_transfer(s, w, NULL, t);
        if (k < 2) keep(&transfer, now() - start);
        xb_irdrop_work_free(w);
        xb_irdrop_free(s);
    }
    printf("%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.1f\n", result.iterations, setup, cold, warm, loose, transfer);
    free(g);
    free(v);
    return 0;
}
