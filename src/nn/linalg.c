/* linalg.c: LAPACK's answers, made unique: an order, a sign, one thread, one alignment.
 *
 * LAPACK counts columns first: a row-major a[n][m] is its m x n matrix a^T. It decomposes copies that begin at a
 * multiple of ALIGN bytes, since vector code may sum in another order where memory lies otherwise; products of matrices
 * are packed by BLAS itself.
 */
#include "nn/linalg.h"
#include "base/mem.h"
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xbarc/linalg.h>

enum { ALIGN = 64 };

/* ---- the library ---- */

static void set_one_thread(void)
{
    openblas_set_num_threads(1);
}

static void one_thread(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_one_thread);
}

/* "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ... Zen MAX_THREADS=64": its first two words, and the core. */
char *xb_linalg_library(char out[64])
{
    const char *config = openblas_get_config(), *space = strchr(config, ' ');
    int n = space ? (int)(space + 1 - config + (ptrdiff_t)strcspn(space + 1, " ")) : (int)strlen(config);
    snprintf(out, 64, "%.*s %s", n, config, openblas_get_corename());
    return out;
}

static void *work(int64_t rows, int64_t cols, size_t size)
{
    size_t n, bytes;
    if (!xb_mul((size_t)rows, (size_t)cols, &n) || !xb_mul(n, size, &bytes) || !xb_add(bytes, 2 * ALIGN, &bytes))
        xb_out_of_memory();
    void *p = aligned_alloc(ALIGN, bytes / ALIGN * ALIGN);
    if (!p) xb_out_of_memory();
    return p;
}

/* to[m][n] = from[n][m] transposed, by squares that stay in cache. */
static void transpose(int64_t n, int64_t m, const double *from, double *to)
{
    enum { SIDE = 32 };
    for (int64_t i = 0; i < n; i += SIDE)
        for (int64_t j = 0; j < m; j += SIDE)
            for (int64_t k = i; k < n && k < i + SIDE; k++)
                for (int64_t l = j; l < m && l < j + SIDE; l++) to[l * n + k] = from[k * m + l];
}

/* ---- products ---- */

static void multiply(bool transposed, int64_t n, int64_t k, int64_t m, const double *a, const double *b, double *c)
{
    if (n < 1 || m < 1) return;
    if (k < 1) {
        memset(c, 0, (size_t)n * (size_t)m * sizeof *c);
        return;
    }
    one_thread();
    cblas_dgemm(CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, CblasNoTrans, (blasint)n, (blasint)m, (blasint)k,
                1, a, (blasint)(transposed ? n : k), b, (blasint)m, 0, c, (blasint)m);
}

void xb_linalg_product(int64_t n, int64_t k, int64_t m, const double *a, const double *b, double *c)
{
    multiply(false, n, k, m, a, b, c);
}

void xb_linalg_product_tn(int64_t n, int64_t k, int64_t m, const double *a, const double *b, double *c)
{
    multiply(true, n, k, m, a, b, c);
}

/* ---- what all decompositions check ---- */

static bool refuse(xb_diags *d, const char *what, int64_t n, int64_t m, const char *why)
{
    return xb_error(d, "linalg", (.file = NULL), "%s of a %lld x %lld matrix: %s", what, (long long)n, (long long)m,
                    why);
}

/* LAPACK counts in 32 bits, its work space too: up to some 7 k^2 numbers of the smaller side k. */
static bool check_size(xb_diags *d, const char *what, int64_t n, int64_t m)
{
    if (n < 1 || m < 1) return refuse(d, what, n, m, "there is nothing in it");
    bool fits = n <= INT32_MAX && m <= INT32_MAX && (n <= XB_LINALG_SIDE || m <= XB_LINALG_SIDE);
    return fits || refuse(d, what, n, m, "it is too large");
}

static bool check_row(xb_diags *d, const char *what, int64_t n, int64_t m, const double *row, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(row[i])) return refuse(d, what, n, m, "a number in it is not finite");
    return true;
}

/* Of LAPACK's answer: negative where its own arguments are wrong. */
static bool check_end(xb_diags *d, const char *what, int64_t n, int64_t m, lapack_int info)
{
    return !info || refuse(d, what, n, m, info < 0 ? "LAPACK refuses it" : "LAPACK found no end");
}

/* Is the entry of largest magnitude of a vector (of equals the first) negative? */
static bool points_down(const double *x, int64_t n)
{
    int64_t at = 0;
    for (int64_t i = 1; i < n; i++)
        if (fabs(x[i]) > fabs(x[at])) at = i;
    return x[at] < 0;
}

static void flip(double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) x[i] = -x[i];
}

/* ---- eigh ---- */

typedef struct pair {
    double value;
    int64_t at;
} pair;

