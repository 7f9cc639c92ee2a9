/* norm.c: BatchNormalization, InstanceNormalization, LayerNormalization, LRN. */
#include "nn/ref/kernel.h"
#include <math.h>

/* mean and variance (of the population) of `parts` runs of n cells, `step` apart. */
static void moments(const xb_cell *v, int64_t parts, int64_t step, int64_t n, double *mean, double *variance)
{
    double sum = 0, square = 0, count = (double)(parts * n);
    for (int64_t p = 0; p < parts; p++)
        for (int64_t k = 0; k < n; k++) sum += v[p * step + k].f;
    *mean = sum / count;
    for (int64_t p = 0; p < parts; p++)
        for (int64_t k = 0; k < n; k++) square += (v[p * step + k].f - *mean) * (v[p * step + k].f - *mean);
    *variance = square / count;
}

static bool all_float(const xb_call *c)
{
    if (!xb_call_keeps_size(c)) return false;
    for (size_t i = 0; i < c->n_in; i++)
        if (xb_call_has(c, i) && !xb_is_float(c->in[i].type.dtype)) return xb_call_refuse(c, c->in[i].type.dtype);
    return true;
}

static void store_one(const xb_tensor *t, int64_t at, double v)
{
    xb_cell cell = {.f = v};
    xb_cells_store(&cell, t->type.dtype, t->data, at, 1, 1);
}

typedef struct xb_channels {
    int64_t n, channels, size; /* x is n x channels x size */
    xb_cell *x, *scale, *bias, *mean, *var;
} xb_channels;

static bool read_channels(const xb_call *c, size_t per_channel, xb_channels *v)
{
    const xb_type *x = &c->in[0].type;
    *v = (xb_channels){
        .n = x->rank > 0 ? x->dim[0] : 1, .channels = x->rank > 1 ? x->dim[1] : 1, .size = xb_span(x, 2, x->rank)};
    if (!all_float(c)) return false;
    for (size_t i = 1; i <= per_channel; i++)
        if (xb_type_count(&c->in[i].type) != v->channels)
            return xb_call_bad(c, "input %zu does not have %lld numbers", i + 1, (long long)v->channels);
    v->x = xb_cells_of(&c->in[0]);
    v->scale = xb_cells_of(&c->in[1]);
    v->bias = xb_cells_of(&c->in[2]);
    if (per_channel < 4) return true;
    v->mean = xb_cells_of(&c->in[3]);
    v->var = xb_cells_of(&c->in[4]);
    return true;
}

static void free_channels(xb_channels *v)
{
    free(v->x);
    free(v->scale);
    free(v->bias);
    free(v->mean);
    free(v->var);
}

bool xb_ref_batch_norm(const xb_call *c)
{
    xb_channels v;
    bool training = xb_call_int(c, "training_mode", 0) != 0;
    double epsilon = xb_call_real(c, "epsilon", (double)1e-5f), momentum = xb_call_real(c, "momentum", (double)0.9f);
    if (!read_channels(c, 4, &v)) return false;
    for (int64_t k = 0; k < v.channels; k++) {
        double mean = v.mean[k].f, var = v.var[k].f;
        if (training) {
            moments(v.x + k * v.size, v.n, v.channels * v.size, v.size, &mean, &var);
            if (xb_call_wants(c, 1)) store_one(&c->out[1], k, v.mean[k].f * momentum + mean * (1 - momentum));
            if (xb_call_wants(c, 2)) store_one(&c->out[2], k, v.var[k].f * momentum + var * (1 - momentum));
        }
        double gain = v.scale[k].f / sqrt(var + epsilon);
        for (int64_t n = 0; n < v.n; n++) {
            xb_cell *row = v.x + (n * v.channels + k) * v.size;
            for (int64_t i = 0; i < v.size; i++) row[i].f = (row[i].f - mean) * gain + v.bias[k].f;
        }
    }
    xb_cells_store(v.x, c->out[0].type.dtype, c->out[0].data, 0, 1, v.n * v.channels * v.size);
    free_channels(&v);
    return true;
}

