/* edit_matrix.c: the weight as a matrix: turned by another matrix, or replaced by a product of two. */
#include "nn/train/edit_private.h"
#include <stdlib.h>
#include <string.h>

/* -- where the matrix's columns are -- */

static bool right_factor(const xb_graph *g, xb_op op)
{
    const xb_value *in;
    return xb_graph_op_inputs(g, op, &in) > 1 && xb_graph_is_const(g, in[1]);
}

static int column_axis_of(const xb_graph *g, xb_op op, const xb_type *weight)
{
    bool right = right_factor(g, op);
    switch (xb_graph_kind(g, op)) {
    case XB_OP_Conv:
        return 0;
    case XB_OP_ConvTranspose:
        return 1;
    case XB_OP_Gemm:
        return right == (xb_graph_attr_int(g, op, right ? "transB" : "transA", 0) == 0);
    default:
        return weight->rank - (right ? 1 : 2);
    }
}

bool xb_edit_matrix(xb_diags *d, const xb_graph *g, xb_op op, xb_matrix *m, int *column_axis)
{
    if (!xb_graph_matrix(g, op, m)) return xb_edit_refuse(d, g, op, "the op has no constant weight matrix");
    const xb_type *t = xb_graph_type(g, m->weight);
    if (t->dtype != XB_F32) return xb_edit_refuse(d, g, op, "the weight is not float32");
    if (m->groups != 1) return xb_edit_refuse(d, g, op, "the op has %lld groups, not 1", (long long)m->groups);
    *column_axis = column_axis_of(g, op, t);
    return true;
}

int xb_edit_out_axis(const xb_graph *g, xb_op op)
{
    const xb_value *in;
    if (xb_graph_op_inputs(g, op, &in) < 2) return -1;
    xb_kind kind = xb_graph_kind(g, op);
    if (kind == XB_OP_Conv || kind == XB_OP_ConvTranspose) return 1;
    bool right = right_factor(g, op);
    if (kind == XB_OP_Gemm) return right ? 1 : 0;
    int rank = xb_graph_type(g, xb_edit_result(g, op))->rank;
    return right || xb_graph_type(g, in[1])->rank == 1 ? rank - 1 : rank - 2;
}

/* A vector along dimension `axis` of a result of `rank` dimensions, of n numbers, by the rules of broadcasting. */
static bool along_axis(const xb_type *t, int rank, int axis, int64_t n)
{
    int at = axis - (rank - t->rank);
    if (t->dtype != XB_F32 || t->rank > rank || at < 0 || t->dim[at] != n) return false;
    return xb_type_count(t) == n;
}

xb_op xb_edit_bias_add(const xb_graph *g, xb_op op, size_t *index)
{
    xb_value y = xb_edit_result(g, op);
    int axis = xb_edit_out_axis(g, op), rank = xb_graph_type(g, y)->rank;
    if (xb_graph_kind(g, op) != XB_OP_MatMul || axis < 0 || xb_graph_users(g, y) != 1) return (xb_op){0};
    xb_op add = xb_edit_reader(g, y);
    const xb_value *in;
    if (xb_graph_kind(g, add) != XB_OP_Add || xb_graph_op_inputs(g, add, &in) != 2) return (xb_op){0};
    *index = in[0].id == y.id;
    bool fits = xb_graph_is_const(g, in[*index]) &&
                along_axis(xb_graph_type(g, in[*index]), rank, axis, xb_graph_type(g, y)->dim[axis]);
    return fits ? add : (xb_op){0};
}

void xb_edit_copy_attrs(xb_graph *g, xb_op to, xb_op from)
{
    const xb_attr *list;
    size_t n = xb_graph_op_attrs(g, from, &list);
    for (size_t i = 0; i < n; i++) xb_graph_set_attr(g, to, &list[i]);
}

/* -- rotate -- */

