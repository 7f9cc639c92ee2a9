/* hw.c: hardware file <-> xb_hw: `extends`, sources, checks between keys, the resolved text and its digest. */
#include "base/digest.h"
#include "base/file.h"
#include "hw/hw_private.h"
#include "hw/layout_private.h"
#include "hw/rollup.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 24 };

/* ---- extends ---- */

static xb_yaml *parse_file(xb_diags *d, xb_arena *a, const char *path)
{
    size_t n;
    char *text = xb_read_file(d, path, FILE_LIMIT, &n);
    if (!text) return NULL;
    const char *file = xb_arena_strdup(a, path);
    xb_diags_source(d, file, text, n);
    xb_yaml *y = xb_yaml_parse(d, a, file, text, n, NULL, NULL);
    free(text);
    return y;
}

/* The tree on top of the one it extends (*from); y itself when it extends none. NULL after a diagnostic. */
static xb_yaml *resolve(xb_diags *d, xb_arena *a, const xb_yaml *y, const char *const *dirs, const xb_yaml **from)
{
    xb_yaml *at = xb_yaml_get(y, "extends");
    if (!at || at->kind != XB_YAML_SCALAR || xb_yaml_is_null(at)) return (xb_yaml *)y;
    xb_where where = xb_yaml_where(at);
    char *dir = xb_path_dir(at->file ? at->file : ""), *path = xb_hw_locate(d, &where, at->text, dir, dirs);
    free(dir);
    if (!path) return NULL;
    xb_yaml *base = parse_file(d, a, path);
    free(path);
    if (!base) return NULL;
    xb_yaml *again = xb_yaml_get(base, "extends");
    if (again) {
        where = xb_yaml_where(again);
        xb_diag(d, XB_ERROR, "hw-extends", &where, "a file that is extended may not itself extend another");
        return NULL;
    }
    *from = base;
    return xb_yaml_merge(a, base, (xb_yaml *)y);
}

/* ---- checks and fills that need the tree ---- */

static bool is_physical(const xb_option *o)
{
    xb_option_type type = o->type == XB_OPT_LIST ? o->elem : o->type;
    return type == XB_OPT_REAL && o->dim != XB_PLAIN && o->dim != XB_RATIO;
}

/* The first physical value the map sets, when neither it nor the file says where it comes from; else NULL. */
static const xb_yaml *unsourced(const xb_option *table, const xb_yaml *map)
{
    if (!map || map->kind != XB_YAML_MAP || xb_yaml_get(map, "source")) return NULL;
    for (size_t i = 0; i < map->n; i++)
        for (const xb_option *o = table; o->name; o++)
            if (is_physical(o) && strcmp(o->name, map->key[i]->text) == 0) return map->key[i];
    return NULL;
}

static void warn_unsourced(xb_diags *d, const xb_option *table, const xb_yaml *map)
{
    const xb_yaml *at = unsourced(table, map);
    for (const xb_option *o = table; o->name; o++) {
        const xb_yaml *value = xb_yaml_get(map, o->name);
        if (o->type == XB_OPT_STRUCT) warn_unsourced(d, o->sub, value);
        for (size_t i = 0; o->type == XB_OPT_MAP && value && value->kind == XB_YAML_MAP && i < value->n; i++)
            warn_unsourced(d, o->sub, value->item[i]);
    }
    if (!at) return;
    xb_where where = xb_yaml_where(at);
    xb_diag(d, XB_WARNING, "hw-source", &where, "'%s' is set, but neither its level nor the file has a 'source'",
            at->text);
}

/* `source` of the file that has this level; of the one that is extended only where the other does not touch it. */
static const char *file_source(const xb_hw_text *t, const xb_hw_trees *trees, const char *level, const char *part)
{
    const xb_yaml *own = xb_yaml_get(trees->own, level);
    if (part) own = xb_yaml_get(own, part);
    if (own || !trees->base) return t->source;
    const xb_yaml *source = xb_yaml_get(trees->base, "source");
    return source ? source->text : NULL;
}

