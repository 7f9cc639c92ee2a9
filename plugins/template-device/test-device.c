/* test-device.c: the model by itself, given numbers that are known. */
#include "uniform-error.c"
#include <math.h>
#include <stdio.h>

/* 0, 1/4, 1/2, 3/4 */
static void quarters(const xb_cells *c, uint32_t draw, float *out)
{
    for (size_t i = 0; i < c->n; i++) out[i] = (float)((double)(i + draw) / 4);
}

int main(void)
{
    const xb_cells cells = {
        .struct_size = sizeof cells, .n = 4, .g_min = 1e-6, .g_max = 101e-6, .normal = quarters, .uniform = quarters};
    const error_options ten_percent = {0.1}, off = {0};
    const float target[4] = {2e-6f, 50e-6f, 50e-6f, 101e-6f};
    const double expected[4] = {1e-6, 47.5e-6, 50e-6, 103.5e-6}; /* the first is clipped at g_min */
    float v[4] = {2e-6f, 50e-6f, 50e-6f, 101e-6f};
    int bad = 0;
    program(&cells, &off, v);
    for (int i = 0; i < 4; i++) bad += fabs(v[i] - (double)target[i]) > 1e-11;
    program(&cells, &ten_percent, v);
    for (int i = 0; i < 4; i++) bad += fabs(v[i] - expected[i]) > 1e-11;
    if (bad) fprintf(stderr, "test-device: %d wrong conductances\n", bad);
    return bad != 0;
}