/* a (rows x cols at the matrix's strides) times q (cols x k), laid out like a with k columns; sums in double. */
static float *turned(const float *a, int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride, const float *q,
                     int64_t k)
{
    bool columns_last = col_stride == 1 && row_stride == cols;
    float *out = xb_calloc((size_t)rows * (size_t)k, sizeof *out);
    for (int64_t n = 0; n < rows; n++)
        for (int64_t j = 0; j < k; j++) {
            double sum = 0;
            for (int64_t m = 0; m < cols; m++) sum += (double)a[n * row_stride + m * col_stride] * (double)q[m * k + j];
            out[columns_last ? n * k + j : j * rows + n] = (float)sum;
        }
    return out;
}

/* q's elements squared: what turns variances, as far as a diagonal can tell. */
static float *squared(const float *q, int64_t cols, int64_t k)
{
    float *out = xb_calloc((size_t)cols * (size_t)k, sizeof *out);
    for (int64_t i = 0; i < cols * k; i++) out[i] = q[i] * q[i];
    return out;
}

/* The constant (rows x cols) becomes itself times q; first moments turn with it, second ones with q squared. */
static void turn(xb_params *p, xb_value v, const xb_matrix *m, int64_t rows, const float *q, int64_t k,
                 const xb_type *type)
{
    xb_graph *g = p->graph;
    int64_t row_stride = rows == 1 ? m->cols : m->row_stride, col_stride = rows == 1 ? 1 : m->col_stride;
    float *data = turned(xb_graph_data(g, v), rows, m->cols, row_stride, col_stride, q, k);
    xb_slot_state *s = xb_params_find(p, v);
    float *moment = s && s->m ? turned(s->m, rows, m->cols, row_stride, col_stride, q, k) : NULL;
    float *squares = squared(q, m->cols, k);
    float *second = s && s->v ? turned(s->v, rows, m->cols, row_stride, col_stride, squares, k) : NULL;
    size_t n = xb_edit_count(type);
    int64_t *from = xb_calloc(n, sizeof *from);
    for (size_t i = 0; i < n; i++) from[i] = -1;
    xb_edit_take(p, v, type, from, data);
    s = xb_params_find(p, v);
    if (moment) memcpy(s->m, moment, n * sizeof *moment);
    if (second) memcpy(s->v, second, n * sizeof *second);
    free(squares);
    free(second);
    free(from);
    free(moment);
    free(data);
}

static bool check_turn(xb_diags *d, const xb_params *p, xb_op op, xb_value v)
{
    const xb_graph *g = p->graph;
    const char *name = xb_graph_value_name(g, v);
    if (xb_edit_is_masked(p, v)) return xb_edit_refuse(d, g, op, "'%s' has a mask", name);
    if (xb_edit_is_tied(p, v)) return xb_edit_refuse(d, g, op, "'%s' is tied to other weights", name);
    return xb_graph_users(g, v) == 1 || xb_edit_refuse(d, g, op, "'%s' is read by other ops too", name);
}

static bool check_turned_bias(xb_diags *d, const xb_params *p, const xb_matrix *m, int64_t k)
{
    const xb_graph *g = p->graph;
    if (!m->bias.id) return true;
    if (k != m->cols)
        return xb_edit_refuse(d, g, m->op, "the op has a bias, which a matrix of %lld columns for %lld cannot turn",
                              (long long)k, (long long)m->cols);
    const xb_type *t = xb_graph_type(g, m->bias);
    if (!xb_graph_is_const(g, m->bias) || t->dtype != XB_F32 || xb_type_count(t) != m->cols)
        return xb_edit_refuse(d, g, m->op, "the bias is no constant of one number a column");
    return check_turn(d, p, m->op, m->bias);
}

static bool check_rotate(xb_diags *d, const xb_params *p, const xb_matrix *m, int axis, int64_t k, xb_type *type)
{
    const xb_graph *g = p->graph;
    size_t bytes;
    *type = *xb_graph_type(g, m->weight);
    if (type->dim[axis] != m->cols)
        return xb_edit_refuse(d, g, m->op, "the columns of a transposed convolution are kernel positions too");
    type->dim[axis] = k;
    if (k < 1 || !xb_type_bytes(type, &bytes))
        return xb_edit_refuse(d, g, m->op, "%lld columns cannot be made", (long long)k);
    return check_turn(d, p, m->op, m->weight) && check_turned_bias(d, p, m, k);
}

