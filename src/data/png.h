/* png.h: private to data: PNG files as 8-bit gray or RGB. */
#ifndef XB_DATA_PNG_H
#define XB_DATA_PNG_H

#include "base/diag.h"

typedef struct xb_picture {
    size_t rows, cols;
    bool colour;     /* the file has colours (a palette counts as colour) */
    uint8_t *pixels; /* channels (1 or 3) planes of rows * cols; NULL when only the header was read; owned */
} xb_picture;

/* channels 0: header only; 1: gray (a coloured file is refused); 3: RGB. Alpha is dropped, 16 bits become 8, gamma is
 * left alone. */
bool xb_png_read(xb_diags *d, const char *path, int channels, xb_picture *out);

#endif
