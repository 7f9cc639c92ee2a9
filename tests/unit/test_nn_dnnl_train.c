/* Convolutions and dense layers for training: every direction is the double loop, in every format and weight layout. */
#include "dnnl_train_kit.h"
#include "suite.h"

/* ---- convolutions ---- */

typedef struct layer {
    xb_conv_train c;
    int64_t x[4], y[4];
    size_t weights;
    double limit; /* of the difference from the double loop */
} layer;

static layer layer_of(const xb_conv_train *c)
{
    const xb_geometry *w = &c->window;
    layer l = {.c = *c, .limit = c->winograd ? 1e-4 : 1e-5};
    memcpy(l.x, (int64_t[]){w->batch, w->in_channels, w->in[0], w->in[1]}, sizeof l.x);
    memcpy(l.y, (int64_t[]){w->batch, w->out_channels, w->out[0], w->out[1]}, sizeof l.y);
    l.weights = (size_t)(w->in_channels * w->out_channels / w->groups * w->kernel[0] * w->kernel[1]);
    return l;
}

static int64_t along(const xb_geometry *w, int axis, int64_t from, int64_t k)
{
    return from * w->stride[axis] - w->begin[axis] + k * w->dilation[axis];
}

/* All products of one group, output channel and input channel: into the sum that the direction makes. */
static void plane(const layer *l, xb_direction d, int64_t g, int64_t o, int64_t i, const float *x, const float *weight,
                  const float *y, double *sum)
{
    const xb_geometry *w = &l->c.window;
    const int64_t in = w->in_channels / w->groups, out = w->out_channels / w->groups;
    const int64_t *few = l->c.transposed ? l->x : l->y, *many = l->c.transposed ? l->y : l->x;
    int64_t filter = l->c.transposed ? (g * in + i) * out + o : (g * out + o) * in + i;
    for (int64_t at = 0; at < w->batch * few[2] * few[3]; at++) {
        int64_t n = at / (few[2] * few[3]), fh = at / few[3] % few[2], fw = at % few[3];
        for (int64_t k = 0; k < w->kernel[0] * w->kernel[1]; k++) {
            int64_t mh = along(w, 0, fh, k / w->kernel[1]), mw = along(w, 1, fw, k % w->kernel[1]);
            if (mh < 0 || mh >= many[2] || mw < 0 || mw >= many[3]) continue;
            int64_t h[2] = {fh, mh}, v[2] = {fw, mw}, t = l->c.transposed;
            size_t xi = place(l->c.in, l->x, n, g * in + i, h[!t], v[!t]);
            size_t yi = place(l->c.out, l->y, n, g * out + o, h[t], v[t]);
            size_t wi = (size_t)(filter * w->kernel[0] * w->kernel[1] + k);
            if (d == XB_FORWARD) sum[yi] += (double)x[xi] * weight[wi];
            if (d == XB_BACK_DATA) sum[xi] += (double)y[yi] * weight[wi];
            if (d == XB_BACK_WEIGHTS) sum[wi] += (double)x[xi] * y[yi];
        }
    }
}

static void loop(const layer *l, xb_direction d, const float *x, const float *weight, const float *y, double *sum)
{
    const xb_geometry *w = &l->c.window;
    for (int64_t g = 0; g < w->groups; g++)
        for (int64_t o = 0; o < w->out_channels / w->groups; o++)
            for (int64_t i = 0; i < w->in_channels / w->groups; i++) plane(l, d, g, o, i, x, weight, y, sum);
}

/* Adds the bias (forward) or sums y (bias NULL), over all places of a channel. */
static void biases(const layer *l, const float *bias, double *y, const float *dy, double *dbias)
{
    for (int64_t n = 0; n < l->y[0]; n++)
        for (int64_t m = 0; m < l->y[1]; m++)
            for (int64_t i = 0; i < l->y[2] * l->y[3]; i++) {
                size_t at = place(l->c.out, l->y, n, m, i / l->y[3], i % l->y[3]);
                if (bias) y[at] += bias[m];
                if (!bias) dbias[m] += dy[at];
            }
}

