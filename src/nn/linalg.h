/* linalg.h: dense linear algebra in float64, behind the service "xb.linalg" (include/xbarc/linalg.h states the
 * results).
 *
 * LAPACK and BLAS run on one thread, which the whole process sets once, and on memory that is aligned alike every time,
 * so that the same matrix gives the same bytes whatever else runs. Another CPU, or version of the library, may round
 * otherwise.
 */
#ifndef XB_NN_LINALG_H
#define XB_NN_LINALG_H

#include "base/diag.h"

char *xb_linalg_library(char out[64]); /* "OpenBLAS 0.3.21 Zen": results depend on it; returns out */

void xb_linalg_product(int64_t n, int64_t k, int64_t m, const double *a, const double *b, double *c);
void xb_linalg_product_tn(int64_t n, int64_t k, int64_t m, const double *a, const double *b, double *c);
/* false after a diagnostic "linalg". */
bool xb_linalg_eigh(xb_diags *d, int64_t n, const double *a, double *values, double *vectors);
bool xb_linalg_svd(xb_diags *d, int64_t n, int64_t m, const double *a, double *u, double *s, double *v);
bool xb_linalg_qr(xb_diags *d, int64_t n, int64_t m, const double *a, double *q, double *r);

#endif
