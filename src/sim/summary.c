/* summary.c: what trials amount to: mean, spread, and the interval that the mean lies in. */
#include "nn/eval.h"
#include "sim/sim.h"

#include <math.h>
#include <string.h>

/* P(|T| <= t) of Student's t with n degrees of freedom: Abramowitz & Stegun 26.7.3 and 26.7.4, finite for whole n. */
static double student_within(double t, size_t n)
{
    double angle = atan(t / sqrt((double)n)), c = cos(angle), s = sin(angle), term, sum = 0;
    if (n == 1) return 2 / M_PI * angle;
    size_t k = n % 2 ? 3 : 2;
    for (term = n % 2 ? c : 1; k <= n; k += 2) {
        sum += term;
        term *= c * c * (double)(k - 1) / (double)k;
    }
    return n % 2 ? 2 / M_PI * (angle + s * sum) : s * sum;
}

/* t with P(|T| <= t) = 0.95; beyond 10000 degrees of freedom the normal law's, right to 3e-4. */
static double student95(size_t n)
{
    if (n > 10000) return 1.959963984540054;
    double lo = 0, hi = 13;
    for (int i = 0; i < 60; i++) {
        double mid = (lo + hi) / 2;
        *(student_within(mid, n) < 0.95 ? &lo : &hi) = mid;
    }
    return hi;
}

static double value_of(const xb_trial *t)
{
    return t->top1 >= 0 ? t->top1 : t->agreement;
}

xb_summary xb_trials_summary(const xb_trial *rows, size_t n)
{
    xb_summary s;
    memset(&s, 0, sizeof s);
    s.n = n;
    if (!n) return s;
    double sum = 0, square = 0;
    s.min = s.max = value_of(&rows[0]);
    for (size_t i = 0; i < n; i++) {
        double v = value_of(&rows[i]);
        sum += v;
        if (v < s.min) s.min = v;
        if (v > s.max) s.max = v;
    }
    s.mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) square += (value_of(&rows[i]) - s.mean) * (value_of(&rows[i]) - s.mean);
    if (n == 1) {
        xb_wilson(s.mean, (double)rows[0].total, &s.lo95, &s.hi95);
        return s;
    }
    s.sd = sqrt(square / (double)(n - 1));
    double reach = student95(n - 1) * s.sd / sqrt((double)n);
    s.lo95 = fmax(s.mean - reach, 0); /* a share is what it is of */
    s.hi95 = fmin(s.mean + reach, 1);
    return s;
}
