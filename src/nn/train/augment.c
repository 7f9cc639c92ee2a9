/* augment.c: all changes of an image are one map from columns to columns and from rows to rows; what it reaches beyond
 * the image, at any stage, is zero. */
#include "nn/train/augment.h"

#include "base/rng.h"
#include <string.h>

typedef struct axis { /* out[k] = in[sign * k + at] for k in [from, to), zero elsewhere */
    int64_t from, to, at, sign;
} axis;

/* x moved by `first`, mirrored or not, moved by `second`: out[k] = mirrored[k - second], mirrored[k] = moved[k] or
 * moved[size - 1 - k], moved[k] = x[k - first]. */
static axis axis_of(int64_t size, int64_t first, bool mirror, int64_t second)
{
    axis a = {.sign = mirror ? -1 : 1, .at = mirror ? size - 1 + second - first : -second - first};
    int64_t lo = mirror ? a.at - (size - 1) : -a.at; /* where the source is inside: lo .. lo + size - 1 */
    a.from = second > lo ? second : lo;
    a.to = (second < lo ? second : lo) + size;
    a.from = a.from < 0 ? 0 : a.from < size ? a.from : size;
    a.to = a.to < a.from ? a.from : a.to < size ? a.to : size;
    return a;
}

static void fill(float *out, int64_t from, int64_t to, float zero)
{
    for (int64_t i = from; i < to; i++) out[i] = zero;
}

static void copy_row(float *out, const float *in, int64_t cols, const axis *a, float zero)
{
    fill(out, 0, a->from, zero);
    if (a->sign > 0 && a->to > a->from)
        memcpy(out + a->from, in + a->from + a->at, (size_t)(a->to - a->from) * sizeof *out);
    else
        for (int64_t x = a->from; x < a->to; x++) out[x] = in[a->at - x];
    fill(out, a->to, cols, zero);
}

/* -most .. most, each as often. */
static int64_t within(xb_rng *r, int64_t most)
{
    return (int64_t)xb_rng_below(r, (uint32_t)(2 * most + 1)) - most;
}

enum { BLOCKS = 16 }; /* of random words, kept for an image in an epoch */

void xb_augment_apply(const xb_augment *a, uint64_t seed, int64_t epoch, size_t item, const float *in, float *out)
{
    xb_rng r = xb_rng_at(seed, XB_RNG_AUGMENT, (uint32_t)item);
    r.index = (uint64_t)epoch * BLOCKS;
    int64_t down = within(&r, a->shift), right = within(&r, a->shift);
    bool mirror = xb_rng_below(&r, 2) && a->flip;
    int64_t down_again = within(&r, a->crop), right_again = within(&r, a->crop);
    axis y = axis_of(a->rows, down, false, down_again), x = axis_of(a->cols, right, mirror, right_again);
    for (int64_t c = 0; c < a->channels; c++, in += a->rows * a->cols, out += a->rows * a->cols) {
        fill(out, 0, y.from * a->cols, a->zero[c]);
        for (int64_t k = y.from; k < y.to; k++)
            copy_row(out + k * a->cols, in + (k + y.at) * a->cols, a->cols, &x, a->zero[c]);
        fill(out, y.to * a->cols, a->rows * a->cols, a->zero[c]);
    }
}
