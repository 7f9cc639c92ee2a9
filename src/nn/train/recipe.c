/* recipe.c: the recipe's options, those that say nothing, and the parts a batch is cut in. */
#include "nn/train/train.h"

const xb_option xb_recipe_options[] = {XB_RECIPE_OPTIONS("10", "0.01"), {.name = NULL}};

enum { LEAST_ROWS = 32 };

int64_t xb_recipe_shards(xb_diags *d, const xb_recipe *r)
{
    if (r->shards) {
        if (r->batch % r->shards == 0) return r->shards;
        xb_error(d, "train", (0), "a batch of %lld cannot be cut in %lld equal shards", (long long)r->batch,
                 (long long)r->shards);
        return 0;
    }
    for (int64_t n = r->batch / LEAST_ROWS; n > 1; n--)
        if (r->batch % n == 0) return n;
    return 1;
}

void xb_recipe_warn(xb_diags *d, const char *who, const xb_recipe *r)
{
    bool noisy = r->inject.kind != XB_INJECT_NONE, sgd = r->optimizer == XB_SGD;
    const struct {
        bool idle;
        const char *why;
    } rules[] = {
        {!noisy && r->inject.noise > 0, "'inject.noise' has no effect without 'inject.kind'"},
        {noisy && !(r->inject.noise > 0) && !r->inject.levels, "'inject.kind' has no effect without 'inject.noise'"},
        {r->inject.levels == 1, "'inject.levels' = 1 has no effect; weights are rounded to 2 levels or more"},
        {r->milestones.n && r->schedule != XB_STEPWISE, "'milestones' have no effect without 'schedule: step'"},
        {!r->milestones.n && r->schedule == XB_STEPWISE, "'schedule: step' has no effect without 'milestones'"},
        {r->smoothing > 0 && r->loss == XB_MSE, "'smoothing' has no effect with 'loss: mse'"},
        {r->distil.from && !(r->distil.weight > 0), "'distil.from' has no effect without 'distil.weight'"},
        {r->nesterov && !sgd, "'nesterov' has no effect without 'optimizer: sgd'"},
        {r->nesterov && sgd && !(r->momentum > 0), "'nesterov' has no effect without 'momentum'"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].idle) xb_diag(d, XB_WARNING, "train", NULL, "%s: %s", who, rules[i].why);
}
