/* curve.c: a chart: axes with round numbers, bands, curves, legend. */
#include "report/curve.h"
#include "report/axis.h"
#include "report/fields.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 720, /* without the legend */
    HEIGHT = 440,
    LEFT = 72,
    RIGHT = 20,
    TOP = 62,
    BOTTOM = 58,
    LEGEND = 236,
    LINE = 17,
    NAME = 28, /* characters of a name in the legend */
    COLOURS = 8
};

static const char *const colours[COLOURS] = {"#2563a8", "#c2410c", "#15803d", "#7e22ce",
                                             "#b91c1c", "#0e7490", "#a16207", "#4b5563"};

static bool has_legend(const xb_chart *c)
{
    return c->n && c->curve[0].name;
}

/* Logarithms of least .. hi; 0, where it is there too, a decade before the least. */
static void to_logarithms(xb_axis *a, double least)
{
    a->log = true;
    a->broken = !(a->lo > 0);
    a->first = log10(least) - 0.25;
    a->zero = log10(least) - 1;
    a->lo = a->broken ? a->zero : log10(least);
    a->hi = log10(a->hi);
}

static xb_axis x_axis(const xb_chart *c)
{
    double lo = INFINITY, hi = -INFINITY, least = INFINITY;
    for (size_t k = 0; k < c->n; k++)
        for (size_t i = 0; i < c->curve[k].n; i++) {
            double x = c->curve[k].point[i].x;
            xb_axis_widen(x, &lo, &hi);
            if (x > 0 && x < least) least = x;
        }
    xb_axis a = {.lo = lo, .hi = hi, .from = LEFT, .to = WIDTH - RIGHT};
    if (c->x_text) {
        a.lo = -0.5, a.hi = (double)c->n_text - 0.5, a.step = 1;
        return a;
    }
    if (lo >= 0 && hi / least >= 100) to_logarithms(&a, least);
    if (!(a.hi > a.lo)) a.lo -= fabs(a.lo) > 0 ? fabs(a.lo) / 2 : 0.5, a.hi += fabs(a.hi) > 0 ? fabs(a.hi) / 2 : 0.5;
    double margin = (a.hi - a.lo) * 0.03;
    a.lo -= margin, a.hi += margin;
    a.step = a.log ? fmax(1, ceil((a.hi - a.lo) / 8)) : xb_axis_step(a.hi - a.lo, 6);
    return a;
}

static xb_axis y_axis(const xb_chart *c)
{
    double lo = INFINITY, hi = -INFINITY;
    for (size_t k = 0; k < c->n; k++)
        for (size_t i = 0; i < c->curve[k].n; i++) {
            const xb_curve_point *p = &c->curve[k].point[i];
            xb_axis_widen(p->min, &lo, &hi), xb_axis_widen(p->max, &lo, &hi);
            xb_axis_widen(fmax(p->lo, 0), &lo, &hi), xb_axis_widen(fmin(p->hi, c->y_most), &lo, &hi);
        }
    if (!(hi > lo)) lo -= 0.5, hi += 0.5;
    xb_axis a = {.from = HEIGHT - BOTTOM, .to = TOP, .step = xb_axis_step(hi - lo, 6)};
    a.lo = fmax(0, floor(lo / a.step - 0.1) * a.step);
    a.hi = fmin(c->y_most, ceil(hi / a.step + 0.1) * a.step);
    if (!(a.hi > a.lo)) a.lo = a.hi - a.step;
    return a;
}

static void escaped(xb_buf *b, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            xb_buf_str(b, "&lt;");
        else if (*text == '&')
            xb_buf_str(b, "&amp;");
        else
            xb_buf_char(b, (unsigned char)*text < 0x20 ? ' ' : *text);
    }
}

static void text(xb_buf *b, double x, double y, const char *style, const char *words)
{
    xb_buf_printf(b, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, style);
    escaped(b, words);
    xb_buf_str(b, "</text>\n");
}

static void x_tick(xb_buf *b, double x, const char *words)
{
    xb_buf_printf(b, "<path class=\"t\" d=\"M%.1f %dv5\"/>", x, HEIGHT - BOTTOM);
    text(b, x, HEIGHT - BOTTOM + 19, "text-anchor=\"middle\"", words);
}

