/* override.c: what a hardware file says about single layers (`layers:`) and operators (`types:`); where every figure
 * that goes into the costs comes from. */
#include "base/vec.h"
#include "hw/hw_private.h"
#include "hw/layout_private.h"
#include "hw/rollup.h"
#include <stdlib.h>
#include <string.h>

static size_t option_count(void)
{
    size_t n = 0;
    while (xb_hw_override_options[n].name) n++;
    return n;
}

void xb_hw_overrides_mark(xb_list *items, const xb_yaml *y)
{
    xb_map_item *item = items->data;
    for (size_t i = 0; i < items->n; i++) {
        xb_hw_override *o = item[i].value;
        const xb_yaml *entry = xb_yaml_get(y, item[i].key);
        o->set = 0;
        for (size_t k = 0; k < option_count(); k++)
            if (xb_yaml_get(entry, xb_hw_override_options[k].name)) o->set |= (uint64_t)1 << k;
    }
}

/* The table without what the override does not set. */
static void print_one(xb_buf *b, const xb_hw_override *o)
{
    xb_option table[65] = {{.name = NULL}};
    size_t n = 0;
    for (size_t k = 0; k < option_count(); k++)
        if (o->set >> k & 1) table[n++] = xb_hw_override_options[k];
    table[n].name = NULL;
    xb_opts_print(b, table, o);
}

void xb_hw_overrides_print(xb_buf *b, const char *key, const xb_list *items)
{
    const xb_map_item *item = items->data;
    if (!items->n) return;
    xb_buf_printf(b, "%s:\n", key);
    for (size_t i = 0; i < items->n; i++) {
        xb_buf_str(b, "  ");
        xb_yaml_print_key(b, item[i].key);
        xb_buf_str(b, ": ");
        print_one(b, item[i].value);
        xb_buf_char(b, '\n');
    }
}

xb_list xb_hw_overrides_copy(xb_arena *a, const xb_list *items)
{
    xb_list copy = {items->n ? xb_arena_alloc(a, items->n, sizeof(xb_map_item)) : NULL, items->n};
    const xb_map_item *from = items->data;
    xb_map_item *to = copy.data;
    for (size_t i = 0; i < items->n; i++) {
        xb_hw_override *o = xb_arena_alloc(a, 1, sizeof *o);
        *o = *(const xb_hw_override *)from[i].value;
        o->source = o->source ? xb_arena_strdup(a, o->source) : NULL;
        to[i] = (xb_map_item){xb_arena_strdup(a, from[i].key), o};
    }
    return copy;
}

void xb_hw_sign(xb_hw *hw, int sign)
{
    hw->devices_per_cell = sign ? 1 : 2;
    hw->biased = sign == 2;
}

static void apply(xb_hw *hw, const xb_hw_override *o)
{
    for (size_t k = 0; k < option_count(); k++) {
        const xb_hw_pair *p = &xb_hw_override_pairs[k];
        if (!(o->set >> k & 1)) continue;
        if (p->size) memcpy((char *)hw + p->to, (const char *)o + p->from, p->size);
        if (xb_hw_override_options[k].offset == offsetof(xb_hw_override, sign)) xb_hw_sign(hw, o->sign);
    }
}

/* The whole name, or what follows one of its '/'. */
static bool match_parts(const char *pattern, const char *name)
{
    for (const char *at = name; at; at = strchr(at, '/'), at = at ? at + 1 : NULL)
        if (*at && xb_glob(pattern, at)) return true;
    return false;
}

/* Exporters name a node after its operator: "/fc1/Gemm", "/fc1/Gemm_1". Length of the name without that, 0: none. */
static size_t without_operator(const char *name, const char *op_type)
{
    const char *last = strrchr(name, '/');
    size_t n = strlen(op_type);
    if (!last || !n || !xb_starts_with(last + 1, op_type)) return 0;
    const char *rest = last + 1 + n;
    if (*rest && (*rest != '_' || !rest[1] || rest[1 + strspn(rest + 1, "0123456789")])) return 0;
    return (size_t)(last - name);
}

