/* Reductions, softmax, scans and normalisations against their definitions, written out. */
#include "ref_net.h"
#include "suite.h"

static double reduce(xb_kind kind, const double *v, size_t n)
{
    double sum = 0, absolute = 0, square = 0, product = 1, exps = 0, lo = INFINITY, hi = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        sum += v[i];
        absolute += fabs(v[i]);
        square += v[i] * v[i];
        product *= v[i];
        exps += exp(v[i]);
        lo = fmin(lo, v[i]);
        hi = fmax(hi, v[i]);
    }
    switch (kind) {
    case XB_OP_ReduceMean:
        return sum / (double)n;
    case XB_OP_ReduceSum:
        return sum;
    case XB_OP_ReduceProd:
        return product;
    case XB_OP_ReduceMax:
        return hi;
    case XB_OP_ReduceMin:
        return lo;
    case XB_OP_ReduceL1:
        return absolute;
    case XB_OP_ReduceL2:
        return sqrt(square);
    case XB_OP_ReduceLogSum:
        return log(sum);
    case XB_OP_ReduceLogSumExp:
        return log(exps);
    default:
        return square;
    }
}

START_TEST(reductions)
{
    xb_rng r = xb_rng_at(2, XB_RNG_NOISE, 0);
    for (int i = 0; i < 120; i++) {
        xb_kind kind = (xb_kind)(XB_OP_ReduceMean + i % 10);
        int64_t dim[3] = {2, 3, 4}, axes[3];
        size_t gone = 0;
        bool out[3] = {false}, keep = i % 3 == 0;
        net n = net_of(kind);
        fill(net_input(&n, i % 4 ? XB_F32 : XB_F64, 3, dim), &r, false);
        for (int d = 0; d < 3; d++)
            if (xb_rng_below(&r, 2)) {
                out[d] = true;
                axes[gone++] = i % 2 ? d - 3 : d;
            }
        if (gone && kind == XB_OP_ReduceSum)
            net_ints(&n, gone, axes);
        else if (gone)
            net_list(&n, "axes", gone, axes);
        for (int d = 0; gone == 0 && d < 3; d++) out[d] = true;
        net_int(&n, "keepdims", keep);
        net_run(&n);
        for (int64_t k = 0; k < xb_type_count(&n.out[0].type); k++) {
            double v[24];
            size_t count = 0;
            for (int64_t x = 0; x < 24; x++) {
                int64_t at_[3], to = 0;
                index_of(&n.in[0].type, x, at_);
                for (int d = 0; d < 3; d++)
                    if (!out[d]) to = to * dim[d] + at_[d];
                if (to == k) v[count++] = xb_tensor_get(&n.in[0], (size_t)x);
            }
            near(xb_tensor_get(&n.out[0], (size_t)k), reduce(kind, v, count));
        }
        net_free(&n);
    }
}
END_TEST

START_TEST(reduce_corners)
{
    net n = net_of(XB_OP_ReduceLogSumExp); /* does not overflow */
    xb_tensor *x = net_input(&n, XB_F32, DIMS(2));
    xb_tensor_set(x, 0, 1000);
    xb_tensor_set(x, 1, 1000);
    net_run(&n);
    near(xb_tensor_get(&n.out[0], 0), 1000 + log(2));
    net_free(&n);
    n = net_of(XB_OP_ReduceMax);
    x = net_input(&n, XB_I8, DIMS(2));
    xb_tensor_set(x, 0, -100);
    xb_tensor_set(x, 1, -128);
    net_run(&n);
    ck_assert_double_eq(xb_tensor_get(&n.out[0], 0), -100);
    net_free(&n);
    n = net_of(XB_OP_ReduceMean); /* of integers: towards zero */
    x = net_input(&n, XB_I32, DIMS(2));
    xb_tensor_set(x, 0, -4);
    xb_tensor_set(x, 1, -1);
    net_run(&n);
    ck_assert_double_eq(xb_tensor_get(&n.out[0], 0), -2);
    net_free(&n);
    n = net_of(XB_OP_ReduceSum); /* of nothing */
    net_input(&n, XB_F32, DIMS(2, 0));
    net_ints(&n, 1, &(int64_t){1});
    net_run(&n);
    ck_assert_int_eq(xb_type_count(&n.out[0].type), 2);
    ck_assert_double_eq(xb_tensor_get(&n.out[0], 1), 0);
    net_free(&n);
}
END_TEST

