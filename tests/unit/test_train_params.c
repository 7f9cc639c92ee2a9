/* Which constants are trained; masks, ties, frozen ones under an optimiser that does what it likes. */
#include "nn_kit.h"
#include "suite.h"

#include "nn/train/optim.h"
#include "nn/train/params.h"

static const xb_recipe recipe = {.optimizer = XB_ADAM, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};

static xb_params take_up(net *n, const xb_recipe *r)
{
    xb_params p;
    ck_assert_msg(xb_params_init(n->d, &p, n->g, r), "%s", xb_diags_text(n->d));
    return p;
}

static void expect(const xb_params *p, size_t n, const xb_value *v)
{
    ck_assert_uint_eq(p->n, n);
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(p->at[i].pub.value.id, v[i].id);
        ck_assert_str_eq(p->at[i].pub.name, xb_graph_value_name(p->graph, v[i]));
        ck_assert_uint_eq(p->at[i].pub.n, (size_t)xb_type_count(xb_graph_type(p->graph, v[i])));
        ck_assert_ptr_eq(xb_params_find(p, v[i]), &p->at[i]);
    }
}

static xb_value arg(const net *n, xb_op op, size_t i)
{
    const xb_value *in;
    ck_assert_uint_lt(i, xb_graph_op_inputs(n->g, op, &in));
    return in[i];
}

static xb_value ones(net *n, int rank, const int64_t *dim)
{
    return net_const(n, 0.5, 1, rank, dim);
}

/* One of every kind that is trained, and of much that is not. */
START_TEST(what_is_trained)
{
    net n = net_new(1);
    xb_value want[32], x = net_input(&n, "x", DIMS(n.batch, 3, 8, 8));
    size_t k = 0;
    x = net_conv(&n, x, 3, 4, 3, 1, 1, 1);
    want[k++] = arg(&n, n.op, 1), want[k++] = arg(&n, n.op, 2);
    xb_value scale = ones(&n, DIMS(4)), shift = ones(&n, DIMS(4)), mean = ones(&n, DIMS(4)), var = ones(&n, DIMS(4));
    x = net_op(&n, "BatchNormalization", IN(x, scale, shift, mean, var));
    want[k++] = scale, want[k++] = shift;
    xb_value slope = ones(&n, DIMS(4, 1, 1));
    x = net_op(&n, "PRelu", IN(x, slope));
    want[k++] = slope;
    x = net_op(&n, "Mul", IN(x, ones(&n, DIMS(4, 1, 1))));
    x = net_op(&n, "Add", IN(x, ones(&n, DIMS(4, 1, 1)))); /* no synaptic op before it */
    xb_value up = ones(&n, DIMS(4, 3, 2, 2)), up_bias = ones(&n, DIMS(1, 6, 1, 1));
    x = net_op(&n, "ConvTranspose", IN(x, up));
    xb_graph_set_int(n.g, n.op, "group", 2);
    x = net_op(&n, "Add", IN(up_bias, x));
    want[k++] = up, want[k++] = up_bias;
    xb_value in_scale = ones(&n, DIMS(6)), in_shift = ones(&n, DIMS(6));
    x = net_op(&n, "InstanceNormalization", IN(x, in_scale, in_shift));
    want[k++] = in_scale, want[k++] = in_shift;
    x = net_op(&n, "GlobalAveragePool", IN(x));
    x = net_op(&n, "Reshape", IN(x, net_ints(&n, INTS(0, 6))));
    xb_value w = ones(&n, DIMS(6, 5)), b = ones(&n, DIMS(1, 5));
    x = net_op(&n, "MatMul", IN(x, w));
    x = net_op(&n, "Add", IN(x, b));
    want[k++] = w, want[k++] = b;
    x = net_op(&n, "Add", IN(x, ones(&n, DIMS(5)))); /* a second one is no bias of the op's own result */
    xb_value ln = ones(&n, DIMS(5));
    x = net_op(&n, "LayerNormalization", IN(x, ln));
    want[k++] = ln;
    xb_value y = net_dense(&n, x, 5, 5);
    want[k++] = arg(&n, n.op, 1), want[k++] = arg(&n, n.op, 2);
    xb_value odd = net_op(&n, "Add", IN(y, net_scalar(&n, 2))); /* one number for all channels */
    xb_value unused = ones(&n, DIMS(1, 6)),
             again = net_op(&n, "Gemm", IN(odd, w, unused)); /* w is shared: listed once */
    xb_graph_set_int(n.g, n.op, "transB", 1);
    xb_graph_set_float(n.g, n.op, "beta", 0);
    xb_graph_add_output(n.g, again);
    net_infer(&n);
    xb_params p = take_up(&n, &recipe);
    expect(&p, k, want);
    for (size_t i = 0; i < p.n; i++) {
        const xb_slot_state *s = &p.at[i];
        ck_assert(!s->pub.frozen && s->pub.rate == 1 && s->pub.decay == 1 && !s->mask && s->m && s->v && s->grad);
    }
    xb_params_free(&p);
    net_free(&n);
}
END_TEST

