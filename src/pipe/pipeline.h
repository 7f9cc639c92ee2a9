/* pipeline.h: the pipeline file and the pass manager. docs/formats/pipeline.md is the reference. */
#ifndef XB_PIPE_PIPELINE_H
#define XB_PIPE_PIPELINE_H

#include "data/data.h"
#include "nn/eval.h"
#include "nn/train/train.h"
#include "plug/plug.h"
#include "sim/sim.h"

typedef struct xb_step {
    const xb_pass *pass;
    const char *instance; /* "rank-clip@id" */
    void *options;
    const xb_yaml *where;
} xb_step;

typedef struct xb_emit {
    const xb_backend *backend;
    void *options;
    const xb_yaml *where;
} xb_emit;

/* An entry of chip: {devices: [...]}. */
typedef struct xb_part {
    const xb_device *device;
    const char *instance; /* "lognormal@id" */
    void *options;
    const xb_yaml *where;
} xb_part;

typedef enum xb_on_fail { XB_GATE_ROLLBACK, XB_GATE_STOP } xb_on_fail;
typedef enum xb_metric { XB_METRIC_TOP1, XB_METRIC_AGREEMENT, XB_METRIC_MSE, XB_METRIC_PSNR } xb_metric;

typedef struct xb_pipeline {
    xb_arena *arena;
    const char *file, *dir;
    const char *model;
    uint64_t seed;
    struct {
        const char *train, *test, *calibrate;
        int64_t holdout; /* items at the end of train */
        xb_input_map_opts input;
    } data;
    xb_hw hw;
    struct {
        bool set;
        int metric, on_fail;
        double max_drop; /* points for top1 and agreement, the metric's own unit otherwise */
    } gate;
    struct {
        bool set; /* without a chip: no devices, default options */
        const xb_yaml *where;
        xb_part *part; /* in the order of the chain */
        size_t n;
        xb_chip_options options;
    } chip;
    struct {
        bool set;
        const xb_yaml *where;
        int64_t trials;
        xb_program_options programming;
    } simulate;
    xb_step *step;
    size_t n_steps;
    xb_emit *emit;
    size_t n_emit;
    const char *hardware; /* file or installed name, as held; NULL: written in the pipeline, or changed by --set */
} xb_pipeline;

/* Of its data, gate and simulate; chip's beside the devices is xb_chip_option_table. */
extern const xb_option xb_data_options[], xb_gate_options[], xb_simulate_options[];

typedef struct xb_define { const char *key, *value; } xb_define;

/* Reads and checks everything that can be checked before a pass runs: keys, types, ranges, names, levels, needs and gives, services,
 * each pass's own check. sets: "passes.rank-clip.epsilon=0.02", "seed=3"; paths in them are relative to the working folder, those
 * in the file to the file's folder. model: replaces the file's (NULL: the file's). hw_dirs: folders of installed hardware files; the
 * default.yaml beside such a folder gives the passes, hardware or emit that the file does not name. NULL after diagnostics. */
xb_pipeline *xb_pipeline_read(xb_diags *d, const xb_registry *r, const char *path, const char *model,
                              const xb_define *defines, size_t n_defines, const char *const *sets, size_t n_sets,
                              const char *const *hw_dirs);
void xb_pipeline_free(xb_pipeline *p);
/* All of it, defaults filled in; parses back to itself. */
void xb_pipeline_print(const xb_pipeline *p, xb_buf *b);
/* What an output folder's pipeline.yaml says of its chip: seed, data, hardware,
 * chip, simulate, and nothing else of it. sets are of these keys. NULL after
 * diagnostics. */
xb_pipeline *xb_pipeline_of_folder(xb_diags *d, const xb_registry *r, const char *folder, const char *const *sets,
                                   size_t n_sets, const char *const *hw_dirs);
/* The values of "chip:" and "data:" as text: what simulations depend on. */
void xb_chip_print(const xb_pipeline *p, xb_buf *b);
void xb_data_print(const xb_pipeline *p, xb_buf *b);
/* chip.c: the devices as src/sim takes them; in the pipeline's arena. */
xb_chain xb_pipeline_chain(const xb_pipeline *p);
/* keys.c: data: {input: ...} as src/data takes it. */
xb_input_map xb_pipe_input_map(const xb_pipeline *p);
/* A list "[fold-bn, map]" for `xbarc opt`: steps only. */
xb_pipeline *xb_pipeline_of_passes(xb_diags *d, const xb_registry *r, const char *passes, const char *hardware,
                                   const char *const *hw_dirs, uint64_t seed);

/* Model by file name (.onnx or .xir): read, inferred, folded, verified. NULL after diagnostics. */
xb_graph *xb_model_load(xb_diags *d, const char *path);

/* ---- training: docs/formats/training.md is the reference ---- */

typedef enum xb_start { XB_START_GIVEN, XB_START_XAVIER, XB_START_HE } xb_start; /* weights to begin with */

typedef struct xb_training_spec {
    xb_pipeline *p; /* model, seed, data of it */
    int start;      /* xb_start */
    xb_recipe recipe;
} xb_training_spec;

/* path NULL: no file, the sets alone. model: replaces the file's. NULL after diagnostics. */
xb_training_spec *xb_training_spec_read(xb_diags *d, const char *path, const char *model, const xb_define *defines,
                                        size_t n_defines, const char *const *sets, size_t n_sets);
void xb_training_spec_free(xb_training_spec *s);

typedef struct xb_instruments {
    bool verify_each, time_passes, time_json, stats;
    const char *const *print_after; /* instance names or "all" */
    size_t n_print_after;
    const char *dump_dir;
    FILE *print_to;
} xb_instruments;

/* ---- chips ---- */

/* simulated.c: what chips of p are measured and calibrated on: test; calibrate,
 * else train, else test itself. false after diagnostics; what is open is closed
 * in either case by xb_bench_close. */
typedef struct xb_bench {
    xb_dataset *data, *calibration; /* may be the same */
    xb_input_map map;
} xb_bench;
bool xb_bench_open(xb_diags *d, const xb_pipeline *p, xb_bench *b);
void xb_bench_close(xb_bench *b);
/* simulated.c: a simulator of p's chip, of a layout of this graph, which all
 * must outlive it; count items of the data (0: all). NULL after diagnostics. */
xb_sim *xb_pipeline_sim(xb_diags *d, const xb_pipeline *p, const xb_bench *b, const xb_layout *layout,
                        const xb_graph *graph, size_t count, const xb_engine_options *engine);
/* clipped / conversions over all trials; NaN where nothing was converted. */
double xb_trials_clip_ratio(const xb_trial *rows, size_t n);

typedef enum xb_outcome { XB_DONE = 0, XB_BAD_INPUT = 1, XB_FAULT = 3, XB_GATE_FAILED = 4, XB_STOPPED = 130 } xb_outcome;

/* Runs the passes on the module (verifier, gate, instruments). On failure the module is as it was before the failing pass. */
xb_outcome xb_pipeline_run(xb_diags *d, const xb_pipeline *p, xb_context *cx, xb_run_info *info, xb_module *m,
                           const xb_instruments *i, const xb_engine_options *engine);
/* Everything: load, run, evaluate on test, emit into `out` (folder that stands alone). */
xb_outcome xb_compile(xb_diags *d, const xb_pipeline *p, const char *out, const xb_instruments *i,
                      const xb_engine_options *engine);

#endif
