/* help.c: a pass, a backend, a device, a part of a pipeline, the hardware file or a subcommand explained from its own
 * descriptor or option table. */
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

/* ---- what is no descriptor: the parts of a pipeline and the hardware file ---- */

static void help_chip(xb_buf *b)
{
    headline(b, "chip", "what becomes of a network's weights on a chip, and what reads them");
    paragraph(
        b,
        "The keys of `chip:` in a pipeline. `devices` is a list of device models, each of which gets what the one "
        "before it made; `xbarc help devices` has their options. Only devices are random: an option of theirs says "
        "whether it is drawn once a chip (device to device, d2d) or with every conversion (cycle to cycle, c2c). The "
        "keys below are alike for every device, chip and conversion. Array sizes, conductances, the bits of "
        "converters and the resistance of wires are the hardware file's (`xbarc help hardware`). 0 bits are ideal.");
    options(b, xb_chip_option_table);
    example(b, "chip: {devices: [levels: {count: 32}, lognormal], weight-bits: 8}");
}

static void help_simulate(xb_buf *b)
{
    headline(b, "simulate", "chips that a pipeline measures after its last pass");
    paragraph(b, "The keys of `simulate:` in a pipeline.");
    options(b, xb_simulate_options);
    example(b, "simulate: {trials: 20, programming: {method: verify, write-time: 1us}}");
}

static void help_programming(xb_buf *b)
{
    headline(b, "programming", "what it costs to write a chip");
    paragraph(
        b, "The keys of `simulate: {programming: ...}` in a pipeline. They change no weight: devices do. Expected "
           "writes of a device are 1 / p with p = erf(tolerance / (sigma sqrt 2)), cut off at `most`; a stuck device "
           "spends all of them. A chip takes devices / parallel * writes * (write-time + read-time).");
    options(b, xb_program_option_table);
    example(b, "simulate: {programming: {method: pulses, write-time: 1us, parallel: 64}}");
}

static void help_pipeline(xb_buf *b)
{
    static const struct {
        const char *key;
        const xb_option *table;
    } parts[] = {{"data", xb_data_options}, {"gate", xb_gate_options}};
    headline(b, "pipeline", "what is done with a network, from file to output");
    paragraph(
        b, "xbarc: 1; model: FILE; seed: N; data; hardware: NAME, FILE or its keys (`xbarc help hardware`); gate; chip "
           "(`xbarc help chip`); passes: [NAME: {OPTIONS}, ...]; simulate (`xbarc help simulate`); emit: [NAME: "
           "{OPTIONS}, ...]. `xbarc list` names passes and backends. `xbarc compile FILE --print-pipeline` prints a "
           "pipeline with all defaults.");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        xb_buf_printf(b, "\n%s:\n", parts[i].key);
        xb_opts_help(b, parts[i].table, 2);
    }
}

static void help_hardware(xb_buf *b)
{
    headline(b, "hardware", "the keys of a hardware file");
    paragraph(
        b, "Figures are nominal: alike for every device, array and conversion. What varies is the chip's (`xbarc help "
           "chip`). 0 bits are ideal.");
    options(b, xb_hw_options);
}

static const struct topic {
    const char *name;
    void (*print)(xb_buf *b);
} topics[] = {{"chip", help_chip},
              {"simulate", help_simulate},
              {"programming", help_programming},
              {"pipeline", help_pipeline},
              {"hardware", help_hardware}};

static void help_devices(const xb_registry *r, xb_buf *b)
{
    const xb_device *const *device;
    size_t n = xb_registry_devices(r, &device);
    headline(b, "devices", "models for `chip: {devices: [...]}`");
    paragraph(
        b,
        "What one makes of the cells is what the next one gets. d2d: drawn once a chip (device to device); c2c: with "
        "every conversion (cycle to cycle). `xbarc help NAME` has formula and sources.");
    for (size_t i = 0; i < n; i++) {
        xb_buf_char(b, '\n');
        headline(b, device[i]->name, device[i]->summary);
        xb_opts_help(b, device[i]->options, 2);
    }
}

/* A command, then the part of a pipeline that has its name. */
static bool help_part(xb_registry *r, const xb_subcommand *command, const char *name, xb_buf *b)
{
    bool devices = !strcmp(name, "devices");
    if (devices) help_devices(r, b);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        if (strcmp(name, topics[i].name)) continue;
        if (command) xb_flags_help(command, b), xb_buf_str(b, "\n---- pipeline ----\n\n");
        return topics[i].print(b), true;
    }
    return devices;
}

static bool help_topic(xb_cli *cli, xb_registry *r, const char *topic, xb_buf *b)
{
    const xb_pass *pass = xb_registry_pass(r, topic);
    const xb_backend *backend = xb_registry_backend(r, topic);
    const xb_device *device = xb_registry_device(r, topic);
    const xb_subcommand *command = xb_subcommand_find(topic);
    if (!pass && !backend && !device && help_part(r, command, topic, b)) return true;
    if (command && !(backend && !strcmp(topic, "report"))) return xb_flags_help(command, b), true;
    if (pass) return help_pass(b, pass), true;
    if (command) xb_flags_help(command, b), xb_buf_str(b, "\n---- backend ----\n\n");
    if (backend) return help_backend(b, backend), true;
    if (device) return help_device(b, device), true;
    xb_buf more = {0};
    xb_registry_explain(r, topic, XB_OFFER_ANY, &more);
    xb_diag(cli->diags, XB_ERROR, "usage", NULL,
            "there is no pass, backend, device, command or part of a pipeline '%s'%s", topic, xb_buf_cstr(&more));
    xb_buf_free(&more);
    return false;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)flags;
    xb_buf text = {0};
    if (!argc) {
        for (const xb_subcommand *const *c = xb_subcommands; *c; c++) printf("  %-10s %s\n", (*c)->name, (*c)->summary);
        puts("\n`xbarc help NAME` explains a command, pass, backend or device, all `devices`,\n"
             "a `pipeline` and its parts `chip`, `simulate`, `programming` and `hardware`.");
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
    .usage = "[NAME]",
    .summary = "explain a command, a pass, a backend, a device, a file",
    .doc =
        "Prints what a descriptor says of itself: purpose, options with type, unit, range and default, and an example.",
    .flags = NULL,
    .flags_size = 0,
    .min_args = 0,
    .max_args = 1,
    .run = run,
};
