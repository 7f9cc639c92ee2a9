/* print.c: a pipeline as YAML, with everything that was left out filled in. */
#include "pipe/parts.h"
#include <string.h>

/* Text of lines, each indented by two spaces. */
static void indented(xb_buf *b, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (n) xb_buf_str(b, "  ");
        xb_buf_add(b, text, n);
        xb_buf_char(b, '\n');
        text += n + (text[n] == '\n');
    }
}

static void print_path(const xb_pipeline *p, const char *key, const char *path, xb_buf *b)
{
    const xb_option one[2] = {{.name = key, .help = "", .type = XB_OPT_PATH}, {.name = NULL}};
    xb_opts_print_block_in(b, one, &path, 0, p->dir);
}

static void print_hardware(const xb_pipeline *p, const char *file, xb_buf *b)
{
    bool given = file != NULL;
    if (!given) file = p->hardware;
    bool is_path = !given && file && (strchr(file, '/') || xb_ends_with(file, ".yaml") || xb_ends_with(file, ".yml"));
    if (is_path) {
        print_path(p, "hardware", file, b);
    } else if (file) {
        xb_buf_str(b, "hardware: ");
        xb_yaml_print_text(b, file);
        xb_buf_char(b, '\n');
    } else {
        xb_buf text = {0};
        xb_hw_print(&text, &p->hw);
        xb_buf_str(b, "hardware:\n");
        indented(b, xb_buf_cstr(&text));
        xb_buf_free(&text);
    }
}

void xb_entry_print(const xb_pipeline *p, int indent, const char *name, const xb_option *table, const void *options,
                    xb_buf *b)
{
    xb_buf_printf(b, "%*s- ", indent, "");
    xb_yaml_print_key(b, name);
    if (table && table->name) {
        xb_buf_str(b, ": ");
        xb_opts_print_in(b, table, options, p->dir);
    }
    xb_buf_char(b, '\n');
}

void xb_data_print(const xb_pipeline *p, xb_buf *b)
{
    xb_buf_str(b, "data:\n");
    xb_opts_print_block_in(b, xb_data_options, &p->data, 2, p->dir);
}

void xb_pipeline_print_with(const xb_pipeline *p, const char *hardware, xb_buf *b)
{
    xb_buf_str(b, "xbarc: 1\n");
    if (p->model) print_path(p, "model", p->model, b);
    xb_buf_printf(b, "seed: %llu\n", (unsigned long long)p->seed);
    xb_data_print(p, b);
    print_hardware(p, hardware, b);
    if (p->gate.set) {
        xb_buf_str(b, "gate:\n");
        xb_opts_print_block_in(b, xb_gate_options, &p->gate, 2, p->dir);
    }
    if (p->chip.set) xb_chip_print(p, b);
    xb_buf_str(b, p->n_steps ? "passes:\n" : "passes: []\n");
    for (size_t i = 0; i < p->n_steps; i++)
        xb_entry_print(p, 2, p->step[i].instance, p->step[i].pass->options, p->step[i].options, b);
    if (p->simulate.set) {
        xb_buf_str(b, "simulate:\n");
        xb_opts_print_block_in(b, xb_simulate_options, &p->simulate, 2, p->dir);
    }
    xb_buf_str(b, p->n_emit ? "emit:\n" : "emit: []\n");
    for (size_t i = 0; i < p->n_emit; i++)
        xb_entry_print(p, 2, p->emit[i].backend->name, p->emit[i].backend->options, p->emit[i].options, b);
}

void xb_pipeline_print(const xb_pipeline *p, xb_buf *b)
{
    xb_pipeline_print_with(p, NULL, b);
}
