/* outdir_ours.c: is a folder one that we wrote and nobody worked in since? Only then it may be replaced. */
#include "base/file.h"
#include "base/map.h"
#include "base/out_private.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Larger files are not read again: they are weights and layouts, which nobody edits by hand. */
enum { MANIFEST_LIMIT = 64 << 20, READ_AGAIN_LIMIT = 1 << 20 };
enum { UNKNOWN, MANIFEST, FOLDER, FILE_LINE }; /* FILE_LINE + k: its line begins at text[k] */

typedef struct survey {
    const char *dir;
    char *text;    /* of the MANIFEST; NULL when there is none */
    xb_map *names; /* what the MANIFEST lists, and the folders they lie in */
    char *odd;     /* the first file that is not ours, and why */
    const char *why;
} survey;

static bool line_is_good(const char *line, size_t n)
{
    return n > 66 && strspn(line, "0123456789abcdef") == 64 && line[64] == ' ' && line[65] == ' ';
}

static void list_names(survey *s)
{
    size_t at = 0;
    while (s->text[at]) {
        const char *line = s->text + at;
        size_t n = strcspn(line, "\n");
        if (line_is_good(line, n)) {
            const char *name = line + 66, *slash = memchr(name, '/', n - 66);
            xb_map_put(s->names, name, n - 66, FILE_LINE + (uint32_t)at);
            if (slash) xb_map_put(s->names, name, (size_t)(slash - name), FOLDER);
        }
        at += n + (line[n] == '\n');
    }
}

static survey survey_begin(const char *dir)
{
    survey s = {.dir = dir, .names = xb_map_new()};
    char *path = xb_path_join(dir, xb_manifest_name);
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode)) s.text = xb_read_file(NULL, path, MANIFEST_LIMIT, NULL);
    free(path);
    if (!s.text) return s;
    list_names(&s);
    xb_map_put(s.names, xb_manifest_name, strlen(xb_manifest_name), MANIFEST);
    return s;
}

static void survey_end(survey *s)
{
    xb_map_free(s->names);
    free(s->text);
    free(s->odd);
}

static uint32_t kind_of(const survey *s, const char *name)
{
    return xb_map_get(s->names, name, strlen(name), UNKNOWN);
}

/* Calls fn for everything in dir/sub; stops at the first false. */
static bool each_in(survey *s, const char *sub, bool (*fn)(survey *s, const char *name))
{
    char *path = sub ? xb_path_join(s->dir, sub) : xb_strdup(s->dir);
    DIR *all = opendir(path);
    free(path);
    if (!all) return false;
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(all));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        char *name = sub ? xb_path_join(sub, e->d_name) : xb_strdup(e->d_name);
        ok = fn(s, name);
        free(name);
    }
    closedir(all);
    return ok;
}

static bool odd(survey *s, const char *name, const char *why)
{
    if (!s->odd) {
        s->odd = xb_strdup(name);
        s->why = why;
    }
    return false;
}

static bool has_digest(const char *path, const char *want)
{
    size_t n;
    char hex[XB_DIGEST_HEX], *bytes = xb_read_file(NULL, path, READ_AGAIN_LIMIT, &n);
    if (!bytes) return false;
    xb_digest_of(bytes, n, hex);
    free(bytes);
    return memcmp(hex, want, 64) == 0;
}

static bool is_ours(survey *s, const char *name)
{
    uint32_t kind = kind_of(s, name);
    if (kind == UNKNOWN) return odd(s, name, "is not in its MANIFEST");
    char *path = xb_path_join(s->dir, name);
    struct stat st;
    const char *why = NULL;
    bool known = lstat(path, &st) == 0;
    if (!known || !(kind == FOLDER ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode))) {
        why = "is not what its MANIFEST says";
    } else if (kind >= FILE_LINE && st.st_size <= READ_AGAIN_LIMIT && !has_digest(path, s->text + kind - FILE_LINE)) {
        why = "was changed since it was written";
    }
    free(path);
    if (why) return odd(s, name, why);
    return kind != FOLDER || each_in(s, name, is_ours);
}

static bool lists_all(const survey *s, xb_diags *d, const char *const *ours)
{
    for (; ours && *ours; ours++)
        if (kind_of(s, *ours) < FILE_LINE)
            return xb_error(d, "output", (.file = s->dir),
                            "will not replace this folder: its MANIFEST is not ours (it does not list '%s')", *ours);
    return true;
}

static bool check(survey *s, xb_diags *d, const char *const *ours)
{
    if (s->text && !lists_all(s, d, ours)) return false;
    if (each_in(s, NULL, is_ours)) return true;
    if (s->odd) return xb_error(d, "output", (.file = s->dir), "will not replace this folder: '%s' %s", s->odd, s->why);
    return xb_error(d, "output", (.file = s->dir), "will not replace this folder: cannot read it");
}

bool xb_outdir_is_ours(xb_diags *d, const char *dir, const char *const *ours)
{
    survey s = survey_begin(dir);
    bool ok = check(&s, d, ours);
    survey_end(&s);
    return ok;
}

static bool remove_one(survey *s, const char *name)
{
    uint32_t kind = kind_of(s, name);
    char *path = xb_path_join(s->dir, name);
    if (kind == FOLDER) {
        each_in(s, name, remove_one);
        rmdir(path);
    } else if (kind != UNKNOWN) {
        unlink(path);
    }
    free(path);
    return true;
}

bool xb_outdir_remove(const char *dir, const char *const *ours)
{
    survey s = survey_begin(dir);
    if (check(&s, NULL, ours)) each_in(&s, NULL, remove_one);
    survey_end(&s);
    return rmdir(dir) == 0;
}
