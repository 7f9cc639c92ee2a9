/* Crossbar products of integer codes: exact, by every kernel this CPU has, for large and for small weights. */
#include "sim_product_kit.h"
#include "suite.h"

static const char *const kernels[] = {"plain", "avx2", "best"};
enum { KERNELS = sizeof kernels / sizeof *kernels, SAMPLES = 48 };

typedef struct result {
    float *y, largest;
    xb_convert_count count;
} result;

static result product(const sample *s, const char *kernel, bool sign, float unit, const xb_adc *adc, float scale)
{
    use_kernel(kernel);
    xb_panels8 *p = xb_panels8_new(s->w8, s->rows, s->cols, s->end, s->blocks);
    ck_assert(p != NULL);
    result r = {.y = y_copy(s)};
    xb_array_product8(p, s->x8, sign, s->ldx, s->n, unit, scale, adc, r.y, s->ldy, &r.count, &r.largest);
    xb_panels8_free(p);
    gaps_kept(s, r.y);
    return r;
}

static int64_t column_sum(const sample *s, bool sign, size_t v, size_t b, int64_t m)
{
    int64_t sum = 0;
    for (int64_t k = begin_of(s, b); k < s->end[b]; k++) {
        uint8_t x = s->x8[v * s->ldx + (size_t)k];
        sum += (sign ? (int8_t)x : x) * s->w8[k * s->cols + m];
    }
    return sum;
}

/* factor: unit / step, 0: ideal. */
static void check(const sample *s, const result *r, bool sign, double factor, float times, float unit)
{
    uint64_t clipped = 0;
    int64_t largest = 0;
    for (size_t v = 0; v < s->n; v++)
        for (int64_t m = 0; m < s->cols; m++) {
            int64_t total = 0;
            for (size_t b = 0; b < s->blocks; b++) {
                int64_t sum = column_sum(s, sign, v, b, m);
                long code = factor != 0 ? lrint((double)sum * factor) : sum;
                long held = factor == 0 ? code : code < -40 ? -40 : code > 50 ? 50 : code;
                clipped += code != held, total += held;
                if (llabs(sum) > largest) largest = llabs(sum);
            }
            size_t at = v * s->ldy + (size_t)m;
            ck_assert_float_eq(r->y[at], fmaf(times, (float)total, s->y[at]));
        }
    ck_assert_uint_eq(r->count.clipped, clipped);
    ck_assert_uint_eq(r->count.conversions, s->n * (size_t)s->cols * s->blocks);
    ck_assert_float_eq(r->largest, (float)largest * unit);
}

/* Weights up to 127 and up to 64, signed and unsigned inputs, ideal converters and steps of 2^9 units: all exact. */
START_TEST(sums_and_codes_are_exact)
{
    sample s = sample_any(300 + (uint64_t)_i, _i % 2 ? 64 : 127);
    bool sign = _i / 2 % 2;
    const xb_adc ideal = {.step = 0}, adc = {.step = 512 * 0.3f, .low = -40, .high = 50};
    result r = product(&s, kernels[_i / 4 % KERNELS], sign, 0.3f, &ideal, 0.7f);
    check(&s, &r, sign, 0, 0.7f * 0.3f, 0.3f);
    free(r.y);
    r = product(&s, kernels[_i / 4 % KERNELS], sign, 0.3f, &adc, 0.7f);
    check(&s, &r, sign, 1.0 / 512, 0.7f * adc.step, 0.3f);
    free(r.y), sample_free(&s);
}
END_TEST

/* The largest codes there are, one sign or alternating, in blocks of odd length: nothing saturates. */
START_TEST(extremes_do_not_saturate)
{
    const int8_t weight[][2] = {{-128, -128}, {127, 127}, {-128, 127}, {64, 64}, {-64, -64}, {127, 1}, {-128, 0}};
    const uint8_t input[] = {255, 128, 127, 0};
    sample s = sample_new(11, 1001, 19, 7, 200, 127);
    for (size_t i = 0; i < sizeof weight / sizeof *weight; i++)
        for (size_t j = 0; j < sizeof input; j++)
            for (int sign = 0; sign < 2; sign++) {
                for (int64_t k = 0; k < s.rows * s.cols; k++) s.w8[k] = weight[i][k / s.cols % 2];
                memset(s.x8, input[j], s.n * s.ldx);
                const xb_adc ideal = {.step = 0};
                result r = product(&s, kernels[_i], sign, 1, &ideal, 1);
                check(&s, &r, sign, 0, 1, 1);
                free(r.y);
            }
    sample_free(&s);
}
END_TEST