static void draw_x(xb_buf *b, const xb_chart *c, const xb_axis *a)
{
    char words[32];
    double tick[XB_AXIS_TICKS];
    size_t n = c->x_text ? 0 : xb_axis_ticks(a, tick);
    for (size_t i = 0; c->x_text && i < c->n_text; i++) x_tick(b, xb_axis_at(a, (double)i), c->x_text[i]);
    for (size_t i = 0; i < n; i++) {
        double value = a->log ? pow(10, tick[i]) : tick[i];
        snprintf(words, sizeof words, "%.6g", value);
        x_tick(b, xb_axis_at(a, value), words);
    }
    if (a->broken) {
        double at = xb_axis_at(a, 0), gap = (at + xb_axis_at(a, pow(10, a->zero + 1))) / 2;
        x_tick(b, at, "0");
        xb_buf_printf(b, "<path class=\"f\" d=\"M%.1f %dl6 -12m4 0l-6 12\"/>\n", gap - 5, HEIGHT - BOTTOM + 6);
    }
    text(b, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 14, "text-anchor=\"middle\"", c->x_label);
}

static void draw_y(xb_buf *b, const xb_chart *c, const xb_axis *a)
{
    char words[32];
    double tick[XB_AXIS_TICKS];
    for (size_t i = 0, n = xb_axis_ticks(a, tick); i < n; i++) {
        double y = xb_axis_at(a, tick[i]);
        xb_buf_printf(b, "<path class=\"g\" d=\"M%d %.1fH%d\"/>", LEFT, y, WIDTH - RIGHT);
        snprintf(words, sizeof words, "%.6g", tick[i]);
        text(b, LEFT - 8, y + 4, "text-anchor=\"end\"", words);
    }
    double middle = (TOP + HEIGHT - BOTTOM) / 2.0;
    xb_buf_printf(b,
                  "<text transform=\"translate(18 %.1f) rotate(-90)\" "
                  "text-anchor=\"middle\">",
                  middle);
    escaped(b, c->y_label);
    xb_buf_str(b, "</text>\n");
}

static void band(xb_buf *b, const xb_curve *k, const xb_axis *x, const xb_axis *y, double most, const char *colour)
{
    xb_buf_str(b, "<path d=\"");
    for (size_t i = 0; i < k->n; i++)
        xb_buf_printf(b, "%c%.1f %.1f", i ? 'L' : 'M', xb_axis_at(x, k->point[i].x),
                      xb_axis_at(y, fmin(most, k->point[i].hi)));
    for (size_t i = k->n; i-- > 0;)
        xb_buf_printf(b, "L%.1f %.1f", xb_axis_at(x, k->point[i].x), xb_axis_at(y, fmax(0, k->point[i].lo)));
    xb_buf_printf(b, "Z\" style=\"fill:%s;fill-opacity:.18\"/>\n", colour);
}

/* From bottom to top, within the axis. */
static void interval_bar(xb_buf *b, const xb_curve_point *p, double px, const xb_axis *y, double most,
                         const char *colour)
{
    xb_buf_printf(b, "<path class=\"i\" d=\"M%.1f %.1fV%.1f\" stroke=\"%s\"/>\n", px, xb_axis_at(y, fmax(0, p->lo)),
                  xb_axis_at(y, fmin(most, p->hi)), colour);
}

static void line(xb_buf *b, const xb_curve *k, const xb_axis *x, const xb_axis *y, const char *colour)
{
    xb_buf_printf(b, "<path class=\"c\" stroke=\"%s\" d=\"", colour);
    for (size_t i = 0; i < k->n; i++)
        xb_buf_printf(b, "%c%.1f %.1f", i ? 'L' : 'M', xb_axis_at(x, k->point[i].x), xb_axis_at(y, k->point[i].mean));
    xb_buf_str(b, "\"/>\n");
}

