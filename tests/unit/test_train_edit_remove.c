/* Units removed from networks of every kind: those that nobody listens to leave no trace, and those that only give a
 * constant leave it in the biases behind. */
#include "train_edit_kit.h"

enum { MOST = 8 };

typedef struct end { /* the weights that a unit is made of, or that listen to it */
    xb_op op;
    int64_t at[4 * MOST]; /* channels of the op's outputs, or inputs */
    size_t n;
} end;

typedef struct part {
    edited e;
    xb_op op;
    int64_t units[4 * MOST];
    size_t n, n_makers, n_readers;
    end maker[MOST], reader[MOST];
} part;

static void list(end *e, xb_op op, size_t n, const int64_t *at)
{
    e->op = op;
    e->n = n;
    memcpy(e->at, at, n * sizeof *at);
}

/* The op just added: its outputs go (the first such op is the one they are removed from); its inputs go. */
static void goes(part *p, size_t n, const int64_t *at)
{
    if (!p->n_makers) {
        p->op = p->e.n.op;
        p->n = n;
        memcpy(p->units, at, n * sizeof *at);
    }
    list(&p->maker[p->n_makers++], p->e.n.op, n, at);
}

static void hears(part *p, size_t n, const int64_t *at)
{
    list(&p->reader[p->n_readers++], p->e.n.op, n, at);
}

static void zero(part *p, const end *z, bool outputs)
{
    xb_matrix m;
    ck_assert(xb_graph_matrix(p->e.n.g, z->op, &m));
    const xb_type *t = xb_graph_type(p->e.n.g, m.weight);
    float *w = xb_graph_write(p->e.n.g, m.weight);
    bool transposed = xb_graph_kind(p->e.n.g, z->op) == XB_OP_ConvTranspose;
    int64_t taps = 1, row_taps = transposed ? 1 : 0;
    for (int i = 2; i < t->rank; i++) taps *= t->dim[i];
    row_taps = transposed ? 1 : taps;
    int64_t each = outputs ? taps / row_taps : row_taps, size = outputs ? m.cols : m.rows;
    for (size_t i = 0; i < z->n; i++)
        for (int64_t k = z->at[i] * each; k < (z->at[i] + 1) * each; k++)
            for (int64_t o = 0; o < (outputs ? m.rows : m.cols); o++)
                w[k / size * m.group_stride + (outputs ? o * m.row_stride + k % size * m.col_stride
                                                       : k % size * m.row_stride + o * m.col_stride)] = 0;
}

/* -- the networks: 6 channels of which 1 and 3 go, if nothing else is said -- */

#define GONE INTS(1, 3)

static xb_value vector(net *n, int64_t c)
{
    return net_const(n, 0.5, 1.5, DIMS(c));
}

static xb_value norm(net *n, xb_value x, int64_t c)
{
    return net_op(n, "BatchNormalization",
                  IN(x, vector(n, c), net_const(n, -1, 1, DIMS(c)), net_const(n, -1, 1, DIMS(c)), vector(n, c)));
}

static xb_value image(part *p)
{
    return net_input(&p->e.n, "x", DIMS(p->e.n.batch, 2, 6, 6));
}

static xb_value maker(part *p, xb_value x, int64_t k, int64_t pad)
{
    xb_value y = net_conv(&p->e.n, x, 2, 6, k, 1, pad, 1);
    goes(p, GONE);
    return y;
}

static xb_value reader(part *p, xb_value x, int64_t channels)
{
    xb_value y = net_conv(&p->e.n, x, channels, 3, 3, 1, 0, 1);
    hears(p, GONE);
    return y;
}

static xb_value make_plain(part *p)
{
    return reader(p, net_op(&p->e.n, "Tanh", IN(maker(p, image(p), 3, 1))), 6);
}

static xb_value make_without_biases(part *p)
{
    net *n = &p->e.n;
    xb_value x = maker(p, image(p), 3, 1);
    x = norm(n, x, 6);
    x = net_op(n, "Conv", IN(net_op(n, "Sigmoid", IN(x)), net_const(n, -1, 1, DIMS(3, 6, 2, 2))));
    hears(p, GONE);
    return x;
}