bool xb_hw_pattern_matches(const char *pattern, const char *layer, const char *op_type)
{
    size_t n = without_operator(layer, op_type);
    if (match_parts(pattern, layer)) return true;
    char *head = n ? xb_strndup(layer, n) : NULL;
    bool found = head && match_parts(pattern, head);
    free(head);
    return found;
}

void xb_hw_warn_unmatched(xb_diags *d, const xb_hw *hw, const xb_layer_cost *layers, size_t n)
{
    const xb_map_item *item = hw->layers.data;
    for (size_t i = 0; i < hw->layers.n; i++) {
        size_t k = 0;
        while (k < n && !xb_hw_pattern_matches(item[i].key, layers[k].name, layers[k].op_type)) k++;
        if (k == n)
            xb_diag(d, XB_WARNING, "hw-layers", &(xb_where){.file = hw->file},
                    "'layers.%s' matches no layer of the model; the first is '%s'", item[i].key, layers[0].name);
    }
}

xb_hw xb_hw_for(const xb_hw *hw, const char *layer, const char *op_type)
{
    xb_hw result = *hw;
    const xb_map_item *item = hw->types.data;
    for (size_t i = 0; op_type && i < hw->types.n; i++)
        if (xb_glob(item[i].key, op_type)) apply(&result, item[i].value);
    item = hw->layers.data;
    for (size_t i = 0; layer && i < hw->layers.n; i++)
        if (xb_hw_pattern_matches(item[i].key, layer, op_type ? op_type : "")) apply(&result, item[i].value);
    return result;
}

/* ---- where figures come from ---- */

typedef struct unit {
    const char *name;
    double size; /* in SI */
} unit;
static const unit nm2 = {"nm2", 1e-18}, um2 = {"um2", 1e-12}, nm = {"nm", 1e-9}, mw = {"mW", 1e-3}, pj = {"pJ", 1e-12},
                  ns = {"ns", 1e-9}, rate = {"MS/s", 1e6}, bit = {"bit", 1}, one = {"1", 1}, us = {"uS", 1e-6},
                  volt = {"V", 1}, ohm = {"ohm", 1};

typedef struct figure {
    const char *level, *name;
    size_t offset; /* in xb_hw */
    bool whole;    /* int64_t */
    const unit *unit;
} figure;

static const figure figures[] = {
    {"device", "g_min", offsetof(xb_hw, g_min), false, &us},
    {"device", "g_max", offsetof(xb_hw, g_max), false, &us},
    {"device", "read_voltage", offsetof(xb_hw, read_voltage), false, &volt},
    {"device", "levels", offsetof(xb_hw, levels), true, &one},
    {"crossbar", "wire_r_row", offsetof(xb_hw, wire_r_row), false, &ohm},
    {"crossbar", "wire_r_col", offsetof(xb_hw, wire_r_col), false, &ohm},
    {"crossbar", "cell_area", offsetof(xb_hw, cell_area), false, &nm2},
    {"crossbar", "wire_pitch", offsetof(xb_hw, wire_pitch), false, &nm},
    {"interface", "input_bits", offsetof(xb_hw, input_bits), true, &bit},
    {"interface", "dac_bits", offsetof(xb_hw, dac_bits), true, &bit},
    {"interface", "adc_bits", offsetof(xb_hw, adc_bits), true, &bit},
    {"interface", "adc_per_xbar", offsetof(xb_hw, adc_per_xbar), true, &one},
    {"interface", "adc_rate", offsetof(xb_hw, adc_rate), false, &rate},
    {"interface", "read_time", offsetof(xb_hw, read_time), false, &ns},
};
static const figure of_component[] = {
    {NULL, "power", offsetof(xb_component, power), false, &mw},
    {NULL, "area", offsetof(xb_component, area), false, &um2},
    {NULL, "energy", offsetof(xb_component, energy), false, &pj},
};
static const figure references[] = {
    {"adc", "bits", offsetof(xb_hw, adc_figure_bits), true, &bit},
    {"xbar", "rows", offsetof(xb_hw, xbar_rows), true, &one},
    {"xbar", "cols", offsetof(xb_hw, xbar_cols), true, &one},
};
#define N_OF(array) (sizeof(array) / sizeof *(array))

