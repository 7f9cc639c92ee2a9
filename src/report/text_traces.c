/* text_traces.c: curves on a terminal: one line each, with its course in eight heights. */
#include "report/lines.h"
#include "report/traces.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEAST_NAME = 8, MOST_NAME = 30, VALUE = 9, SPARK = XB_LINE_WIDTH - 2 - 2 * (VALUE + 1) - 1 };

static const char *title(char out[600], const xb_trace *t)
{
    char label[400];
    snprintf(out, 600, *t->which ? "%.64s %.400s" : "%.0s%.400s", t->what, xb_trace_label(label, t));
    return out;
}

static const char *height(double v, double lo, double hi)
{
    static const char *const blocks[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                         "\u2585", "\u2586", "\u2587", "\u2588"};
    if (isnan(v)) return " ";
    return hi > lo ? blocks[(int)fmin(7, floor(8 * (v - lo) / (hi - lo)))] : blocks[3];
}

/* Points evenly over `width` columns; all of them where they are fewer. */
static void spark(const xb_page *p, const xb_trace *t, size_t width)
{
    double lo = INFINITY, hi = -INFINITY;
    size_t n = t->n < width ? t->n : width;
    for (size_t i = 0; i < t->n; i++) lo = fmin(lo, t->point[i].value), hi = fmax(hi, t->point[i].value);
    for (size_t i = 0; i < n; i++) {
        size_t at = n > 1 ? (size_t)((double)i * (double)(t->n - 1) / (double)(n - 1) + 0.5) : 0;
        xb_page_print(p, "%s", height(t->point[at].value, lo, hi));
    }
}

static void row(const xb_page *p, const xb_trace *t, size_t name)
{
    char words[600], tail[256], a[32], b[32];
    const char *shown = xb_name_tail(tail, title(words, t), name);
    xb_page_print(p, "  ");
    xb_line_visible(p, shown, strlen(shown));
    int pad = (int)name - (int)xb_line_columns(shown);
    xb_page_print(p, "%*s %*.9s %*.9s ", pad > 0 ? pad : 0, "", VALUE, xb_trace_value(a, t, t->first), VALUE,
                  xb_trace_value(b, t, t->last));
    spark(p, t, SPARK - name);
    xb_page_print(p, "\n");
}

/* The curves of one pass along one axis begin with what they are. */
static void heading(const xb_page *p, const xb_trace *t, size_t name)
{
    char words[300], tail[256];
    const char *shown = xb_name_tail(tail, *t->who ? t->who : "curves", name + 2);
    xb_line_visible(p, shown, strlen(shown));
    int pad = (int)name + 2 - (int)xb_line_columns(shown);
    xb_page_print(p, "%*s %*s %*s ", pad > 0 ? pad : 0, "", VALUE, "first", VALUE, "last");
    snprintf(words, sizeof words, "along %.200s to %.6g", t->along, json_number_value(t->last_at));
    shown = xb_name_tail(tail, words, SPARK - name);
    xb_line_visible(p, shown, strlen(shown));
    xb_page_print(p, "\n");
}

void xb_text_traces(const xb_page *p, const json_t *report)
{
    xb_traces all = xb_traces_read(report);
    const xb_trace *t = all.list.data;
    size_t name = LEAST_NAME;
    for (size_t i = 0; i < all.list.n; i++) {
        char words[600];
        size_t n = xb_line_columns(title(words, &t[i]));
        name = n > name ? n < MOST_NAME ? n : MOST_NAME : name;
    }
    for (size_t i = 0; i < all.list.n; i++) {
        if (!i || strcmp(t[i].who, t[i - 1].who) || strcmp(t[i].along, t[i - 1].along)) heading(p, &t[i], name);
        row(p, &t[i], name);
    }
    xb_traces_free(&all);
}
