/* Identities of products and decompositions, their signs and order, and that other threads change no byte. */
#include "base/mem.h"
#include "nn/linalg.h"
#include "suite.h"
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- matrices ---- */

static double *zeros(int64_t n, int64_t m)
{
    return xb_calloc((size_t)(n * m), sizeof(double));
}

/* Numbers in -1..1 from a seed. */
static double *noise(int64_t n, int64_t m, uint64_t seed)
{
    double *a = zeros(n, m);
    uint64_t x = seed * 2654435761u + 12345;
    for (int64_t i = 0; i < n * m; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        a[i] = (double)(int64_t)(x >> 12) / (double)(1ll << 51) - 1;
    }
    return a;
}

static double *symmetric(int64_t n, uint64_t seed)
{
    double *a = noise(n, n, seed);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++) a[i * n + j] = a[j * n + i];
    return a;
}

/* A plain triple loop: c[n][m] = a[n][k] b[k][m]. */
static double *times(int64_t n, int64_t k, int64_t m, const double *a, const double *b)
{
    double *c = zeros(n, m);
    for (int64_t i = 0; i < n; i++)
        for (int64_t l = 0; l < k; l++)
            for (int64_t j = 0; j < m; j++) c[i * m + j] += a[i * k + l] * b[l * m + j];
    return c;
}

static double *turned(int64_t n, int64_t m, const double *a)
{
    double *t = zeros(m, n);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) t[j * n + i] = a[i * m + j];
    return t;
}

static void is_near(const double *a, const double *b, int64_t n, double off)
{
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs(a[i] - b[i]) <= off, "number %lld: %.17g, not %.17g", (long long)i, a[i], b[i]);
}

/* q[n][k]^T q = 1. */
static void is_orthonormal(const double *q, int64_t n, int64_t k)
{
    double *t = turned(n, k, q), *one = times(k, n, k, t, q), *want = zeros(k, k);
    for (int64_t i = 0; i < k; i++) want[i * k + i] = 1;
    is_near(one, want, k * k, 1e-12);
    free(t), free(one), free(want);
}

static void is_descending(const double *s, int64_t n)
{
    for (int64_t i = 1; i < n; i++) ck_assert_double_ge(s[i - 1], s[i]);
}

/* The largest entry of every column, of equals the first, is positive. */
static void has_signs(const double *q, int64_t n, int64_t k)
{
    for (int64_t j = 0; j < k; j++) {
        double top = q[j];
        for (int64_t i = 1; i < n; i++)
            if (fabs(q[i * k + j]) > fabs(top)) top = q[i * k + j];
        ck_assert_double_gt(top, 0);
    }
}

/* x[n][k] diag(s) y[m][k]^T = a[n][m]. */
static void rebuilds(const double *a, int64_t n, int64_t m, int64_t k, const double *x, const double *s,
                     const double *y, double off)
{
    double *scaled = zeros(n, k), *t = turned(m, k, y);
    for (int64_t i = 0; i < n * k; i++) scaled[i] = x[i] * s[i % k];
    double *c = times(n, k, m, scaled, t);
    is_near(c, a, n * m, off);
    free(scaled), free(t), free(c);
}

/* ---- products ---- */

START_TEST(products_are_sums_of_products)
{
    const int64_t size[][3] = {{1, 1, 1}, {3, 4, 5}, {1, 700, 1}, {65, 33, 129}, {4, 1, 4}, {2, 3, 1}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        int64_t n = size[i][0], k = size[i][1], m = size[i][2];
        double *a = noise(n, k, 1), *b = noise(k, m, 2), *want = times(n, k, m, a, b), *c = noise(n, m, 3);
        double *t = turned(n, k, a), *d = noise(n, m, 4);
        c[0] = d[0] = (double)NAN; /* what was there does not matter */
        xb_linalg_product(n, k, m, a, b, c);
        xb_linalg_product_tn(n, k, m, t, b, d);
        is_near(c, want, n * m, 1e-12);
        is_near(d, want, n * m, 1e-12);
        free(a), free(b), free(c), free(d), free(t), free(want);
    }
}
END_TEST

START_TEST(products_of_nothing_are_zero)
{
    double c[6] = {1, 2, 3, 4, 5, 6}, none[1] = {7};
    const double zero[6] = {0};
    xb_linalg_product(2, 0, 3, none, none, c);
    ck_assert_mem_eq(c, zero, sizeof zero);
    xb_linalg_product(0, 2, 3, none, c, none);
    ck_assert_double_eq(none[0], 7);
}
END_TEST

