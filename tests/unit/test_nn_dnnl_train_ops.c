/* Pools, elementwise functions and normalisations for training, forward and back, held against double loops. */
#include "dnnl_train_kit.h"
#include "suite.h"

/* ---- pools ---- */

typedef struct pool {
    xb_geometry w;
    xb_pool kind;
    xb_format format;
    int64_t x[4], y[4];
} pool;

/* One window: its result, and dx += what of `dy` each place gets (the first maximum of a window takes all). */
static double one_window(const pool *p, const float *x, const int64_t at[4], double dy, double *dx)
{
    const xb_geometry *w = &p->w;
    size_t inside[16], n = 0, best = 0;
    double sum = 0;
    for (int64_t k = 0; k < w->kernel[0] * w->kernel[1]; k++) {
        int64_t h = at[2] * w->stride[0] - w->begin[0] + k / w->kernel[1] * w->dilation[0];
        int64_t v = at[3] * w->stride[1] - w->begin[1] + k % w->kernel[1] * w->dilation[1];
        if (h < 0 || h >= w->in[0] || v < 0 || v >= w->in[1]) continue;
        inside[n] = place(p->format, p->x, at[0], at[1], h, v);
        if (n == 0 || x[inside[n]] > x[best]) best = inside[n];
        sum += x[inside[n++]];
    }
    double share = p->kind == XB_POOL_AVG ? (double)n : (double)(w->kernel[0] * w->kernel[1]);
    if (p->kind == XB_POOL_MAX) dx[best] += dy;
    if (p->kind != XB_POOL_MAX)
        for (size_t i = 0; i < n; i++) dx[inside[i]] += dy / share;
    return p->kind == XB_POOL_MAX ? x[best] : sum / share;
}

static void pool_loop(const pool *p, const float *x, const float *dy, double *y, double *dx)
{
    int64_t at[4];
    for (at[0] = 0; at[0] < p->y[0]; at[0]++)
        for (at[1] = 0; at[1] < p->y[1]; at[1]++)
            for (at[2] = 0; at[2] < p->y[2]; at[2]++)
                for (at[3] = 0; at[3] < p->y[3]; at[3]++) {
                    size_t i = place(p->format, p->y, at[0], at[1], at[2], at[3]);
                    y[i] = one_window(p, x, at, dy[i], dx);
                }
}

static void pool_agrees(const bench *b, const pool *p)
{
    size_t nx = count_of(p->x), ny = count_of(p->y);
    float *x = numbers(nx, -4, 4, 0), *dy = numbers(ny, -1, 1, 1), *y = numbers(ny, 5, 6, 2),
          *dx = numbers(nx, 5, 6, 3);
    double *want = zeros(ny), *want_dx = zeros(nx);
    for (size_t i = 0; i < nx; i++) x[i] = floorf(x[i]);
    pool_loop(p, x, dy, want, want_dx);
    xb_dnnl_op *f = xb_dnnl_train_pool(b->lib, &p->w, p->kind, p->format, XB_FORWARD);
    xb_dnnl_op *g = xb_dnnl_train_pool(b->lib, &p->w, p->kind, p->format, XB_BACK_DATA);
    ck_assert(f && g);
    ck_assert_uint_eq(xb_dnnl_workspace(f), xb_dnnl_workspace(g));
    ck_assert_int_eq(xb_dnnl_workspace(f) != 0, p->kind == XB_POOL_MAX);
    char *space = xb_calloc(xb_dnnl_workspace(f) + 1, 1);
    if (xb_dnnl_workspace(f)) {
        RUN(b, f, x, y, space);
        RUN(b, g, dy, space, dx);
    } else {
        RUN(b, f, x, y);
        RUN(b, g, dy, dx);
    }
    AGREES(y, want, ny);
    AGREES(dx, want_dx, nx);
    xb_dnnl_op_free(f), xb_dnnl_op_free(g);
    free(x), free(dy), free(y), free(dx), free(space), free(want), free(want_dx);
}

