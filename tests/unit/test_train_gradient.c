/* test_train_gradient.c: the gradients that the optimiser gets for masked, tied and factored weights are the slopes of
 * the loss along what may move: central differences through the same networks, relative 1e-3.
 */
#include "nn/train/loss.h"
#include "nn/train/params.h"
#include "suite.h"
#include "train_kit.h"

enum { ROWS = 8, CLASSES = 10, ITEM = 784 };

/* No corners: a smooth network, so that differences are slopes. conv1 is a low-rank pair (u, then v 1 x 1). */
static const char *const smooth = "xir 1\n"
                                  "graph \"smooth\"\n"
                                  "symbol batch\n"
                                  "input %x f32[batch,1,28,28]\n"
                                  "const %u.weight f32[3,1,7,7] = digest 0\n"
                                  "const %v.weight f32[6,3,1,1] = digest 0\n"
                                  "const %v.bias f32[6] = digest 0\n"
                                  "const %fc1.weight f32[12,96] = digest 0\n"
                                  "const %fc1.bias f32[12] = digest 0\n"
                                  "const %fc2.weight f32[10,12] = digest 0\n"
                                  "op u Conv(%x, %u.weight) {strides = [7, 7]} => %a f32[batch,3,4,4]\n"
                                  "op v Conv(%a, %v.weight, %v.bias) => %b f32[batch,6,4,4]\n"
                                  "op t1 Tanh(%b) => %c f32[batch,6,4,4]\n"
                                  "op flat Flatten(%c) => %d f32[batch,96]\n"
                                  "op fc1 Gemm(%d, %fc1.weight, %fc1.bias) {transB = 1} => %e f32[batch,12]\n"
                                  "op t2 Sigmoid(%e) => %f f32[batch,12]\n"
                                  "op fc2 Gemm(%f, %fc2.weight) {transB = 1} => %y f32[batch,10]\n"
                                  "output %y\n"
                                  "end\n";

typedef struct rig {
    kit k;
    xb_params p;
    xb_dnnl *lib;
    xb_tape *t;
    xb_packed *packed;
    xb_run *run;
    xb_grads *grads;
    int label[ROWS];
} rig;

static void begin(rig *r, bool plain, void (*constrain)(rig *r))
{
    xb_value v[16];
    kit_begin(&r->k, smooth, "digits:64@1", "{smoothing: 0.1}");
    xb_dnnl_one_thread();
    ck_assert(xb_params_init(r->k.d, &r->p, r->k.g, &r->k.recipe));
    xb_params_reach(&r->p);
    constrain(r);
    xb_params_impose(&r->p);
    for (size_t i = 0; i < r->p.n; i++) v[i] = r->p.at[i].pub.value;
    r->lib = plain ? NULL : xb_dnnl_new();
    r->t = xb_tape_new(r->k.d, r->k.g, ROWS, v, r->p.n, r->lib, &(xb_tape_options){.plain = plain});
    ck_assert_msg(r->t != NULL, "%s", xb_diags_text(r->k.d));
    r->packed = xb_packed_new(r->k.d, r->t);
    for (size_t i = 0; i < r->p.n; i++) ck_assert(xb_packed_set(r->packed, i, r->p.at[i].pub.data));
    r->run = xb_run_new(r->k.d, r->t, r->packed);
    r->grads = xb_grads_new(r->t);
    for (size_t i = 0; i < ROWS; i++) {
        xb_dataset_get(r->k.data, i, &r->k.map, xb_run_input(r->run) + i * ITEM);
        r->label[i] = xb_dataset_label(r->k.data, i);
    }
}

static void end(rig *r)
{
    xb_run_free(r->run);
    xb_grads_free(r->grads);
    xb_packed_free(r->packed);
    xb_tape_free(r->t);
    xb_dnnl_free(r->lib);
    xb_params_free(&r->p);
    kit_end(&r->k);
}

