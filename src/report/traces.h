/* traces.h: the curves of report.json: what a pass measured on its way. */
#ifndef XB_REPORT_TRACES_H
#define XB_REPORT_TRACES_H

#include "base/vec.h"
#include "report/fields.h"

typedef struct xb_trace_point {
    double at, value; /* value NaN: not known there */
} xb_trace_point;

/* The key "pass.rank-clip.rank.conv1" is who "rank-clip", what "rank", which "conv1" (may be empty). */
typedef struct xb_trace {
    const char *key, *along, *unit, *split, *source; /* of the report */
    char who[64], what[64], which[256];
    bool percent; /* a ratio: shown in hundredths */
    xb_trace_point *point;
    size_t n;                                       /* of points, at least one of which is known */
    double first, last;                             /* known values, in hundredths where percent */
    const json_t *first_json, *last_json, *last_at; /* as the report has them */
} xb_trace;

typedef struct xb_traces {
    xb_vec(xb_trace) list;
} xb_traces;

/* Members that are no curve or hold no value are left out. The texts live as long as the report. */
xb_traces xb_traces_read(const json_t *report);
void xb_traces_free(xb_traces *t);

/* Curves that share a picture: one pass, one quantity, one axis. */
bool xb_traces_together(const xb_trace *a, const xb_trace *b);
/* "conv1", "conv1, holdout"; what it is where there is but one. 400 bytes. */
const char *xb_trace_label(char out[400], const xb_trace *t);
/* "accuracy, %". 160 bytes. */
const char *xb_trace_axis(char out[160], const xb_trace *t);
/* "93.75%", "12", "0.03125": nine columns at most, but for hopeless ones. 32 bytes. */
const char *xb_trace_value(char out[32], const xb_trace *t, double value);

/* plot.c: pictures of all curves, those of a pass below one another. Nothing without curves. */
void xb_svg_traces(const xb_page *p, const json_t *report);
/* text_traces.c: a line each: first value, last value, its course. */
void xb_text_traces(const xb_page *p, const json_t *report);

#endif
