/* edit_units_bias.c: numbers added to an op's outputs: in its bias where it has a plain one of its own, else in a new
 * one, else by an Add behind it. */
#include "ir/tensor.h"
#include "nn/train/edit_units.h"
#include <stdlib.h>

/* Where a bias of one number an output is read: op and input. */
typedef struct place {
    xb_op op;
    size_t input;
    xb_value bias; /* id 0: none yet */
} place;

/* A vector of n numbers that broadcasting lays along `axis` of a result of `rank` dimensions. */
static bool is_vector(const xb_type *t, xb_dtype dtype, int rank, int axis, size_t n)
{
    int at = axis - (rank - t->rank);
    return t->dtype == dtype && t->rank <= rank && at >= 0 && (size_t)t->dim[at] == n && xb_edit_count(t) == n;
}

/* false: only an Add behind the op will do. */
static bool find_place(const xb_units *u, const xb_addend *a, xb_dtype dtype, place *out)
{
    const xb_graph *g = u->g;
    xb_kind kind = xb_graph_kind(g, a->op);
    const xb_value *in;
    size_t n = xb_graph_op_inputs(g, a->op, &in);
    *out = (place){.op = a->op, .input = 2};
    if (kind == XB_OP_MatMul) {
        out->op = xb_edit_bias_add(g, a->op, &out->input);
        if (!out->op.id) return false;
        xb_graph_op_inputs(g, out->op, &in);
        n = 2;
    }
    bool dead = kind == XB_OP_Gemm && xb_graph_attr_float(g, a->op, "beta", 1) == 0;
    if (n <= out->input || !in[out->input].id || dead) return kind != XB_OP_Gemm || xb_edit_out_axis(g, a->op) == 1;
    out->bias = in[out->input];
    bool conv = kind == XB_OP_Conv || kind == XB_OP_ConvTranspose;
    int rank = conv ? 1 : xb_graph_type(g, xb_edit_result(g, a->op))->rank;
    return xb_graph_is_const(g, out->bias) && !xb_edit_is_tied(u->p, out->bias) &&
           !xb_edit_is_masked(u->p, out->bias) &&
           is_vector(xb_graph_type(g, out->bias), dtype, rank, conv ? 0 : xb_edit_out_axis(g, a->op), a->n);
}

static xb_value vector(xb_units *u, const xb_addend *a, xb_dtype dtype, int behind)
{
    xb_type type = {.dtype = dtype, .rank = 1 + behind, .dim = {(int64_t)a->n}};
    for (int i = 1; i <= behind; i++) type.dim[i] = 1;
    char *name = xb_edit_name(xb_graph_op_name(u->g, a->op), ".bias");
    xb_value v = xb_graph_add_const(u->g, name, &type, NULL);
    void *data = xb_graph_write(u->g, v);
    for (size_t i = 0; i < a->n; i++) xb_scalar_set(dtype, data, i, a->by[i]);
    free(name);
    return v;
}

static void add_behind(xb_units *u, const xb_addend *a, xb_dtype dtype)
{
    xb_graph *g = u->g;
    xb_value y = xb_edit_result(g, a->op), sum;
    const xb_type type = *xb_graph_type(g, y);
    xb_value in[2] = {y, vector(u, a, dtype, type.rank - 1 - xb_edit_out_axis(g, a->op))};
    char *name = xb_edit_name(xb_graph_op_name(g, a->op), ".add");
    xb_graph_add_op(g, xb_graph_next(g, a->op), "Add", name, in, 2, &sum, 1);
    free(name);
    xb_graph_set_type(g, sum, &type);
    xb_graph_replace(g, y, sum); /* all but the Add itself read the sum */
}

/* A bias that others read too becomes the op's own first. */
static xb_value own_bias(xb_units *u, const place *p)
{
    if (xb_graph_users(u->g, p->bias) == 1) return p->bias;
    const xb_type type = *xb_graph_type(u->g, p->bias);
    size_t n = xb_edit_count(&type);
    int64_t *from = xb_calloc(n, sizeof *from);
    for (size_t i = 0; i < n; i++) from[i] = (int64_t)i;
    xb_value v = xb_edit_part(u->p, p->bias, xb_graph_value_name(u->g, p->bias), &type, from);
    free(from);
    xb_graph_set_input(u->g, p->op, p->input, v);
    xb_slot_state *s = xb_params_find(u->p, v);
    if (s) s->pub.op = p->op;
    return v;
}

void xb_units_add(xb_units *u, const xb_addend *a)
{
    xb_matrix m;
    place p;
    xb_graph *g = u->g;
    if (!xb_graph_matrix(g, a->op, &m)) return;
    xb_dtype dtype = xb_graph_type(g, m.weight)->dtype;
    if (!find_place(u, a, dtype, &p)) {
        add_behind(u, a, dtype);
        return;
    }
    bool gemm = xb_graph_kind(g, a->op) == XB_OP_Gemm;
    if (!p.bias.id) {
        xb_graph_set_input(g, a->op, 2, vector(u, a, dtype, 0));
        if (gemm) xb_graph_set_float(g, a->op, "beta", 1);
        return;
    }
    xb_value bias = own_bias(u, &p);
    double beta = gemm ? (double)xb_graph_attr_float(g, a->op, "beta", 1) : 1;
    void *data = xb_graph_write(g, bias);
    for (size_t i = 0; i < a->n; i++) xb_scalar_set(dtype, data, i, xb_scalar_get(dtype, data, i) + a->by[i] / beta);
    xb_slot_state *s = xb_params_find(u->p, bias);
    if (s) s->pub.data = data;
}
