/* Writing: what is read back is the same graph, written again the same bytes, and another reader accepts it. */
#include "base/file.h"
#include "onnx_model.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void write_graph(const xb_graph *g, const char *name)
{
    xb_out *o = xb_out_open(diags, in_dir(name));
    ck_assert_ptr_nonnull(o);
    ck_assert_msg(xb_onnx_write(diags, g, o), "%s", xb_diags_text(diags));
    ck_assert(xb_out_commit(o));
}

/* ---- equality ---- */

static void same_values(const xb_graph *a, const xb_graph *b, const xb_value *x, const xb_value *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(x[i].id == 0, y[i].id == 0);
        if (x[i].id) ck_assert_str_eq(xb_graph_value_name(a, x[i]), xb_graph_value_name(b, y[i]));
        if (!x[i].id || !xb_graph_is_const(a, x[i])) continue;
        size_t bytes = 0;
        ck_assert(xb_graph_is_const(b, y[i]));
        ck_assert(xb_type_same(xb_graph_type(a, x[i]), xb_graph_type(b, y[i])));
        ck_assert(xb_type_bytes(xb_graph_type(a, x[i]), &bytes));
        if (bytes) ck_assert_mem_eq(xb_graph_data(a, x[i]), xb_graph_data(b, y[i]), bytes);
    }
}

static void same_types(const xb_graph *a, const xb_graph *b, const xb_value *x, const xb_value *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const xb_type *s = xb_graph_type(a, x[i]), *t = xb_graph_type(b, y[i]);
        ck_assert_int_eq(s->dtype, t->dtype);
        ck_assert_int_eq(s->rank, t->rank);
        for (int k = 0; k < s->rank; k++) {
            ck_assert(s->dim[k] >= 0 ? s->dim[k] == t->dim[k] : t->dim[k] < 0);
            if (s->dim[k] < 0) ck_assert_str_eq(xb_graph_symbol(a, s->dim[k]), xb_graph_symbol(b, t->dim[k]));
        }
    }
}

static void same_attrs(const xb_attr *x, const xb_attr *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ck_assert_str_eq(x[i].name, y[i].name);
        ck_assert_int_eq(x[i].type, y[i].type);
        ck_assert_uint_eq(x[i].n, y[i].n);
        ck_assert_int_eq(x[i].i, y[i].i);
        ck_assert_mem_eq(&x[i].f, &y[i].f, sizeof(float));
        if (x[i].s) ck_assert_str_eq(x[i].s, y[i].s);
        if (x[i].ints && x[i].n) ck_assert_mem_eq(x[i].ints, y[i].ints, x[i].n * sizeof(int64_t));
        if (x[i].floats && x[i].n) ck_assert_mem_eq(x[i].floats, y[i].floats, x[i].n * sizeof(float));
    }
}

static void same_graph(const xb_graph *a, const xb_graph *b)
{
    const xb_value *x, *y;
    const xb_attr *p, *q;
    size_t n = xb_graph_inputs(a, &x);
    ck_assert_uint_eq(n, xb_graph_inputs(b, &y));
    same_values(a, b, x, y, n);
    same_types(a, b, x, y, n);
    n = xb_graph_outputs(a, &x);
    ck_assert_uint_eq(n, xb_graph_outputs(b, &y));
    same_values(a, b, x, y, n);
    same_types(a, b, x, y, n);
    xb_op s = xb_graph_first(a), t = xb_graph_first(b);
    for (; s.id && t.id; s = xb_graph_next(a, s), t = xb_graph_next(b, t)) {
        ck_assert_str_eq(xb_graph_op_name(a, s), xb_graph_op_name(b, t));
        ck_assert_str_eq(xb_graph_op_type(a, s), xb_graph_op_type(b, t));
        n = xb_graph_op_inputs(a, s, &x);
        ck_assert_uint_eq(n, xb_graph_op_inputs(b, t, &y));
        same_values(a, b, x, y, n);
        n = xb_graph_op_outputs(a, s, &x);
        ck_assert_uint_eq(n, xb_graph_op_outputs(b, t, &y));
        same_values(a, b, x, y, n);
        n = xb_graph_op_attrs(a, s, &p);
        ck_assert_uint_eq(n, xb_graph_op_attrs(b, t, &q));
        same_attrs(p, q, n);
    }
    ck_assert_uint_eq(s.id, 0);
    ck_assert_uint_eq(t.id, 0);
}

static void same_files(const char *a, const char *b)
{
    xb_view x, y;
    ck_assert(xb_view_open(diags, a, &x) && xb_view_open(diags, b, &y));
    ck_assert_uint_eq(x.size, y.size);
    ck_assert_mem_eq(x.data, y.data, x.size);
    xb_view_close(&x);
    xb_view_close(&y);
}

