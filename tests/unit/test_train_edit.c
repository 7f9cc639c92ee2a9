/* Slices selected and appended, matrices turned and factored, ops split: the same function, and the state that goes
 * along. */
#include "train_edit_layers.h"

/* x -> conv(3 -> 4) -> relu -> conv(4 -> 2) */
typedef struct two {
    edited e;
    xb_op a, b;
    xb_value wa, ba, wb;
} two;

static two two_convs(void)
{
    two t = {.e.n = net_new(3)};
    net *n = &t.e.n;
    xb_value x = net_input(n, "x", DIMS(n->batch, 3, 5, 5));
    xb_value y = net_conv(n, x, 3, 4, 3, 1, 1, 1);
    t.a = n->op;
    y = net_conv(n, net_op(n, "Relu", IN(y)), 4, 2, 3, 2, 0, 1);
    t.b = n->op;
    edited_begin(&t.e, y);
    t.wa = edited_input(&t.e, t.a, 1), t.ba = edited_input(&t.e, t.a, 2), t.wb = edited_input(&t.e, t.b, 1);
    return t;
}

/* -- select -- */

START_TEST(selecting_all_changes_nothing)
{
    two t = two_convs();
    mask_every_third(&t.e, t.wa);
    char *before = edited_print(&t.e);
    DONE(&t.e, xb_edit_select(t.e.n.d, &t.e.p, t.wa, 0, (int64_t[]){0, 1, 2, 3}, 4));
    DONE(&t.e, xb_edit_select(t.e.n.d, &t.e.p, t.wa, 3, (int64_t[]){0, 1, 2}, 3));
    char *after = edited_print(&t.e);
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
    edited_free(&t.e);
}
END_TEST

START_TEST(a_permutation_of_units_is_the_same_function)
{
    two t = two_convs();
    const int64_t order[4] = {2, 0, 3, 1};
    xb_tensor before = edited_run(&t.e);
    DONE(&t.e, xb_edit_select(t.e.n.d, &t.e.p, t.wa, 0, order, 4));
    DONE(&t.e, xb_edit_select(t.e.n.d, &t.e.p, t.ba, 0, order, 4));
    DONE(&t.e, xb_edit_select(t.e.n.d, &t.e.p, t.wb, 1, order, 4));
    edited_same(&t.e, before, 1e-6);
    edited_free(&t.e);
}
END_TEST

START_TEST(slices_take_their_state_along)
{
    two t = two_convs();
    mask_every_third(&t.e, t.wb);
    const int64_t frozen = 1;
    xb_graph_set_note(t.e.n.g, t.wb, "frozen", &frozen, 1);
    xb_graph_set_note(t.e.n.g, t.wb, "tile", &frozen, 1);
    xb_slot_state was = *xb_params_find(&t.e.p, t.wb);
    float m[72], v[72], w[72];
    uint8_t mask[72];
    memcpy(m, was.m, sizeof m), memcpy(v, was.v, sizeof v), memcpy(mask, was.mask, sizeof mask);
    memcpy(w, xb_graph_data(t.e.n.g, t.wb), sizeof w);
    DONE(&t.e, xb_edit_select(t.e.n.d, &t.e.p, t.wb, 1, (int64_t[]){3, 1}, 2));
    const xb_slot_state *s = xb_params_find(&t.e.p, t.wb);
    const float *now = xb_graph_data(t.e.n.g, t.wb);
    const xb_attr *note = xb_graph_note(t.e.n.g, t.wb, "mask");
    edited_dims(&t.e, t.wb, DIMS(2, 2, 3, 3));
    ck_assert_uint_eq(s->pub.n, 36);
    ck_assert(xb_type_same(&s->pub.type, xb_graph_type(t.e.n.g, t.wb)));
    ck_assert_ptr_eq(s->pub.data, now);
    ck_assert_uint_eq(note->n, 36);
    for (int i = 0; i < 36; i++) {
        int from = i / 18 * 36 + (i / 9 % 2 ? 1 : 3) * 9 + i % 9;
        ck_assert(s->m[i] == m[from] && s->v[i] == v[from] && s->mask[i] == mask[from] && now[i] == w[from]);
        ck_assert_int_eq(note->ints[i], mask[from]);
    }
    ck_assert_int_eq(xb_graph_note(t.e.n.g, t.wb, "frozen")->ints[0], 1);
    ck_assert_ptr_null(xb_graph_note(t.e.n.g, t.wb, "tile"));
    edited_free(&t.e);
}
END_TEST