START_TEST(softmax_family)
{
    static const xb_kind kinds[] = {XB_OP_Softmax, XB_OP_LogSoftmax, XB_OP_Hardmax};
    xb_rng r = xb_rng_at(3, XB_RNG_NOISE, 0);
    for (int i = 0; i < 24; i++) {
        int axis = i % 3, form = i / 3 % 3;
        bool coerce = i >= 12;
        const int64_t dim[3] = {2, 3, 4};
        net n = net_of(kinds[form]);
        fill(net_input(&n, XB_F32, 3, dim), &r, false);
        net_int(&n, "axis", axis);
        if (coerce) net_int(&n, "coerce_2d", 1);
        net_run(&n);
        for (int64_t k = 0; k < 24; k++) {
            int64_t y[3], x[3];
            double sum = 0, mine = xb_tensor_get(&n.in[0], (size_t)k), before = -INFINITY, after = -INFINITY;
            index_of(&n.in[0].type, k, y);
            for (int64_t j = 0; j < 24; j++) { /* the row that k is in */
                bool in_row = true;
                index_of(&n.in[0].type, j, x);
                for (int d = 0; d < 3; d++) in_row = in_row && (x[d] == y[d] || (coerce ? d >= axis : d == axis));
                if (!in_row) continue;
                double v = xb_tensor_get(&n.in[0], (size_t)j);
                sum += exp(v);
                if (j < k) before = fmax(before, v);
                if (j > k) after = fmax(after, v);
            }
            double soft = exp(mine) / sum;
            near(xb_tensor_get(&n.out[0], (size_t)k), form == 0   ? soft
                                                      : form == 1 ? log(soft)
                                                                  : mine > before && mine >= after);
        }
        net_free(&n);
    }
}
END_TEST

START_TEST(arg_and_cumsum)
{
    for (int form = 0; form < 4; form++) {
        net n = net_of(form & 1 ? XB_OP_ArgMin : XB_OP_ArgMax);
        xb_tensor *x = net_input(&n, XB_F32, DIMS(5));
        const double v[] = {1, 4, 1, 4, 2}, best[] = {1, 0, 3, 2};
        for (size_t k = 0; k < 5; k++) xb_tensor_set(x, k, v[k]);
        net_int(&n, "select_last_index", form >> 1);
        net_run(&n);
        ck_assert_double_eq(xb_tensor_get(&n.out[0], 0), best[form]);
        net_free(&n);
    }
    for (int form = 0; form < 4; form++) {
        const double want[4][3] = {{1, 3, 6}, {0, 1, 3}, {6, 5, 3}, {5, 3, 0}};
        net n = net_of(XB_OP_CumSum);
        xb_tensor *x = net_input(&n, form ? XB_I32 : XB_F32, DIMS(3, 2));
        for (size_t k = 0; k < 6; k++) xb_tensor_set(x, k, (double)(k / 2 + 1));
        n.constant[1] = true;
        *(int64_t *)net_input(&n, XB_I64, 0, NULL)->data = -2;
        net_int(&n, "exclusive", form & 1);
        net_int(&n, "reverse", form >> 1);
        net_run(&n);
        for (size_t k = 0; k < 6; k++) ck_assert_double_eq(xb_tensor_get(&n.out[0], k), want[form][k / 2]);
        net_free(&n);
    }
}
END_TEST

/* ---- normalisation ---- */

static void fill_channels(net *n, xb_rng *r, int64_t c, int inputs)
{
    for (int k = 0; k < inputs; k++) {
        xb_tensor *t = net_input(n, XB_F32, 1, &c);
        for (int64_t i = 0; i < c; i++) ((float *)t->data)[i] = (float)xb_rng_between(r, 0.5, 2);
    }
}

