/* html.c: the report as one self-contained page: no script, no network. */
#include "report/fields.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char style[] =
    ":root{--ink:#1c2430;--soft:#5b6675;--line:#d9dee5;--page:#fff;--card:#f5f7fa;--accent:#2563a8}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e8ee;--soft:#9aa5b4;--line:#333c48;--page:#14181e;--card:#1c222b;"
    "--accent:#7fb2ea}}"
    "body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--page);margin:2rem auto;max-width:82rem;"
    "padding:0 1.2rem}h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:2.2rem 0 .6rem;border-bottom:1px solid "
    "var(--line);padding-bottom:.25rem}p.sub{color:var(--soft);margin:.2rem 0 1.4rem}"
    ".cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(11.5rem,1fr));gap:.7rem}"
    ".card{background:var(--card);border-radius:.5rem;padding:.7rem .9rem}.card b{display:block;font-size:1.35rem;"
    "font-weight:600}.card span{color:var(--soft);font-size:.85rem}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.88rem;width:100%"
    "}"
    "th,td{padding:.28rem .55rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}"
    "th{color:var(--soft);font-weight:600}td:first-child,th:first-child,.l{text-align:left}"
    "tfoot td{font-weight:600;border-top:2px solid var(--line)}td.src{white-space:normal;text-align:left}"
    ".die{fill:var(--card)}.plan{max-width:100%;height:auto;border-radius:.3rem}"
    "ul.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.85rem}"
    "ul.legend i{display:inline-block;width:.8em;height:.8em;border-radius:.15em;margin-right:.4em}"
    ".figures{display:flex;flex-wrap:wrap;gap:1rem 2rem}figure{margin:0}figcaption{color:var(--soft);font-size:.88rem}"
    "svg text{font:11px system-ui,sans-serif;fill:var(--ink)}ul.warn li{color:#b45309}code{font-size:.85em}"
    "footer{color:var(--soft);font-size:.82rem;margin-top:2.5rem}";

static void card(const xb_page *p, const char *value, const char *label)
{
    xb_page_print(p, "<div class=\"card\"><b>%s</b><span>%s</span></div>\n", value, label);
}

static void accuracy_card(const xb_page *p, const json_t *accuracy, const char *stage)
{
    const json_t *a = json_object_get(accuracy, stage);
    char value[64], label[160];
    if (json_object_get(a, "top1")) {
        snprintf(value, sizeof value, "%.2f %%", 100 * xb_field_real(a, "top1"));
        snprintf(label, sizeof label, "top-1, %s; 95 %% interval %.2f &ndash; %.2f, n = %" PRId64,
                 strcmp(stage, "reference") ? "as compiled" : "as imported", 100 * xb_field_real(a, "lo95"),
                 100 * xb_field_real(a, "hi95"), (int64_t)xb_field_real(a, "total"));
        card(p, value, label);
    } else if (json_object_get(a, "agreement")) {
        snprintf(value, sizeof value, "%.2f %%", 100 * xb_field_real(a, "agreement"));
        card(p, value, "agreement with the float reference");
    }
}

static void cards(const xb_page *p, const json_t *report)
{
    const json_t *s = json_object_get(report, "summary"), *accuracy = json_object_get(report, "accuracy");
    char text[48], label[96], number[32];
    xb_page_print(p, "<div class=\"cards\">\n");
    accuracy_card(p, accuracy, "reference");
    accuracy_card(p, accuracy, "compiled");
    card(p, xb_with_commas(number, xb_field_int(s, "crossbar_cells")), "crossbar cells");
    snprintf(text, sizeof text, "%.2f %%", 100 * xb_field_real(s, "crossbar_area_ratio"));
    card(p, text, "of the imported network's cells");
    snprintf(label, sizeof label, "arrays, %.1f %% of their cells used", 100 * xb_field_real(s, "cell_utilization"));
    card(p, xb_with_commas(number, xb_field_int(s, "crossbar_arrays")), label);
    snprintf(label, sizeof label, "wires between arrays; routing area %.1f %%",
             100 * xb_field_real(s, "routing_area_ratio"));
    card(p, xb_with_commas(number, xb_field_int(s, "routing_wires")), label);
    if (xb_field_real(s, "latency_us") > 0) {
        snprintf(label, sizeof label, "an image; one every %s",
                 xb_with_unit(text, xb_field_real(s, "interval_us") * 1e-6, "s"));
        card(p, xb_with_unit(text, xb_field_real(s, "latency_us") * 1e-6, "s"), label);
    }
    if (xb_field_real(s, "energy_uj") > 0)
        card(p, xb_with_unit(text, xb_field_real(s, "energy_uj") * 1e-6, "J"), "an image, arrays and converters");
    double arrays = xb_field_real(s, "array_area_um2"), periphery = xb_field_real(s, "periphery_area_um2");
    card(p, xb_with_area(text, arrays + periphery),
         periphery > 0 ? "arrays with periphery" : "arrays; periphery not given");
    xb_page_print(p, "</div>\n");
}