/* Borders of every side, and a last window that reaches beyond the image (ceil mode). Numbers are whole: ties. */
START_TEST(pools)
{
    static const struct {
        int64_t c, in[2], out[2], kernel[2], stride[2], dilation[2], begin[2];
    } t[] = {{20, {24, 24}, {12, 12}, {2, 2}, {2, 2}, {1, 1}, {0, 0}},
             {16, {7, 9}, {4, 5}, {2, 2}, {2, 2}, {1, 1}, {0, 0}},
             {5, {8, 7}, {4, 4}, {3, 3}, {2, 2}, {1, 1}, {1, 0}},
             {32, {9, 8}, {5, 8}, {3, 2}, {2, 1}, {1, 1}, {1, 1}},
             {16, {4, 4}, {1, 1}, {4, 4}, {1, 1}, {1, 1}, {0, 0}}};
    bench b = bench_new();
    for (int f = 0; f < XB_FMTS * 3; f++) {
        pool p = {.kind = (xb_pool)(f % 3), .format = (xb_format)(f / 3), .w = {.batch = 3, .groups = 1}};
        if (p.format == XB_FMT_BLOCKED && t[_i].c % block()) continue;
        p.w.in_channels = p.w.out_channels = t[_i].c;
        for (int i = 0; i < 2; i++) {
            p.w.in[i] = t[_i].in[i], p.w.out[i] = t[_i].out[i], p.w.kernel[i] = t[_i].kernel[i];
            p.w.stride[i] = t[_i].stride[i], p.w.dilation[i] = t[_i].dilation[i], p.w.begin[i] = t[_i].begin[i];
            p.w.end[i] = (p.w.out[i] - 1) * p.w.stride[i] + p.w.kernel[i] - p.w.in[i] - p.w.begin[i];
        }
        memcpy(p.x, (int64_t[]){3, t[_i].c, p.w.in[0], p.w.in[1]}, sizeof p.x);
        memcpy(p.y, (int64_t[]){3, t[_i].c, p.w.out[0], p.w.out[1]}, sizeof p.y);
        pool_agrees(&b, &p);
    }
    bench_free(&b);
}
END_TEST

/* ---- elementwise ---- */

/* f(x), and its derivative in *slope. */
static double unary(xb_unary u, double a, double b, double x, double *slope)
{
    double e = exp(x), s = 1 / (1 + exp(-x)), t = tanh(x), d = 0, y = 0;
    switch (u) {
    case XB_UNARY_RELU:
        y = x > 0 ? x : a * x, d = x > 0 ? 1 : a;
        break;
    case XB_UNARY_ELU:
        y = x > 0 ? x : a * (e - 1), d = x > 0 ? 1 : a * e;
        break;
    case XB_UNARY_TANH:
        y = t, d = 1 - t * t;
        break;
    case XB_UNARY_SIGMOID:
        y = s, d = s * (1 - s);
        break;
    case XB_UNARY_SOFTPLUS:
        y = log1p(e), d = s;
        break;
    case XB_UNARY_CLIP:
        y = fmin(fmax(x, a), b), d = x > a && x < b;
        break;
    case XB_UNARY_LINEAR:
        y = a * x + b, d = a;
        break;
    case XB_UNARY_ABS:
        y = fabs(x), d = x > 0 ? 1 : -1;
        break;
    case XB_UNARY_SQRT:
        y = sqrt(x), d = 0.5 / sqrt(x);
        break;
    case XB_UNARY_EXP:
        y = d = e;
        break;
    case XB_UNARY_HARDSWISH:
        y = x * fmin(fmax(x / 6 + 0.5, 0), 1), d = x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5;
        break;
    default:
        ck_abort();
    }
    *slope = d;
    return y;
}

