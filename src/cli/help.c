/* help.c: a pass, a backend, a device, the hardware file or a subcommand explained from its own descriptor. */
#include "base/opts.h"
#include "cli/cli.h"
#include <string.h>

static void paragraph(xb_buf *b, const char *text)
{
    if (!text) return;
    xb_buf_char(b, '\n');
    xb_wrap(b, text, 0, 0);
}

static void headline(xb_buf *b, const char *name, const char *summary)
{
    xb_buf line = {0};
    xb_buf_printf(&line, "%s: %s", name, summary);
    xb_wrap(b, xb_buf_cstr(&line), 0, 0);
    xb_buf_free(&line);
}

static void names(xb_buf *b, const char *what, const char *const *list)
{
    if (!list || !*list) return;
    xb_buf_printf(b, "%-10s", what);
    for (; *list; list++) xb_buf_printf(b, " %s", *list);
    xb_buf_char(b, '\n');
}

static void options(xb_buf *b, const xb_option *table)
{
    if (!table || !table->name) return;
    xb_buf_str(b, "\noptions:\n");
    xb_opts_help(b, table, 2);
}

static void example(xb_buf *b, const char *text)
{
    if (text) xb_buf_printf(b, "\nexample:\n  %s\n", text);
}

static void help_pass(xb_buf *b, const xb_pass *p)
{
    headline(b, p->name, p->summary);
    paragraph(b, p->doc);
    if (p->needs || p->gives || p->drops) xb_buf_char(b, '\n');
    names(b, "needs", p->needs);
    names(b, "gives", p->gives);
    names(b, "drops", p->drops);
    options(b, p->options);
    example(b, p->example);
}

static void help_backend(xb_buf *b, const xb_backend *k)
{
    headline(b, k->name, k->summary);
    paragraph(b, k->doc);
    if (k->needs) xb_buf_char(b, '\n');
    names(b, "needs", k->needs);
    options(b, k->options);
    example(b, k->example);
}

static void help_device(xb_buf *b, const xb_device *d)
{
    headline(b, d->name, d->summary);
    paragraph(b, d->doc);
    const char *stages[4] = {NULL};
    size_t n = 0;
    if (d->program) stages[n++] = "program";
    if (d->age) stages[n++] = "age";
    if (d->read) stages[n++] = d->read_moments ? "read (with moments)" : "read";
    xb_buf_char(b, '\n');
    names(b, "domain", (const char *const[]){d->domain == XB_DOMAIN_WEIGHT ? "weight" : "conductance", NULL});
    names(b, "stages", stages);
    options(b, d->options);
    example(b, d->example);
}

static bool help_topic(xb_cli *cli, xb_registry *r, const char *topic, xb_buf *b)
{
    const xb_pass *pass = xb_registry_pass(r, topic);
    const xb_backend *backend = xb_registry_backend(r, topic);
    const xb_device *device = xb_registry_device(r, topic);
    const xb_subcommand *command = xb_subcommand_find(topic);
    if (command && !(backend && !strcmp(topic, "report"))) return xb_flags_help(command, b), true;
    if (pass) return help_pass(b, pass), true;
    if (command) xb_flags_help(command, b), xb_buf_str(b, "\n---- backend ----\n\n");
    if (backend) return help_backend(b, backend), true;
    if (device) return help_device(b, device), true;
    if (!strcmp(topic, "hardware")) {
        xb_buf_str(b, "hardware: the keys of a hardware file\n\n");
        xb_opts_help(b, xb_hw_options, 2);
        return true;
    }
    xb_buf more = {0};
    xb_registry_explain(r, topic, XB_OFFER_ANY, &more);
    xb_diag(cli->diags, XB_ERROR, "usage", NULL, "there is no pass, backend, device or command '%s'%s", topic,
            xb_buf_cstr(&more));
    xb_buf_free(&more);
    return false;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)flags;
    xb_buf text = {0};
    if (!argc) {
        for (const xb_subcommand *const *c = xb_subcommands; *c; c++) printf("  %-10s %s\n", (*c)->name, (*c)->summary);
        puts("\n`xbarc help NAME` explains a command, a pass, a backend, a device, or `hardware`.");
        return XB_EXIT_OK;
    }
    xb_registry *r = xb_cli_plugins(cli);
    bool known = r && help_topic(cli, r, argv[0], &text);
    fputs(xb_buf_cstr(&text), stdout);
    xb_buf_free(&text);
    return known ? XB_EXIT_OK : XB_EXIT_USAGE;
}

const xb_subcommand xb_cmd_help = {
    .name = "help",
    .usage = "[COMMAND|PASS|BACKEND|DEVICE|hardware]",
    .summary = "explain a command, a pass, a backend, a device or the hardware file",
    .doc =
        "Prints what a descriptor says of itself: purpose, options with type, unit, range and default, and an example.",
    .flags = NULL,
    .flags_size = 0,
    .min_args = 0,
    .max_args = 1,
    .run = run,
};
