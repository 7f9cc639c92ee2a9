/* inject.c: what the forward pass sees instead of a weight: levels, noise, a hook's transform; gradients go straight
 * through (they are applied to the weight itself).
 */
#include "base/rng.h"
#include "nn/train/trainer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool xb_trainer_injects(const xb_trainer *t)
{
    const xb_train_hooks *h = t->what->hooks;
    return t->r->inject.kind != XB_INJECT_NONE || t->r->inject.levels > 0 || (h && h->on_weights);
}

static float largest(const float *w, size_t n)
{
    float most = 0;
    for (size_t i = 0; i < n; i++) most = fmaxf(most, fabsf(w[i]));
    return most;
}

/* Level k of L is most * (2k - (L-1)) / (L-1): the outer ones are -most and most; an odd count has an exact 0. */
static void round_to_levels(float *w, size_t n, float most, int64_t levels)
{
    if (levels < 2 || !(most > 0)) return;
    double steps = (double)(levels - 1);
    for (size_t i = 0; i < n; i++) {
        double k = rint(((double)w[i] / most + 1) / 2 * steps);
        w[i] = (float)(most * (2 * k - steps) / steps);
    }
}

static void add_noise(const xb_trainer *t, size_t param, float *w, size_t n, float most)
{
    xb_rng r = xb_rng_at(t->what->seed, XB_RNG_NOISE, (uint32_t)param);
    r.index = (uint64_t)t->step << 32;
    double noise = t->r->inject.noise;
    bool additive = t->r->inject.kind == XB_INJECT_ADDITIVE;
    for (size_t i = 0; i < n; i++) {
        double by = additive ? (double)most : (double)w[i];
        w[i] = (float)((double)w[i] + noise * by * xb_rng_normal(&r));
    }
}

bool xb_trainer_see(xb_trainer *t, size_t i, const float *w, float *seen)
{
    const xb_slot_state *s = &t->params.at[i];
    const xb_train_hooks *h = t->what->hooks;
    size_t n = s->pub.n;
    float most = largest(w, n);
    memcpy(seen, w, n * sizeof *seen);
    round_to_levels(seen, n, most, t->r->inject.levels);
    if (t->r->inject.kind != XB_INJECT_NONE) add_noise(t, i, seen, n, most);
    if (!h || !h->on_weights) return true;
    float *before = xb_calloc(n + 1, sizeof *before);
    memcpy(before, seen, n * sizeof *before);
    bool ok = h->on_weights(t->what->cx, t, &s->pub, before, seen, h->context) >= 0;
    free(before);
    return ok;
}
