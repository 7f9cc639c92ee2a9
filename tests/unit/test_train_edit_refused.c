/* Units that cannot be removed, with nothing changed; what is shared; what cannot be folded; and the state that stays.
 */
#include "train_edit_kit.h"

/* x -> conv 2 -> 6 (op) -> op under test -> ... */
typedef struct tail {
    edited e;
    xb_op op;
    xb_value x, y;
} tail;

static tail begin(void)
{
    tail t = {.e.n = net_new(8)};
    t.x = net_input(&t.e.n, "x", DIMS(t.e.n.batch, 2, 4, 4));
    t.y = net_conv(&t.e.n, t.x, 2, 6, 3, 1, 1, 1);
    t.op = t.e.n.op;
    return t;
}

static void refused(tail *t, const char *words)
{
    edited_begin(&t->e, t->y);
    REFUSED(&t->e, xb_edit_remove_units(t->e.n.d, &t->e.p, t->op, (int64_t[]){1, 2}, 2, true), words);
    edited_free(&t->e);
}

START_TEST(units_that_are_not_there)
{
    tail t = begin();
    t.y = net_conv(&t.e.n, t.y, 6, 3, 3, 1, 1, 1);
    edited_begin(&t.e, t.y);
    xb_diags *d = t.e.n.d;
    REFUSED(&t.e, xb_edit_remove_units(d, &t.e.p, t.op, (int64_t[]){6}, 1, true), "no unit 6 of 6");
    REFUSED(&t.e, xb_edit_remove_units(d, &t.e.p, t.op, (int64_t[]){-1}, 1, true), "no unit -1 of 6");
    REFUSED(&t.e, xb_edit_remove_units(d, &t.e.p, t.op, (int64_t[]){2, 2}, 2, true), "unit 2 is named twice");
    REFUSED(&t.e, xb_edit_remove_units(d, &t.e.p, t.op, (int64_t[]){0, 1, 2, 3, 4, 5}, 6, true),
            "nothing would be left");
    REFUSED(&t.e, xb_edit_remove_units(d, &t.e.p, t.e.n.op, (int64_t[]){1}, 1, true), "reach the graph's output");
    REFUSED(&t.e, xb_edit_remove_units(d, &t.e.p, (xb_op){999}, (int64_t[]){1}, 1, true), "no constant weight matrix");
    char *before = edited_print(&t.e);
    DONE(&t.e, xb_edit_remove_units(d, &t.e.p, t.op, NULL, 0, true));
    char *after = edited_print(&t.e);
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
    xb_value w = edited_input(&t.e, t.op, 1), b = edited_input(&t.e, t.op, 2);
    ck_assert(xb_params_tie(d, &t.e.p, &(xb_tied){.to = b, .from = w, .n = 1, .gain = 1}));
    REFUSED(&t.e, xb_edit_remove_units(d, &t.e.p, t.op, (int64_t[]){1}, 1, true), "tied to others");
    edited_free(&t.e);
}
END_TEST

static xb_value softmax(net *n, xb_value x)
{
    x = net_op(n, "Softmax", IN(x));
    xb_graph_set_int(n->g, n->op, "axis", 1);
    return x;
}

static xb_value lrn(net *n, xb_value x)
{
    x = net_op(n, "LRN", IN(x));
    xb_graph_set_int(n->g, n->op, "size", 3);
    return x;
}

static xb_value reduce(net *n, xb_value x)
{
    x = net_op(n, "ReduceMean", IN(x));
    net_attr(n, "axes", INTS(1));
    return x;
}

static xb_value reshape(net *n, xb_value x)
{
    return net_op(n, "Reshape", IN(x, net_ints(n, INTS(0, 4, 6, 4))));
}

static xb_value fold_channels(net *n, xb_value x) /* 3 x 2 channels: 1 and 2 are no whole row */
{
    return net_op(n, "Reshape", IN(x, net_ints(n, INTS(0, 3, 2, 4, 4))));
}

