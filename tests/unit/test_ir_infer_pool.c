/* Sizes of windows against counting them one by one. */
#include "base/rng.h"
#include "infer_kit.h"
#include "ir/window.h"

static int64_t pick(xb_rng *r, int64_t lo, int64_t hi)
{
    return lo + (int64_t)xb_rng_below(r, (uint32_t)(hi - lo + 1));
}

/* Windows that lie inside the padded input; with ceil also a last one that starts before the padding at the end and
 * sticks out. */
static int64_t count_by_hand(const xb_window1 *w, bool ceil)
{
    int64_t n = 0, reach = (w->kernel - 1) * w->dilation + 1, padded = w->in + w->pad_begin + w->pad_end;
    for (int64_t start = 0;; start += w->stride, n++) {
        if (start + reach <= padded) continue;
        bool covered = n > 0 && start - w->stride + reach == padded; /* nothing is left over */
        if (ceil && n > 0 && !covered && start < w->in + w->pad_begin) n++;
        return n;
    }
}

static void set_window(kit *k, const xb_window1 *w, const char *auto_pad, bool ceil, bool kernel)
{
    if (kernel) xb_graph_set_ints(k->g, k->op, "kernel_shape", &w->kernel, 1);
    xb_graph_set_ints(k->g, k->op, "strides", &w->stride, 1);
    xb_graph_set_ints(k->g, k->op, "dilations", &w->dilation, 1);
    if (auto_pad)
        xb_graph_set_string(k->g, k->op, "auto_pad", auto_pad);
    else
        xb_graph_set_ints(k->g, k->op, "pads", (int64_t[]){w->pad_begin, w->pad_end}, 2);
    if (ceil) xb_graph_set_int(k->g, k->op, "ceil_mode", 1);
}

static int64_t inferred(const char *op, const xb_window1 *w, const char *auto_pad, bool ceil, xb_window *seen)
{
    kit k = kit_new();
    char dims[64];
    snprintf(dims, sizeof dims, "N,2,%lld", (long long)w->in);
    xb_value x = input(&k, "x", XB_F32, dims), y;
    bool conv = strncmp(op, "Conv", 4) == 0;
    if (conv) {
        snprintf(dims, sizeof dims, "2,2,%lld", (long long)w->kernel);
        xb_value weight = zeros(&k, XB_F32, dims);
        y = OP(&k, op, x, weight);
    } else {
        y = OP(&k, op, x);
    }
    set_window(&k, w, auto_pad, ceil, !conv);
    int64_t n = -1;
    if (infer_to(&k, y)) {
        n = xb_graph_type(k.g, y)->dim[2];
        if (seen) ck_assert(xb_graph_window(k.g, k.op, seen));
    } else {
        ck_assert_ptr_nonnull(strstr(xb_diags_text(k.d), "net.onnx: node '"));
    }
    kit_free(&k);
    return n;
}

START_TEST(pools_count_windows)
{
    xb_rng r = xb_rng_at(1, XB_RNG_INIT, 0);
    int fits = 0, ceiled = 0;
    for (int i = 0; i < 6000; i++) {
        xb_window1 w = {pick(&r, 1, 20), pick(&r, 1, 5), pick(&r, 1, 4), pick(&r, 1, 3), 0, 0, 0};
        int64_t reach = (w.kernel - 1) * w.dilation + 1;
        w.pad_begin = pick(&r, 0, reach - 1);
        w.pad_end = pick(&r, 0, reach - 1);
        bool ceil = pick(&r, 0, 1);
        int64_t want = count_by_hand(&w, ceil);
        int64_t got = inferred(i % 2 ? "MaxPool" : "AveragePool", &w, NULL, ceil, NULL);
        ck_assert_msg(got == (want ? want : -1), "in %d k %d s %d d %d pads %d %d ceil %d: %d, not %d", (int)w.in,
                      (int)w.kernel, (int)w.stride, (int)w.dilation, (int)w.pad_begin, (int)w.pad_end, ceil, (int)got,
                      (int)want);
        fits += want > 0;
        ceiled += ceil && want != count_by_hand(&w, false);
    }
    ck_assert_int_gt(fits, 3000);
    ck_assert_int_gt(ceiled, 300);
}
END_TEST

