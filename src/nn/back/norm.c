/* norm.c: gradients of BatchNormalization, as used and as trained, of InstanceNormalization and LayerNormalization.
 *
 * A normalised group of n numbers is h = (x - mean) / s, s = sqrt(variance + epsilon). For g = dL/dh,
 * dL/dx = (g - mean(g) - h mean(g h)) / s, because mean and variance follow x.
 */
#include "nn/back.h"
#include "nn/back/kernel.h"
#include <math.h>

/* `parts` runs of `size` cells, `step` apart. */
typedef struct xb_group {
    int64_t parts, step, size;
} xb_group;

#define EACH_OF(g, at)                                                                                                 \
    for (int64_t p_ = 0; p_ < (g).parts; p_++)                                                                         \
        for (int64_t at = p_ * (g).step; at < p_ * (g).step + (g).size; at++)

static void moments(xb_group group, const xb_cell *x, double *mean, double *variance)
{
    double sum = 0, square = 0, count = (double)(group.parts * group.size);
    EACH_OF(group, i) sum += x[i].f;
    *mean = sum / count;
    EACH_OF(group, i) square += (x[i].f - *mean) * (x[i].f - *mean);
    *variance = square / count;
}

static void normalise(xb_group group, xb_cell *x, double mean, double inverse)
{
    EACH_OF(group, i) x[i].f = (x[i].f - mean) * inverse;
}

/* g becomes dL/dx; h: normalised. */
static void back_group(xb_group group, const xb_cell *h, xb_cell *g, double inverse)
{
    double sum = 0, along = 0, count = (double)(group.parts * group.size);
    EACH_OF(group, i)
    {
        sum += g[i].f;
        along += g[i].f * h[i].f;
    }
    EACH_OF(group, i) g[i].f = inverse * (g[i].f - sum / count - h[i].f * along / count);
}

/* sums over a group of g and g h. */
static void sum_group(xb_group group, const xb_cell *h, const xb_cell *g, double *sum, double *along)
{
    EACH_OF(group, i)
    {
        *sum += g[i].f;
        *along += g[i].f * h[i].f;
    }
}

static void scale_group(xb_group group, xb_cell *g, double factor)
{
    EACH_OF(group, i) g[i].f *= factor;
}

/* x as images x channels x size. */
typedef struct xb_layout {
    int64_t images, channels, size;
} xb_layout;

static xb_layout layout_of(const xb_type *x)
{
    return (xb_layout){x->rank > 0 ? x->dim[0] : 1, x->rank > 1 ? x->dim[1] : 1, xb_span(x, 2, x->rank)};
}

/* Channel 0 over all images. */
static xb_group channel_of(xb_layout l)
{
    return (xb_group){l.images, l.channels * l.size, l.size};
}

static void store_all(xb_tensor *to, const xb_cell *from)
{
    xb_cells_store(from, to->type.dtype, to->data, 0, 1, xb_type_count(&to->type));
}

/* ---- BatchNormalization ---- */

/* By fixed mean and variance: an affine map. */
bool xb_back_batch_norm(const xb_back *b)
{
    xb_layout l = layout_of(&b->c.in[0].type);
    xb_group group = channel_of(l);
    double epsilon = xb_call_real(&b->c, "epsilon", (double)1e-5f);
    xb_cell *x = xb_cells_of(&b->c.in[0]), *g = xb_cells_of(&b->dout[0]), *scale = xb_cells_of(&b->c.in[1]);
    xb_cell *mean = xb_cells_of(&b->c.in[3]), *variance = xb_cells_of(&b->c.in[4]);
    xb_cell *dscale = xb_back_sums(b, 1), *dshift = xb_back_sums(b, 2);
    for (int64_t k = 0; k < l.channels; k++) {
        double inverse = 1 / sqrt(variance[k].f + epsilon), sum = 0, along = 0;
        normalise(group, x + k * l.size, mean[k].f, inverse);
        sum_group(group, x + k * l.size, g + k * l.size, &sum, &along);
        scale_group(group, g + k * l.size, scale[k].f * inverse);
        if (dscale) dscale[k].f = along;
        if (dshift) dshift[k].f = sum;
    }
    if (xb_back_wants(b, 0)) store_all(&b->din[0], g);
    xb_back_give(b, 1, dscale);
    xb_back_give(b, 2, dshift);
    free(x);
    free(g);
    free(scale);
    free(mean);
    free(variance);
    return true;
}

