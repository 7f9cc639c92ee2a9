/* opts_value.h: one value of an option: its storage, its text. Private to opts_*.c. */
#ifndef XB_BASE_OPTS_VALUE_H
#define XB_BASE_OPTS_VALUE_H

#include "base/opts.h"

/* What an element of a list, or of a map without a table, is, as an option of its own (offset 0, not required). */
xb_option xb_opt_element(const xb_option *list);
size_t xb_opt_size(const xb_option *o); /* bytes of the value; 0 for a type that does not exist */
size_t xb_opt_align(const xb_option *o);
bool xb_opt_scalar(xb_option_type type);
bool xb_opt_ranged(const xb_option *o);

/* Where the value of a message stands: "rank-clip", "input.", "mean[2]". */
typedef struct xb_opt_spot {
    xb_diags *d;
    xb_arena *a;
    const char *who, *prefix, *name;
} xb_opt_spot;

/* A scalar's text into its storage. False after a diagnostic at y. */
bool xb_opt_parse(const xb_opt_spot *at, const xb_option *o, const xb_yaml *y, void *out);
/* What --help and messages call the type: "real (ns, us, ms)", "one of a, b". */
void xb_opt_type_text(xb_buf *b, const xb_option *o);
/* "0..1", "1ns..1s", "at least 1"; nothing when unlimited. */
void xb_opt_range_text(xb_buf *b, const xb_option *o);

#endif
