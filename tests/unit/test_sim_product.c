/* Crossbar products in floats: sums, codes and clipping exactly as stated, by every kernel this CPU has. */
#include "sim_product_kit.h"
#include "suite.h"
#include <pthread.h>

static const char *const kernels[] = {"plain", "avx2", "best"};
enum { KERNELS = sizeof kernels / sizeof *kernels, SAMPLES = 40 };

typedef struct result {
    float *y, largest;
    xb_convert_count count;
} result;

static result product(const sample *s, const char *kernel, const xb_adc *adc, const xb_read_noise *noise, float scale)
{
    use_kernel(kernel);
    xb_panels *p = xb_panels_new(s->w, noise ? s->variance : NULL, s->rows, s->cols, s->end, s->blocks);
    result r = {.y = y_copy(s)};
    xb_array_product(p, s->x, s->ldx, s->n, scale, adc, noise, r.y, s->ldy, &r.count, &r.largest);
    xb_panels_free(p);
    gaps_kept(s, r.y);
    return r;
}

START_TEST(sums_are_those_of_doubles)
{
    sample s = sample_any((uint64_t)_i, 127);
    const xb_adc ideal = {.step = 0};
    result r = product(&s, kernels[_i % KERNELS], &ideal, NULL, 0.5f);
    for (size_t v = 0; v < s.n; v++)
        for (int64_t m = 0; m < s.cols; m++) {
            double want = s.y[v * s.ldy + (size_t)m], size = fabs(want);
            for (int64_t k = 0; k < s.rows; k++) {
                double one = 0.5 * s.x[v * s.ldx + (size_t)k] * s.w[k * s.cols + m];
                want += one, size += fabs(one);
            }
            ck_assert_double_eq_tol(r.y[v * s.ldy + (size_t)m], want, 1e-6 * size);
        }
    ck_assert_uint_eq(r.count.conversions, s.n * (size_t)s.cols * s.blocks);
    ck_assert_uint_eq(r.count.clipped, 0);
    free(r.y), sample_free(&s);
}
END_TEST

/* One column sum, in the order of the contract. */
static float column_sum(const sample *s, size_t v, size_t b, int64_t m)
{
    float sum = 0;
    for (int64_t k = begin_of(s, b); k < s->end[b]; k++)
        sum = fmaf(s->x[v * s->ldx + (size_t)k], s->w[k * s->cols + m], sum);
    return sum;
}

START_TEST(codes_are_exact)
{
    sample s = sample_any(100 + (uint64_t)_i, 127);
    const xb_adc adc = {.step = _i % 2 ? 0.0625f : 0.07f, .low = -13, .high = 12};
    result r = product(&s, kernels[_i % KERNELS], &adc, NULL, 0.3f);
    uint64_t clipped = 0;
    float largest = 0;
    for (size_t v = 0; v < s.n; v++)
        for (int64_t m = 0; m < s.cols; m++) {
            int64_t codes = 0;
            for (size_t b = 0; b < s.blocks; b++) {
                float sum = column_sum(&s, v, b, m);
                long code = lrintf(sum * (1 / adc.step)), held = code < -13 ? -13 : code > 12 ? 12 : code;
                clipped += code != held, codes += held;
                largest = fmaxf(largest, fabsf(sum));
            }
            size_t at = v * s.ldy + (size_t)m;
            ck_assert_float_eq(r.y[at], fmaf(0.3f * adc.step, (float)codes, s.y[at]));
        }
    ck_assert_uint_eq(r.count.clipped, clipped);
    ck_assert_uint_eq(r.count.conversions, s.n * (size_t)s.cols * s.blocks);
    ck_assert_float_eq(r.largest, largest);
    free(r.y), sample_free(&s);
}
END_TEST

/* Halves go to the even code; the bounds themselves are not clipped; NaN is not hidden and spoils one vector alone. */
START_TEST(ties_bounds_and_nan)
{
    const float w[] = {1}, x[] = {1, 3, 5, -1, -3, 8, 9, 10, -8, -10, NAN};
    const double want[] = {0, 2, 2, 0, -2, 4, 4, 4, -4, -4};
    const xb_adc adc = {.step = 2, .low = -4, .high = 4};
    enum { N = sizeof x / sizeof *x };
    float y[N] = {0};
    xb_convert_count count = {.clipped = 100};
    use_kernel(kernels[_i]);
    xb_panels *p = xb_panels_new(w, NULL, 1, 1, (int64_t[]){1}, 1);
    xb_array_product(p, x, 1, N, 0.5f, &adc, NULL, y, 1, &count, NULL);
    for (size_t i = 0; i + 1 < N; i++) ck_assert_double_eq(y[i], want[i]);
    ck_assert(isnan(y[N - 1]));
    ck_assert_uint_eq(count.conversions, N);
    ck_assert_uint_eq(count.clipped, 102); /* 10 and -10; 9 / 2 goes to 4 */
    xb_panels_free(p);
}
END_TEST

static void same(const sample *s, const result *a, const result *b)
{
    ck_assert_mem_eq(a->y, b->y, s->n * s->ldy * sizeof *a->y);
    ck_assert_mem_eq(&a->count, &b->count, sizeof a->count);
    ck_assert_float_eq(a->largest, b->largest);
}

