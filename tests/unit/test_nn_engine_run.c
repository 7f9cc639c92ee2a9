/* Runs, streams and their errors: threads, micro-batches, sizes known late. */
#include "nn_kit.h"
#include "suite.h"

#include "nn/dnnl.h"
#include <omp.h>
#include <stdatomic.h>

static net small_net(void)
{
    net n = net_new(1);
    xb_value x = net_input(&n, "x", DIMS(n.batch, 3, 12, 12));
    x = net_op(&n, "Relu", IN(net_conv(&n, x, 3, 20, 5, 1, 0, 1)));
    x = net_op(&n, "MaxPool", IN(x));
    net_attr(&n, "kernel_shape", INTS(2, 2));
    net_attr(&n, "strides", INTS(2, 2));
    x = net_op(&n, "Sigmoid", IN(net_conv(&n, x, 20, 32, 3, 1, 1, 1)));
    x = net_op(&n, "Erf", IN(net_conv(&n, x, 32, 32, 3, 1, 1, 1)));
    xb_graph_add_output(n.g, net_dense(&n, net_op(&n, "Flatten", IN(x)), 32 * 16, 10));
    net_infer(&n);
    return n;
}

static size_t bytes_of(const xb_tensor *t)
{
    size_t b = 0;
    ck_assert(xb_type_bytes(&t->type, &b));
    return b;
}

START_TEST(threads_change_nothing)
{
    net n = small_net();
    xb_tensor one = net_run(&n, 1, 8, false, 75);
    ck_assert_int_eq(one.type.dim[0], 75);
    for (int threads = 2; threads <= 4; threads *= 2) {
        xb_tensor t = net_run(&n, threads, 8, false, 75);
        ck_assert_int_eq(memcmp(one.data, t.data, bytes_of(&one)), 0);
        xb_tensor_free(&t);
    }
    xb_tensor_free(&one);
    net_free(&n);
}
END_TEST

/* The first items' results do not depend on how many follow, be they items or padding. */
START_TEST(padding_changes_nothing)
{
    net n = small_net();
    xb_tensor whole = net_run(&n, 2, 16, false, 64);
    for (int64_t size = 1; size < 64; size += 13) {
        xb_tensor part = net_run(&n, 2, 16, false, size);
        ck_assert_int_eq(memcmp(whole.data, part.data, bytes_of(&part)), 0);
        xb_tensor_free(&part);
    }
    xb_tensor_free(&whole);
    net_free(&n);
}
END_TEST

START_TEST(no_items)
{
    net n = small_net();
    xb_tensor out = net_run(&n, 2, 16, false, 0);
    ck_assert_int_eq(out.type.dim[0], 0);
    ck_assert_int_eq(out.type.dim[1], 10);
    xb_tensor_free(&out);
    net_free(&n);
}
END_TEST

/* ---- streams ---- */

typedef struct feed {
    const xb_tensor *data;
    size_t item, outputs;
    float *out;
    atomic_int seen[100];
    atomic_bool threads_wrong;
    size_t fail_at;
} feed;

static bool fill(void *context, int worker, size_t first, size_t count, float *in)
{
    feed *f = context;
    (void)worker;
    if (omp_get_max_threads() != 1) f->threads_wrong = true;
    if (first >= f->fail_at) return false;
    memcpy(in, (const float *)f->data->data + first * f->item, count * f->item * sizeof *in);
    return true;
}

static bool take(void *context, int worker, size_t first, size_t count, const float *out, const xb_type *type)
{
    feed *f = context;
    (void)worker;
    if (type->rank != 2 || type->dim[1] != (int64_t)f->outputs) return false;
    for (size_t i = first; i < first + count; i++) f->seen[i]++;
    memcpy(f->out + first * f->outputs, out, count * f->outputs * sizeof *out);
    return true;
}

