/* report.c: report.json, the master of all reports, and what people read of it: report.txt and report.html.
 *
 * Every number is a count of the layout, a figure of the hardware file times a count, or a fact of the journal. Units
 * stand in the key names. docs/formats/report.md describes the keys.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xbarc/xbarc.h>

typedef struct xb_report_options {
    xb_list formats;
    bool floorplan;
} xb_report_options;

/* What the writers below share. */
struct writer {
    xb_cx *cx;
    xb_module *module;
    const xb_json_api *json;
    const xb_graph_api *graph;
    const xb_layout_api *layout_api;
    const xb_journal_api *journal;
    const xb_run_api *run;
    const xb_layout *layout;
    const xb_hw *hw;
    struct xb_json *j;
};

static const void *service(xb_cx *cx, const char *name)
{
    return cx->host->service(cx, name, 1);
}

static const xb_fact *find_fact(const struct writer *w, const char *key)
{
    const xb_fact *fact;
    for (size_t n = w->journal->facts(w->module, &fact); n-- > 0;)
        if (!strcmp(fact[n].key, key)) return &fact[n];
    return NULL;
}

/* Twelve digits: what a product leaves behind the last one that means something is not written. */
static void real(struct writer *w, const char *key, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.11e", value);
    w->json->real(w->j, key, isfinite(value) ? strtod(text, NULL) : value);
}

/* A figure that is 0 where it is not known: null. */
static void figure(struct writer *w, const char *key, double value)
{
    real(w, key, value > 0 ? value : NAN);
}

/* Folders are of the machine; a report is of the run. */
static const char *base_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash && slash[1] ? slash + 1 : path;
}

