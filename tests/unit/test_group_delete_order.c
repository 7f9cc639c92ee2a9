/* Orders of rows and columns that group-delete finds. */
#include "group_delete_kit.h"

#include "base/rng.h"

static void noise(float *v, size_t n, uint64_t seed)
{
    xb_rng r = xb_rng_at(seed, XB_RNG_INIT, 0);
    for (size_t i = 0; i < n; i++) v[i] = (float)(xb_rng_below(&r, 2001) - 1000.0) / 1000;
}

static double sum_of_norms(const double *e, int64_t n, int64_t units, int64_t side, const int64_t *at)
{
    double all = 0;
    for (int64_t i = 0; i < n; i += side)
        for (int64_t u = 0; u < units; u++) {
            double sum = 0;
            for (int64_t j = i; j < n && j < i + side; j++) sum += e[at[j] * units + u];
            all += sqrt(sum);
        }
    return all;
}

START_TEST(orders_lower_the_sum_of_norms)
{
    xb_rng r = xb_rng_at(4, XB_RNG_INIT, 0);
    gd_kit *kit = gd_kit_new(FX_EXACT);
    for (int k = 0; k < 20; k++) {
        int64_t n = 1 + xb_rng_below(&r, 60), units = 1 + xb_rng_below(&r, 12), side = 1 + xb_rng_below(&r, 20);
        float v[60 * 12];
        double e[60 * 12];
        int64_t at[60], again[60], same[60];
        bool seen[60] = {false};
        const gd_lines lines = {.v = v, .n = n, .units = units, .side = side, .line = units, .unit = 1};
        for (int64_t i = 0; i < n * units; i++) v[i] = xb_rng_below(&r, 3) ? 0 : (float)xb_rng_below(&r, 1000) / 100;
        for (int64_t i = 0; i < n * units; i++) e[i] = (double)v[i] * (double)v[i];
        for (int64_t i = 0; i < n; i++) at[i] = again[i] = same[i] = i;
        ck_assert(xb_gd_order(kit->cx, &lines, at));
        for (int64_t i = 0; i < n; i++) seen[at[i]] = true;
        for (int64_t i = 0; i < n; i++) ck_assert(seen[i]);
        ck_assert(sum_of_norms(e, n, units, side, at) <= sum_of_norms(e, n, units, side, same) * (1 + 1e-12));
        xb_gd_order(kit->cx, &lines, again);
        ck_assert(!memcmp(at, again, (size_t)n * sizeof *at));
    }
    gd_kit_free(kit);
}
END_TEST

static int asked;

static bool ended_at_the_third(xb_cx *cx)
{
    (void)cx;
    return ++asked > 2;
}

/* A person who does not want to wait need not. */
START_TEST(orders_can_be_cancelled)
{
    gd_kit *k = gd_kit_new(FX_FIXED(16));
    fx_matrix(&k->f, "m", 400, 16, false);
    gd_kit_find(k);
    noise(gd_kit_weight(k, "m"), 6400, 11);
    xb_host host = *k->cx->host;
    host.cancelled = ended_at_the_third;
    k->cx->host = &host;
    asked = 0;
    ck_assert_int_lt(xb_gd_permute(&k->w, k->f.g), 0);
    ck_assert_int_eq(asked, 5); /* at three lines, by the next sweep, at the end */
    ck_assert_ptr_null(xb_graph_note(k->f.g, gd_kit_layer(k, "m")->weight, "perm-rows"));
    gd_kit_free(k);
}
END_TEST

/* Rows of four kinds, mixed: each kind gets an array of its own, and one column of it. */
START_TEST(like_rows_are_found)
{
    gd_kit *k = gd_kit_new(FX_FIXED(16));
    xb_value w = fx_matrix(&k->f, "m", 64, 4, true);
    float *p = xb_graph_write(k->f.g, w); /* [4][64] */
    for (int64_t c = 0; c < 4; c++)
        for (int64_t r = 0; r < 64; r++) p[c * 64 + r] = r * 7 % 4 == c ? 1 + (float)r / 64 : 0;
    gd_kit_find(k);
    ck_assert_int_eq(k->w.layer[0].before, 16);
    ck_assert_int_eq(xb_gd_permute(&k->w, k->f.g), 1);
    gd_kit_find(k);
    ck_assert_int_eq(k->w.layer[0].before, 4);
    ck_assert_int_eq(xb_gd_permute(&k->w, k->f.g), 0); /* an order that is there stays */
    gd_kit_free(k);
}
END_TEST

START_TEST(like_columns_of_a_wide_matrix_are_found)
{
    gd_kit *k = gd_kit_new(FX_FIXED(16));
    xb_value w = fx_matrix(&k->f, "m", 4, 64, false);
    float *p = xb_graph_write(k->f.g, w);
    for (int64_t r = 0; r < 4; r++)
        for (int64_t c = 0; c < 64; c++) p[r * 64 + c] = c % 4 == r;
    gd_kit_find(k);
    ck_assert_int_eq(k->w.layer[0].before, 16);
    ck_assert_int_eq(xb_gd_permute(&k->w, k->f.g), 1);
    ck_assert(xb_graph_note(k->f.g, w, "perm-cols") && !xb_graph_note(k->f.g, w, "perm-rows"));
    gd_kit_find(k);
    ck_assert_int_eq(k->w.layer[0].before, 4);
    gd_kit_free(k);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_test(t, orders_lower_the_sum_of_norms);
    tcase_add_test(t, orders_can_be_cancelled);
    tcase_add_test(t, like_rows_are_found);
    tcase_add_test(t, like_columns_of_a_wide_matrix_are_found);
}

int main(void)
{
    return fx_main("group_delete_order", add_tests);
}
