/* yaml.h: a strict subset of YAML 1.2 as a tree with lines and columns (libyaml's parser underneath).
 *
 * Errors, each with line and column: tabs in indentation, anchors and aliases, tags, a second document, repeated keys, keys that are
 * not plain text, more than 64 levels or 100,000 nodes. Scalars stay text; the option tables type them.
 */
#ifndef XB_BASE_YAML_H
#define XB_BASE_YAML_H

#include "base/diag.h"

typedef enum xb_yaml_kind { XB_YAML_SCALAR, XB_YAML_MAP, XB_YAML_SEQ } xb_yaml_kind;

typedef struct xb_yaml {
    xb_yaml_kind kind;
    const char *file;
    int line, col;         /* 1-based, of the value */
    const char *text;      /* scalar text after ${} expansion */
    bool quoted;           /* scalar in quotes: never null */
    size_t n;              /* entries of a map or a sequence */
    struct xb_yaml **item; /* n values */
    struct xb_yaml **key;  /* n scalar keys of a map; their text is never expanded */
    bool expanded;         /* scalar that held a ${name}: its quotes say nothing about its type */
} xb_yaml;

/* Value of ${name}; NULL when unset (an error naming the line). $${ stands for the two characters ${. */
typedef const char *xb_yaml_lookup(void *context, const char *name);

/* Everything in the tree is owned by the arena. NULL after diagnostics; an empty document is an error.
 * lookup NULL: ${ is left as it is. */
xb_yaml *xb_yaml_parse(xb_diags *d, xb_arena *a, const char *file, const char *text, size_t n, xb_yaml_lookup *lookup,
                       void *context);
xb_yaml *xb_yaml_get(const xb_yaml *map, const char *key); /* NULL when absent or not a map */
xb_where xb_yaml_where(const xb_yaml *y);
bool xb_yaml_is_null(const xb_yaml *y); /* plain empty, ~ or null */
/* Maps are merged key by key; anything else of `over` replaces what `base` has. Positions stay those of the files. */
xb_yaml *xb_yaml_merge(xb_arena *a, xb_yaml *base, xb_yaml *over);
/* A scalar that xb_yaml_parse reads back as `text`: plain where that is safe, else in double quotes. */
void xb_yaml_print_text(xb_buf *b, const char *text);
/* The same for a key of a map (keys are not expanded). */
void xb_yaml_print_key(xb_buf *b, const char *text);

#endif
