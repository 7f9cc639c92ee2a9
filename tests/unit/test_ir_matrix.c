#include "base/rng.h"
#include "ir/graph.h"
#include "suite.h"
#include <stdlib.h>
#include <string.h>

/* Each case is computed twice: naively, by the operator's definition on the stored weight, and through the matrix view.
 * Whole small numbers keep both exact. */

static xb_graph *g;
static xb_rng rng;

static void setup(void)
{
    g = xb_graph_new("m", "m.onnx");
    rng = xb_rng_at(3, XB_RNG_INIT, 0);
}

static void teardown(void)
{
    xb_graph_free(g);
}

static float small(void)
{
    return (float)xb_rng_below(&rng, 15) - 7;
}

static float *numbers(size_t n)
{
    float *p = xb_calloc(n, sizeof *p);
    for (size_t i = 0; i < n; i++) p[i] = small();
    return p;
}

static xb_type type_of(int rank, const int64_t *dim)
{
    xb_type t = {.dtype = XB_F32, .rank = rank};
    for (int i = 0; i < rank; i++) t.dim[i] = dim[i];
    return t;
}
#define TYPE(...) type_of((int)(sizeof((int64_t[]){__VA_ARGS__}) / 8), (const int64_t[]){__VA_ARGS__})

static xb_value input(xb_type t)
{
    return xb_graph_add_input(g, "x", &t);
}

static xb_value weight(xb_type t, float **data)
{
    *data = numbers((size_t)xb_type_count(&t));
    xb_value v = xb_graph_add_const(g, "w", &t, *data);
    return v;
}

static xb_op add(const char *type, const xb_value *in, size_t n_in, xb_type out_type)
{
    xb_value out;
    xb_op op = xb_graph_add_op(g, (xb_op){0}, type, "layer", in, n_in, &out, 1);
    xb_graph_set_type(g, out, &out_type);
    return op;
}

static double element(const xb_matrix *m, int64_t group, int64_t row, int64_t col)
{
    int64_t i = group * m->group_stride + row * m->row_stride + col * m->col_stride;
    ck_assert_int_ge(i, 0);
    ck_assert_int_lt(i, xb_type_count(xb_graph_type(g, m->weight)));
    return (double)((const float *)xb_graph_data(g, m->weight))[i];
}

/* out[cols] += in[rows] times matrix of the group */
static void multiply(const xb_matrix *m, int64_t group, const double *in, double *out)
{
    for (int64_t c = 0; c < m->cols; c++)
        for (int64_t r = 0; r < m->rows; r++) out[c] += in[r] * element(m, group, r, c);
}

static xb_matrix view(xb_op op, int64_t groups, int64_t rows, int64_t cols, int64_t mvms)
{
    xb_matrix m;
    ck_assert(xb_graph_matrix(g, op, &m));
    ck_assert_int_eq(m.groups, groups);
    ck_assert_int_eq(m.rows, rows);
    ck_assert_int_eq(m.cols, cols);
    ck_assert_int_eq(m.mvms, mvms);
    ck_assert_str_eq(m.name, "layer");
    ck_assert_uint_eq(m.op.id, op.id);
    return m;
}

/* ---- Conv: 2 images, G groups of C x 5 x 4, kernel 3 x 2, no padding ---- */

enum { H = 5, W = 4, KH = 3, KW = 2, OH = H - KH + 1, OW = W - KW + 1 };

static void conv_case(int64_t groups, int64_t c, int64_t m_out)
{
    float *w, *x = numbers((size_t)(groups * c * H * W));
    xb_value in[3] = {input(TYPE(-1, groups * c, H, W))};
    in[1] = weight(TYPE(groups * m_out, c, KH, KW), &w);
    xb_type bias_type = TYPE(groups * m_out);
    in[2] = xb_graph_add_const(g, "b", &bias_type, NULL);
    xb_op op = add("Conv", in, 3, TYPE(-1, groups * m_out, OH, OW));
    xb_graph_set_int(g, op, "group", groups);
    xb_matrix m = view(op, groups, c * KH * KW, m_out, OH * OW);
    ck_assert_uint_eq(m.bias.id, in[2].id);
    ck_assert_double_eq(m.scale, 1);
    for (int64_t q = 0; q < groups; q++)
        for (int64_t y = 0; y < OH; y++)
            for (int64_t z = 0; z < OW; z++) {
                double column[64], out[8] = {0};
                int64_t n = 0;
                for (int64_t i = 0; i < c; i++)
                    for (int64_t a = 0; a < KH; a++)
                        for (int64_t b = 0; b < KW; b++) column[n++] = (double)x[((q * c + i) * H + y + a) * W + z + b];
                multiply(&m, q, column, out);
                for (int64_t o = 0; o < m_out; o++) {
                    double want = 0;
                    for (int64_t i = 0; i < c; i++)
                        for (int64_t a = 0; a < KH; a++)
                            for (int64_t b = 0; b < KW; b++)
                                want += (double)w[(((q * m_out + o) * c + i) * KH + a) * KW + b] *
                                        (double)x[((q * c + i) * H + y + a) * W + z + b];
                    ck_assert_double_eq(out[o], want);
                }
            }
    free(w);
    free(x);
}