/* Loss with the weights as they stand, their constraints imposed. */
static double loss_of(rig *r)
{
    uint64_t correct = 0;
    xb_params_reach(&r->p);
    xb_params_impose(&r->p);
    for (size_t i = 0; i < r->p.n; i++) ck_assert(xb_packed_set(r->packed, i, r->p.at[i].pub.data));
    ck_assert(xb_run_forward(r->run, NULL, NULL));
    return xb_loss(&r->k.recipe, xb_run_output(r->run), ROWS, CLASSES, r->label, NULL, 1.0 / ROWS, xb_run_error(r->run),
                   &correct) /
           ROWS;
}

static void gradients(rig *r)
{
    loss_of(r);
    ck_assert(xb_run_back(r->run, r->grads));
    for (size_t i = 0; i < r->p.n; i++) ck_assert(xb_grads_sum(r->packed, i, &r->grads, 1, r->p.at[i].grad));
    xb_params_mask_gradients(&r->p);
}

static bool follows(const rig *r, const xb_slot_state *s, size_t i)
{
    for (size_t k = 0; k < r->p.n_tied; k++) {
        const xb_tied *t = &r->p.tied[k];
        if (t->to.id == s->pub.value.id && i >= t->at && i < t->at + t->n) return true;
    }
    return false;
}

/* Every 7th element of every tensor: its slope, or 0 where it cannot move by itself. */
static void check_slopes(rig *r)
{
    gradients(r);
    size_t moved = 0;
    for (size_t n = 0; n < r->p.n; n++) {
        xb_slot_state *s = &r->p.at[n];
        double norm = 0;
        for (size_t i = 0; i < s->pub.n; i++) norm += (double)s->grad[i] * s->grad[i];
        norm = sqrt(norm / (double)s->pub.n);
        for (size_t i = 0; i < s->pub.n; i += 7) {
            if ((s->mask && !s->mask[i]) || s->pub.frozen || follows(r, s, i)) {
                ck_assert(s->grad[i] == 0);
                continue;
            }
            const double h = 2e-2;
            float was = s->pub.data[i];
            double at[4];
            for (int k = 0; k < 4; k++) {
                s->pub.data[i] = was + (float)(h * (double[]){1, -1, 2, -2}[k]);
                at[k] = loss_of(r);
            }
            s->pub.data[i] = was;
            double slope = (8 * (at[0] - at[1]) - (at[2] - at[3])) / (12 * h);
            ck_assert_double_eq_tol(s->grad[i], slope, 1e-3 * (fabs(slope) + norm));
            moved++;
        }
    }
    ck_assert_uint_gt(moved, 100);
}

static xb_slot_state *of(rig *r, const char *name)
{
    return xb_params_find(&r->p, xb_graph_find(r->k.g, name));
}

static void mask_some(rig *r)
{
    uint8_t mask[12 * 96];
    for (size_t i = 0; i < sizeof mask; i++) mask[i] = i % 3 != 0;
    xb_params_set_mask(&r->p, of(r, "fc1.weight"), mask);
    of(r, "v.bias")->pub.frozen = true;
}

/* Filters 1 and 2 of u follow filter 0; a row of fc2 follows a piece of fc1. */
static void tie_some(rig *r)
{
    xb_value u = of(r, "u.weight")->pub.value, fc1 = of(r, "fc1.weight")->pub.value;
    ck_assert(xb_params_tie(r->k.d, &r->p, &(xb_tied){u, u, 49, 0, 49, -0.5f}));
    ck_assert(xb_params_tie(r->k.d, &r->p, &(xb_tied){u, u, 98, 0, 49, 1}));
    ck_assert(xb_params_tie(r->k.d, &r->p, &(xb_tied){of(r, "fc2.weight")->pub.value, fc1, 12, 96, 12, 2}));
}

static void leave(rig *r)
{
    (void)r;
}

START_TEST(slopes)
{
    static void (*const constraints[])(rig * r) = {leave, mask_some, tie_some};
    for (int plain = 0; plain < 2; plain++) {
        rig r = {0};
        begin(&r, plain, constraints[_i]);
        check_slopes(&r);
        end(&r);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("slopes");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, slopes, 0, 3);
    return run_case("train gradient", c);
}
