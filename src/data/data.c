#include "data/data.h"
#include "base/str.h"
#include "data/dataset.h"
#include <float.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *kind;
    xb_dataset_reader *read;
} kinds[] = {{"mnist", xb_read_mnist}, {"cifar10", xb_read_cifar10}, {"cifar100", xb_read_cifar100},
             {"npy", xb_read_npyset},  {"images", xb_read_images},   {"digits", xb_read_digits}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static xb_dataset_reader *find_reader(xb_diags *d, const char *spec)
{
    const char *colon = strchr(spec, ':'), *names[KINDS];
    char *kind = xb_strndup(spec, colon ? (size_t)(colon - spec) : strlen(spec));
    xb_dataset_reader *read = NULL;
    for (size_t i = 0; i < KINDS; i++) {
        names[i] = kinds[i].kind;
        if (colon && strcmp(kind, names[i]) == 0) read = kinds[i].read;
    }
    const char *near = xb_nearest(kind, names, KINDS);
    if (read) {
        free(kind);
        return read;
    }
    if (near && colon && strcmp(near, kind) != 0) {
        xb_error(d, "data", (0), "data set '%s': unknown kind '%s'; did you mean '%s'?", spec, kind, near);
    } else {
        xb_error(d, "data", (0),
                 "data set '%s': expected mnist:DIR/train, cifar10:DIR/train, cifar100:DIR/train, "
                 "npy:IMAGES.npy[,LABELS.npy], images:DIR or digits:train",
                 spec);
    }
    free(kind);
    return NULL;
}

xb_dataset *xb_dataset_open(xb_diags *d, const char *spec, const char *dir)
{
    xb_dataset_reader *read = find_reader(d, spec);
    if (!read) return NULL;
    xb_dataset *s = xb_calloc(1, sizeof *s);
    s->name = xb_strdup(spec);
    if (read(d, strchr(spec, ':') + 1, dir, s)) return s;
    xb_dataset_free(s);
    return NULL;
}

void xb_dataset_free(xb_dataset *s)
{
    if (!s) return;
    free(s->name);
    free(s->values);
    free(s->labels);
    free(s);
}

bool xb_dataset_images(xb_dataset *s, size_t count, size_t channels, size_t rows, size_t cols, size_t *bytes)
{
    if (!xb_mul(rows, cols, &s->item) || !xb_mul(s->item, channels, &s->item) || !xb_mul(s->item, count, bytes))
        return false;
    if (*bytes > INT64_MAX || count > INT32_MAX) return false;
    s->count = count;
    s->rank = 3;
    s->dims[0] = (int64_t)channels, s->dims[1] = (int64_t)rows, s->dims[2] = (int64_t)cols;
    s->dtype = XB_U8;
    return true;
}

size_t xb_dataset_count(const xb_dataset *s)
{
    return s->count;
}

int xb_dataset_classes(const xb_dataset *s)
{
    return s->classes;
}

int xb_dataset_rank(const xb_dataset *s)
{
    return s->rank;
}

const int64_t *xb_dataset_dims(const xb_dataset *s)
{
    return s->dims;
}

size_t xb_dataset_item(const xb_dataset *s)
{
    return s->item;
}

int xb_dataset_label(const xb_dataset *s, size_t i)
{
    return s->labels ? s->labels[i] : -1;
}

const char *xb_dataset_name(const xb_dataset *s)
{
    return s->name;
}

void xb_dataset_digest(const xb_dataset *s, char hex[XB_DIGEST_HEX])
{
    xb_buf head = {0};
    xb_buf_printf(&head, "%zu items, %d classes, type %d, [", s->count, s->classes, (int)s->dtype);
    for (int i = 0; i < s->rank; i++) xb_buf_printf(&head, " %lld", (long long)s->dims[i]);
    xb_buf_str(&head, " ]");
    const xb_type all = {.dtype = s->dtype, .rank = 2, .dim = {(int64_t)s->count, (int64_t)s->item}};
    size_t bytes = 0;
    xb_type_bytes(&all, &bytes);
    xb_digest *digest = xb_digest_new();
    xb_digest_add(digest, head.data, head.len);
    if (bytes) xb_digest_add(digest, s->values, bytes);
    if (s->labels) xb_digest_add(digest, s->labels, s->count * sizeof *s->labels);
    xb_digest_end(digest, hex);
    xb_buf_free(&head);
}

/* ---- values as floats --------------------------------------------------------------------------- */

/* Planes that mean and std may differ in: the first dimension, unless the item is one plane without a channel
 * dimension. */
static size_t channels_of(const xb_dataset *s)
{
    return s->rank == 0 || s->rank == 2 ? 1 : (size_t)s->dims[0];
}

static void get_raw(const xb_dataset *s, size_t i, float scale, float *out)
{
    size_t at = i * s->item;
    if (s->dtype == XB_U8) {
        const uint8_t *v = (const uint8_t *)s->values + at;
        for (size_t k = 0; k < s->item; k++) out[k] = (float)v[k] * scale;
    } else if (s->dtype == XB_F32) {
        const float *v = (const float *)s->values + at;
        for (size_t k = 0; k < s->item; k++) out[k] = v[k] * scale;
    } else {
        for (size_t k = 0; k < s->item; k++) out[k] = (float)xb_scalar_get(s->dtype, s->values, at + k) * scale;
    }
}

void xb_dataset_get(const xb_dataset *s, size_t i, const xb_input_map *map, float *out)
{
    get_raw(s, i, map && map->scale != 0 ? (float)map->scale : 1, out);
    if (!map || (!map->n_mean && !map->n_std)) return;
    size_t channels = channels_of(s), plane = channels ? s->item / channels : 0;
    for (size_t c = 0; c < channels; c++) {
        float mean = map->n_mean ? (float)map->mean[map->n_mean > 1 ? c : 0] : 0;
        float std = map->n_std ? (float)map->std[map->n_std > 1 ? c : 0] : 1;
        for (size_t k = c * plane; k < (c + 1) * plane; k++) out[k] = (out[k] - mean) / std;
    }
}

bool xb_input_map_check(xb_diags *d, const xb_dataset *s, const xb_input_map *map)
{
    size_t channels = channels_of(s);
    bool ok = true;
    if (map->n_mean > 1 && map->n_mean != channels)
        ok = xb_error(d, "data", (0), "%s: 'mean' has %zu values for %zu channels", s->name, map->n_mean, channels);
    if (map->n_std > 1 && map->n_std != channels)
        ok = xb_error(d, "data", (0), "%s: 'std' has %zu values for %zu channels", s->name, map->n_std, channels);
    for (size_t i = 0; i < map->n_std; i++)
        if (!((float)map->std[i] > 0)) return xb_error(d, "data", (0), "%s: 'std' must be positive", s->name);
    return ok;
}

const xb_option xb_input_map_options[] = {
    {.name = "scale",
     .help = "every stored number (0..255 in images) is multiplied by this first; 0 = 1",
     .type = XB_OPT_REAL,
     .offset = offsetof(xb_input_map_opts, scale),
     .def = "1"},
    {.name = "mean",
     .help = "then this is subtracted: one number, or one per channel; empty = 0",
     .type = XB_OPT_LIST,
     .elem = XB_OPT_REAL,
     .offset = offsetof(xb_input_map_opts, mean),
     .def = "[]"},
    {.name = "std",
     .help = "then it is divided by this: one number, or one per channel; empty = 1",
     .type = XB_OPT_LIST,
     .elem = XB_OPT_REAL,
     .offset = offsetof(xb_input_map_opts, std),
     .def = "[]",
     .min = (double)FLT_MIN,
     .max = (double)FLT_MAX},
    {.name = NULL},
};