static void write_tool(struct writer *w)
{
    w->json->object(w->j, "tool");
    w->json->string(w->j, "name", "xbarc");
    w->json->string(w->j, "version", w->run->version());
    w->json->string(w->j, "numeric_profile", w->run->profile());
    w->json->close(w->j);
    const char *const(*input)[3];
    size_t n = w->run->inputs(w->cx, &input);
    w->json->array(w->j, "inputs", false);
    for (size_t i = 0; i < n; i++) {
        w->json->object(w->j, NULL);
        w->json->string(w->j, "kind", input[i][0]);
        w->json->string(w->j, "path", base_name(input[i][1]));
        w->json->string(w->j, "sha256", input[i][2]);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

/* Is the key "pass.INSTANCE.what"? Then n is the length of the instance, which begins after "pass.". */
static bool is_pass_fact(const char *key, const char *what, size_t *n)
{
    size_t all = strlen(key), tail = strlen(what);
    if (strncmp(key, "pass.", 5) || all < 5 + 1 + 1 + tail) return false;
    *n = all - 5 - 1 - tail;
    return key[5 + *n] == '.' && !strcmp(key + 6 + *n, what);
}

static void write_pass(struct writer *w, const char *name, const char *options, const char *mark)
{
    w->json->object(w->j, NULL);
    w->json->string(w->j, "name", name);
    if (options) w->json->string(w->j, "options", options);
    if (mark) w->json->boolean(w->j, mark, true);
    w->json->close(w->j);
}

/* What ran, and in its place what the gate rolled back or what was left out because of that: the journal knows. */
static void write_passes(struct writer *w)
{
    const char *const(*pass)[2];
    const xb_fact *fact;
    size_t n = w->run->passes(w->cx, &pass), facts = w->journal->facts(w->module, &fact), next = 0, len;
    w->json->array(w->j, "passes", false);
    for (size_t i = 0; i < facts; i++) {
        const char *key = fact[i].key;
        bool undone = is_pass_fact(key, "rolled-back", &len);
        if (undone || is_pass_fact(key, "left-out", &len)) {
            char name[128];
            snprintf(name, sizeof name, "%.*s", (int)(len < 127 ? len : 127), key + 5);
            write_pass(w, name, NULL, undone ? "rolled_back" : "left_out");
        } else if (next < n && is_pass_fact(key, "edited", &len) && strlen(pass[next][0]) == len &&
                   !strncmp(pass[next][0], key + 5, len)) {
            write_pass(w, pass[next][0], pass[next][1], NULL);
            next++;
        }
    }
    for (; next < n; next++) write_pass(w, pass[next][0], pass[next][1], NULL);
    w->json->close(w->j);
}

static void write_hardware(struct writer *w)
{
    const xb_hw *hw = w->hw;
    w->json->object(w->j, "hardware");
    w->json->string(w->j, "name", hw->name);
    w->json->string(w->j, "file", base_name(hw->file));
    w->json->string(w->j, "sha256", hw->digest);
    w->json->string(w->j, "source", hw->source);
    w->json->string(w->j, "tiling_rule", hw->rule == XB_TILING_EXACT ? "exact" : "fixed");
    w->json->integer(w->j, "max_rows", hw->max_rows);
    w->json->integer(w->j, "max_cols", hw->max_cols);
    w->json->integer(w->j, "devices_per_cell", hw->devices_per_cell);
    w->json->close(w->j);
}

/* The model's file name without its folder: exporters name every graph alike. */
static const char *model_name(const struct writer *w)
{
    const char *const(*input)[3];
    size_t n = w->run->inputs(w->cx, &input);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(input[i][0], "model")) return base_name(input[i][1]);
    return w->graph->name(w->graph->of(w->module));
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 1;
}

static double micro2(double square_metres)
{
    return square_metres * 1e12;
}

/* Has every layer a time? A sum that leaves some out would be wrong. */
static bool has_times(const struct writer *w)
{
    const xb_layer_cost *layer;
    size_t n = w->layout_api->layer_costs(w->layout, &layer);
    for (size_t i = 0; i < n; i++)
        if (!(layer[i].time > 0)) return false;
    return n > 0;
}

static void write_summary(struct writer *w)
{
    bool timed = has_times(w);
    const xb_json_api *json = w->json;
    const xb_chip_cost *c = w->layout_api->chip_cost(w->layout);
    const xb_fact *reference = find_fact(w, "crossbar.reference_cells");
    double dense = reference ? reference->value : (double)c->cells;
    int32_t mesh_rows, mesh_cols;
    w->layout_api->mesh(w->layout, &mesh_rows, &mesh_cols);
    json->object(w->j, "summary");
    json->integer(w->j, "layers", c->layers);
    json->integer(w->j, "crossbar_arrays", c->arrays);
    json->integer(w->j, "crossbar_cells", c->cells);
    json->integer(w->j, "crossbar_cells_reference", (int64_t)dense);
    real(w, "crossbar_area_ratio", ratio((double)c->cells, dense));
    json->integer(w->j, "crossbar_devices", c->devices);
    json->integer(w->j, "array_cells", c->array_cells);
    json->integer(w->j, "padding_cells", c->padding_cells);
    json->integer(w->j, "compacted_cells", c->compacted_cells);
    json->integer(w->j, "zero_arrays", c->zero_arrays);
    real(w, "cell_utilization", ratio((double)c->cells, (double)c->array_cells));
    json->integer(w->j, "routing_wires", c->wires);
    json->integer(w->j, "routing_wires_full", c->wires_full);
    real(w, "routing_area_ratio", c->routing_area_ratio_mean);
    real(w, "routing_area_ratio_pooled", c->routing_area_ratio_pooled);
    figure(w, "cell_area_um2", micro2(c->cell_area));
    figure(w, "array_area_um2", micro2(c->array_area));
    figure(w, "periphery_area_um2", micro2(c->periphery_area));
    json->integer(w->j, "units", c->units);
    json->integer(w->j, "tiles", c->tiles);
    figure(w, "peak_power_mw", c->peak_power * 1e3);
    figure(w, "latency_us", timed ? c->latency * 1e6 : 0);
    figure(w, "interval_us", timed ? c->interval * 1e6 : 0);
    figure(w, "images_per_s", timed ? 1 / c->interval : 0);
    figure(w, "energy_uj", c->energy * 1e6);
    json->string(w->j, "critical_layer", timed ? c->critical_layer : NULL);
    json->integer(w->j, "mesh_rows", mesh_rows);
    json->integer(w->j, "mesh_cols", mesh_cols);
    json->close(w->j);
}

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

/* Numbers of the journal whose key begins with `prefix`, as members; a dot in the rest becomes an underscore. */
static void write_members(struct writer *w, const char *prefix)
{
    const xb_fact *fact;
    size_t n = w->journal->facts(w->module, &fact);
    for (size_t i = 0; i < n; i++) {
        char key[64];
        if (!begins(fact[i].key, prefix)) continue;
        snprintf(key, sizeof key, "%s", fact[i].key + strlen(prefix));
        for (char *dot = key; (dot = strchr(dot, '.'));) *dot = '_';
        real(w, key, fact[i].value);
    }
}

/* One measured accuracy a stage: "accuracy.STAGE.METRIC". */
static void write_accuracy(struct writer *w)
{
    static const char *const stages[] = {"accuracy.reference.", "accuracy.compiled.", "accuracy.simulated."};
    const xb_fact *fact;
    size_t n = w->journal->facts(w->module, &fact);
    w->json->object(w->j, "accuracy");
    for (size_t s = 0; s < 3; s++) {
        size_t i = 0;
        while (i < n && !begins(fact[i].key, stages[s])) i++;
        if (i == n) continue;
        w->json->object(w->j, s == 0 ? "reference" : s == 1 ? "compiled" : "simulated");
        w->json->string(w->j, "split", fact[i].split);
        write_members(w, stages[s]);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

/* What programming a chip costs, by each method: "programming.METHOD.FIGURE", the first of which is success. */
static void write_programming(struct writer *w)
{
    const xb_fact *fact, *chosen = find_fact(w, "programming.method");
    size_t n = w->journal->facts(w->module, &fact);
    if (!chosen) return;
    w->json->array(w->j, "programming", false);
    for (size_t i = 0; i < n; i++) {
        char prefix[64];
        int dot = begins(fact[i].key, "programming.") ? (int)(strrchr(fact[i].key, '.') - fact[i].key) : 0;
        if (dot < 13 || dot > 60 || strcmp(fact[i].key + dot, ".success")) continue;
        w->json->object(w->j, NULL);
        snprintf(prefix, sizeof prefix, "%.*s", dot - 12, fact[i].key + 12);
        w->json->string(w->j, "method", prefix);
        w->json->boolean(w->j, "chosen", !strcmp(prefix, chosen->text));
        snprintf(prefix, sizeof prefix, "%.*s", dot + 1, fact[i].key);
        write_members(w, prefix);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

static void write_layer(struct writer *w, const xb_layer_cost *l)
{
    const xb_json_api *json = w->json;
    struct xb_json *j = w->j;
    json->object(j, NULL);
    json->string(j, "name", l->name);
    json->string(j, "op", l->op_type);
    json->integer(j, "groups", l->groups);
    json->integer(j, "rows", l->rows);
    json->integer(j, "cols", l->cols);
    json->integer(j, "array_rows", l->tiling.rows);
    json->integer(j, "array_cols", l->tiling.cols);
    json->integer(j, "grid_rows", l->tiling.grid_rows);
    json->integer(j, "grid_cols", l->tiling.grid_cols);
    json->boolean(j, "padded", l->tiling.padded);
    json->boolean(j, "packed", l->packed);
    json->boolean(j, "spread", l->spread);
    json->integer(j, "arrays", l->arrays);
    json->integer(j, "arrays_dense", l->arrays_dense);
    json->integer(j, "cells", l->cells);
    json->integer(j, "devices", l->devices);
    json->integer(j, "array_cells_total", l->array_cells);
    json->integer(j, "padding_cells", l->padding_cells);
    json->integer(j, "compacted_cells", l->compacted_cells);
    json->integer(j, "zero_arrays", l->zero_arrays);
    real(w, "cell_utilization", ratio((double)l->cells, (double)l->array_cells));
    json->integer(j, "row_wires", l->row_wires);
    json->integer(j, "col_wires", l->col_wires);
    json->integer(j, "row_wires_full", l->row_wires_full);
    json->integer(j, "col_wires_full", l->col_wires_full);
    real(w, "routing_area_ratio", l->routing_area_ratio);
    figure(w, "mvms", (double)l->mvms);
    figure(w, "array_steps", l->steps);
    figure(w, "adc_conversions", l->adc_conversions);
    figure(w, "dac_conversions", l->dac_conversions);
    figure(w, "time_us", l->time * 1e6);
    figure(w, "energy_uj", l->energy * 1e6);
    figure(w, "energy_adc_uj", l->energy_adc * 1e6);
    figure(w, "energy_dac_uj", l->energy_dac * 1e6);
    figure(w, "energy_array_uj", l->energy_xbar * 1e6);
    figure(w, "energy_digital_uj", l->energy_digital * 1e6);
    json->close(j);
}

/* [x, y, layer, occupied fraction] of every array, in order of arrays. */
static void write_floorplan(struct writer *w)
{
    const xb_array *array;
    const xb_block *block;
    size_t n = w->layout_api->arrays(w->layout, &array);
    w->layout_api->blocks(w->layout, &block);
    w->json->array(w->j, "floorplan", false);
    for (size_t i = 0; i < n && array[i].site_x >= 0; i++) {
        double used = 0;
        for (uint32_t b = 0; b < array[i].blocks; b++) {
            const xb_block *one = &block[array[i].first_block + b];
            used += (double)one->rows * (double)one->cols;
        }
        w->json->array(w->j, NULL, true);
        w->json->integer(w->j, NULL, array[i].site_x);
        w->json->integer(w->j, NULL, array[i].site_y);
        w->json->integer(w->j, NULL, array[i].blocks ? (int64_t)block[array[i].first_block].matrix : -1);
        real(w, NULL, ratio(used, (double)array[i].rows * (double)array[i].cols));
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

static void write_assumptions(struct writer *w)
{
    w->json->array(w->j, "assumptions", false);
    for (size_t i = 0; i < w->hw->n_assumptions; i++) {
        const xb_assumption *a = &w->hw->assumptions[i];
        w->json->object(w->j, NULL);
        w->json->string(w->j, "key", a->key);
        real(w, "value", a->value);
        w->json->string(w->j, "unit", a->unit);
        w->json->string(w->j, "source", a->source);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

static void write_facts(struct writer *w)
{
    const xb_fact *fact;
    size_t n = w->journal->facts(w->module, &fact);
    w->json->array(w->j, "facts", false);
    for (size_t i = 0; i < n; i++) {
        w->json->object(w->j, NULL);
        w->json->string(w->j, "key", fact[i].key);
        if (fact[i].text)
            w->json->string(w->j, "text", fact[i].text);
        else
            real(w, "value", fact[i].value);
        w->json->string(w->j, "unit", fact[i].unit);
        w->json->string(w->j, "source", fact[i].source);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

/* What somebody wrote into the journal to be told, then what the layout itself shows. */
static void write_warnings(struct writer *w)
{
    const xb_layer_cost *layer;
    size_t n = w->layout_api->layer_costs(w->layout, &layer);
    const xb_fact *fact;
    size_t facts = w->journal->facts(w->module, &fact);
    w->json->array(w->j, "warnings", false);
    for (size_t i = 0; i < facts; i++)
        if (!strcmp(fact[i].key, "warning")) w->json->string(w->j, NULL, fact[i].text);
    for (size_t i = 0; i < n; i++) {
        char text[256];
        if (layer[i].tiling.padded && w->hw->rule == XB_TILING_EXACT) {
            snprintf(text, sizeof text, "%.100s: no divisor of %lld x %lld is large enough; padded arrays are used",
                     layer[i].name, (long long)layer[i].rows, (long long)layer[i].cols);
            w->json->string(w->j, NULL, text);
        }
        if (layer[i].zero_arrays) {
            snprintf(text, sizeof text, "%.100s: %lld of its arrays hold only zeros", layer[i].name,
                     (long long)layer[i].zero_arrays);
            w->json->string(w->j, NULL, text);
        }
    }
    w->json->close(w->j);
}

static const char *build(struct writer *w, bool floorplan, size_t *n)
{
    const xb_layer_cost *layer;
    size_t layers = w->layout_api->layer_costs(w->layout, &layer);
    w->j = w->json->begin_text(w->cx);
    w->json->object(w->j, NULL);
    w->json->integer(w->j, "schema_version", 1);
    w->json->string(w->j, "model", model_name(w));
    w->json->string(w->j, "graph", w->graph->name(w->graph->of(w->module)));
    write_tool(w);
    write_passes(w);
    write_hardware(w);
    write_summary(w);
    write_accuracy(w);
    write_programming(w);
    w->json->array(w->j, "layers", false);
    for (size_t i = 0; i < layers; i++) write_layer(w, &layer[i]);
    w->json->close(w->j);
    if (floorplan) write_floorplan(w);
    write_assumptions(w);
    write_facts(w);
    write_warnings(w);
    w->json->close(w->j);
    return w->json->text(w->j, n);
}

static int write_format(struct writer *w, xb_sink *sink, const char *text, size_t n, const char *format)
{
    const xb_report_api *report = service(w->cx, "xb.report");
    char name[32];
    snprintf(name, sizeof name, "report.%s", strcmp(format, "text") ? format : "txt");
    if (sink->open(sink, name) < 0) return -1;
    if (!strcmp(format, "json"))
        sink->write(sink, text, n);
    else if (report->render(w->cx, text, n, format, sink) < 0)
        return -1;
    return sink->close(sink);
}

static const char *const format_names[] = {"text", "html", "md", "csv", NULL};

static int emit(xb_cx *cx, xb_module *module, xb_sink *sink, const void *options)
{
    const xb_report_options *o = options;
    struct writer w = {.cx = cx,
                       .module = module,
                       .json = service(cx, "xb.json"),
                       .graph = service(cx, "xb.graph"),
                       .layout_api = service(cx, "xb.layout"),
                       .journal = service(cx, "xb.journal"),
                       .run = service(cx, "xb.run")};
    w.layout = w.layout_api->of(module);
    w.hw = w.layout_api->hw(w.layout);
    size_t n;
    const char *text = build(&w, o->floorplan, &n);
    if (write_format(&w, sink, text, n, "json") < 0) return -1;
    const int *format = o->formats.data;
    for (size_t i = 0; i < o->formats.n; i++)
        if (write_format(&w, sink, text, n, format_names[format[i]]) < 0) return -1;
    return 0;
}

static const xb_option options[] = {
    {.name = "formats",
     .help = "written beside report.json",
     .type = XB_OPT_LIST,
     .elem = XB_OPT_CHOICE,
     .choices = format_names,
     .offset = offsetof(xb_report_options, formats),
     .def = "[text, html]"},
    {.name = "floorplan",
     .help = "the site of every array, for the picture in report.html",
     .type = XB_OPT_BOOL,
     .offset = offsetof(xb_report_options, floorplan),
     .def = "true"},
    {.name = NULL},
};

static const xb_backend report = {
    .struct_size = sizeof(xb_backend),
    .name = "report",
    .summary = "report.json, report.txt and a self-contained report.html",
    .doc = "Writes what the layout costs, per layer and in total: arrays, cells, utilisation, counted wires, routing "
           "area, converter operations, time and energy, with every assumption and its source, and the accuracies that "
           "were measured. report.json is the master; the other forms are made from it.",
    .example = "emit: [report: {formats: [text, html, csv]}]",
    .needs = (const char *const[]){"layout", NULL},
    .services = (const char *const[]){"xb.graph/1", "xb.layout/1", "xb.journal/1", "xb.json/1", "xb.report/1",
                                      "xb.run/1", NULL},
    .options = options,
    .options_size = sizeof(xb_report_options),
    .emit = emit,
};

XBARC_PLUGIN(report) = {
    XBARC_PLUGIN_HEADER,
    .name = "report",
    .version = "0.1",
    .backends = (const xb_backend *const[]){&report, NULL},
};
