/* strokes.h: private to data: how the ten digits are written, in pen strokes. */
#ifndef XB_DATA_STROKES_H
#define XB_DATA_STROKES_H

#include <stdint.h>

typedef enum xb_stroke_kind {
    XB_STROKE_CURVE, /* a smooth curve through its points */
    XB_STROKE_LOOP,  /* the same, closed */
    XB_STROKE_LINES  /* straight pieces with corners */
} xb_stroke_kind;

enum { XB_STROKE_POINTS = 12, XB_STYLE_STROKES = 3 };

/* Points are percent of the digit's box: x from left, y from top. */
typedef struct xb_stroke {
    xb_stroke_kind kind;
    int n;
    uint8_t at[XB_STROKE_POINTS][2];
} xb_stroke;

typedef struct xb_style {
    int weight; /* how often, beside the other styles of the digit */
    int n;
    xb_stroke stroke[XB_STYLE_STROKES];
} xb_style;

const xb_style *xb_styles(int digit, int *n);

#endif
