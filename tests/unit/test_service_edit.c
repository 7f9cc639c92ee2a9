/* Services as a pass sees them: structure changed where nobody trains, and linear algebra. */
#include "ir/module.h"
#include "ir/text.h"
#include "nn/ref.h"
#include "nn_kit.h"
#include "plug/context.h"
#include "suite.h"
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

/* Lists and maps alike; a pattern must mean a synaptic layer, and one of `within`. */
START_TEST(names_in_options)
{
    dense t = dense_new();
    pass *p = &t.p;
    const char *word[] = {"x", "Gemm*", "Gemm"};
    const xb_map_item item[] = {{"Gemm_1", NULL}, {"*", NULL}};
    const xb_list words = {word, 3}, tail = {word + 1, 2}, map = {(void *)item, 2}, none = {0};
    ck_assert_int_eq(p->edit->which(&words, false, "Gemm"), 1);
    ck_assert_int_eq(p->edit->which(&words, false, "y"), -1);
    ck_assert_int_eq(p->edit->which(&words, false, "aGemm"), -1);
    ck_assert_int_eq(p->edit->which(&tail, false, "Gemm_10"), 0);
    ck_assert_int_eq(p->edit->which(&map, true, "Gemm_1"), 0);
    ck_assert_int_eq(p->edit->which(&map, true, "Gemm"), 1);
    ck_assert_int_eq(p->edit->which(&none, true, "Gemm"), -1);
    ck_assert_int_eq(p->edit->check_names(p->cx, p->n.g, "layers", &tail, false, NULL), 0);
    ck_assert_int_eq(p->edit->check_names(p->cx, p->n.g, "ranks", &map, true, &none), 0);
    ck_assert_str_eq(xb_diags_text(p->n.d), "");
    ck_assert_int_lt(p->edit->check_names(p->cx, p->n.g, "layers", &words, false, NULL), 0);
    ck_assert_ptr_nonnull(strstr(xb_diags_text(p->n.d), "'layers: x' is the name or pattern of no layer [pass-check]"));
    const xb_list first = {word + 2, 1};
    ck_assert_int_lt(p->edit->check_names(p->cx, p->n.g, "ranks", &map, true, &first), 0);
    ck_assert_ptr_nonnull(
        strstr(xb_diags_text(p->n.d), "'ranks: Gemm_1' is the name or pattern of no layer that 'layers' means"));
    ck_assert_uint_eq(xb_diags_errors(p->n.d), 2);
    const char *relu = "Relu"; /* an op, but no layer */
    ck_assert_int_lt(p->edit->check_names(p->cx, p->n.g, "layers", &(xb_list){&relu, 1}, false, NULL), 0);
    pass_free(p);
}
END_TEST

START_TEST(layers_are_found_and_counted)
{
    dense t = dense_new();
    const xb_graph_api *graph = t.p.cx->host->service(t.p.cx, "xb.graph", 1);
    ck_assert_uint_eq(graph->find_op(t.p.n.g, "Gemm_1").id, t.fc2.id);
    ck_assert_uint_eq(graph->find_op(t.p.n.g, "Gemm_2").id, 0);
    ck_assert_int_eq(graph->cells(t.p.n.g), 6 * 8 + 8 * 3);
    pass_free(&t.p);
}
END_TEST

/* -- the journal -- */

START_TEST(steps_tell_under_their_names)
{
    dense t = dense_new();
    xb_module *m = xb_module_new(xb_graph_clone(t.p.n.g));
    const xb_journal_api *journal = t.p.cx->host->service(t.p.cx, "xb.journal", 1);
    const xb_fact *f;
    xb_cx cx = *t.p.cx;
    cx.instance = "shrink@b";
    cx.seed = 7;
    journal->tell(&cx, m, "units", "fc1", &(xb_fact){.value = 3});
    journal->tell(&cx, m, "top1", NULL, &(xb_fact){.value = 0.5, .unit = "ratio", .split = "holdout", .along = "step"});
    journal->warn(&cx, m, "shrunk", "%d of %s", 2, "fc1");
    journal->warn(&cx, m, NULL, "unsaid");
    ck_assert_uint_eq(journal->facts(m, &f), 4);
    ck_assert(!strcmp(f[0].key, "pass.shrink@b.units.fc1") && !strcmp(f[0].unit, "1") && !strcmp(f[0].split, ""));
    ck_assert(!strcmp(f[0].source, "pass shrink") && f[0].seed == 7 && f[0].value == 3 && !f[0].along);
    ck_assert(!strcmp(f[1].key, "pass.shrink@b.top1") && !strcmp(f[1].unit, "ratio") && !strcmp(f[1].split, "holdout"));
    ck_assert_str_eq(f[1].along, "step");
    ck_assert(!strcmp(f[2].key, "warning") && !strcmp(f[2].text, "shrink@b: 2 of fc1"));
    ck_assert(!strcmp(f[3].key, "warning") && !strcmp(f[3].text, "shrink@b: unsaid"));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(t.p.n.d), "warning: shrink@b: 2 of fc1 [shrunk]"));
    ck_assert_ptr_null(strstr(xb_diags_text(t.p.n.d), "unsaid"));
    xb_module_free(m);
    pass_free(&t.p);
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
    TCase *t = tcase_create("service_edit");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, factored_by_singular_values_and_merged);
    tcase_add_test(t, units_go_and_masks_follow);
    tcase_add_test(t, losses_are_told_aside);
    tcase_add_test(t, idle_units_of_dense_layers);
    tcase_add_test(t, idle_units_at_borders);
    tcase_add_test(t, normalised_units_are_read);
    tcase_add_test(t, units_that_a_product_reads);
    tcase_add_test(t, undo_brings_all_back);
    tcase_add_test(t, names_in_options);
    tcase_add_test(t, layers_are_found_and_counted);
    tcase_add_test(t, steps_tell_under_their_names);
    tcase_add_test(t, merge_refuses_with_words);
    tcase_add_test(t, linear_algebra_refuses_with_words);
    return run_case("service_edit", t);
}
