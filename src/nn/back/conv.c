/* conv.c: gradients of Conv and ConvTranspose.
 *
 * Both have a wide side that windows run over and a narrow side with one number a window and channel: Conv reads the
 * wide one, ConvTranspose writes it. The weight is narrow channels x wide channels of a group x taps either way; its
 * gradient is the narrow side times the windows of the wide one.
 */
#include "nn/back/kernel.h"

typedef struct xb_windows {
    xb_sliding w;
    int64_t extent[XB_SPATIAL];         /* of the wide side */
    int64_t groups, narrow, wide;       /* channels of a group */
    int64_t size, positions, taps;      /* products of extent, windows, kernel */
    int64_t images, group;              /* group: the current one */
    int64_t *start, *reach;             /* per window, per tap: a coordinate a dimension; owned */
    xb_cell *wide_cells, *narrow_cells; /* owned */
    const xb_tensor *to;                /* where results of the product go */
} xb_windows;

static void release(xb_windows *v)
{
    free(v->start);
    free(v->reach);
    free(v->wide_cells);
    free(v->narrow_cells);
}

/* Coordinates of the points of a grid: index * step - before. */
static int64_t *points(int dims, const int64_t *grid, const int64_t *step, const int64_t *before)
{
    int64_t n = xb_product_of(grid, dims), index[XB_SPATIAL] = {0};
    int64_t *to = xb_calloc((size_t)(n * dims) + 1, sizeof *to);
    for (int64_t k = 0; k < n; k++) {
        for (int d = 0; d < dims; d++) to[k * dims + d] = index[d] * step[d] - (before ? before[d] : 0);
        xb_next_index(index, grid, dims);
    }
    return to;
}

/* Padding of ConvTranspose with output_shape or SAME follows from the sizes, as in the forward kernel. */
static bool pad_transposed(const xb_call *c, xb_sliding *w)
{
    int64_t more[XB_SPATIAL];
    const xb_attr *shape = xb_graph_attr(c->g, c->op, "output_shape");
    bool upper = xb_call_text(c, "auto_pad", "SAME_UPPER"), same = upper || xb_call_text(c, "auto_pad", "SAME_LOWER");
    if (!xb_call_ints(c, "output_padding", 0, more, (size_t)w->dims)) return false;
    if (!same && (!shape || shape->n == 0)) return true;
    for (int d = 0; d < w->dims; d++) {
        int64_t total = w->stride[d] * (w->in[d] - 1) + more[d] + (w->kernel[d] - 1) * w->dilation[d] + 1 - w->out[d];
        if (total < 0) total = 0;
        w->before[d] = upper ? total / 2 : total - total / 2;
    }
    return true;
}

static bool prepare(xb_windows *v, const xb_back *b, bool transposed)
{
    const xb_tensor *wide = transposed ? &b->dout[0] : &b->c.in[0], *narrow = transposed ? &b->c.in[0] : &b->dout[0];
    const xb_type *weight = &b->c.in[1].type;
    *v = (xb_windows){.groups = xb_call_int(&b->c, "group", 1), .images = weight->rank ? narrow->type.dim[0] : 0};
    if (!xb_sliding_read(&b->c, weight->dim + 2, &v->w) || (transposed && !pad_transposed(&b->c, &v->w))) return false;
    const int64_t *windows = transposed ? v->w.in : v->w.out;
    for (int d = 0; d < v->w.dims; d++) v->extent[d] = transposed ? v->w.out[d] : v->w.in[d];
    v->narrow = weight->dim[0] / v->groups;
    v->wide = weight->dim[1];
    v->size = xb_product_of(v->extent, v->w.dims);
    v->positions = xb_product_of(windows, v->w.dims);
    v->taps = xb_product_of(v->w.kernel, v->w.dims);
    v->start = points(v->w.dims, windows, v->w.stride, v->w.before);
    v->reach = points(v->w.dims, v->w.kernel, v->w.dilation, NULL);
    v->wide_cells = xb_cells_of(wide);
    v->narrow_cells = xb_cells_of(narrow);
    return true;
}

/* Offset of a tap in its plane; -1: it is in the padding. */
static int64_t place(const xb_windows *v, const int64_t *start, const int64_t *reach)
{
    int64_t offset = 0;
    for (int d = 0; d < v->w.dims; d++) {
        int64_t at = start[d] + reach[d];
        if (at < 0 || at >= v->extent[d]) return -1;
        offset = offset * v->extent[d] + at;
    }
    return offset;
}

