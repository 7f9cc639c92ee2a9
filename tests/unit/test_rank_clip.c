/* test_rank_clip.c: spectra, ranks, areas, budgets, and layers split without training. */
#include "rank_clip_kit.h"
#include "suite.h"

/* ---- areas ---- */

START_TEST(areas_are_the_published_ones)
{
    static const struct {
        int64_t n, m, dense, k, cells, even;
    } layer[] = {
        {25, 20, 500, 5, 225, 11},    {500, 50, 25000, 12, 6600, 45},  {800, 500, 400000, 36, 46800, 307},
        {75, 32, 2400, 12, 1284, 22}, {800, 32, 25600, 19, 15808, 30}, {800, 64, 51200, 22, 19008, 59},
    };
    for (size_t i = 0; i < sizeof layer / sizeof *layer; i++) {
        int64_t n = layer[i].n, m = layer[i].m, even = layer[i].even;
        ck_assert_int_eq(xb_rank_cells(n, m, layer[i].k), layer[i].cells);
        ck_assert_int_eq(xb_rank_break_even(n, m), even);
        ck_assert_int_lt(xb_rank_cells(n, m, even), layer[i].dense);
        ck_assert_int_eq(xb_rank_cells(n, m, even + 1), layer[i].dense);
        ck_assert_int_ge((even + 1) * (n + m), layer[i].dense);
    }
    ck_assert_int_eq(xb_rank_break_even(20, 20), 9); /* 10 of them cost as much as the matrix */
    ck_assert_int_eq(xb_rank_break_even(2, 2), 0);
}
END_TEST

/* All cells of networks of three layers and a classifier, at these ranks. */
static int64_t cells_of(const int64_t (*shape)[2], const int64_t *k, int64_t other)
{
    rank_layer layer[3];
    for (int i = 0; i < 3; i++) layer[i] = (rank_layer){.rows = shape[i][0], .cols = shape[i][1], .now = {.k = k[i]}};
    return xb_rank_all_cells(&(rank_work){.layer = layer, .n = 3, .other = other});
}

START_TEST(totals_are_the_published_ones)
{
    static const int64_t a[3][2] = {{25, 20}, {500, 50}, {800, 500}}, b[3][2] = {{75, 32}, {800, 32}, {800, 64}};
    ck_assert_int_eq(cells_of(a, (int64_t[]){20, 50, 500}, 5000), 430500);
    ck_assert_int_eq(cells_of(a, (int64_t[]){5, 12, 36}, 5000), 58625);
    ck_assert_int_eq(cells_of(a, (int64_t[]){4, 6, 6}, 5000), 16280);
    ck_assert_int_eq(cells_of(b, (int64_t[]){32, 32, 64}, 10240), 89440);
    ck_assert_int_eq(cells_of(b, (int64_t[]){12, 19, 22}, 10240), 46340);
    ck_assert_int_eq(cells_of(b, (int64_t[]){9, 13, 14}, 10240), 34115);
}
END_TEST

/* ---- spectra ---- */

typedef struct lab {
    bench *b;
    rank_work w;
    rank_options o;
    rank_layer layer;
    xb_rng rng;
} lab;

static void lab_begin(lab *l, int method, int64_t n, int64_t m)
{
    *l = (lab){.b = bench_new(bench_net(small_net), "{}", NULL, 0)};
    l->o = l->b->o;
    l->o.method = method;
    l->layer = (rank_layer){.rows = n, .cols = m, .full = n < m ? n : m};
    l->w = (rank_work){.cx = l->b->cx,
                       .math = l->b->cx->host->service(l->b->cx, "xb.linalg", 1),
                       .graph = l->b->cx->host->service(l->b->cx, "xb.graph", 1),
                       .o = &l->o,
                       .layer = &l->layer,
                       .n = 1};
    l->rng = xb_rng_at(11, XB_RNG_INIT, (uint32_t)(n * 100 + m));
    xb_rank_scratch(&l->w);
}

static double *lab_random(lab *l, int64_t n, int64_t m)
{
    double *a = l->b->cx->host->alloc(l->b->cx, (size_t)(n * m), sizeof *a);
    for (int64_t i = 0; i < n * m; i++) a[i] = xb_rng_between(&l->rng, -1, 1);
    return a;
}