START_TEST(convolutions_count_windows)
{
    xb_rng r = xb_rng_at(2, XB_RNG_INIT, 0);
    for (int i = 0; i < 3000; i++) {
        xb_window1 w = {
            pick(&r, 1, 20), pick(&r, 1, 5), pick(&r, 1, 4), pick(&r, 1, 3), pick(&r, 0, 6), pick(&r, 0, 6), 0};
        int64_t want = count_by_hand(&w, false);
        xb_window seen = {0};
        int64_t got = inferred("Conv", &w, NULL, false, &seen);
        ck_assert_int_eq(got, want ? want : -1);
        if (!want) continue;
        ck_assert_int_eq(seen.n, 1);
        ck_assert_int_eq(seen.at[0].out, want);
        ck_assert_int_eq(seen.at[0].pad_begin, w.pad_begin);
        ck_assert_int_eq(seen.at[0].kernel, w.kernel);
    }
}
END_TEST

/* SAME: ceil(in / stride) windows; the least padding that makes room for them, the odd one at the named side. */
START_TEST(same_padding)
{
    xb_rng r = xb_rng_at(3, XB_RNG_INIT, 0);
    for (int i = 0; i < 2000; i++) {
        xb_window1 w = {pick(&r, 1, 20), pick(&r, 1, 5), pick(&r, 1, 4), pick(&r, 1, 3), 0, 0, 0};
        bool upper = i % 2;
        xb_window seen = {0};
        int64_t got = inferred("Conv", &w, upper ? "SAME_UPPER" : "SAME_LOWER", false, &seen), want = 0;
        while (want * w.stride < w.in) want++;
        ck_assert_int_eq(got, want);
        w.pad_begin = seen.at[0].pad_begin;
        w.pad_end = seen.at[0].pad_end;
        ck_assert_int_ge(w.pad_begin, 0);
        ck_assert_int_ge(w.pad_end, 0);
        ck_assert_int_eq(count_by_hand(&w, false), want);
        int64_t more = upper ? w.pad_end - w.pad_begin : w.pad_begin - w.pad_end;
        ck_assert(more == 0 || more == 1);
        if (w.pad_begin + w.pad_end > 0) { /* one less is not enough */
            w.pad_begin ? w.pad_begin-- : w.pad_end--;
            ck_assert_int_lt(count_by_hand(&w, false), want);
        }
    }
}
END_TEST

START_TEST(valid_padding)
{
    xb_window1 w = {10, 3, 2, 1, 0, 0, 0};
    ck_assert_int_eq(inferred("Conv", &w, "VALID", false, NULL), 4);
    ck_assert_int_eq(inferred("MaxPool", &w, "VALID", false, NULL), 4);
    ck_assert_int_eq(inferred("MaxPool", &w, "VALID", true, NULL), 5);
}
END_TEST

/* A transposed convolution gives the size that the convolution came from, as far as the stride lets one know. */
START_TEST(transposed_inverts)
{
    xb_rng r = xb_rng_at(4, XB_RNG_INIT, 0);
    int seen = 0;
    for (int i = 0; i < 3000; i++) {
        xb_window1 w = {
            pick(&r, 1, 30), pick(&r, 1, 5), pick(&r, 1, 4), pick(&r, 1, 3), pick(&r, 0, 3), pick(&r, 0, 3), 0};
        int64_t small = count_by_hand(&w, false), reach = (w.kernel - 1) * w.dilation + 1;
        if (!small) continue;
        int64_t rest = w.in + w.pad_begin + w.pad_end - reach - (small - 1) * w.stride;
        kit k = kit_new();
        char dims[64];
        snprintf(dims, sizeof dims, "N,4,%lld", (long long)small);
        xb_value x = input(&k, "x", XB_F32, dims);
        snprintf(dims, sizeof dims, "4,3,%lld", (long long)w.kernel);
        xb_value weight = zeros(&k, XB_F32, dims), y = OP(&k, "ConvTranspose", x, weight);
        set_window(&k, &w, NULL, false, true);
        xb_graph_set_ints(k.g, k.op, "output_padding", &rest, 1);
        snprintf(dims, sizeof dims, "f32[N,3,%lld]", (long long)w.in);
        EXPECT_RESULT(&k, y, dims);
        seen++;
    }
    ck_assert_int_gt(seen, 2000);
}
END_TEST

