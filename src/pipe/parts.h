/* parts.h: what the files of this room share. */
#ifndef XB_PIPE_PARTS_H
#define XB_PIPE_PARTS_H

#include "pipe/pipeline.h"

/* ---- reading ---- */

typedef struct xb_reading {
    xb_diags *d;
    xb_pipeline *p;
    const xb_registry *registry;
    const char *const *hw_dirs;
    xb_yaml_lookup *lookup;
    void *context; /* of lookup */
} xb_reading;

typedef struct xb_defines {
    const xb_define *list;
    size_t n;
} xb_defines;
const char *xb_pipe_find_define(void *defines, const char *name); /* an xb_yaml_lookup: -D, then the environment */
/* Makes data specifications relative to p->dir: those of a file are to its folder, those from a --set to the working
 * folder. */
void xb_pipe_rebase_data(const xb_reading *in, const xb_yaml *root);

/* What a pipeline and a training file both begin with; a table's structure has it as its first member. */
typedef struct xb_top {
    int64_t format;
    xb_pipeline p;
} xb_top;
#define XB_TOP_OPTIONS                                                                                                 \
    {.name = "xbarc",                                                                                                  \
     .help = "format of the file: 1",                                                                                  \
     .type = XB_OPT_INT,                                                                                               \
     .offset = offsetof(xb_top, format),                                                                               \
     .min = 1,                                                                                                         \
     .max = 1,                                                                                                         \
     .required = true},                                                                                                \
        {.name = "model", .help = "ONNX or .xir file", .type = XB_OPT_PATH, .offset = offsetof(xb_top, p.model)},      \
        {.name = "seed",                                                                                               \
         .help = "of everything random",                                                                               \
         .type = XB_OPT_INT,                                                                                           \
         .offset = offsetof(xb_top, p.seed),                                                                           \
         .def = "0",                                                                                                   \
         .min = 0,                                                                                                     \
         .max = 9e18},                                                                                                 \
        {.name = "data",                                                                                               \
         .help = "data sets",                                                                                          \
         .type = XB_OPT_STRUCT,                                                                                        \
         .offset = offsetof(xb_top, p.data),                                                                           \
         .sub = xb_data_options,                                                                                       \
         .sub_size = sizeof(((xb_pipeline *)0)->data)}

/* A pipeline with nothing in it. */
xb_pipeline *xb_pipeline_new(const char *file, const char *dir);
/* A file's tree, owned by the pipeline's arena. lookup NULL: ${} is left. NULL after diagnostics. */
xb_yaml *xb_pipe_parse_file(const xb_reading *in, const char *path, xb_yaml_lookup *lookup);

/* yaml_edit.c: trees that are changed before they are read. Everything in the arena. */
xb_yaml *xb_yaml_new_map(xb_arena *a, const xb_yaml *at);
/* The place of the value under key, made (NULL value) when absent; an old key takes the new one's position. */
xb_yaml **xb_yaml_slot(xb_arena *a, xb_yaml *map, xb_yaml *key);

/* sets.c: applies "KEY=VALUE" texts to the tree. false after diagnostics "set" that point into the text. */
bool xb_sets_apply(const xb_reading *in, xb_yaml *root, const char *const *sets, size_t n);
bool xb_from_set(const xb_yaml *y); /* does the value come from a --set? */

/* hardware.c: the tree that a `hardware:` value stands for: itself, or that of the file it names. NULL after
 * diagnostics. */
xb_yaml *xb_hardware_tree(const xb_reading *in, xb_yaml *value);
bool xb_hardware_read(const xb_reading *in, xb_yaml *value);

/* steps.c */
bool xb_steps_read(const xb_reading *in, const xb_yaml *list);
bool xb_emits_read(const xb_reading *in, const xb_yaml *list);
/* Name and options (NULL: none) of an entry of passes:, emit: or devices:.
 * false: it is no entry. */
bool xb_entry_parts(xb_yaml *entry, xb_yaml **name, xb_yaml **options);
/* The same with a diagnostic; an instance "name@id" is taken apart: *kind is
 * the name alone. */
bool xb_entry_read(const xb_reading *in, xb_yaml *entry, const char *list, xb_yaml **name, const char **kind,
                   xb_yaml **options);
/* An entry's options into memory of their own; *out is never NULL. */
bool xb_entry_options(const xb_reading *in, const char *who, const xb_option *table, size_t size, const xb_yaml *name,
                      const xb_yaml *options, void **out);

