/* tables.c: the report as Markdown and as CSV. */
#include "report/fields.h"
#include <inttypes.h>
#include <string.h>

/* Layer columns that both forms have. */
static const char *const columns[] = {"op",
                                      "groups",
                                      "rows",
                                      "cols",
                                      "array_rows",
                                      "array_cols",
                                      "arrays",
                                      "arrays_dense",
                                      "cells",
                                      "padding_cells",
                                      "cell_utilization",
                                      "row_wires",
                                      "col_wires",
                                      "routing_area_ratio",
                                      "mvms",
                                      "array_steps",
                                      "adc_conversions",
                                      "dac_conversions",
                                      "time_us",
                                      "energy_uj"};
enum { COLUMNS = sizeof columns / sizeof *columns };

static void value(const xb_page *p, const json_t *v)
{
    if (json_is_string(v))
        xb_page_print(p, "%s", json_string_value(v));
    else if (json_is_integer(v))
        xb_page_print(p, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else if (json_is_boolean(v))
        xb_page_print(p, "%s", json_is_true(v) ? "yes" : "no");
    else
        xb_page_print(p, "%.6g", json_number_value(v));
}

/* RFC 4180: quotes doubled; a name may hold a comma. */
static void quoted(const xb_page *p, const char *text)
{
    p->write(p->to, "\"", 1);
    for (; *text; text++) p->write(p->to, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    p->write(p->to, "\"", 1);
}

void xb_render_csv(const xb_page *p, const json_t *report)
{
    const json_t *layers = json_object_get(report, "layers");
    xb_page_print(p, "name");
    for (size_t c = 0; c < COLUMNS; c++) xb_page_print(p, ",%s", columns[c]);
    xb_page_print(p, "\n");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *l = json_array_get(layers, i);
        quoted(p, xb_field_text(l, "name"));
        for (size_t c = 0; c < COLUMNS; c++) {
            xb_page_print(p, ",");
            value(p, json_object_get(l, columns[c]));
        }
        xb_page_print(p, "\n");
    }
}

static void md_escape(const xb_page *p, const char *text)
{
    for (; *text; text++) {
        if (strchr("|\\`*_<>", *text)) p->write(p->to, "\\", 1);
        p->write(p->to, text, 1);
    }
}

void xb_render_md(const xb_page *p, const json_t *report)
{
    const json_t *layers = json_object_get(report, "layers"), *summary = json_object_get(report, "summary");
    const json_t *assumptions = json_object_get(report, "assumptions");
    const char *key;
    json_t *v;
    xb_page_print(p, "# ");
    md_escape(p, xb_field_text(report, "model"));
    xb_page_print(p, " on ");
    md_escape(p, xb_field_text(json_object_get(report, "hardware"), "name"));
    xb_page_print(p, "\n\n| layer |");
    for (size_t c = 0; c < COLUMNS; c++) xb_page_print(p, " %s |", columns[c]);
    xb_page_print(p, "\n|---|");
    for (size_t c = 0; c < COLUMNS; c++) xb_page_print(p, c ? "---:|" : "---|");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *l = json_array_get(layers, i);
        xb_page_print(p, "\n| ");
        md_escape(p, xb_field_text(l, "name"));
        xb_page_print(p, " |");
        for (size_t c = 0; c < COLUMNS; c++) {
            xb_page_print(p, " ");
            value(p, json_object_get(l, columns[c]));
            xb_page_print(p, " |");
        }
    }
    xb_page_print(p, "\n\n| total | |\n|---|---:|\n");
    json_object_foreach((json_t *)(uintptr_t)summary, key, v)
    {
        xb_page_print(p, "| %s | ", key);
        value(p, v);
        xb_page_print(p, " |\n");
    }
    xb_page_print(p, "\n| assumption | value | source |\n|---|---:|---|\n");
    for (size_t i = 0; i < json_array_size(assumptions); i++) {
        const json_t *a = json_array_get(assumptions, i);
        xb_page_print(p, "| %s | %.6g %s | ", xb_field_text(a, "key"), xb_field_real(a, "value"),
                      xb_field_text(a, "unit"));
        md_escape(p, xb_field_text(a, "source"));
        xb_page_print(p, " |\n");
    }
}