START_TEST(kernels_agree_in_every_bit)
{
    sample s = sample_any(200 + (uint64_t)_i, 127);
    const xb_adc adc[] = {{.step = 0}, {.step = 0.11f, .low = -7, .high = 8}};
    const xb_read_noise noise = {.seed = 0x123456789abcdef, .stream = 3, .first = 0xfffffff0};
    for (int a = 0; a < 2; a++)
        for (int noisy = 0; noisy < 2; noisy++) {
            result plain = product(&s, "plain", &adc[a], noisy ? &noise : NULL, 0.7f);
            for (int k = 1; k < KERNELS; k++) {
                result r = product(&s, kernels[k], &adc[a], noisy ? &noise : NULL, 0.7f);
                same(&s, &plain, &r);
                free(r.y);
            }
            free(plain.y);
        }
    sample_free(&s);
}
END_TEST

/* More vectors than pass together and blocks longer than a group, in one call and in calls of odd sizes. */
START_TEST(calls_may_be_split)
{
    sample s = sample_new(7, 700, 37, 201, 300, 127);
    const xb_adc adc = {.step = 0.11f, .low = -7, .high = 8};
    xb_read_noise noise = {.seed = 99, .stream = 1, .first = 5};
    result whole = product(&s, kernels[_i], &adc, &noise, 1);
    result parts = {.y = y_copy(&s)};
    xb_panels *p = xb_panels_new(s.w, s.variance, s.rows, s.cols, s.end, s.blocks);
    for (size_t at = 0, step = 1; at < s.n; at += step, step = step * 2 + 1) {
        if (step > s.n - at) step = s.n - at;
        noise.first = 5 + at;
        xb_array_product(p, s.x + at * s.ldx, s.ldx, step, 1, &adc, &noise, parts.y + at * s.ldy, s.ldy, &parts.count,
                         &parts.largest);
    }
    same(&s, &whole, &parts);
    xb_panels_free(p);
    free(whole.y), free(parts.y), sample_free(&s);
}
END_TEST

typedef struct share {
    const sample *s;
    const xb_panels *p;
    size_t first, past;
    float *y;
} share;

static void *compute(void *context)
{
    const share *h = context;
    const xb_adc adc = {.step = 0.11f, .low = -7, .high = 8};
    const xb_read_noise noise = {.seed = 99, .stream = 1, .first = h->first};
    xb_array_product(h->p, h->s->x + h->first * h->s->ldx, h->s->ldx, h->past - h->first, 1, &adc, &noise,
                     h->y + h->first * h->s->ldy, h->s->ldy, NULL, NULL);
    return NULL;
}

START_TEST(threads_share_panels)
{
    sample s = sample_new(8, 200, 70, 150, 64, 127);
    use_kernel("best");
    xb_panels *p = xb_panels_new(s.w, s.variance, s.rows, s.cols, s.end, s.blocks);
    float *alone = y_copy(&s), *together = y_copy(&s);
    compute(&(share){&s, p, 0, s.n, alone});
    pthread_t thread[3];
    share h[3];
    for (size_t i = 0; i < 3; i++) {
        h[i] = (share){&s, p, i * 50, i * 50 + 50, together};
        ck_assert_int_eq(pthread_create(&thread[i], NULL, compute, &h[i]), 0);
    }
    for (size_t i = 0; i < 3; i++) ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
    ck_assert_mem_eq(alone, together, s.n * s.ldy * sizeof *alone);
    xb_panels_free(p);
    free(alone), free(together), sample_free(&s);
}
END_TEST

/* largest and count are added to, not set; noise without variances is none. */
START_TEST(results_accumulate)
{
    sample s = sample_new(9, 30, 20, 11, 10, 127);
    const xb_adc ideal = {.step = 0};
    const xb_read_noise noise = {.seed = 1};
    use_kernel(kernels[_i]);
    xb_panels *p = xb_panels_new(s.w, NULL, s.rows, s.cols, s.end, s.blocks);
    result once = product(&s, kernels[_i], &ideal, NULL, 1), r = {.y = y_copy(&s), .largest = 1000};
    xb_array_product(p, s.x, s.ldx, s.n, 1, &ideal, &noise, r.y, s.ldy, &r.count, &r.largest);
    ck_assert_mem_eq(r.y, once.y, s.n * s.ldy * sizeof *r.y);
    ck_assert_float_eq(r.largest, 1000);
    xb_array_product(p, s.x, s.ldx, s.n, -1, &ideal, NULL, r.y, s.ldy, &r.count, NULL);
    for (size_t v = 0; v < s.n; v++)
        for (size_t m = 0; m < (size_t)s.cols; m++)
            ck_assert_float_eq_tol(r.y[v * s.ldy + m], s.y[v * s.ldy + m], 2e-6f);
    ck_assert_uint_eq(r.count.conversions, 2 * s.n * (size_t)s.cols * s.blocks);
    xb_panels_free(p);
    free(r.y), free(once.y), sample_free(&s);
}
END_TEST

START_TEST(a_lesser_kernel_can_be_asked_for)
{
    use_kernel("plain");
    ck_assert_str_eq(xb_product_kernel(), "plain");
    use_kernel("avx2");
    const char *lesser = xb_product_kernel();
    ck_assert(!strcmp(lesser, "avx2") || !strcmp(lesser, "plain"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("float");
    tcase_add_loop_test(t, sums_are_those_of_doubles, 0, SAMPLES);
    tcase_add_loop_test(t, codes_are_exact, 0, SAMPLES);
    tcase_add_loop_test(t, ties_bounds_and_nan, 0, KERNELS);
    tcase_add_loop_test(t, kernels_agree_in_every_bit, 0, SAMPLES);
    tcase_add_loop_test(t, calls_may_be_split, 0, KERNELS);
    tcase_add_test(t, threads_share_panels);
    tcase_add_loop_test(t, results_accumulate, 0, KERNELS);
    tcase_add_test(t, a_lesser_kernel_can_be_asked_for);
    return run_case("sim_product", t);
}
