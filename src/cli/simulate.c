/* simulate.c: the accuracy of the chips that an output folder describes, one
 * setting or a grid of them. */
#include "base/out.h"
#include "base/progress.h"
#include "cli/study.h"
#include "hw/layout.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct xb_simulate_flags {
    const char *data, *scale, *csv, *svg;
    xb_texts sets, vary, beside;
    int64_t trials, first, count;
    bool json;
} xb_simulate_flags;

static const xb_flag flags_table[] = {
    {"trials", 'n', "N", "chips at every point (default: the pipeline's simulate.trials, else 20)", XB_FLAG_INT,
     offsetof(xb_simulate_flags, trials), 1, INT64_C(1) << 24},
    {"first", 0, "T", "number of the first chip (default 0); chips are the same in any split", XB_FLAG_INT,
     offsetof(xb_simulate_flags, first), 0, INT64_C(1) << 31},
    {"data", 'd', "SPEC", "data to measure on, instead of the pipeline's data.test", XB_FLAG_TEXT,
     offsetof(xb_simulate_flags, data), 0, 0},
    {"scale", 0, "X", "its stored values are multiplied by this, instead of data.input.scale", XB_FLAG_TEXT,
     offsetof(xb_simulate_flags, scale), 0, 0},
    {"count", 0, "N", "items of the data, from its beginning (0: all)", XB_FLAG_INT, offsetof(xb_simulate_flags, count),
     0, INT64_MAX},
    {"set", 0, "KEY=VALUE",
     "overrides one key of the pipeline, e.g. chip.adc-range=worst or seed=3 "
     "(may be repeated)",
     XB_FLAG_LIST, offsetof(xb_simulate_flags, sets), 0, 0},
    {"vary", 0, "KEY=V1,V2,...",
     "runs every value; given twice, every combination: "
     "device.lognormal.sigma=0,0.1,0.2",
     XB_FLAG_LIST, offsetof(xb_simulate_flags, vary), 0, 0},
    {"csv", 0, "FILE", "one line a chip is appended; chips that stand there are not run again", XB_FLAG_TEXT,
     offsetof(xb_simulate_flags, csv), 0, 0},
    {"svg", 0, "FILE", "picture of the accuracy against what is varied, one key or two", XB_FLAG_TEXT,
     offsetof(xb_simulate_flags, svg), 0, 0},
    {"beside", 0, "NAME=FILE",
     "draws the study in this --csv FILE of another folder, which varied the same one key, into the picture (may be "
     "repeated)",
     XB_FLAG_LIST, offsetof(xb_simulate_flags, beside), 0, 0},
    {"json", 0, NULL, "for machines", XB_FLAG_BOOL, offsetof(xb_simulate_flags, json), 0, 0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

typedef struct job {
    xb_cli *cli;
    const xb_simulate_flags *f;
    const char *dir;
    xb_graph *graph;
    xb_study study;
    xb_pipeline **pipeline; /* of each point */
    xb_bench bench;         /* of the point that is run */
    xb_study_csv *csv;
    xb_beside *beside; /* as many as the flags name */
    xb_progress *bar;
    uint64_t done, todo;
    double set_up;     /* s, all chips together, before their first images */
    const char *notes; /* of the last point that was run; NULL: none was */
} job;

/* ---- settings ---- */

static bool read_axes(job *j)
{
    xb_study *s = &j->study;
    const xb_texts *vary = &j->f->vary;
    if (vary->n > XB_STUDY_AXES)
        return xb_cli_usage(j->cli, "simulate: at most %d keys can be varied", XB_STUDY_AXES), false;
    if (j->f->svg && (!vary->n || vary->n > 2))
        return xb_cli_usage(j->cli, "simulate: --svg shows one or two keys that are varied, not %zu", vary->n), false;
    for (; s->n_axes < vary->n; s->n_axes++)
        if (!xb_axis_parse(j->cli, vary->data[s->n_axes], &s->axis[s->n_axes])) return false;
    return xb_study_spread(j->cli, s);
}

/* Other studies for the picture, before this one is run. */
static bool read_beside(job *j)
{
    const xb_texts *list = &j->f->beside;
    if (list->n && (!j->f->svg || j->study.n_axes != 1))
        return xb_cli_usage(j->cli, "simulate: --beside needs --svg and one key that is varied"), false;
    j->beside = xb_calloc(list->n, sizeof *j->beside);
    for (size_t i = 0; i < list->n; i++) {
        const char *equals = strchr(list->data[i], '=');
        if (!equals || equals == list->data[i])
            return xb_cli_usage(j->cli, "simulate: --beside takes NAME=FILE, not '%s'", list->data[i]), false;
        j->beside[i].name = xb_arena_strndup(j->cli->arena, list->data[i], (size_t)(equals - list->data[i]));
        if (!xb_study_csv_read(j->cli, equals + 1, &j->study, &j->beside[i].study)) return false;
        if (!xb_study_fits(j->cli, &j->study, &j->beside[i])) return false;
    }
    return true;
}

/* "--data.test=SPEC" is an option of our own that sets one key. */
static void push_text(xb_cli *cli, xb_texts *sets, const char *key, const char *value)
{
    xb_buf b = {0};
    xb_buf_printf(&b, "%s=", key);
    xb_yaml_print_text(&b, value);
    xb_push(sets, xb_arena_strdup(cli->arena, xb_buf_cstr(&b)));
    xb_buf_free(&b);
}

/* An axis in messages: a name of its own, where there are several. */
static const char *axis_label(const job *j, size_t axis)
{
    return j->study.n_axes > 1 ? xb_arena_printf(j->cli->arena, "--vary[%zu]", axis + 1) : "--vary";
}

/* Text that messages of a point show: the last point that was read had another one. */
static void show_axes(const job *j, const xb_point *p)
{
    for (size_t a = 0; a < j->study.n_axes; a++) {
        const char *text = xb_arena_printf(j->cli->arena, "%s=%s", j->study.axis[a].set, p->value[a]);
        xb_diags_source(j->cli->diags, axis_label(j, a), text, strlen(text));
    }
}

static xb_pipeline *read_point(job *j, xb_registry *r, const xb_point *p)
{
    xb_texts sets = {0};
    if (j->f->data) push_text(j->cli, &sets, "--data.test", j->f->data);
    if (j->f->scale) push_text(j->cli, &sets, "--data.input.scale", j->f->scale);
    for (size_t i = 0; i < j->f->sets.n; i++) xb_push(&sets, j->f->sets.data[i]);
    for (size_t a = 0; a < j->study.n_axes; a++)
        xb_push(&sets, xb_arena_printf(j->cli->arena, "%s %s=%s", axis_label(j, a), j->study.axis[a].set, p->value[a]));
    xb_pipeline *out = xb_pipeline_of_folder(j->cli->diags, r, j->dir, sets.data, sets.n, j->cli->hw_dirs);
    xb_vec_free(&sets);
    if (!out || out->data.test) return out;
    xb_error(j->cli->diags, "pipeline-data", (.file = out->file), "there is no test data in it; give --data SPEC");
    xb_pipeline_free(out);
    return NULL;
}

/* An error of one point is at a place that others share. */
static bool say_point(const job *j, const xb_point *p)
{
    xb_buf b = {0};
    xb_point_print(&j->study, p, &b);
    if (b.len) xb_diag(j->cli->diags, XB_NOTE, "study-point", NULL, "at --vary %s", xb_buf_cstr(&b));
    xb_buf_free(&b);
    return false;
}

static bool read_points(job *j)
{
    xb_registry *r = xb_cli_plugins(j->cli);
    if (!r) return false;
    j->pipeline = xb_calloc(j->study.n_points, sizeof *j->pipeline);
    for (size_t i = 0; i < j->study.n_points; i++)
        if (!(j->pipeline[i] = read_point(j, r, &j->study.point[i]))) return say_point(j, &j->study.point[i]);
    j->study.first = (uint64_t)j->f->first;
    j->study.trials = (uint64_t)(j->f->trials ? j->f->trials : j->pipeline[0]->simulate.trials);
    return true;
}

/* ---- data ---- */

static bool same_data(const xb_pipeline *a, const xb_pipeline *b)
{
    xb_buf x = {0}, y = {0};
    xb_data_print(a, &x);
    xb_data_print(b, &y);
    bool same = strcmp(xb_buf_cstr(&x), xb_buf_cstr(&y)) == 0;
    xb_buf_free(&x);
    xb_buf_free(&y);
    return same;
}

static bool open_bench(job *j, size_t point)
{
    const xb_pipeline *p = j->pipeline[point];
    if (j->bench.data && point && same_data(p, j->pipeline[point - 1])) return true;
    xb_bench_close(&j->bench);
    if (xb_bench_open(j->cli->diags, p, &j->bench)) return true;
    if (!j->f->data)
        xb_diag(j->cli->diags, XB_NOTE, "data", &(xb_where){.file = p->file},
                "data without a folder of its own is relative to where it was "
                "compiled; --data SPEC says where it is");
    return false;
}

/* ---- what rows depend on ---- */

static bool find_settings(job *j)
{
    char folder[XB_DIGEST_HEX], hex[XB_DIGEST_HEX];
    xb_digest *files = xb_digest_new();
    bool ok = xb_study_add_folder(j->cli->diags, j->dir, files);
    xb_digest_end(files, folder);
    for (size_t i = 0; ok && i < j->study.n_points; i++) {
        if (!open_bench(j, i)) return false;
        xb_digest *d = xb_digest_new();
        xb_digest_add(d, folder, sizeof folder);
        xb_study_add_chip(j->cli->registry, j->pipeline[i], d);
        j->study.point[i].items = xb_study_add_data(j->bench.data, &j->bench.map, (size_t)j->f->count, d);
        xb_study_add_data(j->bench.calibration, &j->bench.map, (size_t)j->pipeline[i]->chip.options.calibrate, d);
        xb_digest_end(d, hex);
        j->study.point[i].settings = xb_arena_strndup(j->cli->arena, hex, 16);
    }
    j->study.labelled = ok && xb_dataset_classes(j->bench.data) > 0;
    for (size_t i = 0; ok && i < j->f->beside.n; i++)
        if (j->beside[i].study.labelled != j->study.labelled)
            ok = xb_error(j->cli->diags, "study-csv", (.file = NULL), "--beside %s: one of the two is without labels",
                          j->beside[i].name);
    return ok && xb_study_distinct(j->cli, &j->study);
}

/* ---- running ---- */

static uint64_t missing(const xb_study *s, const xb_point *p)
{
    const xb_trial *rows;
    return s->trials - xb_study_rows(s, p, &rows);
}

/* What the last point was told already is not said again. */
static void say_notes(job *j, const xb_sim *sim)
{
    xb_diags *kept = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_sim_notes(sim, kept);
    const char *text = xb_diags_text(kept);
    if (!j->notes || strcmp(text, j->notes) != 0) xb_sim_notes(sim, j->cli->diags);
    j->notes = xb_arena_strdup(j->cli->arena, text);
    xb_diags_free(kept);
}

static bool run_point(job *j, size_t index)
{
    xb_study *s = &j->study;
    xb_point *p = &s->point[index];
    const xb_pipeline *pipeline = j->pipeline[index];
    if (!missing(s, p)) return true;
    show_axes(j, p);
    xb_engine_options engine = xb_cli_engine(j->cli);
    xb_layout *layout = open_bench(j, index) ? xb_layout_read(j->cli->diags, j->dir, j->graph, &pipeline->hw) : NULL;
    xb_sim *sim =
        layout ? xb_pipeline_sim(j->cli->diags, pipeline, &j->bench, layout, j->graph, (size_t)j->f->count, &engine)
               : NULL;
    bool ok = sim != NULL;
    if (ok) say_notes(j, sim);
    for (uint64_t t = s->first; ok && t < s->first + s->trials; t++) {
        xb_trial row;
        if (xb_study_row(p, t)) continue;
        ok = xb_sim_run(sim, t, 1, &row);
        if (!ok) break;
        xb_study_add(p, &row);
        if (j->csv) ok = xb_study_csv_append(j->csv, s, p, &row);
        xb_progress_update(j->bar, ++j->done, j->todo);
    }
    if (sim) j->set_up += xb_sim_set_up(sim);
    xb_sim_free(sim);
    xb_layout_free(layout);
    return ok;
}

/* What takes long enough to be noticed. Wall time, so nowhere but on the terminal. */
static void say_set_up(const job *j)
{
    enum { NOTICED = 1 }; /* s a chip */
    if (j->set_up >= NOTICED * (double)j->done && j->done)
        xb_diag(j->cli->diags, XB_NOTE, "set-up", &(xb_where){.file = j->dir},
                "%.2f s a chip before its first image: programming%s", j->set_up / (double)j->done,
                j->pipeline[0]->chip.options.ir_drop ? ", resistive wires" : "");
}

static bool run_points(job *j)
{
    size_t taken = 0;
    if (j->f->csv && !(j->csv = xb_study_csv_open(j->cli, j->f->csv, &j->study, &taken))) return false;
    for (size_t i = 0; i < j->study.n_points; i++) j->todo += missing(&j->study, &j->study.point[i]);
    if (taken)
        xb_diag(j->cli->diags, XB_NOTE, "study-csv", &(xb_where){.file = j->f->csv},
                "%zu chips of this study are in it; %" PRIu64 " are left to run", taken, j->todo);
    xb_bench_close(&j->bench);
    j->bar = xb_progress_begin("simulating", "chips");
    xb_progress_alone(true);
    bool ok = true;
    for (size_t i = 0; ok && i < j->study.n_points; i++) {
        unsigned errors = xb_diags_errors(j->cli->diags);
        ok = run_point(j, i);
        if (xb_diags_errors(j->cli->diags) > errors) say_point(j, &j->study.point[i]);
    }
    xb_progress_alone(false);
    xb_progress_end(j->bar);
    say_set_up(j);
    return ok;
}

static bool show(job *j)
{
    if (j->f->json)
        xb_study_json(&j->study, j->dir);
    else
        xb_study_table(&j->study);
    if (!j->f->svg) return true;
    const xb_texts *beside = &j->f->beside;
    const char *title =
        beside->n ? "Simulated chips" : xb_arena_printf(j->cli->arena, "Simulated chips: %s", xb_path_base(j->dir));
    return xb_study_picture(j->cli, &j->study, j->beside, beside->n, xb_path_base(j->dir), j->f->svg, title);
}

static bool work(job *j)
{
    if (!xb_study_places_check(j->cli, j->dir, j->f->csv, j->f->svg)) return false;
    if (!read_axes(j) || !read_beside(j) || !read_points(j)) return false;
    if (j->f->svg && !xb_out_possible(j->cli->diags, j->f->svg)) return false;
    j->graph = xb_cli_model(j->cli, j->dir);
    if (!j->graph || !find_settings(j)) return false;
    bool ran = run_points(j);
    return (ran || j->done) ? show(j) && ran : false;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)argc;
    job j = {.cli = cli, .f = flags, .dir = argv[0]};
    if (!xb_is_dir(j.dir)) {
        xb_diag(cli->diags, XB_ERROR, "io", &(xb_where){.file = j.dir}, "not a folder written by xbarc compile");
        return XB_EXIT_BAD_INPUT;
    }
    bool ok = work(&j);
    xb_study_csv_close(j.csv);
    xb_bench_close(&j.bench);
    for (size_t i = 0; j.pipeline && i < j.study.n_points; i++) xb_pipeline_free(j.pipeline[i]);
    free(j.pipeline);
    for (size_t i = 0; j.beside && i < j.f->beside.n; i++) xb_study_free(&j.beside[i].study);
    free(j.beside);
    xb_study_free(&j.study);
    xb_graph_free(j.graph);
    return ok ? XB_EXIT_OK : xb_cli_failed(cli);
}

const xb_subcommand xb_cmd_simulate = {
    .name = "simulate",
    .usage = "DIR [--trials N] [--vary KEY=V1,V2,...] [--csv FILE]",
    .summary = "simulate the chips of an output folder: accuracy with real devices",
    .doc =
        "Programs chips as DIR/layout.json lays them out, with the devices "
        "and converters of DIR/pipeline.yaml (`chip:`) "
        "and DIR/hardware.yaml, and measures each on the test data. A chip "
        "is decided by the seed and its number: any "
        "threads, any order and any split over runs give the same. The "
        "interval is of the mean over chips (Student's "
        "t); of one chip, over its images (Wilson).\n\n"
        "Ctrl-C keeps the chips that are done; with --csv the same command "
        "goes on from there. A line of --csv is of one model, layout, chip and data, by a digest, which takes at most "
        "256 items of the data, evenly spaced.",
    .flags = flags_table,
    .flags_size = sizeof(xb_simulate_flags),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
