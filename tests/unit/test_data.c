#include "base/digest.h"
#include "base/file.h"
#include "base/rng.h"
#include "data/data.h"
#include "data/digits.h"
#include "data/npy.h"
#include <check.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char top[64];
static xb_diags *diags;

static void set_up(void)
{
    strcpy(top, "/tmp/xbarc-data-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
    diags = xb_diags_new(NULL, XB_DIAG_TEXT, false);
}

static void tear_down(void)
{
    xb_diags_free(diags);
    ck_assert_int_eq(chdir("/"), 0);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", top);
    ck_assert_int_eq(system(command), 0);
}

static void put_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void put_packed(const char *path, const void *bytes, size_t n)
{
    gzFile f = gzopen(path, "wb");
    ck_assert_int_eq(gzwrite(f, bytes, (unsigned)n), (int)n);
    gzclose(f);
}

/* The set must be refused with one diagnostic "data" that holds the words. */
static void expect_refusal(const char *spec, const char *words)
{
    xb_diags_free(diags);
    diags = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_dataset *s = xb_dataset_open(diags, spec, NULL);
    ck_assert_msg(!s, "%s was taken, not refused with '%s'", spec, words);
    ck_assert_msg(strstr(xb_diags_text(diags), words) != NULL, "%s: '%s' not in: %s", spec, words,
                  xb_diags_text(diags));
    ck_assert_uint_eq(xb_diags_errors(diags), 1);
}

static xb_dataset *expect_set(const char *spec)
{
    xb_dataset *s = xb_dataset_open(diags, spec, NULL);
    ck_assert_msg(s != NULL, "%s: %s", spec, xb_diags_text(diags));
    return s;
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

/* ---- .npy -------------------------------------------------------------------------------------------- */

static void write_npy(const char *path, const xb_tensor *t)
{
    xb_out *o = xb_out_open(diags, path);
    ck_assert(xb_npy_write(t, o));
    ck_assert(xb_out_commit(o));
}

START_TEST(npy_round_trip_in_every_type)
{
    static const int64_t shapes[][3] = {{2, 3, 4}, {5, 0, 0}, {0, 0, 0}, {1, 0, 2}};
    static const int ranks[] = {3, 1, 0, 3};
    static const size_t counts[] = {24, 5, 1, 0};
    for (int dtype = XB_F32; dtype < XB_DTYPES; dtype++)
        for (int k = 0; k < 4; k++) {
            xb_type type = {.dtype = (xb_dtype)dtype, .rank = ranks[k]};
            memcpy(type.dim, shapes[k], sizeof shapes[k]);
            xb_tensor t, back;
            ck_assert(xb_tensor_alloc(&t, &type));
            for (size_t i = 0; i < counts[k]; i++) xb_tensor_set(&t, i, dtype == XB_BOOLEAN ? i % 2 : (double)i * 3);
            write_npy("t.npy", &t);
            ck_assert_msg(xb_npy_read(diags, "t.npy", &back), "%s", xb_diags_text(diags));
            ck_assert_int_eq(back.type.dtype, dtype == XB_BF16 ? XB_F32 : type.dtype);
            ck_assert_int_eq(back.type.rank, type.rank);
            for (int i = 0; i < type.rank; i++) ck_assert_int_eq(back.type.dim[i], type.dim[i]);
            for (size_t i = 0; i < counts[k]; i++) ck_assert_double_eq(xb_tensor_get(&back, i), xb_tensor_get(&t, i));
            xb_tensor_free(&t);
            xb_tensor_free(&back);
            struct stat st;
            ck_assert_int_eq(stat("t.npy", &st), 0);
            if (!counts[k]) ck_assert_int_eq(st.st_size % 64, 0);
        }
}
END_TEST

static void put_npy(const char *path, int version, const char *dict, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    size_t length = strlen(dict);
    fwrite("\x93NUMPY", 1, 6, f);
    fputc(version, f);
    fputc(0, f);
    for (int i = 0; i < (version == 1 ? 2 : 4); i++) fputc((int)(length >> 8 * i & 255), f);
    fwrite(dict, 1, length, f);
    fwrite(bytes, 1, n, f);
    fclose(f);
}

START_TEST(npy_orders_and_versions)
{
    int16_t v[6] = {0, 10, 1, 11, 2, 12}; /* [[0 1 2] [10 11 12]], first index fastest */
    xb_tensor t;
    for (int version = 1; version <= 3; version++) {
        put_npy("f.npy", version, "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }  \n", v, sizeof v);
        ck_assert_msg(xb_npy_read(diags, "f.npy", &t), "%s", xb_diags_text(diags));
        for (size_t i = 0; i < 6; i++) ck_assert_double_eq(xb_tensor_get(&t, i), (double)(i / 3 * 10 + i % 3));
        xb_tensor_free(&t);
    }
    int8_t cube[24];
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 3; b++)
            for (int c = 0; c < 4; c++) cube[a + 2 * (b + 3 * c)] = (int8_t)(a * 12 + b * 4 + c);
    put_npy("f.npy", 1, "{\"shape\":(2,3,4),\"descr\":\"|i1\",\"fortran_order\":True}", cube, 24);
    ck_assert_msg(xb_npy_read(diags, "f.npy", &t), "%s", xb_diags_text(diags));
    for (size_t i = 0; i < 24; i++) ck_assert_double_eq(xb_tensor_get(&t, i), (double)i);
    xb_tensor_free(&t);
    put_npy("f.npy", 1, "{'descr': '?b1', 'fortran_order': False, 'shape': (3,)}", "\0\2\1", 3);
    ck_assert(!xb_npy_read(diags, "f.npy", &t));
    put_npy("f.npy", 1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}", "\0\2\1", 3);
    ck_assert(xb_npy_read(diags, "f.npy", &t));
    ck_assert_int_eq(memcmp(t.data, "\0\1\1", 3), 0);
    xb_tensor_free(&t);
}
END_TEST

START_TEST(npy_faults)
{
    static const struct {
        const char *dict, *words;
    } bad[] = {
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "'>f4' are not supported"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "'<c8' are not supported"},
        {"{'descr': '', 'fortran_order': False, 'shape': (1,), }", "'' are not supported"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
         "cut short: its header promises more than 4 bytes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", "cut short"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "header cannot be read"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", "longer than its header says"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1), }", "header cannot be read"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", "header cannot be read"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "header cannot be read"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", "header cannot be read"},
        {"{'descr': '<f4', 'fortran_order': False}", "header cannot be read"},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "header cannot be read"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "header cannot be read"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x", "header cannot be read"},
        {"{'descr': '<f4", "header cannot be read"},
        {"", "header cannot be read"}};
    xb_tensor t;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_npy("x.npy", 1, bad[i].dict, "\0\0\0\0", 4);
        expect_refusal("npy:x.npy", bad[i].words);
    }
    put_npy("x.npy", 4, bad[0].dict, "", 0);
    expect_refusal("npy:x.npy", ".npy version 4 is not supported [data]");
    put_file("x.npy", "\x93NUMPX\1\0", 8);
    expect_refusal("npy:x.npy", "is not a .npy file [data]");
    put_npy("x.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }", "abcd", 4);
    size_t n;
    char *bytes = xb_read_file(diags, "x.npy", 1000, &n);
    for (size_t cut = 0; cut < n; cut++) {
        put_file("x.npy", bytes, cut);
        expect_refusal("npy:x.npy", "[data]");
    }
    free(bytes);
    ck_assert(!xb_npy_read(diags, "absent.npy", &t));
    ck_assert_ptr_null(t.data);
}
END_TEST

