/* text.c: the report on a terminal of 80 columns: no line is longer than 79. */
#include "report/lines.h"
#include "report/traces.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 8 };

/* ---- the table of layers ---- */

typedef struct row {
    char cell[COLUMNS][256];
} row;

static const struct column {
    const char *title;
    bool left;
    size_t least, most; /* together with one blank between them: 79 at most */
} table[COLUMNS] = {{"layer", true, 5, 40},  {"matrix", false, 6, 17}, {"arrays", false, 6, 9}, {"of", true, 2, 9},
                    {"cells", false, 5, 11}, {"used", false, 4, 4},    {"wires", false, 5, 10}, {"time", false, 4, 7}};

/* A count that fits the column: in full, else rounded. */
static void put_count(char *out, int64_t v, size_t room)
{
    char number[32];
    if (strlen(xb_with_commas(number, v)) > room) snprintf(number, sizeof number, "%.2e", (double)v);
    snprintf(out, 256, "%s", number);
}

static void put_used(char *out, const json_t *o)
{
    double used = xb_field_real(o, "cell_utilization");
    if (used >= 0 && used <= 1)
        snprintf(out, 256, "%.0f%%", 100 * used);
    else
        snprintf(out, 256, "-");
}

static row layer_cells(const json_t *l)
{
    row r = {0};
    char text[80];
    xb_short_name(r.cell[0], l);
    xb_name_tail(r.cell[1], xb_matrix_text(text, l), table[1].most);
    put_count(r.cell[2], xb_field_int(l, "arrays"), table[2].most);
    snprintf(text, sizeof text, "%" PRId64 "x%" PRId64, xb_field_int(l, "array_rows"), xb_field_int(l, "array_cols"));
    xb_name_tail(r.cell[3], text, table[3].most);
    put_count(r.cell[4], xb_field_int(l, "cells"), table[4].most);
    put_used(r.cell[5], l);
    put_count(r.cell[6], xb_field_sum(l, "row_wires", "col_wires"), table[6].most);
    xb_name_tail(r.cell[7], xb_with_unit(text, xb_field_real(l, "time_us") * 1e-6, "s"), table[7].most);
    return r;
}

static row total_cells(const json_t *s)
{
    row r = {.cell[0] = "total"};
    char text[48];
    put_count(r.cell[2], xb_field_int(s, "crossbar_arrays"), table[2].most);
    put_count(r.cell[4], xb_field_int(s, "crossbar_cells"), table[4].most);
    put_used(r.cell[5], s);
    put_count(r.cell[6], xb_field_int(s, "routing_wires"), table[6].most);
    xb_name_tail(r.cell[7], xb_with_unit(text, xb_field_real(s, "latency_us") * 1e-6, "s"), table[7].most);
    return r;
}

static void widen(size_t width[COLUMNS], const row *r)
{
    for (size_t c = 0; c < COLUMNS; c++)
        if (xb_line_columns(r->cell[c]) > width[c]) width[c] = xb_line_columns(r->cell[c]);
}

static void put_row(const xb_page *p, const row *r, const size_t width[COLUMNS], const char *gap)
{
    xb_buf b = {0};
    for (size_t c = 0; c < COLUMNS; c++) {
        char cut[256];
        const char *text =
            xb_line_columns(r->cell[c]) > width[c] ? xb_name_tail(cut, r->cell[c], width[c]) : r->cell[c];
        int pad = (int)width[c] - (int)xb_line_columns(text);
        xb_buf_printf(&b, "%s%*s%s%*s", c ? gap : "", table[c].left ? 0 : pad, "", text, table[c].left ? pad : 0, "");
    }
    xb_line_visible(p, xb_buf_cstr(&b), b.len);
    xb_page_print(p, "\n");
    xb_buf_free(&b);
}