static xb_value make_constants(part *p)
{
    net *n = &p->e.n;
    xb_value x = norm(n, maker(p, image(p), 3, 1), 6);
    x = net_op(n, "PRelu", IN(x, net_const(n, -1, 1, DIMS(6, 1, 1))));
    x = net_op(n, "Mul", IN(net_const(n, -1, 1, DIMS(1, 6, 1, 1)), x));
    x = net_op(n, "Sub", IN(x, net_const(n, -1, 1, DIMS(6, 1, 1))));
    x = net_op(n, "Add", IN(x, net_const(n, 0.3, 0.3, DIMS(6, 6))));
    x = net_op(n, "Clip", IN(x, net_scalar(n, -2), net_scalar(n, 2)));
    return reader(p, net_op(n, "Dropout", IN(x)), 6);
}

static xb_value make_residual(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "Sigmoid", IN(maker(p, image(p), 3, 1)));
    for (int i = 0; i < 3; i++) {
        xb_value y = net_conv(n, x, 6, 4, 1, 1, 0, 1);
        hears(p, GONE);
        y = net_conv(n, net_op(n, "Relu", IN(y)), 4, 6, 3, 1, 1, 1);
        goes(p, GONE);
        x = net_op(n, i ? "Add" : "Sum", IN(x, norm(n, y, 6)));
    }
    return reader(p, x, 6);
}

static xb_value make_concat(part *p)
{
    net *n = &p->e.n;
    xb_value x = image(p), a = net_conv(n, x, 2, 3, 1, 1, 0, 1);
    xb_value b = maker(p, x, 1, 0);
    xb_value all = net_op(n, "Concat", IN(a, b, net_op(n, "Mul", IN(a, net_scalar(n, 2)))));
    xb_graph_set_int(n->g, n->op, "axis", 1);
    all = net_conv(n, net_op(n, "Softplus", IN(norm(n, all, 12))), 12, 3, 3, 2, 0, 1);
    hears(p, INTS(4, 6));
    return all;
}

static xb_value make_depthwise(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "Elu", IN(maker(p, image(p), 3, 1)));
    x = net_conv(n, x, 6, 12, 3, 1, 0, 6);
    x = net_op(n, "Relu", IN(norm(n, x, 12)));
    x = net_conv(n, x, 12, 3, 2, 1, 0, 1);
    hears(p, INTS(2, 3, 6, 7));
    return x;
}

static xb_value make_flattened(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "MaxPool", IN(maker(p, image(p), 3, 1)));
    net_attr(n, "kernel_shape", INTS(3, 3));
    net_attr(n, "strides", INTS(3, 3));
    x = net_dense(n, net_op(n, "Flatten", IN(net_op(n, "Softsign", IN(x)))), 24, 5);
    hears(p, INTS(4, 5, 6, 7, 12, 13, 14, 15));
    return x;
}

static xb_value make_products(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "AveragePool", IN(maker(p, image(p), 3, 1)));
    net_attr(n, "kernel_shape", INTS(3, 3));
    net_attr(n, "strides", INTS(3, 3));
    x = net_op(n, "Reshape", IN(net_op(n, "Tanh", IN(x)), net_ints(n, INTS(0, 24))));
    x = net_op(n, "MatMul", IN(x, net_const(n, -1, 1, DIMS(24, 5))));
    hears(p, INTS(4, 5, 6, 7, 12, 13, 14, 15));
    x = net_op(n, "Relu", IN(net_op(n, "Add", IN(x, net_const(n, -1, 1, DIMS(5))))));
    return net_op(n, "MatMul", IN(x, net_const(n, -1, 1, DIMS(5, 4))));
}

/* A product and its bias, then one without a bias, at rank 3. */
static xb_value make_dense(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_input(n, "x", DIMS(n->batch, 4, 5));
    x = net_op(n, "MatMul", IN(x, net_const(n, -1, 1, DIMS(5, 6))));
    goes(p, GONE);
    x = net_op(n, "Sigmoid", IN(net_op(n, "Add", IN(x, net_const(n, -1, 1, DIMS(6))))));
    x = net_op(n, "MatMul", IN(x, net_const(n, -1, 1, DIMS(6, 3))));
    hears(p, GONE);
    return net_op(n, "Relu", IN(x));
}

