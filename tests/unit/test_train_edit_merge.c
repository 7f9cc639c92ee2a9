/* Two layers in a row become one: factor undone to the letter, other pairs the same function, and what is refused. */
#include "train_edit_layers.h"
#include "train_kit.h"

static char *text_of(const edited *e)
{
    xb_buf b = {0};
    xb_xir_print(e->n.g, xb_json_to_buf, &b, NULL, NULL, NULL);
    return b.data;
}

/* -- factor, undone -- */

enum { RANK = 3 };

/* W = u v in numbers that float32 holds exactly. */
static void exact_factors(one *o, float *u, float *v)
{
    for (int64_t i = 0; i < o->m.rows * RANK; i++) u[i] = (float)(i * 7 % 11) - 5;
    for (int64_t i = 0; i < RANK * o->m.cols; i++) v[i] = (float)(i * 5 % 13) / 8 - 0.75f;
    float *w = xb_graph_write(o->e.n.g, o->m.weight);
    for (int64_t r = 0; r < o->m.rows; r++)
        for (int64_t c = 0; c < o->m.cols; c++) {
            float sum = 0;
            for (int64_t k = 0; k < RANK; k++) sum += u[r * RANK + k] * v[k * o->m.cols + c];
            w[r * o->m.row_stride + c * o->m.col_stride] = sum;
        }
}

/* Moments other than 0 everywhere. */
static void stir(edited *e)
{
    for (size_t i = 0; i < e->p.n; i++)
        for (size_t k = 0; k < e->p.at[i].pub.n; k++) e->p.at[i].m[k] = 1, e->p.at[i].v[k] = 2;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a text in alphabetical order: constants stand in the order in which they were made. */
static char *sorted(const char *text)
{
    char *copy = xb_strdup(text), *line[64], *save = NULL;
    size_t n = 0;
    for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        ck_assert_uint_lt(n, 64);
        line[n++] = l;
    }
    qsort(line, n, sizeof *line, by_text);
    xb_buf b = {0};
    for (size_t i = 0; i < n; i++) xb_buf_printf(&b, "%s\n", line[i]);
    free(copy);
    return b.data;
}

/* The text of the graph is what it was, line by line: names, attributes, weights; and it is read again. */
static void is_as_before(const edited *e, char *before)
{
    char *now = text_of(e), *a = sorted(now), *b = sorted(before);
    ck_assert_str_eq(a, b);
    free(a);
    free(b);
    if (!strstr(now, "digest")) {
        xb_graph *again = xb_xir_parse(e->n.d, "again.xir", now, strlen(now));
        ck_assert_msg(again != NULL, "%s", xb_diags_text(e->n.d));
        xb_graph_free(again);
    }
    free(now);
    free(before);
}

static void undo(one *o, const float *u, const float *v)
{
    edited *e = &o->e;
    xb_op first, second, op;
    char *text = text_of(e);
    xb_tensor before = edited_run(e);
    DONE(e, xb_edit_factor(e->n.d, &e->p, o->op, u, v, RANK, &first, &second));
    xb_params_refresh(&e->p, &e->r);
    net_infer(&e->n);
    xb_matrix m;
    ck_assert(xb_graph_matrix(e->n.g, second, &m));
    mask_every_third(e, m.weight);
    xb_params_set_mask(&e->p, xb_params_find(&e->p, m.weight), NULL);
    stir(e);
    DONE(e, xb_edit_merge(e->n.d, &e->p, first, second, &op));
    ck_assert_str_eq(xb_graph_op_type(e->n.g, first), "");
    ck_assert_str_eq(xb_graph_op_type(e->n.g, second), "");
    edited_same(e, before, 1e-6);
    is_as_before(e, text);
    ck_assert(xb_graph_matrix(e->n.g, op, &m));
    is_new(e, m.weight);
    if (m.bias.id) is_new(e, m.bias);
    ck_assert_int_eq(m.rows, o->m.rows);
    ck_assert_int_eq(m.cols, o->m.cols);
}

START_TEST(merge_undoes_factor)
{
    one o = layer(_i, true, false);
    float u[54 * RANK], v[RANK * 6];
    exact_factors(&o, u, v);
    undo(&o, u, v);
    edited_free(&o.e);
}
END_TEST