START_TEST(appended_slices_are_new)
{
    two t = two_convs();
    mask_every_third(&t.e, t.wa);
    float fresh[2 * 27], old[108];
    for (int i = 0; i < 54; i++) fresh[i] = (float)i;
    memcpy(old, xb_graph_data(t.e.n.g, t.wa), sizeof old);
    xb_tensor before = edited_run(&t.e);
    DONE(&t.e, xb_edit_append(t.e.n.d, &t.e.p, t.wa, 0, 2, fresh));
    const xb_slot_state *s = xb_params_find(&t.e.p, t.wa);
    const float *w = xb_graph_data(t.e.n.g, t.wa);
    ck_assert_mem_eq(w, old, sizeof old);
    ck_assert_mem_eq(w + 108, fresh, sizeof fresh);
    ck_assert(s->m[107] == 108 && s->v[107] == -108 && s->m[108] == 0 && s->v[161] == -54.5f);
    ck_assert(s->mask[1] == 0 && s->mask[106] == 0 && s->mask[109] == 1 && s->mask[161] == 1);
    DONE(&t.e, xb_edit_append(t.e.n.d, &t.e.p, t.ba, 0, 2, NULL));
    DONE(&t.e, xb_edit_append(t.e.n.d, &t.e.p, t.wb, 1, 2, NULL)); /* nobody listens to the new units */
    edited_dims(&t.e, t.wb, DIMS(2, 6, 3, 3));
    edited_same(&t.e, before, 1e-6);
    DONE(&t.e, xb_edit_append(t.e.n.d, &t.e.p, t.ba, 0, 1, (float[]){5}));
    ck_assert_float_eq(((const float *)xb_graph_data(t.e.n.g, t.ba))[6], 5);
    edited_free(&t.e);
}
END_TEST

START_TEST(inner_slices_are_filled_in_their_order)
{
    two t = two_convs();
    float fresh[2 * 9 * 2];
    for (int i = 0; i < 36; i++) fresh[i] = (float)(100 + i);
    DONE(&t.e, xb_edit_append(t.e.n.d, &t.e.p, t.wb, 1, 2, fresh));
    const float *w = xb_graph_data(t.e.n.g, t.wb);
    for (int o = 0; o < 2; o++)
        for (int i = 0; i < 18; i++) ck_assert_float_eq(w[o * 54 + 36 + i], (float)(100 + o * 18 + i));
    edited_free(&t.e);
}
END_TEST

