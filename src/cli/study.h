/* study.h: a study: chips at every point of a grid of settings, their trials
 * kept in a CSV file that a later run goes on from. */
#ifndef XB_CLI_STUDY_H
#define XB_CLI_STUDY_H

#include "cli/cli.h"

enum { XB_STUDY_AXES = 4 };

/* --vary KEY=V1,V2,... */
typedef struct xb_axis {
    const char *key;          /* as written */
    const char *set;          /* where it is in the pipeline: "chip.devices.lognormal.sigma" */
    const char *const *value; /* n texts */
    size_t n;
} xb_axis;

/* false after a usage diagnostic. Texts are the arena's. */
bool xb_axis_parse(xb_cli *cli, const char *text, xb_axis *out);

typedef struct xb_point {
    const char *value[XB_STUDY_AXES]; /* one of each axis */
    const char *settings;             /* digest of all that its rows depend on, 16 hex digits;
                                         NULL until known */
    xb_trial *row;                    /* of the trials that are done, those below `first` and beyond
                                         `trials` too */
    size_t n, cap;
} xb_point;

typedef struct xb_study {
    xb_axis axis[XB_STUDY_AXES];
    size_t n_axes;
    uint64_t first, trials; /* asked for: first .. first + trials - 1 */
    xb_point *point;        /* every combination, the last axis fastest; one without axes */
    size_t n_points;
    bool labelled;
} xb_study;

/* Every combination; points are the arena's. False after a usage diagnostic:
 * too many. */
bool xb_study_spread(xb_cli *cli, xb_study *s);
void xb_study_free(xb_study *s);
bool xb_study_has(const xb_point *p, uint64_t trial);
void xb_study_add(xb_point *p, const xb_trial *row); /* kept in order of trials */
/* Those of first .. first + trials - 1; as many as xb_summary is of. */
size_t xb_study_rows(const xb_study *s, const xb_point *p, const xb_trial **rows);

/* ---- study_csv.c: one line a trial, appended whole; NULL path: none ---- */
typedef struct xb_study_csv xb_study_csv;
/* Takes the rows of the study's points from what is there; a line that was cut
 * short goes. The points' settings must be known. NULL after diagnostics:
 * another study's columns, or rows of these values under other settings. */
xb_study_csv *xb_study_csv_open(xb_cli *cli, const char *path, xb_study *s, size_t *taken);
bool xb_study_csv_append(xb_study_csv *c, const xb_study *s, const xb_point *p, const xb_trial *row);
void xb_study_csv_close(xb_study_csv *c);

/* ---- study_show.c ---- */
void xb_study_table(const xb_study *s);
void xb_study_json(const xb_study *s, const char *dir);
bool xb_study_picture(xb_cli *cli, const xb_study *s, const char *path, const char *title); /* SVG; one or two axes */

#endif