typedef struct collector {
    xb_arena *arena;
    const xb_hw_trees *trees;
    xb_vec(xb_assumption) list;
    xb_vec(const char *) keys; /* all that could be, for `sources:` */
} collector;

/* A map of a tree: `top`, or `sub` in it. */
static const xb_yaml *map_of(const xb_yaml *tree, const char *top, const char *sub)
{
    const xb_yaml *map = xb_yaml_get(tree, top);
    return sub ? xb_yaml_get(map, sub) : map;
}

static bool on_command_line(const xb_yaml *y)
{
    return y->file && xb_starts_with(y->file, "--");
}

/* The source that a map gives a value of its own: not one of a file for a value set on the command line. */
static const char *source_in(const xb_yaml *map, const xb_yaml *value)
{
    const xb_yaml *s = xb_yaml_get(map, "source");
    if (!s || s->kind != XB_YAML_SCALAR || xb_yaml_is_null(s)) return NULL;
    return on_command_line(value) && !on_command_line(s) ? NULL : s->text;
}

/* Of a value that `tree` itself sets: its own, its level's, the file's. */
static const char *source_of(const xb_yaml *tree, const char *key, const xb_yaml *level, const xb_yaml *value)
{
    const char *s = source_in(map_of(tree, "sources", key), value);
    if (!s) s = source_in(level, value);
    if (!s && on_command_line(value)) s = "set on the command line (--set)";
    if (!s) s = source_in(tree, value);
    return s ? s : XB_HW_NO_SOURCE;
}

/* The source of what top[.sub].name says: of the file, of the one it extends, or `def`, of the default. */
static const char *find_source(const collector *c, const char *key, const char *top, const char *sub, const char *name,
                               const char *def)
{
    const xb_yaml *tree = c->trees->own, *level = map_of(tree, top, sub), *value = xb_yaml_get(level, name);
    const xb_yaml *own = map_of(tree, "sources", key);
    if (value) return xb_yaml_is_null(value) ? def : source_of(tree, key, level, value);
    if (own && source_in(own, own)) return source_in(own, own);
    tree = c->trees->base, level = map_of(tree, top, sub), value = xb_yaml_get(level, name);
    return value && !xb_yaml_is_null(value) ? source_of(tree, key, level, value) : def;
}

/* As many digits as a file would have: 1.28, not 1.2800000000000002. */
static double shown(double si, const unit *u)
{
    char text[40];
    snprintf(text, sizeof text, "%.12g", si / u->size);
    return strtod(text, NULL);
}

static const char *join(xb_arena *a, const char *top, const char *sub, const char *name)
{
    xb_buf b = {0};
    xb_buf_printf(&b, "%s.", top);
    if (sub) xb_buf_printf(&b, "%s.", sub);
    xb_buf_str(&b, name);
    const char *key = xb_arena_strdup(a, b.data);
    xb_buf_free(&b);
    return key;
}

static void collect(collector *c, const char *key, const figure *f, const void *from, const char *source)
{
    const char *at = (const char *)from + f->offset;
    double value = f->whole ? (double)*(const int64_t *)(const void *)at : *(const double *)(const void *)at;
    xb_push(&c->keys, key);
    if (value == 0) return;
    xb_push(&c->list, (xb_assumption){key, shown(value, f->unit), f->unit->name, xb_arena_strdup(c->arena, source)});
}

static const xb_option *option_of(const xb_option *table, const char *name)
{
    while (table->name && strcmp(table->name, name)) table++;
    return table;
}

static const char *default_source(const xb_option *level)
{
    const char *def = option_of(level->sub, "source")->def;
    return def ? def : "default";
}