/* ||a - (first r directions of s)||^2 */
static double residual(const rank_split *s, const double *a, int64_t r)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t j = 0; j < s->m; j++) {
            double x = a[i * s->m + j];
            for (int64_t k = 0; k < r; k++) x -= s->u[i * s->k + k] * s->v[k * s->m + j];
            sum += x * x;
        }
    return sum;
}

static double energy_of(const double *a, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * a[i];
    return sum;
}

static const int64_t shapes[][2] = {{25, 20}, {20, 25}, {7, 7}, {40, 3}, {3, 40}, {75, 32}};
#define N_SHAPES (int)(sizeof shapes / sizeof *shapes)

/* For each method (of 3) and shape. */
START_TEST(full_rank_is_exact_and_energy_tells_the_residual)
{
    int method = _i % 3;
    int64_t n = shapes[_i / 3][0], m = shapes[_i / 3][1];
    lab l;
    rank_split s;
    lab_begin(&l, method, n, m);
    double *a = lab_random(&l, n, m), all = energy_of(a, n * m);
    ck_assert_int_eq(xb_rank_split(&l.w, a, n, m, &s), 0);
    ck_assert_int_eq(s.k, n < m ? n : m);
    ck_assert_double_lt(residual(&s, a, s.k), 1e-24 * all);
    for (int64_t r = 0; r <= s.k; r++)
        ck_assert_double_eq_tol(residual(&s, a, r) / all, xb_rank_lost(s.energy, s.k, r), 1e-9);
    for (int64_t j = 1; j < s.k; j++) ck_assert(s.energy[j] <= s.energy[j - 1] && s.energy[j] >= 0);
    ck_assert_double_eq_tol(energy_of(s.u, n * s.k) * (method == RANK_PCA) + all * (method != RANK_PCA), all,
                            1e-9 * all);
    bench_free(l.b);
}
END_TEST

START_TEST(pca_begins_orthonormal)
{
    for (int i = 0; i < N_SHAPES; i++) {
        lab l;
        rank_split s;
        lab_begin(&l, RANK_PCA, shapes[i][0], shapes[i][1]);
        double *a = lab_random(&l, shapes[i][0], shapes[i][1]);
        ck_assert_int_eq(xb_rank_split(&l.w, a, shapes[i][0], shapes[i][1], &s), 0);
        for (int64_t p = 0; p < s.k; p++)
            for (int64_t q = 0; q < s.k; q++) {
                double dot = 0;
                for (int64_t j = 0; j < s.m; j++) dot += s.v[p * s.m + j] * s.v[q * s.m + j];
                ck_assert_double_eq_tol(dot, p == q, 1e-12);
            }
        bench_free(l.b);
    }
}
END_TEST

/* Product of the first r directions. */
static double *product_of(lab *l, const rank_split *s, int64_t r)
{
    double *out = l->b->cx->host->alloc(l->b->cx, (size_t)(s->n * s->m), sizeof *out);
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t j = 0; j < s->m; j++)
            for (int64_t k = 0; k < r; k++) out[i * s->m + j] += s->u[i * s->k + k] * s->v[k * s->m + j];
    return out;
}

START_TEST(methods_reconstruct_alike)
{
    for (int i = 0; i < N_SHAPES; i++) {
        int64_t n = shapes[i][0], m = shapes[i][1], full = n < m ? n : m;
        lab l;
        lab_begin(&l, RANK_PCA, n, m);
        double *a = lab_random(&l, n, m), all = sqrt(energy_of(a, n * m));
        for (int64_t r = 1; r < full; r += 1 + full / 4) {
            double *p[3];
            for (int method = 0; method < 3; method++) {
                rank_split s;
                l.o.method = method;
                ck_assert_int_eq(xb_rank_split(&l.w, a, n, m, &s), 0);
                p[method] = product_of(&l, &s, r);
            }
            for (int64_t k = 0; k < n * m; k++) {
                ck_assert_double_eq_tol(p[RANK_SVD][k], p[RANK_PCA][k], 1e-5 * all);
                ck_assert_double_eq_tol(p[RANK_BALANCED][k], p[RANK_PCA][k], 1e-5 * all);
            }
        }
        bench_free(l.b);
    }
}
END_TEST