static void layer_table(const xb_page *p, const json_t *report)
{
    const json_t *layers = json_object_get(report, "layers");
    row total = total_cells(json_object_get(report, "summary")), head = {0};
    size_t width[COLUMNS], rest = XB_LINE_WIDTH;
    for (size_t c = 0; c < COLUMNS; c++) {
        width[c] = table[c].least;
        snprintf(head.cell[c], sizeof head.cell[c], "%s", table[c].title);
    }
    widen(width, &total);
    for (size_t i = 0; i < json_array_size(layers); i++) {
        row r = layer_cells(json_array_get(layers, i));
        widen(width, &r);
    }
    for (size_t c = 1; c < COLUMNS; c++) rest -= width[c] + 1;
    size_t most = rest < table[0].most ? rest : table[0].most;
    const char *gap = width[0] + COLUMNS - 1 <= most ? "  " : " ";
    if (width[0] > most) width[0] = most;
    put_row(p, &head, width, gap);
    for (size_t i = 0; i < json_array_size(layers); i++) {
        row r = layer_cells(json_array_get(layers, i));
        put_row(p, &r, width, gap);
    }
    put_row(p, &total, width, gap);
}

/* ---- what stands below it ---- */

static void accuracy_line(const xb_page *p, const json_t *accuracy, const char *stage, const char *label)
{
    const json_t *a = json_object_get(accuracy, stage);
    if (xb_field_has(a, "top1"))
        xb_line_item(p, label, "%6.2f %% top-1, %" PRId64 " of %" PRId64 " (95 %%: %.2f .. %.2f)",
                     100 * xb_field_real(a, "top1"), xb_field_int(a, "correct"), xb_field_int(a, "total"),
                     100 * xb_field_real(a, "lo95"), 100 * xb_field_real(a, "hi95"));
    if (xb_field_has(a, "agreement") && xb_field_has(a, "psnr"))
        xb_line_item(p, label, "%6.2f %% agreement with the float reference, psnr %.1f dB",
                     100 * xb_field_real(a, "agreement"), xb_field_real(a, "psnr"));
    else if (xb_field_has(a, "agreement"))
        xb_line_item(p, label, "%6.2f %% agreement with the float reference", 100 * xb_field_real(a, "agreement"));
}

/* Chips: mean and spread of what was measured on them. */
static void simulated_line(const xb_page *p, const json_t *accuracy)
{
    xb_chips c;
    char spread[64] = "";
    if (!xb_field_chips(accuracy, &c)) return;
    if (c.trials > 1) snprintf(spread, sizeof spread, ", %.2f .. %.2f", 100 * c.min, 100 * c.max);
    xb_line_item(p, "chips, simulated", "%6.2f %% %s, mean of %" PRId64 "%s (95 %%: %.2f .. %.2f)", 100 * c.mean,
                 c.metric, c.trials, spread, 100 * c.lo95, 100 * c.hi95);
    if (c.clip_ratio >= 0) xb_line_item(p, "", "%6.3f %% of conversions clipped", 100 * c.clip_ratio);
}

static void words_line(const xb_page *p, const json_t *report, const char *label,
                       bool (*words)(xb_buf *b, const json_t *report))
{
    xb_buf b = {0};
    if (words(&b, report)) xb_line_item(p, label, "%s", xb_buf_cstr(&b));
    xb_buf_free(&b);
}

static void programming_line(const xb_page *p, const json_t *methods)
{
    char seconds[48];
    for (size_t i = 0; i < json_array_size(methods); i++) {
        const json_t *m = json_array_get(methods, i);
        if (xb_field_true(m, "chosen"))
            xb_line_item(p, "programming", "%s: %.2f writes a device, %s a chip, spread left %.3f",
                         xb_field_text(m, "method"), xb_field_real(m, "writes_per_device"),
                         xb_with_unit(seconds, xb_field_real(m, "seconds"), "s"), xb_field_real(m, "residual"));
    }
}

static void time_line(const xb_page *p, const json_t *report)
{
    const json_t *s = json_object_get(report, "summary");
    char latency[48], interval[48], name[256], tail[256];
    if (!(xb_field_real(s, "latency_us") > 0)) return;
    xb_with_unit(latency, xb_field_real(s, "latency_us") * 1e-6, "s");
    xb_with_unit(interval, xb_field_real(s, "interval_us") * 1e-6, "s");
    int used = snprintf(NULL, 0, "%s an image, one every %s (slowest: )", latency, interval);
    size_t room = used < 50 ? (size_t)(XB_LINE_WIDTH - XB_LINE_INDENT) - (size_t)used : 20;
    xb_line_item(p, "time", "%s an image, one every %s (slowest: %s)", latency, interval,
                 xb_name_tail(tail, xb_critical_name(name, report), room));
}

