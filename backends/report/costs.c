/* costs.c: what the layout costs, in total and per layer: counts, and figures of the hardware file times counts. The
 * layers' figures add up to the totals. */
#include "writer.h"

static double micro2(double square_metres)
{
    return square_metres * 1e12;
}

/* Arrays, their converters, and both, where both are known: an array is not free because its ADC has no figure. */
static void write_tile_area(xb_report_writer *w, double arrays, double converters)
{
    xb_report_figure(w, "array_area_um2", micro2(arrays));
    xb_report_figure(w, "converter_area_um2", micro2(converters));
    xb_report_figure(w, "area_with_converters_um2", arrays > 0 && converters > 0 ? micro2(arrays + converters) : 0);
}

/* Has every layer a time? A sum that leaves some out would be wrong. */
static bool has_times(const xb_report_writer *w)
{
    const xb_layer_cost *layer;
    size_t n = w->layout_api->layer_costs(w->layout, &layer);
    for (size_t i = 0; i < n; i++)
        if (!(layer[i].time > 0)) return false;
    return n > 0;
}

/* The layout knows the matrices as they are; the pass that deletes wires what they were before it removed units. */
static void write_ratio_as_came(xb_report_writer *w)
{
    const xb_fact *mean = xb_report_find_pass(w, "routing-area-ratio-mean");
    const xb_fact *pooled = xb_report_find_pass(w, "routing-area-ratio-pooled");
    if (!mean || !pooled) return;
    xb_report_real(w, "routing_area_ratio_as_came", mean->value);
    xb_report_real(w, "routing_area_ratio_as_came_pooled", pooled->value);
}

void xb_report_write_summary(xb_report_writer *w)
{
    bool timed = has_times(w);
    const xb_json_api *json = w->json;
    const xb_chip_cost *c = w->layout_api->chip_cost(w->layout);
    const xb_fact *reference = xb_report_find_fact(w, "crossbar.reference_cells");
    double dense = reference ? reference->value : (double)c->cells;
    int32_t mesh_rows, mesh_cols;
    w->layout_api->mesh(w->layout, &mesh_rows, &mesh_cols);
    json->object(w->j, "summary");
    json->integer(w->j, "layers", c->layers);
    json->integer(w->j, "crossbar_arrays", c->arrays);
    json->integer(w->j, "crossbar_cells", c->cells);
    json->integer(w->j, "crossbar_cells_reference", (int64_t)dense);
    xb_report_real(w, "crossbar_area_ratio", xb_report_ratio((double)c->cells, dense));
    json->integer(w->j, "crossbar_devices", c->devices);
    json->integer(w->j, "array_cells", c->array_cells);
    json->integer(w->j, "padding_cells", c->padding_cells);
    json->integer(w->j, "compacted_cells", c->compacted_cells);
    json->integer(w->j, "zero_arrays", c->zero_arrays);
    xb_report_real(w, "cell_utilization", xb_report_ratio((double)c->cells, (double)c->array_cells));
    json->integer(w->j, "routing_wires", c->wires);
    json->integer(w->j, "routing_wires_full", c->wires_full);
    xb_report_real(w, "routing_area_ratio", c->routing_area_ratio_mean);
    xb_report_real(w, "routing_area_ratio_pooled", c->routing_area_ratio_pooled);
    write_ratio_as_came(w);
    xb_report_figure(w, "cell_area_um2", micro2(c->cell_area));
    write_tile_area(w, c->array_area, c->converter_area);
    xb_report_figure(w, "periphery_area_um2", micro2(c->periphery_area));
    json->integer(w->j, "units", c->units);
    json->integer(w->j, "tiles", c->tiles);
    xb_report_figure(w, "peak_power_mw", c->peak_power * 1e3);
    xb_report_figure(w, "array_steps", c->steps);
    xb_report_figure(w, "adc_conversions", c->adc_conversions);
    xb_report_figure(w, "dac_conversions", c->dac_conversions);
    xb_report_figure(w, "latency_us", timed ? c->latency * 1e6 : 0);
    xb_report_figure(w, "interval_us", timed ? c->interval * 1e6 : 0);
    xb_report_figure(w, "images_per_s", timed ? 1 / c->interval : 0);
    xb_report_figure(w, "energy_uj", c->energy * 1e6);
    json->string(w->j, "critical_layer", timed ? c->critical_layer : NULL);
    json->integer(w->j, "mesh_rows", mesh_rows);
    json->integer(w->j, "mesh_cols", mesh_cols);
    json->close(w->j);
}

static void write_layer(xb_report_writer *w, const xb_layer_cost *l)
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
    xb_report_real(w, "cell_utilization", xb_report_ratio((double)l->cells, (double)l->array_cells));
    json->integer(j, "row_wires", l->row_wires);
    json->integer(j, "col_wires", l->col_wires);
    json->integer(j, "row_wires_full", l->row_wires_full);
    json->integer(j, "col_wires_full", l->col_wires_full);
    xb_report_real(w, "routing_area_ratio", l->routing_area_ratio);
    xb_report_figure(w, "mvms", (double)l->mvms);
    xb_report_figure(w, "array_steps", l->steps);
    xb_report_figure(w, "adc_conversions", l->adc_conversions);
    xb_report_figure(w, "dac_conversions", l->dac_conversions);
    write_tile_area(w, l->array_area, l->converter_area);
    xb_report_figure(w, "time_us", l->time * 1e6);
    xb_report_figure(w, "energy_uj", l->energy * 1e6);
    xb_report_figure(w, "energy_adc_uj", l->energy_adc * 1e6);
    xb_report_figure(w, "energy_dac_uj", l->energy_dac * 1e6);
    xb_report_figure(w, "energy_array_uj", l->energy_xbar * 1e6);
    xb_report_figure(w, "energy_digital_uj", l->energy_digital * 1e6);
    json->close(j);
}

void xb_report_write_layers(xb_report_writer *w)
{
    const xb_layer_cost *layer;
    size_t n = w->layout_api->layer_costs(w->layout, &layer);
    w->json->array(w->j, "layers", false);
    for (size_t i = 0; i < n; i++) write_layer(w, &layer[i]);
    w->json->close(w->j);
}

/* [x, y, layer, occupied fraction] of every array, in order of arrays. */
void xb_report_write_floorplan(xb_report_writer *w)
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
        xb_report_real(w, NULL, xb_report_ratio(used, (double)array[i].rows * (double)array[i].cols));
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

/* value: a number, unless words are given. */
static void write_assumption(xb_report_writer *w, const char *key, double value, const char *words, const char *unit,
                             const char *source)
{
    w->json->object(w->j, NULL);
    w->json->string(w->j, "key", key);
    if (words)
        w->json->string(w->j, "value", words);
    else
        xb_report_real(w, "value", value);
    w->json->string(w->j, "unit", unit);
    w->json->string(w->j, "source", source);
    w->json->close(w->j);
}

void xb_report_write_assumptions(xb_report_writer *w)
{
    const xb_fact *fact;
    size_t n = w->journal->facts(w->module, &fact);
    w->json->array(w->j, "assumptions", false);
    for (size_t i = 0; i < w->hw->n_assumptions; i++) {
        const xb_assumption *a = &w->hw->assumptions[i];
        write_assumption(w, a->key, a->value, NULL, a->unit, a->source);
    }
    for (size_t i = 0; i < n; i++)
        if (xb_report_is_assumption(&fact[i]))
            write_assumption(w, fact[i].key + strlen(XB_REPORT_ASSUMED), fact[i].value, fact[i].text, fact[i].unit,
                             fact[i].source);
    w->json->close(w->j);
}
