/* axis.h: an axis with round numbers on it. */
#ifndef XB_REPORT_AXIS_H
#define XB_REPORT_AXIS_H

#include <stdbool.h>
#include <stddef.h>

/* lo..hi in its own numbers (logarithms where log), drawn from `from` to `to`; a tick every step from `first` on, which
 * is lo, or on a logarithmic axis what lies beyond a break: before it, `zero` is where 0 stands. */
typedef struct xb_axis {
    double lo, hi, step, from, to;
    bool log, broken;
    double zero, first;
} xb_axis;

enum { XB_AXIS_TICKS = 32 };

double xb_axis_at(const xb_axis *a, double v);
/* 1, 2 or 5 times a power of ten: about n of them in the range. */
double xb_axis_step(double range, int n);
/* Multiples of step from lo to hi, in the axis' own numbers. Returns their number. */
size_t xb_axis_ticks(const xb_axis *a, double tick[XB_AXIS_TICKS]);
/* Makes *lo .. *hi hold v, if it is a number. Begin with INFINITY, -INFINITY. */
void xb_axis_widen(double v, double *lo, double *hi);

#endif
