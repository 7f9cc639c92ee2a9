/* train.c: trains a network and writes it as a model. */
#include "base/file.h"
#include "base/num.h"
#include "base/out.h"
#include "cli/train_parts.h"
#include "nn/train/init.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct job {
    xb_cli *cli;
    const xb_train_flags *f;
    xb_training_spec *spec;
    xb_graph *g, *teacher;
    xb_dataset *data, *test;
    xb_input_map map;
    const char *csv, *checkpoint;
    double every;
    xb_train_log log;
    bool labelled, csv_failed;
} job;

/* ---- what it starts from ---- */

/* Fresh nets of a collection come with zeros, from which no gradient leads away. */
static bool all_zero(const xb_graph *g)
{
    xb_matrix m;
    size_t weights = 0;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        if (!xb_graph_matrix(g, op, &m) || !xb_graph_is_const(g, m.weight)) continue;
        size_t n;
        const unsigned char *bytes = xb_graph_raw(g, m.weight, &n);
        for (size_t i = 0; i < n; i++)
            if (bytes[i]) return false;
        weights++;
    }
    return weights > 0;
}

static void start_weights(job *j)
{
    int start = j->spec->start;
    if (start != XB_START_GIVEN)
        xb_init_weights(j->g, start == XB_START_HE ? XB_INIT_HE : XB_INIT_XAVIER, j->spec->p->seed);
    else if (all_zero(j->g))
        xb_diag(j->cli->diags, XB_WARNING, "train", &(xb_where){.file = j->spec->p->model},
                "all weights are 0, and training hardly leads away from there; --init he or --init xavier draws fresh "
                "ones");
}

static bool measure(const job *j, size_t count, xb_score *s)
{
    xb_engine_options engine = xb_cli_engine(j->cli);
    return xb_evaluate(j->cli->diags, j->g, NULL, j->test, &j->map, 0, count, &engine, s);
}

/* What the end needs is looked at before the work: one item goes through the network, for its size and classes. */
static bool open_test(job *j)
{
    const xb_pipeline *p = j->spec->p;
    xb_score s;
    if (!p->data.test) return true;
    j->test = xb_dataset_open(j->cli->diags, p->data.test, p->dir);
    if (!j->test || !xb_input_map_check(j->cli->diags, j->test, &j->map)) return false;
    if (!xb_dataset_count(j->test) || !xb_dataset_classes(j->test))
        return xb_error(j->cli->diags, "train-data", (.file = xb_dataset_name(j->test)),
                        "data to test on needs items with labels");
    return measure(j, 1, &s);
}

static bool open_inputs(job *j)
{
    const xb_pipeline *p = j->spec->p;
    j->g = xb_cli_model(j->cli, p->model);
    if (!j->g) return false;
    const char *from = j->spec->recipe.distil.from;
    if (from && !(j->teacher = xb_cli_model(j->cli, from))) return false;
    start_weights(j);
    const xb_input_map_opts *o = &p->data.input;
    j->map = (xb_input_map){o->scale, o->mean.n, o->std.n, o->mean.data, o->std.data};
    j->data = xb_dataset_open(j->cli->diags, p->data.train, p->dir);
    if (!j->data) return false;
    j->labelled = xb_dataset_classes(j->data) > 0;
    return open_test(j);
}

/* ---- files ---- */

/* OUT without its ending, and another one. */
static const char *beside(xb_cli *cli, const char *out, const char *ending)
{
    const char *dot = strrchr(out, '.');
    return xb_arena_printf(cli->arena, "%.*s%s", (int)(dot - out), out, ending);
}

/* An unfinished run is neither overwritten nor taken up without a word. */
static bool checkpoint_allowed(const job *j)
{
    if (j->f->resume && j->f->restart) {
        xb_cli_usage(j->cli, "train: --resume and --restart exclude each other");
        return false;
    }
    if (!xb_exists(j->checkpoint)) {
        if (j->f->resume)
            xb_diag(j->cli->diags, XB_NOTE, "checkpoint", &(xb_where){.file = j->checkpoint},
                    "there is no checkpoint; training begins anew");
        return true;
    }
    if (j->f->resume || j->f->restart) return true;
    return xb_error(j->cli->diags, "checkpoint", (.file = j->checkpoint),
                    "an unfinished run left this checkpoint: --resume goes on with it, --restart discards it");
}

/* Where everything goes, and whether it may. */
static bool places(job *j, const char *recipe)
{
    const xb_train_flags *f = j->f;
    const xb_pipeline *p = j->spec->p;
    if (!xb_cli_may_write_model(j->cli, f->out, p->model)) return false;
    j->csv = f->csv ? f->csv : beside(j->cli, f->out, ".csv");
    j->checkpoint = f->checkpoint ? f->checkpoint : beside(j->cli, f->out, ".checkpoint");
    xb_train_places all = {.model = p->model,
                           .recipe = recipe,
                           .teacher = j->spec->recipe.distil.from,
                           .dir = p->dir,
                           .data = {p->data.train, p->data.test},
                           .out = f->out,
                           .csv = j->csv,
                           .log = f->log,
                           .checkpoint = j->checkpoint};
    return xb_train_places_check(j->cli, &all) && xb_out_possible(j->cli->diags, j->csv) &&
           xb_out_possible(j->cli->diags, j->checkpoint) && checkpoint_allowed(j);
}