bool xb_ref_instance_norm(const xb_call *c)
{
    xb_channels v;
    double epsilon = xb_call_real(c, "epsilon", (double)1e-5f);
    if (!read_channels(c, 2, &v)) return false;
    for (int64_t plane = 0; plane < v.n * v.channels; plane++) {
        int64_t k = plane % v.channels;
        double mean, var;
        xb_cell *row = v.x + plane * v.size;
        moments(row, 1, 0, v.size, &mean, &var);
        for (int64_t i = 0; i < v.size; i++)
            row[i].f = (row[i].f - mean) / sqrt(var + epsilon) * v.scale[k].f + v.bias[k].f;
    }
    xb_cells_store(v.x, c->out[0].type.dtype, c->out[0].data, 0, 1, v.n * v.channels * v.size);
    free_channels(&v);
    return true;
}

/* y = y * scale + bias with both spread over x's shape. */
typedef struct xb_affine {
    xb_cell *y;
    const xb_cell *scale, *bias;
} xb_affine;

static void affine_row(void *cx, const int64_t *offset, const int64_t *stride, int64_t n)
{
    const xb_affine *a = cx;
    for (int64_t i = 0; i < n; i++) {
        xb_cell *y = &a->y[offset[0] + i * stride[0]];
        y->f = y->f * a->scale[offset[1] + i * stride[1]].f;
        if (a->bias) y->f += a->bias[offset[2] + i * stride[2]].f;
    }
}

bool xb_ref_layer_norm(const xb_call *c)
{
    const xb_type *x = &c->in[0].type;
    int axis;
    double epsilon = xb_call_real(c, "epsilon", (double)1e-5f);
    xb_strides_row stride[3] = {{{0}}, {{0}}, {{0}}};
    if (!all_float(c) || !xb_call_axis(c, -1, x->rank, &axis)) return false;
    xb_strides(x, stride[0].of);
    if (!xb_broadcast(&c->in[1].type, x, &stride[1]) ||
        (xb_call_has(c, 2) && !xb_broadcast(&c->in[2].type, x, &stride[2])))
        return xb_call_bad(c, "scale or bias does not fit the input");
    xb_cell *y = xb_cells_of(&c->in[0]), *scale = xb_cells_of(&c->in[1]);
    xb_cell *bias = xb_call_has(c, 2) ? xb_cells_of(&c->in[2]) : NULL;
    int64_t rows = xb_span(x, 0, axis), size = xb_span(x, axis, x->rank);
    for (int64_t r = 0; r < rows; r++) {
        double mean, var;
        moments(y + r * size, 1, 0, size, &mean, &var);
        double inverse = 1 / sqrt(var + epsilon);
        for (int64_t i = 0; i < size; i++) y[r * size + i].f = (y[r * size + i].f - mean) * inverse;
        if (xb_call_wants(c, 1)) store_one(&c->out[1], r, mean);
        if (xb_call_wants(c, 2)) store_one(&c->out[2], r, inverse);
    }
    xb_affine a = {y, scale, bias};
    xb_walk_rows(x->rank, x->dim, 3, stride, affine_row, &a);
    xb_cells_store(y, c->out[0].type.dtype, c->out[0].data, 0, 1, rows * size);
    free(y);
    free(scale);
    free(bias);
    return true;
}

bool xb_ref_lrn(const xb_call *c)
{
    const xb_type *x = &c->in[0].type;
    double alpha = xb_call_real(c, "alpha", (double)1e-4f), beta = xb_call_real(c, "beta", 0.75);
    double bias = xb_call_real(c, "bias", 1);
    int64_t size = xb_call_int(c, "size", 0);
    if (!all_float(c)) return false;
    if (x->rank < 2 || size < 1) return xb_call_bad(c, "rank %d, size %lld", x->rank, (long long)size);
    xb_cell *v = xb_cells_of(&c->in[0]);
    int64_t channels = x->dim[1], plane = xb_span(x, 2, x->rank);
    xb_cell *row = xb_calloc((size_t)plane + 1, sizeof *row);
    for (int64_t k = 0; k < x->dim[0] * channels; k++) {
        int64_t channel = k % channels, base = k - channel, behind = size - 1 - (size - 1) / 2;
        int64_t lo = channel > (size - 1) / 2 ? channel - (size - 1) / 2 : 0;
        int64_t hi = behind < channels - 1 - channel ? channel + behind : channels - 1;
        for (int64_t i = 0; i < plane; i++) {
            double sum = 0;
            for (int64_t j = lo; j <= hi; j++) sum += v[(base + j) * plane + i].f * v[(base + j) * plane + i].f;
            row[i].f = v[k * plane + i].f / pow(bias + alpha / (double)size * sum, beta);
        }
        xb_cells_store(row, c->out[0].type.dtype, c->out[0].data, k * plane, 1, plane);
    }
    free(row);
    free(v);
    return true;
}
