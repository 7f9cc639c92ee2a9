/* group-delete in a pipeline: what is frozen, what stays zero, what is taken out. */
#include "group_delete_run_kit.h"
#include "suite.h"

xb_query_fn *const xb_builtin_plugins[] = {xbarc_plugin_query_group_delete, NULL};

/* Every counted group is zero and masked as a whole, or neither; wires only go once they are frozen. */
START_TEST(what_is_gone_stays_gone)
{
    write_model(NULL);
    job j =
        compiled("{lambda: 0.5, scale: false, train: {epochs: 6, batch: 50, rate: 0.01}, tune: {epochs: 3, batch: 50}, "
                 "compact: false}");
    const xb_graph *g = xb_module_graph(j.m);
    const xb_matrix *m;
    const xb_block *b;
    size_t blocks = xb_layout_blocks(j.l, &b), zero = 0;
    xb_layout_matrices(j.l, &m);
    for (size_t k = 0; k < blocks; k++) {
        const xb_matrix *one = &m[b[k].matrix];
        const xb_attr *mask = xb_graph_note(g, one->weight, "mask");
        const float *v = xb_graph_data(g, one->weight);
        if (b[k].rows == one->rows) continue; /* fc3: one array */
        for (int64_t c = 0; c < b[k].cols; c++) {
            int64_t masked = 0, nonzero = 0, col = b[k].col_list ? b[k].col_list[c] : b[k].col + c;
            for (int64_t r = 0; r < b[k].rows; r++) {
                int64_t row = b[k].row_list ? b[k].row_list[r] : b[k].row + r;
                size_t at = (size_t)(row * one->row_stride + col * one->col_stride);
                masked += mask && !mask->ints[at];
                nonzero += v[at] != 0;
                ck_assert(!mask || mask->ints[at] || v[at] == 0);
            }
            if (!nonzero) ck_assert_int_eq(masked, b[k].rows);
            zero += nonzero == 0;
        }
    }
    ck_assert_uint_gt(zero, 0);
    const xb_fact *f;
    double last = 1e9;
    size_t points = 0;
    for (size_t n = xb_module_facts(j.m, &f), i = 0; i < n; i++) {
        if (!f[i].along || strcmp(f[i].key, "pass.group-delete.wires.fc1") || f[i].at < 6 * 12) continue;
        ck_assert(f[i].value <= last); /* the last of phase 1, those of phase 3 */
        last = f[i].value;
        points++;
    }
    ck_assert_uint_eq(points, 1 + 3);
    ck_assert_double_eq(last, fact(&j, "pass.group-delete.wires-after.fc1"));
    ck_assert_double_eq(fact(&j, "pass.group-delete.wires-after"), (double)xb_layout_chip_cost(j.l)->wires);
    ck_assert(fact(&j, "pass.group-delete.wires-after") < fact(&j, "pass.group-delete.wires-before"));
    done(&j);
}
END_TEST

/* fc1: the second half, a column of arrays, has biases alone. fc2: units 3 and 7 too; unit 5 is not read. */
static void idle(xb_graph *g)
{
    float *fc1 = weight(g, "fc1.w"), *fc2 = weight(g, "fc2.w"), *fc3 = weight(g, "fc3.w");
    for (int r = 0; r < 784; r++) memset(fc1 + r * 100 + 50, 0, 50 * sizeof *fc1);
    for (int r = 0; r < 100; r++) fc2[r * 40 + 3] = fc2[r * 40 + 7] = 0;
    memset(fc3 + 5 * 10, 0, 10 * sizeof *fc3);
}

#define STILL "lambda: 0, permute: false, train: {epochs: 0}, tune: {epochs: 0}"

