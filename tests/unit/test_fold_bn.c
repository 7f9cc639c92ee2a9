/* fold-bn keeps what the network computes (a plain evaluator is the oracle). */
#include "hw_host.h"

#include "../../passes/fold-bn.c"
#include "base/rng.h"

/* ---- the oracle: values as doubles, op by op ---- */

typedef struct cells {
    xb_type type;
    double *v;
} cells;

static cells *all_values;

static cells *at(xb_value v)
{
    return &all_values[v.id];
}

static int64_t dim(xb_value v, int i)
{
    return at(v)->type.dim[i];
}

static void conv(const xb_graph *g, xb_op op, const xb_value *in, size_t n, xb_value out)
{
    int64_t group = xb_graph_attr_int(g, op, "group", 1), cg = dim(in[1], 1), kh = dim(in[1], 2), kw = dim(in[1], 3);
    const xb_attr *pads = xb_graph_attr(g, op, "pads");
    int64_t top = pads ? pads->ints[0] : 0, left = pads ? pads->ints[1] : 0, h = dim(in[0], 2), w = dim(in[0], 3);
    int64_t m_all = dim(out, 1), oh = dim(out, 2), ow = dim(out, 3);
    for (int64_t m = 0; m < m_all; m++)
        for (int64_t y = 0; y < oh; y++)
            for (int64_t x = 0; x < ow; x++) {
                double sum = n > 2 && in[2].id ? at(in[2])->v[m] : 0;
                for (int64_t c = 0; c < cg; c++)
                    for (int64_t i = 0; i < kh; i++)
                        for (int64_t j = 0; j < kw; j++) {
                            int64_t sy = y + i - top, sx = x + j - left, sc = m / (m_all / group) * cg + c;
                            if (sy < 0 || sx < 0 || sy >= h || sx >= w) continue;
                            sum +=
                                at(in[0])->v[(sc * h + sy) * w + sx] * at(in[1])->v[((m * cg + c) * kh + i) * kw + j];
                        }
                at(out)->v[(m * oh + y) * ow + x] = sum;
            }
}

static void conv_transpose(const xb_graph *g, xb_op op, const xb_value *in, size_t n, xb_value out)
{
    int64_t group = xb_graph_attr_int(g, op, "group", 1), c_all = dim(in[0], 1), mg = dim(in[1], 1);
    int64_t kh = dim(in[1], 2), kw = dim(in[1], 3), h = dim(in[0], 2), w = dim(in[0], 3), oh = dim(out, 2),
            ow = dim(out, 3);
    for (int64_t i = 0; i < mg * group * oh * ow; i++)
        at(out)->v[i] = n > 2 && in[2].id ? at(in[2])->v[i / (oh * ow)] : 0;
    for (int64_t c = 0; c < c_all; c++)
        for (int64_t m = 0; m < mg; m++)
            for (int64_t p = 0; p < h * w; p++)
                for (int64_t k = 0; k < kh * kw; k++) {
                    int64_t y = p / w + k / kw, x = p % w + k % kw, om = c / (c_all / group) * mg + m;
                    at(out)->v[(om * oh + y) * ow + x] +=
                        at(in[0])->v[c * h * w + p] * at(in[1])->v[(c * mg + m) * kh * kw + k];
                }
}

static void dense(const xb_graph *g, xb_op op, const xb_value *in, size_t n, xb_value out)
{
    bool tb = xb_graph_attr_int(g, op, "transB", 0);
    double alpha = (double)xb_graph_attr_float(g, op, "alpha", 1), beta = (double)xb_graph_attr_float(g, op, "beta", 1);
    int64_t rows = dim(in[0], 0), k = dim(in[0], 1), cols = dim(out, 1);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++) {
            double sum = 0;
            for (int64_t i = 0; i < k; i++)
                sum += at(in[0])->v[r * k + i] * at(in[1])->v[tb ? c * k + i : i * cols + c];
            bool bias = n > 2 && in[2].id, one = bias && xb_type_count(&at(in[2])->type) == 1;
            at(out)->v[r * cols + c] = alpha * sum + (bias ? beta * at(in[2])->v[one ? 0 : c] : 0);
        }
}

