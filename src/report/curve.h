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
    const char *name; /* NULL: no legend */
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
 * than bands would leave to be seen; thin bars: min .. max. The x axis is
 * logarithmic where all x are above 0 and reach over two decades. */
enum { XB_CHART_BANDS = 3 };
void xb_chart_svg(xb_buf *b, const xb_chart *c);

#endif
