/* MNIST and CIFAR files; kinds that are unknown. */
#include "data_kit.h"
#include "suite.h"
#include <sys/stat.h>
#include <zlib.h>

static void put_packed(const char *path, const void *bytes, size_t n)
{
    gzFile f = gzopen(path, "wb");
    ck_assert_int_eq(gzwrite(f, bytes, (unsigned)n), (int)n);
    gzclose(f);
}

/* ---- MNIST --------------------------------------------------------------------------------------- */

enum { N = 3, ROWS = 2, COLS = 4, ITEM = ROWS * COLS };

typedef struct idx_files {
    unsigned char images[16 + N * ITEM + 1], labels[8 + N + 1];
} idx_files;

static void put_word(unsigned char *p, uint32_t v)
{
    for (int i = 4; i--; v >>= 8) p[i] = (unsigned char)v;
}

static idx_files make_idx(void)
{
    idx_files f;
    put_word(f.images, 2051);
    put_word(f.images + 4, N);
    put_word(f.images + 8, ROWS);
    put_word(f.images + 12, COLS);
    for (int i = 0; i <= N * ITEM; i++) f.images[16 + i] = (unsigned char)(i * 9);
    put_word(f.labels, 2049);
    put_word(f.labels + 4, N);
    memcpy(f.labels + 8, "\x07\x00\x09\x03", 4);
    return f;
}

static void check_idx(const char *spec)
{
    xb_dataset *s = expect_set(spec);
    ck_assert_uint_eq(xb_dataset_count(s), N);
    ck_assert_int_eq(xb_dataset_classes(s), 10);
    ck_assert_int_eq(xb_dataset_rank(s), 3);
    ck_assert_int_eq(xb_dataset_dims(s)[0], 1);
    ck_assert_int_eq(xb_dataset_dims(s)[1], ROWS);
    ck_assert_int_eq(xb_dataset_dims(s)[2], COLS);
    ck_assert_uint_eq(xb_dataset_item(s), ITEM);
    ck_assert_str_eq(xb_dataset_name(s), spec);
    ck_assert_int_eq(xb_dataset_label(s, 0), 7);
    ck_assert_int_eq(xb_dataset_label(s, 2), 9);
    float x[ITEM];
    xb_dataset_get(s, 1, &(xb_input_map){.scale = 1.0 / 256}, x);
    for (int k = 0; k < ITEM; k++) ck_assert_float_eq(x[k], (float)((ITEM + k) * 9 & 255) / 256);
    xb_dataset_free(s);
}

START_TEST(idx_plain_and_packed)
{
    idx_files f = make_idx();
    put_file("a-images-idx3-ubyte", f.images, sizeof f.images - 1);
    put_file("a-labels-idx1-ubyte", f.labels, sizeof f.labels - 1);
    put_packed("b-images-idx3-ubyte.gz", f.images, sizeof f.images - 1);
    put_packed("b-labels-idx1-ubyte.gz", f.labels, sizeof f.labels - 1);
    put_file("c-images.idx3-ubyte", f.images, sizeof f.images - 1);
    put_packed("c-labels.idx1-ubyte.gz", f.labels, sizeof f.labels - 1);
    check_idx("mnist:a");
    check_idx("mnist:./b");
    check_idx("mnist:c");
    xb_dataset *s = xb_dataset_open(diags, "mnist:a", top);
    ck_assert_ptr_nonnull(s);
    xb_dataset_free(s);
    xb_dataset_free(NULL);
    ck_assert_uint_eq(xb_diags_errors(diags), 0);
}
END_TEST

static void expect_idx_refusal(const idx_files *f, size_t images, size_t labels, const char *words)
{
    put_file("x-images-idx3-ubyte", f->images, images);
    put_file("x-labels-idx1-ubyte", f->labels, labels);
    expect_refusal("mnist:x", words);
    unlink("x-images-idx3-ubyte");
    put_packed("x-images-idx3-ubyte.gz", f->images, images);
    expect_refusal("mnist:x", "[data]");
    unlink("x-images-idx3-ubyte.gz");
}