static void round_trip(const xb_graph *g)
{
    write_graph(g, "one.onnx");
    xb_graph *h = xb_onnx_read(diags, in_dir("one.onnx"));
    ck_assert_msg(h != NULL, "%s", xb_diags_text(diags));
    same_graph(g, h);
    write_graph(h, "two.onnx");
    same_files(in_dir("one.onnx"), in_dir("two.onnx"));
    xb_graph_free(h);
}

/* Every kind of attribute, constants small and large, an absent input, an unused result, symbols. */
static xb_graph *varied_graph(void)
{
    model m = {.opset = 9};
    float w[27] = {0.5f}, big[900];
    for (int i = 0; i < 900; i++) big[i] = (float)i / 7;
    xb_buf t = tensor_raw("conv.w", 1, "3,1,3,3", w, sizeof w), u = tensor_raw("fc.w", 1, "300,3", big, 3600), a = {0};
    add_tensor(&m, &t);
    add_tensor(&m, &u);
    add_input(&m, "image", 1, "batch,1,h,9");
    ATTR_INTS(&a, "kernel_shape", 3, 3);
    ATTR_INTS(&a, "pads", 1, 1, 1, 1);
    attr_text(&a, "auto_pad", "NOTSET");
    add_node(&m, "Conv", "conv1", "image,conv.w", "c", &a);
    a = (xb_buf){0};
    attr_float(&a, "max", 6);
    add_node(&m, "Clip", "clip", "c", "d", &a);
    a = (xb_buf){0};
    ATTR_INTS(&a, "kernel_shape", 2, 2);
    add_node(&m, "MaxPool", "", "d", "e", &a);
    add_node(&m, "GlobalAveragePool", "pool", "e", "f", NULL);
    a = (xb_buf){0};
    attr_float(&a, "ratio", 0.3f);
    add_node(&m, "Dropout", "drop", "f", "fd", &a);
    add_node(&m, "Flatten", "flat", "fd", "g", NULL);
    a = (xb_buf){0};
    attr_int(&a, "transB", 1);
    attr_float(&a, "alpha", 0.1f);
    add_node(&m, "Gemm", "fc", "g,fc.w", "logits", &a);
    add_node(&m, "Softmax", "soft", "logits", "p", NULL);
    add_output(&m, "logits", 1, "batch,300");
    add_output(&m, "p", 1, "batch,300");
    return must_read(&m);
}

START_TEST(varied)
{
    xb_graph *g = varied_graph();
    round_trip(g);
    xb_graph_free(g);
}
END_TEST

/* Graphs made here, without a file: floats, empty lists, unnamed graph, half floats, an empty constant. */
START_TEST(built)
{
    xb_graph *g = xb_graph_new(NULL, NULL);
    xb_type x = {XB_F16, 2, {xb_graph_symbol_id(g, "n"), 2}}, none = {XB_F16, 1, {0}}, half = {XB_F16, 1, {2}};
    uint16_t v[2] = {0x3c00, 0xc000};
    xb_value in = xb_graph_add_input(g, "x", &x), c = xb_graph_add_const(g, "c", &half, v), out[2];
    xb_graph_add_const(g, "nothing", &none, NULL);
    const char *const names[] = {"y"};
    xb_op op = xb_graph_add_op_kind(g, (xb_op){0}, XB_OP_Mul, "m", (xb_value[]){in, c}, 2, names, out, 1);
    xb_graph_set_attr(g, op, &(xb_attr){.name = "f", .type = XB_ATTR_FLOATS, .floats = (float[]){1.5f, -0.0f}, .n = 2});
    xb_graph_set_attr(g, op, &(xb_attr){.name = "ints", .type = XB_ATTR_INTS, .ints = (int64_t[]){3, -1, 5}, .n = 3});
    xb_graph_set_attr(g, op, &(xb_attr){.name = "none", .type = XB_ATTR_INTS});
    xb_graph_set_attr(g, op, &(xb_attr){.name = "big", .type = XB_ATTR_INT, .i = INT64_MIN});
    xb_graph_set_attr(g, op, &(xb_attr){.name = "s", .type = XB_ATTR_STRING, .s = "", .n = 0});
    xb_graph_set_type(g, out[0], &x);
    xb_graph_add_output(g, out[0]);
    round_trip(g);
    xb_graph_free(g);
}
END_TEST

static bool python_has_onnx(void)
{
    return system("/usr/bin/python3 -c 'import onnx' >/dev/null 2>&1") == 0;
}

