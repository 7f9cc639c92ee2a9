/* matrix.c: the matrix view of synaptic ops (include/xbarc/graph.h, xb_matrix). */
#include "ir/graph.h"

static bool is_real(xb_dtype t)
{
    return t == XB_F32 || t == XB_F64 || t == XB_F16 || t == XB_BF16;
}

/* Product of the dims of `v` other than the batch dim 0 and `channel`; 0 when one of them is not a size. */
static int64_t positions(const xb_graph *g, xb_value v, int channel)
{
    const xb_type *t = xb_graph_type(g, v);
    int64_t n = 1;
    if (t->rank < 0) return 0;
    for (int i = 1; i < t->rank; i++) {
        if (i == channel) continue;
        if (t->dim[i] < 0 || !xb_mul_i64(n, t->dim[i], &n)) return 0;
    }
    return n;
}

static xb_value result_of(const xb_graph *g, xb_op op)
{
    const xb_value *out;
    return xb_graph_op_outputs(g, op, &out) ? out[0] : (xb_value){0};
}

/* Weight M x C/g x k.. of Conv, C x M/g x k.. of ConvTranspose. */
static bool view_conv(const xb_graph *g, xb_op op, bool transpose, const xb_value *in, size_t n_in, xb_matrix *m)
{
    const xb_type *w = xb_graph_type(g, in[1]);
    int64_t group = xb_graph_attr_int(g, op, "group", 1), kernel = 1;
    if (w->rank < 3 || group < 1 || w->dim[0] % group) return false;
    for (int i = 2; i < w->rank; i++) kernel *= w->dim[i];
    int64_t first = w->dim[0] / group, second = w->dim[1] * kernel;
    m->weight = in[1];
    m->bias = n_in > 2 ? in[2] : (xb_value){0};
    m->groups = group;
    m->rows = transpose ? first : second;
    m->cols = transpose ? second : first;
    m->group_stride = first * second;
    m->row_stride = transpose ? second : 1;
    m->col_stride = transpose ? 1 : second;
    /* A transposed convolution multiplies once per input position. */
    m->mvms = positions(g, transpose ? in[0] : result_of(g, op), 1);
    return true;
}

/* The last two dims of a weight whose other dims are 1. */
static bool matrix_dims(const xb_type *w, int64_t *first, int64_t *second)
{
    if (w->rank < 2) return false;
    for (int i = 0; i < w->rank - 2; i++)
        if (w->dim[i] != 1) return false;
    *first = w->dim[w->rank - 2];
    *second = w->dim[w->rank - 1];
    return true;
}

/* The weight's dims are (rows, cols) or, when cols_first, (cols, rows). */
static void set_dense(xb_matrix *m, int64_t first, int64_t second, bool cols_first)
{
    m->groups = 1;
    m->rows = cols_first ? second : first;
    m->cols = cols_first ? first : second;
    m->group_stride = first * second;
    m->row_stride = cols_first ? 1 : second;
    m->col_stride = cols_first ? second : 1;
}

/* Y = alpha A' B' + beta C. As the right factor the weight is K x N (rows x cols), as the left one M x K (cols x rows).
 */
static bool view_gemm(const xb_graph *g, xb_op op, const xb_value *in, size_t n_in, xb_matrix *m)
{
    bool right = xb_graph_is_const(g, in[1]);
    bool transposed = xb_graph_attr_int(g, op, right ? "transB" : "transA", 0) != 0;
    int64_t first, second;
    m->weight = in[right];
    if (xb_graph_type(g, m->weight)->rank != 2 || !matrix_dims(xb_graph_type(g, m->weight), &first, &second))
        return false;
    set_dense(m, first, second, right == transposed);
    bool biased = n_in > 2 && xb_graph_attr_float(g, op, "beta", 1) != 0;
    m->bias = biased ? in[2] : (xb_value){0};
    m->scale = (double)xb_graph_attr_float(g, op, "alpha", 1);
    m->mvms = positions(g, result_of(g, op), right ? 1 : 0);
    return true;
}

static bool view_matmul(const xb_graph *g, xb_op op, const xb_value *in, xb_matrix *m)
{
    bool right = xb_graph_is_const(g, in[1]);
    int64_t first, second;
    m->weight = in[right];
    if (!matrix_dims(xb_graph_type(g, m->weight), &first, &second)) return false;
    set_dense(m, first, second, !right);
    xb_value y = result_of(g, op);
    bool vector = xb_graph_type(g, in[!right])->rank == 1; /* the result then lacks the other factor's dim */
    int rank = xb_graph_type(g, y)->rank;
    m->mvms = positions(g, y, right || vector ? rank - 1 : rank - 2);
    return true;
}

/* Synaptic: exactly one of the two factors is constant, of a real type, with known sizes above 0. */
bool xb_graph_matrix(const xb_graph *g, xb_op op, xb_matrix *out)
{
    const xb_value *in;
    size_t n_in = xb_graph_op_inputs(g, op, &in);
    xb_kind kind = xb_graph_kind(g, op);
    xb_matrix m = {.op = op, .name = xb_graph_op_name(g, op), .scale = 1};
    bool ok = false;
    if (n_in < 2 || xb_graph_is_const(g, in[0]) == xb_graph_is_const(g, in[1])) return false;
    const xb_type *w = xb_graph_type(g, in[xb_graph_is_const(g, in[1])]);
    if (!is_real(w->dtype) || xb_type_count(w) < 1) return false;
    if (kind == XB_OP_Conv || kind == XB_OP_ConvTranspose)
        ok = xb_graph_is_const(g, in[1]) && view_conv(g, op, kind == XB_OP_ConvTranspose, in, n_in, &m);
    else if (kind == XB_OP_Gemm)
        ok = view_gemm(g, op, in, n_in, &m);
    else if (kind == XB_OP_MatMul)
        ok = view_matmul(g, op, in, &m);
    if (ok) *out = m;
    return ok;
}

int64_t xb_graph_cells(const xb_graph *g)
{
    int64_t n = 0;
    xb_matrix m;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op))
        if (xb_graph_matrix(g, op, &m)) n += m.groups * m.rows * m.cols;
    return n;
}
