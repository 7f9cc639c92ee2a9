/* Orders and augmentation of training samples. */
#include "data_kit.h"
#include "suite.h"

#include "base/par.h"
#include "base/rng.h"
#include "data/npy.h"
#include "nn/train/augment.h"
#include "nn/train/batches.h"
#include <math.h>

enum { COUNT = 50, CHANNELS = 2, ROWS = 5, COLS = 7, PLANE = ROWS * COLS, ITEM = CHANNELS * PLANE };

/* Element k of item i is 1 + 100 i + k, of this type and shape (with the items). */
static xb_dataset *numbered(xb_dtype dtype, int rank, const int64_t *dims)
{
    xb_type type = {.dtype = dtype, .rank = rank};
    memcpy(type.dim, dims, (size_t)rank * sizeof *dims);
    xb_tensor t;
    ck_assert(xb_tensor_alloc(&t, &type));
    int64_t n = xb_type_count(&type), item = n / dims[0];
    for (int64_t i = 0; i < n; i++) xb_tensor_set(&t, (size_t)i, (double)(1 + 100 * (i / item) + i % item));
    xb_out *o = xb_out_open(diags, "x.npy");
    ck_assert(xb_npy_write(&t, o) && xb_out_commit(o));
    type = (xb_type){.dtype = XB_I64, .rank = 1, .dim = {dims[0]}};
    xb_tensor_free(&t);
    ck_assert(xb_tensor_alloc(&t, &type));
    for (int64_t i = 0; i < dims[0]; i++) xb_tensor_set(&t, (size_t)i, (double)(i % 3));
    o = xb_out_open(diags, "y.npy");
    ck_assert(xb_npy_write(&t, o) && xb_out_commit(o));
    xb_tensor_free(&t);
    return expect_set("npy:x.npy,y.npy");
}

static xb_dataset *images(void)
{
    return numbered(XB_F32, 4, (int64_t[]){COUNT, CHANNELS, ROWS, COLS});
}

static xb_batches *open_batches(const xb_dataset *s, const xb_input_map *map, size_t count, const xb_recipe *r,
                                uint64_t seed)
{
    xb_batches *b = xb_batches_new(diags, s, map, count, r, seed);
    ck_assert_msg(b != NULL, "%s", xb_diags_text(diags));
    return b;
}

static bool same_order(const xb_batches *a, const xb_batches *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (xb_batches_item(a, i) != xb_batches_item(b, i)) return false;
    return true;
}

START_TEST(unshuffled_order_is_the_datas)
{
    xb_dataset *s = xb_dataset_open(NULL, "digits:20@1", NULL);
    xb_recipe r = {.batch = 5};
    xb_batches *b = xb_batches_new(NULL, s, NULL, 20, &r, 7);
    xb_batches_epoch(b, 3);
    for (size_t i = 0; i < 20; i++) ck_assert_uint_eq(xb_batches_item(b, i), i);
    xb_batches_free(b);
    xb_dataset_free(s);
}
END_TEST

START_TEST(orders)
{
    xb_dataset *s = images();
    xb_recipe r = {.shuffle = true, .batch = 8};
    xb_batches *a = open_batches(s, NULL, 41, &r, 7), *b = open_batches(s, NULL, 41, &r, 7);
    ck_assert_int_eq(xb_batches_per_epoch(a), 5);
    for (int64_t e = 0; e < 20; e++) {
        bool seen[41] = {false};
        xb_batches_epoch(a, e);
        for (size_t i = 0; i < 41; i++) {
            size_t item = xb_batches_item(a, i);
            ck_assert(item < 41 && !seen[item]);
            seen[item] = true;
        }
        if (e) ck_assert(!same_order(a, b, 41)); /* b: the epoch before */
        xb_batches_epoch(b, e);
        ck_assert(same_order(a, b, 41));
    }
    xb_batches_epoch(a, 3); /* whatever came between */
    xb_batches *c = open_batches(s, NULL, 41, &r, 7), *other = open_batches(s, NULL, 41, &r, 8);
    xb_batches_epoch(c, 3);
    xb_batches_epoch(other, 3);
    ck_assert(same_order(a, c, 41) && !same_order(a, other, 41));
    xb_batches_free(a), xb_batches_free(b), xb_batches_free(c), xb_batches_free(other);
    xb_dataset_free(s);
}
END_TEST

