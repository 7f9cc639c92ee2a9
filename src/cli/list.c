/* list.c: which passes, backends and devices there are. */
#include "cli/cli.h"

typedef struct xb_list_flags {
    bool json;
} xb_list_flags;

static const xb_flag flags_table[] = {
    {"json", 0, NULL, "for machines", XB_FLAG_BOOL, offsetof(xb_list_flags, json), 0, 0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

static const char *const level_names[] = {"graph", "map", "layout", "chip"};

static const char *domain_of(const xb_device *d)
{
    return d->domain == XB_DOMAIN_WEIGHT ? "weight" : "conductance";
}

typedef struct offers {
    const xb_pass *const *pass;
    const xb_backend *const *backend;
    const xb_device *const *device;
    size_t passes, backends, devices;
} offers;

static void json_offer(xb_json *j, const char *name, const char *key, const char *value, const char *summary)
{
    xb_json_object(j, NULL, true);
    xb_json_string(j, "name", name);
    if (key) xb_json_string(j, key, value);
    xb_json_string(j, "summary", summary);
    xb_json_close(j);
}

static void print_json(const offers *o)
{
    xb_json *j = xb_cli_json();
    xb_json_object(j, NULL, false);
    xb_json_array(j, "passes", false);
    for (size_t i = 0; i < o->passes; i++)
        json_offer(j, o->pass[i]->name, "level", level_names[o->pass[i]->level], o->pass[i]->summary);
    xb_json_close(j);
    xb_json_array(j, "backends", false);
    for (size_t i = 0; i < o->backends; i++) json_offer(j, o->backend[i]->name, NULL, NULL, o->backend[i]->summary);
    xb_json_close(j);
    xb_json_array(j, "devices", false);
    for (size_t i = 0; i < o->devices; i++)
        json_offer(j, o->device[i]->name, "domain", domain_of(o->device[i]), o->device[i]->summary);
    xb_json_close(j);
    xb_json_close(j);
    xb_json_free(j);
}

static void line(xb_buf *b, int width, const char *name, const char *kind, const char *summary)
{
    enum { NAME = 16 };
    size_t start = b->len;
    xb_buf_printf(b, "  %-*s %-*s ", NAME, name, width, kind);
    xb_wrap(b, summary, NAME + width + 4, (int)(b->len - start));
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)argc, (void)argv;
    const xb_list_flags *f = flags;
    xb_registry *r = xb_cli_plugins(cli);
    if (!r) return XB_EXIT_BAD_INPUT;
    offers o;
    o.passes = xb_registry_passes(r, &o.pass);
    o.backends = xb_registry_backends(r, &o.backend);
    o.devices = xb_registry_devices(r, &o.device);
    if (f->json) return print_json(&o), XB_EXIT_OK;
    xb_buf b = {0};
    xb_buf_str(&b, "passes:\n");
    for (size_t i = 0; i < o.passes; i++)
        line(&b, 7, o.pass[i]->name, level_names[o.pass[i]->level], o.pass[i]->summary);
    xb_buf_str(&b, "backends:\n");
    for (size_t i = 0; i < o.backends; i++) line(&b, 7, o.backend[i]->name, "", o.backend[i]->summary);
    xb_buf_str(&b, "devices:\n");
    for (size_t i = 0; i < o.devices; i++)
        line(&b, 11, o.device[i]->name, domain_of(o.device[i]), o.device[i]->summary);
    fputs(xb_buf_cstr(&b), stdout);
    xb_buf_free(&b);
    return XB_EXIT_OK;
}

const xb_subcommand xb_cmd_list = {
    .name = "list",
    .usage = "[--json]",
    .summary = "list passes, backends and devices",
    .doc = "Lists what the plugins offer; `xbarc help NAME` explains one.",
    .flags = flags_table,
    .flags_size = sizeof(xb_list_flags),
    .min_args = 0,
    .max_args = 0,
    .run = run,
};
