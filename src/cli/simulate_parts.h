/* simulate_parts.h: what the files of `xbarc simulate` share. */
#ifndef XB_CLI_SIMULATE_PARTS_H
#define XB_CLI_SIMULATE_PARTS_H

#include "cli/study.h"

typedef struct xb_simulate_flags {
    const char *data, *scale, *csv, *svg;
    xb_texts sets, vary, beside;
    int64_t trials, first, count;
    bool json;
} xb_simulate_flags;

typedef struct xb_simulate_job {
    xb_cli *cli;
    const xb_simulate_flags *f;
    const char *dir;
    xb_graph *graph;
    xb_study study;
    xb_pipeline **pipeline; /* of each point */
    xb_bench bench;         /* of the point that was opened last */
    xb_beside *beside;      /* as many as the flags name */
    uint64_t done;          /* chips that were run */
} xb_simulate_job;

/* ---- simulate_points.c: what each point of the study simulates. All false after a diagnostic ---- */
bool xb_simulate_points(xb_simulate_job *j);                             /* the pipelines */
bool xb_simulate_open(xb_simulate_job *j, size_t point);                 /* the data, as the bench */
bool xb_simulate_settings(xb_simulate_job *j);                           /* digests of all that rows depend on */
void xb_simulate_show_axes(const xb_simulate_job *j, const xb_point *p); /* as the text of messages from here on */
bool xb_simulate_say_point(const xb_simulate_job *j, const xb_point *p); /* behind an error of it; false */

/* ---- simulate_run.c: the chips that are missing. false after a diagnostic; those that are done are kept ---- */
bool xb_simulate_run(xb_simulate_job *j);

#endif