START_TEST(slices_that_are_not_there_are_refused)
{
    two t = two_convs();
    xb_diags *d = t.e.n.d;
    xb_params *p = &t.e.p;
    const int64_t none[1] = {4}, twice[2] = {1, 1}, fine[1] = {0};
    REFUSED(&t.e, xb_edit_select(d, p, t.wa, 0, none, 1), "has no slice 4 of 4");
    REFUSED(&t.e, xb_edit_select(d, p, t.wa, 0, twice, 2), "is kept twice");
    REFUSED(&t.e, xb_edit_select(d, p, t.wa, 0, NULL, 0), "nothing would be left");
    REFUSED(&t.e, xb_edit_select(d, p, t.wa, 4, fine, 1), "has 4 dimensions, none is number 4");
    REFUSED(&t.e, xb_edit_select(d, p, edited_input(&t.e, t.a, 0), 0, fine, 1), "is no constant");
    REFUSED(&t.e, xb_edit_append(d, p, t.wa, -1, 1, NULL), "none is number -1");
    REFUSED(&t.e, xb_edit_append(d, p, t.wa, 0, 0, NULL), "0 slices cannot be appended");
    REFUSED(&t.e, xb_edit_append(d, p, t.wa, 0, INT64_MAX, NULL), "cannot be appended");
    ck_assert(xb_params_tie(d, p, &(xb_tied){.to = t.wb, .from = t.wa, .n = 9, .gain = 1}));
    REFUSED(&t.e, xb_edit_select(d, p, t.wa, 0, fine, 1), "is tied to other weights");
    REFUSED(&t.e, xb_edit_append(d, p, t.wb, 0, 1, NULL), "is tied to other weights");
    REFUSED(&t.e, xb_edit_rotate(d, p, t.a, NULL, 4), "is tied to other weights");
    REFUSED(&t.e, xb_edit_factor(d, p, t.b, NULL, NULL, 4, NULL, NULL), "is tied to others");
    REFUSED(&t.e, xb_edit_split(d, p, t.b, 1, NULL, NULL), "is tied to others");
    edited_free(&t.e);
}
END_TEST

/* -- matrices: every kind of layer -- */

/* W = (W q) q^T with orthogonal q of a wheel: u = W q, v = q^T; k = M. */
static void wheel(double q[6][6], int64_t n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) q[i][j] = i == j;
    for (int a = 0; a + 1 < n; a++) {
        double s = sin(0.3 + a), c = cos(0.3 + a);
        for (int i = 0; i < n; i++) {
            double x = q[i][a], y = q[i][a + 1];
            q[i][a] = c * x - s * y, q[i][a + 1] = s * x + c * y;
        }
    }
}

static void factors_of(const one *o, float *u, float *v)
{
    double q[6][6];
    int64_t k = o->m.cols;
    wheel(q, k);
    for (int64_t r = 0; r < o->m.rows; r++)
        for (int64_t j = 0; j < k; j++) {
            double sum = 0;
            for (int64_t c = 0; c < k; c++) sum += weight_at(o, r, c) * q[c][j];
            u[r * k + j] = (float)sum;
        }
    for (int64_t j = 0; j < k; j++)
        for (int64_t c = 0; c < k; c++) v[j * k + c] = (float)q[c][j];
}

START_TEST(factors_give_the_same)
{
    one o = layer(_i / 2, _i % 2, false);
    float u[54 * 6], v[36];
    xb_op first, second;
    xb_matrix a, b;
    factors_of(&o, u, v);
    mask_every_third(&o.e, o.m.weight);
    xb_tensor before = edited_run(&o.e);
    DONE(&o.e, xb_edit_factor(o.e.n.d, &o.e.p, o.op, u, v, o.m.cols, &first, &second));
    ck_assert_str_eq(xb_graph_op_type(o.e.n.g, o.op), "");
    ck_assert_str_eq(xb_graph_value_name(o.e.n.g, o.m.weight), "");
    ck_assert(xb_graph_matrix(o.e.n.g, first, &a) && xb_graph_matrix(o.e.n.g, second, &b));
    ck_assert(a.rows == o.m.rows && a.cols == o.m.cols && b.rows == a.cols && b.cols == o.m.cols && !a.bias.id);
    ck_assert(_i / 2 >= MATMUL || (b.bias.id != 0) == _i % 2);
    edited_same(&o.e, before, 1e-5);
    is_new(&o.e, a.weight);
    is_new(&o.e, b.weight);
    if (b.bias.id) is_new(&o.e, b.bias);
    edited_free(&o.e);
}
END_TEST

