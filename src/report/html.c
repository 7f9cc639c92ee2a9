/* html.c: the report as one self-contained page: no script, no network. */
#include "report/fields.h"
#include "report/traces.h"
#include <inttypes.h>
#include <stdio.h>

static void card(const xb_page *p, const char *value, const char *label)
{
    xb_page_print(p, "<div class=\"card\"><b>%s</b><span>%s</span></div>\n", value, label);
}

static void accuracy_card(const xb_page *p, const json_t *accuracy, const char *stage, const char *what)
{
    const json_t *a = json_object_get(accuracy, stage);
    char value[64], label[160];
    if (xb_field_has(a, "top1")) {
        snprintf(value, sizeof value, "%.2f %%", 100 * xb_field_real(a, "top1"));
        snprintf(label, sizeof label, "top-1, %s; 95 %% interval %.2f &ndash; %.2f, n = %" PRId64, what,
                 100 * xb_field_real(a, "lo95"), 100 * xb_field_real(a, "hi95"), xb_field_int(a, "total"));
        card(p, value, label);
    } else if (xb_field_has(a, "agreement")) {
        snprintf(value, sizeof value, "%.2f %%", 100 * xb_field_real(a, "agreement"));
        card(p, value, "agreement with the float reference");
    }
}

static void accuracy_cards(const xb_page *p, const json_t *accuracy)
{
    if (xb_same_accuracy(accuracy)) {
        accuracy_card(p, accuracy, "compiled", "as imported and as compiled");
        return;
    }
    accuracy_card(p, accuracy, "reference", "as imported");
    accuracy_card(p, accuracy, "compiled", "as compiled");
}

static void chips_card(const xb_page *p, const json_t *accuracy)
{
    xb_chips c;
    char value[64], label[200];
    if (!xb_field_chips(accuracy, &c)) return;
    snprintf(value, sizeof value, "%.2f %%", 100 * c.mean);
    snprintf(label, sizeof label,
             "%s of simulated chips; mean of %" PRId64 ", 95 %% interval %.2f &ndash; %.2f, lowest %.2f", c.metric,
             c.trials, 100 * c.lo95, 100 * c.hi95, 100 * c.min);
    card(p, value, label);
}

