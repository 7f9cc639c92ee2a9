/* inspect.c: what is in a model, and what it would cost. */
#include "cli/plan.h"
#include "ir/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct xb_inspect_flags {
    bool json, ops;
    const char *hardware;
} xb_inspect_flags;

static const xb_flag flags_table[] = {
    {"ops", 0, NULL, "prints the graph in .xir form, weights by type", XB_FLAG_BOOL, offsetof(xb_inspect_flags, ops), 0,
     0},
    {"hardware", 0, "FILE", "cost on this hardware (default: generic-128)", XB_FLAG_TEXT,
     offsetof(xb_inspect_flags, hardware), 0, 0},
    {"json", 0, NULL, "for machines", XB_FLAG_BOOL, offsetof(xb_inspect_flags, json), 0, 0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

static void print_values(const char *what, const xb_graph *g, const xb_value *list, size_t n)
{
    xb_buf type = {0};
    for (size_t i = 0; i < n; i++) {
        type.len = 0;
        xb_type_print(&type, g, xb_graph_type(g, list[i]));
        printf("%-8s %s: %s\n", what, xb_graph_value_name(g, list[i]), xb_buf_cstr(&type));
    }
    xb_buf_free(&type);
}

/* Operators by first appearance, with how many of each. */
static void print_kinds(const xb_graph *g)
{
    const char *kind[XB_KINDS];
    size_t count[XB_KINDS], n = 0;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        size_t i = 0;
        while (i < n && strcmp(kind[i], xb_graph_op_type(g, op))) i++;
        if (i == n && n < XB_KINDS) {
            kind[n] = xb_graph_op_type(g, op);
            count[n++] = 0;
        }
        count[i]++;
    }
    xb_buf line = {0};
    for (size_t i = 0; i < n; i++) xb_buf_printf(&line, "%s%s %zu", i ? ", " : "", kind[i], count[i]);
    xb_buf wrapped = {0};
    xb_wrap(&wrapped, xb_buf_cstr(&line), 9, 9);
    printf("%-8s %s", "ops", xb_buf_cstr(&wrapped));
    xb_buf_free(&line);
    xb_buf_free(&wrapped);
}

/* Scalars are settings: the ratio of a Dropout, the bounds of a Clip. */
static uint64_t parameters(const xb_graph *g)
{
    uint64_t n = 0;
    for (uint32_t id = 1; id < xb_graph_value_limit(g); id++) {
        xb_value v = {id};
        const xb_type *t = xb_graph_is_const(g, v) ? xb_graph_type(g, v) : NULL;
        if (t && t->rank > 0 && (t->dtype == XB_F32 || t->dtype == XB_F64 || t->dtype == XB_F16 || t->dtype == XB_BF16))
            n += (uint64_t)xb_type_count(t);
    }
    return n;
}

static bool has_layers(const xb_graph *g)
{
    xb_matrix m;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op))
        if (xb_graph_matrix(g, op, &m)) return true;
    return false;
}

static void print_graph(const xb_graph *g)
{
    const xb_value *list;
    printf("%-8s %s (%s)\n", "model", xb_graph_name(g), xb_graph_file(g));
    size_t n = xb_graph_inputs(g, &list);
    print_values("input", g, list, n);
    n = xb_graph_outputs(g, &list);
    print_values("output", g, list, n);
    print_kinds(g);
    printf("%-8s %" PRIu64 "\n\n", "weights", parameters(g));
}

/* The graph, then what it costs. */
static bool show(xb_cli *cli, const xb_graph *g, const xb_hw *hw, bool json)
{
    if (!json) print_graph(g);
    if (!has_layers(g)) {
        puts(json ? "{\"layers\": []}" : "no layer has constant weights: there is nothing to map");
        return true;
    }
    xb_layout *l = xb_layout_plan(cli->diags, g, hw);
    if (l) xb_plan_print(g, l, json);
    xb_layout_free(l);
    return l != NULL;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)argc;
    const xb_inspect_flags *f = flags;
    xb_hw hw;
    char *file = xb_hw_locate(cli->diags, NULL, f->hardware ? f->hardware : "generic-128", "", cli->hw_dirs);
    bool good = file && xb_hw_read_file(cli->diags, cli->arena, file, cli->hw_dirs, &hw);
    free(file);
    xb_graph *g = good ? xb_cli_model(cli, argv[0]) : NULL;
    if (g && f->ops)
        xb_xir_print(g, xb_cli_write, stdout, NULL, NULL, NULL);
    else if (g)
        good = show(cli, g, &hw, f->json);
    xb_graph_free(g);
    return g && good ? XB_EXIT_OK : xb_cli_failed(cli);
}

const xb_subcommand xb_cmd_inspect = {
    .name = "inspect",
    .usage = "MODEL.onnx|MODEL.xir|DIR",
    .summary = "show a model's inputs, operators, layers and their cost",
    .doc =
        "Reads a model and prints its inputs and outputs, its operators, and the arrays and cells that each layer with "
        "weights takes. Nothing is written.",
    .flags = flags_table,
    .flags_size = sizeof(xb_inspect_flags),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
