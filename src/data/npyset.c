/* npyset.c: a data set in two .npy files. */
#include "data/dataset.h"
#include "data/npy.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_CLASSES = 1000000 };

static bool read_values(xb_diags *d, const char *path, xb_dataset *s)
{
    xb_tensor t;
    if (!xb_npy_read(d, path, &t)) return false;
    s->values = t.data;
    s->dtype = t.type.dtype;
    if (t.type.rank < 1 || t.type.dim[0] < 1)
        return xb_error(d, "data", (.file = path), "has no items: its first dimension counts them");
    if (t.type.dim[0] > INT32_MAX) return xb_error(d, "data", (.file = path), "has too many items");
    s->count = (size_t)t.type.dim[0];
    s->rank = t.type.rank - 1;
    s->item = 1;
    for (int k = 0; k < s->rank; k++) {
        s->dims[k] = t.type.dim[k + 1];
        s->item *= (size_t)s->dims[k]; /* cannot overflow: the numbers are in memory */
    }
    return s->item || xb_error(d, "data", (.file = path), "its items are empty");
}

static bool take_labels(xb_diags *d, const char *path, const xb_tensor *t, xb_dataset *s)
{
    xb_dtype type = t->type.dtype;
    if (type == XB_F16 || type == XB_F32 || type == XB_F64)
        return xb_error(d, "data", (.file = path), "labels must be integers");
    size_t n = 1;
    for (int k = 0; k < t->type.rank; k++) n *= (size_t)t->type.dim[k];
    if (t->type.rank < 1 || (size_t)t->type.dim[0] != n || n != s->count)
        return xb_error(d, "data", (.file = path), "%zu labels for %zu items (one label each)", n, s->count);
    s->labels = xb_calloc(n, sizeof *s->labels);
    for (size_t i = 0; i < n; i++) {
        double v = xb_tensor_get(t, i);
        if (v < 0 || v >= MOST_CLASSES)
            return xb_error(d, "data", (.file = path), "label %zu is %.0f, not in 0..%d", i, v, MOST_CLASSES - 1);
        s->labels[i] = (int32_t)v;
        if (s->labels[i] >= s->classes) s->classes = s->labels[i] + 1;
    }
    return true;
}

bool xb_read_npyset(xb_diags *d, const char *rest, const char *dir, xb_dataset *s)
{
    const char *comma = strchr(rest, ',');
    char *name = xb_strndup(rest, comma ? (size_t)(comma - rest) : strlen(rest)), *path = xb_path_join(dir, name);
    bool ok = read_values(d, path, s);
    free(name);
    free(path);
    if (!ok || !comma) return ok;
    xb_tensor labels;
    path = xb_path_join(dir, comma + 1);
    ok = xb_npy_read(d, path, &labels) && take_labels(d, path, &labels, s);
    xb_tensor_free(&labels);
    free(path);
    return ok;
}
