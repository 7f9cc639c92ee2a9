/* Groups, penalties, the exact mode and masks of group-delete. */
#include "group_delete_kit.h"

#include "base/rng.h"

static void noise(float *v, size_t n, uint64_t seed)
{
    xb_rng r = xb_rng_at(seed, XB_RNG_INIT, 0);
    for (size_t i = 0; i < n; i++) v[i] = (float)(xb_rng_below(&r, 2001) - 1000.0) / 1000;
}

/* ---- groups ---- */

typedef struct expected {
    const char *name;
    int64_t wires;
} expected;

static void check_groups(const fx_size *s, size_t n, const expected *e, size_t n_expected, int64_t total)
{
    gd_kit *k = gd_kit_new(FX_EXACT);
    int64_t all = 0;
    for (size_t i = 0; i < n; i++) fx_matrix(&k->f, s[i].name, s[i].rows, s[i].cols, i % 2);
    gd_kit_find(k);
    ck_assert_uint_eq(k->w.n_layers, n_expected); /* a matrix in one array has no groups */
    for (size_t i = 0; i < n_expected; i++) {
        const gd_layer *l = gd_kit_layer(k, e[i].name);
        ck_assert_msg(l && l->full == e[i].wires && l->before == e[i].wires, "%s", e[i].name);
        all += l->full;
    }
    ck_assert_int_eq(all, total);
    ck_assert_uint_eq(k->w.n_groups, (size_t)total);
    gd_kit_free(k);
}

START_TEST(published_networks)
{
    static const fx_size lenet[] = {{"conv1_u", 25, 5}, {"conv1_v", 5, 20}, {"conv2_u", 500, 12}, {"conv2_v", 12, 50},
                                    {"fc1_u", 800, 36}, {"fc1_v", 36, 500}, {"fc2", 500, 10}};
    static const fx_size convnet[] = {{"conv1_u", 75, 12}, {"conv1_v", 12, 32},  {"conv2_u", 800, 19},
                                      {"conv2_v", 19, 32}, {"conv3_u", 800, 22}, {"conv3_v", 22, 64},
                                      {"fc", 1024, 10}};
    static const expected a[] = {{"conv2_u", 120}, {"fc1_u", 576}, {"fc1_v", 360}, {"fc2", 100}};
    static const expected b[] = {{"conv1_u", 36}, {"conv2_u", 304}, {"conv3_u", 352}, {"fc", 160}};
    check_groups(lenet, 7, a, 4, 1156);
    check_groups(convnet, 7, b, 4, 852);
}
END_TEST

/* Every weight is in one column group of a tall matrix, in one row group of a wide one, in both when both are cut; rows
 * that pad the last array are in none. */
START_TEST(each_weight_is_in_its_groups)
{
    static const struct {
        int64_t rows, cols, times;
    } all[] = {{40, 5, 1}, {5, 40, 1}, {40, 20, 2}, {33, 17, 2}, {16, 16, 0}};
    for (size_t i = 0; i < 5; i++)
        for (int transposed = 0; transposed < 2; transposed++) {
            gd_kit *k = gd_kit_new(FX_FIXED(16));
            fx_matrix(&k->f, "m", all[i].rows, all[i].cols, transposed);
            gd_kit_find(k);
            int seen[800] = {0};
            for (size_t b = 0; b < k->w.n_bands; b++)
                for (int64_t x = 0; x < k->w.band[b].lines; x++)
                    for (int64_t y = 0; y < k->w.band[b].across; y++)
                        seen[k->w.band[b].line_at[x] + k->w.band[b].across_at[y]]++;
            for (int64_t e = 0; e < all[i].rows * all[i].cols; e++) ck_assert_int_eq(seen[e], all[i].times);
            gd_kit_free(k);
        }
}
END_TEST

