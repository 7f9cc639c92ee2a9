/* conv.c: Conv and ConvTranspose over 1 to 6 spatial dimensions, as matrix products per image and group. */
#include "nn/ref/kernel.h"
#include <string.h>

/* Shared by both: C channels in, M out, `groups`; a column matrix has (C or M)/g * kernel rows and one column a
 * position. */
typedef struct xb_convolution {
    const xb_call *c;
    xb_sliding w;
    int64_t groups, channels_in, channels_out; /* per group */
    int64_t taps, size_in, size_out;           /* products of kernel, in, out */
    int64_t field[XB_SPATIAL], field_size;     /* the padded array that windows run over */
    int64_t *tap, *position;                   /* offsets into the field; owned */
    xb_cell *image;                            /* channels * field_size; owned */
    xb_cell *bias;                             /* all channels; NULL: none; owned */
    int64_t channel_to;                        /* first output channel of the current image and group, over the batch */
} xb_convolution;

static void release(xb_convolution *v)
{
    free(v->tap);
    free(v->position);
    free(v->image);
    free(v->bias);
}

/* Offsets of `grid` points, each dimension `step` apart, in the field. */
static int64_t *offsets(const xb_convolution *v, const int64_t *grid, int64_t count, const int64_t *step)
{
    int64_t *to = xb_calloc((size_t)count + 1, sizeof *to), index[XB_SPATIAL] = {0};
    for (int64_t k = 0; k < count; k++) {
        for (int d = 0; d < v->w.dims; d++) to[k] = to[k] * v->field[d] + index[d] * step[d];
        xb_next_index(index, grid, v->w.dims);
    }
    return to;
}

/* Everything but padding, from shapes: in is N x C x ..., weight is M x C/g x ... (transposed: C x M/g x ...). */
static bool prepare(xb_convolution *v, const xb_call *c, bool transposed)
{
    const xb_type *x = &c->in[0].type, *k = &c->in[1].type, *y = &c->out[0].type;
    *v = (xb_convolution){.c = c, .groups = xb_call_int(c, "group", 1)};
    if (x->rank < 3 || k->rank != x->rank)
        return xb_call_bad(c, "input of rank %d, weight of rank %d", x->rank, k->rank);
    if (!xb_sliding_read(c, k->dim + 2, &v->w)) return false;
    int64_t g = v->groups, out = transposed ? k->dim[1] : k->dim[0], in = transposed ? k->dim[0] : k->dim[1];
    if (g < 1 || x->dim[1] % g || y->dim[1] % g || x->dim[1] != (transposed ? in : in * g) ||
        y->dim[1] != (transposed ? out * g : out) || y->dim[0] != x->dim[0])
        return xb_call_bad(c, "channels and groups do not fit the weight");
    v->channels_in = x->dim[1] / g;
    v->channels_out = y->dim[1] / g;
    v->taps = xb_product_of(v->w.kernel, v->w.dims);
    v->size_in = xb_product_of(v->w.in, v->w.dims);
    v->size_out = xb_product_of(v->w.out, v->w.dims);
    if (xb_call_has(c, 2)) {
        if (xb_type_count(&c->in[2].type) != y->dim[1])
            return xb_call_bad(c, "bias does not have %lld numbers", (long long)y->dim[1]);
        v->bias = xb_cells_of(&c->in[2]);
    }
    return true;
}

/* Field of dims `of` windows; false when its size overflows. */
static bool lay_out(xb_convolution *v, const int64_t *windows, int64_t channels)
{
    size_t total = (size_t)(channels > 0 ? channels : 1);
    v->field_size = 1;
    for (int d = 0; d < v->w.dims; d++) {
        int64_t reach = (v->w.kernel[d] - 1) * v->w.dilation[d] + 1;
        v->field[d] = windows[d] > 0 ? (windows[d] - 1) * v->w.stride[d] + reach : reach;
        if (!xb_mul(total, (size_t)v->field[d], &total) || total > SIZE_MAX / 64) return xb_call_bad(v->c, "too large");
        v->field_size *= v->field[d];
    }
    v->tap = offsets(v, v->w.kernel, v->taps, v->w.dilation);
    v->position = offsets(v, windows, xb_product_of(windows, v->w.dims), v->w.stride);
    v->image = xb_calloc(total, sizeof *v->image);
    return true;
}

