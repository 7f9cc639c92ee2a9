/* axis.c: an axis with round numbers on it. */
#include "report/axis.h"
#include <math.h>

double xb_axis_at(const xb_axis *a, double v)
{
    double w = !a->log ? v : v > 0 ? log10(v) : a->zero;
    return a->from + (w - a->lo) / (a->hi - a->lo) * (a->to - a->from);
}

double xb_axis_step(double range, int n)
{
    double raw = range / n, power = pow(10, floor(log10(raw))), part = raw / power;
    return power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

size_t xb_axis_ticks(const xb_axis *a, double tick[XB_AXIS_TICKS])
{
    double first = ceil((a->broken ? a->first : a->lo) / a->step - 1e-6);
    size_t n = 0;
    for (; n < XB_AXIS_TICKS && (first + (double)n) * a->step <= a->hi + a->step * 1e-6; n++) {
        double v = (first + (double)n) * a->step;
        tick[n] = fabs(v) < a->step * 1e-6 ? 0 : v;
    }
    return n;
}

void xb_axis_widen(double v, double *lo, double *hi)
{
    if (isfinite(v) && v < *lo) *lo = v;
    if (isfinite(v) && v > *hi) *hi = v;
}