START_TEST(small_integers_multiply_exactly)
{
    const double a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {7, 8, 9, 10, 11, 12}, ab[4] = {58, 64, 139, 154};
    const double aa[9] = {17, 22, 27, 22, 29, 36, 27, 36, 45};
    double c[9];
    xb_linalg_product(2, 3, 2, a, b, c);
    ck_assert_mem_eq(c, ab, sizeof ab);
    xb_linalg_product_tn(3, 2, 3, a, a, c);
    ck_assert_mem_eq(c, aa, sizeof aa);
}
END_TEST

/* Wherever the numbers lie in memory. */
START_TEST(products_do_not_depend_on_addresses)
{
    enum { N = 37, K = 53, M = 29 };
    double *a = noise(N, K, 1), *b = noise(K, M, 2), *first = zeros(N, M), *store = zeros(3, N * K + K * M + N * M);
    xb_linalg_product(N, K, M, a, b, first);
    for (int at = 0; at < 8; at++) {
        double *x = store + at, *y = x + N * K + at, *z = y + K * M + 1;
        memcpy(x, a, sizeof(double) * N * K);
        memcpy(y, b, sizeof(double) * K * M);
        xb_linalg_product(N, K, M, x, y, z);
        ck_assert_mem_eq(z, first, sizeof(double) * N * M);
    }
    free(a), free(b), free(first), free(store);
}
END_TEST

/* ---- eigh ---- */

static void check_eigh(int64_t n, const double *a, double off)
{
    double *values = zeros(1, n), *vectors = zeros(n, n);
    ck_assert(xb_linalg_eigh(NULL, n, a, values, vectors));
    is_orthonormal(vectors, n, n);
    is_descending(values, n);
    has_signs(vectors, n, n);
    rebuilds(a, n, n, n, vectors, values, vectors, off);
    free(values), free(vectors);
}

START_TEST(eigenvectors_rebuild_the_matrix)
{
    const int64_t size[] = {1, 2, 3, 17, 100, 500};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        double *a = symmetric(size[i], i + 1);
        check_eigh(size[i], a, 1e-12 * (double)size[i]);
        free(a);
    }
}
END_TEST

START_TEST(the_lower_half_is_not_read)
{
    double *a = symmetric(20, 5), values[2][20], vectors[2][400];
    ck_assert(xb_linalg_eigh(NULL, 20, a, values[0], vectors[0]));
    for (int i = 0; i < 20; i++)
        for (int j = 0; j < i; j++) a[i * 20 + j] = (double)NAN;
    ck_assert(xb_linalg_eigh(NULL, 20, a, values[1], vectors[1]));
    ck_assert_mem_eq(values[0], values[1], sizeof values[0]);
    ck_assert_mem_eq(vectors[0], vectors[1], sizeof vectors[0]);
    free(a);
}
END_TEST

/* Vectors of [[2, 1], [1, 2]]: (1, 1) and (1, -1), the first of equal entries positive. */
START_TEST(signs_are_those_of_the_contract)
{
    const double a[4] = {2, 1, 1, 2}, d[9] = {-1, 0, 0, 0, -3, 0, 0, 0, -2};
    double values[3], vectors[9], h = sqrt(0.5);
    ck_assert(xb_linalg_eigh(NULL, 2, a, values, vectors));
    is_near(values, (double[]){3, 1}, 2, 1e-15);
    is_near(vectors, (double[]){h, h, h, -h}, 4, 1e-15);
    ck_assert(xb_linalg_eigh(NULL, 3, d, values, vectors));
    is_near(values, (double[]){-1, -2, -3}, 3, 0);
    is_near(vectors, (double[]){1, 0, 0, 0, 0, 1, 0, 1, 0}, 9, 0);
}
END_TEST

/* Equal eigenvalues stay in the order of their index. */
START_TEST(equal_eigenvalues_are_told_by_index)
{
    double one[36] = {0}, zero[36] = {0}, values[6], vectors[36];
    for (int i = 0; i < 6; i++) one[i * 7] = 1;
    ck_assert(xb_linalg_eigh(NULL, 6, one, values, vectors));
    ck_assert_mem_eq(vectors, one, sizeof one);
    ck_assert(xb_linalg_eigh(NULL, 6, zero, values, vectors));
    ck_assert_mem_eq(vectors, one, sizeof one);
    ck_assert_mem_eq(values, zero, sizeof values);
    one[14] = one[35] = 2; /* entries 2 and 5 */
    const int order[6] = {2, 5, 0, 1, 3, 4};
    ck_assert(xb_linalg_eigh(NULL, 6, one, values, vectors));
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 6; k++) ck_assert_double_eq(vectors[k * 6 + i], k == order[i]);
}
END_TEST

/* ---- svd ---- */