static void normalise(const xb_graph *g, xb_op op, const xb_value *in, xb_value out)
{
    int64_t channels = dim(in[0], 1), inner = 1, count = xb_type_count(&at(out)->type);
    for (int i = 2; i < at(in[0])->type.rank; i++) inner *= dim(in[0], i);
    for (int64_t i = 0; i < count; i++) {
        int64_t c = i / inner % channels;
        double sd = sqrt(at(in[4])->v[c] + (double)xb_graph_attr_float(g, op, "epsilon", 1e-5f));
        at(out)->v[i] = (at(in[0])->v[i] - at(in[3])->v[c]) / sd * at(in[1])->v[c] + at(in[2])->v[c];
    }
}

/* Element of v that broadcasts to element i of a result of type t. */
static double broadcast(xb_value v, const xb_type *t, int64_t i)
{
    const xb_type *from = &at(v)->type;
    int64_t index = 0, stride = 1;
    for (int k = t->rank - 1, j = from->rank - 1; j >= 0; k--, j--) {
        index += from->dim[j] == 1 ? 0 : i % t->dim[k] * stride;
        stride *= from->dim[j];
        i /= t->dim[k];
    }
    return at(v)->v[index];
}

static void add_values(const xb_value *in, xb_value out)
{
    const xb_type *t = &at(out)->type;
    for (int64_t i = 0; i < xb_type_count(t); i++) at(out)->v[i] = broadcast(in[0], t, i) + broadcast(in[1], t, i);
}

static void step(const xb_graph *g, xb_op op)
{
    const xb_value *in, *out;
    size_t n = xb_graph_op_inputs(g, op, &in);
    xb_graph_op_outputs(g, op, &out);
    xb_kind kind = xb_graph_kind(g, op);
    int64_t count = xb_type_count(&at(out[0])->type);
    if (kind == XB_OP_Conv) conv(g, op, in, n, out[0]);
    if (kind == XB_OP_ConvTranspose) conv_transpose(g, op, in, n, out[0]);
    if (kind == XB_OP_Gemm || kind == XB_OP_MatMul) dense(g, op, in, n, out[0]);
    if (kind == XB_OP_BatchNormalization) normalise(g, op, in, out[0]);
    for (int64_t i = 0; kind == XB_OP_Relu && i < count; i++) at(out[0])->v[i] = fmax(0, at(in[0])->v[i]);
    if (kind == XB_OP_Dropout) memcpy(at(out[0])->v, at(in[0])->v, (size_t)count * sizeof(double));
    if (kind == XB_OP_Add) add_values(in, out[0]);
}

/* All outputs, one after the other; caller frees. */
static double *evaluate(const xb_graph *g, size_t *n_out)
{
    uint32_t limit = xb_graph_value_limit(g);
    xb_arena *a = xb_arena_new();
    const xb_value *list;
    all_values = xb_arena_alloc(a, limit, sizeof *all_values);
    for (uint32_t id = 1; id < limit; id++) {
        const xb_type *t = xb_graph_type(g, (xb_value){id});
        if (!t || t->rank < 0 || xb_type_count(t) < 0) continue;
        all_values[id] = (cells){*t, xb_arena_alloc(a, (size_t)xb_type_count(t) + 1, sizeof(double))};
        const float *data =
            xb_graph_is_const(g, (xb_value){id}) && t->dtype == XB_F32 ? xb_graph_data(g, (xb_value){id}) : NULL;
        for (int64_t i = 0; data && i < xb_type_count(t); i++) all_values[id].v[i] = (double)data[i];
    }
    size_t n = xb_graph_inputs(g, &list);
    for (size_t k = 0; k < n; k++)
        for (int64_t i = 0; i < xb_type_count(&at(list[k])->type); i++)
            at(list[k])->v[i] = sin(1.7 * (double)i + (double)k);
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) step(g, op);
    double *result = NULL;
    n = xb_graph_outputs(g, &list);
    *n_out = 0;
    for (size_t k = 0; k < n; k++) {
        size_t count = (size_t)xb_type_count(&at(list[k])->type);
        result = xb_realloc(result, *n_out + count, sizeof *result);
        memcpy(result + *n_out, at(list[k])->v, count * sizeof *result);
        *n_out += count;
    }
    xb_arena_free(a);
    return result;
}

