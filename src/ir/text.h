/* text.h: the .xir text form; parse(print(g)) prints the same bytes again. docs/formats/xir.md describes it. */
#ifndef XB_IR_TEXT_H
#define XB_IR_TEXT_H

#include "base/json.h"
#include "ir/graph.h"

#define XB_XIR_INLINE 64 /* constants of at most so many elements are written in the text, exactly */

/* Writes the text; constants that are neither inline nor one number throughout go to `weights` (64-byte aligned, in
 * graph order) and are named by file, offset and SHA-256. weights NULL: they are printed by type and digest alone (a
 * print for people, --print-after). */
void xb_xir_print(const xb_graph *g, xb_write_fn *text, void *to, const char *weights_name, xb_write_fn *weights,
                  void *weights_to);
/* Reads FILE.xir; the side file is looked for beside it and checked (size, digest). NULL after diagnostics. */
xb_graph *xb_xir_read(xb_diags *d, const char *path);
/* The same for a text in memory; `path` names it in messages, and its folder is where a side file is looked for. */
xb_graph *xb_xir_parse(xb_diags *d, const char *path, const char *text, size_t n);
/* The same for a text without its weights: constants of which it has the digest alone are zeros, for the caller to
 * fill. */
xb_graph *xb_xir_parse_blank(xb_diags *d, const char *path, const char *text, size_t n);

#endif
