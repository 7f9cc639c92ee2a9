/* count.c: what deletion has left: wires and compacted cells, from one pass over the weights in the order they are
 * stored.
 *
 * Group Scissor (DAC 2017), eq. 7 and 8, with wires counted where they leave or enter several arrays: columns of a
 * matrix with several row blocks, rows of one with several column blocks. -0 is zero; NaN is not. */
#include "hw/layout_private.h"
#include <stdlib.h>

enum { SMALLEST_ROWS = 16, SMALLEST_COLS = 8 }; /* of a compacted array */

/* One matrix group seen as `lines` x `along`, along being the axis that is contiguous in memory. */
typedef struct scan {
    const unsigned char *data;
    xb_dtype dtype;
    bool release;   /* a view of the model file: pages may go */
    bool by_column; /* a line is a matrix column */
    int64_t lines, along, line_stride, along_stride;
    int64_t line_tile, along_tile;
    const int32_t *line_order, *along_order; /* NULL: as they are stored */
    uint32_t *seen;   /* [along] or of the bits seen in the current band of lines */
    int64_t *nonzero; /* [along tiles] nonzero lines in the current band */
} scan;

static bool any_bit(uint32_t bits)
{
    return bits << 1 != 0;
}

/* Ors n floats from `first` on into seen[] and returns the or of all. */
static uint32_t or_floats(const scan *s, int64_t first, int64_t n, uint32_t *seen)
{
    const unsigned char *p = s->data + 4 * first;
    uint32_t all = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t v;
        memcpy(&v, p + 4 * i * s->along_stride, 4);
        seen[i] |= v;
        all |= v;
    }
    return all;
}

static uint32_t or_others(const scan *s, int64_t first, int64_t n, uint32_t *seen)
{
    uint32_t all = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t v = xb_scalar_get(s->dtype, s->data, (size_t)(first + i * s->along_stride)) != 0 ? 2 : 0;
        seen[i] |= v;
        all |= v;
    }
    return all;
}

/* Places [a, a+n) along the line at `start`, in their order. */
static uint32_t or_ordered(const scan *s, int64_t start, int64_t a, int64_t n)
{
    uint32_t all = 0;
    for (int64_t i = a; i < a + n; i++) {
        int64_t at = start + s->along_order[i] * s->along_stride;
        all |= s->dtype == XB_F32 ? or_floats(s, at, 1, s->seen + i) : or_others(s, at, 1, s->seen + i);
    }
    return all;
}

static uint32_t or_places(const scan *s, int64_t start, int64_t a, int64_t n)
{
    int64_t first = start + a * s->along_stride;
    if (s->along_order) return or_ordered(s, start, a, n);
    return s->dtype == XB_F32 ? or_floats(s, first, n, s->seen + a) : or_others(s, first, n, s->seen + a);
}

static void scan_band(const scan *s, int64_t base, int64_t from, int64_t to)
{
    memset(s->seen, 0, (size_t)s->along * sizeof *s->seen);
    for (int64_t line = from; line < to; line++) {
        int64_t start = base + (s->line_order ? s->line_order[line] : line) * s->line_stride;
        for (int64_t a = 0, tile = 0; a < s->along; a += s->along_tile, tile++) {
            int64_t n = s->along - a < s->along_tile ? s->along - a : s->along_tile;
            if (any_bit(or_places(s, start, a, n))) s->nonzero[tile]++;
        }
    }
    size_t size = xb_dtype_size(s->dtype);
    if (s->release && s->line_stride > 0 && !s->line_order)
        xb_view_done(s->data + size * (size_t)(base + from * s->line_stride),
                     size * (size_t)((to - from) * s->line_stride));
}

static int64_t floor_at(int64_t kept, int64_t least, int64_t all)
{
    if (least > all) least = all;
    return kept > least ? kept : least;
}

int64_t xb_compacted(int64_t kept_rows, int64_t kept_cols, int64_t rows, int64_t cols)
{
    return kept_rows ? floor_at(kept_rows, SMALLEST_ROWS, rows) * floor_at(kept_cols, SMALLEST_COLS, cols) : 0;
}

/* What one block of an array keeps: nonzero rows and columns. */
typedef struct kept {
    int64_t rows, cols;
} kept;

static void add_wires(xb_layout *l, size_t i, int64_t group, int64_t r, int64_t c, kept k)
{
    xb_layer_cost *cost = &l->costs.data[i];
    const xb_tiling *t = &cost->tiling;
    int64_t col_nets = t->grid_rows > 1 ? t->grid_cols : 0, row_nets = t->grid_cols > 1 ? t->grid_rows : 0;
    xb_net *net = l->nets.data ? l->nets.data + l->first_net.data[i] + group * (col_nets + row_nets) : NULL;
    if (col_nets) net[c].wires += k.cols, cost->col_wires += k.cols;
    if (row_nets) net[col_nets + r].wires += k.rows, cost->row_wires += k.rows;
}