START_TEST(idx_faults)
{
    const size_t images = sizeof(idx_files){0}.images - 1, labels = sizeof(idx_files){0}.labels - 1;
    idx_files good = make_idx(), f = good;
    for (size_t n = 0; n < images; n++) expect_idx_refusal(&good, n, labels, "x-images-idx3-ubyte");
    for (size_t n = 0; n < labels; n++) expect_idx_refusal(&good, images, n, "x-labels-idx1-ubyte");
    expect_idx_refusal(&good, images - 1, labels, "the header promises 24 bytes, the file has 23 [data]");
    expect_idx_refusal(&good, images + 1, labels, "the header promises 24 bytes, the file has 25 [data]");
    expect_idx_refusal(&good, images, labels + 1, "the header promises 3 bytes, the file has 4 [data]");
    f.images[3] = 1;
    expect_idx_refusal(&f, images, labels, "magic number 2049, expected 2051: not an IDX file of images [data]");
    f = good;
    f.labels[0] = 1;
    expect_idx_refusal(&f, images, labels, "not an IDX file of labels [data]");
    f = good;
    f.labels[7] = 2;
    expect_idx_refusal(&f, images, labels, "2 labels for 3 images [data]");
    f = good;
    f.labels[9] = 10;
    expect_idx_refusal(&f, images, labels, "label 1 is 10, not in 0..9 [data]");
    f = good;
    put_word(f.images + 4, 0);
    expect_idx_refusal(&f, images, labels, "the set is empty [data]");
    f = good;
    for (int i = 4; i < 16; i++) f.images[i] = 0xff;
    expect_idx_refusal(&f, images, labels, "are too many [data]");
    f = good;
    put_word(f.images + 4, 0x7fffffff);
    expect_idx_refusal(&f, images, labels, "the header promises 17179869176 bytes");
    expect_refusal("mnist:absent", "no file absent-images-idx3-ubyte, plain or .gz [data]");
}
END_TEST

START_TEST(damaged_packing)
{
    idx_files f = make_idx();
    put_file("x-labels-idx1-ubyte", f.labels, sizeof f.labels - 1);
    put_packed("x-images-idx3-ubyte.gz", f.images, sizeof f.images - 1);
    size_t n;
    char *bytes = xb_read_file(diags, "x-images-idx3-ubyte.gz", 1 << 20, &n);
    for (size_t cut = 0; cut < n; cut++) {
        put_file("x-images-idx3-ubyte.gz", bytes, cut);
        expect_refusal("mnist:x", "[data]");
    }
    bytes[n - 6] ^= 1; /* the checksum */
    put_file("x-images-idx3-ubyte.gz", bytes, n);
    expect_refusal("mnist:x", "damaged [data]");
    free(bytes);
}
END_TEST

START_TEST(real_mnist)
{
    const char *data = getenv("XBARC_DATA");
    if (!data) {
        printf("SKIP: XBARC_DATA is not set: no real MNIST\n");
        return;
    }
    xb_dataset *s = xb_dataset_open(diags, "mnist:mnist/t10k", data);
    ck_assert_msg(s != NULL, "%s", xb_diags_text(diags));
    ck_assert_uint_eq(xb_dataset_count(s), 10000);
    static const int first[] = {7, 2, 1, 0, 4, 1, 4, 9, 5, 9};
    for (size_t i = 0; i < 10; i++) ck_assert_int_eq(xb_dataset_label(s, i), first[i]);
    xb_dataset_free(s);
}
END_TEST

/* ---- CIFAR ----------------------------------------------------------------------------------------- */

enum { PIXELS = 3072, RECORD = 1 + PIXELS, RECORD100 = 2 + PIXELS };

static void fill_record(unsigned char *r, size_t labels, int label, int start)
{
    r[0] = 99;
    r[labels - 1] = (unsigned char)label;
    for (int i = 0; i < PIXELS; i++) r[labels + (size_t)i] = (unsigned char)(start + i);
}

