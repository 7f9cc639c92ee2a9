/* check.c: do the settings of a chip go together, and what of them does nothing. */
#include "sim/sim_private.h"

#include <math.h>
#include <string.h>

xb_where xb_chip_key(const xb_yaml *chip, const char *key, size_t i)
{
    const xb_yaml *y = xb_yaml_get(chip, key);
    if (y && y->kind == XB_YAML_SEQ && i < y->n) y = y->item[i];
    return y ? xb_yaml_where(y) : chip ? xb_yaml_where(chip) : (xb_where){0};
}

/* A device that changes weights has no meaning where a weight is cut in slices. */
static bool slices_fit(xb_diags *d, const xb_yaml *chip, const xb_chip_options *o, const xb_chain *c, const xb_hw *hw)
{
    size_t slices = xb_mapping_slices(o, hw->devices_per_cell == 2);
    xb_where where = xb_chip_key(chip, "cell-bits", 0);
    for (size_t i = 0; i < c->n && slices > 1; i++)
        if (c->link[i].device->domain == XB_DOMAIN_WEIGHT)
            return xb_diag_false(
                d, "simulate", &where,
                "chip: device '%s' changes weights, which 'cell-bits' = %lld cuts in %zu slices: use 0",
                c->link[i].device->name, (long long)o->cell_bits, slices);
    return true;
}

/* A digit, and the weight of 0 between those below and above it, need levels of their own. */
static bool levels_fit(xb_diags *d, const xb_yaml *chip, const xb_chip_options *o, const xb_chain *c, const xb_hw *hw)
{
    bool pair = hw->devices_per_cell == 2;
    long long levels = (long long)xb_mapping_levels(hw, c), digits = 1LL << o->cell_bits;
    xb_where cell = xb_chip_key(chip, "cell-bits", 0), offset = xb_chip_key(chip, "offset", 0);
    if (levels < 2) return true;
    if (xb_mapping_slices(o, pair) > 1)
        return levels >= digits ||
               xb_diag_false(d, "simulate", &cell, "chip: 'cell-bits' = %lld needs %lld levels, a device has %lld",
                             (long long)o->cell_bits, digits, levels);
    if (levels > 2 || pair || o->offset == XB_OFFSET_DIGITAL) return true;
    return xb_diag_false(d, "simulate", &offset,
                         "chip: two levels have none for the reference column, between weights below and above 0: use "
                         "'offset' = digital, or three levels and more");
}

bool xb_chip_check(xb_diags *d, const xb_yaml *chip, const xb_chip_options *options, const xb_chain *c, const xb_hw *hw,
                   const char *layer)
{
    const xb_chip_options on = xb_chip_options_on(options, hw), *o = &on;
    xb_where weight = xb_chip_key(chip, "weight-bits", 0), cell = xb_chip_key(chip, "cell-bits", 0);
    if (options->weight_bits == 1)
        return xb_diag_false(d, "simulate", &weight, "chip: 'weight-bits' = 1 leaves no bit beside the sign");
    if (hw->weight_bits == 1)
        return xb_error(d, "simulate", (.file = hw->file, .node = layer),
                        "crossbar: 'weight_bits' = 1 leaves no bit beside the sign");
    if (o->cell_bits && !o->weight_bits)
        return xb_diag_false(d, "simulate", &cell,
                             "chip: 'cell-bits' = %lld needs 'weight-bits': how many bits are cut in slices",
                             (long long)o->cell_bits);
    if (!layer && hw->layers.n + hw->types.n) return true;
    if (hw->levels == 1)
        return xb_error(d, "simulate", (.file = hw->file, .node = layer),
                        "device: one level holds nothing: 'levels' is 0, or 2 and more");
    return slices_fit(d, chip, o, c, hw) && levels_fit(d, chip, o, c, hw);
}

/* ---- notes ---- */

enum { PROBES = 64 };

/* What stages that know the time make of conductances over the whole range. */
static void probe(const xb_simulation *s, const xb_hw *hw, const xb_link *link, double time, float *v)
{
    xb_segment at = {.layer = "", .n = PROBES, .time = time, .g_min = hw->g_min, .g_max = hw->g_max};
    bool weight = link->device->domain == XB_DOMAIN_WEIGHT;
    if (weight) at.g_min = -1, at.g_max = 1;
    at.key.seed = s->seed;
    for (int i = 0; i < PROBES; i++) v[i] = (float)(at.g_min + (at.g_max - at.g_min) * i / (PROBES - 1));
    const xb_chain one = {.link = link, .n = 1};
    for (int stage = XB_STAGE_PROGRAM; stage <= XB_STAGE_READ; stage++)
        if (!xb_chain_run(NULL, &one, link->device->domain, (xb_stage)stage, &at, v)) return;
}