/* The blocks of a band, after scan_band; `sum` (packed) collects the blocks of one array, else each block is one. */
static void end_band(xb_layout *l, size_t i, const scan *s, int64_t group, int64_t band, kept *sum)
{
    xb_layer_cost *cost = &l->costs.data[i];
    const xb_matrix *m = &l->matrices.data[i];
    for (int64_t a = 0, tile = 0; a < s->along; a += s->along_tile, tile++) {
        int64_t n = s->along - a < s->along_tile ? s->along - a : s->along_tile, crossing = 0;
        for (int64_t k = 0; k < n; k++) crossing += any_bit(s->seen[a + k]);
        kept k = s->by_column ? (kept){crossing, s->nonzero[tile]} : (kept){s->nonzero[tile], crossing};
        s->nonzero[tile] = 0;
        if (sum) {
            sum->rows += k.rows, sum->cols += k.cols;
            continue;
        }
        cost->compacted_cells += xb_compacted(k.rows, k.cols, m->rows, m->cols);
        cost->zero_arrays += k.rows == 0;
        add_wires(l, i, group, s->by_column ? tile : band, s->by_column ? band : tile, k);
    }
}

static scan scan_of(const xb_layout *l, const xb_graph *g, size_t i)
{
    const xb_matrix *m = &l->matrices.data[i];
    const xb_layer_cost *c = &l->costs.data[i];
    int64_t p = c->packed ? m->rows : c->tiling.rows, q = c->packed ? m->cols : c->tiling.cols;
    scan s = {.data = xb_graph_raw(g, m->weight, NULL), .dtype = xb_graph_type(g, m->weight)->dtype};
    s.release = xb_graph_is_mapped(g, m->weight);
    s.by_column = m->row_stride <= m->col_stride;
    s.lines = s.by_column ? m->cols : m->rows, s.along = s.by_column ? m->rows : m->cols;
    s.line_stride = s.by_column ? m->col_stride : m->row_stride;
    s.along_stride = s.by_column ? m->row_stride : m->col_stride;
    s.line_tile = s.by_column ? q : p, s.along_tile = s.by_column ? p : q;
    const xb_order *o = &l->orders.data[i];
    s.line_order = s.by_column ? o->cols : o->rows, s.along_order = s.by_column ? o->rows : o->cols;
    s.seen = xb_calloc((size_t)s.along, sizeof *s.seen);
    s.nonzero = xb_calloc((size_t)(s.along / s.along_tile + 1), sizeof *s.nonzero);
    return s;
}

void xb_layout_count(xb_layout *l, const xb_graph *g, size_t i)
{
    const xb_matrix *m = &l->matrices.data[i];
    xb_layer_cost *cost = &l->costs.data[i];
    if (cost->spread) {
        xb_count_spread(l, g, i);
        return;
    }
    scan s = scan_of(l, g, i);
    kept sum = {0, 0};
    uint32_t array = l->first_array.data[i];
    int64_t left = cost->packed ? l->arrays.data[array].blocks : 0;
    for (int64_t group = 0; group < m->groups; group++) {
        for (int64_t from = 0, band = 0; from < s.lines; from += s.line_tile, band++) {
            int64_t to = s.lines - from < s.line_tile ? s.lines : from + s.line_tile;
            scan_band(&s, group * m->group_stride, from, to);
            end_band(l, i, &s, group, band, cost->packed ? &sum : NULL);
        }
        if (!cost->packed || --left) continue;
        int64_t blocks = l->arrays.data[array].blocks;
        cost->compacted_cells += xb_compacted(sum.rows, sum.cols, blocks * m->rows, blocks * m->cols);
        cost->zero_arrays += sum.rows == 0;
        sum = (kept){0, 0};
        if (++array < l->first_array.data[i + 1]) left = l->arrays.data[array].blocks;
    }
    size_t bytes;
    if (s.release && xb_type_bytes(xb_graph_type(g, m->weight), &bytes)) xb_view_done(s.data, bytes);
    int64_t wires = cost->row_wires + cost->col_wires, full = cost->row_wires_full + cost->col_wires_full;
    double ratio = full ? (double)wires / (double)full : 1;
    cost->routing_area_ratio = ratio * ratio;
    free(s.seen);
    free(s.nonzero);
}