static void area_line(const xb_page *p, const json_t *s)
{
    double arrays = xb_field_real(s, "array_area_um2"), periphery = xb_field_real(s, "periphery_area_um2");
    double near = xb_field_real(s, "area_with_converters_um2");
    char a[48], b[48], c[48];
    xb_line_item(p, "area", "arrays %s%s%s%s%s", xb_with_area(a, arrays), near > 0 ? ", with converters " : "",
                 near > 0 ? xb_with_area(b, near) : "", periphery > 0 ? ", in all " : ", periphery not given",
                 periphery > 0 ? xb_with_area(c, arrays + periphery) : "");
}

static void summary(const xb_page *p, const json_t *report)
{
    const json_t *s = json_object_get(report, "summary");
    char a[48], b[48], steps[32];
    xb_line_item(p, "crossbar cells", "%.2f %% of the imported network's (%s)",
                 100 * xb_field_real(s, "crossbar_area_ratio"),
                 xb_with_commas(a, xb_field_int(s, "crossbar_cells_reference")));
    xb_line_item(p, "routing area", "%.2f %% mean of layers, %.2f %% pooled",
                 100 * xb_field_real(s, "routing_area_ratio"), 100 * xb_field_real(s, "routing_area_ratio_pooled"));
    if (xb_field_has(s, "routing_area_ratio_as_came"))
        xb_line_item(p, "  as it came", "%.2f %% mean, %.2f %% pooled: to wires before units were removed",
                     100 * xb_field_real(s, "routing_area_ratio_as_came"),
                     100 * xb_field_real(s, "routing_area_ratio_as_came_pooled"));
    area_line(p, s);
    if (xb_field_has(s, "array_steps"))
        xb_line_item(p, "conversions", "%s ADC, %s DAC an image, in %s array steps",
                     xb_with_number(a, xb_field_real(s, "adc_conversions")),
                     xb_with_number(b, xb_field_real(s, "dac_conversions")),
                     xb_with_number(steps, xb_field_real(s, "array_steps")));
    time_line(p, report);
    if (xb_field_real(s, "energy_uj") > 0)
        xb_line_item(p, "energy", "%s an image", xb_with_unit(a, xb_field_real(s, "energy_uj") * 1e-6, "J"));
    if (xb_field_int(s, "mesh_rows") > 0)
        xb_line_item(p, "floorplan", "%" PRId64 " x %" PRId64 " sites", xb_field_int(s, "mesh_rows"),
                     xb_field_int(s, "mesh_cols"));
}

void xb_render_text(const xb_page *p, const json_t *report)
{
    const json_t *tool = json_object_get(report, "tool"), *accuracy = json_object_get(report, "accuracy");
    const json_t *warnings = json_object_get(report, "warnings");
    xb_buf title = {0};
    xb_buf_printf(&title, "xbarc %s: %s on ", xb_field_text(tool, "version"), xb_field_text(report, "model"));
    xb_hardware_text(&title, report);
    xb_line_paragraph(p, "", 0, xb_buf_cstr(&title));
    xb_buf_free(&title);
    xb_page_print(p, "\n");
    layer_table(p, report);
    xb_page_print(p, "\n");
    accuracy_line(p, accuracy, "reference", "model as imported");
    accuracy_line(p, accuracy, "compiled", "model as compiled");
    simulated_line(p, accuracy);
    words_line(p, report, "devices", xb_devices_text);
    words_line(p, report, "on a chip", xb_chip_text);
    programming_line(p, json_object_get(report, "programming"));
    words_line(p, report, "", xb_writing_text);
    summary(p, report);
    xb_text_traces(p, report);
    for (size_t i = 0; i < json_array_size(warnings); i++)
        xb_line_paragraph(p, "warning: ", 9, xb_item_text(warnings, i));
    xb_page_print(p, "Times, energies and areas are estimates; report.json has each figure's source.\n");
}
