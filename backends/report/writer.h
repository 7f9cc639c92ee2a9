/* writer.h: what the parts of report.json share. Each writes members of the object that is open. */
#ifndef XB_BACKENDS_REPORT_WRITER_H
#define XB_BACKENDS_REPORT_WRITER_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xbarc/xbarc.h>

typedef struct xb_report_writer {
    xb_cx *cx;
    xb_module *module;
    const xb_json_api *json;
    const xb_graph_api *graph;
    const xb_layout_api *layout_api;
    const xb_journal_api *journal;
    const xb_run_api *run;
    const xb_layout *layout;
    const xb_hw *hw;
    struct xb_json *j;
} xb_report_writer;

/* Twelve digits: what a product leaves behind the last one that means something is not written. */
static inline void xb_report_real(xb_report_writer *w, const char *key, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.11e", value);
    w->json->real(w->j, key, isfinite(value) ? strtod(text, NULL) : value);
}

/* A figure that is 0 where it is not known: null. */
static inline void xb_report_figure(xb_report_writer *w, const char *key, double value)
{
    xb_report_real(w, key, value > 0 ? value : NAN);
}

static inline double xb_report_ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 1;
}

/* A fact that says what others rest on: it stands among the assumptions. */
#define XB_REPORT_ASSUMED "assumed."
static inline bool xb_report_is_assumption(const xb_fact *fact)
{
    return !fact->along && !strncmp(fact->key, XB_REPORT_ASSUMED, strlen(XB_REPORT_ASSUMED));
}

/* run.c: model, graph, tool, inputs, passes, hardware */
void xb_report_write_run(xb_report_writer *w);

/* costs.c: summary; layers; where the arrays stand; the hardware file's figures */
void xb_report_write_summary(xb_report_writer *w);
void xb_report_write_layers(xb_report_writer *w);
void xb_report_write_floorplan(xb_report_writer *w);
void xb_report_write_assumptions(xb_report_writer *w);

/* measured.c: accuracy, chip and programming; facts and warnings */
const xb_fact *xb_report_find_fact(const xb_report_writer *w, const char *key); /* the last one; no point of a curve */
const xb_fact *xb_report_find_pass(const xb_report_writer *w, const char *what); /* likewise: "pass.INSTANCE.what" */
void xb_report_write_accuracy(xb_report_writer *w);
void xb_report_write_chip(xb_report_writer *w);
void xb_report_write_programming(xb_report_writer *w);
void xb_report_write_facts(xb_report_writer *w);
void xb_report_write_warnings(xb_report_writer *w);

/* curves.c */
void xb_report_write_curves(xb_report_writer *w);

/* deleted.c: rows and columns of arrays that hold only zeros, of matrices that are cut */
void xb_report_write_deleted(xb_report_writer *w);

#endif
