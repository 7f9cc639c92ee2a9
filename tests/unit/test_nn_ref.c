/* Convolutions, pools and products against their definitions, written out. */
#include "ref_net.h"
#include "suite.h"

/* ---- convolution ---- */

typedef struct shape {
    int dims;
    int64_t n, in, out, groups; /* channels of all groups */
    int64_t size[3], kernel[3], stride[3], dilation[3], pads[6], extra[3];
} shape;

static shape draw(xb_rng *r)
{
    shape s = {.dims = 1 + (int)xb_rng_below(r, 3), .n = 1 + xb_rng_below(r, 2), .groups = 1 + xb_rng_below(r, 3)};
    s.in = s.groups * (1 + xb_rng_below(r, 3));
    s.out = s.groups * (1 + xb_rng_below(r, 3));
    for (int d = 0; d < s.dims; d++) {
        s.kernel[d] = 1 + xb_rng_below(r, 3);
        s.stride[d] = 1 + xb_rng_below(r, 3);
        s.dilation[d] = 1 + xb_rng_below(r, 2);
        s.size[d] = (s.kernel[d] - 1) * s.dilation[d] + 1 + xb_rng_below(r, 5);
        s.pads[d] = xb_rng_below(r, (uint32_t)s.kernel[d]);
        s.pads[d + s.dims] = xb_rng_below(r, (uint32_t)s.kernel[d]);
        s.extra[d] = xb_rng_below(r, (uint32_t)(s.stride[d] > s.dilation[d] ? s.stride[d] : s.dilation[d]));
    }
    return s;
}

static void describe(net *n, const shape *s, bool pads)
{
    size_t dims = (size_t)s->dims;
    net_list(n, "kernel_shape", dims, s->kernel);
    net_list(n, "strides", dims, s->stride);
    net_list(n, "dilations", dims, s->dilation);
    if (pads) net_list(n, "pads", 2 * dims, s->pads);
}

/* Full dims: a, b, then the spatial ones. */
static void with_spatial(int64_t *dim, int64_t a, int64_t b, const int64_t *spatial, int dims)
{
    dim[0] = a;
    dim[1] = b;
    for (int d = 0; d < dims; d++) dim[d + 2] = spatial[d];
}

static xb_rng start(net *n, const shape *s, bool transposed, bool bias, xb_dtype t)
{
    xb_rng r = xb_rng_at(5, XB_RNG_NOISE, 0);
    int64_t dim[5];
    with_spatial(dim, s->n, s->in, s->size, s->dims);
    fill(net_input(n, t, s->dims + 2, dim), &r, false);
    with_spatial(dim, transposed ? s->in : s->out, (transposed ? s->out : s->in) / s->groups, s->kernel, s->dims);
    fill(net_input(n, t, s->dims + 2, dim), &r, false);
    if (bias) fill(net_input(n, t, 1, &s->out), &r, false);
    net_int(n, "group", s->groups);
    return r;
}

/* Sum over channels and taps of one output element; `before`: padding. */
static double conv_at(const net *n, const shape *s, const int64_t *before, const int64_t *y)
{
    int64_t per_in = s->in / s->groups, group = y[1] / (s->out / s->groups);
    xb_type taps = type_of(XB_F32, s->dims, s->kernel);
    double sum = n->n_in > 2 ? xb_tensor_get(&n->in[2], (size_t)y[1]) : 0;
    for (int64_t c = 0; c < per_in; c++)
        for (int64_t k = 0; k < xb_type_count(&taps); k++) {
            int64_t tap[3], x[5] = {y[0], group * per_in + c}, w[5] = {y[1], c};
            bool inside = true;
            index_of(&taps, k, tap);
            for (int d = 0; d < s->dims; d++) {
                x[d + 2] = y[d + 2] * s->stride[d] + tap[d] * s->dilation[d] - before[d];
                w[d + 2] = tap[d];
                inside = inside && x[d + 2] >= 0 && x[d + 2] < s->size[d];
            }
            if (inside) sum += at(&n->in[0], x) * at(&n->in[1], w);
        }
    return sum;
}