static void is_like(const edited *e, xb_op op)
{
    xb_matrix m;
    ck_assert(xb_graph_matrix(e->n.g, op, &m));
    const xb_slot_state *s = xb_params_find(&e->p, m.weight);
    ck_assert(s && s->pub.rate == 2 && s->pub.decay == 0.5 && s->pub.frozen && s->born == 9 && s->pub.op.id == op.id);
    ck_assert_int_eq(xb_graph_note(e->n.g, m.weight, "frozen")->ints[0], 1);
    is_new(e, m.weight);
}

/* Rate, decay and frozen go from the weight to its two parts, and back. */
START_TEST(parts_are_trained_like_the_whole)
{
    one o = layer(_i, true, false);
    edited *e = &o.e;
    float u[54 * RANK], v[RANK * 6];
    xb_op first, second, op;
    exact_factors(&o, u, v);
    xb_graph_set_note(e->n.g, o.m.weight, "frozen", (int64_t[]){1}, 1);
    xb_param *w = &xb_params_find(&e->p, o.m.weight)->pub;
    w->rate = 2, w->decay = 0.5, w->frozen = true;
    e->p.step = 9;
    DONE(e, xb_edit_factor(e->n.d, &e->p, o.op, u, v, RANK, &first, &second));
    xb_params_refresh(&e->p, &e->r);
    net_infer(&e->n);
    is_like(e, first);
    is_like(e, second);
    DONE(e, xb_edit_merge(e->n.d, &e->p, first, second, &op));
    xb_params_refresh(&e->p, &e->r);
    is_like(e, op);
    edited_free(e);
}
END_TEST

/* The columns of its matrix are kernel positions; the 1 x 1 Conv is the first of the two. */
START_TEST(merge_undoes_the_factors_of_a_transposed_convolution)
{
    one o = {.e.n = net_new(4)};
    net *n = &o.e.n;
    float u[4 * RANK], v[RANK * 8];
    xb_value x = net_input(n, "x", DIMS(n->batch, 4, 5, 5));
    xb_value y = net_op(n, "ConvTranspose", IN(x, net_const(n, -1, 1, DIMS(4, 2, 2, 2)), net_const(n, -1, 1, DIMS(2))));
    o.op = n->op;
    net_attr(n, "strides", INTS(2, 1));
    net_attr(n, "pads", INTS(1, 0, 0, 1));
    edited_begin(&o.e, y);
    ck_assert(xb_graph_matrix(n->g, o.op, &o.m));
    exact_factors(&o, u, v);
    undo(&o, u, v);
    edited_free(&o.e);
}
END_TEST

/* -- other pairs -- */

static void merged(edited *e, xb_op first, xb_op second, const char *name, const char *weight)
{
    xb_op op;
    xb_matrix m;
    xb_tensor before = edited_run(e);
    DONE(e, xb_edit_merge(e->n.d, &e->p, first, second, &op));
    edited_same(e, before, 1e-6);
    ck_assert_str_eq(xb_graph_op_name(e->n.g, op), name);
    ck_assert(xb_graph_matrix(e->n.g, op, &m));
    ck_assert_str_eq(xb_graph_value_name(e->n.g, m.weight), weight);
    ck_assert_uint_eq(xb_graph_op_count(e->n.g), 1);
    is_new(e, m.weight);
}

/* alpha 0.5 twice, beta of the second, weights laid out in two ways; it bears the name of the first. */
START_TEST(dense_layers_of_two_layouts)
{
    edited e = {.n = net_new(31)};
    net *n = &e.n;
    bool flip = _i;
    xb_value x = net_input(n, "x", DIMS(n->batch, 6)), none = {0};
    xb_value w = flip ? net_const(n, -1, 1, DIMS(5, 6)) : net_const(n, -1, 1, DIMS(6, 5));
    xb_value y = gemm(n, x, w, none, false, flip);
    xb_op first = n->op;
    w = flip ? net_const(n, -1, 1, DIMS(5, 4)) : net_const(n, -1, 1, DIMS(4, 5));
    y = gemm(n, y, w, net_const(n, -1, 1, DIMS(4)), false, !flip);
    xb_op second = n->op;
    edited_begin(&e, y);
    merged(&e, first, second, "Gemm", "const");
    edited_free(&e);
}
END_TEST

