/* map and place give what they say. */
#include "hw_host.h"

#define pass pass_map
#define fact fact_map
#include "../../passes/map.c"
#undef pass
#undef fact
#define pass pass_place
#include "../../passes/place.c"
#undef pass

static xb_module *mapped(fx *f, test_host **h, int *status)
{
    fx_lenet(f);
    ck_assert(xb_graph_infer(f->d, f->g, NULL));
    *h = host_new(f, "map");
    xb_module *m = xb_module_new(xb_graph_clone(f->g));
    ck_assert_int_eq(pass_map.run(&(*h)->cx, m, NULL), 0);
    place_options o = {.method = ROW_MAJOR};
    *status = pass_place.run(&(*h)->cx, m, &o);
    return m;
}

START_TEST(smallest_square)
{
    fx f = fx_new(FX_EXACT "tile: {xbars: 1}\n");
    test_host *h;
    int status;
    xb_module *m = mapped(&f, &h, &status);
    const xb_array *a;
    int32_t rows, cols;
    ck_assert_int_eq(status, 0);
    size_t n = xb_layout_arrays(xb_module_layout(m), &a);
    xb_layout_mesh(xb_module_layout(m), &rows, &cols);
    ck_assert(n == 181 && rows == 14 && cols == 14);
    for (size_t i = 0; i < n; i++)
        ck_assert(a[i].site_x == (int)i % 14 && a[i].site_y == (int)i / 14 && a[i].core == (int)i);
    xb_module_free(m);
    fx_free(&f);
}
END_TEST

/* Tiles of 6 arrays are blocks of 3 x 2 sites. */
START_TEST(tiles_on_a_mesh)
{
    fx f = fx_new(FX_EXACT "tile: {xbars: 6}\nchip: {mesh: [4, 8]}\n");
    test_host *h;
    int status;
    xb_module *m = mapped(&f, &h, &status);
    const xb_array *a;
    int32_t rows, cols;
    char taken[8][24] = {{0}};
    ck_assert_int_eq(status, 0);
    size_t n = xb_layout_arrays(xb_module_layout(m), &a);
    xb_layout_mesh(xb_module_layout(m), &rows, &cols);
    ck_assert(rows == 8 && cols == 24);
    ck_assert(a[4].site_x == 1 && a[4].site_y == 1 && a[4].core == 0);
    ck_assert(a[6 * 9].site_x == 3 && a[6 * 9].site_y == 2 && a[6 * 9].core == 9);
    for (size_t i = 0; i < n; i++) {
        ck_assert(a[i].site_x < cols && a[i].site_y < rows && !taken[a[i].site_y][a[i].site_x]);
        taken[a[i].site_y][a[i].site_x] = 1;
    }
    xb_module_free(m);
    fx_free(&f);
}
END_TEST

START_TEST(mesh_too_small)
{
    fx f = fx_new(FX_EXACT "tile: {xbars: 6}\nchip: {mesh: [5, 6]}\n");
    test_host *h;
    int status;
    xb_module *m = mapped(&f, &h, &status);
    const xb_array *a;
    ck_assert_int_lt(status, 0);
    ck_assert_msg(strstr(xb_diags_text(f.d), "181 arrays need 31 tiles of 6; chip.mesh has 5 x 6 = 30 [place-mesh]"),
                  "%s", xb_diags_text(f.d));
    xb_layout_arrays(xb_module_layout(m), &a);
    ck_assert_int_eq(a[0].site_x, -1);
    xb_module_free(m);
    fx_free(&f);
}
END_TEST

