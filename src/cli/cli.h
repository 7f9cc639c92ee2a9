/* cli.h: one file a subcommand; each ends in a descriptor whose flag table feeds parsing, --help and the man page. */
#ifndef XB_CLI_CLI_H
#define XB_CLI_CLI_H

#include "base/json.h"
#include "pipe/pipeline.h"

enum {
    XB_EXIT_OK = 0,
    XB_EXIT_BAD_INPUT = 1,
    XB_EXIT_USAGE = 2,
    XB_EXIT_FAULT = 3,
    XB_EXIT_GATE = 4,
    XB_EXIT_STOPPED = 130
};

typedef enum xb_flag_kind {
    XB_FLAG_BOOL, /* bool */
    XB_FLAG_TEXT, /* const char * */
    XB_FLAG_INT,  /* int64_t, within min..max */
    XB_FLAG_REAL, /* double; a fraction such as 1/256 is fine */
    XB_FLAG_LIST, /* xb_texts: may be repeated */
    XB_FLAG_MAYBE /* const char *: --flag gives "", --flag=X gives "X", absent NULL */
} xb_flag_kind;

typedef xb_vec(const char *) xb_texts;

typedef struct xb_flag {
    const char *name; /* without the dashes; NULL ends the table */
    char letter;      /* 0: none */
    const char *arg;  /* what --help calls the argument */
    const char *help;
    xb_flag_kind kind;
    size_t offset;
    int64_t min, max; /* of INT; both 0: unlimited */
} xb_flag;

/* What every subcommand has. */
typedef struct xb_cli {
    xb_diags *diags;
    xb_arena *arena;       /* lives as long as the command */
    xb_registry *registry; /* plugins found; NULL until xb_cli_plugins */
    bool help, quiet;      /* the common flags, which every subcommand has */
    bool misused;          /* xb_cli_usage was called */
    int64_t threads;
    const char *diag_format;
    xb_texts plugins;           /* --plugin=FILE */
    const char *share;          /* folder of default.yaml and hardware/ */
    const char *const *hw_dirs; /* for hardware files named without a folder */
} xb_cli;

typedef struct xb_subcommand {
    const char *name, *usage, *summary, *doc;
    const xb_flag *flags;
    size_t flags_size;
    int min_args, max_args; /* max -1: any number */
    int (*run)(xb_cli *cli, const void *flags, int argc, char **argv);
} xb_subcommand;

extern const xb_subcommand *const xb_subcommands[]; /* NULL-ended, in the order of the help */
const xb_subcommand *xb_subcommand_find(const char *name);

/* Loads --plugin files, then searches. NULL after a diagnostic. */
xb_registry *xb_cli_plugins(xb_cli *cli);
xb_engine_options xb_cli_engine(const xb_cli *cli);
/* "a=b" texts; false after a usage diagnostic. */
bool xb_cli_defines(xb_cli *cli, const xb_texts *texts, xb_define **out);
int xb_cli_usage(xb_cli *cli, const char *format, ...) XB_PRINTF(2, 3); /* diagnostic "usage"; returns XB_EXIT_USAGE */
int xb_cli_failed(
    const xb_cli *cli); /* XB_EXIT_USAGE after xb_cli_usage, XB_EXIT_STOPPED after Ctrl-C, else XB_EXIT_BAD_INPUT */
/* A user's file is never replaced by what is made from it: false after a usage diagnostic. */
bool xb_cli_may_write(xb_cli *cli, const char *out, const char *in);
/* One file, or the one that would be made. Devices take any number of outputs. */
bool xb_cli_same_place(const char *a, const char *b);
/* The installed pipeline for a bare model. Caller frees. */
char *xb_cli_default_pipeline(const xb_cli *cli);
/* FILE.onnx, FILE.xir or an output folder (its model.xir). NULL after diagnostics. */
xb_graph *xb_cli_model(xb_cli *cli, const char *path);
/* write.c: OUT.onnx or OUT.xir, which must not be the input (NULL: none). false after diagnostics. */
bool xb_cli_may_write_model(xb_cli *cli, const char *out, const char *in);
bool xb_cli_write_model(xb_cli *cli, const xb_graph *g, const char *path);
void xb_cli_write(void *file, const void *bytes, size_t n); /* an xb_write_fn on a FILE */
xb_json *xb_cli_json(void);                                 /* on stdout */

/* flags.c */
void xb_flags_free(const xb_flag *table, void *flags); /* the lists in it */
/* Fills flags and the common ones in cli; moves what is no flag to the front of argv. false after a usage diagnostic.
 */
bool xb_flags_parse(xb_cli *cli, const xb_subcommand *c, void *flags, int *argc, char **argv);
void xb_flags_help(const xb_subcommand *c, xb_buf *b);
void xb_wrap(xb_buf *b, const char *text, int indent, int first_column); /* at 80 columns */

#endif
