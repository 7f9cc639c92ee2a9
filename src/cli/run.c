/* run.c: the network on given inputs. */
#include "cli/cli.h"
#include "data/npy.h"
#include "onnx/onnx.h"
#include <stdlib.h>
#include <string.h>

enum { MICRO_BATCH = 32 };

typedef struct xb_run_flags {
    xb_texts inputs, outputs;
    bool plain, stats;
} xb_run_flags;

static const xb_flag flags_table[] = {
    {"input", 'i', "[NAME=]FILE", "a .npy or TensorProto .pb file; in model order without a name", XB_FLAG_LIST,
     offsetof(xb_run_flags, inputs), 0, 0},
    {"output", 'o', "[NAME=]FILE", "where an output goes (.npy or .pb); without any, a summary is printed",
     XB_FLAG_LIST, offsetof(xb_run_flags, outputs), 0, 0},
    {"plain", 0, NULL, "plain C kernels only (the oracle of the tests; slow)", XB_FLAG_BOOL,
     offsetof(xb_run_flags, plain), 0, 0},
    {"stats", 0, NULL, "prints each operator's kernel and formats", XB_FLAG_BOOL, offsetof(xb_run_flags, stats), 0, 0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

/* "name=file", or a file for the next place in order; a file with '=' in its name is given with its folder (./a=b.npy).
 * false after a usage diagnostic. */
static bool place_of(xb_cli *cli, const xb_graph *g, const char *what, const xb_value *list, size_t n, size_t in_order,
                     const char *arg, size_t *at, const char **file)
{
    size_t length = strcspn(arg, "=/");
    *at = in_order;
    *file = arg;
    if (arg[length] != '=') {
        if (in_order < n) return true;
        xb_cli_usage(cli, "run: '%s' is one %s too many; the model has %zu", arg, what, n);
        return false;
    }
    *file = arg + length + 1;
    xb_buf known = {0};
    for (*at = 0; *at < n; ++*at) {
        const char *name = xb_graph_value_name(g, list[*at]);
        if (strlen(name) == length && !memcmp(name, arg, length)) break;
        xb_buf_printf(&known, "%s'%s'", *at ? ", " : "", name);
    }
    if (*at == n)
        xb_cli_usage(cli, "run: there is no %s '%.*s'; the model has %s", what, (int)length, arg, xb_buf_cstr(&known));
    xb_buf_free(&known);
    return *at < n;
}

static bool known_format(xb_cli *cli, const char *path)
{
    if (xb_ends_with(path, ".npy") || xb_ends_with(path, ".pb")) return true;
    xb_cli_usage(cli, "run: '%s' ends in neither .npy nor .pb", path);
    return false;
}

static bool read_tensor(xb_cli *cli, const char *path, xb_tensor *out)
{
    if (!known_format(cli, path)) return false;
    return xb_ends_with(path, ".npy") ? xb_npy_read(cli->diags, path, out) : xb_tensor_read_pb(cli->diags, path, out);
}

static bool write_tensor(xb_diags *d, const xb_tensor *t, const char *path)
{
    bool npy = xb_ends_with(path, ".npy");
    xb_out *out = xb_out_open(d, path);
    if (!out) return false;
    if (npy ? xb_npy_write(t, out) : xb_tensor_write_pb(d, t, out)) return xb_out_commit(out);
    xb_out_abandon(out);
    return false;
}

static bool read_inputs(xb_cli *cli, const xb_graph *g, const xb_texts *args, xb_tensor *in)
{
    const xb_value *list;
    size_t n = xb_graph_inputs(g, &list), at;
    for (size_t i = 0; i < args->n; i++) {
        const char *file;
        if (!place_of(cli, g, "input", list, n, i, args->data[i], &at, &file)) return false;
        if (in[at].type.dtype != XB_NONE)
            return xb_cli_usage(cli, "run: input '%s' is given twice", xb_graph_value_name(g, list[at])), false;
        if (!read_tensor(cli, file, &in[at])) return false;
    }
    for (size_t i = 0; i < n; i++)
        if (in[i].type.dtype == XB_NONE)
            return xb_cli_usage(cli, "run: input '%s' is not given: --input FILE.npy", xb_graph_value_name(g, list[i])),
                   false;
    return true;
}

/* Before anything is computed: do the outputs have places, and none of them that of an input? */
static bool check_outputs(xb_cli *cli, const xb_graph *g, const xb_run_flags *f, const char *model)
{
    const xb_value *in, *out;
    size_t n_in = xb_graph_inputs(g, &in), n_out = xb_graph_outputs(g, &out), at;
    for (size_t i = 0; i < f->outputs.n; i++) {
        const char *file, *input;
        if (!place_of(cli, g, "output", out, n_out, i, f->outputs.data[i], &at, &file)) return false;
        if (!known_format(cli, file) || !xb_cli_may_write(cli, file, model)) return false;
        if (!xb_out_possible(cli->diags, file)) return false;
        for (size_t k = 0; k < f->inputs.n; k++)
            if (!place_of(cli, g, "input", in, n_in, k, f->inputs.data[k], &at, &input) ||
                !xb_cli_may_write(cli, file, input))
                return false;
    }
    return true;
}

static void print_summary(const xb_graph *g, const xb_value *list, const xb_tensor *out, size_t n)
{
    xb_buf type = {0};
    for (size_t i = 0; i < n; i++) {
        type.len = 0;
        xb_type_print(&type, g, &out[i].type);
        int64_t count = xb_type_count(&out[i].type);
        printf("%s: %s =", xb_graph_value_name(g, list[i]), xb_buf_cstr(&type));
        for (int64_t k = 0; k < count && k < 10; k++) printf(" %.6g", xb_tensor_get(&out[i], (size_t)k));
        puts(count > 10 ? " ..." : "");
    }
    xb_buf_free(&type);
}

static bool write_outputs(xb_cli *cli, const xb_graph *g, const xb_texts *args, const xb_tensor *out)
{
    const xb_value *list;
    size_t n = xb_graph_outputs(g, &list), at;
    if (!args->n) print_summary(g, list, out, n);
    for (size_t i = 0; i < args->n; i++) {
        const char *file;
        if (!place_of(cli, g, "output", list, n, i, args->data[i], &at, &file)) return false;
        if (!write_tensor(cli->diags, &out[at], file)) return false;
    }
    return true;
}

static void print_stats(const xb_engine *e)
{
    xb_buf text = {0};
    xb_engine_describe(e, &text);
    fputs(xb_buf_cstr(&text), stderr);
    xb_buf_free(&text);
}

/* A micro-batch is computed whole: one no larger than the input wastes nothing. */
static int64_t micro_batch(const xb_tensor *in, size_t n_in)
{
    int64_t n = n_in && in[0].type.rank > 0 ? in[0].type.dim[0] : 0;
    return n > 0 && n < MICRO_BATCH ? n : MICRO_BATCH;
}

static bool execute(xb_cli *cli, const xb_run_flags *f, const xb_graph *g, xb_tensor *in, xb_tensor *out)
{
    if (!read_inputs(cli, g, &f->inputs, in)) return false;
    xb_engine_options o = xb_cli_engine(cli);
    o.plain = f->plain;
    const xb_value *list;
    size_t n_in = xb_graph_inputs(g, &list), n_out = xb_graph_outputs(g, &list);
    o.micro_batch = micro_batch(in, n_in);
    xb_engine *e = xb_engine_new(cli->diags, g, &o);
    if (!e) return false;
    if (f->stats) print_stats(e);
    bool good = xb_engine_run(e, in, n_in, out, n_out) && write_outputs(cli, g, &f->outputs, out);
    xb_engine_free(e);
    return good;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)argc;
    xb_graph *g = xb_cli_model(cli, argv[0]);
    if (!g) return xb_cli_failed(cli);
    const xb_value *list;
    size_t n_in = xb_graph_inputs(g, &list), n_out = xb_graph_outputs(g, &list);
    xb_tensor *in = xb_calloc(n_in + 1, sizeof *in), *out = xb_calloc(n_out + 1, sizeof *out);
    bool good = check_outputs(cli, g, flags, argv[0]) && execute(cli, flags, g, in, out);
    for (size_t i = 0; i < n_in; i++) xb_tensor_free(&in[i]);
    for (size_t i = 0; i < n_out; i++) xb_tensor_free(&out[i]);
    free(in);
    free(out);
    xb_graph_free(g);
    return good ? XB_EXIT_OK : xb_cli_failed(cli);
}

const xb_subcommand xb_cmd_run = {
    .name = "run",
    .usage = "MODEL --input FILE [--output FILE]",
    .summary = "run the network on given inputs",
    .doc =
        "Runs the float reference engine. Inputs and outputs are NumPy .npy or ONNX TensorProto .pb files. The result "
        "does not depend on the number of threads.",
    .flags = flags_table,
    .flags_size = sizeof(xb_run_flags),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
