/* Services as a pass sees them: structure changed where nobody trains, and linear algebra. */
#include "ir/text.h"
#include "nn/ref.h"
#include "nn_kit.h"
#include "plug/context.h"
#include <xbarc/xbarc.h>

typedef struct pass {
    net n;
    xb_context *c;
    xb_cx *cx;
    const xb_edit_api *edit;
} pass;

static pass pass_new(uint64_t seed)
{
    pass p = {.n = net_new(seed)};
    p.c = xb_context_new(p.n.d, NULL, 1, NULL);
    p.cx = xb_context_begin(p.c, "test", NULL);
    p.edit = p.cx->host->service(p.cx, "xb.edit", 1);
    ck_assert_uint_eq(p.edit->struct_size, sizeof *p.edit);
    return p;
}

static void pass_free(pass *p)
{
    xb_context_end(p->c);
    xb_context_free(p->c);
    net_free(&p->n);
}

/* The graph's text with digests of its weights. */
static char *text_of(const pass *p)
{
    xb_buf b = {0};
    xb_xir_print(p->n.g, xb_json_to_buf, &b, NULL, NULL, NULL);
    return b.data;
}

/* x[6] -> fc1(8) -> relu -> fc2(3) -> softmax */
typedef struct dense {
    pass p;
    xb_op fc1, fc2;
} dense;

static dense dense_new(void)
{
    dense t = {.p = pass_new(11)};
    net *n = &t.p.n;
    xb_value y = net_dense(n, net_input(n, "x", DIMS(n->batch, 6)), 6, 8);
    t.fc1 = n->op;
    y = net_dense(n, net_op(n, "Relu", IN(y)), 8, 3);
    t.fc2 = n->op;
    xb_graph_add_output(n->g, net_op(n, "Softmax", IN(y)));
    net_infer(n);
    return t;
}

static xb_tensor run(pass *p)
{
    return net_run(&p->n, 1, 4, true, 3);
}

static void same(pass *p, xb_tensor before, double off)
{
    net_infer(&p->n);
    xb_tensor now = run(p);
    ck_assert(xb_type_same(&now.type, &before.type));
    for (int64_t i = 0; i < xb_type_count(&now.type); i++)
        ck_assert_double_eq_tol(xb_tensor_get(&now, (size_t)i), xb_tensor_get(&before, (size_t)i), off);
    xb_tensor_free(&now);
    xb_tensor_free(&before);
}

static xb_matrix matrix(const pass *p, xb_op op)
{
    xb_matrix m;
    ck_assert(xb_graph_matrix(p->n.g, op, &m));
    return m;
}

/* -- factor by singular values, merge -- */

START_TEST(factored_by_singular_values_and_merged)
{
    dense t = dense_new();
    pass *p = &t.p;
    const xb_linalg_api *la = p->cx->host->service(p->cx, "xb.linalg", 1);
    xb_matrix m = matrix(p, t.fc1);
    double a[6 * 8], u[6 * 6], s[6], v[8 * 6], product[6 * 8];
    const float *w = xb_graph_data(p->n.g, m.weight);
    for (int i = 0; i < 48; i++) a[i] = (double)w[i / 8 * m.row_stride + i % 8 * m.col_stride];
    ck_assert_int_eq(la->svd(p->cx, 6, 8, a, u, s, v), 0);
    float left[36], right[48];
    double scaled[36], turned[48];
    for (int i = 0; i < 36; i++) scaled[i] = u[i] * s[i % 6], left[i] = (float)scaled[i];
    for (int i = 0; i < 48; i++) turned[i] = v[i % 8 * 6 + i / 8], right[i] = (float)turned[i];
    la->product(6, 6, 8, scaled, turned, product);
    for (int i = 0; i < 48; i++) ck_assert_double_eq_tol(product[i], a[i], 1e-14);

    xb_tensor before = run(p);
    xb_op first, second, op;
    ck_assert_int_eq(p->edit->factor(p->cx, p->n.g, t.fc1, left, right, 6, &first, &second), 0);
    ck_assert_str_eq(xb_graph_op_name(p->n.g, second), "Gemm_v");
    ck_assert_int_eq(p->edit->merge(p->cx, p->n.g, first, second, &op), 0);
    ck_assert_str_eq(xb_graph_op_name(p->n.g, op), "Gemm");
    same(p, before, 1e-6);
    pass_free(p);
}
END_TEST

