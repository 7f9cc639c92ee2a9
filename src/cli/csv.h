/* csv.h: a table of numbers from a text file: a line a row, numbers between commas, or tabs where it has no comma. */
#ifndef XB_CLI_CSV_H
#define XB_CLI_CSV_H

#include "base/diag.h"

typedef struct xb_csv {
    size_t rows, cols; /* at least 1 */
    double *x;         /* [rows][cols]; owned */
} xb_csv;

/* Every number is finite and in low..high; `what` names one of them in messages ("conductance"). Empty lines and lines
 * that begin with # are left out. false after a diagnostic "csv" that names line and column. */
bool xb_csv_read(xb_diags *d, const char *path, const char *what, double low, double high, xb_csv *out);
void xb_csv_free(xb_csv *c);

#endif
