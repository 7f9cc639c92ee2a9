/* images.c: a folder of PNG files; its sub-folders, if any, are the classes. */
#include "base/vec.h"
#include "data/dataset.h"
#include "data/png.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct names {
    char **data;
    size_t n, cap;
} names;

typedef struct images {
    names paths;
    xb_vec(int32_t) labels;
    size_t classes;
} images;

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(names *list)
{
    for (size_t i = 0; i < list->n; i++) free(list->data[i]);
    xb_vec_free(list);
}

/* What lies in the folder, sorted by bytes: folders, or else files that end in .png. Hidden names are left out. */
static bool list_folder(xb_diags *d, const char *dir, bool folders, names *out)
{
    DIR *all = opendir(dir);
    if (!all) return xb_error(d, "data", (.file = dir), "cannot read the folder: %s", strerror(errno));
    for (struct dirent *e; (e = readdir(all));) {
        if (e->d_name[0] == '.') continue;
        char *path = xb_path_join(dir, e->d_name);
        bool png = xb_ends_with(path, ".png") || xb_ends_with(path, ".PNG");
        if (xb_is_dir(path) ? folders : !folders && png) {
            xb_push(out, path);
        } else {
            free(path);
        }
    }
    closedir(all);
    if (out->n) qsort(out->data, out->n, sizeof *out->data, by_bytes);
    return true;
}

static bool add_files(xb_diags *d, const char *dir, int32_t label, images *set)
{
    names files = {0};
    if (!list_folder(d, dir, false, &files)) return false;
    for (size_t i = 0; i < files.n; i++) {
        xb_push(&set->paths, files.data[i]);
        xb_push(&set->labels, label);
    }
    bool ok = files.n > 0 || xb_error(d, "data", (.file = dir), "has no .png files");
    xb_vec_free(&files);
    return ok;
}

static bool find_files(xb_diags *d, const char *dir, images *set)
{
    names folders = {0};
    bool ok = list_folder(d, dir, true, &folders);
    set->classes = folders.n;
    if (ok && !folders.n) ok = add_files(d, dir, 0, set);
    for (size_t i = 0; ok && i < folders.n; i++) ok = add_files(d, folders.data[i], (int32_t)i, set);
    free_names(&folders);
    return ok;
}

/* One size for all; RGB as soon as one has colours. */
static bool survey(xb_diags *d, const images *set, xb_dataset *s, size_t *bytes)
{
    bool colour = false;
    xb_picture first = {0}, p;
    for (size_t i = 0; i < set->paths.n; i++) {
        const char *path = set->paths.data[i];
        if (!xb_png_read(d, path, 0, &p)) return false;
        if (!i) first = p;
        if (p.rows != first.rows || p.cols != first.cols)
            return xb_error(d, "data", (.file = path), "is %zu x %zu, the first image %zu x %zu", p.cols, p.rows,
                            first.cols, first.rows);
        colour = colour || p.colour;
    }
    return xb_dataset_images(s, set->paths.n, colour ? 3 : 1, first.rows, first.cols, bytes) ||
           xb_error(d, "data", (.file = set->paths.data[0]), "%zu such images are too many", set->paths.n);
}

static bool read_all(xb_diags *d, const images *set, xb_dataset *s)
{
    size_t bytes;
    if (!survey(d, set, s, &bytes)) return false;
    s->values = xb_malloc(bytes);
    for (size_t i = 0; i < s->count; i++) {
        xb_picture p;
        const char *path = set->paths.data[i];
        if (!xb_png_read(d, path, (int)s->dims[0], &p)) return false;
        bool same = p.rows == (size_t)s->dims[1] && p.cols == (size_t)s->dims[2];
        if (same) memcpy((uint8_t *)s->values + i * s->item, p.pixels, s->item);
        free(p.pixels);
        if (!same) return xb_error(d, "data", (.file = path), "changed while it was read");
    }
    if (!set->classes) return true;
    s->classes = (int)set->classes;
    s->labels = xb_calloc(s->count, sizeof *s->labels);
    memcpy(s->labels, set->labels.data, s->count * sizeof *s->labels);
    return true;
}

bool xb_read_images(xb_diags *d, const char *rest, const char *dir, xb_dataset *s)
{
    images set = {0};
    char *folder = xb_path_join(dir, rest);
    bool ok = find_files(d, folder, &set) && read_all(d, &set, s);
    free_names(&set.paths);
    xb_vec_free(&set.labels);
    free(folder);
    return ok;
}