static void check_conv(const net *n, const shape *s, const int64_t *before)
{
    for (int64_t k = 0; k < xb_type_count(&n->out[0].type); k++) {
        int64_t y[5];
        index_of(&n->out[0].type, k, y);
        near(xb_tensor_get(&n->out[0], (size_t)k), conv_at(n, s, before, y));
    }
}

START_TEST(conv_is_its_definition)
{
    xb_rng r = xb_rng_at(1, XB_RNG_NOISE, 0);
    for (int i = 0; i < 150; i++) {
        shape s = draw(&r);
        net n = net_of(XB_OP_Conv);
        start(&n, &s, false, i % 2, i % 5 == 0 ? XB_F64 : i % 7 == 0 ? XB_F16 : XB_F32);
        describe(&n, &s, true);
        if (n.in[0].type.dtype == XB_F16)
            for (size_t k = 0; k < n.n_in; k++)
                for (int64_t j = 0; j < xb_type_count(&n.in[k].type); j++)
                    xb_tensor_set(&n.in[k], (size_t)j, (double)(j % 3));
        net_run(&n);
        check_conv(&n, &s, s.pads);
        net_free(&n);
    }
}
END_TEST

START_TEST(conv_pads_by_name)
{
    xb_rng r = xb_rng_at(2, XB_RNG_NOISE, 0);
    static const char *const mode[] = {"SAME_UPPER", "SAME_LOWER", "VALID"};
    for (int i = 0; i < 60; i++) {
        shape s = draw(&r);
        int64_t before[3] = {0};
        net n = net_of(XB_OP_Conv);
        start(&n, &s, false, false, XB_F32);
        describe(&n, &s, false);
        net_text(&n, "auto_pad", mode[i % 3]);
        for (int d = 0; i % 3 < 2 && d < s.dims; d++) {
            int64_t out = (s.size[d] + s.stride[d] - 1) / s.stride[d];
            int64_t total = (out - 1) * s.stride[d] + (s.kernel[d] - 1) * s.dilation[d] + 1 - s.size[d];
            total = total > 0 ? total : 0;
            before[d] = i % 3 == 0 ? total / 2 : (total + 1) / 2;
        }
        net_run(&n);
        for (int d = 0; i % 3 < 2 && d < s.dims; d++)
            ck_assert_int_eq(n.out[0].type.dim[d + 2], (s.size[d] + s.stride[d] - 1) / s.stride[d]);
        check_conv(&n, &s, before);
        net_free(&n);
    }
}
END_TEST

/* Spreads every input element over the output. */
static void check_spread(const net *n, const shape *s, const int64_t *before)
{
    const xb_tensor *x = &n->in[0], *y = &n->out[0];
    double *want = calloc((size_t)xb_type_count(&y->type), sizeof *want);
    xb_type taps = type_of(XB_F32, s->dims, s->kernel);
    int64_t per_in = s->in / s->groups, per_out = s->out / s->groups;
    for (int64_t i = 0; i < xb_type_count(&x->type); i++)
        for (int64_t c = 0; c < per_out; c++)
            for (int64_t k = 0; k < xb_type_count(&taps); k++) {
                int64_t from[5], tap[3], w[5], to = 0;
                index_of(&x->type, i, from);
                index_of(&taps, k, tap);
                with_spatial(w, from[1], c, tap, s->dims);
                to = from[0] * s->out + from[1] / per_in * per_out + c;
                bool inside = true;
                for (int d = 0; d < s->dims; d++) {
                    int64_t p = from[d + 2] * s->stride[d] + tap[d] * s->dilation[d] - before[d],
                            size = y->type.dim[d + 2];
                    inside = inside && p >= 0 && p < size;
                    to = to * size + p;
                }
                if (inside) want[to] += xb_tensor_get(x, (size_t)i) * at(&n->in[1], w);
            }
    for (int64_t k = 0; k < xb_type_count(&y->type); k++) {
        int64_t index[5];
        index_of(&y->type, k, index);
        double bias = n->n_in > 2 ? xb_tensor_get(&n->in[2], (size_t)index[1]) : 0;
        near(xb_tensor_get(y, (size_t)k), want[k] + bias);
    }
    free(want);
}

