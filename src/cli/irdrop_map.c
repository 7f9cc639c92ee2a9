/* irdrop_map.c: heat map of the voltage that wires take from the cells of an array, as SVG. */
#include "cli/irdrop.h"
#include <math.h>

#define NOTHING 1e-12 /* a loss that is rounding */

enum {
    CLASSES = 40,
    NOT_DRIVEN = -1,
    SIDE = 560,
    LARGEST = 56,
    NARROW = 180,
    LEFT = 84,
    TOP = 92,
    BAR_GAP = 34,
    BAR_WIDTH = 20
};

typedef struct plot {
    xb_out *out;
    const xb_irdrop_picture *p;
    double width, height, cell_width, cell_height; /* pixels */
    double top;                                    /* loss at the dark end of the scale */
    double worst, mean;
    size_t worst_row, worst_col, driven; /* driven: cells with a drive */
    bool gains, idle;                    /* cells that get more than their drive; rows at 0 V */
} plot;

/* Share of the drive lost; NaN where there is no drive. */
static double loss_of(const xb_irdrop_picture *p, size_t i, size_t j)
{
    size_t k = i * p->cols + j;
    return p->v[i] != 0 ? 1 - (p->word[k] - p->bit[k]) / p->v[i] : (double)NAN;
}

/* The least of `count` steps (ascending, the last one 10) times a power of ten that is not below x > 0. */
static double round_up(double x, const double *steps, int count)
{
    double unit = pow(10, floor(log10(x)));
    for (int i = 0; i < count; i++)
        if (steps[i] * unit >= x * (1 - 1e-9)) return steps[i] * unit;
    return 10 * unit;
}

static void survey(plot *m)
{
    static const double steps[] = {1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10}; /* quarters are short */
    double sum = 0;
    m->worst = -(double)INFINITY;
    for (size_t i = 0; i < m->p->rows; i++)
        for (size_t j = 0; j < m->p->cols; j++) {
            double loss = loss_of(m->p, i, j);
            if (isnan(loss)) {
                m->idle = true;
                continue;
            }
            m->driven++;
            sum += loss;
            if (loss < -NOTHING) m->gains = true;
            if (loss > m->worst) m->worst = loss, m->worst_row = i, m->worst_col = j;
        }
    m->mean = m->driven ? sum / (double)m->driven : 0;
    m->top = m->worst > NOTHING ? fmin(1, round_up(m->worst, steps, sizeof steps / sizeof *steps)) : 0.01;
}

/* Light to dark, so that it reads in print, too. */
static void colour(double share, char out[8])
{
    static const double stop[][3] = {{250, 246, 232}, {250, 200, 110}, {230, 105, 55}, {160, 30, 75}, {45, 10, 60}};
    enum { LAST = sizeof stop / sizeof *stop - 1 };
    double at = fmin(fmax(share, 0), 1) * LAST;
    int k = at >= LAST ? LAST - 1 : (int)at;
    int rgb[3];
    for (int c = 0; c < 3; c++) rgb[c] = (int)lround(stop[k][c] + (stop[k + 1][c] - stop[k][c]) * (at - k));
    snprintf(out, 8, "#%02x%02x%02x", rgb[0] & 255, rgb[1] & 255, rgb[2] & 255);
}

static int class_of(const plot *m, double loss)
{
    if (isnan(loss)) return NOT_DRIVEN;
    return (int)fmin(fmax(floor(loss / m->top * CLASSES), 0), CLASSES - 1);
}

static void class_colour(int class, char out[8])
{
    if (class == NOT_DRIVEN)
        snprintf(out, 8, "#c8ccd0");
    else
        colour((class + 0.5) / CLASSES, out);
}

/* Neighbours of one class in a row are one rectangle. */
static void draw_cells(const plot *m)
{
    char fill[8];
    xb_out_printf(m->out, "<g transform=\"translate(%d %d) scale(%.6g %.6g)\" shape-rendering=\"crispEdges\">\n", LEFT,
                  TOP, m->cell_width, m->cell_height);
    for (size_t i = 0; i < m->p->rows; i++)
        for (size_t j = 0, next; j < m->p->cols; j = next) {
            int class = class_of(m, loss_of(m->p, i, j));
            for (next = j + 1; next < m->p->cols && class_of(m, loss_of(m->p, i, next)) == class;) next++;
            class_colour(class, fill);
            xb_out_printf(m->out, "<path fill=\"%s\" d=\"M%zu %zuh%zuv1h-%zuz\"/>\n", fill, j, i, next - j, next - j);
        }
    xb_out_printf(m->out, "</g>\n<rect x=\"%d\" y=\"%d\" width=\"%.6g\" height=\"%.6g\" class=\"frame\"/>\n", LEFT, TOP,
                  m->width, m->height);
}

/* Numbers of rows or columns, the first and round ones, and an arrow: where current comes in, and where it leaves. */
static void draw_numbers(const plot *m, size_t n, double size, bool down)
{
    static const double steps[] = {1, 2, 5, 10};
    size_t step = n > 8 ? (size_t)round_up((double)n / 8, steps, 4) : 1;
    double bottom = TOP + m->height;
    for (size_t k = 1; k <= n; k = k == 1 && step > 1 ? step : k + step) {
        double at = (down ? TOP : LEFT) + ((double)k - 0.5) * size;
        if (down)
            xb_out_printf(m->out,
                          "<text x=\"%d\" y=\"%.6g\" text-anchor=\"end\">%zu</text>\n"
                          "<path class=\"arrow\" d=\"M%d %.6gl12 5l-12 5z\"/>\n",
                          LEFT - 22, at + 4.5, k, LEFT - 16, at - 5);
        else
            xb_out_printf(m->out,
                          "<text x=\"%.6g\" y=\"%.6g\" text-anchor=\"middle\">%zu</text>\n"
                          "<path class=\"arrow\" d=\"M%.6g %.6gl5 12l5 -12z\"/>\n",
                          at, bottom + 34, k, at - 5, bottom + 5);
    }
}