START_TEST(exact_rank_is_found)
{
    for (int i = 0; i < 3 * N_SHAPES; i++) {
        int64_t n = shapes[i / 3][0], m = shapes[i / 3][1], r = (n < m ? n : m) / 2 + 1;
        lab l;
        rank_split s;
        lab_begin(&l, i % 3, n, m);
        double *p = lab_random(&l, n, r), *q = lab_random(&l, r, m);
        double *a = l.b->cx->host->alloc(l.b->cx, (size_t)(n * m), sizeof *a);
        l.w.math->product(n, r, m, p, q, a);
        ck_assert_int_eq(xb_rank_split(&l.w, a, n, m, &s), 0);
        ck_assert_int_eq(xb_rank_for(l.o.method, s.energy, s.k, 1e-9), r);
        ck_assert_double_lt(residual(&s, a, r), 1e-12 * energy_of(a, n * m));
        bench_free(l.b);
    }
}
END_TEST

START_TEST(epsilon_bounds_what_a_clip_takes)
{
    static const double epsilon[] = {0.01, 0.03, 0.1, 0.5};
    for (int i = 0; i < 3 * N_SHAPES; i++)
        for (int e = 0; e < 4; e++) {
            int64_t n = shapes[i / 3][0], m = shapes[i / 3][1];
            lab l;
            rank_split s;
            lab_begin(&l, i % 3, n, m);
            double *a = lab_random(&l, n, m), all = energy_of(a, n * m);
            double most = i % 3 == RANK_SVD ? 1 - pow(1 - epsilon[e], 2) : epsilon[e];
            ck_assert_int_eq(xb_rank_split(&l.w, a, n, m, &s), 0);
            int64_t r = xb_rank_for(l.o.method, s.energy, s.k, epsilon[e]);
            ck_assert_double_le(residual(&s, a, r) / all, most + 1e-12);
            if (r > 1) ck_assert_double_gt(residual(&s, a, r - 1) / all, most);
            bench_free(l.b);
        }
}
END_TEST

START_TEST(nothing_has_rank_one)
{
    for (int method = 0; method < 3; method++) {
        lab l;
        rank_split s;
        lab_begin(&l, method, 9, 6);
        double *a = l.b->cx->host->alloc(l.b->cx, 54, sizeof *a);
        ck_assert_int_eq(xb_rank_split(&l.w, a, 9, 6, &s), 0);
        ck_assert_int_eq(xb_rank_for(method, s.energy, s.k, 0.01), 1);
        ck_assert_double_eq(xb_rank_lost(s.energy, s.k, 1), 0);
        for (int64_t i = 0; i < 6 * 6; i++) ck_assert(isfinite(s.v[i]));
        bench_free(l.b);
    }
}
END_TEST

/* A pair of ops with random weights in the place of fc1, as training leaves one: its product stays, and balanced counts
 * what the product loses. */
START_TEST(pairs_are_turned_exactly)
{
    int method = _i;
    lab l;
    rank_split s;
    lab_begin(&l, method, 144, 16);
    xb_graph *g = bench_graph(l.b);
    const xb_edit_api *edit = l.b->cx->host->service(l.b->cx, "xb.edit", 1);
    double *u = lab_random(&l, 144, 12), *v = lab_random(&l, 12, 16);
    float fu[144 * 12], fv[12 * 16];
    for (int i = 0; i < 144 * 12; i++) fu[i] = (float)(u[i] * pow(0.7, i % 12)), u[i] = (double)fu[i];
    for (int i = 0; i < 12 * 16; i++) fv[i] = (float)v[i], v[i] = (double)fv[i];
    double *a = l.b->cx->host->alloc(l.b->cx, 144 * 16, sizeof *a);
    l.w.math->product(144, 12, 16, u, v, a);
    xb_op first, second;
    ck_assert_int_eq(edit->factor(l.b->cx, g, xb_graph_find_op(g, "fc1"), fu, fv, 12, &first, &second), 0);
    ck_assert_int_eq(xb_rank_resplit(&l.w, first, second, g, &s), 0);
    ck_assert(s.n == 144 && s.m == 16 && s.k == 12);
    double all = energy_of(a, 144 * 16);
    ck_assert_double_lt(residual(&s, a, 12), 1e-24 * all);
    if (method == RANK_BALANCED)
        for (int64_t r = 0; r < 12; r++)
            ck_assert_double_eq_tol(residual(&s, a, r) / all, xb_rank_lost(s.energy, 12, r), 1e-9);
    if (method == RANK_PCA) ck_assert_double_eq_tol(energy_of(s.u, 144 * 12), energy_of(u, 144 * 12), 1e-9 * all);
    bench_free(l.b);
}
END_TEST

