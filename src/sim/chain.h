/* chain.h: the devices of a chip, one behind another, run over cells.
 *
 * A chain has two halves: devices of the weight domain change the matrix before it is mapped to conductances, those of
 * the conductance domain every device of every array plane after it. Each half runs its stages in the order of the
 * chain; a link's slot, on which its random numbers depend, is its place in the whole chain. Thread-safe: a chain is
 * read only.
 */
#ifndef XB_SIM_CHAIN_H
#define XB_SIM_CHAIN_H

#include "base/diag.h"
#include "sim/draw.h"
#include <xbarc/device.h>

typedef struct xb_link {
    const xb_device *device;
    const void *options;
} xb_link;

typedef struct xb_chain {
    const xb_link *link;
    size_t n;
} xb_chain;

typedef enum xb_stage { XB_STAGE_PROGRAM, XB_STAGE_AGE, XB_STAGE_READ } xb_stage;

/* n cells of one row of a matrix, from column key.col. */
typedef struct xb_segment {
    xb_draw_key key;   /* slot and stage are the chain's; conversion counts in read only */
    const char *layer; /* for diagnostics; key.layer is its hash */
    size_t n;
    double time;         /* s since programming */
    double g_min, g_max; /* S; of weights: -w_max, w_max */
} xb_segment;

/* No longer than XB_DRAW_SLOTS, and weight devices first, because so they run. Else error "device". */
bool xb_chain_check(xb_diags *d, const xb_chain *c);
/* Does any device of this domain do anything in this stage? */
bool xb_chain_has(const xb_chain *c, xb_domain domain, xb_stage stage);

/* Changes v[0..s->n) in place. After each device every cell is finite, and as a conductance not below 0; else error
 * "device", which names the device, layer, row and column (from 1) of the first one, and false. */
bool xb_chain_run(xb_diags *d, const xb_chain *c, xb_domain domain, xb_stage stage, const xb_segment *s, float *v);

/* Share of devices that no write changes: all models' together, independent of one another. */
double xb_chain_stuck(const xb_chain *c);

/* Standard deviation of ln(written / target), all models' together, independent of one another; below 0: none has one. */
double xb_chain_spread(const xb_chain *c);
/* The fewest levels that any of them rounds conductances to; 0: none does. */
int64_t xb_chain_levels(const xb_chain *c);

/* The first reading device of this domain that has no moments; NULL: all do. */
const xb_device *xb_chain_momentless(const xb_chain *c, xb_domain domain);
/* What reads make of v: their mean, and the sum of the devices' variances, each at the mean of those before it (so
 * exact for one device, of first order in the variance for more). Only where xb_chain_momentless is NULL. Either result
 * may be v. A mean that xb_chain_run would not take, a variance that is not finite or below 0: as there. */
bool xb_chain_read_moments(xb_diags *d, const xb_chain *c, xb_domain domain, const xb_segment *s, const float *v,
                           float *mean, float *variance);

#endif