/* Rows windows of all images, columns (wide channel, tap). */
static void load_windows(const void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *to, int ld)
{
    const xb_windows *v = cx;
    for (int r = 0; r < rows; r++) {
        int64_t image = (row + r) / v->positions, channel = col / v->taps, tap = col % v->taps;
        const int64_t *start = v->start + (row + r) % v->positions * v->w.dims;
        const xb_cell *plane = v->wide_cells + ((image * v->groups + v->group) * v->wide + channel) * v->size;
        for (int k = 0; k < cols; k++) {
            int64_t at = place(v, start, v->reach + tap * v->w.dims);
            to[r * ld + k] = at < 0 ? (xb_cell){.f = 0} : plane[at];
            if (++tap < v->taps) continue;
            tap = 0;
            plane += v->size;
        }
    }
}

/* Rows narrow channels, columns windows of all images. */
static void load_narrow(const void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *to, int ld)
{
    const xb_windows *v = cx;
    for (int k = 0; k < cols; k++) {
        int64_t image = (col + k) / v->positions, position = (col + k) % v->positions;
        int64_t channel = (image * v->groups + v->group) * v->narrow + row;
        for (int r = 0; r < rows; r++) to[r * ld + k] = v->narrow_cells[(channel + r) * v->positions + position];
    }
}

static void take_weight(void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *tile, int ld)
{
    const xb_windows *v = cx;
    for (int r = 0; r < rows; r++) {
        int64_t first = (v->group * v->narrow + row + r) * v->wide * v->taps + col;
        xb_cells_store(tile + r * ld, v->to->type.dtype, v->to->data, first, 1, cols);
    }
}

static void take_narrow(void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *tile, int ld)
{
    const xb_windows *v = cx;
    for (int r = 0; r < rows; r++) {
        int64_t image = (row + r) / v->positions, position = (row + r) % v->positions;
        int64_t channel = (image * v->groups + v->group) * v->narrow + col;
        xb_cells_store(tile + r * ld, v->to->type.dtype, v->to->data, channel * v->positions + position, v->positions,
                       cols);
    }
}

static void back_weight(xb_windows *v, const xb_tensor *to)
{
    v->to = to;
    for (v->group = 0; v->group < v->groups; v->group++)
        xb_product(XB_CLASS_FLOAT, v->narrow, v->wide * v->taps, v->images * v->positions, (xb_operand){load_narrow, v},
                   (xb_operand){load_windows, v}, take_weight, v);
}

/* Windows times the weight's transpose: what a convolution computes, with the padding at hand. */
static void back_narrow(xb_windows *v, const xb_tensor *weight, const xb_tensor *to)
{
    int64_t depth = v->wide * v->taps;
    v->to = to;
    for (v->group = 0; v->group < v->groups; v->group++) {
        xb_grid w = {weight->type.dtype, weight->data, v->group * v->narrow * depth, 1, depth};
        xb_product(XB_CLASS_FLOAT, v->images * v->positions, v->narrow, depth, (xb_operand){load_windows, v},
                   (xb_operand){xb_grid_load, &w}, take_narrow, v);
    }
}

static void back_bias(const xb_back *b)
{
    const xb_tensor *dy = &b->dout[0];
    const xb_type *y = &b->c.out[0].type;
    xb_cell *sums = xb_back_sums(b, 2);
    int64_t size = xb_span(y, 2, y->rank);
    for (int64_t plane = 0; sums && plane < y->dim[0] * y->dim[1]; plane++)
        for (int64_t k = 0; k < size; k += XB_BLOCK) {
            xb_cell v[XB_BLOCK];
            int64_t n = size - k < XB_BLOCK ? size - k : XB_BLOCK;
            xb_cells_load(v, dy->type.dtype, dy->data, plane * size + k, 1, n);
            for (int64_t j = 0; j < n; j++) sums[plane % y->dim[1]].f += v[j].f;
        }
    xb_back_give(b, 2, sums);
}

/* dx is the transposed convolution of dy: same weight, same windows. */
bool xb_back_conv(const xb_back *b)
{
    xb_call dx = b->c;
    xb_tensor in[2] = {b->dout[0], b->c.in[1]};
    dx.in = in;
    dx.n_in = 2;
    dx.out = &b->din[0];
    dx.n_out = 1;
    back_bias(b);
    if (xb_back_wants(b, 0) && !xb_ref_conv_transpose(&dx)) return false;
    if (!xb_back_wants(b, 1)) return true;
    xb_windows v;
    bool ok = prepare(&v, b, false);
    if (ok) back_weight(&v, &b->din[1]);
    release(&v);
    return ok;
}

bool xb_back_conv_transpose(const xb_back *b)
{
    xb_windows v;
    back_bias(b);
    bool ok = prepare(&v, b, true);
    if (ok && xb_back_wants(b, 0)) back_narrow(&v, &b->c.in[1], &b->din[0]);
    if (ok && xb_back_wants(b, 1)) back_weight(&v, &b->din[1]);
    release(&v);
    return ok;
}
