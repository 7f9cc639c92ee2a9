/* Running statistics follow BatchNormalization's own momentum: running = momentum * running + (1 - momentum) * batch.
 */
#include "suite.h"
#include "train_kit.h"

static const char *const net_of =
    "xir 1\n"
    "graph \"norm\"\n"
    "symbol batch\n"
    "input %%x f32[batch,1,28,28]\n"
    "const %%w f32[3,1,5,5] = digest 0\n"
    "const %%scale f32[3] = digest 0\n"
    "const %%shift f32[3] = digest 0\n"
    "const %%mean f32[3] = digest 0\n"
    "const %%variance f32[3] = digest 0\n"
    "const %%fc.weight f32[10,3] = digest 0\n"
    "op conv Conv(%%x, %%w) {strides = [2, 2]} => %%a f32[batch,3,12,12]\n"
    "op bn BatchNormalization(%%a, %%scale, %%shift, %%mean, %%variance)%s => %%b f32[batch,3,12,12]\n"
    "op pool GlobalMaxPool(%%b) => %%c f32[batch,3,1,1]\n"
    "op flat Flatten(%%c) => %%d f32[batch,3]\n"
    "op fc Gemm(%%d, %%fc.weight) {transB = 1} => %%y f32[batch,10]\n"
    "output %%y\n"
    "end\n";

typedef struct statistics {
    float mean[3], variance[3];
} statistics;

/* After one step from mean 0.5 and variance 3. */
static statistics after(const char *attrs, bool fixed)
{
    static const float mean[] = {0.5f, 0.5f, 0.5f}, variance[] = {3, 3, 3};
    char text[2000];
    statistics s;
    kit k;
    snprintf(text, sizeof text, net_of, attrs);
    kit_begin(&k, text, "digits:128@1", fixed ? "{steps: 1, batch: 32, fixed-norm: true}" : "{steps: 1, batch: 32}");
    xb_value m = xb_graph_find(k.g, "mean"), v = xb_graph_find(k.g, "variance");
    memcpy(xb_graph_write(k.g, m), mean, sizeof mean);
    memcpy(xb_graph_write(k.g, v), variance, sizeof variance);
    ck_assert_msg(kit_train(&k), "%s", xb_diags_text(k.d));
    memcpy(s.mean, xb_graph_data(k.g, m), sizeof s.mean);
    memcpy(s.variance, xb_graph_data(k.g, v), sizeof s.variance);
    kit_end(&k);
    return s;
}

static void between(const statistics *got, const statistics *batch, float momentum)
{
    for (int i = 0; i < 3; i++) {
        ck_assert_float_eq(got->mean[i], momentum * 0.5f + (1 - momentum) * batch->mean[i]);
        ck_assert_float_eq(got->variance[i], momentum * 3 + (1 - momentum) * batch->variance[i]);
    }
}

START_TEST(momentum_is_the_ops)
{
    statistics batch = after(" {momentum = 0.0}", false), quarter = after(" {momentum = 0.25}", false);
    statistics none = after("", false), all = after(" {momentum = 1.0}", false);
    for (int i = 0; i < 3; i++) ck_assert(batch.mean[i] != 0.5f && batch.variance[i] != 3 && batch.variance[i] > 0);
    between(&quarter, &batch, 0.25f);
    between(&none, &batch, 0.9f);
    between(&all, &batch, 1);
}
END_TEST

START_TEST(fixed_statistics_stay)
{
    statistics s = after(" {momentum = 0.25}", true);
    for (int i = 0; i < 3; i++) ck_assert(s.mean[i] == 0.5f && s.variance[i] == 3);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("statistics");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, momentum_is_the_ops);
    tcase_add_test(t, fixed_statistics_stay);
    return run_case("train_statistics", t);
}