/* First op turned by q, the second's rows by q^T from outside: the same function. */
START_TEST(an_orthogonal_turn_is_the_same_function)
{
    one o = layer(_i, false, false);
    float u[54 * 6], v[36], q[16], qt[16];
    double wheeled[6][6];
    xb_op first, second;
    xb_matrix a, b;
    factors_of(&o, u, v);
    DONE(&o.e, xb_edit_factor(o.e.n.d, &o.e.p, o.op, u, v, 4, &first, &second));
    xb_params_refresh(&o.e.p, &o.e.r);
    net_infer(&o.e.n);
    xb_tensor before = edited_run(&o.e);
    wheel(wheeled, 4);
    for (int i = 0; i < 16; i++) q[i] = (float)wheeled[i / 4][i % 4], qt[i] = (float)wheeled[i % 4][i / 4];
    ck_assert(xb_graph_matrix(o.e.n.g, first, &a) && xb_graph_matrix(o.e.n.g, second, &b));
    xb_slot_state *s = xb_params_find(&o.e.p, a.weight);
    for (size_t i = 0; i < s->pub.n; i++)
        s->m[i] = 2 * ((const float *)xb_graph_data(o.e.n.g, a.weight))[i], s->v[i] = 1;
    DONE(&o.e, xb_edit_rotate(o.e.n.d, &o.e.p, first, q, 4));
    s = xb_params_find(&o.e.p, a.weight);
    const float *w = xb_graph_data(o.e.n.g, a.weight);
    for (size_t i = 0; i < s->pub.n;
         i++) { /* momentum was twice the weight, and turned with it; the squares of q sum to 1 */
        ck_assert_double_eq_tol((double)s->m[i], 2 * (double)w[i], 1e-5);
        ck_assert_double_eq_tol((double)s->v[i], 1, 1e-5);
    }
    float turned[16], *to = xb_graph_write(o.e.n.g, b.weight);
    for (int j = 0; j < 4; j++)
        for (int c = 0; c < 4; c++) {
            double sum = 0;
            for (int k = 0; k < 4; k++) sum += (double)qt[j * 4 + k] * (double)to[k * b.row_stride + c * b.col_stride];
            turned[j * b.row_stride + c * b.col_stride] = (float)sum;
        }
    memcpy(to, turned, sizeof turned);
    edited_same(&o.e, before, 1e-5);
    edited_free(&o.e);
}
END_TEST

START_TEST(a_turn_may_narrow)
{
    one o = layer(_i, false, false);
    const float q[8] = {1, 0, 0, 2, 0, 0, 3, 0}; /* column 0: w0 + 3 w3, column 1: 2 w1 */
    double want[54][2];
    for (int64_t r = 0; r < o.m.rows; r++)
        want[r][0] = weight_at(&o, r, 0) + 3 * weight_at(&o, r, 3), want[r][1] = 2 * weight_at(&o, r, 1);
    DONE(&o.e, xb_edit_rotate(o.e.n.d, &o.e.p, o.op, q, 2));
    xb_params_refresh(&o.e.p, &o.e.r);
    net_infer(&o.e.n);
    ck_assert(xb_graph_matrix(o.e.n.g, o.op, &o.m));
    ck_assert_int_eq(o.m.cols, 2);
    for (int64_t r = 0; r < o.m.rows; r++)
        for (int c = 0; c < 2; c++) ck_assert_double_eq_tol(weight_at(&o, r, c), want[r][c], 1e-6);
    edited_free(&o.e);
}
END_TEST

START_TEST(a_bias_turns_too)
{
    one o = layer(GEMM_B, true, true);
    float q[36], b[6];
    double wheeled[6][6];
    wheel(wheeled, 6);
    for (int i = 0; i < 36; i++) q[i] = (float)wheeled[i / 6][i % 6];
    memcpy(b, xb_graph_data(o.e.n.g, o.m.bias), sizeof b);
    REFUSED(&o.e, xb_edit_rotate(o.e.n.d, &o.e.p, o.op, q, 3), "the op has a bias");
    DONE(&o.e, xb_edit_rotate(o.e.n.d, &o.e.p, o.op, q, 6));
    const float *now = xb_graph_data(o.e.n.g, o.m.bias);
    for (int j = 0; j < 6; j++) {
        double sum = 0;
        for (int i = 0; i < 6; i++) sum += (double)b[i] * wheeled[i][j];
        ck_assert_double_eq_tol((double)now[j], sum, 1e-6);
    }
    mask_every_third(&o.e, o.m.bias);
    REFUSED(&o.e, xb_edit_rotate(o.e.n.d, &o.e.p, o.op, q, 6), "has a mask");
    edited_free(&o.e);
}
END_TEST

