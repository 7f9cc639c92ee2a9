/* recalibrate.c: the statistics of BatchNormalization, measured anew on data.
 *
 * One layer after the other, in graph order: its input is what the network gives with the new statistics of the layers
 * before it. Sums run per channel over items in order, in double.
 */
#include "ir/infer.h"
#include "nn/ref.h"
#include "nn/train/train.h"
#include "nn/train/unshare.h"
#include <stdlib.h>

typedef struct sums {
    xb_diags *d;
    const xb_dataset *data;
    const xb_input_map *map;
    size_t item, channels;
    double *sum, *square; /* by item of a portion: channels each */
    size_t base;
    double spatial;
} sums;

enum { PORTION = 1024 }; /* items whose sums are kept apart, to be added in order */

static bool fill(void *context, int worker, size_t first, size_t count, float *in)
{
    (void)worker;
    const sums *s = context;
    for (size_t i = 0; i < count; i++) xb_dataset_get(s->data, s->base + first + i, s->map, in + i * s->item);
    return true;
}

/* Channels are dimension 1; everything behind them is one plane. */
static bool take(void *context, int worker, size_t first, size_t count, const float *out, const xb_type *type)
{
    (void)worker;
    sums *s = context;
    size_t plane = 1;
    for (int i = 2; i < type->rank; i++) plane *= (size_t)type->dim[i];
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < s->channels; c++) {
            const float *x = out + (i * s->channels + c) * plane;
            double sum = 0, square = 0;
            for (size_t k = 0; k < plane; k++) {
                sum += x[k];
                square += (double)x[k] * x[k];
            }
            s->sum[(first + i) * s->channels + c] = sum;
            s->square[(first + i) * s->channels + c] = square;
        }
    s->spatial = (double)plane;
    return true;
}

/* Mean and variance (without bias) of every channel over `items`. */
static bool statistics(sums *s, xb_engine *e, size_t items, float *mean, float *variance)
{
    double *sum = xb_calloc(2 * s->channels + 1, sizeof *sum), *square = sum + s->channels;
    bool ok = true;
    for (s->base = 0; ok && s->base < items; s->base += PORTION) {
        size_t n = items - s->base < PORTION ? items - s->base : PORTION;
        ok = xb_engine_stream(e, n, fill, take, s);
        for (size_t i = 0; ok && i < n * s->channels; i++) {
            sum[i % s->channels] += s->sum[i];
            square[i % s->channels] += s->square[i];
        }
    }
    double n = (double)items * s->spatial;
    for (size_t c = 0; ok && c < s->channels; c++) {
        double m = sum[c] / n, v = square[c] / n - m * m;
        mean[c] = (float)m;
        variance[c] = (float)((v > 0 ? v : 0) * (n > 1 ? n / (n - 1) : 1));
    }
    free(sum);
    return ok;
}

/* A network that ends where the normalisation begins. */
static xb_graph *head(xb_diags *d, const xb_graph *g, xb_value x)
{
    xb_graph *to = xb_graph_clone(g);
    xb_graph_set_outputs(to, &x, 1);
    xb_graph_sweep(to);
    if (xb_graph_infer(d, to, xb_ref_fold)) return to;
    xb_graph_free(to);
    return NULL;
}

static bool one(xb_diags *d, xb_graph *g, xb_op op, const xb_dataset *data, const xb_input_map *map, size_t items,
                const xb_engine_options *o)
{
    const xb_value *in;
    xb_graph_op_inputs(g, op, &in);
    const xb_type *t = xb_graph_type(g, in[3]);
    if (!xb_graph_is_const(g, in[3]) || !xb_graph_is_const(g, in[4]) || t->dtype != XB_F32) return true;
    sums s = {.d = d, .data = data, .map = map, .item = xb_dataset_item(data), .channels = (size_t)t->dim[0]};
    s.sum = xb_calloc(PORTION * s.channels + 1, sizeof *s.sum);
    s.square = xb_calloc(PORTION * s.channels + 1, sizeof *s.square);
    xb_graph *part = head(d, g, in[0]);
    xb_engine *e = part ? xb_engine_new(d, part, o) : NULL;
    bool ok = e && statistics(&s, e, items, xb_graph_write(g, in[3]), xb_graph_write(g, in[4]));
    xb_engine_free(e);
    xb_graph_free(part);
    free(s.sum);
    free(s.square);
    return ok;
}

bool xb_recalibrate(xb_diags *d, xb_graph *g, const xb_dataset *data, const xb_input_map *map, size_t items,
                    const xb_engine_options *o)
{
    xb_unshare(d, g);
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op))
        if (xb_graph_kind(g, op) == XB_OP_BatchNormalization && !one(d, g, op, data, map, items, o)) return false;
    return true;
}
