/* Our own maxima over windows, forward and back, held against the plain engine bit for bit: every kernel this CPU runs,
 * channels last, in blocks and in planes. */
#include "back_kit.h"
#include "nn/max/max.h"
#include "suite.h"

typedef struct shape {
    int64_t batch, channels, in[2], kernel[2], stride[2], dilation[2], pads[4];
    int ceil;
} shape;

static const shape shapes[] = {
    {2, 20, {8, 6}, {2, 2}, {2, 2}, {1, 1}, {0}, 0},              /* LeNet's */
    {1, 16, {9, 9}, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 0},     /* ResNet's */
    {2, 32, {8, 8}, {3, 3}, {2, 2}, {1, 1}, {0}, 1},              /* ConvNet's */
    {64, 8, {5, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 0},     /* every window in three others */
    {64, 6, {5, 4}, {2, 2}, {2, 2}, {1, 1}, {0}, 1},              /* four lanes, twice */
    {1, 50, {7, 5}, {3, 2}, {2, 3}, {1, 1}, {2, 0, 1, 1}, 1},     /* uneven */
    {3, 17, {6, 6}, {2, 2}, {3, 3}, {1, 1}, {0}, 0},              /* pixels that no window has */
    {1, 9, {9, 8}, {3, 3}, {2, 1}, {2, 3}, {2, 2, 2, 2}, 0},      /* dilated */
    {1, 24, {4, 3}, {4, 3}, {1, 1}, {1, 1}, {0}, 0},              /* the whole image */
    {2, 3, {6, 6}, {3, 3}, {2, 2}, {1, 1}, {1, 0, 0, 1}, 0},      /* one lane */
    {1, 48, {16, 16}, {15, 17}, {1, 1}, {1, 1}, {0, 8, 0, 8}, 0}, /* as many taps as there may be */
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

typedef struct pool {
    trial x; /* its tensors are the plain engine's, [n][c][h][w] */
    xb_geometry w;
    size_t n_x, n_y;
} pool;

static xb_geometry geometry_of(const shape *s, const xb_tensor *y)
{
    xb_geometry w = {.batch = s->batch, .groups = 1, .in_channels = s->channels, .out_channels = s->channels};
    for (int d = 0; d < 2; d++) {
        w.in[d] = s->in[d];
        w.out[d] = y->type.dim[2 + d];
        w.kernel[d] = s->kernel[d];
        w.stride[d] = s->stride[d];
        w.dilation[d] = s->dilation[d];
        w.begin[d] = s->pads[d];
    }
    return w;
}

typedef enum numbers { TIES, ODD, ANY } numbers;

/* TIES: few numbers, zeros of either sign; ODD: NaNs and infinities among them, and planes of nothing else; ANY: sizes
 * from 1e-6 to 1e6, so that sums show their order. */
static float number_of(xb_rng *r, numbers kind, int64_t plane)
{
    static const float odd[] = {NAN, -INFINITY, INFINITY, -0.0f, 0, 1};
    if (kind == ANY) return (float)(xb_rng_between(r, -1, 1) * pow(10, xb_rng_between(r, -6, 6)));
    if (kind == ODD && plane % 3) return odd[xb_rng_below(r, plane % 3 == 1 ? 6 : 2)];
    float v = (float)xb_rng_below(r, 3) - 1;
    return v == 0 && xb_rng_below(r, 2) ? -0.0f : v;
}

/* The plain engine has run forward, and with gradients dy of that kind, back. */
static pool pool_new(const shape *s, numbers x, numbers dy)
{
    pool p = {.x = {.n = net_of(XB_OP_MaxPool), .rng = xb_rng_at(31, XB_RNG_NOISE, (uint32_t)(s - shapes))}};
    xb_tensor *in = net_input(&p.x.n, XB_F32, DIMS(s->batch, s->channels, s->in[0], s->in[1]));
    net_list(&p.x.n, "kernel_shape", 2, s->kernel);
    net_list(&p.x.n, "strides", 2, s->stride);
    net_list(&p.x.n, "dilations", 2, s->dilation);
    net_list(&p.x.n, "pads", 4, s->pads);
    net_int(&p.x.n, "ceil_mode", s->ceil);
    p.n_x = (size_t)xb_type_count(&in->type);
    for (size_t k = 0; k < p.n_x; k++)
        ((float *)in->data)[k] = number_of(&p.x.rng, x, (int64_t)k / (s->in[0] * s->in[1]));
    net_run(&p.x.n);
    const xb_type *t = &p.x.n.out[0].type;
    p.n_y = (size_t)xb_type_count(t);
    ck_assert(xb_tensor_alloc(&p.x.dout[0], t));
    ck_assert(xb_tensor_alloc(&p.x.din[0], &in->type));
    for (size_t k = 0; k < p.n_y; k++) ((float *)p.x.dout[0].data)[k] = number_of(&p.x.rng, dy, 0);
    back(&p.x);
    p.w = geometry_of(s, &p.x.n.out[0]);
    return p;
}

/* Where element k of [n][c][pixels] is in format f. */
static size_t place_of(const xb_geometry *w, xb_format f, size_t pixels, size_t k)
{
    size_t c = (size_t)w->in_channels, side = f == XB_FMT_BLOCKED ? (size_t)xb_dnnl_block() : c;
    size_t n = k / (c * pixels), channel = k / pixels % c, pixel = k % pixels;
    if (f == XB_FMT_PLAIN) return k;
    return ((n * (c / side) + channel / side) * pixels + pixel) * side + channel % side;
}

static float *arrange(const xb_geometry *w, xb_format f, const int64_t size[2], const xb_tensor *from)
{
    size_t n = (size_t)xb_type_count(&from->type), pixels = (size_t)(size[0] * size[1]);
    float *to = xb_calloc(n, sizeof *to);
    for (size_t k = 0; k < n; k++) to[place_of(w, f, pixels, k)] = ((const float *)from->data)[k];
    return to;
}

/* The gradient, summed window by window in float, from the taps that a kernel has kept. */
static void sum_in_order(const xb_geometry *g, const float *dy, const uint8_t *tap, float *dx)
{
    for (int64_t k = 0; k < g->batch * g->out[0] * g->out[1] * g->in_channels; k++) {
        int64_t c = k % g->in_channels, at = k / g->in_channels, n = at / g->out[1] / g->out[0];
        int64_t row = at / g->out[1] % g->out[0] * g->stride[0] - g->begin[0];
        int64_t col = at % g->out[1] * g->stride[1] - g->begin[1];
        if (tap[k] == XB_MAX_NONE) continue;
        row += tap[k] / g->kernel[1] * g->dilation[0];
        col += tap[k] % g->kernel[1] * g->dilation[1];
        dx[((n * g->in[0] + row) * g->in[1] + col) * g->in_channels + c] += dy[k];
    }
}

/* NaNs compare as bits, too. */
static void same(const char *what, const xb_max_kernel *m, const float *a, const float *b, size_t n)
{
    for (size_t k = 0; k < n; k++)
        ck_assert_msg(!memcmp(&a[k], &b[k], sizeof *a), "%s of %s, %zu: %g, not %g", what, m->name, k, (double)a[k],
                      (double)b[k]);
}

static void kernel_agrees(const xb_max_kernel *m, pool *p, xb_format f, bool exact)
{
    xb_geometry g = xb_max_images(&p->w, f);
    if (g.in_channels < m->lanes) return;
    float *x = arrange(&p->w, f, p->w.in, &p->x.n.in[0]), *want_y = arrange(&p->w, f, p->w.out, &p->x.n.out[0]);
    float *dy = arrange(&p->w, f, p->w.out, &p->x.dout[0]), *want_dx = arrange(&p->w, f, p->w.in, &p->x.din[0]);
    float *y = xb_calloc(p->n_y, sizeof *y), *dx = xb_calloc(p->n_x, sizeof *dx);
    uint8_t *tap = xb_calloc(p->n_y, 1);
    m->forward(&g, x, y);
    same("maximum", m, y, want_y, p->n_y);
    memset(y, 0, p->n_y * sizeof *y);
    m->keep(&g, x, y, tap);
    same("kept maximum", m, y, want_y, p->n_y);
    for (size_t k = 0; k < p->n_x; k++) dx[k] = 77;
    m->back(&g, dy, tap, dx);
    if (!exact) {
        memset(want_dx, 0, p->n_x * sizeof *want_dx);
        sum_in_order(&g, dy, tap, want_dx);
    }
    same("gradient", m, dx, want_dx, p->n_x);
    float *all[] = {x, want_y, dy, want_dx, y, dx};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    free(tap);
}

static void all_agree(const shape *s, numbers x, numbers dy)
{
    const xb_max_kernel *all[4] = {&xb_max_plain, &xb_max_four};
    pool p = pool_new(s, x, dy);
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) all[2] = &xb_max_avx2;
    if (__builtin_cpu_supports("avx512f")) all[3] = &xb_max_avx512;
#endif
    for (int k = 0; k < 4; k++)
        for (int f = 0; all[k] && f < XB_FMTS; f++)
            if (f != XB_FMT_BLOCKED || s->channels % xb_dnnl_block() == 0)
                kernel_agrees(all[k], &p, (xb_format)f, dy != ANY);
    unmake(&p.x);
}

START_TEST(first_of_equals)
{
    all_agree(&shapes[_i], TIES, TIES);
}
END_TEST

START_TEST(a_nan_is_above_infinity)
{
    all_agree(&shapes[_i], ODD, TIES);
}
END_TEST

START_TEST(gradients_add_up_in_the_order_of_windows)
{
    all_agree(&shapes[_i], ANY, ANY);
}
END_TEST

/* What is no number goes back only where it belongs. */
START_TEST(gradients_that_are_no_numbers)
{
    const float x[] = {1, 2, 3, 0}, dy[] = {NAN};
    const xb_geometry g = {.batch = 1,
                           .in_channels = 1,
                           .in = {2, 2},
                           .out = {1, 1},
                           .kernel = {2, 2},
                           .stride = {2, 2},
                           .dilation = {1, 1}};
    float y, dx[4];
    uint8_t tap;
    xb_max_plain.keep(&g, x, &y, &tap);
    ck_assert_uint_eq(tap, 2);
    xb_max_plain.back(&g, dy, &tap, dx);
    for (int i = 0; i < 4; i++) ck_assert(i == 2 ? isnan(dx[i]) : dx[i] == 0);
}
END_TEST

/* The last window lies between the taps: nothing but padding. */
START_TEST(a_window_without_taps)
{
    const float x[] = {1, 2}, dy[] = {5, 7, 9};
    const xb_geometry g = {.batch = 1,
                           .in_channels = 1,
                           .in = {1, 2},
                           .out = {1, 3},
                           .kernel = {1, 2},
                           .stride = {1, 1},
                           .dilation = {1, 4},
                           .begin = {0, 2}};
    const float want_y[] = {-INFINITY, -INFINITY, 1}, want_dx[] = {9, 0};
    float y[3], dx[2];
    uint8_t tap[3];
    xb_max_plain.keep(&g, x, y, tap);
    same("maximum", &xb_max_plain, y, want_y, 3);
    ck_assert_uint_eq(tap[0], XB_MAX_NONE);
    xb_max_plain.back(&g, dy, tap, dx);
    same("gradient", &xb_max_plain, dx, want_dx, 2);
}
END_TEST

START_TEST(windows_that_are_too_large)
{
    ck_assert(xb_max_suits(&(xb_geometry){.kernel = {15, 17}}));
    ck_assert(!xb_max_suits(&(xb_geometry){.kernel = {16, 16}}));
    ck_assert(!xb_max_suits(&(xb_geometry){.kernel = {INT64_MAX, 1}}));
    for (int64_t c = 1; c < 70; c++) ck_assert_int_le(xb_max_best(c)->lanes, c);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("max");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, first_of_equals, 0, SHAPES);
    tcase_add_loop_test(c, a_nan_is_above_infinity, 0, SHAPES);
    tcase_add_loop_test(c, gradients_add_up_in_the_order_of_windows, 0, SHAPES);
    tcase_add_test(c, gradients_that_are_no_numbers);
    tcase_add_test(c, a_window_without_taps);
    tcase_add_test(c, windows_that_are_too_large);
    return run_case("nn-max", c);
}
