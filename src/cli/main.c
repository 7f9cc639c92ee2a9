/* main.c: picks the subcommand, sets up diagnostics, signals and plugins, and turns outcomes into exit codes. */
#include "base/out.h"
#include "base/progress.h"
#include "cli/cli.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const xb_subcommand *xb_subcommand_find(const char *name)
{
    for (const xb_subcommand *const *c = xb_subcommands; *c; c++)
        if (!strcmp((*c)->name, name)) return *c;
    return NULL;
}

int xb_cli_usage(xb_cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    xb_vdiag(cli->diags, XB_ERROR, "usage", NULL, format, args);
    va_end(args);
    cli->misused = true;
    return XB_EXIT_USAGE;
}

int xb_cli_failed(const xb_cli *cli)
{
    if (cli->misused) return XB_EXIT_USAGE;
    return xb_interrupted() ? XB_EXIT_STOPPED : XB_EXIT_BAD_INPUT;
}

bool xb_cli_may_write(xb_cli *cli, const char *out, const char *in)
{
    if (!xb_same_file(out, in)) return true;
    xb_cli_usage(cli, "the output '%s' is the input itself; choose another name", out);
    return false;
}

xb_registry *xb_cli_plugins(xb_cli *cli)
{
    if (cli->registry) return cli->registry;
    cli->registry = xb_registry_new();
    for (size_t i = 0; i < cli->plugins.n; i++)
        if (!xb_registry_load(cli->diags, cli->registry, cli->plugins.data[i])) return NULL;
    const char *own = getenv("XBARC_PLUGIN_DIR"); /* a tree that is not installed says where its own plugins are */
    xb_registry_search(cli->registry, own && *own ? own : XBARC_PLUGIN_DIR);
    return cli->registry;
}

xb_engine_options xb_cli_engine(const xb_cli *cli)
{
    return (xb_engine_options){.threads = (int)cli->threads};
}

bool xb_cli_defines(xb_cli *cli, const xb_texts *texts, xb_define **out)
{
    xb_define *list = xb_arena_alloc(cli->arena, texts->n + 1, sizeof *list);
    for (size_t i = 0; i < texts->n; i++) {
        char *key = xb_arena_strdup(cli->arena, texts->data[i]);
        char *equals = strchr(key, '=');
        if (!equals || equals == key) {
            xb_cli_usage(cli, "-D takes NAME=VALUE, not '%s'", key);
            return false;
        }
        *equals = 0;
        list[i] = (xb_define){key, equals + 1};
    }
    *out = list;
    return true;
}

char *xb_cli_default_pipeline(const xb_cli *cli)
{
    return xb_path_join(cli->share, "default.yaml");
}

xb_graph *xb_cli_model(xb_cli *cli, const char *path)
{
    if (!xb_is_dir(path)) return xb_model_load(cli->diags, path);
    char *inside = xb_path_join(path, "model.xir");
    xb_graph *g = xb_model_load(cli->diags, inside);
    free(inside);
    return g;
}

void xb_cli_write(void *to, const void *bytes, size_t n)
{
    fwrite(bytes, 1, n, to);
}

xb_json *xb_cli_json(void)
{
    return xb_json_new(xb_cli_write, stdout);
}

/* --diag=json and -q must hold for the messages of the parser itself. */
static xb_diags *diagnostics(int argc, char **argv)
{
    xb_diag_format format = XB_DIAG_TEXT;
    bool quiet = false;
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
        if (!strcmp(argv[i], "--diag=json") ||
            (!strcmp(argv[i], "--diag") && i + 1 < argc && !strcmp(argv[i + 1], "json")))
            format = XB_DIAG_JSON;
        if (!strcmp(argv[i], "-q") || !strcmp(argv[i], "--quiet")) quiet = true;
    }
    xb_progress_quiet(quiet || format == XB_DIAG_JSON);
    return xb_diags_new(stderr, format, quiet);
}

static int run(xb_cli *cli, const xb_subcommand *c, int argc, char **argv)
{
    void *flags = xb_calloc(1, c->flags_size ? c->flags_size : 1);
    int code = XB_EXIT_USAGE;
    if (xb_flags_parse(cli, c, flags, &argc, argv)) {
        if (cli->help) {
            xb_buf text = {0};
            xb_flags_help(c, &text);
            fputs(xb_buf_cstr(&text), stdout);
            xb_buf_free(&text);
            code = XB_EXIT_OK;
        } else {
            code = c->run(cli, flags, argc, argv);
        }
    }
    xb_flags_free(c->flags, flags);
    free(flags);
    xb_vec_free(&cli->plugins);
    xb_registry_free(cli->registry);
    return code;
}

static int overview(FILE *to)
{
    fputs("usage: xbarc COMMAND [ARGUMENTS]\n\n"
          "xbarc compiles neural networks (ONNX) to layouts of memristor crossbars.\n\ncommands:\n",
          to);
    for (const xb_subcommand *const *c = xb_subcommands; *c; c++)
        fprintf(to, "  %-10s %s\n", (*c)->name, (*c)->summary);
    fputs("\n`xbarc COMMAND --help` explains a command, `xbarc help PASS` a pass, a backend or the hardware file.\n",
          to);
    return to == stdout ? XB_EXIT_OK : XB_EXIT_USAGE;
}

/* Did the reader of standard output leave? `xbarc ... | head` need not be told. */
static bool reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

/* A report that nobody could read (closed pipe, full disk behind >) is a failure, not a success. */
static int flushed(xb_diags *d, int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    if (!reader_left()) xb_diag(d, XB_ERROR, "output", NULL, "standard output could not be written");
    return code ? code : XB_EXIT_BAD_INPUT;
}

static int dispatch(xb_cli *cli, int argc, char **argv)
{
    if (argc < 2) return overview(stderr);
    const char *name = argv[1];
    if (!strcmp(name, "--help") || !strcmp(name, "-h")) return overview(stdout);
    if (!strcmp(name, "--version")) return puts("xbarc " XBARC_VERSION), XB_EXIT_OK;
    const xb_subcommand *c = xb_subcommand_find(name);
    if (c) return run(cli, c, argc - 2, argv + 2);
    const char *names[32];
    size_t n = 0;
    for (; xb_subcommands[n]; n++) names[n] = xb_subcommands[n]->name;
    const char *near = xb_nearest(name, names, n);
    return xb_cli_usage(cli, "unknown command '%s'%s%s%s", name, near ? "; did you mean '" : "", near ? near : "",
                        near ? "'?" : " (see `xbarc --help`)");
}

int main(int argc, char **argv)
{
    xb_diags *d = diagnostics(argc, argv);
    xb_interrupt_install();
    const char *share = getenv("XBARC_SHARE");
    if (!share || *share != '/') share = XBARC_DATA_DIR;
    char *hardware = xb_path_join(share, "hardware");
    const char *const hw_dirs[] = {hardware, NULL};
    xb_cli cli = {.diags = d, .arena = xb_arena_new(), .share = share, .hw_dirs = hw_dirs};
    int code = flushed(d, dispatch(&cli, argc, argv));
    xb_out_abandon_all();
    free(hardware);
    xb_arena_free(cli.arena);
    xb_diags_free(d);
    return code;
}
