#include "base/file.h"
#include "base/map.h"
#include "base/out.h"
#include "base/out_private.h"
#include "base/partial.h"
#include "base/vec.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char xb_manifest_name[] = "MANIFEST";

typedef struct entry {
    char *name; /* relative to the folder */
    xb_partial *mark;
    bool is_dir, open, whole;
    char hex[XB_DIGEST_HEX];
} entry;

struct xb_outdir {
    xb_diags *diags;
    char *target, *partial;
    const char *const *ours;
    xb_partial *mark;
    xb_map *names;
    xb_vec(entry) entries; /* in creation order; a folder before what is in it */
    bool failed;
};

static bool cannot(xb_diags *d, const char *path, const char *what, int why)
{
    return xb_error(d, "output", (.file = path), "cannot %s: %s", what, strerror(why));
}

/* The folder's own name: without slashes at the end, links followed when it exists. NULL after a diagnostic. */
static char *target_of(xb_diags *d, const char *path, const char *const *ours)
{
    struct stat st;
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    char *target = xb_strndup(path, n);
    bool exists = stat(target, &st) == 0, ok = !exists || S_ISDIR(st.st_mode);
    if (!ok) xb_error(d, "output", (.file = path), "is a file, not a folder");
    if (ok && exists) {
        char *real = realpath(target, NULL);
        free(target);
        if (!real) return cannot(d, path, "write", errno), NULL;
        target = xb_strdup(real);
        free(real);
    }
    if (ok && xb_place_is_good(d, target) && (!exists || xb_outdir_is_ours(d, target, ours))) return target;
    free(target);
    return NULL;
}

xb_outdir *xb_outdir_open(xb_diags *d, const char *path, const char *const *ours)
{
    char *target = target_of(d, path, ours);
    if (!target) return NULL;
    xb_place_clean(target);
    for (unsigned n = 0; n < 1000; n++) {
        xb_buf name = {0};
        xb_buf_printf(&name, "%s.partial-%ld", target, (long)getpid());
        if (n) xb_buf_printf(&name, "-%u", n);
        xb_partial *mark = xb_partial_add(name.data, 1); /* before it exists */
        if (mkdir(name.data, 0777) == 0) {
            xb_outdir *o = xb_calloc(1, sizeof *o);
            *o = (xb_outdir){
                .diags = d, .target = target, .partial = name.data, .ours = ours, .mark = mark, .names = xb_map_new()};
            return o;
        }
        int why = errno;
        xb_partial_done(mark);
        xb_buf_free(&name);
        errno = why;
        if (why != EEXIST) break;
    }
    cannot(d, path, "make the folder", errno);
    free(target);
    return NULL;
}

const char *xb_outdir_path(const xb_outdir *o)
{
    return o->partial;
}

static void file_done(void *context, size_t index, const char *hex, bool failed)
{
    xb_outdir *o = context;
    entry *e = &o->entries.data[index];
    e->open = false;
    e->whole = hex != NULL;
    if (hex) memcpy(e->hex, hex, XB_DIGEST_HEX);
    if (failed) o->failed = true;
}

static bool fail(xb_outdir *o, const char *name, const char *why)
{
    o->failed = true;
    return xb_error(o->diags, "output", (.file = o->target), "cannot write '%s': %s", name, why);
}

static bool name_is_good(xb_outdir *o, const char *name)
{
    const char *slash = strchr(name, '/');
    if (!xb_path_confined(name) || (slash && strchr(slash + 1, '/'))) return fail(o, name, "not a name in this folder");
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '\\') return fail(o, name, "not a portable name");
    if (strcmp(name, ".") == 0 || strncmp(name, "./", 2) == 0 || (slash && strcmp(slash, "/.") == 0))
        return fail(o, name, "not a name in this folder");
    bool taken = strcmp(name, xb_manifest_name) == 0 || xb_map_get(o->names, name, strlen(name), 0);
    return !taken || fail(o, name, "the name is used twice");
}

static size_t add_entry(xb_outdir *o, const char *name, const char *path, bool is_dir)
{
    entry e = {.name = xb_strdup(name), .mark = xb_partial_add(path, is_dir), .is_dir = is_dir, .open = !is_dir};
    xb_map_put(o->names, name, strlen(name), is_dir ? 2 : 1);
    xb_push(&o->entries, e);
    return o->entries.n - 1;
}