/* A C that beta makes nothing is no bias. */
START_TEST(a_bias_times_zero_is_none)
{
    edited e = {.n = net_new(32)};
    net *n = &e.n;
    xb_value x = net_input(n, "x", DIMS(n->batch, 6));
    xb_value w = net_const(n, -1, 1, DIMS(6, 5)), y = gemm(n, x, w, net_const(n, -1, 1, DIMS(5)), false, false);
    xb_op first = n->op;
    xb_graph_set_float(n->g, first, "beta", 0);
    y = gemm(n, y, net_const(n, -1, 1, DIMS(5, 4)), (xb_value){0}, false, false);
    edited_begin(&e, y);
    merged(&e, first, n->op, "Gemm", "const");
    edited_free(&e);
}
END_TEST

/* A window with padding before, in one dimension and in three. */
START_TEST(convolutions_of_other_ranks)
{
    edited e = {.n = net_new(33)};
    net *n = &e.n;
    xb_value x, y;
    if (_i) {
        x = net_input(n, "x", DIMS(n->batch, 2, 5, 4, 3));
        y = net_op(n, "Conv", IN(x, net_const(n, -1, 1, DIMS(3, 2, 2, 2, 2))));
        net_attr(n, "pads", INTS(1, 0, 1, 0, 1, 0));
    } else {
        x = net_input(n, "x", DIMS(n->batch, 2, 9));
        y = net_op(n, "Conv", IN(x, net_const(n, -1, 1, DIMS(3, 2, 3))));
        net_attr(n, "pads", INTS(1, 0));
        net_attr(n, "dilations", INTS(2));
    }
    xb_op first = n->op;
    y = net_op(n, "Conv",
               IN(y, _i ? net_const(n, -1, 1, DIMS(5, 3, 1, 1, 1)) : net_const(n, -1, 1, DIMS(5, 3, 1)),
                  net_const(n, -1, 1, DIMS(5))));
    edited_begin(&e, y);
    merged(&e, first, n->op, "Conv", "const");
    edited_free(&e);
}
END_TEST

/* The first's weight serves another op, too: it stays, and the product is called after it. */
START_TEST(a_shared_weight_stays)
{
    edited e = {.n = net_new(34)};
    net *n = &e.n;
    xb_value x = net_input(n, "x", DIMS(n->batch, 4)), w = net_const(n, -1, 1, DIMS(4, 4));
    xb_value y = net_op(n, "MatMul", IN(x, w));
    xb_op first = n->op, op;
    y = net_op(n, "MatMul", IN(y, w));
    xb_op second = n->op;
    y = net_op(n, "MatMul", IN(net_op(n, "Relu", IN(y)), w));
    edited_begin(&e, y);
    xb_tensor before = edited_run(&e);
    DONE(&e, xb_edit_merge(e.n.d, &e.p, first, second, &op));
    edited_same(&e, before, 1e-6);
    ck_assert_uint_eq(xb_graph_users(n->g, w), 1);
    ck_assert_str_eq(xb_graph_value_name(n->g, w), "const");
    ck_assert_str_eq(xb_graph_value_name(n->g, edited_input(&e, op, 1)), "const_1");
    ck_assert_float_eq(xb_params_find(&e.p, w)->m[3], 4); /* and its state with it */
    is_new(&e, edited_input(&e, op, 1));
    edited_free(&e);
}
END_TEST

/* The sums are those of float64, rounded once. */
START_TEST(products_are_rounded_once)
{
    edited e = {.n = net_new(35)};
    net *n = &e.n;
    const float a[4] = {16777216, 1, 1, -16777216}, b[4] = {1, 1, 1, 1};
    xb_type ta = net_type(DIMS(1, 4)), tb = net_type(DIMS(4, 1));
    xb_value x = net_input(n, "x", DIMS(n->batch, 1));
    xb_value y = net_op(n, "MatMul", IN(x, xb_graph_add_const(n->g, "p_u", &ta, a)));
    xb_op first = n->op, op;
    y = net_op(n, "MatMul", IN(y, xb_graph_add_const(n->g, "p_v", &tb, b)));
    edited_begin(&e, y);
    DONE(&e, xb_edit_merge(n->d, &e.p, first, n->op, &op));
    xb_value w = edited_input(&e, op, 1);
    ck_assert_float_eq(*(const float *)xb_graph_data(n->g, w), 2);
    ck_assert_str_eq(xb_graph_value_name(n->g, w), "p");
    edited_free(&e);
}
END_TEST

