/* chip.c: chip: and simulate: of a pipeline: the devices, one behind another,
 * and what the chip's periphery does. */
#include "pipe/parts.h"
#include <string.h>

/* ---- the table: that of src/sim, and `devices`, which is read by itself ----
 */

typedef struct block {
    xb_chip_options options;
    const char *apart;
} block;

static const xb_option *table_with_devices(xb_arena *a)
{
    size_t n = 0;
    while (xb_chip_option_table[n].name) n++;
    xb_option *table = xb_arena_alloc(a, n + 2, sizeof *table);
    table[0] = (xb_option){.name = "devices", .help = "", .type = XB_OPT_STRING, .offset = offsetof(block, apart)};
    memcpy(table + 1, xb_chip_option_table, (n + 1) * sizeof *table);
    return table;
}

static bool read_options(const xb_reading *in, const xb_yaml *y)
{
    xb_arena *a = in->p->arena;
    const xb_yaml *rest = y;
    if (y && y->kind == XB_YAML_MAP) {
        xb_yaml *map = xb_yaml_new_map(a, y);
        for (size_t i = 0; i < y->n; i++)
            if (strcmp(y->key[i]->text, "devices") != 0) *xb_yaml_slot(a, map, y->key[i]) = y->item[i];
        rest = map;
    }
    block b;
    bool ok = xb_opts_read(in->d, a, "chip", table_with_devices(a), rest, &b, sizeof b);
    in->p->chip.options = b.options;
    return ok;
}

/* ---- devices ---- */

static bool unknown(const xb_reading *in, const xb_yaml *at, const char *name)
{
    xb_buf b = {0};
    xb_registry_explain(in->registry, name, XB_OFFER_DEVICE, &b);
    xb_pipe_refuse(in, at, "device-unknown", "there is no device '%s'%s", name, xb_buf_cstr(&b));
    xb_buf_free(&b);
    return false;
}

static bool read_part(const xb_reading *in, xb_yaml *entry, xb_part *part)
{
    xb_yaml *name, *options;
    const char *device;
    if (!xb_entry_read(in, entry, "chip.devices", &name, &device, &options)) return false;
    for (const xb_part *p = in->p->chip.part; p < part; p++)
        if (p->instance && strcmp(p->instance, name->text) == 0)
            return xb_pipe_refuse(in, name, "pipeline-instance",
                                  "'%s' stands here twice; first on line %d; name "
                                  "one of them, like %s@2",
                                  name->text, p->where->line, device);
    *part = (xb_part){.device = xb_registry_device(in->registry, device), .instance = name->text, .where = name};
    if (!part->device) return unknown(in, name, device);
    return xb_entry_options(in, part->instance, part->device->options, part->device->options_size, name, options,
                            &part->options);
}

static bool read_devices(const xb_reading *in, const xb_yaml *list)
{
    if (!list) return true;
    if (list->kind != XB_YAML_SEQ)
        return xb_pipe_refuse(in, list, "option-type", "chip: 'devices' needs a list, like [levels: {count: 32}]");
    xb_pipeline *p = in->p;
    p->chip.part = xb_arena_alloc(p->arena, list->n ? list->n : 1, sizeof *p->chip.part);
    bool ok = true;
    for (size_t i = 0; i < list->n; i++) ok &= read_part(in, list->item[i], &p->chip.part[i]);
    if (ok) p->chip.n = list->n;
    return ok;
}

/* ---- both keys ---- */

bool xb_chip_read(const xb_reading *in, const xb_yaml *y)
{
    in->p->chip.set = y != NULL;
    in->p->chip.where = y;
    bool ok = read_options(in, y);
    return read_devices(in, y ? xb_pipe_given(y, "devices") : NULL) && ok;
}

/* One chip, one spread: what is written for the accuracy is what is paid for. */
static void take_spread(xb_pipeline *p, const xb_yaml *simulate)
{
    const xb_yaml *programming = simulate ? xb_yaml_get(simulate, "programming") : NULL;
    const xb_chain chain = xb_pipeline_chain(p);
    double spread = xb_chain_spread(&chain);
    if (spread >= 0 && !(programming && xb_yaml_get(programming, "sigma"))) p->simulate.programming.sigma = spread;
}

bool xb_simulate_read(const xb_reading *in, const xb_yaml *y)
{
    xb_pipeline *p = in->p;
    bool ok = xb_opts_read(in->d, p->arena, "simulate", xb_simulate_options, y, &p->simulate, sizeof p->simulate);
    p->simulate.set = y != NULL;
    p->simulate.where = y;
    if (ok) take_spread(p, y);
    return ok;
}

void xb_chip_print(const xb_pipeline *p, xb_buf *b)
{
    xb_buf_str(b, p->chip.n ? "chip:\n  devices:\n" : "chip:\n  devices: []\n");
    for (size_t i = 0; i < p->chip.n; i++) {
        const xb_part *part = &p->chip.part[i];
        xb_entry_print(p, 4, part->instance, part->device->options, part->options, b);
    }
    xb_opts_print_block_in(b, xb_chip_option_table, &p->chip.options, 2, p->dir);
}

xb_chain xb_pipeline_chain(const xb_pipeline *p)
{
    xb_link *link = xb_arena_alloc(p->arena, p->chip.n ? p->chip.n : 1, sizeof *link);
    for (size_t i = 0; i < p->chip.n; i++)
        link[i] = (xb_link){.device = p->chip.part[i].device, .options = p->chip.part[i].options};
    return (xb_chain){.link = link, .n = p->chip.n};
}
