/* data.h: data sets by specification text:
 *
 *     mnist:DIR/train   mnist:DIR/t10k          IDX files, plain or .gz
 *     cifar10:DIR/train cifar10:DIR/test        binary version; cifar100: likewise (fine labels)
 *     npy:IMAGES.npy[,LABELS.npy]               [n, ...] of any number type; labels integers
 *     images:DIR                                PNG files; sub-folder = class, sorted by name; no sub-folders = no
 * labels digits:train  digits:test  digits:N@SEED  the built-in synthetic digits, 28 x 28, ten classes
 */
#ifndef XB_DATA_DATA_H
#define XB_DATA_DATA_H

#include "base/digest.h"
#include "ir/tensor.h"

typedef struct xb_dataset xb_dataset;

/* dir: what relative paths are relative to (NULL: the working folder). NULL after diagnostics "data". Sizes in headers
 * are checked against the file before memory is taken. */
xb_dataset *xb_dataset_open(xb_diags *d, const char *spec, const char *dir);
void xb_dataset_free(xb_dataset *s);
size_t xb_dataset_count(const xb_dataset *s);
int xb_dataset_classes(const xb_dataset *s);         /* 0: no labels */
int xb_dataset_rank(const xb_dataset *s);            /* of one item, without the batch */
const int64_t *xb_dataset_dims(const xb_dataset *s); /* channels, rows, columns for images */
size_t xb_dataset_item(const xb_dataset *s);         /* numbers per item */
int xb_dataset_label(const xb_dataset *s, size_t i);
const char *xb_dataset_name(const xb_dataset *s); /* the specification */
/* SHA-256 of shape, type, values and labels: equal for equal contents, whatever files they came from. */
void xb_dataset_digest(const xb_dataset *s, char hex[XB_DIGEST_HEX]);

/* From stored value (0..255 for images) to what the network takes: (x * scale - mean[c]) / std[c], in float, in this
 * order. n_mean, n_std: 0 (none), 1 (all channels) or the number of channels. */
typedef struct xb_input_map {
    double scale; /* 0 = 1 */
    size_t n_mean, n_std;
    const double *mean, *std;
} xb_input_map;

/* Item i as floats, thread-safe. false: mean/std do not fit the channels (checked once by xb_input_map_check). */
void xb_dataset_get(const xb_dataset *s, size_t i, const xb_input_map *map, float *out);
bool xb_input_map_check(xb_diags *d, const xb_dataset *s, const xb_input_map *map);

/* The options of a `data: input:` block and of --scale --mean --std, for option tables. */
extern const xb_option xb_input_map_options[];
typedef struct xb_input_map_opts {
    double scale;
    xb_list mean, std;
} xb_input_map_opts;

#endif