START_TEST(npy_sets)
{
    static const char two[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }";
    static const char pair[] = "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }";
    put_npy("x.npy", 1, two, "abcdef", 6);
    put_npy("y.npy", 1, pair, "\x04\0\x02\0", 4);
    xb_dataset *s = expect_set("npy:x.npy,y.npy");
    ck_assert_uint_eq(xb_dataset_count(s), 2);
    ck_assert_int_eq(xb_dataset_classes(s), 5);
    ck_assert_int_eq(xb_dataset_rank(s), 1);
    ck_assert_int_eq(xb_dataset_label(s, 1), 2);
    float x[3];
    double mean[] = {1, 2, 3};
    xb_input_map map = {.n_mean = 3, .mean = mean}; /* scale 0 is 1; one mean per number of a vector */
    ck_assert(xb_input_map_check(diags, s, &map));
    xb_dataset_get(s, 1, &map, x);
    ck_assert_float_eq(x[2], 'f' - 3);
    xb_dataset_free(s);
    s = expect_set("npy:x.npy");
    ck_assert_int_eq(xb_dataset_classes(s), 0);
    ck_assert_int_eq(xb_dataset_label(s, 0), -1);
    xb_dataset_free(s);
    float real[4] = {0.5f, -1.25f, 3, 4};
    put_npy("f.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 2), }", real, sizeof real);
    s = expect_set("npy:f.npy");
    xb_dataset_get(s, 0, NULL, x);
    ck_assert_float_eq(x[1], -1.25f);
    xb_dataset_free(s);
    double big[2] = {1e10, 0.1};
    put_npy("f.npy", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", big, sizeof big);
    s = expect_set("npy:f.npy");
    ck_assert_int_eq(xb_dataset_rank(s), 0);
    xb_dataset_get(s, 1, NULL, x);
    ck_assert_float_eq(x[0], 0.1f);
    xb_dataset_free(s);

    expect_refusal("npy:x.npy,f.npy", "f.npy: error: labels must be integers [data]");
    expect_refusal("npy:x.npy,x.npy", "6 labels for 2 items (one label each) [data]");
    put_npy("y.npy", 1, pair, "\x04\0\xff\xff", 4);
    expect_refusal("npy:x.npy,y.npy", "label 1 is -1, not in 0..999999 [data]");
    put_npy("y.npy", 1, "{'descr': '<i2', 'fortran_order': False, 'shape': (1,), }", "\1\0", 2);
    expect_refusal("npy:x.npy,y.npy", "1 labels for 2 items");
    put_npy("x.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (), }", "a", 1);
    expect_refusal("npy:x.npy", "has no items: its first dimension counts them [data]");
    put_npy("x.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 0), }", "", 0);
    expect_refusal("npy:x.npy", "its items are empty [data]");
}
END_TEST

/* ---- PNG folders ----------------------------------------------------------------------------------------- */

static void put_png(const char *path, int type, int depth, png_uint_32 cols, png_uint_32 rows,
                    const unsigned char *pixels, bool interlaced)
{
    FILE *f = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, f);
    png_set_IHDR(png, info, cols, rows, depth, type, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_color palette[2] = {{10, 20, 30}, {40, 50, 60}};
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 2);
    png_write_info(png, info);
    png_set_interlace_handling(png);
    size_t stride = png_get_rowbytes(png, info);
    png_bytep *row = xb_calloc(rows, sizeof *row);
    for (size_t y = 0; y < rows; y++) row[y] = (png_bytep)(uintptr_t)pixels + y * stride;
    png_write_image(png, row);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    free(row);
    fclose(f);
}

