/* plot.c: the curves of passes as inline SVG. Curves of one quantity share a picture; pictures of one pass stand below
 * one another on the same range, so that accuracy can be read against ranks. Colour, dash and marker all tell curves
 * apart: the picture may be printed grey. */
#include "report/axis.h"
#include "report/traces.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 640, LEFT = 62, RIGHT = 452, TOP = 10, BOTTOM = 210, LEGEND = 468, LINE = 18, COLOURS = 8, MOST = 12 };

/* Curves of one picture. */
typedef struct plot {
    const xb_trace *curve[MOST];
    size_t n;
    xb_axis x, y;
} plot;

static void range_x(xb_axis *a, const xb_traces *all, const xb_trace *like)
{
    double lo = INFINITY, hi = -INFINITY;
    for (size_t k = 0; k < all->list.n; k++) {
        const xb_trace *t = &all->list.data[k];
        if (strcmp(t->who, like->who) || strcmp(t->along, like->along)) continue;
        for (size_t i = 0; i < t->n; i++) xb_axis_widen(t->point[i].at, &lo, &hi);
    }
    double size = fmax(fabs(lo), fabs(hi));
    if (!(hi - lo > 1e-9 * size)) lo -= size > 0 ? size / 2 : 0.5, hi += size > 0 ? size / 2 : 0.5;
    *a = (xb_axis){.lo = lo - (hi - lo) * 0.02, .hi = hi + (hi - lo) * 0.02, .from = LEFT, .to = RIGHT};
    a->step = xb_axis_step(hi - lo, 5);
}

/* From 0 where that wastes less than half the picture; no percentage above 100 where none is. */
static void range_y(xb_axis *a, const plot *p)
{
    double lo = INFINITY, hi = -INFINITY;
    for (size_t k = 0; k < p->n; k++)
        for (size_t i = 0; i < p->curve[k]->n; i++) xb_axis_widen(p->curve[k]->point[i].value, &lo, &hi);
    double top = p->curve[0]->percent && hi <= 100 ? 100 : INFINITY, size = fmax(fabs(lo), fabs(hi));
    if (lo >= 0 && lo < hi / 2) lo = 0;
    if (!(hi - lo > 1e-9 * size)) lo -= size > 0 ? size / 2 : 0.5, hi += size > 0 ? size / 2 : 0.5;
    *a = (xb_axis){.from = BOTTOM, .to = TOP, .step = xb_axis_step(hi - lo, 5)};
    a->lo = lo >= 0 ? fmax(0, floor(lo / a->step) * a->step) : floor(lo / a->step) * a->step;
    a->hi = fmin(top, ceil(hi / a->step + 0.05) * a->step);
}

/* ---- axes ---- */

static void axes(const xb_page *p, const plot *f)
{
    double tick[XB_AXIS_TICKS];
    char words[160];
    for (size_t i = 0, n = xb_axis_ticks(&f->y, tick); i < n; i++) {
        double y = xb_axis_at(&f->y, tick[i]);
        xb_page_print(
            p, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.6g</text>\n",
            LEFT, y, RIGHT, LEFT - 7, y + 4, tick[i]);
    }
    for (size_t i = 0, n = xb_axis_ticks(&f->x, tick); i < n; i++) {
        double x = xb_axis_at(&f->x, tick[i]);
        xb_page_print(
            p, "<path class=\"axis\" d=\"M%.1f %dv5\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.6g</text>\n",
            x, BOTTOM, x, BOTTOM + 18, tick[i]);
    }
    xb_page_print(p, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>\n<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", LEFT,
                  TOP, BOTTOM, RIGHT, (LEFT + RIGHT) / 2, BOTTOM + 36);
    xb_page_escape(p, f->curve[0]->along);
    xb_page_print(p, "</text>\n<text transform=\"translate(13 %d) rotate(-90)\" text-anchor=\"middle\">",
                  (TOP + BOTTOM) / 2);
    xb_page_escape(p, xb_trace_axis(words, f->curve[0]));
    xb_page_print(p, "</text>\n");
}

/* ---- curves ---- */

static void marker(const xb_page *p, size_t index, double x, double y)
{
    switch (index % 4) {
    case 0:
        xb_page_print(p, "M%.1f %.1fa3 3 0 1 0 6 0a3 3 0 1 0-6 0z", x - 3, y);
        return;
    case 1:
        xb_page_print(p, "M%.1f %.1fh6v6h-6z", x - 3, y - 3);
        return;
    case 2:
        xb_page_print(p, "M%.1f %.1fl4 7h-8z", x, y - 4);
        return;
    default:
        xb_page_print(p, "M%.1f %.1fl4 4-4 4-4-4z", x, y - 4);
    }
}

static const char *dashes(size_t index)
{
    static const char *const of[] = {"", "8 3", "2 3", "9 3 2 3"};
    return of[(index + index / 4) % 4];
}

/* Of consecutive points in one column of pixels: the first, the extremes, the last. */
static void column(const xb_page *p, const plot *f, const xb_trace *t, size_t from, size_t to, bool moves)
{
    size_t lo = from, hi = from;
    for (size_t i = from; i < to; i++) {
        if (t->point[i].value < t->point[lo].value) lo = i;
        if (t->point[i].value > t->point[hi].value) hi = i;
    }
    const size_t keep[4] = {from, lo < hi ? lo : hi, lo < hi ? hi : lo, to - 1};
    for (size_t k = 0; k < 4; k++) {
        if (k && keep[k] == keep[k - 1]) continue;
        const xb_trace_point *one = &t->point[keep[k]];
        xb_page_print(p, "%c%.1f %.1f", moves && !k ? 'M' : 'L', xb_axis_at(&f->x, one->at),
                      xb_axis_at(&f->y, one->value));
    }
}