static void collect_levels(collector *c, const xb_hw *hw)
{
    for (size_t i = 0; i < N_OF(figures); i++) {
        const figure *f = &figures[i];
        const char *key = join(c->arena, f->level, NULL, f->name);
        const char *def = default_source(option_of(xb_hw_options, f->level));
        collect(c, key, f, hw, find_source(c, key, f->level, NULL, f->name, def));
    }
}

static const xb_component *component_of(const xb_hw *hw, const xb_option *o)
{
    const xb_hw_pair *p = xb_hw_pairs;
    size_t at = option_of(xb_hw_options, "components")->offset + o->offset;
    while (p->from != at) p++;
    return (const xb_component *)((const char *)hw + p->to);
}

bool xb_hw_own_figures(const xb_hw_trees *t, const char *component)
{
    const xb_yaml *own = map_of(t->own, "components", component);
    if (!map_of(t->base, "components", component)) return own != NULL;
    return xb_yaml_get(own, "power") || xb_yaml_get(own, "area") || xb_yaml_get(own, "energy");
}

/* The array size or resolution that figures are of: where it is not said it is that of the hardware. */
static void collect_reference(collector *c, const xb_hw *hw, const figure *f, const char *def)
{
    const char *key = join(c->arena, f->level, NULL, f->name);
    bool said = xb_yaml_get(map_of(c->trees->own, "components", f->level), f->name);
    const char *source = find_source(c, key, "components", f->level, f->name, def);
    if (xb_hw_own_figures(c->trees, f->level) && !said) source = "not given: taken to be the hardware's own";
    collect(c, key, f, hw, source);
}

static void collect_components(collector *c, const xb_hw *hw)
{
    for (const xb_option *o = option_of(xb_hw_options, "components")->sub; o->name; o++) {
        const xb_component *part = component_of(hw, o);
        for (size_t i = 0; i < N_OF(of_component); i++) {
            const figure *f = &of_component[i];
            const char *key = join(c->arena, o->name, NULL, f->name);
            collect(c, key, f, part, find_source(c, key, "components", o->name, f->name, default_source(o)));
        }
        for (size_t i = 0; i < N_OF(references); i++)
            if (strcmp(references[i].level, o->name) == 0 && (part->power > 0 || part->area > 0 || part->energy > 0))
                collect_reference(c, hw, &references[i], default_source(o));
    }
}

/* What the parts' figures are multiplied by. No figures of the file: estimates of ours. */
static void collect_scales(collector *c, const xb_hw *hw, const char *top, const char *sub)
{
    static const char adc[] = "estimate: ADC by bits, hwcomponents isaac.py after Saberi et al. 2011";
    static const char xbar[] = "estimate: in proportion to rows x cols";
    xb_hw_scales s = xb_hw_scales_of(hw);
    const struct {
        const char *key;
        double value;
        const char *source;
    } all[] = {{"adc.energy_scale", s.adc_energy, adc},
               {"adc.area_scale", s.adc_area, adc},
               {"xbar.full_array_scale", s.xbar * (double)hw->max_rows * (double)hw->max_cols, xbar}};
    for (size_t i = 0; i < N_OF(all); i++) {
        if (all[i].value == 1) continue;
        const char *key = top ? join(c->arena, top, sub, all[i].key) : all[i].key;
        xb_push(&c->list, (xb_assumption){key, shown(all[i].value, &one), one.name, all[i].source});
    }
}

static void collect_overrides(collector *c, const xb_hw *hw, const char *top, const xb_list *items)
{
    const xb_map_item *item = items->data;
    for (size_t i = 0; i < items->n; i++) {
        const xb_hw_override *o = item[i].value;
        xb_hw changed = *hw;
        apply(&changed, o);
        for (size_t k = 0; k < option_count(); k++)
            for (size_t j = 0; j < N_OF(figures); j++) {
                if (!(o->set >> k & 1) || strcmp(figures[j].name, xb_hw_override_options[k].name)) continue;
                const char *key = join(c->arena, top, item[i].key, figures[j].name);
                collect(c, key, &figures[j], &changed,
                        find_source(c, key, top, item[i].key, figures[j].name, XB_HW_NO_SOURCE));
            }
        xb_hw_scales was = xb_hw_scales_of(hw), now = xb_hw_scales_of(&changed);
        bool same_size = changed.max_rows == hw->max_rows && changed.max_cols == hw->max_cols;
        if (!same_size || was.adc_energy != now.adc_energy) collect_scales(c, &changed, top, item[i].key);
    }
}

