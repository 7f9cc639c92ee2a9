/* checkpoint.c: a checkpoint's bytes: how they are written and what is believed of them when they are read. */
#include "nn/train/checkpoint.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/map.h"
#include "base/out.h"
#include "base/vec.h"
#include <stdlib.h>
#include <string.h>

static const char magic[] = "xbarc checkpoint 1\n";
enum { MAGIC = sizeof magic - 1, VERSION_AT = MAGIC - 2, HEAD = 4 + 8, DIGEST = 32 };

static void put_number(unsigned char *to, size_t bytes, uint64_t v)
{
    for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get_number(const unsigned char *from, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++) v |= (uint64_t)from[i] << (8 * i);
    return v;
}

static void digest_bytes(const char hex[XB_DIGEST_HEX], unsigned char out[DIGEST])
{
    for (int i = 0; i < DIGEST; i++) out[i] = (unsigned char)strtoul((char[]){hex[2 * i], hex[2 * i + 1], 0}, NULL, 16);
}

/* -- writing -- */

struct xb_saver {
    xb_diags *d;
    char *path;
    xb_out *out;
    xb_map *keys;
    bool failed; /* after a diagnostic */
};

xb_saver *xb_saver_open(xb_diags *d, const char *path)
{
    xb_out *out = xb_out_open(d, path);
    if (!out) return NULL;
    xb_saver *s = xb_calloc(1, sizeof *s);
    s->d = d, s->path = xb_strdup(path), s->out = out, s->keys = xb_map_new();
    xb_out_write(out, magic, MAGIC);
    return s;
}

static void saver_free(xb_saver *s)
{
    xb_map_free(s->keys);
    free(s->path);
    free(s);
}

void xb_saver_put(xb_saver *s, const char *key, const void *bytes, size_t n)
{
    size_t length = strlen(key);
    if (length == 0 || length > UINT32_MAX || xb_map_get(s->keys, key, length, 0)) {
        s->failed = true;
        xb_error(s->d, "checkpoint", (.file = s->path), "the key '%s' %s", key, length ? "is there twice" : "is empty");
        return;
    }
    xb_map_put(s->keys, key, length, 1);
    unsigned char head[HEAD];
    put_number(head, 4, length);
    put_number(head + 4, 8, n);
    xb_out_write(s->out, head, HEAD);
    xb_out_write(s->out, key, length);
    xb_out_write(s->out, bytes, n);
}

void xb_saver_put_u64(xb_saver *s, const char *key, uint64_t v)
{
    unsigned char bytes[8];
    put_number(bytes, 8, v);
    xb_saver_put(s, key, bytes, 8);
}

void xb_saver_put_f64(xb_saver *s, const char *key, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, 8);
    xb_saver_put_u64(s, key, bits);
}

bool xb_saver_commit(xb_saver *s)
{
    bool ok = !s->failed;
    if (ok) {
        char hex[XB_DIGEST_HEX];
        unsigned char digest[DIGEST];
        xb_out_digest(s->out, hex);
        digest_bytes(hex, digest);
        xb_out_write(s->out, digest, DIGEST);
        ok = xb_out_commit(s->out);
    } else {
        xb_out_abandon(s->out);
    }
    saver_free(s);
    return ok;
}

void xb_saver_abandon(xb_saver *s)
{
    if (!s) return;
    xb_out_abandon(s->out);
    saver_free(s);
}

/* -- reading -- */

typedef struct piece {
    const void *bytes;
    size_t n;
} piece;

struct xb_saved {
    xb_map *keys; /* key -> place in pieces */
    xb_vec(piece) pieces;
    xb_arena *arena; /* copies of what does not lie at a multiple of 8 in the file */
    xb_view view;
};