void xb_norm_forward(const xb_tensor *x, const float *scale, const float *shift, double epsilon, xb_tensor *y,
                     float *mean, float *variance)
{
    xb_layout l = layout_of(&x->type);
    xb_group group = channel_of(l);
    xb_cell *v = xb_cells_of(x);
    for (int64_t k = 0; k < l.channels; k++) {
        double m, var;
        xb_cell *channel = v + k * l.size;
        moments(group, channel, &m, &var);
        mean[k] = (float)m;
        variance[k] = (float)var;
        normalise(group, channel, m, 1 / sqrt(var + epsilon));
        EACH_OF(group, i) channel[i].f = channel[i].f * (double)scale[k] + (double)shift[k];
    }
    store_all(y, v);
    free(v);
}

void xb_norm_back(const xb_tensor *x, const float *scale, const float *mean, const float *variance, double epsilon,
                  const xb_tensor *dy, xb_tensor *dx, float *dscale, float *dshift)
{
    xb_layout l = layout_of(&x->type);
    xb_group group = channel_of(l);
    xb_cell *h = xb_cells_of(x), *g = xb_cells_of(dy);
    for (int64_t k = 0; k < l.channels; k++) {
        xb_cell *hk = h + k * l.size, *gk = g + k * l.size;
        double inverse = 1 / sqrt((double)variance[k] + epsilon), sum = 0, along = 0;
        normalise(group, hk, (double)mean[k], inverse);
        sum_group(group, hk, gk, &sum, &along);
        scale_group(group, gk, (double)scale[k]);
        back_group(group, hk, gk, inverse);
        if (dscale) dscale[k] = (float)along;
        if (dshift) dshift[k] = (float)sum;
    }
    if (dx && dx->data) store_all(dx, g);
    free(h);
    free(g);
}

/* ---- InstanceNormalization ---- */

bool xb_back_instance_norm(const xb_back *b)
{
    xb_layout l = layout_of(&b->c.in[0].type);
    xb_group plane = {1, 0, l.size};
    double epsilon = xb_call_real(&b->c, "epsilon", (double)1e-5f);
    xb_cell *x = xb_cells_of(&b->c.in[0]), *g = xb_cells_of(&b->dout[0]), *scale = xb_cells_of(&b->c.in[1]);
    xb_cell *dscale = xb_back_sums(b, 1), *dshift = xb_back_sums(b, 2);
    for (int64_t p = 0; p < l.images * l.channels; p++) {
        int64_t k = p % l.channels;
        double mean, variance, sum = 0, along = 0;
        xb_cell *h = x + p * l.size, *gp = g + p * l.size;
        moments(plane, h, &mean, &variance);
        normalise(plane, h, mean, 1 / sqrt(variance + epsilon));
        sum_group(plane, h, gp, &sum, &along);
        scale_group(plane, gp, scale[k].f);
        back_group(plane, h, gp, 1 / sqrt(variance + epsilon));
        if (dscale) dscale[k].f += along;
        if (dshift) dshift[k].f += sum;
    }
    if (xb_back_wants(b, 0)) store_all(&b->din[0], g);
    xb_back_give(b, 1, dscale);
    xb_back_give(b, 2, dshift);
    free(x);
    free(g);
    free(scale);
    return true;
}

/* ---- LayerNormalization ---- */

typedef struct xb_layer {
    xb_type x;
    xb_cell *h, *g;
    const xb_cell *scale;
} xb_layer;

