/* text.c: the report on a terminal of 80 columns. */
#include "report/fields.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void accuracy_line(const xb_page *p, const json_t *accuracy, const char *stage, const char *label)
{
    const json_t *a = json_object_get(accuracy, stage);
    if (!a) return;
    if (json_object_get(a, "top1"))
        xb_page_print(p, "%-18s %6.2f %% top-1, %" PRId64 " of %" PRId64 " (95 %% interval %.2f .. %.2f)\n", label,
                      100 * xb_field_real(a, "top1"), (int64_t)xb_field_real(a, "correct"),
                      (int64_t)xb_field_real(a, "total"), 100 * xb_field_real(a, "lo95"),
                      100 * xb_field_real(a, "hi95"));
    if (json_object_get(a, "agreement"))
        xb_page_print(p, "%-18s %6.2f %% agreement with the float reference, psnr %.1f dB\n", label,
                      100 * xb_field_real(a, "agreement"), xb_field_real(a, "psnr"));
}

/* Exporters end a node's name in its operator: "/conv1/Conv". Without it more of the name fits. 256 bytes. */
static const char *short_name(char out[256], const json_t *layer)
{
    const char *name = xb_field_text(layer, "name"), *op = xb_field_text(layer, "op");
    size_t n = strlen(name), m = strlen(op);
    bool ends = m && n > m + 1 && name[n - m - 1] == '/' && !strcmp(name + n - m, op);
    snprintf(out, 256, "%.*s", (int)(ends ? n - m - 1 : n), name);
    return out;
}

/* One line of the table; 79 columns. */
static void row(const xb_page *p, const char *name, const char *matrix, const json_t *o, const char *arrays_key,
                const char *of, const char *cells_key, int64_t wires, double time)
{
    char tail[64], arrays[32], cells[32], wire_text[32], time_text[48];
    xb_page_print(p, "%-17s %11s %6s %-7s %11s %3.0f%% %9s %7s\n", xb_name_tail(tail, name, 17), matrix,
                  xb_with_commas(arrays, xb_field_int(o, arrays_key)), of,
                  xb_with_commas(cells, xb_field_int(o, cells_key)), 100 * xb_field_real(o, "cell_utilization"),
                  xb_with_commas(wire_text, wires), xb_with_unit(time_text, time, "s"));
}

static void layer_table(const xb_page *p, const json_t *report)
{
    const json_t *layers = json_object_get(report, "layers"), *s = json_object_get(report, "summary");
    xb_page_print(p, "%-17s %11s %6s %-7s %11s %4s %9s %7s\n", "layer", "matrix", "arrays", "of", "cells", "used",
                  "wires", "time");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *l = json_array_get(layers, i);
        char matrix[48], of[48], name[256];
        snprintf(of, sizeof of, "%" PRId64 "x%" PRId64, xb_field_int(l, "array_rows"), xb_field_int(l, "array_cols"));
        row(p, short_name(name, l), xb_matrix_text(matrix, l), l, "arrays", of, "cells",
            xb_field_int(l, "row_wires") + xb_field_int(l, "col_wires"), xb_field_real(l, "time_us") * 1e-6);
    }
    row(p, "total", "", s, "crossbar_arrays", "", "crossbar_cells", xb_field_int(s, "routing_wires"),
        xb_field_real(s, "latency_us") * 1e-6);
}

static void summary(const xb_page *p, const json_t *s)
{
    char a[32], b[48], c[48], d[48], slowest[64];
    xb_page_print(p, "%-18s %.2f %% of the imported network's (%s)\n", "crossbar cells",
                  100 * xb_field_real(s, "crossbar_area_ratio"),
                  xb_with_commas(a, xb_field_int(s, "crossbar_cells_reference")));
    xb_page_print(p, "%-18s %.2f %% mean of layers, %.2f %% pooled\n", "routing area",
                  100 * xb_field_real(s, "routing_area_ratio"), 100 * xb_field_real(s, "routing_area_ratio_pooled"));
    double arrays = xb_field_real(s, "array_area_um2"), periphery = xb_field_real(s, "periphery_area_um2");
    xb_page_print(p, "%-18s arrays %s, %s%s\n", "area", xb_with_area(b, arrays),
                  periphery > 0 ? "with periphery " : "periphery not given",
                  periphery > 0 ? xb_with_area(c, arrays + periphery) : "");
    if (xb_field_real(s, "latency_us") > 0)
        xb_page_print(p, "%-18s %s an image, one every %s (slowest: %s)\n", "time",
                      xb_with_unit(b, xb_field_real(s, "latency_us") * 1e-6, "s"),
                      xb_with_unit(c, xb_field_real(s, "interval_us") * 1e-6, "s"),
                      xb_name_tail(slowest, xb_field_text(s, "critical_layer"), 18));
    if (xb_field_real(s, "energy_uj") > 0)
        xb_page_print(p, "%-18s %s an image\n", "energy", xb_with_unit(d, xb_field_real(s, "energy_uj") * 1e-6, "J"));
    if (xb_field_int(s, "mesh_rows") > 0)
        xb_page_print(p, "%-18s %" PRId64 " x %" PRId64 " sites\n", "floorplan", xb_field_int(s, "mesh_rows"),
                      xb_field_int(s, "mesh_cols"));
}

void xb_render_text(const xb_page *p, const json_t *report)
{
    const json_t *tool = json_object_get(report, "tool"), *accuracy = json_object_get(report, "accuracy");
    const json_t *warnings = json_object_get(report, "warnings");
    xb_buf hardware = {0};
    xb_hardware_text(&hardware, report);
    xb_page_print(p, "xbarc %s: %s on %s\n\n", xb_field_text(tool, "version"), xb_field_text(report, "model"),
                  xb_buf_cstr(&hardware));
    xb_buf_free(&hardware);
    layer_table(p, report);
    xb_page_print(p, "\n");
    accuracy_line(p, accuracy, "reference", "model as imported");
    accuracy_line(p, accuracy, "compiled", "model as compiled");
    summary(p, json_object_get(report, "summary"));
    for (size_t i = 0; i < json_array_size(warnings); i++) xb_page_print(p, "warning: %s\n", xb_item_text(warnings, i));
    xb_page_print(p, "Times, energies and areas are estimates; report.json lists each figure's source.\n");
}
