/* augment.h: one image moved, mirrored, cut out at random. */
#ifndef XB_NN_TRAIN_AUGMENT_H
#define XB_NN_TRAIN_AUGMENT_H

#include <xbarc/train.h>

typedef struct xb_augment {
    int64_t channels, rows, cols;
    int64_t shift, crop; /* pixels; below rows and cols */
    bool flip;
    const float *zero; /* by channel: what comes in from outside */
} xb_augment;

/* Moves (up to `shift` each way), mirrors (every second image), then moves by up to `crop` as cutting out of the padded
 * image does. The draws depend on (seed, epoch, item) alone, those of one change not on the others being on. in, out:
 * channels * rows * cols, apart. */
void xb_augment_apply(const xb_augment *a, uint64_t seed, int64_t epoch, size_t item, const float *in, float *out);

#endif
