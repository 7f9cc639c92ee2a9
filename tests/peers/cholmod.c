/* cholmod ROWS COLS R_ROW R_COL < numbers: column currents of an array from all its 2PQ nodes at once, by CHOLMOD.
 * stdin: ROWS voltages, then ROWS x COLS conductances. */
#include <stdio.h>
#include <stdlib.h>
#include <suitesparse/cholmod.h>

static cholmod_common c;
static cholmod_triplet *t;

static void entry(int i, int j, double v)
{
    ((int *)t->i)[t->nnz] = i > j ? i : j;
    ((int *)t->j)[t->nnz] = i > j ? j : i;
    ((double *)t->x)[t->nnz++] = v;
}

/* A resistor between two nodes; the second may be -1: a terminal whose voltage is given. */
static void resistor(int i, int j, double siemens)
{
    entry(i, i, siemens);
    if (j < 0) return;
    entry(j, j, siemens);
    entry(i, j, -siemens);
}

static double number(void)
{
    double v;
    if (scanf("%lf%*[, \n]", &v) != 1) exit(2);
    return v;
}

int main(int argc, char **argv)
{
    if (argc != 5) return 2;
    int rows = atoi(argv[1]), cols = atoi(argv[2]), n = 2 * rows * cols;
    double row = 1 / atof(argv[3]), col = 1 / atof(argv[4]);
    cholmod_start(&c);
    t = cholmod_allocate_triplet((size_t)n, (size_t)n, 10 * (size_t)n, -1, CHOLMOD_REAL, &c);
    cholmod_dense *f = cholmod_zeros((size_t)n, 1, CHOLMOD_REAL, &c);
    for (int i = 0; i < rows; i++) {
        resistor(i * cols, -1, row);
        ((double *)f->x)[i * cols] = row * number();
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) { /* word nodes first, then bit nodes */
            int w = i * cols + j, b = rows * cols + w;
            resistor(w, b, number());
            if (j + 1 < cols) resistor(w, w + 1, row);
            resistor(b, i + 1 < rows ? b + cols : -1, col);
        }
    cholmod_sparse *a = cholmod_triplet_to_sparse(t, 0, &c);
    cholmod_factor *l = cholmod_analyze(a, &c);
    if (!cholmod_factorize(a, l, &c) || c.status != CHOLMOD_OK) return 1;
    cholmod_dense *x = cholmod_solve(CHOLMOD_A, l, f, &c);
    for (int j = 0; j < cols; j++) printf("%.17g\n", ((double *)x->x)[n - cols + j] * col);
    return 0;
}
