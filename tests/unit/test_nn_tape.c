/* The gradients of a tape in plain C are the slopes of its loss; what a tape draws, names and refuses. */
#include "suite.h"
#include "tape_kit.h"
#include "tape_nets.h"

START_TEST(gradients_are_slopes)
{
    const tape_net *t = &tape_nets[_i];
    if (t->wide) return;
    net n = net_new(21);
    t->build(&n);
    rig r = rig_new(&n, 3, 1, NULL, (xb_tape_options){.plain = true});
    r.drops = true;
    r.draw = (xb_draw){.seed = 3, .step = 5, .row = 16};
    rig_slopes(&r, 12);
    rig_free(&r);
    net_free(&n);
}
END_TEST

/* ---- Dropout ---- */

START_TEST(dropout_draws_by_seed_step_and_row)
{
    net n = net_new(21);
    xb_value x = net_input(&n, "x", DIMS(n.batch, 1000));
    xb_value w = net_const(&n, 1, 1.0001, DIMS(1000));
    tn_finish(&n, net_op(&n, "Dropout", IN(net_op(&n, "Mul", IN(x, w)), net_scalar(&n, 0.25f))));
    rig r = rig_new(&n, 4, 2, NULL, (xb_tape_options){.plain = true});
    rig_forward(&r); /* off */
    for (size_t i = 0; i < 4000; i++) ck_assert(r.y[i] == r.x[i] * r.value[0][i % 1000]);
    static const xb_draw draw[] = {{1, 2, 8}, {1, 2, 10}, {1, 3, 8}, {2, 2, 8}, {1, 2, 8}};
    uint8_t kept[5][4000];
    r.drops = true;
    for (size_t k = 0; k < 5; k++) {
        size_t count = 0;
        r.draw = draw[k];
        rig_forward(&r);
        for (size_t i = 0; i < 4000; i++) {
            kept[k][i] = r.y[i] != 0;
            count += kept[k][i];
            if (kept[k][i]) ck_assert_double_eq_tol((double)r.y[i], (double)r.x[i] / 0.75, 1e-3);
        }
        ck_assert_uint_gt(count, 2850); /* 3000 expected, 27 is one sigma */
        ck_assert_uint_lt(count, 3150);
    }
    ck_assert_mem_eq(kept[0], kept[4], 4000);
    ck_assert_mem_eq(kept[0] + 2000, kept[1], 2000); /* row 10 is row 10, in whichever shard */
    ck_assert_mem_ne(kept[0], kept[2], 1000);
    ck_assert_mem_ne(kept[0], kept[3], 1000);
    ck_assert_mem_ne(kept[0], kept[0] + 1000, 1000);
    rig_free(&r);
    net_free(&n);
}
END_TEST

/* ---- bad numbers ---- */

START_TEST(first_bad_is_named)
{
    static const struct {
        float value;
        const char *what;
    } bad[] = {{NAN, "NaN"}, {INFINITY, "infinite"}};
    bool plain = _i % 2;
    net n = net_new(21);
    tn_lenet(&n);
    xb_dnnl *lib = rig_lib(plain);
    rig r = rig_new(&n, 2, 1, lib, (xb_tape_options){.plain = plain});
    const char *what = NULL;
    rig_forward(&r);
    ck_assert_uint_eq(xb_run_first_bad(r.r, &what).id, 0);
    ck_assert_uint_eq(r.size[3], 6); /* bias of the second convolution */
    for (size_t i = 0; i < 6; i++) r.value[3][i] = bad[_i / 2].value;
    ck_assert(xb_packed_set(r.p, 3, r.value[3]));
    rig_forward(&r);
    xb_op op = xb_run_first_bad(r.r, &what);
    ck_assert_str_eq(xb_graph_op_name(n.g, op), "Conv_1");
    ck_assert_str_eq(what, bad[_i / 2].what);
    rig_free(&r);
    net_free(&n);
    xb_dnnl_free(lib);
}
END_TEST

/* ---- refusals ---- */

static void refused(net *n, const xb_value *trained, size_t count, const char *code, const char *text)
{
    const xb_tape_options o = {.plain = true};
    ck_assert_ptr_null(xb_tape_new(n->d, n->g, 4, trained, count, NULL, &o));
    ck_assert_uint_gt(xb_diags_errors(n->d), 0);
    const char *said = xb_diags_text(n->d);
    ck_assert_msg(strstr(said, code) && strstr(said, text), "%s", said);
    net_free(n);
}

START_TEST(an_op_without_gradient_is_refused)
{
    net n = net_new(1);
    xb_value w = net_const(&n, -1, 1, DIMS(6, 5)), x = net_input(&n, "x", DIMS(n.batch, 6));
    tn_finish(&n, net_op(&n, "Round", IN(net_op(&n, "MatMul", IN(x, w)))));
    refused(&n, &w, 1, "train-op", "node 'Round' (Round)");
}
END_TEST