/* ---- fold-bn ---- */

static xb_value vector(fx *f, const char *name, const char *part, int64_t n, double lo, double hi)
{
    static uint32_t stream;
    char text[64];
    float v[64];
    xb_rng r = xb_rng_at(3, XB_RNG_INIT, stream++);
    snprintf(text, sizeof text, "%s.%s", name, part);
    for (int64_t i = 0; i < n; i++) v[i] = (float)xb_rng_between(&r, lo, hi);
    xb_type type = FX_TYPE(n);
    return xb_graph_add_const(f->g, text, &type, v);
}

static xb_value norm(fx *f, const char *name, xb_value x, int64_t n)
{
    char y[64];
    snprintf(y, sizeof y, "%s.y", name);
    const char *names[] = {y};
    xb_value out, in[] = {x, vector(f, name, "scale", n, .5, 2), vector(f, name, "b", n, -1, 1),
                          vector(f, name, "mean", n, -1, 1), vector(f, name, "var", n, .2, 3)};
    xb_op op = xb_graph_add_op_kind(f->g, (xb_op){0}, XB_OP_BatchNormalization, name, in, 5, names, &out, 1);
    xb_graph_set_float(f->g, op, "epsilon", .01f);
    return out;
}

static xb_value with_bias(fx *f, xb_value y, const char *name, int64_t n)
{
    xb_op op = xb_graph_find_op(f->g, name);
    xb_graph_set_input(f->g, op, 2, vector(f, name, "bias", n, -1, 1));
    return y;
}

/* Folds; the outputs agree to float rounding; so many normalisations went and stayed. */
static void check_fold(fx *f, int folded, int kept)
{
    ck_assert_msg(xb_graph_infer(f->d, f->g, NULL), "%s", xb_diags_text(f->d));
    size_t n, n2, facts;
    double *before = evaluate(f->g, &n), largest = 0;
    test_host *h = host_new(f, "fold-bn");
    xb_module *m = xb_module_new(xb_graph_clone(f->g));
    ck_assert_int_eq(pass.run(&h->cx, m, NULL), 0);
    xb_graph *g = xb_module_graph(m);
    ck_assert_msg(xb_graph_verify(f->d, g), "%s", xb_diags_text(f->d));
    double *after = evaluate(g, &n2);
    ck_assert_uint_eq(n, n2);
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(before[i] - after[i]) / (1 + fabs(before[i])));
    ck_assert_msg(largest < 1e-5, "differs by %g", largest);
    ck_assert_uint_eq(fx_count(g, "BatchNormalization"), (size_t)kept);
    const xb_fact *list;
    facts = xb_module_facts(m, &list);
    ck_assert_uint_eq(facts, 2);
    ck_assert_str_eq(list[0].key, "pass.fold-bn.folded");
    ck_assert_double_eq(list[0].value, folded);
    ck_assert_double_eq(list[1].value, kept);
    const xb_value *old_out, *new_out;
    xb_graph_outputs(f->g, &old_out);
    xb_graph_outputs(g, &new_out);
    ck_assert_str_eq(xb_graph_value_name(f->g, old_out[0]), xb_graph_value_name(g, new_out[0]));
    free(before);
    free(after);
    xb_module_free(m);
}