START_TEST(matrices_that_cannot_be_turned)
{
    edited e = {.n = net_new(9)};
    float q[64] = {0};
    xb_value x = net_input(&e.n, "x", DIMS(e.n.batch, 4, 5, 5));
    xb_value y = net_conv(&e.n, x, 4, 4, 3, 1, 1, 2);
    xb_op grouped = e.n.op;
    y = net_op(&e.n, "Relu", IN(y));
    xb_op relu = e.n.op;
    y = net_op(&e.n, "ConvTranspose", IN(y, net_const(&e.n, -1, 1, DIMS(4, 2, 2, 2))));
    xb_op transposed = e.n.op;
    xb_value w = net_const(&e.n, -1, 1, DIMS(2, 2, 1, 1));
    y = net_op(&e.n, "Conv", IN(net_op(&e.n, "Conv", IN(y, w)), w));
    xb_op shared = e.n.op;
    edited_begin(&e, y);
    REFUSED(&e, xb_edit_rotate(e.n.d, &e.p, grouped, q, 4), "has 2 groups");
    REFUSED(&e, xb_edit_factor(e.n.d, &e.p, grouped, q, q, 4, NULL, NULL), "has 2 groups");
    REFUSED(&e, xb_edit_split(e.n.d, &e.p, grouped, 2, NULL, NULL), "has 2 groups");
    REFUSED(&e, xb_edit_rotate(e.n.d, &e.p, relu, q, 4), "no constant weight matrix");
    REFUSED(&e, xb_edit_rotate(e.n.d, &e.p, transposed, q, 8), "kernel positions");
    REFUSED(&e, xb_edit_rotate(e.n.d, &e.p, shared, q, 2), "read by other ops");
    REFUSED(&e, xb_edit_rotate(e.n.d, &e.p, shared, q, 0), "0 columns");
    REFUSED(&e, xb_edit_factor(e.n.d, &e.p, shared, q, q, 0, NULL, NULL), "0 is no number");
    REFUSED(&e, xb_edit_split(e.n.d, &e.p, shared, 2, NULL, NULL), "2 outputs cannot be cut at 2");
    REFUSED(&e, xb_edit_split(e.n.d, &e.p, shared, 0, NULL, NULL), "cannot be cut at 0");
    edited_free(&e);
}
END_TEST

START_TEST(a_transposed_convolution_is_factored_with_its_window)
{
    edited e = {.n = net_new(4)};
    float u[12] = {0}, v[3 * 8] = {0};
    xb_op first, second;
    xb_value x = net_input(&e.n, "x", DIMS(e.n.batch, 4, 5, 5)), w = net_const(&e.n, -1, 1, DIMS(4, 2, 2, 2));
    float *data = xb_graph_write(e.n.g, w);
    for (int i = 0; i < 12; i++) u[i] = (float)(i % 5) - 2;
    for (int i = 0; i < 24; i++) v[i] = (float)(i % 7) / 3 - 1;
    for (int c = 0; c < 4; c++)
        for (int m = 0; m < 8; m++)
            data[c * 8 + m] = u[c * 3] * v[m] + u[c * 3 + 1] * v[8 + m] + u[c * 3 + 2] * v[16 + m];
    xb_value y = net_op(&e.n, "ConvTranspose", IN(x, w, net_const(&e.n, -1, 1, DIMS(2))));
    xb_op op = e.n.op;
    net_attr(&e.n, "strides", INTS(2, 1));
    net_attr(&e.n, "pads", INTS(1, 0, 0, 1));
    edited_begin(&e, y);
    xb_tensor before = edited_run(&e);
    DONE(&e, xb_edit_factor(e.n.d, &e.p, op, u, v, 3, &first, &second));
    edited_dims(&e, edited_input(&e, first, 1), DIMS(3, 4, 1, 1));
    edited_dims(&e, edited_input(&e, second, 1), DIMS(3, 2, 2, 2));
    edited_same(&e, before, 1e-5);
    edited_free(&e);
}
END_TEST