/* Does the device do nothing now, but something after the longest time there is? */
static bool too_early(const xb_simulation *s, const xb_hw *hw, const xb_link *link)
{
    float at_once[PROBES], now[PROBES], late[PROBES];
    for (int i = 0; i < PROBES; i++) at_once[i] = 0;
    probe(s, hw, &(xb_link){&(xb_device){.domain = link->device->domain}, NULL}, 0, at_once);
    probe(s, hw, link, s->options->time, now);
    probe(s, hw, link, 1e12, late);
    return !memcmp(at_once, now, sizeof now) && memcmp(now, late, sizeof now) != 0;
}

static bool wires_resist(const xb_sim *sim)
{
    bool any = false;
    for (size_t i = 0; i < sim->layers; i++) {
        const xb_sim_stage *l = &sim->layer[i];
        any |= !l->exact && (l->hw.wire_r_row > 0 || l->hw.wire_r_col > 0);
    }
    return any;
}

/* One device of few levels has all of a weight: what hardware of that kind cuts. */
static void say_coarse(const xb_sim *sim, xb_diags *d)
{
    enum { FEW = 15 }; /* values: sign and three bits */
    for (size_t i = 0; i < sim->layers; i++) {
        const xb_sim_stage *l = &sim->layer[i];
        int64_t levels = l->hw.levels, values = l->map.differential ? 2 * levels - 1 : 2 * ((levels - 1) / 2) + 1;
        if (l->exact || levels < 2 || l->map.slices > 1 || values >= FEW) continue;
        xb_where where = xb_chip_key(sim->s.chip, "weight-bits", 0);
        xb_diag(d, XB_WARNING, "simulate", &where,
                "chip: 'device.levels' = %lld of the hardware leaves the weights of '%s' %lld values; 'weight-bits' "
                "with 'cell-bits' = %d, or the hardware's crossbar.weight_bits, cuts them over several cells",
                (long long)levels, l->m->name, (long long)values, (int)log2((double)levels));
        return;
    }
}

void xb_sim_notes(const xb_sim *sim, xb_diags *d)
{
    const xb_simulation *s = &sim->s;
    const xb_hw *hw = xb_layout_hw(s->layout);
    xb_where wires = xb_chip_key(s->chip, "ir-drop", 0), time = xb_chip_key(s->chip, "time", 0);
    xb_where exact = xb_chip_key(s->chip, "exact", 0), devices = xb_chip_key(s->chip, "devices", 0);
    if (s->options->ir_drop && !wires_resist(sim))
        xb_diag(d, XB_NOTE, "simulate", &wires,
                "chip: 'ir-drop' changes nothing: the hardware's crossbar.wire_r_row and wire_r_col are 0");
    for (size_t i = 0; i < s->chain.n; i++)
        if (too_early(s, hw, &s->chain.link[i]))
            xb_diag(d, XB_NOTE, "simulate", &time, "chip: device '%s' does nothing yet at 'time' = %gs",
                    s->chain.link[i].device->name, s->options->time);
    if (sim->exact.len)
        xb_diag(d, XB_NOTE, "simulate", &exact, "chip: exact, on no array: %s", xb_buf_cstr(&sim->exact));
    say_coarse(sim, d);
    for (int domain = XB_DOMAIN_CONDUCTANCE; domain <= XB_DOMAIN_WEIGHT; domain++) {
        const xb_device *device = xb_chain_momentless(&s->chain, (xb_domain)domain);
        if (device)
            xb_diag(d, XB_NOTE, "simulate", &devices,
                    "chip: device '%s' does not say the moments of its reads: every read of every cell is drawn, which "
                    "is slow",
                    device->name);
    }
}

/* Conversions an image. The layout has one array for all slices and both devices of a pair, and counts input slices as
 * if no input were below 0. */
static double conversions_of(const xb_sim_stage *l, const xb_layer_cost *cost)
{
    double columns = 0;
    for (size_t i = 0; i < l->cut.list.n; i++) {
        const xb_section *p = &l->cut.list.data[i];
        double blocks = (double)p->blocks, one = (double)p->cols;
        columns += blocks * (one + (!l->split ? 0 : l->map.differential ? one : (double)p->refs));
    }
    return columns * (double)cost->mvms * (double)l->map.slices * (double)l->converters.slices;
}

xb_chip_size xb_sim_size(const xb_sim *sim)
{
    xb_chip_size size = {.exact = xb_buf_cstr(&sim->exact)};
    const xb_layer_cost *cost;
    xb_layout_layer_costs(sim->s.layout, &cost);
    for (size_t i = 0; i < sim->layers; i++) {
        const xb_sim_stage *l = &sim->layer[i];
        if (l->exact) continue;
        if ((int64_t)l->map.slices > size.slices) size.slices = (int64_t)l->map.slices;
        size.arrays += (double)cost[i].arrays * (double)l->map.slices;
        size.devices += (double)cost[i].devices * (double)l->map.slices;
        size.conversions += conversions_of(l, &cost[i]);
        size.array_area += cost[i].array_area * (double)l->map.slices;
    }
    return size;
}