START_TEST(idle_units_go)
{
    write_model(idle);
    job j = compiled("{" STILL "}");
    const xb_layer_cost *c;
    ck_assert_uint_eq(xb_layout_layer_costs(j.l, &c), 3);
    ck_assert(c[0].rows == 784 && c[0].cols == 50 && c[1].rows == 50 && c[1].cols == 37 && c[2].rows == 37);
    ck_assert_double_eq(fact(&j, "pass.group-delete.removed-units"), 53);
    ck_assert(off(&j) < 1e-9);
    done(&j);
    j = compiled("{" STILL ", compact: false}");
    ck_assert_double_eq(fact(&j, "pass.group-delete.removed-units"), 0);
    ck_assert_double_eq(off(&j), 0);
    done(&j);
}
END_TEST

/* 3 of 100 units: 97 is prime, so that arrays of 97 rows in pieces of one would take their place: they stay. */
static void few_idle(xb_graph *g)
{
    float *fc1 = weight(g, "fc1.w");
    for (int r = 0; r < 784; r++) fc1[r * 100 + 1] = fc1[r * 100 + 51] = fc1[r * 100 + 60] = 0;
}

START_TEST(no_removal_that_cuts_worse)
{
    write_model(few_idle);
    job j = compiled("{" STILL "}");
    const xb_layer_cost *c;
    xb_layout_layer_costs(j.l, &c);
    ck_assert(c[0].cols == 100 && c[1].rows == 100);
    ck_assert_double_eq(fact(&j, "pass.group-delete.removed-units"), 0);
    ck_assert_double_eq(off(&j), 0);
    done(&j);
}
END_TEST

/* fc1: the first half, an array column, has biases alone. */
static void idle_first(xb_graph *g)
{
    float *fc1 = weight(g, "fc1.w");
    for (int r = 0; r < 784; r++) memset(fc1 + r * 100, 0, 50 * sizeof *fc1);
}

/* What a removal leaves of an order is one of what is left, numbered anew. */
START_TEST(orders_outlive_removals)
{
    write_model(idle_first);
    job whole = compiled("{lambda: 0, compact: false, train: {epochs: 0}, tune: {epochs: 0}}");
    job j = compiled("{lambda: 0, train: {epochs: 0}, tune: {epochs: 0}}");
    const xb_graph *g = xb_module_graph(j.m), *old = xb_module_graph(whole.m);
    const xb_attr *was = xb_graph_note(old, xb_graph_find(old, "fc2.w"), "perm-rows");
    const xb_attr *is = xb_graph_note(g, xb_graph_find(g, "fc2.w"), "perm-rows");
    const xb_layer_cost *c;
    size_t n = 0;
    xb_layout_layer_costs(j.l, &c);
    ck_assert(c[0].cols == 50 && was && was->n == 100 && is && is->n == 50);
    for (size_t i = 0; i < 100; i++)
        if (was->ints[i] >= 50) ck_assert_int_eq(is->ints[n++], was->ints[i] - 50);
    ck_assert_uint_eq(n, 50);
    ck_assert(off(&j) < 1e-9);
    done(&whole);
    done(&j);
}
END_TEST

/* conv1: two units without weights and perhaps one that is not read. conv2 pads: what a bias gives differs at the
 * borders. */
static xb_graph *padded(float bias, bool unread)
{
    xb_value v;
    xb_graph *g = begin_net(&v);
    v = simple(g, XB_OP_Relu, "relu1", conv(g, "conv1", v, 1, 8, 4, 0));
    v = simple(g, XB_OP_Relu, "relu2", conv(g, "conv2", v, 8, 4, 1, 2));
    xb_graph_add_output(g, dense(g, "fc", simple(g, XB_OP_Flatten, "flat", v), 144, 10, 3));
    memset(weight(g, "conv1.w") + 3 * 25, 0, 2 * 25 * sizeof(float));
    weight(g, "conv1.b")[3] = bias;
    weight(g, "conv1.b")[4] = -.25f;
    for (int o = 0; unread && o < 4; o++) memset(weight(g, "conv2.w") + (o * 8 + 6) * 25, 0, 25 * sizeof(float));
    return g;
}

