/* Read noise: the numbers that the contract states, normal ones, and independent of each other. */
#include "sim_product_kit.h"
#include "suite.h"
#include <Random123/philox.h>

static const char *const kernels[] = {"plain", "avx2", "best"};
enum { KERNELS = sizeof kernels / sizeof *kernels, BLOCKS = 7, COLS = 45 };

/* Matrices of zeros with variance 4 in blocks of one row: with x = 1/2 each conversion is a standard normal number. */
static xb_panels *pure(size_t blocks, int64_t cols)
{
    float *zero = xb_calloc(blocks * (size_t)cols, sizeof *zero),
          *four = xb_calloc(blocks * (size_t)cols, sizeof *four);
    int64_t *end = xb_calloc(blocks, sizeof *end);
    for (size_t i = 0; i < blocks * (size_t)cols; i++) four[i] = 4;
    for (size_t b = 0; b < blocks; b++) end[b] = (int64_t)b + 1;
    xb_panels *p = xb_panels_new(zero, four, (int64_t)blocks, cols, end, blocks);
    free(zero), free(four), free(end);
    return p;
}

/* In doubles, from the words of Random123. */
static double stated(const xb_read_noise *noise, uint64_t vector, uint32_t b, uint32_t m)
{
    philox4x32_ctr_t counter = {{(uint32_t)(vector / 4), b + (uint32_t)(vector / 4 >> 32 << 20), m, noise->stream}};
    philox4x32_key_t key = {{(uint32_t)noise->seed, (uint32_t)(noise->seed >> 32)}};
    philox4x32_ctr_t words = philox4x32_R(10, counter, key);
    const uint32_t *w = words.v + vector % 4 / 2 * 2;
    float unit = fmaf((float)(w[0] >> 1), 0x1p-31f, 0x1p-32f); /* rounded: near 1 the length is coarse */
    double length = sqrt(-2 * log(unit)), angle = 2 * M_PI * w[1] * 0x1p-32;
    return length * (vector % 2 ? sin(angle) : cos(angle));
}

/* Only block b sees an input. */
static void one_block(const xb_panels *p, const xb_read_noise *noise, size_t n, size_t b, float *y)
{
    const xb_adc ideal = {.step = 0};
    float *x = xb_calloc(n * BLOCKS, sizeof *x);
    for (size_t v = 0; v < n; v++) x[v * BLOCKS + b] = 0.5f;
    memset(y, 0, n * COLS * sizeof *y);
    xb_array_product(p, x, BLOCKS, n, 1, &ideal, noise, y, COLS, NULL, NULL);
    free(x);
}

START_TEST(numbers_are_the_stated_ones)
{
    enum { N = 61 };
    const uint64_t first[] = {0, 0x3ffffffe1, 0x1c00000003};
    use_kernel(kernels[_i]);
    xb_panels *p = pure(BLOCKS, COLS);
    float y[N * COLS];
    for (size_t f = 0; f < 3; f++) {
        const xb_read_noise noise = {.seed = 0xfedcba9876543210, .stream = 77, .first = first[f]};
        for (size_t b = 0; b < BLOCKS; b++) {
            one_block(p, &noise, N, b, y);
            for (size_t i = 0; i < N * COLS; i++)
                ck_assert_double_eq_tol(y[i], stated(&noise, first[f] + i / COLS, (uint32_t)b, (uint32_t)(i % COLS)),
                                        1.5e-6);
        }
    }
    xb_panels_free(p);
}
END_TEST

