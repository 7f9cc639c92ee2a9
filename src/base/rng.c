#include "base/rng.h"
#include <Random123/philox.h>
#include <math.h>

xb_rng xb_rng_at(uint64_t seed, xb_purpose purpose, uint32_t stream)
{
    return (xb_rng){.seed = seed, .purpose = (uint32_t)purpose, .stream = stream};
}

/* Philox 4x32, 10 rounds (Salmon et al., SC'11): key = seed, counter = index low, index high, stream, purpose. */
static void next_block(xb_rng *r)
{
    philox4x32_ctr_t counter = {{(uint32_t)r->index, (uint32_t)(r->index >> 32), r->stream, r->purpose}};
    philox4x32_key_t key = {{(uint32_t)r->seed, (uint32_t)(r->seed >> 32)}};
    philox4x32_ctr_t words = philox4x32_R(10, counter, key);
    for (int i = 0; i < 4; i++) r->word[i] = words.v[i];
    r->index++;
    r->left = 4;
}

uint32_t xb_rng_u32(xb_rng *r)
{
    if (!r->left) next_block(r);
    return r->word[4 - r->left--];
}

double xb_rng_unit(xb_rng *r)
{
    return xb_rng_u32(r) * 0x1p-32;
}

double xb_rng_between(xb_rng *r, double lo, double hi)
{
    double v = lo + (hi - lo) * xb_rng_unit(r);
    return v < hi ? v : lo;
}

/* Lemire, "Fast random integer generation in an interval" (2019): no division in the usual case. */
uint32_t xb_rng_below(xb_rng *r, uint32_t n)
{
    if (!n) return 0;
    uint64_t p = (uint64_t)xb_rng_u32(r) * n;
    if ((uint32_t)p < n) {
        uint32_t least = -n % n;
        while ((uint32_t)p < least) p = (uint64_t)xb_rng_u32(r) * n;
    }
    return (uint32_t)(p >> 32);
}

double xb_rng_normal(xb_rng *r)
{
    double u = ((double)xb_rng_u32(r) + 1) * 0x1p-32; /* (0, 1] */
    double angle = 2 * M_PI * xb_rng_unit(r);
    return sqrt(-2 * log(u)) * cos(angle);
}