/* Before everything that is trained it does no harm. */
START_TEST(an_op_without_gradient_may_come_first)
{
    net n = net_new(1);
    xb_value x = net_op(&n, "Floor", IN(net_input(&n, "x", DIMS(n.batch, 6))));
    tn_finish(&n, net_dense(&n, x, 6, 5));
    rig r = rig_new(&n, 4, 1, NULL, (xb_tape_options){.plain = true});
    rig_slopes(&r, 5);
    rig_free(&r);
    net_free(&n);
}
END_TEST

START_TEST(dropout_with_a_mask_is_refused)
{
    net n = net_new(1);
    xb_value w = net_const(&n, -1, 1, DIMS(6, 5)),
             x = net_op(&n, "MatMul", IN(net_input(&n, "x", DIMS(n.batch, 6)), w));
    xb_value out[2], kept;
    xb_graph_add_op(n.g, (xb_op){0}, "Dropout", "drop", &x, 1, out, 2);
    kept = net_op(&n, "Cast", IN(out[1]));
    xb_graph_set_int(n.g, n.op, "to", 1);
    tn_finish(&n, net_op(&n, "Add", IN(out[0], kept)));
    refused(&n, &w, 1, "train-op", "node 'drop' (Dropout)");
}
END_TEST

START_TEST(shapes_are_refused)
{
    net n = net_new(1);
    xb_value w = net_const(&n, -1, 1, DIMS(6, 5)), x = net_input(&n, "x", DIMS(n.batch, 6));
    xb_value y = net_op(&n, "MatMul", IN(x, w));
    if (_i == 0) { /* samples are mixed */
        y = net_op(&n, "Transpose", IN(y));
        net_attr(&n, "perm", INTS(1, 0));
    }
    if (_i == 1) y = net_op(&n, "Add", IN(y, net_input(&n, "z", DIMS(n.batch, 5))));
    if (_i == 2) { /* no classes */
        y = net_op(&n, "ReduceSum", IN(y, net_ints(&n, INTS(1))));
        xb_graph_set_int(n.g, n.op, "keepdims", 0);
    }
    tn_finish(&n, y);
    static const char *const text[] = {"samples cannot be cut apart", "one input", "f32[batch, classes]"};
    refused(&n, &w, 1, "train-shape", text[_i]);
}
END_TEST

START_TEST(only_float_constants_are_trained)
{
    net n = net_new(1);
    xb_value x = net_input(&n, "x", DIMS(n.batch, 6)), shape = net_ints(&n, INTS(-1, 6));
    tn_finish(&n, net_dense(&n, net_op(&n, "Reshape", IN(x, shape)), 6, 5));
    refused(&n, _i ? &x : &shape, 1, "train-shape", "is not a constant of type f32");
}
END_TEST

/* What nobody reads gets zeros. */
START_TEST(an_idle_tensor_has_no_gradient)
{
    net n = net_new(1);
    xb_value idle = net_const(&n, -1, 1, DIMS(3));
    tn_finish(&n, net_dense(&n, net_input(&n, "x", DIMS(n.batch, 6)), 6, 5));
    xb_type type = net_type(DIMS(3));
    idle = xb_graph_add_const(n.g, "idle", &type, NULL);
    const xb_tape_options o = {.plain = true};
    xb_tape *t = xb_tape_new(n.d, n.g, 4, &idle, 1, NULL, &o);
    ck_assert_msg(t != NULL, "%s", xb_diags_text(n.d));
    xb_packed *p = xb_packed_new(n.d, t);
    xb_run *r = xb_run_new(n.d, t, p);
    xb_grads *g = xb_grads_new(t);
    float value[3] = {1, 2, 3}, grad[3] = {4, 5, 6};
    static const float zero[3];
    ck_assert(xb_packed_set(p, 0, value) && xb_run_forward(r, NULL, NULL) && xb_run_back(r, g));
    ck_assert(xb_grads_sum(p, 0, &g, 1, grad));
    ck_assert_mem_eq(grad, zero, sizeof zero);
    xb_grads_free(g);
    xb_run_free(r);
    xb_packed_free(p);
    xb_tape_free(t);
    net_free(&n);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("tape");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, gradients_are_slopes, 0, TAPE_NETS);
    tcase_add_test(c, dropout_draws_by_seed_step_and_row);
    tcase_add_loop_test(c, first_bad_is_named, 0, 4);
    tcase_add_test(c, an_op_without_gradient_is_refused);
    tcase_add_test(c, an_op_without_gradient_may_come_first);
    tcase_add_test(c, dropout_with_a_mask_is_refused);
    tcase_add_loop_test(c, shapes_are_refused, 0, 3);
    tcase_add_loop_test(c, only_float_constants_are_trained, 0, 2);
    tcase_add_test(c, an_idle_tensor_has_no_gradient);
    return run_case("nn-tape", c);
}