static void dot(xb_buf *b, const xb_chart *c, const xb_curve_point *p, double px, double py, const char *colour)
{
    xb_buf_printf(b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"><title>", px, py, colour);
    if (c->x_text)
        escaped(b, c->x_text[(size_t)p->x]);
    else
        xb_buf_printf(b, "%.6g", p->x);
    xb_buf_printf(b, ": mean %.6g, 95 %% %.6g to %.6g, %.6g to %.6g</title></circle>\n", p->mean, p->lo, p->hi, p->min,
                  p->max);
}

/* Curves side by side do not hide one another's bars; dots over texts stand on theirs. */
static void draw_curve(xb_buf *b, const xb_chart *c, size_t index, const xb_axis *x, const xb_axis *y)
{
    const xb_curve *k = &c->curve[index];
    const char *colour = colours[index % COLOURS];
    double apart = c->x_text ? 9 : 3, shift = c->n > 1 ? apart * ((double)index - (double)(c->n - 1) / 2) : 0;
    bool banded = c->n <= XB_CHART_BANDS && !c->x_text;
    if (banded && k->n > 1) band(b, k, x, y, c->y_most, colour);
    for (size_t i = 0; i < k->n; i++) {
        double px = xb_axis_at(x, k->point[i].x) + shift, top = xb_axis_at(y, k->point[i].max),
               bottom = xb_axis_at(y, k->point[i].min);
        xb_buf_printf(b,
                      "<path d=\"M%.1f %.1fV%.1fM%.1f %.1fh6M%.1f %.1fh6\" "
                      "stroke=\"%s\" opacity=\".6\"/>\n",
                      px, top, bottom, px - 3, top, px - 3, bottom, colour);
        if (!banded) interval_bar(b, &k->point[i], px, y, c->y_most, colour);
    }
    if (!c->x_text) line(b, k, x, y, colour);
    for (size_t i = 0; i < k->n; i++)
        dot(b, c, &k->point[i], xb_axis_at(x, k->point[i].x) + (c->x_text ? shift : 0), xb_axis_at(y, k->point[i].mean),
            colour);
}

/* Beside the picture, so that it covers nothing. */
static void legend(xb_buf *b, const xb_chart *c)
{
    char cut[256];
    for (size_t i = 0; has_legend(c) && i < c->n; i++) {
        double y = TOP + 12 + LINE * (double)i;
        const char *colour = colours[i % COLOURS];
        if (c->x_text)
            xb_buf_printf(b, "<circle cx=\"%d\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>", WIDTH + 11, y - 4, colour);
        else
            xb_buf_printf(b, "<path class=\"c\" stroke=\"%s\" d=\"M%d %.1fh22\"/>", colour, WIDTH, y - 4);
        text(b, WIDTH + 28, y, "", xb_name_tail(cut, c->curve[i].name, NAME));
    }
}

void xb_chart_svg(xb_buf *b, const xb_chart *c)
{
    xb_axis x = x_axis(c), y = y_axis(c);
    int rows = has_legend(c) ? TOP + 12 + LINE * (int)c->n : 0, wide = WIDTH + (rows ? LEGEND : 0);
    int tall = rows > HEIGHT ? rows : HEIGHT;
    xb_buf_printf(b,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
                  "height=\"%d\" viewBox=\"0 0 %d %d\" "
                  "role=\"img\">\n<style>text{font:13px "
                  "system-ui,sans-serif;fill:#1c2430}.h{font-size:16px;"
                  "font-weight:600}.s{fill:#5b6675}.g{stroke:#d9dee5}.t,.f{"
                  "stroke:#5b6675}path{fill:none}"
                  ".c{stroke-width:2}.i{stroke-width:3}</style>\n<title>",
                  wide, tall, wide, tall);
    escaped(b, c->title);
    xb_buf_printf(b, "</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", wide, tall);
    text(b, LEFT, 26, "class=\"h\"", c->title);
    text(b, LEFT, 46, "class=\"s\"", c->note);
    draw_y(b, c, &y);
    draw_x(b, c, &x);
    xb_buf_printf(b, "<path class=\"f\" d=\"M%d %dV%dH%d\"/>\n", LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
    for (size_t i = 0; i < c->n; i++) draw_curve(b, c, i, &x, &y);
    legend(b, c);
    xb_buf_str(b, "</svg>\n");
}
