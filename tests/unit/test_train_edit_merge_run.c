/* Two layers become one in training, and are rolled back. */
#include "train_edit_layers.h"
#include "train_kit.h"

typedef struct watcher {
    int64_t calls;
    int snapshot;
    char at_snapshot[XB_DIGEST_HEX];
} watcher;

static size_t size_of(xb_trainer *t, const char *name)
{
    xb_param *p = xb_trainer_param(t, xb_graph_find(xb_trainer_graph(t), name));
    return p ? p->n : 0;
}

static void factor_fc1(xb_trainer *t)
{
    float u[144 * 2], v[2 * 16];
    for (int i = 0; i < 288; i++) u[i] = (float)(i % 5 - 2) / 64;
    for (int i = 0; i < 32; i++) v[i] = (float)(i % 3 - 1);
    ck_assert_int_eq(xb_trainer_factor(t, xb_graph_find_op(xb_trainer_graph(t), "fc1"), u, v, 2, NULL, NULL), 0);
    ck_assert(size_of(t, "fc1.weight_u") == 288 && size_of(t, "fc1.weight_v") == 32 && !size_of(t, "fc1.weight"));
}

static int merge_fc1(xb_trainer *t)
{
    xb_graph *g = xb_trainer_graph(t);
    return xb_trainer_merge(t, xb_graph_find_op(g, "fc1_u"), xb_graph_find_op(g, "fc1_v"), NULL);
}

static int at_interval(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx;
    watcher *w = context;
    char now[XB_DIGEST_HEX];
    switch (++w->calls) {
    case 1:
        w->snapshot = xb_trainer_snapshot(t);
        kit_digest(xb_trainer_graph(t), w->at_snapshot);
        factor_fc1(t);
        return 0;
    case 2:
        ck_assert_int_eq(merge_fc1(t), 0);
        ck_assert(size_of(t, "fc1.weight") == 144 * 16 && !size_of(t, "fc1.weight_u"));
        return 0;
    case 3:
        factor_fc1(t);
        ck_assert_int_eq(merge_fc1(t), 0);
        kit_digest(xb_trainer_graph(t), now);
        ck_assert_str_ne(now, w->at_snapshot);
        ck_assert_int_eq(xb_trainer_rollback(t, w->snapshot), 0);
        kit_digest(xb_trainer_graph(t), now);
        ck_assert_str_eq(now, w->at_snapshot);
        ck_assert_uint_eq(size_of(t, "fc1.weight"), 144 * 16);
        factor_fc1(t);
        return 0;
    default:
        return 0;
    }
}

/* Between two layers that could be merged: within a step that is refused. */
static int at_update(xb_cx *cx, xb_trainer *t, void *context)
{
    (void)cx;
    watcher *w = context;
    if (w->calls == 1) ck_assert_int_lt(merge_fc1(t), 0);
    return 0;
}

START_TEST(merged_in_training_and_rolled_back)
{
    kit k;
    watcher w = {0};
    kit_begin(&k, small_net, "digits:256@1", "{steps: 12, batch: 32, rate: 0.01, momentum: 0.9}");
    k.run.hooks = &(xb_train_hooks){.struct_size = sizeof(xb_train_hooks),
                                    .context = &w,
                                    .interval = 3,
                                    .on_update = at_update,
                                    .on_interval = at_interval};
    ck_assert_msg(kit_train(&k), "%s", xb_diags_text(k.d));
    ck_assert_int_ge(w.calls, 3);
    ck_assert_uint_eq(xb_diags_errors(k.d), 3); /* of the three steps of call 1 */
    ck_assert_msg(strstr(xb_diags_text(k.d), "the structure may change in"), "%s", xb_diags_text(k.d));
    ck_assert(xb_graph_find_op(k.g, "fc1_u").id && isfinite(k.result.loss));
    kit_end(&k);
}
END_TEST

static void tests(TCase *t)
{
    tcase_add_test(t, merged_in_training_and_rolled_back);
}

int main(void)
{
    return edited_main("train_edit_merge_run", tests);
}