/* -- refused -- */

typedef struct pair {
    edited e;
    xb_value y[2];
    xb_op op[2];
} pair;

enum { SECOND_KERNEL, SECOND_STRIDE, SECOND_PADS, SECOND_GROUPS, FIRST_GROUPS, FIRST_BIAS, FINE };

/* Conv 3 x 3 and Conv 1 x 1 but for one thing. */
static pair convs(int what)
{
    pair c = {.e.n = net_new(41)};
    net *n = &c.e.n;
    int64_t k = what == SECOND_KERNEL ? 2 : 1, g = what == SECOND_GROUPS ? 2 : 1, first = what == FIRST_GROUPS ? 2 : 1;
    xb_value x = net_input(n, "x", DIMS(n->batch, 2, 5, 5)), none = {0};
    xb_value bias = what == FIRST_BIAS ? net_const(n, -1, 1, DIMS(4)) : none;
    c.y[0] = net_op(n, "Conv", IN(x, net_const(n, -1, 1, DIMS(4, 2 / first, 3, 3)), bias));
    c.op[0] = n->op;
    xb_graph_set_int(n->g, n->op, "group", first);
    c.y[1] = net_op(n, "Conv", IN(c.y[0], net_const(n, -1, 1, DIMS(2, 4 / g, k, k))));
    c.op[1] = n->op;
    xb_graph_set_int(n->g, n->op, "group", g);
    net_attr(n, "strides", INTS(1, what == SECOND_STRIDE ? 2 : 1));
    net_attr(n, "pads", INTS(0, 0, what == SECOND_PADS, 0));
    edited_begin(&c.e, c.y[1]);
    return c;
}

#define NOT_MERGED(c, words) REFUSED(&(c)->e, xb_edit_merge((c)->e.n.d, &(c)->e.p, (c)->op[0], (c)->op[1], NULL), words)

START_TEST(convolutions_that_are_not_one_matrix)
{
    static const char *const words[] = {
        "'Conv' (Conv): error: the op cannot be merged with 'Conv_1': that is not 1 x 1",
        "that is not 1 x 1 with stride 1 and no padding",
        "that is not 1 x 1 with stride 1 and no padding",
        "'Conv_1' (Conv): error: the op has 2 groups, not 1",
        "'Conv' (Conv): error: the op has 2 groups, not 1",
        "it has a bias"};
    pair c = convs(_i);
    if (_i < FINE)
        NOT_MERGED(&c, words[_i]);
    else
        DONE(&c.e, xb_edit_merge(c.e.n.d, &c.e.p, c.op[0], c.op[1], NULL));
    edited_free(&c.e);
}
END_TEST

START_TEST(results_that_others_see)
{
    pair c = convs(FINE);
    xb_graph_add_output(c.e.n.g, c.y[0]);
    NOT_MERGED(&c, "its result has other readers, or is the graph's");
    edited_free(&c.e);
    c = convs(FINE);
    xb_graph_add_output(c.e.n.g, net_op(&c.e.n, "Relu", IN(c.y[0])));
    NOT_MERGED(&c, "its result has other readers, or is the graph's");
    edited_free(&c.e);
}
END_TEST

START_TEST(weights_that_are_tied)
{
    pair c = convs(FINE);
    xb_value w = edited_input(&c.e, c.op[1], 1);
    ck_assert(xb_params_tie(c.e.n.d, &c.e.p, &(xb_tied){.to = w, .from = w, .from_at = 4, .n = 4, .gain = 1}));
    NOT_MERGED(&c, "the weights are tied to others");
    edited_free(&c.e);
}
END_TEST