START_TEST(transposed_conv_spreads)
{
    xb_rng r = xb_rng_at(3, XB_RNG_NOISE, 0);
    for (int i = 0; i < 100; i++) {
        shape s = draw(&r);
        net n = net_of(XB_OP_ConvTranspose);
        start(&n, &s, true, i % 2, i % 5 ? XB_F32 : XB_F64);
        describe(&n, &s, true);
        net_list(&n, "output_padding", (size_t)s.dims, s.extra);
        if (!net_build(&n)) { /* the pads left nothing */
            net_free(&n);
            continue;
        }
        ck_assert_msg(xb_ref_op(n.d, n.g, n.op, n.in, n.n_in, n.out, 1), "%s", xb_diags_text(n.d));
        for (int d = 0; d < s.dims; d++)
            ck_assert_int_eq(n.out[0].type.dim[d + 2], s.stride[d] * (s.size[d] - 1) + s.extra[d] +
                                                           (s.kernel[d] - 1) * s.dilation[d] + 1 - s.pads[d] -
                                                           s.pads[d + s.dims]);
        check_spread(&n, &s, s.pads);
        net_free(&n);
    }
}
END_TEST

START_TEST(transposed_conv_by_output_shape)
{
    for (int i = 0; i < 3; i++) {
        static const char *const mode[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER"};
        shape s = {.dims = 1,
                   .n = 1,
                   .in = 2,
                   .out = 2,
                   .groups = 1,
                   .size = {4},
                   .kernel = {4},
                   .stride = {2},
                   .dilation = {1}};
        net n = net_of(XB_OP_ConvTranspose);
        start(&n, &s, true, true, XB_F32);
        describe(&n, &s, false);
        if (i) net_text(&n, "auto_pad", mode[i]);
        net_list(&n, "output_shape", 1, &(int64_t){7}); /* of 10: three to cut */
        net_run(&n);
        check_spread(&n, &s, &(int64_t){i == 1 ? 1 : 2});
        net_free(&n);
    }
}
END_TEST

/* ---- pools ---- */

static int64_t offset_of(const xb_type *t, const int64_t *index, bool columns)
{
    int64_t plane = index[0] * t->dim[1] + index[1], in = 0, size = 1;
    for (int d = 2; d < t->rank; d++) size *= t->dim[d];
    for (int k = 2; k < t->rank; k++) {
        int d = columns ? t->rank + 1 - k : k;
        in = in * t->dim[d] + index[d];
    }
    return plane * size + in;
}

static void check_pool(const net *n, const shape *s, bool average, bool padded, bool columns)
{
    xb_type taps = type_of(XB_F32, s->dims, s->kernel);
    for (int64_t k = 0; k < xb_type_count(&n->out[0].type); k++) {
        int64_t y[5], tap[3], where = 0;
        double sum = 0, best = -INFINITY, count = 0;
        index_of(&n->out[0].type, k, y);
        for (int64_t j = 0; j < xb_type_count(&taps); j++) {
            int64_t x[5] = {y[0], y[1]};
            bool inside = true, counted = true;
            index_of(&taps, j, tap);
            for (int d = 0; d < s->dims; d++) {
                x[d + 2] = y[d + 2] * s->stride[d] + tap[d] * s->dilation[d] - s->pads[d];
                inside = inside && x[d + 2] >= 0 && x[d + 2] < s->size[d];
                counted = counted && x[d + 2] < s->size[d] + s->pads[d + s->dims];
            }
            double v = inside ? at(&n->in[0], x) : 0;
            count += padded ? counted : inside;
            sum += v;
            if (!inside || v <= best) continue;
            best = v;
            where = offset_of(&n->in[0].type, x, columns);
        }
        near(xb_tensor_get(&n->out[0], (size_t)k), average ? sum / count : best);
        if (n->n_out > 1) ck_assert_int_eq(((int64_t *)n->out[1].data)[k], where);
    }
}

START_TEST(pools_are_their_definitions)
{
    xb_rng r = xb_rng_at(4, XB_RNG_NOISE, 0);
    for (int i = 0; i < 200; i++) {
        shape s = draw(&r);
        bool average = i % 2, padded = i % 4 == 1, columns = i % 4 == 2, ceil = i % 3 == 0;
        net n = net_of(average ? XB_OP_AveragePool : XB_OP_MaxPool);
        int64_t dim[5];
        with_spatial(dim, s.n, s.in, s.size, s.dims);
        fill(net_input(&n, !average && i % 5 == 0 ? XB_I8 : XB_F32, s.dims + 2, dim), &r, true);
        for (int d = 0; average && d < s.dims; d++) s.dilation[d] = 1;
        net_list(&n, "kernel_shape", (size_t)s.dims, s.kernel);
        net_list(&n, "strides", (size_t)s.dims, s.stride);
        net_list(&n, "pads", 2 * (size_t)s.dims, s.pads);
        if (!average) net_list(&n, "dilations", (size_t)s.dims, s.dilation);
        if (average)
            net_int(&n, "count_include_pad", padded);
        else
            net_int(&n, "storage_order", columns);
        net_int(&n, "ceil_mode", ceil);
        n.n_out = average ? 1 : 2;
        net_run(&n);
        check_pool(&n, &s, average, padded, columns);
        net_free(&n);
    }
}
END_TEST

START_TEST(global_pools)
{
    for (int i = 0; i < 2; i++) {
        net n = net_of(i ? XB_OP_GlobalMaxPool : XB_OP_GlobalAveragePool);
        float *x = net_input(&n, XB_F32, DIMS(1, 2, 2, 2))->data;
        const float v[8] = {1, 2, 3, 6, -1, -5, -2, -4};
        memcpy(x, v, sizeof v);
        net_run(&n);
        near(xb_tensor_get(&n.out[0], 0), i ? 6 : 3);
        near(xb_tensor_get(&n.out[0], 1), i ? -1 : -3);
        net_free(&n);
    }
}
END_TEST

/* ---- products ---- */

START_TEST(gemm_is_its_definition)
{
    xb_rng r = xb_rng_at(6, XB_RNG_NOISE, 0);
    const int64_t sizes[][3] = {{1, 1, 1}, {3, 5, 7}, {130, 6, 260}, {5, 131, 3}, {1, 300, 513}};
    static const xb_dtype types[] = {XB_F32, XB_F64, XB_I32, XB_U64};
    for (int i = 0; i < 40; i++) {
        const int64_t m = sizes[i % 5][0], c = sizes[i % 5][1], k = sizes[i % 5][2];
        bool ta = i & 1, tb = i & 2, real = i % 4 < 2;
        net n = net_of(XB_OP_Gemm);
        fill(net_input(&n, types[i % 4], DIMS(ta ? k : m, ta ? m : k)), &r, !real);
        fill(net_input(&n, types[i % 4], DIMS(tb ? c : k, tb ? k : c)), &r, !real);
        const int64_t addend[][2] = {{m, c}, {1, c}, {m, 1}, {c, 0}, {0, 0}};
        int form = i % 6;
        if (form < 5) fill(net_input(&n, types[i % 4], form < 3 ? 2 : form == 3 ? 1 : 0, addend[form]), &r, !real);
        net_int(&n, "transA", ta);
        net_int(&n, "transB", tb);
        net_real(&n, "alpha", real ? 0.5f : 2);
        net_real(&n, "beta", 3);
        net_run(&n);
        for (int64_t row = 0; row < m; row++)
            for (int64_t col = 0; col < c; col++) {
                double sum = 0, add = 0;
                for (int64_t p = 0; p < k; p++)
                    sum += at(&n.in[0], ta ? (int64_t[]){p, row} : (int64_t[]){row, p}) *
                           at(&n.in[1], tb ? (int64_t[]){col, p} : (int64_t[]){p, col});
                if (form < 3)
                    add = at(&n.in[2], (int64_t[]){addend[form][0] == 1 ? 0 : row, addend[form][1] == 1 ? 0 : col});
                if (form == 3 || form == 4) add = xb_tensor_get(&n.in[2], form == 3 ? (size_t)col : 0);
                near(at(&n.out[0], (int64_t[]){row, col}), (real ? 0.5 : 2) * sum + 3 * add);
            }
        net_free(&n);
    }
}
END_TEST

START_TEST(matmul_batches)
{
    xb_rng r = xb_rng_at(7, XB_RNG_NOISE, 0);
    for (int i = 0; i < 2; i++) {
        net n = net_of(XB_OP_MatMul);
        fill(net_input(&n, i ? XB_I64 : XB_F32, DIMS(3, 1, 2, 5)), &r, true);
        fill(net_input(&n, i ? XB_I64 : XB_F32, DIMS(4, 5, 3)), &r, true);
        net_run(&n);
        xb_type want = type_of(i ? XB_I64 : XB_F32, DIMS(3, 4, 2, 3));
        ck_assert(xb_type_same(&n.out[0].type, &want));
        for (int64_t k = 0; k < xb_type_count(&want); k++) {
            int64_t y[4];
            double sum = 0;
            index_of(&want, k, y);
            for (int64_t p = 0; p < 5; p++)
                sum += at(&n.in[0], (int64_t[]){y[0], 0, y[2], p}) * at(&n.in[1], (int64_t[]){y[1], p, y[3]});
            near(xb_tensor_get(&n.out[0], (size_t)k), sum);
        }
        net_free(&n);
    }
}
END_TEST

START_TEST(matmul_of_vectors)
{
    const int64_t left[][3] = {{1, 4}, {1, 4}, {2, 3, 4}}, right[][3] = {{1, 4}, {2, 4, 3}, {1, 4}};
    const int64_t count[] = {1, 3, 3};
    for (int i = 0; i < 3; i++) {
        net n = net_of(XB_OP_MatMul);
        xb_rng r = xb_rng_at(8, XB_RNG_NOISE, 0);
        fill(net_input(&n, XB_F32, (int)left[i][0], left[i] + 1), &r, true);
        fill(net_input(&n, XB_F32, (int)right[i][0], right[i] + 1), &r, true);
        net_run(&n);
        ck_assert_int_eq(xb_type_count(&n.out[0].type), count[i]);
        for (int64_t k = 0; k < count[i]; k++) {
            double sum = 0;
            for (int64_t p = 0; p < 4; p++)
                sum += xb_tensor_get(&n.in[0], (size_t)(i == 2 ? k * 4 + p : p)) *
                       xb_tensor_get(&n.in[1], (size_t)(i == 1 ? p * 3 + k : p));
            near(xb_tensor_get(&n.out[0], (size_t)k), sum);
        }
        net_free(&n);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("nn_ref");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, conv_is_its_definition);
    tcase_add_test(t, conv_pads_by_name);
    tcase_add_test(t, transposed_conv_spreads);
    tcase_add_test(t, transposed_conv_by_output_shape);
    tcase_add_test(t, pools_are_their_definitions);
    tcase_add_test(t, global_pools);
    tcase_add_test(t, gemm_is_its_definition);
    tcase_add_test(t, matmul_batches);
    tcase_add_test(t, matmul_of_vectors);
    return run_case("nn_ref", t);
}