/* Zeros at random, orders at random: wires are the plan's. */
START_TEST(wires_are_those_of_the_plan)
{
    xb_rng r = xb_rng_at(3, XB_RNG_INIT, 0);
    for (int i = 0; i < 50; i++) {
        gd_kit *k = gd_kit_new(FX_FIXED(16));
        int64_t rows = 17 + xb_rng_below(&r, 60), cols = 1 + xb_rng_below(&r, 60), places[80];
        xb_value w = fx_matrix(&k->f, "m", rows, cols, i % 2);
        float *p = xb_graph_write(k->f.g, w);
        for (int64_t e = 0; e < rows * cols; e++)
            if (xb_rng_below(&r, 40)) p[e] = 0;
        for (int64_t e = 0; e < rows; e++) places[e] = rows - 1 - e;
        if (i % 3) xb_graph_set_note(k->f.g, w, "perm-rows", places, (size_t)rows);
        gd_kit_find(k);
        const xb_layer_cost *c;
        xb_layout_layer_costs(k->w.plan, &c);
        ck_assert_int_eq(k->w.layer[0].before, c->row_wires + c->col_wires);
        ck_assert_int_eq(k->w.layer[0].full, c->row_wires_full + c->col_wires_full);
        gd_kit_free(k);
    }
}
END_TEST

START_TEST(layers_that_are_asked_for)
{
    gd_kit *k = gd_kit_new(FX_FIXED(16));
    const char *names[] = {"b"};
    fx_matrix(&k->f, "a", 40, 4, false);
    fx_matrix(&k->f, "b", 40, 4, false);
    xb_value c = fx_matrix(&k->f, "c", 40, 4, false);
    xb_graph_set_note(k->f.g, c, "frozen", (int64_t[]){1}, 1);
    gd_kit_find(k);
    ck_assert(k->w.n_layers == 2 && gd_kit_layer(k, "a") && gd_kit_layer(k, "b")); /* not the frozen one */
    k->o.layers = (xb_list){names, 1};
    gd_kit_find(k);
    ck_assert(k->w.n_layers == 1 && gd_kit_layer(k, "b"));
    gd_kit_free(k);
}
END_TEST

/* ---- penalties ---- */

/* 32 x 1 in two arrays: two column groups. ||w|| = 2 and .4, eta lambda = .5. */
START_TEST(proximal_vectors)
{
    gd_kit *k = gd_kit_new(FX_FIXED(16));
    fx_matrix(&k->f, "m", 32, 1, false);
    gd_kit_find(k);
    float *v = gd_kit_weight(k, "m");
    memset(v, 0, 32 * sizeof *v);
    v[0] = 1.2f, v[5] = -1.6f;
    v[16] = .24f, v[31] = .32f;
    k->o.lambda = 5;
    xb_gd_shrink(&k->w, &k->w.layer[0], v, .1, NULL);
    ck_assert_double_eq_tol(xb_gd_norm(&k->w.band[0], v, 0), 1.5, 1e-7);
    ck_assert_double_eq_tol((double)v[0], .9, 1e-7);
    ck_assert_double_eq_tol((double)v[5], -1.2, 1e-7);
    for (int i = 16; i < 32; i++) ck_assert(v[i] == 0);
    ck_assert_int_eq(xb_gd_wires(&k->w, &k->w.layer[0], v), 1);
    gd_kit_free(k);
}
END_TEST

