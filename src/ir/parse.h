/* parse.h: state of the .xir parser; private to src/ir. */
#ifndef XB_IR_PARSE_H
#define XB_IR_PARSE_H

#include "base/vec.h"
#include "ir/store.h"
#include "ir/text_private.h"

/* A file of weights beside the text. The graph owns the mapping. */
typedef struct xb_side {
    char *name;
    const unsigned char *data;
    size_t size, next; /* next: no constant begins before it, so that checking all of them reads the file once */
} xb_side;

typedef struct xb_parser {
    xb_lexer x;
    xb_graph *g;
    xb_value constant; /* of the note lines that follow it */
    size_t run_notes;  /* notes with runs it has */
    size_t filled;     /* bytes of all constants made by `fill` */
    size_t run_limit;  /* numbers of a note with runs on the constant */
    bool blank;        /* constants that are elsewhere become zeros */
    xb_vec(xb_side) sides;
    xb_vec(int64_t) ints;
    xb_vec(float) floats;
    xb_vec(xb_value) values;
    xb_buf bytes; /* of an inline constant */
} xb_parser;

/* A word or string without NUL, copied; NULL after a diagnostic. */
char *xb_parse_name(xb_parser *p, const char *what);
bool xb_parse_new_value(xb_parser *p, char **name); /* %name that is not taken; caller frees */
bool xb_parse_type(xb_parser *p, xb_type *t);
bool xb_parse_integer(xb_parser *p, int64_t *out);

bool xb_parse_const(xb_parser *p); /* parse_const.c: const and note lines, behind the keyword */
bool xb_parse_note(xb_parser *p);

#endif
