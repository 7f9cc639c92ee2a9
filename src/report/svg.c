/* svg.c: pictures of the report, inline SVG: floorplan and bars. */
#include "report/fields.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Steps of the golden angle keep neighbours apart. */
const char *xb_layer_colour(size_t layer, char out[32])
{
    double hue = fmod(210.0 + 137.508 * (double)layer, 360.0);
    snprintf(out, 32, "hsl(%.0f 55%% %d%%)", hue, 46 + (int)(layer % 3) * 9);
    return out;
}

static void site(const xb_page *p, const json_t *one, const json_t *layers, size_t id, double size)
{
    int64_t x = json_integer_value(json_array_get(one, 0)), y = json_integer_value(json_array_get(one, 1));
    int64_t layer = json_integer_value(json_array_get(one, 2));
    double used = json_number_value(json_array_get(one, 3)), gap = size > 6 ? 1 : size * 0.1;
    char colour[32];
    if (layer < 0) return;
    xb_page_print(
        p, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\" fill-opacity=\"%.2f\"><title>",
        (double)x * size, (double)y * size, size - gap, size - gap, xb_layer_colour((size_t)layer, colour),
        0.25 + 0.75 * used);
    xb_page_print(p, "array %zu, site %" PRId64 ",%" PRId64 ": ", id, x, y);
    xb_page_escape(p, xb_field_text(json_array_get(layers, (size_t)layer), "name"));
    xb_page_print(p, ", %.1f %% used</title></rect>\n", 100 * used);
}

static int64_t used_rows(const json_t *sites)
{
    int64_t rows = 1;
    for (size_t i = 0; i < json_array_size(sites); i++) {
        int64_t y = json_integer_value(json_array_get(json_array_get(sites, i), 1));
        if (y >= rows && y < INT64_MAX) rows = y + 1;
    }
    return rows;
}

void xb_svg_floorplan(const xb_page *p, const json_t *report)
{
    const json_t *sites = json_object_get(report, "floorplan"), *summary = json_object_get(report, "summary");
    const json_t *layers = json_object_get(report, "layers");
    int64_t rows = xb_field_int(summary, "mesh_rows"), cols = xb_field_int(summary, "mesh_cols");
    if (!json_array_size(sites) || rows < 1 || cols < 1) {
        xb_page_print(p, "<p>The arrays have not been placed.</p>\n");
        return;
    }
    int64_t used = used_rows(sites);
    double size = fmin(40.0, 960.0 / (double)cols);
    xb_page_print(p,
                  "<p class=\"sub\">One square per array site, %zu of %" PRId64 " x %" PRId64
                  " used%s; the fainter, the fewer of its cells hold weights.</p>\n",
                  json_array_size(sites), rows, cols, used < rows ? " (empty rows below are not drawn)" : "");
    xb_page_print(p,
                  "<svg class=\"plan\" viewBox=\"-1 -1 %.2f %.2f\" width=\"%.0f\" role=\"img\" "
                  "aria-label=\"floorplan\">\n"
                  "<rect x=\"-1\" y=\"-1\" width=\"%.2f\" height=\"%.2f\" class=\"die\"/>\n",
                  (double)cols * size + 1, (double)used * size + 1, (double)cols * size, (double)cols * size + 1,
                  (double)used * size + 1);
    for (size_t i = 0; i < json_array_size(sites); i++) site(p, json_array_get(sites, i), layers, i, size);
    xb_page_print(p, "</svg>\n<ul class=\"legend\">\n");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        char colour[32], name[256];
        xb_page_print(p, "<li title=\"");
        xb_page_escape(p, xb_field_text(json_array_get(layers, i), "name"));
        xb_page_print(p, "\"><i style=\"background:%s\"></i>", xb_layer_colour(i, colour));
        xb_page_escape(p, xb_short_name(name, json_array_get(layers, i)));
        xb_page_print(p, "</li>\n");
    }
    xb_page_print(p, "</ul>\n");
}

static void label(const xb_page *p, const json_t *layer, size_t at)
{
    char name[256], tail[256];
    xb_page_print(p, "<text x=\"124\" y=\"%zu\" text-anchor=\"end\"><title>", at);
    xb_page_escape(p, xb_field_text(layer, "name"));
    xb_page_print(p, "</title>");
    xb_page_escape(p, xb_name_tail(tail, xb_short_name(name, layer), 18));
    xb_page_print(p, "</text>");
}

static const char *value_text(char out[32], double v, bool counts)
{
    if (counts) return xb_with_number(out, v);
    snprintf(out, 32, v >= 100 ? "%.0f" : "%.3g", v);
    return v > 0 ? out : "-";
}

void xb_svg_bars(const xb_page *p, const json_t *layers, const char *key, const char *title, double factor,
                 const char *unit)
{
    size_t n = json_array_size(layers);
    double largest = 0, scale = 1;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, xb_field_real(json_array_get(layers, i), key) * factor);
    if (!(largest > 0) || isinf(largest)) return;
    const char *prefix = *unit ? xb_prefix(largest, &scale) : "";
    xb_page_print(p, "<figure><figcaption>%s%s%s%s%s</figcaption>\n", title, *unit ? ", in " : "", prefix, unit,
                  *unit ? "" : " per layer");
    xb_page_print(p, "<svg viewBox=\"0 0 420 %zu\" width=\"420\" role=\"img\" aria-label=\"%s\">\n", n * 18 + 2, title);
    for (size_t i = 0; i < n; i++) {
        const json_t *l = json_array_get(layers, i);
        double v = fmax(0, xb_field_real(l, key) * factor), width = 200 * v / largest;
        char colour[32], number[32];
        label(p, l, i * 18 + 13);
        xb_page_print(p, "<rect x=\"130\" y=\"%zu\" width=\"%.1f\" height=\"13\" fill=\"%s\"/>", i * 18 + 3,
                      fmax(0.5, width), xb_layer_colour(i, colour));
        xb_page_print(p, "<text x=\"%.1f\" y=\"%zu\">%s</text>\n", 134 + width, i * 18 + 13,
                      value_text(number, v / scale, !*unit));
    }
    xb_page_print(p, "</svg></figure>\n");
}