/* One step takes eta lambda_g from the norm of every group that survives; biases are in no group at all. */
START_TEST(norms_fall_by_the_step)
{
    for (int wide = 0; wide < 2; wide++)
        for (int scaled = 0; scaled < 2; scaled++) {
            gd_kit *k = gd_kit_new(FX_FIXED(16));
            fx_matrix(&k->f, "m", wide ? 12 : 50, wide ? 50 : 12, wide);
            k->o.scale = scaled;
            k->o.lambda = 2;
            gd_kit_find(k);
            float *v = gd_kit_weight(k, "m");
            noise(v, 600, 5);
            double before[80], weight[80];
            for (size_t g = 0; g < k->w.n_groups; g++) weight[g] = 1 + .1 * (double)g;
            for (size_t b = 0; b < k->w.n_bands; b++)
                for (int64_t i = 0; i < k->w.band[b].lines; i++)
                    before[k->w.band[b].first + (size_t)i] = xb_gd_norm(&k->w.band[b], v, i);
            xb_gd_shrink(&k->w, &k->w.layer[0], v, .01, weight);
            for (size_t b = 0; b < k->w.n_bands; b++)
                for (int64_t i = 0; i < k->w.band[b].lines; i++) {
                    size_t g = k->w.band[b].first + (size_t)i;
                    double step = .01 * 2 * weight[g] * (scaled ? sqrt((double)k->w.band[b].across) : 1);
                    double want = before[g] > step ? before[g] - step : 0;
                    ck_assert_double_eq_tol(xb_gd_norm(&k->w.band[b], v, i), want, 1e-6);
                }
            gd_kit_free(k);
        }
}
END_TEST

/* Both sides cut: rows first, then the columns of what is left. */
START_TEST(rows_before_columns)
{
    gd_kit *k = gd_kit_new(FX_FIXED(16));
    fx_matrix(&k->f, "m", 17, 17, false);
    gd_kit_find(k);
    float *v = gd_kit_weight(k, "m");
    memset(v, 0, 17 * 17 * sizeof *v);
    v[0] = 3, v[1] = 4; /* row 0 has norm 5; columns 0 and 1 */
    xb_gd_shrink(&k->w, &k->w.layer[0], v, 1, NULL);
    ck_assert_double_eq_tol((double)v[0], 3 * .8 - 1, 1e-6);
    ck_assert_double_eq_tol((double)v[1], 4 * .8 - 1, 1e-6);
    gd_kit_free(k);
}
END_TEST

START_TEST(pull_has_the_norm_lambda)
{
    gd_kit *k = gd_kit_new(FX_FIXED(16));
    fx_matrix(&k->f, "m", 50, 12, true);
    k->o.lambda = .3;
    gd_kit_find(k);
    float *v = gd_kit_weight(k, "m"), gradient[600] = {0};
    noise(v, 600, 6);
    for (int64_t j = 0; j < k->w.band[1].across; j++) v[k->w.band[1].line_at[3] + k->w.band[1].across_at[j]] = 0;
    xb_gd_pull(&k->w, &k->w.layer[0], v, gradient, NULL);
    for (size_t b = 0; b < k->w.n_bands; b++)
        for (int64_t i = 0; i < k->w.band[b].lines; i++)
            ck_assert_double_eq_tol(xb_gd_norm(&k->w.band[b], gradient, i), b == 1 && i == 3 ? 0 : .3, 1e-6);
    v[0] = .9e-4f, v[1] = -.9e-4f, v[2] = 1.1e-4f;
    xb_gd_threshold(&k->w, &k->w.layer[0], v);
    ck_assert(v[0] == 0 && v[1] == 0 && v[2] == 1.1e-4f);
    gd_kit_free(k);
}
END_TEST

START_TEST(lambda_0_touches_nothing)
{
    gd_kit *k = gd_kit_new(FX_FIXED(16));
    fx_matrix(&k->f, "m", 50, 20, true);
    k->o.lambda = 0;
    gd_kit_find(k);
    float *v = gd_kit_weight(k, "m"), was[1000], gradient[1000], none[1000];
    noise(v, 1000, 7);
    v[3] = -0.0f;
    memcpy(was, v, sizeof was);
    for (int i = 0; i < 1000; i++) none[i] = gradient[i] = -0.0f;
    xb_gd_shrink(&k->w, &k->w.layer[0], v, .1, NULL);
    xb_gd_pull(&k->w, &k->w.layer[0], v, gradient, NULL);
    ck_assert(!memcmp(v, was, sizeof was) && !memcmp(gradient, none, sizeof none));
    gd_kit_free(k);
}
END_TEST