START_TEST(streams_equal_runs)
{
    net n = small_net();
    xb_tensor x = net_feed(&n, 0, 75), want = net_run(&n, 1, 8, false, 75);
    xb_engine *e = net_engine(&n, 1 << _i, 8, false);
    feed f = {.data = &x, .fail_at = SIZE_MAX};
    size_t call;
    xb_type out;
    ck_assert(xb_engine_stream_shape(e, &call, &f.item, &out));
    ck_assert_uint_eq(call, 8);
    ck_assert_uint_eq(f.item, 3 * 12 * 12);
    ck_assert_int_eq(out.dim[0], 8);
    f.outputs = 10;
    f.out = xb_calloc(75 * 10, sizeof(float));
    omp_set_num_threads(3);
    for (int again = 1; again <= 2; again++) {
        ck_assert(xb_engine_stream(e, 75, fill, take, &f));
        for (int i = 0; i < 75; i++) ck_assert_int_eq(f.seen[i], again);
        ck_assert_int_eq(memcmp(f.out, want.data, bytes_of(&want)), 0);
    }
    ck_assert(!f.threads_wrong);
    ck_assert_int_eq(omp_get_max_threads(), 3);
    ck_assert(xb_engine_stream(e, 0, fill, take, &f));
    f.fail_at = 40;
    ck_assert(!xb_engine_stream(e, 75, fill, take, &f));
    free(f.out);
    xb_engine_free(e);
    xb_tensor_free(&x);
    xb_tensor_free(&want);
    net_free(&n);
}
END_TEST

/* A model made for one image at a time: items go one by one. */
START_TEST(fixed_batch)
{
    net n = net_new(2);
    xb_value x = net_input(&n, "x", DIMS(1, 2, 6, 6));
    int64_t flat[] = {1, 8 * 36};
    x = net_op(&n, "Reshape", IN(net_conv(&n, x, 2, 8, 3, 1, 1, 1), net_ints(&n, 2, flat)));
    xb_graph_add_output(n.g, net_dense(&n, x, 8 * 36, 5));
    net_infer(&n);
    xb_engine *e = net_engine(&n, 2, 0, false);
    size_t call;
    xb_type out;
    xb_type many = net_type(DIMS(30, 2, 6, 6));
    xb_tensor data;
    ck_assert(xb_tensor_alloc(&data, &many));
    for (size_t i = 0; i < 30 * 72; i++) ((float *)data.data)[i] = (float)i / 2160;
    feed f = {.data = &data, .outputs = 5, .fail_at = SIZE_MAX, .out = xb_calloc(30 * 5, sizeof(float))};
    ck_assert(xb_engine_stream_shape(e, &call, &f.item, &out));
    ck_assert_uint_eq(call, 1);
    ck_assert(xb_engine_stream(e, 30, fill, take, &f));
    xb_tensor one = {.type = net_type(DIMS(1, 2, 6, 6)), .data = (float *)data.data + 17 * 72}, y;
    ck_assert(xb_engine_run(e, &one, 1, &y, 1));
    ck_assert_int_eq(memcmp(y.data, f.out + 17 * 5, 5 * sizeof(float)), 0);
    xb_tensor_free(&y);
    one.type.dim[0] = 2;
    ck_assert(!xb_engine_run(e, &one, 1, &y, 1));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "engine-shape"));
    free(f.out);
    xb_tensor_free(&data);
    xb_engine_free(e);
    net_free(&n);
}
END_TEST

/* A mean over the batch: no cutting, another plan for every size. */
START_TEST(batch_that_cannot_be_cut)
{
    net n = net_new(3);
    xb_value x = net_op(&n, "ReduceMean", IN(net_dense(&n, net_input(&n, "x", DIMS(n.batch, 6)), 6, 4)));
    net_attr(&n, "axes", INTS(0));
    xb_graph_set_int(n.g, n.op, "keepdims", 1);
    xb_graph_add_output(n.g, x);
    net_infer(&n);
    xb_engine *e = net_engine(&n, 2, 0, false), *plain = net_engine(&n, 2, 0, true);
    xb_buf b = {0};
    xb_engine_describe(e, &b);
    ck_assert_ptr_nonnull(strstr(xb_buf_cstr(&b), "no plan"));
    xb_buf_free(&b);
    for (int64_t size = 3; size < 100; size += 40) {
        xb_tensor in = net_feed(&n, 0, size), y, z;
        ck_assert(xb_engine_run(e, &in, 1, &y, 1));
        ck_assert(xb_engine_run(plain, &in, 1, &z, 1));
        ck_assert_int_eq(y.type.dim[0], 1);
        for (size_t i = 0; i < 4; i++) ck_assert_double_eq_tol(xb_tensor_get(&y, i), xb_tensor_get(&z, i), 1e-6);
        xb_tensor_free(&in);
        xb_tensor_free(&y);
        xb_tensor_free(&z);
    }
    xb_engine_free(e);
    xb_engine_free(plain);
    net_free(&n);
}
END_TEST