/* Forward in one memory; back in one memory, from what the contract says is kept. */
START_TEST(elementwise)
{
    enum { N = 203 };
    static const float range[][2] = {{0, 0}, {0.25f, 0}, {0.5f, 0}, {-0.5f, 2}, {3, -1}};
    xb_unary u = (xb_unary)(1 + _i % (XB_UNARIES - 1));
    bench b = bench_new();
    for (size_t r = 0; r < 5; r++) {
        float alpha = range[r][0], beta = range[r][1];
        if (u == XB_UNARY_CLIP ? r != 3 : r == 3 && u != XB_UNARY_LINEAR) continue;
        if ((u == XB_UNARY_ELU || u == XB_UNARY_LINEAR) && alpha == 0) continue;
        float *x = numbers(N, u == XB_UNARY_SQRT ? 0.1 : -5, 5, 0), *dy = numbers(N, -1, 1, 1), y[N];
        double want[N], want_dx[N];
        for (int i = 0; i < N; i++) {
            double slope;
            want[i] = unary(u, alpha, beta, x[i], &slope);
            want_dx[i] = dy[i] * slope;
        }
        xb_dnnl_op *f = xb_dnnl_train_unary(b.lib, N, u, alpha, beta, XB_FORWARD);
        xb_dnnl_op *g = xb_dnnl_train_unary(b.lib, N, u, alpha, beta, XB_BACK_DATA);
        ck_assert_msg(f && g, "kind %d", (int)u);
        memcpy(y, x, sizeof y);
        RUN(&b, f, y, y);
        AGREES(y, want, N);
        RUN(&b, g, xb_dnnl_unary_from_result(u) ? y : x, dy, dy);
        AGREES(dy, want_dx, N);
        xb_dnnl_op_free(f), xb_dnnl_op_free(g);
        free(x), free(dy);
    }
    bench_free(&b);
}
END_TEST

/* Where the result does not tell the argument's sign there is no kernel; at 0 the slope of ReLU is 0. */
START_TEST(corners)
{
    bench b = bench_new();
    ck_assert_ptr_null(xb_dnnl_train_unary(b.lib, 8, XB_UNARY_RELU, -1, 0, XB_BACK_DATA));
    ck_assert_ptr_null(xb_dnnl_train_unary(b.lib, 8, XB_UNARY_ELU, -1, 0, XB_BACK_DATA));
    float y[8] = {0, -0.0f, 1, 0, 2, 0, 0, 3}, dy[8] = {1, 1, 1, 1, 1, 1, 1, 1}, want[8] = {0, 0, 1, 0, 1, 0, 0, 1};
    xb_dnnl_op *g = xb_dnnl_train_unary(b.lib, 8, XB_UNARY_RELU, 0, 0, XB_BACK_DATA);
    RUN(&b, g, y, dy, dy);
    for (int i = 0; i < 8; i++) ck_assert_float_eq(dy[i], want[i]);
    xb_dnnl_op_free(g);
    bench_free(&b);
}
END_TEST

/* ---- batch normalisation ---- */

typedef struct norm {
    int64_t dim[4];
    xb_format format;
    bool fixed, relu;
    float epsilon;
    float *x, *both, *y, *dy, *dx, *dboth, *mean, *variance;
    double *want, *want_dx, *want_dboth, *want_mean, *want_variance;
} norm;

static void norm_channel(norm *t, int64_t c)
{
    size_t area = (size_t)(t->dim[2] * t->dim[3]), n = (size_t)t->dim[0] * area, channels = (size_t)t->dim[1];
    size_t *at = xb_calloc(n, sizeof *at);
    double mean = 0, variance = 0, scale = t->both[c], shift = t->both[channels + (size_t)c], by = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t hw = (int64_t)(i % area);
        at[i] = place(t->format, t->dim, (int64_t)(i / area), c, hw / t->dim[3], hw % t->dim[3]);
        mean += t->x[at[i]] / (double)n;
    }
    for (size_t i = 0; i < n; i++) variance += pow(t->x[at[i]] - mean, 2) / (double)n;
    if (t->fixed) mean = t->mean[c], variance = t->variance[c];
    double inverse = 1 / sqrt(variance + (double)t->epsilon);
    for (size_t i = 0; i < n; i++) {
        double v = (t->x[at[i]] - mean) * inverse, y = v * scale + shift;
        t->want[at[i]] = t->relu ? fmax(y, 0) : y;
        if (t->relu && y <= 0) t->dy[at[i]] = 0;
        by += v * t->dy[at[i]];
        sum += t->dy[at[i]];
    }
    for (size_t i = 0; i < n; i++) {
        double v = (t->x[at[i]] - mean) * inverse, through = t->fixed ? 0 : (sum + v * by) / (double)n;
        t->want_dx[at[i]] = scale * inverse * (t->dy[at[i]] - through);
    }
    t->want_dboth[c] = by, t->want_dboth[channels + (size_t)c] = sum;
    t->want_mean[c] = mean, t->want_variance[c] = variance;
    free(at);
}