static xb_value groups(net *n, xb_value x)
{
    return net_conv(n, net_conv(n, x, 6, 6, 3, 1, 1, 3), 6, 2, 1, 1, 0, 1);
}

static xb_value pad(net *n, xb_value x)
{
    return net_op(n, "Pad", IN(x, net_ints(n, INTS(0, 1, 0, 0, 0, 0, 0, 0))));
}

static xb_value every_second(net *n, xb_value x)
{
    return net_op(n, "Slice",
                  IN(x, net_ints(n, INTS(0)), net_ints(n, INTS(6)), net_ints(n, INTS(1)), net_ints(n, INTS(2))));
}

static xb_value thin_split(net *n, xb_value x)
{
    xb_value out[3];
    n->op = xb_graph_add_op(n->g, (xb_op){0}, "Split", "", (xb_value[]){x, net_ints(n, INTS(1, 2, 3))}, 2, out, 3);
    xb_graph_set_int(n->g, n->op, "axis", 1);
    return net_op(n, "Concat", IN(out[2], net_conv(n, out[1], 2, 2, 1, 1, 0, 1)));
}

static xb_value from_input(net *n, xb_value x)
{
    xb_value other = net_input(n, "other", DIMS(n->batch, 6, 4, 4));
    return net_conv(n, net_op(n, "Add", IN(x, other)), 6, 2, 1, 1, 0, 1);
}

static xb_value deep(net *n, xb_value x)
{
    x = net_op(n, "DepthToSpace", IN(net_op(n, "Concat", IN(x, x))));
    xb_graph_set_int(n->g, n->op, "blocksize", 2);
    return x;
}

static xb_value layer_norm(net *n, xb_value x)
{
    x = net_op(n, "LayerNormalization", IN(x, net_const(n, 0, 1, DIMS(6, 4, 4))));
    xb_graph_set_int(n->g, n->op, "axis", 1);
    return x;
}

static xb_value shared_groups(net *n, xb_value x)
{
    xb_value w = net_const(n, -1, 1, DIMS(6, 1, 1, 1));
    for (int i = 0; i < 2; i++) {
        x = net_op(n, "Conv", IN(x, w));
        xb_graph_set_int(n->g, n->op, "group", 6);
    }
    return x;
}

static const struct {
    xb_value (*make)(net *n, xb_value x);
    const char *words;
} refusals[] = {
    {softmax, "node 'Softmax' (Softmax): error: units of 'Conv' cannot be removed: the op computes over the places"},
    {lrn, "node 'LRN' (LRN)"},
    {reduce, "node 'ReduceMean' (ReduceMean)"},
    {reshape, "the op mixes the places that would go with those that stay"},
    {fold_channels, "a part of a channel would go"},
    {groups, "the groups that stay would differ in size"},
    {pad, "the op pads the dimension"},
    {every_second, "what the op takes is not known"},
    {thin_split, "nothing would be left of one of its results"},
    {from_input, "reach the graph's input 'other'"},
    {deep, "node 'DepthToSpace' (DepthToSpace): error: units of 'Conv' cannot be removed: what the op does"},
    {layer_norm, "the op computes over"},
    {shared_groups, "is read by other ops too"},
};

START_TEST(ops_that_mix_channels)
{
    tail t = begin();
    t.y = refusals[_i].make(&t.e.n, t.y);
    for (xb_op op = xb_graph_first(t.e.n.g); op.id; op = xb_graph_next(t.e.n.g, op))
        if (strcmp(xb_graph_op_type(t.e.n.g, op), "Concat") == 0) xb_graph_set_int(t.e.n.g, op, "axis", 1);
    refused(&t, refusals[_i].words);
}
END_TEST

