/* irdrop.h: what `xbarc irdrop` knows of its array, for the picture. */
#ifndef XB_CLI_IRDROP_H
#define XB_CLI_IRDROP_H

#include "base/out.h"

typedef struct xb_irdrop_picture {
    size_t rows, cols;
    double r_row, r_col;
    const double *v;          /* [rows] */
    const double *word, *bit; /* [rows][cols] */
} xb_irdrop_picture;

/* Heat map of 1 - (word - bit) / v, the share of its drive that a cell does not get. false after a diagnostic. */
bool xb_irdrop_draw(xb_diags *d, const char *path, const xb_irdrop_picture *p);

#endif