/* As published, SVD shares the singular values out to both factors, and a later clip sees a flatter spectrum than that
 * of PCA, which leaves them all in U: it takes less. Balanced sees the product. */
START_TEST(svd_clips_less_the_second_time)
{
    int64_t rank[3];
    for (int method = 0; method < 3; method++) {
        lab l;
        rank_split s;
        lab_begin(&l, method, 144, 16);
        xb_graph *g = bench_graph(l.b);
        xb_op fc1 = xb_graph_find_op(g, "fc1"), first, second;
        const xb_edit_api *edit = l.b->cx->host->service(l.b->cx, "xb.edit", 1);
        xb_matrix m;
        ck_assert(xb_graph_matrix(g, fc1, &m));
        float *w = xb_graph_write(g, m.weight), *u, *v;
        for (int64_t i = 0; i < 144; i++)
            for (int64_t j = 0; j < 16; j++)
                w[i * m.row_stride + j * m.col_stride] *= (float)pow(0.6, (double)j); /* a power law */
        ck_assert_int_eq(xb_rank_split_op(&l.w, g, fc1, &s), 0);
        int64_t at_once = xb_rank_for(RANK_PCA, s.energy, s.k, 0.05);
        xb_rank_cut(&l.w, &s, s.k, &u, &v);
        ck_assert_int_eq(edit->factor(l.b->cx, g, fc1, u, v, s.k, &first, &second), 0);
        ck_assert_int_eq(xb_rank_resplit(&l.w, first, second, g, &s), 0);
        rank[method] = xb_rank_for(RANK_PCA, s.energy, s.k, 0.05);
        if (method != RANK_SVD) ck_assert_int_eq(rank[method], at_once);
        bench_free(l.b);
    }
    ck_assert_int_gt(rank[RANK_SVD], rank[RANK_PCA]);
}
END_TEST

/* ---- budgets ---- */

static rank_layer made(const bench *b, int64_t n, int64_t m, double fall, double sensitivity)
{
    int64_t full = n < m ? n : m;
    rank_layer l = {.rows = n, .cols = m, .full = full, .sensitivity = sensitivity, .now = {.k = full}};
    l.energy = b->cx->host->alloc(b->cx, (size_t)full, sizeof(double));
    for (int64_t j = 0; j < full; j++) l.energy[j] = pow(fall, (double)j);
    return l;
}

/* What layers keep of their energy, multiplied, is to be much: the sum of logarithms. */
static double cost_of(const rank_layer *l, const int64_t *k, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (k[i] <= xb_rank_break_even(l[i].rows, l[i].cols))
            sum -= l[i].sensitivity * log(1 - xb_rank_lost(l[i].energy, l[i].full, k[i]));
    return sum;
}

/* Of every choice of ranks for two layers none of as few cells loses less than one step of the greedy choice allows:
 * here, none loses less at all. */