START_TEST(behind_conv)
{
    for (int groups = 1; groups <= 3; groups += 2)
        for (int bias = 0; bias < 2; bias++) {
            fx f = fx_new(NULL);
            xb_value y = fx_conv(&f, "c", fx_input(&f, "x", FX_TYPE(1, 6, 7, 7)), 9, 6 / groups, 3, groups);
            xb_graph_set_ints(f.g, xb_graph_find_op(f.g, "c"), "pads", (int64_t[]){1, 1, 1, 1}, 4);
            if (bias) with_bias(&f, y, "c", 9);
            y = fx_op(&f, XB_OP_Relu, "r", norm(&f, "bn", y, 9), (xb_value){0}, NULL);
            xb_graph_add_output(f.g, y);
            check_fold(&f, 1, 0);
            fx_free(&f);
        }
}
END_TEST

START_TEST(behind_conv_transpose)
{
    for (int groups = 1; groups <= 2; groups++) {
        fx f = fx_new(NULL);
        xb_op op;
        xb_value w = fx_weight(&f, "w", FX_TYPE(4, 3, 2, 2));
        xb_value y = fx_op(&f, XB_OP_ConvTranspose, "c", fx_input(&f, "x", FX_TYPE(1, 4, 5, 5)), w, &op);
        if (groups > 1) xb_graph_set_int(f.g, op, "group", groups);
        xb_graph_add_output(f.g, norm(&f, "bn", y, 3 * groups));
        check_fold(&f, 1, 0);
        fx_free(&f);
    }
}
END_TEST

START_TEST(behind_gemm_and_matmul)
{
    for (int kind = 0; kind < 4;
         kind++) { /* Gemm B, Gemm B transposed with alpha, beta, bias; MatMul inside and at the end */
        fx f = fx_new(NULL);
        xb_op op;
        xb_value x = fx_input(&f, "x", FX_TYPE(2, 5));
        xb_value w = fx_weight(&f, "w", kind == 1 ? FX_TYPE(7, 5) : FX_TYPE(5, 7));
        xb_value y = fx_op(&f, kind < 2 ? XB_OP_Gemm : XB_OP_MatMul, "m", x, w, &op);
        if (kind == 1) {
            xb_graph_set_int(f.g, op, "transB", 1);
            xb_graph_set_float(f.g, op, "alpha", .5f);
            xb_graph_set_float(f.g, op, "beta", 2);
            with_bias(&f, y, "m", 7);
        }
        y = norm(&f, "bn", y, 7);
        if (kind == 3) y = fx_op(&f, XB_OP_Relu, "r", y, (xb_value){0}, NULL);
        xb_graph_add_output(f.g, y);
        check_fold(&f, 1, 0);
        fx_free(&f);
    }
}
END_TEST

/* Op, Add of a constant per channel on either side, normalisation. */
START_TEST(behind_add)
{
    for (int kind = 0; kind < 4; kind++) {
        fx f = fx_new(NULL);
        bool is_conv = kind >= 2;
        xb_value x = is_conv ? fx_input(&f, "x", FX_TYPE(1, 2, 5, 5)) : fx_input(&f, "x", FX_TYPE(2, 5)), y;
        if (is_conv)
            y = with_bias(&f, fx_conv(&f, "c", x, 4, 2, 2, 1), "c", 4);
        else
            y = fx_op(&f, XB_OP_MatMul, "m", x, fx_weight(&f, "w", FX_TYPE(5, 4)), NULL);
        xb_type t = is_conv ? FX_TYPE(4, 1, 1) : FX_TYPE(4);
        xb_value c = xb_graph_add_const(f.g, "c4", &t, (float[]){.5f, -1, 2, .25f});
        y = kind % 2 ? fx_op(&f, XB_OP_Add, "a", c, y, NULL) : fx_op(&f, XB_OP_Add, "a", y, c, NULL);
        xb_graph_add_output(f.g, norm(&f, "bn", y, 4));
        check_fold(&f, 1, 0);
        fx_free(&f);
    }
    fx f = fx_new(NULL); /* along another axis, or read elsewhere: stays */
    xb_value y = fx_conv(&f, "c", fx_input(&f, "x", FX_TYPE(1, 2, 5, 5)), 4, 2, 2, 1);
    xb_type t = FX_TYPE(4);
    xb_value c = xb_graph_add_const(f.g, "c4", &t, (float[]){1, 2, 3, 4});
    xb_graph_add_output(f.g, norm(&f, "bn", fx_op(&f, XB_OP_Add, "a", y, c, NULL), 4));
    check_fold(&f, 0, 1);
    fx_free(&f);
}
END_TEST

