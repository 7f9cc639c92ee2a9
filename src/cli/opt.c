/* opt.c: graph passes on a model, and the model out again. */
#include "cli/cli.h"
#include "ir/text.h"
#include <stdlib.h>
#include <string.h>

typedef struct xb_opt_flags {
    const char *passes, *out, *hardware, *dump_dir, *time_passes;
    xb_texts print_after;
    int64_t seed;
    bool verify_each;
} xb_opt_flags;

static const xb_flag flags_table[] = {
    {"passes", 'p', "LIST", "YAML list of passes, e.g. '[fold-bn]' (default: none)", XB_FLAG_TEXT,
     offsetof(xb_opt_flags, passes), 0, 0},
    {"output", 'o', "FILE", "OUT.xir or OUT.onnx; without it the .xir text goes to standard output", XB_FLAG_TEXT,
     offsetof(xb_opt_flags, out), 0, 0},
    {"hardware", 0, "FILE", "hardware for passes that read it (default: generic-128)", XB_FLAG_TEXT,
     offsetof(xb_opt_flags, hardware), 0, 0},
    {"seed", 0, "N", "seed of the passes", XB_FLAG_INT, offsetof(xb_opt_flags, seed), 0, INT64_MAX},
    {"print-after", 0, "PASS", "prints the graph after this pass (or 'all') on standard error", XB_FLAG_LIST,
     offsetof(xb_opt_flags, print_after), 0, 0},
    {"dump-dir", 0, "DIR", "writes the graph after each pass there", XB_FLAG_TEXT, offsetof(xb_opt_flags, dump_dir), 0,
     0},
    {"verify-each", 0, NULL, "runs the verifier after each pass", XB_FLAG_BOOL, offsetof(xb_opt_flags, verify_each), 0,
     0},
    {"time-passes", 0, "json", "prints the time of each pass", XB_FLAG_MAYBE, offsetof(xb_opt_flags, time_passes), 0,
     0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

static bool write_model(xb_cli *cli, const xb_graph *g, const char *path)
{
    if (path) return xb_cli_write_model(cli, g, path);
    xb_xir_print(g, xb_cli_write, stdout, NULL, NULL, NULL);
    return true;
}

static int run_passes(xb_cli *cli, const xb_opt_flags *f, const xb_pipeline *p, xb_module *m)
{
    xb_run_info info = {0};
    xb_context *cx = xb_context_new(cli->diags, &p->hw, p->seed, &info);
    xb_instruments i = {.verify_each = f->verify_each,
                        .time_passes = f->time_passes != NULL,
                        .time_json = f->time_passes && !strcmp(f->time_passes, "json"),
                        .print_after = f->print_after.data,
                        .n_print_after = f->print_after.n,
                        .dump_dir = f->dump_dir,
                        .print_to = stderr};
    xb_engine_options engine = xb_cli_engine(cli);
    int code = (int)xb_pipeline_run(cli->diags, p, cx, &info, m, &i, &engine);
    xb_context_free(cx);
    xb_vec_free(&info.inputs);
    xb_vec_free(&info.passes);
    return code;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)argc;
    const xb_opt_flags *f = flags;
    if (f->out && !xb_cli_may_write_model(cli, f->out, argv[0])) return xb_cli_failed(cli);
    xb_registry *r = xb_cli_plugins(cli);
    xb_pipeline *p =
        r ? xb_pipeline_of_passes(cli->diags, r, f->passes ? f->passes : "[]",
                                  f->hardware ? f->hardware : "generic-128", cli->hw_dirs, (uint64_t)f->seed)
          : NULL;
    xb_graph *g = p ? xb_cli_model(cli, argv[0]) : NULL;
    int code = XB_EXIT_BAD_INPUT;
    if (g) {
        xb_module *m = xb_module_new(g);
        code = run_passes(cli, f, p, m);
        if (code == XB_EXIT_OK && !write_model(cli, xb_module_graph(m), f->out)) code = xb_cli_failed(cli);
        xb_module_free(m);
    }
    xb_pipeline_free(p);
    return code;
}

const xb_subcommand xb_cmd_opt = {
    .name = "opt",
    .usage = "MODEL --passes '[a, b]' [-o OUT.xir|OUT.onnx]",
    .summary = "run passes on a model and write the model again",
    .doc = "Runs a list of passes and writes the rewritten network as .xir text (with its weights in "
           "OUT-DIGEST.weights beside it) or as an ordinary ONNX model that any other engine runs. Without passes it "
           "converts.",
    .flags = flags_table,
    .flags_size = sizeof(xb_opt_flags),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