static int larger_first(const void *x, const void *y)
{
    const pair *a = x, *b = y;
    if (a->value != b->value) return a->value > b->value ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

/* LAPACK's eigenvectors are the rows of w[n][n]; signs are made those of the contract, then columns are written. */
static void give_eigen(int64_t n, double *w, const double *found, double *values, double *vectors)
{
    pair *order = xb_calloc((size_t)n, sizeof *order);
    for (int64_t i = 0; i < n; i++) order[i] = (pair){found[i], i};
    qsort(order, (size_t)n, sizeof *order, larger_first);
    for (int64_t i = 0; i < n; i++) {
        double *x = w + order[i].at * n;
        if (points_down(x, n)) flip(x, n);
        values[i] = order[i].value;
        for (int64_t k = 0; k < n; k++) vectors[k * n + i] = x[k];
    }
    free(order);
}

/* a's upper half is LAPACK's lower one. */
static lapack_int call_syevd(int64_t n, double *w, double *found)
{
    lapack_int side = (lapack_int)n, whole = 0;
    double size = 0;
    lapack_int info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', side, w, side, found, &size, -1, &whole, -1);
    if (info) return info;
    double *space = work(1, (int64_t)size, sizeof *space);
    lapack_int *spare = work(1, whole, sizeof *spare);
    info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', side, w, side, found, space, (lapack_int)size, spare, whole);
    free(space);
    free(spare);
    return info;
}

bool xb_linalg_eigh(xb_diags *d, int64_t n, const double *a, double *values, double *vectors)
{
    static const char what[] = "eigenvalues";
    if (!check_size(d, what, n, n)) return false;
    for (int64_t i = 0; i < n; i++)
        if (!check_row(d, what, n, n, a + i * n + i, n - i)) return false;
    one_thread();
    double *w = work(n, n, sizeof *w), *found = work(1, n, sizeof *found);
    memcpy(w, a, (size_t)n * (size_t)n * sizeof *w);
    bool ok = check_end(d, what, n, n, call_syevd(n, w, found));
    if (ok) give_eigen(n, w, found, values, vectors);
    free(w);
    free(found);
    return ok;
}

/* ---- svd ---- */

/* w is m x n in LAPACK's order: a^T = left diag(s) right. */
static lapack_int call_gesdd(int64_t n, int64_t m, double *w, double *left, double *s, double *right)
{
    int64_t k = n < m ? n : m;
    lapack_int rows = (lapack_int)m, cols = (lapack_int)n, inner = (lapack_int)k, info;
    lapack_int *spare = work(8, k, sizeof *spare);
    double size = 0;
    info =
        LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'S', rows, cols, w, rows, s, left, rows, right, inner, &size, -1, spare);
    if (!info) {
        double *space = work(1, (int64_t)size, sizeof *space);
        info = LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'S', rows, cols, w, rows, s, left, rows, right, inner, space,
                                   (lapack_int)size, spare);
        free(space);
    }
    free(spare);
    return info;
}

/* left is v transposed, right is u as it is wanted; both take the signs of the contract. */
static void give_svd(int64_t n, int64_t m, double *left, double *right, double *u, double *v)
{
    int64_t k = n < m ? n : m;
    for (int64_t j = 0; j < k; j++) {
        if (!points_down(left + j * m, m)) continue;
        flip(left + j * m, m);
        for (int64_t i = 0; i < n; i++) right[i * k + j] = -right[i * k + j];
    }
    transpose(k, m, left, v);
    memcpy(u, right, (size_t)n * (size_t)k * sizeof *u);
}

bool xb_linalg_svd(xb_diags *d, int64_t n, int64_t m, const double *a, double *u, double *s, double *v)
{
    static const char what[] = "singular values";
    if (!check_size(d, what, n, m)) return false;
    for (int64_t i = 0; i < n; i++)
        if (!check_row(d, what, n, m, a + i * m, m)) return false;
    one_thread();
    int64_t k = n < m ? n : m;
    double *w = work(n, m, sizeof *w), *left = work(m, k, sizeof *left), *right = work(k, n, sizeof *right);
    double *found = work(1, k, sizeof *found);
    memcpy(w, a, (size_t)n * (size_t)m * sizeof *w);
    bool ok = check_end(d, what, n, m, call_gesdd(n, m, w, left, found, right));
    if (ok) {
        memcpy(s, found, (size_t)k * sizeof *s);
        give_svd(n, m, left, right, u, v);
    }
    free(w);
    free(left);
    free(right);
    free(found);
    return ok;
}

/* ---- qr ---- */

/* w, n x m in LAPACK's order, becomes q; r[m][m] is filled. */
static lapack_int call_qr(int64_t n, int64_t m, double *w, double *r)
{
    lapack_int rows = (lapack_int)n, cols = (lapack_int)m, info;
    double *tau = work(1, m, sizeof *tau), *space = work(64, m, sizeof *space);
    lapack_int n_space = (lapack_int)(64 * m);
    info = LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, rows, cols, w, rows, tau, space, n_space);
    for (int64_t i = 0; !info && i < m; i++)
        for (int64_t j = 0; j < m; j++) r[i * m + j] = j < i ? 0 : w[j * n + i];
    if (!info) info = LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, rows, cols, cols, w, rows, tau, space, n_space);
    free(tau);
    free(space);
    return info;
}

bool xb_linalg_qr(xb_diags *d, int64_t n, int64_t m, const double *a, double *q, double *r)
{
    static const char what[] = "QR";
    if (!check_size(d, what, n, m)) return false;
    if (n < m) return refuse(d, what, n, m, "it is wider than high");
    for (int64_t i = 0; i < n; i++)
        if (!check_row(d, what, n, m, a + i * m, m)) return false;
    one_thread();
    double *w = work(n, m, sizeof *w), *t = work(m, m, sizeof *t);
    transpose(n, m, a, w);
    bool ok = check_end(d, what, n, m, call_qr(n, m, w, t));
    for (int64_t i = 0; ok && i < m; i++) {
        if (t[i * m + i] >= 0) continue;
        flip(t + i * m + i, m - i);
        flip(w + i * n, n);
    }
    if (ok) {
        transpose(m, n, w, q);
        memcpy(r, t, (size_t)m * (size_t)m * sizeof *r);
    }
    free(w);
    free(t);
    return ok;
}
