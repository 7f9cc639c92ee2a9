/* rng.h: counter-based random numbers (Philox 4x32-10 of Random123): the same counter gives the same bits anywhere. */
#ifndef XB_BASE_RNG_H
#define XB_BASE_RNG_H

#include <stdint.h>

/* Fixed streams per purpose, so that turning one off leaves the others unchanged. Append only. */
typedef enum xb_purpose { XB_RNG_INIT, XB_RNG_SHUFFLE, XB_RNG_AUGMENT, XB_RNG_DROPOUT, XB_RNG_NOISE, XB_RNG_CHIP,
                          XB_RNG_DIGITS, XB_RNG_PLACE } xb_purpose;

typedef struct xb_rng {
    uint64_t seed;
    uint32_t purpose, stream; /* stream: item number, layer ... */
    uint64_t index;           /* next block of four words */
    uint32_t word[4];
    unsigned left;
} xb_rng;

xb_rng xb_rng_at(uint64_t seed, xb_purpose purpose, uint32_t stream);
uint32_t xb_rng_u32(xb_rng *r);
double xb_rng_unit(xb_rng *r);                        /* [0,1), 32 bits */
double xb_rng_between(xb_rng *r, double lo, double hi); /* [lo,hi) */
uint32_t xb_rng_below(xb_rng *r, uint32_t n);         /* 0..n-1, unbiased */
double xb_rng_normal(xb_rng *r);                      /* N(0,1), Box-Muller */

#endif