static xb_value transposed(kit *k, const char *dims)
{
    xb_value x = input(k, "x", XB_F32, dims), w = zeros(k, XB_F32, "1,2,3,3"), y = OP(k, "ConvTranspose", x, w);
    xb_graph_set_ints(k->g, k->op, "strides", INTS(3, 2));
    return y;
}

START_TEST(transposed_output_shape)
{
    kit k = kit_new();
    xb_value y = transposed(&k, "1,1,3,3");
    xb_graph_set_ints(k.g, k.op, "output_shape", INTS(10, 8));
    infer_to(&k, y);
    EXPECT_TYPE(&k, y, "f32[1,2,10,8]");
    xb_window w;
    ck_assert(xb_graph_window(k.g, k.op, &w));
    ck_assert_int_eq(w.at[0].pad_begin, 0);
    ck_assert_int_eq(w.at[0].pad_end, -1); /* the last row is reached by no window */
    ck_assert_int_eq(w.at[1].pad_end, -1);
    kit_free(&k);
    k = kit_new();
    y = transposed(&k, "1,1,3,3");
    xb_graph_set_ints(k.g, k.op, "output_shape", INTS(1, 2, 8, 6));
    EXPECT_RESULT(&k, y, "f32[1,2,8,6]");
    k = kit_new();
    y = transposed(&k, "1,1,3,3");
    xb_graph_set_string(k.g, k.op, "auto_pad", "SAME_UPPER");
    infer_to(&k, y);
    EXPECT_TYPE(&k, y, "f32[1,2,9,6]");
    ck_assert(xb_graph_window(k.g, k.op, &w));
    ck_assert_int_eq(w.at[1].pad_begin, 0);
    ck_assert_int_eq(w.at[1].pad_end, 1);
    kit_free(&k);
    k = kit_new();
    EXPECT_RESULT(&k, transposed(&k, "N,1,H,W"), "f32[N,2,3*H,2*W+1]");
}
END_TEST

START_TEST(symbolic_sizes)
{
    static const struct {
        int64_t kernel, stride, pad;
        const char *want;
    } cases[] = {{3, 1, 1, "f32[N,2,H]"}, {3, 1, 0, "f32[N,2,H-2]"}, {2, 2, 0, "f32[N,2,floor(H/2)]"},
                 {1, 1, 0, "f32[N,2,H]"}, {5, 1, 3, "f32[N,2,H+2]"}, {3, 2, 1, "f32[N,2,floor((H+1)/2)]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit k = kit_new();
        xb_value y = OP(&k, "MaxPool", input(&k, "x", XB_F32, "N,2,H"));
        xb_window1 w = {0, cases[i].kernel, cases[i].stride, 1, cases[i].pad, cases[i].pad, 0};
        if (cases[i].pad >= cases[i].kernel) w.pad_begin = w.pad_end = cases[i].kernel - 1;
        set_window(&k, &w, NULL, false, true);
        EXPECT_RESULT(&k, y, cases[i].want);
    }
    kit k = kit_new();
    xb_value y = OP(&k, "MaxPool", input(&k, "x", XB_F32, "N,2,H"));
    xb_window1 w = {0, 3, 2, 1, 0, 0, 0};
    set_window(&k, &w, "SAME_UPPER", false, true);
    infer_to(&k, y);
    ck_assert(!xb_graph_window(k.g, k.op, &(xb_window){0}));
    EXPECT_TYPE(&k, y, "f32[N,2,floor((H+1)/2)]");
    /* the symbolic size and the bound one agree */
    ck_assert(xb_graph_bind(k.d, k.g, xb_graph_symbol_id(k.g, "H"), 7));
    EXPECT_TYPE(&k, y, "f32[N,2,4]");
    kit_free(&k);
}
END_TEST

/* A rounded-up count of a symbolic size is a symbol of its own until the size is bound. */
START_TEST(symbolic_ceil)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,2,H"), y = OP(&k, "MaxPool", x);
    xb_window1 w = {0, 3, 2, 1, 0, 0, 0};
    set_window(&k, &w, NULL, true, true);
    xb_value z = OP(&k, "MaxPool", x);
    set_window(&k, &w, NULL, true, true);
    infer_to(&k, OP(&k, "Add", y, z));
    ck_assert_msg(k.ok, "%s", xb_diags_text(k.d));
    ck_assert_int_lt(xb_graph_type(k.g, y)->dim[2], 0);
    ck_assert_int_eq(xb_graph_type(k.g, y)->dim[2], xb_graph_type(k.g, z)->dim[2]);
    ck_assert(xb_graph_bind(k.d, k.g, xb_graph_symbol_id(k.g, "H"), 8));
    EXPECT_TYPE(&k, y, "f32[N,2,4]");
    kit_free(&k);
}
END_TEST

