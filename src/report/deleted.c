/* deleted.c: the map of deleted groups as inline SVG: the arrays of every matrix that lacks rows or columns, with these
 * left out (Group Scissor, DAC 2017, fig. 9). */
#include "report/fields.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { WIDTH = 860, HEIGHT = 460, MOST_ARRAYS = 16384, MOST_LINES = 1 << 20 };

/* How a layer's arrays are laid out. Those that form one row or column, and those that hold several groups, run from
 * left to right and wrap; a grid keeps its shape, groups side by side. */
typedef struct sheet {
    int64_t arrays, rows, cols; /* of an array */
    int64_t grid_rows, grid_cols;
    int64_t matrix_rows, matrix_cols;
    int64_t across; /* arrays in a line */
    bool strip, shared;
    double cell, gap;
    const json_t **entry; /* of every array; NULL: it lacks nothing */
} sheet;

typedef struct place {
    double x, y;
    int64_t rows, cols; /* in use */
} place;

static void fit(sheet *s)
{
    for (s->cell = 3;; s->cell *= 0.9) {
        double wide, tall;
        s->gap = fmin(5, fmax(1, s->cell * 3));
        wide = (double)s->cols * s->cell + s->gap, tall = (double)s->rows * s->cell + s->gap;
        if (s->strip) s->across = (int64_t)fmax(1, fmin((double)s->arrays, floor(WIDTH / wide)));
        double lines = ceil((double)s->arrays / (double)s->across);
        if ((wide * (double)s->across <= WIDTH && tall * lines <= HEIGHT) || s->cell < 1e-4) return;
    }
}

/* false: nothing that can be drawn. */
static bool sheet_of(sheet *s, const json_t *layer, const json_t *arrays)
{
    *s = (sheet){.arrays = xb_field_int(layer, "arrays"),
                 .rows = xb_field_int(layer, "array_rows"),
                 .cols = xb_field_int(layer, "array_cols"),
                 .grid_rows = xb_field_int(layer, "grid_rows"),
                 .grid_cols = xb_field_int(layer, "grid_cols"),
                 .matrix_rows = xb_field_int(layer, "rows"),
                 .matrix_cols = xb_field_int(layer, "cols"),
                 .shared = xb_field_true(layer, "packed") || xb_field_true(layer, "spread")};
    if (s->arrays < 1 || s->arrays > MOST_ARRAYS || s->rows < 1 || s->rows > MOST_LINES || s->cols < 1 ||
        s->cols > MOST_LINES || s->grid_rows < 1 || s->grid_rows > s->arrays || s->grid_cols < 1 ||
        s->grid_cols > s->arrays || s->matrix_rows < 0 || s->matrix_cols < 0)
        return false;
    s->strip = s->shared || s->grid_rows == 1 || s->grid_cols == 1 || s->arrays % s->grid_rows;
    s->across = s->strip ? 1 : s->arrays / s->grid_rows;
    fit(s);
    s->entry = xb_calloc((size_t)s->arrays, sizeof(json_t *));
    for (size_t i = 0; i < json_array_size(arrays); i++) {
        const json_t *one = json_array_get(arrays, i), *id = json_array_get(one, 0);
        int64_t k = json_is_integer(id) ? (int64_t)json_integer_value(id) : -1;
        if (k >= 0 && k < s->arrays) s->entry[k] = one;
    }
    return true;
}

static int64_t in_use(const json_t *entry, size_t at, int64_t otherwise, int64_t most)
{
    const json_t *v = json_array_get(entry, at);
    int64_t n = json_is_integer(v) ? (int64_t)json_integer_value(v) : otherwise;
    return n < 0 ? 0 : n > most ? most : n;
}

/* Arrays are numbered column of the grid by column, from the top; the last of each may be used in part. */
static place place_of(const sheet *s, int64_t array)
{
    int64_t line = s->strip ? array / s->across : array % s->grid_rows;
    int64_t column = s->strip ? array % s->across : array / s->grid_rows;
    int64_t rows = s->shared ? s->rows : s->matrix_rows - array % s->grid_rows * s->rows;
    int64_t cols = s->shared ? s->cols : s->matrix_cols - array / s->grid_rows % s->grid_cols * s->cols;
    return (place){.x = (double)column * ((double)s->cols * s->cell + s->gap),
                   .y = (double)line * ((double)s->rows * s->cell + s->gap),
                   .rows = in_use(s->entry[array], 1, rows, s->rows),
                   .cols = in_use(s->entry[array], 2, cols, s->cols)};
}

/* Calls draw (may be NULL) for each range of lines 0 .. n-1; returns how many lines they are, each counted once. */
typedef void range_fn(const xb_page *p, const sheet *s, const place *at, int64_t first, int64_t count);

static int64_t ranges(const xb_page *p, const sheet *s, const place *at, const json_t *list, int64_t n, range_fn *draw)
{
    int64_t sum = 0, next = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const json_t *a = json_array_get(one, 0), *b = json_array_get(one, 1);
        int64_t first = json_is_integer(a) ? (int64_t)json_integer_value(a) : -1;
        int64_t count = json_is_integer(b) ? (int64_t)json_integer_value(b) : 0;
        if (first < next || first >= n || count < 1) continue;
        if (count > n - first) count = n - first;
        if (draw) draw(p, s, at, first, count);
        next = first + count;
        sum += count;
    }
    return sum;
}