START_TEST(in_front)
{
    for (int kind = 0; kind < 4; kind++) {
        fx f = fx_new(NULL);
        xb_op op;
        bool is_conv = kind < 2;
        xb_value x = is_conv ? fx_input(&f, "x", FX_TYPE(1, 6, 5, 5)) : fx_input(&f, "x", FX_TYPE(2, 6)), y;
        x = norm(&f, "bn", fx_op(&f, XB_OP_Relu, "r", x, (xb_value){0}, NULL), 6);
        if (is_conv) {
            y = fx_conv(&f, "c", x, 4, kind ? 3 : 6, 2, kind ? 2 : 1);
            with_bias(&f, y, "c", 4);
        } else {
            y = fx_op(&f, kind == 2 ? XB_OP_Gemm : XB_OP_MatMul, "m", x, fx_weight(&f, "w", FX_TYPE(6, 3)), &op);
            if (kind == 2) xb_graph_set_float(f.g, op, "alpha", .25f);
        }
        xb_graph_add_output(f.g, y);
        check_fold(&f, 1, 0);
        fx_free(&f);
    }
}
END_TEST

START_TEST(chain_and_shared_weight)
{
    fx f = fx_new(NULL);
    xb_value w = fx_weight(&f, "w", FX_TYPE(6, 6));
    xb_value x = fx_input(&f, "x", FX_TYPE(1, 6));
    xb_value a = norm(&f, "bn1", fx_op(&f, XB_OP_Gemm, "g1", x, w, NULL), 6);
    xb_value b = norm(&f, "bn2", fx_op(&f, XB_OP_Gemm, "g2", a, w, NULL), 6);
    xb_graph_add_output(f.g, b);
    xb_graph_add_output(f.g, fx_op(&f, XB_OP_MatMul, "g3", x, w, NULL));
    check_fold(&f, 2, 0);
    fx_free(&f);
}
END_TEST

/* Dropouts between the op, its Add and the normalisation, or ahead of the op, stay there and do not matter. */
START_TEST(dropouts_between)
{
    for (int kind = 0; kind < 4; kind++) {
        fx f = fx_new(NULL);
        xb_value x = fx_input(&f, "x", FX_TYPE(2, 6)), y;
        if (kind < 2) {
            y = fx_dropout(
                &f, "d2",
                fx_dropout(&f, "d1", fx_op(&f, XB_OP_MatMul, "m", x, fx_weight(&f, "w", FX_TYPE(6, 4)), NULL)));
            if (kind == 1) y = fx_dropout(&f, "d3", fx_op(&f, XB_OP_Add, "a", y, vector(&f, "c", "4", 4, -1, 1), NULL));
            y = norm(&f, "bn", y, 4);
        } else {
            y = norm(&f, "bn", fx_op(&f, XB_OP_Relu, "r", x, (xb_value){0}, NULL), 6);
            y = fx_dropout(&f, "d1", y);
            if (kind == 3) y = fx_dropout(&f, "d2", y);
            y = fx_op(&f, XB_OP_Gemm, "m", y, fx_weight(&f, "w", FX_TYPE(6, 4)), NULL);
        }
        xb_graph_add_output(f.g, y);
        check_fold(&f, 1, 0);
        fx_free(&f);
    }
}
END_TEST