/* Steps that are no power of two: float rounding, the same in every kernel. */
START_TEST(kernels_agree_in_every_bit)
{
    sample s = sample_any(400 + (uint64_t)_i, _i % 2 ? 64 : 127);
    const xb_adc adc = {.step = 77.7f, .low = -100, .high = 99};
    for (int sign = 0; sign < 2; sign++) {
        result plain = product(&s, "plain", sign, 0.31f, &adc, 0.7f);
        for (int k = 1; k < KERNELS; k++) {
            result r = product(&s, kernels[k], sign, 0.31f, &adc, 0.7f);
            ck_assert_mem_eq(plain.y, r.y, s.n * s.ldy * sizeof *r.y);
            ck_assert_mem_eq(&plain.count, &r.count, sizeof r.count);
            ck_assert_float_eq(plain.largest, r.largest);
            free(r.y);
        }
        free(plain.y);
    }
    sample_free(&s);
}
END_TEST

START_TEST(calls_may_be_split)
{
    sample s = sample_new(12, 900, 41, 190, 300, _i % 2 ? 64 : 127);
    const xb_adc adc = {.step = 512, .low = -40, .high = 50};
    result whole = product(&s, kernels[_i / 2], true, 1, &adc, 1), parts = {.y = y_copy(&s)};
    xb_panels8 *p = xb_panels8_new(s.w8, s.rows, s.cols, s.end, s.blocks);
    for (size_t at = 0, step = 1; at < s.n; at += step, step = step * 2 + 1) {
        if (step > s.n - at) step = s.n - at;
        xb_array_product8(p, s.x8 + at * s.ldx, true, s.ldx, step, 1, 1, &adc, parts.y + at * s.ldy, s.ldy,
                          &parts.count, &parts.largest);
    }
    ck_assert_mem_eq(whole.y, parts.y, s.n * s.ldy * sizeof *whole.y);
    ck_assert_mem_eq(&whole.count, &parts.count, sizeof whole.count);
    ck_assert_float_eq(whole.largest, parts.largest);
    xb_panels8_free(p);
    free(whole.y), free(parts.y), sample_free(&s);
}
END_TEST

/* 65536 rows of the largest products fit; more rows are refused. */
START_TEST(rows_are_limited)
{
    enum { ROWS = 65536 };
    int8_t *w = xb_malloc(ROWS + 1);
    uint8_t *x = xb_malloc(ROWS);
    memset(w, -128, ROWS + 1), memset(x, 255, ROWS);
    use_kernel(kernels[_i]);
    ck_assert(xb_panels8_new(w, ROWS + 1, 1, (int64_t[]){ROWS + 1}, 1) == NULL);
    xb_panels8 *p = xb_panels8_new(w, ROWS, 1, (int64_t[]){ROWS}, 1);
    const xb_adc ideal = {.step = 0};
    float y = 0;
    xb_array_product8(p, x, false, ROWS, 1, 1, 1, &ideal, &y, 1, NULL, NULL);
    ck_assert_float_eq(y, (float)(-128 * 255 * (int64_t)ROWS));
    xb_panels8_free(p);
    free(w), free(x);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("codes");
    tcase_add_loop_test(t, sums_and_codes_are_exact, 0, SAMPLES);
    tcase_add_loop_test(t, extremes_do_not_saturate, 0, KERNELS);
    tcase_add_loop_test(t, kernels_agree_in_every_bit, 0, SAMPLES);
    tcase_add_loop_test(t, calls_may_be_split, 0, 2 * KERNELS);
    tcase_add_loop_test(t, rows_are_limited, 0, KERNELS);
    return run_case("sim_product8", t);
}
