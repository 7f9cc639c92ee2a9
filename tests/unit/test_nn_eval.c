/* Scores of real models on real data, and of small ones counted by hand. */
#include "nn_kit.h"

#include "nn/eval.h"
#include "nn/ref.h"
#include "onnx/onnx.h"
#include <unistd.h>

/* Model under $XBARC_DATA; NULL after a notice when there is no such variable. */
static xb_graph *model(xb_diags *d, const char *name)
{
    const char *root = getenv("XBARC_DATA");
    char path[4096];
    if (!root) {
        printf("SKIP: XBARC_DATA is not set\n");
        return NULL;
    }
    snprintf(path, sizeof path, "%s/models/%s", root, name);
    if (access(path, R_OK)) {
        printf("SKIP: no %s\n", path);
        return NULL;
    }
    xb_graph *g = xb_onnx_read(d, path);
    ck_assert_msg(g && xb_graph_infer(d, g, xb_ref_fold), "%s", xb_diags_text(d));
    return g;
}

static xb_score evaluate(xb_diags *d, const xb_graph *g, const xb_graph *reference, const char *spec,
                         const xb_input_map *map, size_t count, int threads)
{
    xb_dataset *s = xb_dataset_open(d, spec, getenv("XBARC_DATA"));
    ck_assert_msg(s != NULL, "%s", xb_diags_text(d));
    xb_score score;
    bool ok = xb_evaluate(d, g, reference, s, map, 0, count, &(xb_engine_options){.threads = threads}, &score);
    ck_assert_msg(ok, "%s", xb_diags_text(d));
    xb_dataset_free(s);
    return score;
}

/* Sanitizers look at memory, for which fewer will do. */
#ifdef __SANITIZE_ADDRESS__
enum { IMAGES = 1000 };
#else
enum { IMAGES = 10000 };
#endif

static void expect(const char *name, const char *spec, const xb_input_map *map, uint64_t correct)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = model(d, name);
    if (g) {
        xb_score a = evaluate(d, g, NULL, spec, map, IMAGES, 1), b = evaluate(d, g, g, spec, map, IMAGES, 2);
        printf("%s: %llu correct, top-5 %.4f, loss %.6f, %.4f..%.4f\n", name, (unsigned long long)a.correct, a.top5,
               a.loss, a.lo95, a.hi95);
        ck_assert_uint_eq(a.total, IMAGES);
        if (IMAGES == 10000) ck_assert_uint_eq(a.correct, correct);
        ck_assert(a.lo95 < a.top1 && a.top1 < a.hi95 && a.top5 > a.top1);
        ck_assert(memcmp(&a.loss, &b.loss, sizeof a.loss) == 0);
        ck_assert_uint_eq(b.correct, a.correct);
        ck_assert(!a.compared && b.compared);
        ck_assert_uint_eq(b.agree, IMAGES);
        ck_assert(b.mse == 0 && isinf(b.psnr));
    }
    xb_graph_free(g);
    xb_diags_free(d);
}

START_TEST(lenet)
{
    expect("lenet-mnist.onnx", "mnist:mnist/t10k", &(xb_input_map){.scale = 1 / 256.0}, 9921);
}
END_TEST

START_TEST(one_image_at_a_time)
{
    expect("mnist-8/model.onnx", "mnist:mnist/t10k", &(xb_input_map){0}, 9891);
}
END_TEST

START_TEST(convnet)
{
    static const double mean[] = {0.4914, 0.4822, 0.4465}, half[] = {0.5};
    const char *root = getenv("XBARC_DATA");
    char path[4096];
    snprintf(path, sizeof path, "%s/cifar10/test_batch.bin", root ? root : "");
    if (access(path, R_OK)) {
        printf("SKIP: no CIFAR-10 under XBARC_DATA\n");
        return;
    }
    xb_input_map map = {.scale = 1 / 255.0, .n_mean = 3, .mean = mean, .n_std = 1, .std = half};
    expect("convnet-cifar10.onnx", "cifar10:cifar10/test", &map, 8022);
}
END_TEST

