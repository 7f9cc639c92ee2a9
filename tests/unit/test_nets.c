/* The networks of examples/nets: they read, are whole, and have the weights, parameters and products they are known by.
 */
#include "base/file.h"
#include "ir/infer.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "nn/engine.h"
#include "suite.h"
#include <stdlib.h>
#include <string.h>

typedef struct figures {
    const char *file;
    int64_t weights, parameters, macs; /* parameters: and biases, scales, shifts */
    int64_t classes;
    int dropouts;
} figures;

static const figures nets[] = {
    {"a-lenet", 430500, 431080, 2293000, 10, 0},
    {"b-convnet", 89440, 89578, 12298240, 10, 0},
    {"c-keras-mnist", 1199648, 1199882, 11992448, 10, 2},
    {"d-cifar9", 3375296, 3377866, 154995200, 10, 5},
    {"d-cifar9-half", 844896, 846186, 39191808, 10, 5},
    {"e-vgg16", 15239872, 15249354, 313725952, 10, 2},
    {"e-vgg16-half", 3811680, 3816426, 78875136, 10, 2},
    {"f-mlp-50", 39700, 39760, 39700, 10, 0},
    {"f-mlp-50-50", 42200, 42310, 42200, 10, 0},
    {"g-cnn", 116704, 116906, 10763904, 10, 0},
    {"h-cifar-2cl", 3249856, 3252176, 154869760, 16, 4},
    {"h-cifar-2cl-half", 814944, 816112, 39161856, 16, 4},
    {"h-cifar-3cl", 3376832, 3379408, 154996736, 16, 5},
    {"h-cifar-3cl-half", 845664, 846960, 39192576, 16, 5},
    {"h-cifar100-2cl", 3307200, 3309632, 154927104, 128, 4},
    {"h-cifar100-3cl", 3405504, 3408192, 155025408, 128, 5},
    {"i-mnist-conv2", 2518464, 2519354, 13128864, 10, 0},
    {"j-mnist-cl", 88928, 89050, 88928, 10, 0},
};
enum { NETS = sizeof nets / sizeof *nets };

static xb_graph *load(xb_diags *d, const char *name)
{
    const char *top = getenv("srcdir");
    char path[512];
    snprintf(path, sizeof path, "%s/examples/nets/%s.xir", top ? top : ".", name);
    xb_graph *g = xb_xir_read(d, path);
    ck_assert_msg(g != NULL, "%s", xb_diags_text(d));
    return g;
}

static int64_t count(const xb_graph *g, xb_value v)
{
    return xb_type_count(xb_graph_type(g, v));
}

static bool has_suffix(const xb_graph *g, xb_value v, const char *suffix)
{
    return xb_ends_with(xb_graph_value_name(g, v), suffix);
}

/* What training changes: all constants but running statistics and ratios. */
static int64_t parameters(const xb_graph *g)
{
    int64_t n = 0;
    for (xb_value v = {1}; v.id < xb_graph_value_limit(g); v.id++)
        if (xb_graph_is_const(g, v) && (has_suffix(g, v, ".weight") || has_suffix(g, v, ".bias"))) n += count(g, v);
    return n;
}

START_TEST(figures_are_right)
{
    const figures *f = &nets[_i];
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = load(d, f->file);
    xb_buf before = {0}, after = {0};
    xb_xir_print(g, xb_json_to_buf, &before, NULL, NULL, NULL);
    ck_assert_msg(xb_graph_infer(d, g, NULL) && xb_graph_verify(d, g), "%s", xb_diags_text(d));
    xb_xir_print(g, xb_json_to_buf, &after, NULL, NULL, NULL);
    ck_assert_str_eq(before.data, after.data); /* every type is as the file says */
    int64_t weights = 0, macs = 0, dropouts = 0;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        xb_matrix m;
        dropouts += xb_graph_kind(g, op) == XB_OP_Dropout;
        if (!xb_graph_matrix(g, op, &m)) continue;
        weights += m.groups * m.rows * m.cols;
        macs += m.groups * m.rows * m.cols * m.mvms;
        char want[64];
        snprintf(want, sizeof want, "%s.weight", m.name);
        ck_assert_str_eq(xb_graph_value_name(g, m.weight), want);
    }
    const xb_value *out;
    ck_assert_int_eq(weights, f->weights);
    ck_assert_int_eq(macs, f->macs);
    ck_assert_int_eq(parameters(g), f->parameters);
    ck_assert_int_eq(dropouts, f->dropouts);
    ck_assert_uint_eq(xb_graph_outputs(g, &out), 1);
    ck_assert_int_eq(xb_graph_type(g, out[0])->dim[1], f->classes);
    ck_assert_int_ne(xb_graph_batch_symbol(g), 0);
    xb_buf_free(&before);
    xb_buf_free(&after);
    xb_graph_free(g);
    xb_diags_free(d);
}
END_TEST

