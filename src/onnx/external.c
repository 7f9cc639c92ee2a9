/* external.c: tensor data in files beside the model, never outside of the model's folder. */
#include "base/num.h"
#include "onnx/tensor.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 1024 };

static bool refuse(xb_source *s, const xb_where *where, const Onnx__TensorProto *p, const char *location,
                   const char *why)
{
    return xb_diag(s->d, XB_ERROR, "onnx-external", where, "tensor '%s': external file '%s' %s", p->name ? p->name : "",
                   location, why),
           false;
}

static bool map_file(int fd, xb_view *out, const char **why)
{
    struct stat st;
    void *data = NULL;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) return *why = "is not a plain file", false;
    if (st.st_size > 0) data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) return *why = "cannot be mapped", false;
    *out = (xb_view){.data = data, .size = (size_t)st.st_size};
    return true;
}

/* The mapping of a location, made at its first use. NULL after a diagnostic. */
static const xb_view *open_location(xb_source *s, const xb_where *where, const Onnx__TensorProto *p,
                                    const char *location)
{
    const char *why = "cannot be opened inside the model's folder";
    xb_view view;
    for (size_t i = 0; i < s->locations.n; i++)
        if (!strcmp(s->locations.data[i], location)) return &s->external.data[i];
    if (!xb_path_confined(location))
        return refuse(s, where, p, location, "is outside of the model's folder"), (const xb_view *)NULL;
    if (s->locations.n >= MAX_FILES)
        return refuse(s, where, p, location, "is one file too many"), (const xb_view *)NULL;
    char *dir = xb_path_dir(s->file);
    int fd = xb_open_beneath(dir, location);
    bool ok = fd >= 0 && map_file(fd, &view, &why);
    if (fd >= 0) close(fd);
    if (ok) {
        view.path = xb_path_join(dir, location);
        xb_push(&s->external, view);
        xb_push(&s->locations, xb_strdup(location));
    } else {
        refuse(s, where, p, location, why);
    }
    free(dir);
    return ok ? &s->external.data[s->external.n - 1] : NULL;
}

typedef struct place {
    const char *location;
    int64_t offset, length; /* length -1: not given */
} place;

static bool read_place(const Onnx__TensorProto *p, place *out)
{
    *out = (place){.length = -1};
    for (size_t i = 0; i < p->n_external_data; i++) {
        const char *key = p->external_data[i]->key, *value = p->external_data[i]->value;
        if (!key || !value) continue;
        if (!strcmp(key, "location")) out->location = value;
        if (!strcmp(key, "offset") && (!xb_parse_i64(value, &out->offset) || out->offset < 0)) return false;
        if (!strcmp(key, "length") && (!xb_parse_i64(value, &out->length) || out->length < 0)) return false;
    }
    return out->location && *out->location;
}

bool xb_onnx_load_external(xb_source *s, const xb_where *where, const Onnx__TensorProto *p, size_t need,
                           const unsigned char **bytes)
{
    place at;
    if (!read_place(p, &at))
        return refuse(s, where, p, at.location ? at.location : "", "has no location, or a wrong offset or length");
    if (at.length >= 0 && (uint64_t)at.length != need)
        return refuse(s, where, p, at.location, "is given with a length other than the shape needs");
    const xb_view *v = open_location(s, where, p, at.location);
    if (!v) return false;
    if ((uint64_t)at.offset > v->size || need > v->size - (size_t)at.offset)
        return refuse(s, where, p, at.location, "is too short");
    *bytes = need ? v->data + at.offset : NULL;
    return true;
}

void xb_source_close(xb_source *s)
{
    for (size_t i = 0; i < s->external.n; i++) xb_view_close(&s->external.data[i]);
    for (size_t i = 0; i < s->locations.n; i++) free(s->locations.data[i]);
    xb_vec_free(&s->external);
    xb_vec_free(&s->locations);
}
