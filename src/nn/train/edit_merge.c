/* edit_merge.c: two layers in a row without anything in between become one, whose matrix is the product of theirs. */
#include "nn/train/edit_private.h"
#include <stdlib.h>
#include <string.h>

typedef struct merger {
    xb_params *p;
    xb_matrix m[2];
    xb_op op[2];
    xb_value data[2]; /* what each reads beside its weight and bias */
    int axis[2];      /* of the weight that the columns are */
    bool right[2];    /* is the weight the right factor? */
    xb_kind kind[2];
    int window;   /* the one whose window, layout and kind the result has */
    xb_type type; /* of its weight */
} merger;

/* -- checks -- */

static bool refuse(xb_diags *d, const merger *f, const char *why)
{
    const xb_graph *g = f->p->graph;
    return xb_edit_refuse(d, g, f->op[0], "the op cannot be merged with '%s': %s", xb_graph_op_name(g, f->op[1]), why);
}

static bool take(xb_diags *d, merger *f, int i)
{
    const xb_graph *g = f->p->graph;
    const xb_value *in;
    if (!xb_edit_matrix(d, g, f->op[i], &f->m[i], &f->axis[i])) return false;
    xb_graph_op_inputs(g, f->op[i], &in);
    f->right[i] = in[1].id == f->m[i].weight.id;
    f->data[i] = in[!f->right[i]];
    f->kind[i] = xb_graph_kind(g, f->op[i]);
    return true;
}

static bool all_are(const xb_attr *a, int64_t v)
{
    for (size_t i = 0; a && i < a->n; i++)
        if (a->ints[i] != v) return false;
    return true;
}

/* A convolution that treats every place alone. */
static bool is_pointwise(const xb_graph *g, const merger *f, int i)
{
    const xb_type *w = xb_graph_type(g, f->m[i].weight);
    for (int k = 2; k < w->rank; k++)
        if (w->dim[k] != 1) return false;
    return f->kind[i] == XB_OP_Conv && all_are(xb_graph_attr(g, f->op[i], "strides"), 1) &&
           all_are(xb_graph_attr(g, f->op[i], "pads"), 0);
}

static bool check_kinds(xb_diags *d, merger *f)
{
    const xb_graph *g = f->p->graph;
    bool transposed = f->kind[0] == XB_OP_Conv && f->kind[1] == XB_OP_ConvTranspose;
    f->window = transposed;
    if (f->kind[0] == XB_OP_ConvTranspose) return refuse(d, f, "a ConvTranspose can only be the second");
    if (transposed) return is_pointwise(g, f, 0) || refuse(d, f, "it is not 1 x 1 with stride 1 and no padding");
    if (f->kind[0] != f->kind[1]) return refuse(d, f, "they are not of one kind");
    if (f->kind[0] == XB_OP_Conv)
        return is_pointwise(g, f, 1) || refuse(d, f, "that is not 1 x 1 with stride 1 and no padding");
    if (f->right[0] != f->right[1]) return refuse(d, f, "their weights are not on the same side");
    if (f->kind[0] == XB_OP_Gemm && xb_graph_attr_int(g, f->op[1], f->right[1] ? "transA" : "transB", 0))
        return refuse(d, f, "that reads the result transposed");
    return true;
}

static bool check_link(xb_diags *d, const merger *f)
{
    const xb_graph *g = f->p->graph;
    xb_value y = xb_edit_result(g, f->op[0]);
    if (f->data[1].id != y.id) return refuse(d, f, "that does not read its result");
    if (xb_graph_users(g, y) != 1) return refuse(d, f, "its result has other readers, or is the graph's");
    if (f->m[0].bias.id) return refuse(d, f, "it has a bias");
    for (int i = 0; i < 2; i++)
        if (xb_edit_is_tied(f->p, f->m[i].weight)) return refuse(d, f, "the weights are tied to others");
    return true;
}

static bool check_sizes(xb_diags *d, merger *f)
{
    const xb_graph *g = f->p->graph;
    size_t bytes;
    if (f->m[0].cols != f->m[1].rows ||
        xb_graph_type(g, f->m[0].weight)->rank != xb_graph_type(g, f->m[1].weight)->rank)
        return refuse(d, f, "the shapes of their weights do not fit");
    f->type = *xb_graph_type(g, f->m[f->window].weight);
    if (f->window)
        f->type.dim[0] = f->m[0].rows;
    else
        f->type.dim[f->axis[0]] = f->m[1].cols;
    return xb_type_bytes(&f->type, &bytes) || refuse(d, f, "the product is too large");
}

/* -- the product -- */

/* Row n of W1 W2, summed in float64. */
static void product_row(const merger *f, const float *a, const float *b, int64_t n, double *sum)
{
    const xb_matrix *x = &f->m[0], *y = &f->m[1];
    memset(sum, 0, (size_t)y->cols * sizeof *sum);
    for (int64_t j = 0; j < y->rows; j++) {
        double w = (double)a[n * x->row_stride + j * x->col_stride];
        for (int64_t m = 0; m < y->cols; m++) sum[m] += w * (double)b[j * y->row_stride + m * y->col_stride];
    }
}