/* Image sizes that come with the image; two inputs; two outputs. */
START_TEST(sizes_known_late)
{
    net n = net_new(4);
    int64_t h = xb_graph_symbol_id(n.g, "h");
    xb_value a = net_input(&n, "a", DIMS(n.batch, 3, h, 8)), b = net_input(&n, "b", DIMS(n.batch, 4, h, 8));
    xb_value y = net_op(&n, "Add", IN(net_conv(&n, a, 3, 4, 3, 1, 1, 1), b));
    xb_graph_add_output(n.g, y);
    xb_graph_add_output(n.g, net_op(&n, "GlobalAveragePool", IN(y)));
    net_infer(&n);
    xb_engine *e = net_engine(&n, 2, 4, false), *plain = net_engine(&n, 1, 4, true);
    for (int64_t rows = 5; rows < 8; rows++) {
        xb_type ta = net_type(DIMS(6, 3, rows, 8)), tb = net_type(DIMS(6, 4, rows, 8));
        xb_tensor in[2], out[2], want[2];
        ck_assert(xb_tensor_alloc(&in[0], &ta) && xb_tensor_alloc(&in[1], &tb));
        for (size_t i = 0; i < 6 * 3 * 8 * (size_t)rows; i++) ((float *)in[0].data)[i] = (float)(i % 17);
        for (size_t i = 0; i < 6 * 4 * 8 * (size_t)rows; i++) ((float *)in[1].data)[i] = (float)(i % 13);
        ck_assert(xb_engine_run(e, in, 2, out, 2));
        ck_assert(xb_engine_run(plain, in, 2, want, 2));
        for (int k = 0; k < 2; k++) {
            ck_assert(xb_type_same(&out[k].type, &want[k].type));
            ck_assert_str_eq(out[k].name, want[k].name);
            for (int64_t i = 0; i < xb_type_count(&out[k].type); i++)
                ck_assert_double_eq_tol(xb_tensor_get(&out[k], (size_t)i), xb_tensor_get(&want[k], (size_t)i), 1e-3);
            xb_tensor_free(&out[k]);
            xb_tensor_free(&want[k]);
        }
        if (rows == 7) {
            in[1].type.dim[2] = 6; /* h would be two sizes at once */
            ck_assert(!xb_engine_run(e, in, 2, out, 2));
        }
        xb_tensor_free(&in[0]);
        xb_tensor_free(&in[1]);
    }
    size_t call, item;
    xb_type t;
    ck_assert(!xb_engine_stream_shape(e, &call, &item, &t));
    ck_assert(!xb_engine_stream(e, 3, fill, take, NULL));
    xb_engine_free(e);
    xb_engine_free(plain);
    net_free(&n);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(wrong_inputs)
{
    net n = small_net();
    xb_engine *e = net_engine(&n, 1, 4, false);
    xb_tensor good = net_feed(&n, 0, 2), in = good, out[2];
    unsigned errors = 0;
    for (int k = 0; k < 6; k++) {
        in = good;
        if (k == 0) in.type.dim[1] = 4;
        if (k == 1) in.type.rank = 3;
        if (k == 2) in.type.dtype = XB_F64;
        if (k == 3) in.data = NULL;
        if (k == 4) in.type.dim[0] = -1;
        ck_assert(!xb_engine_run(e, &in, k == 5 ? 0 : 1, out, 1));
        ck_assert_uint_eq(xb_diags_errors(n.d), ++errors);
        ck_assert_ptr_null(out[0].data);
    }
    ck_assert(!xb_engine_run(e, &good, 1, out, 2));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "missing"));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "f32[2,4,12,12]"));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "[engine-shape]"));
    ck_assert(xb_engine_run(e, &good, 1, out, 1)); /* and is as good as new */
    xb_tensor_free(&out[0]);
    xb_tensor_free(&good);
    xb_engine_free(e);
    xb_engine_free(NULL);
    net_free(&n);
}
END_TEST

static bool shape_of(net *n)
{
    xb_engine *e = net_engine(n, 1, 4, false);
    size_t call, item;
    xb_type t;
    bool ok = xb_engine_stream_shape(e, &call, &item, &t);
    xb_engine_free(e);
    return ok;
}

