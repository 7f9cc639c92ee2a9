/* irdrop_private.h: an array as its solver sees it.
 *
 * Vectors over the cells are [rows][stride], stride a multiple of LANES and the padding zero, so that bit lines are
 * solved side by side. Word lines are solved LANES at a time in a buffer that holds them interleaved, [cols][LANES]. */
#ifndef XB_SIM_IRDROP_PRIVATE_H
#define XB_SIM_IRDROP_PRIVATE_H

#include "sim/irdrop.h"

enum { LANES = 8 };

struct xb_irdrop {
    size_t rows, cols, stride, groups; /* groups of LANES word lines */
    double r_row, r_col;
    double *g;     /* [rows][cols] */
    double *down;  /* [rows][stride]: 1 / pivot of M */
    double *drive; /* [rows][stride]: f for 1 V at every row */
    double *along; /* [groups][cols][LANES]: 1 / pivot of L' + r_row G */
    double *root;  /* [groups][cols][LANES]: sqrt(r_row r_col) G */
};

struct xb_irdrop_work {
    double *u, *r, *z, *p, *mp, *h; /* [rows][stride]; mp = M p */
    double *lines;                  /* [cols][LANES] */
    double scale;                   /* u is of voltages / scale */
};

/* u = (M - H)^-1 r; r is lost. */
xb_irdrop_result xb_irdrop_run(const xb_irdrop *s, xb_irdrop_work *w, const xb_irdrop_options *options);
/* lines = (L' + r_row G)^-1 root p, of one group of word lines */
void xb_irdrop_couple(const xb_irdrop *s, size_t group, const double *p, double *lines);
double xb_irdrop_dot(const double *a, const double *b, size_t n); /* n: a multiple of LANES */

static inline size_t xb_irdrop_group_rows(const xb_irdrop *s, size_t group)
{
    size_t left = s->rows - group * LANES;
    return left < LANES ? left : LANES;
}

#endif