/* ONNX tensor to the op's layout. */
static float *packed(const bench *b, const xb_dnnl_op *op, const float *weight)
{
    float *p = xb_calloc(xb_dnnl_weight_bytes(op), 1);
    xb_dnnl_op *pack = xb_dnnl_pack(b->lib, op);
    ck_assert(pack != NULL);
    RUN(b, pack, weight, p);
    xb_dnnl_op_free(pack);
    return p;
}

static float *unpacked(const bench *b, const xb_dnnl_op *op, const float *p, size_t n)
{
    float *weight = xb_calloc(n, sizeof *weight);
    xb_dnnl_op *unpack = xb_dnnl_unpack(b->lib, op);
    ck_assert(unpack != NULL);
    RUN(b, unpack, p, weight);
    xb_dnnl_op_free(unpack);
    return weight;
}

static void forward(const bench *b, const layer *l, const xb_dnnl_op *op)
{
    size_t nx = count_of(l->x), ny = count_of(l->y), m = (size_t)l->y[1];
    float *x = numbers(nx, -1, 1, 0), *w = numbers(l->weights, -1, 1, 1), *bias = numbers(m, -1, 1, 2);
    float *y = numbers(ny, 5, 6, 3), *p = packed(b, op, w);
    double *want = zeros(ny);
    loop(l, XB_FORWARD, x, w, NULL, want);
    if (l->c.bias) biases(l, bias, want, NULL, NULL);
    if (l->c.relu)
        for (size_t i = 0; i < ny; i++) want[i] = fmax(want[i], 0);
    if (l->c.bias)
        RUN(b, op, x, p, bias, y);
    else
        RUN(b, op, x, p, y);
    AGREES_WITHIN(l->limit, y, want, ny);
    float *again = unpacked(b, op, p, l->weights);
    ck_assert_mem_eq(again, w, l->weights * sizeof *w);
    if (xb_dnnl_weight_plain(op)) { /* not the other way: blocks of a small matrix may lie as the plain ones do */
        ck_assert_uint_eq(xb_dnnl_weight_bytes(op), l->weights * sizeof *w);
        ck_assert_mem_eq(p, w, l->weights * sizeof *w);
    }
    free(x), free(w), free(bias), free(y), free(p), free(want), free(again);
}

static void back_data(const bench *b, const layer *l, const xb_dnnl_op *op)
{
    size_t nx = count_of(l->x), ny = count_of(l->y);
    float *w = numbers(l->weights, -1, 1, 1), *dy = numbers(ny, -1, 1, 3), *dx = numbers(nx, 5, 6, 0);
    float *p = packed(b, op, w);
    double *want = zeros(nx);
    loop(l, XB_BACK_DATA, NULL, w, dy, want);
    RUN(b, op, dy, p, dx);
    AGREES_WITHIN(l->limit, dx, want, nx);
    free(w), free(dy), free(dx), free(p), free(want);
}

static void back_weights(const bench *b, const layer *l, const xb_dnnl_op *op)
{
    size_t nx = count_of(l->x), ny = count_of(l->y), m = (size_t)l->y[1];
    float *x = numbers(nx, -1, 1, 0), *dy = numbers(ny, -1, 1, 3), *dbias = numbers(m, 5, 6, 2);
    float *p = numbers(xb_dnnl_weight_bytes(op) / sizeof *p, 5, 6, 1);
    double *want = zeros(l->weights), *want_bias = zeros(m);
    loop(l, XB_BACK_WEIGHTS, x, NULL, dy, want);
    biases(l, NULL, NULL, dy, want_bias);
    if (l->c.bias) {
        RUN(b, op, x, dy, p, dbias);
        AGREES(dbias, want_bias, m);
    } else {
        RUN(b, op, x, dy, p);
    }
    float *dw = unpacked(b, op, p, l->weights), *again = packed(b, op, dw);
    ck_assert_mem_eq(again, p, xb_dnnl_weight_bytes(op));
    AGREES_WITHIN(l->limit, dw, want, l->weights);
    free(x), free(dy), free(dbias), free(p), free(want), free(want_bias), free(dw), free(again);
}