/* A level the file sets figures of, without a source, has the file's, not the source of the defaults. */
static void fill_sources(xb_hw_text *t, const xb_yaml *y, const xb_hw_trees *trees)
{
    struct level {
        const char *name;
        const char **source;
    } levels[] = {
        {"technology", &t->technology.source},
        {"device", &t->device.source},
        {"crossbar", &t->crossbar.source},
        {"interface", &t->interface.source},
        {"tile", &t->tile.source},
        {"chip", &t->chip.source},
        {"noc", &t->noc.source},
    };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        const xb_yaml *map = xb_yaml_get(y, levels[i].name);
        if (map && map->n && !xb_yaml_get(map, "source"))
            *levels[i].source = file_source(t, trees, levels[i].name, NULL);
    }
}

/* A component that the file names is the file's as a whole: what it does not give is not given. */
static void fill_components(xb_hw_text *t, const xb_yaml *y, const xb_hw_trees *trees)
{
    const xb_yaml *all = xb_yaml_get(y, "components");
    const xb_option *o = xb_hw_options;
    while (strcmp(o->name, "components")) o++;
    for (const xb_option *c = o->sub; c->name; c++) {
        xb_component *part = (xb_component *)((char *)&t->components + c->offset);
        const xb_yaml *given = xb_yaml_get(all, c->name);
        if (!given || given->kind != XB_YAML_MAP) continue;
        if (!xb_yaml_get(given, "power")) part->power = 0;
        if (!xb_yaml_get(given, "area")) part->area = 0;
        if (!xb_yaml_get(given, "energy")) part->energy = 0;
        if (!xb_yaml_get(given, "source")) part->source = file_source(t, trees, "components", c->name);
    }
    const xb_yaml *own = xb_yaml_get(trees->own, "components"), *adc = xb_yaml_get(own, "adc");
    const xb_yaml *xbar = xb_yaml_get(own, "xbar");
    if (xb_hw_own_figures(trees, "adc") && !xb_yaml_get(adc, "bits") && t->interface.adc_bits)
        t->components.adc.bits = t->interface.adc_bits;
    if (xb_hw_own_figures(trees, "xbar") && !xb_yaml_get(xbar, "rows")) t->components.xbar.rows = t->crossbar.rows;
    if (xb_hw_own_figures(trees, "xbar") && !xb_yaml_get(xbar, "cols")) t->components.xbar.cols = t->crossbar.cols;
}

/* A part that has figures of this file and of the one it extends, which are of another size. */
static void warn_mixed(xb_diags *d, const xb_hw_trees *trees, const char *name, const char *key, int64_t used)
{
    static const char *const figures[] = {"power", "area", "energy"};
    const xb_yaml *own = xb_yaml_get(xb_yaml_get(trees->own, "components"), name);
    const xb_yaml *base = xb_yaml_get(xb_yaml_get(trees->base, "components"), name), *was = xb_yaml_get(base, key);
    if (!was || !xb_hw_own_figures(trees, name) || strtoll(was->text, NULL, 10) == used) return;
    for (size_t i = 0; i < 3; i++) {
        if (xb_yaml_get(own, figures[i]) || !xb_yaml_get(base, figures[i])) continue;
        xb_where where = xb_yaml_where(own);
        xb_diag(d, XB_WARNING, "hw-mixed", &where,
                "'components.%s.%s' is inherited, of %s %s; with figures of this file it is taken to be of %lld", name,
                figures[i], key, was->text, (long long)used);
    }
}

/* Position of a value for a message: the key itself, or the nearest level that is there. */
static xb_where position(const xb_yaml *y, const char *level, const char *key)
{
    const xb_yaml *map = xb_yaml_get(y, level), *value = xb_yaml_get(map, key);
    return xb_yaml_where(value ? value : map ? map : y);
}