START_TEST(checker)
{
    if (!python_has_onnx()) {
        printf("SKIP: checker: /usr/bin/python3 has no onnx\n");
        return;
    }
    char command[700];
    xb_graph *g = varied_graph();
    write_graph(g, "one.onnx");
    xb_graph_free(g);
    snprintf(command, sizeof command,
             "/usr/bin/python3 -c \"import onnx, sys; m = onnx.load(sys.argv[1]); "
             "onnx.checker.check_model(m, full_check=True); "
             "assert m.ir_version == 8 and m.producer_name == 'xbarc'; "
             "assert [(o.domain, o.version) for o in m.opset_import] == [('', 17)]; "
             "assert [n.name for n in m.graph.node][0] == 'conv1'\" %s",
             in_dir("one.onnx"));
    ck_assert_int_eq(system(command), 0);
}
END_TEST

static const char *const real[] = {"lenet-mnist.onnx", "convnet-cifar10.onnx", "mnist-8/model.onnx"};

START_TEST(real_models)
{
    const char *data = getenv("XBARC_DATA");
    char path[500];
    snprintf(path, sizeof path, "%s/models/%s", data ? data : "", real[_i]);
    if (!data || !xb_exists(path)) {
        printf("SKIP: real_models: no $XBARC_DATA/models/%s\n", real[_i]);
        return;
    }
    xb_graph *g = xb_onnx_read(diags, path);
    ck_assert_msg(g != NULL, "%s", xb_diags_text(diags));
    round_trip(g);
    xb_graph_free(g);
}
END_TEST

/* The size is known before anything is written. */
START_TEST(more_than_two_gigabytes)
{
    size_t n = (size_t)5 << 29; /* 2.5 GiB of zero pages */
    void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        printf("SKIP: more_than_two_gigabytes: no address space\n");
        return;
    }
    xb_graph *g = xb_graph_new("big", "big.onnx");
    xb_value w = xb_graph_add_view(g, "w", &(xb_type){XB_I8, 1, {(int64_t)n}}, p);
    xb_graph_add_output(g, w);
    xb_out *o = xb_out_open(diags, in_dir("big.onnx"));
    ck_assert(!xb_onnx_write(diags, g, o));
    ck_assert_uint_eq(xb_out_size(o), 0);
    xb_out_abandon(o);
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "[onnx-limit]"));
    xb_graph_free(g);
    munmap(p, n);
}
END_TEST

/* In a process of its own, which may not write more than 1000 bytes to a file. */
static int write_on_full_disk(const xb_graph *g)
{
    struct rlimit limit = {1000, 1000};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit)) return 1;
    xb_out *o = xb_out_open(diags, in_dir("one.onnx"));
    if (!o) return 2;
    xb_onnx_write(diags, g, o);
    if (xb_out_commit(o)) return 3;
    return xb_diags_errors(diags) ? 0 : 4;
}

START_TEST(full_disk)
{
    int status;
    xb_graph *g = varied_graph();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) _exit(write_on_full_disk(g));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert(!xb_exists(in_dir("one.onnx")));
    xb_graph_free(g);
}
END_TEST

/* ---- TensorProto files ---- */

START_TEST(tensors)
{
    for (int type = XB_F32; type < XB_DTYPES; type++) {
        xb_tensor t = {0}, u;
        ck_assert(xb_tensor_alloc(&t, &(xb_type){(xb_dtype)type, 2, {2, 3}}));
        t.name = xb_strdup("out");
        for (size_t i = 0; i < 6; i++) xb_tensor_set(&t, i, type == XB_BOOLEAN ? (double)(i % 2) : (double)i);
        xb_out *o = xb_out_open(diags, in_dir("t.pb"));
        ck_assert(xb_tensor_write_pb(diags, &t, o) && xb_out_commit(o));
        ck_assert_msg(xb_tensor_read_pb(diags, in_dir("t.pb"), &u), "%s", xb_diags_text(diags));
        ck_assert_str_eq(u.name, "out");
        ck_assert(xb_type_same(&t.type, &u.type));
        ck_assert_mem_eq(t.data, u.data, 6 * xb_dtype_size((xb_dtype)type));
        xb_tensor_free(&t);
        xb_tensor_free(&u);
    }
}
END_TEST

START_TEST(tensor_without_a_size)
{
    xb_tensor t = {.type = {XB_F32, 1, {-1}}};
    xb_out *o = xb_out_open(diags, in_dir("t.pb"));
    ck_assert(!xb_tensor_write_pb(diags, &t, o));
    xb_out_abandon(o);
    ck_assert_ptr_nonnull(strstr(xb_diags_text(diags), "[onnx-limit]"));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("write");
    tcase_set_timeout(tc, 0);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, varied);
    tcase_add_test(tc, built);
    tcase_add_test(tc, checker);
    tcase_add_loop_test(tc, real_models, 0, 3);
    tcase_add_test(tc, more_than_two_gigabytes);
    tcase_add_test(tc, full_disk);
    tcase_add_test(tc, tensors);
    tcase_add_test(tc, tensor_without_a_size);
    return run_tests(tc);
}