/* All three directions; how many of them the library has. */
static int all_directions(const bench *b, const xb_conv_train *c)
{
    static void (*const check[])(const bench *, const layer *, const xb_dnnl_op *) = {forward, back_data, back_weights};
    layer l = layer_of(c);
    int have = 0;
    for (int d = 0; d < 3; d++) {
        xb_dnnl_op *op = xb_dnnl_train_conv(b->lib, c, (xb_direction)d);
        if (!op) continue;
        have++;
        ck_assert_ptr_null(strstr(xb_dnnl_op_kernel(op), "ref"));
        check[d](b, &l, op);
        xb_dnnl_op_free(op);
    }
    return have;
}

static xb_geometry window(int64_t groups, int64_t c, int64_t m, const int64_t in[2], const int64_t kernel[2],
                          const int64_t stride[2], const int64_t dilation[2], const int64_t pads[4])
{
    xb_geometry w = {.batch = 3, .groups = groups, .in_channels = c, .out_channels = m};
    for (int i = 0; i < 2; i++) {
        w.in[i] = in[i], w.kernel[i] = kernel[i], w.stride[i] = stride[i], w.dilation[i] = dilation[i];
        w.begin[i] = pads[i], w.end[i] = pads[2 + i];
        w.out[i] = (in[i] + pads[i] + pads[2 + i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i] + 1;
        w.end[i] = (w.out[i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - in[i] - pads[i];
    }
    return w;
}

/* The windows of the transposed convolution: input and output change places. */
static xb_geometry swapped(xb_geometry w)
{
    xb_geometry t = w;
    memcpy(t.in, w.out, sizeof t.in);
    memcpy(t.out, w.in, sizeof t.out);
    t.in_channels = w.out_channels;
    t.out_channels = w.in_channels;
    return t;
}

static const struct {
    int64_t groups, c, m, in[2], kernel[2], stride[2], dilation[2], pads[4];
} shape[] = {
    {1, 1, 20, {12, 10}, {5, 5}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
    {1, 20, 50, {8, 9}, {5, 5}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
    {1, 3, 16, {9, 9}, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}},
    {1, 16, 32, {7, 9}, {3, 3}, {1, 1}, {2, 2}, {2, 2, 2, 2}},
    {1, 32, 16, {8, 8}, {1, 1}, {2, 2}, {1, 1}, {0, 0, 0, 0}},
    {2, 32, 64, {6, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {32, 32, 32, {9, 7}, {3, 3}, {2, 1}, {1, 1}, {1, 1, 1, 1}},
    {3, 6, 9, {7, 7}, {3, 2}, {1, 2}, {1, 1}, {0, 1, 2, 0}},
    {1, 16, 16, {10, 11}, {4, 3}, {3, 2}, {1, 2}, {2, 0, 1, 3}},
    {1, 32, 32, {14, 14}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
};
#define SHAPES ((int)(sizeof shape / sizeof *shape))

static xb_conv_train conv_at(int i, xb_format in, xb_format out)
{
    xb_conv_train c = {.window = window(shape[i].groups, shape[i].c, shape[i].m, shape[i].in, shape[i].kernel,
                                        shape[i].stride, shape[i].dilation, shape[i].pads),
                       .bias = i % 2 == 0,
                       .relu = i % 3 == 0,
                       .in = in,
                       .out = out};
    return c;
}

static bool fills(int64_t channels, int64_t groups, xb_format f)
{
    return f != XB_FMT_BLOCKED || channels / groups % block() == 0;
}

/* Each shape in every pair of formats that its channels fill; in one pair at least all directions have a kernel. */
START_TEST(convolutions)
{
    bench b = bench_new();
    int best = 0;
    for (int f = 0; f < XB_FMTS * XB_FMTS; f++) {
        xb_conv_train c = conv_at(_i, (xb_format)(f / XB_FMTS), (xb_format)(f % XB_FMTS));
        if (!fills(c.window.in_channels, c.window.groups == 32 ? 1 : c.window.groups, c.in) ||
            !fills(c.window.out_channels, c.window.groups == 32 ? 1 : c.window.groups, c.out))
            continue;
        int have = all_directions(&b, &c);
        best = have > best ? have : best;
    }
    ck_assert_int_eq(best, 3);
    bench_free(&b);
}
END_TEST

START_TEST(transposed_convolutions)
{
    bench b = bench_new();
    int best = 0;
    for (int f = 0; f < XB_FMTS; f++) {
        xb_conv_train c = conv_at(_i, (xb_format)f, (xb_format)f);
        c.transposed = true;
        c.window = swapped(c.window);
        if (!fills(c.window.in_channels, c.window.groups, c.in) ||
            !fills(c.window.out_channels, c.window.groups, c.out))
            continue;
        int have = all_directions(&b, &c);
        best = have > best ? have : best;
    }
    ck_assert_int_eq(best, 3);
    bench_free(&b);
}
END_TEST

/* Kernels made of matrix products, and the layouts that the contract states for their weights. */
START_TEST(products)
{
    static const int shapes[] = {1, 7, 8};
    bench b = bench_new();
    xb_format f = _i % 2 ? XB_FMT_NHWC : XB_FMT_PLAIN;
    xb_conv_train c = conv_at(shapes[_i / 2], f, f);
    c.product = true;
    ck_assert_int_eq(all_directions(&b, &c), 3);
    layer l = layer_of(&c);
    int64_t in = c.window.in_channels / c.window.groups, area = c.window.kernel[0] * c.window.kernel[1];
    float *w = numbers(l.weights, -1, 1, 1);
    for (int d = 0; d < 3; d++) {
        xb_dnnl_op *op = xb_dnnl_train_conv(b.lib, &c, (xb_direction)d);
        ck_assert_uint_eq(xb_dnnl_weight_bytes(op), l.weights * sizeof *w);
        ck_assert_int_eq(xb_dnnl_weight_plain(op), f == XB_FMT_PLAIN);
        float *p = packed(&b, op, w);
        for (int64_t i = 0; f == XB_FMT_NHWC && i < (int64_t)l.weights; i++) {
            int64_t m = i / (in * area), from = i / area % in, k = i % area;
            ck_assert_float_eq(p[(k * in + from) * c.window.out_channels + m], w[i]);
        }
        xb_dnnl_op_free(op);
        free(p);
    }
    free(w);
    bench_free(&b);
}
END_TEST

/* ---- dense ---- */

static xb_geometry rows_as_window(const xb_dense_train *c)
{
    return window(1, c->n, c->m, (int64_t[]){1, 1}, (int64_t[]){1, 1}, (int64_t[]){1, 1}, (int64_t[]){1, 1},
                  (int64_t[]){0, 0, 0, 0});
}

/* A dense layer is a convolution of one place; by input it is the transposed one. */
static layer layer_of_dense(const xb_dense_train *c)
{
    xb_conv_train v = {.window = rows_as_window(c), .transposed = !c->by_output, .bias = c->bias, .relu = c->relu};
    v.window.batch = c->rows;
    return layer_of(&v);
}

START_TEST(dense)
{
    static void (*const check[])(const bench *, const layer *, const xb_dnnl_op *) = {forward, back_data, back_weights};
    static const int64_t size[][3] = {{32, 80, 50}, {7, 13, 10}, {1, 64, 64}};
    bench b = bench_new();
    xb_dense_train c = {.by_output = _i & 1, .bias = _i & 2, .plain = _i & 4, .relu = _i & 8};
    for (size_t s = 0; s < 3; s++) {
        c.rows = size[s][0], c.n = size[s][1], c.m = size[s][2];
        layer l = layer_of_dense(&c);
        for (int d = 0; d < 3; d++) {
            xb_dnnl_op *op = xb_dnnl_train_dense(b.lib, &c, (xb_direction)d);
            ck_assert(op != NULL);
            if (c.plain) ck_assert(xb_dnnl_weight_plain(op));
            check[d](&b, &l, op);
            xb_dnnl_op_free(op);
        }
    }
    bench_free(&b);
}
END_TEST

/* ---- layouts, moves, Winograd ---- */

/* One copy does for two ops exactly when the bytes of their packed weights are the same. */
START_TEST(same_layout)
{
    bench b = bench_new();
    xb_dense_train c = {.rows = 32, .n = 80, .m = 50, .by_output = true};
    xb_dnnl_op *op[4];
    for (int i = 0; i < 4; i++) {
        c.plain = i >= 2;
        op[i] = xb_dnnl_train_dense(b.lib, &c, i % 2 ? XB_BACK_DATA : XB_FORWARD);
        ck_assert(op[i] != NULL);
    }
    float *w = numbers(80 * 50, -1, 1, 0);
    for (int i = 0; i < 16; i++) {
        const xb_dnnl_op *p = op[i / 4], *q = op[i % 4];
        float *a = packed(&b, p, w), *z = packed(&b, q, w);
        size_t n = xb_dnnl_weight_bytes(p);
        ck_assert_int_eq(xb_dnnl_weight_same(p, q), n == xb_dnnl_weight_bytes(q) && !memcmp(a, z, n));
        free(a), free(z);
    }
    ck_assert(xb_dnnl_weight_same(op[2], op[3]));
    for (int i = 0; i < 4; i++) xb_dnnl_op_free(op[i]);
    free(w);
    bench_free(&b);
}
END_TEST

START_TEST(moved)
{
    bench b = bench_new();
    xb_dense_train c = {.rows = 4, .n = 16, .m = 8, .by_output = true, .plain = true};
    xb_dnnl_op *op = xb_dnnl_train_dense(b.lib, &c, XB_FORWARD);
    ck_assert(op != NULL);
    float *x = numbers(64, -1, 1, 0), *w = numbers(128, -1, 1, 1), *v = numbers(128, -1, 1, 2);
    float y[32], first[32], z[32], direct[32];
    RUN(&b, op, x, v, direct);
    xb_dnnl_worker *k = xb_dnnl_worker_new(b.lib, xb_dnnl_op_scratch(op));
    xb_dnnl_call *call = xb_dnnl_bind(k, op, (const void *[]){x, w, y}, NULL);
    ck_assert(call && xb_dnnl_run(call));
    memcpy(first, y, sizeof y);
    ck_assert_mem_ne(first, direct, sizeof y);
    xb_dnnl_move(call, 1, v);
    xb_dnnl_move(call, 2, z);
    ck_assert(xb_dnnl_run(call));
    ck_assert_mem_eq(y, first, sizeof y);
    ck_assert_mem_eq(z, direct, sizeof z);
    xb_dnnl_call_free(call);
    xb_dnnl_worker_free(k);
    xb_dnnl_op_free(op);
    free(x), free(w), free(v);
    bench_free(&b);
}
END_TEST

/* There are Winograd kernels with AVX-512 alone, and none for a stride of 2; where there is one it rounds worse. */
START_TEST(winograd)
{
    bench b = bench_new();
    xb_conv_train c = conv_at(9, XB_FMT_BLOCKED, XB_FMT_BLOCKED);
    c.winograd = true;
    c.window.batch = 8;
    ck_assert_int_eq(all_directions(&b, &c) > 0, block() == 16);
    c = conv_at(2, XB_FMT_NHWC, XB_FMT_NHWC);
    c.winograd = true;
    ck_assert_int_eq(all_directions(&b, &c), 0);
    bench_free(&b);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("layers");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, convolutions, 0, SHAPES);
    tcase_add_loop_test(t, transposed_convolutions, 0, SHAPES);
    tcase_add_loop_test(t, products, 0, 6);
    tcase_add_loop_test(t, dense, 0, 16);
    tcase_add_test(t, same_layout);
    tcase_add_test(t, moved);
    tcase_add_test(t, winograd);
    return run_case("nn_dnnl_train", t);
}
