/* batches.c: an epoch is a permutation; a sample is fetched straight from the set, by way of augment.c when it changes.
 */
#include "nn/train/batches.h"

#include "base/rng.h"
#include "nn/train/augment.h"
#include "nn/train/optim.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct xb_batches {
    const xb_dataset *set;
    const xb_input_map *map;
    size_t count, batch;
    uint64_t seed;
    int64_t epoch;
    uint32_t *order; /* count of them */
    bool augmented, shuffled;
    xb_augment augment;
    float *zero; /* augment.zero */
};

static bool refuse(xb_diags *d, const xb_dataset *set, const char *why)
{
    return xb_error(d, "train", (.file = xb_dataset_name(set)), "augment: %s", why);
}

/* Stored value 0 as the network sees it, in the arithmetic of xb_dataset_get. */
static float zero_of(const xb_input_map *map, size_t channel)
{
    float zero = 0;
    if (!map) return zero;
    if (map->scale != 0) zero *= (float)map->scale;
    if (map->n_mean) zero -= (float)map->mean[map->n_mean > 1 ? channel : 0];
    if (map->n_std) zero /= (float)map->std[map->n_std > 1 ? channel : 0];
    return zero;
}

static bool set_augment(xb_diags *d, xb_batches *b, const xb_recipe *r)
{
    int rank = xb_dataset_rank(b->set);
    const int64_t *dims = xb_dataset_dims(b->set);
    b->augmented = r->augment.shift || r->augment.crop || r->augment.flip;
    if (!b->augmented) return true;
    if (rank != 2 && rank != 3) return refuse(d, b->set, "the samples are no images (channels, rows, columns)");
    int64_t rows = dims[rank - 2], cols = dims[rank - 1], least = rows < cols ? rows : cols;
    if (r->augment.shift >= least) return refuse(d, b->set, "'shift' is as large as the images");
    if (r->augment.crop >= least) return refuse(d, b->set, "'crop' is as large as the images");
    size_t channels = rank == 3 ? (size_t)dims[0] : 1;
    b->zero = xb_calloc(channels, sizeof *b->zero);
    for (size_t c = 0; c < channels; c++) b->zero[c] = zero_of(b->map, c);
    b->augment = (xb_augment){.channels = (int64_t)channels,
                              .rows = rows,
                              .cols = cols,
                              .shift = r->augment.shift,
                              .crop = r->augment.crop,
                              .flip = r->augment.flip,
                              .zero = b->zero};
    return true;
}

xb_batches *xb_batches_new(xb_diags *d, const xb_dataset *set, const xb_input_map *map, size_t count,
                           const xb_recipe *r, uint64_t seed)
{
    assert(count <= xb_dataset_count(set) && r->batch > 0);
    if (count < (size_t)r->batch || count > UINT32_MAX) {
        const char *why = count > UINT32_MAX ? "are more than an order can hold" : "do not fill a batch";
        xb_error(d, "train", (.file = xb_dataset_name(set)), "%zu samples to train on %s (batch: %lld)", count, why,
                 (long long)r->batch);
        return NULL;
    }
    xb_batches *b = xb_calloc(1, sizeof *b);
    *b = (xb_batches){
        .set = set, .map = map, .count = count, .batch = (size_t)r->batch, .seed = seed, .shuffled = r->shuffle};
    if (!set_augment(d, b, r)) {
        xb_batches_free(b);
        return NULL;
    }
    b->order = xb_calloc(count, sizeof *b->order);
    xb_batches_epoch(b, 0);
    return b;
}

void xb_batches_free(xb_batches *b)
{
    if (!b) return;
    free(b->order);
    free(b->zero);
    free(b);
}

int64_t xb_batches_per_epoch(const xb_batches *b)
{
    return (int64_t)(b->count / b->batch);
}

/* Fisher and Yates, from the natural order: epochs do not build on each other. */
void xb_batches_epoch(xb_batches *b, int64_t e)
{
    xb_rng r = xb_rng_at(b->seed, XB_RNG_SHUFFLE, (uint32_t)e);
    b->epoch = e;
    for (size_t i = 0; i < b->count; i++) b->order[i] = (uint32_t)i;
    for (size_t i = b->count; i > 1 && b->shuffled; i--) {
        uint32_t k = xb_rng_below(&r, (uint32_t)i), last = b->order[i - 1];
        b->order[i - 1] = b->order[k];
        b->order[k] = last;
    }
}

size_t xb_batches_item(const xb_batches *b, size_t at)
{
    assert(at < b->count);
    return b->order[at];
}

int xb_batches_get(const xb_batches *b, size_t at, float *out, bool *finite)
{
    size_t item = xb_batches_item(b, at), n = xb_dataset_item(b->set);
    float *as_stored = b->augmented ? xb_calloc(n, sizeof *as_stored) : out;
    xb_dataset_get(b->set, item, b->map, as_stored);
    *finite = xb_all_finite(as_stored, n);
    if (b->augmented) {
        xb_augment_apply(&b->augment, b->seed, b->epoch, item, as_stored, out);
        free(as_stored);
    }
    return xb_dataset_label(b->set, item);
}
