/* Folders of PNG images. */
#include "data_kit.h"
#include "suite.h"
#include <png.h>
#include <sys/stat.h>

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

int main(void)
{
    TCase *t = tcase_create("png");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, png_folders);
    return run_case("data_png", t);
}
