/* train.c: trains a network and writes it as a model. */
#include "base/file.h"
#include "base/out.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "nn/train/init.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct xb_train_flags {
    const char *data, *test, *recipe, *out, *init, *csv, *log, *checkpoint;
    double scale, every;
    int64_t holdout, epochs, seed;
    xb_texts sets, defines;
    bool resume, restart, json, plain, times;
} xb_train_flags;

#define AT(member) offsetof(xb_train_flags, member)
static const xb_flag flags_table[] = {
    {"recipe", 'r', "FILE", "training file: model, data, recipe (docs/formats/training.md)", XB_FLAG_TEXT, AT(recipe),
     0, 0},
    {"data", 'd', "SPEC", "data to train on, e.g. mnist:DIR/train, cifar10:DIR/train, digits:train", XB_FLAG_TEXT,
     AT(data), 0, 0},
    {"holdout", 0, "N", "items at the end of the data that are measured, not trained on", XB_FLAG_INT, AT(holdout), 0,
     INT64_MAX},
    {"test", 0, "SPEC", "data that the trained network is measured on, once, at the end", XB_FLAG_TEXT, AT(test), 0, 0},
    {"scale", 0, "X", "stored values are multiplied by this, e.g. 1/256", XB_FLAG_REAL, AT(scale), 0, 0},
    {"epochs", 'e', "N", "instead of the recipe's", XB_FLAG_INT, AT(epochs), 0, 1000000},
    {"init", 0, "HOW", "fresh weights: xavier or he; given (default): the model's", XB_FLAG_TEXT, AT(init), 0, 0},
    {"seed", 0, "N", "of weights, order, augmentation, dropout, noise", XB_FLAG_INT, AT(seed), 0, INT64_MAX},
    {"set", 's', "KEY=VALUE", "replaces a value of the file, e.g. train.rate=0.1", XB_FLAG_LIST, AT(sets), 0, 0},
    {"define", 'D', "NAME=VALUE", "what ${NAME} stands for in the file", XB_FLAG_LIST, AT(defines), 0, 0},
    {"output", 'o', "FILE", "OUT.onnx or OUT.xir", XB_FLAG_TEXT, AT(out), 0, 0},
    {"csv", 0, "FILE", "a line an epoch (default: OUT.csv)", XB_FLAG_TEXT, AT(csv), 0, 0},
    {"log", 0, "FILE", "a line a step: step,rate,loss; a resumed run adds to it", XB_FLAG_TEXT, AT(log), 0, 0},
    {"resume", 0, NULL, "goes on from the checkpoint of an unfinished run, if there is one", XB_FLAG_BOOL, AT(resume),
     0, 0},
    {"restart", 0, NULL, "discards that checkpoint", XB_FLAG_BOOL, AT(restart), 0, 0},
    {"checkpoint", 0, "FILE", "where it is (default: OUT.checkpoint)", XB_FLAG_TEXT, AT(checkpoint), 0, 0},
    {"checkpoint-every", 0, "SECONDS", "default 60", XB_FLAG_REAL, AT(every), 0, 0},
    {"plain", 0, NULL, "plain C kernels only (slow)", XB_FLAG_BOOL, AT(plain), 0, 0},
    {"times", 0, NULL, "says where the time went", XB_FLAG_BOOL, AT(times), 0, 0},
    {"json", 0, NULL, "for machines", XB_FLAG_BOOL, AT(json), 0, 0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

typedef struct job {
    xb_cli *cli;
    const xb_train_flags *f;
    xb_training_spec *spec;
    xb_graph *g, *teacher;
    xb_dataset *data;
    xb_input_map map;
    const char *csv, *checkpoint;
    FILE *log;
    bool csv_failed;
} job;

/* ---- what was asked for ---- */

/* Flags that stand for a key of the file. */
static xb_training_spec *read_spec(xb_cli *cli, const xb_train_flags *f, const char *recipe, const char *model)
{
    xb_arena *a = cli->arena;
    xb_texts sets = {0};
    for (size_t i = 0; i < f->sets.n; i++) xb_push(&sets, f->sets.data[i]);
    if (f->data) xb_push(&sets, xb_arena_printf(a, "data.train=\"%s\"", f->data));
    if (f->test) xb_push(&sets, xb_arena_printf(a, "data.test=\"%s\"", f->test));
    if (f->holdout) xb_push(&sets, xb_arena_printf(a, "data.holdout=%" PRId64, f->holdout));
    if (f->scale != 0) xb_push(&sets, xb_arena_printf(a, "data.input.scale=%.17g", f->scale));
    if (f->epochs) xb_push(&sets, xb_arena_printf(a, "train.epochs=%" PRId64, f->epochs));
    if (f->seed) xb_push(&sets, xb_arena_printf(a, "seed=%" PRId64, f->seed));
    if (f->init) xb_push(&sets, xb_arena_printf(a, "init=%s", f->init));
    xb_define *defines;
    xb_training_spec *s = NULL;
    if (xb_cli_defines(cli, &f->defines, &defines))
        s = xb_training_spec_read(cli->diags, recipe, model, defines, f->defines.n, sets.data, sets.n);
    xb_vec_free(&sets);
    return s;
}

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

static bool open_inputs(job *j)
{
    const xb_pipeline *p = j->spec->p;
    j->g = xb_cli_model(j->cli, p->model);
    if (!j->g) return false;
    const char *from = j->spec->recipe.distil.from;
    if (from && !(j->teacher = xb_cli_model(j->cli, from))) return false;
    if (j->spec->start != XB_START_GIVEN)
        xb_init_weights(j->g, j->spec->start == XB_START_HE ? XB_INIT_HE : XB_INIT_XAVIER, p->seed);
    j->data = xb_dataset_open(j->cli->diags, p->data.train, p->dir);
    const xb_input_map_opts *o = &p->data.input;
    j->map = (xb_input_map){o->scale, o->mean.n, o->std.n, o->mean.data, o->std.data};
    return j->data != NULL;
}

/* ---- what people see on the way ---- */

static void write_csv(job *j, const xb_train_row *rows, size_t n)
{
    xb_out *out = j->csv_failed ? NULL : xb_out_open(j->cli->diags, j->csv);
    if (!out) {
        j->csv_failed = true;
        return;
    }
    xb_out_printf(out, "epoch,step,rate,loss,train_top1,holdout_top1,holdout_loss,seconds\n");
    for (size_t i = 0; i < n; i++) {
        const xb_train_row *r = &rows[i];
        xb_out_printf(out, "%" PRId64 ",%" PRId64 ",%.9g,%.9g,%.9g,", r->epoch, r->step, r->rate, r->loss,
                      r->train_top1);
        if (r->holdout.total)
            xb_out_printf(out, "%.9g,%.9g", r->holdout.top1, r->holdout.loss);
        else
            xb_out_printf(out, ",");
        xb_out_printf(out, ",%.3f\n", r->seconds);
    }
    j->csv_failed = !xb_out_commit(out);
}

static void print_row(const xb_train_row *r)
{
    printf("%6" PRId64 "  %9.3g  %8.5f  %7.2f", r->epoch, r->rate, r->loss, 100 * r->train_top1);
    if (r->holdout.total)
        printf("  %9.2f", 100 * r->holdout.top1);
    else
        printf("  %9s", "-");
    printf("  %8.1f\n", r->seconds);
}

static void on_row(void *context, const xb_train_row *rows, size_t n)
{
    job *j = context;
    write_csv(j, rows, n);
    if (j->f->json) return;
    xb_progress_clear();
    if (n == 1) printf("%6s  %9s  %8s  %7s  %9s  %8s\n", "epoch", "rate", "loss", "train %", "hold-out %", "seconds");
    print_row(&rows[n - 1]);
    fflush(stdout);
}

static void on_step(void *context, int64_t step, double rate, double loss)
{
    const job *j = context;
    fprintf(j->log, "%" PRId64 ",%.9g,%.9g\n", step, rate, loss);
}

static bool open_log(job *j)
{
    if (!j->f->log) return true;
    j->log = fopen(j->f->log, j->f->resume ? "a" : "w");
    if (!j->log) return xb_error(j->cli->diags, "io", (.file = j->f->log), "cannot be written: %s", strerror(errno));
    return true;
}

static bool close_log(job *j)
{
    if (!j->log) return true;
    bool bad = ferror(j->log) != 0;
    if (fclose(j->log) == 0 && !bad) return true;
    return xb_error(j->cli->diags, "io", (.file = j->f->log), "could not be written in full");
}

/* ---- the end ---- */

static bool test(job *j, xb_score *s)
{
    const xb_pipeline *p = j->spec->p;
    if (!p->data.test) return true;
    xb_dataset *data = xb_dataset_open(j->cli->diags, p->data.test, p->dir);
    xb_engine_options engine = xb_cli_engine(j->cli);
    bool ok = data && xb_evaluate(j->cli->diags, j->g, NULL, data, &j->map, 0, 0, &engine, s);
    xb_dataset_free(data);
    return ok;
}

static void print_json(const job *j, const xb_train_result *r, const xb_score *s)
{
    xb_json *o = xb_cli_json();
    xb_json_object(o, NULL, false);
    xb_json_string(o, "model", j->f->out);
    xb_json_int(o, "steps", r->steps);
    xb_json_real(o, "loss", r->loss);
    if (r->holdout.total) {
        xb_json_int(o, "holdout_total", (int64_t)r->holdout.total);
        xb_json_int(o, "holdout_correct", (int64_t)r->holdout.correct);
        xb_json_real(o, "holdout_top1", r->holdout.top1);
    }
    if (s->total) {
        xb_json_int(o, "test_total", (int64_t)s->total);
        xb_json_int(o, "test_correct", (int64_t)s->correct);
        xb_json_real(o, "test_top1", s->top1);
    }
    xb_json_bool(o, "resumed", r->resumed);
    xb_json_close(o);
    xb_json_free(o);
}

static void print_result(const job *j, const xb_train_result *r, const xb_score *s)
{
    if (j->f->json) {
        print_json(j, r, s);
        return;
    }
    if (r->holdout.total)
        printf("%-10s %.2f %%   (%" PRIu64 " of %" PRIu64 ")\n", "hold-out", 100 * r->holdout.top1, r->holdout.correct,
               r->holdout.total);
    if (s->total)
        printf("%-10s %.2f %%   (%" PRIu64 " of %" PRIu64 ", 95 %% interval %.2f .. %.2f)\n", "test", 100 * s->top1,
               s->correct, s->total, 100 * s->lo95, 100 * s->hi95);
    printf("%-10s %s\n", "written", j->f->out);
}

/* Share of the workers' time, and images per second. */
static void print_times(const xb_train_times *t)
{
    double all = t->shards + t->data + t->pack + t->sum + t->update, shown = all > 0 ? all : 1;
    printf("%-10s %.0f images/s, %.2f s of %d worker-seconds: oneDNN %.1f %%, rest of forward and back %.1f %%, "
           "samples %.1f %%, packing %.1f %%, sums %.1f %%, optimiser %.1f %%\n",
           "times", t->wall > 0 ? (double)t->images / t->wall : 0, t->wall, (int)all, 100 * t->dnnl / shown,
           100 * (t->shards - t->dnnl) / shown, 100 * t->data / shown, 100 * t->pack / shown, 100 * t->sum / shown,
           100 * t->update / shown);
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
                     .every = j->f->every > 0 ? j->f->every : 60,
                     .resume = j->f->resume ? XB_RESUME : XB_RESUME_NEVER,
                     .on_row = on_row,
                     .on_step = j->log ? on_step : NULL,
                     .row_context = j};
    w.engine.plain = j->f->plain;
    xb_buf identity = {0};
    xb_train_identity(&identity, &w);
    w.identity = xb_buf_cstr(&identity);
    xb_train_times times;
    bool ok = xb_train(&w, r, &times);
    if (ok && j->f->times && !j->f->json) print_times(&times);
    xb_buf_free(&identity);
    return ok;
}

static int work(job *j)
{
    xb_train_result r;
    xb_score s = {0};
    if (!open_inputs(j) || !open_log(j)) return xb_cli_failed(j->cli);
    bool trained = train(j, &r);
    if (!close_log(j) || !trained) return xb_cli_failed(j->cli);
    if (!xb_cli_write_model(j->cli, j->g, j->f->out)) return xb_cli_failed(j->cli);
    if (!test(j, &s)) return xb_cli_failed(j->cli);
    unlink(j->checkpoint);
    print_result(j, &r, &s);
    return j->csv_failed ? XB_EXIT_BAD_INPUT : XB_EXIT_OK;
}

static bool is_recipe(const char *path)
{
    return xb_ends_with(path, ".yaml") || xb_ends_with(path, ".yml");
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    const xb_train_flags *f = flags;
    job j = {.cli = cli, .f = f};
    bool file = argc == 1 && is_recipe(argv[0]);
    const char *model = argc == 1 && !file ? argv[0] : NULL;
    if (file && f->recipe) return xb_cli_usage(cli, "train: two training files, '%s' and '%s'", argv[0], f->recipe);
    if (!f->out) return xb_cli_usage(cli, "train: -o OUT.onnx is missing");
    j.spec = read_spec(cli, f, file ? argv[0] : f->recipe, model);
    if (!j.spec) return xb_cli_failed(cli);
    int code = XB_EXIT_USAGE;
    if (xb_cli_may_write_model(cli, f->out, j.spec->p->model)) {
        j.csv = f->csv ? f->csv : beside(cli, f->out, ".csv");
        j.checkpoint = f->checkpoint ? f->checkpoint : beside(cli, f->out, ".checkpoint");
        bool possible = xb_out_possible(cli->diags, j.csv) && xb_out_possible(cli->diags, j.checkpoint);
        code = possible && checkpoint_allowed(&j) ? work(&j) : xb_cli_failed(cli);
    } else {
        code = xb_cli_failed(cli);
    }
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
    .flags = flags_table,
    .flags_size = sizeof(xb_train_flags),
    .min_args = 0,
    .max_args = 1,
    .run = run,
};