static void cell_int(const xb_page *p, int64_t v)
{
    char number[32];
    xb_page_print(p, "<td>%s</td>", xb_with_commas(number, v));
}

static void cell_wires(const xb_page *p, int64_t left, int64_t full)
{
    char a[32], b[32];
    if (left == full)
        cell_int(p, left);
    else
        xb_page_print(p, "<td>%s of %s</td>", xb_with_commas(a, left), xb_with_commas(b, full));
}

static void layer_row(const xb_page *p, const json_t *l)
{
    char matrix[48], text[48];
    xb_page_print(p, "<tr><td>");
    xb_page_escape(p, xb_field_text(l, "name"));
    xb_page_print(p, "</td><td class=\"l\">%s</td><td>%s</td>", xb_field_text(l, "op"), xb_matrix_text(matrix, l));
    cell_int(p, xb_field_int(l, "arrays"));
    xb_page_print(p, "<td>%" PRId64 "x%" PRId64 "%s%s</td>", xb_field_int(l, "array_rows"),
                  xb_field_int(l, "array_cols"), xb_field_true(l, "packed") ? " packed" : "",
                  xb_field_true(l, "padded") ? " padded" : "");
    cell_int(p, xb_field_int(l, "arrays_dense"));
    cell_int(p, xb_field_int(l, "cells"));
    xb_page_print(p, "<td>%.1f %%</td>", 100 * xb_field_real(l, "cell_utilization"));
    cell_wires(p, xb_field_int(l, "row_wires") + xb_field_int(l, "col_wires"),
               xb_field_int(l, "row_wires_full") + xb_field_int(l, "col_wires_full"));
    cell_int(p, xb_field_int(l, "mvms"));
    cell_int(p, (int64_t)xb_field_real(l, "adc_conversions"));
    xb_page_print(p, "<td>%s</td>", xb_with_unit(text, xb_field_real(l, "time_us") * 1e-6, "s"));
    xb_page_print(p, "<td>%s</td></tr>\n", xb_with_unit(text, xb_field_real(l, "energy_uj") * 1e-6, "J"));
}