/* What an Add brings is a bias only where it is one number a channel, in the channel's place. */
START_TEST(biases_by_add)
{
    static const struct {
        bool conv;
        int rank;
        int64_t dim[4];
        bool bias;
    } cases[] = {{true, 3, {4, 1, 1}, true},  {true, 4, {1, 4, 1, 1}, true}, {true, 1, {4}, false},
                 {true, 2, {4, 4}, false},    {true, 3, {4, 4, 4}, false},   {true, 3, {1, 1, 4}, false},
                 {true, 3, {1, 1, 1}, false}, {false, 1, {4}, true},         {false, 2, {1, 4}, true},
                 {false, 1, {1}, false},      {false, 2, {4, 1}, false},     {false, 0, {0}, false},
                 {false, 3, {1, 1, 4}, false}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        net n = net_new(1);
        xb_value x, w;
        if (cases[c].conv) {
            w = ones(&n, DIMS(4, 4, 1, 1));
            x = net_op(&n, "Conv", IN(net_input(&n, "x", DIMS(4, 4, 4, 4)), w));
        } else {
            w = ones(&n, DIMS(4, 4));
            x = net_op(&n, "MatMul", IN(net_input(&n, "x", DIMS(4, 4)), w));
        }
        xb_value b = net_const(&n, 0, 1, cases[c].rank, cases[c].dim);
        xb_graph_add_output(n.g, net_op(&n, "Add", IN(x, b)));
        net_infer(&n);
        xb_params p = take_up(&n, &recipe);
        ck_assert_msg(p.n == 1u + cases[c].bias, "case %zu: %zu trained", c, p.n);
        ck_assert_uint_eq(p.at[0].pub.value.id, w.id);
        if (cases[c].bias) ck_assert_uint_eq(p.at[1].pub.value.id, b.id);
        xb_params_free(&p);
        net_free(&n);
    }
}
END_TEST

START_TEST(nothing_to_train)
{
    net n = net_new(1);
    xb_graph_add_output(n.g, net_op(&n, "Relu", IN(net_input(&n, "x", DIMS(n.batch, 3)))));
    net_infer(&n);
    xb_params p;
    ck_assert(!xb_params_init(n.d, &p, n.g, &recipe));
    ck_assert(strstr(xb_diags_text(n.d), "nothing to train") && strstr(xb_diags_text(n.d), "[train]"));
    xb_params_free(&p);
    net_free(&n);
}
END_TEST

/* Two dense layers "fc1" (6 x 5) and "fc2" (4 x 6): weights .w, biases .b. */
typedef struct pair {
    net n;
    xb_value w1, b1, w2, b2;
    xb_op op2;
} pair;

static xb_value named(net *n, const char *name, int rank, const int64_t *dim)
{
    xb_type t = net_type(rank, dim);
    xb_value v = xb_graph_add_const(n->g, name, &t, NULL);
    float *data = xb_graph_write(n->g, v);
    for (int64_t i = 0; i < xb_type_count(&t); i++) data[i] = (float)xb_rng_normal(&n->rng);
    return v;
}