bool xb_edit_rotate(xb_diags *d, xb_params *p, xb_op op, const float *q, int64_t k)
{
    xb_graph *g = p->graph;
    xb_matrix m;
    xb_type type;
    int axis, out = xb_edit_out_axis(g, op);
    if (!xb_edit_matrix(d, g, op, &m, &axis) || !check_rotate(d, p, &m, axis, k, &type)) return false;
    turn(p, m.weight, &m, m.rows, q, k, &type);
    if (m.bias.id) {
        const xb_type bias = *xb_graph_type(g, m.bias);
        turn(p, m.bias, &m, 1, q, k, &bias);
    }
    xb_type result = *xb_graph_type(g, xb_edit_result(g, op));
    if (out >= 0 && out < result.rank) {
        result.dim[out] = k;
        xb_graph_set_type(g, xb_edit_result(g, op), &result);
    }
    return true;
}

/* -- factor -- */

typedef struct factors {
    xb_params *p;
    xb_matrix m;
    int axis; /* of the weight that its columns are */
    bool right;
    int64_t k;
    xb_value weight[2];
    xb_op op[2];
} factors;

/* A weight laid out like the op's: data[rows][cols] row-major goes to a constant with columns at `axis`. */
static xb_value layout(const factors *f, const char *suffix, xb_type type, const float *data, int64_t rows,
                       int64_t cols, bool columns_first)
{
    float *to = xb_calloc((size_t)rows * (size_t)cols, sizeof *to);
    for (int64_t n = 0; n < rows; n++)
        for (int64_t j = 0; j < cols; j++) to[columns_first ? j * rows + n : n * cols + j] = data[n * cols + j];
    char *name = xb_edit_name(xb_graph_value_name(f->p->graph, f->m.weight), suffix);
    xb_value v = xb_graph_add_const(f->p->graph, name, &type, to);
    free(name);
    free(to);
    return v;
}

/* The kernel is the first's for a Conv, the second's for a ConvTranspose, whose columns are kernel positions. */
static void factor_weights(factors *f, const float *u, const float *v)
{
    const xb_type w = *xb_graph_type(f->p->graph, f->m.weight);
    xb_kind kind = xb_graph_kind(f->p->graph, f->m.op);
    xb_type first = w, second = w;
    bool columns_first = f->axis == 0 || (kind == XB_OP_MatMul && f->axis == w.rank - 2);
    bool first_columns = columns_first;
    first.dim[f->axis] = f->k;
    if (kind == XB_OP_Conv) {
        second.dim[1] = f->k;
        for (int i = 2; i < w.rank; i++) second.dim[i] = 1;
    } else if (kind == XB_OP_ConvTranspose) {
        first.dim[0] = f->k, first.dim[1] = f->m.rows; /* of a Conv 1 x 1 */
        for (int i = 2; i < w.rank; i++) first.dim[i] = 1;
        second.dim[0] = f->k;
        first_columns = true;
    } else {
        second.dim[f->axis == w.rank - 1 ? w.rank - 2 : w.rank - 1] = f->k;
    }
    f->weight[0] = layout(f, "_u", first, u, f->m.rows, f->k, first_columns);
    f->weight[1] = layout(f, "_v", second, v, f->k, f->m.cols, columns_first);
}

static xb_value add_factor(factors *f, int i, const char *type, xb_value x, xb_value bias)
{
    xb_graph *g = f->p->graph;
    xb_value in[3] = {f->right ? x : f->weight[i], f->right ? f->weight[i] : x, bias}, y;
    char *name = xb_edit_name(f->m.name, i ? "_v" : "_u");
    f->op[i] = xb_graph_add_op(g, f->m.op, type, name, in, bias.id ? 3 : 2, &y, 1);
    free(name);
    return y;
}

