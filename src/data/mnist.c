/* mnist.c: the IDX format (Y. LeCun, "The MNIST database"): big-endian magic and sizes, then bytes; plain or gzip. */
#include "data/dataset.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { IMAGES_MAGIC = 2051, LABELS_MAGIC = 2049, CLASSES = 10, DEFLATE_RATIO = 1032, STEP = 1 << 20 };

typedef struct idx {
    xb_diags *diags;
    char *path;
    gzFile file;
    size_t on_disk;
} idx;

static bool open_idx(xb_diags *d, const char *stem, const char *what, idx *f)
{
    for (int i = 0; i < 4; i++) {
        const char *kind = strcmp(what, "images") == 0 ? "idx3" : "idx1";
        xb_buf path = {0};
        xb_buf_printf(&path, "%s-%s", stem, what);
        xb_buf_printf(&path, i < 2 ? "-%s-ubyte%s" : ".%s-ubyte%s", kind, i % 2 ? ".gz" : "");
        struct stat st;
        if (stat(path.data, &st) == 0 && S_ISREG(st.st_mode)) {
            *f = (idx){.diags = d, .path = path.data, .file = gzopen(path.data, "rb"), .on_disk = (size_t)st.st_size};
            if (f->file) return true;
            xb_error(d, "data", (.file = path.data), "cannot open: %s", errno ? strerror(errno) : "out of memory");
            xb_buf_free(&path);
            return false;
        }
        xb_buf_free(&path);
    }
    return xb_error(d, "data", (0), "no file %s-%s-%s-ubyte, plain or .gz", stem, what,
                    strcmp(what, "images") == 0 ? "idx3" : "idx1");
}

static void close_idx(idx *f)
{
    gzclose_r(f->file);
    free(f->path);
}

/* Why fewer bytes came than were asked for. */
static bool short_read(idx *f)
{
    int error;
    gzerror(f->file, &error);
    bool short_file = error == Z_OK || error == Z_BUF_ERROR;
    return xb_error(f->diags, "data", (.file = f->path),
                    short_file ? "the file is cut short" : "the packed data are damaged");
}

static bool read_words(idx *f, uint32_t *word, int n)
{
    for (int i = 0; i < n; i++) {
        unsigned char b[4];
        if (gzread(f->file, b, 4) != 4) return short_read(f);
        word[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    return true;
}

/* No byte follows: is that the true end, with its checksum? */
static bool at_end(idx *f)
{
    int error;
    gzerror(f->file, &error);
    return error == Z_OK;
}

/* The n bytes after the header and nothing else. Memory grows with what really arrives. NULL after a diagnostic. */
static uint8_t *read_rest(idx *f, size_t n, size_t header)
{
    bool plain = gzdirect(f->file) == 1;
    if (plain ? n != f->on_disk - header : n / DEFLATE_RATIO > f->on_disk) {
        xb_error(f->diags, "data", (.file = f->path), "the header promises %zu bytes, the file has %s%zu", n,
                 plain ? "" : "only a packed ", plain ? f->on_disk - header : f->on_disk);
        return NULL;
    }
    uint8_t *bytes = NULL;
    size_t have = 0;
    int got = 1;
    for (size_t room = 0; have < n && got > 0; have += (size_t)(got > 0 ? got : 0)) {
        if (have == room) {
            room = room ? room * 2 : STEP;
            if (room > n) room = n;
            bytes = xb_realloc(bytes, room, 1);
        }
        size_t ask = room - have < STEP ? room - have : STEP;
        got = gzread(f->file, bytes + have, (unsigned)ask);
    }
    char more;
    if (have == n && (got = gzread(f->file, &more, 1)) == 0 && at_end(f)) return bytes;
    if (got > 0) {
        xb_error(f->diags, "data", (.file = f->path), "the file is longer than its header says");
    } else {
        short_read(f);
    }
    free(bytes);
    return NULL;
}

static bool wrong_magic(idx *f, uint32_t magic, unsigned want)
{
    return xb_error(f->diags, "data", (.file = f->path), "magic number %u, expected %u: not an IDX file of %s", magic,
                    want, want == IMAGES_MAGIC ? "images" : "labels");
}

static bool read_images(idx *f, xb_dataset *s)
{
    uint32_t head[4] = {0};
    size_t bytes;
    if (!read_words(f, head, 1)) return false;
    if (head[0] != IMAGES_MAGIC) return wrong_magic(f, head[0], IMAGES_MAGIC);
    if (!read_words(f, head + 1, 3)) return false;
    if (!head[1] || !head[2] || !head[3]) return xb_error(f->diags, "data", (.file = f->path), "the set is empty");
    if (!xb_dataset_images(s, head[1], 1, head[2], head[3], &bytes))
        return xb_error(f->diags, "data", (.file = f->path), "%u images of %u x %u are too many", head[1], head[2],
                        head[3]);
    s->values = read_rest(f, bytes, sizeof head);
    return s->values != NULL;
}

static bool read_labels(idx *f, xb_dataset *s)
{
    uint32_t head[2] = {0};
    if (!read_words(f, head, 1)) return false;
    if (head[0] != LABELS_MAGIC) return wrong_magic(f, head[0], LABELS_MAGIC);
    if (!read_words(f, head + 1, 1)) return false;
    if (head[1] != s->count)
        return xb_error(f->diags, "data", (.file = f->path), "%u labels for %zu images", head[1], s->count);
    uint8_t *bytes = read_rest(f, s->count, sizeof head);
    if (!bytes) return false;
    s->classes = CLASSES;
    s->labels = xb_calloc(s->count, sizeof *s->labels);
    bool ok = true;
    for (size_t i = 0; ok && i < s->count; i++) {
        s->labels[i] = bytes[i];
        if (bytes[i] >= CLASSES)
            ok = xb_error(f->diags, "data", (.file = f->path), "label %zu is %d, not in 0..%d", i, bytes[i],
                          CLASSES - 1);
    }
    free(bytes);
    return ok;
}

bool xb_read_mnist(xb_diags *d, const char *rest, const char *dir, xb_dataset *s)
{
    char *stem = xb_path_join(dir, rest);
    idx images, labels;
    bool ok = open_idx(d, stem, "images", &images);
    if (ok) {
        ok = read_images(&images, s);
        close_idx(&images);
    }
    if (ok && open_idx(d, stem, "labels", &labels)) {
        ok = read_labels(&labels, s);
        close_idx(&labels);
    } else {
        ok = false;
    }
    free(stem);
    return ok;
}