static xb_value make_gemms(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_input(n, "x", DIMS(5, 4)); /* data transposed */
    x = net_op(n, "Gemm", IN(x, net_const(n, -1, 1, DIMS(5, 6)), net_const(n, -1, 1, DIMS(1, 6))));
    xb_graph_set_int(n->g, n->op, "transA", 1);
    xb_graph_set_float(n->g, n->op, "beta", 3);
    goes(p, GONE);
    x = net_op(n, "Gemm", IN(net_op(n, "Tanh", IN(x)), net_const(n, -1, 1, DIMS(3, 6)), net_const(n, -1, 1, DIMS(3))));
    xb_graph_set_int(n->g, n->op, "transB", 1);
    xb_graph_set_float(n->g, n->op, "alpha", 0.5f);
    xb_graph_set_float(n->g, n->op, "beta", 0.25f);
    hears(p, GONE);
    return x;
}

/* Weights on the left: units are rows of the result. */
static xb_value make_left(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_input(n, "x", DIMS(n->batch, 5, 4));
    x = net_op(n, "MatMul", IN(net_const(n, -1, 1, DIMS(6, 5)), x));
    goes(p, GONE);
    x = net_op(n, "Cos", IN(net_op(n, "Add", IN(x, net_const(n, -1, 1, DIMS(6, 1))))));
    x = net_op(n, "MatMul", IN(net_const(n, -1, 1, DIMS(3, 6)), x));
    hears(p, GONE);
    return x;
}

static xb_value make_left_gemm(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_input(n, "x", DIMS(5, 4));
    x = net_op(n, "Gemm", IN(net_const(n, -1, 1, DIMS(6, 5)), x, net_const(n, -1, 1, DIMS(6, 1))));
    goes(p, GONE);
    x = net_op(n, "Gemm", IN(net_const(n, -1, 1, DIMS(6, 3)), net_op(n, "Sin", IN(x))));
    xb_graph_set_int(n->g, n->op, "transA", 1);
    hears(p, GONE);
    return x;
}

static xb_value make_transposed_data(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "Transpose", IN(maker(p, image(p), 3, 1)));
    net_attr(n, "perm", INTS(0, 2, 3, 1));
    x = net_op(n, "MatMul", IN(net_op(n, "Erf", IN(x)), net_const(n, -1, 1, DIMS(6, 3))));
    hears(p, GONE);
    return net_op(n, "Add", IN(x, net_const(n, -1, 1, DIMS(3))));
}

static xb_value make_transposed_convolution(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "ConvTranspose", IN(image(p), net_const(n, -1, 1, DIMS(2, 6, 3, 3)), vector(n, 6)));
    net_attr(n, "strides", INTS(2, 2));
    goes(p, GONE);
    x = net_op(n, "ConvTranspose", IN(net_op(n, "Tanh", IN(x)), net_const(n, -1, 1, DIMS(6, 3, 1, 1))));
    hears(p, GONE);
    return x;
}

/* A gate: each unit of one half goes with one of the other. */
static xb_value make_split(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_conv(n, image(p), 2, 12, 3, 1, 1, 1), half[2];
    goes(p, INTS(1, 3));
    list(&p->maker[0], n->op, INTS(1, 3, 7, 9));
    n->op = xb_graph_add_op(n->g, (xb_op){0}, "Split", "", &x, 1, half, 2);
    xb_graph_set_int(n->g, n->op, "axis", 1);
    return reader(p, net_op(n, "Mul", IN(half[0], net_op(n, "Sigmoid", IN(half[1])))), 6);
}

static xb_value make_slice(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "HardSwish", IN(maker(p, image(p), 3, 1)));
    xb_value y =
        net_op(n, "Slice", IN(x, net_ints(n, INTS(-4, 1)), net_ints(n, INTS(100, 6)), net_ints(n, INTS(1, 2))));
    y = net_conv(n, y, 4, 3, 3, 1, 0, 1);
    hears(p, INTS(1));
    y = net_op(n, "ReduceMean", IN(y));
    net_attr(n, "axes", INTS(2, 3));
    return net_op(n, "Add", IN(reader(p, x, 6), y));
}