static bool check(xb_diags *d, const xb_hw_text *t, const xb_yaml *y)
{
    bool ok = true;
    if (t->device.g_max <= t->device.g_min) {
        xb_where where = position(y, "device", "g_max");
        xb_diag(d, XB_ERROR, "hw-range", &where, "'device.g_max' is not above 'device.g_min'");
        ok = false;
    }
    if (t->chip.mesh.n != 2) {
        xb_where where = position(y, "chip", "mesh");
        xb_diag(d, XB_ERROR, "hw-pair", &where, "'chip.mesh' needs two numbers, [rows, columns]");
        ok = false;
    } else if (!((int64_t *)t->chip.mesh.data)[0] != !((int64_t *)t->chip.mesh.data)[1]) {
        xb_where where = position(y, "chip", "mesh");
        xb_diag(d, XB_ERROR, "hw-pair", &where, "'chip.mesh' has a side of 0; [0, 0] means as large as needed");
        ok = false;
    }
    if (t->chip.site_pitch.n != 2) {
        xb_where where = position(y, "chip", "site_pitch");
        xb_diag(d, XB_ERROR, "hw-pair", &where, "'chip.site_pitch' needs two lengths, [width, height]");
        ok = false;
    }
    return ok;
}

/* The same between a layer's overrides and the file. */
static bool check_overrides(xb_diags *d, const xb_hw *hw, const xb_list *items, const char *key, const xb_yaml *y)
{
    const xb_map_item *item = items->data;
    bool ok = true;
    for (size_t i = 0; i < items->n; i++) {
        xb_hw one = *hw;
        one.layers = one.types = (xb_list){NULL, 0};
        *(key[0] == 'l' ? &one.layers : &one.types) = (xb_list){(void *)&item[i], 1};
        one = xb_hw_for(&one, item[i].key, item[i].key);
        if (one.g_max > one.g_min) continue;
        xb_where where = position(y, key, item[i].key);
        ok = xb_error(d, "hw-range", (.file = where.file, .line = where.line, .col = where.col),
                      "'%s.%s' leaves g_max not above g_min", key, item[i].key);
    }
    return ok;
}

/* `types:` names operators that have a matrix. */
static bool check_types(xb_diags *d, const xb_yaml *types)
{
    static const char *const known[] = {"Conv", "ConvTranspose", "Gemm", "MatMul"};
    bool ok = true;
    for (size_t i = 0; types && i < types->n; i++) {
        const char *name = types->key[i]->text, *near = xb_nearest(name, known, 4);
        bool found = false;
        for (size_t k = 0; k < 4; k++) found |= xb_glob(name, known[k]);
        if (found) continue;
        xb_where where = xb_yaml_where(types->key[i]);
        xb_diag(d, XB_ERROR, "hw-types", &where,
                near ? "no operator '%s' has a matrix; did you mean '%s'?"
                     : "no operator '%s' has a matrix; there are Conv, %s",
                name, near ? near : "ConvTranspose, Gemm, MatMul");
        ok = false;
    }
    return ok;
}

static void warn_unscaled_one(xb_diags *d, const xb_hw *hw, xb_where where)
{
    bool given = hw->adc.power > 0 || hw->adc.area > 0 || hw->adc.energy > 0;
    int64_t low = hw->adc_bits < hw->adc_figure_bits ? hw->adc_bits : hw->adc_figure_bits;
    int64_t high = hw->adc_bits + hw->adc_figure_bits - low;
    if (!given || !hw->adc_bits || low == high || (low >= XB_ADC_MIN_BITS && high <= XB_ADC_MAX_BITS)) return;
    xb_diag(d, XB_WARNING, "hw-adc-bits", &where,
            "the figures of 'components.adc' are of %lld bits and not scaled to %lld: that is done from %d to %d bits",
            (long long)hw->adc_figure_bits, (long long)hw->adc_bits, XB_ADC_MIN_BITS, XB_ADC_MAX_BITS);
}

