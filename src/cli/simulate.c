/* simulate.c: the accuracy of the chips that an output folder describes, one
 * setting or a grid of them. */
#include "base/out.h"
#include "cli/simulate_parts.h"
#include <stdlib.h>
#include <string.h>

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

static bool read_axes(xb_simulate_job *j)
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
static bool read_beside(xb_simulate_job *j)
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

static bool show(xb_simulate_job *j)
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

static bool work(xb_simulate_job *j)
{
    if (!xb_study_places_check(j->cli, j->dir, j->f->csv, j->f->svg)) return false;
    if (!read_axes(j) || !read_beside(j) || !xb_simulate_points(j)) return false;
    if (j->f->svg && !xb_out_possible(j->cli->diags, j->f->svg)) return false;
    j->graph = xb_cli_model(j->cli, j->dir);
    if (!j->graph || !xb_simulate_settings(j)) return false;
    bool ran = xb_simulate_run(j);
    return (ran || j->done) ? show(j) && ran : false;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)argc;
    xb_simulate_job j = {.cli = cli, .f = flags, .dir = argv[0]};
    if (!xb_is_dir(j.dir)) {
        xb_diag(cli->diags, XB_ERROR, "io", &(xb_where){.file = j.dir}, "not a folder written by xbarc compile");
        return XB_EXIT_BAD_INPUT;
    }
    bool ok = work(&j);
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