/* ---- the exact mode ---- */

static size_t count_spared(const gd_kit *k, const gd_layer *l)
{
    size_t n = 0;
    for (size_t g = l->group; g < l->group + l->groups; g++) n += k->w.spared[g];
    return n;
}

START_TEST(largest_groups_are_spared)
{
    gd_kit *k = gd_kit_new(FX_FIXED(16));
    xb_map_item keep = {"a", &(int64_t){7}};
    fx_matrix(&k->f, "a", 40, 6, false);
    fx_matrix(&k->f, "b", 6, 40, false);
    k->o.keep = (xb_list){&keep, 1};
    gd_kit_find(k);
    const gd_layer *a = gd_kit_layer(k, "a"), *b = gd_kit_layer(k, "b");
    const float *v[] = {gd_kit_weight(k, "a"), gd_kit_weight(k, "b")};
    noise(gd_kit_weight(k, "a"), 240, 8);
    xb_gd_spare(&k->w, v);
    ck_assert(count_spared(k, a) == 7 && count_spared(k, b) == 0);
    double least = 1e9, most = 0;
    for (size_t i = a->band; i < a->band + a->bands; i++)
        for (int64_t x = 0; x < k->w.band[i].lines; x++) {
            double norm = xb_gd_norm(&k->w.band[i], v[0], x);
            bool spared = k->w.spared[k->w.band[i].first + (size_t)x];
            if (spared && norm < least) least = norm;
            if (!spared && norm > most) most = norm;
        }
    ck_assert(least >= most);
    for (int i = 0; i < 240; i++) gd_kit_weight(k, "a")[i] = 1; /* of equals the first of the largest */
    xb_gd_spare(&k->w, v);
    for (size_t g = 0; g < a->groups; g++) ck_assert(k->w.spared[a->group + g] == (g < 7));
    k->o.total = 20; /* 7, and 13 of b */
    xb_gd_spare(&k->w, v);
    ck_assert(count_spared(k, a) == 7 && count_spared(k, b) == 13);
    k->o.total = 1; /* no layer is left with nothing */
    xb_gd_spare(&k->w, v);
    ck_assert(count_spared(k, a) == 7 && count_spared(k, b) == 1);
    gd_kit_free(k);
}
END_TEST

/* After the freeze a group is zero and masked as a whole, or not at all; as many are left as were asked for. */
START_TEST(freeze_deletes_whole_groups)
{
    for (int mode = 0; mode < 3; mode++) {
        gd_kit *k = gd_kit_new(FX_FIXED(16));
        xb_map_item keep = {"a", &(int64_t){5}};
        xb_value w = fx_matrix(&k->f, "a", 40, 6, true);
        fx_matrix(&k->f, "b", 6, 40, false);
        if (mode == 1) k->o.keep = (xb_list){&keep, 1};
        if (mode == 2) k->o.total = 31;
        gd_kit_find(k);
        float *v = gd_kit_weight(k, "a");
        noise(v, 240, 9);
        const gd_band *band = &k->w.band[1];
        for (int64_t j = 0; j < band->across; j++) v[band->line_at[2] + band->across_at[j]] = 0;
        v[band->line_at[3] + band->across_at[0]] = 0; /* one zero makes no dead group */
        ck_assert_int_eq(xb_gd_freeze(&k->w, k->f.g), 0);
        const xb_attr *mask = xb_graph_note(k->f.g, w, "mask");
        const gd_layer *a = gd_kit_layer(k, "a"), *b = gd_kit_layer(k, "b");
        int64_t left_a = xb_gd_wires(&k->w, a, gd_kit_weight(k, "a"));
        int64_t left_b = xb_gd_wires(&k->w, b, gd_kit_weight(k, "b"));
        if (mode == 0) ck_assert(left_a == 17 && left_b == 18);
        if (mode == 1) ck_assert(left_a == 5 && left_b == 18);
        if (mode == 2) ck_assert_int_eq(left_a + left_b, 31);
        ck_assert(mask && mask->n == 240);
        v = gd_kit_weight(k, "a");
        for (size_t i = a->band; i < a->band + a->bands; i++)
            for (int64_t x = 0; x < k->w.band[i].lines; x++) {
                int64_t ones = 0;
                for (int64_t y = 0; y < k->w.band[i].across; y++) {
                    int64_t at = k->w.band[i].line_at[x] + k->w.band[i].across_at[y];
                    ones += mask->ints[at];
                    ck_assert(mask->ints[at] || v[at] == 0);
                }
                ck_assert_int_eq(ones, xb_gd_norm(&k->w.band[i], v, x) > 0 ? k->w.band[i].across : 0);
            }
        gd_kit_free(k);
    }
}
END_TEST