START_TEST(fast_and_plain_agree)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = model(d, "lenet-mnist.onnx");
    xb_input_map map = {.scale = 1 / 256.0};
    if (g) {
        xb_score fast = evaluate(d, g, NULL, "mnist:mnist/t10k", &map, 200, 2);
        xb_dataset *s = xb_dataset_open(d, "mnist:mnist/t10k", getenv("XBARC_DATA"));
        xb_score plain;
        ck_assert(xb_evaluate(d, g, NULL, s, &map, 0, 200, &(xb_engine_options){.plain = true}, &plain));
        ck_assert_uint_eq(fast.correct, plain.correct);
        ck_assert_double_eq_tol(fast.loss, plain.loss, 1e-6);
        xb_dataset_free(s);
    }
    xb_graph_free(g);
    xb_diags_free(d);
}
END_TEST

/* ---- by hand: the network repeats its input, so items are outputs ---- */

enum { ITEMS = 5, CLASSES = 7 };
static const float item[ITEMS][CLASSES] = {{9, 1, 1, 1, 1, 1, 1},  /* label 0: right */
                                           {5, 5, 0, 0, 0, 0, 0},  /* label 1: tie goes to class 0 */
                                           {6, 5, 4, 3, 2, 1, 0},  /* label 4: fifth */
                                           {6, 5, 4, 3, 2, 1, 0},  /* label 5: sixth */
                                           {0, 0, 0, 0, 0, 0, 7}}; /* label 6: right */
static const unsigned char label[ITEMS] = {0, 1, 4, 5, 6};

