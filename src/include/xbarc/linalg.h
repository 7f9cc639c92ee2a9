/* linalg.h: dense linear algebra for passes: service "xb.linalg", version 1.
 *
 * Matrices are float64, row-major, without gaps. Everything runs on one thread and gives the same bytes whatever else
 * runs. Results never overlap arguments. Products want dimensions from 0 to 2^31 - 1 and do not check them; decompositions
 * refuse a dimension beyond that, and a smaller side above XB_LINALG_SIDE.
 */
#ifndef XBARC_LINALG_H
#define XBARC_LINALG_H

#include <xbarc/abi.h>

#define XB_LINALG_SIDE 16384

typedef struct xb_linalg_api {
    uint32_t struct_size;
    /* c[n][m] = a[n][k] b[k][m]; _tn: a is given as [k][n], so that product_tn(n, k, n, x, x, c) is x^T x. */
    void (*product)(int64_t n, int64_t k, int64_t m, const double *a, const double *b, double *c);
    void (*product_tn)(int64_t n, int64_t k, int64_t m, const double *a, const double *b, double *c);
    /* Symmetric a[n][n] = vectors diag(values) vectors^T: values[n] descending, vectors[n][n] with an eigenvector a
     * column, of length 1, its entry of largest magnitude (of equals the first) positive. Only the upper half of a is
     * read. Negative after a diagnostic "linalg": a number is not finite, or LAPACK did not converge. */
    int (*eigh)(xb_cx *cx, int64_t n, const double *a, double *values, double *vectors);
    /* a[n][m] = u diag(s) v^T with k = min(n, m): u[n][k], s[k] descending, v[m][k]; columns of v have their entry of
     * largest magnitude positive, u's follow. Negative like eigh. */
    int (*svd)(xb_cx *cx, int64_t n, int64_t m, const double *a, double *u, double *s, double *v);
    /* a[n][m] = q r, n >= m: q[n][m] with orthonormal columns, r[m][m] upper triangular, its diagonal >= 0. Negative like
     * eigh. */
    int (*qr)(xb_cx *cx, int64_t n, int64_t m, const double *a, double *q, double *r);
} xb_linalg_api;

#endif
