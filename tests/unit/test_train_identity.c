/* What a run is made from: what counts, and how two of them are told apart. */
#include "nn/linalg.h"
#include "suite.h"
#include "train_kit.h"

static void expect_difference(const char *there, const char *here, const char *want)
{
    xb_buf b = {0};
    xb_train_identity_differs(&b, there, here);
    ck_assert_str_eq(xb_buf_cstr(&b), want);
    xb_buf_free(&b);
}

START_TEST(keys_that_differ_are_named)
{
    expect_difference("seed: 1\n", "seed: 1\n", "");
    expect_difference("", "", "");
    expect_difference("network: a\nseed: 1\nprofile: avx2, x\n", "network: a\nseed: 2\nprofile: avx2, y\n",
                      "seed: 1 there, 2 here; profile: avx2, x there, avx2, y here");
    expect_difference("recipe: {epochs: 40, rate: 0.1}\n", "recipe: {epochs: 41, rate: 0.1}\n",
                      "recipe.epochs: 40 there, 41 here");
    expect_difference("recipe: {a: 1, augment: {shift: 1, crop: 2}, milestones: [1, 2], b: 3}\n",
                      "recipe: {a: 1, augment: {shift: 1, crop: 3}, milestones: [1, 3], b: 3}\n",
                      "recipe.augment.crop: 2 there, 3 here; recipe.milestones: [1, 2] there, [1, 3] here");
    expect_difference("pass: fine-tune@a {epochs: 1}\n", "pass: fine-tune@a {epochs: 2}\n",
                      "pass.epochs: 1 there, 2 here");
    expect_difference("pass: fine-tune@a {epochs: 1}\n", "pass: fine-tune@b {epochs: 1}\n",
                      "pass: fine-tune@a {epochs: 1} there, fine-tune@b {epochs: 1} here");
}
END_TEST

START_TEST(keys_of_one_side_only)
{
    expect_difference("a: 1\n", "a: 1\nteacher: t\n", "teacher: nothing there, t here");
    expect_difference("a: 1\nteacher: t\n", "a: 1\n", "teacher: t there, nothing here");
    expect_difference("", "seed: 3\n", "seed: nothing there, 3 here");
    expect_difference("params: {}\n", "params: {x: {rate: 2}}\n", "params.x: nothing there, {rate: 2} here");
}
END_TEST

/* Brackets, colons and quotes in quotes divide nothing. */
START_TEST(quoted_text_is_one_word)
{
    expect_difference("params: {\"a, }: \\\"b\": {rate: 1}, c: 1}\n", "params: {\"a, }: \\\"b\": {rate: 2}, c: 1}\n",
                      "params.\"a, }: \\\"b\".rate: 1 there, 2 here");
    expect_difference("data: {set: \"npy:x,y\"}\n", "data: {set: \"npy:x,z\"}\n",
                      "data.set: \"npy:x,y\" there, \"npy:x,z\" here");
}
END_TEST

/* A file cut short or written over by others must not lead out of the text. */
START_TEST(any_text_is_read)
{
    static const char *const texts[] = {"a", "a:", "a: ", "a: {",  "a: }",    "a: {b", "a: {b:", "a: {b: }",
                                        "{", "}",  "\"",  "a: \"", "a: \"\\", "\n\n",  ": ",     "a: {b: 1\n}"};
    enum { N = sizeof texts / sizeof *texts };
    for (size_t i = 0; i < N * N; i++) {
        xb_buf b = {0};
        xb_train_identity_differs(&b, texts[i / N], texts[i % N]);
        if (i / N == i % N) ck_assert_uint_eq(b.len, 0);
        xb_buf_free(&b);
    }
}
END_TEST

static void identity_of(const char *data, uint64_t seed, xb_buf *b)
{
    kit k;
    kit_begin(&k, small_net, data, "{steps: 1}");
    k.run.seed = seed;
    b->len = 0;
    xb_train_identity(b, &k.run);
    kit_end(&k);
}

/* Singular vectors depend on it. */
START_TEST(linear_algebra_counts)
{
    xb_buf b = {0};
    char library[64];
    identity_of("digits:100@1", 5, &b);
    ck_assert_ptr_nonnull(strstr(xb_buf_cstr(&b), xb_linalg_library(library)));
    ck_assert(xb_starts_with(library, "OpenBLAS ") && strchr(library + 9, ' '));
    xb_buf_free(&b);
}
END_TEST

START_TEST(data_counts_by_its_contents)
{
    xb_buf a = {0}, b = {0}, what = {0};
    identity_of("digits:100@1", 5, &a);
    identity_of("digits:100@1", 5, &b);
    ck_assert_str_eq(xb_buf_cstr(&a), xb_buf_cstr(&b));
    identity_of("digits:100@2", 6, &b);
    xb_train_identity_differs(&what, xb_buf_cstr(&a), xb_buf_cstr(&b));
    ck_assert_ptr_nonnull(strstr(xb_buf_cstr(&what), "data.set: \"digits:100@1\" there, \"digits:100@2\" here; "));
    ck_assert_ptr_nonnull(strstr(xb_buf_cstr(&what), "data.sha256: "));
    ck_assert(xb_ends_with(xb_buf_cstr(&what), "; seed: 5 there, 6 here"));
    xb_buf_free(&a);
    xb_buf_free(&b);
    xb_buf_free(&what);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("identity");
    tcase_add_test(t, keys_that_differ_are_named);
    tcase_add_test(t, keys_of_one_side_only);
    tcase_add_test(t, quoted_text_is_one_word);
    tcase_add_test(t, any_text_is_read);
    tcase_add_test(t, linear_algebra_counts);
    tcase_add_test(t, data_counts_by_its_contents);
    return run_case("train_identity", t);
}