static xb_value make_padded(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "LeakyRelu", IN(maker(p, image(p), 3, 1)));
    x = net_op(n, "Pad", IN(x, net_ints(n, INTS(0, 0, 1, 0, 0, 0, 1, 2))));
    xb_graph_set_string(n->g, n->op, "mode", "edge");
    x = net_op(n, "AveragePool", IN(x));
    net_attr(n, "kernel_shape", INTS(3, 3));
    net_attr(n, "pads", INTS(1, 1, 1, 1));
    x = net_op(n, "GlobalAveragePool", IN(x));
    x = net_dense(n, net_op(n, "Squeeze", IN(x, net_ints(n, INTS(2, 3)))), 6, 4);
    hears(p, GONE);
    return x;
}

/* Whole groups, or as many of each. */
static xb_value make_grouped(part *p, bool whole)
{
    net *n = &p->e.n;
    xb_value x = net_conv(n, image(p), 2, 6, 3, 1, 1, 1);
    if (whole)
        goes(p, INTS(2, 3));
    else
        goes(p, INTS(1, 2, 5));
    x = net_conv(n, net_op(n, "Relu", IN(x)), 6, 9, 3, 1, 0, 3);
    if (whole) {
        x = net_conv(n, net_op(n, "Tanh", IN(x)), 9, 2, 1, 1, 0, 1);
        hears(p, INTS(3, 4, 5));
    } else {
        hears(p, INTS(1, 2, 5));
    }
    return x;
}

static xb_value make_whole_groups(part *p)
{
    return make_grouped(p, true);
}

static xb_value make_even_groups(part *p)
{
    return make_grouped(p, false);
}

static xb_value make_even_group_outputs(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "ConvTranspose", IN(image(p), net_const(n, -1, 1, DIMS(2, 3, 3, 3)), vector(n, 6)));
    xb_graph_set_int(n->g, n->op, "group", 2);
    goes(p, INTS(1, 5));
    x = net_conv(n, net_op(n, "Tanh", IN(x)), 6, 3, 3, 1, 0, 1);
    hears(p, INTS(1, 5));
    return x;
}

static xb_value make_shuffled(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "Gather", IN(maker(p, image(p), 3, 1), net_ints(n, INTS(5, 3, 1, 4, -6, 2, 3))));
    xb_graph_set_int(n->g, n->op, "axis", 1);
    x = net_op(n, "ReduceMax", IN(net_op(n, "Selu", IN(x))));
    net_attr(n, "axes", INTS(-1, 2));
    xb_graph_set_int(n->g, n->op, "keepdims", 0);
    x = net_dense(n, x, 7, 3);
    hears(p, INTS(1, 2, 6));
    return x;
}

static xb_value make_squeeze_and_excite(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "Relu", IN(maker(p, image(p), 3, 1)));
    xb_value s = net_conv(n, net_op(n, "GlobalAveragePool", IN(x)), 6, 2, 1, 1, 0, 1);
    hears(p, GONE);
    s = net_conv(n, net_op(n, "Relu", IN(s)), 2, 6, 1, 1, 0, 1);
    goes(p, GONE);
    return reader(p, net_op(n, "Mul", IN(x, net_op(n, "HardSigmoid", IN(s)))), 6);
}

static xb_value make_instances(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_op(n, "InstanceNormalization", IN(maker(p, image(p), 3, 1), vector(n, 6), vector(n, 6)));
    return reader(p, net_op(n, "Tanh", IN(x)), 6);
}