static void check_svd(int64_t n, int64_t m, const double *a, double off)
{
    int64_t k = n < m ? n : m;
    double *u = zeros(n, k), *s = zeros(1, k), *v = zeros(m, k);
    ck_assert(xb_linalg_svd(NULL, n, m, a, u, s, v));
    is_orthonormal(u, n, k);
    is_orthonormal(v, m, k);
    is_descending(s, k);
    ck_assert_double_ge(s[k - 1], 0);
    has_signs(v, m, k);
    rebuilds(a, n, m, k, u, s, v, off);
    free(u), free(s), free(v);
}

START_TEST(singular_vectors_rebuild_the_matrix)
{
    const int64_t size[][2] = {{1, 1}, {1, 7}, {7, 1}, {5, 3}, {3, 5}, {100, 13}, {13, 100}, {60, 60}, {500, 500}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        int64_t n = size[i][0], m = size[i][1];
        double *a = noise(n, m, i + 1);
        check_svd(n, m, a, 1e-12 * (double)(n + m));
        free(a);
    }
}
END_TEST

START_TEST(zero_has_singular_vectors_too)
{
    double *a = zeros(6, 4), u[24], s[4], v[16];
    check_svd(6, 4, a, 0);
    ck_assert(xb_linalg_svd(NULL, 6, 4, a, u, s, v));
    for (int i = 0; i < 4; i++) ck_assert_double_eq(s[i], 0);
    free(a);
}
END_TEST

/* 30 x 20 of rank 3. */
START_TEST(rank_is_seen)
{
    double *x = noise(30, 3, 1), *y = noise(3, 20, 2), *a = times(30, 3, 20, x, y);
    double u[600], s[20], v[400];
    check_svd(30, 20, a, 1e-12);
    ck_assert(xb_linalg_svd(NULL, 30, 20, a, u, s, v));
    ck_assert_double_gt(s[2], 0.1);
    for (int i = 3; i < 20; i++) ck_assert_double_lt(s[i], 1e-13 * s[0]);
    free(x), free(y), free(a);
}
END_TEST

/* [[3, 0], [4, 5]]: singular values sqrt(45), sqrt(5). */
START_TEST(singular_values_of_a_known_matrix)
{
    double u[4], s[2], v[4], h = sqrt(0.5);
    ck_assert(xb_linalg_svd(NULL, 2, 2, (double[]){3, 0, 4, 5}, u, s, v));
    is_near(s, (double[]){sqrt(45), sqrt(5)}, 2, 1e-14);
    is_near((double[]){fabs(v[0]), fabs(v[1]), fabs(v[2]), fabs(v[3])}, (double[]){h, h, h, h}, 4, 1e-14);
    ck_assert(xb_linalg_svd(NULL, 1, 1, (double[]){-4}, u, s, v));
    ck_assert(s[0] == 4 && v[0] == 1 && u[0] == -1);
}
END_TEST

/* Scales at the ends of float64. */
START_TEST(large_and_small_numbers_do_not_overflow)
{
    double u[4], s[2], v[4];
    ck_assert(xb_linalg_svd(NULL, 2, 2, (double[]){1e300, 0, 0, 2e300}, u, s, v));
    is_near((double[]){s[0] / 1e300, s[1] / 1e300}, (double[]){2, 1}, 2, 1e-15);
    ck_assert(xb_linalg_svd(NULL, 2, 2, (double[]){1e-300, 0, 0, 2e-300}, u, s, v));
    is_near((double[]){s[0] / 1e-300, s[1] / 1e-300}, (double[]){2, 1}, 2, 1e-15);
}
END_TEST

/* ---- qr ---- */

static void check_qr(int64_t n, int64_t m, const double *a, double off)
{
    double *q = zeros(n, m), *r = zeros(m, m);
    ck_assert(xb_linalg_qr(NULL, n, m, a, q, r));
    is_orthonormal(q, n, m);
    for (int64_t i = 0; i < m; i++) {
        ck_assert_double_ge(r[i * m + i], 0);
        for (int64_t j = 0; j < i; j++) ck_assert_double_eq(r[i * m + j], 0);
    }
    double *c = times(n, m, m, q, r);
    is_near(c, a, n * m, off);
    free(q), free(r), free(c);
}

START_TEST(q_and_r_rebuild_the_matrix)
{
    const int64_t size[][2] = {{1, 1}, {7, 1}, {5, 3}, {100, 13}, {60, 60}, {500, 200}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        int64_t n = size[i][0], m = size[i][1];
        double *a = noise(n, m, i + 1);
        check_qr(n, m, a, 1e-12 * (double)(n + m));
        free(a);
    }
    double *x = noise(30, 3, 1), *y = noise(3, 20, 2), *a = times(30, 3, 20, x, y), *zero = zeros(4, 3);
    check_qr(30, 20, a, 1e-12);
    check_qr(4, 3, zero, 0);
    free(x), free(y), free(a), free(zero);
}
END_TEST

/* ---- refusals ---- */