/* Every item comes to every place about as often: chi-square of 5 items on 5 places, 16 degrees of freedom. */
START_TEST(orders_are_even)
{
    enum { N = 5, EPOCHS = 5000 };
    xb_dataset *s = images();
    xb_recipe r = {.shuffle = true, .batch = 1};
    xb_batches *b = open_batches(s, NULL, N, &r, 1);
    double hits[N][N] = {{0}}, off = 0, want = (double)EPOCHS / N;
    for (int64_t e = 0; e < EPOCHS; e++) {
        xb_batches_epoch(b, e);
        for (size_t i = 0; i < N; i++) hits[i][xb_batches_item(b, i)]++;
    }
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) off += (hits[i][k] - want) * (hits[i][k] - want) / want;
    ck_assert_double_lt(off, 40); /* p = 0.0008 */
    xb_batches_free(b);
    xb_dataset_free(s);
}
END_TEST

START_TEST(plain_samples_are_the_set)
{
    static const double mean[] = {3, 4}, std[] = {2, 5};
    xb_input_map map = {.scale = 0.5, .n_mean = 2, .mean = mean, .n_std = 2, .std = std};
    xb_dataset *s = images();
    xb_recipe r = {.shuffle = true, .batch = 10};
    xb_batches *b = open_batches(s, &map, COUNT, &r, 2);
    for (size_t at = 0; at < COUNT; at++) {
        float got[ITEM], want[ITEM];
        bool finite = false;
        int label = xb_batches_get(b, at, got, &finite);
        xb_dataset_get(s, xb_batches_item(b, at), &map, want);
        ck_assert(!memcmp(got, want, sizeof got) && finite);
        ck_assert_int_eq(label, (int)(xb_batches_item(b, at) % 3));
    }
    xb_batches_free(b);
    xb_dataset_free(s);
}
END_TEST

/* Pixel by pixel: moved by (y, x), mirrored, moved by (v, u). */
static void expect(const float *in, const float *zero, int64_t y, int64_t x, bool mirror, int64_t v, int64_t u,
                   float *out)
{
    float a[ITEM], b[ITEM];
    for (int64_t c = 0; c < CHANNELS; c++)
        for (int stage = 0; stage < 3; stage++) {
            const float *from = stage == 0 ? in : stage == 1 ? a : b;
            float *to = stage == 0 ? a : stage == 1 ? b : out;
            for (int64_t row = 0; row < ROWS; row++)
                for (int64_t col = 0; col < COLS; col++) {
                    int64_t sr = stage == 0 ? row - y : stage == 1 ? row : row - v;
                    int64_t sc = stage == 0 ? col - x : stage == 1 ? (mirror ? COLS - 1 - col : col) : col - u;
                    bool inside = sr >= 0 && sr < ROWS && sc >= 0 && sc < COLS;
                    to[c * PLANE + row * COLS + col] = inside ? from[c * PLANE + sr * COLS + sc] : zero[c];
                }
        }
}

/* Which of all changes within shift and crop is this? Every sample must be one of them; distinct ones are counted. */
static size_t changes(int64_t shift, int64_t crop, bool flip, size_t samples)
{
    static const float zero[CHANNELS] = {-1, -2};
    xb_augment a = {CHANNELS, ROWS, COLS, shift, crop, flip, zero};
    enum { MOST = 512 };
    static float known[MOST][ITEM];
    static size_t hits[MOST];
    float in[ITEM], out[ITEM];
    size_t n = 0, distinct = 0;
    for (int i = 0; i < ITEM; i++) in[i] = (float)(i + 1);
    for (int64_t y = -shift; y <= shift; y++)
        for (int64_t x = -shift; x <= shift; x++)
            for (int mirror = 0; mirror <= flip; mirror++)
                for (int64_t v = -crop; v <= crop; v++)
                    for (int64_t u = -crop; u <= crop; u++) {
                        ck_assert(n < MOST);
                        hits[n] = 0;
                        expect(in, zero, y, x, mirror, v, u, known[n++]);
                    }
    for (size_t i = 0; i < samples; i++) {
        xb_augment_apply(&a, 9, (int64_t)(i % 10), i / 10, in, out);
        size_t k = 0;
        while (k < n && memcmp(known[k], out, sizeof out) != 0) k++;
        ck_assert_msg(k < n, "sample %zu is no change of the image", i);
        hits[k]++;
    }
    for (size_t k = 0; k < n; k++) distinct += hits[k] > 0;
    return distinct;
}

START_TEST(every_change_happens_and_no_other)
{
    ck_assert_uint_eq(changes(0, 0, false, 100), 1);
    ck_assert_uint_eq(changes(0, 0, true, 100), 2);
    ck_assert_uint_eq(changes(1, 0, false, 500), 9);
    ck_assert_uint_eq(changes(2, 0, true, 2000), 50);
    ck_assert_uint_eq(changes(0, 2, false, 1000), 25);
    ck_assert_uint_eq(changes(0, 1, true, 1000), 18);
    ck_assert_uint_eq(changes(1, 1, true, 4000), 98); /* 162, but 1 and 0 is what 0 and 1 is */
    ck_assert_uint_eq(changes(4, 0, false, 4000), 81);
}
END_TEST

