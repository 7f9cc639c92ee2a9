/* dnnl_train.c: convolutions and dense layers for training, with the weight as an operand in the library's layout. */
#include "nn/dnnl_train.h"

#include "nn/dnnl_op.h"

static const xb_tail relu_tail = {.unary = XB_UNARY_RELU};

/* The operands of a direction, in the order of the contract. x, y stand for dx, dy where they are gradients. */
typedef struct operands {
    const dnnl_memory_desc_t *x, *y, *bias; /* bias NULL: none */
    const dnnl_memory_desc_t *plain;
} operands;

static xb_dnnl_op *finish(xb_dnnl_op *op, dnnl_primitive_desc_t pd, const operands *o, xb_direction direction)
{
    static const dnnl_query_t query[] = {dnnl_query_weights_md, dnnl_query_weights_md, dnnl_query_diff_weights_md};
    op->plain = *o->plain;
    op->weight = *xb_dnnl_choice(pd, query[direction], 0);
    switch (direction) {
    case XB_FORWARD:
        xb_dnnl_operand(op, DNNL_ARG_SRC, o->x);
        xb_dnnl_operand(op, DNNL_ARG_WEIGHTS, &op->weight);
        if (o->bias) xb_dnnl_operand(op, DNNL_ARG_BIAS, o->bias);
        xb_dnnl_operand(op, DNNL_ARG_DST, o->y);
        break;
    case XB_BACK_DATA:
        xb_dnnl_operand(op, DNNL_ARG_DIFF_DST, o->y);
        xb_dnnl_operand(op, DNNL_ARG_WEIGHTS, &op->weight);
        xb_dnnl_operand(op, DNNL_ARG_DIFF_SRC, o->x);
        break;
    case XB_BACK_WEIGHTS:
        xb_dnnl_operand(op, DNNL_ARG_SRC, o->x);
        xb_dnnl_operand(op, DNNL_ARG_DIFF_DST, o->y);
        xb_dnnl_operand(op, DNNL_ARG_DIFF_WEIGHTS, &op->weight);
        if (o->bias) xb_dnnl_operand(op, DNNL_ARG_DIFF_BIAS, o->bias);
        break;
    }
    return xb_dnnl_finish(op, pd, true);
}

/* ---- convolutions ---- */

typedef struct conv {
    dnnl_memory_desc_t x, y, weight, plain, bias;
    const dnnl_memory_desc_t *b;
    xb_dims step, dilate, begin, end;
    dnnl_alg_kind_t alg;
} conv;
typedef union conv_desc {
    dnnl_convolution_desc_t conv;
    dnnl_deconvolution_desc_t deconv;
} conv_desc;

/* [kh][kw][C/g][M]. */
static dnnl_memory_desc_t channels_last(const xb_geometry *w, int rank, const int64_t *dim)
{
    int64_t row = w->in_channels / w->groups * w->out_channels;
    int64_t stride[5] = {w->out_channels / w->groups, 1, w->out_channels, w->kernel[1] * row, row};
    return xb_desc(rank, dim, stride + (5 - rank));
}

static conv conv_of(const xb_conv_train *c)
{
    const xb_geometry *w = &c->window;
    int64_t dim[5], stride[5];
    int rank = xb_weight_shape(w, c->transposed, dim, stride);
    conv v = {.x = xb_desc_format((int64_t[]){w->batch, w->in_channels, w->in[0], w->in[1]}, c->in),
              .y = xb_desc_format((int64_t[]){w->batch, w->out_channels, w->out[0], w->out[1]}, c->out),
              .plain = xb_desc(rank, dim, stride),
              .bias = xb_desc(1, &w->out_channels, NULL),
              .step = xb_dims_of(2, w->stride),
              .dilate = {{w->dilation[0] - 1, w->dilation[1] - 1}},
              .begin = xb_dims_of(2, w->begin),
              .end = xb_dims_of(2, w->end)};
    v.weight = xb_desc_any(rank, dim);
    if (c->product) v.weight = c->in == XB_FMT_NHWC ? channels_last(w, rank, dim) : v.plain;
    if (c->transposed)
        v.alg = c->winograd ? dnnl_deconvolution_winograd : dnnl_deconvolution_direct;
    else
        v.alg = c->winograd ? dnnl_convolution_winograd : dnnl_convolution_direct;
    return v;
}

static bool describe_conv(const conv *v, const dnnl_memory_desc_t *bias, xb_direction direction, conv_desc *d)
{
    switch (direction) {
    case XB_FORWARD:
        return dnnl_dilated_convolution_forward_desc_init(&d->conv, dnnl_forward_training, v->alg, &v->x, &v->weight,
                                                          bias, &v->y, v->step.v, v->dilate.v, v->begin.v,
                                                          v->end.v) == dnnl_success;
    case XB_BACK_DATA:
        return dnnl_dilated_convolution_backward_data_desc_init(&d->conv, v->alg, &v->x, &v->weight, &v->y, v->step.v,
                                                                v->dilate.v, v->begin.v, v->end.v) == dnnl_success;
    case XB_BACK_WEIGHTS:
        break;
    }
    return dnnl_dilated_convolution_backward_weights_desc_init(&d->conv, v->alg, &v->x, &v->weight, bias, &v->y,
                                                               v->step.v, v->dilate.v, v->begin.v,
                                                               v->end.v) == dnnl_success;
}