/* From what arrives at the results to what arrives at h. */
static void layer_row(void *cx, const int64_t *offset, const int64_t *stride, int64_t n)
{
    const xb_layer *v = cx;
    for (int64_t i = 0; i < n; i++) v->g[offset[0] + i * stride[0]].f *= v->scale[offset[1] + i * stride[1]].f;
}

/* Gradients that arrive at the results Mean and InvStdDev of row r: d mean = 1/n, d inverse = -h inverse^2 / n. */
static void back_moments(const xb_back *b, int64_t r, int64_t size, const xb_cell *h, xb_cell *g, double inverse)
{
    double to_mean = xb_call_wants(&b->c, 1) && b->dout[1].data ? xb_tensor_get(&b->dout[1], (size_t)r) : 0;
    double to_inverse = xb_call_wants(&b->c, 2) && b->dout[2].data ? xb_tensor_get(&b->dout[2], (size_t)r) : 0;
    for (int64_t i = 0; i < size; i++) g[i].f += (to_mean - to_inverse * h[i].f * inverse * inverse) / (double)size;
}

/* The gradients of scale and bias: sums over rows of g h and g. */
static bool back_affine(const xb_back *b, const xb_layer *v)
{
    int64_t count = xb_type_count(&v->x);
    xb_cell *along = xb_calloc((size_t)count + 1, sizeof *along);
    for (int64_t i = 0; i < count; i++) along[i].f = v->h[i].f * v->g[i].f;
    xb_tensor products = {.type = v->x, .data = along}, plain = {.type = v->x, .data = v->g};
    products.type.dtype = plain.type.dtype = XB_F64;
    bool ok = (!xb_back_wants(b, 1) || xb_back_narrow(b, &products, 1, &b->din[1])) &&
              (!xb_back_wants(b, 2) || xb_back_narrow(b, &plain, 1, &b->din[2]));
    free(along);
    return ok;
}

bool xb_back_layer_norm(const xb_back *b)
{
    const xb_type *x = &b->c.in[0].type;
    int axis;
    double epsilon = xb_call_real(&b->c, "epsilon", (double)1e-5f);
    xb_strides_row stride[2] = {{{0}}, {{0}}};
    if (!xb_call_axis(&b->c, -1, x->rank, &axis)) return false;
    xb_strides(x, stride[0].of);
    if (!xb_broadcast(&b->c.in[1].type, x, &stride[1])) return xb_call_bad(&b->c, "scale does not fit the input");
    int64_t rows = xb_span(x, 0, axis), size = xb_span(x, axis, x->rank);
    xb_group row = {1, 0, size};
    xb_cell *scale = xb_cells_of(&b->c.in[1]), *inverse = xb_calloc((size_t)rows + 1, sizeof *inverse);
    xb_layer v = {*x, xb_cells_of(&b->c.in[0]), NULL, scale};
    v.g = b->dout[0].data ? xb_cells_of(&b->dout[0]) : xb_calloc((size_t)(rows * size) + 1, sizeof *v.g);
    for (int64_t r = 0; r < rows; r++) {
        double mean, variance;
        moments(row, v.h + r * size, &mean, &variance);
        inverse[r].f = 1 / sqrt(variance + epsilon);
        normalise(row, v.h + r * size, mean, inverse[r].f);
    }
    bool ok = back_affine(b, &v);
    xb_walk_rows(x->rank, x->dim, 2, stride, layer_row, &v);
    for (int64_t r = 0; r < rows; r++) {
        back_group(row, v.h + r * size, v.g + r * size, inverse[r].f);
        back_moments(b, r, size, v.h + r * size, v.g + r * size, inverse[r].f);
    }
    if (xb_back_wants(b, 0)) store_all(&b->din[0], v.g);
    free(scale);
    free(inverse);
    free(v.h);
    free(v.g);
    return ok;
}