/* Cut both ways a weight needs both of its groups. However few wires are asked for, some are left, and no more. */
START_TEST(both_ways_something_is_left)
{
    for (int64_t wires = 2; wires < 150; wires += wires < 20 ? 1 : 13)
        for (int total = 0; total < 2; total++) {
            gd_kit *k = gd_kit_new(FX_FIXED(16));
            xb_map_item keep = {"m", &wires};
            fx_matrix(&k->f, "m", 40, 20, false);
            if (!total) k->o.keep = (xb_list){&keep, 1};
            if (total) k->o.total = wires;
            gd_kit_find(k);
            const gd_layer *m = gd_kit_layer(k, "m");
            ck_assert_int_eq(m->full, 60 + 80);
            noise(gd_kit_weight(k, "m"), 800, 10);
            ck_assert_int_eq(xb_gd_freeze(&k->w, k->f.g), 0);
            int64_t left = xb_gd_wires(&k->w, m, gd_kit_weight(k, "m"));
            ck_assert_msg(left >= 2 && left <= wires && (wires < 140 || left == 140), "%lld of %lld", (long long)left,
                          (long long)wires);
            gd_kit_free(k);
        }
}
END_TEST

/* The largest groups are a row of one array and a column of another, which share no weight. They cross small weights
 * alone: without these they are nothing. What is left is the next best that holds together. */
START_TEST(groups_that_never_meet)
{
    gd_kit *k = gd_kit_new(FX_FIXED(16));
    xb_map_item keep = {"m", &(int64_t){2}};
    fx_matrix(&k->f, "m", 40, 20, false);
    k->o.keep = (xb_list){&keep, 1};
    gd_kit_find(k);
    float *v = gd_kit_weight(k, "m");
    for (int i = 0; i < 800; i++) v[i] = .01f;
    for (int i = 0; i < 16; i++) v[i] = 1;            /* row 0 of array (0, 0): norm 4 */
    for (int i = 16; i < 32; i++) v[i * 20 + 17] = 1; /* column 17 of array (1, 1): norm 4 */
    v[39 * 20 + 19] = 3;                              /* a weight alone */
    ck_assert_int_eq(xb_gd_freeze(&k->w, k->f.g), 0);
    v = gd_kit_weight(k, "m");
    for (int i = 0; i < 800; i++) ck_assert_msg((v[i] != 0) == (i == 39 * 20 + 19), "%d", i);
    gd_kit_free(k);
}
END_TEST

START_TEST(a_dead_layer_is_refused)
{
    gd_kit *k = gd_kit_new(FX_FIXED(16));
    fx_matrix(&k->f, "m", 40, 6, false);
    gd_kit_find(k);
    memset(gd_kit_weight(k, "m"), 0, 240 * sizeof(float));
    ck_assert_int_lt(xb_gd_freeze(&k->w, k->f.g), 0);
    ck_assert(strstr(xb_diags_text(k->f.d), "nothing is left of 'm' [group-delete-dead]"));
    gd_kit_free(k);
}
END_TEST