START_TEST(padding_wider_than_the_window)
{
    kit k = kit_new();
    xb_value y = OP(&k, "MaxPool", input(&k, "x", XB_F32, "N,2,8"));
    xb_window1 w = {0, 2, 1, 1, 0, 2, 0};
    set_window(&k, &w, NULL, false, true);
    EXPECT_ERROR(&k, y, "attribute", "pads 0 and 2 are not smaller than the window, 2");
    k = kit_new();
    y = OP(&k, "Conv", input(&k, "x", XB_F32, "N,2,8"), input(&k, "w", XB_F32, "4,2,K"));
    EXPECT_ERROR(&k, y, "shape", "the size of the weight f32[4,2,K] is not known");
}
END_TEST

START_TEST(two_and_three_dimensions)
{
    kit k = kit_new();
    xb_value x = input(&k, "x", XB_F32, "N,3,32,30"), w = zeros(&k, XB_F32, "8,3,5,3"), y = OP(&k, "Conv", x, w);
    xb_graph_set_ints(k.g, k.op, "pads", INTS(2, 0, 1, 4));
    EXPECT_RESULT(&k, y, "f32[N,8,31,32]");
    k = kit_new();
    x = input(&k, "x", XB_F32, "N,8,9,10,11");
    w = zeros(&k, XB_F32, "8,1,3,3,3");
    y = OP(&k, "Conv", x, w, zeros(&k, XB_F32, "8"));
    xb_graph_set_int(k.g, k.op, "group", 8);
    EXPECT_RESULT(&k, y, "f32[N,8,7,8,9]");
    k = kit_new();
    xb_value out[2];
    add_op(&k, "MaxPool", (xb_value[]){input(&k, "x", XB_F32, "N,8,9,10")}, 1, out, 2);
    xb_graph_set_ints(k.g, k.op, "kernel_shape", INTS(2, 2));
    EXPECT_RESULT(&k, out[1], "i64[N,8,8,9]");
    k = kit_new();
    EXPECT_RESULT(&k, OP(&k, "GlobalAveragePool", input(&k, "x", XB_F32, "N,8,9,10")), "f32[N,8,1,1]");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, pools_count_windows);
    tcase_add_test(t, convolutions_count_windows);
    tcase_add_test(t, same_padding);
    tcase_add_test(t, valid_padding);
    tcase_add_test(t, transposed_inverts);
    tcase_add_test(t, transposed_output_shape);
    tcase_add_test(t, symbolic_sizes);
    tcase_add_test(t, symbolic_ceil);
    tcase_add_test(t, padding_wider_than_the_window);
    tcase_add_test(t, two_and_three_dimensions);
}

int main(void)
{
    return run_tests("infer_pool", add);
}
