/* compile.c: the main job: a pipeline file or a bare model in, a folder that stands alone out. */
#include "cli/cli.h"
#include "cli/plan.h"
#include <stdlib.h>
#include <string.h>

typedef struct xb_compile_flags {
    const char *out, *hardware, *time_passes, *dump_dir;
    xb_texts defines, sets, print_after;
    bool dry_run, print_pipeline, verify_each, stats, json;
} xb_compile_flags;

static const xb_flag flags_table[] = {
    {"output", 'o', "DIR", "output folder (default: the input's name with -out)", XB_FLAG_TEXT,
     offsetof(xb_compile_flags, out), 0, 0},
    {"hardware", 0, "FILE", "hardware file or installed name, instead of the pipeline's", XB_FLAG_TEXT,
     offsetof(xb_compile_flags, hardware), 0, 0},
    {"define", 'D', "NAME=VALUE", "value of ${NAME} in the pipeline file", XB_FLAG_LIST,
     offsetof(xb_compile_flags, defines), 0, 0},
    {"set", 0, "KEY=VALUE", "overrides one key, e.g. passes.place.method=row-major or seed=3", XB_FLAG_LIST,
     offsetof(xb_compile_flags, sets), 0, 0},
    {"dry-run", 0, NULL, "checks everything, prints arrays, cells and expected time, runs no pass", XB_FLAG_BOOL,
     offsetof(xb_compile_flags, dry_run), 0, 0},
    {"print-pipeline", 0, NULL, "prints the pipeline with all defaults and stops", XB_FLAG_BOOL,
     offsetof(xb_compile_flags, print_pipeline), 0, 0},
    {"print-after", 0, "PASS", "prints the graph after this pass (or 'all')", XB_FLAG_LIST,
     offsetof(xb_compile_flags, print_after), 0, 0},
    {"dump-dir", 0, "DIR", "writes the graph after each pass there", XB_FLAG_TEXT, offsetof(xb_compile_flags, dump_dir),
     0, 0},
    {"verify-each", 0, NULL, "runs the verifier after each pass", XB_FLAG_BOOL, offsetof(xb_compile_flags, verify_each),
     0, 0},
    {"time-passes", 0, "json", "prints the time of each pass", XB_FLAG_MAYBE, offsetof(xb_compile_flags, time_passes),
     0, 0},
    {"stats", 0, NULL, "prints the kernels of the reference engine", XB_FLAG_BOOL, offsetof(xb_compile_flags, stats), 0,
     0},
    {"json", 0, NULL, "prints report.json instead of the text report", XB_FLAG_BOOL, offsetof(xb_compile_flags, json),
     0, 0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

/* "models/lenet.onnx" -> "lenet-out" in the working folder. */
static char *default_output(const char *input)
{
    const char *base = xb_path_base(input);
    size_t n = strcspn(base, ".");
    xb_buf b = {0};
    xb_buf_add(&b, base, n ? n : strlen(base));
    xb_buf_str(&b, "-out");
    return b.data;
}

static bool is_model(const char *input)
{
    return xb_ends_with(input, ".onnx") || xb_ends_with(input, ".xir");
}

static xb_pipeline *read_pipeline(xb_cli *cli, const xb_compile_flags *f, const char *input)
{
    bool bare = is_model(input);
    xb_registry *r = xb_cli_plugins(cli);
    xb_define *defines = NULL;
    if (!r || !xb_cli_defines(cli, &f->defines, &defines)) return NULL;
    xb_texts sets = {0};
    xb_buf hardware = {0};
    for (size_t i = 0; i < f->sets.n; i++) xb_push(&sets, f->sets.data[i]);
    if (f->hardware) {
        xb_buf_printf(&hardware, "--hardware=%s", f->hardware);
        xb_push(&sets, xb_buf_cstr(&hardware));
    }
    char *installed = bare ? xb_cli_default_pipeline(cli) : NULL;
    xb_pipeline *p = xb_pipeline_read(cli->diags, r, bare ? installed : input, bare ? input : NULL, defines,
                                      f->defines.n, sets.data, sets.n, cli->hw_dirs);
    free(installed);
    xb_vec_free(&sets);
    xb_buf_free(&hardware);
    return p;
}

static int print_pipeline(const xb_pipeline *p)
{
    xb_buf text = {0};
    xb_pipeline_print(p, &text);
    fputs(xb_buf_cstr(&text), stdout);
    xb_buf_free(&text);
    return XB_EXIT_OK;
}

static int dry_run(xb_cli *cli, const xb_pipeline *p, bool json)
{
    xb_graph *g = xb_model_load(cli->diags, p->model);
    xb_layout *l = g ? xb_layout_plan(cli->diags, g, &p->hw) : NULL;
    if (l) xb_plan_print(g, l, json);
    xb_layout_free(l);
    xb_graph_free(g);
    return l ? XB_EXIT_OK : xb_cli_failed(cli);
}

/* The report of a finished run, as `xbarc report` prints it. */
static int show_report(xb_cli *cli, const char *dir, bool json)
{
    char *path = xb_path_join(dir, "report.json");
    int code = XB_EXIT_OK;
    if (xb_exists(path)) code = xb_report_print(cli, path, json ? "json" : "text");
    free(path);
    char *html = xb_path_join(dir, "report.html");
    if (!json) printf("\noutput: %s\n", dir);
    if (!json && xb_exists(html)) printf("report: %s\n", html);
    free(html);
    return code;
}

static int run_pipeline(xb_cli *cli, const xb_compile_flags *f, const xb_pipeline *p, const char *input)
{
    char *made = f->out ? NULL : default_output(input);
    const char *out = f->out ? f->out : made;
    xb_instruments i = {.verify_each = f->verify_each,
                        .time_passes = f->time_passes != NULL,
                        .time_json = f->time_passes && !strcmp(f->time_passes, "json"),
                        .stats = f->stats,
                        .print_after = f->print_after.data,
                        .n_print_after = f->print_after.n,
                        .dump_dir = f->dump_dir,
                        .print_to = stderr};
    xb_engine_options engine = xb_cli_engine(cli);
    int code = (int)xb_compile(cli->diags, p, out, &i, &engine);
    if (code == XB_EXIT_OK) code = show_report(cli, out, f->json);
    free(made);
    return code;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)argc;
    const xb_compile_flags *f = flags;
    if (f->time_passes && *f->time_passes && strcmp(f->time_passes, "json"))
        return xb_cli_usage(cli, "--time-passes takes json, not '%s'", f->time_passes);
    if (!is_model(argv[0]) && !xb_ends_with(argv[0], ".yaml") && !xb_ends_with(argv[0], ".yml"))
        return xb_cli_usage(cli, "compile: '%s' is none of SPEC.yaml, MODEL.onnx, MODEL.xir", argv[0]);
    xb_pipeline *p = read_pipeline(cli, f, argv[0]);
    if (!p) return xb_cli_failed(cli);
    int code = f->print_pipeline ? print_pipeline(p)
               : f->dry_run      ? dry_run(cli, p, f->json)
                                 : run_pipeline(cli, f, p, argv[0]);
    xb_pipeline_free(p);
    return code;
}

const xb_subcommand xb_cmd_compile = {
    .name = "compile",
    .usage = "SPEC.yaml|MODEL.onnx|MODEL.xir [-o DIR] [options]",
    .summary = "compile a model to a crossbar layout and a hardware report",
    .doc =
        "Runs a pipeline: reads the model, runs its passes, evaluates it, and writes the output folder, which stands "
        "alone. A bare model runs the installed default pipeline (fold-bn, map, place; 128 x 128 arrays). The folder "
        "appears under its name only when everything has ended well; an older one of ours is replaced.\n\n"
        "Exit codes: 0 done, 1 bad input, 2 wrong usage, 3 internal fault, 4 an accuracy gate stopped the run, 130 "
        "interrupted.",
    .flags = flags_table,
    .flags_size = sizeof(xb_compile_flags),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