/* One weight, two images. */
static xb_value make_twins(part *p)
{
    net *n = &p->e.n;
    xb_value a = image(p), b = net_input(n, "b", DIMS(n->batch, 2, 6, 6)), w = net_const(n, -1, 1, DIMS(6, 2, 3, 3));
    xb_value bias = vector(n, 6), s = vector(n, 6);
    xb_value x = net_op(n, "Conv", IN(a, w, bias));
    goes(p, GONE);
    xb_value y = net_op(n, "Conv", IN(b, w, bias));
    xb_value m = net_const(n, -1, 1, DIMS(6));
    x = net_op(n, "BatchNormalization", IN(x, s, m, m, s));
    x = reader(p, x, 6);
    y = net_conv(n, net_op(n, "Tanh", IN(y)), 6, 3, 3, 1, 0, 1);
    hears(p, GONE);
    y = net_conv(n, y, 3, 6, 1, 1, 0, 1);
    y = net_op(n, "BatchNormalization", IN(y, s, m, m, s)); /* the same numbers, for other channels */
    y = net_conv(n, y, 6, 3, 1, 1, 0, 1);
    return net_op(n, "Add", IN(x, y));
}

/* From a vector to an image: a channel is 4 units. */
static xb_value make_decoder(part *p)
{
    net *n = &p->e.n;
    xb_value x = net_dense(n, net_input(n, "x", DIMS(n->batch, 5)), 5, 24);
    goes(p, INTS(4, 5, 6, 7, 12, 13, 14, 15));
    float *b = xb_graph_write(n->g, edited_input(&p->e, n->op, 2));
    for (int i = 0; i < 24; i++) b[i] = b[i / 4 * 4]; /* else a channel would not be one number */
    x = net_op(n, "Reshape", IN(net_op(n, "Tanh", IN(x)), net_ints(n, INTS(-1, 6, 2, 2))));
    x = net_op(n, "Conv", IN(x, net_const(n, -1, 1, DIMS(3, 6, 2, 2))));
    hears(p, GONE);
    return x;
}

static xb_value (*const nets[])(part *) = {
    make_plain,       make_without_biases,
    make_constants,   make_residual,
    make_concat,      make_depthwise,
    make_flattened,   make_products,
    make_dense,       make_gemms,
    make_left,        make_left_gemm,
    make_split,       make_transposed_data,
    make_slice,       make_transposed_convolution,
    make_padded,      make_whole_groups,
    make_even_groups, make_even_group_outputs,
    make_shuffled,    make_squeeze_and_excite,
    make_instances,   make_twins,
    make_decoder,
};
enum { NETS = sizeof nets / sizeof *nets };

static part make(int i)
{
    part p = {.e.n = net_new((uint64_t)i + 50)};
    edited_begin(&p.e, nets[i](&p));
    return p;
}

/* State has the size of the weights, and readers that are there. */
static void consistent(const part *p)
{
    for (size_t i = 0; i < p->e.p.n; i++) {
        const xb_slot_state *s = &p->e.p.at[i];
        ck_assert(xb_type_same(&s->pub.type, xb_graph_type(p->e.n.g, s->pub.value)));
        ck_assert_int_eq(xb_type_count(&s->pub.type), (int64_t)s->pub.n);
        ck_assert_str_ne(xb_graph_op_type(p->e.n.g, s->pub.op), "");
    }
}

/* Types are as inference would have them. */
static void inferred(part *p)
{
    char *before = edited_print(&p->e);
    net_infer(&p->e.n);
    char *after = edited_print(&p->e);
    ck_assert(strcmp(strstr(before, "\ninput "), strstr(after, "\ninput ")) == 0); /* behind the list of symbols */
    free(before);
    free(after);
}

static int64_t weights(const part *p)
{
    int64_t n = 0;
    for (xb_op op = xb_graph_first(p->e.n.g); op.id; op = xb_graph_next(p->e.n.g, op)) {
        xb_matrix m;
        if (xb_graph_matrix(p->e.n.g, op, &m)) n += m.groups * m.rows * m.cols;
    }
    return n;
}

START_TEST(units_without_listeners_leave_no_trace)
{
    part p = make(_i);
    for (size_t i = 0; i < p.n_readers; i++) zero(&p, &p.reader[i], false);
    xb_tensor before = edited_run(&p.e);
    int64_t had = weights(&p);
    DONE(&p.e, xb_edit_remove_units(p.e.n.d, &p.e.p, p.op, p.units, p.n, _i % 2));
    ck_assert_int_lt(weights(&p), had);
    inferred(&p);
    edited_same(&p.e, before, 1e-6);
    consistent(&p);
    ck_assert_ptr_null(strstr(xb_diags_text(p.e.n.d), "edit"));
    edited_free(&p.e);
}
END_TEST

