/* backend.h: what writes files: xb_backend, its sink, the journal, the report service.
 *
 * A backend reads the module and writes named files into the output folder through the sink. The folder appears
 * under its name only when every backend has ended well.
 */
#ifndef XBARC_BACKEND_H
#define XBARC_BACKEND_H

#include <xbarc/layout.h>

/* One output file at a time: open, write, close. A failed write (full disk) is diagnosed by the host; the functions
 * then do nothing and close returns negative. */
typedef struct xb_sink {
    uint32_t struct_size;
    /* name: a plain file name, or folder/name. Negative after a diagnostic (a name written twice, a path that leaves
     * the folder). */
    int (*open)(struct xb_sink *sink, const char *name);
    void (*write)(struct xb_sink *sink, const void *bytes, size_t n);
    void (*print)(struct xb_sink *sink, const char *format, ...) XB_PRINTF(2, 3);
    int (*close)(struct xb_sink *sink);
    void *impl;
} xb_sink;

typedef struct xb_backend {
    uint32_t struct_size;
    const char *name, *summary, *doc, *example;
    const char *const *needs; /* properties: "layout", "placement" */
    const char *const *services;
    const xb_option *options;
    size_t options_size;
    int (*check)(xb_cx *cx, const void *options);
    int (*emit)(xb_cx *cx, xb_module *module, xb_sink *sink, const void *options);
} xb_backend;

/* The journal, service "xb.journal" version 1: measured facts, append-only; reports only read it. A fact "warning" with a
 * text is told among the report's warnings. */
typedef struct xb_fact {
    const char *key; /* "accuracy.reference.top1", "pass.fold-bn.folded" */
    double value;
    const char *unit;  /* "ratio", "1", "s", "um2" ... */
    const char *split; /* "test", "holdout", "" */
    uint64_t seed;
    const char *source; /* who measured: "eval", "pass fold-bn" */
    const char *text;   /* for facts that are words; NULL: a number */
    const char *along;  /* a point of a curve: what it is drawn along ("step", "epoch"); NULL: a single figure */
    double at; /* where on it; facts of one key, along and split are one curve, in the order they were added */
} xb_fact;

typedef struct xb_journal_api {
    uint32_t struct_size;
    void (*add)(xb_cx *cx, xb_module *module, const xb_fact *fact); /* copies */
    size_t (*facts)(const xb_module *module, const xb_fact **list);
    /* A fact of the step that runs: its key is "pass.INSTANCE.WHAT", with ".LAYER" behind it unless layer is NULL; seed
     * and source are filled in, and unit ("1") and split ("") where they are NULL. */
    void (*tell)(xb_cx *cx, xb_module *module, const char *what, const char *layer, const xb_fact *fact);
    /* A warning, printed under the code (NULL: not printed) and told in the report, there with the instance before it. */
    void (*warn)(xb_cx *cx, xb_module *module, const char *code, const char *format, ...) XB_PRINTF(4, 5);
} xb_journal_api;

/* Service "xb.report" version 1: report.json -> what people read. Pure functions of the text. */
typedef struct xb_report_api {
    uint32_t struct_size;
    /* format: "text" (80 columns), "html", "md", "csv". Writes to the sink's open file. Negative after a diagnostic. */
    int (*render)(xb_cx *cx, const char *report_json, size_t n, const char *format, xb_sink *sink);
} xb_report_api;

/* Service "xb.json" version 1: a streaming writer on a sink's open file; keys are NULL inside arrays. */
typedef struct xb_json_api {
    uint32_t struct_size;
    struct xb_json *(*begin)(xb_cx *cx, xb_sink *sink); /* lives until end or the callback's return */
    void (*object)(struct xb_json *j, const char *key);
    void (*array)(struct xb_json *j, const char *key, bool one_line);
    void (*close)(struct xb_json *j);                                      /* the innermost object or array */
    void (*string)(struct xb_json *j, const char *key, const char *value); /* NULL value: null */
    void (*integer)(struct xb_json *j, const char *key, int64_t value);
    void (*real)(struct xb_json *j, const char *key, double value); /* shortest text that reads back; NaN, Inf: null */
    void (*boolean)(struct xb_json *j, const char *key, bool value);
    void (*end)(struct xb_json *j);
    /* Begins a document kept in memory; `text` ends it and returns its bytes, alive until the callback's return. */
    struct xb_json *(*begin_text)(xb_cx *cx);
    const char *(*text)(struct xb_json *j, size_t *n);
} xb_json_api;

/* What the run was made from: service "xb.run" version 1. */
typedef struct xb_run_api {
    uint32_t struct_size;
    const char *(*version)(void);                                  /* of xbarc */
    const char *(*profile)(void);                                  /* numeric profile: ISA, kernel rules, libraries */
    size_t (*inputs)(xb_cx *cx, const char *const (**triples)[3]); /* {"model", path as given, sha256} ... */
    /* Names and options of the passes that ran, in order: {instance, options as one-line YAML}. */
    size_t (*passes)(xb_cx *cx, const char *const (**pairs)[2]);
} xb_run_api;

#endif