/* Is this a whole file of this version? It may still be a forgery: nothing in it is believed. */
static bool check_frame(xb_diags *d, const xb_view *v)
{
    size_t known = v->size < VERSION_AT ? v->size : VERSION_AT;
    if (known && memcmp(v->data, magic, known) != 0)
        return xb_error(d, "checkpoint", (.file = v->path), "is not a checkpoint");
    if (v->size < MAGIC + DIGEST) return xb_error(d, "checkpoint", (.file = v->path), "is cut short");
    if (memcmp(v->data, magic, MAGIC) != 0)
        return xb_error(d, "checkpoint", (.file = v->path), "is a checkpoint of another version");
    char hex[XB_DIGEST_HEX];
    unsigned char digest[DIGEST];
    xb_digest_of(v->data, v->size - DIGEST, hex);
    digest_bytes(hex, digest);
    return memcmp(v->data + v->size - DIGEST, digest, DIGEST) == 0 ||
           xb_error(d, "checkpoint", (.file = v->path), "is damaged or cut short: its digest is not that of its bytes");
}

static const void *aligned(xb_saved *s, const unsigned char *bytes, size_t n)
{
    if ((uintptr_t)bytes % 8 == 0) return bytes;
    void *copy = xb_arena_alloc(s->arena, n, 1);
    memcpy(copy, bytes, n);
    return copy;
}

/* The piece at `at`, of `left` bytes. Its size, or 0 after a diagnostic. */
static size_t take_piece(xb_diags *d, xb_saved *s, const unsigned char *at, size_t left)
{
    const char *file = s->view.path;
    if (left < HEAD) return xb_error(d, "checkpoint", (.file = file), "ends within a piece");
    uint64_t length = get_number(at, 4), n = get_number(at + 4, 8);
    left -= HEAD;
    if (length > left || n > left - length)
        return xb_error(d, "checkpoint", (.file = file), "has a piece of %llu bytes where %zu are left",
                        (unsigned long long)n, left);
    const char *key = (const char *)at + HEAD;
    if (length == 0 || memchr(key, 0, length)) return xb_error(d, "checkpoint", (.file = file), "has a bad key");
    if (xb_map_get(s->keys, key, length, UINT32_MAX) != UINT32_MAX)
        return xb_error(d, "checkpoint", (.file = file), "has the key '%.*s' twice", (int)(length < 80 ? length : 80),
                        key);
    xb_map_put(s->keys, key, length, (uint32_t)s->pieces.n);
    xb_push(&s->pieces, (piece){aligned(s, at + HEAD + length, n), n});
    return HEAD + length + n;
}

static bool take_pieces(xb_diags *d, xb_saved *s)
{
    size_t end = s->view.size - DIGEST;
    for (size_t at = MAGIC, n; at < end; at += n) {
        n = take_piece(d, s, s->view.data + at, end - at);
        if (!n) return false;
    }
    return true;
}

xb_saved *xb_saved_open(xb_diags *d, const char *path)
{
    xb_saved *s = xb_calloc(1, sizeof *s);
    if (!xb_view_open(d, path, &s->view)) {
        free(s);
        return NULL;
    }
    s->keys = xb_map_new();
    s->arena = xb_arena_new();
    if (check_frame(d, &s->view) && take_pieces(d, s)) return s;
    xb_saved_close(s);
    return NULL;
}

void xb_saved_close(xb_saved *s)
{
    if (!s) return;
    xb_map_free(s->keys);
    xb_vec_free(&s->pieces);
    xb_arena_free(s->arena);
    xb_view_close(&s->view);
    free(s);
}

const void *xb_saved_get(const xb_saved *s, const char *key, size_t *n)
{
    uint32_t i = xb_map_get(s->keys, key, strlen(key), UINT32_MAX);
    if (i == UINT32_MAX) return NULL;
    if (n) *n = s->pieces.data[i].n;
    return s->pieces.data[i].bytes;
}

bool xb_saved_u64(const xb_saved *s, const char *key, uint64_t *v)
{
    size_t n;
    const void *bytes = xb_saved_get(s, key, &n);
    if (!bytes || n != 8) return false;
    *v = get_number(bytes, 8);
    return true;
}

bool xb_saved_f64(const xb_saved *s, const char *key, double *v)
{
    uint64_t bits;
    if (!xb_saved_u64(s, key, &bits)) return false;
    memcpy(v, &bits, 8);
    return true;
}
