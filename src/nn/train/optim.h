/* optim.h: optimisers and learning rates.
 *
 * As in PyTorch 1.13, so that runs can be compared step by step:
 *   sgd:   g += decay w; m = momentum m + g (first step: m = g); w -= rate (nesterov ? g + momentum m : m)
 *   adam:  g += decay w; m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w -= rate / (1-b1^t) m / (sqrt(v / (1-b2^t)) + eps)
 *   adamw: w -= rate decay w first, then adam without decay.
 */
#ifndef XB_NN_TRAIN_OPTIM_H
#define XB_NN_TRAIN_OPTIM_H

#include <xbarc/train.h>

typedef struct xb_update { /* one tensor, one step */
    float *w, *m, *v;      /* v NULL with sgd; m NULL with sgd without momentum */
    const float *g;
    size_t n;
    double rate, decay; /* factors of the tensor applied */
    double scale;       /* on g: clipping; 1 = none */
    int64_t step;       /* 1-based, of Adam's bias correction */
} xb_update;

/* Elements are independent: any part of a tensor may be updated by any thread. */
void xb_optim_update(const xb_recipe *r, const xb_update *u);
bool xb_optim_first_moment(const xb_recipe *r);
bool xb_optim_second_moment(const xb_recipe *r);

/* Rate of step `step` (0-based) of `steps`, with `per_epoch` steps in an epoch.
 * constant; step: rate * gamma^(milestones passed, in epochs); cosine: floor + (1 - floor)(1 + cos(pi s))/2 over the steps
 * after warm-up, s from 0 at its first to 1 at the end of the last; one-cycle: from rate/25 by a cosine up to rate in the
 * warm-up (0: 30 % of the run), then by a cosine down to floor * rate. Warm-up of the others: rate * (step+1) /
 * warm-up steps. */
double xb_rate_at(const xb_recipe *r, int64_t step, int64_t steps, int64_t per_epoch);

/* Sum of squares in a fixed order (blocks of 4096, in double): the same at any thread count. */
double xb_sum_squares(const float *v, size_t n);
bool xb_all_finite(const float *v, size_t n);

#endif