START_TEST(ops_that_do_not_follow_one_another)
{
    pair c = {.e.n = net_new(43)};
    net *n = &c.e.n;
    xb_value x = net_input(n, "x", DIMS(n->batch, 4)), y = net_op(n, "MatMul", IN(x, net_const(n, -1, 1, DIMS(4, 4))));
    xb_op first = c.op[0] = n->op;
    y = net_op(n, "Relu", IN(y));
    xb_op relu = n->op;
    y = net_op(n, "MatMul", IN(y, net_const(n, -1, 1, DIMS(4, 4))));
    xb_op second = c.op[1] = n->op;
    edited_begin(&c.e, y);
    NOT_MERGED(&c, "that does not read its result"); /* an activation in between */
    c.op[1] = relu;
    NOT_MERGED(&c, "'Relu' (Relu): error: the op has no constant weight matrix");
    c.op[1] = first;
    NOT_MERGED(&c, "that does not read its result");
    c.op[0] = second;
    NOT_MERGED(&c, "that does not read its result");
    edited_free(&c.e);
}
END_TEST

enum { SIDES, TURNED, KINDS_DIFFER, RANKS, SPREAD };

static pair others(int what)
{
    pair c = {.e.n = net_new(44)};
    net *n = &c.e.n;
    xb_value none = {0}, w = what == RANKS ? net_const(n, -1, 1, DIMS(1, 4, 4)) : net_const(n, -1, 1, DIMS(4, 4));
    xb_value v = net_const(n, -1, 1, DIMS(4, 4));
    if (what == SPREAD) {
        xb_value x = net_input(n, "x", DIMS(n->batch, 4, 3, 3));
        c.y[0] = net_op(n, "ConvTranspose", IN(x, net_const(n, -1, 1, DIMS(4, 2, 2, 2))));
        c.op[0] = n->op;
        c.y[1] = net_op(n, "Conv", IN(c.y[0], net_const(n, -1, 1, DIMS(2, 2, 1, 1))));
    } else {
        bool three = what == RANKS || what == SIDES, left = what == SIDES;
        xb_value x = three ? net_input(n, "x", DIMS(n->batch, 4, 4)) : net_input(n, "x", DIMS(4, 4));
        c.y[0] = what == TURNED ? gemm(n, x, v, none, false, false) : net_op(n, "MatMul", IN(x, v));
        c.op[0] = n->op;
        c.y[1] = three ? net_op(n, "MatMul", IN(left ? w : c.y[0], left ? c.y[0] : w))
                       : gemm(n, c.y[0], w, none, what == TURNED, false);
    }
    c.op[1] = n->op;
    edited_begin(&c.e, c.y[1]);
    return c;
}

START_TEST(matrices_that_do_not_multiply)
{
    static const char *const words[] = {"their weights are not on the same side", "that reads the result transposed",
                                        "they are not of one kind", "the shapes of their weights do not fit",
                                        "a ConvTranspose can only be the second"};
    pair c = others(_i);
    NOT_MERGED(&c, words[_i]);
    edited_free(&c.e);
}
END_TEST

static void tests(TCase *t)
{
    tcase_add_loop_test(t, merge_undoes_factor, 0, KINDS);
    tcase_add_loop_test(t, parts_are_trained_like_the_whole, 0, KINDS);
    tcase_add_test(t, merge_undoes_the_factors_of_a_transposed_convolution);
    tcase_add_loop_test(t, dense_layers_of_two_layouts, 0, 2);
    tcase_add_test(t, a_bias_times_zero_is_none);
    tcase_add_loop_test(t, convolutions_of_other_ranks, 0, 2);
    tcase_add_test(t, a_shared_weight_stays);
    tcase_add_test(t, products_are_rounded_once);
    tcase_add_loop_test(t, convolutions_that_are_not_one_matrix, 0, FINE + 1);
    tcase_add_test(t, results_that_others_see);
    tcase_add_test(t, weights_that_are_tied);
    tcase_add_test(t, ops_that_do_not_follow_one_another);
    tcase_add_loop_test(t, matrices_that_do_not_multiply, 0, SPREAD + 1);
}

int main(void)
{
    return edited_main("train_edit_merge", tests);
}