START_TEST(what_cannot_be_folded_stays)
{
    const xb_layer_cost *c;
    write_net(padded(.25f, true));
    job j = compiled("{" STILL "}");
    xb_layout_layer_costs(j.l, &c);
    ck_assert_int_eq(c[0].cols, 6); /* units 4 and 6 are gone, 3 is not */
    ck_assert(off(&j) < 1e-12);
    ck_assert(!strstr(xb_diags_text(j.d), "is not folded"));
    done(&j);
    write_net(padded(.25f, false)); /* both could go, as far as arrays and wires go */
    j = compiled("{" STILL "}");
    ck_assert(off(&j) < 1e-12);
    done(&j);
    write_net(padded(-.25f, false));
    j = compiled("{" STILL "}");
    xb_layout_layer_costs(j.l, &c);
    ck_assert(c[0].cols == 6 && off(&j) < 1e-12); /* 3 and 4 */
    done(&j);
}
END_TEST

/* fc2, 40 x 150 in three arrays, each of which reads other inputs; of the first and the last half of the units is not
 * read. The 100 that are left fill two arrays, which read as many inputs as before if dealt out anew. */
static void halves(xb_graph *g)
{
    float *fc2 = weight(g, "fc2.w"), *fc3 = weight(g, "fc3.w");
    for (int r = 0; r < 40; r++)
        for (int u = 0; u < 150; u++)
            if (u / 50 != (r >= 10) + (r >= 30)) fc2[r * 150 + u] = 0;
    for (int i = 0; i < 250; i++) fc3[i] = fc3[1250 + i] = 0;
}

START_TEST(what_is_left_is_dealt_out_anew)
{
    const xb_layer_cost *c;
    write_dense(40, 150, halves);
    job j = compiled("{lambda: 0, train: {epochs: 0}, tune: {epochs: 0}}");
    xb_layout_layer_costs(j.l, &c);
    ck_assert_double_eq(fact(&j, "pass.group-delete.removed-units"), 50);
    ck_assert(c[1].cols == 100 && c[1].row_wires == 40 && c[2].rows == 100 && c[2].col_wires == 20);
    ck_assert(off(&j) < 1e-9);
    ck_assert_double_eq(fact(&j, "pass.group-delete.zero-arrays"), 0);
    done(&j);
    j = compiled("{" STILL "}");
    ck_assert_double_eq(fact(&j, "pass.group-delete.removed-units"), 0);
    done(&j);
}
END_TEST

/* 53 of 150 units are not read, some of every array: 97 would be left, which is prime. Three stay and fill an array. */
static void scattered(xb_graph *g)
{
    float *fc3 = weight(g, "fc3.w");
    for (int u = 0; u < 150; u++)
        if (u % 3 == 0 || u == 1 || u == 2 || u == 4) memset(fc3 + u * 10, 0, 10 * sizeof *fc3);
}

START_TEST(some_stay_to_fill_an_array)
{
    const xb_layer_cost *c;
    write_dense(40, 150, scattered);
    job j = compiled("{" STILL "}");
    xb_layout_layer_costs(j.l, &c);
    ck_assert_double_eq(fact(&j, "pass.group-delete.removed-units"), 50);
    ck_assert(c[1].cols == 100 && c[1].arrays == 2 && c[2].rows == 100 && c[2].arrays == 2);
    ck_assert(off(&j) < 1e-9);
    done(&j);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("group_delete_run");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, kit_open, kit_close);
    tcase_add_test(t, what_is_gone_stays_gone);
    tcase_add_test(t, idle_units_go);
    tcase_add_test(t, no_removal_that_cuts_worse);
    tcase_add_test(t, orders_outlive_removals);
    tcase_add_test(t, what_cannot_be_folded_stays);
    tcase_add_test(t, what_is_left_is_dealt_out_anew);
    tcase_add_test(t, some_stay_to_fill_an_array);
    return run_case("group_delete_run", t);
}