static void gone_rows(const xb_page *p, const sheet *s, const place *at, int64_t first, int64_t count)
{
    xb_page_print(p, "M%.1f %.2fh%.1fv%.2fh%.1fz", at->x, at->y + (double)first * s->cell, (double)at->cols * s->cell,
                  (double)count * s->cell, -(double)at->cols * s->cell);
}

static void gone_cols(const xb_page *p, const sheet *s, const place *at, int64_t first, int64_t count)
{
    xb_page_print(p, "M%.2f %.1fh%.2fv%.1fh%.2fz", at->x + (double)first * s->cell, at->y, (double)count * s->cell,
                  (double)at->rows * s->cell, -(double)count * s->cell);
}

static void draw_array(const xb_page *p, const sheet *s, int64_t array)
{
    const json_t *entry = s->entry[array], *rows = json_array_get(entry, 3), *cols = json_array_get(entry, 4);
    place at = place_of(s, array);
    double wide = (double)at.cols * s->cell, tall = (double)at.rows * s->cell;
    int64_t no_rows = ranges(p, s, &at, rows, at.rows, NULL), no_cols = ranges(p, s, &at, cols, at.cols, NULL);
    bool empty = entry && (no_rows == at.rows || no_cols == at.cols);
    xb_page_print(p, "<g><title>array %" PRId64, array);
    if (empty)
        xb_page_print(p, ": empty");
    else if (entry)
        xb_page_print(p, ": %" PRId64 " of %" PRId64 " rows, %" PRId64 " of %" PRId64 " columns deleted", no_rows,
                      at.rows, no_cols, at.cols);
    xb_page_print(p, "</title><rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                  empty ? "none" : "kept", at.x, at.y, wide, tall);
    if (entry && !empty) {
        xb_page_print(p, "<path class=\"gone\" d=\"");
        ranges(p, s, &at, rows, at.rows, gone_rows);
        ranges(p, s, &at, cols, at.cols, gone_cols);
        xb_page_print(p, "\"/>");
    }
    xb_page_print(p, "<rect class=\"edge\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/></g>\n", at.x, at.y,
                  wide, tall);
}

static void caption(const xb_page *p, const json_t *layer)
{
    char name[256], matrix[80], a[32], b[32], n[32];
    int64_t wires = xb_field_sum(layer, "row_wires", "col_wires");
    int64_t full = xb_field_sum(layer, "row_wires_full", "col_wires_full");
    xb_page_print(p, "<figcaption>");
    xb_page_escape(p, xb_short_name(name, layer));
    xb_page_print(p, ", %s: %s arrays of %" PRId64 "x%" PRId64, xb_matrix_text(matrix, layer),
                  xb_with_commas(n, xb_field_int(layer, "arrays")), xb_field_int(layer, "array_rows"),
                  xb_field_int(layer, "array_cols"));
    if (xb_field_int(layer, "zero_arrays") > 0)
        xb_page_print(p, ", %s empty", xb_with_commas(n, xb_field_int(layer, "zero_arrays")));
    xb_page_print(p, "; %s of %s wires left</figcaption>\n", xb_with_commas(a, wires), xb_with_commas(b, full));
}

static void figure(const xb_page *p, const json_t *layer, const json_t *arrays)
{
    sheet s;
    xb_page_print(p, "<figure>");
    caption(p, layer);
    if (sheet_of(&s, layer, arrays)) {
        double lines = ceil((double)s.arrays / (double)s.across);
        double wide = (double)s.across * ((double)s.cols * s.cell + s.gap);
        double tall = lines * ((double)s.rows * s.cell + s.gap);
        xb_page_print(p,
                      "<svg class=\"groups\" viewBox=\"-1 -1 %.1f %.1f\" width=\"%.0f\" role=\"img\" "
                      "aria-label=\"deleted groups\">\n",
                      wide + 2, tall + 2, wide + 2);
        for (int64_t i = 0; i < s.arrays; i++) draw_array(p, &s, i);
        xb_page_print(p, "</svg>");
        free(s.entry);
    } else {
        xb_page_print(p, "<p>Too many arrays to draw.</p>");
    }
    xb_page_print(p, "</figure>\n");
}

void xb_svg_deleted(const xb_page *p, const json_t *report)
{
    const json_t *list = json_object_get(report, "deleted_groups"), *layers = json_object_get(report, "layers");
    bool any = false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        int64_t at = xb_field_int(one, "layer");
        const json_t *layer = at < 0 ? NULL : json_array_get(layers, (size_t)at);
        if (!json_is_object(layer)) continue;
        if (!any)
            xb_page_print(p, "<h2>Deleted groups</h2><p class=\"sub\">Filled: weights. Blank: rows and columns of an "
                             "array that hold only zeros, so that their wires and cells can go. Dashed: "
                             "arrays that hold nothing.</p><div class=\"figures\">\n");
        any = true;
        figure(p, layer, json_object_get(one, "arrays"));
    }
    if (any) xb_page_print(p, "</div>\n");
}
