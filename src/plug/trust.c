#include "plug/trust.h"
#include "base/file.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *distrust(const struct stat *s, bool folder)
{
    if (s->st_mode & S_IWOTH) return folder ? "its folder is world-writable" : "the file is world-writable";
    if (s->st_uid != 0 && s->st_uid != geteuid())
        return folder ? "its folder belongs to neither root nor you" : "the file belongs to neither root nor you";
    if ((s->st_mode & S_IWGRP) && s->st_gid != getegid())
        return folder ? "its folder is writable by a group that is not yours"
                      : "the file is writable by a group that is not yours";
    return NULL;
}

static const char *distrust_folder_of(const char *path)
{
    struct stat s;
    char *dir = xb_path_dir(path);
    const char *why = stat(dir, &s) ? "its folder cannot be read" : distrust(&s, true);
    free(dir);
    return why;
}

/* A way through folders: where it is now (a real path), and what is still to go. */
typedef struct way {
    char *at, *rest;
    unsigned links;
} way;

static void set(char **text, char *value)
{
    free(*text);
    *text = value;
}

static const char *follow(way *w, const char *link)
{
    char to[PATH_MAX];
    ssize_t n = readlink(link, to, sizeof to);
    if (n <= 0 || n == (ssize_t)sizeof to || w->links++ == 40) return "it cannot be read";
    xb_buf rest = {0};
    xb_buf_add(&rest, to, (size_t)n);
    xb_buf_printf(&rest, "/%s", w->rest);
    if (*to == '/') set(&w->at, xb_strdup("/"));
    set(&w->rest, rest.data);
    return NULL;
}

/* One name further, out of a folder in which nobody else can have changed what the name means. */
static const char *step(way *w, const char *name)
{
    struct stat s;
    if (stat(w->at, &s)) return "it cannot be read";
    if ((s.st_mode & S_IWOTH) && !(s.st_mode & S_ISVTX)) return "a folder on its way is world-writable";
    if (strcmp(name, "..") == 0) {
        set(&w->at, xb_path_dir(w->at));
        return NULL;
    }
    char *next = xb_path_join(w->at, name);
    const char *why = lstat(next, &s) ? "it cannot be read" : NULL;
    if (!why && S_ISLNK(s.st_mode)) {
        why = follow(w, next);
        free(next);
    } else {
        set(&w->at, next);
    }
    return why;
}

static const char *distrust_way(const char *path)
{
    char *here = *path == '/' ? NULL : realpath(".", NULL);
    way w = {.at = xb_strdup("/"), .rest = xb_path_join(here, path)};
    const char *why = NULL;
    while (!why && *w.rest) {
        size_t n = strcspn(w.rest, "/");
        char *name = xb_strndup(w.rest, n);
        set(&w.rest, xb_strdup(w.rest + n + (w.rest[n] == '/')));
        if (n && strcmp(name, ".") != 0) why = step(&w, name);
        free(name);
    }
    free(here);
    free(w.at);
    free(w.rest);
    return why;
}

const char *xb_distrust(const char *path)
{
    struct stat s;
    char *real = realpath(path, NULL);
    if (!real || stat(real, &s)) {
        free(real);
        return "it cannot be read";
    }
    const char *why = S_ISREG(s.st_mode) ? distrust(&s, false) : "it is not a file";
    if (!why) why = distrust_folder_of(real);
    free(real);
    if (!why) why = distrust_folder_of(path);
    return why ? why : distrust_way(path);
}
