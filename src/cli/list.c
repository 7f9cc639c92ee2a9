/* list.c: which passes and backends there are. */
#include "cli/cli.h"

typedef struct xb_list_flags {
    bool json;
} xb_list_flags;

static const xb_flag flags_table[] = {
    {"json", 0, NULL, "for machines", XB_FLAG_BOOL, offsetof(xb_list_flags, json), 0, 0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

static const char *const level_names[] = {"graph", "map", "layout", "chip"};

static void print_json(const xb_pass *const *pass, size_t n_pass, const xb_backend *const *backend, size_t n_backend)
{
    xb_json *j = xb_cli_json();
    xb_json_object(j, NULL, false);
    xb_json_array(j, "passes", false);
    for (size_t i = 0; i < n_pass; i++) {
        xb_json_object(j, NULL, true);
        xb_json_string(j, "name", pass[i]->name);
        xb_json_string(j, "level", level_names[pass[i]->level]);
        xb_json_string(j, "summary", pass[i]->summary);
        xb_json_close(j);
    }
    xb_json_close(j);
    xb_json_array(j, "backends", false);
    for (size_t i = 0; i < n_backend; i++) {
        xb_json_object(j, NULL, true);
        xb_json_string(j, "name", backend[i]->name);
        xb_json_string(j, "summary", backend[i]->summary);
        xb_json_close(j);
    }
    xb_json_close(j);
    xb_json_close(j);
    xb_json_free(j);
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)argc, (void)argv;
    const xb_list_flags *f = flags;
    xb_registry *r = xb_cli_plugins(cli);
    if (!r) return XB_EXIT_BAD_INPUT;
    const xb_pass *const *pass;
    const xb_backend *const *backend;
    size_t n_pass = xb_registry_passes(r, &pass), n_backend = xb_registry_backends(r, &backend);
    if (f->json) return print_json(pass, n_pass, backend, n_backend), XB_EXIT_OK;
    puts("passes:");
    for (size_t i = 0; i < n_pass; i++)
        printf("  %-16s %-7s %s\n", pass[i]->name, level_names[pass[i]->level], pass[i]->summary);
    puts("backends:");
    for (size_t i = 0; i < n_backend; i++) printf("  %-16s %-7s %s\n", backend[i]->name, "", backend[i]->summary);
    return XB_EXIT_OK;
}

const xb_subcommand xb_cmd_list = {
    .name = "list",
    .usage = "[--json]",
    .summary = "list passes and backends",
    .doc = "Lists what the plugins offer; `xbarc help NAME` explains one.",
    .flags = flags_table,
    .flags_size = sizeof(xb_list_flags),
    .min_args = 0,
    .max_args = 0,
    .run = run,
};
