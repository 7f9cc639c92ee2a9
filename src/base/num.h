/* num.h: numbers <-> text, independent of the locale; values with units. */
#ifndef XB_BASE_NUM_H
#define XB_BASE_NUM_H

#include <xbarc/abi.h>

#define XB_NUM_MAX 40
/* Shortest decimal text that reads back to the same bits. nan, inf, -inf for those. Returns out. */
char *xb_num_f64(char out[XB_NUM_MAX], double v);
char *xb_num_f32(char out[XB_NUM_MAX], float v);

/* Whole-text parses: false when anything is left over or out of range. */
bool xb_parse_i64(const char *s, int64_t *out);
bool xb_parse_f64(const char *s, double *out);      /* also a fraction "1/256" */
/* "100ns" or "100 ns" -> SI base unit. *why (on failure): a short reason, static text. */
bool xb_parse_quantity(const char *s, xb_dimension dim, double *out, const char **why);
/* "100ns": the largest unit that gives a number >= 1; reads back to the same bits. Returns out (64 bytes). */
char *xb_format_quantity(char out[64], double v, xb_dimension dim);
const char *xb_dimension_units(xb_dimension dim); /* "ps, ns, us, ms, s"; "" for plain */

#endif