START_TEST(conv)
{
    conv_case(1, 3, 5);
}
END_TEST

START_TEST(conv_in_groups)
{
    conv_case(3, 2, 4);
}
END_TEST

START_TEST(conv_depthwise)
{
    conv_case(4, 1, 1);
}
END_TEST

START_TEST(conv_of_one_and_three_axes)
{
    float *w;
    xb_value in[2] = {input(TYPE(-1, 2, 9))};
    in[1] = weight(TYPE(4, 2, 3), &w);
    xb_op op = add("Conv", in, 2, TYPE(-1, 4, 7));
    xb_matrix m = view(op, 1, 6, 4, 7);
    ck_assert_uint_eq(m.bias.id, 0);
    ck_assert_double_eq(element(&m, 0, 5, 3), (double)w[(3 * 2 + 1) * 3 + 2]);
    free(w);
    in[0] = input(TYPE(-1, 1, 4, 4, 4));
    in[1] = weight(TYPE(2, 1, 2, 2, 2), &w);
    op = add("Conv", in, 2, TYPE(-1, 2, 3, 3, 3));
    xb_matrix cube;
    ck_assert(xb_graph_matrix(g, op, &cube));
    ck_assert_int_eq(cube.mvms, 27);
    ck_assert_int_eq(cube.rows, 8);
    ck_assert_double_eq(element(&cube, 0, 6, 1), (double)w[8 + 6]);
    free(w);
}
END_TEST

/* ---- ConvTranspose: weight C x M/g x KH x KW; stride 1: y[o][i+a][j+b] += x[c][i][j] w[c][o][a][b] ---- */

static void transpose_case(int64_t groups, int64_t c, int64_t m_out)
{
    enum { TH = H + KH - 1, TW = W + KW - 1 };
    float *w, *x = numbers((size_t)(groups * c * H * W));
    double got[8 * TH * TW] = {0}, want[8 * TH * TW] = {0};
    xb_value in[2] = {input(TYPE(-1, groups * c, H, W))};
    in[1] = weight(TYPE(groups * c, m_out, KH, KW), &w);
    xb_op op = add("ConvTranspose", in, 2, TYPE(-1, groups * m_out, TH, TW));
    xb_graph_set_int(g, op, "group", groups);
    xb_matrix m = view(op, groups, c, m_out * KH * KW, H * W); /* once per input position */
    for (int64_t q = 0; q < groups; q++)
        for (int64_t i = 0; i < H; i++)
            for (int64_t j = 0; j < W; j++) {
                double pixel[8], out[64] = {0};
                for (int64_t k = 0; k < c; k++) pixel[k] = (double)x[((q * c + k) * H + i) * W + j];
                multiply(&m, q, pixel, out);
                for (int64_t o = 0; o < m_out; o++)
                    for (int64_t a = 0; a < KH; a++)
                        for (int64_t b = 0; b < KW; b++) {
                            int64_t at = ((q * m_out + o) * TH + i + a) * TW + j + b;
                            got[at] += out[(o * KH + a) * KW + b];
                            for (int64_t k = 0; k < c; k++)
                                want[at] += pixel[k] * (double)w[(((q * c + k) * m_out + o) * KH + a) * KW + b];
                        }
            }
    for (int i = 0; i < 8 * TH * TW; i++) ck_assert_double_eq(got[i], want[i]);
    free(w);
    free(x);
}

START_TEST(conv_transpose)
{
    transpose_case(1, 3, 4);
}
END_TEST

START_TEST(conv_transpose_in_groups)
{
    transpose_case(2, 3, 2);
}
END_TEST