START_TEST(half_a_channel_of_a_flattened_image)
{
    tail t = {.e.n = net_new(8)};
    net *n = &t.e.n;
    xb_value x = net_input(n, "x", DIMS(n->batch, 2, 2, 2));
    xb_value a = net_op(n, "Flatten", IN(x)), b = net_dense(n, a, 8, 8);
    t.op = n->op;
    t.y = net_op(n, "Flatten", IN(net_conv(n, x, 2, 2, 1, 1, 0, 1)));
    t.y = net_dense(n, net_op(n, "Add", IN(t.y, b)), 8, 2);
    refused(&t, "a part of a channel would go");
}
END_TEST

/* Whatever stands behind: that nothing is left is the reason. */
START_TEST(all_units_of_an_op)
{
    tail t = begin();
    t.y = refusals[_i].make(&t.e.n, t.y);
    for (xb_op op = xb_graph_first(t.e.n.g); op.id; op = xb_graph_next(t.e.n.g, op))
        if (strcmp(xb_graph_op_type(t.e.n.g, op), "Concat") == 0) xb_graph_set_int(t.e.n.g, op, "axis", 1);
    edited_begin(&t.e, t.y);
    REFUSED(&t.e, xb_edit_remove_units(t.e.n.d, &t.e.p, t.op, (int64_t[]){5, 4, 3, 2, 1, 0}, 6, true),
            "node 'Conv' (Conv): error: units of 'Conv' cannot be removed: nothing would be left [edit]");
    edited_free(&t.e);
}
END_TEST

/* -- what is not folded is said -- */

START_TEST(a_constant_before_a_padded_convolution_is_not_folded)
{
    tail t = begin();
    t.y = net_conv(&t.e.n, net_op(&t.e.n, "Sigmoid", IN(t.y)), 6, 3, 3, 1, 1, 1);
    edited_begin(&t.e, t.y);
    xb_value b = edited_input(&t.e, t.e.n.op, 2);
    float was[3];
    memcpy(was, xb_graph_data(t.e.n.g, b), sizeof was);
    DONE(&t.e, xb_edit_remove_units(t.e.n.d, &t.e.p, t.op, (int64_t[]){0, 4}, 2, true));
    const char *text = xb_diags_text(t.e.n.d);
    ck_assert_msg(
        strstr(text, "2 removed units still gave is not folded into the bias: it is different at the borders"), "%s",
        text);
    ck_assert_mem_eq(xb_graph_data(t.e.n.g, b), was, sizeof was);
    xb_params_refresh(&t.e.p, &t.e.r);
    net_infer(&t.e.n);
    DONE(&t.e, xb_edit_remove_units(t.e.n.d, &t.e.p, t.op, (int64_t[]){1}, 1, true));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(t.e.n.d), "what 1 removed unit still gave"));
    edited_free(&t.e);
}
END_TEST

START_TEST(a_zero_before_a_padded_convolution_is_nothing)
{
    tail t = begin();
    float *b = xb_graph_write(t.e.n.g, edited_input(&t.e, t.op, 2));
    b[0] = -1, b[4] = -2;
    t.y = net_conv(&t.e.n, net_op(&t.e.n, "Relu", IN(t.y)), 6, 3, 3, 1, 1, 1);
    edited_begin(&t.e, t.y);
    DONE(&t.e, xb_edit_remove_units(t.e.n.d, &t.e.p, t.op, (int64_t[]){0, 4}, 2, true));
    ck_assert_ptr_null(strstr(xb_diags_text(t.e.n.d), "edit"));
    edited_free(&t.e);
}
END_TEST

START_TEST(without_fold_nothing_is_added)
{
    tail t = begin();
    t.y = net_conv(&t.e.n, net_op(&t.e.n, "Sigmoid", IN(t.y)), 6, 3, 3, 1, 0, 1);
    edited_begin(&t.e, t.y);
    xb_value b = edited_input(&t.e, t.e.n.op, 2);
    float was[3];
    memcpy(was, xb_graph_data(t.e.n.g, b), sizeof was);
    DONE(&t.e, xb_edit_remove_units(t.e.n.d, &t.e.p, t.op, (int64_t[]){0}, 1, false));
    ck_assert_mem_eq(xb_graph_data(t.e.n.g, b), was, sizeof was);
    DONE(&t.e, xb_edit_remove_units(t.e.n.d, &t.e.p, t.op, (int64_t[]){0}, 1, true)); /* at once, by the new numbers */
    ck_assert_mem_ne(xb_graph_data(t.e.n.g, b), was, sizeof was);
    edited_dims(&t.e, edited_input(&t.e, t.op, 1), DIMS(4, 2, 3, 3));
    edited_dims(&t.e, edited_input(&t.e, t.e.n.op, 1), DIMS(3, 4, 3, 3));
    edited_free(&t.e);
}
END_TEST