#define REFUSED(call, words)                                                                                           \
    do {                                                                                                               \
        xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);                                                         \
        double out[3][16] = {{0}};                                                                                     \
        const double none[3][16] = {{0}};                                                                              \
        ck_assert(!(call));                                                                                            \
        ck_assert_msg(strstr(xb_diags_text(d), words) && strstr(xb_diags_text(d), "[linalg]"), "%s",                   \
                      xb_diags_text(d));                                                                               \
        ck_assert_uint_eq(xb_diags_errors(d), 1);                                                                      \
        ck_assert_mem_eq(out, none, sizeof none);                                                                      \
        xb_diags_free(d);                                                                                              \
    } while (0)

START_TEST(what_cannot_be_decomposed_is_refused)
{
    double a[16] = {0}, b[16] = {0};
    a[11] = (double)NAN;
    b[11] = (double)INFINITY;
    const double *list[] = {a, b};
    for (int i = 0; i < 2; i++) {
        REFUSED(xb_linalg_eigh(d, 4, list[i], out[0], out[1]), "eigenvalues of a 4 x 4 matrix: a number in it is not");
        REFUSED(xb_linalg_svd(d, 3, 4, list[i], out[0], out[1], out[2]), "singular values of a 3 x 4 matrix: a number");
        REFUSED(xb_linalg_qr(d, 4, 3, list[i], out[0], out[1]), "QR of a 4 x 3 matrix: a number in it is not finite");
    }
    REFUSED(xb_linalg_qr(d, 2, 3, a, out[0], out[1]), "QR of a 2 x 3 matrix: it is wider than high");
    REFUSED(xb_linalg_svd(d, 0, 3, a, out[0], out[1], out[2]), "there is nothing in it");
    REFUSED(xb_linalg_eigh(d, -1, a, out[0], out[1]), "there is nothing in it");
    REFUSED(xb_linalg_svd(d, 1 << 15, 1 << 15, a, out[0], out[1], out[2]), "it is too large");
    REFUSED(xb_linalg_svd(d, 1ll << 33, 2, a, out[0], out[1], out[2]), "it is too large");
}
END_TEST

/* ---- threads ---- */

enum { HIGH = 160, WIDE = 120 };

typedef struct answers {
    double u[HIGH * WIDE], s[WIDE], v[WIDE * WIDE], values[WIDE], vectors[WIDE * WIDE], q[HIGH * WIDE], r[WIDE * WIDE];
    double product[WIDE * WIDE];
} answers;

static void *all_of_them(void *to)
{
    answers *o = to;
    double *a = noise(HIGH, WIDE, 9);
    for (int i = 0; i < 4; i++) {
        ck_assert(xb_linalg_svd(NULL, HIGH, WIDE, a, o->u, o->s, o->v));
        xb_linalg_product_tn(WIDE, HIGH, WIDE, a, a, o->product);
        ck_assert(xb_linalg_eigh(NULL, WIDE, o->product, o->values, o->vectors));
        ck_assert(xb_linalg_qr(NULL, HIGH, WIDE, a, o->q, o->r));
    }
    free(a);
    return NULL;
}

START_TEST(threads_side_by_side_give_the_same_bytes)
{
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    answers *o[THREADS + 1];
    for (int i = 0; i <= THREADS; i++) o[i] = xb_calloc(1, sizeof **o);
    for (int i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_create(&thread[i], NULL, all_of_them, o[i]), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    all_of_them(o[THREADS]);
    for (int i = 0; i < THREADS; i++) ck_assert_mem_eq(o[i], o[THREADS], sizeof **o);
    for (int i = 0; i <= THREADS; i++) free(o[i]);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("linalg");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, products_are_sums_of_products);
    tcase_add_test(t, products_of_nothing_are_zero);
    tcase_add_test(t, small_integers_multiply_exactly);
    tcase_add_test(t, products_do_not_depend_on_addresses);
    tcase_add_test(t, eigenvectors_rebuild_the_matrix);
    tcase_add_test(t, the_lower_half_is_not_read);
    tcase_add_test(t, signs_are_those_of_the_contract);
    tcase_add_test(t, equal_eigenvalues_are_told_by_index);
    tcase_add_test(t, singular_vectors_rebuild_the_matrix);
    tcase_add_test(t, zero_has_singular_vectors_too);
    tcase_add_test(t, rank_is_seen);
    tcase_add_test(t, singular_values_of_a_known_matrix);
    tcase_add_test(t, large_and_small_numbers_do_not_overflow);
    tcase_add_test(t, q_and_r_rebuild_the_matrix);
    tcase_add_test(t, what_cannot_be_decomposed_is_refused);
    tcase_add_test(t, threads_side_by_side_give_the_same_bytes);
    return run_case("linalg", t);
}
