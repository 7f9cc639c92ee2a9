/* text_private.h: what printer and parser of .xir share; the parser's tokens. */
#ifndef XB_IR_TEXT_PRIVATE_H
#define XB_IR_TEXT_PRIVATE_H

#include "ir/graph.h"

#define XB_XIR_ALIGN 64u               /* of constants in the file of weights */
#define XB_XIR_RUN 4u                  /* fewest equal numbers of a note written as VALUE*TIMES */
#define XB_XIR_RUN_NOTES 4u            /* notes of one constant that may hold runs */
#define XB_XIR_SHORT_NOTE 64u          /* most numbers of a note with runs on a filled constant */
#define XB_XIR_FILL_MAX (256u << 20)   /* bytes that all `fill` of a text make */
#define XB_XIR_TEXT_MAX (1ull << 30)   /* bytes of a text */
#define XB_XIR_MEMORY_MAX (1ull << 20) /* texts up to this size are kept for caret lines */

/* Most numbers of a note that holds runs, so that a short text cannot ask for much memory. */
static inline size_t xb_xir_run_limit(const xb_type *t)
{
    int64_t n = xb_type_count(t);
    return n < 0 || n > INT64_MAX / 4 ? XB_XIR_SHORT_NOTE : 2 * (size_t)n + XB_XIR_SHORT_NOTE;
}

typedef enum xb_token { XB_T_END, XB_T_LINE, XB_T_WORD, XB_T_STRING, XB_T_VALUE, XB_T_MARK } xb_token;

/* The token at hand: `text` (n bytes and NUL) of a WORD, STRING or VALUE; `mark` of one of ( ) { } [ ] , = * and '>'
 * for =>. */
typedef struct xb_lexer {
    xb_diags *d;
    const char *file;
    const char *at, *end, *line_start;
    int line;
    const char *all;
    bool failed; /* one error is reported, then everything is END */
    xb_token token;
    char mark;
    xb_buf text;
    const char *start; /* of the token */
    int start_line, start_col;
} xb_lexer;

void xb_lexer_init(xb_lexer *x, xb_diags *d, const char *file, const char *text, size_t n);
void xb_lexer_free(xb_lexer *x);
void xb_lex(xb_lexer *x);                                               /* the next token */
bool xb_lex_fail(xb_lexer *x, const char *format, ...) XB_PRINTF(2, 3); /* at the token at hand; false */
bool xb_lex_mark(xb_lexer *x, char mark);                               /* takes the mark or fails */
bool xb_lex_try(xb_lexer *x, char mark);                                /* takes it when it is there */
const char *xb_lex_shown(const xb_lexer *x);                            /* the token for messages */

#endif
