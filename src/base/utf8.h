/* utf8.h: private to base: one character at a time. */
#ifndef XB_BASE_UTF8_H
#define XB_BASE_UTF8_H

#include <stddef.h>

/* Bytes of the well-formed UTF-8 character that s (n bytes) begins with; 0 when it begins with none. */
size_t xb_utf8_length(const char *s, size_t n);

#endif
