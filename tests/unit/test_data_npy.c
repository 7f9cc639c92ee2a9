/* .npy files and sets of them. */
#include "data/npy.h"
#include "data_kit.h"
#include "suite.h"
#include <sys/stat.h>

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

int main(void)
{
    TCase *t = tcase_create("npy");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, npy_round_trip_in_every_type);
    tcase_add_test(t, npy_orders_and_versions);
    tcase_add_test(t, npy_faults);
    tcase_add_test(t, npy_sets);
    return run_case("data_npy", t);
}
