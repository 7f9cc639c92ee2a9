/* Vectors that overlap: products of windows are those of copies of them, in every bit. */
#include "sim_product_kit.h"
#include "suite.h"

static const char *const kernels[] = {"plain", "avx2", "best"};
enum { KERNELS = sizeof kernels / sizeof *kernels, SAMPLES = 24, NUMBERS = 4096 };

/* n vectors anywhere among the numbers, rows in runs of 1 to 11 numbers. */
typedef struct windows {
    size_t *at, *row;
    float *x, *square;
    uint8_t *x8;
} windows;

static windows windows_of(const sample *s, uint64_t seed)
{
    xb_rng r = xb_rng_at(seed, XB_RNG_SHUFFLE, 2);
    windows w = {.at = xb_calloc(s->n, sizeof *w.at), .row = xb_calloc((size_t)s->rows, sizeof *w.row)};
    w.x = numbers(&r, NUMBERS, -1, 1), w.square = xb_calloc(NUMBERS, sizeof *w.square);
    w.x8 = xb_malloc(NUMBERS);
    for (size_t i = 0; i < NUMBERS; i++) {
        w.square[i] = w.x[i] * w.x[i];
        w.x8[i] = (uint8_t)xb_rng_below(&r, 256);
    }
    for (size_t v = 0; v < s->n; v++) w.at[v] = xb_rng_below(&r, NUMBERS / 2);
    uint32_t run = 0;
    for (size_t k = 0; k < (size_t)s->rows; k++, run--) {
        if (!run) run = 1 + xb_rng_below(&r, 11), w.row[k] = xb_rng_below(&r, NUMBERS / 2 - 24);
        if (k && run && w.row[k] == 0) w.row[k] = w.row[k - 1] + 1;
    }
    return w;
}

static void windows_free(windows *w)
{
    free(w->at), free(w->row), free(w->x), free(w->square), free(w->x8);
}

static void copies(sample *s, const windows *w)
{
    for (size_t v = 0; v < s->n; v++)
        for (size_t k = 0; k < (size_t)s->rows; k++) {
            s->x[v * s->ldx + k] = w->x[w->at[v] + w->row[k]];
            s->x8[v * s->ldx + k] = w->x8[w->at[v] + w->row[k]];
        }
}

START_TEST(windows_are_their_copies)
{
    use_kernel(kernels[_i % KERNELS]);
    sample s = sample_any(700 + (uint64_t)_i, 127);
    windows w = windows_of(&s, (uint64_t)_i);
    copies(&s, &w);
    const xb_adc adc = {.step = 0.05f, .low = -30, .high = 31};
    const xb_read_noise noise = {.seed = 5, .stream = 9, .first = (uint64_t)_i};
    const xb_vectors of = {.n = s.n, .x = w.x, .square = w.square, .at = w.at, .row = w.row};
    xb_panels *p = xb_panels_new(s.w, s.variance, s.rows, s.cols, s.end, s.blocks);
    for (int noisy = 0; noisy < 2; noisy++) {
        float *want = y_copy(&s), *have = y_copy(&s), most[2] = {0};
        xb_convert_count count[2] = {{0}};
        const xb_read_noise *with = noisy ? &noise : NULL;
        xb_array_product(p, s.x, s.ldx, s.n, 0.5f, &adc, with, want, s.ldy, &count[0], &most[0]);
        xb_array_product_of(p, &of, 0.5f, &adc, with, have, s.ldy, &count[1], &most[1]);
        ck_assert_mem_eq(want, have, s.n * s.ldy * sizeof *want);
        ck_assert_mem_eq(&count[0], &count[1], sizeof count[0]);
        ck_assert_float_eq(most[0], most[1]);
        free(want), free(have);
    }
    xb_panels_free(p);
    windows_free(&w), sample_free(&s);
}
END_TEST

START_TEST(windows_of_bytes_are_their_copies)
{
    use_kernel(kernels[_i % KERNELS]);
    sample s = sample_any(800 + (uint64_t)_i, _i % 2 ? 64 : 127);
    windows w = windows_of(&s, (uint64_t)_i);
    copies(&s, &w);
    const xb_vectors8 of = {.n = s.n, .x = w.x8, .at = w.at, .row = w.row};
    xb_panels8 *p = xb_panels8_new(s.w8, s.rows, s.cols, s.end, s.blocks);
    for (int way = 0; way < 4; way++) {
        const xb_adc adc = {.step = way < 2 ? 0 : 700, .low = -40, .high = 50};
        float *want = y_copy(&s), *have = y_copy(&s);
        xb_convert_count count[2] = {{0}};
        xb_array_product8(p, s.x8, way % 2, s.ldx, s.n, 1, 0.5f, &adc, want, s.ldy, &count[0], NULL);
        xb_array_product8_of(p, &of, way % 2, 1, 0.5f, &adc, have, s.ldy, &count[1], NULL);
        ck_assert_mem_eq(want, have, s.n * s.ldy * sizeof *want);
        ck_assert_mem_eq(&count[0], &count[1], sizeof count[0]);
        free(want), free(have);
    }
    xb_panels8_free(p);
    windows_free(&w), sample_free(&s);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, windows_are_their_copies, 0, SAMPLES);
    tcase_add_loop_test(t, windows_of_bytes_are_their_copies, 0, SAMPLES);
    return run_case("sim_windows", t);
}