/* One channel between a tensor and the field, shifted by the padding; what falls outside is left. Array coordinate a
 * is field coordinate a + before. */
static void shift(const xb_convolution *v, const int64_t *array, xb_cell *field, xb_cell *plane, bool into_field)
{
    int64_t from[XB_SPATIAL], size[XB_SPATIAL], index[XB_SPATIAL] = {0};
    int last = v->w.dims - 1;
    for (int d = 0; d <= last; d++) {
        from[d] = v->w.before[d] < 0 ? -v->w.before[d] : 0;
        int64_t to = v->field[d] - v->w.before[d];
        size[d] = (to < array[d] ? to : array[d]) - from[d];
        if (size[d] <= 0) return;
    }
    do {
        int64_t a = 0, f = 0;
        for (int d = 0; d <= last; d++) {
            a = a * array[d] + from[d] + index[d];
            f = f * v->field[d] + from[d] + index[d] + v->w.before[d];
        }
        memcpy(into_field ? field + f : plane + a, into_field ? plane + a : field + f,
               (size_t)size[last] * sizeof *field);
    } while (xb_next_index(index, size, last));
}

/* Rows (channel, tap), columns positions: im2col. */
static void load_columns(const void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *to, int ld)
{
    const xb_convolution *v = cx;
    for (int r = 0; r < rows; r++) {
        const xb_cell *from = v->image + (row + r) / v->taps * v->field_size + v->tap[(row + r) % v->taps];
        for (int k = 0; k < cols; k++) to[r * ld + k] = from[v->position[col + k]];
    }
}

static void take_outputs(void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *tile, int ld)
{
    const xb_convolution *v = cx;
    const xb_tensor *y = &v->c->out[0];
    int64_t channels = v->groups * v->channels_out;
    for (int r = 0; r < rows; r++) {
        int64_t channel = v->channel_to + row + r;
        for (int k = 0; v->bias && k < cols; k++) tile[r * ld + k].f += v->bias[channel % channels].f;
        xb_cells_store(tile + r * ld, y->type.dtype, y->data, channel * v->size_out + col, 1, cols);
    }
}

static bool run_conv(xb_convolution *v)
{
    const xb_tensor *x = &v->c->in[0], *weight = &v->c->in[1];
    if (!lay_out(v, v->w.out, v->channels_in)) return false;
    int64_t depth = v->channels_in * v->taps;
    xb_cell *plane = xb_calloc((size_t)v->size_in + 1, sizeof *plane);
    for (int64_t part = 0; part < x->type.dim[0] * v->groups; part++) {
        for (int64_t k = 0; k < v->channels_in; k++) {
            xb_cells_load(plane, x->type.dtype, x->data, (part * v->channels_in + k) * v->size_in, 1, v->size_in);
            shift(v, v->w.in, v->image + k * v->field_size, plane, true);
        }
        xb_grid w = {weight->type.dtype, weight->data, part % v->groups * v->channels_out * depth, depth, 1};
        v->channel_to = part * v->channels_out;
        xb_product(XB_CLASS_FLOAT, v->channels_out, v->size_out, depth, (xb_operand){xb_grid_load, &w},
                   (xb_operand){load_columns, v}, take_outputs, v);
    }
    free(plane);
    return true;
}

bool xb_ref_conv(const xb_call *c)
{
    if (!xb_is_float(c->in[0].type.dtype)) return xb_call_refuse(c, c->in[0].type.dtype);
    xb_convolution v;
    bool ok = prepare(&v, c, false) && (xb_type_count(&c->out[0].type) == 0 || run_conv(&v));
    release(&v);
    return ok;
}

