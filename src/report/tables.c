/* tables.c: the report as Markdown and as CSV. */
#include "base/num.h"
#include "report/fields.h"
#include "report/traces.h"
#include <ctype.h>
#include <math.h>
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
                                      "array_area_um2",
                                      "area_with_converters_um2",
                                      "time_us",
                                      "energy_uj"};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* RFC 4180: quotes doubled; a name may hold a comma. */
static void csv_text(const xb_page *p, const char *text)
{
    p->write(p->to, "\"", 1);
    for (; *text; text++) p->write(p->to, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    p->write(p->to, "\"", 1);
}

/* A name must neither end its cell nor become markup. An underscore within a word marks nothing up. */
static void md_text(const xb_page *p, const char *text)
{
    for (char last = ' '; *text; last = *text++) {
        const char one[2] = {*text, 0};
        bool inside = *text == '_' && isalnum((unsigned char)last) && isalnum((unsigned char)text[1]);
        if (strchr("<>&", *text))
            xb_page_escape(p, one);
        else if (strchr("|\\`*_[]#!~", *text) && !inside)
            xb_page_print(p, "\\%s", one);
        else
            p->write(p->to, (unsigned char)*text < 0x20 || *text == 0x7f ? " " : one, 1);
    }
}

static void csv_value(const xb_page *p, const json_t *v)
{
    char number[XB_NUM_MAX];
    if (json_is_string(v))
        csv_text(p, json_string_value(v));
    else if (json_is_integer(v))
        xb_page_print(p, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else if (json_is_real(v))
        xb_page_print(p, "%s", xb_num_f64(number, json_real_value(v)));
    else if (json_is_boolean(v))
        xb_page_print(p, "%s", json_is_true(v) ? "true" : "false");
}

/* Numbers as in the JSON but for digits beyond the eighth: a table is for people and may be pasted elsewhere. */
static void md_value(const xb_page *p, const json_t *v)
{
    double real = json_is_real(v) ? json_real_value(v) : 0;
    if (json_is_string(v))
        md_text(p, json_string_value(v));
    else if (json_is_integer(v))
        xb_page_print(p, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else if (json_is_real(v))
        xb_page_print(p, real == floor(real) && fabs(real) < 1e15 ? "%.0f" : "%.8g", real);
    else if (json_is_boolean(v))
        xb_page_print(p, "%s", json_is_true(v) ? "yes" : "no");
    else
        xb_page_print(p, "-");
}

/* After an empty line: a reader of the layers stops there. */
static void csv_traces(const xb_page *p, const json_t *report)
{
    xb_traces all = xb_traces_read(report);
    if (all.list.n) xb_page_print(p, "\ncurve,split,unit,source,points,first,last,along,at\n");
    for (size_t i = 0; i < all.list.n; i++) {
        const xb_trace *t = &all.list.data[i];
        const char *const texts[] = {t->key, t->split, t->unit, t->source};
        for (size_t k = 0; k < 4; k++) {
            csv_text(p, texts[k]);
            xb_page_print(p, ",");
        }
        xb_page_print(p, "%zu,", t->n);
        csv_value(p, t->first_json);
        xb_page_print(p, ",");
        csv_value(p, t->last_json);
        xb_page_print(p, ",");
        csv_text(p, t->along);
        xb_page_print(p, ",");
        csv_value(p, t->last_at);
        xb_page_print(p, "\n");
    }
    xb_traces_free(&all);
}

void xb_render_csv(const xb_page *p, const json_t *report)
{
    const json_t *layers = json_object_get(report, "layers");
    xb_page_print(p, "name");
    for (size_t c = 0; c < COLUMNS; c++) xb_page_print(p, ",%s", columns[c]);
    xb_page_print(p, "\n");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *l = json_array_get(layers, i);
        csv_text(p, xb_field_text(l, "name"));
        for (size_t c = 0; c < COLUMNS; c++) {
            xb_page_print(p, ",");
            csv_value(p, json_object_get(l, columns[c]));
        }
        xb_page_print(p, "\n");
    }
    csv_traces(p, report);
}

static void md_layers(const xb_page *p, const json_t *layers)
{
    xb_page_print(p, "\n\n| layer |");
    for (size_t c = 0; c < COLUMNS; c++) xb_page_print(p, " %s |", columns[c]);
    xb_page_print(p, "\n|---|");
    for (size_t c = 0; c < COLUMNS; c++) xb_page_print(p, c ? "---:|" : "---|");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *l = json_array_get(layers, i);
        xb_page_print(p, "\n| ");
        md_text(p, xb_field_text(l, "name"));
        xb_page_print(p, " |");
        for (size_t c = 0; c < COLUMNS; c++) {
            xb_page_print(p, " ");
            md_value(p, json_object_get(l, columns[c]));
            xb_page_print(p, " |");
        }
    }
    xb_page_print(p, "\n");
}

static void md_summary(const xb_page *p, const json_t *summary)
{
    const char *key;
    json_t *v;
    xb_page_print(p, "\n| total | |\n|---|---:|\n");
    json_object_foreach((json_t *)(uintptr_t)summary, key, v)
    {
        xb_page_print(p, "| ");
        md_text(p, key);
        xb_page_print(p, " | ");
        md_value(p, v);
        xb_page_print(p, " |\n");
    }
}

static void md_accuracy(const xb_page *p, const json_t *accuracy)
{
    const char *stage, *key;
    json_t *one, *v;
    if (!json_object_size(accuracy)) return;
    xb_page_print(p, "\n| accuracy | | |\n|---|---|---:|\n");
    json_object_foreach((json_t *)(uintptr_t)accuracy, stage, one) json_object_foreach(one, key, v)
    {
        xb_page_print(p, "| ");
        md_text(p, stage);
        xb_page_print(p, " | ");
        md_text(p, key);
        xb_page_print(p, " | ");
        md_value(p, v);
        xb_page_print(p, " |\n");
    }
}

static void md_traces(const xb_page *p, const json_t *report)
{
    xb_traces all = xb_traces_read(report);
    if (all.list.n)
        xb_page_print(p, "\n| curve | data | first | last | unit | along | at |\n|---|---|---:|---:|---|---|---:|\n");
    for (size_t i = 0; i < all.list.n; i++) {
        const xb_trace *t = &all.list.data[i];
        xb_page_print(p, "| ");
        md_text(p, t->key);
        xb_page_print(p, " | ");
        md_text(p, t->split);
        xb_page_print(p, " | ");
        md_value(p, t->first_json);
        xb_page_print(p, " | ");
        md_value(p, t->last_json);
        xb_page_print(p, " | ");
        md_text(p, t->unit);
        xb_page_print(p, " | ");
        md_text(p, t->along);
        xb_page_print(p, " | ");
        md_value(p, t->last_at);
        xb_page_print(p, " |\n");
    }
    xb_traces_free(&all);
}

static void md_chip(const xb_page *p, const json_t *report)
{
    xb_buf b = {0};
    if (xb_chip_text(&b, report)) {
        xb_page_print(p, "\nOn a chip: ");
        md_text(p, xb_buf_cstr(&b));
        xb_page_print(p, "\n");
    }
    xb_buf_free(&b);
}

static void md_programming(const xb_page *p, const json_t *methods)
{
    static const char *const keys[] = {"method", "chosen", "success", "writes_per_device", "residual", "seconds"};
    enum { KEYS = sizeof keys / sizeof *keys };
    if (!json_array_size(methods)) return;
    xb_page_print(p, "\n| programming |");
    for (size_t k = 1; k < KEYS; k++) xb_page_print(p, " %s |", keys[k]);
    xb_page_print(p, "\n|---|---|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < json_array_size(methods); i++) {
        xb_page_print(p, "|");
        for (size_t k = 0; k < KEYS; k++) {
            xb_page_print(p, " ");
            md_value(p, json_object_get(json_array_get(methods, i), keys[k]));
            xb_page_print(p, " |");
        }
        xb_page_print(p, "\n");
    }
}

static void md_assumptions(const xb_page *p, const json_t *list)
{
    xb_page_print(p, "\n| assumption | value | source |\n|---|---:|---|\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *a = json_array_get(list, i);
        char text[64];
        xb_page_print(p, "| ");
        md_text(p, xb_field_text(a, "key"));
        xb_page_print(p, " | ");
        bool number = xb_field_has(a, "value");
        md_text(p, number ? xb_with_given_unit(text, xb_field_real(a, "value"), xb_field_text(a, "unit"))
                          : xb_field_text(a, "value"));
        xb_page_print(p, " | ");
        md_text(p, xb_field_text(a, "source"));
        xb_page_print(p, " |\n");
    }
}

void xb_render_md(const xb_page *p, const json_t *report)
{
    const json_t *warnings = json_object_get(report, "warnings");
    xb_page_print(p, "# ");
    md_text(p, xb_field_text(report, "model"));
    xb_page_print(p, " on ");
    md_text(p, xb_field_text(json_object_get(report, "hardware"), "name"));
    md_layers(p, json_object_get(report, "layers"));
    md_summary(p, json_object_get(report, "summary"));
    md_accuracy(p, json_object_get(report, "accuracy"));
    md_traces(p, report);
    md_chip(p, report);
    md_programming(p, json_object_get(report, "programming"));
    md_assumptions(p, json_object_get(report, "assumptions"));
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        xb_page_print(p, i ? "- " : "\n## Warnings\n\n- ");
        md_text(p, xb_item_text(warnings, i));
        xb_page_print(p, "\n");
    }
}