static norm norm_new(int64_t c, xb_format f, bool fixed, bool relu)
{
    norm t = {.dim = {4, c, 5, 3}, .format = f, .fixed = fixed, .relu = relu, .epsilon = 1e-3f};
    size_t n = count_of(t.dim), m = (size_t)c;
    t.x = numbers(n, -1, 2, 0), t.both = numbers(2 * m, 0.1, 1, 1), t.y = numbers(n, 5, 6, 2);
    t.dy = numbers(n, -1, 1, 3), t.dx = numbers(n, 5, 6, 4), t.dboth = numbers(2 * m, 5, 6, 5);
    t.mean = numbers(m, -1, 1, 6), t.variance = numbers(m, 0.5, 1, 7);
    t.want = zeros(n), t.want_dx = zeros(n), t.want_dboth = zeros(2 * m);
    t.want_mean = zeros(m), t.want_variance = zeros(m);
    return t;
}

static void norm_free(norm *t)
{
    free(t->x), free(t->both), free(t->y), free(t->dy), free(t->dx), free(t->dboth), free(t->mean), free(t->variance);
    free(t->want), free(t->want_dx), free(t->want_dboth), free(t->want_mean), free(t->want_variance);
}

static void norm_run(const bench *b, norm *t, const float *dy)
{
    xb_dnnl_op *f = xb_dnnl_train_norm(b->lib, t->dim, t->format, t->epsilon, t->fixed, t->relu, XB_FORWARD);
    xb_dnnl_op *g = xb_dnnl_train_norm(b->lib, t->dim, t->format, t->epsilon, t->fixed, t->relu, XB_BACK_DATA);
    ck_assert(f && g);
    ck_assert_uint_eq(xb_dnnl_workspace(f), xb_dnnl_workspace(g));
    ck_assert_int_eq(xb_dnnl_workspace(f) != 0, t->relu);
    char *space = xb_calloc(xb_dnnl_workspace(f) + 1, 1);
    if (t->relu) {
        RUN(b, f, t->x, t->both, t->y, t->mean, t->variance, space);
        RUN(b, g, t->x, t->mean, t->variance, t->both, dy, space, t->dx, t->dboth);
    } else {
        RUN(b, f, t->x, t->both, t->y, t->mean, t->variance);
        RUN(b, g, t->x, t->mean, t->variance, t->both, dy, t->dx, t->dboth);
    }
    xb_dnnl_op_free(f), xb_dnnl_op_free(g);
    free(space);
}

START_TEST(batch_normalisation)
{
    bench b = bench_new();
    for (int f = 0; f < XB_FMTS; f++) {
        norm t = norm_new(f == XB_FMT_BLOCKED ? 32 : 20, (xb_format)f, _i & 1, _i & 2);
        size_t n = count_of(t.dim), m = (size_t)t.dim[1];
        float *dy = numbers(n, -1, 1, 3);
        for (int64_t c = 0; c < t.dim[1]; c++) norm_channel(&t, c);
        norm_run(&b, &t, dy);
        AGREES(t.y, t.want, n);
        AGREES(t.mean, t.want_mean, m);
        AGREES(t.variance, t.want_variance, m);
        AGREES(t.dx, t.want_dx, n);
        AGREES(t.dboth, t.want_dboth, 2 * m);
        norm_free(&t);
        free(dy);
    }
    bench_free(&b);
}
END_TEST

