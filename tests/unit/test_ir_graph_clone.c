#include "ir_graph_some.h"
#include "suite.h"

/* ---- clones ---- */

START_TEST(a_write_in_one_clone_does_not_change_the_other)
{
    xb_value x;
    xb_graph *g = new_graph(&x);
    const float w[4] = {1, 2, 3, 4};
    const int64_t mask[4] = {1, 0, 1, 0}, other[4] = {0};
    xb_value c = xb_graph_add_const(g, "c", &f32_4, w);
    xb_graph_set_note(g, c, "mask", mask, 4);
    xb_graph *h = xb_graph_clone(g), *k = xb_graph_clone(h);
    ck_assert_ptr_eq(xb_graph_data(g, c), xb_graph_data(h, c));
    uint64_t shape = xb_graph_shape_version(h), version = xb_graph_version(h);
    float *p = xb_graph_write(h, c);
    p[0] = 9;
    ck_assert_uint_gt(xb_graph_version(h), version);
    ck_assert_uint_eq(xb_graph_shape_version(h), shape);
    ck_assert_mem_eq(xb_graph_data(g, c), w, sizeof w);
    ck_assert_mem_eq(xb_graph_data(k, c), w, sizeof w);
    ck_assert_float_eq(((const float *)xb_graph_data(h, c))[0], 9);
    ck_assert_ptr_eq(xb_graph_write(h, c), p); /* alone by now: no further copy */
    ((float *)xb_graph_write(g, c))[1] = 8;
    ck_assert_mem_eq(xb_graph_data(k, c), w, sizeof w);
    xb_graph_set_note(g, c, "mask", other, 4);
    ck_assert_int_eq(xb_graph_note(g, c, "mask")->ints[0], 0);
    ck_assert_int_eq(xb_graph_note(h, c, "mask")->ints[0], 1);
    xb_graph_free(g);
    xb_graph_free(h);
    ck_assert_mem_eq(xb_graph_data(k, c), w, sizeof w);
    ck_assert_mem_eq(xb_graph_note(k, c, "mask")->ints, mask, sizeof mask);
    ck_assert_ptr_eq(xb_graph_write(k, c), xb_graph_data(k, c));
    xb_graph_free(k);
}
END_TEST

START_TEST(edits_in_one_clone_do_not_change_the_other)
{
    xb_value x, a, b;
    xb_op op_a, op_b;
    xb_graph *g = new_graph(&x);
    a = unary(g, at_end, "Relu", "a", x, &op_a);
    b = unary(g, at_end, "Relu", "b", a, &op_b);
    xb_graph_add_output(g, b);
    xb_graph_set_int(g, op_a, "k", 1);
    xb_graph *h = xb_graph_clone(g);
    xb_graph_replace(h, a, x);
    xb_graph_remove(h, op_a);
    xb_graph_set_input(h, op_b, 1, x);
    xb_graph_set_int(g, op_a, "k", 2);
    xb_graph *k = xb_graph_clone(h);
    ck_assert_str_eq(order_of(g), "a b");
    ck_assert_str_eq(order_of(h), "b");
    ck_assert_uint_eq(xb_graph_users(h, x), 2);
    ck_assert_uint_eq(xb_graph_users(g, x), 1);
    ck_assert_str_eq(xb_graph_value_name(k, a), "");
    check_whole(g);
    check_whole(h);
    check_whole(k);
    xb_graph_free(g);
    unary(k, at_end, "Tanh", "a", x, NULL);
    ck_assert_str_eq(order_of(k), "b a");
    check_whole(k);
    xb_graph_free(h);
    xb_graph_free(k);
}
END_TEST

START_TEST(views_are_copied_when_written_and_aligned_when_asked)
{
    char path[] = "/tmp/xbarc-ir-XXXXXX";
    int fd = mkstemp(path);
    float numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    ck_assert_int_eq(write(fd, "?", 1), 1);
    ck_assert_int_eq(write(fd, numbers, sizeof numbers), sizeof numbers);
    close(fd);
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_view view;
    ck_assert(xb_view_open(d, path, &view));
    unlink(path);
    xb_value x;
    xb_graph *g = new_graph(&x);
    xb_graph_adopt(g, view);
    const unsigned char *bytes = view.data;
    xb_type bytes_type = {XB_U8, 1, {16}};
    xb_value odd = xb_graph_add_view(g, "odd", &f32_4, bytes + 1);
    xb_value u8 = xb_graph_add_view(g, "u8", &bytes_type, bytes + 17);
    size_t n;
    ck_assert_ptr_eq(xb_graph_raw(g, odd, &n), bytes + 1);
    ck_assert_uint_eq(n, 16);
    const float *p = xb_graph_data(g, odd);
    ck_assert_uint_eq((uintptr_t)p % sizeof *p, 0);
    ck_assert_float_eq(p[3], 4);
    ck_assert_ptr_eq(xb_graph_data(g, odd), p);
    ck_assert_ptr_eq(xb_graph_data(g, u8), bytes + 17);
    /* What is a view may be given back to the kernel: never the copy that data() made. */
    ck_assert(xb_graph_is_mapped(g, odd) && !xb_graph_is_view(g, odd));
    ck_assert(xb_graph_is_mapped(g, u8) && xb_graph_is_view(g, u8));
    xb_graph *h = xb_graph_clone(g);
    ((float *)xb_graph_write(g, odd))[0] = 5;
    ck_assert(!xb_graph_is_mapped(g, odd) && xb_graph_is_mapped(h, odd));
    xb_graph_free(g); /* the clone keeps the mapping */
    ck_assert_float_eq(((const float *)xb_graph_data(h, odd))[0], 1);
    ck_assert_mem_eq(xb_graph_raw(h, u8, NULL), &numbers[4], 16);
    xb_graph_free(h);
    xb_diags_free(d);
}
END_TEST

