#include "data/png.h"
#include "base/file.h"
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SIDE = 16384, DEFLATE_RATIO = 1032 };

typedef struct reader {
    xb_view view;
    size_t at;
    char why[128];
    jmp_buf stop;
    uint8_t *rows; /* interleaved */
    png_bytep *row;
} reader;

static void on_error(png_structp png, png_const_charp message)
{
    reader *r = png_get_error_ptr(png);
    snprintf(r->why, sizeof r->why, "%s", message);
    longjmp(r->stop, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

static void give_bytes(png_structp png, png_bytep out, size_t n)
{
    reader *r = png_get_io_ptr(png);
    if (n > r->view.size - r->at) png_error(png, "the file is cut short");
    memcpy(out, r->view.data + r->at, n);
    r->at += n;
}

static void read_header(reader *r, png_structp png, png_infop info, xb_picture *out)
{
    png_set_read_fn(png, r, give_bytes);
    png_set_user_limits(png, MOST_SIDE, MOST_SIDE);
    png_read_info(png, info);
    out->rows = png_get_image_height(png, info);
    out->cols = png_get_image_width(png, info);
    out->colour = (png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR) != 0;
    /* What deflate cannot have packed into this file is a lie; memory is taken only after this. */
    if (png_get_rowbytes(png, info) * out->rows / DEFLATE_RATIO > r->view.size) png_error(png, "the file is cut short");
}

static void read_pixels(reader *r, png_structp png, png_infop info, size_t channels, xb_picture *out)
{
    if (channels == 1 && out->colour) png_error(png, "has colours");
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_strip_alpha(png);
    if (channels == 3) png_set_gray_to_rgb(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t stride = png_get_rowbytes(png, info), plane = out->rows * out->cols;
    if (stride != out->cols * channels) png_error(png, "has an unknown pixel format");
    r->rows = xb_malloc(stride * out->rows);
    r->row = xb_calloc(out->rows, sizeof *r->row);
    for (size_t y = 0; y < out->rows; y++) r->row[y] = r->rows + y * stride;
    png_read_image(png, r->row);
    png_read_end(png, NULL);
    out->pixels = xb_malloc(plane * channels);
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < plane; i++) out->pixels[c * plane + i] = r->rows[i * channels + c];
}

bool xb_png_read(xb_diags *d, const char *path, int channels, xb_picture *out)
{
    memset(out, 0, sizeof *out);
    reader *r = xb_calloc(1, sizeof *r);
    if (!xb_view_open(d, path, &r->view)) {
        free(r);
        return false;
    }
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) xb_out_of_memory();
    volatile bool ok = false; /* lives across longjmp */
    if (setjmp(r->stop) == 0) {
        read_header(r, png, info, out);
        if (channels) read_pixels(r, png, info, (size_t)channels, out);
        ok = true;
    } else {
        xb_error(d, "data", (.file = path), "cannot read as PNG: %s", r->why);
        free(out->pixels);
        out->pixels = NULL;
    }
    png_destroy_read_struct(&png, &info, NULL);
    xb_view_close(&r->view);
    free(r->rows);
    free(r->row);
    free(r);
    return ok;
}
