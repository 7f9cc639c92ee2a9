/* dataset.h: private to data: a data set in memory, in the type it was stored in. */
#ifndef XB_DATA_DATASET_H
#define XB_DATA_DATASET_H

#include "base/file.h"
#include "data/data.h"

struct xb_dataset {
    char *name;
    size_t count, item;
    int classes, rank;
    int64_t dims[XB_MAX_RANK]; /* of one item */
    xb_dtype dtype;
    void *values;    /* count * item numbers of dtype */
    int32_t *labels; /* NULL when classes is 0 */
};

/* Readers, one per kind: fill an empty set from what follows "kind:" (paths relative to dir). False after diagnostics;
 * what was filled until then is freed by the caller. */
typedef bool xb_dataset_reader(xb_diags *d, const char *rest, const char *dir, xb_dataset *s);
xb_dataset_reader xb_read_mnist, xb_read_cifar10, xb_read_cifar100, xb_read_npyset, xb_read_images, xb_read_digits;

/* Shape of image sets: bytes, `channels` planes of rows * cols. False when the size overflows. */
bool xb_dataset_images(xb_dataset *s, size_t count, size_t channels, size_t rows, size_t cols, size_t *bytes);

#endif
