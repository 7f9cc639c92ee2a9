#include "base/str.h"
#include "base/utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_room(xb_buf *b, size_t more)
{
    size_t want;
    if (!xb_add(b->len, more, &want) || !xb_add(want, 1, &want)) xb_out_of_memory();
    if (b->cap >= want) return;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < want) cap = cap > SIZE_MAX / 2 ? want : cap * 2;
    b->data = xb_realloc(b->data, cap, 1);
    b->cap = cap;
}

void xb_buf_add(xb_buf *b, const void *bytes, size_t n)
{
    make_room(b, n);
    if (n) memcpy(b->data + b->len, bytes, n);
    b->len += n;
    b->data[b->len] = 0;
}

void xb_buf_str(xb_buf *b, const char *s)
{
    xb_buf_add(b, s, strlen(s));
}

void xb_buf_char(xb_buf *b, char c)
{
    xb_buf_add(b, &c, 1);
}

void xb_buf_vprintf(xb_buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n > 0) {
        make_room(b, (size_t)n);
        vsnprintf(b->data + b->len, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    } else {
        xb_buf_add(b, "", 0);
    }
    va_end(again);
}

void xb_buf_printf(xb_buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    xb_buf_vprintf(b, format, args);
    va_end(args);
}

void xb_buf_quoted(xb_buf *b, const char *s, size_t n)
{
    xb_buf_char(b, '"');
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t len = xb_utf8_length(s + i, n - i);
        if (c == '"' || c == '\\') {
            xb_buf_char(b, '\\');
            xb_buf_char(b, (char)c);
        } else if (c == '\n') {
            xb_buf_str(b, "\\n");
        } else if (c == '\t') {
            xb_buf_str(b, "\\t");
        } else if (c < 0x20 || c == 0x7f || !len) {
            xb_buf_printf(b, "\\x%02x", c);
        } else {
            xb_buf_add(b, s + i, len);
        }
        i += len ? len : 1;
    }
    xb_buf_char(b, '"');
}

const char *xb_buf_cstr(const xb_buf *b)
{
    return b->data ? b->data : "";
}

void xb_buf_free(xb_buf *b)
{
    free(b->data);
    *b = (xb_buf){0};
}

/* Edit distance with swaps of neighbours (optimal string alignment), three rows. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b), w = nb + 1;
    size_t *rows = xb_calloc(3 * w, sizeof *rows);
    size_t *before = rows, *last = rows + w, *now = rows + 2 * w;
    for (size_t j = 0; j <= nb; j++) last[j] = j;
    for (size_t i = 1; i <= na; i++) {
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best) best = last[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < best) best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *t = before;
        before = last, last = now, now = t;
    }
    size_t distance = last[nb];
    free(rows);
    return distance;
}

const char *xb_nearest(const char *word, const char *const *candidates, size_t n)
{
    size_t length = strlen(word), limit = length / 3 ? length / 3 : 1;
    const char *best = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(candidates[i]);
        if (other > length + limit || length > other + limit) continue;
        size_t distance = edit_distance(word, candidates[i]);
        if (distance > limit || (best && distance == limit)) continue;
        best = candidates[i];
        if (!distance) break;
        limit = distance;
    }
    return best;
}

bool xb_glob(const char *p, const char *t)
{
    const char *star = NULL, *from = NULL;
    while (*t) {
        if (*p == '*') {
            star = p++;
            from = t;
        } else if (*p == '?' || *p == *t) {
            p++, t++;
        } else if (star) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (*p == '*') p++;
    return !*p;
}

bool xb_starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool xb_ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

size_t xb_utf8_length(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    if (!n) return 0;
    if (u[0] < 0x80) return 1;
    size_t len = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
    if (u[0] < 0xc2 || u[0] > 0xf4 || n < len) return 0;
    for (size_t i = 1; i < len; i++)
        if ((u[i] & 0xc0) != 0x80) return 0;
    if (u[0] == 0xe0 && u[1] < 0xa0) return 0; /* overlong */
    if (u[0] == 0xed && u[1] > 0x9f) return 0; /* surrogates */
    if (u[0] == 0xf0 && u[1] < 0x90) return 0;
    if (u[0] == 0xf4 && u[1] > 0x8f) return 0; /* past U+10FFFF */
    return len;
}

bool xb_utf8_valid(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = xb_utf8_length(s + i, n - i);
        if (!len) return false;
        i += len;
    }
    return true;
}