/* -- split -- */

START_TEST(halves_give_the_same)
{
    one o = layer(_i / 2, _i % 2, false);
    xb_op half[2];
    mask_every_third(&o.e, o.m.weight);
    xb_slot_state was = *xb_params_find(&o.e.p, o.m.weight);
    float moment[256];
    memcpy(moment, was.m, was.pub.n * sizeof *moment);
    uint8_t mask[256];
    memcpy(mask, was.mask, was.pub.n);
    double rate = xb_params_find(&o.e.p, o.m.weight)->pub.rate = 3;
    xb_tensor before = edited_run(&o.e);
    DONE(&o.e, xb_edit_split(o.e.n.d, &o.e.p, o.op, 1, &half[0], &half[1]));
    edited_same(&o.e, before, 0);
    for (int i = 0; i < 2; i++) {
        xb_matrix m;
        ck_assert(xb_graph_matrix(o.e.n.g, half[i], &m));
        ck_assert(m.rows == o.m.rows && m.cols == (i ? 3 : 1));
        const xb_slot_state *s = xb_params_find(&o.e.p, m.weight);
        ck_assert(s && s->pub.op.id == half[i].id && s->pub.rate == rate);
        for (int64_t r = 0; r < m.rows; r++)
            for (int64_t c = 0; c < m.cols; c++) {
                int64_t to = r * m.row_stride + c * m.col_stride, from = r * o.m.row_stride + (c + i) * o.m.col_stride;
                ck_assert_float_eq(s->m[to], moment[from]);
                ck_assert_float_eq(s->v[to], -moment[from]);
                ck_assert(!s->mask || s->mask[to] == mask[from]);
            }
    }
    ck_assert_str_eq(xb_graph_value_name(o.e.n.g, o.m.weight), "");
    edited_free(&o.e);
}
END_TEST

/* The bias of a MatMul stays one: it is divided with it, and trained on both sides. */
START_TEST(an_added_bias_is_divided)
{
    one o = layer(MATMUL, true, false);
    size_t trained = o.e.p.n;
    DONE(&o.e, xb_edit_split(o.e.n.d, &o.e.p, o.op, 3, NULL, NULL));
    size_t at_once = o.e.p.n;
    xb_params_refresh(&o.e.p, &o.e.r);
    ck_assert_uint_eq(trained, 2);
    ck_assert_uint_eq(at_once, 4);
    ck_assert_uint_eq(o.e.p.n, 4);
    edited_free(&o.e);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, selecting_all_changes_nothing);
    tcase_add_test(t, a_permutation_of_units_is_the_same_function);
    tcase_add_test(t, slices_take_their_state_along);
    tcase_add_test(t, appended_slices_are_new);
    tcase_add_test(t, inner_slices_are_filled_in_their_order);
    tcase_add_test(t, slices_that_are_not_there_are_refused);
    tcase_add_loop_test(t, factors_give_the_same, 0, 2 * KINDS);
    tcase_add_loop_test(t, an_orthogonal_turn_is_the_same_function, 0, KINDS);
    tcase_add_loop_test(t, a_turn_may_narrow, 0, KINDS);
    tcase_add_test(t, a_bias_turns_too);
    tcase_add_test(t, matrices_that_cannot_be_turned);
    tcase_add_test(t, a_transposed_convolution_is_factored_with_its_window);
    tcase_add_loop_test(t, halves_give_the_same, 0, 2 * KINDS);
    tcase_add_test(t, an_added_bias_is_divided);
}

int main(void)
{
    return edited_main("train_edit", add);
}