static pair pair_new(void)
{
    pair q = {.n = net_new(4)};
    net *n = &q.n;
    q.w1 = named(n, "fc1.w", DIMS(5, 6)), q.b1 = named(n, "fc1.b", DIMS(6));
    q.w2 = named(n, "fc2.w", DIMS(6, 4)), q.b2 = named(n, "fc2.b", DIMS(4));
    xb_value x = net_op(n, "Gemm", IN(net_input(n, "x", DIMS(n->batch, 5)), q.w1, q.b1));
    x = net_op(n, "Gemm", IN(x, q.w2, q.b2));
    q.op2 = n->op;
    xb_graph_add_output(n->g, x);
    net_infer(n);
    return q;
}

START_TEST(rules_and_notes)
{
    pair q = pair_new();
    xb_param_rule bias = {.rate = 2, .decay = 0}, first = {.rate = 0.5, .decay = 0.25, .frozen = true}, none = {0};
    xb_map_item items[] = {{"*.b", &bias}, {"fc1.*", &first}, {"conv?", &none}};
    xb_recipe r = {.optimizer = XB_SGD, .momentum = 0.9, .params = {items, 3}};
    xb_graph_set_note(q.n.g, q.b2, "mask", (int64_t[]){0, 1, 7, 0}, 4);
    xb_graph_set_note(q.n.g, q.b1, "mask", (int64_t[]){1, 1, 1, 1, 1, 1}, 6);
    xb_graph_set_note(q.n.g, q.w2, "frozen", (int64_t[]){1}, 1);
    xb_graph_set_note(q.n.g, q.b2, "frozen", (int64_t[]){0}, 1);
    xb_params p = take_up(&q.n, &r);
    expect(&p, 4, (xb_value[]){q.w1, q.b1, q.w2, q.b2});
    const xb_param *w1 = &p.at[0].pub, *b1 = &p.at[1].pub, *w2 = &p.at[2].pub, *b2 = &p.at[3].pub;
    ck_assert(w1->frozen && w1->rate == 0.5 && w1->decay == 0.25);
    ck_assert(!b1->frozen && b1->rate == 2 && b1->decay == 0 &&
              !b1->mask); /* the first match; a mask of ones is none */
    ck_assert(w2->frozen && w2->rate == 1 && w2->decay == 1);
    ck_assert(!b2->frozen && !memcmp(b2->mask, (uint8_t[]){0, 1, 1, 0}, 4));
    ck_assert(p.at[0].m && !p.at[0].v);
    ck_assert_uint_eq(xb_diags_warnings(q.n.d), 1);
    ck_assert(strstr(xb_diags_text(q.n.d), "'params.conv?' matches no trained constant") != NULL);
    xb_params_free(&p);
    net_free(&q.n);
}
END_TEST

static void note_is(const pair *q, xb_value v, size_t n, const int64_t *want)
{
    const xb_attr *note = xb_graph_note(q->n.g, v, "mask");
    ck_assert(note && note->n == n && !memcmp(note->ints, want, n * sizeof *want));
}

START_TEST(masks_and_their_notes)
{
    pair q = pair_new();
    xb_params p = take_up(&q.n, &recipe);
    xb_slot_state *s = xb_params_find(&p, q.b2);
    xb_params_set_mask(&p, s, NULL);
    ck_assert(!s->mask && !xb_graph_note(q.n.g, q.b2, "mask"));
    xb_params_set_mask(&p, s, (uint8_t[]){1, 0, 9, 1});
    ck_assert(s->pub.mask == s->mask && !memcmp(s->mask, (uint8_t[]){1, 0, 1, 1}, 4));
    note_is(&q, q.b2, 4, (int64_t[]){1, 0, 1, 1});
    uint64_t version = xb_graph_version(q.n.g);
    xb_params_set_mask(&p, s, (uint8_t[]){1, 0, 1, 1});
    ck_assert_uint_eq(xb_graph_version(q.n.g), version); /* nothing new is nothing written */
    xb_params_set_mask(&p, s, NULL);
    ck_assert(!s->mask && !s->pub.mask);
    note_is(&q, q.b2, 4, (int64_t[]){1, 1, 1, 1});
    xb_params_free(&p);
    net_free(&q.n);
}
END_TEST