START_TEST(batch_norm)
{
    xb_rng r = xb_rng_at(9, XB_RNG_NOISE, 0);
    for (int training = 0; training < 2; training++) {
        net n = net_of(XB_OP_BatchNormalization);
        fill(net_input(&n, XB_F32, DIMS(3, 2, 4)), &r, false);
        fill_channels(&n, &r, 2, 4);
        net_int(&n, "training_mode", training);
        net_real(&n, "momentum", 0.75f);
        net_real(&n, "epsilon", 0.01f);
        n.n_out = training ? 3 : 1;
        net_run(&n);
        for (int64_t c = 0; c < 2; c++) {
            double mean = xb_tensor_get(&n.in[3], (size_t)c), var = xb_tensor_get(&n.in[4], (size_t)c), sum = 0,
                   square = 0;
            for (int64_t i = 0; i < 12; i++) sum += at(&n.in[0], (int64_t[]){i / 4, c, i % 4}) / 12;
            for (int64_t i = 0; i < 12; i++) square += pow(at(&n.in[0], (int64_t[]){i / 4, c, i % 4}) - sum, 2) / 12;
            if (training) {
                near(xb_tensor_get(&n.out[1], (size_t)c), 0.75 * mean + 0.25 * sum);
                near(xb_tensor_get(&n.out[2], (size_t)c), 0.75 * var + 0.25 * square);
                mean = sum;
                var = square;
            }
            for (int64_t i = 0; i < 12; i++)
                near(at(&n.out[0], (int64_t[]){i / 4, c, i % 4}), (at(&n.in[0], (int64_t[]){i / 4, c, i % 4}) - mean) /
                                                                          sqrt(var + 0.01) *
                                                                          xb_tensor_get(&n.in[1], (size_t)c) +
                                                                      xb_tensor_get(&n.in[2], (size_t)c));
        }
        net_free(&n);
    }
}
END_TEST

START_TEST(instance_and_layer_norm)
{
    xb_rng r = xb_rng_at(10, XB_RNG_NOISE, 0);
    for (int layer = 0; layer < 2; layer++) {
        net n = net_of(layer ? XB_OP_LayerNormalization : XB_OP_InstanceNormalization);
        fill(net_input(&n, XB_F32, DIMS(2, 3, 5)), &r, false);
        fill_channels(&n, &r, layer ? 5 : 3, 2);
        n.n_out = layer ? 3 : 1;
        net_run(&n);
        for (int64_t row = 0; row < 6; row++) {
            const float *x = (const float *)n.in[0].data + row * 5;
            double mean = 0, var = 0;
            for (int i = 0; i < 5; i++) mean += (double)x[i] / 5;
            for (int i = 0; i < 5; i++) var += pow((double)x[i] - mean, 2) / 5;
            if (layer) near(xb_tensor_get(&n.out[1], (size_t)row), mean);
            if (layer) near(xb_tensor_get(&n.out[2], (size_t)row), 1 / sqrt(var + 1e-5));
            for (int64_t i = 0; i < 5; i++) {
                size_t k = (size_t)(layer ? i : row % 3);
                near(xb_tensor_get(&n.out[0], (size_t)(row * 5 + i)),
                     ((double)x[i] - mean) / sqrt(var + 1e-5) * xb_tensor_get(&n.in[1], k) +
                         xb_tensor_get(&n.in[2], k));
            }
        }
        net_free(&n);
    }
}
END_TEST

START_TEST(local_response)
{
    xb_rng r = xb_rng_at(11, XB_RNG_NOISE, 0);
    for (int64_t size = 1; size < 7; size++) {
        net n = net_of(XB_OP_LRN);
        fill(net_input(&n, XB_F32, DIMS(2, 5, 3)), &r, false);
        net_int(&n, "size", size);
        net_real(&n, "alpha", 0.5f);
        net_real(&n, "bias", 2);
        net_run(&n);
        for (int64_t k = 0; k < 30; k++) {
            int64_t y[3] = {0};
            double sum = 0;
            index_of(&n.out[0].type, k, y);
            for (int64_t c = y[1] - (size - 1) / 2; c <= y[1] + size / 2; c++)
                if (c >= 0 && c < 5) sum += pow(at(&n.in[0], (int64_t[]){y[0], c, y[2]}), 2);
            near(xb_tensor_get(&n.out[0], (size_t)k),
                 xb_tensor_get(&n.in[0], (size_t)k) / pow(2 + 0.5 / (double)size * sum, 0.75));
        }
        net_free(&n);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("nn_ref_axis");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, reductions);
    tcase_add_test(t, reduce_corners);
    tcase_add_test(t, softmax_family);
    tcase_add_test(t, arg_and_cumsum);
    tcase_add_test(t, batch_norm);
    tcase_add_test(t, instance_and_layer_norm);
    tcase_add_test(t, local_response);
    return run_case("nn_ref_axis", t);
}