static bool describe_deconv(const conv *v, const dnnl_memory_desc_t *bias, xb_direction direction, conv_desc *d)
{
    switch (direction) {
    case XB_FORWARD:
        return dnnl_dilated_deconvolution_forward_desc_init(&d->deconv, dnnl_forward_training, v->alg, &v->x,
                                                            &v->weight, bias, &v->y, v->step.v, v->dilate.v, v->begin.v,
                                                            v->end.v) == dnnl_success;
    case XB_BACK_DATA:
        return dnnl_dilated_deconvolution_backward_data_desc_init(&d->deconv, v->alg, &v->x, &v->weight, &v->y,
                                                                  v->step.v, v->dilate.v, v->begin.v,
                                                                  v->end.v) == dnnl_success;
    case XB_BACK_WEIGHTS:
        break;
    }
    return dnnl_dilated_deconvolution_backward_weights_desc_init(&d->deconv, v->alg, &v->x, &v->weight, bias, &v->y,
                                                                 v->step.v, v->dilate.v, v->begin.v,
                                                                 v->end.v) == dnnl_success;
}

xb_dnnl_op *xb_dnnl_train_conv(xb_dnnl *lib, const xb_conv_train *c, xb_direction direction)
{
    conv v = conv_of(c);
    operands o = {&v.x, &v.y, c->bias ? &v.bias : NULL, &v.plain};
    bool (*describe)(const conv *, const dnnl_memory_desc_t *, xb_direction, conv_desc *) =
        c->transposed ? describe_deconv : describe_conv;
    conv_desc forward, back;
    dnnl_primitive_desc_t pd;
    if (!describe(&v, o.bias, XB_FORWARD, &forward)) return NULL;
    if (direction != XB_FORWARD && !describe(&v, o.bias, direction, &back)) return NULL;
    xb_dnnl_op *op = direction == XB_FORWARD ? xb_dnnl_begin(lib, &forward, c->relu ? &relu_tail : NULL, &pd)
                                             : xb_dnnl_begin_back(lib, &back, &forward, &pd);
    return op ? finish(op, pd, &o, direction) : NULL;
}

/* ---- dense layers ---- */

static bool describe_dense(const operands *o, const dnnl_memory_desc_t *weight, xb_direction direction,
                           dnnl_inner_product_desc_t *d)
{
    switch (direction) {
    case XB_FORWARD:
        return dnnl_inner_product_forward_desc_init(d, dnnl_forward_training, o->x, weight, o->bias, o->y) ==
               dnnl_success;
    case XB_BACK_DATA:
        return dnnl_inner_product_backward_data_desc_init(d, o->x, weight, o->y) == dnnl_success;
    case XB_BACK_WEIGHTS:
        break;
    }
    return dnnl_inner_product_backward_weights_desc_init(d, o->x, weight, o->bias, o->y) == dnnl_success;
}

xb_dnnl_op *xb_dnnl_train_dense(xb_dnnl *lib, const xb_dense_train *c, xb_direction direction)
{
    int64_t dim[2] = {c->m, c->n}, by_input[2] = {1, c->m};
    dnnl_memory_desc_t x = xb_desc(2, (int64_t[]){c->rows, c->n}, NULL);
    dnnl_memory_desc_t y = xb_desc(2, (int64_t[]){c->rows, c->m}, NULL);
    dnnl_memory_desc_t plain = xb_desc(2, dim, c->by_output ? NULL : by_input), bias = xb_desc(1, &c->m, NULL);
    dnnl_memory_desc_t weight = c->plain ? plain : xb_desc_any(2, dim);
    operands o = {&x, &y, c->bias ? &bias : NULL, &plain};
    dnnl_inner_product_desc_t forward, back;
    dnnl_primitive_desc_t pd;
    if (!describe_dense(&o, &weight, XB_FORWARD, &forward)) return NULL;
    if (direction != XB_FORWARD && !describe_dense(&o, &weight, direction, &back)) return NULL;
    xb_dnnl_op *op = direction == XB_FORWARD ? xb_dnnl_begin(lib, &forward, c->relu ? &relu_tail : NULL, &pd)
                                             : xb_dnnl_begin_back(lib, &back, &forward, &pd);
    return op ? finish(op, pd, &o, direction) : NULL;
}

/* ---- the weight's layout ---- */

size_t xb_dnnl_weight_bytes(const xb_dnnl_op *op)
{
    return dnnl_memory_desc_get_size(&op->weight);
}

bool xb_dnnl_weight_plain(const xb_dnnl_op *op)
{
    return dnnl_memory_desc_equal(&op->weight, &op->plain);
}

bool xb_dnnl_weight_same(const xb_dnnl_op *a, const xb_dnnl_op *b)
{
    return dnnl_memory_desc_equal(&a->weight, &b->weight);
}

static xb_dnnl_op *reorder(xb_dnnl *lib, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to)
{
    dnnl_primitive_desc_t pd;
    xb_dnnl_op *op = xb_dnnl_begin_reorder(lib, from, to, &pd);
    if (!op) return NULL;
    xb_dnnl_operand(op, DNNL_ARG_FROM, from);
    xb_dnnl_operand(op, DNNL_ARG_TO, to);
    return xb_dnnl_finish(op, pd, true);
}

xb_dnnl_op *xb_dnnl_pack(xb_dnnl *lib, const xb_dnnl_op *op)
{
    return reorder(lib, &op->plain, &op->weight);
}

xb_dnnl_op *xb_dnnl_unpack(xb_dnnl *lib, const xb_dnnl_op *op)
{
    return reorder(lib, &op->weight, &op->plain);
}
