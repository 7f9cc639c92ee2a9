/* batches.h: which samples a step sees, and how they are changed. */
#ifndef XB_NN_TRAIN_BATCHES_H
#define XB_NN_TRAIN_BATCHES_H

#include "data/data.h"
#include <xbarc/train.h>

typedef struct xb_batches xb_batches;
/* Samples 0..count-1 of the set are trained on. false after diagnostics: fewer than a batch, augmentation of what is no
 * image, a shift as large as the image. NULL then. set, map, r are kept. */
xb_batches *xb_batches_new(xb_diags *d, const xb_dataset *set, const xb_input_map *map, size_t count, const xb_recipe *r,
                           uint64_t seed);
void xb_batches_free(xb_batches *b);
int64_t xb_batches_per_epoch(const xb_batches *b); /* floor(count / batch) */
/* The order of epoch e (a permutation by XB_RNG_SHUFFLE, stream e; that of the data without `shuffle`) is made; before
 * its first step. One thread. */
void xb_batches_epoch(xb_batches *b, int64_t e);
/* Item number of position `at` (step within the epoch * batch + place in the batch). */
size_t xb_batches_item(const xb_batches *b, size_t at);
/* Sample at that position, augmented by draws that depend on (seed, epoch, item) alone, to out; its label (-1: none).
 * Thread-safe. *finite false when a number of the sample is not. */
int xb_batches_get(const xb_batches *b, size_t at, float *out, bool *finite);

#endif