START_TEST(what_cannot_stream)
{
    net n = net_new(5); /* integers */
    xb_type t = {.dtype = XB_I64, .rank = 2, .dim = {n.batch, 3}};
    xb_graph_add_output(n.g, net_op(&n, "Abs", IN(xb_graph_add_input(n.g, "x", &t))));
    net_infer(&n);
    ck_assert(!shape_of(&n));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "input is not float"));
    net_free(&n);
    n = net_new(6); /* integers come out */
    xb_graph_add_output(n.g, net_op(&n, "ArgMax", IN(net_input(&n, "x", DIMS(n.batch, 3)))));
    xb_graph_set_int(n.g, n.op, "axis", 1);
    net_infer(&n);
    ck_assert(!shape_of(&n));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "output is not float"));
    net_free(&n);
    n = net_new(7); /* two inputs */
    xb_value a = net_input(&n, "a", DIMS(n.batch, 3)), b = net_input(&n, "b", DIMS(n.batch, 3));
    xb_graph_add_output(n.g, net_op(&n, "Add", IN(a, b)));
    net_infer(&n);
    ck_assert(!shape_of(&n));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "one input"));
    net_free(&n);
}
END_TEST

/* Types that oneDNN is not used for run in plain C, among others that it is. */
START_TEST(other_types)
{
    net n = net_new(8);
    xb_value x = net_dense(&n, net_input(&n, "x", DIMS(n.batch, 6)), 6, 16);
    x = net_op(&n, "Cast", IN(x));
    xb_graph_set_int(n.g, n.op, "to", 11); /* double */
    x = net_op(&n, "Exp", IN(x));
    x = net_op(&n, "Cast", IN(x));
    xb_graph_set_int(n.g, n.op, "to", 1);
    xb_graph_add_output(n.g, net_op(&n, "Relu", IN(x)));
    net_infer(&n);
    net_agrees(&n, 9);
    net_planned(&n, "Cast plain C");
    xb_engine *e = net_engine(&n, 1, 4, false);
    size_t fast;
    ck_assert_uint_eq(xb_engine_ops(e, &fast), 5);
    ck_assert_uint_eq(fast, 2);
    xb_engine_free(e);
    net_free(&n);
}
END_TEST

/* Graph outputs that are an input, a constant, a view of another output, and an output that others read. */
START_TEST(odd_outputs)
{
    net n = net_new(9);
    xb_value x = net_input(&n, "x", DIMS(2, 16, 4, 4));
    xb_value y = net_conv(&n, x, 16, 16, 3, 1, 1, 1), r = net_op(&n, "Relu", IN(y));
    xb_value all[] = {x, net_const(&n, 0, 1, DIMS(2, 2)), y, net_op(&n, "Flatten", IN(y)), net_op(&n, "Add", IN(r, y))};
    for (int i = 0; i < 5; i++) xb_graph_add_output(n.g, all[i]);
    net_infer(&n);
    xb_tensor in = net_feed(&n, 0, 2), out[2][5];
    for (int k = 0; k < 2; k++) {
        xb_engine *e = net_engine(&n, 1, 4, k);
        ck_assert(xb_engine_run(e, &in, 1, out[k], 5));
        xb_engine_free(e);
    }
    for (int i = 0; i < 5; i++) {
        for (int64_t j = 0; j < xb_type_count(&out[0][i].type); j++)
            ck_assert_double_eq_tol(xb_tensor_get(&out[0][i], (size_t)j), xb_tensor_get(&out[1][i], (size_t)j), 1e-5);
        xb_tensor_free(&out[0][i]);
        xb_tensor_free(&out[1][i]);
    }
    xb_tensor_free(&in);
    net_free(&n);
}
END_TEST

