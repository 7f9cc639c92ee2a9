/* Losses and gradients against PyTorch's numbers and against differences. */
#include "base/rng.h"
#include "nn/train/loss.h"
#include "suite.h"
#include <math.h>
#include <stdlib.h>

enum { ROWS = 3, CLASSES = 4, ALL = ROWS * CLASSES };

static const float logits[ALL] = {2, -1, 0.5f, 0.25f, -0.5f, 3, 1.5f, -2, 0.1f, 0.2f, 0.3f, 0.4f};
static const float teacher[ALL] = {1, 0, -1, 2, 0.5f, 2.5f, 0.5f, -1.5f, -0.4f, 0.3f, -0.2f, 0.1f};
static const int label[ROWS] = {0, 2, 3};

static xb_recipe recipe(int kind, double smoothing, double weight, double temperature)
{
    return (xb_recipe){
        .loss = kind, .smoothing = smoothing, .distil.weight = weight, .distil.temperature = temperature};
}

static void as_pytorch(xb_recipe r, const float *t, double loss, const double *gradient)
{
    float error[ALL];
    uint64_t correct = 10;
    ck_assert_double_eq_tol(xb_loss(&r, logits, ROWS, CLASSES, label, t, 1, error, &correct), loss, 1e-6);
    for (int i = 0; i < ALL; i++) ck_assert_double_eq_tol(error[i], gradient[i], 1e-7);
    ck_assert_uint_eq(correct, 12);
}

START_TEST(cross_entropy)
{
    as_pytorch(recipe(XB_CROSS_ENTROPY, 0, 0, 2), NULL, 3.34297822416,
               (double[]){-0.3087674693, 0.03441444127, 0.1542348253, 0.1201182027, 0.0239649317, 0.7936095445,
                          -0.8229217752, 0.005347299049, 0.2138382204, 0.2363277823, 0.2611825922, -0.7113485948});
    as_pytorch(recipe(XB_CROSS_ENTROPY, 0.1, 0.5, 2), NULL, 3.61422822416, /* no teacher: weight does not count */
               (double[]){-0.2337674693, 0.009414441266, 0.1292348253, 0.09511820271, -0.001035068297, 0.7686095445,
                          -0.7479217752, -0.01965270095, 0.1888382204, 0.2113277823, 0.2361825922, -0.6363485948});
}
END_TEST

START_TEST(distillation)
{
    as_pytorch(recipe(XB_CROSS_ENTROPY, 0.1, 0.7, 3), teacher, 1.93553193274,
               (double[]){0.1798870971, -0.1071458189, 0.2443469214, -0.3170881996, -0.1606443117, 0.3104928757,
                          -0.09053677884, -0.05931178514, 0.090388387, -0.008234485544, 0.1069174917, -0.1890713932});
    as_pytorch(recipe(XB_CROSS_ENTROPY, 0, 1, 2), teacher, 1.16397474005,
               (double[]){0.3948001879, -0.1235485781, 0.2441681973, -0.515419807, -0.1921228597, 0.08836310082,
                          0.1534253459, -0.04966558695, 0.04719721708, -0.1033680659, 0.05216099173, 0.004009857121});
}
END_TEST

START_TEST(mean_square)
{
    as_pytorch(recipe(XB_MSE, 0, 0, 1), NULL, 4.078125,
               (double[]){0.5, -0.5, 0.25, 0.125, -0.25, 1.5, 0.25, -1, 0.05, 0.1, 0.15, -0.3});
    as_pytorch(recipe(XB_MSE, 0, 0.4, 1), teacher, 3.488125,
               (double[]){0.5, -0.5, 0.45, -0.275, -0.35, 1, 0.35, -0.7, 0.13, 0.04, 0.19, -0.12});
}
END_TEST

