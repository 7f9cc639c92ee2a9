/* Constants that several parameters are: after unsharing they train as those of a network that never shared them. */
#include "nn/train/unshare.h"
#include "suite.h"
#include "train_kit.h"

#define DATA "digits:512@1"

/* conv 4 @ 5x5 / 2 -> norm -> pool -> conv 4 @ 1x1 -> norm -> dense 10; %s: the constants of both norms, then the ops.
 */
static const char *const norm_net =
    "xir 1\n"
    "graph \"norms\"\n"
    "symbol batch\n"
    "input %%x f32[batch,1,28,28]\n"
    "const %%w1 f32[4,1,5,5] = digest 0\n"
    "const %%w2 f32[4,4,1,1] = digest 0\n"
    "const %%w3 f32[10,144] = digest 0\n"
    "%s"
    "op conv1 Conv(%%x, %%w1, %%%s) {strides = [2, 2]} => %%a f32[batch,4,12,12]\n"
    "op bn1 BatchNormalization(%%a, %%%s, %%%s, %%%s, %%%s) => %%b f32[batch,4,12,12]\n"
    "op pool MaxPool(%%b) {kernel_shape = [2, 2], strides = [2, 2]} => %%c f32[batch,4,6,6]\n"
    "op conv2 Conv(%%c, %%w2, %%%s) => %%d f32[batch,4,6,6]\n"
    "op bn2 BatchNormalization(%%d, %%%s, %%%s, %%%s, %%%s) => %%e f32[batch,4,6,6]\n"
    "op slope PRelu(%%e, %%%s) => %%f f32[batch,4,6,6]\n"
    "op slope2 PRelu(%%f, %%%s) => %%g f32[batch,4,6,6]\n"
    "op flat Flatten(%%g) => %%h f32[batch,144]\n"
    "op fc Gemm(%%h, %%w3) {transB = 1} => %%y f32[batch,10]\n"
    "output %%y\n"
    "end\n";

enum { PLACES = 12 };

/* The net whose 12 parameters have these names. */
static xb_graph *norms(xb_diags *d, const char *const *name)
{
    xb_buf consts = {0}, text = {0};
    for (int i = 0; i < PLACES; i++) {
        bool seen = false;
        for (int k = 0; k < i; k++) seen |= !strcmp(name[k], name[i]);
        if (!seen) xb_buf_printf(&consts, "const %%%s f32[%s] = digest 0\n", name[i], i < 10 ? "4" : "4,1,1");
    }
    xb_buf_printf(&text, norm_net, xb_buf_cstr(&consts), name[0], name[1], name[2], name[3], name[4], name[5], name[6],
                  name[7], name[8], name[9], name[10], name[11]);
    xb_graph *g = xb_xir_parse_blank(d, "norms.xir", text.data, text.len);
    ck_assert_msg(g && xb_graph_infer(d, g, xb_ref_fold), "%s", xb_diags_text(d));
    xb_buf_free(&consts);
    xb_buf_free(&text);
    return g;
}

static xb_value of(const xb_graph *g, const char *op, size_t i)
{
    const xb_value *in;
    ck_assert_uint_gt(xb_graph_op_inputs(g, xb_graph_find_op(g, op), &in), i);
    return in[i];
}

static void set(xb_graph *g, const char *op, size_t i, float x, float step)
{
    xb_value v = of(g, op, i);
    float *w = xb_graph_write(g, v);
    for (int64_t k = 0; k < xb_type_count(xb_graph_type(g, v)); k++) w[k] = x + step * (float)(k % 7);
}

/* As a fresh network comes out of an exporter: ones, zeros, a quarter. */
static void start(xb_graph *g)
{
    set(g, "conv1", 1, -0.1f, 0.05f), set(g, "conv2", 1, -0.4f, 0.2f), set(g, "fc", 1, -0.2f, 0.06f);
    set(g, "conv1", 2, 0, 0), set(g, "conv2", 2, 0, 0);
    for (int i = 1; i <= 2; i++) {
        const char *op = i == 1 ? "bn1" : "bn2";
        set(g, op, 1, 1, 0), set(g, op, 2, 0, 0), set(g, op, 3, 0, 0), set(g, op, 4, 1, 0);
    }
    set(g, "slope", 1, 0.25f, 0), set(g, "slope2", 1, 0.25f, 0);
}

static const char *const apart[PLACES] = {"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11"};

/* Ones for scales and variances, zeros for shifts, means and biases, one slope; and as torch's Identity writes it, one
 * constant for each role. */
static const char *const merged[][PLACES] = {
    {"zero", "one", "zero", "zero", "one", "zero", "one", "zero", "zero", "one", "slope", "slope"},
    {"bias", "s", "shift", "m", "v", "bias", "s", "shift", "m", "v", "slope", "slope"},
    {"b0", "s0", "h0", "m0", "s0", "b1", "s1", "h1", "m1", "v1", "a0", "a1"},
};
static const size_t copies[] = {9, 6, 1};

