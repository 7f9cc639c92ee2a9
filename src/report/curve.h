/* curve.h: curves with their intervals against a parameter, as one
 * self-contained SVG. */
#ifndef XB_REPORT_CURVE_H
#define XB_REPORT_CURVE_H

#include "base/str.h"

typedef struct xb_curve_point {
    double x; /* where texts stand below the axis: their number, 0.. */
    double mean, lo, hi, min, max;
} xb_curve_point;

typedef struct xb_curve {
    const char *name; /* in the legend, beside the picture; NULL: none */
    const xb_curve_point *point;
    size_t n;
} xb_curve;

typedef struct xb_chart {
    const char *title, *note, *x_label, *y_label;
    const char *const *x_text; /* below the axis instead of numbers; NULL: numbers */
    size_t n_text;
    double y_most; /* no axis goes above it */
    const xb_curve *curve;
    size_t n;
} xb_chart;

/* Line and dots: mean; band: lo .. hi, thick bars where there are more curves
 * than bands would leave to be seen; thin bars: min .. max. Texts have no
 * order: dots and thick bars only. The x axis is logarithmic where x reach over
 * two decades, with 0 before a break of it; below 0 nothing is. */
enum { XB_CHART_BANDS = 3 };
void xb_chart_svg(xb_buf *b, const xb_chart *c);

#endif