START_TEST(rotated_in_place)
{
    dense t = dense_new();
    pass *p = &t.p;
    const float swap[9] = {0, 1, 0, 1, 0, 0, 0, 0, 1};
    xb_matrix m = matrix(p, t.fc2);
    float w[24], bias[3];
    memcpy(w, xb_graph_data(p->n.g, m.weight), sizeof w);
    memcpy(bias, xb_graph_data(p->n.g, m.bias), sizeof bias);
    ck_assert_int_eq(p->edit->rotate(p->cx, p->n.g, t.fc2, swap, 3), 0);
    const float *now = xb_graph_data(p->n.g, m.weight), *b = xb_graph_data(p->n.g, m.bias);
    for (int i = 0; i < 8; i++)
        ck_assert(now[i] == w[8 + i] && now[8 + i] == w[i] && now[16 + i] == w[16 + i]); /* units 0, 1 changed places */
    ck_assert(b[0] == bias[1] && b[1] == bias[0] && b[2] == bias[2]);
    ck_assert_int_lt(p->edit->rotate(p->cx, p->n.g, t.fc2, swap, 1), 0);
    ck_assert_msg(strstr(xb_diags_text(p->n.d), "[edit]"), "%s", xb_diags_text(p->n.d));
    pass_free(p);
}
END_TEST

/* -- units -- */

/* Units whose weights are 0 go, and their biases stay behind in the next layer; a mask goes along. */
START_TEST(units_go_and_masks_follow)
{
    dense t = dense_new();
    pass *p = &t.p;
    xb_matrix m = matrix(p, t.fc1), next = matrix(p, t.fc2);
    float *w = xb_graph_write(p->n.g, m.weight), *b = xb_graph_write(p->n.g, m.bias);
    memset(w + 2 * 6, 0, 6 * sizeof *w);
    b[2] = 0.75f;
    int64_t mask[24];
    for (int i = 0; i < 24; i++) mask[i] = i != 3;
    ((float *)xb_graph_write(p->n.g, next.weight))[3] = 0;
    xb_graph_set_note(p->n.g, next.weight, "mask", mask, 24);
    xb_tensor before = run(p);
    ck_assert_int_eq(p->edit->remove_units(p->cx, p->n.g, t.fc1, (int64_t[]){2}, 1, true), 0);
    same(p, before, 1e-6);
    ck_assert_int_eq(matrix(p, t.fc1).cols, 7);
    ck_assert_int_eq(matrix(p, t.fc2).rows, 7);
    const xb_attr *note = xb_graph_note(p->n.g, next.weight, "mask");
    ck_assert_uint_eq(note->n, 21);
    for (int i = 0; i < 21; i++) ck_assert_int_eq(note->ints[i], i != 2);
    pass_free(p);
}
END_TEST

/* Asking changes nothing, and says what removing would say. */
START_TEST(asking_changes_nothing)
{
    dense t = dense_new();
    pass *p = &t.p;
    const int64_t all[8] = {0, 1, 2, 3, 4, 5, 6, 7}, none[1] = {8};
    char *text = text_of(p);
    uint64_t version = xb_graph_version(p->n.g);
    ck_assert_int_eq(p->edit->can_remove(p->cx, p->n.g, t.fc1, all, 7), 0);
    ck_assert_str_eq(xb_diags_text(p->n.d), "");
    const struct {
        xb_op op;
        const int64_t *units;
        size_t n;
    } bad[] = {{t.fc1, all, 8}, {t.fc1, none, 1}, {t.fc2, all, 1}};
    for (size_t i = 0; i < 3; i++) {
        size_t at = strlen(xb_diags_text(p->n.d));
        ck_assert_int_lt(p->edit->can_remove(p->cx, p->n.g, bad[i].op, bad[i].units, bad[i].n), 0);
        ck_assert_uint_eq(xb_diags_errors(p->n.d), 2 * i + 1);
        char *said = xb_strdup(xb_diags_text(p->n.d) + at);
        size_t then = strlen(xb_diags_text(p->n.d));
        ck_assert_int_lt(p->edit->remove_units(p->cx, p->n.g, bad[i].op, bad[i].units, bad[i].n, true), 0);
        ck_assert_str_eq(xb_diags_text(p->n.d) + then, said);
        free(said);
    }
    char *now = text_of(p);
    ck_assert_str_eq(now, text);
    ck_assert_uint_eq(xb_graph_version(p->n.g), version);
    free(text);
    free(now);
    pass_free(p);
}
END_TEST

