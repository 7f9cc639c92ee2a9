/* fill.c: tensors made of shapes and numbers: Shape, Size, ConstantOfShape, EyeLike, Range. */
#include "nn/ref/kernel.h"
#include <math.h>
#include <string.h>

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

bool xb_ref_shape(const xb_call *c)
{
    const xb_type *x = &c->in[0].type;
    int64_t start = xb_call_int(c, "start", 0), end = xb_call_int(c, "end", x->rank);
    start = clamp(start < 0 ? start + x->rank : start, 0, x->rank);
    end = clamp(end < 0 ? end + x->rank : end, 0, x->rank);
    if (xb_type_count(&c->out[0].type) != (end > start ? end - start : 0))
        return xb_call_bad(c, "result has another shape");
    for (int64_t d = start; d < end; d++) ((int64_t *)c->out[0].data)[d - start] = x->dim[d];
    return true;
}

bool xb_ref_size(const xb_call *c)
{
    *(int64_t *)c->out[0].data = xb_type_count(&c->in[0].type);
    return true;
}

/* The attribute as the type's cell. */
static xb_cell fill_value(const xb_attr *a, xb_class class)
{
    xb_cell v = class == XB_CLASS_FLOAT ? (xb_cell){.f = 0} : (xb_cell){.i = 0};
    if (!a) return v;
    bool real = a->type == XB_ATTR_FLOAT || a->type == XB_ATTR_FLOATS;
    if (real)
        v.f = (double)(a->type == XB_ATTR_FLOAT ? a->f : a->n ? a->floats[0] : 0);
    else
        v.i = a->type == XB_ATTR_INT ? a->i : a->type == XB_ATTR_INTS && a->n ? a->ints[0] : 0;
    xb_cells_convert(&v, real ? XB_CLASS_FLOAT : XB_CLASS_SIGNED, class, 1);
    return v;
}

bool xb_ref_constant_of_shape(const xb_call *c)
{
    const xb_tensor *y = &c->out[0];
    xb_cell v = fill_value(xb_graph_attr(c->g, c->op, "value"), xb_class_of(y->type.dtype));
    int64_t count = xb_type_count(&y->type);
    for (int64_t k = 0; k < count; k++) xb_cells_store(&v, y->type.dtype, y->data, k, 1, 1);
    return true;
}

bool xb_ref_eye_like(const xb_call *c)
{
    const xb_tensor *y = &c->out[0];
    size_t bytes;
    if (y->type.rank != 2 || !xb_type_bytes(&y->type, &bytes)) return xb_call_bad(c, "input is no matrix");
    int64_t k = xb_call_int(c, "k", 0), rows = y->type.dim[0], cols = y->type.dim[1];
    xb_cell one = xb_is_float(y->type.dtype) ? (xb_cell){.f = 1} : (xb_cell){.i = 1};
    if (bytes) memset(y->data, 0, bytes);
    k = clamp(k, -rows, cols);
    for (int64_t r = 0; r < rows; r++)
        if (r + k >= 0 && r + k < cols) xb_cells_store(&one, y->type.dtype, y->data, r * cols + r + k, 1, 1);
    return true;
}

bool xb_ref_range(const xb_call *c)
{
    const xb_tensor *y = &c->out[0];
    xb_dtype t = y->type.dtype;
    xb_cell v[3];
    for (size_t i = 0; i < 3; i++) {
        if (c->in[i].type.dtype != t || !c->in[i].data) return xb_call_refuse(c, c->in[i].type.dtype);
        xb_cells_load(&v[i], t, c->in[i].data, 0, 1, 1);
    }
    if (t == XB_BOOLEAN) return xb_call_refuse(c, t);
    int64_t count = xb_type_count(&y->type);
    for (int64_t k = 0; k < count; k++) {
        xb_cell at;
        if (xb_is_float(t))
            at.f = v[0].f + (double)k * v[2].f;
        else
            at.u = v[0].u + (uint64_t)k * v[2].u;
        xb_cells_store(&at, t, y->data, k, 1, 1);
    }
    return true;
}
