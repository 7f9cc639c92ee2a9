/* layout.c: the backend that writes layout.json and weights.bin; docs/formats/layout.md is the reference.
 *
 * Long lists are tables: one row a line. weights.bin holds the arrays' values in order of their numbers, each P x Q row
 * by row, as little-endian float32. */
#include <string.h>
#include <xbarc/xbarc.h>

typedef struct writer {
    xb_cx *cx;
    const xb_layout_api *layout;
    const xb_graph_api *graph;
    const xb_json_api *json;
    const xb_graph *g;
    const xb_layout *l;
    struct xb_json *j;
} writer;

static void integers(const writer *w, const char *key, const int64_t *v, size_t n)
{
    w->json->array(w->j, key, true);
    for (size_t i = 0; i < n; i++) w->json->integer(w->j, NULL, v[i]);
    w->json->close(w->j);
}

static void names(const writer *w, const char *key, const char *const *name)
{
    w->json->array(w->j, key, true);
    for (; *name; name++) w->json->string(w->j, NULL, *name);
    w->json->close(w->j);
}

static void write_tiling(const writer *w, const xb_layer_cost *c)
{
    w->json->object(w->j, "tiling");
    w->json->integer(w->j, "rows", c->tiling.rows);
    w->json->integer(w->j, "cols", c->tiling.cols);
    w->json->integer(w->j, "grid_rows", c->tiling.grid_rows);
    w->json->integer(w->j, "grid_cols", c->tiling.grid_cols);
    w->json->boolean(w->j, "padded", c->tiling.padded);
    w->json->boolean(w->j, "packed", c->packed);
    w->json->boolean(w->j, "spread", c->spread);
    w->json->close(w->j);
}