/* What would go is listed, why not is told without a diagnostic. */
START_TEST(losses_are_told_aside)
{
    dense t = dense_new();
    pass *p = &t.p;
    const xb_losing *list;
    const char *why = "";
    ck_assert_int_eq(p->edit->losses(p->cx, p->n.g, t.fc1, (int64_t[]){5, 1}, 2, &list, &why), 2);
    ck_assert_ptr_null(why);
    ck_assert(list[0].op.id == t.fc1.id && list[0].n_out == 2 && list[0].out[0] == 1 && list[0].out[1] == 5);
    ck_assert(list[1].op.id == t.fc2.id && list[1].n_in == 2 && list[1].n_out == 0);
    ck_assert_int_lt(p->edit->losses(p->cx, p->n.g, t.fc1, (int64_t[]){9}, 1, &list, &why), 0);
    ck_assert_str_eq(why, "node 'Gemm' (Gemm): the op has no unit 9 of 8");
    ck_assert_int_lt(p->edit->losses(p->cx, p->n.g, t.fc2, (int64_t[]){0}, 1, &list, &why), 0);
    ck_assert_str_eq(xb_diags_text(p->n.d), "");
    pass_free(p);
}
END_TEST

/* -- units that do nothing -- */

/* x[2 x 6 x 6] -> conv(4) -> behind -> conv(3, pad) */
typedef struct convs {
    pass p;
    xb_op first, second;
} convs;

static convs convs_new(int64_t pad, const char *behind)
{
    convs t = {.p = pass_new(12)};
    net *n = &t.p.n;
    xb_value y = net_conv(n, net_input(n, "x", DIMS(n->batch, 2, 6, 6)), 2, 4, 3, 1, 0, 1);
    t.first = n->op;
    bool scaled = !strcmp(behind, "InstanceNormalization");
    y = scaled ? net_op(n, behind, IN(y, net_const(n, 1, 2, DIMS(4)), net_const(n, 1, 2, DIMS(4))))
               : net_op(n, behind, IN(y));
    y = net_conv(n, y, 4, 3, 3, 1, pad, 1);
    t.second = n->op;
    xb_graph_add_output(n->g, y);
    net_infer(n);
    return t;
}

/* The weights of input channel `unit` of op become 0. */
static void deafen(const pass *p, xb_op op, int64_t unit)
{
    xb_matrix m;
    ck_assert(xb_graph_matrix(p->n.g, op, &m));
    int64_t each = !strcmp(xb_graph_op_type(p->n.g, op), "Conv") ? 9 : 1;
    for (int64_t r = unit * each; r < (unit + 1) * each; r++)
        for (int64_t c = 0; c < m.cols; c++)
            ((float *)xb_graph_write(p->n.g, m.weight))[r * m.row_stride + c * m.col_stride] = 0;
}

static bool idle(const pass *p, xb_op op, int64_t unit, bool silent)
{
    uint64_t version = xb_graph_version(p->n.g);
    bool yes = p->edit->idle(p->cx, p->n.g, op, &unit, 1, silent);
    ck_assert_str_eq(xb_diags_text(p->n.d), "");
    ck_assert_uint_eq(xb_graph_version(p->n.g), version);
    return yes;
}

START_TEST(idle_units_of_dense_layers)
{
    dense t = dense_new();
    ck_assert(idle(&t.p, t.fc1, 5, true));   /* its bias can be folded */
    ck_assert(!idle(&t.p, t.fc1, 5, false)); /* it is read */
    deafen(&t.p, t.fc2, 5);
    ck_assert(idle(&t.p, t.fc1, 5, false) && !idle(&t.p, t.fc1, 4, false));
    ck_assert(!idle(&t.p, t.fc1, 9, true) && !idle(&t.p, t.fc2, 0, true)); /* those cannot be removed */
    pass_free(&t.p);
}
END_TEST

START_TEST(idle_units_at_borders)
{
    for (int pad = 0; pad < 2; pad++) {
        convs t = convs_new(pad, "Relu");
        xb_matrix m;
        ck_assert(xb_graph_matrix(t.p.n.g, t.first, &m));
        float *bias = xb_graph_write(t.p.n.g, m.bias);
        bias[0] = .5f, bias[1] = -.5f;
        ck_assert(idle(&t.p, t.first, 0, true) == !pad && idle(&t.p, t.first, 1, true));
        ck_assert(!idle(&t.p, t.first, 1, false));
        deafen(&t.p, t.second, 0);
        ck_assert(idle(&t.p, t.first, 0, true) && idle(&t.p, t.first, 0, false));
        pass_free(&t.p);
    }
}
END_TEST

/* What a unit that is not silent gives is no constant channel, whatever normalises it. */
START_TEST(normalised_units_are_read)
{
    convs t = convs_new(0, "InstanceNormalization");
    ck_assert(idle(&t.p, t.first, 2, true) && !idle(&t.p, t.first, 2, false));
    pass_free(&t.p);
}
END_TEST

