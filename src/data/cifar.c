/* cifar.c: the binary versions of CIFAR-10 and CIFAR-100 (A. Krizhevsky): records of one or two label bytes and 3
 * planes of 32 x 32 bytes. */
#include "data/dataset.h"
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, CHANNELS = 3, PIXELS = CHANNELS * SIDE * SIDE, FILES = 5 };

typedef struct layout {
    const char *kind, *folder; /* folder: what the archive unpacks to */
    size_t label_bytes;        /* the class is the last one */
    int classes;
    const char *train[FILES + 1], *test[2];
} layout;

static const layout cifar10 = {
    "cifar10",
    "cifar-10-batches-bin",
    1,
    10,
    {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", NULL},
    {"test_batch.bin", NULL}};
static const layout cifar100 = {"cifar100", "cifar-100-binary", 2, 100, {"train.bin", NULL}, {"test.bin", NULL}};

static bool check_size(xb_diags *d, const layout *l, const xb_view *v)
{
    size_t record = l->label_bytes + PIXELS;
    if (v->size && v->size % record == 0) return true;
    return xb_error(d, "data", (.file = v->path),
                    "%zu bytes are not a whole number of %zu-byte records: cut short, or not %s", v->size, record,
                    l->kind);
}

static bool add_records(xb_diags *d, const layout *l, const xb_view *v, xb_dataset *s, size_t at)
{
    size_t record = l->label_bytes + PIXELS;
    for (size_t i = 0; i < v->size / record; i++) {
        const unsigned char *r = v->data + i * record;
        int label = r[l->label_bytes - 1];
        if (label >= l->classes)
            return xb_error(d, "data", (.file = v->path), "label %zu is %d, not in 0..%d", i, label, l->classes - 1);
        s->labels[at + i] = label;
        memcpy((uint8_t *)s->values + (at + i) * PIXELS, r + l->label_bytes, PIXELS);
    }
    return true;
}

static bool read_files(xb_diags *d, const layout *l, const char *folder, const char *const *name, xb_dataset *s)
{
    xb_view view[FILES] = {{0}};
    size_t n = 0, bytes = 0, record = l->label_bytes + PIXELS;
    bool ok = true;
    for (; ok && name[n]; n++) {
        char *path = xb_path_join(folder, name[n]);
        ok = xb_view_open(d, path, &view[n]) && check_size(d, l, &view[n]);
        bytes += view[n].size;
        free(path);
    }
    size_t pixels, at = 0;
    ok = ok && xb_dataset_images(s, bytes / record, CHANNELS, SIDE, SIDE, &pixels);
    if (ok) {
        s->classes = l->classes;
        s->values = xb_malloc(pixels);
        s->labels = xb_calloc(s->count, sizeof *s->labels);
    }
    for (size_t i = 0; ok && i < n; at += view[i++].size / record) ok = add_records(d, l, &view[i], s, at);
    for (size_t i = 0; i < n; i++) xb_view_close(&view[i]);
    return ok;
}

static bool read_cifar(xb_diags *d, const layout *l, const char *rest, const char *dir, xb_dataset *s)
{
    bool train = strcmp(xb_path_base(rest), "train") == 0;
    if (!train && strcmp(xb_path_base(rest), "test") != 0)
        return xb_error(d, "data", (0), "data set '%s:%s': expected %s:DIR/train or %s:DIR/test", l->kind, rest,
                        l->kind, l->kind);
    const char *const *name = train ? l->train : l->test;
    char *inside = xb_path_dir(rest), *folder = xb_path_join(dir, inside), *deeper = xb_path_join(folder, l->folder);
    char *first = xb_path_join(folder, name[0]);
    bool ok = read_files(d, l, !xb_exists(first) && xb_is_dir(deeper) ? deeper : folder, name, s);
    free(inside);
    free(folder);
    free(deeper);
    free(first);
    return ok;
}

bool xb_read_cifar10(xb_diags *d, const char *rest, const char *dir, xb_dataset *s)
{
    return read_cifar(d, &cifar10, rest, dir, s);
}

bool xb_read_cifar100(xb_diags *d, const char *rest, const char *dir, xb_dataset *s)
{
    return read_cifar(d, &cifar100, rest, dir, s);
}