static const struct {
    const char *op;
    size_t input;
} place[PLACES] = {{"conv1", 2}, {"bn1", 1}, {"bn1", 2}, {"bn1", 3}, {"bn1", 4},   {"conv2", 2},
                   {"bn2", 1},   {"bn2", 2}, {"bn2", 3}, {"bn2", 4}, {"slope", 1}, {"slope2", 1}};

static void train(kit *k, xb_graph *g)
{
    xb_graph_become(k->g, g);
    ck_assert_msg(kit_train(k), "%s", xb_diags_text(k->d));
}

START_TEST(merged_constants_train_apart)
{
    static const char *const recipe = "{steps: 12, batch: 32, rate: 0.05, decay: 1e-3}";
    kit one, other;
    kit_begin(&one, small_net, DATA, recipe);
    kit_begin(&other, small_net, DATA, recipe);
    xb_graph *a = norms(one.d, merged[_i]), *b = norms(other.d, apart);
    start(a), start(b);
    train(&one, a);
    train(&other, b);
    char said[80];
    snprintf(said, sizeof said, "%zu cop%s made, '", copies[_i], copies[_i] == 1 ? "y" : "ies");
    ck_assert_msg(strstr(xb_diags_text(one.d), said) && strstr(xb_diags_text(one.d), "[train-shared]"), "%s",
                  xb_diags_text(one.d));
    ck_assert_ptr_null(strstr(xb_diags_text(other.d), "train-shared"));
    size_t moved = 0;
    for (int i = 0; i < PLACES; i++) {
        xb_value v = of(one.g, place[i].op, place[i].input), w = of(other.g, place[i].op, place[i].input);
        size_t n = (size_t)xb_type_count(xb_graph_type(one.g, v));
        const float *x = xb_graph_data(one.g, v), *y = xb_graph_data(other.g, w);
        ck_assert_msg(!memcmp(x, y, n * sizeof *x), "input %zu of %s differs", place[i].input, place[i].op);
        moved += x[0] != 0 && x[0] != 1;
    }
    ck_assert_uint_ge(moved, PLACES - 2); /* the bias ahead of a normalisation has next to no gradient */
    kit_end(&one);
    kit_end(&other);
}
END_TEST

START_TEST(fresh_weights_are_apart)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = norms(d, merged[0]);
    xb_init_weights(g, XB_INIT_HE, 1);
    static const float want[PLACES] = {0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0.25f, 0.25f};
    for (int i = 0; i < PLACES; i++) {
        xb_value v = of(g, place[i].op, place[i].input);
        const float *x = xb_graph_data(g, v);
        for (int k = 0; k < 4; k++) ck_assert(x[k] == want[i]);
        ck_assert_uint_eq(xb_graph_users(g, v), 1);
    }
    ck_assert_str_eq(xb_graph_value_name(g, of(g, "bn2", 4)), "bn2.variance");
    xb_graph_free(g);
    xb_diags_free(d);
}
END_TEST

START_TEST(nothing_to_do_does_nothing)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = norms(d, apart);
    uint64_t version = xb_graph_version(g);
    ck_assert_uint_eq(xb_unshare(d, g), 0);
    ck_assert_uint_eq(xb_graph_version(g), version);
    ck_assert_str_eq(xb_diags_text(d), "");
    xb_graph_free(g);
    xb_diags_free(d);
}
END_TEST

/* ---- branches ---- */

typedef struct branch {
    xb_op conv, norm, slope;
} branch;

static xb_value side(net *n, branch *b, xb_value w, const xb_value *of)
{
    xb_value x = net_op(n, "Conv", IN(net_input(n, "x", DIMS(n->batch, 2, 4, 4)), w, of[0]));
    b->conv = n->op;
    x = net_op(n, "BatchNormalization", IN(x, of[1], of[2], of[3], of[4]));
    b->norm = n->op;
    x = net_op(n, "PRelu", IN(x, of[5]));
    b->slope = n->op;
    return x;
}

static xb_value at(const net *n, xb_op op, size_t i)
{
    const xb_value *in;
    ck_assert_uint_gt(xb_graph_op_inputs(n->g, op, &in), i);
    return in[i];
}

static void params(net *n, xb_value *of)
{
    for (int i = 0; i < 5; i++) of[i] = net_const(n, 1, 2, DIMS(3));
    of[5] = net_const(n, 0, 1, DIMS(3, 1, 1));
}

