/* recipe.c: the recipe's options, and the parts a batch is cut in. */
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
