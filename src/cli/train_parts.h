/* train_parts.h: what the files of `xbarc train` share. */
#ifndef XB_CLI_TRAIN_PARTS_H
#define XB_CLI_TRAIN_PARTS_H

#include "cli/cli.h"
#include "nn/train/train.h"

#define XB_TRAIN_LOG_HEAD "step,rate,loss\n"
#define XB_TRAIN_CSV_HEAD "epoch,step,rate,loss,train_top1,holdout_top1,holdout_loss,seconds\n"

/* train_flags.c: the flags, most of which stand for keys of the training file: they are texts that go through its
 * table, so that 0 is a value and ranges are told once. */
typedef struct xb_train_flags {
    const char *data, *test, *recipe, *out, *init, *csv, *log, *checkpoint;
    const char *scale, *holdout, *epochs, *seed, *every;
    xb_texts sets, defines;
    bool resume, restart, json, plain, times;
} xb_train_flags;

extern const xb_flag xb_train_flag_table[];
/* The file (NULL: none) with what the flags say; model: NULL, the file's. NULL after diagnostics. */
xb_training_spec *xb_train_spec(xb_cli *cli, const xb_train_flags *f, const char *recipe, const char *model);

/* train_log.c: a line a step, in the file as soon as the step is done. A resumed run drops the lines of steps that it
 * does again, so that the file is always that of an unbroken run. */
typedef struct xb_train_log {
    xb_diags *d;
    const char *path; /* NULL: none is kept */
    FILE *file;
    bool begun;  /* what is not to stay is gone */
    bool failed; /* after a diagnostic; nothing is written any more */
} xb_train_log;

bool xb_train_log_open(xb_train_log *l, xb_diags *d, const char *path, bool resume); /* false after a diagnostic */
void xb_train_log_add(xb_train_log *l, int64_t step, double rate, double loss);
bool xb_train_log_close(xb_train_log *l); /* false: not everything could be written (said then) */

/* train_places.c: files that a run reads and writes. NULL paths are none. */
typedef struct xb_train_places {
    const char *model, *recipe, *teacher, *dir; /* read; dir: of relative data files */
    const char *data[2];                        /* specifications */
    const char *out, *csv, *log, *checkpoint;   /* written */
} xb_train_places;

/* No file is two of them, and none that exists is anybody else's. false after a diagnostic. */
bool xb_train_places_check(xb_cli *cli, const xb_train_places *p);

/* train_show.c: what people and machines see. */
void xb_train_show_row(const xb_train_row *rows, size_t n, bool labelled); /* the last, with a head above the first */
bool xb_train_write_csv(xb_diags *d, const char *path, const xb_train_row *rows, size_t n, bool labelled);
void xb_train_show_result(const char *out, const xb_train_result *r, const xb_score *s);
void xb_train_show_json(const char *out, const xb_train_result *r, const xb_score *s);
void xb_train_show_times(const xb_train_times *t);

#endif