/* Attributes by which of the two has the window, the transposition of the data, alpha and beta. */
static void factor_attrs(factors *f)
{
    xb_graph *g = f->p->graph;
    xb_kind kind = xb_graph_kind(g, f->m.op);
    const char *data = f->right ? "transA" : "transB";
    if (kind == XB_OP_MatMul) return;
    if (kind == XB_OP_Conv || kind == XB_OP_ConvTranspose) {
        xb_edit_copy_attrs(g, f->op[kind == XB_OP_ConvTranspose], f->m.op);
        return;
    }
    xb_edit_copy_attrs(g, f->op[0], f->m.op);
    xb_edit_copy_attrs(g, f->op[1], f->m.op);
    xb_graph_remove_attr(g, f->op[0], "beta");
    xb_graph_remove_attr(g, f->op[1], "alpha");
    xb_graph_remove_attr(g, f->op[1], data);
}

static void factor_types(factors *f, xb_value hidden, xb_value y)
{
    xb_graph *g = f->p->graph;
    const xb_value *in;
    xb_graph_op_inputs(g, f->m.op, &in);
    int out = xb_edit_out_axis(g, f->m.op);
    xb_type type = *xb_graph_type(g, xb_edit_result(g, f->m.op));
    xb_graph_set_type(g, y, &type);
    if (xb_graph_kind(g, f->m.op) == XB_OP_ConvTranspose) type = *xb_graph_type(g, in[0]);
    if (out < 0 || out >= type.rank) return;
    type.dim[out] = f->k;
    xb_graph_set_type(g, hidden, &type);
}

void xb_edit_restart(xb_params *p, xb_value v)
{
    xb_slot_state *s = xb_params_find(p, v);
    if (!s) return;
    s->pub.op = xb_edit_reader(p->graph, v);
    s->born = p->step;
    if (s->m) memset(s->m, 0, s->pub.n * sizeof *s->m);
    if (s->v) memset(s->v, 0, s->pub.n * sizeof *s->v);
}

static bool check_factor(xb_diags *d, const xb_params *p, const xb_matrix *m, int64_t k)
{
    int64_t n;
    bool fits = k >= 1 && xb_mul_i64(k, m->rows, &n) && xb_mul_i64(k, m->cols, &n);
    if (!fits) return xb_edit_refuse(d, p->graph, m->op, "%lld is no number of columns in between", (long long)k);
    if (xb_edit_is_tied(p, m->weight)) return xb_edit_refuse(d, p->graph, m->op, "the weight is tied to others");
    return true;
}

bool xb_edit_factor(xb_diags *d, xb_params *p, xb_op op, const float *u, const float *v, int64_t k, xb_op *first,
                    xb_op *second)
{
    xb_graph *g = p->graph;
    factors f = {.p = p, .k = k};
    const xb_value *in;
    if (!xb_edit_matrix(d, g, op, &f.m, &f.axis) || !check_factor(d, p, &f.m, k)) return false;
    size_t n_in = xb_graph_op_inputs(g, op, &in);
    f.right = right_factor(g, op);
    bool transposed = xb_graph_kind(g, op) == XB_OP_ConvTranspose;
    const char *type = xb_graph_op_type(g, op);
    xb_value x = in[!f.right], bias = n_in > 2 ? in[2] : (xb_value){0};
    factor_weights(&f, u, v);
    xb_value hidden = add_factor(&f, 0, transposed ? "Conv" : type, x, (xb_value){0});
    xb_value y = add_factor(&f, 1, type, hidden, bias);
    factor_attrs(&f);
    factor_types(&f, hidden, y);
    xb_graph_replace(g, xb_edit_result(g, op), y);
    xb_graph_remove(g, op);
    xb_edit_restart(p, bias);
    for (int i = 0; i < 2; i++) xb_edit_like(p, f.weight[i], f.m.weight);
    xb_edit_drop(p, f.m.weight);
    if (first) *first = f.op[0];
    if (second) *second = f.op[1];
    return true;
}