/* -- a bias and a scale that two layers read; masks and moments of what stays -- */

START_TEST(shared_numbers_are_divided)
{
    edited e = {.n = net_new(5)};
    net *n = &e.n;
    xb_value x = net_input(n, "x", DIMS(n->batch, 4)), shared = net_const(n, -1, 1, DIMS(4));
    xb_value w[3];
    for (int i = 0; i < 3; i++) w[i] = net_const(n, -1, 1, DIMS(4, 4));
    xb_op op[3];
    for (int i = 0; i < 3; i++) {
        x = net_op(n, "Gemm", IN(i ? net_op(n, "Relu", IN(x)) : x, w[i], shared));
        op[i] = n->op;
    }
    edited_begin(&e, x);
    uint8_t mask[16], bias_mask[4] = {1, 0, 1, 1};
    for (int i = 0; i < 16; i++) mask[i] = i % 3 != 0;
    xb_params_set_mask(&e.p, xb_params_find(&e.p, w[0]), mask);
    xb_params_set_mask(&e.p, xb_params_find(&e.p, shared), bias_mask);
    xb_slot_state *s = xb_params_find(&e.p, w[0]);
    float m[16], first = xb_params_find(&e.p, shared)->m[0];
    memcpy(m, s->m, sizeof m);
    DONE(&e, xb_edit_remove_units(n->d, &e.p, op[0], (int64_t[]){2}, 1, false));
    s = xb_params_find(&e.p, w[0]);
    edited_dims(&e, w[0], DIMS(4, 3));
    edited_dims(&e, w[1], DIMS(3, 4));
    for (int i = 0; i < 12; i++) {
        int from = i / 3 * 4 + (i % 3 == 2 ? 3 : i % 3);
        ck_assert(s->m[i] == m[from] && s->v[i] == -m[from] && s->mask[i] == mask[from]);
    }
    xb_value own = edited_input(&e, op[0], 2);
    ck_assert_uint_ne(own.id, shared.id);
    ck_assert_uint_eq(edited_input(&e, op[1], 2).id, shared.id);
    edited_dims(&e, own, DIMS(3));
    edited_dims(&e, shared, DIMS(4));
    s = xb_params_find(&e.p, own);
    ck_assert(s && s->pub.op.id == op[0].id && s->m[0] == first && s->m[2] == first + 3);
    ck_assert(s->mask[0] == 1 && s->mask[1] == 0 && s->mask[2] == 1);
    ck_assert_int_eq(xb_graph_note(n->g, own, "mask")->ints[1], 0);
    xb_params_refresh(&e.p, &e.r);
    net_infer(n);
    edited_free(&e);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, units_that_are_not_there);
    tcase_add_loop_test(t, ops_that_mix_channels, 0, sizeof refusals / sizeof *refusals);
    tcase_add_loop_test(t, all_units_of_an_op, 0, sizeof refusals / sizeof *refusals);
    tcase_add_test(t, half_a_channel_of_a_flattened_image);
    tcase_add_test(t, a_constant_before_a_padded_convolution_is_not_folded);
    tcase_add_test(t, a_zero_before_a_padded_convolution_is_nothing);
    tcase_add_test(t, without_fold_nothing_is_added);
    tcase_add_test(t, shared_numbers_are_divided);
}

int main(void)
{
    return edited_main("train_edit_refused", add);
}
