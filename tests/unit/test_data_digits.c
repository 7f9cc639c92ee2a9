/* Drawn digits: the same at any thread count, sets of them. */
#include "base/digest.h"
#include "data/digits.h"
#include "data_kit.h"
#include "suite.h"

START_TEST(digits_do_not_depend_on_threads)
{
    enum { COUNT = 1000 };
    uint8_t *one = xb_malloc(COUNT * XB_DIGITS_PIXELS), *more = xb_malloc(COUNT * XB_DIGITS_PIXELS);
    int32_t *labels = xb_calloc(COUNT, sizeof *labels), *others = xb_calloc(COUNT, sizeof *others);
    xb_digits_draw(1, COUNT, 1, one, labels);
    for (int threads = 2; threads <= 4; threads += 2) {
        memset(more, 1, COUNT * XB_DIGITS_PIXELS);
        xb_digits_draw(1, COUNT, threads, more, others);
        ck_assert_int_eq(memcmp(one, more, COUNT * XB_DIGITS_PIXELS), 0);
        ck_assert_int_eq(memcmp(labels, others, COUNT * sizeof *labels), 0);
    }
    uint8_t again[XB_DIGITS_PIXELS]; /* image i depends on nothing but the seed and i */
    ck_assert_int_eq(xb_digit_draw(1, 777, again), labels[777]);
    ck_assert_int_eq(memcmp(again, one + 777 * XB_DIGITS_PIXELS, XB_DIGITS_PIXELS), 0);
    int count[10] = {0};
    for (size_t i = 0; i < COUNT; i++) count[labels[i]]++;
    for (int i = 0; i < 10; i++) ck_assert(count[i] > 60 && count[i] < 140);
    char hex[XB_DIGEST_HEX];
    xb_digest_of(one, 100 * XB_DIGITS_PIXELS, hex);
    ck_assert_str_eq(hex, "aec19655c2b7860e34511b84bf1b70f16b5c637a0b212314e52a658b85153f54");
    free(one), free(more), free(labels), free(others);
}
END_TEST

START_TEST(digit_sets)
{
    xb_dataset *a = expect_set("digits:100@1"), *b = expect_set("digits:60@1"), *c = expect_set("digits:60@2");
    ck_assert_uint_eq(xb_dataset_count(a), 100);
    ck_assert_int_eq(xb_dataset_classes(a), 10);
    ck_assert_int_eq(xb_dataset_dims(a)[1], 28);
    float x[XB_DIGITS_PIXELS], y[XB_DIGITS_PIXELS];
    xb_dataset_get(a, 59, NULL, x);
    xb_dataset_get(b, 59, NULL, y);
    ck_assert_int_eq(memcmp(x, y, sizeof x), 0);
    xb_dataset_get(c, 59, NULL, y);
    ck_assert_int_ne(memcmp(x, y, sizeof x), 0);
    xb_dataset_free(a), xb_dataset_free(b), xb_dataset_free(c);
    a = expect_set("digits:test");
    ck_assert_uint_eq(xb_dataset_count(a), 10000);
    xb_dataset_free(a);
    static const char *const bad[] = {"digits:",     "digits:dev",  "digits:0@1",       "digits:-5@1", "digits:5@",
                                      "digits:5@-1", "digits:5@1x", "digits:1000001@1", "digits:5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refusal(bad[i], "expected digits:train, digits:test or digits:N@SEED (N up to 1000000) [data]");
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("digits");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, digits_do_not_depend_on_threads);
    tcase_add_test(t, digit_sets);
    return run_case("data_digits", t);
}
