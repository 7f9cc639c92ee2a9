/* literal.h: one number of any element type as text and back, bit for bit; private to src/ir. */
#ifndef XB_IR_LITERAL_H
#define XB_IR_LITERAL_H

#include "ir/graph.h"

/* The element at `bytes` (no alignment asked): shortest decimal text; NaNs other than the usual quiet one as 0x and
 * bits. */
void xb_literal_print(xb_buf *b, xb_dtype t, const void *bytes);
/* Whole-word parse into the element at `out`; false: not a number of that type. */
bool xb_literal_parse(const char *word, xb_dtype t, void *out);

#endif