static void draw_sides(const plot *m)
{
    xb_out_printf(m->out,
                  "<text transform=\"translate(22 %.6g) rotate(-90)\" text-anchor=\"middle\">drivers: rows</text>\n"
                  "<text x=\"%.6g\" y=\"%.6g\" text-anchor=\"middle\">sense nodes at 0 V: columns</text>\n",
                  TOP + fmax(m->height / 2, 48), LEFT + fmax(m->width / 2, NARROW / 2.0), TOP + m->height + 56);
}

static void draw_legend(const plot *m)
{
    double x = LEFT + fmax(m->width, NARROW) + BAR_GAP, height = fmax(m->height, 160);
    char fill[8];
    for (int k = 0; k < CLASSES; k++) {
        class_colour(k, fill);
        xb_out_printf(m->out,
                      "<rect x=\"%.6g\" y=\"%.6g\" width=\"%d\" height=\"%.6g\" fill=\"%s\" "
                      "shape-rendering=\"crispEdges\"/>\n",
                      x, TOP + height * (CLASSES - 1 - k) / CLASSES, BAR_WIDTH, height / CLASSES + 0.5, fill);
    }
    xb_out_printf(m->out, "<rect x=\"%.6g\" y=\"%d\" width=\"%d\" height=\"%.6g\" class=\"frame\"/>\n", x, TOP,
                  BAR_WIDTH, height);
    for (int k = 0; k <= 4; k++)
        xb_out_printf(m->out, "<text x=\"%.6g\" y=\"%.6g\">%s%.4g %%</text>\n", x + BAR_WIDTH + 7,
                      TOP + height * (4 - k) / 4 + 4.5,
                      k == 4 && m->worst > m->top ? "\xe2\x89\xa5 "
                      : k == 0 && m->gains        ? "\xe2\x89\xa4 "
                                                  : "",
                      100 * m->top * k / 4);
    if (m->idle) {
        class_colour(NOT_DRIVEN, fill);
        xb_out_printf(m->out,
                      "<rect x=\"%.6g\" y=\"%.6g\" width=\"%d\" height=\"14\" fill=\"%s\"/>\n"
                      "<text x=\"%.6g\" y=\"%.6g\">row at 0 V</text>\n",
                      x, TOP + height + 18, BAR_WIDTH, fill, x + BAR_WIDTH + 7, TOP + height + 29);
    }
}

static void draw_heading(const plot *m)
{
    xb_out_printf(
        m->out,
        "<text x=\"22\" y=\"34\" class=\"title\">Voltage that the wires take from the cells</text>\n"
        "<text x=\"22\" y=\"56\">%zu x %zu cells, %.6g ohm a row segment, %.6g ohm a column segment; share of "
        "the row's drive</text>\n",
        m->p->rows, m->p->cols, m->p->r_row, m->p->r_col);
    if (!m->driven) return;
    double x = LEFT + ((double)m->worst_col + 0.5) * m->cell_width;
    double y = TOP + ((double)m->worst_row + 0.5) * m->cell_height;
    xb_out_printf(m->out,
                  "<text x=\"22\" y=\"76\">mean %.3g %%, worst %.3g %% in row %zu, column %zu (ring)</text>\n"
                  "<circle cx=\"%.6g\" cy=\"%.6g\" r=\"7\" fill=\"none\" stroke=\"#fff\" stroke-width=\"4\"/>\n"
                  "<circle cx=\"%.6g\" cy=\"%.6g\" r=\"7\" fill=\"none\" stroke=\"#111\" stroke-width=\"1.5\"/>\n",
                  100 * m->mean, 100 * m->worst, m->worst_row + 1, m->worst_col + 1, x, y, x, y);
}

bool xb_irdrop_draw(xb_diags *d, const char *path, const xb_irdrop_picture *p)
{
    plot m = {.out = xb_out_open(d, path), .p = p};
    if (!m.out) return false;
    m.cell_width = fmin(LARGEST, SIDE / (double)p->cols);
    m.cell_height = fmin(LARGEST, SIDE / (double)p->rows);
    m.width = m.cell_width * (double)p->cols;
    m.height = m.cell_height * (double)p->rows;
    survey(&m);
    double width = fmax(LEFT + fmax(m.width, NARROW) + BAR_GAP + BAR_WIDTH + 100, 720),
           height = TOP + fmax(m.height, 160) + 74;
    xb_out_printf(
        m.out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.6g %.6g\" width=\"%.6g\" height=\"%.6g\">\n"
        "<style>text{font:14px sans-serif;fill:#222}.title{font-size:20px;font-weight:bold}"
        ".frame{fill:none;stroke:#555}.arrow{fill:#555}</style>\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
        width, height, width, height);
    draw_cells(&m);
    draw_numbers(&m, p->rows, m.cell_height, true);
    draw_numbers(&m, p->cols, m.cell_width, false);
    draw_sides(&m);
    draw_legend(&m);
    draw_heading(&m);
    xb_out_printf(m.out, "</svg>\n");
    return xb_out_commit(m.out);
}
