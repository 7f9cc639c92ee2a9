/* irdrop.c: exact column currents of one array with resistive wires. */
#include "sim/irdrop.h"
#include "base/num.h"
#include "cli/cli.h"
#include "cli/csv.h"
#include "cli/irdrop.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

typedef struct xb_irdrop_flags {
    const char *conductance, *voltage, *wire_row, *wire_col, *map;
    double tolerance;
    int64_t iterations;
    bool json;
} xb_irdrop_flags;

static const xb_flag flags_table[] = {
    {"conductance", 0, "G", "CSV file: siemens, a line a word line (row), a number a bit line (column)", XB_FLAG_TEXT,
     offsetof(xb_irdrop_flags, conductance), 0, 0},
    {"voltage", 0, "V",
     "CSV file: volts, a number a word line, in one column or one row; several columns are several solves",
     XB_FLAG_TEXT, offsetof(xb_irdrop_flags, voltage), 0, 0},
    {"wire-row", 0, "OHM", "a segment of a word line, from cell to cell and from the driver to the first (0: ideal)",
     XB_FLAG_TEXT, offsetof(xb_irdrop_flags, wire_row), 0, 0},
    {"wire-col", 0, "OHM", "a segment of a bit line, from cell to cell and from the last to the sense node (0: ideal)",
     XB_FLAG_TEXT, offsetof(xb_irdrop_flags, wire_col), 0, 0},
    {"map", 0, "FILE.svg", "heat map of the voltage that the cells lose, of the first voltages", XB_FLAG_TEXT,
     offsetof(xb_irdrop_flags, map), 0, 0},
    {"tolerance", 0, "T", "relative residual to reach (0: 1e-14)", XB_FLAG_REAL, offsetof(xb_irdrop_flags, tolerance),
     0, 0},
    {"iterations", 0, "N", "at most so many (0: 1000)", XB_FLAG_INT, offsetof(xb_irdrop_flags, iterations), 0,
     INT32_MAX},
    {"json", 0, NULL, "for machines", XB_FLAG_BOOL, offsetof(xb_irdrop_flags, json), 0, 0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

typedef struct job {
    xb_cli *cli;
    const xb_irdrop_flags *flags;
    double r_row, r_col;
    xb_csv g, volts;
    size_t solves;
    xb_irdrop *s;
    xb_irdrop_work *w;
    double *v, *current, *ideal, *word, *bit; /* of one solve */
    xb_json *json;
} job;

typedef struct solved {
    xb_irdrop_result result;
    double power, current, ideal; /* sums over the columns */
    double lost, all;             /* sums of |ideal - current|, |ideal| */
} solved;

/* ---- what comes in -------------------------------------------------------------------------------------- */

static bool take_ohm(xb_cli *cli, const char *flag, const char *text, double *out)
{
    if (!text)
        xb_cli_usage(cli, "irdrop: --%s OHM is missing (see `xbarc irdrop --help`)", flag);
    else if (!xb_parse_f64(text, out) || !(*out >= 0 && *out <= XB_IRDROP_MAX_OHM))
        xb_cli_usage(cli, "irdrop: --%s takes 0..%g ohm, not '%s'", flag, XB_IRDROP_MAX_OHM, text);
    return !cli->misused;
}

static bool flags_are_good(job *j)
{
    const xb_irdrop_flags *f = j->flags;
    xb_cli *cli = j->cli;
    if (!f->conductance || !f->voltage) {
        xb_cli_usage(cli, "irdrop: --%s FILE is missing (see `xbarc irdrop --help`)",
                     f->conductance ? "voltage" : "conductance");
        return false;
    }
    if (!(f->tolerance >= 0 && f->tolerance < 1)) {
        xb_cli_usage(cli, "irdrop: --tolerance takes 0..1, not %g", f->tolerance);
        return false;
    }
    if (!take_ohm(cli, "wire-row", f->wire_row, &j->r_row) || !take_ohm(cli, "wire-col", f->wire_col, &j->r_col))
        return false;
    return !f->map || (xb_cli_may_write(cli, f->map, f->conductance) && xb_cli_may_write(cli, f->map, f->voltage) &&
                       xb_out_possible(cli->diags, f->map));
}

/* One row of voltages is a column that lies down. */
static bool fit_voltages(job *j)
{
    size_t rows = j->g.rows;
    j->solves = j->volts.cols;
    if (j->volts.rows == rows) return true;
    j->solves = 1;
    if (j->volts.rows == 1 && j->volts.cols == rows) return true;
    return xb_error(
        j->cli->diags, "irdrop", (.file = j->flags->voltage),
        "%zu x %zu voltages (rows x columns) do not fit %zu word lines: a column or a row of %zu, or several "
        "columns",
        j->volts.rows, j->volts.cols, rows, rows);
}

static bool begin(job *j)
{
    const xb_irdrop_flags *f = j->flags;
    xb_diags *d = j->cli->diags;
    if (!flags_are_good(j)) return false;
    if (!xb_csv_read(d, f->conductance, "conductance", 0, XB_IRDROP_MAX_SIEMENS, &j->g)) return false;
    if (!xb_csv_read(d, f->voltage, "voltage", -DBL_MAX, DBL_MAX, &j->volts) || !fit_voltages(j)) return false;
    j->s = xb_irdrop_new(d, j->g.x, j->g.rows, j->g.cols, j->r_row, j->r_col);
    if (!j->s) return false;
    j->w = xb_irdrop_work_new(j->s);
    j->v = xb_calloc(j->g.rows, sizeof *j->v);
    j->current = xb_calloc(j->g.cols, sizeof *j->v);
    j->ideal = xb_calloc(j->g.cols, sizeof *j->v);
    j->word = xb_calloc(j->g.rows * j->g.cols, sizeof *j->v);
    j->bit = xb_calloc(j->g.rows * j->g.cols, sizeof *j->v);
    return true;
}

static void end(job *j)
{
    double *const all[] = {j->v, j->current, j->ideal, j->word, j->bit};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    xb_irdrop_work_free(j->w);
    xb_irdrop_free(j->s);
    xb_csv_free(&j->g);
    xb_csv_free(&j->volts);
}

/* ---- what goes out -------------------------------------------------------------------------------------- */

static bool solve(job *j, size_t k, solved *a)
{
    xb_irdrop_options o = {.tolerance = j->flags->tolerance, .most = (int)j->flags->iterations};
    for (size_t i = 0; i < j->g.rows; i++)
        j->v[i] = j->volts.rows == j->g.rows ? j->volts.x[i * j->volts.cols + k] : j->volts.x[i];
    *a = (solved){.result = xb_irdrop_solve(j->s, j->w, &o, j->v, j->current)};
    if (!a->result.converged)
        return xb_error(j->cli->diags, "irdrop", (.file = j->flags->voltage),
                        "column %zu: after %d iterations the residual is still %.2g; see --iterations and --tolerance",
                        k + 1, a->result.iterations, a->result.residual);
    a->power = xb_irdrop_nodes(j->s, j->w, j->v, j->word, j->bit);
    xb_irdrop_ideal(j->s, j->v, j->ideal);
    for (size_t c = 0; c < j->g.cols; c++) {
        a->current += j->current[c];
        a->ideal += j->ideal[c];
        a->lost += fabs(j->ideal[c] - j->current[c]);
        a->all += fabs(j->ideal[c]);
    }
    if (isfinite(a->power) && isfinite(a->current) && isfinite(a->lost) && isfinite(a->all)) return true;
    return xb_error(j->cli->diags, "irdrop", (.file = j->flags->voltage),
                    "column %zu: the power or the currents are too large for a number", k + 1);
}

static void print_line(const char *label, double current, double ideal, double loss, double share)
{
    printf("%8s  %15.7e  %15.7e  %15.7e", label, current, ideal, loss);
    if (isfinite(share))
        printf("  %9.4f %%\n", 100 * share);
    else
        puts("          - ");
}

static double share_of(double lost, double ideal)
{
    return ideal != 0 ? lost / ideal : (double)NAN;
}

static void print_text(const job *j, size_t k, const solved *a)
{
    char label[24];
    if (j->solves > 1) printf("\nvoltages %zu of %zu\n", k + 1, j->solves);
    printf("\n%8s  %15s  %15s  %15s  %11s\n", "column", "current [A]", "ideal [A]", "loss [A]", "loss");
    for (size_t c = 0; c < j->g.cols; c++) {
        double lost = j->ideal[c] - j->current[c];
        snprintf(label, sizeof label, "%zu", c + 1);
        print_line(label, j->current[c], j->ideal[c], lost, share_of(lost, j->ideal[c]));
    }
    print_line("all", a->current, a->ideal, a->ideal - a->current, share_of(a->lost, a->all));
    printf("\npower %.7e W, %d iterations, residual %.1e\n", a->power, a->result.iterations, a->result.residual);
}

static void print_numbers(const job *j, const char *key, double (*value)(const job *j, size_t column))
{
    xb_json_array(j->json, key, true);
    for (size_t c = 0; c < j->g.cols; c++) xb_json_real(j->json, NULL, value(j, c));
    xb_json_close(j->json);
}

static double current_of(const job *j, size_t c)
{
    return j->current[c];
}

static double ideal_of(const job *j, size_t c)
{
    return j->ideal[c];
}

static double loss_of(const job *j, size_t c)
{
    return j->ideal[c] - j->current[c];
}

static double ratio_of(const job *j, size_t c)
{
    return share_of(loss_of(j, c), j->ideal[c]);
}

static void print_json(const job *j, const solved *a)
{
    xb_json_object(j->json, NULL, false);
    print_numbers(j, "current_a", current_of);
    print_numbers(j, "ideal_a", ideal_of);
    print_numbers(j, "loss_a", loss_of);
    print_numbers(j, "loss_ratio", ratio_of);
    xb_json_real(j->json, "total_current_a", a->current);
    xb_json_real(j->json, "total_ideal_a", a->ideal);
    xb_json_real(j->json, "total_loss_a", a->ideal - a->current);
    xb_json_real(j->json, "total_loss_ratio", share_of(a->lost, a->all));
    xb_json_real(j->json, "power_w", a->power);
    xb_json_int(j->json, "iterations", a->result.iterations);
    xb_json_real(j->json, "residual", a->result.residual);
    xb_json_close(j->json);
}

static void print_head(job *j)
{
    if (!j->flags->json) {
        printf("%zu x %zu cells, %g ohm a row segment, %g ohm a column segment\n", j->g.rows, j->g.cols, j->r_row,
               j->r_col);
        return;
    }
    j->json = xb_cli_json();
    xb_json_object(j->json, NULL, false);
    xb_json_int(j->json, "rows", (int64_t)j->g.rows);
    xb_json_int(j->json, "cols", (int64_t)j->g.cols);
    xb_json_real(j->json, "wire_row_ohm", j->r_row);
    xb_json_real(j->json, "wire_col_ohm", j->r_col);
    xb_json_array(j->json, "solves", false);
}

static bool draw(const job *j)
{
    const xb_irdrop_picture p = {j->g.rows, j->g.cols, j->r_row, j->r_col, j->v, j->word, j->bit};
    return xb_irdrop_draw(j->cli->diags, j->flags->map, &p);
}

static bool work(job *j)
{
    bool good = true;
    solved a;
    for (size_t k = 0; good && k < j->solves; k++) {
        good = solve(j, k, &a) && (k || !j->flags->map || draw(j));
        if (!good) break;
        if (k == 0) print_head(j);
        if (j->json)
            print_json(j, &a);
        else
            print_text(j, k, &a);
    }
    if (j->json) {
        xb_json_close(j->json);
        xb_json_close(j->json);
        xb_json_free(j->json);
    }
    return good;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)argc, (void)argv;
    job j = {.cli = cli, .flags = flags};
    bool good = begin(&j) && work(&j);
    end(&j);
    return good ? XB_EXIT_OK : xb_cli_failed(cli);
}

const xb_subcommand xb_cmd_irdrop = {
    .name = "irdrop",
    .usage = "--conductance G --voltage V --wire-row OHM --wire-col OHM",
    .summary = "solve one array with resistive wires",
    .doc = "Solves the network of resistors that an array of linear devices and its wires are, exactly: word lines are "
           "driven on the left, bit lines end below in sense nodes at 0 V. Prints each column's current, what it would "
           "be with ideal wires, and the loss; the loss of all columns is the sum of |ideal - current| over the sum of "
           "|ideal|.",
    .flags = flags_table,
    .flags_size = sizeof(xb_irdrop_flags),
    .min_args = 0,
    .max_args = 0,
    .run = run,
};