/* Moved out of the image and beyond: all zero, nothing touched outside. */
START_TEST(extreme_moves)
{
    static const float zero[CHANNELS] = {0, 0};
    xb_augment a = {CHANNELS, ROWS, COLS, 4, 4, true, zero};
    float in[ITEM], out[ITEM + 2];
    for (int i = 0; i < ITEM; i++) in[i] = (float)(i + 1);
    for (size_t item = 0; item < 5000; item++) {
        out[0] = out[ITEM + 1] = 77;
        xb_augment_apply(&a, 1, 0, item, in, out + 1);
        ck_assert(out[0] == 77 && out[ITEM + 1] == 77);
        for (int i = 1; i <= ITEM; i++) ck_assert(out[i] >= 0 && out[i] <= ITEM);
    }
}
END_TEST

START_TEST(half_are_mirrored)
{
    static const float zero[CHANNELS] = {0};
    xb_augment a = {1, 1, 2, 0, 0, true, zero};
    int mirrored = 0;
    for (size_t item = 0; item < 10000; item++) {
        float in[2] = {1, 2}, out[2];
        xb_augment_apply(&a, 4, 17, item, in, out);
        mirrored += out[0] == 2;
    }
    ck_assert_int_gt(mirrored, 4850); /* 3 standard deviations */
    ck_assert_int_lt(mirrored, 5150);
}
END_TEST

/* What is drawn for one change does not depend on the others being on. */
START_TEST(draws_are_apart)
{
    static const float zero[CHANNELS] = {0};
    xb_augment all = {1, 1, 7, 0, 2, true, zero}, flip = {1, 1, 7, 0, 0, true, zero},
               crop = {1, 1, 7, 0, 2, false, zero};
    for (size_t item = 0; item < 200; item++) {
        float in[7] = {1, 2, 3, 4, 5, 6, 7}, one[7], two[7], both[7];
        xb_augment_apply(&flip, 4, 1, item, in, one);
        xb_augment_apply(&crop, 4, 1, item, one, two);
        xb_augment_apply(&all, 4, 1, item, in, both);
        ck_assert(!memcmp(two, both, sizeof two));
    }
}
END_TEST

typedef struct fetched {
    const xb_batches *b;
    float (*out)[ITEM]; /* by item */
} fetched;

static bool fetch(void *context, int worker, size_t at)
{
    fetched *f = context;
    bool finite;
    (void)worker;
    xb_batches_get(f->b, at, f->out[xb_batches_item(f->b, at)], &finite);
    return finite;
}

/* Another order of items, another number of threads, another batch: the same images; other epochs, other images. */
START_TEST(augmentation_depends_on_the_item_alone)
{
    xb_dataset *s = images();
    xb_recipe r = {.shuffle = true, .batch = 5, .augment = {.shift = 2, .crop = 1, .flip = true}}, wide = r;
    wide.batch = 16;
    xb_batches *a = open_batches(s, NULL, COUNT, &r, 3), *b = open_batches(s, NULL, COUNT - 1, &wide, 3);
    static float first[COUNT][ITEM], second[COUNT][ITEM];
    xb_batches_epoch(a, 6);
    xb_batches_epoch(b, 6);
    ck_assert(!same_order(a, b, COUNT - 1));
    ck_assert(xb_par_run(1, COUNT, NULL, fetch, &(fetched){a, first}));
    ck_assert(xb_par_run(3, COUNT - 1, NULL, fetch, &(fetched){b, second}));
    ck_assert(!memcmp(first, second, (COUNT - 1) * sizeof *first));
    xb_batches_epoch(b, 7);
    ck_assert(xb_par_run(1, COUNT - 1, NULL, fetch, &(fetched){b, second}));
    int same = 0;
    for (int i = 0; i < COUNT - 1; i++) same += !memcmp(first[i], second[i], sizeof first[i]);
    ck_assert_int_lt(same, 6); /* 1 in 150 or so */
    xb_batches_free(a), xb_batches_free(b);
    xb_dataset_free(s);
}
END_TEST

