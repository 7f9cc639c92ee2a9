/* usage: product [ROUNDS]: GFLOP/s of one thread on the matrices of LeNet and ResNet-18, cut in blocks of 64 and 128
 * rows: oneDNN's sgemm, and as shares of it the crossbar kernel with ideal converters, with 8-bit ADCs, with read noise
 * on top, and on integer codes (weights up to 127, and up to 64). CPU time, medians of rounds in which all of them take
 * turns. */
#include "sim/product.h"
#include "nn/dnnl_train.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WAYS = 6, ROUNDS_MAX = 101 };

typedef struct layer {
    const char *name;
    int64_t rows, cols, n;
} layer;

static const layer layers[] = {
    {"lenet conv1", 25, 20, 2304},  {"lenet conv2", 500, 50, 1024}, {"lenet fc1", 800, 500, 256},
    {"lenet fc2", 500, 10, 256},    {"resnet 64", 576, 64, 3136},   {"resnet 128", 1152, 128, 784},
    {"resnet 256", 2304, 256, 196}, {"resnet 512", 4608, 512, 98},
};

typedef struct bench {
    const layer *l;
    float *w, *x, *y;
    uint8_t *codes;
    xb_panels *plain, *noisy;
    xb_panels8 *integer, *small;
} bench;

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void once(const bench *b, int way)
{
    const layer *l = b->l;
    const xb_adc ideal = {.step = 0}, adc = {.step = 0.125f, .low = -128, .high = 127};
    const xb_read_noise noise = {.seed = 7, .stream = 1};
    size_t rows = (size_t)l->rows, cols = (size_t)l->cols, n = (size_t)l->n;
    switch (way) {
    case 0:
        xb_dnnl_product(false, false, l->n, l->cols, l->rows, b->x, b->w, true, b->y);
        break;
    case 1:
        xb_array_product(b->plain, b->x, rows, n, 1e-3f, &ideal, NULL, b->y, cols, NULL, NULL);
        break;
    case 2:
        xb_array_product(b->plain, b->x, rows, n, 1e-3f, &adc, NULL, b->y, cols, NULL, NULL);
        break;
    case 3:
        xb_array_product(b->noisy, b->x, rows, n, 1e-3f, &adc, &noise, b->y, cols, NULL, NULL);
        break;
    default:
        xb_array_product8(way == 4 ? b->integer : b->small, b->codes, false, rows, n, 1e-4f, 1e-3f, &adc, b->y, cols, NULL,
                    NULL);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bench bench_of(const layer *l, int64_t block)
{
    size_t rows = (size_t)l->rows, cols = (size_t)l->cols, n = (size_t)l->n, blocks = 0;
    bench b = {.l = l};
    b.w = calloc(rows * cols, sizeof *b.w), b.x = calloc(rows * n, sizeof *b.x), b.y = calloc(n * cols, sizeof *b.y);
    b.codes = calloc(rows, n);
    float *variance = calloc(rows * cols, sizeof *variance);
    int8_t *w8 = calloc(rows, cols);
    int64_t *end = calloc(rows, sizeof *end);
    if (!b.w || !b.x || !b.y || !b.codes || !variance || !w8 || !end) exit(3);
    xb_rng r = xb_rng_at(1, XB_RNG_INIT, 0);
    for (size_t i = 0; i < rows * cols; i++) {
        b.w[i] = (float)xb_rng_between(&r, -1, 1), variance[i] = 1e-4f * b.w[i] * b.w[i];
        w8[i] = (int8_t)((int)xb_rng_below(&r, 255) - 127);
    }
    for (size_t i = 0; i < rows * n; i++) b.x[i] = (float)xb_rng_unit(&r), b.codes[i] = (uint8_t)xb_rng_below(&r, 256);
    for (int64_t at = 0; at < l->rows; at += block) end[blocks++] = at + block < l->rows ? at + block : l->rows;
    b.plain = xb_panels_new(b.w, NULL, l->rows, l->cols, end, blocks);
    b.noisy = xb_panels_new(b.w, variance, l->rows, l->cols, end, blocks);
    b.integer = xb_panels8_new(w8, l->rows, l->cols, end, blocks);
    for (size_t i = 0; i < rows * cols; i++) w8[i] = (int8_t)(w8[i] / 2);
    b.small = xb_panels8_new(w8, l->rows, l->cols, end, blocks);
    free(variance), free(w8), free(end);
    return b;
}

static void measure(const layer *l, int64_t block, int rounds)
{
    bench b = bench_of(l, block);
    static double taken[WAYS][ROUNDS_MAX];
    for (int way = 0; way < WAYS; way++) once(&b, way);
    for (int i = 0; i < rounds; i++)
        for (int way = 0; way < WAYS; way++) {
            double start = cpu_seconds();
            once(&b, way);
            taken[way][i] = cpu_seconds() - start;
        }
    double rate[WAYS];
    for (int way = 0; way < WAYS; way++) {
        qsort(taken[way], (size_t)rounds, sizeof taken[way][0], by_size);
        rate[way] = 2e-9 * (double)(l->rows * l->cols * l->n) / taken[way][rounds / 2];
    }
    printf("%s\t%s\t%lld\t%.1f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\n", l->name, xb_product_kernel(), (long long)block,
           rate[0], rate[1] / rate[0], rate[2] / rate[0], rate[3] / rate[0], rate[4] / rate[0], rate[5] / rate[0]);
    fflush(stdout);
    free(b.w), free(b.x), free(b.y), free(b.codes);
    xb_panels_free(b.plain), xb_panels_free(b.noisy), xb_panels8_free(b.integer), xb_panels8_free(b.small);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 21;
    if (rounds < 1 || rounds > ROUNDS_MAX) return 2;
    xb_dnnl_one_thread();
    printf("# layer\tkernel\tblock rows\tsgemm GFLOP/s\tideal\tADC\tADC and noise\tint8\tint8 to 64\n");
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        for (int64_t block = 64; block <= 128; block *= 2) measure(&layers[i], block, rounds);
    return 0;
}