/* ---- Gemm: Y = alpha A' B' + beta C, 5 images of 3 features to 4 outputs ---- */

enum { N = 5, IN = 3, OUT = 4 };

/* y[image][out] through the view, with x stored image x feature */
static void dense_through_view(const xb_matrix *m, const float *x, double y[N][OUT])
{
    for (int i = 0; i < N; i++) {
        double row[IN];
        for (int k = 0; k < IN; k++) row[k] = (double)x[i * IN + k];
        memset(y[i], 0, sizeof y[i]);
        multiply(m, 0, row, y[i]);
        for (int o = 0; o < OUT; o++) y[i][o] *= m->scale;
    }
}

START_TEST(gemm)
{
    int right = _i & 1, transposed = _i >> 1 & 1, x_transposed = _i >> 2;
    float *w, *x = numbers(N * IN);
    double y[N][OUT];
    xb_type rows_first = TYPE(IN, OUT), cols_first = TYPE(OUT, IN);
    /* On the right W' is IN x OUT; on the left it is OUT x IN. */
    xb_value wv = weight((right ? !transposed : transposed) ? rows_first : cols_first, &w);
    xb_value xv = input((right ? !x_transposed : x_transposed) ? TYPE(N, IN) : TYPE(IN, N));
    xb_value in[3] = {right ? xv : wv, right ? wv : xv, {0}};
    xb_type bias_type = TYPE(OUT);
    in[2] = xb_graph_add_const(g, "c", &bias_type, NULL);
    xb_op op = add("Gemm", in, 3, right ? TYPE(N, OUT) : TYPE(OUT, N));
    xb_graph_set_float(g, op, "alpha", 0.5f);
    xb_graph_set_int(g, op, right ? "transB" : "transA", transposed);
    xb_graph_set_int(g, op, right ? "transA" : "transB", x_transposed);
    xb_matrix m = view(op, 1, IN, OUT, right ? 1 : N);
    ck_assert_double_eq(m.scale, 0.5);
    ck_assert_uint_eq(m.bias.id, in[2].id);
    ck_assert_uint_eq(m.weight.id, wv.id);
    dense_through_view(&m, x, y);
    for (int i = 0; i < N; i++)
        for (int o = 0; o < OUT; o++) {
            double want = 0;
            for (int k = 0; k < IN; k++) {
                bool in_by_out = right ? !transposed : transposed;
                want += (double)x[i * IN + k] * (double)(in_by_out ? w[k * OUT + o] : w[o * IN + k]);
            }
            ck_assert_double_eq(y[i][o], 0.5 * want);
        }
    xb_graph_set_float(g, op, "beta", 0);
    m = view(op, 1, IN, OUT, right ? 1 : N);
    ck_assert_uint_eq(m.bias.id, 0); /* times 0: no bias */
    free(w);
    free(x);
}
END_TEST

/* ---- MatMul ---- */

START_TEST(matmul)
{
    int right = _i & 1, ones = _i >> 1;
    float *w, *x = numbers(N * IN);
    double y[N][OUT];
    xb_type t = right ? TYPE(IN, OUT) : TYPE(OUT, IN);
    if (ones) t = right ? TYPE(1, 1, IN, OUT) : TYPE(1, OUT, IN);
    xb_value wv = weight(t, &w);
    /* sequences: batch x N x features, or batch x features x N */
    xb_value xv = input(right ? TYPE(-1, N, IN) : TYPE(-1, IN, N));
    xb_value in[2] = {right ? xv : wv, right ? wv : xv};
    bool deeper = ones && right; /* 1 x batch x N x OUT */
    xb_op op = add("MatMul", in, 2, deeper ? TYPE(1, -1, N, OUT) : right ? TYPE(-1, N, OUT) : TYPE(-1, OUT, N));
    xb_matrix m = view(op, 1, IN, OUT, deeper ? 0 : N);
    ck_assert_double_eq(m.scale, 1);
    ck_assert_uint_eq(m.bias.id, 0);
    dense_through_view(&m, x, y);
    for (int i = 0; i < N; i++)
        for (int o = 0; o < OUT; o++) {
            double want = 0;
            for (int k = 0; k < IN; k++)
                want += (double)x[i * IN + k] * (double)(right ? w[k * OUT + o] : w[o * IN + k]);
            ck_assert_double_eq(y[i][o], want);
        }
    free(w);
    free(x);
}
END_TEST