static void cards(const xb_page *p, const json_t *report)
{
    const json_t *s = json_object_get(report, "summary");
    char text[48], label[96], number[32];
    xb_page_print(p, "<div class=\"cards\">\n");
    accuracy_cards(p, json_object_get(report, "accuracy"));
    chips_card(p, json_object_get(report, "accuracy"));
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

static void object_cell(const xb_page *p, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    char text[64];
    xb_page_print(p, "<td class=\"src\">");
    if (json_is_number(v))
        xb_page_escape(p, xb_with_given_unit(text, json_number_value(v), xb_field_text(o, "unit")));
    else if (json_is_true(v))
        xb_page_print(p, "yes");
    else
        xb_page_escape(p, json_is_string(v) ? json_string_value(v) : "");
    xb_page_print(p, "</td>");
}

/* A table of members of an array of objects: {key, heading} ...; numbers with the unit beside them. A column that is
 * empty everywhere is left out. */
static void object_table(const xb_page *p, const json_t *list, const char *title, const char *const (*keys)[2])
{
    const char *const *shown[8];
    size_t n = 0;
    for (; **keys && n < 8; keys++)
        for (size_t i = 0; i < json_array_size(list); i++)
            if (json_object_get(json_array_get(list, i), **keys)) {
                shown[n++] = *keys;
                break;
            }
    if (!n) return;
    xb_page_print(p, "<h2>%s</h2><div class=\"wide\"><table><thead><tr>", title);
    for (size_t k = 0; k < n; k++) xb_page_print(p, "<th class=\"l\">%s</th>", shown[k][1]);
    xb_page_print(p, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        xb_page_print(p, "<tr>");
        for (size_t k = 0; k < n; k++) object_cell(p, json_array_get(list, i), shown[k][0]);
        xb_page_print(p, "</tr>\n");
    }
    xb_page_print(p, "</tbody></table></div>\n");
}

static void words(const xb_page *p, const json_t *report, const char *before,
                  bool (*text)(xb_buf *b, const json_t *report))
{
    xb_buf b = {0};
    if (text(&b, report)) {
        xb_page_print(p, "<p class=\"sub\">%s", before);
        xb_page_escape(p, xb_buf_cstr(&b));
        xb_page_print(p, ".</p>\n");
    }
    xb_buf_free(&b);
}

static void programming(const xb_page *p, const json_t *report)
{
    const json_t *methods = json_object_get(report, "programming");
    xb_buf chip = {0};
    if (!json_array_size(methods)) return;
    xb_page_print(p, "<h2>Programming</h2><p class=\"sub\">Expected, for all devices of one chip");
    if (xb_chip_text(&chip, report)) xb_page_print(p, ", ");
    xb_page_escape(p, xb_buf_cstr(&chip));
    xb_buf_free(&chip);
    xb_page_print(p, ".</p>\n");
    words(p, report, "Assumed: ", xb_writing_text);
    xb_page_print(p,
                  "<div class=\"wide\">"
                  "<table><thead><tr><th>method</th><th>writes a device</th><th>time</th><th>right at the first write"
                  "</th><th>spread left, of ln G</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(methods); i++) {
        const json_t *m = json_array_get(methods, i);
        char time[48];
        xb_page_print(p, "<tr><td>");
        xb_page_escape(p, xb_field_text(m, "method"));
        xb_page_print(p, "%s</td><td>%.2f</td>", xb_field_true(m, "chosen") ? " <small>chosen</small>" : "",
                      xb_field_real(m, "writes_per_device"));
        xb_page_print(p, "<td>%s</td><td>%.1f %%</td><td>%.4f</td></tr>\n",
                      xb_with_unit(time, xb_field_real(m, "seconds"), "s"), 100 * xb_field_real(m, "success"),
                      xb_field_real(m, "residual"));
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
    xb_page_print(p, "</title><style>%s</style></head><body>\n<h1>", xb_html_style);
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
    static const char *const assumption_keys[][2] = {
        {"key", "figure"}, {"value", "value"}, {"source", "source"}, {NULL, NULL}};
    static const char *const fact_keys[][2] = {
        {"key", "fact"}, {"value", "value"}, {"text", "text"}, {"source", "source"}, {NULL, NULL}};
    static const char *const pass_keys[][2] = {{"name", "pass"},
                                               {"options", "options"},
                                               {"rolled_back", "rolled back by the gate"},
                                               {"left_out", "left out"},
                                               {NULL, NULL}};
    static const char *const input_keys[][2] = {{"kind", "kind"}, {"path", "file"}, {"sha256", "sha256"}, {NULL, NULL}};
    const json_t *layers = json_object_get(report, "layers"), *tool = json_object_get(report, "tool");
    heading(p, report);
    cards(p, report);
    words(p, report, "Devices of the simulated chips: ", xb_devices_text);
    warnings(p, json_object_get(report, "warnings"));
    xb_html_layers(p, report);
    xb_page_print(p, "<h2>Floorplan</h2>\n");
    xb_svg_floorplan(p, report);
    xb_page_print(p, "<h2>Where it goes</h2><div class=\"figures\">\n");
    xb_svg_bars(p, layers, "cells", "cells", 1, "");
    xb_svg_bars(p, layers, "time_us", "time an image", 1e-6, "s");
    xb_svg_bars(p, layers, "energy_uj", "energy an image", 1e-6, "J");
    xb_page_print(p, "</div>\n");
    xb_svg_traces(p, report);
    xb_svg_deleted(p, report);
    programming(p, report);
    object_table(p, json_object_get(report, "assumptions"), "Assumptions", assumption_keys);
    object_table(p, json_object_get(report, "passes"), "Passes", pass_keys);
    object_table(p, json_object_get(report, "facts"), "Measured", fact_keys);
    object_table(p, json_object_get(report, "inputs"), "Made from", input_keys);
    xb_page_print(p, "<footer>xbarc ");
    xb_page_escape(p, xb_field_text(tool, "version"));
    xb_page_print(p, ", numeric profile ");
    xb_page_escape(p, xb_field_text(tool, "numeric_profile"));
    xb_page_print(p, ". Times, energies and areas are estimates from the hardware file; accuracies are measured."
                     "</footer></body></html>\n");
}