/* ---- the run ---- */

static void on_row(void *context, const xb_train_row *rows, size_t n)
{
    job *j = context;
    if (!j->csv_failed) j->csv_failed = !xb_train_write_csv(j->cli->diags, j->csv, rows, n, j->labelled);
    if (!j->f->json) xb_train_show_row(rows, n, j->labelled);
}

static void on_step(void *context, int64_t step, double rate, double loss)
{
    job *j = context;
    xb_train_log_add(&j->log, step, rate, loss);
}

static bool train(job *j, xb_train_result *r)
{
    const xb_pipeline *p = j->spec->p;
    const xb_recipe *recipe = &j->spec->recipe;
    int64_t holdout = p->data.holdout > recipe->holdout ? p->data.holdout : recipe->holdout;
    xb_training w = {.d = j->cli->diags,
                     .graph = j->g,
                     .teacher = j->teacher,
                     .recipe = recipe,
                     .seed = p->seed,
                     .data = j->data,
                     .map = &j->map,
                     .holdout = (size_t)holdout,
                     .engine = xb_cli_engine(j->cli),
                     .label = "train",
                     .checkpoint = j->checkpoint,
                     .every = j->every,
                     .resume = j->f->resume ? XB_RESUME : XB_RESUME_NEVER,
                     .on_row = on_row,
                     .on_step = j->f->log ? on_step : NULL,
                     .row_context = j};
    w.engine.plain = j->f->plain;
    xb_buf identity = {0};
    xb_train_identity(&identity, &w);
    w.identity = xb_buf_cstr(&identity);
    xb_train_times times;
    bool ok = xb_train(&w, r, &times);
    if (ok && j->f->times && !j->f->json) xb_train_show_times(&times);
    xb_buf_free(&identity);
    return ok;
}

/* A log or a table that cannot be written costs the exit code, not the model. */
static int work(job *j)
{
    xb_train_result r;
    xb_score s = {0};
    if (!open_inputs(j) || !xb_train_log_open(&j->log, j->cli->diags, j->f->log, j->f->resume))
        return xb_cli_failed(j->cli);
    bool trained = train(j, &r), logged = xb_train_log_close(&j->log);
    if (!trained || !xb_cli_write_model(j->cli, j->g, j->f->out)) return xb_cli_failed(j->cli);
    if (!r.steps) on_row(j, NULL, 0);
    if (j->test && !measure(j, 0, &s)) return xb_cli_failed(j->cli);
    unlink(j->checkpoint);
    if (j->f->json)
        xb_train_show_json(j->f->out, &r, &s);
    else
        xb_train_show_result(j->f->out, &r, &s);
    return j->csv_failed || !logged ? XB_EXIT_BAD_INPUT : XB_EXIT_OK;
}

static bool is_recipe(const char *path)
{
    return xb_ends_with(path, ".yaml") || xb_ends_with(path, ".yml");
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    const xb_train_flags *f = flags;
    job j = {.cli = cli, .f = f, .every = 60};
    bool file = argc == 1 && is_recipe(argv[0]);
    const char *model = argc == 1 && !file ? argv[0] : NULL, *recipe = file ? argv[0] : f->recipe;
    if (file && f->recipe) return xb_cli_usage(cli, "train: two training files, '%s' and '%s'", argv[0], f->recipe);
    if (!f->out) return xb_cli_usage(cli, "train: -o OUT.onnx is missing");
    if (f->every && (!xb_parse_f64(f->every, &j.every) || !(j.every > 0)))
        return xb_cli_usage(cli, "train: --checkpoint-every takes seconds, more than 0, not '%s'", f->every);
    j.spec = xb_train_spec(cli, f, recipe, model);
    if (!j.spec) return xb_cli_failed(cli);
    int code = places(&j, recipe) ? work(&j) : xb_cli_failed(cli);
    xb_dataset_free(j.test);
    xb_dataset_free(j.data);
    xb_graph_free(j.teacher);
    xb_graph_free(j.g);
    xb_training_spec_free(j.spec);
    return code;
}

const xb_subcommand xb_cmd_train = {
    .name = "train",
    .usage = "FILE.yaml|MODEL [--data SPEC] [--recipe FILE] -o OUT.onnx",
    .summary = "train a network",
    .doc = "Trains a network from its own or fresh weights by a recipe and writes it as an ordinary model. A line an "
           "epoch goes to OUT.csv; OUT.checkpoint keeps an unfinished run, which --resume ends in the same bytes as if "
           "it had never been stopped. The result depends on the seed and on the recipe's shards, not on -j.",
    .flags = xb_train_flag_table,
    .flags_size = sizeof(xb_train_flags),
    .min_args = 0,
    .max_args = 1,
    .run = run,
};