START_TEST(cifar_records)
{
    unsigned char *b = xb_calloc(2, RECORD100);
    char name[64];
    ck_assert_int_eq(mkdir("cifar-10-batches-bin", 0777), 0);
    for (int i = 1; i <= 5; i++) {
        fill_record(b, 1, i, i);
        fill_record(b + RECORD, 1, 9, i + 100);
        snprintf(name, sizeof name, "cifar-10-batches-bin/data_batch_%d.bin", i);
        put_file(name, b, i == 5 ? RECORD : 2 * RECORD);
    }
    xb_dataset *s = expect_set("cifar10:cifar-10-batches-bin/train");
    ck_assert_uint_eq(xb_dataset_count(s), 9);
    ck_assert_int_eq(xb_dataset_dims(s)[0], 3);
    ck_assert_int_eq(xb_dataset_dims(s)[2], 32);
    ck_assert_int_eq(xb_dataset_label(s, 8), 5);
    ck_assert_int_eq(xb_dataset_label(s, 7), 9);
    float *x = xb_calloc(PIXELS, sizeof *x);
    xb_dataset_get(s, 8, NULL, x);
    for (int i = 0; i < PIXELS; i++) ck_assert_float_eq(x[i], (float)((5 + i) & 255));

    double mean[] = {1, 2, 3}, std[] = {2};
    xb_input_map map = {.scale = 0.5, .n_mean = 3, .n_std = 1, .mean = mean, .std = std};
    ck_assert(xb_input_map_check(diags, s, &map));
    xb_dataset_get(s, 8, &map, x);
    for (int i = 0; i < PIXELS; i++)
        ck_assert_float_eq(x[i], ((float)((5 + i) & 255) * 0.5f - (float)(1 + i / 1024)) / 2);
    map.n_mean = 2;
    ck_assert(!xb_input_map_check(diags, s, &map));
    map.n_mean = 0, std[0] = 0;
    ck_assert(!xb_input_map_check(diags, s, &map));
    ck_assert_uint_eq(xb_diags_errors(diags), 2);
    xb_dataset_free(s);

    s = expect_set("cifar10:train"); /* the folder that the archive unpacks to is found */
    xb_dataset_free(s);
    fill_record(b, 2, 42, 7);
    put_file("test.bin", b, RECORD100);
    s = expect_set("cifar100:test");
    ck_assert_int_eq(xb_dataset_classes(s), 100);
    ck_assert_int_eq(xb_dataset_label(s, 0), 42);
    xb_dataset_get(s, 0, NULL, x);
    ck_assert_float_eq(x[1], 8);
    xb_dataset_free(s);
    free(x);

    put_file("test.bin", b, RECORD100 - 1);
    expect_refusal("cifar100:test", "3073 bytes are not a whole number of 3074-byte records");
    put_file("test.bin", b, 0);
    expect_refusal("cifar100:test", "0 bytes are not a whole number");
    b[1] = 100;
    put_file("test.bin", b, RECORD100);
    expect_refusal("cifar100:test", "label 0 is 100, not in 0..99 [data]");
    fill_record(b, 1, 10, 0);
    put_file("test_batch.bin", b, RECORD);
    expect_refusal("cifar10:test", "label 0 is 10, not in 0..9 [data]");
    expect_refusal("cifar10:dev", "expected cifar10:DIR/train or cifar10:DIR/test [data]");
    ck_assert_int_eq(unlink("cifar-10-batches-bin/data_batch_3.bin"), 0);
    expect_refusal("cifar10:train", "data_batch_3.bin: error: cannot open");
    free(b);
}
END_TEST

START_TEST(unknown_kinds)
{
    expect_refusal("minst:a/train", "unknown kind 'minst'; did you mean 'mnist'? [data]");
    expect_refusal("mnist", "expected mnist:DIR/train");
    expect_refusal("", "expected mnist:DIR/train");
    expect_refusal("imagenet:x", "expected mnist:DIR/train");
}
END_TEST

/* Values, labels and shape count; the name and the packing do not. */
START_TEST(digests)
{
    char plain[XB_DIGEST_HEX], packed[XB_DIGEST_HEX], other[XB_DIGEST_HEX];
    idx_files f = make_idx();
    put_file("a-images-idx3-ubyte", f.images, sizeof f.images - 1);
    put_file("a-labels-idx1-ubyte", f.labels, sizeof f.labels - 1);
    put_packed("b-images-idx3-ubyte.gz", f.images, sizeof f.images - 1);
    put_packed("b-labels-idx1-ubyte.gz", f.labels, sizeof f.labels - 1);
    xb_dataset *s = expect_set("mnist:a");
    xb_dataset_digest(s, plain);
    xb_dataset_free(s);
    s = expect_set("mnist:b");
    xb_dataset_digest(s, packed);
    xb_dataset_free(s);
    ck_assert_str_eq(plain, packed);
    for (int change = 0; change < 3; change++) {
        idx_files g = f;
        if (change == 0) g.images[16 + N * ITEM - 1] ^= 1;
        if (change == 1) g.labels[8 + N - 1] ^= 1;
        if (change == 2) put_word(g.images + 8, COLS), put_word(g.images + 12, ROWS);
        put_file("c-images-idx3-ubyte", g.images, sizeof g.images - 1);
        put_file("c-labels-idx1-ubyte", g.labels, sizeof g.labels - 1);
        s = expect_set("mnist:c");
        xb_dataset_digest(s, other);
        xb_dataset_free(s);
        ck_assert_str_ne(plain, other);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("data");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, idx_plain_and_packed);
    tcase_add_test(t, idx_faults);
    tcase_add_test(t, damaged_packing);
    tcase_add_test(t, real_mnist);
    tcase_add_test(t, cifar_records);
    tcase_add_test(t, unknown_kinds);
    tcase_add_test(t, digests);
    return run_case("data", t);
}
