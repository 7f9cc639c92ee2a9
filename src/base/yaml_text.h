/* yaml_text.h: the source text of a YAML file: bytes checked, lines found, ${name} put in. Private to yaml.c. */
#ifndef XB_BASE_YAML_TEXT_H
#define XB_BASE_YAML_TEXT_H

#include "base/vec.h"
#include "base/yaml.h"

typedef struct xb_yaml_text {
    const char *file, *bytes; /* without a byte order mark; the caller's */
    size_t n;
    xb_vec(size_t) line; /* byte offset of each line */
} xb_yaml_text;

/* UTF-8, no control characters, no line ends but LF and CR LF, no tab in the white space before a line's text.
 * False after a diagnostic. close in either case. */
bool xb_yaml_text_open(xb_diags *d, const char *file, const char *bytes, size_t n, xb_yaml_text *out);
void xb_yaml_text_close(xb_yaml_text *t);
/* First byte of the character at 0-based line, col (in characters); 0 outside. */
char xb_yaml_text_at(const xb_yaml_text *t, size_t line, size_t col);
bool xb_yaml_text_has(const xb_yaml_text *t, size_t line, const char *word);
/* Expands y->text in place of its ${name}s. False after a diagnostic at the $. */
bool xb_yaml_expand(xb_diags *d, xb_arena *a, const xb_yaml_text *t, xb_yaml *y, xb_yaml_lookup *lookup, void *context);

#endif