static long pixel(const plot *f, const xb_trace *t, size_t i)
{
    return lround(xb_axis_at(&f->x, t->point[i].at));
}

static void line(const xb_page *p, const plot *f, const xb_trace *t)
{
    bool moves = true;
    for (size_t i = 0, next; i < t->n; i = next) {
        next = i + 1;
        if (isnan(t->point[i].value)) {
            moves = true;
            continue;
        }
        while (next < t->n && !isnan(t->point[next].value) && pixel(f, t, next) == pixel(f, t, i)) next++;
        column(p, f, t, i, next, moves);
        moves = false;
    }
}

/* Where the curve goes: its first point, one every 64 pixels, its last; curves of a picture take turns. */
static void markers(const xb_page *p, const plot *f, size_t index)
{
    const xb_trace *t = f->curve[index];
    double last = -INFINITY, turn = 64 * (double)(index % 4) / 4;
    for (size_t i = 0; i < t->n; i++) {
        double x = xb_axis_at(&f->x, t->point[i].at);
        bool ends = !i || i + 1 == t->n;
        if (isnan(t->point[i].value) || (!ends && fabs(x - last) < (isinf(last) ? turn : 64))) continue;
        if (!ends || isinf(last)) last = i ? x : x - 64 + turn;
        marker(p, index, x, xb_axis_at(&f->y, t->point[i].value));
    }
}

static void draw(const xb_page *p, const plot *f, size_t index)
{
    const xb_trace *t = f->curve[index];
    char label[400], a[32], b[32];
    xb_page_print(p, "<g class=\"k%zu\"><title>", index % COLOURS);
    xb_page_escape(p, xb_trace_label(label, t));
    xb_page_print(p, ": %s to %s</title><path class=\"ln\" stroke-dasharray=\"%s\" d=\"",
                  xb_trace_value(a, t, t->first), xb_trace_value(b, t, t->last),
                  *dashes(index) ? dashes(index) : "none");
    line(p, f, t);
    xb_page_print(p, "\"/><path class=\"mk\" d=\"");
    markers(p, f, index);
    xb_page_print(p, "\"/></g>\n");
}

/* Beside the picture: name and last value. */
static void legend(const xb_page *p, const plot *f, size_t index)
{
    const xb_trace *t = f->curve[index];
    double y = TOP + 8 + LINE * (double)index;
    char label[400], tail[256], value[32];
    xb_page_print(
        p, "<g class=\"k%zu\"><path class=\"ln\" stroke-dasharray=\"%s\" d=\"M%d %.1fh30\"/><path class=\"mk\" d=\"",
        index % COLOURS, *dashes(index) ? dashes(index) : "none", LEGEND, y);
    marker(p, index, LEGEND + 15, y);
    xb_page_print(p, "\"/></g><text x=\"%d\" y=\"%.1f\"><title>", LEGEND + 36, y + 4);
    xb_page_escape(p, xb_trace_label(label, t));
    xb_page_print(p, "</title>");
    xb_page_escape(p, xb_name_tail(tail, *t->which ? label : *t->split ? t->split : t->what, 14));
    xb_page_print(p, " %s</text>\n", xb_trace_value(value, t, t->last));
}

static void picture(const xb_page *p, const xb_traces *all, plot *f)
{
    char words[160];
    double tall = TOP + 16 + LINE * (double)f->n;
    range_x(&f->x, all, f->curve[0]);
    range_y(&f->y, f);
    xb_page_print(p, "<svg class=\"plot\" viewBox=\"0 0 %d %.0f\" width=\"%d\" role=\"img\" aria-label=\"", WIDTH,
                  fmax(tall, BOTTOM + 42), WIDTH);
    xb_page_escape(p, xb_trace_axis(words, f->curve[0]));
    xb_page_print(p, "\">\n");
    axes(p, f);
    for (size_t i = 0; i < f->n; i++) draw(p, f, i);
    for (size_t i = 0; i < f->n; i++) legend(p, f, i);
    xb_page_print(p, "</svg>\n");
    f->n = 0;
}

/* The pictures of one pass, in the order of the first curve of each; `drawn` marks what they show. */
static void of_pass(const xb_page *p, const xb_traces *all, size_t first, bool *drawn)
{
    const xb_trace *t = all->list.data;
    xb_page_print(p, "<div><h3>");
    xb_page_escape(p, t[first].who);
    xb_page_print(p, "</h3>\n");
    for (size_t i = first; i < all->list.n; i++) {
        plot f = {.n = 0};
        if (strcmp(t[i].who, t[first].who)) continue;
        for (size_t k = i; k < all->list.n; k++) {
            if (drawn[k] || !xb_traces_together(&t[i], &t[k])) continue;
            drawn[k] = true;
            f.curve[f.n++] = &t[k];
            if (f.n == MOST) picture(p, all, &f);
        }
        if (f.n) picture(p, all, &f);
    }
    xb_page_print(p, "</div>\n");
}

void xb_svg_traces(const xb_page *p, const json_t *report)
{
    xb_traces all = xb_traces_read(report);
    bool *drawn = xb_calloc(all.list.n + 1, sizeof *drawn);
    if (all.list.n) xb_page_print(p, "<h2>Curves</h2>\n<div class=\"curves\">\n");
    for (size_t i = 0; i < all.list.n; i++)
        if (!drawn[i]) of_pass(p, &all, i, drawn);
    if (all.list.n) xb_page_print(p, "</div>\n");
    free(drawn);
    xb_traces_free(&all);
}
