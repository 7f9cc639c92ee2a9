/* str.h: growing text, word distance, glob, safe names. */
#ifndef XB_BASE_STR_H
#define XB_BASE_STR_H

#include "base/mem.h"
#include <stdarg.h>

typedef struct xb_buf {
    char *data; /* always NUL-terminated once anything was added; NULL before */
    size_t len, cap;
} xb_buf;

void xb_buf_add(xb_buf *b, const void *bytes, size_t n);
void xb_buf_str(xb_buf *b, const char *s);
void xb_buf_char(xb_buf *b, char c);
void xb_buf_printf(xb_buf *b, const char *format, ...) XB_PRINTF(2, 3);
void xb_buf_vprintf(xb_buf *b, const char *format, va_list args);
void xb_buf_quoted(xb_buf *b, const char *s, size_t n); /* "..." with \" \\ \n \t \xHH: printable ASCII, UTF-8 kept */
const char *xb_buf_cstr(const xb_buf *b);                 /* "" when empty */
void xb_buf_free(xb_buf *b);

/* The candidate nearest to word (edit distance at most a third of its length, at least 1), else NULL. */
const char *xb_nearest(const char *word, const char *const *candidates, size_t n);
bool xb_glob(const char *pattern, const char *text); /* * and ? only */
bool xb_ends_with(const char *s, const char *suffix);
bool xb_starts_with(const char *s, const char *prefix);
bool xb_utf8_valid(const char *s, size_t n);

#endif