/* ADC figures that are used at a resolution they are not of. */
static void warn_unscaled(xb_diags *d, const xb_hw *hw, const xb_yaml *y)
{
    warn_unscaled_one(d, hw, position(y, "interface", "adc_bits"));
    for (int layers = 0; layers < 2; layers++) {
        const xb_list *items = layers ? &hw->layers : &hw->types;
        const xb_map_item *item = items->data;
        for (size_t i = 0; i < items->n; i++) {
            const xb_yaml *map = xb_yaml_get(xb_yaml_get(y, layers ? "layers" : "types"), item[i].key);
            const xb_yaml *bits = xb_yaml_get(map, "adc_bits");
            xb_hw one = *hw;
            one.adc_bits = ((const xb_hw_override *)item[i].value)->adc_bits;
            if (bits) warn_unscaled_one(d, &one, xb_yaml_where(bits));
        }
    }
}

/* ---- reading ---- */

static void flatten(const xb_hw_text *t, const char *file, xb_hw *hw)
{
    *hw = (xb_hw){.struct_size = sizeof *hw, .file = file};
    for (const xb_hw_pair *p = xb_hw_pairs; p->size; p++)
        memcpy((char *)hw + p->to, (const char *)t + p->from, p->size);
    xb_hw_sign(hw, t->crossbar.sign);
    const int64_t *mesh = t->chip.mesh.data;
    const double *pitch = t->chip.site_pitch.data;
    hw->mesh_rows = mesh[0];
    hw->mesh_cols = mesh[1];
    hw->site_pitch_x = pitch[0];
    hw->site_pitch_y = pitch[1];
}

/* A pitch of 0 becomes the side, in whole micrometres, of a square with an array's share of its tile's area, or of the
 * wires. */
static void fill_pitch(xb_hw *hw)
{
    double share = sqrt(xb_rollup_tile(hw).area / (double)hw->xbars_per_tile);
    double wires = hw->wire_pitch * (double)(hw->max_rows > hw->max_cols ? hw->max_rows : hw->max_cols);
    double side = ceil((share > wires ? share : wires) * 1e6 - 1e-9);
    if (side < 1) side = 1;
    if (!(hw->site_pitch_x > 0)) hw->site_pitch_x = side / 1e6;
    if (!(hw->site_pitch_y > 0)) hw->site_pitch_y = side / 1e6;
}

bool xb_hw_read(xb_diags *d, xb_arena *a, const xb_yaml *y, const char *const *dirs, xb_hw *out)
{
    xb_hw_text t;
    xb_hw_trees trees = {y, NULL};
    const xb_yaml *whole = resolve(d, a, y, dirs, &trees.base);
    if (!whole || !xb_opts_read(d, a, "hardware", xb_hw_options, whole, &t, sizeof t)) return false;
    if (!check(d, &t, whole)) return false;
    fill_sources(&t, whole, &trees);
    fill_components(&t, whole, &trees);
    xb_hw_overrides_mark(&t.layers, xb_yaml_get(whole, "layers"));
    xb_hw_overrides_mark(&t.types, xb_yaml_get(whole, "types"));
    flatten(&t, y->file ? xb_arena_strdup(a, y->file) : NULL, out);
    if (!check_overrides(d, out, &out->layers, "layers", whole) ||
        !check_overrides(d, out, &out->types, "types", whole))
        return false;
    if (!check_types(d, xb_yaml_get(whole, "types"))) return false;
    if (!xb_yaml_get(y, "source")) warn_unsourced(d, xb_hw_options, y);
    if (trees.base && !xb_yaml_get(trees.base, "source")) warn_unsourced(d, xb_hw_options, trees.base);
    warn_unscaled(d, out, whole);
    warn_mixed(d, &trees, "adc", "bits", out->adc_figure_bits);
    warn_mixed(d, &trees, "xbar", "rows", out->xbar_rows);
    warn_mixed(d, &trees, "xbar", "cols", out->xbar_cols);
    fill_pitch(out);
    if (!xb_hw_assume(d, a, &trees, out)) return false;
    xb_buf text = {0};
    char hex[XB_DIGEST_HEX];
    xb_hw_print(&text, out);
    xb_digest_of(text.data, text.len, hex);
    xb_buf_free(&text);
    out->digest = xb_arena_strdup(a, hex);
    return true;
}