/* A copy with two readers; a Dropout in training mode: no fold. */
START_TEST(dropouts_in_the_way)
{
    for (int kind = 0; kind < 4; kind++) {
        fx f = fx_new(NULL);
        bool ahead = kind % 2, training = kind / 2;
        xb_value x = fx_input(&f, "x", FX_TYPE(2, 6)), y = x, copy;
        if (!ahead) y = fx_op(&f, XB_OP_Gemm, "m", y, fx_weight(&f, "w", FX_TYPE(6, 6)), NULL);
        if (ahead) y = norm(&f, "bn", y, 6);
        copy = y = fx_dropout(&f, "d", y);
        if (training) {
            xb_type type = {.dtype = XB_BOOLEAN};
            xb_value yes = xb_graph_add_const(f.g, "yes", &type, &(uint8_t){1});
            xb_graph_set_input(f.g, xb_graph_find_op(f.g, "d"), 2, yes);
        }
        if (!ahead) y = norm(&f, "bn", y, 6);
        if (ahead) y = fx_op(&f, XB_OP_Gemm, "m", y, fx_weight(&f, "w", FX_TYPE(6, 6)), NULL);
        xb_graph_add_output(f.g, y);
        if (!training) xb_graph_add_output(f.g, fx_op(&f, XB_OP_Relu, "r", copy, (xb_value){0}, NULL));
        check_fold(&f, 0, 1);
        fx_free(&f);
    }
}
END_TEST

START_TEST(what_stays)
{
    /* a result with two readers; a padded Conv ahead; no op beside; a variance of -1 */
    fx f = fx_new(NULL);
    xb_value y = fx_conv(&f, "c", fx_input(&f, "x", FX_TYPE(1, 2, 5, 5)), 3, 2, 2, 1);
    xb_value n = norm(&f, "bn", y, 3);
    xb_graph_add_output(f.g, n);
    xb_graph_add_output(f.g, y);
    xb_value p = norm(&f, "bn2", fx_input(&f, "x2", FX_TYPE(1, 2, 5, 5)), 2);
    xb_graph_add_output(f.g, fx_conv(&f, "padded", p, 3, 2, 3, 1));
    xb_graph_set_ints(f.g, xb_graph_find_op(f.g, "padded"), "pads", (int64_t[]){0, 1, 0, 0}, 4);
    xb_graph_add_output(f.g, norm(&f, "bn3", fx_input(&f, "x3", FX_TYPE(1, 2, 5, 5)), 2));
    check_fold(&f, 0, 3);
    fx_free(&f);
}
END_TEST

START_TEST(bad_variance_stays)
{
    fx f = fx_new(NULL);
    xb_value y = fx_conv(&f, "c", fx_input(&f, "x", FX_TYPE(1, 2, 5, 5)), 3, 2, 2, 1);
    xb_graph_add_output(f.g, norm(&f, "bn", y, 3));
    ck_assert(xb_graph_infer(f.d, f.g, NULL));
    ((float *)xb_graph_write(f.g, xb_graph_find(f.g, "bn.var")))[1] = -1;
    test_host *h = host_new(&f, "fold-bn");
    xb_module *m = xb_module_new(xb_graph_clone(f.g));
    ck_assert_int_eq(pass.run(&h->cx, m, NULL), 0);
    ck_assert_uint_eq(fx_count(xb_module_graph(m), "BatchNormalization"), 1);
    xb_module_free(m);
    fx_free(&f);
}
END_TEST

START_TEST(descriptor)
{
    fx_check_pass(xbarc_plugin_query_fold_bn(NULL));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, behind_conv);
    tcase_add_test(t, behind_conv_transpose);
    tcase_add_test(t, behind_gemm_and_matmul);
    tcase_add_test(t, behind_add);
    tcase_add_test(t, in_front);
    tcase_add_test(t, chain_and_shared_weight);
    tcase_add_test(t, dropouts_between);
    tcase_add_test(t, dropouts_in_the_way);
    tcase_add_test(t, what_stays);
    tcase_add_test(t, bad_variance_stays);
    tcase_add_test(t, descriptor);
}

int main(void)
{
    return fx_main("fold_bn", add);
}
