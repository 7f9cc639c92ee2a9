/* spectrum.c: a matrix as a product of two whose directions are in order of energy.
 *
 * All three methods begin with U = W, V = I (N < M: U = R^T, V = Q^T of the QR of W^T), so that V is orthonormal, and
 * turn the pair. pca: by the eigenvectors of U^T U. svd: U = A S B^T becomes A sqrt(S), sqrt(S) B^T V. balanced: the
 * same with the singular values of the product U V instead of U's. */
#include "rank-clip.h"
#include <math.h>
#include <string.h>

/* ---- scratch ---- */

void xb_rank_scratch(rank_work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        const rank_layer *l = &w->layer[i];
        size_t n = (size_t)l->rows, m = (size_t)l->cols, k = (size_t)l->full;
        size_t need = 2 * n * m + 6 * k * (n + m) + 6 * k * k + 2 * k;
        if (need > w->room_n) w->room_n = need;
    }
    w->room = w->cx->host->alloc(w->cx, w->room_n + 1, sizeof *w->room);
}

static double *take(rank_work *w, int64_t rows, int64_t cols)
{
    size_t n = (size_t)rows * (size_t)cols;
    if (n > w->room_n - w->used) return w->cx->host->alloc(w->cx, n + 1, sizeof(double));
    double *at = w->room + w->used;
    w->used += n;
    return at;
}

static double *transposed(rank_work *w, int64_t rows, int64_t cols, const double *a)
{
    double *out = take(w, cols, rows);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) out[j * rows + i] = a[i * cols + j];
    return out;
}

/* ---- how much is kept ---- */

double xb_rank_lost(const double *energy, int64_t k, int64_t r)
{
    double tail = 0, all = 0;
    for (int64_t j = k - 1; j >= 0; j--) {
        all += energy[j];
        if (j >= r) tail += energy[j];
    }
    return all > 0 ? tail / all : 0;
}

int64_t xb_rank_for(int method, const double *energy, int64_t k, double epsilon)
{
    double allowed = method == RANK_SVD ? epsilon * (2 - epsilon) : epsilon, all = 0, tail = 0;
    int64_t r = k;
    for (int64_t j = 0; j < k; j++) all += energy[j];
    while (r > 1 && tail + energy[r - 1] <= allowed * all) tail += energy[--r];
    return r;
}

/* ---- the turns ---- */

static int turn_pca(rank_work *w, rank_split *s)
{
    int64_t k = s->k;
    double *gram = take(w, k, k), *e = take(w, k, k), *u = take(w, s->n, k), *v = take(w, k, s->m);
    w->math->product_tn(k, s->n, k, s->u, s->u, gram);
    if (w->math->eigh(w->cx, k, gram, s->energy, e) < 0) return -1;
    for (int64_t j = 0; j < k; j++)
        if (s->energy[j] < 0) s->energy[j] = 0;
    w->math->product(s->n, k, k, s->u, e, u);
    w->math->product_tn(k, k, s->m, e, s->v, v);
    s->u = u;
    s->v = v;
    return 0;
}

/* a[rows][k] times diag(sqrt(s)), in place. */
static void scale_columns(double *a, int64_t rows, int64_t k, const double *s)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < k; j++) a[i * k + j] *= sqrt(s[j]);
}

static int turn_svd(rank_work *w, rank_split *s)
{
    int64_t k = s->k;
    double *a = take(w, s->n, k), *b = take(w, k, k), *v = take(w, k, s->m);
    if (w->math->svd(w->cx, s->n, k, s->u, a, s->energy, b) < 0) return -1;
    scale_columns(a, s->n, k, s->energy);
    scale_columns(b, k, k, s->energy);
    w->math->product_tn(k, k, s->m, b, s->v, v);
    for (int64_t j = 0; j < k; j++) s->energy[j] *= s->energy[j];
    s->u = a;
    s->v = v;
    return 0;
}