static bool make_part(xb_outdir *o, const char *name)
{
    const char *slash = strchr(name, '/');
    if (!slash) return true;
    char *part = xb_strndup(name, (size_t)(slash - name)), *path = xb_path_join(o->partial, part);
    uint32_t kind = xb_map_get(o->names, part, strlen(part), 0);
    bool ok = kind != 1 || fail(o, name, "its folder is a file");
    if (!kind) {
        add_entry(o, part, path, true);
        if (mkdir(path, 0777) != 0) ok = fail(o, name, strerror(errno));
    }
    free(part);
    free(path);
    return ok;
}

xb_out *xb_outdir_file(xb_outdir *o, const char *name)
{
    if (!name_is_good(o, name) || !make_part(o, name)) return NULL;
    char *path = xb_path_join(o->partial, name);
    size_t index = add_entry(o, name, path, false);
    xb_out *file = xb_out_open_inside(o->diags, path, file_done, o, index);
    free(path);
    if (!file) {
        o->entries.data[index].open = false;
        o->failed = true;
    }
    return file;
}

static void free_outdir(xb_outdir *o)
{
    for (size_t i = 0; i < o->entries.n; i++) {
        xb_partial_done(o->entries.data[i].mark);
        free(o->entries.data[i].name);
    }
    xb_partial_done(o->mark);
    xb_vec_free(&o->entries);
    xb_map_free(o->names);
    free(o->target);
    free(o->partial);
    free(o);
}

void xb_outdir_abandon(xb_outdir *o)
{
    if (!o) return;
    for (size_t i = o->entries.n; i--;) {
        char *path = xb_path_join(o->partial, o->entries.data[i].name);
        if (o->entries.data[i].is_dir) {
            rmdir(path);
        } else {
            unlink(path);
        }
        free(path);
    }
    rmdir(o->partial);
    free_outdir(o);
}

static bool write_manifest(xb_outdir *o)
{
    xb_buf text = {0};
    for (size_t i = 0; i < o->entries.n; i++) {
        const entry *e = &o->entries.data[i];
        if (e->open) {
            xb_buf_free(&text);
            return fail(o, e->name, "it was never finished");
        }
        if (e->whole) xb_buf_printf(&text, "%s  %s\n", e->hex, e->name);
    }
    char *path = xb_path_join(o->partial, xb_manifest_name);
    size_t index = add_entry(o, xb_manifest_name, path, false);
    xb_out *file = xb_out_open_inside(o->diags, path, file_done, o, index);
    free(path);
    o->entries.data[index].open = false;
    if (file) xb_out_write(file, text.data, text.len);
    xb_buf_free(&text);
    return file && xb_out_commit(file);
}

/* Puts the new folder in the old one's place. The old one, if any, then has the name in *old (caller frees). */
static bool take_name(xb_outdir *o, char **old)
{
    *old = NULL;
    if (renameat2(AT_FDCWD, o->partial, AT_FDCWD, o->target, RENAME_NOREPLACE) == 0) return true;
    if (errno == EEXIST || errno == ENOTEMPTY) {
        if (!xb_outdir_is_ours(o->diags, o->target, o->ours)) return false;
        if (renameat2(AT_FDCWD, o->partial, AT_FDCWD, o->target, RENAME_EXCHANGE) == 0) {
            *old = xb_strdup(o->partial);
            return true;
        }
    }
    if (errno != EINVAL && errno != ENOSYS) return cannot(o->diags, o->target, "rename to this name", errno);
    xb_buf aside = {0}; /* a file system without exchange */
    xb_buf_printf(&aside, "%s.old-%ld", o->target, (long)getpid());
    bool moved =
        xb_exists(o->target) && xb_outdir_is_ours(o->diags, o->target, o->ours) && rename(o->target, aside.data) == 0;
    if (rename(o->partial, o->target) == 0) {
        *old = moved ? aside.data : NULL;
        if (!moved) xb_buf_free(&aside);
        return true;
    }
    cannot(o->diags, o->target, "rename to this name", errno);
    if (moved && rename(aside.data, o->target) != 0) cannot(o->diags, aside.data, "rename back", errno);
    xb_buf_free(&aside);
    return false;
}

bool xb_outdir_commit(xb_outdir *o)
{
    char *old;
    if (o->failed || !write_manifest(o) || !take_name(o, &old)) {
        xb_outdir_abandon(o);
        return false;
    }
    if (old && !xb_outdir_remove(old, o->ours))
        xb_diag(o->diags, XB_WARNING, "output", &(xb_where){.file = old}, "could not remove the old folder");
    free(old);
    free_outdir(o);
    return true;
}