/* Weights are zeros and normalisations do nothing, so that every score is 0. */
START_TEST(scores_are_zero)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = load(d, nets[_i].file);
    ck_assert_msg(xb_graph_infer(d, g, NULL), "%s", xb_diags_text(d));
    const xb_value *in;
    xb_graph_inputs(g, &in);
    xb_type t = *xb_graph_type(g, in[0]);
    t.dim[0] = 2;
    xb_tensor x = {0}, y = {0};
    ck_assert(xb_tensor_alloc(&x, &t));
    for (int64_t i = 0; i < xb_type_count(&t); i++) xb_tensor_set(&x, (size_t)i, (double)(i % 7) / 8);
    xb_engine *e = xb_engine_new(d, g, &(xb_engine_options){.threads = 1, .micro_batch = 2});
    ck_assert_msg(e && xb_engine_run(e, &x, 1, &y, 1), "%s", xb_diags_text(d));
    ck_assert_int_eq(xb_type_count(&y.type), 2 * nets[_i].classes);
    for (int64_t i = 0; i < xb_type_count(&y.type); i++) ck_assert_double_eq(xb_tensor_get(&y, (size_t)i), 0);
    for (xb_value v = {1}; v.id < xb_graph_value_limit(g); v.id++) {
        if (!xb_graph_is_const(g, v) || has_suffix(g, v, ".ratio")) continue;
        const float *w = xb_graph_data(g, v);
        bool one = has_suffix(g, v, ".running_var") || (has_suffix(g, v, ".weight") && xb_graph_type(g, v)->rank == 1);
        int64_t n = count(g, v), wrong = 0;
        for (int64_t i = 0; i < n; i++) wrong += w[i] != (one ? 1.0f : 0.0f);
        ck_assert_msg(wrong == 0, "%s", xb_graph_value_name(g, v));
    }
    xb_tensor_free(&x);
    xb_tensor_free(&y);
    xb_engine_free(e);
    xb_graph_free(g);
    xb_diags_free(d);
}
END_TEST

/* Share of the convolutions, where it is published. */
START_TEST(convolutions)
{
    static const struct {
        const char *file;
        int64_t weights, macs;
    } conv[] = {{"e-vgg16", 14710464, 313196544},
                {"h-cifar-2cl", 1144512, 152764416},
                {"i-mnist-conv2", 52000, 10662400},
                {"g-cnn", 79200, 10726400}};
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    for (size_t i = 0; i < sizeof conv / sizeof *conv; i++) {
        xb_graph *g = load(d, conv[i].file);
        int64_t weights = 0, macs = 0;
        for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
            xb_matrix m;
            if (xb_graph_kind(g, op) != XB_OP_Conv || !xb_graph_matrix(g, op, &m)) continue;
            weights += m.groups * m.rows * m.cols;
            macs += m.groups * m.rows * m.cols * m.mvms;
        }
        ck_assert_int_eq(weights, conv[i].weights);
        ck_assert_int_eq(macs, conv[i].macs);
        xb_graph_free(g);
    }
    xb_diags_free(d);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("nets");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, figures_are_right, 0, NETS);
    tcase_add_loop_test(t, scores_are_zero, 0, NETS);
    tcase_add_test(t, convolutions);
    return run_case("nets", t);
}