/* chip.c: chip: and simulate: (NULL: absent). */
bool xb_chip_read(const xb_reading *in, const xb_yaml *y);
bool xb_simulate_read(const xb_reading *in, const xb_yaml *y);

/* read.c: for every kind of file */
const xb_yaml *xb_pipe_given(const xb_yaml *root, const char *key); /* NULL: absent or null */
bool xb_pipe_refuse(const xb_reading *in, const xb_yaml *at, const char *code, const char *format, ...)
    XB_PRINTF(4, 5); /* an error there; false */
bool xb_pipe_check_format(const xb_reading *in, const xb_yaml *root);
/* extends.c: the tree on top of the one it extends; itself when it extends none. NULL after a diagnostic. */
xb_yaml *xb_pipe_extend(const xb_reading *in, xb_yaml *root);

/* check.c: order, properties, data, every pass's and backend's own check. */
bool xb_pipeline_check(const xb_reading *in);
bool xb_pipeline_check_parts(const xb_reading *in); /* each one's own check alone */

/* print.c: an entry of a list, `indent` spaces before. */
void xb_entry_print(const xb_pipeline *p, int indent, const char *name, const xb_option *table, const void *options,
                    xb_buf *b);
/* print.c: hardware is what to print for the file, as it is; NULL: what the
 * pipeline holds. */
void xb_pipeline_print_with(const xb_pipeline *p, const char *hardware, xb_buf *b);

/* ---- running ---- */

/* gate.c: the metric on the hold-out, against the graph as imported. */
typedef struct xb_gate xb_gate;
typedef enum xb_verdict { XB_GATE_PASSED, XB_GATE_FAILS, XB_GATE_BROKEN } xb_verdict;
/* Measures the baseline. NULL after diagnostics, or when the pipeline has no gate (*ok stays true). imported must
 * outlive it. */
xb_gate *xb_gate_open(xb_diags *d, const xb_pipeline *p, xb_module *m, const xb_graph *imported,
                      const xb_engine_options *engine, bool *ok);
void xb_gate_close(xb_gate *g);
/* Measures graph after `instance`; the figure goes into m's journal, and the drop into *drop. XB_GATE_BROKEN after
 * diagnostics. */
xb_verdict xb_gate_judge(xb_gate *g, xb_module *m, const xb_graph *graph, const xb_step *step, double *drop);
const char *xb_gate_unit(const xb_gate *g); /* "points", "", "dB" */
const char *xb_gate_loss(const xb_gate *g, double drop); /* "it lost 3.2 points of top-1 accuracy"; the pipeline's */

/* instruments.c: times, prints, dumps. */
typedef struct xb_lap {
    const char *name;
    double wall, cpu; /* seconds */
} xb_lap;
typedef struct xb_watch {
    xb_vec(xb_lap) lap;
} xb_watch;
xb_lap xb_lap_begin(const char *name);
void xb_lap_end(xb_watch *w, xb_lap begun);
void xb_watch_print(const xb_watch *w, bool json, FILE *to);
/* Do the names asked for exist? false after diagnostics. */
bool xb_instruments_check(xb_diags *d, const xb_pipeline *p, const xb_instruments *i);
/* After the step-th pass (from 0). false after diagnostics. */
bool xb_instruments_show(xb_diags *d, const xb_instruments *i, const xb_graph *g, const xb_step *step, size_t index);

/* outputs.c: the files every output folder has, beside those of the backends. */
struct xb_outdir;
bool xb_outputs_write(const xb_pipeline *p, xb_module *m, struct xb_outdir *o);
/* Tells the kernel that the constants in the mapped model are not needed soon. */
void xb_graph_release_views(const xb_graph *g);

/* inputs.c: what the run was made from, for service "xb.run". Texts are the pipeline's. */
bool xb_inputs_register(xb_diags *d, const xb_pipeline *p, xb_run_info *info);

/* simulated.c: chips of the laid-out module on the test set, and what
 * programming one costs, into the journal. Nothing without simulate:. false
 * after diagnostics, or interrupted. */
bool xb_measure_chips(xb_diags *d, const xb_pipeline *p, xb_module *m, const xb_engine_options *engine);
/* assumed.c: into the journal, what their figures rest on. */
void xb_assume_chips(const xb_pipeline *p, xb_module *m);

/* measure.c: the test set, once, into the journal. false after diagnostics. */
bool xb_measure_test(xb_diags *d, const xb_pipeline *p, xb_module *m, const xb_graph *imported,
                     const xb_engine_options *engine);

#endif
