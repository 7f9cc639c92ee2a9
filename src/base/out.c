#include "base/out.h"
#include "base/file.h"
#include "base/out_private.h"
#include "base/partial.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 256 << 10 };

struct xb_out {
    xb_diags *diags;
    char *path, *partial; /* partial: where the bytes go; NULL when written in place (a device, or inside a folder) */
    xb_partial *mark;
    int fd;
    bool failed;
    size_t used;
    uint64_t size;
    xb_digest *digest;
    char hex[XB_DIGEST_HEX]; /* once asked for */
    xb_out_done *done;
    void *context;
    size_t index;
    char buffer[BUFFER];
};

static bool cannot(xb_diags *d, const char *path, const char *what, int why)
{
    return xb_error(d, "output", (.file = path), "cannot %s: %s", what, strerror(why));
}

static xb_out *new_out(xb_diags *d, char *path, int fd)
{
    xb_out *o = xb_malloc(sizeof *o);
    memset(o, 0, offsetof(xb_out, buffer));
    o->diags = d, o->path = path, o->fd = fd;
    o->digest = xb_digest_new();
    return o;
}

/* A new file beside `path`: its name in *partial, registered before it exists. */
static int open_beside(const char *path, char **partial, xb_partial **mark)
{
    for (unsigned n = 0;; n++) {
        xb_buf name = {0};
        xb_buf_printf(&name, "%s.partial-%ld", path, (long)getpid());
        if (n) xb_buf_printf(&name, "-%u", n);
        *mark = xb_partial_add(name.data, 0);
        int fd = open(name.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), why = errno;
        if (fd >= 0) {
            *partial = name.data;
            return fd;
        }
        xb_partial_done(*mark);
        xb_buf_free(&name);
        errno = why;
        if (why != EEXIST || n > 1000) return -1;
    }
}

/* What gets replaced: links followed, since a link stays. NULL after a diagnostic. */
static char *target_of(xb_diags *d, const char *path)
{
    char *real = realpath(path, NULL), *target = xb_strdup(real ? real : path);
    free(real);
    if (xb_place_is_good(d, target)) return target;
    free(target);
    return NULL;
}

/* A terminal, a pipe, /dev/null: nothing to rename. */
static xb_out *open_device(xb_diags *d, const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) return new_out(d, xb_strdup(path), fd);
    cannot(d, path, "write", errno);
    return NULL;
}

bool xb_out_possible(xb_diags *d, const char *path)
{
    struct stat st;
    bool exists = stat(path, &st) == 0;
    if (exists && S_ISDIR(st.st_mode)) return xb_error(d, "output", (.file = path), "is a folder, not a file");
    if (exists && !S_ISREG(st.st_mode)) return access(path, W_OK) == 0 || cannot(d, path, "write", errno);
    char *target = target_of(d, path);
    free(target);
    return target != NULL;
}

xb_out *xb_out_open(xb_diags *d, const char *path)
{
    if (!xb_out_possible(d, path)) return NULL;
    struct stat st;
    bool exists = stat(path, &st) == 0;
    if (exists && !S_ISREG(st.st_mode)) return open_device(d, path);
    xb_partial *mark;
    char *target = target_of(d, path), *partial;
    if (!target) return NULL;
    xb_place_clean(target);
    int fd = open_beside(target, &partial, &mark);
    if (fd < 0) {
        cannot(d, path, "write", errno);
        free(target);
        return NULL;
    }
    if (exists) (void)fchmod(fd, st.st_mode & 07777); /* a courtesy: not every file system can */
    xb_out *o = new_out(d, target, fd);
    o->partial = partial;
    o->mark = mark;
    return o;
}

xb_out *xb_out_open_inside(xb_diags *d, const char *path, xb_out_done *done, void *context, size_t index)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        cannot(d, path, "write", errno);
        return NULL;
    }
    xb_out *o = new_out(d, xb_strdup(path), fd);
    o->done = done, o->context = context, o->index = index;
    return o;
}

static bool cannot_send(const xb_out *o, int why)
{
    if (why != EFAULT) return cannot(o->diags, o->path, "write", why);
    return xb_error(o->diags, "io", (.file = o->path), "cannot write: a file was cut short while it was read");
}

static void send(xb_out *o, const char *bytes, size_t n)
{
    while (n && !o->failed) {
        ssize_t k = write(o->fd, bytes, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) {
            o->failed = true;
            cannot_send(o, k < 0 ? errno : EIO);
            return;
        }
        bytes += k, n -= (size_t)k;
    }
}

static void flush(xb_out *o)
{
    send(o, o->buffer, o->used);
    o->used = 0;
}

void xb_out_write(void *out, const void *bytes, size_t n)
{
    xb_out *o = out;
    o->size += n;
    if (o->failed || !n) return;
    if (o->digest) xb_digest_add(o->digest, bytes, n);
    if (n > BUFFER - o->used) flush(o);
    if (n >= BUFFER) {
        send(o, bytes, n);
    } else {
        memcpy(o->buffer + o->used, bytes, n);
        o->used += n;
    }
}

void xb_out_printf(xb_out *o, const char *format, ...)
{
    xb_buf b = {0};
    va_list args;
    va_start(args, format);
    xb_buf_vprintf(&b, format, args);
    va_end(args);
    xb_out_write(o, b.data, b.len);
    xb_buf_free(&b);
}

bool xb_out_failed(const xb_out *o)
{
    return o->failed;
}

uint64_t xb_out_size(const xb_out *o)
{
    return o->size;
}

void xb_out_digest(xb_out *o, char hex[XB_DIGEST_HEX])
{
    if (o->digest) xb_digest_end(o->digest, o->hex);
    o->digest = NULL;
    memcpy(hex, o->hex, XB_DIGEST_HEX);
}

static void free_out(xb_out *o)
{
    char hex[XB_DIGEST_HEX];
    xb_out_digest(o, hex);
    xb_partial_done(o->mark);
    free(o->path);
    free(o->partial);
    free(o);
}

bool xb_out_commit(xb_out *o)
{
    char hex[XB_DIGEST_HEX];
    flush(o);
    xb_out_digest(o, hex);
    if (close(o->fd) != 0 && !o->failed) {
        o->failed = true;
        cannot(o->diags, o->path, "write", errno);
    }
    if (!o->failed && o->partial && rename(o->partial, o->path) != 0) {
        o->failed = true;
        cannot(o->diags, o->path, "rename to this name", errno);
    }
    bool ok = !o->failed;
    if (!ok && o->partial) unlink(o->partial);
    if (o->done) o->done(o->context, o->index, ok ? hex : NULL, !ok);
    free_out(o);
    return ok;
}

void xb_out_abandon(xb_out *o)
{
    if (!o) return;
    close(o->fd);
    if (o->partial) unlink(o->partial);
    if (o->done) {
        unlink(o->path);
        o->done(o->context, o->index, NULL, o->failed);
    }
    free_out(o);
}
