/* test-device.c: the model by itself, found as xbarc finds it and given numbers that are known. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <xbarc/xbarc.h>

const xb_plugin *xbarc_plugin_query(const xb_abi *host); /* of the plugin, which is linked in here */

/* An options structure whose first option, a real, has this value. */
static void set(const xb_device *device, void *options, double value)
{
    memcpy((char *)options + device->options[0].offset, &value, sizeof value);
}

/* 0, 1/4, 1/2, 3/4 */
static void quarters(const xb_cells *c, uint32_t draw, float *out)
{
    for (size_t i = 0; i < c->n; i++) out[i] = (float)((double)(i + draw) / 4);
}

int main(void)
{
    const xb_cells cells = {
        .struct_size = sizeof cells, .n = 4, .g_min = 1e-6, .g_max = 101e-6, .normal = quarters, .uniform = quarters};
    const xb_device *device = xbarc_plugin_query(NULL)->devices[0];
    double ten_percent[8] = {0}, off[8] = {0}; /* room for the options of any small model */
    const float target[4] = {2e-6f, 50e-6f, 50e-6f, 101e-6f};
    const double expected[4] = {1e-6, 47.5e-6, 50e-6, 103.5e-6}; /* the first is clipped at g_min */
    float v[4] = {2e-6f, 50e-6f, 50e-6f, 101e-6f};
    int bad = device->options_size > sizeof off;
    set(device, ten_percent, 0.1);
    device->program(&cells, off, v);
    for (int i = 0; i < 4; i++) bad += fabs(v[i] - (double)target[i]) > 1e-11;
    device->program(&cells, ten_percent, v);
    for (int i = 0; i < 4; i++) bad += fabs(v[i] - expected[i]) > 1e-11;
    if (bad) fprintf(stderr, "test-device: %d wrong conductances\n", bad);
    return bad != 0;
}