START_TEST(png_folders)
{
    ck_assert_int_eq(mkdir("set", 0777) | mkdir("set/b", 0777) | mkdir("set/a", 0777), 0);
    static const unsigned char gray[4] = {1, 2, 3, 4}, deep[8] = {128, 1, 255, 255, 0, 0, 64, 0},
                               faint[4] = {9, 0, 8, 255};
    put_png("set/b/1.png", PNG_COLOR_TYPE_GRAY, 8, 2, 2, gray, true);
    put_png("set/a/2.png", PNG_COLOR_TYPE_GRAY, 16, 2, 2, deep, false);
    put_file("set/a/.hidden.png", "x", 1);
    put_file("set/a/notes.txt", "x", 1);
    xb_dataset *s = expect_set("images:set");
    ck_assert_uint_eq(xb_dataset_count(s), 2);
    ck_assert_int_eq(xb_dataset_classes(s), 2);
    ck_assert_int_eq(xb_dataset_dims(s)[0], 1);
    ck_assert_int_eq(xb_dataset_label(s, 0), 0);
    ck_assert_int_eq(xb_dataset_label(s, 1), 1);
    float x[12];
    xb_dataset_get(s, 0, NULL, x);
    ck_assert(x[0] == 128 && x[1] == 255 && x[2] == 0 && x[3] == 64);
    xb_dataset_get(s, 1, NULL, x);
    for (int i = 0; i < 4; i++) ck_assert_float_eq(x[i], (float)(i + 1));
    xb_dataset_free(s);

    static const unsigned char rgb[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, bits[2] = {0x40, 0x80};
    put_png("set/b/3.png", PNG_COLOR_TYPE_RGB, 8, 2, 2, rgb, false);
    put_png("set/b/4.PNG", PNG_COLOR_TYPE_PALETTE, 1, 2, 2, bits, false);
    s = expect_set("images:set"); /* one coloured image: all are RGB */
    ck_assert_uint_eq(xb_dataset_count(s), 4);
    ck_assert_int_eq(xb_dataset_dims(s)[0], 3);
    xb_dataset_get(s, 1, NULL, x);
    for (int i = 0; i < 12; i++) ck_assert_float_eq(x[i], (float)(i % 4 + 1));
    xb_dataset_get(s, 2, NULL, x);
    for (int i = 0; i < 12; i++) ck_assert_float_eq(x[i], (float)(i % 4 * 3 + i / 4 + 1));
    xb_dataset_get(s, 3, NULL, x);
    ck_assert(x[0] == 10 && x[1] == 40 && x[2] == 40 && x[3] == 10 && x[8] == 30 && x[9] == 60);
    xb_dataset_free(s);

    ck_assert_int_eq(mkdir("flat", 0777), 0);
    put_png("flat/x.png", PNG_COLOR_TYPE_GRAY_ALPHA, 8, 2, 1, faint, false);
    s = expect_set("images:flat");
    ck_assert_int_eq(xb_dataset_classes(s), 0);
    ck_assert_int_eq(xb_dataset_dims(s)[0], 1);
    xb_dataset_get(s, 0, NULL, x);
    ck_assert(x[0] == 9 && x[1] == 8);
    xb_dataset_free(s);

    put_png("flat/y.png", PNG_COLOR_TYPE_GRAY, 8, 2, 2, gray, false);
    expect_refusal("images:flat", "flat/y.png: error: is 2 x 2, the first image 2 x 1 [data]");
    size_t n;
    char *bytes = xb_read_file(diags, "flat/y.png", 1 << 20, &n);
    ck_assert_int_eq(unlink("flat/x.png"), 0);
    for (size_t cut = 0; cut < n; cut++) {
        put_file("flat/y.png", bytes, cut);
        expect_refusal("images:flat", "cannot read as PNG");
    }
    bytes[18] = 64; /* 16,386 wide */
    put_file("flat/y.png", bytes, n);
    expect_refusal("images:flat", "cannot read as PNG");
    free(bytes);
    ck_assert_int_eq(unlink("flat/y.png"), 0);
    expect_refusal("images:flat", "has no .png files [data]");
    expect_refusal("images:absent", "cannot read the folder: No such file or directory [data]");
}
END_TEST

/* ---- digits ------------------------------------------------------------------------------------------------ */

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

START_TEST(unknown_kinds)
{
    expect_refusal("minst:a/train", "unknown kind 'minst'; did you mean 'mnist'? [data]");
    expect_refusal("mnist", "expected mnist:DIR/train");
    expect_refusal("", "expected mnist:DIR/train");
    expect_refusal("imagenet:x", "expected mnist:DIR/train");
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
    tcase_add_test(t, npy_round_trip_in_every_type);
    tcase_add_test(t, npy_orders_and_versions);
    tcase_add_test(t, npy_faults);
    tcase_add_test(t, npy_sets);
    tcase_add_test(t, png_folders);
    tcase_add_test(t, digits_do_not_depend_on_threads);
    tcase_add_test(t, digit_sets);
    tcase_add_test(t, unknown_kinds);
    Suite *s = suite_create("data");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
