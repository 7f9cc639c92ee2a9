/* rate.c: learning rates: a pure function of the step, so that a resumed run needs no memory of it. */
#include "nn/train/optim.h"

#include <math.h>

static const double first_part = 1.0 / 25, rising_part = 0.3; /* of one-cycle */

static int64_t steps_of(double epochs, int64_t per_epoch)
{
    return llround(epochs * (double)per_epoch);
}

/* From `from` at s = 0 to `to` at s = 1, flat at both ends. */
static double cosine(double from, double to, double s)
{
    return to + (from - to) * (1 + cos(M_PI * s)) / 2;
}

static double one_cycle(const xb_recipe *r, int64_t step, int64_t steps, int64_t per_epoch)
{
    int64_t rise = r->warmup > 0 ? steps_of(r->warmup, per_epoch) : llround(rising_part * (double)steps);
    if (step < rise) return r->rate * cosine(first_part, 1, (double)step / (double)rise);
    return r->rate * cosine(1, r->floor, (double)(step - rise) / (double)(steps - rise));
}

static double stepwise(const xb_recipe *r, int64_t step, int64_t per_epoch)
{
    const double *milestone = r->milestones.data;
    double rate = r->rate;
    for (size_t i = 0; i < r->milestones.n; i++)
        if (step >= steps_of(milestone[i], per_epoch)) rate *= r->gamma;
    return rate;
}

double xb_rate_at(const xb_recipe *r, int64_t step, int64_t steps, int64_t per_epoch)
{
    if (r->schedule == XB_ONE_CYCLE) return one_cycle(r, step, steps, per_epoch);
    int64_t warm = steps_of(r->warmup, per_epoch);
    if (step < warm) return r->rate * (double)(step + 1) / (double)warm;
    if (r->schedule == XB_STEPWISE) return stepwise(r, step, per_epoch);
    if (r->schedule == XB_COSINE) return r->rate * cosine(1, r->floor, (double)(step - warm) / (double)(steps - warm));
    return r->rate;
}
