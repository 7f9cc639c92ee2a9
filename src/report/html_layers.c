/* html_layers.c: the table of layers on the page, with its columns and totals. */
#include "report/fields.h"
#include <inttypes.h>
#include <string.h>

static void cell_int(const xb_page *p, int64_t v)
{
    char number[32];
    xb_page_print(p, "<td>%s</td>", xb_with_commas(number, v));
}

static void cell_known(const xb_page *p, const json_t *o, const char *key)
{
    if (xb_field_has(o, key))
        cell_int(p, xb_field_int(o, key));
    else
        xb_page_print(p, "<td>-</td>");
}

static void cell_unit(const xb_page *p, double v, const char *unit)
{
    char text[48];
    xb_page_print(p, "<td>%s</td>", xb_with_unit(text, v, unit));
}

static void cell_area(const xb_page *p, const json_t *o)
{
    char text[48];
    xb_page_print(p, "<td>%s</td>", xb_with_area(text, xb_field_real(o, "area_with_converters_um2")));
}

static void cell_wires(const xb_page *p, int64_t left, int64_t full)
{
    char a[32], b[32];
    if (left == full)
        cell_int(p, left);
    else
        xb_page_print(p, "<td>%s of %s</td>", xb_with_commas(a, left), xb_with_commas(b, full));
}

static void cell_used(const xb_page *p, const json_t *o)
{
    xb_page_print(p, "<td>%.1f %%</td>", 100 * xb_field_real(o, "cell_utilization"));
}

/* Columns of the table of layers that say nothing for this network are left out. */
typedef struct columns {
    bool dense, area, time, energy;
    bool padded; /* of fixed arrays most are: worth a word only where the rule is exact */
} columns;

static columns columns_of(const json_t *report)
{
    const json_t *layers = json_object_get(report, "layers"), *hw = json_object_get(report, "hardware");
    columns c = {.padded = !strcmp(xb_field_text(hw, "tiling_rule"), "exact"),
                 .area = xb_any_has(layers, "area_with_converters_um2"),
                 .time = xb_any_has(layers, "time_us"),
                 .energy = xb_any_has(layers, "energy_uj")};
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *l = json_array_get(layers, i);
        c.dense |= xb_field_int(l, "arrays") != xb_field_int(l, "arrays_dense");
    }
    return c;
}

static void cell_name(const xb_page *p, const json_t *l)
{
    char name[256], tail[256];
    xb_page_print(p, "<td title=\"");
    xb_page_escape(p, xb_field_text(l, "name"));
    xb_page_print(p, "\">");
    xb_page_escape(p, xb_name_tail(tail, xb_short_name(name, l), 26));
    xb_page_print(p, "</td><td class=\"l op\">");
    xb_page_escape(p, xb_field_text(l, "op"));
    xb_page_print(p, "</td>");
}

/* What a layer, or the chip, does for an image, and what it takes. */
static void cells_of_work(const xb_page *p, const json_t *of, columns show, const char *time)
{
    cell_known(p, of, "array_steps");
    cell_known(p, of, "adc_conversions");
    cell_known(p, of, "dac_conversions");
    if (show.area) cell_area(p, of);
    if (show.time) cell_unit(p, xb_field_real(of, time) * 1e-6, "s");
    if (show.energy) cell_unit(p, xb_field_real(of, "energy_uj") * 1e-6, "J");
}

static void layer_row(const xb_page *p, const json_t *l, columns show)
{
    char text[80], arrays[32];
    xb_page_print(p, "<tr>");
    cell_name(p, l);
    xb_page_print(p, "<td>%s</td><td>%s of %" PRId64 "x%" PRId64 "%s%s</td>", xb_matrix_text(text, l),
                  xb_with_commas(arrays, xb_field_int(l, "arrays")), xb_field_int(l, "array_rows"),
                  xb_field_int(l, "array_cols"),
                  xb_field_true(l, "spread")   ? " <small>spread</small>"
                  : xb_field_true(l, "packed") ? " <small>packed</small>"
                                               : "",
                  show.padded && xb_field_true(l, "padded") ? " <small>padded</small>" : "");
    if (show.dense) cell_int(p, xb_field_int(l, "arrays_dense"));
    cell_int(p, xb_field_int(l, "cells"));
    cell_used(p, l);
    cell_wires(p, xb_field_sum(l, "row_wires", "col_wires"), xb_field_sum(l, "row_wires_full", "col_wires_full"));
    cells_of_work(p, l, show, "time_us");
    xb_page_print(p, "</tr>\n");
}

static void total_row(const xb_page *p, const json_t *s, columns show)
{
    xb_page_print(p, "<tr><td>total</td><td class=\"op\"></td><td></td>");
    cell_int(p, xb_field_int(s, "crossbar_arrays"));
    if (show.dense) xb_page_print(p, "<td></td>");
    cell_int(p, xb_field_int(s, "crossbar_cells"));
    cell_used(p, s);
    cell_wires(p, xb_field_int(s, "routing_wires"), xb_field_int(s, "routing_wires_full"));
    cells_of_work(p, s, show, "latency_us");
    xb_page_print(p, "</tr>");
}

void xb_html_layers(const xb_page *p, const json_t *report)
{
    const json_t *layers = json_object_get(report, "layers");
    columns show = columns_of(report);
    xb_page_print(p,
                  "<h2>Layers</h2><div class=\"wide\"><table><thead><tr><th>layer</th><th class=\"l op\">operator</th>"
                  "<th>matrix</th><th>arrays</th>%s<th>cells</th><th>used</th><th>wires</th><th>array steps</th>"
                  "<th>ADC conversions</th><th>DAC conversions</th>%s%s%s</tr></thead><tbody>\n",
                  show.dense ? "<th>arrays if dense</th>" : "", show.area ? "<th>area with converters</th>" : "",
                  show.time ? "<th>time</th>" : "", show.energy ? "<th>energy</th>" : "");
    for (size_t i = 0; i < json_array_size(layers); i++) layer_row(p, json_array_get(layers, i), show);
    xb_page_print(p, "</tbody><tfoot>");
    total_row(p, json_object_get(report, "summary"), show);
    xb_page_print(p, "</tfoot></table></div>\n");
}