/* Writes a .npy file of version 1.0. */
static void npy(const char *path, const char *descr, const char *shape, const void *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    char head[128];
    memset(head, ' ', sizeof head);
    memcpy(head, "\x93NUMPY\x01\x00\x76\x00", 10);
    int n =
        snprintf(head + 10, sizeof head - 10, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    head[10 + n] = ' ';
    head[127] = '\n';
    ck_assert_uint_eq(fwrite(head, 1, sizeof head, f), sizeof head);
    ck_assert_uint_eq(fwrite(data, 1, bytes, f), bytes);
    fclose(f);
}

static char dir[4096], x_path[4200], y_path[4200];
static xb_diags *diags;
static xb_dataset *data;

static void make_data(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/xbarc-eval-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(x_path, sizeof x_path, "%s/x.npy", dir);
    snprintf(y_path, sizeof y_path, "%s/y.npy", dir);
    npy(x_path, "<f4", "(5, 7)", item, sizeof item);
    npy(y_path, "|u1", "(5,)", label, sizeof label);
    char spec[8500];
    snprintf(spec, sizeof spec, "npy:%s,%s", x_path, y_path);
    diags = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    data = xb_dataset_open(diags, spec, NULL);
    ck_assert_msg(data != NULL, "%s", xb_diags_text(diags));
}

static void remove_data(void)
{
    unlink(x_path);
    unlink(y_path);
    rmdir(dir);
    xb_dataset_free(data);
    xb_diags_free(diags);
}

/* y = x * by + plus, of `width` numbers. */
static net repeat(int64_t width, float by, float plus)
{
    net n = net_new(1);
    xb_value y = net_op(&n, "Mul", IN(net_input(&n, "x", DIMS(n.batch, width)), net_scalar(&n, by)));
    xb_graph_add_output(n.g, net_op(&n, "Add", IN(y, net_scalar(&n, plus))));
    net_infer(&n);
    return n;
}

START_TEST(counted_by_hand)
{
    net n = repeat(CLASSES, 1, 0);
    xb_score s;
    ck_assert(xb_evaluate(diags, n.g, NULL, data, &(xb_input_map){0}, 0, 0, &(xb_engine_options){.threads = 2}, &s));
    ck_assert_uint_eq(s.total, 5);
    ck_assert_uint_eq(s.correct, 2);
    ck_assert_double_eq_tol(s.top1, 0.4, 1e-12);
    ck_assert_double_eq_tol(s.top5, 0.8, 1e-12);
    ck_assert_double_eq_tol(s.lo95, 0.117622, 1e-5); /* p = 2/5 */
    ck_assert_double_eq_tol(s.hi95, 0.769282, 1e-5);
    double loss = 0;
    for (int i = 0; i < ITEMS; i++) {
        double sum = 0;
        for (int k = 0; k < CLASSES; k++) sum += exp(item[i][k]);
        loss -= log(exp(item[i][label[i]]) / sum);
    }
    ck_assert_double_eq_tol(s.loss, loss / ITEMS, 1e-6);
    ck_assert(s.labelled && !s.compared);
    net_free(&n);
}
END_TEST

START_TEST(against_a_reference)
{
    net n = repeat(CLASSES, -1, 0.5f), r = repeat(CLASSES, 1, 0);
    xb_score s;
    ck_assert(xb_evaluate(diags, n.g, r.g, data, &(xb_input_map){0}, 1, 3, &(xb_engine_options){.threads = 2}, &s));
    ck_assert_uint_eq(s.total, 3);
    ck_assert_uint_eq(s.agree, 0);
    double square = 0;
    for (int i = 1; i < 4; i++)
        for (int k = 0; k < CLASSES; k++) square += pow(0.5 - 2 * (double)item[i][k], 2);
    ck_assert_double_eq_tol(s.mse, square / (3 * CLASSES), 1e-6);
    ck_assert_double_eq_tol(s.psnr, 10 * log10(36 / s.mse), 1e-9);
    net_free(&n);
    net_free(&r);
}
END_TEST

START_TEST(few_classes)
{
    xb_graph *g = xb_graph_new("n", NULL);
    xb_graph_free(g);
    net n = repeat(5, 1, 0); /* takes five numbers, the data have seven */
    xb_score s;
    ck_assert(!xb_evaluate(diags, n.g, NULL, data, &(xb_input_map){0}, 0, 0, &(xb_engine_options){0}, &s));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "[engine-shape]"));
    net_free(&n);
    n = net_new(1); /* gives five, the labels need seven */
    xb_graph_add_output(n.g, net_dense(&n, net_input(&n, "x", DIMS(n.batch, 7)), 7, 5));
    net_infer(&n);
    ck_assert(!xb_evaluate(diags, n.g, NULL, data, &(xb_input_map){0}, 0, 0, &(xb_engine_options){0}, &s));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "outputs per item"));
    net r = repeat(CLASSES, 1, 0); /* reference and network give different numbers of outputs */
    ck_assert(!xb_evaluate(diags, r.g, n.g, data, &(xb_input_map){0}, 0, 0, &(xb_engine_options){0}, &s));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "the reference network has 5"));
    unsigned errors = xb_diags_errors(diags);
    ck_assert(!xb_evaluate(diags, r.g, NULL, data, &(xb_input_map){0}, 5, 0, &(xb_engine_options){0}, &s));
    ck_assert(!xb_evaluate(diags, r.g, NULL, data, &(xb_input_map){0}, 1, 5, &(xb_engine_options){0}, &s));
    ck_assert(!xb_evaluate(diags, r.g, NULL, data, &(xb_input_map){.n_mean = 3, .mean = (double[]){0, 0, 0}}, 0, 0,
                           &(xb_engine_options){0}, &s));
    ck_assert_uint_eq(xb_diags_errors(diags), errors + 3);
    net_free(&n);
    net_free(&r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_eval");
    TCase *t = tcase_create("models"), *h = tcase_create("by hand");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, lenet);
    tcase_add_test(t, one_image_at_a_time);
    tcase_add_test(t, convnet);
    tcase_add_test(t, fast_and_plain_agree);
    tcase_add_checked_fixture(h, make_data, remove_data);
    tcase_add_test(h, counted_by_hand);
    tcase_add_test(h, against_a_reference);
    tcase_add_test(h, few_classes);
    suite_add_tcase(s, t);
    suite_add_tcase(s, h);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