/* Every kind, with and without labels, at random places: error = scale * slope of the sum. */
START_TEST(gradient_is_the_slope)
{
    xb_rng rng = xb_rng_at(5, XB_RNG_INIT, 0);
    for (int trial = 0; trial < 60; trial++) {
        xb_recipe r = recipe(trial % 2, xb_rng_unit(&rng), xb_rng_unit(&rng), xb_rng_between(&rng, 0.5, 5));
        float s[ALL], t[ALL], error[ALL], unused[ALL];
        int y[ROWS];
        const float *from = trial % 3 ? t : NULL;
        uint64_t correct = 0;
        for (int i = 0; i < ALL; i++) s[i] = (float)xb_rng_normal(&rng), t[i] = (float)xb_rng_normal(&rng);
        for (int i = 0; i < ROWS; i++) y[i] = (int)xb_rng_below(&rng, CLASSES + 1) - 1;
        xb_loss(&r, s, ROWS, CLASSES, y, from, 0.25, error, &correct);
        for (int i = 0; i < ALL; i++) {
            float at = s[i];
            s[i] = at + 0x1p-10f;
            double up = xb_loss(&r, s, ROWS, CLASSES, y, from, 1, unused, &correct), step = (double)s[i];
            s[i] = at - 0x1p-10f;
            double down = xb_loss(&r, s, ROWS, CLASSES, y, from, 1, unused, &correct);
            step -= (double)s[i];
            s[i] = at;
            ck_assert_double_eq_tol(error[i], 0.25 * (up - down) / step, 2e-6);
        }
    }
}
END_TEST

START_TEST(without_labels)
{
    static const int none[ROWS] = {-1, -1, -1};
    xb_recipe half = recipe(XB_CROSS_ENTROPY, 0.1, 0.5, 2), whole = recipe(XB_CROSS_ENTROPY, 0, 1, 2);
    float a[ALL], b[ALL];
    uint64_t correct = 0, other = 0;
    ck_assert_double_eq(xb_loss(&half, logits, ROWS, CLASSES, none, teacher, 1, a, &correct),
                        xb_loss(&whole, logits, ROWS, CLASSES, label, teacher, 1, b, &other));
    for (int i = 0; i < ALL; i++) ck_assert(a[i] == b[i]);
    ck_assert_double_eq(xb_loss(&half, logits, ROWS, CLASSES, none, NULL, 1, a, &correct), 0);
    for (int i = 0; i < ALL; i++) ck_assert(a[i] == 0);
    ck_assert_uint_eq(correct, 0);
}
END_TEST

START_TEST(ties_go_to_the_first)
{
    static const float s[ALL] = {1, 1, 0, 0, 0, 2, 2, 2, 3, 3, 3, 3};
    xb_recipe r = recipe(XB_CROSS_ENTROPY, 0, 0, 1);
    float error[ALL];
    uint64_t correct = 0;
    xb_loss(&r, s, ROWS, CLASSES, (int[]){0, 1, 0}, NULL, 1, error, &correct);
    ck_assert_uint_eq(correct, 3);
    xb_loss(&r, s, ROWS, CLASSES, (int[]){1, 2, 3}, NULL, 1, error, &correct);
    ck_assert_uint_eq(correct, 3);
}
END_TEST

/* Large logits are no overflow; what is not finite shows, wherever it stands. */
START_TEST(extremes)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    xb_recipe r = recipe(XB_CROSS_ENTROPY, 0, 0.5, 1e-3);
    float s[ALL] = {3e38f, -3e38f, 0, 0, 1e4f, 0, 0, 0, 0, 0, 0, 0}, t[ALL], error[ALL];
    uint64_t correct = 0;
    ck_assert(isfinite(xb_loss(&r, s, ROWS, CLASSES, label, teacher, 1, error, &correct)));
    for (size_t b = 0; b < 3; b++)
        for (int i = 0; i < ALL; i++)
            for (int kind = XB_CROSS_ENTROPY; kind <= XB_MSE; kind++) {
                for (int k = 0; k < ALL; k++) s[k] = logits[k], t[k] = teacher[k];
                r.loss = kind;
                s[i] = bad[b];
                ck_assert(!isfinite(xb_loss(&r, s, ROWS, CLASSES, label, NULL, 1, error, &correct)));
                ck_assert(!isfinite(error[i]));
                s[i] = logits[i], t[i] = bad[b];
                ck_assert(!isfinite(xb_loss(&r, s, ROWS, CLASSES, label, t, 1, error, &correct)));
            }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("loss");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, cross_entropy);
    tcase_add_test(t, distillation);
    tcase_add_test(t, mean_square);
    tcase_add_test(t, gradient_is_the_slope);
    tcase_add_test(t, without_labels);
    tcase_add_test(t, ties_go_to_the_first);
    tcase_add_test(t, extremes);
    return run_case("train_loss", t);
}
