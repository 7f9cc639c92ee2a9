/* plan.c: what a graph costs on a hardware, before anything is compiled. */
#include "cli/plan.h"
#include "report/fields.h"
#include <inttypes.h>

static void print_json(const xb_graph *g, const xb_layout *l)
{
    const xb_layer_cost *layer;
    size_t n = xb_layout_layer_costs(l, &layer);
    const xb_chip_cost *chip = xb_layout_chip_cost(l);
    xb_json *j = xb_cli_json();
    xb_json_object(j, NULL, false);
    xb_json_string(j, "model", xb_graph_file(g));
    xb_json_string(j, "hardware", xb_layout_hw(l)->name);
    xb_json_array(j, "layers", false);
    for (size_t i = 0; i < n; i++) {
        xb_json_object(j, NULL, true);
        xb_json_string(j, "name", layer[i].name);
        xb_json_string(j, "op", layer[i].op_type);
        xb_json_int(j, "groups", layer[i].groups);
        xb_json_int(j, "rows", layer[i].rows);
        xb_json_int(j, "cols", layer[i].cols);
        xb_json_int(j, "arrays", layer[i].arrays);
        xb_json_int(j, "array_rows", layer[i].tiling.rows);
        xb_json_int(j, "array_cols", layer[i].tiling.cols);
        xb_json_int(j, "cells", layer[i].cells);
        xb_json_real(j, "time_s", layer[i].time);
        xb_json_close(j);
    }
    xb_json_close(j);
    xb_json_int(j, "arrays", chip->arrays);
    xb_json_int(j, "crossbar_cells", chip->cells);
    xb_json_real(j, "latency_s", chip->latency);
    xb_json_real(j, "interval_s", chip->interval);
    xb_json_close(j);
    xb_json_free(j);
}

static void print_row(const char *name, const char *matrix, int64_t arrays, const char *of, int64_t cells, double used)
{
    char tail[256], count[32], total[32];
    printf("%-24s %-14s %9s %-9s %13s %5.1f%%\n", xb_name_tail(tail, name, 24), matrix, xb_with_commas(count, arrays),
           of, xb_with_commas(total, cells), 100 * used);
}

/* What the hardware file has no figure for, or a symbolic size hides, is left out. */
static void print_times(const xb_layout *l)
{
    const xb_chip_cost *chip = xb_layout_chip_cost(l);
    char time[48], interval[48];
    printf("\nhardware %s", xb_layout_hw(l)->name);
    if (chip->latency > 0 && chip->critical_layer)
        printf("; expected %s an image, one every %s (slowest: %s)", xb_with_unit(time, chip->latency, "s"),
               xb_with_unit(interval, chip->interval, "s"), chip->critical_layer);
    puts("");
}

static void print_text(const xb_layout *l)
{
    const xb_layer_cost *layer;
    size_t n = xb_layout_layer_costs(l, &layer);
    const xb_chip_cost *chip = xb_layout_chip_cost(l);
    printf("%-24s %-14s %9s %-9s %13s %6s\n", "layer", "matrix", "arrays", "of", "cells", "used");
    for (size_t i = 0; i < n; i++) {
        char matrix[64], array[48], groups[24] = "";
        if (layer[i].groups > 1) snprintf(groups, sizeof groups, "%" PRId64 "*", layer[i].groups);
        snprintf(matrix, sizeof matrix, "%s%" PRId64 "x%" PRId64, groups, layer[i].rows, layer[i].cols);
        snprintf(array, sizeof array, "%" PRId64 "x%" PRId64, layer[i].tiling.rows, layer[i].tiling.cols);
        print_row(layer[i].name, matrix, layer[i].arrays, array, layer[i].cells,
                  (double)layer[i].cells / (double)layer[i].array_cells);
    }
    print_row("total", "", chip->arrays, "", chip->cells, (double)chip->cells / (double)chip->array_cells);
    print_times(l);
}

void xb_plan_print(const xb_graph *g, const xb_layout *l, bool json)
{
    if (json)
        print_json(g, l);
    else
        print_text(l);
}
