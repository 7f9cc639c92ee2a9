/* call.c: what a kernel asks about its op: attributes, inputs; and how it says no. */
#include "nn/ref/kernel.h"
#include <string.h>

bool xb_call_refuse(const xb_call *c, xb_dtype t)
{
    xb_where where = xb_graph_where(c->g, c->op);
    xb_diag(c->d, XB_ERROR, "op-type", &where, "%s has no kernel for type %s", xb_graph_op_type(c->g, c->op),
            xb_dtype_name(t));
    return false;
}

bool xb_call_bad(const xb_call *c, const char *format, ...)
{
    xb_where where = xb_graph_where(c->g, c->op);
    va_list args;
    va_start(args, format);
    xb_vdiag(c->d, XB_ERROR, "op-value", &where, format, args);
    va_end(args);
    return false;
}

bool xb_call_has(const xb_call *c, size_t i)
{
    if (i >= c->n_in) return false;
    const xb_tensor *t = &c->in[i];
    return t->data || (t->type.dtype != XB_NONE && xb_type_count(&t->type) == 0);
}

bool xb_call_keeps_size(const xb_call *c)
{
    return xb_type_count(&c->in[0].type) == xb_type_count(&c->out[0].type) || xb_call_bad(c, "result has another size");
}

bool xb_call_wants(const xb_call *c, size_t i)
{
    return i < c->n_out && c->out[i].data;
}

int64_t xb_call_int(const xb_call *c, const char *attr, int64_t absent)
{
    return xb_graph_attr_int(c->g, c->op, attr, absent);
}

double xb_call_real(const xb_call *c, const char *attr, double absent)
{
    return xb_graph_attr(c->g, c->op, attr) ? (double)xb_graph_attr_float(c->g, c->op, attr, 0) : absent;
}

bool xb_call_text(const xb_call *c, const char *attr, const char *value)
{
    const xb_attr *a = xb_graph_attr(c->g, c->op, attr);
    return a && a->type == XB_ATTR_STRING && a->s && strcmp(a->s, value) == 0;
}

bool xb_call_axis(const xb_call *c, int64_t absent, int64_t limit, int *axis)
{
    int64_t a = xb_call_int(c, "axis", absent);
    if (a < -limit || a >= limit) return xb_call_bad(c, "axis %lld of %lld", (long long)a, (long long)limit);
    *axis = (int)(a < 0 ? a + limit : a);
    return true;
}

bool xb_call_ints(const xb_call *c, const char *attr, int64_t absent, int64_t *to, size_t n)
{
    const xb_attr *a = xb_graph_attr(c->g, c->op, attr);
    if (a && a->type == XB_ATTR_INTS && a->n == 0) a = NULL;
    if (a && (a->type != XB_ATTR_INTS || a->n != n))
        return xb_call_bad(c, "attribute '%s' should have %zu numbers", attr, n);
    for (size_t i = 0; i < n; i++) to[i] = a ? a->ints[i] : absent;
    return true;
}

bool xb_call_vector(const xb_call *c, size_t input, int64_t *to, size_t most, size_t *n)
{
    const xb_tensor *t = &c->in[input];
    int64_t count = xb_type_count(&t->type);
    if (t->type.dtype != XB_I64 && t->type.dtype != XB_I32) return xb_call_refuse(c, t->type.dtype);
    if (count < 0 || (size_t)count > most)
        return xb_call_bad(c, "input %zu has %lld numbers, more than %zu", input + 1, (long long)count, most);
    for (int64_t i = 0; i < count; i++)
        to[i] = t->type.dtype == XB_I64 ? ((const int64_t *)t->data)[i] : ((const int32_t *)t->data)[i];
    *n = (size_t)count;
    return true;
}

int64_t xb_span(const xb_type *t, int from, int to)
{
    return to > from ? xb_product_of(t->dim + from, to - from) : 1;
}

void xb_strides(const xb_type *t, int64_t *stride)
{
    int64_t s = 1;
    for (int i = t->rank - 1; i >= 0; i--) {
        stride[i] = s;
        s *= t->dim[i];
    }
}

int64_t xb_product_of(const int64_t *v, int n)
{
    int64_t p = 1;
    for (int i = 0; i < n; i++) p *= v[i];
    return p;
}

bool xb_next_index(int64_t *index, const int64_t *dim, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        if (++index[i] < dim[i]) return true;
        index[i] = 0;
    }
    return false;
}
