/* traces.c: the curves of report.json, taken apart. */
#include "report/traces.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond it no picture is drawn: a sum of two must be a number. */
#define LARGEST 1e30

static double number(const json_t *v)
{
    double x = json_is_number(v) ? json_number_value(v) : NAN;
    return fabs(x) <= LARGEST ? x : NAN;
}

/* The key up to its next dot, or to its end where `rest`; *key goes behind it. */
static void part(char *out, size_t size, const char **key, bool rest)
{
    size_t n = rest ? strlen(*key) : strcspn(*key, ".");
    snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), *key);
    *key += n;
    if (**key) (*key)++;
}

static void take_apart(xb_trace *t)
{
    const char *key = t->key;
    if (!strncmp(key, "pass.", 5)) key += 5;
    if (strchr(key, '.')) part(t->who, sizeof t->who, &key, false);
    part(t->what, sizeof t->what, &key, false);
    part(t->which, sizeof t->which, &key, true);
}

static void read_points(xb_trace *t, const json_t *points)
{
    size_t n = json_array_size(points);
    bool known = false;
    t->point = xb_calloc(n ? n : 1, sizeof *t->point);
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(points, i);
        xb_trace_point at = {number(json_array_get(one, 0)), number(json_array_get(one, 1))};
        if (isnan(at.at)) continue;
        if (t->percent) at.value *= 100;
        t->point[t->n++] = at;
        if (isnan(at.value)) continue;
        if (!known) t->first = at.value, t->first_json = json_array_get(one, 1);
        t->last = at.value, t->last_json = json_array_get(one, 1), t->last_at = json_array_get(one, 0);
        known = true;
    }
    if (!known) t->n = 0;
}

xb_traces xb_traces_read(const json_t *report)
{
    const json_t *curves = json_object_get(report, "curves");
    xb_traces all = {.list = {0}};
    for (size_t i = 0; i < json_array_size(curves); i++) {
        const json_t *c = json_array_get(curves, i);
        xb_trace t = {.key = xb_field_text(c, "key"),
                      .along = xb_field_text(c, "along"),
                      .unit = xb_field_text(c, "unit"),
                      .split = xb_field_text(c, "split"),
                      .source = xb_field_text(c, "source")};
        t.percent = !strcmp(t.unit, "ratio");
        take_apart(&t);
        read_points(&t, json_object_get(c, "points"));
        if (t.n)
            xb_push(&all.list, t);
        else
            free(t.point);
    }
    return all;
}

void xb_traces_free(xb_traces *t)
{
    for (size_t i = 0; i < t->list.n; i++) free(t->list.data[i].point);
    xb_vec_free(&t->list);
}

bool xb_traces_together(const xb_trace *a, const xb_trace *b)
{
    return !strcmp(a->who, b->who) && !strcmp(a->what, b->what) && !strcmp(a->along, b->along) &&
           !strcmp(a->unit, b->unit);
}

const char *xb_trace_label(char out[400], const xb_trace *t)
{
    const char *name = *t->which ? t->which : t->what;
    snprintf(out, 400, *t->split ? "%.255s, %.100s" : "%.255s", name, t->split);
    return out;
}

const char *xb_trace_axis(char out[160], const xb_trace *t)
{
    bool plain = !*t->unit || !strcmp(t->unit, "1");
    snprintf(out, 160, plain ? "%s" : "%s, %.64s", t->what, t->percent ? "%" : t->unit);
    return out;
}

const char *xb_trace_value(char out[32], const xb_trace *t, double value)
{
    bool whole = value == floor(value) && fabs(value) < 1e9;
    snprintf(out, 32, t->percent ? "%.2f%%" : whole ? "%.0f" : "%.4g", value);
    return out;
}