START_TEST(budget_takes_the_cheapest_directions)
{
    bench *b = bench_new(bench_net(small_net), "{}", NULL, 0);
    rank_layer layer[2] = {made(b, 12, 10, 0.5, 1), made(b, 30, 8, 0.8, 1)};
    rank_work w = {.cx = b->cx, .o = &b->o, .layer = layer, .n = 2, .dense = 120 + 240, .other = 40};
    b->o.budget = 0.5;
    for (double most = 60; most < 400; most += 7) {
        int64_t k[2], best[2] = {0, 0}, j[2];
        xb_rank_choose(&w, most, k);
        int64_t cells = 40 + xb_rank_cells(12, 10, k[0]) + xb_rank_cells(30, 8, k[1]);
        ck_assert(k[0] >= 1 && k[1] >= 1 && k[0] <= 10 && k[1] <= 8);
        if (most >= 100)
            ck_assert_double_le((double)cells, most); /* rank 1 each is 100 */
        else
            ck_assert(k[0] == 1 && k[1] == 1);
        double least = 1e9;
        for (j[0] = 1; j[0] <= 10; j[0]++)
            for (j[1] = 1; j[1] <= 8; j[1]++) {
                int64_t c = 40 + xb_rank_cells(12, 10, j[0]) + xb_rank_cells(30, 8, j[1]);
                if (c > cells || cost_of(layer, j, 2) >= least) continue;
                least = cost_of(layer, j, 2);
                best[0] = j[0], best[1] = j[1];
            }
        ck_assert_msg(cost_of(layer, k, 2) <= least + 1e-12, "%g: %d %d, not %d %d", most, (int)k[0], (int)k[1],
                      (int)best[0], (int)best[1]);
    }
    bench_free(b);
}
END_TEST

/* A layer of many cells is not emptied for them: 800 x 500 beside 500 x 50, at 3 % of their cells. */
START_TEST(budget_leaves_big_layers_their_energy)
{
    bench *b = bench_new(bench_net(small_net), "{}", NULL, 0);
    rank_layer layer[2] = {made(b, 800, 500, 0.97, 1), made(b, 500, 50, 0.9, 1)};
    rank_work w = {.cx = b->cx, .o = &b->o, .layer = layer, .n = 2, .dense = 425000};
    int64_t k[2];
    b->o.budget = 0.03;
    xb_rank_choose(&w, 12750, k);
    ck_assert_double_le((double)(xb_rank_cells(800, 500, k[0]) + xb_rank_cells(500, 50, k[1])), 12750);
    ck_assert_int_eq(k[0], 6);
    ck_assert_int_eq(k[1], 9);
    bench_free(b);
}
END_TEST

START_TEST(budget_spares_the_sensitive)
{
    bench *b = bench_new(bench_net(small_net), "{}", NULL, 0);
    rank_layer layer[3] = {made(b, 40, 30, 0.8, 1), made(b, 40, 30, 0.8, 100), made(b, 40, 30, 0.8, 1)};
    rank_work w = {.cx = b->cx, .o = &b->o, .layer = layer, .n = 3};
    int64_t k[3];
    b->o.budget = 0.5;
    layer[2].now.frozen = 1;
    xb_rank_choose(&w, 2600, k);
    ck_assert_int_lt(k[0], k[1]);
    ck_assert_int_eq(k[2], 30);
    layer[2].now.frozen = 0;
    layer[2].fixed = 7;
    xb_rank_choose(&w, 2600, k);
    ck_assert_int_eq(k[2], 7);
    bench_free(b);
}
END_TEST

START_TEST(table_is_whole)
{
    const char *why;
    ck_assert_msg(xb_opts_check(options, sizeof(rank_options), &why), "%s", why);
    ck_assert_str_eq(xbarc_plugin_of_rank_clip.name, pass.name);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("rank-clip");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, areas_are_the_published_ones);
    tcase_add_test(c, totals_are_the_published_ones);
    tcase_add_loop_test(c, full_rank_is_exact_and_energy_tells_the_residual, 0, 3 * N_SHAPES);
    tcase_add_test(c, pca_begins_orthonormal);
    tcase_add_test(c, methods_reconstruct_alike);
    tcase_add_test(c, exact_rank_is_found);
    tcase_add_test(c, epsilon_bounds_what_a_clip_takes);
    tcase_add_test(c, nothing_has_rank_one);
    tcase_add_loop_test(c, pairs_are_turned_exactly, 0, 3);
    tcase_add_test(c, svd_clips_less_the_second_time);
    tcase_add_test(c, budget_takes_the_cheapest_directions);
    tcase_add_test(c, budget_leaves_big_layers_their_energy);
    tcase_add_test(c, budget_spares_the_sensitive);
    tcase_add_test(c, table_is_whole);
    return run_case("rank-clip", c);
}
