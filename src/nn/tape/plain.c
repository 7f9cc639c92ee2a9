/* plain.c: the steps of a tape that run in plain C. */
#include "nn/tape/run.h"

#include "base/rng.h"
#include "nn/back.h"
#include "nn/ref.h"
#include <math.h>
#include <string.h>

static void *at(const xb_tape_run_step *c, size_t i)
{
    return xb_tape_at(c->t, c->s->at[i], c->base);
}

static size_t floats(const xb_tape_run_step *c, size_t i)
{
    return c->t->place.data[c->s->at[i]].bytes / sizeof(float);
}

static bool ref(const xb_tape_run_step *c)
{
    const xb_tape_step *s = c->s;
    for (size_t i = 0; i < s->n; i++) c->tensor[i].data = at(c, i);
    return xb_ref_op(c->d, c->t->graph, s->op, c->tensor, s->n_in, c->tensor + s->n_in, s->n_out);
}

static bool back(const xb_tape_run_step *c)
{
    const xb_tape_step *s = c->s;
    for (size_t i = 0; i < s->n; i++) c->tensor[i].data = at(c, i);
    xb_tensor *out = c->tensor + s->n_in, *dout = out + s->n_out, *din = dout + s->n_out;
    return xb_back_op(c->d, c->t->graph, s->op, c->tensor, s->n_in, out, s->n_out, dout, din);
}

static double epsilon(const xb_tape_run_step *c)
{
    return (double)xb_graph_attr_float(c->t->graph, c->s->op, "epsilon", 1e-5f);
}

static xb_tensor image(const xb_tape_run_step *c, size_t i)
{
    const xb_value *in;
    xb_graph_op_inputs(c->t->graph, c->s->op, &in);
    return (xb_tensor){.type = *xb_graph_type(c->t->graph, in[0]), .data = at(c, i)};
}

static void norm(const xb_tape_run_step *c)
{
    xb_tensor x = image(c, 0), y = image(c, 3);
    xb_norm_forward(&x, at(c, 1), at(c, 2), epsilon(c), &y, at(c, 4), at(c, 5));
}

static void norm_back(const xb_tape_run_step *c)
{
    xb_tensor x = image(c, 0), dy = image(c, 4), dx = image(c, 5);
    xb_norm_back(&x, at(c, 1), at(c, 2), at(c, 3), epsilon(c), &dy, dx.data ? &dx : NULL, at(c, 6), at(c, 7));
}

static void join(const xb_tape_run_step *c)
{
    const xb_tape_step *s = c->s;
    unsigned char *to = at(c, s->n - 1);
    for (size_t o = 0; o < s->outer; o++)
        for (size_t i = 0; i + 1 < s->n; i++) {
            const unsigned char *from = at(c, i);
            memcpy(to, from + o * s->piece[i], s->piece[i]);
            to += s->piece[i];
        }
}

static void cut(const xb_tape_run_step *c)
{
    const xb_tape_step *s = c->s;
    const unsigned char *from = at(c, 0);
    for (size_t o = 0; o < s->outer; o++)
        for (size_t i = 0; i + 1 < s->n; i++) {
            unsigned char *to = at(c, i + 1);
            if (to) memcpy(to + o * s->piece[i], from, s->piece[i]);
            from += s->piece[i];
        }
}

/* Factors 0 (with probability ratio) or 1 / (1 - ratio). The key is drawn from seed and step; the stream is the
 * Dropout; blocks of four words are counted through the samples of the batch. */
static void draw_factors(const xb_draw *d, const xb_tape_step *s, size_t rows, size_t item, float *factor)
{
    xb_rng of_step = xb_rng_at(d->seed, XB_RNG_DROPOUT, 0);
    of_step.index = d->step;
    uint64_t key = xb_rng_u32(&of_step);
    key |= (uint64_t)xb_rng_u32(&of_step) << 32;
    double least = (double)s->ratio * 0x1p32;
    float keep = (float)(1 / (1 - (double)s->ratio));
    for (size_t r = 0; r < rows; r++) {
        xb_rng rng = xb_rng_at(key, XB_RNG_DROPOUT, s->stream);
        rng.index = (d->row + r) * ((item + 3) / 4);
        for (size_t i = 0; i < item; i++) factor[r * item + i] = xb_rng_u32(&rng) < least ? 0 : keep;
    }
}

static void multiply(float *to, const float *from, const float *factor, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = from[i] * factor[i];
}

static void drop(const xb_tape_run_step *c)
{
    size_t n = floats(c, 1), rows = (size_t)c->t->rows;
    float *factor = at(c, 1);
    if (c->draw)
        draw_factors(c->draw, c->s, rows, n / rows, factor);
    else
        for (size_t i = 0; i < n; i++) factor[i] = 1;
    multiply(at(c, 2), at(c, 0), factor, n);
}

/* The sum may lie over either term. */
static void add(const xb_tape_run_step *c)
{
    const float *x = at(c, 0), *y = at(c, 1);
    float *to = at(c, 2);
    size_t n = floats(c, 2);
    if (to == x && to != y) {
        xb_tape_add(to, y, n);
        return;
    }
    for (size_t i = 0; i < n; i++) to[i] = x[i] + y[i];
}

bool xb_tape_run_plain(const xb_tape_run_step *c)
{
    switch (c->s->kind) {
    case XB_TAPE_REF:
        return ref(c);
    case XB_TAPE_BACK:
        return back(c);
    case XB_TAPE_NORM:
        norm(c);
        break;
    case XB_TAPE_NORM_BACK:
        norm_back(c);
        break;
    case XB_TAPE_JOIN:
        join(c);
        break;
    case XB_TAPE_CUT:
        cut(c);
        break;
    case XB_TAPE_DROP:
        drop(c);
        break;
    case XB_TAPE_SCALE:
        multiply(at(c, 2), at(c, 0), at(c, 1), floats(c, 2));
        break;
    case XB_TAPE_ADD:
        add(c);
        break;
    case XB_TAPE_MAX:
        c->s->max->keep(&c->t->window.data[c->s->window], at(c, 0), at(c, 1), at(c, 2));
        break;
    case XB_TAPE_MAX_BACK:
        c->s->max->back(&c->t->window.data[c->s->window], at(c, 0), at(c, 1), at(c, 2));
        break;
    case XB_TAPE_DNNL:
    case XB_TAPE_KINDS:
        return false;
    }
    return true;
}
