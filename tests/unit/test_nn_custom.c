/* Ops that somebody else computes, among the engine's own. */
#include "nn_kit.h"
#include "suite.h"

#include "nn/ref.h"
#include <stdatomic.h>

typedef struct custom {
    xb_diags *d;
    const char *type;
    bool fails, last;
    atomic_size_t items, calls, first; /* sum of firsts */
} custom;

static bool takes(void *context, const xb_graph *g, xb_op op)
{
    return !strcmp(xb_graph_op_type(g, op), ((custom *)context)->type);
}

static bool run(void *context, const xb_engine_call *call, const xb_graph *g, xb_op op, const xb_tensor *in,
                size_t n_in, xb_tensor *out)
{
    custom *c = context;
    ck_assert(call->count >= 1 && call->count <= call->items && call->first % call->items == 0);
    ck_assert(call->worker < 2);
    c->items += call->count;
    c->first += call->first;
    c->calls++;
    if (c->fails) return xb_error(c->d, "custom", (0), "nothing works");
    return xb_ref_op(c->d, g, op, in, n_in, out, 1);
}

/* Channels side by side to or from planes. */
static void turn(const float *from, const int64_t dim[4], bool to_last, float *to)
{
    int64_t pixels = dim[2] * dim[3];
    for (int64_t n = 0; n < dim[0]; n++)
        for (int64_t c = 0; c < dim[1]; c++)
            for (int64_t p = 0; p < pixels; p++) {
                int64_t plain = (n * dim[1] + c) * pixels + p, last = (n * pixels + p) * dim[1] + c;
                to[to_last ? last : plain] = from[to_last ? plain : last];
            }
}

/* The first convolution has a plain input, the network's; the second one's comes from a Relu on what the first gave. */
static bool run_last(void *context, const xb_engine_call *call, const xb_graph *g, xb_op op, const xb_tensor *in,
                     size_t n_in, xb_tensor *out)
{
    custom *c = context;
    ck_assert(call->in_last == (in[0].type.dim[1] == 16) && call->out_last);
    c->calls++;
    xb_tensor of[3] = {in[0], in[1], in[2]}, y = *out;
    float *x = xb_calloc((size_t)xb_type_count(&in[0].type), sizeof *x);
    if (call->in_last) {
        turn(in[0].data, in[0].type.dim, false, x);
        of[0].data = x;
    }
    y.data = xb_calloc((size_t)xb_type_count(&out->type), sizeof(float));
    bool ok = xb_ref_op(c->d, g, op, of, n_in, &y, 1);
    turn(y.data, out->type.dim, true, out->data);
    free(x), free(y.data);
    return ok;
}

static net convnet(void)
{
    net n = net_new(9);
    xb_value x = net_input(&n, "x", DIMS(n.batch, 3, 12, 12));
    x = net_op(&n, "Relu", IN(net_conv(&n, x, 3, 16, 3, 1, 1, 1)));
    x = net_op(&n, "MaxPool", IN(net_conv(&n, x, 16, 16, 3, 1, 0, 1)));
    net_attr(&n, "kernel_shape", INTS(2, 2));
    net_attr(&n, "strides", INTS(2, 2));
    x = net_op(&n, "Flatten", IN(x));
    xb_graph_add_output(n.g, net_dense(&n, x, 16 * 25, 7));
    net_infer(&n);
    return n;
}

static bool run_with(net *n, custom *c, xb_tensor *out)
{
    xb_custom_ops ops = {c, takes, c->last ? run_last : run, c->last};
    c->d = n->d;
    xb_engine *e = xb_engine_new(n->d, n->g, &(xb_engine_options){.threads = 2, .micro_batch = 4, .custom = &ops});
    ck_assert(e != NULL);
    xb_tensor in = net_feed(n, 0, 10);
    bool ok = xb_engine_run(e, &in, 1, out, 1);
    xb_tensor_free(&in);
    xb_engine_free(e);
    return ok;
}

START_TEST(they_take_the_place_of_kernels)
{
    static const char *const types[] = {"Conv", "Gemm", "Relu", "MaxPool"};
    net n = convnet();
    xb_tensor want = net_run(&n, 2, 4, false, 10);
    for (size_t i = 0; i < 4; i++) {
        custom c = {.type = types[i]};
        xb_tensor y;
        ck_assert(run_with(&n, &c, &y));
        size_t ops = i == 0 ? 2 : 1; /* three calls each, of 4, 4 and 2 items */
        ck_assert_uint_eq(c.calls, 3 * ops);
        ck_assert_uint_eq(c.items, 10 * ops);
        ck_assert_uint_eq(c.first, (0 + 4 + 8) * ops);
        for (size_t k = 0; k < 70; k++) ck_assert(fabs(xb_tensor_get(&y, k) - xb_tensor_get(&want, k)) < 1e-5);
        xb_tensor_free(&y);
    }
    xb_tensor_free(&want);
    net_free(&n);
}
END_TEST

START_TEST(channels_may_lie_side_by_side)
{
    net n = convnet();
    xb_tensor want = net_run(&n, 2, 4, false, 10), y;
    custom c = {.type = "Conv", .last = true};
    ck_assert(run_with(&n, &c, &y));
    ck_assert_uint_eq(c.calls, 6);
    for (size_t k = 0; k < 70; k++) ck_assert(fabs(xb_tensor_get(&y, k) - xb_tensor_get(&want, k)) < 1e-5);
    xb_tensor_free(&want);
    xb_tensor_free(&y);
    net_free(&n);
}
END_TEST

START_TEST(ops_they_do_not_take_keep_their_bytes)
{
    net n = convnet();
    xb_tensor want = net_run(&n, 2, 4, false, 10), y;
    custom c = {.type = "Nothing"};
    ck_assert(run_with(&n, &c, &y) && c.calls == 0);
    ck_assert(!memcmp(y.data, want.data, 70 * sizeof(float)));
    xb_tensor_free(&y);
    xb_tensor_free(&want);
    net_free(&n);
}
END_TEST

START_TEST(their_failure_ends_the_run)
{
    net n = convnet();
    custom c = {.type = "Gemm", .fails = true};
    xb_tensor y;
    ck_assert(!run_with(&n, &c, &y) && y.data == NULL);
    ck_assert(strstr(xb_diags_text(n.d), "nothing works"));
    net_free(&n);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, they_take_the_place_of_kernels);
    tcase_add_test(t, channels_may_lie_side_by_side);
    tcase_add_test(t, ops_they_do_not_take_keep_their_bytes);
    tcase_add_test(t, their_failure_ends_the_run);
    return run_case("nn_custom", t);
}
