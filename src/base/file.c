#include "base/file.h"
#include "base/digest.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DIGEST_CHUNK ((size_t)4 << 20)

static int open_to_read(xb_diags *d, const char *path, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        xb_error(d, "io", (.file = path), "cannot open: %s", strerror(errno));
        return -1;
    }
    if (fstat(fd, st) != 0) {
        xb_error(d, "io", (.file = path), "cannot read: %s", strerror(errno));
    } else if (S_ISDIR(st->st_mode)) {
        xb_error(d, "io", (.file = path), "is a folder, not a file");
    } else {
        return fd;
    }
    close(fd);
    return -1;
}

bool xb_view_open(xb_diags *d, const char *path, xb_view *out)
{
    struct stat st;
    *out = (xb_view){0};
    int fd = open_to_read(d, path, &st);
    if (fd < 0) return false;
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        return xb_error(d, "io", (.file = path), "is not a regular file");
    }
    void *p = NULL;
    if (st.st_size > 0) p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    int why = errno;
    close(fd);
    if (p == MAP_FAILED) return xb_error(d, "io", (.file = path), "cannot map: %s", strerror(why));
    *out = (xb_view){.data = p, .size = (size_t)st.st_size, .path = xb_strdup(path)};
    return true;
}

void xb_view_close(xb_view *v)
{
    if (v->data) munmap((void *)(uintptr_t)v->data, v->size);
    free(v->path);
    *v = (xb_view){0};
}

void xb_view_done(const void *data, size_t n)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)data, to = from + n;
    from = (from + page - 1) / page * page;
    to = to / page * page;
    if (from < to) madvise((void *)from, to - from, MADV_DONTNEED);
}

char *xb_read_file(xb_diags *d, const char *path, size_t limit, size_t *n)
{
    struct stat st;
    int fd = open_to_read(d, path, &st);
    if (fd < 0) return NULL;
    xb_buf all = {0};
    xb_buf_add(&all, "", 0);
    char block[16384];
    ssize_t got = 0;
    while (all.len <= limit && (got = read(fd, block, sizeof block)) != 0) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) break;
        xb_buf_add(&all, block, (size_t)got);
    }
    int why = errno;
    close(fd);
    if (got < 0) {
        xb_error(d, "io", (.file = path), "cannot read: %s", strerror(why));
    } else if (all.len > limit) {
        xb_error(d, "io", (.file = path), "is larger than %zu bytes", limit);
    } else {
        if (n) *n = all.len;
        return all.data;
    }
    xb_buf_free(&all);
    return NULL;
}

char *xb_path_join(const char *dir, const char *name)
{
    if (!dir || !*dir || *name == '/') return xb_strdup(name);
    xb_buf b = {0};
    xb_buf_str(&b, dir);
    if (!xb_ends_with(dir, "/")) xb_buf_char(&b, '/');
    xb_buf_str(&b, name);
    return b.data;
}

char *xb_path_dir(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return xb_strdup(".");
    return slash == path ? xb_strdup("/") : xb_strndup(path, (size_t)(slash - path));
}

const char *xb_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool xb_path_confined(const char *name)
{
    for (const char *part = name;; part++) {
        size_t n = strcspn(part, "/");
        if (!n || (n == 2 && part[0] == '.' && part[1] == '.')) return false;
        part += n;
        if (!*part) return true;
    }
}

/* For kernels before 5.6: the real path must lie in the real folder. */
static int open_checked(const char *dir, const char *name)
{
    char *joined = xb_path_join(dir, name), *top = realpath(dir, NULL), *real = realpath(joined, NULL);
    int fd = -1;
    size_t n = top ? strlen(top) : 0;
    errno = EXDEV;
    if (top && real && strncmp(real, top, n) == 0 && (real[n] == '/' || (n && top[n - 1] == '/')))
        fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    free(joined);
    free(top);
    free(real);
    return fd;
}

int xb_open_beneath(const char *dir, const char *name)
{
    if (!xb_path_confined(name)) {
        errno = EXDEV;
        return -1;
    }
    int top = open(dir && *dir ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0) return -1;
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, top, name, &how, sizeof how), why = errno;
    close(top);
    if (fd < 0 && (why == ENOSYS || why == EPERM)) return open_checked(dir && *dir ? dir : ".", name);
    errno = why;
    return fd;
}

bool xb_make_dirs(xb_diags *d, const char *path)
{
    char *copy = xb_strdup(path);
    bool ok = true;
    for (char *p = copy + (*copy == '/'); ok && *copy; p++) {
        char was = *p;
        if (was && was != '/') continue;
        *p = 0;
        if (mkdir(copy, 0777) != 0 && !(errno == EEXIST && xb_is_dir(copy)))
            ok = xb_error(d, "io", (.file = copy), "cannot make the folder: %s", strerror(errno));
        *p = was;
        if (!was) break;
    }
    free(copy);
    return ok;
}

bool xb_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool xb_digest_file(xb_diags *d, const char *path, char *hex)
{
    xb_view v;
    if (!xb_view_open(d, path, &v)) return false;
    xb_digest *digest = xb_digest_new();
    for (size_t at = 0; at < v.size; at += DIGEST_CHUNK) {
        size_t n = v.size - at < DIGEST_CHUNK ? v.size - at : DIGEST_CHUNK;
        xb_digest_add(digest, v.data + at, n);
        xb_view_done(v.data + at, n);
    }
    xb_digest_end(digest, hex);
    xb_view_close(&v);
    return true;
}

bool xb_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool xb_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}