START_TEST(matmul_of_plain_batches_and_vectors)
{
    float *w;
    xb_value in[2] = {input(TYPE(-1, IN))};
    in[1] = weight(TYPE(IN, OUT), &w);
    view(add("MatMul", in, 2, TYPE(-1, OUT)), 1, IN, OUT, 1);
    xb_matrix m;
    in[0] = input(TYPE(IN));
    ck_assert(xb_graph_matrix(g, add("MatMul", in, 2, TYPE(OUT)), &m));
    ck_assert_int_eq(m.mvms, 1);
    xb_value left[2] = {in[1], input(TYPE(OUT))}; /* IN x OUT on the left: OUT is the fan-in */
    ck_assert(xb_graph_matrix(g, add("MatMul", left, 2, TYPE(IN)), &m));
    ck_assert_int_eq(m.rows, OUT);
    ck_assert_int_eq(m.cols, IN);
    ck_assert_int_eq(m.mvms, 1);
    free(w);
}
END_TEST

START_TEST(symbolic_positions_count_as_zero)
{
    float *w;
    xb_value in[2] = {input(TYPE(-1, 2, -2, 4))};
    in[1] = weight(TYPE(3, 2, 1, 1), &w);
    view(add("Conv", in, 2, TYPE(-1, 3, -2, 4)), 1, 2, 3, 0);
    xb_matrix m;
    xb_value out;
    xb_op untyped = xb_graph_add_op(g, (xb_op){0}, "Conv", "untyped", in, 2, &out, 1);
    ck_assert(xb_graph_matrix(g, untyped, &m));
    ck_assert_int_eq(m.mvms, 0);
    free(w);
}
END_TEST

START_TEST(what_is_not_synaptic)
{
    float *w, *vector, *stack;
    xb_matrix m = {.rows = 77};
    xb_value x = input(TYPE(-1, 4)), c = weight(TYPE(4, 4), &w);
    xb_type t = TYPE(-1, 4), ints = TYPE(4, 4), none = TYPE(4, 0);
    ints.dtype = XB_I32;
    xb_value whole = xb_graph_add_const(g, "i", &ints, NULL), empty = xb_graph_add_const(g, "e", &none, NULL);
    xb_value v = weight(TYPE(4), &vector), s = weight(TYPE(2, 4, 4), &stack);
    const struct {
        const char *type;
        xb_value in[2];
        size_t n;
    } cases[] = {
        {"MatMul", {x, x}, 2},   {"MatMul", {c, c}, 2}, {"MatMul", {x, whole}, 2}, {"MatMul", {x, empty}, 2},
        {"MatMul", {x, v}, 2},   {"MatMul", {x, s}, 2}, {"Gemm", {x, v}, 2},       {"Gemm", {x, s}, 2},
        {"Add", {x, c}, 2},      {"Relu", {x}, 1},      {"Conv", {c, x}, 2},       {"Conv", {x, c}, 2},
        {"MatMul", {x, {0}}, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xb_op op = add(cases[i].type, cases[i].in, cases[i].n, t);
        ck_assert_msg(!xb_graph_matrix(g, op, &m), "case %zu", i);
    }
    xb_value pair[2] = {input(TYPE(-1, 4, 3)), s};
    xb_op uneven = add("Conv", pair, 2, TYPE(-1, 2, 1));
    xb_graph_set_int(g, uneven, "group", 3);
    ck_assert(!xb_graph_matrix(g, uneven, &m));
    xb_graph_set_int(g, uneven, "group", 0);
    ck_assert(!xb_graph_matrix(g, uneven, &m));
    ck_assert_int_eq(m.rows, 77); /* left alone */
    free(w);
    free(vector);
    free(stack);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("matrix");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, conv);
    tcase_add_test(c, conv_in_groups);
    tcase_add_test(c, conv_depthwise);
    tcase_add_test(c, conv_of_one_and_three_axes);
    tcase_add_test(c, conv_transpose);
    tcase_add_test(c, conv_transpose_in_groups);
    tcase_add_loop_test(c, gemm, 0, 8);
    tcase_add_loop_test(c, matmul, 0, 4);
    tcase_add_test(c, matmul_of_plain_batches_and_vectors);
    tcase_add_test(c, symbolic_positions_count_as_zero);
    tcase_add_test(c, what_is_not_synaptic);
    return run_case("ir_matrix", c);
}