/* As the constant of f->type has it; owned by the caller. */
static float *product(const merger *f)
{
    const xb_graph *g = f->p->graph;
    const float *a = xb_graph_data(g, f->m[0].weight), *b = xb_graph_data(g, f->m[1].weight);
    int64_t rows = f->m[0].rows, cols = f->m[1].cols;
    bool dense = f->kind[0] != XB_OP_Conv;
    bool columns_first = !f->window && f->axis[0] == (dense ? f->type.rank - 2 : 0);
    double *sum = xb_calloc((size_t)cols, sizeof *sum);
    float *out = xb_calloc((size_t)rows * (size_t)cols, sizeof *out);
    for (int64_t n = 0; n < rows; n++) {
        product_row(f, a, b, n, sum);
        for (int64_t m = 0; m < cols; m++) out[columns_first ? m * rows + n : n * cols + m] = (float)sum[m];
    }
    free(sum);
    return out;
}

/* -- one for two -- */

/* NAME of NAME_u and NAME_v, else the first; owned by the caller. */
static char *name_of_both(const char *u, const char *v)
{
    size_t n = strlen(u);
    bool ours = n > 2 && n == strlen(v) && !memcmp(u, v, n - 2) && !strcmp(u + n - 2, "_u") && !strcmp(v + n - 2, "_v");
    return xb_strndup(u, ours ? n - 2 : n);
}

/* Attributes of the one with the window; of Gemm both alphas and the second's beta. */
static void set_attrs(const merger *f, xb_op made, const xb_attr *attr, size_t n, float beta)
{
    xb_graph *g = f->p->graph;
    float alpha = (float)(f->m[0].scale * f->m[1].scale);
    for (size_t i = 0; i < n; i++)
        if (f->kind[0] != XB_OP_Gemm || (strcmp(attr[i].name, "alpha") && strcmp(attr[i].name, "beta")))
            xb_graph_set_attr(g, made, &attr[i]);
    if (f->kind[0] == XB_OP_Gemm && alpha != 1) xb_graph_set_float(g, made, "alpha", alpha);
    if (f->kind[0] == XB_OP_Gemm && beta != 1) xb_graph_set_float(g, made, "beta", beta);
}

/* The first op is gone, the second still stands and gives way to the one that is made. */
static xb_op make(merger *f, const char *type, const char *name, const char *weight_name, const float *weight,
                  const xb_attr *attr, size_t n)
{
    xb_graph *g = f->p->graph;
    const xb_value *old;
    size_t n_old = xb_graph_op_inputs(g, f->op[1], &old);
    xb_value bias = n_old > 2 ? old[2] : (xb_value){0}, w = xb_graph_add_const(g, weight_name, &f->type, weight), y;
    xb_value in[3] = {f->right[0] ? f->data[0] : w, f->right[0] ? w : f->data[0], bias};
    xb_op made = xb_graph_add_op(g, f->op[1], type, name, in, bias.id ? 3 : 2, &y, 1);
    set_attrs(f, made, attr, n, xb_graph_attr_float(g, f->op[1], "beta", 1));
    const xb_type result = *xb_graph_type(g, xb_edit_result(g, f->op[1]));
    xb_graph_set_type(g, y, &result);
    xb_graph_replace(g, xb_edit_result(g, f->op[1]), y);
    xb_graph_remove(g, f->op[1]);
    xb_edit_like(f->p, w, f->m[1].weight);
    xb_edit_restart(f->p, bias);
    return made;
}

bool xb_edit_merge(xb_diags *d, xb_params *p, xb_op first, xb_op second, xb_op *op)
{
    xb_graph *g = p->graph;
    merger f = {.p = p, .op = {first, second}};
    if (!take(d, &f, 0) || !take(d, &f, 1) || !check_link(d, &f) || !check_kinds(d, &f) || !check_sizes(d, &f))
        return false;
    const xb_attr *list;
    size_t n = xb_graph_op_attrs(g, f.op[f.window], &list);
    xb_attr *attr = xb_calloc(n + 1, sizeof *attr);
    for (size_t i = 0; i < n; i++) attr[i] = list[i];
    const char *type = xb_graph_op_type(g, f.op[f.window]);
    float *weight = product(&f);
    char *name = name_of_both(f.m[0].name, f.m[1].name);
    char *weight_name = name_of_both(xb_graph_value_name(g, f.m[0].weight), xb_graph_value_name(g, f.m[1].weight));
    xb_graph_set_input(g, second, !f.right[1], f.data[0]); /* the first's names are free for the one */
    xb_graph_remove(g, first);
    xb_edit_drop(p, f.m[0].weight);
    xb_op made = make(&f, type, name, weight_name, weight, attr, n);
    xb_edit_drop(p, f.m[1].weight);
    free(weight);
    free(attr);
    free(name);
    free(weight_name);
    if (op) *op = made;
    return true;
}