/* What comes in from outside is what a stored 0 becomes, by channel. */
START_TEST(zeros_are_stored_zeros)
{
    static const double mean[] = {3, 0.25}, std[] = {2, 0.7};
    xb_input_map map = {.scale = 1 / 256.0, .n_mean = 2, .mean = mean, .n_std = 2, .std = std};
    const float zero[CHANNELS] = {(0.0f - 3.0f) / 2.0f, (0.0f - 0.25f) / 0.7f};
    xb_dataset *s = images();
    xb_recipe r = {.shuffle = true, .batch = 5, .augment.crop = 3};
    xb_batches *b = open_batches(s, &map, COUNT, &r, 3);
    size_t zeros = 0;
    for (size_t at = 0; at < COUNT; at++) {
        float in[ITEM], out[ITEM];
        bool finite;
        xb_batches_get(b, at, out, &finite);
        xb_dataset_get(s, xb_batches_item(b, at), &map, in);
        for (int i = 0; i < ITEM; i++) {
            int from = i / PLANE * PLANE, k = 0;
            while (k < PLANE && in[from + k] != out[i]) k++;
            if (k == PLANE) {
                ck_assert(out[i] == zero[i / PLANE]);
                zeros++;
            }
        }
    }
    ck_assert_uint_gt(zeros, 0);
    xb_batches_free(b);
    xb_dataset_free(s);
}
END_TEST

START_TEST(images_without_channels)
{
    xb_dataset *s = numbered(XB_U8, 3, (int64_t[]){2, 3, 3});
    xb_recipe r = {.shuffle = true, .batch = 2, .augment.shift = 1};
    static const double mean[] = {1};
    xb_input_map map = {.n_mean = 1, .mean = mean};
    xb_batches *b = open_batches(s, &map, 2, &r, 3);
    float out[9];
    bool finite, moved = false;
    for (int64_t e = 0; e < 20; e++) {
        xb_batches_epoch(b, e);
        xb_batches_get(b, 0, out, &finite);
        for (int i = 0; i < 9; i++) ck_assert(out[i] == -1 || (out[i] >= 0 && out[i] <= 108));
        moved |= out[4] != (float)(100 * xb_batches_item(b, 0) + 4);
    }
    ck_assert(moved);
    xb_batches_free(b);
    xb_dataset_free(s);
}
END_TEST

START_TEST(numbers_that_are_none)
{
    for (int augmented = 0; augmented < 2; augmented++) {
        xb_dataset *s = images();
        xb_recipe r = {.shuffle = true, .batch = 1, .augment.shift = augmented ? 4 : 0};
        static const double mean[] = {0, NAN};
        xb_input_map nan = {.n_mean = 2, .mean = mean}, huge = {.scale = 1e36};
        xb_batches *a = open_batches(s, &nan, COUNT, &r, 3), *b = open_batches(s, &huge, COUNT, &r, 3);
        float out[ITEM];
        for (size_t at = 0; at < COUNT; at++) {
            bool finite = true;
            xb_batches_get(a, at, out, &finite);
            ck_assert(!finite);
            xb_batches_get(b, at, out, &finite);
            ck_assert(finite == (xb_batches_item(b, at) < 3)); /* 370 * 1e36 is no float */
        }
        xb_batches_free(a), xb_batches_free(b);
        xb_dataset_free(s);
    }
}
END_TEST

static void refused(const xb_dataset *s, size_t count, xb_recipe r, const char *words)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    ck_assert_ptr_null(xb_batches_new(d, s, NULL, count, &r, 1));
    ck_assert_uint_eq(xb_diags_errors(d), 1);
    ck_assert_msg(strstr(xb_diags_text(d), words) && strstr(xb_diags_text(d), "[train]"), "%s", xb_diags_text(d));
    xb_diags_free(d);
}

START_TEST(refusals)
{
    xb_dataset *s = images();
    refused(s, 9, (xb_recipe){.batch = 10}, "do not fill a batch");
    refused(s, COUNT, (xb_recipe){.batch = 10, .augment.shift = ROWS}, "'shift' is as large");
    refused(s, COUNT, (xb_recipe){.batch = 10, .augment.crop = ROWS}, "'crop' is as large");
    xb_dataset_free(s);
    s = numbered(XB_F32, 2, (int64_t[]){COUNT, 9});
    refused(s, COUNT, (xb_recipe){.batch = 10, .augment.flip = true}, "no images");
    xb_dataset_free(s);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("batches");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, unshuffled_order_is_the_datas);
    tcase_add_test(t, orders);
    tcase_add_test(t, orders_are_even);
    tcase_add_test(t, plain_samples_are_the_set);
    tcase_add_test(t, every_change_happens_and_no_other);
    tcase_add_test(t, extreme_moves);
    tcase_add_test(t, half_are_mirrored);
    tcase_add_test(t, draws_are_apart);
    tcase_add_test(t, augmentation_depends_on_the_item_alone);
    tcase_add_test(t, zeros_are_stored_zeros);
    tcase_add_test(t, images_without_channels);
    tcase_add_test(t, numbers_that_are_none);
    tcase_add_test(t, refusals);
    return run_case("train_batches", t);
}
