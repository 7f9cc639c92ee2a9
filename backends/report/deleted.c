/* deleted.c: which rows and columns of the arrays hold only zeros: the map of deleted groups (Group Scissor, DAC 2017,
 * fig. 9). Of matrices that are cut into several arrays, and of these the arrays that lack something. */
#include "writer.h"

/* An array's rows or columns: those of its blocks, and of these those that hold something. */
typedef struct lines {
    bool *used, *full;
    int64_t n; /* up to the last that is used */
} lines;

typedef struct map {
    xb_report_writer *w;
    const xb_array *array;
    const xb_block *block;
    lines rows, cols;
    float *value;
    bool found; /* something is gone: the list is open */
} map;

static lines lines_new(xb_cx *cx, size_t n)
{
    return (lines){cx->host->alloc(cx, n, sizeof(bool)), cx->host->alloc(cx, n, sizeof(bool)), 0};
}

static void lines_use(lines *l, int64_t from, int64_t n)
{
    for (int64_t i = from; i < from + n; i++) l->used[i] = true;
    if (from + n > l->n) l->n = from + n;
}

static bool lack(const lines *l)
{
    for (int64_t i = 0; i < l->n; i++)
        if (l->used[i] && !l->full[i]) return true;
    return false;
}

static void look(map *m, const xb_array *a)
{
    size_t rows = (size_t)a->rows, cols = (size_t)a->cols;
    memset(m->rows.used, 0, rows), memset(m->rows.full, 0, rows), m->rows.n = 0;
    memset(m->cols.used, 0, cols), memset(m->cols.full, 0, cols), m->cols.n = 0;
    for (uint32_t b = 0; b < a->blocks; b++) {
        const xb_block *one = &m->block[a->first_block + b];
        lines_use(&m->rows, one->at_row, one->rows);
        lines_use(&m->cols, one->at_col, one->cols);
    }
    m->w->layout_api->array_values(m->w->layout, m->w->graph->of(m->w->module), a->id, m->value);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++)
            if (m->value[r * cols + c] != 0) m->rows.full[r] = m->cols.full[c] = true;
}

/* [[first, count], ...] */
static void write_ranges(const map *m, const lines *l)
{
    const xb_json_api *json = m->w->json;
    json->array(m->w->j, NULL, true);
    for (int64_t i = 0, run; i < l->n; i += run) {
        bool empty = l->used[i] && !l->full[i];
        for (run = 1; i + run < l->n && (l->used[i + run] && !l->full[i + run]) == empty;) run++;
        if (!empty) continue;
        json->array(m->w->j, NULL, true);
        json->integer(m->w->j, NULL, i);
        json->integer(m->w->j, NULL, run);
        json->close(m->w->j);
    }
    json->close(m->w->j);
}

static void write_array(const map *m, size_t index)
{
    const xb_json_api *json = m->w->json;
    json->array(m->w->j, NULL, true);
    json->integer(m->w->j, NULL, (int64_t)index);
    json->integer(m->w->j, NULL, m->rows.n);
    json->integer(m->w->j, NULL, m->cols.n);
    write_ranges(m, &m->rows);
    write_ranges(m, &m->cols);
    json->close(m->w->j);
}

/* The layer's arrays, the first of which is number `first`. Nothing is written of a layer that lacks nothing. */
static void write_map(map *m, size_t layer, size_t first, size_t n)
{
    const xb_json_api *json = m->w->json;
    bool open = false;
    for (size_t i = 0; i < n && !m->w->cx->host->cancelled(m->w->cx); i++) {
        look(m, &m->array[first + i]);
        if (!lack(&m->rows) && !lack(&m->cols)) continue;
        if (!m->found) json->array(m->w->j, "deleted_groups", false);
        if (!open) {
            json->object(m->w->j, NULL);
            json->integer(m->w->j, "layer", (int64_t)layer);
            json->array(m->w->j, "arrays", false);
        }
        m->found = open = true;
        write_array(m, i);
    }
    if (!open) return;
    json->close(m->w->j);
    json->close(m->w->j);
}

static map map_new(xb_report_writer *w)
{
    map m = {.w = w};
    size_t n = w->layout_api->arrays(w->layout, &m.array), rows = 1, cols = 1, cells = 1;
    w->layout_api->blocks(w->layout, &m.block);
    for (size_t i = 0; i < n; i++) {
        size_t p = (size_t)m.array[i].rows, q = (size_t)m.array[i].cols;
        rows = p > rows ? p : rows;
        cols = q > cols ? q : cols;
        cells = p * q > cells ? p * q : cells;
    }
    m.rows = lines_new(w->cx, rows);
    m.cols = lines_new(w->cx, cols);
    m.value = w->cx->host->alloc(w->cx, cells, sizeof *m.value);
    return m;
}

/* Is it cut, and do the layout's counts not say that all of it is there? Only then its weights are read again: they may
 * be a mapped file. Compacted cells are all cells where nothing is gone, unless an array is counted larger than it is.
 */
static bool may_lack(const xb_layer_cost *l)
{
    bool wires = l->row_wires + l->col_wires < l->row_wires_full + l->col_wires_full;
    return l->tiling.grid_rows * l->tiling.grid_cols > 1 && (wires || l->zero_arrays || l->compacted_cells != l->cells);
}

void xb_report_write_deleted(xb_report_writer *w)
{
    const xb_layer_cost *layer;
    size_t n = w->layout_api->layer_costs(w->layout, &layer), first = 0;
    map m = map_new(w);
    for (size_t i = 0; i < n; first += (size_t)layer[i++].arrays)
        if (may_lack(&layer[i])) write_map(&m, i, first, (size_t)layer[i].arrays);
    if (m.found) w->json->close(w->j);
}