/* A reader without weights of its own reads, too. */
START_TEST(units_that_a_product_reads)
{
    pass p = pass_new(13);
    net *n = &p.n;
    xb_value x = net_input(n, "x", DIMS(3, 6));
    xb_value a = net_dense(n, x, 6, 8);
    xb_op op = n->op;
    xb_value b = net_op(n, "Transpose", IN(net_dense(n, x, 6, 8)));
    net_attr(n, "perm", INTS(1, 0));
    xb_graph_add_output(n->g, net_op(n, "MatMul", IN(a, b)));
    net_infer(n);
    ck_assert(!idle(&p, op, 2, false));
    pass_free(&p);
}
END_TEST

/* -- what came back -- */

START_TEST(undo_brings_all_back)
{
    dense t = dense_new();
    pass *p = &t.p;
    const xb_train_api *train = p->cx->host->service(p->cx, "xb.train", 1);
    xb_graph *came = xb_graph_clone(p->n.g);
    xb_matrix m;
    char *was = text_of(p);
    xb_context_entering(p->c, came, "");
    ck_assert(xb_graph_matrix(p->n.g, t.fc1, &m));
    ((float *)xb_graph_write(p->n.g, m.weight))[0] = 7;
    xb_graph_set_note(p->n.g, m.weight, "frozen", (int64_t[]){1}, 1);
    ck_assert_int_eq(p->edit->remove_units(p->cx, p->n.g, t.fc1, (int64_t[]){1}, 1, true), 0);
    uint64_t version = xb_graph_version(p->n.g);
    train->undo(p->cx, p->n.g);
    char *is = text_of(p);
    ck_assert_str_eq(was, is);
    ck_assert(xb_graph_matrix(p->n.g, t.fc1, &m) && m.cols == 8 && !xb_graph_note(p->n.g, m.weight, "frozen"));
    ck_assert_uint_gt(xb_graph_version(p->n.g), version); /* it is seen as edited */
    free(was);
    free(is);
    xb_graph_free(came);
    pass_free(p);
}
END_TEST

/* -- the rest -- */

START_TEST(patterns_are_globs)
{
    pass p = pass_new(1);
    ck_assert(p.edit->matches("fc*", "fc10") && p.edit->matches("conv1", "conv1") && p.edit->matches("*", "x"));
    ck_assert(!p.edit->matches("fc*", "xfc1") && !p.edit->matches("conv1", "conv11"));
    pass_free(&p);
}
END_TEST

START_TEST(merge_refuses_with_words)
{
    dense t = dense_new();
    ck_assert_int_lt(t.p.edit->merge(t.p.cx, t.p.n.g, t.fc1, t.fc2, NULL), 0);
    ck_assert_msg(
        strstr(xb_diags_text(t.p.n.d), "cannot be merged with 'Gemm_1': that does not read its result [edit]"), "%s",
        xb_diags_text(t.p.n.d));
    pass_free(&t.p);
}
END_TEST

START_TEST(linear_algebra_refuses_with_words)
{
    pass p = pass_new(1);
    const xb_linalg_api *la = p.cx->host->service(p.cx, "xb.linalg", 1);
    double a[4] = {1, (double)NAN, 1, 1}, u[4], s[2], v[4];
    ck_assert_uint_eq(la->struct_size, sizeof *la);
    ck_assert_int_lt(la->svd(p.cx, 2, 2, a, u, s, v), 0);
    ck_assert_int_lt(la->eigh(p.cx, 2, a, s, v), 0);
    ck_assert_int_lt(la->qr(p.cx, 2, 2, a, u, v), 0);
    ck_assert_uint_eq(xb_diags_errors(p.n.d), 3);
    a[1] = 0;
    ck_assert_int_eq(la->eigh(p.cx, 2, a, s, v), 0);
    ck_assert_int_eq(la->qr(p.cx, 2, 2, a, u, v), 0);
    la->product_tn(2, 2, 2, a, a, v);
    ck_assert(v[0] == 2 && v[1] == 1 && v[2] == 1 && v[3] == 1);
    pass_free(&p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("service_edit");
    TCase *t = tcase_create("service_edit");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, factored_by_singular_values_and_merged);
    tcase_add_test(t, rotated_in_place);
    tcase_add_test(t, units_go_and_masks_follow);
    tcase_add_test(t, asking_changes_nothing);
    tcase_add_test(t, losses_are_told_aside);
    tcase_add_test(t, idle_units_of_dense_layers);
    tcase_add_test(t, idle_units_at_borders);
    tcase_add_test(t, normalised_units_are_read);
    tcase_add_test(t, units_that_a_product_reads);
    tcase_add_test(t, undo_brings_all_back);
    tcase_add_test(t, patterns_are_globs);
    tcase_add_test(t, merge_refuses_with_words);
    tcase_add_test(t, linear_algebra_refuses_with_words);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