/* ---- across channels ---- */

typedef struct lrn {
    int64_t dim[4], size;
    xb_format format;
    double alpha, beta, k;
} lrn;

/* y = x s^-beta; dx = dy s^-beta - 2 alpha beta / size x sum dy x s^(-beta - 1); s = k + alpha / size sum x x. */
static void lrn_column(const lrn *t, const size_t *at, const float *x, const float *dy, double *y, double *dx)
{
    int64_t n = t->dim[1], half = t->size / 2;
    double *s = zeros((size_t)n);
    for (int64_t c = 0; c < n; c++) {
        s[c] = t->k;
        for (int64_t i = c - half; i <= c + half; i++)
            if (i >= 0 && i < n) s[c] += t->alpha / (double)t->size * x[at[i]] * x[at[i]];
        y[at[c]] = x[at[c]] * pow(s[c], -t->beta);
    }
    for (int64_t c = 0; c < n; c++) {
        double sum = 0;
        for (int64_t i = c - half; i <= c + half; i++)
            if (i >= 0 && i < n) sum += dy[at[i]] * x[at[i]] * pow(s[i], -t->beta - 1);
        dx[at[c]] = dy[at[c]] * pow(s[c], -t->beta) - 2 * t->alpha * t->beta / (double)t->size * x[at[c]] * sum;
    }
    free(s);
}

static void lrn_loop(const lrn *t, const float *x, const float *dy, double *y, double *dx)
{
    size_t at[64];
    for (int64_t i = 0; i < t->dim[0] * t->dim[2] * t->dim[3]; i++) {
        int64_t area = t->dim[2] * t->dim[3], hw = i % area;
        for (int64_t c = 0; c < t->dim[1]; c++)
            at[c] = place(t->format, t->dim, i / area, c, hw / t->dim[3], hw % t->dim[3]);
        lrn_column(t, at, x, dy, y, dx);
    }
}

/* false: the library has no kernel of its own in this format. */
static bool lrn_agrees(const bench *b, const lrn *t)
{
    size_t n = count_of(t->dim);
    xb_dnnl_op *op[2];
    for (int d = 0; d < 2; d++)
        op[d] = xb_dnnl_train_lrn(b->lib, t->dim, t->format, t->size, (float)t->alpha, (float)t->beta, (float)t->k,
                                  (xb_direction)d);
    bool have = op[0] && op[1];
    if (have) {
        float *x = numbers(n, -2, 2, 0), *dy = numbers(n, -1, 1, 1), *y = numbers(n, 5, 6, 2),
              *dx = numbers(n, 5, 6, 3);
        double *want = zeros(n), *want_dx = zeros(n);
        ck_assert_uint_eq(xb_dnnl_workspace(op[0]), xb_dnnl_workspace(op[1]));
        char *space = xb_calloc(xb_dnnl_workspace(op[0]) + 1, 1);
        lrn_loop(t, x, dy, want, want_dx);
        if (xb_dnnl_workspace(op[0])) {
            RUN(b, op[0], x, y, space);
            RUN(b, op[1], x, dy, space, dx);
        } else {
            RUN(b, op[0], x, y);
            RUN(b, op[1], x, dy, dx);
        }
        AGREES(y, want, n);
        AGREES(dx, want_dx, n);
        free(x), free(dy), free(y), free(dx), free(want), free(want_dx), free(space);
    }
    xb_dnnl_op_free(op[0]), xb_dnnl_op_free(op[1]);
    return have;
}

/* Not in every format: in one at least. */
START_TEST(across_channels)
{
    bench b = bench_new();
    int have = 0;
    for (int f = 0; f < 2 * XB_FMTS; f++) {
        lrn t = {.dim = {2, 48, 5, 4},
                 .size = f % 2 ? 3 : 5,
                 .alpha = 0.5,
                 .beta = 0.75,
                 .k = 1,
                 .format = (xb_format)(f / 2)};
        have += lrn_agrees(&b, &t);
    }
    ck_assert_int_ge(have, 1);
    bench_free(&b);
}
END_TEST