/* Two branches with all constants shared, a third one with its own weight. */
START_TEST(siamese_branches_stay_shared)
{
    net n = net_new(1);
    xb_value w = net_const(&n, -1, 1, DIMS(3, 2, 1, 1)), other = net_const(&n, -1, 1, DIMS(3, 2, 1, 1)), of[6];
    branch a, b, c;
    params(&n, of);
    xb_value x = side(&n, &a, w, of), y = side(&n, &b, w, of), z = side(&n, &c, other, of);
    xb_graph_add_output(n.g, net_op(&n, "Concat", IN(x, y, z)));
    xb_graph_set_int(n.g, n.op, "axis", 1);
    int64_t mask[] = {1, 0, 1};
    xb_graph_set_note(n.g, of[1], "mask", mask, 3);
    xb_graph_set_note(n.g, of[2], "frozen", NULL, 0);
    net_infer(&n);
    ck_assert_uint_eq(xb_unshare(n.d, n.g), 6);
    for (size_t i = 0; i < 6; i++) {
        xb_op p = i == 0  ? a.conv
                  : i < 5 ? a.norm
                          : a.slope,
              q = i == 0  ? b.conv
                  : i < 5 ? b.norm
                          : b.slope,
              r = i == 0  ? c.conv
                  : i < 5 ? c.norm
                          : c.slope;
        size_t k = i == 0 ? 2 : i < 5 ? i : 1;
        ck_assert_uint_eq(at(&n, p, k).id, of[i].id);
        ck_assert_uint_eq(at(&n, q, k).id, of[i].id);
        ck_assert_uint_ne(at(&n, r, k).id, of[i].id);
        ck_assert_mem_eq(xb_graph_data(n.g, at(&n, r, k)), xb_graph_data(n.g, of[i]), 3 * sizeof(float));
    }
    const xb_attr *note = xb_graph_note(n.g, at(&n, c.norm, 1), "mask");
    ck_assert(note && note->n == 3 && !memcmp(note->ints, mask, sizeof mask));
    note = xb_graph_note(n.g, at(&n, c.norm, 2), "frozen");
    ck_assert(note && note->n == 0);
    ck_assert_ptr_null(xb_graph_note(n.g, at(&n, c.norm, 3), "frozen"));
    ck_assert_uint_eq(at(&n, a.conv, 1).id, at(&n, b.conv, 1).id);
    ck_assert_uint_eq(xb_unshare(n.d, n.g), 0);
    net_free(&n);
}
END_TEST

/* One constant in another place, and the normalisations of one weight are apart; what shares by chance alone, too. */
START_TEST(other_places_are_not_siamese)
{
    net n = net_new(1);
    xb_value w = net_const(&n, -1, 1, DIMS(3, 2, 1, 1)), of[6], turned[6];
    branch a, b;
    params(&n, of);
    memcpy(turned, of, sizeof of);
    turned[3] = of[2], turned[2] = of[3];
    xb_value x = side(&n, &a, w, of), y = side(&n, &b, w, turned);
    xb_graph_add_output(n.g, net_op(&n, "Add", IN(x, y)));
    net_infer(&n);
    ck_assert_uint_eq(xb_unshare(n.d, n.g), 4);
    for (size_t i = 1; i < 5; i++) ck_assert_uint_ne(at(&n, a.norm, i).id, at(&n, b.norm, i).id);
    ck_assert_uint_eq(at(&n, b.conv, 2).id, of[0].id);
    ck_assert_uint_eq(at(&n, b.slope, 1).id, of[5].id);
    net_free(&n);
}
END_TEST

/* Two normalisations of one result are two; a bias that is a factor elsewhere, or brought by Adds, is its op's own. */
START_TEST(heads_and_other_readers)
{
    net n = net_new(1);
    xb_value x = net_input(&n, "x", DIMS(n.batch, 5)), b = net_const(&n, 1, 2, DIMS(5));
    x = net_op(&n, "MatMul", IN(x, net_const(&n, -1, 1, DIMS(5, 5))));
    x = net_op(&n, "Add", IN(b, x));
    xb_op first = n.op;
    x = net_op(&n, "MatMul", IN(x, net_const(&n, -1, 1, DIMS(5, 5))));
    x = net_op(&n, "Add", IN(x, b));
    xb_op second = n.op;
    xb_value of[4];
    for (int i = 0; i < 4; i++) of[i] = net_const(&n, 1, 2, DIMS(5));
    xb_value y = net_op(&n, "BatchNormalization", IN(x, of[0], of[1], of[2], of[3]));
    xb_op left = n.op;
    xb_value z = net_op(&n, "BatchNormalization", IN(x, of[0], of[1], of[2], of[3]));
    xb_op right = n.op;
    xb_graph_add_output(n.g, net_op(&n, "Mul", IN(net_op(&n, "Add", IN(y, z)), b)));
    xb_op factor = n.op;
    net_infer(&n);
    ck_assert_uint_eq(xb_unshare(n.d, n.g), 2 + 4);
    ck_assert_uint_eq(at(&n, factor, 1).id, b.id);
    ck_assert_uint_ne(at(&n, first, 0).id, b.id);
    ck_assert_uint_ne(at(&n, second, 1).id, b.id);
    ck_assert_uint_ne(at(&n, first, 0).id, at(&n, second, 1).id);
    for (size_t i = 1; i < 5; i++) ck_assert_uint_ne(at(&n, left, i).id, at(&n, right, i).id);
    net_free(&n);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("unshare");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, merged_constants_train_apart, 0, 3);
    tcase_add_test(t, fresh_weights_are_apart);
    tcase_add_test(t, nothing_to_do_does_nothing);
    tcase_add_test(t, siamese_branches_stay_shared);
    tcase_add_test(t, other_places_are_not_siamese);
    tcase_add_test(t, heads_and_other_readers);
    return run_case("train_unshare", t);
}