/* V^T = Q R, U R^T = A S B^T: U V = A S (Q B)^T. */
static int turn_balanced(rank_work *w, rank_split *s)
{
    int64_t k = s->k;
    double *q = take(w, s->m, k), *r = take(w, k, k), *a = take(w, s->n, k), *b = take(w, k, k);
    double *product = take(w, s->n, k), *qb = take(w, s->m, k);
    if (w->math->qr(w->cx, s->m, k, transposed(w, k, s->m, s->v), q, r) < 0) return -1;
    w->math->product(s->n, k, k, s->u, transposed(w, k, k, r), product);
    if (w->math->svd(w->cx, s->n, k, product, a, s->energy, b) < 0) return -1;
    w->math->product(s->m, k, k, q, b, qb);
    scale_columns(a, s->n, k, s->energy);
    scale_columns(qb, s->m, k, s->energy);
    for (int64_t j = 0; j < k; j++) s->energy[j] *= s->energy[j];
    s->u = a;
    s->v = transposed(w, s->m, k, qb);
    return 0;
}

static int turn(rank_work *w, rank_split *s)
{
    s->energy = take(w, s->k, 1);
    if (w->o->method == RANK_PCA) return turn_pca(w, s);
    return w->o->method == RANK_SVD ? turn_svd(w, s) : turn_balanced(w, s);
}

/* ---- splits ---- */

static double *identity(rank_work *w, int64_t k)
{
    double *v = take(w, k, k);
    memset(v, 0, (size_t)(k * k) * sizeof *v);
    for (int64_t j = 0; j < k; j++) v[j * k + j] = 1;
    return v;
}

static int begin_split(rank_work *w, double *a, int64_t n, int64_t m, rank_split *out)
{
    *out = (rank_split){.n = n, .m = m, .k = n < m ? n : m, .u = a};
    if (n >= m) {
        out->v = identity(w, m);
        return turn(w, out);
    }
    double *q = take(w, m, n), *r = take(w, n, n);
    if (w->math->qr(w->cx, m, n, transposed(w, n, m, a), q, r) < 0) return -1;
    out->u = transposed(w, n, n, r);
    out->v = transposed(w, m, n, q);
    return turn(w, out);
}

int xb_rank_split(rank_work *w, const double *a, int64_t n, int64_t m, rank_split *out)
{
    w->used = 0;
    double *copy = take(w, n, m);
    memcpy(copy, a, (size_t)(n * m) * sizeof *a);
    return begin_split(w, copy, n, m, out);
}

static double *weights_of(rank_work *w, const xb_graph *g, xb_op op, xb_matrix *m)
{
    if (!w->graph->matrix(g, op, m)) {
        w->cx->host->diagnose(w->cx, XB_ERROR, "rank-clip", NULL, "'%s' is no longer a layer with a weight matrix",
                              w->graph->op_name(g, op));
        return NULL;
    }
    const float *data = w->graph->data(g, m->weight);
    double *a = take(w, m->rows, m->cols);
    for (int64_t i = 0; i < m->rows; i++)
        for (int64_t j = 0; j < m->cols; j++) a[i * m->cols + j] = (double)data[i * m->row_stride + j * m->col_stride];
    return a;
}

int xb_rank_split_op(rank_work *w, const xb_graph *g, xb_op op, rank_split *out)
{
    xb_matrix m;
    w->used = 0;
    double *a = weights_of(w, g, op, &m);
    return a ? begin_split(w, a, m.rows, m.cols, out) : -1;
}

int xb_rank_resplit(rank_work *w, xb_op first, xb_op second, const xb_graph *g, rank_split *out)
{
    xb_matrix u, v;
    w->used = 0;
    *out = (rank_split){.u = weights_of(w, g, first, &u)};
    if (out->u) out->v = weights_of(w, g, second, &v);
    if (!out->u || !out->v) return -1;
    out->n = u.rows;
    out->m = v.cols;
    out->k = u.cols;
    return turn(w, out);
}

void xb_rank_cut(rank_work *w, const rank_split *s, int64_t r, float **u, float **v)
{
    *u = (float *)take(w, s->n, r);
    *v = (float *)take(w, r, s->m);
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t j = 0; j < r; j++) (*u)[i * r + j] = (float)s->u[i * s->k + j];
    for (int64_t i = 0; i < r * s->m; i++) (*v)[i] = (float)s->v[i];
}