/* ---- softmax ---- */

static void softmax_loop(const int64_t dim[3], bool log_, const float *x, const float *dy, double *y, double *dx)
{
    for (int64_t o = 0; o < dim[0] * dim[2]; o++) {
        int64_t first = o / dim[2] * dim[1] * dim[2] + o % dim[2], end = first + dim[1] * dim[2];
        double total = 0, sum = 0;
        for (int64_t i = first; i < end; i += dim[2]) total += exp(x[i]);
        for (int64_t i = first; i < end; i += dim[2]) {
            y[i] = log_ ? x[i] - log(total) : exp(x[i]) / total;
            sum += log_ ? dy[i] : dy[i] * y[i];
        }
        for (int64_t i = first; i < end; i += dim[2]) dx[i] = log_ ? dy[i] - exp(y[i]) * sum : y[i] * (dy[i] - sum);
    }
}

/* Of the way back the library has only reference code below AVX-512. */
START_TEST(softmax)
{
    static const int64_t dim[][3] = {{32, 10, 1}, {3, 37, 1}, {2, 10, 16}};
    bench b = bench_new();
    for (size_t i = 0; i < 3; i++) {
        size_t n = (size_t)(dim[i][0] * dim[i][1] * dim[i][2]);
        float *x = numbers(n, -5, 5, 0), *dy = numbers(n, -1, 1, 1), *y = numbers(n, 5, 6, 2),
              *dx = numbers(n, 5, 6, 3);
        double *want = zeros(n), *want_dx = zeros(n);
        softmax_loop(dim[i], _i, x, dy, want, want_dx);
        xb_dnnl_op *f = xb_dnnl_train_softmax(b.lib, dim[i], _i, XB_FORWARD);
        xb_dnnl_op *g = xb_dnnl_train_softmax(b.lib, dim[i], _i, XB_BACK_DATA);
        ck_assert(f || dim[i][2] > 1);
        if (f) {
            RUN(&b, f, x, y);
            AGREES(y, want, n);
        }
        if (f && g) {
            RUN(&b, g, y, dy, dx);
            AGREES(dx, want_dx, n);
        }
        xb_dnnl_op_free(f), xb_dnnl_op_free(g);
        free(x), free(dy), free(y), free(dx), free(want), free(want_dx);
    }
    bench_free(&b);
}
END_TEST

/* ---- products ---- */

START_TEST(products)
{
    static const int64_t size[][3] = {{7, 5, 9}, {32, 50, 80}, {1, 1, 1}, {3, 1, 4}};
    bool ta = _i & 1, tb = _i & 2, more = _i & 4;
    bench b = bench_new();
    for (size_t s = 0; s < 4; s++) {
        int64_t m = size[s][0], n = size[s][1], k = size[s][2];
        float *a = numbers((size_t)(m * k), -1, 1, 0), *v = numbers((size_t)(k * n), -1, 1, 1);
        float *c = numbers((size_t)(m * n), -1, 1, 2);
        double *want = zeros((size_t)(m * n));
        for (int64_t i = 0; i < m * n; i++) {
            want[i] = more ? c[i] : 0;
            for (int64_t j = 0; j < k; j++)
                want[i] += (double)a[ta ? j * m + i / n : i / n * k + j] * v[tb ? i % n * k + j : j * n + i % n];
        }
        ck_assert(xb_dnnl_product(ta, tb, m, n, k, a, v, more, c));
        AGREES(c, want, (size_t)(m * n));
        free(a), free(v), free(c), free(want);
    }
    bench_free(&b);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("ops");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, pools, 0, 5);
    tcase_add_loop_test(t, elementwise, 0, XB_UNARIES - 1);
    tcase_add_test(t, corners);
    tcase_add_loop_test(t, batch_normalisation, 0, 4);
    tcase_add_test(t, across_channels);
    tcase_add_loop_test(t, softmax, 0, 2);
    tcase_add_loop_test(t, products, 0, 8);
    return run_case("nn_dnnl_train_ops", t);
}