START_TEST(map_takes_dropouts_out)
{
    fx f = fx_new(FX_EXACT);
    xb_value x = fx_dropout(&f, "d0", fx_input(&f, "x", FX_TYPE(1, 64)));
    x = fx_op(&f, XB_OP_Relu, "r", fx_op(&f, XB_OP_MatMul, "m", x, fx_weight(&f, "w", FX_TYPE(64, 64)), NULL),
              (xb_value){0}, NULL);
    x = fx_dropout(&f, "d1", x);
    xb_graph_add_output(f.g, fx_dropout(&f, "d2", x));
    ck_assert(xb_graph_infer(f.d, f.g, NULL));
    xb_layout *l = xb_layout_plan(f.d, f.g, &f.hw); /* a layout with them is the same */
    test_host *h = host_new(&f, "map");
    xb_module *m = xb_module_new(xb_graph_clone(f.g));
    ck_assert_int_eq(pass_map.run(&h->cx, m, NULL), 0);
    xb_graph *g = xb_module_graph(m);
    ck_assert_msg(xb_graph_verify(f.d, g), "%s", xb_diags_text(f.d));
    const xb_value *out;
    const xb_array *a;
    ck_assert_uint_eq(xb_graph_op_count(g), 2);
    ck_assert_uint_eq(fx_count(g, "Dropout"), 0);
    ck_assert_uint_eq(xb_graph_outputs(g, &out), 1);
    ck_assert_str_eq(xb_graph_value_name(g, out[0]), "d2.y");
    ck_assert_str_eq(xb_graph_op_name(g, xb_graph_producer(g, out[0])), "r");
    ck_assert_uint_eq(xb_layout_arrays(l, &a), xb_layout_arrays(xb_module_layout(m), &a));
    xb_layout_free(l);
    xb_module_free(m);
    fx_free(&f);
}
END_TEST

/* Where nothing else could carry the output's name, where the mask is read, and in training mode. */
START_TEST(map_leaves_other_dropouts)
{
    fx f = fx_new(FX_EXACT);
    xb_type flag = {.dtype = XB_BOOLEAN};
    xb_value x = fx_input(&f, "x", FX_TYPE(1, 64)), y, both[2];
    xb_graph_add_output(f.g, fx_dropout(&f, "named", x));
    y = fx_op(&f, XB_OP_MatMul, "m", x, fx_weight(&f, "w", FX_TYPE(64, 64)), NULL);
    xb_graph_add_op_kind(f.g, (xb_op){0}, XB_OP_Dropout, "masked", &y, 1, (const char *const[]){"p", "q"}, both, 2);
    xb_graph_add_output(f.g, both[1]);
    y = fx_dropout(&f, "training", both[0]);
    xb_graph_set_input(f.g, xb_graph_find_op(f.g, "training"), 2, xb_graph_add_const(f.g, "yes", &flag, &(uint8_t){1}));
    y = fx_dropout(&f, "still", y);
    xb_graph_set_input(f.g, xb_graph_find_op(f.g, "still"), 2, xb_graph_add_const(f.g, "no", &flag, &(uint8_t){0}));
    xb_graph_add_output(f.g, y);
    ck_assert_msg(xb_graph_infer(f.d, f.g, NULL), "%s", xb_diags_text(f.d));
    test_host *h = host_new(&f, "map");
    xb_module *m = xb_module_new(xb_graph_clone(f.g));
    ck_assert_int_eq(pass_map.run(&h->cx, m, NULL), 0);
    xb_graph *g = xb_module_graph(m);
    ck_assert_msg(xb_graph_verify(f.d, g), "%s", xb_diags_text(f.d));
    ck_assert_uint_eq(fx_count(g, "Dropout"), 3);
    ck_assert(xb_graph_find_op(g, "named").id && xb_graph_find_op(g, "masked").id &&
              xb_graph_find_op(g, "training").id);
    xb_module_free(m);
    fx_free(&f);
}
END_TEST

START_TEST(descriptors)
{
    fx_check_pass(xbarc_plugin_query_map(NULL));
    fx_check_pass(xbarc_plugin_query_place(NULL));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, smallest_square);
    tcase_add_test(t, tiles_on_a_mesh);
    tcase_add_test(t, mesh_too_small);
    tcase_add_test(t, map_takes_dropouts_out);
    tcase_add_test(t, map_leaves_other_dropouts);
    tcase_add_test(t, descriptors);
}

int main(void)
{
    return fx_main("map_place", add);
}