/* Moments of 1,036,800 numbers within three standard errors, and no correlation between neighbours of any kind. */
START_TEST(numbers_are_normal)
{
    enum { N = 3200, DRAWS = N * COLS * BLOCKS };
    const xb_read_noise noise = {.seed = 2024, .stream = 5, .first = 10};
    use_kernel("best");
    xb_panels *p = pure(BLOCKS, COLS);
    float *y = xb_calloc(DRAWS, sizeof *y);
    for (size_t b = 0; b < BLOCKS; b++) one_block(p, &noise, N, b, y + b * N * COLS);
    double moment[5] = {0}, tail = 0, beside[4] = {0};
    const size_t step[4] = {1, COLS, 2 * COLS, (size_t)N * COLS}; /* column, vector, second vector, block */
    for (size_t i = 0; i < DRAWS; i++) {
        double power = 1;
        for (int k = 1; k < 5; k++) moment[k] += (power *= y[i]) / DRAWS;
        tail += fabsf(y[i]) > 3;
        for (int k = 0; k < 4; k++) beside[k] += (double)y[i] * y[(i + step[k]) % DRAWS] / DRAWS;
    }
    const double error = 3 / sqrt(DRAWS), share = 0.0026997961;
    ck_assert_double_le(fabs(moment[1]), error);
    ck_assert_double_le(fabs(moment[2] - 1), error * sqrt(2));
    ck_assert_double_le(fabs(moment[3]), error * sqrt(15));
    ck_assert_double_le(fabs(moment[4] - 3), error * sqrt(96));
    ck_assert_double_le(fabs(tail / DRAWS - share), error * sqrt(share));
    for (int k = 0; k < 4; k++) ck_assert_double_le(fabs(beside[k]), error);
    free(y);
    xb_panels_free(p);
}
END_TEST

/* The variance of a sum is the sum of x^2 variance: of 20,000 vectors alike, in two blocks. */
START_TEST(variances_add_up)
{
    enum { N = 20000, ROWS = 9 };
    const xb_adc ideal = {.step = 0};
    const xb_read_noise noise = {.seed = 3};
    float w[ROWS], variance[ROWS], *x = xb_calloc(N * ROWS, sizeof *x), *y = xb_calloc(N, sizeof *y);
    double mean = 0, spread = 0, sum = 0, square = 0;
    for (int k = 0; k < ROWS; k++) {
        w[k] = (float)k - 3.5f, variance[k] = 0.25f * (float)k;
        float input = 2 - 0.4f * (float)k;
        for (size_t v = 0; v < N; v++) x[v * ROWS + (size_t)k] = input;
        mean += (double)input * w[k], spread += (double)input * input * variance[k];
    }
    xb_panels *p = xb_panels_new(w, variance, ROWS, 1, (int64_t[]){4, ROWS}, 2);
    xb_array_product(p, x, ROWS, N, 1, &ideal, &noise, y, 1, NULL, NULL);
    for (size_t v = 0; v < N; v++) sum += y[v] / N, square += (y[v] - mean) * (y[v] - mean) / N;
    ck_assert_double_le(fabs(sum - mean), 3 * sqrt(spread / N));
    ck_assert_double_le(fabs(square / spread - 1), 3 * sqrt(2.0 / N));
    xb_panels_free(p);
    free(x), free(y);
}
END_TEST

START_TEST(seeds_and_streams_differ)
{
    const xb_read_noise noise[] = {{1, 1, 0}, {2, 1, 0}, {1 + (UINT64_C(1) << 32), 1, 0}, {1, 2, 0}, {1, 1, 1}};
    float y[5][COLS];
    use_kernel(kernels[_i]);
    xb_panels *p = pure(BLOCKS, COLS);
    for (int i = 0; i < 5; i++) {
        one_block(p, &noise[i], 1, 2, y[i]);
        for (int j = 0; j < i; j++)
            for (int m = 0; m < COLS; m++) ck_assert_float_ne(y[i][m], y[j][m]);
    }
    xb_panels_free(p);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("noise");
    tcase_add_loop_test(t, numbers_are_the_stated_ones, 0, KERNELS);
    tcase_add_test(t, numbers_are_normal);
    tcase_add_test(t, variances_add_up);
    tcase_add_loop_test(t, seeds_and_streams_differ, 0, KERNELS);
    return run_case("sim_product_noise", t);
}
