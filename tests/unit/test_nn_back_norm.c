/* BatchNormalization as trained: its statistics, and its gradient through them. */
#include "back_kit.h"
#include "suite.h"

enum { CHANNELS = 3, PER = 10 };

typedef struct batch {
    xb_tensor x, y, dy, dx;
    float scale[CHANNELS], shift[CHANNELS], mean[CHANNELS], variance[CHANNELS], dscale[CHANNELS], dshift[CHANNELS];
} batch;

static batch batch_new(xb_dtype t)
{
    batch b = {0};
    xb_rng r = xb_rng_at(3, XB_RNG_NOISE, 0);
    xb_type type = type_of(t, DIMS(2, CHANNELS, 5));
    xb_tensor *all[] = {&b.x, &b.y, &b.dy, &b.dx};
    for (size_t i = 0; i < 4; i++) ck_assert(xb_tensor_alloc(all[i], &type));
    for (size_t k = 0; k < CHANNELS * PER; k++) {
        xb_tensor_set(&b.x, k, (double)(float)(xb_rng_between(&r, -2, 2) + (double)(k / 5 % CHANNELS)));
        xb_tensor_set(&b.dy, k, (double)(float)xb_rng_between(&r, -1, 1));
    }
    for (size_t k = 0; k < CHANNELS; k++) {
        b.scale[k] = (float)xb_rng_between(&r, 0.5, 2);
        b.shift[k] = (float)xb_rng_between(&r, -1, 1);
    }
    return b;
}

static void batch_free(batch *b)
{
    xb_tensor_free(&b->x);
    xb_tensor_free(&b->y);
    xb_tensor_free(&b->dy);
    xb_tensor_free(&b->dx);
}

static double batch_loss(batch *b)
{
    double sum = 0;
    xb_norm_forward(&b->x, b->scale, b->shift, 0.125, &b->y, b->mean, b->variance);
    for (size_t k = 0; k < CHANNELS * PER; k++) sum += xb_tensor_get(&b->dy, k) * xb_tensor_get(&b->y, k);
    return sum;
}

START_TEST(batch_norm_takes_its_statistics)
{
    batch b = batch_new(XB_F64);
    batch_loss(&b);
    for (size_t c = 0; c < CHANNELS; c++) {
        double sum = 0, square = 0;
        for (size_t k = 0; k < PER; k++) sum += xb_tensor_get(&b.x, k / 5 * 5 * CHANNELS + c * 5 + k % 5);
        for (size_t k = 0; k < PER; k++)
            square += pow(xb_tensor_get(&b.x, k / 5 * 5 * CHANNELS + c * 5 + k % 5) - sum / PER, 2);
        ck_assert_double_le(fabs((double)b.mean[c] - sum / PER), 1e-7);
        ck_assert_double_le(fabs((double)b.variance[c] - square / PER), 1e-6);
        for (size_t k = 0; k < PER; k++) {
            size_t at = k / 5 * 5 * CHANNELS + c * 5 + k % 5;
            double h = (xb_tensor_get(&b.x, at) - sum / PER) / sqrt(square / PER + 0.125);
            ck_assert_double_le(fabs(xb_tensor_get(&b.y, at) - h * (double)b.scale[c] - (double)b.shift[c]), 1e-12);
        }
    }
    batch_free(&b);
}
END_TEST

START_TEST(batch_norm_goes_back_through_its_statistics)
{
    batch b = batch_new(XB_F64);
    batch_loss(&b);
    xb_norm_back(&b.x, b.scale, b.mean, b.variance, 0.125, &b.dy, &b.dx, b.dscale, b.dshift);
    double top = greatest_of(&b.dx);
    ck_assert_double_gt(top, 0.1);
    for (size_t k = 0; k < CHANNELS * PER; k++) {
        double at = xb_tensor_get(&b.x, k);
        xb_tensor_set(&b.x, k, at + 1e-5);
        double above = batch_loss(&b);
        xb_tensor_set(&b.x, k, at - 1e-5);
        double below = batch_loss(&b);
        xb_tensor_set(&b.x, k, at);
        ck_assert_double_le(fabs(xb_tensor_get(&b.dx, k) - (above - below) / 2e-5), 1e-6 * fmax(1, top));
    }
    for (size_t c = 0; c < CHANNELS; c++) { /* linear in scale and shift: steps of powers of two are exact */
        float scale = b.scale[c], shift = b.shift[c];
        double base = batch_loss(&b);
        b.scale[c] = scale + 1;
        ck_assert_double_le(fabs((batch_loss(&b) - base) / ((double)b.scale[c] - (double)scale) - (double)b.dscale[c]),
                            1e-6);
        b.scale[c] = scale;
        b.shift[c] = shift + 1;
        ck_assert_double_le(fabs((batch_loss(&b) - base) / ((double)b.shift[c] - (double)shift) - (double)b.dshift[c]),
                            1e-6);
        b.shift[c] = shift;
    }
    batch_free(&b);
}
END_TEST

/* f32 as f64; and what is not wanted changes nothing. */
START_TEST(batch_norm_in_f32)
{
    batch a = batch_new(XB_F32), b = batch_new(XB_F64);
    batch_loss(&a);
    batch_loss(&b);
    xb_norm_back(&a.x, a.scale, a.mean, a.variance, 0.125, &a.dy, &a.dx, NULL, NULL);
    xb_norm_back(&b.x, b.scale, b.mean, b.variance, 0.125, &b.dy, &b.dx, b.dscale, b.dshift);
    xb_norm_back(&a.x, a.scale, a.mean, a.variance, 0.125, &a.dy, NULL, a.dscale, a.dshift);
    for (size_t k = 0; k < CHANNELS * PER; k++)
        ck_assert_double_le(fabs(xb_tensor_get(&a.dx, k) - xb_tensor_get(&b.dx, k)), 1e-6);
    ck_assert_mem_eq(a.dscale, b.dscale, sizeof a.dscale);
    ck_assert_mem_eq(a.dshift, b.dshift, sizeof a.dshift);
    batch_free(&a);
    batch_free(&b);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("trained");
    tcase_add_test(t, batch_norm_takes_its_statistics);
    tcase_add_test(t, batch_norm_goes_back_through_its_statistics);
    tcase_add_test(t, batch_norm_in_f32);
    return run_case("nn-back-norm", t);
}