/* Constants that lie in a mapped file at odd addresses: packed, read by plain C, and read by oneDNN as they are. */
START_TEST(odd_addresses)
{
    enum { N = 16 * 3 * 9 };
    const char *tmp = getenv("TMPDIR");
    char dir[4096], path[4200];
    snprintf(dir, sizeof dir, "%s/xbarc-engine-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/weights", dir);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    fputc(0, f);
    for (int i = 0; i < N; i++) fwrite(&(float){1.0f + (float)(i % 29) / 29}, sizeof(float), 1, f);
    fclose(f);
    net n = net_new(10);
    xb_view view;
    ck_assert(xb_view_open(n.d, path, &view));
    xb_graph_adopt(n.g, view);
    xb_type tw = net_type(DIMS(16, 3, 3, 3)), tc = net_type(DIMS(16, 1, 1)), tp = net_type(DIMS(6, 6));
    xb_value w = xb_graph_add_view(n.g, "w", &tw, view.data + 1), b = xb_graph_add_view(n.g, "b", &tc, view.data + 5);
    xb_value p = xb_graph_add_view(n.g, "p", &tp, view.data + 9);
    xb_value x = net_op(&n, "Conv", IN(net_input(&n, "x", DIMS(n.batch, 3, 8, 8)), w));
    x = net_op(&n, "Sigmoid", IN(net_op(&n, "Mul", IN(x, b))));
    xb_graph_add_output(n.g, net_op(&n, "Pow", IN(x, p)));
    net_infer(&n);
    net_agrees(&n, 6);
    net_free(&n);
    remove(path);
    remove(dir);
}
END_TEST

/* A graph whose shapes were never inferred. */
START_TEST(unknown_sizes)
{
    net n = net_new(11);
    xb_graph_add_output(n.g, net_op(&n, "Relu", IN(net_input(&n, "x", DIMS(4, 6)))));
    for (int plain = 0; plain < 2; plain++)
        ck_assert_ptr_null(xb_engine_new(n.d, n.g, &(xb_engine_options){.plain = plain}));
    ck_assert_uint_eq(xb_diags_errors(n.d), 2);
    ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "is not known"));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "[engine-shape]"));
    net_free(&n);
}
END_TEST

/* The library's slow reference code is never taken for a kernel. */
START_TEST(reference_kernels_refused)
{
    xb_dnnl *lib = xb_dnnl_new();
    ck_assert_ptr_nonnull(lib);
    xb_geometry g = {.batch = 2,
                     .groups = 1,
                     .in_channels = 20,
                     .out_channels = 7,
                     .in = {8, 8},
                     .out = {6, 6},
                     .kernel = {3, 3},
                     .stride = {1, 1},
                     .dilation = {1, 1}};
    float *w = xb_calloc(20 * 7 * 9, sizeof *w);
    ck_assert_ptr_null(xb_dnnl_conv(lib, &g, false, XB_FMT_PLAIN, XB_FMT_NHWC, w, NULL, (xb_tail){0}));
    xb_dnnl_op *op = xb_dnnl_conv(lib, &g, false, XB_FMT_NHWC, XB_FMT_NHWC, w, NULL, (xb_tail){0});
    if (op) ck_assert_ptr_null(strstr(xb_dnnl_op_kernel(op), "ref"));
    g.out[0] = 99; /* not what the window gives */
    ck_assert_ptr_null(xb_dnnl_conv(lib, &g, false, XB_FMT_NHWC, XB_FMT_NHWC, w, NULL, (xb_tail){0}));
    xb_dnnl_op_free(op);
    xb_dnnl_op_free(NULL);
    free(w);
    xb_dnnl_free(lib);
}
END_TEST

START_TEST(profile)
{
    const char *p = xb_engine_profile();
    ck_assert_ptr_nonnull(strstr(p, "-rules1"));
    ck_assert_ptr_eq(p, xb_engine_profile());
    ck_assert_int_eq(strncmp(p, xb_dnnl_isa(), strlen(xb_dnnl_isa())), 0);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("runs");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, threads_change_nothing);
    tcase_add_test(t, padding_changes_nothing);
    tcase_add_test(t, no_items);
    tcase_add_loop_test(t, streams_equal_runs, 0, 3);
    tcase_add_test(t, fixed_batch);
    tcase_add_test(t, batch_that_cannot_be_cut);
    tcase_add_test(t, sizes_known_late);
    tcase_add_test(t, wrong_inputs);
    tcase_add_test(t, what_cannot_stream);
    tcase_add_test(t, other_types);
    tcase_add_test(t, odd_outputs);
    tcase_add_test(t, odd_addresses);
    tcase_add_test(t, unknown_sizes);
    tcase_add_test(t, reference_kernels_refused);
    tcase_add_test(t, profile);
    return run_case("nn_engine_run", t);
}