/* Random gradients and an Adam step on everything that is not frozen; then the constraints. */
static void random_step(xb_params *p, xb_rng *rng, int64_t step)
{
    xb_params_reach(p);
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->at[i].pub.n; k++) p->at[i].grad[k] = (float)xb_rng_normal(rng);
    xb_params_mask_gradients(p);
    for (size_t i = 0; i < p->n; i++) {
        const xb_slot_state *s = &p->at[i];
        for (size_t k = 0; s->mask && k < s->pub.n; k++) ck_assert(s->mask[k] || s->grad[k] == 0);
        if (s->pub.frozen) continue;
        xb_update u = {s->pub.data, s->m, s->v, s->grad, s->pub.n, 0.1, 0.3, 1, step};
        xb_optim_update(&recipe, &u);
    }
    xb_params_impose(p);
}

static bool plus_zero(const float *v)
{
    return !memcmp(v, &(float){0}, sizeof *v);
}

START_TEST(constraints_hold)
{
    pair q = pair_new();
    xb_params p = take_up(&q.n, &recipe);
    xb_rng rng = xb_rng_at(2, XB_RNG_INIT, 0);
    uint8_t mask[30];
    for (int i = 0; i < 30; i++) mask[i] = xb_rng_below(&rng, 3) > 0;
    mask[0] = 1;
    xb_params_set_mask(&p, &p.at[0], mask);
    p.at[1].pub.frozen = true;
    ck_assert(xb_params_tie(q.n.d, &p, &(xb_tied){q.w2, q.w1, 4, 0, 12, -0.3f}));
    ck_assert(xb_params_tie(q.n.d, &p, &(xb_tied){q.w2, q.w2, 20, 0, 4, 2}));
    ck_assert(xb_params_tie(q.n.d, &p, &(xb_tied){q.b1, q.b2, 5, 1, 1, 1})); /* of a frozen one */
    xb_params_reach(&p);
    float b1[6], start = p.at[2].pub.data[17];
    memcpy(b1, p.at[1].pub.data, sizeof b1);
    p.at[0].pub.data[0] = -1;
    for (int64_t step = 1; step <= 20; step++) {
        random_step(&p, &rng, step);
        const float *w1 = p.at[0].pub.data, *w2 = p.at[2].pub.data;
        for (int i = 0; i < 30; i++)
            ck_assert(mask[i] || (plus_zero(w1 + i) && plus_zero(p.at[0].m + i) && plus_zero(p.at[0].v + i)));
        for (int i = 0; i < 12; i++) ck_assert(w2[4 + i] == -0.3f * w1[i] && p.at[2].m[4 + i] == 0);
        for (int i = 0; i < 4; i++) ck_assert(w2[20 + i] == 2 * w2[i] && p.at[2].v[20 + i] == 0);
        ck_assert(!memcmp(p.at[1].pub.data, b1, 5 * sizeof *b1) && p.at[1].pub.data[5] == p.at[3].pub.data[1]);
        ck_assert(w2[17] != start);
    }
    xb_params_free(&p);
    net_free(&q.n);
}
END_TEST

