/* place.c: where an output goes: may it go there, and what did killed runs leave there? */
#include "base/file.h"
#include "base/out_private.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool parent_is_good(xb_diags *d, const char *path, const char *dir)
{
    struct stat st;
    if (stat(dir, &st) != 0)
        return xb_error(d, "output", (.file = path), "cannot write: the folder '%s': %s", dir, strerror(errno));
    if (!S_ISDIR(st.st_mode)) return xb_error(d, "output", (.file = path), "cannot write: '%s' is not a folder", dir);
    if (access(dir, W_OK | X_OK) == 0) return true;
    return xb_error(d, "output", (.file = path), "cannot write in the folder '%s': %s", dir, strerror(errno));
}

bool xb_place_is_good(xb_diags *d, const char *path)
{
    struct stat st;
    if (!*path) return xb_error(d, "output", (.file = NULL), "the name of the output is empty");
    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && stat(path, &st) != 0)
        return xb_error(d, "output", (.file = path), "cannot write: a link that leads nowhere");
    char *dir = xb_path_dir(path);
    bool ok = parent_is_good(d, path, dir);
    free(dir);
    return ok;
}

/* Is `name` BASE.partial-PID of a process that has ended? */
static bool is_stale(const char *name, const char *base)
{
    size_t n = strlen(base);
    if (strncmp(name, base, n) != 0 || !xb_starts_with(name + n, ".partial-")) return false;
    const char *digits = name + n + strlen(".partial-");
    size_t len = strlen(digits);
    if (len == 0 || len > 9 || *digits == '0' || strspn(digits, "0123456789") != len) return false;
    return kill((pid_t)strtol(digits, NULL, 10), 0) != 0 && errno == ESRCH;
}

/* Plain files, and folders `depth` deep; what else lies there stays, and so does its folder. Links are not followed. */
static void remove_at(int at, const char *name, int depth)
{
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_uid != geteuid()) return;
    if (S_ISREG(st.st_mode)) unlinkat(at, name, 0);
    if (!S_ISDIR(st.st_mode) || !depth) return;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *all = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; all && (e = readdir(all));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) remove_at(fd, e->d_name, depth - 1);
    if (all) {
        closedir(all);
    } else if (fd >= 0) {
        close(fd);
    }
    unlinkat(at, name, AT_REMOVEDIR);
}

void xb_place_clean(const char *target)
{
    enum { DEPTH = 2 }; /* an output folder, and the one level of folders in it */
    char *path = xb_path_dir(target);
    const char *base = xb_path_base(target);
    DIR *all = opendir(path);
    free(path);
    if (!all) return;
    for (struct dirent *e; (e = readdir(all));)
        if (is_stale(e->d_name, base)) remove_at(dirfd(all), e->d_name, DEPTH);
    closedir(all);
}