bool xb_hw_read_file(xb_diags *d, xb_arena *a, const char *path, const char *const *dirs, xb_hw *out)
{
    xb_yaml *y = parse_file(d, a, path);
    return y && xb_hw_read(d, a, y, dirs, out);
}

/* ---- printing ---- */

static void print_level(xb_buf *b, const xb_option *o, const xb_hw_text *t)
{
    const void *value = (const char *)t + o->offset;
    if (strcmp(o->name, "components") == 0) {
        xb_buf_str(b, "components:\n");
        xb_opts_print_block(b, o->sub, value, 2);
        return;
    }
    xb_option one[2] = {*o, {.name = NULL}};
    xb_opts_print_block(b, one, t, 0);
}

/* A level without a source must not read back with that of its defaults. */
static void name_sources(xb_hw_text *t)
{
    if (t->source) return;
    const char **all[] = {&t->device.source, &t->interface.source, &t->tile.source, &t->noc.source};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!*all[i]) *all[i] = XB_HW_NO_SOURCE;
    const xb_option *o = xb_hw_options;
    while (strcmp(o->name, "components")) o++;
    for (const xb_option *c = o->sub; c->name; c++) {
        xb_component *part = (xb_component *)((char *)&t->components + c->offset);
        if (!part->source) part->source = XB_HW_NO_SOURCE;
    }
}

void xb_hw_print(xb_buf *b, const xb_hw *hw)
{
    xb_hw_text t = {.format = 1};
    for (const xb_hw_pair *p = xb_hw_pairs; p->size; p++)
        memcpy((char *)&t + p->from, (const char *)hw + p->to, p->size);
    int64_t mesh[2] = {hw->mesh_rows, hw->mesh_cols};
    double pitch[2] = {hw->site_pitch_x, hw->site_pitch_y};
    name_sources(&t);
    t.crossbar.sign = hw->devices_per_cell == 2 ? 0 : hw->biased ? 2 : 1;
    t.chip.mesh = (xb_list){mesh, 2};
    t.chip.site_pitch = (xb_list){pitch, 2};
    for (const xb_option *o = xb_hw_options; o->name; o++)
        if (strcmp(o->name, "extends") && o->type != XB_OPT_MAP) print_level(b, o, &t);
    xb_hw_sources_print(b, hw);
    xb_hw_overrides_print(b, "types", &hw->types);
    xb_hw_overrides_print(b, "layers", &hw->layers);
}

/* ---- copying ---- */

static void copy_text(xb_arena *a, const char **s)
{
    if (*s) *s = xb_arena_strdup(a, *s);
}

xb_hw xb_hw_copy(xb_arena *a, const xb_hw *from)
{
    xb_hw hw = *from;
    const char **text[] = {
        &hw.name,
        &hw.file,
        &hw.digest,
        &hw.device_type,
        &hw.source,
        &hw.technology_source,
        &hw.device_source,
        &hw.crossbar_source,
        &hw.interface_source,
        &hw.tile_source,
        &hw.chip_source,
        &hw.noc_source,
        &hw.adc.source,
        &hw.dac.source,
        &hw.xbar.source,
        &hw.sample_hold.source,
        &hw.shift_add.source,
        &hw.buffer.source,
        &hw.router.source,
        &hw.wire.source,
        &hw.in_register.source,
        &hw.out_register.source,
        &hw.tile_register.source,
        &hw.activation.source,
        &hw.pool.source,
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) copy_text(a, text[i]);
    xb_assumption *list = xb_arena_alloc(a, from->n_assumptions, sizeof *list);
    for (size_t i = 0; i < from->n_assumptions; i++) {
        list[i] = from->assumptions[i];
        copy_text(a, &list[i].key);
        copy_text(a, &list[i].source);
    }
    hw.assumptions = list;
    hw.layers = xb_hw_overrides_copy(a, &from->layers);
    hw.types = xb_hw_overrides_copy(a, &from->types);
    return hw;
}