START_TEST(gradients_of_tied_elements)
{
    pair q = pair_new();
    xb_params p = take_up(&q.n, &recipe);
    xb_params_set_mask(&p, &p.at[3], (uint8_t[]){1, 1, 0, 1});
    xb_params_set_mask(&p, &p.at[1], (uint8_t[]){1, 1, 0, 1, 1, 1});
    ck_assert(xb_params_tie(q.n.d, &p, &(xb_tied){q.b1, q.b2, 0, 1, 3, 0.5f})); /* b1[0..2] from b2[1..3] */
    ck_assert(xb_params_tie(q.n.d, &p, &(xb_tied){q.b1, q.b2, 3, 1, 1, -4}));
    for (int i = 0; i < 6; i++) p.at[1].grad[i] = (float)(i + 1);
    for (int i = 0; i < 4; i++) p.at[3].grad[i] = (float)(10 * i);
    p.at[1].grad[2] = NAN; /* masked */
    xb_params_mask_gradients(&p);
    ck_assert(!memcmp(p.at[1].grad, (float[]){0, 0, 0, 0, 5, 6}, 6 * sizeof(float)));
    ck_assert(!memcmp(p.at[3].grad, (float[]){0, 10 + 0.5f - 16, 0, 30}, 4 * sizeof(float)));
    xb_params_reach(&p);
    memcpy(p.at[3].pub.data, (float[]){-1, 8, -0.0f, 6}, 4 * sizeof(float));
    memcpy(p.at[1].pub.data, (float[]){1, -1, 1, 1, 1, 1}, 6 * sizeof(float));
    xb_params_impose(&p);
    ck_assert(!memcmp(p.at[3].pub.data, (float[]){-1, 8, 0, 6}, 4 * sizeof(float)));
    ck_assert(!memcmp(p.at[1].pub.data, (float[]){4, 0, 0, -32, 1, 1}, 6 * sizeof(float)));
    xb_params_untie(&p, q.b2); /* a source is not tied */
    ck_assert_uint_eq(p.n_tied, 2);
    xb_params_untie(&p, q.b1);
    ck_assert_uint_eq(p.n_tied, 0);
    p.at[1].grad[0] = 3;
    xb_params_mask_gradients(&p);
    ck_assert(p.at[1].grad[0] == 3);
    xb_params_free(&p);
    net_free(&q.n);
}
END_TEST

static void no_tie(const pair *q, xb_params *p, xb_tied t, const char *why)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    size_t n = p->n_tied;
    ck_assert(!xb_params_tie(d, p, &t) && p->n_tied == n);
    ck_assert_msg(strstr(xb_diags_text(d), why) != NULL, "%s", xb_diags_text(d));
    ck_assert_uint_eq(xb_diags_errors(d), 1);
    xb_diags_free(d);
    (void)q;
}

START_TEST(ties_that_are_refused)
{
    pair q = pair_new();
    xb_params p = take_up(&q.n, &recipe);
    const xb_value *in;
    xb_graph_inputs(q.n.g, &in);
    no_tie(&q, &p, (xb_tied){in[0], q.w1, 0, 0, 1, 1}, "both must be trained");
    no_tie(&q, &p, (xb_tied){q.w1, (xb_value){0}, 0, 0, 1, 1}, "both must be trained");
    no_tie(&q, &p, (xb_tied){q.w1, q.b2, 0, 1, 4, 1}, "no such elements");
    no_tie(&q, &p, (xb_tied){q.b2, q.w1, SIZE_MAX, 0, 2, 1}, "no such elements");
    no_tie(&q, &p, (xb_tied){q.b2, q.w1, 0, 0, 0, 1}, "no such elements");
    no_tie(&q, &p, (xb_tied){q.b2, q.w1, 0, 0, 1, NAN}, "not finite");
    no_tie(&q, &p, (xb_tied){q.w1, q.w1, 3, 0, 4, 1}, "overlap");
    ck_assert(xb_params_tie(q.n.d, &p, &(xb_tied){q.w1, q.w2, 10, 0, 5, 1}));
    ck_assert(xb_params_tie(q.n.d, &p, &(xb_tied){q.w1, q.w1, 4, 0, 4, 1}));
    no_tie(&q, &p, (xb_tied){q.w1, q.b1, 14, 0, 1, 1}, "tied already");
    no_tie(&q, &p, (xb_tied){q.b1, q.w1, 0, 6, 3, 1}, "source is tied itself");
    no_tie(&q, &p, (xb_tied){q.w2, q.b1, 4, 0, 1, 1}, "source of another");
    ck_assert(xb_params_tie(q.n.d, &p, &(xb_tied){q.w1, q.w2, 15, 0, 5, 1})); /* a source may have several */
    xb_params_free(&p);
    net_free(&q.n);
}
END_TEST

