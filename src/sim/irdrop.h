/* irdrop.h: one crossbar array with resistive wires, solved exactly: column currents, node voltages, transfer matrix.
 *
 *     V[0] --r_row-- w00 --r_row-- w01 -- ...      word line i: its driver on the left, r_row before every cell
 *                    |G00          |G01            cell i,j: conductance G[i][j] between w[i][j] and b[i][j]
 *                    b00           b01             bit line j: r_col between the cells and behind the last one,
 *                    |r_col        |r_col          down to a sense node at 0 V (virtual ground)
 *     V[1] --r_row-- w10 ...       b11 ...
 *
 * The 2PQ node voltages of P x Q cells obey one linear system. In the unknowns u = b / r_col (amperes, so that r_col =
 * 0 is no special case) and with the word lines eliminated it reads
 *
 *     (M - H) u = f,   M = L + r_col G,   H = r_row r_col G (L' + r_row G)^-1 G,   f = G (L' + r_row G)^-1 e V
 *
 * where L and L' are the Laplacians of the bit and word lines (segments of 1, one end held at 0). M is tridiagonal a
 * bit line and L' + r_row G tridiagonal a word line; both are eliminated from the free end to the held one, where every
 * pivot is a sum of positive numbers: nothing cancels, however small or large the wires' resistance is. The rest is
 * conjugate gradients with M as preconditioner. The current of column j is u[P-1][j].
 *
 * The solver is read-only after xb_irdrop_new and may serve several threads, each with a work space of its own. Results
 * depend on nothing but the arguments.
 */
#ifndef XB_SIM_IRDROP_H
#define XB_SIM_IRDROP_H

#include "base/diag.h"

#define XB_IRDROP_MAX_SIEMENS 1e6 /* of a cell */
#define XB_IRDROP_MAX_OHM 1e9     /* of a wire segment */

typedef struct xb_irdrop xb_irdrop;
/* g: [rows][cols], S, 0 .. XB_IRDROP_MAX_SIEMENS (0: no cell), copied; r_row, r_col: ohm, 0 .. XB_IRDROP_MAX_OHM, of
 * one segment. rows, cols >= 1. NULL after a diagnostic "irdrop". */
xb_irdrop *xb_irdrop_new(xb_diags *d, const double *g, size_t rows, size_t cols, double r_row, double r_col);
void xb_irdrop_free(xb_irdrop *s);

typedef struct xb_irdrop_work xb_irdrop_work; /* for one solve at a time; solving allocates nothing */
xb_irdrop_work *xb_irdrop_work_new(const xb_irdrop *s);
void xb_irdrop_work_free(xb_irdrop_work *w);

typedef struct xb_irdrop_options {
    double tolerance; /* of the residual relative to f, in the norm of M^-1; 0: 1e-14 */
    int most;         /* iterations at most; 0: 1000 */
} xb_irdrop_options;

typedef struct xb_irdrop_result {
    bool converged;
    int iterations;  /* of a transfer matrix: of all solves together */
    double residual; /* reached; of a transfer matrix: the largest */
} xb_irdrop_result;

/* v: [rows] V, finite; current: [cols] A, out of the bit lines into the sense nodes. options NULL: the defaults. */
xb_irdrop_result xb_irdrop_solve(const xb_irdrop *s, xb_irdrop_work *w, const xb_irdrop_options *options,
                                 const double *v, double *current);
/* Node voltages [rows][cols] of the last xb_irdrop_solve with w, whose v this is; each may be NULL. Returns the power
 * that the drivers deliver, W: sum_i V_i sum_j G_ij (w_ij - b_ij). */
double xb_irdrop_nodes(const xb_irdrop *s, xb_irdrop_work *w, const double *v, double *word, double *bit);
/* Currents with ideal wires: sum_i V_i G_ij. */
void xb_irdrop_ideal(const xb_irdrop *s, const double *v, double *current);
/* t: [rows][cols], S: current of column j for 1 V at row i and 0 V at the others; current = V^T t for any V. By cols
 * solves of the adjoint system or rows forward ones, whichever are fewer. */
xb_irdrop_result xb_irdrop_transfer(const xb_irdrop *s, xb_irdrop_work *w, const xb_irdrop_options *options, double *t);

#endif