static void write_matrices(const writer *w)
{
    const xb_matrix *m;
    const xb_layer_cost *c;
    size_t n = w->layout->matrices(w->l, &m);
    w->layout->layer_costs(w->l, &c);
    w->json->array(w->j, "matrices", false);
    for (size_t i = 0; i < n; i++) {
        w->json->object(w->j, NULL);
        w->json->string(w->j, "name", c[i].name);
        w->json->string(w->j, "op", c[i].op_type);
        w->json->string(w->j, "weight", w->graph->value_name(w->g, m[i].weight));
        w->json->integer(w->j, "groups", m[i].groups);
        w->json->integer(w->j, "rows", m[i].rows);
        w->json->integer(w->j, "cols", m[i].cols);
        w->json->integer(w->j, "arrays", c[i].arrays);
        write_tiling(w, &c[i]);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

static void write_arrays(const writer *w)
{
    static const char *const fields[] = {"rows", "cols", "core", "site_x", "site_y", NULL};
    const xb_array *a;
    size_t n = w->layout->arrays(w->l, &a);
    names(w, "array_fields", fields);
    w->json->array(w->j, "arrays", false);
    for (size_t i = 0; i < n; i++)
        integers(w, NULL, (int64_t[]){a[i].rows, a[i].cols, a[i].core, a[i].site_x, a[i].site_y}, 5);
    w->json->close(w->j);
}

/* [[first, count], ...] of runs that follow one another; [] when there is no list. */
static void ranges(const writer *w, const int32_t *list, int64_t n)
{
    w->json->array(w->j, NULL, true);
    for (int64_t i = 0, run; list && i < n; i += run) {
        for (run = 1; i + run < n && list[i + run] == list[i] + run;) run++;
        integers(w, NULL, (int64_t[]){list[i], run}, 2);
    }
    w->json->close(w->j);
}

static void write_block(const writer *w, const xb_block *b)
{
    const int64_t f[] = {b->array, b->matrix, b->group, b->row, b->rows, b->col, b->cols, b->at_row, b->at_col};
    w->json->array(w->j, NULL, true);
    for (size_t i = 0; i < sizeof f / sizeof *f; i++) w->json->integer(w->j, NULL, f[i]);
    if (b->row_list || b->col_list) {
        ranges(w, b->row_list, b->rows);
        ranges(w, b->col_list, b->cols);
    }
    w->json->close(w->j);
}

static void write_blocks(const writer *w)
{
    static const char *const fields[] = {"array", "matrix", "group",  "row",      "rows",     "col",
                                         "cols",  "at_row", "at_col", "row_list", "col_list", NULL};
    const xb_block *b;
    size_t n = w->layout->blocks(w->l, &b);
    names(w, "block_fields", fields);
    w->json->array(w->j, "blocks", false);
    for (size_t i = 0; i < n; i++) write_block(w, &b[i]);
    w->json->close(w->j);
}

static void write_nets(const writer *w)
{
    static const char *const fields[] = {"matrix",      "row",    "group",  "index", "count",
                                         "first_array", "arrays", "stride", "wires", NULL};
    const xb_net *t;
    size_t n = w->layout->nets(w->l, &t);
    names(w, "net_fields", fields);
    w->json->array(w->j, "nets", false);
    for (size_t i = 0; i < n; i++)
        integers(w, NULL,
                 (int64_t[]){t[i].matrix, t[i].row, t[i].group, t[i].index, t[i].count, t[i].first_array, t[i].arrays,
                             t[i].stride, t[i].wires},
                 9);
    w->json->close(w->j);
}

static int64_t weight_bytes(const writer *w)
{
    const xb_array *a;
    size_t n = w->layout->arrays(w->l, &a);
    int64_t bytes = 0;
    for (size_t i = 0; i < n; i++) bytes += (int64_t)a[i].rows * a[i].cols * 4;
    return bytes;
}

static void write_head(const writer *w)
{
    const xb_hw *hw = w->layout->hw(w->l);
    int32_t rows, cols;
    w->layout->mesh(w->l, &rows, &cols);
    w->json->string(w->j, "schema", "xbarc-layout");
    w->json->integer(w->j, "schema_version", 1);
    w->json->object(w->j, "hardware");
    w->json->string(w->j, "name", hw->name);
    w->json->string(w->j, "digest", hw->digest);
    w->json->close(w->j);
    w->json->object(w->j, "weights");
    w->json->string(w->j, "file", "weights.bin");
    w->json->string(w->j, "format", "float32 little-endian");
    w->json->integer(w->j, "bytes", weight_bytes(w));
    w->json->close(w->j);
    w->json->object(w->j, "mesh");
    w->json->integer(w->j, "rows", rows);
    w->json->integer(w->j, "cols", cols);
    w->json->close(w->j);
}

static int write_layout(writer *w, xb_sink *sink)
{
    if (sink->open(sink, "layout.json") < 0) return -1;
    w->j = w->json->begin(w->cx, sink);
    w->json->object(w->j, NULL);
    write_head(w);
    write_matrices(w);
    write_arrays(w);
    write_blocks(w);
    write_nets(w);
    w->json->close(w->j);
    w->json->end(w->j);
    return sink->close(sink);
}

/* n floats -> 4n bytes, least significant first, in place. */
static void to_little_endian(void *values, size_t n)
{
    unsigned char *p = values;
    for (size_t i = 0; i < n; i++, p += 4) {
        uint32_t v;
        memcpy(&v, p, 4);
        p[0] = (unsigned char)v, p[1] = (unsigned char)(v >> 8);
        p[2] = (unsigned char)(v >> 16), p[3] = (unsigned char)(v >> 24);
    }
}

static int write_weights(const writer *w, xb_sink *sink)
{
    const xb_array *a;
    size_t n = w->layout->arrays(w->l, &a), largest = 0;
    for (size_t i = 0; i < n; i++) {
        size_t cells = (size_t)a[i].rows * (size_t)a[i].cols;
        if (cells > largest) largest = cells;
    }
    float *values = w->cx->host->alloc(w->cx, largest, sizeof *values);
    if (sink->open(sink, "weights.bin") < 0) return -1;
    for (size_t i = 0; i < n; i++) {
        size_t cells = (size_t)a[i].rows * (size_t)a[i].cols;
        if (w->cx->host->cancelled(w->cx)) {
            sink->close(sink);
            return -1;
        }
        w->layout->array_values(w->l, w->g, a[i].id, values);
        to_little_endian(values, cells);
        sink->write(sink, values, cells * sizeof *values);
        w->cx->host->progress(w->cx, i + 1, n, "arrays");
    }
    return sink->close(sink);
}

static int emit(xb_cx *cx, xb_module *module, xb_sink *sink, const void *options)
{
    (void)options;
    writer w = {.cx = cx};
    w.layout = cx->host->service(cx, "xb.layout", 1);
    w.graph = cx->host->service(cx, "xb.graph", 1);
    w.json = cx->host->service(cx, "xb.json", 1);
    w.g = w.graph->of(module);
    w.l = w.layout->of(module);
    return write_layout(&w, sink) < 0 || write_weights(&w, sink) < 0 ? -1 : 0;
}

static const xb_backend backend = {
    .struct_size = sizeof(xb_backend),
    .name = "layout",
    .summary = "layout.json and weights.bin: arrays, blocks, nets, placement and the values the arrays hold",
    .doc = "layout.json says which rows and columns of which matrix sit where in which array, what connects the "
           "arrays, and where they stand on the chip. weights.bin holds their values, array by array.\n\n"
           "`xbarc verify` rebuilds every matrix from the two files and compares it with the model, bit for bit.",
    .example = "emit: [layout]",
    .needs = (const char *const[]){"layout", NULL},
    .services = (const char *const[]){"xb.layout/1", "xb.graph/1", "xb.json/1", NULL},
    .emit = emit,
};

XBARC_PLUGIN(layout) = {
    XBARC_PLUGIN_HEADER,
    .name = "layout",
    .version = "1",
    .backends = (const xb_backend *const[]){&backend, NULL},
};