/* Bytes that a clone shares are copied at the next reach: the clone is a snapshot. */
START_TEST(reach_after_clone)
{
    pair q = pair_new();
    xb_params p = take_up(&q.n, &recipe);
    xb_params_reach(&p);
    p.at[3].pub.data[0] = 5;
    xb_graph *kept = xb_graph_clone(q.n.g);
    xb_params_reach(&p);
    p.at[3].pub.data[0] = 6;
    ck_assert(((const float *)xb_graph_data(kept, q.b2))[0] == 5);
    ck_assert(((const float *)xb_graph_data(q.n.g, q.b2))[0] == 6);
    xb_graph_free(kept);
    xb_params_free(&p);
    net_free(&q.n);
}
END_TEST

/* A layer is replaced: state of the others stays, ties of the lost go, the new ones start anew, in graph order. */
START_TEST(refresh_after_an_edit)
{
    pair q = pair_new();
    xb_param_rule bias = {.rate = 2, .decay = 1};
    xb_map_item items[] = {{"*.b", &bias}};
    xb_recipe r = recipe;
    r.params = (xb_list){items, 1};
    xb_params p = take_up(&q.n, &r);
    p.at[1].m[3] = 7, p.at[1].pub.rate = 5, p.at[1].pub.frozen = true;
    p.at[3].v[1] = 8;
    xb_params_set_mask(&p, &p.at[3], (uint8_t[]){1, 0, 1, 1});
    ck_assert(xb_params_tie(q.n.d, &p, &(xb_tied){q.b1, q.b2, 0, 0, 4, 1}));
    ck_assert(xb_params_tie(q.n.d, &p, &(xb_tied){q.w1, q.w2, 0, 0, 4, 1}));
    xb_value w = named(&q.n, "mid.w", DIMS(6, 6)), b = named(&q.n, "mid.b", DIMS(6)), out;
    xb_value w2 = named(&q.n, "new.w", DIMS(6, 4));
    xb_graph_add_op(q.n.g, q.op2, "Gemm", "mid", (xb_value[]){arg(&q.n, q.op2, 0), w, b}, 3, &out, 1);
    xb_graph_set_input(q.n.g, q.op2, 0, out);
    xb_graph_set_input(q.n.g, q.op2, 1, w2);
    xb_graph_sweep(q.n.g);
    net_infer(&q.n);
    xb_params_refresh(&p, &r);
    expect(&p, 6, (xb_value[]){q.w1, q.b1, w, b, w2, q.b2});
    ck_assert(p.at[1].m[3] == 7 && p.at[1].pub.rate == 5 && p.at[1].pub.frozen);
    ck_assert(p.at[5].v[1] == 8 && p.at[5].mask && p.at[5].pub.mask[1] == 0 && p.at[5].pub.rate == 2);
    ck_assert(p.at[3].pub.rate == 2 && p.at[3].m[0] == 0 && p.at[3].grad && !p.at[3].mask);
    ck_assert_uint_eq(p.n_tied, 1);
    ck_assert(p.tied[0].to.id == q.b1.id && !xb_params_find(&p, q.w2));
    random_step(&p, &(xb_rng){.seed = 1}, 1);
    xb_params_free(&p);
    net_free(&q.n);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("params");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, what_is_trained);
    tcase_add_test(t, biases_by_add);
    tcase_add_test(t, nothing_to_train);
    tcase_add_test(t, rules_and_notes);
    tcase_add_test(t, masks_and_their_notes);
    tcase_add_test(t, constraints_hold);
    tcase_add_test(t, gradients_of_tied_elements);
    tcase_add_test(t, ties_that_are_refused);
    tcase_add_test(t, reach_after_clone);
    tcase_add_test(t, refresh_after_an_edit);
    return run_case("train_params", t);
}
