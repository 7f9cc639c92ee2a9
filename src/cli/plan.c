/* plan.c: what a graph costs on a hardware, before anything is compiled. */
#include "cli/plan.h"
#include "base/num.h"
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

static void print_text(const xb_layout *l)
{
    const xb_layer_cost *layer;
    size_t n = xb_layout_layer_costs(l, &layer);
    const xb_chip_cost *chip = xb_layout_chip_cost(l);
    char time[64], interval[64];
    printf("%-24s %-13s %7s %11s %12s %7s\n", "layer", "matrix", "arrays", "of", "cells", "used");
    for (size_t i = 0; i < n; i++) {
        char matrix[64], array[64];
        snprintf(matrix, sizeof matrix, "%s%" PRId64 "x%" PRId64, layer[i].groups > 1 ? "g*" : "", layer[i].rows,
                 layer[i].cols);
        snprintf(array, sizeof array, "%" PRId64 "x%" PRId64, layer[i].tiling.rows, layer[i].tiling.cols);
        printf("%-24.24s %-13s %7" PRId64 " %11s %12" PRId64 " %6.1f%%\n", layer[i].name, matrix, layer[i].arrays,
               array, layer[i].cells, 100.0 * (double)layer[i].cells / (double)layer[i].array_cells);
    }
    printf("%-24s %-13s %7" PRId64 " %11s %12" PRId64 " %6.1f%%\n", "total", "", chip->arrays, "", chip->cells,
           100.0 * (double)chip->cells / (double)chip->array_cells);
    printf("\nhardware %s; expected %s an image, one every %s (layer %s)\n", xb_layout_hw(l)->name,
           xb_format_quantity(time, chip->latency, XB_SECOND), xb_format_quantity(interval, chip->interval, XB_SECOND),
           chip->critical_layer);
}

void xb_plan_print(const xb_graph *g, const xb_layout *l, bool json)
{
    if (json)
        print_json(g, l);
    else
        print_text(l);
}