START_TEST(units_that_give_a_constant_leave_it_in_biases)
{
    part p = make(_i);
    for (size_t i = 0; i < p.n_makers; i++) zero(&p, &p.maker[i], true);
    xb_tensor before = edited_run(&p.e);
    DONE(&p.e, xb_edit_remove_units(p.e.n.d, &p.e.p, p.op, p.units, p.n, true));
    ck_assert_msg(!strstr(xb_diags_text(p.e.n.d), "not folded"), "%s", xb_diags_text(p.e.n.d));
    inferred(&p);
    edited_same(&p.e, before, 2e-6);
    consistent(&p);
    edited_free(&p.e);
}
END_TEST

static bool among(const int64_t *list, size_t n, int64_t place)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == place) return true;
    return false;
}

/* Weights of an op that stand at places it loses. */
static int64_t told(const part *p, const xb_losing *l)
{
    xb_matrix m;
    if (!xb_graph_matrix(p->e.n.g, l->op, &m)) return 0;
    const xb_type *t = xb_graph_type(p->e.n.g, m.weight);
    bool conv = strncmp(xb_graph_op_type(p->e.n.g, l->op), "Conv", 4) == 0;
    bool transposed = xb_graph_kind(p->e.n.g, l->op) == XB_OP_ConvTranspose;
    int64_t taps = 1, n = 0;
    for (int i = 2; conv && i < t->rank; i++) taps *= t->dim[i];
    int64_t row_taps = transposed ? 1 : taps, col_taps = transposed ? taps : 1;
    for (int64_t g = 0; g < m.groups; g++)
        for (int64_t r = 0; r < m.rows; r++)
            for (int64_t c = 0; c < m.cols; c++)
                n += among(l->in, l->n_in, (g * m.rows + r) / row_taps) ||
                     among(l->out, l->n_out, (g * m.cols + c) / col_taps);
    return n;
}

static const xb_losing *of_op(const xb_losing *list, size_t n, xb_op op)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].op.id == op.id) return &list[i];
    ck_abort_msg("an op loses nothing");
    return NULL;
}

/* Makers and readers lose what they are known to lose, and all weights that go are told. */
START_TEST(what_goes_is_told_before)
{
    part p = make(_i);
    xb_arena *a = xb_arena_new();
    const xb_losing *list;
    size_t n;
    char *before = edited_print(&p.e);
    DONE(&p.e, xb_edit_losses(p.e.n.d, a, p.e.n.g, p.op, p.units, p.n, &list, &n));
    char *after = edited_print(&p.e);
    ck_assert_str_eq(before, after);
    for (size_t i = 0; i < p.n_makers; i++)
        for (size_t k = 0; k < p.maker[i].n; k++) {
            const xb_losing *l = of_op(list, n, p.maker[i].op);
            ck_assert(among(l->out, l->n_out, p.maker[i].at[k]));
        }
    for (size_t i = 0; i < p.n_readers; i++)
        for (size_t k = 0; k < p.reader[i].n; k++) {
            const xb_losing *l = of_op(list, n, p.reader[i].op);
            ck_assert(among(l->in, l->n_in, p.reader[i].at[k]));
        }
    int64_t had = weights(&p), all = 0;
    for (size_t i = 0; i < n; i++) all += told(&p, &list[i]);
    DONE(&p.e, xb_edit_remove_units(p.e.n.d, &p.e.p, p.op, p.units, p.n, true));
    ck_assert_int_eq(had - weights(&p), all);
    ck_assert_int_gt(all, 0);
    free(before);
    free(after);
    xb_arena_free(a);
    edited_free(&p.e);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, what_goes_is_told_before, 0, NETS);
    tcase_add_loop_test(t, units_without_listeners_leave_no_trace, 0, NETS);
    tcase_add_loop_test(t, units_that_give_a_constant_leave_it_in_biases, 0, NETS);
}

int main(void)
{
    return edited_main("train_edit_remove", add);
}
