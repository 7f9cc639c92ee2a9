/* report.c: report.json, the master of all reports, and what people read of it: report.txt and report.html.
 *
 * Every number is a count of the layout, a figure of the hardware file times a count, or a fact of the journal. Units
 * stand in the key names. docs/formats/report.md describes the keys.
 */
#include <stdio.h>
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
        w->json->string(w->j, "path", input[i][1]);
        w->json->string(w->j, "sha256", input[i][2]);
        w->json->close(w->j);
    }
    w->json->close(w->j);
    const char *const(*pass)[2];
    n = w->run->passes(w->cx, &pass);
    w->json->array(w->j, "passes", false);
    for (size_t i = 0; i < n; i++) {
        w->json->object(w->j, NULL);
        w->json->string(w->j, "name", pass[i][0]);
        w->json->string(w->j, "options", pass[i][1]);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

static void write_hardware(struct writer *w)
{
    const xb_hw *hw = w->hw;
    w->json->object(w->j, "hardware");
    w->json->string(w->j, "name", hw->name);
    w->json->string(w->j, "file", hw->file);
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
        if (!strcmp(input[i][0], "model")) {
            const char *slash = strrchr(input[i][1], '/');
            return slash ? slash + 1 : input[i][1];
        }
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

static void write_summary(struct writer *w)
{
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
    json->real(w->j, "crossbar_area_ratio", ratio((double)c->cells, dense));
    json->integer(w->j, "crossbar_devices", c->cells * w->hw->devices_per_cell);
    json->integer(w->j, "array_cells", c->array_cells);
    json->integer(w->j, "padding_cells", c->padding_cells);
    json->integer(w->j, "compacted_cells", c->compacted_cells);
    json->integer(w->j, "zero_arrays", c->zero_arrays);
    json->real(w->j, "cell_utilization", ratio((double)c->cells, (double)c->array_cells));
    json->integer(w->j, "routing_wires", c->wires);
    json->integer(w->j, "routing_wires_full", c->wires_full);
    json->real(w->j, "routing_area_ratio", c->routing_area_ratio_mean);
    json->real(w->j, "routing_area_ratio_pooled", c->routing_area_ratio_pooled);
    json->real(w->j, "cell_area_um2", micro2(c->cell_area));
    json->real(w->j, "array_area_um2", micro2(c->array_area));
    json->real(w->j, "periphery_area_um2", micro2(c->periphery_area));
    json->integer(w->j, "units", c->units);
    json->integer(w->j, "tiles", c->tiles);
    json->real(w->j, "peak_power_mw", c->peak_power * 1e3);
    json->real(w->j, "latency_us", c->latency * 1e6);
    json->real(w->j, "interval_us", c->interval * 1e6);
    json->real(w->j, "images_per_s", c->interval > 0 ? 1 / c->interval : 0);
    json->real(w->j, "energy_uj", c->energy * 1e6);
    json->string(w->j, "critical_layer", c->critical_layer);
    json->integer(w->j, "mesh_rows", mesh_rows);
    json->integer(w->j, "mesh_cols", mesh_cols);
    json->close(w->j);
}

/* One measured accuracy, "accuracy.STAGE.METRIC" facts as they were journalled. */
static void write_accuracy(struct writer *w)
{
    static const char *const stages[] = {"reference", "compiled"};
    static const char *const metrics[] = {"top1", "top5", "loss",      "correct", "total",
                                          "lo95", "hi95", "agreement", "mse",     "psnr"};
    w->json->object(w->j, "accuracy");
    for (size_t s = 0; s < 2; s++) {
        bool open = false;
        for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
            char key[64];
            snprintf(key, sizeof key, "accuracy.%s.%s", stages[s], metrics[m]);
            const xb_fact *fact = find_fact(w, key);
            if (!fact) continue;
            if (!open) w->json->object(w->j, stages[s]);
            if (!open) w->json->string(w->j, "split", fact->split);
            open = true;
            w->json->real(w->j, metrics[m], fact->value);
        }
        if (open) w->json->close(w->j);
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
    json->integer(j, "arrays", l->arrays);
    json->integer(j, "arrays_dense", l->arrays_dense);
    json->integer(j, "cells", l->cells);
    json->integer(j, "array_cells_total", l->array_cells);
    json->integer(j, "padding_cells", l->padding_cells);
    json->integer(j, "compacted_cells", l->compacted_cells);
    json->integer(j, "zero_arrays", l->zero_arrays);
    json->real(j, "cell_utilization", ratio((double)l->cells, (double)l->array_cells));
    json->integer(j, "row_wires", l->row_wires);
    json->integer(j, "col_wires", l->col_wires);
    json->integer(j, "row_wires_full", l->row_wires_full);
    json->integer(j, "col_wires_full", l->col_wires_full);
    json->real(j, "routing_area_ratio", l->routing_area_ratio);
    json->integer(j, "mvms", l->mvms);
    json->real(j, "array_steps", l->steps);
    json->real(j, "adc_conversions", l->adc_conversions);
    json->real(j, "dac_conversions", l->dac_conversions);
    json->real(j, "time_us", l->time * 1e6);
    json->real(j, "energy_uj", l->energy * 1e6);
    json->real(j, "energy_adc_uj", l->energy_adc * 1e6);
    json->real(j, "energy_dac_uj", l->energy_dac * 1e6);
    json->real(j, "energy_array_uj", l->energy_xbar * 1e6);
    json->real(j, "energy_digital_uj", l->energy_digital * 1e6);
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
        w->json->real(w->j, NULL, ratio(used, (double)array[i].rows * (double)array[i].cols));
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

static void assume(struct writer *w, const char *key, double value, const char *unit, const char *source)
{
    if (value == 0) return;
    w->json->object(w->j, NULL);
    w->json->string(w->j, "key", key);
    w->json->real(w->j, "value", value);
    w->json->string(w->j, "unit", unit);
    w->json->string(w->j, "source", source ? source : w->hw->source);
    w->json->close(w->j);
}

static void assume_component(struct writer *w, const char *name, const xb_component *c)
{
    char key[64];
    snprintf(key, sizeof key, "%s.power", name);
    assume(w, key, c->power * 1e3, "mW", c->source);
    snprintf(key, sizeof key, "%s.area", name);
    assume(w, key, c->area * 1e12, "um2", c->source);
    snprintf(key, sizeof key, "%s.energy", name);
    assume(w, key, c->energy * 1e12, "pJ", c->source);
}

static void write_assumptions(struct writer *w)
{
    const xb_hw *hw = w->hw;
    w->json->array(w->j, "assumptions", false);
    assume(w, "crossbar.cell_area", hw->cell_area * 1e18, "nm2", hw->crossbar_source);
    assume(w, "crossbar.wire_pitch", hw->wire_pitch * 1e9, "nm", hw->crossbar_source);
    assume(w, "interface.input_bits", (double)hw->input_bits, "bit", hw->interface_source);
    assume(w, "interface.dac_bits", (double)hw->dac_bits, "bit", hw->interface_source);
    assume(w, "interface.adc_bits", (double)hw->adc_bits, "bit", hw->interface_source);
    assume(w, "interface.adc_per_xbar", (double)hw->adc_per_xbar, "1", hw->interface_source);
    assume(w, "interface.adc_rate", hw->adc_rate * 1e-6, "MS/s", hw->interface_source);
    assume(w, "interface.read_time", hw->read_time * 1e9, "ns", hw->interface_source);
    assume_component(w, "adc", &hw->adc);
    assume_component(w, "dac", &hw->dac);
    assume_component(w, "xbar", &hw->xbar);
    assume_component(w, "sample_hold", &hw->sample_hold);
    assume_component(w, "shift_add", &hw->shift_add);
    assume_component(w, "in_register", &hw->in_register);
    assume_component(w, "out_register", &hw->out_register);
    assume_component(w, "tile_register", &hw->tile_register);
    assume_component(w, "activation", &hw->activation);
    assume_component(w, "pool", &hw->pool);
    assume_component(w, "buffer", &hw->buffer);
    assume_component(w, "router", &hw->router);
    assume_component(w, "wire", &hw->wire);
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
            w->json->real(w->j, "value", fact[i].value);
        w->json->string(w->j, "unit", fact[i].unit);
        w->json->string(w->j, "source", fact[i].source);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

static void write_warnings(struct writer *w)
{
    const xb_layer_cost *layer;
    size_t n = w->layout_api->layer_costs(w->layout, &layer);
    w->json->array(w->j, "warnings", false);
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
    write_hardware(w);
    write_summary(w);
    write_accuracy(w);
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
    static const char *const names[] = {"text", "html", "md", "csv"};
    for (size_t i = 0; i < o->formats.n; i++)
        if (write_format(&w, sink, text, n, names[format[i]]) < 0) return -1;
    return 0;
}

static const char *const format_names[] = {"text", "html", "md", "csv", NULL};

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
           "area, "
           "converter operations, time and energy, with every assumption and its source, and the accuracies that were "
           "measured. report.json is the master; the other forms are made from it.",
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
