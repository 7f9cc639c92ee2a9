/* report.c: report.json of an output folder, for people. */
#include "cli/plan.h"
#include "report/render.h"
#include <stdlib.h>
#include <string.h>

#define REPORT_LIMIT ((size_t)256 << 20)

typedef struct xb_report_flags {
    const char *format;
} xb_report_flags;

static const xb_flag flags_table[] = {
    {"format", 'f', "FORMAT", "text (default), json, html, md or csv", XB_FLAG_TEXT, offsetof(xb_report_flags, format),
     0, 0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

int xb_report_print(xb_cli *cli, const char *path, const char *format)
{
    size_t n = 0;
    char *text = xb_read_file(cli->diags, path, REPORT_LIMIT, &n);
    bool good = text && xb_report_render(cli->diags, path, text, n, format, xb_cli_write, stdout);
    free(text);
    return good ? XB_EXIT_OK : XB_EXIT_BAD_INPUT;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)argc;
    const xb_report_flags *f = flags;
    const char *format = f->format ? f->format : "text";
    for (const char *const *known = xb_report_formats; strcmp(*known, format);)
        if (!*++known) return xb_cli_usage(cli, "report: unknown format '%s': text, json, html, md or csv", format);
    char *path = xb_is_dir(argv[0]) ? xb_path_join(argv[0], "report.json") : xb_strdup(argv[0]);
    bool missing = xb_is_dir(argv[0]) && !xb_exists(path);
    if (missing)
        xb_diag(cli->diags, XB_ERROR, "io", &(xb_where){.file = argv[0]},
                "holds no report.json: is it an output folder, and was `report` in the pipeline's emit?");
    int code = missing ? XB_EXIT_BAD_INPUT : xb_report_print(cli, path, format);
    free(path);
    return code;
}

const xb_subcommand xb_cmd_report = {
    .name = "report",
    .usage = "DIR [--format FORMAT]",
    .summary = "print the report of an output folder",
    .doc = "Renders DIR/report.json. All formats are made from that file alone.",
    .flags = flags_table,
    .flags_size = sizeof(xb_report_flags),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
