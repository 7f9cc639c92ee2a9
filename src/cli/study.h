/* study.h: a study: chips at every point of a grid of settings, their trials
 * kept in a CSV file that a later run goes on from. */
#ifndef XB_CLI_STUDY_H
#define XB_CLI_STUDY_H

#include "base/digest.h"
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
    uint64_t items;                   /* that each chip is measured on; with settings */
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
/* No two points have the same settings: 1 and 1.0 are one. false after a usage diagnostic. */
bool xb_study_distinct(xb_cli *cli, const xb_study *s);
void xb_point_print(const xb_study *s, const xb_point *p, xb_buf *b); /* "KEY=VALUE and KEY=VALUE" */
void xb_study_free(xb_study *s);
const xb_trial *xb_study_row(const xb_point *p, uint64_t trial); /* NULL: not done */
void xb_study_add(xb_point *p, const xb_trial *row); /* kept in order of trials */
/* Those of first .. first + trials - 1; as many as xb_summary is of. */
size_t xb_study_rows(const xb_study *s, const xb_point *p, const xb_trial **rows);

/* ---- study_places.c: --csv and --svg are two files, none of the folder's. false after a usage diagnostic ---- */
bool xb_study_places_check(xb_cli *cli, const char *dir, const char *csv, const char *svg);

/* ---- study_settings.c: what a point's rows depend on beside the data ---- */
/* Into d: the files of the folder that say what its chips are. false after a diagnostic. */
bool xb_study_add_folder(xb_diags *diags, const char *dir, xb_digest *d);
/* Seed, hardware, devices with the plugins they come from, options, version of the program. */
void xb_study_add_chip(const xb_registry *r, const xb_pipeline *p, xb_digest *d);
/* The first n items (0: all) as the network gets them: 256 of them, evenly spaced, and how many there are. Returns that. */
size_t xb_study_add_data(const xb_dataset *data, const xb_input_map *map, size_t n, xb_digest *d);

/* ---- study_csv.c: one line a trial, appended whole; NULL path: none ---- */
typedef struct xb_study_csv xb_study_csv;
/* Takes the rows of the study's points from what is there; a line that was cut
 * short goes. The points' settings must be known. NULL after diagnostics: no
 * regular file, another study's columns, rows of these values under other
 * settings, figures that contradict each other. */
xb_study_csv *xb_study_csv_open(xb_cli *cli, const char *path, xb_study *s, size_t *taken);
/* All points and rows of the table of another study that varied `like`'s one key, whatever its settings were. The
 * caller frees *out in either case. false after diagnostics. */
bool xb_study_csv_read(xb_cli *cli, const char *path, const xb_study *like, xb_study *out);
/* Whole, or not at all. false after a diagnostic. */
bool xb_study_csv_append(xb_study_csv *c, const xb_study *s, const xb_point *p, const xb_trial *row);
void xb_study_csv_close(xb_study_csv *c);

/* ---- study_show.c ---- */
void xb_study_table(const xb_study *s);
void xb_study_json(const xb_study *s, const char *dir);
/* A study of its own in a picture of several. */
typedef struct xb_beside {
    const char *name;
    xb_study study;
} xb_beside;
bool xb_study_fits(xb_cli *cli, const xb_study *s, const xb_beside *other); /* false after a diagnostic */
/* SVG; of one or two axes, or of one axis with n other studies, whose curves come first, called `name` the last. */
bool xb_study_picture(xb_cli *cli, const xb_study *s, const xb_beside *other, size_t n, const char *name,
                      const char *path, const char *title);

#endif