/* `sources:` names figures that there are. */
static bool check_keys(xb_diags *d, const collector *c, const xb_yaml *sources)
{
    bool ok = true;
    for (size_t i = 0; sources && i < sources->n; i++) {
        const char *key = sources->key[i]->text;
        size_t k = 0;
        while (k < c->keys.n && strcmp(c->keys.data[k], key)) k++;
        if (k < c->keys.n) continue;
        const char *near = xb_nearest(key, c->keys.data, c->keys.n);
        xb_where where = xb_yaml_where(sources->key[i]);
        xb_diag(d, XB_ERROR, "hw-sources", &where, "'sources' names no figure '%s'; did you mean '%s'?", key,
                near ? near : c->keys.data[0]);
        ok = false;
    }
    return ok;
}

bool xb_hw_assume(xb_diags *d, xb_arena *a, const xb_hw_trees *t, xb_hw *hw)
{
    collector c = {.arena = a, .trees = t};
    collect_levels(&c, hw);
    collect_components(&c, hw);
    collect_scales(&c, hw, NULL, NULL);
    collect_overrides(&c, hw, "types", &hw->types);
    collect_overrides(&c, hw, "layers", &hw->layers);
    bool ok = check_keys(d, &c, xb_yaml_get(t->own, "sources")) && check_keys(d, &c, xb_yaml_get(t->base, "sources"));
    hw->n_assumptions = c.list.n;
    xb_assumption *list = xb_arena_alloc(a, c.list.n, sizeof *list);
    memcpy(list, c.list.data, c.list.n * sizeof *list);
    hw->assumptions = list;
    xb_vec_free(&c.list);
    xb_vec_free(&c.keys);
    return ok;
}

/* The source that a figure has in the resolved text when `sources:` does not give it one. */
static const char *implied(const xb_hw *hw, const char *key)
{
    const char *s = NULL;
    if (xb_starts_with(key, "crossbar.")) s = hw->crossbar_source;
    if (xb_starts_with(key, "interface.")) s = hw->interface_source;
    for (const xb_option *o = option_of(xb_hw_options, "components")->sub; o->name; o++)
        if (xb_starts_with(key, o->name) && key[strlen(o->name)] == '.') s = component_of(hw, o)->source;
    for (int layers = 0; layers < 2; layers++) {
        const xb_list *items = layers ? &hw->layers : &hw->types;
        const char *top = layers ? "layers." : "types.";
        const xb_map_item *item = items->data;
        for (size_t i = 0; xb_starts_with(key, top) && i < items->n; i++) {
            const char *rest = key + strlen(top), *pattern = item[i].key;
            size_t n = strlen(pattern);
            if (xb_starts_with(rest, pattern) && rest[n] == '.' && !strchr(rest + n + 1, '.'))
                s = ((const xb_hw_override *)item[i].value)->source;
        }
    }
    if (!s) s = hw->source;
    return s ? s : XB_HW_NO_SOURCE;
}

void xb_hw_sources_print(xb_buf *b, const xb_hw *hw)
{
    bool any = false;
    for (size_t i = 0; i < hw->n_assumptions; i++) {
        const xb_assumption *s = &hw->assumptions[i];
        if (xb_ends_with(s->key, "_scale") || strcmp(s->source, implied(hw, s->key)) == 0) continue;
        if (!any) xb_buf_str(b, "sources:\n");
        any = true;
        xb_buf_str(b, "  ");
        xb_yaml_print_key(b, s->key);
        xb_buf_str(b, ": ");
        xb_opts_print(b, option_of(xb_hw_options, "sources")->sub, &(xb_hw_source){s->source});
        xb_buf_char(b, '\n');
    }
}