/* Rows (channel, tap) of the product are added to the field where the window of that position has them: col2im. */
static void add_columns(void *cx, int64_t row, int64_t col, int rows, int cols, xb_cell *tile, int ld)
{
    xb_convolution *v = cx;
    for (int r = 0; r < rows; r++) {
        xb_cell *to = v->image + (row + r) / v->taps * v->field_size + v->tap[(row + r) % v->taps];
        for (int k = 0; k < cols; k++) to[v->position[col + k]].f += tile[r * ld + k].f;
    }
}

/* With output_shape or SAME, padding follows from the sizes (ONNX ConvTranspose, opset 11): an odd one goes behind for
 * SAME_UPPER, else before. */
static bool pad_transposed(xb_convolution *v)
{
    int64_t more[XB_SPATIAL];
    bool upper = xb_call_text(v->c, "auto_pad", "SAME_UPPER");
    bool same = upper || xb_call_text(v->c, "auto_pad", "SAME_LOWER");
    if (!xb_call_ints(v->c, "output_padding", 0, more, (size_t)v->w.dims)) return false;
    const xb_attr *shape = xb_graph_attr(v->c->g, v->c->op, "output_shape");
    if (!same && (!shape || shape->n == 0)) return true;
    for (int d = 0; d < v->w.dims; d++) {
        int64_t total =
            v->w.stride[d] * (v->w.in[d] - 1) + more[d] + (v->w.kernel[d] - 1) * v->w.dilation[d] + 1 - v->w.out[d];
        if (total < 0) total = 0;
        v->w.before[d] = upper ? total / 2 : total - total / 2;
    }
    return true;
}

static void store_field(const xb_convolution *v, xb_cell *plane)
{
    const xb_tensor *y = &v->c->out[0];
    int64_t channels = v->groups * v->channels_out;
    for (int64_t k = 0; k < v->channels_out; k++) {
        int64_t channel = v->channel_to + k;
        memset(plane, 0, (size_t)v->size_out * sizeof *plane);
        shift(v, v->w.out, v->image + k * v->field_size, plane, false);
        for (int64_t p = 0; v->bias && p < v->size_out; p++) plane[p].f += v->bias[channel % channels].f;
        xb_cells_store(plane, y->type.dtype, y->data, channel * v->size_out, 1, v->size_out);
    }
}

static bool run_transposed(xb_convolution *v)
{
    const xb_tensor *x = &v->c->in[0], *weight = &v->c->in[1];
    if (!pad_transposed(v) || !lay_out(v, v->w.in, v->channels_out)) return false;
    int64_t rows = v->channels_out * v->taps;
    xb_cell *plane = xb_calloc((size_t)v->size_out, sizeof *plane);
    for (int64_t part = 0; part < x->type.dim[0] * v->groups; part++) {
        int64_t first = part * v->channels_in;
        xb_grid w = {weight->type.dtype, weight->data, part % v->groups * v->channels_in * rows, 1, rows};
        xb_grid in = {x->type.dtype, x->data, first * v->size_in, v->size_in, 1};
        memset(v->image, 0, (size_t)(v->channels_out * v->field_size) * sizeof *v->image);
        v->channel_to = part * v->channels_out;
        xb_product(XB_CLASS_FLOAT, rows, v->size_in, v->channels_in, (xb_operand){xb_grid_load, &w},
                   (xb_operand){xb_grid_load, &in}, add_columns, v);
        store_field(v, plane);
    }
    free(plane);
    return true;
}

bool xb_ref_conv_transpose(const xb_call *c)
{
    if (!xb_is_float(c->in[0].type.dtype)) return xb_call_refuse(c, c->in[0].type.dtype);
    xb_convolution v;
    bool ok = prepare(&v, c, true) && (xb_type_count(&c->out[0].type) == 0 || run_transposed(&v));
    release(&v);
    return ok;
}