/* Told in the report. */
static size_t warnings(const gd_kit *k)
{
    const xb_fact *f;
    size_t told = 0;
    for (size_t n = xb_module_facts(k->m, &f), i = 0; i < n; i++) told += !strcmp(f[i].key, "warning");
    return told;
}

/* What a name means is told before anything is done. */
START_TEST(names_and_budgets_are_checked)
{
    gd_kit *k = gd_kit_new(FX_FIXED(16));
    const char *layers[] = {"small"};
    xb_map_item wrong = {"cf1", &(int64_t){3}}, one = {"both", &(int64_t){1}};
    fx_matrix(&k->f, "small", 8, 8, false);
    fx_matrix(&k->f, "tall", 40, 6, false);
    fx_matrix(&k->f, "both", 40, 20, false);
    gd_kit_find(k);
    ck_assert(xb_gd_check_names(&k->w, k->f.g) && xb_gd_check_budget(&k->w));
    k->o.layers = (xb_list){layers, 1};
    ck_assert(xb_gd_check_names(&k->w, k->f.g)); /* it is there */
    ck_assert(strstr(xb_diags_text(k->f.d), "'layers: small' means no layer that has wires to delete"));
    ck_assert(xb_diags_errors(k->f.d) == 0 && warnings(k) == 1);
    k->o.layers = (xb_list){0};
    k->o.keep = (xb_list){&wrong, 1};
    ck_assert(!xb_gd_check_names(&k->w, k->f.g));
    ck_assert(strstr(xb_diags_text(k->f.d), "'keep: cf1' is the name or pattern of no layer [pass-check]"));
    k->o.keep = (xb_list){0};
    k->o.factors = (xb_list){&(xb_map_item){"tal", &(double){1}}, 1};
    ck_assert(!xb_gd_check_names(&k->w, k->f.g));
    ck_assert(strstr(xb_diags_text(k->f.d), "'factors: tal' is the name or pattern of no layer [pass-check]"));
    k->o.factors = (xb_list){&(xb_map_item){"*a*", &(double){1}}, 1}; /* one of those it means is enough */
    ck_assert(xb_gd_check_names(&k->w, k->f.g) && warnings(k) == 1);
    k->o.total = 3;
    ck_assert(xb_gd_check_budget(&k->w));
    k->o.total = 2;
    ck_assert(!xb_gd_check_budget(&k->w));
    ck_assert(strstr(xb_diags_text(k->f.d), "keep-total: 2 wires are too few: 2 layers need 3"));
    k->o.total = 0;
    k->o.keep = (xb_list){&one, 1};
    gd_kit_find(k);
    ck_assert(!xb_gd_check_budget(&k->w));
    ck_assert(strstr(xb_diags_text(k->f.d), "keep: 'both' cannot have fewer than 2 wires"));
    gd_kit_free(k);
}
END_TEST

START_TEST(described_as_the_loader_wants_it)
{
    fx_check_pass(xbarc_plugin_query_group_delete(NULL));
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_test(t, published_networks);
    tcase_add_test(t, each_weight_is_in_its_groups);
    tcase_add_test(t, wires_are_those_of_the_plan);
    tcase_add_test(t, layers_that_are_asked_for);
    tcase_add_test(t, proximal_vectors);
    tcase_add_test(t, norms_fall_by_the_step);
    tcase_add_test(t, rows_before_columns);
    tcase_add_test(t, pull_has_the_norm_lambda);
    tcase_add_test(t, lambda_0_touches_nothing);
    tcase_add_test(t, largest_groups_are_spared);
    tcase_add_test(t, freeze_deletes_whole_groups);
    tcase_add_test(t, both_ways_something_is_left);
    tcase_add_test(t, groups_that_never_meet);
    tcase_add_test(t, a_dead_layer_is_refused);
    tcase_add_test(t, names_and_budgets_are_checked);
    tcase_add_test(t, described_as_the_loader_wants_it);
}

int main(void)
{
    return fx_main("group_delete", add_tests);
}