/* ---- size ---- */

START_TEST(a_long_chain_is_edited_in_the_middle)
{
    enum { OPS = 100000 };
    xb_value x, v;
    xb_graph *g = new_graph(&x);
    v = x;
    for (int i = 0; i < OPS; i++) v = unary(g, at_end, "Relu", "r", v, NULL);
    xb_graph_add_output(g, v);
    for (xb_op op = xb_graph_first(g), next; op.id; op = next) {
        const xb_value *out;
        next = xb_graph_next(g, op);
        xb_graph_op_outputs(g, op, &out);
        xb_value from = out[0];
        xb_graph_replace(g, from, unary(g, next, "Tanh", "t", from, NULL));
    }
    ck_assert_uint_eq(xb_graph_op_count(g), 2 * OPS);
    xb_op middle = xb_graph_find_op(g, "r_50000");
    for (int i = 0; i < OPS; i++) unary(g, middle, "Sin", "s", x, NULL);
    check_whole(g);
    ck_assert_uint_eq(xb_graph_sweep(g), OPS);
    for (xb_op op = xb_graph_first(g), next; op.id; op = next) {
        const xb_value *in, *out;
        next = xb_graph_next(g, op);
        if (xb_graph_kind(g, op) != XB_OP_Tanh) continue;
        xb_graph_op_outputs(g, op, &out);
        xb_graph_op_inputs(g, op, &in);
        xb_graph_replace(g, out[0], in[0]);
        xb_graph_remove(g, op);
    }
    ck_assert_uint_eq(xb_graph_op_count(g), OPS);
    check_whole(g);
    xb_graph_set_outputs(g, NULL, 0);
    ck_assert_uint_eq(xb_graph_sweep(g), OPS);
    xb_graph_free(g);
}
END_TEST

static xb_value some_value(const xb_graph *g, xb_rng *r)
{
    for (;;) {
        xb_value v = {1 + xb_rng_below(r, xb_graph_value_limit(g) - 1)};
        if (*xb_graph_value_name(g, v)) return v;
    }
}

static xb_op some_op(const xb_graph *g, xb_rng *r)
{
    return (xb_op){1 + xb_rng_below(r, xb_graph_op_limit(g))}; /* may be dead or none: an end */
}

/* Does v depend on op? By walking everything: the oracle for cycles that set_input is told to avoid here. */
static bool depends(const xb_graph *g, xb_value v, xb_op op)
{
    bool *tainted = xb_calloc(xb_graph_value_limit(g), sizeof *tainted);
    for (xb_op o = xb_graph_first(g); o.id; o = xb_graph_next(g, o)) {
        const xb_value *in, *out;
        bool hit = o.id == op.id;
        size_t n = xb_graph_op_inputs(g, o, &in);
        for (size_t i = 0; i < n; i++) hit |= tainted[in[i].id];
        n = xb_graph_op_outputs(g, o, &out);
        for (size_t i = 0; i < n; i++) tainted[out[i].id] = hit;
    }
    bool answer = tainted[v.id];
    free(tainted);
    return answer;
}

static void random_edit(xb_graph *g, xb_rng *r)
{
    xb_value in[3], out[2];
    xb_op op = some_op(g, r);
    const xb_value *list;
    for (int i = 0; i < 3; i++) in[i] = some_value(g, r);
    switch (xb_rng_below(r, 8)) {
    case 0:
    case 1:
    case 2:
        xb_graph_add_op(g, op, "Sum", "s", in, xb_rng_below(r, 4), out, 1 + xb_rng_below(r, 2));
        break;
    case 3:
        if (!depends(g, in[0], op)) xb_graph_set_input(g, op, xb_rng_below(r, 4), in[0]);
        break;
    case 4:
        xb_graph_replace(g, in[0], in[1]);
        break;
    case 5:
        xb_graph_remove(g, op);
        break;
    case 6:
        if (xb_graph_outputs(g, &list) < 5)
            xb_graph_add_output(g, in[2]);
        else
            xb_graph_set_outputs(g, in, 2);
        break;
    default:
        if (!xb_rng_below(r, 10)) xb_graph_make_const(g, in[0], &f32_4, NULL);
        if (!xb_rng_below(r, 40)) xb_graph_sweep(g);
    }
}

START_TEST(random_edits_keep_every_promise)
{
    for (uint32_t round = 0; round < 20; round++) {
        xb_rng r = xb_rng_at(11, XB_RNG_INIT, round);
        xb_value x;
        xb_graph *g = new_graph(&x);
        xb_graph_add_const(g, "c", &f32_4, NULL);
        for (int i = 0; i < 400; i++) {
            random_edit(g, &r);
            check_whole(g);
            if (i % 100 != 99) continue;
            xb_graph *c = xb_graph_clone(g);
            check_whole(c);
            xb_graph_free(g);
            g = c;
        }
        xb_graph_free(g);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("graph");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, a_write_in_one_clone_does_not_change_the_other);
    tcase_add_test(c, edits_in_one_clone_do_not_change_the_other);
    tcase_add_test(c, views_are_copied_when_written_and_aligned_when_asked);
    tcase_add_test(c, a_long_chain_is_edited_in_the_middle);
    tcase_add_test(c, random_edits_keep_every_promise);
    return run_case("ir_graph_clone", c);
}