static void layer_table(const xb_page *p, const json_t *report)
{
    const json_t *layers = json_object_get(report, "layers"), *s = json_object_get(report, "summary");
    char a[32], b[32], time[48], energy[48];
    xb_page_print(p,
                  "<h2>Layers</h2><div class=\"wide\"><table><thead><tr><th>layer</th><th class=\"l\">operator</th>"
                  "<th>matrix</th><th>arrays</th><th>of</th><th>if dense</th><th>cells</th><th>used</th><th>wires</th>"
                  "<th>MVMs</th><th>ADC conversions</th><th>time</th><th>energy</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(layers); i++) layer_row(p, json_array_get(layers, i));
    xb_page_print(
        p,
        "</tbody><tfoot><tr><td>total</td><td></td><td></td><td>%s</td><td></td><td></td><td>%s</td><td>%.1f "
        "%%</td><td>%" PRId64 " / %" PRId64 "</td><td></td><td></td><td>%s</td><td>%s</td></tr></tfoot></table>"
        "</div>\n",
        xb_with_commas(a, xb_field_int(s, "crossbar_arrays")), xb_with_commas(b, xb_field_int(s, "crossbar_cells")),
        100 * xb_field_real(s, "cell_utilization"), xb_field_int(s, "routing_wires"),
        xb_field_int(s, "routing_wires_full"), xb_with_unit(time, xb_field_real(s, "latency_us") * 1e-6, "s"),
        xb_with_unit(energy, xb_field_real(s, "energy_uj") * 1e-6, "J"));
}

/* A table of string and number members of an array of objects. */
static void object_table(const xb_page *p, const json_t *list, const char *title, const char *const *keys)
{
    if (!json_array_size(list)) return;
    xb_page_print(p, "<h2>%s</h2><div class=\"wide\"><table><thead><tr>", title);
    for (const char *const *k = keys; *k; k++) xb_page_print(p, "<th class=\"l\">%s</th>", *k);
    xb_page_print(p, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        xb_page_print(p, "<tr>");
        for (const char *const *k = keys; *k; k++) {
            const json_t *v = json_object_get(json_array_get(list, i), *k);
            xb_page_print(p, "<td class=\"src\">");
            if (json_is_number(v))
                xb_page_print(p, "%.6g", json_number_value(v));
            else
                xb_page_escape(p, json_is_string(v) ? json_string_value(v) : "");
            xb_page_print(p, "</td>");
        }
        xb_page_print(p, "</tr>\n");
    }
    xb_page_print(p, "</tbody></table></div>\n");
}

static void warnings(const xb_page *p, const json_t *list)
{
    if (!json_array_size(list)) return;
    xb_page_print(p, "<h2>Warnings</h2><ul class=\"warn\">\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        xb_page_print(p, "<li>");
        xb_page_escape(p, xb_item_text(list, i));
        xb_page_print(p, "</li>\n");
    }
    xb_page_print(p, "</ul>\n");
}

static void heading(const xb_page *p, const json_t *report)
{
    const json_t *hw = json_object_get(report, "hardware");
    xb_buf hardware = {0};
    xb_hardware_text(&hardware, report);
    xb_page_print(p, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                     "content=\"width=device-width\"><title>xbarc: ");
    xb_page_escape(p, xb_field_text(report, "model"));
    xb_page_print(p, "</title><style>%s</style></head><body>\n<h1>", style);
    xb_page_escape(p, xb_field_text(report, "model"));
    xb_page_print(p, "</h1><p class=\"sub\">on ");
    xb_page_escape(p, xb_buf_cstr(&hardware));
    if (*xb_field_text(hw, "source")) {
        xb_page_print(p, " (");
        xb_page_escape(p, xb_field_text(hw, "source"));
        xb_page_print(p, ")");
    }
    xb_page_print(p, "</p>\n");
    xb_buf_free(&hardware);
}

void xb_render_html(const xb_page *p, const json_t *report)
{
    static const char *const assumption_keys[] = {"key", "value", "unit", "source", NULL};
    static const char *const fact_keys[] = {"key", "value", "text", "unit", "source", NULL};
    static const char *const pass_keys[] = {"name", "options", NULL};
    static const char *const input_keys[] = {"kind", "path", "sha256", NULL};
    const json_t *layers = json_object_get(report, "layers"), *tool = json_object_get(report, "tool");
    heading(p, report);
    cards(p, report);
    warnings(p, json_object_get(report, "warnings"));
    layer_table(p, report);
    xb_page_print(p, "<h2>Floorplan</h2>\n");
    xb_svg_floorplan(p, report);
    xb_page_print(p, "<h2>Where it goes</h2><div class=\"figures\">\n");
    xb_svg_bars(p, layers, "cells", "cells", "");
    xb_svg_bars(p, layers, "time_us", "time an image", "us");
    xb_svg_bars(p, layers, "energy_uj", "energy an image", "uJ");
    xb_page_print(p, "</div>\n");
    object_table(p, json_object_get(report, "assumptions"), "Assumptions", assumption_keys);
    object_table(p, json_object_get(report, "passes"), "Passes", pass_keys);
    object_table(p, json_object_get(report, "facts"), "Measured", fact_keys);
    object_table(p, json_object_get(report, "inputs"), "Made from", input_keys);
    xb_page_print(
        p,
        "<footer>xbarc %s, numeric profile %s. Times, energies and areas are estimates from the hardware file; "
        "accuracies are measured.</footer></body></html>\n",
        xb_field_text(tool, "version"), xb_field_text(tool, "numeric_profile"));
}
